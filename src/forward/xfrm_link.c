#include "forward/xfrm_link.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "forward/protect.h"

enum { REQUEST_BUDGET = 256, REQUEST_MAX = 16384 };

struct xfrm_link *xfrm_link_add(struct xfrm_links *all, uint32_t groups, int fd)
{
	struct xfrm_link *link = malloc(sizeof *link);

	if (!link) {
		close(fd);
		return NULL;
	}
	*link = (struct xfrm_link){ .source = SOURCE_XFRM, .groups = groups, .fd = fd };
	TAILQ_INSERT_TAIL(all, link, order);
	return link;
}

void xfrm_link_remove(struct xfrm_links *all, struct xfrm_link *link)
{
	TAILQ_REMOVE(all, link, order);
	close(link->fd);
	free(link);
}

static bool send_all(const struct xfrm_link *link, const uint8_t *bytes, size_t length)
{
	ssize_t sent;

	do
		sent = send(link->fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent >= 0;
}

/* charon asks again when an answer gets lost. */
static void answer(struct worker *w, const struct xfrm_link *link, const uint8_t *request, size_t length)
{
	const struct protection *p = w->protection;
	uint8_t reply[XFRM_REPLY_MAX];
	size_t octets = xfrm_server_request(p->xfrm, protect_clock(p), request, length, reply);

	while (octets && send_all(link, reply, octets))
		octets = xfrm_server_more(p->xfrm, protect_clock(p), reply);
	explicit_bzero(reply, sizeof reply);
}

bool xfrm_link_ready(struct worker *w, struct xfrm_link *link)
{
	uint8_t request[REQUEST_MAX] __attribute__((aligned(8)));

	for (int i = 0; i < REQUEST_BUDGET; i++) {
		const ssize_t got = recv(link->fd, request, sizeof request, MSG_DONTWAIT);

		if (got == 0)
			return false;
		if (got < 0)
			return errno == EAGAIN || errno == EINTR;
		if (w->protection->xfrm)
			answer(w, link, request, (size_t)got);
		explicit_bzero(request, (size_t)got); /* it may hold keys */
	}
	return true;
}

bool xfrm_link_events(struct worker *w, struct xfrm_links *all)
{
	const struct protection *p = w->protection;
	uint8_t event[XFRM_EVENT_MAX];
	uint32_t groups;
	size_t length;

	while (p->xfrm && (length = xfrm_server_event(p->xfrm, protect_clock(p), event, &groups))) {
		struct xfrm_link *link;

		TAILQ_FOREACH(link, all, order)
			if ((link->groups & groups) && !send_all(link, event, length) && errno == EAGAIN)
				return false;
		xfrm_server_event_sent(p->xfrm);
	}
	return true;
}
