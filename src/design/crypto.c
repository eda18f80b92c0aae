#include "design/crypto.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "design/said.h"

static bool profile_names(const struct config_block *profile, const char *words, char name[64])
{
	const struct config_block_line *line = block_line(profile, words);

	return line && said_word_after(line->text, words, name);
}

struct crypto crypto_of(const struct config *c, const struct config_tunnel *t)
{
	struct crypto x = { .c = c, .version = 1 };
	char name[64];

	if (!t->protection_profile)
		return x;
	x.profile = block_named(c, "crypto ipsec profile", t->protection_profile);
	if (!strcmp(t->protection_profile, "default") && !(x.profile && profile_names(x.profile, "set isakmp-profile", name))) {
		x.ike = block_named(c, "crypto ikev2 profile", "default");
		x.version = x.ike ? 2 : 1;
	}
	if (!x.profile)
		return x;
	if (profile_names(x.profile, "set ikev2-profile", name)) {
		x.version = 2;
		x.ike = block_named(c, "crypto ikev2 profile", name);
	} else if (profile_names(x.profile, "set isakmp-profile", name)) {
		x.ike = block_named(c, "crypto isakmp profile", name);
	}
	return x;
}

/* ---- phase 2 ---- */

size_t crypto_transforms(const struct crypto *x, const struct config_block *out[TRANSFORMS_MAX])
{
	const struct config_block_line *line = x->profile ? block_line(x->profile, "set transform-set") : NULL;
	const char *at = line ? line->text + strlen("set transform-set") : "";
	size_t count = 0;

	while (*at == ' ' && count < TRANSFORMS_MAX) {
		char name[64];
		const size_t length = strcspn(at + 1, " ");

		snprintf(name, sizeof name, "%.*s", (int)length, at + 1);
		out[count] = block_named(x->c, "crypto ipsec transform-set", name);
		count += out[count] != NULL;
		at += 1 + length;
	}
	return count;
}

const char *crypto_transform_words(const struct config_block *set)
{
	const char *name = set->head + strlen("crypto ipsec transform-set ");

	return name + strcspn(name, " ");
}

bool crypto_tunnel_mode(const struct crypto *x)
{
	const struct config_block *sets[TRANSFORMS_MAX];

	/* The set that IOS has by itself, and takes where none is named. */
	if (!x->profile || !block_line(x->profile, "set transform-set"))
		return false;
	return !crypto_transforms(x, sets) || !block_line(sets[0], "mode transport");
}

const char *crypto_pfs(const struct crypto *x, unsigned *line)
{
	const struct config_block_line *pfs = x->profile ? block_line(x->profile, "set pfs") : NULL;

	*line = pfs ? pfs->line : x->profile ? x->profile->line : 0;
	if (!pfs)
		return "";
	return strlen(pfs->text) > strlen("set pfs ") ? pfs->text + strlen("set pfs ") : "group1";
}

/* ---- phase 1: suites ---- */

/* The values of one line of a policy or proposal, or IOS's default. */
static const char *value_of(const struct config_block *b, const char *word, const char *otherwise)
{
	const struct config_block_line *line = block_line(b, word);

	return line ? line->text + strlen(word) + 1 : otherwise;
}

static bool one_common(const char *a, const char *b)
{
	while (*a) {
		const size_t length = strcspn(a, " ");
		char word[40];

		snprintf(word, sizeof word, "%.*s", (int)length, a);
		for (const char *at = b; *at;) {
			const size_t other = strcspn(at, " ");

			if (other == length && !strncmp(at, word, length))
				return true;
			at += other + (at[other] == ' ');
		}
		a += length + (a[length] == ' ');
	}
	return false;
}

