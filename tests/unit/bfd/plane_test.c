/* What bfdd hands over becomes sessions, and what it is told of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "bfd/plane.h"
#include "wire/bfd_plane.h"

enum { TUNNEL = 3, OTHER_LINK = 9 };

struct rig {
	struct bfd *b;
	struct plane *p;
	struct instant now;
	bool has_tunnel;
	unsigned told;                /* messages of state since the last look */
	struct bfd_plane_message last; /* of any kind */
};

static struct ipaddr address(const char *text)
{
	struct ipaddr a;

	assert_true(ipaddr_parse(text, &a));
	return a;
}

static struct ipaddr tunnel_addr(void *context, uint32_t tunnel, const struct ipaddr *remote)
{
	const struct rig *r = context;

	assert_int_equal(remote->family, IP_V4);
	return tunnel == TUNNEL && r->has_tunnel ? address("10.0.0.11") : IPADDR_NONE;
}

static void look(struct rig *r)
{
	struct bfd_effect e;
	size_t length, used;
	const uint8_t *bytes;

	while (bfd_next_effect(r->b, &e))
		if (e.type == BFD_EFFECT_STATE)
			plane_state(r->p, &e.state);
	r->told = 0;
	while (bytes = plane_output(r->p, &length), length > 0) {
		assert_int_equal(bfd_plane_decode(bytes, length, &r->last, &used), BFD_PLANE_DROP_NONE);
		r->told += r->last.type == BFD_PLANE_STATE;
		plane_sent(r->p, used);
	}
}

static int begin(void **state)
{
	static struct rig r;
	const struct plane_ways ways = { &r, tunnel_addr };
	const struct bfd_options o = { .seed = 1, .sessions_max = 100 };

	r = (struct rig){ .now = { 1000000 }, .has_tunnel = true };
	r.b = bfd_new(&o);
	r.p = plane_new(r.b, &ways);
	plane_connected(r.p, r.now, 1);
	*state = &r;
	return 0;
}

static int end(void **state)
{
	struct rig *r = *state;

	plane_free(r->p);
	bfd_free(r->b);
	return 0;
}

static struct bfd_plane_message wish(uint32_t id, const char *ifname, const char *remote)
{
	struct bfd_plane_message m = { .type = BFD_PLANE_ADD };

	m.session = (struct bfd_plane_session){ .remote = address(remote), .discriminator = id, .min_tx_us = 50000,
						.min_rx_us = 50000, .ttl = 255, .multiplier = 3, .ifindex = OTHER_LINK };
	strcpy(m.session.ifname, ifname);
	return m;
}

static void say(struct rig *r, const struct bfd_plane_message *m)
{
	uint8_t bytes[BFD_PLANE_MESSAGE_MAX];
	const size_t length = bfd_plane_encode(m, bytes, sizeof bytes);

	/* In pieces, as a stream may bring it. */
	assert_true(plane_input(r->p, r->now, bytes, 5));
	assert_true(plane_input(r->p, r->now, bytes + 5, length - 5));
	look(r);
}

static struct bfd_key tunnel_key(const char *remote)
{
	return (struct bfd_key){ .link = BFD_LINK_TUNNEL | TUNNEL, .local = address("10.0.0.11"), .remote = address(remote) };
}

static void hear(struct rig *r, const struct bfd_key *key, enum bfd_state s)
{
	struct bfd_arrival a = { .key = *key, .ttl = 255 };
	struct bfd_packet p = { .state = (uint8_t)s, .multiplier = 3, .my_discriminator = 7, .desired_min_tx_us = 50000,
				.required_min_rx_us = 50000 };
	uint8_t bytes[BFD_PACKET_OCTETS];
	struct bfd_status status;

	if (ipaddr_is_none(&a.key.local))
		a.key.local = address("192.0.2.1");
	assert_true(bfd_get_status(r->b, key, &status));
	p.your_discriminator = s == BFD_DOWN ? 0 : status.discriminator;
	bfd_packet_encode(&p, bytes);
	assert_int_equal(bfd_receive(r->b, r->now, &a, bytes, sizeof bytes), BFD_DROP_NONE);
	look(r);
}

