/* The simulator's own parts: a checker that cannot fail checks nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "sim/host.h"
#include "sim/outage.h"
#include "sim/queue.h"
#include "sim/scenario.h"
#include "sim/table.h"

static struct host host;
static const struct instant now = { 5 };

static struct ipaddr addr(const char *text)
{
	struct ipaddr a;

	assert_true(ipaddr_parse(text, &a));
	return a;
}

static struct ipprefix prefix(const char *text)
{
	struct ipprefix p;

	assert_true(ipprefix_parse(text, &p));
	return p;
}

static const char *peer(enum effect_type type, uint64_t id, const char *nbma)
{
	return host_apply(&host, &(struct effect){ .type = type,
						   .peer = { .peer = id, .nbma = { .addr = addr(nbma) } } }, now);
}

static const char *neighbour(enum effect_type type, const char *a, uint64_t id)
{
	return host_apply(&host, &(struct effect){ .type = type,
						   .neighbour = { .addr = addr(a), .peer = id } }, now);
}

static const char *shortcut(const char *dst, const char *gateway, bool hole)
{
	struct effect e = { .type = EFFECT_SHORTCUT_SET, .shortcut = { .dst = prefix(dst), .throw_ = hole } };

	if (gateway)
		e.shortcut.gateway = addr(gateway);
	return host_apply(&host, &e, now);
}

static void broken_promises_are_noticed(void **state)
{
	(void)state;
	host_reset(&host);
	assert_non_null(peer(EFFECT_PEER_SET, 0, "192.0.2.1"));
	assert_non_null(peer(EFFECT_PEER_SET, 1ull << 40, "192.0.2.1"));
	assert_null(peer(EFFECT_PEER_SET, 7, "192.0.2.1"));
	assert_null(peer(EFFECT_PEER_SET, 7, "192.0.2.1")); /* twice is harmless */
	assert_non_null(peer(EFFECT_PEER_SET, 7, "192.0.2.2"));
	assert_non_null(neighbour(EFFECT_NEIGHBOUR_SET, "10.0.0.1", 8));
	assert_null(neighbour(EFFECT_NEIGHBOUR_SET, "10.0.0.1", 7));
	assert_non_null(peer(EFFECT_PEER_DEL, 7, "192.0.2.1"));
	assert_null(neighbour(EFFECT_NEIGHBOUR_DEL, "10.0.0.1", 7));
	assert_null(peer(EFFECT_PEER_DEL, 7, "192.0.2.1"));
	assert_non_null(peer(EFFECT_PEER_SET, 7, "192.0.2.1"));
	assert_non_null(host_apply(&host, &(struct effect){ .type = EFFECT_RELAYS,
							    .relays = { .count = 1, .peers = { 9 } } }, now));
	assert_non_null(shortcut("10.1.0.0/16", NULL, false));
	assert_non_null(shortcut("10.1.0.0/16", "10.0.0.1", true));
}

static struct host_answer forward(const char *dst)
{
	const struct ipaddr a = addr(dst);

	return host_forward(&host, &a, now);
}

