/* report: the result of a test for people. */
#include "lab/test.h"

#include <stdlib.h>
#include <string.h>

#include "lab/memory.h"
#include "lab/nhrpd.h"
#include "lab/programs.h"
#include "lab/rounds.h"
#include "lab/watch.h"

enum { RETURN_WORTH_MS = 50 };

struct overlay { /* one tunnel subnet and the tunnels in it */
	struct ipprefix subnet;
	size_t count;
	struct { size_t router, interface; } members[64];
};

static const struct config_address *overlay_address(const struct config_interface *f)
{
	for (size_t i = 0; i < f->address_count; i++)
		if (!f->addresses[i].link_local)
			return &f->addresses[i];
	return NULL;
}

static void place(struct overlay **list, size_t *count, size_t router, size_t interface,
		  const struct config_address *a)
{
	struct ipprefix subnet = ipprefix_make(&a->addr, a->prefix_len);
	struct overlay *o = NULL;

	for (size_t i = 0; i < *count && !o; i++)
		if (ipprefix_eq(&(*list)[i].subnet, &subnet))
			o = &(*list)[i];
	if (!o) {
		o = lab_append(list, count, sizeof(*o));
		o->subnet = subnet;
	}
	if (o->count < sizeof(o->members) / sizeof(o->members[0])) {
		o->members[o->count].router = router;
		o->members[o->count++].interface = interface;
	}
}

static struct overlay *overlays(const struct lab_plan *plan, size_t *count)
{
	struct overlay *list = NULL;

	*count = 0;
	for (size_t i = 0; i < plan->router_count; i++) {
		const struct config *c = plan->routers[i].config;

		for (size_t k = 0; k < c->interface_count; k++) {
			const struct config_address *a = overlay_address(&c->interfaces[k]);

			if (c->interfaces[k].is_tunnel && !c->interfaces[k].shutdown && a)
				place(&list, count, i, k, a);
		}
	}
	return list;
}

/* "hub1 10.0.0.1, hub2 10.0.0.2" for the members of that role. */
static void print_members(const struct lab_plan *plan, const struct overlay *o, enum lab_role role, FILE *out)
{
	const char *glue = "";
	char text[IPADDR_TEXT_MAX];

	for (size_t i = 0; i < o->count; i++) {
		const struct lab_router *r = &plan->routers[o->members[i].router];
		const struct config_interface *f = &r->config->interfaces[o->members[i].interface];

		if (r->role != role)
			continue;
		fprintf(out, "%s%s %s", glue, r->name, ipaddr_format(&overlay_address(f)->addr, text));
		glue = ", ";
	}
}

/* What lab.conf has put in between. */
static void print_boxes(const struct lab_plan *plan, FILE *out)
{
	char text[IPADDR_TEXT_MAX];

	for (size_t i = 0; i < plan->nat_count; i++) {
		fprintf(out, "\n  nat%zu       %s for", i + 1, ipaddr_format(&plan->nats[i].address, text));
		for (size_t k = 0; k < plan->nats[i].member_count; k++)
			fprintf(out, " %s", plan->routers[plan->nats[i].members[k].router].name);
	}
	for (size_t i = 0; i < plan->loss_count; i++)
		fprintf(out, "\n  loss       %s, %g %% each way", plan->routers[plan->losses[i].router].name,
			plan->losses[i].hundredths / 100.0);
	if (plan->nat_count + plan->loss_count)
		fputc('\n', out);
}

static void print_dhcp(const struct lab_plan *plan, FILE *out)
{
	for (size_t i = 0; i < plan->segment_count; i++) {
		const struct lab_port *p = &plan->segments[i].ports[0];
		char text[IPADDR_TEXT_MAX];

		if (p->node == NODE_ROUTER && p->address_count && plan->routers[p->index].config->interfaces[p->interface].dhcp)
			fprintf(out, "; %s for %s %s", ipaddr_format(&p->addresses[0].addr, text), plan->routers[p->index].name, p->ifname);
	}
}

/* What no file describes, and is there all the same. */
static void print_supplied(const struct lab_plan *plan, FILE *out)
{
	size_t uplinks = 0;

	for (size_t i = 0; i < plan->segment_count; i++)
		uplinks += lab_segment_port(&plan->segments[i], NODE_INTERNET, 0) != NULL;
	fprintf(out, "\n  supplied: a host on each LAN");
	if (uplinks)
		fprintf(out, "; an internet between %zu uplinks, with the next hops that are no router's", uplinks);
	print_dhcp(plan, out);
	fputc('\n', out);
}

static size_t lan_count(const struct lab_plan *plan)
{
	size_t count = 0;

	for (size_t i = 0; i < plan->host_count; i++)
		count += !plan->hosts[i].added;
	return count;
}

