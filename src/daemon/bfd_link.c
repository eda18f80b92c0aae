#include "daemon/bfd_link.h"

#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/tree.h"
#include "bfd/bfd.h"
#include "daemon/daemon_state.h"

struct wanted_key {
	uint32_t tunnel;
	struct ipaddr local, remote;
};

/* One that the engine asks for. */
struct wanted {
	struct tree_node node;
	struct wanted_key key;
	struct forward_bfd set;
	struct ipaddr local;  /* as the engine knows them: of the kernel's tunnels the forwarder is not told */
	struct endpoint nbma;
	bool up; /* the engine was told so */
};

struct bfd_link {
	struct tree wanted;
	bool wanted_said; /* to the keeper: they need its sockets */
	bool asked; /* what comes answers bfd_link_ask() */
	size_t told_count, told_room;
	struct forward_bfd_state *told;
	struct forward_bfd_end end;
};

static int by_key(const void *key, const struct tree_node *node)
{
	const struct wanted_key *const a = key, *const b = &CONTAINER_OF(node, const struct wanted, node)->key;
	int order;

	if (a->tunnel != b->tunnel)
		return a->tunnel < b->tunnel ? -1 : 1;
	order = ipaddr_cmp(&a->remote, &b->remote);
	return order ? order : ipaddr_cmp(&a->local, &b->local);
}

struct bfd_link *bfd_link_new(void)
{
	struct bfd_link *c = calloc(1, sizeof *c);

	if (c)
		tree_init(&c->wanted, by_key);
	return c;
}

static struct wanted *of(struct tree_node *n)
{
	return n ? CONTAINER_OF(n, struct wanted, node) : NULL;
}

/*
 * Where the kernel carries the tunnel a session is one of its interface, and leaves its near end open, as
 * bfdd's do: it is the same session then, and not a second one that the far end takes for a stranger's.
 */
static struct wanted_key key_of(const struct daemon *d, const struct effect *e)
{
	return (struct wanted_key){ e->tunnel, d->kernel ? IPADDR_NONE : e->bfd.local, e->bfd.remote };
}

static void tell(struct daemon *d, uint16_t type, const struct wanted *w)
{
	datapath_user_tell(d->user, type, &w->set, sizeof w->set);
}

static void way_of(struct daemon *d, const struct effect *e, struct forward_bfd *m)
{
	const struct tunnel *t = tunnel_find(d, e->tunnel);

	if (!d->kernel) {
		m->link = BFD_LINK_TUNNEL | e->tunnel;
		m->nbma = e->bfd.nbma;
	} else {
		m->link = t ? (uint32_t)t->ifindex : 0;
	}
}

void bfd_link_del(struct daemon *d, const struct effect *e)
{
	const struct wanted_key key = key_of(d, e);
	struct wanted *w = of(tree_find(&d->bfd->wanted, &key));

	if (!w)
		return;
	tell(d, FORWARD_BFD_DEL, w);
	tree_remove(&d->bfd->wanted, &w->node);
	free(w);
}

void bfd_link_set(struct daemon *d, const struct effect *e)
{
	const struct wanted_key key = key_of(d, e);
	struct wanted *w = of(tree_find(&d->bfd->wanted, &key));
	struct forward_bfd m;

	memset(&m, 0, sizeof m);
	m.local = key.local;
	m.remote = key.remote;
	m.desired_min_tx_us = 1000u * e->bfd.config.min_tx_ms;
	m.required_min_rx_us = 1000u * e->bfd.config.min_rx_ms;
	m.multiplier = e->bfd.config.multiplier;
	m.unhurried = e->bfd.least.us > 0;
	if (m.desired_min_tx_us < e->bfd.least.us)
		m.desired_min_tx_us = (uint32_t)e->bfd.least.us;
	if (m.required_min_rx_us < e->bfd.least.us)
		m.required_min_rx_us = (uint32_t)e->bfd.least.us;
	way_of(d, e, &m);
	if (w && w->set.link != m.link)
		tell(d, FORWARD_BFD_DEL, w);
	if (!w) {
		w = alloc_zero(1, sizeof *w);
		w->key = key;
		tree_insert(&d->bfd->wanted, &w->key, &w->node);
	}
	w->set = m;
	w->local = e->bfd.local;
	w->nbma = e->bfd.nbma;
	tell(d, FORWARD_BFD_SET, w);
	if (d->kernel && !d->bfd->wanted_said)
		keeper_say_bfd_wanted(&d->keeper);
	d->bfd->wanted_said = true;
}

void bfd_link_sync(struct daemon *d)
{
	for (struct tree_node *n = tree_first(&d->bfd->wanted); n; n = tree_next(n))
		tell(d, FORWARD_BFD_SET, of(n));
}

/* ---- what the forwarder tells ---- */

static uint32_t tunnel_of_link(struct daemon *d, uint32_t link)
{
	const struct tunnel *t;

	if (link & BFD_LINK_TUNNEL)
		return link & ~(uint32_t)BFD_LINK_TUNNEL;
	t = tunnel_of_ifindex(d, (int)link);
	return t ? t->number : UINT32_MAX;
}

/* As the engine hears it: an end that says that it is administratively down is no failure (RFC 5882 4.2). */
static void changed(struct daemon *d, struct wanted *w, const struct forward_bfd_state *m)
{
	struct event ev = { .type = EVENT_BFD, .tunnel = w->key.tunnel };
	const bool up = m->state == BFD_UP;

	if (up == w->up)
		return;
	w->up = up;
	if (!up && m->remote_state == BFD_ADMIN_DOWN)
		return;
	ev.bfd.addr = m->remote;
	ev.bfd.nbma = w->nbma;
	ev.bfd.up = up;
	ev.bfd.diag = m->diag;
	daemon_feed(d, &ev);
}

