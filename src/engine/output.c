#include "engine/output.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static void make_room(struct engine *e)
{
	if (e->queue_head == e->queue_count)
		e->queue_head = e->queue_count = 0;
	if (e->queue_count < e->queue_capacity)
		return;
	e->queue_capacity = e->queue_capacity ? 2 * e->queue_capacity : 64;
	e->queue = alloc_array(e->queue, e->queue_capacity, sizeof *e->queue);
}

struct effect *output_push(struct engine *e, enum effect_type type, uint32_t tunnel, void *blob)
{
	struct queued_effect *q;

	make_room(e);
	q = &e->queue[e->queue_count++];
	*q = (struct queued_effect){ .effect = { .type = type, .tunnel = tunnel }, .blob = blob };
	return &q->effect;
}

void output_send(struct engine *e, uint32_t tunnel, const struct endpoint *to, uint64_t peer,
		 const uint8_t *bytes, size_t length)
{
	uint8_t *const copy = alloc_zero(length, 1);
	struct effect *const x = output_push(e, EFFECT_SEND, tunnel, copy);

	memcpy(copy, bytes, length);
	x->send.to = *to;
	x->send.peer = peer;
	x->send.bytes = copy;
	x->send.length = length;
}

bool trace_is_held_back(const struct engine *e, const char *mnemonic)
{
	return e->options.holds_back && e->options.holds_back(e->options.holds_back_arg, e->now, mnemonic);
}

void trace(struct engine *e, uint32_t tunnel, enum trace_severity severity, const char *mnemonic,
	   const char *format, ...)
{
	char text[320];
	struct effect *x;
	char *copy;
	va_list args;

	if (trace_is_held_back(e, mnemonic))
		return;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	copy = alloc_text(text);
	x = output_push(e, EFFECT_TRACE, tunnel, copy);
	x->trace.severity = severity;
	x->trace.mnemonic = mnemonic;
	x->trace.text = copy;
}

void routing_tell(struct engine *e, uint32_t tunnel, const struct ipaddr *addr, enum routing_word says)
{
	struct effect *x;

	if (ipaddr_is_none(addr))
		return;
	x = output_push(e, EFFECT_ROUTING, tunnel, NULL);
	x->routing.addr = *addr;
	x->routing.says = says;
}

bool engine_next_effect(struct engine *e, struct effect *out)
{
	struct queued_effect *q;

	free(e->lent_blob);
	e->lent_blob = NULL;
	if (e->queue_head == e->queue_count)
		return false;
	q = &e->queue[e->queue_head++];
	*out = q->effect;
	e->lent_blob = q->blob;
	return true;
}

void output_done(struct engine *e)
{
	while (e->queue_head < e->queue_count)
		free(e->queue[e->queue_head++].blob);
	free(e->queue);
	free(e->lent_blob);
}
