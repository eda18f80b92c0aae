#include "control/show_track.h"

#include <inttypes.h>

#include "control/json_values.h"
#include "control/words.h"

static double ms(struct span s)
{
	return (double)s.us / 1000.0;
}

void show_track_text(FILE *f, const struct view *v)
{
	for (size_t i = 0; i < v->track_count; i++) {
		const struct view_track *const t = &v->tracks[i];
		char when[UPTIME_TEXT_MAX];

		fprintf(f, "Track %" PRIu32 "\n  %s\n  State is %s (%s)\n", t->number, t->what, t->up ? "Up" : "Down", t->why);
		fprintf(f, "    %" PRIu64 " changes, last change %s\n", t->changes, uptime_text(t->since, when));
		if (t->up_delay_s || t->down_delay_s)
			fprintf(f, "  Delay up %u secs, down %u secs\n", t->up_delay_s, t->down_delay_s);
		if (t->routes)
			fprintf(f, "  Tracked by:\n    STATIC-IP-ROUTING (%zu)\n", t->routes);
	}
}

void show_sla_text(FILE *f, const struct view *v)
{
	for (size_t i = 0; i < v->sla_count; i++) {
		const struct view_sla *const s = &v->slas[i];
		char target[IPADDR_TEXT_MAX];

		fprintf(f, "IPSLA operation id: %" PRIu32 "\n  icmp-echo %s%s%s%s\n", s->number, ipaddr_format(&s->target, target),
			s->interface ? " source-interface " : "", s->interface ? s->interface : "",
			s->running ? "" : " (not scheduled: it does not run)");
		fprintf(f, "  every %" PRIu32 " ms, threshold %" PRIu32 " ms, timeout %" PRIu32 " ms\n", s->frequency_ms, s->threshold_ms,
			s->timeout_ms);
		fprintf(f, "  Latest RTT: %.3f milliseconds\n  Latest operation return code: %s\n", ms(s->rtt), s->result);
		fprintf(f, "  RTT min/avg/max: %.3f/%.3f/%.3f milliseconds\n", ms(s->least), ms(s->mean), ms(s->most));
		fprintf(f, "  Number of successes: %" PRIu64 "\n  Number of failures: %" PRIu64 "\n  Echoes sent: %" PRIu64 "\n",
			s->answered, s->failed, s->sent);
	}
}

json_t *show_tracks_json(const struct view *v)
{
	json_t *list = json_array();

	for (size_t i = 0; i < v->track_count; i++) {
		const struct view_track *const t = &v->tracks[i];
		json_t *o = json_object();

		json_object_set_new(o, "track", count_json(t->number));
		json_object_set_new(o, "object", json_string(t->what));
		json_object_set_new(o, "up", json_boolean(t->up));
		json_object_set_new(o, "reason", json_string(t->why));
		json_object_set_new(o, "changes", count_json(t->changes));
		json_object_set_new(o, "since_s", json_real((double)(t->since.us / 1000) / 1000.0));
		json_object_set_new(o, "delay_up_s", count_json(t->up_delay_s));
		json_object_set_new(o, "delay_down_s", count_json(t->down_delay_s));
		json_object_set_new(o, "routes", count_json(t->routes));
		json_array_append_new(list, o);
	}
	return list;
}

json_t *show_slas_json(const struct view *v)
{
	json_t *list = json_array();

	for (size_t i = 0; i < v->sla_count; i++) {
		const struct view_sla *const s = &v->slas[i];
		json_t *o = json_object();

		json_object_set_new(o, "operation", count_json(s->number));
		json_object_set_new(o, "target", addr_json(&s->target));
		json_object_set_new(o, "interface", text_json(s->interface));
		json_object_set_new(o, "running", json_boolean(s->running));
		json_object_set_new(o, "result", json_string(s->result));
		json_object_set_new(o, "frequency_ms", count_json(s->frequency_ms));
		json_object_set_new(o, "threshold_ms", count_json(s->threshold_ms));
		json_object_set_new(o, "timeout_ms", count_json(s->timeout_ms));
		json_object_set_new(o, "rtt_ms", s->answered ? json_real(ms(s->rtt)) : json_null());
		json_object_set_new(o, "rtt_min_ms", s->answered ? json_real(ms(s->least)) : json_null());
		json_object_set_new(o, "rtt_mean_ms", s->answered ? json_real(ms(s->mean)) : json_null());
		json_object_set_new(o, "rtt_max_ms", s->answered ? json_real(ms(s->most)) : json_null());
		json_object_set_new(o, "sent", count_json(s->sent));
		json_object_set_new(o, "answered", count_json(s->answered));
		json_object_set_new(o, "failed", count_json(s->failed));
		json_array_append_new(list, o);
	}
	return list;
}
