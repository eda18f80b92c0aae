/*
 * ike_daemon: the real keeper and the real launcher with the real charon, under a control
 * process that only starts IKE and a forwarder that only does what IKE needs of it. Both say
 * on stdout what they are handed and what they see, a line each.
 *
 *   ike_daemon RUN-DIR LAUNCHER CHARON        the keeper
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/ipc.h"
#include "ike_xfrm.h"
#include "keeper/keeper.h"
#include "keeper/keeper_msg.h"

enum { LOOPBACK_INDEX = 1, PORT = 4500 };

#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x0020
#endif

static struct ipc_message message;

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...)
{
	char line[256];
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(line, sizeof line - 1, format, args);
	va_end(args);
	line[length] = '\n';
	if (write(STDOUT_FILENO, line, (size_t)length + 1) < 0) /* a line at once: several processes write */
		exit(3);
}

static void die(const char *what)
{
	say("DIED %s: %s", what, strerror(errno));
	exit(1);
}

/* 1: a message, 0: none for now; the keeper's end ends us. */
static int receive(void)
{
	const int got = ipc_receive(KEEPER_FD, &message);

	if (got == 0)
		exit(0);
	if (got < 0 && got != -EAGAIN)
		die("garbled message");
	return got == 1;
}

/* ---- control ---- */

static int vici = -1;

static void control_message(void)
{
	const struct keeper_result *r = (const void *)message.payload;
	const struct keeper_request request = { .seq = 9 };
	const struct keeper_fail failed = { 1 };

	switch (message.type) {
	case KEEPER_RESULT:
		say("result %u %d %.*s", r->seq, r->error, (int)sizeof r->text, r->text);
		if (r->seq == 1 && r->error)
			ipc_send(KEEPER_FD, KEEPER_FAIL, &failed, sizeof failed, NULL, 0);
		else if (r->seq == 1)
			ipc_send(KEEPER_FD, KEEPER_READY, &request, sizeof request, NULL, 0);
		break;
	case KEEPER_VICI:
		say("vici");
		if (vici >= 0)
			close(vici);
		vici = message.fds[0];
		break;
	case KEEPER_RELOAD: /* the test's way to say that charon hangs */
		ipc_send(KEEPER_FD, KEEPER_IKE_RESTART, &request, sizeof request, NULL, 0);
		break;
	case KEEPER_STOP:
		ipc_send(KEEPER_FD, KEEPER_STOPPED, &request, sizeof request, NULL, 0);
		break;
	default: break;
	}
}

static void vici_read(void)
{
	char bytes[64];

	if (read(vici, bytes, sizeof bytes) > 0)
		return;
	say("vici-end");
	close(vici);
	vici = -1;
}

static _Noreturn void control_main(void)
{
	const struct keeper_ike ike = { .seq = 1, .nat_keepalive_s = 17, .half_open_limit = 1000 };

	ipc_send(KEEPER_FD, KEEPER_IKE_START, &ike, sizeof ike, NULL, 0);
	for (;;) {
		struct pollfd fds[] = { { .fd = KEEPER_FD, .events = POLLIN }, { .fd = vici, .events = POLLIN } };

		while (receive())
			control_message();
		poll(fds, 2, 1000);
		if (vici >= 0 && fds[1].revents && fds[1].fd == vici)
			vici_read();
	}
}

/* ---- forwarder: the port ---- */

static int udps[2] = { -1, -1 }, injects[2] = { -1, -1 }; /* IPv4, IPv6 */

struct datagram {
	struct sockaddr_in6 from; /* or sockaddr_in */
	uint8_t local[16];
	int ifindex;
	size_t length;
	uint8_t bytes[65536];
};

static uint16_t checksum(const uint8_t *bytes, size_t length, uint32_t sum)
{
	for (size_t i = 0; i < length; i++)
		sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void inject4(const struct datagram *d)
{
	static uint8_t packet[65536 + 64];
	const struct sockaddr_in *from = (const void *)&d->from;
	const struct iphdr ip = { .version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP,
				  .saddr = from->sin_addr.s_addr, .daddr = *(const uint32_t *)(const void *)d->local };
	const struct udphdr udp = { .source = from->sin_port, .dest = htons(PORT), .len = htons((uint16_t)(8 + d->length)) };
	const struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr = { ip.daddr } };

	memcpy(packet, &ip, sizeof ip);
	memcpy(packet + sizeof ip, &udp, sizeof udp);
	memcpy(packet + sizeof ip + sizeof udp, d->bytes, d->length);
	if (sendto(injects[0], packet, sizeof ip + sizeof udp + d->length, 0, (const void *)&to, sizeof to) < 0)
		die("inject");
}

static void inject6(const struct datagram *d)
{
	static uint8_t packet[65536 + 64];
	const uint16_t length = (uint16_t)(sizeof(struct udphdr) + d->length);
	struct ip6_hdr ip = { .ip6_plen = htons(length), .ip6_nxt = IPPROTO_UDP, .ip6_hlim = 64, .ip6_src = d->from.sin6_addr };
	struct udphdr udp = { .source = d->from.sin6_port, .dest = htons(PORT), .len = htons(length) };
	struct sockaddr_in6 to = { .sin6_family = AF_INET6 };

	ip.ip6_vfc = 0x60;
	memcpy(&ip.ip6_dst, d->local, 16);
	to.sin6_addr = ip.ip6_dst;
	memcpy(packet, &ip, sizeof ip);
	memcpy(packet + sizeof ip, &udp, sizeof udp);
	memcpy(packet + sizeof ip + sizeof udp, d->bytes, d->length);
	/* The pseudo header is the addresses, the length and the protocol. */
	udp.check = htons(checksum(packet + 8, 32 + length, (uint32_t)length + IPPROTO_UDP));
	memcpy(packet + sizeof ip, &udp, sizeof udp);
	if (sendto(injects[1], packet, sizeof ip + length, 0, (const void *)&to, sizeof to) < 0)
		die("inject");
}

