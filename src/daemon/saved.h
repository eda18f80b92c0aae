/*
 * saved: the file in which bindings outlast a restart of this process and of the machine: written a second
 * after something has changed, and at a stop; read at a start.
 *
 * On a tunnel without protection what it says is taken up at once. On a protected one each binding waits for
 * a session with its NBMA address whose identity is the one that it was saved with; no other one gets it. What
 * answers have taught is taken up only where the data path has lived on. What a certificate was seen to name counts on
 * where the IKE_SA that it was for lives on: charon does not keep the certificates.
 */
#ifndef DMVPN_DAEMON_SAVED_H
#define DMVPN_DAEMON_SAVED_H

#include <stdbool.h>

struct daemon;

void saved_load(struct daemon *d, const char *folder, const char *file); /* reads; tells nobody yet */
/* Tunnels and routes are known: to the engine with it. goes_on: the data path of the earlier life is still there. */
void saved_begin(struct daemon *d, bool goes_on);
void saved_charon_ready(struct daemon *d); /* which IKE_SAs there are is known */
void saved_look(struct daemon *d);    /* after each event: has something changed? */
void saved_stop(struct daemon *d);    /* the last word, before clients are told that we go */

#endif
