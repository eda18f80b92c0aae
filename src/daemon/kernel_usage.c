#include "daemon/kernel_usage.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "kernel/lean.h"

enum { WATCH_MS = 3000 };

struct watch {
	uv_timer_t timer;
	struct usage_question question;
};

static void closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void over(uv_timer_t *timer)
{
	struct watch *w = timer->data;
	const struct usage_question *q = &w->question;
	bool used = false;

	if (neighbour_was_used(q->netlink, q->ifindex, &q->addr, &used) == 0)
		q->told(q->arg, q, used);
	uv_close((uv_handle_t *)timer, closed);
}

void kernel_usage_ask(uv_loop_t *loop, const struct usage_question *q)
{
	struct watch *w = alloc_zero(1, sizeof *w);

	w->question = *q;
	(void)neighbour_watch(q->netlink, q->ifindex, &q->addr, &q->lladdr); /* one that stays permanent counts as used */
	uv_timer_init(loop, &w->timer);
	w->timer.data = w;
	uv_timer_start(&w->timer, over, WATCH_MS, 0);
}
