/*
 * adopt: what an earlier life of the daemon left in the kernel: neighbours on our tunnels and
 * shortcut routes. It goes on carrying traffic until the engine has learnt everything again;
 * what the engine claims meanwhile is ours again, the rest is removed when the time is over.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "daemon/daemon_state.h"
#include "kernel/shortcut.h"

struct adopted_neighbour {
	int ifindex;
	struct ipaddr addr;
	struct lladdr lladdr;
};

struct adopted {
	size_t neighbour_count, shortcut_count;
	struct adopted_neighbour *neighbours;
	struct shortcut *shortcuts;
};

static void note_shortcut(void *arg, const struct shortcut *s)
{
	struct adopted *a = arg;
	struct shortcut *grown = realloc(a->shortcuts, (a->shortcut_count + 1) * sizeof *grown);

	if (!grown)
		return;
	a->shortcuts = grown;
	grown[a->shortcut_count++] = *s;
}

struct neighbour_note {
	struct adopted *adopted;
	int ifindex;
};

static void note_neighbour(void *arg, const struct ipaddr *addr, const struct lladdr *l)
{
	const struct neighbour_note *note = arg;
	struct adopted *a = note->adopted;
	struct adopted_neighbour *grown = realloc(a->neighbours, (a->neighbour_count + 1) * sizeof *grown);

	if (!grown)
		return;
	a->neighbours = grown;
	grown[a->neighbour_count++] = (struct adopted_neighbour){ note->ifindex, *addr, *l };
}

int adopt_begin(struct daemon *d)
{
	struct adopted *a = calloc(1, sizeof *a);

	if (!a)
		return -1;
	d->adopted = a;
	shortcut_route_dump(&d->netlink, note_shortcut, a);
	for (struct tunnel *t = d->tunnels; t; t = t->next) {
		struct neighbour_note note = { a, t->ifindex };

		if (t->ifindex)
			neighbour_dump(&d->netlink, t->ifindex, note_neighbour, &note);
	}
	return 0;
}

bool adopt_found_neighbours(const struct daemon *d)
{
	return d->adopted && d->adopted->neighbour_count > 0;
}

/* What it claims in answer changes the list: a copy is told. */
void adopt_tell(struct daemon *d)
{
	const size_t count = d->adopted ? d->adopted->neighbour_count : 0;
	struct adopted_neighbour *known = alloc_zero(count, sizeof *known);

	for (size_t i = 0; i < count; i++)
		known[i] = d->adopted->neighbours[i];
	for (size_t i = 0; i < count; i++) {
		const struct tunnel *t = tunnel_of_ifindex(d, known[i].ifindex);
		struct event ev = { .type = EVENT_NEIGHBOUR_KNOWN, .tunnel = t ? t->number : 0 };

		if (!t)
			continue;
		ev.neighbour_known.addr = known[i].addr;
		ev.neighbour_known.peer = lladdr_peer(&known[i].lladdr);
		ev.neighbour_known.nbma = (struct endpoint){ .addr = lladdr_nbma(&known[i].lladdr),
							     .vrf = t->config->tunnel->vrf };
		daemon_feed(d, &ev);
	}
	free(known);
}

void adopt_neighbour(struct daemon *d, int ifindex, const struct ipaddr *addr)
{
	struct adopted *a = d->adopted;

	for (size_t i = 0; a && i < a->neighbour_count; i++) {
		if (a->neighbours[i].ifindex == ifindex && ipaddr_eq(&a->neighbours[i].addr, addr)) {
			a->neighbours[i] = a->neighbours[--a->neighbour_count];
			return;
		}
	}
}

void adopt_shortcut(struct daemon *d, uint32_t vrf, const struct ipprefix *dst)
{
	struct adopted *a = d->adopted;

	for (size_t i = 0; a && i < a->shortcut_count; i++) {
		if (a->shortcuts[i].vrf == vrf && ipprefix_eq(&a->shortcuts[i].dst, dst)) {
			a->shortcuts[i] = a->shortcuts[--a->shortcut_count];
			return;
		}
	}
}

void adopt_settle(struct daemon *d)
{
	struct adopted *a = d->adopted;

	if (!a)
		return;
	for (size_t i = 0; i < a->shortcut_count; i++)
		shortcut_route_del(&d->netlink, a->shortcuts[i].vrf, &a->shortcuts[i].dst);
	for (size_t i = 0; i < a->neighbour_count; i++)
		neighbour_del(&d->netlink, a->neighbours[i].ifindex, &a->neighbours[i].addr);
	if (a->shortcut_count + a->neighbour_count > 0)
		daemon_log(d, TRACE_INFO, "ADOPT_SWEPT", "neighbours=%zu shortcuts=%zu", a->neighbour_count,
			   a->shortcut_count);
	free(a->neighbours);
	free(a->shortcuts);
	free(a);
	d->adopted = NULL;
}

/* Neighbours go with their devices. */
void adopt_clean(struct daemon *d)
{
	adopt_settle(d);
	if (adopt_begin(d) == 0)
		adopt_settle(d);
}
