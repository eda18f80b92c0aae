/* The findings are made first, as values, then printed in one of two forms. */
#include "control/explain.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "control/json_values.h"
#include "control/words.h"

enum { EVIDENCE_MAX = 320, EVENT_FRESH_S = 600 };

struct finding {
	const char *kind;   /* "tunnel", "nhs", "peer", "session", "caller", "event" */
	const char *tunnel; /* NULL: of none */
	struct ipaddr address, nbma;
	const char *cause, *text, *remedy;
	char evidence[EVIDENCE_MAX];
	int64_t seen_s;     /* how long ago; -1: nobody knows */
};

struct findings {
	const struct view *view;
	const struct ipaddr *peer;
	size_t count, known; /* known: things about the peer, up or not */
	struct finding *list;
};

/* ---- NHRP's causes: what the engine or an NHS said, and what follows from it ---- */

struct cause {
	const char *part; /* of the reason; NULL ends the table */
	bool of_nhs;      /* else of a resolution or a peer */
	const char *cause, *remedy;
};

static const struct cause causes[] = {
	{ "no answer", true, "nhrp-no-answer",
	  "see that the NHS runs, and that tunnel key, tunnel protection and ip nhrp authentication are alike on both ends" },
	{ "no answer", false, "nhrp-no-resolution",
	  "run explain on the router that serves this address: its session with this one may be down" },
	{ "authentication", true, "nhrp-authentication", "make ip nhrp authentication alike on both ends" },
	{ "authentication", false, "nhrp-authentication", "make ip nhrp authentication alike on both ends" },
	{ "administratively prohibited", true, "nhrp-prohibited",
	  "the NHS does not let this router have its tunnel address: see ip address here, ip nhrp identity and the events there" },
	{ "already registered", true, "nhrp-taken",
	  "another router has this tunnel address: change ip address of one, or wait until the other's registration ends" },
	{ "insufficient resources", true, "nhrp-full", "raise ip nhrp cache limits of the NHS, or spread the spokes" },
	{ "NBMA address unknown", true, "nhs-name", "see that the NHS's name resolves" },
	{ "does not resolve", true, "nhs-name", "see that the NHS's name resolves" },
	{ "stops", true, "nhs-stopped", "start dmvpnd on the NHS" },
	{ "path dead", true, "path-dead", "see that the underlay carries packets to the NHS and back: probes through the tunnel are not answered" },
	{ "NHRP dead behind a living tunnel", true, "nhrp-dead",
	  "see that NHRP runs on the NHS: its tunnel carries packets and answers them" },
	{ "NHRP answers, probes do not", true, "probes-filtered",
	  "let the NHS answer ICMP echoes to its tunnel address, or say no ip nhrp probe: only NHRP tells here that it is dead" },
	{ "direct path is dead", false, "direct-path-dead",
	  "traffic goes by the hub; see what keeps packets from going straight to the peer: a firewall or NAT between the two" },
	{ "path dead", false, "path-dead", "see that the underlay carries packets to the peer and back: probes through the tunnel are not answered" },
	{ "path back", true, "nhrp-returning", "wait: it is asked within a second" },
	{ "tunnel down", true, "tunnel-down", "mend the tunnel" },
	{ "tunnel down", false, "tunnel-down", "mend the tunnel" },
	{ "no binding", false, "nhrp-unknown", "nobody has registered this address: see the spoke that should" },
	{ "under way", false, "nhrp-resolving", "wait; traffic goes by the NHS meanwhile" },
	{ NULL, false, "other", "see dmvpn show events, here and on the other end" },
};

static const struct cause *cause_of(const char *reason, bool of_nhs)
{
	const struct cause *c = causes;

	while (c->part && (c->of_nhs != of_nhs || !reason || !strstr(reason, c->part)))
		c++;
	return c;
}

/* Events that tell of somebody else's trouble with this router. */
static const struct { const char *mnemonic, *cause, *text, *remedy; } event_causes[] = {
	{ "NHRP_AUTH_FAILED", "nhrp-authentication", "a peer's NHRP authentication is not ours",
	  "make ip nhrp authentication alike on both ends" },
	{ "NHRP_REGISTRATION_REFUSED", "nhrp-claim", "a peer claims a tunnel address that it may not have",
	  "change the peer's ip address or its certificate, or ip nhrp identity here; or another identity had the address before" },
};

/* ---- making them ---- */

