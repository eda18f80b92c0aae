/* fault_reach: which pairs a fault can have touched. */
#include "lab/fault.h"

#include <string.h>

/* The router at the other end of the inside link; false when that link is a LAN. */
static bool crosses_inside(const struct lab *lab, const struct path *p, size_t router)
{
	const struct lab_segment *s = lab_plan_inside(lab->plan, router);

	for (size_t i = 0; s && i < s->port_count; i++)
		if (s->ports[i].node == NODE_ROUTER && s->ports[i].index != router &&
		    path_crosses(p, router, s->ports[i].index))
			return true;
	return false;
}

/* Two routers on one cable or LAN need no tunnel between them. */
static bool are_neighbours(const struct lab *lab, size_t a, size_t b)
{
	for (size_t i = 0; i < lab->plan->segment_count; i++) {
		const struct lab_segment *s = &lab->plan->segments[i];

		if (s->kind != SEGMENT_UPLINK && lab_segment_port(s, NODE_ROUTER, a) && lab_segment_port(s, NODE_ROUTER, b))
			return true;
	}
	return false;
}

/* Does the path come to the router, or leave it, by its uplink? */
static bool uses_uplink(const struct lab *lab, const struct path *p, size_t router, unsigned ways)
{
	for (size_t i = 0; i < p->count; i++) {
		if (p->routers[i] != router)
			continue;
		if ((ways & FAULT_IN) && i > 0 && !are_neighbours(lab, p->routers[i - 1], router))
			return true;
		if ((ways & FAULT_OUT) && i + 1 < p->count && !are_neighbours(lab, p->routers[i + 1], router))
			return true;
	}
	return false;
}

int fault_patience_ms(const struct fault *f)
{
	int ms = 20000;

	/* A hub holds a unique address for the place that registered it until the hold time is over. */
	for (size_t i = 0; i < f->part_count; i++)
		if (f->parts[i].kind == FAULT_ADDRESS)
			ms = 45000;
	return ms;
}

/* Whoever stands behind the same box has other ports too. */
static bool uses_box(const struct lab *lab, const struct path *p, size_t router)
{
	const struct lab_port *box = lab_segment_way_out(lab_plan_uplink(lab->plan, router));
	const struct lab_nat *nat = &lab->plan->nats[box->index];

	for (size_t i = 0; i < nat->member_count; i++)
		if (uses_uplink(lab, p, nat->members[i].router, FAULT_BOTH))
			return true;
	return false;
}

static bool part_affects(const struct lab *lab, const struct fault_part *f, const struct path *p)
{
	switch (f->kind) {
	case FAULT_INSIDE:
		return crosses_inside(lab, p, f->router);
	case FAULT_DIRECT:
		return path_crosses(p, f->router, f->peer);
	case FAULT_BLACKHOLE:
		return uses_uplink(lab, p, f->router, f->way);
	case FAULT_REBIND:
		return uses_box(lab, p, f->router);
	case FAULT_UPLINK:
	case FAULT_UPLINK_FAR:
	case FAULT_FLAP:
	case FAULT_LOSS:
	case FAULT_TUNNEL:
	case FAULT_ADDRESS:
		return uses_uplink(lab, p, f->router, FAULT_BOTH);
	case FAULT_KILL:
	case FAULT_POWEROFF:
	case FAULT_REBOOT:
	case FAULT_OVERLOAD:
		return path_has(p, f->router);
	}
	return false;
}

bool fault_affects(const struct lab *lab, const struct fault *f, const struct path *p)
{
	for (size_t i = 0; i < f->part_count; i++)
		if (part_affects(lab, &f->parts[i], p))
			return true;
	return false;
}

/* The keeper starts these again by itself. */
static bool is_restarted(const char *program)
{
	return strcmp(program, "control") == 0 || strcmp(program, "fwd") == 0 || strcmp(program, "charon") == 0;
}

static bool part_cuts_off(const struct lab *lab, const struct fault_part *f, size_t host)
{
	const struct lab_host *h = &lab->plan->hosts[host];

	if (h->router != f->router)
		return false;
	switch (f->kind) {
	case FAULT_INSIDE:
		return lab_plan_inside(lab->plan, f->router) == &lab->plan->segments[h->segment];
	case FAULT_KILL:
		return !is_restarted(f->program);
	case FAULT_BLACKHOLE:
		return f->packets == FAULT_ALL_PACKETS || f->packets == FAULT_ESP;
	case FAULT_LOSS:
		return f->amount == 100;
	case FAULT_POWEROFF:
	case FAULT_REBOOT:
	case FAULT_UPLINK:
	case FAULT_UPLINK_FAR: /* of several ways out another is left */
		return !f->interface[0];
	case FAULT_FLAP:
	case FAULT_TUNNEL:
		return true;
	case FAULT_OVERLOAD:
	case FAULT_DIRECT:
	case FAULT_ADDRESS:
	case FAULT_REBIND:
		return false;
	}
	return false;
}

bool fault_cuts_off(const struct lab *lab, const struct fault *f, size_t host)
{
	for (size_t i = 0; i < f->part_count; i++)
		if (part_cuts_off(lab, &f->parts[i], host))
			return true;
	return false;
}

bool fault_silences(const struct fault *f, size_t router)
{
	for (size_t i = 0; i < f->part_count; i++)
		if (f->parts[i].router == router && (f->parts[i].kind == FAULT_KILL || f->parts[i].kind == FAULT_POWEROFF ||
						     f->parts[i].kind == FAULT_REBOOT || f->parts[i].kind == FAULT_OVERLOAD))
			return true;
	return false;
}
