/* dmvpn explain: why something is not up, what was seen, and what to do about it. */
#include <stdio.h>
#include <string.h>

#include "cmd/ask.h"
#include "cmd/cmd.h"

int cmd_explain(int argc, char **argv)
{
	static const char usage[] =
		"usage: dmvpn explain [--socket PATH | --router NAME] [--json] [PEER]\n"
		"\n"
		"For every tunnel, NHS and peer that is not up: the cause, what was seen and when, and what\n"
		"to do about it; also who was refused here. \"everything is up\" when nothing is wrong.\n"
		"\n"
		"  PEER  only what concerns this tunnel address or address outside\n"
		"\n"
		"Without --socket and --router: the daemon of /run/dmvpn.\n"
		"Exit code: 0, or 2 for usage or when no daemon answers.\n";
	struct ask_options o;
	char request[128];

	argc = ask_take_options(argc, argv, &o);
	if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		fputs(usage, stdout);
		return 0;
	}
	if (argc < 1 || argc > 2 || (argc == 2 && (argv[1][0] == '-' || strlen(argv[1]) > 64))) {
		if (argc >= 0)
			fputs(usage, stderr);
		return 2;
	}
	snprintf(request, sizeof request, "explain%s%s%s", o.json ? " json" : "", argc == 2 ? " " : "",
		 argc == 2 ? argv[1] : "");
	return ask_daemon("explain", &o, request) == 0 ? 0 : 2;
}