static void pass(struct rig *r, int64_t ms)
{
	r->now = instant_add(r->now, span_ms(ms));
	bfd_tick(r->b, r->now);
	plane_tick(r->p, r->now);
	look(r);
}

static void expect_told(const struct rig *r, unsigned count, enum bfd_state s)
{
	assert_int_equal(r->told, count);
	assert_int_equal(r->last.state.state, s);
}

static void bfdd_follows_bfd(void **state)
{
	struct rig *r = *state;
	const struct bfd_plane_message m = wish(5, "Tunnel3", "10.0.0.1");
	const struct bfd_key key = tunnel_key("10.0.0.1");

	say(r, &m);
	assert_int_equal(r->told, 0); /* it takes a new session for Down itself */
	hear(r, &key, BFD_DOWN);
	hear(r, &key, BFD_UP);
	expect_told(r, 1, BFD_UP);
	assert_int_equal(r->last.state.discriminator, 5);
	assert_int_equal(r->last.state.remote_discriminator, 7);
	pass(r, 200);
	pass(r, BFD_GRACE_MS_MAX); /* the machine grants itself a little more */
	assert_int_equal(r->last.state.state, BFD_DOWN);
	assert_int_equal(r->last.state.diag, BFD_DIAG_TIMEOUT);
}

static void other_links_leave_their_near_end_open(void **state)
{
	struct rig *r = *state;
	const struct bfd_plane_message m = wish(5, "eth0", "192.0.2.2");
	const struct bfd_key key = { .link = OTHER_LINK, .remote = address("192.0.2.2") };

	say(r, &m);
	hear(r, &key, BFD_DOWN);
	hear(r, &key, BFD_UP);
	expect_told(r, 1, BFD_UP);
}

static void verdicts_overrule(void **state)
{
	struct rig *r = *state;
	const struct bfd_plane_message m = wish(5, "Tunnel3", "10.0.0.1");
	const struct bfd_key key = tunnel_key("10.0.0.1");
	const struct ipaddr far = address("10.0.0.1");

	say(r, &m);
	/* A far end without BFD: the verdict alone counts. */
	plane_verdict(r->p, TUNNEL, &far, PLANE_ALIVE);
	look(r);
	expect_told(r, 1, BFD_UP);
	plane_verdict(r->p, TUNNEL, &far, PLANE_ALIVE);
	look(r);
	assert_int_equal(r->told, 0);
	plane_verdict(r->p, TUNNEL, &far, PLANE_DEAD);
	look(r);
	expect_told(r, 1, BFD_DOWN);
	assert_int_equal(r->last.state.diag, BFD_DIAG_PATH_DOWN);
	/* BFD's own Up does not move a dead one … */
	hear(r, &key, BFD_DOWN);
	hear(r, &key, BFD_UP);
	assert_int_equal(r->told, 0);
	plane_verdict(r->p, TUNNEL, &far, PLANE_NO_VERDICT);
	look(r);
	expect_told(r, 1, BFD_UP);
	/* … and its Down does not move one that is verified alive. */
	plane_verdict(r->p, TUNNEL, &far, PLANE_ALIVE);
	pass(r, 200);
	pass(r, BFD_GRACE_MS_MAX);
	assert_int_equal(r->told, 0);
	/* Another address, another tunnel: not this one's. */
	plane_verdict(r->p, TUNNEL, &(struct ipaddr){ .family = IP_V4, .bytes = { 10, 0, 0, 2 } }, PLANE_DEAD);
	plane_verdict(r->p, TUNNEL + 1, &far, PLANE_DEAD);
	look(r);
	assert_int_equal(r->told, 0);
}

