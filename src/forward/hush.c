#include "forward/hush.h"

enum {
	OSPF = 89,
	OSPF_TYPE = 1, /* where it stands in the header of both versions */
	OSPF_HELLO = 1,
	HUSH_MS = 100, /* after the end of the detection time: probes decide, and bfdd, zebra and ospfd pass it on */
	LEFT_MS_MAX = 200, /* of slow sessions: no neighbour is to be lost by it, whatever its dead interval */
	PROBES_MISSED = 3, /* a burst of them is under way, which goes on for longer than until others know of the death … */
	PROBE_MS = 150,    /* … and ends so long after its last one (src/engine/path.c) */
};

/* It comes when one interval is left. */
static struct span time_left(const struct bfd_status *s)
{
	const int64_t left = s->detection_us / (s->remote_multiplier ? s->remote_multiplier : 1), most = span_ms(LEFT_MS_MAX).us;

	return span_us(left < most ? left : most);
}

static struct peer *live_server(struct worker *w, const struct tunnel *t, const struct endpoint *at)
{
	struct peer *const p = peer_find_endpoint(&w->tables->peers, t->conf.tunnel, at);

	return p && p->relay == PEER_RELAY_LIVE ? p : NULL;
}

/* left: until it is decided. */
static void hush(struct worker *w, struct tunnel *t, const struct endpoint *late, struct span left)
{
	t->late = *late;
	t->hushed = instant_add(instant_add(w->now, left), span_ms(HUSH_MS));
}

void hush_begin(struct worker *w, struct tunnel *t, const struct bfd_status *s)
{
	if (live_server(w, t, &s->via))
		hush(w, t, &s->via, time_left(s));
}

void hush_probed(struct worker *w, struct tunnel *t, const struct endpoint *to)
{
	struct peer *const p = live_server(w, t, to);

	if (!p)
		return;
	if (p->unanswered < PROBES_MISSED)
		p->unanswered++;
	if (p->unanswered == PROBES_MISSED)
		hush(w, t, to, span_ms(PROBE_MS));
}

void hush_answered(struct worker *w, struct tunnel *t, const struct endpoint *from)
{
	struct peer *const p = live_server(w, t, from);

	if (p)
		p->unanswered = 0;
	hush_heard(t, from);
}

void hush_heard(struct tunnel *t, const struct endpoint *from)
{
	if (t->hushed.us != 0 && endpoint_eq(&t->late, from))
		t->hushed = (struct instant){ 0 };
}

static bool is_hello(const uint8_t *inner, const struct ip_view *ip)
{
	return ip->protocol == OSPF && ip->fragment_offset == 0 && ip->total_len - ip->header_len > OSPF_TYPE &&
	       inner[ip->header_len + OSPF_TYPE] == OSPF_HELLO;
}

bool hush_drops(const struct worker *w, const struct tunnel *t, const struct endpoint *from, const uint8_t *inner,
		const struct ip_view *ip)
{
	return is_hello(inner, ip) && instant_before(w->now, t->hushed) && !endpoint_eq(&t->late, from);
}
