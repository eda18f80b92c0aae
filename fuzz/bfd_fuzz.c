/*
 * Any bytes as BFD: alone into the decoder, and as a story of two sessions: packets of any content, time
 * that passes, clients that come and go. What is decoded must encode to the same; a machine must
 * never send what it would not take itself.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/reader.h"
#include "bfd/bfd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEPS_MAX = 4000 };

static void check_packet(const uint8_t *bytes, size_t size)
{
	uint8_t out[BFD_PACKET_OCTETS];
	struct bfd_packet p;

	if (bfd_packet_decode(bytes, size, &p) != BFD_PACKET_DROP_NONE)
		return;
	assert(p.length <= size && p.multiplier && p.my_discriminator && p.state <= BFD_UP);
	if (p.authenticated || (p.poll && p.final))
		return;
	bfd_packet_encode(&p, out);
	out[3] = p.length; /* what follows the packet is not encoded */
	assert(!memcmp(out, bytes, sizeof out));
}

static void drain(struct bfd *b)
{
	struct bfd_effect e;
	struct bfd_packet p;
	unsigned count = 0;

	while (bfd_next_effect(b, &e)) {
		assert(++count < 64);
		if (e.type == BFD_EFFECT_SEND)
			assert(bfd_packet_decode(e.send.bytes, sizeof e.send.bytes, &p) == BFD_PACKET_DROP_NONE);
		else
			assert(e.state.clients && e.state.state <= BFD_UP);
	}
}

static struct bfd_key key_of(unsigned n)
{
	return (struct bfd_key){ .link = 3, .local = ipaddr_v4(1), .remote = ipaddr_v4(2 + n % 2) };
}

static void hear(struct bfd *b, struct instant now, struct reader *r)
{
	uint8_t bytes[BFD_PACKET_OCTETS + 4];
	const uint8_t how = reader_u8(r);
	const struct bfd_arrival a = { .key = key_of(how), .ttl = how & 0x80 ? 254 : 255 };
	struct bfd_status st;

	reader_copy(r, bytes, sizeof bytes);
	/* Else nothing would ever get further than the discriminator. */
	if (how & 0x40 && bfd_next_status(b, NULL, &st)) {
		bytes[0] = (uint8_t)(0x20 | (bytes[0] & 0x1f));
		bytes[3] = BFD_PACKET_OCTETS;
		for (size_t i = 0; i < 4; i++)
			bytes[8 + i] = (uint8_t)(st.discriminator >> (24 - 8 * i));
	}
	bfd_receive(b, now, &a, bytes, BFD_PACKET_OCTETS + how % 5);
}

static void configure(struct bfd *b, struct instant now, struct reader *r)
{
	const uint8_t how = reader_u8(r);
	const struct bfd_key key = key_of(how);
	const enum bfd_client client = how & 2 ? BFD_CLIENT_ROUTING : BFD_CLIENT_NHRP;
	const struct bfd_config c = { .desired_min_tx_us = reader_u32(r), .required_min_rx_us = reader_u32(r),
				      .multiplier = reader_u8(r), .passive = how & 4, .admin_down = how & 8, .min_ttl = 255 };

	if (how & 16)
		bfd_remove(b, now, &key, client);
	else
		bfd_set(b, now, &key, client, &c);
}

static void tell_story(const uint8_t *data, size_t size)
{
	const struct bfd_options o = { .seed = 1, .sessions_max = 2, .packets_per_s = 100 };
	struct reader r = reader_of(data, size);
	struct instant now = { 1000000 };
	struct bfd *b = bfd_new(&o);

	if (!b)
		return;
	for (unsigned step = 0; step < STEPS_MAX && reader_left(&r); step++) {
		const uint8_t what = reader_u8(&r);

		if (what & 1)
			hear(b, now, &r);
		else if (what & 2)
			configure(b, now, &r);
		else
			now = instant_add(now, span_us((int64_t)what * what * 50));
		drain(b);
		bfd_tick(b, now);
		drain(b);
		assert(instant_before(now, bfd_deadline(b)));
	}
	bfd_free(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_packet(data, size);
	tell_story(data, size);
	return 0;
}
