/*
 * read: a file's lines through the grammar into the model.
 *
 * The mode is set by commands, not by indentation: a line that does not fit the present
 * mode but one further out belongs there and leaves the inner ones. Every line of the file
 * becomes exactly one struct config_line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/import.h"
#include "config/lexer.h"
#include "config/reading.h"
#include "config/redact.h"

/* ---- one command ---- */

static void keep_line(struct reading *r, const struct match *m)
{
	const enum config_mode mode = reading_top(r)->mode;

	if (mode == MODE_GLOBAL)
		reading_block(r, m);
	else if (mode == MODE_INTERFACE || mode == MODE_TUNNEL)
		reading_extra(r, m);
	else
		reading_block_line(r, m);
}

static void judge_row(struct reading *r, const struct match *m)
{
	const struct command *row = m->row;

	switch (row->fate) {
	case HONOURED:
		r->state = CONFIG_HONOURED;
		break;
	case ALWAYS_ON:
		r->state = CONFIG_HONOURED;
		if (m->sign == SIGN_NO)
			reading_unsupported(r, true, "%s", row->reason);
		break;
	case NO_EFFECT:
		reading_no_effect(r, row->reason);
		break;
	case UNSUPPORTED:
	case TRAFFIC:
		if (m->sign != SIGN_SET && row->keeping != TOGGLE)
			reading_no_effect(r, "switches off what is not done here anyway");
		else
			reading_unsupported(r, row->fate == TRAFFIC, "%s", row->reason);
		break;
	}
}

/* Every line that is known stays in the model, whatever this program makes of it: it is printed again. */
static void take(struct reading *r, const struct match *m)
{
	judge_row(r, m);
	if (m->row->apply)
		m->row->apply(r, m);
	else
		keep_line(r, m);
}

/* What others may want to look up or point at: the model itself knows no lines. */
static void note(struct reading *r, const struct frame *frame, const struct match *m)
{
	const bool interface = frame->mode == MODE_INTERFACE || frame->mode == MODE_TUNNEL;
	struct config_said *said = NULL;
	char *text;

	if (interface)
		said = ADD(r, r->c->interfaces[frame->index].said, r->c->interfaces[frame->index].said_count);
	else if (frame->mode == MODE_GLOBAL && (m->row->fate == TRAFFIC || m->row->fate == UNSUPPORTED))
		said = ADD(r, r->c->said, r->c->said_count);
	if (!said)
		return;
	if (asprintf(&text, "%s%s", m->sign == SIGN_SET ? "" : "no ", m->canonical) < 0) {
		r->out_of_memory = true;
		return;
	}
	*said = (struct config_said){ text, r->number };
}

/* A line of the frame on top: of a range's interfaces each takes it. */
static void take_in(struct reading *r, const struct match *m)
{
	const size_t depth = r->depth;
	struct frame *frame = reading_top(r);

	if (!frame->range || m->row->enters != MODE_NONE) {
		note(r, frame, m);
		take(r, m);
		return;
	}
	for (size_t i = 0; reading_work(r, RANGE_WORK) && i < r->range_count && r->depth == depth; i++) {
		frame->index = r->range[i];
		note(r, frame, m);
		take(r, m);
	}
	frame->index = r->range[0];
}

/* A comment on a failed line, from the failure that understood most of it. */
static void judge_failure(struct reading *r, const struct match_failure *f, enum config_mode mode)
{
	const bool forwarding = mode != MODE_GLOBAL && mode != MODE_LINE && mode != MODE_OPAQUE;

	switch (f->result) {
	case MATCH_AMBIGUOUS:
		reading_error(r, "write the word in full", "ambiguous: %s", f->text);
		return;
	case MATCH_INCOMPLETE:
		reading_error(r, "complete the command", "incomplete command");
		return;
	case MATCH_BAD_VALUE:
		reading_error(r, NULL, "word %zu has a wrong value: %s is expected", f->depth + 1, f->text);
		return;
	case MATCH_OK:
	case MATCH_UNKNOWN:
	case MATCH_MEMORY:
		break;
	}
	reading_unsupported(r, forwarding, f->depth ? "unknown command: %s" : "unknown command", f->text);
}

static bool try_session(struct reading *r, const struct line *line)
{
	struct match_failure failure;
	struct match m;

	if (grammar_match(MODE_SESSION, SIGN_SET, line->tokens, line->count, &m, &failure) != MATCH_OK)
		return false;
	take(r, &m);
	match_done(&m);
	return true;
}

static bool takes_anything(const struct frame *frame)
{
	return frame->mode == MODE_OPAQUE || frame->mode == MODE_UNSUPPORTED || frame->mode == MODE_LINE;
}

/* A line of a block that is only kept. "exit" may leave the block or something inside of it. */
static void belongs(struct reading *r, const struct line *line)
{
	const bool supported = reading_top(r)->mode != MODE_UNSUPPORTED;
	const struct token *first = &line->tokens[0];

	if (supported)
		reading_no_effect(r, "belongs to a block without effect here");
	else
		reading_unsupported(r, false, "belongs to a block that is not supported");
	if (first->length > 5 && !strncasecmp(first->text, "exit-", 5))
		reading_leave(r, NULL);
	else if (line->count != 1 || first->length != 4 || strncasecmp(first->text, "exit", 4))
		reading_raw(r, line->indent, line->command);
}

