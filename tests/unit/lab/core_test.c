/* The router that joins two hubs' LANs is supplied where it is missing, and only there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lab/core.h"

#define HUB(n, more) \
	"hostname hub" #n "\nkey chain K\n key 1\n  key-string secret" #n "\ninterface GigabitEthernet0/0\n ip address 192.0.2." #n "1 255.255.255.248\n" \
	"interface GigabitEthernet0/1\n ip address 10.0." #n ".1 255.255.255.252\n ip authentication mode eigrp 5 md5\n" \
	" ip authentication key-chain eigrp 5 K\n" \
	"interface Tunnel" #n "\n ip address 10.9." #n ".1 255.255.255.0\n ip nhrp network-id " #n "\n ip nhrp map multicast dynamic\n" \
	" tunnel source GigabitEthernet0/0\n tunnel mode gre multipoint\n tunnel key " #n "\nrouter eigrp 5\n network 10.0.0.0\n" more

static char *core_of(const char *const *texts, size_t count, char **note)
{
	static const char *const names[] = { "hub1.cfg", "hub2.cfg", "core.cfg" };
	const struct config *configs[3];
	char error[300] = "", *core;
	struct lab_plan *plan;

	for (size_t i = 0; i < count; i++) {
		configs[i] = config_read_text(names[i], texts[i], strlen(texts[i]), error, sizeof error);
		assert_non_null(configs[i]);
	}
	plan = lab_plan_new(count, configs, names, NULL, error, sizeof error);
	assert_non_null(plan);
	core = lab_missing_core(plan, note);
	lab_plan_free(plan);
	for (size_t i = 0; i < count; i++)
		config_free((struct config *)(uintptr_t)configs[i]);
	return core;
}

static void two_hubs_that_look_for_one(void **state)
{
	char *note, *core = core_of((const char *const[]){ HUB(1, ""), HUB(2, "") }, 2, &note);

	(void)state;
	assert_non_null(core);
	assert_non_null(strstr(core, " ip address 10.0.1.2 255.255.255.252\n"));
	assert_non_null(strstr(core, " ip address 10.0.2.2 255.255.255.252\n"));
	assert_non_null(strstr(core, "key-string secret1\n"));
	assert_non_null(strstr(core, "key-string secret2\n"));
	assert_non_null(strstr(core, "autonomous-system 5\n"));
	assert_non_null(strstr(note, "hub1 GigabitEthernet0/1 and hub2 GigabitEthernet0/1"));
	assert_null(strstr(note, "secret"));
	free(core);
	free(note);
}

#define OSPF_HUB(n, len, more) \
	"hostname hub" #n "\ninterface GigabitEthernet0/0\n ip address 192.0.2." #n "1 255.255.255.248\n" \
	"interface GigabitEthernet0/1\n ip address 10.0." #n ".1 " len "\n ip ospf authentication message-digest\n" \
	" ip ospf message-digest-key 1 md5 secret" #n "\n ip ospf network point-to-point\n ip ospf hello-interval 2\n ip ospf cost 77\n" \
	"interface Tunnel" #n "\n ip address 10.9." #n ".1 255.255.255.0\n ip nhrp network-id " #n "\n ip nhrp map multicast dynamic\n" \
	" tunnel source GigabitEthernet0/0\n tunnel mode gre multipoint\n tunnel key " #n "\nrouter ospf 5\n" \
	" network 10.0.0.0 0.0.255.255 area 3\n area 3 nssa no-summary\n area 3 authentication message-digest\n" more
#define LINK "255.255.255.252"

static void two_hubs_whose_ospf_looks_for_one(void **state)
{
	char *note, *core = core_of((const char *const[]){ OSPF_HUB(1, LINK, ""), OSPF_HUB(2, LINK, "") }, 2, &note), *once, error[200];
	struct config *c;

	(void)state;
	assert_non_null(core);
	assert_non_null(strstr(core, " ip address 10.0.1.2 255.255.255.252\n ip ospf authentication message-digest\n"
				     " ip ospf message-digest-key 1 md5 secret1\n ip ospf network point-to-point\n ip ospf hello-interval 2\n"
				     "interface GigabitEthernet0/2\n ip address 10.0.2.2 255.255.255.252\n"));
	assert_non_null(strstr(core, " network 10.0.1.2 0.0.0.0 area 3\n"));
	assert_non_null(strstr(core, " network 10.0.2.2 0.0.0.0 area 3\n network 198.19.255.0 0.0.0.255 area 3\n"));
	once = strstr(core, " area 3 nssa\n");
	assert_non_null(once);
	assert_null(strstr(once + 1, " area 3 nssa"));
	assert_non_null(strstr(core, " area 3 authentication message-digest\n"));
	assert_non_null(strstr(note, "hub1 GigabitEthernet0/1 and hub2 GigabitEthernet0/1 speak OSPF"));
	assert_null(strstr(note, "secret"));
	c = config_read_text("lab-core", core, strlen(core), error, sizeof error);
	assert_non_null(c);
	assert_int_equal(config_count(c, CONFIG_ERROR), 0);
	assert_int_equal(config_count(c, CONFIG_NOT_SUPPORTED), 0);
	config_free(c);
	free(core);
	free(note);
}

/* The LAN of its own is where nobody has an address, or no packet would reach those who have. */
static void its_lan_is_free(void **state)
{
	char *note, *core = core_of((const char *const[]){ OSPF_HUB(1, LINK, "interface GigabitEthernet0/5\n ip address 198.19.255.9 255.255.255.248\n"),
							   OSPF_HUB(2, LINK, "") }, 2, &note);

	(void)state;
	assert_non_null(core);
	assert_non_null(strstr(core, " ip address 198.19.254.1 255.255.255.0\n"));
	assert_non_null(strstr(core, " network 198.19.254.0 0.0.0.255 area 3\n"));
	assert_non_null(strstr(note, "with the LAN 198.19.254.0/24"));
	free(core);
	free(note);
}

