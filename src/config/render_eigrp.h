/* render_eigrp: what the two halves of carrying EIGRP by BGP share. Private to src/config. */
#ifndef DMVPN_CONFIG_RENDER_EIGRP_H
#define DMVPN_CONFIG_RENDER_EIGRP_H

#include "config/render.h"

#define SOURCE_MARK "64996"
#define INTERFACE_MARK "64997"
#define TAG_MARK "64998"
#define PROCESS_MARK "64999"

/* Where a route comes from: the second half of SOURCE_MARK. */
enum source { FROM_NETWORK = 1, FROM_STATIC, FROM_OSPF, FROM_RIP, FROM_SUMMARY, FROM_CONNECTED, FROM_EIGRP, FROM_NOWHERE };

enum { EIGRP_SOURCES = 5 };
extern const struct eigrp_source { const char *word; enum source source; const char *stub; } eigrp_sources[EIGRP_SOURCES];

struct redistribution {
	enum source source;
	const char *stub;   /* the word of `eigrp stub` that lets it out */
	unsigned number;    /* of the other process */
	bool has_metric;
	unsigned metric;
	char map[128];
};

/* The next `redistribute` line of the process that announces something; false at the end. */
bool eigrp_redistribution(const struct eigrp_process *p, size_t *at, struct redistribution *out);

struct place { /* one interface of one process */
	struct render *r;
	const struct eigrp_process *p;
	const struct config_interface *i;
	struct eigrp_interface says;
	unsigned sequence; /* of the last entry written to the map */
	char map[96];
};

/* Calls f for each interface of each process. */
void eigrp_each_place(struct render *r, void (*f)(struct place *place));

/* What an interface adds to MED: its delay in tens of microseconds, and 10 Gbit/s over its bandwidth. */
unsigned eigrp_cost(const struct config_interface *i);

/* "distribute-list route-map NAME in Tunnel0" and the like: what filters, which way, and where ("": everywhere). */
struct filter {
	char kind[16], name[128], way[8], interface[64];
};

/* The next one that concerns this place; false at the end. */
bool eigrp_filter(const struct place *place, size_t *at, struct filter *f);

/* Lists and route-maps: before the process that uses them. */
void render_eigrp_lists(struct render *r);
void render_eigrp_maps(struct render *r);

#endif
