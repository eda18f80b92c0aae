#include "base/reader.h"

#include <string.h>

struct reader reader_of(const void *bytes, size_t length)
{
	const uint8_t *at = bytes;

	return (struct reader){ .at = at, .end = at + length, .bad = false };
}

size_t reader_left(const struct reader *r)
{
	return (size_t)(r->end - r->at);
}

const uint8_t *reader_skip(struct reader *r, size_t length)
{
	const uint8_t *start = r->at;

	if (r->bad || length > reader_left(r)) {
		r->bad = true;
		r->at = r->end;
		return NULL;
	}
	r->at += length;
	return start;
}

uint8_t reader_u8(struct reader *r)
{
	const uint8_t *p = reader_skip(r, 1);

	return p ? p[0] : 0;
}

uint16_t reader_u16(struct reader *r)
{
	const uint8_t *p = reader_skip(r, 2);

	if (!p)
		return 0;
	return (uint16_t)(p[0] << 8 | p[1]);
}

uint32_t reader_u32(struct reader *r)
{
	const uint8_t *p = reader_skip(r, 4);

	if (!p)
		return 0;
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

void reader_copy(struct reader *r, void *out, size_t length)
{
	const uint8_t *p = reader_skip(r, length);

	if (length == 0)
		return;
	if (p)
		memcpy(out, p, length);
	else
		memset(out, 0, length);
}

struct reader reader_sub(struct reader *r, size_t length)
{
	const uint8_t *p = reader_skip(r, length);

	if (!p)
		return (struct reader){ .at = r->end, .end = r->end, .bad = true };
	return reader_of(p, length);
}
