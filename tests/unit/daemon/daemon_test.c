/* The parts of the control process that need neither kernel nor loop: log, state, underlay. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "daemon/confine.h"
#include "daemon/datapath_peers.h"
#include "daemon/kernel_entries.h"
#include "daemon/log.h"
#include "daemon/state.h"
#include "daemon/underlay.h"

static void test_log_is_bounded_per_cause(void **state)
{
	static struct log l;
	struct instant t = { 1000 };

	(void)state;
	log_init(&l);
	l.severity_max = -1; /* nothing to stderr here */
	for (int i = 0; i < 200; i++)
		log_printf(&l, t, 5, "STORM", "i=%d", i);
	log_write(&l, t, 5, "OTHER", "text");
	assert_int_equal(l.event_count, 51);
	assert_string_equal(log_event_at(&l, 50)->mnemonic, "OTHER");
	log_write(&l, instant_add(t, span_s(1)), 5, "STORM", "later");
	assert_string_equal(log_event_at(&l, 51)->text, "later");
	assert_null(log_event_at(&l, 52));
}

/* Who asks beforehand need not make the line, and it is counted all the same. */
static void test_log_says_what_it_would_hold_back(void **state)
{
	static struct log l;
	const struct instant t = { 1000 }, later = instant_add(t, span_s(1));
	size_t made = 0;

	(void)state;
	log_init(&l);
	l.severity_max = -1;
	for (int i = 0; i < 200; i++) {
		if (log_holds_back(&l, t, "STORM"))
			continue;
		log_write(&l, t, 5, "STORM", "text");
		made++;
	}
	assert_int_equal(made, 50);
	assert_int_equal(l.event_count, 50);
	assert_int_equal(l.bounds[0].held_back, 150);
	assert_false(log_holds_back(&l, t, "OTHER"));
	assert_false(log_holds_back(&l, later, "STORM")); /* and asking takes nothing */
	assert_false(log_holds_back(&l, later, "STORM"));
	log_write(&l, later, 5, "STORM", "later");
	assert_int_equal(l.event_count, 51);
}

static void test_log_ring_keeps_the_latest(void **state)
{
	static struct log l;

	(void)state;
	log_init(&l);
	l.severity_max = -1;
	for (int i = 0; i < LOG_EVENTS + 7; i++)
		log_printf(&l, instant_add(INSTANT_ZERO, span_s(i)), 5, "X", "%d", i);
	assert_int_equal(l.event_count, LOG_EVENTS);
	assert_string_equal(log_event_at(&l, 0)->text, "7");
	assert_string_equal(log_event_at(&l, LOG_EVENTS - 1)->text, "518");
}

static void test_state_never_goes_back(void **state)
{
	char folder[] = "/tmp/state-XXXXXX", path[64];
	struct state one, two;
	uint32_t first;

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(state_load(&one, folder, "router.cfg"), 0);
	assert_true(one.peer_id > 0 && one.peer_id >> 40 == 0);
	first = one.request_id;
	assert_int_equal(state_note_request(&one, first + 10), 0);
	assert_int_equal(state_load(&two, folder, "router.cfg"), 0);
	assert_true((int32_t)(two.request_id - (first + 10)) > 0);
	assert_true(two.peer_id >= one.peer_id);
	/* A block that is half used up is followed by another. */
	assert_int_equal(state_note_request(&two, two.request_id + 3000), 0);
	assert_int_equal(state_load(&one, folder, "router.cfg"), 0);
	assert_true((int32_t)(one.request_id - two.request_id) > 0);
	/* A broken file is a first start. */
	snprintf(path, sizeof path, "%s/router.cfg", folder);
	assert_int_equal(state_write_file(path, "dmvpn-state 1\npeer-id 99", 24), 0);
	assert_int_equal(state_load(&one, folder, "router.cfg"), 0);
	assert_true(one.peer_id != 99);
	unlink(path);
	rmdir(folder);
	assert_int_not_equal(state_load(&one, folder, "router.cfg"), 0);
}

static struct change link_change(bool add, int ifindex, const char *name, bool up, bool running)
{
	struct change c = { .type = CHANGE_LINK, .add = add, .ifindex = ifindex };

	snprintf(c.link.name, sizeof c.link.name, "%s", name);
	c.link.up = up;
	c.link.running = running;
	return c;
}

static struct change address_change(bool add, int ifindex, const char *addr, bool secondary)
{
	struct change c = { .type = CHANGE_ADDRESS, .add = add, .ifindex = ifindex };

	assert_true(ipaddr_parse(addr, &c.address.addr));
	c.address.prefix_len = 24;
	c.address.secondary = secondary;
	return c;
}

static bool take(struct underlay *u, struct change c)
{
	return underlay_take(u, &c);
}

