#include "control/words.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *word_of_state(enum binding_state s)
{
	switch (s) {
	case BINDING_STATE_INTF: return "INTF";
	case BINDING_STATE_IKE: return "IKE";
	case BINDING_STATE_IPSEC: return "IPSEC";
	case BINDING_STATE_NHRP: return "NHRP";
	case BINDING_STATE_UP: return "UP";
	}
	return "?";
}

const char *word_of_kind(enum binding_kind k)
{
	switch (k) {
	case BINDING_STATIC:
	case BINDING_NHS: return "static";
	case BINDING_REGISTERED:
	case BINDING_CACHED: return "dynamic";
	case BINDING_LOCAL: return "local";
	case BINDING_INCOMPLETE: return "incomplete";
	case BINDING_NEGATIVE: return "negative";
	}
	return "?";
}

const char *word_of_role(enum tunnel_role r)
{
	switch (r) {
	case TUNNEL_ROLE_UNKNOWN: return "Unknown";
	case TUNNEL_ROLE_SPOKE: return "Spoke";
	case TUNNEL_ROLE_HUB: return "Hub";
	case TUNNEL_ROLE_HUB_SPOKE: return "Hub/Spoke";
	}
	return "?";
}

const char *word_of_nhs(enum nhs_status s)
{
	switch (s) {
	case NHS_VIEW_DOWN: return "DOWN";
	case NHS_VIEW_PROBE: return "PROBE";
	case NHS_VIEW_UP: return "UP";
	}
	return "?";
}

static const char *kind_letter(enum binding_kind k)
{
	switch (k) {
	case BINDING_STATIC:
	case BINDING_NHS: return "S";
	case BINDING_REGISTERED:
	case BINDING_CACHED: return "D";
	case BINDING_LOCAL: return "DL";
	case BINDING_INCOMPLETE: return "I";
	case BINDING_NEGATIVE: return "IX";
	}
	return "?";
}

const char *attributes_of(const struct binding_view *b, char out[ATTRIBUTES_TEXT_MAX])
{
	bool temporary = b->temporary && b->kind == BINDING_INCOMPLETE;

	snprintf(out, ATTRIBUTES_TEXT_MAX, "%s%s%s%s%s", kind_letter(b->kind), temporary ? "2" : "",
		 ipaddr_is_none(&b->claimed_nbma) ? "" : "N", b->rib && !b->nho ? "T1" : "", b->nho ? "T2" : "");
	return out;
}

size_t flags_of(const struct binding_view *b, const char *out[FLAGS_MAX])
{
	const struct { bool set; const char *word; } all[] = {
		{ b->authoritative, "authoritative" }, { b->unique, "unique" }, { b->implicit, "implicit" },
		{ b->nat, "nat" }, { b->restored, "restored" }, { b->router, "router" }, { b->used, "used" }, { b->nhop, "nhop" },
		{ b->rib, "rib" }, { b->nho, "nho" }, { b->kind == BINDING_NEGATIVE, "negative" },
	};
	size_t n = 0;

	for (size_t i = 0; i < sizeof all / sizeof all[0] && n < FLAGS_MAX; i++) {
		if (all[i].set)
			out[n++] = all[i].word;
	}
	return n;
}

const char *uptime_text(struct span s, char out[UPTIME_TEXT_MAX])
{
	int64_t t = s.us < 0 ? 0 : span_to_s(s), hours = t / 3600, days = hours / 24, weeks = days / 7;

	if (days == 0)
		snprintf(out, UPTIME_TEXT_MAX, "%02d:%02d:%02d", (int)hours, (int)(t / 60 % 60), (int)(t % 60));
	else if (weeks == 0)
		snprintf(out, UPTIME_TEXT_MAX, "%dd%02dh", (int)days, (int)(hours % 24));
	else if (days < 365)
		snprintf(out, UPTIME_TEXT_MAX, "%dw%dd", (int)weeks, (int)(days % 7));
	else
		snprintf(out, UPTIME_TEXT_MAX, "%" PRId64 "y%dw", days / 365, (int)(days % 365 / 7));
	return out;
}

const char *tunnel_name(const struct view *v, uint32_t number)
{
	for (size_t i = 0; i < v->tunnel_count; i++) {
		if (v->tunnels[i].number == number)
			return v->tunnels[i].name;
	}
	return "-";
}
