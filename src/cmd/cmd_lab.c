/* dmvpn lab: a network of router configurations on this machine. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "lab/eigrp.h"
#include "lab/fault.h"
#include "lab/programs.h"
#include "lab/run.h"
#include "lab/test.h"

enum { ERROR_BYTES = 1024, WAIT_DEFAULT_S = 60, INTERRUPTED = 130, ROUNDS_MAX = 1000, OBSERVE_MAX_S = 3600 };

static const char usage[] =
	"usage: dmvpn lab test [--json] [--faults LIST] [--rounds N] [--observe SECONDS] [--probe-ms N]\n"
	"                      [--plot FILE] [--no-ipsec] [--eigrp HOW] [--plain-frr] [--nhrpd ROUTER,…]\n"
	"                      [--datapath PATH] [--name NAME] [--wait SECONDS] [--logs DIR] DIR\n"
	"       dmvpn lab up [--no-ipsec] [--eigrp HOW] [--nhrpd ROUTER,…] [--datapath PATH] [--name NAME] [--logs DIR] DIR\n"
	"       dmvpn lab faults [--faults LIST] DIR\n"
	"       dmvpn lab down|show LAB\n"
	"       dmvpn lab exec LAB NODE COMMAND [ARGUMENT…]\n"
	"       dmvpn lab fail|heal LAB FAULT@ROUTER\n"
	"\n"
	"DIR holds one configuration per router (hub1.cfg, spoke1.cfg, …); the network between them\n"
	"follows from their addresses. What these cannot say stands in DIR/lab.conf, a line each:\n"
	"  nat ROUTER [INTERFACE]…              a NAT box before them, with one public address\n"
	"  loss ROUTER [INTERFACE] PERCENT      lost on the uplink, in each direction\n"
	"  host NAME ROUTER INTERFACE ADDRESS   one more host on a LAN\n"
	"LAB is the name that `up` prints, the folder's by default. NODE is a router, a LAN's host\n"
	"(ROUTER-host, or a NAME of lab.conf), a NAT box (nat1, nat2, …), or internet.\n"
	"\n"
	"  --faults LIST     none, all (default), or NAME[@ROUTER],… with NAME one of kill, kill:PROGRAM\n"
	"                    (dmvpnd, control, fwd, charon, zebra, …), poweroff, reboot, uplink[:INTERFACE],\n"
	"                    uplink-far[:INTERFACE], inside, flap[:TIMES], blackhole[:in|out|both][:esp|nhrp|ike], loss[:PERCENT],\n"
	"                    tunnel, overload[:PERCENT], and of spokes direct[:SPOKE], address, rebind[:TIMES]; without\n"
	"                    @ROUTER on every hub in turn (the first spoke). A@X+B@Y is both at once, A@X/B@Y\n"
	"                    one after the other. `faults` prints what a list means\n"
	"  --rounds N        each fault N times (1), each time from rest\n"
	"  --observe SECONDS a fault lasts at least so long (5)\n"
	"  --probe-ms N      milliseconds between the probes of one pair of each path class (1), 100 at most;\n"
	"                    the other pairs are probed every 20 ms\n"
	"  --plot FILE       draw each round (SVG), and write its data beside it (JSON); with several, the\n"
	"                    fault and the round's number are added to the name\n"
	"  --datapath PATH   auto, kernel, user, or per router: hub1=kernel,*=user\n"
	"  --no-ipsec        run protected tunnels in the clear\n"
	"  --eigrp HOW       eigrpd, bgp, or auto (the default): BGP carries EIGRP's intent where FRR's eigrpd\n"
	"                    does not do all that the files ask; what stands for each line is printed\n"
	"  --plain-frr       stock FRR and its BFD on a plain DMVPN, none of our fast ways: to compare with\n"
	"  --nhrpd LIST      FRR's nhrpd on these routers in our daemon's place (hub1,spoke2): needs a kernel with\n"
	"                    multipoint GRE\n"
	"  --wait SECONDS    for convergence, at most (60)\n"
	"  --logs DIR        keep the programs' logs there\n";

struct options {
	struct lab_options lab;
	const char *faults;
	const char *plot;
	int wait_s, rounds, observe_s, probe_ms;
	bool json;
};

static int complain(const char *error)
{
	fprintf(stderr, "dmvpn lab: %s\n", error);
	return 2;
}

static int bad_usage(void)
{
	fputs(usage, stderr);
	return 2;
}

/* Options of test and up; argv[0] is the subcommand. false after having said what is wrong. */
static bool take_options(int argc, char **argv, struct options *o)
{
	static const struct option known[] = {
		{ "json", no_argument, NULL, 'j' },       { "faults", required_argument, NULL, 'f' },
		{ "no-ipsec", no_argument, NULL, 'n' },   { "plain-frr", no_argument, NULL, 'F' },
		{ "datapath", required_argument, NULL, 'd' }, { "nhrpd", required_argument, NULL, 'H' },
		{ "eigrp", required_argument, NULL, 'e' },
		{ "name", required_argument, NULL, 'N' }, { "wait", required_argument, NULL, 'w' },
		{ "logs", required_argument, NULL, 'l' }, { "rounds", required_argument, NULL, 'r' },
		{ "observe", required_argument, NULL, 'o' }, { "probe-ms", required_argument, NULL, 'm' },
		{ "plot", required_argument, NULL, 'p' },
		{ NULL, 0, NULL, 0 },
	};

	*o = (struct options){ .faults = "all", .wait_s = WAIT_DEFAULT_S, .rounds = 1, .probe_ms = PROBE_MIN_MS };
	optind = 0;
	for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
		switch (c) {
		case 'j': o->json = true; break;
		case 'f': o->faults = optarg; break;
		case 'n': o->lab.no_ipsec = true; break;
		case 'F': o->lab.plain_frr = true; break;
		case 'H': o->lab.nhrpd = optarg; break;
		case 'e': o->lab.eigrp = optarg; break;
		case 'd': o->lab.datapath = optarg; break;
		case 'N': o->lab.name = optarg; break;
		case 'w': o->wait_s = atoi(optarg); break;
		case 'l': o->lab.log_dir = optarg; break;
		case 'r': o->rounds = atoi(optarg); break;
		case 'o': o->observe_s = atoi(optarg); break;
		case 'm': o->probe_ms = atoi(optarg); break;
		case 'p': o->plot = optarg; break;
		default: bad_usage(); return false;
		}
	}
	if (optind + 1 != argc || o->wait_s < 1 || o->rounds < 1 || o->rounds > ROUNDS_MAX || o->observe_s < 0 ||
	    o->observe_s > OBSERVE_MAX_S || o->probe_ms < PROBE_MIN_MS || o->probe_ms > PROBE_MAX_MS) {
		bad_usage();
		return false;
	}
	o->lab.dir = argv[optind];
	return true;
}

