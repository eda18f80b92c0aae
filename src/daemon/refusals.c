#include "daemon/refusals.h"

#include <stdio.h>
#include <string.h>

enum { KEPT_S = 600 };

_Static_assert(IKE_CAUSE_COUNT <= 64, "a cause has a bit in causes_said");

static struct refusal_caller *caller_of(struct refusals *r, uint32_t ike_id)
{
	for (size_t i = 0; ike_id != 0 && i < REFUSAL_CALLERS_MAX; i++)
		if (r->callers[i].ike_id == ike_id)
			return &r->callers[i];
	return NULL;
}

/* "198.51.100.6 is initiating an IKE_SA" */
static bool read_caller(const char *msg, struct ipaddr *peer)
{
	const char *end = strstr(msg, " is initiating a");
	char text[IPADDR_TEXT_MAX];

	if (!end || (size_t)(end - msg) >= sizeof text)
		return false;
	snprintf(text, sizeof text, "%.*s", (int)(end - msg), msg);
	return ipaddr_parse(text, peer);
}

/* "looking for peer configs matching 192.0.2.2[%any]...198.51.100.6[spoke1]" */
static void read_claims(const char *msg, char claims[REFUSAL_CLAIMS_MAX])
{
	const char *far = strncmp(msg, "looking for p", 13) == 0 ? strstr(msg, "...") : NULL;
	const char *open = far ? strchr(far, '[') : NULL, *close = open ? strrchr(open, ']') : NULL;

	if (!close)
		return;
	snprintf(claims, REFUSAL_CLAIMS_MAX, "%.*s", (int)(close - open - 1), open + 1);
	for (char *c = claims; *c; c++) /* it is a stranger's text */
		if ((unsigned char)*c < 0x20 || (unsigned char)*c > 0x7e || *c == '"')
			*c = '?';
}

void refusals_read(struct refusals *r, uint32_t ike_id, const char *msg)
{
	struct refusal_caller *c = caller_of(r, ike_id);
	struct ipaddr peer;

	if (!msg || ike_id == 0)
		return;
	if (c && strstr(msg, " established with SPIs ")) {
		refusals_forget(r, &c->peer);
		return;
	}
	if (c) {
		read_claims(msg, c->claims);
		return;
	}
	if (!read_caller(msg, &peer))
		return;
	c = &r->callers[r->next_caller++ % REFUSAL_CALLERS_MAX];
	*c = (struct refusal_caller){ .ike_id = ike_id, .peer = peer };
}

static struct refusal *find(struct refusals *r, const struct ipaddr *peer)
{
	for (size_t i = 0; i < r->count; i++)
		if (ipaddr_eq(&r->list[i].peer, peer))
			return &r->list[i];
	return NULL;
}

static struct refusal *oldest(struct refusals *r)
{
	struct refusal *o = &r->list[0];

	for (size_t i = 1; i < r->count; i++)
		if (instant_before(r->list[i].last, o->last))
			o = &r->list[i];
	return o;
}

static struct refusal *make(struct refusals *r, struct instant now, const struct ipaddr *peer)
{
	struct refusal *x = r->count < REFUSALS_MAX ? &r->list[r->count++] : oldest(r);

	*x = (struct refusal){ .peer = *peer, .first = now, .said = INSTANT_NEVER };
	return x;
}

static bool is_old(struct instant since, struct instant now)
{
	return instant_since(now, since).us >= span_s(KEPT_S).us;
}

const struct refusal *refusals_note(struct refusals *r, struct instant now, uint32_t ike_id, enum ike_cause cause,
				    bool *say)
{
	const struct refusal_caller *c = caller_of(r, ike_id);
	struct refusal *x;

	*say = false;
	if (!c || cause < IKE_CAUSE_HALF_OPEN || cause == IKE_CAUSE_NO_ANSWER_4500 ||
	    cause == IKE_CAUSE_AUTH_BY_PEER)
		return NULL; /* of an SA's upkeep: nobody was refused */
	x = find(r, &c->peer);
	if (!x)
		x = make(r, now, &c->peer);
	if (x->ike_id == ike_id && cause <= x->cause)
		return x;
	if (is_old(x->said, now))
		x->causes_said = 0;
	*say = !(x->causes_said >> cause & 1);
	x->attempts += x->ike_id != ike_id;
	x->ike_id = ike_id;
	x->cause = cause;
	x->last = now;
	if (*say)
		x->said = now;
	x->causes_said |= UINT64_C(1) << cause;
	if (c->claims[0])
		snprintf(x->claims, sizeof x->claims, "%s", c->claims);
	return x;
}

void refusals_forget(struct refusals *r, const struct ipaddr *peer)
{
	struct refusal *x = find(r, peer);

	if (x)
		*x = r->list[--r->count];
}

const struct refusal *refusals_at(const struct refusals *r, struct instant now, size_t i)
{
	for (size_t k = 0; k < r->count; k++)
		if (!is_old(r->list[k].last, now) && i-- == 0)
			return &r->list[k];
	return NULL;
}
