/*
 * sa_adopt: a table that an earlier process left, looked at before anything of it is believed.
 */
#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#include "esp/sa_table_state.h"

static bool address_valid(const struct ipaddr *a)
{
	return a->family == IP_NONE || a->family == IP_V4 || a->family == IP_V6;
}

/* NULL, or what cannot be. */
static const char *slot_fault(const struct sa_table *t, const struct esp_sa *sa)
{
	if (sa->state > ESP_SLOT_TOMB)
		return "state";
	if (sa->spi < 256 || sa->inbound > 1)
		return "SPI";
	if (sa->replay.window > ESP_REPLAY_MAX)
		return "replay window";
	if (sa->state == ESP_SLOT_TOMB)
		return NULL;
	if (sa->phase > ESP_PHASE_GONE || sa->mode > ESP_TUNNEL || sa->esn > 1 || sa->udp > 1)
		return "phase or flags";
	if (!address_valid(&sa->local) || !address_valid(&sa->remote))
		return "address";
	if (sa->phase != ESP_PHASE_LARVAL && !esp_suite_valid(&sa->suite))
		return "suite";
	if (sa->order > t->header->order)
		return "order";
	if (sa->inbound ? !!sa_table_inbound(t, sa->spi) : !!sa_table_outbound(t, sa->spi, &sa->remote))
		return "SPI that is there twice";
	return NULL;
}

/* The process before may have sent more than its last store says if memory and machine disagree about what a
 * killed process did; far behind that no IV can have been used. */
static void margin_add(struct esp_sa *sa)
{
	const uint64_t last = sa->esn ? UINT64_MAX : UINT32_MAX;

	if (sa->inbound)
		return;
	sa->sequence = sa->sequence > last - SA_TABLE_MARGIN ? last : sa->sequence + SA_TABLE_MARGIN;
}

static int slot_adopt(struct sa_table *t, uint32_t index)
{
	struct esp_sa *sa = sa_table_slot(t, index);
	int error;

	sa_index_mark(t, index, true);
	sa_index_link(t, index);
	if (sa->state == ESP_SLOT_TOMB) {
		OPENSSL_cleanse(&sa->keys, sizeof sa->keys);
		margin_add(sa);
		sa_table_tomb_add(t, index);
		return 0;
	}
	t->count++;
	if (sa->phase == ESP_PHASE_LARVAL)
		return 0;
	error = sa_table_key_set(t, index, sa);
	if (!error)
		margin_add(sa);
	return error;
}

int sa_table_adopt(struct sa_table *t, char reason[SA_TABLE_REASON_MAX])
{
	const struct sa_table_header *h = t->header;

	if (h->high > h->layout.capacity || h->second_high > h->layout.second_capacity) {
		snprintf(reason, SA_TABLE_REASON_MAX, "header: more slots in use than there are");
		return -EBADMSG;
	}
	for (uint32_t i = 0; i < h->high; i++) {
		struct esp_sa *sa = sa_table_slot(t, i);
		const char *fault;
		int error;

		if (sa->state == ESP_SLOT_FREE) {
			OPENSSL_cleanse(sa, ESP_SA_OCTETS); /* filled, but never published */
			continue;
		}
		fault = slot_fault(t, sa);
		if (fault) {
			snprintf(reason, SA_TABLE_REASON_MAX, "slot %u: impossible %s", i, fault);
			return -EBADMSG;
		}
		error = slot_adopt(t, i);
		if (error)
			return error;
	}
	return 0;
}
