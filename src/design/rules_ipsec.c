/* IPsec between the members of a cloud: the two ends of a session have to agree, and phases 2 and 3
 * have sessions between spokes too. */
#include <stdio.h>
#include <string.h>

#include "design/compare.h"
#include "design/crypto.h"
#include "design/design.h"
#include "design/said.h"

/* ---- the same everywhere ---- */

static bool protected(const struct design *d, const struct design_member *m, struct trait *out)
{
	const bool on = m->tunnel->protection_profile != NULL;

	(void)d;
	snprintf(out->value, sizeof out->value, "%u", on);
	snprintf(out->shown, sizeof out->shown, on ? "the tunnel protected by IPsec" : "the tunnel unprotected");
	snprintf(out->write, sizeof out->write, on ? "tunnel protection ipsec profile" : "no tunnel protection");
	out->line = said_line(m->interface, "tunnel protection");
	return true;
}

static bool version(const struct design *d, const struct design_member *m, struct trait *out)
{
	const struct crypto x = crypto_of(member_config(d, m), m->tunnel);

	if (!x.profile)
		return false;
	snprintf(out->value, sizeof out->value, "%u", x.version);
	snprintf(out->shown, sizeof out->shown, "IKEv%u", x.version);
	snprintf(out->write, sizeof out->write, x.version == 2 ? "set ikev2-profile in the IPsec profile" : "an IPsec profile without set ikev2-profile");
	out->line = block_line(x.profile, "set ikev2-profile") ? block_line(x.profile, "set ikev2-profile")->line : x.profile->line;
	return true;
}

/* ---- two ends of a session ---- */

/* What is wrong between two, and the line of each. */
struct quarrel {
	const char *what, *remedy;
	unsigned from, to;
};

struct sets {
	const char *words[TRANSFORMS_MAX + 1];
	unsigned line;
	size_t count; /* 0: names only what is defined nowhere */
};

/* A profile that names none has the one that IOS brings along. */
static struct sets sets_of(const struct crypto *x)
{
	const struct config_block *named[TRANSFORMS_MAX];
	struct sets s = { .count = crypto_transforms(x, named) };

	for (size_t i = 0; i < s.count; i++)
		s.words[i] = crypto_transform_words(named[i]);
	s.line = s.count ? named[0]->line : x->profile ? x->profile->line : 0;
	if (x->profile && !block_line(x->profile, "set transform-set"))
		s.words[s.count++] = " esp-aes esp-sha-hmac";
	return s;
}

static bool sets_meet(const struct crypto *a, const struct crypto *b, struct quarrel *q)
{
	const struct sets x = sets_of(a), y = sets_of(b);

	for (size_t i = 0; i < x.count; i++) {
		for (size_t j = 0; j < y.count; j++) {
			if (!strcmp(x.words[i], y.words[j]))
				return true;
		}
	}
	q->from = x.line;
	q->to = y.line;
	return !x.count || !y.count;
}

static bool quarrels(const struct crypto *a, const struct crypto *b, struct quarrel *q)
{
	if (!sets_meet(a, b, q)) {
		q->what = "have no transform set in common";
		q->remedy = "give both the same transform set";
		return true;
	}
	if (strcmp(crypto_pfs(a, &q->from), crypto_pfs(b, &q->to))) {
		q->what = "do not agree on perfect forward secrecy";
		q->remedy = "write the same set pfs on both sides";
		return true;
	}
	if (!crypto_suites_meet(a, b, &q->from, &q->to)) {
		q->what = "have no IKE suite in common";
		q->remedy = a->version == 2 ? "give both the same crypto ikev2 proposal" : "give both the same crypto isakmp policy";
		return true;
	}
	return false;
}

/* What a peer's address looks like here; IP_NONE: it cannot be known. */
static struct ipaddr seen_address(const struct design_member *m, const struct design_member *from)
{
	if (is_private(&m->nbma) && !is_private(&from->nbma))
		return IPADDR_NONE; /* translated on the way */
	return m->nbma;
}

