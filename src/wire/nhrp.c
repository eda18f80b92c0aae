/* Decoding of NHRP messages. The layouts are RFC 2332 sections 5.1 to 5.3. */
#include "wire/nhrp.h"

#include <string.h>

#include "base/reader.h"
#include "wire/checksum.h"
#include "wire/nhrp_format.h"

struct decoder {
	const uint8_t *bytes;
	uint16_t extensions_at; /* ar$extoff */
	uint16_t size;          /* ar$pktsz */
	uint8_t nbma_len, subaddr_len; /* ar$shtl, ar$sstl */
	struct nhrp_message *m;
	const uint8_t *fault;   /* where what is being read began */
};

static enum ip_family nbma_family(uint16_t afn)
{
	return afn == NHRP_AFN_IPV4 ? IP_V4 : afn == NHRP_AFN_IPV6 ? IP_V6 : IP_NONE;
}

static enum ip_family proto_family(uint16_t pro)
{
	return pro == NHRP_PRO_IPV4 ? IP_V4 : pro == NHRP_PRO_IPV6 ? IP_V6 : IP_NONE;
}

/* An address of `len` octets; 0 is "absent". Any other length than the family's is false. */
static bool read_addr(struct reader *r, enum ip_family family, size_t len, struct ipaddr *out)
{
	const uint8_t *p;

	*out = IPADDR_NONE;
	if (len == 0)
		return true;
	if (len != ip_family_octets(family))
		return false;
	p = reader_skip(r, len);
	if (p)
		*out = ipaddr_from_bytes(family, p);
	return true;
}

static bool read_subaddr(struct reader *r, uint8_t tl, uint8_t *len, uint8_t *bits, uint8_t *out)
{
	*len = tl & NHRP_LENGTH_MASK;
	*bits = tl & (uint8_t)~NHRP_LENGTH_MASK;
	if (*len > NHRP_SUBADDR_MAX)
		return false;
	reader_copy(r, out, *len);
	return true;
}

