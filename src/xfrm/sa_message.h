/*
 * sa_message: an SA as XFRM's messages have it <-> an SA's slot (esp/sa.h).
 */
#ifndef DMVPN_XFRM_SA_MESSAGE_H
#define DMVPN_XFRM_SA_MESSAGE_H

#include <linux/xfrm.h>

#include "xfrm/algorithm.h"
#include "xfrm/server.h"

/* What the server keeps in a slot's `owner` octets: what charon said and wants to hear again. */
struct xfrm_owner {
	struct xfrm_selector selector;
	uint32_t soft_s, hard_s;          /* lifetimes since it was added; 0: none */
	uint32_t request_seq, request_pid; /* of the ALLOCSPI that made it */
	int64_t gone_us;                  /* the slot is cleared then; INT64_MAX: not set */
	uint16_t peer_port;               /* of UDP, host order, as charon knows it */
	uint8_t flags, extra_flags;       /* XFRM_STATE_…, XFRM_SA_XFLAG_… */
	uint8_t forgotten;                /* charon does not know it any more */
	uint8_t wide;                     /* its window came in XFRMA_REPLAY_ESN_VAL */
	uint8_t replay_window;            /* as in struct xfrm_usersa_info */
	uint8_t reserved;
	uint32_t seq;
	uint32_t moved_s;                 /* second of the last MAPPING, wrapping */
};

_Static_assert(sizeof(struct xfrm_owner) <= ESP_SA_OWNER_OCTETS, "the owner's octets hold it");

static inline struct xfrm_owner *xfrm_owner(struct esp_sa *sa)
{
	return (struct xfrm_owner *)(void *)sa->owner;
}

static inline const struct xfrm_owner *xfrm_owner_of(const struct esp_sa *sa)
{
	return (const struct xfrm_owner *)(const void *)sa->owner;
}

/* AF_INET or AF_INET6 with the address; false: another family. */
bool sa_message_address(uint16_t family, const xfrm_address_t *in, struct ipaddr *out);
uint16_t sa_message_family(const struct ipaddr *a);
xfrm_address_t sa_message_xfrm_address(const struct ipaddr *a);

/* A copy of a selector whose padding is zero, to be compared by its octets. */
struct xfrm_selector sa_message_selector(const struct xfrm_selector *in);

/* The SPI, addresses and protocol of an SA that is to be added. 0 or -errno. */
int sa_message_identity(const struct xfrm_usersa_info *info, uint32_t *spi, struct ipaddr *daddr,
			struct ipaddr *saddr, struct algorithm_refusal *refusal);

/*
 * Fills `sa` (inbound is set, all else is overwritten) from NEWSA or UPDSA, added at clock.now; with
 * phase UNBOUND. 0, or -errno and nothing to be used. The caller wipes *sa.
 */
int sa_message_read(struct esp_sa *sa, const struct xfrm_usersa_info *info, const struct netlink_attributes *a,
		    struct xfrm_clock clock, struct algorithm_refusal *refusal);
/* Only what may change in a living SA: limits, port of UDP. `from` was read by sa_message_read(). */
void sa_message_update(struct esp_sa *sa, const struct esp_sa *from);
/* Is it the same SA in all that charon said of it? */
bool sa_message_equal(const struct esp_sa *a, const struct esp_sa *b);

/* The struct that NEWSA, EXPIRE and the answer to ALLOCSPI start with. */
struct xfrm_usersa_info sa_message_info(const struct esp_sa *sa, struct xfrm_clock clock);
struct xfrm_lifetime_cur sa_message_current(const struct esp_sa *sa, struct xfrm_clock clock);
/* Keys, UDP, window: what stands behind it in NEWSA. */
void sa_message_attributes(struct netlink_writer *w, const struct esp_sa *sa, struct xfrm_clock clock);

/* XFRMA_REPLAY_VAL or XFRMA_REPLAY_ESN_VAL, as the SA was made. */
void sa_message_replay(struct netlink_writer *w, const struct esp_sa *sa);
/* Takes over sequence numbers from either. 0 or -EINVAL. */
int sa_message_read_replay(struct esp_sa *sa, const struct netlink_attributes *a);
/* Takes over counters and times from XFRMA_LTIME_VAL, if it is there. 0 or -EINVAL. */
int sa_message_read_current(struct esp_sa *sa, const struct netlink_attributes *a, struct xfrm_clock clock);

#endif
