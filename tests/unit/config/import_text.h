/* What the tests of src/config/import* share: files of other languages beside the same router in IOS's. */
#ifndef TESTS_CONFIG_IMPORT_TEXT_H
#define TESTS_CONFIG_IMPORT_TEXT_H

#include "text.h"

struct verdict { unsigned line; enum config_state state; const char *reason; };

static inline struct config *read_form(const char *folder, const char *name)
{
	char path[600], error[300] = "";
	struct config *c;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	c = config_read_file(path, error, sizeof error);
	if (!c)
		fail_msg("%s", error);
	return c;
}

/* A line that says nothing: a comment, or what ends something. */
static inline bool is_mute(const char *text)
{
	text += strspn(text, " \t");
	return !*text || *text == '}' || ((*text == '!' || *text == '#' || *text == '/') && !strstr(text, "dmvpn:"));
}

/* Every line has a verdict, a reason when it is not honoured, and is known. No secret is shown. */
static inline void assert_accounted(const struct config *c)
{
	for (size_t i = 0; i < c->line_count; i++) {
		const struct config_line *line = &c->lines[i];

		assert_int_equal(line->number, i + 1);
		if ((line->state == CONFIG_BLANK) != is_mute(line->text))
			fail_msg("%s:%u \"%s\" has the wrong kind of verdict, %d", c->name, line->number, line->text, (int)line->state);
		if (line->state > CONFIG_HONOURED && !line->reason)
			fail_msg("%s:%u \"%s\" says no reason", c->name, line->number, line->text);
		if (line->state == CONFIG_ERROR || (line->reason && strstr(line->reason, "unknown")))
			fail_msg("%s:%u \"%s\": %s", c->name, line->number, line->text, line->reason);
		assert_null(strstr(line->text, "hidden"));
		assert_true(!line->reason || !strstr(line->reason, "hidden"));
	}
}

/* Lines without effect or not supported are exactly these. */
static inline void assert_verdicts(const struct config *c, const struct verdict *v)
{
	for (size_t i = 0; i < c->line_count; i++) {
		const struct config_line *line = &c->lines[i];

		if (v->line == line->number) {
			assert_line(c, v->line, v->state, v->reason);
			v++;
		} else if (line->state != CONFIG_BLANK && line->state != CONFIG_HONOURED) {
			fail_msg("%s:%u \"%s\": %s", c->name, line->number, line->text, line->reason);
		}
	}
	assert_int_equal(v->line, 0);
}

/* The model is that of the IOS text. */
static inline void assert_model(const struct config *c, const char *ios)
{
	struct config *other = read_text(ios);
	char *got = config_print(c), *wanted = config_print(other);

	assert_int_equal(config_count(other, CONFIG_ERROR), 0);
	assert_string_equal(other->language, "IOS");
	assert_string_equal(got, wanted);
	free(got);
	free(wanted);
	config_free(other);
}

#endif
