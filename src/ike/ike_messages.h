/*
 * ike_messages: VICI messages that load a protection into charon and drive it.
 *
 * Names. The responder's connection of protection p at a local address is "NAME@LOCAL", an
 * initiator's is "NAME@LOCAL>REMOTE[%PORT]"; its child has the name of the connection. They come
 * back in the events and tell what an SA is for (ike_connection_parse). A child's selectors are the GRE
 * between the two ends, so one child serves all tunnels.
 */
#ifndef DMVPN_IKE_IKE_MESSAGES_H
#define DMVPN_IKE_IKE_MESSAGES_H

#include "ike/ike_config.h"
#include "ike/vici_message.h"

enum { IKE_CONNECTION_NAME_MAX = 256 };

/*
 * load-conn. remote: IP_NONE makes the responder's connection (remote %any), else an initiator's to
 * that address; port: 0 for 500/4500 as usual, else the port of UDP behind a NAT.
 * name: the connection's name is written there.
 */
void ike_load_connection(struct vici_writer *w, const struct ike_config *i, const struct ike_protection *p,
			 const struct ipaddr *local, const struct ipaddr *remote, uint16_t port,
			 char name[IKE_CONNECTION_NAME_MAX]);
/* What a connection's name says; false: it is not one of ours. local and remote may be IP_NONE in the answer. */
bool ike_connection_parse(const struct ike_config *i, const char *name, uint32_t *protection, struct ipaddr *local,
			  struct ipaddr *remote, uint16_t *port);

/* load-shared. local: the address that stands for an unnamed local identity. */
void ike_load_shared(struct vici_writer *w, const struct ike_config *i, const struct ike_secret *s,
		     const struct ipaddr *local);
/* The remaining ones are short: unload-conn {name}, initiate {child, ike, timeout -1, loglevel},
 * terminate {ike-id | child-id, timeout -1, force}, list-sas {noblock, ike-id | ike}. */
void ike_unload_connection(struct vici_writer *w, const char *name);
void ike_initiate(struct vici_writer *w, const char *name);
void ike_terminate_ike(struct vici_writer *w, uint32_t ike_id, bool force);
void ike_terminate_child(struct vici_writer *w, uint32_t child_id, bool force);
void ike_list_sas(struct vici_writer *w, const char *connection); /* NULL: all */

/*
 * load-key of the private key that p authenticates with, read from its trustpoint's key-file (at most 64 KiB).
 * Certificates need no message of their own: the connections name their files, which charon reads.
 * 1: w is a message, 0: p needs no key, -errno: the file could not be read (ike_key_file()).
 */
int ike_load_key(struct vici_writer *w, const struct ike_config *i, const struct ike_protection *p);
const char *ike_key_file(const struct ike_config *i, const struct ike_protection *p); /* NULL: none */

#endif
