#include "wire/nhrp_text.h"

#include <ctype.h>
#include <string.h>

#include "wire/ip.h"

enum { HEX_SHOWN = 32 /* octets of an opaque value */ };

struct letter {
	uint16_t flag;
	const char *text;
};

static const struct letter resolution_letters[] = {
	{ NHRP_FLAG_RES_ROUTER, "Q" },
	{ NHRP_FLAG_RES_AUTHORITATIVE, "A" },
	{ NHRP_FLAG_RES_DEST_STABLE, "D" },
	{ NHRP_FLAG_RES_UNIQUE, "U" },
	{ NHRP_FLAG_RES_SOURCE_STABLE, "S" },
	{ NHRP_FLAG_NAT, "+nat" },
	{ 0, NULL },
};
static const struct letter registration_letters[] = {
	{ NHRP_FLAG_REG_UNIQUE, "U" },
	{ NHRP_FLAG_NAT, "+nat" },
	{ 0, NULL },
};
static const struct letter purge_letters[] = {
	{ NHRP_FLAG_PURGE_NO_REPLY, "N" },
	{ NHRP_FLAG_NAT, "+nat" },
	{ 0, NULL },
};
static const struct letter no_letters[] = { { 0, NULL } };

static const struct letter *letters_of(unsigned type)
{
	switch (type) {
	case NHRP_RESOLUTION_REQUEST:
	case NHRP_RESOLUTION_REPLY:
		return resolution_letters;
	case NHRP_REGISTRATION_REQUEST:
	case NHRP_REGISTRATION_REPLY:
		return registration_letters;
	case NHRP_PURGE_REQUEST:
	case NHRP_PURGE_REPLY:
		return purge_letters;
	default:
		return no_letters;
	}
}

const char *nhrp_flags_text(unsigned type, uint16_t flags, char out[NHRP_FLAGS_TEXT_MAX])
{
	uint16_t left = flags;
	size_t length = 0;

	out[0] = '\0';
	for (const struct letter *l = letters_of(type); l->text; l++) {
		if (!(flags & l->flag))
			continue;
		left &= (uint16_t)~l->flag;
		length += (size_t)snprintf(out + length, NHRP_FLAGS_TEXT_MAX - length, "%s", l->text);
	}
	if (left)
		snprintf(out + length, NHRP_FLAGS_TEXT_MAX - length, "+0x%04x", left);
	return flags ? out : "-";
}

bool nhrp_authentication_parts(const struct nhrp_extension *x, uint16_t *spi, const uint8_t **secret,
			       size_t *secret_len)
{
	if (x->is_cies || x->length < 4)
		return false;
	*spi = (uint16_t)(x->value[2] << 8 | x->value[3]);
	*secret = x->value + 4;
	*secret_len = x->length - 4u;
	return true;
}

static void print_addr(FILE *out, const char *before, const struct ipaddr *a)
{
	char text[IPADDR_TEXT_MAX];

	fprintf(out, "%s%s", before, ipaddr_format(a, text));
}

static void print_hex(FILE *out, const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length && i < HEX_SHOWN; i++)
		fprintf(out, "%02x", bytes[i]);
	if (length > HEX_SHOWN)
		fputs("...", out);
}

/* Octets from the network never reach a terminal as they are. */
static void print_escaped(FILE *out, const uint8_t *bytes, size_t length)
{
	fputc('"', out);
	for (size_t i = 0; i < length; i++) {
		if (isprint(bytes[i]) && bytes[i] != '"' && bytes[i] != '\\')
			fputc(bytes[i], out);
		else
			fprintf(out, "\\x%02x", bytes[i]);
	}
	fputc('"', out);
}

