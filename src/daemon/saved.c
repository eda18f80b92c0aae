#include "daemon/saved.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "daemon/daemon_state.h"
#include "daemon/ipsec_state.h"
#include "daemon/saved_file.h"

enum {
	WRITE_MS = 1000,
	RENEW_MS = 10000, /* when all that is new is more time */
	WRITE_SHARE = 20, /* gathering everything takes one part of the time in so many */
	STOP_MS = 500,    /* for the other thread to be done */
	WAIT_MS = 200,    /* between two looks at the sessions that bindings wait for */
};

/* What was read and is not taken up (yet): its time runs. */
struct waiting {
	struct saved_list list;
	struct instant since;
};

struct saved {
	char path[300];
	struct waiting waiting;
	uv_timer_t write_timer, wait_timer;
	uv_work_t work;
	bool begun, stopped, writing, urgent; /* urgent: the timer runs for a change, not for a renewal */
	uint64_t changes, renewals, proofs; /* as of the last word */
	uint64_t after_ms;          /* from a change until it is written */
	uint8_t *bytes;             /* being written */
	size_t length;
	int result;
	atomic_bool busy;           /* the other thread has the file */
};

static int64_t unix_now(void)
{
	struct timespec wall;

	clock_gettime(CLOCK_REALTIME, &wall);
	return wall.tv_sec;
}

/* ---- reading ---- */

static uint8_t *read_file(const char *path, size_t *length)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	uint8_t *bytes = NULL;
	size_t room = 0;
	ssize_t got = fd >= 0 ? 1 : 0;

	*length = 0;
	while (got > 0 && *length <= SAVED_FILE_MAX) {
		if (*length == room) {
			room = room ? 2 * room : 65536;
			bytes = alloc_array(bytes, room, 1);
		}
		got = read(fd, bytes + *length, room - *length);
		*length += got > 0 ? (size_t)got : 0;
	}
	if (fd >= 0)
		close(fd);
	return bytes;
}

void saved_load(struct daemon *d, const char *folder, const char *file)
{
	struct saved *s = alloc_zero(1, sizeof *s);
	const char *why;
	uint8_t *bytes;
	size_t length;

	d->saved = s;
	s->after_ms = WRITE_MS;
	if ((size_t)snprintf(s->path, sizeof s->path, "%s/%s.bindings", folder, file) >= sizeof s->path)
		s->path[0] = '\0';
	bytes = s->path[0] ? read_file(s->path, &length) : NULL;
	why = bytes ? saved_decode(bytes, length, unix_now(), &s->waiting.list) : NULL;
	free(bytes);
	s->waiting.since = daemon_now();
	if (why)
		daemon_log(d, TRACE_WARNING, "STATE_READ", "file=%s reason=\"%s; clients are called back\"", s->path, why);
}

/* ---- taking up ---- */

static uint32_t vrf_of(const struct tunnel *t)
{
	return t->config->tunnel->vrf;
}

/* false: its time is over. */
static bool time_left(const struct saved *s, const struct event *ev, struct span *left)
{
	*left = span_us(ev->saved.left.us - instant_since(daemon_now(), s->waiting.since).us);
	return left->us > 0;
}

static void take_up(struct daemon *d, const struct event *saved, const struct tunnel *t, uint32_t site)
{
	struct event ev = *saved;

	if (!time_left(d->saved, saved, &ev.saved.left))
		return;
	ev.saved.nbma.vrf = vrf_of(t);
	ev.saved.nbma.site = site;
	daemon_feed(d, &ev);
}

static bool is_of(const struct event *ev, const struct session_view *v)
{
	return ipaddr_eq(&ev->saved.nbma.addr, &v->key.remote.addr) && ev->saved.identity && strcmp(ev->saved.identity, v->identity) == 0;
}

/* Most sessions are with others. What is taken up has no time left here, and goes with the next sweep. */
static void take_of_session(struct daemon *d, const struct session_view *v)
{
	struct saved_list *l = &d->saved->waiting.list;

	for (size_t i = saved_list_first(l, &v->key.remote.addr, v->identity); i < l->count; i++) {
		struct event *ev = &l->records[i];
		const struct tunnel *t = tunnel_find(d, ev->tunnel);

		if (!is_of(ev, v))
			break;
		if (!t || t->protection != v->key.protection || !endpoint_eq(&t->local, &v->key.local))
			continue;
		take_up(d, ev, t, v->key.remote.site);
		ev->saved.left = span_s(0);
	}
}

static void sweep(struct saved *s)
{
	saved_list_sweep(&s->waiting.list, instant_since(daemon_now(), s->waiting.since));
}

static void look_at_sessions(uv_timer_t *timer)
{
	struct daemon *d = timer->data;
	struct saved *s = d->saved;
	struct session_view v = { 0 };

	sweep(s);
	for (uint32_t after = 0; s->waiting.list.count && sessions_view(d->ipsec->sessions, after, &v); after = v.session) {
		if (v.can_send && v.identity[0])
			take_of_session(d, &v);
	}
	sweep(s);
	if (s->waiting.list.count == 0)
		uv_timer_stop(timer);
}

/* On tunnels without protection; what is not for this start is forgotten. */
static void take_clear(struct daemon *d, bool goes_on, bool networks)
{
	struct saved_list *l = &d->saved->waiting.list;

	for (size_t i = 0; i < l->count;) {
		const struct event *ev = &l->records[i];
		const struct tunnel *t = tunnel_find(d, ev->tunnel);
		const bool stale = !t || (!ev->saved.registered && !goes_on);

		if (!stale && (t->protection || ev->saved.network != networks)) {
			i++;
			continue;
		}
		if (!stale && !ev->saved.identity)
			take_up(d, ev, t, 0);
		saved_list_drop(l, i);
	}
}

