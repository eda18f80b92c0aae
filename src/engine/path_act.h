/*
 * path_act: what the state machine of a path does, for path_step.c alone.
 */
#ifndef DMVPN_ENGINE_PATH_ACT_H
#define DMVPN_ENGINE_PATH_ACT_H

#include "engine/path.h"

void path_enter(struct path *p, enum path_state state); /* the only writer of the state */

struct engine *path_engine(const struct path *p);
bool path_leans(const struct path *p, enum path_watch_kind kind); /* somebody of that kind watches */
struct span path_elapsed(const struct path *p, struct instant since);
void path_arm(struct path *p, struct span d);
void path_arm_at(struct path *p, struct instant at);
struct span path_interval(const struct path *p); /* to the next probe of a living one */
struct span path_rto(const struct path *p);      /* an answer may take so long */

void path_probe(struct path *p);
void path_probe_unjudged(struct path *p); /* nobody is judged by what comes of it; sets the timer */
void path_probe_quickly(struct path *p);  /* the same, and a few more soon */
void path_burst_step(struct path *p);     /* the next probe of the burst */
void path_burst_hurry(struct path *p);    /* it becomes a brief one */
void path_burst_early(struct path *p);    /* likewise, since BFD may say Down soon */
void path_burst_again(struct path *p);    /* an early one is over: an ordinary one begins */

#endif
