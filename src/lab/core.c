#include "lab/core.h"

#include <stdlib.h>
#include <string.h>

#include "config/eigrp.h"
#include "config/ospf.h"
#include "lab/memory.h"

/* OSPF is often switched on for users' LANs, too: only a subnet of at most six hosts is taken for a link between routers. */
enum { LINK_LEN = 29 };

struct text {
	char *chains, *interfaces, *family, *note;
	unsigned count, as;
	bool ospf; /* what is looked for; else EIGRP */
	unsigned lan; /* the core's own LAN is 198.19.LAN.0/24 */
};

static void add(char **text, char *more)
{
	char *joined = lab_printf("%s%s", *text ? *text : "", more);

	free(more);
	free(*text);
	*text = joined;
}

static bool linked_inside(const struct lab_plan *plan, size_t router)
{
	const struct lab_segment *s = lab_plan_inside(plan, router);

	return s && s->kind == SEGMENT_LINK;
}

static const struct lab_host *host_on(const struct lab_plan *plan, size_t segment)
{
	for (size_t i = 0; i < plan->host_count; i++)
		if (plan->hosts[i].segment == segment && !plan->hosts[i].added && !ipaddr_is_none(&plan->hosts[i].v4.addr))
			return &plan->hosts[i];
	return NULL;
}

/* The core's interface there; a[]: its address. Its number. */
static unsigned begin_end(struct text *t, const struct lab_router *r, const struct lab_host *h, const struct config_interface *i,
			  char a[IPADDR_TEXT_MAX])
{
	const struct ipaddr m = ipaddr_v4(h->v4.len ? ~0u << (32 - h->v4.len) : 0);
	const unsigned n = ++t->count;
	char mask[IPADDR_TEXT_MAX];

	ipaddr_format(&h->v4.addr, a);
	add(&t->interfaces, lab_printf("interface GigabitEthernet0/%u\n ip address %s %s\n", n, a, ipaddr_format(&m, mask)));
	add(&t->note, lab_printf("%s%s %s", n > 1 ? " and " : "", r->name, i->ios_name));
	return n;
}

/* An end of the hub's where its EIGRP looks for neighbours, and there is only a host: the core's side of it. */
static void add_end(struct text *t, const struct lab_plan *plan, const struct eigrp_process *p, const struct lab_host *h,
		    const struct config_interface *i, const struct eigrp_interface *says)
{
	const struct lab_router *r = &plan->routers[h->router];
	const char *key = says->authentication ? eigrp_key(r->config, says->key_chain) : NULL;
	char a[IPADDR_TEXT_MAX];
	unsigned n;

	t->as = p->as;
	n = begin_end(t, r, h, i, a);
	if (key)
		add(&t->chains, lab_printf("key chain HUB%u\n key 1\n  key-string %s\n", n, key));
	if (key)
		add(&t->family, lab_printf("  af-interface GigabitEthernet0/%u\n   authentication mode md5\n   authentication key-chain HUB%u\n"
					   "  exit-af-interface\n", n, n));
	add(&t->family, lab_printf("  network %s 0.0.0.0\n", a));
}

/* Whether a neighbour comes up hangs on these; cost and priority are each end's own. */
static bool both_ends_say(const char *line)
{
	return !strncmp(line, "ip ospf ", 8) && strncmp(line, "ip ospf cost", 12) != 0 && strncmp(line, "ip ospf priority", 16) != 0 &&
	       !strstr(line, " area ");
}

/* What all routers of an area must agree on: its kind and its authentication. */
static void add_area(struct text *t, const struct config_block *process, const char *area)
{
	char *whole = lab_printf("area %s ", area);

	for (size_t k = 0; k < process->line_count; k++) {
		const char *line = process->lines[k].text, *rest = line + strlen(whole);
		const bool kind = !strncmp(line, whole, strlen(whole)) && (!strncmp(rest, "stub", 4) || !strncmp(rest, "nssa", 4));
		char *said = NULL;

		if (kind)
			said = lab_printf(" %s%.4s\n", whole, rest);
		else if (!strncmp(line, whole, strlen(whole)) && !strncmp(rest, "authentication", 14))
			said = lab_printf(" %s\n", line);
		if (said && !(t->family && strstr(t->family, said)))
			add(&t->family, said);
		else
			free(said);
	}
	free(whole);
}

static void add_ospf_end(struct text *t, const struct lab_plan *plan, const struct lab_host *h, const struct config_interface *i,
			 const struct config_ospf_place *where)
{
	char a[IPADDR_TEXT_MAX];

	begin_end(t, &plan->routers[h->router], h, i, a);
	for (size_t k = 0; k < i->said_count; k++)
		if (both_ends_say(i->said[k].text))
			add(&t->interfaces, lab_printf(" %s\n", i->said[k].text));
	add_area(t, where->process, where->area);
	add(&t->family, lab_printf(" network %s 0.0.0.0 area %s\n", a, where->area));
}

