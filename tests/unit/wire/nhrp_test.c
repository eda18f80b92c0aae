#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/prng.h"
#include "golden.h"
#include "wire/checksum.h"
#include "wire/nhrp.h"

static struct nhrp_message m, one, two;
static uint8_t out[NHRP_MESSAGE_MAX];

static struct ipaddr addr(const char *text)
{
	struct ipaddr a;

	assert_true(ipaddr_parse(text, &a));
	return a;
}

static void assert_addr(const struct ipaddr *a, const char *text)
{
	char got[IPADDR_TEXT_MAX];

	assert_string_equal(ipaddr_format(a, got), text);
}

static void decode_golden(const char *name)
{
	const struct golden *const g = golden_find(name);

	assert_non_null(g);
	assert_int_equal(nhrp_decode(g->bytes, g->length, &m, NULL), NHRP_DROP_NONE);
}

static void goldens_come_back_byte_for_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < GOLDEN_COUNT; i++) {
		const struct golden *g = &goldens[i];
		size_t fault = 99;

		assert_int_equal(nhrp_decode(g->bytes, g->length, &m, &fault), NHRP_DROP_NONE);
		assert_int_equal(fault, 0);
		assert_int_equal(nhrp_encode(&m, out, sizeof out), g->length);
		memset(&one, 0xa5, sizeof one);
		nhrp_copy(&one, &m);
		memset(out, 0, sizeof out);
		assert_int_equal(nhrp_encode(&one, out, sizeof out), g->length);
		assert_memory_equal(out, g->bytes, g->length);
		/* The room must be just enough, and one octet less is too little. */
		assert_int_equal(nhrp_encode(&m, out, g->length), g->length);
		assert_int_equal(nhrp_encode(&m, out, g->length - 1), 0);
	}
}

static void truncated_goldens_fail(void **state)
{
	(void)state;
	for (size_t i = 0; i < GOLDEN_COUNT; i++) {
		for (size_t length = 0; length < goldens[i].length; length++) {
			/* An own copy, so that a sanitizer sees a read past its end. */
			uint8_t *bytes = malloc(length + 1);
			size_t fault = 0;

			assert_non_null(bytes);
			memcpy(bytes, goldens[i].bytes, length);
			bytes = realloc(bytes, length ? length : 1);
			assert_int_not_equal(nhrp_decode(bytes, length, &m, &fault), NHRP_DROP_NONE);
			assert_true(fault <= length);
			free(bytes);
		}
	}
}

static void padding_behind_a_message_is_ignored(void **state)
{
	const struct golden *g = &goldens[0];

	(void)state;
	memset(out, 0xee, sizeof out);
	memcpy(out, g->bytes, g->length);
	assert_int_equal(nhrp_decode(out, g->length + 18, &m, NULL), NHRP_DROP_NONE);
	assert_int_equal(m.extension_count, 5);
}

static void registration_fields(void **state)
{
	const struct nhrp_extension *x;

	(void)state;
	decode_golden("registration_reply");
	assert_int_equal(m.type, NHRP_REGISTRATION_REPLY);
	assert_int_equal(m.hop_count, 255);
	assert_int_equal(m.flags, NHRP_FLAG_REG_UNIQUE | NHRP_FLAG_NAT);
	assert_int_equal(m.request_id, 1);
	assert_addr(&m.src_nbma, "169.254.100.1");
	assert_addr(&m.src_proto, "155.1.0.1");
	assert_addr(&m.dst_proto, "155.1.0.5");
	assert_int_equal(m.cie_count, 1);
	assert_int_equal(m.cies[0].prefix_len, 32);
	assert_int_equal(m.cies[0].mtu_bytes, 17912);
	assert_int_equal(m.cies[0].holding_s, 7200);
	assert_true(ipaddr_is_none(&m.cies[0].nbma));
	assert_int_equal(m.extension_count, 5);
	assert_false(m.end_missing);
	x = nhrp_extension_find(&m, NHRP_EXT_RESPONDER);
	assert_non_null(x);
	assert_true(x->is_cies && x->compulsory);
	assert_int_equal(x->cie_count, 1);
	assert_addr(&x->cies[0].nbma, "169.254.100.5");
	x = nhrp_extension_find(&m, NHRP_EXT_AUTHENTICATION);
	assert_non_null(x);
	assert_int_equal(x->length, 12);
	assert_memory_equal(x->value, "\0\0\0\1NHRPAUTH", 12);
	x = nhrp_extension_find(&m, NHRP_EXT_NAT);
	assert_non_null(x);
	assert_false(x->compulsory);
	assert_addr(&x->cies[0].proto, "155.1.0.5");
	assert_null(nhrp_extension_find(&m, NHRP_EXT_VENDOR));
}

