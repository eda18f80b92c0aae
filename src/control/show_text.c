/* show_text: the show commands as Cisco prints them, with a reason where something is not up. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control/show_bfd.h"
#include "control/show_ipsec.h"
#include "control/show_track.h"
#include "control/view.h"
#include "control/words.h"

static const char legend[] =
	"Legend: Attrb --> S - Static, D - Dynamic, I - Incomplete\n"
	"        N - NATed, L - Local, X - No Socket\n"
	"        T1 - Route Installed, T2 - Nexthop-override, I2 - Temporary\n"
	"        # Ent --> Number of NHRP entries with same NBMA peer\n"
	"        NHS Status: E --> Expecting Replies, R --> Responding, W --> Waiting\n"
	"        UpDn Time --> Up or Down Time for a Tunnel\n"
	"==========================================================================\n";

static const char table_head[] =
	"\n"
	" # Ent  Peer NBMA Addr Peer Tunnel Add State  UpDn Tm Attrb\n"
	" ----- --------------- --------------- ----- -------- -----\n";

/* Entries about others, of one tunnel and address family. */
static bool is_peer_row(const struct binding_view *b, uint32_t tunnel, enum ip_family family)
{
	return b->tunnel == tunnel && b->dst.addr.family == family && b->kind != BINDING_LOCAL;
}

static size_t rows_of_nbma(const struct view *v, const struct binding_view *like)
{
	size_t n = 0;

	for (size_t i = 0; i < v->binding_count; i++)
		n += is_peer_row(&v->bindings[i], like->tunnel, like->dst.addr.family) &&
		     endpoint_eq(&v->bindings[i].nbma, &like->nbma);
	return n;
}

static bool is_first_of_nbma(const struct view *v, size_t index)
{
	const struct binding_view *like = &v->bindings[index];

	for (size_t i = 0; i < index; i++) {
		if (is_peer_row(&v->bindings[i], like->tunnel, like->dst.addr.family) &&
		    endpoint_eq(&v->bindings[i].nbma, &like->nbma))
			return false;
	}
	return true;
}

static void print_peer(FILE *f, const struct view *v, const struct binding_view *b, size_t entries)
{
	char nbma[IPADDR_TEXT_MAX], via[IPADDR_TEXT_MAX], when[UPTIME_TEXT_MAX], attributes[ATTRIBUTES_TEXT_MAX];
	const struct ipaddr *address = ipaddr_is_none(&b->via) ? &b->dst.addr : &b->via;

	if (entries > 0)
		fprintf(f, "%6zu %-15s", entries, ipaddr_is_none(&b->nbma.addr) ? "UNKNOWN" : ipaddr_format(&b->nbma.addr, nbma));
	else
		fprintf(f, "%22s", "");
	fprintf(f, " %15s %5s %8s %5s\n", ipaddr_format(address, via), word_of_state(b->state),
		b->state == BINDING_STATE_UP ? uptime_text(instant_since(v->now, b->created), when) : "never",
		attributes_of(b, attributes));
	if (b->reason && b->state != BINDING_STATE_UP)
		fprintf(f, "       reason: %s\n", b->reason);
}

/* The first entry of an NBMA address carries the count, the others follow it. */
static void print_peers(FILE *f, const struct view *v, uint32_t tunnel, enum ip_family family)
{
	for (size_t i = 0; i < v->binding_count; i++) {
		const struct binding_view *first = &v->bindings[i];

		if (!is_peer_row(first, tunnel, family) || !is_first_of_nbma(v, i))
			continue;
		print_peer(f, v, first, rows_of_nbma(v, first));
		for (size_t k = i + 1; k < v->binding_count; k++) {
			const struct binding_view *b = &v->bindings[k];

			if (is_peer_row(b, tunnel, family) && endpoint_eq(&b->nbma, &first->nbma))
				print_peer(f, v, b, 0);
		}
	}
}

static size_t count_nbma(const struct view *v, uint32_t tunnel, enum ip_family family)
{
	size_t n = 0;

	for (size_t i = 0; i < v->binding_count; i++)
		n += is_peer_row(&v->bindings[i], tunnel, family) && is_first_of_nbma(v, i);
	return n;
}

