#include "lab/frr.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "config/render_frr.h"
#include "config/render_nhrpd.h"
#include "lab/eigrp.h"
#include "lab/memory.h"
#include "lab/nhrpd.h"
#include "lab/programs.h"
#include "lab/run.h"

static const struct {
	unsigned bit;
	const char *name;
} daemons[] = {
	{ FRR_BGPD, "bgpd" }, { FRR_OSPFD, "ospfd" }, { FRR_OSPF6D, "ospf6d" }, { FRR_RIPD, "ripd" },
	{ FRR_EIGRPD, "eigrpd" }, { FRR_BFDD, "bfdd" },
};

enum { CONFIGURE_TRIES = 5, FRR_NICE = -5 /* as Debian starts it */ };

static void frr_dir(const struct lab *lab, size_t router, char out[PATH_MAX])
{
	snprintf(out, PATH_MAX, "%.3000s/%s/frr", lab->run_dir, lab->plan->routers[router].name);
}

static int make_dir(const struct lab *lab, size_t router)
{
	const struct passwd *frr = getpwnam("frr");
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%.3000s/%s", lab->run_dir, lab->plan->routers[router].name);
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return -errno;
	frr_dir(lab, router, path);
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return -errno;
	if (frr && chown(path, frr->pw_uid, frr->pw_gid) < 0)
		return -errno;
	return 0;
}

int frr_render(const struct lab *lab, size_t router, char *error, size_t size)
{
	struct frr_options options = { .stock = lab->plain_frr || nhrpd_runs(lab, router) };
	struct eigrp_neighbours eigrp = { 0 };
	char dir[PATH_MAX], path[PATH_MAX + 16];
	int r = make_dir(lab, router);
	FILE *f;

	if (r == 0 && lab_eigrp_by_bgp(lab, router)) {
		r = lab_eigrp_neighbours(lab, router, &eigrp);
		options.eigrp = &eigrp;
	}
	if (r < 0) {
		snprintf(error, size, "%s: %s", lab->run_dir, strerror(-r));
		return 2;
	}
	frr_dir(lab, router, dir);
	snprintf(path, sizeof(path), "%s/frr.conf", dir);
	f = fopen(path, "we");
	if (!f) {
		snprintf(error, size, "%s: %s", path, strerror(errno));
		eigrp_neighbours_done(&eigrp);
		return 2;
	}
	/* Its log is laid beside what the probes saw. */
	fputs("log timestamp precision 3\n", f);
	r = config_render_frr(lab->plan->routers[router].config, &options, f);
	if (r == 0 && nhrpd_runs(lab, router))
		r = config_nhrpd_routes(lab->plan->routers[router].config, f);
	eigrp_neighbours_done(&eigrp);
	if (fclose(f) != 0 || r < 0) {
		snprintf(error, size, "%s: cannot render FRR's configuration", lab->plan->routers[router].name);
		return 2;
	}
	return nhrpd_runs(lab, router) && nhrpd_render(lab, router, dir) < 0 ? 2 : 0;
}

size_t frr_daemons(const struct lab *lab, size_t router, const char *names[FRR_DAEMONS_MAX])
{
	unsigned needed = config_frr_daemons(lab->plan->routers[router].config);
	size_t count = 0;

	if (lab_eigrp_by_bgp(lab, router))
		needed = (needed & ~(unsigned)FRR_EIGRPD) | FRR_BGPD;
	names[count++] = "zebra";
	names[count++] = "staticd";
	if (nhrpd_runs(lab, router))
		names[count++] = "nhrpd";
	for (size_t i = 0; i < sizeof(daemons) / sizeof(daemons[0]); i++)
		if (needed & daemons[i].bit)
			names[count++] = daemons[i].name;
	return count;
}

void frr_log(const struct lab *lab, size_t router, const char *daemon, char out[PATH_MAX + 64])
{
	char dir[PATH_MAX];

	frr_dir(lab, router, dir);
	if (lab->log_dir[0])
		snprintf(out, PATH_MAX + 64, "%s/%s-%s.log", lab->log_dir, lab->plan->routers[router].name, daemon);
	else
		snprintf(out, PATH_MAX + 64, "%s/%s.log", dir, daemon);
}

