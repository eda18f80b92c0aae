#include "scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

const struct bfd_config fast = { .cookie = 5, .desired_min_tx_us = 50000, .required_min_rx_us = 50000, .multiplier = 3,
				 .min_ttl = 255 };

struct bfd_key scene_key(unsigned n)
{
	return (struct bfd_key){ .link = LINK, .local = ipaddr_v4(0x0a000001), .remote = ipaddr_v4(0x0a000002 + n) };
}

void scene_begin(struct scene *s, uint32_t packets_per_s)
{
	const struct bfd_options o = { .seed = 1, .sessions_max = 20000, .packets_per_s = packets_per_s };

	*s = (struct scene){ .b = bfd_new(&o), .now = { 1000000000 }, .key = scene_key(0) };
	assert_non_null(s->b);
}

void scene_end(struct scene *s)
{
	bfd_free(s->b);
}

static void take(struct scene *s)
{
	struct bfd_effect e;

	while (bfd_next_effect(s->b, &e)) {
		if (e.type == BFD_EFFECT_SEND) {
			s->packets++;
			assert_int_equal(bfd_packet_decode(e.send.bytes, sizeof e.send.bytes, &s->packet),
					 BFD_PACKET_DROP_NONE);
			assert_true(e.send.source_port >= BFD_PORT_SOURCE);
		} else if (e.type == BFD_EFFECT_LATE) {
			s->warned++;
		} else {
			s->told++;
			s->state = e.state;
		}
	}
}

void scene_drain(struct scene *s)
{
	s->packets = s->told = s->warned = 0;
	take(s);
}

void scene_set(struct scene *s, const struct bfd_config *c)
{
	assert_int_equal(bfd_set(s->b, s->now, &s->key, BFD_CLIENT_NHRP, c), 0);
	scene_drain(s);
}

void scene_run(struct scene *s, struct span d)
{
	const struct instant end = instant_add(s->now, d);

	s->packets = s->told = s->warned = 0;
	while (!instant_before(end, bfd_deadline(s->b))) {
		s->now = bfd_deadline(s->b);
		bfd_tick(s->b, s->now);
		take(s);
	}
	s->now = end;
}

struct bfd_status scene_status(const struct scene *s)
{
	struct bfd_status out;

	assert_true(bfd_next_status(s->b, NULL, &out));
	return out;
}

struct bfd_packet scene_packet(const struct scene *s, enum bfd_state state)
{
	return (struct bfd_packet){
		.state = (uint8_t)state, .multiplier = 3, .my_discriminator = PEER_DISCRIMINATOR,
		.your_discriminator = state == BFD_DOWN ? 0 : scene_status(s).discriminator,
		.desired_min_tx_us = 50000, .required_min_rx_us = 50000,
	};
}

enum bfd_drop scene_hear(struct scene *s, const struct bfd_packet *p)
{
	const struct bfd_arrival a = { .key = s->key, .ttl = 255 };
	uint8_t bytes[BFD_PACKET_OCTETS];
	enum bfd_drop drop;

	bfd_packet_encode(p, bytes);
	drop = bfd_receive(s->b, s->now, &a, bytes, sizeof bytes);
	scene_drain(s);
	return drop;
}

void scene_reach(struct scene *s, enum bfd_state state)
{
	struct bfd_config c = fast;
	struct bfd_packet p;

	c.admin_down = state == BFD_ADMIN_DOWN;
	scene_set(s, &c);
	if (state == BFD_INIT || state == BFD_UP) {
		p = scene_packet(s, BFD_DOWN);
		scene_hear(s, &p);
	}
	if (state == BFD_UP) {
		p = scene_packet(s, BFD_INIT);
		scene_hear(s, &p);
	}
	assert_int_equal(scene_status(s).state, state);
}
