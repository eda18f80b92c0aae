#include "lab/lab.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lab/certificates.h"
#include "lab/core.h"
#include "lab/eigrp.h"
#include "lab/memory.h"
#include "lab/net.h"
#include "lab/nhrpd.h"
#include "lab/programs.h"
#include "lab/run.h"
#include "lab/state.h"

#define RUN_ROOT "/run/dmvpn"

volatile sig_atomic_t lab_interrupted;

static void interrupted(int signal)
{
	(void)signal;
	lab_interrupted = 1;
}

void lab_catch_signals(void)
{
	struct sigaction a = { .sa_handler = interrupted };

	sigaction(SIGINT, &a, NULL);
	sigaction(SIGTERM, &a, NULL);
	sigaction(SIGHUP, &a, NULL);
	signal(SIGPIPE, SIG_IGN);
}

bool lab_pause_ms(int ms)
{
	struct timespec t = { .tv_nsec = 5000000 };

	for (int64_t end = lab_now_ns() + ms * 1000000LL; !lab_interrupted && lab_now_ns() < end;)
		nanosleep(&t, NULL);
	return !lab_interrupted;
}

int64_t lab_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

void lab_netns(const struct lab *lab, enum lab_node node, size_t index, char out[128])
{
	const char *name = "internet";
	char box[24];

	if (node == NODE_ROUTER)
		name = lab->plan->routers[index].name;
	if (node == NODE_HOST)
		name = lab->plan->hosts[index].name;
	if (node == NODE_NAT) {
		snprintf(box, sizeof(box), "nat%zu", index + 1);
		name = box;
	}
	snprintf(out, 128, "%.40s-%.86s", lab->name, name);
}

bool lab_find_node(const struct lab *lab, const char *name, char netns[128])
{
	size_t i;

	if (lab_plan_router(lab->plan, name, &i)) {
		lab_netns(lab, NODE_ROUTER, i, netns);
		return true;
	}
	if (lab_plan_nat(lab->plan, name, &i)) {
		lab_netns(lab, NODE_NAT, i, netns);
		return true;
	}
	for (i = 0; i < lab->plan->host_count; i++)
		if (strcmp(lab->plan->hosts[i].name, name) == 0) {
			lab_netns(lab, NODE_HOST, i, netns);
			return true;
		}
	lab_netns(lab, NODE_INTERNET, 0, netns);
	return lab->plan->internet && strcmp(name, "internet") == 0;
}

/* dmvpnd would refuse the file: says its first wrong line. */
static int refuse_wrong(const struct config *c, char *error, size_t size)
{
	for (size_t i = 0; i < c->line_count; i++) {
		const struct config_line *l = &c->lines[i];

		if (l->state != CONFIG_ERROR)
			continue;
		snprintf(error, size, "%s:%u: %.100s -- %s%s%s", l->file, l->number, l->text, l->reason,
			 l->remedy ? "; " : "", l->remedy ? l->remedy : "");
		return 1;
	}
	return 0;
}

static int read_configs(struct lab *lab, char *error, size_t size)
{
	struct config_folder folder;

	if (!config_folder_read(lab->dir, &folder, error, size))
		return 2;
	for (size_t i = 0; i < folder.count; i++) {
		size_t n = lab->config_count;

		*(char **)lab_append(&lab->files, &n, sizeof(char *)) = lab_printf("%s", folder.paths[i]);
		*(struct config **)lab_append(&lab->configs, &lab->config_count, sizeof(struct config *)) =
			config_read_file(folder.paths[i], error, size);
	}
	config_folder_done(&folder);
	for (size_t i = 0; i < lab->config_count; i++)
		if (!lab->configs[i])
			return 2;
	for (size_t i = 0; i < lab->config_count; i++)
		if (refuse_wrong(lab->configs[i], error, size))
			return 1;
	return 0;
}

static int check_names(const struct lab *lab, char *error, size_t size)
{
	for (size_t i = 0; i < lab->plan->router_count; i++) {
		const char *name = lab->plan->routers[i].name;
		size_t first;

		if (lab_plan_router(lab->plan, name, &first) && first != i) {
			snprintf(error, size, "two files are called %s", name);
			return 2;
		}
		if (!name[0] || strcasecmp(name, "internet") == 0 || strcasecmp(name, "switch") == 0 ||
		    lab_plan_nat(lab->plan, name, &first)) {
			snprintf(error, size, "a router cannot be called \"%s\"", name);
			return 2;
		}
	}
	return 0;
}

