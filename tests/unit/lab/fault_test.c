/* The words that name faults, and which pairs a fault can have touched. Nothing is broken here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lab/fault.h"
#include "lab/lab_conf.h"
#include "lab/nhrpd.h"

enum { ROUTERS = 5, HUB1 = 0, HUB2, CORE, SPOKE1, SPOKE2 };

struct fixture {
	struct config *configs[ROUTERS];
	struct lab lab;
};

#define HUB(n, nbma, inside, overlay) \
	"hostname hub" n "\ninterface GigabitEthernet0/0\n ip address " nbma ".2 255.255.255.252\n" \
	"ip route 0.0.0.0 0.0.0.0 " nbma ".1\n" \
	"interface GigabitEthernet0/1\n ip address " inside ".1 255.255.255.252\n" \
	"interface Tunnel0\n ip address " overlay " 255.255.255.0\n ip nhrp network-id 1\n" \
	" tunnel source GigabitEthernet0/0\n tunnel mode gre multipoint\n"
#define CORE_TEXT \
	"hostname core\ninterface GigabitEthernet0/1\n ip address 10.255.1.2 255.255.255.252\n" \
	"interface GigabitEthernet0/2\n ip address 10.255.2.2 255.255.255.252\n" \
	"interface GigabitEthernet0/3\n ip address 10.0.0.1 255.255.255.0\n"
#define SPOKE(n, mode) \
	"hostname spoke" n "\ninterface GigabitEthernet0/0\n ip address 198.51." n ".2 255.255.255.252\n" \
	"ip route 0.0.0.0 0.0.0.0 198.51." n ".1\n" \
	"interface GigabitEthernet0/1\n ip address 10.1." n ".1 255.255.255.0\n" \
	"interface Tunnel0\n ip address 10.100.0.1" n " 255.255.255.0\n ip nhrp network-id 1\n" \
	" ip nhrp map 10.100.0.1 192.0.2.2\n ip nhrp nhs 10.100.0.1\n" \
	" tunnel source GigabitEthernet0/0\n " mode "\n"
#define MULTIPOINT "tunnel mode gre multipoint"
#define TO_HUB1 "tunnel destination 192.0.2.2"

static void build_with(struct fixture *f, const char *mode1, const char *mode2, const struct lab_conf *conf)
{
	static const char *const names[ROUTERS] = { "hub1", "hub2", "core", "spoke1", "spoke2" };
	char spokes[2][1024], error[256] = "";
	const char *texts[ROUTERS] = { HUB("1", "192.0.2", "10.255.1", "10.100.0.1"), HUB("2", "192.0.3", "10.255.2", "10.100.0.2"),
				       CORE_TEXT, spokes[0], spokes[1] };

	snprintf(spokes[0], sizeof(spokes[0]), SPOKE("1", "%s"), mode1);
	snprintf(spokes[1], sizeof(spokes[1]), SPOKE("2", "%s"), mode2);
	memset(f, 0, sizeof(*f));
	for (size_t i = 0; i < ROUTERS; i++) {
		f->configs[i] = config_read_text(names[i], texts[i], strlen(texts[i]), error, sizeof(error));
		assert_non_null(f->configs[i]);
	}
	f->lab.datapath = (char *)(uintptr_t)"user";
	f->lab.plan = lab_plan_new(ROUTERS, (const struct config *const *)f->configs, names, conf, error, sizeof(error));
	assert_non_null(f->lab.plan);
}

static void build(struct fixture *f, const char *mode1, const char *mode2)
{
	build_with(f, mode1, mode2, NULL);
}

static void done(struct fixture *f)
{
	lab_plan_free(f->lab.plan);
	for (size_t i = 0; i < ROUTERS; i++)
		config_free(f->configs[i]);
}

/* The names that a list stands for, with blanks between them; or the complaint after a '!'. */
static const char *names(const struct fixture *f, const char *list)
{
	static char out[8192];
	char error[512] = "";
	struct fault *faults;
	size_t count, length = 0;

	out[0] = 0;
	if (faults_parse(&f->lab, list, false, &faults, &count, error, sizeof(error)) != 0) {
		assert_null(faults);
		assert_int_equal(count, 0);
		assert_true(error[0]);
		snprintf(out, sizeof(out), "!%s", error);
		return out;
	}
	for (size_t i = 0; i < count; i++)
		length += (size_t)snprintf(out + length, sizeof(out) - length, "%s%s", i ? " " : "", faults[i].name);
	free(faults);
	return out;
}

