/*
 * Requests are answered by charon one after the other, so loading is a matter of order: secrets,
 * connections, then the list of what lives. Only that is waited for.
 */
#include "daemon/charon.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/charon_report.h"
#include "daemon/daemon_state.h"
#include "ike/ike_messages.h"

enum { ANSWER_S = 10, PING_S = 3, KEY_FILE_MAX = 64 * 1024 };

struct charon {
	uv_loop_t *loop;
	uv_poll_t *poll; /* NULL: not connected */
	uv_timer_t timer, ping;
	struct vici_client *vici;
	struct sessions *sessions;
	struct charon_calls calls;
	void *arg;
	const struct ike_config *config;
};

static void free_handle(uv_handle_t *h)
{
	free(h);
}

static void settle(struct charon *c);

/* ---- events ---- */

/* charon has authenticated somebody that the profile does not welcome (a certificate map decides here), or
 * whose identity is too long to be told from others by it. */
static bool is_welcome(struct charon *c, const struct session_report *r)
{
	const struct ike_protection *p = protection_of(c->config, r->protection);

	if (!p || !r->identity || (strlen(r->identity) < SESSION_IDENTITY_MAX && ike_protection_accepts(p, r->identity)))
		return true;
	c->calls.unwelcome(c->arg, r);
	charon_terminate(c, r->ike_id, true);
	return false;
}

/* Whose a connection is, where it is an initiator's. */
static const struct session_key *key_of(const struct charon *c, const char *connection, struct session_key *k)
{
	const struct ike_protection *p;
	struct ipaddr local, remote;
	uint32_t number;
	uint16_t port;

	if (!connection || !c->config || !ike_connection_parse(c->config, connection, &number, &local, &remote, &port) ||
	    ipaddr_is_none(&remote))
		return NULL;
	p = ike_config_by_number(c->config, number);
	if (!p)
		return NULL;
	*k = (struct session_key){ .protection = protection_id(p), .local = { .addr = local, .vrf = p->vrf },
				   .remote = { .addr = remote, .vrf = p->vrf } };
	return k;
}

static const char *text_or(const struct vici_node *section, const char *key, const char *otherwise)
{
	const char *text = vici_text(section, key);

	return text ? text : otherwise;
}

static void ike_updown(struct charon *c, const struct vici_message *m)
{
	const struct vici_node *ike = charon_ike_section(c->config, m);
	const bool is_up = vici_yes(m->root, "up");
	struct session_report r;
	struct session_key k;

	if (!ike || !charon_report_ike(c->config, ike->name, ike, &r))
		return;
	if (is_up && is_welcome(c, &r))
		sessions_ike_up(c->sessions, daemon_now(), &r);
	else if (!is_up && r.is_initiator && strcmp(text_or(ike, "state", ""), "CONNECTING") == 0 && key_of(c, ike->name, &k))
		sessions_attempt_failed(c->sessions, daemon_now(), &k);
	else if (!is_up)
		sessions_ike_down(c->sessions, daemon_now(), r.ike_id);
}

static void ike_rekey(struct charon *c, const struct vici_message *m)
{
	const struct vici_node *ike = charon_ike_section(c->config, m);
	struct session_report before, after;

	if (ike && charon_report_ike(c->config, ike->name, vici_section(ike, "old"), &before) &&
	    charon_report_ike(c->config, ike->name, vici_section(ike, "new"), &after))
		sessions_ike_rekeyed(c->sessions, daemon_now(), before.ike_id, &after);
}

/* The event comes before the change and says the new endpoints at its top. */
static void ike_update(struct charon *c, const struct vici_message *m)
{
	const struct vici_node *ike = charon_ike_section(c->config, m);
	const struct vici_node *children = ike ? vici_section(ike, "child-sas") : NULL;
	const char *host = vici_text(m->root, "remote-host");
	struct session_report r;

	if (!ike || !charon_report_ike(c->config, ike->name, ike, &r))
		return;
	if (host)
		ipaddr_parse(host, &r.remote.addr);
	r.remote_port = (uint16_t)vici_number(m->root, "remote-port", r.remote_port);
	for (const struct vici_node *n = children ? children->first : NULL; n; n = n->next)
		if (charon_report_child(n, &r))
			sessions_child_up(c->sessions, daemon_now(), &r);
}

