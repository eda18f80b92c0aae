/* Address translation at the router itself that takes hold of what belongs into a tunnel, or of the
 * tunnel's own packets. Here tunnels are kept out of it whatever the lines say (config/nat.h); elsewhere they are not. */
#include "config/nat.h"
#include "design/compare.h"
#include "design/design.h"
#include "design/said.h"

/* ---- what a rule takes in ---- */

static const struct access_entry *lists_permit(const struct access_list *lists, size_t count, const struct access_packet *p)
{
	for (size_t i = 0; i < count; i++) {
		const struct access_entry *e = access_list_decides(&lists[i], p);

		if (e && e->permits)
			return e;
	}
	return NULL;
}

static bool leaves_by(const struct nat_term *t, const struct config_interface *out)
{
	for (size_t i = 0; i < t->out_count; i++) {
		if (t->outs[i] == out)
			return true;
	}
	return !t->out_count;
}

/*
 * The line of the list that makes the rule take the packet in when it leaves by `out`; 0: it does not. What the next hop
 * is, is not known here: terms that ask for it take in nothing.
 */
static unsigned takes_in(const struct nat_rule *r, const struct access_packet *p, const struct config_interface *out)
{
	for (size_t i = 0; i < r->term_count; i++) {
		const struct nat_term *t = &r->terms[i];
		const struct access_entry *e = lists_permit(t->lists, t->list_count, p);

		if (!leaves_by(t, out) || t->next_hop_count || (t->list_count && !e))
			continue;
		return !t->permits ? 0 : e ? e->line : r->line;
	}
	return 0;
}

/* "list NAT" or "route-map DSL". */
static void name_of(const struct nat_rule *r, char out[80])
{
	char name[64] = "";

	if (said_word_after(r->text, "list", name))
		snprintf(out, 80, "list %s", name);
	else if (said_word_after(r->text, "route-map", name))
		snprintf(out, 80, "route-map %s", name);
	else
		snprintf(out, 80, "every list");
}

static void place_rule(struct design_finding *f, const struct config *c, const struct nat_rule *r, unsigned entry)
{
	char name[64];
	const struct config_block *named = NULL;

	finding_place(f, c, entry);
	if (said_word_after(r->text, "list", name)) {
		named = block_named(c, "ip access-list extended", name);
		named = named ? named : block_named(c, "ip access-list standard", name);
	}
	finding_place(f, c, named ? named->line : 0);
	finding_place(f, c, r->line);
}

static struct ipaddr peer_of(const struct design *d, const struct design_member *m)
{
	const uint32_t *in;
	size_t count;

	if (m->link_count)
		return d->members[d->links[m->first_link].to].nbma;
	in = design_incoming(d, design_member_number(d, m), &count);
	return count ? d->members[d->links[in[0]].from].nbma : IPADDR_NONE;
}

/* The rule also takes in what the router itself sends from the outside interface: the tunnel. */
static void catches_own(struct design *d, const struct design_member *m, const struct nat_rule *r)
{
	enum { GRE = 47 };
	const struct config *c = member_config(d, m);
	const struct access_packet p = { m->nbma, peer_of(d, m), GRE };
	struct design_finding *f;
	unsigned entry;
	char list[80];

	/* Only what leaves by that interface is translated. */
	if (ipaddr_is_none(&m->nbma) || !m->source || (r->interface && r->interface != m->source))
		return;
	entry = takes_in(r, &p, m->source);
	if (!entry)
		return;
	name_of(r, list);
	f = design_found(d, RULE_NAT_CATCHES_TUNNEL, "permit only the networks inside, or deny the router's own address first", "%s: %s of the address translation takes in the router's own packets, %s among them",
			 member_name(d, m), list, m->interface->ios_name);
	place_rule(f, c, r, entry);
	finding_place(f, c, m->interface->line);
	finding_place(f, c, m->source->line);
}

/* The tunnel counts as outside, and the rule takes in what goes to other sites. */
static void catches_sites(struct design *d, const struct design_member *m, const struct nat_rule *r)
{
	const struct config_said *outside = said_find(m->interface, "ip nat outside");
	const struct config *c = member_config(d, m);
	const struct config_address *far = m->link_count ? d->members[d->links[m->first_link].to].address : NULL;
	char list[80];

	for (size_t i = 0; outside && i < c->interface_count; i++) {
		const struct config_interface *lan = &c->interfaces[i];
		struct access_packet p = { .protocol = -1 };
		struct design_finding *f;
		unsigned entry;

		if (lan->is_tunnel || !lan->address_count || !said_find(lan, "ip nat inside"))
			continue;
		p.from = lan->addresses[0].addr;
		p.to = far ? far->addr : IPADDR_NONE;
		entry = takes_in(r, &p, m->interface);
		if (!entry)
			continue;
		name_of(r, list);
		f = design_found(d, RULE_NAT_CATCHES_TUNNEL, "take ip nat outside off the tunnel, or deny the other sites in the list first",
				 "%s: %s is an outside of the address translation, and %s takes in what goes to other sites", member_name(d, m), m->interface->ios_name, list);
		finding_place(f, c, outside->line);
		place_rule(f, c, r, entry);
		finding_place(f, c, m->interface->line);
		return;
	}
}

/* A line that gives all of the uplink away, or the ports of IKE, to a host inside. */
static void gives_away(struct design *d, const struct design_member *m, const struct nat_rule *r)
{
	enum { UDP = 17, IKE = 500, IKE_NAT = 4500 };
	const struct config *c = member_config(d, m);
	struct design_finding *f;
	char inside[IPADDR_TEXT_MAX];

	if (!m->source || (r->interface ? r->interface != m->source : ipaddr_is_none(&m->nbma) || !ipaddr_eq(&r->first, &m->nbma)) || r->len < 32)
		return;
	if (r->protocol && !(m->tunnel->protection_profile && r->protocol == UDP && (r->port == IKE || r->port == IKE_NAT)))
		return;
	f = design_found(d, RULE_NAT_CATCHES_TUNNEL, "name the ports that the host is asked at, and leave UDP 500 and 4500 out", "%s: the static translation to %s takes what comes for %s, which starts at %s", member_name(d, m),
			 ipaddr_format(&r->inside, inside), m->interface->ios_name, m->source->ios_name);
	finding_place(f, c, r->line);
	finding_place(f, c, m->interface->line);
	finding_place(f, c, m->source->line);
}

static void rules_of(struct design *d, const struct design_member *m, const struct nat *n)
{
	for (size_t i = 0; i < n->rule_count; i++) {
		if (n->rules[i].is_static) {
			gives_away(d, m, &n->rules[i]);
			continue;
		}
		catches_own(d, m, &n->rules[i]);
		catches_sites(d, m, &n->rules[i]);
	}
}

void rules_nat(struct design *d)
{
	for (size_t i = 0; i < d->member_count; i++) {
		struct nat *n = nat_new(member_config(d, &d->members[i]));

		if (n)
			rules_of(d, &d->members[i], n);
		nat_free(n);
	}
}
