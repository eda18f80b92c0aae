#include "forward/bfdd_link.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "forward/bfd_front.h"

enum { READ_OCTETS = 8192, READS = 16 };

void bfdd_link_init(struct bfdd_link *l)
{
	*l = (struct bfdd_link){ .source = SOURCE_BFDD, .fd = -1 };
}

void bfdd_link_open(struct bfdd_link *l, struct worker *w, int fd, uint32_t connection, bool is_fresh)
{
	l->fd = fd;
	if (is_fresh)
		bfd_front_bfdd_connected(w, connection);
	else if (!bfd_front_bfdd_resumed(w, connection))
		(void)shutdown(fd, SHUT_RDWR); /* the keeper makes another, and bfdd begins anew */
}

void bfdd_link_close(struct bfdd_link *l, struct worker *w)
{
	(void)shutdown(l->fd, SHUT_RDWR); /* closing alone would not end it: it is held twice */
	close(l->fd);
	l->fd = -1;
	bfd_front_bfdd_lost(w);
}

bool bfdd_link_ready(struct bfdd_link *l, struct worker *w)
{
	uint8_t bytes[READ_OCTETS];

	/* Nothing is taken before it is done: the process that comes after a killed one finds it again. What it
	 * does twice does no harm. */
	for (int i = 0; i < READS; i++) {
		const ssize_t got = recv(l->fd, bytes, sizeof bytes, MSG_DONTWAIT | MSG_PEEK);

		if (got < 0)
			return errno == EAGAIN || errno == EINTR;
		if (got == 0 || !bfd_front_bfdd_input(w, bytes, (size_t)got) ||
		    recv(l->fd, bytes, (size_t)got, MSG_DONTWAIT) != got)
			return false;
	}
	return true;
}

bool bfdd_link_flush(struct bfdd_link *l, struct worker *w)
{
	size_t length;
	const uint8_t *bytes;

	while (l->fd >= 0 && (bytes = plane_output(w->bfd.plane, &length), length > 0)) {
		const ssize_t sent = send(l->fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent < 0) /* an end shows when it is read */
			return errno != EAGAIN;
		plane_sent(w->bfd.plane, (size_t)sent);
	}
	return true;
}
