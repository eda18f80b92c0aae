#include "fixture.h"

#include "forward/frame.h"
#include "wire/checksum.h"

const uint8_t own_mac[6] = { 0x06, 1, 2, 3, 4, 5 };

static void keep_packet(void *context, const struct underlay_packet *p)
{
	struct fixture *f = context;
	struct kept_packet *k = &f->packets[f->packet_count < KEPT_MAX ? f->packet_count : KEPT_MAX - 1];

	f->packet_count++;
	k->p = *p;
	k->length = p->length;
	memcpy(k->bytes, p->bytes, p->length);
}

static void keep_frame(void *context, struct tunnel *t, uint8_t *frame, size_t length)
{
	struct fixture *f = context;
	struct kept_frame *k = &f->frames[f->frame_count < KEPT_MAX ? f->frame_count : KEPT_MAX - 1];

	memset(frame - VNET_HEADER, 0, VNET_HEADER); /* as the real one does: the room must be there */
	f->frame_count++;
	k->tunnel = t->conf.tunnel;
	k->length = length;
	memcpy(k->bytes, frame, length);
}

static void keep_tap_packet(void *context, struct tunnel *t, uint8_t *frame, const struct ip_view *ip)
{
	keep_frame(context, t, frame, ETHERNET_HEADER + ip->total_len);
}

static bool keep_message(void *context, uint16_t type, const void *payload, size_t length)
{
	struct fixture *f = context;
	struct kept_message *k = &f->messages[f->message_count < KEPT_MAX ? f->message_count : KEPT_MAX - 1];

	if (f->no_control)
		return false;
	f->message_count++;
	k->type = type;
	k->length = length;
	if (length)
		memcpy(k->bytes, payload, length);
	return true;
}

static uint8_t *keep_esp(void *context, const struct esp_path *path, size_t length)
{
	struct fixture *f = context;
	struct kept_esp *k = &f->esps[f->esp_count < KEPT_MAX ? f->esp_count : KEPT_MAX - 1];

	if (f->no_way_out)
		return NULL;
	f->esp_count++;
	k->path = *path;
	k->length = length;
	return k->bytes;
}

static void undo_esp(void *context)
{
	struct fixture *f = context;

	f->esp_count--;
}

static bool keep_ike(void *context, const struct ipaddr *to, const uint8_t *packet, size_t length)
{
	struct fixture *f = context;

	if (f->no_charon)
		return false;
	f->ike_count++;
	f->ike_to = *to;
	f->ike_length = length;
	memcpy(f->ike, packet, length < sizeof f->ike ? length : sizeof f->ike);
	return true;
}

static void count_flush(void *context)
{
	((struct fixture *)context)->flush_count++;
}

struct ipaddr addr(const char *text)
{
	struct ipaddr a;

	assert_true(ipaddr_parse(text, &a));
	return a;
}

struct endpoint nbma(const char *text)
{
	return (struct endpoint){ .addr = addr(text) };
}

struct tunnel *tunnel(struct fixture *f, uint32_t number)
{
	return tunnel_find(&f->tables.tunnels, number);
}

void peer_add(struct fixture *f, uint32_t number, uint64_t id, const char *nbma_text)
{
	const struct forward_peer m = { .tunnel = number, .peer = id, .nbma = nbma(nbma_text) };

	assert_true(fwd_control_message(f->w, FORWARD_PEER_SET, &m, sizeof m));
}

void relays_are(struct fixture *f, uint32_t number, size_t count, const uint64_t *ids)
{
	struct forward_relays m = { .tunnel = number, .count = (uint32_t)count };

	if (count)
		memcpy(m.peers, ids, count * sizeof *ids);
	assert_true(fwd_control_message(f->w, FORWARD_RELAYS, &m, sizeof m));
}

static void tunnels_add(struct fixture *f)
{
	struct forward_tunnel multipoint = {
		.tunnel = 0, .raw_id = RAW_ID, .local = nbma("192.0.2.1"), .has_key = 1, .key = 100,
		.ttl = 255, .ip_mtu = 1400, .ipv6_mtu = 1400, .addr_count = 2, .prefix_lens = { 24, 64 },
		.addrs = { addr("10.0.0.1"), addr("fd00::1") },
	};
	struct forward_tunnel p2p = {
		.tunnel = 1, .raw_id = RAW_ID, .local = nbma("192.0.2.1"), .remote = addr("198.51.100.9"),
		.remote_peer = 0x21, .ttl = 64, .ip_mtu = 1400, .ipv6_mtu = 1400, .addr_count = 1,
		.addrs = { addr("10.1.0.1") },
	};

	memcpy(multipoint.mac, own_mac, 6);
	memcpy(p2p.mac, own_mac, 6);
	assert_true(fwd_control_message(f->w, FORWARD_TUNNEL_SET, &multipoint, sizeof multipoint));
	assert_true(fwd_control_message(f->w, FORWARD_TUNNEL_SET, &p2p, sizeof p2p));
}

