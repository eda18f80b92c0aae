/*
 * lab: one lab on this machine, from plan to running programs to nothing left behind.
 *
 * What is running is written to <run dir>/lab.json, so that another invocation can show,
 * break, heal and take it down.
 */
#ifndef DMVPN_LAB_LAB_H
#define DMVPN_LAB_LAB_H

#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "lab/plan.h"

struct lab_program {
	char name[24]; /* "dmvpnd", "zebra", … */
	pid_t pid;
	uint64_t start;
};

struct lab_runtime { /* of one router */
	size_t program_count;
	struct lab_program *programs;
};

struct lab_options {
	const char *dir;
	const char *name;     /* NULL: the folder's */
	const char *datapath; /* "auto", "kernel", "user", or "hub1=kernel,*=user" */
	bool no_ipsec;
	bool plain_frr;       /* dmvpnd --plain; bfdd runs its sessions itself */
	const char *eigrp;    /* who carries EIGRP: "auto", "eigrpd", "bgp"; NULL: auto */
	const char *nhrpd;    /* routers on which nhrpd runs, "hub1,spoke2"; NULL: none */
	const char *log_dir;  /* NULL: in the run directory, gone with it */
};

struct lab {
	char name[LAB_NAME_MAX];
	char dir[PATH_MAX];     /* of the configurations */
	char run_dir[PATH_MAX]; /* /run/dmvpn/lab-NAME */
	char log_dir[PATH_MAX]; /* "" stands for the run directory */
	char bin_dir[PATH_MAX]; /* where dmvpnd lies */
	char *datapath;
	char *nhrpd; /* NULL as "": none */
	char *eigrp; /* as asked for */
	bool eigrp_bgp;         /* what came of it (eigrp.h) */
	bool no_ipsec, plain_frr;
	pid_t runner;           /* of `lab test`; 0 for a lab that was put up by hand */
	uint64_t runner_start;
	size_t config_count;
	struct config **configs;
	char **files;
	struct lab_conf *conf;  /* of lab.conf; NULL: there is none */
	struct lab_plan *plan;
	struct lab_runtime *runtimes; /* one per router */
};

/*
 * Reads the folder and infers the plan; nothing is started. *lab is NULL on failure, and
 * error says why. 0, or the exit code for the tool.
 */
int lab_open(const struct lab_options *o, struct lab **lab, char *error, size_t size);
/* Reads the state of a lab that is up. */
int lab_open_running(const char *name, struct lab **lab, char *error, size_t size);
void lab_free(struct lab *lab); /* the memory only */

/* Root, TUN, FRR, tools: 0, or 2 with the reason. */
int lab_check_environment(const struct lab *lab, char *error, size_t size);
/* Takes the name: clears what a dead runner left; picks another when a live lab has it and
 * the name was not asked for. */
int lab_claim(struct lab *lab, bool name_is_fixed, char *error, size_t size);

/* Namespaces, links, addresses, then all programs. 0 or 2 with the reason. */
int lab_start(struct lab *lab, char *error, size_t size);
/* Kills what runs, deletes namespaces and the run directory. Safe at any point. */
void lab_stop(struct lab *lab);
int lab_save(const struct lab *lab); /* writes lab.json; 0 or -errno */

/* Names of namespaces; out holds 128 bytes. */
void lab_netns(const struct lab *lab, enum lab_node node, size_t index, char out[128]);
/* A router, host or "internet" by name; false when there is none. */
bool lab_find_node(const struct lab *lab, const char *name, char netns[128]);

/* Set by SIGINT and SIGTERM; waits end early. */
extern volatile sig_atomic_t lab_interrupted;
void lab_catch_signals(void);
/* Sleeps in short steps; false when interrupted meanwhile. */
bool lab_pause_ms(int ms);
int64_t lab_now_ns(void); /* CLOCK_MONOTONIC */

#endif
