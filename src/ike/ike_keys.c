/* Pre-shared keys: which of the file's are for the protection now made. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "ike/ike_resolve.h"

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef";
	const char *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* false: no hexadecimal octets. */
static bool set_hex(struct ike_secret *s, const char *text)
{
	s->length = strlen(text) / 2;
	s->bytes = alloc_zero(s->length + 1, 1);
	for (size_t i = 0; i < s->length; i++) {
		const int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		s->bytes[i] = (uint8_t)(high << 4 | low);
	}
	return strlen(text) % 2 == 0 && s->length;
}

static void set_text(struct ike_secret *s, const char *text)
{
	s->length = strlen(text);
	s->bytes = alloc_zero(s->length + 1, 1);
	memcpy(s->bytes, text, s->length);
}

static bool set_secret(struct ike_secret *s, const char *words)
{
	const char *hex = ike_after(words, "hex"), *plain = ike_after(words, "0");
	char *word;
	bool good = true;

	if (hex && *hex) {
		word = ike_word_copy(hex, 0);
		good = set_hex(s, word);
	} else {
		/* "0 SECRET" says that it is not encrypted; a secret "0" stands alone. */
		word = ike_word_copy(plain && *plain && !ike_after(plain, "address") && !ike_after(plain, "hostname") ? plain : words, 0);
		if (!word)
			return false;
		set_text(s, word);
	}
	explicit_bzero(word, strlen(word));
	free(word);
	return good;
}

/* "6 WORD" and "7 WORD": what the line's own verdict refuses. A key may be the one digit. */
static bool is_encrypted(const char *words)
{
	return (words[0] == '6' || words[0] == '7') && words[1] == ' ' && !ike_after(words + 2, "address") &&
	       !ike_after(words + 2, "hostname");
}

void ike_key_add(struct resolving *r, const char *words, const struct ike_id *remote, char which, unsigned line)
{
	struct ike_config *i = r->out;
	struct ike_secret s = { .protection = r->p->number, .local_only = which == 'l', .remote_only = which == 'r',
				.line = line };

	if (is_encrypted(words))
		return;
	if (!set_secret(&s, words)) {
		free(s.bytes);
		ike_find(r, IKE_ERROR, line, "write pairs of hexadecimal digits", "the key is not hexadecimal");
		return;
	}
	s.remote = ike_id_copy(remote);
	i->secrets = alloc_array(i->secrets, i->secret_count + 1, sizeof *i->secrets);
	i->secrets[i->secret_count++] = s;
}

size_t ike_key_count(const struct resolving *r)
{
	size_t count = 0;

	for (size_t i = 0; i < r->out->secret_count; i++)
		count += r->out->secrets[i].protection == r->p->number;
	return count;
}

/* ---- IKEv1 ---- */

/* Where a key line's peer begins: behind `address` or `hostname`, which stands third or fourth. */
static const char *key_peer(const char *words, const char **host)
{
	const char *at = words;

	for (unsigned n = 0; n < 2 && *at; n++) {
		at += strcspn(at, " ");
		at += *at == ' ';
		if (ike_after(at, "address"))
			return at;
		if ((*host = ike_after(at, "hostname")))
			return at;
	}
	return NULL;
}

static void add_keyed(struct resolving *r, const char *key, const char *peer, const char *hostname, unsigned line)
{
	char *name = hostname ? ike_word_copy(hostname, 0) : NULL, *words = NULL;
	struct ike_id id = { 0 };

	/* Only its word: the secret itself may follow. */
	if (name) {
		ike_append(&words, " ", "host");
		ike_append(&words, " ", name);
	}
	if (ike_id_parse(words ? words : peer, &id))
		ike_key_add(r, key, &id, 'b', line);
	ike_id_done(&id);
	free(words);
	free(name);
}

/* crypto isakmp key [0] SECRET (address A [MASK] | hostname NAME) */
static bool global_keys(struct resolving *r)
{
	bool any = false;

	for (size_t i = 0; i < r->c->block_count; i++) {
		const char *words = ike_after(r->c->blocks[i].head, "crypto isakmp key"), *host = NULL;
		const char *peer = words ? key_peer(words, &host) : NULL;

		if (peer) {
			add_keyed(r, words, peer, host, r->c->blocks[i].line);
			any = true;
		}
	}
	return any;
}

/* pre-shared-key (address A [MASK] | hostname NAME) key [0] SECRET */
static void keyring_keys(struct resolving *r, const struct config_block *b)
{
	for (size_t i = 0; i < b->line_count; i++) {
		const char *peer = ike_after(b->lines[i].text, "pre-shared-key");
		const char *key = peer ? strstr(peer, " key ") : NULL;

		if (key)
			add_keyed(r, key + 5, peer, ike_after(peer, "hostname"), b->lines[i].line);
	}
}

static const char *vrf_name(const struct resolving *r)
{
	return r->c->vrfs[r->p->vrf].name;
}

static bool keyring_is_for_vrf(const struct resolving *r, const char *rest)
{
	const char *vrf = ike_after(rest, "vrf");

	return r->p->vrf ? vrf && !strcmp(vrf, vrf_name(r)) : !vrf;
}