static void resolution_fields(void **state)
{
	(void)state;
	decode_golden("resolution_reply");
	assert_int_equal(m.flags, 0xf802);
	assert_int_equal(m.request_id, 5);
	assert_addr(&m.cies[0].nbma, "192.168.200.2");
	assert_addr(&m.cies[0].proto, "10.255.255.2");
	assert_addr(&nhrp_extension_find(&m, NHRP_EXT_FORWARD_TRANSIT)->cies[0].nbma, "192.168.200.1");
	assert_int_equal(nhrp_extension_find(&m, NHRP_EXT_REVERSE_TRANSIT)->cie_count, 0);
	decode_golden("resolution_request_forwarded");
	assert_int_equal(m.hop_count, 254);
	decode_golden("resolution_request_xe");
	assert_int_equal(m.cies[0].preference, 255);
}

static void traffic_indication_fields(void **state)
{
	(void)state;
	decode_golden("traffic_indication");
	assert_int_equal(m.type, NHRP_TRAFFIC_INDICATION);
	assert_int_equal(m.code, 0);
	assert_int_equal(m.cie_count, 0);
	assert_addr(&m.dst_proto, "10.255.255.3");
	assert_int_equal(m.payload_len, 28);
	assert_int_equal(m.payload[0], 0x45);
	decode_golden("traffic_indication_long");
	assert_int_equal(m.hop_count, 1);
	assert_int_equal(m.payload_len, 84);
	assert_int_equal(m.extension_count, 1);
}

/* A message to deface: a registration request with two extensions. */
static size_t sample(uint8_t type)
{
	struct nhrp_extension *x;
	size_t length;

	memset(&m, 0, sizeof m);
	m.type = type;
	m.hop_count = NHRP_HOP_COUNT;
	m.nbma_family = IP_V4;
	m.proto_family = IP_V4;
	m.src_nbma = addr("192.0.2.1");
	m.src_proto = addr("10.0.0.1");
	m.dst_proto = addr("10.0.0.2");
	if (type != NHRP_ERROR_INDICATION && type != NHRP_TRAFFIC_INDICATION) {
		m.cie_count = 1;
		m.cies[0].prefix_len = 32;
		m.cies[0].nbma = addr("192.0.2.1");
		m.cies[0].proto = addr("10.0.0.1");
	}
	if (type != NHRP_ERROR_INDICATION) {
		x = nhrp_extension_add(&m, NHRP_EXT_FORWARD_TRANSIT);
		x->cie_count = 1;
		x->cies[0].nbma = addr("192.0.2.9");
		x = nhrp_extension_add(&m, NHRP_EXT_VENDOR);
		x->value = (const uint8_t *)"\0\0\x0c!";
		x->length = 4;
	}
	length = nhrp_encode(&m, out, sizeof out);
	assert_true(length > 0);
	return length;
}

/* Offsets in the sample: 20 mandatory header, 40 CIE (20), 60 transit record, 80 vendor. */
enum { AT_CIE = 40, AT_TRANSIT = 60, AT_VENDOR = 80, AT_END = 88, SAMPLE = 92 };

