#include "daemon/ipsec.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "daemon/certificates.h"
#include "daemon/charon_report.h"
#include "daemon/ipsec_state.h"
#include "daemon/saved.h"

const struct sessions *ipsec_sessions(const struct daemon *d)
{
	return d->ipsec->sessions;
}

const struct refusals *ipsec_refusals(const struct daemon *d)
{
	return &d->ipsec->refusals;
}

const struct ike_config *ipsec_config(const struct daemon *d)
{
	return d->ipsec->config;
}

/* ---- the configuration ---- */

bool ipsec_protects(const struct daemon *d, const struct config_interface *i)
{
	return !d->hello.no_ipsec && i->is_tunnel && !i->shutdown && i->tunnel->protection_profile;
}

size_t ipsec_write_faults(const struct daemon *d, const struct config *c, const struct ike_config *i, FILE *out)
{
	size_t count = 0;

	for (size_t k = 0; k < i->finding_count && !d->hello.no_ipsec; k++) {
		const struct ike_finding *f = &i->findings[k];

		if (f->severity != IKE_ERROR)
			continue;
		count++;
		fprintf(out, "%s:%u: %s\n", c->name ? c->name : "-", f->line, f->text);
		if (f->remedy)
			fprintf(out, "  instead: %s\n", f->remedy);
	}
	return count;
}

uint32_t ipsec_protection(const struct daemon *d, const struct config_interface *i)
{
	const struct ike_protection *p = ipsec_protects(d, i) ? ike_config_protection(d->ipsec->config, d->config, i) : NULL;

	return p ? protection_id(p) : 0;
}

/* ---- charon's side ---- */

static void opened(void *daemon)
{
	struct daemon *d = daemon;

	for (const struct listening *l = d->ipsec->listening; l; l = l->next)
		charon_listen(d->ipsec->charon, l->protection, &l->local);
}

static void changed(void *daemon)
{
	ipsec_run(daemon);
}

static void charon_ready(void *daemon)
{
	saved_charon_ready(daemon);
	certificates_charon(claimants_certificates(daemon), true);
}

static void hangs(void *daemon)
{
	struct daemon *d = daemon;
	char text[KEEPER_TEXT];
	int rc = keeper_restart_ike(&d->keeper, text);

	daemon_log(d, TRACE_ERROR, "IKE_HANGS", "reason=\"charon does not answer; it is started again\"%s%s",
		   rc < 0 ? " error=" : "", rc < 0 ? text : "");
}

static void lost(void *daemon)
{
	struct daemon *d = daemon;

	certificates_charon(claimants_certificates(d), false);
	if (d->phase == DAEMON_RUNNING)
		daemon_log(d, TRACE_WARNING, "IKE_LOST",
			   "reason=\"charon has ended; the keeper starts it again, established sessions go on\"");
}

/* Of a peer that called us. */
static void caller_refused(struct daemon *d, uint32_t ike_id, enum ike_cause cause)
{
	bool say;
	const struct refusal *r = refusals_note(&d->ipsec->refusals, daemon_now(), ike_id, cause, &say);
	char peer[IPADDR_TEXT_MAX];

	if (!r)
		return;
	sessions_cause_at(d->ipsec->sessions, daemon_now(), &r->peer, cause, ike_cause_text(cause));
	if (say)
		daemon_log(d, TRACE_WARNING, "IKE_REFUSED", "peer=%s claims=%.100s reason=\"%s\" remedy=\"%s\"",
			   ipaddr_format(&r->peer, peer), r->claims[0] ? r->claims : "-", ike_cause_text(cause),
			   ike_cause_remedy(cause));
}

static void cause(void *daemon, const struct session_key *key, uint32_t ike_id, enum ike_cause cause)
{
	struct daemon *d = daemon;
	const struct ike_protection *p = key ? protection_of(d->ipsec->config, key->protection) : NULL;

	if (p && !p->force_encap && cause == IKE_CAUSE_NO_ANSWER_4500)
		cause = IKE_CAUSE_NO_ANSWER; /* everything goes by UDP 500 */
	if (key)
		sessions_cause(d->ipsec->sessions, daemon_now(), key, cause, ike_cause_text(cause));
	else
		sessions_cause_of(d->ipsec->sessions, daemon_now(), ike_id, cause, ike_cause_text(cause));
	caller_refused(d, ike_id, cause);
}

