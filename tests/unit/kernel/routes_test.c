#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/neighbour.h"
#include "kernel/routes.h"

/* Reports as text: "+10.0.0.0/8 via 10.9.9.9 dev 3;" or "-10.0.0.0/8;". */
static char said[4096];

static void note(void *arg, const struct route *key, const struct route *best)
{
	char dst[IPPREFIX_TEXT_MAX], gateway[IPADDR_TEXT_MAX];
	size_t used = strlen(said);

	(void)arg;
	ipprefix_format(&key->dst, dst);
	if (best)
		snprintf(said + used, sizeof said - used, "+%u:%s via %s dev %d;", key->vrf, dst,
			 ipaddr_format(&best->gateway, gateway), best->ifindex);
	else
		snprintf(said + used, sizeof said - used, "-%u:%s;", key->vrf, dst);
}

static void expect_said(const char *wanted)
{
	assert_string_equal(said, wanted);
	said[0] = '\0';
}

static struct route make(uint32_t vrf, const char *dst, const char *gateway, int ifindex, uint32_t metric)
{
	struct route r = { .vrf = vrf, .ifindex = ifindex, .metric = metric };

	assert_true(ipprefix_parse(dst, &r.dst));
	if (gateway)
		assert_true(ipaddr_parse(gateway, &r.gateway));
	return r;
}

static void add(struct routes *r, struct route route)
{
	assert_int_equal(routes_add(r, &route), 0);
}

static void del(struct routes *r, struct route route)
{
	routes_del(r, &route);
}

static void test_metrics(void **state)
{
	struct routes *r = routes_new(note, NULL);

	(void)state;
	add(r, make(0, "10.0.0.0/8", "10.9.9.9", 3, 20));
	expect_said("+0:10.0.0.0/8 via 10.9.9.9 dev 3;");
	add(r, make(0, "10.0.0.0/8", "10.9.9.8", 3, 30));
	expect_said("");
	add(r, make(0, "10.0.0.0/8", "10.9.9.7", 4, 10));
	expect_said("+0:10.0.0.0/8 via 10.9.9.7 dev 4;");
	add(r, make(0, "10.0.0.0/8", "10.9.9.7", 4, 10)); /* again: no news */
	expect_said("");
	del(r, make(0, "10.0.0.0/8", NULL, 0, 20)); /* was not in use */
	expect_said("");
	del(r, make(0, "10.0.0.0/8", NULL, 0, 10));
	expect_said("+0:10.0.0.0/8 via 10.9.9.8 dev 3;");
	del(r, make(0, "10.0.0.0/8", NULL, 0, 30));
	expect_said("-0:10.0.0.0/8;");
	del(r, make(0, "10.0.0.0/8", NULL, 0, 30));
	expect_said("");
	routes_free(r);
}

static void test_dump_sweeps(void **state)
{
	struct routes *r = routes_new(note, NULL);

	(void)state;
	add(r, make(0, "10.0.0.0/8", NULL, 3, 0));
	add(r, make(0, "2001:db8::/32", NULL, 3, 0));
	add(r, make(1, "10.0.0.0/8", NULL, 4, 0));
	said[0] = '\0';
	routes_dump_begin(r);
	add(r, make(1, "10.0.0.0/8", NULL, 4, 0));
	add(r, make(0, "2001:db8::/32", NULL, 5, 0));
	expect_said("+0:2001:db8::/32 via - dev 5;");
	routes_dump_end(r);
	expect_said("-0:10.0.0.0/8;");
	assert_int_equal(routes_count(r), 2);
	routes_free(r);
}

static void test_many_and_lookup(void **state)
{
	struct routes *r = routes_new(note, NULL);
	const struct route *found;
	struct ipaddr a;

	(void)state;
	for (uint32_t i = 0; i < 5000; i++) {
		struct route one = { .dst = { .addr = ipaddr_v4(0x0a000000 + i * 256), .len = 24 }, .ifindex = (int)i + 1 };

		add(r, one);
		said[0] = '\0';
	}
	assert_int_equal(routes_count(r), 5000);
	a = ipaddr_v4(0x0a000000 + 4321 * 256 + 7);
	found = routes_lookup(r, 0, &a);
	assert_non_null(found);
	assert_int_equal(found->ifindex, 4322);
	assert_null(routes_lookup(r, 1, &a));
	routes_free(r);
}

static void test_lladdr(void **state)
{
	static const uint8_t mac[] = { 0x02, 0x01, 0x02, 0x03, 0x04, 0xff };
	struct lladdr l = lladdr_of_peer(0x01020304ff);
	struct ipaddr a = ipaddr_v4(0xc0000201);

	(void)state;
	assert_int_equal(l.length, 6);
	assert_memory_equal(l.bytes, mac, 6);
	l = lladdr_of_nbma(&a);
	assert_int_equal(l.length, 4);
	assert_int_equal(l.bytes[0], 0xc0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_metrics), cmocka_unit_test(test_dump_sweeps), cmocka_unit_test(test_many_and_lookup),
		cmocka_unit_test(test_lladdr),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
