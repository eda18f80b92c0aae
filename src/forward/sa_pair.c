/* The two SAs that go together, and what their slots keep of that. */
#include "forward/sa_pair.h"

#include <stdlib.h>

_Static_assert(sizeof(struct sa_binding) <= ESP_SA_BOUND_OCTETS, "a binding fits in an SA's slot");

struct esp_sa **sa_pair_half(struct sa_pair *p, bool inbound)
{
	return inbound ? &p->in : &p->out;
}

bool sa_pair_is_orphan(const struct sa_pair *p)
{
	return (p->out && p->out->phase == ESP_PHASE_ORPHAN) || (p->in && p->in->phase == ESP_PHASE_ORPHAN);
}

bool sa_pair_was_heard(const struct sa_pair *p)
{
	return p->in && p->in->used_us != 0;
}

struct sa_pair *sa_pair_make(struct sa_sessions *s, struct sa_session *session, uint32_t spi_in,
				 uint32_t spi_out, bool is_initiator, struct instant bound_at)
{
	struct sa_pair *p = malloc(sizeof *p), *before;

	if (!p)
		return NULL;
	*p = (struct sa_pair){ .session = session, .spi_in = spi_in, .spi_out = spi_out, .is_initiator = is_initiator,
			       .bound_at = bound_at, .in_until = INSTANT_NEVER, .out_until = INSTANT_NEVER,
			       .empty_since = bound_at };
	if (s->pair_count >= s->pair_buckets)
		sa_lookup_grow_pairs(s);
	s->pair_count++;
	sa_lookup_link_pair(s, p);
	before = TAILQ_LAST(&session->pairs, sa_pair_list);
	while (before && instant_before(bound_at, before->bound_at))
		before = TAILQ_PREV(before, sa_pair_list, order);
	if (before)
		TAILQ_INSERT_AFTER(&session->pairs, before, p, order);
	else
		TAILQ_INSERT_HEAD(&session->pairs, p, order);
	return p;
}

void sa_pair_free(struct sa_sessions *s, struct sa_pair *p)
{
	TAILQ_REMOVE(&p->session->pairs, p, order);
	sa_lookup_unlink_pair(s, p);
	s->pair_count--;
	free(p);
}

/* An outbound SPI was chosen by the peer: those of others may be the same. */
static bool takes_outbound(const struct sa_pair *p, const struct esp_sa *sa)
{
	if (p->spi_out != sa->spi || (p->out && p->out != sa))
		return false;
	return p->out == sa || sa->session == p->session->conf.session ||
	       ipaddr_eq(&p->session->conf.remote.addr, &sa->remote) ||
	       (p->in && (ipaddr_eq(&p->in->remote, &sa->remote) || ipaddr_eq(&sa_binding(p->in)->to, &sa->remote)));
}

struct sa_pair *sa_pair_of(const struct sa_sessions *s, const struct esp_sa *sa)
{
	struct sa_pair *p;

	if (sa->inbound)
		return sa_lookup_in(s, sa->spi);
	p = sa_lookup_out(s, sa->spi);
	while (p && !takes_outbound(p, sa))
		p = p->next_out;
	return p;
}

/* By the inbound SPI, which is ours and one only; else by the peer's, in that session. */
struct sa_pair *sa_pair_named(const struct sa_sessions *s, const struct forward_sa_bind *bind)
{
	struct sa_pair *p;

	if (bind->spi_in)
		return sa_lookup_in(s, bind->spi_in);
	p = bind->spi_out ? sa_lookup_out(s, bind->spi_out) : NULL;
	while (p && (p->spi_out != bind->spi_out || (bind->session && p->session->conf.session != bind->session)))
		p = p->next_out;
	return p;
}

void sa_pair_write(const struct sa_pair *p, struct esp_sa *sa)
{
	struct sa_binding *b = sa_binding(sa);

	b->session = p->session->conf;
	b->twin_spi = sa->inbound ? p->spi_out : p->spi_in;
	b->bound_us = p->bound_at.us;
	b->until_us = sa->inbound ? p->in_until.us : p->out_until.us;
}

/* The session's number is stored last: a slot that names one has a whole binding. */
void sa_pair_attach(struct sa_sessions *s, struct sa_pair *p, struct esp_sa *sa)
{
	struct sa_binding *b = sa_binding(sa);

	*sa_pair_half(p, sa->inbound) = sa;
	p->empty_since = INSTANT_NEVER;
	b->to = sa->remote;
	b->to_port = sa->remote_port;
	sa_pair_write(p, sa);
	sa->is_initiator = p->is_initiator;
	if (sa->phase == ESP_PHASE_UNBOUND)
		sa->phase = ESP_PHASE_LIVE;
	__atomic_store_n(&sa->session, p->session->conf.session, __ATOMIC_RELEASE);
	s->ways.sa_changed(s->ways.context, sa, sa->phase);
}

void sa_pair_detach(struct sa_pair *p, const struct esp_sa *sa, struct instant now)
{
	struct esp_sa **half = sa_pair_half(p, sa->inbound);

	if (*half != sa)
		return;
	*half = NULL;
	*(sa->inbound ? &p->in_until : &p->out_until) = INSTANT_NEVER;
	if (!p->in && !p->out)
		p->empty_since = now;
}

void sa_pair_doom(struct sa_pair *p, struct esp_sa *sa, struct instant until)
{
	struct instant *at = sa->inbound ? &p->in_until : &p->out_until;

	*at = instant_min(*at, until);
	sa_binding(sa)->until_us = at->us;
}

void sa_unbind(struct esp_sa *sa)
{
	if (!sa)
		return;
	__atomic_store_n(&sa->session, 0, __ATOMIC_RELEASE);
	if (sa->phase == ESP_PHASE_LIVE)
		sa->phase = ESP_PHASE_UNBOUND;
}
