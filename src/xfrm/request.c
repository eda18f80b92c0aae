/*
 * request: charon's requests, one by one, each answered.
 *
 * charon asks again after two seconds without an answer, with the same sequence number. So the last request
 * stands in shared memory: was it carried out, the same answer is given; was it under way when this
 * process' predecessor died, it is carried out, and what it finds already done counts as done.
 */
#include <errno.h>
#include <linux/netlink.h>
#include <string.h>

#include "xfrm/server_state.h"

enum { ANSWER_MAX = 768 }; /* octets, of any one message's */

static xfrm_handler *handler_of(uint16_t type)
{
	switch (type) {
	case XFRM_MSG_NEWSA:
	case XFRM_MSG_UPDSA:
		return request_sa_add;
	case XFRM_MSG_DELSA: return request_sa_del;
	case XFRM_MSG_GETSA: return request_sa_get;
	case XFRM_MSG_ALLOCSPI: return request_sa_alloc;
	case XFRM_MSG_FLUSHSA: return request_sa_flush;
	case XFRM_MSG_GETAE: return request_sa_get_state;
	case XFRM_MSG_NEWAE: return request_sa_set_state;
	case XFRM_MSG_NEWPOLICY:
	case XFRM_MSG_UPDPOLICY:
		return request_policy_add;
	case XFRM_MSG_DELPOLICY: return request_policy_del;
	case XFRM_MSG_GETPOLICY: return request_policy_get;
	case XFRM_MSG_FLUSHPOLICY: return request_policy_flush;
	case XFRM_MSG_GETSPDINFO: return request_policy_info;
	case XFRM_MSG_NEWSPDINFO: return request_policy_set_info;
	default: return NULL;
	}
}

/* Only these change anything; the others may be asked as often as one likes. */
static bool is_change(uint16_t type)
{
	return type != XFRM_MSG_GETSA && type != XFRM_MSG_GETAE && type != XFRM_MSG_GETPOLICY &&
	       type != XFRM_MSG_GETSPDINFO;
}

static uint64_t hash_of(const struct netlink_message *m)
{
	struct siphash_key key = { m->type, m->flags };

	return siphash(&key, m->payload, m->length);
}

static int begin_dump(struct xfrm_server *s, const struct netlink_message *m)
{
	s->dump = (struct xfrm_dump){ .type = m->type, .seq = m->seq, .pid = m->pid };
	return XFRM_ANSWERED;
}

static int carry_out(struct xfrm_server *s, const struct xfrm_request *q, struct netlink_writer *out)
{
	xfrm_handler *handler = handler_of(q->message.type);

	if (!handler)
		return -EOPNOTSUPP;
	if ((q->message.type == XFRM_MSG_GETSA || q->message.type == XFRM_MSG_GETPOLICY) &&
	    (q->message.flags & NLM_F_DUMP) == NLM_F_DUMP)
		return begin_dump(s, &q->message);
	return handler(s, q, out);
}

/* A change, with the record kept before and after. ALLOCSPI finds by the record's SPI what it did. */
static int carry_out_once(struct xfrm_server *s, struct xfrm_request *q, struct netlink_writer *out)
{
	struct xfrm_record *r = s->record;
	uint64_t hash = hash_of(&q->message);
	bool is_same = r->seq == q->message.seq && r->hash == hash;
	int result;

	if (is_same) {
		s->counters.repeated++;
		if (r->is_done && q->message.type != XFRM_MSG_ALLOCSPI)
			return r->error;
	} else {
		r->is_done = 0;
		r->spi = 0;
		r->seq = q->message.seq;
		r->hash = hash;
	}
	q->is_repeated = is_same;
	result = carry_out(s, q, out);
	r->error = result < 0 ? result : 0;
	r->is_done = 1;
	return result;
}

/* Another process id than so far: charon was started again while nobody told us. */
static void note_sender(struct xfrm_server *s, const struct xfrm_request *q)
{
	if (s->record->pid != 0 && s->record->pid != q->message.pid)
		xfrm_server_orphan_all(s, q->clock);
	s->record->pid = q->message.pid;
}

static void answer(struct xfrm_server *s, struct xfrm_request *q, struct netlink_writer *out)
{
	const struct netlink_message *m = &q->message;
	int result = 0;

	s->counters.requests++;
	/* Control messages, and what is no request, are taken note of. */
	if (m->type >= NLMSG_MIN_TYPE && (m->flags & NLM_F_REQUEST)) {
		note_sender(s, q);
		result = is_change(m->type) ? carry_out_once(s, q, out) : carry_out(s, q, out);
	}
	if (result < 0)
		s->counters.refused++;
	if (result == -EINVAL)
		s->counters.malformed++;
	if (result < 0 || (result == 0 && (m->flags & NLM_F_ACK)))
		netlink_put_ack(out, m, result);
}

static void continue_dump(struct xfrm_server *s, struct xfrm_clock clock, struct netlink_writer *out)
{
	struct xfrm_dump *d = &s->dump;
	uint32_t none = 0;
	bool whole;

	if (d->type == 0)
		return;
	whole = d->type == XFRM_MSG_GETSA ? request_sa_dump(s, clock, out) : request_policy_dump(s, clock, out);
	if (!whole)
		return;
	netlink_begin(out, NLMSG_DONE, NLM_F_MULTI, d->seq, d->pid);
	netlink_put(out, &none, sizeof none);
	if (netlink_end(out))
		d->type = 0;
}

size_t xfrm_server_request(struct xfrm_server *s, struct xfrm_clock clock, const uint8_t *bytes, size_t length,
			   uint8_t reply[XFRM_REPLY_MAX])
{
	struct netlink_writer out = netlink_writer_of(reply, XFRM_REPLY_MAX - 4);
	struct xfrm_request q = { .clock = clock };

	s->dump.type = 0;
	while (out.room - out.used >= ANSWER_MAX && netlink_take(&bytes, &length, &q.message)) {
		q.is_repeated = false;
		answer(s, &q, &out);
	}
	if (length > 0)
		s->counters.malformed++;
	continue_dump(s, clock, &out);
	return out.used;
}

size_t xfrm_server_more(struct xfrm_server *s, struct xfrm_clock clock, uint8_t reply[XFRM_REPLY_MAX])
{
	struct netlink_writer out = netlink_writer_of(reply, XFRM_REPLY_MAX - 4);

	continue_dump(s, clock, &out);
	return out.used;
}
