#include "forward/sa_report.h"

#include <stdio.h>
#include <string.h>

#include "forward/protect.h"

_Static_assert((int)ESP_PHASE_LARVAL == FORWARD_SA_LARVAL && (int)ESP_PHASE_UNBOUND == FORWARD_SA_UNBOUND &&
	       (int)ESP_PHASE_LIVE == FORWARD_SA_LIVE && (int)ESP_PHASE_ORPHAN == FORWARD_SA_ORPHAN &&
	       (int)ESP_PHASE_GONE == FORWARD_SA_GONE, "phases are told as they are");

static void ends_fill(const struct esp_sa *sa, struct forward_sa_state *out)
{
	const struct sa_binding *b = sa_binding(sa);

	if (sa->session && b->session.session == sa->session) {
		out->local = b->session.local;
		out->remote = b->session.remote;
		out->remote.addr = b->to;
		out->remote_port = b->to_port;
	} else {
		out->local.addr = sa->local;
		out->remote.addr = sa->remote;
		out->remote_port = sa->remote_port;
	}
}

static void times_fill(const struct worker *w, const struct esp_sa *sa, struct forward_sa_state *out)
{
	const int64_t now = w->now.us;

	out->age_s = sa->added_us ? (now - sa->added_us) / 1000000 : 0;
	out->hard_s = sa->hard.deadline_us == INT64_MAX ? INT64_MAX :
		      sa->hard.deadline_us <= now ? 0 : (sa->hard.deadline_us - now) / 1000000;
	out->idle_us = sa->used_us ? now - sa->used_us : INT64_MAX;
}

void sa_report_fill(const struct worker *w, const struct esp_sa *sa, enum esp_phase phase,
		    struct forward_sa_state *out)
{
	const struct sa_session *session = sa_session_of(&w->protection->sessions, sa);
	char suite[ESP_SUITE_NAME_MAX] = "";

	*out = (struct forward_sa_state){
		.session = sa->session, .spi = sa->spi, .inbound = sa->inbound, .phase = (uint8_t)phase,
		.sending = session && session->out == sa, .udp = sa->udp,
		.key_bits = (uint16_t)(8 * sa->suite.key_octets), .packets = sa->packets, .bytes = sa->bytes,
		.sequence = sa->inbound ? sa->replay.highest : sa->sequence,
		.replay_drops = (uint32_t)sa->replay_drops, .icv_drops = (uint32_t)sa->icv_drops,
		.replay_window = sa->inbound ? sa->replay.window : 0, .esn = sa->esn,
	};
	if (phase != ESP_PHASE_LARVAL)
		esp_suite_name(&sa->suite, suite);
	snprintf(out->suite, sizeof out->suite, "%.*s", (int)sizeof out->suite - 1, suite);
	ends_fill(sa, out);
	times_fill(w, sa, out);
}

void sa_report(struct worker *w, const struct esp_sa *sa, enum esp_phase phase)
{
	struct forward_sa_state state;

	sa_report_fill(w, sa, phase, &state);
	w->io.control_send(w->io.context, FORWARD_SA_STATE, &state, sizeof state);
}
