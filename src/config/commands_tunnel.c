/* The tunnel's own lines, as they stand inside `interface TunnelN`. */
#include <stdlib.h>
#include <string.h>

#include "config/commands.h"
#include "config/reading.h"

static bool sets(const struct match *m)
{
	return m->sign == SIGN_SET;
}

static void set_source(struct reading *r, const struct match *m)
{
	struct config_tunnel *t = reading_tunnel(r);
	const struct item *source = match_arg(m, 0);
	char kernel[16];

	free(t->source_interface);
	t->source_interface = NULL;
	t->source = IPADDR_NONE;
	if (!sets(m) || !source)
		return;
	if (source->kind != ITEM_IF)
		t->source = source->addr;
	else if (config_ifname(source->text, NULL, kernel))
		t->source_interface = reading_keep(r, kernel);
}

static void set_destination(struct reading *r, const struct match *m)
{
	reading_host(r, &reading_tunnel(r)->destination, sets(m) ? match_arg(m, 0) : NULL);
}

static void set_mode(struct reading *r, const struct match *m)
{
	struct config_tunnel *t = reading_tunnel(r);

	t->mode = sets(m) && match_has(m, "multipoint") ? TUNNEL_GRE_MULTIPOINT : TUNNEL_GRE_P2P;
	t->transport = sets(m) && match_has(m, "ipv6") ? IP_V6 : IP_V4;
}

static void set_key(struct reading *r, const struct match *m)
{
	struct config_tunnel *t = reading_tunnel(r);

	t->has_key = sets(m);
	t->key = sets(m) ? (uint32_t)match_arg(m, 0)->number : 0;
}

static void set_tunnel_vrf(struct reading *r, const struct match *m)
{
	reading_tunnel(r)->vrf = sets(m) ? reading_vrf(r, match_arg(m, 0)->text) : 0;
}

static void set_ttl(struct reading *r, const struct match *m)
{
	reading_tunnel(r)->ttl = sets(m) ? (uint8_t)match_arg(m, 0)->number : 255;
}

static void set_pmtud(struct reading *r, const struct match *m)
{
	reading_tunnel(r)->path_mtu_discovery = sets(m);
}

static void set_protection(struct reading *r, const struct match *m)
{
	struct config_tunnel *t = reading_tunnel(r);

	reading_remove_extras(r, reading_interface(r), "tunnel protection ipsec profile");
	reading_replace(r, &t->protection_profile, sets(m) ? match_arg(m, 0)->text : NULL);
	t->protection_shared = sets(m) && match_has(m, "shared");
}

/* The profile counts; the words behind it are printed again. */
static void set_protection_and_keep(struct reading *r, const struct match *m)
{
	set_protection(r, m);
	reading_extra(r, m);
}

static void set_if_state(struct reading *r, const struct match *m)
{
	reading_tunnel(r)->if_state_nhrp = sets(m);
}

static void set_fall_over(struct reading *r, const struct match *m)
{
	struct config_tunnel *t = reading_tunnel(r);
	const bool on = m->sign != SIGN_NO;

	if (match_has(m, "bfd"))
		t->fall_over_bfd = on;
	else if (match_has(m, "relay"))
		t->fall_over_relay = on;
	else
		t->fall_over_bgp = on;
}

static void set_nhrp_bfd(struct reading *r, const struct match *m)
{
	reading_tunnel(r)->no_bfd = m->sign == SIGN_NO;
}

static void set_route_hold(struct reading *r, const struct match *m)
{
	struct config_tunnel *t = reading_tunnel(r);

	t->has_route_hold = m->sign != SIGN_DEFAULT;
	t->route_hold_s = sets(m) ? (uint16_t)match_arg(m, 0)->number : 0;
}

static void set_warm(struct reading *r, const struct match *m)
{
	struct config_tunnel *const t = reading_tunnel(r);
	const struct item *every = match_after(m, "every"), *delay = match_after(m, "delay");
	char kernel[16];

	if (sets(m) && !config_ifname(match_arg(m, 0)->text, NULL, kernel))
		return;
	reading_replace(r, &t->warm_behind, sets(m) ? kernel : NULL);
	t->warm_every_s = every ? (uint16_t)every->number : WARM_EVERY_S;
	t->warm_delay_s = delay ? (uint32_t)delay->number : WARM_DELAY_S;
}

