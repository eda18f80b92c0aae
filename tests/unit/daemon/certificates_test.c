/*
 * When a certificate is asked for, what waits meanwhile, and what is made of the answer. charon is a list of
 * questions here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "daemon/certificates.h"

static struct certificates *c;
static struct instant now;
static unsigned asked, taken, shown_again, refusals;
static enum certificate_fault refused_for;
static uint32_t last_taken, gone_from = UINT32_MAX;
static bool at_once; /* there is no charon */

static void ask(void *arg, uint32_t session)
{
	(void)arg;
	asked++;
	if (at_once)
		certificates_answer(c, now, session, "a", NULL, CERTIFICATE_NONE);
}

/* As the daemon does: the message comes in again. */
static void take(void *arg, const struct forward_nhrp *m)
{
	(void)arg;
	taken++;
	last_taken = m->tunnel;
	assert_int_equal(m->bytes[m->length - 1], 0x5a);
}

static bool can_show;

static bool again(void *arg, uint32_t session)
{
	(void)arg;
	(void)session;
	shown_again += can_show;
	return can_show;
}

static void refused(void *arg, uint32_t session, enum certificate_fault why)
{
	(void)arg;
	(void)session;
	refusals++;
	refused_for = why;
}

static const char *whose; /* all sessions are his */

static const char *identity(void *arg, uint32_t session)
{
	(void)arg;
	return session < gone_from ? whose : NULL;
}

static int set_up(void **state)
{
	static const struct certificates_calls calls = { ask, take, again, refused, identity };

	(void)state;
	c = certificates_new(&calls, NULL);
	certificates_charon(c, true);
	now = (struct instant){ 1000000000 };
	asked = taken = shown_again = refusals = 0;
	gone_from = UINT32_MAX;
	at_once = false;
	whose = "a";
	can_show = true;
	return 0;
}

static int take_down(void **state)
{
	(void)state;
	certificates_free(c);
	return 0;
}

static size_t count;
static const struct ipaddr *addresses;

static bool says(uint32_t session, uint32_t ike, const char *name, uint32_t number)
{
	const struct certificates_peer p = { .session = session, .ike_id = ike, .ike_spi = 1000 + ike, .identity = name };
	const volatile size_t octets = offsetof(struct forward_nhrp, bytes) + 40;
	struct forward_nhrp *m = calloc(1, octets); /* of its own size, so that a copy of more is seen */
	bool known;

	m->tunnel = number;
	m->length = 40;
	m->bytes[39] = 0x5a;
	m->session = session;
	whose = name;
	known = certificates_of(c, now, &p, m, &addresses, &count);
	free(m);
	return known;
}

static void answer(uint32_t session, const char *address, enum certificate_fault why)
{
	struct certificate found = { .count = 1 };

	if (address)
		ipaddr_parse(address, &found.addresses[0]);
	certificates_answer(c, now, session, whose, address ? &found : NULL, why);
}

static void expect(const char *address)
{
	char text[IPADDR_TEXT_MAX];

	assert_int_equal(count, address ? 1 : 0);
	if (address)
		assert_string_equal(ipaddr_format(&addresses[0], text), address);
}

static void messages_wait_for_the_answer(void **state)
{
	(void)state;
	assert_false(says(1, 7, "a", 1));
	assert_false(says(1, 7, "a", 2));
	assert_int_equal(asked, 1);
	assert_int_equal(taken, 0);
	answer(1, "10.0.0.11", CERTIFICATE_NONE);
	assert_int_equal(taken, 2);
	assert_int_equal(last_taken, 2);
	assert_true(says(1, 7, "a", 3));
	expect("10.0.0.11");
	assert_int_equal(asked, 1);
	answer(1, "10.0.0.66", CERTIFICATE_NONE); /* nobody asked */
	assert_true(says(1, 7, "a", 4));
	expect("10.0.0.11");
}

