#include "lab/net_fault.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lab/memory.h"
#include "lab/run.h"

struct text { char *at; }; /* grows by lines */

static void line(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void line(struct text *t, const char *format, ...)
{
	char *before = t->at ? t->at : lab_strdup(""), *added = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&added, format, args) < 0)
		abort();
	va_end(args);
	t->at = lab_printf("%s%s\n", before, added);
	free(before);
	free(added);
}

/* The end of the router's uplink that is not its own. */
static const struct lab_port *way_out(const struct lab *lab, size_t router)
{
	const struct lab_segment *s = lab_plan_uplink(lab->plan, router);

	return s ? lab_segment_way_out(s) : NULL;
}

static const struct lab_port *uplink_port(const struct lab *lab, size_t router)
{
	const struct lab_segment *s = lab_plan_uplink(lab->plan, router);

	return s ? lab_segment_port(s, NODE_ROUTER, router) : NULL;
}

/* Conditions that tell one kind of packet; NULL ends the list. IKE behind UDP 4500 begins with
 * four zeros where ESP has its SPI (RFC 3948 2.2). */
static const char *const *conditions(enum fault_packets kind)
{
	static const char *const all[] = { "", NULL };
	static const char *const esp[] = { "meta l4proto esp", "udp dport 4500 @th,64,32 != 0", "udp sport 4500 @th,64,32 != 0",
					   NULL };
	static const char *const ike[] = { "udp dport 500", "udp sport 500", "udp dport 4500 @th,64,32 0",
					   "udp sport 4500 @th,64,32 0", NULL };
	static const char *const nhrp[] = { "meta l4proto 47 @th,16,16 0x2001", NULL }; /* GRE's protocol field */

	switch (kind) {
	case FAULT_ALL_PACKETS: return all;
	case FAULT_ESP: return esp;
	case FAULT_IKE: return ike;
	case FAULT_NHRP: return nhrp;
	}
	return all;
}

static void hole_rules(const struct fault_part *f, const char *ifname, struct text *t)
{
	for (const char *const *c = conditions(f->packets); *c; c++) {
		if (f->way & FAULT_OUT)
			line(t, "\t\tiifname \"%s\" %s counter drop", ifname, *c);
		if (f->way & FAULT_IN)
			line(t, "\t\toifname \"%s\" %s counter drop", ifname, *c);
	}
}

static void loss_rules(const struct fault_part *f, const char *ifname, struct text *t)
{
	line(t, "\t\tiifname \"%s\" numgen random mod 100 < %u counter drop", ifname, f->amount);
	line(t, "\t\toifname \"%s\" numgen random mod 100 < %u counter drop", ifname, f->amount);
}

static void to_and_from(const char *ifname, const struct ipaddr *a, struct text *t)
{
	const char *family = a->family == IP_V4 ? "ip" : "ip6";
	char text[IPADDR_TEXT_MAX];

	ipaddr_format(a, text);
	line(t, "\t\tiifname \"%s\" %s daddr %s counter drop", ifname, family, text);
	line(t, "\t\toifname \"%s\" %s saddr %s counter drop", ifname, family, text);
}

/* All that the peer may be known by out there: its own addresses and its NAT box's. */
static void direct_rules(const struct lab *lab, const struct fault_part *f, const char *ifname, struct text *t)
{
	const struct lab_port *peer = uplink_port(lab, f->peer), *out = way_out(lab, f->peer);

	for (size_t i = 0; i < peer->address_count; i++)
		if (!ipaddr_is_link_local(&peer->addresses[i].addr))
			to_and_from(ifname, &peer->addresses[i].addr, t);
	if (out->node == NODE_NAT)
		to_and_from(ifname, &lab->plan->nats[out->index].address, t);
}

/* One table for one fault, so that several do not meet. */
static void table_name(const struct fault_part *f, char out[64])
{
	snprintf(out, 64, "lab_fault_%zu_%d_%d_%d", f->router, (int)f->kind, (int)f->way, (int)f->packets);
}

static int nft(const char *netns, const char *rules, char *error, size_t size)
{
	char *argv[] = { "nft", "-f", "-", NULL }, *output = NULL;
	int r = run_wait(netns, argv, rules, &output);

	if (r != 0)
		snprintf(error, size, "%s: this kernel's nftables cannot do what the fault needs: nft: %.200s", netns,
			 output ? output : strerror(-r));
	free(output);
	return r == 0 ? 0 : 2;
}

/* A kernel whose nftables knows no IP (User-Mode Linux) has traffic control. IPv4 only: to drop ND as well would be no
 * black hole, since the last hop would say that nobody is there. `why`: what nft said. */
