/*
 * tool: runs a program of the system with text on its standard input (nft, iptables-restore).
 */
#ifndef DMVPN_KERNEL_TOOL_H
#define DMVPN_KERNEL_TOOL_H

#include <stddef.h>

/*
 * argv[0] is looked for in /usr/sbin, then in PATH. Waits for the end. 0; -EINVAL when it
 * exited otherwise, with the first line it wrote in error[]; another -errno when it could
 * not be run.
 */
int tool_run(char *const argv[], const char *input, char *error, size_t error_size);

#endif
