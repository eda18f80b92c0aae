/* reload: reads the configuration, refuses it whole or applies it whole. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/daemon_state.h"
#include "daemon/uplinks.h"

enum { ERROR_MAX = 256 };

/* Lines that forbid running, each with its place, its reason and what to write instead. */
static size_t write_blocking(const struct daemon *d, const struct config *c, FILE *out)
{
	size_t count = 0;

	for (size_t i = 0; i < c->line_count; i++) {
		const struct config_line *l = &c->lines[i];
		bool unsupported = l->state == CONFIG_NOT_SUPPORTED && l->changes_traffic;

		if (l->state != CONFIG_ERROR && (!unsupported || d->hello.ignore_unsupported))
			continue;
		count++;
		fprintf(out, "%s:%u: %s\n  %s\n", l->file, l->number, l->text, l->reason ? l->reason : "not supported");
		if (l->remedy)
			fprintf(out, "  instead: %s\n", l->remedy);
		else if (unsupported)
			fputs("  to run without it: --ignore-unsupported\n", out);
	}
	return count;
}

static size_t write_protection(const struct daemon *d, const struct config *c, FILE *out)
{
	struct ike_config *i = ike_config_new(c);
	const size_t count = ipsec_write_faults(d, c, i, out);

	ike_config_free(i);
	return count;
}

/* A running router keeps its data path: changing it would take every tunnel down. */
static size_t write_datapath(const struct daemon *d, const struct config *c, FILE *out)
{
	if (d->config && d->hello.datapath == DATAPATH_AUTO && c->datapath != d->config->datapath) {
		fputs("datapath: cannot be changed by a reload; restart dmvpnd\n", out);
		return 1;
	}
	return 0;
}

static struct config *check(struct daemon *d, struct config *c, char **reasons)
{
	size_t size = 0, faults;
	FILE *out = open_memstream(reasons, &size);

	if (!out) {
		config_free(c);
		return NULL;
	}
	faults = write_blocking(d, c, out) + write_protection(d, c, out) + write_datapath(d, c, out) +
		 (d->config ? vrfs_write_faults(d->config, c, out) : 0);
	if (fclose(out) == 0 && faults == 0) {
		free(*reasons); /* empty */
		*reasons = NULL;
		return c;
	}
	config_free(c);
	return NULL;
}

/* NULL with *reasons set, which may be NULL when out of memory. */
static char *open_and_read(struct daemon *d, size_t *length, char **reasons)
{
	char text[KEEPER_TEXT], error[ERROR_MAX], *bytes;
	int fd, rc = keeper_open_config(&d->keeper, &fd, text);

	if (rc < 0) {
		if (asprintf(reasons, "%s\n", text) < 0)
			*reasons = NULL;
		return NULL;
	}
	bytes = config_read_bytes(fd, d->hello.config_path, length, error, sizeof error);
	close(fd);
	if (!bytes && asprintf(reasons, "%s\n", error) < 0)
		*reasons = NULL;
	return bytes;
}

/* What a DMVPN without our haste has, on the same data path: to compare with. */
static void make_plain(struct config *c)
{
	for (size_t i = 0; i < c->interface_count; i++) {
		struct config_tunnel *const t = c->interfaces[i].tunnel;

		if (!t)
			continue;
		t->nhrp4.probe_interval_ms = t->nhrp6.probe_interval_ms = 0;
		t->no_bfd = t->has_route_hold = true;
		t->route_hold_s = 0;
		t->fall_over_bgp = t->fall_over_bfd = t->fall_over_relay = false;
	}
}

/* 0 with *fresh, 1 when lines of it forbid running, 2 when it is no configuration at all. */
static int parse(struct daemon *d, const char *bytes, size_t length, struct config **fresh, char **reasons)
{
	char error[ERROR_MAX];

	*fresh = config_read_text(d->hello.config_path, bytes, length, error, sizeof error);
	if (*fresh) {
		*fresh = check(d, *fresh, reasons);
		if (*fresh && d->hello.plain)
			make_plain(*fresh);
		return *fresh ? 0 : 1;
	}
	if (asprintf(reasons, "%s\n", error) < 0)
		*reasons = NULL;
	return 2;
}

static void running_path(const struct daemon *d, char path[320])
{
	snprintf(path, 320, "%s.running", d->state.path);
}

/* What a control process that is restarted goes on with, whatever the file says by then. */
static void save_running(struct daemon *d, const char *bytes, size_t length)
{
	char path[320];
	int rc;

	if (d->hello.check_only)
		return;
	running_path(d, path);
	rc = state_write_file(path, bytes, length);
	if (rc < 0)
		daemon_log(d, TRACE_WARNING, "STATE_WRITE", "file=%s error=\"%s\"", path, strerror(-rc));
}

static struct config *read_running(struct daemon *d)
{
	char path[320], error[ERROR_MAX], *bytes, *reasons = NULL;
	struct config *c = NULL;
	size_t length;
	FILE *f;

	running_path(d, path);
	f = fopen(path, "re");
	bytes = f ? config_read_bytes(fileno(f), path, &length, error, sizeof error) : NULL;
	if (f)
		fclose(f);
	if (bytes)
		(void)parse(d, bytes, length, &c, &reasons); /* the file itself is the way out */
	free(bytes);
	free(reasons);
	return c;
}

/* Reads the file, and keeps it for a control process that is restarted. */
static int read_fresh(struct daemon *d, struct config **fresh, char **reasons)
{
	size_t length;
	char *bytes = open_and_read(d, &length, reasons);
	int rc = 2;

	*fresh = NULL;
	if (bytes)
		rc = parse(d, bytes, length, fresh, reasons);
	if (rc == 0)
		save_running(d, bytes, length);
	free(bytes);
	return rc;
}

int reload_read(struct daemon *d, struct config **c, char **reasons)
{
	*reasons = NULL;
	*c = d->hello.is_restart ? read_running(d) : NULL;
	return *c ? 0 : read_fresh(d, c, reasons);
}

/*
 * Tunnels that go leave the engine first, while they can still send their purges; tunnels
 * that come get their device before the engine hears that they are up.
 */
static void change_to(struct daemon *d, struct config *fresh)
{
	struct event tick = { .type = EVENT_TICK };
	struct config *old = d->config;

	d->draining = true;
	engine_reconfigure(d->engine, daemon_now(), fresh);
	effects_drain(d);
	d->draining = false;
	d->config = fresh;
	ipsec_configure(d, ike_config_new(fresh));
	vrfs_look(d);
	tunnels_apply(d);
	transit_apply(d);
	uplinks_apply(d);
	nat_apply(d);
	config_free(old);
	monitor_resync(d->monitor);
	tunnels_check(d);
	routes_replay(d->routes, overlay_route_changed, d);
	daemon_feed(d, &tick);
	daemon_log(d, TRACE_NOTICE, "RELOADED", "config=%s", d->hello.config_path);
}

int reload_apply(struct daemon *d, char **reasons)
{
	struct config *fresh;
	int rc;

	*reasons = NULL;
	if (d->phase != DAEMON_RUNNING)
		return 1;
	rc = read_fresh(d, &fresh, reasons);
	if (rc != 0) {
		daemon_log(d, TRACE_ERROR, "RELOAD_REFUSED", "config=%s", d->hello.config_path);
		return rc;
	}
	change_to(d, fresh);
	return 0;
}
