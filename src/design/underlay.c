#include "design/underlay.h"

#include <string.h>

#include "design/said.h"

static bool is_up_in(const struct config_interface *i, uint32_t vrf)
{
	return !i->shutdown && i->vrf == vrf;
}

const struct config_interface *underlay_behind(const struct config *c, uint32_t vrf, const struct ipaddr *gateway)
{
	for (size_t i = 0; i < c->interface_count; i++) {
		const struct config_interface *at = &c->interfaces[i];

		for (size_t k = 0; is_up_in(at, vrf) && k < at->address_count; k++) {
			const struct ipprefix p = ipprefix_make(&at->addresses[k].addr, at->addresses[k].prefix_len);

			if (ipprefix_contains(&p, gateway))
				return at;
		}
	}
	return NULL;
}

struct search {
	struct way *out;
	size_t count;
	unsigned len, distance;
};

static void offer(struct search *s, const struct config_interface *out, const struct config_route *route, unsigned len, unsigned distance)
{
	if (s->count && (len < s->len || (len == s->len && distance > s->distance)))
		return;
	if (s->count && (len > s->len || distance < s->distance))
		s->count = 0;
	if (s->count < WAYS_MAX)
		s->out[s->count++] = (struct way){ out, route, (uint8_t)len };
	s->len = len;
	s->distance = distance;
}

size_t underlay_ways(const struct config *c, uint32_t vrf, const struct ipaddr *to, struct way out[WAYS_MAX])
{
	struct search s = { .out = out };

	for (size_t i = 0; i < c->interface_count; i++) {
		const struct config_interface *at = &c->interfaces[i];

		for (size_t k = 0; is_up_in(at, vrf) && k < at->address_count; k++) {
			const struct ipprefix p = ipprefix_make(&at->addresses[k].addr, at->addresses[k].prefix_len);

			if (ipprefix_contains(&p, to))
				offer(&s, at, NULL, p.len, 0);
		}
		if (is_up_in(at, vrf) && at->dhcp && to->family == IP_V4)
			offer(&s, at, NULL, 0, 254);
	}
	for (size_t i = 0; i < c->route_count; i++) {
		const struct config_route *r = &c->routes[i];
		const struct config_interface *at;

		if (r->vrf != vrf || !ipprefix_contains(&r->dst, to))
			continue;
		at = r->interface ? config_find_interface(c, r->interface) : underlay_behind(c, vrf, &r->gateway);
		if (at && !at->shutdown)
			offer(&s, at, r, r->dst.len, r->distance);
	}
	return s.count;
}

bool underlay_shown(const struct config *c)
{
	for (size_t i = 0; i < c->interface_count; i++) {
		if (!c->interfaces[i].is_tunnel && strncmp(c->interfaces[i].ios_name, "Loopback", 8))
			return true;
	}
	return false;
}
