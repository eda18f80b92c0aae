/* A machine on a clock of the test's own, and packets written by hand. */
#ifndef TESTS_BFD_SCENE_H
#define TESTS_BFD_SCENE_H

#include "bfd/bfd.h"

enum { LINK = 7, PEER_DISCRIMINATOR = 0x99 };

struct scene {
	struct bfd *b;
	struct instant now;
	struct bfd_key key;
	/* What the last drain brought: */
	unsigned packets, told, warned;
	struct bfd_packet packet; /* the last */
	struct bfd_status state;  /* likewise */
};

extern const struct bfd_config fast; /* 50 ms x 3 */

void scene_begin(struct scene *s, uint32_t packets_per_s);
void scene_end(struct scene *s);
struct bfd_key scene_key(unsigned n); /* of the n-th neighbour */

void scene_drain(struct scene *s);
void scene_set(struct scene *s, const struct bfd_config *c); /* by NHRP; drains */
/* Lets time pass in steps of what becomes due; counts what was sent and told meanwhile. */
void scene_run(struct scene *s, struct span d);
struct bfd_status scene_status(const struct scene *s);

/* A packet of the far end as of that state, to this session; `your` is filled in but with Down. */
struct bfd_packet scene_packet(const struct scene *s, enum bfd_state state);
enum bfd_drop scene_hear(struct scene *s, const struct bfd_packet *p); /* drains */
/* Into that state, from a new session, by packets heard. */
void scene_reach(struct scene *s, enum bfd_state state);

#endif
