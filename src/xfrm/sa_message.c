/* sa_message: see sa_message.h. Counters, windows and times are in sa_message_state.c. */
#include "xfrm/sa_message.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { TIME_MAX_S = 315360000 }; /* ten years, so that no deadline overflows */

bool sa_message_address(uint16_t family, const xfrm_address_t *in, struct ipaddr *out)
{
	if (family != AF_INET && family != AF_INET6)
		return false;
	*out = ipaddr_from_bytes(family == AF_INET ? IP_V4 : IP_V6, (const uint8_t *)in);
	return true;
}

uint16_t sa_message_family(const struct ipaddr *a)
{
	return a->family == IP_V6 ? AF_INET6 : AF_INET;
}

xfrm_address_t sa_message_xfrm_address(const struct ipaddr *a)
{
	xfrm_address_t out = { 0 };

	memcpy(&out, a->bytes, ip_family_octets(a->family));
	return out;
}

struct xfrm_selector sa_message_selector(const struct xfrm_selector *in)
{
	struct xfrm_selector out;

	memset(&out, 0, sizeof out);
	out.daddr = in->daddr;
	out.saddr = in->saddr;
	out.dport = in->dport;
	out.dport_mask = in->dport_mask;
	out.sport = in->sport;
	out.sport_mask = in->sport_mask;
	out.family = in->family;
	out.prefixlen_d = in->prefixlen_d;
	out.prefixlen_s = in->prefixlen_s;
	out.proto = in->proto;
	out.ifindex = in->ifindex;
	out.user = in->user;
	return out;
}

static int refuse_number(struct algorithm_refusal *refusal, int error, const char *what, unsigned number)
{
	refusal->what = what;
	snprintf(refusal->name, sizeof refusal->name, "%u", number);
	return error;
}

int sa_message_identity(const struct xfrm_usersa_info *info, uint32_t *spi, struct ipaddr *daddr,
			struct ipaddr *saddr, struct algorithm_refusal *refusal)
{
	if (!sa_message_address(info->family, &info->id.daddr, daddr) ||
	    !sa_message_address(info->family, &info->saddr, saddr))
		return -EAFNOSUPPORT;
	if (info->id.proto != IPPROTO_ESP)
		return refuse_number(refusal, -EPROTONOSUPPORT, "IPsec protocol", info->id.proto);
	*spi = ntohl(info->id.spi);
	return 0;
}

static uint64_t limit(uint64_t value)
{
	return value == 0 ? UINT64_MAX : value;
}

/* The earlier of "since it was added" and "since it was used": the latter is never later than said. */
static uint32_t limit_s(uint64_t add_s, uint64_t use_s)
{
	uint64_t s = add_s == 0 || (use_s != 0 && use_s < add_s) ? use_s : add_s;

	if (s == 0 || s == XFRM_INF)
		return 0;
	return s > TIME_MAX_S ? TIME_MAX_S : (uint32_t)s;
}

static int64_t deadline(int64_t added_us, uint32_t s)
{
	return s == 0 ? INT64_MAX : instant_add((struct instant){ added_us }, span_s(s)).us;
}

static void read_limits(struct esp_sa *sa, const struct xfrm_lifetime_cfg *c)
{
	struct xfrm_owner *owner = xfrm_owner(sa);

	owner->soft_s = limit_s(c->soft_add_expires_seconds, c->soft_use_expires_seconds);
	owner->hard_s = limit_s(c->hard_add_expires_seconds, c->hard_use_expires_seconds);
	sa->soft = (struct esp_life){ limit(c->soft_packet_limit), limit(c->soft_byte_limit),
				      deadline(sa->added_us, owner->soft_s) };
	sa->hard = (struct esp_life){ limit(c->hard_packet_limit), limit(c->hard_byte_limit),
				      deadline(sa->added_us, owner->hard_s) };
}