void saved_begin(struct daemon *d, bool goes_on)
{
	struct saved *s = d->saved;

	uv_timer_init(&d->loop, &s->write_timer);
	uv_timer_init(&d->loop, &s->wait_timer);
	s->write_timer.data = s->wait_timer.data = d;
	s->work.data = d;
	take_clear(d, goes_on, false);
	take_clear(d, goes_on, true);
	saved_list_sort(&s->waiting.list);
	s->begun = true;
	if (s->waiting.list.count)
		uv_timer_start(&s->wait_timer, look_at_sessions, WAIT_MS, WAIT_MS);
	saved_look(d);
}

void saved_charon_ready(struct daemon *d)
{
	struct saved_list *l = &d->saved->waiting.list;
	struct session_view v;

	for (size_t i = 0; i < l->proof_count; i++) {
		const struct certificate_proof *p = &l->proofs[i];

		if (sessions_view_of_ike(d->ipsec->sessions, p->ike_id, &v) && p->ike_id == v.ike_id && p->ike_spi == v.ike_spi &&
		    strcmp(p->identity, v.identity) == 0)
			certificates_restore(claimants_certificates(d), v.session, p);
	}
	saved_list_drop_proofs(l);
}

/* ---- writing ---- */

static void add_proofs(const struct daemon *d, struct saved_list *all)
{
	const struct saved_list *waiting = &d->saved->waiting.list;
	struct certificate_proof p;
	uint32_t session = 0;

	if (!d->ipsec)
		return;
	while (certificates_next(claimants_certificates(d), &session, &p))
		saved_list_add_proof(all, &p);
	for (size_t i = 0; i < waiting->proof_count; i++)
		saved_list_add_proof(all, &waiting->proofs[i]);
}

static uint8_t *everything(struct daemon *d, size_t *length)
{
	struct saved_list all = { 0 };
	struct saved_cursor c = { 0 };
	struct event ev;
	uint8_t *bytes;

	while (saved_next(d->engine, &c, &ev))
		saved_list_add(&all, &ev);
	for (size_t i = 0; i < d->saved->waiting.list.count; i++) {
		ev = d->saved->waiting.list.records[i];
		if (time_left(d->saved, &d->saved->waiting.list.records[i], &ev.saved.left))
			saved_list_add(&all, &ev);
	}
	add_proofs(d, &all);
	bytes = saved_encode(&all, unix_now(), length);
	saved_list_done(&all);
	return bytes;
}

static void complain(struct daemon *d, int error)
{
	if (error < 0)
		daemon_log(d, TRACE_WARNING, "STATE_WRITE", "file=%s error=\"%s\"", d->saved->path, strerror(-error));
}

/* On a thread of the loop's: a slow disk holds nobody up. */
static void write_file(uv_work_t *work)
{
	struct saved *s = ((struct daemon *)work->data)->saved;

	s->result = state_write_file(s->path, s->bytes, s->length);
	atomic_store(&s->busy, false);
}

static void written(uv_work_t *work, int status)
{
	struct daemon *d = work->data;

	complain(d, status < 0 ? status : d->saved->result);
	free(d->saved->bytes);
	d->saved->bytes = NULL;
	d->saved->writing = false;
	saved_look(d);
}

static uint64_t proof_changes(const struct daemon *d)
{
	return d->ipsec ? certificates_changes(claimants_certificates(d)) : 0;
}

static void note_turn(struct daemon *d)
{
	d->saved->changes = saved_changes(d->engine);
	d->saved->proofs = proof_changes(d);
	d->saved->renewals = saved_renewals(d->engine);
}

/* A hub with very many clients that come one after the other is to do something else, too. */
static uint64_t pause_ms(struct span took)
{
	const int64_t ms = took.us / 1000 * WRITE_SHARE;

	return ms < WRITE_MS ? WRITE_MS : ms > RENEW_MS ? RENEW_MS : (uint64_t)ms;
}

static void write_now(uv_timer_t *timer)
{
	struct daemon *d = timer->data;
	struct saved *s = d->saved;
	const struct instant began = daemon_now();

	note_turn(d);
	s->urgent = false;
	s->bytes = everything(d, &s->length);
	s->after_ms = pause_ms(instant_since(daemon_now(), began));
	if (!s->bytes)
		return;
	atomic_store(&s->busy, true);
	s->writing = uv_queue_work(&d->loop, &s->work, write_file, written) == 0;
	if (!s->writing)
		free(s->bytes);
}

void saved_look(struct daemon *d)
{
	struct saved *s = d->saved;
	const bool changed = s->begun && (s->changes != saved_changes(d->engine) || s->proofs != proof_changes(d));
	const bool renewed = s->begun && s->renewals != saved_renewals(d->engine);

	if (!s->path[0] || s->stopped || s->writing || s->urgent || (!changed && !renewed))
		return;
	if (!changed && uv_is_active((uv_handle_t *)&s->write_timer))
		return;
	s->urgent = changed;
	uv_timer_start(&s->write_timer, write_now, changed ? s->after_ms : RENEW_MS, 0);
}

void saved_stop(struct daemon *d)
{
	struct saved *s = d->saved;
	size_t length;
	uint8_t *bytes;

	if (!s->begun || s->stopped || !s->path[0])
		return;
	s->stopped = true;
	uv_timer_stop(&s->write_timer);
	uv_timer_stop(&s->wait_timer);
	for (int i = 0; i < STOP_MS && s->writing && atomic_load(&s->busy); i++)
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	bytes = everything(d, &length);
	complain(d, bytes ? state_write_file(s->path, bytes, length) : -ENOMEM);
	free(bytes);
}
