#include "config/grammar.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/config.h"
#include "config/word_tree.h"

/* ---- values ---- */

enum { VALUE_MAX = 64 }; /* longest text of an address or number */

static bool token_copy(const struct token *t, char out[VALUE_MAX])
{
	if (t->length >= VALUE_MAX)
		return false;
	memcpy(out, t->text, t->length);
	out[t->length] = 0;
	return true;
}

static bool number_value(const char *text, uint64_t *out)
{
	uint64_t value = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9' || value > UINT64_MAX / 10 - 1)
			return false;
		value = value * 10 + (uint64_t)(*text - '0');
	}
	*out = value;
	return true;
}

static bool asn_value(const char *text, uint64_t *out)
{
	const char *dot = strchr(text, '.');
	char high[VALUE_MAX];
	uint64_t h, l;

	if (!dot)
		return number_value(text, out) && *out >= 1 && *out <= UINT32_MAX;
	memcpy(high, text, (size_t)(dot - text));
	high[dot - text] = 0;
	if (!number_value(high, &h) || !number_value(dot + 1, &l) || h > UINT16_MAX || l > UINT16_MAX)
		return false;
	*out = h << 16 | l;
	return true;
}

static bool prefix_value(const char *text, enum ip_family family, struct item *item)
{
	const char *slash = strchr(text, '/');
	char addr[VALUE_MAX];
	uint64_t len;

	if (!slash)
		return false;
	memcpy(addr, text, (size_t)(slash - text));
	addr[slash - text] = 0;
	if (!ipaddr_parse(addr, &item->addr) || item->addr.family != family ||
	    !number_value(slash + 1, &len) || len > ip_family_bits(family))
		return false;
	item->len = (uint8_t)len;
	return true;
}

static bool host_name(const char *text, size_t length)
{
	if (!length || length > 253 || !isalnum((unsigned char)text[0]))
		return false;
	for (size_t i = 0; i < length; i++) {
		if (!isalnum((unsigned char)text[i]) && text[i] != '-' && text[i] != '.' && text[i] != '_')
			return false;
	}
	return true;
}

/* A name may not look like a mistyped address. */
static bool host_value(const struct token *t, struct item *item)
{
	char text[VALUE_MAX];

	if (token_copy(t, text) && ipaddr_parse(text, &item->addr))
		return true;
	if (!host_name(t->text, t->length))
		return false;
	for (size_t i = 0; i < t->length; i++) {
		if (isalpha((unsigned char)t->text[i]))
			return true;
	}
	return false;
}

static bool area_value(const char *text, struct item *item)
{
	if (number_value(text, &item->number))
		return item->number <= UINT32_MAX;
	if (!ipaddr_parse(text, &item->addr) || item->addr.family != IP_V4)
		return false;
	item->number = ipaddr_to_v4(&item->addr);
	return true;
}

static bool text_value(const struct node *n, const char *text, struct item *item)
{
	switch (n->kind) {
	case ITEM_IP:
		return ipaddr_parse(text, &item->addr) && item->addr.family == IP_V4;
	case ITEM_IP6:
		return ipaddr_parse(text, &item->addr) && item->addr.family == IP_V6;
	case ITEM_MASK:
		return ipaddr_parse(text, &item->addr) && netmask_to_len(&item->addr, &item->len);
	case ITEM_WILD:
		if (!ipaddr_parse(text, &item->addr) || item->addr.family != IP_V4)
			return false;
		/* A mask written where a wildcard belongs is taken as meant, as IOS does. */
		return wildcard_to_len(&item->addr, &item->len) || netmask_to_len(&item->addr, &item->len);
	case ITEM_PREFIX:
		return prefix_value(text, IP_V4, item);
	case ITEM_PREFIX6:
		return prefix_value(text, IP_V6, item);
	case ITEM_NUMBER:
		return number_value(text, &item->number) && item->number >= n->low && item->number <= n->high;
	case ITEM_ASN:
		return asn_value(text, &item->number);
	case ITEM_AREA:
		return area_value(text, item);
	case ITEM_KEYWORD: case ITEM_HOST: case ITEM_IF: case ITEM_WORD: case ITEM_SECRET:
	case ITEM_TEXT: case ITEM_REST:
		break;
	}
	return false;
}

static char *text_of(const char *from, const char *end)
{
	return strndup(from, (size_t)(end - from));
}

/* An address has many spellings; lines that say the same must become the same text. */
static char *value_text(enum item_kind kind, const char *text, const struct item *value)
{
	char addr[IPADDR_TEXT_MAX];
	char *out;

	if (kind == ITEM_IP || kind == ITEM_IP6)
		return strdup(ipaddr_format(&value->addr, addr));
	if (kind == ITEM_PREFIX || kind == ITEM_PREFIX6)
		return asprintf(&out, "%s/%u", ipaddr_format(&value->addr, addr), value->len) < 0 ? NULL : out;
	return strdup(text);
}

static char *host_text(const struct token *t, const struct item *value)
{
	char addr[IPADDR_TEXT_MAX];

	return ipaddr_is_none(&value->addr) ? text_of(t->text, t->text + t->length) :
					      strdup(ipaddr_format(&value->addr, addr));
}

