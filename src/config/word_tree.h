/*
 * word_tree: the command tables of a mode as one tree of words, in which a line is looked up.
 *
 * A tree is made when the first line of its mode is read, never changes afterwards and is
 * never freed: making it costs as much as reading a whole router's file.
 */
#ifndef DMVPN_CONFIG_WORD_TREE_H
#define DMVPN_CONFIG_WORD_TREE_H

#include "config/grammar.h"

/* One word of a pattern. Children stand in the order of the table, so that specific
 * argument types, which stand first there, win. */
struct node {
	enum item_kind kind;
	const char *word; /* points into a pattern, length bytes */
	size_t length;
	uint64_t low, high;        /* ITEM_NUMBER */
	const struct command *row; /* the command that ends here, or NULL */
	struct node *first, *last; /* children */
	struct node *next;         /* sibling */
};

/* The root of a mode's tree, a node without a word. NULL: memory; asking again may help.
 * Any thread may ask. */
const struct node *word_tree(enum config_mode mode);

#endif
