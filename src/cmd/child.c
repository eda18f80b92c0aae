#include "cmd/child.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "keeper/keeper_msg.h"

int child_begin(int argc, char **argv, int arguments, const char *program, const char *purpose)
{
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		printf("%s %s\n", program, DMVPN_VERSION);
		return 0;
	}
	if (argc != 1 + arguments || fcntl(KEEPER_FD, F_GETFD) < 0) {
		const int is_help = argc == 2 && strcmp(argv[1], "--help") == 0;

		fprintf(is_help ? stdout : stderr, "%s %s for dmvpnd, which starts it.\n", program, purpose);
		return is_help ? 0 : 2;
	}
	fcntl(KEEPER_FD, F_SETFD, FD_CLOEXEC);
	signal(SIGPIPE, SIG_IGN);
	/* The keeper stops us; a Ctrl-C at its terminal is not for us. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	return -1;
}
