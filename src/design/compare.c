#include "design/compare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "design/said.h"

enum { NAMES_SHOWN = 4 };

void name_add(struct name_list *l, const char *name)
{
	const size_t used = strlen(l->text);

	if (l->count++ < NAMES_SHOWN)
		snprintf(l->text + used, sizeof l->text - used, "%s%.30s", used ? ", " : "", name);
}

const char *name_text(struct name_list *l)
{
	const size_t used = strlen(l->text);

	if (l->count > NAMES_SHOWN) {
		snprintf(l->text + used, sizeof l->text - used, " and %zu more", l->count - NAMES_SHOWN);
		l->count = 0;
	}
	return l->text;
}

struct entry {
	const struct design_member *m;
	struct trait t;
};

static int by_value(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	const int order = strcmp(x->t.value, y->t.value);

	if (order)
		return order;
	if (x->m->hub != y->m->hub)
		return x->m->hub ? -1 : 1;
	return x->m < y->m ? -1 : x->m > y->m;
}

struct group {
	size_t first, count;
};

static struct group group_at(const struct entry *e, size_t count, size_t first)
{
	struct group g = { first, 1 };

	while (first + g.count < count && !strcmp(e[first].t.value, e[first + g.count].t.value))
		g.count++;
	return g;
}

/* The value of most; of equal ones that of a hub, which stands first in its group. */
static struct group right_one(const struct entry *e, size_t count)
{
	struct group best = { 0, 0 };

	for (size_t i = 0; i < count;) {
		const struct group g = group_at(e, count, i);

		if (g.count > best.count || (g.count == best.count && e[g.first].m->hub && !e[best.first].m->hub))
			best = g;
		i += g.count;
	}
	return best;
}

static void report(struct design *d, enum design_rule_id rule, const struct entry *e, struct group wrong, struct group right)
{
	const struct trait *t = &e[right.first].t;
	struct name_list names = { 0 }, others = { 0 };
	struct design_finding *f;
	char remedy[320];

	for (size_t i = 0; i < wrong.count; i++)
		name_add(&names, member_name(d, e[wrong.first + i].m));
	for (size_t i = 0; i < right.count; i++)
		name_add(&others, member_name(d, e[right.first + i].m));
	snprintf(remedy, sizeof remedy, "write %s at %s", t->write, name_text(&names));
	f = design_found(d, rule, remedy, "%s: %s %s %s, %s %s %s", e[wrong.first].m->interface->ios_name, names.text,
			 wrong.count > 1 ? "have" : "has", e[wrong.first].t.shown, name_text(&others), right.count > 1 ? "have" : "has", t->shown);
	for (size_t i = 0; i < wrong.count && i < 16; i++)
		finding_place(f, member_config(d, e[wrong.first + i].m), e[wrong.first + i].t.line);
	finding_place(f, member_config(d, e[right.first].m), t->line);
}

void compare_cloud(struct design *d, const struct design_cloud *c, enum design_rule_id rule, trait_of *of)
{
	struct entry *e = alloc_zero(c->count, sizeof *e);
	struct group right;
	size_t count = 0;

	for (uint32_t i = 0; i < c->count; i++) {
		e[count] = (struct entry){ .m = design_in(d, c, i) };
		count += of(d, e[count].m, &e[count].t);
	}
	qsort(e, count, sizeof *e, by_value);
	right = right_one(e, count);
	for (size_t i = 0; i < count;) {
		const struct group g = group_at(e, count, i);

		if (g.first != right.first)
			report(d, rule, e, g, right);
		i += g.count;
	}
	free(e);
}

void compare_clouds(struct design *d, enum design_rule_id rule, trait_of *of)
{
	for (size_t i = 0; i < d->cloud_count; i++)
		compare_cloud(d, &d->clouds[i], rule, of);
}

unsigned nhrp_line(const struct design_member *m, const char *words)
{
	return said_linef(m->interface, "%s nhrp %s", m->family == IP_V4 ? "ip" : "ipv6", words);
}

unsigned nhrp_line_of(const struct design_member *m, const char *words, const struct ipaddr *addr)
{
	const char *const ip = m->family == IP_V4 ? "ip" : "ipv6";
	char text[IPADDR_TEXT_MAX];
	unsigned line;

	ipaddr_format(addr, text);
	line = said_linef(m->interface, "%s nhrp %s %s", ip, words, text);
	return line != m->interface->line ? line : said_linef(m->interface, "%s nhrp %s %s/%u", ip, words, text,
							      ip_family_bits((enum ip_family)addr->family));
}

bool is_private(const struct ipaddr *a)
{
	uint32_t v4;

	if (a->family == IP_V6)
		return (a->bytes[0] & 0xfe) == 0xfc;
	if (a->family != IP_V4)
		return false;
	v4 = ipaddr_to_v4(a);
	return v4 >> 24 == 10 || v4 >> 20 == 0xac1 || v4 >> 16 == 0xc0a8 || v4 >> 22 == 0x64400000u >> 22;
}
