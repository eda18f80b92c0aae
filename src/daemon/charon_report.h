/*
 * charon_report: what charon's events and lists say of its SAs, as reports for sessions.h.
 * Nothing here refers to the message after it was read but the texts of a report, which live as
 * long as the message.
 */
#ifndef DMVPN_DAEMON_CHARON_REPORT_H
#define DMVPN_DAEMON_CHARON_REPORT_H

#include "daemon/sessions.h"
#include "ike/ike_config.h"
#include "ike/vici_message.h"

/* What a session calls a protection: the same number in every life of this process and whatever else
 * the configuration says. Never 0. */
uint32_t protection_id(const struct ike_protection *p);
/* NULL: there is none of that number. */
const struct ike_protection *protection_of(const struct ike_config *c, uint32_t id);

/* The section of the IKE_SA in an event: the one whose name is a connection's. NULL: none of ours. */
const struct vici_node *charon_ike_section(const struct ike_config *c, const struct vici_message *m);
/* The IKE_SA part; data holds its keys, and is the section itself but for a rekeying. false: incomplete
 * or not ours. */
bool charon_report_ike(const struct ike_config *c, const char *connection, const struct vici_node *data,
		       struct session_report *out);
/* Adds the pair of a child's section. false: it has none (yet, or no more). */
bool charon_report_child(const struct vici_node *child, struct session_report *out);

#endif
