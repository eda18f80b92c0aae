#include "forward/protect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "forward/esp_rx.h"
#include "forward/sa_report.h"

struct xfrm_clock protect_clock(const struct protection *p)
{
	return (struct xfrm_clock){ p->worker->now, p->worker->unix_s };
}

/* ---- what sessions say ---- */

static void session_changed(void *context, const struct sa_session *s)
{
	const struct protection *p = context;
	const struct forward_session_state m = { .session = s->conf.session, .can_send = sa_session_can_send(s) };

	p->worker->io.control_send(p->worker->io.context, FORWARD_SESSION_STATE, &m, sizeof m);
}

static void sa_changed(void *context, const struct esp_sa *sa, enum esp_phase phase)
{
	struct protection *p = context;

	sa_report(p->worker, sa, phase);
}

static void sa_remove(void *context, struct esp_sa *sa)
{
	struct protection *p = context;

	xfrm_server_remove(p->xfrm, sa);
}

/* ---- what the XFRM server says ---- */

static void installed(void *context, struct esp_sa *sa)
{
	struct protection *p = context;

	if (!sa_session_installed(&p->sessions, sa, p->worker->now))
		sa_report(p->worker, sa, sa->phase);
	else if (sa->inbound)
		hold_take(&p->hold, sa->spi, &p->ready);
}

static void changed(void *context, struct esp_sa *sa)
{
	struct protection *p = context;

	sa_session_touched(&p->sessions, sa, p->worker->now);
}

static bool deleted(void *context, struct esp_sa *sa)
{
	struct protection *p = context;

	return sa_session_deleted(&p->sessions, sa, p->worker->now);
}

static void limit(void *context, struct esp_sa *sa, enum esp_limit which)
{
	struct protection *p = context;

	if (which == ESP_LIMIT_HARD)
		sa_session_touched(&p->sessions, sa, p->worker->now);
}

static void removed(void *context, struct esp_sa *sa)
{
	struct protection *p = context;

	if (sa->phase != ESP_PHASE_LARVAL)
		sa_session_gone(&p->sessions, sa, p->worker->now);
}

static bool is_local(void *context, const struct ipaddr *addr)
{
	const struct protection *p = context;
	const struct raw *raw;

	TAILQ_FOREACH(raw, &p->worker->tables->tunnels.raws, order)
		if (ipaddr_eq(&raw->local.addr, addr))
			return true;
	return false;
}

/* ---- life ---- */

struct protection *protect_new(struct worker *w)
{
	struct protection *p = calloc(1, sizeof *p);
	const struct sa_session_ways ways = { p, session_changed, sa_changed, sa_remove };

	if (!p)
		return NULL;
	p->worker = w;
	hold_init(&p->hold);
	TAILQ_INIT(&p->ready);
	p->crypto = esp_crypto_new(ESP_PROVIDER_BEST);
	if (!p->crypto || sa_sessions_init(&p->sessions, &ways)) {
		esp_crypto_free(p->crypto);
		free(p);
		return NULL;
	}
	w->protection = p;
	return p;
}

void protect_free(struct protection *p)
{
	struct held *h;

	if (!p)
		return;
	p->worker->protection = NULL;
	sa_sessions_done(&p->sessions);
	hold_done(&p->hold);
	while ((h = TAILQ_FIRST(&p->ready))) {
		TAILQ_REMOVE(&p->ready, h, order);
		free(h);
	}
	xfrm_server_free(p->xfrm);
	sa_table_close(p->table);
	esp_crypto_free(p->crypto);
	free(p);
}

int protect_memory(struct protection *p, int fd, uint64_t seed, char reason[SA_TABLE_REASON_MAX])
{
	const struct xfrm_hooks hooks = { .context = p, .installed = installed, .changed = changed, .deleted = deleted,
					  .limit = limit, .removed = removed, .is_local = is_local };
	struct sa_table_layout layout = { .capacity = SA_TABLE_CAPACITY };
	int error;

	reason[0] = 0;
	if (p->table)
		return -EEXIST;
	xfrm_server_layout(&layout);
	error = sa_table_open(&p->table, fd, &layout, p->crypto, reason);
	if (error)
		return error;
	p->xfrm = xfrm_server_new(p->table, &hooks, seed, protect_clock(p));
	if (!p->xfrm) {
		sa_table_close(p->table);
		p->table = NULL;
		return -ENOMEM;
	}
	sa_sessions_adopt(&p->sessions, p->table, p->worker->now);
	return 0;
}

void protect_charon_gone(struct protection *p)
{
	if (p->xfrm)
		xfrm_server_orphan_all(p->xfrm, protect_clock(p));
}

/* ---- look-up ---- */

struct sa_session *protect_session(const struct worker *w, const struct tunnel *t, struct peer *peer)
{
	const struct sa_sessions *s = &w->protection->sessions;
	const struct endpoint far = { .addr = t->conf.remote, .vrf = t->conf.local.vrf };

	if (!peer)
		return sa_session_at(s, t->conf.protection, &t->conf.local, &far);
	if (peer->session_epoch != s->epoch) {
		peer->session = sa_session_at(s, t->conf.protection, &t->conf.local, &peer->nbma);
		peer->session_epoch = s->epoch;
	}
	return peer->session;
}

bool protect_can_send(const struct worker *w, const struct tunnel *t, struct peer *peer)
{
	return !t->conf.protection || sa_session_can_send(protect_session(w, t, peer));
}

/* ---- time ---- */

void protect_replay(struct worker *w)
{
	struct protection *p = w->protection;
	struct held *h;

	while ((h = TAILQ_FIRST(&p->ready))) {
		TAILQ_REMOVE(&p->ready, h, order);
		esp_rx_packet(w, &h->arrival, h->room + FRAME_HEADROOM, h->length);
		/* What it became may still be queued for the TAP in these octets. */
		w->io.flush(w->io.context);
		free(h);
	}
}

struct instant protect_deadline(const struct protection *p)
{
	struct instant due = instant_min(hold_deadline(&p->hold), sa_sessions_deadline(&p->sessions));

	return p->xfrm ? instant_min(due, xfrm_server_deadline(p->xfrm)) : due;
}

void protect_tick(struct worker *w)
{
	struct protection *p = w->protection;

	w->drops[FORWARD_DROP_ESP_UNBOUND] += hold_expire(&p->hold, w->now);
	sa_sessions_tick(&p->sessions, w->now);
	if (p->xfrm && !instant_before(w->now, xfrm_server_deadline(p->xfrm)))
		xfrm_server_poll(p->xfrm, protect_clock(p));
	protect_replay(w);
}