static int tc_hole(const char *netns, const struct fault_part *f, const struct lab_port *out, bool on, char *why, size_t size)
{
	char *argv[] = { "tc", "-batch", "-", NULL }, *output = NULL;
	struct text t = { 0 };
	int r;

	if (f->kind != FAULT_BLACKHOLE || f->packets != FAULT_ALL_PACKETS || !out->address_count ||
	    out->addresses[0].addr.family != IP_V4)
		return 2;
	line(&t, "qdisc %s dev %s clsact", on ? "add" : "del", out->ifname);
	if (on && (f->way & FAULT_IN))
		line(&t, "filter add dev %s egress protocol ip matchall action drop", out->ifname);
	if (on && (f->way & FAULT_OUT))
		line(&t, "filter add dev %s ingress protocol ip matchall action drop", out->ifname);
	r = run_wait(netns, argv, t.at, &output);
	if (r != 0) {
		size_t said = strlen(why);

		snprintf(why + said, size - said, "; and tc: %.200s", output ? output : strerror(-r));
	}
	free(output);
	free(t.at);
	return r == 0 ? 0 : 2;
}

int net_fault_drop(const struct lab *lab, const struct fault_part *f, bool on, char *error, size_t size)
{
	const struct lab_port *out = way_out(lab, f->router);
	char netns[128], table[64];
	struct text t = { 0 };
	int r;

	table_name(f, table);
	lab_netns(lab, out->node, out->index, netns);
	/* Named before it is deleted: the deed may be asked for twice. */
	line(&t, "table inet %s\ndelete table inet %s", table, table);
	if (on) {
		line(&t, "table inet %s {\n\tchain through {\n\t\ttype filter hook forward priority filter + 5", table);
		if (f->kind == FAULT_LOSS)
			loss_rules(f, out->ifname, &t);
		else if (f->kind == FAULT_DIRECT)
			direct_rules(lab, f, out->ifname, &t);
		else
			hole_rules(f, out->ifname, &t);
		line(&t, "\t}\n}");
	}
	r = nft(netns, t.at, error, size);
	free(t.at);
	return r == 0 ? 0 : tc_hole(netns, f, out, on, error, size);
}

static int batch(const char *netns, const char *text, bool force, char *error, size_t size)
{
	char *plain[] = { "ip", "-batch", "-", NULL }, *forced[] = { "ip", "-force", "-batch", "-", NULL }, *output = NULL;
	int r = run_wait(netns, force ? forced : plain, text, &output);

	if (!force && r != 0)
		snprintf(error, size, "%s: ip: %.200s", netns, output ? output : strerror(-r));
	free(output);
	return force || r == 0 ? 0 : 2;
}

/* What the far end has on the subnet of that address: the router's next hop. */
static const struct ipaddr *next_hop(const struct lab_port *out, const struct lab_address *a)
{
	struct ipprefix subnet = ipprefix_make(&a->addr, a->len);

	for (size_t i = 0; i < out->address_count; i++)
		if (ipprefix_contains(&subnet, &out->addresses[i].addr))
			return &out->addresses[i].addr;
	return NULL;
}

struct change { /* one address of an uplink, and what stands in for it */
	char old[IPADDR_TEXT_MAX], stand_in[IPADDR_TEXT_MAX], hop[IPADDR_TEXT_MAX];
	unsigned len, host_len; /* host_len: 32 or 128 */
	const char *ifname;
};

static bool change_of(const struct lab_port *p, const struct lab_port *out, size_t i, size_t router, struct change *c)
{
	const struct lab_address *a = &p->addresses[i];
	const struct ipaddr *hop = ipaddr_is_link_local(&a->addr) ? NULL : next_hop(out, a);
	bool v4 = a->addr.family == IP_V4;

	if (!hop)
		return false;
	*c = (struct change){ .len = a->len, .host_len = v4 ? 32 : 128, .ifname = p->ifname };
	ipaddr_format(&a->addr, c->old);
	ipaddr_format(hop, c->hop);
	snprintf(c->stand_in, sizeof(c->stand_in), v4 ? "198.18.%zu.%zu" : "2001:db8:4711:%zx::%zx", router + 1, i + 1);
	return true;
}

/* The new one first: with its last address an interface loses all its routes. */
static void move_away(const struct change *c, struct text *router, struct text *out, const char *out_ifname)
{
	line(out, "route replace %s/%u dev %s", c->stand_in, c->host_len, out_ifname);
	line(router, "addr add %s peer %s/%u dev %s%s", c->stand_in, c->hop, c->host_len, c->ifname,
	     c->host_len == 128 ? " nodad" : "");
	line(router, "addr del %s/%u dev %s", c->old, c->len, c->ifname);
}

static void move_back(const struct change *c, struct text *router, struct text *out, const char *out_ifname)
{
	line(router, "addr add %s/%u dev %s%s", c->old, c->len, c->ifname, c->host_len == 128 ? " nodad" : "");
	line(router, "addr del %s peer %s/%u dev %s", c->stand_in, c->hop, c->host_len, c->ifname);
	line(out, "route del %s/%u dev %s", c->stand_in, c->host_len, out_ifname);
}