static bool keyrings_of_vrf(struct resolving *r)
{
	bool any = false;

	for (size_t i = 0; i < r->c->block_count; i++) {
		const char *rest = ike_after(r->c->blocks[i].head, "crypto keyring");

		/* Behind the name. */
		if (rest)
			rest += strcspn(rest, " ");
		if (rest && keyring_is_for_vrf(r, *rest == ' ' ? rest + 1 : rest)) {
			keyring_keys(r, &r->c->blocks[i]);
			any = true;
		}
	}
	return any;
}

static void check_local(struct resolving *r, const struct config_block *b)
{
	unsigned line = 0;
	const char *words = ike_line(b, "local-address", &line);

	if (words && !ike_is_local(r, words))
		ike_find(r, IKE_ERROR, line, "name the tunnel's source",
			 "the keyring is for another local address than the tunnel's");
}

static void named_keyring(struct resolving *r, const char *name, unsigned line)
{
	const char *rest = "";
	const struct config_block *b = ike_block(r->c, "crypto keyring", name, &rest);

	if (!b) {
		ike_find(r, IKE_ERROR, line, "add crypto keyring NAME", "there is no crypto keyring %s", name);
		return;
	}
	if (!keyring_is_for_vrf(r, rest))
		ike_find(r, IKE_PRACTICE, b->line, "give the keyring the VRF of tunnel vrf",
			 "keyring %s is for another VRF than the tunnel's underlay: IOS would not find its keys", name);
	check_local(r, b);
	keyring_keys(r, b);
}

void ike_keys_isakmp(struct resolving *r, const struct config_block *profile)
{
	unsigned line = 0;
	const char *names = ike_line(profile, "keyring", &line);
	char name[128];

	if (names && strcmp(names, "default")) {
		while (ike_next_word(&names, name, sizeof name))
			named_keyring(r, name, line);
		return;
	}
	/* IOS keeps the keys of the global table and those of each front-door VRF apart. */
	if (r->p->vrf == 0)
		global_keys(r);
	if (!keyrings_of_vrf(r) && r->p->vrf && global_keys(r))
		ike_find(r, IKE_PRACTICE, r->tunnel_line, "put the key into a crypto keyring NAME vrf VRF",
			 "the only keys are those of the global table: IOS would not use them in VRF %s", vrf_name(r));
}

/* ---- IKEv2 ---- */

struct peer { const struct config_block *b; uint32_t head; };

static const char *peer_line(const struct peer *peer, const char *words, size_t *at)
{
	for (size_t i = *at; i < peer->b->line_count; i++) {
		const char *rest = ike_after(peer->b->lines[i].text, words);

		if (rest && peer->b->lines[i].parent == peer->head) {
			*at = i + 1;
			return rest;
		}
	}
	return NULL;
}

static void add_peer_keys(struct resolving *r, const struct peer *peer, const struct ike_id *id)
{
	size_t at = 0;
	const char *words, *rest;

	while ((words = peer_line(peer, "pre-shared-key", &at))) {
		const unsigned line = peer->b->lines[at - 1].line;

		if ((rest = ike_after(words, "local")) && *rest)
			ike_key_add(r, rest, id, 'l', line);
		else if ((rest = ike_after(words, "remote")) && *rest)
			ike_key_add(r, rest, id, 'r', line);
		else
			ike_key_add(r, words, id, 'b', line);
	}
}

/* A peer is found by its address, by its identity, or by its host's name. */
static void add_peer(struct resolving *r, const struct peer *peer)
{
	static const char *const forms[] = { "identity", "address", "hostname" };
	const unsigned line = peer->b->lines[peer->head].line;
	bool found = false;

	for (size_t i = 0; i < 3; i++) {
		size_t at = 0;
		const char *words;

		while ((words = peer_line(peer, forms[i], &at))) {
			const char *whole = i == 1 ? peer->b->lines[at - 1].text : words;
			char *host = NULL;
			struct ike_id id;

			if (i == 2) {
				ike_append(&host, "", "host ");
				ike_append(&host, "", words);
			}
			if (ike_id_parse(host ? host : whole, &id))
				add_peer_keys(r, peer, &id);
			ike_id_done(&id);
			free(host);
			found = true;
		}
	}
	if (!found)
		ike_find(r, IKE_PRACTICE, line, "add address, hostname or identity", "this peer has no address and is never found");
}

void ike_keys_ikev2(struct resolving *r, const char *name, unsigned line)
{
	const struct config_block *b = ike_block(r->c, "crypto ikev2 keyring", name, NULL);

	if (!b) {
		ike_find(r, IKE_ERROR, line, "add crypto ikev2 keyring NAME", "there is no crypto ikev2 keyring %s", name);
		return;
	}
	for (size_t i = 0; i < b->line_count; i++) {
		if (b->lines[i].depth == 1 && ike_after(b->lines[i].text, "peer"))
			add_peer(r, &(struct peer){ b, (uint32_t)i });
	}
}