static void packets_take_the_tables(void **state)
{
	const struct ipprefix lan = prefix("10.1.0.0/24"), all = prefix("10.0.0.0/8"), deep = prefix("10.9.9.0/24");
	const struct ipaddr hub = addr("10.0.0.1"), other = addr("10.0.0.2");

	(void)state;
	host_reset(&host);
	assert_int_equal(forward("10.9.0.1").verdict, HOST_NO_ROUTE);
	host_route_set(&host, &(struct host_route){ .dst = lan });
	host_route_set(&host, &(struct host_route){ .dst = all, .gateway = hub, .via_tunnel = true });
	host_route_set(&host, &(struct host_route){ .dst = deep, .gateway = other, .via_tunnel = true });
	assert_int_equal(forward("10.1.0.9").verdict, HOST_HERE);
	assert_int_equal(forward("10.9.0.1").verdict, HOST_UNRESOLVED);
	assert_null(peer(EFFECT_PEER_SET, 1, "192.0.2.1"));
	assert_null(peer(EFFECT_PEER_SET, 2, "192.0.2.2"));
	assert_null(host_apply(&host, &(struct effect){ .type = EFFECT_RELAYS,
							.relays = { .count = 2, .peers = { 2, 1 } } }, now));
	assert_true(forward("10.9.0.1").missed); /* goes to the first relay meanwhile */
	assert_memory_equal(forward("10.9.0.1").nbma.bytes, "\xc0\0\2\2", 4);
	assert_null(peer(EFFECT_PEER_DEL, 2, "192.0.2.2"));
	assert_memory_equal(forward("10.9.0.1").nbma.bytes, "\xc0\0\2\1", 4);
	assert_null(neighbour(EFFECT_NEIGHBOUR_SET, "10.0.0.1", 1));
	assert_false(forward("10.9.0.1").missed);
	assert_null(shortcut("10.9.0.0/16", "10.0.0.7", false));
	assert_null(shortcut("10.9.9.0/24", NULL, true));
	assert_memory_equal(forward("10.9.0.1").next_hop.bytes, "\x0a\0\0\7", 4);
	assert_memory_equal(forward("10.9.9.1").next_hop.bytes, "\x0a\0\0\2", 4); /* through the hole */
}

static void a_kept_data_path_is_settled(void **state)
{
	const struct ipprefix tunnel = prefix("10.0.0.0/16");

	(void)state;
	host_reset(&host);
	host_route_set(&host, &(struct host_route){ .dst = tunnel, .via_tunnel = true });
	assert_null(peer(EFFECT_PEER_SET, 1, "192.0.2.1"));
	assert_null(neighbour(EFFECT_NEIGHBOUR_SET, "10.0.0.1", 1));
	assert_null(neighbour(EFFECT_NEIGHBOUR_SET, "10.0.0.2", 1));
	assert_null(shortcut("10.9.0.0/16", "10.0.0.1", false));
	assert_null(shortcut("10.8.0.0/16", "10.0.0.1", false));
	host_engine_lost(&host);
	assert_int_equal(forward("10.9.0.1").verdict, HOST_SENT);
	assert_null(neighbour(EFFECT_NEIGHBOUR_SET, "10.0.0.1", 1));
	assert_null(shortcut("10.9.0.0/16", "10.0.0.1", false));
	host_settle(&host);
	assert_false(forward("10.0.0.1").missed);
	assert_true(forward("10.0.0.2").missed);
	assert_int_equal(forward("10.9.0.1").verdict, HOST_SENT);
	assert_int_equal(forward("10.8.0.1").verdict, HOST_NO_ROUTE);
}

static void a_point_to_point_tunnel_has_one_end(void **state)
{
	const struct ipprefix all = prefix("10.0.0.0/8");
	const struct ipaddr hub = addr("10.0.0.1");

	(void)state;
	host_reset(&host);
	host.point_to_point = true;
	host_route_set(&host, &(struct host_route){ .dst = all, .gateway = hub, .via_tunnel = true });
	assert_int_equal(forward("10.9.0.1").verdict, HOST_UNRESOLVED);
	assert_null(peer(EFFECT_PEER_SET, 1, "192.0.2.1"));
	assert_int_equal(forward("10.9.0.1").verdict, HOST_SENT);
	assert_false(forward("10.9.0.1").missed);
}

/* Many come and go, few stay: all are found, and none that is gone. */
static void tables_find_what_they_hold(void **state)
{
	struct entry { uint64_t key, value; };
	struct table t;

	(void)state;
	table_init(&t, sizeof(struct entry), sizeof(uint64_t));
	for (uint64_t i = 0; i < 3000; i++) {
		const uint64_t old = i / 2;

		assert_non_null(table_put(&t, &(struct entry){ i * 256, i }));
		if (i % 3 == 0 && table_find(&t, &(uint64_t){ old * 256 }))
			table_remove(&t, table_find(&t, &(uint64_t){ old * 256 }));
	}
	table_put(&t, &(struct entry){ 2999 * 256, 7 });
	for (uint64_t i = 0; i < 3000; i++) {
		const struct entry *const e = table_find(&t, &(uint64_t){ i * 256 });
		bool gone = false;

		for (uint64_t j = 0; j < 3000; j += 3)
			gone |= j / 2 == i;
		assert_int_equal(e == NULL, gone);
		assert_true(!e || e->value == (i == 2999 ? 7 : i));
	}
	for (size_t n = t.count; n > 0; n--)
		table_remove(&t, table_at(&t, n / 2));
	assert_null(table_find(&t, &(uint64_t){ 2999 * 256 }));
	table_clear(&t);
}

