/* Encoding of NHRP messages: what is inconsistent is refused, not mended. */
#include <string.h>

#include "base/writer.h"
#include "wire/checksum.h"
#include "wire/nhrp.h"
#include "wire/nhrp_format.h"

/* An address fits when it is absent or of the message's family. */
static bool addr_fits(const struct ipaddr *a, enum ip_family family)
{
	return a->family == IP_NONE || a->family == family;
}

static bool subaddr_fits(uint8_t nbma_bits, uint8_t subaddr_bits, uint8_t subaddr_len)
{
	return ((nbma_bits | subaddr_bits) & NHRP_LENGTH_MASK) == 0 && subaddr_len <= NHRP_SUBADDR_MAX;
}

static bool cies_fit(const struct nhrp_message *m, const struct nhrp_cie *cies, size_t count)
{
	if (count > NHRP_CIES_MAX)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!addr_fits(&cies[i].nbma, m->nbma_family) || !addr_fits(&cies[i].proto, m->proto_family) ||
		    !subaddr_fits(cies[i].nbma_bits, cies[i].nbma_subaddr_bits, cies[i].nbma_subaddr_len))
			return false;
	}
	return true;
}

static bool extension_fits(const struct nhrp_message *m, const struct nhrp_extension *x)
{
	if (x->type == NHRP_EXT_END || x->type > NHRP_EXTENSION_TYPE)
		return false;
	/* An empty CIE list has length 0, a full one never that of the RFC 2735 form. */
	if (x->is_cies != nhrp_extension_holds_cies(x->type, x->is_cies ? 0 : x->length))
		return false;
	if (x->is_cies)
		return cies_fit(m, x->cies, x->cie_count);
	return x->value != NULL || x->length == 0;
}

static bool extensions_fit(const struct nhrp_message *m)
{
	if (!m->has_extensions)
		return m->extension_count == 0 && !m->end_missing;
	if (m->type == NHRP_ERROR_INDICATION || m->extension_count > NHRP_EXTENSIONS_MAX)
		return false;
	for (size_t i = 0; i < m->extension_count; i++) {
		if (!extension_fits(m, &m->extensions[i]))
			return false;
	}
	return true;
}

static bool content_fits(const struct nhrp_message *m)
{
	if (nhrp_type_has_payload(m->type))
		return m->cie_count == 0 && (m->payload != NULL || m->payload_len == 0);
	if (m->payload_len > 0 || !cies_fit(m, m->cies, m->cie_count))
		return false;
	return m->cie_count > 0 || m->type == NHRP_RESOLUTION_REQUEST;
}

static bool message_fits(const struct nhrp_message *m)
{
	return m->type >= NHRP_RESOLUTION_REQUEST && m->type <= NHRP_TRAFFIC_INDICATION &&
	       m->nbma_family != IP_NONE && m->proto_family != IP_NONE &&
	       addr_fits(&m->src_nbma, m->nbma_family) && addr_fits(&m->src_proto, m->proto_family) &&
	       addr_fits(&m->dst_proto, m->proto_family) &&
	       subaddr_fits(m->src_nbma_bits, m->src_subaddr_bits, m->src_subaddr_len) &&
	       content_fits(m) && extensions_fit(m);
}

static uint8_t addr_octets(const struct ipaddr *a)
{
	return (uint8_t)ip_family_octets((enum ip_family)a->family);
}

static void write_addr(struct writer *w, const struct ipaddr *a)
{
	writer_bytes(w, a->bytes, addr_octets(a));
}

static void write_fixed(struct writer *w, const struct nhrp_message *m)
{
	writer_u16(w, m->nbma_family == IP_V4 ? NHRP_AFN_IPV4 : NHRP_AFN_IPV6);
	writer_u16(w, m->proto_family == IP_V4 ? NHRP_PRO_IPV4 : NHRP_PRO_IPV6);
	writer_bytes(w, m->snap, sizeof m->snap);
	writer_u8(w, m->hop_count);
	writer_u16(w, 0); /* size, checksum and extension offset follow at the end */
	writer_u16(w, 0);
	writer_u16(w, 0);
	writer_u8(w, NHRP_VERSION);
	writer_u8(w, m->type);
	writer_u8(w, m->src_nbma_bits | addr_octets(&m->src_nbma));
	writer_u8(w, m->src_subaddr_bits | m->src_subaddr_len);
}