static void reseal(size_t length)
{
	uint16_t sum;

	out[12] = out[13] = 0;
	sum = checksum(out, length);
	out[12] = (uint8_t)(sum >> 8);
	out[13] = (uint8_t)sum;
}

static void resize(size_t length)
{
	out[10] = (uint8_t)(length >> 8);
	out[11] = (uint8_t)length;
}

static void assert_drop(size_t length, enum nhrp_drop want, size_t want_offset)
{
	size_t fault;

	reseal(length);
	assert_string_equal(nhrp_drop_name(nhrp_decode(out, length, &m, &fault)), nhrp_drop_name(want));
	assert_int_equal(fault, want_offset);
}

static void set_octet(size_t offset, uint8_t value, enum nhrp_drop want, size_t want_offset)
{
	assert_int_equal(sample(NHRP_REGISTRATION_REQUEST), SAMPLE);
	out[offset] = value;
	assert_drop(SAMPLE, want, want_offset);
}

static void every_drop_reason_of_the_fixed_header(void **state)
{
	static uint8_t long_one[NHRP_MESSAGE_MAX + 1];

	(void)state;
	sample(NHRP_REGISTRATION_REQUEST);
	assert_drop(19, NHRP_DROP_TOO_SHORT, 0);
	assert_int_equal(nhrp_decode(long_one, sizeof long_one, &m, NULL), NHRP_DROP_TOO_LONG);
	set_octet(11, SAMPLE + 1, NHRP_DROP_SIZE, 10);
	set_octet(11, 27, NHRP_DROP_MANDATORY_SHORT, 10);
	set_octet(16, 2, NHRP_DROP_VERSION, 16);
	set_octet(17, 0, NHRP_DROP_TYPE, 17);
	set_octet(17, 9, NHRP_DROP_TYPE, 17);
	set_octet(1, 15, NHRP_DROP_NBMA_FAMILY, 0);
	set_octet(2, 0, NHRP_DROP_PROTOCOL, 2);
	set_octet(15, 27, NHRP_DROP_EXTENSION_OFFSET, 14);
	set_octet(15, SAMPLE + 1, NHRP_DROP_EXTENSION_OFFSET, 14);
	set_octet(18, 5, NHRP_DROP_ADDRESS_LENGTH, 28);
	set_octet(18, 16, NHRP_DROP_ADDRESS_LENGTH, 28);
	set_octet(19, NHRP_SUBADDR_MAX + 1, NHRP_DROP_ADDRESS_LENGTH, 28);

	sample(NHRP_REGISTRATION_REQUEST);
	out[12] ^= 0x40;
	assert_int_equal(nhrp_decode(out, SAMPLE, &m, NULL), NHRP_DROP_CHECKSUM);
	assert_addr(&m.cies[0].proto, "10.0.0.1"); /* whole all the same */
	assert_int_equal(m.extension_count, 2);
}

static void every_drop_reason_of_the_mandatory_part(void **state)
{
	(void)state;
	set_octet(20, 3, NHRP_DROP_ADDRESS_LENGTH, 28);
	set_octet(21, 16, NHRP_DROP_ADDRESS_LENGTH, 28);
	set_octet(15, 39, NHRP_DROP_MANDATORY_SHORT, 28);
	set_octet(15, 40, NHRP_DROP_CIE_MISSING, 28);
	set_octet(15, 59, NHRP_DROP_CIE_SHORT, AT_CIE);
	set_octet(15, 51, NHRP_DROP_CIE_SHORT, AT_CIE);
	set_octet(AT_CIE + 8, 6, NHRP_DROP_ADDRESS_LENGTH, AT_CIE);
	set_octet(AT_CIE + 9, 21, NHRP_DROP_ADDRESS_LENGTH, AT_CIE);
	set_octet(AT_CIE + 10, 1, NHRP_DROP_ADDRESS_LENGTH, AT_CIE);

	sample(NHRP_REGISTRATION_REQUEST); /* 17 CIEs without addresses */
	memset(out + AT_CIE, 0, 17 * 12);
	out[14] = out[15] = 0;
	resize(AT_CIE + 17 * 12);
	assert_drop(AT_CIE + 17 * 12, NHRP_DROP_CIE_MANY, AT_CIE + 16 * 12);
}

