/*
 * sa_pairs: ten thousand pairs of SAs in one forwarder: how fast charon and the control process can set them up, what one
 * costs in memory (PSS of the forwarder, with the SA memory that outlives it), what they cost while nothing comes, and one flow
 * through the last ones, and how soon a killed forwarder is back.
 *
 * usage: bench_sa_pairs FORWARDER [ROUNDS [MILLISECONDS]]; prints one JSON object per figure. ratio: of that flow to the
 * same through a forwarder with its two pairs alone, in the same rounds.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "traffic.h"

enum { PAIRS_FEW = 1000, PAIRS = 10000, LAST_FLOW = PAIRS / 2 - 1, IDLE_S = 3 };

struct side {
	struct net net;
	struct hub hub;
	struct traffic *traffic;
};

struct watch {
	struct traffic *traffic;
	atomic_bool may_begin;
	int64_t arrived_ns;
};

static void figure(const char *bench, double value, const char *unit, uint32_t pairs)
{
	printf("{\"bench\":\"%s\",\"peer\":\"dmvpn\",\"value\":%.1f,\"unit\":\"%s\",\"ratio\":null,"
	       "\"pairs\":%u}\n", bench, value, unit, pairs);
	fflush(stdout);
}

/* Sends until something arrives. */
static void *watch_run(void *context)
{
	struct watch *w = context;

	while (!atomic_load(&w->may_begin))
		;
	do
		traffic_probe(w->traffic);
	while (!traffic_arrived(w->traffic, 1));
	w->arrived_ns = bench_now_ns();
	return NULL;
}

/* By a flow that nothing was sent on: its peers begin anew. */
static void adoption_run(struct hub *h, uint32_t flow)
{
	struct watch w = { .traffic = traffic_new(h, flow, 1) };
	int64_t killed, told;
	pthread_t thread;

	if (pthread_create(&thread, NULL, watch_run, &w) != 0)
		bench_die("no thread");
	hub_kill(h);
	killed = bench_now_ns();
	atomic_store(&w.may_begin, true);
	hub_start_again(h);
	told = bench_now_ns();
	pthread_join(thread, NULL);
	traffic_free(w.traffic);
	figure("forwarder_back", (double)(w.arrived_ns - killed) / 1e6, "ms", h->pairs);
	figure("forwarder_told_all", (double)(told - killed) / 1e6, "ms", h->pairs);
	if (h->held != 2 * h->pairs)
		bench_die("the forwarder told of %u SAs, not of %u", h->held, 2 * h->pairs);
}

static void pairs_run(struct hub *h)
{
	const uint64_t before = hub_memory_octets(h);
	int64_t begin = bench_now_ns(), spent;
	uint64_t after;

	hub_pairs_add(h, PAIRS);
	spent = bench_now_ns() - begin;
	after = hub_memory_octets(h);
	figure("sa_pairs_set_up", PAIRS * 1e9 / (double)spent, "pairs/s", PAIRS);
	figure("sa_pair_memory", (double)(after - before) / PAIRS, "octets", PAIRS);
	spent = (int64_t)hub_cpu_ns(h);
	sleep(IDLE_S);
	figure("sa_pairs_idle", (double)((int64_t)hub_cpu_ns(h) - spent) / 1e3 / IDLE_S, "us/s", PAIRS);
}

static void side_open(struct side *s, const char *forwarder)
{
	net_open(&s->net);
	hub_open(&s->hub, &s->net, forwarder);
}

static void side_close(struct side *s)
{
	if (s->traffic)
		traffic_free(s->traffic);
	hub_close(&s->hub);
	net_close(&s->net);
}

static double rate(struct side *s, unsigned ms)
{
	const struct traffic_figures f = traffic_run(s->traffic, &traffic_full, 1, false, ms);

	return 8e-6 * (double)f.octets / f.seconds;
}

static void flow_run(struct side *few, struct side *many, unsigned rounds, unsigned ms)
{
	double one[BENCH_ROUNDS_MAX], all[BENCH_ROUNDS_MAX], ratios[BENCH_ROUNDS_MAX];

	for (unsigned i = 0; i < rounds; i++) {
		/* Either goes first in turn. */
		if (i % 2)
			all[i] = rate(many, ms);
		one[i] = rate(few, ms);
		if (i % 2 == 0)
			all[i] = rate(many, ms);
		ratios[i] = all[i] / one[i];
	}
	printf("{\"bench\":\"sa_pairs_flow\",\"peer\":\"dmvpn\",\"value\":%.0f,\"unit\":\"Mb/s\",\"pairs\":%u,\"alone\":%.0f,"
	       "\"ratio\":%.3f,\"rounds\":%u}\n", bench_median(all, rounds), PAIRS, bench_median(one, rounds),
	       bench_median(ratios, rounds), rounds);
}

int main(int argc, char **argv)
{
	const unsigned rounds = argc > 2 ? (unsigned)atoi(argv[2]) : 7, ms = argc > 3 ? (unsigned)atoi(argv[3]) : 400;
	static struct side few, many, back;

	if (argc < 2 || rounds < 1 || rounds > BENCH_ROUNDS_MAX || ms < 1) {
		fprintf(stderr, "usage: %s FORWARDER [ROUNDS [MILLISECONDS]]\n", argv[0]);
		return 2;
	}
	side_open(&back, argv[1]);
	hub_pairs_add(&back.hub, PAIRS_FEW);
	hub_routes_add(&back.hub);
	adoption_run(&back.hub, PAIRS_FEW / 2 - 1);
	side_close(&back);
	side_open(&few, argv[1]);
	hub_pairs_add(&few.hub, 2);
	hub_routes_add(&few.hub);
	few.traffic = traffic_new(&few.hub, 0, 1);
	side_open(&many, argv[1]);
	pairs_run(&many.hub);
	hub_routes_add(&many.hub);
	many.traffic = traffic_new(&many.hub, LAST_FLOW, 1);
	flow_run(&few, &many, rounds, ms);
	side_close(&few);
	traffic_free(many.traffic);
	many.traffic = NULL;
	adoption_run(&many.hub, LAST_FLOW - 1);
	side_close(&many);
	return 0;
}
