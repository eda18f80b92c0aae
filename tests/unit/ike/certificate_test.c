/*
 * What a certificate names counts only when it leads to the authority, is valid, and is for the identity
 * that was authenticated. charon lists forged ones beside the others, so each kind is tried here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ike/certificate.h"
#include "make_certificate.h"

static struct issuer authority;
static struct certificate_anchors *anchors;
static struct certificate named;

static struct certificate_anchors *believe(const struct issuer *a)
{
	size_t length;
	char *pem = make_pem(a->certificate, &length);
	struct certificate_anchors *made = certificate_anchors_new(pem, length);

	free(pem);
	assert_non_null(made);
	return made;
}

static int set_up(void **state)
{
	(void)state;
	authority = make_authority("lab CA", NULL);
	anchors = believe(&authority);
	return 0;
}

static int take_down(void **state)
{
	(void)state;
	certificate_anchors_free(anchors);
	issuer_done(&authority);
	return 0;
}

static enum certificate_fault read_made(const struct issuer *by, const struct subject *s, const char *identity)
{
	struct certificate_bytes der;
	enum certificate_fault fault;
	uint8_t *bytes = make_certificate(by, s, &der.length);

	der.bytes = bytes;
	memset(&named, 0xff, sizeof named);
	fault = certificate_read(anchors, identity, &der, NULL, 0, &named);
	OPENSSL_free(bytes);
	return fault;
}

static enum certificate_fault read_names(const char *names, const char *identity)
{
	const struct subject s = { .dn = { "CN", "spoke1" }, .names = names };

	return read_made(&authority, &s, identity);
}

static void expect_address(size_t i, const char *text)
{
	char found[IPADDR_TEXT_MAX];

	assert_true(i < named.count);
	assert_string_equal(ipaddr_format(&named.addresses[i], found), text);
}

static void addresses_of_both_families_are_named(void **state)
{
	(void)state;
	assert_int_equal(read_names("DNS:spoke1.example,IP:10.0.0.11,IP:2001:db8::11,IP:10.1.0.11", "Spoke1.example"), CERTIFICATE_NONE);
	assert_int_equal(named.count, 3);
	expect_address(0, "10.0.0.11");
	expect_address(1, "2001:db8::11");
	expect_address(2, "10.1.0.11");
	assert_int_equal(read_names("DNS:spoke1.example", "spoke1.example"), CERTIFICATE_NONE);
	assert_int_equal(named.count, 0);
}

static void it_is_for_whom_it_is_for(void **state)
{
	static const struct subject dn = { .dn = { "C", "CH", "O", "Acme", "CN", "spoke1" }, .names = "IP:10.0.0.11" };
	static const struct subject odd = { .dn = { "O", "Acme, CN=spoke1" }, .names = "IP:10.0.0.11" };

	(void)state;
	assert_int_equal(read_names("DNS:spoke1.example,IP:10.0.0.11", "spoke2.example"), CERTIFICATE_OTHER_SUBJECT);
	assert_int_equal(read_names("DNS:*.example,IP:10.0.0.11", "spoke1.example"), CERTIFICATE_OTHER_SUBJECT);
	assert_int_equal(read_names("DNS:spoke1.example,IP:10.0.0.11", "spoke1.exampl"), CERTIFICATE_OTHER_SUBJECT);
	assert_int_equal(read_names("email:a@b,IP:10.0.0.11", "a@b"), CERTIFICATE_NONE);
	assert_int_equal(read_names("email:a@b,IP:10.0.0.11", "a"), CERTIFICATE_OTHER_SUBJECT);
	assert_int_equal(read_names("DNS:a@b,IP:10.0.0.11", "a@b"), CERTIFICATE_OTHER_SUBJECT);
	assert_int_equal(read_names("IP:192.0.2.9,IP:10.0.0.11", "192.0.2.9"), CERTIFICATE_NONE);
	assert_int_equal(named.count, 2);
	assert_int_equal(read_names("DNS:192.0.2.9,IP:10.0.0.11", "192.0.2.9"), CERTIFICATE_OTHER_SUBJECT);
	assert_int_equal(read_names(NULL, "spoke1"), CERTIFICATE_OTHER_SUBJECT); /* its subject is no name of the network */
	assert_int_equal(read_names("IP:10.0.0.11", "CN=spoke1"), CERTIFICATE_NONE);
	assert_int_equal(read_made(&authority, &dn, "C=CH, O=Acme, CN=spoke1"), CERTIFICATE_NONE);
	expect_address(0, "10.0.0.11");
	assert_int_equal(read_made(&authority, &dn, "O=Acme, CN=spoke1"), CERTIFICATE_OTHER_SUBJECT);
	assert_int_equal(read_made(&authority, &dn, "CN=spoke1, O=Acme, C=CH"), CERTIFICATE_OTHER_SUBJECT);
	assert_int_equal(read_made(&authority, &odd, "O=Acme, CN=spoke1"), CERTIFICATE_OTHER_SUBJECT);
}

