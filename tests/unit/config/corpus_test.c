/*
 * A generated corpus: files made of the forms of forms.txt, printed clean, then written as people write them
 * (random abbreviation, case, indentation, order where it means nothing, blocks in pieces, words of a session),
 * must be the same model as the clean file. A failure names its seed, which alone gives the same case again.
 */
#include <ctype.h>
#include <strings.h>

#include "base/prng.h"
#include "config/grammar.h"
#include "text.h"

enum { FORMS_MAX = 4000, LINES_MAX = 400, DEPTH_MAX = 6, PER_BASE = 40 };

static const char *path;
static unsigned long cases = 10000, first_seed = 1;

/* ---- forms ---- */

struct form { char *context, *text; };

static struct form forms[FORMS_MAX];
static size_t form_count;

static void load_forms(void)
{
	FILE *in = fopen(path, "r");
	char context[400] = "", line[300];
	bool closed = true;

	assert_non_null(in);
	while (fgets(line, sizeof line, in)) {
		if (*line == '#' || *line == '\n')
			continue;
		if (*line == '>') {
			if (closed)
				*context = 0;
			closed = false;
			if (line[1] == ' ')
				strcat(context, line + 2);
			continue;
		}
		closed = true;
		assert_true(form_count < FORMS_MAX);
		forms[form_count++] = (struct form){ strdup(context), strdup(line + 2) };
	}
	fclose(in);
}

static void free_forms(void)
{
	while (form_count) {
		free(forms[--form_count].context);
		free(forms[form_count].text);
	}
}

/* Some stretches of the list, each below its context, as the clean text of what was understood. */
static char *clean_text(struct prng *p)
{
	char *text = NULL, *out;
	size_t length;
	FILE *to = open_memstream(&text, &length);
	struct config *c;

	for (uint64_t blocks = 2 + prng_below(p, 4); blocks; blocks--) {
		const size_t at = prng_below(p, form_count);
		uint64_t take = 1 + prng_below(p, 12);

		fprintf(to, "%s", forms[at].context);
		for (size_t i = at; take && i < form_count && !strcmp(forms[i].context, forms[at].context); i++) {
			if (prng_below(p, 3)) {
				fputs(forms[i].text, to);
				take--;
			}
		}
		fputs("exit\nend\n", to);
	}
	fclose(to);
	c = read_text(text);
	out = config_print(c);
	config_free(c);
	free(text);
	return out;
}

/* ---- the clean text as lines with their modes ---- */

struct clean_line {
	const char *text; /* without indentation */
	size_t length, depth;
	enum config_mode mode; /* MODE_NONE: kept as it stands */
	bool is_no, opens;
};

struct clean {
	struct clean_line lines[LINES_MAX];
	size_t count;
};

static size_t split(const char *text, size_t length, struct token *tokens)
{
	const char *end = text + length;
	size_t count = 0;

	while (text < end && count < 32) {
		text += strspn(text, " ");
		tokens[count] = (struct token){ text, strcspn(text, " \n") };
		text += tokens[count].length;
		count += tokens[count].length > 0;
		if (text < end && *text == '\n')
			break;
	}
	return count;
}

static enum config_mode mode_below(const struct match *m)
{
	if (m->row->enters != MODE_NONE)
		return m->row->enters;
	if (m->items[0].kind == ITEM_KEYWORD && !strcmp(m->items[0].text, "interface"))
		return strncmp(m->items[1].text, "Tunnel", 6) ? MODE_INTERFACE : MODE_TUNNEL;
	return MODE_NONE;
}

static enum config_mode classify(struct clean_line *line, enum config_mode mode)
{
	struct match_failure failure;
	struct token tokens[32];
	size_t count = split(line->text, line->length, tokens);
	enum config_mode below = MODE_NONE;
	struct match m;

	line->is_no = count && tokens[0].length == 2 && !strncmp(tokens[0].text, "no", 2);
	if (mode != MODE_NONE && count > line->is_no &&
	    grammar_match(mode, line->is_no ? SIGN_NO : SIGN_SET, tokens + line->is_no, count - line->is_no, &m,
			  &failure) == MATCH_OK) {
		line->mode = mode;
		below = mode_below(&m);
		line->opens = below != MODE_NONE;
		match_done(&m);
	}
	return below;
}

