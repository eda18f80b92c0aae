/* What is known of sessions, for those that show it. */
#include "daemon/session.h"

const char *sessions_identity(const struct sessions *s, uint32_t session)
{
	const struct session *x = session_of_id(s, session);

	return x && x->identity[0] ? x->identity : NULL;
}

static const char *shown_state(const struct session *x)
{
	if (x->state == SESSION_UP && !x->can_send)
		return "IPSEC";
	return x->can_send ? "UP" : session_state_name(x->state);
}

static void fill(const struct session *x, struct session_view *v)
{
	const struct session_ike *i = x->ike_count > 0 ? &x->ikes[x->ike_count - 1] : NULL;

	*v = (struct session_view){
		.session = x->id, .key = x->key, .state = shown_state(x), .can_send = x->can_send,
		.wanted = session_wanted(x), .ike_up = i != NULL, .identity = x->identity,
		.cause = x->can_send && i ? "" : x->cause,
		.ike_suite = i ? i->suite : "", .version = i ? i->version : 0, .ike_id = i ? i->id : 0,
		.ike_spi = i ? i->spi_initiator : 0, .is_initiator = i && i->is_initiator,
		.remote_port = x->remote_port, .failures = x->failures, .pairs = x->pair_count, .ikes = x->ike_count,
		.cause_rank = x->cause_rank, .failed_at = x->failed_at,
		.since = x->since, .up_since = x->up_since,
	};
}

bool sessions_view(const struct sessions *s, uint32_t after_id, struct session_view *out)
{
	const struct session *x = session_next(s, after_id);

	if (x)
		fill(x, out);
	return x != NULL;
}

bool sessions_view_of_ike(const struct sessions *s, uint32_t ike_id, struct session_view *out)
{
	const struct session *x = session_index_find(&s->by_ike, ike_id);

	if (x)
		fill(x, out);
	return x != NULL;
}

bool sessions_view_of(const struct sessions *s, uint32_t tunnel, const struct endpoint *remote, struct session_view *out)
{
	const struct session_tunnel *t = session_tunnel_of(s, tunnel);
	const struct session *x;
	struct session_key k;

	if (!t || t->protection == 0)
		return false;
	k = session_key_for(t, remote);
	x = session_of_key(s, &k);
	if (x)
		fill(x, out);
	return x != NULL;
}
