/* Super-packets from a TAP, cut: every header field, every checksum, and virtio headers that lie. */
#include "super.h"

#include "forward/frame.h"
#include "wire/checksum.h"

static const uint8_t mac_11[6] = { 2, 0, 0, 0, 0, 0x11 };
static uint8_t payload[65536], inner[65536], copy[65536];

static uint32_t sequence_of(const uint8_t *packet, size_t header)
{
	return (uint32_t)get_u16(packet + header + 4) << 16 | get_u16(packet + header + 6);
}

/* Cuts a super-packet in a buffer of exactly its size and looks at all that travels. */
static void cut(const struct shape *s, size_t length, uint16_t mss)
{
	const size_t ip_header = s->v6 ? 40 : 20;
	struct offload o;
	const size_t whole = shape_make_super(s, inner, payload, length, mss, &o);
	const size_t header = whole - length, expected = length ? (length + mss - 1) / mss : 1;
	uint8_t *room = malloc(SEGMENT_HEADROOM + whole), *at = room + SEGMENT_HEADROOM;
	struct segmenter seg;
	struct segment p;
	struct ip_view ip;
	size_t octets = 0, count = 0;

	memcpy(at, inner, whole);
	ip = view_of(at, whole);
	assert_true(segment_begin(&seg, at, &ip, &o));
	assert_int_equal(segment_count(&seg), expected);
	assert_int_equal(segment_size(&seg), header + (length < mss ? length : mss));
	while (segment_next(&seg, &p)) {
		const struct ip_view got = view_of(p.packet, p.length); /* IPv4: its checksum is right */
		const bool is_last = octets + (p.length - header) == length;
		const uint8_t *transport = p.packet + ip_header;

		memset(p.packet - SEGMENT_HEADROOM, 0xee, SEGMENT_HEADROOM); /* as a GRE header would */
		assert_int_equal(got.total_len, p.length);
		assert_int_equal(p.length - header, is_last ? length - octets : mss);
		assert_int_equal(transport_sum(p.packet, p.length), 0);
		assert_memory_equal(p.packet + header, payload + octets, p.length - header);
		assert_int_equal(p.reused, is_last ? 0 : header + SEGMENT_HEADROOM);
		if (!s->v6)
			assert_int_equal(get_u16(p.packet + 4), (uint16_t)(s->id + count));
		if (s->udp) {
			assert_int_equal(get_u16(transport + 4), 8 + p.length - header);
		} else {
			assert_int_equal(sequence_of(p.packet, ip_header), (uint32_t)(s->sequence + octets));
			assert_int_equal(transport[13], s->tcp_flags & ~(is_last ? 0 : 0x09) & ~(count ? 0x80 : 0));
			assert_memory_equal(transport + 14, inner + ip_header + 14, 2);
			assert_memory_equal(transport + 20, inner + ip_header + 20, s->options);
		}
		octets += p.length - header;
		count++;
	}
	assert_int_equal(octets, length);
	assert_int_equal(count, expected);
	assert_false(segment_next(&seg, &p));
	free(room);
}

static void cuts_all_kinds(void **state)
{
	static const struct shape shapes[] = {
		{ .id = 0xfffe, .df = true, .sequence = 0xffffff00, .tcp_flags = 0x99, .options = 12, .port = 1, .window = 77 },
		{ .v6 = true, .sequence = 5, .tcp_flags = 0x10, .options = 40, .tos = 0xb9 },
		{ .udp = true, .id = 9, .port = 7 },
		{ .udp = true, .v6 = true, .tos = 3 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
		cut(&shapes[i], 65000, 1360);
		cut(&shapes[i], 2720, 1360); /* no rest */
		cut(&shapes[i], 2721, 1360); /* one octet */
		cut(&shapes[i], 1000, 1360); /* one packet */
		cut(&shapes[i], 0, 1360);
		cut(&shapes[i], 333, 1);     /* headers over several forerunners */
		cut(&shapes[i], 333, 17);
		cut(&shapes[i], 700, 61);
		cut(&shapes[i], 1, 65535);
	}
}

static void random_streams(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 300; seed++) {
		struct shape s;

		srand(seed);
		s = (struct shape){ .v6 = rand() & 1, .udp = rand() & 1, .df = rand() & 1, .tcp_flags = (uint8_t)(rand() & 0xfd),
				    .tos = (uint8_t)rand(), .id = (uint16_t)rand(), .sequence = (uint32_t)rand() * 3,
				    .options = 4 * (size_t)(rand() % 11), .port = (uint16_t)rand() };
		cut(&s, (size_t)(rand() % (rand() & 1 ? 65000 : 5000)), (uint16_t)(1 + rand() % (rand() & 1 ? 1500 : 90)));
	}
}

