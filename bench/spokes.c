/*
 * spokes: plays N spokes that register at one hub by NHRP over clear GRE, and counts answers.
 *
 * All spokes live behind one device: each has an NBMA and an overlay address of its own, counted
 * up from the first. Requests leave by a raw socket with an IP header of ours, replies are
 * seen by a packet socket, so none of these addresses need exist here; the hub needs a route
 * to them. A registration counts when its reply has come with the right request id, address
 * and code; a request that is not answered in time is sent again as it was. They answer echo requests through
 * the tunnel, as every spoke does, and come in an order that has nothing to do with their addresses, another one for each --id.
 *
 * usage: spokes --hub NBMA --server OVERLAY --device NAME [--spokes N] [--count N] [--window N]
 *               [--rate PER_SECOND] [--nbma FIRST] [--overlay FIRST] [--key N] [--id FIRST]
 *               [--holding SECONDS] [--retry MS] [--limit SECONDS]
 *
 * COUNT registrations (default: each spoke once) go round the spokes. One JSON object at the
 * end; exit code 1 when one was refused, or LIMIT seconds passed without an answer.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/prng.h"
#include "wire/echo.h"
#include "wire/gre.h"
#include "wire/ip.h"
#include "wire/nhrp.h"

enum { BATCH = 64, PACKET_MAX = 256, SLOTS_MAX = 1 << 16, LOOK_US = 10000, SOCKET_OCTETS = 32 << 20 };

struct options {
	uint32_t hub, server, nbma, overlay, key, id;
	bool has_key;
	uint32_t spokes, count, window, rate;
	uint16_t holding_s;
	int64_t retry_us, limit_us;
	const char *device;
};

/* One registration under way. */
struct slot {
	bool waits;
	uint32_t number; /* of the registration */
	int64_t sent_us;
};

struct generator {
	struct options o;
	int raw_fd, packet_fd;
	struct sockaddr_in to;
	struct slot *slots; /* registration n in n % window */
	uint32_t *order;    /* of the spokes */
	uint32_t next;      /* to be sent first time */
	uint32_t done, repeated, refused, strange, echoes;
	int64_t began_us, last_us; /* last: some answer came */
	struct nhrp_message request, reply;
	size_t filled;
	uint8_t bytes[BATCH][PACKET_MAX];
	struct iovec iov[BATCH];
	struct mmsghdr messages[BATCH];
};

static int64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "spokes: %s\n", what);
	exit(2);
}

/* ---- out */

static void put_in_order(struct generator *g)
{
	struct prng random;

	prng_init(&random, g->o.id);
	for (uint32_t i = 0; i < g->o.spokes; i++) {
		const uint32_t at = (uint32_t)prng_below(&random, i + 1);

		g->order[i] = g->order[at];
		g->order[at] = i;
	}
}

static uint32_t spoke_of(const struct generator *g, uint32_t number)
{
	return g->order[number % g->o.spokes];
}

static void request_prepare(struct generator *g)
{
	struct nhrp_message *m = &g->request;

	m->type = NHRP_REGISTRATION_REQUEST;
	m->hop_count = NHRP_HOP_COUNT;
	m->nbma_family = m->proto_family = IP_V4;
	m->flags = NHRP_FLAG_REG_UNIQUE | NHRP_FLAG_NAT;
	m->dst_proto = ipaddr_v4(g->o.server);
	m->cie_count = 1;
	m->cies[0].prefix_len = 32;
	m->cies[0].mtu_bytes = 1400;
	m->cies[0].holding_s = g->o.holding_s;
	m->has_extensions = true;
	nhrp_extension_add(m, NHRP_EXT_RESPONDER);
	nhrp_extension_add(m, NHRP_EXT_FORWARD_TRANSIT);
	nhrp_extension_add(m, NHRP_EXT_REVERSE_TRANSIT);
	nhrp_extension_add(m, NHRP_EXT_NAT);
}

static size_t request_write(struct generator *g, uint32_t number, uint8_t *out)
{
	const uint32_t spoke = spoke_of(g, number);
	struct ip_head head = { .from = ipaddr_v4(g->o.nbma + spoke), .to = ipaddr_v4(g->o.hub),
				.protocol = IP_PROTO_GRE, .ttl = 255, .tos = 0xc0 };
	uint8_t gre[8 + PACKET_MAX];
	size_t length = gre_encode(GRE_PROTO_NHRP, g->o.has_key, g->o.key, gre), at;

	g->request.request_id = g->o.id + number;
	g->request.src_nbma = head.from;
	g->request.src_proto = ipaddr_v4(g->o.overlay + spoke);
	length += nhrp_encode(&g->request, gre + length, PACKET_MAX - 64);
	at = ip_encode(&head, length, out);
	memcpy(out + at, gre, length);
	return at + length;
}

static void flush(struct generator *g)
{
	for (size_t i = 0; i < g->filled;) {
		const int sent = sendmmsg(g->raw_fd, &g->messages[i], (unsigned)(g->filled - i), 0);

		if (sent > 0)
			i += (size_t)sent;
		else if (errno == ENOBUFS || errno == EAGAIN)
			poll(NULL, 0, 1);
		else if (errno != EINTR)
			die(strerror(errno));
	}
	g->filled = 0;
}

