/*
 * log: one line an event on stderr, in key=value with IOS facility words where they exist
 * ("%DMVPN-5-NHRP_NHS_UP: tunnel=Tunnel0 …"), bounded per cause, and the ring of the latest
 * events for `show events`. What the bound holds back is counted and said with the next line
 * of that cause. Secrets are never given to it.
 */
#ifndef DMVPN_DAEMON_LOG_H
#define DMVPN_DAEMON_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/instant.h"

enum { LOG_EVENTS = 512, LOG_TEXT_MAX = 240, LOG_CAUSE_MAX = 32, LOG_CAUSES = 64 };

struct log_event {
	int64_t unix_us;
	int severity; /* as syslog: 3 error … 7 debug */
	char mnemonic[LOG_CAUSE_MAX];
	char text[LOG_TEXT_MAX];
};

/* A bucket of tokens a cause (its mnemonic). */
struct log_bound {
	char mnemonic[LOG_CAUSE_MAX];
	struct instant refilled;
	int64_t millitokens;
	uint64_t held_back;
};

struct log {
	int severity_max; /* what goes to stderr */
	struct log_event events[LOG_EVENTS];
	size_t event_next, event_count;
	struct log_bound bounds[LOG_CAUSES];
	size_t bound_count;
};

void log_init(struct log *l);
/* Names of severities as in enum trace_severity. text holds no line end. */
void log_write(struct log *l, struct instant now, int severity, const char *mnemonic, const char *text);
void log_printf(struct log *l, struct instant now, int severity, const char *mnemonic, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
/* Before a line is made that is dear to make: true when log_write() would only count it, which is done then. */
bool log_holds_back(struct log *l, struct instant now, const char *mnemonic);
/* The i-th event, oldest first; NULL beyond the last. */
const struct log_event *log_event_at(const struct log *l, size_t i);

#endif