int net_fault_address(const struct lab *lab, size_t router, bool on, char *error, size_t size)
{
	const struct lab_port *p = uplink_port(lab, router), *out = way_out(lab, router);
	struct text at_router = { 0 }, at_out = { 0 };
	char netns[128], far[128];
	struct change c;
	int r = 0;

	for (size_t i = 0; i < p->address_count; i++)
		if (change_of(p, out, i, router, &c))
			(on ? move_away : move_back)(&c, &at_router, &at_out, out->ifname);
	if (!at_router.at) {
		snprintf(error, size, "%s: no address of its uplink has a next hop", lab->plan->routers[router].name);
		return 2;
	}
	lab_netns(lab, NODE_ROUTER, router, netns);
	lab_netns(lab, out->node, out->index, far);
	r = on ? batch(far, at_out.at, false, error, size) : 0;
	if (r == 0)
		r = batch(netns, at_router.at, !on, error, size);
	if (r == 0 && !on)
		r = batch(far, at_out.at, true, error, size);
	free(at_router.at);
	free(at_out.at);
	return r;
}

/* A thousand ports, others than a quarter of a second ago. */
static unsigned ports_from_now(void)
{
	enum { FIRST = 20000, SPAN = 1000, SPANS = 40, MS = 250 };

	return FIRST + SPAN * (unsigned)(lab_now_ns() / (MS * 1000000LL) % SPANS);
}

/* Where the translated-to address goes, the kernel forgets what it has translated to it. */
int net_fault_rebind(const struct lab *lab, size_t router, char *error, size_t size)
{
	const size_t box = way_out(lab, router)->index;
	const unsigned from = ports_from_now();
	struct text rules = { 0 }, address = { 0 };
	char netns[128], own[IPADDR_TEXT_MAX], hop[IPADDR_TEXT_MAX];
	const struct lab_port *wan = NULL, *out = NULL;
	int r;

	for (size_t i = 0; i < lab->plan->segment_count && !wan; i++) {
		wan = lab_segment_port(&lab->plan->segments[i], NODE_NAT, box);
		out = lab_segment_port(&lab->plan->segments[i], NODE_INTERNET, 0);
		if (wan && strcmp(wan->ifname, LAB_NAT_OUTSIDE) != 0)
			wan = NULL;
	}
	if (!wan || !out) {
		snprintf(error, size, "%s: its NAT box has no way out", lab->plan->routers[router].name);
		return 2;
	}
	lab_netns(lab, NODE_NAT, box, netns);
	ipaddr_format(&wan->addresses[0].addr, own);
	ipaddr_format(next_hop(out, &wan->addresses[0]), hop);
	line(&rules, "flush chain ip lab translate");
	for (unsigned i = 0; i < 2; i++)
		line(&rules, "add rule ip lab translate oifname \"%s\" meta l4proto %s masquerade to :%u-%u", wan->ifname,
		     i ? "tcp" : "udp", from, from + 999);
	line(&rules, "add rule ip lab translate oifname \"%s\" masquerade", wan->ifname);
	line(&address, "addr del %s/%u dev %s", own, wan->addresses[0].len, wan->ifname);
	line(&address, "addr add %s/%u dev %s", own, wan->addresses[0].len, wan->ifname);
	line(&address, "route replace default via %s dev %s", hop, wan->ifname);
	r = nft(netns, rules.at, error, size);
	if (r == 0)
		r = batch(netns, address.at, false, error, size);
	free(rules.at);
	free(address.at);
	return r;
}

int net_fault_tunnels_delete(const struct lab *lab, size_t router, char *error, size_t size)
{
	const struct config *c = lab->plan->routers[router].config;
	struct text t = { 0 };
	char netns[128];
	int r;

	for (size_t i = 0; i < c->interface_count; i++)
		if (c->interfaces[i].is_tunnel && !c->interfaces[i].shutdown)
			line(&t, "link del %s", c->interfaces[i].name);
	lab_netns(lab, NODE_ROUTER, router, netns);
	r = t.at ? batch(netns, t.at, false, error, size) : 0;
	free(t.at);
	return r;
}

bool net_fault_tunnels_there(const struct lab *lab, size_t router)
{
	const struct config *c = lab->plan->routers[router].config;
	char netns[128];

	lab_netns(lab, NODE_ROUTER, router, netns);
	for (size_t i = 0; i < c->interface_count; i++) {
		char name[16], *argv[] = { "ip", "link", "show", "dev", name, NULL };

		snprintf(name, sizeof(name), "%s", c->interfaces[i].name);
		if (c->interfaces[i].is_tunnel && !c->interfaces[i].shutdown && run_wait(netns, argv, NULL, NULL) != 0)
			return false;
	}
	return true;
}
