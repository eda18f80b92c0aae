/*
 * null_hub: answers registrations and does nothing else: no table, no neighbour, no timer. What bench/spokes.c reaches with it is
 * the ceiling of a machine: no hub that answers every request by a message of its own can be faster.
 *
 * usage: null_hub ADDRESS
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "wire/gre.h"
#include "wire/ip.h"
#include "wire/nhrp.h"

enum { BATCH = 64, PACKET_MAX = 2048, SOCKET_OCTETS = 8 << 20 };

struct batch {
	struct mmsghdr messages[BATCH];
	struct iovec iov[BATCH];
	struct sockaddr_in peers[BATCH];
	uint8_t bytes[BATCH][PACKET_MAX], answers[BATCH][PACKET_MAX];
};

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "null_hub: %s\n", what);
	exit(2);
}

static int socket_open(const char *local)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	const int octets = SOCKET_OCTETS;
	int fd;

	if (inet_pton(AF_INET, local, &at.sin_addr) != 1)
		die("an IPv4 address is needed");
	fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_GRE);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&at, sizeof at) < 0)
		die(strerror(errno));
	/* A small one only means that requests are repeated, which is counted. */
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &octets, sizeof octets);
	return fd;
}

static size_t receive(struct batch *b, int fd)
{
	int got;

	for (size_t i = 0; i < BATCH; i++) {
		b->iov[i] = (struct iovec){ b->bytes[i], PACKET_MAX };
		b->messages[i].msg_hdr = (struct msghdr){ .msg_name = &b->peers[i], .msg_namelen = sizeof b->peers[i],
							  .msg_iov = &b->iov[i], .msg_iovlen = 1 };
	}
	got = recvmmsg(fd, b->messages, BATCH, MSG_DONTWAIT, NULL);
	return got > 0 ? (size_t)got : 0;
}

/* The GRE packet that answers the request in `bytes`. 0: it is none. */
static size_t answer(const uint8_t *bytes, size_t length, uint8_t *out)
{
	static struct nhrp_message m;
	struct gre_header gre;
	struct ip_view ip;
	size_t at;

	if (ip_decode(bytes, length, &ip) != IP_DROP_NONE || ip.total_len <= ip.header_len ||
	    gre_decode(bytes + ip.header_len, ip.total_len - ip.header_len, &gre) != GRE_DROP_NONE || gre.protocol != GRE_PROTO_NHRP)
		return 0;
	at = ip.header_len + gre.header_len;
	if (nhrp_decode(bytes + at, ip.total_len - at, &m, NULL) != NHRP_DROP_NONE || m.type != NHRP_REGISTRATION_REQUEST || m.cie_count == 0)
		return 0;
	m.type = NHRP_REGISTRATION_REPLY;
	m.cies[0].code = NHRP_CODE_SUCCESS;
	at = gre_encode(GRE_PROTO_NHRP, gre.has_key, gre.key, out);
	return at + nhrp_encode(&m, out + at, PACKET_MAX - at);
}

static void answer_all(struct batch *b, int fd, size_t count)
{
	size_t answers = 0;

	for (size_t i = 0; i < count; i++) {
		const size_t length = answer(b->bytes[i], b->messages[i].msg_len, b->answers[i]);

		if (length == 0)
			continue;
		b->iov[answers] = (struct iovec){ b->answers[i], length };
		b->messages[answers].msg_hdr = (struct msghdr){ .msg_name = &b->peers[i], .msg_namelen = sizeof b->peers[i],
								.msg_iov = &b->iov[answers], .msg_iovlen = 1 };
		answers++;
	}
	/* What does not leave is asked for again. */
	(void)sendmmsg(fd, b->messages, (unsigned)answers, 0);
}

int main(int argc, char **argv)
{
	static struct batch b;
	struct pollfd p = { .events = POLLIN };

	if (argc != 2)
		die("usage: null_hub ADDRESS");
	p.fd = socket_open(argv[1]);
	for (;;) {
		poll(&p, 1, -1);
		answer_all(&b, p.fd, receive(&b, p.fd));
	}
}
