/*
 * Registration with one and with several NHSs: the ladder, death, refusal, signs of life,
 * the farewell; and the table of the state machine, every pair of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "engine/nhs_list.h"
#include "engine/nhs_trust.h"
#include "engine/registration.h"
#include "engine/state.h"
#include "engine/tunnel.h"
#include "scene.h"

static uint32_t sent_request_id(const struct rig *r, unsigned type)
{
	static struct nhrp_message m;

	assert_int_equal(nhrp_decode(r->sent[type], r->sent_length[type], &m, NULL), NHRP_DROP_NONE);
	return m.request_id;
}

static struct nhs_view view(const struct node *n, size_t index)
{
	struct nhs_view v;

	assert_true(node_nhs(n, index, &v));
	return v;
}

/* Tries with gaps of so many seconds, each times 0.75 to 1, under one request id. */
static void expect_ladder(const struct scene *s, size_t count, const int64_t nominal_s[])
{
	uint32_t id;

	node_start(s->spoke1);
	rig_expect(s->rig, "spoke1 --> hub: Registration Request {unique, nat}");
	id = sent_request_id(s->rig, NHRP_REGISTRATION_REQUEST);
	for (size_t i = 0; i < count; i++) {
		rig_run_ms(s->rig, nominal_s[i] * 750 - 1);
		rig_expect_nothing(s->rig);
		for (int64_t waited = nominal_s[i] * 750 - 1; rig_count(s->rig, "Registration") == 0; waited++) {
			assert_true(waited <= nominal_s[i] * 1000);
			rig_run_ms(s->rig, 1);
		}
		rig_expect(s->rig, "spoke1 --> hub: Registration Request {unique, nat}");
		assert_int_equal(sent_request_id(s->rig, NHRP_REGISTRATION_REQUEST), id);
	}
}

static void ladder_keeps_the_request_id(void **state)
{
	const struct scene s = scene_laid_out();

	(void)state;
	expect_ladder(&s, 8, (const int64_t[]){ 1, 2, 4, 4, 4, 4, 4, 4 });
	assert_int_equal(view(s.spoke1, 0).status, NHS_VIEW_PROBE);
	assert_string_equal(view(s.spoke1, 0).reason, "no answer");
	rig_free(s.rig);
}

static void ladder_ends_at_the_registration_timeout(void **state)
{
	const struct scene s = scene_laid_out();

	(void)state;
	s.spoke1->nhrp->holdtime_s = 9;
	s.spoke1->nhrp->registration_timeout_s = 3;
	expect_ladder(&s, 6, (const int64_t[]){ 1, 2, 3, 3, 3, 3 });
	rig_free(s.rig);
}

/* However long it was away: one registration timeout after its return it knows the spoke. */
static void hub_back_from_a_crash_sees_its_spokes(void **state)
{
	const struct scene s = scene_laid_out();

	(void)state;
	s.spoke1->nhrp->holdtime_s = 15;
	s.spoke1->nhrp->registration_timeout_s = 0; /* a third of the hold time */
	scene_start(&s);
	node_stop_abruptly(s.hub);
	rig_run(s.rig, 300);
	assert_int_equal(view(s.spoke1, 0).status, NHS_VIEW_PROBE);
	node_start(s.hub);
	rig_run_ms(s.rig, 5020);
	assert_int_equal(view(s.spoke1, 0).status, NHS_VIEW_UP);
	assert_string_equal(node_neighbour_nbma(s.hub, "10.0.0.11"), "198.51.100.1");
	rig_free(s.rig);
}