static struct fault one(const struct fixture *f, const char *word)
{
	char error[512] = "";
	struct fault *faults, only;
	size_t count;

	if (faults_parse(&f->lab, word, false, &faults, &count, error, sizeof(error)) != 0)
		fail_msg("%s: %s", word, error);
	assert_int_equal(count, 1);
	only = faults[0];
	free(faults);
	return only;
}

static void test_without_a_router_on_every_hub_or_the_first_spoke(void **state)
{
	struct fixture f;

	(void)state;
	build(&f, MULTIPOINT, MULTIPOINT);
	assert_string_equal(names(&f, "none"), "");
	assert_string_equal(names(&f, "kill"), "kill@hub1 kill@hub2");
	assert_string_equal(names(&f, "uplink@spoke2,loss:20"), "uplink@spoke2 loss:20@hub1 loss:20@hub2");
	assert_string_equal(names(&f, "direct,address"), "direct@spoke1 address@spoke1");
	done(&f);
}

static void test_words_and_their_meaning(void **state)
{
	struct fixture f;
	struct fault x;

	(void)state;
	build(&f, MULTIPOINT, MULTIPOINT);
	x = one(&f, "blackhole:in:nhrp@hub2");
	assert_true(x.parts[0].kind == FAULT_BLACKHOLE && x.parts[0].router == HUB2 && x.parts[0].way == FAULT_IN &&
		    x.parts[0].packets == FAULT_NHRP);
	x = one(&f, "blackhole@hub1");
	assert_true(x.parts[0].way == FAULT_BOTH && x.parts[0].packets == FAULT_ALL_PACKETS);
	assert_int_equal(one(&f, "loss@hub1").parts[0].amount, 5);
	assert_int_equal(one(&f, "flap@hub1").parts[0].amount, 20);
	assert_int_equal(one(&f, "flap:3@hub1").parts[0].amount, 3);
	assert_int_equal(one(&f, "overload:50@hub1").parts[0].amount, 50);
	assert_int_equal(one(&f, "direct@spoke2").parts[0].peer, SPOKE1);
	assert_int_equal(one(&f, "direct:spoke2@spoke1").parts[0].peer, SPOKE2);
	done(&f);
}

static int nhrpd_on(struct fixture *f, const char *list)
{
	char error[256] = "";

	f->lab.nhrpd = (char *)(uintptr_t)list;
	return nhrpd_check(&f->lab, error, sizeof(error));
}

static void test_nhrpd_in_our_place(void **state)
{
	struct fixture f;

	(void)state;
	build(&f, MULTIPOINT, MULTIPOINT);
	assert_int_equal(names(&f, "kill:nhrpd@hub1")[0], '!');
	assert_int_equal(nhrpd_on(&f, "hub9"), 2);
	assert_int_equal(nhrpd_on(&f, "hub1,core"), 2); /* has no tunnels */
	assert_int_equal(nhrpd_on(&f, ""), 0);
	assert_int_equal(nhrpd_on(&f, "spoke2,HUB1"), 0);
	assert_string_equal(names(&f, "kill:nhrpd@hub1,kill:control@hub2"), "kill:nhrpd@hub1 kill:control@hub2");
	assert_int_equal(names(&f, "kill:control@hub1")[0], '!');
	assert_int_equal(names(&f, "kill:nhrpd@spoke1")[0], '!');
	done(&f);
}

static void test_together_and_in_turn(void **state)
{
	struct fixture f;
	struct fault x;

	(void)state;
	build(&f, MULTIPOINT, MULTIPOINT);
	x = one(&f, "kill@hub1+uplink@hub2");
	assert_true(x.part_count == 2 && !x.in_turn && x.parts[1].kind == FAULT_UPLINK && x.parts[1].router == HUB2);
	assert_string_equal(x.name, "kill@hub1+uplink@hub2");
	x = one(&f, "kill@hub1/kill@hub2");
	assert_true(x.part_count == 2 && x.in_turn && x.parts[0].router == HUB1 && x.parts[1].router == HUB2);
	done(&f);
}