static bool concerns(struct findings *f, const struct ipaddr *address, const struct ipaddr *nbma)
{
	const bool does = ipaddr_is_none(f->peer) || (address && ipaddr_eq(address, f->peer)) ||
			  (nbma && ipaddr_eq(nbma, f->peer));

	f->known += does;
	return does;
}

static struct finding *add(struct findings *f, const char *kind, const char *tunnel, const struct ipaddr *address,
			   const struct ipaddr *nbma)
{
	struct finding *x;

	f->list = alloc_array(f->list, f->count + 1, sizeof *f->list);
	x = &f->list[f->count++];
	*x = (struct finding){ .kind = kind, .tunnel = tunnel, .address = address ? *address : IPADDR_NONE,
			       .nbma = nbma ? *nbma : IPADDR_NONE, .seen_s = -1 };
	return x;
}

static int64_t ago_s(const struct view *v, struct instant when)
{
	return instant_is_never(when) || when.us == 0 ? -1 : span_to_s(instant_since(v->now, when));
}

/* It is down, or lives on what is left of an earlier agreement and does not come to a new one. */
static bool is_broken(const struct view_session *s)
{
	return instant_is_never(s->up_since) || (s->ikes == 0 && s->reason[0]);
}

/* The session that should carry traffic to there and does not. */
static const struct view_session *broken_session(const struct view *v, const struct ipaddr *nbma)
{
	for (size_t i = 0; i < v->session_count && !ipaddr_is_none(nbma); i++)
		if (is_broken(&v->sessions[i]) && ipaddr_eq(&v->sessions[i].peer.addr, nbma))
			return &v->sessions[i];
	return NULL;
}

static void tell_session(const struct view *v, const struct view_session *s, struct finding *x)
{
	char local[IPADDR_TEXT_MAX], peer[IPADDR_TEXT_MAX];

	x->cause = s->cause;
	x->text = s->reason[0] ? s->reason : "no answer to IKE yet";
	x->remedy = s->remedy;
	x->seen_s = ago_s(v, s->failed_at);
	snprintf(x->evidence, sizeof x->evidence, "IPsec from %s to %s is %s, %u attempts failed",
		 ipaddr_format(&s->local, local), ipaddr_format(&s->peer.addr, peer), s->state, s->failures);
}

static void add_tunnels(struct findings *f)
{
	for (size_t i = 0; i < f->view->tunnel_count; i++) {
		const struct view_tunnel *t = &f->view->tunnels[i];
		struct finding *x;

		if (!t->up && concerns(f, NULL, NULL)) {
			x = add(f, "tunnel", t->name, NULL, NULL);
			x->cause = "tunnel-down";
			x->text = t->reason && t->reason[0] ? t->reason : "not up yet";
			x->remedy = "mend what the reason names";
			snprintf(x->evidence, sizeof x->evidence, "the tunnel interface is down");
		}
		if (t->protection && !t->is_protected && t->up && concerns(f, NULL, NULL)) {
			x = add(f, "tunnel", t->name, NULL, NULL);
			x->cause = "protection-off";
			x->text = "the tunnel's protection is not in force: everything goes in the clear";
			x->remedy = "start dmvpnd without --no-ipsec";
			snprintf(x->evidence, sizeof x->evidence, "tunnel protection ipsec profile %s", t->protection);
		}
	}
}

static void add_nhs(struct findings *f)
{
	const struct view *v = f->view;

	for (size_t i = 0; i < v->nhs_count; i++) {
		const struct nhs_view *n = &v->nhs[i];
		const struct view_session *s = broken_session(v, &n->nbma.addr);
		const bool is_filtered = n->status == NHS_VIEW_UP && n->path && strcmp(n->path, "MUTE") == 0;
		const char *reason = is_filtered || (n->path && strcmp(n->path, "ALIVE") == 0 && n->path_remark) ?
					     n->path_remark : n->reason;
		const struct cause *c = cause_of(reason, true);
		struct finding *x;

		if (!concerns(f, &n->addr, &n->nbma.addr) || (n->status == NHS_VIEW_UP && !is_filtered) || n->standby)
			continue;
		x = add(f, "nhs", tunnel_name(v, n->tunnel), &n->addr, &n->nbma.addr);
		if (s) {
			tell_session(v, s, x);
			continue;
		}
		x->cause = c->cause;
		x->text = reason ? reason : "not up yet";
		x->remedy = c->remedy;
		x->seen_s = ago_s(v, n->last_reply);
		snprintf(x->evidence, sizeof x->evidence, "%" PRIu64 " registrations sent, %" PRIu64 " failed, %" PRIu64
			 " replies%s", n->requests_sent, n->requests_failed, n->replies_received,
			 x->seen_s < 0 ? "" : "; seen: the last reply");
	}
}