static void every_drop_reason_of_the_extensions(void **state)
{
	const size_t many = AT_VENDOR + 16 * 4;

	(void)state;
	set_octet(AT_TRANSIT + 3, 15, NHRP_DROP_EXTENSION_CONTENT, AT_TRANSIT + 4);
	set_octet(AT_TRANSIT + 4 + 8, 16, NHRP_DROP_EXTENSION_CONTENT, AT_TRANSIT + 4);
	set_octet(AT_VENDOR + 3, 9, NHRP_DROP_EXTENSION_SHORT, AT_VENDOR);
	set_octet(AT_END, 0, NHRP_DROP_EXTENSION_CONTENT, AT_END);
	set_octet(AT_END, 0xc0, NHRP_DROP_EXTENSION_CONTENT, AT_END);
	set_octet(AT_TRANSIT + 1, 0, NHRP_DROP_EXTENSION_CONTENT, AT_TRANSIT); /* End of 16 octets */

	sample(NHRP_REGISTRATION_REQUEST);
	resize(SAMPLE + 1);
	out[SAMPLE] = 0;
	assert_drop(SAMPLE + 1, NHRP_DROP_EXTENSION_AFTER_END, AT_END);

	sample(NHRP_REGISTRATION_REQUEST); /* the transit record and 16 empty ones */
	memset(out + AT_VENDOR, 0, 16 * 4);
	for (size_t at = AT_VENDOR; at < many; at += 4)
		out[at + 1] = NHRP_EXT_VENDOR;
	resize(many);
	assert_drop(many, NHRP_DROP_EXTENSION_MANY, many - 4);

	sample(NHRP_TRAFFIC_INDICATION);
	out[17] = NHRP_ERROR_INDICATION;
	assert_drop(AT_VENDOR - 20 + 12, NHRP_DROP_EXTENSION_FORBIDDEN, AT_CIE);
}

/* FRR ends its extensions properly; a sender that leaves out End is understood. */
static void missing_end_is_tolerated(void **state)
{
	static struct nhrp_message again;
	uint8_t copy[SAMPLE];

	(void)state;
	sample(NHRP_REGISTRATION_REQUEST);
	resize(AT_END);
	reseal(AT_END);
	memcpy(copy, out, AT_END);
	assert_int_equal(nhrp_decode(copy, AT_END, &again, NULL), NHRP_DROP_NONE);
	assert_true(again.end_missing);
	assert_int_equal(nhrp_encode(&again, out, sizeof out), AT_END);
	assert_memory_equal(out, copy, AT_END);
}

/* OpenNHRP puts 16 zero octets behind the offending packet: they are part of the payload. */
static void error_indication_keeps_trailing_octets(void **state)
{
	uint8_t offender[60] = { 0x00, 0x01, 0x08 };

	(void)state;
	sample(NHRP_ERROR_INDICATION);
	m.code = NHRP_ERROR_UNREACHABLE;
	m.offset = 36;
	m.payload = offender;
	m.payload_len = sizeof offender;
	assert_int_equal(nhrp_encode(&m, out, sizeof out), 40 + sizeof offender);
	assert_int_equal(nhrp_decode(out, 40 + sizeof offender, &m, NULL), NHRP_DROP_NONE);
	assert_int_equal(m.code, NHRP_ERROR_UNREACHABLE);
	assert_int_equal(m.offset, 36);
	assert_int_equal(m.payload_len, sizeof offender);
	assert_false(m.has_extensions);
}

