/* NHRP's lines, as they stand inside `interface TunnelN`. */
#include <stdlib.h>
#include <string.h>

#include "config/commands.h"
#include "config/reading.h"

static bool sets(const struct match *m)
{
	return m->sign == SIGN_SET;
}

/* "no" lines of a list must say which entry. */
static bool incomplete(struct reading *r, const struct match *m)
{
	if (match_arg(m, 0))
		return false;
	reading_error(r, "say which one", "incomplete command");
	return true;
}

void reading_host(struct reading *r, struct config_host *host, const struct item *item)
{
	free(host->name);
	host->name = NULL;
	host->addr = item ? item->addr : IPADDR_NONE;
	if (item && ipaddr_is_none(&item->addr))
		host->name = reading_keep(r, item->text);
}

static bool is_v6(const struct match *m)
{
	return m->items[0].kind == ITEM_KEYWORD && !strcmp(m->items[0].text, "ipv6");
}

static struct config_nhrp *nhrp_of(struct reading *r, const struct match *m)
{
	struct config_tunnel *t = reading_tunnel(r);

	return is_v6(m) ? &t->nhrp6 : &t->nhrp4;
}

static void set_network_id(struct reading *r, const struct match *m)
{
	struct config_nhrp *n = nhrp_of(r, m);

	n->enabled = sets(m);
	n->network_id = sets(m) ? (uint32_t)match_arg(m, 0)->number : 0;
}

static void set_authentication(struct reading *r, const struct match *m)
{
	struct config_nhrp *n = nhrp_of(r, m);
	const struct item *secret = match_arg(m, 0);

	if (sets(m) && strlen(secret->text) > 8) {
		reading_error(r, "use at most 8 characters, the same on every router",
			      "the authentication string is longer than 8 characters");
		return;
	}
	reading_replace(r, &n->authentication, sets(m) ? secret->text : NULL);
}

static void set_holdtime(struct reading *r, const struct match *m)
{
	nhrp_of(r, m)->holdtime_s = sets(m) ? (uint16_t)match_arg(m, 0)->number : 0;
}

static void set_registration_timeout(struct reading *r, const struct match *m)
{
	nhrp_of(r, m)->registration_timeout_s = sets(m) ? (uint16_t)match_arg(m, 0)->number : 0;
}

static void set_no_unique(struct reading *r, const struct match *m)
{
	nhrp_of(r, m)->no_unique = sets(m);
}

static void set_unique(struct reading *r, const struct match *m)
{
	nhrp_of(r, m)->no_unique = m->sign == SIGN_NO;
}

static void set_shortcut(struct reading *r, const struct match *m)
{
	struct config_nhrp *n = nhrp_of(r, m);

	n->shortcut = sets(m);
	n->shortcut_given = m->sign != SIGN_DEFAULT;
}

static void set_redirect(struct reading *r, const struct match *m)
{
	struct config_nhrp *n = nhrp_of(r, m);
	const struct item *timeout = match_after(m, "timeout");

	n->redirect = sets(m);
	n->redirect_timeout_s = sets(m) && timeout ? (uint16_t)timeout->number : 0;
}

static size_t partner_find(const struct config_nhrp *n, const struct ipaddr *next_hop)
{
	size_t i = 0;

	while (i < n->partner_count && !ipaddr_eq(&n->partners[i].next_hop, next_hop))
		i++;
	return i;
}

static void set_partner(struct reading *r, const struct match *m)
{
	struct config_nhrp *n = nhrp_of(r, m);
	const struct ipaddr next_hop = match_arg(m, 0)->addr;
	const size_t at = partner_find(n, &next_hop);
	struct config_partner *p = at < n->partner_count ? &n->partners[at] : NULL;

	if (!sets(m)) {
		if (!p)
			return;
		free(p->nbma.name);
		memmove(p, p + 1, (--n->partner_count - at) * sizeof *p);
		return;
	}
	if (!p)
		p = ADD(r, n->partners, n->partner_count);
	if (!p)
		return;
	p->next_hop = next_hop;
	reading_host(r, &p->nbma, match_after(m, "nbma"));
}

static void set_server_only(struct reading *r, const struct match *m)
{
	nhrp_of(r, m)->server_only = sets(m);
}

