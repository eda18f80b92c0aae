/*
 * protected: any bytes as ESP packets, as what is inside of them, as datagrams of UDP 4500 and as
 * messages of the control process and of charon, to a forwarder with protected tunnels. Records
 * of [kind, length of 2 octets, bytes] follow each other, so that state built by one meets the next.
 */
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/reader.h"
#include "esp/esp.h"
#include "forward/esp_rx.h"
#include "forward/esp_tx.h"
#include "forward/fwd_control.h"
#include "forward/gre_tx.h"
#include "forward/protect.h"
#include "forward_ways.h"
#include "xfrm_say.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SESSION = 1, SPI_UDP = 0x1000, SPI_TUNNEL = 0x2000, SPI_BARE = 0x3000, SPI_UNBOUND = 0x4000, ESP_RAW = 2 };

static struct worker *worker;
static const uint32_t spis[] = { SPI_UDP, SPI_TUNNEL, SPI_BARE, SPI_UNBOUND };
static const uint8_t next_headers[] = { 47, 4, 41, 59 };

/* Nothing may leave in clear. */
static void underlay_send(void *context, const struct underlay_packet *p)
{
	(void)context;
	if (p->tunnel && p->tunnel->conf.protection)
		abort();
}

static void say(const uint8_t *request, size_t length)
{
	static uint8_t reply[XFRM_REPLY_MAX];
	struct protection *p = worker->protection;
	size_t octets = xfrm_server_request(p->xfrm, protect_clock(p), request, length, reply);

	while (octets) {
		forward_touch(reply, octets);
		octets = xfrm_server_more(p->xfrm, protect_clock(p), reply);
	}
}

/* Both directions have the same key and SPI, so that what is sealed here can be opened here. */
static void pair_make(uint32_t spi, bool udp, bool tunnel, bool bound)
{
	const struct ipaddr here = ipaddr_v4(0xc0000201), there = ipaddr_v4(0xc0000202);
	const struct forward_sa_bind bind = { SESSION, spi, spi, 1 };
	const uint16_t port = udp ? 4500 : 0;
	struct xfrm_sa sa = { .from = there, .to = here, .from_port = port, .to_port = port, .spi = spi,
			      .suite = { ESP_AES_GCM, ESP_AUTH_NONE, 16, 16 }, .is_inbound = true, .is_tunnel = tunnel };
	uint8_t request[XFRM_SAY_MAX];

	memset(sa.keys.cipher, (int)(spi >> 8), sa.suite.key_octets);
	say(request, xfrm_say_new(&sa, 1, request));
	sa.from = here;
	sa.to = there;
	sa.is_inbound = false;
	say(request, xfrm_say_new(&sa, 2, request));
	if (bound && !fwd_control_message(worker, FORWARD_SA_BIND, &bind, sizeof bind))
		abort();
}

static void world_make(struct tables *t)
{
	const struct endpoint here = { .addr = ipaddr_v4(0xc0000201) }, there = { .addr = ipaddr_v4(0xc0000202) };
	const uint8_t mac[6] = { 6 };
	const struct forward_tunnel conf = { .raw_id = ESP_RAW, .local = here, .ip_mtu = 1400, .ipv6_mtu = 1400,
					     .mss4 = 1360, .mss6 = 1340, .set_df = 1, .protection = 1 };
	const struct forward_peer m = { .peer = 1, .nbma = there };
	const struct forward_session session = { SESSION, 1, here, there };

	raw_add(&t->tunnels, ESP_RAW, &here, IPPROTO_ESP, -1, -1);
	tap_add(&t->tunnels, 0, -1, mac);
	fwd_control_message(worker, FORWARD_TUNNEL_SET, &conf, sizeof conf);
	fwd_control_message(worker, FORWARD_PEER_SET, &m, sizeof m);
	fwd_control_message(worker, FORWARD_MULTICAST_SET, &m, sizeof m);
	fwd_control_message(worker, FORWARD_SESSION_SET, &session, sizeof session);
	pair_make(SPI_TUNNEL, true, true, true);
	pair_make(SPI_BARE, false, false, true);
	pair_make(SPI_UDP, true, false, true);
	pair_make(SPI_UNBOUND, true, false, false);
}

/* Seals the bytes as the peer would and takes them. */
static void sealed_run(uint8_t kind, const uint8_t *bytes, size_t length)
{
	static uint8_t plain[FRAME_MAX + ESP_TRAILER_ROOM], packet[FRAME_HEADROOM + FRAME_MAX + ESP_OVERHEAD_MAX];
	struct protection *p = worker->protection;
	const struct ipaddr there = ipaddr_v4(0xc0000202);
	struct esp_sa *sa = sa_table_outbound(p->table, spis[kind % 4], &there);
	struct esp_arrival a = { .from = there, .to = ipaddr_v4(0xc0000201), .from_port = (uint16_t)(4500 + kind / 64) };
	size_t octets;

	if (!sa || sa->phase == ESP_PHASE_LARVAL || length > FRAME_MAX - ESP_OVERHEAD_MAX)
		return;
	a.udp = sa->udp;
	if (length)
		memcpy(plain, bytes, length);
	octets = esp_sealed_octets(&sa->suite, length);
	if (esp_seal(sa, sa_table_key(p->table, sa), worker->now, next_headers[kind / 4 % 4], plain, length,
		     packet + FRAME_HEADROOM, octets) == ESP_OK)
		esp_rx_packet(worker, &a, packet + FRAME_HEADROOM, octets);
}

static void frame_run(struct tables *t, uint8_t *at, size_t length)
{
	struct offload o = { 0 };

	if (length >= VNET_HEADER && offload_decode(at, &o))
		gre_tx_frame(worker, tap_find(&t->tunnels, 0), at + VNET_HEADER, length - VNET_HEADER, &o);
}

static void record_run(struct tables *t, uint8_t kind, const uint8_t *bytes, size_t length)
{
	const struct esp_arrival a = { .from = ipaddr_v4(0xc0000202), .to = ipaddr_v4(0xc0000201), .from_port = 4500,
				       .tos = kind, .udp = true };
	uint8_t *room = malloc(FRAME_HEADROOM + length + FRAME_TAILROOM);
	uint8_t *at = room + FRAME_HEADROOM;

	if (!room)
		return;
	if (length)
		memcpy(at, bytes, length);
	worker->now = instant_add(worker->now, span_ms(kind));
	switch (kind % 8) {
	case 0: esp_rx_datagram(worker, &a, 1 + (kind >> 7), at, length); break;
	case 1: esp_rx_outer4(worker, at, length); break;
	case 2: fwd_control_message(worker, (uint16_t)(FORWARD_SESSION_SET + (kind >> 3) % 4), at, length); break;
	case 3: say(at, length); break;
	case 4: frame_run(t, at, length); break;
	default: sealed_run(kind >> 3, at, length); break;
	}
	protect_tick(worker);
	free(room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct forward_io io = forward_ways();
	const int fd = memfd_create("fuzz", MFD_CLOEXEC);
	char reason[SA_TABLE_REASON_MAX];
	struct tables tables;

	io.underlay_send = underlay_send;
	if (tables_init(&tables) || !(worker = worker_new(&tables, &io)))
		abort();
	worker->now = (struct instant){ 1000000 };
	if (protect_memory(worker->protection, fd, 1, reason))
		abort();
	close(fd);
	world_make(&tables);
	forward_records(&tables, data, size, record_run);
	worker_free(worker);
	tables_done(&tables);
	return 0;
}
