/*
 * sa: one security association of one direction, as it lies in shared memory.
 *
 * Plain data without pointers. What the packet path needs stands first. Whoever
 * programs SAs fills a slot while it is not published (sa_table.h) and changes a published one only
 * where a field says so. Instants are of one monotonic clock that goes on over a restart of the
 * process (CLOCK_MONOTONIC).
 */
#ifndef DMVPN_ESP_SA_H
#define DMVPN_ESP_SA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/instant.h"
#include "base/ipaddr.h"
#include "esp/replay.h"
#include "esp/suite.h"

enum esp_slot_state {
	ESP_SLOT_FREE,
	ESP_SLOT_USED,
	ESP_SLOT_TOMB, /* removed; its sequence numbers are remembered should its key come back */
};

/* The values are those of enum forward_sa_phase. */
enum esp_phase { ESP_PHASE_LARVAL, ESP_PHASE_UNBOUND, ESP_PHASE_LIVE, ESP_PHASE_ORPHAN, ESP_PHASE_GONE };

enum esp_mode { ESP_TRANSPORT, ESP_TUNNEL };

enum esp_limit { ESP_LIMIT_NONE, ESP_LIMIT_SOFT, ESP_LIMIT_HARD };

/* Where a lifetime ends. */
struct esp_life {
	uint64_t packets, bytes; /* UINT64_MAX: never */
	int64_t deadline_us;     /* INT64_MAX: never */
};

enum { ESP_SA_OWNER_OCTETS = 96, ESP_SA_BOUND_OCTETS = 128, ESP_SA_OCTETS = 832 };

struct esp_sa {
	uint32_t state;     /* enum esp_slot_state; the table's */
	uint32_t spi;       /* host order */
	uint8_t inbound;
	uint8_t phase;      /* enum esp_phase; changed by the owner at any time except to and from LARVAL */
	uint8_t mode;       /* enum esp_mode */
	uint8_t esn;        /* extended sequence numbers */
	struct esp_suite suite;
	uint64_t sequence;  /* outbound: the last one sent */
	uint64_t packets, bytes; /* of plain (payload of ESP) */
	int64_t used_us;    /* of the last packet; 0: none yet */
	struct esp_life hard;
	struct esp_life soft;

	uint32_t session;   /* bound session, 0: none; the owner's, any time */
	uint32_t reqid;
	int64_t added_us;   /* when it got its keys */
	uint64_t replay_drops, icv_drops;
	uint8_t soft_said, hard_said; /* the owner's: that limit was reported */
	uint8_t is_initiator; /* the owner's */
	uint8_t udp;        /* inside UDP (RFC 3948) */
	uint16_t local_port, remote_port; /* of UDP, host order; the owner may move them any time */
	struct ipaddr local, remote;
	uint8_t reserved[2];
	uint64_t order;     /* grows with every SA that got keys: the newest of several; the table's */

	struct esp_replay replay; /* inbound; .window is set before it is published */

	struct esp_keys keys; /* not in a tombstone */
	uint8_t key_digest[32]; /* the table's */
	uint8_t owner[ESP_SA_OWNER_OCTETS] __attribute__((aligned(8))); /* of whoever programs SAs; not looked at here */
	uint8_t bound[ESP_SA_BOUND_OCTETS] __attribute__((aligned(8))); /* of whoever keeps sessions; likewise */
};

_Static_assert(sizeof(struct esp_sa) <= ESP_SA_OCTETS, "a slot holds an SA");

/* No limit at all. */
#define ESP_LIFE_NEVER ((struct esp_life){ UINT64_MAX, UINT64_MAX, INT64_MAX })

/* The strictest limit that is reached. The packet path asks for the hard one by itself. */
enum esp_limit esp_sa_limit(const struct esp_sa *sa, struct instant now);

#endif