static void set_max_send(struct reading *r, const struct match *m)
{
	struct config_nhrp *n = nhrp_of(r, m);

	n->max_send_packets = sets(m) ? (uint32_t)match_arg(m, 0)->number : 0;
	n->max_send_s = sets(m) ? (uint16_t)match_arg(m, 1)->number : 0;
}

static void set_multicast_dynamic(struct reading *r, const struct match *m)
{
	struct config_nhrp *n = nhrp_of(r, m);

	n->map_multicast_dynamic = sets(m);
	n->map_multicast_dynamic_given = m->sign != SIGN_DEFAULT;
}

static void free_host(struct config_host *host)
{
	free(host->name);
	*host = (struct config_host){ 0 };
}

static uint64_t owner_of(struct reading *r, const struct match *m)
{
	return (uint64_t)reading_top(r)->index << 1 | (is_v6(m) ? 1 : 0);
}

static bool same_host(const struct config_host *h, const struct item *item)
{
	return ipaddr_is_none(&item->addr) ? h->name && !strcmp(h->name, item->text) : ipaddr_eq(&h->addr, &item->addr);
}

static size_t multicast_find(const struct config_nhrp *n, const struct item *host)
{
	size_t i = 0;

	while (i < n->map_multicast_count && !same_host(&n->map_multicast[i], host))
		i++;
	return i;
}

static void multicast_add(struct reading *r, struct config_nhrp *n, const struct match *m)
{
	const struct item *host = match_arg(m, 0);
	const uint64_t key = names_key(NAME_MULTICAST, owner_of(r, m), host->text);
	const uint32_t at = names_get(&r->names, key);
	struct config_host *added;

	if (at < n->map_multicast_count && same_host(&n->map_multicast[at], host))
		return;
	/* Indexes are stale after a removal; then it is searched for. */
	if (at != NAMES_NONE && multicast_find(n, host) < n->map_multicast_count)
		return;
	added = ADD(r, n->map_multicast, n->map_multicast_count);
	if (added) {
		reading_host(r, added, host);
		r->out_of_memory |= !names_set(&r->names, key, (uint32_t)(n->map_multicast_count - 1));
	}
}

static void multicast_remove(struct config_nhrp *n, const struct item *host)
{
	const size_t at = multicast_find(n, host);

	if (at == n->map_multicast_count)
		return;
	free_host(&n->map_multicast[at]);
	memmove(&n->map_multicast[at], &n->map_multicast[at + 1],
		(--n->map_multicast_count - at) * sizeof n->map_multicast[0]);
}

static void map_multicast_static(struct reading *r, const struct match *m)
{
	if (incomplete(r, m))
		return;
	if (sets(m))
		multicast_add(r, nhrp_of(r, m), m);
	else
		multicast_remove(nhrp_of(r, m), match_arg(m, 0));
}

/* `ip nhrp map ADDRESS [MASK] NBMA`: the overlay side is a host or a prefix. */
static struct ipprefix map_target(const struct match *m)
{
	const struct item *target = match_arg(m, 0);
	const struct item *mask = match_arg(m, 1);

	if (target->kind == ITEM_PREFIX || target->kind == ITEM_PREFIX6)
		return ipprefix_make(&target->addr, target->len);
	if (mask && mask->kind == ITEM_MASK)
		return ipprefix_make(&target->addr, mask->len);
	return ipprefix_host(&target->addr);
}

static struct config_map *map_find(struct reading *r, struct config_nhrp *n, uint64_t key, const struct ipprefix *target)
{
	const uint32_t at = names_get(&r->names, key);

	/* Indexes are stale after a removal; then it is searched for. */
	if (at < n->map_count && ipprefix_eq(&n->maps[at].proto, target))
		return &n->maps[at];
	for (size_t i = 0; at != NAMES_NONE && i < n->map_count && reading_work(r, 1); i++) {
		if (ipprefix_eq(&n->maps[i].proto, target))
			return &n->maps[i];
	}
	return NULL;
}

static const struct item *last_argument(const struct match *m)
{
	const struct item *last = NULL;

	for (size_t i = 0; i < m->count; i++) {
		if (m->items[i].kind == ITEM_HOST || m->items[i].kind == ITEM_IP || m->items[i].kind == ITEM_IP6)
			last = &m->items[i];
	}
	return last;
}

