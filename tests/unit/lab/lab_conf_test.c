/* lab.conf in, a plan with boxes, losses and hosts out; or the line that is wrong, and why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lab/plan.h"

#define HUB \
	"interface GigabitEthernet0/0\n ip address 192.0.2.2 255.255.255.252\n" \
	"ip route 0.0.0.0 0.0.0.0 192.0.2.1\n" \
	"interface Tunnel0\n ip address 10.100.0.1 255.255.255.0\n ip nhrp network-id 1\n" \
	" tunnel source GigabitEthernet0/0\n tunnel mode gre multipoint\n"
/* Both spokes use the numbers of a home router's LAN. */
#define SPOKE(n) \
	"interface GigabitEthernet0/0\n ip address 192.168.1.1" n " 255.255.255.0\n" \
	"ip route 0.0.0.0 0.0.0.0 192.168.1.1\n" \
	"interface GigabitEthernet0/1\n ip address 10.1." n ".1 255.255.255.0\n" \
	"interface Tunnel0\n ip address 10.100.0.1" n " 255.255.255.0\n ip nhrp network-id 1\n" \
	" ip nhrp map 10.100.0.1 192.0.2.2\n ip nhrp nhs 10.100.0.1\n" \
	" tunnel source GigabitEthernet0/0\n tunnel mode gre multipoint\n"
/* Two ways out, one with IPv6. */
#define DUAL \
	"interface eth0\n ip address 198.51.100.2 255.255.255.252\n" \
	"interface eth1\n ip address 198.51.100.6 255.255.255.252\n ipv6 address 2001:db8:1::2/64\n" \
	"ip route 0.0.0.0 0.0.0.0 198.51.100.1\nip route 0.0.0.0 0.0.0.0 198.51.100.5 20\n" \
	"interface eth2\n ip address 10.1.3.1 255.255.255.0\n"

enum { ROUTERS = 4 };

static const char *const names[ROUTERS] = { "hub1.cfg", "spoke1.cfg", "spoke2.cfg", "dual.cfg" };

struct scene {
	struct config *configs[ROUTERS];
	struct lab_conf *conf;
	struct lab_plan *plan;
	char error[512];
};

static void read_routers(struct scene *s)
{
	static const char *const texts[ROUTERS] = { HUB, SPOKE("1"), SPOKE("2"), DUAL };

	memset(s, 0, sizeof(*s));
	for (size_t i = 0; i < ROUTERS; i++)
		s->configs[i] = config_read_text(names[i], texts[i], strlen(texts[i]), s->error, sizeof(s->error));
}

static void plan_with(struct scene *s, const char *text)
{
	read_routers(s);
	s->conf = lab_conf_parse("dir/lab.conf", text, strlen(text), s->error, sizeof(s->error));
	if (s->conf)
		s->plan = lab_plan_new(ROUTERS, (const struct config *const *)s->configs, names, s->conf, s->error,
				       sizeof(s->error));
}

static void done(struct scene *s)
{
	lab_plan_free(s->plan);
	lab_conf_free(s->conf);
	for (size_t i = 0; i < ROUTERS; i++)
		config_free(s->configs[i]);
}

static struct lab_plan *good_plan(struct scene *s, const char *text)
{
	plan_with(s, text);
	if (!s->plan)
		fail_msg("refused: %s", s->error);
	return s->plan;
}

static const char *addr(const struct ipaddr *a)
{
	static char text[IPADDR_TEXT_MAX];

	return ipaddr_format(a, text);
}

static const struct lab_segment *segment_with(const struct lab_plan *p, size_t router, const char *ifname)
{
	for (size_t i = 0; i < p->segment_count; i++) {
		const struct lab_port *port = lab_segment_port(&p->segments[i], NODE_ROUTER, router);

		if (port && strcmp(port->ifname, ifname) == 0)
			return &p->segments[i];
	}
	fail_msg("no segment with %s", ifname);
	return NULL;
}

static void test_same_numbers_make_one_network_without_boxes(void **state)
{
	struct scene s;
	const struct lab_segment *g;

	(void)state;
	g = segment_with(good_plan(&s, "# nothing\n\n"), 1, "Gi0-0");
	assert_int_equal(g->kind, SEGMENT_LINK);
	assert_non_null(lab_segment_port(g, NODE_ROUTER, 2));
	done(&s);
}

