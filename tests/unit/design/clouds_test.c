/* Members, links, clouds: who is hub, which phase, how much there is to carry. */
#include "folder.h"

static void one_cloud(void **state)
{
	struct design_load load;
	const struct design_cloud *c;
	struct folder f;

	(void)state;
	folder_of(&f, HUB, SPOKE("10"));
	assert_silent(&f);
	assert_int_equal(f.d->cloud_count, 1);
	c = &f.d->clouds[0];
	assert_int_equal(c->hubs, 1);
	assert_int_equal(c->spokes, 2);
	assert_int_equal(c->phase, PHASE_3);
	assert_string_equal(design_kind(c), "one hub");
	assert_string_equal(member_name(f.d, design_in(f.d, c, 0)), "hub");
	assert_int_equal(f.d->link_count, 2);
	load = design_load(f.d, c);
	assert_int_equal(load.registrations, 2);
	assert_int_equal(load.spoke_sessions, 1);
	assert_int_equal(load.spoke_to_spoke, 1);
	/* 600 s of hold time, a third of it: two spokes make one in 100 s. */
	assert_true(load.registrations_per_s > 0.0099 && load.registrations_per_s < 0.0101);
	folder_done(&f);
}

static void phases(void **state)
{
	char *plain = with(HUB, " ip nhrp redirect\n", " no ip next-hop-self eigrp 7\n"), *no_shortcut[2];
	struct folder f = { 0 };

	(void)state;
	no_shortcut[0] = with(SPOKE("10"), " ip nhrp shortcut\n", "");
	no_shortcut[1] = with(SPOKE("18"), " ip nhrp shortcut\n", "");
	folder_add(&f, "hub.cfg", plain);
	folder_add(&f, "a.cfg", no_shortcut[0]);
	folder_add(&f, "b.cfg", no_shortcut[1]);
	folder_judge(&f);
	assert_int_equal(f.d->clouds[0].phase, PHASE_2);
	assert_silent(&f);
	folder_done(&f);
	for (size_t i = 0; i < 2; i++) {
		char *point = with(no_shortcut[i], "tunnel mode gre multipoint", "tunnel destination 192.0.2.2");

		free(no_shortcut[i]);
		no_shortcut[i] = point;
	}
	folder_add(&f, "hub.cfg", HUB);
	folder_add(&f, "a.cfg", no_shortcut[0]);
	folder_add(&f, "b.cfg", no_shortcut[1]);
	folder_judge(&f);
	assert_int_equal(f.d->clouds[0].phase, PHASE_1);
	assert_int_equal(design_load(f.d, &f.d->clouds[0]).spoke_to_spoke, 0);
	assert_silent(&f);
	folder_done(&f);
	free(plain);
	free(no_shortcut[0]);
	free(no_shortcut[1]);
}

/* A spoke with a wrong mask, or address, is still a spoke of that cloud. */
static void wrong_subnets_join(void **state)
{
	(void)state;
	at_spoke("10.0.0.10 255.255.255.0", "10.0.0.10 255.255.255.128", RULE_MASK_MISMATCH, "ip address 10.0.0.10");
	at_spoke("ip address 10.0.0.10", "ip address 10.0.9.10", RULE_NHS_OUTSIDE_SUBNET, "ip nhrp nhs");
}

/* Of two the hub is right; of more the majority is, even against the hub. */
static void majority_is_right(void **state)
{
	char *text = with(HUB, "tunnel key 5", "tunnel key 6");
	struct folder f;

	(void)state;
	folder_of(&f, text, SPOKE("10"));
	assert_string_equal(found(&f, RULE_KEY_MISMATCH)->places[0].file, "hub.cfg");
	folder_done(&f);
	folder_add(&f, "hub.cfg", text);
	folder_add(&f, "spoke.cfg", SPOKE("10"));
	folder_judge(&f);
	assert_string_equal(found(&f, RULE_KEY_MISMATCH)->places[0].file, "spoke.cfg");
	folder_done(&f);
	free(text);
}

