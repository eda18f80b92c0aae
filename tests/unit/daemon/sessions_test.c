/*
 * The sessions without charon, forwarder or clock: what happens goes in, what they ask for is
 * compared as text, one action a word.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/session.h"
#include "daemon/sessions.h"
#include "ike/ike_cause.h"

enum { TUNNEL = 0, PROTECTION = 7 };

static struct sessions *s;
static struct instant now;
static char done[2000]; /* what was asked for */

static struct endpoint at(const char *text)
{
	struct endpoint e = { 0 };

	assert_true(ipaddr_parse(text, &e.addr));
	return e;
}

static struct endpoint at_site(const char *text, uint32_t site)
{
	struct endpoint e = at(text);

	e.site = site;
	return e;
}

/* Everything that is to be done, without the traces. */
static const char *drain(void)
{
	static const char *const names[] = {
		[SESSION_DO_INITIATE] = "initiate", [SESSION_DO_FORGET] = "forget",
		[SESSION_DO_TERMINATE] = "terminate", [SESSION_DO_FORWARD_SET] = "set",
		[SESSION_DO_FORWARD_DEL] = "del", [SESSION_DO_BIND] = "bind", [SESSION_DO_REVOKE] = "revoke",
		[SESSION_DO_NHRP] = "nhrp", [SESSION_DO_REACHABLE] = "reachable", [SESSION_DO_DOUBTED] = "doubted",
		[SESSION_DO_TAKEN] = "taken",
	};
	struct session_action a;
	size_t used = 0;

	done[0] = '\0';
	while (sessions_next(s, &a)) {
		if (a.type == SESSION_DO_TRACE)
			continue;
		used += (size_t)snprintf(done + used, sizeof done - used, "%s%s", used ? " " : "", names[a.type]);
		if (a.type == SESSION_DO_TERMINATE)
			used += (size_t)snprintf(done + used, sizeof done - used, ":%u%s", a.ike_id, a.force ? "!" : "");
		else if (a.type == SESSION_DO_BIND || a.type == SESSION_DO_REVOKE)
			used += (size_t)snprintf(done + used, sizeof done - used, ":%u:%x/%x", a.session, a.spi_in, a.spi_out);
		else if (a.type == SESSION_DO_NHRP)
			used += (size_t)snprintf(done + used, sizeof done - used, ":%.*s", (int)a.length, (const char *)a.bytes);
	}
	return done;
}

static void pass(int64_t ms)
{
	now = instant_add(now, span_ms(ms));
	sessions_tick(s, now);
}

static const char *state_of(uint32_t session)
{
	struct session_view v;

	return sessions_view(s, session - 1, &v) && v.session == session ? v.state : "none";
}

static struct session_report report(uint32_t ike, const char *remote, const char *identity)
{
	return (struct session_report){
		.ike_id = ike, .spi_initiator = 0x100 + ike, .is_initiator = true, .protection = PROTECTION,
		.local = at("192.0.2.1"), .remote = at(remote), .remote_port = 4500, .identity = identity, .version = 2,
		.spi_in = 0xc0000000 + ike, .spi_out = 0xd0000000 + ike,
	};
}

static int begin(void **state)
{
	struct endpoint local = at("192.0.2.1");

	(void)state;
	now = (struct instant){ 1000000000 };
	s = sessions_new(1, 1);
	sessions_tunnel(s, now, TUNNEL, PROTECTION, &local);
	sessions_charon_ready(s, now);
	return 0;
}

static int end(void **state)
{
	(void)state;
	sessions_free(s);
	return 0;
}

static void want(const char *remote, uint32_t site)
{
	struct endpoint e = at_site(remote, site);

	sessions_want(s, now, TUNNEL, &e, false);
}

/* An NHS, or a static map. */
static void want_configured(const char *remote)
{
	struct endpoint e = at(remote);

	sessions_want(s, now, TUNNEL, &e, true);
}

static void unwant(const char *remote, uint32_t site)
{
	struct endpoint e = at_site(remote, site);

	sessions_unwant(s, now, TUNNEL, &e);
}

static void child_up(uint32_t ike, const char *remote, const char *identity, bool is_initiator)
{
	struct session_report r = report(ike, remote, identity);

	r.is_initiator = is_initiator;
	sessions_ike_up(s, now, &r);
	sessions_child_up(s, now, &r);
}

static void send(const char *remote, const char *text)
{
	struct endpoint e = at(remote);

	sessions_send(s, now, TUNNEL, &e, (const uint8_t *)text, strlen(text));
}

/* wanted --> asked of charon --> up --> what waited goes out */
static void test_comes_up(void **state)
{
	struct session_report r = report(1, "198.51.100.1", "hub");

	(void)state;
	want("198.51.100.1", 0);
	assert_string_equal(drain(), "initiate");
	assert_string_equal(state_of(1), "IKE");
	send("198.51.100.1", "one");
	sessions_ike_up(s, now, &r);
	assert_string_equal(state_of(1), "IPSEC");
	sessions_child_up(s, now, &r);
	assert_string_equal(drain(), "set bind:1:c0000001/d0000001");
	assert_string_equal(state_of(1), "IPSEC");
	sessions_can_send(s, now, 1, true);
	assert_string_equal(drain(), "reachable nhrp:one");
	assert_string_equal(state_of(1), "UP");
	send("198.51.100.1", "two");
	assert_string_equal(drain(), "nhrp:two");
	assert_string_equal(sessions_identity(s, 1), "hub");
}

