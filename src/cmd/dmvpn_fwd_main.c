/* dmvpn-fwd: started by dmvpnd, never by hand. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/privilege.h"
#include "forward/fwd_main.h"
#include "keeper/keeper_msg.h"

#ifndef DMVPN_VERSION
#define DMVPN_VERSION "unknown"
#endif

int main(int argc, char **argv)
{
	int error;

	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		printf("dmvpn-fwd %s\n", DMVPN_VERSION);
		return 0;
	}
	if (argc > 1 || fcntl(KEEPER_FD, F_GETFD) < 0) {
		const int is_help = argc == 2 && strcmp(argv[1], "--help") == 0;

		fprintf(is_help ? stdout : stderr, "dmvpn-fwd forwards packets for dmvpnd, which starts it.\n");
		return is_help ? 0 : 2;
	}
	fcntl(KEEPER_FD, F_SETFD, FD_CLOEXEC);
	signal(SIGPIPE, SIG_IGN);
	/* The keeper stops us; a Ctrl-C at its terminal is not for us. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	error = privilege_drop(0);
	if (error) {
		fprintf(stderr, "dmvpn-fwd: cannot give up privileges: %s\n", strerror(-error));
		return 2;
	}
	return forward_run(KEEPER_FD);
}
