/*
 * algorithm: the kernel's names of ciphers and integrity algorithms <-> the suites of ESP.
 *
 * Both the old short names ("aes", "sha1") and the crypto API's ("cbc(aes)", "hmac(sha1)") are
 * known; written are the latter, as the kernel does.
 */
#ifndef DMVPN_XFRM_ALGORITHM_H
#define DMVPN_XFRM_ALGORITHM_H

#include "esp/suite.h"
#include "xfrm/netlink.h"

enum { ALGORITHM_NAME_MAX = 64 };

/* What could not be served. */
struct algorithm_refusal {
	const char *what; /* NULL: nothing */
	char name[ALGORITHM_NAME_MAX + 16];
};

/* The suite and keys in an SA's attributes. 0; -EINVAL: malformed, or keys of a wrong length;
 * -ENOSYS: an algorithm that we do not have; -EOPNOTSUPP: one that we have, but not so. */
int algorithm_read(const struct netlink_attributes *a, struct esp_suite *suite, struct esp_keys *keys,
		   struct algorithm_refusal *refusal);
void algorithm_write(struct netlink_writer *w, const struct esp_suite *suite, const struct esp_keys *keys);

#endif
