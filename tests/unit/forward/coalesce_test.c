/* Packets merged for a TAP. What is written is cut again by segment.h: that must give what came in. */
#include "super.h"

#include "forward/coalesce.h"
#include "forward/frame.h"
#include "wire/checksum.h"

enum { PACKETS = 4 * COALESCE_FLOWS, ROOM = 2048, FLOWS = 5 };

struct written {
	void *link;
	size_t packets, length;
	struct offload o;
	uint8_t bytes[14 + 65536]; /* the frame */
};

struct bench {
	struct coalesce *c;
	size_t count;
	struct written writes[PACKETS];
	size_t given;
	struct ip_view views[PACKETS];
	size_t lengths[PACKETS];               /* of the packets given */
	uint8_t originals[PACKETS][ROOM];
	uint8_t buffers[PACKETS][14 + ROOM];   /* given away */
};

static uint8_t payload[65536];
static int link_a, link_b;

static void keep(void *context, void *link, const struct iovec *pieces, size_t count, size_t packets)
{
	struct bench *b = context;
	struct written *w = &b->writes[b->count++];

	assert_true(b->count <= PACKETS);
	assert_int_equal(pieces[0].iov_len, OFFLOAD_HEADER);
	assert_true(offload_decode(pieces[0].iov_base, &w->o));
	w->link = link;
	w->packets = packets;
	w->length = 0;
	for (size_t i = 1; i < count; i++) {
		memcpy(w->bytes + w->length, pieces[i].iov_base, pieces[i].iov_len);
		w->length += pieces[i].iov_len;
	}
}

static int setup(void **state)
{
	struct bench *b = calloc(1, sizeof *b);

	b->c = coalesce_new(keep, b);
	assert_non_null(b->c);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	coalesce_free(((struct bench *)*state)->c);
	free(*state);
	return 0;
}

/* One packet on a link; kept to be compared. */
static void give_bytes(struct bench *b, void *link, uint8_t mac, const uint8_t *packet, size_t length)
{
	const size_t i = b->given++;
	uint8_t *frame = b->buffers[i];

	assert_true(i < PACKETS && length <= ROOM);
	memset(frame, 0, 14);
	frame[0] = mac;
	put_u16(frame + 12, packet[0] >> 4 == 4 ? 0x0800 : 0x86dd);
	memcpy(frame + 14, packet, length);
	memcpy(b->originals[i], packet, length);
	b->lengths[i] = length;
	b->views[i] = view_of(frame + 14, length);
	coalesce_packet(b->c, link, true, frame, &b->views[i]);
}

static void give(struct bench *b, const struct shape *s, size_t length)
{
	static uint8_t packet[ROOM];

	give_bytes(b, &link_a, 6, packet, shape_make(s, packet, payload, length));
}

static void done(struct bench *b)
{
	coalesce_flush(b->c);
}

/* What went out is exactly the packets given, each by itself. */
static void nothing_merged(struct bench *b)
{
	done(b);
	assert_int_equal(b->count, b->given);
	for (size_t i = 0; i < b->count; i++) {
		assert_int_equal(b->writes[i].packets, 1);
		assert_int_equal(b->writes[i].o.kind, OFFLOAD_NONE);
		assert_false(b->writes[i].o.needs_checksum);
		assert_int_equal(b->writes[i].length, 14 + b->lengths[i]);
		assert_memory_equal(b->writes[i].bytes + 14, b->originals[i], b->lengths[i]);
	}
}

static const struct shape plain = { .tcp_flags = 0x10, .df = true, .options = 12, .window = 500, .sequence = 1000, .id = 7 };

static void tcp_segments_merge(void **state)
{
	for (unsigned v6 = 0; v6 < 2; v6++) {
		struct bench *b = *state;
		struct shape s = plain;
		const size_t header = v6 ? 40 + 32 : 20 + 32;
		const struct written *w = &b->writes[0];

		b->given = b->count = 0;
		s.v6 = v6;
		for (unsigned i = 0; i < 10; i++, s.sequence += 1300, s.id++) {
			s.tcp_flags = i == 4 ? 0x18 : 0x10; /* PSH in the middle */
			give(b, &s, i < 9 ? 1300 : 500);
		}
		assert_int_equal(b->count, 0);
		done(b);
		assert_int_equal(b->count, 1);
		assert_int_equal(w->packets, 10);
		assert_int_equal(w->length, 14 + header + 9 * 1300 + 500);
		assert_int_equal(w->o.kind, v6 ? OFFLOAD_TCP6 : OFFLOAD_TCP4);
		assert_int_equal(w->o.segment, 1300);
		assert_int_equal(w->o.header_len, 14 + header);
		assert_int_equal(w->o.checksum_start, 14 + header - 32);
		assert_int_equal(w->o.checksum_offset, 16);
		assert_int_equal(w->bytes[14 + header - 32 + 13], 0x18);
		for (unsigned i = 0; i < 10; i++)
			assert_memory_equal(w->bytes + 14 + header + 1300 * i, payload, i < 9 ? 1300 : 500);
	}
}

