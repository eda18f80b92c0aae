/*
 * ask: what the subcommands that talk to a running daemon share: which daemon, and the
 * printing of its answer.
 */
#ifndef DMVPN_CMD_ASK_H
#define DMVPN_CMD_ASK_H

#include <stdbool.h>

struct ask_options {
	const char *socket; /* --socket PATH, or NULL */
	const char *router; /* --router NAME of a running lab, or NULL */
	bool json;          /* --json */
};

/*
 * Takes the options above out of argv (the program's own name stays at argv[0]) and leaves
 * the rest in order. Answers the new argc, or -1 after having said what is wrong.
 */
int ask_take_options(int argc, char **argv, struct ask_options *o);

/* Sends the request, prints the reply to stdout or the error to stderr; the exit code. */
int ask_daemon(const char *command, const struct ask_options *o, const char *request);

#endif
