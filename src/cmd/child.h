/* child: how a program begins that only dmvpnd starts. */
#ifndef DMVPN_CMD_CHILD_H
#define DMVPN_CMD_CHILD_H

/*
 * Answers --version and --help, refuses to run without a keeper or with another number of arguments, and
 * leaves it to the keeper to stop us. -1: go on; else the exit code. purpose follows the program's name.
 */
int child_begin(int argc, char **argv, int arguments, const char *program, const char *purpose);

#endif