static void set_name(struct lab *lab, const char *name)
{
	snprintf(lab->name, sizeof(lab->name), "%.40s", name);
	for (char *p = lab->name; *p; p++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.", *p))
			*p = '-';
	snprintf(lab->run_dir, sizeof(lab->run_dir), RUN_ROOT "/lab-%s", lab->name);
}

static void find_bin_dir(struct lab *lab)
{
	ssize_t n = readlink("/proc/self/exe", lab->bin_dir, sizeof(lab->bin_dir) - 1);
	char *slash;

	lab->bin_dir[n > 0 ? n : 0] = 0;
	slash = strrchr(lab->bin_dir, '/');
	if (slash)
		*slash = 0;
}

static int make_plan(struct lab *lab, char *error, size_t size)
{
	char *file = lab_printf("%s/lab.conf", lab->dir);
	const char **names = lab_calloc(lab->config_count, sizeof(*names));
	int r = lab_conf_read(file, &lab->conf, error, size);

	for (size_t i = 0; i < lab->config_count; i++)
		names[i] = lab->files[i];
	if (r == 0) {
		lab->plan = lab_plan_new(lab->config_count, (const struct config *const *)lab->configs, names,
					 lab->conf, error, size);
		r = lab->plan ? 0 : 1;
	}
	free(names);
	free(file);
	return r;
}

/* What joins the hubs, where the folder does not have it: one more router, and the plan made anew. */
static int supply_core(struct lab *lab, char *error, size_t size)
{
	char *note, *text = lab_missing_core(lab->plan, &note);
	size_t n = lab->config_count;
	int r = 0;

	if (text) {
		*(char **)lab_append(&lab->files, &n, sizeof(char *)) = lab_strdup(LAB_CORE_NAME);
		*(struct config **)lab_append(&lab->configs, &lab->config_count, sizeof(struct config *)) =
			config_read_text(LAB_CORE_NAME, text, strlen(text), error, size);
		lab_plan_free(lab->plan);
		lab_conf_free(lab->conf);
		lab->plan = NULL;
		lab->conf = NULL;
		r = lab->configs[n] ? make_plan(lab, error, size) : 2;
	}
	if (text && r == 0)
		*(char **)lab_append(&lab->plan->notes, &lab->plan->note_count, sizeof(char *)) = note;
	else
		free(note);
	free(text);
	return r;
}

static int open_dir(struct lab *lab, const char *dir, char *error, size_t size)
{
	int r;

	if (!realpath(dir, lab->dir)) {
		snprintf(error, size, "%s: %s", dir, strerror(errno));
		return 2;
	}
	r = read_configs(lab, error, size);
	if (r == 0)
		r = make_plan(lab, error, size);
	if (r == 0)
		r = supply_core(lab, error, size);
	if (r != 0)
		return r;
	lab->runtimes = lab_calloc(lab->config_count, sizeof(*lab->runtimes));
	return check_names(lab, error, size);
}

int lab_open(const struct lab_options *o, struct lab **out, char *error, size_t size)
{
	struct lab *lab = lab_calloc(1, sizeof(*lab));
	int r = open_dir(lab, o->dir, error, size);
	const char *base;

	*out = NULL;
	if (r == 0 && o->log_dir && !realpath(o->log_dir, lab->log_dir)) {
		snprintf(error, size, "%s: %s", o->log_dir, strerror(errno));
		r = 2;
	}
	if (r != 0) {
		lab_free(lab);
		return r;
	}
	base = strrchr(lab->dir, '/');
	set_name(lab, o->name ? o->name : base && base[1] ? base + 1 : "lab");
	find_bin_dir(lab);
	lab->datapath = lab_strdup(o->datapath ? o->datapath : "auto");
	lab->no_ipsec = o->no_ipsec;
	lab->plain_frr = o->plain_frr;
	lab->nhrpd = lab_strdup(o->nhrpd ? o->nhrpd : "");
	lab->eigrp = lab_strdup(o->eigrp ? o->eigrp : "auto");
	r = nhrpd_check(lab, error, size);
	if (r == 0)
		r = lab_eigrp_choose(lab, error, size);
	if (r == 0)
		*out = lab;
	else
		lab_free(lab);
	return r;
}

static void take_runtimes(struct lab *lab, struct lab_state *s)
{
	for (size_t i = 0; i < s->router_count; i++) {
		size_t router;

		if (!lab_plan_router(lab->plan, s->routers[i], &router))
			continue;
		lab->runtimes[router] = s->runtimes[i];
		s->runtimes[i] = (struct lab_runtime){ 0 };
	}
}

int lab_open_running(const char *name, struct lab **out, char *error, size_t size)
{
	struct lab *lab = lab_calloc(1, sizeof(*lab));
	struct lab_state *s;
	int r;

	*out = NULL;
	set_name(lab, name);
	find_bin_dir(lab);
	s = lab_state_read(lab->run_dir);
	if (!s) {
		snprintf(error, size, "no lab called %s is up", lab->name);
		free(lab);
		return 2;
	}
	r = open_dir(lab, s->dir, error, size);
	if (r == 0) {
		take_runtimes(lab, s);
		lab->datapath = lab_strdup(s->datapath);
		lab->nhrpd = lab_strdup(s->nhrpd);
		lab->eigrp = lab_strdup(s->eigrp);
		r = lab_eigrp_choose(lab, error, size);
		lab->no_ipsec = s->no_ipsec;
		lab->plain_frr = s->plain_frr;
		lab->runner = s->runner;
		lab->runner_start = s->runner_start;
	}
	if (r == 0)
		*out = lab;
	else
		lab_free(lab);
	lab_state_free(s);
	return r;
}

void lab_free(struct lab *lab)
{
	if (!lab)
		return;
	for (size_t i = 0; i < lab->config_count; i++) {
		config_free(lab->configs[i]);
		free(lab->files[i]);
		if (lab->runtimes)
			free(lab->runtimes[i].programs);
	}
	lab_plan_free(lab->plan);
	lab_conf_free(lab->conf);
	free(lab->configs);
	free(lab->files);
	free(lab->runtimes);
	free(lab->datapath);
	free(lab->nhrpd);
	free(lab->eigrp);
	free(lab);
}

int lab_check_environment(const struct lab *lab, char *error, size_t size)
{
	const struct { const char *path; const char *remedy; } needed[] = {
		{ "/dev/net/tun", "the kernel needs TUN/TAP (modprobe tun)" },
		{ "/usr/lib/frr/zebra", "install the package frr" },
		{ "/usr/bin/vtysh", "install the package frr" },
	};
	char path[PATH_MAX + 16];

	if (geteuid() != 0) {
		snprintf(error, size, "a lab makes network namespaces: run it as root");
		return 2;
	}
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (access(needed[i].path, F_OK) < 0) {
			snprintf(error, size, "%s is missing: %s", needed[i].path, needed[i].remedy);
			return 2;
		}
	snprintf(path, sizeof(path), "%s/dmvpnd", lab->bin_dir);
	for (size_t i = 0; i < lab->plan->router_count; i++)
		if (programs_has_dmvpnd(lab, i) && access(path, X_OK) < 0) {
			snprintf(error, size, "%s is missing: build it beside this tool", path);
			return 2;
		}
	return 0;
}

/* Removes what nobody uses any more; false when a live lab has the name. */
static bool clear_stale(const struct lab *lab)
{
	struct lab_state *s = lab_state_read(lab->run_dir);
	bool alive = s && lab_state_alive(s);

	if (s && !alive)
		lab_state_clear(s);
	lab_state_free(s);
	if (!alive)
		remove_tree(lab->run_dir);
	return !alive;
}

/* Namespaces of this name that no lab.json speaks of. */
static void clear_namespaces(const struct lab *lab)
{
	struct lab_state s = { 0 };

	s.namespace_count = net_namespaces(lab, &s.namespaces);
	lab_state_clear(&s);
	for (size_t i = 0; i < s.namespace_count; i++)
		free(s.namespaces[i]);
	free(s.namespaces);
}

static bool claim_a_name(struct lab *lab, bool fixed)
{
	char base[LAB_NAME_MAX], next[LAB_NAME_MAX + 16];

	snprintf(base, sizeof(base), "%s", lab->name);
	for (unsigned n = 2; !clear_stale(lab); n++) {
		if (fixed || n > 99)
			return false;
		snprintf(next, sizeof(next), "%.36s-%u", base, n);
		set_name(lab, next);
	}
	return true;
}

int lab_claim(struct lab *lab, bool name_is_fixed, char *error, size_t size)
{
	int lock, r = 0;

	mkdir(RUN_ROOT, 0755);
	lock = open(RUN_ROOT "/lab.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (lock < 0 || flock(lock, LOCK_EX) < 0) {
		snprintf(error, size, RUN_ROOT "/lab.lock: %s", strerror(errno));
		if (lock >= 0)
			close(lock);
		return 2;
	}
	if (!claim_a_name(lab, name_is_fixed)) {
		snprintf(error, size, "a lab called %s is up (dmvpn lab down %s ends it)", lab->name, lab->name);
		r = 2;
	} else if (mkdir(lab->run_dir, 0755) < 0 || lab_state_write(lab) < 0) {
		snprintf(error, size, "%s: %s", lab->run_dir, strerror(errno));
		r = 2;
	} else {
		clear_namespaces(lab);
	}
	close(lock);
	return r;
}

int lab_start(struct lab *lab, char *error, size_t size)
{
	int r = net_up(lab, error, size);

	if (r == 0 && !lab_interrupted)
		r = certificates_make(lab, error, size);
	if (r == 0 && !lab_interrupted)
		r = programs_start_all(lab, error, size);
	if (r == 0 && lab_save(lab) < 0) {
		snprintf(error, size, "%s/lab.json cannot be written", lab->run_dir);
		r = 2;
	}
	return r;
}

int lab_save(const struct lab *lab)
{
	return lab_state_write(lab);
}

void lab_stop(struct lab *lab)
{
	struct lab_state s = { .router_count = lab->plan->router_count, .runtimes = lab->runtimes };

	s.namespace_count = net_namespaces(lab, &s.namespaces);
	lab_state_clear(&s);
	for (size_t i = 0; i < s.namespace_count; i++)
		free(s.namespaces[i]);
	free(s.namespaces);
	remove_tree(lab->run_dir);
}