static void checksum_is_completed(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < 4; kind++) {
		const struct shape s = { .v6 = kind & 1, .udp = kind & 2, .tcp_flags = 0x10 };
		struct segmenter seg;
		struct segment p;
		struct offload o;
		const size_t whole = shape_make_super(&s, inner, payload, 1001, 0, &o);
		const struct ip_view ip = view_of(inner, whole);

		assert_true(segment_begin(&seg, inner, &ip, &o));
		assert_int_equal(segment_size(&seg), whole);
		assert_int_equal(segment_count(&seg), 1);
		assert_true(segment_next(&seg, &p));
		assert_ptr_equal(p.packet, inner);
		assert_int_equal(p.length, whole);
		assert_int_equal(p.reused, 0);
		assert_int_equal(transport_sum(inner, whole), 0);
		assert_false(segment_next(&seg, &p));
	}
}

/* A sum of 0 means "none" in UDP, so its twin is written. */
static void udp_checksum_is_never_zero(void **state)
{
	const struct shape s = { .udp = true };
	uint8_t two[2] = { 0, 0 };
	struct segmenter seg;
	struct offload o;
	struct ip_view ip;
	size_t whole = shape_make(&s, inner, two, 2);

	(void)state;
	/* The payload that makes the sum 0 is the checksum of the packet that has 0 there. */
	put_u16(two, get_u16(inner + 20 + 6));
	whole = shape_make_super(&s, inner, two, 2, 0, &o);
	ip = view_of(inner, whole);
	assert_true(segment_begin(&seg, inner, &ip, &o));
	assert_int_equal(get_u16(inner + 20 + 6), 0xffff);
	shape_make_super(&s, inner, two, 2, 100, &o);
	assert_true(segment_begin(&seg, inner, &ip, &o));
	assert_true(segment_next(&seg, &(struct segment){ 0 }));
	assert_int_equal(get_u16(inner + 20 + 6), 0xffff);
}

static void refused(const struct shape *s, size_t length, const struct offload *lie, void (*spoil)(uint8_t *))
{
	struct segmenter seg;
	struct offload o;
	const size_t whole = shape_make_super(s, inner, payload, length, 100, &o);
	struct ip_view ip;

	if (spoil)
		spoil(inner);
	assert_true(ip_decode(inner, whole, &ip) == IP_DROP_NONE);
	memcpy(copy, inner, whole);
	assert_false(segment_begin(&seg, inner, &ip, lie ? lie : &o));
	assert_memory_equal(inner, copy, whole);
}

static void spoil_offset_long(uint8_t *p) { p[20 + 12] = 0xf0; }
static void spoil_offset_short(uint8_t *p) { p[20 + 12] = 0x40; }
static void spoil_fragment(uint8_t *p)
{
	put_u16(p + 6, 0x2000);
	put_u16(p + 10, 0);
	put_u16(p + 10, checksum(p, 20));
}

static void lies(void **state)
{
	const struct shape tcp = { 0 }, udp = { .udp = true }, tcp6 = { .v6 = true };
	const struct offload tcp4_on_udp = { .kind = OFFLOAD_TCP4, .segment = 100 };
	const struct offload no_size = { .kind = OFFLOAD_TCP4 };
	const struct offload before = { .needs_checksum = true, .checksum_start = 3, .checksum_offset = 2 };
	const struct offload in_header = { .needs_checksum = true, .checksum_start = 14, .checksum_offset = 10 };
	const struct offload behind = { .needs_checksum = true, .checksum_start = 34, .checksum_offset = 0xfffe };
	const struct offload half = { .needs_checksum = true, .checksum_start = 34, .checksum_offset = 20 + 9 };

	(void)state;
	refused(&udp, 500, &tcp4_on_udp, NULL);
	refused(&tcp6, 500, &tcp4_on_udp, NULL);
	refused(&tcp, 500, &(struct offload){ .kind = OFFLOAD_TCP6, .segment = 9 }, NULL);
	refused(&tcp, 500, &(struct offload){ .kind = OFFLOAD_UDP, .segment = 9 }, NULL);
	refused(&tcp, 500, &no_size, NULL);
	refused(&tcp, 500, &before, NULL);
	refused(&tcp, 500, &in_header, NULL);
	refused(&tcp, 500, &behind, NULL);
	refused(&tcp, 10, &half, NULL);
	refused(&tcp, 10, NULL, spoil_offset_long);
	refused(&tcp, 500, NULL, spoil_offset_short);
	refused(&tcp, 500, NULL, spoil_fragment);
}

