/*
 * lab_conf: the file lab.conf beside the router files: what their addresses cannot say.
 *
 * One statement a line, words separated by blanks, `#` starts a comment:
 *
 *     nat  ROUTER [INTERFACE] [ROUTER [INTERFACE]]…   a NAT box before the uplinks named
 *     loss ROUTER [INTERFACE] PERCENT                 loss on an uplink, each direction
 *     host NAME ROUTER INTERFACE ADDRESS              one more probe host on a LAN
 *     certificates                                    a CA, and a certificate for each router's name and overlay addresses
 *
 * Here a line is words and no more; plan_conf.h says what they mean to a plan. Errors name
 * file, line, reason and remedy.
 */
#ifndef DMVPN_LAB_LAB_CONF_H
#define DMVPN_LAB_LAB_CONF_H

#include <stddef.h>

enum lab_conf_kind { LAB_CONF_NAT, LAB_CONF_LOSS, LAB_CONF_HOST, LAB_CONF_CERTIFICATES };

struct lab_conf_line {
	enum lab_conf_kind kind;
	unsigned number; /* from 1 */
	size_t word_count;
	char **words;    /* those after the keyword */
};

struct lab_conf {
	char *file;
	size_t line_count;
	struct lab_conf_line *lines;
};

/* From text of that length. NULL with the reason. */
struct lab_conf *lab_conf_parse(const char *file, const char *text, size_t length, char *error, size_t size);
/* From a file. *conf is NULL when there is none; 0, or with the reason 1 when a line is wrong
 * and 2 when it cannot be read. */
int lab_conf_read(const char *file, struct lab_conf **conf, char *error, size_t size);
void lab_conf_free(struct lab_conf *conf); /* NULL is fine */

/* Writes "FILE:LINE: REASON; REMEDY". */
void lab_conf_complain(const struct lab_conf *conf, unsigned line, char *error, size_t size,
		       const char *remedy, const char *reason, ...) __attribute__((format(printf, 6, 7)));

#endif
