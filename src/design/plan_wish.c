/* plan_wish: reads and refuses wishes. One row a key; what is wrong is said with what would be right. */
#include "design/plan.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

struct value {
	const char *word;
	unsigned number;
};

enum kind { A_NUMBER, A_TIME, A_WORD };

struct key {
	const char *name;
	enum kind kind;
	size_t offset; /* of an unsigned in struct plan_wish */
	unsigned least, most;
	const char *too_many, *too_few;
	const struct value *values;
	const char *help;
};

static const struct value designs[] = {
	{ "one-hub-per-tunnel", PLAN_HUB_PER_TUNNEL }, { "hubs-in-one-tunnel", PLAN_HUBS_IN_ONE_TUNNEL }, { NULL, 0 },
};
static const struct value routings[] = {
	{ "bgp", PLAN_BGP }, { "ospf", PLAN_OSPF }, { "eigrp", PLAN_EIGRP }, { "rip", PLAN_RIP }, { "static", PLAN_STATIC }, { NULL, 0 },
};
static const struct value platforms[] = { { "dmvpn", PLAN_DMVPN }, { "cisco", PLAN_CISCO }, { NULL, 0 } };
static const struct value protections[] = {
	{ "key", PLAN_SHARED_KEY }, { "certificates", PLAN_CERTIFICATES }, { "none", PLAN_UNPROTECTED }, { NULL, 0 },
};
static const struct value addressings[] = { { "fixed", PLAN_FIXED }, { "dhcp", PLAN_DHCP }, { NULL, 0 } };
static const struct value bfds[] = { { "yes", PLAN_BFD_YES }, { "no", PLAN_BFD_NO }, { NULL, 0 } };
static const struct value balances[] = { { "primary", PLAN_PRIMARY }, { "share", PLAN_SHARE }, { NULL, 0 } };

_Static_assert(sizeof(enum plan_design) == sizeof(unsigned), "a wish's fields are read as unsigned");

#define AT(field) offsetof(struct plan_wish, field)

static const struct key keys[] = {
	{ "spokes", A_NUMBER, AT(spokes), 2, PLAN_SPOKES_MAX, "a hub's tables are made for that many; more are several networks",
	  "one spoke needs no multipoint tunnel", NULL, "how many spokes, 2 to 10000; the only wish that must be said" },
	{ "hubs", A_NUMBER, AT(hubs), 1, PLAN_HUBS_MAX, "each spoke is registered at every one of them; more are several networks",
	  "spokes find each other by a hub", NULL, "how many hubs, 1 to 8 (2)" },
	{ "uplinks", A_NUMBER, AT(uplinks), 1, PLAN_UPLINKS_MAX, "a third provider helps only when two fail at once",
	  "a router without an uplink reaches nobody", NULL, "providers that every router is connected to, 1 or 2 (1)" },
	{ "phase", A_NUMBER, AT(phase), 1, 3, "there are three", "there are three", NULL,
	  "1: all traffic by the hubs; 2: direct, by routing; 3: direct, by redirects (3)" },
	{ "failover", A_TIME, AT(failover_ms), 1, 3600000, "that is no failover", "that is none at all", NULL,
	  "the longest outage when a hub or an uplink fails: 500ms, 1s, 2min" },
	{ "routing", A_WORD, AT(routing), 0, 0, NULL, NULL, routings, "bgp, ospf, eigrp, rip or static (bgp)" },
	{ "design", A_WORD, AT(design), 0, 0, NULL, NULL, designs, "one-hub-per-tunnel or hubs-in-one-tunnel (what suits the rest)" },
	{ "platform", A_WORD, AT(platform), 0, 0, NULL, NULL, platforms, "dmvpn, this one, or cisco: what its routers need too (dmvpn)" },
	{ "protection", A_WORD, AT(protection), 0, 0, NULL, NULL, protections,
	  "key, certificates or none (key: one for all, made at random)" },
	{ "addresses", A_WORD, AT(addresses), 0, 0, NULL, NULL, addressings, "fixed or dhcp: what the spokes' providers give (fixed)" },
	{ "bfd", A_WORD, AT(bfd), 0, 0, NULL, NULL, bfds, "yes or no: on the tunnels (when failover needs it)" },
	{ "balance", A_WORD, AT(balance), 0, 0, NULL, NULL, balances,
	  "primary or share: does a spoke prefer one hub (what the design does well)" },
};

enum { KEY_COUNT = sizeof keys / sizeof keys[0] };

