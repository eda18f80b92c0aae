/*
 * words: how the show commands name things, the same in text and in JSON.
 */
#ifndef DMVPN_CONTROL_WORDS_H
#define DMVPN_CONTROL_WORDS_H

#include "control/view.h"

enum { UPTIME_TEXT_MAX = 24, ATTRIBUTES_TEXT_MAX = 12, FLAGS_MAX = 11 };

const char *word_of_state(enum binding_state s);  /* "INTF" … "UP" */
const char *word_of_kind(enum binding_kind k);    /* "dynamic", "static", … */
const char *word_of_role(enum tunnel_role r);     /* "Spoke", "Hub", "Hub/Spoke", "Unknown" */
const char *word_of_nhs(enum nhs_status s);       /* "UP", "DOWN", "PROBE" */
/* The letters of `show dmvpn`: S, D, I, N, L, X, T1, T2. */
const char *attributes_of(const struct binding_view *b, char out[ATTRIBUTES_TEXT_MAX]);
/* The flags of `show ip nhrp`; returns how many. */
size_t flags_of(const struct binding_view *b, const char *out[FLAGS_MAX]);
/* As IOS writes spans: 00:29:40, 6d12h, 3w5d, 1y2w. */
const char *uptime_text(struct span s, char out[UPTIME_TEXT_MAX]);
/* Name of a tunnel in the view, "-" when it is not there. */
const char *tunnel_name(const struct view *v, uint32_t number);

#endif
