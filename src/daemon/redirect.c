/* redirect: the phase 3 trigger: which tunnels take part, and what it reports. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/daemon_state.h"
#include "kernel/trigger.h"

struct redirect {
	uv_poll_t poll;
	int fd;
	struct trigger_tunnel installed[TRIGGER_TUNNELS_MAX];
	size_t installed_count;
};

static void report(void *daemon, const struct trigger_packet *p)
{
	struct daemon *d = daemon;
	const struct tunnel *in = tunnel_of_ifindex(d, p->ifindex_in), *out = tunnel_of_ifindex(d, p->ifindex_out);
	struct event ev = { .type = EVENT_HAIRPIN };

	if (!in)
		return;
	ev.tunnel = in->number;
	ev.hairpin.peer = p->peer;
	ev.hairpin.nbma = (struct endpoint){ .addr = p->nbma, .vrf = in->config->tunnel->vrf };
	ev.hairpin.outside = !out;
	ev.hairpin.tunnel_out = out ? out->number : 0;
	ev.hairpin.bytes = p->bytes;
	ev.hairpin.length = p->length;
	daemon_feed(d, &ev);
}

static void on_packet(uv_poll_t *poll, int status, int events)
{
	struct daemon *d = poll->data;

	(void)events;
	if (status == 0)
		trigger_read(d->redirect->fd, report, d);
}

static void add_partners(struct trigger_tunnel *out, const struct config_nhrp *n)
{
	for (size_t i = 0; i < n->partner_count && out->partner_count < TRIGGER_PARTNERS_MAX; i++)
		out->partners[out->partner_count++] = n->partners[i].next_hop;
}

static size_t wanted(const struct daemon *d, struct trigger_tunnel *out)
{
	size_t n = 0;

	for (const struct tunnel *t = d->tunnels; t && n < TRIGGER_TUNNELS_MAX; t = t->next) {
		const struct config_nhrp *four = &t->config->tunnel->nhrp4, *six = &t->config->tunnel->nhrp6;
		const struct config_nhrp *nhrp = four->redirect ? four : six;

		if (!nhrp->redirect)
			continue;
		memset(&out[n], 0, sizeof out[n]);
		memcpy(out[n].name, t->name, sizeof out[n].name);
		out[n].domain = nhrp->network_id;
		out[n].timeout_s = nhrp->redirect_timeout_s;
		add_partners(&out[n], four);
		add_partners(&out[n++], six);
	}
	return n;
}

int redirect_start(struct daemon *d)
{
	struct redirect *r = calloc(1, sizeof *r);

	if (!r)
		return -ENOMEM;
	d->redirect = r;
	r->fd = -1;
	redirect_apply(d);
	return 0;
}

static int listen_once(struct daemon *d, struct redirect *r)
{
	int rc;

	if (r->fd >= 0)
		return 0;
	r->fd = trigger_open();
	if (r->fd < 0)
		return r->fd;
	rc = uv_poll_init(&d->loop, &r->poll, r->fd);
	if (rc < 0)
		return rc;
	r->poll.data = d;
	return uv_poll_start(&r->poll, UV_READABLE, on_packet);
}

void redirect_apply(struct daemon *d)
{
	struct redirect *r = d->redirect;
	struct trigger_tunnel now[TRIGGER_TUNNELS_MAX];
	size_t count = wanted(d, now);
	char error[200] = "";
	int rc = 0;

	if (count == r->installed_count && memcmp(now, r->installed, count * sizeof *now) == 0)
		return;
	if (count > 0)
		rc = listen_once(d, r);
	if (rc == 0)
		rc = trigger_install(now, count, error, sizeof error);
	if (rc < 0) {
		daemon_log(d, TRACE_ERROR, "REDIRECT_TRIGGER", "error=\"%s\" detail=\"%s\"", strerror(-rc), error);
		return;
	}
	memcpy(r->installed, now, sizeof now);
	r->installed_count = count;
}

void redirect_stop(struct daemon *d)
{
	struct redirect *r = d->redirect;
	char error[200];

	if (!r)
		return;
	if (r->installed_count > 0)
		trigger_install(NULL, 0, error, sizeof error);
	if (r->fd >= 0)
		uv_poll_stop(&r->poll);
}
