/*
 * Questions under way: the retry ladder, the negative cache, traffic that leans on a live NHS
 * all the time, refresh of what is in use, with and without hubs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "engine/resolution.h"
#include "engine/state.h"
#include "scene.h"

static bool lose_at_spoke2(struct rig *r, const struct node *from, const struct node *to,
			   const struct nhrp_message *m)
{
	(void)r;
	(void)from;
	return strcmp(to->name, "spoke2") == 0 && m->type == NHRP_RESOLUTION_REQUEST;
}

static void unanswered_questions_are_repeated(void **state)
{
	static const int64_t gaps[] = { 1, 2, 4, 7, 7 };
	const struct scene s = scene_up();
	struct binding_view b;

	(void)state;
	s.rig->lose = lose_at_spoke2;
	node_miss(s.spoke1, "10.0.0.12");
	rig_expect(s.rig, "spoke1 --> hub: Resolution Request 10.0.0.12 hop 255");
	for (size_t i = 0; i < 5; i++) {
		rig_run_ms(s.rig, gaps[i] * 1000 - 1);
		assert_int_equal(rig_count(s.rig, "spoke1 --> hub"), 0);
		rig_run_ms(s.rig, 1);
		assert_int_equal(rig_count(s.rig, "spoke1 --> hub"), 1);
		rig_skip(s.rig);
	}
	rig_run(s.rig, 7);
	assert_int_equal(rig_count(s.rig, "spoke1 --> hub"), 0);
	assert_true(node_binding(s.spoke1, "10.0.0.12", &b));
	assert_int_equal(b.kind, BINDING_NEGATIVE);
	assert_string_equal(b.reason, "no answer");
	/* traffic goes on over the hub, and misses do not ask again */
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.12"), "192.0.2.1");
	node_miss(s.spoke1, "10.0.0.12");
	rig_skip(s.rig);
	rig_run(s.rig, 10);
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.12"), "-");
	/* later they do; the peer is there now */
	s.rig->lose = NULL;
	node_miss(s.spoke1, "10.0.0.12");
	rig_run(s.rig, 1);
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.12"), "198.51.100.2");
	rig_free(s.rig);
}

static void refusals_back_off(void **state)
{
	const struct scene s = scene_up();
	struct binding_view b;
	int64_t last = 0;

	(void)state;
	for (int i = 0; i < 3; i++) {
		node_miss(s.spoke1, "10.0.0.99");
		rig_run(s.rig, 1);
		rig_expect(s.rig, "spoke1 --> hub: Resolution Request 10.0.0.99 hop 255");
		rig_expect(s.rig, "hub --> spoke1: Resolution Reply 10.0.0.99 code 12");
		assert_true(node_binding(s.spoke1, "10.0.0.99", &b));
		assert_int_equal(b.kind, BINDING_NEGATIVE);
		assert_true(instant_since(b.expires, s.rig->now).us > last);
		last = instant_since(b.expires, s.rig->now).us;
		rig_run_ms(s.rig, last / 1000 + 1);
	}
	rig_free(s.rig);
}

/* The three-minute outage of the shared-tunnel design: it must not exist here. */
static void leaning_moves_when_the_nhs_dies(void **state)
{
	const struct scene s = scene_two_hubs_up();
	struct binding_view b;

	(void)state;
	s.rig->lose = lose_at_spoke2;
	rig_run(s.rig, 190); /* close to the refresh, so that the death is noticed soon */
	node_miss(s.spoke1, "10.0.0.12");
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.12"), "192.0.2.1");
	node_stop_abruptly(s.hub);
	rig_run(s.rig, 18);
	assert_string_equal(node_relay_nbma(s.spoke1, 0), "192.0.2.2");
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.12"), "192.0.2.2");
	assert_true(node_binding(s.spoke1, "10.0.0.12", &b));
	assert_true(rig_count(s.rig, "spoke1 --> hub2: Resolution Request 10.0.0.12") > 0);
	s.rig->lose = NULL;
	rig_run(s.rig, 8);
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.12"), "198.51.100.2");
	rig_free(s.rig);
}

static void leaning_ends_when_all_are_dead_and_comes_back(void **state)
{
	const struct scene s = scene_up();

	(void)state;
	s.rig->lose = lose_at_spoke2;
	rig_run(s.rig, 195);
	node_miss(s.spoke1, "10.0.0.12");
	node_stop_abruptly(s.hub);
	rig_run(s.rig, 14);
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.12"), "-");
	s.rig->lose = NULL;
	node_start(s.hub);
	node_tunnel(s.spoke1, true, "198.51.100.1");
	node_tunnel(s.spoke2, true, "198.51.100.2");
	rig_run(s.rig, 1);
	node_miss(s.spoke1, "10.0.0.12");
	rig_run(s.rig, 1);
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.12"), "198.51.100.2");
	rig_free(s.rig);
}