static void test_a_box_for_each(void **state)
{
	struct scene s;
	struct lab_plan *p = good_plan(&s, "nat spoke1\r\nnat SPOKE2 gi0/0 # the second\n");
	const struct lab_segment *one, *two;
	const struct lab_port *wan;

	(void)state;
	assert_int_equal(p->nat_count, 2);
	assert_string_equal(addr(&p->nats[0].address), "203.0.113.2");
	assert_string_equal(addr(&p->nats[1].address), "203.0.113.6");
	one = segment_with(p, 1, "Gi0-0");
	two = segment_with(p, 2, "Gi0-0");
	assert_ptr_not_equal(one, two);
	/* The box has the next hop's address, and the router's uplink ends there. */
	assert_string_equal(addr(&lab_segment_port(one, NODE_NAT, 0)->addresses[0].addr), "192.168.1.1");
	assert_string_equal(addr(&lab_segment_port(two, NODE_NAT, 1)->addresses[0].addr), "192.168.1.1");
	assert_null(lab_segment_port(one, NODE_INTERNET, 0));
	assert_ptr_equal(lab_plan_uplink(p, 1), one);
	/* From there it goes on to the internet node, by default. */
	wan = lab_segment_port(&p->segments[p->segment_count - 2], NODE_NAT, 0);
	assert_string_equal(wan->ifname, LAB_NAT_OUTSIDE);
	assert_non_null(lab_segment_port(&p->segments[p->segment_count - 2], NODE_INTERNET, 0));
	assert_int_equal(p->routes[0].node, NODE_NAT);
	assert_string_equal(addr(&p->routes[0].gateway), "203.0.113.1");
	assert_int_equal(p->note_count, 0);
	done(&s);
}

static void test_one_box_for_two(void **state)
{
	struct scene s;
	struct lab_plan *p = good_plan(&s, "nat spoke1 spoke2 GigabitEthernet0/0\n");
	const struct lab_segment *g = segment_with(p, 1, "Gi0-0");

	(void)state;
	assert_int_equal(p->nat_count, 1);
	assert_int_equal(p->nats[0].member_count, 2);
	assert_ptr_equal(segment_with(p, 2, "Gi0-0"), g);
	assert_int_equal(g->port_count, 3);
	assert_non_null(lab_segment_port(g, NODE_NAT, 0));
	assert_int_equal(p->note_count, 1);
	assert_non_null(strstr(p->notes[0], "only tunnels protected by IPsec"));
	done(&s);
}

static void test_loss_is_made_across_the_cable(void **state)
{
	struct scene s;
	struct lab_plan *p = good_plan(&s, "nat spoke1\nloss spoke1 2.5%\nloss dual eth1 100\n");

	(void)state;
	assert_int_equal(p->loss_count, 2);
	assert_int_equal(p->losses[0].hundredths, 250);
	assert_int_equal(p->losses[1].hundredths, 10000);
	assert_int_equal(lab_segment_way_out(&p->segments[p->losses[0].segment])->node, NODE_NAT);
	assert_int_equal(lab_segment_way_out(&p->segments[p->losses[1].segment])->node, NODE_INTERNET);
	assert_ptr_equal(&p->segments[p->losses[1].segment], segment_with(p, 3, "eth1"));
	done(&s);
}

static void test_one_more_host(void **state)
{
	struct scene s;
	struct lab_plan *p = good_plan(&s, "host printer spoke1 Gi0/1 10.1.1.20\n");
	const struct lab_host *h = &p->hosts[p->host_count - 1];

	(void)state;
	assert_string_equal(h->name, "printer");
	assert_true(h->added);
	assert_string_equal(addr(&h->gateway4), "10.1.1.1");
	assert_int_equal(h->v4.len, 24);
	assert_int_equal(p->segments[h->segment].port_count, 3);
	assert_string_equal(p->hosts[0].name, "spoke1-host");
	done(&s);
}

