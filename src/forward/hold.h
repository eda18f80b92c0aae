/*
 * hold: ESP packets that came before what it takes to open them: the SA's keys, or who its
 * peer is. Each waits for a second at most.
 */
#ifndef DMVPN_FORWARD_HOLD_H
#define DMVPN_FORWARD_HOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/instant.h"
#include "base/ipaddr.h"

enum {
	HOLD_MS = 1000,
	HOLD_PER_SPI = 64,               /* packets */
	HOLD_PACKETS_MAX = 4096,         /* in all: anybody may guess an SPI */
	HOLD_OCTETS_MAX = 8 * 1024 * 1024,
	HOLD_SLOTS = 1024,
};

/* How an ESP packet came. */
struct esp_arrival {
	struct ipaddr from, to;
	uint16_t from_port; /* host order; not in UDP: 0 */
	uint8_t tos;        /* of the outer header */
	bool udp;
};

struct held {
	TAILQ_ENTRY(held) order;
	uint32_t spi;
	struct instant until;
	struct esp_arrival arrival;
	size_t length;
	uint8_t room[]; /* FRAME_HEADROOM octets, then the packet from its SPI on */
};

TAILQ_HEAD(held_list, held);

struct hold {
	struct held_list all;      /* in the order of their coming, so also of their end */
	size_t packets, octets;
	uint16_t count[HOLD_SLOTS]; /* by SPI; two SPIs may share one, and so their bound */
};

void hold_init(struct hold *h);
void hold_done(struct hold *h);

/* Keeps a copy. false: there is no room for it. */
bool hold_add(struct hold *h, struct instant now, uint32_t spi, const struct esp_arrival *a, const uint8_t *packet,
	      size_t length);
/* Moves all of that SPI to the end of *out, in the order of their coming; the caller frees them. */
void hold_take(struct hold *h, uint32_t spi, struct held_list *out);
/* Frees what has waited too long; how many those were. */
size_t hold_expire(struct hold *h, struct instant now);
struct instant hold_deadline(const struct hold *h); /* INSTANT_NEVER: nothing is held */

#endif
