#include "net.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void bench_die(const char *format, ...)
{
	va_list args;

	fflush(stdout);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

void net_enter(int ns)
{
	if (setns(ns, CLONE_NEWNET) < 0)
		bench_die("cannot enter a network namespace: %s", strerror(errno));
}

void net_run(int ns, const char *format, ...)
{
	char command[512];
	va_list args;

	net_enter(ns);
	va_start(args, format);
	vsnprintf(command, sizeof command, format, args);
	va_end(args);
	if (system(command) != 0)
		bench_die("failed: %s", command);
}

static int namespace_make(void)
{
	int fd;

	if (unshare(CLONE_NEWNET) < 0)
		bench_die("no network namespace (root?): %s", strerror(errno));
	fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		bench_die("no network namespace: %s", strerror(errno));
	net_run(fd, "ip link set lo up");
	return fd;
}

static void value_set(int ns, const char *name, const char *value)
{
	char path[128];
	FILE *f;

	net_enter(ns);
	snprintf(path, sizeof path, "/proc/sys/net/%s", name);
	f = fopen(path, "w");
	if (!f || fputs(value, f) < 0 || fclose(f) != 0)
		bench_die("cannot set %s", name);
}

/* A side whose device is `far`, reached by the hub's device `near`. */
static void side_join(const struct net *n, int side, const char *near, const char *hub, const char *far, const char *nets)
{
	net_run(n->hub, "ip link add %s type veth peer name hub netns /proc/%d/fd/%d", near, getpid(), side);
	net_run(n->hub, "ip address add %s/30 dev %s && ip link set %s up", hub, near, near);
	net_run(side, "ip address add %s/30 dev hub && ip link set hub up && ip route add default via %s", far, hub);
	net_run(side, "for n in %s; do ip route add local $n dev lo; done", nets);
	net_run(n->hub, "for n in %s; do ip route add $n via %s; done", nets, far);
}

void net_open(struct net *n)
{
	n->left = namespace_make();
	n->right = namespace_make();
	n->hub = namespace_make();
	side_join(n, n->left, "left", NET_HUB_ADDRESS, "192.0.2.2", "100.64.0.0/16 10.1.0.0/16");
	side_join(n, n->right, "right", "198.51.100.1", "198.51.100.2", "100.65.0.0/16 10.2.0.0/16");
	value_set(n->hub, "ipv4/ip_forward", "1");
	value_set(n->hub, "ipv4/conf/all/send_redirects", "0");
	value_set(n->hub, "ipv4/conf/default/send_redirects", "0");
	value_set(n->hub, "ipv4/conf/all/rp_filter", "0");
	value_set(n->hub, "ipv4/conf/default/rp_filter", "0");
	/* In clear from the left: past the routes into the tunnel. */
	net_run(n->hub, "ip rule add pref 100 iif left lookup 100 && ip route add 10.2.0.0/16 via 198.51.100.2 table 100");
}

void net_close(struct net *n)
{
	close(n->left);
	close(n->hub);
	close(n->right);
}