static int64_t packet_ms(struct outages *o, struct outage_watch *w, int64_t ms, bool exists, bool arrived)
{
	return outage_packet(o, w, (struct instant){ ms * 1000 }, exists, arrived).us / 1000;
}

static void outages_are_measured(void **state)
{
	struct outages o = { 0 };
	struct outage_watch w = { 0 };

	(void)state;
	assert_int_equal(packet_ms(&o, &w, 100, true, false), 0); /* it never worked */
	assert_int_equal(packet_ms(&o, &w, 500, true, false), 0);
	packet_ms(&o, &w, 600, true, true);
	packet_ms(&o, &w, 700, true, false);
	assert_int_equal(packet_ms(&o, &w, 900, true, false), 200);
	assert_int_equal(packet_ms(&o, &w, 1000, true, true), 300);
	assert_int_equal(o.count, 1);
	packet_ms(&o, &w, 1100, true, false);
	assert_int_equal(packet_ms(&o, &w, 1200, false, false), 0); /* no way any more: no verdict */
	packet_ms(&o, &w, 1300, true, false);
	packet_ms(&o, &w, 1350, true, true);
	assert_int_equal(o.count, 2);
	assert_int_equal(outages_percentile(&o, 50).us, 50000);
	assert_int_equal(outages_percentile(&o, 95).us, 300000);
	outages_done(&o);
	assert_int_equal(outages_percentile(&o, 95).us, 0);
}

static void happenings_come_in_order(void **state)
{
	struct queue q;
	struct instant last = { -1 };

	(void)state;
	queue_init(&q);
	for (size_t i = 0; i < 500; i++)
		queue_add(&q, &(struct happening){ .at = { (int64_t)(i * 7919 % 101) }, .subject = i });
	for (size_t i = 0, before = 0; i < 500; i++) {
		struct happening h = queue_take(&q);

		assert_true(h.at.us >= last.us);
		if (h.at.us == last.us)
			assert_true(h.subject > before);
		last = h.at;
		before = h.subject;
	}
	assert_true(instant_is_never(queue_first(&q)));
	queue_done(&q);
}

static bool reads(const char *text, struct scenario *s)
{
	char error[SCENARIO_ERROR_MAX] = "";
	FILE *in = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	bool ok;

	assert_non_null(in);
	ok = scenario_read(in, s, error);
	fclose(in);
	assert_true(ok || error[0] != '\0');
	return ok;
}

