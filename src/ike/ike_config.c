/* Tunnels to protections: the IPsec profile, and what is common to both IKE versions. */
#include "ike/ike_config.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "ike/ike_defaults.h"
#include "ike/ike_resolve.h"

/* ---- the local endpoint ---- */

/* The address that the file itself gives to an interface; IP_NONE: it comes at run time. */
static struct ipaddr interface_address(const struct config *c, const char *name, enum ip_family family)
{
	const struct config_interface *i = config_find_interface(c, name);

	for (size_t k = 0; i && !i->dhcp && k < i->address_count; k++) {
		if (i->addresses[k].addr.family == family && !i->addresses[k].secondary && !i->addresses[k].link_local)
			return i->addresses[k].addr;
	}
	return IPADDR_NONE;
}

static struct ipaddr tunnel_source(const struct config *c, const struct config_tunnel *t)
{
	return t->source_interface ? interface_address(c, t->source_interface, t->transport) : t->source;
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

const struct ike_protection *ike_config_protection(const struct ike_config *i, const struct config *c,
						   const struct config_interface *tunnel)
{
	const struct config_tunnel *t = tunnel->tunnel;
	const struct ipaddr source = t ? tunnel_source(c, t) : IPADDR_NONE;

	for (size_t k = 0; t && t->protection_profile && k < i->protection_count; k++) {
		const struct ike_protection *p = &i->protections[k];

		if (!strcmp(p->profile, t->protection_profile) && p->vrf == t->vrf && p->transport == t->transport &&
		    ipaddr_eq(&p->source, &source) &&
		    (!ipaddr_is_none(&source) || same_text(p->source_interface, t->source_interface)))
			return p;
	}
	return NULL;
}

const struct ike_protection *ike_config_by_number(const struct ike_config *i, uint32_t number)
{
	return number && number <= i->protection_count ? &i->protections[number - 1] : NULL;
}

bool ike_is_local(const struct resolving *r, const char *words)
{
	const char *interface = ike_after(words, "interface");
	char *word = ike_word_copy(interface ? interface : words, 0), *ios = NULL, kernel[16] = "";
	struct ipaddr addr;
	bool same = false;

	if (!word)
		return false;
	if (ipaddr_parse(word, &addr)) {
		same = ipaddr_is_none(&r->p->source) || ipaddr_eq(&addr, &r->p->source);
	} else if (config_ifname(word, &ios, kernel)) {
		/* The interface may be named where the tunnel names its address. */
		addr = interface_address(r->c, kernel, r->p->transport);
		same = same_text(kernel, r->p->source_interface) || (!ipaddr_is_none(&addr) && ipaddr_eq(&addr, &r->p->source));
	}
	free(ios);
	free(word);
	return same;
}

/* ---- names ---- */

static bool name_taken(const struct ike_config *i, const char *name)
{
	for (size_t k = 0; k < i->protection_count; k++) {
		if (i->protections[k].name && !strcmp(i->protections[k].name, name))
			return true;
	}
	return false;
}

/* Letters, digits, '-' and '_' of the profile's name, with a number where that is not unique. */
static char *unique_name(const struct ike_config *i, const char *profile)
{
	char base[96], name[112];
	size_t length = 0;

	for (; profile[length] && length + 1 < sizeof base; length++)
		base[length] = isalnum((unsigned char)profile[length]) || profile[length] == '_' ? profile[length] : '-';
	base[length] = 0;
	snprintf(name, sizeof name, "%s", base);
	for (unsigned n = 2; name_taken(i, name); n++)
		snprintf(name, sizeof name, "%s-%u", base, n);
	return alloc_text(name);
}

/* ---- the IPsec profile ---- */

static uint32_t seconds_of(const char *words, uint32_t otherwise)
{
	return words ? (uint32_t)strtoul(words, NULL, 10) : otherwise;
}

/* A setting of the profile, or of the whole router. */
static const char *setting(const struct resolving *r, const struct config_block *b, const char *words)
{
	char line[96];
	const char *value;

	snprintf(line, sizeof line, "set security-association %s", words);
	value = ike_line(b, line, NULL);
	if (value)
		return value;
	snprintf(line, sizeof line, "crypto ipsec security-association %s", words);
	return ike_global(r->c, line, NULL);
}

static void take_lifetimes(struct resolving *r, const struct config_block *b)
{
	const char *days = ike_line(b, "set security-association lifetime days", NULL);
	const char *kilobytes = setting(r, b, "lifetime kilobytes");

	r->p->child_life.seconds = seconds_of(setting(r, b, "lifetime seconds"), DEFAULT_CHILD_LIFE_S);
	if (days)
		r->p->child_life.seconds = seconds_of(days, 0) * 86400;
	r->p->child_life.kilobytes = kilobytes ? strtoull(kilobytes, NULL, 10) : 0; /* "disable" is 0 too */
	r->p->idle_s = seconds_of(setting(r, b, "idle-time"), 0);
}

static void take_replay(struct resolving *r, const struct config_block *b)
{
	const char *window = setting(r, b, "replay window-size");
	bool disabled = ike_line(b, "set security-association replay disable", NULL) != NULL;

	if (!ike_line(b, "set security-association replay", NULL))
		disabled = ike_global(r->c, "crypto ipsec security-association replay disable", NULL) != NULL;
	r->p->replay_window = disabled ? 0 : seconds_of(window, DEFAULT_REPLAY_WINDOW);
	if (disabled)
		ike_find(r, IKE_PRACTICE, r->p->line, "write replay window-size 1024",
			 "repeated packets are taken: replay protection is off");
}

static const char *pfs_group(struct resolving *r, const struct config_block *b)
{
	unsigned line = 0;
	const char *words = ike_line(b, "set pfs", &line);

	if (!words)
		return NULL;
	/* Without a group: IOS takes group 1 up to 15, 14 later; named here in any case. */
	if (!*words)
		words = "group14";
	ike_suite_weak_group(r, line, words + strlen("group"));
	r->p->pfs = true;
	return ike_suite_group(words + strlen("group"));
}

static void take_transform_set(struct resolving *r, const char *name, unsigned line, const char *group, bool first)
{
	const char *words = DEFAULT_TRANSFORM_SET, *mode;
	const struct config_block *b = ike_block(r->c, "crypto ipsec transform-set", name, &words);

	if (!b && strcmp(name, "default")) {
		ike_find(r, IKE_ERROR, line, "add crypto ipsec transform-set NAME", "there is no transform-set %s", name);
		return;
	}
	mode = b ? ike_line(b, "mode", NULL) : "transport";
	ike_suite_esp(r, b ? b->line : line, words, group, &r->p->esp_proposals);
	if (first)
		r->p->tunnel_mode = !mode || !ike_after(mode, "transport");
	else if (r->p->tunnel_mode != (!mode || !ike_after(mode, "transport")))
		ike_find(r, IKE_PRACTICE, b ? b->line : line, "give all of a profile's transform sets one mode",
			 "transform-set %s has another mode than the profile's first: that one's is used", name);
}

static void take_transform_sets(struct resolving *r, const struct config_block *b)
{
	const char *group = pfs_group(r, b), *names;
	unsigned line = r->p->line;
	char name[128];
	bool first = true;

	names = ike_line(b, "set transform-set", &line);
	if (!names)
		names = "default";
	for (; ike_next_word(&names, name, sizeof name); first = false)
		take_transform_set(r, name, line, group, first);
}

/* A trustpoint that is not named is the only one with a certificate. */
static void find_trustpoint(struct resolving *r)
{
	const struct ike_trustpoint *t;

	for (size_t i = 0; !r->p->trustpoint && i < r->out->trustpoint_count; i++) {
		if (r->out->trustpoints[i].certificate_file)
			r->p->trustpoint = alloc_text(r->out->trustpoints[i].name);
	}
	t = ike_trustpoint(r->out, r->p->trustpoint);
	if (r->p->local_auth == IKE_PUBKEY && (!t || !t->certificate_file || !t->key_file))
		ike_find(r, IKE_ERROR, t ? t->line : r->p->line,
			 "add certificate-file FILE and key-file FILE to its crypto pki trustpoint",
			 "there is no certificate to authenticate with");
	t = ike_trustpoint(r->out, r->p->verify_trustpoint);
	if (r->p->remote_auth == IKE_PUBKEY && t && !t->ca_file)
		ike_find(r, IKE_ERROR, t->line, "add ca-file FILE", "trustpoint %s has no CA certificate to verify with", t->name);
}

static bool has_isakmp(const struct config *c)
{
	for (size_t i = 0; i < c->block_count; i++) {
		if (ike_after(c->blocks[i].head, "crypto isakmp policy") || ike_after(c->blocks[i].head, "crypto isakmp key") || ike_after(c->blocks[i].head, "crypto keyring"))
			return true;
	}
	return false;
}

static void take_ike(struct resolving *r, const struct config_block *b)
{
	unsigned line2 = 0, line1 = 0;
	const char *ikev2 = ike_line(b, "set ikev2-profile", &line2), *isakmp = ike_line(b, "set isakmp-profile", &line1);

	/* The profile that IOS has by itself goes with the IKEv2 profile of the same name, and without that speaks version 1. */
	if (!ikev2 && !isakmp && !strcmp(r->p->profile, "default") && (ike_block(r->c, "crypto ikev2 profile", "default", NULL) || !has_isakmp(r->c)))
		ikev2 = "default";
	if (ikev2 && isakmp)
		ike_find(r, IKE_PRACTICE, line1, "take one of the two out",
			 "the profile is for both versions of IKE: IKEv2 is used");
	if (ikev2)
		ike_resolve_v2(r, ikev2, line2 ? line2 : r->tunnel_line);
	else
		ike_resolve_v1(r, isakmp, line1);
}

/* Keys of one peer are known to it; a wildcard beside them lets its holders speak for it. */
static void check_keys(struct resolving *r)
{
	bool wildcard = false, named = false;
	unsigned other = 0; /* line of a key for one direction */

	if (r->p->local_auth != IKE_PSK && r->p->remote_auth != IKE_PSK)
		return;
	for (size_t i = 0; i < r->out->secret_count; i++) {
		const struct ike_secret *s = &r->out->secrets[i];

		wildcard |= s->protection == r->p->number && s->remote.kind == IKE_ID_ANY && !s->local_only;
		named |= s->protection == r->p->number && s->remote.kind != IKE_ID_ANY;
		other = s->protection == r->p->number && s->local_only ? s->line : other;
	}
	if (other)
		ike_find(r, IKE_PRACTICE, other, "use certificates, or one key for both directions",
			 "strongSwan takes the local key from the peer too: who holds it can speak as a peer");
	if (wildcard && named)
		ike_find(r, IKE_PRACTICE, r->p->line, "give each peer a key of its own, or all of them one",
			 "beside the peers' own keys there is one for all: who holds it can speak for any of them");
}

static bool same_key(const struct ike_secret *s, const struct ike_secret *t)
{
	return s->length == t->length && !memcmp(s->bytes, t->bytes, s->length);
}

/* charon tells its keys apart by the ends' identities, not by profiles. */
static void check_wildcards(struct resolving *r)
{
	const struct ike_config *i = r->out;

	for (size_t k = 0; k < i->secret_count; k++) {
		const struct ike_secret *s = &i->secrets[k];

		if (s->protection != r->p->number || s->remote.kind != IKE_ID_ANY)
			continue;
		for (size_t l = 0; l < k; l++) {
			const struct ike_secret *t = &i->secrets[l];

			if (t->protection != s->protection && !s->local_only && !t->local_only && t->remote.kind == IKE_ID_ANY && !same_key(s, t))
				ike_find(r, IKE_PRACTICE, s->line, "give the peers keys by address or identity, or use certificates",
					 "another profile has another key for all: a peer that holds either is taken by both");
		}
	}
}

static void resolve(struct resolving *r, const struct config_block *b)
{
	take_ike(r, b);
	take_transform_sets(r, b);
	take_lifetimes(r, b);
	take_replay(r, b);
	r->p->force_encap = !ike_global(r->c, "no crypto ipsec nat-transparency udp-encapsulation", NULL);
	find_trustpoint(r);
	check_keys(r);
	check_wildcards(r);
	r->p->responder_only = b && ike_line(b, "responder-only", NULL);
	if (!r->p->ike_proposals)
		r->p->ike_proposals = alloc_text("");
	if (!r->p->esp_proposals)
		r->p->esp_proposals = alloc_text("");
}

static void add_protection(struct resolving *r, const struct config_interface *tunnel)
{
	const struct config_tunnel *t = tunnel->tunnel;
	const struct config_block *b = ike_block(r->c, "crypto ipsec profile", t->protection_profile, NULL);
	struct ike_config *i = r->out;

	/* Without a block: an error of the reader already, but for the profile that IOS has by itself. */
	if (!b && strcmp(t->protection_profile, "default"))
		return;
	i->protections = alloc_array(i->protections, i->protection_count + 1, sizeof *i->protections);
	r->p = &i->protections[i->protection_count];
	*r->p = (struct ike_protection){
		.number = (uint32_t)i->protection_count + 1,
		.profile = alloc_text(t->protection_profile),
		.name = unique_name(i, t->protection_profile),
		.line = b ? b->line : tunnel->line,
		.vrf = t->vrf,
		.transport = t->transport,
		.source_interface = alloc_text(t->source_interface),
		.source = tunnel_source(r->c, t),
	};
	i->protection_count++;
	r->tunnel_line = tunnel->line;
	resolve(r, b);
}

static void take_limits(struct resolving *r)
{
	const char *half = ike_global(r->c, "crypto call admission limit ike in-negotiation-sa", NULL);

	const char *all = ike_global(r->c, "crypto call admission limit ike sa", NULL);

	if (!all)
		all = ike_global(r->c, "crypto ikev2 limit max-sa", NULL);
	if (!half)
		half = ike_global(r->c, "crypto ikev2 limit max-in-negotation-sa", NULL);
	r->out->half_open_limit = seconds_of(half, 0);
	r->out->ike_sa_limit = seconds_of(all, 0);
}

/* Who is to show a certificate must be asked for one. */
static void check_certified(struct resolving *r, const struct config_interface *tunnel)
{
	const struct config_tunnel *t = tunnel->tunnel;
	const struct ike_protection *p = ike_config_protection(r->out, r->c, tunnel);

	if ((t->nhrp4.identity_certificate || t->nhrp6.identity_certificate) && (!p || p->remote_auth != IKE_PUBKEY))
		ike_find(r, IKE_PRACTICE, tunnel->line,
			 "authenticate the peers by certificates, or take out nhrp identity certificate",
			 "nobody can register without a certificate, and the tunnel's profile asks for none");
}

/* RFC 1918, RFC 6598: a NAT stands between these and the internet. */
static bool is_inside(const struct ipaddr *a)
{
	static const struct { uint8_t first, second, mask; } nets[] = {
		{ 10, 0, 0 }, { 172, 16, 0xf0 }, { 192, 168, 0xff }, { 100, 64, 0xc0 },
	};

	for (size_t i = 0; a->family == IP_V4 && i < sizeof nets / sizeof *nets; i++)
		if (a->bytes[0] == nets[i].first && (a->bytes[1] & nets[i].mask) == nets[i].second)
			return true;
	return false;
}

static bool has_outside_server(const struct config_nhrp *n)
{
	bool outside = false;

	for (size_t i = 0; i < n->nhs_count; i++)
		outside |= n->nhs[i].nbma.addr.family == IP_V4 && !is_inside(&n->nhs[i].nbma.addr);
	for (size_t i = 0; i < n->map_count && n->nhs_count; i++)
		outside |= n->maps[i].nbma.addr.family == IP_V4 && !is_inside(&n->maps[i].nbma.addr);
	return outside;
}

static bool asks_for_address(const struct config *c, const struct config_tunnel *t)
{
	for (size_t i = 0; i < c->interface_count; i++)
		if (same_text(c->interfaces[i].name, t->source_interface))
			return t->source_interface && c->interfaces[i].dhcp;
	return false;
}

/* What a spoke has registered is its identity's: with another address it is somebody else. */
static void check_identity(struct resolving *r, const struct config_interface *tunnel)
{
	const struct config_tunnel *t = tunnel->tunnel;
	const struct ike_protection *p = ike_config_protection(r->out, r->c, tunnel);
	const char *remedy = "write identity local fqdn NAME in an IKEv2 profile, and let the others match it (match identity remote any)";

	if (!p || p->local_auth != IKE_PSK || p->local_id.kind != IKE_ID_ANY || t->nhrp4.nhs_count + t->nhrp6.nhs_count == 0)
		return;
	if (asks_for_address(r->c, t))
		ike_find(r, IKE_PRACTICE, tunnel->line, remedy,
			 "its IKE identity is an address that may change: hubs then refuse it until its old registration ends");
	else if (is_inside(&p->source) && (has_outside_server(&t->nhrp4) || has_outside_server(&t->nhrp6)))
		ike_find(r, IKE_PRACTICE, tunnel->line, remedy,
			 "its IKE identity is an address behind a NAT, which others may have too");
}

struct ike_config *ike_config_new(const struct config *c)
{
	struct ike_config *i = alloc_zero(1, sizeof *i);
	struct resolving r = { .c = c, .out = i };

