/*
 * sa_pair: the parts of sa_session.c: look-up (sa_lookup.c), pairs of SAs (sa_pair.c), and which
 * of them sends and which must go (sa_choice.c). Private to these.
 */
#ifndef DMVPN_FORWARD_SA_PAIR_H
#define DMVPN_FORWARD_SA_PAIR_H

#include "forward/sa_session.h"

/* ---- sa_lookup.c ---- */
void sa_lookup_link(struct sa_sessions *s, struct sa_session *session);
void sa_lookup_unlink(struct sa_sessions *s, struct sa_session *session); /* while it is called as it was */
void sa_lookup_link_pair(struct sa_sessions *s, struct sa_pair *p);
void sa_lookup_unlink_pair(struct sa_sessions *s, struct sa_pair *p);
/* Without memory the chains just stay long. */
void sa_lookup_grow(struct sa_sessions *s);
void sa_lookup_grow_pairs(struct sa_sessions *s);
struct sa_pair *sa_lookup_in(const struct sa_sessions *s, uint32_t spi);  /* NULL: none */
struct sa_pair *sa_lookup_out(const struct sa_sessions *s, uint32_t spi); /* a chain (next_out) that has all of that SPI */

/* ---- sa_pair.c ---- */
/* A pair without SAs, at its place by age. NULL: out of memory. */
struct sa_pair *sa_pair_make(struct sa_sessions *s, struct sa_session *session, uint32_t spi_in, uint32_t spi_out,
			     bool is_initiator, struct instant bound_at);
void sa_pair_free(struct sa_sessions *s, struct sa_pair *p); /* its SAs stay */
struct sa_pair *sa_pair_of(const struct sa_sessions *s, const struct esp_sa *sa);
struct sa_pair *sa_pair_named(const struct sa_sessions *s, const struct forward_sa_bind *bind);
struct esp_sa **sa_pair_half(struct sa_pair *p, bool inbound);
bool sa_pair_is_orphan(const struct sa_pair *p);
bool sa_pair_was_heard(const struct sa_pair *p);
void sa_pair_write(const struct sa_pair *p, struct esp_sa *sa);  /* the SA's slot tells of the pair */
void sa_pair_attach(struct sa_sessions *s, struct sa_pair *p, struct esp_sa *sa);
void sa_pair_detach(struct sa_pair *p, const struct esp_sa *sa, struct instant now);
void sa_pair_doom(struct sa_pair *p, struct esp_sa *sa, struct instant until); /* gone then at the latest */
void sa_unbind(struct esp_sa *sa); /* NULL is fine */

/* ---- sa_choice.c ---- */
void sa_session_settle_soon(struct sa_sessions *s, struct sa_session *session, struct instant now);
void sa_session_rearm(struct sa_sessions *s, struct sa_session *session, struct instant now);
void sa_session_remove_sa(struct sa_sessions *s, struct esp_sa *sa);

#endif
