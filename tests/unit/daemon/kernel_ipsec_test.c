/* What stands beside charon where the kernel does IPsec: blocks, and which sessions can send. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "daemon/kernel_blocks.h"
#include "daemon/kernel_sas.h"

/* ---- a kernel ---- */

static char said[1024]; /* what was asked of it, and what the sessions heard */
static uint32_t there[8]; /* SPIs of its SAs */
static int block_error;

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...)
{
	const size_t used = strlen(said);
	va_list args;

	va_start(args, format);
	vsnprintf(said + used, sizeof said - used, format, args);
	va_end(args);
}

static void expect(const char *text)
{
	assert_string_equal(said, text);
	said[0] = '\0';
}

static int block(void *arg, const struct ipaddr *local, bool on)
{
	char text[IPADDR_TEXT_MAX];

	(void)arg;
	if (block_error)
		return block_error;
	say("%s%s ", on ? "+" : "-", ipaddr_format(local, text));
	return 0;
}

/* ---- blocks ---- */

static struct kernel_block at(uint32_t tunnel, uint8_t host, uint32_t protection)
{
	return (struct kernel_block){ tunnel, ipaddr_v4(0xc0000200u + host), protection };
}

static void test_an_address_is_blocked_while_a_protected_tunnel_stands_there(void **state)
{
	const struct kernel_block a = at(0, 1, 7), b = at(1, 1, 7);
	struct kernel_blocks k = { .block = block };

	(void)state;
	assert_int_equal(kernel_blocks_claim(&k, &a), 0);
	expect("+192.0.2.1 ");
	kernel_blocks_settle(&k, &a);
	assert_int_equal(kernel_blocks_claim(&k, &b), 0);
	kernel_blocks_settle(&k, &b);
	expect("+192.0.2.1 ");
	kernel_blocks_leave(&k, 0);
	expect("");
	kernel_blocks_leave(&k, 1);
	expect("-192.0.2.1 ");
	kernel_blocks_done(&k);
}

static void test_a_tunnel_that_moves_has_both_addresses_blocked(void **state)
{
	const struct kernel_block old = at(0, 1, 7), fresh = at(0, 2, 7), clear = at(0, 2, 0);
	struct kernel_blocks k = { .block = block };

	(void)state;
	assert_int_equal(kernel_blocks_claim(&k, &old), 0);
	kernel_blocks_settle(&k, &old);
	assert_int_equal(kernel_blocks_claim(&k, &fresh), 0);
	expect("+192.0.2.1 +192.0.2.2 ");
	kernel_blocks_settle(&k, &fresh);
	expect("-192.0.2.1 ");
	assert_int_equal(kernel_blocks_claim(&k, &clear), 0);
	kernel_blocks_settle(&k, &clear); /* its protection was taken away */
	expect("-192.0.2.2 ");
	kernel_blocks_done(&k);
}

static void test_tunnels_of_one_address_have_one_profile(void **state)
{
	const struct kernel_block a = at(0, 1, 7), other = at(1, 1, 8), clear = at(2, 1, 0), elsewhere = at(3, 2, 0);
	const struct kernel_block unknown = { 4, { .family = IP_V4 }, 9 };
	struct kernel_blocks k = { .block = block };

	(void)state;
	assert_int_equal(kernel_blocks_claim(&k, &a), 0);
	kernel_blocks_settle(&k, &a);
	assert_int_equal(kernel_blocks_claim(&k, &other), -EADDRINUSE);
	assert_int_equal(kernel_blocks_claim(&k, &clear), -EADDRINUSE);
	assert_int_equal(kernel_blocks_claim(&k, &elsewhere), 0);
	assert_int_equal(kernel_blocks_claim(&k, &unknown), 0);
	expect("+192.0.2.1 ");
	kernel_blocks_leave(&k, 1);
	kernel_blocks_leave(&k, 2);
	expect("");
	kernel_blocks_done(&k);
}

static void test_without_a_block_there_is_no_claim(void **state)
{
	const struct kernel_block a = at(0, 1, 7), other = at(1, 1, 0);
	struct kernel_blocks k = { .block = block };

	(void)state;
	block_error = -EPERM;
	assert_int_equal(kernel_blocks_claim(&k, &a), -EPERM);
	block_error = 0;
	assert_int_equal(kernel_blocks_claim(&k, &other), 0);
	expect("");
	kernel_blocks_done(&k);
}

/* ---- SAs ---- */

static bool exists(void *arg, const struct ipaddr *dst, uint32_t spi)
{
	(void)arg;
	(void)dst;
	for (size_t i = 0; i < sizeof there / sizeof *there; i++)
		if (there[i] == spi)
			return true;
	return false;
}

static void del(void *arg, const struct ipaddr *dst, uint32_t spi)
{
	char text[IPADDR_TEXT_MAX];

	(void)arg;
	say("del %s %u ", ipaddr_format(dst, text), spi);
}

static void can_send(void *arg, uint32_t session, bool can)
{
	(void)arg;
	say("%u %s ", session, can ? "sends" : "cannot");
}

static void gone(void *arg, uint32_t session, uint32_t spi, bool inbound)
{
	(void)arg;
	say("%u lost %s %u ", session, inbound ? "in" : "out", spi);
}

static const struct kernel_sas_calls calls = { exists, del, can_send, gone };

static void begin(struct kernel_sas *k)
{
	memset(there, 0, sizeof there);
	said[0] = '\0';
	kernel_sas_init(k, &calls, NULL);
}

static struct session_action pair(uint32_t session, uint32_t spi_in, uint32_t spi_out)
{
	struct session_action a = { .session = session, .spi_in = spi_in, .spi_out = spi_out };

	a.key.local.addr = ipaddr_v4(0xc0000201);
	a.key.remote.addr = ipaddr_v4(0xc6336400 + session);
	return a;
}