/* Each change, applied to the second of two packets that would merge, keeps them apart. */
static void what_differs_stays_apart(void **state)
{
	struct bench *b = *state;

	for (unsigned change = 0; change < 17; change++) {
		static uint8_t packet[ROOM];
		struct shape s = plain;
		uint8_t mac = 6;
		void *link = &link_a;
		size_t length = 1000, whole;

		b->given = b->count = 0;
		s.df = change != 12;
		give(b, &s, 1000);
		s.sequence += 1000;
		s.id++;
		switch (change) {
		case 0: s.sequence++; break;
		case 1: s.acknowledgement++; break;
		case 2: s.window++; break;
		case 3: s.tos = 1; break;
		case 4: s.tcp_flags |= 0x40; break;  /* ECE */
		case 5: s.options = 8; break;
		case 6: length = 1001; break;
		case 7: s.tcp_flags |= 0x01; break;  /* FIN */
		case 8: s.tcp_flags |= 0x80; break;  /* CWR */
		case 9: s.tcp_flags |= 0x20; break;  /* URG */
		case 10: s.df = false; break;
		case 11: mac = 8; break;
		case 12: s.id++; break;              /* without DF */
		case 13: link = &link_b; break;
		case 14: s.port++; break;
		case 15: s.host++; break;
		default: length = 0; break;          /* a pure ACK */
		}
		whole = shape_make(&s, packet, payload, length);
		give_bytes(b, link, mac, packet, whole);
		nothing_merged(b);
	}
}

static void header_octets_count(void **state)
{
	/* Octets of the IPv4 packet that make a difference beyond the above: TTL, an option of TCP. */
	static const size_t at[] = { 8, 20 + 25 };
	struct bench *b = *state;
	static uint8_t packet[ROOM];

	for (size_t i = 0; i < 2; i++) {
		struct shape s = plain;
		size_t whole;

		b->given = b->count = 0;
		give(b, &s, 1000);
		s.sequence += 1000;
		whole = shape_make(&s, packet, payload, 1000);
		packet[at[i]]++;
		put_u16(packet + 10, 0);
		put_u16(packet + 10, checksum(packet, 20));
		put_u16(packet + 36, 0);
		put_u16(packet + 36, transport_sum(packet, whole));
		give_bytes(b, &link_a, 6, packet, whole);
		nothing_merged(b);
	}
}

/* Damaged packets are never hidden in a merge, whichever of the two it is. */
static void wrong_checksums_stay_visible(void **state)
{
	struct bench *b = *state;
	static uint8_t packet[ROOM];

	for (unsigned which = 0; which < 3; which++) {
		struct shape s = plain;

		b->given = b->count = 0;
		for (unsigned i = 0; i < 3; i++, s.sequence += 1000, s.id++) {
			const size_t whole = shape_make(&s, packet, payload, 1000);

			packet[200] ^= which == i;
			give_bytes(b, &link_a, 6, packet, whole);
		}
		done(b);
		assert_int_equal(b->count, which == 1 ? 3 : 2);
		for (unsigned i = 0; i < 3; i++)
			if (which == i)
				assert_memory_equal(b->writes[i == 0 ? 0 : b->count - 1 - (i == 1)].bytes + 14, b->originals[i],
						    b->lengths[i]);
	}
}

