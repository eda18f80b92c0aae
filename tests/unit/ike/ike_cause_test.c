/* Lines as charon 5.9 writes them, and the cause they tell. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ike/ike_cause.h"

static const struct { const char *group, *msg; enum ike_cause cause; } lines[] = {
	{ "IKE", "received AUTHENTICATION_FAILED notify error", IKE_CAUSE_AUTH_BY_PEER },
	{ "IKE", "tried 1 shared key for '%any' - '192.0.2.1', but MAC mismatched", IKE_CAUSE_AUTH_OF_PEER },
	{ "IKE", "tried 3 shared keys for '192.0.2.2' - '192.0.2.1', but MAC mismatched", IKE_CAUSE_AUTH_OF_PEER },
	{ "IKE", "message parsing failed", IKE_CAUSE_NONE },
	{ "IKE", "no shared key found for '192.0.2.2'[192.0.2.2] - '%any'[192.0.2.1]", IKE_CAUSE_NO_KEY },
	{ "IKE", "no private key found for 'O=Acme, CN=hub'", IKE_CAUSE_NO_KEY },
	{ "IKE", "received NO_PROPOSAL_CHOSEN notify error", IKE_CAUSE_IKE_PROPOSAL },
	{ "IKE", "received NO_PROPOSAL_CHOSEN error notify", IKE_CAUSE_IKE_PROPOSAL },
	{ "IKE", "received NO_PROPOSAL_CHOSEN notify, no CHILD_SA built", IKE_CAUSE_ESP_PROPOSAL },
	{ "IKE", "received TS_UNACCEPTABLE notify, no CHILD_SA built", IKE_CAUSE_SELECTORS },
	{ "IKE", "no acceptable proposal found", IKE_CAUSE_ESP_PROPOSAL },
	{ "IKE", "no matching proposal found, sending NO_PROPOSAL_CHOSEN", IKE_CAUSE_ESP_PROPOSAL },
	{ "CFG", "no matching proposal found, trying alternative config", IKE_CAUSE_NONE },
	{ "IKE", "received proposals unacceptable", IKE_CAUSE_IKE_PROPOSAL },
	{ "CFG", "no matching peer config found", IKE_CAUSE_NO_CONFIG },
	{ "IKE", "no IKE config found for 192.0.2.1...192.0.2.2, sending NO_PROPOSAL_CHOSEN", IKE_CAUSE_NO_CONFIG },
	{ "IKE", "IDir 'x' does not match to 'y'", IKE_CAUSE_IDENTITY },
	{ "CFG", "constraint check failed: identity 'hub.example' required ", IKE_CAUSE_IDENTITY },
	{ "CFG", "subject certificate invalid (valid from Jan 01 00:00:00 2020 to Jan 01 00:00:00 2021)", IKE_CAUSE_CERT_EXPIRED },
	{ "CFG", "no issuer certificate found for \"O=Acme, CN=stranger\"", IKE_CAUSE_CERT_UNTRUSTED },
	{ "IKE", "no trusted ECDSA public key found for 'O=Acme, CN=stranger'", IKE_CAUSE_CERT_UNTRUSTED },
	{ "CFG", "certificate was revoked on Jan 01 00:00:00 UTC 2026, reason: unspecified", IKE_CAUSE_CERT_REVOKED },
	{ "IKE", "retransmit 2 of request with message ID 0", IKE_CAUSE_NO_ANSWER },
	{ "IKE", "retransmit 1 of request with message ID 1", IKE_CAUSE_NO_ANSWER_4500 },
	{ "IKE", "retransmit 1 of request with message ID 12", IKE_CAUSE_NO_ANSWER },
	{ "IKE", "sending retransmit 1 of request message ID 0, seq 3", IKE_CAUSE_NO_ANSWER_4500 },
	{ "IKE", "sending retransmit 1 of request message ID 0, seq 1", IKE_CAUSE_NO_ANSWER },
	{ "JOB", "deleting half open IKE_SA with 192.0.2.1 after timeout", IKE_CAUSE_HALF_OPEN },
	{ "IKE", "giving up after 4 retransmits", IKE_CAUSE_DEAD },
	{ "IKE", "establishing IKE_SA failed, peer not responding", IKE_CAUSE_NO_ANSWER },
	{ "NET", "error writing to socket: Network is unreachable", IKE_CAUSE_BLOCKED },
	{ "IKE", "ignoring IKE_SA setup from 192.0.2.9, half-open IKE_SA limit of 5 reached", IKE_CAUSE_BUSY },
	{ "IKE", "authentication of '192.0.2.1' (myself) with pre-shared key", IKE_CAUSE_NONE },
	{ "IKE", "authentication of '192.0.2.1' with pre-shared key successful", IKE_CAUSE_NONE },
	{ "CFG", "selected peer config 'P@192.0.2.2'", IKE_CAUSE_NONE },
	{ "IKE", NULL, IKE_CAUSE_NONE },
	{ NULL, "no acceptable proposal found", IKE_CAUSE_ESP_PROPOSAL },
	{ "IKE", "", IKE_CAUSE_NONE },
};

static void test_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		const enum ike_cause cause = ike_cause_of_log(lines[i].group, lines[i].msg);

		if (cause != lines[i].cause)
			fail_msg("%s: %s", lines[i].msg ? lines[i].msg : "NULL", ike_cause_word(cause));
	}
}

static void test_end_of_an_attempt(void **state)
{
	(void)state;
	assert_true(ike_log_ends_attempt("establishing IKE_SA failed, peer not responding"));
	assert_false(ike_log_ends_attempt("giving up after 4 retransmits")); /* also of an established one */
}

static void test_every_cause_has_words(void **state)
{
	(void)state;
	for (unsigned i = 0; i < IKE_CAUSE_COUNT; i++) {
		const enum ike_cause cause = (enum ike_cause)i;

		assert_true(ike_cause_word(cause)[0] && ike_cause_text(cause)[0] && ike_cause_remedy(cause)[0]);
		assert_null(strpbrk(ike_cause_word(cause), " _"));
		for (unsigned k = 0; k < i; k++)
			assert_string_not_equal(ike_cause_word(cause), ike_cause_word((enum ike_cause)k));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_lines), cmocka_unit_test(test_end_of_an_attempt), cmocka_unit_test(test_every_cause_has_words) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
