/* What the kernel says of its SAs, attribute by attribute; no kernel is asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <linux/xfrm.h>
#include <netinet/in.h>

#include "kernel/sa_dump.h"

struct message {
	uint8_t bytes[1024] __attribute__((aligned(8)));
	struct nlmsghdr *head;
	struct xfrm_usersa_info *sa;
};

static void begin(struct message *m)
{
	static const uint8_t src[] = { 192, 0, 2, 1 }, dst[] = { 198, 51, 100, 2 };

	memset(m, 0, sizeof *m);
	m->head = mnl_nlmsg_put_header(m->bytes);
	m->head->nlmsg_type = XFRM_MSG_NEWSA;
	m->sa = mnl_nlmsg_put_extra_header(m->head, sizeof *m->sa);
	m->sa->family = AF_INET;
	m->sa->id.proto = IPPROTO_ESP;
	m->sa->id.spi = htonl(0xc0ffee);
	memcpy(&m->sa->saddr, src, sizeof src);
	memcpy(&m->sa->id.daddr, dst, sizeof dst);
}

/* An algorithm with a key of zeros; integrity: it has a length of its own. */
static void put(struct message *m, uint16_t type, const char *name, unsigned key_bits, unsigned icv_bits, bool integrity)
{
	struct {
		char name[64];
		uint32_t numbers[2];
		uint8_t key[64];
	} a = { .numbers = { key_bits, icv_bits } };

	snprintf(a.name, sizeof a.name, "%s", name);
	mnl_attr_put(m->head, type, sizeof a.name + (integrity ? 8 : 4) + key_bits / 8, &a);
}

static void test_what_is_counted_of_an_sa(void **state)
{
	struct xfrm_replay_state_esn window = { .bmp_len = 32, .replay_window = 1024 };
	struct xfrm_encap_tmpl encap = { .encap_type = 2, .encap_sport = htons(4500), .encap_dport = htons(1024) };
	struct message m;
	struct kernel_sa sa;
	char text[IPADDR_TEXT_MAX];

	(void)state;
	begin(&m);
	m.sa->reqid = 7;
	m.sa->flags = XFRM_STATE_ESN;
	m.sa->curlft = (struct xfrm_lifetime_cur){ .bytes = 1000, .packets = 10, .add_time = 5000 };
	m.sa->lft.hard_add_expires_seconds = 3600;
	m.sa->stats = (struct xfrm_stats){ .replay = 3, .integrity_failed = 4 };
	put(&m, XFRMA_ALG_AEAD, "rfc4106(gcm(aes))", 160, 128, true);
	mnl_attr_put(m.head, XFRMA_REPLAY_ESN_VAL, sizeof window, &window);
	mnl_attr_put(m.head, XFRMA_ENCAP, sizeof encap, &encap);
	assert_true(kernel_sa_read(m.head, &sa));
	assert_string_equal(ipaddr_format(&sa.src, text), "192.0.2.1");
	assert_string_equal(ipaddr_format(&sa.dst, text), "198.51.100.2");
	assert_int_equal(sa.spi, 0xc0ffee);
	assert_int_equal(sa.reqid, 7);
	assert_true(sa.esn && sa.udp);
	assert_int_equal(sa.src_port, 4500);
	assert_int_equal(sa.dst_port, 1024);
	assert_string_equal(sa.suite, "AES-GCM-16-128");
	assert_int_equal(sa.bytes, 1000);
	assert_int_equal(sa.packets, 10);
	assert_int_equal(sa.added_s, 5000);
	assert_int_equal(sa.hard_s, 3600);
	assert_int_equal(sa.replay_window, 1024);
	assert_int_equal(sa.replay_drops, 3);
	assert_int_equal(sa.icv_drops, 4);
}

static void check_suite(const char *cipher, unsigned bits, const char *auth, unsigned icv_bits, const char *expected)
{
	struct message m;
	struct kernel_sa sa;

	begin(&m);
	m.sa->replay_window = 64;
	put(&m, XFRMA_ALG_CRYPT, cipher, bits, 0, false);
	put(&m, XFRMA_ALG_AUTH_TRUNC, auth, 160, icv_bits, true);
	assert_true(kernel_sa_read(m.head, &sa));
	assert_string_equal(sa.suite, expected);
	assert_int_equal(sa.replay_window, 64);
	assert_false(sa.esn || sa.udp);
}

static void test_suites_are_named_as_the_forwarder_names_them(void **state)
{
	(void)state;
	check_suite("cbc(aes)", 256, "hmac(sha1)", 96, "AES-CBC-256/SHA1-96");
	check_suite("cbc(aes)", 128, "hmac(sha256)", 128, "AES-CBC-128/SHA2-256-12");
	check_suite("ecb(cipher_null)", 0, "hmac(sha1)", 96, "NULL/SHA1-96");
	check_suite("cbc(camellia)", 256, "xcbc(aes)", 96, "cbc(camellia)-256/xcbc(");
}

static void test_what_is_no_sa_of_esp(void **state)
{
	struct message m;
	struct kernel_sa sa;

	(void)state;
	begin(&m);
	assert_true(kernel_sa_read(m.head, &sa));
	m.head->nlmsg_type = XFRM_MSG_DELSA;
	assert_false(kernel_sa_read(m.head, &sa));
	begin(&m);
	m.sa->id.proto = IPPROTO_AH;
	assert_false(kernel_sa_read(m.head, &sa));
	begin(&m);
	m.sa->family = AF_UNIX;
	assert_false(kernel_sa_read(m.head, &sa));
	begin(&m);
	m.head->nlmsg_len -= 4;
	assert_false(kernel_sa_read(m.head, &sa));
	begin(&m);
	mnl_attr_put(m.head, XFRMA_ALG_AEAD, 20, m.sa); /* cut short */
	assert_true(kernel_sa_read(m.head, &sa));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_counted_of_an_sa),
		cmocka_unit_test(test_suites_are_named_as_the_forwarder_names_them),
		cmocka_unit_test(test_what_is_no_sa_of_esp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
