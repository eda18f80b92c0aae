#include "daemon/saved_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/prng.h"
#include "base/reader.h"
#include "base/writer.h"

enum {
	VERSION = 2,
	HEADER = 28, CHECKSUM = 8,
	RECORD_MAX = 2 + 13 + 5 * 17 + 1 + 255,
	IDENTITY_MAX = 255,
	PROOF_MAX = 2 + 4 + 8 + 1 + IDENTITY_MAX + 1 + CERTIFICATE_ADDRESSES_MAX * 17,
};

enum flag {
	FLAG_REGISTERED = 1, FLAG_NETWORK = 2, FLAG_UNIQUE = 4, FLAG_ROUTER = 8, FLAG_AUTHORITATIVE = 16, FLAG_NAT = 32,
	FLAG_ANSWERS = 64, FLAG_ALL = 127,
};

_Static_assert((uint64_t)SAVED_RECORDS_MAX * RECORD_MAX + (uint64_t)SAVED_PROOFS_MAX * PROOF_MAX + HEADER + CHECKSUM <= SAVED_FILE_MAX,
	       "what is written can be read");

static const char magic[8] = "DMVPNSAV";

/* Against what was cut off or fell over, not against who can write the file. */
static const struct siphash_key checksum_key = { 0x73617665642d6269, 0x6e64696e67732d31 };

/* ---- the list ---- */

static bool fits(const struct event *ev)
{
	return ev->saved.left.us > 0 && ev->saved.left.us <= span_s(SAVED_LEFT_MAX_S).us &&
	       (!ev->saved.identity || strlen(ev->saved.identity) <= IDENTITY_MAX);
}

void saved_list_add(struct saved_list *l, const struct event *ev)
{
	if (l->count >= SAVED_RECORDS_MAX || !fits(ev))
		return;
	if (l->count == l->room) {
		l->room = l->room ? 2 * l->room : 16;
		l->records = alloc_array(l->records, l->room, sizeof *l->records);
	}
	l->records[l->count] = *ev;
	l->records[l->count++].saved.identity = alloc_text(ev->saved.identity);
}

static void identity_free(struct event *ev)
{
	free((char *)(uintptr_t)ev->saved.identity);
}

void saved_list_drop(struct saved_list *l, size_t index)
{
	identity_free(&l->records[index]);
	l->records[index] = l->records[--l->count];
}

static int peer_order(const struct event *ev, const struct ipaddr *nbma, const char *identity)
{
	const int rc = ipaddr_cmp(&ev->saved.nbma.addr, nbma);

	return rc ? rc : strcmp(ev->saved.identity ? ev->saved.identity : "", identity ? identity : "");
}

static int record_order(const void *a, const void *b)
{
	const struct event *const x = a, *const y = b;
	const int rc = peer_order(x, &y->saved.nbma.addr, y->saved.identity);

	return rc ? rc : (int)x->saved.network - (int)y->saved.network;
}

void saved_list_sort(struct saved_list *l)
{
	if (l->count)
		qsort(l->records, l->count, sizeof *l->records, record_order);
}

