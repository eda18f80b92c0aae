/*
 * said: lines of a configuration by their words, for rules that point at them. Texts are canonical:
 * full words with one blank between. Private to src/design.
 */
#ifndef DMVPN_DESIGN_SAID_H
#define DMVPN_DESIGN_SAID_H

#include "config/config.h"

/* Begins with these words, whole. */
bool said_begins(const char *text, const char *words);
/* The last line of the interface that begins with the words (and was not taken back); NULL: none. */
const struct config_said *said_find(const struct config_interface *i, const char *words);
/* Its number; the interface's own line when there is none. */
unsigned said_line(const struct config_interface *i, const char *words);
unsigned said_linef(const struct config_interface *i, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The word after these in a text ("remote-as"), copied into word[]; false: not there. */
bool said_word_after(const char *text, const char *words, char word[64]);

/* Lines of a block that begin with the words, one after the other: start with at = 0; SIZE_MAX: no more. */
size_t block_next(const struct config_block *b, size_t at, const char *words);
const struct config_block_line *block_line(const struct config_block *b, const char *words); /* the first; NULL */
/* Likewise, only directly below `parent` (UINT32_MAX: below the head). */
const struct config_block_line *block_line_in(const struct config_block *b, uint32_t parent, const char *words);
/* Blocks whose head begins with the words; start with NULL. */
const struct config_block *block_after(const struct config *c, const struct config_block *before, const char *words);
const struct config_block *block_named(const struct config *c, const char *words, const char *name); /* head is "words name[ …]" */

/* "10.0.0.0 0.0.0.255 …", "10.0.0.0 255.255.255.0 …", "10.0.0.0/8 …" or one address: its prefix. */
bool said_prefix(const char *text, struct ipprefix *out);

#endif
