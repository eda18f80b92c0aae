/* forms.txt: every form is known, becomes what is said there, is in the model and printed again. */
#include "config/grammar.h"
#include "text.h"

static const char *path;

struct context {
	char text[400]; /* the lines that lead to where the form stands */
	bool closed;    /* a form has stood below them */
};

static enum config_state wanted(char letter)
{
	switch (letter | 0x20) {
	case 'h': return CONFIG_HONOURED;
	case 'n': return CONFIG_NO_EFFECT;
	default:  return CONFIG_NOT_SUPPORTED;
	}
}

static char *printed(const char *text)
{
	struct config *c = *text ? read_text(text) : NULL;
	char *out = c ? config_print(c) : strdup("!\nend\n");

	config_free(c);
	return out;
}

static void assert_printed_again(const char *context, const char *text, bool in_model)
{
	char *without = printed(context), *with = printed(text), *twice = printed(with);

	if (strcmp(with, twice))
		fail_msg("%s is printed as\n%s\nand then as\n%s", text, with, twice);
	if (!strcmp(without, with) == in_model)
		fail_msg("%s: the model is %s without the last line", text, in_model ? "the same" : "another");
	free(without);
	free(with);
	free(twice);
}

/* A line of the global mode that another mode takes for its own would be lost where nothing is indented. These
 * are in both on a router, too. */
static void check_global_form(const char *form)
{
	static const char *const both[] = { "ip vrf ", "hostname " };
	const bool is_no = !strncmp(form, "no ", 3);
	struct match_failure failure;
	struct token tokens[32];
	size_t count = 0;
	struct match m;

	for (const char *p = form + (is_no ? 3 : 0); *(p += strspn(p, " ")) && count < 32; p += tokens[count++].length)
		tokens[count] = (struct token){ p, strcspn(p, " ") };
	for (size_t i = 0; i < sizeof both / sizeof both[0]; i++) {
		if (!strncmp(form, both[i], strlen(both[i])))
			return;
	}
	for (enum config_mode mode = MODE_GLOBAL + 1; mode < MODE_COUNT; mode++) {
		if (grammar_match(mode, is_no ? SIGN_NO : SIGN_SET, tokens, count, &m, &failure) == MATCH_OK)
			fail_msg("%s is also \"%s\" of mode %d", form, m.row->pattern, (int)mode);
	}
}

static void check_form(const struct context *context, char letter, const char *form)
{
	const struct config_line *line;
	char text[700];
	struct config *c;

	snprintf(text, sizeof text, "%s%s\n", context->text, form);
	c = read_text(text);
	line = &c->lines[c->line_count - 1];
	if (line->reason && !strncmp(line->reason, "unknown", 7))
		fail_msg("%s %s", text, line->reason);
	assert_line(c, (unsigned)c->line_count, wanted(letter), NULL);
	if (line->changes_traffic != ((letter | 0x20) == 't'))
		fail_msg("%s: traffic is %s", text, line->changes_traffic ? "changed" : "not changed");
	assert_true(line->state == CONFIG_HONOURED || line->reason);
	config_free(c);
	assert_printed_again(context->text, text, letter & 0x20);
	if (!*context->text)
		check_global_form(form);
}

/* "> line" begins or continues a context; ">" alone is the global mode. */
static void take_context(struct context *context, const char *line)
{
	const size_t used = context->closed ? 0 : strlen(context->text);

	context->closed = false;
	context->text[used] = 0;
	if (line[1] == ' ')
		snprintf(context->text + used, sizeof context->text - used, "%s\n", line + 2);
}

static void every_form(void **state)
{
	FILE *in = fopen(path, "r");
	struct context context = { .closed = true };
	char line[300];
	size_t count = 0;

	(void)state;
	assert_non_null(in);
	while (fgets(line, sizeof line, in)) {
		line[strcspn(line, "\n")] = 0;
		if (!*line || *line == '#')
			continue;
		if (*line == '>') {
			take_context(&context, line);
			continue;
		}
		context.closed = true;
		check_form(&context, line[0], line + 2);
		count++;
	}
	fclose(in);
	assert_true(count > 1900);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(every_form) };

	path = argc > 1 ? argv[1] : "forms.txt";
	return cmocka_run_group_tests(tests, NULL, NULL);
}
