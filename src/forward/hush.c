#include "forward/hush.h"

enum {
	OSPF = 89,
	OSPF_TYPE = 1, /* where it stands in the header of both versions */
	OSPF_HELLO = 1,
	HUSH_MS = 100, /* after the end of the detection time: probes decide, and bfdd, zebra and ospfd pass it on */
	LEFT_MS_MAX = 200, /* of slow sessions: no neighbour is to be lost by it, whatever its dead interval */
};

/* It comes when one interval is left. */
static struct span time_left(const struct bfd_status *s)
{
	const int64_t left = s->detection_us / (s->remote_multiplier ? s->remote_multiplier : 1), most = span_ms(LEFT_MS_MAX).us;

	return span_us(left < most ? left : most);
}

void hush_begin(struct worker *w, struct tunnel *t, const struct bfd_status *s)
{
	const struct peer *p = peer_find_endpoint(&w->tables->peers, t->conf.tunnel, &s->via);

	if (!p || p->relay != PEER_RELAY_LIVE)
		return;
	t->late = s->via;
	t->hushed = instant_add(instant_add(w->now, time_left(s)), span_ms(HUSH_MS));
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