static void dead_after_three_misses_alive_at_once(void **state)
{
	const struct scene s = scene_up();

	(void)state;
	node_stop_abruptly(s.hub);
	rig_run(s.rig, 200);
	assert_int_equal(view(s.spoke1, 0).status, NHS_VIEW_UP); /* first miss not yet over */
	assert_string_equal(node_relay_nbma(s.spoke1, 0), "192.0.2.1");
	rig_run(s.rig, 7);
	assert_int_equal(view(s.spoke1, 0).status, NHS_VIEW_PROBE);
	assert_int_equal(s.spoke1->relay_count, 0);
	rig_run(s.rig, 300);
	rig_skip(s.rig);
	while (rig_count(s.rig, "Registration Request") == 0)
		rig_run_ms(s.rig, 1);
	rig_run_ms(s.rig, 1500); /* the next try is 3 to 4 s after the last */
	rig_skip(s.rig);
	node_start(s.hub);
	/* any valid message from the hub's NBMA address is a sign of life */
	node_hairpin(s.hub, "10.0.0.11", "10.0.0.12", PEER_NONE);
	{
		static struct nhrp_message m;

		memset(&m, 0, sizeof m);
		m.type = NHRP_TRAFFIC_INDICATION;
		m.hop_count = 255;
		m.nbma_family = IP_V4;
		m.src_nbma = addr_of("192.0.2.1");
		m.src_proto = addr_of("10.0.0.1");
		m.proto_family = (enum ip_family)m.src_proto.family;
		m.dst_proto = addr_of("10.0.0.11");
		node_receive(s.spoke1, "192.0.2.1", &m);
	}
	rig_run_ms(s.rig, 20);
	rig_expect(s.rig, "spoke1 --> hub: Registration Request {unique, nat}");
	rig_expect(s.rig, "hub --> spoke1: Registration Reply {unique, nat} code 0");
	assert_int_equal(view(s.spoke1, 0).status, NHS_VIEW_UP);
	assert_string_equal(node_relay_nbma(s.spoke1, 0), "192.0.2.1");
	rig_free(s.rig);
}

static void tunnel_up_restarts_the_ladder(void **state)
{
	const struct scene s = scene_laid_out();

	(void)state;
	node_start(s.spoke1);
	rig_run(s.rig, 300);
	node_start(s.hub);
	rig_skip(s.rig);
	node_tunnel(s.spoke1, true, "198.51.100.1");
	rig_run_ms(s.rig, 20);
	rig_expect(s.rig, "spoke1 --> hub: Registration Request {unique, nat}");
	rig_expect(s.rig, "hub --> spoke1: Registration Reply {unique, nat} code 0");
	rig_free(s.rig);
}

/* Two tries in vain, and all begins anew: three more are needed before it counts as dead. */
static void what_begins_anew_forgets_its_misses(void **state)
{
	const struct scene s = scene_laid_out();

	(void)state;
	node_start(s.spoke1);
	while (view(s.spoke1, 0).requests_failed < 2)
		rig_run_ms(s.rig, 10);
	node_tunnel(s.spoke1, false, "198.51.100.1");
	node_tunnel(s.spoke1, true, "198.51.100.1");
	while (s.spoke1->nhs_down[0] == '\0')
		rig_run_ms(s.rig, 10);
	assert_int_equal(view(s.spoke1, 0).requests_failed, 2 + 3);
	rig_free(s.rig);
}

static void refusal_is_told_and_tried_again(void **state)
{
	const struct scene s = scene_laid_out();

	(void)state;
	s.spoke2->addresses[0].addr = addr_of("10.0.0.11"); /* the address of spoke1 */
	scene_start(&s);
	assert_int_equal(view(s.spoke1, 0).status, NHS_VIEW_UP);
	assert_int_equal(view(s.spoke2, 0).status, NHS_VIEW_PROBE);
	assert_non_null(strstr(view(s.spoke2, 0).reason, "refused"));
	assert_non_null(strstr(s.spoke2->last_trace, "NHRP_NHS_DOWN"));
	assert_non_null(strstr(s.spoke2->last_trace, "refused"));
	assert_string_equal(node_neighbour_nbma(s.hub, "10.0.0.11"), "198.51.100.1");
	/* spoke1 leaves in an orderly way; the next try of spoke2 succeeds */
	node_event(s.spoke1, &(struct event){ .type = EVENT_SHUTDOWN });
	rig_run(s.rig, 70);
	assert_int_equal(view(s.spoke2, 0).status, NHS_VIEW_UP);
	assert_string_equal(node_neighbour_nbma(s.hub, "10.0.0.11"), "198.51.100.2");
	rig_free(s.rig);
}

static void dynamic_nhs_tells_its_address(void **state)
{
	const struct scene s = scene_laid_out();
	const struct ipaddr hub = addr_of("10.0.0.1");
	struct nhs_view v;

	(void)state;
	s.spoke1->nhrp->nhs_count = 0;
	node_add_nhs(s.spoke1, "dynamic", "192.0.2.1");
	scene_start(&s);
	v = view(s.spoke1, 0);
	assert_true(ipaddr_eq(&v.addr, &hub));
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.1"), "192.0.2.1");
	assert_string_equal(node_relay_nbma(s.spoke1, 0), "192.0.2.1");
	rig_free(s.rig);
}

