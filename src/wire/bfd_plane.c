#include "wire/bfd_plane.h"

#include <string.h>

#include "base/reader.h"
#include "base/writer.h"

enum { ADDRESS = 16 };

static const char *const drop_texts[BFD_PLANE_DROP_COUNT] = {
#define BFD_PLANE_DROP_TEXT(name, text) [BFD_PLANE_DROP_##name] = text,
	BFD_PLANE_DROPS(BFD_PLANE_DROP_TEXT)
#undef BFD_PLANE_DROP_TEXT
};

const char *bfd_plane_drop_text(enum bfd_plane_drop drop)
{
	return (unsigned)drop < BFD_PLANE_DROP_COUNT ? drop_texts[drop] : "unknown";
}

static uint64_t read_u64(struct reader *r)
{
	const uint64_t high = reader_u32(r);

	return high << 32 | reader_u32(r);
}

static void write_u64(struct writer *w, uint64_t v)
{
	writer_u32(w, (uint32_t)(v >> 32));
	writer_u32(w, (uint32_t)v);
}

/* ---- sessions */

static struct ipaddr read_address(struct reader *r, bool v6)
{
	uint8_t bytes[ADDRESS];
	struct ipaddr a;

	reader_copy(r, bytes, sizeof bytes);
	a = ipaddr_from_bytes(v6 ? IP_V6 : IP_V4, bytes);
	return ipaddr_is_unspecified(&a) ? IPADDR_NONE : a;
}

static void write_address(struct writer *w, const struct ipaddr *a)
{
	uint8_t bytes[ADDRESS] = { 0 };

	memcpy(bytes, a->bytes, ip_family_octets(a->family));
	writer_bytes(w, bytes, sizeof bytes);
}

static enum bfd_plane_drop read_session(struct reader *r, struct bfd_plane_session *s)
{
	s->flags = reader_u32(r);
	s->local = read_address(r, s->flags & BFD_PLANE_IPV6);
	s->remote = read_address(r, s->flags & BFD_PLANE_IPV6);
	s->discriminator = reader_u32(r);
	s->min_tx_us = reader_u32(r);
	s->min_rx_us = reader_u32(r);
	s->min_echo_tx_us = reader_u32(r);
	s->min_echo_rx_us = reader_u32(r);
	s->hold_ms = reader_u32(r);
	s->ttl = reader_u8(r);
	s->multiplier = reader_u8(r);
	reader_skip(r, 2);
	s->ifindex = reader_u32(r);
	reader_copy(r, s->ifname, sizeof s->ifname);
	if (!r->bad && !memchr(s->ifname, 0, sizeof s->ifname))
		return BFD_PLANE_DROP_NAME;
	return BFD_PLANE_DROP_NONE;
}

static void write_session(struct writer *w, const struct bfd_plane_session *s)
{
	char name[BFD_PLANE_NAME] = { 0 };

	memcpy(name, s->ifname, strnlen(s->ifname, sizeof name - 1));
	writer_u32(w, s->flags);
	write_address(w, &s->local);
	write_address(w, &s->remote);
	writer_u32(w, s->discriminator);
	writer_u32(w, s->min_tx_us);
	writer_u32(w, s->min_rx_us);
	writer_u32(w, s->min_echo_tx_us);
	writer_u32(w, s->min_echo_rx_us);
	writer_u32(w, s->hold_ms);
	writer_u8(w, s->ttl);
	writer_u8(w, s->multiplier);
	writer_u16(w, 0);
	writer_u32(w, s->ifindex);
	writer_bytes(w, name, sizeof name);
}

/* ---- states and counters */

static void read_state(struct reader *r, struct bfd_plane_state *s)
{
	s->discriminator = reader_u32(r);
	s->remote_discriminator = reader_u32(r);
	s->remote_flags = reader_u32(r);
	s->remote_tx_us = reader_u32(r);
	s->remote_rx_us = reader_u32(r);
	s->remote_echo_rx_us = reader_u32(r);
	s->state = reader_u8(r);
	s->diag = reader_u8(r);
	s->remote_multiplier = reader_u8(r);
	reader_skip(r, 1);
}

static void write_state(struct writer *w, const struct bfd_plane_state *s)
{
	writer_u32(w, s->discriminator);
	writer_u32(w, s->remote_discriminator);
	writer_u32(w, s->remote_flags);
	writer_u32(w, s->remote_tx_us);
	writer_u32(w, s->remote_rx_us);
	writer_u32(w, s->remote_echo_rx_us);
	writer_u8(w, s->state);
	writer_u8(w, s->diag);
	writer_u8(w, s->remote_multiplier);
	writer_u8(w, 0);
}

