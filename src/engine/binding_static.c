/* STATIC and NHS bindings: what the configuration, the names in it and the next hop servers say. */
#include "engine/bfd.h"
#include "engine/binding.h"
#include "engine/name.h"
#include "engine/nhs_list.h"

static void want(struct overlay *o, enum binding_kind kind, const struct ipprefix *dst,
		 const struct endpoint *nbma, bool multicast)
{
	struct binding_facts f = {
		.dst = *dst, .via = dst->addr, .kind = kind, .nbma = *nbma, .multicast = multicast,
		.router = true, .authoritative = true, .preference = 255, .mtu_bytes = 0,
	};
	struct binding *const old = binding_find(o, dst);
	struct binding *b;

	if (old && old->wanted && old->kind < kind)
		return;
	if (old && (old->hop || (!old->wanted && old->kind < kind))) {
		/* of another make than what the configuration now says */
		if (old->hop)
			binding_remove(old, "configured");
		else
			binding_set_kind(old, kind);
	}
	b = binding_learn(o, &f);
	if (b)
		b->wanted = true;
}

static void want_map(struct overlay *o, const struct config_map *m)
{
	const struct ipaddr *addrs;
	const struct nhs *const n = nhs_by_addr(o, &m->proto.addr);
	struct endpoint nbma;

	if (m->proto.addr.family != o->family || tunnel_host_addrs(o->tunnel, &m->nbma, &addrs) == 0)
		return;
	nbma = overlay_endpoint(o, &addrs[0]);
	want(o, BINDING_STATIC, &m->proto, &nbma, n && n->cfg->multicast);
}

/* One that stands by has its entry, and so its peer, whose IPsec session is ready when it is
 * needed; unless that is not wanted (`nhs standby cold`). Routing does not lean on it. */
static void want_nhs(struct overlay *o, const struct nhs *n)
{
	const bool standby = nhs_is_standby(n), multicast = n->cfg->multicast && !standby;
	struct ipprefix host;

	if (ipaddr_is_none(&n->nbma.addr) || overlay_is_local(o, &n->addr) ||
	    (n->state == NHS_STANDBY && o->cfg->nhs_standby_cold))
		return;
	if (!ipaddr_is_none(&n->addr) && !ipaddr_is_unspecified(&n->addr)) {
		host = ipprefix_host(&n->addr);
		want(o, BINDING_NHS, &host, &n->nbma, multicast);
	}
	if (!ipaddr_is_none(&n->link_local)) {
		host = ipprefix_host(&n->link_local);
		want(o, BINDING_NHS, &host, &n->nbma, multicast);
	}
}

void bindings_apply_static(struct overlay *o)
{
	struct binding *b, *next;

	for (b = binding_first(o); b; b = binding_next(b))
		b->wanted = false;
	for (size_t i = 0; i < o->cfg->map_count; i++)
		want_map(o, &o->cfg->maps[i]);
	for (size_t i = 0; i < o->nhs_count; i++)
		want_nhs(o, o->nhs[i]);
	for (b = binding_first(o); b; b = next) {
		next = binding_next(b);
		if (!binding_is_dynamic(b) && !b->wanted)
			next = binding_remove_and_next(b, "no longer configured");
		else
			bfd_follow(b); /* its address may be an NHS's now, or no more */
	}
}
