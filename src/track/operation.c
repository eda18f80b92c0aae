#include "track/operation.h"

void operation_init(struct operation *o, const struct config_sla *c, struct instant now)
{
	*o = (struct operation){ .config = c, .usable = !c->source_interface, .timeout = INSTANT_NEVER,
				 .next = c->scheduled ? now : INSTANT_NEVER };
}

const char *operation_text(enum operation_result r)
{
	switch (r) {
	case OPERATION_UNKNOWN: return "Unknown";
	case OPERATION_OK: return "OK";
	case OPERATION_LATE: return "Over threshold";
	case OPERATION_NO_ANSWER: return "Timeout";
	case OPERATION_UNUSABLE: return "No connection";
	}
	return "";
}

static void end(struct operation *o, enum operation_result result)
{
	o->waiting = o->to_send = false;
	o->timeout = INSTANT_NEVER;
	o->result = result;
	o->failed_count += result == OPERATION_NO_ANSWER || result == OPERATION_UNUSABLE;
}

void operation_usable(struct operation *o, struct instant now, bool usable)
{
	if (usable == o->usable)
		return;
	o->usable = usable;
	if (!usable)
		end(o, OPERATION_UNUSABLE);
	else if (o->config->scheduled)
		o->next = now;
}

void operation_answered(struct operation *o, struct instant now, uint32_t sequence)
{
	const struct span took = instant_since(now, o->sent);

	if (!o->waiting || sequence != o->sequence)
		return;
	o->rtt = took;
	o->least = o->answered_count == 0 || took.us < o->least.us ? took : o->least;
	o->most = took.us > o->most.us ? took : o->most;
	o->sum_us += took.us;
	o->answered_count++;
	end(o, took.us > (int64_t)o->config->threshold_ms * 1000 ? OPERATION_LATE : OPERATION_OK);
}

static void begin(struct operation *o, struct instant now)
{
	o->next = instant_add(now, span_ms(o->config->frequency_ms));
	if (!o->usable) {
		end(o, OPERATION_UNUSABLE);
		return;
	}
	o->sequence++;
	o->sent = now;
	o->sent_count++;
	o->timeout = instant_add(now, span_ms(o->config->timeout_ms));
	o->waiting = o->to_send = true;
}

void operation_tick(struct operation *o, struct instant now)
{
	if (!instant_before(now, o->timeout))
		end(o, OPERATION_NO_ANSWER);
	if (!instant_before(now, o->next))
		begin(o, now);
}

struct instant operation_deadline(const struct operation *o)
{
	return instant_min(o->next, o->timeout);
}
