/* Algorithms: IOS's words, strongSwan's, and which of them should not be used any more. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "ike/ike_defaults.h"
#include "ike/ike_resolve.h"

struct name { const char *ios, *strongswan; bool weak; };

static const struct name groups[] = {
	{ "1", "modp768", true }, { "2", "modp1024", true }, { "5", "modp1536", true }, { "14", "modp2048", false },
	{ "15", "modp3072", false }, { "16", "modp4096", false }, { "17", "modp6144", false },
	{ "18", "modp8192", false }, { "19", "ecp256", false }, { "20", "ecp384", false }, { "21", "ecp521", false },
	{ "24", "modp2048s256", true }, { "27", "ecp224bp", false }, { "28", "ecp256bp", false },
	{ "29", "ecp384bp", false }, { "30", "ecp512bp", false }, { "31", "curve25519", false }, { NULL, NULL, false },
};

static const struct name hashes[] = {
	{ "md5", "md5", true }, { "sha", "sha1", false }, { "sha1", "sha1", false }, { "sha256", "sha256", false },
	{ "sha384", "sha384", false }, { "sha512", "sha512", false }, { NULL, NULL, false },
};

static const struct name ikev2_ciphers[] = {
	{ "des", "des", true }, { "3des", "3des", true }, { "aes-cbc-128", "aes128", false },
	{ "aes-cbc-192", "aes192", false }, { "aes-cbc-256", "aes256", false }, { "aes-gcm-128", "aes128gcm16", false },
	{ "aes-gcm-256", "aes256gcm16", false }, { NULL, NULL, false },
};

static const struct name esp_macs[] = {
	{ "esp-md5-hmac", "md5", true }, { "esp-sha-hmac", "sha1", false }, { "esp-sha256-hmac", "sha256", false },
	{ "esp-sha384-hmac", "sha384", false }, { "esp-sha512-hmac", "sha512", false }, { NULL, NULL, false },
};

static const struct name *find_name(const struct name *table, const char *ios)
{
	while (table->ios && strcmp(table->ios, ios))
		table++;
	return table->ios ? table : NULL;
}

void ike_append(char **list, const char *separator, const char *text)
{
	const size_t before = *list ? strlen(*list) : 0;
	char *at;

	*list = alloc_array(*list, before + strlen(separator) + strlen(text) + 1, 1);
	at = *list + before;
	if (before)
		at = stpcpy(at, separator);
	strcpy(at, text);
}

static void find_weak(struct resolving *r, unsigned line, const char *what)
{
	ike_find(r, IKE_PRACTICE, line, "use AES with SHA-256 or GCM, and group 14 or above, on both ends",
		 "%s is weak: it is used because it is configured", what);
}

const char *ike_suite_group(const char *number)
{
	const struct name *n = find_name(groups, number);

	return n ? n->strongswan : NULL;
}

void ike_suite_weak_group(struct resolving *r, unsigned line, const char *number)
{
	const struct name *n = find_name(groups, number);
	char what[32];

	snprintf(what, sizeof what, "group %s", number);
	if (n && n->weak)
		find_weak(r, line, what);
}

/* ---- IKEv1 ---- */

static const char *isakmp_cipher(const char *words)
{
	if (!strcmp(words, "aes") || !strcmp(words, "aes 128"))
		return "aes128";
	if (!strcmp(words, "aes 192"))
		return "aes192";
	if (!strcmp(words, "aes 256"))
		return "aes256";
	return !strcmp(words, "des") || !strcmp(words, "3des") ? words : NULL;
}

static const char *policy_value(const struct config_block *policy, const char *words, const char *otherwise, unsigned *line)
{
	const char *value;

	*line = policy->line;
	value = ike_line(policy, words, line);
	return value ? value : otherwise;
}