static void test_queue_is_bounded_in_number_and_time(void **state)
{
	char text[8];

	(void)state;
	for (int i = 0; i < 20; i++) {
		snprintf(text, sizeof text, "%d", i);
		send("198.51.100.1", text);
	}
	assert_string_equal(drain(), "initiate");
	child_up(1, "198.51.100.1", "hub", true);
	sessions_can_send(s, now, 1, true);
	assert_non_null(strstr(drain(), "nhrp:4 nhrp:5"));
	assert_null(strstr(done, "nhrp:3 "));
	sessions_can_send(s, now, 1, false);
	send("198.51.100.1", "late");
	drain();
	pass(5001);
	sessions_can_send(s, now, 1, true);
	assert_null(strstr(drain(), "nhrp"));
}

/* A failure is followed by another try within 1 to 4 s, for ever. */
static void test_tries_again(void **state)
{
	(void)state;
	want("198.51.100.1", 0);
	drain();
	for (int i = 0; i < 10; i++) {
		struct session_report r = report((uint32_t)i, "198.51.100.1", NULL);

		sessions_ike_up(s, now, &r);
		sessions_ike_down(s, now, (uint32_t)i);
		assert_string_equal(state_of(1), "BACKOFF");
		pass(999);
		assert_string_equal(drain(), "");
		pass(3002);
		assert_string_equal(drain(), "initiate");
	}
}

static void test_no_answer_at_all(void **state)
{
	(void)state;
	want("198.51.100.1", 0);
	drain();
	pass(20001);
	assert_string_equal(state_of(1), "BACKOFF");
	pass(4001);
	assert_string_equal(drain(), "initiate");
}

/* Waiting for an answer was waiting enough: it is asked again at once. */
static void test_no_answer_is_asked_again_at_once(void **state)
{
	const struct session_key k = { PROTECTION, at("192.0.2.1"), at("198.51.100.1") };

	(void)state;
	want("198.51.100.1", 0);
	drain();
	pass(10900);
	sessions_attempt_failed(s, now, &k);
	pass(101);
	assert_string_equal(state_of(1), "BACKOFF");
	pass(201);
	assert_string_equal(drain(), "initiate");
}

/* One that says more gives way when it is not seen any more; each is logged once. */
static void test_causes_take_turns(void **state)
{
	const struct session_key k = { PROTECTION, at("192.0.2.1"), at("198.51.100.1") };
	struct session_view v;
	struct session_action a;
	unsigned lines = 0;

	(void)state;
	want("198.51.100.1", 0);
	for (int i = 0; i < 3; i++) {
		sessions_cause(s, now, &k, 9, "no proposal chosen");
		sessions_attempt_failed(s, now, &k);
		pass(4200);
		sessions_cause(s, now, &k, 7, "no answer");
		assert_true(sessions_view(s, 0, &v));
		assert_string_equal(v.cause, "no proposal chosen");
		pass(20001);
		sessions_cause(s, now, &k, 7, "no answer");
		assert_true(sessions_view(s, 0, &v));
		assert_string_equal(v.cause, "no answer");
		pass(4200);
		sessions_attempt_failed(s, now, &k);
		pass(4200);
	}
	while (sessions_next(s, &a))
		lines += a.type == SESSION_DO_TRACE;
	assert_int_equal(lines, 2);
}

/* The cause is logged once while it stays the same. */
static void test_log_stays_quiet(void **state)
{
	struct session_key k = { PROTECTION, at("192.0.2.1"), at("198.51.100.1") };
	struct session_action a;
	unsigned lines = 0;

	(void)state;
	want("198.51.100.1", 0);
	for (int i = 0; i < 20; i++) {
		sessions_cause(s, now, &k, 5, "no proposal chosen");
		sessions_cause(s, now, &k, 1, "refused");
		pass(20001);
		pass(4001);
	}
	while (sessions_next(s, &a)) {
		if (a.type != SESSION_DO_TRACE)
			continue;
		lines++;
		assert_non_null(strstr(a.text, "no proposal chosen"));
	}
	assert_int_equal(lines, 1);
}

/* hub dies of our charon's death only: SAs carry on, IKE begins anew, the orphans go at last. */
static void test_charon_dies_and_comes_back(void **state)
{
	(void)state;
	want("198.51.100.1", 0);
	child_up(1, "198.51.100.1", "hub", true);
	sessions_can_send(s, now, 1, true);
	drain();
	sessions_charon_lost(s, now);
	assert_string_equal(drain(), "");
	assert_string_equal(state_of(1), "UP");
	send("198.51.100.1", "still");
	assert_string_equal(drain(), "nhrp:still");
	sessions_charon_ready(s, now);
	assert_string_equal(drain(), "initiate");
	child_up(9, "198.51.100.1", "hub", true);
	assert_string_equal(drain(), "bind:1:c0000009/d0000009 reachable");
	pass(6001);
	assert_string_equal(drain(), "revoke:1:c0000001/d0000001");
}

