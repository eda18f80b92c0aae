/*
 * refusals: who called this router by IKE and was refused, as far as charon's log tells: the
 * address that called, who it claims to be, why it was refused. A fixed number of both is kept;
 * the oldest go first, so that strangers cannot fill anything.
 */
#ifndef DMVPN_DAEMON_REFUSALS_H
#define DMVPN_DAEMON_REFUSALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/instant.h"
#include "base/ipaddr.h"
#include "ike/ike_cause.h"

enum { REFUSALS_MAX = 64, REFUSAL_CALLERS_MAX = 64, REFUSAL_CLAIMS_MAX = 128 };

struct refusal {
	struct ipaddr peer;
	char claims[REFUSAL_CLAIMS_MAX]; /* the identity that it shows, not proven; "" unknown */
	enum ike_cause cause;            /* of the last attempt, the one that says most */
	uint32_t ike_id;                 /* the last attempt */
	unsigned attempts;
	uint64_t causes_said;            /* a bit for each cause that was worth a line since `said` */
	struct instant first, last, said;
};

struct refusal_caller {
	uint32_t ike_id; /* 0: free */
	struct ipaddr peer;
	char claims[REFUSAL_CLAIMS_MAX];
};

struct refusals {
	size_t next_caller, count;
	struct refusal_caller callers[REFUSAL_CALLERS_MAX];
	struct refusal list[REFUSALS_MAX]; /* in no order */
};

/* A line of charon's log about IKE_SA ike_id that tells who it is with; others change nothing. */
void refusals_read(struct refusals *r, uint32_t ike_id, const char *msg);
/*
 * IKE_SA ike_id came to nothing because of `cause`. NULL when it is not known to be a caller's, or
 * when the cause is none for which somebody is refused. *say: it is worth a line in the log (a
 * cause that was not said of that peer in ten minutes: two that take turns fill no log).
 */
const struct refusal *refusals_note(struct refusals *r, struct instant now, uint32_t ike_id, enum ike_cause cause,
				    bool *say);
/* A session with that address is up (refusals_read notices a CHILD_SA of a caller itself). */
void refusals_forget(struct refusals *r, const struct ipaddr *peer);
/* Those of the last ten minutes, the i-th; NULL beyond the last. */
const struct refusal *refusals_at(const struct refusals *r, struct instant now, size_t i);

#endif
