#include "config/nat.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* ---- interfaces ---- */

static bool says(const struct config_interface *i, const char *text)
{
	for (size_t k = 0; k < i->extra_count; k++) {
		if (!strcmp(i->extras[k], text))
			return true;
	}
	return false;
}

bool nat_is_inside(const struct config_interface *i)
{
	return !i->shutdown && says(i, "ip nat inside");
}

bool nat_is_outside(const struct config_interface *i)
{
	return !i->shutdown && !i->is_tunnel && says(i, "ip nat outside");
}

bool nat_is_either(const struct config_interface *i)
{
	return !i->shutdown && says(i, "ip nat enable");
}

static bool is_way_out(const struct nat_rule *r, const struct config_interface *i)
{
	return r->either_way ? nat_is_either(i) && !i->is_tunnel : nat_is_outside(i);
}

static bool is_source(const struct config *c, const struct config_interface *i)
{
	for (size_t k = 0; k < c->interface_count; k++) {
		const struct config_tunnel *const t = c->interfaces[k].tunnel;

		if (!t || c->interfaces[k].shutdown)
			continue;
		if (t->source_interface && !strcmp(t->source_interface, i->name))
			return true;
		for (size_t a = 0; a < i->address_count; a++) {
			if (!ipaddr_is_none(&t->source) && ipaddr_eq(&t->source, &i->addresses[a].addr))
				return true;
		}
	}
	return false;
}

bool nat_is_uplink(const struct config *c, const struct nat *n, const struct config_interface *i)
{
	if (i->is_tunnel || (!nat_is_outside(i) && !nat_is_either(i)))
		return false;
	for (size_t k = 0; k < n->rule_count; k++) {
		if (!n->rules[k].is_static && (n->rules[k].interface == i || n->rules[k].home == i))
			return true;
	}
	return is_source(c, i);
}

/* ---- words of a line ---- */

/* The word behind these in a text; false: they are not there. */
static bool word_after(const char *text, const char *words, char out[64])
{
	const size_t length = strlen(words);

	for (const char *at = strstr(text, words); at; at = strstr(at + 1, words)) {
		if ((at == text || at[-1] == ' ') && at[length] == ' ')
			return sscanf(at + length, "%63s", out) == 1;
	}
	return false;
}

