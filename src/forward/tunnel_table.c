#include "forward/tunnel_table.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "forward/hash.h"

void tunnel_table_init(struct tunnel_table *t)
{
	memset(t, 0, sizeof *t);
	TAILQ_INIT(&t->tunnels);
	TAILQ_INIT(&t->taps);
	TAILQ_INIT(&t->raws);
}

void tunnel_table_done(struct tunnel_table *t)
{
	while (!TAILQ_EMPTY(&t->tunnels))
		tunnel_remove(t, TAILQ_FIRST(&t->tunnels));
	while (!TAILQ_EMPTY(&t->taps))
		tap_remove(t, TAILQ_FIRST(&t->taps));
	while (!TAILQ_EMPTY(&t->raws))
		raw_remove(t, TAILQ_FIRST(&t->raws));
}

static size_t bucket(uint32_t raw_id, const struct ipaddr *remote, bool has_key, uint32_t key)
{
	const uint64_t h = hash_mix((uint64_t)raw_id << 1 | has_key, key);

	return hash_ipaddr(h, remote) % TUNNEL_BUCKETS;
}

static size_t tunnel_bucket(const struct tunnel *t)
{
	return bucket(t->conf.raw_id, &t->conf.remote, t->conf.has_key, t->conf.key);
}

struct tunnel *tunnel_find(const struct tunnel_table *t, uint32_t number)
{
	struct tunnel *tunnel;

	TAILQ_FOREACH(tunnel, &t->tunnels, order)
		if (tunnel->conf.tunnel == number)
			return tunnel;
	return NULL;
}

static struct tunnel *match_exact(const struct tunnel_table *t, uint32_t raw_id, const struct ipaddr *remote,
				  bool has_key, uint32_t key)
{
	struct tunnel *at = t->by_key[bucket(raw_id, remote, has_key, key)];

	while (at && (at->conf.raw_id != raw_id || at->conf.has_key != has_key || at->conf.key != key ||
		      !ipaddr_eq(&at->conf.remote, remote)))
		at = at->next_by_key;
	return at;
}

struct tunnel *tunnel_match(const struct tunnel_table *t, const struct raw *raw,
			    const struct ipaddr *remote, bool has_key, uint32_t key)
{
	struct tunnel *found = match_exact(t, raw->id, remote, has_key, key);

	return found ? found : match_exact(t, raw->id, &IPADDR_NONE, has_key, key);
}

struct tunnel *tunnel_match_next(const struct tunnel *t)
{
	struct tunnel *at = t->next_by_key;

	while (at && (at->conf.raw_id != t->conf.raw_id || at->conf.has_key != t->conf.has_key ||
		      at->conf.key != t->conf.key || !ipaddr_eq(&at->conf.remote, &t->conf.remote)))
		at = at->next_by_key;
	return at;
}

static bool key_is(const struct peer *p, bool has_key, uint32_t key)
{
	return p && p->key.given && p->key.present == has_key && p->key.key == key;
}

struct tunnel *tunnel_match_foreign(const struct tunnel_table *t, const struct peer_table *peers,
				    const struct raw *raw, uint32_t protection, const struct endpoint *from,
				    bool has_key, uint32_t key, bool any_key)
{
	struct tunnel *at, *any = NULL;

	TAILQ_FOREACH(at, &t->tunnels, order) {
		if (tunnel_is_p2p(at) || at->conf.raw_id != raw->id || at->conf.protection != protection)
			continue;
		if (key_is(peer_find_endpoint(peers, at->conf.tunnel, from), has_key, key))
			return at;
		if (any_key && (!any || at->conf.tunnel < any->conf.tunnel))
			any = at;
	}
	return any;
}

void tunnel_asked(struct tunnel *t, const struct endpoint *to)
{
	for (size_t i = 0; i < TUNNEL_ASKED; i++)
		if (endpoint_eq(&t->asked[i], to))
			return;
	t->asked[t->asked_next] = *to;
	t->asked_next = (t->asked_next + 1) % TUNNEL_ASKED;
}

