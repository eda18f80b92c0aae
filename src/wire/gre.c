#include "wire/gre.h"

#include <string.h>

#include "base/reader.h"
#include "base/writer.h"
#include "wire/checksum.h"

enum {
	FLAG_CHECKSUM = 0x8000,
	FLAG_KEY = 0x2000,
	FLAG_SEQUENCE = 0x1000,
	/* Bits 1, 4 and 5: routing, strict source route, recursion (RFC 2784 2.3: discard).
	 * Bits 6 to 12 are to be ignored. */
	FLAGS_REFUSED = 0x4c00,
	VERSION_MASK = 0x0007,
};

static const char *const drop_texts[GRE_DROP_COUNT] = {
#define GRE_DROP_TEXT(name, text) [GRE_DROP_##name] = text,
	GRE_DROPS(GRE_DROP_TEXT)
#undef GRE_DROP_TEXT
};

const char *gre_drop_text(enum gre_drop drop)
{
	return (unsigned)drop < GRE_DROP_COUNT ? drop_texts[drop] : "unknown";
}

/* A header of nothing but a key, as nearly all are, is read at once. */
static bool decode_key_only(const uint8_t *bytes, size_t length, struct gre_header *out)
{
	enum { HEADER = 8 };

	if (length < HEADER || bytes[0] != FLAG_KEY >> 8 || bytes[1] != 0)
		return false;
	*out = (struct gre_header){ .protocol = (uint16_t)(bytes[2] << 8 | bytes[3]), .has_key = true, .header_len = HEADER,
				    .key = (uint32_t)bytes[4] << 24 | (uint32_t)bytes[5] << 16 |
					   (uint32_t)bytes[6] << 8 | bytes[7] };
	return true;
}

enum gre_drop gre_decode(const uint8_t *bytes, size_t length, struct gre_header *out)
{
	struct reader r = reader_of(bytes, length);
	uint16_t flags;

	if (decode_key_only(bytes, length, out))
		return GRE_DROP_NONE;
	flags = reader_u16(&r);
	memset(out, 0, sizeof *out);
	out->protocol = reader_u16(&r);
	if (r.bad)
		return GRE_DROP_SHORT;
	if (flags & VERSION_MASK)
		return GRE_DROP_VERSION;
	if (flags & FLAGS_REFUSED)
		return GRE_DROP_FLAGS;
	out->has_checksum = flags & FLAG_CHECKSUM;
	out->has_key = flags & FLAG_KEY;
	out->has_sequence = flags & FLAG_SEQUENCE;
	if (out->has_checksum)
		reader_skip(&r, 4);
	if (out->has_key)
		out->key = reader_u32(&r);
	if (out->has_sequence)
		out->sequence = reader_u32(&r);
	if (r.bad)
		return GRE_DROP_SHORT;
	out->header_len = (uint8_t)(length - reader_left(&r));
	if (out->has_checksum && checksum(bytes, length) != 0)
		return GRE_DROP_CHECKSUM;
	return GRE_DROP_NONE;
}

size_t gre_encode(uint16_t protocol, bool has_key, uint32_t key, uint8_t *out)
{
	struct writer w = writer_of(out, 8);

	writer_u16(&w, has_key ? FLAG_KEY : 0);
	writer_u16(&w, protocol);
	if (has_key)
		writer_u32(&w, key);
	return writer_length(&w);
}
