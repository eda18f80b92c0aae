/* Contradictions across lines: each is an error on the interface's line with a remedy. */
#include "text.h"

#define MGRE(n, rest) "interface Tunnel" #n "\n tunnel source Gi0/0\n tunnel mode gre multipoint\n ip nhrp network-id 1\n" rest
#define P2P(n, rest) "interface Tunnel" #n "\n tunnel source Gi0/0\n tunnel destination 192.0.2.1\n ip nhrp network-id 1\n" rest
#define ADDRESS(n) " ip address 10.0." #n ".1 255.255.255.0\n"
#define NHS(n) " ip nhrp nhs 10.0." #n ".9 nbma 192.0.2." #n "\n"
#define TWO_NHS " ip nhrp nhs 10.0.0.1 nbma 192.0.2.1\n ip nhrp nhs 10.0.0.2 nbma 192.0.2.2\n"

static const struct { const char *text, *reason; } wrongs[] = {
	{ "interface Tunnel0\n tunnel mode gre multipoint\n ip nhrp network-id 1\n", "has no tunnel source" },
	{ "interface Tunnel0\n tunnel source Gi0/0\n", "has no tunnel destination" },
	{ "interface Tunnel0\n tunnel source Tunnel0\n tunnel destination 192.0.2.1\n", "its own tunnel source" },
	{ "interface Tunnel0\n tunnel source Gi0/0\n tunnel mode gre multipoint\n", "no NHRP network-id" },
	{ MGRE(0, " ip nhrp nhs 10.0.0.1\n"), "10.0.0.1 has no NBMA address" },
	{ P2P(0, " ip nhrp nhs 10.0.0.1\n ip nhrp nhs 10.0.0.2 nbma 192.0.2.2\n"), "10.0.0.1 has no NBMA address" },
	{ MGRE(0, " ip nhrp map 10.0.0.1 2001:db8::1\n"), "transport family" },
	{ MGRE(0, " tunnel vrf RED\n"), "there is no VRF RED" },
	{ MGRE(0, " vrf forwarding RED\n"), "there is no VRF RED" },
	{ MGRE(0, " tunnel protection ipsec profile P\n"), "no crypto ipsec profile P" },
	{ MGRE(0, " tunnel key 1\n") MGRE(1, " tunnel key 1\n"), "and no addresses" },
	{ MGRE(0, "") MGRE(1, ""), "and no addresses" },
	{ "vrf definition A\n" MGRE(0, ADDRESS(0)) MGRE(1, " vrf forwarding A\n" ADDRESS(1)), "not in one VRF" },
	{ "crypto ipsec profile P\n" MGRE(0, ADDRESS(0)) MGRE(1, " tunnel protection ipsec profile P\n" ADDRESS(1)),
	  "not protected alike" },
	{ P2P(0, TWO_NHS) MGRE(1, ""), "Tunnel0 takes packets from several servers" },
	{ P2P(0, TWO_NHS) "interface Tunnel1\n tunnel source Gi0/0\n tunnel destination 192.0.2.9\n",
	  "Tunnel0 takes packets from several servers" },
	{ MGRE(0, " tunnel key 1\n ip address 10.0.0.1 255.255.255.0\n") MGRE(1, " tunnel key 2\n ip address 10.0.0.2 255.255.255.0\n"),
	  "same subnet" },
	{ "interface Tunnel0\n tunnel source Gi0/0\n tunnel destination 192.0.2.1\n"
	  "interface Tunnel1\n tunnel source Gi0/0\n tunnel destination 192.0.2.1\n", "cannot be told apart" },
	{ MGRE(0, " nhrp warm Tunnel7\n"), "no running tunnel with a next hop server" },
	{ MGRE(0, " nhrp warm Gi0/0\n"), "no running tunnel with a next hop server" },
	{ MGRE(0, " tunnel key 1\n" ADDRESS(0)) MGRE(1, " tunnel key 2\n" NHS(1) ADDRESS(1) " nhrp warm Tunnel0\n"), "no running tunnel with a next hop server" },
	{ MGRE(0, " tunnel key 1\n" NHS(0) ADDRESS(0)) MGRE(1, " tunnel key 2\n" ADDRESS(1) " nhrp warm Tunnel0\n"), "registers with nobody" },
	{ MGRE(0, " tunnel key 1\n" NHS(0) ADDRESS(0) " nhrp warm Tunnel0\n"), "nobody would watch" },
	{ MGRE(0, " tunnel key 1\n" NHS(0) ADDRESS(0) " nhrp warm Tunnel1\n") MGRE(1, " tunnel key 2\n" NHS(1) ADDRESS(1) " nhrp warm Tunnel2\n")
	  MGRE(2, " tunnel key 3\n" NHS(2) ADDRESS(2) " nhrp warm Tunnel0\n"), "nobody would watch" },
	{ "interface Gi0/0\n backup interface Gi0/0\n", "is said to stand in for itself" },
	{ "interface Gi0/0\n backup interface Gi0/1\ninterface Gi0/1\n backup interface Gi0/0\n", "GigabitEthernet0/1, GigabitEthernet0/0 stand in for each other in a ring of 2" },
	{ "interface Gi0/0\n backup interface Gi0/1\ninterface Gi0/1\n backup interface Gi0/2\ninterface Gi0/2\n backup interface Gi0/0\n",
	  "GigabitEthernet0/2, GigabitEthernet0/0, GigabitEthernet0/1 stand in for each other in a ring of 3" },
};

