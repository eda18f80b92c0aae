/* The planner: wishes read and refused, and what holds of every plan, whatever was wished. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/prng.h"
#include "design/plan_figure.h"

enum { RANDOM_WISHES = 4000 };

static bool parse(struct plan_wish *w, struct plan_refusals *r, const char *words)
{
	char text[300], *word[20], *save = NULL;
	size_t count = 0;

	snprintf(text, sizeof text, "%s", words);
	for (char *one = strtok_r(text, " ", &save); one; one = strtok_r(NULL, " ", &save))
		word[count++] = one;
	*w = (struct plan_wish){ 0 };
	*r = (struct plan_refusals){ 0 };
	return plan_wish_parse(w, r, count, word);
}

static void wishes_are_read_back(void **state)
{
	static const char *const wishes[] = {
		"spokes=2", "spokes=200 hubs=2 uplinks=1 phase=3 failover=1s routing=bgp", "spokes=10000 failover=60s",
		"spokes=7 failover=250ms design=one-hub-per-tunnel platform=cisco protection=none addresses=dhcp bfd=no balance=share",
	};
	struct plan_refusals r;
	struct plan_wish w;

	(void)state;
	for (size_t i = 0; i < sizeof wishes / sizeof wishes[0]; i++) {
		char *text;

		assert_true(parse(&w, &r, wishes[i]));
		text = plan_wish_text(&w);
		assert_string_equal(text, wishes[i]);
		free(text);
	}
	assert_true(parse(&w, &r, "spokes=3 failover=1.5s"));
	assert_int_equal(w.failover_ms, 1500);
	assert_true(parse(&w, &r, "spokes=3 failover=2min"));
	assert_int_equal(w.failover_ms, 120000);
}

static void every_wrong_wish_is_named(void **state)
{
	struct plan_refusals r;
	struct plan_wish w;

	(void)state;
	assert_false(parse(&w, &r, "spoke=2 hubs=0 phase=x =3 spokes= failover=99999min spokes=4294967298 "
			       "averylongnamethatnobodywouldwriteforawishinanylanguage=1"));
	assert_int_equal(r.count, 8);
	assert_string_equal(r.at[0].wish, "spoke=2");
	assert_string_equal(r.at[0].remedy, "did you mean spokes=…?");
	for (size_t i = 0; i < r.count; i++) {
		assert_true(r.at[i].reason && *r.at[i].reason);
		assert_true(r.at[i].remedy && *r.at[i].remedy);
	}
	plan_refusals_done(&r);
	assert_null(r.at);
}

/* ---- what holds of every plan ---- */

static struct plan_wish random_wish(struct prng *g)
{
	struct plan_wish w = { .spokes = 2 + (unsigned)prng_below(g, prng_below(g, 4) ? 300 : PLAN_SPOKES_MAX - 1) };

	w.hubs = (unsigned)prng_below(g, PLAN_HUBS_MAX + 1);
	w.uplinks = (unsigned)prng_below(g, PLAN_UPLINKS_MAX + 1);
	w.phase = (unsigned)prng_below(g, 4);
	w.design = (enum plan_design)prng_below(g, 3);
	w.routing = (enum plan_routing)prng_below(g, 6);
	w.platform = (enum plan_platform)prng_below(g, 3);
	w.protection = (enum plan_protection)prng_below(g, 4);
	w.addresses = (enum plan_addresses)prng_below(g, 3);
	w.bfd = (enum plan_bfd)prng_below(g, 3);
	w.balance = (enum plan_balance)prng_below(g, 3);
	w.failover_ms = prng_below(g, 2) ? 0 : 1 + (unsigned)prng_below(g, 5000);
	return w;
}

static void refusal_says_why(const struct plan_refusals *r)
{
	assert_true(r->count > 0);
	for (size_t i = 0; i < r->count; i++)
		assert_true(*r->at[i].wish && r->at[i].reason && *r->at[i].reason && *r->at[i].remedy);
}

static void wish_is_granted(const struct plan_wish *w, const struct plan *p)
{
	assert_int_equal(p->is.spokes, w->spokes);
	assert_true(!w->hubs || p->is.hubs == w->hubs);
	assert_true(!w->uplinks || p->is.uplinks == w->uplinks);
	assert_true(!w->phase || p->is.phase == w->phase);
	assert_true(!w->routing || p->is.routing == w->routing);
	assert_true(!w->design || p->is.hubs == 1 || p->is.design == w->design);
	assert_true(w->bfd != PLAN_BFD_NO || p->timers.bfd_ms == 0);
	for (size_t i = 0; i < p->outage_count; i++)
		assert_true(p->outages[i].lasts || !w->failover_ms || p->outages[i].at_most_ms <= w->failover_ms);
}

