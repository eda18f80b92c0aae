#include "cmd/ask.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/client.h"

#define DEFAULT_SOCKET "/run/dmvpn/control.sock"

enum { ANSWER_TIMEOUT_MS = 10000, PATH_BYTES = 512 };

int ask_take_options(int argc, char **argv, struct ask_options *o)
{
	int kept = 1;

	*o = (struct ask_options){ 0 };
	for (int i = 1; i < argc; i++) {
		const char **value = strcmp(argv[i], "--socket") == 0 ? &o->socket :
				     strcmp(argv[i], "--router") == 0 ? &o->router : NULL;

		if (strcmp(argv[i], "--json") == 0) {
			o->json = true;
		} else if (!value) {
			argv[kept++] = argv[i];
		} else if (i + 1 < argc) {
			*value = argv[++i];
		} else {
			fprintf(stderr, "dmvpn %s: %s needs a value\n", argv[0], argv[i]);
			return -1;
		}
	}
	argv[kept] = NULL;
	if (o->socket && o->router) {
		fprintf(stderr, "dmvpn %s: --socket and --router exclude each other\n", argv[0]);
		return -1;
	}
	return kept;
}

/* The control socket of a router in a running lab. Two labs may hold the same name. */
static int find_router(const char *command, const char *router, char path[PATH_BYTES])
{
	glob_t found;
	int rc = -1;

	if (strpbrk(router, "/*?[") || strlen(router) > 100) {
		fprintf(stderr, "dmvpn %s: \"%s\" is no router's name\n", command, router);
		return -1;
	}
	snprintf(path, PATH_BYTES, "/run/dmvpn/lab-*/%s/control.sock", router);
	if (glob(path, 0, NULL, &found) != 0) {
		fprintf(stderr, "dmvpn %s: no running lab has a router %s\n", command, router);
		return -1;
	}
	if (found.gl_pathc > 1)
		fprintf(stderr, "dmvpn %s: several labs have a router %s; use --socket %s\n", command,
			router, found.gl_pathv[0]);
	else
		rc = snprintf(path, PATH_BYTES, "%s", found.gl_pathv[0]) < PATH_BYTES ? 0 : -1;
	globfree(&found);
	return rc;
}

int ask_daemon(const char *command, const struct ask_options *o, const char *request)
{
	char path[PATH_BYTES];
	char *body = NULL;
	size_t length = 0;
	int rc;

	if (o->router) {
		if (find_router(command, o->router, path) < 0)
			return 2;
	} else {
		snprintf(path, sizeof path, "%s", o->socket ? o->socket : DEFAULT_SOCKET);
	}
	rc = control_request(path, request, ANSWER_TIMEOUT_MS, &body, &length);
	if (rc == 0)
		fwrite(body, 1, length, stdout);
	else
		fprintf(stderr, "dmvpn %s: %s\n", command, body ? body : "out of memory");
	free(body);
	return rc;
}
