/* ARP and ND of this machine's kernel: exact answers, misses told at a bounded rate. */
#include "fixture.h"

#include "forward/frame.h"

static const uint8_t all[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
static const uint8_t group6[6] = { 0x33, 0x33, 0xff, 0, 0, 2 };
static const uint64_t relay_12[] = { 0x12 };

static void arp_ask(struct fixture *f, uint32_t number, const char *sender, const char *target)
{
	uint8_t arp[28] = { 0, 1, 8, 0, 6, 4, 0, 1, 6, 1, 2, 3, 4, 5 };
	const struct ipaddr s = addr(sender), t = addr(target);

	memcpy(arp + 14, s.bytes, 4);
	memcpy(arp + 24, t.bytes, 4);
	transmit(f, number, all, ETHERTYPE_ARP, arp, sizeof arp);
}

static void nd_ask(struct fixture *f, uint32_t number, const char *source, const char *target)
{
	uint8_t inner[128], icmp[32] = { 135 };
	const struct ipaddr t = addr(target);

	memcpy(icmp + 8, t.bytes, 16);
	icmp[24] = 1; /* source link-layer address */
	icmp[25] = 1;
	memcpy(icmp + 26, own_mac, 6);
	transmit(f, number, group6, ETHERTYPE_IPV6, inner,
		 ipv6_make(inner, source, "ff02::1:ff00:2", 58, 0, icmp, sizeof icmp));
}

static void arp_answered_with_the_relay(void **state)
{
	static const uint8_t answer[42] = {
		6, 1, 2, 3, 4, 5, 2, 0, 0, 0, 0, 0x12, 8, 6,
		0, 1, 8, 0, 6, 4, 0, 2, 0x0a, 0, 0, 0, 0, 0x12, 10, 0, 0, 2, 6, 1, 2, 3, 4, 5, 10, 0, 0, 1,
	};
	const struct forward_miss *miss;
	const struct ipaddr target = addr("10.0.0.2");
	struct fixture *f = *state;

	relays_are(f, 0, 1, relay_12);
	arp_ask(f, 0, "10.0.0.1", "10.0.0.2");
	assert_int_equal(f->frame_count, 1);
	assert_int_equal(f->frames[0].length, sizeof answer);
	assert_memory_equal(f->frames[0].bytes, answer, sizeof answer);
	assert_int_equal(f->message_count, 1);
	assert_int_equal(f->messages[0].type, FORWARD_MISS);
	miss = (const void *)f->messages[0].bytes;
	assert_true(ipaddr_eq(&miss->addr, &target));
	assert_int_equal(f->packet_count, 0);
}

static void nd_answered_with_the_relay(void **state)
{
	static const uint8_t head[14] = { 6, 1, 2, 3, 4, 5, 2, 0, 0, 0, 0, 0x12, 0x86, 0xdd };
	static const uint8_t body[8] = { 0x60, 0, 0, 0, 0, 32, 58, 255 };
	static const uint8_t option[8] = { 2, 1, 0x0a, 0, 0, 0, 0, 0x12 };
	const struct ipaddr target = addr("fd00::2"), asker = addr("fd00::1");
	struct fixture *f = *state;
	const uint8_t *packet = f->frames[0].bytes + 14, *icmp = packet + 40;

	relays_are(f, 0, 1, relay_12);
	nd_ask(f, 0, "fd00::1", "fd00::2");
	assert_int_equal(f->frame_count, 1);
	assert_int_equal(f->frames[0].length, 14 + 40 + 32);
	assert_memory_equal(f->frames[0].bytes, head, 14);
	assert_memory_equal(packet, body, 8);
	assert_memory_equal(packet + 8, target.bytes, 16);
	assert_memory_equal(packet + 24, asker.bytes, 16);
	assert_int_equal(icmp[0], 136);
	assert_int_equal(icmp[4], 0x60); /* solicited, override */
	assert_memory_equal(icmp + 8, target.bytes, 16);
	assert_memory_equal(icmp + 24, option, 8);
	assert_int_equal(transport_sum(packet, 72), 0);
	assert_int_equal(f->messages[0].type, FORWARD_MISS);
}

static void p2p_answered_with_the_far_end(void **state)
{
	static const uint8_t far[6] = { 2, 0, 0, 0, 0, 0 }; /* whoever it is when frames come */
	struct fixture *f = *state;

	arp_ask(f, 1, "10.1.0.1", "10.1.0.9");
	nd_ask(f, 1, "fe80::1", "fe80::9");
	assert_int_equal(f->frame_count, 2);
	assert_memory_equal(f->frames[0].bytes + 22, far, 6);
	assert_memory_equal(f->frames[1].bytes + 14 + 40 + 26, far, 6);
	assert_int_equal(f->message_count, 0);
}

static void own_address_is_never_answered(void **state)
{
	struct fixture *f = *state;

	relays_are(f, 0, 1, relay_12);
	arp_ask(f, 0, "0.0.0.0", "10.0.0.1");  /* probe */
	arp_ask(f, 0, "0.0.0.0", "10.0.0.50"); /* probe for one not set yet */
	arp_ask(f, 0, "10.0.0.50", "10.0.0.50"); /* announcement */
	arp_ask(f, 0, "10.0.0.9", "10.0.0.1");
	nd_ask(f, 0, "::", "fd00::1");
	nd_ask(f, 0, "::", "fe80::77");
	nd_ask(f, 0, "fe80::1", "fd00::1");
	assert_int_equal(f->frame_count + f->message_count, 0);
	assert_int_equal(f->w->drops[FORWARD_DROP_LOCAL_LINK], 7);
}

static void nobody_to_relay(void **state)
{
	struct fixture *f = *state;

	arp_ask(f, 0, "10.0.0.1", "10.0.0.2");
	assert_int_equal(f->frame_count, 0);
	assert_int_equal(f->message_count, 1); /* told all the same */
	assert_int_equal(f->w->drops[FORWARD_DROP_NO_RELAY], 1);
}

static void misses_are_bounded(void **state)
{
	struct fixture *f = *state;

	relays_are(f, 0, 1, relay_12);
	f->no_control = true;
	arp_ask(f, 0, "10.0.0.1", "10.0.0.2");
	assert_int_equal(f->frame_count, 1); /* there is no better answer to come */
	f->no_control = false; /* not told yet, so it does not count */
	for (int i = 0; i < MISS_BURST + 3; i++)
		arp_ask(f, 0, "10.0.0.1", "10.0.0.2");
	assert_int_equal(f->message_count, MISS_BURST);
	assert_int_equal(f->frame_count, MISS_BURST + 1); /* what is not told is not answered either */
	arp_ask(f, 0, "10.0.0.1", "10.0.0.3"); /* another address */
	assert_int_equal(f->message_count, MISS_BURST + 1);
	f->w->now = instant_add(f->w->now, span_ms(MISS_INTERVAL_MS));
	arp_ask(f, 0, "10.0.0.1", "10.0.0.2");
	assert_int_equal(f->message_count, MISS_BURST + 2);
}

static void other_arp_is_kept(void **state)
{
	uint8_t reply[28] = { 0, 1, 8, 0, 6, 4, 0, 2, 6, 1, 2, 3, 4, 5, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 10, 0, 0, 2 };
	struct fixture *f = *state;

	relays_are(f, 0, 1, relay_12);
	transmit(f, 0, all, ETHERTYPE_ARP, reply, sizeof reply);
	reply[7] = 1;
	reply[1] = 6; /* IEEE 802 hardware */
	transmit(f, 0, all, ETHERTYPE_ARP, reply, sizeof reply);
	assert_int_equal(f->frame_count + f->message_count, 0);
	assert_int_equal(f->w->drops[FORWARD_DROP_LOCAL_LINK], 2);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(arp_answered_with_the_relay), T(nd_answered_with_the_relay), T(p2p_answered_with_the_far_end),
		T(own_address_is_never_answered), T(nobody_to_relay), T(misses_are_bounded), T(other_arp_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