/* An authority of the same name with another key, which charon lists all the same */
static void a_forged_one_counts_for_nothing(void **state)
{
	static const struct subject s = { .dn = { "CN", "spoke1" }, .names = "DNS:spoke1,IP:10.0.0.11" };
	struct issuer other = make_authority("lab CA", NULL), leaf = make_authority("spoke9", &authority);

	(void)state;
	assert_int_equal(read_made(&other, &s, "spoke1"), CERTIFICATE_UNTRUSTED);
	assert_int_equal(named.count, SIZE_MAX); /* untouched */
	/* what a true one issues that is no authority */
	X509_EXTENSION_free(X509_delete_ext(leaf.certificate, 0));
	assert_int_equal(X509_sign(leaf.certificate, authority.key, EVP_sha256()) > 0, 1);
	assert_int_equal(read_made(&leaf, &s, "spoke1"), CERTIFICATE_UNTRUSTED);
	issuer_done(&other);
	issuer_done(&leaf);
}

static void one_between_leads_to_the_anchor(void **state)
{
	static const struct subject s = { .dn = { "CN", "spoke1" }, .names = "DNS:spoke1,IP:10.0.0.11" };
	struct issuer between = make_authority("between", &authority);
	struct certificate_bytes der, way;
	uint8_t *bytes = make_certificate(&between, &s, &der.length), *middle = NULL;
	struct certificate_anchors *near = believe(&between);

	(void)state;
	der.bytes = bytes;
	way.length = (size_t)i2d_X509(between.certificate, &middle);
	way.bytes = middle;
	assert_int_equal(certificate_read(anchors, "spoke1", &der, NULL, 0, &named), CERTIFICATE_UNTRUSTED);
	assert_int_equal(certificate_read(anchors, "spoke1", &der, &way, 1, &named), CERTIFICATE_NONE);
	assert_int_equal(certificate_read(near, "spoke1", &der, NULL, 0, &named), CERTIFICATE_NONE);
	assert_int_equal(certificate_read(NULL, "spoke1", &der, &way, 1, &named), CERTIFICATE_NO_ANCHOR);
	certificate_anchors_free(near);
	OPENSSL_free(bytes);
	OPENSSL_free(middle);
	issuer_done(&between);
}

static void it_has_its_time(void **state)
{
	struct subject s = { .dn = { "CN", "spoke1" }, .names = "DNS:spoke1,IP:10.0.0.11", .from_s = -7200, .to_s = -3600 };
	int64_t before;

	(void)state;
	assert_int_equal(read_made(&authority, &s, "spoke1"), CERTIFICATE_NOT_NOW);
	s.from_s = 3600;
	s.to_s = 7200;
	assert_int_equal(read_made(&authority, &s, "spoke1"), CERTIFICATE_NOT_NOW);
	s.from_s = -7200;
	assert_int_equal(read_made(&authority, &s, "spoke1"), CERTIFICATE_NONE);
	before = named.issued_s;
	s.from_s = -3600;
	assert_int_equal(read_made(&authority, &s, "spoke1"), CERTIFICATE_NONE);
	assert_true(named.issued_s > before);
}

