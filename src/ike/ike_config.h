/*
 * ike_config: what a configuration's `crypto …` blocks say, resolved to protections.
 *
 * A protection is what tunnels with the same IPsec profile, front-door VRF and source share:
 * one way to authenticate and encrypt between the local endpoint and any remote one. IOS's
 * hidden defaults are filled in (ike_defaults.h names each with its source). Nothing in here
 * refers to struct config after ike_config_new().
 */
#ifndef DMVPN_IKE_IKE_CONFIG_H
#define DMVPN_IKE_IKE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ipaddr.h"
#include "config/config.h"

enum ike_auth { IKE_PSK, IKE_PUBKEY };

enum ike_id_kind {
	IKE_ID_ANY,     /* text "%any" */
	IKE_ID_ADDRESS, /* prefix.len full: one address; else those of a prefix */
	IKE_ID_FQDN,    /* a leading "*" in text: every name that ends so */
	IKE_ID_EMAIL,   /* likewise */
	IKE_ID_KEY_ID,
	IKE_ID_DN,
	IKE_ID_MAP,     /* a certificate map: conditions on the subject; charon is told %any, and
			 * ike_protection_accepts() decides */
};

/* One line of a `crypto pki certificate map`, all of a number must hold. */
struct ike_condition {
	bool equal, negated; /* eq, ne: the whole name; else co, nc: contained */
	char *value;         /* lower case, no blanks around "," and "=" */
};

struct ike_id {
	enum ike_id_kind kind;
	char *text;             /* as strongSwan takes it: "%any", "192.0.2.1", "fqdn:hub.example", "keyid:…" */
	struct ipprefix prefix; /* IKE_ID_ADDRESS */
	size_t condition_count; /* IKE_ID_MAP */
	struct ike_condition *conditions;
};

struct ike_lifetime {
	uint32_t seconds;   /* 0: none */
	uint64_t kilobytes; /* 0: none */
};

struct ike_protection {
	uint32_t number;       /* 1 …: position in ike_config.protections + 1 (forward_tunnel.protection) */
	char *profile;         /* of `crypto ipsec profile` */
	char *name;            /* unique among the protections; first word of charon's connection names */
	unsigned line;         /* of the IPsec profile; 0: a default */
	/* The local endpoint. */
	uint32_t vrf;          /* front-door VRF: index into config.vrfs */
	enum ip_family transport;
	char *source_interface;/* kernel name; NULL: source is given */
	struct ipaddr source;  /* IP_NONE: the interface's address is found out at run time */

	unsigned version;      /* 1 or 2: IKEv1 main mode, IKEv2 */
	enum ike_auth local_auth, remote_auth;
	struct ike_id local_id;/* IKE_ID_ANY: the local address (PSK) or the certificate's subject */
	size_t remote_id_count;
	struct ike_id *remote_ids; /* any of them is welcome; at least one */
	char *ike_proposals;   /* strongSwan words, comma-separated */
	char *esp_proposals;
	bool tunnel_mode;
	bool pfs;              /* esp_proposals name a group */
	struct ike_lifetime ike_life, child_life;
	uint32_t idle_s;       /* an SA without traffic is given back after; 0: never */
	uint32_t replay_window;/* packets; 0: no replay protection */
	uint32_t dpd_delay_s;  /* 0: none asked for */
	uint32_t dpd_timeout_s;/* IKEv1; in IKEv2 charon's retransmissions decide */
	uint32_t nat_keepalive_s; /* 0: charon's own 20 s */
	bool force_encap;      /* ESP always in UDP; false where NAT transparency is forbidden, or the kernel does ESP */
	bool responder_only;
	bool fragmentation;
	bool esn;              /* offered */
	char *trustpoint;      /* for our own certificate; NULL */
	char *verify_trustpoint; /* for theirs; NULL: any */
};

/* A pre-shared key and who it is between. */
struct ike_secret {
	uint32_t protection;   /* number */
	uint8_t *bytes;
	size_t length;
	bool local_only, remote_only; /* `pre-shared-key local|remote` */
	struct ike_id remote;  /* IKE_ID_ANY: a wildcard */
	unsigned line;
};

struct ike_trustpoint {
	char *name;
	unsigned line;
	char *ca_file, *certificate_file, *key_file; /* whole paths; NULL: not given */
	bool check_revocation; /* `revocation-check crl`: a revoked or unknown one is refused */
};

enum ike_severity { IKE_ERROR, IKE_PRACTICE }; /* cannot be run · works, and should not be so */

struct ike_finding {
	enum ike_severity severity;
	unsigned line;
	char *text, *remedy; /* remedy may be NULL */
};

/* Owns everything below it. */
struct ike_config {
	size_t protection_count;
	struct ike_protection *protections;
	size_t secret_count;
	struct ike_secret *secrets;
	size_t trustpoint_count;
	struct ike_trustpoint *trustpoints;
	uint32_t ike_sa_limit;   /* `crypto call admission limit ike sa`: no peer may begin one more; 0: none */
	uint32_t reqid;          /* of all SAs, so that one goes on under policies of a charon to come; 0: charon's choice */
	uint32_t half_open_limit;/* `crypto call admission limit ike in-negotiation-sa`; 0: none */
	size_t finding_count;
	struct ike_finding *findings;
};

/*
 * Resolves the blocks for every tunnel that is not shut down and is protected. Never NULL. Files of
 * trustpoints are looked for beside the configuration file (c->name) when not absolute; they are
 * not opened. Whoever runs it looks at ike_config_errors() first.
 */
struct ike_config *ike_config_new(const struct config *c);
/* The kernel does ESP, and not the forwarder, which needs UDP around it: packets are so only where there is a NAT. */
void ike_config_for_kernel(struct ike_config *i, uint32_t reqid);
void ike_config_free(struct ike_config *i); /* wipes secrets; NULL is fine */
size_t ike_config_errors(const struct ike_config *i);
/* Writes the findings onto the lines of the configuration they are about, where `dmvpn check` and
 * config_blocking_count() see them. 0 or -ENOMEM. */
int ike_config_judge(const struct ike_config *i, struct config *c);

/* The protection of a tunnel; NULL: unprotected (or the profile is missing: an error was found). */
const struct ike_protection *ike_config_protection(const struct ike_config *i, const struct config *c,
						   const struct config_interface *tunnel);
const struct ike_protection *ike_config_by_number(const struct ike_config *i, uint32_t number);

/* The remote identity that charon authenticated (list-sas remote-id) is one that p welcomes. */
bool ike_protection_accepts(const struct ike_protection *p, const char *remote_id);

/* A line `ip nhrp identity …` is about who authenticated with that identity. */
bool ike_identity_matches(const struct config_nhrp_identity *line, const char *remote_id);

/* Two configurations say the same of that protection: sessions under it may stay. */
bool ike_protection_same(const struct ike_config *a, uint32_t number_a, const struct ike_config *b, uint32_t number_b);

#endif