static void map_unicast_entry(struct reading *r, const struct match *m)
{
	struct config_nhrp *n = nhrp_of(r, m);
	const struct ipprefix target = map_target(m);
	char text[IPPREFIX_TEXT_MAX];
	const uint64_t key = names_key(NAME_MAP, owner_of(r, m), ipprefix_format(&target, text));
	struct config_map *map = map_find(r, n, key, &target);

	if (!sets(m)) {
		if (map) {
			free_host(&map->nbma);
			memmove(map, map + 1, (size_t)(&n->maps[--n->map_count] - map) * sizeof *map);
		}
		return;
	}
	if (!map) {
		map = ADD(r, n->maps, n->map_count);
		if (!map)
			return;
		r->out_of_memory |= !names_set(&r->names, key, (uint32_t)(n->map_count - 1));
	}
	map->proto = target;
	reading_host(r, &map->nbma, last_argument(m));
}

static void map_unicast(struct reading *r, const struct match *m)
{
	if (!incomplete(r, m))
		map_unicast_entry(r, m);
}

/* The entry of this address (and NBMA when both name one), or NULL. */
static struct config_nhs *nhs_find(struct config_nhrp *n, const struct ipaddr *addr, const struct item *nbma)
{
	for (size_t i = 0; i < n->nhs_count; i++) {
		struct config_nhs *s = &n->nhs[i];
		const bool named = s->nbma.name || !ipaddr_is_none(&s->nbma.addr);

		if (!ipaddr_eq(&s->addr, addr))
			continue;
		if (!nbma || !named || same_host(&s->nbma, nbma))
			return s;
	}
	return NULL;
}

static void set_nhs_entry(struct reading *r, const struct match *m)
{
	struct config_nhrp *n = nhrp_of(r, m);
	const bool dynamic = match_has(m, "dynamic");
	const struct ipaddr addr = dynamic ? IPADDR_NONE : match_arg(m, 0)->addr;
	const struct item *nbma = match_after(m, "nbma");
	const struct item *priority = match_after(m, "priority"), *cluster = match_after(m, "cluster");
	struct config_nhs *s = reading_work(r, n->nhs_count) ? nhs_find(n, &addr, nbma) : NULL;

	if (!sets(m)) {
		if (s) {
			free_host(&s->nbma);
			memmove(s, s + 1, (size_t)(&n->nhs[--n->nhs_count] - s) * sizeof *s);
		}
		return;
	}
	if (!s)
		s = ADD(r, n->nhs, n->nhs_count);
	if (!s)
		return;
	s->addr = addr;
	if (nbma)
		reading_host(r, &s->nbma, nbma);
	s->multicast |= match_has(m, "multicast");
	if (priority)
		s->priority = (uint8_t)priority->number;
	if (cluster)
		s->cluster = (uint8_t)cluster->number;
}

static void set_nhs(struct reading *r, const struct match *m)
{
	if (!incomplete(r, m))
		set_nhs_entry(r, m);
}

static void set_cluster_entry(struct reading *r, const struct match *m)
{
	struct config_nhrp *n = nhrp_of(r, m);
	const uint8_t cluster = (uint8_t)match_arg(m, 0)->number;
	struct config_cluster *c = NULL;

	for (size_t i = 0; i < n->cluster_count; i++) {
		if (n->clusters[i].cluster == cluster)
			c = &n->clusters[i];
	}
	if (!sets(m)) {
		if (c)
			memmove(c, c + 1, (size_t)(&n->clusters[--n->cluster_count] - c) * sizeof *c);
		return;
	}
	if (!c)
		c = ADD(r, n->clusters, n->cluster_count);
	if (c)
		*c = (struct config_cluster){ cluster, (uint8_t)match_arg(m, 1)->number };
}

static void set_cluster(struct reading *r, const struct match *m)
{
	if (!incomplete(r, m))
		set_cluster_entry(r, m);
}

static void set_fallback(struct reading *r, const struct match *m)
{
	nhrp_of(r, m)->nhs_fallback_s = sets(m) ? (uint16_t)match_arg(m, 0)->number : 0;
}

static void set_standby(struct reading *r, const struct match *m)
{
	nhrp_of(r, m)->nhs_standby_cold = sets(m) && match_has(m, "cold");
}