static void another_identity_or_agreement_is_asked_for_anew(void **state)
{
	(void)state;
	says(1, 7, "a", 1);
	answer(1, "10.0.0.11", CERTIFICATE_NONE);
	assert_false(says(1, 8, "a", 2));
	answer(1, "10.0.0.12", CERTIFICATE_NONE);
	assert_true(says(1, 8, "a", 3));
	expect("10.0.0.12");
	/* charon has no more of it: the same identity had it */
	assert_false(says(1, 9, "a", 4));
	answer(1, NULL, CERTIFICATE_NONE);
	assert_true(says(1, 9, "a", 5));
	expect("10.0.0.12");
	assert_int_equal(shown_again, 0);
	/* another one never */
	assert_false(says(1, 9, "b", 6));
	answer(1, NULL, CERTIFICATE_NONE);
	assert_int_equal(shown_again, 1);
	assert_false(says(1, 9, "b", 7)); /* not refused while it is about to be shown */
	assert_false(says(1, 10, "b", 8));
	answer(1, "10.0.0.13", CERTIFICATE_NONE);
	assert_true(says(1, 10, "b", 9));
	expect("10.0.0.13");
}

static void a_bad_one_ends_what_was_known(void **state)
{
	(void)state;
	says(1, 7, "a", 1);
	answer(1, "10.0.0.11", CERTIFICATE_NONE);
	says(1, 8, "a", 2);
	answer(1, NULL, CERTIFICATE_TOO_MANY);
	assert_true(says(1, 8, "a", 3));
	expect(NULL);
	assert_int_equal(refusals, 1);
	assert_int_equal(refused_for, CERTIFICATE_TOO_MANY);
	assert_int_equal(shown_again, 0);
	for (int i = 0; i < 5; i++) { /* said once */
		now = instant_add(now, span_s(6));
		assert_false(says(1, 8, "a", 4));
		answer(1, NULL, CERTIFICATE_TOO_MANY);
	}
	assert_int_equal(refusals, 1);
	/* a stranger's forgery ends nothing */
	now = instant_add(now, span_s(6));
	says(1, 8, "a", 5);
	answer(1, "10.0.0.11", CERTIFICATE_NONE);
	says(1, 9, "a", 6);
	answer(1, NULL, CERTIFICATE_UNTRUSTED);
	assert_true(says(1, 9, "a", 7));
	expect("10.0.0.11");
	says(1, 10, "a", 8);
	answer(1, NULL, CERTIFICATE_MALFORMED);
	assert_true(says(1, 10, "a", 9));
	expect("10.0.0.11");
}

static void what_is_not_to_be_had_is_shown_again(void **state)
{
	(void)state;
	at_once = true;
	can_show = false; /* charon is not there yet */
	assert_false(says(1, 7, "a", 1));
	assert_int_equal(taken, 1);
	assert_true(says(1, 7, "a", 2)); /* not asked for with every message */
	assert_int_equal(asked, 1);
	can_show = true;
	now = instant_add(now, span_s(6));
	assert_false(says(1, 7, "a", 3));
	assert_int_equal(shown_again, 1);
	assert_int_equal(taken, 1); /* it comes again when that has happened */
	now = instant_add(now, span_s(9));
	assert_false(says(1, 7, "a", 4));
	assert_int_equal(asked, 2);
	for (int i = 0; i < 8; i++) { /* nothing came of it */
		now = instant_add(now, span_s(6));
		says(1, 7, "a", 5);
	}
	assert_int_equal(shown_again, 1);
	assert_true(taken > 5);
	now = instant_add(now, span_s(6));
	says(1, 7, "a", 6);
	assert_int_equal(shown_again, 2);
}

/* Behind one address a session may become another's while a question is under way: neither what its former
 * owner said nor what his certificate names is the new one's. */
