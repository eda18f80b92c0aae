#include "daemon/fall_over.h"

#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "bfd/plane.h"
#include "daemon/daemon_state.h"
#include "kernel/tcp_close.h"

enum {
	BGP_PORT = 179,
	CLOSE_MS = 2,       /* for what dies in the same moment */
	CLOSE_LATER_MS = 30, /* bfdd has been told, too, and the tunnel has BFD */
};

struct fall_over_death {
	uint32_t tunnel;
	struct ipaddr addr;
};

struct fall_over_word {
	uint32_t tunnel;
	struct ipaddr addr;
	enum routing_word says;
};

static void on_closing(uv_timer_t *timer);

void fall_over_start(struct daemon *d)
{
	struct fall_over *f = &d->fall_over;

	uv_timer_init(&d->loop, &f->closing);
	f->closing.data = d;
	f->trouble = netlink_init(&f->diag, NETLINK_SOCK_DIAG);
	if (f->trouble == 0)
		f->trouble = tcp_close_possible(&f->diag);
	if (f->trouble < 0)
		daemon_log(d, TRACE_WARNING, "FALL_OVER",
			   "knob=\"nhrp fall-over bgp\" error=\"%s\" reason=\"BGP finds dead hubs by its own timers\"",
			   strerror(-f->trouble));
}

/* ---- BGP connections */

static size_t ends_of(struct daemon *d, const struct fall_over_death *x, struct tcp_ends out[TUNNEL_ADDRS_MAX])
{
	const struct tunnel *t = tunnel_find(d, x->tunnel);
	size_t count = 0;

	for (size_t i = 0; t && i < t->config->address_count && count < TUNNEL_ADDRS_MAX; i++)
		out[count++] = (struct tcp_ends){ .local = t->config->addresses[i].addr, .remote = x->addr };
	return count;
}

static void say_closed(struct daemon *d, const struct fall_over_death *x, const struct tcp_ends *ends, size_t count)
{
	struct tunnel *t = tunnel_find(d, x->tunnel);
	char text[IPADDR_TEXT_MAX];
	unsigned closed = 0;

	for (size_t i = 0; i < count; i++)
		closed += ends[i].ended;
	if (!t || closed == 0)
		return;
	t->bgp_closed++;
	daemon_log(d, TRACE_NOTICE, "FALL_OVER", "tunnel=%s address=%s closed=bgp", t->name, ipaddr_format(&x->addr, text));
}

/* Of the deaths in hand. */
static void close_bgp(struct daemon *d, struct tcp_ends *ends)
{
	const struct fall_over *f = &d->fall_over;
	size_t count = 0, own;
	int rc;

	for (size_t i = 0; i < f->death_count; i++)
		count += ends_of(d, &f->deaths[i], ends + count);
	rc = tcp_close(&d->fall_over.diag, ends, count, BGP_PORT);
	if (rc < 0)
		daemon_log(d, TRACE_ERROR, "FALL_OVER", "error=\"%s\"", strerror(-rc));
	for (size_t i = 0; i < f->death_count; i++, ends += own) {
		struct tcp_ends unused[TUNNEL_ADDRS_MAX];

		own = ends_of(d, &f->deaths[i], unused);
		say_closed(d, &f->deaths[i], ends, own);
	}
}

static void on_closing(uv_timer_t *timer)
{
	struct daemon *d = timer->data;
	struct tcp_ends *ends = calloc(d->fall_over.death_count, TUNNEL_ADDRS_MAX * sizeof *ends);

	if (ends)
		close_bgp(d, ends);
	free(ends);
	d->fall_over.death_count = 0;
}

static void close_soon(struct daemon *d, const struct tunnel *t, const struct ipaddr *addr)
{
	const struct config_tunnel *c = t->config->tunnel;
	struct fall_over *f = &d->fall_over;
	const bool told = c->fall_over_bfd && c->bfd.multiplier && f->bfdd_connected;

	if (f->death_count == f->death_room) {
		f->death_room = 2 * f->death_room + 16;
		f->deaths = alloc_array(f->deaths, f->death_room, sizeof *f->deaths);
	}
	f->deaths[f->death_count++] = (struct fall_over_death){ t->number, *addr };
	if (!uv_is_active((uv_handle_t *)&f->closing))
		uv_timer_start(&f->closing, on_closing, told ? CLOSE_LATER_MS : CLOSE_MS, 0);
}