static bool policies_equal(const struct config_block *a, const struct config_block *b)
{
	const char *x = value_of(a, "encryption", "des"), *y = value_of(b, "encryption", "des");

	x = strcmp(x, "aes 128") ? x : "aes";
	y = strcmp(y, "aes 128") ? y : "aes";
	return !strcmp(x, y) && !strcmp(value_of(a, "hash", "sha"), value_of(b, "hash", "sha")) &&
	       !strcmp(value_of(a, "authentication", "rsa-sig"), value_of(b, "authentication", "rsa-sig")) &&
	       !strcmp(value_of(a, "group", "1"), value_of(b, "group", "1"));
}

static bool proposals_meet(const struct config_block *a, const struct config_block *b)
{
	static const char *const words[] = { "encryption", "integrity", "prf", "group", NULL };

	for (size_t i = 0; words[i]; i++) {
		const char *x = value_of(a, words[i], ""), *y = value_of(b, words[i], "");

		/* An authenticated cipher has no integrity line, and prf has a default. */
		if (*x && *y && !one_common(x, y))
			return false;
	}
	return true;
}

/* Proposals that a policy names. */
static const struct config_block *next_proposal(const struct config *c, const struct config_block *before)
{
	const struct config_block *p;

	for (p = block_after(c, before, "crypto ikev2 proposal"); p; p = block_after(c, p, "crypto ikev2 proposal")) {
		for (const struct config_block *policy = block_after(c, NULL, "crypto ikev2 policy"); policy;
		     policy = block_after(c, policy, "crypto ikev2 policy")) {
			char words[128];

			snprintf(words, sizeof words, "proposal %.100s", p->head + strlen("crypto ikev2 proposal "));
			if (block_line(policy, words))
				return p;
		}
	}
	return NULL;
}

static const struct config_block *next_suite(const struct crypto *x, const struct config_block *before)
{
	return x->version == 2 ? next_proposal(x->c, before) : block_after(x->c, before, "crypto isakmp policy");
}

bool crypto_suites_meet(const struct crypto *a, const struct crypto *b, unsigned *line_a, unsigned *line_b)
{
	const struct config_block *first = next_suite(a, NULL), *second = next_suite(b, NULL);

	if (!first || !second || a->version != b->version)
		return true;
	*line_a = first->line;
	*line_b = second->line;
	for (const struct config_block *x = first; x; x = next_suite(a, x)) {
		for (const struct config_block *y = second; y; y = next_suite(b, y)) {
			if (a->version == 2 ? proposals_meet(x, y) : policies_equal(x, y))
				return true;
		}
	}
	return false;
}

/* ---- phase 1: keys ---- */

static void take_key(struct crypto_key *k, const struct ipprefix *p, const struct ipaddr *peer, const char *secret, unsigned line)
{
	if (!k->line)
		k->line = line;
	if (p->addr.family != peer->family || !ipprefix_contains(p, peer) || (k->found == KEY_FOUND && p->len <= k->len))
		return;
	snprintf(k->local, sizeof k->local, "%.90s", secret);
	snprintf(k->remote, sizeof k->remote, "%.90s", secret);
	k->found = KEY_FOUND;
	k->line = line;
	k->len = p->len;
}

/* "0.0.0.0" without a mask is everybody. */
static bool peer_prefix(const char *text, struct ipprefix *out)
{
	if (!strncmp(text, "ipv6 ", 5))
		text += 5;
	if (!said_prefix(text, out))
		return false;
	if (ipaddr_is_unspecified(&out->addr))
		out->len = 0;
	return true;
}

/* "crypto isakmp key [0] SECRET address …" */
static void global_key(struct crypto_key *k, const struct config_block *b, const struct ipaddr *peer)
{
	const char *at = strstr(b->head, " address "), *secret = b->head + strlen("crypto isakmp key ");
	struct ipprefix p;
	char word[96];

	if (!strncmp(secret, "0 ", 2))
		secret += 2;
	snprintf(word, sizeof word, "%.*s", (int)strcspn(secret, " "), secret);
	if (!at) {
		k->found = k->found == KEY_NONE ? KEY_UNKNOWN : k->found; /* by host name */
		return;
	}
	if (peer_prefix(at + strlen(" address "), &p))
		take_key(k, &p, peer, word, b->line);
}

