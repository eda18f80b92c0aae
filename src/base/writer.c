#include "base/writer.h"

#include <assert.h>
#include <string.h>

struct writer writer_of(void *buffer, size_t size)
{
	uint8_t *begin = buffer;

	return (struct writer){ .begin = begin, .at = begin, .end = begin + size, .bad = false };
}

size_t writer_length(const struct writer *w)
{
	return (size_t)(w->at - w->begin);
}

void writer_bytes(struct writer *w, const void *bytes, size_t length)
{
	if (w->bad || length > (size_t)(w->end - w->at)) {
		w->bad = true;
		return;
	}
	if (length > 0)
		memcpy(w->at, bytes, length);
	w->at += length;
}

void writer_u8(struct writer *w, uint8_t v)
{
	writer_bytes(w, &v, 1);
}

void writer_u16(struct writer *w, uint16_t v)
{
	const uint8_t b[2] = { (uint8_t)(v >> 8), (uint8_t)v };

	writer_bytes(w, b, sizeof b);
}

void writer_u32(struct writer *w, uint32_t v)
{
	const uint8_t b[4] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v };

	writer_bytes(w, b, sizeof b);
}

void writer_patch_u16(struct writer *w, size_t offset, uint16_t v)
{
	if (w->bad)
		return;
	assert(offset + 2 <= writer_length(w));
	w->begin[offset] = (uint8_t)(v >> 8);
	w->begin[offset + 1] = (uint8_t)v;
}
