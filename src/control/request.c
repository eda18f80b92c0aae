#include "control/request.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { WORDS_MAX = 5 };

struct words {
	size_t count;
	char *word[WORDS_MAX];
	char text[CONTROL_LINE_MAX + 1];
};

static const char *split(const char *line, size_t length, struct words *w)
{
	char *rest = NULL, *word;

	if (length > CONTROL_LINE_MAX)
		return "the request is too long";
	for (size_t i = 0; i < length; i++) {
		if ((unsigned char)line[i] < 0x20 || (unsigned char)line[i] > 0x7e)
			return "the request is not plain text";
	}
	memcpy(w->text, line, length);
	w->text[length] = '\0';
	w->count = 0;
	for (word = strtok_r(w->text, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		if (w->count == WORDS_MAX)
			return "the request has too many words";
		w->word[w->count++] = word;
	}
	return w->count > 0 ? NULL : "the request is empty";
}

static const char *parse_show(const struct words *w, struct control_request *out)
{
	static const char *const subjects[] = { "dmvpn", "nhrp", "nhs", "tunnels", "events", "counters", "ipsec", "bfd", "track", "sla" };

	out->verb = CONTROL_SHOW;
	out->json = w->count == 3 && strcmp(w->word[2], "json") == 0;
	if (w->count < 2 || w->count > 3 || (w->count == 3 && !out->json))
		return "show needs a subject: dmvpn, nhrp, nhs, tunnels, ipsec, bfd, track, sla, events or counters";
	for (unsigned i = 0; i < sizeof subjects / sizeof subjects[0]; i++) {
		if (strcmp(w->word[1], subjects[i]) == 0) {
			out->subject = (enum show_subject)i;
			return NULL;
		}
	}
	return "there is nothing of that name to show";
}

static bool parse_tunnel(const char *text, uint32_t *number)
{
	const char *digits = text + strlen("tunnel");
	unsigned long value;
	char *end;

	if (strncasecmp(text, "tunnel", strlen("tunnel")) != 0 || digits[0] < '0' || digits[0] > '9' ||
	    strlen(digits) > 10)
		return false;
	value = strtoul(digits, &end, 10);
	*number = (uint32_t)value;
	return *end == '\0' && value <= UINT32_MAX;
}

static const char *parse_clear(const struct words *w, struct control_request *out)
{
	out->verb = CONTROL_CLEAR;
	if (w->count < 2 || w->count > 4 || strcmp(w->word[1], "nhrp") != 0)
		return "clear takes: nhrp [TunnelN [ADDRESS]]";
	out->has_tunnel = w->count > 2;
	if (out->has_tunnel && !parse_tunnel(w->word[2], &out->tunnel))
		return "that is no tunnel's name";
	if (w->count == 4 && !ipaddr_parse(w->word[3], &out->addr))
		return "that is no address";
	return NULL;
}

static const char *parse_explain(const struct words *w, struct control_request *out)
{
	size_t at = 1;

	out->verb = CONTROL_EXPLAIN;
	if (at < w->count && strcmp(w->word[at], "json") == 0) {
		out->json = true;
		at++;
	}
	if (at < w->count && !ipaddr_parse(w->word[at++], &out->addr))
		return "explain takes a peer's tunnel address or its address outside";
	return at == w->count ? NULL : "explain takes: [json] [ADDRESS]";
}

/* For tests: what is inside ESP cannot be dropped anywhere else. */
static const char *parse_drop_nhrp(const struct words *w, struct control_request *out)
{
	const char *which = w->count == 2 ? w->word[1] : "";

	out->verb = CONTROL_DROP_NHRP;
	out->drop_in = strcmp(which, "in") == 0 || strcmp(which, "both") == 0;
	out->drop_out = strcmp(which, "out") == 0 || strcmp(which, "both") == 0;
	return out->drop_in || out->drop_out || strcmp(which, "none") == 0 ? NULL : "drop-nhrp takes: in, out, both or none";
}

const char *control_request_parse(const char *line, size_t length, struct control_request *out)
{
	struct words w;
	const char *fault = split(line, length, &w);

	if (fault)
		return fault;
	*out = (struct control_request){ 0 };
	if (strcmp(w.word[0], "show") == 0)
		return parse_show(&w, out);
	if (strcmp(w.word[0], "clear") == 0)
		return parse_clear(&w, out);
	if (strcmp(w.word[0], "explain") == 0)
		return parse_explain(&w, out);
	if (strcmp(w.word[0], "drop-nhrp") == 0)
		return parse_drop_nhrp(&w, out);
	if (strcmp(w.word[0], "reload") != 0)
		return "the request is not known here";
	out->verb = CONTROL_RELOAD;
	return w.count == 1 ? NULL : "reload takes nothing more";
}
