/*
 * relay_imix: a hub between its spokes: decrypt, route by the kernel, encrypt to another one; packets of 64, 570 and
 * 1400 octets, 7:4:1, with one active peer and with a thousand on either side. Beside it, in the same rounds, the same
 * packets forwarded in clear by the kernel of the same namespace.
 *
 * usage: bench_relay FORWARDER [ROUNDS [MILLISECONDS]]; prints one JSON object per figure: medians of the
 * rounds; ratio is to the plain way of the same rounds.
 */
#include <stdio.h>
#include <stdlib.h>

#include "traffic.h"

enum { PEERS = 1000, WAYS = 2, COUNTS = 2 };

static const uint32_t counts[COUNTS] = { 1, PEERS };
static const char *const ways[WAYS] = { "plain", "dmvpn" };

struct results {
	double rate[BENCH_ROUNDS_MAX], bits[BENCH_ROUNDS_MAX], loss[BENCH_ROUNDS_MAX], cpu[BENCH_ROUNDS_MAX], busy[BENCH_ROUNDS_MAX], steal;
	uint64_t lost;
};

static void keep(struct results *r, unsigned round, const struct traffic_figures *f)
{
	r->rate[round] = (double)f->received / f->seconds;
	r->bits[round] = 8e-6 * (double)f->octets / f->seconds;
	r->loss[round] = 100 * (double)(f->sent - f->received) / (double)f->sent;
	r->cpu[round] = f->cpu_ns;
	r->busy[round] = f->busy_ns;
	if (f->steal > r->steal)
		r->steal = f->steal;
	r->lost += f->sent - f->received;
}

static void report(const struct results *r, const struct results *plain, unsigned rounds, const char *way, uint32_t peers)
{
	double ratios[BENCH_ROUNDS_MAX];

	for (unsigned i = 0; i < rounds; i++)
		ratios[i] = r->rate[i] / plain->rate[i];
	printf("{\"bench\":\"relay_imix\",\"active_peers\":%u,\"peer\":\"%s\",\"value\":%.0f,\"unit\":\"packets/s\","
	       "\"ratio\":%.3f,\"mbit_per_s\":%.0f,\"loss_percent\":%.3f,\"forwarder_ns_per_packet\":%.0f,"
	       "\"cpu_ns_per_packet\":%.0f,\"rounds\":%u,\"steal_percent_max\":%.1f}\n",
	       peers, way, bench_median(r->rate, rounds), bench_median(ratios, rounds), bench_median(r->bits, rounds), bench_median(r->loss, rounds),
	       bench_median(r->cpu, rounds), bench_median(r->busy, rounds), rounds, r->steal);
}

int main(int argc, char **argv)
{
	const unsigned rounds = argc > 2 ? (unsigned)atoi(argv[2]) : 5, ms = argc > 3 ? (unsigned)atoi(argv[3]) : 700;
	static struct results all[COUNTS][WAYS];
	static struct hub hub;
	struct traffic *t;
	struct net net;

	if (argc < 2 || rounds < 1 || rounds > BENCH_ROUNDS_MAX || ms < 1) {
		fprintf(stderr, "usage: %s FORWARDER [ROUNDS [MILLISECONDS]]\n", argv[0]);
		return 2;
	}
	net_open(&net);
	hub_open(&hub, &net, argv[1]);
	hub_pairs_add(&hub, 2 * PEERS);
	hub_routes_add(&hub);
	t = traffic_new(&hub, 0, PEERS);
	for (unsigned round = 0; round < rounds; round++)
		for (unsigned c = 0; c < COUNTS; c++)
			for (unsigned way = 0; way < WAYS; way++) {
				const unsigned at = (way + round) % WAYS;
				const struct traffic_figures f = traffic_run(t, &traffic_imix, counts[c], at == 0, ms);

				keep(&all[c][at], round, &f);
			}
	for (unsigned c = 0; c < COUNTS; c++)
		for (unsigned way = 0; way < WAYS; way++)
			report(&all[c][way], &all[c][0], rounds, ways[way], counts[c]);
	if (all[0][1].lost || all[1][1].lost)
		hub_drops_tell(&hub);
	traffic_free(t);
	hub_close(&hub);
	net_close(&net);
	return 0;
}
