/* plan_text: the plan for a terminal or a mail: what, why, what not, tables. */
#include "design/plan_figure.h"

#include <string.h>

enum { WIDTH = 100, INDENT = 2, CHOICE_WIDTH = 34 };

/* Words of text, broken at WIDTH, further lines indented. `at` is the column where it begins. */
static void wrap(const char *text, unsigned at, unsigned indent, FILE *out)
{
	unsigned column = at;

	while (*text) {
		const size_t word = strcspn(text, " ");

		if (column > indent && column + 1 + word > WIDTH) {
			fprintf(out, "\n%*s", (int)indent, "");
			column = indent;
		} else if (text[-1] == ' ') {
			fputc(' ', out);
			column++;
		}
		fwrite(text, 1, word, out);
		column += (unsigned)word;
		text += word + (text[word] == ' ');
	}
	fputc('\n', out);
}

static void write_note(const struct plan_note *n, const char *joint, FILE *out)
{
	char text[1200];

	snprintf(text, sizeof text, " %s%s%s%s%s%s%s%s", n->what, *n->choice ? ": " : "", n->choice, joint, n->why ? n->why : "", n->source ? " [" : "",
		 n->source ? n->source : "", n->source ? "]" : "");
	fprintf(out, "%*s", INDENT - 1, "");
	wrap(text + 1, INDENT - 1, INDENT + 2, out);
}

void plan_write_notes(const char *title, const char *joint, const struct plan_notes *n, FILE *out)
{
	if (!n->count)
		return;
	fprintf(out, "\n%s\n", title);
	for (size_t i = 0; i < n->count; i++)
		write_note(&n->at[i], joint, out);
}

static void write_headline(const struct plan *p, FILE *out)
{
	fprintf(out, "%u spokes, %u hub%s, %u uplink%s each: ", p->is.spokes, p->is.hubs, p->is.hubs > 1 ? "s" : "", p->is.uplinks, p->is.uplinks > 1 ? "s" : "");
	fprintf(out, "%s, phase %u, %s", p->is.hubs > 1 ? plan_design_name(p->is.design) : "one hub", p->is.phase, plan_routing_name(p->is.routing));
	if (p->timers.bfd_ms)
		fprintf(out, ", BFD %u ms x %u", p->timers.bfd_ms, p->timers.bfd_multiplier);
	fputs(p->is.platform == PLAN_CISCO ? ", for Cisco routers\n" : "\n", out);
}

static void write_tunnels(const struct plan *p, FILE *out)
{
	fprintf(out, "\nTunnels (ip mtu 1400, tcp adjust-mss 1360)\n  %-9s %-18s %-7s %-11s %-5s %s\n", "", "subnet", "uplink", "network-id", "key", "hubs");
	for (size_t i = 0; i < p->tunnel_count; i++) {
		const struct plan_tunnel *t = &p->tunnels[i];
		char key[12] = "-";

		if (t->has_key)
			snprintf(key, sizeof key, "%u", t->network_id);
		fprintf(out, "  Tunnel%-3u %-18s %-7u %-11u %-5s", t->number, plan_prefix(t->subnet).text, t->uplink, t->network_id, key);
		for (unsigned h = 1; h <= p->is.hubs; h++) {
			if (plan_hub_in(t, h))
				fprintf(out, " hub%u %s", h, plan_ip(plan_hub_address(t, h)).text);
		}
		fputc('\n', out);
	}
}

static void write_timers(const struct plan *p, FILE *out)
{
	const struct plan_timers *t = &p->timers;

	fprintf(out, "\nTimers\n  registration timeout %u s, holdtime %u s", t->registration_s, t->holdtime_s);
	if (t->hello_s)
		fprintf(out, ", %s %u s and %u s", plan_routing_name(p->is.routing), t->hello_s, t->dead_s);
	if (t->bfd_ms)
		fprintf(out, ", BFD %u ms x %u", t->bfd_ms, t->bfd_multiplier);
	if (t->bfd_effective_ms > t->bfd_ms)
		fprintf(out, " (%u ms at a hub with all spokes)", t->bfd_effective_ms);
	if (t->max_send)
		fprintf(out, ", max-send %u every 10 s", t->max_send);
	fputc('\n', out);
}

