/*
 * Groups of spokes: what a spoke says of itself, what the hub says of an identity, and which rate follows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "scene.h"
#include "wire/nhrp_group.h"

enum { SLOW = 5000000, FAST = 50000000 };

static struct config_group_map maps[2];
static struct config_group_identity identities[1];

static void hub_has_maps(struct node *hub)
{
	maps[0] = (struct config_group_map){ .group = "SLOW", .rate_bps = SLOW, .burst_octets = 6250 };
	maps[1] = (struct config_group_map){ .group = "FAST", .rate_bps = FAST, .burst_octets = 62500 };
	hub->tunnel.groups.maps = maps;
	hub->tunnel.groups.map_count = 2;
}

static struct scene in_groups(void)
{
	const struct scene s = scene_laid_out();

	hub_has_maps(s.hub);
	s.spoke1->tunnel.groups.own = "SLOW";
	s.spoke2->tunnel.groups.own = "ELSE";
	scene_start(&s);
	return s;
}

static void spokes_say_it(void **state)
{
	const struct scene s = in_groups();

	(void)state;
	assert_int_equal(node_peer_rate(s.hub, "198.51.100.1"), SLOW);
	assert_int_equal(node_peer_rate(s.hub, "198.51.100.2"), 0); /* no line maps it */
	assert_int_equal(node_peer_rate(s.spoke1, "192.0.2.1"), 0); /* the way up is its own affair */
	rig_free(s.rig);
}

static void another_rate_at_once(void **state)
{
	const struct scene s = in_groups();

	(void)state;
	maps[0].rate_bps = 7000000;
	maps[1].group = "ELSE";
	reconfigure(s.hub);
	assert_int_equal(node_peer_rate(s.hub, "198.51.100.1"), 7000000);
	assert_int_equal(node_peer_rate(s.hub, "198.51.100.2"), 0); /* with its next registration */
	maps[0].group = "NOBODY";
	reconfigure(s.hub);
	assert_int_equal(node_peer_rate(s.hub, "198.51.100.1"), 0);
	rig_free(s.rig);
}

static void another_group_is_said_at_once(void **state)
{
	const struct scene s = in_groups();

	(void)state;
	s.spoke1->tunnel.groups.own = "FAST";
	reconfigure(s.spoke1);
	rig_run(s.rig, 1);
	assert_int_equal(node_peer_rate(s.hub, "198.51.100.1"), FAST);
	s.spoke1->tunnel.groups.own = NULL;
	reconfigure(s.spoke1);
	rig_run(s.rig, 1);
	assert_int_equal(node_peer_rate(s.hub, "198.51.100.1"), 0);
	rig_free(s.rig);
}

static const struct nhrp_message *claim_of_group(const char *group)
{
	static uint8_t room[NHRP_GROUP_OCTETS];
	struct nhrp_message *const m = message_from(NHRP_REGISTRATION_REQUEST, "198.51.100.1", "10.0.0.11", "10.0.0.1");

	m->cies[0].holding_s = 60;
	m->has_extensions = true;
	assert_true(nhrp_group_add(m, group, room));
	return m;
}

static void an_identity_goes_before_what_is_said(void **state)
{
	struct rig *const r = rig_new();
	struct node *const hub = node_new(r, "hub", "192.0.2.1", "10.0.0.1/24");

	(void)state;
	hub_has_maps(hub);
	identities[0] = (struct config_group_identity){ .group = "SLOW", .identity = { .kind = "fqdn", .name = "a.example" } };
	hub->tunnel.groups.identities = identities;
	hub->tunnel.groups.identity_count = 1;
	node_start(hub);
	node_receive_as(hub, "198.51.100.1", 0, "a.example", claim_of_group("FAST"));
	assert_int_equal(node_peer_rate(hub, "198.51.100.1"), SLOW);
	rig_run(r, 61);
	node_receive_as(hub, "198.51.100.1", 0, "b.example", claim_of_group("FAST"));
	assert_int_equal(node_peer_rate(hub, "198.51.100.1"), FAST);
	rig_free(r);
}

/* The control process died: what the data path still has is gone on with until the client says it again. */
static void goes_on_after_a_restart(void **state)
{
	const struct scene s = in_groups();

	(void)state;
	engine_free(s.hub->engine);
	s.hub->engine = engine_new(&s.hub->config, &s.hub->options, s.rig->now);
	for (size_t i = 0; i < s.hub->peer_count; i++)
		node_event(s.hub, &(struct event){ .type = EVENT_PEER_KNOWN, .peer_known = {
			.peer = s.hub->peers[i].id, .nbma = s.hub->peers[i].nbma, .shape = s.hub->peers[i].shape } });
	s.hub->peer_count = 0;
	node_tunnel(s.hub, true, "192.0.2.1");
	assert_int_equal(node_peer_rate(s.hub, "198.51.100.1"), SLOW);
	rig_free(s.rig);
}

static void hostile_names(void **state)
{
	struct nhrp_message m = { 0 };
	uint8_t room[NHRP_GROUP_OCTETS + 8];
	char name[NHRP_GROUP_NAME_MAX + 1], longest[NHRP_GROUP_NAME_MAX + 2];

	(void)state;
	memset(longest, 'x', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	assert_false(nhrp_group_add(&m, longest, room));
	assert_false(nhrp_group_add(&m, "", room));
	longest[sizeof longest - 2] = '\0';
	assert_true(nhrp_group_add(&m, longest, room));
	assert_true(nhrp_group_find(&m, name));
	assert_string_equal(name, longest);
	m.extensions[0].length--; /* shorter than it says */
	assert_false(nhrp_group_find(&m, name));
	m.extensions[0].length += 2;
	assert_false(nhrp_group_find(&m, name));
	m.extensions[0].length = 5;
	room[4] = 0;
	assert_false(nhrp_group_find(&m, name));
	m.extensions[0].length = 0;
	assert_false(nhrp_group_find(&m, name));
	m.extension_count = 0;
	assert_true(nhrp_group_add(&m, "a\nb", room));
	assert_false(nhrp_group_find(&m, name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spokes_say_it),
		cmocka_unit_test(another_rate_at_once),
		cmocka_unit_test(another_group_is_said_at_once),
		cmocka_unit_test(an_identity_goes_before_what_is_said),
		cmocka_unit_test(goes_on_after_a_restart),
		cmocka_unit_test(hostile_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