/* What lies in g->bytes[g->filled]. */
static void queue(struct generator *g, size_t length)
{
	struct msghdr *h = &g->messages[g->filled].msg_hdr;

	g->iov[g->filled] = (struct iovec){ g->bytes[g->filled], length };
	*h = (struct msghdr){ .msg_name = &g->to, .msg_namelen = sizeof g->to, .msg_iov = &g->iov[g->filled], .msg_iovlen = 1 };
	if (++g->filled == BATCH)
		flush(g);
}

static void send_one(struct generator *g, struct slot *s, int64_t now)
{
	s->sent_us = now;
	queue(g, request_write(g, s->number, g->bytes[g->filled]));
}

/* As many new ones as the window and the rate allow. */
static void send_new(struct generator *g, int64_t now)
{
	const struct options *o = &g->o;
	const uint32_t due = o->rate ? (uint32_t)((now - g->began_us) * o->rate / 1000000) : o->count;

	while (g->next < o->count && g->next < due && !g->slots[g->next % o->window].waits) {
		struct slot *s = &g->slots[g->next % o->window];

		*s = (struct slot){ .waits = true, .number = g->next++ };
		send_one(g, s, now);
	}
	flush(g);
}

static void send_late(struct generator *g, int64_t now)
{
	for (uint32_t i = 0; i < g->o.window; i++) {
		struct slot *s = &g->slots[i];

		if (!s->waits || now - s->sent_us < g->o.retry_us)
			continue;
		g->repeated++;
		send_one(g, s, now);
	}
	flush(g);
}

/* ---- in */

static void reply_take(struct generator *g, int64_t now)
{
	const struct nhrp_message *m = &g->reply;
	const uint32_t number = m->request_id - g->o.id;
	struct slot *s = &g->slots[number % g->o.window];
	const struct ipaddr overlay = ipaddr_v4(g->o.overlay + spoke_of(g, number));

	if (m->type != NHRP_REGISTRATION_REPLY || number >= g->o.count || !ipaddr_eq(&m->src_proto, &overlay)) {
		g->strange++;
		return;
	}
	if (!s->waits || s->number != number)
		return; /* a second answer, to a request that was sent twice */
	s->waits = false;
	g->last_us = now;
	if (m->cie_count > 0 && m->cies[0].code != NHRP_CODE_SUCCESS)
		g->refused++;
	else
		g->done++;
}

/* An echo request: back it goes, in an outer header the other way round and the same GRE header. */
static void echo_take(struct generator *g, const struct ip_view *outer, const uint8_t *gre, size_t gre_len, size_t length)
{
	struct ip_head head = { .from = outer->dst, .to = outer->src, .protocol = IP_PROTO_GRE, .ttl = 255 };
	uint8_t *out = g->bytes[g->filled];
	struct ip_view inner;
	size_t at;

	if (length > PACKET_MAX - IP4_HEADER_MIN || ip_decode(gre + gre_len, length - gre_len, &inner) != IP_DROP_NONE)
		return;
	at = ip_encode(&head, length, out);
	memcpy(out + at, gre, length);
	if (!echo_turn(out + at + gre_len, &inner))
		return;
	g->echoes++;
	queue(g, at + length);
}

static void packet_take(struct generator *g, const uint8_t *bytes, size_t length, int64_t now)
{
	struct ip_view ip;
	struct gre_header gre;

	if (ip_decode(bytes, length, &ip) != IP_DROP_NONE || ip.protocol != IP_PROTO_GRE)
		return;
	bytes += ip.header_len;
	length = ip.total_len - ip.header_len;
	if (gre_decode(bytes, length, &gre) != GRE_DROP_NONE)
		return;
	if (gre.protocol == GRE_PROTO_IPV4)
		echo_take(g, &ip, bytes, gre.header_len, length);
	if (gre.protocol != GRE_PROTO_NHRP)
		return;
	if (nhrp_decode(bytes + gre.header_len, length - gre.header_len, &g->reply, NULL) == NHRP_DROP_NONE)
		reply_take(g, now);
	else
		g->strange++;
}

static void receive(struct generator *g)
{
	static uint8_t bytes[BATCH][2048];
	struct iovec iov[BATCH];
	struct mmsghdr messages[BATCH];
	const int64_t now = now_us();
	int got;

	do {
		for (size_t i = 0; i < BATCH; i++) {
			iov[i] = (struct iovec){ bytes[i], sizeof bytes[i] };
			messages[i].msg_hdr = (struct msghdr){ .msg_iov = &iov[i], .msg_iovlen = 1 };
		}
		got = recvmmsg(g->packet_fd, messages, BATCH, MSG_DONTWAIT, NULL);
		for (int i = 0; i < got; i++)
			packet_take(g, bytes[i], messages[i].msg_len, now);
	} while (got == BATCH);
}