static void take_apart(struct clean *out, const char *text)
{
	enum config_mode modes[DEPTH_MAX] = { MODE_GLOBAL };

	out->count = 0;
	for (const char *p = text; *p; p += strcspn(p, "\n") + 1) {
		struct clean_line *line = &out->lines[out->count];

		*line = (struct clean_line){ .depth = strspn(p, " ") };
		line->text = p + line->depth;
		line->length = strcspn(line->text, "\n");
		if (line->depth >= DEPTH_MAX)
			line->depth = DEPTH_MAX - 1;
		/* Where a line stands when order has no meaning is its writer's choice: so is how its mode is left. */
		if (line->length == 0 || *line->text == '!' || !strncmp(line->text, "end\n", 4) || !strncmp(line->text, "exit\n", 5))
			continue;
		assert_true(++out->count < LINES_MAX);
		if (line->depth + 1 < DEPTH_MAX)
			modes[line->depth + 1] = classify(line, modes[line->depth]);
	}
}

/* ---- writing as people do ---- */

struct style {
	struct prng *p;
	FILE *out;
	bool flat, crlf, comments, session, capitals;
	const char *blank;
	enum config_mode open[DEPTH_MAX]; /* modes that are open when a line comes */
	size_t open_count;
};

static bool chance(struct style *s, unsigned in)
{
	return prng_below(s->p, in) == 0;
}

/* Does a mode that is open take the word as another line's beginning? A router would, too. */
static bool taken_elsewhere(const struct style *s, enum config_mode mode, const struct token *tokens, size_t count, bool is_no)
{
	for (size_t i = 0; i < s->open_count; i++) {
		struct match_failure failure;
		struct match m;

		if (s->open[i] != mode &&
		    grammar_match(s->open[i], is_no ? SIGN_NO : SIGN_SET, tokens, count, &m, &failure) == MATCH_OK) {
			match_done(&m);
			return true;
		}
	}
	return false;
}

static bool means(const struct style *s, const struct clean_line *line, const struct token *tokens, size_t count,
		  const char *canonical)
{
	struct match_failure failure;
	struct match m;
	bool same;

	if (grammar_match(line->mode, line->is_no ? SIGN_NO : SIGN_SET, tokens, count, &m, &failure) != MATCH_OK)
		return false;
	same = !strcmp(m.canonical, canonical);
	match_done(&m);
	return same && !taken_elsewhere(s, line->mode, tokens, count, line->is_no);
}

static void recase(struct style *s, char *word, size_t length)
{
	for (size_t i = 0; i < length; i++)
		word[i] = (char)(s->capitals ? toupper((unsigned char)word[i]) : tolower((unsigned char)word[i]));
}

/* "default" and "no" before a line say something else than the beginning of a word. */
static bool is_sign(const char *word, size_t length)
{
	return (length == 2 && !strncasecmp(word, "no", 2)) || (length == 7 && !strncasecmp(word, "default", 7));
}

/* A block that takes any line: short words are taken for its own. */
static bool in_kept_block(const struct style *s)
{
	const enum config_mode last = s->open_count ? s->open[s->open_count - 1] : MODE_NONE;

	return last == MODE_OPAQUE || last == MODE_UNSUPPORTED;
}

/* One word shorter and in another case, if the line still says the same. */
static void shorten(struct style *s, const struct clean_line *line, struct token *tokens, size_t count, size_t at,
		    const char *canonical, char *room)
{
	const struct token whole = tokens[at];
	size_t length = at == 0 && in_kept_block(s) ? whole.length : 1 + prng_below(s->p, whole.length);

	for (; length <= whole.length; length++) {
		memcpy(room, whole.text, whole.length);
		tokens[at] = (struct token){ room, length };
		recase(s, room, length);
		if (means(s, line, tokens, count, canonical) && !(at == 0 && is_sign(room, length)))
			return;
	}
	tokens[at] = whole;
}

static bool takes_text(const struct clean_line *line)
{
	static const char *const words[] = { "description", "remark", "banner", "neighbor" };

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (!strncmp(line->text, words[i], strlen(words[i])))
			return true;
	}
	return false;
}

