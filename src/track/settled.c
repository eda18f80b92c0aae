#include "track/settled.h"

void settled_init(struct settled *s, bool value)
{
	*s = (struct settled){ value, value, INSTANT_NEVER };
}

void settled_see(struct settled *s, struct instant now, bool value, struct span after_rise, struct span after_fall)
{
	if (value != s->now)
		s->due = value == s->counts ? INSTANT_NEVER : instant_add(now, value ? after_rise : after_fall);
	s->now = value;
	settled_tick(s, now);
}

void settled_tick(struct settled *s, struct instant now)
{
	if (instant_before(now, s->due))
		return;
	s->counts = s->now;
	s->due = INSTANT_NEVER;
}