static void child_updown(struct charon *c, const struct vici_message *m)
{
	const struct vici_node *ike = charon_ike_section(c->config, m);
	const struct vici_node *children = ike ? vici_section(ike, "child-sas") : NULL;
	struct session_report r;

	if (!children || !charon_report_ike(c->config, ike->name, ike, &r))
		return;
	for (const struct vici_node *n = children->first; n; n = n->next) {
		if (!charon_report_child(n, &r))
			continue;
		if (vici_yes(m->root, "up") && is_welcome(c, &r))
			sessions_child_up(c->sessions, daemon_now(), &r);
		else
			sessions_child_down(c->sessions, daemon_now(), r.spi_in);
	}
}

/* The old pair goes by itself; no event tells of it. */
static void child_rekey(struct charon *c, const struct vici_message *m)
{
	const struct vici_node *ike = charon_ike_section(c->config, m);
	const struct vici_node *children = ike ? vici_section(ike, "child-sas") : NULL;
	struct session_report before, after;

	if (!children || !charon_report_ike(c->config, ike->name, ike, &before))
		return;
	after = before;
	after.is_rekey = true;
	for (const struct vici_node *n = children->first; n; n = n->next) {
		if (!charon_report_child(vici_section(n, "new"), &after))
			continue;
		sessions_child_up(c->sessions, daemon_now(), &after);
		if (charon_report_child(vici_section(n, "old"), &before))
			sessions_child_down(c->sessions, daemon_now(), before.spi_in);
	}
}

static void log_line(struct charon *c, const struct vici_message *m)
{
	const char *msg = vici_text(m->root, "msg");
	const uint32_t ike_id = (uint32_t)vici_number(m->root, "ikesa-uniqueid", 0);
	const enum ike_cause cause = ike_cause_of_log(vici_text(m->root, "group"), msg);
	struct session_key k, *key;

	if (!msg)
		return;
	key = key_of(c, vici_text(m->root, "ikesa-name"), &k) ? &k : NULL;
	if (ike_id != 0)
		c->calls.log(c->arg, ike_id, msg);
	if (cause != IKE_CAUSE_NONE)
		c->calls.cause(c->arg, key, ike_id, cause);
	if (key && ike_log_ends_attempt(msg))
		sessions_attempt_failed(c->sessions, daemon_now(), key);
}

static void on_event(void *context, const char *name, const struct vici_message *m)
{
	static const struct {
		const char *name;
		void (*handle)(struct charon *c, const struct vici_message *m);
	} events[] = {
		{ "ike-updown", ike_updown }, { "ike-rekey", ike_rekey }, { "ike-update", ike_update },
		{ "child-updown", child_updown }, { "child-rekey", child_rekey }, { "log", log_line },
	};
	struct charon *c = context;

	for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
		if (strcmp(name, events[i].name) == 0)
			events[i].handle(c, m);
}

/* ---- requests ---- */

static void answered(void *context, enum vici_outcome outcome, const struct vici_message *m)
{
	struct charon *c = context;
	const char *error;

	if (outcome == VICI_TIMEOUT)
		c->calls.hangs(c->arg);
	if (outcome != VICI_REPLY || !vici_text(m->root, "success") || vici_yes(m->root, "success"))
		return;
	error = vici_text(m->root, "errmsg");
	c->calls.failed(c->arg, "charon", error ? error : "refused without a reason");
}

/* Refused where it is gone already, which is as good. */
static void answered_anyhow(void *context, enum vici_outcome outcome, const struct vici_message *m)
{
	struct charon *c = context;

	(void)m;
	if (outcome == VICI_TIMEOUT)
		c->calls.hangs(c->arg);
}

static void call(struct charon *c, const char *command, struct vici_writer *w, vici_reply *reply)
{
	vici_client_call(c->vici, daemon_now(), command, w, NULL, span_s(ANSWER_S), reply, c);
	settle(c);
}

static void listed(struct charon *c, const struct vici_message *m)
{
	const struct vici_node *ike = charon_ike_section(c->config, m);
	const struct vici_node *children = ike ? vici_section(ike, "child-sas") : NULL;
	const char *state = ike ? vici_text(ike, "state") : NULL;
	struct session_report r;

	if (!state || strcmp(state, "ESTABLISHED") != 0 || !charon_report_ike(c->config, ike->name, ike, &r) ||
	    !is_welcome(c, &r))
		return;
	/* Its SAs first: they say which of several at one address it is. */
	for (const struct vici_node *n = children ? children->first : NULL; n; n = n->next)
		if (charon_report_child(n, &r))
			sessions_child_up(c->sessions, daemon_now(), &r);
	sessions_ike_up(c->sessions, daemon_now(), &r);
}

static void on_listed(void *context, enum vici_outcome outcome, const struct vici_message *m)
{
	struct charon *c = context;

	if (outcome == VICI_PART)
		listed(c, m);
	else if (outcome == VICI_TIMEOUT)
		c->calls.hangs(c->arg);
	else if (outcome == VICI_REPLY) {
		sessions_charon_ready(c->sessions, daemon_now());
		c->calls.ready(c->arg);
	}
}