void plan_refuse(struct plan_refusals *r, const char *wish, const char *remedy, const char *reason, ...)
{
	struct plan_refusal *one;
	va_list args;

	r->at = alloc_array(r->at, r->count + 1, sizeof *r->at);
	one = &r->at[r->count++];
	one->wish = alloc_text(wish);
	one->remedy = alloc_text(remedy);
	va_start(args, reason);
	if (vasprintf(&one->reason, reason, args) < 0)
		one->reason = NULL;
	va_end(args);
}

void plan_refusals_done(struct plan_refusals *r)
{
	for (size_t i = 0; i < r->count; i++) {
		free(r->at[i].wish);
		free(r->at[i].reason);
		free(r->at[i].remedy);
	}
	free(r->at);
	*r = (struct plan_refusals){ 0 };
}

static unsigned *field(struct plan_wish *w, const struct key *k)
{
	return (unsigned *)(void *)((char *)w + k->offset);
}

/* ---- the nearest word that would have been right ---- */

enum { WORD_MAX = 40 };

/* How many letters differ: put in, left out or another one. */
static size_t distance(const char *a, const char *b)
{
	const size_t na = strlen(a), nb = strlen(b);
	size_t row[WORD_MAX + 1];

	if (na > WORD_MAX || nb > WORD_MAX)
		return WORD_MAX;
	for (size_t j = 0; j <= nb; j++)
		row[j] = j;
	for (size_t i = 1; i <= na; i++) {
		size_t corner = row[0];

		row[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			const size_t above = row[j], change = corner + (a[i - 1] != b[j - 1]);
			const size_t step = (above < row[j - 1] ? above : row[j - 1]) + 1;

			row[j] = step < change ? step : change;
			corner = above;
		}
	}
	return row[nb];
}

static bool begins(const char *text, const char *with)
{
	return *with && !strncmp(text, with, strlen(with));
}

static const char *nearest_key(const char *word)
{
	const char *best = NULL;
	size_t least = (strlen(word) + 1) / 2 + 1;

	for (size_t i = 0; i < KEY_COUNT; i++) {
		const size_t d = begins(keys[i].name, word) ? 0 : distance(word, keys[i].name);

		if (d < least) {
			least = d;
			best = keys[i].name;
		}
	}
	return best;
}

static void refuse_key(struct plan_refusals *r, const char *said, const char *name)
{
	const char *near = nearest_key(name);
	char remedy[WORD_MAX + 32];

	if (near)
		snprintf(remedy, sizeof remedy, "did you mean %s=…?", near);
	plan_refuse(r, said, near ? remedy : "dmvpn plan --help lists them", "there is no wish called \"%s\"", name);
}

/* ---- values ---- */

static bool take_number(const char *text, unsigned *out)
{
	unsigned long n;
	char *end;

	if (*text < '0' || *text > '9' || strlen(text) > 9)
		return false;
	n = strtoul(text, &end, 10);
	*out = (unsigned)n;
	return *end == '\0';
}

/* A number and its unit, in milliseconds; out of range is more than fits. */
static bool take_time(const char *text, unsigned *out)
{
	static const struct value units[] = { { "ms", 1 }, { "s", 1000 }, { "min", 60000 }, { NULL, 0 } };
	char *end;
	double n;

	if (*text < '0' || *text > '9' || strlen(text) > 12)
		return false;
	n = strtod(text, &end);
	for (const struct value *u = units; u->word; u++) {
		if (!strcmp(end, u->word)) {
			*out = n * u->number > 4e9 ? UINT32_MAX : (unsigned)(n * u->number);
			return true;
		}
	}
	return false;
}

static void refuse_word(struct plan_refusals *r, const char *said, const struct key *k, const char *word)
{
	const char *near = NULL;
	size_t least = (strlen(word) + 1) / 2 + 1;
	char remedy[200] = "";

	for (const struct value *v = k->values; v->word; v++) {
		const size_t d = begins(v->word, word) ? 0 : distance(word, v->word);

		if (d < least) {
			least = d;
			near = v->word;
		}
		snprintf(remedy + strlen(remedy), sizeof remedy - strlen(remedy), "%s%s", v == k->values ? "" : ", ", v->word);
	}
	if (near)
		snprintf(remedy, sizeof remedy, "did you mean %s=%s?", k->name, near);
	plan_refuse(r, said, remedy, "\"%s\" is no value of %s", word, k->name);
}

