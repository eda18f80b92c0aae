#include "keeper/device.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	BUFFER_BYTES = 8 * 1024 * 1024,
	TAP_TRIES = 20,
	TAP_RETRY_MS = 10,
};

/* A device closed a moment ago may still be on its way out: wait a little for its name. */
static int tap_attach(int fd, struct ifreq *ifr)
{
	const struct timespec pause = { 0, TAP_RETRY_MS * 1000000L };

	for (int i = 0; i < TAP_TRIES; i++) {
		if (ioctl(fd, TUNSETIFF, ifr) == 0)
			return 0;
		if (errno != EBUSY)
			return -errno;
		nanosleep(&pause, NULL);
	}
	return -EBUSY;
}

static int tap_set_mac(const struct keeper_tap *tap)
{
	struct ifreq ifr = { 0 };
	const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int error = 0;

	if (fd < 0)
		return -errno;
	memcpy(ifr.ifr_name, tap->name, IFNAMSIZ);
	ifr.ifr_hwaddr.sa_family = ARPHRD_ETHER;
	memcpy(ifr.ifr_hwaddr.sa_data, tap->mac, sizeof tap->mac);
	if (ioctl(fd, SIOCSIFHWADDR, &ifr) < 0)
		error = -errno;
	close(fd);
	return error;
}

int device_tap_open(const struct keeper_tap *tap, int *fd, char text[DEVICE_TEXT_MAX])
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	int error;

	if (tap->name[0] == 0 || !memchr(tap->name, 0, sizeof tap->name)) {
		snprintf(text, DEVICE_TEXT_MAX, "bad device name");
		return -EINVAL;
	}
	*fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (*fd < 0) {
		error = -errno;
		snprintf(text, DEVICE_TEXT_MAX, "cannot open /dev/net/tun: %s", strerror(-error));
		return error;
	}
	memcpy(ifr.ifr_name, tap->name, IFNAMSIZ);
	error = tap_attach(*fd, &ifr);
	if (error == -EBUSY || error == -EINVAL)
		snprintf(text, DEVICE_TEXT_MAX, "%s exists already: another dmvpnd runs on it?", tap->name);
	else if (error)
		snprintf(text, DEVICE_TEXT_MAX, "cannot create %s: %s", tap->name, strerror(-error));
	if (!error && (error = tap_set_mac(tap)))
		snprintf(text, DEVICE_TEXT_MAX, "cannot set the MAC address of %s: %s", tap->name, strerror(-error));
	if (error)
		close(*fd);
	return error;
}

static socklen_t sockaddr_of(const struct ipaddr *a, struct sockaddr_storage *out)
{
	struct sockaddr_in *in4 = (struct sockaddr_in *)out;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;

	memset(out, 0, sizeof *out);
	if (a->family == IP_V4) {
		in4->sin_family = AF_INET;
		memcpy(&in4->sin_addr, a->bytes, 4);
		return sizeof *in4;
	}
	in6->sin6_family = AF_INET6;
	memcpy(&in6->sin6_addr, a->bytes, 16);
	return sizeof *in6;
}

static int set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof value) < 0 ? -errno : 0;
}

static void buffers_grow(int fd)
{
	/* Best effort: without privilege over the limits the plain request has to do. */
	if (set(fd, SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES))
		(void)set(fd, SOL_SOCKET, SO_RCVBUF, BUFFER_BYTES);
	if (set(fd, SOL_SOCKET, SO_SNDBUFFORCE, BUFFER_BYTES))
		(void)set(fd, SOL_SOCKET, SO_SNDBUF, BUFFER_BYTES);
}

static int fragmentation_set(int fd, bool is_v4, bool df)
{
	int error;

	if (is_v4)
		error = set(fd, IPPROTO_IP, IP_MTU_DISCOVER, df ? IP_PMTUDISC_DO : IP_PMTUDISC_DONT);
	else
		error = set(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, df ? IPV6_PMTUDISC_DO : IPV6_PMTUDISC_WANT);
	if (!error && df)
		error = is_v4 ? set(fd, IPPROTO_IP, IP_RECVERR, 1) : set(fd, IPPROTO_IPV6, IPV6_RECVERR, 1);
	/* The outer traffic class is wanted for its congestion mark; IPv4 shows it anyway. */
	if (!error && !df && !is_v4)
		error = set(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
	return error;
}

static int raw_open_one(const struct keeper_raw *raw, bool df)
{
	const bool is_v4 = raw->local.addr.family == IP_V4;
	struct sockaddr_storage addr;
	const socklen_t length = sockaddr_of(&raw->local.addr, &addr);
	const int fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, raw->protocol);
	int error = 0;

	if (fd < 0)
		return -errno;
	if (raw->device[0] && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, raw->device,
					 (socklen_t)strnlen(raw->device, sizeof raw->device)) < 0)
		error = -errno;
	if (!error && bind(fd, (struct sockaddr *)&addr, length) < 0)
		error = -errno;
	/* Connected to our own address the second socket receives nothing from others, so no
	 * packet is delivered twice; each packet sent names its destination. */
	if (!error && df && connect(fd, (struct sockaddr *)&addr, length) < 0)
		error = -errno;
	if (!error)
		error = fragmentation_set(fd, is_v4, df);
	if (error) {
		close(fd);
		return error;
	}
	buffers_grow(fd);
	return fd;
}

int device_raw_open(const struct keeper_raw *raw, int fds[2], char text[DEVICE_TEXT_MAX])
{
	char addr[IPADDR_TEXT_MAX];
	int error = -EAFNOSUPPORT;

	fds[0] = fds[1] = -1;
	if (raw->local.addr.family == IP_V4 || raw->local.addr.family == IP_V6) {
		error = fds[0] = raw_open_one(raw, false);
		if (fds[0] >= 0)
			error = fds[1] = raw_open_one(raw, true);
	}
	if (error >= 0)
		return 0;
	if (fds[0] >= 0)
		close(fds[0]);
	snprintf(text, DEVICE_TEXT_MAX, "cannot open a raw socket on %s: %s",
		 ipaddr_format(&raw->local.addr, addr), strerror(-error));
	return error;
}