/* 0 or -errno. Takes the descriptor. */
static int read_key(int fd, uint8_t *bytes, size_t *length)
{
	ssize_t got = 1;
	int rc;

	*length = 0;
	while (got > 0 && *length <= KEY_FILE_MAX) {
		got = read(fd, bytes + *length, KEY_FILE_MAX + 1 - *length);
		if (got > 0)
			*length += (size_t)got;
	}
	rc = got < 0 ? -errno : *length > KEY_FILE_MAX ? -EFBIG : 0;
	close(fd);
	return rc;
}

/* The file is for root alone, so the keeper opens it. */
static void load_key(struct charon *c, const char *path)
{
	static uint8_t bytes[KEY_FILE_MAX + 1];
	struct vici_writer w = { 0 };
	size_t length = 0;
	int fd = c->calls.open_file(c->arg, path), rc = fd < 0 ? 0 : read_key(fd, bytes, &length);

	if (rc < 0)
		c->calls.failed(c->arg, path, strerror(-rc));
	if (fd < 0 || rc < 0)
		return;
	vici_put(&w, "type", "any");
	vici_put_bytes(&w, "data", bytes, length);
	explicit_bzero(bytes, sizeof bytes);
	call(c, "load-key", &w, answered);
	vici_writer_done(&w);
}

static bool loaded_before(const struct ike_config *i, size_t protection, const char *path)
{
	for (size_t k = 0; k < protection; k++) {
		const char *other = ike_key_file(i, &i->protections[k]);

		if (other && strcmp(other, path) == 0)
			return true;
	}
	return false;
}

static void load_all(struct charon *c)
{
	call(c, "clear-creds", NULL, answered);
	for (size_t i = 0; c->config && i < c->config->protection_count; i++) {
		const char *path = ike_key_file(c->config, &c->config->protections[i]);

		if (path && !loaded_before(c->config, i, path))
			load_key(c, path);
	}
	c->calls.opened(c->arg);
}

void charon_configure(struct charon *c, const struct ike_config *config)
{
	c->config = config;
	if (charon_connected(c))
		load_all(c);
}

void charon_listen(struct charon *c, uint32_t protection, const struct endpoint *local)
{
	const struct ike_protection *p = protection_of(c->config, protection);
	char name[IKE_CONNECTION_NAME_MAX];
	struct vici_writer w = { 0 };

	if (!p || !charon_connected(c))
		return;
	for (size_t i = 0; i < c->config->secret_count; i++) {
		struct vici_writer secret = { 0 };

		if (c->config->secrets[i].protection != p->number)
			continue;
		ike_load_shared(&secret, c->config, &c->config->secrets[i], &local->addr);
		call(c, "load-shared", &secret, answered);
		vici_writer_done(&secret);
	}
	ike_load_connection(&w, c->config, p, &local->addr, &IPADDR_NONE, 0, name);
	call(c, "load-conn", &w, answered);
	vici_writer_done(&w);
}

static void unload(struct charon *c, const char *name)
{
	struct vici_writer w = { 0 };

	ike_unload_connection(&w, name);
	call(c, "unload-conn", &w, answered_anyhow);
	vici_writer_done(&w);
}

void charon_unlisten(struct charon *c, uint32_t protection, const struct endpoint *local)
{
	const struct ike_protection *p = protection_of(c->config, protection);
	char name[IKE_CONNECTION_NAME_MAX];
	struct vici_writer w = { 0 };

	if (!p || !charon_connected(c))
		return;
	ike_load_connection(&w, c->config, p, &local->addr, &IPADDR_NONE, 0, name); /* for its name */
	vici_writer_done(&w);
	unload(c, name);
}

void charon_initiate(struct charon *c, const struct session_key *k, uint16_t port)
{
	const struct ike_protection *p = protection_of(c->config, k->protection);
	struct vici_writer load = { 0 }, begin = { 0 };
	char name[IKE_CONNECTION_NAME_MAX];

	if (!p || !charon_connected(c) || p->responder_only)
		return;
	ike_load_connection(&load, c->config, p, &k->local.addr, &k->remote.addr, port == 500 || port == 4500 ? 0 : port, name);
	call(c, "load-conn", &load, answered);
	ike_initiate(&begin, name);
	call(c, "initiate", &begin, answered_anyhow);
	vici_writer_done(&load);
	vici_writer_done(&begin);
}