static void charon_says(void *daemon, uint32_t ike_id, const char *msg)
{
	refusals_read(&((struct daemon *)daemon)->ipsec->refusals, ike_id, msg);
}

static void unwelcome(void *daemon, const struct session_report *r)
{
	const struct session_key k = { r->protection, r->local, r->remote };
	struct daemon *d = daemon;

	sessions_cause(d->ipsec->sessions, daemon_now(), &k, IKE_CAUSE_IDENTITY, ike_cause_text(IKE_CAUSE_IDENTITY));
	caller_refused(d, r->ike_id, IKE_CAUSE_IDENTITY);
}

/* The keeper opens what lies below the configuration's folder, and takes the path from there. */
static const char *below_configuration(const struct daemon *d, const char *path)
{
	const char *slash = strrchr(d->hello.config_path, '/');
	const size_t length = slash ? (size_t)(slash + 1 - d->hello.config_path) : 0;

	return strncmp(path, d->hello.config_path, length) == 0 ? path + length : path;
}

int ipsec_open_file(struct daemon *d, const char *path)
{
	char text[KEEPER_TEXT];
	int fd, rc = keeper_open_file(&d->keeper, below_configuration(d, path), &fd, text);

	if (rc < 0)
		daemon_log(d, TRACE_ERROR, "IKE_FILE", "error=\"%s\"", text);
	return rc < 0 ? rc : fd;
}

static int open_file(void *daemon, const char *path)
{
	return ipsec_open_file(daemon, path);
}

static void failed(void *daemon, const char *what, const char *error)
{
	daemon_log((struct daemon *)daemon, TRACE_ERROR, "IKE_CONFIG", "what=\"%s\" error=\"%s\"", what, error);
}

/* ---- what the sessions ask for ---- */

/* The data path: the kernel, or the forwarder. */
static void set_session(struct daemon *d, const struct session_action *a, uint16_t type)
{
	struct forward_session m;

	if (d->ipsec->kernel) {
		ipsec_kernel_do(d->ipsec->kernel, a);
		return;
	}
	memset(&m, 0, sizeof m);
	m.session = a->session;
	m.protection = a->key.protection;
	m.local = a->key.local;
	m.remote = a->key.remote;
	datapath_user_tell(d->user, type, &m, sizeof m);
}

static void bind_sa(struct daemon *d, const struct session_action *a, uint16_t type)
{
	struct forward_sa_bind m;

	if (d->ipsec->kernel) {
		ipsec_kernel_do(d->ipsec->kernel, a);
		return;
	}
	memset(&m, 0, sizeof m);
	m.session = a->session;
	m.spi_in = a->spi_in;
	m.spi_out = a->spi_out;
	m.is_initiator = a->is_initiator;
	datapath_user_tell(d->user, type, &m, sizeof m);
}

static void reachable(struct daemon *d, const struct session_action *a)
{
	struct event ev = { .type = EVENT_REACHABLE, .tunnel = a->tunnel };

	refusals_forget(&d->ipsec->refusals, &a->key.remote.addr);
	ev.reachable.nbma = a->key.remote;
	daemon_feed(d, &ev);
}

static void taken(struct daemon *d, const struct session_action *a)
{
	struct event ev = { .type = EVENT_TAKEN, .tunnel = a->tunnel };

	ev.reachable.nbma = a->key.remote;
	daemon_feed(d, &ev);
}

static void doubted(struct daemon *d, const struct session_action *a)
{
	struct event ev = { .type = EVENT_DOUBT, .tunnel = a->tunnel };

	ev.quiet.nbma = a->key.remote;
	daemon_feed(d, &ev);
}

