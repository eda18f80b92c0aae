/* Reads any bytes as a configuration; what was understood must print to text that reads
 * and prints the same, and must render without harm. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "config/render_frr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct config *read_printed(const char *text)
{
	char error[256];

	return config_read_printed("fuzz.cfg", text, strlen(text), error, sizeof error);
}

static void render(const struct config *c)
{
	const struct frr_options options = { .stock = false };
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	if (out) {
		config_render_frr(c, &options, out);
		fclose(out);
	}
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char error[256], *once, *twice;
	struct config *first = config_read_text("fuzz.cfg", (const char *)data, size, error, sizeof error), *second;

	if (!first)
		return 0;
	if (config_blocking_count(first) > first->line_count)
		abort();
	once = config_print(first);
	second = read_printed(once);
	twice = config_print(second);
	if (strcmp(once, twice)) {
		fprintf(stderr, "--- printed once\n%s--- printed twice\n%s", once, twice);
		abort();
	}
	render(first);
	free(once);
	free(twice);
	config_free(first);
	config_free(second);
	return 0;
}