static void used_bindings_are_refreshed_without_hubs(void **state)
{
	const struct scene s = scene_up();

	(void)state;
	node_miss(s.spoke1, "10.0.0.12");
	rig_run(s.rig, 1);
	s.spoke1->usage_idle_s = s.spoke2->usage_idle_s = 3;
	node_stop_abruptly(s.hub);
	rig_skip(s.rig);
	rig_run(s.rig, 401);
	assert_true(s.spoke1->usages > 0);
	assert_int_equal(rig_count(s.rig, "spoke1 --> spoke2: Resolution Request 10.0.0.12"), 1);
	rig_run(s.rig, 1300); /* twice the hold time later it still stands */
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.12"), "198.51.100.2");
	assert_string_equal(node_neighbour_nbma(s.spoke2, "10.0.0.11"), "198.51.100.1");
	rig_free(s.rig);
}

/* The peer itself is asked first, twice; then its hub. */
static void refreshes_turn_to_the_hub(void **state)
{
	const struct scene s = scene_up();

	(void)state;
	node_miss(s.spoke1, "10.0.0.12");
	rig_run(s.rig, 1);
	s.spoke1->usage_idle_s = 3;
	node_stop_abruptly(s.spoke2);
	rig_run_ms(s.rig, 399005);
	rig_skip(s.rig);
	rig_run(s.rig, 20);
	for (int i = 0; i < 2; i++)
		rig_expect(s.rig, "spoke1 --> spoke2: Resolution Request 10.0.0.12 hop 255");
	rig_expect(s.rig, "spoke1 --> hub: Resolution Request 10.0.0.12 hop 255");
	rig_free(s.rig);
}

/* What stands for everything is found for anything. */
static void the_widest_binding_matches(void **state)
{
	const struct scene s = scene_laid_out();
	const struct ipaddr anything = addr_of("10.77.0.1");
	const struct binding *b;

	(void)state;
	s.hub->maps4[0] = (struct config_map){ .proto = prefix_of("0.0.0.0/0"), .nbma = { .addr = addr_of("203.0.113.50") } };
	s.hub->nhrp->map_count = 1;
	scene_start(&s);
	b = binding_match(overlay_first(s.hub->engine), &anything);
	assert_true(b && b->dst.len == 0);
	rig_free(s.rig);
}

static void unused_bindings_run_out(void **state)
{
	const struct scene s = scene_up();

	(void)state;
	node_miss(s.spoke1, "10.0.0.12");
	rig_run(s.rig, 1);
	s.spoke1->usage_idle_s = s.spoke2->usage_idle_s = 250; /* more than a third of 600 */
	rig_run(s.rig, 598);
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.12"), "198.51.100.2");
	rig_run(s.rig, 2);
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.12"), "-");
	assert_false(node_has_peer(s.spoke1, "198.51.100.2"));
	rig_free(s.rig);
}

/* Indications that come again while a network is asked for do not make its host a next hop. */
static void a_network_is_no_next_hop(void **state)
{
	const struct scene s = scene_up();

	(void)state;
	scene_routes(&s);
	node_stop_abruptly(s.spoke2);
	for (int i = 0; i < 2; i++) {
		node_hairpin(s.hub, "192.168.1.10", "192.168.2.20", PEER_NONE);
		rig_run(s.rig, 3);
	}
	assert_int_equal(rig_count(s.rig, "Traffic Indication"), 2);
	assert_string_equal(node_neighbour_nbma(s.spoke1, "192.168.2.20"), "-");
	rig_free(s.rig);
}

static void server_only_never_asks(void **state)
{
	const struct scene s = scene_laid_out();

	(void)state;
	s.spoke1->nhrp->server_only = true;
	scene_start(&s);
	scene_routes(&s);
	node_miss(s.spoke1, "10.0.0.12");
	node_hairpin(s.hub, "192.168.1.10", "192.168.2.20", PEER_NONE);
	rig_run(s.rig, 1);
	rig_expect(s.rig, "hub --> spoke1: Traffic Indication 192.168.1.10");
	rig_expect_nothing(s.rig);
	rig_free(s.rig);
}

