/* probe_agent: one host's sender and receiver. */
#include "lab/probe.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lab/memory.h"

enum { LATE_NS = 250000000, IDLE_MS = 20, BATCH = 32 };

/* Probes of one family that leave together. */
struct leaving {
	unsigned count;
	struct probe_packet packets[BATCH];
	struct iovec parts[BATCH];
	struct mmsghdr messages[BATCH];
};

struct agent {
	struct probe_shared *shared;
	uint32_t host;
	int fds[2];
	uint32_t window, trace;
	size_t own_count;
	uint32_t *own;     /* pairs that start here */
	int64_t *due_ns;   /* of the next probe of each */
	struct leaving leaving[2]; /* by family, as fds */
};

static int open_socket(int family)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1, bytes = 4 << 20;
	struct sockaddr_in6 a6 = { .sin6_family = AF_INET6, .sin6_port = htons(PROBE_PORT) };
	struct sockaddr_in a4 = { .sin_family = AF_INET, .sin_port = htons(PROBE_PORT) };

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
	setsockopt(fd, family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6,
		   family == AF_INET ? IP_RECVTTL : IPV6_RECVHOPLIMIT, &on, sizeof(on));
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, family == AF_INET ? (struct sockaddr *)&a4 : (struct sockaddr *)&a6,
		 family == AF_INET ? sizeof(a4) : sizeof(a6)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static void find_own(struct agent *a)
{
	struct probe_shared *s = a->shared;

	for (uint32_t i = 0; i < s->pair_count; i++)
		if (s->pairs[i].from == a->host)
			*(uint32_t *)lab_append(&a->own, &a->own_count, sizeof(uint32_t)) = i;
	a->due_ns = lab_calloc(a->own_count, sizeof(*a->due_ns));
}

/* The kernel stamps arrivals with the wall clock; `ahead` is how far that is before ours. */
static int64_t wall_ahead_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec - lab_now_ns();
}

static int64_t arrival_ns(struct msghdr *m, int64_t ahead)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
			struct timespec t;

			memcpy(&t, CMSG_DATA(c), sizeof(t));
			return t.tv_sec * 1000000000LL + t.tv_nsec - ahead;
		}
	return lab_now_ns();
}

/* Routers on the way: each has taken one from the TTL. */
static uint8_t hops_of(struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
		if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TTL) ||
		    (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_HOPLIMIT)) {
			int ttl;

			memcpy(&ttl, CMSG_DATA(c), sizeof(ttl));
			return ttl > 0 && ttl <= PROBE_TTL ? (uint8_t)(PROBE_TTL - ttl) : 0;
		}
	return 0;
}

static void take_probe(struct agent *a, const struct probe_packet *k, int64_t at, uint8_t hops)
{
	struct probe_pair *p = &a->shared->pairs[k->pair];
	size_t slot = p->offset + k->seq;

	if (k->window != atomic_load(&a->shared->window) || k->seq >= p->capacity || slot >= a->shared->slots)
		return;
	if (a->shared->received_ns[slot]) {
		atomic_fetch_add(&p->duplicates, 1);
		return;
	}
	a->shared->hops[slot] = hops;
	a->shared->received_ns[slot] = at;
	atomic_store(&p->last_received_ns, at);
	if (at - a->shared->sent_ns[slot] > LATE_NS)
		atomic_fetch_add(&p->late, 1);
}

static void take_trace(struct agent *a, const struct probe_packet *k)
{
	_Atomic uint32_t *reached = &a->shared->pairs[k->pair].path.reached;
	uint32_t now = atomic_load(reached);

	if (k->window == atomic_load(&a->shared->trace) && (now == 0 || k->seq < now))
		atomic_store(reached, k->seq);
}

static void take(struct agent *a, const struct probe_packet *k, struct msghdr *m, int64_t ahead)
{
	if (k->pair >= a->shared->pair_count || a->shared->pairs[k->pair].to != a->host)
		return;
	if (k->magic == PROBE_MAGIC)
		take_probe(a, k, arrival_ns(m, ahead), hops_of(m));
	else if (k->magic == TRACE_MAGIC)
		take_trace(a, k);
}