/*
 * Below the head of a block that takes anything, and not indented, "host 10.0.0.1" is a line of that block and no
 * short `hostname`: only the words that people abbreviate all the time begin something else there.
 */
static bool is_too_short(const struct reading *r, const struct line *line, size_t skip, const struct match *m)
{
	static const char *const usual[] = { "interface", "router", "crypto", "access-list", NULL };
	const struct frame *top = &r->frames[r->depth - 1];
	const struct token *first = &line->tokens[skip];

	if (!takes_anything(top) || top->mode == MODE_LINE || top->ended || first->length == strlen(m->items[0].text))
		return false;
	for (size_t i = 0; usual[i]; i++) {
		if (first->length >= 2 && !strncasecmp(first->text, usual[i], first->length))
			return false;
	}
	return true;
}

/* Tries the modes from the innermost outwards. */
static bool try_modes(struct reading *r, const struct line *line, enum sign sign, size_t skip,
		      struct match_failure *best, enum config_mode *best_mode)
{
	for (size_t depth = r->depth; depth > 0; depth--) {
		const struct frame *frame = &r->frames[depth - 1];
		struct match_failure failure;
		struct match m;
		enum match_result result = grammar_match(frame->mode, sign, line->tokens + skip,
							  line->count - skip, &m, &failure);

		if (result == MATCH_MEMORY) {
			r->out_of_memory = true;
			return true;
		}
		if (result == MATCH_OK && depth < r->depth && is_too_short(r, line, skip, &m)) {
			match_done(&m);
			continue;
		}
		if (result == MATCH_OK) {
			r->depth = depth;
			take_in(r, &m);
			match_done(&m);
			if (r->depth > depth)
				reading_top(r)->indent = line->indent;
			return true;
		}
		if (takes_anything(frame) && line->indent > frame->indent) {
			r->depth = depth;
			belongs(r, line);
			return true;
		}
		if (depth == r->depth || failure.depth > best->depth) {
			*best = failure;
			*best_mode = frame->mode;
		}
	}
	return false;
}

static bool token_is(const struct token *t, const char *word)
{
	return t->length == strlen(word) && !strncasecmp(t->text, word, t->length);
}

static void read_command(struct reading *r, const struct line *line)
{
	struct match_failure best = { 0 };
	enum config_mode mode = MODE_GLOBAL;
	enum sign sign = SIGN_SET;
	size_t skip = 0;

	if (line->count > 1 && token_is(&line->tokens[0], "no"))
		sign = SIGN_NO;
	else if (line->count > 1 && token_is(&line->tokens[0], "default"))
		sign = SIGN_DEFAULT;
	skip = sign == SIGN_SET ? 0 : 1;
	if (try_modes(r, line, sign, skip, &best, &mode) || try_session(r, line))
		return;
	/* In a file without indentation, what nobody knows follows the block that takes anything. */
	if (takes_anything(reading_top(r)) && !reading_top(r)->ended && best.result == MATCH_UNKNOWN)
		belongs(r, line);
	else
		judge_failure(r, &best, mode);
}

/* ---- lines ---- */

static bool ends_swallowing(const struct reading *r, const struct line *line)
{
	return strstr(line->text, r->until) != NULL;
}

static void end_swallowing(struct reading *r)
{
	free(r->until);
	r->until = NULL;
	if (reading_top(r)->mode == MODE_OPAQUE)
		reading_leave(r, NULL);
}

/* A banner has its own delimiter; a certificate says "quit", or was cut short by who pasted it. */
static bool is_cut_short(struct reading *r, const struct line *line)
{
	const struct token *first = &line->tokens[0];

	if (reading_top(r)->mode != MODE_CERT_CHAIN)
		return false;
	return line->kind == LINE_COMMENT || (line->kind == LINE_COMMAND && first->length == 11 && !strncasecmp(first->text, "certificate", 11));
}

static void swallow(struct reading *r, const struct line *line)
{
	reading_no_effect(r, "part of a banner or certificate");
	reading_raw(r, strspn(line->text, " "), line->text + strspn(line->text, " "));
	if (ends_swallowing(r, line))
		end_swallowing(r);
}

static void judge(struct reading *r, const struct line *line)
{
	r->state = CONFIG_BLANK;
	r->changes_traffic = false;
	r->reason = r->remedy = NULL;
	r->indent = line->indent;
	if (line->kind == LINE_COMMENT && line->indent <= reading_top(r)->indent)
		reading_top(r)->ended = true;
	if (r->until && is_cut_short(r, line)) {
		reading_raw(r, 0, r->until);
		end_swallowing(r);
	}
	if (r->until)
		swallow(r, line);
	else if (line->kind == LINE_OUTPUT)
		reading_no_effect(r, "what a router says in a session");
	else if (line->kind == LINE_TOO_LONG)
		reading_unsupported(r, true, "the line has more than %d words", TOKENS_MAX);
	else if (line->kind == LINE_COMMAND)
		read_command(r, line);
}

