#include "config/access_list.h"

#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 48, WORD_MAX = 64 };

/* One entry's words, taken off one after the other. */
struct words {
	char text[WORDS_MAX][WORD_MAX];
	size_t count, at;
};

static void split(const char *text, struct words *w)
{
	w->count = w->at = 0;
	while (*(text += strspn(text, " ")) && w->count < WORDS_MAX) {
		const size_t length = strcspn(text, " ");

		snprintf(w->text[w->count++], WORD_MAX, "%.*s", (int)length, text);
		text += length;
	}
}

static const char *peek(const struct words *w)
{
	return w->at < w->count ? w->text[w->at] : "";
}

static bool take(struct words *w, const char *word)
{
	if (strcmp(peek(w), word))
		return false;
	w->at++;
	return true;
}

static bool is_number(const char *text)
{
	return *text && strspn(text, "0123456789") == strlen(text);
}

/* ---- addresses, protocols, ports ---- */

static bool v4(const char *text, uint32_t *out)
{
	struct ipaddr a;

	if (!ipaddr_parse(text, &a) || a.family != IP_V4)
		return false;
	*out = ipaddr_to_v4(&a);
	return true;
}

static bool take_address(struct words *w, struct access_address *out)
{
	struct ipprefix p;

	*out = (struct access_address){ 0, UINT32_MAX };
	if (take(w, "any"))
		return true;
	out->wild = 0;
	if (take(w, "host")) {
		w->at++;
		return v4(w->text[w->at - 1], &out->addr);
	}
	if (strchr(peek(w), '/') && ipprefix_parse(peek(w), &p) && p.addr.family == IP_V4) {
		out->addr = ipaddr_to_v4(&p.addr);
		out->wild = p.len ? (uint32_t)((1ULL << (32 - p.len)) - 1) : UINT32_MAX;
		w->at++;
		return true;
	}
	if (!v4(peek(w), &out->addr))
		return false;
	w->at++;
	w->at += v4(peek(w), &out->wild);
	out->addr &= ~out->wild;
	return true;
}

static bool protocol(const char *word, struct access_entry *e)
{
	static const struct { const char *name; uint8_t number; } known[] = {
		{ "icmp", 1 }, { "igmp", 2 }, { "tcp", 6 }, { "udp", 17 }, { "gre", 47 }, { "esp", 50 }, { "ahp", 51 },
		{ "eigrp", 88 }, { "ospf", 89 }, { "pim", 103 }, { "ipinip", 4 },
	};

	e->any_protocol = !strcmp(word, "ip") || !strcmp(word, "ipv4");
	if (e->any_protocol)
		return true;
	if (is_number(word) && strlen(word) < 4 && atoi(word) < 256) {
		e->protocol = (uint8_t)atoi(word);
		return true;
	}
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		if (!strcmp(known[i].name, word)) {
			e->protocol = known[i].number;
			return true;
		}
	}
	return false;
}

static bool port(const char *word, uint16_t *out)
{
	static const struct { const char *name; uint16_t number; } known[] = {
		{ "ftp-data", 20 }, { "ftp", 21 }, { "ssh", 22 }, { "telnet", 23 }, { "smtp", 25 }, { "tacacs", 49 }, { "domain", 53 },
		{ "bootps", 67 }, { "bootpc", 68 }, { "tftp", 69 }, { "www", 80 }, { "pop3", 110 }, { "ntp", 123 }, { "snmp", 161 },
		{ "snmptrap", 162 }, { "bgp", 179 }, { "isakmp", 500 }, { "syslog", 514 }, { "rip", 520 }, { "non500-isakmp", 4500 },
	};

	if (is_number(word) && strlen(word) < 6 && atoi(word) < 65536) {
		*out = (uint16_t)atoi(word);
		return true;
	}
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		if (!strcmp(known[i].name, word)) {
			*out = known[i].number;
			return true;
		}
	}
	return false;
}

static bool add_ports(struct access_ports *p, uint16_t low, uint16_t high)
{
	if (p->count == ACCESS_PORTS_MAX)
		return false;
	p->ranges[p->count].low = low;
	p->ranges[p->count++].high = high;
	return true;
}

static bool take_range(struct words *w, struct access_ports *p)
{
	uint16_t low, high;

	if (!port(peek(w), &low))
		return false;
	w->at++;
	if (!port(peek(w), &high))
		return false;
	w->at++;
	return add_ports(p, low, high);
}

