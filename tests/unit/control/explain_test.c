#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "control/explain.h"
#include "view_sample.h"

static struct ipaddr ip(const char *text)
{
	struct ipaddr a = IPADDR_NONE;

	assert_true(ipaddr_parse(text, &a));
	return a;
}

static void expect(const struct view *v, const char *peer, const char *wanted)
{
	const struct ipaddr a = peer ? ip(peer) : IPADDR_NONE;
	char *text = explain_text(v, &a);

	assert_non_null(text);
	assert_string_equal(text, wanted);
	free(text);
}

/* Three kinds of silence, three findings. */
static void test_paths(void **state)
{
	struct nhs_view n[3] = {
		{ .addr = ip("10.0.0.1"), .nbma = { .addr = ip("192.0.2.1") }, .status = NHS_VIEW_UP, .path = "MUTE",
		  .path_remark = "NHRP answers, probes do not (filtered?)", .last_reply = INSTANT_NEVER },
		{ .addr = ip("10.0.0.2"), .nbma = { .addr = ip("192.0.2.2") }, .status = NHS_VIEW_PROBE, .path = "ALIVE",
		  .path_remark = "NHRP dead behind a living tunnel: probes are answered, registrations are not",
		  .reason = "no answer", .last_reply = INSTANT_NEVER },
		{ .addr = ip("10.0.0.3"), .nbma = { .addr = ip("192.0.2.3") }, .status = NHS_VIEW_PROBE, .path = "DEAD",
		  .path_remark = "path dead: no probe is answered", .reason = "path dead: no probe is answered",
		  .last_reply = INSTANT_NEVER },
	};
	struct view v = { .router = "spoke1", .nhs_count = 3, .nhs = n };

	(void)state;
	expect(&v, NULL,
	       "nhs 10.0.0.1 at 192.0.2.1 in -\n"
	       "  cause:    NHRP answers, probes do not (filtered?)\n"
	       "  evidence: 0 registrations sent, 0 failed, 0 replies\n"
	       "  remedy:   let the NHS answer ICMP echoes to its tunnel address, or say no ip nhrp probe: only NHRP tells here that it is dead\n"
	       "nhs 10.0.0.2 at 192.0.2.2 in -\n"
	       "  cause:    NHRP dead behind a living tunnel: probes are answered, registrations are not\n"
	       "  evidence: 0 registrations sent, 0 failed, 0 replies\n"
	       "  remedy:   see that NHRP runs on the NHS: its tunnel carries packets and answers them\n"
	       "nhs 10.0.0.3 at 192.0.2.3 in -\n"
	       "  cause:    path dead: no probe is answered\n"
	       "  evidence: 0 registrations sent, 0 failed, 0 replies\n"
	       "  remedy:   see that the underlay carries packets to the NHS and back: probes through the tunnel are not answered\n");
}

static void test_everything(void **state)
{
	(void)state;
	expect(view_sample(), NULL,
	       "tunnel Tunnel7\n"
	       "  cause:    tunnel source: interface Gi0-0 is down\n"
	       "  evidence: the tunnel interface is down\n"
	       "  remedy:   mend what the reason names\n"
	       "nhs 10.0.0.2 in Tunnel0\n"
	       "  cause:    name does not resolve\n"
	       "  evidence: 4 registrations sent, 3 failed, 0 replies\n"
	       "  remedy:   see that the NHS's name resolves\n"
	       "peer 10.0.0.13 in Tunnel0\n"
	       "  cause:    no answer yet\n"
	       "  evidence: incomplete entry, traffic goes by 10.0.0.1, 00:00:06 ago\n"
	       "  remedy:   run explain on the router that serves this address: its session with this one may be down\n"
	       "session at 192.0.2.12\n"
	       "  cause:    no proposal chosen\n"
	       "  evidence: IPsec from 192.0.2.11 to 192.0.2.12 is BACKOFF, 3 attempts failed, 00:00:04 ago\n"
	       "  remedy:   share a proposal\n"
	       "caller at 198.51.100.9\n"
	       "  cause:    authentication failed\n"
	       "  evidence: called by IKE 5 times, shows identity spoke9, 00:00:02 ago\n"
	       "  remedy:   compare the keys\n"
	       "event 10.0.0.77 at 192.0.2.77\n"
	       "  cause:    a peer claims a tunnel address that it may not have\n"
	       "  evidence: tunnel=Tunnel0 address=10.0.0.77 nbma=192.0.2.77 reason=\"administratively prohibited\", 00:01:00 ago\n"
	       "  remedy:   change the peer's ip address or its certificate, or ip nhrp identity here; or another identity had the address before\n");
}

static void test_one_peer(void **state)
{
	(void)state;
	expect(view_sample(), "10.0.0.1", "10.0.0.1 is up\n");
	expect(view_sample(), "10.9.9.9", "10.9.9.9 is not known here: no NHS, no NHRP entry, no session\n");
	expect(view_sample(), "198.51.100.9",
	       "caller at 198.51.100.9\n"
	       "  cause:    authentication failed\n"
	       "  evidence: called by IKE 5 times, shows identity spoke9, 00:00:02 ago\n"
	       "  remedy:   compare the keys\n");
}

/* An NHS whose session is the trouble is told once, with the session's cause. */
static void test_session_behind_an_nhs(void **state)
{
	struct view v = *view_sample();
	struct nhs_view n = v.nhs[1];
	struct binding_view b = v.bindings[0];

	(void)state;
	n.addr = b.via;
	n.nbma = b.nbma = v.sessions[1].peer;
	b.state = BINDING_STATE_IKE;
	v.nhs = &n;
	v.bindings = &b;
	v.nhs_count = v.binding_count = 1;
	v.tunnel_count = 1;
	v.refused_count = v.event_count = 0;
	expect(&v, NULL,
	       "nhs 10.0.0.1 at 192.0.2.12 in Tunnel0\n"
	       "  cause:    no proposal chosen\n"
	       "  evidence: IPsec from 192.0.2.11 to 192.0.2.12 is BACKOFF, 3 attempts failed, 00:00:04 ago\n"
	       "  remedy:   share a proposal\n");
}

static void test_all_is_up(void **state)
{
	struct view v = *view_sample();

	(void)state;
	v.tunnel_count = v.nhs_count = v.session_count = 1;
	v.binding_count = 3;
	v.refused_count = v.event_count = 0;
	expect(&v, NULL, "everything is up\n");
}

/* An event that is long past explains nothing. */
static void test_old_events(void **state)
{
	struct view v = *view_sample();

	(void)state;
	v.tunnel_count = v.nhs_count = v.session_count = 1;
	v.binding_count = 3;
	v.refused_count = 0;
	v.unix_us += INT64_C(600) * 1000000;
	expect(&v, NULL, "everything is up\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everything),
		cmocka_unit_test(test_paths), cmocka_unit_test(test_one_peer), cmocka_unit_test(test_session_behind_an_nhs),
		cmocka_unit_test(test_all_is_up), cmocka_unit_test(test_old_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
