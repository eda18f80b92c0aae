/*
 * One side is FRR's nhrpd as it was captured with ours: its bytes only. The other is our engine, which says
 * what ours said there, byte for byte. The live network is tests/interop/nhrpd.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "nhrpd.h"
#include "scene.h"

#define HUB_NBMA "192.0.2.2"
#define SPOKE1_NBMA "198.51.100.6"
#define SPOKE2_NBMA "198.51.100.10"

#define RECEIVES(node, from, name) node_receive_bytes(node, from, name, sizeof name)
#define HAS_SENT(r, name) has_sent(r, name, sizeof name)

enum { TYPE_AT = 17, OUR_FIRST_ID = 1795459039 };

static void has_sent(const struct rig *r, const uint8_t *bytes, size_t length)
{
	const unsigned type = bytes[TYPE_AT];

	assert_int_equal(r->sent_length[type], length);
	assert_memory_equal(r->sent[type], bytes, length);
}

static struct node *router(struct rig *r, const char *name, const char *nbma, const char *overlay, const char *secret)
{
	struct node *const n = node_new(r, name, nbma, overlay);

	n->nhrp->holdtime_s = 15;
	n->nhrp->registration_timeout_s = 5;
	n->nhrp->shortcut = true;
	n->nhrp->authentication = (char *)(uintptr_t)secret;
	return n;
}

static struct node *our_hub(struct rig *r, const char *secret)
{
	struct node *const hub = router(r, "hub", HUB_NBMA, "10.100.0.1/24", secret);

	hub->nhrp->redirect = hub->nhrp->map_multicast_dynamic = true;
	node_start(hub);
	node_route(hub, "10.1.1.0/24", "10.100.0.11", true);
	node_route(hub, "10.1.2.0/24", "10.100.0.12", true);
	return hub;
}

/* Registered with nhrpd's hub. */
static struct node *our_spoke(struct rig *r)
{
	struct node *const spoke = router(r, "spoke1", SPOKE1_NBMA, "10.100.0.11/24", NULL);

	spoke->options.request_id_first = OUR_FIRST_ID;
	node_add_nhs(spoke, "10.100.0.1", HUB_NBMA);
	node_start(spoke);
	node_route(spoke, "10.1.0.0/16", "10.100.0.1", true);
	node_route(spoke, "10.1.1.0/24", "", false);
	HAS_SENT(r, our_registration);
	RECEIVES(spoke, HUB_NBMA, their_registration_reply);
	return spoke;
}

/* Hop count 1, prefix length 255, no MTU: all returned as they came. */
static void its_spoke_registers(void **state)
{
	struct rig *const r = rig_new();
	struct node *const hub = our_hub(r, NULL);
	struct binding_view b;

	(void)state;
	RECEIVES(hub, SPOKE2_NBMA, their_registration);
	HAS_SENT(r, our_registration_reply);
	assert_string_equal(node_neighbour_nbma(hub, "10.100.0.12"), SPOKE2_NBMA);
	assert_true(node_has_multicast(hub, SPOKE2_NBMA));
	b = binding_at(hub, "10.100.0.12");
	assert_true(b.kind == BINDING_REGISTERED && b.unique && b.nat);
	rig_run(r, 14);
	assert_string_equal(node_neighbour_nbma(hub, "10.100.0.12"), SPOKE2_NBMA);
	rig_run(r, 2);
	assert_string_equal(node_neighbour_nbma(hub, "10.100.0.12"), "-");
	rig_free(r);
}

/* Every repeat has an id of its own, and after a restart they begin with 1 again. */
static void its_spoke_counts_anew(void **state)
{
	struct rig *const r = rig_new();
	struct node *const hub = our_hub(r, NULL);
	struct nhrp_message m;

	(void)state;
	assert_int_equal(nhrp_decode(their_registration, sizeof their_registration, &m, NULL), NHRP_DROP_NONE);
	for (uint32_t id = 1; id <= 5; id++) {
		m.request_id = id == 5 ? 1 : id;
		node_receive(hub, SPOKE2_NBMA, &m);
		assert_int_equal(node_counter(hub, ENGINE_COUNT_REGISTRATION_REPLY_SENT), id);
	}
	HAS_SENT(r, our_registration_reply);
	rig_free(r);
}

