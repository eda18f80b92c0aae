#include "kernel/gre_packet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire/nhrp.h"

enum { COPY_MARK = 0x444d56 }; /* tells our own copies from the original in the filter */

static int open_socket(int ifindex, uint16_t protocol)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(protocol), .sll_ifindex = ifindex };
	/* Protocol 0: nothing arrives before the socket is bound to its device. */
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int error;

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&at, sizeof at) == 0)
		return fd;
	error = errno;
	close(fd);
	return -error;
}

static int send_to(int fd, int ifindex, uint16_t protocol, const struct ipaddr *to, const void *bytes, size_t length)
{
	struct sockaddr_storage space = { 0 };
	struct sockaddr_ll *at = (struct sockaddr_ll *)&space;
	const size_t octets = ip_family_octets(to->family);
	/* An IPv6 NBMA address is longer than sll_addr; the kernel reads sll_halen octets. */
	const socklen_t size = (socklen_t)(offsetof(struct sockaddr_ll, sll_addr) + (octets > 8 ? octets : 8));

	at->sll_family = AF_PACKET;
	at->sll_protocol = htons(protocol);
	at->sll_ifindex = ifindex;
	at->sll_halen = (unsigned char)octets;
	memcpy((uint8_t *)&space + offsetof(struct sockaddr_ll, sll_addr), to->bytes, octets);
	return sendto(fd, bytes, length, MSG_DONTWAIT, (struct sockaddr *)&space, size) < 0 ? -errno : 0;
}

int gre_nhrp_open(int ifindex)
{
	return open_socket(ifindex, NHRP_GRE_PROTOCOL);
}

int gre_nhrp_send(int fd, int ifindex, const struct ipaddr *to, const void *bytes, size_t length)
{
	return send_to(fd, ifindex, NHRP_GRE_PROTOCOL, to, bytes, length);
}

ssize_t gre_nhrp_receive(int fd, struct ipaddr *from, void *out, size_t size)
{
	struct sockaddr_ll at;
	socklen_t at_size;
	ssize_t got;

	do {
		at_size = sizeof at;
		got = recvfrom(fd, out, size, MSG_DONTWAIT, (struct sockaddr *)&at, &at_size);
		/* What we send ourselves comes by here too. */
	} while ((got < 0 && errno == EINTR) || (got >= 0 && at.sll_pkttype == PACKET_OUTGOING));
	if (got < 0)
		return -errno;
	*from = at.sll_halen == 4 ? ipaddr_from_bytes(IP_V4, at.sll_addr) : IPADDR_NONE;
	return got;
}

static int mark_own(int fd)
{
	const int mark = COPY_MARK;

	return setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof mark) < 0 ? -errno : 0;
}

/* Passes what goes out unmarked; the rest never wakes us. */
static int filter_outgoing(int fd)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_MARK)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, COPY_MARK, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, 0xffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = { .len = sizeof code / sizeof code[0], .filter = code };

	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) < 0)
		return -errno;
	return mark_own(fd);
}

int gre_multicast_open(int ifindex)
{
	int fd = open_socket(ifindex, ETH_P_ALL), rc;

	if (fd < 0)
		return fd;
	rc = filter_outgoing(fd);
	if (rc < 0) {
		close(fd);
		return rc;
	}
	return fd;
}

static int is_multicast(uint16_t protocol, const uint8_t *ip, size_t length)
{
	if (protocol == ETH_P_IP)
		return length >= 20 && (ip[16] & 0xf0) == 0xe0;
	return protocol == ETH_P_IPV6 && length >= 40 && ip[24] == 0xff;
}

ssize_t gre_multicast_receive(int fd, uint16_t *protocol, void *out, size_t size)
{
	for (;;) {
		struct sockaddr_ll at;
		socklen_t at_size = sizeof at;
		ssize_t got = recvfrom(fd, out, size, MSG_DONTWAIT, (struct sockaddr *)&at, &at_size);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		*protocol = ntohs(at.sll_protocol);
		if (is_multicast(*protocol, out, (size_t)got))
			return got;
	}
}

int gre_multicast_copy(int fd, int ifindex, uint16_t protocol, const struct ipaddr *to,
		       const void *bytes, size_t length)
{
	return send_to(fd, ifindex, protocol, to, bytes, length);
}

/* Passes ICMP echo replies that come in; the rest never wakes us. */
static int filter_echo(int fd)
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
	struct sock_fprog program = { .len = sizeof code / sizeof code[0], .filter = code };

	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) < 0)
		return -errno;
	return mark_own(fd);
}

int gre_echo_open(int ifindex)
{
	int fd = open_socket(ifindex, ETH_P_ALL), rc;

	if (fd < 0)
		return fd;
	rc = filter_echo(fd);
	if (rc < 0) {
		close(fd);
		return rc;
	}
	return fd;
}

int gre_echo_send(int fd, int ifindex, const struct ipaddr *to, const void *packet, size_t length)
{
	const uint16_t protocol = *(const uint8_t *)packet >> 4 == 4 ? ETH_P_IP : ETH_P_IPV6;

	return send_to(fd, ifindex, protocol, to, packet, length);
}

ssize_t gre_echo_receive(int fd, void *out, size_t size)
{
	ssize_t got;

	do
		got = recv(fd, out, size, MSG_DONTWAIT);
	while (got < 0 && errno == EINTR);
	return got < 0 ? -errno : got;
}
