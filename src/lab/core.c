#include "lab/core.h"

#include <stdlib.h>
#include <string.h>

#include "config/eigrp.h"
#include "lab/memory.h"

struct text {
	char *chains, *interfaces, *family, *note;
	unsigned count, as;
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

/* An end of the hub's where its EIGRP looks for neighbours, and there is only a host: the core's side of it. */
static void add_end(struct text *t, const struct lab_plan *plan, const struct eigrp_process *p, const struct lab_host *h,
		    const struct config_interface *i, const struct eigrp_interface *says)
{
	const struct lab_router *r = &plan->routers[h->router];
	const char *key = says->authentication ? eigrp_key(r->config, says->key_chain) : NULL;
	const unsigned n = ++t->count;
	char a[IPADDR_TEXT_MAX], mask[IPADDR_TEXT_MAX];
	struct ipaddr m = ipaddr_v4(h->v4.len ? ~0u << (32 - h->v4.len) : 0);

	t->as = p->as;
	ipaddr_format(&h->v4.addr, a);
	if (key)
		add(&t->chains, lab_printf("key chain HUB%u\n key 1\n  key-string %s\n", n, key));
	add(&t->interfaces, lab_printf("interface GigabitEthernet0/%u\n ip address %s %s\n", n, a, ipaddr_format(&m, mask)));
	if (key)
		add(&t->family, lab_printf("  af-interface GigabitEthernet0/%u\n   authentication mode md5\n   authentication key-chain HUB%u\n"
					   "  exit-af-interface\n", n, n));
	add(&t->family, lab_printf("  network %s 0.0.0.0\n", a));
	add(&t->note, lab_printf("%s%s %s", n > 1 ? " and " : "", r->name, i->ios_name));
}

static void look_at(struct text *t, const struct lab_plan *plan, size_t segment, const struct lab_port *port)
{
	const struct config *c = plan->routers[port->index].config;
	const struct config_interface *i = &c->interfaces[port->interface];
	const struct lab_host *h = host_on(plan, segment);
	struct eigrp_process p = { 0 };
	struct eigrp_interface says;

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

char *lab_missing_core(const struct lab_plan *plan, char **note)
{
	struct text t = { 0 };
	char *config = NULL;

	*note = NULL;
	if (hubs_with_ends(&t, plan) > 1) {
		config = lab_printf("hostname " LAB_CORE_NAME "\n%sinterface GigabitEthernet0/0\n ip address 198.18.0.1 255.255.255.0\n%s"
				    "router eigrp LAB\n address-family ipv4 unicast autonomous-system %u\n  af-interface GigabitEthernet0/0\n"
				    "   passive-interface\n  exit-af-interface\n%s  network 198.18.0.0 0.0.0.255\n",
				    t.chains ? t.chains : "", t.interfaces, t.as, t.family);
		*note = lab_printf(LAB_CORE_NAME " is supplied, with the LAN 198.18.0.0/24: %s speak EIGRP to a router that no file describes, "
				   "and without it the hubs have no way to each other", t.note);
	}
	free(t.chains);
	free(t.interfaces);
	free(t.family);
	free(t.note);
	return config;
}
