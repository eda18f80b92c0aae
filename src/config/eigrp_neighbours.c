/* Who would hear whose hellos: the other routers on the same subnet, whom multicast reaches there. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/eigrp.h"
#include "config/render.h"

struct end { /* one side of a possible adjacency */
	const struct config *router;
	const struct config_interface *interface;
	const struct eigrp_process *process;
	struct eigrp_interface says;
};

static bool has_address(const struct config_interface *i, const struct ipaddr *a)
{
	for (size_t k = 0; k < i->address_count; k++)
		if (ipaddr_eq(&i->addresses[k].addr, a))
			return true;
	return false;
}

static bool on_one_subnet(const struct config_interface *a, const struct config_interface *b)
{
	const struct config_address *p = interface_primary(a), *q = interface_primary(b);
	struct ipprefix net;

	if (!p || !q || a->is_tunnel != b->is_tunnel || ipaddr_eq(&p->addr, &q->addr))
		return false;
	net = ipprefix_make(&p->addr, p->prefix_len);
	return p->prefix_len == q->prefix_len && ipprefix_contains(&net, &q->addr);
}

/* ---- multicast through a tunnel ---- */

static const struct config_nhs *registers_at(const struct end *client, const struct end *server)
{
	const struct config_nhrp *n = &client->interface->tunnel->nhrp4;

	for (size_t i = 0; i < n->nhs_count; i++)
		if (has_address(server->interface, &n->nhs[i].addr))
			return &n->nhs[i];
	return NULL;
}

static bool starts_at(const struct end *e, const struct ipaddr *nbma)
{
	const struct config_tunnel *t = e->interface->tunnel;
	const struct config_interface *source = t->source_interface ? config_find_interface(e->router, t->source_interface) : NULL;

	return source ? has_address(source, nbma) : ipaddr_eq(&t->source, nbma);
}

static bool mapped(const struct end *from, const struct end *to)
{
	const struct config_nhrp *n = &from->interface->tunnel->nhrp4;
	const struct config_nhs *nhs = registers_at(from, to);

	if (nhs && nhs->multicast)
		return true;
	for (size_t i = 0; i < n->map_multicast_count; i++)
		if (n->map_multicast[i].name ? nhs != NULL : starts_at(to, &n->map_multicast[i].addr))
			return true;
	return false;
}

/* Do copies of multicast go from one to the other? *assumed: only because releases from 15.7 on do so unasked. */
static bool sends(const struct end *from, const struct end *to, bool *assumed)
{
	const struct config_tunnel *t = from->interface->tunnel;

	if (t->mode == TUNNEL_GRE_P2P || mapped(from, to))
		return true;
	if (!registers_at(to, from))
		return false;
	*assumed = t->nhrp4.map_multicast_dynamic && !from->router->version && !t->nhrp4.map_multicast_dynamic_given;
	return t->nhrp4.map_multicast_dynamic;
}

/* `neighbor ADDRESS INTERFACE`: hellos are no multicast there. */
static bool named_by_hand(const struct end *e, const struct ipaddr *other)
{
	const struct config_block_line *l;
	char address[64];
	struct ipaddr a;
	size_t at = 0;

	while ((l = eigrp_line(e->process, &at)))
		if (sscanf(l->text, "neighbor %63s", address) == 1 && ipaddr_parse(address, &a) && ipaddr_eq(&a, other))
			return true;
	return false;
}

/* ---- keys ---- */

const char *eigrp_key(const struct config *c, const char *chain)
{
	for (size_t i = 0; chain && i < c->block_count; i++) {
		const struct config_block *b = &c->blocks[i];

		if (strncmp(b->head, "key chain ", 10) || strcmp(b->head + 10, chain))
			continue;
		for (size_t k = 0; k < b->line_count; k++)
			if (!strncmp(b->lines[k].text, "key-string ", 11))
				return strrchr(b->lines[k].text, ' ') + 1;
	}
	return "";
}

static bool keys_agree(const struct end *a, const struct end *b)
{
	const bool mine = a->says.authentication != NULL, other = b->says.authentication != NULL;

	if (mine != other)
		return false;
	return !mine || !strcmp(eigrp_key(a->router, a->says.key_chain), eigrp_key(b->router, b->says.key_chain));
}

/* ---- pairs ---- */

static const char *why_not(const struct end *a, const struct end *b, bool *assumed)
{
	const bool tunnel = a->interface->is_tunnel;

	if (a->says.passive || b->says.passive)
		return "one of them is passive there";
	if (!keys_agree(a, b))
		return "their authentication differs";
	if (tunnel && named_by_hand(a, interface_address(b->interface)) && named_by_hand(b, interface_address(a->interface)))
		return NULL;
	if (tunnel && !registers_at(a, b) && !registers_at(b, a) && !mapped(a, b) && !mapped(b, a))
		return "neither sends its multicast to the other";
	if (tunnel && (!sends(a, b, assumed) || !sends(b, a, assumed)))
		return "multicast is not sent both ways";
	return NULL;
}

static int add(struct eigrp_neighbours *out, const struct end *a, const struct end *b)
{
	struct eigrp_neighbour n = { .router = b->router, .here = a->interface, .there = b->interface, .as = a->process->as,
				     .address = *interface_address(b->interface) };
	struct eigrp_neighbour *more = realloc(out->list, (out->count + 1) * sizeof *more);

	if (!more)
		return -ENOMEM;
	n.why_not = why_not(a, b, &n.assumed);
	out->list = more;
	more[out->count++] = n;
	return 0;
}

static int meet_interface(struct eigrp_neighbours *out, const struct end *a, struct end *b)
{
	int r;

	if (!on_one_subnet(a->interface, b->interface) || !eigrp_runs_on(b->process, b->interface))
		return 0;
	r = eigrp_interface_read(b->process, b->interface, &b->says);
	if (r == 0)
		r = add(out, a, b);
	eigrp_interface_done(&b->says);
	return r;
}

static int meet_router(struct eigrp_neighbours *out, const struct end *a, const struct config *other)
{
	struct eigrp_process p = { 0 };
	int r = 0;

	while (r == 0 && eigrp_next(other, &p))
		for (size_t i = 0; i < other->interface_count && p.as == a->process->as && r == 0; i++) {
			struct end b = { .router = other, .interface = &other->interfaces[i], .process = &p };

			r = meet_interface(out, a, &b);
		}
	return r;
}

static int meet_all(struct eigrp_neighbours *out, size_t count, const struct config *const *all, size_t which, struct end *a)
{
	int r = eigrp_interface_read(a->process, a->interface, &a->says);

	for (size_t k = 0; k < count && r == 0; k++)
		if (k != which)
			r = meet_router(out, a, all[k]);
	eigrp_interface_done(&a->says);
	return r;
}

int eigrp_neighbours_find(size_t count, const struct config *const *all, size_t which, struct eigrp_neighbours *out)
{
	const struct config *c = all[which];
	struct eigrp_process p = { 0 };
	int r = 0;

	*out = (struct eigrp_neighbours){ .number = (uint32_t)which + 1 };
	while (r == 0 && eigrp_next(c, &p))
		for (size_t i = 0; i < c->interface_count && r == 0; i++) {
			struct end a = { .router = c, .interface = &c->interfaces[i], .process = &p };

			if (eigrp_runs_on(&p, a.interface))
				r = meet_all(out, count, all, which, &a);
		}
	if (r != 0)
		eigrp_neighbours_done(out);
	return r;
}

void eigrp_neighbours_done(struct eigrp_neighbours *n)
{
	free(n->list);
	*n = (struct eigrp_neighbours){ 0 };
}
