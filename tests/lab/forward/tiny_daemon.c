/*
 * tiny_daemon: the real keeper and the real forwarder under a control process that knows
 * one tunnel and one far end, written in its "configuration":
 *
 *   local remote key overlay4 far4 overlay6 far6        (key "-": none)
 *
 * It sets no neighbour before the forwarder tells it of a miss, so that the way
 * ARP -> miss -> neighbour is taken too.
 */
#include <netinet/in.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/ipc.h"
#include "forward/forward_msg.h"
#include "keeper/keeper.h"
#include "keeper/keeper_msg.h"

enum { FAR_PEER = 7 };

static struct plan {
	struct ipaddr local, remote, overlay4, far4, overlay6, far6;
	bool has_key;
	uint32_t key;
} plan;

static const uint8_t tap_mac[6] = { 0x06, 0, 0, 0, 0, 1 };
static struct ipc_message message;
static int forwarder_fd = -1;

static void die(const char *what)
{
	fprintf(stderr, "tiny control: %s\n", what);
	exit(1);
}

static void run(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void run(const char *format, ...)
{
	char command[512];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof command, format, args);
	va_end(args);
	if (system(command) != 0)
		die(command);
}

static void receive(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int got;

	while ((got = ipc_receive(fd, &message)) == -EAGAIN)
		poll(&p, 1, -1);
	if (got == 0)
		exit(0); /* the keeper is gone */
	if (got < 0)
		die("bad message");
}

static void ask(uint16_t type, const void *payload, size_t length, int *fd)
{
	const struct keeper_result *result;

	if (ipc_send(KEEPER_FD, type, payload, length, NULL, 0))
		die("keeper does not listen");
	for (;;) {
		receive(KEEPER_FD);
		if (message.type == KEEPER_FORWARDER)
			forwarder_fd = message.fds[0];
		if (message.type == KEEPER_RESULT)
			break;
	}
	result = (const void *)message.payload;
	if (result->error)
		die(result->text);
	if (fd)
		*fd = message.fds[0];
}

static void plan_read(void)
{
	const struct keeper_request request = { .seq = 1 };
	char words[7][64], text[512];
	ssize_t got;
	int fd;

	ask(KEEPER_CONFIG_OPEN, &request, sizeof request, &fd);
	got = read(fd, text, sizeof text - 1);
	close(fd);
	text[got > 0 ? got : 0] = 0;
	if (sscanf(text, "%63s %63s %63s %63s %63s %63s %63s", words[0], words[1], words[2], words[3], words[4],
		   words[5], words[6]) != 7 ||
	    !ipaddr_parse(words[0], &plan.local) || !ipaddr_parse(words[1], &plan.remote) ||
	    !ipaddr_parse(words[3], &plan.overlay4) || !ipaddr_parse(words[4], &plan.far4) ||
	    !ipaddr_parse(words[5], &plan.overlay6) || !ipaddr_parse(words[6], &plan.far6))
		die("bad plan");
	plan.has_key = strcmp(words[2], "-") != 0;
	plan.key = (uint32_t)strtoul(words[2], NULL, 10);
}

static void devices_open(bool is_restart)
{
	struct keeper_tap tap = { .seq = 2, .tunnel = 0, .name = "Tunnel0" };
	const struct keeper_raw raw = { .protocol = IPPROTO_GRE, .seq = 3, .id = 5, .local = { .addr = plan.local } };
	const struct keeper_request ready = { .seq = 4 };
	char four[IPADDR_TEXT_MAX], six[IPADDR_TEXT_MAX];

	memcpy(tap.mac, tap_mac, sizeof tap.mac);
	ask(KEEPER_TAP_OPEN, &tap, sizeof tap, NULL);
	ask(KEEPER_RAW_OPEN, &raw, sizeof raw, NULL);
	if (!is_restart) {
		run("ip link set Tunnel0 mtu 1400 up");
		run("ip addr add %s/24 dev Tunnel0", ipaddr_format(&plan.overlay4, four));
		run("ip -6 addr add %s/64 dev Tunnel0", ipaddr_format(&plan.overlay6, six));
	}
	if (ipc_send(KEEPER_FD, KEEPER_READY, &ready, sizeof ready, NULL, 0))
		die("keeper does not listen");
}

