/* dmvpn-fwd: started by dmvpnd, never by hand. */
#include <stdio.h>
#include <string.h>

#include "base/privilege.h"
#include "cmd/child.h"
#include "forward/fwd_main.h"
#include "keeper/keeper_msg.h"

int main(int argc, char **argv)
{
	const int ended = child_begin(argc, argv, 0, "dmvpn-fwd", "forwards packets");
	int error;

	if (ended >= 0)
		return ended;
	error = privilege_drop(0);
	if (error) {
		fprintf(stderr, "dmvpn-fwd: cannot give up privileges: %s\n", strerror(-error));
		return 2;
	}
	return forward_run(KEEPER_FD);
}