static void two_hubs_by_priority(void **state)
{
	const struct scene s = scene_two_hubs_laid_out();

	(void)state;
	s.spoke1->nhs4[0].priority = 2; /* behind hub2, though first in the file */
	scene_start(&s);
	assert_int_equal(s.spoke1->relay_count, 2);
	assert_string_equal(node_relay_nbma(s.spoke1, 0), "192.0.2.2");
	assert_string_equal(node_relay_nbma(s.spoke1, 1), "192.0.2.1");
	assert_string_equal(node_relay_nbma(s.spoke2, 0), "192.0.2.1");
	node_stop_abruptly(s.hub2);
	rig_run(s.rig, 210);
	assert_int_equal(s.spoke1->relay_count, 1);
	assert_string_equal(node_relay_nbma(s.spoke1, 0), "192.0.2.1");
	rig_free(s.rig);
}

/* A data path that has never seen the dead one alive knows none the less what to keep from it. */
static void the_dead_are_named_beside_the_live(void **state)
{
	const struct scene s = scene_two_hubs_up();

	(void)state;
	assert_int_equal(s.spoke1->dead_count, 0);
	node_stop_abruptly(s.hub2);
	rig_run(s.rig, 210);
	assert_string_equal(node_relay_nbma(s.spoke1, 0), "192.0.2.1");
	assert_int_equal(s.spoke1->dead_count, 1);
	assert_string_equal(node_dead_relay_nbma(s.spoke1, 0), "192.0.2.2");
	node_start(s.spoke1);
	rig_run(s.rig, 5);
	assert_string_equal(node_relay_nbma(s.spoke1, 0), "192.0.2.1");
	assert_string_equal(node_dead_relay_nbma(s.spoke1, 0), "192.0.2.2");
	node_start(s.hub2);
	rig_run(s.rig, 20);
	assert_int_equal(s.spoke1->relay_count, 2);
	assert_int_equal(s.spoke1->dead_count, 0);
	rig_free(s.rig);
}

/* Nobody who serves clients leans on another server: each would send the other what neither can deliver. */
static void a_server_names_no_dead(void **state)
{
	struct scene s = scene_two_hubs_laid_out();
	struct binding_view b;

	(void)state;
	node_add_nhs(s.spoke2, "10.0.0.11", "198.51.100.1");
	node_start(s.hub);
	node_start(s.spoke1);
	rig_run(s.rig, 1);
	assert_string_equal(node_dead_relay_nbma(s.spoke1, 0), "192.0.2.2");
	node_miss(s.spoke1, "10.0.0.99");
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.99"), "192.0.2.1");
	node_start(s.spoke2);
	rig_run(s.rig, 1);
	assert_int_equal(s.spoke1->relay_count, 1);
	assert_int_equal(s.spoke1->dead_count, 0);
	assert_true(s.spoke1->serves);
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.99"), "-");
	node_miss(s.spoke1, "10.0.0.98"); /* asked for, but what is for it waits */
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.98"), "-");
	assert_true(node_binding(s.spoke1, "10.0.0.98", &b) && b.kind == BINDING_INCOMPLETE && !b.temporary);
	rig_free(s.rig);
}

static void clean_stop_of_a_spoke(void **state)
{
	const struct scene s = scene_two_hubs_up();
	struct binding_view b;

	(void)state;
	node_event(s.spoke1, &(struct event){ .type = EVENT_SHUTDOWN });
	assert_false(s.spoke1->done);
	rig_run_ms(s.rig, 20);
	rig_expect(s.rig, "spoke1 --> hub: Purge Request 10.0.0.11/32");
	rig_expect(s.rig, "spoke1 --> hub2: Purge Request 10.0.0.11/32");
	rig_expect(s.rig, "hub --> spoke1: Purge Reply 10.0.0.11/32");
	rig_expect(s.rig, "hub2 --> spoke1: Purge Reply 10.0.0.11/32");
	rig_expect_nothing(s.rig);
	assert_true(s.spoke1->done);
	assert_false(node_binding(s.hub, "10.0.0.11", &b));
	assert_string_equal(node_neighbour_nbma(s.hub, "10.0.0.11"), "-");
	assert_false(node_has_peer(s.hub, "198.51.100.1"));
	rig_free(s.rig);
}

