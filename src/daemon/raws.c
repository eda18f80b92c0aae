#include "daemon/raws.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct raw *append(struct raws *r, uint32_t id, const struct endpoint *local, uint8_t protocol)
{
	struct raw *grown = realloc(r->entries, (r->count + 1) * sizeof *grown);

	if (!grown)
		return NULL;
	r->entries = grown;
	grown[r->count] = (struct raw){ .id = id, .local = *local, .protocol = protocol };
	if (id > r->id_last)
		r->id_last = id;
	return &grown[r->count++];
}

void raws_held(struct raws *r, const struct keeper_raw *held)
{
	append(r, held->id, &held->local, held->protocol);
}

static struct raw *find(struct raws *r, const struct endpoint *local, uint8_t protocol)
{
	for (size_t i = 0; i < r->count; i++) {
		if (r->entries[i].protocol == protocol && endpoint_eq(&r->entries[i].local, local))
			return &r->entries[i];
	}
	return NULL;
}

int raws_get(struct raws *r, struct keeper_client *k, const struct endpoint *local, uint8_t protocol,
	     const char *device, uint32_t *id, char text[KEEPER_TEXT])
{
	struct raw *e = find(r, local, protocol);

	if (!e) {
		struct keeper_raw ask = { .id = r->id_last + 1, .local = *local, .protocol = protocol };
		int rc;

		snprintf(ask.device, sizeof ask.device, "%s", device);
		rc = keeper_open_raw(k, ask, text);
		if (rc < 0)
			return rc;
		e = append(r, ask.id, local, protocol);
		if (!e)
			return -ENOMEM;
	}
	e->users++;
	*id = e->id;
	return 0;
}

static void close_at(struct raws *r, struct keeper_client *k, size_t i)
{
	(void)keeper_close_raw(k, r->entries[i].id); /* gone already is as good */
	memmove(&r->entries[i], &r->entries[i + 1], (r->count - i - 1) * sizeof *r->entries);
	r->count--;
}

void raws_put(struct raws *r, struct keeper_client *k, uint32_t id)
{
	for (size_t i = 0; i < r->count; i++) {
		if (r->entries[i].id != id)
			continue;
		if (--r->entries[i].users == 0)
			close_at(r, k, i);
		return;
	}
}

void raws_sweep(struct raws *r, struct keeper_client *k)
{
	for (size_t i = r->count; i-- > 0;) {
		if (r->entries[i].users == 0)
			close_at(r, k, i);
	}
}
