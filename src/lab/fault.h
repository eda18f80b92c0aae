/*
 * fault: what can be broken in a lab, and mended again.
 */
#ifndef DMVPN_LAB_FAULT_H
#define DMVPN_LAB_FAULT_H

#include "lab/path.h"

enum fault_kind { FAULT_KILL, FAULT_POWEROFF, FAULT_UPLINK, FAULT_UPLINK_FAR, FAULT_INSIDE };

struct fault {
	enum fault_kind kind;
	char program[24]; /* FAULT_KILL: one program; "" all */
	size_t router;
	char name[LAB_NAME_MAX + 40]; /* "kill:bgpd@hub1" */
};

/*
 * "none", "all", or NAME[@ROUTER],… Without @ROUTER a fault happens on every hub, one after
 * the other. *faults is malloc'd. 0, or 2 with the reason. A program that is to be killed
 * must run, and "all" means those that do: with `running` now, else by the configuration.
 */
int faults_parse(const struct lab *lab, const char *list, bool running, struct fault **faults,
		 size_t *count, char *error, size_t size);
/* Syntax, names and routers only; nothing need run. */
int faults_check(const struct lab *lab, const char *list, char *error, size_t size);

/* 0 or 2 with the reason. */
int fault_inject(struct lab *lab, const struct fault *f, char *error, size_t size);
int fault_heal(struct lab *lab, const struct fault *f, char *error, size_t size);

/* Did the path use what fails? */
bool fault_affects(const struct lab *lab, const struct fault *f, const struct path *p);
/* Does the host lie behind what fails, so that nothing could save it? */
bool fault_cuts_off(const struct lab *lab, const struct fault *f, size_t host);

#endif
