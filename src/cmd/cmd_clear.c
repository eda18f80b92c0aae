/* dmvpn clear: drops dynamic NHRP entries, all or of one tunnel or one address. */
#include <stdio.h>
#include <string.h>

#include "cmd/ask.h"
#include "cmd/cmd.h"

int cmd_clear(int argc, char **argv)
{
	static const char usage[] =
		"usage: dmvpn clear [--socket PATH | --router NAME] nhrp [TunnelN [ADDRESS]]\n"
		"\n"
		"Drops dynamic NHRP entries: all, those of one tunnel, or one. Static ones stay.\n"
		"Exit code: 0 done, 1 refused, 2 usage or no daemon.\n";
	struct ask_options o;
	char request[128] = "clear";

	argc = ask_take_options(argc, argv, &o);
	if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		fputs(usage, stdout);
		return 0;
	}
	if (argc < 2 || argc > 4 || o.json || strcmp(argv[1], "nhrp") != 0) {
		if (argc >= 0)
			fputs(usage, stderr);
		return 2;
	}
	for (int i = 1; i < argc; i++) {
		size_t used = strlen(request);

		if ((size_t)snprintf(request + used, sizeof request - used, " %s", argv[i]) >= sizeof request - used) {
			fputs("dmvpn clear: argument too long\n", stderr);
			return 2;
		}
	}
	return ask_daemon("clear", &o, request);
}
