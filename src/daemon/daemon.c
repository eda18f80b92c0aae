#include "daemon/daemon.h"

#include <assert.h>
#include <errno.h>
#include <linux/capability.h>
#include <malloc.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/privilege.h"
#include "daemon/confine.h"
#include "daemon/daemon_state.h"
#include "daemon/uplinks.h"

enum { HELLO_TIMEOUT_MS = 60000 /* a keeper that dies is noticed at once */, FORWARDER_TIMEOUT_MS = 3000, PURGE_TIMEOUT_MS = 1500, SETTLE_MARGIN_S = 5,
       MMAP_OCTETS = 128 * 1024 };

struct instant daemon_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (struct instant){ (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000 };
}

static void on_deadline(uv_timer_t *timer)
{
	struct event tick = { .type = EVENT_TICK };

	daemon_feed(timer->data, &tick);
}

static void arm_engine(struct daemon *d)
{
	struct instant at = engine_deadline(d->engine);
	int64_t us;

	if (instant_is_never(at)) {
		uv_timer_stop(&d->engine_timer);
		return;
	}
	us = instant_since(at, daemon_now()).us;
	uv_update_time(&d->loop);
	/* Rounded up: a tick too early would only come back for nothing. */
	uv_timer_start(&d->engine_timer, on_deadline, us > 0 ? (uint64_t)(us + 999) / 1000 : 0, 0);
}

void daemon_feed(struct daemon *d, const struct event *ev)
{
	if (d->phase == DAEMON_STOPPED || (ev->type == EVENT_PACKET && d->drop_nhrp_in))
		return;
	assert(!d->draining);
	d->draining = true;
	engine_handle(d->engine, daemon_now(), ev);
	effects_drain(d);
	d->draining = false;
	ipsec_run(d);
	if (state_note_request(&d->state, engine_request_id(d->engine)) < 0)
		daemon_log(d, TRACE_WARNING, "STATE_WRITE", "file=%s error=\"cannot be written\"", d->state.path);
	saved_look(d);
}

/* ---- the keeper ---- */

static void stop_now(struct daemon *d);

static void on_stop_timeout(uv_timer_t *timer)
{
	stop_now(timer->data);
}

static void begin_stop(struct daemon *d)
{
	struct event ev = { .type = EVENT_SHUTDOWN };

	if (d->phase != DAEMON_RUNNING)
		return;
	saved_stop(d);
	d->phase = DAEMON_STOPPING;
	uv_timer_start(&d->stop_timer, on_stop_timeout, PURGE_TIMEOUT_MS, 0);
	daemon_feed(d, &ev);
	/* The answer comes behind everything sent before: the purges are on their way then. */
	if (d->engine_done && d->forward_held_end)
		d->datapath.ops->counters_get(d->datapath.self);
	else if (d->engine_done)
		stop_now(d);
}

static void reload_logged(struct daemon *d)
{
	char *reasons = NULL;

	if (reload_apply(d, &reasons) != 0)
		fprintf(stderr, "dmvpnd: the new configuration is refused, the old one goes on:\n%s", reasons ? reasons : "");
	free(reasons);
}

static void take_held_tap(struct daemon *d, const struct keeper_tap *tap)
{
	const struct config_interface *i = config_find_tunnel(d->config, tap->tunnel);

	/* Opening it again is harmless; one that is not configured any more goes. */
	if (!i || i->shutdown)
		(void)keeper_close_tap(&d->keeper, *tap);
}

static void take_keeper_message(struct daemon *d, const struct ipc_message *m)
{
	switch (m->type) {
	case KEEPER_HELD_TAP:
		if (m->length == sizeof(struct keeper_tap))
			take_held_tap(d, (const void *)m->payload);
		break;
	case KEEPER_HELD_RAW:
		if (m->length == sizeof(struct keeper_raw))
			raws_held(&d->raws, (const void *)m->payload);
		break;
	case KEEPER_FORWARDER:
		if (m->fd_count > 0 && forward_client_connect(&d->forward, m->fds[0]) < 0)
			close(m->fds[0]);
		break;
	case KEEPER_VICI:
		if (m->fd_count > 0)
			ipsec_charon_connected(d, m->fds[0]);
		break;
	case KEEPER_RELOAD:
		reload_logged(d);
		break;
	case KEEPER_STOP:
		begin_stop(d);
		break;
	default:
		break;
	}
}

/* The keeper's end is this process's end: what it holds is gone then anyway. */
static void drain_keeper(struct daemon *d)
{
	struct ipc_message *m;
	int error;

	while ((m = keeper_client_next(&d->keeper, 0, &error))) {
		take_keeper_message(d, m);
		free(m);
	}
	if (error < 0) {
		d->phase = DAEMON_STOPPED;
		uv_stop(&d->loop);
	}
}