/* ---- load ---- */

static void count_row(const char *what, const struct plan *p, unsigned hub, unsigned spoke, unsigned core, FILE *out)
{
	fprintf(out, "  %-38s %10u %10u", what, hub, spoke);
	if (p->core.count)
		fprintf(out, " %10u", core);
	fputc('\n', out);
}

static void rate_row(const char *what, const struct plan *p, double hub, double spoke, double core, FILE *out)
{
	if (hub == 0 && spoke == 0 && core == 0)
		return;
	fprintf(out, "  %-38s %10.*f %10.*f", what, hub < 10, hub, spoke < 10, spoke);
	if (p->core.count)
		fprintf(out, " %10.*f", core < 10, core);
	fputc('\n', out);
}

static void write_load(const struct plan *p, FILE *out)
{
	const struct plan_box *h = &p->hub, *s = &p->spoke, *c = &p->core;

	fprintf(out, "\n%-40s %10s %10s%s\n", "Each of", "hubs", "spokes", c->count ? "       core" : "");
	count_row("routers", p, h->count, s->count, c->count, out);
	count_row("tunnels", p, h->tunnels, s->tunnels, 0, out);
	count_row("IPsec sessions, always", p, h->sessions, s->sessions, 0, out);
	count_row("IPsec sessions between spokes, at most", p, 0, s->direct, 0, out);
	count_row("registrations", p, h->registrations, s->registrations, 0, out);
	count_row("routing neighbours", p, h->neighbours, s->neighbours, c->neighbours, out);
	count_row("BFD sessions", p, h->bfd_sessions, s->bfd_sessions, c->bfd_sessions, out);
	count_row("routes learnt, about", p, h->routes, s->routes, c->routes, out);
	fputs("  messages per second, both directions:\n", out);
	rate_row("  NHRP registrations and replies", p, h->nhrp_per_s, s->nhrp_per_s, 0, out);
	rate_row("  probes and their answers", p, h->probes_per_s, s->probes_per_s, 0, out);
	rate_row("  BFD", p, h->bfd_per_s, s->bfd_per_s, c->bfd_per_s, out);
	rate_row("  routing keepalives", p, h->routing_per_s, s->routing_per_s, c->routing_per_s, out);
	if (p->direct_sessions)
		fprintf(out, "  when every spoke talks to every other: %llu IPsec sessions between spokes\n", (unsigned long long)p->direct_sessions);
}

void plan_write_outages(const struct plan *p, FILE *out)
{
	fputs("\nPredicted outage of those who are affected\n", out);
	for (size_t i = 0; i < p->outage_count; i++) {
		const struct plan_outage *o = &p->outages[i];

		fprintf(out, "  %-28s ", o->fault);
		if (o->lasts)
			fputs("until repaired  ", out);
		else
			fprintf(out, "<= %6u ms    ", o->at_most_ms);
		if (o->measured_ms)
			fprintf(out, "longest measured %u ms (", o->measured_ms);
		fprintf(out, "%s%s\n", o->from ? o->from : "", o->measured_ms ? ")" : "");
	}
	if (p->is.hubs > 2 && p->outages[0].measured_ms)
		fputs("  What was measured had two hubs.\n", out);
}

void plan_write_text(const struct plan *p, FILE *out)
{
	struct plan_figure figure;

	write_headline(p, out);
	fputc('\n', out);
	plan_figure_of(&figure, p);
	plan_figure_letters(&figure, out);
	plan_write_notes("Decided", ", because ", &p->decisions, out);
	plan_write_notes("Rejected", ": ", &p->rejected, out);
	plan_write_notes("Mind", ": ", &p->remarks, out);
	write_tunnels(p, out);
	write_timers(p, out);
	write_load(p, out);
	plan_write_outages(p, out);
}