/* eq A [B …], neq A, gt A, lt A, range A B, or nothing. */
static bool take_ports(struct words *w, struct access_ports *p)
{
	uint16_t n;

	if (take(w, "range"))
		return take_range(w, p);
	if (take(w, "gt"))
		return port(peek(w), &n) && w->at++ && n < UINT16_MAX && add_ports(p, (uint16_t)(n + 1), UINT16_MAX);
	if (take(w, "lt"))
		return port(peek(w), &n) && w->at++ && n > 0 && add_ports(p, 0, (uint16_t)(n - 1));
	p->others = take(w, "neq");
	if (!p->others && !take(w, "eq"))
		return true;
	if (!port(peek(w), &n))
		return false;
	for (; port(peek(w), &n); w->at++) {
		if (!add_ports(p, n, n))
			return false;
	}
	return true;
}

/* ---- one entry ---- */

static bool take_rest(struct words *w, struct access_entry *e)
{
	while (w->at < w->count) {
		if (take(w, "established") && e->protocol == 6)
			e->answers_only = true;
		else if (!take(w, "log") && !take(w, "log-input"))
			return false;
	}
	return true;
}

/* "10 permit ip 10.0.0.0 0.0.0.255 any"; false: w->at is at the word that is not understood. */
static bool entry(struct words *w, bool extended, struct access_entry *e)
{
	(void)take(w, "sequence");
	w->at += is_number(peek(w));
	e->permits = take(w, "permit");
	if (!e->permits && !take(w, "deny"))
		return false;
	e->any_protocol = true;
	if (!extended) {
		e->to = (struct access_address){ 0, UINT32_MAX };
		return take_address(w, &e->from) && take_rest(w, e);
	}
	if (!protocol(peek(w), e))
		return false;
	w->at++;
	return take_address(w, &e->from) && take_ports(w, &e->from_ports) && take_address(w, &e->to) &&
	       take_ports(w, &e->to_ports) && take_rest(w, e);
}

static bool add(struct access_list *l, const char *text, unsigned line, bool extended)
{
	struct access_entry e = { .line = line };
	struct access_entry *grown;
	struct words w;

	split(text, &w);
	if (!entry(&w, extended, &e)) {
		if (!l->bad_line) {
			l->bad_line = line;
			snprintf(l->bad_word, sizeof l->bad_word, "%.31s", *peek(&w) ? peek(&w) : "the end");
		}
		return true;
	}
	grown = realloc(l->entries, (l->count + 1) * sizeof *grown);
	if (!grown)
		return false;
	l->entries = grown;
	l->entries[l->count++] = e;
	return true;
}

/* ---- the list ---- */

static bool numbered_extended(const char *name)
{
	const long n = is_number(name) ? atol(name) : 0;

	return (n >= 100 && n < 200) || (n >= 2000 && n < 2700);
}

static bool is_entry(const char *text)
{
	return !strstr(text, "remark ");
}

static bool add_block(struct access_list *l, const struct config_block *b, bool extended)
{
	l->defined = true;
	for (size_t i = 0; i < b->line_count; i++) {
		if (is_entry(b->lines[i].text) && !add(l, b->lines[i].text, b->lines[i].line, extended))
			return false;
	}
	return true;
}

/* The entry behind "access-list NAME "; NULL: another block. */
static const char *numbered(const struct config_block *b, const char *name)
{
	const size_t length = strlen(name);

	if (strncmp(b->head, "access-list ", 12) || strncmp(b->head + 12, name, length) || b->head[12 + length] != ' ')
		return NULL;
	return b->head + 13 + length;
}

bool access_list_read(const struct config *c, const char *name, struct access_list *out)
{
	bool good = true;

	*out = (struct access_list){ 0 };
	for (size_t i = 0; good && i < c->block_count; i++) {
		const struct config_block *b = &c->blocks[i];
		const char *text = numbered(b, name);

		if (text) {
			out->defined = true;
			good = !is_entry(text) || add(out, text, b->line, numbered_extended(name));
		} else if (!strncmp(b->head, "ip access-list extended ", 24) && !strcmp(b->head + 24, name)) {
			good = add_block(out, b, true);
		} else if (!strncmp(b->head, "ip access-list standard ", 24) && !strcmp(b->head + 24, name)) {
			good = add_block(out, b, false);
		}
	}
	if (!good)
		access_list_done(out);
	return good;
}

void access_list_done(struct access_list *l)
{
	free(l->entries);
	*l = (struct access_list){ 0 };
}

static bool takes_in(const struct access_address *a, const struct ipaddr *addr)
{
	if (a->wild == UINT32_MAX)
		return true;
	return addr->family == IP_V4 && (ipaddr_to_v4(addr) & ~a->wild) == a->addr;
}

const struct access_entry *access_list_decides(const struct access_list *l, const struct access_packet *p)
{
	for (size_t i = 0; i < l->count; i++) {
		const struct access_entry *e = &l->entries[i];

		if (e->from_ports.count || e->to_ports.count || e->answers_only)
			continue;
		if ((e->any_protocol || e->protocol == p->protocol) && takes_in(&e->from, &p->from) && takes_in(&e->to, &p->to))
			return e;
	}
	return NULL;
}