/* An interface name in one to three words: "Gi0/0", "Tunnel 0", "Gi0 /0", "Tunnel 0 /0". */
static size_t interface_value(const struct token *t, size_t count, char **out)
{
	char name[VALUE_MAX] = "";
	char kernel[16];
	size_t used = 0, length = 0;

	*out = NULL;
	if (!isalpha((unsigned char)t[0].text[0]))
		return 0;
	while (used < count && used < 3 && length + t[used].length < sizeof name) {
		const char first = t[used].text[0];
		const bool digits = used > 0 && !strpbrk(name, "0123456789");

		if (used > 0 && !(digits && isdigit((unsigned char)first)) && first != '/')
			break;
		memcpy(name + length, t[used].text, t[used].length);
		length += t[used].length;
		name[length] = 0;
		used++;
	}
	return used && config_ifname(name, out, kernel) ? used : 0;
}

/* ---- matching ---- */

struct matching {
	const struct token *tokens;
	size_t count;
	enum sign sign;
	struct match *m;
	struct match_failure *failure;
	bool out_of_memory;
};

static void fail(struct matching *x, enum match_result result, size_t depth, const char *text)
{
	struct match_failure *f = x->failure;

	/* The deepest failure tells most; of equals, the first. */
	if (f->result != MATCH_OK && depth <= f->depth)
		return;
	f->result = result;
	f->depth = depth;
	snprintf(f->text, sizeof f->text, "%s", text);
}

/* Is the token a beginning of the keyword? Letters differ in one bit from their capitals: most
 * keywords are told apart by the first one. */
static bool begins(const struct node *n, const struct token *t)
{
	return n->kind == ITEM_KEYWORD && t->length <= n->length && !((n->word[0] ^ t->text[0]) & ~0x20) &&
	       !strncasecmp(n->word, t->text, t->length);
}

static void fail_ambiguous(struct matching *x, const struct node *at, size_t depth)
{
	const struct token *t = &x->tokens[depth];
	char text[200];
	size_t used;

	used = (size_t)snprintf(text, sizeof text, "\"%.*s\" may be", (int)(t->length < 40 ? t->length : 40), t->text);
	for (const struct node *n = at->first; n && used < sizeof text - 40; n = n->next) {
		if (begins(n, t))
			used += (size_t)snprintf(text + used, sizeof text - used, " %.*s", (int)n->length, n->word);
	}
	fail(x, MATCH_AMBIGUOUS, depth, text);
}

static bool has_keyword(const struct node *at)
{
	const struct node *n = at->first;

	while (n && n->kind != ITEM_KEYWORD)
		n = n->next;
	return n;
}

static void fail_here(struct matching *x, const struct node *at, size_t depth)
{
	const struct token *t = &x->tokens[depth];
	char text[200];
	size_t used = 0;

	if (!at->first || has_keyword(at)) {
		snprintf(text, sizeof text, "unknown word \"%.*s\"", (int)(t->length < 60 ? t->length : 60), t->text);
		fail(x, MATCH_UNKNOWN, depth, text);
		return;
	}
	for (const struct node *n = at->first; n && used < sizeof text - 100; n = n->next)
		used += (size_t)snprintf(text + used, sizeof text - used, "%s%.*s", used ? " or " : "",
					 (int)n->length, n->word);
	fail(x, MATCH_BAD_VALUE, depth, text);
}

/* The row below for a "no" that ends here: there must be one way only to take it. */
static bool common_row(const struct node *at, const struct command **row)
{
	if (at->row) {
		if (*row && (*row)->apply != at->row->apply)
			return false;
		if (!*row)
			*row = at->row;
	}
	for (const struct node *n = at->first; n; n = n->next) {
		if (!common_row(n, row))
			return false;
	}
	return true;
}

static bool match_from(struct matching *x, const struct node *at, size_t token);

/* Puts an item on the list, goes on after it, and takes it back when that fails. */
static bool match_with(struct matching *x, const struct node *n, const struct item *value, char *text, size_t next)
{
	struct item *item;

	if (!text) {
		x->out_of_memory = true;
		return false;
	}
	if (x->m->count == ITEMS_MAX) {
		free(text);
		return false;
	}
	item = &x->m->items[x->m->count++];
	*item = *value;
	item->kind = n->kind;
	item->text = text;
	if (match_from(x, n, next))
		return true;
	x->m->count--;
	free(text);
	return false;
}

/*
 * A word that is one of the global mode in full is no abbreviation of another mode's: "ip route …" after a
 * trustpoint's lines is no `ip-address`.
 */
static bool is_global_word(const struct token *t)
{
	const struct node *root = word_tree(MODE_GLOBAL);

	for (const struct node *n = root ? root->first : NULL; n; n = n->next) {
		if (n->length == t->length && begins(n, t))
			return true;
	}
	return false;
}

