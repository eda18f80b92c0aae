#include "forward/dump.h"

#include <string.h>

void dump_flush(struct dump *d)
{
	if (d->length)
		d->w->io.control_send(d->w->io.context, d->type, d->bytes, d->length);
	d->length = 0;
}

void dump_begin(struct dump *d, struct worker *w, uint16_t type, size_t entry)
{
	d->w = w;
	d->type = type;
	d->entry = entry;
	d->length = 0;
}

void dump_add(struct dump *d, const void *entry)
{
	if (d->length + d->entry > sizeof d->bytes)
		dump_flush(d);
	memcpy(d->bytes + d->length, entry, d->entry);
	d->length += d->entry;
}