static void on_keeper(uv_poll_t *poll, int status, int events)
{
	(void)status;
	(void)events;
	drain_keeper(poll->data);
}

/* Messages set aside while a request waited for its answer raise no event of their own: they
 * must be taken before the loop sleeps. */
static void before_sleep(uv_prepare_t *prepare)
{
	struct daemon *d = prepare->data;

	if (d->keeper.first)
		drain_keeper(d);
	if (d->phase == DAEMON_STOPPING && d->engine_done && !d->forward_held_end)
		stop_now(d);
	effects_flush(d);
	if (d->engine)
		arm_engine(d);
}

/* ---- stop ---- */

static void stop_now(struct daemon *d)
{
	if (d->phase == DAEMON_STOPPED)
		return;
	d->phase = DAEMON_STOPPED;
	effects_flush(d);
	answers_stop(d);
	transit_stop(d);
	uplinks_stop(d);
	nat_stop(d);
	adopt_clean(d);
	tunnels_stop(d);
	vrfs_stop(d);
	host_settings_restore(d);
	forward_client_flush(&d->forward);
	daemon_log(d, TRACE_NOTICE, "STOPPED", "reason=\"asked to\"");
	keeper_say_stopped(&d->keeper);
	uv_stop(&d->loop);
}

void daemon_purged(struct daemon *d)
{
	if (d->phase == DAEMON_STOPPING && d->engine_done)
		stop_now(d);
}

/* ---- start ---- */