static void tell(uint16_t type, const void *payload, size_t length)
{
	const int error = ipc_send(forwarder_fd, type, payload, length, NULL, 0);

	if (error && error != -EPIPE && error != -ECONNRESET)
		die("forwarder does not listen");
}

static void sync_forwarder(void)
{
	struct forward_tunnel t = { .raw_id = 5, .local = { .addr = plan.local }, .has_key = plan.has_key,
				    .key = plan.key, .ttl = 255, .ip_mtu = 1400, .ipv6_mtu = 1400, .addr_count = 2,
				    .addrs = { plan.overlay4, plan.overlay6 } };
	const struct forward_peer peer = { .peer = FAR_PEER, .nbma = { .addr = plan.remote } };

	memcpy(t.mac, tap_mac, sizeof t.mac);
	tell(FORWARD_SYNC_BEGIN, NULL, 0);
	tell(FORWARD_TUNNEL_SET, &t, sizeof t);
	tell(FORWARD_PEER_SET, &peer, sizeof peer);
	tell(FORWARD_MULTICAST_SET, &peer, sizeof peer);
	tell(FORWARD_SYNC_END, NULL, 0);
}

static void missed(const struct forward_miss *miss)
{
	char text[IPADDR_TEXT_MAX];

	if (ipaddr_eq(&miss->addr, &plan.far4) || ipaddr_eq(&miss->addr, &plan.far6))
		run("ip neigh replace %s lladdr 02:00:00:00:00:%02x dev Tunnel0 nud permanent",
		    ipaddr_format(&miss->addr, text), FAR_PEER);
}

static void from_forwarder(void)
{
	const int got = ipc_receive(forwarder_fd, &message);

	if (got == 1 && message.type == FORWARD_MISS)
		missed((const void *)message.payload);
	if (got == 1 || got == -EAGAIN)
		return;
	close(forwarder_fd);
	forwarder_fd = -1;
}

static void from_keeper(void)
{
	const struct keeper_request stopped = { .seq = 5 };

	receive(KEEPER_FD);
	if (message.type == KEEPER_FORWARDER) {
		if (forwarder_fd >= 0)
			close(forwarder_fd);
		forwarder_fd = message.fds[0];
		sync_forwarder();
	} else if (message.type == KEEPER_STOP) {
		ipc_send(KEEPER_FD, KEEPER_STOPPED, &stopped, sizeof stopped, NULL, 0);
	}
}

static _Noreturn void control_main(void)
{
	bool is_restart;

	receive(KEEPER_FD);
	if (message.type != KEEPER_HELLO)
		die("no hello");
	is_restart = ((const struct keeper_hello *)message.payload)->is_restart;
	plan_read();
	devices_open(is_restart);
	if (forwarder_fd >= 0)
		sync_forwarder();
	for (;;) {
		struct pollfd fds[2] = { { .fd = KEEPER_FD, .events = POLLIN }, { .fd = forwarder_fd, .events = POLLIN } };

		poll(fds, 2, -1);
		if (fds[0].revents)
			from_keeper();
		if (fds[1].revents && forwarder_fd >= 0)
			from_forwarder();
	}
}

int main(int argc, char **argv)
{
	struct keeper_options options = { 0 };
	char self[4096] = "";

	if (argc == 2 && strcmp(argv[1], "--control") == 0)
		control_main();
	if (argc != 4 || readlink("/proc/self/exe", self, sizeof self - 1) < 0) {
		fprintf(stderr, "usage: %s PLAN FOLDER DMVPN-FWD\n", argv[0]);
		return 2;
	}
	options = (struct keeper_options){ .config_path = argv[1], .run_dir = argv[2], .state_dir = argv[2],
					   .self_path = self, .forwarder_path = argv[3] };
	return keeper_run(&options);
}