/* hub registers at hub2 and each spoke at one of them only. */
static void from_hub_to_hub(void **state)
{
	const struct scene s = scene_two_hubs_laid_out();

	(void)state;
	s.spoke1->nhrp->nhs_count = 1;
	s.spoke2->nhs4[0] = s.spoke2->nhs4[1];
	s.spoke2->nhrp->nhs_count = 1;
	node_add_nhs(s.hub, "10.0.0.2", "192.0.2.2");
	scene_start(&s);
	rig_run(s.rig, 5);
	rig_skip(s.rig);
	node_miss(s.spoke1, "10.0.0.12");
	rig_run(s.rig, 1);
	rig_expect(s.rig, "spoke1 --> hub: Resolution Request 10.0.0.12 hop 255");
	rig_expect(s.rig, "hub --> hub2: Resolution Request 10.0.0.12 hop 254");
	rig_expect(s.rig, "hub2 --> spoke2: Resolution Request 10.0.0.12 hop 253");
	rig_expect(s.rig, "spoke2 --> spoke1: Resolution Reply 10.0.0.12/32 via 10.0.0.12 at 198.51.100.2");
	/* of the asker himself nobody else knows more */
	s.rig->sent_length[1] = 0;
	node_receive(s.hub, "198.51.100.1", &(const struct nhrp_message){
		.type = NHRP_RESOLUTION_REQUEST, .hop_count = 255, .nbma_family = IP_V4, .proto_family = (enum ip_family)addr_of("10.0.0.11").family,
		.request_id = 77, .src_nbma = addr_of("198.51.100.1"), .src_proto = addr_of("10.0.0.11"), .dst_proto = addr_of("10.0.0.11") });
	rig_expect(s.rig, "hub --> spoke1: Resolution Reply 10.0.0.11 code 12");
	rig_expect_nothing(s.rig);
	rig_free(s.rig);
}

static void moved_client_is_purged_where_it_was_asked_for(void **state)
{
	const struct scene s = scene_laid_out();

	(void)state;
	s.spoke2->nhrp->no_unique = true;
	scene_start(&s);
	node_miss(s.spoke1, "10.0.0.12");
	rig_run(s.rig, 1);
	rig_skip(s.rig);
	node_tunnel(s.spoke2, true, "198.51.100.22");
	rig_run_ms(s.rig, 30);
	assert_true(rig_count(s.rig, "hub --> spoke1: Purge Request 10.0.0.12/32") > 0);
	assert_true(rig_count(s.rig, "spoke1 --> hub: Purge Reply 10.0.0.12/32") > 0);
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.12"), "-");
	node_miss(s.spoke1, "10.0.0.12");
	rig_run(s.rig, 1);
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.12"), "198.51.100.22");
	rig_free(s.rig);
}

static void static_peer_without_nhrp(void **state)
{
	const struct scene s = scene_laid_out();
	struct binding_view b;

	(void)state;
	s.hub->maps4[0] = (struct config_map){ .proto = prefix_of("10.0.0.50"), .nbma = { .addr = addr_of("203.0.113.50") } };
	s.hub->nhrp->map_count = 1;
	s.hub->multicast4[0] = (struct config_host){ .addr = addr_of("203.0.113.50") };
	s.hub->nhrp->map_multicast_count = 1;
	scene_start(&s);
	assert_true(node_binding(s.hub, "10.0.0.50", &b));
	assert_true(b.kind == BINDING_STATIC && b.state == BINDING_STATE_UP);
	assert_true(node_has_multicast(s.hub, "203.0.113.50"));
	/* it cannot answer itself: the hub does for it */
	node_miss(s.spoke1, "10.0.0.50");
	rig_run(s.rig, 1);
	rig_expect(s.rig, "spoke1 --> hub: Resolution Request 10.0.0.50 hop 255");
	rig_expect(s.rig, "hub --> spoke1: Resolution Reply 10.0.0.50/32 via 10.0.0.50 at 203.0.113.50");
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.50"), "203.0.113.50");
	rig_free(s.rig);
}

static void same_seed_same_bytes(void **state)
{
	char log[2][LOG_MAX / 16][LINE_MAX_];
	size_t lines[2];

	(void)state;
	for (int run = 0; run < 2; run++) {
		const struct scene s = scene_two_hubs_up();

		s.rig->lose = lose_at_spoke2;
		node_miss(s.spoke1, "10.0.0.12");
		node_stop_abruptly(s.hub);
		rig_run(s.rig, 500);
		lines[run] = s.rig->log_count;
		assert_true(lines[run] < LOG_MAX / 16);
		memcpy(log[run], s.rig->log, lines[run] * LINE_MAX_);
		rig_free(s.rig);
	}
	assert_int_equal(lines[0], lines[1]);
	for (size_t i = 0; i < lines[0]; i++)
		assert_string_equal(log[0][i], log[1][i]);
}

/* ---- the state machine, pair by pair */

enum asked { ASKED_MISS, ASKED_NETWORK, ASKED_REPLY, ASKED_REFUSAL, ASKED_ERROR, ASKED_TIMER, ASKED_REACHABLE, ASKED_NHS, ASKED_DROP,
	     ASKED_COUNT };

