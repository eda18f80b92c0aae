/* dmvpn-fwd: started by dmvpnd, never by hand. */
#include <stdio.h>
#include <string.h>

#include "base/privilege.h"
#include "cmd/child.h"
#include "forward/fwd_main.h"
#include "keeper/keeper_msg.h"

/*
 * Every packet, probe and BFD session waits for this program, and all else on a busy router can wait for it:
 * beside some dozens of others, at their nice value, it runs too rarely for BFD of 50 ms x 3.
 */
enum { FORWARDER_NICE = -10 };

int main(int argc, char **argv)
{
	const int ended = child_begin(argc, argv, 0, "dmvpn-fwd", "forwards packets");
	int error;

	if (ended >= 0)
		return ended;
	error = privilege_hurry(FORWARDER_NICE);
	if (error)
		fprintf(stderr, "dmvpn-fwd: no nice value of %d: %s; a busy machine may delay packets\n", FORWARDER_NICE, strerror(-error));
	error = privilege_drop(0);
	if (error) {
		fprintf(stderr, "dmvpn-fwd: cannot give up privileges: %s\n", strerror(-error));
		return 2;
	}
	return forward_run(KEEPER_FD);
}