static void too_many_are_refused_whole(void **state)
{
	static char names[16384];
	size_t used = (size_t)sprintf(names, "DNS:spoke1");

	(void)state;
	for (unsigned i = 0; i < CERTIFICATE_ADDRESSES_MAX; i++)
		used += (size_t)sprintf(names + used, ",IP:10.0.1.%u", i + 1);
	assert_int_equal(read_names(names, "spoke1"), CERTIFICATE_NONE);
	assert_int_equal(named.count, CERTIFICATE_ADDRESSES_MAX);
	sprintf(names + used, ",IP:10.0.0.11");
	assert_int_equal(read_names(names, "spoke1"), CERTIFICATE_TOO_MANY);
	used = (size_t)sprintf(names, "DNS:spoke1");
	for (unsigned i = 0; i < CERTIFICATE_NAMES_MAX; i++)
		used += (size_t)sprintf(names + used, ",DNS:n%u", i);
	assert_int_equal(read_names(names, "spoke1"), CERTIFICATE_TOO_MANY);
	used = (size_t)sprintf(names, "DNS:spoke1");
	for (unsigned i = 0; i < 80; i++)
		used += (size_t)sprintf(names + used, ",DNS:%0180u", i);
	assert_int_equal(read_names(names, "spoke1"), CERTIFICATE_NONE);
	for (unsigned i = 80; i < 85; i++)
		used += (size_t)sprintf(names + used, ",DNS:%0180u", i);
	assert_true(used < sizeof names);
}

static void odd_ones_are_refused_whole(void **state)
{
	/* SEQUENCE { [2] "spoke1", [7] five octets }, cut, unspecified, multicast, an address with its mask */
	static const struct { uint8_t bytes[20]; size_t length; enum certificate_fault fault; } odd[] = {
		{ { 0x30, 0x0f, 0x82, 6, 's', 'p', 'o', 'k', 'e', '1', 0x87, 5, 10, 0, 0, 11, 0 }, 17, CERTIFICATE_BAD_ADDRESS },
		{ { 0x30, 0x0e, 0x82, 6, 's', 'p', 'o', 'k', 'e', '1', 0x87, 4, 0, 0, 0, 0 }, 16, CERTIFICATE_BAD_ADDRESS },
		{ { 0x30, 0x0e, 0x82, 6, 's', 'p', 'o', 'k', 'e', '1', 0x87, 4, 224, 0, 0, 5 }, 16, CERTIFICATE_BAD_ADDRESS },
		{ { 0x30, 0x0a, 0x82, 6, 's', 'p', 'o', 'k', 'e', '1', 0x87, 0 }, 12, CERTIFICATE_BAD_ADDRESS },
		{ { 0x30, 0x0e, 0x82, 6, 's', 'p', 'o', 'k', 'e', '1', 0x87, 9, 10, 0, 0, 11 }, 16, CERTIFICATE_MALFORMED },
		{ { 0x30, 0x80 }, 2, CERTIFICATE_MALFORMED },
		{ { 0 }, 0, CERTIFICATE_MALFORMED },
		/* a name with an end in the middle is nobody's */
		{ { 0x30, 0x10, 0x82, 8, 's', 'p', 'o', 'k', 'e', '1', 0, 'x', 0x87, 4, 10, 0, 0, 11 }, 18, CERTIFICATE_OTHER_SUBJECT },
	};

	(void)state;
	for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
		const struct subject s = { .dn = { "CN", "spoke1" }, .raw = odd[i].bytes, .raw_length = odd[i].length };
		const enum certificate_fault fault = read_made(&authority, &s, "spoke1");

		if (fault != odd[i].fault)
			fail_msg("odd one %zu: %s", i, certificate_fault_text(fault));
	}
}

