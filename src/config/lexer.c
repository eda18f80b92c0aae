#include "config/lexer.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Counts before anything is kept. */
static const char *too_many_lines(const char *bytes, size_t length)
{
	const char *at = bytes, *end = bytes + length;
	size_t lines = 0;

	while (at < end) {
		const char *lf = memchr(at, '\n', (size_t)(end - at));

		if ((size_t)((lf ? lf : end) - at) > LINE_OCTETS_MAX)
			return "has a line of more than 65,536 octets";
		if (++lines > LINES_MAX)
			return "has more than 250,000 lines";
		at = lf ? lf + 1 : end;
	}
	return NULL;
}

/* By its mark, or because every other octet of its beginning is 0. */
static bool is_utf16(const unsigned char *b, size_t length)
{
	const size_t look = length < 64 ? length : 64;
	size_t zeros[2] = { 0, 0 };

	if (length >= 2 && ((b[0] == 0xff && b[1] == 0xfe) || (b[0] == 0xfe && b[1] == 0xff)))
		return true;
	for (size_t i = 0; i < look; i++)
		zeros[i % 2] += b[i] == 0;
	return (zeros[0] == 0 && zeros[1] >= 4 && zeros[1] == look / 2) || (zeros[1] == 0 && zeros[0] >= 4 && zeros[0] == (look + 1) / 2);
}

const char *lexer_refuses(const char *bytes, size_t length)
{
	const unsigned char *b = (const unsigned char *)bytes;

	if (is_utf16(b, length))
		return "is UTF-16 text: save it as UTF-8, as by iconv -f UTF-16 -t UTF-8";
	if (memchr(bytes, 0, length))
		return "is not text: it holds NUL bytes";
	for (size_t i = 0; i < length; i++) {
		if (!isspace(b[i]))
			return too_many_lines(bytes, length);
	}
	return length ? "holds nothing but blanks" : "is empty";
}