/* From the folder to a claimed name; 0 or the exit code, having said why. */
static int prepare(const struct options *o, bool test, struct lab **lab)
{
	char error[ERROR_BYTES] = "";
	int r = lab_open(&o->lab, lab, error, sizeof(error));

	if (r == 0 && test)
		r = faults_check(*lab, o->faults, error, sizeof(error));
	if (r == 0)
		r = lab_check_environment(*lab, error, sizeof(error));
	if (r == 0) {
		lab_catch_signals();
		(*lab)->runner = test ? getpid() : 0;
		(*lab)->runner_start = test ? process_start(getpid()) : 0;
		r = lab_claim(*lab, o->lab.name != NULL || !test, error, sizeof(error));
	}
	if (r != 0)
		(void)complain(error);
	return r;
}

static int lab_command_test(int argc, char **argv)
{
	char error[ERROR_BYTES] = "";
	struct lab *lab = NULL;
	struct probes probes = { 0 };
	struct lab_result result = { 0 };
	struct options o;
	int r;

	if (!take_options(argc, argv, &o))
		return 2;
	r = prepare(&o, true, &lab);
	if (r == 0) {
		struct lab_test_options t = { .faults = o.faults, .wait_s = o.wait_s, .rounds = (unsigned)o.rounds,
					      .observe_s = o.observe_s, .probe_ms = o.probe_ms, .plot = o.plot };

		if (!o.json) {
			lab_report_design(lab, stdout);
			lab_eigrp_report(lab, stdout);
		}
		fflush(stdout);
		r = lab_test(lab, &t, &probes, &result, error, sizeof(error));
		lab_progress_end();
		if (r == 2)
			complain(error);
		if (r == 0 && o.json)
			lab_report_json(lab, &probes, &result, stdout);
		else if (r == 0)
			lab_report_text(lab, &probes, &result, stdout);
		if (r == 0 && !result.ok)
			r = 1;
		probes_stop(&probes);
		lab_stop(lab);
		if (lab_interrupted)
			r = INTERRUPTED;
		lab_result_free(&result);
	}
	lab_free(lab);
	return r;
}

