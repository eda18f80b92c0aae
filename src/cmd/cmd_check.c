/* dmvpn check: what an expert finds in the files given, taken together, and what became of every line. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "cmd/check_design.h"
#include "cmd/cmd.h"
#include "config/config.h"
#include "ike/ike_config.h"

enum { EXIT_CLEAN = 0, EXIT_FOUND = 1, EXIT_UNREADABLE = 2 };

/* A file as the system knows it: one that is named twice is one router. */
struct seen {
	dev_t device;
	ino_t inode;
	char *path;
};

struct check {
	bool json, strict, colour;
	unsigned only_line; /* --explain: this line only, whatever became of it; 0: all problems */
	size_t errors, advice, unreadable;
	json_t *files;
	size_t config_count;
	struct config **configs; /* what could be read, in the order given */
	size_t seen_count;
	struct seen *seen;
};

static const char *state_text(const struct config_line *line)
{
	switch (line->state) {
	case CONFIG_BLANK: return "blank";
	case CONFIG_HONOURED: return "honoured";
	case CONFIG_NO_EFFECT: return "no effect";
	case CONFIG_NOT_SUPPORTED: return line->changes_traffic ? "not supported, changes traffic" : "not supported";
	case CONFIG_ERROR: return "error";
	}
	return "";
}

static bool is_problem(const struct config_line *line)
{
	return line->state == CONFIG_ERROR || line->state == CONFIG_NOT_SUPPORTED;
}

static bool is_shown(const struct check *k, const struct config_line *line)
{
	return k->only_line ? line->number == k->only_line : is_problem(line) || line->practice;
}

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, " \t");
}

/* Lines that say the same of themselves are one entry: those of one file, each with the next of its kind. */
struct entries {
	const struct config *c;
	size_t *next;  /* by line: the next that says the same; 0: none */
	bool *follows; /* by line: it is such a next one */
};

static int compare_verdicts(const struct config_line *a, const struct config_line *b)
{
	int order = (int)a->state - (int)b->state;

	if (!order)
		order = (int)a->changes_traffic - (int)b->changes_traffic;
	if (!order)
		order = strcmp(a->reason ? a->reason : "", b->reason ? b->reason : "");
	return order ? order : strcmp(a->remedy ? a->remedy : "", b->remedy ? b->remedy : "");
}

static int by_verdict(const void *a, const void *b, void *lines)
{
	const size_t x = *(const size_t *)a, y = *(const size_t *)b;
	const int order = compare_verdicts((const struct config_line *)lines + x, (const struct config_line *)lines + y);

	return order ? order : x < y ? -1 : x > y;
}

static void entries_init(struct entries *e, const struct config *c)
{
	size_t *order = alloc_zero(c->line_count + 1, sizeof *order), count = 0;

	*e = (struct entries){ c, alloc_zero(c->line_count + 1, sizeof *e->next), alloc_zero(c->line_count + 1, sizeof *e->follows) };
	for (size_t i = 0; i < c->line_count; i++) {
		if (is_problem(&c->lines[i]) && c->lines[i].reason)
			order[count++] = i;
	}
	qsort_r(order, count, sizeof *order, by_verdict, c->lines);
	for (size_t i = 1; i < count; i++) {
		if (compare_verdicts(&c->lines[order[i - 1]], &c->lines[order[i]]))
			continue;
		e->next[order[i - 1]] = order[i];
		e->follows[order[i]] = true;
	}
	free(order);
}

static void entries_done(struct entries *e)
{
	free(e->next);
	free(e->follows);
}

static void print_others(const struct entries *e, size_t first)
{
	const char *joint = "; also ";

	for (size_t i = e->next[first]; i; i = e->next[i], joint = ", ")
		printf("%s%u", joint, e->c->lines[i].number);
}

static void print_line(const struct check *k, const struct entries *e, size_t at)
{
	const struct config_line *line = &e->c->lines[at];
	const bool blocks = line->state == CONFIG_ERROR || line->changes_traffic;
	const char *on = !k->colour ? "" : blocks ? "\033[31m" : "\033[33m", *off = k->colour ? "\033[0m" : "";

	if (line->practice)
		printf("%s:%u: %spractice%s: %s -- %s%s%s\n", line->file, line->number, on, off, skip_blanks(line->text),
		       line->practice, line->practice_remedy ? "; " : "", line->practice_remedy ? line->practice_remedy : "");
	if ((line->practice && !is_problem(line) && !k->only_line) || (e->follows[at] && !k->only_line))
		return;
	printf("%s:%u: %s%s%s: %s", line->file, line->number, on, state_text(line), off, skip_blanks(line->text));
	if (line->reason)
		printf(" -- %s", line->reason);
	if (line->remedy)
		printf("; %s", line->remedy);
	if (!k->only_line)
		print_others(e, at);
	putchar('\n');
}

