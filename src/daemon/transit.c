/*
 * transit: which interfaces the kernel's rules about passing packets concern, and what the
 * phase 3 trigger among them reports.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/daemon_state.h"
#include "kernel/transit.h"
#include "kernel/trigger.h"

/*
 * The rules are set a moment after the start: that runs other programs, and after a restart, which finds the
 * rules of its earlier life there, packets wait for answers about their next hops.
 */
enum { APPLY_AFTER_MS = 200 };

struct transit {
	uv_poll_t poll;
	uv_timer_t timer;
	int fd;
	struct transit_interface installed[TRANSIT_INTERFACES_MAX];
	size_t installed_count;
};

static struct ipaddr source_of(const uint8_t *bytes, size_t length)
{
	if (length >= 20 && bytes[0] >> 4 == 4)
		return ipaddr_from_bytes(IP_V4, bytes + 12);
	return length >= 40 && bytes[0] >> 4 == 6 ? ipaddr_from_bytes(IP_V6, bytes + 8) : IPADDR_NONE;
}

/* What came in by a member of a VRF is said to come in by the VRF's device: taken for what its answer would go to. */
static const struct tunnel *tunnel_of_vrf(struct daemon *d, const struct trigger_packet *p)
{
	const struct ipaddr source = source_of(p->bytes, p->length);
	const struct route *r;
	uint32_t vrf;

	if (ipaddr_is_none(&source) || !vrfs_of_device(d, p->ifindex_in, &vrf))
		return NULL;
	r = routes_lookup(d->routes, vrf, &source);
	return r ? tunnel_of_ifindex(d, r->ifindex) : NULL;
}

static void report(void *daemon, const struct trigger_packet *p)
{
	struct daemon *d = daemon;
	const struct tunnel *in = tunnel_of_ifindex(d, p->ifindex_in);
	const struct tunnel *out = tunnel_of_ifindex(d, p->ifindex_out);
	struct event ev = { .type = EVENT_HAIRPIN };

	if (!in)
		in = tunnel_of_vrf(d, p);
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
		trigger_read(d->transit->fd, report, d);
}

static void apply_due(uv_timer_t *timer)
{
	transit_apply(timer->data);
}

int transit_start(struct daemon *d)
{
	struct transit *r = calloc(1, sizeof *r);

	if (!r)
		return -ENOMEM;
	d->transit = r;
	r->fd = -1;
	uv_timer_init(&d->loop, &r->timer);
	r->timer.data = d;
	return uv_timer_start(&r->timer, apply_due, APPLY_AFTER_MS, 0);
}

static bool any_redirect(const struct transit_interface *t, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (t[i].redirect)
			return true;
	return false;
}

static int listen_once(struct daemon *d, struct transit *r)
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

static size_t wanted(const struct daemon *d, struct transit_interface out[TRANSIT_INTERFACES_MAX])
{
	const size_t count = transit_of_config(d->config, d->kernel != NULL, out);

	for (size_t i = 0; i < count; i++) {
		const struct config_interface *c = config_find_interface(d->config, out[i].name);

		snprintf(out[i].vrf, sizeof out[i].vrf, "%s", c ? vrfs_device(d, c->vrf) : "");
	}
	return count;
}

void transit_apply(struct daemon *d)
{
	struct transit *r = d->transit;
	struct transit_interface now[TRANSIT_INTERFACES_MAX];
	size_t count = wanted(d, now);
	char error[200] = "";
	int rc = 0;

	if (count == r->installed_count && memcmp(now, r->installed, count * sizeof *now) == 0)
		return;
	if (any_redirect(now, count))
		rc = listen_once(d, r);
	if (rc == 0)
		rc = transit_install(now, count, error, sizeof error);
	if (rc < 0) {
		daemon_log(d, TRACE_ERROR, "TRANSIT_RULES", "error=\"%s\" detail=\"%s\"", strerror(-rc), error);
		return;
	}
	memcpy(r->installed, now, sizeof now);
	r->installed_count = count;
}

/* An earlier life's rules are there also when it was not time to set them again. */
static bool has_rules(const struct daemon *d)
{
	struct transit_interface now[TRANSIT_INTERFACES_MAX];

	return d->transit->installed_count > 0 || (uv_is_active((const uv_handle_t *)&d->transit->timer) && transit_of_config(d->config, d->kernel != NULL, now) > 0);
}

void transit_stop(struct daemon *d)
{
	struct transit *r = d->transit;
	char error[200];

	if (!r)
		return;
	if (has_rules(d))
		transit_install(NULL, 0, error, sizeof error);
	uv_timer_stop(&r->timer);
	if (r->fd >= 0)
		uv_poll_stop(&r->poll);
}
