#include "traffic.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "esp/esp.h"
#include "forward/udp_io.h"
#include "wire/checksum.h"

enum {
	IP = 20, UDP = 8, GRE = 8, INNER_MAX = 1400, BAG_MAX = 64,
	PORT_FROM = 6000, PORT_TO = 7000, /* plus the size's number */
	BATCH = 64, BUFFER = 32 * 1024 * 1024,
	SILENCE_MS = 10, /* then what is on its way is lost */
	DRAIN_MS = 50, WARM_MS = 30, DOZE_NS = 20000,
};

const struct traffic_pattern traffic_imix = { { 64, 570, 1400 }, { 7, 4, 1 } };
const struct traffic_pattern traffic_full = { { 64, 570, 1400 }, { 0, 0, 12 } };

/* What is sealed of one size: GRE, the inner packet, room for a trailer. */
struct template {
	uint8_t bytes[GRE + INNER_MAX + ESP_TRAILER_ROOM];
	unsigned octets;   /* of the inner packet */
	size_t sealed;
	uint32_t ip_sum, udp_sum; /* without the addresses */
};

struct end {
	struct esp_sa sa;
	struct esp_key *key;
	struct ipaddr address, lan;
};

struct traffic {
	const struct hub *hub;
	struct esp_crypto *crypto;
	uint32_t first, flows;
	struct end *from, *to;             /* by flow, from the first on */
	struct udp_sender *sender;
	struct udp_receiver *receiver;
	struct udp_socket left, left_clear;
	struct udp_socket right, right_clear[TRAFFIC_SIZES];
	struct template templates[TRAFFIC_SIZES];
	uint64_t sent, received, octets, sampled, refused;
	uint32_t flow;                     /* the next one */
	unsigned bag[BAG_MAX], bag_size, bag_at;
};

int64_t bench_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static int rising(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double bench_median(const double *values, unsigned count)
{
	double sorted[BENCH_ROUNDS_MAX];

	memcpy(sorted, values, count * sizeof *values);
	qsort(sorted, count, sizeof *sorted, rising);
	return count % 2 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2;
}

static void must(bool held, const char *what)
{
	if (!held)
		bench_die("%s: %s", what, strerror(errno));
}

static void refused(void *context, const struct udp_path *path, size_t count, size_t length, int error, uint32_t mtu)
{
	struct traffic *t = context;

	(void)path, (void)length, (void)error, (void)mtu;
	t->refused += count;
}

static struct udp_socket socket_open(int ns, uint16_t port)
{
	const struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(port) };
	const int on = 1, size = BUFFER;
	struct udp_socket s = { .family = IP_V4 };

	net_enter(ns);
	s.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	must(s.fd >= 0 && bind(s.fd, (const struct sockaddr *)&any, sizeof any) == 0 &&
	     setsockopt(s.fd, IPPROTO_UDP, UDP_GRO, &on, sizeof on) == 0 &&
	     setsockopt(s.fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on) == 0 &&
	     setsockopt(s.fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) == 0 &&
	     setsockopt(s.fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) == 0, "a socket of the peers");
	return s;
}

static void put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static uint32_t sum16(const uint8_t *bytes, size_t octets)
{
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < octets; i += 2)
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	return sum;
}