size_t saved_list_first(const struct saved_list *l, const struct ipaddr *nbma, const char *identity)
{
	size_t low = 0, high = l->count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (peer_order(&l->records[middle], nbma, identity) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void saved_list_sweep(struct saved_list *l, struct span elapsed)
{
	size_t kept = 0;

	for (size_t i = 0; i < l->count; i++) {
		if (l->records[i].saved.left.us > elapsed.us)
			l->records[kept++] = l->records[i];
		else
			identity_free(&l->records[i]);
	}
	l->count = kept;
}

void saved_list_add_proof(struct saved_list *l, const struct certificate_proof *p)
{
	struct certificate_proof *copy;
	struct ipaddr *addresses;

	if (l->proof_count >= SAVED_PROOFS_MAX || p->count > CERTIFICATE_ADDRESSES_MAX || strlen(p->identity) > IDENTITY_MAX)
		return;
	if (l->proof_count == l->proof_room) {
		l->proof_room = l->proof_room ? 2 * l->proof_room : 16;
		l->proofs = alloc_array(l->proofs, l->proof_room, sizeof *l->proofs);
	}
	addresses = alloc_zero(p->count ? p->count : 1, sizeof *addresses);
	for (size_t i = 0; i < p->count; i++)
		addresses[i] = p->addresses[i];
	copy = &l->proofs[l->proof_count++];
	*copy = *p;
	copy->identity = alloc_text(p->identity);
	copy->addresses = addresses;
}

void saved_list_drop_proofs(struct saved_list *l)
{
	for (size_t i = 0; i < l->proof_count; i++) {
		free((char *)(uintptr_t)l->proofs[i].identity);
		free((struct ipaddr *)(uintptr_t)l->proofs[i].addresses);
	}
	free(l->proofs);
	l->proofs = NULL;
	l->proof_count = l->proof_room = 0;
}

void saved_list_done(struct saved_list *l)
{
	saved_list_drop_proofs(l);
	for (size_t i = 0; i < l->count; i++)
		identity_free(&l->records[i]);
	free(l->records);
	*l = (struct saved_list){ 0 };
}

/* ---- out ---- */

static void put_u64(struct writer *w, uint64_t v)
{
	writer_u32(w, (uint32_t)(v >> 32));
	writer_u32(w, (uint32_t)v);
}

static void put_addr(struct writer *w, const struct ipaddr *a)
{
	writer_u8(w, a->family);
	writer_bytes(w, a->bytes, ip_family_octets((enum ip_family)a->family));
}

static uint8_t flags_of(const struct event *ev)
{
	return (uint8_t)((ev->saved.registered ? FLAG_REGISTERED : 0) | (ev->saved.network ? FLAG_NETWORK : 0) |
			 (ev->saved.unique ? FLAG_UNIQUE : 0) | (ev->saved.router ? FLAG_ROUTER : 0) |
			 (ev->saved.authoritative ? FLAG_AUTHORITATIVE : 0) | (ev->saved.nat ? FLAG_NAT : 0) |
			 (ev->saved.answers ? FLAG_ANSWERS : 0));
}

static void put_record(struct writer *w, const struct event *ev)
{
	const size_t at = writer_length(w), identity = ev->saved.identity ? strlen(ev->saved.identity) : 0;

	writer_u16(w, 0);
	writer_u32(w, ev->tunnel);
	writer_u8(w, flags_of(ev));
	writer_u8(w, ev->saved.preference);
	writer_u16(w, ev->saved.mtu_bytes);
	writer_u32(w, (uint32_t)(ev->saved.left.us / 1000));
	writer_u8(w, ev->saved.dst.len);
	put_addr(w, &ev->saved.dst.addr);
	put_addr(w, &ev->saved.via);
	put_addr(w, &ev->saved.asked);
	put_addr(w, &ev->saved.nbma.addr);
	put_addr(w, &ev->saved.claimed_nbma);
	writer_u8(w, (uint8_t)identity);
	writer_bytes(w, ev->saved.identity, identity);
	writer_patch_u16(w, at, (uint16_t)(writer_length(w) - at - 2));
}

static void put_proof(struct writer *w, const struct certificate_proof *p)
{
	const size_t at = writer_length(w), identity = strlen(p->identity);

	writer_u16(w, 0);
	writer_u32(w, p->ike_id);
	put_u64(w, p->ike_spi);
	writer_u8(w, (uint8_t)identity);
	writer_bytes(w, p->identity, identity);
	writer_u8(w, (uint8_t)p->count);
	for (size_t i = 0; i < p->count; i++)
		put_addr(w, &p->addresses[i]);
	writer_patch_u16(w, at, (uint16_t)(writer_length(w) - at - 2));
}

uint8_t *saved_encode(const struct saved_list *l, int64_t unix_s, size_t *length)
{
	const size_t room = HEADER + l->count * RECORD_MAX + l->proof_count * PROOF_MAX + CHECKSUM;
	uint8_t *bytes = malloc(room);
	struct writer w = writer_of(bytes, room);

	if (!bytes)
		return NULL;
	writer_bytes(&w, magic, sizeof magic);
	writer_u16(&w, VERSION);
	writer_u16(&w, 0);
	put_u64(&w, (uint64_t)unix_s);
	writer_u32(&w, (uint32_t)l->count);
	writer_u32(&w, (uint32_t)l->proof_count);
	for (size_t i = 0; i < l->count; i++)
		put_record(&w, &l->records[i]);
	for (size_t i = 0; i < l->proof_count; i++)
		put_proof(&w, &l->proofs[i]);
	put_u64(&w, siphash(&checksum_key, bytes, writer_length(&w)));
	*length = writer_length(&w);
	return bytes;
}

/* ---- in ---- */

static uint64_t get_u64(struct reader *r)
{
	const uint64_t high = reader_u32(r);

	return high << 32 | reader_u32(r);
}

static struct ipaddr get_addr(struct reader *r)
{
	const enum ip_family family = (enum ip_family)reader_u8(r);
	uint8_t bytes[16];

	if (family == IP_NONE)
		return IPADDR_NONE;
	if (ip_family_octets(family) == 0) {
		r->bad = true;
		return IPADDR_NONE;
	}
	reader_copy(r, bytes, ip_family_octets(family));
	return ipaddr_from_bytes(family, bytes);
}

/* The identity is written to `text`. */
static bool get_record(struct reader *r, struct event *ev, char text[IDENTITY_MAX + 1])
{
	struct reader one = reader_sub(r, reader_u16(r));
	struct ipaddr addr;
	uint8_t flags, len;
	size_t identity;

	*ev = (struct event){ .type = EVENT_BINDING_SAVED };
	ev->tunnel = reader_u32(&one);
	flags = reader_u8(&one);
	ev->saved.preference = reader_u8(&one);
	ev->saved.mtu_bytes = reader_u16(&one);
	ev->saved.left = span_ms(reader_u32(&one));
	len = reader_u8(&one);
	addr = get_addr(&one);
	ev->saved.via = get_addr(&one);
	ev->saved.asked = get_addr(&one);
	ev->saved.nbma.addr = get_addr(&one);
	ev->saved.claimed_nbma = get_addr(&one);
	identity = reader_u8(&one);
	reader_copy(&one, text, identity);
	text[identity] = '\0';
	if (one.bad || r->bad || reader_left(&one) || len > ip_family_bits((enum ip_family)addr.family) || flags > FLAG_ALL ||
	    ipaddr_is_none(&addr) || strlen(text) != identity)
		return false;
	ev->saved.dst = ipprefix_make(&addr, len);
	ev->saved.identity = identity ? text : NULL;
	ev->saved.registered = flags & FLAG_REGISTERED;
	ev->saved.network = flags & FLAG_NETWORK;
	ev->saved.unique = flags & FLAG_UNIQUE;
	ev->saved.router = flags & FLAG_ROUTER;
	ev->saved.authoritative = flags & FLAG_AUTHORITATIVE;
	ev->saved.nat = flags & FLAG_NAT;
	ev->saved.answers = flags & FLAG_ANSWERS;
	return ev->saved.left.us <= span_s(SAVED_LEFT_MAX_S).us;
}

static const char *get_records(struct reader *r, uint32_t count, struct span elapsed, struct saved_list *out)
{
	char identity[IDENTITY_MAX + 1];
	struct event ev;

	for (uint32_t i = 0; i < count; i++) {
		if (!get_record(r, &ev, identity))
			return "a record is broken";
		ev.saved.left.us -= elapsed.us;
		saved_list_add(out, &ev);
	}
	return NULL;
}

static const char *get_proof(struct reader *r, struct saved_list *out)
{
	struct reader one = reader_sub(r, reader_u16(r));
	struct ipaddr addresses[CERTIFICATE_ADDRESSES_MAX];
	char text[IDENTITY_MAX + 1];
	struct certificate_proof p = { .identity = text, .addresses = addresses };
	size_t identity;

	p.ike_id = reader_u32(&one);
	p.ike_spi = get_u64(&one);
	identity = reader_u8(&one);
	reader_copy(&one, text, identity);
	text[identity] = '\0';
	p.count = reader_u8(&one);
	if (p.count > CERTIFICATE_ADDRESSES_MAX)
		return "a proof is broken";
	for (size_t i = 0; i < p.count; i++)
		addresses[i] = get_addr(&one);
	if (one.bad || r->bad || reader_left(&one) || identity == 0 || strlen(text) != identity)
		return "a proof is broken";
	saved_list_add_proof(out, &p);
	return NULL;
}

static const char *get_proofs(struct reader *r, uint32_t count, struct saved_list *out)
{
	for (uint32_t i = 0; i < count; i++) {
		const char *why = get_proof(r, out);

		if (why)
			return why;
	}
	return reader_left(r) ? "something stands behind the records" : NULL;
}

static bool checksum_fits(const uint8_t *bytes, size_t length)
{
	struct reader r = reader_of(bytes + length - CHECKSUM, CHECKSUM);

	return get_u64(&r) == siphash(&checksum_key, bytes, length - CHECKSUM);
}

const char *saved_decode(const uint8_t *bytes, size_t length, int64_t unix_s, struct saved_list *out)
{
	struct reader r = reader_of(bytes, length >= CHECKSUM ? length - CHECKSUM : 0);
	uint8_t name[sizeof magic];
	const char *why;
	uint32_t count, proofs;
	int64_t saved_s;

	*out = (struct saved_list){ 0 };
	reader_copy(&r, name, sizeof name);
	if (memcmp(name, magic, sizeof magic) != 0)
		return "it is no file of bindings";
	if (reader_u16(&r) != VERSION || reader_u16(&r) != 0)
		return "it is of another version";
	saved_s = (int64_t)get_u64(&r);
	count = reader_u32(&r);
	proofs = reader_u32(&r);
	if (r.bad || count > SAVED_RECORDS_MAX || proofs > SAVED_PROOFS_MAX || !checksum_fits(bytes, length))
		return "it is broken";
	if (saved_s < 0 || unix_s < saved_s)
		return "the clock was put back";
	if (unix_s - saved_s > SAVED_LEFT_MAX_S)
		return NULL; /* all of it is over */
	/* Both are cut down to seconds: one more may have gone by. */
	why = get_records(&r, count, span_s(unix_s - saved_s + 1), out);
	if (!why)
		why = get_proofs(&r, proofs, out);
	if (why)
		saved_list_done(out);
	return why;
}
