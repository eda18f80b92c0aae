#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "config/config.h"

static struct config *read_text(const char *text)
{
	char error[200] = "";
	struct config *c = config_read_text("test.cfg", text, strlen(text), error, sizeof error);

	if (!c)
		fail_msg("%s", error);
	return c;
}

static struct ipaddr addr(const char *text)
{
	struct ipaddr a = IPADDR_NONE;

	assert_true(ipaddr_parse(text, &a));
	return a;
}

static void assert_addr(const struct ipaddr *a, const char *text)
{
	const struct ipaddr want = addr(text);

	assert_true(ipaddr_eq(a, &want));
}

static void reads_a_spoke(void **state)
{
	struct config *c = read_text("hostname spoke1\n"
				     "interface Tunnel0\n"
				     " ip address 10.0.0.11 255.255.255.0\n"
				     " ip mtu 1400\n"
				     " ip nhrp network-id 7\n"
				     " ip nhrp holdtime 90\n"
				     " ip nhrp nhs 10.0.0.1 nbma 192.0.2.1 multicast priority 3 cluster 2\n"
				     " ip nhrp map 10.0.0.2 192.0.2.2\n"
				     " tunnel source GigabitEthernet0/0\n"
				     " tunnel mode gre multipoint\n"
				     " tunnel key 100\n"
				     "ip route 0.0.0.0 0.0.0.0 192.0.2.254 250 name isp\n");
	const struct config_interface *i = config_find_tunnel(c, 0);
	const struct config_tunnel *t;

	(void)state;
	assert_string_equal(c->hostname, "spoke1");
	assert_int_equal(config_count(c, CONFIG_HONOURED), 12);
	assert_int_equal(config_blocking_count(c), 0);
	assert_non_null(i);
	t = i->tunnel;
	assert_int_equal(i->ip_mtu, 1400);
	assert_int_equal(i->addresses[0].prefix_len, 24);
	assert_int_equal(t->mode, TUNNEL_GRE_MULTIPOINT);
	assert_string_equal(t->source_interface, "Gi0-0");
	assert_true(t->has_key && t->key == 100);
	assert_int_equal(t->nhrp4.registration_timeout_s, 30);
	assert_int_equal(t->nhrp4.nhs_count, 1);
	assert_addr(&t->nhrp4.nhs[0].nbma.addr, "192.0.2.1");
	assert_int_equal(t->nhrp4.nhs[0].priority, 3);
	assert_int_equal(t->nhrp4.nhs[0].cluster, 2);
	assert_true(t->nhrp4.nhs[0].multicast);
	assert_addr(&t->nhrp4.maps[0].nbma.addr, "192.0.2.2");
	assert_false(t->nhrp4.shortcut);
	assert_int_equal(c->route_count, 1);
	assert_int_equal(c->routes[0].distance, 250);
	assert_string_equal(c->routes[0].name, "isp");
	config_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_spoke),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
