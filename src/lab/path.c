#include "lab/path.h"

#include <stdlib.h>
#include <string.h>

#include "lab/memory.h"

struct path path_of(const struct lab_plan *plan, const struct probe_pair *pair)
{
	uint32_t reached = atomic_load(&pair->path.reached);
	struct path p = { .complete = reached > 0 };

	for (size_t i = 0; i < PROBE_HOPS && (!reached || i + 1 < reached); i++) {
		size_t router;

		if (!lab_plan_owner(plan, &pair->path.hops[i], &router))
			p.complete = false;
		else if (p.count == 0 || p.routers[p.count - 1] != router)
			p.routers[p.count++] = router;
	}
	return p;
}

bool path_has(const struct path *p, size_t router)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->routers[i] == router)
			return true;
	return false;
}

bool path_crosses(const struct path *p, size_t a, size_t b)
{
	for (size_t i = 1; i < p->count; i++)
		if ((p->routers[i - 1] == a && p->routers[i] == b) ||
		    (p->routers[i - 1] == b && p->routers[i] == a))
			return true;
	return false;
}

bool path_is_direct(const struct lab_plan *plan, const struct path *p)
{
	for (size_t i = 0; i < p->count; i++)
		if (plan->routers[p->routers[i]].role == LAB_HUB)
			return false;
	return p->complete;
}

static enum lab_role role_behind(const struct lab_plan *plan, uint32_t host)
{
	return plan->routers[plan->hosts[host].router].role;
}

bool pair_is_spoke_to_spoke(const struct lab_plan *plan, const struct probe_pair *pair)
{
	return role_behind(plan, pair->from) == LAB_SPOKE && role_behind(plan, pair->to) == LAB_SPOKE &&
	       plan->hosts[pair->from].router != plan->hosts[pair->to].router;
}

static const char *site(const struct lab_plan *plan, uint32_t host)
{
	return role_behind(plan, host) == LAB_SPOKE ? "spoke" : "centre";
}

char *path_class(const struct lab_plan *plan, const struct probe_pair *pair, const struct path *p)
{
	char *text = lab_printf("%s -> %s", site(plan, pair->from), site(plan, pair->to)), *next;
	const char *glue = " via ";

	if (path_is_direct(plan, p) && pair_is_spoke_to_spoke(plan, pair)) {
		next = lab_printf("%s, direct", text);
		free(text);
		return next;
	}
	for (size_t i = 0; i < p->count; i++) {
		if (plan->routers[p->routers[i]].role != LAB_HUB)
			continue;
		next = lab_printf("%s%s%s", text, glue, plan->routers[p->routers[i]].name);
		free(text);
		text = next;
		glue = ", ";
	}
	return text;
}