static void carry_out(struct daemon *d, const struct session_action *a)
{
	switch (a->type) {
	case SESSION_DO_INITIATE:
		charon_initiate(d->ipsec->charon, &a->key, a->port);
		break;
	case SESSION_DO_FORGET:
		charon_forget(d->ipsec->charon, &a->key);
		break;
	case SESSION_DO_TERMINATE:
		charon_terminate(d->ipsec->charon, a->ike_id, a->force);
		break;
	case SESSION_DO_FORWARD_SET:
		set_session(d, a, FORWARD_SESSION_SET);
		break;
	case SESSION_DO_FORWARD_DEL:
		set_session(d, a, FORWARD_SESSION_DEL);
		break;
	case SESSION_DO_BIND:
		bind_sa(d, a, FORWARD_SA_BIND);
		break;
	case SESSION_DO_REVOKE:
		bind_sa(d, a, FORWARD_SA_REVOKE);
		break;
	case SESSION_DO_NHRP:
		d->datapath.ops->nhrp_send(d->datapath.self, a->tunnel, &a->key.remote, a->bytes, a->length);
		break;
	case SESSION_DO_REACHABLE:
		reachable(d, a);
		break;
	case SESSION_DO_TAKEN:
		taken(d, a);
		break;
	case SESSION_DO_DOUBTED:
		doubted(d, a);
		break;
	case SESSION_DO_TRACE:
		log_write(&d->log, daemon_now(), a->severity, a->mnemonic, a->text);
		break;
	}
}

static void on_deadline(uv_timer_t *timer)
{
	struct daemon *d = timer->data;

	sessions_tick(d->ipsec->sessions, daemon_now());
	ipsec_run(d);
}

static void arm(struct daemon *d)
{
	struct instant at = sessions_deadline(d->ipsec->sessions);
	int64_t us = instant_since(at, daemon_now()).us;

	if (instant_is_never(at)) {
		uv_timer_stop(&d->ipsec->timer);
		return;
	}
	uv_update_time(&d->loop);
	uv_timer_start(&d->ipsec->timer, on_deadline, us > 0 ? (uint64_t)(us + 999) / 1000 : 0, 0);
}

void ipsec_run(struct daemon *d)
{
	struct session_action a;

	/* What carrying out one action asks for anew is found by the loop that is running. */
	if (d->ipsec->running || d->draining)
		return;
	d->ipsec->running = true;
	while (sessions_next(d->ipsec->sessions, &a))
		carry_out(d, &a);
	d->ipsec->running = false;
	arm(d);
}

/* ---- tunnels and the engine ---- */

static struct listening **find_listening(struct ipsec *x, uint32_t protection, const struct endpoint *local)
{
	struct listening **at = &x->listening;

	while (*at && ((*at)->protection != protection || !endpoint_eq(&(*at)->local, local)))
		at = &(*at)->next;
	return at;
}

static void listen_put(struct daemon *d, uint32_t protection, const struct endpoint *local)
{
	struct listening **at = find_listening(d->ipsec, protection, local), *l = *at;

	if (protection == 0 || !l || --l->tunnels > 0)
		return;
	charon_unlisten(d->ipsec->charon, protection, local);
	*at = l->next;
	free(l);
}

static void listen_get(struct daemon *d, uint32_t protection, const struct endpoint *local)
{
	struct listening **at = find_listening(d->ipsec, protection, local), *l = *at;

	if (protection == 0)
		return;
	if (!l) {
		l = calloc(1, sizeof *l);
		if (!l)
			abort();
		l->protection = protection;
		l->local = *local;
		*at = l;
		charon_listen(d->ipsec->charon, protection, local);
	}
	l->tunnels++;
}

static struct tunnel_protection *known_tunnel(struct ipsec *x, uint32_t number)
{
	struct tunnel_protection *t = x->tunnels;

	while (t && t->tunnel != number)
		t = t->next;
	if (t)
		return t;
	t = calloc(1, sizeof *t);
	if (!t)
		abort();
	t->tunnel = number;
	t->next = x->tunnels;
	x->tunnels = t;
	return t;
}

void ipsec_tunnel(struct daemon *d, const struct tunnel *t)
{
	struct tunnel_protection *was = known_tunnel(d->ipsec, t->number);
	const uint32_t protection = t->up ? t->protection : 0;

	if (was->protection == protection && endpoint_eq(&was->local, &t->local))
		return;
	/* The new one first: an address that stays does not close in between. */
	listen_get(d, protection, &t->local);
	listen_put(d, was->protection, &was->local);
	was->protection = protection;
	was->local = t->local;
	sessions_tunnel(d->ipsec->sessions, daemon_now(), t->number, protection, &t->local);
	if (d->ipsec->kernel)
		ipsec_kernel_adopt(d->ipsec->kernel, protection, &t->local);
	ipsec_run(d);
}

