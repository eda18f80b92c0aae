/* crypto ikev2 …: profile, policy, proposal. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "ike/ike_defaults.h"
#include "ike/ike_resolve.h"

static const char *fvrf_name(const struct resolving *r)
{
	return r->c->vrfs[r->p->vrf].name;
}

/* ---- policies and proposals ---- */

/* How well a policy fits: 0 not at all; the VRF by name is better than any, an address better than none. */
static unsigned policy_fit(const struct resolving *r, const struct config_block *b)
{
	const char *fvrf = ike_line(b, "match fvrf", NULL);
	unsigned fit = 1;
	bool addressed = false, matches = false;

	if (!fvrf && r->p->vrf)
		return 0;
	if (fvrf && strcmp(fvrf, "any") && strcmp(fvrf, fvrf_name(r)))
		return 0;
	if (!fvrf || strcmp(fvrf, "any"))
		fit += 2;
	for (size_t i = 0; i < b->line_count; i++) {
		const char *text = ike_after(b->lines[i].text, "match address local");
		struct ipaddr addr;

		addressed |= text != NULL;
		matches |= text && ipaddr_parse(text, &addr) && ipaddr_eq(&addr, &r->p->source);
	}
	return addressed && !matches ? 0 : fit + matches;
}

static const struct config_block *best_policy(const struct resolving *r)
{
	const struct config_block *best = NULL;
	unsigned best_fit = 0;

	for (size_t i = 0; i < r->c->block_count; i++) {
		const struct config_block *b = &r->c->blocks[i];
		const char *name = ike_after(b->head, "crypto ikev2 policy");
		const unsigned fit = name && strcmp(name, "default") ? policy_fit(r, b) : 0;

		if (fit > best_fit) {
			best = b;
			best_fit = fit;
		}
	}
	return best ? best : ike_block(r->c, "crypto ikev2 policy", "default", NULL);
}

static void take_proposal(struct resolving *r, const char *name, unsigned line)
{
	const struct config_block *b = ike_block(r->c, "crypto ikev2 proposal", name, NULL);

	if (!b && strcmp(name, "default"))
		ike_find(r, IKE_ERROR, line, "add crypto ikev2 proposal NAME", "there is no crypto ikev2 proposal %s", name);
	else
		ike_suite_ikev2(r, name, b, &r->p->ike_proposals);
}

static void take_proposals(struct resolving *r)
{
	const struct config_block *policy = best_policy(r);
	bool named = false;

	for (size_t i = 0; policy && i < policy->line_count; i++) {
		const char *name = ike_after(policy->lines[i].text, "proposal");

		if (name)
			take_proposal(r, name, policy->lines[i].line);
		named |= name != NULL;
	}
	if (policy && !named && !ike_after(policy->head, "crypto ikev2 policy default"))
		ike_find(r, IKE_ERROR, policy->line, "add proposal NAME", "the IKEv2 policy names no proposal");
	else if (!named)
		take_proposal(r, "default", r->p->line);
}

/* A proposal that no policy names is not used, which surprises people. */
static void find_unused_proposals(struct resolving *r)
{
	for (size_t i = 0; i < r->c->block_count; i++) {
		const char *name = ike_after(r->c->blocks[i].head, "crypto ikev2 proposal");
		bool used = !name || !strcmp(name, "default");

		for (size_t k = 0; !used && k < r->c->block_count; k++) {
			const struct config_block *b = &r->c->blocks[k];

			for (size_t l = 0; ike_after(b->head, "crypto ikev2 policy") && l < b->line_count; l++) {
				const char *named = ike_after(b->lines[l].text, "proposal");

				used |= named && !strcmp(named, name);
			}
		}
		if (!used)
			ike_find(r, IKE_PRACTICE, r->c->blocks[i].line, "add it to a crypto ikev2 policy",
				 "no policy names IKEv2 proposal %s: it is not used", name);
	}
}

/* ---- profile ---- */

static void check_local(struct resolving *r, const struct config_block *b)
{
	unsigned line = 0;
	const char *fvrf = ike_line(b, "match fvrf", &line);
	bool addressed = false, matches = false;

	if (fvrf && strcmp(fvrf, "any") && strcmp(fvrf, fvrf_name(r)))
		ike_find(r, IKE_ERROR, line, "write match fvrf any, or the VRF of tunnel vrf",
			 "the profile is for VRF %s, the tunnel's underlay is in %s", fvrf,
			 r->p->vrf ? fvrf_name(r) : "the global table");
	if (!fvrf && r->p->vrf)
		ike_find(r, IKE_PRACTICE, b->line, "add match fvrf any",
			 "the profile names no VRF: IOS would take it for the global table only, not for %s", fvrf_name(r));
	for (size_t i = 0; i < b->line_count; i++) {
		const char *words = ike_after(b->lines[i].text, "match address local");

		addressed |= words != NULL;
		matches |= words && ike_is_local(r, words);
		line = words ? b->lines[i].line : line;
	}
	if (addressed && !matches)
		ike_find(r, IKE_ERROR, line, "name the tunnel's source", "the profile is for another local address than the tunnel's");
}