static void tunnels_are_apart(const struct plan *p)
{
	assert_true(p->tunnel_count >= 1 && p->tunnel_count <= PLAN_TUNNELS_MAX);
	for (size_t i = 0; i < p->tunnel_count; i++) {
		const struct plan_tunnel *t = &p->tunnels[i];
		const struct ipaddr last = plan_spoke_address(t, p->is.spokes), hub = plan_hub_address(t, p->is.hubs);

		assert_true(ipprefix_contains(&t->subnet, &last) && ipprefix_contains(&t->subnet, &hub));
		assert_true(ipaddr_cmp(&hub, &last) < 0);
		for (size_t k = 0; k < i; k++) {
			assert_false(ipprefix_covers(&t->subnet, &p->tunnels[k].subnet) || ipprefix_covers(&p->tunnels[k].subnet, &t->subnet));
			/* Two multipoint tunnels of a spoke on one uplink need keys. */
			assert_true(t->uplink != p->tunnels[k].uplink || !plan_is_multipoint(p) || (t->has_key && t->network_id != p->tunnels[k].network_id));
		}
	}
}

static void lans_are_apart(const struct plan *p)
{
	const struct ipprefix all = plan_spoke_lans(p), first = plan_spoke_lan(1), last = plan_spoke_lan(p->is.spokes), centre = plan_core_lan();

	assert_true(ipprefix_covers(&all, &first) && ipprefix_covers(&all, &last));
	assert_false(ipprefix_covers(&all, &centre));
	for (size_t i = 0; i < p->tunnel_count; i++)
		assert_false(ipprefix_covers(&all, &p->tunnels[i].subnet) || ipprefix_covers(&p->tunnels[i].subnet, &all));
}

static void everything_is_said(const struct plan *p)
{
	const struct plan_secrets s = { "key", "string" };
	struct plan_figure figure;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	plan_write_text(p, out);
	plan_figure_of(&figure, p);
	plan_figure_svg(&figure, out);
	plan_write_config(p, &s, PLAN_HUB, p->is.hubs, out);
	plan_write_config(p, &s, PLAN_SPOKE, p->is.spokes, out);
	if (p->core.count)
		plan_write_config(p, &s, PLAN_CORE, 0, out);
	fclose(out);
	assert_null(strstr(text, "(null)"));
	free(text);
	for (size_t i = 0; i < p->decisions.count; i++)
		assert_true(p->decisions.at[i].why && *p->decisions.at[i].why);
}

static void any_wish_is_granted_or_refused(void **state)
{
	unsigned granted = 0;
	struct prng g;

	(void)state;
	prng_init(&g, 7);
	for (unsigned i = 0; i < RANDOM_WISHES; i++) {
		const struct plan_wish w = random_wish(&g);
		struct plan_refusals r = { 0 };
		struct plan *p = plan_new(&w, &r);

		if (!p) {
			refusal_says_why(&r);
			plan_refusals_done(&r);
			continue;
		}
		assert_int_equal(r.count, 0);
		wish_is_granted(&w, p);
		tunnels_are_apart(p);
		lans_are_apart(p);
		if (i % 8 == 0)
			everything_is_said(p);
		granted++;
		plan_free(p);
	}
	assert_in_range(granted, RANDOM_WISHES / 10, RANDOM_WISHES * 9 / 10);
}

/* docs/bfd.md has the whole table. */
static void bfd_keeps_within_a_hubs_budget(void **state)
{
	(void)state;
	assert_int_equal(plan_bfd_interval(50, 1000), 50);
	assert_int_equal(plan_bfd_interval(50, 2000), 100);
	assert_int_equal(plan_bfd_interval(50, 5000), 250);
	assert_int_equal(plan_bfd_interval(300, 5000), 300);
	assert_int_equal(plan_bfd_interval(0, 5000), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wishes_are_read_back),
		cmocka_unit_test(every_wrong_wish_is_named),
		cmocka_unit_test(any_wish_is_granted_or_refused),
		cmocka_unit_test(bfd_keeps_within_a_hubs_budget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