/* RFC 2735 took number 9 for device capabilities: 8 octets that are no CIE. */
static void extension_9_of_8_octets_is_raw(void **state)
{
	static struct nhrp_message again;
	struct nhrp_extension *x;
	size_t length;

	(void)state;
	sample(NHRP_RESOLUTION_REQUEST);
	x = nhrp_extension_add(&m, NHRP_EXT_NAT);
	assert_true(x->is_cies);
	x->is_cies = false;
	x->value = (const uint8_t *)"\0\0\0\1\0\0\0\1";
	x->length = 8;
	length = nhrp_encode(&m, out, sizeof out);
	assert_int_equal(length, SAMPLE + 12);
	assert_int_equal(nhrp_decode(out, length, &again, NULL), NHRP_DROP_NONE);
	assert_false(nhrp_extension_find(&again, NHRP_EXT_NAT)->is_cies);
	assert_int_equal(nhrp_extension_find(&again, NHRP_EXT_NAT)->length, 8);
	x->length = 7;
	assert_int_equal(nhrp_encode(&m, out, sizeof out), 0);
}

/* The bits above the length (E.164 or NSAP) do not make an address foreign. */
static void type_bits_of_lengths_are_masked_and_kept(void **state)
{
	uint8_t copy[SAMPLE];

	(void)state;
	sample(NHRP_REGISTRATION_REQUEST);
	out[4] = 7; /* ar$pro.snap */
	out[18] |= 0x40;
	out[19] |= 0x80;
	out[AT_CIE + 8] |= 0xc0;
	out[AT_CIE + 9] |= 0x40;
	reseal(SAMPLE);
	memcpy(copy, out, SAMPLE);
	assert_int_equal(nhrp_decode(copy, SAMPLE, &m, NULL), NHRP_DROP_NONE);
	assert_addr(&m.src_nbma, "192.0.2.1");
	assert_int_equal(m.src_nbma_bits, 0x40);
	assert_int_equal(nhrp_encode(&m, out, sizeof out), SAMPLE);
	assert_memory_equal(out, copy, SAMPLE);
}

static void inconsistent_messages_are_not_written(void **state)
{
	uint8_t big[NHRP_MESSAGE_MAX] = { 0 };

	(void)state;
#define REFUSED(type, change) do { sample(type); change; assert_int_equal(nhrp_encode(&m, out, sizeof out), 0); } while (0)
	REFUSED(NHRP_PURGE_REQUEST, m.type = 0);
	REFUSED(NHRP_PURGE_REQUEST, m.type = 9);
	REFUSED(NHRP_PURGE_REQUEST, m.cie_count = 0);
	REFUSED(NHRP_PURGE_REQUEST, m.cie_count = NHRP_CIES_MAX + 1);
	REFUSED(NHRP_PURGE_REQUEST, m.nbma_family = IP_NONE);
	REFUSED(NHRP_PURGE_REQUEST, m.proto_family = IP_NONE);
	REFUSED(NHRP_PURGE_REQUEST, m.nbma_family = IP_V6);
	REFUSED(NHRP_PURGE_REQUEST, m.dst_proto = addr("2001:db8::1"));
	REFUSED(NHRP_PURGE_REQUEST, m.cies[0].nbma = addr("2001:db8::1"));
	REFUSED(NHRP_PURGE_REQUEST, m.src_subaddr_len = NHRP_SUBADDR_MAX + 1);
	REFUSED(NHRP_PURGE_REQUEST, m.src_nbma_bits = 1);
	REFUSED(NHRP_PURGE_REQUEST, m.payload = big; m.payload_len = 1);
	REFUSED(NHRP_PURGE_REQUEST, m.has_extensions = false);
	REFUSED(NHRP_PURGE_REQUEST, m.extension_count = NHRP_EXTENSIONS_MAX + 1);
	REFUSED(NHRP_PURGE_REQUEST, m.extensions[0].is_cies = false);
	REFUSED(NHRP_PURGE_REQUEST, m.extensions[1].type = NHRP_EXT_END);
	REFUSED(NHRP_PURGE_REQUEST, m.extensions[1].type = 0x4000);
	REFUSED(NHRP_PURGE_REQUEST, m.extensions[1].value = NULL);
	REFUSED(NHRP_ERROR_INDICATION, m.has_extensions = true);
	REFUSED(NHRP_ERROR_INDICATION, m.cie_count = 1);
	REFUSED(NHRP_TRAFFIC_INDICATION, m.payload = big; m.payload_len = sizeof big);
#undef REFUSED
}

