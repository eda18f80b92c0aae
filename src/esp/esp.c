#include "esp/esp.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

#include "esp/transform.h"

enum { PADDING_MAX = 15 };

static const uint8_t padding[PADDING_MAX] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };

uint32_t esp_packet_spi(const uint8_t *packet, size_t length)
{
	uint32_t spi;

	if (length < sizeof spi)
		return 0;
	memcpy(&spi, packet, sizeof spi);
	return __builtin_bswap32(spi);
}

static void header_write(uint8_t *out, uint32_t spi, uint64_t sequence)
{
	const uint32_t words[2] = { __builtin_bswap32(spi), __builtin_bswap32((uint32_t)sequence) };

	memcpy(out, words, sizeof words);
}

static void used(struct esp_sa *sa, struct instant now, size_t octets)
{
	sa->packets++;
	sa->bytes += octets;
	sa->used_us = now.us;
}

static bool is_over(const struct esp_sa *sa, struct instant now)
{
	return sa->packets >= sa->hard.packets || sa->bytes >= sa->hard.bytes || now.us >= sa->hard.deadline_us;
}

/* The number is in shared memory before anything is computed with it: whoever adopts the table goes on
 * behind it. 0: there are no more. */
static uint64_t sequence_take(struct esp_sa *sa)
{
	const uint64_t last = sa->esn ? UINT64_MAX : UINT32_MAX;

	if (sa->sequence >= last)
		return 0;
	sa->sequence++;
	atomic_signal_fence(memory_order_seq_cst);
	return sa->sequence;
}

static void trailer_write(uint8_t *at, size_t pad, uint8_t next_header)
{
	memcpy(at, padding, pad);
	at[pad] = (uint8_t)pad;
	at[pad + 1] = next_header;
}

enum esp_drop esp_seal(struct esp_sa *sa, struct esp_key *key, struct instant now, uint8_t next_header,
		       uint8_t *plain, size_t plain_len, uint8_t *out, size_t out_room)
{
	const size_t sealed = esp_sealed_octets(&sa->suite, plain_len);
	uint8_t *iv = out + ESP_HEADER, *text = iv + esp_iv_octets(sa->suite.cipher);
	const size_t length = sealed - (size_t)(text - out) - sa->suite.icv_octets;
	struct esp_unit u = { .header = out, .esn = sa->esn, .in = plain, .out = text, .length = length, .iv = iv,
			      .icv = text + length };
	uint8_t kept[ESP_TRAILER_ROOM];

	assert(out_room >= sealed);
	if (!key || is_over(sa, now))
		return ESP_DROP_EXPIRED;
	u.sequence = sequence_take(sa);
	if (u.sequence == 0)
		return ESP_DROP_EXPIRED;
	memcpy(kept, plain + plain_len, sizeof kept);
	trailer_write(plain + plain_len, length - plain_len - 2, next_header);
	header_write(out, sa->spi, u.sequence);
	key->transform->seal(key, &u);
	if (plain != text)
		memcpy(plain + plain_len, kept, sizeof kept);
	used(sa, now, plain_len);
	return ESP_OK;
}

/* Padding that is authenticated can only be wrong by the sender's fault, but the receiver looks
 * (RFC 4303 §2.4). */
static bool trailer_read(uint8_t *text, size_t length, struct esp_plain *plain)
{
	const size_t pad = text[length - 2];

	if (pad + 2 > length)
		return false;
	plain->bytes = text;
	plain->length = length - 2 - pad;
	plain->next_header = text[length - 1];
	for (size_t i = 0; i < pad; i++) {
		if (text[plain->length + i] != i + 1)
			return false;
	}
	return true;
}

static enum esp_drop unit_check(struct esp_sa *sa, const struct esp_key *key, struct instant now, size_t length,
				const struct esp_unit *u)
{
	const size_t block = esp_block_octets(sa->suite.cipher);

	if (esp_packet_spi(u->header, length) != sa->spi)
		return ESP_DROP_SPI;
	if (u->length == 0 || u->length % block)
		return ESP_DROP_SHORT;
	if (!key || is_over(sa, now))
		return ESP_DROP_EXPIRED;
	if (!esp_replay_fresh(&sa->replay, u->sequence)) {
		sa->replay_drops++;
		return ESP_DROP_REPLAY;
	}
	return ESP_OK;
}

static uint64_t sequence_read(const struct esp_sa *sa, const uint8_t *packet)
{
	uint32_t low;

	memcpy(&low, packet + 4, sizeof low);
	low = __builtin_bswap32(low);
	return sa->esn ? esp_replay_extend(&sa->replay, low) : low;
}

enum esp_drop esp_open(struct esp_sa *sa, struct esp_key *key, struct instant now, uint8_t *packet,
		       size_t length, struct esp_plain *plain)
{
	const size_t before = ESP_HEADER + esp_iv_octets(sa->suite.cipher);
	struct esp_unit u = { .header = packet, .esn = sa->esn, .iv = packet + ESP_HEADER };
	enum esp_drop drop;

	if (length < before + sa->suite.icv_octets)
		return ESP_DROP_SHORT;
	u.sequence = sequence_read(sa, packet);
	u.in = u.out = packet + before;
	u.length = length - before - sa->suite.icv_octets;
	u.icv = u.out + u.length;
	drop = unit_check(sa, key, now, length, &u);
	if (drop)
		return drop;
	if (!key->transform->open(key, &u)) {
		sa->icv_drops++;
		return ESP_DROP_ICV;
	}
	esp_replay_take(&sa->replay, u.sequence);
	if (!trailer_read(u.out, u.length, plain))
		return ESP_DROP_PADDING;
	used(sa, now, plain->length);
	return ESP_OK;
}
