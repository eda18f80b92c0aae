/*
 * server: the kernel's side of NETLINK_XFRM for one charon, over the SA table of esp/sa_table.h.
 *
 * Sans-I/O: bytes of charon's request socket in, answers and event messages out, deadlines
 * kept; no clock is read, nothing is logged. All that must outlive the process lies in the
 * table's memory: SAs in its slots (the server's own share in their `owner` octets), policies and the
 * record of the last request in its second region.
 *
 * Which SA is inbound: one whose SPI was allocated here; one added without that, when its SPI
 * was inbound before or its destination is an address of our own.
 *
 * charon forgets an SA by deleting it or by dying. A forgotten SA is out of charon's sight (its SPI is
 * not found, and may be added again) but stays in the table, phase ESP_PHASE_ORPHAN, while the
 * owner of the sessions wants it: until xfrm_server_remove() or its hard limit.
 *
 * An SA added again with the SPI and key of one that is forgotten or lately deleted (charon does so when
 * a NAT moved its peer) goes on with its sequence numbers, replay window, session and phase.
 */
#ifndef DMVPN_XFRM_SERVER_H
#define DMVPN_XFRM_SERVER_H

#include "esp/sa_table.h"

enum {
	XFRM_REPLY_MAX = 4096,       /* octets: charon's buffer */
	XFRM_EVENT_MAX = 512,
	XFRM_POLICY_CAPACITY = 65536,
};

struct xfrm_server;

/* Both clocks of one moment: monotonic, and seconds since 1970 for what charon is told. */
struct xfrm_clock {
	struct instant now;
	int64_t unix_s;
};

/*
 * What the server tells whoever owns the sessions; each may be NULL. They are called within a call of
 * the server and must not call it back, except xfrm_server_remove() of another SA than the one
 * at hand from `installed`.
 */
struct xfrm_hooks {
	void *context;
	/* It has keys now. Phase UNBOUND; or that of the SA that it follows, with its session. */
	void (*installed)(void *context, struct esp_sa *sa);
	/* Its remote address or port, or its limits, were changed by charon. */
	void (*changed)(void *context, struct esp_sa *sa);
	/* charon deleted it. true: it stays until xfrm_server_remove(). NULL: false. */
	bool (*deleted)(void *context, struct esp_sa *sa);
	/* A limit was reached; at a hard one the SA carries nothing any more and goes soon. */
	void (*limit)(void *context, struct esp_sa *sa, enum esp_limit limit);
	/* Its slot is cleared when this returns: a larval one too. */
	void (*removed)(void *context, struct esp_sa *sa);
	/* charon asked for what we cannot do: "encryption algorithm", "serpent". At every refusal. */
	void (*refused)(void *context, const char *what, const char *name);
	/* Is it an address of ours? NULL: only addresses that SAs have shown as such. */
	bool (*is_local)(void *context, const struct ipaddr *addr);
};

struct xfrm_counters {
	uint64_t requests;  /* netlink messages */
	uint64_t refused;   /* answered with an error */
	uint64_t malformed; /* of these: lengths that cannot be; without a whole header there is no answer */
	uint64_t repeated;  /* asked again, and answered as the first time */
	uint64_t events;    /* made */
};

/* Fills the second region's part of a layout. */
void xfrm_server_layout(struct sa_table_layout *layout);

/* Takes up what an earlier server left in the table (which must outlive this one). `seed` is the
 * randomness of SPIs. NULL: memory is short. */
struct xfrm_server *xfrm_server_new(struct sa_table *table, const struct xfrm_hooks *hooks, uint64_t seed,
				    struct xfrm_clock clock);
void xfrm_server_free(struct xfrm_server *s); /* what is in the table stays; NULL is fine */

/*
 * One datagram of charon's request socket: one or more netlink messages. Returns the octets of the
 * answer, less than XFRM_REPLY_MAX, in `reply`; 0: none is due. A dump's answer may go on: send
 * what xfrm_server_more() gives, until that is 0, before the next request.
 */
size_t xfrm_server_request(struct xfrm_server *s, struct xfrm_clock clock, const uint8_t *bytes, size_t length,
			   uint8_t reply[XFRM_REPLY_MAX]);
size_t xfrm_server_more(struct xfrm_server *s, struct xfrm_clock clock, uint8_t reply[XFRM_REPLY_MAX]);

/* Runs what is due: limits by time, packets and bytes (these within a second), larval SPIs. */
void xfrm_server_poll(struct xfrm_server *s, struct xfrm_clock clock);
struct instant xfrm_server_deadline(const struct xfrm_server *s); /* of the next poll; INSTANT_NEVER */

/*
 * The next event message for charon: its octets, 0 when there is none. *groups is the mask of
 * netlink groups, as bound (keeper_xfrm.groups), that it goes to. It comes again until
 * xfrm_server_event_sent().
 */
size_t xfrm_server_event(struct xfrm_server *s, struct xfrm_clock clock, uint8_t bytes[XFRM_EVENT_MAX],
			 uint32_t *groups);
void xfrm_server_event_sent(struct xfrm_server *s);

/* The packet path met a limit (ESP_DROP_EXPIRED, or esp_sa_limit()): looked at now instead of soon. */
void xfrm_server_limit(struct xfrm_server *s, struct xfrm_clock clock, struct esp_sa *sa);
/* A packet authenticated on this inbound SA in UDP came from another address or port than charon
 * knows: charon is told (MAPPING), at most once in a second for an SA. The slot is left alone: its
 * port is the caller's to move; its address moves when charon has added it again. */
void xfrm_server_moved(struct xfrm_server *s, struct xfrm_clock clock, struct esp_sa *sa,
		       const struct ipaddr *remote, uint16_t port);
/* A packet waits for an SA to `remote`: where charon has a trap policy for it, it is told (ACQUIRE), at
 * most once in a second for a policy. false: there is no such policy. */
bool xfrm_server_acquire(struct xfrm_server *s, struct xfrm_clock clock, const struct ipaddr *local,
			 const struct ipaddr *remote);

/* The SA goes now, whether charon knows it or not. */
void xfrm_server_remove(struct xfrm_server *s, struct esp_sa *sa);
/* charon is gone: its SAs are orphans, what it was allocating is freed, its policies are dropped. SAs
 * that no session is bound to go after ten seconds. */
void xfrm_server_orphan_all(struct xfrm_server *s, struct xfrm_clock clock);

uint32_t xfrm_server_policy_count(const struct xfrm_server *s);
struct xfrm_counters xfrm_server_counters(const struct xfrm_server *s);

#endif
