#include "lab/net.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lab/memory.h"
#include "lab/net_filter.h"
#include "lab/run.h"

static const char *const node_sysctls[] = {
	"net/ipv4/conf/all/rp_filter=0", "net/ipv4/conf/default/rp_filter=0",
	"net/ipv4/conf/all/accept_redirects=0", "net/ipv4/conf/default/accept_redirects=0",
	"net/ipv4/conf/all/send_redirects=0", "net/ipv4/conf/default/send_redirects=0",
	/* Path discovery asks every router several times in a row. */
	"net/ipv4/icmp_ratelimit=0", "net/ipv4/icmp_msgs_per_sec=100000", "net/ipv4/icmp_msgs_burst=10000",
	"net/ipv6/icmp/ratelimit=0",
	"net/ipv6/conf/all/disable_ipv6=0", "net/ipv6/conf/default/disable_ipv6=0",
	"net/ipv6/conf/all/accept_dad=0", "net/ipv6/conf/default/accept_dad=0",
	"net/ipv6/conf/default/dad_transmits=0", "net/ipv6/conf/default/accept_ra=0",
	"net/ipv6/conf/all/keep_addr_on_down=1", "net/ipv6/conf/default/keep_addr_on_down=1",
	NULL
};

static const char *const router_sysctls[] = {
	"net/ipv4/ip_forward=1", "net/ipv6/conf/all/forwarding=1", "net/ipv6/conf/default/forwarding=1",
	/* As on IOS: a route whose interface lost its line is no route. */
	"net/ipv4/conf/all/ignore_routes_with_linkdown=1",
	"net/ipv4/conf/default/ignore_routes_with_linkdown=1",
	"net/ipv6/conf/all/ignore_routes_with_linkdown=1",
	"net/ipv6/conf/default/ignore_routes_with_linkdown=1",
	NULL
};

static const char *const host_sysctls[] = {
	/* A label made from the ports would send the probes and the path discovery, which has other
	 * ports, over different ones of several equal paths. */
	"net/ipv6/auto_flowlabels=0",
	NULL
};

static bool needs_switch(const struct lab_segment *s) { return s->port_count > 2; }

static bool has_switches(const struct lab *lab)
{
	for (size_t i = 0; i < lab->plan->segment_count; i++)
		if (needs_switch(&lab->plan->segments[i]))
			return true;
	return false;
}

static void switch_netns(const struct lab *lab, char out[128])
{
	snprintf(out, 128, "%s-switch", lab->name);
}

static int ip_batch(const char *netns, const char *text, bool force, char *error, size_t size)
{
	char *plain[] = { "ip", "-batch", "-", NULL };
	char *forced[] = { "ip", "-force", "-batch", "-", NULL };
	char *output;
	int r = run_wait(netns, force ? forced : plain, text, &output);

	if (!force && r != 0)
		snprintf(error, size, "%s: ip: %.200s", netns ? netns : "lab", output ? output : strerror(-r));
	free(output);
	return force || r == 0 ? 0 : 2;
}

static int netns_add(const char *name, bool router, char *error, size_t size)
{
	char *argv[] = { "ip", "netns", "add", (char *)(uintptr_t)name, NULL };
	char *output;
	int r = run_wait(NULL, argv, NULL, &output);

	if (r != 0)
		snprintf(error, size, "cannot make namespace %s: %.200s", name, output ? output : strerror(-r));
	free(output);
	if (r != 0)
		return 2;
	if (run_sysctls(name, node_sysctls) < 0 || run_sysctls(name, router ? router_sysctls : host_sysctls) < 0) {
		snprintf(error, size, "cannot set up namespace %s", name);
		return 2;
	}
	return ip_batch(name, "link set lo up\n", false, error, size);
}

void netns_delete(const char *name)
{
	char *argv[] = { "ip", "netns", "delete", (char *)(uintptr_t)name, NULL };
	char path[160];

	snprintf(path, sizeof(path), "/run/netns/%s", name);
	if (access(path, F_OK) == 0)
		run_wait(NULL, argv, NULL, NULL);
}

