/*
 * The path to an NHS is probed once it has accepted us: before that it need not know whom to
 * answer. While it is dead the light probes go on, until we want it no more; and one that never says anything
 * is probed as well, since its data path may be there and know us of old.
 */
#include "engine/hold.h"
#include "engine/nhs.h"

static bool may_keep(const struct nhs *n)
{
	return nhs_is_asked(n) && n->path.path && endpoint_eq(&n->path.path->nbma, &n->nbma);
}

void nhs_follow_path(struct nhs *n)
{
	if (n->overlay->cfg->probe_interval_ms == 0 || !ipaddr_is_host(&n->addr) || (!nhs_is_live(n) && !may_keep(n) && !nhs_is_silent(n)))
		path_unwatch(&n->path);
	else
		path_watch(&n->path, PATH_WATCH_NHS, n, n->overlay, &n->nbma, &n->addr);
}

void nhs_path_doubted(struct nhs *n)
{
	if (nhs_is_live(n))
		hold_doubt(n->overlay->tunnel);
	if (n->state == NHS_UP)
		nhs_step(n, NHS_EVENT_READY);
}