/* What BFD has Up follows BFD when whoever watched is gone; what it never had Up stays. */
static void verdicts_without_their_giver(void **state)
{
	struct rig *r = *state;
	const struct bfd_plane_message one = wish(5, "Tunnel3", "10.0.0.1"), two = wish(6, "Tunnel3", "10.0.0.2");
	const struct bfd_key key = tunnel_key("10.0.0.1");

	say(r, &one);
	say(r, &two);
	hear(r, &key, BFD_DOWN);
	hear(r, &key, BFD_UP);
	plane_verdict(r->p, TUNNEL, &one.session.remote, PLANE_ALIVE);
	plane_verdict(r->p, TUNNEL, &two.session.remote, PLANE_ALIVE);
	look(r);
	plane_verdicts_orphaned(r->p);
	look(r);
	assert_int_equal(r->told, 0);
	pass(r, 200);
	pass(r, BFD_GRACE_MS_MAX);
	assert_int_equal(r->last.state.state, BFD_DOWN);
	assert_int_equal(r->last.state.discriminator, 5);
}

static void two_of_one_pair_are_one_session(void **state)
{
	struct rig *r = *state;
	struct bfd_plane_message one = wish(5, "Tunnel3", "10.0.0.1"), two = wish(6, "Tunnel3", "10.0.0.1");
	const struct bfd_key key = tunnel_key("10.0.0.1");
	struct bfd_status s;

	one.session.min_tx_us = 300000;
	say(r, &one);
	say(r, &two);
	assert_int_equal(bfd_count(r->b), 1);
	hear(r, &key, BFD_DOWN);
	hear(r, &key, BFD_UP);
	assert_int_equal(r->told, 2);
	assert_true(bfd_get_status(r->b, &key, &s));
	assert_int_equal(s.desired_min_tx_us, 50000);
	two.type = BFD_PLANE_DELETE;
	say(r, &two);
	assert_int_equal(plane_count(r->p), 1);
	one.type = BFD_PLANE_DELETE;
	say(r, &one);
	assert_int_equal(plane_count(r->p), 0);
	pass(r, 5000); /* the far end hears AdminDown, then it is gone */
	assert_false(bfd_get_status(r->b, &key, &s) && s.clients);
}

static void tunnels_come_later(void **state)
{
	struct rig *r = *state;
	const struct bfd_plane_message m = wish(5, "Tunnel3", "10.0.0.1");
	const struct bfd_key before = { .link = OTHER_LINK, .remote = address("10.0.0.1") }, after = tunnel_key("10.0.0.1");
	struct bfd_status s;

	r->has_tunnel = false;
	say(r, &m);
	assert_true(bfd_get_status(r->b, &before, &s));
	r->has_tunnel = true;
	plane_tunnels_changed(r->p, r->now);
	look(r);
	assert_true(bfd_get_status(r->b, &after, &s));
	hear(r, &after, BFD_DOWN);
	hear(r, &after, BFD_UP);
	expect_told(r, 1, BFD_UP);
}

static void bfdd_comes_back(void **state)
{
	struct rig *r = *state;
	const struct bfd_plane_message kept = wish(5, "Tunnel3", "10.0.0.1"), lost = wish(6, "eth0", "192.0.2.2");
	const struct bfd_key key = tunnel_key("10.0.0.1");

	say(r, &kept);
	say(r, &lost);
	plane_verdict(r->p, TUNNEL, &kept.session.remote, PLANE_ALIVE);
	look(r);
	plane_lost(r->p, r->now);
	hear(r, &key, BFD_DOWN);
	plane_connected(r->p, r->now, 2);
	say(r, &kept);
	expect_told(r, 1, BFD_UP); /* it has forgotten */
	pass(r, 4000);
	assert_int_equal(plane_count(r->p), 1);
	plane_lost(r->p, r->now);
	pass(r, PLANE_LINGER_S * 1000 + 1);
	assert_int_equal(plane_count(r->p), 0);
}