static void write_words(struct style *s, const struct clean_line *line)
{
	struct match_failure failure;
	struct token tokens[32];
	const size_t skip = line->is_no, count = split(line->text, line->length, tokens) - skip;
	char room[32][300];
	struct match m;

	/* Words that are no keywords stay: names and secrets know capitals. Interfaces' names do not. */
	if (grammar_match(line->mode, skip ? SIGN_NO : SIGN_SET, tokens + skip, count, &m, &failure) != MATCH_OK)
		fail_msg("does not match again: %.*s", (int)line->length, line->text);
	for (size_t i = 0; i < m.count && i < count; i++) {
		if (m.items[i].kind == ITEM_KEYWORD && !chance(s, 3))
			shorten(s, line, tokens + skip, count, i, m.canonical, room[i]);
		else if (m.items[i].kind != ITEM_KEYWORD && m.items[i].kind != ITEM_IF)
			break; /* from here on words and items need not be side by side */
	}
	if (skip)
		fputs(chance(s, 2) ? "no" : "NO", s->out);
	for (size_t i = 0; i < count; i++)
		fprintf(s->out, "%s%.*s", i || skip ? " " : "", (int)tokens[skip + i].length, tokens[skip + i].text);
	match_done(&m);
}

static void end_line(struct style *s, bool comment)
{
	if (comment && s->comments && chance(s, 4))
		fputs("  ! said by hand", s->out);
	fputs(s->crlf ? "\r\n" : "\n", s->out);
	if (chance(s, 12))
		fputs(s->crlf ? "\r\n" : "\n", s->out);
}

static void write_line(struct style *s, const struct clean_line *line)
{
	for (size_t i = 0; !s->flat && i < line->depth; i++)
		fputs(s->blank, s->out);
	if (s->session && line->depth == 0 && chance(s, 4))
		fputs("hub-1(config)#", s->out);
	if (line->mode == MODE_NONE || takes_text(line))
		fprintf(s->out, "%.*s", (int)line->length, line->text);
	else
		write_words(s, line);
	end_line(s, line->mode != MODE_NONE && !takes_text(line));
}

/* What is open after a line: a router knows, and so must who abbreviates the next one. */
static void follow(struct style *s, const struct clean *c, size_t at)
{
	const struct clean_line *line = &c->lines[at];

	if (s->open_count > line->depth + 1)
		s->open_count = line->depth + 1;
	if (line->mode != MODE_NONE && s->open_count <= line->depth + 1) {
		struct clean_line copy = *line;
		const enum config_mode below = classify(&copy, line->mode);

		s->open[line->depth] = line->mode;
		s->open_count = line->depth + 1;
		if (below != MODE_NONE && s->open_count < DEPTH_MAX)
			s->open[s->open_count++] = below;
	}
}

static size_t chunk_end(const struct clean *c, size_t at)
{
	while (++at < c->count && c->lines[at].depth > 0)
		;
	return at;
}

/* An interface's lines in another order, in one piece or two. */
static void write_interface(struct style *s, const struct clean *c, size_t at, size_t end)
{
	size_t order[LINES_MAX], n = 0;
	const size_t cut = at + 1 + prng_below(s->p, end - at);

	for (size_t i = at + 1; i < end; i++)
		order[n++] = i;
	for (size_t i = n; i > 1; i--) {
		const size_t other = prng_below(s->p, i), kept = order[i - 1];

		order[i - 1] = order[other];
		order[other] = kept;
	}
	write_line(s, &c->lines[at]);
	follow(s, c, at);
	for (size_t i = 0; i < n; i++) {
		if (i == cut - at - 1 && chance(s, 3)) {
			write_line(s, &c->lines[at]);
			follow(s, c, at);
		}
		write_line(s, &c->lines[order[i]]);
	}
}

/* Where an open mode has such a line too, a router must be told that it is left. */
static void leave_modes(struct style *s, const struct clean_line *line)
{
	struct token tokens[32];
	const size_t count = split(line->text, line->length, tokens);

	if (line->mode != MODE_GLOBAL ||
	    !taken_elsewhere(s, MODE_GLOBAL, tokens + line->is_no, count - line->is_no, line->is_no))
		return;
	fputs("end\n", s->out);
	s->open_count = 0;
}

static void write_chunk(struct style *s, const struct clean *c, size_t at)
{
	const size_t end = chunk_end(c, at);

	leave_modes(s, &c->lines[at]);

	if (!strncmp(c->lines[at].text, "interface ", 10) && c->lines[at].mode == MODE_GLOBAL && c->lines[at].opens &&
	    strncmp(c->lines[at].text, "interface range", 15)) {
		write_interface(s, c, at, end);
	} else {
		for (size_t i = at; i < end; i++) {
			write_line(s, &c->lines[i]);
			follow(s, c, i);
		}
	}
	if (s->session && chance(s, 3))
		fputs("do wr\n", s->out);
	else if (chance(s, 2))
		fputs("!\n", s->out);
}

