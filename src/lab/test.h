/*
 * test: the main job: start a lab, wait for it to converge, look at it, break it, measure.
 */
#ifndef DMVPN_LAB_TEST_H
#define DMVPN_LAB_TEST_H

#include "lab/fault.h"
#include "lab/outage.h"

struct lab_class_result { /* the affected pairs of one path class, each way its own */
	char *name;
	size_t pairs;    /* in one round, at most */
	size_t outages;  /* measured, in all rounds */
	size_t lost;
	struct outage_figures outage;
};

struct lab_phase { /* from a deed until traffic was steady again */
	struct outage_figures affected, all;
	size_t lost; /* probes, of all counted pairs */
	size_t direct_sent, direct_lost; /* of pairs that went directly before and do not use what fails */
	bool recovered;
};

struct lab_sample { /* one counted pair in one round */
	uint32_t pair;
	bool affected, direct; /* direct: and not affected */
	char *class_name;      /* just before the fault */
	int64_t outage_ns, return_ns;
	size_t sent, lost, late;
};

struct lab_round {
	size_t pairs;    /* counted: alive before, no end behind what failed */
	size_t cut_off;  /* pairs with an end behind what failed: listed, not counted */
	size_t pairs_affected, pairs_direct;
	struct lab_phase broken, returned; /* after the fault; after it was healed */
	size_t late, duplicates;
	size_t nhs_down; /* times that a spoke gave an NHS up while it was broken */
	int64_t stall_ns; /* the most by which this machine sent a probe too late */
	bool healed;
	bool as_before; /* paths and routes came back to what they were before the first fault */
	double healed_s;
	size_t sample_count;
	struct lab_sample *samples;
	/* Pairs that were reachable once and are not: "core-host -> spoke1-host, before the fault"
	 * (such a one is not counted) or "…, since the fault". */
	size_t silent_count;
	char **silent;
	struct fault_marks marks;
	int64_t fault_ns, broken_ns, heal_ns, end_ns; /* broken_ns: when the deed was done */
};

/* Figures over all rounds; counts of pairs are those of the round that has the fewest. */
struct lab_fault_result {
	char name[FAULT_NAME_MAX];
	size_t round_count;
	struct lab_round *rounds;
	size_t pairs, cut_off, pairs_affected, pairs_direct;
	struct lab_phase broken, returned;
	size_t late, duplicates;
	bool healed;
	double healed_s; /* the longest */
	size_t class_count;
	struct lab_class_result *classes;
};

struct lab_pair_result {
	bool reachable;
	struct path path;
	char *class_name;
};

struct lab_result {
	double started_s;   /* building the lab and starting its programs */
	double converged_s; /* from then on; negative: it did not */
	size_t expected, up;
	bool routes;        /* every LAN's router had a route to every LAN in time */
	uint64_t routing;   /* watch_routing() at rest */
	size_t lan_pairs, lan_reachable, direct_pairs, spoke_pairs;
	size_t first_pairs, first_sent, first_lost;
	struct lab_pair_result *pairs; /* as in the probes */
	size_t fault_count;
	struct lab_fault_result *faults;
	bool ok;
};

struct lab_test_options {
	const char *faults;
	int wait_s;       /* for convergence, at most */
	unsigned rounds;  /* of each fault */
	int observe_s;    /* a fault lasts at least so long; 0: as long as its effects are worth a look */
	int probe_ms;     /* of the pairs that are probed fast: PROBE_MIN_MS to PROBE_MAX_MS */
	const char *plot; /* file of the plot; NULL: none. More than one: a name for each is made of it */
};

/* Runs the whole test on a claimed lab and leaves it running for the report: the caller
 * stops probes and lab in any case. 0 when it was carried out (result->ok says how it
 * went), 2 with the reason, 130 when interrupted. */
int lab_test(struct lab *lab, const struct lab_test_options *o, struct probes *probes,
	     struct lab_result *result, char *error, size_t size);
void lab_result_free(struct lab_result *r);

/* What the lines of all files became. */
void lab_report_json(const struct lab *lab, const struct probes *p, const struct lab_result *r, FILE *out);
void lab_report_design(const struct lab *lab, FILE *out);
/* Programs and registrations of a running lab. */
void lab_report_running(const struct lab *lab, FILE *out);
void lab_report_text(const struct lab *lab, const struct probes *p, const struct lab_result *r, FILE *out);

/* A line of progress on stderr, overwritten in place on a terminal. */
void lab_progress(const char *format, ...) __attribute__((format(printf, 1, 2)));
void lab_progress_end(void);

#endif