static void print_dmvpn_of(FILE *f, const struct view *v, const struct view_tunnel *t, enum ip_family family)
{
	size_t peers = count_nbma(v, t->number, family);

	if (peers == 0 && family == IP_V6)
		return;
	fprintf(f, "\nInterface: %s, %s NHRP Details\n", t->name, family == IP_V6 ? "IPv6" : "IPv4");
	fprintf(f, "Type:%s, NHRP Peers:%zu,\n", word_of_role(t->role), peers);
	if (!t->up)
		fprintf(f, "State:INTF, reason: %s\n", t->reason && t->reason[0] ? t->reason : "not up yet");
	fputs(table_head, f);
	print_peers(f, v, t->number, family);
}

static void print_dmvpn(FILE *f, const struct view *v)
{
	fputs(legend, f);
	for (size_t i = 0; i < v->tunnel_count; i++) {
		print_dmvpn_of(f, v, &v->tunnels[i], IP_V4);
		print_dmvpn_of(f, v, &v->tunnels[i], IP_V6);
	}
}

static void print_binding_flags(FILE *f, const struct binding_view *b)
{
	const char *flags[FLAGS_MAX];
	size_t n = flags_of(b, flags);

	fprintf(f, "   Type: %s, Flags:", word_of_kind(b->kind));
	for (size_t i = 0; i < n; i++)
		fprintf(f, " %s", flags[i]);
	fputc('\n', f);
}

static void print_binding(FILE *f, const struct view *v, const struct binding_view *b)
{
	char dst[IPPREFIX_TEXT_MAX], addr[IPADDR_TEXT_MAX], claimed[IPADDR_TEXT_MAX], when[UPTIME_TEXT_MAX];

	fprintf(f, "%s via %s\n", ipprefix_format(&b->dst, dst),
		ipaddr_is_none(&b->via) ? ipaddr_format(&b->dst.addr, addr) : ipaddr_format(&b->via, addr));
	fprintf(f, "   %s created %s, ", tunnel_name(v, b->tunnel), uptime_text(instant_since(v->now, b->created), when));
	if (instant_is_never(b->expires))
		fputs("never expire\n", f);
	else
		fprintf(f, "expire %s\n", uptime_text(instant_since(b->expires, v->now), when));
	print_binding_flags(f, b);
	if (!ipaddr_is_none(&b->nbma.addr))
		fprintf(f, "   NBMA address: %s\n", ipaddr_format(&b->nbma.addr, addr));
	if (!ipaddr_is_none(&b->claimed_nbma))
		fprintf(f, "   (Claimed NBMA address: %s)\n", ipaddr_format(&b->claimed_nbma, claimed));
	if (!ipaddr_is_none(&b->leans_on))
		fprintf(f, "   Traffic goes by: %s\n", ipaddr_format(&b->leans_on, addr));
	if (b->reason && b->state != BINDING_STATE_UP)
		fprintf(f, "   reason: %s\n", b->reason);
}

static void print_nhrp(FILE *f, const struct view *v)
{
	for (size_t i = 0; i < v->binding_count; i++)
		print_binding(f, v, &v->bindings[i]);
}

static void print_path(FILE *f, const struct nhs_view *n)
{
	if (!n->path)
		return;
	fprintf(f, " path: %s, %" PRIu64 " probes sent, %" PRIu64 " answered", n->path, n->probes_sent, n->probes_answered);
	if (n->path_rtt.us > 0)
		fprintf(f, ", round trip %.1f ms", (double)n->path_rtt.us / 1e3);
	fputc('\n', f);
	if (n->path_remark)
		fprintf(f, " path: %s\n", n->path_remark);
}

/* Of one address there is nothing that the line of the NHS does not say. */
static void print_tallies(FILE *f, const struct nhs_tallies *t)
{
	char addr[IPADDR_TEXT_MAX];

	for (size_t i = 0; t && t->count > 1 && i < t->count; i++)
		fprintf(f, " tried: %s  req-sent %" PRIu64 "  req-failed %" PRIu64 "  repl-recv %" PRIu64 "\n",
			ipaddr_format(&t->each[i].addr, addr), t->each[i].sent, t->each[i].failed, t->each[i].received);
}

