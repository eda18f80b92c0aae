/* Trustpoints: PKI by files that stand beside the configuration. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "ike/ike_resolve.h"

/* Beside the configuration file. Whole paths, since charon has another working directory. */
static char *file_path(const struct config *c, const char *name)
{
	const char *slash = c->name ? strrchr(c->name, '/') : NULL;
	const bool whole = c->name && *c->name == '/';
	char *here = whole ? NULL : getcwd(NULL, 0), *path = NULL;

	if (!name || *name == '/') {
		free(here);
		return alloc_text(name);
	}
	if (asprintf(&path, "%s%s%.*s/%s", here ? here : "", here && slash ? "/" : "", slash ? (int)(slash - c->name) : 0,
		     slash ? c->name : "", name) < 0)
		path = alloc_text(name);
	free(here);
	return path;
}

/* `revocation-check crl` insists; with `none` at the end it does not, and without a line ours do
 * not: IOS would ask for a list that a file-based trustpoint has nowhere from. */
static bool insists_on_revocation(const struct config_block *b)
{
	const char *words = ike_line(b, "revocation-check", NULL);

	return words && !strstr(words, "none");
}

/*
 * A Cisco router keeps its key to itself, so that its file cannot hold all of it: where a trustpoint names no files they stand beside
 * the configuration, by the names that all have. One that the router has signed for itself is no proof of anything to others.
 */
static char *file_or(const struct resolving *r, const struct config_block *b, const char *words, const char *otherwise)
{
	const char *name = ike_line(b, words, NULL), *enrolled = ike_line(b, "enrollment", NULL);
	const bool named = ike_line(b, "ca-file", NULL) || ike_line(b, "certificate-file", NULL) || ike_line(b, "key-file", NULL);

	if (!named && (!enrolled || !ike_after(enrolled, "selfsigned")))
		name = otherwise;
	return file_path(r->c, name);
}

static void add_trustpoint(struct resolving *r, const struct config_block *b, const char *name)
{
	struct ike_config *i = r->out;

	i->trustpoints = alloc_array(i->trustpoints, i->trustpoint_count + 1, sizeof *i->trustpoints);
	i->trustpoints[i->trustpoint_count++] = (struct ike_trustpoint){
		.name = alloc_text(name),
		.line = b->line,
		.ca_file = file_or(r, b, "ca-file", "ca.crt"),
		.certificate_file = file_or(r, b, "certificate-file", "router.crt"),
		.key_file = file_or(r, b, "key-file", "router.key"),
		.check_revocation = insists_on_revocation(b),
	};
}

void ike_trustpoints(struct resolving *r)
{
	for (size_t i = 0; i < r->c->block_count; i++) {
		const struct config_block *b = &r->c->blocks[i];
		const char *name = ike_after(b->head, "crypto pki trustpoint");

		if (!name)
			name = ike_after(b->head, "crypto ca trustpoint");
		if (name && *name)
			add_trustpoint(r, b, name);
	}
}

const struct ike_trustpoint *ike_trustpoint(const struct ike_config *i, const char *name)
{
	for (size_t k = 0; name && k < i->trustpoint_count; k++) {
		if (!strcmp(i->trustpoints[k].name, name))
			return &i->trustpoints[k];
	}
	return NULL;
}
