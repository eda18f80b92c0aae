#include "control/show_ipsec.h"

#include <inttypes.h>

#include "control/json_values.h"
#include "control/words.h"

/* ---- text, as IOS shows crypto sessions, with the cause where one is not up ---- */

static void print_sa(FILE *f, const struct view_sa *s)
{
	char left[UPTIME_TEXT_MAX];

	fprintf(f, "        %-9s SPI 0x%08X, transform: %s%s, %s%s\n", s->inbound ? "Inbound:" : "Outbound:", s->spi,
		s->suite, s->esn ? " ESN" : "", s->phase, s->sending ? ", sends" : "");
	fprintf(f, "                  #pkts %s %" PRIu64 " #bytes %" PRIu64 ", life left %s", s->inbound ? "dec'ed" : "enc'ed",
		s->packets, s->bytes, s->hard_s < 0 ? "unlimited" : uptime_text(span_s(s->hard_s), left));
	if (s->inbound)
		fprintf(f, ", replay window %u drops %u, ICV drops %u", s->replay_window, s->replay_drops, s->icv_drops);
	fputc('\n', f);
}

static void print_ike(FILE *f, const struct view_session *s)
{
	if (s->ike_version == 0)
		fputs("  IKE SA: none\n", f);
	else
		fprintf(f, "  IKEv%u SA: Active, %s began it%s%s\n", s->ike_version, s->is_initiator ? "this router" : "the peer",
			s->ike_suite[0] ? ", " : "", s->ike_suite);
}

static void print_session(FILE *f, const struct view *v, const struct view_session *s)
{
	char local[IPADDR_TEXT_MAX], peer[IPADDR_TEXT_MAX], when[UPTIME_TEXT_MAX];

	fprintf(f, "Session: %u, profile %s, local %s peer %s port %u", s->number, s->profile,
		ipaddr_format(&s->local, local), ipaddr_format(&s->peer.addr, peer), s->remote_port);
	if (s->peer.site != 0)
		fprintf(f, " site %u", s->peer.site);
	fprintf(f, ", fvrf: %s\n", s->underlay_vrf[0] ? s->underlay_vrf : "(none)");
	fprintf(f, "  Session status: %s%s", s->status, instant_is_never(s->up_since) ? "" : ", uptime: ");
	if (!instant_is_never(s->up_since))
		fputs(uptime_text(instant_since(v->now, s->up_since), when), f);
	fprintf(f, "\n  Phase1_id: %s\n", s->identity[0] ? s->identity : "(none)");
	print_ike(f, s);
	if (s->reason[0])
		fprintf(f, "  reason: %s (%u attempts failed)\n", s->reason, s->failures);
	for (size_t i = 0; i < s->sa_count; i++)
		print_sa(f, &s->sas[i]);
}

static void print_refused(FILE *f, const struct view *v, const struct view_refused *r)
{
	char peer[IPADDR_TEXT_MAX], when[UPTIME_TEXT_MAX];

	fprintf(f, "Refused: peer %s, shows identity %s, %u attempts, last %s ago\n  reason: %s\n", ipaddr_format(&r->peer, peer),
		r->claims[0] ? r->claims : "(none)", r->attempts, uptime_text(instant_since(v->now, r->last), when), r->reason);
}

void show_ipsec_text(FILE *f, const struct view *v)
{
	for (size_t i = 0; i < v->session_count; i++)
		print_session(f, v, &v->sessions[i]);
	for (size_t i = 0; i < v->refused_count; i++)
		print_refused(f, v, &v->refused[i]);
}

/* ---- JSON ---- */

static json_t *sa_json(const struct view_sa *s)
{
	json_t *o = json_object();
	char spi[12];

	snprintf(spi, sizeof spi, "%08x", s->spi);
	json_object_set_new(o, "direction", json_string(s->inbound ? "in" : "out"));
	json_object_set_new(o, "spi", json_string(spi));
	json_object_set_new(o, "suite", json_string(s->suite));
	json_object_set_new(o, "state", json_string(s->phase));
	json_object_set_new(o, "sending", json_boolean(s->sending));
	json_object_set_new(o, "udp", json_boolean(s->udp));
	json_object_set_new(o, "esn", json_boolean(s->esn));
	json_object_set_new(o, "packets", count_json(s->packets));
	json_object_set_new(o, "bytes", count_json(s->bytes));
	json_object_set_new(o, "age_s", count_json((uint64_t)s->age_s));
	json_object_set_new(o, "lifetime_left_s", s->hard_s < 0 ? json_null() : count_json((uint64_t)s->hard_s));
	json_object_set_new(o, "replay_window", count_json(s->replay_window));
	json_object_set_new(o, "replay_drops", count_json(s->replay_drops));
	json_object_set_new(o, "icv_drops", count_json(s->icv_drops));
	return o;
}

static json_t *session_json(const struct view *v, const struct view_session *s)
{
	json_t *o = json_object(), *list = json_array();
	const bool up = !instant_is_never(s->up_since);

	json_object_set_new(o, "session", count_json(s->number));
	json_object_set_new(o, "profile", json_string(s->profile));
	json_object_set_new(o, "local", addr_json(&s->local));
	json_object_set_new(o, "peer", addr_json(&s->peer.addr));
	json_object_set_new(o, "site", count_json(s->peer.site));
	json_object_set_new(o, "port", s->remote_port ? count_json(s->remote_port) : json_null());
	json_object_set_new(o, "underlay_vrf", json_string(s->underlay_vrf));
	json_object_set_new(o, "identity", text_json(s->identity));
	json_object_set_new(o, "state", json_string(s->state));
	json_object_set_new(o, "status", json_string(s->status));
	json_object_set_new(o, "reason", text_json(s->reason));
	json_object_set_new(o, "cause", s->reason[0] ? json_string(s->cause) : json_null());
	json_object_set_new(o, "failures", count_json(s->failures));
	json_object_set_new(o, "ike_version", s->ike_version ? count_json(s->ike_version) : json_null());
	json_object_set_new(o, "initiator", s->ike_version ? json_boolean(s->is_initiator) : json_null());
	json_object_set_new(o, "ike_suite", text_json(s->ike_suite));
	json_object_set_new(o, "ike_sas", count_json(s->ikes));
	json_object_set_new(o, "uptime_s", up ? json_integer(span_to_s(instant_since(v->now, s->up_since))) : json_null());
	for (size_t i = 0; i < s->sa_count; i++)
		json_array_append_new(list, sa_json(&s->sas[i]));
	json_object_set_new(o, "sas", list);
	return o;
}

json_t *show_ipsec_json(const struct view *v)
{
	json_t *list = json_array();

	for (size_t i = 0; i < v->session_count; i++)
		json_array_append_new(list, session_json(v, &v->sessions[i]));
	return list;
}

json_t *show_refused_json(const struct view *v)
{
	json_t *list = json_array();

	for (size_t i = 0; i < v->refused_count; i++) {
		const struct view_refused *r = &v->refused[i];
		json_t *o = json_object();

		json_object_set_new(o, "peer", addr_json(&r->peer));
		json_object_set_new(o, "claims", text_json(r->claims));
		json_object_set_new(o, "cause", json_string(r->cause));
		json_object_set_new(o, "reason", json_string(r->reason));
		json_object_set_new(o, "attempts", count_json(r->attempts));
		json_object_set_new(o, "first_s", json_integer(span_to_s(instant_since(v->now, r->first))));
		json_object_set_new(o, "last_s", json_integer(span_to_s(instant_since(v->now, r->last))));
		json_array_append_new(list, o);
	}
	return list;
}