void charon_forget(struct charon *c, const struct session_key *k)
{
	const struct ike_protection *p = protection_of(c->config, k->protection);
	char name[IKE_CONNECTION_NAME_MAX];
	struct vici_writer w = { 0 };

	if (!p || !charon_connected(c))
		return;
	ike_load_connection(&w, c->config, p, &k->local.addr, &k->remote.addr, 0, name); /* for its name */
	vici_writer_done(&w);
	unload(c, name);
}

void charon_terminate(struct charon *c, uint32_t ike_id, bool force)
{
	struct vici_writer w = { 0 };

	if (!charon_connected(c))
		return;
	ike_terminate_ike(&w, ike_id, force);
	call(c, "terminate", &w, answered_anyhow);
	vici_writer_done(&w);
}

void charon_ask(struct charon *c, const char *command, struct vici_writer *w, const char *stream, vici_reply *reply,
		void *context)
{
	vici_client_call(c->vici, daemon_now(), command, w, stream, span_s(ANSWER_S), reply, context);
	settle(c);
}

/* ---- the socket ---- */

bool charon_connected(const struct charon *c)
{
	return vici_client_connected(c->vici);
}

static void disconnect(struct charon *c)
{
	if (!c->poll)
		return;
	uv_poll_stop(c->poll);
	uv_close((uv_handle_t *)c->poll, free_handle);
	c->poll = NULL;
	uv_timer_stop(&c->ping);
	uv_timer_stop(&c->timer);
	vici_client_close(c->vici);
	sessions_charon_lost(c->sessions, daemon_now());
	c->calls.lost(c->arg);
	c->calls.changed(c->arg);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct charon *c = poll->data;
	int rc = status;

	if (rc == 0 && (events & UV_READABLE))
		rc = vici_client_readable(c->vici, daemon_now());
	if (rc == 0 && c->poll == poll && (events & UV_WRITABLE))
		rc = vici_client_writable(c->vici);
	if (c->poll != poll)
		return;
	if (rc < 0) {
		disconnect(c);
		return;
	}
	c->calls.changed(c->arg);
	settle(c);
}

static void on_timer(uv_timer_t *timer)
{
	struct charon *c = timer->data;

	vici_client_expire(c->vici, daemon_now());
	c->calls.changed(c->arg);
	settle(c);
}

/* Watches for what the client waits for now. */
static void settle(struct charon *c)
{
	struct instant at = vici_client_deadline(c->vici);
	int64_t us = instant_since(at, daemon_now()).us;

	if (!c->poll)
		return;
	if (!vici_client_connected(c->vici)) {
		disconnect(c);
		return;
	}
	uv_poll_start(c->poll, UV_READABLE | (vici_client_wants_write(c->vici) ? UV_WRITABLE : 0), on_poll);
	if (instant_is_never(at)) {
		uv_timer_stop(&c->timer);
		return;
	}
	uv_update_time(c->loop);
	uv_timer_start(&c->timer, on_timer, us > 0 ? (uint64_t)(us + 999) / 1000 : 0, 0);
}

/* A charon that hangs is noticed though nothing is asked of it. */
static void on_ping(uv_timer_t *timer)
{
	call(timer->data, "version", NULL, answered_anyhow);
}

void charon_connect(struct charon *c, int fd)
{
	struct vici_writer all = { 0 };

	disconnect(c);
	c->poll = malloc(sizeof *c->poll);
	if (!c->poll || uv_poll_init(c->loop, c->poll, fd) < 0) {
		free(c->poll);
		c->poll = NULL;
		close(fd);
		return;
	}
	c->poll->data = c;
	sessions_charon_lost(c->sessions, daemon_now());
	vici_client_connect(c->vici, fd, daemon_now());
	load_all(c);
	ike_list_sas(&all, NULL);
	vici_client_call(c->vici, daemon_now(), "list-sas", &all, "list-sa", span_s(ANSWER_S), on_listed, c);
	vici_writer_done(&all);
	uv_timer_start(&c->ping, on_ping, PING_S * 1000, PING_S * 1000);
	settle(c);
}

struct charon *charon_new(uv_loop_t *loop, struct sessions *sessions, const struct charon_calls *calls, void *arg)
{
	static const char *const events[] = { "ike-updown", "ike-rekey", "ike-update", "child-updown", "child-rekey", "log" };
	struct charon *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	c->loop = loop;
	c->sessions = sessions;
	c->calls = *calls;
	c->arg = arg;
	c->vici = vici_client_new(on_event, c);
	for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
		vici_client_subscribe(c->vici, events[i], daemon_now());
	uv_timer_init(loop, &c->timer);
	uv_timer_init(loop, &c->ping);
	c->timer.data = c->ping.data = c;
	return c;
}
