#include "scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

struct scene scene_laid_out(void)
{
	struct scene s = { .rig = rig_new() };

	s.hub = node_new(s.rig, "hub", "192.0.2.1", "10.0.0.1/24");
	s.spoke1 = node_new(s.rig, "spoke1", "198.51.100.1", "10.0.0.11/24");
	s.spoke2 = node_new(s.rig, "spoke2", "198.51.100.2", "10.0.0.12/24");
	s.hub->nhrp->redirect = true;
	node_add_nhs(s.spoke1, "10.0.0.1", "192.0.2.1");
	node_add_nhs(s.spoke2, "10.0.0.1", "192.0.2.1");
	return s;
}

struct scene scene_two_hubs_laid_out(void)
{
	struct scene s = scene_laid_out();

	s.hub2 = node_new(s.rig, "hub2", "192.0.2.2", "10.0.0.2/24");
	s.hub2->nhrp->redirect = true;
	node_add_nhs(s.spoke1, "10.0.0.2", "192.0.2.2");
	node_add_nhs(s.spoke2, "10.0.0.2", "192.0.2.2");
	s.spoke1->nhs4[1].priority = s.spoke2->nhs4[1].priority = 1;
	return s;
}

void scene_start(const struct scene *s)
{
	node_start(s->hub);
	if (s->hub2)
		node_start(s->hub2);
	node_start(s->spoke1);
	node_start(s->spoke2);
	rig_run(s->rig, 1);
	rig_skip(s->rig);
}

struct scene scene_up(void)
{
	const struct scene s = scene_laid_out();

	scene_start(&s);
	return s;
}

struct scene scene_two_hubs_up(void)
{
	const struct scene s = scene_two_hubs_laid_out();

	scene_start(&s);
	return s;
}

static void hub_routes(struct node *hub)
{
	if (!hub)
		return;
	node_route(hub, "192.168.1.0/24", "10.0.0.11", true);
	node_route(hub, "192.168.2.0/24", "10.0.0.12", true);
}

void scene_routes(const struct scene *s)
{
	hub_routes(s->hub);
	hub_routes(s->hub2);
	node_route(s->spoke1, "192.168.1.0/24", "", false);
	node_route(s->spoke1, "192.168.0.0/16", "10.0.0.1", true);
	node_route(s->spoke2, "192.168.2.0/24", "", false);
	node_route(s->spoke2, "192.168.0.0/16", "10.0.0.1", true);
}

void reconfigure(struct node *n)
{
	engine_reconfigure(n->engine, n->rig->now, &n->config);
	node_event(n, &(struct event){ .type = EVENT_TICK });
}

struct binding_view binding_at(const struct node *n, const char *dst)
{
	struct binding_view v;

	if (!node_binding(n, dst, &v))
		fail_msg("%s has no binding of %s", n->name, dst);
	return v;
}

struct nhrp_message *message_from(unsigned type, const char *src_nbma, const char *src, const char *dst)
{
	static struct nhrp_message m;

	memset(&m, 0, sizeof m);
	m.type = (uint8_t)type;
	m.hop_count = 255;
	m.nbma_family = IP_V4;
	m.request_id = 99;
	m.src_nbma = addr_of(src_nbma);
	m.src_proto = addr_of(src);
	m.proto_family = (enum ip_family)m.src_proto.family;
	m.dst_proto = addr_of(dst);
	if (type <= NHRP_PURGE_REPLY) {
		m.cie_count = 1;
		m.cies[0] = (struct nhrp_cie){ .prefix_len = type == NHRP_REGISTRATION_REQUEST ? 255 : 0, .holding_s = 600 };
	}
	return &m;
}