void ike_suite_isakmp(struct resolving *r, const struct config_block *policy, char **proposals)
{
	unsigned cipher_line, hash_line, group_line;
	const char *encryption = policy_value(policy, "encryption", DEFAULT_ISAKMP_ENCRYPTION, &cipher_line);
	const char *hash = policy_value(policy, "hash", DEFAULT_ISAKMP_HASH, &hash_line);
	const char *number = policy_value(policy, "group", DEFAULT_ISAKMP_GROUP, &group_line);
	const char *cipher = isakmp_cipher(encryption), *group = ike_suite_group(number);
	const struct name *mac = find_name(hashes, hash);
	char text[64];

	if (!cipher || !mac || !group) {
		ike_find(r, IKE_ERROR, !cipher ? cipher_line : !mac ? hash_line : group_line, "choose another algorithm",
			 "strongSwan does not know the algorithm");
		return;
	}
	if (strstr(cipher, "des"))
		find_weak(r, cipher_line, strcmp(cipher, "des") ? "3DES" : "DES");
	if (mac->weak)
		find_weak(r, hash_line, "MD5");
	ike_suite_weak_group(r, group_line, number);
	snprintf(text, sizeof text, "%s-%s-%s", cipher, mac->strongswan, group);
	ike_append(proposals, ",", text);
}

/* ---- IKEv2 ---- */

static bool from_version_17(const struct config *c)
{
	return c->version && strtoul(c->version, NULL, 10) >= 17;
}

/* The words of one line of a proposal; of the default one also what it leaves unsaid. */
static const char *proposal_words(struct resolving *r, const struct config_block *b, const char *name,
				  const char *words, const char *otherwise, unsigned *line)
{
	const char *value = ike_line(b, words, line);

	if (value)
		return value;
	if (!strcmp(name, "default"))
		return otherwise;
	ike_find(r, IKE_ERROR, b->line, "add the line: IOS leaves a proposal without it unused",
		 "IKEv2 proposal %s has no %s", name, words);
	return "";
}

/* Translates words and joins them with '-'; AEAD ciphers go to *aead. */
static void join(struct resolving *r, unsigned line, const char *words, const struct name *table, const char *before,
		 char **plain, char **aead)
{
	char word[32], text[64];

	while (ike_next_word(&words, word, sizeof word)) {
		const struct name *n = find_name(table, word);

		if (!n) {
			ike_find(r, IKE_ERROR, line, "choose another algorithm", "strongSwan does not know %s", word);
			continue;
		}
		snprintf(text, sizeof text, "%s%s", table == groups ? "group " : "", word);
		if (n->weak)
			find_weak(r, line, text);
		snprintf(text, sizeof text, "%s%s", before, n->strongswan);
		ike_append(aead && strstr(n->strongswan, "gcm") ? aead : plain, "-", text);
	}
}

static void append_proposal(char **proposals, const char *cipher, const char *integrity, const char *prf, const char *group)
{
	char *text = alloc_text(cipher);

	if (integrity)
		ike_append(&text, "-", integrity);
	ike_append(&text, "-", prf);
	ike_append(&text, "-", group);
	ike_append(proposals, ",", text);
	free(text);
}

void ike_suite_ikev2(struct resolving *r, const char *name, const struct config_block *b, char **proposals)
{
	const bool new = from_version_17(r->c);
	unsigned cipher_line = 0, mac_line = 0, prf_line = 0, group_line = 0;
	const char *encryption, *integrity, *prfs, *numbers;
	char *plain = NULL, *aead = NULL, *mac = NULL, *prf = NULL, *group = NULL;

	encryption = proposal_words(r, b, name, "encryption",
				    new ? DEFAULT_IKEV2_ENCRYPTION_17 : DEFAULT_IKEV2_ENCRYPTION, &cipher_line);
	numbers = proposal_words(r, b, name, "group", new ? DEFAULT_IKEV2_GROUP_17 : DEFAULT_IKEV2_GROUP, &group_line);
	prfs = ike_line(b, "prf", &prf_line);
	join(r, cipher_line, encryption, ikev2_ciphers, "", &plain, &aead);
	join(r, group_line, numbers, groups, "", &group, NULL);
	integrity = !plain && prfs ? "" /* GCM has its own */
		  : proposal_words(r, b, name, plain ? "integrity" : "prf",
				   new ? DEFAULT_IKEV2_INTEGRITY_17 : DEFAULT_IKEV2_INTEGRITY, &mac_line);
	join(r, mac_line, integrity, hashes, "", &mac, NULL);
	join(r, prfs ? prf_line : mac_line, prfs ? prfs : integrity, hashes, "prf", &prf, NULL);
	if (aead && prf && group)
		append_proposal(proposals, aead, NULL, prf, group);
	if (plain && mac && prf && group)
		append_proposal(proposals, plain, mac, prf, group);
	free(plain);
	free(aead);
	free(mac);
	free(prf);
	free(group);
}