/* One hub serves two customers who number their tunnels alike: each in a VRF of its own, with its own key. */
static void tenants(void **state)
{
	char *hub = with(HUB, "router eigrp 7\n", "vrf definition B\ninterface Tunnel1\n vrf forwarding B\n ip address 10.0.0.1 255.255.255.0\n ip mtu 1400\n ip tcp adjust-mss 1360\n"
			 " ip nhrp authentication Other\n ip nhrp network-id 2\n ip nhrp map multicast dynamic\n ip nhrp redirect\n tunnel source GigabitEthernet0/0\n"
			 " tunnel mode gre multipoint\n tunnel key 6\n tunnel protection ipsec profile P\nrouter eigrp 7\n");
	char *key = with(SPOKE("18"), "tunnel key 5", "tunnel key 6"), *spoke = with(key, "OneTwo", "Other");
	struct folder f = { 0 };

	(void)state;
	folder_add(&f, "hub.cfg", hub);
	folder_add(&f, "spoke10.cfg", SPOKE("10"));
	folder_add(&f, "spoke18.cfg", spoke);
	folder_judge(&f);
	assert_int_equal(f.d->cloud_count, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(f.d->clouds[i].hubs, 1);
		assert_int_equal(f.d->clouds[i].spokes, 1);
	}
	assert_null(found(&f, RULE_KEY_MISMATCH));
	assert_null(found(&f, RULE_AUTHENTICATION_MISMATCH));
	folder_done(&f);
	free(hub);
	free(key);
	free(spoke);
}

/* What thousands of tunnels of one router share is said once, in time that grows with their number only. */
static void many_tunnels(void **state)
{
	enum { TUNNELS = 3000 };
	char *text = malloc(TUNNELS * 200 + 200), *at = text;
	struct folder f = { 0 };

	(void)state;
	assert_non_null(text);
	at += sprintf(at, "hostname r\ninterface GigabitEthernet0/0\n ip address 192.0.2.1 255.255.255.0\n");
	for (unsigned i = 0; i < TUNNELS; i++)
		at += sprintf(at, "interface Tunnel%u\n ip address 10.%u.%u.1 255.255.255.0\n ip nhrp network-id 7\n ip nhrp map multicast dynamic\n"
			      " tunnel source GigabitEthernet0/0\n tunnel mode gre multipoint\n tunnel key %u\n", i, i / 256, i % 256, i);
	folder_add(&f, "r.cfg", text);
	free(text);
	folder_judge(&f);
	assert_int_equal(f.d->cloud_count, TUNNELS);
	assert_non_null(found(&f, RULE_NETWORK_ID_SHARED));
	for (size_t i = 0, seen = 0; i < f.d->finding_count; i++)
		assert_true((seen += f.d->findings[i].rule == RULE_NETWORK_ID_SHARED) <= 1);
	folder_done(&f);
}

/* Files without tunnels, and no files at all. */
static void nothing_there(void **state)
{
	struct folder f = { 0 };

	(void)state;
	folder_judge(&f);
	assert_int_equal(f.d->finding_count, 0);
	folder_done(&f);
	folder_add(&f, "isp.cfg", "hostname isp\ninterface Gi0/0\n ip address 192.0.2.1 255.255.255.252\n");
	folder_judge(&f);
	assert_int_equal(f.d->cloud_count, 0);
	assert_int_equal(f.d->finding_count, 0);
	folder_done(&f);
}

/* The gravest first, and what one line causes is one finding. */
static void order_of_findings(void **state)
{
	char *text = with(HUB, "ip mtu 1400", "ip mtu 1300");
	char *two = with(text, "OneTwo", "Three");
	struct folder f;

	(void)state;
	folder_of(&f, two, SPOKE("10"));
	assert_int_equal(f.d->findings[0].rule, RULE_AUTHENTICATION_MISMATCH);
	for (size_t i = 1; i < f.d->finding_count; i++)
		assert_true(f.d->findings[i - 1].severity <= f.d->findings[i].severity);
	assert_null(strstr(f.d->findings[0].text, "Three"));
	assert_non_null(strstr(f.d->findings[0].text, "hub"));
	folder_done(&f);
	free(text);
	free(two);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_cloud), cmocka_unit_test(phases), cmocka_unit_test(wrong_subnets_join),
		cmocka_unit_test(majority_is_right), cmocka_unit_test(nothing_there), cmocka_unit_test(order_of_findings), cmocka_unit_test(tenants), cmocka_unit_test(many_tunnels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