void lab_report_design(const struct lab *lab, FILE *out)
{
	size_t count, hubs = 0, spokes = 0;
	struct overlay *list = overlays(lab->plan, &count);
	char text[IPPREFIX_TEXT_MAX];

	for (size_t i = 0; i < lab->plan->router_count; i++) {
		hubs += lab->plan->routers[i].role == LAB_HUB;
		spokes += lab->plan->routers[i].role == LAB_SPOKE;
	}
	fprintf(out, "%s: %zu hubs, %zu spokes, %zu other routers, %zu LANs\n", lab->name, hubs, spokes,
		lab->plan->router_count - hubs - spokes, lan_count(lab->plan));
	for (size_t i = 0; i < count; i++) {
		const struct config_interface *f =
			&lab->plan->routers[list[i].members[0].router].config->interfaces[list[i].members[0].interface];

		fprintf(out, "\n  %-10s %s\n    hubs    ", f->name, ipprefix_format(&list[i].subnet, text));
		print_members(lab->plan, &list[i], LAB_HUB, out);
		fputs("\n            |\n    spokes  ", out);
		print_members(lab->plan, &list[i], LAB_SPOKE, out);
		fputc('\n', out);
	}
	print_boxes(lab->plan, out);
	print_supplied(lab->plan, out);
	for (size_t i = 0; i < lab->plan->note_count; i++)
		fprintf(out, "\n  note: %s", lab->plan->notes[i]);
	if (lab->plan->note_count)
		fputc('\n', out);
	free(list);
}

static void print_registrations(const struct lab *lab, FILE *out)
{
	fputs("\nRegistrations\n", out);
	for (size_t i = 0; i < lab->plan->router_count; i++) {
		json_t *j, *item;
		size_t n;

		if (!lab->plan->routers[i].expected)
			continue;
		fprintf(out, "  %-12s", lab->plan->routers[i].name);
		if (nhrpd_runs(lab, i)) {
			fprintf(out, "  %zu, by nhrpd\n", nhrpd_registered(lab, i));
			continue;
		}
		j = watch_nhs(lab, i);
		if (!j)
			fputs(" dmvpnd does not answer", out);
		json_array_foreach(json_object_get(j, "nhs"), n, item) {
			const char *address = json_string_value(json_object_get(item, "address"));
			const char *status = json_string_value(json_object_get(item, "status"));
			struct ipaddr a;
			size_t hub;
			bool known = address && ipaddr_parse(address, &a) && lab_plan_owner(lab->plan, &a, &hub);

			fprintf(out, "  %s %s", known ? lab->plan->routers[hub].name : address ? address : "?",
				status ? status : "?");
		}
		fputc('\n', out);
		json_decref(j);
	}
}

void lab_report_running(const struct lab *lab, FILE *out)
{
	char dead[256], netns[128];

	fputs("\nRouters\n", out);
	for (size_t i = 0; i < lab->plan->router_count; i++) {
		bool alive = programs_all_alive(lab, i, dead, sizeof(dead));

		lab_netns(lab, NODE_ROUTER, i, netns);
		fprintf(out, "  %-12s namespace %-24s %s%s\n", lab->plan->routers[i].name, netns,
			alive ? "all programs run" : "NOT RUNNING: ", dead);
	}
	print_registrations(lab, out);
}

/* A LAN is called as its router. */
static const char *host_label(const struct lab_plan *plan, size_t host)
{
	const struct lab_host *h = &plan->hosts[host];

	return h->added ? h->name : plan->routers[h->router].name;
}

/* What a pair's cell says: direct, the hubs it passes, or why there is nothing. */
static void cell(const struct lab *lab, const struct probe_pair *k, const struct lab_pair_result *pair,
		 char out[24])
{
	const char *via = pair->class_name ? strstr(pair->class_name, " via ") : NULL;

	if (!pair->reachable)
		snprintf(out, 24, "NO");
	else if (pair_is_spoke_to_spoke(lab->plan, k) && path_is_direct(lab->plan, &pair->path))
		snprintf(out, 24, "direct");
	else
		snprintf(out, 24, "%.23s", via ? via + 5 : "ok");
}