static void test_what_cannot_be_is_refused(void **state)
{
	static const char *const wrong[] = {
		"", "frobnicate", "kill:", "kill:init@hub1", "kill@nobody", "uplink:5@hub1", "loss:0@hub1", "loss:101@hub1",
		"loss:5x@hub1", "flap:41@hub1", "overload:100@hub1", "blackhole:up@hub1", "blackhole:esp@hub1", "blackhole:ike@hub1",
		"inside@", "uplink@core", "tunnel@core", "kill:fwd@core", "direct:hub9@spoke1", "kill@hub1+kill",
		"kill@hub1+kill@hub2/kill@hub1", "kill@hub1+", "kill:bgpd@hub1", "direct:spoke1@spoke1",
		"kill@hub1+kill@hub2+kill@spoke1+kill@spoke2+kill@core",
		"uplink:@hub1", "uplink:Gi0-1@hub1", "uplink:Gi0-9@hub1", "uplink:aNameThatIsTooLong@hub1", "rebind", "rebind@spoke2",
	};
	struct fixture f;

	(void)state;
	build(&f, MULTIPOINT, MULTIPOINT);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (names(&f, wrong[i])[0] != '!')
			fail_msg("\"%s\" is taken for \"%s\"", wrong[i], names(&f, wrong[i]));
	done(&f);
}

static bool has_word(const char *list, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = list; (at = strstr(at, word)); at += length)
		if ((at == list || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
			return true;
	return false;
}

static void test_all_is_what_can_be(void **state)
{
	static const char *const there[] = {
		"kill@hub1", "poweroff@hub2", "reboot@hub1", "flap@hub2", "blackhole:nhrp@hub1", "loss:20@hub2", "tunnel@hub1",
		"overload@hub2", "kill:fwd@hub1", "kill@hub1+uplink@hub1", "kill@hub1/kill@hub2", "direct@spoke1", "address@spoke1",
	};
	static const char *const not_there[] = { "blackhole:esp@hub1", "kill:charon@hub1", "kill:bgpd@hub1", "kill@spoke1" };
	struct fixture f;
	char all[8192];

	(void)state;
	build(&f, MULTIPOINT, MULTIPOINT);
	snprintf(all, sizeof(all), "%s", names(&f, "all"));
	for (size_t i = 0; i < sizeof(there) / sizeof(there[0]); i++)
		if (!has_word(all, there[i]))
			fail_msg("no %s in %s", there[i], all);
	for (size_t i = 0; i < sizeof(not_there) / sizeof(not_there[0]); i++)
		assert_false(has_word(all, not_there[i]));
	done(&f);
	build(&f, TO_HUB1, MULTIPOINT);
	assert_false(has_word(names(&f, "all"), "direct@spoke1"));
	done(&f);
}

static struct path path(size_t count, const size_t *routers)
{
	struct path p = { .complete = true, .count = count };

	memcpy(p.routers, routers, count * sizeof(*routers));
	return p;
}
#define PATH(...) path(sizeof((size_t[]){ __VA_ARGS__ }) / sizeof(size_t), (size_t[]){ __VA_ARGS__ })

static void test_only_paths_that_use_what_fails(void **state)
{
	struct fixture f;
	struct path relayed, direct, in, out;
	struct fault x;

	(void)state;
	build(&f, MULTIPOINT, MULTIPOINT);
	relayed = PATH(SPOKE1, HUB1, SPOKE2);
	direct = PATH(SPOKE1, SPOKE2);
	in = PATH(SPOKE1, HUB1, CORE);
	out = PATH(CORE, HUB1, SPOKE1);
	x = one(&f, "kill@hub1");
	assert_true(fault_affects(&f.lab, &x, &relayed) && fault_affects(&f.lab, &x, &in) && !fault_affects(&f.lab, &x, &direct));
	x = one(&f, "blackhole:in@hub1");
	assert_true(fault_affects(&f.lab, &x, &relayed) && fault_affects(&f.lab, &x, &in) && !fault_affects(&f.lab, &x, &out));
	x = one(&f, "blackhole:out@hub1");
	assert_true(fault_affects(&f.lab, &x, &relayed) && !fault_affects(&f.lab, &x, &in) && fault_affects(&f.lab, &x, &out));
	x = one(&f, "inside@hub1");
	assert_true(!fault_affects(&f.lab, &x, &relayed) && fault_affects(&f.lab, &x, &in) && fault_affects(&f.lab, &x, &out));
	x = one(&f, "direct@spoke1");
	assert_true(!fault_affects(&f.lab, &x, &relayed) && fault_affects(&f.lab, &x, &direct));
	x = one(&f, "kill@hub2+inside@hub1");
	assert_true(!fault_affects(&f.lab, &x, &relayed) && fault_affects(&f.lab, &x, &in));
	done(&f);
}

static size_t host_of(const struct lab_plan *plan, size_t router)
{
	for (size_t i = 0; i < plan->host_count; i++)
		if (plan->hosts[i].router == router)
			return i;
	fail_msg("no host");
	return 0;
}

static void test_who_is_behind_what_fails(void **state)
{
	static const struct { const char *word; bool cut_off; } cases[] = {
		{ "kill@spoke1", true }, { "kill:fwd@spoke1", false }, { "uplink@spoke1", true }, { "loss:20@spoke1", false },
		{ "loss:100@spoke1", true }, { "address@spoke1", false }, { "direct@spoke1", false }, { "overload@spoke1", false },
		{ "blackhole@spoke1", true }, { "blackhole:nhrp@spoke1", false }, { "kill@hub1", false },
	};
	struct fixture f;

	(void)state;
	build(&f, MULTIPOINT, MULTIPOINT);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fault x = one(&f, cases[i].word);

		if (fault_cuts_off(&f.lab, &x, host_of(f.lab.plan, SPOKE1)) != cases[i].cut_off)
			fail_msg("%s", cases[i].word);
	}
	done(&f);
}

