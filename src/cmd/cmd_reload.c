/* dmvpn reload: the running daemon reads its file again and applies it whole, or refuses it whole. */
#include <stdio.h>
#include <string.h>

#include "cmd/ask.h"
#include "cmd/cmd.h"

int cmd_reload(int argc, char **argv)
{
	static const char usage[] =
		"usage: dmvpn reload [--socket PATH | --router NAME]\n"
		"\n"
		"Makes the running daemon read its file again: applied whole, or refused whole with the\n"
		"lines that are wrong.\n"
		"Exit code: 0 applied, 1 refused, 2 usage or no daemon.\n";
	struct ask_options o;

	argc = ask_take_options(argc, argv, &o);
	if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		fputs(usage, stdout);
		return 0;
	}
	if (argc != 1 || o.json) {
		if (argc >= 0)
			fputs(usage, stderr);
		return 2;
	}
	return ask_daemon("reload", &o, "reload");
}