static int lab_command_up(int argc, char **argv)
{
	char error[ERROR_BYTES] = "";
	struct lab *lab = NULL;
	struct options o;
	int r;

	if (!take_options(argc, argv, &o))
		return 2;
	r = prepare(&o, false, &lab);
	if (r == 0) {
		lab_report_design(lab, stdout);
		lab_eigrp_report(lab, stdout);
		r = lab_start(lab, error, sizeof(error));
		if (r == 0 && !lab_interrupted)
			printf("\nup: %s\n", lab->name);
		else
			lab_stop(lab);
		if (lab_interrupted)
			r = INTERRUPTED;
		else if (r != 0)
			complain(error);
	}
	lab_free(lab);
	return r;
}

/* What `test` would break, in its order. */
static int lab_command_faults(int argc, char **argv)
{
	char error[ERROR_BYTES] = "";
	struct fault *faults = NULL;
	struct lab *lab = NULL;
	struct options o;
	size_t count = 0;
	int r;

	if (!take_options(argc, argv, &o))
		return 2;
	r = lab_open(&o.lab, &lab, error, sizeof(error));
	if (r == 0)
		r = faults_parse(lab, o.faults, false, &faults, &count, error, sizeof(error));
	for (size_t i = 0; i < count; i++)
		puts(faults[i].name);
	if (r != 0)
		(void)complain(error);
	free(faults);
	lab_free(lab);
	return r;
}

static int open_running(const char *name, struct lab **lab)
{
	char error[ERROR_BYTES] = "";
	int r = geteuid() == 0 ? lab_open_running(name, lab, error, sizeof(error)) : 2;

	if (geteuid() != 0)
		snprintf(error, sizeof(error), "a lab belongs to root: run it as root");
	return r == 0 ? 0 : complain(error);
}

static int lab_command_down(int argc, char **argv)
{
	struct lab *lab;
	int r;

	if (argc != 2)
		return bad_usage();
	r = open_running(argv[1], &lab);
	if (r != 0)
		return r;
	if (process_alive(lab->runner, lab->runner_start)) {
		/* A running test takes its lab down itself. */
		kill(lab->runner, SIGTERM);
		while (process_alive(lab->runner, lab->runner_start))
			lab_pause_ms(20);
	} else {
		lab_stop(lab);
	}
	lab_free(lab);
	return 0;
}

static int lab_command_exec(int argc, char **argv)
{
	char netns[128];
	struct lab *lab;
	int r;

	if (argc < 4)
		return bad_usage();
	r = open_running(argv[1], &lab);
	if (r != 0)
		return r;
	if (!lab_find_node(lab, argv[2], netns)) {
		fprintf(stderr, "dmvpn lab: %s has no node %s\n", lab->name, argv[2]);
		r = 2;
	} else if (netns_enter(netns) < 0) {
		fprintf(stderr, "dmvpn lab: namespace %s is not there\n", netns);
		r = 2;
	}
	lab_free(lab);
	if (r != 0)
		return r;
	execvp(argv[3], argv + 3);
	perror(argv[3]);
	return 2;
}

static int lab_command_show(int argc, char **argv)
{
	struct lab *lab;
	int r;

	if (argc != 2)
		return bad_usage();
	r = open_running(argv[1], &lab);
	if (r != 0)
		return r;
	lab_report_design(lab, stdout);
	lab_report_running(lab, stdout);
	lab_free(lab);
	return 0;
}

static int lab_command_fault(int argc, char **argv)
{
	char error[ERROR_BYTES] = "";
	bool heal = strcmp(argv[0], "heal") == 0;
	struct fault *faults = NULL;
	struct lab *lab;
	size_t count = 0;
	int r;

	if (argc != 3 || !strchr(argv[2], '@'))
		return bad_usage();
	r = open_running(argv[1], &lab);
	if (r != 0)
		return r;
	/* A program that was killed is not there to be healed: names are checked only. */
	r = faults_parse(lab, argv[2], !heal, &faults, &count, error, sizeof(error));
	for (size_t i = 0; i < count && r == 0; i++)
		r = (heal ? fault_heal : fault_inject)(lab, &faults[i], NULL, error, sizeof(error));
	if (r != 0)
		complain(error);
	free(faults);
	lab_free(lab);
	return r;
}

int cmd_lab(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} commands[] = {
		{ "test", lab_command_test }, { "up", lab_command_up },     { "down", lab_command_down },
		{ "exec", lab_command_exec }, { "show", lab_command_show }, { "fail", lab_command_fault },
		{ "heal", lab_command_fault }, { "faults", lab_command_faults },
	};

	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--help") == 0 && (i == 1 || strcmp(argv[1], "exec") != 0)) {
			fputs(usage, stdout);
			return 0;
		}
	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	return bad_usage();
}