static void print_cie(FILE *out, const struct nhrp_cie *cie)
{
	fprintf(out, " [code %u", cie->code);
	if (cie->code != NHRP_CODE_SUCCESS)
		fprintf(out, " (%s)", nhrp_code_name(cie->code));
	fprintf(out, " pl %u mtu %u hold %u pref %u", cie->prefix_len, cie->mtu_bytes, cie->holding_s,
		cie->preference);
	if (!ipaddr_is_none(&cie->nbma))
		print_addr(out, " nbma ", &cie->nbma);
	if (cie->nbma_subaddr_len > 0) {
		fputs(" subaddress ", out);
		print_hex(out, cie->nbma_subaddr, cie->nbma_subaddr_len);
	}
	if (!ipaddr_is_none(&cie->proto))
		print_addr(out, " proto ", &cie->proto);
	fputc(']', out);
}

static void print_secret(FILE *out, const struct nhrp_extension *x, bool show_secrets)
{
	const uint8_t *secret;
	size_t length;
	uint16_t spi;

	if (!nhrp_authentication_parts(x, &spi, &secret, &length)) {
		fprintf(out, " malformed, %u octets", x->length);
		return;
	}
	if (spi != 1)
		fprintf(out, " spi %u", spi);
	fputc(' ', out);
	if (show_secrets)
		print_escaped(out, secret, length);
	else
		fprintf(out, "*** (%zu octets)", length);
}

static void print_extension(FILE *out, const struct nhrp_extension *x, bool show_secrets)
{
	const char *name = nhrp_extension_name(x->type);

	if (strcmp(name, "unknown") == 0)
		fprintf(out, "unknown %s%u", x->compulsory ? "compulsory " : "", x->type);
	else
		fputs(name, out);
	for (size_t i = 0; i < x->cie_count; i++)
		print_cie(out, &x->cies[i]);
	if (x->is_cies)
		return;
	if (x->type == NHRP_EXT_AUTHENTICATION || x->type == NHRP_EXT_MOBILE_AUTH) {
		print_secret(out, x, show_secrets);
		return;
	}
	fputc(' ', out);
	print_hex(out, x->value, x->length);
	fprintf(out, " (%u octets)", x->length);
}

/* What a redirect or an error speaks of. */
static void print_payload(FILE *out, const struct nhrp_message *m)
{
	struct ip_view v;
	enum ip_drop drop = IP_DROP_SHORT;

	fprintf(out, " about %zu octets", m->payload_len);
	if (m->type == NHRP_TRAFFIC_INDICATION)
		drop = ip_decode(m->payload, m->payload_len, &v);
	if (drop == IP_DROP_NONE || drop == IP_DROP_LENGTH || drop == IP_DROP_CHECKSUM) {
		print_addr(out, " of ", &v.src);
		print_addr(out, " -> ", &v.dst);
		fprintf(out, " protocol %u", v.protocol);
	}
}

static void print_head(FILE *out, const struct nhrp_message *m)
{
	char flags[NHRP_FLAGS_TEXT_MAX];

	fprintf(out, "%s", nhrp_type_name(m->type));
	switch (m->type) {
	case NHRP_ERROR_INDICATION:
		fprintf(out, " code %u (%s) offset %u", m->code, nhrp_error_name(m->code), m->offset);
		break;
	case NHRP_TRAFFIC_INDICATION:
		fprintf(out, " code %u%s", m->code, m->code == 0 ? " (redirect)" : "");
		break;
	default:
		fprintf(out, " id %u", m->request_id);
		break;
	}
	fprintf(out, " hops %u flags %s", m->hop_count, nhrp_flags_text(m->type, m->flags, flags));
}

void nhrp_text_print(FILE *out, const struct nhrp_message *m, bool show_secrets)
{
	print_head(out, m);
	print_addr(out, " nbma ", &m->src_nbma);
	print_addr(out, " ", &m->src_proto);
	print_addr(out, " -> ", &m->dst_proto);
	if (m->payload)
		print_payload(out, m);
	for (size_t i = 0; i < m->cie_count; i++)
		print_cie(out, &m->cies[i]);
	for (size_t i = 0; i < m->extension_count; i++) {
		fputs(i == 0 ? " | " : ", ", out);
		print_extension(out, &m->extensions[i], show_secrets);
	}
	if (m->end_missing)
		fputs(" (End missing)", out);
}