static int read_encap(struct esp_sa *sa, const struct netlink_attributes *a, struct algorithm_refusal *refusal)
{
	struct xfrm_encap_tmpl encap;
	uint16_t sport, dport;

	if (!a->at[XFRMA_ENCAP].bytes)
		return 0;
	if (!netlink_attribute(a, XFRMA_ENCAP, &encap, sizeof encap))
		return -EINVAL;
	if (encap.encap_type != UDP_ENCAP_ESPINUDP)
		return refuse_number(refusal, -EOPNOTSUPP, "UDP encapsulation", encap.encap_type);
	sport = ntohs(encap.encap_sport);
	dport = ntohs(encap.encap_dport);
	if (sport == 0 || dport == 0)
		return -EINVAL;
	sa->udp = 1;
	sa->local_port = sa->inbound ? dport : sport;
	sa->remote_port = sa->inbound ? sport : dport;
	xfrm_owner(sa)->peer_port = sa->remote_port;
	return 0;
}

/* What would change which packets the SA is for, and which we do not have. */
static int refuse_foreign(const struct netlink_attributes *a, struct algorithm_refusal *refusal)
{
	struct xfrm_mark mark;
	uint32_t if_id;

	if (netlink_attribute(a, XFRMA_MARK, &mark, sizeof mark) && (mark.v | mark.m) != 0)
		return refuse_number(refusal, -EOPNOTSUPP, "mark", mark.v);
	if (netlink_attribute(a, XFRMA_IF_ID, &if_id, sizeof if_id) && if_id != 0)
		return refuse_number(refusal, -EOPNOTSUPP, "interface id", if_id);
	return 0;
}

static int read_properties(struct esp_sa *sa, const struct xfrm_usersa_info *info, const struct netlink_attributes *a,
			   struct algorithm_refusal *refusal)
{
	struct xfrm_owner *owner = xfrm_owner(sa);
	uint32_t extra_flags = 0;

	if (info->mode != XFRM_MODE_TRANSPORT && info->mode != XFRM_MODE_TUNNEL)
		return refuse_number(refusal, -EOPNOTSUPP, "IPsec mode", info->mode);
	sa->mode = info->mode == XFRM_MODE_TUNNEL ? ESP_TUNNEL : ESP_TRANSPORT;
	sa->esn = (info->flags & XFRM_STATE_ESN) != 0;
	sa->reqid = info->reqid;
	owner->selector = sa_message_selector(&info->sel);
	owner->flags = info->flags;
	owner->seq = info->seq;
	owner->gone_us = INT64_MAX;
	if (netlink_attribute(a, XFRMA_SA_EXTRA_FLAGS, &extra_flags, sizeof extra_flags))
		owner->extra_flags = (uint8_t)extra_flags;
	owner->replay_window = info->replay_window;
	sa->replay.window = info->replay_window;
	return refuse_foreign(a, refusal);
}

int sa_message_read(struct esp_sa *sa, const struct xfrm_usersa_info *info, const struct netlink_attributes *a,
		    struct xfrm_clock clock, struct algorithm_refusal *refusal)
{
	uint8_t inbound = sa->inbound;
	struct ipaddr daddr, saddr;
	int error;

	memset(sa, 0, sizeof *sa);
	sa->inbound = inbound;
	sa->phase = ESP_PHASE_UNBOUND;
	sa->added_us = clock.now.us;
	error = sa_message_identity(info, &sa->spi, &daddr, &saddr, refusal);
	if (error)
		return error;
	sa->local = inbound ? daddr : saddr;
	sa->remote = inbound ? saddr : daddr;
	error = read_properties(sa, info, a, refusal);
	if (!error)
		error = read_encap(sa, a, refusal);
	if (!error)
		error = algorithm_read(a, &sa->suite, &sa->keys, refusal);
	if (!error)
		error = sa_message_read_current(sa, a, clock);
	if (!error)
		error = sa_message_read_replay(sa, a);
	read_limits(sa, &info->lft);
	return error;
}

void sa_message_update(struct esp_sa *sa, const struct esp_sa *from)
{
	struct xfrm_owner *owner = xfrm_owner(sa);
	const struct xfrm_owner *source = xfrm_owner_of(from);

	owner->soft_s = source->soft_s;
	owner->hard_s = source->hard_s;
	sa->soft = from->soft;
	sa->hard = from->hard;
	sa->soft.deadline_us = deadline(sa->added_us, owner->soft_s);
	sa->hard.deadline_us = deadline(sa->added_us, owner->hard_s);
	sa->soft_said = sa->hard_said = 0;
	if (sa->udp && from->udp) {
		sa->local_port = from->local_port;
		sa->remote_port = from->remote_port;
		owner->peer_port = source->peer_port;
	}
}

