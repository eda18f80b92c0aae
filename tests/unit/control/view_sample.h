/* view_sample: a router with one of everything, for the tests of the show commands. */
#ifndef DMVPN_TESTS_VIEW_SAMPLE_H
#define DMVPN_TESTS_VIEW_SAMPLE_H

#include "control/view.h"

/* Static; filled anew by every call. */
const struct view *view_sample(void);

#endif
