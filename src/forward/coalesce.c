#include "forward/coalesce.h"

#include <stdlib.h>
#include <string.h>

#include "forward/frame.h"
#include "forward/offload.h"
#include "wire/checksum.h"

enum {
	BUCKETS = 512,        /* a power of two */
	NOBODY = 0xffff,
	ETHERNET = 14,
	PACKET_MAX = 65535,
	IP4_ID = 4,
	IP4_CHECKSUM = 10,
	TCP_SEQUENCE = 4,
	TCP_ACKNOWLEDGEMENT = 8,
	TCP_DATA_OFFSET = 12,
	TCP_FLAGS = 13,
	TCP_WINDOW = 14,
	TCP_CHECKSUM = 16,
	UDP_LENGTH = 4,
	UDP_CHECKSUM = 6,
	FLAG_PSH = 0x08,
	FLAG_ACK = 0x10,
	FLAG_ECE = 0x40,
};

/* What of a packet counts for merging. */
struct piece {
	void *link;
	uint8_t *frame;
	const struct ip_view *ip;
	uint8_t *transport;
	size_t header_len, payload; /* octets of IP and transport header; behind them */
	uint32_t sequence;          /* TCP */
	uint64_t key;               /* tells flows apart quickly */
};

struct flow {
	void *link;                 /* NULL: nothing held */
	uint64_t key;
	uint16_t next;              /* of its bucket; NOBODY: the last */
	struct ip_view ip;          /* of the first packet */
	uint8_t *frame, *transport; /* of the first packet */
	size_t header_len, segment, payload;
	uint32_t sequence;          /* the next octet's */
	uint16_t id;                /* of the newest packet */
	uint8_t psh;                /* seen in any */
	bool is_verified;           /* the first packet's checksum was looked at and is right */
	bool is_closed;             /* a shorter segment came */
	size_t packets, piece_count;
	struct iovec pieces[COALESCE_PIECES];
	uint8_t virtio[OFFLOAD_HEADER];
};

struct coalesce {
	coalesce_write *write;
	void *context;
	size_t used;   /* flows[0 … used) may hold something */
	size_t oldest; /* the one to give way next when all do */
	size_t newest; /* the one that last took a packet */
	uint16_t heads[BUCKETS]; /* of flows[0 … used), by key: the first one; NOBODY: none */
	struct flow flows[COALESCE_FLOWS];
};

struct coalesce *coalesce_new(coalesce_write *write, void *context)
{
	struct coalesce *c = calloc(1, sizeof *c);

	if (c) {
		c->write = write;
		c->context = context;
		memset(c->heads, 0xff, sizeof c->heads);
	}
	return c;
}

void coalesce_free(struct coalesce *c)
{
	free(c);
}

/* The headers of a super-packet: lengths of the whole, and of the checksum what the kernel's
 * part is not. */
static void flow_finish(struct flow *f)
{
	const bool is_tcp = f->ip.protocol == PROTO_TCP;
	const size_t transport_len = f->header_len - f->ip.header_len + f->payload;
	uint8_t *ip = f->frame + ETHERNET;
	struct offload o = { .needs_checksum = true, .header_len = (uint16_t)(ETHERNET + f->header_len),
			     .segment = (uint16_t)f->segment, .checksum_start = (uint16_t)(ETHERNET + f->ip.header_len),
			     .checksum_offset = is_tcp ? TCP_CHECKSUM : UDP_CHECKSUM };

	o.kind = f->ip.version == 4 ? OFFLOAD_TCP4 : OFFLOAD_TCP6;
	if (!is_tcp)
		o.kind = OFFLOAD_UDP;
	if (f->ip.version == 4) {
		put_u16(ip + 2, (uint16_t)(f->header_len + f->payload));
		put_u16(ip + IP4_CHECKSUM, 0);
		put_u16(ip + IP4_CHECKSUM, checksum(ip, IP4_HEADER_MIN));
	} else {
		put_u16(ip + 4, (uint16_t)transport_len);
	}
	if (is_tcp)
		f->transport[TCP_FLAGS] |= f->psh;
	else
		put_u16(f->transport + UDP_LENGTH, (uint16_t)transport_len);
	put_u16(f->transport + o.checksum_offset, offload_pseudo_sum(&f->ip, transport_len));
	offload_encode(&o, f->virtio);
}

static void flow_flush(struct coalesce *c, struct flow *f)
{
	if (!f->link)
		return;
	if (f->packets > 1)
		flow_finish(f);
	else
		memset(f->virtio, 0, sizeof f->virtio);
	c->write(c->context, f->link, f->pieces, f->piece_count, f->packets);
	f->link = NULL;
}

void coalesce_flush(struct coalesce *c)
{
	if (c->used == 0)
		return;
	for (size_t i = 0; i < c->used; i++)
		flow_flush(c, &c->flows[i]);
	c->used = c->oldest = c->newest = 0;
	memset(c->heads, 0xff, sizeof c->heads);
}