static void fault(struct nat *n, unsigned line, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void fault(struct nat *n, unsigned line, const char *format, ...)
{
	va_list args;

	if (n->fault_line)
		return;
	n->fault_line = line;
	va_start(args, format);
	vsnprintf(n->fault, sizeof n->fault, format, args);
	va_end(args);
}

static void idle(struct nat *n, unsigned line, const char *why)
{
	if (n->idle_line)
		return;
	n->idle_line = line;
	n->idle = why;
}

/* ---- terms ---- */

static bool read_list(struct nat *n, const struct config *c, const char *name, struct access_list *out)
{
	if (!access_list_read(c, name, out))
		return false;
	if (out->bad_line)
		fault(n, out->bad_line, "address translation does not know \"%s\" in a list", out->bad_word);
	return true;
}

static bool read_lists(struct nat *n, const struct config *c, const struct nat_rule *r, const char *names,
		       struct access_list *lists, size_t *count)
{
	char name[64];
	int used;

	for (; sscanf(names, "%63s%n", name, &used) == 1; names += used) {
		if (*count == NAT_LISTS_MAX) {
			fault(n, r->line, "more than %d lists in an entry of its route-map", NAT_LISTS_MAX);
			return true;
		}
		if (!read_list(n, c, name, &lists[(*count)++]))
			return false;
	}
	return true;
}

static void read_outs(struct nat *n, const struct config *c, const struct nat_rule *r, const char *names, struct nat_term *t)
{
	char name[64], kernel[16];
	int used;

	for (; sscanf(names, "%63s%n", name, &used) == 1; names += used) {
		const struct config_interface *i = config_ifname(name, NULL, kernel) ? config_find_interface(c, kernel) : NULL;

		if (i && t->out_count < NAT_OUTS_MAX)
			t->outs[t->out_count++] = i;
		else
			fault(n, r->line, "its route-map names %.40s, %s", name, i ? "and too many more" : "which is not in this file");
	}
}

static bool read_match(struct nat *n, const struct config *c, const struct nat_rule *r, const char *text, struct nat_term *t)
{
	if (!strncmp(text, "match ip address prefix-list ", 29) || !strncmp(text, "match ip next-hop prefix-list ", 30))
		fault(n, r->line, "its route-map matches by a prefix-list; write an access list");
	else if (!strncmp(text, "match ip address ", 17))
		return read_lists(n, c, r, text + 17, t->lists, &t->list_count);
	else if (!strncmp(text, "match ip next-hop ", 18))
		return read_lists(n, c, r, text + 18, t->next_hops, &t->next_hop_count);
	else if (!strncmp(text, "match interface ", 16))
		read_outs(n, c, r, text + 16, t);
	else if (!strncmp(text, "match ", 6))
		fault(n, r->line, "its route-map matches by something else than ip address, interface or ip next-hop");
	return true;
}

static struct nat_term *add_term(struct nat_rule *r)
{
	struct nat_term *grown = realloc(r->terms, (r->term_count + 1) * sizeof *grown);

	if (!grown)
		return NULL;
	r->terms = grown;
	grown[r->term_count] = (struct nat_term){ .permits = true, .sequence = 10 };
	return &grown[r->term_count++];
}

static bool read_entry(struct nat *n, const struct config *c, struct nat_rule *r, const struct config_block *b)
{
	struct nat_term *t = add_term(r);
	char action[16] = "";

	if (!t)
		return false;
	if (sscanf(b->head, "route-map %*s %15s %u", action, &t->sequence) < 2)
		sscanf(b->head, "route-map %*s %u", &t->sequence);
	t->permits = strcmp(action, "deny") != 0;
	for (size_t i = 0; i < b->line_count; i++) {
		if (!read_match(n, c, r, b->lines[i].text, t))
			return false;
	}
	return true;
}

static int by_sequence(const void *a, const void *b)
{
	const struct nat_term *x = a, *y = b;

	return x->sequence < y->sequence ? -1 : x->sequence > y->sequence;
}

static bool is_map(const char *head, const char *name)
{
	const size_t length = strlen(name);

	return !strncmp(head, "route-map ", 10) && !strncmp(head + 10, name, length) &&
	       (!head[10 + length] || head[10 + length] == ' ');
}

static bool read_terms(struct nat *n, const struct config *c, struct nat_rule *r)
{
	char name[64];

	if (word_after(r->text, "list", name)) {
		struct nat_term *t = add_term(r);

		return t && read_lists(n, c, r, name, t->lists, &t->list_count);
	}
	r->anyhow = !word_after(r->text, "route-map", name);
	for (size_t i = 0; !r->anyhow && i < c->block_count; i++) {
		if (is_map(c->blocks[i].head, name) && !read_entry(n, c, r, &c->blocks[i]))
			return false;
	}
	if (!r->anyhow && r->term_count == 0)
		idle(n, r->line, "there is no such route-map");
	if (r->term_count)
		qsort(r->terms, r->term_count, sizeof *r->terms, by_sequence);
	return true;
}

/* ---- what it is translated to ---- */

static bool read_pool(struct nat *n, const struct config *c, struct nat_rule *r, const char *name)
{
	const size_t length = strlen(name);
	char first[64], last[64];

	for (size_t i = 0; i < c->block_count; i++) {
		const char *head = c->blocks[i].head;

		if (strncmp(head, "ip nat pool ", 12) || strncmp(head + 12, name, length) || head[12 + length] != ' ')
			continue;
		if (sscanf(head + 12 + length, " %63s %63s", first, last) == 2 && ipaddr_parse(first, &r->first) &&
		    ipaddr_parse(last, &r->last) && ipaddr_to_v4(&r->first) <= ipaddr_to_v4(&r->last))
			return true;
		fault(n, c->blocks[i].line, "the pool's first address is behind its last");
	}
	return false;
}

static const struct config_interface *read_interface(const struct config *c, const char *name)
{
	char kernel[16];

	return config_ifname(name, NULL, kernel) ? config_find_interface(c, kernel) : NULL;
}

static const struct config_interface *find_home(const struct config *c, const struct nat_rule *r)
{
	for (size_t i = 0; !r->interface && i < c->interface_count; i++) {
		const struct config_interface *o = &c->interfaces[i];

		for (size_t a = 0; is_way_out(r, o) && a < o->address_count; a++) {
			const struct ipprefix p = ipprefix_make(&o->addresses[a].addr, o->addresses[a].prefix_len);

			if (ipprefix_contains(&p, &r->first))
				return o;
		}
	}
	return NULL;
}

static void read_vrf(const struct config *c, struct nat_rule *r)
{
	char name[64];

	r->by_vrf_of_inside = word_after(r->text, "vrf", name);
	for (uint32_t v = 0; r->by_vrf_of_inside && v < c->vrf_count; v++) {
		if (!strcmp(c->vrfs[v].name, name))
			r->vrf = v;
	}
}

/* false: there is nothing (an interface or pool that is not there) to translate to. */
static bool read_dynamic_end(struct nat *n, const struct config *c, struct nat_rule *r)
{
	char name[64];

	if (word_after(r->text, "pool", name))
		return read_pool(n, c, r, name);
	if (word_after(r->text, "interface", name))
		r->interface = read_interface(c, name);
	return r->interface != NULL;
}

/* ---- static ones: "tcp 10.0.0.5 80 192.0.2.5 8080", "10.0.0.5 192.0.2.5", "network 10.0.0.0 192.0.2.0 /24" ---- */

static bool read_network(struct nat_rule *r, const char *text)
{
	char inside[64], outside[64], mask[64];
	struct ipaddr m;

	if (sscanf(text, "%63s %63s %63s", inside, outside, mask) != 3 || !ipaddr_parse(inside, &r->inside) ||
	    !ipaddr_parse(outside, &r->first))
		return false;
	if (*mask == '/')
		r->len = (uint8_t)atoi(mask + 1);
	else if (!ipaddr_parse(mask, &m) || !netmask_to_len(&m, &r->len))
		return false;
	return r->len > 0 && r->len <= 32;
}

static bool read_port_pair(const struct config *c, struct nat_rule *r, const char *text)
{
	char inside[64], outside[64], name[64];

	if (sscanf(text, "%63s %hu interface %63s %hu", inside, &r->inside_port, name, &r->port) == 4)
		return ipaddr_parse(inside, &r->inside) && (r->interface = read_interface(c, name));
	return sscanf(text, "%63s %hu %63s %hu", inside, &r->inside_port, outside, &r->port) == 4 &&
	       ipaddr_parse(inside, &r->inside) && ipaddr_parse(outside, &r->first);
}

static bool read_static_end(const struct config *c, struct nat_rule *r, const char *text)
{
	char inside[64], outside[64], name[64];

	r->is_static = true;
	r->len = 32;
	if (!strncmp(text, "network ", 8))
		return read_network(r, text + 8);
	if (!strncmp(text, "tcp ", 4) || !strncmp(text, "udp ", 4)) {
		r->protocol = *text == 't' ? 6 : 17;
		return read_port_pair(c, r, text + 4);
	}
	if (sscanf(text, "%63s interface %63s", inside, name) == 2)
		return ipaddr_parse(inside, &r->inside) && (r->interface = read_interface(c, name));
	return sscanf(text, "%63s %63s", inside, outside) == 2 && ipaddr_parse(inside, &r->inside) &&
	       ipaddr_parse(outside, &r->first);
}

/* ---- the whole ---- */

static void term_done(struct nat_term *t)
{
	for (size_t i = 0; i < t->list_count; i++)
		access_list_done(&t->lists[i]);
	for (size_t i = 0; i < t->next_hop_count; i++)
		access_list_done(&t->next_hops[i]);
}

static void rule_done(struct nat_rule *r)
{
	for (size_t i = 0; i < r->term_count; i++)
		term_done(&r->terms[i]);
	free(r->terms);
	free(r->text);
}

void nat_free(struct nat *n)
{
	if (!n)
		return;
	for (size_t i = 0; i < n->rule_count; i++)
		rule_done(&n->rules[i]);
	free(n->rules);
	free(n);
}

static struct nat_rule *add_rule(struct nat *n, const struct config_block *b)
{
	struct nat_rule *grown = realloc(n->rules, (n->rule_count + 1) * sizeof *grown);

	if (!grown)
		return NULL;
	n->rules = grown;
	grown[n->rule_count] = (struct nat_rule){ .text = strdup(b->head), .line = b->line, .len = 32 };
	return grown[n->rule_count].text ? &grown[n->rule_count++] : NULL;
}

/* What follows "ip nat inside source " or "ip nat source "; NULL: it is another line. */
static const char *rule_text(const char *head)
{
	static const char *const begins[] = { "ip nat inside source ", "ip nat source " };

	for (size_t i = 0; i < 2; i++) {
		if (!strncmp(head, begins[i], strlen(begins[i])))
			return head + strlen(begins[i]);
	}
	return NULL;
}

static bool read_rule(struct nat *n, const struct config *c, const struct config_block *b, const char *text, bool is_static)
{
	struct nat_rule *r = add_rule(n, b);
	bool leads;

	if (!r)
		return false;
	r->either_way = !strncmp(b->head, "ip nat source ", 14);
	read_vrf(c, r);
	leads = is_static ? read_static_end(c, r, text + 7) : read_dynamic_end(n, c, r);
	if (!leads) {
		idle(n, r->line, "there is no such interface or pool");
		rule_done(r);
		n->rule_count--;
		return true;
	}
	r->home = find_home(c, r);
	return read_terms(n, c, r);
}

struct nat *nat_new(const struct config *c)
{
	struct nat *n = calloc(1, sizeof *n);

	for (unsigned pass = 0; n && pass < 2; pass++) {
		for (size_t i = 0; n && i < c->block_count; i++) {
			const char *text = rule_text(c->blocks[i].head);
			const bool is_static = text && !strncmp(text, "static ", 7);

			if (text && is_static == (pass == 0) && !read_rule(n, c, &c->blocks[i], text, is_static)) {
				nat_free(n);
				n = NULL;
			}
		}
	}
	return n;
}

/* ---- which lists are used ---- */

static bool map_uses(const struct config *c, const char *map, const char *name)
{
	for (size_t i = 0; i < c->block_count; i++) {
		const struct config_block *b = &c->blocks[i];

		for (size_t k = 0; is_map(b->head, map) && k < b->line_count; k++) {
			const char *text = b->lines[k].text;
			char word[64];
			int used;

			if (strncmp(text, "match ip address ", 17) && strncmp(text, "match ip next-hop ", 18))
				continue;
			for (text += 17; sscanf(text, "%63s%n", word, &used) == 1; text += used) {
				if (!strcmp(word, name))
					return true;
			}
		}
	}
	return false;
}

bool nat_uses_list(const struct config *c, const char *name)
{
	char word[64];

	for (size_t i = 0; i < c->block_count; i++) {
		if (!rule_text(c->blocks[i].head))
			continue;
		if (word_after(c->blocks[i].head, "list", word) && !strcmp(word, name))
			return true;
		if (word_after(c->blocks[i].head, "route-map", word) && map_uses(c, word, name))
			return true;
	}
	return false;
}
