/* netlink: see netlink.h. */
#include "xfrm/netlink.h"

#include <linux/netlink.h>
#include <string.h>

static size_t aligned(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

bool netlink_take(const uint8_t **bytes, size_t *length, struct netlink_message *m)
{
	struct nlmsghdr header;
	size_t step;

	if (*length < NETLINK_HEADER)
		return false;
	memcpy(&header, *bytes, sizeof header);
	if (header.nlmsg_len < NETLINK_HEADER || header.nlmsg_len > *length)
		return false;
	*m = (struct netlink_message){
		.type = header.nlmsg_type, .flags = header.nlmsg_flags,
		.seq = header.nlmsg_seq, .pid = header.nlmsg_pid,
		.payload = *bytes + NETLINK_HEADER, .length = header.nlmsg_len - NETLINK_HEADER,
	};
	step = aligned(header.nlmsg_len);
	if (step > *length)
		step = *length;
	*bytes += step;
	*length -= step;
	return true;
}

bool netlink_head(const struct netlink_message *m, void *out, size_t size)
{
	if (m->length < size)
		return false;
	memcpy(out, m->payload, size);
	return true;
}

bool netlink_attributes(const struct netlink_message *m, size_t head_size, struct netlink_attributes *out)
{
	size_t at = aligned(head_size);

	memset(out, 0, sizeof *out);
	while (at < m->length && m->length - at >= sizeof(struct nlattr)) {
		struct nlattr attribute;
		unsigned type;

		memcpy(&attribute, m->payload + at, sizeof attribute);
		if (attribute.nla_len < sizeof attribute || attribute.nla_len > m->length - at)
			return false;
		type = attribute.nla_type & (unsigned)NLA_TYPE_MASK;
		if (type < NETLINK_ATTRIBUTES) {
			out->at[type].bytes = m->payload + at + sizeof attribute;
			out->at[type].length = attribute.nla_len - sizeof attribute;
		}
		at += aligned(attribute.nla_len);
	}
	return true;
}

bool netlink_attribute(const struct netlink_attributes *a, unsigned type, void *out, size_t size)
{
	if (type >= NETLINK_ATTRIBUTES || !a->at[type].bytes || a->at[type].length < size)
		return false;
	memcpy(out, a->at[type].bytes, size);
	return true;
}

struct netlink_writer netlink_writer_of(uint8_t *bytes, size_t room)
{
	return (struct netlink_writer){ .bytes = bytes, .room = room };
}

/* `size` zeroed octets, aligned on both sides; NULL: they do not fit. */
static uint8_t *reserve(struct netlink_writer *w, size_t size)
{
	size_t start = aligned(w->used);
	uint8_t *at;

	if (w->bad || start > w->room || aligned(size) > w->room - start) {
		w->bad = true;
		return NULL;
	}
	at = w->bytes + start;
	memset(at, 0, aligned(size));
	w->used = start + size;
	return at;
}

void netlink_begin(struct netlink_writer *w, uint16_t type, uint16_t flags, uint32_t seq, uint32_t pid)
{
	struct nlmsghdr header = { .nlmsg_type = type, .nlmsg_flags = flags, .nlmsg_seq = seq, .nlmsg_pid = pid };
	uint8_t *at;

	w->begin = aligned(w->used);
	at = reserve(w, NETLINK_HEADER);
	if (at)
		memcpy(at, &header, sizeof header);
}

void netlink_put(struct netlink_writer *w, const void *bytes, size_t size)
{
	uint8_t *at = reserve(w, size);

	if (at)
		memcpy(at, bytes, size);
}

void netlink_put_attribute2(struct netlink_writer *w, unsigned type, const void *head, size_t head_size,
			    const void *tail, size_t tail_size)
{
	struct nlattr attribute = { .nla_type = (uint16_t)type };
	size_t size = sizeof attribute + head_size + tail_size;
	uint8_t *at;

	if (size > UINT16_MAX) {
		w->bad = true;
		return;
	}
	attribute.nla_len = (uint16_t)size;
	at = reserve(w, size);
	if (!at)
		return;
	memcpy(at, &attribute, sizeof attribute);
	memcpy(at + sizeof attribute, head, head_size);
	if (tail_size)
		memcpy(at + sizeof attribute + head_size, tail, tail_size);
}

void netlink_put_attribute(struct netlink_writer *w, unsigned type, const void *bytes, size_t size)
{
	netlink_put_attribute2(w, type, bytes, size, NULL, 0);
}

bool netlink_end(struct netlink_writer *w)
{
	uint32_t length;

	if (w->bad) {
		w->used = w->begin;
		w->bad = false;
		return false;
	}
	w->used = aligned(w->used);
	length = (uint32_t)(w->used - w->begin);
	memcpy(w->bytes + w->begin, &length, sizeof length);
	return true;
}

bool netlink_put_ack(struct netlink_writer *w, const struct netlink_message *m, int error)
{
	struct nlmsgerr body = {
		.error = error,
		.msg = {
			.nlmsg_len = (uint32_t)(NETLINK_HEADER + m->length), .nlmsg_type = m->type,
			.nlmsg_flags = m->flags, .nlmsg_seq = m->seq, .nlmsg_pid = m->pid,
		},
	};

	netlink_begin(w, NLMSG_ERROR, 0, m->seq, m->pid);
	netlink_put(w, &body, sizeof body);
	return netlink_end(w);
}
