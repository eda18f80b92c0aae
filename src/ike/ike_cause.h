/*
 * ike_cause: why an IKE or CHILD SA does not come up, out of what charon logs about it.
 *
 * charon tells causes only in its log (events `log` and `control-log`: group, level, msg, and in `log`
 * ikesa-name and ikesa-uniqueid). A later line may say more than an earlier one: keep the cause with the
 * higher number until the SA is up or tried anew.
 */
#ifndef DMVPN_IKE_IKE_CAUSE_H
#define DMVPN_IKE_IKE_CAUSE_H

#include <stdbool.h>

/* In rising order of how much they explain. */
enum ike_cause {
	IKE_CAUSE_NONE,
	IKE_CAUSE_ENDED,            /* the peer has ended it, and says no more */
	IKE_CAUSE_RECONFIGURED,     /* we have ended it: the configuration has changed */
	IKE_CAUSE_NO_CHILD,         /* IKE is up and nothing follows */
	IKE_CAUSE_REFUSED,          /* the peer says an error that has no better name here */
	IKE_CAUSE_DEAD,             /* an established peer answers no more */
	IKE_CAUSE_NO_ANSWER,        /* retransmits, give-up */
	IKE_CAUSE_BLOCKED,          /* the network or this machine's firewall refuses to send */
	IKE_CAUSE_BUSY,             /* the peer or charon has too much to do; admission limit */
	IKE_CAUSE_HALF_OPEN,        /* a peer began and went on no more */
	IKE_CAUSE_NO_ANSWER_4500,   /* the peer answers on UDP 500 and not on 4500 */
	IKE_CAUSE_UNSUPPORTED,      /* IKE version or payload not known to the peer */
	IKE_CAUSE_SELECTORS,        /* no acceptable traffic selectors (TS_UNACCEPTABLE) or mode */
	IKE_CAUSE_IKE_PROPOSAL,     /* no proposal chosen for IKE */
	IKE_CAUSE_ESP_PROPOSAL,     /* … for ESP */
	IKE_CAUSE_AUTH_BY_PEER,     /* the peer says our authentication failed, for a reason that it knows */
	IKE_CAUSE_NO_CONFIG,        /* no connection here fits the peer (address or identity) */
	IKE_CAUSE_IDENTITY,         /* the peer's identity is not the expected one */
	IKE_CAUSE_NO_KEY,           /* no pre-shared or private key here for these identities */
	IKE_CAUSE_AUTH_OF_PEER,     /* the peer's authentication failed here (wrong key) */
	IKE_CAUSE_CERT_UNTRUSTED,   /* no trusted certificate of the peer, unknown CA */
	IKE_CAUSE_CERT_EXPIRED,     /* expired or not valid yet */
	IKE_CAUSE_CERT_REVOKED,
	IKE_CAUSE_SAME_ADDRESS,     /* another peer stands behind its address, and the kernel cannot tell them apart */
	IKE_CAUSE_COUNT
};

/* The cause that a line of charon's log tells; NONE: it tells none. msg may be NULL. */
enum ike_cause ike_cause_of_log(const char *group, const char *msg);
/* It gives up what was begun: nothing else tells of an attempt that nobody answered. */
bool ike_log_ends_attempt(const char *msg);
/* "authentication failed: the peer's pre-shared key is not ours", for show and logs. */
const char *ike_cause_text(enum ike_cause cause);
/* A short word for JSON: "auth-of-peer". */
const char *ike_cause_word(enum ike_cause cause);
/* What the operator can do about it. */
const char *ike_cause_remedy(enum ike_cause cause);

#endif