void reading_say(struct reading *r, unsigned number, const char *text)
{
	struct lexer lexer = { text, text + strlen(text), 0 };
	struct line line;

	r->number = number;
	if (lexer_next(&lexer, &line)) {
		judge(r, &line);
		line_done(&line);
		return;
	}
	r->out_of_memory |= *text != 0;
	r->state = CONFIG_BLANK;
	r->changes_traffic = false;
	r->reason = r->remedy = NULL;
}

static void record(struct reading *r, const struct line *line)
{
	struct config_line *kept = ADD(r, r->c->lines, r->c->line_count);

	if (!kept) {
		free(r->reason);
		free(r->remedy);
		return;
	}
	kept->file = r->file;
	kept->number = r->number;
	kept->text = redact(line->text);
	kept->state = r->state;
	kept->changes_traffic = r->changes_traffic;
	kept->reason = r->reason;
	kept->remedy = r->remedy;
	r->out_of_memory |= !kept->text;
}

static void read_lines(struct reading *r, const char *text, size_t length)
{
	struct lexer lexer = { text, text + length, 0 };
	struct line line;

	while (!r->out_of_memory && !r->too_much && lexer_next(&lexer, &line)) {
		r->number = lexer.number;
		judge(r, &line);
		record(r, &line);
		line_done(&line);
	}
	r->out_of_memory |= lexer.at < lexer.end && !r->too_much;
	/* One that never ends would take in what is printed after it. */
	if (r->until)
		reading_raw(r, 0, r->until);
}

static bool reading_init(struct reading *r, const char *name)
{
	*r = (struct reading){ .c = calloc(1, sizeof *r->c) };
	if (!r->c)
		return false;
	r->c->name = strdup(name);
	if (!r->c->name)
		return false;
	r->file = r->c->name;
	r->c->language = "IOS";
	reading_vrf(r, "");
	reading_enter(r, MODE_GLOBAL, 0);
	return !r->out_of_memory;
}

/* false: there is too much of it. */
static bool read_source(struct reading *r, enum import_language language, const char *text, size_t length)
{
	if (language != IMPORT_IOS)
		return import_read(r, language, text, length);
	read_lines(r, text, length);
	return true;
}

static void finish(struct reading *r, enum import_language language)
{
	reading_finish(r);
	if (!r->out_of_memory && !r->too_much)
		reading_check(r);
	if (language != IMPORT_IOS)
		import_remedies(r, language);
}

/* Lines that end with CR only, as of a terminal's log: a copy in which they end as all others do. NULL: out of memory. */
static char *with_line_feeds(const char *text, size_t length)
{
	char *copy = malloc(length);

	for (size_t i = 0; copy && i < length; i++)
		copy[i] = text[i] == '\r' ? '\n' : text[i];
	return copy;
}

static bool ends_by_cr(const char *text, size_t length)
{
	return length && length <= CONFIG_FILE_MAX && !memchr(text, '\n', length) && memchr(text, '\r', length);
}

/* NULL: the language is to be recognised. */
static struct config *read_as(const char *name, const char *text, size_t length, const enum import_language *given, char *error, size_t error_size)
{
	const char *refusal = length > CONFIG_FILE_MAX ? "is larger than 16 MB" : lexer_refuses(text, length);
	enum import_language language;
	struct reading r;
	bool good = true;

	if (refusal) {
		snprintf(error, error_size, "%s: %s", name, refusal);
		return NULL;
	}
	if (reading_init(&r, name)) {
		language = given ? *given : import_language(text, length);
		good = read_source(&r, language, text, length);
		if (good && !r.out_of_memory)
			finish(&r, language);
	} else {
		r.out_of_memory = true;
	}
	free(r.until);
	free(r.range);
	names_done(&r.names);
	if (good && !r.out_of_memory && !r.too_much)
		return r.c;
	config_free(r.c);
	snprintf(error, error_size, "%s: %s", name, r.out_of_memory ? "out of memory"
		 : r.too_much ? "holds too much: more than 8,192 tunnels or 1,024 VRFs, or too many lines that name or take back each other"
			      : "holds too many words");
	return NULL;
}

struct config *config_read_text(const char *name, const char *text, size_t length, char *error, size_t error_size)
{
	struct config *c;
	char *copy;

	if (!ends_by_cr(text, length))
		return read_as(name, text, length, NULL, error, error_size);
	copy = with_line_feeds(text, length);
	if (!copy) {
		snprintf(error, error_size, "%s: out of memory", name);
		return NULL;
	}
	c = read_as(name, copy, length, NULL, error, error_size);
	free(copy);
	return c;
}

struct config *config_read_printed(const char *name, const char *text, size_t length, char *error, size_t error_size)
{
	static const enum import_language ours = IMPORT_IOS;

	return read_as(name, text, length, &ours, error, error_size);
}
