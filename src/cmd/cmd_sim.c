/* dmvpn sim: runs a scenario on a virtual clock, for one seed or many. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "cmd/cmd.h"
#include "sim/sim.h"

static const char usage[] =
	"usage: dmvpn sim [--seed N] [--seeds N] [--trace] [--usage] SCENARIO\n"
	"\n"
	"Runs a whole DMVPN, with the real protocol engine of every router, on a virtual clock;\n"
	"docs/sim.md describes scenarios and what is checked.\n"
	"\n"
	"  --seed N   the first seed (1)\n"
	"  --seeds N  how many seeds, one after the other, then the first once more (1)\n"
	"  --trace    print every event and effect\n"
	"  --usage    print at the end what it took of the machine\n"
	"\n"
	"Exit code: 0 all that is checked held, 1 it did not for some seed, 2 usage or unreadable.\n";

struct sim_options {
	uint64_t seed, seeds;
	bool trace, usage;
};

static bool read_count(const char *text, uint64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 10);
	return errno == 0 && end != text && *end == '\0' && *text != '-';
}

static bool read_scenario(const char *path, struct scenario *s)
{
	char error[SCENARIO_ERROR_MAX];
	FILE *in = fopen(path, "re");
	bool ok;

	if (!in) {
		fprintf(stderr, "dmvpn sim: %s: %s\n", path, strerror(errno));
		return false;
	}
	ok = scenario_read(in, s, error);
	fclose(in);
	if (!ok)
		fprintf(stderr, "dmvpn sim: %s: %s\n", path, error);
	return ok;
}

static void print_result(uint64_t seed, const struct sim_result *r)
{
	if (r->failed)
		printf("seed %" PRIu64 ": FAILED at %" PRId64 ".%06" PRId64 " s: %s\n", seed, r->at.us / 1000000,
		       r->at.us % 1000000, r->reason);
	else
		printf("seed %" PRIu64 ": ok hash %016" PRIx64 " events %" PRIu64 " messages %" PRIu64
		       " packets %" PRIu64 " delivered %" PRIu64 " direct %" PRIu64 " busiest %u",
		       seed, r->hash, r->events, r->messages, r->packets_sent, r->packets_delivered,
		       r->packets_direct, r->busiest_per_s);
	if (!r->failed && r->probes > 0)
		printf(" probes %" PRIu64 " paths_lost %" PRIu64, r->probes, r->paths_lost);
	if (!r->failed && r->bfd_packets > 0)
		printf(" bfd_packets %" PRIu64 " bfd_second_max %" PRIu64 " bfd_lost %" PRIu64, r->bfd_packets, r->bfd_second_max,
		       r->bfd_lost);
	if (!r->failed && r->direct_lost > 0)
		printf(" direct_lost %" PRIu64, r->direct_lost);
	if (!r->failed && !instant_is_never(r->registered))
		printf(" registered %" PRId64 " s", r->registered.us / 1000000);
	if (!r->failed && r->outages > 0)
		printf(" outages %" PRIu64 " median %" PRId64 " p95 %" PRId64 " max %" PRId64 " ms", r->outages,
		       r->outage_median.us / 1000, r->outage_p95.us / 1000, r->outage_max.us / 1000);
	if (!r->failed)
		putchar('\n');
	fflush(stdout);
}

/* One run leaves nothing behind that the next could notice. */
static bool runs_the_same(const struct scenario *s, uint64_t seed, uint64_t hash)
{
	struct sim_result r;

	sim_run(s, seed, NULL, &r);
	if (r.hash != hash)
		printf("seed %" PRIu64 ": FAILED: runs another way the second time\n", seed);
	return r.hash == hash;
}

static double seconds_used(const struct rusage *u)
{
	return (double)(u->ru_utime.tv_sec + u->ru_stime.tv_sec) +
	       (double)(u->ru_utime.tv_usec + u->ru_stime.tv_usec) / 1e6;
}

static void print_usage(const struct scenario *s, uint64_t events)
{
	struct rusage u;

	if (getrusage(RUSAGE_SELF, &u) != 0)
		return;
	printf("machine time %.3f s, %.0f events a second, memory %ld KB, %.1f KB a router\n", seconds_used(&u),
	       (double)events / (seconds_used(&u) + 1e-6), u.ru_maxrss, (double)u.ru_maxrss / (double)(s->hubs + s->spokes));
}

static int run_seeds(const struct scenario *s, const struct sim_options *o)
{
	uint64_t failed = 0, first_hash = 0, events = 0;

	for (uint64_t i = 0; i < o->seeds; i++) {
		struct sim_result r;

		sim_run(s, o->seed + i, o->trace ? stdout : NULL, &r);
		print_result(o->seed + i, &r);
		failed += r.failed;
		events += r.events;
		if (i == 0)
			first_hash = r.hash;
	}
	if (o->seeds > 1)
		failed += !runs_the_same(s, o->seed, first_hash);
	if (o->seeds > 1)
		printf("%" PRIu64 " seeds, %" PRIu64 " failed\n", o->seeds, failed);
	if (o->usage)
		print_usage(s, events);
	return failed > 0 ? 1 : 0;
}

int cmd_sim(int argc, char **argv)
{
	enum { SEED = 1, SEEDS, TRACE, USAGE, HELP };
	static const struct option options[] = {
		{ "seed", required_argument, NULL, SEED },
		{ "seeds", required_argument, NULL, SEEDS },
		{ "trace", no_argument, NULL, TRACE },
		{ "usage", no_argument, NULL, USAGE },
		{ "help", no_argument, NULL, HELP },
		{ NULL, 0, NULL, 0 },
	};
	struct sim_options o = { .seed = 1, .seeds = 1 };
	struct scenario s;
	bool ok = true;
	int option;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (option) {
		case SEED:
			ok &= read_count(optarg, &o.seed);
			break;
		case SEEDS:
			ok &= read_count(optarg, &o.seeds) && o.seeds > 0;
			break;
		case TRACE:
			o.trace = true;
			break;
		case USAGE:
			o.usage = true;
			break;
		case HELP:
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			ok = false;
		}
	}
	if (!ok || optind + 1 != argc) {
		fputs(usage, stderr);
		return 2;
	}
	return read_scenario(argv[optind], &s) ? run_seeds(&s, &o) : 2;
}
