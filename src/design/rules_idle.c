/* What a metered uplink carries while it only stands by (idle.h). */
#include <string.h>

#include "design/idle.h"
#include "design/said.h"

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

/* Tunnels over one uplink are paid for together. */
static bool same_uplink(const struct design_member *a, const struct design_member *b)
{
	return a->router == b->router && a->tunnel->warm_behind && b->tunnel->warm_behind && same_text(a->tunnel->source_interface, b->tunnel->source_interface) &&
	       ipaddr_eq(&a->tunnel->source, &b->tunnel->source) && a->tunnel->vrf == b->tunnel->vrf;
}

static bool is_first(const struct design *d, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (same_uplink(&d->members[i], &d->members[at]))
			return false;
	return true;
}

static void look_at(struct design *d, size_t at)
{
	const struct design_member *const m = &d->members[at];
	struct idle all = { 0 };
	enum idle_kind largest;
	struct design_finding *f;
	size_t tunnels = 0;

	for (size_t i = at; i < d->member_count; i++) {
		const struct idle one = same_uplink(m, &d->members[i]) ? idle_of(d, &d->members[i], true) : (struct idle){ 0 };

		tunnels += same_uplink(m, &d->members[i]);
		for (unsigned k = 0; k < IDLE_KINDS; k++)
			all.octets[k] += one.octets[k];
	}
	if (idle_total(&all) <= IDLE_OCTETS_MAX)
		return;
	largest = idle_largest(&all);
	f = design_found(d, RULE_METERED_UPLINK_TRAFFIC, idle_remedy(largest), "%s %s rests, and %s carries %.2f MB a day all the same; %.2f MB of them are %s",
			 member_name(d, m), m->interface->ios_name, tunnels > 1 ? "with the other warm tunnels its uplink" : "its uplink",
			 (double)idle_total(&all) / 1e6, (double)all.octets[largest] / 1e6, idle_name(largest));
	finding_place(f, member_config(d, m), said_line(m->interface, "nhrp warm"));
}

void rules_idle(struct design *d)
{
	for (size_t i = 0; i < d->member_count; i++)
		if (d->members[i].tunnel->warm_behind && is_first(d, i))
			look_at(d, i);
}