/* Both began at once: both ends end the same one, the beginner first. */
static void test_crossed(void **state)
{
	(void)state;
	want("198.51.100.1", 0);
	child_up(1, "198.51.100.1", "hub", true);
	child_up(2, "198.51.100.1", "hub", false);
	drain();
	pass(3999);
	assert_string_equal(drain(), "");
	pass(2); /* the other end should have ended it by now */
	assert_string_equal(drain(), "terminate:2");
	sessions_child_down(s, now, 0xc0000002);
	sessions_ike_down(s, now, 2);
	pass(10000);
	assert_string_equal(drain(), "");
}

static void test_crossed_ours_goes(void **state)
{
	struct session_report r = report(1, "198.51.100.1", "hub");

	(void)state;
	want("198.51.100.1", 0);
	r.spi_initiator = 0x999;
	sessions_ike_up(s, now, &r);
	sessions_child_up(s, now, &r);
	child_up(2, "198.51.100.1", "hub", false);
	drain();
	pass(2001);
	assert_string_equal(drain(), "terminate:1");
}

/* Seconds apart is not at once: the newer stays, also after we have been away and were told of the older. */
static void test_not_crossed(void **state)
{
	struct session_report r = report(1, "198.51.100.1", "hub");

	(void)state;
	want("198.51.100.1", 0);
	r.age_s = 30;
	sessions_ike_up(s, now, &r);
	sessions_child_up(s, now, &r);
	child_up(2, "198.51.100.1", "hub", false); /* the higher initiator SPI */
	drain();
	pass(2001);
	assert_string_equal(drain(), "terminate:1!");
}

/* Both began at once, and before that was settled the peer's charon died and began again: of the three one
 * stays, the newest, whatever the SPIs. */
static void test_crossed_and_begun_again(void **state)
{
	struct session_report again = report(3, "198.51.100.1", "hub");

	(void)state;
	want("198.51.100.1", 0);
	child_up(1, "198.51.100.1", "hub", false);
	child_up(2, "198.51.100.1", "hub", true);
	pass(1000);
	again.is_initiator = false;
	again.spi_initiator = 0x999;
	sessions_ike_up(s, now, &again);
	sessions_child_up(s, now, &again);
	drain();
	pass(4001);
	drain();
	assert_non_null(strstr(done, "terminate:1!"));
	assert_non_null(strstr(done, "terminate:2!"));
	assert_null(strstr(done, "terminate:3"));
}

/* The peer has ended what is new, but not what charon forgot when it died: somebody must begin again. */
static void test_only_orphans_are_left(void **state)
{
	(void)state;
	want("198.51.100.1", 0);
	child_up(1, "198.51.100.1", "hub", true);
	sessions_can_send(s, now, 1, true);
	sessions_charon_lost(s, now);
	sessions_charon_ready(s, now);
	child_up(2, "198.51.100.1", "hub", true);
	sessions_ike_down(s, now, 2);
	drain();
	pass(4001);
	assert_string_equal(drain(), "initiate");
	assert_string_equal(state_of(1), "UP"); /* what is left still sends */
}

/* "I know no such SA", or no answer: begun anew beside what there is, which goes on; once in a while. */
static void test_doubt(void **state)
{
	struct endpoint hub = at("198.51.100.1");

	(void)state;
	want("198.51.100.1", 0);
	sessions_doubt(s, now, 1);
	child_up(1, "198.51.100.1", "hub", true);
	sessions_can_send(s, now, 1, true);
	drain();
	pass(60000);
	sessions_doubt(s, now, 1);
	sessions_doubt(s, now, 1);
	sessions_silent(s, now, TUNNEL, &hub);
	assert_string_equal(drain(), "doubted initiate doubted"); /* probes look at once */
	assert_string_equal(state_of(1), "UP");
	child_up(2, "198.51.100.1", "hub", true);
	assert_string_equal(drain(), "bind:1:c0000002/d0000002 reachable");
	pass(2001);
	assert_string_equal(drain(), "terminate:1!");
	sessions_ike_down(s, now, 1);
	sessions_silent(s, now, TUNNEL, &hub);
	assert_string_equal(drain(), "");
	pass(1000);
	sessions_silent(s, now, TUNNEL, &hub);
	assert_string_equal(drain(), "initiate");
	sessions_doubt(s, now, 99); /* unknown by now */
	assert_string_equal(drain(), "");
}

/* What was begun anew came to nothing. */
static void test_doubt_after_an_attempt_in_vain(void **state)
{
	const struct session_key k = { PROTECTION, at("192.0.2.1"), at("198.51.100.1") };

	(void)state;
	want("198.51.100.1", 0);
	child_up(1, "198.51.100.1", "hub", true);
	sessions_can_send(s, now, 1, true);
	sessions_doubt(s, now, 1);
	drain();
	pass(11000);
	sessions_doubt(s, now, 1);
	assert_string_equal(drain(), "doubted");
	sessions_attempt_failed(s, now, &k);
	assert_string_equal(drain(), "initiate"); /* nobody answered, so it goes on … */
	pass(1000);
	sessions_attempt_failed(s, now, &k);
	assert_string_equal(drain(), ""); /* … and somebody did: he is not pressed … */
	sessions_doubt(s, now, 1);
	assert_string_equal(drain(), "doubted initiate"); /* … but may call for it at once */
	child_up(2, "198.51.100.1", "hub", true);
	drain();
	pass(11000);
	drain();
	sessions_attempt_failed(s, now, &k);
	assert_string_equal(drain(), ""); /* an older one of ours */
}

