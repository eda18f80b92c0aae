/* EIGRP as the files say it: who is whose neighbour, when eigrpd is not enough, and what BGP does in its place. */
#include "text.h"

#include "config/render_frr.h"

#define HUB_TUNNEL "hostname hub\ninterface Tunnel0\n ip address 10.0.0.1 255.255.255.0\n tunnel source 192.0.2.1\n tunnel mode gre multipoint\n" \
	" ip nhrp network-id 1\n"
#define SPOKE(n) "hostname spoke" #n "\nversion 15.4\ninterface Tunnel0\n ip address 10.0.0.1" #n " 255.255.255.0\n tunnel source 192.0.2.1" #n "\n" \
	" tunnel mode gre multipoint\n ip nhrp network-id 1\n ip nhrp nhs 10.0.0.1 nbma 192.0.2.1 multicast\n" \
	"interface GigabitEthernet0/1\n ip address 10.1." #n ".1 255.255.255.0\n"
#define ROUTER "router eigrp 7\n network 10.0.0.0\n"
#define DYNAMIC " ip nhrp map multicast dynamic\n"

struct pair {
	struct config *all[2];
	struct eigrp_neighbours n;
};

static struct pair pair_of(const char *hub, const char *spoke)
{
	struct pair p = { .all = { read_text(hub), read_text(spoke) } };

	assert_int_equal(eigrp_neighbours_find(2, (const struct config *const *)p.all, 0, &p.n), 0);
	return p;
}

static void pair_done(struct pair *p)
{
	eigrp_neighbours_done(&p->n);
	config_free(p->all[0]);
	config_free(p->all[1]);
}

/* why: NULL for neighbours; "" for nobody there. */
static void expect_neighbour(const char *hub, const char *spoke, const char *why)
{
	struct pair p = pair_of(hub, spoke);

	assert_int_equal(p.n.count, why && !*why ? 0 : 1);
	if (p.n.count && why)
		assert_string_equal(p.n.list[0].why_not, why);
	else if (p.n.count)
		assert_null(p.n.list[0].why_not);
	pair_done(&p);
}

static void neighbours_need_multicast_both_ways(void **state)
{
	(void)state;
	expect_neighbour(HUB_TUNNEL DYNAMIC "version 15.4\n" ROUTER, SPOKE(2) ROUTER, NULL);
	expect_neighbour(HUB_TUNNEL "version 15.4\n" ROUTER, SPOKE(2) ROUTER, "multicast is not sent both ways");
	expect_neighbour(HUB_TUNNEL "version 15.9\n" ROUTER, SPOKE(2) ROUTER, NULL);
	expect_neighbour(HUB_TUNNEL " no ip nhrp map multicast dynamic\n" ROUTER, SPOKE(2) ROUTER, "multicast is not sent both ways");
	expect_neighbour(HUB_TUNNEL "version 15.4\nrouter eigrp 7\n network 10.0.0.0\n neighbor 10.0.0.12 Tunnel0\n",
			 SPOKE(2) "router eigrp 7\n network 10.0.0.0\n neighbor 10.0.0.1 Tunnel0\n", NULL);
	expect_neighbour(SPOKE(3) ROUTER, SPOKE(2) ROUTER, "neither sends its multicast to the other");
}

static void a_release_that_is_not_named_is_taken_as_a_late_one(void **state)
{
	struct pair p = pair_of(HUB_TUNNEL ROUTER, SPOKE(2) ROUTER);

	(void)state;
	assert_int_equal(p.n.count, 1);
	assert_null(p.n.list[0].why_not);
	assert_true(p.n.list[0].assumed);
	pair_done(&p);
}

static void neighbours_share_process_subnet_and_key(void **state)
{
	static const char keys[] = "key chain K\n key 1\n  key-string one\n", other_keys[] = "key chain L\n key 1\n  key-string two\n";
	char hub[600], spoke[900], third[900];

	(void)state;
	expect_neighbour(HUB_TUNNEL DYNAMIC ROUTER, SPOKE(2) "router eigrp 8\n network 10.0.0.0\n", "");
	expect_neighbour(HUB_TUNNEL DYNAMIC ROUTER, SPOKE(2) "router eigrp 7\n network 10.1.2.0 0.0.0.255\n", "");
	expect_neighbour(HUB_TUNNEL DYNAMIC ROUTER, SPOKE(2) ROUTER " passive-interface Tunnel0\n", "one of them is passive there");
	snprintf(hub, sizeof hub, "%s" HUB_TUNNEL DYNAMIC " ip authentication mode eigrp 7 md5\n ip authentication key-chain eigrp 7 K\n" ROUTER, keys);
	snprintf(spoke, sizeof spoke, "%s" SPOKE(2) "router eigrp LONG\n address-family ipv4 unicast autonomous-system 7\n"
		 "  network 10.0.0.0\n  af-interface default\n   authentication mode md5\n   authentication key-chain K\n", keys);
	snprintf(third, sizeof third, "%s" SPOKE(2) "router eigrp LONG\n address-family ipv4 unicast autonomous-system 7\n"
		 "  network 10.0.0.0\n  af-interface Tunnel0\n   authentication mode md5\n   authentication key-chain L\n", other_keys);
	expect_neighbour(hub, spoke, NULL);
	expect_neighbour(hub, third, "their authentication differs");
	expect_neighbour(HUB_TUNNEL DYNAMIC ROUTER, spoke, "their authentication differs");
}

