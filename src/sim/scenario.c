#include "sim/scenario.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void set_defaults(struct scenario *s)
{
	*s = (struct scenario){
		.design = 2,
		.phase = 3,
		.hubs = 2,
		.spokes = 4,
		.uplinks = 1,
		.all_routes = true,
		.length = span_s(120),
		.delay_least = span_ms(5),
		.delay_most = span_ms(30),
		.slow = span_ms(1500),
		.ike = span_ms(150),
		.holdtime_s = 60,
		.registration_s = 20,
		.pairs = 4,
		.traffic = span_ms(500),
		.converge = span_s(60),
		.check = span_s(1),
		.grown = INSTANT_NEVER,
		.storm_per_s = 200,
		.paths_lost_max = 1000000,
		.direct_lost_max = 1000000,
	};
}

static bool read_number(const char **text, uint64_t most, uint64_t *out)
{
	char *end;
	unsigned long long v;

	if (!isdigit((unsigned char)**text))
		return false;
	v = strtoull(*text, &end, 10);
	if (end == *text || v > most)
		return false;
	*text = end;
	*out = v;
	return true;
}

static bool take_number(const char *value, uint64_t least, uint64_t most, uint64_t *out)
{
	return read_number(&value, most, out) && *out >= least && *value == '\0';
}

/* "5..60": both ends in milliseconds. */
static bool take_delay(const char *value, struct scenario *s)
{
	uint64_t least, most;

	if (!read_number(&value, 60000, &least) || strncmp(value, "..", 2) != 0)
		return false;
	value += 2;
	if (!take_number(value, least, 60000, &most))
		return false;
	s->delay_least = span_ms((int64_t)least);
	s->delay_most = span_ms((int64_t)most);
	return true;
}

static bool find_kind(const char *name, enum fault_kind *out)
{
	static const char *const names[] = {
#define FAULT_WORD(name, word) word,
		FAULT_KINDS(FAULT_WORD)
#undef FAULT_WORD
	};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (strcmp(name, names[i]) == 0) {
			*out = (enum fault_kind)i;
			return true;
		}
	}
	return false;
}

/* "hub1", "spoke12": the router's number, hubs first. */
static bool find_router(const struct scenario *s, const char *name, size_t *out)
{
	char role[8];
	unsigned number;
	int used = 0;

	if (sscanf(name, "%7[a-z]%5u%n", role, &number, &used) != 2 || name[used] != '\0' || number == 0)
		return false;
	if (strcmp(role, "hub") == 0 && number <= s->hubs)
		*out = number - 1;
	else if (strcmp(role, "spoke") == 0 && number <= s->spokes)
		*out = s->hubs + number - 1;
	else
		return false;
	return true;
}

/* "hub1,spoke3,spoke7", or "hubs", "spokes". Cuts the text up. */
static bool find_set(const struct scenario *s, char *text, struct router_set *out)
{
	const bool hubs = strcmp(text, "hubs") == 0, spokes = strcmp(text, "spokes") == 0;
	char *rest = text;
	size_t router;

	*out = (struct router_set){ 0 };
	for (size_t i = 0; i < s->hubs + s->spokes; i++) {
		if (i < s->hubs ? hubs : spokes)
			router_set_add(out, i);
	}
	while (!hubs && !spokes && rest) {
		if (!find_router(s, strsep(&rest, ","), &router))
			return false;
		router_set_add(out, router);
	}
	return true;
}

static bool take_seconds(const char *text, int64_t *out_us)
{
	uint64_t seconds;

	if (!text || !take_number(text, 0, 86400, &seconds))
		return false;
	*out_us = (int64_t)seconds * 1000000;
	return true;
}

/* "spoke3", or one of its uplinks: "spoke3.2". Cuts the text up. */
static bool take_router(char *who, const struct scenario *s, struct scenario_fault *f)
{
	char *const dot = strchr(who, '.');
	uint64_t uplink;

	f->uplinks = SIZE_MAX;
	if (dot) {
		*dot = '\0';
		if (f->kind != FAULT_ISOLATE || !take_number(dot + 1, 1, s->uplinks, &uplink))
			return false;
		f->uplinks = (size_t)1 << (uplink - 1);
	}
	return find_router(s, who, &f->router);
}

static bool take_victims(char **rest, const struct scenario *s, struct scenario_fault *f)
{
	char *const who = strsep(rest, " ");
	char *whom;

	if (!who)
		return false;
	if (f->kind != FAULT_CUT && f->kind != FAULT_MUTE)
		return take_router(who, s, f);
	whom = strsep(rest, " ");
	return whom && find_set(s, who, &f->from) && find_set(s, whom, &f->to);
}

/* "10": for 10 s; "10 x 64 20": for 10 s, 64 times, every 20 s. */
static bool take_times(char *rest, struct scenario_fault *f)
{
	const char *const lasts = strsep(&rest, " "), *const x = strsep(&rest, " "), *const times = strsep(&rest, " ");
	uint64_t n = 1;

	if (!take_seconds(lasts, &f->lasts.us))
		return false;
	if (x && (strcmp(x, "x") != 0 || !times || !take_number(times, 1, 100000, &n) ||
		  !take_seconds(rest, &f->every.us) || f->every.us <= f->lasts.us))
		return false;
	f->times = (unsigned)n;
	return true;
}