static void test_mappings_of_a_box_and_one_of_several_ways_out(void **state)
{
	static const char text[] = "nat spoke2\n";
	char error[256] = "";
	struct lab_conf *const conf = lab_conf_parse("lab.conf", text, strlen(text), error, sizeof(error));
	struct fixture f;
	struct path direct = PATH(SPOKE1, SPOKE2), other = PATH(SPOKE1, HUB1, CORE);
	struct fault x;

	(void)state;
	assert_non_null(conf);
	build_with(&f, MULTIPOINT, MULTIPOINT, conf);
	assert_string_equal(names(&f, "rebind"), "rebind@spoke2"); /* the one that stands behind a box */
	x = one(&f, "rebind:7@spoke2");
	assert_true(x.parts[0].kind == FAULT_REBIND && x.parts[0].amount == 7);
	assert_int_equal(one(&f, "rebind@spoke2").parts[0].amount, 1);
	assert_int_equal(names(&f, "rebind:41@spoke2")[0], '!');
	assert_int_equal(names(&f, "rebind@spoke1")[0], '!');
	assert_true(has_word(names(&f, "all"), "rebind@spoke2"));
	assert_true(fault_affects(&f.lab, &x, &direct) && !fault_affects(&f.lab, &x, &other));
	assert_false(fault_cuts_off(&f.lab, &x, host_of(f.lab.plan, SPOKE2)));
	x = one(&f, "uplink:Gi0-0@spoke1");
	assert_string_equal(x.parts[0].interface, "Gi0-0");
	assert_false(fault_cuts_off(&f.lab, &x, host_of(f.lab.plan, SPOKE1)));
	assert_string_equal(one(&f, "uplink-far:Gi0-0@spoke2").parts[0].interface, "Gi0-0");
	done(&f);
	lab_conf_free(conf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_a_router_on_every_hub_or_the_first_spoke),
		cmocka_unit_test(test_words_and_their_meaning),
		cmocka_unit_test(test_nhrpd_in_our_place),
		cmocka_unit_test(test_together_and_in_turn),
		cmocka_unit_test(test_what_cannot_be_is_refused),
		cmocka_unit_test(test_all_is_what_can_be),
		cmocka_unit_test(test_only_paths_that_use_what_fails),
		cmocka_unit_test(test_who_is_behind_what_fails),
		cmocka_unit_test(test_mappings_of_a_box_and_one_of_several_ways_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