static void write_cies(struct writer *w, const struct nhrp_cie *cies, size_t count)
{
	for (const struct nhrp_cie *cie = cies; cie < cies + count; cie++) {
		writer_u8(w, cie->code);
		writer_u8(w, cie->prefix_len);
		writer_u16(w, cie->unused);
		writer_u16(w, cie->mtu_bytes);
		writer_u16(w, cie->holding_s);
		writer_u8(w, cie->nbma_bits | addr_octets(&cie->nbma));
		writer_u8(w, cie->nbma_subaddr_bits | cie->nbma_subaddr_len);
		writer_u8(w, addr_octets(&cie->proto));
		writer_u8(w, cie->preference);
		write_addr(w, &cie->nbma);
		writer_bytes(w, cie->nbma_subaddr, cie->nbma_subaddr_len);
		write_addr(w, &cie->proto);
	}
}

static void write_mandatory(struct writer *w, const struct nhrp_message *m)
{
	writer_u8(w, addr_octets(&m->src_proto));
	writer_u8(w, addr_octets(&m->dst_proto));
	writer_u16(w, m->flags);
	if (nhrp_type_has_payload(m->type)) {
		writer_u16(w, m->code);
		writer_u16(w, m->offset);
	} else {
		writer_u32(w, m->request_id);
	}
	write_addr(w, &m->src_nbma);
	writer_bytes(w, m->src_subaddr, m->src_subaddr_len);
	write_addr(w, &m->src_proto);
	write_addr(w, &m->dst_proto);
	if (nhrp_type_has_payload(m->type))
		writer_bytes(w, m->payload, m->payload_len);
	else
		write_cies(w, m->cies, m->cie_count);
}

static void write_extension(struct writer *w, const struct nhrp_extension *x)
{
	size_t content;

	writer_u16(w, (uint16_t)(x->type | (x->compulsory ? NHRP_EXTENSION_C : 0) |
				 (x->u_bit ? NHRP_EXTENSION_U : 0)));
	writer_u16(w, 0);
	content = writer_length(w);
	if (x->is_cies)
		write_cies(w, x->cies, x->cie_count);
	else
		writer_bytes(w, x->value, x->length);
	writer_patch_u16(w, content - 2, (uint16_t)(writer_length(w) - content));
}

static void write_extensions(struct writer *w, const struct nhrp_message *m)
{
	writer_patch_u16(w, NHRP_OFFSET_EXTENSIONS, (uint16_t)writer_length(w));
	for (size_t i = 0; i < m->extension_count; i++)
		write_extension(w, &m->extensions[i]);
	if (!m->end_missing)
		writer_u32(w, (uint32_t)NHRP_EXTENSION_C << 16);
}

size_t nhrp_encode(const struct nhrp_message *m, uint8_t *out, size_t size)
{
	struct writer w = writer_of(out, size < NHRP_MESSAGE_MAX ? size : NHRP_MESSAGE_MAX);

	if (!message_fits(m))
		return 0;
	write_fixed(&w, m);
	write_mandatory(&w, m);
	if (m->has_extensions)
		write_extensions(&w, m);
	if (w.bad)
		return 0;
	writer_patch_u16(&w, NHRP_OFFSET_SIZE, (uint16_t)writer_length(&w));
	writer_patch_u16(&w, NHRP_OFFSET_CHECKSUM, checksum(out, writer_length(&w)));
	return writer_length(&w);
}

struct nhrp_extension *nhrp_extension_add(struct nhrp_message *m, unsigned type)
{
	struct nhrp_extension *x;

	if (m->extension_count == NHRP_EXTENSIONS_MAX)
		return NULL;
	m->has_extensions = true;
	x = &m->extensions[m->extension_count++];
	memset(x, 0, offsetof(struct nhrp_extension, cies));
	x->type = (uint16_t)type;
	x->compulsory = type == NHRP_EXT_RESPONDER || type == NHRP_EXT_FORWARD_TRANSIT ||
			type == NHRP_EXT_REVERSE_TRANSIT || type == NHRP_EXT_AUTHENTICATION;
	x->is_cies = nhrp_extension_holds_cies(type, 0);
	return x;
}
