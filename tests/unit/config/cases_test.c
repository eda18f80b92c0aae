/* Whole files: real configurations beside the project, and every form of the tunnel block. */
#include "text.h"

#include <glob.h>

static const char *forms, *cases;

static struct config *read_path(const char *path)
{
	char error[300] = "";
	struct config *c = config_read_file(path, error, sizeof error);

	if (!c)
		fail_msg("%s", error);
	return c;
}

/* Every line has a state; one that is not honoured says why; none is unknown. */
static void assert_accounted(const struct config *c)
{
	for (size_t i = 0; i < c->line_count; i++) {
		const struct config_line *line = &c->lines[i];

		assert_int_equal(line->number, i + 1);
		if (line->state > CONFIG_HONOURED && !line->reason)
			fail_msg("%s:%u says no reason", c->name, line->number);
		if (line->state == CONFIG_ERROR || (line->reason && strstr(line->reason, "unknown")))
			fail_msg("%s:%u %s: %s", c->name, line->number, line->text, line->reason);
	}
}

static void assert_fixed_point(const struct config *c)
{
	char *once = config_print(c), *twice;
	struct config *again = read_text(once);

	twice = config_print(again);
	assert_string_equal(once, twice);
	free(once);
	free(twice);
	config_free(again);
}

static void real_files_load(void **state)
{
	const char *from = getenv("DMVPN_SHARED");
	char pattern[600];
	glob_t found;

	(void)state;
	snprintf(pattern, sizeof pattern, "%s%s/*/*.cfg", from ? from : cases, from ? "/cases" : "");
	if (glob(pattern, 0, NULL, &found) != 0)
		skip();
	assert_true(found.gl_pathc >= 15);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		struct config *c = read_path(found.gl_pathv[i]);

		assert_accounted(c);
		assert_fixed_point(c);
		config_free(c);
	}
	globfree(&found);
}

/* Each form is known; those of the tunnel itself and of NHRP are honoured. */
static void every_tunnel_form(void **state)
{
	char path[600];
	struct config *c;

	(void)state;
	snprintf(path, sizeof path, "%s/tunnel.cfg", forms);
	c = read_path(path);
	for (size_t i = 0; i < c->line_count; i++) {
		const struct config_line *line = &c->lines[i];

		if (line->reason && strstr(line->reason, "unknown"))
			fail_msg("%u %s: %s", line->number, line->text, line->reason);
		if (strstr(line->text, "ip nhrp ") && !strstr(line->text, "group"))
			assert_line(c, line->number, CONFIG_HONOURED, NULL);
		if (line->state == CONFIG_ERROR && strncmp(line->text, "interface", 9))
			fail_msg("%u %s: %s", line->number, line->text, line->reason);
	}
	assert_fixed_point(c);
	config_free(c);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(real_files_load), cmocka_unit_test(every_tunnel_form) };

	forms = argc > 1 ? argv[1] : ".";
	cases = argc > 2 ? argv[2] : ".";
	return cmocka_run_group_tests(tests, NULL, NULL);
}