/* "30 crash hub1 10", "30 cut hub1 spoke1,spoke2 10": at 30 s, for 10 s. */
static bool take_fault(const char *value, struct scenario *s)
{
	char copy[512], *kind, *rest = copy;
	struct scenario_fault *f = &s->faults[s->fault_count];

	if (s->fault_count == SCENARIO_FAULTS_MAX)
		return false;
	*f = (struct scenario_fault){ 0 };
	snprintf(copy, sizeof copy, "%s", value);
	if (!take_seconds(strsep(&rest, " "), &f->at.us))
		return false;
	kind = strsep(&rest, " ");
	if (!kind || !find_kind(kind, &f->kind) || !take_victims(&rest, s, f) || !take_times(rest, f))
		return false;
	s->fault_count++;
	return true;
}

/* One line; false when the key is unknown or the value is out of range. */
static bool take_setting(struct scenario *s, const char *key, const char *value)
{
	uint64_t n = 0;

#define NUMBER(name, least, most, assign) \
	if (strcmp(key, name) == 0) { \
		const bool ok = take_number(value, least, most, &n); \
		if (ok) \
			assign; \
		return ok; \
	}
	NUMBER("design", 1, 2, s->design = (unsigned)n)
	NUMBER("phase", 1, 3, s->phase = (unsigned)n)
	NUMBER("hubs", 1, SCENARIO_HUBS_MAX, s->hubs = n)
	NUMBER("spokes", 2, SCENARIO_SPOKES_MAX, s->spokes = n)
	NUMBER("uplinks", 1, SCENARIO_UPLINKS_MAX, s->uplinks = n)
	NUMBER("natted", 0, SCENARIO_SPOKES_MAX, s->natted = n)
	NUMBER("one_network", 0, 1, s->one_network = n)
	NUMBER("keyless", 0, 1, s->keyless = n)
	NUMBER("partners", 0, 1, s->partners = n)
	NUMBER("prefixes", 0, SCENARIO_PREFIXES_MAX, s->prefixes = n)
	NUMBER("nhs_connections", 0, SCENARIO_HUBS_MAX, s->nhs_connections = n)
	NUMBER("nhs_fallback_s", 0, 60, s->nhs_fallback_s = (uint16_t)n)
	NUMBER("protected", 0, 1, s->protected_ = n)
	NUMBER("identities", 0, 1, s->identities = n)
	NUMBER("overlay_v6", 0, 1, s->overlay_v6 = n)
	NUMBER("all_routes", 0, 1, s->all_routes = n)
	NUMBER("storm_per_s", 1, 1000000, s->storm_per_s = (unsigned)n)
	NUMBER("hub_storm_per_s", 1, 1000000, s->hub_storm_per_s = (unsigned)n)
	NUMBER("seconds", 1, 864000, s->length = span_s((int64_t)n))
	NUMBER("loss_percent", 0, 100, s->loss_percent = (unsigned)n)
	NUMBER("duplicate_percent", 0, 100, s->duplicate_percent = (unsigned)n)
	NUMBER("slow_ms", 1, 60000, s->slow = span_ms((int64_t)n))
	NUMBER("reaction_ms", 0, 60000, s->reaction = span_ms((int64_t)n))
	NUMBER("headless_ms", 0, 60000, s->headless = span_ms((int64_t)n))
	NUMBER("route_hold_s", 0, 300, s->route_hold_s = (uint16_t)n)
	NUMBER("ike_ms", 1, 60000, s->ike = span_ms((int64_t)n))
	NUMBER("holdtime_s", 1, 65535, s->holdtime_s = (uint16_t)n)
	NUMBER("registration_s", 1, 65535, s->registration_s = (uint16_t)n)
	NUMBER("hub_bindings_max", 1, 1000000, s->hub_bindings_max = n)
	NUMBER("spoke_bindings_max", 1, 1000000, s->spoke_bindings_max = n)
	NUMBER("pairs", 0, 10000, s->pairs = n)
	NUMBER("traffic_ms", 1, 60000, s->traffic = span_ms((int64_t)n))
	NUMBER("no_unique", 0, 1, s->no_unique = n)
	NUMBER("kernel", 0, 1, s->kernel = n)
	NUMBER("saved", 0, 1, s->saved = n)
	NUMBER("calm_s", 0, 86400, s->calm = span_s((int64_t)n))
	NUMBER("converge_s", 1, 86400, s->converge = span_s((int64_t)n))
	NUMBER("boot_s", 1, 86400, s->boot = span_s((int64_t)n))
	NUMBER("outage_ms", 1, 86400000, s->outage = span_ms((int64_t)n))
	NUMBER("outage_p95_ms", 1, 86400000, s->outage_p95 = span_ms((int64_t)n))
	NUMBER("check_s", 1, 3600, s->check = span_s((int64_t)n))
	NUMBER("grown_s", 1, 864000, s->grown.us = span_s((int64_t)n).us)
	NUMBER("centre", 0, 10000, s->centre = n)
	NUMBER("direct_lost_max", 0, 1000000, s->direct_lost_max = (unsigned)n)
	NUMBER("paths_lost_max", 0, 1000000, s->paths_lost_max = (unsigned)n)
	NUMBER("bfd_ms", 50, 9999, s->bfd_ms = (uint16_t)n)
	NUMBER("bfd_second_max", 1, 10000000, s->bfd_second_max = (unsigned)n)
	NUMBER("bfd_lost_max", 0, 10000000, s->bfd_lost_max = (unsigned)n)
	NUMBER("probe_ms", 0, 10000, s->probe_ms = (uint16_t)n)
	NUMBER("unminded", 0, 1, s->unminded = n)
	NUMBER("random_faults", 0, SCENARIO_FAULTS_MAX, s->random_faults = n)
#undef NUMBER
	if (strcmp(key, "delay_ms") == 0)
		return take_delay(value, s);
	if (strcmp(key, "fault") == 0)
		return take_fault(value, s);
	return false;
}

