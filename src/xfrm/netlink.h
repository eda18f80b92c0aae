/*
 * netlink: framing of netlink messages and their attributes, both directions.
 *
 * Numbers are in the machine's own byte order, as netlink has them; addresses, ports and SPIs
 * inside the XFRM structs are big-endian. Nothing is assumed of the alignment of bytes read: structs
 * are copied out, never laid over.
 *
 * Reading is strict about lengths, as a sender that miscounts once cannot be followed any
 * further, and indifferent to attributes that it does not know.
 */
#ifndef DMVPN_XFRM_NETLINK_H
#define DMVPN_XFRM_NETLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NETLINK_HEADER = 16, NETLINK_ACK = 36, NETLINK_ATTRIBUTES = 64 };

struct netlink_message {
	uint16_t type, flags;
	uint32_t seq, pid;
	const uint8_t *payload;
	size_t length; /* of the payload */
};

/* Takes the first message off *bytes. false: nothing more that could be a message; *length is then 0
 * when the datagram ended where it should. */
bool netlink_take(const uint8_t **bytes, size_t *length, struct netlink_message *m);

/* Copies the struct that a message starts with. false: the message is shorter. */
bool netlink_head(const struct netlink_message *m, void *out, size_t size);

/* What stands behind that struct. Of attributes that come twice the last one counts, those numbered
 * above the table are skipped. */
struct netlink_attributes {
	struct netlink_attribute {
		const uint8_t *bytes; /* NULL: not there */
		size_t length;
	} at[NETLINK_ATTRIBUTES];
};

/* false: a length that cannot be. */
bool netlink_attributes(const struct netlink_message *m, size_t head_size, struct netlink_attributes *out);
/* Copies an attribute of at least `size` octets. false: not there or shorter. */
bool netlink_attribute(const struct netlink_attributes *a, unsigned type, void *out, size_t size);

/* A sticky writer; what does not fit makes the message as a whole not be there. */
struct netlink_writer {
	uint8_t *bytes;
	size_t room, used, begin;
	bool bad;
};

struct netlink_writer netlink_writer_of(uint8_t *bytes, size_t room);
void netlink_begin(struct netlink_writer *w, uint16_t type, uint16_t flags, uint32_t seq, uint32_t pid);
void netlink_put(struct netlink_writer *w, const void *bytes, size_t size);
void netlink_put_attribute(struct netlink_writer *w, unsigned type, const void *bytes, size_t size);
/* The same with an attribute of two parts. */
void netlink_put_attribute2(struct netlink_writer *w, unsigned type, const void *head, size_t head_size,
			    const void *tail, size_t tail_size);
bool netlink_end(struct netlink_writer *w); /* false: it did not fit and was taken back */

/* NLMSG_ERROR with 0 or -errno in answer to `m`. */
bool netlink_put_ack(struct netlink_writer *w, const struct netlink_message *m, int error);

#endif