static unsigned folded(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

static void template_make(struct template *m, unsigned number, unsigned octets, const struct esp_suite *suite)
{
	uint8_t *ip = m->bytes + GRE, *udp = ip + IP;

	*m = (struct template){ .octets = octets, .sealed = esp_sealed_octets(suite, GRE + octets) };
	put16(m->bytes, 0x2000);
	put16(m->bytes + 2, 0x0800);
	put16(m->bytes + 6, HUB_GRE_KEY);
	ip[0] = 0x45;
	put16(ip + 2, octets);
	ip[6] = 0x40;
	ip[8] = 64;
	ip[9] = IPPROTO_UDP;
	put16(udp, PORT_FROM);
	put16(udp + 2, PORT_TO + number);
	put16(udp + 4, octets - IP);
	for (unsigned i = 0; i < octets - IP - UDP; i++)
		udp[UDP + i] = (uint8_t)i;
	m->ip_sum = sum16(ip, IP);
	m->udp_sum = sum16(udp, octets - IP) + IPPROTO_UDP + octets - IP;
}

static void addressed(struct template *m, const struct end *from, const struct end *to)
{
	uint8_t *ip = m->bytes + GRE;
	uint32_t sum;
	unsigned check;

	memcpy(ip + 12, from->lan.bytes, 4);
	memcpy(ip + 16, to->lan.bytes, 4);
	sum = sum16(ip + 12, 8);
	put16(ip + 10, folded(m->ip_sum + sum));
	check = folded(m->udp_sum + sum);
	put16(ip + IP + 6, check ? check : 0xffff);
}

static struct end end_make(const struct traffic *t, uint32_t pair, bool to_hub)
{
	struct end e = { .address = hub_peer_address(pair), .lan = hub_lan_address(pair) };

	hub_peer_sa(t->hub, pair, to_hub, &e.sa);
	e.key = esp_key_new(t->crypto, &e.sa.suite, &e.sa.keys);
	must(e.key != NULL, "no memory");
	return e;
}

static void ends_make(struct traffic *t)
{
	t->from = calloc(t->flows, sizeof *t->from);
	t->to = calloc(t->flows, sizeof *t->to);
	must(t->from && t->to, "no memory");
	for (uint32_t i = 0; i < t->flows; i++) {
		t->from[i] = end_make(t, 2 * (t->first + i), true);
		t->to[i] = end_make(t, 2 * (t->first + i) + 1, false);
	}
}

struct traffic *traffic_new(const struct hub *h, uint32_t first, uint32_t flows)
{
	struct traffic *t = calloc(1, sizeof *t);

	must(t != NULL, "no memory");
	t->hub = h;
	t->first = first;
	t->flows = flows;
	t->crypto = esp_crypto_new(ESP_PROVIDER_BEST);
	t->sender = udp_sender_new(refused, t);
	t->receiver = udp_receiver_new();
	must(t->crypto && t->sender && t->receiver, "no memory");
	ends_make(t);
	t->left = socket_open(h->net->left, HUB_PORT);
	t->left_clear = socket_open(h->net->left, PORT_FROM);
	t->right = socket_open(h->net->right, HUB_PORT);
	for (unsigned i = 0; i < TRAFFIC_SIZES; i++) {
		t->right_clear[i] = socket_open(h->net->right, (uint16_t)(PORT_TO + i));
		template_make(&t->templates[i], i, traffic_imix.octets[i], &t->from[0].sa.suite);
	}
	return t;
}

void traffic_free(struct traffic *t)
{
	for (uint32_t i = 0; i < t->flows; i++) {
		esp_key_free(t->from[i].key);
		esp_key_free(t->to[i].key);
	}
	free(t->from);
	free(t->to);
	close(t->left.fd);
	close(t->left_clear.fd);
	close(t->right.fd);
	for (unsigned i = 0; i < TRAFFIC_SIZES; i++)
		close(t->right_clear[i].fd);
	udp_sender_free(t->sender);
	udp_receiver_free(t->receiver);
	esp_crypto_free(t->crypto);
	free(t);
}

/* ---- sending ---- */

static void bag_fill(struct traffic *t, const struct traffic_pattern *pattern)
{
	uint32_t random = 12345;

	t->bag_size = t->bag_at = 0;
	for (unsigned n = 0; n < BAG_MAX / 12; n++)
		for (unsigned i = 0; i < TRAFFIC_SIZES; i++)
			for (unsigned k = 0; k < pattern->shares[i]; k++)
				t->bag[t->bag_size++] = i;
	for (unsigned i = t->bag_size - 1; i > 0; i--) {
		unsigned other, kept = t->bag[i];

		random = random * 1664525 + 1013904223;
		other = (random >> 8) % (i + 1);
		t->bag[i] = t->bag[other];
		t->bag[other] = kept;
	}
}

static void send_sealed(struct traffic *t, struct end *from, struct template *m)
{
	const struct udp_path path = { .local = from->address, .remote = t->hub->address, .remote_port = HUB_PORT, .df = true };
	uint8_t *room = udp_send_room(t->sender, &t->left, &path, m->sealed);

	if (esp_seal(&from->sa, from->key, INSTANT_ZERO, IPPROTO_GRE, m->bytes, GRE + m->octets, room, m->sealed) != ESP_OK)
		bench_die("cannot seal");
}

static void send_clear(struct traffic *t, const struct end *from, const struct end *to, unsigned size)
{
	const struct template *m = &t->templates[size];
	const struct udp_path path = { .local = from->lan, .remote = to->lan, .remote_port = (uint16_t)(PORT_TO + size),
				       .df = true };
	const size_t length = m->octets - IP - UDP;

	memcpy(udp_send_room(t->sender, &t->left_clear, &path, length), m->bytes + GRE + IP + UDP, length);
}

static void send_batch(struct traffic *t, uint32_t flows, bool is_plain)
{
	for (unsigned i = 0; i < BATCH; i++) {
		struct end *from = &t->from[t->flow], *to = &t->to[t->flow];
		const unsigned size = t->bag[t->bag_at];

		t->bag_at = (t->bag_at + 1) % t->bag_size;
		t->flow = (t->flow + 1) % flows;
		if (is_plain) {
			send_clear(t, from, to, size);
			continue;
		}
		addressed(&t->templates[size], from, to);
		send_sealed(t, from, &t->templates[size]);
	}
	udp_send_flush(t->sender);
	t->sent += BATCH;
}

/* ---- receiving ---- */

static void sample_open(struct traffic *t, uint8_t *packet, size_t length)
{
	const uint32_t flow = hub_pair_of(esp_packet_spi(packet, length)) / 2 - t->first;
	struct esp_plain plain;

	if (flow >= t->flows ||
	    esp_open(&t->to[flow].sa, t->to[flow].key, INSTANT_ZERO, packet, length, &plain) != ESP_OK)
		bench_die("a packet that does not authenticate");
	if (plain.length < GRE + IP || memcmp(plain.bytes + GRE + 16, t->to[flow].lan.bytes, 4) != 0)
		bench_die("a packet for somebody else");
	t->sampled++;
}

static void sealed_take(struct traffic *t, uint8_t *packet, size_t length)
{
	t->received++;
	for (unsigned i = 0; i < TRAFFIC_SIZES; i++)
		if (t->templates[i].sealed == length)
			t->octets += t->templates[i].octets;
	if (t->received % TRAFFIC_SAMPLE == 0)
		sample_open(t, packet, length);
}

static bool receive(struct traffic *t, const struct udp_socket *socket, bool is_plain)
{
	const struct udp_arrival *arrivals;
	const size_t count = udp_receive(t->receiver, socket, &arrivals);

	for (size_t i = 0; i < count; i++) {
		const struct udp_arrival *a = &arrivals[i];

		for (size_t at = 0; at < a->length; at += a->segment) {
			const size_t left = a->length - at, length = left < a->segment ? left : a->segment;

			if (is_plain)
				t->received++, t->octets += length + IP + UDP;
			else
				sealed_take(t, a->bytes + at, length);
		}
	}
	return count;
}

static bool receive_all(struct traffic *t, bool is_plain)
{
	bool any = false;

	if (!is_plain)
		return receive(t, &t->right, false);
	for (unsigned i = 0; i < TRAFFIC_SIZES; i++)
		any |= receive(t, &t->right_clear[i], true);
	return any;
}

/* Asleep, but not on the sockets: waking somebody up for each packet would be at the forwarder's cost. */
static void doze(void)
{
	const struct timespec moment = { 0, DOZE_NS };

	nanosleep(&moment, NULL);
}

/* false: nothing came for so long. */
static bool receive_within(struct traffic *t, bool is_plain, unsigned ms)
{
	const int64_t end = bench_now_ns() + (int64_t)ms * 1000000;

	while (!receive_all(t, is_plain)) {
		if (bench_now_ns() > end)
			return false;
		doze();
	}
	return true;
}

static void run_for(struct traffic *t, uint32_t flows, bool is_plain, unsigned ms)
{
	const int64_t end = bench_now_ns() + (int64_t)ms * 1000000;
	uint64_t lost = 0;

	t->sent = t->received = t->octets = 0;
	while (bench_now_ns() < end) {
		const bool is_full = t->sent - t->received - lost > TRAFFIC_WINDOW - BATCH;

		if (!is_full)
			send_batch(t, flows, is_plain);
		if (!is_full)
			receive_all(t, is_plain);
		else if (!receive_within(t, is_plain, SILENCE_MS))
			lost = t->sent - t->received;
	}
}

static void drain(struct traffic *t, bool is_plain)
{
	while (t->received < t->sent && receive_within(t, is_plain, DRAIN_MS))
		;
}

struct processor {
	double busy, steal, all; /* ticks */
};

static struct processor processor_read(void)
{
	double v[8] = { 0 };
	struct processor p = { 0 };
	FILE *f = fopen("/proc/stat", "r");

	if (!f || fscanf(f, "cpu %lf %lf %lf %lf %lf %lf %lf %lf", &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6], &v[7]) != 8)
		bench_die("no /proc/stat");
	fclose(f);
	for (unsigned i = 0; i < 8; i++)
		p.all += v[i];
	p.steal = v[7];
	p.busy = p.all - v[3] - v[4] - v[7];
	return p;
}

