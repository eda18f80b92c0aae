/*
 * compare: what has to be the same at all members of a cloud. Most of them are right, and when
 * it is even, the hub is; the others are one finding per value. Private to src/design.
 */
#ifndef DMVPN_DESIGN_COMPARE_H
#define DMVPN_DESIGN_COMPARE_H

#include "design/design.h"

/* Of one member: what is compared, how a sentence says it ("tunnel key 100"), and what to write for it. */
struct trait {
	char value[96], shown[96], write[128];
	unsigned line;
};

/* false: does not take part. */
typedef bool trait_of(const struct design *d, const struct design_member *m, struct trait *out);

void compare_cloud(struct design *d, const struct design_cloud *c, enum design_rule_id rule, trait_of *of);
void compare_clouds(struct design *d, enum design_rule_id rule, trait_of *of); /* each by itself */

/* "hub1", "spoke1, spoke2 and 7 more" */
struct name_list {
	char text[160];
	size_t count;
};
void name_add(struct name_list *l, const char *name);
const char *name_text(struct name_list *l); /* after the last one */

/* "ip nhrp nhs 10.0.0.1" of the member's family; the tunnel's own line when there is none. */
unsigned nhrp_line(const struct design_member *m, const char *words);
unsigned nhrp_line_of(const struct design_member *m, const char *words, const struct ipaddr *addr);
/* 10/8, 172.16/12, 192.168/16, 100.64/10, fc00::/7: may be translated on its way. */
bool is_private(const struct ipaddr *a);

#endif