void ipsec_count(const struct daemon *d, struct counters *c)
{
	if (d->ipsec->kernel)
		ipsec_kernel_count(d->ipsec->kernel, c);
}

uint32_t ipsec_session_of(const struct daemon *d, uint32_t tunnel, const struct endpoint *remote)
{
	struct session_view v;

	return sessions_view_of(d->ipsec->sessions, tunnel, remote, &v) ? v.session : 0;
}

bool ipsec_reaches(const struct daemon *d, uint32_t tunnel, const struct endpoint *remote)
{
	struct session_view v;

	if (!sessions_covers(d->ipsec->sessions, tunnel))
		return true;
	return sessions_view_of(d->ipsec->sessions, tunnel, remote, &v) && v.can_send;
}

bool ipsec_effect(struct daemon *d, const struct effect *e)
{
	struct sessions *s = d->ipsec->sessions;

	if (e->type == EFFECT_PEER_SET)
		sessions_want(s, daemon_now(), e->tunnel, &e->peer.nbma, e->peer.configured);
	else if (e->type == EFFECT_PEER_DEL)
		sessions_unwant(s, daemon_now(), e->tunnel, &e->peer.nbma);
	else if (e->type == EFFECT_SILENT)
		sessions_silent(s, daemon_now(), e->tunnel, &e->silent.nbma);
	if (e->type != EFFECT_SEND || !sessions_covers(s, e->tunnel))
		return false;
	sessions_send(s, daemon_now(), e->tunnel, &e->send.to, e->send.bytes, e->send.length);
	return true;
}

/* ---- the forwarder ---- */

static void sa_state(struct daemon *d, const struct forward_sa_state *m, bool held)
{
	struct sessions *s = d->ipsec->sessions;

	if (m->session == 0)
		return;
	if (held)
		sessions_held_sa(s, daemon_now(), m->session, m->spi, m->inbound);
	if (held && m->sending)
		sessions_can_send(s, daemon_now(), m->session, true);
	if (m->phase == FORWARD_SA_GONE)
		sessions_sa_gone(s, daemon_now(), m->session, m->spi, m->inbound);
}

static void session_held(struct daemon *d, const struct forward_session *m)
{
	const struct session_key k = { m->protection, m->local, m->remote };

	sessions_held(d->ipsec->sessions, daemon_now(), m->session, &k);
}

bool ipsec_forwarder(struct daemon *d, const struct ipc_message *m)
{
	const void *p = m->payload;

	switch (m->type) {
	case FORWARD_SESSION_HELD:
		for (size_t i = 0; i < m->length / sizeof(struct forward_session); i++)
			session_held(d, (const struct forward_session *)p + i);
		break;
	case FORWARD_SA_HELD:
	case FORWARD_SA_STATE:
		for (size_t i = 0; i < m->length / sizeof(struct forward_sa_state); i++)
			sa_state(d, (const struct forward_sa_state *)p + i, m->type == FORWARD_SA_HELD);
		break;
	case FORWARD_SESSION_STATE:
		for (size_t i = 0; i < m->length / sizeof(struct forward_session_state); i++) {
			const struct forward_session_state *state = (const struct forward_session_state *)p + i;

			sessions_can_send(d->ipsec->sessions, daemon_now(), state->session, state->can_send);
		}
		break;
	case FORWARD_SESSION_DOUBT:
		for (size_t i = 0; i < m->length / sizeof(struct forward_session_state); i++)
			sessions_doubt(d->ipsec->sessions, daemon_now(), ((const struct forward_session_state *)p + i)->session);
		break;
	default:
		return false;
	}
	if (d->phase != DAEMON_STARTING)
		ipsec_run(d);
	return m->type != FORWARD_SA_STATE; /* those may belong to a round of counters */
}

void ipsec_forwarder_lost(struct daemon *d)
{
	if (d->ipsec->kernel)
		return;
	sessions_forwarder_lost(d->ipsec->sessions, daemon_now());
	ipsec_run(d);
}

