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

/* spoke1 and spoke3 have one outside address; the sessions tell them apart. spoke2 has talked with spoke1 already. */
static struct scene two_behind_one(struct node **spoke3)
{
	const struct scene s = scene_laid_out();

	s.spoke1->nbma = addr_of("172.16.0.9");
	*spoke3 = node_new(s.rig, "spoke3", "172.16.0.10", "10.0.0.13/24");
	node_add_nhs(*spoke3, "10.0.0.1", "192.0.2.1");
	s.spoke1->outside = (*spoke3)->outside = addr_of("203.0.113.7");
	(*spoke3)->site = 1;
	scene_start(&s);
	node_start(*spoke3);
	rig_run(s.rig, 1);
	node_miss(s.spoke1, "10.0.0.12");
	node_miss(s.spoke2, "10.0.0.11");
	rig_run(s.rig, 1);
	assert_string_equal(node_neighbour_nbma(s.spoke2, "10.0.0.11"), "203.0.113.7");
	assert_int_equal(node_neighbour_site(s.spoke2, "10.0.0.11"), 0);
	rig_skip(s.rig);
	return s;
}

/* No packet for spoke3 ever goes by the session with spoke1. */
static void run_apart(const struct scene *s, int64_t ms)
{
	for (; ms > 0; ms--) {
		const char *const nbma = node_neighbour_nbma(s->spoke2, "10.0.0.13");

		if (strcmp(nbma, "203.0.113.7") == 0)
			assert_int_equal(node_neighbour_site(s->spoke2, "10.0.0.13"), 1);
		assert_int_equal(node_neighbour_site(s->spoke2, "10.0.0.11"), 0);
		rig_run_ms(s->rig, 1);
	}
}

static void whoever_asks_first_two_behind_one_are_told_apart(void **state)
{
	(void)state;
	for (unsigned k = 0; k < 3; k++) {
		struct node *spoke3;
		const struct scene s = two_behind_one(&spoke3);

		if (k != 1)
			node_miss(spoke3, "10.0.0.12");
		if (k != 0)
			node_miss(s.spoke2, "10.0.0.13");
		run_apart(&s, 2000);
		/* the first packets of both are answered by now */
		node_miss(s.spoke2, "10.0.0.13");
		run_apart(&s, 2000);
		assert_string_equal(node_neighbour_nbma(spoke3, "10.0.0.12"), "198.51.100.2");
		assert_string_equal(node_neighbour_nbma(s.spoke2, "10.0.0.13"), "203.0.113.7");
		rig_free(s.rig);
	}
}

/* An answer of spoke3's as a hub hands it on: that address has spoke1's session, and nothing says that it has spoke3's. */
static struct nhrp_message *handed_on(const struct rig *r)
{
	struct nhrp_message *const m = message_from(NHRP_RESOLUTION_REPLY, "198.51.100.2", "10.0.0.12", "10.0.0.13");
	static struct nhrp_message asked;
	struct nhrp_extension *x;

	assert_int_equal(nhrp_decode(r->sent[NHRP_RESOLUTION_REQUEST], r->sent_length[NHRP_RESOLUTION_REQUEST], &asked, NULL), NHRP_DROP_NONE);
	m->request_id = asked.request_id;
	m->cie_count = 1;
	m->cies[0] = (struct nhrp_cie){ .nbma = addr_of("172.16.0.10"), .proto = addr_of("10.0.0.13"), .holding_s = 600, .prefix_len = 32 };
	nhrp_extension_add(m, NHRP_EXT_FORWARD_TRANSIT);
	x = nhrp_extension_add(m, NHRP_EXT_REVERSE_TRANSIT);
	x->cies[x->cie_count++] = (struct nhrp_cie){ .nbma = addr_of("192.0.2.1"), .proto = addr_of("10.0.0.1"), .holding_s = 600 };
	x = nhrp_extension_add(m, NHRP_EXT_NAT);
	x->cies[x->cie_count++] = (struct nhrp_cie){ .nbma = addr_of("203.0.113.7"), .proto = addr_of("10.0.0.13") };
	return m;
}

static void the_address_of_two_is_nobodys(void **state)
{
	struct node *spoke3;
	const struct scene s = two_behind_one(&spoke3);

	(void)state;
	spoke3->dead = true; /* its own answers do not come */
	node_miss(s.spoke2, "10.0.0.13");
	node_receive(s.spoke2, "192.0.2.1", handed_on(s.rig));
	assert_string_equal(node_neighbour_nbma(s.spoke2, "10.0.0.13"), "192.0.2.1");
	/* who has been heard from there keeps its session when an answer comes round by the hub */
	spoke3->dead = false;
	rig_run(s.rig, 70);
	node_miss(s.spoke2, "10.0.0.13");
	run_apart(&s, 2000);
	assert_int_equal(node_neighbour_site(s.spoke2, "10.0.0.13"), 1);
	rig_free(s.rig);
}

/* IPsec says that another is where the client was: what was learnt goes, what is configured stays. */
static void where_another_is_nobody_is_sent_to(void **state)
{
	const struct scene s = scene_laid_out();
	struct endpoint client, hub;

	(void)state;
	scene_start(&s);
	client = (struct endpoint){ .addr = s.spoke1->nbma };
	hub = (struct endpoint){ .addr = s.hub->nbma };
	assert_string_not_equal(node_neighbour_nbma(s.hub, "10.0.0.11"), "-");
	node_event(s.hub, &(struct event){ .type = EVENT_TAKEN, .reachable = { .nbma = client } });
	assert_string_equal(node_neighbour_nbma(s.hub, "10.0.0.11"), "-");
	assert_string_not_equal(node_neighbour_nbma(s.hub, "10.0.0.12"), "-");
	node_event(s.spoke1, &(struct event){ .type = EVENT_TAKEN, .reachable = { .nbma = hub } });
	assert_string_not_equal(node_neighbour_nbma(s.spoke1, "10.0.0.1"), "-");
	rig_free(s.rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(where_another_is_nobody_is_sent_to),
		cmocka_unit_test(a_rebound_client_is_no_other_client),
		cmocka_unit_test(answers_go_with_the_outside_address),
		cmocka_unit_test(the_outer_source_is_believed_first),
		cmocka_unit_test(whoever_asks_first_two_behind_one_are_told_apart),
		cmocka_unit_test(the_address_of_two_is_nobodys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) + cmocka_run_group_tests_name("IPv6", tests, rig_over_v6, NULL);
}
