/*
 * tracks: what the blocks of `ip sla` and `track` amount to. The blocks are kept as text, which
 * is printed again; here they become values, once the whole file is read.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/reading.h"

enum { FREQUENCY_MS = 60000, TIMEOUT_MS = 5000, OPERATIONS_MAX = 64 };

void config_sla_done(struct config_sla *s)
{
	free(s->source_interface);
}

void config_track_done(struct config_track *t)
{
	free(t->interface);
	free(t->objects);
}

const struct config_sla *config_find_sla(const struct config *c, uint32_t number)
{
	for (size_t i = 0; i < c->sla_count; i++) {
		if (c->slas[i].number == number)
			return &c->slas[i];
	}
	return NULL;
}

const struct config_track *config_find_track(const struct config *c, uint32_t number)
{
	for (size_t i = 0; number && i < c->track_count; i++) {
		if (c->tracks[i].number == number)
			return &c->tracks[i];
	}
	return NULL;
}

bool config_route_tracked(const struct config *c, const struct config_route *route)
{
	return config_find_track(c, route->track) != NULL;
}

/* ---- ip sla ---- */

static char *kernel_name(struct reading *r, const char *text)
{
	char kernel[16];

	return config_ifname(text, NULL, kernel) ? reading_keep(r, kernel) : NULL;
}

static void take_echo(struct reading *r, struct config_sla *s, const char *text)
{
	char target[64] = "", word[24] = "", source[128] = "";

	sscanf(text, "icmp-echo %63s %23s %127[^\n]", target, word, source);
	ipaddr_parse(target, &s->target);
	if (!strcmp(word, "source-interface")) {
		free(s->source_interface);
		s->source_interface = kernel_name(r, source);
	} else if (!strcmp(word, "source-ip")) {
		ipaddr_parse(source, &s->source);
	}
}

static void take_vrf(const struct config *c, struct config_sla *s, const char *name)
{
	for (size_t i = 0; i < c->vrf_count; i++) {
		if (!strcmp(c->vrfs[i].name, name))
			s->vrf = (uint32_t)i;
	}
}

static void take_sla_line(struct reading *r, struct config_sla *s, const char *text)
{
	unsigned n;

	if (!strncmp(text, "icmp-echo ", 10))
		take_echo(r, s, text);
	else if (sscanf(text, "frequency msec %u", &n) == 1)
		s->frequency_ms = n;
	else if (sscanf(text, "frequency %u", &n) == 1)
		s->frequency_ms = n * 1000;
	else if (sscanf(text, "timeout %u", &n) == 1)
		s->timeout_ms = n;
	else if (sscanf(text, "threshold %u", &n) == 1)
		s->threshold_ms = n;
	else if (!strncmp(text, "vrf ", 4))
		take_vrf(r->c, s, text + 4);
}

static void finish_sla(struct reading *r, struct config_sla *s)
{
	const struct config_interface *i = s->source_interface ? config_find_interface(r->c, s->source_interface) : NULL;

	if (i)
		s->vrf = i->vrf;
	if (s->source_interface && !i)
		config_line_error(r, s->line, "add the interface, or name another one", "operation %u: there is no interface %s",
				  s->number, s->source_interface);
	if (s->frequency_ms < s->timeout_ms)
		s->timeout_ms = s->frequency_ms; /* the next echo decides */
	if (r->c->sla_count > OPERATIONS_MAX)
		config_line_error(r, s->line, "watch fewer things", "there are more than %u operations", (unsigned)OPERATIONS_MAX);
}

static void take_sla(struct reading *r, const struct config_block *b, uint32_t number)
{
	struct config_sla *s, fresh = { .number = number, .frequency_ms = FREQUENCY_MS, .timeout_ms = TIMEOUT_MS,
					.threshold_ms = TIMEOUT_MS, .line = b->line };

	for (size_t i = 0; i < b->line_count; i++)
		take_sla_line(r, &fresh, b->lines[i].text);
	s = ipaddr_is_none(&fresh.target) ? NULL : ADD(r, r->c->slas, r->c->sla_count);
	if (!s) {
		config_sla_done(&fresh);
		return;
	}
	*s = fresh;
	finish_sla(r, s);
}

static void take_schedule(const struct config *c, uint32_t number)
{
	for (size_t i = 0; i < c->sla_count; i++) {
		if (c->slas[i].number == number)
			c->slas[i].scheduled = true;
	}
}

/* ---- track ---- */

static void take_object(struct reading *r, struct config_track *t, const char *text)
{
	unsigned number;
	char word[8] = "";
	struct config_track_object *o;

	if (sscanf(text, "object %u %7s", &number, word) < 1)
		return;
	o = ADD(r, t->objects, t->object_count);
	if (o)
		*o = (struct config_track_object){ number, !strcmp(word, "not") };
}

static void take_delay(struct config_track *t, const char *text)
{
	const char *up = strstr(text, " up "), *down = strstr(text, " down ");

	if (up)
		t->up_delay_s = (uint16_t)atoi(up + 4);
	if (down)
		t->down_delay_s = (uint16_t)atoi(down + 6);
}

