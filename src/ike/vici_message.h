/*
 * vici_message: the body of a VICI packet.
 *
 *   1 section start  length(1) name            4 list start  length(1) name
 *   2 section end                              5 list item   length(2) value
 *   3 key-value      length(1) name            6 list end
 *                    length(2) value
 *
 * Reading makes a tree whose nodes refer to each other by pointers inside one allocation; values
 * are octets with a NUL behind them, so that text can be used as text (an embedded NUL shows as
 * length > strlen). Writing grows.
 */
#ifndef DMVPN_IKE_VICI_MESSAGE_H
#define DMVPN_IKE_VICI_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { VICI_PACKET_MAX = 512 * 1024, /* octets; charon's own limit */ VICI_DEPTH_MAX = 16 };

/* ---- reading ---- */

enum vici_kind { VICI_SECTION, VICI_VALUE, VICI_LIST, VICI_ITEM };

struct vici_node {
	enum vici_kind kind;
	const char *name;  /* "" for the root and for items */
	const char *value; /* of VICI_VALUE and VICI_ITEM, NUL behind it; else "" */
	size_t length;     /* of value */
	const struct vici_node *first; /* child of a section or list; NULL: empty */
	const struct vici_node *next;  /* sibling */
};

struct vici_message {
	const struct vici_node *root; /* a section */
};

/* NULL with errno EPROTO (malformed) or ENOMEM. The bytes are not kept. */
struct vici_message *vici_message_parse(const void *bytes, size_t length);
void vici_message_free(struct vici_message *m); /* NULL is fine */

/* Children by name; any argument may be NULL, and then so is the answer. */
const struct vici_node *vici_find(const struct vici_node *section, const char *name);
const struct vici_node *vici_section(const struct vici_node *section, const char *name); /* only a section */
/* The value of a key; NULL: there is no such key. */
const char *vici_text(const struct vici_node *section, const char *key);
uint64_t vici_number(const struct vici_node *section, const char *key, uint64_t otherwise); /* decimal */
uint64_t vici_hex(const struct vici_node *section, const char *key, uint64_t otherwise);    /* SPIs */
bool vici_yes(const struct vici_node *section, const char *key); /* "yes"; absent: false */

/* The whole of it as lines "a.b = c" (tests, logs); malloc'd. Secrets are whoever's who prints. */
char *vici_message_text(const struct vici_message *m);

/* ---- writing ---- */

/* Sticky: a name or value that is too long, or no memory, makes it bad and a call with it is
 * answered VICI_UNKNOWN. {0} is an empty message. */
struct vici_writer {
	uint8_t *bytes;
	size_t length, capacity;
	unsigned depth;
	bool bad;
};

void vici_writer_done(struct vici_writer *w); /* wipes and frees: it may hold secrets */
void vici_begin(struct vici_writer *w, const char *section);
void vici_end(struct vici_writer *w);
void vici_put(struct vici_writer *w, const char *key, const char *value);
void vici_put_bytes(struct vici_writer *w, const char *key, const void *value, size_t length);
void vici_putf(struct vici_writer *w, const char *key, const char *format, ...) __attribute__((format(printf, 3, 4)));
void vici_list_begin(struct vici_writer *w, const char *name);
void vici_item(struct vici_writer *w, const char *value);
void vici_list_end(struct vici_writer *w);

#endif
