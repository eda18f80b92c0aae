#include "lab/eigrp.h"

#include <string.h>

static bool has_eigrp(const struct config *c)
{
	struct eigrp_process p = { 0 };

	return eigrp_next(c, &p);
}

static const struct config_block *bgp_of(const struct config *c)
{
	for (size_t i = 0; i < c->block_count; i++)
		if (!strncmp(c->blocks[i].head, "router bgp ", 11))
			return &c->blocks[i];
	return NULL;
}

int lab_eigrp_choose(struct lab *lab, char *error, size_t size)
{
	const struct config_block *taken = NULL;
	bool wanted = strcmp(lab->eigrp, "bgp") == 0;

	if (!wanted && strcmp(lab->eigrp, "auto") != 0 && strcmp(lab->eigrp, "eigrpd") != 0) {
		snprintf(error, size, "--eigrp %.40s: write auto, eigrpd or bgp", lab->eigrp);
		return 2;
	}
	for (size_t i = 0; i < lab->config_count; i++) {
		const struct config *c = lab->configs[i];

		wanted |= strcmp(lab->eigrp, "auto") == 0 && eigrp_wants_bgp(c);
		taken = has_eigrp(c) && bgp_of(c) ? bgp_of(c) : taken;
	}
	if (taken && strcmp(lab->eigrp, "bgp") == 0) {
		snprintf(error, size, "%s:%u: this router speaks BGP itself, which cannot carry its EIGRP, too; use --eigrp eigrpd",
			 taken->file, taken->line);
		return 2;
	}
	lab->eigrp_bgp = wanted && !taken;
	return 0;
}

bool lab_eigrp_by_bgp(const struct lab *lab, size_t router)
{
	return lab->eigrp_bgp && has_eigrp(lab->configs[router]);
}

int lab_eigrp_neighbours(const struct lab *lab, size_t router, struct eigrp_neighbours *out)
{
	return eigrp_neighbours_find(lab->config_count, (const struct config *const *)lab->configs, router, out);
}

void lab_eigrp_report(const struct lab *lab, FILE *out)
{
	for (size_t i = 0, said = 0; i < lab->config_count; i++) {
		struct eigrp_neighbours n;

		if (!lab_eigrp_by_bgp(lab, i) || lab_eigrp_neighbours(lab, i, &n) < 0)
			continue;
		if (!said++)
			fputs("\n  EIGRP is carried by BGP here, since FRR's eigrpd does not do all that the files ask. That is a lab's\n"
			      "  licence: beside a Cisco router's EIGRP it is impossible. In place of each line:\n", out);
		fprintf(out, "  %s\n", lab->plan->routers[i].name);
		eigrp_mapping_write(lab->configs[i], &n, "    ", out);
		eigrp_neighbours_done(&n);
	}
}
