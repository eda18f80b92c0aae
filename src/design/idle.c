#include "design/idle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "design/bgp.h"
#include "design/crypto.h"
#include "design/routing.h"
#include "design/said.h"

enum {
	DAY_S = 86400,
	/* Inside the tunnel, IPv4; IPv6 has so much more where addresses are written. */
	REGISTRATION_REQUEST = 112, /* NHRP: fixed part 20, addresses 12, one CIE, five extensions with password and group */
	REGISTRATION_REPLY = 160,   /* … and the responder's CIE, and a second NAT CIE */
	REGISTRATION_V6 = 80,       /* addresses of 16 octets; and it is made twice, for the link-local one */
	ECHO = 20 + 8 + 52,         /* wire/echo.h */
	BFD_CONTROL = 20 + 8 + 24,
	TCP_ACK = 20 + 32,          /* with time stamps */
	BGP_KEEPALIVE = TCP_ACK + 19,
	OSPF_HELLO = 20 + 24 + 20 + 8 + 16, /* with MD5, and two neighbours */
	EIGRP_HELLO = 20 + 20 + 12 + 8 + 40, /* likewise */
	RIP_UPDATE = 20 + 8 + 4 + 20 * 25,
	V6_MORE = 20,
	/* Outside of it. */
	DPD = 20 + 8 + 4 + 28 + 4 + 16 + 16 + 16, /* an empty INFORMATIONAL, CBC */
	NEW_KEYS = 1500,  /* CREATE_CHILD_SA or quick mode with a group of 2048 bits, and the old one deleted, all packets */
	NEW_IKE = 2500,
	NAT_KEEPALIVE = 20 + 8 + 1,
	/* Where nothing is said. */
	OWN_DPD_S = 30, OWN_NAT_S = 20, CHILD_LIFE_S = 3600, BGP_KEEPALIVE_S = 60, BGP_HOLD_S = 180,
	RIP_S = 30, EIGRP_S = 5,
};

static const struct { const char *name, *remedy; } kinds[IDLE_KINDS] = {
	[IDLE_REGISTRATION] = { "registrations", "raise ip nhrp holdtime and ip nhrp registration timeout" },
	[IDLE_PROBE] = { "probes", "raise every of nhrp warm" },
	[IDLE_BFD] = { "BFD", "raise every of nhrp warm, or take bfd interval out" },
	[IDLE_BGP] = { "BGP keepalives", "write neighbor … timers 180 540 at both ends" },
	[IDLE_HELLO] = { "hellos", "run BGP in this tunnel, with neighbor … timers 180 540 at both ends" },
	[IDLE_DPD] = { "dead peer detection", "write dpd 3600 60 periodic in the IKEv2 profile, or crypto isakmp keepalive 3600, at both ends" },
	[IDLE_KEYS] = { "new keys", "raise set security-association lifetime" },
	[IDLE_NAT] = { "NAT keepalives", "raise nat keepalive, as far as the provider's NAT allows" },
};

const char *idle_name(enum idle_kind kind)
{
	return kinds[kind].name;
}

const char *idle_remedy(enum idle_kind kind)
{
	return kinds[kind].remedy;
}

/* ---- sizes */

struct wrap {
	size_t outer, gre;    /* headers */
	bool sealed, tunnel_mode, gcm;
};

static bool is_gcm(const struct crypto *x)
{
	const struct config_block *sets[TRANSFORMS_MAX];

	return crypto_transforms(x, sets) > 0 && strstr(crypto_transform_words(sets[0]), "gcm");
}

static struct wrap wrap_of(const struct design *d, const struct design_member *m)
{
	const struct crypto x = crypto_of(member_config(d, m), m->tunnel);

	return (struct wrap){ .outer = m->tunnel->transport == IP_V6 ? 40 : 20, .gre = m->tunnel->has_key ? 8 : 4,
			      .sealed = m->tunnel->protection_profile, .tunnel_mode = x.profile && crypto_tunnel_mode(&x), .gcm = is_gcm(&x) };
}