static void set_probe(struct reading *r, const struct match *m)
{
	struct config_nhrp *n = nhrp_of(r, m);

	n->probe_given = m->sign != SIGN_DEFAULT;
	n->probe_interval_ms = sets(m) ? (uint16_t)match_arg(m, 0)->number : 0;
}

static void set_summary_map_entry(struct reading *r, const struct match *m)
{
	struct config_nhrp *n = nhrp_of(r, m);
	const struct item *p = match_arg(m, 0);
	const struct ipprefix prefix = ipprefix_make(&p->addr, p->len);
	struct ipprefix *slot;

	for (size_t i = 0; i < n->summary_map_count; i++) {
		if (!ipprefix_eq(&n->summary_maps[i], &prefix))
			continue;
		if (!sets(m))
			memmove(&n->summary_maps[i], &n->summary_maps[i + 1],
				(--n->summary_map_count - i) * sizeof prefix);
		return;
	}
	slot = sets(m) ? ADD(r, n->summary_maps, n->summary_map_count) : NULL;
	if (slot)
		*slot = prefix;
}

static void set_summary_map(struct reading *r, const struct match *m)
{
	if (!incomplete(r, m))
		set_summary_map_entry(r, m);
}

/* The last argument of an address's kind says where a prefix ends. */
static struct ipprefix identity_overlay(const struct match *m)
{
	const struct item *last = &m->items[m->count - 1];

	if (last->kind == ITEM_MASK)
		return ipprefix_make(&m->items[m->count - 2].addr, last->len);
	return last->kind == ITEM_PREFIX6 ? ipprefix_make(&last->addr, last->len) : ipprefix_host(&last->addr);
}

static void forget_identity(struct config_nhrp *n, size_t at)
{
	free(n->identities[at].kind);
	free(n->identities[at].name);
	memmove(&n->identities[at], &n->identities[at + 1], (--n->identity_count - at) * sizeof *n->identities);
}

static void set_identity_entry(struct reading *r, const struct match *m)
{
	struct config_nhrp *n = nhrp_of(r, m);
	/* ip nhrp identity KIND NAME address … */
	const struct config_nhrp_identity new = { m->items[3].text, match_arg(m, 0)->text, identity_overlay(m) };
	struct config_nhrp_identity *slot;

	for (size_t i = 0; i < n->identity_count; i++) {
		const struct config_nhrp_identity *old = &n->identities[i];

		if (strcmp(old->kind, new.kind) || strcmp(old->name, new.name) || !ipprefix_eq(&old->overlay, &new.overlay))
			continue;
		if (!sets(m))
			forget_identity(n, i);
		return;
	}
	slot = sets(m) ? ADD(r, n->identities, n->identity_count) : NULL;
	if (slot)
		*slot = (struct config_nhrp_identity){ reading_keep(r, new.kind), reading_keep(r, new.name), new.overlay };
}

static void set_identity(struct reading *r, const struct match *m)
{
	if (m->truncated)
		reading_error(r, "say which one", "incomplete command");
	else
		set_identity_entry(r, m);
}

static void set_identity_certificate(struct reading *r, const struct match *m)
{
	nhrp_of(r, m)->identity_certificate = sets(m);
}

