/* plan_config: a router's file, from its name to its tunnels. What of it is routing: plan_routing.c. */
#include "design/plan.h"

#include <stdlib.h>

enum { TUNNEL_MTU = 1400, TUNNEL_MSS = 1360 };

struct plan_ip_text plan_port(unsigned number)
{
	struct plan_ip_text t;

	snprintf(t.text, sizeof t.text, "GigabitEthernet0/%u", number);
	return t;
}

static void separator(FILE *out)
{
	fputs("!\n", out);
}

static void write_head(const struct plan *p, enum plan_role role, unsigned number, FILE *out)
{
	char *wish = plan_wish_text(&p->wish);

	if (role == PLAN_CORE)
		fputs("hostname core\n", out);
	else
		fprintf(out, "hostname %s%u\n", role == PLAN_HUB ? "hub" : "spoke", number);
	fprintf(out, "!\n! dmvpn plan %s\n!\n", wish ? wish : "");
	free(wish);
}

/* ---- uplinks ---- */

static void write_vrfs(const struct plan *p, FILE *out)
{
	if (!p->fvrf)
		return;
	fputs("! Each way to the internet lies in a VRF of its own: the providers' default routes never meet,\n"
	      "! and only the tunnels look into them.\n", out);
	for (unsigned u = 1; u <= p->is.uplinks; u++)
		fprintf(out, "vrf definition ISP%u\n address-family ipv4\n exit-address-family\n!\n", u);
}

static void write_uplink(const struct plan *p, enum plan_role role, unsigned number, unsigned u, FILE *out)
{
	const bool dhcp = role == PLAN_SPOKE && p->is.addresses == PLAN_DHCP;
	const struct ipaddr own = role == PLAN_HUB ? plan_hub_uplink(number, u) : plan_spoke_uplink(number, u);
	const struct ipaddr gateway = role == PLAN_HUB ? plan_hub_gateway(number, u) : plan_spoke_gateway(number, u);

	fprintf(out, "interface %s\n", plan_port(u - 1).text);
	if (p->is.uplinks > 1)
		fprintf(out, " description to the internet by provider %u\n", u);
	else
		fputs(" description to the internet\n", out);
	if (p->fvrf)
		fprintf(out, " vrf forwarding ISP%u\n", u);
	if (dhcp)
		fputs(" ip address dhcp\n", out);
	else
		fprintf(out, " ip address %s %s\n", plan_ip(own).text, plan_mask(30).text);
	fputs(" no shutdown\n!\n", out);
	if (dhcp)
		return;
	if (p->fvrf)
		fprintf(out, "ip route vrf ISP%u 0.0.0.0 0.0.0.0 %s\n!\n", u, plan_ip(gateway).text);
	else
		fprintf(out, "ip route 0.0.0.0 0.0.0.0 %s\n!\n", plan_ip(gateway).text);
}

/* ---- the inside ---- */

static void write_lan(const struct ipprefix *lan, unsigned port, const char *whose, unsigned number, FILE *out)
{
	fprintf(out, "interface %s\n description LAN of %s", plan_port(port).text, whose);
	if (number)
		fprintf(out, " %u", number);
	fprintf(out, "\n ip address %s %s\n no shutdown\n!\n", plan_ip(plan_host(lan, 1)).text, plan_mask(lan->len).text);
}

static void write_core_link(const struct plan *p, unsigned hub, bool is_hub, FILE *out)
{
	const struct ipprefix link = plan_core_link(hub);

	fprintf(out, "interface %s\n", plan_port(is_hub ? p->is.uplinks : hub - 1).text);
	if (is_hub)
		fputs(" description to the core router\n", out);
	else
		fprintf(out, " description to hub%u\n", hub);
	fprintf(out, " ip address %s %s\n", plan_ip(plan_host(&link, is_hub ? 1 : 2)).text, plan_mask(link.len).text);
	plan_write_routing_inside(p, hub, out);
	if (plan_core_has_bfd(p))
		fprintf(out, " bfd interval %d min_rx %d multiplier 3\n", PLAN_CORE_BFD_MS, PLAN_CORE_BFD_MS);
	fputs(" no shutdown\n!\n", out);
}

static void write_inside(const struct plan *p, enum plan_role role, unsigned number, FILE *out)
{
	const struct ipprefix centre = plan_core_lan(), site = plan_spoke_lan(number);

	if (role == PLAN_CORE) {
		for (unsigned h = 1; h <= p->is.hubs; h++)
			write_core_link(p, h, false, out);
		write_lan(&centre, p->is.hubs, "the data centre", 0, out);
	} else if (role == PLAN_SPOKE) {
		write_lan(&site, p->is.uplinks, "site", number, out);
	} else if (p->is.hubs > 1) {
		write_core_link(p, number, true, out);
	} else {
		write_lan(&centre, p->is.uplinks, "the data centre", 0, out);
	}
	if (role == PLAN_HUB && p->summary && p->is.routing != PLAN_STATIC) {
		const struct ipprefix all = plan_spoke_lans(p);

		fprintf(out, "! Only announced: what spokes are told of all spokes' LANs. Each spoke's own route is longer.\n"
			"interface Loopback1\n ip address %s %s\n!\n", plan_ip(plan_host(&all, number)).text, plan_mask(all.len).text);
	}
}

