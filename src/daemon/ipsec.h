/*
 * ipsec: what holds sessions, charon, forwarder and engine together. Without a protected tunnel
 * (or with --no-ipsec) nothing of it runs and no charon is started.
 */
#ifndef DMVPN_DAEMON_IPSEC_H
#define DMVPN_DAEMON_IPSEC_H

#include <stdio.h>

#include "base/ipc.h"
#include "config/config.h"
#include "daemon/charon.h"
#include "engine/engine.h"
#include "forward/forward_msg.h"

struct daemon;
struct tunnel;
struct counters;
struct ipsec;
struct refusals;

/* Lines that forbid running this configuration's protection, written to out; how many. */
size_t ipsec_write_faults(const struct daemon *d, const struct config *c, const struct ike_config *i, FILE *out);

int ipsec_start(struct daemon *d); /* 0 or -errno. Takes d->config as it stands */
/* The configuration in force is another one (d->config); i is taken. */
void ipsec_configure(struct daemon *d, struct ike_config *i);
void ipsec_charon_connected(struct daemon *d, int fd); /* KEEPER_VICI; the fd is taken */
/* What the engine has queued and the sessions ask for, until neither has more. */
void ipsec_run(struct daemon *d);

/* The interface is a tunnel that may only be up under IPsec. */
bool ipsec_protects(const struct daemon *d, const struct config_interface *i);
/* A tunnel's protection as forward_msg.h numbers it; 0: unprotected. */
uint32_t ipsec_protection(const struct daemon *d, const struct config_interface *i);
/* The tunnel is up at t->local, or down. */
void ipsec_tunnel(struct daemon *d, const struct tunnel *t);
/* The session that goes by to and from there; 0: none. */
uint32_t ipsec_session_of(const struct daemon *d, uint32_t tunnel, const struct endpoint *remote);
/* The tunnel's packets get there: it needs no session, or has one that can send. */
bool ipsec_reaches(const struct daemon *d, uint32_t tunnel, const struct endpoint *remote);
/* An effect of the engine that sessions care for. true: it is done, the data path must not be told. */
bool ipsec_effect(struct daemon *d, const struct effect *e);

/* What the sessions' SAs have carried, where it is not the forwarder that tells of it. */
void ipsec_count(const struct daemon *d, struct counters *c);

/* A message of the forwarder; false: it is none of these. */
bool ipsec_forwarder(struct daemon *d, const struct ipc_message *m);
void ipsec_forwarder_lost(struct daemon *d);
/* Everything is told to a forwarder that has said what it holds. */
void ipsec_sync(struct daemon *d);
/* Who sent an NHRP message: its identity and certificate in ev->packet, for as long as the event is handled.
 * false: nobody who may (unprotected, or not known yet), or forwarder_nhrp() is called for it later. */
bool ipsec_sender(struct daemon *d, const struct forward_nhrp *m, struct event *ev);

const struct sessions *ipsec_sessions(const struct daemon *d);
const struct ike_config *ipsec_config(const struct daemon *d);
const struct refusals *ipsec_refusals(const struct daemon *d);

#endif