static void note(struct bfd_link *c, const struct forward_bfd_state *m)
{
	if (c->told_count == c->told_room) {
		c->told_room = c->told_room ? 2 * c->told_room : 16;
		c->told = alloc_array(c->told, c->told_room, sizeof *c->told);
	}
	c->told[c->told_count++] = *m;
}

static struct wanted *wanted_of(struct daemon *d, const struct forward_bfd_state *m)
{
	const struct wanted_key key = { tunnel_of_link(d, m->link), m->local, m->remote };

	return of(tree_find(&d->bfd->wanted, &key));
}

static void state_told(struct daemon *d, const struct forward_bfd_state *m)
{
	struct wanted *w = wanted_of(d, m);

	if (d->bfd->asked)
		note(d->bfd, m);
	if (w && w->set.link == m->link && m->clients & 1u << BFD_CLIENT_NHRP)
		changed(d, w, m);
}

static void late_told(struct daemon *d, const struct forward_bfd *m)
{
	const struct wanted_key key = { tunnel_of_link(d, m->link), m->local, m->remote };
	const struct wanted *w = of(tree_find(&d->bfd->wanted, &key));
	struct event ev = { .type = EVENT_BFD_LATE, .tunnel = key.tunnel };

	if (!w || !w->up || w->set.link != m->link)
		return;
	ev.bfd.addr = m->remote;
	ev.bfd.nbma = w->nbma;
	daemon_feed(d, &ev);
}

bool bfd_link_message(struct daemon *d, const struct ipc_message *m)
{
	if (m->type == FORWARD_BFD_LATE && m->length == sizeof(struct forward_bfd)) {
		late_told(d, (const void *)m->payload);
		return true;
	}
	if (m->type == FORWARD_BFD_STATE && m->length == sizeof(struct forward_bfd_state)) {
		state_told(d, (const void *)m->payload);
	} else if (m->type == FORWARD_BFD_END && m->length == sizeof d->bfd->end) {
		memcpy(&d->bfd->end, m->payload, sizeof d->bfd->end);
		d->bfd->asked = false;
	} else {
		return m->type == FORWARD_BFD_STATE || m->type == FORWARD_BFD_LATE || m->type == FORWARD_BFD_END;
	}
	return true;
}

/* ---- for who asks ---- */

void bfd_link_ask(struct daemon *d)
{
	d->bfd->asked = true;
	d->bfd->told_count = 0;
	datapath_user_tell(d->user, FORWARD_BFD_GET, NULL, 0);
}

static const char *interface_name(struct daemon *d, uint32_t link, char out[VIEW_BFD_NAME_MAX])
{
	const struct tunnel *t = tunnel_find(d, tunnel_of_link(d, link));

	if (t)
		snprintf(out, VIEW_BFD_NAME_MAX, "%s", t->name);
	else if (link == BFD_LINK_NONE || !if_indextoname(link, out))
		snprintf(out, VIEW_BFD_NAME_MAX, "-");
	return out;
}

static void view_one(struct daemon *d, const struct forward_bfd_state *m, struct view_bfd *out)
{
	const struct wanted *w = wanted_of(d, m);

	*out = (struct view_bfd){
		.local = w ? w->local : m->local, .remote = m->remote, .nbma = w ? w->nbma.addr : m->nbma.addr, .state = m->state, .diag = m->diag,
		.remote_state = m->remote_state, .remote_diag = m->remote_diag, .polling = m->polling,
		.by_nhrp = m->clients & 1u << BFD_CLIENT_NHRP, .by_routing = m->clients & 1u << BFD_CLIENT_ROUTING,
		.discriminator = m->discriminator, .remote_discriminator = m->remote_discriminator,
		.multiplier = m->multiplier, .remote_multiplier = m->remote_multiplier,
		.desired_min_tx_us = m->desired_min_tx_us, .required_min_rx_us = m->required_min_rx_us,
		.remote_desired_min_tx_us = m->remote_desired_min_tx_us,
		.remote_required_min_rx_us = m->remote_required_min_rx_us, .tx_interval_us = m->tx_interval_us,
		.detection_us = m->detection_us, .since = span_us(m->since_us), .tx_packets = m->tx_packets,
		.rx_packets = m->rx_packets, .failures = m->failures,
	};
	interface_name(d, m->link, out->interface);
}

static const struct { const char *name, *text; } drop_words[] = {
#define BFD_DROP_WORDS(name, text) { #name, text },
	BFD_DROPS(BFD_DROP_WORDS)
#undef BFD_DROP_WORDS
};

bool bfd_link_view(struct daemon *d, struct made_view *m)
{
	const struct bfd_link *c = d->bfd;
	struct view_bfd *list = view_take(m, c->told_count, sizeof *list);
	struct view_count *drops = view_take(m, BFD_DROP_COUNT, sizeof *drops);

	if (!list || !drops)
		return false;
	for (size_t i = 0; i < c->told_count; i++)
		view_one(d, &c->told[i], &list[i]);
	for (size_t i = 1; i < BFD_DROP_COUNT; i++)
		drops[i - 1] = (struct view_count){ drop_words[i].name, drop_words[i].text, i < c->end.count ? c->end.drops[i] : 0 };
	m->view.bfd = list;
	m->view.bfd_count = c->told_count;
	m->view.bfd_drops = drops;
	m->view.bfd_drop_count = BFD_DROP_COUNT - 1;
	m->view.bfd_budget = c->end.budget_packets_per_s;
	m->view.bfd_floor_us = c->end.floor_us;
	return true;
}
