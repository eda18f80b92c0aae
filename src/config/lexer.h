/*
 * lexer: a file's bytes into lines, and a line into words.
 *
 * Byte order marks, CR LF, ideographic and no-break spaces, prompts of a pasted session
 * and trailing comments are taken away here, so that the grammar sees only commands.
 */
#ifndef DMVPN_CONFIG_LEXER_H
#define DMVPN_CONFIG_LEXER_H

#include <stdbool.h>
#include <stddef.h>

#include "config/grammar.h"

enum {
	LINES_MAX = 250 * 1000, /* of a file; a hub of thousands of spokes has some tens of thousands */
	LINE_OCTETS_MAX = 65536,
};

enum line_kind { LINE_BLANK, LINE_COMMENT, LINE_COMMAND, LINE_OUTPUT /* of a session */, LINE_TOO_LONG };

struct line {
	enum line_kind kind;
	size_t indent;   /* columns before the first word */
	char *text;      /* as in the file, valid UTF-8, without line end; malloc'd */
	char *command;   /* blanks made plain, prompt and comment taken away; malloc'd */
	size_t count;
	struct token tokens[TOKENS_MAX]; /* into command */
};

struct lexer {
	const char *at, *end;
	unsigned number; /* of the line last read, from 1 */
};

/* NULL when the bytes are text, else why not. */
const char *lexer_refuses(const char *bytes, size_t length);

/* The next line; false at the end, or when out of memory (then line->text is NULL and
 * the lexer is not at its end). The caller gives it back with line_done(). */
bool lexer_next(struct lexer *x, struct line *line);
void line_done(struct line *line);

#endif
