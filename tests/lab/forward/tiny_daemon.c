/*
 * tiny_daemon: the real keeper and the real forwarder under a control process that knows
 * one tunnel and one far end, written in its "configuration":
 *
 *   local remote key overlay4 far4 overlay6 far6 [udp|esp]        (key "-": none)
 *
 * With the last word the tunnel is protected, by ESP in UDP or by itself: there is no charon
 * then, but a launcher of ours (dmvpn-charon by its name) that programs one pair of SAs
 * through an XFRM socket, with keys that both ends make from their addresses.
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
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/ipc.h"
#include "forward/forward_msg.h"
#include "keeper/keeper.h"
#include "ike/charon_files.h"
#include "keeper/keeper_msg.h"
#include "xfrm_say.h"

enum { FAR_PEER = 7, SESSION = 1, PROTECTION = 1, SPI_FIRST = 0xc00, NAT_PORT = 4500 };

static struct plan {
	struct ipaddr local, remote, overlay4, far4, overlay6, far6;
	bool has_key, is_protected, in_udp;
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

static void plan_read(int fd)
{
	char words[8][64] = { 0 }, text[512];
	const ssize_t got = read(fd, text, sizeof text - 1);

	close(fd);
	text[got > 0 ? got : 0] = 0;
	if (sscanf(text, "%63s %63s %63s %63s %63s %63s %63s %63s", words[0], words[1], words[2], words[3], words[4],
		   words[5], words[6], words[7]) < 7 ||
	    !ipaddr_parse(words[0], &plan.local) || !ipaddr_parse(words[1], &plan.remote) ||
	    !ipaddr_parse(words[3], &plan.overlay4) || !ipaddr_parse(words[4], &plan.far4) ||
	    !ipaddr_parse(words[5], &plan.overlay6) || !ipaddr_parse(words[6], &plan.far6))
		die("bad plan");
	plan.has_key = strcmp(words[2], "-") != 0;
	plan.key = (uint32_t)strtoul(words[2], NULL, 10);
	plan.in_udp = strcmp(words[7], "udp") == 0;
	plan.is_protected = plan.in_udp || strcmp(words[7], "esp") == 0;
}

/* Told apart by the last octet of the sender's address. */
static uint32_t spi_of(const struct ipaddr *from)
{
	return SPI_FIRST + from->bytes[ip_family_octets(from->family) - 1];
}

static void devices_open(bool is_restart)
{
	struct keeper_tap tap = { .seq = 2, .tunnel = 0, .name = "Tunnel0" };
	const struct keeper_raw raw = { .protocol = plan.is_protected ? IPPROTO_ESP : IPPROTO_GRE, .seq = 3, .id = 5, .local = { .addr = plan.local } };
	const struct keeper_request ready = { .seq = 4 };
	const struct keeper_ike ike = { .seq = 6 };
	char four[IPADDR_TEXT_MAX], six[IPADDR_TEXT_MAX];

	memcpy(tap.mac, tap_mac, sizeof tap.mac);
	ask(KEEPER_TAP_OPEN, &tap, sizeof tap, NULL);
	ask(KEEPER_RAW_OPEN, &raw, sizeof raw, NULL);
	if (plan.is_protected)
		ask(KEEPER_IKE_START, &ike, sizeof ike, NULL);
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
				    .addrs = { plan.overlay4, plan.overlay6 },
				    .protection = plan.is_protected ? PROTECTION : 0 };
	const struct forward_session session = { SESSION, PROTECTION, { .addr = plan.local }, { .addr = plan.remote } };
	const struct forward_sa_bind bind = { SESSION, spi_of(&plan.remote), spi_of(&plan.local), 1 };
	const struct forward_peer peer = { .peer = FAR_PEER, .nbma = { .addr = plan.remote } };

	memcpy(t.mac, tap_mac, sizeof t.mac);
	tell(FORWARD_SYNC_BEGIN, NULL, 0);
	tell(FORWARD_TUNNEL_SET, &t, sizeof t);
	if (plan.is_protected) {
		tell(FORWARD_SESSION_SET, &session, sizeof session);
		tell(FORWARD_SA_BIND, &bind, sizeof bind);
	}
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
	int got;

	while ((got = ipc_receive(forwarder_fd, &message)) == 1)
		if (message.type == FORWARD_MISS)
			missed((const void *)message.payload);
	if (got == -EAGAIN)
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