const struct command commands_nhrp[] = {
	{ "(ip|ipv6) nhrp network-id <1-4294967295>", HONOURED, NULL, set_network_id },
	{ "(ip|ipv6) nhrp authentication <secret>", HONOURED, NULL, set_authentication },
	{ "(ip|ipv6) nhrp holdtime <1-65535>", HONOURED, NULL, set_holdtime },
	{ "(ip|ipv6) nhrp registration timeout <1-65535>", HONOURED, NULL, set_registration_timeout },
	{ "(ip|ipv6) nhrp registration no-unique", HONOURED, NULL, set_no_unique },
	{ "(ip|ipv6) nhrp registration unique", HONOURED, NULL, set_unique },
	{ "(ip|ipv6) nhrp shortcut", HONOURED, NULL, set_shortcut },
	{ "(ip|ipv6) nhrp redirect [timeout <1-30>]", HONOURED, NULL, set_redirect },
	{ "ip nhrp redirect partner <ip> nbma <host>", HONOURED, NULL, set_partner },
	{ "ipv6 nhrp redirect partner <ip6> nbma <host>", HONOURED, NULL, set_partner },
	{ "(ip|ipv6) nhrp server-only [non-caching]", HONOURED, NULL, set_server_only },
	{ "(ip|ipv6) nhrp max-send <1-65535> every <1-65535>", HONOURED, NULL, set_max_send },
	{ "(ip|ipv6) nhrp map multicast dynamic", HONOURED, NULL, set_multicast_dynamic },
	{ "(ip|ipv6) nhrp map multicast <host>", HONOURED, NULL, map_multicast_static },
	{ "ip nhrp map (<ip>|<prefix>) <host>", HONOURED, NULL, map_unicast },
	{ "ip nhrp map <ip> <mask> <host>", HONOURED, NULL, map_unicast },
	{ "ipv6 nhrp map (<ip6>|<prefix6>) <host>", HONOURED, NULL, map_unicast },
	{ "(ip|ipv6) nhrp map group <word> service-policy output <word>", HONOURED },
	{ "(ip|ipv6) nhrp group <word>", HONOURED, .keeping = SINGLE },
	{ "(ip|ipv6) nhrp group <word> identity (fqdn|email|address|key-id|dn) <word>", HONOURED },
	{ "ip nhrp nhs <ip> [nbma <host>] [multicast] [priority <0-255>] [cluster <0-10>]", HONOURED, NULL, set_nhs },
	{ "ipv6 nhrp nhs <ip6> [nbma <host>] [multicast] [priority <0-255>] [cluster <0-10>]", HONOURED, NULL, set_nhs },
	{ "(ip|ipv6) nhrp nhs dynamic nbma <host> [multicast] [priority <0-255>] [cluster <0-10>]", HONOURED, NULL,
	  set_nhs },
	{ "(ip|ipv6) nhrp nhs cluster <0-10> max-connections <0-255>", HONOURED, NULL, set_cluster },
	{ "(ip|ipv6) nhrp nhs fallback <0-60>", HONOURED, NULL, set_fallback },
	{ "(ip|ipv6) nhrp nhs standby (warm|cold)", HONOURED, NULL, set_standby },
	{ "(ip|ipv6) nhrp probe interval <50-10000>", HONOURED, NULL, set_probe },
	{ "ip nhrp identity (fqdn|email|address|key-id|dn) <word> address <ip> [<mask>]", HONOURED, NULL, set_identity },
	{ "ipv6 nhrp identity (fqdn|email|address|key-id|dn) <word> address (<ip6>|<prefix6>)", HONOURED, NULL, set_identity },
	{ "(ip|ipv6) nhrp identity certificate", HONOURED, NULL, set_identity_certificate },
	{ "ip nhrp summary-map <prefix>", HONOURED, NULL, set_summary_map },
	{ "ipv6 nhrp summary-map <prefix6>", HONOURED, NULL, set_summary_map },
	{ "ip nhrp nhs <ip> <ip> <mask>", TRAFFIC, "a server serves all destinations" },
	{ "(ip|ipv6) nhrp attribute <*>", NO_EFFECT, "a group is said by ip nhrp group" },
	{ "(ip|ipv6) nhrp record", NO_EFFECT, "transit records are always written" },
	{ "(ip|ipv6) nhrp responder <if>", NO_EFFECT, "the tunnel's own address is always given" },
	{ "(ip|ipv6) nhrp use <1-65535>", NO_EFFECT, "the first packet asks for the way" },
	{ "(ip|ipv6) nhrp (trigger-svc|interest|cache) <*>", NO_EFFECT, "a trigger of old releases" },
	{ "(ip|ipv6) nhrp path preference <*>", UNSUPPORTED, "paths are preferred by routing and by the NHS's priority" },
	{ "(ip|ipv6) nhrp send-routed", UNSUPPORTED, "NHRP follows the tunnels" },
	{ "(ip|ipv6) nhrp connect [<*>]", UNSUPPORTED, "IPsec follows the NHRP binding" },
	{ "(ip|ipv6) nhrp reject", UNSUPPORTED, "refused routes are not kept in the routing table" },
	{ "(ip|ipv6) nhrp event-publisher <*>", NO_EFFECT, "events go to the log" },
	{ "(ip|ipv6) nhrp multicast <*>", UNSUPPORTED, "multicast is sent to the multicast map" },
	{ NULL },
};
