/* ike_xfrm: see ike_xfrm.h. */
#include "ike_xfrm.h"

#include <linux/netlink.h>
#include <linux/xfrm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "xfrm/server.h"

enum { CAPACITY = 1024 };

static ike_xfrm_say *say;
static struct sa_table *table;
static struct xfrm_server *server;
static struct {
	int fd;
	uint32_t groups;
} sockets[IKE_XFRM_SOCKETS_MAX];
static unsigned socket_count;

static struct xfrm_clock now(void)
{
	struct timespec mono, wall;

	clock_gettime(CLOCK_MONOTONIC, &mono);
	clock_gettime(CLOCK_REALTIME, &wall);
	return (struct xfrm_clock){ { mono.tv_sec * INT64_C(1000000) + mono.tv_nsec / 1000 }, wall.tv_sec };
}

static const char *name_of(uint16_t type)
{
	static const char *const names[] = {
		"NEWSA", "DELSA", "GETSA", "NEWPOLICY", "DELPOLICY", "GETPOLICY", "ALLOCSPI", "ACQUIRE", "EXPIRE",
		"UPDPOLICY", "UPDSA", "POLEXPIRE", "FLUSHSA", "FLUSHPOLICY", "NEWAE", "GETAE", "REPORT", "MIGRATE",
		"NEWSADINFO", "GETSADINFO", "NEWSPDINFO", "GETSPDINFO", "MAPPING",
	};
	unsigned index = (unsigned)type - XFRM_MSG_BASE;

	return index < sizeof names / sizeof names[0] ? names[index] : "?";
}

static void on_installed(void *context, struct esp_sa *sa)
{
	char suite[ESP_SUITE_NAME_MAX];

	(void)context;
	/* As the control process would: it belongs to a session. */
	say("sa %s %s window %u port %u sequence %s", sa->inbound ? "inbound" : "outbound",
	    esp_suite_name(&sa->suite, suite), sa->replay.window, sa->remote_port, sa->sequence ? "goes on" : "begins");
	sa->session = 1;
	sa->phase = ESP_PHASE_LIVE;
}

static void on_refused(void *context, const char *what, const char *name)
{
	(void)context;
	say("xfrm refused %s %s", what, name);
}

uint32_t ike_xfrm_open(int fd, ike_xfrm_say *to)
{
	const struct xfrm_hooks hooks = { .installed = on_installed, .refused = on_refused };
	struct sa_table_layout layout = { .capacity = CAPACITY };
	char reason[SA_TABLE_REASON_MAX];
	uint64_t seed;
	uint32_t *count;

	say = to;
	xfrm_server_layout(&layout);
	layout.second_capacity++; /* one slot for our own count */
	if (getrandom(&seed, sizeof seed, 0) != sizeof seed ||
	    sa_table_open(&table, fd, &layout, esp_crypto_new(ESP_PROVIDER_BEST), reason) < 0)
		exit(4);
	if (reason[0])
		say("table: %s", reason);
	server = xfrm_server_new(table, &hooks, seed, now());
	if (!server)
		exit(4);
	count = sa_table_second(table, layout.second_capacity - 1);
	return ++*count;
}

void ike_xfrm_give(int fd, uint32_t groups)
{
	if (socket_count == IKE_XFRM_SOCKETS_MAX)
		exit(5);
	sockets[socket_count].fd = fd;
	sockets[socket_count++].groups = groups;
}

void ike_xfrm_take(void)
{
	while (socket_count)
		close(sockets[--socket_count].fd);
	xfrm_server_orphan_all(server, now());
	say("xfrm orphans %u", sa_table_count(table));
}

unsigned ike_xfrm_pollfds(struct pollfd fds[IKE_XFRM_SOCKETS_MAX])
{
	for (unsigned i = 0; i < socket_count; i++)
		fds[i] = (struct pollfd){ .fd = sockets[i].fd, .events = POLLIN };
	return socket_count;
}

int ike_xfrm_timeout_ms(void)
{
	const struct instant due = server ? xfrm_server_deadline(server) : INSTANT_NEVER;
	int64_t left;

	if (instant_is_never(due))
		return 1000;
	left = instant_since(due, now().now).us / 1000 + 1;
	return left < 0 ? 0 : left > 1000 ? 1000 : (int)left;
}

static void answer(int fd)
{
	static uint8_t request[65536], reply[XFRM_REPLY_MAX];
	const ssize_t got = recv(fd, request, sizeof request, MSG_DONTWAIT);
	struct nlmsghdr asked = { 0 }, said = { 0 };
	int error = 0;
	size_t length;

	if (got < (ssize_t)sizeof asked)
		return;
	length = xfrm_server_request(server, now(), request, (size_t)got, reply);
	memcpy(&asked, request, sizeof asked);
	memcpy(&said, reply, sizeof said);
	memcpy(&error, reply + sizeof said, sizeof error);
	if (length && said.nlmsg_type == NLMSG_ERROR)
		say("xfrm %s %zd = %d", name_of(asked.nlmsg_type), got, error);
	else
		say("xfrm %s %zd = %s %u", name_of(asked.nlmsg_type), got, name_of(said.nlmsg_type), said.nlmsg_len);
	for (; length; length = xfrm_server_more(server, now(), reply))
		if (send(fd, reply, length, 0) < 0)
			say("DIED XFRM answer");
}

static void tell(void)
{
	uint8_t event[XFRM_EVENT_MAX];
	struct nlmsghdr h;
	uint32_t groups;
	size_t length;

	while ((length = xfrm_server_event(server, now(), event, &groups)) > 0) {
		memcpy(&h, event, sizeof h);
		say("xfrm event %s %zu", name_of(h.nlmsg_type), length);
		for (unsigned i = 0; i < socket_count; i++)
			if (sockets[i].groups & groups && send(sockets[i].fd, event, length, 0) < 0)
				say("DIED XFRM event");
		xfrm_server_event_sent(server);
	}
}

void ike_xfrm_run(const struct pollfd fds[IKE_XFRM_SOCKETS_MAX], unsigned count)
{
	if (!server)
		return;
	for (unsigned i = 0; i < count; i++)
		if (fds[i].revents & POLLIN)
			answer(fds[i].fd);
	xfrm_server_poll(server, now());
	tell();
}

void ike_xfrm_traffic(int moves)
{
	struct esp_sa *sa = NULL;

	while (server && (sa = sa_table_next(table, sa)) != NULL) {
		sa->packets++;
		sa->bytes += 100;
		sa->used_us = now().now.us;
		if (!sa->inbound)
			sa->sequence++;
		else if (moves)
			xfrm_server_moved(server, now(), sa, &sa->remote, (uint16_t)(sa->remote_port + 1));
	}
	if (server)
		tell();
}
