#include "control/show_bfd.h"

#include <inttypes.h>

#include "control/json_values.h"
#include "control/words.h"
#include "wire/bfd.h"

static double ms(int64_t us)
{
	return (double)us / 1000.0;
}

static const char *clients_text(const struct view_bfd *b)
{
	return b->by_nhrp ? b->by_routing ? "NHRP, routing" : "NHRP" : b->by_routing ? "routing" : "none (going)";
}

static void print_one(FILE *f, const struct view_bfd *b)
{
	char remote[IPADDR_TEXT_MAX], nbma[IPADDR_TEXT_MAX], discriminators[32], when[UPTIME_TEXT_MAX];

	snprintf(discriminators, sizeof discriminators, "%" PRIu32 "/%" PRIu32, b->discriminator, b->remote_discriminator);
	fprintf(f, "%-38s %-21s %-9s %-9s %s\n", ipaddr_format(&b->remote, remote), discriminators,
		bfd_state_text(b->remote_state), bfd_state_text(b->state), b->interface);
	fprintf(f, "  by %s, %s for %s, NBMA %s", clients_text(b), bfd_state_text(b->state), uptime_text(b->since, when),
		ipaddr_format(&b->nbma, nbma));
	if (b->state != BFD_UP)
		fprintf(f, ", reason: %s", bfd_diag_text(b->diag));
	fprintf(f, "\n  sent every %.0f ms, detection time %.0f ms (multiplier %u x %.0f ms), packets %" PRIu64 " out %" PRIu64
		" in, failures %" PRIu32 "%s\n",
		ms(b->tx_interval_us), ms(b->detection_us), b->remote_multiplier,
		b->remote_multiplier ? ms(b->detection_us / b->remote_multiplier) : 0.0, b->tx_packets, b->rx_packets,
		b->failures, b->polling ? ", polling" : "");
}

static void print_family(FILE *f, const struct view *v, enum ip_family family)
{
	bool any = false;

	for (size_t i = 0; i < v->bfd_count; i++) {
		if (v->bfd[i].remote.family != family)
			continue;
		if (!any)
			fprintf(f, "\nIPv%c Sessions\n%-38s %-21s %-9s %-9s %s\n", family == IP_V4 ? '4' : '6', "NeighAddr",
				"LD/RD", "RH/RS", "State", "Int");
		any = true;
		print_one(f, &v->bfd[i]);
	}
}

void show_bfd_text(FILE *f, const struct view *v)
{
	fprintf(f, "Sessions: %zu, packets per second at most %" PRIu32 ", no interval below %.0f ms\n", v->bfd_count, v->bfd_budget,
		ms(v->bfd_floor_us));
	print_family(f, v, IP_V4);
	print_family(f, v, IP_V6);
	for (size_t i = 0; i < v->bfd_drop_count; i++)
		if (v->bfd_drops[i].value)
			fprintf(f, "%12" PRIu64 "  %s\n", v->bfd_drops[i].value, v->bfd_drops[i].text);
}

static void set_number(json_t *o, const char *name, uint64_t value)
{
	json_object_set_new(o, name, count_json(value));
}

static void set_ms(json_t *o, const char *name, int64_t us)
{
	json_object_set_new(o, name, json_real(ms(us)));
}

static json_t *clients_json(const struct view_bfd *b)
{
	json_t *list = json_array();

	if (b->by_nhrp)
		json_array_append_new(list, json_string("nhrp"));
	if (b->by_routing)
		json_array_append_new(list, json_string("routing"));
	return list;
}

static json_t *session_json(const struct view_bfd *b)
{
	json_t *o = json_object();

	json_object_set_new(o, "interface", json_string(b->interface));
	json_object_set_new(o, "address", addr_json(&b->remote));
	json_object_set_new(o, "local", addr_json(&b->local));
	json_object_set_new(o, "nbma", addr_json(&b->nbma));
	json_object_set_new(o, "clients", clients_json(b));
	json_object_set_new(o, "state", json_string(bfd_state_text(b->state)));
	json_object_set_new(o, "diagnostic", json_string(bfd_diag_text(b->diag)));
	json_object_set_new(o, "remote_state", json_string(bfd_state_text(b->remote_state)));
	json_object_set_new(o, "remote_diagnostic", json_string(bfd_diag_text(b->remote_diag)));
	json_object_set_new(o, "polling", json_boolean(b->polling));
	set_number(o, "discriminator", b->discriminator);
	set_number(o, "remote_discriminator", b->remote_discriminator);
	set_number(o, "multiplier", b->multiplier);
	set_number(o, "remote_multiplier", b->remote_multiplier);
	set_ms(o, "desired_min_tx_ms", b->desired_min_tx_us);
	set_ms(o, "required_min_rx_ms", b->required_min_rx_us);
	set_ms(o, "remote_desired_min_tx_ms", b->remote_desired_min_tx_us);
	set_ms(o, "remote_required_min_rx_ms", b->remote_required_min_rx_us);
	set_ms(o, "tx_interval_ms", b->tx_interval_us);
	set_ms(o, "detection_ms", b->detection_us);
	json_object_set_new(o, "since_s", json_real((double)(b->since.us / 1000) / 1000.0));
	set_number(o, "tx_packets", b->tx_packets);
	set_number(o, "rx_packets", b->rx_packets);
	set_number(o, "failures", b->failures);
	return o;
}

void show_bfd_json(const struct view *v, json_t *o)
{
	json_t *sessions = json_array(), *drops = json_object();

	for (size_t i = 0; i < v->bfd_count; i++)
		json_array_append_new(sessions, session_json(&v->bfd[i]));
	for (size_t i = 0; i < v->bfd_drop_count; i++)
		set_number(drops, v->bfd_drops[i].name, v->bfd_drops[i].value);
	json_object_set_new(o, "sessions", sessions);
	set_number(o, "budget_packets_per_s", v->bfd_budget);
	set_ms(o, "floor_ms", v->bfd_floor_us);
	json_object_set_new(o, "drops", drops);
}
