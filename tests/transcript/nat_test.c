/*
 * A spoke behind a NAT whose outside address changes under it, and nobody is told.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "scene.h"

/* spoke1 is 172.16.0.9 inside, 203.0.113.7 outside, and registered so. */
static struct scene natted_up(void)
{
	const struct scene s = scene_laid_out();

	s.spoke1->nbma = addr_of("172.16.0.9");
	s.spoke1->outside = addr_of("203.0.113.7");
	s.spoke1->nhrp->registration_timeout_s = 20;
	scene_start(&s);
	return s;
}

/* Unique is about the address that the client itself has, and that is the same. */
static void a_rebound_client_is_no_other_client(void **state)
{
	const struct scene s = natted_up();
	struct binding_view b;

	(void)state;
	s.spoke1->outside = addr_of("203.0.113.8");
	rig_run(s.rig, 21);
	rig_expect(s.rig, "spoke1 --> hub: Registration Request {unique, nat}");
	rig_expect(s.rig, "hub --> spoke1: Registration Reply {unique, nat} code 0");
	assert_string_equal(node_neighbour_nbma(s.hub, "10.0.0.11"), "203.0.113.8");
	assert_true(node_binding(s.hub, "10.0.0.11", &b));
	assert_true(ipaddr_eq(&b.claimed_nbma, &s.spoke1->nbma));
	rig_free(s.rig);
}

/* Who was told the former outside address is told that it is no longer true. */
static void answers_go_with_the_outside_address(void **state)
{
	const struct scene s = natted_up();

	(void)state;
	node_miss(s.spoke2, "10.0.0.11");
	rig_run(s.rig, 1);
	assert_string_equal(node_neighbour_nbma(s.spoke2, "10.0.0.11"), "203.0.113.7");
	s.spoke1->outside = addr_of("203.0.113.8");
	rig_run(s.rig, 20);
	assert_true(rig_count(s.rig, "spoke1 --> spoke2: Purge Request 10.0.0.11/32") > 0);
	assert_string_equal(node_neighbour_nbma(s.spoke2, "10.0.0.11"), "-");
	rig_free(s.rig);
}

/* Before the NHS has told it the new one, a spoke says the former outside address. What comes
 * straight from it shows where it really is. */
static void the_outer_source_is_believed_first(void **state)
{
	const struct scene s = natted_up();
	struct binding_view b;

	(void)state;
	node_miss(s.spoke1, "10.0.0.12"); /* spoke2 learns of spoke1 by its question */
	rig_run(s.rig, 1);
	assert_true(node_binding(s.spoke2, "10.0.0.11", &b));
	node_event(s.spoke2, &(struct event){ .type = EVENT_CLEAR });
	node_miss(s.spoke2, "10.0.0.11");
	s.spoke1->outside = addr_of("203.0.113.8"); /* no NHS has noticed yet */
	node_receive_bytes(s.spoke1, "192.0.2.1", s.rig->sent[1], s.rig->sent_length[1]);
	rig_run(s.rig, 1);
	assert_string_equal(node_neighbour_nbma(s.spoke2, "10.0.0.11"), "203.0.113.8");
	assert_true(node_binding(s.spoke2, "10.0.0.11", &b));
	assert_true(ipaddr_eq(&b.claimed_nbma, &s.spoke1->nbma));
	rig_free(s.rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rebound_client_is_no_other_client),
		cmocka_unit_test(answers_go_with_the_outside_address),
		cmocka_unit_test(the_outer_source_is_believed_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) + cmocka_run_group_tests_name("IPv6", tests, rig_over_v6, NULL);
}
