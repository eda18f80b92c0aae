#include "track/track.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct link {
	const char *name;
	bool up, addressed;
};

struct watch {
	size_t operation_count, track_count, backup_count, link_count;
	struct operation *operations;
	struct track *tracks;
	struct backup *backups;
	struct link *links; /* that something here is about */
};

/* ---- making ---- */

static struct link *find_link(const struct watch *w, const char *name)
{
	for (size_t i = 0; name && i < w->link_count; i++) {
		if (!strcmp(w->links[i].name, name))
			return &w->links[i];
	}
	return NULL;
}

static void add_link(struct watch *w, const char *name)
{
	if (name && !find_link(w, name))
		w->links[w->link_count++] = (struct link){ .name = name };
}

static void fill(struct watch *w, const struct config *c, struct instant now)
{
	for (size_t i = 0; i < c->sla_count; i++) {
		operation_init(&w->operations[w->operation_count++], &c->slas[i], now);
		add_link(w, c->slas[i].source_interface);
	}
	for (size_t i = 0; i < c->track_count; i++) {
		struct track *const t = &w->tracks[w->track_count++];

		*t = (struct track){ .config = &c->tracks[i], .since = now };
		settled_init(&t->state, false);
		add_link(w, c->tracks[i].interface);
	}
	for (size_t i = 0; i < c->interface_count; i++) {
		if (!c->interfaces[i].backup)
			continue;
		w->backups[w->backup_count] = (struct backup){ .primary = &c->interfaces[i], .name = c->interfaces[i].backup };
		settled_init(&w->backups[w->backup_count++].wanted, false);
		add_link(w, c->interfaces[i].name);
	}
}

struct watch *watch_new(const struct config *c, struct instant now)
{
	struct watch *w = calloc(1, sizeof *w);

	if (!w)
		return NULL;
	w->operations = calloc(c->sla_count + 1, sizeof *w->operations);
	w->tracks = calloc(c->track_count + 1, sizeof *w->tracks);
	w->backups = calloc(c->interface_count + 1, sizeof *w->backups);
	w->links = calloc(c->sla_count + c->track_count + c->interface_count + 1, sizeof *w->links);
	if (w->operations && w->tracks && w->backups && w->links) {
		fill(w, c, now);
		return w;
	}
	watch_free(w);
	return NULL;
}

void watch_free(struct watch *w)
{
	if (!w)
		return;
	free(w->operations);
	free(w->tracks);
	free(w->backups);
	free(w->links);
	free(w);
}

/* ---- states ---- */

static const struct operation *find_operation(const struct watch *w, uint32_t number)
{
	for (size_t i = 0; i < w->operation_count; i++) {
		if (w->operations[i].config->number == number)
			return &w->operations[i];
	}
	return NULL;
}

static const struct track *find_track(const struct watch *w, uint32_t number)
{
	for (size_t i = 0; i < w->track_count; i++) {
		if (w->tracks[i].config->number == number)
			return &w->tracks[i];
	}
	return NULL;
}

static bool object_is_up(const struct watch *w, const struct config_track_object *o)
{
	const struct track *const t = find_track(w, o->track);

	return t && t->state.counts != o->negated;
}

static bool list_is_up(const struct watch *w, const struct config_track *c)
{
	const bool all = c->kind == TRACK_ALL;

	for (size_t i = 0; i < c->object_count; i++) {
		if (object_is_up(w, &c->objects[i]) != all)
			return !all;
	}
	return all && c->object_count > 0;
}

static bool operation_is_up(const struct watch *w, const struct track *t)
{
	const struct operation *const o = find_operation(w, t->config->sla);

	if (!o)
		return false;
	if (o->result == OPERATION_UNKNOWN)
		return t->state.counts; /* an earlier life's word */
	return o->result == OPERATION_OK || (o->result == OPERATION_LATE && t->config->kind == TRACK_REACHABILITY);
}

static bool is_up(const struct watch *w, const struct track *t)
{
	const struct link *const l = find_link(w, t->config->interface);

	switch (t->config->kind) {
	case TRACK_REACHABILITY:
	case TRACK_IN_TIME:
		return operation_is_up(w, t);
	case TRACK_LINE_PROTOCOL:
		return l && l->up;
	case TRACK_IP_ROUTING:
		return l && l->up && l->addressed;
	case TRACK_ALL:
	case TRACK_ANY:
		return list_is_up(w, t->config);
	}
	return false;
}

static struct span delay(uint32_t seconds)
{
	return seconds == BACKUP_NEVER ? span_us(INT64_MAX) : span_s(seconds);
}

/* What a list names stands before it. */
static void evaluate(struct watch *w, struct instant now)
{
	for (size_t i = 0; i < w->track_count; i++) {
		struct track *const t = &w->tracks[i];
		const bool before = t->state.counts;

		settled_tick(&t->state, now);
		settled_see(&t->state, now, is_up(w, t), span_s(t->config->up_delay_s), span_s(t->config->down_delay_s));
		if (t->state.counts != before) {
			t->since = now;
			t->changes++;
		}
	}
	for (size_t i = 0; i < w->backup_count; i++) {
		struct backup *const b = &w->backups[i];
		const struct link *const l = find_link(w, b->primary->name);

		settled_tick(&b->wanted, now);
		settled_see(&b->wanted, now, !l || !l->up, delay(b->primary->backup_up_delay_s),
			    delay(b->primary->backup_down_delay_s));
	}
}