static bool has_asked(const struct tunnel *t, const struct endpoint *from)
{
	for (size_t i = 0; i < TUNNEL_ASKED; i++)
		if (endpoint_eq(&t->asked[i], from))
			return true;
	return false;
}

struct tunnel *tunnel_match_guest(const struct tunnel_table *t, const struct peer_table *peers,
				  const struct raw *raw, const struct endpoint *from, bool has_key, uint32_t key)
{
	struct tunnel *at, *asked = NULL;

	TAILQ_FOREACH(at, &t->tunnels, order) {
		if (!tunnel_is_p2p(at) || at->conf.raw_id != raw->id || at->conf.has_key != has_key ||
		    at->conf.key != key)
			continue;
		if (peer_find_endpoint(peers, at->conf.tunnel, from))
			return at;
		if (!asked && has_asked(at, from))
			asked = at;
	}
	return asked;
}

static void key_unlink(struct tunnel_table *t, struct tunnel *tunnel)
{
	struct tunnel **at = &t->by_key[tunnel_bucket(tunnel)];

	while (*at != tunnel)
		at = &(*at)->next_by_key;
	*at = tunnel->next_by_key;
}

static void key_link(struct tunnel_table *t, struct tunnel *tunnel)
{
	struct tunnel **head = &t->by_key[tunnel_bucket(tunnel)];

	tunnel->next_by_key = *head;
	*head = tunnel;
}

struct tunnel *tunnel_set(struct tunnel_table *t, const struct forward_tunnel *conf)
{
	struct tunnel *tunnel = tunnel_find(t, conf->tunnel);

	if (tunnel) {
		key_unlink(t, tunnel);
	} else {
		tunnel = calloc(1, sizeof *tunnel);
		if (!tunnel)
			return NULL;
		tunnel->counters.tunnel = conf->tunnel;
		TAILQ_INSERT_TAIL(&t->tunnels, tunnel, order);
	}
	tunnel->conf = *conf;
	tunnel->conf.has_key = conf->has_key != 0;
	if (!tunnel->conf.has_key)
		tunnel->conf.key = 0;
	if (tunnel->conf.addr_count > FORWARD_ADDRS_MAX)
		tunnel->conf.addr_count = FORWARD_ADDRS_MAX;
	key_link(t, tunnel);
	tunnel->raw = raw_find(t, conf->raw_id);
	tunnel->tap = tap_find(t, conf->tunnel);
	if (tunnel->tap)
		tunnel->tap->tunnel = tunnel;
	return tunnel;
}

void tunnel_remove(struct tunnel_table *t, struct tunnel *tunnel)
{
	if (tunnel->tap)
		tunnel->tap->tunnel = NULL;
	key_unlink(t, tunnel);
	TAILQ_REMOVE(&t->tunnels, tunnel, order);
	free(tunnel->multicast);
	free(tunnel);
}

bool tunnel_on_subnet(const struct tunnel *t, const struct ipaddr *a)
{
	if (ipaddr_is_none(a) || ipaddr_is_link_local(a))
		return false;
	for (uint32_t i = 0; i < t->conf.addr_count; i++) {
		const struct ipprefix p = ipprefix_make(&t->conf.addrs[i], t->conf.prefix_lens[i]);

		if (t->conf.addrs[i].family == a->family && ipprefix_contains(&p, a))
			return true;
	}
	return false;
}

bool tunnel_owns(const struct tunnel *t, const struct ipaddr *a)
{
	for (uint32_t i = 0; i < t->conf.addr_count; i++)
		if (ipaddr_eq(&t->conf.addrs[i], a))
			return true;
	return false;
}