static char *spoilt(struct prng *p, const struct clean *c)
{
	static const char *const blanks[] = { " ", "  ", "   ", "\t", "\xe3\x80\x80", "\xc2\xa0" };
	char *text = NULL;
	size_t length, heads[LINES_MAX], n = 0;
	struct style s = { .p = p, .out = open_memstream(&text, &length) };

	s.flat = chance(&s, 3);
	s.crlf = chance(&s, 4);
	s.comments = chance(&s, 3);
	s.session = chance(&s, 4);
	s.capitals = chance(&s, 6);
	s.blank = blanks[prng_below(p, 6)];
	for (size_t i = 0; i < c->count; i = chunk_end(c, i))
		heads[n++] = i;
	for (size_t i = n; i > 1; i--) {
		const size_t other = prng_below(p, i), kept = heads[i - 1];

		heads[i - 1] = heads[other];
		heads[other] = kept;
	}
	if (chance(&s, 8))
		fputs("\xef\xbb\xbf", s.out);
	if (s.session)
		fputs("hub-1>en\nhub-1#conf t\nEnter configuration commands, one per line.  End with CNTL/Z.\n", s.out);
	for (size_t i = 0; i < n; i++)
		write_chunk(&s, c, heads[i]);
	fputs(s.session ? "end\nwr\nBuilding configuration...\n[OK]\n" : "end\n", s.out);
	fclose(s.out);
	return text;
}

/* ---- comparing ---- */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The lines of a text in a row that does not depend on their order, each below its head. */
static char *sorted(char *text)
{
	static char *lines[LINES_MAX * 2];
	char head[200] = "", *out = NULL, *kept = NULL;
	size_t count = 0, length;
	FILE *to = open_memstream(&out, &length);

	for (char *line = strtok_r(text, "\n", &kept); line; line = strtok_r(NULL, "\n", &kept)) {
		if (*line != ' ')
			snprintf(head, sizeof head, "%s", line);
		assert_true(count < sizeof lines / sizeof lines[0]);
		assert_true(asprintf(&lines[count++], "%s |%s", head, *line == ' ' ? line : "") >= 0);
	}
	qsort(lines, count, sizeof *lines, by_text);
	for (size_t i = 0; i < count; i++) {
		if (*lines[i] != '!')
			fprintf(to, "%s\n", lines[i]);
		free(lines[i]);
	}
	fclose(to);
	free(text);
	return out;
}

static char *model_of(const char *text)
{
	struct config *c = read_text(text);
	char *out = config_print(c);

	config_free(c);
	return out;
}

static void only_in(const char *what, const char *here, const char *there)
{
	for (const char *line = here; *line; line += strcspn(line, "\n") + 1) {
		char *copy = strndup(line, strcspn(line, "\n") + 1);

		if (!strstr(there, copy))
			fprintf(stderr, "%s: %s", what, copy);
		free(copy);
	}
}

static void check_case(unsigned long seed, const char *clean, const char *wanted)
{
	static struct clean lines;
	struct prng p;
	char *text, *got;

	prng_init(&p, seed * 7919);
	take_apart(&lines, clean);
	text = spoilt(&p, &lines);
	got = sorted(model_of(text));
	if (strcmp(wanted, got)) {
		fprintf(stderr, "%s", text);
		only_in("lost", wanted, got);
		only_in("new", got, wanted);
		fail_msg("seed %lu: the text above does not mean what its clean form means", seed);
	}
	free(got);
	free(text);
}

static void spoilt_text_means_the_same(void **state)
{
	char *clean = NULL, *wanted = NULL;

	(void)state;
	load_forms();
	for (unsigned long seed = first_seed; seed < first_seed + cases; seed++) {
		if (!clean || seed % PER_BASE == 0) {
			struct prng p;

			free(clean);
			free(wanted);
			prng_init(&p, seed / PER_BASE);
			clean = clean_text(&p);
			wanted = sorted(model_of(clean));
		}
		check_case(seed, clean, wanted);
	}
	free(clean);
	free(wanted);
	free_forms();
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(spoilt_text_means_the_same) };

	path = argc > 1 ? argv[1] : "forms.txt";
	cases = argc > 2 ? strtoul(argv[2], NULL, 10) : cases;
	first_seed = argc > 3 ? strtoul(argv[3], NULL, 10) : first_seed;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