static void differ(struct design *d, const struct design_member *a, const struct design_member *b, const struct quarrel *q)
{
	struct design_finding *f = design_found(d, RULE_PROTECTION_MISMATCH, q->remedy, "%s: %s and %s %s", a->interface->ios_name, member_name(d, a), member_name(d, b), q->what);

	finding_place(f, member_config(d, a), q->from);
	finding_place(f, member_config(d, b), q->to);
	finding_place(f, member_config(d, a), said_line(a->interface, "tunnel protection"));
	finding_place(f, member_config(d, b), said_line(b->interface, "tunnel protection"));
}

static void not_covered(struct design *d, const struct design_member *m, const struct design_member *peer, unsigned line, const char *what)
{
	char text[IPADDR_TEXT_MAX];
	struct design_finding *f;

	f = design_found(d, RULE_IKE_PEER_NOT_COVERED, "widen it (a wildcard, or better certificates)", "%s: %s of %s leaves out %s (%s)", m->interface->ios_name, what,
			 member_name(d, m), member_name(d, peer), ipaddr_is_none(&peer->nbma) ? "whose address changes" : ipaddr_format(&peer->nbma, text));
	finding_place(f, member_config(d, m), line);
	finding_place(f, member_config(d, m), said_line(m->interface, "tunnel protection"));
	finding_place(f, member_config(d, peer), peer->interface->line);
}

/* Can the address be anything, only a wildcard covers it. */
static struct crypto_key key_for(const struct crypto *x, const struct design_member *m, const struct design_member *peer)
{
	const struct ipaddr addr = seen_address(peer, m);
	const struct ipaddr anything = peer->tunnel->transport == IP_V6 ? (struct ipaddr){ IP_V6, { 0x3f, 0xff } } : ipaddr_v4(0xdfffff01);
	struct crypto_key k;

	if (!ipaddr_is_none(&addr))
		return crypto_key_for(x, &addr);
	k = crypto_key_for(x, &anything);
	/* A range that the translated address may lie in is as good. */
	if (k.found == KEY_NONE && !peer->nbma_dynamic)
		k.found = KEY_UNKNOWN;
	return k;
}

static void check_keys(struct design *d, const struct design_member *a, const struct design_member *b, const struct crypto *x, const struct crypto *y)
{
	const struct crypto_key mine = key_for(x, a, b), theirs = key_for(y, b, a);
	const struct ipaddr seen_b = seen_address(b, a), seen_a = seen_address(a, b);
	unsigned line;

	if (mine.found == KEY_NONE)
		not_covered(d, a, b, mine.line, "the pre-shared key");
	if (theirs.found == KEY_NONE)
		not_covered(d, b, a, theirs.line, "the pre-shared key");
	if (mine.found == KEY_FOUND && theirs.found == KEY_FOUND && (strcmp(mine.local, theirs.remote) || strcmp(mine.remote, theirs.local)))
		differ(d, a, b, &(struct quarrel){ "have different pre-shared keys for each other", "write one key on both sides", mine.line, theirs.line });
	if (!crypto_accepts(x, y, &seen_b, &line))
		not_covered(d, a, b, line, "match identity");
	if (!crypto_accepts(y, x, &seen_a, &line))
		not_covered(d, b, a, line, "match identity");
}

static void check_link(struct design *d, const struct design_link *l)
{
	const struct design_member *from = &d->members[l->from], *to = &d->members[l->to];
	const struct crypto a = crypto_of(member_config(d, from), from->tunnel), b = crypto_of(member_config(d, to), to->tunnel);
	struct quarrel q = { 0 };

	if (!a.profile || !b.profile || a.version != b.version)
		return;
	if (quarrels(&a, &b, &q))
		differ(d, from, to, &q);
	check_keys(d, from, to, &a, &b);
}

/* ---- between spokes ---- */

/* A spoke of the cloud other than m whose address is known; from the next in a row, going round. */
static const struct design_member *another(const struct design *d, const struct design_cloud *c, uint32_t at)
{
	for (uint32_t i = 1; i < c->count; i++) {
		const struct design_member *m = design_in(d, c, (at + i) % c->count);

		if (m->spoke && m->tunnel->mode == TUNNEL_GRE_MULTIPOINT && !ipaddr_is_none(&m->nbma) && m->tunnel->protection_profile)
			return m;
	}
	return NULL;
}