static void questions_are_answered(void **state)
{
	struct rig *r = *state;
	const struct bfd_plane_message m = wish(5, "Tunnel3", "10.0.0.1");
	const struct bfd_key key = tunnel_key("10.0.0.1");
	const uint8_t foreign[] = { 2, 0, 0, 2, 0, 0, 0, 8 };

	say(r, &m);
	hear(r, &key, BFD_DOWN);
	say(r, &(struct bfd_plane_message){ .type = BFD_PLANE_COUNTERS_ASK, .id = 77, .discriminator = 5 });
	assert_int_equal(r->last.type, BFD_PLANE_COUNTERS);
	assert_int_equal(r->last.id, 77);
	assert_int_equal(r->last.counters.rx_packets, 1);
	say(r, &(struct bfd_plane_message){ .type = BFD_PLANE_COUNTERS_ASK, .id = 78, .discriminator = 99 });
	assert_int_equal(r->last.id, 78); /* it stands still until it hears something */
	say(r, &(struct bfd_plane_message){ .type = BFD_PLANE_ECHO_REQUEST, .echo = { 1, 2 } });
	assert_int_equal(r->last.type, BFD_PLANE_ECHO_REPLY);
	assert_false(plane_input(r->p, r->now, foreign, sizeof foreign));
}

/* ---- the process is killed ---- */

struct restart {
	int fd;
	struct records *records;
};

static void take_up(struct rig *r, struct restart *m, bool expect_adopted)
{
	static const struct records_layout layout = { .size = BFD_RECORD_OCTETS, .capacity = 10, .version = 1 };
	bool adopted;

	assert_int_equal(records_open(&m->records, m->fd, &layout, &adopted), 0);
	assert_int_equal(adopted, expect_adopted);
	bfd_restore(r->b, r->now, m->records);
	plane_restore(r->p, r->now, m->records);
}

/* Nothing is said to anybody; the next one starts `ms` later. */
static void killed(struct rig *r, struct restart *m, int64_t ms)
{
	const struct plane_ways ways = { r, tunnel_addr };
	const struct bfd_options o = { .seed = 2, .sessions_max = 100 };

	plane_free(r->p);
	bfd_free(r->b);
	records_close(m->records);
	r->now = instant_add(r->now, span_ms(ms));
	r->has_tunnel = false;
	r->b = bfd_new(&o);
	r->p = plane_new(r->b, &ways);
	take_up(r, m, true);
}

static void settle(struct rig *r)
{
	r->has_tunnel = true;
	plane_tunnels_changed(r->p, r->now);
	plane_settled(r->p, r->now);
	look(r);
}

static struct restart kept_from_now_on(struct rig *r)
{
	struct restart m = { .fd = memfd_create("bfd", MFD_CLOEXEC) };

	assert_true(m.fd >= 0);
	take_up(r, &m, false);
	plane_connected(r->p, r->now, 1);
	return m;
}

static void restart_end(struct rig *r, struct restart *m)
{
	plane_free(r->p);
	bfd_free(r->b);
	records_close(m->records);
	close(m->fd);
	r->p = NULL;
	r->b = NULL;
}

static void a_killed_process_is_not_noticed(void **state)
{
	struct rig *r = *state;
	const struct bfd_plane_message one = wish(5, "Tunnel3", "10.0.0.1"), two = wish(6, "Tunnel3", "10.0.0.2");
	const struct bfd_key key = tunnel_key("10.0.0.1");
	struct restart m = kept_from_now_on(r);
	struct bfd_status before, after;

	say(r, &one);
	say(r, &two);
	hear(r, &key, BFD_DOWN);
	hear(r, &key, BFD_UP);
	plane_verdict(r->p, TUNNEL, &two.session.remote, PLANE_ALIVE); /* without BFD */
	look(r);
	assert_true(bfd_get_status(r->b, &key, &before));
	killed(r, &m, 40);
	assert_true(plane_resumed(r->p, 1));
	look(r);
	assert_int_equal(r->told, 0);
	settle(r);
	assert_int_equal(r->told, 0);
	assert_int_equal(plane_count(r->p), 2);
	assert_true(bfd_get_status(r->b, &key, &after));
	assert_int_equal(after.state, BFD_UP);
	assert_int_equal(after.discriminator, before.discriminator);
	assert_int_equal(after.detection_us, before.detection_us);
	assert_int_equal(after.failures, 0);
	/* The second is up by the verdict alone; the first is watched as before. */
	hear(r, &key, BFD_UP);
	pass(r, 140);
	assert_int_equal(r->told, 0);
	pass(r, 60);
	pass(r, BFD_GRACE_MS_MAX);
	expect_told(r, 1, BFD_DOWN);
	assert_int_equal(r->last.state.discriminator, 5);
	restart_end(r, &m);
}

