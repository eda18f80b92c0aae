/* What `bfd interval …` or `bfd template …` of a tunnel interface asks of the sessions that NHRP watches its peers by. */
#include <stdio.h>
#include <string.h>

#include "config/config.h"
#include "config/reading.h"

static void from_template_line(const char *text, struct config_bfd *out)
{
	unsigned tx, rx, multiplier;

	if (sscanf(text, "interval min-tx %u min-rx %u multiplier %u", &tx, &rx, &multiplier) == 3)
		*out = (struct config_bfd){ (uint16_t)tx, (uint16_t)rx, (uint8_t)multiplier };
	else if (sscanf(text, "interval both %u multiplier %u", &tx, &multiplier) == 2)
		*out = (struct config_bfd){ (uint16_t)tx, (uint16_t)tx, (uint8_t)multiplier };
}

static void from_template(const struct config *c, const char *name, struct config_bfd *out)
{
	static const char head[] = "bfd-template single-hop ";

	for (size_t i = 0; i < c->block_count; i++) {
		const struct config_block *b = &c->blocks[i];

		if (strncmp(b->head, head, sizeof head - 1) != 0 || strcmp(b->head + sizeof head - 1, name) != 0)
			continue;
		for (size_t l = 0; l < b->line_count; l++)
			from_template_line(b->lines[l].text, out);
	}
}

void reading_finish_bfd(const struct config *c, const struct config_interface *i, struct config_bfd *out)
{
	unsigned tx, rx, multiplier;

	*out = (struct config_bfd){ 0 };
	for (size_t k = 0; k < i->extra_count; k++) {
		if (sscanf(i->extras[k], "bfd interval %u min_rx %u multiplier %u", &tx, &rx, &multiplier) == 3)
			*out = (struct config_bfd){ (uint16_t)tx, (uint16_t)rx, (uint8_t)multiplier };
		else if (strncmp(i->extras[k], "bfd template ", 13) == 0)
			from_template(c, i->extras[k] + 13, out);
	}
}
