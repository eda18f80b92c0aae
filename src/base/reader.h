/*
 * reader: a sticky big-endian cursor over borrowed bytes.
 *
 * A read past the end sets `bad`, moves to the end and yields zeros; every later read
 * yields zeros too. So a decoder reads a whole structure and looks at `bad` once.
 */
#ifndef DMVPN_BASE_READER_H
#define DMVPN_BASE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reader {
	const uint8_t *at;
	const uint8_t *end;
	bool bad;
};

struct reader reader_of(const void *bytes, size_t length);
size_t reader_left(const struct reader *r);
uint8_t reader_u8(struct reader *r);
uint16_t reader_u16(struct reader *r);
uint32_t reader_u32(struct reader *r);
void reader_copy(struct reader *r, void *out, size_t length); /* zero-fills when bad */
const uint8_t *reader_skip(struct reader *r, size_t length);  /* start of the bytes, NULL when bad */
/* A reader bounded to the next `length` bytes, which are consumed here. When too few are
 * left, both this reader and the one returned are bad. */
struct reader reader_sub(struct reader *r, size_t length);

#endif