static bool is_told_nhs(const struct findings *f, const struct binding_view *b)
{
	for (size_t i = 0; i < f->count; i++)
		if (strcmp(f->list[i].kind, "nhs") == 0 && ipaddr_eq(&f->list[i].address, &b->via))
			return true;
	return false;
}

static void add_peers(struct findings *f)
{
	const struct view *v = f->view;

	for (size_t i = 0; i < v->binding_count; i++) {
		const struct binding_view *b = &v->bindings[i];
		const bool asks = b->kind == BINDING_INCOMPLETE || b->kind == BINDING_NEGATIVE;
		const struct view_session *s = asks ? NULL : broken_session(v, &b->nbma.addr);
		const struct cause *c = cause_of(b->reason, false);
		char leans[IPADDR_TEXT_MAX];
		struct finding *x;

		if (b->kind == BINDING_LOCAL || !concerns(f, &b->via, &b->nbma.addr) || b->state == BINDING_STATE_UP ||
		    b->standby || is_told_nhs(f, b))
			continue;
		x = add(f, "peer", tunnel_name(v, b->tunnel), ipaddr_is_none(&b->via) ? &b->dst.addr : &b->via, &b->nbma.addr);
		if (s) {
			tell_session(v, s, x);
			continue;
		}
		x->cause = c->cause;
		x->text = b->reason ? b->reason : "not up yet";
		x->remedy = c->remedy;
		x->seen_s = ago_s(v, b->created);
		snprintf(x->evidence, sizeof x->evidence, "%s entry%s%s", word_of_kind(b->kind),
			 ipaddr_is_none(&b->leans_on) ? "" : ", traffic goes by ",
			 ipaddr_is_none(&b->leans_on) ? "" : ipaddr_format(&b->leans_on, leans));
	}
}

static bool is_told_nbma(const struct findings *f, const struct ipaddr *nbma)
{
	for (size_t i = 0; i < f->count; i++)
		if (ipaddr_eq(&f->list[i].nbma, nbma))
			return true;
	return false;
}

/* Those that no entry stands for, as when only an answer was to be sent. */
static void add_sessions(struct findings *f)
{
	for (size_t i = 0; i < f->view->session_count; i++) {
		const struct view_session *s = &f->view->sessions[i];

		if (!concerns(f, NULL, &s->peer.addr) || !is_broken(s) || is_told_nbma(f, &s->peer.addr))
			continue;
		tell_session(f->view, s, add(f, "session", NULL, NULL, &s->peer.addr));
	}
}

static void add_refused(struct findings *f)
{
	for (size_t i = 0; i < f->view->refused_count; i++) {
		const struct view_refused *r = &f->view->refused[i];
		struct finding *x;

		if (!concerns(f, NULL, &r->peer) || is_told_nbma(f, &r->peer))
			continue;
		x = add(f, "caller", NULL, NULL, &r->peer);
		x->cause = r->cause;
		x->text = r->reason;
		x->remedy = r->remedy;
		x->seen_s = ago_s(f->view, r->last);
		snprintf(x->evidence, sizeof x->evidence, "called by IKE %u times, shows identity %s", r->attempts,
			 r->claims[0] ? r->claims : "(none yet)");
	}
}

static bool is_told_event(const struct findings *f, const char *text)
{
	for (size_t i = 0; i < f->count; i++)
		if (strcmp(f->list[i].evidence, text) == 0)
			return true;
	return false;
}

/* An event's text is key=value: the address that follows `key`. */
static struct ipaddr address_in(const char *text, const char *key)
{
	const char *at = strstr(text, key);
	struct ipaddr a = IPADDR_NONE;
	char word[IPADDR_TEXT_MAX];

	if (at && sscanf(at + strlen(key), "%45[0-9a-fA-F:.]", word) == 1 && !ipaddr_parse(word, &a))
		a = IPADDR_NONE;
	return a;
}