/*
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |    Code       | Prefix Length |         unused                |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |  Maximum Transmission Unit    |        Holding Time           |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |  Cli Addr T/L | Cli SAddr T/L | Cli Proto Len |  Preference   |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * | NBMA address, NBMA subaddress, protocol address (variable)    |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
static enum nhrp_drop decode_cie(const struct nhrp_message *m, struct reader *r, struct nhrp_cie *cie)
{
	uint8_t nbma_tl, subaddr_tl, proto_len;

	memset(cie, 0, sizeof *cie);
	cie->code = reader_u8(r);
	cie->prefix_len = reader_u8(r);
	cie->unused = reader_u16(r);
	cie->mtu_bytes = reader_u16(r);
	cie->holding_s = reader_u16(r);
	nbma_tl = reader_u8(r);
	subaddr_tl = reader_u8(r);
	proto_len = reader_u8(r);
	cie->preference = reader_u8(r);
	if (r->bad)
		return NHRP_DROP_CIE_SHORT;
	cie->nbma_bits = nbma_tl & (uint8_t)~NHRP_LENGTH_MASK;
	if (!read_addr(r, m->nbma_family, nbma_tl & NHRP_LENGTH_MASK, &cie->nbma) ||
	    !read_subaddr(r, subaddr_tl, &cie->nbma_subaddr_len, &cie->nbma_subaddr_bits,
			  cie->nbma_subaddr) ||
	    !read_addr(r, m->proto_family, proto_len, &cie->proto))
		return NHRP_DROP_ADDRESS_LENGTH;
	return r->bad ? NHRP_DROP_CIE_SHORT : NHRP_DROP_NONE;
}

static enum nhrp_drop decode_cies(struct decoder *d, struct reader *r, struct nhrp_cie *cies,
				  uint8_t *count)
{
	enum nhrp_drop drop = NHRP_DROP_NONE;

	while (drop == NHRP_DROP_NONE && reader_left(r) > 0) {
		d->fault = r->at;
		if (*count == NHRP_CIES_MAX)
			return NHRP_DROP_CIE_MANY;
		drop = decode_cie(d->m, r, &cies[*count]);
		if (drop == NHRP_DROP_NONE)
			(*count)++;
	}
	return drop;
}

static enum nhrp_drop fault_at(struct decoder *d, size_t offset, enum nhrp_drop drop)
{
	d->fault = d->bytes + offset;
	return drop;
}

static enum nhrp_drop decode_fixed(struct decoder *d, size_t length)
{
	struct reader r = reader_of(d->bytes, length);
	struct nhrp_message *m = d->m;
	const uint16_t afn = reader_u16(&r);
	const uint16_t pro = reader_u16(&r);
	uint8_t version, shtl, sstl;

	reader_copy(&r, m->snap, sizeof m->snap);
	m->hop_count = reader_u8(&r);
	d->size = reader_u16(&r);
	reader_skip(&r, 2);
	d->extensions_at = reader_u16(&r);
	version = reader_u8(&r);
	m->type = reader_u8(&r);
	shtl = reader_u8(&r);
	sstl = reader_u8(&r);
	if (r.bad)
		return NHRP_DROP_TOO_SHORT;
	d->nbma_len = shtl & NHRP_LENGTH_MASK;
	d->subaddr_len = sstl;
	m->src_nbma_bits = shtl & (uint8_t)~NHRP_LENGTH_MASK;
	m->nbma_family = nbma_family(afn);
	m->proto_family = proto_family(pro);
	m->has_extensions = d->extensions_at != 0;
	if (version != NHRP_VERSION)
		return fault_at(d, NHRP_OFFSET_VERSION, NHRP_DROP_VERSION);
	if (m->type < NHRP_RESOLUTION_REQUEST || m->type > NHRP_TRAFFIC_INDICATION)
		return fault_at(d, NHRP_OFFSET_TYPE, NHRP_DROP_TYPE);
	if (m->nbma_family == IP_NONE)
		return fault_at(d, NHRP_OFFSET_AFN, NHRP_DROP_NBMA_FAMILY);
	if (m->proto_family == IP_NONE)
		return fault_at(d, NHRP_OFFSET_PRO, NHRP_DROP_PROTOCOL);
	if (d->size > length)
		return fault_at(d, NHRP_OFFSET_SIZE, NHRP_DROP_SIZE);
	if (d->size < NHRP_FIXED_HEADER + NHRP_MANDATORY_HEADER)
		return fault_at(d, NHRP_OFFSET_SIZE, NHRP_DROP_MANDATORY_SHORT);
	if (m->has_extensions &&
	    (d->extensions_at < NHRP_FIXED_HEADER + NHRP_MANDATORY_HEADER || d->extensions_at > d->size))
		return fault_at(d, NHRP_OFFSET_EXTENSIONS, NHRP_DROP_EXTENSION_OFFSET);
	return NHRP_DROP_NONE;
}

static enum nhrp_drop decode_mandatory_addresses(struct decoder *d, struct reader *r, uint8_t src_len,
						 uint8_t dst_len)
{
	struct nhrp_message *m = d->m;

	d->fault = r->at;
	if (!read_addr(r, m->nbma_family, d->nbma_len, &m->src_nbma) ||
	    !read_subaddr(r, d->subaddr_len, &m->src_subaddr_len, &m->src_subaddr_bits, m->src_subaddr) ||
	    !read_addr(r, m->proto_family, src_len, &m->src_proto) ||
	    !read_addr(r, m->proto_family, dst_len, &m->dst_proto))
		return NHRP_DROP_ADDRESS_LENGTH;
	return r->bad ? NHRP_DROP_MANDATORY_SHORT : NHRP_DROP_NONE;
}

static bool cie_required(unsigned type)
{
	return type != NHRP_RESOLUTION_REQUEST && !nhrp_type_has_payload(type);
}

/*
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * | Src Proto Len | Dst Proto Len |           Flags / unused      |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |     Request ID; in types 7 and 8: Code, Offset / unused       |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * | Source NBMA address and subaddress, source and destination    |
 * | protocol address, then CIEs or the packet spoken of           |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
static enum nhrp_drop decode_mandatory(struct decoder *d, struct reader *r)
{
	struct nhrp_message *m = d->m;
	const uint8_t src_len = reader_u8(r);
	const uint8_t dst_len = reader_u8(r);
	enum nhrp_drop drop;

	m->flags = reader_u16(r);
	if (nhrp_type_has_payload(m->type)) {
		m->code = reader_u16(r);
		m->offset = reader_u16(r);
	} else {
		m->request_id = reader_u32(r);
	}
	if (r->bad)
		return NHRP_DROP_MANDATORY_SHORT;
	drop = decode_mandatory_addresses(d, r, src_len, dst_len);
	if (drop != NHRP_DROP_NONE)
		return drop;
	if (nhrp_type_has_payload(m->type)) {
		m->payload_len = reader_left(r);
		m->payload = reader_skip(r, m->payload_len);
		return NHRP_DROP_NONE;
	}
	drop = decode_cies(d, r, m->cies, &m->cie_count);
	if (drop == NHRP_DROP_NONE && m->cie_count == 0 && cie_required(m->type))
		return NHRP_DROP_CIE_MISSING;
	return drop;
}

static enum nhrp_drop decode_content(struct decoder *d, struct reader *content, struct nhrp_extension *x)
{
	enum nhrp_drop drop;

	x->is_cies = nhrp_extension_holds_cies(x->type, reader_left(content));
	if (!x->is_cies) {
		x->length = (uint16_t)reader_left(content);
		x->value = content->at;
		return NHRP_DROP_NONE;
	}
	drop = decode_cies(d, content, x->cies, &x->cie_count);
	return drop == NHRP_DROP_NONE || drop == NHRP_DROP_CIE_MANY ? drop : NHRP_DROP_EXTENSION_CONTENT;
}

/* What ends the extensions: nothing may follow it, and it has no other form. */
static enum nhrp_drop decode_end(const struct reader *r, uint16_t head, const struct reader *content)
{
	if (head != NHRP_EXTENSION_C || reader_left(content) > 0)
		return NHRP_DROP_EXTENSION_CONTENT;
	return reader_left(r) > 0 ? NHRP_DROP_EXTENSION_AFTER_END : NHRP_DROP_NONE;
}

