#include "engine/entitled.h"

#include <string.h>

bool entitled_is(const struct overlay *o, const struct config_nhrp_identity *line)
{
	const struct engine *const e = overlay_engine(o);

	if (!e->in_identity)
		return false;
	return e->options.identity_matches ? e->options.identity_matches(line, e->in_identity) :
					     strcmp(line->name, e->in_identity) == 0;
}

enum given { TO_HIM, TO_ANOTHER, HE_HAS_OTHERS, TO_NOBODY };

/* Addresses that the configuration gives to an identity are for it alone, and it may have no others. */
static enum given given_by_configuration(const struct overlay *o, const struct ipaddr *addr)
{
	enum given answer = TO_NOBODY;

	for (size_t i = 0; i < o->cfg->identity_count; i++) {
		const bool his = entitled_is(o, &o->cfg->identities[i]);
		const bool there = ipprefix_contains(&o->cfg->identities[i].overlay, addr);

		if (his && there)
			return TO_HIM;
		if (there)
			answer = TO_ANOTHER;
		else if (his && answer == TO_NOBODY)
			answer = HE_HAS_OTHERS;
	}
	return answer;
}

static const char *certificate_denies(const struct overlay *o, const struct ipaddr *addr)
{
	const struct engine *const e = overlay_engine(o);

	if (!e->in_identity)
		return "IPsec has not authenticated it by a certificate";
	for (size_t i = 0; i < e->in_certified_count; i++)
		if (ipaddr_eq(&e->in_certified[i], addr))
			return NULL;
	return e->in_certified_count > 0 ? "its certificate names other addresses" : "no certificate of it names an address";
}

const char *entitled_denies(const struct overlay *o, const struct ipaddr *addr)
{
	switch (given_by_configuration(o, addr)) {
	case TO_HIM:
		return NULL;
	case TO_ANOTHER:
		return "the configuration gives the address to another identity";
	case HE_HAS_OTHERS:
		return "the configuration gives other addresses to that identity";
	case TO_NOBODY:
		break;
	}
	return o->cfg->identity_certificate ? certificate_denies(o, addr) : NULL;
}
