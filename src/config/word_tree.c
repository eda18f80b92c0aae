#include "config/word_tree.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static struct node *node_new(bool *failed)
{
	struct node *n = calloc(1, sizeof *n);

	*failed |= !n;
	return n;
}

static void node_free(struct node *n)
{
	while (n && n->first) {
		struct node *child = n->first;

		n->first = child->next;
		node_free(child);
	}
	free(n);
}

static const struct { const char *name; enum item_kind kind; } argument_types[] = {
	{ "ip", ITEM_IP }, { "ip6", ITEM_IP6 }, { "prefix", ITEM_PREFIX }, { "prefix6", ITEM_PREFIX6 },
	{ "mask", ITEM_MASK }, { "wild", ITEM_WILD }, { "host", ITEM_HOST }, { "if", ITEM_IF },
	{ "word", ITEM_WORD }, { "secret", ITEM_SECRET }, { "text", ITEM_TEXT }, { "*", ITEM_REST },
	{ "asn", ITEM_ASN }, { "area", ITEM_AREA },
};

static void argument_type(struct node *n, const char *name, size_t length)
{
	char *end;

	for (size_t i = 0; i < sizeof argument_types / sizeof argument_types[0]; i++) {
		if (strlen(argument_types[i].name) == length && !memcmp(argument_types[i].name, name, length)) {
			n->kind = argument_types[i].kind;
			return;
		}
	}
	n->kind = ITEM_NUMBER;
	n->low = strtoull(name, &end, 10);
	assert(end > name && *end == '-');
	n->high = strtoull(end + 1, &end, 10);
	assert(*end == '>' && n->low <= n->high);
}

/* The child that stands for this pattern word, made when it is new. */
static struct node *node_child(bool *failed, struct node *parent, const char *word, size_t length)
{
	struct node *n;

	for (n = parent->first; n; n = n->next) {
		if (n->length == length && !memcmp(n->word, word, length))
			return n;
	}
	n = node_new(failed);
	if (!n)
		return NULL;
	n->word = word;
	n->length = length;
	if (word[0] == '<')
		argument_type(n, word + 1, length - 2);
	if (parent->last)
		parent->last->next = n;
	else
		parent->first = n;
	parent->last = n;
	return n;
}

/* The bracket that closes the one at `open`. */
static const char *closing(const char *open)
{
	const char end = *open == '[' ? ']' : ')';
	int depth = 0;

	for (const char *p = open; *p; p++) {
		if (*p == *open)
			depth++;
		else if (*p == end && --depth == 0)
			return p;
	}
	abort(); /* a pattern of ours with an open bracket: a bug that the first test shows */
}

/* Where pattern text goes on after a group: a chain of pieces still to be compiled. */
struct piece {
	const char *at, *end;
	const struct piece *then;
};

static void compile(bool *failed, struct node *at, const struct piece *piece, const struct command *row);

static void compile_choices(bool *failed, struct node *at, const char *open, const char *close,
			    const struct piece *after, const struct command *row)
{
	const char *start = open + 1;
	int depth = 0;

	for (const char *p = start; p <= close; p++) {
		if (p == close || (*p == '|' && depth == 0)) {
			const struct piece choice = { start, p, after };

			compile(failed, at, &choice, row);
			start = p + 1;
		} else if (*p == '(' || *p == '[') {
			depth++;
		} else if (*p == ')' || *p == ']') {
			depth--;
		}
	}
}

static void compile(bool *failed, struct node *at, const struct piece *piece, const struct command *row)
{
	const char *p = piece->at;
	const char *word;

	while (p < piece->end && *p == ' ')
		p++;
	if (p == piece->end) {
		if (piece->then)
			compile(failed, at, piece->then, row);
		else if (!at->row)
			at->row = row;
		return;
	}
	if (*p == '[' || *p == '(') {
		const char *close = closing(p);
		const struct piece after = { close + 1, piece->end, piece->then };

		compile_choices(failed, at, p, close, &after, row);
		if (*p == '[')
			compile(failed, at, &after, row);
		return;
	}
	for (word = p; p < piece->end && *p != ' ' && *p != ']' && *p != ')' && *p != '|'; p++)
		;
	at = node_child(failed, at, word, (size_t)(p - word));
	if (at) {
		const struct piece rest = { p, piece->end, piece->then };

		compile(failed, at, &rest, row);
	}
}

/* NULL: memory. */
static struct node *tree_new(enum config_mode mode)
{
	bool failed = false;
	struct node *root = node_new(&failed);
	size_t count;
	const struct command_table *tables = commands_all(&count);

	for (size_t i = 0; root && i < count; i++) {
		if (tables[i].mode != mode)
			continue;
		for (const struct command *row = tables[i].rows; row->pattern; row++) {
			const struct piece whole = { row->pattern, row->pattern + strlen(row->pattern), NULL };

			compile(&failed, root, &whole, row);
		}
	}
	if (failed) {
		node_free(root);
		return NULL;
	}
	return root;
}

const struct node *word_tree(enum config_mode mode)
{
	static _Atomic(struct node *) trees[MODE_COUNT];
	struct node *made, *there = atomic_load(&trees[mode]);

	if (there)
		return there;
	made = tree_new(mode);
	/* Of two threads that make the same tree at once, the first one's stays. */
	if (made && !atomic_compare_exchange_strong(&trees[mode], &there, made)) {
		node_free(made);
		return there;
	}
	return made;
}
