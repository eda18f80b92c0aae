/*
 * relay_imix: a hub between its spokes: decrypt, route by the kernel, encrypt to another one; packets of 64, 570 and
 * 1400 octets, 7:4:1, in turn from 1, 32 and 1,000 active peers to as many others. Beside it, in the same rounds, the
 * same packets forwarded in clear by the kernel of the same namespace.
 *
 * usage: bench_relay FORWARDER [ROUNDS [MILLISECONDS]]; prints one JSON object per figure: medians of the rounds; ratio
 * is to the plain way of the same rounds. Environment: OTHER, an earlier build of dmvpn-fwd to be measured in the same
 * rounds; PEERS, so many active ones and nothing else but FORWARDER, for a profiler.
 */
#include <stdio.h>
#include <stdlib.h>

#include "traffic.h"

enum { PEERS = 1000, COUNTS = 3 };

static const uint32_t counts[COUNTS] = { 1, 32, PEERS };

struct results {
	double rate[BENCH_ROUNDS_MAX], bits[BENCH_ROUNDS_MAX], loss[BENCH_ROUNDS_MAX], cpu[BENCH_ROUNDS_MAX], busy[BENCH_ROUNDS_MAX];
	double steal;
};

static void keep(struct results *r, unsigned round, const struct traffic_figures *f)
{
	r->rate[round] = (double)f->received / f->seconds;
	r->bits[round] = 8e-6 * (double)f->octets / f->seconds;
	r->loss[round] = f->loss;
	r->cpu[round] = f->cpu_ns;
	r->busy[round] = f->busy_ns;
	if (f->steal > r->steal)
		r->steal = f->steal;
}

static void report(const struct results *r, const struct results *plain, unsigned rounds, const char *way, uint32_t peers)
{
	double ratios[BENCH_ROUNDS_MAX];

	for (unsigned i = 0; i < rounds; i++)
		ratios[i] = r->rate[i] / plain->rate[i];
	printf("{\"bench\":\"relay_imix\",\"active_peers\":%u,\"peer\":\"%s\",\"value\":%.0f,\"unit\":\"packets/s\","
	       "\"ratio\":%.3f,\"mbit_per_s\":%.0f,\"loss_percent\":%.3f,\"forwarder_ns_per_packet\":%.0f,"
	       "\"cpu_ns_per_packet\":%.0f,\"rounds\":%u,\"steal_percent_max\":%.1f}\n",
	       peers, way, bench_median(r->rate, rounds), bench_median(ratios, rounds), bench_median(r->bits, rounds),
	       bench_median(r->loss, rounds), bench_median(r->cpu, rounds), bench_median(r->busy, rounds), rounds, r->steal);
}

/* The ways of one run; plain is by the first one's hub. */
struct way {
	const char *name;
	bool is_plain;
	struct traffic *traffic;
	struct results results[COUNTS];
};

static void rounds_run(struct way *ways, unsigned count, unsigned rounds, unsigned ms)
{
	for (unsigned round = 0; round < rounds; round++)
		for (unsigned c = 0; c < COUNTS; c++)
			for (unsigned n = 0; n < count; n++) {
				struct way *w = &ways[(n + round) % count];
				const struct traffic_figures f = traffic_run(w->traffic, &traffic_imix, counts[c], w->is_plain, ms);

				keep(&w->results[c], round, &f);
			}
	for (unsigned c = 0; c < COUNTS; c++)
		for (unsigned n = 0; n < count; n++)
			report(&ways[n].results[c], &ways[0].results[c], rounds, ways[n].name, counts[c]);
}

static void profiled(struct traffic *t, unsigned rounds, unsigned ms, uint32_t peers)
{
	static struct results r;

	for (unsigned round = 0; round < rounds; round++) {
		const struct traffic_figures f = traffic_run(t, &traffic_imix, peers, false, ms);

		keep(&r, round, &f);
	}
	report(&r, &r, rounds, "dmvpn", peers);
}

struct side {
	struct net net;
	struct hub hub;
	struct traffic *traffic;
};

static void side_open(struct side *s, const char *forwarder)
{
	net_open(&s->net);
	hub_open(&s->hub, &s->net, forwarder);
	hub_pairs_add(&s->hub, 2 * PEERS);
	hub_routes_add(&s->hub);
	s->traffic = traffic_new(&s->hub, 0, PEERS);
}

static void side_close(struct side *s)
{
	hub_drops_tell(&s->hub);
	traffic_free(s->traffic);
	hub_close(&s->hub);
	net_close(&s->net);
}

int main(int argc, char **argv)
{
	const unsigned rounds = argc > 2 ? (unsigned)atoi(argv[2]) : 5, ms = argc > 3 ? (unsigned)atoi(argv[3]) : 700;
	const char *other = getenv("OTHER"), *peers = getenv("PEERS");
	static struct side sides[2];
	static struct way ways[3];

	if (argc < 2 || rounds < 1 || rounds > BENCH_ROUNDS_MAX || ms < 1) {
		fprintf(stderr, "usage: %s FORWARDER [ROUNDS [MILLISECONDS]]\n", argv[0]);
		return 2;
	}
	side_open(&sides[0], argv[1]);
	if (other)
		side_open(&sides[1], other);
	ways[0] = (struct way){ .name = "plain", .is_plain = true, .traffic = sides[0].traffic };
	ways[1] = (struct way){ .name = "dmvpn", .traffic = sides[0].traffic };
	ways[2] = (struct way){ .name = "dmvpn-other", .traffic = sides[1].traffic };
	if (peers)
		profiled(sides[0].traffic, rounds, ms, (uint32_t)atoi(peers) % (PEERS + 1));
	else
		rounds_run(ways, other ? 3 : 2, rounds, ms);
	if (other)
		side_close(&sides[1]);
	side_close(&sides[0]);
	return 0;
}