/* Who was silent and is heard again is asked at once; who refused us is not asked more often for it. */
static void test_a_sign_of_life_ends_the_wait(void **state)
{
	const struct session_key k = { PROTECTION, at("192.0.2.1"), at("198.51.100.1") };

	(void)state;
	want("198.51.100.1", 0);
	child_up(1, "198.51.100.1", "hub", true);
	sessions_can_send(s, now, 1, true);
	sessions_ike_down(s, now, 1);
	sessions_can_send(s, now, 1, false);
	drain();
	assert_string_equal(state_of(1), "BACKOFF");
	sessions_doubt(s, now, 1);
	pass(199);
	assert_string_equal(drain(), "doubted");
	pass(2);
	assert_string_equal(drain(), "initiate");
	sessions_cause(s, now, &k, IKE_CAUSE_AUTH_BY_PEER, "authentication failed");
	sessions_attempt_failed(s, now, &k);
	pass(101);
	assert_string_equal(state_of(1), "BACKOFF");
	drain();
	sessions_doubt(s, now, 1);
	pass(998);
	assert_string_equal(drain(), "doubted");
	assert_string_equal(state_of(1), "BACKOFF");
}

/* A peer that lost its memory begins anew: the older one goes, whatever its SPI. */
static void test_peer_restarts(void **state)
{
	struct session_report r = report(2, "198.51.100.1", "spoke");

	(void)state;
	child_up(1, "198.51.100.1", "spoke", false);
	pass(20000);
	r.spi_initiator = 0x999;
	r.is_initiator = false;
	sessions_ike_up(s, now, &r);
	sessions_child_up(s, now, &r);
	drain();
	pass(4001);
	assert_string_equal(drain(), "terminate:1!"); /* without waiting for an answer */
}

/* Two behind one address: the second is another site, and each finds its own again. */
static void test_two_behind_one_nat(void **state)
{
	struct session_view v;

	(void)state;
	child_up(1, "198.51.100.1", "a", false);
	child_up(2, "198.51.100.1", "b", false);
	assert_true(sessions_view(s, 1, &v));
	assert_int_equal(v.session, 2);
	assert_int_equal(v.key.remote.site, 1);
	assert_string_equal(v.identity, "b");
	want("198.51.100.1", 0);
	want("198.51.100.1", 1);
	drain();
	sessions_can_send(s, now, 1, true);
	sessions_can_send(s, now, 2, true);
	drain();
	sessions_charon_lost(s, now);
	sessions_charon_ready(s, now);
	drain();
	child_up(4, "198.51.100.1", "b", false);
	child_up(3, "198.51.100.1", "a", false);
	assert_string_equal(drain(), "bind:2:c0000004/d0000004 reachable bind:1:c0000003/d0000003 reachable");
}

static void lose(uint32_t session, uint32_t ike)
{
	sessions_ike_down(s, now, ike);
	sessions_can_send(s, now, session, false);
	drain();
}

/* a is away for a while, and the engine still has it: b is somebody else, by whatever port and however often a is away. */
static void test_a_session_that_is_somebodys_is_nobody_elses(void **state)
{
	(void)state;
	child_up(1, "198.51.100.1", "a", false);
	want("198.51.100.1", 0);
	for (uint32_t i = 0; i < 20; i++) {
		const uint32_t a = 10 + 4 * i, b = a + 1;
		struct session_report rekeyed = report(b + 1, "198.51.100.1", "b");
		struct session_view v;

		sessions_can_send(s, now, 1, true);
		lose(1, i == 0 ? 1 : a - 4);
		child_up(b, "198.51.100.1", "b", false);
		assert_null(strstr(drain(), "bind:1:"));
		assert_string_equal(sessions_identity(s, 1), "a");
		sessions_ike_rekeyed(s, now, b, &rekeyed);
		rekeyed.is_rekey = true;
		rekeyed.remote_port = (uint16_t)(40000 + i);
		sessions_child_up(s, now, &rekeyed);
		assert_null(strstr(drain(), "bind:1:"));
		child_up(a, "198.51.100.1", "a", false); /* by another port */
		assert_non_null(strstr(drain(), "bind:1:"));
		assert_string_equal(sessions_identity(s, 1), "a");
		assert_true(sessions_view_of_ike(s, b + 1, &v));
		assert_string_equal(v.identity, "b");
		assert_int_equal(v.key.remote.site, 1);
		sessions_ike_down(s, now, b + 1);
		drain();
	}
}

