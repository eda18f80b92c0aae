/*
 * crypto: what the `crypto …` blocks say about one tunnel's protection, as far as two routers have
 * to agree on it. Secrets are compared and never shown. Private to src/design.
 */
#ifndef DMVPN_DESIGN_CRYPTO_H
#define DMVPN_DESIGN_CRYPTO_H

#include "design/design.h"

struct crypto {
	const struct config *c;
	const struct config_block *profile;  /* NULL: unprotected, or the profile is missing */
	const struct config_block *ike;      /* the IKEv2 or ISAKMP profile; NULL: none */
	unsigned version;                    /* 1 or 2 */
};

struct crypto crypto_of(const struct config *c, const struct config_tunnel *t);

enum { TRANSFORMS_MAX = 8 };
/* Transform sets as "esp-aes 256 esp-sha-hmac" (pointers into heads); answers how many. */
size_t crypto_transforms(const struct crypto *x, const struct config_block *out[TRANSFORMS_MAX]);
const char *crypto_transform_words(const struct config_block *set);
bool crypto_tunnel_mode(const struct crypto *x); /* of its first transform set; IOS's default */
const char *crypto_pfs(const struct crypto *x, unsigned *line); /* "group5", "" for none */

/* The two have an IKE suite in common, or one of them leaves it to defaults. */
bool crypto_suites_meet(const struct crypto *a, const struct crypto *b, unsigned *line_a, unsigned *line_b);

enum key_found {
	KEY_NONE,    /* no key for that address */
	KEY_FOUND,
	KEY_UNKNOWN, /* other means than a readable key: certificates, encrypted keys, names */
};
struct crypto_key {
	enum key_found found;
	char local[96], remote[96]; /* to authenticate us, and them; mostly equal */
	unsigned line;              /* of the key that was taken; of the profile or first key when none was */
	uint8_t len;                /* of the prefix it is for */
};
/* The key for a peer at this address. */
struct crypto_key crypto_key_for(const struct crypto *x, const struct ipaddr *peer);

/* Does the profile take the peer's identity? Line of its first identity. true when it says nothing of it. */
bool crypto_accepts(const struct crypto *x, const struct crypto *peer, const struct ipaddr *peer_addr, unsigned *line);

#endif
