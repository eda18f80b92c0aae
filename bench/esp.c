/*
 * esp: nanoseconds to seal and to open one packet, by suite, size and provider, and what
 * 10,000 pairs of SAs cost in time and memory. One thread; packets of 64 in a row, as the forwarder
 * has them, so that they are in the cache.
 *
 * usage: esp [PAIRS]; prints one JSON object per figure.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "esp/esp.h"
#include "esp/sa_table.h"

enum { BATCH = 64, ROOM = 1600, ROUNDS = 5, ROUND_NS = 60000000 };

static const struct esp_suite suites[] = {
	{ ESP_AES_GCM, ESP_AUTH_NONE, 16, 16 },
	{ ESP_AES_GCM, ESP_AUTH_NONE, 32, 16 },
	{ ESP_AES_CBC, ESP_HMAC_SHA1, 16, 12 },
	{ ESP_AES_CBC, ESP_HMAC_SHA256, 32, 16 },
	{ ESP_3DES_CBC, ESP_HMAC_MD5, 24, 12 },
};

static uint8_t plain[ROOM + ESP_TRAILER_ROOM], packets[BATCH][ROOM];

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static struct esp_sa sa_make(const struct esp_suite *suite, bool inbound, uint32_t spi)
{
	struct esp_sa sa = { .spi = spi, .inbound = inbound, .phase = ESP_PHASE_LIVE, .suite = *suite,
			     .soft = ESP_LIFE_NEVER, .hard = ESP_LIFE_NEVER, .replay = { .window = 64 } };

	memcpy(sa.keys.cipher, &spi, sizeof spi);
	return sa;
}

static void must(enum esp_drop drop)
{
	if (drop != ESP_OK)
		abort();
}

/* Both ends of one SA; the time that each took, in ns per packet. */
static void round_run(struct esp_sa *out, struct esp_sa *in, struct esp_key *k, size_t length, double ns[2])
{
	const size_t sealed = esp_sealed_octets(&out->suite, length);
	int64_t spent[2] = { 0, 0 }, count = 0;
	struct esp_plain got;

	while (spent[0] + spent[1] < ROUND_NS) {
		const int64_t begin = now_ns();
		int64_t middle;

		for (size_t i = 0; i < BATCH; i++)
			must(esp_seal(out, k, INSTANT_ZERO, 47, plain, length, packets[i], ROOM));
		middle = now_ns();
		for (size_t i = 0; i < BATCH; i++)
			must(esp_open(in, k, INSTANT_ZERO, packets[i], sealed, &got));
		spent[0] += middle - begin;
		spent[1] += now_ns() - middle;
		count += BATCH;
	}
	ns[0] = (double)spent[0] / (double)count;
	ns[1] = (double)spent[1] / (double)count;
}

/* The best of some rounds: other work on the machine only ever adds. */
static void suite_run(struct esp_crypto *c, const struct esp_suite *suite, size_t length)
{
	struct esp_sa out = sa_make(suite, false, 0xc0000001), in = sa_make(suite, true, 0xc0000001);
	struct esp_key *k = esp_key_new(c, suite, &out.keys);
	double ns[2], best[2] = { 1e9, 1e9 };
	char name[ESP_SUITE_NAME_MAX];

	if (!k)
		abort();
	out.esn = in.esn = 1;
	for (int i = 0; i < ROUNDS; i++) {
		round_run(&out, &in, k, length, ns);
		for (int j = 0; j < 2; j++)
			best[j] = ns[j] < best[j] ? ns[j] : best[j];
	}
	for (int j = 0; j < 2; j++)
		printf("{\"bench\":\"esp_%s\",\"value\":%.0f,\"unit\":\"ns\",\"suite\":\"%s\",\"octets\":%zu,"
		       "\"provider\":\"%s\"}\n", j ? "open" : "seal", best[j],
		       esp_suite_name(suite, name), length, esp_crypto_name(c));
	esp_key_free(k);
}

static void provider_run(enum esp_provider provider)
{
	struct esp_crypto *c = esp_crypto_new(provider);

	if (!c)
		return;
	for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++) {
		/* Only GCM differs between providers. */
		if (provider == ESP_PROVIDER_IPSEC_MB && suites[i].cipher != ESP_AES_GCM)
			continue;
		suite_run(c, &suites[i], 64);
		suite_run(c, &suites[i], 1412);
	}
	esp_crypto_free(c);
}

static size_t resident_octets(void)
{
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (!f || fscanf(f, "%*u %lu", &pages) != 1)
		pages = 0;
	if (f)
		fclose(f);
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static void pairs_add(struct sa_table *t, uint32_t pairs)
{
	for (uint32_t i = 0; i < 2 * pairs; i++) {
		struct esp_sa *sa = sa_table_take(t);

		if (!sa)
			abort();
		*sa = sa_make(&suites[0], i % 2, 0xc0000000u + i * 7919);
		if (sa_table_publish(t, sa))
			abort();
	}
}

static void pairs_run(uint32_t pairs)
{
	const struct sa_table_layout layout = { .capacity = 2 * pairs };
	struct esp_crypto *c = esp_crypto_new(ESP_PROVIDER_BEST);
	const int fd = memfd_create("sa", MFD_CLOEXEC);
	char reason[SA_TABLE_REASON_MAX];
	struct sa_table *t;
	size_t before;
	int64_t begin, end;

	if (!c || fd < 0)
		abort();
	before = resident_octets();
	if (sa_table_open(&t, fd, &layout, c, reason))
		abort();
	begin = now_ns();
	pairs_add(t, pairs);
	end = now_ns();
	printf("{\"bench\":\"sa_pairs_installed\",\"value\":%.0f,\"unit\":\"1/s\",\"pairs\":%u}\n",
	       pairs * 1e9 / (double)(end - begin), pairs);
	printf("{\"bench\":\"sa_pair_memory\",\"value\":%.0f,\"unit\":\"bytes\",\"pairs\":%u}\n",
	       (double)(resident_octets() - before) / pairs, pairs);
	sa_table_close(t);
	begin = now_ns();
	if (sa_table_open(&t, fd, &layout, c, reason) || sa_table_count(t) != 2 * pairs)
		abort();
	printf("{\"bench\":\"sa_pairs_adopted\",\"value\":%.1f,\"unit\":\"ms\",\"pairs\":%u}\n",
	       (double)(now_ns() - begin) / 1e6, pairs);
	sa_table_close(t);
	close(fd);
	esp_crypto_free(c);
}

int main(int argc, char **argv)
{
	const long pairs = argc > 1 ? strtol(argv[1], NULL, 10) : 10000;

	if (pairs < 1 || pairs > 1000000) {
		fprintf(stderr, "usage: %s [PAIRS]\n", argv[0]);
		return 2;
	}
	pairs_run((uint32_t)pairs);
	provider_run(ESP_PROVIDER_IPSEC_MB);
	provider_run(ESP_PROVIDER_OPENSSL);
	return 0;
}