static void clean_stop_does_not_wait_for_the_dead(void **state)
{
	const struct scene s = scene_up();

	(void)state;
	node_stop_abruptly(s.hub);
	node_event(s.spoke1, &(struct event){ .type = EVENT_SHUTDOWN });
	rig_run_ms(s.rig, 1600);
	assert_true(s.spoke1->done);
	assert_int_equal(rig_count(s.rig, "Purge Request"), 3);
	rig_free(s.rig);
}

/* An NHS that stops says so; whoever leans on it moves in that moment. */
static void clean_stop_of_a_hub(void **state)
{
	const struct scene s = scene_two_hubs_up();

	(void)state;
	assert_string_equal(node_relay_nbma(s.spoke1, 0), "192.0.2.1");
	node_event(s.hub, &(struct event){ .type = EVENT_SHUTDOWN });
	node_stop_abruptly(s.hub);
	rig_run_ms(s.rig, 10);
	rig_expect(s.rig, "hub --> spoke1: Purge Request 10.0.0.1/32 {no reply}");
	rig_expect(s.rig, "hub --> spoke2: Purge Request 10.0.0.1/32 {no reply}");
	assert_int_equal(s.spoke1->relay_count, 1);
	assert_string_equal(node_relay_nbma(s.spoke1, 0), "192.0.2.2");
	assert_non_null(strstr(view(s.spoke1, 0).reason, "stops"));
	rig_free(s.rig);
}

/* `clear ip nhrp` at the hub: the spokes are back in milliseconds, not with their refresh. */
static void cleared_clients_register_again(void **state)
{
	const struct scene s = scene_up();

	(void)state;
	node_event(s.hub, &(struct event){ .type = EVENT_CLEAR });
	assert_string_equal(node_neighbour_nbma(s.hub, "10.0.0.11"), "-");
	rig_run_ms(s.rig, 20);
	assert_string_equal(node_neighbour_nbma(s.hub, "10.0.0.11"), "198.51.100.1");
	assert_string_equal(node_neighbour_nbma(s.hub, "10.0.0.12"), "198.51.100.2");
	assert_string_equal(node_relay_nbma(s.spoke1, 0), "192.0.2.1");
	rig_free(s.rig);
}

static void carrier_follows_the_nhs(void **state)
{
	const struct scene s = scene_laid_out();

	(void)state;
	s.spoke1->tunnel.if_state_nhrp = true;
	node_start(s.spoke1);
	assert_int_equal(s.spoke1->carrier, 0);
	node_start(s.hub);
	rig_run(s.rig, 5);
	assert_int_equal(s.spoke1->carrier, 1);
	node_stop_abruptly(s.hub);
	rig_run(s.rig, 210);
	assert_int_equal(s.spoke1->carrier, 0);
	node_start(s.spoke2);
	assert_int_equal(s.spoke2->carrier, -1); /* not asked for: never told */
	rig_free(s.rig);
}

/* A dead NHS is told once, and so is its return; one that was never there is not. */
static void routing_is_told_of_a_dead_nhs(void **state)
{
	const struct scene s = scene_laid_out();
	const struct ipaddr hub = addr_of("10.0.0.1");

	(void)state;
	node_start(s.spoke1);
	rig_run(s.rig, 60);
	assert_int_equal(s.spoke1->routing, -1);
	node_start(s.hub);
	rig_run(s.rig, 70);
	assert_int_equal(s.spoke1->routing, ROUTING_ALIVE);
	assert_true(ipaddr_eq(&s.spoke1->routing_addr, &hub));
	node_stop_abruptly(s.hub);
	rig_run(s.rig, 210);
	assert_int_equal(s.spoke1->routing, ROUTING_DEAD);
	assert_true(ipaddr_eq(&s.spoke1->routing_addr, &hub));
	node_start(s.hub);
	rig_run(s.rig, 70);
	assert_int_equal(s.spoke1->routing, ROUTING_ALIVE);
	rig_free(s.rig);
}