static struct xfrm_sa sa_of(bool inbound)
{
	const struct ipaddr *from = inbound ? &plan.remote : &plan.local, *to = inbound ? &plan.local : &plan.remote;
	const uint16_t port = plan.in_udp ? NAT_PORT : 0;
	struct xfrm_sa sa = { .from = *from, .to = *to, .from_port = port, .to_port = port, .spi = spi_of(from),
			      .suite = { ESP_AES_GCM, ESP_AUTH_NONE, 16, 16 }, .is_inbound = inbound };

	memset(sa.keys.cipher, (int)spi_of(from), sa.suite.key_octets);
	return sa;
}

static void program(int fd, bool inbound, uint32_t seq)
{
	const struct xfrm_sa sa = sa_of(inbound);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint8_t request[XFRM_SAY_MAX], reply[4096];
	ssize_t got;

	if (send(fd, request, xfrm_say_new(&sa, seq, request), MSG_NOSIGNAL) < 0 || poll(&p, 1, 10000) != 1)
		die("no XFRM server");
	got = recv(fd, reply, sizeof reply, 0);
	if (got <= 0 || xfrm_said(reply, (size_t)got) != 0)
		die("an SA was refused");
}

/* The keeper wants to find a charon that listens. */
static int vici_listen(const char *run_dir)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(addr.sun_path, sizeof addr.sun_path, "%s/" CHARON_VICI_NAME, run_dir);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof addr) < 0 || listen(fd, 4) < 0)
		die("cannot listen");
	return fd;
}

/* For the test: SAs are in. */
static void launched(const char *run_dir)
{
	char path[4096];
	FILE *out;

	snprintf(path, sizeof path, "%s/launched", run_dir);
	out = fopen(path, "w");
	if (out)
		fprintf(out, "%d\n", (int)getpid());
	if (!out || fclose(out))
		die("cannot write");
}

static _Noreturn void launcher_main(const char *run_dir)
{
	const struct keeper_xfrm requests = { .groups = 0 };
	char path[4096];
	int fds[2];

	snprintf(path, sizeof path, "%s.plan", run_dir);
	plan_read(open(path, O_RDONLY | O_CLOEXEC));
	vici_listen(run_dir);
	receive(KEEPER_FD);
	if (message.type != KEEPER_IKE_START || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0 ||
	    ipc_send(KEEPER_FD, KEEPER_XFRM, &requests, sizeof requests, &fds[0], 1))
		die("no start of IKE");
	close(fds[0]);
	program(fds[1], true, 1);
	program(fds[1], false, 2);
	launched(run_dir);
	while (message.type != KEEPER_STOP)
		receive(KEEPER_FD);
	exit(0);
}

static _Noreturn void control_main(void)
{
	const struct keeper_request request = { .seq = 1 };
	bool is_restart;
	int fd;

	receive(KEEPER_FD);
	if (message.type != KEEPER_HELLO)
		die("no hello");
	is_restart = ((const struct keeper_hello *)message.payload)->is_restart;
	ask(KEEPER_CONFIG_OPEN, &request, sizeof request, &fd);
	plan_read(fd);
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

	if (strcmp(argv[0], "dmvpn-charon") == 0 && argc > 1)
		launcher_main(argv[1]);
	if (argc == 2 && strcmp(argv[1], "--control") == 0)
		control_main();
	if (argc != 4 || readlink("/proc/self/exe", self, sizeof self - 1) < 0) {
		fprintf(stderr, "usage: %s PLAN FOLDER DMVPN-FWD\n", argv[0]);
		return 2;
	}
	options = (struct keeper_options){ .config_path = argv[1], .run_dir = argv[2], .state_dir = argv[2],
					   .self_path = self, .forwarder_path = argv[3], .launcher_path = self,
					   .charon_path = self };
	return keeper_run(&options);
}