/* Length of the valid UTF-8 sequence at p, 0 when there is none. */
static size_t sequence_length(const unsigned char *p, const unsigned char *end)
{
	static const struct { unsigned char mask, bits, length; uint32_t least; } forms[] = {
		{ 0x80, 0x00, 1, 0 }, { 0xe0, 0xc0, 2, 0x80 }, { 0xf0, 0xe0, 3, 0x800 }, { 0xf8, 0xf0, 4, 0x10000 },
	};
	for (size_t f = 0; f < sizeof forms / sizeof forms[0]; f++) {
		uint32_t code;

		if ((*p & forms[f].mask) != forms[f].bits)
			continue;
		if ((size_t)(end - p) < forms[f].length)
			return 0;
		code = *p & (unsigned char)~forms[f].mask;
		for (size_t i = 1; i < forms[f].length; i++) {
			if ((p[i] & 0xc0) != 0x80)
				return 0;
			code = code << 6 | (p[i] & 0x3f);
		}
		if (code < forms[f].least || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
			return 0;
		return forms[f].length;
	}
	return 0;
}

#define REPLACED "\xef\xbf\xbd" /* stands for what is no text */

/* C0, DEL, and C1, which in UTF-8 is c2 80 to c2 9f: terminals may obey all of them. */
static bool is_control(const unsigned char *p, size_t length)
{
	return (length == 1 && *p != '\t' && iscntrl(*p)) || (length == 2 && p[0] == 0xc2 && p[1] < 0xa0);
}

/* The line with bad bytes replaced by U+FFFD, and control characters too: it is shown on
 * terminals. A banner's ^C keeps its meaning as the two characters. */
static char *clean_text(const char *from, size_t length)
{
	const unsigned char *p = (const unsigned char *)from, *end = p + length;
	char *out = malloc(length * 3 + 1), *at = out;

	while (out && p < end) {
		const size_t n = sequence_length(p, end);

		if (n == 1 && *p == 3) {
			at = stpcpy(at, "^C");
			p++;
		} else if (!n || is_control(p, n)) {
			at = stpcpy(at, REPLACED);
			p += n ? n : 1;
		} else {
			memcpy(at, p, n);
			at += n;
			p += n;
		}
	}
	if (out)
		*at = 0;
	return out;
}

static bool starts(const char *p, const char *with)
{
	return !strncmp(p, with, strlen(with));
}

/* A copy in which every kind of blank is a space and marks of byte order are gone. */
static char *plain_blanks(const char *text)
{
	static const char *const blanks[] = { "\xe3\x80\x80", "\xc2\xa0", "\xe2\x80\x83", "\xe2\x80\x82", "\t", NULL };
	char *out = malloc(strlen(text) + 1), *at = out;

	while (out && *text) {
		size_t b = 0;

		if (starts(text, "\xef\xbb\xbf") || starts(text, "\xe2\x80\x8b")) {
			text += 3;
			continue;
		}
		while (blanks[b] && !starts(text, blanks[b]))
			b++;
		*at++ = blanks[b] ? ' ' : *text;
		text += blanks[b] ? strlen(blanks[b]) : 1;
	}
	if (out) {
		while (at > out && at[-1] == ' ')
			at--;
		*at = 0;
	}
	return out;
}

/* "HOST#", "HOST(config-if)#", "HOST>" at the start of a pasted line: its length or 0. */
static size_t prompt_length(const char *text)
{
	size_t name = 0, mode;

	while (isalnum((unsigned char)text[name]) || (text[name] && strchr("-_.", text[name])))
		name++;
	if (!name)
		return 0;
	if (text[name] == '(') {
		mode = strspn(text + name + 1, "abcdefghijklmnopqrstuvwxyz0123456789-");
		if (text[name + 1 + mode] != ')' || strncmp(text + name + 1, "config", 6))
			return 0;
		name += mode + 2;
	}
	return text[name] == '#' || text[name] == '>' ? name + 1 : 0;
}

/* Words whose text goes to the end of the line, "!" included. */
static bool takes_free_text(const char *command)
{
	static const char *const words[] = { "description", "remark", "banner", NULL };
	size_t length = strcspn(command, " ");

	for (size_t i = 0; words[i]; i++) {
		if (length >= 4 && !strncasecmp(words[i], command, length))
			return true;
	}
	return false;
}

static void cut_comment(char *command)
{
	if (takes_free_text(command))
		return;
	for (char *p = command; *p; p++) {
		if (*p == '!' && p > command && p[-1] == ' ') {
			*p = 0;
			break;
		}
	}
	for (char *p = command + strlen(command); p > command && p[-1] == ' '; p--)
		p[-1] = 0;
}

static void split_words(struct line *line)
{
	const char *p = line->command;

	while (*(p += strspn(p, " "))) {
		const size_t length = strcspn(p, " ");

		if (line->count == TOKENS_MAX) {
			line->kind = LINE_TOO_LONG;
			return;
		}
		line->tokens[line->count++] = (struct token){ p, length };
		p += length;
	}
}

/* The pager's word at the end of a page, with what wiped it off the screen. */
static void cut_pager(char *command)
{
	static const char *const words[] = { "--More--", "<--- More --->", NULL };
	char *p = command + strspn(command, " ");

	for (size_t i = 0; words[i]; i++) {
		if (!starts(p, words[i]))
			continue;
		for (p += strlen(words[i]); *p == ' ' || starts(p, REPLACED); p += *p == ' ' ? 1 : strlen(REPLACED))
			;
		/* One blank of the page's next line is not told from those that wipe. */
		memmove(command, p, strlen(p) + 1);
		return;
	}
}

/* What a router says by itself: "% Invalid input", "*Mar  1 00:01:02: %SYS-5-CONFIG_I", "[OK]", a marker. */
static bool is_output(const char *text)
{
	return *text == '%' || (*text == '*' && isalpha((unsigned char)text[1])) || starts(text, "[OK]") || !strcmp(text, "^");
}

static void classify(struct line *line)
{
	char *command = line->command;
	const char *first;

	cut_pager(command);
	first = command + (line->indent = strspn(command, " "));
	line->kind = LINE_COMMAND;
	if (!*first) {
		line->kind = LINE_BLANK;
	} else if (*first == '!' || *first == '#') {
		line->kind = LINE_COMMENT;
	} else if (is_output(first)) {
		line->kind = LINE_OUTPUT;
	} else {
		memmove(command, first, strlen(first) + 1);
		first = command + prompt_length(command);
		first += strspn(first, " ");
		memmove(command, first, strlen(first) + 1);
		cut_comment(command);
		split_words(line);
		if (!line->count)
			line->kind = LINE_COMMENT;
	}
}

bool lexer_next(struct lexer *x, struct line *line)
{
	const char *lf;
	size_t length;

	line->kind = LINE_BLANK;
	line->text = line->command = NULL;
	line->indent = line->count = 0;
	if (x->at >= x->end)
		return false;
	lf = memchr(x->at, '\n', (size_t)(x->end - x->at));
	length = (size_t)((lf ? lf : x->end) - x->at);
	line->text = clean_text(x->at, length && x->at[length - 1] == '\r' ? length - 1 : length);
	line->command = line->text ? plain_blanks(line->text) : NULL;
	if (!line->command) {
		line_done(line);
		return false;
	}
	x->at += length + (lf ? 1 : 0);
	x->number++;
	classify(line);
	return true;
}

void line_done(struct line *line)
{
	free(line->text);
	free(line->command);
	line->text = line->command = NULL;
}
