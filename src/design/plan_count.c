/* plan_count: what each router has to do: sessions, registrations, messages. */
#include "design/plan.h"

#include "bfd/budget.h"

enum { PROBES_PER_S = 4, ECHO_MESSAGES = 2 };

static double routing_messages(const struct plan *p, unsigned neighbours)
{
	if (!p->timers.hello_s)
		return 0;
	/* Both ends say hello; RIP says all it knows. */
	return 2.0 * neighbours / p->timers.hello_s;
}

static double bfd_messages(const struct plan *p, unsigned sessions)
{
	return p->timers.bfd_ms ? bfd_packet_rate(sessions, span_ms(p->timers.bfd_effective_ms)) : 0;
}

static void count_hub(struct plan *p)
{
	struct plan_box *b = &p->hub;
	const unsigned clients = p->is.spokes * plan_hub_tunnels(p);
	const bool protected = p->is.protection != PLAN_UNPROTECTED, inside = p->is.hubs > 1;

	*b = (struct plan_box){ .name = "hub", .count = p->is.hubs, .tunnels = plan_hub_tunnels(p) };
	b->interfaces = b->tunnels + p->is.uplinks + 1;
	b->sessions = protected ? clients : 0;
	b->registrations = clients;
	b->registrations_per_s = clients / (double)p->timers.registration_s;
	b->nhrp_per_s = 2 * b->registrations_per_s;
	b->probes_per_s = p->is.platform == PLAN_DMVPN ? clients * (double)(PROBES_PER_S * ECHO_MESSAGES) : 0;
	b->neighbours = p->is.routing == PLAN_STATIC ? 0 : clients + inside;
	b->bfd_sessions = p->timers.bfd_ms ? clients : 0;
	b->routes = p->is.spokes;
	b->bfd_per_s = bfd_messages(p, b->bfd_sessions);
	if (inside && plan_core_has_bfd(p)) {
		b->bfd_sessions++;
		b->bfd_per_s += bfd_packet_rate(1, span_ms(PLAN_CORE_BFD_MS));
	}
	b->routing_per_s = routing_messages(p, b->neighbours);
}

static void count_spoke(struct plan *p)
{
	struct plan_box *b = &p->spoke;
	const unsigned servers = plan_nhs_per_spoke(p);
	const bool protected = p->is.protection != PLAN_UNPROTECTED;
	/* One session for each pair of outside addresses; Cisco's have one for each tunnel. */
	const unsigned ways = p->is.platform == PLAN_CISCO ? (unsigned)p->tunnel_count : p->is.uplinks;

	*b = (struct plan_box){ .name = "spoke", .count = p->is.spokes, .tunnels = (unsigned)p->tunnel_count };
	b->interfaces = b->tunnels + p->is.uplinks + 1;
	b->sessions = protected ? servers : 0;
	b->direct = protected && plan_is_multipoint(p) ? (p->is.spokes - 1) * ways : 0;
	b->registrations = servers;
	b->registrations_per_s = servers / (double)p->timers.registration_s;
	b->nhrp_per_s = 2 * b->registrations_per_s;
	b->probes_per_s = p->is.platform == PLAN_DMVPN ? servers * (double)(PROBES_PER_S * ECHO_MESSAGES) : 0;
	b->neighbours = p->is.routing == PLAN_STATIC ? 0 : servers;
	b->bfd_sessions = p->timers.bfd_ms ? servers : 0;
	b->routes = p->summary ? 2 : p->is.spokes;
	b->bfd_per_s = bfd_messages(p, b->bfd_sessions);
	b->routing_per_s = routing_messages(p, b->neighbours);
	p->direct_sessions = (uint64_t)p->is.spokes * b->direct / 2;
}

static void count_core(struct plan *p)
{
	const unsigned hubs = p->is.hubs;

	if (hubs == 1)
		return;
	p->core = (struct plan_box){ .name = "core", .count = 1, .interfaces = hubs + 1, .neighbours = hubs, .routes = p->is.spokes };
	if (plan_core_has_bfd(p)) {
		p->core.bfd_sessions = hubs;
		p->core.bfd_per_s = bfd_packet_rate(hubs, span_ms(PLAN_CORE_BFD_MS));
	}
	p->core.routing_per_s = routing_messages(p, hubs);
}

void plan_count(struct plan *p)
{
	count_hub(p);
	count_spoke(p);
	count_core(p);
}