static void udp_merges_where_the_kernel_takes_it(void **state)
{
	struct bench *b = *state;
	struct shape s = { .udp = true, .id = 5 };
	static uint8_t packet[ROOM];
	struct ip_view ip;
	size_t whole;

	for (unsigned i = 0; i < 5; i++, s.id++)
		give(b, &s, i < 4 ? 200 : 60);
	give(b, &s, 60); /* behind a shorter one: anew */
	done(b);
	assert_int_equal(b->count, 2);
	assert_int_equal(b->writes[0].o.kind, OFFLOAD_UDP);
	assert_int_equal(b->writes[0].o.segment, 200);
	assert_int_equal(b->writes[0].o.checksum_offset, 6);
	assert_int_equal(get_u16(b->writes[0].bytes + 14 + 24), 8 + 860);
	assert_int_equal(b->writes[1].packets, 1);

	b->given = b->count = 0;
	for (unsigned i = 0; i < 2; i++, s.id++) { /* no checksum: none is made up */
		whole = shape_make(&s, packet, payload, 100);
		put_u16(packet + 26, 0);
		give_bytes(b, &link_a, 6, packet, whole);
	}
	nothing_merged(b);
	b->given = b->count = 0;
	for (unsigned i = 0; i < 2; i++, s.id++) {
		whole = shape_make(&s, b->buffers[i] + 14, payload, 100);
		ip = view_of(b->buffers[i] + 14, whole);
		coalesce_packet(b->c, &link_a, false, b->buffers[i], &ip);
	}
	assert_int_equal(b->count, 2);
}

/* A packet that is not merged never overtakes what is held of its flow. */
static void order_is_kept(void **state)
{
	struct bench *b = *state;
	struct shape s = plain, other = plain;
	static uint8_t packet[ROOM];

	other.port++;
	give(b, &other, 1000);
	give(b, &s, 1000);
	s.sequence += 1000;
	give(b, &s, 0); /* the flow's pure ACK */
	assert_int_equal(b->count, 2);
	assert_memory_equal(b->writes[0].bytes + 14, b->originals[1], b->lengths[1]);
	assert_memory_equal(b->writes[1].bytes + 14, b->originals[2], b->lengths[2]);
	/* A fragment may be of any flow between the two. */
	give(b, &s, 1000);
	ipv4_make(packet, "172.16.1.1", "172.16.9.1", 6, 0, false, payload, 100);
	put_u16(packet + 6, 0x2001);
	put_u16(packet + 10, 0);
	put_u16(packet + 10, checksum(packet, 20));
	give_bytes(b, &link_a, 6, packet, 120);
	assert_int_equal(b->count, 5);
	assert_int_equal(b->writes[4].length, 14 + 120);
}

static void more_flows_than_places(void **state)
{
	struct bench *b = *state;
	struct shape s = plain;

	for (unsigned round = 0; round < 2; round++)
		for (unsigned i = 0; i < 2 * COALESCE_FLOWS; i++) {
			s.port = (uint16_t)i;
			s.sequence = 1000 * round;
			give(b, &s, 1000);
		}
	done(b);
	assert_int_equal(b->count, 4 * COALESCE_FLOWS);
	b->given = b->count = 0;
	for (unsigned round = 0; round < 3; round++)
		for (unsigned i = 0; i < COALESCE_FLOWS; i++) {
			s.port = (uint16_t)i;
			s.sequence = 1000 * round;
			give(b, &s, 1000);
		}
	done(b);
	assert_int_equal(b->count, COALESCE_FLOWS);
}

/* No super-packet is longer than a length field, or has more pieces than a write takes. */
static void bounds(void **state)
{
	struct bench *b = *state;
	struct shape s = plain;

	for (unsigned i = 0; i < 60; i++, s.sequence += 1400)
		give(b, &s, 1400);
	done(b);
	assert_int_equal(b->count, 2);
	assert_int_equal(b->writes[0].length, 14 + 52 + 46 * 1400);
	b->given = b->count = 0;
	for (unsigned i = 0; i < 200; i++, s.sequence++)
		give(b, &s, 1);
	done(b);
	assert_int_equal(b->count, 2);
	assert_int_equal(b->writes[0].packets, COALESCE_PIECES - 1);
}

/* What may change from the packet that came to the one that a later cut gives: ids under DF, and
 * where in a merge PSH stands. */
static void normalise(uint8_t *packet, size_t length)
{
	const struct ip_view ip = view_of(packet, length);

	if (ip.version == 4 && ip.dont_fragment) {
		put_u16(packet + 4, 0);
		put_u16(packet + 10, 0);
	}
	if (ip.protocol == 6) {
		put_u16(packet + ip.header_len + 16, transport_sum(packet, length) ? 1 : 0); /* right or wrong */
		packet[ip.header_len + 13] &= (uint8_t)~0x08;
	}
}

