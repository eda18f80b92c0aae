#include "engine/auth.h"

#include <string.h>

#include "engine/error.h"
#include "engine/output.h"

enum { AUTH_TRACES = 5, AUTH_TRACE_S = 60 /* at most so many reports in that time */ };

static const struct nhrp_extension *only_one(const struct nhrp_message *m)
{
	const struct nhrp_extension *found = NULL;

	for (size_t i = 0; i < m->extension_count; i++) {
		if (m->extensions[i].type != NHRP_EXT_AUTHENTICATION)
			continue;
		if (found)
			return NULL; /* two of them: neither is to be trusted */
		found = &m->extensions[i];
	}
	return found;
}

/* Whole length always compared, so that time tells nothing about the secret. */
static bool matches(const struct overlay *o, const struct nhrp_extension *x)
{
	uint8_t difference = 0;

	if (x->length != o->authentication_len)
		return false;
	for (size_t i = 0; i < x->length; i++)
		difference |= (uint8_t)(x->value[i] ^ o->authentication[i]);
	return difference == 0;
}

static bool may_trace(struct overlay *o)
{
	const struct instant now = overlay_engine(o)->now;

	if (o->auth_traces_in_window == 0 || instant_since(now, o->auth_window).us >= span_s(AUTH_TRACE_S).us) {
		o->auth_window = now;
		o->auth_traces_in_window = 0;
		memset(o->auth_told, 0, sizeof o->auth_told);
	}
	return o->auth_traces_in_window < AUTH_TRACES;
}

/* Once per peer in that time. */
static void report(struct overlay *o, const struct endpoint *from, const struct nhrp_message *m, bool missing)
{
	char nbma[IPADDR_TEXT_MAX], proto[IPADDR_TEXT_MAX];

	if (!may_trace(o))
		return;
	for (size_t i = 0; i < o->auth_traces_in_window; i++)
		if (ipaddr_eq(&o->auth_told[i], &from->addr))
			return;
	o->auth_told[o->auth_traces_in_window++] = from->addr;
	trace(overlay_engine(o), o->tunnel->settings.number, TRACE_ERROR, "NHRP_AUTH_FAILED",
	      "tunnel=Tunnel%u nbma=%s address=%s message=\"%s\" reason=\"%s\"", o->tunnel->settings.number,
	      ipaddr_format(&from->addr, nbma), ipaddr_format(&m->src_proto, proto), nhrp_type_name(m->type),
	      missing ? "peer sends no authentication" : "authentication string differs from ours");
}

bool auth_check(struct overlay *o, const struct endpoint *from, const struct nhrp_message *m)
{
	const struct nhrp_extension *const x = only_one(m);

	/* Errors carry no extensions at all; without a secret of our own anyone is welcome. */
	if (o->authentication_len == 0 || m->type == NHRP_ERROR_INDICATION)
		return true;
	if (x && matches(o, x))
		return true;
	count(overlay_engine(o), ENGINE_COUNT_DROP_AUTHENTICATION);
	report(o, from, m, x == NULL);
	error_send(o, from, m, NHRP_ERROR_AUTH_FAILURE, 0);
	return false;
}