static void a_full_message_takes_no_more_extensions(void **state)
{
	(void)state;
	memset(&m, 0, sizeof m);
	for (int i = 0; i < NHRP_EXTENSIONS_MAX; i++)
		assert_non_null(nhrp_extension_add(&m, NHRP_EXT_VENDOR));
	assert_null(nhrp_extension_add(&m, NHRP_EXT_VENDOR));
}

static struct ipaddr random_addr(struct prng *p, enum ip_family family)
{
	uint8_t bytes[16];

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)prng_next(p);
	return prng_below(p, 4) == 0 ? IPADDR_NONE : ipaddr_from_bytes(family, bytes);
}

static void random_cies(struct prng *p, struct nhrp_cie *cies, uint8_t *count, uint64_t least)
{
	*count = (uint8_t)(least + prng_below(p, 3));
	for (size_t i = 0; i < *count; i++) {
		cies[i] = (struct nhrp_cie){
			.code = (uint8_t)prng_next(p), .prefix_len = (uint8_t)prng_next(p),
			.unused = (uint16_t)prng_next(p), .mtu_bytes = (uint16_t)prng_next(p),
			.holding_s = (uint16_t)prng_next(p), .preference = (uint8_t)prng_next(p),
			.nbma_bits = (uint8_t)(prng_below(p, 4) << 6),
			.nbma_subaddr_len = (uint8_t)prng_below(p, NHRP_SUBADDR_MAX + 1),
			.nbma = random_addr(p, m.nbma_family), .proto = random_addr(p, m.proto_family),
		};
		for (size_t j = 0; j < cies[i].nbma_subaddr_len; j++)
			cies[i].nbma_subaddr[j] = (uint8_t)prng_next(p);
	}
}

static void random_extension(struct prng *p, const uint8_t *pool)
{
	static const uint16_t types[] = { 3, 4, 5, 7, 8, 9, 10, 11, 0x3fff };
	struct nhrp_extension *x = nhrp_extension_add(&m, types[prng_below(p, sizeof types / sizeof *types)]);

	x->compulsory = prng_below(p, 2);
	x->u_bit = prng_below(p, 8) == 0;
	if (x->is_cies) {
		random_cies(p, x->cies, &x->cie_count, 0);
	} else {
		x->length = (uint16_t)prng_below(p, 40);
		x->value = pool + prng_below(p, 24);
	}
}

static void random_message(struct prng *p, const uint8_t *pool)
{
	memset(&m, 0, sizeof m);
	m.type = (uint8_t)(1 + prng_below(p, 8));
	m.hop_count = (uint8_t)prng_next(p);
	m.nbma_family = prng_below(p, 2) ? IP_V4 : IP_V6;
	m.proto_family = prng_below(p, 2) ? IP_V4 : IP_V6;
	m.flags = (uint16_t)prng_next(p);
	m.src_nbma = random_addr(p, m.nbma_family);
	m.src_proto = random_addr(p, m.proto_family);
	m.dst_proto = random_addr(p, m.proto_family);
	if (m.type >= NHRP_ERROR_INDICATION) {
		m.code = (uint16_t)prng_next(p);
		m.offset = (uint16_t)prng_next(p);
		m.payload = pool;
		m.payload_len = prng_below(p, 64);
	} else {
		m.request_id = (uint32_t)prng_next(p);
		random_cies(p, m.cies, &m.cie_count, m.type == NHRP_RESOLUTION_REQUEST ? 0 : 1);
	}
	if (m.type == NHRP_ERROR_INDICATION)
		return;
	m.has_extensions = prng_below(p, 4) > 0;
	m.end_missing = m.has_extensions && prng_below(p, 8) == 0;
	for (uint64_t i = m.has_extensions ? prng_below(p, 6) : 0; i > 0; i--)
		random_extension(p, pool);
}

