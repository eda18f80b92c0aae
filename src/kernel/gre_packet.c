#include "kernel/gre_packet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <unistd.h>

#include "kernel/gre_outbox.h"
#include "wire/nhrp.h"

enum { RECEIVE_OCTETS = 8 << 20 /* when all clients of a hub speak at once */ };

static int open_socket(int ifindex, uint16_t protocol)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(protocol), .sll_ifindex = ifindex };
	/* Protocol 0: nothing arrives before the socket is bound to its device. */
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	const int octets = RECEIVE_OCTETS;
	int error;

	if (fd < 0)
		return -errno;
	/* A smaller one loses what is repeated anyway. */
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &octets, sizeof octets);
	if (bind(fd, (struct sockaddr *)&at, sizeof at) == 0)
		return fd;
	error = errno;
	close(fd);
	return -error;
}

static int open_filtered(int ifindex, struct sock_filter *code, size_t count)
{
	struct sock_fprog program = { .len = (unsigned short)count, .filter = code };
	int fd = open_socket(ifindex, ETH_P_ALL), error;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0)
		return fd;
	error = errno;
	close(fd);
	return -error;
}

/* ---- many at once */

size_t gre_inbox_receive(struct gre_inbox *b, int fd)
{
	int got;

	for (size_t i = 0; i < GRE_INBOX; i++) {
		b->iov[i] = (struct iovec){ b->bytes[i], sizeof b->bytes[i] };
		b->messages[i].msg_hdr = (struct msghdr){ .msg_name = &b->from[i], .msg_namelen = sizeof b->from[i],
							  .msg_iov = &b->iov[i], .msg_iovlen = 1 };
	}
	do
		got = recvmmsg(fd, b->messages, GRE_INBOX, MSG_DONTWAIT, NULL);
	while (got < 0 && errno == EINTR);
	return got < 0 ? 0 : (size_t)got;
}

size_t gre_inbox_packet(const struct gre_inbox *b, size_t i, struct ipaddr *from)
{
	*from = b->from[i].sll_halen == 4 ? ipaddr_from_bytes(IP_V4, b->from[i].sll_addr) : IPADDR_NONE;
	return b->messages[i].msg_len;
}

int gre_nhrp_open(int ifindex)
{
	return open_socket(ifindex, NHRP_GRE_PROTOCOL);
}

/* Filters see a packet from its IP header on. What they do not pass never wakes us. */

int gre_echo_open(int ifindex)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 11, 0),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PROTOCOL)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 5, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 0, 8),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 6),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 20),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 5, 4),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 6),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 58, 0, 2),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 40),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 129, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, 0xffff),
	};

	return open_filtered(ifindex, code, sizeof code / sizeof code[0]);
}

/* ---- multicast */

/* What goes out unmarked, to 224.0.0.0/4 or ff00::/8. */
int gre_multicast_open(int ifindex)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 0, 10),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_MARK)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, GRE_OUTBOX_MARK, 8, 0),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PROTOCOL)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 4, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 0, 5),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 16),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xf0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0xe0, 3, 2),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 24),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0xff, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, 0xffff),
	};

	return open_filtered(ifindex, code, sizeof code / sizeof code[0]);
}

ssize_t gre_multicast_receive(int fd, uint16_t *protocol, void *out, size_t size)
{
	struct sockaddr_ll at;
	socklen_t at_size;
	ssize_t got;

	do {
		at_size = sizeof at;
		got = recvfrom(fd, out, size, MSG_DONTWAIT, (struct sockaddr *)&at, &at_size);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	*protocol = ntohs(at.sll_protocol);
	return got;
}
