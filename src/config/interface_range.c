/*
 * interface_range: `interface range Gi0/1 - 4 , Vlan10`. The interfaces are entered all at once: what follows is taken into each,
 * and printed at each by itself.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/reading.h"

enum { RANGE_MAX = 512 };

/* "GigabitEthernet0/2": the number at its end, and where it begins; NULL: there is none. */
static const char *last_number(const char *ios, unsigned long *number)
{
	const char *at = ios + strlen(ios);

	while (at > ios && isdigit((unsigned char)at[-1]))
		at--;
	*number = strtoul(at, NULL, 10);
	return *at ? at : NULL;
}

/* From this interface to that number; answers how many, 0 with a verdict when they are no range. */
static size_t add_from_to(struct reading *r, const char *name, const char *to)
{
	char kernel[16], *ios = NULL, one[80], *end = NULL;
	unsigned long first = 0, last;
	const char *number = NULL;

	if (config_ifname(name, &ios, kernel))
		number = last_number(ios, &first);
	last = *to ? strtoul(to, &end, 10) : first;
	if (!number || (end && *end) || last < first) {
		reading_error(r, "write interface range NAME0/FIRST - LAST , NAME1/FIRST - LAST", "\"%s%s%s\" is no range of interfaces", name, *to ? " - " : "", to);
	} else if (last - first >= RANGE_MAX || r->range_count + (last - first) >= RANGE_MAX) {
		reading_error(r, "write several shorter ranges", "the range has more than %d interfaces", RANGE_MAX);
	} else {
		for (unsigned long n = first; n <= last; n++) {
			snprintf(one, sizeof one, "%.*s%lu", (int)(number - ios), ios, n);
			r->range[r->range_count++] = reading_interface_named(r, one);
		}
	}
	free(ios);
	return r->state == CONFIG_ERROR ? 0 : last - first + 1;
}

/* One of the parts between commas: "Gi 0/1 - 4", "gi0/1-4", "Vlan10". */
static bool add_part(struct reading *r, char *part)
{
	char *dash = NULL, *out = part;

	for (char *p = part; *p; p++) {
		if (!isspace((unsigned char)*p))
			*out++ = *p;
	}
	*out = 0;
	/* "Port-channel1-4": the dash behind a digit. */
	for (char *p = part + 1; *part && *p; p++) {
		if (*p == '-' && isdigit((unsigned char)p[-1]))
			dash = p;
	}
	if (dash)
		*dash = 0;
	return add_from_to(r, part, dash ? dash + 1 : "") > 0;
}

static bool is_of_one_kind(const struct reading *r)
{
	for (size_t i = 1; i < r->range_count; i++) {
		if (r->c->interfaces[r->range[i]].is_tunnel != r->c->interfaces[r->range[0]].is_tunnel)
			return false;
	}
	return true;
}

void reading_open_range(struct reading *r, const struct match *m)
{
	char *list = m->sign == SIGN_SET && match_arg(m, 0) ? reading_keep(r, match_arg(m, 0)->text) : NULL, *rest = list, *part;
	bool good = list != NULL;

	if (!list)
		reading_error(r, "take the interfaces away one by one", "a range that is taken away again");
	free(r->range);
	r->range_count = 0;
	r->range = calloc(RANGE_MAX, sizeof *r->range);
	r->out_of_memory |= !r->range;
	while (good && r->range && (part = strsep(&rest, ",")))
		good = add_part(r, part);
	free(list);
	if (good && !is_of_one_kind(r)) {
		reading_error(r, "write a range of tunnels and one of the others", "tunnels and other interfaces have different settings");
		good = false;
	}
	if (!good || !r->range_count || r->out_of_memory)
		r->range_count = 0;
	else
		reading_enter_range(r);
}
