#include "daemon/uplink_echo.h"

#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEADER = 8, PROOF = 8, RECEIVE_MAX = 2048, FILTER_OPTION = 1 /* ICMP_FILTER of linux/icmp.h, which goes not with netinet's */ };

void uplink_echo_init(struct uplink_echo *e, uplink_echo_answer answer, void *arg)
{
	*e = (struct uplink_echo){ .fds = { -1, -1 }, .answer = answer, .arg = arg };
	if (getrandom(&e->key, sizeof e->key, 0) != sizeof e->key || getrandom(&e->ident, sizeof e->ident, 0) < 0)
		e->ident = (uint16_t)getpid();
}

/* ---- the message ---- */

static void put32(uint8_t *at, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(v >> (24 - 8 * i));
}

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static uint16_t checksum(const uint8_t *m, size_t length)
{
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < length; i += 2)
		sum += (uint32_t)m[i] << 8 | m[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* Behind the header: proof of what follows, operation, sequence, zeros up to the 28 octets that routers send. */
void uplink_echo_encode(const struct uplink_echo *e, const struct uplink_probe *p, uint8_t out[UPLINK_ECHO_OCTETS])
{
	uint64_t proof;
	uint16_t sum;

	memset(out, 0, UPLINK_ECHO_OCTETS);
	out[0] = p->target.family == IP_V6 ? ICMP6_ECHO_REQUEST : ICMP_ECHO;
	out[4] = (uint8_t)(e->ident >> 8);
	out[5] = (uint8_t)e->ident;
	out[6] = (uint8_t)(p->sequence >> 8);
	out[7] = (uint8_t)p->sequence;
	put32(out + HEADER + PROOF, p->sla);
	put32(out + HEADER + PROOF + 4, p->sequence);
	proof = siphash(&e->key, out + HEADER + PROOF, 8);
	memcpy(out + HEADER, &proof, PROOF);
	sum = checksum(out, UPLINK_ECHO_OCTETS); /* of ICMPv6 the kernel makes it */
	out[2] = (uint8_t)(sum >> 8);
	out[3] = (uint8_t)sum;
}

bool uplink_echo_decode(const struct uplink_echo *e, enum ip_family family, const uint8_t *m, size_t length, uint32_t *sla,
			uint32_t *sequence)
{
	uint64_t proof;

	if (length < UPLINK_ECHO_OCTETS || m[0] != (family == IP_V6 ? ICMP6_ECHO_REPLY : ICMP_ECHOREPLY) || m[1] != 0)
		return false;
	proof = siphash(&e->key, m + HEADER + PROOF, 8);
	if (memcmp(m + HEADER, &proof, PROOF) != 0)
		return false;
	*sla = get32(m + HEADER + PROOF);
	*sequence = get32(m + HEADER + PROOF + 4);
	return true;
}

/* ---- the socket ---- */

static void take(struct uplink_echo *e, enum ip_family family, const uint8_t *bytes, size_t length)
{
	const size_t header = family == IP_V4 && length > 0 ? (size_t)(bytes[0] & 15) * 4 : 0;
	uint32_t sla, sequence;

	if (header <= length && uplink_echo_decode(e, family, bytes + header, length - header, &sla, &sequence))
		e->answer(e->arg, sla, sequence);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct uplink_echo *const e = poll->data;
	const int at = poll == &e->polls[1];
	uint8_t bytes[RECEIVE_MAX];
	ssize_t got;

	(void)events;
	while (status == 0 && (got = recv(e->fds[at], bytes, sizeof bytes, MSG_DONTWAIT)) >= 0)
		take(e, at ? IP_V6 : IP_V4, bytes, (size_t)got);
}

static void only_answers(int fd, bool six)
{
	struct icmp6_filter filter6;
	const uint32_t others = ~(1u << ICMP_ECHOREPLY);

	if (six) {
		ICMP6_FILTER_SETBLOCKALL(&filter6);
		ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter6);
		(void)setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter6, sizeof filter6);
	} else {
		(void)setsockopt(fd, SOL_RAW, FILTER_OPTION, &others, sizeof others); /* they are told apart anyway */
	}
}

static int open_socket(struct uplink_echo *e, uv_loop_t *loop, bool six)
{
	int fd = socket(six ? AF_INET6 : AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, six ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
	int rc;

	if (fd < 0)
		return -errno;
	only_answers(fd, six);
	rc = uv_poll_init(loop, &e->polls[six], fd);
	if (rc < 0) {
		close(fd);
		return rc;
	}
	e->polls[six].data = e;
	e->fds[six] = fd;
	return uv_poll_start(&e->polls[six], UV_READABLE, on_readable);
}

union where {
	struct cmsghdr head;
	char bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

static void put_where(struct msghdr *m, union where *w, const struct uplink_probe *p)
{
	memset(w, 0, sizeof *w);
	m->msg_control = w;
	if (p->target.family == IP_V6) {
		struct in6_pktinfo info = { .ipi6_ifindex = (unsigned)p->ifindex };

		memcpy(&info.ipi6_addr, p->source.bytes, 16);
		m->msg_controllen = CMSG_SPACE(sizeof info);
		w->head = (struct cmsghdr){ CMSG_LEN(sizeof info), IPPROTO_IPV6, IPV6_PKTINFO };
		memcpy(CMSG_DATA(&w->head), &info, sizeof info);
	} else {
		struct in_pktinfo info = { .ipi_ifindex = p->ifindex };

		memcpy(&info.ipi_spec_dst, p->source.bytes, 4);
		m->msg_controllen = CMSG_SPACE(sizeof info);
		w->head = (struct cmsghdr){ CMSG_LEN(sizeof info), IPPROTO_IP, IP_PKTINFO };
		memcpy(CMSG_DATA(&w->head), &info, sizeof info);
	}
}

int uplink_echo_send(struct uplink_echo *e, uv_loop_t *loop, const struct uplink_probe *p)
{
	const bool six = p->target.family == IP_V6;
	uint8_t bytes[UPLINK_ECHO_OCTETS];
	struct sockaddr_in to4 = { .sin_family = AF_INET };
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6 };
	struct iovec v = { bytes, sizeof bytes };
	struct msghdr m = { .msg_name = six ? (void *)&to6 : &to4, .msg_namelen = six ? sizeof to6 : sizeof to4, .msg_iov = &v,
			    .msg_iovlen = 1 };
	union where where;
	int rc = e->fds[six] >= 0 ? 0 : open_socket(e, loop, six);

	if (rc < 0)
		return rc;
	memcpy(&to4.sin_addr, p->target.bytes, 4);
	memcpy(&to6.sin6_addr, p->target.bytes, 16);
	uplink_echo_encode(e, p, bytes);
	put_where(&m, &where, p);
	if (setsockopt(e->fds[six], SOL_SOCKET, SO_MARK, &p->mark, sizeof p->mark) < 0 || sendmsg(e->fds[six], &m, MSG_DONTWAIT) < 0)
		return -errno;
	return 0;
}

void uplink_echo_stop(struct uplink_echo *e)
{
	for (int i = 0; i < 2; i++) {
		if (e->fds[i] < 0)
			continue;
		uv_poll_stop(&e->polls[i]);
		close(e->fds[i]);
		e->fds[i] = -1;
	}
}