static void has(size_t i, uint32_t in, uint32_t out)
{
	there[2 * i] = in;
	there[2 * i + 1] = out;
}

static void seen(struct kernel_sas *k, const struct session_action *a, uint32_t spi, bool exists_now)
{
	const struct ipaddr *dst = spi == a->spi_in ? &a->key.local.addr : &a->key.remote.addr;

	kernel_sas_seen(k, dst, spi, exists_now);
}

static void test_a_session_sends_while_the_kernel_has_an_outbound_sa(void **state)
{
	const struct session_action a = pair(1, 11, 12), b = pair(1, 21, 22), other = pair(2, 31, 12);
	struct kernel_sas k;

	(void)state;
	begin(&k);
	kernel_sas_bind(&k, &a); /* deleted before anybody said whose it was */
	expect("");
	has(0, 11, 12);
	kernel_sas_bind(&k, &a);
	expect("1 sends ");
	has(1, 21, 22);
	kernel_sas_bind(&k, &b); /* a rekeying */
	seen(&k, &other, 12, false); /* the same SPI at somebody else's */
	seen(&k, &a, 12, false);
	seen(&k, &a, 11, false);
	expect("1 lost out 12 1 lost in 11 ");
	seen(&k, &b, 22, false); /* expired */
	expect("1 lost out 22 1 cannot ");
	seen(&k, &b, 22, true); /* moved to another port */
	expect("1 sends ");
	kernel_sas_done(&k);
}

static void test_what_is_revoked_or_forgotten_leaves_the_kernel(void **state)
{
	const struct session_action a = pair(1, 11, 12), b = pair(1, 21, 22);
	struct kernel_sas k;

	(void)state;
	begin(&k);
	has(0, 11, 12);
	has(1, 21, 22);
	kernel_sas_bind(&k, &a);
	kernel_sas_bind(&k, &b);
	expect("1 sends ");
	kernel_sas_revoke(&k, &a);
	expect("del 192.0.2.1 11 del 198.51.100.1 12 ");
	kernel_sas_forget(&k, 1);
	expect("del 192.0.2.1 21 del 198.51.100.1 22 ");
	kernel_sas_forget(&k, 1);
	expect("");
	kernel_sas_done(&k);
}

static void test_what_an_earlier_life_left_sends_until_it_is_replaced(void **state)
{
	const struct session_action a = pair(1, 11, 12), b = pair(1, 21, 22), half_in = pair(1, 11, 0), half_out = pair(1, 0, 12);
	struct kernel_sas k;

	(void)state;
	begin(&k);
	has(0, 11, 12);
	kernel_sas_held(&k, 1, &a.key, 11, true);
	expect("");
	kernel_sas_held(&k, 1, &a.key, 12, false);
	kernel_sas_held(&k, 1, &a.key, 12, false);
	expect("1 sends ");
	has(1, 21, 22);
	kernel_sas_bind(&k, &b); /* by a charon that knows nothing of it */
	kernel_sas_revoke(&k, &half_in);
	expect("del 192.0.2.1 11 ");
	kernel_sas_revoke(&k, &half_out);
	expect("del 198.51.100.1 12 ");
	kernel_sas_forget(&k, 1);
	expect("del 192.0.2.1 21 del 198.51.100.1 22 ");
	kernel_sas_done(&k);
}

static void test_charon_s_word_makes_a_pair_of_what_was_found(void **state)
{
	const struct session_action a = pair(1, 11, 12);
	struct kernel_sas k;
	bool inbound;

	(void)state;
	begin(&k);
	has(0, 11, 12);
	kernel_sas_held(&k, 1, &a.key, 11, true);
	kernel_sas_held(&k, 1, &a.key, 12, false);
	kernel_sas_bind(&k, &a);
	expect("1 sends ");
	assert_int_equal(kernel_sas_session(&k, &a.key.remote.addr, &a.key.local.addr, &inbound), 1);
	assert_true(inbound);
	assert_int_equal(kernel_sas_session(&k, &a.key.local.addr, &a.key.remote.addr, &inbound), 1);
	assert_false(inbound);
	assert_int_equal(kernel_sas_session(&k, &a.key.local.addr, &a.key.local.addr, &inbound), 0);
	kernel_sas_revoke(&k, &a);
	expect("del 192.0.2.1 11 del 198.51.100.1 12 1 cannot ");
	kernel_sas_done(&k);
}

static void test_after_a_loss_each_is_asked_for(void **state)
{
	const struct session_action a = pair(1, 11, 12), b = pair(2, 21, 22);
	struct kernel_sas k;

	(void)state;
	begin(&k);
	has(0, 11, 12);
	has(1, 21, 22);
	kernel_sas_bind(&k, &a);
	kernel_sas_bind(&k, &b);
	expect("1 sends 2 sends ");
	has(0, 0, 0);
	kernel_sas_ask(&k);
	expect("1 lost in 11 1 lost out 12 1 cannot ");
	kernel_sas_done(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_address_is_blocked_while_a_protected_tunnel_stands_there),
		cmocka_unit_test(test_a_tunnel_that_moves_has_both_addresses_blocked),
		cmocka_unit_test(test_tunnels_of_one_address_have_one_profile),
		cmocka_unit_test(test_without_a_block_there_is_no_claim),
		cmocka_unit_test(test_a_session_sends_while_the_kernel_has_an_outbound_sa),
		cmocka_unit_test(test_what_is_revoked_or_forgotten_leaves_the_kernel),
		cmocka_unit_test(test_what_an_earlier_life_left_sends_until_it_is_replaced),
		cmocka_unit_test(test_charon_s_word_makes_a_pair_of_what_was_found),
		cmocka_unit_test(test_after_a_loss_each_is_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