static void test_what_is_wrong_is_said(void **state)
{
	static const struct { const char *text, *says[3]; } wrong[] = {
		{ "nat\n", { "lab.conf:1:", "too few words", "nat ROUTER [INTERFACE]" } },
		{ "\n# x\nbox spoke1\n", { "lab.conf:3:", "\"box\" is not known", "nat, loss, host" } },
		{ "nat spoke1 \x1b[2J\n", { "lab.conf:1:", "not plain ASCII", "" } },
		{ "nat spoke9\n", { "lab.conf:1:", "no router spoke9", "called as their files" } },
		{ "nat spoke1 Gi0/7\n", { "no interface Gi0/7", "not shut down", "" } },
		{ "nat spoke1 Tunnel0\n", { "no interface Tunnel0", "", "" } },
		{ "nat dual\n", { "dual has 2 uplinks", "write the interface", "" } },
		{ "nat dual eth1\n", { "IPv6", "take the interface's IPv6 address away", "" } },
		{ "nat dual eth2\n", { "eth2 does not lead to the internet", "", "" } },
		{ "nat spoke1\nnat spoke2 spoke1\n", { "lab.conf:2:", "behind a NAT box already", "once" } },
		{ "loss spoke1 0\n", { "\"0\" is no percentage", "0.01 to 100", "" } },
		{ "loss spoke1 nan\n", { "no percentage", "", "" } },
		{ "loss spoke1 spoke2 5\n", { "loss is of one uplink", "write a line for each", "" } },
		{ "loss spoke1 Gi0/1 5\n", { "does not lead to the internet", "", "" } },
		{ "loss hub1 5\nloss hub1 6\n", { "lab.conf:2:", "a loss already", "" } },
		{ "host a spoke1 Gi0/1\n", { "too few words", "host NAME ROUTER INTERFACE ADDRESS", "" } },
		{ "host a spoke1 Gi0/1 10.1.1.20 more\n", { "too many words", "", "" } },
		{ "host ../a spoke1 Gi0/1 10.1.1.20\n", { "no name for a host", "letters, digits", "" } },
		{ "host spoke2 spoke1 Gi0/1 10.1.1.20\n", { "the name spoke2 is taken", "", "" } },
		{ "nat spoke1\nhost nat1 spoke1 Gi0/1 10.1.1.20\n", { "the name nat1 is taken", "", "" } },
		{ "host a spoke1 Gi0/0 192.168.1.20\n", { "leads to the internet", "LAN", "" } },
		{ "host a spoke1 Gi0/1 10.1.2.20\n", { "no address on spoke1 Gi0/1", "subnet", "" } },
		{ "host a spoke1 Gi0/1 10.1.1.1\n", { "10.1.1.1 is in use", "", "" } },
		{ "host a spoke1 Gi0/1 10.1.1.9\nhost A spoke1 Gi0/1 10.1.1.8\n", { "lab.conf:2:", "taken", "" } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct scene s;

		plan_with(&s, wrong[i].text);
		if (s.plan)
			fail_msg("taken: %s", wrong[i].text);
		for (size_t k = 0; k < 3; k++)
			if (!strstr(s.error, wrong[i].says[k]))
				fail_msg("%s: \"%s\" is not said in \"%s\"", wrong[i].text, wrong[i].says[k], s.error);
		done(&s);
	}
}

/* Equal addresses on two cables of one box: no router could tell them apart. */
static void test_equal_numbers_on_one_box(void **state)
{
	struct config *configs[2];
	char error[512] = "";
	struct lab_conf *conf = lab_conf_parse("lab.conf", "nat a b\n", 8, error, sizeof(error));
	static const char text[] = "interface eth0\n ip address 192.168.1.2 255.255.255.0\n"
				   "ip route 0.0.0.0 0.0.0.0 192.168.1.1\n";
	const char *const both[] = { "a.cfg", "b.cfg" };

	(void)state;
	for (size_t i = 0; i < 2; i++)
		configs[i] = config_read_text(both[i], text, strlen(text), error, sizeof(error));
	assert_null(lab_plan_new(2, (const struct config *const *)configs, both, conf, error, sizeof(error)));
	assert_non_null(strstr(error, "the same numbers"));
	lab_conf_free(conf);
	config_free(configs[0]);
	config_free(configs[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_numbers_make_one_network_without_boxes),
		cmocka_unit_test(test_a_box_for_each),
		cmocka_unit_test(test_one_box_for_two),
		cmocka_unit_test(test_loss_is_made_across_the_cable),
		cmocka_unit_test(test_one_more_host),
		cmocka_unit_test(test_what_is_wrong_is_said),
		cmocka_unit_test(test_equal_numbers_on_one_box),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