static void print_file(struct check *k, const struct config *c)
{
	struct entries e;

	printf("%s: %zu honoured, %zu without effect, %zu not supported, %zu errors", c->name,
	       config_count(c, CONFIG_HONOURED), config_count(c, CONFIG_NO_EFFECT),
	       config_count(c, CONFIG_NOT_SUPPORTED), config_count(c, CONFIG_ERROR));
	if (config_practice_count(c))
		printf(", %zu bad practice", config_practice_count(c));
	if (strcmp(c->language, "IOS"))
		printf(" (read as %s)", c->language);
	putchar('\n');
	entries_init(&e, c);
	for (size_t i = 0; i < c->line_count; i++) {
		if (is_shown(k, &c->lines[i]))
			print_line(k, &e, i);
	}
	entries_done(&e);
	if (k->only_line > c->line_count)
		printf("%s: there is no line %u, the last is %zu\n", c->name, k->only_line, c->line_count);
}

static json_t *line_json(const struct config_line *line)
{
	return json_pack("{s:i, s:s, s:b, s:s, s:s?, s:s?, s:s?, s:s?}", "line", (int)line->number, "state",
			 line->state == CONFIG_NOT_SUPPORTED ? "not supported" : state_text(line), "changes_traffic",
			 line->changes_traffic, "text", skip_blanks(line->text), "reason", line->reason, "remedy",
			 line->remedy, "practice", line->practice, "practice_remedy", line->practice_remedy);
}

static void add_file(struct check *k, const struct config *c)
{
	json_t *lines = json_array();

	for (size_t i = 0; i < c->line_count; i++) {
		if (is_shown(k, &c->lines[i]))
			json_array_append_new(lines, line_json(&c->lines[i]));
	}
	json_array_append_new(k->files, json_pack("{s:s, s:s, s:s?, s:I, s:I, s:I, s:I, s:I, s:o}", "file", c->name,
		"language", c->language, "hostname", c->hostname, "honoured", (json_int_t)config_count(c, CONFIG_HONOURED),
		"no_effect", (json_int_t)config_count(c, CONFIG_NO_EFFECT),
		"not_supported", (json_int_t)config_count(c, CONFIG_NOT_SUPPORTED),
		"errors", (json_int_t)config_count(c, CONFIG_ERROR),
		"blocking", (json_int_t)config_blocking_count(c), "lines", lines));
}

/* What only the crypto blocks together show. */
static void judge(struct config *c)
{
	struct ike_config *i = ike_config_new(c);

	ike_config_judge(i, c);
	ike_config_free(i);
}

static bool is_seen(struct check *k, const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return false; /* the reader says what is wrong with it */
	for (size_t i = 0; i < k->seen_count; i++) {
		if (k->seen[i].device != st.st_dev || k->seen[i].inode != st.st_ino)
			continue;
		fprintf(stderr, "dmvpn check: %s is the same file as %s, and counts once\n", path, k->seen[i].path);
		return true;
	}
	if ((k->seen_count & (k->seen_count - 1)) == 0)
		k->seen = alloc_array(k->seen, k->seen_count ? k->seen_count * 2 : 1, sizeof *k->seen);
	k->seen[k->seen_count++] = (struct seen){ st.st_dev, st.st_ino, alloc_text(path) };
	return false;
}

static void check_file(struct check *k, const char *path)
{
	char error[512] = "";
	struct config *c;

	if (is_seen(k, path))
		return;
	c = config_read_file(path, error, sizeof error);
	if (!c) {
		fprintf(stderr, "dmvpn check: %s\n", error);
		if (k->json)
			json_array_append_new(k->files, json_pack("{s:s, s:s}", "file", path, "unreadable", error));
		k->unreadable++;
		return;
	}
	judge(c);
	k->errors += config_blocking_count(c);
	k->advice += config_count(c, CONFIG_NOT_SUPPORTED) + config_count(c, CONFIG_ERROR) - config_blocking_count(c) +
		     config_practice_count(c);
	if (k->json)
		add_file(k, c);
	k->configs = alloc_array(k->configs, k->config_count + 1, sizeof(struct config *));
	k->configs[k->config_count++] = c;
}

/* All that could be read, as one network. NULL when only a line is asked for. */
static struct design *judge_together(struct check *k)
{
	struct design *d;