static void carrier_comes_back_with_the_knob_off(void **state)
{
	const struct scene s = scene_laid_out();

	(void)state;
	s.spoke1->tunnel.if_state_nhrp = true;
	node_start(s.spoke1);
	assert_int_equal(s.spoke1->carrier, 0);
	s.spoke1->tunnel.if_state_nhrp = false;
	engine_reconfigure(s.spoke1->engine, s.rig->now, &s.spoke1->config);
	node_event(s.spoke1, &(struct event){ .type = EVENT_TICK });
	assert_int_equal(s.spoke1->carrier, 1);
	rig_free(s.rig);
}

static void phase1_leans_on_its_destination(void **state)
{
	const struct scene s = scene_laid_out();

	(void)state;
	s.spoke1->tunnel.mode = TUNNEL_GRE_P2P;
	s.spoke1->tunnel.destination.addr = addr_of("192.0.2.1");
	s.spoke1->nhs4[0].nbma.addr = IPADDR_NONE;
	scene_start(&s);
	assert_int_equal(view(s.spoke1, 0).status, NHS_VIEW_UP);
	assert_true(node_has_multicast(s.spoke1, "192.0.2.1"));
	node_miss(s.spoke1, "10.0.0.12");
	rig_expect_nothing(s.rig); /* no resolution: all goes to the far end */
	rig_free(s.rig);
}

static void peers_of_the_last_life_keep_their_ids(void **state)
{
	const struct scene s = scene_laid_out();

	(void)state;
	node_start(s.hub);
	engine_free(s.spoke1->engine);
	s.spoke1->engine = engine_new(&s.spoke1->config, &s.spoke1->options, s.rig->now);
	node_event(s.spoke1, &(struct event){ .type = EVENT_PEER_KNOWN, .peer_known = {
		.peer = 77, .nbma = { .addr = addr_of("192.0.2.1") } } });
	node_event(s.spoke1, &(struct event){ .type = EVENT_PEER_KNOWN, .peer_known = {
		.peer = 900, .nbma = { .addr = addr_of("203.0.113.9") } } });
	node_event(s.spoke1, &(struct event){ .type = EVENT_PEER_KNOWN, .peer_known = {
		.peer = 1, .nbma = { .addr = addr_of("203.0.113.1") } } }); /* an id that we would have given */
	node_tunnel(s.spoke1, true, "198.51.100.1");
	rig_run(s.rig, 1);
	assert_int_equal(s.spoke1->relays[0], 77);
	node_route(s.spoke1, "10.0.0.0/24", "", true);
	node_start(s.spoke2);
	rig_run(s.rig, 1);
	node_miss(s.spoke1, "10.0.0.12");
	rig_run(s.rig, 1);
	/* Those that nobody has claimed yet are told too: the forwarder may be a new one. */
	assert_int_equal(s.spoke1->peer_count, 4);
	for (size_t i = 0; i < s.spoke1->peer_count; i++) {
		const uint64_t id = s.spoke1->peers[i].id;

		assert_true(id == 77 || id == 900 || id == 1 || id == 901);
	}
	rig_free(s.rig);
}

/* Neighbours that nobody has claimed yet may point to it, until the hold time is over and they are swept. */
static void a_peer_of_the_last_life_outlasts_its_claim(void **state)
{
	const struct scene s = scene_laid_out();

	(void)state;
	node_start(s.hub);
	node_start(s.spoke2);
	engine_free(s.spoke1->engine);
	s.spoke1->engine = engine_new(&s.spoke1->config, &s.spoke1->options, s.rig->now);
	node_event(s.spoke1, &(struct event){ .type = EVENT_PEER_KNOWN, .peer_known = {
		.peer = 900, .nbma = { .addr = addr_of("198.51.100.2") } } });
	node_tunnel(s.spoke1, true, "198.51.100.1");
	rig_run(s.rig, 1);
	node_route(s.spoke1, "10.0.0.0/24", "", true);
	node_miss(s.spoke1, "10.0.0.12");
	rig_run(s.rig, 1);
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.12"), "198.51.100.2");
	node_stop_abruptly(s.spoke2);
	node_event(s.spoke1, &(struct event){ .type = EVENT_CLEAR });
	rig_run(s.rig, 1);
	assert_true(node_has_peer(s.spoke1, "198.51.100.2"));
	node_event(s.spoke1, &(struct event){ .type = EVENT_SETTLED });
	assert_false(node_has_peer(s.spoke1, "198.51.100.2"));
	rig_free(s.rig);
}

