#include "wire/nhrp_json.h"

#include "wire/ip.h"
#include "wire/nhrp_text.h"

json_t *nhrp_json_addr(const struct ipaddr *a)
{
	char text[IPADDR_TEXT_MAX];

	return ipaddr_is_none(a) ? json_null() : json_string(ipaddr_format(a, text));
}

static json_t *hex(const uint8_t *bytes, size_t length)
{
	static const char digits[] = "0123456789abcdef";
	char text[2 * NHRP_MESSAGE_MAX];

	for (size_t i = 0; i < length; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	return json_stringn(text, 2 * length);
}

static json_t *cie_json(const struct nhrp_cie *cie)
{
	return json_pack("{s:i, s:s, s:i, s:i, s:i, s:i, s:o, s:o, s:o}",
			 "code", cie->code, "code_name", nhrp_code_name(cie->code),
			 "prefix_length", cie->prefix_len, "mtu_bytes", cie->mtu_bytes,
			 "holding_time_s", cie->holding_s, "preference", cie->preference,
			 "nbma", nhrp_json_addr(&cie->nbma),
			 "nbma_subaddress", hex(cie->nbma_subaddr, cie->nbma_subaddr_len),
			 "protocol", nhrp_json_addr(&cie->proto));
}

static json_t *cies_json(const struct nhrp_cie *cies, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, cie_json(&cies[i]));
	return list;
}

/* Octets that are no text cannot stand in a JSON string: they become U+00NN each. */
static json_t *secret_json(const uint8_t *secret, size_t length)
{
	char text[2 * NHRP_MESSAGE_MAX];
	size_t used = 0;

	for (size_t i = 0; i < length; i++) {
		if (secret[i] < 0x80) {
			text[used++] = (char)secret[i];
		} else {
			text[used++] = (char)(0xc0 | secret[i] >> 6);
			text[used++] = (char)(0x80 | (secret[i] & 0x3f));
		}
	}
	return json_stringn(text, used);
}

static void add_secret(json_t *out, const struct nhrp_extension *x, bool show_secrets)
{
	const uint8_t *secret;
	size_t length;
	uint16_t spi;

	if (!nhrp_authentication_parts(x, &spi, &secret, &length))
		return;
	json_object_set_new(out, "spi", json_integer(spi));
	json_object_set_new(out, "secret_octets", json_integer((json_int_t)length));
	json_object_set_new(out, "secret", show_secrets ? secret_json(secret, length) : json_string("***"));
}

static json_t *extension_json(const struct nhrp_extension *x, bool show_secrets)
{
	json_t *out = json_pack("{s:i, s:s, s:b}", "type", x->type, "name", nhrp_extension_name(x->type),
				"compulsory", x->compulsory);

	if (x->is_cies)
		json_object_set_new(out, "cies", cies_json(x->cies, x->cie_count));
	else if (x->type == NHRP_EXT_AUTHENTICATION || x->type == NHRP_EXT_MOBILE_AUTH)
		add_secret(out, x, show_secrets);
	else
		json_object_set_new(out, "value", hex(x->value, x->length));
	return out;
}

static json_t *payload_json(const struct nhrp_message *m)
{
	json_t *out = json_pack("{s:I}", "octets", (json_int_t)m->payload_len);
	struct ip_view v;
	enum ip_drop drop;

	if (m->type != NHRP_TRAFFIC_INDICATION)
		return out;
	drop = ip_decode(m->payload, m->payload_len, &v);
	if (drop == IP_DROP_NONE || drop == IP_DROP_LENGTH || drop == IP_DROP_CHECKSUM) {
		json_object_set_new(out, "source", nhrp_json_addr(&v.src));
		json_object_set_new(out, "destination", nhrp_json_addr(&v.dst));
		json_object_set_new(out, "protocol", json_integer(v.protocol));
	}
	return out;
}

static const char *family_name(enum ip_family family)
{
	return family == IP_V4 ? "IPv4" : "IPv6";
}

/* What only some types have. */
static void add_type_fields(json_t *out, const struct nhrp_message *m)
{
	char flags[NHRP_FLAGS_TEXT_MAX];

	if (m->type == NHRP_ERROR_INDICATION || m->type == NHRP_TRAFFIC_INDICATION) {
		json_object_set_new(out, "code", json_integer(m->code));
		if (m->type == NHRP_ERROR_INDICATION) {
			json_object_set_new(out, "code_name", json_string(nhrp_error_name(m->code)));
			json_object_set_new(out, "error_offset", json_integer(m->offset));
		}
		if (m->payload)
			json_object_set_new(out, "payload", payload_json(m));
		return;
	}
	json_object_set_new(out, "request_id", json_integer(m->request_id));
	json_object_set_new(out, "flags", json_integer(m->flags));
	json_object_set_new(out, "flag_letters", json_string(nhrp_flags_text(m->type, m->flags, flags)));
	json_object_set_new(out, "cies", cies_json(m->cies, m->cie_count));
}

json_t *nhrp_json(const struct nhrp_message *m, bool show_secrets)
{
	json_t *extensions = json_array();
	json_t *out = json_pack("{s:i, s:s, s:i, s:s, s:s, s:o, s:o, s:o, s:b, s:b}",
				"type", m->type, "type_name", nhrp_type_name(m->type),
				"hop_count", m->hop_count,
				"nbma_family", family_name(m->nbma_family),
				"protocol_family", family_name(m->proto_family),
				"source_nbma", nhrp_json_addr(&m->src_nbma),
				"source_protocol", nhrp_json_addr(&m->src_proto),
				"destination_protocol", nhrp_json_addr(&m->dst_proto),
				"has_extensions", m->has_extensions, "end_missing", m->end_missing);

	add_type_fields(out, m);
	for (size_t i = 0; i < m->extension_count; i++)
		json_array_append_new(extensions, extension_json(&m->extensions[i], show_secrets));
	json_object_set_new(out, "extensions", extensions);
	return out;
}
