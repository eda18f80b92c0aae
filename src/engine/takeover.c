#include "engine/takeover.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "engine/binding.h"
#include "engine/output.h"
#include "engine/packet.h"

enum { WAIT_S = 2 /* the client says it again before */ };

struct takeover {
	struct endpoint from, holder;
	struct ipaddr addr;
	struct foreign_key key;
	struct instant until;
	bool due;
	size_t length;
	uint8_t bytes[];
};

void takeover_hold(struct overlay *o, const struct endpoint *from, const struct ipaddr *addr, const struct endpoint *holder)
{
	const struct engine *const e = overlay_engine(o);
	struct takeover *const x = alloc_zero(1, sizeof *x + e->in_length);

	x->from = *from;
	x->holder = *holder;
	x->addr = *addr;
	x->key = e->in_key;
	x->until = instant_add(e->now, span_s(WAIT_S));
	x->length = e->in_length;
	memcpy(x->bytes, e->in_bytes, e->in_length);
	takeover_free(o);
	o->takeover = x;
}

bool takeover_of_dead(struct overlay *o, const struct ipaddr *addr, const struct endpoint *holder)
{
	struct engine *const e = overlay_engine(o);
	struct takeover *const x = o->takeover;

	if (!x || !instant_before(e->now, x->until) || !ipaddr_eq(&x->addr, addr) || !endpoint_eq(&x->holder, holder))
		return false;
	x->due = e->takeover_due = true;
	return true;
}

static void handle(struct overlay *o, const struct takeover *x)
{
	struct engine *const e = overlay_engine(o);
	struct event ev = { .type = EVENT_PACKET, .tunnel = o->tunnel->settings.number };
	const struct binding *b;

	ev.packet.from = x->from;
	ev.packet.key = x->key;
	ev.packet.bytes = x->bytes;
	ev.packet.length = x->length;
	packet_received(e, &ev);
	b = binding_host(o, &x->addr);
	if (b && endpoint_eq(binding_nbma(b), &x->holder))
		routing_tell(e, o->tunnel->settings.number, &x->addr, ROUTING_DEAD);
}

void takeovers_due(struct engine *e)
{
	if (!e->takeover_due)
		return;
	e->takeover_due = false;
	for (struct overlay *o = overlay_first(e); o; o = overlay_next(o)) {
		struct takeover *const x = o->takeover;

		if (!x || !x->due)
			continue;
		o->takeover = NULL;
		handle(o, x);
		free(x);
	}
}

void takeover_free(struct overlay *o)
{
	free(o->takeover);
	o->takeover = NULL;
}
