/*
 * operation: one `ip sla` operation: an echo every so often, and what became of the last one.
 *
 *   waiting for its time --send--> waiting for the answer --answer--> OK or LATE --.
 *        ^                                  `--timeout--> NO_ANSWER --------------+
 *        `------------------------------------------------------------------------'
 *   Its interface goes: UNUSABLE at once; comes: the next echo at once.
 */
#ifndef DMVPN_TRACK_OPERATION_H
#define DMVPN_TRACK_OPERATION_H

#include "base/instant.h"
#include "config/config.h"

enum operation_result { OPERATION_UNKNOWN, OPERATION_OK, OPERATION_LATE, OPERATION_NO_ANSWER, OPERATION_UNUSABLE };

struct operation {
	const struct config_sla *config;
	enum operation_result result;
	bool usable;             /* its interface is up and has an address, or none is named */
	bool waiting;            /* for the answer to `sequence`, until `timeout` */
	bool to_send;            /* the caller has not sent `sequence` yet */
	uint32_t sequence;
	struct instant next, timeout, sent;
	struct span rtt;         /* of the last answer */
	struct span least, most; /* of all answers */
	int64_t sum_us;
	uint64_t sent_count, answered_count, failed_count;
};

void operation_init(struct operation *o, const struct config_sla *c, struct instant now);
void operation_usable(struct operation *o, struct instant now, bool usable);
void operation_answered(struct operation *o, struct instant now, uint32_t sequence);
void operation_tick(struct operation *o, struct instant now);
struct instant operation_deadline(const struct operation *o);

const char *operation_text(enum operation_result r);

#endif
