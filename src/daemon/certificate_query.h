/*
 * certificate_query: what the certificates of one identity name, out of those that charon has
 * seen (VICI list-certs). charon lists what peers have sent, whether it came to trust it or not, so
 * each is verified here (ike/certificate.h); of several the one counts that was issued last.
 */
#ifndef DMVPN_DAEMON_CERTIFICATE_QUERY_H
#define DMVPN_DAEMON_CERTIFICATE_QUERY_H

#include "daemon/charon.h"
#include "ike/certificate.h"

struct certificate_query_calls {
	/* What peers of that protection are verified with; NULL: nothing. It is not kept. */
	const struct certificate_anchors *(*anchors)(void *arg, uint32_t protection);
	/* found NULL: none; why: what was wrong with one of them, CERTIFICATE_NONE: charon has none. */
	void (*done)(void *arg, uint32_t session, const char *identity, const struct certificate *found,
		     enum certificate_fault why);
};

/* done is called once, perhaps at once. calls must stay where they are. */
void certificate_query(struct charon *c, const struct certificate_query_calls *calls, void *arg, uint32_t session,
		       uint32_t protection, const char *identity);

#endif
