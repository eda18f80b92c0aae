/* Sessions by number and by endpoints, pairs by SPI. */
#include <stdlib.h>

#include "forward/hash.h"
#include "forward/sa_pair.h"

static size_t id_bucket(const struct sa_sessions *s, uint32_t id)
{
	return hash_mix(1, id) & (s->buckets - 1);
}

static size_t endpoint_bucket(const struct sa_sessions *s, uint32_t protection, const struct endpoint *local,
			      const struct endpoint *remote)
{
	const uint64_t h = hash_ipaddr(hash_mix(protection, (uint64_t)remote->vrf << 32 | remote->site), &remote->addr);

	return hash_ipaddr(h, &local->addr) & (s->buckets - 1);
}

static size_t spi_bucket(const struct sa_sessions *s, uint32_t spi)
{
	return hash_mix(2, spi) & (s->pair_buckets - 1);
}

static struct sa_session **endpoint_head(const struct sa_sessions *s, const struct sa_session *session)
{
	const struct forward_session *c = &session->conf;

	return &s->by_endpoint[endpoint_bucket(s, c->protection, &c->local, &c->remote)];
}

struct sa_session *sa_session_find(const struct sa_sessions *s, uint32_t id)
{
	struct sa_session *at = s->by_id[id_bucket(s, id)];

	while (at && at->conf.session != id)
		at = at->next_by_id;
	return at;
}

struct sa_session *sa_session_at(const struct sa_sessions *s, uint32_t protection, const struct endpoint *local,
				 const struct endpoint *remote)
{
	struct sa_session *at = s->by_endpoint[endpoint_bucket(s, protection, local, remote)];

	while (at && (at->conf.protection != protection || !endpoint_eq(&at->conf.remote, remote) ||
		      !endpoint_eq(&at->conf.local, local)))
		at = at->next_by_endpoint;
	return at;
}

struct sa_session *sa_session_of(const struct sa_sessions *s, const struct esp_sa *sa)
{
	return sa->session ? sa_session_find(s, sa->session) : NULL;
}

struct sa_pair *sa_lookup_in(const struct sa_sessions *s, uint32_t spi)
{
	struct sa_pair *p = s->by_in[spi_bucket(s, spi)];

	while (p && p->spi_in != spi)
		p = p->next_in;
	return p;
}

struct sa_pair *sa_lookup_out(const struct sa_sessions *s, uint32_t spi)
{
	return s->by_out[spi_bucket(s, spi)];
}

void sa_lookup_link(struct sa_sessions *s, struct sa_session *session)
{
	struct sa_session **id = &s->by_id[id_bucket(s, session->conf.session)];
	struct sa_session **endpoint = endpoint_head(s, session);

	session->next_by_id = *id;
	*id = session;
	/* At the head: of two for the same endpoints the later one is meant. */
	session->next_by_endpoint = *endpoint;
	*endpoint = session;
}

void sa_lookup_unlink(struct sa_sessions *s, struct sa_session *session)
{
	struct sa_session **at = &s->by_id[id_bucket(s, session->conf.session)];

	while (*at != session)
		at = &(*at)->next_by_id;
	*at = session->next_by_id;
	at = endpoint_head(s, session);
	while (*at != session)
		at = &(*at)->next_by_endpoint;
	*at = session->next_by_endpoint;
}

void sa_lookup_link_pair(struct sa_sessions *s, struct sa_pair *p)
{
	struct sa_pair **in = &s->by_in[spi_bucket(s, p->spi_in)], **out = &s->by_out[spi_bucket(s, p->spi_out)];

	p->next_in = *in;
	*in = p;
	p->next_out = *out;
	*out = p;
}

void sa_lookup_unlink_pair(struct sa_sessions *s, struct sa_pair *p)
{
	struct sa_pair **at = &s->by_in[spi_bucket(s, p->spi_in)];

	while (*at != p)
		at = &(*at)->next_in;
	*at = p->next_in;
	at = &s->by_out[spi_bucket(s, p->spi_out)];
	while (*at != p)
		at = &(*at)->next_out;
	*at = p->next_out;
}

void sa_lookup_grow(struct sa_sessions *s)
{
	const size_t buckets = s->buckets * 2;
	struct sa_session **by_id = calloc(buckets, sizeof *by_id);
	struct sa_session **by_endpoint = calloc(buckets, sizeof *by_endpoint);
	struct sa_session *session;

	if (!by_id || !by_endpoint) {
		free(by_id);
		free(by_endpoint);
		return;
	}
	free(s->by_id);
	free(s->by_endpoint);
	s->by_id = by_id;
	s->by_endpoint = by_endpoint;
	s->buckets = buckets;
	TAILQ_FOREACH(session, &s->all, order)
		sa_lookup_link(s, session);
}

void sa_lookup_grow_pairs(struct sa_sessions *s)
{
	const size_t buckets = s->pair_buckets * 2;
	struct sa_pair **by_in = calloc(buckets, sizeof *by_in), **by_out = calloc(buckets, sizeof *by_out);
	struct sa_session *session;
	struct sa_pair *p;

	if (!by_in || !by_out) {
		free(by_in);
		free(by_out);
		return;
	}
	free(s->by_in);
	free(s->by_out);
	s->by_in = by_in;
	s->by_out = by_out;
	s->pair_buckets = buckets;
	TAILQ_FOREACH(session, &s->all, order)
		TAILQ_FOREACH(p, &session->pairs, order)
			sa_lookup_link_pair(s, p);
}
