/* plan_routing: the routing part of a router's file, one section a protocol. */
#include "design/plan.h"

enum { AS_OVERLAY = 65000, AS_CORE = 65010, IGP_NUMBER = 100, LISTEN_DEFAULT = 100, SECOND_UPLINK_COST = 100 };

bool plan_core_has_bfd(const struct plan *p)
{
	return p->is.hubs > 1 && (p->is.routing == PLAN_BGP || p->is.routing == PLAN_OSPF);
}

static const struct plan_tunnel *first_tunnel(const struct plan *p, enum plan_role role, unsigned number)
{
	size_t i = 0;

	while (role == PLAN_HUB && !plan_hub_in(&p->tunnels[i], number))
		i++;
	return &p->tunnels[i];
}

static struct ipaddr router_id(const struct plan *p, enum plan_role role, unsigned number)
{
	const struct plan_tunnel *t = role == PLAN_CORE ? NULL : first_tunnel(p, role, number);
	const struct ipprefix lan = plan_core_lan();

	if (!t)
		return plan_host(&lan, 1);
	return role == PLAN_HUB ? plan_hub_address(t, number) : plan_spoke_address(t, number);
}

static bool prefers(const struct plan *p)
{
	return p->is.balance == PLAN_PRIMARY && p->is.hubs > 1;
}

static bool runs_in(const struct plan_tunnel *t, enum plan_role role, unsigned number)
{
	return role == PLAN_SPOKE || plan_hub_in(t, number);
}

static unsigned inside_port(const struct plan *p, enum plan_role role)
{
	return role == PLAN_CORE ? p->is.hubs : p->is.uplinks;
}

static bool has_lan(const struct plan *p, enum plan_role role)
{
	return role != PLAN_HUB || p->is.hubs == 1;
}

static struct ipprefix lan_of(enum plan_role role, unsigned number)
{
	return role == PLAN_SPOKE ? plan_spoke_lan(number) : plan_core_lan();
}

/* ---- BGP ---- */

static void bgp_network(const struct ipprefix lan, FILE *out)
{
	fprintf(out, " network %s mask %s\n", plan_ip(lan.addr).text, plan_mask(lan.len).text);
}

static void bgp_core_neighbour(struct ipaddr a, unsigned as, FILE *out)
{
	const struct plan_ip_text n = plan_ip(a);

	fprintf(out, " neighbor %s remote-as %u\n neighbor %s fall-over bfd\n neighbor %s timers 1 3\n neighbor %s advertisement-interval 0\n",
		n.text, as, n.text, n.text, n.text);
}

static void bgp_watch(const struct plan *p, const char *neighbour, FILE *out)
{
	if (p->timers.bfd_ms)
		fprintf(out, " neighbor %s fall-over bfd\n", neighbour);
	fprintf(out, " neighbor %s timers %u %u\n", neighbour, p->timers.hello_s, p->timers.dead_s);
}

static void bgp_listen(const struct plan *p, const struct plan_tunnel *t, FILE *out)
{
	char group[20];

	snprintf(group, sizeof group, "TUNNEL%u", t->number);
	fprintf(out, " bgp listen range %s peer-group %s\n neighbor %s peer-group\n neighbor %s remote-as %d\n", plan_prefix(t->subnet).text, group, group,
		group, AS_OVERLAY);
	bgp_watch(p, group, out);
	fprintf(out, " neighbor %s route-reflector-client\n", group);
	if (p->is.phase == 2)
		fputs(" ! Spokes stay the next hop of what they announce, so that others go there directly.\n", out);
	fprintf(out, " neighbor %s next-hop-self%s\n", group, p->is.phase == 2 ? "" : " all");
	if (t->uplink > 1)
		fprintf(out, " neighbor %s route-map SECOND in\n", group);
}

static void bgp_second(const struct plan *p, FILE *out)
{
	if (p->is.uplinks > 1)
		fputs("!\nroute-map SECOND permit 10\n set local-preference 90\n", out);
}

