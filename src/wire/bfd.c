#include "wire/bfd.h"

#include <assert.h>
#include <string.h>

#include "base/reader.h"
#include "base/writer.h"

enum {
	VERSION = 1,
	OCTETS_AUTHENTICATED_MIN = 26,
	FLAG_POLL = 0x20,
	FLAG_FINAL = 0x10,
	FLAG_CONTROL_INDEPENDENT = 0x08,
	FLAG_AUTHENTICATED = 0x04,
	FLAG_DEMAND = 0x02,
	FLAG_MULTIPOINT = 0x01,
};

static const char *const drop_texts[BFD_PACKET_DROP_COUNT] = {
#define BFD_PACKET_DROP_TEXT(name, text) [BFD_PACKET_DROP_##name] = text,
	BFD_PACKET_DROPS(BFD_PACKET_DROP_TEXT)
#undef BFD_PACKET_DROP_TEXT
};

const char *bfd_packet_drop_text(enum bfd_packet_drop drop)
{
	return (unsigned)drop < BFD_PACKET_DROP_COUNT ? drop_texts[drop] : "unknown";
}

const char *bfd_state_text(uint8_t state)
{
	static const char *const texts[] = { "AdminDown", "Down", "Init", "Up" };

	return state < sizeof texts / sizeof *texts ? texts[state] : "unknown";
}

const char *bfd_diag_text(uint8_t diag)
{
	switch (diag) {
#define BFD_DIAG_TEXT(name, number, text) case number: return text;
	BFD_DIAGS(BFD_DIAG_TEXT)
#undef BFD_DIAG_TEXT
	default: return "unknown";
	}
}

static void flags_read(struct bfd_packet *p, uint8_t flags)
{
	p->state = flags >> 6;
	p->poll = flags & FLAG_POLL;
	p->final = flags & FLAG_FINAL;
	p->control_independent = flags & FLAG_CONTROL_INDEPENDENT;
	p->authenticated = flags & FLAG_AUTHENTICATED;
	p->demand = flags & FLAG_DEMAND;
}

static bool auth_fits(const uint8_t *bytes, const struct bfd_packet *p)
{
	enum { TYPE_AND_LENGTH = 2 };
	const uint8_t auth_length = bytes[BFD_PACKET_OCTETS + 1];

	return auth_length >= TYPE_AND_LENGTH && auth_length <= p->length - BFD_PACKET_OCTETS;
}

enum bfd_packet_drop bfd_packet_decode(const uint8_t *bytes, size_t length, struct bfd_packet *out)
{
	struct reader r = reader_of(bytes, length);
	struct bfd_packet p = { 0 };
	const uint8_t first = reader_u8(&r), flags = reader_u8(&r);

	p.diag = first & 0x1f;
	flags_read(&p, flags);
	p.multiplier = reader_u8(&r);
	p.length = reader_u8(&r);
	p.my_discriminator = reader_u32(&r);
	p.your_discriminator = reader_u32(&r);
	p.desired_min_tx_us = reader_u32(&r);
	p.required_min_rx_us = reader_u32(&r);
	p.required_min_echo_us = reader_u32(&r);
	if (r.bad)
		return BFD_PACKET_DROP_SHORT;
	if (first >> 5 != VERSION)
		return BFD_PACKET_DROP_VERSION;
	if (p.length < (p.authenticated ? OCTETS_AUTHENTICATED_MIN : BFD_PACKET_OCTETS))
		return BFD_PACKET_DROP_LENGTH;
	if (p.length > length)
		return BFD_PACKET_DROP_PAYLOAD;
	if (p.multiplier == 0)
		return BFD_PACKET_DROP_MULTIPLIER;
	if (flags & FLAG_MULTIPOINT)
		return BFD_PACKET_DROP_MULTIPOINT;
	if (p.my_discriminator == 0)
		return BFD_PACKET_DROP_DISCRIMINATOR;
	if (p.authenticated && !auth_fits(bytes, &p))
		return BFD_PACKET_DROP_AUTH_LENGTH;
	*out = p;
	return BFD_PACKET_DROP_NONE;
}

static uint8_t flags_of(const struct bfd_packet *p)
{
	return (uint8_t)(p->state << 6 | (p->poll ? FLAG_POLL : 0) | (p->final ? FLAG_FINAL : 0) |
			 (p->control_independent ? FLAG_CONTROL_INDEPENDENT : 0) | (p->demand ? FLAG_DEMAND : 0));
}

void bfd_packet_encode(const struct bfd_packet *p, uint8_t out[BFD_PACKET_OCTETS])
{
	struct writer w = writer_of(out, BFD_PACKET_OCTETS);

	assert(p->state <= BFD_UP && p->diag < 32 && !(p->poll && p->final));
	writer_u8(&w, (uint8_t)(VERSION << 5 | p->diag));
	writer_u8(&w, flags_of(p));
	writer_u8(&w, p->multiplier);
	writer_u8(&w, BFD_PACKET_OCTETS);
	writer_u32(&w, p->my_discriminator);
	writer_u32(&w, p->your_discriminator);
	writer_u32(&w, p->desired_min_tx_us);
	writer_u32(&w, p->required_min_rx_us);
	writer_u32(&w, p->required_min_echo_us);
	assert(!w.bad);
}