static bool match_keyword(struct matching *x, const struct node *at, size_t token)
{
	const struct token *t = &x->tokens[token];
	const struct node *found = NULL;
	const struct item none = { 0 };
	size_t hits = 0;

	for (const struct node *n = at->first; n; n = n->next) {
		if (!begins(n, t))
			continue;
		found = n;
		if (t->length == n->length) {
			hits = 1;
			break;
		}
		hits++;
	}
	if (hits > 1)
		fail_ambiguous(x, at, token);
	if (hits == 1 && !token && t->length < found->length && is_global_word(t))
		hits = 0;
	return hits == 1 && match_with(x, found, &none, text_of(found->word, found->word + found->length), token + 1);
}

static bool match_argument(struct matching *x, const struct node *n, size_t token)
{
	const struct token *t = &x->tokens[token];
	struct item value = { 0 };
	char text[VALUE_MAX];
	char *name;
	size_t used;

	switch (n->kind) {
	case ITEM_KEYWORD:
		return false;
	case ITEM_WORD:
	case ITEM_SECRET:
		return match_with(x, n, &value, text_of(t->text, t->text + t->length), token + 1);
	case ITEM_HOST:
		return host_value(t, &value) && match_with(x, n, &value, host_text(t, &value), token + 1);
	case ITEM_TEXT:
	case ITEM_REST:
		return match_with(x, n, &value, text_of(t->text, x->tokens[x->count - 1].text +
				  x->tokens[x->count - 1].length), x->count);
	case ITEM_IF:
		used = interface_value(t, x->count - token, &name);
		return used && match_with(x, n, &value, name, token + used);
	case ITEM_IP: case ITEM_IP6: case ITEM_PREFIX: case ITEM_PREFIX6: case ITEM_MASK:
	case ITEM_WILD: case ITEM_NUMBER: case ITEM_ASN: case ITEM_AREA:
		return token_copy(t, text) && text_value(n, text, &value) &&
		       match_with(x, n, &value, value_text(n->kind, text, &value), token + 1);
	}
	return false;
}

static bool match_end(struct matching *x, const struct node *at)
{
	const struct command *row = at->row;

	for (const struct node *n = at->first; n && !row; n = n->next) {
		if (n->kind == ITEM_REST)
			row = n->row;
	}
	x->m->truncated = !row;
	if (!row && x->sign != SIGN_SET && x->count && !common_row(at, &row))
		row = NULL;
	if (!row) {
		fail(x, MATCH_INCOMPLETE, x->count, "the line ends too early");
		return false;
	}
	x->m->row = row;
	return true;
}

static bool match_from(struct matching *x, const struct node *at, size_t token)
{
	if (token == x->count)
		return match_end(x, at);
	if (match_keyword(x, at, token))
		return true;
	for (const struct node *n = at->first; n; n = n->next) {
		if (match_argument(x, n, token))
			return true;
	}
	fail_here(x, at, token);
	return false;
}

/* The line in full words. Runs of blanks inside <text> stay as they are. */
static char *canonical_line(const struct match *m)
{
	size_t length = 1;
	char *out, *at;

	for (size_t i = 0; i < m->count; i++)
		length += strlen(m->items[i].text) + 1;
	out = at = malloc(length);
	if (!out)
		return NULL;
	*at = 0;
	for (size_t i = 0; i < m->count; i++) {
		if (i)
			*at++ = ' ';
		at = stpcpy(at, m->items[i].text);
	}
	return out;
}

enum match_result grammar_match(enum config_mode mode, enum sign sign, const struct token *tokens, size_t count,
				struct match *m, struct match_failure *failure)
{
	struct matching x = { .tokens = tokens, .count = count, .sign = sign, .m = m, .failure = failure };
	const struct node *root = word_tree(mode);

	m->row = NULL;
	m->sign = sign;
	m->count = 0;
	m->canonical = NULL;
	failure->result = MATCH_OK;
	failure->depth = 0;
	failure->text[0] = 0;
	if (root && match_from(&x, root, 0)) {
		m->canonical = canonical_line(m);
		if (m->canonical)
			return MATCH_OK;
		x.out_of_memory = true;
	}
	match_done(m);
	if (!root || x.out_of_memory)
		failure->result = MATCH_MEMORY;
	return failure->result;
}

void match_done(struct match *m)
{
	for (size_t i = 0; i < m->count; i++)
		free(m->items[i].text);
	m->count = 0;
	free(m->canonical);
	m->canonical = NULL;
}

const struct item *match_arg(const struct match *m, size_t n)
{
	for (size_t i = 0; i < m->count; i++) {
		if (m->items[i].kind != ITEM_KEYWORD && n-- == 0)
			return &m->items[i];
	}
	return NULL;
}

static size_t keyword_index(const struct match *m, const char *keyword)
{
	size_t i;

	for (i = 0; i < m->count; i++) {
		if (m->items[i].kind == ITEM_KEYWORD && !strcmp(m->items[i].text, keyword))
			break;
	}
	return i;
}

const struct item *match_after(const struct match *m, const char *keyword)
{
	const size_t i = keyword_index(m, keyword);

	return i + 1 < m->count ? &m->items[i + 1] : NULL;
}

bool match_has(const struct match *m, const char *keyword)
{
	return keyword_index(m, keyword) < m->count;
}
