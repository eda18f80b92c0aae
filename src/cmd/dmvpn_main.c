/* dmvpn: the one tool around the daemon. Finds the subcommand and runs it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"

struct command {
	const char *name;
	int (*run)(int argc, char **argv); /* NULL: not in this version */
	const char *summary;
};

/* One line a command, in the order of the help text. */
static const struct command commands[] = {
	{ "check", cmd_check, "check configurations and the design they make" },
	{ "plan", cmd_plan, "plan a design, and write its routers' files" },
	{ "render", cmd_render, "print what FRR, strongSwan or nftables need" },
	{ "decode", cmd_decode, "print the NHRP messages of a capture" },
	{ "lab", cmd_lab, "run a design on this machine, break it, measure it" },
	{ "sim", cmd_sim, "simulate a design on a virtual clock" },
	{ "show", cmd_show, "look at a running daemon" },
	{ "explain", cmd_explain, "why is something not up, and what to do" },
	{ "reload", cmd_reload, "apply the changed configuration file" },
	{ "clear", cmd_clear, "drop dynamic NHRP entries" },
};

enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

static void print_help(FILE *out)
{
	fputs("usage: dmvpn COMMAND [ARGUMENTS]\n\n", out);
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		fprintf(out, "  %-8s %s%s\n", commands[i].name, commands[i].summary,
			commands[i].run ? "" : " (not in this version)");
	fputs("\ndmvpn COMMAND --help says more about each.\n", out);
}

/* What was said must have arrived: a full disk is not "0 errors". */
static int said(int exit_code)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return exit_code;
	fprintf(stderr, "dmvpn: cannot write the output: %s\n", strerror(errno));
	return 2;
}

static int run_command(const struct command *c, int argc, char **argv)
{
	if (c->run)
		return said(c->run(argc, argv));
	fprintf(stderr, "dmvpn %s: not in this version\n", c->name);
	return 2;
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		print_help(stderr);
		return 2;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		print_help(stdout);
		return 0;
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("dmvpn " DMVPN_VERSION);
		return 0;
	}
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (strcmp(argv[1], commands[i].name) == 0)
			return run_command(&commands[i], argc - 1, argv + 1);
	}
	fprintf(stderr, "dmvpn: no command \"%s\"; see dmvpn --help\n", argv[1]);
	return 2;
}