const struct command commands_tunnel[] = {
	{ "tunnel source (<ip>|<ip6>|<if>)", HONOURED, NULL, set_source },
	{ "tunnel source dynamic", TRAFFIC, "the source is taken from an interface or given as an address" },
	{ "tunnel destination <host>", HONOURED, NULL, set_destination },
	{ "tunnel destination dynamic", TRAFFIC, "a far end learned from elsewhere is not done" },
	{ "tunnel mode gre multipoint [(ip|ipv6)]", HONOURED, NULL, set_mode },
	{ "tunnel mode gre (ip|ipv6)", HONOURED, NULL, set_mode },
	{ "tunnel mode <*>", TRAFFIC, "only GRE tunnels are done: tunnel mode gre multipoint or gre ip" },
	{ "tunnel key <0-4294967295>", HONOURED, NULL, set_key },
	{ "tunnel vrf <word>", HONOURED, NULL, set_tunnel_vrf },
	{ "tunnel ttl <1-255>", HONOURED, NULL, set_ttl },
	{ "tunnel path-mtu-discovery [<*>]", HONOURED, NULL, set_pmtud },
	{ "tunnel protection ipsec profile <word> [shared]", HONOURED, NULL, set_protection },
	{ "tunnel protection ipsec profile <word> [shared] (ikev2-profile|isakmp-profile) <word>", TRAFFIC,
	  "the IKE profile is taken from the IPsec profile", set_protection_and_keep },
	{ "tunnel protection ipsec policy <*>", TRAFFIC, "the protected traffic is the tunnel's GRE" },
	{ "tunnel protection vici profile <word>", HONOURED, NULL, set_protection },
	{ "tunnel route-via <if> (preferred|mandatory)", TRAFFIC,
	  "does not work together with IPsec; put the uplink into a VRF and use tunnel vrf" },
	{ "tunnel checksum", TRAFFIC, "GRE checksums are not sent" },
	{ "tunnel sequence-datagrams", TRAFFIC, "GRE sequence numbers are not sent" },
	{ "tunnel tos <0-255>", UNSUPPORTED, "the inner packet's TOS is copied" },
	{ "tunnel bandwidth (receive|transmit) <1-4294967295>", NO_EFFECT, "a hint without effect here" },
	{ "tunnel flow egress-records", NO_EFFECT, "flow records are not written" },
	{ "tunnel (rbscp|udlr|entropy|6rd) [<*>]", TRAFFIC, "the tunnel carries GRE and nothing beside" },
	{ "tunnel endpoint service-policy <*>", NO_EFFECT, "quality of service is left to the system" },
	{ "keepalive [<*>]", UNSUPPORTED, "GRE keepalives are not sent; BFD and NHRP watch the far end" },
	{ "if-state nhrp", HONOURED, NULL, set_if_state },
	{ "nhrp fall-over (bgp|bfd|relay)", HONOURED, NULL, set_fall_over },
	{ "nhrp bfd", HONOURED, NULL, set_nhrp_bfd },
	{ "nhrp route-hold <1-300>", HONOURED, NULL, set_route_hold },
	{ "nhrp warm <if> [every <10-3600>] [delay <0-86400>]", HONOURED, NULL, set_warm },
	{ "nhrp route-watch", UNSUPPORTED, "shortcuts always follow the route that covers them", .keeping = TOGGLE },
	{ "nhrp nflog-group <1-65535>", NO_EFFECT, "the redirect trigger is set up by the daemon itself" },
	{ "nhrp map group <word> service-policy output <word>", HONOURED },
	{ "nhrp group <word>", HONOURED, .keeping = SINGLE },
	{ "nhrp attribute <*>", NO_EFFECT, "a group is said by nhrp group" },
	{ "mpls nhrp", TRAFFIC, "MPLS is not done" },
	{ "nhrp event-publisher <*>", NO_EFFECT, "events go to the log" },
	{ NULL },
};