/* ---- ESP ---- */

struct esp_words { const char *cipher, *mac; bool gcm, esn; };

static const char *esp_key_bits(const char **words)
{
	static const char *const sizes[] = { "128", "192", "256" };
	const char *at = *words;
	char word[8];

	if (!ike_next_word(&at, word, sizeof word))
		return "128";
	for (size_t i = 0; i < 3; i++) {
		if (!strcmp(sizes[i], word)) {
			*words = at;
			return sizes[i];
		}
	}
	return "128";
}

/* One word of a transform set, with the key size that may follow. false: not done here. */
static bool esp_word(struct resolving *r, unsigned line, const char *word, const char **rest, struct esp_words *e,
		     char cipher[32])
{
	const struct name *mac = find_name(esp_macs, word);

	if (mac) {
		e->mac = mac->strongswan;
		if (mac->weak)
			find_weak(r, line, word);
	} else if (!strcmp(word, "esp-aes") || !strcmp(word, "esp-gcm")) {
		e->gcm = !strcmp(word, "esp-gcm");
		snprintf(cipher, 32, "aes%s%s", esp_key_bits(rest), e->gcm ? "gcm16" : "");
		e->cipher = cipher;
	} else if (!strcmp(word, "esp-3des") || !strcmp(word, "esp-des")) {
		find_weak(r, line, word);
		snprintf(cipher, 32, "%s", word + strlen("esp-"));
		e->cipher = cipher;
	} else if (!strcmp(word, "esn")) {
		e->esn = true;
	} else {
		return false;
	}
	return true;
}

static void append_esp(struct resolving *r, const struct esp_words *e, const char *group, char **proposals)
{
	/* Extended sequence numbers are offered, not asked for, with the suite whose peers know them. */
	const char *esn = r->p->version == 2 && e->esn ? "-esn" : r->p->version == 2 && e->gcm ? "-esn-noesn" : "";
	char text[128];

	snprintf(text, sizeof text, "%s%s%s%s%s%s", e->cipher, e->gcm ? "" : "-", e->gcm ? "" : e->mac, group ? "-" : "",
		 group ? group : "", esn);
	r->p->esn |= *esn != 0;
	ike_append(proposals, ",", text);
}

void ike_suite_esp(struct resolving *r, unsigned line, const char *words, const char *group, char **proposals)
{
	struct esp_words e = { 0 };
	char word[32], cipher[32];

	while (ike_next_word(&words, word, sizeof word)) {
		if (esp_word(r, line, word, &words, &e, cipher))
			continue;
		ike_find(r, IKE_ERROR, line, "use esp-gcm, or esp-aes with esp-sha256-hmac",
			 "%s is not done: the tunnel is protected by ESP with encryption and integrity", word);
		return;
	}
	if (!e.cipher || (!e.gcm && !e.mac)) {
		ike_find(r, IKE_ERROR, line, "add esp-sha256-hmac, or use esp-gcm",
			 "the transform set lacks %s", e.cipher ? "integrity protection" : "encryption");
		return;
	}
	append_esp(r, &e, group, proposals);
}
