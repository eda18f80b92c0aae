/* crypto isakmp …: IKEv1, main mode. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "ike/ike_defaults.h"
#include "ike/ike_resolve.h"

static unsigned long policy_number(const struct config_block *b)
{
	return strtoul(ike_after(b->head, "crypto isakmp policy"), NULL, 10);
}

static int by_number(const void *a, const void *b)
{
	const unsigned long x = policy_number(*(const struct config_block *const *)a);
	const unsigned long y = policy_number(*(const struct config_block *const *)b);

	return x < y ? -1 : x > y;
}

/* All policies in the order of their priority; malloc'd. */
static const struct config_block **policies(const struct config *c, size_t *count)
{
	const struct config_block **list = alloc_zero(c->block_count + 1, sizeof *list);

	*count = 0;
	for (size_t i = 0; i < c->block_count; i++) {
		if (ike_after(c->blocks[i].head, "crypto isakmp policy"))
			list[(*count)++] = &c->blocks[i];
	}
	qsort(list, *count, sizeof *list, by_number);
	return list;
}

static const char *policy_auth(const struct config_block *b)
{
	const char *auth = ike_line(b, "authentication", NULL);

	return auth ? auth : DEFAULT_ISAKMP_AUTHENTICATION;
}

/* One way of authentication for all: by keys when a policy says so and there are keys. */
static bool by_keys(const struct resolving *r, const struct config_block *const *list, size_t count)
{
	if (!ike_key_count(r))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!strcmp(policy_auth(list[i]), "pre-share"))
			return true;
	}
	return !count;
}

static void take_policies(struct resolving *r, const struct config_block *const *list, size_t count)
{
	const bool keys = by_keys(r, list, count);
	bool first = true;

	r->p->local_auth = r->p->remote_auth = keys ? IKE_PSK : IKE_PUBKEY;
	r->p->ike_life.seconds = DEFAULT_IKE_LIFE_S;
	for (size_t i = 0; i < count; i++) {
		const char *auth = policy_auth(list[i]), *life = ike_line(list[i], "lifetime", NULL);

		if (!strcmp(auth, "rsa-encr")) {
			ike_find(r, IKE_ERROR, list[i]->line, "use pre-share or rsa-sig", "authentication rsa-encr is not done");
			continue;
		}
		if (!strcmp(auth, "pre-share") != keys)
			continue;
		ike_suite_isakmp(r, list[i], &r->p->ike_proposals);
		if (first && life)
			r->p->ike_life.seconds = (uint32_t)strtoul(life, NULL, 10);
		first = false;
	}
	if (!count)
		ike_append(&r->p->ike_proposals, ",", DEFAULT_ISAKMP_PROPOSALS);
}

static bool has_certificate(const struct resolving *r)
{
	for (size_t i = 0; i < r->out->trustpoint_count; i++) {
		if (r->out->trustpoints[i].certificate_file)
			return true;
	}
	return false;
}

/* Policies that want keys, and there are none; or that want certificates, and there are none. */
static void check_auth(struct resolving *r, const struct config_block *const *list, size_t count)
{
	bool wants_keys = false;

	for (size_t i = 0; i < count; i++)
		wants_keys |= !strcmp(policy_auth(list[i]), "pre-share");
	if (r->p->local_auth == IKE_PUBKEY && wants_keys)
		ike_find(r, IKE_ERROR, r->p->line, "add crypto isakmp key SECRET address ADDRESS, or a keyring",
			 "there is no pre-shared key for the peers of this profile");
	else if (r->p->local_auth == IKE_PUBKEY && ike_key_count(r) && !has_certificate(r))
		ike_find(r, IKE_ERROR, r->p->line, "add authentication pre-share to a crypto isakmp policy",
			 "there is a pre-shared key, and no policy that uses it");
	else if (!count)
		ike_find(r, IKE_PRACTICE, r->p->line, "add a crypto isakmp policy with AES, SHA-256 and group 14",
			 "there is no crypto isakmp policy: IOS's own are used, which are weak");
}

static void take_dpd(struct resolving *r, const struct config_block *profile)
{
	const char *words = ike_line(profile, "keepalive", NULL);
	char word[16];
	unsigned long retry = DEFAULT_KEEPALIVE_RETRY_S;

	if (!words)
		words = ike_global(r->c, "crypto isakmp keepalive", NULL);
	if (!words || !ike_next_word(&words, word, sizeof word))
		return;
	r->p->dpd_delay_s = (uint32_t)strtoul(word, NULL, 10);
	if (ike_after(words, "retry"))
		words = ike_after(words, "retry");
	if (ike_next_word(&words, word, sizeof word) && strtoul(word, NULL, 10))
		retry = strtoul(word, NULL, 10);
	r->p->dpd_timeout_s = r->p->dpd_delay_s + (uint32_t)(retry * KEEPALIVE_RETRIES);
}