/* ---- the state machine, pair by pair */

static struct nhs *nhs_of(const struct node *n)
{
	return overlay_first(n->engine)->nhs[0];
}

static struct nhs *in_state(const struct scene *s, enum nhs_state state)
{
	struct nhs *n;

	node_start(s->spoke1);
	n = nhs_of(s->spoke1);
	if (state == NHS_WAITING)
		nhs_step(n, NHS_EVENT_UNREADY);
	if (state == NHS_STANDBY)
		nhs_step(n, NHS_EVENT_RELEASE);
	if (state == NHS_UP || state == NHS_REFRESHING || state == NHS_RELEASING)
		nhs_step(n, NHS_EVENT_ACCEPTED);
	if (state == NHS_REFRESHING)
		nhs_step(n, NHS_EVENT_TIMER);
	if (state == NHS_REFUSED)
		nhs_step(n, NHS_EVENT_REFUSED);
	if (state == NHS_DOWN || state == NHS_RETURNING)
		nhs_step(n, NHS_EVENT_PATH_LOST);
	if (state == NHS_RETURNING)
		nhs_step(n, NHS_EVENT_PATH_BACK);
	if (state == NHS_RELEASING)
		nhs_step(n, NHS_EVENT_RELEASE);
	if (state == NHS_LEAVING)
		nhs_step(n, NHS_EVENT_LEAVE);
	assert_int_equal(n->state, state);
	return n;
}

/* What state follows; rows are states, columns events in the order of NHS_EVENTS:
 * READY UNREADY TIMER ACCEPTED REFUSED HEARD GONE LEAVE PURGED PATH_LOST PATH_BACK TAKE RELEASE. */
#define W NHS_WAITING
#define S NHS_STANDBY
#define X NHS_REFUSED
#define B NHS_RETURNING
#define P NHS_RELEASING
#define R NHS_REGISTERING
#define U NHS_UP
#define F NHS_REFRESHING
#define D NHS_DOWN
#define L NHS_LEAVING
static const enum nhs_state follows[NHS_STATE_COUNT][NHS_EVENT_COUNT] = {
	[NHS_WAITING]     = { S, W, W, W, W, W, W, L, W, W, W, W, W },
	[NHS_STANDBY]     = { S, W, S, U, S, S, S, L, S, S, S, R, S },
	[NHS_REGISTERING] = { R, W, R, U, X, R, R, L, R, D, R, R, S },
	[NHS_UP]          = { F, W, F, U, U, U, D, L, U, D, U, U, P },
	[NHS_REFRESHING]  = { F, W, F, U, X, F, D, L, F, D, F, F, P },
	[NHS_DOWN]        = { R, W, D, U, X, D, D, L, D, D, B, D, S },
	[NHS_REFUSED]     = { R, W, X, U, X, X, X, L, X, D, B, X, S },
	[NHS_RETURNING]   = { R, W, R, U, X, R, B, L, B, D, B, B, S },
	[NHS_RELEASING]   = { P, W, P, P, P, P, S, L, S, S, P, R, P },
	[NHS_LEAVING]     = { L, L, L, L, L, L, L, L, L, L, L, L, L },
};

static void every_pair(void **state)
{
	(void)state;
	for (unsigned from = 0; from < NHS_STATE_COUNT; from++)
		for (unsigned event = 0; event < NHS_EVENT_COUNT; event++) {
			const struct scene s = scene_laid_out();
			struct nhs *const n = in_state(&s, (enum nhs_state)from);

			nhs_step(n, (enum nhs_event)event);
			if (n->state != follows[from][event])
				fail_msg("%s, event %u: %s", nhs_state_name((enum nhs_state)from), event,
					 nhs_state_name(n->state));
			/* a state that waits for something has a timer; the others have none */
			if (n->state == NHS_WAITING || n->state == NHS_STANDBY)
				assert_false(timer_running(&n->timer));
			else if (n->state != NHS_LEAVING)
				assert_true(timer_running(&n->timer));
			rig_free(s.rig);
		}
}