/* RFC 4303, RFC 3948: the packet on the uplink around so many octets in the tunnel. */
static size_t on_uplink(const struct wrap *w, size_t inside)
{
	const size_t iv = w->gcm ? 8 : 16, block = w->gcm ? 4 : 16, icv = 16;
	const size_t plain = w->gre + inside + (w->tunnel_mode ? w->outer : 0) + 2;

	if (!w->sealed)
		return w->outer + w->gre + inside;
	return w->outer + 8 + 8 + iv + (plain + block - 1) / block * block + icv;
}

/* ---- intervals */

/* The first word that is a number; 0: there is none. */
static unsigned number_in(const char *text)
{
	for (const char *word = text; *word; word += strspn(word, " ")) {
		const size_t length = strcspn(word, " ");

		if (strspn(word, "0123456789") == length)
			return (unsigned)strtoul(word, NULL, 10);
		word += length;
	}
	return 0;
}

/* Seconds as the line of a profile says them, else the router's, else what is taken without a word. 0: the tunnel is not protected. */
static double seconds_of(const struct design_member *m, const struct config_block_line *own, const struct config_block *all, unsigned otherwise_s)
{
	const unsigned s = own ? number_in(own->text) : all ? number_in(all->head) : 0;

	return !m->tunnel->protection_profile ? 0 : s ? s : otherwise_s;
}

static double dpd_of(const struct design *d, const struct design_member *m)
{
	const struct crypto x = crypto_of(member_config(d, m), m->tunnel);

	return seconds_of(m, x.ike ? block_line(x.ike, x.version == 2 ? "dpd" : "keepalive") : NULL,
			  block_after(x.c, NULL, x.version == 2 ? "crypto ikev2 dpd" : "crypto isakmp keepalive"), OWN_DPD_S);
}

static double nat_of(const struct design *d, const struct design_member *m)
{
	const struct crypto x = crypto_of(member_config(d, m), m->tunnel);

	return seconds_of(m, x.ike && x.version == 2 ? block_line(x.ike, "nat keepalive") : NULL,
			  block_after(x.c, NULL, x.version == 2 ? "crypto ikev2 nat keepalive" : "crypto isakmp nat keepalive"), OWN_NAT_S);
}

/* New ones are made in the last fifth, by whoever is first. */
static double keys_of(const struct design *d, const struct design_member *m)
{
	const struct crypto x = crypto_of(member_config(d, m), m->tunnel);

	return 0.8 * seconds_of(m, x.profile ? block_line(x.profile, "set security-association lifetime seconds") : NULL,
				block_after(x.c, NULL, "crypto ipsec security-association lifetime seconds"), CHILD_LIFE_S);
}

static bool bgp_timers(const struct design *d, const struct design_member *m, const struct design_member *far, unsigned *keepalive_s, unsigned *hold_s)
{
	const struct config_block_line *own, *all;
	struct bgp_peer p;

	*keepalive_s = BGP_KEEPALIVE_S;
	*hold_s = BGP_HOLD_S;
	if (!far->address || !bgp_peer(member_config(d, m), &far->address->addr, &p))
		return false;
	own = bgp_says(&p, "timers");
	all = block_line(p.block, "timers bgp");
	if (own)
		sscanf(own->text, "neighbor %*s timers %u %u", keepalive_s, hold_s);
	else if (all)
		sscanf(all->text, "timers bgp %u %u", keepalive_s, hold_s);
	return true;
}

/* RFC 4271 4.2, 4.4: the shorter hold time counts, and nobody waits for longer than a third of it. */
static double bgp_of(const struct design *d, const struct design_member *m, const struct design_member *hub)
{
	unsigned ours, our_hold, theirs, their_hold, third;

	if (!bgp_timers(d, m, hub, &ours, &our_hold) || !bgp_timers(d, hub, m, &theirs, &their_hold))
		return 0;
	third = (our_hold < their_hold ? our_hold : their_hold) / 3;
	ours = ours < theirs ? ours : theirs;
	return ours < third ? ours : third;
}

