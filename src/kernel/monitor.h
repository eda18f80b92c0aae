/*
 * monitor: what changes in the kernel: links, addresses, routes. Starts with a dump and
 * dumps again after the kernel dropped notifications (ENOBUFS), so that the subscriber's
 * picture is right in the end. A dump is framed by CHANGE_DUMP_BEGIN and CHANGE_DUMP_END:
 * what was not named between the two is gone.
 */
#ifndef DMVPN_KERNEL_MONITOR_H
#define DMVPN_KERNEL_MONITOR_H

#include <stdbool.h>

#include "kernel/netlink.h"

enum { ROUTE_MORE_MAX = 3 /* next hops of a multipath route that are told beside the first */ };

/* One further next hop of a multipath route. */
struct route_way {
	struct ipaddr gateway;
	int ifindex;
};

enum change_type {
	CHANGE_DUMP_BEGIN, /* of everything */
	CHANGE_DUMP_END,
	CHANGE_LINK,
	CHANGE_ADDRESS,
	CHANGE_ROUTE,
};

struct change {
	enum change_type type;
	bool add; /* false: gone */
	int ifindex;
	union {
		struct {
			char name[16];
			bool up;      /* administratively */
			bool running; /* with carrier */
			uint32_t mtu_bytes;
			int master;   /* ifindex of the VRF or bridge that it belongs to; 0: none */
		} link;
		struct {
			struct ipaddr addr;
			uint8_t prefix_len;
			bool secondary;        /* of IPv4; of IPv6 the kernel's word for a temporary address (RFC 8981) */
			bool deprecated;       /* its preferred lifetime is over (RFC 4862 5.5.4): for what runs already only */
			struct ipaddr far;     /* of `address … peer …`; IP_NONE: none */
			bool no_prefix_route;  /* the kernel makes no route for it */
		} address;
		struct {
			uint32_t table;
			uint8_t protocol;
			struct ipprefix dst;
			uint32_t metric;
			struct ipaddr gateway; /* of the first next hop; IP_NONE: connected */
			size_t more_count;     /* of further next hops */
			struct route_way more[ROUTE_MORE_MAX];
			bool local;            /* an address of this machine */
			bool discard;          /* blackhole, unreachable, prohibit */
		} route;
	};
};

struct monitor;

typedef void (*monitor_each)(void *arg, const struct change *c);

/* NULL with errno set. The dump is made by the first monitor_resync(). */
struct monitor *monitor_new(monitor_each each, void *arg);
void monitor_free(struct monitor *m); /* NULL is fine */
int monitor_fd(const struct monitor *m);
/* Reads notifications, and not too many at once: poll again. 0, or -errno when the socket is broken. */
int monitor_read(struct monitor *m);
/* Dumps everything now. 0 or -errno. */
int monitor_resync(struct monitor *m);

#endif
