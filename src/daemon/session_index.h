/* session_index: sessions by a number that only one of them has: an IKE_SA's, an inbound SPI. */
#ifndef DMVPN_DAEMON_SESSION_INDEX_H
#define DMVPN_DAEMON_SESSION_INDEX_H

#include <stdint.h>

#include "base/tree.h"

struct session;

void session_index_init(struct tree *t);
void session_index_put(struct tree *t, uint32_t number, struct session *x); /* whoever has it keeps it */
void session_index_take(struct tree *t, uint32_t number, const struct session *x); /* another's stays */
struct session *session_index_find(const struct tree *t, uint32_t number); /* NULL: nobody's */

#endif
