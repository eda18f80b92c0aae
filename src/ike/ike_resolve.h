/* ike_resolve: the parts of ike_config_new(). Private to src/ike. */
#ifndef DMVPN_IKE_IKE_RESOLVE_H
#define DMVPN_IKE_IKE_RESOLVE_H

#include "ike/ike_config.h"

struct resolving {
	const struct config *c;
	struct ike_config *out;
	struct ike_protection *p; /* the one now made */
	unsigned tunnel_line;
};

/* ---- blocks (ike_blocks.c) ---- */

/* What follows `words` in text, without the blank; "" at its end; NULL: text does not begin so. */
const char *ike_after(const char *text, const char *words);
/* The block whose head is `words name` or `words name …`; NULL. *rest: what follows the name. */
const struct config_block *ike_block(const struct config *c, const char *words, const char *name, const char **rest);
/* What follows `words` in the last line of a block, or in the last head of the file; NULL: none. */
const char *ike_line(const struct config_block *b, const char *words, unsigned *line);
const char *ike_global(const struct config *c, const char *words, unsigned *line);
bool ike_next_word(const char **at, char *word, size_t size); /* false: none, or too long for word */
char *ike_word_copy(const char *text, unsigned n);            /* the n-th word from 0; NULL: none */

void ike_find(struct resolving *r, enum ike_severity severity, unsigned line, const char *remedy, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* ---- suites (ike_suite.c): strongSwan words appended to *proposals, comma-separated ---- */

void ike_suite_isakmp(struct resolving *r, const struct config_block *policy, char **proposals);
void ike_suite_ikev2(struct resolving *r, const char *name, const struct config_block *proposal, char **proposals);
/* words: after the set's name; group: NULL or "group14". */
void ike_suite_esp(struct resolving *r, unsigned line, const char *words, const char *group, char **proposals);
const char *ike_suite_group(const char *number); /* "14" -> "modp2048"; NULL: not known */
void ike_suite_weak_group(struct resolving *r, unsigned line, const char *number);
void ike_append(char **list, const char *separator, const char *text);

/* ---- identities (ike_id.c) ---- */

/* "address A.B.C.D MASK", "fqdn NAME", "host NAME", "fqdn domain NAME", "email …", "user …",
 * "key-id …", "any". false: not known. */
bool ike_id_parse(const char *words, struct ike_id *id);
void ike_id_done(struct ike_id *id);
struct ike_id ike_id_copy(const struct ike_id *id);
bool ike_id_same(const struct ike_id *a, const struct ike_id *b);
struct ike_id ike_id_any(void);
/* A certificate map's lines; adds one identity for each number of it. */
void ike_id_map(struct resolving *r, const char *name, unsigned line);
struct ike_id *ike_remote_add(struct ike_protection *p);

/* ---- profiles and keys ---- */

/* "A.B.C.D", "interface IFNAME" or "IFNAME" is the tunnel's source, as far as the file tells. */
bool ike_is_local(const struct resolving *r, const char *words);

void ike_resolve_v1(struct resolving *r, const char *isakmp_profile, unsigned line); /* NULL: none */
void ike_resolve_v2(struct resolving *r, const char *ikev2_profile, unsigned line);
void ike_keys_isakmp(struct resolving *r, const struct config_block *isakmp_profile);
void ike_keys_ikev2(struct resolving *r, const char *keyring, unsigned line);
/* words: "[0] SECRET", "hex SECRET"; taken for all of `remote`. */
void ike_key_add(struct resolving *r, const char *words, const struct ike_id *remote, char which, unsigned line);
size_t ike_key_count(const struct resolving *r); /* of the protection now made */
void ike_trustpoints(struct resolving *r);
const struct ike_trustpoint *ike_trustpoint(const struct ike_config *i, const char *name);

#endif
