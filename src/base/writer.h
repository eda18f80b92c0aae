/*
 * writer: a sticky big-endian cursor over a buffer of fixed size.
 *
 * A write that does not fit sets `bad` and changes nothing; test it once at the end.
 */
#ifndef DMVPN_BASE_WRITER_H
#define DMVPN_BASE_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct writer {
	uint8_t *begin;
	uint8_t *at;
	uint8_t *end;
	bool bad;
};

struct writer writer_of(void *buffer, size_t size);
size_t writer_length(const struct writer *w); /* bytes written so far */
void writer_u8(struct writer *w, uint8_t v);
void writer_u16(struct writer *w, uint16_t v);
void writer_u32(struct writer *w, uint32_t v);
void writer_bytes(struct writer *w, const void *bytes, size_t length);
/* Overwrites two bytes already written at `offset` from the beginning. */
void writer_patch_u16(struct writer *w, size_t offset, uint16_t v);

#endif