/* What nobody has any more is whoever's comes, and what waited there for the former goes with him. */
static void test_what_nobody_has_is_free(void **state)
{
	(void)state;
	child_up(1, "198.51.100.1", "a", false);
	send("198.51.100.1", "for a");
	sessions_ike_down(s, now, 1);
	child_up(2, "198.51.100.1", "b", false);
	assert_string_equal(sessions_identity(s, 1), "b");
	sessions_can_send(s, now, 1, true);
	assert_null(strstr(drain(), "nhrp"));
}

/* Who is configured there is meant, whoever it is; the engine hears of it before anything is sealed for him. */
static void test_the_configured_one_may_be_another(void **state)
{
	const char *taken;

	(void)state;
	want_configured("198.51.100.1");
	want("198.51.100.1", 1); /* not that one */
	child_up(1, "198.51.100.1", "old hub", true);
	assert_null(strstr(drain(), "taken"));
	sessions_can_send(s, now, 1, true);
	lose(1, 1);
	child_up(2, "198.51.100.1", "new hub", true);
	taken = strstr(drain(), "taken");
	assert_non_null(taken);
	assert_non_null(strstr(taken, "bind:1:"));
	assert_string_equal(sessions_identity(s, 1), "new hub");
	want("198.51.100.1", 0); /* it is an NHS no more */
	lose(1, 2);
	child_up(3, "198.51.100.1", "third", true);
	assert_null(strstr(drain(), "taken"));
	assert_string_equal(sessions_identity(s, 1), "new hub");
}

/* 41 and 42, behind one address, whole or with half of their SAs: what an earlier life left. */
static void two_held(bool whole)
{
	sessions_charon_lost(s, now);
	for (uint32_t i = 0; i < 2; i++) {
		struct session_key k = { PROTECTION, at("192.0.2.1"), at_site("198.51.100.1", i) };

		sessions_held(s, now, 41 + i, &k);
		sessions_held_sa(s, now, 41 + i, 0xc0000001 + i, true);
		if (whole) {
			sessions_held_sa(s, now, 41 + i, 0xd0000001 + i, false);
			sessions_can_send(s, now, 41 + i, true);
		}
		want("198.51.100.1", i);
	}
	drain();
}

/* Of two that an earlier life had, charon names the second first: each is known by its SAs, not by who comes first. */
static void test_adopts_two_behind_one_nat(void **state)
{
	struct session_report r = report(2, "198.51.100.1", "b");

	(void)state;
	two_held(true);
	sessions_child_up(s, now, &r);
	assert_string_equal(sessions_identity(s, 42), "b");
	child_up(1, "198.51.100.1", "a", false);
	assert_string_equal(sessions_identity(s, 41), "a");
	assert_string_equal(sessions_identity(s, 42), "b");
}

/* … and where charon knows none of them either, who comes is neither of the two. */
static void test_of_two_orphans_nobody_is_taken_for_one(void **state)
{
	(void)state;
	two_held(false);
	sessions_charon_ready(s, now);
	drain();
	child_up(9, "198.51.100.1", "b", false);
	assert_non_null(strstr(drain(), "bind:43:"));
}

/* Nobody wants it: it stays for a minute, then it is ended and forgotten. */
static void test_unwanted(void **state)
{
	(void)state;
	want("198.51.100.1", 0);
	child_up(1, "198.51.100.1", "hub", true);
	drain();
	unwant("198.51.100.1", 0);
	pass(59000);
	assert_string_equal(drain(), "");
	pass(1001);
	assert_string_equal(drain(), "terminate:1 forget");
	sessions_ike_down(s, now, 1);
	assert_string_equal(drain(), "del forget");
	assert_string_equal(state_of(1), "none");
}

/* This process is restarted: the forwarder tells what it has, charon what it knows. */
static void test_adopts(void **state)
{
	struct session_key k = { PROTECTION, at("192.0.2.1"), at("198.51.100.1") };

	(void)state;
	sessions_charon_lost(s, now);
	sessions_held(s, now, 41, &k);
	sessions_held_sa(s, now, 41, 0xc0000001, true);
	sessions_held_sa(s, now, 41, 0xd0000001, false);
	sessions_can_send(s, now, 41, true);
	want("198.51.100.1", 0);
	drain();
	child_up(1, "198.51.100.1", "hub", true);
	assert_string_equal(drain(), "bind:41:c0000001/d0000001 reachable");
	sessions_charon_ready(s, now);
	assert_string_equal(drain(), "");
	assert_string_equal(state_of(41), "UP");
	want("198.51.100.2", 0);
	assert_string_equal(state_of(42), "IKE");
}

static void test_adopts_orphans(void **state)
{
	struct session_key k = { PROTECTION, at("192.0.2.1"), at("198.51.100.1") };

	(void)state;
	sessions_charon_lost(s, now);
	sessions_held(s, now, 41, &k);
	sessions_held_sa(s, now, 41, 0xc0000001, true);
	sessions_held_sa(s, now, 41, 0xd0000001, false);
	want("198.51.100.1", 0);
	sessions_charon_ready(s, now);
	assert_string_equal(drain(), "initiate");
	child_up(1, "198.51.100.1", "hub", true);
	assert_string_equal(drain(), "bind:41:c0000001/d0000001");
}