static void an_answer_is_not_for_another(void **state)
{
	struct certificate found = { .count = 1 };

	(void)state;
	ipaddr_parse("10.0.0.11", &found.addresses[0]);
	assert_false(says(1, 7, "a", 1));
	whose = "b";
	certificates_answer(c, now, 1, "a", &found, CERTIFICATE_NONE);
	assert_int_equal(taken, 0);
	assert_false(says(1, 8, "b", 2));
	assert_int_equal(asked, 2);
	answer(1, "10.0.0.12", CERTIFICATE_NONE);
	assert_int_equal(last_taken, 2);
	assert_true(says(1, 8, "b", 3));
	expect("10.0.0.12");
	/* and where the new one has spoken meanwhile */
	assert_false(says(2, 7, "a", 4));
	assert_false(says(2, 8, "b", 5));
	taken = 0;
	certificates_answer(c, now, 2, "a", &found, CERTIFICATE_NONE);
	assert_int_equal(taken, 0);
	assert_false(says(2, 8, "b", 6));
	answer(2, "10.0.0.12", CERTIFICATE_NONE);
	assert_int_equal(taken, 1);
	/* or is gone */
	assert_false(says(3, 7, "a", 7));
	gone_from = 3;
	certificates_answer(c, now, 3, "a", &found, CERTIFICATE_NONE);
	assert_int_equal(taken, 1);
}

static void everything_is_limited(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 9; i++)
		assert_false(says(1, 7, "a", i));
	for (uint32_t s = 2; s < 200; s++)
		assert_false(says(s, 7, "a", s));
	assert_int_equal(asked, CERTIFICATES_ASKED_MAX);
	answer(1, "10.0.0.11", CERTIFICATE_NONE);
	assert_int_equal(taken, CERTIFICATES_WAITING_MAX);
	says(199, 7, "a", 199);
	assert_int_equal(asked, CERTIFICATES_ASKED_MAX + 1);
	for (uint32_t s = 2; s < 200; s++)
		answer(s, "10.0.0.12", CERTIFICATE_NONE);
	gone_from = 150; /* sessions end, and nothing tells */
	for (uint32_t s = 1000; s < 1400; s++) {
		says(s, 7, "a", s);
		answer(s, "10.0.0.12", CERTIFICATE_NONE);
	}
	assert_true(certificates_count(c) < 400);
	assert_true(says(30, 7, "a", 1));
}

static void a_reload_believes_nothing_of_before(void **state)
{
	(void)state;
	can_show = false;
	says(1, 7, "a", 1);
	answer(1, "10.0.0.11", CERTIFICATE_NONE);
	certificates_forget(c);
	assert_false(says(1, 7, "a", 2));
	answer(1, NULL, CERTIFICATE_UNTRUSTED);
	assert_true(says(1, 7, "a", 3));
	expect(NULL);
}

/* The next life of the process: charon has lived on, and keeps no certificates. */
static void what_was_proven_counts_in_the_next_life(void **state)
{
	struct certificate_proof kept[2];
	char names[2][8];
	struct ipaddr address;
	uint32_t session = 0;

	says(1, 7, "a", 1);
	answer(1, "10.0.0.11", CERTIFICATE_NONE);
	says(2, 8, "b", 2);
	answer(2, NULL, CERTIFICATE_TOO_MANY);
	says(3, 9, "c", 3);
	answer(3, "10.0.0.13", CERTIFICATE_NONE);
	for (size_t i = 0; i < 2; i++) {
		assert_true(certificates_next(c, &session, &kept[i]));
		assert_int_equal(session, i == 0 ? 1 : 3);
		assert_int_equal(kept[i].ike_spi, 1000 + kept[i].ike_id);
		strcpy(names[i], kept[i].identity);
		kept[i].identity = names[i];
	}
	assert_false(certificates_next(c, &session, &kept[1])); /* a bad one proves nothing */
	assert_int_equal(kept[1].ike_id, 9);
	ipaddr_parse("10.0.0.11", &address);
	kept[0].addresses = kept[1].addresses = &address;

	take_down(state);
	set_up(state);
	certificates_restore(c, 51, &kept[0]);
	certificates_restore(c, 53, &kept[1]);
	assert_true(says(51, 7, "a", 1));
	expect("10.0.0.11");
	assert_int_equal(asked + shown_again, 0);
	session = 0;
	assert_true(certificates_next(c, &session, &kept[0])); /* nor is it lost in the life after the next */
	assert_int_equal(kept[0].ike_spi, 1007);
	/* another IKE_SA is another certificate, and another name another peer */
	assert_false(says(51, 8, "a", 2));
	assert_int_equal(asked, 1);
	assert_false(says(53, 9, "d", 3));
	answer(53, NULL, CERTIFICATE_NONE);
	assert_int_equal(shown_again, 1);
}

