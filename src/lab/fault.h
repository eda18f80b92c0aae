/*
 * fault: what can be broken in a lab, and mended again.
 *
 * A fault is one part or a few: `kill@hub1`; `kill@hub1+uplink@hub1` at the same moment;
 * `kill@hub1/kill@hub2` one after the other, the first mended and its router back in service
 * before the second fails. Words and their meaning: fault_words.c; which pairs a fault can
 * have touched: fault_reach.c; the deeds: fault.c.
 */
#ifndef DMVPN_LAB_FAULT_H
#define DMVPN_LAB_FAULT_H

#include "lab/path.h"

enum { FAULT_PARTS_MAX = 4, FAULT_NAME_MAX = 160, FAULT_MARKS_MAX = 128 };

enum fault_kind {
	FAULT_KILL,
	FAULT_POWEROFF,
	FAULT_REBOOT,     /* power off and, two seconds later, on again: it ends by itself */
	FAULT_UPLINK,
	FAULT_UPLINK_FAR,
	FAULT_INSIDE,
	FAULT_FLAP,       /* the uplink, `amount` times down and up: it ends by itself */
	FAULT_BLACKHOLE,
	FAULT_LOSS,       /* `amount` percent on the uplink, in each direction */
	FAULT_TUNNEL,     /* the tunnel devices are deleted under the daemon's hands */
	FAULT_OVERLOAD,   /* `amount` percent of the processors' time is stolen from all programs */
	FAULT_DIRECT,     /* the path between two spokes, not that of either to a hub */
	FAULT_ADDRESS,    /* the uplink gets another address */
	FAULT_REBIND,     /* the NAT box before the router forgets its mappings and takes other ports, `amount` times: it ends by itself */
};

enum fault_way { FAULT_IN = 1, FAULT_OUT = 2, FAULT_BOTH = 3 }; /* as the router sees it */
enum fault_packets { FAULT_ALL_PACKETS, FAULT_ESP, FAULT_NHRP, FAULT_IKE };

struct fault_part {
	enum fault_kind kind;
	size_t router;
	char program[24];           /* FAULT_KILL: one program; "" all */
	enum fault_way way;         /* FAULT_BLACKHOLE */
	enum fault_packets packets; /* FAULT_BLACKHOLE */
	unsigned amount;
	size_t peer;                /* FAULT_DIRECT: the other spoke */
	char interface[16];         /* FAULT_UPLINK, FAULT_UPLINK_FAR: one of several ways out, by its kernel name; "" the first tunnel's */
};

struct fault {
	size_t part_count;
	struct fault_part parts[FAULT_PARTS_MAX];
	bool in_turn; /* one after the other */
	char name[FAULT_NAME_MAX]; /* "kill:bgpd@hub1" */
};

/*
 * "none", "all", or FAULT,… as in the manual. Without @ROUTER a fault happens on every hub
 * (what is about spokes: on the first spoke), one fault after the other. *faults is malloc'd.
 * 0, or 2 with the reason. A program that is to be killed must run, and "all" means those that
 * do: with `running` now, else by the configuration.
 */
int faults_parse(const struct lab *lab, const char *list, bool running, struct fault **faults,
		 size_t *count, char *error, size_t size);
/* Syntax, names and routers only; nothing need run. */
int faults_check(const struct lab *lab, const char *list, char *error, size_t size);

struct fault_mark { /* a moment in the life of a fault */
	int64_t ns;
	bool heal;      /* something was mended */
	char text[64];
};

struct fault_marks {
	size_t count; /* what is too much is left out */
	struct fault_mark marks[FAULT_MARKS_MAX];
};

/*
 * 0 or 2 with the reason. Faults that last (a flap, a reboot, one after the other) return when
 * they have happened. Each deed is noted in marks, just before it is done.
 */
int fault_inject(struct lab *lab, const struct fault *f, struct fault_marks *marks, char *error, size_t size);
/* Undoes what has not ended by itself. */
int fault_heal(struct lab *lab, const struct fault *f, struct fault_marks *marks, char *error, size_t size);

/* How long its effects may last before they are called for good. */
int fault_patience_ms(const struct fault *f);

/* Did the path use what fails? */
bool fault_affects(const struct lab *lab, const struct fault *f, const struct path *p);
/* Does the host lie behind what fails, so that nothing could save it? */
bool fault_cuts_off(const struct lab *lab, const struct fault *f, size_t host);
/* Does the fault end that router's programs or its network? Then nothing can be seen from there. */
bool fault_silences(const struct fault *f, size_t router);

#endif
