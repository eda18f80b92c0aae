/*
 * ipsec_state: what ipsec.c holds together. Private to it and to claimants.c.
 */
#ifndef DMVPN_DAEMON_IPSEC_STATE_H
#define DMVPN_DAEMON_IPSEC_STATE_H

#include "daemon/daemon_state.h"
#include "daemon/ipsec_kernel.h"
#include "daemon/refusals.h"

struct claimants;

/* A local endpoint where a protection is used. */
struct listening {
	struct listening *next;
	uint32_t protection;
	struct endpoint local;
	unsigned tunnels;
};

struct ipsec {
	struct ike_config *config;
	struct sessions *sessions;
	struct charon *charon;
	struct ipsec_kernel *kernel; /* NULL: the forwarder holds the SAs */
	uv_timer_t timer;
	struct listening *listening;
	bool started; /* KEEPER_IKE_START was answered */
	bool running; /* inside ipsec_run() */
	struct refusals refusals;
	struct claimants *claimants;
	struct tunnel_protection *tunnels;
};

/* What a tunnel was told to the sessions as. */
struct tunnel_protection {
	struct tunnel_protection *next;
	uint32_t tunnel, protection;
	struct endpoint local;
};

/* A file that the configuration names: a descriptor, or -errno after it was logged. */
int ipsec_open_file(struct daemon *d, const char *path);

/* ---- claimants.c: who sent NHRP, and what his certificate names ---- */
void claimants_start(struct daemon *d);
void claimants_forget(struct daemon *d); /* the configuration is another */
struct certificates *claimants_certificates(const struct daemon *d);

#endif