bool tunnel_multicast_add(struct tunnel *t, struct peer *p)
{
	if (p->multicast)
		return true;
	if (t->multicast_count == t->multicast_room) {
		const size_t room = t->multicast_room ? t->multicast_room * 2 : 8;
		struct peer **more = realloc(t->multicast, room * sizeof *more);

		if (!more)
			return false;
		t->multicast = more;
		t->multicast_room = room;
	}
	t->multicast[t->multicast_count++] = p;
	p->multicast = true;
	return true;
}

void tunnel_multicast_remove(struct tunnel *t, struct peer *p)
{
	size_t i = 0;

	if (!p->multicast)
		return;
	while (t->multicast[i] != p)
		i++;
	t->multicast_count--;
	memmove(&t->multicast[i], &t->multicast[i + 1], (t->multicast_count - i) * sizeof *t->multicast);
	p->multicast = false;
}

struct tap *tap_find(const struct tunnel_table *t, uint32_t tunnel_number)
{
	struct tap *tap;

	TAILQ_FOREACH(tap, &t->taps, order)
		if (tap->tunnel_number == tunnel_number)
			return tap;
	return NULL;
}

struct tap *tap_add(struct tunnel_table *t, uint32_t tunnel_number, int fd, const uint8_t mac[6])
{
	struct tap *tap = tap_find(t, tunnel_number);

	if (tap)
		tap_remove(t, tap);
	tap = calloc(1, sizeof *tap);
	if (!tap) {
		close(fd);
		return NULL;
	}
	tap->source = SOURCE_TAP;
	tap->tunnel_number = tunnel_number;
	tap->fd = fd;
	memcpy(tap->mac, mac, sizeof tap->mac);
	tap->tunnel = tunnel_find(t, tunnel_number);
	if (tap->tunnel)
		tap->tunnel->tap = tap;
	TAILQ_INSERT_TAIL(&t->taps, tap, order);
	return tap;
}

void tap_remove(struct tunnel_table *t, struct tap *tap)
{
	if (tap->tunnel)
		tap->tunnel->tap = NULL;
	TAILQ_REMOVE(&t->taps, tap, order);
	if (tap->fd >= 0)
		close(tap->fd);
	free(tap);
}

struct raw *raw_find(const struct tunnel_table *t, uint32_t id)
{
	struct raw *raw;

	TAILQ_FOREACH(raw, &t->raws, order)
		if (raw->id == id)
			return raw;
	return NULL;
}

struct raw *raw_find_local(const struct tunnel_table *t, const struct endpoint *local, uint8_t protocol)
{
	struct raw *raw;

	TAILQ_FOREACH(raw, &t->raws, order)
		if (raw->protocol == protocol && endpoint_eq(&raw->local, local))
			return raw;
	return NULL;
}

static void raw_relink(struct tunnel_table *t, uint32_t id, struct raw *raw)
{
	struct tunnel *tunnel;

	TAILQ_FOREACH(tunnel, &t->tunnels, order)
		if (tunnel->conf.raw_id == id)
			tunnel->raw = raw;
}

struct raw *raw_add(struct tunnel_table *t, uint32_t id, const struct endpoint *local, uint8_t protocol, int fd,
		    int df_fd)
{
	struct raw *raw = raw_find(t, id);

	if (raw)
		raw_remove(t, raw);
	raw = calloc(1, sizeof *raw);
	if (!raw) {
		close(fd);
		close(df_fd);
		return NULL;
	}
	*raw = (struct raw){ .source = SOURCE_RAW, .id = id, .local = *local, .protocol = protocol, .fd = fd,
			     .df_fd = df_fd };
	t->raw_epoch++;
	TAILQ_INSERT_TAIL(&t->raws, raw, order);
	raw_relink(t, id, raw);
	return raw;
}

void raw_remove(struct tunnel_table *t, struct raw *raw)
{
	t->raw_epoch++;
	raw_relink(t, raw->id, NULL);
	TAILQ_REMOVE(&t->raws, raw, order);
	if (raw->fd >= 0)
		close(raw->fd);
	if (raw->df_fd >= 0)
		close(raw->df_fd);
	free(raw);
}