static void whatever_is_cut_or_added_is_refused(void **state)
{
	const struct subject s = { .dn = { "CN", "spoke1" }, .names = "DNS:spoke1,IP:10.0.0.11" };
	struct certificate_bytes der;
	uint8_t *made = make_certificate(&authority, &s, &der.length), *copy;
	const size_t length = der.length;

	(void)state;
	for (size_t n = 0; n < length; n++) {
		copy = malloc(n ? n : 1); /* of its own size, so that a read beyond it is seen */
		memcpy(copy, made, n);
		der = (struct certificate_bytes){ copy, n };
		assert_int_equal(certificate_read(anchors, "spoke1", &der, NULL, 0, &named), CERTIFICATE_MALFORMED);
		free(copy);
	}
	copy = calloc(1, CERTIFICATE_BYTES_MAX + 1);
	memcpy(copy, made, length);
	der = (struct certificate_bytes){ copy, length + 1 };
	assert_int_equal(certificate_read(anchors, "spoke1", &der, NULL, 0, &named), CERTIFICATE_MALFORMED);
	der.length = CERTIFICATE_BYTES_MAX + 1;
	assert_int_equal(certificate_read(anchors, "spoke1", &der, NULL, 0, &named), CERTIFICATE_TOO_LARGE);
	der.length = length;
	assert_int_equal(certificate_read(anchors, "spoke1", &der, NULL, 0, &named), CERTIFICATE_NONE);
	for (size_t i = 0; i < length; i++) {
		copy[i] ^= 0x20;
		assert_int_not_equal(certificate_read(anchors, "spoke1", &der, NULL, 0, &named), CERTIFICATE_NONE);
		copy[i] ^= 0x20;
	}
	free(copy);
	OPENSSL_free(made);
}

static void anchors_are_whole(void **state)
{
	struct issuer other = make_authority("other", NULL);
	static const struct subject s = { .dn = { "CN", "x" }, .names = "DNS:x" };
	size_t a, b;
	char *first = make_pem(authority.certificate, &a), *second = make_pem(other.certificate, &b), *both = malloc(a + b + 9);
	struct certificate_anchors *two;

	(void)state;
	memcpy(both, first, a);
	memcpy(both + a, second, b);
	two = certificate_anchors_new(both, a + b);
	assert_non_null(two);
	certificate_anchors_free(anchors);
	anchors = two;
	assert_int_equal(read_made(&other, &s, "x"), CERTIFICATE_NONE);
	assert_int_equal(read_made(&authority, &s, "x"), CERTIFICATE_NONE);
	both[a + b / 2] = '!';
	assert_null(certificate_anchors_new(both, a + b));
	assert_null(certificate_anchors_new(both, a + b / 2));
	assert_null(certificate_anchors_new("", 0));
	assert_null(certificate_anchors_new("nothing\n", 8));
	free(first);
	free(second);
	free(both);
	issuer_done(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(addresses_of_both_families_are_named, set_up, take_down),
		cmocka_unit_test_setup_teardown(it_is_for_whom_it_is_for, set_up, take_down),
		cmocka_unit_test_setup_teardown(a_forged_one_counts_for_nothing, set_up, take_down),
		cmocka_unit_test_setup_teardown(one_between_leads_to_the_anchor, set_up, take_down),
		cmocka_unit_test_setup_teardown(it_has_its_time, set_up, take_down),
		cmocka_unit_test_setup_teardown(too_many_are_refused_whole, set_up, take_down),
		cmocka_unit_test_setup_teardown(odd_ones_are_refused_whole, set_up, take_down),
		cmocka_unit_test_setup_teardown(whatever_is_cut_or_added_is_refused, set_up, take_down),
		cmocka_unit_test_setup_teardown(anchors_are_whole, set_up, take_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