	if (k->only_line)
		return NULL;
	d = design_new((const struct config *const *)k->configs, k->config_count);
	design_judge(d);
	k->errors += design_count(d, DESIGN_BREAKS);
	k->advice += d->finding_count - design_count(d, DESIGN_BREAKS);
	return d;
}

static void print_all(struct check *k, const struct design *d)
{
	if (d)
		check_design_print(d, k->colour);
	for (size_t i = 0; i < k->config_count; i++)
		print_file(k, k->configs[i]);
}

static void dump_all(struct check *k, const struct design *d)
{
	json_t *all = json_pack("{s:i, s:O, s:I, s:I, s:o, s:o, s:o}", "schema", 1, "files", k->files, "blocking", (json_int_t)k->errors,
				"advice", (json_int_t)k->advice, "clouds", d ? check_design_clouds(d) : json_array(), "idle",
				d ? check_design_idle(d) : json_array(), "findings",
				d ? check_design_findings(d) : json_array());

	json_dumpf(all, stdout, JSON_INDENT(1));
	putchar('\n');
	json_decref(all);
}

static void check_folder(struct check *k, const char *path)
{
	struct config_folder f;
	char error[512];

	if (!config_folder_read(path, &f, error, sizeof error)) {
		fprintf(stderr, "dmvpn check: %s\n", error);
		k->unreadable++;
		return;
	}
	for (size_t i = 0; i < f.count; i++)
		check_file(k, f.paths[i]);
	config_folder_done(&f);
}

static int usage(FILE *out)
{
	fputs("usage: dmvpn check [--json] [--strict] [--explain LINE] DIR|FILE...\n"
	      "Says which tunnels the routers have together, what is wrong between them (breaks,\n"
	      "degrades, practice, advice: with the reason, the remedy and the lines on each side),\n"
	      "and what became of the lines: honoured, without effect, not supported, or wrong.\n"
	      "DIR stands for the configurations in it (*.cfg, *.conf, *.boot; *.txt and names without a\n"
	      "suffix where interfaces are in them), in IOS's language, VyOS's, FRR's or OpenNHRP's.\n"
	      "  --json          one JSON object\n"
	      "  --strict        advice counts as an error, and so do lines that are not supported\n"
	      "  --explain LINE  say what became of this line, whatever it is\n"
	      "Exit code: 0 clean or advice only, 1 errors or what breaks, 2 usage or unreadable.\n", out);
	return out == stdout ? EXIT_CLEAN : EXIT_UNREADABLE;
}

/* A line's number, or 0. */
static unsigned line_number(const char *text)
{
	char *end;
	const unsigned long n = *text >= '0' && *text <= '9' ? strtoul(text, &end, 10) : 0;

	return n > 0 && n <= CONFIG_FILE_MAX && *end == '\0' ? (unsigned)n : 0;
}

static bool take_line(struct check *k, const char *text)
{
	k->only_line = line_number(text);
	if (!k->only_line)
		fprintf(stderr, "dmvpn check: --explain %s: this is no number of a line, which begin with 1\n", text);
	return k->only_line != 0;
}

/* Takes the options; answers the index of the first path, or -1. */
static int take_options(struct check *k, int argc, char **argv)
{
	int i;

	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (!strcmp(argv[i], "--json"))
			k->json = true;
		else if (!strcmp(argv[i], "--strict"))
			k->strict = true;
		else if (strcmp(argv[i], "--explain") || i + 1 == argc || !take_line(k, argv[++i]))
			return -1;
	}
	return i < argc ? i : -1;
}

static int result(const struct check *k)
{
	if (k->unreadable)
		return EXIT_UNREADABLE;
	return k->errors || (k->strict && k->advice) ? EXIT_FOUND : EXIT_CLEAN;
}

int cmd_check(int argc, char **argv)
{
	struct check k = { .colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR") };
	struct design *d;
	int first;

	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")))
		return usage(stdout);
	first = take_options(&k, argc, argv);
	if (first < 0)
		return usage(stderr);
	k.files = json_array();
	for (int i = first; i < argc; i++) {
		struct stat st;

		if (stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode))
			check_folder(&k, argv[i]);
		else
			check_file(&k, argv[i]);
	}
	d = judge_together(&k);
	if (k.json)
		dump_all(&k, d);
	else
		print_all(&k, d);
	design_free(d);
	for (size_t i = 0; i < k.config_count; i++)
		config_free(k.configs[i]);
	free(k.configs);
	for (size_t i = 0; i < k.seen_count; i++)
		free(k.seen[i].path);
	free(k.seen);
	json_decref(k.files);
	return result(&k);
}