static void take_word(struct plan_wish *w, struct plan_refusals *r, const char *said, const struct key *k, const char *word)
{
	for (const struct value *v = k->values; v->word; v++) {
		if (!strcmp(word, v->word)) {
			*field(w, k) = v->number;
			return;
		}
	}
	refuse_word(r, said, k, word);
}

static void refuse_quantity(struct plan_refusals *r, const char *said, const struct key *k, const char *word)
{
	char remedy[100];

	if (k->kind == A_TIME)
		snprintf(remedy, sizeof remedy, "%s=500ms, %s=1s or %s=2min", k->name, k->name, k->name);
	else
		snprintf(remedy, sizeof remedy, "%s=%u to %s=%u", k->name, k->least, k->name, k->most);
	plan_refuse(r, said, remedy, "\"%s\" is no %s", word, k->kind == A_TIME ? "time with a unit" : "whole number");
}

static void take_quantity(struct plan_wish *w, struct plan_refusals *r, const char *said, const struct key *k, const char *word)
{
	const bool is_time = k->kind == A_TIME;
	char remedy[40] = "1ms to 60min";
	unsigned n;

	if (!(is_time ? take_time(word, &n) : take_number(word, &n))) {
		refuse_quantity(r, said, k, word);
	} else if (n < k->least || n > k->most) {
		if (!is_time)
			snprintf(remedy, sizeof remedy, "%u to %u", k->least, k->most);
		plan_refuse(r, said, remedy, "%s: %s", n < k->least ? "too few" : "too many", n > k->most ? k->too_many : k->too_few);
	} else {
		*field(w, k) = n;
	}
}

static const struct key *find_key(const char *name)
{
	for (size_t i = 0; i < KEY_COUNT; i++) {
		if (!strcmp(keys[i].name, name))
			return &keys[i];
	}
	return NULL;
}

static void take(struct plan_wish *w, struct plan_refusals *r, const char *said)
{
	const char *equals = strchr(said, '=');
	char name[WORD_MAX + 1];
	const struct key *k;

	if (!equals || equals == said || equals - said > WORD_MAX) {
		plan_refuse(r, said, "for instance: spokes=200 hubs=2 failover=1s", "a wish has the form key=value");
		return;
	}
	snprintf(name, sizeof name, "%.*s", (int)(equals - said), said);
	k = find_key(name);
	if (!k)
		refuse_key(r, said, name);
	else if (*field(w, k))
		plan_refuse(r, said, "say it once", "%s was said before", name);
	else if (k->kind == A_WORD)
		take_word(w, r, said, k, equals + 1);
	else
		take_quantity(w, r, said, k, equals + 1);
}

bool plan_wish_parse(struct plan_wish *wish, struct plan_refusals *refused, size_t count, char *const *words)
{
	for (size_t i = 0; i < count; i++)
		take(wish, refused, words[i]);
	if (!wish->spokes && !refused->count)
		plan_refuse(refused, "spokes", "for instance: spokes=200", "how many spokes there are decides all the rest");
	return refused->count == 0;
}

/* ---- and back ---- */

static const char *value_word(const struct key *k, unsigned number)
{
	const struct value *v = k->values;

	while (v->number != number)
		v++;
	return v->word;
}

char *plan_wish_text(const struct plan_wish *wish)
{
	struct plan_wish w = *wish;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	for (size_t i = 0; i < KEY_COUNT; i++) {
		const struct key *k = &keys[i];
		const unsigned n = *field(&w, k);

		if (!n)
			continue;
		fprintf(out, "%s%s=", ftell(out) > 0 ? " " : "", k->name);
		if (k->kind == A_WORD)
			fputs(value_word(k, n), out);
		else if (k->kind == A_TIME && n % 1000)
			fprintf(out, "%ums", n);
		else
			fprintf(out, k->kind == A_TIME ? "%us" : "%u", k->kind == A_TIME ? n / 1000 : n);
	}
	fclose(out);
	return text;
}

void plan_wish_help(FILE *out)
{
	for (size_t i = 0; i < KEY_COUNT; i++)
		fprintf(out, "  %-11s %s\n", keys[i].name, keys[i].help);
}

const char *plan_design_name(enum plan_design d)
{
	return d == PLAN_HUB_PER_TUNNEL ? "one hub per tunnel" : "several hubs in one tunnel";
}

const char *plan_routing_name(enum plan_routing r)
{
	static const char *const names[] = { "any", "BGP", "OSPF", "EIGRP", "RIP", "static routes" };

	return names[r];
}
