/*
 * esp: one packet into ESP and out of it (RFC 4303), with all that the SA's slot counts.
 *
 * No memory is allocated here, no clock is read. One thread at a time per SA.
 */
#ifndef DMVPN_ESP_ESP_H
#define DMVPN_ESP_ESP_H

#include "base/instant.h"
#include "esp/key.h"
#include "esp/sa.h"

/* In the order of, and standing for, the forwarder's drop reasons of the same names. */
enum esp_drop {
	ESP_OK,
	ESP_DROP_SHORT,   /* cut short, or not a multiple of the cipher's block */
	ESP_DROP_SPI,     /* not this SA's */
	ESP_DROP_REPLAY,
	ESP_DROP_ICV,
	ESP_DROP_PADDING, /* padding is not 1 2 3 … or longer than the packet */
	ESP_DROP_EXPIRED, /* hard lifetime or sequence numbers at their end, or larval */
};

/* Octets behind the plain that esp_seal() writes to and restores. */
enum { ESP_TRAILER_ROOM = 32 };

struct esp_plain {
	uint8_t *bytes; /* inside the packet that was opened */
	size_t length;
	uint8_t next_header;
};

/*
 * Writes the ESP packet of esp_sealed_octets(&sa->suite, plain_len) octets to `out`, which has room for
 * them, and takes the next sequence number from the slot. The ESP_TRAILER_ROOM octets behind the
 * plain must be writable; they are as before afterwards. `plain` lies wholly outside of the
 * packet written, or exactly where its ciphertext comes to lie (out + ESP_HEADER + IV).
 * ESP_OK or ESP_DROP_EXPIRED; then nothing is written.
 */
enum esp_drop esp_seal(struct esp_sa *sa, struct esp_key *key, struct instant now, uint8_t next_header,
		       uint8_t *plain, size_t plain_len, uint8_t *out, size_t out_room);

/*
 * Opens an ESP packet (from its SPI on, any octets) in place. At any answer but ESP_OK the
 * packet may have been overwritten. Drops are counted in the slot where it has a counter for them.
 * Next header 59 is a dummy packet: the caller discards it.
 */
enum esp_drop esp_open(struct esp_sa *sa, struct esp_key *key, struct instant now, uint8_t *packet,
		       size_t length, struct esp_plain *plain);

/* The SPI of a packet in host order; 0 when it is too short to have one. */
uint32_t esp_packet_spi(const uint8_t *packet, size_t length);

#endif
