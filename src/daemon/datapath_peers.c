#include "daemon/datapath_peers.h"

#include <stdlib.h>
#include <string.h>

void datapath_peers_done(struct datapath_peers *l)
{
	free(l->peers);
	*l = (struct datapath_peers){ 0 };
}

/* Index of the first peer whose id is not below. */
static size_t lower_bound(const struct datapath_peers *l, uint64_t id)
{
	size_t low = 0, high = l->count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (l->peers[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct datapath_peer *datapath_peers_find(const struct datapath_peers *l, uint64_t id)
{
	const size_t i = lower_bound(l, id);

	return i < l->count && l->peers[i].id == id ? &l->peers[i] : NULL;
}

static void grow(struct datapath_peers *l)
{
	const size_t room = l->room + l->room / 8 + 16; /* a hub has many: what is not used is memory too */
	struct datapath_peer *grown = reallocarray(l->peers, room, sizeof *grown);

	if (!grown)
		abort();
	l->peers = grown;
	l->room = room;
}

struct datapath_peer *datapath_peers_get(struct datapath_peers *l, uint64_t id)
{
	const size_t i = lower_bound(l, id);

	if (i < l->count && l->peers[i].id == id)
		return &l->peers[i];
	if (l->count == l->room)
		grow(l);
	memmove(&l->peers[i + 1], &l->peers[i], (l->count - i) * sizeof *l->peers);
	l->count++;
	l->peers[i] = (struct datapath_peer){ .id = id };
	return &l->peers[i];
}

void datapath_peers_del(struct datapath_peers *l, struct datapath_peer *p)
{
	const size_t after = l->count - (size_t)(p - l->peers) - 1;

	memmove(p, p + 1, after * sizeof *p);
	l->count--;
}

size_t datapath_peers_multicast_count(const struct datapath_peers *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->count; i++)
		n += l->peers[i].multicast;
	return n;
}
