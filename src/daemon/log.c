#include "daemon/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "engine/effect.h"

enum { LOG_BURST = 50, LOG_PER_S = 5 };

void log_init(struct log *l)
{
	memset(l, 0, sizeof *l);
	l->severity_max = TRACE_INFO;
}

/* Causes beyond the table share its last bound. */
static struct log_bound *find_bound(struct log *l, struct instant now, const char *mnemonic)
{
	struct log_bound *b;

	for (size_t i = 0; i < l->bound_count; i++) {
		if (strcmp(l->bounds[i].mnemonic, mnemonic) == 0)
			return &l->bounds[i];
	}
	if (l->bound_count == LOG_CAUSES)
		return &l->bounds[LOG_CAUSES - 1];
	b = &l->bounds[l->bound_count++];
	snprintf(b->mnemonic, sizeof b->mnemonic, "%s", mnemonic);
	b->refilled = now;
	b->millitokens = LOG_BURST * 1000;
	return b;
}

/* true: no token is there, and the line is counted. */
static bool holds_back(struct log_bound *b, struct instant now)
{
	b->millitokens += instant_since(now, b->refilled).us * LOG_PER_S / 1000;
	b->refilled = now;
	if (b->millitokens > LOG_BURST * 1000)
		b->millitokens = LOG_BURST * 1000;
	if (b->millitokens >= 1000)
		return false;
	b->held_back++;
	return true;
}

bool log_holds_back(struct log *l, struct instant now, const char *mnemonic)
{
	return holds_back(find_bound(l, now, mnemonic), now);
}

static struct log_event *keep(struct log *l, int severity, const char *mnemonic, const char *text)
{
	struct log_event *e = &l->events[l->event_next];
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	l->event_next = (l->event_next + 1) % LOG_EVENTS;
	if (l->event_count < LOG_EVENTS)
		l->event_count++;
	e->unix_us = (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
	e->severity = severity;
	snprintf(e->mnemonic, sizeof e->mnemonic, "%s", mnemonic);
	snprintf(e->text, sizeof e->text, "%s", text);
	return e;
}

void log_write(struct log *l, struct instant now, int severity, const char *mnemonic, const char *text)
{
	struct log_bound *b = find_bound(l, now, mnemonic);
	const struct log_event *e;

	if (holds_back(b, now))
		return;
	b->millitokens -= 1000;
	e = keep(l, severity, mnemonic, text);
	if (severity > l->severity_max)
		return;
	if (b->held_back > 0)
		fprintf(stderr, "%%DMVPN-%d-%s: %s held_back=%llu\n", severity, mnemonic, e->text,
			(unsigned long long)b->held_back);
	else
		fprintf(stderr, "%%DMVPN-%d-%s: %s\n", severity, mnemonic, e->text);
	b->held_back = 0;
}

void log_printf(struct log *l, struct instant now, int severity, const char *mnemonic, const char *format, ...)
{
	char text[LOG_TEXT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	log_write(l, now, severity, mnemonic, text);
}

const struct log_event *log_event_at(const struct log *l, size_t i)
{
	if (i >= l->event_count)
		return NULL;
	return &l->events[(l->event_next + LOG_EVENTS - l->event_count + i) % LOG_EVENTS];
}