static void bgp_hub(const struct plan *p, unsigned hub, FILE *out)
{
	const struct ipprefix link = plan_core_link(hub);
	const unsigned spokes = p->is.spokes * plan_hub_tunnels(p);
	const struct plan_ip_text core = plan_ip(plan_host(&link, 2));

	if (spokes > LISTEN_DEFAULT)
		fprintf(out, " bgp listen limit %u\n", spokes);
	for (size_t i = 0; i < p->tunnel_count; i++) {
		if (plan_hub_in(&p->tunnels[i], hub))
			bgp_listen(p, &p->tunnels[i], out);
	}
	if (p->is.hubs > 1)
		bgp_core_neighbour(plan_host(&link, 2), AS_CORE, out);
	else
		bgp_network(plan_core_lan(), out);
	if (prefers(p))
		fprintf(out, " neighbor %s route-map TO-CORE out\n!\n"
			"! A spoke marks what it announces to the hub that it prefers; the core's way back agrees.\n"
			"ip community-list standard PREFERRED permit %d:1\n!\n"
			"route-map TO-CORE permit 10\n match community PREFERRED\n set metric 50\nroute-map TO-CORE permit 20\n set metric 100\n",
			core.text, AS_OVERLAY);
	bgp_second(p, out);
}

/* The route-map that a spoke reads a hub's routes by; NULL: none. */
static const char *bgp_preference(const struct plan *p, const struct plan_tunnel *t, unsigned spoke, unsigned hub)
{
	const bool preferred = hub == plan_primary_hub(p, spoke);

	if (preferred)
		return t->uplink > 1 ? "PREFERRED-SECOND" : "PREFERRED";
	return t->uplink > 1 ? "SECOND" : NULL;
}

static void bgp_spoke_neighbour(const struct plan *p, const struct plan_tunnel *t, unsigned spoke, unsigned hub, FILE *out)
{
	const struct plan_ip_text n = plan_ip(plan_hub_address(t, hub));
	const char *map = bgp_preference(p, t, spoke, hub);

	fprintf(out, " neighbor %s remote-as %d\n", n.text, AS_OVERLAY);
	bgp_watch(p, n.text, out);
	if (map)
		fprintf(out, " neighbor %s route-map %s in\n", n.text, map);
	if (hub == plan_primary_hub(p, spoke))
		fprintf(out, " neighbor %s send-community\n neighbor %s route-map MARK out\n", n.text, n.text);
}

static void bgp_spoke(const struct plan *p, unsigned spoke, FILE *out)
{
	bgp_network(plan_spoke_lan(spoke), out);
	for (size_t i = 0; i < p->tunnel_count; i++) {
		for (unsigned h = 1; h <= p->is.hubs; h++) {
			if (plan_hub_in(&p->tunnels[i], h))
				bgp_spoke_neighbour(p, &p->tunnels[i], spoke, h, out);
		}
	}
	if (!prefers(p) && p->is.hubs > 1)
		fprintf(out, " ! All hubs carry traffic.\n maximum-paths ibgp %u\n", p->is.hubs);
	if (prefers(p))
		fprintf(out, "!\nroute-map PREFERRED permit 10\n set local-preference 200\n!\nroute-map MARK permit 10\n set community %d:1\n", AS_OVERLAY);
	if (prefers(p) && p->is.uplinks > 1)
		fputs("!\nroute-map PREFERRED-SECOND permit 10\n set local-preference 190\n", out);
	bgp_second(p, out);
}

static void bgp_core(const struct plan *p, FILE *out)
{
	bgp_network(plan_core_lan(), out);
	for (unsigned h = 1; h <= p->is.hubs; h++) {
		const struct ipprefix link = plan_core_link(h);

		bgp_core_neighbour(plan_host(&link, 1), AS_OVERLAY, out);
	}
	if (!prefers(p))
		fprintf(out, " maximum-paths %u\n", p->is.hubs);
}

static void write_bgp(const struct plan *p, enum plan_role role, unsigned number, FILE *out)
{
	fprintf(out, "router bgp %d\n bgp router-id %s\n bgp log-neighbor-changes\n", role == PLAN_CORE ? AS_CORE : AS_OVERLAY,
		plan_ip(router_id(p, role, number)).text);
	if (role == PLAN_HUB)
		bgp_hub(p, number, out);
	else if (role == PLAN_SPOKE)
		bgp_spoke(p, number, out);
	else
		bgp_core(p, out);
}

