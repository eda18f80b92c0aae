/*
 * esp: any octets as ESP packets against SAs of all suites, with and without ESN, and packets that do
 * authenticate but say anything inside. Records of [kind, suite, length of 2 octets, octets] follow each
 * other, so that a window moved by one meets the next. Whatever comes out must lie inside the
 * packet, and nothing comes out twice.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/reader.h"
#include "esp/esp.h"
#include "esp/transform.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct esp_suite suites[] = {
	{ ESP_AES_GCM, ESP_AUTH_NONE, 16, 16 }, { ESP_AES_GCM, ESP_AUTH_NONE, 24, 12 },
	{ ESP_AES_GCM, ESP_AUTH_NONE, 32, 8 }, { ESP_AES_GMAC, ESP_AUTH_NONE, 16, 16 },
	{ ESP_AES_CBC, ESP_HMAC_SHA1, 16, 12 }, { ESP_AES_CBC, ESP_HMAC_SHA256, 32, 16 },
	{ ESP_AES_CBC, ESP_HMAC_SHA384, 24, 24 }, { ESP_AES_CBC, ESP_HMAC_SHA512, 16, 32 },
	{ ESP_3DES_CBC, ESP_HMAC_MD5, 24, 12 }, { ESP_NULL, ESP_HMAC_SHA256, 0, 12 },
};
enum { SUITES = sizeof suites / sizeof suites[0], PAIRS = 2 * SUITES, PACKET_MAX = 2048 };

struct pair {
	struct esp_sa out, in;
	struct esp_key *key;
};

static struct pair pairs[PAIRS]; /* the second half with ESN */

static void pairs_reset(struct esp_crypto *c)
{
	const struct esp_keys keys = { { 1 }, { 2 }, { 3 } };

	for (uint32_t i = 0; i < PAIRS; i++) {
		struct pair *p = &pairs[i];

		memset(&p->out, 0, sizeof p->out);
		p->out.spi = 0xc0000000u + i;
		p->out.suite = suites[i % SUITES];
		p->out.esn = i >= SUITES;
		p->out.hard = p->out.soft = ESP_LIFE_NEVER;
		p->in = p->out;
		p->in.inbound = 1;
		p->in.replay.window = i % 3 == 0 ? 64 : i % 3 == 1 ? 1 : ESP_REPLAY_MAX;
		if (!p->key)
			p->key = esp_key_new(c, &p->out.suite, &keys);
		assert(p->key);
	}
}

/* The octets end where the packet ends, so that one read or written beyond is seen. */
static enum esp_drop open_copy(struct pair *p, const uint8_t *packet, size_t length)
{
	struct esp_plain plain = { 0 };
	uint8_t *copy = malloc(length ? length : 1);
	enum esp_drop drop;

	assert(copy);
	memcpy(copy, packet, length);
	drop = esp_open(&p->in, p->key, INSTANT_ZERO, copy, length, &plain);
	if (drop == ESP_OK) {
		assert(plain.bytes >= copy + ESP_HEADER && plain.bytes + plain.length <= copy + length);
		assert(esp_sealed_octets(&p->in.suite, plain.length) <= length);
	}
	free(copy);
	return drop;
}

static void open_raw(struct pair *p, const uint8_t *bytes, size_t length)
{
	uint8_t packet[PACKET_MAX];

	memcpy(packet, bytes, length);
	if (length >= 4) {
		packet[0] = 0xc0;
		packet[1] = packet[2] = 0;
		packet[3] = (uint8_t)p->in.spi;
	}
	/* Nobody forges 64 bits by chance. */
	assert(open_copy(p, packet, length) != ESP_OK);
	assert(open_copy(p, bytes, length) != ESP_OK);
}

/* A sender that has the key writes any text, trailer included, under any sequence number. */
static void open_authentic(struct pair *p, uint64_t sequence, const uint8_t *bytes, size_t length)
{
	const size_t block = esp_block_octets(p->out.suite.cipher), iv = esp_iv_octets(p->out.suite.cipher);
	const size_t text = length / block * block, all = ESP_HEADER + iv + text + p->out.suite.icv_octets;
	uint8_t packet[PACKET_MAX + ESP_OVERHEAD_MAX];
	const uint32_t head[2] = { __builtin_bswap32(p->out.spi), __builtin_bswap32((uint32_t)sequence) };
	struct esp_unit u = { .header = packet, .esn = p->out.esn, .in = bytes, .out = packet + ESP_HEADER + iv,
			      .length = text, .iv = packet + ESP_HEADER, .icv = packet + ESP_HEADER + iv + text };
	enum esp_drop first;

	u.sequence = p->out.esn ? sequence : (uint32_t)sequence;
	memcpy(packet, head, sizeof head);
	p->key->transform->seal(p->key, &u);
	first = open_copy(p, packet, all);
	if (first == ESP_OK || first == ESP_DROP_PADDING)
		assert(open_copy(p, packet, all) != ESP_OK);
}

static void seal_and_spoil(struct pair *p, uint8_t where, const uint8_t *bytes, size_t length)
{
	uint8_t plain[PACKET_MAX + ESP_TRAILER_ROOM] = { 0 }, packet[PACKET_MAX + ESP_OVERHEAD_MAX];
	const size_t all = esp_sealed_octets(&p->out.suite, length);
	const size_t at = where * 7 % all;

	memcpy(plain, bytes, length);
	if (esp_seal(&p->out, p->key, INSTANT_ZERO, where, plain, length, packet, sizeof packet) != ESP_OK)
		return;
	assert(memcmp(plain, bytes, length) == 0 && plain[length] == 0 && plain[length + 1] == 0);
	assert(open_copy(p, packet, at) != ESP_OK);
	packet[at] ^= 1;
	assert(open_copy(p, packet, all) != ESP_OK);
	packet[at] ^= 1;
	if (open_copy(p, packet, all) == ESP_OK && p->in.replay.window)
		assert(open_copy(p, packet, all) == ESP_DROP_REPLAY);
}

static void record_run(uint8_t kind, struct pair *p, const uint8_t *bytes, size_t length)
{
	uint64_t sequence = 0;

	switch (kind % 4) {
	case 0: open_raw(p, bytes, length); break;
	case 1: seal_and_spoil(p, kind, bytes, length); break;
	default:
		if (length < sizeof sequence)
			return;
		memcpy(&sequence, bytes, sizeof sequence);
		/* Mostly near the window, where it matters. */
		if (kind % 4 == 2)
			sequence = p->in.replay.highest + sequence % 4096 - 2048;
		if (kind & 64)
			p->out.sequence = sequence;
		open_authentic(p, sequence, bytes + sizeof sequence, length - sizeof sequence);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct esp_crypto *c;
	struct reader r = reader_of(data, size);

	if (!c)
		c = esp_crypto_new(ESP_PROVIDER_BEST);
	assert(c);
	pairs_reset(c);
	while (reader_left(&r) >= 4) {
		const uint8_t kind = reader_u8(&r);
		struct pair *p = &pairs[reader_u8(&r) % PAIRS];
		size_t length = reader_u16(&r) % PACKET_MAX;

		length = length < reader_left(&r) ? length : reader_left(&r);
		record_run(kind, p, reader_skip(&r, length), length);
	}
	return 0;
}