/* One that went in good order has not missed anything yet; so it is not silent. */
static void silence_is_three_misses(void **state)
{
	const struct scene s = scene_laid_out();
	struct nhs *const n = in_state(&s, NHS_UP);

	(void)state;
	nhs_step(n, NHS_EVENT_GONE);
	assert_int_equal(n->state, NHS_DOWN);
	assert_int_equal(n->step, 2); /* asked in 2 s, then every 4 */
	assert_in_range(n->interval.us, span_ms(1500).us, span_s(2).us);
	assert_false(nhs_is_silent(n));
	n->misses = 2;
	assert_false(nhs_is_silent(n));
	n->misses = 3;
	assert_true(nhs_is_silent(n));
	rig_free(s.rig);
}

/* What is not resolved may go by who answers probes, though not registrations. */
static void who_carries(void **state)
{
	(void)state;
	for (unsigned of = 0; of < NHS_STATE_COUNT; of++)
		for (unsigned way = 0; way < PATH_STATE_COUNT; way++) {
			struct path p = { .state = (enum path_state)way };
			struct nhs n = { .state = (enum nhs_state)of, .misses = 3, .path = { .path = &p } };
			const bool answers = way == PATH_ALIVE || way == PATH_DOUBTED;

			assert_int_equal(nhs_carries(&n), answers && (of == NHS_DOWN || of == NHS_RETURNING || of == NHS_REGISTERING));
			n.misses = 0;
			assert_int_equal(nhs_carries(&n), answers && (of == NHS_RETURNING || of == NHS_REGISTERING));
			n.path.path = NULL;
			assert_false(nhs_carries(&n));
		}
}

static void short_hold_times(void **state)
{
	const struct scene s = scene_up();
	struct overlay *const o = overlay_first(s.spoke1->engine);
	struct config_nhrp c = { .holdtime_s = 2 };

	(void)state;
	o->cfg = &c;
	assert_int_equal(registration_interval(o).us, span_s(1).us);
	c.holdtime_s = 60;
	assert_int_equal(registration_interval(o).us, span_s(20).us);
	c.registration_timeout_s = 7;
	assert_int_equal(registration_interval(o).us, span_s(7).us);
	o->cfg = settings_nhrp(&o->tunnel->settings, o->family);
	rig_free(s.rig);
}

static void a_release_is_told(void **state)
{
	const struct scene s = scene_laid_out();
	struct nhs *const n = in_state(&s, NHS_UP);

	(void)state;
	nhs_step(n, NHS_EVENT_RELEASE);
	node_event(s.spoke1, &(struct event){ .type = EVENT_PEER_KNOWN }); /* anything: what was said is taken */
	assert_non_null(strstr(s.spoke1->nhs_down, "released"));
	rig_free(s.rig);
}

/* READY, and RETURNING's ends, while the NBMA address is not known: nobody can be asked. */
static void without_an_address(void **state)
{
	(void)state;
	for (unsigned from = 0; from < NHS_STATE_COUNT; from++) {
		const struct scene s = scene_laid_out();
		struct nhs *const n = in_state(&s, (enum nhs_state)from);
		const bool stays = from == NHS_RELEASING || from == NHS_LEAVING;

		n->nbma.addr = IPADDR_NONE;
		nhs_step(n, NHS_EVENT_READY);
		assert_int_equal(n->state, stays ? from : (unsigned)NHS_WAITING);
		if (n->state == NHS_WAITING)
			assert_string_equal(n->reason, "NBMA address unknown");
		rig_free(s.rig);
	}
}

/* ---- whether it is preferred, pair by pair (nhs_trust.c) */

static struct nhs *held(const struct scene *s, enum nhs_hold hold, bool limited)
{
	struct nhs *n;

	s->spoke1->nhrp->nhs_fallback_s = limited ? 5 : 0;
	node_start(s->spoke1);
	n = nhs_of(s->spoke1);
	nhs_step(n, NHS_EVENT_ACCEPTED);
	assert_int_equal(n->hold, NHS_HOLD_NONE);
	damping_flap(&n->damping, s->rig->now);
	damping_flap(&n->damping, s->rig->now);
	if (hold != NHS_HOLD_NONE)
		nhs_trust_begin(n, true);
	if (hold == NHS_HOLD_SETTLING)
		nhs_trust_due(n);
	assert_int_equal(n->hold, hold);
	return n;
}

