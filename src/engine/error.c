#include "engine/error.h"

#include <string.h>

#include "base/reader.h"
#include "engine/build.h"
#include "engine/nhs_list.h"
#include "engine/output.h"
#include "engine/resolution.h"

enum { ERRORS_PER_S = 10, OFFENDER_MAX = 512 /* octets of the offending packet */ };

static bool within_rate(struct overlay *o)
{
	const struct instant now = overlay_engine(o)->now;

	if (instant_since(now, o->error_window).us >= span_s(1).us || o->errors_in_window == 0) {
		o->error_window = now;
		o->errors_in_window = 0;
	}
	return o->errors_in_window++ < ERRORS_PER_S;
}

void error_send(struct overlay *o, const struct endpoint *from, const struct nhrp_message *m,
		enum nhrp_error code, uint16_t offset)
{
	const struct engine *const e = overlay_engine(o);
	struct nhrp_message x;

	if (m->type == NHRP_ERROR_INDICATION || !within_rate(o))
		return;
	build_start(o, &x, NHRP_ERROR_INDICATION);
	x.code = (uint16_t)code;
	x.offset = offset;
	x.dst_proto = m->src_proto;
	x.payload = e->in_bytes;
	x.payload_len = e->in_length < OFFENDER_MAX ? e->in_length : OFFENDER_MAX;
	message_send(o, &x, from);
}

/* The head of the offending packet tells which request of ours it was: it may be cut, so only
 * its fixed part and the common header are read. */
struct offender { uint8_t type; uint32_t request_id; struct ipaddr src_proto, dst_proto; };

static bool read_addr(struct reader *r, enum ip_family family, size_t octets, struct ipaddr *out)
{
	uint8_t bytes[16] = { 0 };

	if (octets != ip_family_octets(family))
		return false;
	reader_copy(r, bytes, octets);
	*out = ipaddr_from_bytes(family, bytes);
	return !r->bad;
}

static bool read_offender(const struct overlay *o, const struct nhrp_message *m, struct offender *out)
{
	struct reader r = reader_of(m->payload, m->payload_len);
	size_t nbma, subaddr, src, dst;

	reader_skip(&r, 17);
	out->type = reader_u8(&r);
	nbma = reader_u8(&r) & 0x3f;
	subaddr = reader_u8(&r) & 0x3f;
	src = reader_u8(&r);
	dst = reader_u8(&r);
	reader_skip(&r, 2);
	out->request_id = reader_u32(&r);
	reader_skip(&r, nbma + subaddr);
	return read_addr(&r, o->family, src, &out->src_proto) && read_addr(&r, o->family, dst, &out->dst_proto);
}

void error_received(struct overlay *o, const struct endpoint *from, const struct nhrp_message *m)
{
	struct engine *const e = overlay_engine(o);
	struct offender x = { 0 };
	struct nhs *n;

	if (!read_offender(o, m, &x) || !overlay_owns(o, &x.src_proto)) {
		count(e, ENGINE_COUNT_DROP_UNMATCHED);
		return;
	}
	if (x.type == NHRP_RESOLUTION_REQUEST) {
		resolution_error(o, x.request_id, &x.dst_proto, m->code);
		return;
	}
	n = x.type == NHRP_REGISTRATION_REQUEST ? nhs_by_request(o, x.request_id) : NULL;
	if (n && x.request_id == n->request_id && endpoint_eq(&n->nbma, from))
		nhs_refused(n, nhrp_error_name(m->code));
	else
		count(e, ENGINE_COUNT_DROP_UNMATCHED);
}