/* ---- OSPF ---- */

static bool has_designated_router(const struct plan *p)
{
	return p->is.phase == 2;
}

static void ospf_hellos(const struct plan *p, bool bfd, FILE *out)
{
	fprintf(out, " ip ospf hello-interval %u\n ip ospf dead-interval %u\n ip ospf retransmit-interval 1\n%s", p->timers.hello_s, p->timers.dead_s,
		bfd ? " ip ospf bfd\n" : "");
}

/* Of several hubs the first is the designated router, the second its backup; spokes never are. */
static unsigned ospf_priority(const struct plan_tunnel *t, enum plan_role role, unsigned hub)
{
	if (role == PLAN_SPOKE)
		return 0;
	return t->hub ? 255 : hub == 1 ? 20 : hub == 2 ? 10 : 1;
}

static unsigned ospf_cost(const struct plan *p, const struct plan_tunnel *t)
{
	return (prefers(p) && t->hub ? 10 * t->hub : 10) + (t->uplink - 1) * SECOND_UPLINK_COST;
}

static void ospf_tunnel(const struct plan *p, const struct plan_tunnel *t, enum plan_role role, unsigned number, FILE *out)
{
	fprintf(out, " ip ospf network %s\n", has_designated_router(p) ? "broadcast" : "point-to-multipoint");
	if (has_designated_router(p))
		fprintf(out, " ip ospf priority %u\n", ospf_priority(t, role, number));
	fprintf(out, " ip ospf cost %u\n", ospf_cost(p, t));
	ospf_hellos(p, p->timers.bfd_ms > 0, out);
}

static void ospf_timers(const struct plan *p, enum plan_role role, FILE *out)
{
	const bool together = p->is.design == PLAN_HUBS_IN_ONE_TUNNEL;

	if (together && has_designated_router(p) && role == PLAN_SPOKE)
		fputs(" ! After BFD and probes: what others say of a hub that is cut off must not come before its routes are held.\n"
		      " timers throttle spf 500 100 1000\n", out);
	else
		fprintf(out, " timers throttle spf %u 100 1000\n", together ? 50 : 10);
	fprintf(out, " timers throttle lsa 100 100 1000\n timers lsa arrival %u\n", together ? 0 : 50);
}

static void ospf_network(const struct ipprefix net, unsigned area, FILE *out)
{
	fprintf(out, " network %s %s area %u\n", plan_ip(net.addr).text, plan_wildcard(net.len).text, area);
}

static void ospf_links(const struct plan *p, enum plan_role role, unsigned number, FILE *out)
{
	for (unsigned h = 1; p->is.hubs > 1 && h <= p->is.hubs; h++) {
		if (role == PLAN_CORE || (role == PLAN_HUB && h == number))
			ospf_network(plan_core_link(h), 0, out);
	}
	for (size_t i = 0; role != PLAN_CORE && i < p->tunnel_count; i++) {
		if (runs_in(&p->tunnels[i], role, number))
			ospf_network(p->tunnels[i].subnet, p->ospf_area, out);
	}
}

static void write_ospf(const struct plan *p, enum plan_role role, unsigned number, FILE *out)
{
	fprintf(out, "router ospf 1\n router-id %s\n", plan_ip(router_id(p, role, number)).text);
	ospf_timers(p, role, out);
	if (p->ospf_area && role != PLAN_CORE)
		fprintf(out, " area %u stub\n", p->ospf_area);
	if (has_lan(p, role)) {
		fprintf(out, " passive-interface %s\n", plan_port(inside_port(p, role)).text);
		ospf_network(lan_of(role, number), role == PLAN_SPOKE ? p->ospf_area : 0, out);
	}
	ospf_links(p, role, number, out);
}

/* ---- EIGRP and RIP ---- */

static void eigrp_network(const struct ipprefix net, FILE *out)
{
	fprintf(out, " network %s %s\n", plan_ip(net.addr).text, plan_wildcard(net.len).text);
}