static unsigned hub_only_line(const struct design *d, const struct design_cloud *c, uint32_t at)
{
	const struct design_member *m = design_in(d, c, at), *other = another(d, c, at);
	const struct crypto x = crypto_of(member_config(d, m), m->tunnel);
	struct crypto_key k;
	struct crypto y;
	struct ipaddr seen;
	unsigned line;

	if (!m->spoke || m->tunnel->mode != TUNNEL_GRE_MULTIPOINT || !other || !x.profile)
		return 0;
	seen = seen_address(other, m);
	k = key_for(&x, m, other);
	y = crypto_of(member_config(d, other), other->tunnel);
	if (k.found == KEY_NONE)
		return k.line;
	return y.profile && !crypto_accepts(&x, &y, &seen, &line) ? line : 0;
}

static void hub_only(struct design *d, const struct design_cloud *c)
{
	struct design_finding *f = NULL;
	struct name_list names = { 0 };
	const struct design_member *first = NULL;

	if (c->phase != PHASE_2 && c->phase != PHASE_3)
		return;
	for (uint32_t i = 0; i < c->count; i++) {
		if (!hub_only_line(d, c, i))
			continue;
		first = first ? first : design_in(d, c, i);
		name_add(&names, member_name(d, design_in(d, c, i)));
	}
	if (!first)
		return;
	f = design_found(d, RULE_IKE_IDENTITY_HUB_ONLY, "use certificates, or a key for all (address 0.0.0.0) and match identity remote any",
			 "%s: keys or identities of %s cover the hubs and no other spoke: no session between spokes ever comes up", first->interface->ios_name, name_text(&names));
	for (uint32_t i = 0; i < c->count; i++)
		finding_place(f, member_config(d, design_in(d, c, i)), hub_only_line(d, c, i));
	for (uint32_t i = 0; i < c->count; i++) {
		if (hub_only_line(d, c, i))
			finding_place(f, member_config(d, design_in(d, c, i)), design_in(d, c, i)->interface->line);
	}
}

/* ---- one router's tunnels ---- */

static bool same_source(const struct config_tunnel *a, const struct config_tunnel *b)
{
	if (a->vrf != b->vrf || a->transport != b->transport)
		return false;
	if (a->source_interface && b->source_interface)
		return !strcmp(a->source_interface, b->source_interface);
	return !ipaddr_is_none(&a->source) && ipaddr_eq(&a->source, &b->source);
}

static void shared_profile(struct design *d, const struct design_router *r)
{
	for (uint32_t i = r->first; i < r->first + r->count; i++) {
		for (uint32_t k = r->first; k < i; k++) {
			const struct design_member *a = &d->members[k], *b = &d->members[i];
			const bool one = a->tunnel->protection_profile && b->tunnel->protection_profile &&
					 !strcmp(a->tunnel->protection_profile, b->tunnel->protection_profile);
			struct design_finding *f;

			if (a->interface == b->interface || !a->tunnel->protection_profile || !b->tunnel->protection_profile ||
			    !same_source(a->tunnel, b->tunnel) || (one && a->tunnel->protection_shared && b->tunnel->protection_shared))
				continue;
			f = design_found(d, RULE_PROFILE_NOT_SHARED, "write tunnel protection ipsec profile NAME shared on both, with one profile, where the file is for a Cisco router",
					 "%s: %s and %s have one source and are not protected by one shared profile; here they have one session all the same, on Cisco their sessions disturb each other",
					 r->name, a->interface->ios_name, b->interface->ios_name);
			finding_place(f, r->config, said_line((a->tunnel->protection_shared ? b : a)->interface, "tunnel protection"));
			finding_place(f, r->config, said_line((a->tunnel->protection_shared ? a : b)->interface, "tunnel protection"));
			finding_place(f, r->config, b->interface->line);
			finding_place(f, r->config, a->interface->line);
			break;
		}
	}
}

void rules_ipsec(struct design *d)
{
	compare_clouds(d, RULE_PROTECTION_MISMATCH, protected);
	compare_clouds(d, RULE_PROTECTION_MISMATCH, version);
	for (size_t i = 0; i < d->link_count; i++) {
		if (!d->links[i].strayed)
			check_link(d, &d->links[i]);
	}
	for (size_t i = 0; i < d->cloud_count; i++)
		hub_only(d, &d->clouds[i]);
	for (size_t i = 0; i < d->router_count; i++)
		shared_profile(d, &d->routers[i]);
}