/* Transport headers that are cut short, in a buffer that ends where the packet ends. */
static void short_headers(void **state)
{
	static const enum offload_kind kinds[] = { OFFLOAD_TCP4, OFFLOAD_UDP };

	(void)state;
	for (size_t length = 0; length < 20; length++)
		for (size_t k = 0; k < 2; k++) {
			const struct offload o = { .kind = kinds[k], .segment = 10 };
			uint8_t *exact = malloc(20 + length);
			struct segmenter seg;
			struct ip_view ip;

			ipv4_make(exact, "10.0.0.1", "10.0.0.2", k ? 17 : 6, 0, false, payload, length);
			ip = view_of(exact, 20 + length);
			assert_int_equal(segment_begin(&seg, exact, &ip, &o), k == 1 && length >= 8);
			free(exact);
		}
}

/* The pseudo header's sum that the kernel left counts, not the addresses: with a routing header
 * the packet names another destination than the last one. */
static void kernels_pseudo_sum_counts(void **state)
{
	const struct shape s = { .v6 = true, .tcp_flags = 0x10 };
	struct segmenter seg;
	struct segment p;
	struct offload o;
	const size_t whole = shape_make_super(&s, inner, payload, 300, 100, &o);
	struct ip_view ip;
	uint8_t *sum = inner + 40 + 16;

	(void)state;
	put_u16(sum, (uint16_t)(get_u16(sum) + 1));
	inner[39]++; /* the destination's last octet */
	ip = view_of(inner, whole);
	assert_true(segment_begin(&seg, inner, &ip, &o));
	inner[39]--;
	while (segment_next(&seg, &p)) {
		p.packet[39]--;
		assert_int_equal(transport_sum(p.packet, p.length), 1);
	}
}

static void virtio_header(void **state)
{
	const struct offload kinds[] = {
		{ .needs_checksum = true, .kind = OFFLOAD_TCP4, .header_len = 1, .segment = 2, .checksum_start = 3, .checksum_offset = 4 },
		{ .kind = OFFLOAD_TCP6, .segment = 0xffff }, { .kind = OFFLOAD_UDP }, { .kind = OFFLOAD_NONE },
	};
	uint8_t header[OFFLOAD_HEADER] = { 0 };
	struct offload o;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		offload_encode(&kinds[i], header);
		assert_true(offload_decode(header, &o));
		assert_int_equal(o.kind, kinds[i].kind);
		assert_int_equal(o.needs_checksum, kinds[i].needs_checksum);
		assert_int_equal(o.header_len, kinds[i].header_len);
		assert_int_equal(o.segment, kinds[i].segment);
		assert_int_equal(o.checksum_start, kinds[i].checksum_start);
		assert_int_equal(o.checksum_offset, kinds[i].checksum_offset);
	}
	header[1] = 0x81; /* TCP over IPv4 with ECN */
	assert_true(offload_decode(header, &o));
	assert_int_equal(o.kind, OFFLOAD_TCP4);
	for (unsigned type = 0; type < 256; type++) {
		const unsigned plain = type & 0x7f;

		header[1] = (uint8_t)type;
		assert_int_equal(offload_decode(header, &o), plain == 0 || plain == 1 || plain == 4 || plain == 5);
	}
}

