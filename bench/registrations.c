/*
 * registrations: how many Registration Requests per second one engine answers, first time
 * and refreshed, and what a registered spoke costs in memory. No kernel and no sockets:
 * the figure is the engine's and the codec's alone. Spokes answer the probe that a hub sends
 * to whom it does not know yet, and come in an order that has nothing to do with their addresses,
 * another one each time.
 *
 * usage: registrations [SPOKES]; prints one JSON object per figure.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/prng.h"
#include "engine/engine.h"
#include "engine/snapshot.h"
#include "wire/nhrp.h"

static const char hub_text[] =
	"hostname hub\n"
	"interface Tunnel0\n"
	" ip address 10.0.0.1 255.0.0.0\n"
	" ip nhrp network-id 1\n"
	" ip nhrp holdtime 600\n"
	" ip nhrp map multicast dynamic\n"
	" ip nhrp max-send 65535 every 10\n"
	" tunnel source 192.0.2.1\n"
	" tunnel mode gre multipoint\n";

/* The engine's clock: spokes come at 5,000 a second, below the max-send budget. */
static struct instant arrival(void)
{
	static struct instant now = { 1 };

	now.us += 200;
	return now;
}

/* Of the processor: what else the machine does is no matter. */
static int64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static size_t request(uint32_t spoke, uint32_t id, uint8_t *out, size_t size)
{
	static struct nhrp_message m;

	memset(&m, 0, sizeof m);
	m.type = NHRP_REGISTRATION_REQUEST;
	m.hop_count = NHRP_HOP_COUNT;
	m.nbma_family = IP_V4;
	m.proto_family = IP_V4;
	m.flags = NHRP_FLAG_REG_UNIQUE | NHRP_FLAG_NAT;
	m.request_id = id;
	m.src_nbma = ipaddr_v4(0xac100000u + spoke);
	m.src_proto = ipaddr_v4(0x0a010000u + spoke);
	m.dst_proto = ipaddr_v4(0x0a000001u);
	m.cie_count = 1;
	m.cies[0].prefix_len = 32;
	m.cies[0].mtu_bytes = 17916;
	m.cies[0].holding_s = 600;
	m.has_extensions = true;
	nhrp_extension_add(&m, NHRP_EXT_RESPONDER);
	nhrp_extension_add(&m, NHRP_EXT_FORWARD_TRANSIT);
	nhrp_extension_add(&m, NHRP_EXT_REVERSE_TRANSIT);
	nhrp_extension_add(&m, NHRP_EXT_NAT);
	return nhrp_encode(&m, out, size);
}

static void answer_probe(struct engine *e, const struct effect *x)
{
	struct event ev = { .type = EVENT_PROBED, .tunnel = x->tunnel };

	ev.probed.nbma = x->probe.nbma;
	ev.probed.sequence = x->probe.sequence;
	ev.probed.rtt = span_us(100);
	engine_handle(e, arrival(), &ev);
}

/* How many of the effects are messages. Probes are answered when all others are out. */
static size_t drain(struct engine *e)
{
	struct effect x, probe;
	bool asked;
	size_t sent = 0;

	do {
		for (asked = false; engine_next_effect(e, &x);) {
			sent += x.type == EFFECT_SEND;
			if (x.type == EFFECT_PROBE) {
				probe = x;
				asked = true;
			}
		}
		if (asked)
			answer_probe(e, &probe);
	} while (asked);
	return sent;
}

static void shuffle(uint32_t *order, uint32_t count, struct prng *random)
{
	for (uint32_t i = count; i > 1; i--) {
		const uint32_t at = (uint32_t)prng_below(random, i), last = order[i - 1];

		order[i - 1] = order[at];
		order[at] = last;
	}
}

/* Every spoke registers once; returns the replies that came out, and the time it took. */
static size_t round_of(struct engine *e, const uint32_t *order, uint32_t spokes, uint32_t id, int64_t *took_us)
{
	const int64_t begin = now_us();
	size_t replies = 0;

	for (uint32_t n = 0; n < spokes; n++) {
		const uint32_t i = order[n];
		uint8_t bytes[NHRP_MESSAGE_MAX];
		struct event ev = { .type = EVENT_PACKET, .tunnel = 0 };

		ev.packet.from.addr = ipaddr_v4(0xac100000u + i);
		ev.packet.bytes = bytes;
		ev.packet.length = request(i, id, bytes, sizeof bytes);
		engine_handle(e, arrival(), &ev);
		replies += drain(e);
	}
	*took_us = now_us() - begin;
	return replies;
}

static void report(const char *name, double value, const char *unit)
{
	printf("{\"bench\":\"%s\",\"value\":%.1f,\"unit\":\"%s\",\"peer\":null,\"ratio\":null}\n", name, value, unit);
}

int main(int argc, char **argv)
{
	const uint32_t spokes = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 10000;
	const struct engine_options options = { .seed = 1, .peer_id_first = 1, .request_id_first = 1,
						.bindings_max = (size_t)spokes + 16 };
	char error[200];
	struct config *c = config_read_text("hub", hub_text, strlen(hub_text), error, sizeof error);
	struct event up = { .type = EVENT_TUNNEL, .tunnel = 0 };
	struct engine *e;
	size_t before, replies;
	struct prng random;
	uint32_t *order;
	int64_t took;

	if (!c || spokes == 0 || spokes > 1000000) {
		fprintf(stderr, "registrations: %s\n", c ? "SPOKES must be 1 to 1000000" : error);
		return 2;
	}
	order = alloc_zero(spokes, sizeof *order);
	for (uint32_t i = 0; i < spokes; i++)
		order[i] = i + 1;
	prng_init(&random, 1);
	shuffle(order, spokes, &random);
	before = mallinfo2().uordblks + mallinfo2().hblkhd;
	e = engine_new(c, &options, arrival());
	up.tunnel_state.up = true;
	up.tunnel_state.local.addr = ipaddr_v4(0xc0000201u);
	engine_handle(e, arrival(), &up);
	drain(e);
	replies = round_of(e, order, spokes, 1, &took);
	report("registrations_first", 1e6 * spokes / (double)took, "1/s");
	report("registration_memory", (double)(mallinfo2().uordblks + mallinfo2().hblkhd - before) / spokes, "byte/spoke");
	if (replies != spokes) {
		fprintf(stderr, "registrations: %zu replies to %u requests\n", replies, spokes);
		return 1;
	}
	shuffle(order, spokes, &random);
	replies = round_of(e, order, spokes, 2, &took);
	report("registrations_refresh", 1e6 * spokes / (double)took, "1/s");
	free(order);
	engine_free(e);
	config_free(c);
	return replies == spokes ? 0 : 1;
}
