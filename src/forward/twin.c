#include "forward/twin.h"

#include "wire/gre.h"

enum { FIT_NONE = 0, FIT_PEER = 1, FIT_SUBNET = 2, FIT_OWN = 4 };

struct pair {
	struct ipaddr src, dst; /* IP_NONE: not an IP packet */
};

static struct pair pair_of(uint16_t protocol, const uint8_t *inner, size_t length)
{
	if (protocol == GRE_PROTO_IPV4 && length >= 20)
		return (struct pair){ ipaddr_from_bytes(IP_V4, inner + 12), ipaddr_from_bytes(IP_V4, inner + 16) };
	if (protocol == GRE_PROTO_IPV6 && length >= 40)
		return (struct pair){ ipaddr_from_bytes(IP_V6, inner + 8), ipaddr_from_bytes(IP_V6, inner + 24) };
	return (struct pair){ IPADDR_NONE, IPADDR_NONE };
}

static unsigned fit(const struct peer_table *peers, const struct tunnel *t, const struct endpoint *from,
		    const struct pair *pair)
{
	unsigned how = peer_find_endpoint(peers, t->conf.tunnel, from) ? FIT_PEER : FIT_NONE;

	if (tunnel_on_subnet(t, &pair->src))
		how |= FIT_SUBNET;
	if (tunnel_owns(t, &pair->dst))
		how |= FIT_OWN;
	return how;
}

struct tunnel *twin_choose(const struct peer_table *peers, struct tunnel *first, const struct endpoint *from,
			   uint16_t protocol, const uint8_t *inner, size_t length)
{
	const struct pair pair = pair_of(protocol, inner, length);
	struct tunnel *found = NULL;
	unsigned best = 0;

	for (struct tunnel *t = first; t; t = tunnel_match_next(t)) {
		const unsigned how = fit(peers, t, from, &pair);

		if (!found || how > best || (how == best && t->conf.tunnel < found->conf.tunnel)) {
			found = t;
			best = how;
		}
	}
	return found;
}
