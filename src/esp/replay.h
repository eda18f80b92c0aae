/*
 * replay: the window of sequence numbers seen (RFC 4303 §3.4.3, the ring of RFC 6479).
 *
 * The window lies in shared memory and is looked at again by the next process: `highest`
 * moves before the bits do, so that one who is killed in between leaves a window that may
 * refuse a packet or two, never one that takes a packet twice.
 */
#ifndef DMVPN_ESP_REPLAY_H
#define DMVPN_ESP_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

enum {
	ESP_REPLAY_WORDS = 32,
	ESP_REPLAY_MAX = (ESP_REPLAY_WORDS - 1) * 64, /* packets */
};

struct esp_replay {
	uint64_t highest;  /* that authenticated, with ESN's upper half; 0: none yet */
	uint32_t window;   /* packets, at most ESP_REPLAY_MAX; 0: everything is taken */
	uint32_t reserved;
	uint64_t seen[ESP_REPLAY_WORDS];
};

/* The whole number that the lower 32 bits stand for (RFC 4303 appendix A2); ESN only. */
uint64_t esp_replay_extend(const struct esp_replay *r, uint32_t low);
/* May `sequence` be taken? Asked before authentication. 0 never may. */
bool esp_replay_fresh(const struct esp_replay *r, uint64_t sequence);
/* It was authenticated. Only after esp_replay_fresh() has said yes. */
void esp_replay_take(struct esp_replay *r, uint64_t sequence);
/* Starts the window at `highest`: bit i of `before` says that highest - i was seen. What lies
 * further back than that counts as seen. */
void esp_replay_restore(struct esp_replay *r, uint64_t highest, uint32_t before);
/* The same the other way: the last 32, bit 0 being `highest`. */
uint32_t esp_replay_last(const struct esp_replay *r);

#endif
