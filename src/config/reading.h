/*
 * reading: the state of one file being read. Private to src/config.
 */
#ifndef DMVPN_CONFIG_READING_H
#define DMVPN_CONFIG_READING_H

#include "config/config.h"
#include "config/grammar.h"
#include "config/names.h"

enum {
	FRAMES_MAX = 8,
	TUNNELS_MAX = 8192,           /* of a file: what looks at each pair of them has a bound by that */
	VRFS_MAX = 1024,              /* of a file: each route that leads nowhere is looked for in all of them */
	RANGE_WORK = 200,             /* of a line that an interface of a range takes: entries */
	WORK_MAX = 50 * 1000 * 1000,  /* entries that are looked at for lines that take others back: half a second */
};

/* What the following lines belong to. */
struct frame {
	enum config_mode mode;
	size_t indent;     /* of the line that opened it */
	size_t index;      /* interface, VRF or block */
	uint64_t scope;    /* key of the sub-block inside the block, 0 at its top */
	uint32_t head;     /* block: index of the sub-block's head line, NAMES_NONE at its top */
	bool range;        /* an interface: what is said here is said of all of reading.range */
	bool ended;        /* a comment that separates stood below it */
	size_t base;       /* columns before the first line that was kept as it stands, and one */
};

/* What a names key is about. */
enum name_kind { NAME_INTERFACE, NAME_VRF, NAME_BLOCK, NAME_BLOCK_LINE, NAME_ROUTE, NAME_MAP, NAME_MAP6,
		 NAME_NHS, NAME_EXTRA, NAME_MULTICAST, NAME_FRR };

struct reading {
	struct config *c;
	struct names names;
	const char *file;  /* inside c */
	unsigned number;   /* the line now read, */
	size_t indent;     /* and the columns before its first word */
	size_t depth;      /* frames in use; frames[0] is the global mode */
	struct frame frames[FRAMES_MAX];
	bool out_of_memory;
	size_t tunnel_count; /* that were made, also those that are gone */
	size_t work;       /* of WORK_MAX */
	bool too_much;     /* TUNNELS_MAX or WORK_MAX is passed: the file is refused */
	/* The verdict on the line now read; handlers change it by reading_error() and friends. */
	enum config_state state;
	bool changes_traffic;
	char *reason, *remedy;
	/* The interfaces of the last `interface range`. */
	size_t range_count;
	uint32_t *range;
	/* A banner or certificate whose lines are swallowed until its end. */
	char *until;
};

/* Grows by doubling; a new zeroed element or NULL (out of memory, noted). */
void *reading_add(struct reading *r, void *items, size_t *count, size_t size);
#define ADD(r, array, count) ((__typeof__(array))reading_add((r), &(array), &(count), sizeof *(array)))

/* So many entries are about to be looked at, one by one, for one line. false: that is too much by now. */
bool reading_work(struct reading *r, size_t entries);

/* strdup that notes being out of memory; NULL for NULL. */
char *reading_keep(struct reading *r, const char *text);
void reading_replace(struct reading *r, char **slot, const char *text);

/* An address or a name; item NULL: nothing. */
void reading_host(struct reading *r, struct config_host *host, const struct item *item);

struct frame *reading_top(struct reading *r);
void reading_enter(struct reading *r, enum config_mode mode, size_t index);
void reading_leave(struct reading *r, const struct match *m); /* a command's apply: exit-… */
void reading_stay(struct reading *r, const struct match *m);  /* likewise: nothing to keep */
struct config_interface *reading_interface(struct reading *r); /* of the frame on top */
/* Its index, made when it is new; 0 when out of memory. */
uint32_t reading_interface_named(struct reading *r, const char *ios);
void reading_open_range(struct reading *r, const struct match *m);
void reading_enter_range(struct reading *r); /* range_count is not 0 */
struct config_tunnel *reading_tunnel(struct reading *r);

/*
 * One line of our language on behalf of line `number` of a source in another (import.h). The verdict is left in
 * state, changes_traffic, reason and remedy, of which the last two are the caller's.
 */
void reading_say(struct reading *r, unsigned number, const char *text);

/* Verdicts on the present line. */
void reading_error(struct reading *r, const char *remedy, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void reading_unsupported(struct reading *r, bool changes_traffic, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void reading_no_effect(struct reading *r, const char *reason);

/* A VRF by name, made when it is new: files use VRFs before they define them. */
uint32_t reading_vrf(struct reading *r, const char *name);

/* Blocks: opening one again merges. */
struct config_block *reading_block(struct reading *r, const struct match *m); /* NULL: there is none now */
void reading_block_line(struct reading *r, const struct match *m);
void reading_extra(struct reading *r, const struct match *m);
void reading_remove_extras(struct reading *r, struct config_interface *i, const char *words); /* those that begin with the words */
void reading_empty_block(struct config_block *b);
/* A line of the open block, kept as it stands, indented as against the first such line. */
void reading_raw(struct reading *r, size_t indent, const char *text);

void reading_forget_interface(struct reading *r, size_t at);
void config_interface_done(struct config_interface *i);
void config_block_done(struct config_block *b);

/* From 15.7 and XE 16 on, shortcut and the dynamic multicast map are on and hidden. */
bool config_version_implies(const char *version);
/*
 * Likewise of the dynamic multicast map alone: also where the file has no version line and a routing protocol
 * that lives by multicast. Whoever wrote it had a router on which that worked.
 */
bool config_multicast_implies(const struct config *c);

/* A verdict on an earlier line that is known and not done; nothing on one that is worse already. */
void config_line_unsupported(struct reading *r, unsigned number, bool changes_traffic, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* tracks.c: what the blocks of `ip sla` and `track` amount to, and routes that hang on them. */
void reading_finish_tracks(struct reading *r);
void config_sla_done(struct config_sla *s);
void config_track_done(struct config_track *t);

/* After the last line: defaults that depend on the whole file, then contradictions. */
void reading_finish(struct reading *r);
void reading_check(struct reading *r);
void reading_finish_vrfs(struct config *c);
void reading_finish_bfd(const struct config *c, const struct config_interface *i, struct config_bfd *out);
void reading_finish_groups(struct reading *r, const struct config_interface *i); /* a tunnel's */
/* A verdict on an earlier line; keeps the first error of a line. */
void config_line_error(struct reading *r, unsigned number, const char *remedy, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#endif
