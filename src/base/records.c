#include "base/records.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	MAGIC = 0x44524543, /* "DREC" */
	HEADER = 64,        /* octets, so that slots are aligned */
	ALIGN = 8,
};

/* The magic is stored last. */
struct header {
	uint32_t magic;
	struct records_layout layout;
	uint32_t high; /* slots from here on were never touched */
};

struct records {
	struct header *header; /* the mapping */
	size_t length, stride;
	uint32_t count;
	uint32_t free_count;
	uint32_t *free; /* indices below `high` */
};

_Static_assert(sizeof(struct header) <= HEADER, "room before the slots");

/* What stands before it in the program is in memory before what stands behind it, for whoever adopts
 * the memory of a process that was killed. */
static void in_order(void)
{
	atomic_signal_fence(memory_order_seq_cst);
}

static uint64_t *which_of(const struct records *r, uint32_t index)
{
	return (uint64_t *)(void *)((uint8_t *)r->header + HEADER + index * r->stride);
}

static uint8_t *copy_of(const struct records *r, uint32_t index, uint64_t which)
{
	const size_t copy = (r->stride - ALIGN) / 2;

	return (uint8_t *)which_of(r, index) + ALIGN + (which - 1) * copy;
}

static bool header_fits(const struct header *h, const struct records_layout *layout)
{
	return h->magic == MAGIC && memcmp(&h->layout, layout, sizeof *layout) == 0 && h->high <= layout->capacity;
}

static int empty(struct records *r, int fd, const struct records_layout *layout)
{
	if (ftruncate(fd, 0) < 0 || ftruncate(fd, (off_t)r->length) < 0)
		return -errno;
	r->header->layout = *layout;
	in_order();
	r->header->magic = MAGIC;
	return 0;
}

static void adopt(struct records *r)
{
	for (uint32_t i = 0; i < r->header->high; i++) {
		uint64_t *which = which_of(r, i);

		if (*which > 2)
			*which = 0;
		if (*which)
			r->count++;
		else
			r->free[r->free_count++] = i;
	}
}

static int fill(struct records *r, int fd, const struct records_layout *layout, bool *adopted)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	r->header = mmap(NULL, r->length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (r->header == MAP_FAILED) {
		r->header = NULL;
		return -errno;
	}
	*adopted = st.st_size == (off_t)r->length && header_fits(r->header, layout);
	if (!*adopted)
		return empty(r, fd, layout);
	adopt(r);
	return 0;
}

int records_open(struct records **out, int fd, const struct records_layout *layout, bool *adopted)
{
	struct records *r = calloc(1, sizeof *r);
	int error = -ENOMEM;

	assert(layout->size > 0 && layout->capacity > 0);
	*adopted = false;
	if (!r)
		return error;
	r->stride = ALIGN + 2 * (((size_t)layout->size + ALIGN - 1) / ALIGN * ALIGN);
	r->length = HEADER + layout->capacity * r->stride;
	r->free = malloc(layout->capacity * sizeof *r->free);
	if (r->free)
		error = fill(r, fd, layout, adopted);
	if (error)
		records_close(r);
	else
		*out = r;
	return error;
}

void records_close(struct records *r)
{
	if (!r)
		return;
	if (r->header)
		munmap(r->header, r->length);
	free(r->free);
	free(r);
}

static uint32_t take(struct records *r)
{
	if (r->free_count)
		return r->free[--r->free_count];
	return r->header->high < r->header->layout.capacity ? r->header->high++ : RECORDS_NONE;
}

uint32_t records_put(struct records *r, uint32_t index, const void *record)
{
	uint64_t *which, next;

	if (index == RECORDS_NONE && (index = take(r)) == RECORDS_NONE)
		return index;
	assert(index < r->header->high);
	which = which_of(r, index);
	next = *which == 1 ? 2 : 1;
	r->count += *which == 0;
	memcpy(copy_of(r, index, next), record, r->header->layout.size);
	in_order();
	*which = next;
	return index;
}

void records_drop(struct records *r, uint32_t index)
{
	uint64_t *which = index == RECORDS_NONE ? NULL : which_of(r, index);

	if (!which || *which == 0)
		return;
	*which = 0;
	r->count--;
	r->free[r->free_count++] = index;
}

const void *records_from(const struct records *r, uint32_t *index)
{
	for (; *index < r->header->high; ++*index) {
		const uint64_t which = *which_of(r, *index);

		if (which)
			return copy_of(r, *index, which);
	}
	return NULL;
}

uint32_t records_count(const struct records *r)
{
	return r->count;
}