static void run(struct generator *g)
{
	const uint32_t all = g->o.count;
	int64_t looked = 0;

	g->began_us = g->last_us = now_us();
	while (g->done + g->refused < all && now_us() - g->last_us < g->o.limit_us) {
		struct pollfd p = { .fd = g->packet_fd, .events = POLLIN };
		const int64_t now = now_us();

		send_new(g, now);
		if (now - looked > LOOK_US) {
			send_late(g, now);
			looked = now;
		}
		poll(&p, 1, g->o.rate ? 1 : LOOK_US / 1000);
		receive(g);
	}
	flush(g);
}

/* ---- start and end */

static uint32_t address(const char *text)
{
	struct in_addr a;

	if (inet_pton(AF_INET, text, &a) != 1)
		die("not an IPv4 address");
	return ntohl(a.s_addr);
}

static void sockets_open(struct generator *g)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP) };
	int octets = SOCKET_OCTETS;

	g->to = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(g->o.hub) };
	g->raw_fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	g->packet_fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	at.sll_ifindex = (int)if_nametoindex(g->o.device);
	if (g->raw_fd < 0 || g->packet_fd < 0)
		die(strerror(errno));
	/* Small buffers only mean that requests are repeated, which is counted. */
	(void)setsockopt(g->raw_fd, SOL_SOCKET, SO_SNDBUFFORCE, &octets, sizeof octets);
	(void)setsockopt(g->packet_fd, SOL_SOCKET, SO_RCVBUFFORCE, &octets, sizeof octets);
	if (at.sll_ifindex == 0 || bind(g->packet_fd, (const struct sockaddr *)&at, sizeof at) < 0)
		die("no such device");
}

static void set(struct options *o, int c, const char *v)
{
	switch (c) {
	case 'h': o->hub = address(v); break;
	case 's': o->server = address(v); break;
	case 'd': o->device = v; break;
	case 'n': o->spokes = (uint32_t)atoi(v); break;
	case 'c': o->count = (uint32_t)atoi(v); break;
	case 'w': o->window = (uint32_t)atoi(v); break;
	case 'r': o->rate = (uint32_t)atoi(v); break;
	case 'a': o->nbma = address(v); break;
	case 'o': o->overlay = address(v); break;
	case 'k': o->key = (uint32_t)strtoul(v, NULL, 10); o->has_key = true; break;
	case 'i': o->id = (uint32_t)strtoul(v, NULL, 10); break;
	case 'H': o->holding_s = (uint16_t)atoi(v); break;
	case 't': o->retry_us = atoll(v) * 1000; break;
	case 'l': o->limit_us = atoll(v) * 1000000; break;
	default: exit(2);
	}
}

static void options_read(struct options *o, int argc, char **argv)
{
	static const struct option known[] = {
		{ "hub", 1, NULL, 'h' }, { "server", 1, NULL, 's' }, { "device", 1, NULL, 'd' }, { "spokes", 1, NULL, 'n' },
		{ "count", 1, NULL, 'c' }, { "window", 1, NULL, 'w' }, { "rate", 1, NULL, 'r' }, { "nbma", 1, NULL, 'a' },
		{ "overlay", 1, NULL, 'o' }, { "key", 1, NULL, 'k' }, { "id", 1, NULL, 'i' }, { "holding", 1, NULL, 'H' },
		{ "retry", 1, NULL, 't' }, { "limit", 1, NULL, 'l' }, { 0 }
	};
	int c;

	*o = (struct options){ .nbma = 0xac100001u, .overlay = 0x0a010001u, .id = 1, .spokes = 1000, .window = 512,
			       .holding_s = 600, .retry_us = 3000000, .limit_us = 60000000 };
	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1)
		set(o, c, optarg);
	if (o->count == 0)
		o->count = o->spokes;
	if (!o->hub || !o->server || !o->device || !o->spokes || !o->window || o->window > SLOTS_MAX)
		die("--hub, --server and --device are needed; see the head of bench/spokes.c");
	/* Each spoke has one request under way at most. */
	if (o->window > o->spokes)
		o->window = o->spokes;
}

static int report(const struct generator *g)
{
	const double seconds = (double)(g->last_us - g->began_us) / 1e6;
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	printf("{\"spokes\":%u,\"asked\":%u,\"registered\":%u,\"refused\":%u,\"repeated\":%u,\"strange\":%u,\"echoes\":%u,\"seconds\":%.6f,"
	       "\"per_s\":%.1f,\"cpu_s\":%.3f}\n", g->o.spokes, g->o.count, g->done, g->refused, g->repeated, g->strange,
	       g->echoes, seconds, seconds > 0 ? g->done / seconds : 0,
	       (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
	return g->done == g->o.count ? 0 : 1;
}

int main(int argc, char **argv)
{
	static struct generator g;

	options_read(&g.o, argc, argv);
	g.slots = calloc(g.o.window, sizeof *g.slots);
	g.order = calloc(g.o.spokes, sizeof *g.order);
	if (!g.slots || !g.order)
		die("out of memory");
	put_in_order(&g);
	request_prepare(&g);
	sockets_open(&g);
	run(&g);
	free(g.slots);
	free(g.order);
	return report(&g);
}
