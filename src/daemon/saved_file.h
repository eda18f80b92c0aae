/*
 * saved_file: bindings, and what certificates were seen to name, as octets for the file in which they outlast a
 * restart. Reading it takes nothing on trust: whoever wrote it may have been cut off, or was somebody else.
 *
 *    "DMVPNSAV" | version 16 | 0 16 | seconds since 1970 64 | records 32 | proofs 32
 *    records, each: its octets 16, then
 *       tunnel 32 | flags 8 | preference 8 | MTU 16 | milliseconds left 32
 *       prefix length 8 | address | via | asked | NBMA | claimed NBMA   (each: family 8: 0, 4, 6; its octets)
 *       octets of the identity 8 | identity
 *    proofs, each: its octets 16, then
 *       IKE_SA 32 | SPI of its initiator 64 | octets of the identity 8 | identity | addresses 8 | addresses
 *    checksum of all before 64
 */
#ifndef DMVPN_DAEMON_SAVED_FILE_H
#define DMVPN_DAEMON_SAVED_FILE_H

#include "daemon/certificates.h"
#include "engine/engine.h"
#include "engine/saved.h"

enum {
	SAVED_RECORDS_MAX = ENGINE_BINDINGS_MAX, /* no hub knows clients that its restart would forget */
	SAVED_PROOFS_MAX = 16384,
	SAVED_FILE_MAX = 104 * 1024 * 1024, /* octets; whatever a list holds fits */
	SAVED_LEFT_MAX_S = 65535,          /* no hold time is longer */
};

struct saved_list {
	size_t count, room;
	struct event *records; /* EVENT_BINDING_SAVED; their identities are the list's */
	size_t proof_count, proof_room;
	struct certificate_proof *proofs; /* identities and addresses are the list's */
};

/* A copy of what comes from saved_next(). Beyond SAVED_RECORDS_MAX, or where a value does not fit, it is left out. */
void saved_list_add(struct saved_list *l, const struct event *ev);
void saved_list_drop(struct saved_list *l, size_t index); /* the last one takes its place */
/*
 * By NBMA address, then identity, then next hops before the networks behind them, so that those of one peer are in a row.
 * saved_list_first(): the first of that address and identity, or where it would be.
 */
void saved_list_sort(struct saved_list *l);
size_t saved_list_first(const struct saved_list *l, const struct ipaddr *nbma, const char *identity);
/* Those that have no more time left than `elapsed` go; the others stay in order. */
void saved_list_sweep(struct saved_list *l, struct span elapsed);
void saved_list_add_proof(struct saved_list *l, const struct certificate_proof *p); /* likewise; SAVED_PROOFS_MAX */
void saved_list_drop_proofs(struct saved_list *l);
void saved_list_done(struct saved_list *l);

/* malloc'd; NULL: out of memory. */
uint8_t *saved_encode(const struct saved_list *l, int64_t unix_s, size_t *length);
/*
 * What is left at unix_s of what was saved. NULL when it is to be believed, else why not; then nothing is in the
 * list. A clock that stands before the time of saving has been put back: nobody knows how much time went by.
 */
const char *saved_decode(const uint8_t *bytes, size_t length, int64_t unix_s, struct saved_list *out);

#endif