static void look_for_ospf(struct text *t, const struct lab_plan *plan, const struct lab_host *h, const struct config *c,
			  const struct config_interface *i)
{
	struct config_ospf_place where;

	if (h->v4.len >= LINK_LEN && config_ospf_runs_on(c, i, &where) && !where.passive)
		add_ospf_end(t, plan, h, i, &where);
}

static void look_at(struct text *t, const struct lab_plan *plan, size_t segment, const struct lab_port *port)
{
	const struct config *c = plan->routers[port->index].config;
	const struct config_interface *i = &c->interfaces[port->interface];
	const struct lab_host *h = host_on(plan, segment);
	struct eigrp_process p = { 0 };
	struct eigrp_interface says;

	if (h && t->ospf) {
		look_for_ospf(t, plan, h, c, i);
		return;
	}
	while (h && eigrp_next(c, &p)) {
		if ((t->count && p.as != t->as) || !eigrp_runs_on(&p, i) || eigrp_interface_read(&p, i, &says) < 0)
			continue;
		if (!says.passive) {
			add_end(t, plan, &p, h, i, &says);
			h = NULL;
		}
		eigrp_interface_done(&says);
	}
}

static unsigned hubs_with_ends(struct text *t, const struct lab_plan *plan)
{
	unsigned hubs = 0;

	for (size_t r = 0; r < plan->router_count; r++) {
		const unsigned before = t->count;

		if (plan->routers[r].role != LAB_HUB)
			continue;
		if (linked_inside(plan, r))
			return 0;
		for (size_t s = 0; s < plan->segment_count; s++) {
			const struct lab_port *port = lab_segment_port(&plan->segments[s], NODE_ROUTER, r);

			if (port && plan->segments[s].kind == SEGMENT_LAN)
				look_at(t, plan, s, port);
		}
		hubs += t->count > before;
	}
	return hubs;
}

/* Nobody has an address there: labs and plans use 198.18.0.0/15 for uplinks, too. */
static bool is_free(const struct lab_plan *plan, const struct ipprefix *lan)
{
	for (size_t s = 0; s < plan->segment_count; s++)
		for (size_t p = 0; p < plan->segments[s].port_count; p++) {
			const struct lab_port *port = &plan->segments[s].ports[p];

			for (size_t a = 0; a < port->address_count; a++)
				if (ipprefix_contains(lan, &port->addresses[a].addr))
					return false;
		}
	return true;
}

static unsigned free_lan(const struct lab_plan *plan)
{
	unsigned n = 255;

	for (; n; n--) {
		const struct ipaddr a = ipaddr_v4(198u << 24 | 19u << 16 | n << 8);
		const struct ipprefix lan = ipprefix_make(&a, 24);

		if (is_free(plan, &lan))
			break;
	}
	return n;
}

static char *process_of(const struct text *t)
{
	if (t->ospf)
		return lab_printf("router ospf 1\n passive-interface GigabitEthernet0/0\n%s network 198.19.%u.0 0.0.0.255 area %s\n", t->family,
				  t->lan, strrchr(t->family, ' ') + 1);
	return lab_printf("router eigrp LAB\n address-family ipv4 unicast autonomous-system %u\n  af-interface GigabitEthernet0/0\n"
			  "   passive-interface\n  exit-af-interface\n%s  network 198.19.%u.0 0.0.0.255\n", t->as, t->family, t->lan);
}

/* By one protocol; NULL: none is missing. */
static char *core_for(const struct lab_plan *plan, bool ospf, char **note)
{
	struct text t = { .ospf = ospf, .lan = free_lan(plan) };
	char *config = NULL;

	if (hubs_with_ends(&t, plan) > 1) {
		char *process = process_of(&t);

		config = lab_printf("hostname " LAB_CORE_NAME "\n%sinterface GigabitEthernet0/0\n ip address 198.19.%u.1 255.255.255.0\n%s%s",
				    t.chains ? t.chains : "", t.lan, t.interfaces, process);
		*note = lab_printf(LAB_CORE_NAME " is supplied, with the LAN 198.19.%u.0/24: %s speak %s to a router that no file describes, "
				   "and without it the hubs have no way to each other", t.lan, t.note, ospf ? "OSPF" : "EIGRP");
		free(process);
	}
	free(t.chains);
	free(t.interfaces);
	free(t.family);
	free(t.note);
	return config;
}

char *lab_missing_core(const struct lab_plan *plan, char **note)
{
	char *config;

	*note = NULL;
	config = core_for(plan, false, note);
	return config ? config : core_for(plan, true, note);
}