/* It lives again. */
static void close_not(struct fall_over *f, uint32_t tunnel, const struct ipaddr *addr)
{
	size_t kept = 0;

	for (size_t i = 0; i < f->death_count; i++)
		if (f->deaths[i].tunnel != tunnel || !ipaddr_eq(&f->deaths[i].addr, addr))
			f->deaths[kept++] = f->deaths[i];
	f->death_count = kept;
}

/* ---- bfdd, by way of the forwarder ---- */

static void tell_forwarder(struct daemon *d, const struct fall_over_word *w)
{
	static const uint8_t verdicts[] = { [ROUTING_UNWATCHED] = PLANE_NO_VERDICT, [ROUTING_ALIVE] = PLANE_ALIVE,
					    [ROUTING_DEAD] = PLANE_DEAD };
	const struct tunnel *t = tunnel_find(d, w->tunnel);
	struct forward_routing m;

	memset(&m, 0, sizeof m);
	m.tunnel = w->tunnel;
	m.addr = w->addr;
	m.verdict = t && t->config->tunnel->fall_over_bfd ? verdicts[w->says] : PLANE_NO_VERDICT;
	forward_client_send(&d->forward, FORWARD_ROUTING, &m, sizeof m);
}

static struct fall_over_word *word_of(struct fall_over *f, uint32_t tunnel, const struct ipaddr *addr)
{
	struct fall_over_word *grown;

	for (size_t i = 0; i < f->word_count; i++)
		if (f->words[i].tunnel == tunnel && ipaddr_eq(&f->words[i].addr, addr))
			return &f->words[i];
	if (f->word_count == f->word_room) {
		grown = realloc(f->words, (2 * f->word_room + 16) * sizeof *grown);
		if (!grown)
			return NULL;
		f->words = grown;
		f->word_room = 2 * f->word_room + 16;
	}
	f->words[f->word_count] = (struct fall_over_word){ .tunnel = tunnel, .addr = *addr };
	return &f->words[f->word_count++];
}

/* What nobody watches needs no place. */
static void forget(struct fall_over *f, struct fall_over_word *w)
{
	*w = f->words[--f->word_count];
}

void fall_over_sync(struct daemon *d)
{
	for (size_t i = 0; i < d->fall_over.word_count; i++)
		tell_forwarder(d, &d->fall_over.words[i]);
}

void fall_over_bfdd(struct daemon *d, const struct forward_bfdd *m)
{
	if (d->fall_over.bfdd_connected != (m->connected != 0))
		daemon_log(d, TRACE_NOTICE, "BFDD", "connected=%d", m->connected);
	d->fall_over.bfdd_connected = m->connected;
}

/* ---- what the engine says ---- */

void fall_over_tell(struct daemon *d, uint32_t tunnel, const struct ipaddr *addr, enum routing_word says)
{
	struct tunnel *t = tunnel_find(d, tunnel);
	struct fall_over_word *w;

	if (!t || d->hello.no_fall_over)
		return;
	w = word_of(&d->fall_over, tunnel, addr);
	if (w && w->says != says) {
		w->says = says;
		tell_forwarder(d, w);
		t->bfd_told += says == ROUTING_DEAD && t->config->tunnel->fall_over_bfd && d->fall_over.bfdd_connected;
	}
	if (w && says == ROUTING_UNWATCHED)
		forget(&d->fall_over, w);
	if (says == ROUTING_ALIVE)
		close_not(&d->fall_over, tunnel, addr);
	if (says == ROUTING_DEAD && t->config->tunnel->fall_over_bgp && d->fall_over.trouble == 0)
		close_soon(d, t, addr);
}

void fall_over_view(const struct daemon *d, const struct tunnel *t, uint64_t route_holds,
		    struct view_coupling out[COUPLINGS])
{
	const struct config_tunnel *c = t->config->tunnel;
	const char *off = d->hello.no_fall_over ? "--no-fall-over" : NULL;
	const char *bfd = d->fall_over.bfdd_connected ? NULL : "bfdd is not connected";
	const char *bgp = d->fall_over.trouble ? strerror(-d->fall_over.trouble) : NULL;

	out[0] = (struct view_coupling){ "if-state nhrp", c->if_state_nhrp, NULL, t->carrier_dropped };
	out[1] = (struct view_coupling){ "nhrp fall-over bgp", c->fall_over_bgp, off ? off : bgp, t->bgp_closed };
	out[2] = (struct view_coupling){ "nhrp fall-over bfd", c->fall_over_bfd, off ? off : bfd, t->bfd_told };
	out[3] = (struct view_coupling){ "nhrp route-hold", config_shortcut_hold_s(t->config) > 0, off, route_holds };
}