static void destination_take(struct datagram *d, struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		const struct in_pktinfo *v4 = (const void *)CMSG_DATA(c);
		const struct in6_pktinfo *v6 = (const void *)CMSG_DATA(c);

		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			memcpy(d->local, &v4->ipi_addr, 4);
			d->ifindex = v4->ipi_ifindex;
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			memcpy(d->local, &v6->ipi6_addr, 16);
			d->ifindex = (int)v6->ipi6_ifindex;
		}
	}
}

static int datagram_receive(int fd, struct datagram *d)
{
	char control[256];
	struct iovec iov = { d->bytes, sizeof d->bytes };
	struct msghdr m = { .msg_name = &d->from, .msg_namelen = sizeof d->from, .msg_iov = &iov, .msg_iovlen = 1,
			    .msg_control = control, .msg_controllen = sizeof control };
	const ssize_t got = recvmsg(fd, &m, 0);

	if (got < 0)
		return 0;
	d->length = (size_t)got;
	destination_take(d, &m);
	return 1;
}

static void udp_read(bool is_v6)
{
	static struct datagram d;
	static const uint8_t marker[4];

	while (datagram_receive(udps[is_v6], &d)) {
		if (d.ifindex == LOOPBACK_INDEX)
			say("charon is not there for %zu bytes", d.length);
		else if (d.length < 4)
			say("keepalive");
		else if (memcmp(d.bytes, marker, 4) != 0)
			say("esp over IPv%d of %zu bytes", is_v6 ? 6 : 4, d.length);
		else if (is_v6)
			inject6(&d);
		else
			inject4(&d);
		if (d.ifindex != LOOPBACK_INDEX && d.length >= 4 && memcmp(d.bytes, marker, 4) == 0)
			say("ike over IPv%d", is_v6 ? 6 : 4);
	}
}

/* ---- forwarder ---- */

static void memory_take(int fd)
{
	say("memory %u", ike_xfrm_open(fd, say));
	if (!(fcntl(fd, F_GET_SEALS) & F_SEAL_EXEC))
		say("the memory is not sealed against exec");
}

static void forwarder_message(void)
{
	const struct keeper_udp *udp = (const void *)message.payload;
	const struct keeper_xfrm *xfrm = (const void *)message.payload;

	switch (message.type) {
	case KEEPER_GIVE_SA_MEMORY: memory_take(message.fds[0]); break;
	case KEEPER_GIVE_UDP:
		say("udp %u", udp->family);
		udps[udp->family == IP_V6] = message.fds[0];
		break;
	case KEEPER_GIVE_INJECT:
		say("inject %u", udp->family);
		injects[udp->family == IP_V6] = message.fds[0];
		break;
	case KEEPER_GIVE_XFRM:
		say("xfrm groups %x", xfrm->groups);
		ike_xfrm_give(message.fds[0], xfrm->groups);
		break;
	case KEEPER_TAKE_XFRM:
		say("xfrm taken");
		ike_xfrm_take();
		break;
	default: break;
	}
}

static volatile sig_atomic_t traffic, moves;

static void on_signal(int number)
{
	if (number == SIGUSR2)
		moves = 1;
	traffic = 1;
}

/* SIGUSR1: a packet on each SA; SIGUSR2: and each came from another port. */
static void signals_take(void)
{
	const struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGUSR2, &action, NULL);
}

static _Noreturn void forwarder_main(void)
{
	signals_take();
	say("forwarder");
	for (;;) {
		struct pollfd fds[3 + IKE_XFRM_SOCKETS_MAX] = { { .fd = KEEPER_FD, .events = POLLIN },
								{ .fd = udps[0], .events = POLLIN },
								{ .fd = udps[1], .events = POLLIN } };
		const unsigned count = ike_xfrm_pollfds(fds + 3);

		if (poll(fds, 3 + count, ike_xfrm_timeout_ms()) < 0)
			memset(fds, 0, sizeof fds);
		ike_xfrm_run(fds + 3, count);
		if (fds[1].revents)
			udp_read(false);
		if (fds[2].revents)
			udp_read(true);
		if (traffic) {
			traffic = 0;
			ike_xfrm_traffic(moves);
			moves = 0;
		}
		while (receive())
			forwarder_message();
	}
}

int main(int argc, char **argv)
{
	static char self[4096];
	struct keeper_options o = { .config_path = "/dev/null", .self_path = self, .forwarder_path = self };

	if (argc == 2 && strcmp(argv[1], "--control") == 0)
		control_main();
	if (argc == 1)
		forwarder_main();
	if (argc != 4 || readlink("/proc/self/exe", self, sizeof self - 1) < 0)
		return 2;
	o.run_dir = o.state_dir = argv[1];
	o.launcher_path = argv[2];
	o.charon_path = argv[3];
	return keeper_run(&o);
}