static void every_pair_of_trust(void **state)
{
	enum { BEGIN, BEGIN_RETURNED, END, DUE, NOW, EVENTS };
	/* twice gone: damped; columns as above */
	static const enum nhs_hold follows_hold[][EVENTS] = {
		[NHS_HOLD_NONE] = { NHS_HOLD_NONE, NHS_HOLD_DAMPED, NHS_HOLD_NONE, NHS_HOLD_NONE, NHS_HOLD_NONE },
		[NHS_HOLD_DAMPED] = { NHS_HOLD_NONE, NHS_HOLD_DAMPED, NHS_HOLD_NONE, NHS_HOLD_SETTLING, NHS_HOLD_NONE },
		[NHS_HOLD_SETTLING] = { NHS_HOLD_NONE, NHS_HOLD_DAMPED, NHS_HOLD_NONE, NHS_HOLD_NONE, NHS_HOLD_NONE },
	};

	(void)state;
	for (unsigned from = 0; from <= NHS_HOLD_SETTLING; from++)
		for (unsigned event = 0; event < EVENTS; event++) {
			const struct scene s = scene_laid_out();
			struct nhs *const n = held(&s, (enum nhs_hold)from, true);

			switch (event) {
			case BEGIN: nhs_trust_begin(n, false); break;
			case BEGIN_RETURNED: nhs_trust_begin(n, true); break;
			case END: nhs_trust_end(n); break;
			case DUE: nhs_trust_due(n); break;
			case NOW: nhs_trust_now(n); break;
			}
			if (n->hold != follows_hold[from][event])
				fail_msg("hold %u, event %u: %u", from, event, n->hold);
			assert_int_equal(timer_running(&n->trust), n->hold != NHS_HOLD_NONE);
			/* two flaps: 2000 points, of which 1000 are free, 10 ms each; then the fallback time */
			assert_int_equal(nhs_held_back(n).us, n->hold == NHS_HOLD_DAMPED ? span_s(10 + 5).us :
							      n->hold == NHS_HOLD_SETTLING ? span_s(5).us : 0);
			assert_true(n->told_up);
			rig_free(s.rig);
		}
	{ /* without a fallback time there is nothing to settle for */
		const struct scene s = scene_laid_out();
		struct nhs *const n = held(&s, NHS_HOLD_DAMPED, false);

		nhs_trust_due(n);
		assert_int_equal(n->hold, NHS_HOLD_NONE);
		rig_free(s.rig);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ladder_keeps_the_request_id),
		cmocka_unit_test(ladder_ends_at_the_registration_timeout),
		cmocka_unit_test(hub_back_from_a_crash_sees_its_spokes),
		cmocka_unit_test(dead_after_three_misses_alive_at_once),
		cmocka_unit_test(tunnel_up_restarts_the_ladder),
		cmocka_unit_test(what_begins_anew_forgets_its_misses),
		cmocka_unit_test(refusal_is_told_and_tried_again),
		cmocka_unit_test(dynamic_nhs_tells_its_address),
		cmocka_unit_test(two_hubs_by_priority),
		cmocka_unit_test(the_dead_are_named_beside_the_live),
		cmocka_unit_test(a_server_names_no_dead),
		cmocka_unit_test(clean_stop_of_a_spoke),
		cmocka_unit_test(clean_stop_does_not_wait_for_the_dead),
		cmocka_unit_test(clean_stop_of_a_hub),
		cmocka_unit_test(cleared_clients_register_again),
		cmocka_unit_test(carrier_follows_the_nhs),
		cmocka_unit_test(carrier_comes_back_with_the_knob_off),
		cmocka_unit_test(routing_is_told_of_a_dead_nhs),
		cmocka_unit_test(phase1_leans_on_its_destination),
		cmocka_unit_test(peers_of_the_last_life_keep_their_ids),
		cmocka_unit_test(a_peer_of_the_last_life_outlasts_its_claim),
		cmocka_unit_test(every_pair),
		cmocka_unit_test(without_an_address),
		cmocka_unit_test(who_carries),
		cmocka_unit_test(short_hold_times),
		cmocka_unit_test(a_release_is_told),
		cmocka_unit_test(silence_is_three_misses),
		cmocka_unit_test(every_pair_of_trust),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) + cmocka_run_group_tests_name("IPv6", tests, rig_over_v6, NULL);
}