	ike_trustpoints(&r);
	take_limits(&r);
	for (size_t k = 0; k < c->interface_count; k++) {
		const struct config_interface *tunnel = &c->interfaces[k];

		if (tunnel->tunnel && tunnel->tunnel->protection_profile && !tunnel->shutdown &&
		    !ike_config_protection(i, c, tunnel))
			add_protection(&r, tunnel);
		if (tunnel->tunnel && !tunnel->shutdown)
			check_certified(&r, tunnel);
		if (tunnel->tunnel && !tunnel->shutdown)
			check_identity(&r, tunnel);
	}
	return i;
}

/* ---- the rest of its life ---- */

static void protection_done(struct ike_protection *p)
{
	for (size_t i = 0; i < p->remote_id_count; i++)
		ike_id_done(&p->remote_ids[i]);
	free(p->remote_ids);
	ike_id_done(&p->local_id);
	free(p->profile);
	free(p->name);
	free(p->source_interface);
	free(p->ike_proposals);
	free(p->esp_proposals);
	free(p->trustpoint);
	free(p->verify_trustpoint);
}

static void secret_done(struct ike_secret *s)
{
	explicit_bzero(s->bytes, s->length);
	free(s->bytes);
	ike_id_done(&s->remote);
}

static void trustpoint_done(struct ike_trustpoint *t)
{
	free(t->name);
	free(t->ca_file);
	free(t->certificate_file);
	free(t->key_file);
}

void ike_config_for_kernel(struct ike_config *i, uint32_t reqid)
{
	i->reqid = reqid;
	for (size_t k = 0; k < i->protection_count; k++)
		i->protections[k].force_encap = false;
}

void ike_config_free(struct ike_config *i)
{
	if (!i)
		return;
	for (size_t k = 0; k < i->protection_count; k++)
		protection_done(&i->protections[k]);
	for (size_t k = 0; k < i->secret_count; k++)
		secret_done(&i->secrets[k]);
	for (size_t k = 0; k < i->trustpoint_count; k++)
		trustpoint_done(&i->trustpoints[k]);
	for (size_t k = 0; k < i->finding_count; k++) {
		free(i->findings[k].text);
		free(i->findings[k].remedy);
	}
	free(i->protections);
	free(i->secrets);
	free(i->trustpoints);
	free(i->findings);
	free(i);
}

size_t ike_config_errors(const struct ike_config *i)
{
	size_t errors = 0;

	for (size_t k = 0; k < i->finding_count; k++)
		errors += i->findings[k].severity == IKE_ERROR;
	return errors;
}

int ike_config_judge(const struct ike_config *i, struct config *c)
{
	bool failed = false;

	for (size_t k = 0; k < i->finding_count; k++) {
		const struct ike_finding *f = &i->findings[k];

		failed |= !config_judge_line(c, f->line, f->severity == IKE_ERROR, f->text, f->remedy);
	}
	return failed ? -ENOMEM : 0;
}

/* ---- comparing ---- */

static bool same_trustpoint(const struct ike_config *a, const char *name_a, const struct ike_config *b, const char *name_b)
{
	const struct ike_trustpoint *x = ike_trustpoint(a, name_a), *y = ike_trustpoint(b, name_b);

	if (!x || !y)
		return !x && !y;
	return same_text(x->ca_file, y->ca_file) && same_text(x->certificate_file, y->certificate_file) &&
	       same_text(x->key_file, y->key_file) && x->check_revocation == y->check_revocation;
}

static bool same_ids(const struct ike_protection *p, const struct ike_protection *q)
{
	if (!ike_id_same(&p->local_id, &q->local_id) || p->remote_id_count != q->remote_id_count)
		return false;
	for (size_t i = 0; i < p->remote_id_count; i++) {
		if (!ike_id_same(&p->remote_ids[i], &q->remote_ids[i]))
			return false;
	}
	return true;
}

static bool same_numbers(const struct ike_protection *p, const struct ike_protection *q)
{
	return p->version == q->version && p->local_auth == q->local_auth && p->remote_auth == q->remote_auth &&
	       p->tunnel_mode == q->tunnel_mode && p->ike_life.seconds == q->ike_life.seconds &&
	       p->child_life.seconds == q->child_life.seconds && p->child_life.kilobytes == q->child_life.kilobytes &&
	       p->idle_s == q->idle_s && p->replay_window == q->replay_window && p->dpd_delay_s == q->dpd_delay_s &&
	       p->dpd_timeout_s == q->dpd_timeout_s && p->force_encap == q->force_encap &&
	       p->responder_only == q->responder_only;
}

static const struct ike_secret *next_secret(const struct ike_config *i, uint32_t number, size_t *at)
{
	while (*at < i->secret_count && i->secrets[*at].protection != number)
		++*at;
	return *at < i->secret_count ? &i->secrets[(*at)++] : NULL;
}

static bool same_secrets(const struct ike_config *a, uint32_t m, const struct ike_config *b, uint32_t n)
{
	size_t at = 0, bt = 0;

	for (;;) {
		const struct ike_secret *s = next_secret(a, m, &at), *t = next_secret(b, n, &bt);

		if (!s || !t)
			return !s && !t;
		if (s->length != t->length || memcmp(s->bytes, t->bytes, s->length) || s->local_only != t->local_only ||
		    s->remote_only != t->remote_only || !ike_id_same(&s->remote, &t->remote))
			return false;
	}
}

bool ike_protection_same(const struct ike_config *a, uint32_t m, const struct ike_config *b, uint32_t n)
{
	const struct ike_protection *p = ike_config_by_number(a, m), *q = ike_config_by_number(b, n);

	return p && q && !strcmp(p->name, q->name) && p->vrf == q->vrf && ipaddr_eq(&p->source, &q->source) &&
	       same_numbers(p, q) && same_ids(p, q) && !strcmp(p->ike_proposals, q->ike_proposals) &&
	       !strcmp(p->esp_proposals, q->esp_proposals) && same_secrets(a, m, b, n) &&
	       same_trustpoint(a, p->trustpoint, b, q->trustpoint) &&
	       same_trustpoint(a, p->verify_trustpoint, b, q->verify_trustpoint);
}