/* hostname -> "hub1" or "hub1.example" with ip domain name; kept as the host's name alone. */
static void hostname_id(struct resolving *r)
{
	char *words = NULL;

	ike_append(&words, "", "fqdn ");
	ike_append(&words, "", r->c->hostname ? r->c->hostname : "router");
	ike_id_parse(words, &r->p->local_id);
	free(words);
}

static void take_local_id(struct resolving *r, const struct config_block *profile)
{
	unsigned line = 0;
	const char *words = ike_line(profile, "self-identity", &line);
	const char *global = ike_global(r->c, "crypto isakmp identity", NULL);

	if (words && strcmp(words, "address")) {
		if (!strcmp(words, "fqdn"))
			hostname_id(r);
		else if (!ike_id_parse(words, &r->p->local_id))
			ike_find(r, IKE_ERROR, line, "write self-identity fqdn NAME", "the identity is not complete");
	} else if (!words && global && !strcmp(global, "hostname")) {
		hostname_id(r);
	}
	if (!r->p->local_id.text)
		r->p->local_id = ike_id_any();
}

static const char *last_word(const char *words)
{
	const char *blank = strrchr(words, ' ');

	return blank ? blank + 1 : words;
}

/* `match identity address A.B.C.D [MASK] [FVRF]` */
static bool is_for_vrf(const struct resolving *r, const char *words)
{
	const char *vrf = last_word(words);
	struct ipaddr addr;
	struct ipprefix prefix;

	if (!ike_after(words, "address") || ipaddr_parse(vrf, &addr) || ipprefix_parse(vrf, &prefix))
		return true;
	return !strcmp(vrf, r->c->vrfs[r->p->vrf].name);
}

static void take_matches(struct resolving *r, const struct config_block *profile)
{
	for (size_t i = 0; profile && i < profile->line_count; i++) {
		const char *words = ike_after(profile->lines[i].text, "match identity");
		const char *map = ike_after(profile->lines[i].text, "match certificate");
		struct ike_id id;

		if (map)
			ike_id_map(r, map, profile->lines[i].line);
		if (words && is_for_vrf(r, words) && ike_id_parse(words, &id))
			*ike_remote_add(r->p) = id;
	}
	if (!r->p->remote_id_count && profile)
		ike_find(r, IKE_PRACTICE, profile->line, "add match identity address 0.0.0.0",
			 "the ISAKMP profile matches no identity in the tunnel's underlay VRF: any peer with the key is taken");
	if (!r->p->remote_id_count)
		*ike_remote_add(r->p) = ike_id_any();
}

static void check_local(struct resolving *r, const struct config_block *profile)
{
	unsigned line = 0;
	const char *words = ike_line(profile, "local-address", &line);

	if (words && !ike_is_local(r, words))
		ike_find(r, IKE_ERROR, line, "name the tunnel's source",
			 "the ISAKMP profile is for another local address than the tunnel's");
}

static void take_trustpoint(struct resolving *r, const struct config_block *profile)
{
	const char *name = ike_line(profile, "ca trust-point", NULL);

	r->p->trustpoint = alloc_text(name);
	r->p->verify_trustpoint = alloc_text(name);
}

void ike_resolve_v1(struct resolving *r, const char *name, unsigned line)
{
	const struct config_block *profile = name ? ike_block(r->c, "crypto isakmp profile", name, NULL) : NULL;
	const struct config_block **list;
	const char *keepalive;
	size_t count;

	if (name && !profile)
		ike_find(r, IKE_ERROR, line, "add crypto isakmp profile NAME", "there is no crypto isakmp profile %s", name);
	r->p->version = 1;
	r->p->fragmentation = true;
	list = policies(r->c, &count);
	ike_keys_isakmp(r, profile);
	take_policies(r, list, count);
	check_auth(r, list, count);
	take_dpd(r, profile);
	take_local_id(r, profile);
	take_matches(r, profile);
	check_local(r, profile);
	take_trustpoint(r, profile);
	keepalive = ike_global(r->c, "crypto isakmp nat keepalive", NULL);
	r->p->nat_keepalive_s = keepalive ? (uint32_t)strtoul(keepalive, NULL, 10) : 0;
	free(list);
}