static void scenarios_are_read(void **state)
{
	struct scenario s;

	(void)state;
	assert_true(reads("# nothing\n\n phase = 2 # two\nhubs=3\nspokes=20\ndelay_ms = 1..70\n"
			  "seconds=200\nfault = 30 crash hub3 10\nfault = 31 isolate spoke20 5\n", &s));
	assert_int_equal(s.phase, 2);
	assert_int_equal(s.delay_most.us, 70000);
	assert_int_equal(s.fault_count, 2);
	assert_int_equal(s.faults[0].router, 2);
	assert_int_equal(s.faults[0].kind, FAULT_CRASH);
	assert_int_equal(s.faults[1].router, 22);
	assert_int_equal(s.faults[1].lasts.us, 5000000);
	assert_false(reads("colour = blue\n", &s));
	assert_false(reads("phase\n", &s));
	assert_false(reads("phase = 4\n", &s));
	assert_false(reads("phase = 3x\n", &s));
	assert_false(reads("hubs = -1\n", &s));
	assert_false(reads("delay_ms = 9..3\n", &s));
	assert_false(reads("hubs = 1\nseconds = 500\nfault = 30 crash hub2 10\n", &s));
	assert_true(reads("no_unique = 1\nfault = 9 move spoke1 1\ncalm_s = 10\nfault = 5 stop spoke1 10\n", &s));
	assert_int_equal(s.faults[0].kind, FAULT_MOVE);
	assert_int_equal(s.faults[1].kind, FAULT_STOP);
	assert_true(s.no_unique);
	assert_int_equal(s.calm.us, 10000000);
	assert_true(reads("seconds = 200\nhubs = 2\nspokes = 3\nfault = 30 cut hub1,spoke3 spokes 10\n"
			  "fault = 30 mute hubs spoke2 5\nfault = 9 restart hub2 1\nfault = 9 change spoke1 1\n", &s));
	assert_int_equal(s.faults[0].kind, FAULT_CUT);
	assert_true(router_set_has(&s.faults[0].from, 0) && router_set_has(&s.faults[0].from, 4) && !router_set_has(&s.faults[0].from, 2));
	assert_true(router_set_has(&s.faults[0].to, 2) && router_set_has(&s.faults[0].to, 4) && !router_set_has(&s.faults[0].to, 1));
	assert_int_equal(s.faults[0].lasts.us, 10000000);
	assert_true(router_set_has(&s.faults[1].from, 1) && !router_set_has(&s.faults[1].from, 2) && !router_set_has(&s.faults[1].to, 2));
	assert_int_equal(s.faults[3].kind, FAULT_CHANGE);
	assert_true(reads("design = 1\nphase = 1\nnatted = 3\none_network = 1\nstorm_per_s = 9\n", &s));
	assert_true(s.one_network && s.natted == 3 && s.storm_per_s == 9);
	assert_true(reads("seconds = 9000\nuplinks = 2\nfault = 30 crash hub1 2 x 64 10\nfault = 9 isolate spoke2.2 5\n"
			  "fault = 9 jump spoke1 7200\n", &s));
	assert_int_equal(s.faults[0].times, 64);
	assert_int_equal(s.faults[0].every.us, 10000000);
	assert_int_equal(s.faults[1].uplinks, 2);
	assert_int_equal(s.faults[2].uplinks, SIZE_MAX);
	assert_true(reads("hubs = 16\nspokes = 10000\nfault = 9 sleep spoke10000 5\n", &s));
	assert_int_equal(s.faults[0].router, 10015);
	assert_false(reads("hubs = 17\n", &s));
	assert_false(reads("fault = 9 isolate spoke2.2 5\n", &s));
	assert_false(reads("fault = 9 isolate spoke2.0 5\n", &s));
	assert_false(reads("uplinks = 2\nfault = 9 crash spoke2.2 5\n", &s));
	assert_false(reads("fault = 9 crash hub1 5 x 3\n", &s));
	assert_false(reads("fault = 9 crash hub1 5 x 3 5\n", &s));
	assert_false(reads("fault = 9 crash hub1 5 y 3 9\n", &s));
	assert_false(reads("seconds = 100\nconverge_s = 10\nfault = 9 crash hub1 5 x 9 10\n", &s));
	assert_false(reads("natted = 9\n", &s));
	assert_false(reads("phase = 1\n", &s));
	assert_false(reads("fault = 30 cut hub1 10\n", &s));
	assert_false(reads("fault = 30 cut hub1 spoke1\n", &s));
	assert_false(reads("fault = 30 cut hub1, spoke1 10\n", &s));
	assert_false(reads("fault = 30 cut hub1 spoke9 10\n", &s));
	assert_false(reads("fault = 30 crash hub1\n", &s));
	assert_false(reads("fault = 30 crash hub1 10 9\n", &s));
	assert_false(reads("fault = 30 melt hub1 10\n", &s));
	assert_false(reads("seconds = 100\nconverge_s = 60\nfault = 30 crash hub1 11\n", &s));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(broken_promises_are_noticed),
		cmocka_unit_test(packets_take_the_tables),
		cmocka_unit_test(a_kept_data_path_is_settled),
		cmocka_unit_test(a_point_to_point_tunnel_has_one_end),
		cmocka_unit_test(tables_find_what_they_hold),
		cmocka_unit_test(outages_are_measured),
		cmocka_unit_test(happenings_come_in_order),
		cmocka_unit_test(scenarios_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
