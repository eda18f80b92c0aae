/*
 * Groups of spokes (`ip nhrp group`), and the policy that each has at a hub: of a policy-map the rate of its class-default counts
 * here, `shape average`. What else it says of classes inside that rate is left alone.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "config/reading.h"

enum {
	BURST_MS = 10,                  /* Bc when none is given: so much of the rate … */
	BURST_MIN = 4000,               /* … and at least so many octets */
	BURST_MAX = 64 * 1024 * 1024,
	RATE_MIN = 8000,                /* bits a second, as IOS has it */
	GROUP_NAME_MAX = 64,            /* octets that a registration carries (wire/nhrp_group.h) */
	WORDS = 10,
};

#define RATE_MAX UINT64_C(100000000000)

/* The words of a line, cut in place in `buffer`; how many. */
static size_t words_of(const char *text, char *buffer, size_t size, char *words[WORDS])
{
	char *save, *word;
	size_t count = 0;

	snprintf(buffer, size, "%s", text);
	for (word = strtok_r(buffer, " \t", &save); word && count < WORDS; word = strtok_r(NULL, " \t", &save))
		words[count++] = word;
	return count;
}

static bool begins(const char *word, const char *whole, size_t least)
{
	const size_t length = strlen(word);

	return length >= least && strncasecmp(word, whole, length) == 0;
}

/* "8000000", "8m", "512k": bits a second, or bits. 0: not a number that can be meant. */
static uint64_t bits_of(const char *word)
{
	char *end;
	uint64_t value;

	if (!isdigit((unsigned char)*word))
		return 0;
	value = strtoull(word, &end, 10);
	if (value > RATE_MAX)
		return 0;
	if (tolower((unsigned char)*end) == 'k')
		value *= 1000;
	else if (tolower((unsigned char)*end) == 'm')
		value *= 1000 * 1000;
	else if (tolower((unsigned char)*end) == 'g')
		value *= 1000 * 1000 * 1000;
	else if (*end)
		return 0;
	return value <= RATE_MAX ? value : 0;
}

static uint32_t burst_of(uint64_t rate_bps, uint64_t committed_bits)
{
	const uint64_t octets = (committed_bits ? committed_bits : rate_bps * BURST_MS / 1000) / 8;

	if (octets < BURST_MIN)
		return BURST_MIN;
	return octets > BURST_MAX ? BURST_MAX : (uint32_t)octets;
}

static void honour(struct reading *r, unsigned number)
{
	struct config_line *const line = number && number <= r->c->line_count ? &r->c->lines[number - 1] : NULL;

	if (!line || line->state != CONFIG_NO_EFFECT)
		return;
	line->state = CONFIG_HONOURED;
	free(line->reason);
	line->reason = NULL;
}

/* false: that policy does not say how much. */
static bool policy_rate(struct reading *r, const struct config_block *policy, struct config_group_map *out)
{
	bool is_default = false;
	unsigned class_line = 0;

	for (size_t i = 0; i < policy->line_count; i++) {
		char buffer[200], *words[WORDS];
		const size_t count = words_of(policy->lines[i].text, buffer, sizeof buffer, words);

		if (count >= 2 && begins(words[0], "class", 2)) {
			is_default = strcasecmp(words[1], "class-default") == 0;
			class_line = policy->lines[i].line;
		}
		if (!is_default || count < 3 || !begins(words[0], "shape", 2) || !begins(words[1], "average", 1))
			continue;
		out->rate_bps = bits_of(words[2]);
		if (out->rate_bps < RATE_MIN)
			return false;
		out->burst_octets = burst_of(out->rate_bps, count > 3 ? bits_of(words[3]) : 0);
		honour(r, policy->line);
		honour(r, class_line);
		honour(r, policy->lines[i].line);
		return true;
	}
	return false;
}

static const struct config_block *policy_named(struct reading *r, const char *name)
{
	if (!reading_work(r, r->c->block_count))
		return NULL;
	for (size_t i = 0; i < r->c->block_count; i++)
		if (strncmp(r->c->blocks[i].head, "policy-map ", 11) == 0 && strcmp(r->c->blocks[i].head + 11, name) == 0)
			return &r->c->blocks[i];
	return NULL;
}

/* The line that said an extra. */
static unsigned line_of(const struct config_interface *i, const char *extra)
{
	for (size_t k = i->said_count; k > 0; k--)
		if (strcmp(i->said[k - 1].text, extra) == 0)
			return i->said[k - 1].line;
	return 0;
}

static void demote(struct reading *r, unsigned number, const char *reason)
{
	struct config_line *const line = number && number <= r->c->line_count ? &r->c->lines[number - 1] : NULL;

	if (!line || line->state != CONFIG_HONOURED)
		return;
	line->state = CONFIG_NOT_SUPPORTED;
	reading_replace(r, &line->reason, reason);
}

static void take_map(struct reading *r, const struct config_interface *i, const char *extra, const char *group, const char *policy)
{
	struct config_groups *const g = &i->tunnel->groups;
	const struct config_block *const b = policy_named(r, policy);
	struct config_group_map found = { 0 }, *map;

	if (!b || !policy_rate(r, b, &found)) {
		demote(r, line_of(i, extra), b ? "of a policy the rate of class-default counts (shape average), and this one has none" :
						 "there is no such policy-map, so nothing is shaped");
		return;
	}
	map = ADD(r, g->maps, g->map_count);
	if (map) {
		*map = found;
		map->group = reading_keep(r, group);
	}
}

static void take_identity(struct reading *r, struct config_groups *g, const char *group, const char *kind, const char *name)
{
	struct config_group_identity *const who = ADD(r, g->identities, g->identity_count);

	if (!who)
		return;
	who->group = reading_keep(r, group);
	who->identity = (struct config_nhrp_identity){ .kind = reading_keep(r, kind), .name = reading_keep(r, name) };
}

/* Of the words behind "ip ", "ipv6 " or nothing: FRR's and new IOS's form is the same without. */
static void take(struct reading *r, const struct config_interface *i, const char *extra)
{
	char buffer[400], *words[WORDS];
	size_t count = words_of(extra, buffer, sizeof buffer, words), at;

	at = count > 0 && (strcmp(words[0], "ip") == 0 || strcmp(words[0], "ipv6") == 0);
	if (count < at + 3 || strcmp(words[at], "nhrp") != 0)
		return;
	if (strcmp(words[at + 1], "map") == 0 && strcmp(words[at + 2], "group") == 0 && count == at + 7)
		take_map(r, i, extra, words[at + 3], words[at + 6]);
	else if (strcmp(words[at + 1], "group") == 0 && count == at + 6)
		take_identity(r, &i->tunnel->groups, words[at + 2], words[at + 4], words[at + 5]);
	else if (strcmp(words[at + 1], "group") != 0 || count != at + 3)
		return;
	else if (strlen(words[at + 2]) > GROUP_NAME_MAX)
		config_line_error(r, line_of(i, extra), "choose a shorter one", "the group's name has more than %d characters", GROUP_NAME_MAX);
	else
		reading_replace(r, &i->tunnel->groups.own, words[at + 2]);
}

void reading_finish_groups(struct reading *r, const struct config_interface *i)
{
	for (size_t k = 0; k < i->extra_count; k++)
		take(r, i, i->extras[k]);
}
