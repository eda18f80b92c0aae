/* Lifetimes: charon is told of each end, once, by time, packets, bytes and sequence numbers. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "charon.h"

static struct wanted outbound(void)
{
	return (struct wanted){ .type = XFRM_MSG_NEWSA, .source = "10.77.0.1", .destination = "10.77.0.2",
				.spi = 0xc1000001, .key = 7 };
}

/* 1: hard, 0: soft, -1: nothing was said. */
static int expiry(struct rig *r)
{
	uint8_t bytes[XFRM_EVENT_MAX];
	struct xfrm_user_expire expire;
	struct nlmsghdr h;
	uint32_t groups;
	size_t length = take_event(r, bytes, &groups);

	if (length == 0)
		return -1;
	assert_int_equal(length, NLMSG_HDRLEN + sizeof expire);
	assert_int_equal(groups, 0x2);
	memcpy(&h, bytes, sizeof h);
	assert_int_equal(h.nlmsg_type, XFRM_MSG_EXPIRE);
	assert_int_equal(h.nlmsg_pid, 0);
	memcpy(&expire, bytes + NLMSG_HDRLEN, sizeof expire);
	assert_int_equal(ntohl(expire.state.id.spi), 0xc1000001);
	assert_int_equal(expire.state.id.proto, 50);
	return expire.hard;
}

static void by_time(void **state)
{
	struct rig r;
	struct wanted w = outbound();
	int64_t start;

	(void)state;
	rig_init(&r);
	start = r.clock.now.us;
	w.soft_s = 10;
	w.hard_s = 15;
	assert_int_equal(add_sa(&r, &w), 0);
	rig_pass(&r, 9999);
	assert_int_equal(expiry(&r), -1);
	assert_true(xfrm_server_deadline(r.server).us <= start + 10000000);
	rig_pass(&r, 1);
	assert_int_equal(expiry(&r), 0);
	assert_int_equal(expiry(&r), -1);
	rig_pass(&r, 4000);
	assert_int_equal(expiry(&r), -1);
	rig_pass(&r, 1000);
	assert_int_equal(expiry(&r), 1);
	assert_int_equal(r.soft, 1);
	assert_int_equal(r.hard, 1);
	/* It is still there for charon to delete, but not for ever. */
	assert_int_equal(get_sa(&r, w.spi, "10.77.0.2"), 0);
	rig_pass(&r, 30000);
	assert_int_equal(sa_table_count(r.table), 0);
	assert_int_equal(expiry(&r), -1);
	rig_done(&r);
}

/* Runs it to where `soft` and `hard` hold, and expects to be told within a second. */
static void by_volume(void **state)
{
	struct rig r;
	struct wanted w = outbound();
	struct esp_sa *sa;

	(void)state;
	rig_init(&r);
	w.soft_packets = 100;
	w.hard_packets = 200;
	w.soft_bytes = 10000;
	w.hard_bytes = 20000;
	assert_int_equal(add_sa(&r, &w), 0);
	sa = outbound_sa(&r, w.spi, "10.77.0.2");
	sa->packets = 99;
	sa->bytes = 9999;
	rig_pass(&r, 1000);
	assert_int_equal(expiry(&r), -1);
	sa->packets = 100;
	rig_pass(&r, 1000);
	assert_int_equal(expiry(&r), 0);
	sa->bytes = 20000;
	rig_pass(&r, 1000);
	assert_int_equal(expiry(&r), 1);
	rig_done(&r);
}

/* The packet path need not wait for the second to pass. */
static void at_once_when_met(void **state)
{
	struct rig r;
	struct wanted w = outbound();
	struct esp_sa *sa;

	(void)state;
	rig_init(&r);
	w.hard_bytes = 20000;
	assert_int_equal(add_sa(&r, &w), 0);
	sa = outbound_sa(&r, w.spi, "10.77.0.2");
	sa->bytes = 20000;
	xfrm_server_limit(r.server, r.clock, sa);
	assert_int_equal(expiry(&r), 1);
	xfrm_server_limit(r.server, r.clock, sa);
	assert_int_equal(expiry(&r), -1);
	rig_done(&r);
}

/* Without ESN the sequence numbers end first: rekeyed in time, whatever the lifetimes. */
static void by_sequence(void **state)
{
	struct rig r;
	struct wanted w = outbound();
	struct esp_sa *sa;

	(void)state;
	rig_init(&r);
	assert_int_equal(add_sa(&r, &w), 0);
	sa = outbound_sa(&r, w.spi, "10.77.0.2");
	sa->sequence = UINT32_C(0xefffffff);
	rig_pass(&r, 1000);
	assert_int_equal(expiry(&r), -1);
	sa->sequence = UINT32_C(0xf0000000);
	rig_pass(&r, 1000);
	assert_int_equal(expiry(&r), 0);
	rig_done(&r);
}

static void larval_is_freed(void **state)
{
	struct rig r;
	uint32_t spi;

	(void)state;
	rig_init(&r);
	spi = ask_spi(&r, "10.77.0.1", "10.77.0.2", 0xc0000000, 0xcfffffff);
	rig_pass(&r, 164999);
	assert_non_null(inbound_sa(&r, spi));
	rig_pass(&r, 1);
	assert_null(inbound_sa(&r, spi));
	assert_int_equal(expiry(&r), -1);
	assert_true(instant_is_never(xfrm_server_deadline(r.server)) || r.clock.now.us > 0);
	rig_done(&r);
}

/* No expiry is lost when charon reads none for long: they wait for room. */
static void none_is_lost(void **state)
{
	struct rig r;
	struct wanted w = outbound();
	unsigned said = 0;

	(void)state;
	rig_init(&r);
	w.soft_s = 10;
	w.hard_s = 10000;
	assert_int_equal(add_sa(&r, &w), 0);
	for (uint32_t i = 0; i < 2000; i++) {
		struct esp_sa *sa = outbound_sa(&r, w.spi, "10.77.0.2");

		sa->soft_said = 0; /* as many SAs would */
		sa->packets = 1;
		sa->soft.packets = 1;
		xfrm_server_limit(r.server, r.clock, sa);
	}
	assert_int_equal(outbound_sa(&r, w.spi, "10.77.0.2")->soft_said, 0);
	while (expiry(&r) == 0)
		said++;
	assert_true(said > 100 && said < 2000);
	rig_pass(&r, 1000);
	assert_int_equal(expiry(&r), 0);
	rig_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_time), cmocka_unit_test(by_volume), cmocka_unit_test(at_once_when_met),
		cmocka_unit_test(by_sequence), cmocka_unit_test(larval_is_freed), cmocka_unit_test(none_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