static void print_nhs_line(FILE *f, const struct view *v, const struct nhs_view *n)
{
	char addr[IPADDR_TEXT_MAX], nbma[IPADDR_TEXT_MAX], when[UPTIME_TEXT_MAX];

	fprintf(f, "%s  %s%s  NBMA Address: %s priority = %u cluster = %u  req-sent %" PRIu64 "  req-failed %" PRIu64
		"  repl-recv %" PRIu64,
		ipaddr_is_none(&n->addr) ? "dynamic" : ipaddr_format(&n->addr, addr), n->responding ? "R" : "",
		n->expecting ? "E" : n->responding ? "" : "W",
		ipaddr_is_none(&n->nbma.addr) ? (n->nbma_name ? n->nbma_name : "unknown") : ipaddr_format(&n->nbma.addr, nbma),
		n->priority, n->cluster, n->requests_sent, n->requests_failed, n->replies_received);
	if (!instant_is_never(n->last_reply))
		fprintf(f, " (%s ago)", uptime_text(instant_since(v->now, n->last_reply), when));
	fprintf(f, "\n Status: %s\n", word_of_nhs(n->status));
	fprintf(f, " Current Request ID: %u (Ack: %u)\n", n->request_id, n->acknowledged_id);
	if (n->reason && n->status != NHS_VIEW_UP)
		fprintf(f, " reason: %s\n", n->reason);
	if (n->retry_interval.us > 0)
		fprintf(f, " asked every %.1f s%s\n", (double)n->retry_interval.us / 1e6,
			n->over_budget ? ": more NHSs are dead than the budget of 50 light requests a second allows to ask every 4 s" : "");
	if (n->held_back.us > 0)
		fprintf(f, " held back: others are preferred for %.0f s yet\n", (double)n->held_back.us / 1e6);
	print_tallies(f, n->tallies);
	print_path(f, n);
}

static void print_nhs(FILE *f, const struct view *v)
{
	fputs("Legend: E=Expecting replies, R=Responding, W=Waiting, D=Dynamic\n", f);
	for (size_t i = 0; i < v->nhs_count; i++) {
		if (i == 0 || v->nhs[i].tunnel != v->nhs[i - 1].tunnel)
			fprintf(f, "%s:\n", tunnel_name(v, v->nhs[i].tunnel));
		print_nhs_line(f, v, &v->nhs[i]);
	}
}

static void print_coupling(FILE *f, const struct view_coupling *c)
{
	fprintf(f, "   NHRP to routing: %s%s, acted %" PRIu64 " times", c->on ? "" : "no ", c->knob, c->uses);
	if (c->on && c->trouble)
		fprintf(f, " (%s)", c->trouble);
	fputc('\n', f);
}

static void print_tunnel(FILE *f, const struct view_tunnel *t)
{
	char local[IPADDR_TEXT_MAX], far[IPADDR_TEXT_MAX];

	fprintf(f, "Interface %s is %s/%s, VRF \"%s\"\n", t->name, t->up ? "up" : "down",
		t->up && t->line_protocol ? "up" : "down", t->overlay_vrf);
	fprintf(f, "   Tunnel Src./Dest. addr: %s/%s, Tunnel VRF \"%s\"\n",
		ipaddr_is_none(&t->local) ? "UNKNOWN" : ipaddr_format(&t->local, local),
		t->multipoint ? "Multipoint" : ipaddr_format(&t->destination, far), t->underlay_vrf);
	fprintf(f, "   Protocol/Transport: \"%s/%s\", Protect \"%s\"", t->multipoint ? "multi-GRE" : "GRE",
		t->over_ipv6 ? "IPv6" : "IP", t->protection ? t->protection : "");
	if (t->has_key)
		fprintf(f, ", Key %u", t->key);
	if (t->protection && !t->is_protected)
		fputs(", UNPROTECTED by --no-ipsec", f);
	fprintf(f, "\n   Interface State Control: %s\n", t->if_state_nhrp ? "Enabled" : "Disabled");
	if (t->warm_behind)
		fprintf(f, "   Warm: %s, behind %s; at rest its uplink carries %.2f MB a day, computed\n", t->rests ? "resting" : "awake",
			t->warm_behind, (double)t->rest_octets_per_day / 1e6);
	fprintf(f, "   Type:%s, Peers:%zu, Entries:%zu, Multicast:%zu, Datapath:%s (%s)\n", word_of_role(t->role),
		t->peer_count, t->binding_count, t->multicast_count, t->datapath, t->datapath_reason);
	for (size_t i = 0; i < t->coupling_count; i++)
		print_coupling(f, &t->couplings[i]);
	if (!t->up && t->reason && t->reason[0])
		fprintf(f, "   reason: %s\n", t->reason);
	for (size_t i = 0; i < t->setting_count; i++)
		fprintf(f, "   %s = %s\n", t->settings[i].name, t->settings[i].value);
}