/* Borrowed bytes are compared by content, then taken out of the way. */
static void assert_same(struct nhrp_message *a, struct nhrp_message *b)
{
	assert_int_equal(a->payload_len, b->payload_len);
	if (a->payload_len)
		assert_memory_equal(a->payload, b->payload, a->payload_len);
	a->payload = b->payload = NULL;
	assert_int_equal(a->extension_count, b->extension_count);
	for (size_t i = 0; i < a->extension_count; i++) {
		assert_int_equal(a->extensions[i].length, b->extensions[i].length);
		if (a->extensions[i].length)
			assert_memory_equal(a->extensions[i].value, b->extensions[i].value,
					    a->extensions[i].length);
		a->extensions[i].value = b->extensions[i].value = NULL;
	}
	/* What lies beyond the counts is nobody's. */
	memset(&one, 0, sizeof one);
	memset(&two, 0, sizeof two);
	nhrp_copy(&one, a);
	nhrp_copy(&two, b);
	assert_memory_equal(&one, &two, sizeof one);
}

static void random_messages_survive(void **state)
{
	static struct nhrp_message again;
	uint8_t pool[64];

	(void)state;
	for (uint8_t i = 0; i < sizeof pool; i++)
		pool[i] = (uint8_t)(i * 7 + 1);
	for (uint64_t seed = 0; seed < 20000; seed++) {
		struct prng p;
		size_t length;

		prng_init(&p, seed);
		random_message(&p, pool);
		length = nhrp_encode(&m, out, sizeof out);
		if (length == 0)
			fail_msg("seed %ju: not encoded", (uintmax_t)seed);
		if (nhrp_decode(out, length, &again, NULL) != NHRP_DROP_NONE)
			fail_msg("seed %ju: not decoded", (uintmax_t)seed);
		assert_same(&m, &again);
	}
}

static void names_are_known(void **state)
{
	(void)state;
	assert_string_equal(nhrp_drop_name(NHRP_DROP_CHECKSUM), "CHECKSUM");
	assert_string_equal(nhrp_drop_text(NHRP_DROP_CHECKSUM), "checksum wrong");
	assert_string_equal(nhrp_drop_name(NHRP_DROP_COUNT), "UNKNOWN");
	assert_string_equal(nhrp_type_name(3), "Registration Request");
	assert_string_equal(nhrp_type_name(9), "unknown");
	assert_string_equal(nhrp_code_name(4), "administratively prohibited");
	assert_string_equal(nhrp_error_name(15), "hop count exceeded");
	assert_string_equal(nhrp_extension_name(9), "NAT Address");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goldens_come_back_byte_for_byte),
		cmocka_unit_test(truncated_goldens_fail),
		cmocka_unit_test(padding_behind_a_message_is_ignored),
		cmocka_unit_test(registration_fields),
		cmocka_unit_test(resolution_fields),
		cmocka_unit_test(traffic_indication_fields),
		cmocka_unit_test(every_drop_reason_of_the_fixed_header),
		cmocka_unit_test(every_drop_reason_of_the_mandatory_part),
		cmocka_unit_test(every_drop_reason_of_the_extensions),
		cmocka_unit_test(missing_end_is_tolerated),
		cmocka_unit_test(error_indication_keeps_trailing_octets),
		cmocka_unit_test(extension_9_of_8_octets_is_raw),
		cmocka_unit_test(type_bits_of_lengths_are_masked_and_kept),
		cmocka_unit_test(inconsistent_messages_are_not_written),
		cmocka_unit_test(a_full_message_takes_no_more_extensions),
		cmocka_unit_test(random_messages_survive),
		cmocka_unit_test(names_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
