/*
 * certificates: which overlay addresses the certificates of those name that speak NHRP on tunnels with
 * `ip nhrp identity certificate`. Without sockets or clock: who is not known yet is asked for
 * by a call, and his messages wait until the answer has come.
 *
 * A certificate is a session's, as that identity and by that IKE_SA: when one of them changes it is asked for
 * anew. charon keeps few of the certificates that it has seen; one that is no longer to be had while the identity
 * stays the same counts on, and else the peer is asked to show it again, by beginning anew. What was found goes
 * from one life of this process to the next (saved.h), for IKE_SAs that live on.
 */
#ifndef DMVPN_DAEMON_CERTIFICATES_H
#define DMVPN_DAEMON_CERTIFICATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/instant.h"
#include "base/ipaddr.h"
#include "forward/forward_msg.h"
#include "ike/certificate.h"

enum { CERTIFICATES_ASKED_MAX = 64, CERTIFICATES_WAITING_MAX = 4 /* messages of one session */ };

struct certificates;

struct certificates_calls {
	void (*ask)(void *arg, uint32_t session);   /* certificates_answer() is called once, perhaps at once */
	void (*take)(void *arg, const struct forward_nhrp *m); /* a message that has waited */
	bool (*again)(void *arg, uint32_t session); /* it is to be shown again; false: not now. Once a minute */
	void (*refused)(void *arg, uint32_t session, enum certificate_fault why); /* once for each cause */
	const char *(*identity)(void *arg, uint32_t session); /* whose it is now; NULL: nobody's */
};

struct certificates *certificates_new(const struct certificates_calls *calls, void *arg);
void certificates_free(struct certificates *c); /* NULL is fine */

struct certificates_peer {
	uint32_t session, ike_id; /* ike_id: of its newest IKE_SA; 0: none */
	uint64_t ike_spi;         /* that one's initiator's */
	const char *identity;
};

/* What the certificate named that an IKE_SA was authenticated with. charon's number for it may come again when
 * charon is another one, and the SPI may be the peer's choice: both together are this IKE_SA's. */
struct certificate_proof {
	uint32_t ike_id;
	uint64_t ike_spi;
	const char *identity;
	size_t count; /* at most CERTIFICATE_ADDRESSES_MAX */
	const struct ipaddr *addresses;
};

/*
 * What the certificate of m's sender names: true, and *addresses with *count of them until the next call.
 * false: the message is kept, or is dropped since there are too many; it is asked again by its sender.
 */
bool certificates_of(struct certificates *c, struct instant now, const struct certificates_peer *p,
		     const struct forward_nhrp *m, const struct ipaddr **addresses, size_t *count);
/* identity: whose was asked for; where the session is another's by now, the answer and what waited for it are
 * nobody's. found NULL: there is none; why: what was wrong with those that there were, or CERTIFICATE_NONE. */
void certificates_answer(struct certificates *c, struct instant now, uint32_t session, const char *identity,
			 const struct certificate *found, enum certificate_fault why);
/* What is believed may be other now: all is asked for anew. */
void certificates_forget(struct certificates *c);

/* The proof of the first session above *session, which becomes that; it is valid until the next call of any
 * other. false: no more. */
bool certificates_next(const struct certificates *c, uint32_t *session, struct certificate_proof *out);
/* charon is there and has said which IKE_SAs it has, or is not: before, nothing is asked, and the messages of those who are
 * not known wait. Who is refused then would be refused for our own not knowing yet. */
void certificates_charon(struct certificates *c, bool is_there);
/* A former life of this process has seen it, and the session has that IKE_SA still. */
void certificates_restore(struct certificates *c, uint32_t session, const struct certificate_proof *p);
uint64_t certificates_changes(const struct certificates *c); /* how often what certificates_next() says has changed */
size_t certificates_count(const struct certificates *c); /* sessions known here */

#endif