void watch_adopt(struct watch *w, uint32_t number)
{
	for (size_t i = 0; i < w->track_count; i++) {
		if (w->tracks[i].config->number == number)
			settled_init(&w->tracks[i].state, true);
	}
}

void watch_link(struct watch *w, struct instant now, const char *name, bool up, bool addressed)
{
	struct link *const l = find_link(w, name);

	if (!l)
		return;
	l->up = up;
	l->addressed = addressed;
	for (size_t i = 0; i < w->operation_count; i++) {
		const char *const source = w->operations[i].config->source_interface;

		if (source && !strcmp(source, name))
			operation_usable(&w->operations[i], now, up && addressed);
	}
}

void watch_answer(struct watch *w, struct instant now, uint32_t sla, uint32_t sequence)
{
	for (size_t i = 0; i < w->operation_count; i++) {
		if (w->operations[i].config->number == sla)
			operation_answered(&w->operations[i], now, sequence);
	}
	evaluate(w, now);
}

void watch_tick(struct watch *w, struct instant now)
{
	for (size_t i = 0; i < w->operation_count; i++)
		operation_tick(&w->operations[i], now);
	evaluate(w, now);
}

struct instant watch_deadline(const struct watch *w)
{
	struct instant at = INSTANT_NEVER;

	for (size_t i = 0; i < w->operation_count; i++)
		at = instant_min(at, operation_deadline(&w->operations[i]));
	for (size_t i = 0; i < w->track_count; i++)
		at = instant_min(at, w->tracks[i].state.due);
	for (size_t i = 0; i < w->backup_count; i++)
		at = instant_min(at, w->backups[i].wanted.due);
	return at;
}

/* ---- what shall be done ---- */

static bool next_change(bool counts, bool *said, bool *known)
{
	if (*known && *said == counts)
		return false;
	*known = true;
	*said = counts;
	return true;
}

bool watch_next(struct watch *w, struct watch_effect *out)
{
	*out = (struct watch_effect){ 0 };
	for (size_t i = 0; i < w->backup_count; i++) {
		struct backup *const b = &w->backups[i];

		if (next_change(b->wanted.counts, &b->said, &b->known)) {
			out->type = WATCH_INTERFACE;
			out->backup = b;
			return true;
		}
	}
	for (size_t i = 0; i < w->track_count; i++) {
		struct track *const t = &w->tracks[i];

		if (next_change(t->state.counts, &t->said, &t->known)) {
			out->type = WATCH_TRACK;
			out->track = t;
			return true;
		}
	}
	for (size_t i = 0; i < w->operation_count; i++) {
		if (w->operations[i].to_send) {
			w->operations[i].to_send = false;
			out->type = WATCH_ECHO;
			out->operation = &w->operations[i];
			return true;
		}
	}
	return false;
}

/* ---- for show ---- */

const struct operation *watch_operations(const struct watch *w, size_t *count)
{
	*count = w->operation_count;
	return w->operations;
}

const struct track *watch_tracks(const struct watch *w, size_t *count)
{
	*count = w->track_count;
	return w->tracks;
}

const struct backup *watch_backups(const struct watch *w, size_t *count)
{
	*count = w->backup_count;
	return w->backups;
}

bool watch_up(const struct watch *w, uint32_t number)
{
	const struct track *const t = find_track(w, number);

	return t && t->said;
}

const char *track_what(const struct track *t, char text[WATCH_TEXT_MAX])
{
	const struct config_track *const c = t->config;

	switch (c->kind) {
	case TRACK_REACHABILITY:
	case TRACK_IN_TIME:
		snprintf(text, WATCH_TEXT_MAX, "ip sla %u %s", c->sla, c->kind == TRACK_IN_TIME ? "state" : "reachability");
		break;
	case TRACK_LINE_PROTOCOL:
	case TRACK_IP_ROUTING:
		snprintf(text, WATCH_TEXT_MAX, "interface %s %s", c->interface ? c->interface : "",
			 c->kind == TRACK_IP_ROUTING ? "ip routing" : "line-protocol");
		break;
	case TRACK_ALL:
	case TRACK_ANY:
		snprintf(text, WATCH_TEXT_MAX, "list boolean %s", c->kind == TRACK_ALL ? "and" : "or");
		break;
	}
	return text;
}

static const char *why_link(const struct watch *w, const struct config_track *c, char text[WATCH_TEXT_MAX])
{
	const struct link *const l = find_link(w, c->interface);
	const char *word = "is up";

	if (!l || !l->up)
		word = "is down or has no carrier";
	else if (c->kind == TRACK_IP_ROUTING && !l->addressed)
		word = "has no address";
	snprintf(text, WATCH_TEXT_MAX, "%s %s", c->interface ? c->interface : "it", word);
	return text;
}

const char *track_why(const struct watch *w, const struct track *t, char text[WATCH_TEXT_MAX])
{
	const struct operation *const o = find_operation(w, t->config->sla);

	if (t->state.now != t->state.counts)
		snprintf(text, WATCH_TEXT_MAX, "%s, and that has to last", t->state.now ? "up" : "down");
	else if (t->config->interface)
		return why_link(w, t->config, text);
	else if (o)
		snprintf(text, WATCH_TEXT_MAX, "latest operation: %s", operation_text(o->result));
	else if (t->config->sla)
		snprintf(text, WATCH_TEXT_MAX, "there is no operation %u", t->config->sla);
	else
		snprintf(text, WATCH_TEXT_MAX, "%zu objects", t->config->object_count);
	return text;
}
