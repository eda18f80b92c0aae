#include "lab/state.h"

#include <errno.h>
#include <ftw.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lab/memory.h"
#include "lab/net.h"
#include "lab/run.h"

enum { STATE_SCHEMA = 1, PROCESSES_MAX = 512 };

static json_t *programs_json(const struct lab_runtime *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->program_count; i++)
		json_array_append_new(list, json_pack("{s:s, s:i, s:I}", "name", r->programs[i].name, "pid",
						      (int)r->programs[i].pid, "start",
						      (json_int_t)r->programs[i].start));
	return list;
}

static json_t *namespaces_json(const struct lab *lab)
{
	json_t *list = json_array();
	char **names;
	size_t count = net_namespaces(lab, &names);

	for (size_t i = 0; i < count; i++) {
		json_array_append_new(list, json_string(names[i]));
		free(names[i]);
	}
	free(names);
	return list;
}

static json_t *routers_json(const struct lab *lab)
{
	json_t *list = json_array();

	for (size_t i = 0; i < lab->plan->router_count; i++)
		json_array_append_new(list, json_pack("{s:s, s:o}", "name", lab->plan->routers[i].name, "programs",
						      programs_json(&lab->runtimes[i])));
	return list;
}

int lab_state_write(const struct lab *lab)
{
	char path[PATH_MAX + 16], temporary[PATH_MAX + 16];
	json_t *j = json_pack("{s:i, s:s, s:s, s:s, s:b, s:b, s:s, s:s, s:i, s:I, s:o, s:o}", "schema", STATE_SCHEMA, "name",
			      lab->name, "dir", lab->dir, "datapath", lab->datapath, "no_ipsec", lab->no_ipsec,
			      "plain_frr", lab->plain_frr, "nhrpd", lab->nhrpd, "eigrp", lab->eigrp, "runner", (int)lab->runner, "runner_start", (json_int_t)lab->runner_start,
			      "namespaces", namespaces_json(lab), "routers", routers_json(lab));
	int r = 0;

	if (!j)
		return -ENOMEM;
	snprintf(path, sizeof(path), "%s/lab.json", lab->run_dir);
	snprintf(temporary, sizeof(temporary), "%s/lab.json.new", lab->run_dir);
	if (json_dump_file(j, temporary, JSON_INDENT(1)) < 0)
		r = -EIO;
	else if (rename(temporary, path) < 0)
		r = -errno;
	json_decref(j);
	return r;
}

static char *string_of(const json_t *j, const char *key)
{
	const char *text = json_string_value(json_object_get(j, key));

	return lab_strdup(text ? text : "");
}

static void read_programs(const json_t *list, struct lab_runtime *r)
{
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item) {
		struct lab_program *p = lab_append(&r->programs, &r->program_count, sizeof(*p));
		char *name = string_of(item, "name");

		snprintf(p->name, sizeof(p->name), "%s", name);
		free(name);
		p->pid = (pid_t)json_integer_value(json_object_get(item, "pid"));
		p->start = (uint64_t)json_integer_value(json_object_get(item, "start"));
	}
}

struct lab_state *lab_state_read(const char *run_dir)
{
	char path[PATH_MAX + 16];
	struct lab_state *s;
	json_t *j, *item;
	size_t i;

	snprintf(path, sizeof(path), "%s/lab.json", run_dir);
	j = json_load_file(path, 0, NULL);
	if (!j || json_integer_value(json_object_get(j, "schema")) != STATE_SCHEMA) {
		json_decref(j);
		return NULL;
	}
	s = lab_calloc(1, sizeof(*s));
	s->dir = string_of(j, "dir");
	s->datapath = string_of(j, "datapath");
	s->nhrpd = string_of(j, "nhrpd");
	s->eigrp = string_of(j, "eigrp");
	s->no_ipsec = json_is_true(json_object_get(j, "no_ipsec"));
	s->plain_frr = json_is_true(json_object_get(j, "plain_frr"));
	s->runner = (pid_t)json_integer_value(json_object_get(j, "runner"));
	s->runner_start = (uint64_t)json_integer_value(json_object_get(j, "runner_start"));
	json_array_foreach(json_object_get(j, "namespaces"), i, item)
		*(char **)lab_append(&s->namespaces, &s->namespace_count, sizeof(char *)) =
			lab_strdup(json_string_value(item) ? json_string_value(item) : "");
	json_array_foreach(json_object_get(j, "routers"), i, item) {
		size_t n = s->router_count;

		*(char **)lab_append(&s->routers, &s->router_count, sizeof(char *)) = string_of(item, "name");
		lab_append(&s->runtimes, &n, sizeof(*s->runtimes));
		read_programs(json_object_get(item, "programs"), &s->runtimes[n - 1]);
	}
	json_decref(j);
	return s;
}

void lab_state_free(struct lab_state *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->namespace_count; i++)
		free(s->namespaces[i]);
	for (size_t i = 0; i < s->router_count; i++) {
		free(s->routers[i]);
		free(s->runtimes[i].programs);
	}
	free(s->namespaces);
	free(s->routers);
	free(s->runtimes);
	free(s->dir);
	free(s->datapath);
	free(s->nhrpd);
	free(s->eigrp);
	free(s);
}

bool lab_state_alive(const struct lab_state *s)
{
	if (s->runner)
		return process_alive(s->runner, s->runner_start);
	for (size_t i = 0; i < s->router_count; i++)
		for (size_t k = 0; k < s->runtimes[i].program_count; k++)
			if (process_alive(s->runtimes[i].programs[k].pid, s->runtimes[i].programs[k].start))
				return true;
	return false;
}

void lab_state_clear(const struct lab_state *s)
{
	pid_t pids[PROCESSES_MAX];
	size_t count = 0;

	for (size_t i = 0; i < s->router_count; i++)
		for (size_t k = 0; k < s->runtimes[i].program_count; k++) {
			const struct lab_program *p = &s->runtimes[i].programs[k];

			if (process_alive(p->pid, p->start))
				count += process_tree(p->pid, pids + count, PROCESSES_MAX - count);
		}
	process_kill(pids, count);
	/* What is left inside a namespace of the lab was started by the lab or for it. */
	for (size_t i = 0; i < s->namespace_count; i++) {
		count = process_in_netns(s->namespaces[i], pids, PROCESSES_MAX);
		process_kill(pids, count);
		netns_delete(s->namespaces[i]);
	}
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *f)
{
	(void)st;
	(void)type;
	(void)f;
	remove(path); /* the rest is still worth removing */
	return 0;
}

void remove_tree(const char *path)
{
	nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}
