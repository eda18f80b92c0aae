/*
 * charon: the control process's end of charon: connects when the keeper hands the socket over,
 * loads secrets and connections, carries out what the sessions ask for, and tells them what
 * happens. A charon that does not answer is reported to the keeper, which starts another.
 */
#ifndef DMVPN_DAEMON_CHARON_H
#define DMVPN_DAEMON_CHARON_H

#include <uv.h>

#include "daemon/sessions.h"
#include "ike/ike_cause.h"
#include "ike/ike_config.h"
#include "ike/vici.h"

struct charon;

struct charon_calls {
	void (*opened)(void *arg);                     /* connected; what is loaded now is loaded first */
	void (*changed)(void *arg);                    /* sessions were told something */
	void (*ready)(void *arg);                      /* the sessions know all SAs that it has */
	void (*hangs)(void *arg);                      /* it does not answer */
	void (*lost)(void *arg);
	/* A line of its log tells a cause. key: whose; NULL: a peer that called us. ike_id 0: of no IKE_SA yet. */
	void (*cause)(void *arg, const struct session_key *key, uint32_t ike_id, enum ike_cause cause);
	void (*log)(void *arg, uint32_t ike_id, const char *msg); /* each line of its log that has an IKE_SA */
	void (*unwelcome)(void *arg, const struct session_report *r); /* authenticated, but not for this profile */
	int (*open_file)(void *arg, const char *path); /* a descriptor, or -errno */
	void (*failed)(void *arg, const char *what, const char *error); /* for the log */
};

/* Lives as long as the process. NULL when out of memory. */
struct charon *charon_new(uv_loop_t *loop, struct sessions *sessions, const struct charon_calls *calls, void *arg);
/* The connected VICI socket; taken. All SAs are reported to the sessions, then charon_ready. */
void charon_connect(struct charon *c, int fd);
bool charon_connected(const struct charon *c);
/* The configuration in force; must outlive its use. All is loaded anew when connected. */
void charon_configure(struct charon *c, const struct ike_config *config);
/* A local endpoint at which a protection is used: its secrets, and the connection that peers call. */
void charon_listen(struct charon *c, uint32_t protection, const struct endpoint *local);
void charon_unlisten(struct charon *c, uint32_t protection, const struct endpoint *local);
void charon_initiate(struct charon *c, const struct session_key *k, uint16_t port);
void charon_forget(struct charon *c, const struct session_key *k);
void charon_terminate(struct charon *c, uint32_t ike_id, bool force);
/* Any other question; w is emptied. reply is called once with something other than VICI_PART, perhaps at once. */
void charon_ask(struct charon *c, const char *command, struct vici_writer *w, const char *stream, vici_reply *reply,
		void *context);

#endif