static void read_counters(struct reader *r, struct bfd_plane_counters *c)
{
	c->discriminator = reader_u32(r);
	reader_skip(r, 4);
	c->rx_bytes = read_u64(r);
	c->rx_packets = read_u64(r);
	c->tx_bytes = read_u64(r);
	c->tx_packets = read_u64(r);
	c->echo_rx_bytes = read_u64(r);
	c->echo_rx_packets = read_u64(r);
	c->echo_tx_bytes = read_u64(r);
	c->echo_tx_packets = read_u64(r);
}

static void write_counters(struct writer *w, const struct bfd_plane_counters *c)
{
	writer_u32(w, c->discriminator);
	writer_u32(w, 0);
	write_u64(w, c->rx_bytes);
	write_u64(w, c->rx_packets);
	write_u64(w, c->tx_bytes);
	write_u64(w, c->tx_packets);
	write_u64(w, c->echo_rx_bytes);
	write_u64(w, c->echo_rx_packets);
	write_u64(w, c->echo_tx_bytes);
	write_u64(w, c->echo_tx_packets);
}

/* ---- messages */

static enum bfd_plane_drop read_body(struct reader *r, struct bfd_plane_message *m)
{
	switch (m->type) {
	case BFD_PLANE_ECHO_REQUEST:
	case BFD_PLANE_ECHO_REPLY:
		m->echo[0] = read_u64(r);
		m->echo[1] = read_u64(r);
		return BFD_PLANE_DROP_NONE;
	case BFD_PLANE_ADD:
	case BFD_PLANE_DELETE:
		return read_session(r, &m->session);
	case BFD_PLANE_STATE:
		read_state(r, &m->state);
		return BFD_PLANE_DROP_NONE;
	case BFD_PLANE_COUNTERS_ASK:
		m->discriminator = reader_u32(r);
		return BFD_PLANE_DROP_NONE;
	case BFD_PLANE_COUNTERS:
		read_counters(r, &m->counters);
		return BFD_PLANE_DROP_NONE;
	}
	return BFD_PLANE_DROP_TYPE;
}

enum bfd_plane_drop bfd_plane_decode(const uint8_t *bytes, size_t length, struct bfd_plane_message *out, size_t *used)
{
	struct reader r = reader_of(bytes, length), body;
	const uint8_t version = reader_u8(&r);
	enum bfd_plane_drop drop;
	uint16_t type, whole;

	reader_skip(&r, 1);
	type = reader_u16(&r);
	memset(out, 0, sizeof *out);
	out->id = reader_u16(&r);
	whole = reader_u16(&r);
	*used = 0;
	if (length > 0 && version != BFD_PLANE_VERSION)
		return BFD_PLANE_DROP_VERSION;
	if (r.bad)
		return BFD_PLANE_DROP_PART;
	if (whole < BFD_PLANE_HEADER || whole > BFD_PLANE_MESSAGE_MAX)
		return BFD_PLANE_DROP_VERSION;
	body = reader_sub(&r, whole - (size_t)BFD_PLANE_HEADER);
	if (body.bad)
		return BFD_PLANE_DROP_PART;
	*used = whole;
	if (type > BFD_PLANE_COUNTERS)
		return BFD_PLANE_DROP_TYPE;
	out->type = (enum bfd_plane_type)type;
	drop = read_body(&body, out);
	return body.bad ? BFD_PLANE_DROP_LENGTH : drop;
}

static void write_body(struct writer *w, const struct bfd_plane_message *m)
{
	switch (m->type) {
	case BFD_PLANE_ECHO_REQUEST:
	case BFD_PLANE_ECHO_REPLY:
		write_u64(w, m->echo[0]);
		write_u64(w, m->echo[1]);
		break;
	case BFD_PLANE_ADD:
	case BFD_PLANE_DELETE:
		write_session(w, &m->session);
		break;
	case BFD_PLANE_STATE:
		write_state(w, &m->state);
		break;
	case BFD_PLANE_COUNTERS_ASK:
		writer_u32(w, m->discriminator);
		break;
	case BFD_PLANE_COUNTERS:
		write_counters(w, &m->counters);
		break;
	}
}

size_t bfd_plane_encode(const struct bfd_plane_message *m, uint8_t *out, size_t room)
{
	enum { LENGTH_AT = 6 };
	struct writer w = writer_of(out, room);

	writer_u8(&w, BFD_PLANE_VERSION);
	writer_u8(&w, 0);
	writer_u16(&w, (uint16_t)m->type);
	writer_u16(&w, m->id);
	writer_u16(&w, 0);
	write_body(&w, m);
	if (w.bad)
		return 0;
	writer_patch_u16(&w, LENGTH_AT, (uint16_t)writer_length(&w));
	return writer_length(&w);
}
