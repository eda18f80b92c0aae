/*
 * dmvpnd: the daemon of one router. The first process becomes the keeper; the keeper starts
 * this program again with --control, which is the control process.
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "config/config.h"
#include "daemon/daemon.h"
#include "keeper/keeper.h"

static const char usage[] =
	"usage: dmvpnd -f FILE [--run-dir DIR] [--state-dir DIR] [--datapath auto|kernel|user]\n"
	"              [--no-ipsec] [--no-fall-over] [--plain] [--bfdd SOCKET]\n"
	"              [--ignore-unsupported] [--faults] [-n]\n"
	"\n"
	"  -f FILE               the router's configuration\n"
	"  --run-dir DIR         control socket, pid and lock files (default /run/dmvpn)\n"
	"  --state-dir DIR       numbers that must not be used twice (default /var/lib/dmvpn)\n"
	"  --datapath WHICH      overrides the file's own line\n"
	"  --no-ipsec            run tunnels with `tunnel protection` unprotected\n"
	"  --no-fall-over        tell the routing protocol nothing, as `no nhrp fall-over` on all tunnels\n"
	"  --plain               no fast detection and reaction, to compare with: no probes, no BFD of NHRP's,\n"
	"                        --no-fall-over, and what is for a dead server is not given to another\n"
	"  --bfdd SOCKET         FRR's bfdd runs with --dplaneaddr unix:SOCKET: run its sessions\n"
	"                        (default /run/frr/dmvpn.sock; none: leave bfdd alone)\n"
	"  --ignore-unsupported  run in spite of lines that are not supported\n"
	"  --faults              let the control socket ask for faults (drop-nhrp), for tests\n"
	"  -n                    check the file, say what would be done, change nothing\n"
	"  --help, --version\n";

enum {
	OPT_RUN_DIR = 256, OPT_STATE_DIR, OPT_DATAPATH, OPT_NO_IPSEC, OPT_NO_FALL_OVER, OPT_PLAIN, OPT_BFDD, OPT_IGNORE, OPT_FAULTS, OPT_HELP,
	OPT_VERSION,
};

static const struct option long_options[] = {
	{ "run-dir", required_argument, NULL, OPT_RUN_DIR },
	{ "state-dir", required_argument, NULL, OPT_STATE_DIR },
	{ "datapath", required_argument, NULL, OPT_DATAPATH },
	{ "no-ipsec", no_argument, NULL, OPT_NO_IPSEC },
	{ "no-fall-over", no_argument, NULL, OPT_NO_FALL_OVER },
	{ "plain", no_argument, NULL, OPT_PLAIN },
	{ "bfdd", required_argument, NULL, OPT_BFDD },
	{ "ignore-unsupported", no_argument, NULL, OPT_IGNORE },
	{ "faults", no_argument, NULL, OPT_FAULTS },
	{ "help", no_argument, NULL, OPT_HELP },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ NULL, 0, NULL, 0 },
};

static int take_datapath(struct keeper_options *o, const char *text)
{
	if (strcmp(text, "auto") == 0)
		o->datapath = DATAPATH_AUTO;
	else if (strcmp(text, "user") == 0)
		o->datapath = DATAPATH_USER;
	else if (strcmp(text, "kernel") == 0)
		o->datapath = DATAPATH_KERNEL;
	else
		return -1;
	return 0;
}

/* -1: go on; else the exit code. */
static int take_option(struct keeper_options *o, int option)
{
	switch (option) {
	case 'f': o->config_path = optarg; return -1;
	case 'n': o->check_only = true; return -1;
	case OPT_RUN_DIR: o->run_dir = optarg; return -1;
	case OPT_STATE_DIR: o->state_dir = optarg; return -1;
	case OPT_NO_IPSEC: o->no_ipsec = true; return -1;
	case OPT_BFDD: o->bfdd_path = strcmp(optarg, "none") == 0 ? NULL : optarg; return -1;
	case OPT_NO_FALL_OVER: o->no_fall_over = true; return -1;
	case OPT_PLAIN: o->plain = true; return -1;
	case OPT_IGNORE: o->ignore_unsupported = true; return -1;
	case OPT_FAULTS: o->faults = true; return -1;
	case OPT_DATAPATH:
		if (take_datapath(o, optarg) == 0)
			return -1;
		fprintf(stderr, "dmvpnd: --datapath is auto, kernel or user, not \"%s\"\n", optarg);
		return 2;
	case OPT_HELP: fputs(usage, stdout); return 0;
	case OPT_VERSION: puts("dmvpnd " DMVPN_VERSION); return 0;
	default: fputs(usage, stderr); return 2;
	}
}

/* Symbolic links stay: the files that a configuration names lie beside the name it was called by. */
static int make_absolute(const char *path, char out[PATH_MAX])
{
	char here[PATH_MAX] = "";
	int n;

	if (access(path, F_OK) < 0 || (path[0] != '/' && !getcwd(here, sizeof here))) {
		fprintf(stderr, "dmvpnd: %s: %s\n", path, strerror(errno));
		return 2;
	}
	n = snprintf(out, PATH_MAX, "%s%s%s", here, here[0] ? "/" : "", path);
	if (n < PATH_MAX)
		return 0;
	fprintf(stderr, "dmvpnd: %s: the path is too long\n", path);
	return 2;
}

int main(int argc, char **argv)
{
	struct keeper_options o = { .run_dir = "/run/dmvpn", .state_dir = "/var/lib/dmvpn",
				    .bfdd_path = "/run/frr/dmvpn.sock" };
	static char self[PATH_MAX], config[PATH_MAX];
	int option, rc;
	ssize_t n;

	prctl(PR_SET_DUMPABLE, 0); /* a configuration holds keys */
	if (argc == 2 && strcmp(argv[1], "--control") == 0)
		return daemon_main();
	while ((option = getopt_long(argc, argv, "f:n", long_options, NULL)) != -1) {
		rc = take_option(&o, option);
		if (rc >= 0)
			return rc;
	}
	if (!o.config_path || optind != argc) {
		fputs(usage, stderr);
		return 2;
	}
	rc = make_absolute(o.config_path, config);
	if (rc)
		return rc;
	o.config_path = config;
	n = readlink("/proc/self/exe", self, sizeof self - 1);
	if (n < 0) {
		perror("dmvpnd: /proc/self/exe");
		return 2;
	}
	self[n] = '\0';
	o.self_path = self;
	return keeper_run(&o);
}