static void print_tunnels(FILE *f, const struct view *v)
{
	for (size_t i = 0; i < v->tunnel_count; i++)
		print_tunnel(f, &v->tunnels[i]);
}

static void print_events(FILE *f, const struct view *v)
{
	for (size_t i = 0; i < v->event_count; i++) {
		const struct view_event *e = &v->events[i];
		time_t s = (time_t)(e->unix_us / 1000000);
		struct tm tm;
		char when[32];

		gmtime_r(&s, &tm);
		strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S", &tm);
		fprintf(f, "%s.%03dZ %%DMVPN-%d-%s: %s\n", when, (int)(e->unix_us / 1000 % 1000), e->severity,
			e->mnemonic, e->text);
	}
}

static void print_counts(FILE *f, const char *title, const struct view_count *c, size_t count)
{
	fprintf(f, "%s\n", title);
	for (size_t i = 0; i < count; i++) {
		if (c[i].value > 0)
			fprintf(f, "  %12" PRIu64 "  %s\n", c[i].value, c[i].text);
	}
}

static void print_traffic(FILE *f, const struct view *v)
{
	char in[IPADDR_TEXT_MAX], out[IPADDR_TEXT_MAX];

	for (size_t i = 0; i < v->tunnel_traffic_count; i++) {
		const struct view_tunnel_traffic *t = &v->tunnel_traffic[i];

		fprintf(f,
			"%s: received %" PRIu64 " packets %" PRIu64 " bytes, sent %" PRIu64 " packets %" PRIu64
			" bytes, NHRP %" PRIu64 " in %" PRIu64 " out, multicast copies %" PRIu64 ", relay fallbacks %" PRIu64
			"\n",
			t->name, t->rx_packets, t->rx_bytes, t->tx_packets, t->tx_bytes, t->rx_nhrp, t->tx_nhrp,
			t->multicast_copies, t->relay_fallback);
	}
	for (size_t i = 0; i < v->peer_traffic_count; i++) {
		const struct view_peer_traffic *p = &v->peer_traffic[i];

		fprintf(f, "  %s %s: received %" PRIu64 " packets %" PRIu64 " bytes, sent %" PRIu64 " packets %" PRIu64 " bytes\n",
			p->tunnel, ipaddr_format(&p->nbma, in), p->rx_packets, p->rx_bytes, p->tx_packets, p->tx_bytes);
		if (p->rate_bps)
			fprintf(f, "    shaped to %" PRIu64 " kbit/s: %" PRIu64 " packets delayed, %" PRIu64 " dropped, %" PRIu64 " waiting\n",
				p->rate_bps / 1000, p->delayed, p->dropped, p->waiting);
	}
	for (size_t i = 0; i < v->relay_traffic_count; i++) {
		const struct view_relay_traffic *r = &v->relay_traffic[i];

		fprintf(f, "  relayed %s %s -> %s %s: %" PRIu64 " packets %" PRIu64 " bytes\n", r->in_tunnel,
			ipaddr_format(&r->in_nbma, in), r->out_tunnel, ipaddr_format(&r->out_nbma, out), r->packets, r->bytes);
	}
}

static void print_counters(FILE *f, const struct view *v)
{
	print_counts(f, "NHRP", v->engine, v->engine_count);
	print_counts(f, "NHRP messages that could not be decoded", v->codec, v->codec_count);
	print_counts(f, "Packets dropped", v->drops, v->drop_count);
	print_traffic(f, v);
}

char *show_text(const struct view *v, enum show_subject subject)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	switch (subject) {
	case SHOW_DMVPN: print_dmvpn(f, v); break;
	case SHOW_NHRP: print_nhrp(f, v); break;
	case SHOW_NHS: print_nhs(f, v); break;
	case SHOW_TUNNELS: print_tunnels(f, v); break;
	case SHOW_EVENTS: print_events(f, v); break;
	case SHOW_COUNTERS: print_counters(f, v); break;
	case SHOW_IPSEC: show_ipsec_text(f, v); break;
	case SHOW_BFD: show_bfd_text(f, v); break;
	case SHOW_TRACK: show_track_text(f, v); break;
	case SHOW_SLA: show_sla_text(f, v); break;
	}
	if (fclose(f) == 0)
		return text;
	free(text);
	return NULL;
}