static void keyring_keys(struct crypto_key *k, const struct config_block *ring, const struct ipaddr *peer)
{
	for (size_t at = block_next(ring, 0, "pre-shared-key"); at != SIZE_MAX; at = block_next(ring, at + 1, "pre-shared-key")) {
		const char *text = ring->lines[at].text, *addr = strstr(text, " address "), *key = strstr(text, " key ");
		struct ipprefix p;

		if (!addr || !key || !strncmp(key, " key 6 ", 7) || !strncmp(key, " key 7 ", 7)) {
			k->found = k->found == KEY_NONE ? KEY_UNKNOWN : k->found;
			continue;
		}
		if (peer_prefix(addr + strlen(" address "), &p))
			take_key(k, &p, peer, strrchr(text, ' ') + 1, ring->lines[at].line);
	}
}

static struct crypto_key key1(const struct crypto *x, const struct ipaddr *peer)
{
	struct crypto_key k = { .found = KEY_NONE };
	char name[64];

	for (size_t i = 0; i < x->c->said_count; i++) {
		if (said_begins(x->c->said[i].text, "crypto isakmp key"))
			return (struct crypto_key){ .found = KEY_UNKNOWN };
	}
	if (x->ike && profile_names(x->ike, "keyring", name)) {
		const struct config_block *ring = block_named(x->c, "crypto keyring", name);

		if (ring)
			keyring_keys(&k, ring, peer);
		return ring ? k : (struct crypto_key){ .found = KEY_UNKNOWN };
	}
	for (const struct config_block *b = block_after(x->c, NULL, "crypto isakmp key"); b; b = block_after(x->c, b, "crypto isakmp key"))
		global_key(&k, b, peer);
	for (const struct config_block *b = block_after(x->c, NULL, "crypto keyring"); b; b = block_after(x->c, b, "crypto keyring"))
		keyring_keys(&k, b, peer);
	if (!k.line) {
		/* Without any key the policies had better say certificates. */
		const struct config_block *policy = block_after(x->c, NULL, "crypto isakmp policy");

		if (!policy || strcmp(value_of(policy, "authentication", "rsa-sig"), "pre-share"))
			k.found = KEY_UNKNOWN;
		k.line = policy ? policy->line : 0;
	}
	return k;
}

static bool is_child(const struct config_block *b, uint32_t parent, size_t at, const char *words)
{
	return b->lines[at].parent == parent && said_begins(b->lines[at].text, words);
}

static void ikev2_peer(struct crypto_key *k, const struct config_block *ring, uint32_t head, const struct ipaddr *peer)
{
	struct crypto_key found = { .found = KEY_NONE };
	bool unreadable = false, by_address = false;

	for (size_t at = head + 1; at < ring->line_count; at++) {
		const char *text = ring->lines[at].text;
		struct ipprefix p;

		if (is_child(ring, head, at, "address") && peer_prefix(text + strlen("address "), &p)) {
			by_address = true;
			take_key(&found, &p, peer, "", ring->lines[at].line);
		}
	}
	for (size_t at = head + 1; at < ring->line_count; at++) {
		const char *text = ring->lines[at].text, *secret = strrchr(text, ' ');

		if (!is_child(ring, head, at, "pre-shared-key") || !secret)
			continue;
		unreadable |= strstr(text, " 6 ") || strstr(text, " 7 ");
		if (!strncmp(text, "pre-shared-key remote ", 22))
			snprintf(found.remote, sizeof found.remote, "%.90s", secret + 1);
		else
			snprintf(found.local, sizeof found.local, "%.90s", secret + 1);
		if (strncmp(text, "pre-shared-key local ", 21))
			snprintf(found.remote, sizeof found.remote, "%.90s", secret + 1);
		if (found.found == KEY_FOUND)
			found.line = ring->lines[at].line;
	}
	if (!k->line)
		k->line = found.line ? found.line : ring->lines[head].line;
	if (!by_address || (unreadable && found.found == KEY_FOUND)) {
		k->found = k->found == KEY_NONE ? KEY_UNKNOWN : k->found;
		return;
	}
	if (found.found == KEY_FOUND && (k->found != KEY_FOUND || found.len > k->len))
		*k = found;
}

