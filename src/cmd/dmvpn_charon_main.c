/* dmvpn-charon: started by dmvpnd, never by hand: dmvpn-charon RUN-DIR CHARON. */
#include <sys/prctl.h>

#include "cmd/child.h"
#include "ike/launcher.h"
#include "keeper/keeper_msg.h"

int main(int argc, char **argv)
{
	const int ended = child_begin(argc, argv, 2, "dmvpn-charon", "runs strongSwan's charon");

	if (ended >= 0)
		return ended;
	prctl(PR_SET_DUMPABLE, 0);
	return launcher_run(&(struct launcher_options){ .keeper_fd = KEEPER_FD, .run_dir = argv[1],
							.charon_path = argv[2] });
}