static void expect_none(const char *const *texts, size_t count)
{
	char *note, *core = core_of(texts, count, &note);

	assert_null(core);
	assert_null(note);
}

static void nobody_is_missing(void **state)
{
	static const char core[] = "hostname core\ninterface GigabitEthernet0/1\n ip address 10.0.1.2 255.255.255.252\n"
				   "interface GigabitEthernet0/2\n ip address 10.0.2.2 255.255.255.252\nrouter eigrp 5\n network 10.0.0.0\n";

	(void)state;
	expect_none((const char *const[]){ HUB(1, ""), HUB(2, ""), core }, 3);
	expect_none((const char *const[]){ HUB(1, "interface GigabitEthernet0/2\n ip address 10.0.7.1 255.255.255.252\n"),
					   HUB(2, "interface GigabitEthernet0/2\n ip address 10.0.7.2 255.255.255.252\n") }, 2);
	expect_none((const char *const[]){ HUB(1, "") }, 1);
	expect_none((const char *const[]){ HUB(1, ""), HUB(2, " passive-interface GigabitEthernet0/1\n") }, 2);
	expect_none((const char *const[]){ OSPF_HUB(1, LINK, ""), OSPF_HUB(2, LINK, " passive-interface GigabitEthernet0/1\n") }, 2);
	/* Users' LANs, where OSPF was not switched off. */
	expect_none((const char *const[]){ OSPF_HUB(1, "255.255.255.0", ""), OSPF_HUB(2, "255.255.255.0", "") }, 2);
	expect_none((const char *const[]){ OSPF_HUB(1, LINK, ""), HUB(2, "") }, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(two_hubs_that_look_for_one), cmocka_unit_test(two_hubs_whose_ospf_looks_for_one),
					    cmocka_unit_test(its_lan_is_free), cmocka_unit_test(nobody_is_missing) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