bool sa_message_equal(const struct esp_sa *a, const struct esp_sa *b)
{
	const struct xfrm_owner *x = xfrm_owner_of(a), *y = xfrm_owner_of(b);

	return a->spi == b->spi && a->inbound == b->inbound && a->mode == b->mode && a->esn == b->esn &&
	       a->udp == b->udp && a->reqid == b->reqid && a->replay.window == b->replay.window &&
	       ipaddr_eq(&a->local, &b->local) && ipaddr_eq(&a->remote, &b->remote) &&
	       x->peer_port == y->peer_port && x->soft_s == y->soft_s && x->hard_s == y->hard_s &&
	       memcmp(&x->selector, &y->selector, sizeof x->selector) == 0 &&
	       memcmp(&a->suite, &b->suite, sizeof a->suite) == 0 && memcmp(&a->keys, &b->keys, sizeof a->keys) == 0;
}

static void write_limits(struct xfrm_lifetime_cfg *c, const struct esp_sa *sa)
{
	const struct xfrm_owner *owner = xfrm_owner_of(sa);

	c->soft_byte_limit = sa->soft.bytes;
	c->hard_byte_limit = sa->hard.bytes;
	c->soft_packet_limit = sa->soft.packets;
	c->hard_packet_limit = sa->hard.packets;
	c->soft_add_expires_seconds = owner->soft_s;
	c->hard_add_expires_seconds = owner->hard_s;
}

struct xfrm_usersa_info sa_message_info(const struct esp_sa *sa, struct xfrm_clock clock)
{
	const struct xfrm_owner *owner = xfrm_owner_of(sa);
	struct xfrm_usersa_info info;

	memset(&info, 0, sizeof info);
	info.sel = owner->selector;
	info.id.daddr = sa_message_xfrm_address(sa->inbound ? &sa->local : &sa->remote);
	info.id.spi = htonl(sa->spi);
	info.id.proto = IPPROTO_ESP;
	info.saddr = sa_message_xfrm_address(sa->inbound ? &sa->remote : &sa->local);
	write_limits(&info.lft, sa);
	info.curlft = sa_message_current(sa, clock);
	info.stats.replay = (uint32_t)sa->replay_drops;
	info.stats.integrity_failed = (uint32_t)sa->icv_drops;
	info.seq = owner->seq;
	info.reqid = sa->reqid;
	info.family = sa_message_family(&sa->local);
	info.mode = sa->mode == ESP_TUNNEL ? XFRM_MODE_TUNNEL : XFRM_MODE_TRANSPORT;
	info.replay_window = owner->replay_window;
	info.flags = owner->flags;
	return info;
}

static void write_encap(struct netlink_writer *w, const struct esp_sa *sa)
{
	uint16_t local = htons(sa->local_port), remote = htons(xfrm_owner_of(sa)->peer_port);
	struct xfrm_encap_tmpl encap = {
		.encap_type = UDP_ENCAP_ESPINUDP,
		.encap_sport = sa->inbound ? remote : local,
		.encap_dport = sa->inbound ? local : remote,
	};

	netlink_put_attribute(w, XFRMA_ENCAP, &encap, sizeof encap);
}

void sa_message_attributes(struct netlink_writer *w, const struct esp_sa *sa, struct xfrm_clock clock)
{
	const struct xfrm_owner *owner = xfrm_owner_of(sa);
	uint64_t used = sa_message_current(sa, clock).use_time;
	uint32_t extra_flags = owner->extra_flags;

	algorithm_write(w, &sa->suite, &sa->keys);
	if (sa->udp)
		write_encap(w, sa);
	if (extra_flags)
		netlink_put_attribute(w, XFRMA_SA_EXTRA_FLAGS, &extra_flags, sizeof extra_flags);
	if (owner->wide)
		sa_message_replay(w, sa);
	if (used)
		netlink_put_attribute(w, XFRMA_LASTUSED, &used, sizeof used);
}