/* The hub is not in these files: the neighbour of that address has our timers. */
static double bgp_alone(const struct design *d, const struct design_member *m, const struct config_nhs *nhs)
{
	const struct config_address there = { .addr = nhs->addr };
	const struct design_member far = { .address = &there };
	unsigned keepalive, hold;

	if (!bgp_timers(d, m, &far, &keepalive, &hold))
		return 0;
	return keepalive < hold / 3 ? keepalive : hold / 3;
}

struct hello {
	double every_s;
	size_t octets;
};

static struct hello hello_of(const struct design *d, const struct design_member *m)
{
	const struct config_if_ospf *const o = m->family == IP_V4 ? &m->interface->ospf : &m->interface->ospf6;
	const bool slow = o->network && (!strcmp(o->network, "point-to-multipoint") || !strcmp(o->network, "non-broadcast"));
	struct routing r[ROUTING_MAX];
	const size_t count = routing_of(d, m, r);

	for (size_t i = 0; i < count; i++) {
		const struct config_block_line *named = eigrp_interface_line(&r[i], m->interface, "hello-interval");
		const struct config_said *said;
		char words[48];

		if (r[i].passive)
			continue;
		if (r[i].kind == ROUTING_OSPF)
			return (struct hello){ o->hello_s ? o->hello_s : slow ? 30 : 10, OSPF_HELLO };
		if (r[i].kind == ROUTING_RIP)
			return (struct hello){ RIP_S, RIP_UPDATE };
		snprintf(words, sizeof words, "ip hello-interval eigrp %u", r[i].number);
		said = said_find(m->interface, words);
		return (struct hello){ named ? strtod(strrchr(named->text, ' '), NULL) : said ? strtod(strrchr(said->text, ' '), NULL) : EIGRP_S, EIGRP_HELLO };
	}
	return (struct hello){ 0, 0 };
}

static double bfd_of(const struct design_member *m, const struct design_member *hub, bool resting)
{
	const struct config_bfd *const ours = &m->tunnel->bfd, *const theirs = hub ? &hub->tunnel->bfd : ours;
	unsigned ms = ours->min_tx_ms;

	if (!ours->multiplier || !theirs->multiplier)
		return 0;
	resting = resting && !m->tunnel->no_bfd; /* the routing protocols' own sessions know nothing of rest */
	ms = theirs->min_rx_ms > ms ? theirs->min_rx_ms : ms;
	/* RFC 5880 6.8.7: up to a quarter earlier. */
	return 0.875 * (resting && ms < 1000u * m->tunnel->warm_every_s ? m->tunnel->warm_every_s : ms / 1000.0);
}

/* ---- all of it */

static void add(struct idle *out, enum idle_kind kind, double every_s, size_t octets)
{
	if (every_s <= 0)
		return;
	if (out->every_s[kind] == 0 || every_s < out->every_s[kind])
		out->every_s[kind] = every_s;
	out->octets[kind] += (uint64_t)(DAY_S / every_s * (double)octets);
}

static double shortest(const struct idle *i)
{
	double s = 0;

	for (unsigned k = 0; k <= IDLE_HELLO; k++)
		if (i->every_s[k] > 0 && (s == 0 || i->every_s[k] < s))
			s = i->every_s[k];
	return s;
}

/* Nobody asks who has been heard, or keeps a mapping alive that is in use. */
static void add_in_silence(struct idle *out, enum idle_kind kind, double every_s, double busy_s, size_t octets)
{
	if (busy_s == 0 || every_s < busy_s)
		add(out, kind, every_s, octets);
}