struct traffic_figures traffic_run(struct traffic *t, const struct traffic_pattern *pattern, uint32_t flows,
				   bool is_plain, unsigned ms)
{
	struct traffic_figures f;
	struct processor before, after;
	uint64_t cpu;
	int64_t begin;

	bag_fill(t, pattern);
	t->flow = 0;
	run_for(t, flows, is_plain, WARM_MS);
	drain(t, is_plain);
	before = processor_read();
	cpu = hub_cpu_ns(t->hub);
	begin = bench_now_ns();
	run_for(t, flows, is_plain, ms);
	f.seconds = (double)(bench_now_ns() - begin) / 1e9;
	f.received = t->received ? t->received : 1;
	f.octets = t->octets;
	f.cpu_ns = (double)(hub_cpu_ns(t->hub) - cpu) / (double)f.received;
	after = processor_read();
	f.busy_ns = (after.busy - before.busy) * 1e9 / (double)sysconf(_SC_CLK_TCK) / (double)f.received;
	f.steal = 100 * (after.steal - before.steal) / (after.all - before.all + 1e-9);
	drain(t, is_plain);
	f.loss = 100 * (double)(t->sent - t->received) / (double)t->sent;
	return f;
}

void traffic_probe(struct traffic *t)
{
	addressed(&t->templates[0], &t->from[0], &t->to[0]);
	send_sealed(t, &t->from[0], &t->templates[0]);
	udp_send_flush(t->sender);
}

bool traffic_arrived(struct traffic *t, unsigned ms)
{
	return receive_within(t, false, ms);
}
