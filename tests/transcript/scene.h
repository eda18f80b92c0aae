/*
 * scene: networks that several transcripts start from.
 */
#ifndef DMVPN_TESTS_TRANSCRIPT_SCENE_H
#define DMVPN_TESTS_TRANSCRIPT_SCENE_H

#include "harness.h"

struct scene { struct rig *rig; struct node *hub, *hub2, *spoke1, *spoke2; };

/* hub 10.0.0.1 @192.0.2.1, spokes 10.0.0.11 and .12 @198.51.100.1 and .2, not started. */
struct scene scene_laid_out(void);
/* With hub2 10.0.0.2 @192.0.2.2 as second NHS of both spokes, priority 1. */
struct scene scene_two_hubs_laid_out(void);
void scene_start(const struct scene *s); /* starts all, waits for registration, empties the log */
struct scene scene_up(void);
struct scene scene_two_hubs_up(void);
/* LANs 192.168.1.0/24 and .2.0/24; spokes have a summary by the hub, hubs all routes. */
void scene_routes(const struct scene *s);

/* The node takes up what its configuration says now. */
void reconfigure(struct node *n);
/* Fails when there is none. */
struct binding_view binding_at(const struct node *n, const char *dst);

/* A message as a well-meaning peer would begin it: hop count 255, request id 99, one CIE where its type has any.
 * One for all: the next call makes it anew. */
struct nhrp_message *message_from(unsigned type, const char *src_nbma, const char *src, const char *dst);

#endif
