/*
 * kernel_sas: which sessions can send where charon's SAs lie in the kernel: the counterpart of what the forwarder
 * says of those that it holds. A pair of SAs is told when charon has said whose it is, and from then on the kernel says
 * whether it is there. Without sockets: the kernel is asked through calls.
 */
#ifndef DMVPN_DAEMON_KERNEL_SAS_H
#define DMVPN_DAEMON_KERNEL_SAS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/tree.h"
#include "daemon/sessions.h"

struct kernel_sas_calls {
	/* The kernel: has it the SA to that address; it shall have it no more. */
	bool (*exists)(void *arg, const struct ipaddr *dst, uint32_t spi);
	void (*del)(void *arg, const struct ipaddr *dst, uint32_t spi);
	/* The sessions: can_send only when it changes. */
	void (*can_send)(void *arg, uint32_t session, bool can_send);
	void (*gone)(void *arg, uint32_t session, uint32_t spi, bool inbound);
};

struct kernel_sas {
	const struct kernel_sas_calls *calls;
	void *arg;
	struct tree sessions; /* by number */
};

void kernel_sas_init(struct kernel_sas *k, const struct kernel_sas_calls *calls, void *arg);
void kernel_sas_done(struct kernel_sas *k);

/* An SA of an earlier life, of which charon has not spoken yet. */
void kernel_sas_held(struct kernel_sas *k, uint32_t session, const struct session_key *key, uint32_t spi, bool inbound);
/* The session that stands between these ends, seen from whichever of them; 0: none. */
uint32_t kernel_sas_session(const struct kernel_sas *k, const struct ipaddr *src, const struct ipaddr *dst, bool *inbound);
void kernel_sas_bind(struct kernel_sas *k, const struct session_action *a);   /* session, key, spi_in, spi_out */
void kernel_sas_revoke(struct kernel_sas *k, const struct session_action *a); /* likewise; the kernel loses them */
void kernel_sas_forget(struct kernel_sas *k, uint32_t session);               /* what it has ends */
/* The kernel says that an SA has come or gone; others' are passed over. */
void kernel_sas_seen(struct kernel_sas *k, const struct ipaddr *dst, uint32_t spi, bool exists);
/* Some of what it said was lost: it is asked for each. */
void kernel_sas_ask(struct kernel_sas *k);

#endif
