#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

void *alloc_zero(size_t count, size_t size)
{
	void *const p = calloc(count ? count : 1, size);

	if (!p)
		abort();
	return p;
}

void *alloc_array(void *old, size_t count, size_t size)
{
	void *const p = reallocarray(old, count ? count : 1, size);

	if (!p)
		abort();
	return p;
}

char *alloc_text(const char *text)
{
	char *const copy = text ? strdup(text) : NULL;

	if (text && !copy)
		abort();
	return copy;
}