static void text_add(char **text, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void text_add(char **text, const char *format, ...)
{
	char *line = NULL, *joined;
	va_list args;
	int n;

	va_start(args, format);
	n = vasprintf(&line, format, args);
	va_end(args);
	if (n < 0)
		abort();
	joined = lab_printf("%s%s\n", *text ? *text : "", line);
	free(line);
	free(*text);
	*text = joined;
}

/* Cables of a segment. With `only` set, those of that router (after a power cut). */
static void cable_lines(const struct lab *lab, size_t segment, const size_t *only, char **text)
{
	const struct lab_segment *s = &lab->plan->segments[segment];
	char a[128], b[128];

	if (!needs_switch(s)) {
		if (s->port_count < 2)
			return;
		lab_netns(lab, s->ports[0].node, s->ports[0].index, a);
		lab_netns(lab, s->ports[1].node, s->ports[1].index, b);
		if (!only || lab_segment_port(s, NODE_ROUTER, *only))
			text_add(text, "link add name %s netns %s type veth peer name %s netns %s",
				 s->ports[0].ifname, a, s->ports[1].ifname, b);
		return;
	}
	switch_netns(lab, b);
	for (size_t i = 0; i < s->port_count; i++) {
		if (only && (s->ports[i].node != NODE_ROUTER || s->ports[i].index != *only))
			continue;
		lab_netns(lab, s->ports[i].node, s->ports[i].index, a);
		text_add(text, "link add name %s netns %s type veth peer name s%zup%zu netns %s",
			 s->ports[i].ifname, a, segment, i, b);
	}
}

/* The switch's side of a segment: a bridge, and the ports that it has now. */
static void switch_lines(const struct lab *lab, size_t segment, char **text)
{
	const struct lab_segment *s = &lab->plan->segments[segment];

	if (!needs_switch(s))
		return;
	text_add(text, "link add name br%zu type bridge", segment);
	text_add(text, "link set br%zu up", segment);
	for (size_t i = 0; i < s->port_count; i++)
		text_add(text, "link set s%zup%zu master br%zu up", segment, i, segment);
}

static void route_line(const struct lab_route *r, char **text)
{
	char dst[IPPREFIX_TEXT_MAX], gateway[IPADDR_TEXT_MAX];
	bool discard = strncmp(r->ifname, "Null", 4) == 0;

	text_add(text, "route replace %s%s%s%s%s%s table %u", discard ? "blackhole " : "",
		 ipprefix_format(&r->dst, dst), ipaddr_is_none(&r->gateway) ? "" : " via ",
		 ipaddr_is_none(&r->gateway) ? "" : ipaddr_format(&r->gateway, gateway),
		 r->ifname[0] && !discard ? " dev " : "", discard ? "" : r->ifname,
		 r->vrf ? LAB_TABLE_OF_VRF + r->vrf : 254u);
}

static void route_lines(const struct lab *lab, enum lab_node node, size_t index, char **text)
{
	for (size_t i = 0; i < lab->plan->route_count; i++)
		if (lab->plan->routes[i].node == node && lab->plan->routes[i].index == index)
			route_line(&lab->plan->routes[i], text);
}

static void port_lines(const struct lab_port *p, char **text)
{
	char a[IPADDR_TEXT_MAX];

	for (size_t i = 0; i < p->address_count; i++)
		text_add(text, "addr replace %s/%u dev %s%s", ipaddr_format(&p->addresses[i].addr, a),
			 p->addresses[i].len, p->ifname, p->addresses[i].addr.family == IP_V6 ? " nodad" : "");
	text_add(text, "link set %s up", p->ifname);
}

/* Interfaces without a cable: loopbacks, and those that are shut down. */
static void dummy_lines(const struct config *c, char **text)
{
	for (size_t i = 0; i < c->interface_count; i++) {
		const struct config_interface *f = &c->interfaces[i];
		struct lab_port p = { 0 };
		bool loopback = strncasecmp(f->ios_name, "Loopback", 8) == 0;

		if (f->is_tunnel || !(loopback || f->shutdown))
			continue;
		text_add(text, "link add name %s type dummy", f->name);
		/* Fails where that did not: a kernel without dummies has pairs of links. */
		text_add(text, "link add name %s type veth peer name far%zu", f->name, i);
		text_add(text, "link set far%zu up", i);
		if (f->shutdown)
			continue;
		snprintf(p.ifname, sizeof(p.ifname), "%s", f->name);
		for (size_t k = 0; k < f->address_count; k++) {
			struct lab_address *a = lab_append(&p.addresses, &p.address_count, sizeof(*a));

			*a = (struct lab_address){ f->addresses[k].addr, f->addresses[k].prefix_len };
		}
		port_lines(&p, text);
		free(p.addresses);
	}
}

int net_router_routes(const struct lab *lab, size_t router, char *error, size_t size)
{
	char netns[128], *text = NULL;
	int r;

	lab_netns(lab, NODE_ROUTER, router, netns);
	route_lines(lab, NODE_ROUTER, router, &text);
	r = text ? ip_batch(netns, text, true, error, size) : 0;
	free(text);
	return r;
}

int net_configure_router(const struct lab *lab, size_t router, char *error, size_t size)
{
	char netns[128], *text = NULL;
	int r;

	lab_netns(lab, NODE_ROUTER, router, netns);
	dummy_lines(lab->plan->routers[router].config, &text);
	for (size_t i = 0; i < lab->plan->segment_count; i++)
		for (size_t k = 0; k < lab->plan->segments[i].port_count; k++) {
			const struct lab_port *p = &lab->plan->segments[i].ports[k];

			if (p->node != NODE_ROUTER || p->index != router)
				continue;
			port_lines(p, &text);
		}
	route_lines(lab, NODE_ROUTER, router, &text);
	/* Forced: what is there already makes `add` fail, and that is fine. */
	r = text ? ip_batch(netns, text, true, error, size) : 0;
	free(text);
	return r;
}

/* The internet node, or a NAT box. */
static int configure_transit(const struct lab *lab, enum lab_node node, size_t index, char *error, size_t size)
{
	char netns[128], *text = NULL;
	int r;

	lab_netns(lab, node, index, netns);
	for (size_t i = 0; i < lab->plan->segment_count; i++) {
		const struct lab_port *p = lab_segment_port(&lab->plan->segments[i], node, index);

		if (p)
			port_lines(p, &text);
	}
	route_lines(lab, node, index, &text);
	r = text ? ip_batch(netns, text, true, error, size) : 0;
	free(text);
	return r;
}

static int configure_transits(const struct lab *lab, char *error, size_t size)
{
	int r = lab->plan->internet ? configure_transit(lab, NODE_INTERNET, 0, error, size) : 0;

	for (size_t i = 0; i < lab->plan->nat_count && r == 0; i++)
		r = configure_transit(lab, NODE_NAT, i, error, size);
	return r;
}

static int configure_host(const struct lab *lab, size_t host, char *error, size_t size)
{
	const struct lab_host *h = &lab->plan->hosts[host];
	const struct lab_port *p = lab_segment_port(&lab->plan->segments[h->segment], NODE_HOST, host);
	char netns[128], a[IPADDR_TEXT_MAX], *text = NULL;
	int r;

	lab_netns(lab, NODE_HOST, host, netns);
	port_lines(p, &text);
	if (!ipaddr_is_none(&h->gateway4))
		text_add(&text, "route replace 0.0.0.0/0 via %s", ipaddr_format(&h->gateway4, a));
	if (!ipaddr_is_none(&h->gateway6))
		text_add(&text, "route replace ::/0 via %s", ipaddr_format(&h->gateway6, a));
	r = ip_batch(netns, text, false, error, size);
	free(text);
	return r;
}

static void add_names(const struct lab *lab, enum lab_node node, size_t nodes, char ***names, size_t *count)
{
	char netns[128];

	for (size_t i = 0; i < nodes; i++) {
		lab_netns(lab, node, i, netns);
		*(char **)lab_append(names, count, sizeof(char *)) = lab_strdup(netns);
	}
}

size_t net_namespaces(const struct lab *lab, char ***names)
{
	size_t count = 0;
	char netns[128];

	*names = NULL;
	add_names(lab, NODE_ROUTER, lab->plan->router_count, names, &count);
	add_names(lab, NODE_HOST, lab->plan->host_count, names, &count);
	add_names(lab, NODE_NAT, lab->plan->nat_count, names, &count);
	add_names(lab, NODE_INTERNET, lab->plan->internet, names, &count);
	if (has_switches(lab)) {
		switch_netns(lab, netns);
		*(char **)lab_append(names, &count, sizeof(char *)) = lab_strdup(netns);
	}
	return count;
}

static int add_namespaces(const struct lab *lab, char *error, size_t size)
{
	char **names;
	size_t count = net_namespaces(lab, &names);
	int r = 0;

	for (size_t i = 0; i < count; i++) {
		bool host = i >= lab->plan->router_count && i < lab->plan->router_count + lab->plan->host_count;

		if (r == 0 && !lab_interrupted)
			r = netns_add(names[i], !host, error, size);
		free(names[i]);
	}
	free(names);
	return r;
}

/* Cables of all segments, or (only) of one router, and the switch's side of them. */
static int lay_cables(const struct lab *lab, const size_t *only, char *error, size_t size)
{
	char *cables = NULL, *bridges = NULL, netns[128];
	int r = 0;

	for (size_t i = 0; i < lab->plan->segment_count; i++) {
		cable_lines(lab, i, only, &cables);
		switch_lines(lab, i, &bridges);
	}
	if (cables)
		r = ip_batch(NULL, cables, false, error, size);
	if (r == 0 && bridges) {
		switch_netns(lab, netns);
		r = ip_batch(netns, bridges, only != NULL, error, size);
	}
	free(cables);
	free(bridges);
	return r;
}

/* A static route may name an interface only: then the node across answers for everybody. */
static int answer_for_all(const struct lab *lab)
{
	static const char *const proxy[] = { "net/ipv4/conf/all/proxy_arp=1", NULL };
	char netns[128];

	for (size_t i = 0; i <= lab->plan->nat_count; i++) {
		if (i == lab->plan->nat_count && !lab->plan->internet)
			break;
		lab_netns(lab, i < lab->plan->nat_count ? NODE_NAT : NODE_INTERNET, i, netns);
		if (run_sysctls(netns, proxy) < 0)
			return 2;
	}
	return 0;
}

int net_up(const struct lab *lab, char *error, size_t size)
{
	int r = add_namespaces(lab, error, size);

	if (r == 0 && !lab_interrupted)
		r = lay_cables(lab, NULL, error, size);
	for (size_t i = 0; r == 0 && !lab_interrupted && i < lab->plan->router_count; i++)
		r = net_configure_router(lab, i, error, size);
	for (size_t i = 0; r == 0 && !lab_interrupted && i < lab->plan->host_count; i++)
		r = configure_host(lab, i, error, size);
	if (r == 0 && !lab_interrupted)
		r = configure_transits(lab, error, size);
	if (r == 0 && !lab_interrupted)
		r = answer_for_all(lab);
	if (r == 0 && !lab_interrupted)
		r = net_filters(lab, error, size);
	return r;
}

void net_router_off(const struct lab *lab, size_t router)
{
	char netns[128], error[256], *text = NULL;

	lab_netns(lab, NODE_ROUTER, router, netns);
	/* The kernel takes its time over a namespace; the cables go now, with their far ends. */
	for (size_t i = 0; i < lab->plan->segment_count; i++) {
		const struct lab_segment *s = &lab->plan->segments[i];

		for (size_t k = 0; k < s->port_count; k++)
			if (s->ports[k].node == NODE_ROUTER && s->ports[k].index == router)
				text_add(&text, "link del %s", s->ports[k].ifname);
	}
	if (text)
		ip_batch(netns, text, true, error, sizeof(error));
	free(text);
	netns_delete(netns);
}

/* The far ends of the router's cables are new interfaces: give them their addresses again. */
static int configure_neighbours(const struct lab *lab, size_t router, char *error, size_t size)
{
	int r = 0;

	for (size_t i = 0; i < lab->plan->segment_count && r == 0; i++) {
		const struct lab_segment *s = &lab->plan->segments[i];

		if (needs_switch(s) || !lab_segment_port(s, NODE_ROUTER, router))
			continue;
		for (size_t k = 0; k < s->port_count && r == 0; k++) {
			if (s->ports[k].node == NODE_HOST)
				r = configure_host(lab, s->ports[k].index, error, size);
			else if (s->ports[k].node != NODE_ROUTER)
				r = configure_transit(lab, s->ports[k].node, s->ports[k].index, error, size);
			else if (s->ports[k].index != router)
				r = net_configure_router(lab, s->ports[k].index, error, size);
		}
	}
	return r;
}

int net_router_on(const struct lab *lab, size_t router, char *error, size_t size)
{
	char netns[128];
	int r;

	lab_netns(lab, NODE_ROUTER, router, netns);
	r = netns_add(netns, true, error, size);
	if (r == 0)
		r = lay_cables(lab, &router, error, size);
	if (r == 0)
		r = net_configure_router(lab, router, error, size);
	if (r == 0)
		r = configure_neighbours(lab, router, error, size);
	return r;
}

/* The interface across the cable: in the switch, or at the only other end. */
static void far_end(const struct lab *lab, size_t router, const struct lab_segment *s,
		    char netns[128], char ifname[32])
{
	for (size_t i = 0; i < s->port_count; i++) {
		bool near = s->ports[i].node == NODE_ROUTER && s->ports[i].index == router;

		if (needs_switch(s) && near) {
			switch_netns(lab, netns);
			snprintf(ifname, 32, "s%zup%zu", (size_t)(s - lab->plan->segments), i);
			return;
		}
		if (!needs_switch(s) && !near) {
			lab_netns(lab, s->ports[i].node, s->ports[i].index, netns);
			snprintf(ifname, 32, "%s", s->ports[i].ifname);
		}
	}
}

int net_port_set(const struct lab *lab, size_t router, const struct lab_segment *s, bool far, bool up)
{
	char netns[128] = "", ifname[32] = "", *state = up ? "up" : "down", error[256];
	char *argv[] = { "ip", "link", "set", ifname, state, NULL };
	int r;

	if (far) {
		far_end(lab, router, s, netns, ifname);
	} else {
		const struct lab_port *p = lab_segment_port(s, NODE_ROUTER, router);

		lab_netns(lab, NODE_ROUTER, router, netns);
		snprintf(ifname, sizeof(ifname), "%s", p->ifname);
	}
	r = run_wait(netns, argv, NULL, NULL);
	if (r == 0 && up) {
		/* The kernel dropped the routes over it when it went down. */
		net_configure_router(lab, router, error, sizeof(error));
		configure_transits(lab, error, sizeof(error));
	}
	return r == 0 ? 0 : -EIO;
}