/* bfdd cuts longer paths: a link with a short name leads to the router's folder. */
bool frr_plane(const struct lab *lab, size_t router, char out[FRR_PLANE_MAX])
{
	char folder[64], target[LAB_NAME_MAX + 8];
	int length = snprintf(folder, sizeof folder, "%.50s/%zu", lab->run_dir, router);

	if (lab->plain_frr || !programs_has_dmvpnd(lab, router) || strlen(lab->run_dir) > 50 ||
	    (size_t)length + sizeof "/bfd" > FRR_PLANE_MAX)
		return false;
	snprintf(target, sizeof target, "%s/frr", lab->plan->routers[router].name);
	if (symlink(target, folder) < 0 && errno != EEXIST)
		return false;
	snprintf(out, FRR_PLANE_MAX, "%.58s/bfd", folder);
	return true;
}

pid_t frr_start(const struct lab *lab, size_t router, const char *daemon)
{
	char dir[PATH_MAX], program[64], sock[PATH_MAX + 32], pid[PATH_MAX + 32], log[PATH_MAX + 64];
	char conf[PATH_MAX + 32], bfd[PATH_MAX + 32], netns[128], path[FRR_PLANE_MAX], plane[FRR_PLANE_MAX + 8];
	char *argv[20];
	size_t n = 0;

	frr_dir(lab, router, dir);
	snprintf(program, sizeof(program), "/usr/lib/frr/%s", daemon);
	snprintf(sock, sizeof(sock), "%s/zserv.api", dir);
	snprintf(pid, sizeof(pid), "%s/%s.pid", dir, daemon);
	snprintf(bfd, sizeof(bfd), "%s/bfdd.sock", dir);
	snprintf(conf, sizeof(conf), "%s/nhrpd.conf", dir);
	frr_log(lab, router, daemon, log);
	lab_netns(lab, NODE_ROUTER, router, netns);
	argv[n++] = program;
	argv[n++] = "--vty_socket";
	argv[n++] = dir;
	argv[n++] = "-z";
	argv[n++] = sock;
	argv[n++] = "-i";
	argv[n++] = pid;
	argv[n++] = "-f";
	argv[n++] = strcmp(daemon, "nhrpd") == 0 ? conf : (char *)(uintptr_t)"/dev/null";
	argv[n++] = "-P"; /* no TCP port for vtys */
	argv[n++] = "0";
	argv[n++] = "--log";
	argv[n++] = "stdout";
	if (strcmp(daemon, "bfdd") == 0) {
		argv[n++] = "--bfdctl";
		argv[n++] = bfd;
	}
	if (strcmp(daemon, "bfdd") == 0 && frr_plane(lab, router, path)) {
		snprintf(plane, sizeof plane, "unix:%s", path);
		argv[n++] = "--dplaneaddr";
		argv[n++] = plane;
	}
	argv[n] = NULL;
	return run_start(netns, argv, FRR_NICE, log);
}

static bool socket_answers(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd;
	bool ok;

	if (strlen(path) >= sizeof(a.sun_path))
		return false;
	memcpy(a.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	ok = connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0;
	close(fd);
	return ok;
}

/* Seconds on a slow machine, a blink elsewhere. */
#define FRR_WAIT_NS 60000000000LL

bool frr_ready(const struct lab *lab, size_t router, const char *daemon)
{
	char dir[PATH_MAX], path[PATH_MAX + 32];

	frr_dir(lab, router, dir);
	snprintf(path, sizeof(path), "%s/%s.vty", dir, daemon);
	for (int64_t end = lab_now_ns() + FRR_WAIT_NS; lab_now_ns() < end;) {
		if (socket_answers(path))
			return true;
		if (!lab_pause_ms(10))
			return false;
	}
	return false;
}

int frr_configure(const struct lab *lab, size_t router, const char *daemon, char *error, size_t size)
{
	char dir[PATH_MAX], conf[PATH_MAX + 32], *output;
	char *argv[8] = { "vtysh", "--vty_socket", dir, "-f", conf, NULL };
	int r;

	frr_dir(lab, router, dir);
	snprintf(conf, sizeof(conf), "%s/frr.conf", dir);
	if (daemon) {
		argv[5] = "-d";
		argv[6] = (char *)(uintptr_t)daemon;
	}
	for (int tries = 0;; tries++) {
		r = run_wait(NULL, argv, NULL, &output);
		if (r < 0)
			snprintf(error, size, "vtysh: %s", strerror(-r));
		if (r <= 0 || tries == CONFIGURE_TRIES)
			break;
		/* A daemon may not have heard of all interfaces yet. */
		free(output);
		output = NULL;
		if (!lab_pause_ms(300))
			break;
	}
	/* What FRR refuses in the end is told; a lab goes on with the rest. */
	if (r > 0 && output)
		fprintf(stderr, "%s: vtysh: %s\n", lab->plan->routers[router].name, output);
	free(output);
	return r < 0 ? 2 : 0;
}
