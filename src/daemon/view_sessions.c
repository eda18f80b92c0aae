#include "daemon/view_sessions.h"

#include <stdio.h>
#include <string.h>

#include "daemon/charon_report.h"
#include "daemon/daemon_state.h"
#include "daemon/refusals.h"

static const char *phase_name(unsigned phase)
{
	switch ((enum forward_sa_phase)phase) {
	case FORWARD_SA_LARVAL: return "larval";
	case FORWARD_SA_UNBOUND: return "unbound";
	case FORWARD_SA_LIVE: return "live";
	case FORWARD_SA_ORPHAN: return "orphan";
	case FORWARD_SA_GONE: break;
	}
	return "gone";
}

static struct view_sa view_sa(const struct forward_sa_state *s)
{
	struct view_sa v = {
		.inbound = s->inbound, .sending = s->sending, .udp = s->udp, .esn = s->esn, .spi = s->spi,
		.phase = phase_name(s->phase), .packets = s->packets, .bytes = s->bytes, .replay_window = s->replay_window,
		.replay_drops = s->replay_drops, .icv_drops = s->icv_drops, .age_s = s->age_s > 0 ? s->age_s : 0,
		.hard_s = s->hard_s == INT64_MAX ? -1 : s->hard_s > 0 ? s->hard_s : 0,
	};

	snprintf(v.suite, sizeof v.suite, "%.*s", (int)sizeof s->suite - 1, s->suite);
	return v;
}

/* The SAs of one session, put into the next free places of the view's array. */
static void fill_sas(const struct counters *c, struct view_sa **next, struct view_session *out)
{
	out->sas = *next;
	for (size_t i = 0; i < c->sa_count; i++)
		if (c->sas[i].session == out->number)
			*(*next)++ = view_sa(&c->sas[i]);
	out->sa_count = (size_t)(*next - out->sas);
}

static const char *status_of(const struct session_view *s)
{
	if (s->can_send)
		return s->ike_up ? "UP-ACTIVE" : "UP-NO-IKE";
	return strcmp(s->state, "IKE") == 0 || strcmp(s->state, "IPSEC") == 0 ? "DOWN-NEGOTIATING" : "DOWN";
}

static struct view_session view_session(const struct daemon *d, const struct session_view *s)
{
	const struct ike_protection *p = protection_of(ipsec_config(d), s->key.protection);
	const enum ike_cause cause = s->cause_rank < IKE_CAUSE_COUNT ? (enum ike_cause)s->cause_rank : IKE_CAUSE_NONE;
	const uint32_t vrf = s->key.local.vrf;

	return (struct view_session){
		.number = s->session, .profile = p ? p->profile : "-",
		.underlay_vrf = vrf < d->config->vrf_count ? d->config->vrfs[vrf].name : "", .local = s->key.local.addr,
		.peer = s->key.remote, .remote_port = s->remote_port, .state = s->state, .status = status_of(s),
		.identity = s->identity, .reason = s->cause, .cause = ike_cause_word(cause), .remedy = ike_cause_remedy(cause),
		.failed_at = s->failed_at, .ike_suite = s->ike_suite, .ike_version = s->version,
		.is_initiator = s->is_initiator, .failures = s->failures, .ikes = s->ikes, .up_since = s->up_since,
	};
}

bool view_add_sessions(struct daemon *d, struct made_view *m, const struct counters *c)
{
	struct session_view s = { 0 };
	struct view_sa *sas = view_take(m, c->sa_count, sizeof *sas);
	struct view_session *list;
	size_t count = 0;

	while (sessions_view(ipsec_sessions(d), s.session, &s))
		count++;
	list = view_take(m, count, sizeof *list);
	if (!sas || !list)
		return false;
	s.session = 0;
	while (m->view.session_count < count && sessions_view(ipsec_sessions(d), s.session, &s)) {
		list[m->view.session_count] = view_session(d, &s);
		fill_sas(c, &sas, &list[m->view.session_count++]);
	}
	m->view.sessions = list;
	return true;
}

bool view_add_refused(const struct daemon *d, struct made_view *m)
{
	struct view_refused *list = view_take(m, REFUSALS_MAX, sizeof *list);
	const struct refusal *r;

	if (!list)
		return false;
	while ((r = refusals_at(ipsec_refusals(d), m->view.now, m->view.refused_count)))
		list[m->view.refused_count++] = (struct view_refused){
			.peer = r->peer, .claims = r->claims, .cause = ike_cause_word(r->cause),
			.reason = ike_cause_text(r->cause), .remedy = ike_cause_remedy(r->cause),
			.attempts = r->attempts, .first = r->first, .last = r->last,
		};
	m->view.refused = list;
	return true;
}

void view_protect(const struct daemon *d, struct binding_view *b)
{
	struct session_view s;

	if (b->kind == BINDING_LOCAL || b->state == BINDING_STATE_INTF || ipaddr_is_none(&b->nbma.addr))
		return;
	if (!sessions_view_of(ipsec_sessions(d), b->tunnel, &b->nbma, &s))
		return;
	if (s.can_send) { /* by what is left of an earlier agreement, which may lead nowhere */
		if (b->state != BINDING_STATE_UP && s.cause[0] && !s.ike_up)
			b->reason = s.cause;
		return;
	}
	b->state = strcmp(s.state, "IPSEC") == 0 ? BINDING_STATE_IPSEC : BINDING_STATE_IKE;
	b->reason = s.cause[0] ? s.cause : "no answer to IKE yet";
}