static char *trim(char *text)
{
	size_t length;

	while (isspace((unsigned char)*text))
		text++;
	length = strlen(text);
	while (length > 0 && isspace((unsigned char)text[length - 1]))
		text[--length] = '\0';
	return text;
}

static bool take_line(struct scenario *s, char *line)
{
	char *value;

	line[strcspn(line, "#")] = '\0';
	line = trim(line);
	if (*line == '\0')
		return true;
	value = strchr(line, '=');
	if (!value)
		return false;
	*value++ = '\0';
	return take_setting(s, trim(line), trim(value));
}

static bool is_coherent(const struct scenario *s, char error[SCENARIO_ERROR_MAX])
{
	for (size_t i = 0; i < s->fault_count; i++) {
		const struct scenario_fault *const f = &s->faults[i];
		const struct instant last = instant_add(f->at, span_us(f->every.us * (f->times - 1)));
		const struct instant healed = instant_add(last, f->kind == FAULT_JUMP ? span_us(0) : f->lasts);

		if (instant_add(healed, s->converge).us > s->length.us) {
			snprintf(error, SCENARIO_ERROR_MAX,
				 "seconds must leave converge_s after the end of the last fault");
			return false;
		}
	}
	if (s->phase == 1 && s->design != 1) {
		snprintf(error, SCENARIO_ERROR_MAX, "phase 1 needs design 1");
		return false;
	}
	if (s->identities && !s->protected_) {
		snprintf(error, SCENARIO_ERROR_MAX, "identities need protected");
		return false;
	}
	if ((s->partners && (s->design != 1 || s->phase != 3)) || (s->nhs_connections > 0 && s->design != 2)) {
		snprintf(error, SCENARIO_ERROR_MAX, "partners need design 1 and phase 3, nhs_connections design 2");
		return false;
	}
	if (s->prefixes * s->spokes > SCENARIO_PREFIXES_ALL) {
		snprintf(error, SCENARIO_ERROR_MAX, "more than %d prefixes", SCENARIO_PREFIXES_ALL);
		return false;
	}
	if (s->natted > s->spokes) {
		snprintf(error, SCENARIO_ERROR_MAX, "more spokes are natted than there are");
		return false;
	}
	if (s->random_faults + s->fault_count > SCENARIO_FAULTS_MAX) {
		snprintf(error, SCENARIO_ERROR_MAX, "more than %d faults", SCENARIO_FAULTS_MAX);
		return false;
	}
	if (s->converge.us > s->length.us / (s->random_faults > 0 ? 2 : 1)) {
		snprintf(error, SCENARIO_ERROR_MAX, "converge_s does not fit into seconds (half of it with random_faults)");
		return false;
	}
	return true;
}

/* Whole and printable; cuts the line end off. */
static bool is_text(char *line, bool at_end)
{
	char *end = strchr(line, '\n');

	if (!end && !at_end)
		return false;
	line[strcspn(line, "\r\n")] = '\0';
	for (const char *p = line; *p; p++) {
		if (*p != '\t' && !isprint((unsigned char)*p))
			return false;
	}
	return true;
}

bool scenario_read(FILE *in, struct scenario *out, char error[SCENARIO_ERROR_MAX])
{
	char line[512], copy[512];

	set_defaults(out);
	for (unsigned number = 1; fgets(line, sizeof line, in); number++) {
		if (!is_text(line, feof(in))) {
			snprintf(error, SCENARIO_ERROR_MAX, "line %u is too long or not text", number);
			return false;
		}
		snprintf(copy, sizeof copy, "%s", line);
		if (!take_line(out, line)) {
			snprintf(error, SCENARIO_ERROR_MAX, "line %u is not understood: %.120s", number, trim(copy));
			return false;
		}
	}
	if (ferror(in)) {
		snprintf(error, SCENARIO_ERROR_MAX, "%s", strerror(errno));
		return false;
	}
	if (out->hub_storm_per_s == 0)
		out->hub_storm_per_s = out->storm_per_s;
	return is_coherent(out, error);
}