enum { GONE = RESOLUTION_COOLING + 1 };

/* What follows; columns are events in the order above. */
static const unsigned follows[][ASKED_COUNT] = {
#define A RESOLUTION_ASKING
#define N RESOLUTION_NEGATIVE
#define C RESOLUTION_COOLING
	[RESOLUTION_ASKING]   = { A, A, GONE, N, N, A, A, A, GONE },
	[RESOLUTION_NEGATIVE] = { N, N, N, N, N, C, N, N, GONE },
	[RESOLUTION_COOLING]  = { A, A, C, C, C, GONE, C, C, GONE },
#undef A
#undef N
#undef C
};

static void say(struct overlay *o, struct resolution *r, enum asked event)
{
	const struct ipaddr target = r->target;
	const struct endpoint peer = { .addr = addr_of("198.51.100.2") }, hub = { .addr = addr_of("192.0.2.1") };
	struct nhrp_message m = { .type = NHRP_RESOLUTION_REPLY, .request_id = r->request_id, .dst_proto = target, .cie_count = 1 };

	m.cies[0] = (struct nhrp_cie){ .proto = target, .nbma = peer.addr, .holding_s = 600, .prefix_len = 32 };
	if (event == ASKED_REFUSAL)
		m.cies[0].code = NHRP_CODE_NO_BINDING;
	switch (event) {
	case ASKED_MISS: resolution_miss(o, &target); break;
	case ASKED_NETWORK: resolution_network(o, &target); break;
	case ASKED_REPLY:
	case ASKED_REFUSAL: resolution_reply(o, &peer, &m); break;
	case ASKED_ERROR: resolution_error(o, r->request_id, &target, 1); break;
	case ASKED_TIMER: resolution_timer(r); break;
	case ASKED_REACHABLE: resolutions_reachable(o, &hub); break;
	case ASKED_NHS: resolutions_nhs_changed(o); break;
	case ASKED_DROP: resolution_drop(r); break;
	case ASKED_COUNT: break;
	}
}

static struct resolution *in_state(const struct scene *s, struct overlay *o, enum resolution_state state)
{
	const struct ipaddr target = addr_of("10.0.0.12");
	struct resolution *r;

	node_miss(s->spoke1, "10.0.0.12");
	r = resolution_find(o, &target);
	assert_non_null(r);
	if (state != RESOLUTION_ASKING)
		say(o, r, ASKED_REFUSAL);
	if (state == RESOLUTION_COOLING)
		say(o, r, ASKED_TIMER);
	assert_int_equal(r->state, state);
	return r;
}

static void every_pair(void **state)
{
	const struct ipaddr target = addr_of("10.0.0.12");

	(void)state;
	for (unsigned from = 0; from < GONE; from++)
		for (unsigned event = 0; event < ASKED_COUNT; event++) {
			const struct scene s = scene_up();
			struct overlay *const o = overlay_first(s.spoke1->engine);
			const struct resolution *r = in_state(&s, o, (enum resolution_state)from);

			say(o, (struct resolution *)(uintptr_t)r, (enum asked)event);
			r = resolution_find(o, &target);
			if ((r ? r->state : (unsigned)GONE) != follows[from][event])
				fail_msg("state %u, event %u: %u", from, event, r ? r->state : (unsigned)GONE);
			if (!r)
				assert_true((binding_host(o, &target) != NULL) == (event == ASKED_REPLY));
			else
				assert_true(timer_running(&r->timer) && r->temporary == (r->state != RESOLUTION_COOLING && r->purpose == RESOLVE_NEXT_HOP));
			rig_free(s.rig);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unanswered_questions_are_repeated),
		cmocka_unit_test(refusals_back_off),
		cmocka_unit_test(leaning_moves_when_the_nhs_dies),
		cmocka_unit_test(leaning_ends_when_all_are_dead_and_comes_back),
		cmocka_unit_test(used_bindings_are_refreshed_without_hubs),
		cmocka_unit_test(refreshes_turn_to_the_hub),
		cmocka_unit_test(the_widest_binding_matches),
		cmocka_unit_test(unused_bindings_run_out),
		cmocka_unit_test(a_network_is_no_next_hop),
		cmocka_unit_test(server_only_never_asks),
		cmocka_unit_test(from_hub_to_hub),
		cmocka_unit_test(moved_client_is_purged_where_it_was_asked_for),
		cmocka_unit_test(static_peer_without_nhrp),
		cmocka_unit_test(same_seed_same_bytes),
		cmocka_unit_test(every_pair),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) + cmocka_run_group_tests_name("IPv6", tests, rig_over_v6, NULL);
}
