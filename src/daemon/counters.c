/* counters: the forwarder's counters as it last told them, for `show counters`. */
#include "daemon/counters.h"

#include <stdlib.h>
#include <string.h>

static void clear(struct counters *c)
{
	c->tunnel_count = c->peer_count = c->relay_count = c->sa_count = 0;
}

/* As many entries as the message holds. Out of memory they are left out. */
static void append(void **list, size_t *count, const struct ipc_message *m, size_t size)
{
	const size_t more = m->length / size;
	void *grown = more ? realloc(*list, (*count + more) * size) : NULL;

	if (!grown)
		return;
	*list = grown;
	memcpy((char *)grown + *count * size, m->payload, more * size);
	*count += more;
}

bool counters_add(struct counters *c, const struct ipc_message *m)
{
	if (!c->open) /* SAs are told of at other times too */
		return m->type == FORWARD_COUNTERS_END;
	if (m->type == FORWARD_TUNNEL_COUNTERS)
		append((void **)&c->tunnels, &c->tunnel_count, m, sizeof *c->tunnels);
	else if (m->type == FORWARD_PEER_COUNTERS)
		append((void **)&c->peers, &c->peer_count, m, sizeof *c->peers);
	else if (m->type == FORWARD_RELAY_COUNTERS)
		append((void **)&c->relays, &c->relay_count, m, sizeof *c->relays);
	else if (m->type == FORWARD_SA_STATE)
		append((void **)&c->sas, &c->sa_count, m, sizeof *c->sas);
	else if (m->type == FORWARD_COUNTERS_END && m->length == sizeof c->drops) {
		memcpy(&c->drops, m->payload, sizeof c->drops);
		if (c->drops.count > FORWARD_DROPS_MAX)
			c->drops.count = FORWARD_DROPS_MAX;
		c->open = false;
		return true;
	}
	return false;
}

void counters_begin(struct counters *c)
{
	clear(c);
	c->open = true;
}

void counters_done(struct counters *c)
{
	free(c->tunnels);
	free(c->peers);
	free(c->relays);
	free(c->sas);
	*c = (struct counters){ 0 };
}

const struct forward_peer_counters *counters_peer(const struct counters *c, uint32_t tunnel, uint64_t peer)
{
	for (size_t i = 0; i < c->peer_count; i++) {
		if (c->peers[i].tunnel == tunnel && c->peers[i].peer == peer)
			return &c->peers[i];
	}
	return NULL;
}
