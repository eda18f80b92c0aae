#include "esp/replay.h"

#include <stdatomic.h>
#include <string.h>

/* What stands before it in the program is in memory before what stands behind it, for whoever
 * looks after this process was killed. */
static void in_order(void)
{
	atomic_signal_fence(memory_order_seq_cst);
}

static uint64_t *word_of(struct esp_replay *r, uint64_t sequence)
{
	return &r->seen[sequence / 64 % ESP_REPLAY_WORDS];
}

static bool is_seen(const struct esp_replay *r, uint64_t sequence)
{
	return r->seen[sequence / 64 % ESP_REPLAY_WORDS] >> sequence % 64 & 1;
}

uint64_t esp_replay_extend(const struct esp_replay *r, uint32_t low)
{
	const uint32_t top_low = (uint32_t)r->highest;
	const uint32_t window = r->window ? r->window : 1;
	const uint32_t bottom = top_low - window + 1; /* wraps where the window spans two subspaces */
	uint64_t high = r->highest >> 32;

	if (top_low >= window - 1)
		high += low < bottom;
	else if (low >= bottom && high > 0)
		high--;
	return high << 32 | low;
}

bool esp_replay_fresh(const struct esp_replay *r, uint64_t sequence)
{
	if (sequence == 0)
		return false;
	if (r->window == 0 || sequence > r->highest)
		return true;
	if (r->highest - sequence >= r->window)
		return false;
	return !is_seen(r, sequence);
}

/* Words between the old and the new highest come from a lap before. */
static void words_clear(struct esp_replay *r, uint64_t from, uint64_t to)
{
	uint64_t count = to / 64 - from / 64;

	if (count > ESP_REPLAY_WORDS)
		count = ESP_REPLAY_WORDS;
	for (uint64_t i = 0; i < count; i++)
		*word_of(r, to - i * 64) = 0;
}

void esp_replay_take(struct esp_replay *r, uint64_t sequence)
{
	if (sequence > r->highest) {
		const uint64_t before = r->highest;

		r->highest = sequence;
		in_order();
		words_clear(r, before, sequence);
		in_order();
	} else if (r->highest - sequence >= ESP_REPLAY_MAX) {
		return; /* without a window: too old for the ring */
	}
	*word_of(r, sequence) |= UINT64_C(1) << sequence % 64;
	in_order();
}

void esp_replay_restore(struct esp_replay *r, uint64_t highest, uint32_t before)
{
	memset(r->seen, 0xff, sizeof r->seen);
	r->highest = highest;
	/* The rest of the newest word is ahead of the window. */
	for (uint64_t s = highest + 1; s % 64; s++)
		*word_of(r, s) &= ~(UINT64_C(1) << s % 64);
	for (uint32_t i = 0; i < 32 && i < highest; i++) {
		if (!(before >> i & 1))
			*word_of(r, highest - i) &= ~(UINT64_C(1) << (highest - i) % 64);
	}
}

uint32_t esp_replay_last(const struct esp_replay *r)
{
	uint32_t bits = 0;

	for (uint32_t i = 0; i < 32 && i < r->highest; i++)
		bits |= (uint32_t)is_seen(r, r->highest - i) << i;
	return bits;
}
