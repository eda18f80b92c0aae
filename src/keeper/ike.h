/*
 * ike: what the keeper holds for IKE, and the life of charon's launcher.
 *
 *   IDLE --KEEPER_IKE_START--> charon starts --VICI listens--> connection handed to control
 *                                   ^                                       |
 *                                   +------------- charon dies -------------+
 *
 * The port's sockets and the memory of the SAs are opened once and outlive every child; our
 * ends of charon's XFRM sockets live as long as that charon.
 */
#ifndef DMVPN_KEEPER_IKE_H
#define DMVPN_KEEPER_IKE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/instant.h"
#include "keeper/keeper_msg.h"

/* charon has one for requests and one for events; a version to come may have more. */
enum { IKE_XFRM_MAX = 8, IKE_FAMILIES = 2 };

struct ike_xfrm {
	struct keeper_xfrm xfrm;
	int fd;
};

struct ike {
	bool is_started;            /* KEEPER_IKE_START came: charon is to run */
	struct keeper_ike settings;
	int sa_memory;              /* -1: not made yet; or the kernel has the SAs */
	int udp[IKE_FAMILIES];      /* IPv4, IPv6; -1: the machine has no such family. The forwarder's, or they stand in for charon's */
	int inject[IKE_FAMILIES];   /* -1 likewise, and where there is no forwarder to hand on IKE */
	size_t xfrm_count;
	struct ike_xfrm xfrms[IKE_XFRM_MAX];
	bool take_due;              /* a forwarder to come must hear first that an earlier charon is gone */
	struct instant taken_at;    /* when the forwarder was told so last */
	struct instant vici_at;     /* when to try to connect next; NEVER: nobody waits for it */
	struct instant vici_late_at;/* when to say that it does not listen */
	struct instant vici_until;  /* a charon that does not listen by then is taken for hung */
};

struct keeper;

void ike_init(struct ike *i);
/* Opens what is to be held with those settings. 0 or -errno with text[] for the operator. */
int ike_open(struct ike *i, char *text, size_t size);
void ike_done(struct ike *i);

/* KEEPER_IKE_START, KEEPER_IKE_RESTART: 0 or -errno with text[]. */
int ike_start(struct keeper *k, const struct keeper_ike *settings, char *text, size_t size);
int ike_restart(struct keeper *k, char *text, size_t size);
/* Everything that is held, to a forwarder that was just started. */
void ike_give_all(struct keeper *k);
/* A control process was just started: it shall have a connection to charon too. */
void ike_control_started(struct keeper *k);
/* k->message came from the launcher; its descriptors are taken or closed. */
void ike_message(struct keeper *k);
/* A forwarder has just died. */
void ike_forwarder_died(struct keeper *k);
/* The launcher was just started, has just died. */
void ike_launcher_started(struct keeper *k);
void ike_launcher_died(struct keeper *k);
/* Tries to connect to charon's VICI socket when that is due. */
void ike_deadline(struct keeper *k);

#endif
