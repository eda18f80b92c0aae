/*
 * answers: the control socket's requests. A view of everything is made for one answer and
 * thrown away. Counters are asked of the forwarder first; who waits for them is kept here.
 */
#include "daemon/answers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/explain.h"
#include "control/server.h"
#include "control/view.h"
#include "daemon/counters.h"
#include "daemon/daemon_state.h"
#include "daemon/make_view.h"

enum { COUNTERS_TIMEOUT_MS = 1000 };

struct waiter {
	uint64_t client;
	enum show_subject subject;
	bool json;
};

struct answers {
	struct control_server *server;
	struct counters counters;
	uv_timer_t timer;
	size_t waiter_count;
	struct waiter waiters[CONTROL_CLIENTS_MAX];
};

/* Takes the text; NULL: there was no memory for it. */
static void reply_text(struct daemon *d, uint64_t client, char *text)
{
	static const char no_memory[] = "out of memory";

	if (text)
		control_server_reply(d->answers->server, client, 0, text, strlen(text));
	else
		control_server_reply(d->answers->server, client, 1, no_memory, strlen(no_memory));
	free(text);
}

static void reply_show(struct daemon *d, uint64_t client, enum show_subject subject, bool json)
{
	struct made_view *made;
	char *text;

	if (subject == SHOW_IPSEC)
		ipsec_count(d, &d->answers->counters);
	made = make_view(d, &d->answers->counters);
	text = made ? (json ? show_json : show_text)(&made->view, subject) : NULL;

	reply_text(d, client, text);
	free_view(made);
}

static void explain(struct daemon *d, uint64_t client, const struct control_request *r)
{
	struct made_view *made = make_view(d, &d->answers->counters);
	char *text = made ? (r->json ? explain_json : explain_text)(&made->view, &r->addr) : NULL;

	reply_text(d, client, text);
	free_view(made);
}

static void reply_waiters(struct daemon *d)
{
	struct answers *a = d->answers;
	size_t count = a->waiter_count;

	a->waiter_count = 0;
	uv_timer_stop(&a->timer);
	for (size_t i = 0; i < count; i++)
		reply_show(d, a->waiters[i].client, a->waiters[i].subject, a->waiters[i].json);
}

static void on_counters_late(uv_timer_t *timer)
{
	reply_waiters(timer->data);
}

/* The answer of one round serves all who asked meanwhile. */
static void ask_counters(struct daemon *d, uint64_t client, enum show_subject subject, bool json)
{
	struct answers *a = d->answers;

	if (!d->forward_held_end || a->waiter_count == CONTROL_CLIENTS_MAX) {
		reply_show(d, client, subject, json);
		return;
	}
	a->waiters[a->waiter_count++] = (struct waiter){ client, subject, json };
	if (a->waiter_count > 1)
		return;
	counters_begin(&a->counters);
	bfd_link_ask(d); /* its answer comes before theirs */
	d->datapath.ops->counters_get(d->datapath.self);
	uv_timer_start(&a->timer, on_counters_late, COUNTERS_TIMEOUT_MS, 0);
}

void counters_take(struct daemon *d, const struct ipc_message *m)
{
	if (!d->answers || !counters_add(&d->answers->counters, m))
		return;
	reply_waiters(d);
	daemon_purged(d);
}

static void reload(struct daemon *d, uint64_t client)
{
	char *reasons = NULL;
	int rc = reload_apply(d, &reasons);
	static const char failed[] = "the configuration cannot be read", fine[] = "the configuration is applied\n";

	if (rc == 0)
		control_server_reply(d->answers->server, client, 0, fine, strlen(fine));
	else if (reasons)
		control_server_reply(d->answers->server, client, 1, reasons, strlen(reasons));
	else
		control_server_reply(d->answers->server, client, 1, failed, strlen(failed));
	free(reasons);
}

static void clear(struct daemon *d, uint64_t client, const struct control_request *r)
{
	static const char no_tunnel[] = "there is no such tunnel";
	struct event ev = { .type = EVENT_CLEAR };

	if (r->has_tunnel && !tunnel_find(d, r->tunnel)) {
		control_server_reply(d->answers->server, client, 1, no_tunnel, strlen(no_tunnel));
		return;
	}
	ev.clear.addr = r->addr;
	for (struct tunnel *t = d->tunnels; t; t = t->next) {
		ev.tunnel = t->number;
		if (!r->has_tunnel || t->number == r->tunnel)
			daemon_feed(d, &ev);
	}
	control_server_reply(d->answers->server, client, 0, "", 0);
}

/* NHRP is lost at this router's door until it is asked for again, or the process ends. */
static void drop_nhrp(struct daemon *d, uint64_t client, const struct control_request *r)
{
	static const char refused[] = "faults are not allowed here (dmvpnd --faults)";

	if (!d->hello.faults) {
		control_server_reply(d->answers->server, client, 1, refused, strlen(refused));
		return;
	}
	d->drop_nhrp_in = r->drop_in;
	d->drop_nhrp_out = r->drop_out;
	control_server_reply(d->answers->server, client, 0, "", 0);
}

static void handle(void *daemon, uint64_t client, const struct control_request *r)
{
	struct daemon *d = daemon;

	switch (r->verb) {
	case CONTROL_SHOW:
		if (r->subject == SHOW_COUNTERS || r->subject == SHOW_IPSEC || r->subject == SHOW_BFD)
			ask_counters(d, client, r->subject, r->json);
		else
			reply_show(d, client, r->subject, r->json);
		break;
	case CONTROL_RELOAD:
		reload(d, client);
		break;
	case CONTROL_EXPLAIN:
		explain(d, client, r);
		break;
	case CONTROL_CLEAR:
		clear(d, client, r);
		break;
	case CONTROL_DROP_NHRP:
		drop_nhrp(d, client, r);
		break;
	}
}

int answers_start(struct daemon *d, int listen_fd)
{
	int error = 0;

	d->answers = calloc(1, sizeof *d->answers);
	if (!d->answers)
		return -ENOMEM;
	uv_timer_init(&d->loop, &d->answers->timer);
	d->answers->timer.data = d;
	d->answers->server = control_server_new(&d->loop, listen_fd, handle, d, &error);
	return error;
}

void answers_stop(struct daemon *d)
{
	if (!d->answers)
		return;
	uv_timer_stop(&d->answers->timer);
	control_server_close(d->answers->server);
	d->answers->server = NULL;
	counters_done(&d->answers->counters);
}
