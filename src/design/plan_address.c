/*
 * plan_address: who has which address, a function of the number alone.
 *
 *   hub H, uplink 1 and 2      192.0.2.0/24, 203.0.113.0/24: a /30 each, the provider has the first address
 *   spoke S, uplink 1 and 2    198.18.0.0/16, 198.19.0.0/16: the same
 *   Tunnel N                   10.(100+N).0.0, /24 or as wide as needed; hub H has .H, spoke S .(10+S)
 *   LAN of spoke S             10.128.0.0/9: the S-th /24
 *   data centre                10.0.0.0/24; between hub H and the core router 10.255.H.0/30
 *
 * The uplinks' are of the ranges for documentation and benchmarks: stand-ins for what the providers give.
 */
#include "design/plan.h"

enum { SPOKES_BEGIN = 10 };

static struct ipaddr v4(unsigned a, unsigned b, unsigned c, unsigned d)
{
	return ipaddr_v4((uint32_t)a << 24 | (uint32_t)b << 16 | (uint32_t)c << 8 | (uint32_t)d);
}

static struct ipaddr plus(const struct ipaddr base, uint32_t number)
{
	return ipaddr_v4(ipaddr_to_v4(&base) + number);
}

static struct ipaddr hub_net(unsigned uplink)
{
	return uplink == 1 ? v4(192, 0, 2, 0) : v4(203, 0, 113, 0);
}

static struct ipaddr spoke_net(unsigned uplink)
{
	return v4(198, 17 + uplink, 0, 0);
}

struct ipaddr plan_hub_gateway(unsigned hub, unsigned uplink) { return plus(hub_net(uplink), 4 * (hub - 1) + 1); }
struct ipaddr plan_hub_uplink(unsigned hub, unsigned uplink) { return plus(hub_net(uplink), 4 * (hub - 1) + 2); }
struct ipaddr plan_spoke_gateway(unsigned spoke, unsigned uplink) { return plus(spoke_net(uplink), 4 * spoke + 1); }
struct ipaddr plan_spoke_uplink(unsigned spoke, unsigned uplink) { return plus(spoke_net(uplink), 4 * spoke + 2); }
struct ipaddr plan_hub_address(const struct plan_tunnel *t, unsigned hub) { return plus(t->subnet.addr, hub); }
struct ipaddr plan_spoke_address(const struct plan_tunnel *t, unsigned spoke) { return plus(t->subnet.addr, SPOKES_BEGIN + spoke); }
struct ipaddr plan_host(const struct ipprefix *p, uint32_t number) { return plus(p->addr, number); }

struct ipprefix plan_spoke_lan(unsigned spoke)
{
	const struct ipaddr a = plus(v4(10, 128, 0, 0), 256 * spoke);

	return ipprefix_make(&a, 24);
}

/* The shortest prefix with room for so many and their network, from `longest` on. */
static unsigned bits_for(uint32_t many, unsigned longest)
{
	unsigned bits = longest;

	while ((UINT32_C(1) << (longest - bits)) < many)
		bits--;
	return bits;
}

struct ipprefix plan_spoke_lans(const struct plan *p)
{
	const struct ipaddr a = v4(10, 128, 0, 0);

	return ipprefix_make(&a, (uint8_t)bits_for(p->is.spokes + 1, 24));
}

unsigned plan_tunnel_bits(const struct plan_wish *w)
{
	return bits_for((w->spokes + SPOKES_BEGIN + 2 + 255) / 256, 24);
}

struct ipprefix plan_core_lan(void)
{
	const struct ipaddr a = v4(10, 0, 0, 0);

	return ipprefix_make(&a, 24);
}

struct ipprefix plan_core_link(unsigned hub)
{
	const struct ipaddr a = v4(10, 255, hub, 0);

	return ipprefix_make(&a, 30);
}

struct plan_ip_text plan_ip(struct ipaddr a)
{
	struct plan_ip_text t;

	ipaddr_format(&a, t.text);
	return t;
}

struct plan_ip_text plan_prefix(struct ipprefix p)
{
	struct plan_ip_text t;

	ipprefix_format(&p, t.text);
	return t;
}

struct plan_ip_text plan_mask(unsigned length)
{
	return plan_ip(netmask_from_len((uint8_t)length));
}

struct plan_ip_text plan_wildcard(unsigned length)
{
	const struct ipaddr mask = netmask_from_len((uint8_t)length);

	return plan_ip(ipaddr_v4(~ipaddr_to_v4(&mask)));
}