void ipsec_sync(struct daemon *d)
{
	if (d->ipsec->kernel)
		return;
	sessions_replay(d->ipsec->sessions, daemon_now());
	ipsec_run(d);
}

/* ---- start and change ---- */

static bool any_protected(const struct daemon *d)
{
	for (size_t i = 0; i < d->config->interface_count; i++)
		if (ipsec_protects(d, &d->config->interfaces[i]))
			return true;
	return false;
}

/* charon is started with the first protected tunnel. */
static void start_charon(struct daemon *d)
{
	struct keeper_ike ike = { .ike_sa_limit = d->ipsec->config->ike_sa_limit,
				  .half_open_limit = d->ipsec->config->half_open_limit, .kernel = d->ipsec->kernel != NULL };
	char text[KEEPER_TEXT];
	int rc;

	if (!any_protected(d))
		return;
	for (size_t i = 0; i < d->ipsec->config->protection_count; i++) {
		const uint32_t s = d->ipsec->config->protections[i].nat_keepalive_s;

		if (s != 0 && (ike.nat_keepalive_s == 0 || s < ike.nat_keepalive_s))
			ike.nat_keepalive_s = s;
	}
	rc = keeper_start_ike(&d->keeper, ike, text);
	d->ipsec->started = rc == 0;
	if (rc < 0)
		daemon_log(d, TRACE_ERROR, "IKE_START", "error=\"%s\"", text);
}

int ipsec_start(struct daemon *d)
{
	static const struct charon_calls calls = { opened, changed, charon_ready, hangs, lost, cause, charon_says, unwelcome,
						 open_file, failed };
	struct ipsec *x = calloc(1, sizeof *x);
	uint64_t seed;

	if (!x || getrandom(&seed, sizeof seed, 0) != sizeof seed)
		return -ENOMEM;
	d->ipsec = x;
	x->config = ike_config_new(d->config);
	if (d->kernel)
		ike_config_for_kernel(x->config, IPSEC_KERNEL_REQID);
	x->sessions = sessions_new(seed, 1);
	x->charon = x->sessions ? charon_new(&d->loop, x->sessions, &calls, d) : NULL;
	if (!x->charon)
		return -ENOMEM;
	if (d->kernel && !(x->kernel = ipsec_kernel_new(d)) && any_protected(d))
		return -errno;
	uv_timer_init(&d->loop, &x->timer);
	x->timer.data = d;
	charon_configure(x->charon, x->config);
	claimants_start(d);
	start_charon(d);
	return 0;
}

/* Of those that changed or went the sessions begin anew. */
static void restart_changed(struct daemon *d, const struct ike_config *old, const struct ike_config *fresh)
{
	for (size_t i = 0; i < old->protection_count; i++) {
		const uint32_t id = protection_id(&old->protections[i]);
		const struct ike_protection *now = protection_of(fresh, id);

		if (!now || !ike_protection_same(old, old->protections[i].number, fresh, now->number))
			sessions_restart(d->ipsec->sessions, daemon_now(), id, !now);
	}
}

/* What charon was told to call peers with may name files that are others now. */
static void forget_connections(struct daemon *d)
{
	struct session_view s = { 0 };

	while (sessions_view(d->ipsec->sessions, s.session, &s))
		charon_forget(d->ipsec->charon, &s.key);
}

void ipsec_configure(struct daemon *d, struct ike_config *fresh)
{
	struct ipsec *x = d->ipsec;
	struct ike_config *old = x->config;

	if (x->kernel)
		ike_config_for_kernel(fresh, IPSEC_KERNEL_REQID);
	for (const struct listening *l = x->listening; l; l = l->next)
		if (!protection_of(fresh, l->protection))
			charon_unlisten(x->charon, l->protection, &l->local);
	x->config = fresh;
	restart_changed(d, old, fresh);
	forget_connections(d);
	charon_configure(x->charon, fresh);
	claimants_forget(d);
	ike_config_free(old);
	start_charon(d);
	ipsec_run(d);
}

void ipsec_charon_connected(struct daemon *d, int fd)
{
	charon_connect(d->ipsec->charon, fd);
	ipsec_run(d);
}