/* The kernel has no numbers for sessions, and nobody is told that there is one. */
static void test_adopts_what_the_kernel_has(void **state)
{
	struct session_key k = { PROTECTION, at("192.0.2.1"), at("198.51.100.1") };
	uint32_t found;

	(void)state;
	sessions_charon_lost(s, now);
	found = sessions_found(s, now, &k, 0);
	assert_int_equal(sessions_found(s, now, &k, 0), found);
	sessions_held_sa(s, now, found, 0xc0000009, true);
	sessions_held_sa(s, now, found, 0xd0000009, false);
	sessions_can_send(s, now, found, true);
	assert_true(sessions_is_orphan(s, found, 0xc0000009, true));
	drain();
	sessions_charon_ready(s, now);
	assert_string_equal(drain(), "initiate"); /* nobody wants it, but nobody knows who it is either */
	child_up(1, "198.51.100.1", "hub", true);
	drain();
	assert_false(sessions_is_orphan(s, found, 0xc0000001, true));
	assert_false(sessions_is_orphan(s, found, 0xd0000001, false));
	assert_true(sessions_is_orphan(s, found, 0xd0000009, false));
	assert_true(sessions_is_orphan(s, found + 1, 0xd0000001, false));
	pass(6001);
	assert_string_equal(drain(), "revoke:1:0/d0000009 revoke:1:c0000009/0");
}

static void test_forwarder_is_told_again(void **state)
{
	(void)state;
	want("198.51.100.1", 0);
	child_up(1, "198.51.100.1", "hub", true);
	drain();
	sessions_replay(s, now);
	assert_string_equal(drain(), "set bind:1:c0000001/d0000001");
}

/* IKE_SA rekeyed, then the pair: nothing of it ends. */
static void test_rekeys(void **state)
{
	struct session_report r = report(2, "198.51.100.1", "hub");

	(void)state;
	want("198.51.100.1", 0);
	child_up(1, "198.51.100.1", "hub", true);
	drain();
	sessions_ike_rekeyed(s, now, 1, &r);
	sessions_ike_down(s, now, 1);
	r.is_rekey = true;
	sessions_child_up(s, now, &r);
	sessions_child_down(s, now, 0xc0000001);
	assert_string_equal(drain(), "bind:1:c0000002/d0000002");
	pass(60000);
	assert_string_equal(drain(), "");
}

/* The tunnel's source address changes: its peers want sessions from the new one. */
static void test_tunnel_moves(void **state)
{
	struct endpoint local = at("192.0.2.9");

	(void)state;
	want("198.51.100.1", 0);
	assert_string_equal(drain(), "initiate");
	sessions_tunnel(s, now, TUNNEL, PROTECTION, &local);
	assert_string_equal(drain(), "forget forget initiate");
	sessions_tunnel(s, now, TUNNEL, 0, &local);
	assert_false(sessions_covers(s, TUNNEL));
}

/* A peer that nobody wants moves: its old session goes with the same report that tells of the pair. */
static void test_moves_from_a_session_that_ends(void **state)
{
	struct session_report r;

	(void)state;
	want("198.51.100.1", 0);
	child_up(1, "198.51.100.1", "a", false);
	unwant("198.51.100.1", 0);
	assert_string_equal(state_of(1), "LINGERING");
	drain();
	r = report(1, "198.51.100.77", "a");
	sessions_child_up(s, now, &r);
	assert_string_equal(drain(), "del forget set bind:2:c0000001/d0000001");
	sessions_child_down(s, now, r.spi_in); /* it is found where it is now */
	sessions_ike_down(s, now, 1);
	assert_string_equal(drain(), "terminate:1 del forget");
}

static void up(uint32_t ike)
{
	want("198.51.100.1", 0);
	child_up(ike, "198.51.100.1", "a", true);
	sessions_can_send(s, now, 1, true);
	pass(20000);
	drain();
}

/* Other settings: made before the old is broken */
static void test_renews(void **state)
{
	(void)state;
	up(1);
	sessions_restart(s, now, PROTECTION + 1, false);
	assert_string_equal(drain(), "");
	sessions_restart(s, now, PROTECTION, false);
	assert_string_equal(drain(), "forget initiate");
	pass(300);
	child_up(2, "198.51.100.1", "a", true);
	assert_null(strstr(drain(), "terminate"));
	pass(2100);
	assert_string_equal(drain(), "terminate:1!");
	sessions_ike_down(s, now, 1);
	assert_string_equal(state_of(1), "UP");
	pass(20000);
	assert_string_equal(drain(), ""); /* the new one stays */
}

/* Nothing comes of it: the former settings are in force no more all the same */
static void test_renews_in_vain(void **state)
{
	(void)state;
	up(1);
	sessions_restart(s, now, PROTECTION, false);
	drain();
	pass(11900);
	assert_string_equal(drain(), "");
	pass(101);
	assert_string_equal(drain(), "terminate:1!");
	sessions_ike_down(s, now, 1);
	assert_string_equal(state_of(1), "UP"); /* the forwarder has not said so yet */
	pass(4001);
	assert_string_equal(drain(), "initiate");
}

static void test_is_gone(void **state)
{
	(void)state;
	up(1);
	sessions_restart(s, now, PROTECTION, true);
	assert_string_equal(drain(), "forget terminate:1!");
}

