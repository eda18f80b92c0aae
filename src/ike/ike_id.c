/* Identities: IOS's words into strongSwan's, and whether one that was authenticated is welcome. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "ike/ike_resolve.h"

struct ike_id ike_id_any(void)
{
	return (struct ike_id){ .kind = IKE_ID_ANY, .text = alloc_text("%any") };
}

void ike_id_done(struct ike_id *id)
{
	for (size_t i = 0; i < id->condition_count; i++)
		free(id->conditions[i].value);
	free(id->conditions);
	free(id->text);
	*id = (struct ike_id){ 0 };
}

struct ike_id ike_id_copy(const struct ike_id *id)
{
	struct ike_id copy = *id;

	copy.text = alloc_text(id->text);
	copy.conditions = alloc_zero(id->condition_count, sizeof *copy.conditions);
	for (size_t i = 0; i < id->condition_count; i++) {
		copy.conditions[i] = id->conditions[i];
		copy.conditions[i].value = alloc_text(id->conditions[i].value);
	}
	return copy;
}

bool ike_id_same(const struct ike_id *a, const struct ike_id *b)
{
	if (a->kind != b->kind || strcmp(a->text, b->text) || a->condition_count != b->condition_count)
		return false;
	for (size_t i = 0; i < a->condition_count; i++) {
		const struct ike_condition *x = &a->conditions[i], *y = &b->conditions[i];

		if (x->equal != y->equal || x->negated != y->negated || strcmp(x->value, y->value))
			return false;
	}
	return true;
}

struct ike_id *ike_remote_add(struct ike_protection *p)
{
	p->remote_ids = alloc_array(p->remote_ids, p->remote_id_count + 1, sizeof *p->remote_ids);
	p->remote_ids[p->remote_id_count] = (struct ike_id){ 0 };
	return &p->remote_ids[p->remote_id_count++];
}

/* ---- parsing ---- */

static bool set_text(struct ike_id *id, enum ike_id_kind kind, const char *before, const char *text)
{
	if (!*text || asprintf(&id->text, "%s%s", before, text) < 0)
		return false;
	id->kind = kind;
	return true;
}

static bool set_address(struct ike_id *id, const struct ipprefix *prefix)
{
	const bool host = prefix->len == ip_family_bits((enum ip_family)prefix->addr.family);
	char text[IPPREFIX_TEXT_MAX];

	if (prefix->len == 0) {
		*id = ike_id_any();
		return true;
	}
	id->prefix = *prefix;
	if (host)
		return set_text(id, IKE_ID_ADDRESS, "", ipaddr_format(&prefix->addr, text));
	return set_text(id, IKE_ID_ADDRESS, "", ipprefix_format(prefix, text));
}

/* "A.B.C.D", "A.B.C.D MASK", "A/L", "ipv6 …"; 0.0.0.0 without a mask is IOS's way to say any. A
 * front-door VRF that follows is looked at by the profile. */
static bool parse_address(const char *words, struct ike_id *id)
{
	struct ipaddr addr, mask;
	struct ipprefix prefix;
	char word[IPPREFIX_TEXT_MAX];
	uint8_t length;

	words = ike_after(words, "ipv6") ? ike_after(words, "ipv6") : words;
	if (!ike_next_word(&words, word, sizeof word))
		return false;
	if (ipprefix_parse(word, &prefix)) {
		prefix = ipprefix_make(&prefix.addr, prefix.len);
		return set_address(id, &prefix);
	}
	if (!ipaddr_parse(word, &addr))
		return false;
	length = ipaddr_is_unspecified(&addr) ? 0 : ip_family_bits((enum ip_family)addr.family);
	if (ike_next_word(&words, word, sizeof word) && ipaddr_parse(word, &mask) && !netmask_to_len(&mask, &length))
		return false;
	prefix = ipprefix_make(&addr, length);
	return set_address(id, &prefix);
}

bool ike_id_parse(const char *words, struct ike_id *id)
{
	static const struct { const char *words, *before; enum ike_id_kind kind; } forms[] = {
		{ "fqdn domain", "fqdn:*.", IKE_ID_FQDN }, { "host domain", "fqdn:*.", IKE_ID_FQDN },
		{ "fqdn", "fqdn:", IKE_ID_FQDN }, { "host", "fqdn:", IKE_ID_FQDN },
		{ "email domain", "email:*@", IKE_ID_EMAIL }, { "user domain", "email:*@", IKE_ID_EMAIL },
		{ "email", "email:", IKE_ID_EMAIL }, { "user", "email:", IKE_ID_EMAIL },
		{ "user-fqdn", "email:", IKE_ID_EMAIL }, { "key-id", "keyid:", IKE_ID_KEY_ID },
	};
	const char *rest;

	*id = (struct ike_id){ 0 };
	if ((rest = ike_after(words, "address")))
		return parse_address(rest, id);
	if (ike_after(words, "any")) {
		*id = ike_id_any();
		return true;
	}
	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		if ((rest = ike_after(words, forms[i].words)))
			return set_text(id, forms[i].kind, forms[i].before, rest);
	}
	return false;
}

/* ---- certificate maps ---- */