static void on_monitor(uv_poll_t *poll, int status, int events)
{
	struct daemon *d = poll->data;
	int rc = status < 0 ? status : monitor_read(d->monitor);

	(void)events;
	if (rc < 0)
		daemon_log(d, TRACE_ERROR, "MONITOR", "error=\"%s\"", strerror(-rc));
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* A folder of our own inside the state folder, which the unprivileged user may write. */
static void open_state(struct daemon *d)
{
	char folder[280];
	const struct passwd *user = getpwnam("dmvpn");
	int rc;

	if (!user)
		user = getpwnam("nobody");
	snprintf(folder, sizeof folder, "%.255s/%.20s", d->hello.state_dir, "control");
	if (mkdir(folder, 0700) < 0 && errno != EEXIST)
		daemon_log(d, TRACE_WARNING, "STATE_WRITE", "folder=%s error=\"%s\"", folder, strerror(errno));
	else if (user && geteuid() == 0 && lchown(folder, user->pw_uid, user->pw_gid) < 0)
		daemon_log(d, TRACE_WARNING, "STATE_WRITE", "folder=%s error=\"%s\"", folder, strerror(errno));
	rc = privilege_drop(PRIVILEGE_CAP(CAP_NET_ADMIN) | PRIVILEGE_CAP(CAP_NET_RAW));
	if (rc < 0) {
		fprintf(stderr, "dmvpnd: cannot give up privileges: %s\n", strerror(-rc));
		exit(2);
	}
	rc = confine();
	if (rc < 0)
		daemon_log(d, TRACE_WARNING, "CONFINE", "error=\"system calls cannot be limited here: %s\"", strerror(-rc));
	rc = state_load(&d->state, folder, base_name(d->hello.config_path));
	if (rc < 0)
		daemon_log(d, TRACE_WARNING, "STATE_WRITE", "file=%s error=\"%s\"", d->state.path, strerror(-rc));
	saved_load(d, folder, base_name(d->hello.config_path));
}

static int start_kernel(struct daemon *d)
{
	int rc = netlink_init(&d->netlink, NETLINK_ROUTE);

	if (rc == 0)
		rc = effects_begin(d);
	if (rc < 0)
		return rc;
	underlay_init(&d->underlay);
	d->routes = routes_new(overlay_route_changed, d);
	d->monitor = monitor_new(overlay_change, d);
	if (!d->routes || !d->monitor)
		return -errno;
	rc = uv_poll_init(&d->loop, &d->monitor_poll, monitor_fd(d->monitor));
	if (rc < 0)
		return rc;
	d->monitor_poll.data = d;
	uv_poll_start(&d->monitor_poll, UV_READABLE, on_monitor);
	return monitor_resync(d->monitor);
}

static bool holds_back(void *log, struct instant now, const char *mnemonic)
{
	return log_holds_back(log, now, mnemonic);
}

static int start_engine(struct daemon *d)
{
	struct engine_options o = { .peer_id_first = d->state.peer_id, .request_id_first = d->state.request_id,
				    .identity_matches = ike_identity_matches, .no_route_hold = d->hello.no_fall_over,
				    .holds_back = holds_back, .holds_back_arg = &d->log };

	if (getrandom(&o.seed, sizeof o.seed, 0) != sizeof o.seed)
		return -EIO;
	d->engine = engine_new(d->config, &o, daemon_now());
	return d->engine ? 0 : -ENOMEM;
}

static int start_loop(struct daemon *d)
{
	static uv_prepare_t prepare;
	int rc = uv_poll_init(&d->loop, &d->keeper_poll, d->keeper.fd);

	if (rc < 0)
		return rc;
	uv_timer_init(&d->loop, &d->engine_timer);
	uv_timer_init(&d->loop, &d->resync_timer);
	uv_timer_init(&d->loop, &d->announce_timer);
	uv_timer_init(&d->loop, &d->settle_timer);
	uv_timer_init(&d->loop, &d->stop_timer);
	uv_prepare_init(&d->loop, &prepare);
	d->keeper_poll.data = d->engine_timer.data = d->resync_timer.data = d->settle_timer.data = d;
	d->announce_timer.data = d->stop_timer.data = prepare.data = d;
	uv_prepare_start(&prepare, before_sleep);
	rc = forward_client_init(&d->forward, &d->loop, forwarder_received, d);
	d->user = datapath_user_new(&d->forward);
	d->datapath = (struct datapath){ &datapath_user_ops, d->user };
	d->bfd = bfd_link_new();
	return rc < 0 ? rc : d->user && d->bfd ? uv_poll_start(&d->keeper_poll, UV_READABLE, on_keeper) : -ENOMEM;
}

static void give_up_waiting(uv_timer_t *timer)
{
	*(bool *)timer->data = true;
}

/*
 * Peers that the forwarder still knows come before all else, so that they keep their ids. A
 * forwarder that does not come is no reason not to start: it is told when it does.
 */
static void wait_for_forwarder(struct daemon *d)
{
	bool timed_out = false;

	d->stop_timer.data = &timed_out;
	uv_timer_start(&d->stop_timer, give_up_waiting, FORWARDER_TIMEOUT_MS, 0);
	while (!d->forward_held_end && !timed_out && d->phase == DAEMON_STARTING)
		uv_run(&d->loop, UV_RUN_ONCE);
	uv_timer_stop(&d->stop_timer);
	d->stop_timer.data = d;
	if (timed_out)
		daemon_log(d, TRACE_WARNING, "FORWARDER_LATE", "reason=\"no word from the forwarder yet\"");
}

static void settle(uv_timer_t *timer)
{
	struct daemon *d = timer->data;

	adopt_settle(d);
	daemon_feed(d, &(struct event){ .type = EVENT_SETTLED });
	if (d->forward_held_end)
		datapath_user_settle(d->user);
	raws_sweep(&d->raws, &d->keeper);
}

/* The longest time that a spoke may take until it registers again. */
static uint64_t settle_after_s(const struct daemon *d, bool goes_on)
{
	uint64_t longest = 0;

	if (!goes_on)
		return 0;
	for (const struct tunnel *t = d->tunnels; t; t = t->next) {
		const struct config_tunnel *c = t->config->tunnel;

		if (c->nhrp4.enabled && c->nhrp4.holdtime_s > longest)
			longest = c->nhrp4.holdtime_s;
		if (c->nhrp6.enabled && c->nhrp6.holdtime_s > longest)
			longest = c->nhrp6.holdtime_s;
	}
	return longest + SETTLE_MARGIN_S;
}

static void warn_forwarding(struct daemon *d)
{
	char value[SYSCTL_VALUE_MAX];

	if (sysctl_read("net/ipv4/ip_forward", value, sizeof value) == 0 && strcmp(value, "0") == 0)
		daemon_log(d, TRACE_WARNING, "FORWARDING_OFF",
			   "setting=net/ipv4/ip_forward reason=\"this machine does not forward IPv4; the owner sets that\"");
	if (d->config->ip_routing6 && sysctl_read("net/ipv6/conf/all/forwarding", value, sizeof value) == 0 &&
	    strcmp(value, "0") == 0)
		daemon_log(d, TRACE_WARNING, "FORWARDING_OFF",
			   "setting=net/ipv6/conf/all/forwarding reason=\"this machine does not forward IPv6; the owner sets that\"");
}

static void go(struct daemon *d, int listen_fd)
{
	uint64_t grace_s;
	bool goes_on;

	vrfs_start(d);
	tunnels_apply(d);
	adopt_begin(d);
	/* The kernel's devices outlive the whole daemon when it did not end as it should. */
	goes_on = d->hello.is_restart || adopt_found_neighbours(d);
	host_settings_apply(d);
	transit_start(d);
	nat_apply(d);
	d->phase = DAEMON_RUNNING;
	routes_replay(d->routes, overlay_route_changed, d);
	if (uplinks_start(d) < 0)
		abort();
	tunnels_check(d);
	saved_begin(d, goes_on);
	if (goes_on)
		adopt_tell(d);
	warn_forwarding(d);
	grace_s = settle_after_s(d, goes_on);
	uv_timer_start(&d->settle_timer, settle, grace_s * 1000, 0);
	if (answers_start(d, listen_fd) < 0)
		daemon_log(d, TRACE_ERROR, "CONTROL_SOCKET", "error=\"the control socket cannot be served\"");
	keeper_say_ready(&d->keeper);
	daemon_log(d, TRACE_NOTICE, "STARTED", "config=%s datapath=%s reason=\"%s\" restart=%d",
		   d->hello.config_path, d->datapath.ops->name, d->datapath_reason, d->hello.is_restart);
}

/* The first message. -1 when the keeper does not say it. */
static int take_hello(struct daemon *d, int *listen_fd)
{
	int error;
	struct ipc_message *m = keeper_client_next(&d->keeper, HELLO_TIMEOUT_MS, &error);

	if (!m || m->type != KEEPER_HELLO || m->length != sizeof d->hello) {
		fprintf(stderr, "dmvpnd: the keeper does not greet; this process is started by it only\n");
		free(m);
		return -1;
	}
	memcpy(&d->hello, m->payload, sizeof d->hello);
	*listen_fd = m->fd_count > 0 ? m->fds[0] : -1;
	free(m);
	return 0;
}

static int start_all(struct daemon *d)
{
	int rc = start_loop(d);

	if (rc == 0)
		rc = start_engine(d);
	if (rc == 0)
		rc = start_kernel(d);
	if (rc == 0)
		rc = datapath_choose(d);
	if (rc == 0)
		rc = ipsec_start(d);
	if (rc == 0)
		fall_over_start(d);
	if (rc < 0)
		fprintf(stderr, "dmvpnd: cannot start: %s\n", strerror(-rc));
	return rc;
}

static void print_plan(const struct daemon *d)
{
	for (size_t i = 0; i < d->config->interface_count; i++) {
		const struct config_interface *c = &d->config->interfaces[i];

		if (c->is_tunnel)
			printf("%s: %s, %s, NHRP %s\n", c->name, c->shutdown ? "shutdown" : "would be made",
			       c->tunnel->mode == TUNNEL_GRE_MULTIPOINT ? "multipoint" : "point-to-point",
			       c->tunnel->nhrp4.enabled || c->tunnel->nhrp6.enabled ? "on" : "off");
	}
	fflush(stdout);
}

static int refuse(struct daemon *d, int exit_code, char *reasons)
{
	fprintf(stderr, "dmvpnd: the configuration cannot be run:\n%s", reasons ? reasons : "out of memory\n");
	free(reasons);
	keeper_say_fail(&d->keeper, exit_code);
	return exit_code;
}

int daemon_main(void)
{
	struct daemon *d = calloc(1, sizeof *d);
	char *reasons = NULL;
	int listen_fd = -1, rc;

	if (!d)
		return 2;
	/* What is big, as a copy of all bindings to be written to a file, goes back to the system when it is freed. */
	mallopt(M_MMAP_THRESHOLD, MMAP_OCTETS);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN); /* signals are the keeper's */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	log_init(&d->log);
	uv_loop_init(&d->loop);
	keeper_client_init(&d->keeper, KEEPER_FD);
	if (take_hello(d, &listen_fd) < 0)
		return 2;
	if (!d->hello.check_only)
		open_state(d);
	rc = reload_read(d, &d->config, &reasons);
	if (rc != 0)
		return refuse(d, rc, reasons);
	if (d->hello.check_only) {
		print_plan(d);
		keeper_say_ready(&d->keeper);
		return 0;
	}
	if (start_all(d) < 0) {
		keeper_say_fail(&d->keeper, 2);
		return 2;
	}
	if (!d->kernel) /* whose packets wait for us, while the forwarder only does BFD */
		wait_for_forwarder(d);
	if (d->phase == DAEMON_STARTING)
		go(d, listen_fd);
	if (d->phase != DAEMON_STOPPED)
		uv_run(&d->loop, UV_RUN_DEFAULT);
	return 0;
}