/* Whoever may come in may not fill the house. */
static void test_crowds(void **state)
{
	struct session_report r = report(1, "198.51.100.1", "a");
	size_t ended = 0;

	(void)state;
	want("198.51.100.1", 0);
	for (uint32_t i = 1; i <= SESSION_IKES_MAX; i++)
		child_up(i, "198.51.100.1", "a", false);
	assert_null(strstr(drain(), "terminate"));
	child_up(SESSION_IKES_MAX + 1, "198.51.100.1", "a", false);
	assert_non_null(strstr(drain(), "terminate:1!"));
	child_up(SESSION_IKES_MAX + 2, "198.51.100.1", "a", false);
	assert_non_null(strstr(drain(), "terminate:2!"));
	for (uint32_t i = 1; i <= SESSION_IKES_MAX + 1; i++)
		sessions_ike_down(s, now, i);
	drain();
	r.ike_id = SESSION_IKES_MAX + 2;
	for (uint32_t i = 1; i <= SESSION_PAIRS_MAX + 5; i++) {
		r.spi_in = i;
		r.spi_out = 0x1000 + i;
		sessions_child_up(s, now, &r);
		ended += strstr(drain(), "terminate:18!") != NULL;
	}
	assert_int_equal(ended, 1);
}

/* What was refused of an address is told at every local end of it, and nowhere else. */
static void test_cause_at_an_address(void **state)
{
	const struct endpoint other = at("192.0.2.2"), refused = at("198.51.100.2");
	struct session_view v;
	uint32_t after = 0;
	size_t told = 0;

	(void)state;
	sessions_tunnel(s, now, 1, PROTECTION, &other);
	sessions_tunnel(s, now, 2, PROTECTION + 1, &other);
	for (uint32_t tunnel = 0; tunnel < 3; tunnel++)
		for (int i = 0; i < 3; i++) {
			const struct endpoint e = at(i == 0 ? "198.51.100.1" : i == 1 ? "198.51.100.2" : "198.51.100.3");

			sessions_want(s, now, tunnel, &e, false);
		}
	sessions_cause_at(s, now, &refused.addr, 3, "for a reason");
	while (sessions_view(s, after, &v)) {
		assert_int_equal(strcmp(v.cause, "for a reason") == 0, ipaddr_eq(&v.key.remote.addr, &refused.addr));
		told += v.cause[0] != '\0';
		after = v.session;
	}
	assert_int_equal(told, 3);
}

/* ---- the state machine, pair by pair */

static struct session *in_state(enum session_state state, bool wanted)
{
	const struct session_key k = { PROTECTION, at("192.0.2.1"), at("198.51.100.1") };
	struct session *const x = session_get(s, &k);

	x->wanted_until = INSTANT_NEVER;
	s->charon = state != SESSION_WAITING;
	if (state == SESSION_WAITING || state == SESSION_IKE || state == SESSION_BACKOFF)
		session_step(x, SESSION_EVENT_WANTED);
	if (state == SESSION_IPSEC)
		session_step(x, SESSION_EVENT_IKE_UP);
	if (state == SESSION_UP || state == SESSION_LINGERING)
		session_step(x, SESSION_EVENT_CHILD_UP);
	if (state == SESSION_BACKOFF)
		session_step(x, SESSION_EVENT_TIMER);
	if (state == SESSION_LINGERING)
		session_step(x, SESSION_EVENT_UNWANTED);
	assert_int_equal(x->state, state);
	if (!wanted)
		x->wanted_until = INSTANT_ZERO;
	return x;
}

/* What state follows; columns are events in the order of SESSION_EVENTS:
 * WANTED UNWANTED TIMER IKE_UP IKE_DOWN CHILD_UP CHILD_DOWN CHARON_LOST CHARON_BACK. Charon is there, but in CHARON_LOST,
 * and the session has no SAs. */
#define I SESSION_IDLE
#define W SESSION_WAITING
#define K SESSION_IKE
#define P SESSION_IPSEC
#define U SESSION_UP
#define B SESSION_BACKOFF
#define L SESSION_LINGERING
static const enum session_state follows_wanted[SESSION_STATE_COUNT][SESSION_EVENT_COUNT] = {
	[SESSION_IDLE]      = { K, I, I, P, I, U, I, I, I },
	[SESSION_WAITING]   = { W, K, W, P, W, U, W, W, K },
	[SESSION_IKE]       = { K, K, B, P, B, U, K, W, K },
	[SESSION_IPSEC]     = { P, P, B, P, B, U, P, W, P },
	[SESSION_UP]        = { U, L, U, U, B, U, B, W, U },
	[SESSION_BACKOFF]   = { B, K, K, P, B, U, B, W, B },
	[SESSION_LINGERING] = { K, L, I, L, L, L, I, L, L },
};

