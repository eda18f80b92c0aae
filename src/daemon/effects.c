/* effects: does what the engine asks for, in the order that it asks. */
#include <errno.h>
#include <string.h>

#include "daemon/daemon_state.h"
#include "daemon/names.h"
#include "kernel/shortcut.h"

static void failed(struct daemon *d, const char *what, const struct tunnel *t, int rc)
{
	if (rc < 0)
		daemon_log(d, TRACE_ERROR, "KERNEL_REFUSED", "tunnel=%s action=%s error=\"%s\"", t ? t->name : "-", what,
			   strerror(-rc));
}

static void refused(void *daemon, const struct nlmsghdr *request, int rc)
{
	struct daemon *d = daemon;
	struct neighbour_request r;

	if (neighbour_refused(request, rc, &r))
		failed(d, r.set ? "neighbour" : "no-neighbour", tunnel_of_ifindex(d, r.ifindex), rc);
}

int effects_begin(struct daemon *d)
{
	return netlink_queue_open(&d->netlink, refused, d);
}

void effects_flush(struct daemon *d)
{
	forward_client_flush(&d->forward); /* for BFD it is there on each data path */
	d->datapath.ops->flush(d->datapath.self);
	netlink_flush(&d->netlink);
}

static void set_neighbour(struct daemon *d, const struct effect *e)
{
	struct tunnel *t = tunnel_find(d, e->tunnel);
	struct lladdr l;

	if (!t || t->ifindex == 0)
		return;
	l = d->datapath.ops->neighbour(d->datapath.self, e->tunnel, &e->neighbour.addr, e->neighbour.peer, &e->neighbour.nbma);
	adopt_neighbour(d, t->ifindex, &e->neighbour.addr);
	if (netlink_queue_is_full(&d->netlink))
		effects_flush(d);
	neighbour_queue_set(&d->netlink, t->ifindex, &e->neighbour.addr, &l);
}

static void del_neighbour(struct daemon *d, const struct effect *e)
{
	struct tunnel *t = tunnel_find(d, e->tunnel);

	if (!t || t->ifindex == 0)
		return;
	adopt_neighbour(d, t->ifindex, &e->neighbour.addr);
	if (d->datapath.ops->neighbour_gone)
		d->datapath.ops->neighbour_gone(d->datapath.self, e->tunnel, &e->neighbour.addr);
	neighbour_queue_del(&d->netlink, t->ifindex, &e->neighbour.addr);
}

static void set_shortcut(struct daemon *d, const struct effect *e)
{
	struct tunnel *t = tunnel_find(d, e->tunnel);
	struct shortcut s = { .vrf = e->shortcut.vrf, .dst = e->shortcut.dst, .gateway = e->shortcut.gateway };

	if (!e->shortcut.throw_ && (!t || t->ifindex == 0))
		return;
	if (e->shortcut.throw_)
		s.gateway = IPADDR_NONE;
	else
		s.ifindex = t->ifindex;
	adopt_shortcut(d, s.vrf, &s.dst);
	effects_flush(d);
	failed(d, "shortcut", t, shortcut_route_set(&d->netlink, &s));
}

static void del_shortcut(struct daemon *d, const struct effect *e)
{
	adopt_shortcut(d, e->shortcut.vrf, &e->shortcut.dst);
	failed(d, "no-shortcut", tunnel_find(d, e->tunnel),
	       shortcut_route_del(&d->netlink, e->shortcut.vrf, &e->shortcut.dst));
}

static void name_known(void *daemon, uint32_t tunnel, const char *name, size_t count, const struct ipaddr *addrs)
{
	struct event ev = { .type = EVENT_NAME, .tunnel = tunnel };

	ev.name.name = name;
	ev.name.count = count;
	ev.name.addrs = addrs;
	daemon_feed(daemon, &ev);
}

static void resolve(struct daemon *d, const struct effect *e)
{
	int rc = name_resolve(&d->loop, e->tunnel, e->resolve.name, e->resolve.family, name_known, d);

	if (rc < 0)
		daemon_log(d, TRACE_ERROR, "NAME", "name=%s error=\"%s\"", e->resolve.name, uv_strerror(rc));
}

static void carrier(struct daemon *d, const struct effect *e)
{
	struct tunnel *t = tunnel_find(d, e->tunnel);

	if (!t || t->line_protocol == e->carrier.up)
		return;
	t->line_protocol = e->carrier.up;
	t->carrier_dropped += !e->carrier.up;
	tunnel_show_carrier(d, t);
}

static void apply(struct daemon *d, const struct effect *e)
{
	const struct datapath_ops *ops = d->datapath.ops;
	void *self = d->datapath.self;

	if (e->type == EFFECT_SEND && d->drop_nhrp_out)
		return;
	if (ipsec_effect(d, e))
		return;
	switch (e->type) {
	case EFFECT_SEND:
		ops->nhrp_send(self, e->tunnel, &e->send.to, e->send.bytes, e->send.length);
		break;
	case EFFECT_PEER_SET:
		ops->peer_set(self, e->tunnel, e->peer.peer, &e->peer.nbma, &e->peer.key, e->peer.serves,
			      &e->peer.shape);
		break;
	case EFFECT_PEER_DEL:
		ops->peer_del(self, e->tunnel, e->peer.peer);
		break;
	case EFFECT_NEIGHBOUR_SET:
		set_neighbour(d, e);
		break;
	case EFFECT_NEIGHBOUR_DEL:
		del_neighbour(d, e);
		break;
	case EFFECT_MULTICAST_SET:
	case EFFECT_MULTICAST_DEL:
		ops->multicast(self, e->tunnel, e->peer.peer, &e->peer.nbma, e->type == EFFECT_MULTICAST_SET);
		break;
	case EFFECT_RELAYS:
		ops->relays(self, e->tunnel, &e->relays);
		break;
	case EFFECT_SHORTCUT_SET:
		set_shortcut(d, e);
		break;
	case EFFECT_SHORTCUT_DEL:
		del_shortcut(d, e);
		break;
	case EFFECT_USAGE:
		ops->usage_get(self, e->tunnel, e->usage.peer, &e->usage.addr);
		break;
	case EFFECT_PROBE:
		ops->probe_send(self, e->tunnel, &e->probe.nbma, &e->probe.addr, e->probe.sequence);
		break;
	case EFFECT_RESOLVE:
		resolve(d, e);
		break;
	case EFFECT_ROUTING:
		fall_over_tell(d, e->tunnel, &e->routing.addr, e->routing.says);
		break;
	case EFFECT_SILENT: /* ipsec_effect() has heard it */
		break;
	case EFFECT_BFD_SET:
		bfd_link_set(d, e);
		break;
	case EFFECT_BFD_DEL:
		bfd_link_del(d, e);
		break;
	case EFFECT_CARRIER:
		carrier(d, e);
		break;
	case EFFECT_TRACE:
		log_write(&d->log, daemon_now(), (int)e->trace.severity, e->trace.mnemonic, e->trace.text);
		break;
	case EFFECT_DONE:
		d->engine_done = true;
		break;
	}
}

void effects_drain(struct daemon *d)
{
	struct effect e;

	while (engine_next_effect(d->engine, &e))
		apply(d, &e);
}
