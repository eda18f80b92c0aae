/*
 * state: lab.json, what a lab leaves for the next invocation to find it by.
 */
#ifndef DMVPN_LAB_STATE_H
#define DMVPN_LAB_STATE_H

#include "lab/lab.h"

/* What lab.json holds, apart from what is inferred again from the folder. */
struct lab_state {
	char *dir, *datapath, *nhrpd, *eigrp;
	bool no_ipsec, plain_frr;
	pid_t runner;
	uint64_t runner_start;
	size_t namespace_count;
	char **namespaces;
	size_t router_count;
	char **routers;
	struct lab_runtime *runtimes;
};

int lab_state_write(const struct lab *lab); /* 0 or -errno */
/* NULL when there is none or it cannot be understood. */
struct lab_state *lab_state_read(const char *run_dir);
void lab_state_free(struct lab_state *s);
/* Is it in use: its runner lives, or it was put up by hand and a program of it lives. */
bool lab_state_alive(const struct lab_state *s);
/* Ends its programs and removes its namespaces. */
void lab_state_clear(const struct lab_state *s);
/* Removes a directory tree. */
void remove_tree(const char *path);

#endif
