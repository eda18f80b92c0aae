/* The words for NHRP's numbers (RFC 2332 sections 5.2 and 5.3, RFC 2735). */
#include "wire/nhrp.h"

struct name {
	unsigned number;
	const char *text;
};

static const char *const drop_names[NHRP_DROP_COUNT] = {
#define DROP_NAME(name, text) [NHRP_DROP_##name] = #name,
	NHRP_DROPS(DROP_NAME)
#undef DROP_NAME
};

static const char *const drop_texts[NHRP_DROP_COUNT] = {
#define DROP_TEXT(name, text) [NHRP_DROP_##name] = text,
	NHRP_DROPS(DROP_TEXT)
#undef DROP_TEXT
};

static const struct name types[] = {
	{ NHRP_RESOLUTION_REQUEST, "Resolution Request" },
	{ NHRP_RESOLUTION_REPLY, "Resolution Reply" },
	{ NHRP_REGISTRATION_REQUEST, "Registration Request" },
	{ NHRP_REGISTRATION_REPLY, "Registration Reply" },
	{ NHRP_PURGE_REQUEST, "Purge Request" },
	{ NHRP_PURGE_REPLY, "Purge Reply" },
	{ NHRP_ERROR_INDICATION, "Error Indication" },
	{ NHRP_TRAFFIC_INDICATION, "Traffic Indication" },
};

static const struct name codes[] = {
	{ NHRP_CODE_SUCCESS, "success" },
	{ NHRP_CODE_ADMIN_PROHIBITED, "administratively prohibited" },
	{ NHRP_CODE_INSUFFICIENT_RESOURCES, "insufficient resources" },
	{ NHRP_CODE_NO_BINDING_NHRPD, "no binding exists (number of FRR and OpenNHRP)" },
	{ NHRP_CODE_NO_BINDING, "no binding exists" },
	{ NHRP_CODE_NOT_UNIQUE, "binding exists but is not unique" },
	{ NHRP_CODE_ALREADY_REGISTERED, "unique address already registered" },
};

static const struct name errors[] = {
	{ NHRP_ERROR_UNRECOGNIZED_EXTENSION, "unrecognized extension" },
	{ NHRP_ERROR_LOOP_OPENNHRP, "loop detected (number of OpenNHRP)" },
	{ NHRP_ERROR_LOOP_DETECTED, "loop detected" },
	{ NHRP_ERROR_UNREACHABLE, "protocol address unreachable" },
	{ NHRP_ERROR_PROTOCOL, "protocol error" },
	{ NHRP_ERROR_SDU_SIZE, "SDU size exceeded" },
	{ NHRP_ERROR_INVALID_EXTENSION, "invalid extension" },
	{ NHRP_ERROR_INVALID_REPLY, "invalid resolution reply received" },
	{ NHRP_ERROR_AUTH_FAILURE, "authentication failure" },
	{ NHRP_ERROR_HOP_COUNT, "hop count exceeded" },
};

static const struct name extensions[] = {
	{ NHRP_EXT_END, "End" },
	{ NHRP_EXT_RESPONDER, "Responder Address" },
	{ NHRP_EXT_FORWARD_TRANSIT, "Forward Transit NHS Record" },
	{ NHRP_EXT_REVERSE_TRANSIT, "Reverse Transit NHS Record" },
	{ NHRP_EXT_AUTHENTICATION, "Authentication" },
	{ NHRP_EXT_VENDOR, "Vendor Private" },
	{ NHRP_EXT_NAT, "NAT Address" },
	{ NHRP_EXT_MOBILE_AUTH, "Mobile NHC Authentication" },
};

static const char *find(const struct name *names, size_t count, unsigned number)
{
	for (size_t i = 0; i < count; i++) {
		if (names[i].number == number)
			return names[i].text;
	}
	return "unknown";
}

#define FIND(table, number) find(table, sizeof(table) / sizeof(table)[0], number)

const char *nhrp_drop_name(enum nhrp_drop drop)
{
	return (unsigned)drop < NHRP_DROP_COUNT ? drop_names[drop] : "UNKNOWN";
}

const char *nhrp_drop_text(enum nhrp_drop drop)
{
	return (unsigned)drop < NHRP_DROP_COUNT ? drop_texts[drop] : "unknown";
}

const char *nhrp_type_name(unsigned type) { return FIND(types, type); }
const char *nhrp_code_name(unsigned code) { return FIND(codes, code); }
const char *nhrp_error_name(unsigned code) { return FIND(errors, code); }
const char *nhrp_extension_name(unsigned type) { return FIND(extensions, type); }