/* ---- protection ---- */

static void write_ikev2_profile(const struct plan *p, const char *name, FILE *out)
{
	const bool certificates = p->is.protection == PLAN_CERTIFICATES;
	const char *how = certificates ? "ecdsa-sig" : "pre-share";

	fputs("crypto ikev2 profile DMVPN\n", out);
	if (p->fvrf)
		fputs(" match fvrf any\n", out);
	fprintf(out, " match identity remote any\n identity local fqdn %s\n authentication local %s\n authentication remote %s\n", name, how, how);
	fputs(certificates ? " pki trustpoint DMVPN\n!\n" : " keyring local DMVPN\n!\n", out);
}

static void write_protection(const struct plan *p, const struct plan_secrets *s, enum plan_role role, unsigned number, FILE *out)
{
	char name[24];

	if (p->is.protection == PLAN_UNPROTECTED)
		return;
	snprintf(name, sizeof name, "%s%u", role == PLAN_HUB ? "hub" : "spoke", number);
	if (p->is.protection == PLAN_CERTIFICATES)
		fputs("crypto pki trustpoint DMVPN\n ca-file ca.crt\n certificate-file router.crt\n key-file router.key\n!\n", out);
	if (role == PLAN_HUB && p->is.platform == PLAN_CISCO)
		fputs("! After a hub's return all spokes call at once: so many are let in at a time.\ncrypto call admission limit ike in-negotiation-sa 100\n!\n", out);
	fprintf(out, "crypto ikev2 proposal DMVPN\n encryption aes-gcm-128\n prf sha256\n group 19\ncrypto ikev2 policy DMVPN\n%s proposal DMVPN\n",
		p->fvrf ? " match fvrf any\n" : "");
	if (p->is.protection == PLAN_SHARED_KEY)
		fprintf(out, "crypto ikev2 keyring DMVPN\n peer ANY\n  address 0.0.0.0 0.0.0.0\n  pre-shared-key %s\n", s->pre_shared_key);
	write_ikev2_profile(p, name, out);
	fputs("crypto ipsec transform-set DMVPN esp-gcm\n mode transport\ncrypto ipsec profile DMVPN\n set transform-set DMVPN\n set ikev2-profile DMVPN\n!\n", out);
}

/* ---- tunnels ---- */

static void write_nhrp(const struct plan *p, const struct plan_secrets *s, const struct plan_tunnel *t, FILE *out)
{
	if (p->is.protection != PLAN_UNPROTECTED)
		fprintf(out, " ip nhrp authentication %s\n", s->nhrp_authentication);
	fprintf(out, " ip nhrp network-id %u\n ip nhrp holdtime %u\n", t->network_id, p->timers.holdtime_s);
}

static void write_tunnel_end(const struct plan *p, const struct plan_tunnel *t, bool shared, FILE *out)
{
	if (t->has_key)
		fprintf(out, " tunnel key %u\n", t->network_id);
	if (p->fvrf)
		fprintf(out, " tunnel vrf ISP%u\n", t->uplink);
	if (p->is.protection != PLAN_UNPROTECTED)
		fprintf(out, " tunnel protection ipsec profile DMVPN%s\n", shared ? " shared" : "");
	separator(out);
}

static void write_bfd(const struct plan *p, FILE *out)
{
	if (p->timers.bfd_ms)
		fprintf(out, " bfd interval %u min_rx %u multiplier %u\n", p->timers.bfd_ms, p->timers.bfd_ms, p->timers.bfd_multiplier);
}

static void write_tunnel_begin(const struct plan_tunnel *t, struct ipaddr own, FILE *out)
{
	fprintf(out, "interface Tunnel%u\n ip address %s %s\n ip mtu %d\n ip tcp adjust-mss %d\n", t->number, plan_ip(own).text,
		plan_mask(t->subnet.len).text, TUNNEL_MTU, TUNNEL_MSS);
}

/* The other hubs of the tunnel. OSPF's hold their routes for each other when the designated router dies, so they are registered. */
static void write_other_hubs(const struct plan *p, const struct plan_tunnel *t, unsigned hub, FILE *out)
{
	const bool registered = p->is.routing == PLAN_OSPF && p->is.phase == 2;

	if (t->hub || p->is.hubs == 1)
		return;
	if (registered)
		fprintf(out, " ip nhrp registration timeout %u\n", p->timers.registration_s);
	for (unsigned h = 1; h <= p->is.hubs; h++) {
		const struct ipaddr nbma = plan_hub_uplink(h, t->uplink), address = plan_hub_address(t, h);

		if (h == hub)
			continue;
		if (registered)
			fprintf(out, " ip nhrp nhs %s nbma %s multicast\n", plan_ip(address).text, plan_ip(nbma).text);
		else
			fprintf(out, " ip nhrp map %s %s\n ip nhrp map multicast %s\n", plan_ip(address).text, plan_ip(nbma).text, plan_ip(nbma).text);
	}
}