static void one_that_was_away_for_long_begins_anew(void **state)
{
	struct rig *r = *state;
	const struct bfd_plane_message one = wish(5, "Tunnel3", "10.0.0.1");
	const struct bfd_key key = tunnel_key("10.0.0.1");
	struct restart m = kept_from_now_on(r);
	struct bfd_status s;

	say(r, &one);
	hear(r, &key, BFD_DOWN);
	hear(r, &key, BFD_UP);
	killed(r, &m, BFD_RESTORE_MS + 1);
	assert_true(plane_resumed(r->p, 1));
	look(r);
	expect_told(r, 1, BFD_DOWN);
	assert_true(bfd_get_status(r->b, &key, &s));
	assert_int_equal(s.state, BFD_DOWN);
	settle(r);
	assert_int_equal(bfd_count(r->b), 1);
	restart_end(r, &m);
}

/* Another connection than the process before had: bfdd has forgotten, and hands over anew. */
static void a_new_connection_is_none_of_before(void **state)
{
	struct rig *r = *state;
	const struct bfd_plane_message one = wish(5, "Tunnel3", "10.0.0.1"), gone = wish(6, "eth0", "192.0.2.2");
	const struct bfd_key key = tunnel_key("10.0.0.1");
	struct restart m = kept_from_now_on(r);

	say(r, &one);
	say(r, &gone);
	hear(r, &key, BFD_DOWN);
	hear(r, &key, BFD_UP);
	killed(r, &m, 40);
	assert_false(plane_resumed(r->p, 2));
	settle(r);
	plane_connected(r->p, r->now, 2);
	say(r, &one);
	expect_told(r, 1, BFD_UP);
	for (int i = 0; i < 40; i++) {
		hear(r, &key, BFD_UP);
		pass(r, 100);
	}
	assert_int_equal(plane_count(r->p), 1);
	killed(r, &m, 40);
	assert_int_equal(plane_count(r->p), 1);
	restart_end(r, &m);
}

static void rubbish_is_left_alone(void **state)
{
	struct rig *r = *state;
	struct restart m = kept_from_now_on(r);
	uint8_t record[BFD_RECORD_OCTETS];

	for (int kind = 0; kind < 5; kind++) {
		memset(record, 0xff, sizeof record);
		memcpy(record, &kind, sizeof kind);
		records_put(m.records, RECORDS_NONE, record);
		memset(record + sizeof kind, 0, sizeof record - sizeof kind);
		records_put(m.records, RECORDS_NONE, record);
	}
	killed(r, &m, 0);
	settle(r);
	assert_int_equal(bfd_count(r->b), 0);
	assert_int_equal(plane_count(r->p), 0);
	restart_end(r, &m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(bfdd_follows_bfd, begin, end),
		cmocka_unit_test_setup_teardown(other_links_leave_their_near_end_open, begin, end),
		cmocka_unit_test_setup_teardown(verdicts_overrule, begin, end),
		cmocka_unit_test_setup_teardown(verdicts_without_their_giver, begin, end),
		cmocka_unit_test_setup_teardown(two_of_one_pair_are_one_session, begin, end),
		cmocka_unit_test_setup_teardown(tunnels_come_later, begin, end),
		cmocka_unit_test_setup_teardown(bfdd_comes_back, begin, end),
		cmocka_unit_test_setup_teardown(questions_are_answered, begin, end),
		cmocka_unit_test_setup_teardown(a_killed_process_is_not_noticed, begin, end),
		cmocka_unit_test_setup_teardown(one_that_was_away_for_long_begins_anew, begin, end),
		cmocka_unit_test_setup_teardown(a_new_connection_is_none_of_before, begin, end),
		cmocka_unit_test_setup_teardown(rubbish_is_left_alone, begin, end),
	};

	return cmocka_run_group_tests_name("plane", tests, NULL, NULL);
}
