/* dmvpn-charon: started by dmvpnd, never by hand: dmvpn-charon RUN-DIR CHARON. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "ike/launcher.h"
#include "keeper/keeper_msg.h"

#ifndef DMVPN_VERSION
#define DMVPN_VERSION "unknown"
#endif

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		printf("dmvpn-charon %s\n", DMVPN_VERSION);
		return 0;
	}
	if (argc != 3 || fcntl(KEEPER_FD, F_GETFD) < 0) {
		const int is_help = argc == 2 && strcmp(argv[1], "--help") == 0;

		fprintf(is_help ? stdout : stderr, "dmvpn-charon runs strongSwan's charon for dmvpnd, which starts it.\n");
		return is_help ? 0 : 2;
	}
	fcntl(KEEPER_FD, F_SETFD, FD_CLOEXEC);
	signal(SIGPIPE, SIG_IGN);
	/* The keeper stops us; a Ctrl-C at its terminal is not for us. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	prctl(PR_SET_DUMPABLE, 0);
	return launcher_run(&(struct launcher_options){ .keeper_fd = KEEPER_FD, .run_dir = argv[1],
							.charon_path = argv[2] });
}
