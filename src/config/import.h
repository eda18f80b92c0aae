/*
 * import: configurations in other languages than IOS's, read into the same model.
 *
 * Each line of VyOS, FRR and OpenNHRP becomes a path of words ("protocols nhrp tunnel tun0
 * shortcut"), whatever the form it is written in, and each path becomes lines of our own
 * language by a table of rules; only those reach the model, through the reader. So there is one
 * door, and every source line gets the verdict of what it was turned into.
 *
 * A comment that begins with "dmvpn:" in any of these languages is a line of ours: it says what
 * the source's own file does not hold (docs/import.md).
 *
 * Private to src/config.
 */
#ifndef DMVPN_CONFIG_IMPORT_H
#define DMVPN_CONFIG_IMPORT_H

#include "config/reading.h"

enum import_language { IMPORT_IOS, IMPORT_VYOS_SET, IMPORT_VYOS_BOOT, IMPORT_FRR, IMPORT_OPENNHRP };

enum {
	IMPORT_WORDS_MAX = 32,         /* of one path */
	IMPORT_NODES_MAX = 1 << 19,    /* of one file */
	IMPORT_ROOT = 0,
	IMPORT_NONE = UINT32_MAX,
};

/* A word of a path, below the words before it. */
struct import_node {
	const char *word;
	uint32_t parent, first, last, next; /* IMPORT_NONE: there is none */
	unsigned depth;                     /* words before it */
	unsigned line;                      /* where it was first named */
	bool used, said;                    /* marks of the language's own */
};

/* A path that a line says. */
struct import_entry {
	uint32_t node; /* of its last word */
	unsigned line;
};

/* A tunnel by the source's name and ours. */
struct import_tunnel {
	const char *name;
	unsigned number;
};

struct import_source {
	char *text;    /* of the line, cut into words */
	unsigned head; /* line whose brace holds this one; 0: none */
};

struct import {
	struct reading *r;
	enum import_language language;
	unsigned number; /* of the line that is parsed */
	struct import_source *lines;
	size_t line_count;
	struct import_node *nodes;
	size_t node_count;
	struct names index;
	struct import_entry *entries;
	size_t entry_count;
	struct import_tunnel *tunnels;
	size_t tunnel_count;
	bool too_large;
	bool marked; /* a line of ours was read */
	/* The parser's state: the node that a line continues, and of braces those around it. */
	uint32_t stack[IMPORT_WORDS_MAX];
	unsigned stack_line[IMPORT_WORDS_MAX];
	bool stack_used[IMPORT_WORDS_MAX]; /* something stands inside */
	size_t depth, beyond;  /* braces that are open, and those too deep for the stack */
	unsigned comment_line; /* of a comment over several lines; 0: outside */
	char head[160];        /* of ours, that a routing protocol's lines stand below: `$h` */
	uint32_t below;        /* the source's node of that head */
	unsigned policies;     /* highest number of a crypto isakmp policy */
	unsigned guesses;      /* of a tunnel's prefix, which cost a look at every word */
};

struct import_path {
	unsigned line;
	size_t count;
	const char *words[IMPORT_WORDS_MAX];
};

/*
 * What a path becomes. The pattern's words: literal; `a|b` one of these; `*` any word; `%4` and `%6` an address
 * or prefix of that family; `**`, last, the rest, also none. All but literal ones are arguments, counted from 1. In the
 * lines, `$1` is an argument, `$i1` the same with tunnels by our names, `$m1` address and mask of a prefix, `$n1` with the
 * word between, `$w1` with the wildcard, `$h` the head that is set. `apply` does what a text cannot, before the lines. Without lines and reason the
 * path is honoured by something else that speaks for it.
 */
struct import_rule {
	const char *pattern;
	const char *lines; /* with '\n' between them; those before the last only lead to it */
	enum config_state state; /* with a reason */
	bool changes_traffic;
	const char *reason;
	void (*apply)(struct import *x, const struct import_path *p);
};

/* ---- recognising, reading ---- */

enum import_language import_language(const char *text, size_t length);
/* Reads all lines into the model. false: the file holds too many words. */
bool import_read(struct reading *r, enum import_language language, const char *text, size_t length);
/* After all checks: where a line of ours is to be added, how such a line is written there. */
void import_remedies(struct reading *r, enum import_language language);

/* ---- paths (import_path.c) ---- */

/* The node below `parent`; made when it is new. */
uint32_t import_node(struct import *x, uint32_t parent, const char *word);
/* A line says the path that ends at this node; IMPORT_NONE: one that is too long, which is an error. */
void import_say(struct import *x, uint32_t node, unsigned line);
/* The node at the end of these words, the last argument being NULL; IMPORT_NONE: there is none. */
uint32_t import_find(const struct import *x, uint32_t from, ...) __attribute__((sentinel));
/* The (first) word that follows a word below this node, and its line, which may be NULL; NULL when there is none. */
const char *import_value(const struct import *x, uint32_t from, const char *word, unsigned *line);
/* A comment of the source: a line of ours when it has the mark, and blank else. */
void import_note_comment(struct import *x, const char *text);
void import_path_of(const struct import *x, const struct import_entry *e, struct import_path *p);

/* ---- verdicts and lines of ours (import_rule.c) ---- */

/* A line keeps the gravest of its verdicts; remedy may be NULL. */
void import_judge(struct import *x, unsigned line, enum config_state state, bool changes_traffic, const char *remedy,
		  const char *format, ...) __attribute__((format(printf, 6, 7)));
/* Lines of ours, '\n' between them, on behalf of a source line. */
void import_lines(struct import *x, unsigned line, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The first rule that fits. false: none does. */
bool import_apply(struct import *x, const struct import_rule *rules, const struct import_path *p);
void import_comment(struct import *x, unsigned line, const char *text); /* what stands after the mark */

#define IMPORT_MARK "dmvpn:"

/* ---- tunnels ---- */

/* Our name of an interface: "Tunnel1" for "gre1", others as they are. */
const char *import_interface(const struct import *x, const char *name, char out[24]);
void import_add_tunnel(struct import *x, const char *name);
/* Of the file's `interface NAME` blocks those that are one. */
void import_add_tunnels(struct import *x, bool (*is_tunnel)(const struct import *x, uint32_t interface));
/* The tunnel's own address. A host's (as FRR wants it) gets the prefix that the file names, or that its servers need. */
void import_address(struct import *x, unsigned line, const char *name, const char *address, const char *server);

/* ---- the languages ---- */

struct import_parser {
	const char *name; /* as people say it */
	/* One line without its end, to be cut into words in place. */
	void (*line)(struct import *x, char *text);
	void (*end)(struct import *x);
	/* After the last line, before the rules: what the whole file shows. */
	void (*survey)(struct import *x);
	void (*path)(struct import *x, const struct import_path *p);
};

extern const struct import_parser import_vyos_set, import_vyos_boot, import_frr, import_opennhrp;

#endif