static const enum session_state follows_unwanted[SESSION_STATE_COUNT][SESSION_EVENT_COUNT] = {
	[SESSION_IDLE]      = { I, I, I, P, I, L, I, I, I },
	[SESSION_WAITING]   = { W, I, W, P, W, L, W, W, I },
	[SESSION_IKE]       = { K, I, I, P, I, L, K, I, K },
	[SESSION_IPSEC]     = { P, P, I, P, I, L, P, I, P },
	[SESSION_UP]        = { U, L, U, U, I, U, I, I, U },
	[SESSION_BACKOFF]   = { B, I, I, P, B, L, B, I, B },
	[SESSION_LINGERING] = { I, L, I, L, L, L, I, L, L },
};
#undef I
#undef W
#undef K
#undef P
#undef U
#undef B
#undef L

static void check_pair(enum session_state from, enum session_event event, bool wanted)
{
	const enum session_state then = (wanted ? follows_wanted : follows_unwanted)[from][event];
	struct session *const x = in_state(from, wanted);
	bool timed;

	s->charon = event != SESSION_EVENT_CHARON_LOST;
	session_step(x, event);
	if (x->state != then)
		fail_msg("%s, event %u, %s: %s", session_state_name(from), (unsigned)event, wanted ? "wanted" : "unwanted",
			 session_state_name(x->state));
	/* a state that waits for something has a timer; the others have none */
	timed = then == SESSION_IKE || then == SESSION_IPSEC || then == SESSION_BACKOFF || then == SESSION_LINGERING;
	assert_int_equal(timer_running(&x->timer), timed);
	assert_int_equal(s->asking, then == SESSION_IKE);
}

static void test_every_pair(void **state)
{
	for (unsigned from = 0; from < SESSION_STATE_COUNT; from++)
		for (unsigned event = 0; event < SESSION_EVENT_COUNT; event++)
			for (int wanted = 0; wanted < 2; wanted++) {
				check_pair((enum session_state)from, (enum session_event)event, wanted);
				end(state);
				begin(state);
			}
}

/* Anything in any order: it neither crashes nor stays where nothing happens. */
static void test_events_in_any_order(void **state)
{
	(void)state;
	for (int i = 0; i < 20000; i++) {
		static uint64_t seed = 3;
		uint32_t ike;
		char remote[20];

		seed = seed * 6364136223846793005u + 1442695040888963407u;
		ike = (uint32_t)(seed >> 40) % 6 + 1;
		snprintf(remote, sizeof remote, "198.51.100.%u", (unsigned)(seed >> 20) % 2 + 1);
		switch ((seed >> 33) % 13) {
		case 0: want(remote, 0); break;
		case 1: unwant(remote, 0); break;
		case 2: child_up(ike, remote, ike & 1 ? "a" : "b", ike & 2); break;
		case 3: sessions_child_down(s, now, 0xc0000000 + ike); break;
		case 4: sessions_ike_down(s, now, ike); break;
		case 5: pass((int64_t)(seed >> 50)); break;
		case 6: send(remote, "x"); break;
		case 7: sessions_can_send(s, now, (uint32_t)(i % 7), seed & 1); break;
		case 8: if (i % 3 == 0) sessions_charon_lost(s, now); break;
		case 9: sessions_charon_ready(s, now); break;
		case 10: sessions_restart(s, now, PROTECTION, seed & 4); break;
		case 11: want(remote, 1); break;
		case 12: unwant(remote, 1); break;
		}
		drain();
	}
	for (unsigned i = 1; i <= 2; i++) {
		char remote[20];

		snprintf(remote, sizeof remote, "198.51.100.%u", i);
		unwant(remote, 0);
		unwant(remote, 1);
	}
	sessions_charon_lost(s, now);
	pass(10000000);
	for (uint32_t i = 0; i < 100000; i++) {
		struct session_view v;

		if (!sessions_view(s, i, &v))
			break;
		i = v.session;
		assert_false(v.wanted);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(test_comes_up), TEST(test_queue_is_bounded_in_number_and_time), TEST(test_tries_again),
		TEST(test_no_answer_at_all), TEST(test_no_answer_is_asked_again_at_once), TEST(test_causes_take_turns),
		TEST(test_log_stays_quiet), TEST(test_charon_dies_and_comes_back),
		TEST(test_not_crossed), TEST(test_crossed_and_begun_again), TEST(test_only_orphans_are_left), TEST(test_doubt),
		TEST(test_doubt_after_an_attempt_in_vain), TEST(test_a_sign_of_life_ends_the_wait),
		TEST(test_crossed), TEST(test_crossed_ours_goes), TEST(test_peer_restarts), TEST(test_two_behind_one_nat),
		TEST(test_a_session_that_is_somebodys_is_nobody_elses), TEST(test_what_nobody_has_is_free),
		TEST(test_the_configured_one_may_be_another), TEST(test_adopts_two_behind_one_nat),
		TEST(test_of_two_orphans_nobody_is_taken_for_one),
		TEST(test_unwanted), TEST(test_adopts), TEST(test_adopts_orphans), TEST(test_adopts_what_the_kernel_has),
		TEST(test_forwarder_is_told_again),
		TEST(test_rekeys), TEST(test_tunnel_moves), TEST(test_moves_from_a_session_that_ends), TEST(test_cause_at_an_address), TEST(test_crowds),
		TEST(test_renews), TEST(test_renews_in_vain), TEST(test_is_gone),
		TEST(test_events_in_any_order), TEST(test_every_pair),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
