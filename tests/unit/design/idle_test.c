/* What a metered uplink carries while its tunnel rests, octet for octet where the arithmetic is simple. */
#include "folder.h"

#include "design/idle.h"

#define TUNNEL(n, rest) "interface Tunnel" n "\n ip address 10." n ".0.11 255.255.255.0\n tunnel source GigabitEthernet0/" n "\n tunnel mode gre multipoint\n" \
	" ip nhrp network-id " n "\n ip nhrp holdtime 600\n ip nhrp nhs 10." n ".0.1 nbma 192.0.2." n "\n" rest
#define UPLINKS "interface GigabitEthernet0/1\n ip address 198.51.100.1 255.255.255.252\ninterface GigabitEthernet0/2\n ip address 198.51.100.5 255.255.255.252\n"
#define SPOKE_BGP(timers) "router bgp 65000\n neighbor 10.2.0.1 remote-as 65000\n" timers
#define METERED_HUB "hostname hub\ninterface GigabitEthernet0/2\n ip address 192.0.2.2 255.255.255.0\ninterface Tunnel2\n ip address 10.2.0.1 255.255.255.0\n" \
	" tunnel source GigabitEthernet0/2\n tunnel mode gre multipoint\n ip nhrp network-id 2\n"
#define IKE(dpd) "crypto ikev2 keyring K\n peer ANY\n  address 0.0.0.0 0.0.0.0\n  pre-shared-key secret\ncrypto ikev2 profile I\n match identity remote any\n" dpd \
	" keyring local K\ncrypto ipsec transform-set T esp-gcm\n mode transport\ncrypto ipsec profile P\n set transform-set T\n set ikev2-profile I\n"

static struct idle rest_of(const char *spoke, const char *hub, bool resting)
{
	struct folder f = { 0 };
	struct idle i = { 0 };
	bool found = false;

	folder_add(&f, "spoke.cfg", spoke);
	if (hub)
		folder_add(&f, "hub.cfg", hub);
	folder_judge(&f);
	for (size_t k = 0; k < f.d->member_count; k++) {
		if (!f.d->members[k].tunnel->warm_behind)
			continue;
		i = idle_of(f.d, &f.d->members[k], resting);
		found = true;
	}
	assert_true(found);
	folder_done(&f);
	return i;
}

#define PLAIN(line) "hostname spoke\n" UPLINKS TUNNEL("1", "") TUNNEL("2", line)

static void plain(void **state)
{
	struct idle i = rest_of(PLAIN(" nhrp warm Tunnel1\n"), NULL, true);

	(void)state;
	/* Each 200 s: 112 and 160 octets of NHRP, 24 of IP and GRE around each. */
	assert_int_equal(i.octets[IDLE_REGISTRATION], 432 * (112 + 24 + 160 + 24));
	/* Each 120 s less a twentieth: two echoes of 80 octets. */
	assert_int_equal(i.octets[IDLE_PROBE], 86400 * 2 * (80 + 24) / 114);
	assert_int_equal(idle_total(&i), i.octets[IDLE_REGISTRATION] + i.octets[IDLE_PROBE]);
	i = rest_of(PLAIN(" nhrp warm Tunnel1 every 600\n"), NULL, true);
	assert_int_equal(i.octets[IDLE_REGISTRATION], 432 * (112 + 24 + 160 + 24)); /* no rarer than the hold time allows */
	assert_int_equal(i.octets[IDLE_PROBE], 86400 * 2 * (80 + 24) / 570);
	i = rest_of(PLAIN(" nhrp warm Tunnel1\n"), NULL, false);
	assert_true(i.octets[IDLE_PROBE] > 70000000);
	i = rest_of(PLAIN(" nhrp warm Tunnel1\n no ip nhrp probe\n"), NULL, true);
	assert_int_equal(i.octets[IDLE_PROBE], 0);
}

/* GRE 4 and 80 octets, two of ESP's own, to a multiple of four: 88; ESP 8, IV 8, tag 16, UDP 8, IP 20. */
static void sealed(void **state)
{
	struct idle i = rest_of(IKE(" dpd 3600 60 periodic\n") PLAIN(" nhrp warm Tunnel1\n tunnel protection ipsec profile P\n"), NULL, true);

	(void)state;
	assert_int_equal(i.octets[IDLE_PROBE], 86400 * 2 * (88 + 8 + 8 + 16 + 8 + 20) / 114);
	assert_int_equal(i.octets[IDLE_DPD], 0); /* nobody is asked who is heard more often */
	assert_int_equal(i.octets[IDLE_NAT], 4320 * 29);
	assert_int_equal(i.octets[IDLE_KEYS], 30 * 1500 + 2500);
	i = rest_of(IKE("") PLAIN(" nhrp warm Tunnel1\n tunnel protection ipsec profile P\n"), NULL, true);
	assert_int_equal(i.octets[IDLE_DPD], 2880 * 2 * 112);
	i = rest_of("crypto ikev2 dpd 60 5 periodic\n" IKE("") PLAIN(" nhrp warm Tunnel1\n tunnel protection ipsec profile P\n"), NULL, true);
	assert_int_equal(i.octets[IDLE_DPD], 1440 * 2 * 112);
}