static void each_is_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
		struct config *c = read_text(wrongs[i].text);
		bool found = false;

		for (size_t k = 0; k < c->line_count; k++)
			found |= c->lines[k].state == CONFIG_ERROR && strstr(c->lines[k].reason, wrongs[i].reason) &&
				 c->lines[k].remedy;
		if (!found)
			fail_msg("not found: %s", wrongs[i].reason);
		config_free(c);
	}
}

static const char *const rights[] = {
	MGRE(0, " tunnel key 1\n" NHS(0) ADDRESS(0)) MGRE(1, " tunnel key 2\n" NHS(1) ADDRESS(1) " nhrp warm Tunnel0 every 300 delay 0\n")
	MGRE(2, " tunnel key 3\n" NHS(2) ADDRESS(2) " nhrp warm Tunnel1\n"),
	MGRE(0, " tunnel key 1\n") MGRE(1, " tunnel key 2\n"),
	MGRE(0, " ip nhrp nhs 10.0.0.1\n ip nhrp map 10.0.0.1 192.0.2.1\n"),
	P2P(0, " ip nhrp nhs 10.0.0.1\n"),
	P2P(0, " ip nhrp nhs 10.0.0.1 nbma 192.0.2.1\n ip nhrp nhs 10.0.0.2\n ip nhrp map 10.0.0.2 192.0.2.2\n"),
	"vrf definition A\nvrf definition B\n" MGRE(0, " tunnel vrf A\n") MGRE(1, " tunnel vrf B\n"),
	MGRE(0, "") "interface Tunnel1\n tunnel source Gi0/0\n tunnel destination 192.0.2.1\n",
	"interface Tunnel0\n shutdown\n",
	MGRE(0, ADDRESS(0)) MGRE(1, ADDRESS(1)),
	P2P(0, TWO_NHS) MGRE(1, " tunnel key 1\n"),
	MGRE(0, " ip nhrp redirect partner 10.9.0.2 nbma 192.0.2.6\n"),
	"interface Gi0/0\n backup interface Gi0/1\ninterface Gi0/1\n backup interface Gi0/2\n",
	"interface Gi0/0\n backup interface Gi0/0\n backup interface Gi0/1\n",
};

static void nothing_is_found_where_all_is_well(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rights / sizeof rights[0]; i++) {
		struct config *c = read_text(rights[i]);

		for (size_t k = 0; k < c->line_count; k++)
			if (c->lines[k].state == CONFIG_ERROR)
				fail_msg("%s", c->lines[k].reason);
		config_free(c);
	}
}

static void second_processes_are_named(void **state)
{
	struct config *c = read_text("router eigrp 1\n network 10.0.0.0\nrouter eigrp 2\n network 10.0.0.0\n"
				     "router ospf 1\n redistribute eigrp 2\n redistribute eigrp 1\nip access-list extended NAT\n permit ip any any\n");

	(void)state;
	assert_line(c, 2, CONFIG_HONOURED, NULL);
	assert_line(c, 4, CONFIG_NOT_SUPPORTED, "one such process");
	assert_line(c, 6, CONFIG_NOT_SUPPORTED, "does not run that process");
	assert_line(c, 7, CONFIG_HONOURED, NULL);
	assert_line(c, 9, CONFIG_NO_EFFECT, "neither routing nor address translation refers");
	config_free(c);
}

static void keyless_twins_are_remarked(void **state)
{
	struct config *c = read_text(MGRE(0, ADDRESS(0)) MGRE(1, ADDRESS(1)));

	(void)state;
	assert_int_equal(config_practice_count(c), 1);
	assert_non_null(strstr(c->lines[5].practice, "Tunnel0 and Tunnel1 have the same source and key"));
	config_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_found),
		cmocka_unit_test(nothing_is_found_where_all_is_well),
		cmocka_unit_test(keyless_twins_are_remarked),
		cmocka_unit_test(second_processes_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
