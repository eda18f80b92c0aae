#include "lab/programs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "control/client.h"
#include "lab/certificates.h"
#include "lab/frr.h"
#include "lab/memory.h"
#include "lab/net.h"
#include "lab/nhrpd.h"
#include "lab/run.h"

#define TUNNELS_WAIT_NS 30000000000LL

bool programs_has_tunnels(const struct lab *lab, size_t router)
{
	const struct config *c = lab->plan->routers[router].config;

	for (size_t i = 0; i < c->interface_count; i++)
		if (c->interfaces[i].is_tunnel)
			return true;
	return false;
}

bool programs_has_vrfs(const struct lab *lab, size_t router)
{
	const struct config *c = lab->plan->routers[router].config;

	for (size_t i = 0; i < c->interface_count; i++)
		if (c->interfaces[i].vrf || (c->interfaces[i].is_tunnel && c->interfaces[i].tunnel->vrf))
			return true;
	return false;
}

bool programs_has_dmvpnd(const struct lab *lab, size_t router)
{
	return (programs_has_tunnels(lab, router) || programs_has_vrfs(lab, router)) && !nhrpd_runs(lab, router);
}

bool programs_is_protected(const struct lab *lab, size_t router)
{
	const struct config *c = lab->plan->routers[router].config;

	for (size_t i = 0; i < c->interface_count && !lab->no_ipsec; i++)
		if (c->interfaces[i].is_tunnel && !c->interfaces[i].shutdown && c->interfaces[i].tunnel->protection_profile)
			return true;
	return false;
}

static void run_dir(const struct lab *lab, size_t router, char out[PATH_MAX])
{
	snprintf(out, PATH_MAX, "%.3000s/%s", lab->run_dir, lab->plan->routers[router].name);
}

void programs_socket(const struct lab *lab, size_t router, char out[PATH_MAX])
{
	snprintf(out, PATH_MAX, "%.3000s/%s/control.sock", lab->run_dir, lab->plan->routers[router].name);
}

/* "user", or the router's part of "hub1=kernel,*=user"; "auto" when nothing fits. */
static void datapath_of(const struct lab *lab, size_t router, char out[16])
{
	char *list = lab_strdup(lab->datapath), *at = list, *item;
	const char *name = lab->plan->routers[router].name;
	bool exact = false;

	snprintf(out, 16, "auto");
	while ((item = strsep(&at, ","))) {
		char *value = strchr(item, '=');

		if (!value) {
			snprintf(out, 16, "%.15s", item);
			continue;
		}
		*value++ = 0;
		if (strcasecmp(item, name) == 0) {
			snprintf(out, 16, "%.15s", value);
			exact = true;
		} else if (strcmp(item, "*") == 0 && !exact) {
			snprintf(out, 16, "%.15s", value);
		}
	}
	free(list);
}

static pid_t start_dmvpnd(const struct lab *lab, size_t router)
{
	char program[PATH_MAX + 16], file[PATH_MAX], dir[PATH_MAX], state[PATH_MAX + 16], log[PATH_MAX + 64], datapath[16];
	char netns[128], plane[FRR_PLANE_MAX];
	char *argv[24];
	size_t n = 0;

	snprintf(program, sizeof(program), "%s/dmvpnd", lab->bin_dir);
	run_dir(lab, router, dir);
	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		return -errno;
	snprintf(state, sizeof(state), "%s/state", dir);
	datapath_of(lab, router, datapath);
	if (lab->log_dir[0])
		snprintf(log, sizeof(log), "%s/%s-dmvpnd.log", lab->log_dir, lab->plan->routers[router].name);
	else
		snprintf(log, sizeof(log), "%s/dmvpnd.log", dir);
	lab_netns(lab, NODE_ROUTER, router, netns);
	argv[n++] = program;
	argv[n++] = "-f";
	certificates_config_file(lab, router, file);
	argv[n++] = file;
	argv[n++] = "--run-dir";
	argv[n++] = dir;
	argv[n++] = "--state-dir";
	argv[n++] = state;
	if (strcmp(datapath, "auto") != 0) {
		argv[n++] = "--datapath";
		argv[n++] = datapath;
	}
	if (lab->no_ipsec)
		argv[n++] = "--no-ipsec";
	if (lab->plain_frr)
		argv[n++] = "--plain";
	argv[n++] = "--bfdd";
	argv[n++] = frr_plane(lab, router, plane) ? plane : (char *)(uintptr_t)"none";
	argv[n++] = "--ignore-unsupported"; /* a lab goes on, and reports */
	argv[n++] = "--faults";
	argv[n] = NULL;
	return run_start(netns, argv, 0, log);
}

