#include "forward/hold.h"

#include <stdlib.h>
#include <string.h>

#include "forward/hash.h"
#include "forward/worker.h"

static uint16_t *counter(struct hold *h, uint32_t spi)
{
	return &h->count[hash_mix(3, spi) % HOLD_SLOTS];
}

void hold_init(struct hold *h)
{
	memset(h, 0, sizeof *h);
	TAILQ_INIT(&h->all);
}

static void unlink_one(struct hold *h, struct held *p)
{
	TAILQ_REMOVE(&h->all, p, order);
	h->packets--;
	h->octets -= p->length;
	(*counter(h, p->spi))--;
}

void hold_done(struct hold *h)
{
	while (!TAILQ_EMPTY(&h->all)) {
		struct held *p = TAILQ_FIRST(&h->all);

		unlink_one(h, p);
		free(p);
	}
}

bool hold_add(struct hold *h, struct instant now, uint32_t spi, const struct esp_arrival *a, const uint8_t *packet,
	      size_t length)
{
	struct held *p;

	if (*counter(h, spi) >= HOLD_PER_SPI || h->packets >= HOLD_PACKETS_MAX || h->octets + length > HOLD_OCTETS_MAX)
		return false;
	p = malloc(sizeof *p + FRAME_HEADROOM + length);
	if (!p)
		return false;
	p->spi = spi;
	p->until = instant_add(now, span_ms(HOLD_MS));
	p->arrival = *a;
	p->length = length;
	memcpy(p->room + FRAME_HEADROOM, packet, length);
	TAILQ_INSERT_TAIL(&h->all, p, order);
	h->packets++;
	h->octets += length;
	(*counter(h, spi))++;
	return true;
}

void hold_take(struct hold *h, uint32_t spi, struct held_list *out)
{
	struct held *p = *counter(h, spi) ? TAILQ_FIRST(&h->all) : NULL;

	while (p) {
		struct held *next = TAILQ_NEXT(p, order);

		if (p->spi == spi) {
			unlink_one(h, p);
			TAILQ_INSERT_TAIL(out, p, order);
		}
		p = next;
	}
}

size_t hold_expire(struct hold *h, struct instant now)
{
	struct held *p;
	size_t count = 0;

	while ((p = TAILQ_FIRST(&h->all)) && !instant_before(now, p->until)) {
		unlink_one(h, p);
		free(p);
		count++;
	}
	return count;
}

struct instant hold_deadline(const struct hold *h)
{
	const struct held *p = TAILQ_FIRST(&h->all);

	return p ? p->until : INSTANT_NEVER;
}
