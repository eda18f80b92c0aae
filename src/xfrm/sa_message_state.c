/*
 * sa_message_state: counters, times and replay windows of an SA in XFRM's form.
 *
 * charon takes an SA's state out (GETAE) and gives it back (NEWSA) when it moves the SA to another
 * address. What it gives back is a hint: the table's own record of the key decides.
 */
#include <errno.h>
#include <string.h>

#include "xfrm/sa_message.h"

enum { ESN_WORDS_MAX = (ESP_REPLAY_MAX + 31) / 32 };

static uint64_t wall(int64_t us, struct xfrm_clock clock)
{
	int64_t s = clock.unix_s - (clock.now.us - us) / 1000000;

	return s > 0 ? (uint64_t)s : 0;
}

/* The instant of a wall clock time, not in the future. */
static int64_t instant_of(uint64_t unix_s, struct xfrm_clock clock)
{
	int64_t age_s;

	if (unix_s >= (uint64_t)clock.unix_s)
		return clock.now.us;
	age_s = clock.unix_s - (int64_t)unix_s;
	if (age_s > INT64_MAX / 4000000)
		age_s = INT64_MAX / 4000000;
	return clock.now.us - age_s * 1000000;
}

struct xfrm_lifetime_cur sa_message_current(const struct esp_sa *sa, struct xfrm_clock clock)
{
	return (struct xfrm_lifetime_cur){
		.bytes = sa->bytes,
		.packets = sa->packets,
		.add_time = wall(sa->added_us, clock),
		.use_time = sa->used_us ? wall(sa->used_us, clock) : 0,
	};
}

int sa_message_read_current(struct esp_sa *sa, const struct netlink_attributes *a, struct xfrm_clock clock)
{
	struct xfrm_lifetime_cur current;

	if (!a->at[XFRMA_LTIME_VAL].bytes)
		return 0;
	if (!netlink_attribute(a, XFRMA_LTIME_VAL, &current, sizeof current))
		return -EINVAL;
	sa->bytes = current.bytes;
	sa->packets = current.packets;
	sa->added_us = instant_of(current.add_time, clock);
	sa->used_us = current.use_time ? instant_of(current.use_time, clock) : 0;
	return 0;
}

static void write_wide(struct netlink_writer *w, const struct esp_sa *sa)
{
	uint32_t window = sa->inbound ? sa->replay.window : 1, words[ESN_WORDS_MAX] = { 0 };
	struct xfrm_replay_state_esn state = {
		.bmp_len = (window + 31) / 32,
		.oseq = (uint32_t)sa->sequence, .oseq_hi = (uint32_t)(sa->sequence >> 32),
		.seq = (uint32_t)sa->replay.highest, .seq_hi = (uint32_t)(sa->replay.highest >> 32),
		.replay_window = window,
	};

	/* The kernel's ring: sequence n is bit (n - 1) modulo the window. */
	for (uint64_t back = 0; sa->inbound && back < window && back < sa->replay.highest; back++) {
		uint64_t sequence = sa->replay.highest - back;
		uint32_t bit = (uint32_t)((sequence - 1) % window);

		if (!esp_replay_fresh(&sa->replay, sequence))
			words[bit / 32] |= UINT32_C(1) << bit % 32;
	}
	netlink_put_attribute2(w, XFRMA_REPLAY_ESN_VAL, &state, sizeof state, words, state.bmp_len * sizeof words[0]);
}

void sa_message_replay(struct netlink_writer *w, const struct esp_sa *sa)
{
	struct xfrm_replay_state state = {
		.oseq = (uint32_t)sa->sequence,
		.seq = (uint32_t)sa->replay.highest,
		.bitmap = sa->inbound ? esp_replay_last(&sa->replay) : 0,
	};

	if (xfrm_owner_of(sa)->wide)
		write_wide(w, sa);
	else
		netlink_put_attribute(w, XFRMA_REPLAY_VAL, &state, sizeof state);
}

/* The kernel's ring as esp_replay_restore() wants it: bit i is `highest` - i. */
static uint32_t last_seen(const struct xfrm_replay_state_esn *state, const uint8_t *words, uint64_t highest)
{
	uint32_t before = 0;

	for (uint32_t back = 0; back < 32 && back < state->replay_window && back < highest; back++) {
		uint32_t bit = (uint32_t)((highest - back - 1) % state->replay_window), word;

		memcpy(&word, words + bit / 32 * sizeof word, sizeof word);
		before |= (word >> bit % 32 & 1) << back;
	}
	return before;
}

static int read_wide(struct esp_sa *sa, const struct netlink_attribute *a)
{
	struct xfrm_replay_state_esn state;
	uint64_t sequence, highest;

	if (a->length < sizeof state)
		return -EINVAL;
	memcpy(&state, a->bytes, sizeof state);
	if (state.bmp_len > XFRMA_REPLAY_ESN_MAX / sizeof(uint32_t) ||
	    a->length - sizeof state < state.bmp_len * sizeof(uint32_t) || state.replay_window > state.bmp_len * 32)
		return -EINVAL;
	xfrm_owner(sa)->wide = 1;
	sequence = (uint64_t)state.oseq_hi << 32 | state.oseq;
	highest = (uint64_t)state.seq_hi << 32 | state.seq;
	if (sequence > sa->sequence)
		sa->sequence = sequence;
	/* A window wider than ours is served by ours: it is only stricter. */
	sa->replay.window = state.replay_window > ESP_REPLAY_MAX ? ESP_REPLAY_MAX : state.replay_window;
	if (sa->inbound && highest > sa->replay.highest)
		esp_replay_restore(&sa->replay, highest, last_seen(&state, a->bytes + sizeof state, highest));
	return 0;
}

int sa_message_read_replay(struct esp_sa *sa, const struct netlink_attributes *a)
{
	struct xfrm_replay_state state;

	if (a->at[XFRMA_REPLAY_ESN_VAL].bytes)
		return read_wide(sa, &a->at[XFRMA_REPLAY_ESN_VAL]);
	if (sa->esn)
		return -EINVAL;
	if (!a->at[XFRMA_REPLAY_VAL].bytes)
		return 0;
	if (!netlink_attribute(a, XFRMA_REPLAY_VAL, &state, sizeof state))
		return -EINVAL;
	if (state.oseq > sa->sequence)
		sa->sequence = state.oseq;
	if (sa->inbound && state.seq > sa->replay.highest)
		esp_replay_restore(&sa->replay, state.seq, state.bitmap);
	return 0;
}