static struct lab_program *find(struct lab_runtime *r, const char *name)
{
	for (size_t i = 0; i < r->program_count; i++)
		if (strcmp(r->programs[i].name, name) == 0)
			return &r->programs[i];
	return NULL;
}

/* Starts it unless it runs; *started says so. */
static int ensure(struct lab *lab, size_t router, const char *name, bool *started, char *error, size_t size)
{
	struct lab_runtime *r = &lab->runtimes[router];
	struct lab_program *p = find(r, name);
	pid_t pid;

	*started = false;
	if (p && process_alive(p->pid, p->start))
		return 0;
	pid = strcmp(name, "dmvpnd") == 0 ? start_dmvpnd(lab, router) : frr_start(lab, router, name);
	if (pid < 0) {
		snprintf(error, size, "%s: cannot start %s: %s", lab->plan->routers[router].name, name,
			 strerror(-pid));
		return 2;
	}
	if (!p)
		p = lab_append(&r->programs, &r->program_count, sizeof(*p));
	*p = (struct lab_program){ .pid = pid, .start = process_start(pid) };
	snprintf(p->name, sizeof(p->name), "%s", name);
	*started = true;
	return 0;
}

struct started { /* FRR daemons of one router that are new and have no configuration yet */
	size_t count, all;
	const char *names[FRR_DAEMONS_MAX];
};

/* As watchfrr does: without its zebra the whole of FRR is started anew, since bgpd does not
 * tell a new zebra all that it told the old one. */
static void stop_frr_without_zebra(const struct lab_runtime *r)
{
	pid_t pids[FRR_DAEMONS_MAX];
	size_t count = 0;

	for (size_t i = 0; i < r->program_count; i++) {
		const struct lab_program *p = &r->programs[i];
		bool alive = process_alive(p->pid, p->start);

		if (strcmp(p->name, "zebra") == 0 && alive)
			return;
		if (strcmp(p->name, "dmvpnd") != 0 && alive && count < FRR_DAEMONS_MAX)
			pids[count++] = p->pid;
	}
	process_kill(pids, count);
}

/*
 * The tunnels come before FRR: a zebra that starts while a device is being made may miss its
 * address for good, and eigrpd refuses lines about interfaces that are not there yet.
 */
static void wait_for_tunnels(struct lab *lab, size_t router)
{
	const struct lab_program *p = find(&lab->runtimes[router], "dmvpnd");
	char path[PATH_MAX];
	int64_t end = lab_now_ns() + TUNNELS_WAIT_NS;

	programs_socket(lab, router, path);
	while (p && process_alive(p->pid, p->start) && lab_now_ns() < end) {
		char *body = NULL;
		size_t length;
		int r = control_request(path, "show tunnels json", 500, &body, &length);

		free(body);
		if (r == 0 || !lab_pause_ms(20))
			return;
	}
}

static int launch_tunnels(struct lab *lab, size_t router, char *error, size_t size)
{
	bool started;

	if (nhrpd_runs(lab, router))
		return nhrpd_devices(lab, router, error, size);
	return programs_has_dmvpnd(lab, router) ? ensure(lab, router, "dmvpnd", &started, error, size) : 0;
}

static int launch_frr(struct lab *lab, size_t router, struct started *s, char *error, size_t size)
{
	const char *names[FRR_DAEMONS_MAX];
	bool started;
	int r;

	*s = (struct started){ 0 };
	stop_frr_without_zebra(&lab->runtimes[router]);
	wait_for_tunnels(lab, router);
	/* An interface that enters its VRF loses its routes, and a provider's client would hand them out again. */
	r = programs_has_vrfs(lab, router) ? net_router_routes(lab, router, error, size) : 0;
	if (r == 0)
		r = frr_render(lab, router, error, size);
	s->all = r == 0 ? frr_daemons(lab, router, names) : 0;
	for (size_t i = 0; i < s->all && r == 0; i++) {
		r = ensure(lab, router, names[i], &started, error, size);
		if (r == 0 && started)
			s->names[s->count++] = names[i];
		/* The others look for zebra's socket once, then wait a long second. */
		if (r == 0 && started && i == 0 && !frr_ready(lab, router, "zebra") && !lab_interrupted) {
			snprintf(error, size, "%s: zebra does not come up", lab->plan->routers[router].name);
			r = 2;
		}
	}
	return r;
}

