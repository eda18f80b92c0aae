#include "sim/scenario.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static void set_defaults(struct scenario *s)
{
	*s = (struct scenario){
		.phase = 3,
		.hubs = 2,
		.spokes = 4,
		.length = span_s(120),
		.delay_least = span_ms(5),
		.delay_most = span_ms(30),
		.holdtime_s = 60,
		.registration_s = 20,
		.pairs = 4,
		.traffic = span_ms(500),
		.converge = span_s(60),
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
		[FAULT_ISOLATE] = "isolate", [FAULT_CRASH] = "crash", [FAULT_STOP] = "stop",
		[FAULT_MOVE] = "move",
	};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (strcmp(name, names[i]) == 0) {
			*out = (enum fault_kind)i;
			return true;
		}
	}
	return false;
}

/* "30 crash hub1 10": at 30 s, for 10 s. */
static bool take_fault(const char *value, struct scenario *s)
{
	char kind[12], role[8];
	unsigned at, number, lasts;
	struct scenario_fault *f = &s->faults[s->fault_count];
	int used = 0;

	if (s->fault_count == SCENARIO_FAULTS_MAX)
		return false;
	if (sscanf(value, "%6u %11[a-z] %7[a-z]%4u %6u%n", &at, kind, role, &number, &lasts, &used) != 5 ||
	    value[used] != '\0' || number == 0)
		return false;
	if (!find_kind(kind, &f->kind))
		return false;
	f->at = instant_add(INSTANT_ZERO, span_s(at));
	f->lasts = span_s(lasts);
	if (strcmp(role, "hub") == 0 && number <= s->hubs)
		f->router = number - 1;
	else if (strcmp(role, "spoke") == 0 && number <= s->spokes)
		f->router = s->hubs + number - 1;
	else
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
	NUMBER("phase", 2, 3, s->phase = (unsigned)n)
	NUMBER("hubs", 1, SCENARIO_HUBS_MAX, s->hubs = n)
	NUMBER("spokes", 2, SCENARIO_SPOKES_MAX, s->spokes = n)
	NUMBER("seconds", 1, 86400, s->length = span_s((int64_t)n))
	NUMBER("loss_percent", 0, 100, s->loss_percent = (unsigned)n)
	NUMBER("duplicate_percent", 0, 100, s->duplicate_percent = (unsigned)n)
	NUMBER("holdtime_s", 1, 65535, s->holdtime_s = (uint16_t)n)
	NUMBER("registration_s", 1, 65535, s->registration_s = (uint16_t)n)
	NUMBER("pairs", 0, 1000, s->pairs = n)
	NUMBER("traffic_ms", 1, 60000, s->traffic = span_ms((int64_t)n))
	NUMBER("no_unique", 0, 1, s->no_unique = n)
	NUMBER("calm_s", 0, 86400, s->calm = span_s((int64_t)n))
	NUMBER("converge_s", 1, 86400, s->converge = span_s((int64_t)n))
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
		const struct instant healed = instant_add(s->faults[i].at, s->faults[i].lasts);

		if (instant_add(healed, s->converge).us > s->length.us) {
			snprintf(error, SCENARIO_ERROR_MAX,
				 "seconds must leave converge_s after the end of the last fault");
			return false;
		}
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

bool scenario_read(FILE *in, struct scenario *out, char error[SCENARIO_ERROR_MAX])
{
	char line[256], copy[256];

	set_defaults(out);
	for (unsigned number = 1; fgets(line, sizeof line, in); number++) {
		snprintf(copy, sizeof copy, "%s", line);
		if (!take_line(out, line)) {
			snprintf(error, SCENARIO_ERROR_MAX, "line %u is not understood: %.120s", number, trim(copy));
			return false;
		}
	}
	return is_coherent(out, error);
}
