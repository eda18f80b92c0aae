#include "kernel/gre_outbox.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PACKETS = 64, OCTETS = 65536 };

/* An IPv6 NBMA address is longer than sll_addr; the kernel reads sll_halen octets. */
union receiver {
	struct sockaddr_ll at;
	uint8_t room[offsetof(struct sockaddr_ll, sll_addr) + 16];
};

struct gre_outbox {
	int fd;
	size_t count, length;
	struct mmsghdr messages[PACKETS];
	struct iovec iov[PACKETS];
	union receiver receivers[PACKETS];
	uint8_t bytes[OCTETS];
};

struct gre_outbox *gre_outbox_new(void)
{
	const int mark = GRE_OUTBOX_MARK;
	struct gre_outbox *b = malloc(sizeof *b);
	int error;

	if (!b)
		return NULL;
	b->count = b->length = 0;
	b->fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); /* protocol 0: receives nothing */
	if (b->fd >= 0 && setsockopt(b->fd, SOL_SOCKET, SO_MARK, &mark, sizeof mark) == 0)
		return b;
	error = errno;
	gre_outbox_free(b);
	errno = error;
	return NULL;
}

void gre_outbox_free(struct gre_outbox *b)
{
	if (b && b->fd >= 0)
		close(b->fd);
	free(b);
}

void gre_outbox_flush(struct gre_outbox *b)
{
	for (size_t i = 0; i < b->count;) {
		const int sent = sendmmsg(b->fd, &b->messages[i], (unsigned)(b->count - i), MSG_DONTWAIT);

		if (sent > 0)
			i += (size_t)sent;
		else if (errno != EINTR)
			i++; /* what stopped it is about this packet */
	}
	b->count = b->length = 0;
}

static socklen_t write_receiver(union receiver *r, int ifindex, uint16_t protocol, const struct ipaddr *to)
{
	const size_t octets = ip_family_octets(to->family);

	memset(r, 0, sizeof *r);
	r->at.sll_family = AF_PACKET;
	r->at.sll_protocol = htons(protocol);
	r->at.sll_ifindex = ifindex;
	r->at.sll_halen = (unsigned char)octets;
	memcpy(r->room + offsetof(struct sockaddr_ll, sll_addr), to->bytes, octets);
	return (socklen_t)(offsetof(struct sockaddr_ll, sll_addr) + (octets > 8 ? octets : 8));
}

void gre_outbox_add(struct gre_outbox *b, int ifindex, uint16_t protocol, const struct ipaddr *to, const void *bytes,
		    size_t length)
{
	size_t i;

	assert(length <= sizeof b->bytes);
	if (b->count == PACKETS || b->length + length > sizeof b->bytes)
		gre_outbox_flush(b);
	i = b->count++;
	b->iov[i] = (struct iovec){ memcpy(b->bytes + b->length, bytes, length), length };
	b->messages[i].msg_hdr = (struct msghdr){ .msg_name = &b->receivers[i], .msg_iov = &b->iov[i], .msg_iovlen = 1 };
	b->messages[i].msg_hdr.msg_namelen = write_receiver(&b->receivers[i], ifindex, protocol, to);
	b->length += length;
}