/* Through the worker: what travels is counted, and the segment's size meets the MTU. */
static void worker_sends_and_counts(void **state)
{
	static const uint8_t gre[8] = { 0x20, 0, 0x08, 0x00, 0, 0, 0, 100 };
	const struct shape s = { .tcp_flags = 0x18, .df = true };
	struct fixture *f = *state;
	const struct peer *peer = peer_find(&f->tables.peers, 0, 0x11);
	size_t whole = shape_make_super(&s, inner, payload, 5000, 1360, &f->offload);

	receive(f, "192.0.2.12", 0, gre, 8, inner, whole);
	transmit(f, 0, mac_11, ETHERTYPE_IPV4, inner, whole);
	assert_int_equal(f->packet_count, 4);
	assert_int_equal(peer->tx_packets, 4);
	assert_int_equal(peer->tx_bytes, 5000 + 4 * 40);
	assert_int_equal(tunnel(f, 0)->counters.tx_packets, 4);
	assert_int_equal(f->w->relays.pairs[0].packets, 4);
	assert_int_equal(f->w->relays.pairs[0].bytes, 5000 + 4 * 40);
	for (size_t i = 0; i < 4; i++) {
		const struct kept_packet *k = &f->packets[i];

		assert_memory_equal(k->bytes, gre, 8);
		assert_int_equal(k->length, 8 + 40 + (i < 3 ? 1360 : 5000 - 3 * 1360));
		assert_int_equal(transport_sum(k->bytes + 8, k->length - 8), 0);
	}
	assert_int_equal(dropped(f), 0);

	fixture_forget(f);
	whole = shape_make_super(&s, inner, payload, 5000, 1361, &f->offload);
	transmit(f, 0, mac_11, ETHERTYPE_IPV4, inner, whole);
	assert_int_equal(f->packet_count, 0);
	assert_int_equal(f->w->drops[FORWARD_DROP_TOO_BIG], 1);
	assert_int_equal(f->frame_count, 1);
	assert_int_equal(get_u16(f->frames[0].bytes + 14 + 26), 1400);

	f->offload.segment = 0;
	transmit(f, 0, mac_11, ETHERTYPE_IPV4, inner, whole);
	assert_int_equal(f->w->drops[FORWARD_DROP_FRAME_OFFLOAD], 1);
}

/* Every copy of a group's super-packet is whole. */
static void multicast_is_cut_and_copied(void **state)
{
	static const uint8_t group[6] = { 1, 0, 0x5e, 0, 0, 5 };
	const struct forward_peer peers[] = { { .peer = 0x11 }, { .peer = 0x12 } };
	const struct shape s = { .udp = true };
	struct fixture *f = *state;
	const size_t whole = shape_make_super(&s, inner, payload, 2500, 1000, &f->offload);

	for (size_t i = 0; i < 2; i++)
		assert_true(fwd_control_message(f->w, FORWARD_MULTICAST_SET, &peers[i], sizeof peers[i]));
	transmit(f, 0, group, ETHERTYPE_IPV4, inner, whole);
	assert_int_equal(f->packet_count, 6);
	assert_int_equal(tunnel(f, 0)->counters.multicast_copies, 6);
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(f->packets[i].p.peer, peers[i % 2].peer);
		assert_int_equal(transport_sum(f->packets[i].bytes + 8, f->packets[i].length - 8), 0);
	}
}

/* A SYN whose checksum is left to us: clamped, and right. */
static void clamp_meets_partial_checksum(void **state)
{
	struct fixture *f = *state;
	struct forward_tunnel conf = tunnel(f, 0)->conf;
	const struct shape s = { .tcp_flags = 0x02, .options = 4 };
	const size_t whole = shape_make_super(&s, inner, payload, 0, 0, &f->offload);

	conf.mss4 = 1360;
	assert_true(fwd_control_message(f->w, FORWARD_TUNNEL_SET, &conf, sizeof conf));
	memcpy(inner + 40, (const uint8_t[4]){ 2, 4, 0x05, 0xb4 }, 4);
	transmit(f, 0, mac_11, ETHERTYPE_IPV4, inner, whole);
	assert_int_equal(get_u16(f->packets[0].bytes + 8 + 42), 1360);
	assert_int_equal(transport_sum(f->packets[0].bytes + 8, whole), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(cuts_all_kinds), T(random_streams), T(checksum_is_completed), T(udp_checksum_is_never_zero), T(lies),
		T(short_headers), T(kernels_pseudo_sum_counts), T(virtio_header), T(worker_sends_and_counts),
		T(multicast_is_cut_and_copied), T(clamp_meets_partial_checksum),
	};

	for (size_t i = 0; i < sizeof payload; i++)
		payload[i] = (uint8_t)(i * 7 + i / 251);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