static void take_matches(struct resolving *r, const struct config_block *b)
{
	for (size_t i = 0; i < b->line_count; i++) {
		const char *words = ike_after(b->lines[i].text, "match identity remote");
		const char *map = ike_after(b->lines[i].text, "match certificate");
		struct ike_id id;

		if (map)
			ike_id_map(r, map, b->lines[i].line);
		if (words && ike_id_parse(words, &id))
			*ike_remote_add(r->p) = id;
	}
	if (r->p->remote_id_count)
		return;
	ike_find(r, IKE_ERROR, b->line, "add match identity remote any, or whom you expect",
		 "the IKEv2 profile matches no remote identity: IOS does not use it");
	*ike_remote_add(r->p) = ike_id_any();
}

/* "authentication local pre-share [key …]": the last local one; of several remote ones the first. */
static void take_auth(struct resolving *r, const struct config_block *b, const char *side, enum ike_auth *auth)
{
	struct ike_id any = ike_id_any();
	unsigned found = 0;
	char words[32];

	snprintf(words, sizeof words, "authentication %s", side);
	for (size_t i = 0; i < b->line_count; i++) {
		const char *method = ike_after(b->lines[i].text, words);
		const char *key = method ? ike_after(method, "pre-share key") : NULL;
		const enum ike_auth now = method && ike_after(method, "pre-share") ? IKE_PSK : IKE_PUBKEY;

		if (!method || (found && *auth == now && !key))
			continue;
		if (found++ && *auth != now) {
			ike_find(r, IKE_ERROR, b->lines[i].line, "use one way of authentication in a profile",
				 "the profile has several ways to authenticate the %s end", side);
			continue;
		}
		*auth = now;
		if (key)
			ike_key_add(r, key, &any, *side, b->lines[i].line);
	}
	ike_id_done(&any);
	if (!found)
		ike_find(r, IKE_ERROR, b->line, "add authentication local and authentication remote",
			 "the IKEv2 profile does not say how the %s end authenticates: IOS does not use it", side);
}

static void take_keys(struct resolving *r, const struct config_block *b)
{
	unsigned line = 0;
	const char *keyring = ike_line(b, "keyring local", &line);

	if (keyring)
		ike_keys_ikev2(r, keyring, line);
	if ((r->p->local_auth == IKE_PSK || r->p->remote_auth == IKE_PSK) && !ike_key_count(r))
		ike_find(r, IKE_ERROR, b->line, "add keyring local NAME with the peers' keys",
			 "there is no pre-shared key for the peers of this profile");
}

static void take_local_id(struct resolving *r, const struct config_block *b)
{
	unsigned line = 0;
	const char *words = ike_line(b, "identity local", &line);

	if (words && !strcmp(words, "dn")) {
		if (r->p->local_auth == IKE_PSK)
			ike_find(r, IKE_ERROR, line, "write identity local fqdn NAME",
				 "there is no certificate whose name could be shown");
	} else if (words && !ike_id_parse(words, &r->p->local_id)) {
		ike_find(r, IKE_ERROR, line, "write identity local fqdn NAME", "the identity is not known");
	}
	if (!r->p->local_id.text)
		r->p->local_id = ike_id_any();
}

static void take_trustpoints(struct resolving *r, const struct config_block *b)
{
	for (size_t i = 0; i < b->line_count; i++) {
		const char *words = ike_after(b->lines[i].text, "pki trustpoint");
		char *name = words ? ike_word_copy(words, 0) : NULL;
		const char *use = name ? ike_after(words, name) : NULL;

		if (!name)
			continue;
		if (strcmp(use, "verify") && !r->p->trustpoint)
			r->p->trustpoint = alloc_text(name);
		if (strcmp(use, "sign") && !r->p->verify_trustpoint)
			r->p->verify_trustpoint = alloc_text(name);
		if (!ike_trustpoint(r->out, name))
			ike_find(r, IKE_ERROR, b->lines[i].line, "add crypto pki trustpoint NAME",
				 "there is no trustpoint %s", name);
		free(name);
	}
}

static uint32_t number_of(const char *words, uint32_t otherwise)
{
	return words ? (uint32_t)strtoul(words, NULL, 10) : otherwise;
}

static void take_times(struct resolving *r, const struct config_block *b)
{
	const char *dpd = ike_line(b, "dpd", NULL), *keepalive = ike_line(b, "nat keepalive", NULL);

	if (!dpd)
		dpd = ike_global(r->c, "crypto ikev2 dpd", NULL);
	if (!keepalive)
		keepalive = ike_global(r->c, "crypto ikev2 nat keepalive", NULL);
	r->p->ike_life.seconds = number_of(ike_line(b, "lifetime", NULL), DEFAULT_IKE_LIFE_S);
	r->p->dpd_delay_s = number_of(dpd, 0);
	r->p->nat_keepalive_s = number_of(keepalive, 0);
}

void ike_resolve_v2(struct resolving *r, const char *name, unsigned line)
{
	const struct config_block *b = ike_block(r->c, "crypto ikev2 profile", name, NULL);

	r->p->version = 2;
	r->p->fragmentation = true;
	if (!b) {
		ike_find(r, IKE_ERROR, line, "add crypto ikev2 profile NAME", "there is no crypto ikev2 profile %s", name);
		r->p->local_id = ike_id_any();
		*ike_remote_add(r->p) = ike_id_any();
		return;
	}
	check_local(r, b);
	take_auth(r, b, "local", &r->p->local_auth);
	take_auth(r, b, "remote", &r->p->remote_auth);
	take_keys(r, b);
	take_local_id(r, b);
	take_matches(r, b);
	take_trustpoints(r, b);
	take_times(r, b);
	take_proposals(r);
	find_unused_proposals(r);
}