/* What has come since the last look, a batch at a time. */
static void receive(struct agent *a, int fd)
{
	struct probe_packet k[BATCH];
	char control[BATCH][128] __attribute__((aligned(8)));
	struct iovec v[BATCH];
	struct mmsghdr m[BATCH];
	int64_t ahead = 0;
	int n;

	do {
		for (int i = 0; i < BATCH; i++) {
			v[i] = (struct iovec){ &k[i], sizeof(k[i]) };
			m[i].msg_hdr = (struct msghdr){ .msg_iov = &v[i], .msg_iovlen = 1, .msg_control = control[i],
							.msg_controllen = sizeof(control[i]) };
		}
		n = recvmmsg(fd, m, BATCH, 0, NULL);
		if (n > 0 && !ahead)
			ahead = wall_ahead_ns();
		for (int i = 0; i < n; i++)
			if (m[i].msg_len == sizeof(k[i]))
				take(a, &k[i], &m[i].msg_hdr, ahead);
	} while (n == BATCH);
}

static void leave(struct agent *a, bool v6)
{
	struct leaving *l = &a->leaving[v6];

	/* A refused one (no route yet) is a lost probe; those behind it leave nevertheless. */
	for (unsigned at = 0; at < l->count;) {
		int n = sendmmsg(a->fds[v6], &l->messages[at], l->count - at, 0);

		at += n > 0 ? (unsigned)n : 1;
	}
	l->count = 0;
}

static void send_probe(struct agent *a, struct probe_pair *p, uint32_t pair, int64_t now)
{
	bool v6 = p->family == IP_V6;
	struct leaving *l = &a->leaving[v6];
	uint32_t seq = atomic_load(&p->sent);

	if (seq >= p->capacity)
		return;
	if (l->count == BATCH)
		leave(a, v6);
	l->packets[l->count] = (struct probe_packet){ PROBE_MAGIC, a->window, pair, seq };
	l->parts[l->count] = (struct iovec){ &l->packets[l->count], sizeof(l->packets[0]) };
	l->messages[l->count].msg_hdr = (struct msghdr){
		.msg_name = &p->address, .msg_namelen = v6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in),
		.msg_iov = &l->parts[l->count], .msg_iovlen = 1 };
	l->count++;
	a->shared->sent_ns[p->offset + seq] = now;
	atomic_store(&p->sent, seq + 1);
}

static void enter_window(struct agent *a, uint32_t window)
{
	int64_t now = lab_now_ns();

	a->window = window;
	/* Spread over the interval, so that hosts do not send in one burst. */
	for (size_t i = 0; i < a->own_count; i++) {
		const struct probe_pair *p = &a->shared->pairs[a->own[i]];

		a->due_ns[i] = now + (int64_t)p->interval_us * 1000 * (int64_t)(a->host % 16) / 16;
	}
}

/* Sends what is due; the time of the next. */
static int64_t send_due(struct agent *a, int64_t now)
{
	int64_t next = now + IDLE_MS * 1000000LL;

	if (!a->window)
		return next;
	for (size_t i = 0; i < a->own_count; i++) {
		struct probe_pair *p = &a->shared->pairs[a->own[i]];
		int64_t interval = (int64_t)p->interval_us * 1000;

		if (!interval)
			continue;
		while (a->due_ns[i] <= now) {
			send_probe(a, p, a->own[i], now);
			a->due_ns[i] += interval;
		}
		if (a->due_ns[i] < next)
			next = a->due_ns[i];
	}
	leave(a, false);
	leave(a, true);
	return next;
}

/* Nobody is woken by what arrives: the kernel stamps it, and it is read when the next probe is due. */
static void wait_until(int64_t next)
{
	struct timespec t = { next / 1000000000, next % 1000000000 };

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

void probe_agent(struct probe_shared *s, uint32_t host, pid_t runner)
{
	struct agent a = { .shared = s, .host = host, .trace = atomic_load(&s->trace) };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != runner)
		_exit(1);
	setpriority(PRIO_PROCESS, 0, -10);
	prctl(PR_SET_TIMERSLACK, 50000);
	a.fds[0] = open_socket(AF_INET);
	a.fds[1] = open_socket(AF_INET6);
	if (a.fds[0] < 0)
		_exit(1);
	find_own(&a);
	atomic_fetch_add(&s->ready, 1);
	for (;;) {
		uint32_t window = atomic_load(&s->window), trace = atomic_load(&s->trace);

		if (window != a.window)
			enter_window(&a, window);
		wait_until(send_due(&a, lab_now_ns()));
		for (int i = 0; i < 2; i++)
			if (a.fds[i] >= 0)
				receive(&a, a.fds[i]);
		if (trace != a.trace) {
			a.trace = trace;
			/* In a process of its own: steady probes must not wait for answers. */
			if (fork() == 0) {
				probe_trace_pairs(s, host);
				atomic_fetch_add(&s->traced, 1);
				_exit(0);
			}
		}
	}
}