/* A distinguished name as it can be compared: lower case, no blanks around "," and "=". */
static char *plain_dn(const char *text)
{
	char *out = alloc_zero(strlen(text) + 1, 1), *at = out;

	for (; *text; text++) {
		const char next = text[strspn(text, " ")];

		if (*text == ' ' && (at == out || at[-1] == ',' || at[-1] == '=' || next == ',' || next == '=' || !next))
			continue;
		if (*text != '"')
			*at++ = (char)tolower((unsigned char)*text);
	}
	return out;
}

static bool add_condition(struct ike_id *id, const char *words)
{
	const char *rest = ike_after(words, "subject-name");
	char operator[8];

	if (!rest || !ike_next_word(&rest, operator, sizeof operator) || !strstr("co nc eq ne", operator))
		return false;
	id->conditions = alloc_array(id->conditions, id->condition_count + 1, sizeof *id->conditions);
	id->conditions[id->condition_count++] = (struct ike_condition){
		.equal = !strcmp(operator, "eq") || !strcmp(operator, "ne"),
		.negated = *operator == 'n',
		.value = plain_dn(rest),
	};
	return true;
}

static void add_map(struct resolving *r, const char *name, const struct config_block *b)
{
	struct ike_id *id = ike_remote_add(r->p);

	set_text(id, IKE_ID_MAP, "", name);
	for (size_t i = 0; i < b->line_count; i++) {
		if (!add_condition(id, b->lines[i].text))
			ike_find(r, IKE_ERROR, b->lines[i].line, "tell the peers apart by their subject's name",
				 "certificate map %s: only subject-name co, nc, eq and ne are done", name);
	}
	if (!b->line_count)
		ike_find(r, IKE_ERROR, b->line, "add subject-name co TEXT", "certificate map %s is empty", name);
}

void ike_id_map(struct resolving *r, const char *name, unsigned line)
{
	bool found = false;

	for (size_t i = 0; i < r->c->block_count; i++) {
		const char *rest = ike_after(r->c->blocks[i].head, "crypto pki certificate map");

		if (rest && ike_after(rest, name)) {
			add_map(r, name, &r->c->blocks[i]);
			found = true;
		}
	}
	if (!found)
		ike_find(r, IKE_ERROR, line, "add crypto pki certificate map NAME NUMBER",
			 "there is no certificate map %s", name);
}

/* ---- who is welcome ---- */

/* Attribute types of a distinguished name have several spellings: E and emailAddress, ST and S. */
static bool map_accepts(const struct ike_id *id, const char *remote_id)
{
	char *dn;
	bool all = true;

	if (!strchr(remote_id, '='))
		return false; /* the peer shows something else than its certificate's subject */
	dn = plain_dn(remote_id);
	for (size_t i = 0; i < id->condition_count; i++) {
		const struct ike_condition *c = &id->conditions[i];
		const bool holds = c->equal ? !strcmp(dn, c->value) : strstr(dn, c->value) != NULL;

		all &= holds != c->negated;
	}
	free(dn);
	return all && id->condition_count;
}

/* "fqdn:*.example" against "spoke.example": no dot or letter is special but the leading star. */
static bool text_accepts(const char *pattern, const char *remote_id)
{
	const char *colon = strchr(pattern, ':');
	const char *text = colon ? colon + 1 : pattern;
	size_t length, tail;

	if (*text != '*')
		return !strcasecmp(text, remote_id);
	length = strlen(remote_id);
	tail = strlen(text + 1);
	return length > tail && !strcasecmp(remote_id + length - tail, text + 1);
}

static bool id_accepts(const struct ike_id *id, const char *remote_id)
{
	struct ipaddr addr;

	switch (id->kind) {
	case IKE_ID_ANY:
		return true;
	case IKE_ID_ADDRESS:
		return ipaddr_parse(remote_id, &addr) && ipprefix_contains(&id->prefix, &addr);
	case IKE_ID_FQDN:
	case IKE_ID_KEY_ID:
		/* An address or an e-mail address is no name, however it ends. */
		return !ipaddr_parse(remote_id, &addr) && !strpbrk(remote_id, "@=") && text_accepts(id->text, remote_id);
	case IKE_ID_EMAIL:
		return strchr(remote_id, '@') && !strchr(remote_id, '=') && text_accepts(id->text, remote_id);
	case IKE_ID_DN:
		return text_accepts(id->text, remote_id);
	case IKE_ID_MAP:
		return map_accepts(id, remote_id);
	}
	return false;
}

bool ike_identity_matches(const struct config_nhrp_identity *line, const char *remote_id)
{
	struct ipaddr a, b;
	char *x, *y;
	bool same;

	if (!strcmp(line->kind, "address"))
		return ipaddr_parse(line->name, &a) && ipaddr_parse(remote_id, &b) && ipaddr_eq(&a, &b);
	if (strcmp(line->kind, "dn"))
		return !strchr(remote_id, '=') && !strcasecmp(line->name, remote_id);
	x = plain_dn(line->name);
	y = plain_dn(remote_id);
	same = strchr(y, '=') && !strcmp(x, y);
	free(x);
	free(y);
	return same;
}

bool ike_protection_accepts(const struct ike_protection *p, const char *remote_id)
{
	for (size_t i = 0; i < p->remote_id_count; i++) {
		if (id_accepts(&p->remote_ids[i], remote_id))
			return true;
	}
	return false;
}