/* hub NULL: it is not in these files; nhs NULL: known by `tunnel destination` only. */
static struct idle towards(const struct design *d, const struct design_member *m, const struct design_member *hub, const struct config_nhs *nhs,
			   bool resting)
{
	const struct config_nhrp *const n = m->nhrp;
	const struct wrap w = wrap_of(d, m);
	const size_t more = m->family == IP_V6 ? V6_MORE : 0, registrations = m->family == IP_V6 ? 2 : 1;
	const size_t addresses = m->family == IP_V6 ? REGISTRATION_V6 : 0;
	const double probe_s = n->probe_interval_ms / 1000.0, dpd_s = dpd_of(d, m), their_dpd_s = hub ? dpd_of(d, hub) : dpd_s;
	const struct hello hello = hello_of(d, m);
	/* A server that sends to a client of which it has not heard for a moment asks it once (path.h, QUIET). */
	const bool asks = (resting || !n->probe_interval_ms) && (!hub || hub->nhrp->probe_interval_ms);
	const size_t asked = asks ? 2 * on_uplink(&w, ECHO + more) : 0;
	struct idle i = { 0 };

	if (nhs)
		add(&i, IDLE_REGISTRATION, resting ? config_warm_registration_s(m->tunnel->warm_every_s, n) : n->registration_timeout_s,
		    registrations * (on_uplink(&w, REGISTRATION_REQUEST + addresses) + on_uplink(&w, REGISTRATION_REPLY + addresses)));
	if (nhs && n->probe_interval_ms)
		add(&i, IDLE_PROBE, 0.95 * (resting && probe_s < m->tunnel->warm_every_s ? m->tunnel->warm_every_s : probe_s), 2 * on_uplink(&w, ECHO + more));
	add(&i, IDLE_BFD, bfd_of(m, hub, resting), 2 * on_uplink(&w, BFD_CONTROL + more));
	add(&i, IDLE_BGP, hub ? bgp_of(d, m, hub) : nhs ? bgp_alone(d, m, nhs) : 0, 2 * (on_uplink(&w, BGP_KEEPALIVE + more) + on_uplink(&w, TCP_ACK + more)) + asked);
	add(&i, IDLE_HELLO, hello.every_s, 2 * on_uplink(&w, hello.octets + more) + asked);
	add_in_silence(&i, IDLE_DPD, dpd_s < their_dpd_s ? dpd_s : their_dpd_s, shortest(&i), 2 * (DPD + w.outer - 20));
	add(&i, IDLE_KEYS, keys_of(d, m), NEW_KEYS);
	if (w.sealed)
		add(&i, IDLE_KEYS, DAY_S, NEW_IKE);
	add_in_silence(&i, IDLE_NAT, nat_of(d, m), shortest(&i), NAT_KEEPALIVE);
	return i;
}

static void sum(struct idle *out, const struct idle *one)
{
	for (unsigned k = 0; k < IDLE_KINDS; k++) {
		out->octets[k] += one->octets[k];
		if (one->every_s[k] > 0 && (out->every_s[k] == 0 || one->every_s[k] < out->every_s[k]))
			out->every_s[k] = one->every_s[k];
	}
}

static const struct design_link *link_of(const struct design *d, const struct design_member *m, const struct config_nhs *nhs)
{
	for (uint32_t k = m->first_link; k < m->first_link + m->link_count; k++)
		if (d->links[k].nhs == nhs)
			return &d->links[k];
	return NULL;
}

struct idle idle_of(const struct design *d, const struct design_member *m, bool resting)
{
	struct idle out = { 0 };

	for (size_t k = 0; k < m->nhrp->nhs_count; k++) {
		const struct design_link *const l = link_of(d, m, &m->nhrp->nhs[k]);
		const struct idle one = towards(d, m, l ? &d->members[l->to] : NULL, &m->nhrp->nhs[k], resting);

		sum(&out, &one);
	}
	return out;
}

uint64_t idle_total(const struct idle *i)
{
	uint64_t octets = 0;

	for (unsigned k = 0; k < IDLE_KINDS; k++)
		octets += i->octets[k];
	return octets;
}

enum idle_kind idle_largest(const struct idle *i)
{
	enum idle_kind largest = IDLE_REGISTRATION;

	for (unsigned k = 1; k < IDLE_KINDS; k++)
		if (i->octets[k] > i->octets[largest])
			largest = (enum idle_kind)k;
	return largest;
}