static void write_hub_tunnel(const struct plan *p, const struct plan_secrets *s, const struct plan_tunnel *t, unsigned hub, FILE *out)
{
	write_tunnel_begin(t, plan_hub_address(t, hub), out);
	write_nhrp(p, s, t, out);
	if (p->timers.max_send)
		fprintf(out, " ip nhrp max-send %u every 10\n", p->timers.max_send);
	fputs(" ip nhrp map multicast dynamic\n", out);
	write_other_hubs(p, t, hub, out);
	if (p->is.phase == 3)
		fputs(" ip nhrp redirect\n", out);
	plan_write_routing_tunnel(p, t, PLAN_HUB, hub, out);
	write_bfd(p, out);
	fprintf(out, " tunnel source %s\n tunnel mode gre multipoint\n", plan_port(t->uplink - 1).text);
	write_tunnel_end(p, t, false, out);
}

/* The hub that a spoke names first: where several are equal each spoke begins with another one. */
static unsigned first_hub(const struct plan *p, const struct plan_tunnel *t, unsigned spoke)
{
	const unsigned primary = plan_primary_hub(p, spoke);

	return t->hub ? t->hub : primary ? primary : (spoke - 1) % p->is.hubs + 1;
}

static void write_servers(const struct plan *p, const struct plan_tunnel *t, unsigned spoke, FILE *out)
{
	const unsigned first = first_hub(p, t, spoke), count = t->hub ? 1 : p->is.hubs;

	fprintf(out, " ip nhrp registration timeout %u\n", p->timers.registration_s);
	if (p->is.addresses == PLAN_DHCP)
		fputs(" ip nhrp registration no-unique\n", out);
	for (unsigned i = 0; i < count; i++) {
		const unsigned h = t->hub ? t->hub : (first - 1 + i) % p->is.hubs + 1;

		fprintf(out, " ip nhrp nhs %s nbma %s multicast", plan_ip(plan_hub_address(t, h)).text, plan_ip(plan_hub_uplink(h, t->uplink)).text);
		if (!plan_is_multipoint(p) && count > 1)
			fprintf(out, " priority %u", i + 1);
		fputc('\n', out);
	}
}

static void write_spoke_tunnel(const struct plan *p, const struct plan_secrets *s, const struct plan_tunnel *t, unsigned spoke, FILE *out)
{
	const bool follows_nhrp = t->hub && (p->is.platform == PLAN_CISCO || p->is.routing == PLAN_EIGRP || p->is.routing == PLAN_RIP);

	write_tunnel_begin(t, plan_spoke_address(t, spoke), out);
	write_nhrp(p, s, t, out);
	write_servers(p, t, spoke, out);
	if (p->is.phase == 3)
		fputs(" ip nhrp shortcut\n", out);
	plan_write_routing_tunnel(p, t, PLAN_SPOKE, spoke, out);
	write_bfd(p, out);
	if (follows_nhrp)
		fputs(" ! Down when its hub is: routing need not wait for its own timers.\n if-state nhrp\n", out);
	fprintf(out, " tunnel source %s\n", plan_port(t->uplink - 1).text);
	if (plan_is_multipoint(p))
		fputs(" tunnel mode gre multipoint\n", out);
	else
		fprintf(out, " tunnel destination %s\n", plan_ip(plan_hub_uplink(first_hub(p, t, spoke), t->uplink)).text);
	write_tunnel_end(p, t, plan_shares_source(p), out);
}

static void write_tunnels(const struct plan *p, const struct plan_secrets *s, enum plan_role role, unsigned number, FILE *out)
{
	for (size_t i = 0; i < p->tunnel_count; i++) {
		const struct plan_tunnel *t = &p->tunnels[i];

		if (role == PLAN_SPOKE)
			write_spoke_tunnel(p, s, t, number, out);
		else if (plan_hub_in(t, number))
			write_hub_tunnel(p, s, t, number, out);
	}
}

void plan_write_config(const struct plan *p, const struct plan_secrets *s, enum plan_role role, unsigned number, FILE *out)
{
	write_head(p, role, number, out);
	if (role != PLAN_CORE) {
		write_vrfs(p, out);
		for (unsigned u = 1; u <= p->is.uplinks; u++)
			write_uplink(p, role, number, u, out);
	}
	write_inside(p, role, number, out);
	if (role != PLAN_CORE) {
		write_protection(p, s, role, number, out);
		write_tunnels(p, s, role, number, out);
	}
	plan_write_routing(p, role, number, out);
	fputs("end\n", out);
}
