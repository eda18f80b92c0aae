/*
 * traffic: packets from many peers on the left, through the hub, to as many on the right; sealed
 * and counted by the bench itself, or in clear and forwarded by the hub's kernel.
 *
 * Flow k goes from the LAN of pair 2k to that of pair 2k + 1, one UDP flow per size. Each packet is of the
 * next peer. So many packets are on their way at most; a packet that never comes is lost.
 */
#ifndef DMVPN_BENCH_TRAFFIC_H
#define DMVPN_BENCH_TRAFFIC_H

#include <stdbool.h>
#include <stdint.h>

#include "hub.h"

enum {
	TRAFFIC_SIZES = 3,
	TRAFFIC_WINDOW = 1024, /* packets on their way */
	TRAFFIC_SAMPLE = 64,   /* of so many packets one is opened and looked at */
};

struct traffic_pattern {
	unsigned octets[TRAFFIC_SIZES]; /* of the inner packet */
	unsigned shares[TRAFFIC_SIZES];
};

/* 7:4:1, in an order that is shuffled once. */
extern const struct traffic_pattern traffic_imix;
/* Nothing but full packets, in runs. */
extern const struct traffic_pattern traffic_full;

struct traffic;

/* `flows` flows from number `first` on, whose pairs the hub has; it must outlive the traffic. */
struct traffic *traffic_new(const struct hub *h, uint32_t first, uint32_t flows);
void traffic_free(struct traffic *t);

struct traffic_figures {
	double seconds;
	uint64_t received, octets; /* within that time; octets of the inner packets */
	double loss;     /* percent, of all that was sent */
	double cpu_ns;   /* of the forwarder, per packet received */
	double busy_ns;  /* of all processors, per packet received */
	double steal;    /* percent of the time of all processors */
};

/* One round with so many of them. */
struct traffic_figures traffic_run(struct traffic *t, const struct traffic_pattern *pattern, uint32_t flows,
				   bool is_plain, unsigned ms);

/* One packet of the first flow through the tunnel; whether any arrives at the right within that time. */
void traffic_probe(struct traffic *t);
bool traffic_arrived(struct traffic *t, unsigned ms);

enum { BENCH_ROUNDS_MAX = 99 };
double bench_median(const double *values, unsigned count);
int64_t bench_now_ns(void); /* CLOCK_MONOTONIC */

#endif