static struct crypto_key key2(const struct crypto *x, const struct ipaddr *peer)
{
	struct crypto_key k = { .found = KEY_NONE };
	const struct config_block_line *own = x->ike ? block_line(x->ike, "authentication local pre-share key") : NULL;
	const struct config_block *ring;
	char name[64];

	if (!x->ike || own || !block_line(x->ike, "authentication local pre-share") || !profile_names(x->ike, "keyring local", name))
		return (struct crypto_key){ .found = KEY_UNKNOWN };
	ring = block_named(x->c, "crypto ikev2 keyring", name);
	if (!ring)
		return (struct crypto_key){ .found = KEY_UNKNOWN };
	for (size_t at = block_next(ring, 0, "peer"); at != SIZE_MAX; at = block_next(ring, at + 1, "peer"))
		ikev2_peer(&k, ring, (uint32_t)at, peer);
	k.line = k.line ? k.line : ring->line;
	return k;
}

struct crypto_key crypto_key_for(const struct crypto *x, const struct ipaddr *peer)
{
	return x->version == 2 ? key2(x, peer) : key1(x, peer);
}

/* ---- identities ---- */

static bool ends_with(const char *text, const char *end)
{
	const size_t a = strlen(text), b = strlen(end);

	return a >= b && !strcasecmp(text + a - b, end);
}

/* "match identity remote fqdn domain example.com" and the like, against "identity local fqdn NAME". */
static bool identity_fits(const char *match, const char *mine, const struct ipaddr *addr)
{
	char kind[64], word[64], own_kind[64] = "address", own[64] = "";
	struct ipprefix p;
	struct ipaddr id = *addr;

	if (mine)
		sscanf(mine, "%63s %63s", own_kind, own);
	if (sscanf(match, "%63s %63s", kind, word) < 1 || !strcmp(kind, "any"))
		return true;
	if (!strcmp(kind, "address")) {
		if (!peer_prefix(match + strlen("address "), &p) || !p.len)
			return true;
		if (strcmp(own_kind, "address"))
			return false;
		if (*own && !ipaddr_parse(own, &id))
			return true;
		return ipaddr_is_none(&id) || ipprefix_contains(&p, &id);
	}
	if (strcmp(kind, own_kind))
		return false;
	if (!strcmp(word, "domain"))
		return ends_with(own, strrchr(match, ' ') + 1);
	return !strcasecmp(word, own);
}

bool crypto_accepts(const struct crypto *x, const struct crypto *peer, const struct ipaddr *peer_addr, unsigned *line)
{
	const struct config_block_line *local;
	const char *const words = x->version == 2 ? "match identity remote" : "match identity";
	bool any = false;

	*line = 0;
	if (!x->ike || x->version != peer->version || block_line(x->ike, "match certificate"))
		return true;
	/* IKEv1 names its kinds differently and mostly sends addresses: only those are compared. */
	if (x->version == 1 && (block_line(x->ike, "match identity host") || block_line(x->ike, "match identity user")))
		return true;
	local = x->version == 2 && peer->ike ? block_line(peer->ike, "identity local") : NULL;
	if (local && !strcmp(local->text, "identity local dn"))
		return true;
	for (size_t at = block_next(x->ike, 0, words); at != SIZE_MAX; at = block_next(x->ike, at + 1, words)) {
		const char *text = x->ike->lines[at].text + strlen(words) + 1;

		*line = *line ? *line : x->ike->lines[at].line;
		any = true;
		if (identity_fits(text, local ? local->text + strlen("identity local ") : NULL, peer_addr))
			return true;
	}
	return !any;
}