static double bgp_s(const char *spoke, const char *hub)
{
	char text[4000], there[4000];

	snprintf(text, sizeof text, "%s" SPOKE_BGP("%s"), PLAIN(" nhrp warm Tunnel1\n"), spoke);
	snprintf(there, sizeof there, METERED_HUB "router bgp 65000\n neighbor 10.2.0.11 remote-as 65000\n%s", hub ? hub : "");
	return rest_of(text, hub ? there : NULL, true).every_s[IDLE_BGP];
}

/* What both ends say, and the shorter hold time of the two. */
static void bgp(void **state)
{
	(void)state;
	assert_int_equal(bgp_s("", ""), 60);
	assert_int_equal(bgp_s(" neighbor 10.2.0.1 timers 180 540\n", NULL), 180);
	assert_int_equal(bgp_s(" neighbor 10.2.0.1 timers 180 540\n", ""), 60);
	assert_int_equal(bgp_s(" neighbor 10.2.0.1 timers 180 540\n", " neighbor 10.2.0.11 timers 180 540\n"), 180);
	assert_int_equal(bgp_s(" timers bgp 180 540\n", " timers bgp 180 300\n"), 100);
}

/* Two keepalives of 71 octets, an acknowledgement of 52 for each, and the hub, which had heard nothing, asks once. */
static void bgp_octets(void **state)
{
	const char *const text = PLAIN(" nhrp warm Tunnel1\n") SPOKE_BGP(" neighbor 10.2.0.1 timers 180 540\n");
	struct idle i = rest_of(text, NULL, true);

	(void)state;
	assert_int_equal(i.octets[IDLE_BGP], 480 * (2 * (71 + 24 + 52 + 24) + 2 * (80 + 24)));
	i = rest_of(text, NULL, false);
	assert_int_equal(i.octets[IDLE_BGP], 480 * 2 * (71 + 24 + 52 + 24));
	i = rest_of(text, METERED_HUB " no ip nhrp probe\nrouter bgp 65000\n neighbor 10.2.0.11 remote-as 65000\n neighbor 10.2.0.11 timers 180 540\n", true);
	assert_int_equal(i.octets[IDLE_BGP], 480 * 2 * (71 + 24 + 52 + 24));
}

static void bfd(void **state)
{
	struct idle i = rest_of(PLAIN(" nhrp warm Tunnel1\n bfd interval 50 min_rx 50 multiplier 3\n"), NULL, true);

	(void)state;
	assert_int_equal(i.octets[IDLE_BFD], 86400 * 2 * (52 + 24) / 105);
	i = rest_of(PLAIN(" nhrp warm Tunnel1\n no nhrp bfd\n bfd interval 50 min_rx 50 multiplier 3\n"), NULL, true);
	assert_true(i.octets[IDLE_BFD] > 100000000);
	i = rest_of(PLAIN(" nhrp warm Tunnel1\n bfd interval 50 min_rx 50 multiplier 3\n"), METERED_HUB, true); /* the hub has none */
	assert_int_equal(i.octets[IDLE_BFD], 0);
}

static void expect_finding(const char *spoke, const char *what)
{
	struct folder f = { 0 };
	const struct design_finding *x;

	folder_add(&f, "spoke.cfg", spoke);
	folder_judge(&f);
	x = found(&f, RULE_METERED_UPLINK_TRAFFIC);
	assert_int_equal(!x, !what);
	if (what)
		assert_non_null(strstr(x->text, what));
	folder_done(&f);
}

#define OSPF " ip ospf 1 area 0\n ip ospf network point-to-multipoint\n"

static void more_than_a_megabyte(void **state)
{
	(void)state;
	expect_finding(PLAIN(" nhrp warm Tunnel1\n"), NULL);
	expect_finding(IKE("") PLAIN(" nhrp warm Tunnel1\n tunnel protection ipsec profile P\n"), "dead peer detection");
	expect_finding(IKE(" dpd 3600 60 periodic\n") PLAIN(" nhrp warm Tunnel1\n tunnel protection ipsec profile P\n"), NULL);
	expect_finding(PLAIN(" nhrp warm Tunnel1 every 10\n"), "probes");
	expect_finding(PLAIN(" nhrp warm Tunnel1\n ip ospf hello-interval 5\n" OSPF) "router ospf 1\n", "hellos");
	/* Two tunnels over one uplink: together. */
	expect_finding(PLAIN(" tunnel key 2\n nhrp warm Tunnel1 every 40\n") "interface Tunnel3\n ip address 10.3.0.11 255.255.255.0\n tunnel source GigabitEthernet0/2\n"
		       " tunnel mode gre multipoint\n tunnel key 3\n ip nhrp network-id 3\n ip nhrp nhs 10.3.0.1 nbma 192.0.2.3\n nhrp warm Tunnel1 every 40\n",
		       "with the other warm tunnels");
	expect_finding(PLAIN(" tunnel key 2\n nhrp warm Tunnel1 every 40\n"), NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain), cmocka_unit_test(sealed), cmocka_unit_test(bgp), cmocka_unit_test(bgp_octets), cmocka_unit_test(bfd), cmocka_unit_test(more_than_a_megabyte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
