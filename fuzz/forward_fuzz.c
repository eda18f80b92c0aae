/*
 * forward: any bytes as a frame of the TAP (its virtio header first), a packet of the underlay or a message of the
 * control process. The first octet chooses; records of [octet, length of 2 octets, bytes]
 * follow each other, so that state built by one meets the next.
 */
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/reader.h"
#include "esp/suite.h"
#include "forward/fwd_control.h"
#include "forward/gre_rx.h"
#include "forward/gre_tx.h"
#include "forward/mtu.h"
#include "forward_ways.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct worker *worker;

static void underlay_send(void *context, const struct underlay_packet *p)
{
	(void)context;
	forward_touch(p->bytes, p->length);
	if (p->df && p->length % 3 == 0)
		mtu_learn(worker, p, (uint32_t)p->length - 1);
}

static void tunnels_make(struct tables *t)
{
	const struct endpoint local = { .addr = ipaddr_v4(0xc0000201) };
	const struct endpoint peer = { .addr = ipaddr_v4(0xc0000202) };
	const uint8_t mac[6] = { 6 };
	struct forward_tunnel conf = { .raw_id = 1, .local = local, .ip_mtu = 1400, .ipv6_mtu = 1400,
				       .mss4 = 1360, .mss6 = 1340, .set_df = 1 };
	struct forward_peer m = { .peer = 1, .nbma = peer };
	struct forward_relays relays = { .count = 1, .peers = { 1 } };

	raw_add(&t->tunnels, 1, &local, IPPROTO_GRE, -1, -1);
	tap_add(&t->tunnels, 0, -1, mac);
	tap_add(&t->tunnels, 1, -1, mac);
	fwd_control_message(worker, FORWARD_TUNNEL_SET, &conf, sizeof conf);
	fwd_control_message(worker, FORWARD_PEER_SET, &m, sizeof m);
	fwd_control_message(worker, FORWARD_MULTICAST_SET, &m, sizeof m);
	fwd_control_message(worker, FORWARD_RELAYS, &relays, sizeof relays);
	conf.tunnel = 1;
	conf.remote = peer.addr;
	conf.has_key = 1;
	fwd_control_message(worker, FORWARD_TUNNEL_SET, &conf, sizeof conf);
}

/* The virtio header first, as a TAP has it. */
static void frame_run(struct tap *tap, uint8_t *at, size_t length)
{
	struct offload o = { 0 };

	if (length < VNET_HEADER || !offload_decode(at, &o))
		return;
	gre_tx_frame(worker, tap, at + VNET_HEADER, length - VNET_HEADER, &o);
}

static void record_run(struct tables *t, uint8_t kind, const uint8_t *bytes, size_t length)
{
	const struct raw *raw = raw_find(&t->tunnels, 1);
	const struct ipaddr from = ipaddr_v4(0xc0000202);
	uint8_t *room = malloc(FRAME_HEADROOM + length); /* ends where the bytes end */
	uint8_t *at = room + FRAME_HEADROOM;

	if (!room)
		return;
	if (length)
		memcpy(at, bytes, length);
	worker->now = instant_add(worker->now, span_ms(kind >> 3));
	switch (kind % 5) {
	case 0: frame_run(tap_find(&t->tunnels, kind >> 7), at, length); break;
	case 1: gre_rx_outer4(worker, raw, at, length); break;
	case 2: gre_rx_packet(worker, raw, &from, kind >> 3, at, length); break;
	case 3: fwd_control_message(worker, length ? at[0] % 16 : 0, at, length); break;
	default: fwd_control_message(worker, (uint16_t)(kind >> 3), at, length); break;
	}
	free(room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct forward_io io = forward_ways();
	struct tables tables;

	io.underlay_send = underlay_send;
	if (tables_init(&tables))
		abort();
	worker = worker_new(&tables, &io);
	if (!worker)
		abort();
	tunnels_make(&tables);
	forward_records(&tables, data, size, record_run);
	worker_free(worker);
	tables_done(&tables);
	return 0;
}