static void its_spoke_has_no_secret(void **state)
{
	struct rig *const r = rig_new();
	struct node *const hub = our_hub(r, "L4bS3cr");

	(void)state;
	RECEIVES(hub, SPOKE2_NBMA, their_registration);
	assert_int_equal(r->sent_length[NHRP_REGISTRATION_REPLY], 0);
	assert_true(r->sent_length[NHRP_ERROR_INDICATION] > 0);
	assert_non_null(strstr(hub->last_trace, "sends no authentication"));
	assert_string_equal(node_neighbour_nbma(hub, "10.100.0.12"), "-");
	rig_free(r);
}

static void its_hub_accepts(void **state)
{
	struct rig *const r = rig_new();
	struct node *const spoke = our_spoke(r);
	struct nhs_view v;

	(void)state;
	assert_true(node_nhs(spoke, 0, &v));
	assert_int_equal(v.status, NHS_VIEW_UP);
	assert_string_equal(node_neighbour_nbma(spoke, "10.100.0.1"), HUB_NBMA);
	rig_free(r);
}

/* It redirects, its hub passes our question on, its spoke's answer comes back that way. */
static void it_leads_to_a_shortcut(void **state)
{
	struct rig *const r = rig_new();
	struct node *const spoke = our_spoke(r);

	(void)state;
	RECEIVES(spoke, HUB_NBMA, their_indication);
	HAS_SENT(r, our_question);
	RECEIVES(spoke, HUB_NBMA, their_reply_passed_on);
	assert_string_equal(node_shortcut_gateway(spoke, "10.1.2.0/24"), "10.100.0.12");
	assert_string_equal(node_neighbour_nbma(spoke, "10.100.0.12"), SPOKE2_NBMA);
	rig_free(r);
}

/* A question with prefix length 255 is one for whatever prefix it is. */
static void it_asks(void **state)
{
	struct rig *const r = rig_new();
	struct node *const spoke = our_spoke(r);
	struct nhrp_message m;

	(void)state;
	RECEIVES(spoke, HUB_NBMA, their_question_passed_on);
	assert_int_equal(nhrp_decode(r->sent[NHRP_RESOLUTION_REPLY], r->sent_length[NHRP_RESOLUTION_REPLY], &m, NULL), NHRP_DROP_NONE);
	assert_int_equal(m.cies[0].code, NHRP_CODE_SUCCESS);
	assert_int_equal(m.cies[0].prefix_len, 24);
	assert_string_equal(node_neighbour_nbma(spoke, "10.100.0.12"), SPOKE2_NBMA); /* the way back */
	rig_free(r);
}

static void our_hub_passes_on(void **state)
{
	struct rig *const r = rig_new();
	struct node *const hub = our_hub(r, NULL);
	struct nhrp_message m;

	(void)state;
	RECEIVES(hub, SPOKE2_NBMA, their_registration);
	assert_int_equal(nhrp_decode(our_registration, sizeof our_registration, &m, NULL), NHRP_DROP_NONE);
	node_receive(hub, SPOKE1_NBMA, &m);
	RECEIVES(hub, SPOKE2_NBMA, their_question);
	HAS_SENT(r, their_question_by_us);
	RECEIVES(hub, SPOKE2_NBMA, their_reply);
	HAS_SENT(r, their_reply_by_us);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(its_spoke_registers),	    cmocka_unit_test(its_spoke_counts_anew),
		cmocka_unit_test(its_spoke_has_no_secret),  cmocka_unit_test(its_hub_accepts),
		cmocka_unit_test(it_leads_to_a_shortcut),   cmocka_unit_test(it_asks),
		cmocka_unit_test(our_hub_passes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