/* Nor is anybody refused for what charon has not said yet. */
static void without_charon_messages_wait(void **state)
{
	struct certificate_proof p = { .ike_id = 7, .ike_spi = 1007, .identity = "a", .count = 1 };
	struct ipaddr address;

	(void)state;
	ipaddr_parse("10.0.0.11", &address);
	p.addresses = &address;
	certificates_charon(c, false);
	assert_false(says(1, 0, "a", 1));
	assert_false(says(2, 0, "b", 2));
	assert_int_equal(asked + taken + shown_again, 0);
	certificates_restore(c, 1, &p);
	certificates_charon(c, true);
	assert_int_equal(taken, 2);
	assert_true(says(1, 7, "a", 1));
	expect("10.0.0.11");
	assert_int_equal(asked, 0);
	assert_false(says(2, 8, "b", 2));
	assert_int_equal(asked, 1);
	answer(2, "10.0.0.12", CERTIFICATE_NONE);
	/* charon dies: who is known is known */
	certificates_charon(c, false);
	assert_true(says(2, 8, "b", 3));
	expect("10.0.0.12");
	assert_false(says(3, 0, "c", 4));
	assert_int_equal(asked, 1);
}

/* Whoever keeps it is told of each change, and of nothing else. */
static void changes_are_counted(void **state)
{
	const uint64_t before = certificates_changes(c);
	uint64_t after;

	(void)state;
	says(1, 7, "a", 1);
	assert_int_equal(certificates_changes(c), before);
	answer(1, "10.0.0.11", CERTIFICATE_NONE);
	after = certificates_changes(c);
	assert_true(after > before);
	says(1, 7, "a", 2);
	assert_int_equal(certificates_changes(c), after);
	says(1, 8, "a", 3);
	answer(1, NULL, CERTIFICATE_NONE); /* charon has it no more: it is the new IKE_SA's */
	assert_true(certificates_changes(c) > after);
	after = certificates_changes(c);
	certificates_forget(c);
	assert_true(certificates_changes(c) > after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(messages_wait_for_the_answer, set_up, take_down),
		cmocka_unit_test_setup_teardown(another_identity_or_agreement_is_asked_for_anew, set_up, take_down),
		cmocka_unit_test_setup_teardown(a_bad_one_ends_what_was_known, set_up, take_down),
		cmocka_unit_test_setup_teardown(what_is_not_to_be_had_is_shown_again, set_up, take_down),
		cmocka_unit_test_setup_teardown(an_answer_is_not_for_another, set_up, take_down),
		cmocka_unit_test_setup_teardown(everything_is_limited, set_up, take_down),
		cmocka_unit_test_setup_teardown(a_reload_believes_nothing_of_before, set_up, take_down),
		cmocka_unit_test_setup_teardown(what_was_proven_counts_in_the_next_life, set_up, take_down),
		cmocka_unit_test_setup_teardown(without_charon_messages_wait, set_up, take_down),
		cmocka_unit_test_setup_teardown(changes_are_counted, set_up, take_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
