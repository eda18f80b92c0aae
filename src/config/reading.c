/* reading: memory, verdicts and frames of a file that is being read: what the handlers of commands work with. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/reading.h"

/* ---- memory ---- */

void *reading_add(struct reading *r, void *items, size_t *count, size_t size)
{
	void **array = items;
	char *grown = *array;

	/* Room is always a power of two, so the count tells when it is full. */
	if ((*count & (*count - 1)) == 0) {
		grown = reallocarray(*array, *count ? *count * 2 : 1, size);
		if (!grown) {
			r->out_of_memory = true;
			return NULL;
		}
		*array = grown;
	}
	memset(grown + *count * size, 0, size);
	return grown + (*count)++ * size;
}

bool reading_work(struct reading *r, size_t entries)
{
	r->work += entries;
	r->too_much |= r->work > WORK_MAX;
	return !r->too_much;
}

char *reading_keep(struct reading *r, const char *text)
{
	char *copy = text ? strdup(text) : NULL;

	if (text && !copy)
		r->out_of_memory = true;
	return copy;
}

void reading_replace(struct reading *r, char **slot, const char *text)
{
	char *copy = reading_keep(r, text);

	free(*slot);
	*slot = copy;
}

/* ---- verdicts ---- */

static char *__attribute__((format(printf, 1, 0))) format_text(const char *format, va_list arguments)
{
	char *text;

	return vasprintf(&text, format, arguments) < 0 ? NULL : text;
}

static void set_verdict(struct reading *r, enum config_state state, bool changes_traffic, char *reason)
{
	if (!reason)
		r->out_of_memory = true;
	free(r->reason);
	r->state = state;
	r->changes_traffic = changes_traffic;
	r->reason = reason;
}

void reading_error(struct reading *r, const char *remedy, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	set_verdict(r, CONFIG_ERROR, false, format_text(format, arguments));
	va_end(arguments);
	reading_replace(r, &r->remedy, remedy);
}

void reading_unsupported(struct reading *r, bool changes_traffic, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	set_verdict(r, CONFIG_NOT_SUPPORTED, changes_traffic, format_text(format, arguments));
	va_end(arguments);
}

void reading_no_effect(struct reading *r, const char *reason)
{
	set_verdict(r, CONFIG_NO_EFFECT, false, strdup(reason));
}

void config_line_error(struct reading *r, unsigned number, const char *remedy, const char *format, ...)
{
	struct config_line *line = number && number <= r->c->line_count ? &r->c->lines[number - 1] : NULL;
	va_list arguments;

	if (!line || line->state == CONFIG_ERROR)
		return;
	free(line->reason);
	va_start(arguments, format);
	line->reason = format_text(format, arguments);
	va_end(arguments);
	reading_replace(r, &line->remedy, remedy);
	line->state = CONFIG_ERROR;
	line->changes_traffic = false;
	if (!line->reason)
		r->out_of_memory = true;
}

void config_line_unsupported(struct reading *r, unsigned number, bool changes_traffic, const char *format, ...)
{
	struct config_line *line = number && number <= r->c->line_count ? &r->c->lines[number - 1] : NULL;
	va_list arguments;

	if (!line || line->state != CONFIG_HONOURED)
		return;
	va_start(arguments, format);
	line->reason = format_text(format, arguments);
	va_end(arguments);
	line->state = CONFIG_NOT_SUPPORTED;
	line->changes_traffic = changes_traffic;
	if (!line->reason)
		r->out_of_memory = true;
}

/* ---- frames ---- */

struct frame *reading_top(struct reading *r)
{
	return &r->frames[r->depth - 1];
}

void reading_enter(struct reading *r, enum config_mode mode, size_t index)
{
	if (r->depth == FRAMES_MAX)
		return;
	r->frames[r->depth++] = (struct frame){ .mode = mode, .index = index, .head = NAMES_NONE };
}

void reading_leave(struct reading *r, const struct match *m)
{
	(void)m;
	if (r->depth > 1)
		r->depth--;
}

void reading_stay(struct reading *r, const struct match *m)
{
	(void)r;
	(void)m;
}

struct config_interface *reading_interface(struct reading *r)
{
	return &r->c->interfaces[reading_top(r)->index];
}

struct config_tunnel *reading_tunnel(struct reading *r)
{
	return reading_interface(r)->tunnel;
}

uint32_t reading_vrf(struct reading *r, const char *name)
{
	const uint64_t key = names_key(NAME_VRF, 0, name);
	uint32_t found = names_get(&r->names, key);
	struct config_vrf *vrf;

	if (found != NAMES_NONE)
		return found;
	r->too_much |= r->c->vrf_count > VRFS_MAX;
	vrf = ADD(r, r->c->vrfs, r->c->vrf_count);
	if (!vrf)
		return 0;
	vrf->name = reading_keep(r, name);
	found = (uint32_t)(r->c->vrf_count - 1);
	r->out_of_memory |= !names_set(&r->names, key, found);
	return found;
}