int fixture_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	const struct endpoint local = nbma("192.0.2.1");
	const struct forward_io io = { .context = f, .underlay_send = keep_packet, .esp_room = keep_esp, .esp_undo = undo_esp,
				       .ike_hand = keep_ike, .flush = count_flush, .tap_write = keep_frame,
				       .tap_packet = keep_tap_packet, .control_send = keep_message };

	if (!f || tables_init(&f->tables) || !(f->w = worker_new(&f->tables, &io)))
		return -1;
	f->w->now = (struct instant){ 1000000000 };
	/* One descriptor before its tunnel, one after: both ways must join. */
	assert_non_null(tap_add(&f->tables.tunnels, 0, -1, own_mac));
	tunnels_add(f);
	assert_non_null(raw_add(&f->tables.tunnels, RAW_ID, &local, IPPROTO_GRE, -1, -1));
	assert_non_null(tap_add(&f->tables.tunnels, 1, -1, own_mac));
	peer_add(f, 0, 0x11, "192.0.2.11");
	peer_add(f, 0, 0x12, "192.0.2.12");
	*state = f;
	return 0;
}

int fixture_teardown(void **state)
{
	struct fixture *f = *state;

	tables_done(&f->tables);
	worker_free(f->w);
	free(f);
	return 0;
}

void fixture_forget(struct fixture *f)
{
	f->packet_count = f->frame_count = f->message_count = f->esp_count = f->ike_count = 0;
}

uint64_t dropped(const struct fixture *f)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < FORWARD_DROP_COUNT; i++)
		sum += f->w->drops[i];
	return sum;
}

size_t ipv4_make(uint8_t *out, const char *src, const char *dst, uint8_t protocol, uint8_t tos, bool df,
		 const void *payload, size_t length)
{
	const struct ipaddr s = addr(src), d = addr(dst);

	memset(out, 0, 20);
	out[0] = 0x45;
	out[1] = tos;
	put_u16(out + 2, (uint16_t)(20 + length));
	out[6] = df ? 0x40 : 0;
	out[8] = 63;
	out[9] = protocol;
	memcpy(out + 12, s.bytes, 4);
	memcpy(out + 16, d.bytes, 4);
	put_u16(out + 10, checksum(out, 20));
	if (length)
		memmove(out + 20, payload, length);
	return 20 + length;
}

size_t ipv6_make(uint8_t *out, const char *src, const char *dst, uint8_t next, uint8_t traffic_class,
		 const void *payload, size_t length)
{
	const struct ipaddr s = addr(src), d = addr(dst);

	memset(out, 0, 40);
	out[0] = (uint8_t)(0x60 | traffic_class >> 4);
	out[1] = (uint8_t)(traffic_class << 4);
	put_u16(out + 4, (uint16_t)length);
	out[6] = next;
	out[7] = 255;
	memcpy(out + 8, s.bytes, 16);
	memcpy(out + 24, d.bytes, 16);
	if (length)
		memmove(out + 40, payload, length);
	return 40 + length;
}

uint16_t transport_sum(const uint8_t *packet, size_t length)
{
	static uint8_t whole[40 + FRAME_MAX];
	const bool v6 = packet[0] >> 4 == 6;
	const size_t header = v6 ? 40 : 20, pseudo = v6 ? 40 : 12;

	memset(whole, 0, pseudo);
	memcpy(whole, packet + (v6 ? 8 : 12), v6 ? 32 : 8);
	if (v6) {
		put_u16(whole + 34, (uint16_t)(length - header));
		whole[39] = packet[6];
	} else {
		whole[9] = packet[9];
		put_u16(whole + 10, (uint16_t)(length - header));
	}
	memcpy(whole + pseudo, packet + header, length - header);
	return checksum(whole, pseudo + length - header);
}

void transmit(struct fixture *f, uint32_t number, const uint8_t to[6], uint16_t ethertype,
	      const uint8_t *inner, size_t length)
{
	uint8_t *frame = f->room + FRAME_HEADROOM;

	memcpy(frame, to, 6);
	memcpy(frame + 6, own_mac, 6);
	put_u16(frame + 12, ethertype);
	memmove(frame + 14, inner, length);
	gre_tx_frame(f->w, tap_find(&f->tables.tunnels, number), frame, 14 + length, &f->offload);
}

void receive(struct fixture *f, const char *from, uint8_t tos, const uint8_t *gre, size_t gre_length,
	     const uint8_t *inner, size_t length)
{
	static uint8_t payload[FRAME_MAX];
	uint8_t *packet = f->room + FRAME_HEADROOM;

	memcpy(payload, gre, gre_length);
	if (length)
		memcpy(payload + gre_length, inner, length);
	length = ipv4_make(packet, from, "192.0.2.1", 47, tos, false, payload, gre_length + length);
	gre_rx_outer4(f->w, raw_find(&f->tables.tunnels, RAW_ID), packet, length);
}

size_t probe_answer_of(const struct fixture *f, uint8_t *inner)
{
	const struct kept_packet *p = &f->packets[f->packet_count - 1];
	const size_t length = p->length - 8;
	uint8_t swap[4];

	memcpy(inner, p->bytes + 8, length);
	memcpy(swap, inner + 12, 4);
	memcpy(inner + 12, inner + 16, 4);
	memcpy(inner + 16, swap, 4);
	inner[20] = 0;
	return length;
}
