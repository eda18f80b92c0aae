#include "daemon/fall_over.h"

#include <linux/netlink.h>
#include <string.h>

#include "daemon/daemon_state.h"
#include "kernel/tcp_close.h"

enum { BGP_PORT = 179 };

void fall_over_start(struct daemon *d)
{
	struct fall_over *f = &d->fall_over;

	f->trouble = netlink_init(&f->diag, NETLINK_SOCK_DIAG);
	if (f->trouble == 0)
		f->trouble = tcp_close_possible(&f->diag);
	if (f->trouble < 0)
		daemon_log(d, TRACE_WARNING, "FALL_OVER",
			   "knob=\"nhrp fall-over bgp\" error=\"%s\" reason=\"BGP finds dead hubs by its own timers\"",
			   strerror(-f->trouble));
}

static void close_bgp(struct daemon *d, struct tunnel *t, const struct ipaddr *addr)
{
	struct ipaddr locals[TUNNEL_ADDRS_MAX];
	char text[IPADDR_TEXT_MAX];
	size_t count = 0;
	int closed;

	for (size_t i = 0; i < t->config->address_count && count < TUNNEL_ADDRS_MAX; i++)
		locals[count++] = t->config->addresses[i].addr;
	closed = tcp_close(&d->fall_over.diag, locals, count, addr, BGP_PORT);
	if (closed < 0)
		daemon_log(d, TRACE_ERROR, "FALL_OVER", "tunnel=%s address=%s error=\"%s\"", t->name,
			   ipaddr_format(addr, text), strerror(-closed));
	else if (closed > 0) {
		t->bgp_closed++;
		daemon_log(d, TRACE_NOTICE, "FALL_OVER", "tunnel=%s address=%s closed=bgp", t->name,
			   ipaddr_format(addr, text));
	}
}

void fall_over_tell(struct daemon *d, uint32_t tunnel, const struct ipaddr *addr, bool up)
{
	struct tunnel *t = tunnel_find(d, tunnel);

	if (!t || d->hello.no_fall_over)
		return;
	if (!up && t->config->tunnel->fall_over_bgp && d->fall_over.trouble == 0)
		close_bgp(d, t, addr);
}

void fall_over_view(const struct daemon *d, const struct tunnel *t, struct view_coupling out[COUPLINGS])
{
	const struct config_tunnel *c = t->config->tunnel;
	const char *off = d->hello.no_fall_over ? "--no-fall-over" : NULL;
	const char *bgp = d->fall_over.trouble ? strerror(-d->fall_over.trouble) : NULL;

	out[0] = (struct view_coupling){ "if-state nhrp", c->if_state_nhrp, NULL, t->carrier_dropped };
	out[1] = (struct view_coupling){ "nhrp fall-over bgp", c->fall_over_bgp, off ? off : bgp, t->bgp_closed };
	out[2] = (struct view_coupling){ "nhrp fall-over bfd", c->fall_over_bfd, off, t->bfd_told };
}