static void piece_write(struct coalesce *c, const struct piece *p)
{
	uint8_t virtio[OFFLOAD_HEADER] = { 0 };
	const struct iovec pieces[2] = { { virtio, sizeof virtio }, { p->frame, ETHERNET + p->ip->total_len } };

	c->write(c->context, p->link, pieces, 2, 1);
}

/* A packet whose flow is not told by its first octets (a fragment, an unknown header) stays behind
 * everything between its two hosts. */
static void hosts_flush(struct coalesce *c, const struct piece *p)
{
	for (size_t i = 0; i < c->used; i++) {
		struct flow *f = &c->flows[i];

		if (f->link == p->link && ipaddr_eq(&f->ip.src, &p->ip->src) && ipaddr_eq(&f->ip.dst, &p->ip->dst))
			flow_flush(c, f);
	}
}

static uint32_t get_u32(const uint8_t *p)
{
	return (uint32_t)get_u16(p) << 16 | get_u16(p + 2);
}

/* Addresses (without those, in IPv6, that hosts of one network share), ports and protocol. */
static uint64_t flow_key(const struct piece *p)
{
	uint64_t words[2] = { 0 };

	if (p->ip->version == 4)
		memcpy(words, p->frame + ETHERNET + 12, 8);
	else
		memcpy(words, p->frame + ETHERNET + 16, 8), memcpy(words + 1, p->frame + ETHERNET + 32, 8);
	words[0] ^= words[1] * UINT64_C(0x9fb21c651e98df25);
	return words[0] ^ ((uint64_t)get_u32(p->transport) << 16 ^ p->ip->protocol) * UINT64_C(0x9e3779b97f4a7c15);
}

/* Whether the packet has ports that tell its flow; then *p is filled in. */
static bool has_flow(struct piece *p)
{
	const size_t length = p->ip->total_len - p->ip->header_len;
	const size_t plain = p->ip->version == 4 ? IP4_HEADER_MIN : IP6_HEADER;
	size_t header = UDP_HEADER;

	if (p->ip->header_len != plain || p->ip->fragment_offset || p->ip->more_fragments)
		return false;
	if (p->ip->protocol != PROTO_TCP && p->ip->protocol != PROTO_UDP)
		return false;
	if (length < (p->ip->protocol == PROTO_TCP ? TCP_HEADER_MIN : UDP_HEADER))
		return false;
	if (p->ip->protocol == PROTO_TCP) {
		header = 4 * (size_t)(p->transport[TCP_DATA_OFFSET] >> 4);
		p->sequence = get_u32(p->transport + TCP_SEQUENCE);
	}
	if (header > length || (p->ip->protocol == PROTO_TCP && header < TCP_HEADER_MIN))
		return false;
	p->header_len = plain + header;
	p->payload = length - header;
	p->key = flow_key(p);
	return true;
}

/* Whether this packet may be part of a super-packet at all. */
static bool may_merge(const struct piece *p, bool merges_udp)
{
	if (p->payload == 0 || p->frame[0] & 1)
		return false;
	if (p->ip->protocol == PROTO_TCP)
		return (p->transport[TCP_FLAGS] & ~(FLAG_PSH | FLAG_ECE)) == FLAG_ACK;
	/* Without a checksum there is nothing to verify, and a later cut would add one. */
	return merges_udp && get_u16(p->transport + UDP_LENGTH) == p->payload + UDP_HEADER &&
	       get_u16(p->transport + UDP_CHECKSUM) != 0;
}

static bool flow_is(const struct flow *f, const struct piece *p)
{
	return f->link == p->link && f->key == p->key && f->ip.protocol == p->ip->protocol &&
	       memcmp(f->transport, p->transport, 4) == 0 &&
	       ipaddr_eq(&f->ip.src, &p->ip->src) && ipaddr_eq(&f->ip.dst, &p->ip->dst);
}

static uint16_t *bucket_of(struct coalesce *c, uint64_t key)
{
	return &c->heads[key * UINT64_C(0x9e3779b97f4a7c15) >> 55];
}

_Static_assert(BUCKETS == 1 << (64 - 55), "a bucket is nine bits");

static struct flow *flow_find(struct coalesce *c, const struct piece *p)
{
	if (c->used && flow_is(&c->flows[c->newest], p))
		return &c->flows[c->newest];
	for (uint16_t i = *bucket_of(c, p->key); i != NOBODY; i = c->flows[i].next)
		if (flow_is(&c->flows[i], p)) {
			c->newest = i;
			return &c->flows[i];
		}
	return NULL;
}

static bool ip_same(const struct flow *f, const struct piece *p)
{
	const uint8_t *a = f->frame + ETHERNET, *b = p->frame + ETHERNET;

	if (memcmp(f->frame, p->frame, ETHERNET) != 0)
		return false;
	/* Version, traffic class, flow label; hop limit. */
	if (f->ip.version == 6)
		return memcmp(a, b, 4) == 0 && a[7] == b[7];
	/* Type of service, flags, TTL. */
	return a[1] == b[1] && a[6] == b[6] && a[8] == b[8] &&
	       (p->ip->dont_fragment || get_u16(b + IP4_ID) == (uint16_t)(f->id + 1));
}