static int configure(struct lab *lab, size_t router, const struct started *s, char *error, size_t size)
{
	int r = 0;

	for (size_t i = 0; i < s->count && !lab_interrupted; i++)
		if (!frr_ready(lab, router, s->names[i])) {
			snprintf(error, size, "%s: %s does not come up", lab->plan->routers[router].name,
				 s->names[i]);
			return 2;
		}
	if (lab_interrupted || s->count == 0)
		return 0;
	if (s->count == s->all)
		return frr_configure(lab, router, NULL, error, size);
	for (size_t i = 0; i < s->count && r == 0; i++)
		r = frr_configure(lab, router, s->names[i], error, size);
	return r;
}

int programs_start_all(struct lab *lab, char *error, size_t size)
{
	struct started *s = lab_calloc(lab->plan->router_count, sizeof(*s));
	int r = 0;

	for (size_t i = 0; i < lab->plan->router_count && r == 0 && !lab_interrupted; i++)
		r = launch_tunnels(lab, i, error, size);
	for (size_t i = 0; i < lab->plan->router_count && r == 0 && !lab_interrupted; i++)
		r = launch_frr(lab, i, &s[i], error, size);
	for (size_t i = 0; i < lab->plan->router_count && r == 0 && !lab_interrupted; i++)
		r = configure(lab, i, &s[i], error, size);
	free(s);
	return r;
}

int programs_start(struct lab *lab, size_t router, char *error, size_t size)
{
	struct started s;
	int r = launch_tunnels(lab, router, error, size);

	if (r == 0)
		r = launch_frr(lab, router, &s, error, size);
	if (r == 0)
		r = configure(lab, router, &s, error, size);
	if (r == 0)
		lab_save(lab);
	return r;
}

/* What a router's keeper is parent of; NULL: no such part. */
static const char *dmvpnd_part(const char *program)
{
	static const struct { const char *name, *process; } parts[] = {
		{ "control", "dmvpnd-control" }, { "fwd", "dmvpn-fwd" }, { "charon", "charon-systemd" },
	};

	for (size_t i = 0; program && i < sizeof(parts) / sizeof(*parts); i++)
		if (strcmp(program, parts[i].name) == 0)
			return parts[i].process;
	return NULL;
}

static size_t dmvpnd_child(pid_t keeper, const char *wanted, pid_t *pids)
{
	pid_t tree[LAB_PROGRAMS_PIDS];
	size_t count = process_tree(keeper, tree, LAB_PROGRAMS_PIDS), found = 0;
	char name[64];

	for (size_t i = 1; i < count; i++) {
		process_name(tree[i], name);
		if (strcmp(name, wanted) == 0)
			pids[found++] = tree[i];
	}
	return found;
}

size_t programs_pids(const struct lab *lab, size_t router, const char *program, pid_t pids[LAB_PROGRAMS_PIDS])
{
	struct lab_runtime *r = &lab->runtimes[router];
	const char *part = dmvpnd_part(program);
	const struct lab_program *p;
	size_t count = 0;

	if (!program) {
		for (size_t i = 0; i < r->program_count; i++)
			if (process_alive(r->programs[i].pid, r->programs[i].start))
				count += process_tree(r->programs[i].pid, pids + count,
						      LAB_PROGRAMS_PIDS - count);
		return count;
	}
	p = find(r, part ? "dmvpnd" : program);
	if (!p || !process_alive(p->pid, p->start))
		return 0;
	if (part)
		return dmvpnd_child(p->pid, part, pids);
	pids[0] = p->pid;
	return 1;
}

bool programs_all_alive(const struct lab *lab, size_t router, char *out, size_t size)
{
	const struct lab_runtime *r = &lab->runtimes[router];
	size_t length = 0;

	out[0] = 0;
	for (size_t i = 0; i < r->program_count; i++) {
		if (process_alive(r->programs[i].pid, r->programs[i].start))
			continue;
		length += (size_t)snprintf(out + length, size - length, "%s%s", length ? " " : "",
					   r->programs[i].name);
		if (length >= size)
			break;
	}
	return length == 0;
}
