/* What the tests of src/config share. */
#ifndef TESTS_CONFIG_TEXT_H
#define TESTS_CONFIG_TEXT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "config/config.h"

static inline struct config *read_text(const char *text)
{
	char error[200] = "";
	struct config *c = config_read_text("test.cfg", text, strlen(text), error, sizeof error);

	if (!c)
		fail_msg("%s", error);
	return c;
}

static inline void assert_addr(const struct ipaddr *a, const char *text)
{
	char got[IPADDR_TEXT_MAX];

	assert_string_equal(ipaddr_format(a, got), text);
}

static inline void assert_line(const struct config *c, unsigned number, enum config_state state, const char *reason)
{
	const struct config_line *line = &c->lines[number - 1];

	if (line->state != state)
		fail_msg("line %u \"%s\" is %d, not %d (%s)", number, line->text, (int)line->state, (int)state,
			 line->reason ? line->reason : "");
	if (reason && (!line->reason || !strstr(line->reason, reason)))
		fail_msg("line %u: \"%s\" does not say \"%s\"", number, line->reason ? line->reason : "", reason);
}

#endif