static void print_matrix(const struct lab *lab, const struct probes *p, const struct lab_result *r,
			 uint32_t family, FILE *out)
{
	const struct lab_plan *plan = lab->plan;
	bool head = false;

	for (size_t a = 0; a < plan->host_count; a++) {
		size_t column = 0;

		for (uint32_t i = 0; i < p->shared->pair_count; i++) {
			const struct probe_pair *k = &p->shared->pairs[i];
			char text[24];

			if (k->from != a || k->family != family)
				continue;
			if (!head) {
				fprintf(out, "\nWho talks how to whom (IPv%u; from the left to the top)\n  %-12s",
					family, "");
				for (size_t b = 0; b < plan->host_count; b++)
					fprintf(out, " %-12.12s", host_label(plan, b));
				head = true;
			}
			if (column == 0)
				fprintf(out, "\n  %-12.12s", host_label(plan, a));
			for (; column < k->to; column++)
				fprintf(out, " %-12s", ".");
			cell(lab, k, &r->pairs[i], text);
			fprintf(out, " %-12.12s", text);
			column++;
		}
	}
	if (head)
		fputc('\n', out);
}

static void print_silent(const struct lab_fault_result *f, FILE *out)
{
	for (size_t i = 0; i < f->round_count; i++)
		for (size_t k = 0; k < f->rounds[i].silent_count; k++)
			fprintf(out, "    silent: %s\n", f->rounds[i].silent[k]);
}

static void print_fault(const struct lab_fault_result *f, FILE *out)
{
	const struct outage_figures *a = &f->broken.affected;

	fprintf(out, "  %-24s %5zu %9.0f %7.0f %7.0f   %7.0f %7zu   %s%s\n", f->name, f->pairs_affected, a->p50_ms,
		a->p95_ms, a->max_ms, f->broken.all.max_ms, f->broken.lost,
		f->broken.recovered && f->returned.recovered ? "recovered" : "NOT RECOVERED", f->healed ? "" : ", NOT HEALED");
	for (size_t i = 0; i < f->class_count; i++)
		fprintf(out, "    %-22.30s %5zu %9.0f %7.0f %7.0f\n", f->classes[i].name, f->classes[i].pairs,
			f->classes[i].outage.p50_ms, f->classes[i].outage.p95_ms, f->classes[i].outage.max_ms);
	if (f->pairs_direct)
		fprintf(out, "    direct flows: %zu of %zu packets lost\n", f->broken.direct_lost, f->broken.direct_sent);
	if (f->returned.all.max_ms >= RETURN_WORTH_MS)
		fprintf(out, "    after the healing: at most %.0f ms\n", f->returned.all.max_ms);
	print_silent(f, out);
	if (f->pairs_affected == 0)
		fprintf(out, "    %s\n", f->pairs == 0 && !rounds_held(f) ? "NOT MEASURED: every pair was silent before it" : "no pair's path used it");
	if (f->cut_off)
		fprintf(out, "    %zu pairs end behind it and are not counted\n", f->cut_off);
}

static void print_lines(const struct lab *lab, FILE *out)
{
	size_t count = 0;

	for (size_t i = 0; i < lab->config_count; i++)
		count += config_count(lab->configs[i], CONFIG_NOT_SUPPORTED) +
			 config_count(lab->configs[i], CONFIG_ERROR);
	if (count)
		fprintf(out, "\n%zu lines are not supported%s; dmvpn check %s names them\n", count,
			lab->eigrp_bgp ? ", EIGRP's among them, which BGP carries" : "", lab->dir);
}

void lab_report_text(const struct lab *lab, const struct probes *p, const struct lab_result *r, FILE *out)
{
	print_registrations(lab, out);
	if (p->shared && r->pairs) {
		print_matrix(lab, p, r, IP_V4, out);
		print_matrix(lab, p, r, IP_V6, out);
	}
	fprintf(out, "\nRegistrations up %zu of %zu, LAN pairs reachable %zu of %zu, direct spoke pairs %zu of %zu",
		r->up, r->expected, r->lan_reachable, r->lan_pairs, r->direct_pairs, r->spoke_pairs);
	if (r->first_pairs)
		fprintf(out, "\nFirst flows between %zu spoke pairs: %zu of %zu packets lost", r->first_pairs,
			r->first_lost, r->first_sent);
	if (r->converged_s >= 0)
		fprintf(out, "\nConverged %.1f s after the programs were started\n", r->converged_s);
	else
		fprintf(out, "\nDID NOT CONVERGE in time%s\n", r->routes ? "" : ": not every LAN has a route to every other");
	if (r->fault_count)
		fprintf(out, "\nOutage in ms         affected: %s\n  %-24s %5s %9s %7s %7s   %7s %7s\n",
			"(and of all pairs, the longest)", "fault", "pairs", "p50", "p95", "max", "all max", "lost");
	for (size_t i = 0; i < r->fault_count; i++)
		print_fault(&r->faults[i], out);
	print_lines(lab, out);
	fprintf(out, "\n%s\n", r->ok ? "OK: all that was promised held" : "NOT OK");
}
