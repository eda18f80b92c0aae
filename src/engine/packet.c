#include "engine/packet.h"

#include "engine/auth.h"
#include "engine/error.h"
#include "engine/forwarding.h"
#include "engine/nhs_list.h"
#include "engine/purge.h"
#include "engine/redirect.h"
#include "engine/registration.h"
#include "engine/resolution.h"
#include "engine/server.h"
#include "engine/twin.h"

static const enum engine_counter received_counters[] = {
	[NHRP_RESOLUTION_REQUEST] = ENGINE_COUNT_RESOLUTION_REQUEST_RECEIVED,
	[NHRP_RESOLUTION_REPLY] = ENGINE_COUNT_RESOLUTION_REPLY_RECEIVED,
	[NHRP_REGISTRATION_REQUEST] = ENGINE_COUNT_REGISTRATION_REQUEST_RECEIVED,
	[NHRP_REGISTRATION_REPLY] = ENGINE_COUNT_REGISTRATION_REPLY_RECEIVED,
	[NHRP_PURGE_REQUEST] = ENGINE_COUNT_PURGE_REQUEST_RECEIVED,
	[NHRP_PURGE_REPLY] = ENGINE_COUNT_PURGE_REPLY_RECEIVED,
	[NHRP_ERROR_INDICATION] = ENGINE_COUNT_ERROR_RECEIVED,
	[NHRP_TRAFFIC_INDICATION] = ENGINE_COUNT_TRAFFIC_INDICATION_RECEIVED,
};

/* Replies carry the addresses of who asked; all others those of who speaks. */
static bool is_reply(const struct nhrp_message *m)
{
	return m->type == NHRP_RESOLUTION_REPLY || m->type == NHRP_REGISTRATION_REPLY ||
	       m->type == NHRP_PURGE_REPLY;
}

/* A message that says it comes from us, or from nobody in particular. */
static bool is_spoofed(const struct overlay *o, const struct endpoint *from, const struct nhrp_message *m)
{
	if (!ipaddr_is_host(&from->addr) || engine_owns_nbma(overlay_engine(o), from))
		return true;
	if (is_reply(m) || (overlay_engine(o)->in_identity && m->type == NHRP_REGISTRATION_REQUEST))
		return false; /* a claim of somebody whom we know is refused by name (server.c) */
	return overlay_is_local(o, &m->src_proto) || !ipaddr_is_host(&m->src_proto);
}

static void reply_received(struct overlay *o, const struct endpoint *from, const struct nhrp_message *m)
{
	if (!overlay_owns(o, &m->src_proto)) {
		forwarding_other(o, from, m, &m->src_proto);
		return;
	}
	if (m->type == NHRP_RESOLUTION_REPLY)
		resolution_reply(o, from, m);
	else if (m->type == NHRP_REGISTRATION_REPLY)
		registration_reply(o, from, m);
	else
		purge_reply(o, m);
}

/* Purges and errors are for one address; on the way to it they may pass by us. */
static void addressed_received(struct overlay *o, const struct endpoint *from, const struct nhrp_message *m,
			       void (*handle)(struct overlay *, const struct endpoint *, const struct nhrp_message *))
{
	if (overlay_is_local(o, &m->dst_proto) || ipaddr_eq(&m->dst_proto, &m->src_proto))
		handle(o, from, m);
	else
		forwarding_other(o, from, m, &m->dst_proto);
}

static void dispatch(struct overlay *o, const struct endpoint *from, const struct nhrp_message *m)
{
	switch (m->type) {
	case NHRP_RESOLUTION_REQUEST:
		server_resolution(o, from, m);
		break;
	case NHRP_REGISTRATION_REQUEST:
		server_registration(o, from, m);
		break;
	case NHRP_RESOLUTION_REPLY:
	case NHRP_REGISTRATION_REPLY:
	case NHRP_PURGE_REPLY:
		reply_received(o, from, m);
		break;
	case NHRP_PURGE_REQUEST:
		addressed_received(o, from, m, purge_request);
		break;
	case NHRP_ERROR_INDICATION:
		addressed_received(o, from, m, error_received);
		break;
	case NHRP_TRAFFIC_INDICATION:
		redirect_received(o, from, m);
		break;
	}
}

/* By another tunnel's key comes who is asked across tunnels: whom we asked, whom we know, a partner. */
static bool key_is_acceptable(const struct overlay *o, const struct endpoint *from, const struct nhrp_message *m)
{
	const struct peer *const p = peer_by_nbma(o->tunnel, from);

	if (!overlay_engine(o)->in_key.given || m->type == NHRP_RESOLUTION_REPLY)
		return true;
	return p && p->references > 0 && m->type != NHRP_REGISTRATION_REQUEST;
}

/* The overlay that a decoded message belongs to; NULL: none, counted. */
static struct overlay *overlay_for(struct engine *e, const struct tunnel *t, const struct endpoint *from,
				   const struct nhrp_message *m)
{
	struct overlay *const o = t ? twin_choose(t, from, m, e->in_key.given) : NULL;

	if (o && o->tunnel->up && m->nbma_family == o->tunnel->settings.transport && key_is_acceptable(o, from, m))
		return o;
	count(e, ENGINE_COUNT_DROP_TUNNEL);
	return NULL;
}

void packet_received(struct engine *e, const struct event *ev)
{
	const struct endpoint *const from = &ev->packet.from;
	const enum nhrp_drop drop = nhrp_decode(ev->packet.bytes, ev->packet.length, &e->in, NULL);
	struct overlay *o;

	if (drop != NHRP_DROP_NONE) {
		e->codec_drops[drop]++;
		count(e, ENGINE_COUNT_DROP_UNDECODED);
		return;
	}
	e->in_bytes = ev->packet.bytes;
	e->in_length = ev->packet.length;
	e->in_identity = ev->packet.identity;
	e->in_certified = ev->packet.certified;
	e->in_certified_count = ev->packet.certified_count;
	e->in_key = ev->packet.key;
	o = overlay_for(e, engine_tunnel(e, ev->tunnel), from, &e->in);
	if (!o)
		return;
	count(e, received_counters[e->in.type]);
	if (is_spoofed(o, from, &e->in)) {
		count(e, ENGINE_COUNT_DROP_SPOOFED);
		return;
	}
	if (!auth_check(o, from, &e->in))
		return;
	if (e->stopping && !is_reply(&e->in)) { /* nobody should lean on us any more */
		count(e, ENGINE_COUNT_DROP_NOT_ALLOWED);
		return;
	}
	e->in_from = from;
	dispatch(o, from, &e->in);
	peer_learn_key(peer_by_nbma(o->tunnel, from));
	e->in_from = NULL;
	nhs_heard(o, from);
}
