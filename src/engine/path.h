/*
 * path: whether packets get to one peer and back. A path is the way to one NBMA endpoint of
 * one tunnel; it lives while somebody watches it. See path.c for the state machine.
 *
 * Watchers of three kinds. An NHS leans on it all the time, so it is probed all the time
 * (PATH_WATCH_NHS). A direct peer is looked at only when the data path says that traffic
 * goes there and nothing comes back (EVENT_QUIET): what is in use in both directions costs
 * no probe (PATH_WATCH_DIRECT). So is a client that has registered, provided that it has
 * answered a probe once (PATH_WATCH_CLIENT): spokes of ours, which probe their hubs, are never quiet.
 */
#ifndef DMVPN_ENGINE_PATH_H
#define DMVPN_ENGINE_PATH_H

#include "engine/tunnel.h"

#define PATH_STATES(X) X(RESTING) X(UNTESTED) X(ALIVE) X(DOUBTED) X(DEAD) X(MUTE)
#define PATH_EVENTS(X) X(TIMER) X(ANSWERED) X(HEARD) X(QUIET) X(DOUBT) X(LOST) X(RETRY) X(WATCHED) X(DOWN) X(LATE)

enum path_state {
#define PATH_ENUM(name) PATH_##name,
	PATH_STATES(PATH_ENUM)
#undef PATH_ENUM
	PATH_STATE_COUNT
};

enum path_event {
#define PATH_ENUM(name) PATH_EVENT_##name,
	PATH_EVENTS(PATH_ENUM)
#undef PATH_ENUM
	PATH_EVENT_COUNT
};

/*
 * How a burst goes. BRIEF: BFD says Down. EARLY: BFD misses all packets but its last one, and the burst is to be over
 * when that does not come either; nobody is dead by it alone. HASTY: that did not come. SPENT: BFD still waits,
 * nothing of the early burst was answered, and an ordinary one follows.
 */
enum path_pace { PATH_PACE_ORDINARY, PATH_PACE_BRIEF, PATH_PACE_EARLY, PATH_PACE_HASTY, PATH_PACE_SPENT };

enum {
	PATH_REMEMBERED = 16,   /* probes whose answers are still known as such */
	PATH_LIGHT_MS = 2000,   /* between two light probes */
	PATH_LIGHT_PER_S = 100, /* of them in all the router */
	PATH_BURST = 10,        /* probes of a burst, … */
	PATH_BURST_FEWEST = 3,  /* … fewer when many paths are in doubt at once */
	PATH_BURST_MS = 270,    /* from its first to its last probe */
	PATH_BRIEF_MS = 54,     /* the same when BFD says that the path is down, … */
	PATH_EARLY_MS = 27,     /* … and when it said before that it may soon be */
	PATH_BURSTS = 64,       /* paths in doubt at once that are still few */
};

enum path_watch_kind { PATH_WATCH_NHS, PATH_WATCH_DIRECT, PATH_WATCH_CLIENT };

struct path;

/* Embedded in who watches; all zero: watches nothing. */
struct path_watch {
	struct path *path;
	struct path_watch *next;
	struct overlay *overlay;
	void *owner;        /* struct nhs, struct binding */
	struct ipaddr addr; /* overlay address of the peer */
	uint8_t kind;       /* enum path_watch_kind */
	unsigned told;      /* turn of the path that it has been told of */
};

/* What is under way. */
struct path_trial {
	struct timer timer;
	struct instant due;      /* of the timer; it knows that no more when it has expired */
	struct instant doubted;  /* DOUBTED was entered */
	struct span light;       /* to the next light probe, as the budget gave it */
	uint32_t probes[PATH_REMEMBERED]; /* a ring of their sequence numbers; 0: none */
	unsigned next_probe;
	uint32_t awaited;        /* ALIVE, MUTE: the probe that is not answered yet; 0: none */
	unsigned burst, burst_size; /* DOUBTED: probes of the burst so far, and in all */
	unsigned graces;         /* DOUBTED: judgements put off because we ourselves were late */
	unsigned quick;          /* UNTESTED, DEAD, MUTE: probes to go before they become light */
	unsigned run;            /* MUTE: answered one after another */
};

struct path {
	struct hash_node node; /* in the tunnel */
	struct tunnel *tunnel;
	struct overlay *overlay; /* that of the first watcher; probes are of its family */
	struct path_trial *trial; /* NULL: RESTING, and no answer is to come any more */
	struct path_watch *watches;
	struct path *next_idle;
	struct endpoint nbma;
	struct ipaddr addr;
	enum path_state state;
	enum path_pace pace;     /* DOUBTED */
	struct instant since;    /* in that state */
	struct instant last_sent, heard;
	struct span srtt, rttvar;
	uint32_t sent, answered; /* probes */
	unsigned turns;          /* dead or back, so often */
	unsigned mutes;          /* times it was mute lately */
	bool measured;           /* srtt and rttvar are of use */
	bool answers;            /* whoever is there now has answered a probe, so that silence means something */
	bool idle_listed;
	uint8_t quick_run;       /* answers in a row in less than half of srtt */
};

void paths_init(struct tunnel *t);
void paths_free(struct tunnel *t);
struct path **paths_sorted(const struct tunnel *t); /* by NBMA endpoint, t->paths.count of them; to be freed */
/* Frees those that nobody watches and nothing is remembered of. At the end of every event. */
void paths_sweep(struct engine *e);
void path_unneeded(struct path *p); /* it has left DEAD: to be looked at by paths_sweep() */
void paths_forget(struct tunnel *t); /* what is remembered of dead ones: the tunnel is down or moved */

/* Watches the path to that endpoint from now on, instead of what w watched before. */
void path_watch(struct path_watch *w, enum path_watch_kind kind, void *owner, struct overlay *o,
		const struct endpoint *nbma, const struct ipaddr *addr);
void path_unwatch(struct path_watch *w); /* fine when it watches nothing */
/* The peer was heard of: who never answered is asked once more. Fine when w watches nothing. */
void path_renew(const struct path_watch *w);

struct path *path_find(const struct tunnel *t, const struct endpoint *nbma); /* NULL: nobody cares */
bool path_leads_to_direct(const struct tunnel *t, const struct endpoint *nbma); /* of a direct peer, among others */
/* In an earlier life of ours it did: its silence means something. */
void path_has_answered(const struct tunnel *t, const struct endpoint *nbma);
/* Somebody else is there now: what the one before answered says nothing of him. NULL is fine. */
void path_of_another(struct path *p);
bool path_is_dead(const struct tunnel *t, const struct endpoint *nbma);

void path_step(struct path *p, enum path_event event);
void path_timer(struct path *p);
/* EVENT_PROBED */
void path_answered(const struct tunnel *t, const struct endpoint *nbma, uint32_t sequence, struct span rtt);
/* The peer has answered, by NHRP, what we asked it at `asked`. */
void path_heard(const struct tunnel *t, const struct endpoint *nbma, struct instant asked);
/*
 * A hint of any other kind. QUIET and DOUBT (not proven: they start a burst at most), LOST
 * (authenticated, or of this machine: believed), RETRY (may be back: looked at once), DOWN (a
 * BFD session: a brief burst decides, unless probes never were answered), LATE (a BFD session that may
 * go down soon: the burst begins before).
 */
void path_hint(const struct tunnel *t, const struct endpoint *nbma, enum path_event event);

const char *path_state_name(enum path_state s);
/* "path dead: …" and its like for an NHS in that condition; NULL: nothing to say. */
const char *path_remark(const struct path *p, bool nhs_is_live, bool nhs_is_silent);

#endif