static void expect_source(const struct underlay *u, const char *interface, const char *given, const char *wanted)
{
	struct ipaddr source = IPADDR_NONE, addr = IPADDR_NONE;
	char text[IPADDR_TEXT_MAX];
	const char *reason;

	if (given)
		assert_true(ipaddr_parse(given, &source));
	reason = underlay_source(u, interface, &source, given && source.family == IP_V6 ? IP_V6 : IP_V4, &addr);
	assert_string_equal(reason ? reason : ipaddr_format(&addr, text), wanted);
}

static void test_underlay_source(void **state)
{
	struct underlay u;

	(void)state;
	underlay_init(&u);
	expect_source(&u, "Gi0-0", NULL, "tunnel source: there is no interface Gi0-0");
	assert_true(take(&u, link_change(true, 2, "Gi0-0", false, false)));
	expect_source(&u, "Gi0-0", NULL, "tunnel source: interface Gi0-0 is down");
	assert_true(take(&u, link_change(true, 2, "Gi0-0", true, false)));
	expect_source(&u, "Gi0-0", NULL, "tunnel source: interface Gi0-0 has no carrier");
	assert_true(take(&u, link_change(true, 2, "Gi0-0", true, true)));
	assert_false(take(&u, link_change(true, 2, "Gi0-0", true, true)));
	expect_source(&u, "Gi0-0", NULL, "tunnel source: interface Gi0-0 has no IPv4 address");
	assert_true(take(&u, address_change(true, 2, "192.0.2.2", true)));
	assert_true(take(&u, address_change(true, 2, "192.0.2.1", false)));
	assert_false(take(&u, address_change(true, 2, "192.0.2.1", false)));
	expect_source(&u, "Gi0-0", NULL, "192.0.2.1");
	expect_source(&u, NULL, "192.0.2.2", "192.0.2.2");
	expect_source(&u, NULL, "192.0.2.3", "tunnel source: address 192.0.2.3 is not on this router");
	assert_true(take(&u, address_change(false, 2, "192.0.2.1", false)));
	expect_source(&u, "Gi0-0", NULL, "192.0.2.2");
	/* A dump that does not name the link any more. */
	take(&u, (struct change){ .type = CHANGE_DUMP_BEGIN });
	assert_true(take(&u, (struct change){ .type = CHANGE_DUMP_END }));
	expect_source(&u, "Gi0-0", NULL, "tunnel source: there is no interface Gi0-0");
	underlay_done(&u);
}

/* Of an uplink whose provider gives it another prefix, with privacy addresses (RFC 8981) beside the stable ones. */
static void test_underlay_renumbered(void **state)
{
	const struct ipaddr any6 = { .family = IP_V6 };
	struct change old = address_change(true, 2, "2001:db8:1::2", false);
	struct change fresh = address_change(true, 2, "2001:db8:2::2", false);
	struct ipaddr addr = IPADDR_NONE;
	struct underlay u;
	static const struct {
		bool old_deprecated, fresh_deprecated;
		const char *wanted;
	} steps[] = {
		{ false, false, "2001:db8:1::2" }, /* both are good: where it is, it stays */
		{ true, false, "2001:db8:2::2" },  /* the provider has taken the old prefix back */
		{ true, true, "2001:db8:2::9" },   /* a temporary address is better than one that goes */
		{ false, true, "2001:db8:1::2" },
	};

	(void)state;
	underlay_init(&u);
	take(&u, link_change(true, 2, "Gi0-0", true, true));
	assert_true(take(&u, address_change(true, 2, "fe80::2", false)));
	assert_true(take(&u, address_change(true, 2, "2001:db8:2::9", true)));
	assert_true(take(&u, old));
	assert_true(take(&u, fresh));
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		char text[IPADDR_TEXT_MAX];
		const bool differs = steps[i].old_deprecated != old.address.deprecated ||
				     steps[i].fresh_deprecated != fresh.address.deprecated;

		old.address.deprecated = steps[i].old_deprecated;
		fresh.address.deprecated = steps[i].fresh_deprecated;
		assert_int_equal(take(&u, old) + take(&u, fresh) > 0, differs);
		assert_false(take(&u, old));
		assert_null(underlay_source(&u, "Gi0-0", &any6, IP_V6, &addr));
		assert_string_equal(ipaddr_format(&addr, text), steps[i].wanted);
	}
	/* The old one stays usable for who asked for it by name. */
	expect_source(&u, NULL, "2001:db8:2::2", "2001:db8:2::2");
	old.address.prefix_len = 64;
	assert_true(take(&u, old));
	underlay_done(&u);
}