static void write_eigrp(const struct plan *p, enum plan_role role, unsigned number, FILE *out)
{
	fprintf(out, "router eigrp %d\n eigrp router-id %s\n", IGP_NUMBER, plan_ip(router_id(p, role, number)).text);
	if (has_lan(p, role)) {
		fprintf(out, " passive-interface %s\n", plan_port(inside_port(p, role)).text);
		eigrp_network(lan_of(role, number), out);
	}
	for (unsigned h = 1; p->is.hubs > 1 && h <= p->is.hubs; h++) {
		if (role == PLAN_CORE || (role == PLAN_HUB && h == number))
			eigrp_network(plan_core_link(h), out);
	}
	for (size_t i = 0; role != PLAN_CORE && i < p->tunnel_count; i++) {
		if (runs_in(&p->tunnels[i], role, number))
			eigrp_network(p->tunnels[i].subnet, out);
	}
	if (role == PLAN_HUB) {
		fputs(" passive-interface Loopback1\n", out);
		eigrp_network(plan_spoke_lans(p), out);
	}
	fputs(" no auto-summary\n", out);
}

static void write_rip(const struct plan *p, enum plan_role role, FILE *out)
{
	fprintf(out, "router rip\n version 2\n timers basic %u %u %u %u\n network 10.0.0.0\n", p->timers.hello_s, p->timers.dead_s, p->timers.dead_s,
		p->timers.dead_s + p->timers.hello_s);
	if (has_lan(p, role))
		fprintf(out, " passive-interface %s\n", plan_port(inside_port(p, role)).text);
	if (role == PLAN_HUB)
		fputs(" passive-interface Loopback1\n", out);
	fputs(" no auto-summary\n", out);
}

static void eigrp_hellos(const struct plan *p, FILE *out)
{
	fprintf(out, " ip hello-interval eigrp %d %u\n ip hold-time eigrp %d %u\n", IGP_NUMBER, p->timers.hello_s, IGP_NUMBER, p->timers.dead_s);
}

/* ---- static routes ---- */

static void static_route(const struct ipprefix to, struct ipaddr by, FILE *out)
{
	fprintf(out, "ip route %s %s %s\n", plan_ip(to.addr).text, plan_mask(to.len).text, plan_ip(by).text);
}

static void write_static(const struct plan *p, enum plan_role role, FILE *out)
{
	const struct plan_tunnel *t = &p->tunnels[0];

	if (role == PLAN_SPOKE) {
		static_route(plan_core_lan(), plan_hub_address(t, 1), out);
		static_route(plan_spoke_lans(p), plan_hub_address(t, 1), out);
	}
	for (unsigned s = 1; role == PLAN_HUB && s <= p->is.spokes; s++)
		static_route(plan_spoke_lan(s), plan_spoke_address(t, s), out);
}

/* ---- all ---- */

void plan_write_routing_tunnel(const struct plan *p, const struct plan_tunnel *t, enum plan_role role, unsigned number, FILE *out)
{
	if (p->is.routing == PLAN_OSPF)
		ospf_tunnel(p, t, role, number, out);
	else if (p->is.routing == PLAN_EIGRP)
		eigrp_hellos(p, out);
	if (p->is.routing == PLAN_EIGRP && t->uplink > 1)
		fputs(" delay 10000\n", out);
}

void plan_write_routing_inside(const struct plan *p, unsigned hub, FILE *out)
{
	if (p->is.routing == PLAN_OSPF) {
		fprintf(out, " ip ospf network point-to-point\n ip ospf cost %u\n", prefers(p) ? 10 * hub : 10);
		fputs(" ip ospf hello-interval 1\n ip ospf dead-interval 3\n ip ospf retransmit-interval 1\n ip ospf bfd\n", out);
	} else if (p->is.routing == PLAN_EIGRP) {
		eigrp_hellos(p, out);
	}
}

void plan_write_routing(const struct plan *p, enum plan_role role, unsigned number, FILE *out)
{
	switch (p->is.routing) {
	case PLAN_ROUTING_ANY:
	case PLAN_BGP:
		write_bgp(p, role, number, out);
		break;
	case PLAN_OSPF:
		write_ospf(p, role, number, out);
		break;
	case PLAN_EIGRP:
		write_eigrp(p, role, number, out);
		break;
	case PLAN_RIP:
		write_rip(p, role, out);
		break;
	case PLAN_STATIC:
		write_static(p, role, out);
		break;
	}
}
