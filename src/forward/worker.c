#include "forward/worker.h"

#include "forward/bfd_front.h"
#include "forward/protect.h"

#include <stdlib.h>

struct worker *worker_new(struct tables *tables, const struct forward_io *io)
{
	struct worker *w = calloc(1, sizeof *w);

	if (!w)
		return NULL;
	w->tables = tables;
	w->io = *io;
	timers_init(&w->shaping);
	if (!protect_new(w)) {
		free(w);
		return NULL;
	}
	return w;
}

void worker_free(struct worker *w)
{
	if (w) {
		bfd_front_stop(w);
		protect_free(w->protection);
		timers_done(&w->shaping);
	}
	free(w);
}