static void test_peers_are_found_in_any_order(void **state)
{
	static const uint64_t ids[] = { 7, 3, 9, 1, 0xffffffffff, 5, 2, 8, 4, 6, 10, 12, 11, 20, 19, 18, 17, 16 };
	const size_t count = sizeof ids / sizeof ids[0];
	struct datapath_peers l = { 0 };

	(void)state;
	for (size_t i = 0; i < count; i++) {
		assert_null(datapath_peers_find(&l, ids[i]));
		datapath_peers_get(&l, ids[i])->nbma.vrf = (uint32_t)i;
		datapath_peers_get(&l, ids[i])->multicast = i % 2;
	}
	assert_int_equal(l.count, count);
	assert_int_equal(datapath_peers_multicast_count(&l), count / 2);
	for (size_t i = 1; i < l.count; i++)
		assert_true(l.peers[i - 1].id < l.peers[i].id);
	for (size_t i = 0; i < count; i++) {
		struct datapath_peer *const p = datapath_peers_find(&l, ids[i]);

		assert_non_null(p);
		assert_int_equal(p->nbma.vrf, i);
		datapath_peers_del(&l, p);
		assert_null(datapath_peers_find(&l, ids[i]));
	}
	assert_int_equal(l.count, 0);
	datapath_peers_done(&l);
}

/* In a child: it holds for good. Programs can be started, nothing else that needs to be anybody. */
static void test_confined(void **state)
{
	pid_t child = fork();
	int status;

	(void)state;
	if (child == 0) {
		int rc = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -1 : confine();

		if (rc == -ENOSYS)
			_exit(0);
		if (rc < 0 || getppid() <= 0 || open("/dev/null", O_RDONLY | O_CLOEXEC) < 0)
			_exit(1);
		if (unshare(CLONE_NEWUSER) == 0 || errno != EPERM)
			_exit(2);
		execl("/bin/true", "true", (char *)NULL);
		_exit(3);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void leads_to(const struct kernel_entries *k, uint32_t addr, uint32_t nbma)
{
	const struct ipaddr a = ipaddr_v4(addr), wanted = ipaddr_v4(nbma);
	struct lladdr l;
	struct ipaddr got;

	assert_true(kernel_entry_get(k, &a, &l));
	got = lladdr_nbma(&l);
	assert_true(ipaddr_eq(&got, &wanted));
}

static void set_entry(struct kernel_entries *k, uint32_t addr, uint64_t peer, uint32_t nbma)
{
	const struct ipaddr a = ipaddr_v4(addr), n = ipaddr_v4(nbma);

	kernel_entry_set(k, &a, peer, &n);
}

enum { UNREACHED = 4 };

static bool reaches(const void *arg, uint64_t peer)
{
	(void)arg;
	return peer != UNREACHED;
}

/* Entries that are set while an NHS is dead; that those there already follow needs a kernel (tests/lab/acceptance/kernel_path.py). */
static void test_entries_of_the_dead_lead_to_the_living(void **state)
{
	const struct ipaddr relay = ipaddr_v4(0xc0000202), a = ipaddr_v4(0x0a000001);
	const uint64_t dead[] = { 1 };
	struct kernel_entries k;
	struct lladdr l;

	(void)state;
	kernel_entries_init(&k, reaches, NULL);
	set_entry(&k, 0x0a000001, 1, 0xc0000201);
	leads_to(&k, 0x0a000001, 0xc0000201);
	kernel_entry_del(&k, &a);
	assert_false(kernel_entry_get(&k, &a, &l));
	kernel_entries_dead(&k, 1, dead);
	set_entry(&k, 0x0a000001, 1, 0xc0000201); /* nobody lives: straight to it */
	leads_to(&k, 0x0a000001, 0xc0000201);
	kernel_entry_del(&k, &a);
	kernel_entries_look(&k, NULL, 0, &relay);
	set_entry(&k, 0x0a000001, 1, 0xc0000201);
	set_entry(&k, 0x0a000002, 2, 0xc0000202);
	leads_to(&k, 0x0a000001, 0xc0000202);
	leads_to(&k, 0x0a000002, 0xc0000202);
	set_entry(&k, 0x0a000001, 3, 0xc0000203); /* it has become another's */
	leads_to(&k, 0x0a000001, 0xc0000203);
	set_entry(&k, 0x0a000004, UNREACHED, 0xc0000204); /* its session is not up */
	leads_to(&k, 0x0a000004, 0xc0000202);
	kernel_entries_done(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_confined),
		cmocka_unit_test(test_log_is_bounded_per_cause), cmocka_unit_test(test_log_says_what_it_would_hold_back),
		cmocka_unit_test(test_log_ring_keeps_the_latest),
		cmocka_unit_test(test_state_never_goes_back), cmocka_unit_test(test_underlay_source),
		cmocka_unit_test(test_underlay_renumbered),
		cmocka_unit_test(test_peers_are_found_in_any_order),
		cmocka_unit_test(test_entries_of_the_dead_lead_to_the_living),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