/*
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |C|u|        Type               |        Length                 |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                         Value ...                             |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
static enum nhrp_drop decode_extensions(struct decoder *d, struct reader *r)
{
	struct nhrp_message *m = d->m;

	if (m->type == NHRP_ERROR_INDICATION) {
		d->fault = r->at;
		return NHRP_DROP_EXTENSION_FORBIDDEN;
	}
	while (reader_left(r) > 0) {
		const uint8_t *start = r->at;
		const uint16_t head = reader_u16(r);
		struct reader content = reader_sub(r, reader_u16(r));
		struct nhrp_extension *x;
		enum nhrp_drop drop;

		d->fault = start;
		if (r->bad)
			return NHRP_DROP_EXTENSION_SHORT;
		if ((head & NHRP_EXTENSION_TYPE) == NHRP_EXT_END)
			return decode_end(r, head, &content);
		if (m->extension_count == NHRP_EXTENSIONS_MAX)
			return NHRP_DROP_EXTENSION_MANY;
		x = &m->extensions[m->extension_count];
		memset(x, 0, offsetof(struct nhrp_extension, cies));
		x->type = head & NHRP_EXTENSION_TYPE;
		x->compulsory = head & NHRP_EXTENSION_C;
		x->u_bit = head & NHRP_EXTENSION_U;
		drop = decode_content(d, &content, x);
		if (drop != NHRP_DROP_NONE)
			return drop;
		m->extension_count++;
	}
	m->end_missing = true;
	return NHRP_DROP_NONE;
}

static enum nhrp_drop decode_parts(struct decoder *d, size_t length)
{
	struct reader whole, mandatory;
	enum nhrp_drop drop = decode_fixed(d, length);

	if (drop != NHRP_DROP_NONE)
		return drop;
	whole = reader_of(d->bytes, d->size);
	reader_skip(&whole, NHRP_FIXED_HEADER);
	d->fault = whole.at;
	mandatory = reader_sub(&whole, (d->m->has_extensions ? d->extensions_at : d->size) - NHRP_FIXED_HEADER);
	drop = decode_mandatory(d, &mandatory);
	if (drop == NHRP_DROP_NONE && d->m->has_extensions)
		drop = decode_extensions(d, &whole);
	if (drop == NHRP_DROP_NONE && checksum(d->bytes, d->size) != 0)
		return fault_at(d, NHRP_OFFSET_CHECKSUM, NHRP_DROP_CHECKSUM);
	return drop;
}

enum nhrp_drop nhrp_decode(const uint8_t *bytes, size_t length, struct nhrp_message *out,
			   size_t *fault_offset)
{
	struct decoder d = { .bytes = bytes, .m = out, .fault = bytes };
	enum nhrp_drop drop = NHRP_DROP_TOO_LONG;

	memset(out, 0, offsetof(struct nhrp_message, extensions)); /* 17 KiB that mostly nobody reads */
	if (length <= NHRP_MESSAGE_MAX)
		drop = decode_parts(&d, length);
	if (fault_offset)
		*fault_offset = drop == NHRP_DROP_NONE ? 0 : (size_t)(d.fault - bytes);
	return drop;
}

void nhrp_copy(struct nhrp_message *to, const struct nhrp_message *from)
{
	memcpy(to, from, offsetof(struct nhrp_message, extensions));
	for (size_t i = 0; i < from->extension_count; i++) {
		const struct nhrp_extension *const x = &from->extensions[i];

		memcpy(&to->extensions[i], x, offsetof(struct nhrp_extension, cies) + x->cie_count * sizeof *x->cies);
	}
}

const struct nhrp_extension *nhrp_extension_find(const struct nhrp_message *m, unsigned type)
{
	for (size_t i = 0; i < m->extension_count; i++) {
		if (m->extensions[i].type == type)
			return &m->extensions[i];
	}
	return NULL;
}