static void add_event(struct findings *f, const struct view_event *e)
{
	for (size_t i = 0; i < sizeof event_causes / sizeof event_causes[0]; i++) {
		const struct ipaddr address = address_in(e->text, " address="), nbma = address_in(e->text, " nbma=");
		struct finding *x;

		if (strcmp(e->mnemonic, event_causes[i].mnemonic) != 0 || !concerns(f, &address, &nbma) ||
		    is_told_event(f, e->text))
			continue;
		x = add(f, "event", NULL, &address, &nbma);
		x->cause = event_causes[i].cause;
		x->text = event_causes[i].text;
		x->remedy = event_causes[i].remedy;
		x->seen_s = (f->view->unix_us - e->unix_us) / 1000000;
		snprintf(x->evidence, sizeof x->evidence, "%s", e->text);
	}
}

/* The latest first, so that of equal ones the latest is told. */
static void add_events(struct findings *f)
{
	for (size_t i = f->view->event_count; i-- > 0;) {
		const struct view_event *e = &f->view->events[i];

		if (f->view->unix_us - e->unix_us > (int64_t)EVENT_FRESH_S * 1000000)
			return;
		add_event(f, e);
	}
}

static struct findings find(const struct view *v, const struct ipaddr *peer)
{
	struct findings f = { .view = v, .peer = peer };

	add_tunnels(&f);
	add_nhs(&f);
	add_peers(&f);
	add_sessions(&f);
	add_refused(&f);
	add_events(&f);
	return f;
}

/* ---- printing them ---- */

static void print_address(FILE *f, const char *before, const struct ipaddr *a)
{
	char text[IPADDR_TEXT_MAX];

	if (!ipaddr_is_none(a))
		fprintf(f, "%s%s", before, ipaddr_format(a, text));
}

static void print_finding(FILE *f, const struct finding *x)
{
	char when[UPTIME_TEXT_MAX];

	fputs(x->kind, f);
	print_address(f, " ", &x->address);
	print_address(f, " at ", &x->nbma);
	if (x->tunnel)
		fprintf(f, "%s%s", strcmp(x->kind, "tunnel") == 0 ? " " : " in ", x->tunnel);
	fprintf(f, "\n  cause:    %s\n  evidence: %s", x->text, x->evidence);
	if (x->seen_s >= 0)
		fprintf(f, ", %s ago", uptime_text(span_s(x->seen_s), when));
	fprintf(f, "\n  remedy:   %s\n", x->remedy);
}

char *explain_text(const struct view *v, const struct ipaddr *peer)
{
	struct findings found = find(v, peer);
	char *text = NULL, address[IPADDR_TEXT_MAX];
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	if (!f) {
		free(found.list);
		return NULL;
	}
	for (size_t i = 0; i < found.count; i++)
		print_finding(f, &found.list[i]);
	if (found.count == 0 && ipaddr_is_none(peer))
		fputs("everything is up\n", f);
	else if (found.count == 0)
		fprintf(f, found.known ? "%s is up\n" : "%s is not known here: no NHS, no NHRP entry, no session\n",
			ipaddr_format(peer, address));
	free(found.list);
	return fclose(f) == 0 ? text : NULL;
}

static json_t *finding_json(const struct finding *x)
{
	json_t *o = json_object();

	json_object_set_new(o, "kind", json_string(x->kind));
	json_object_set_new(o, "tunnel", x->tunnel ? json_string(x->tunnel) : json_null());
	json_object_set_new(o, "address", addr_json(&x->address));
	json_object_set_new(o, "nbma", addr_json(&x->nbma));
	json_object_set_new(o, "cause", json_string(x->cause));
	json_object_set_new(o, "text", json_string(x->text));
	json_object_set_new(o, "evidence", json_string(x->evidence));
	json_object_set_new(o, "seen_s", x->seen_s < 0 ? json_null() : json_integer(x->seen_s));
	json_object_set_new(o, "remedy", json_string(x->remedy));
	return o;
}

char *explain_json(const struct view *v, const struct ipaddr *peer)
{
	struct findings found = find(v, peer);
	json_t *o = json_object(), *list = json_array();
	char *text, *line = NULL;

	for (size_t i = 0; i < found.count; i++)
		json_array_append_new(list, finding_json(&found.list[i]));
	json_object_set_new(o, "schema", json_integer(1));
	json_object_set_new(o, "router", json_string(v->router));
	json_object_set_new(o, "peer", addr_json(peer));
	json_object_set_new(o, "known", json_boolean(ipaddr_is_none(peer) || found.known > 0));
	json_object_set_new(o, "findings", list);
	text = json_dumps(o, JSON_INDENT(1));
	json_decref(o);
	free(found.list);
	if (text && asprintf(&line, "%s\n", text) < 0)
		line = NULL;
	free(text);
	return line;
}
