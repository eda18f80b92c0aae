/*
 * kernel_io: the real struct forward_io: raw sockets, TAPs and the control socket. Sends are
 * gathered and given to the kernel many at a time; packets for a TAP are merged (coalesce.h).
 */
#ifndef DMVPN_FORWARD_KERNEL_IO_H
#define DMVPN_FORWARD_KERNEL_IO_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "forward/bfd_socket.h"
#include "forward/coalesce.h"
#include "forward/control_queue.h"
#include "forward/protected_io.h"
#include "forward/segment.h"
#include "forward/worker.h"

enum {
	SEND_QUEUE = 256,    /* packets */
	RECEIVE_BATCH = 64,  /* packets read from a raw socket before what they cause is sent */
	/* Frames likewise: as many as a batch from the other side may have written, or the device's queue
	 * would grow. */
	TAP_BATCH = 256,
	SEND_CONTROL = 2 * CMSG_SPACE(sizeof(int)), /* type of service, TTL */
	SEND_TAIL_MAX = SEGMENT_HEADER_MAX + SEGMENT_HEADROOM,
	/* Frames read from a TAP stand one behind the other, so that small ones share the cache. */
	FRAMES_OCTETS = 4 * FRAME_MAX,
	/* Packets do not all start at equal offsets of a page: they would compete for the same
	 * places of the cache. */
	RECEIVE_SPREAD = 1664,
};

struct queued_send {
	struct underlay_packet packet;
	int fd;
	struct sockaddr_storage to;
	struct iovec iov[2];
	uint8_t control[SEND_CONTROL] __attribute__((aligned(8)));
	uint8_t tail[SEND_TAIL_MAX]; /* what of the packet does not stay where it is */
};

struct receive_buffer {
	uint8_t bytes[FRAME_HEADROOM + FRAME_MAX + FRAME_TAILROOM]; /* the packet stands behind the headroom */
	uint8_t unused[RECEIVE_SPREAD];
};

struct kernel_io {
	struct worker *worker;
	int control_fd; /* -1: no control process */
	struct control_queue control_queue;
	struct protected_io protected;
	struct bfd_sockets bfd;
	size_t queued;
	struct queued_send sends[SEND_QUEUE];
	struct mmsghdr headers[SEND_QUEUE];
	struct coalesce *coalesce;
	uint8_t frames[FRAMES_OCTETS];
	struct receive_buffer buffers[RECEIVE_BATCH];
};

/* NULL: out of memory. The caller sets the worker to one made with kernel_io_ways(). */
struct kernel_io *kernel_io_new(void);
void kernel_io_free(struct kernel_io *io);
struct forward_io kernel_io_ways(struct kernel_io *io);
void kernel_io_serve(struct kernel_io *io, struct worker *worker);

/* Asks the TAP's kernel for super-packets, as far as it has them. */
void kernel_io_tap_prepare(struct tap *tap);

/* Reads and forwards one batch. -errno when the device or socket is not usable any more. */
int kernel_io_tap_ready(struct kernel_io *io, struct tap *tap);
int kernel_io_raw_ready(struct kernel_io *io, struct raw *raw);
void kernel_io_udp_ready(struct kernel_io *io, struct nat_port *port);
/* The socket has an error to tell, which must be taken from it: see unreachable.h. */
void kernel_io_raw_error(struct kernel_io *io, struct raw *raw);
void kernel_io_udp_error(struct kernel_io *io, struct nat_port *port);

#endif