static bool same_flow(const uint8_t *a, const uint8_t *b)
{
	const bool v6 = a[0] >> 4 == 6;
	const size_t address = v6 ? 8 : 12, octets = v6 ? 32 : 8, header = v6 ? 40 : 20;

	return a[0] == b[0] && memcmp(a + address, b + address, octets) == 0 && memcmp(a + header, b + header, 4) == 0;
}

/* The next packet given that is of the same flow must be this one. */
static void came_next(struct bench *b, bool *seen, uint8_t *packet, size_t length)
{
	static uint8_t was[ROOM];

	for (size_t i = 0; i < b->given; i++) {
		if (seen[i] || !same_flow(packet, b->originals[i]))
			continue;
		seen[i] = true;
		assert_int_equal(length, b->lengths[i]);
		memcpy(was, b->originals[i], length);
		normalise(was, length);
		normalise(packet, length);
		assert_memory_equal(packet, was, length);
		return;
	}
	fail_msg("a packet that was not given");
}

static void cut_again(struct bench *b)
{
	bool seen[PACKETS] = { false };
	static uint8_t packet[ROOM];

	for (size_t i = 0; i < b->count; i++) {
		struct written *w = &b->writes[i];
		const struct ip_view ip = view_of(w->bytes + 14, w->length - 14);
		struct segmenter seg;
		struct segment p;
		size_t packets = 0;

		assert_true(segment_begin(&seg, w->bytes + 14, &ip, &w->o));
		while (segment_next(&seg, &p)) {
			memcpy(packet, p.packet, p.length);
			came_next(b, seen, packet, p.length);
			packets++;
		}
		assert_int_equal(packets, w->packets);
	}
	for (size_t i = 0; i < b->given; i++)
		assert_true(seen[i]);
}

/* Streams with everything that may happen to them, mixed. */
static void random_mix(struct bench *b)
{
	struct shape flows[FLOWS];
	static uint8_t packet[ROOM];

	for (unsigned i = 0; i < FLOWS; i++)
		flows[i] = (struct shape){ .v6 = rand() & 1, .udp = rand() & 1, .df = rand() & 1, .port = (uint16_t)i,
					   .id = (uint16_t)rand(), .sequence = (uint32_t)rand() * 2, .tcp_flags = 0x10,
					   .options = 4 * (size_t)(rand() % 4) };
	for (unsigned i = 0; i < 150; i++) {
		struct shape *s = &flows[rand() % (rand() & 3 ? 2 : FLOWS)];
		const size_t length = rand() % 10 ? 600 : (size_t)(rand() % 1000);
		size_t whole;

		switch (rand() % 30) {
		case 0: s->acknowledgement++; break;
		case 1: s->sequence += 600; break; /* one was lost */
		case 2: s->tos = (uint8_t)rand(); break;
		case 3: s->id += 5; break;
		case 4: s->tcp_flags = 0x18; break;
		case 5: s->tcp_flags = (uint8_t)rand(); break;
		default: s->tcp_flags = 0x10; break;
		}
		whole = shape_make(s, packet, payload + rand() % 1000, length);
		if (rand() % 40 == 0)
			packet[whole - 1] ^= 0x10;
		give_bytes(b, &link_a, 6, packet, whole);
		s->sequence += (uint32_t)length;
		s->id++;
		if (rand() % 100 == 0)
			done(b);
	}
	done(b);
}

static void merged_and_cut_again(void **state)
{
	struct bench *b = *state;
	size_t written = 0, given = 0;

	for (unsigned seed = 1; seed <= 200; seed++) {
		srand(seed);
		b->given = b->count = 0;
		random_mix(b);
		cut_again(b);
		written += b->count;
		given += b->given;
	}
	assert_true(written * 4 < given * 3); /* it is about merging, after all */
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(tcp_segments_merge), T(what_differs_stays_apart), T(header_octets_count), T(wrong_checksums_stay_visible),
		T(udp_merges_where_the_kernel_takes_it), T(order_is_kept), T(more_flows_than_places), T(bounds),
		T(merged_and_cut_again),
	};

	for (size_t i = 0; i < sizeof payload; i++)
		payload[i] = (uint8_t)(i * 7 + i / 251);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