static bool tcp_same(const struct flow *f, const struct piece *p)
{
	const uint8_t *a = f->transport, *b = p->transport;
	const size_t options = f->header_len - f->ip.header_len - TCP_HEADER_MIN;

	return p->sequence == f->sequence && memcmp(a + TCP_ACKNOWLEDGEMENT, b + TCP_ACKNOWLEDGEMENT, 5) == 0 &&
	       ((a[TCP_FLAGS] ^ b[TCP_FLAGS]) & FLAG_ECE) == 0 && memcmp(a + TCP_WINDOW, b + TCP_WINDOW, 2) == 0 &&
	       memcmp(a + TCP_HEADER_MIN, b + TCP_HEADER_MIN, options) == 0;
}

/* Whether the packet continues what is held, checksums aside. */
static bool continues(const struct flow *f, const struct piece *p)
{
	return !f->is_closed && p->header_len == f->header_len && p->payload <= f->segment &&
	       f->header_len + f->payload + p->payload <= PACKET_MAX && f->piece_count < COALESCE_PIECES &&
	       ip_same(f, p) && (f->ip.protocol == PROTO_UDP || tcp_same(f, p));
}

/* The first packet's checksum is of interest only once a second one comes. */
static bool first_is_right(struct flow *f)
{
	if (!f->is_verified)
		f->is_verified = offload_verify(f->frame + ETHERNET, &f->ip);
	return f->is_verified;
}

static void flow_start(struct flow *f, const struct piece *p, bool is_verified)
{
	f->link = p->link;
	f->key = p->key;
	f->ip = *p->ip;
	f->frame = p->frame;
	f->transport = p->transport;
	f->header_len = p->header_len;
	f->segment = f->payload = p->payload;
	f->sequence = p->sequence + (uint32_t)p->payload;
	f->id = get_u16(p->frame + ETHERNET + IP4_ID);
	f->psh = p->ip->protocol == PROTO_TCP ? p->transport[TCP_FLAGS] & FLAG_PSH : 0;
	f->is_verified = is_verified;
	f->is_closed = false;
	f->packets = 1;
	f->pieces[0] = (struct iovec){ f->virtio, sizeof f->virtio };
	f->pieces[1] = (struct iovec){ p->frame, ETHERNET + p->ip->total_len };
	f->piece_count = 2;
}

static void flow_append(struct flow *f, const struct piece *p)
{
	f->pieces[f->piece_count++] = (struct iovec){ p->transport + p->header_len - p->ip->header_len, p->payload };
	f->packets++;
	f->payload += p->payload;
	f->sequence += (uint32_t)p->payload;
	f->id = get_u16(p->frame + ETHERNET + IP4_ID);
	f->is_closed = p->payload < f->segment;
	if (f->ip.protocol == PROTO_TCP)
		f->psh |= p->transport[TCP_FLAGS] & FLAG_PSH;
}

static void flow_unlink(struct coalesce *c, size_t place)
{
	uint16_t *at = bucket_of(c, c->flows[place].key);

	while (*at != place)
		at = &c->flows[*at].next;
	*at = c->flows[place].next;
}

/* A place for a flow that is not held: a new one, or the one that waits longest. */
static struct flow *flow_place(struct coalesce *c, uint64_t key)
{
	uint16_t *head = bucket_of(c, key);

	if (c->used < COALESCE_FLOWS) {
		c->newest = c->used++;
	} else {
		c->newest = c->oldest;
		c->oldest = (c->oldest + 1) % COALESCE_FLOWS;
		flow_flush(c, &c->flows[c->newest]);
		flow_unlink(c, c->newest);
	}
	c->flows[c->newest].next = *head;
	*head = (uint16_t)c->newest;
	return &c->flows[c->newest];
}

void coalesce_packet(struct coalesce *c, void *link, bool merges_udp, uint8_t *frame, const struct ip_view *ip)
{
	struct piece p = { .link = link, .frame = frame, .ip = ip, .transport = frame + ETHERNET + ip->header_len };
	bool is_verified = false;
	struct flow *f;

	if (!has_flow(&p)) {
		hosts_flush(c, &p);
		piece_write(c, &p);
		return;
	}
	f = flow_find(c, &p);
	if (f && may_merge(&p, merges_udp) && continues(f, &p)) {
		is_verified = offload_verify(frame + ETHERNET, ip);
		if (is_verified && first_is_right(f)) {
			flow_append(f, &p);
			return;
		}
	}
	if (f)
		flow_flush(c, f);
	if (may_merge(&p, merges_udp))
		flow_start(f ? f : flow_place(c, p.key), &p, is_verified);
	else
		piece_write(c, &p);
}