static bool wants(const char *text)
{
	struct config *c = read_text(text);
	const bool is = eigrp_wants_bgp(c);

	config_free(c);
	return is;
}

static void eigrpd_is_enough_for_plain_files(void **state)
{
	(void)state;
	assert_false(wants(SPOKE(2) ROUTER " no auto-summary\n"));
	assert_false(wants("router bgp 65000\n neighbor 10.0.0.1 remote-as 65001\n"));
	assert_true(wants(SPOKE(2) "interface Tunnel0\n no ip split-horizon eigrp 7\n" ROUTER));
	assert_true(wants(SPOKE(2) ROUTER " eigrp stub connected\n"));
	assert_true(wants(SPOKE(2) ROUTER "router eigrp 8\n network 10.0.0.0\n"));
	assert_true(wants(SPOKE(2) "router eigrp LONG\n address-family ipv4 unicast autonomous-system 7\n  network 10.0.0.0\n"
			  "  af-interface Tunnel0\n   summary-address 10.1.0.0 255.255.0.0\n"));
}

static char *render_first(struct pair *p)
{
	const struct frr_options options = { .eigrp = &p->n };
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	assert_int_equal(config_render_frr(p->all[0], &options, out), 0);
	fclose(out);
	return text;
}

static void has(const char *text, const char *line)
{
	if (!strstr(text, line))
		fail_msg("no \"%s\" in:\n%s", line, text);
}

static void each_line_has_its_place_in_bgp(void **state)
{
	struct pair p = pair_of(HUB_TUNNEL DYNAMIC " no ip split-horizon eigrp 7\n no ip next-hop-self eigrp 7\n ip summary-address eigrp 7 10.1.0.0 255.255.0.0\n"
				"interface GigabitEthernet0/1\n ip address 172.16.0.1 255.255.255.0\n"
				"router ospf 1\n network 172.16.0.0 0.0.0.255 area 0\n redistribute eigrp 7 subnets route-map OUT\n"
				"route-map IN deny 10\n match tag 5\nroute-map IN permit 20\n set tag 6\nroute-map OUT permit 10\n set tag 5\n"
				ROUTER " redistribute ospf 1 metric 100000 100 255 1 1500 route-map IN\n redistribute rip\n variance 2\n", SPOKE(2) ROUTER);
	char *text = render_first(&p);

	(void)state;
	has(text, "no ip split-horizon eigrp 7 -> what was learnt there is announced there again\n");
	has(text, "variance 2 -> no meaning");
	has(text, "! Tunnel0, process 7: 10.0.0.12 (spoke2) is a neighbour");
	has(text, "route-map eigrp-7-Tunnel0-out permit 10\n match ip address prefix-list eigrp-7-Tunnel0-summary\n");
	has(text, "  aggregate-address 10.1.0.0/16 route-map eigrp-summary\n");
	has(text, " match community eigrp-from-ospf\n set metric 200\n set community 64995:1 additive\n call eigrp-IN\n");
	has(text, "route-map eigrp-IN deny 10\n match community eigrp-tags-IN-10\n");
	has(text, " redistribute bgp route-map eigrp-to-ospf\n");
	has(text, " neighbor 10.0.0.12 remote-as external\n");
	has(text, "router bgp 4200000001\n");
	assert_null(strstr(text, " match community eigrp-on-Tunnel0\n")); /* split horizon is off */
	assert_null(strstr(text, "neighbor 10.0.0.12 next-hop-self"));
	assert_null(strstr(text, "  redistribute rip")); /* without a metric RIP's routes go nowhere */
	assert_null(strstr(text, "\nrouter eigrp"));
	free(text);
	pair_done(&p);
}

static void a_stub_lets_out_what_it_says(void **state)
{
	struct pair p = pair_of(SPOKE(2) ROUTER " eigrp stub connected\n redistribute static\n", HUB_TUNNEL DYNAMIC ROUTER);
	char *text = render_first(&p);

	(void)state;
	has(text, " match community eigrp-on-Tunnel0\n"); /* split horizon */
	has(text, " match community eigrp-own-7\n");
	has(text, "  neighbor 10.0.0.1 next-hop-self\n");
	assert_null(strstr(text, " match community eigrp-process-7\n"));
	assert_null(strstr(text, " match community eigrp-from-static\n"));
	free(text);
	pair_done(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(neighbours_need_multicast_both_ways),
		cmocka_unit_test(a_release_that_is_not_named_is_taken_as_a_late_one),
		cmocka_unit_test(neighbours_share_process_subnet_and_key),
		cmocka_unit_test(eigrpd_is_enough_for_plain_files),
		cmocka_unit_test(each_line_has_its_place_in_bgp),
		cmocka_unit_test(a_stub_lets_out_what_it_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