static void take_track_interface(struct reading *r, struct config_track *t, const char *words)
{
	const char *end = strstr(words, " line-protocol");
	char name[128];

	t->kind = end ? TRACK_LINE_PROTOCOL : TRACK_IP_ROUTING;
	if (!end)
		end = strstr(words, " ip routing");
	if (!end || (size_t)(end - words) >= sizeof name)
		return;
	memcpy(name, words, (size_t)(end - words));
	name[end - words] = '\0';
	t->interface = kernel_name(r, name);
}

/* What follows the number. false: nothing that is watched here. */
static bool take_head(struct reading *r, struct config_track *t, const char *words)
{
	if (sscanf(words, "ip sla %u", &t->sla) == 1 || sscanf(words, "rtr %u", &t->sla) == 1)
		t->kind = strstr(words, " state") ? TRACK_IN_TIME : TRACK_REACHABILITY;
	else if (!strncmp(words, "interface ", 10))
		take_track_interface(r, t, words + 10);
	else if (!strncmp(words, "list boolean ", 13))
		t->kind = !strcmp(words + 13, "and") ? TRACK_ALL : TRACK_ANY;
	else
		return false;
	return true;
}

static void take_track(struct reading *r, const struct config_block *b, uint32_t number, const char *words)
{
	struct config_track *t, fresh = { .number = number, .line = b->line };

	if (!take_head(r, &fresh, words))
		return;
	for (size_t i = 0; i < b->line_count; i++) {
		if (!strncmp(b->lines[i].text, "object ", 7))
			take_object(r, &fresh, b->lines[i].text);
		else if (!strncmp(b->lines[i].text, "delay ", 6))
			take_delay(&fresh, b->lines[i].text);
	}
	t = ADD(r, r->c->tracks, r->c->track_count);
	if (t)
		*t = fresh;
	else
		config_track_done(&fresh);
}

/* ---- what hangs on what ---- */

static bool has_block(const struct config *c, const char *kind, uint32_t number)
{
	const size_t length = strlen(kind);

	for (size_t i = 0; i < c->block_count; i++) {
		if (!strncmp(c->blocks[i].head, kind, length) && strtoul(c->blocks[i].head + length, NULL, 10) == number)
			return true;
	}
	return false;
}

static void check_track(struct reading *r, const struct config_track *t)
{
	const struct config_sla *s = t->sla ? config_find_sla(r->c, t->sla) : NULL;

	if (t->sla && !has_block(r->c, "ip sla ", t->sla))
		config_judge_line(r->c, t->line, false, "it is down for ever: there is no such operation", "add ip sla and its icmp-echo");
	else if (s && !s->scheduled)
		config_judge_line(r->c, t->line, false, "it is down for ever: the operation never runs",
				  "add ip sla schedule NUMBER life forever start-time now");
	if (t->interface && !config_find_interface(r->c, t->interface))
		config_judge_line(r->c, t->line, false, "it is down for ever: there is no such interface", "name an interface of this router");
	for (size_t i = 0; i < t->object_count; i++) {
		if (t->objects[i].track >= t->number)
			config_line_error(r, t->line, "give the list a higher number than what it lists",
					  "track %u lists track %u, which does not come before it", t->number, t->objects[i].track);
	}
}

/* An operation that is not done here leaves its tracks unknown, and a route is not thrown away for that. */
static bool is_watched(const struct config *c, const struct config_track *t)
{
	return !t->sla || config_find_sla(c, t->sla) || !has_block(c, "ip sla ", t->sla);
}

static void drop_unwatched(struct config *c)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->track_count; i++) {
		if (is_watched(c, &c->tracks[i]))
			c->tracks[kept++] = c->tracks[i];
		else
			config_track_done(&c->tracks[i]);
	}
	c->track_count = kept;
}

static int by_number(const void *a, const void *b)
{
	const struct config_track *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

void reading_finish_tracks(struct reading *r)
{
	struct config *const c = r->c;

	for (size_t i = 0; i < c->block_count; i++) {
		const char *const head = c->blocks[i].head;
		unsigned number;
		int used = 0;

		if (sscanf(head, "ip sla %u%n", &number, &used) == 1 && !head[used])
			take_sla(r, &c->blocks[i], number);
		else if (sscanf(head, "track %u %n", &number, &used) == 1 && used)
			take_track(r, &c->blocks[i], number, head + used);
	}
	for (size_t i = 0; i < c->block_count; i++) {
		unsigned number;

		if (sscanf(c->blocks[i].head, "ip sla schedule %u", &number) == 1)
			take_schedule(c, number);
	}
	drop_unwatched(c);
	/* What a list names stands before it. */
	if (c->track_count)
		qsort(c->tracks, c->track_count, sizeof *c->tracks, by_number);
	for (size_t i = 0; i < c->track_count; i++)
		check_track(r, &c->tracks[i]);
	for (size_t i = 0; i < c->route_count; i++) {
		if (c->routes[i].track && !config_route_tracked(c, &c->routes[i]))
			config_line_unsupported(r, c->routes[i].line, true, "the route is not withdrawn with track %u",
						c->routes[i].track);
	}
}
