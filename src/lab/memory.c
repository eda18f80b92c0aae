#include "lab/memory.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *lab_calloc(size_t count, size_t size)
{
	void *p = calloc(count ? count : 1, size);

	assert(p);
	return p;
}

void *lab_append(void *array, size_t *count, size_t size)
{
	char **slot = array, *p = reallocarray(*slot, *count + 1, size);

	assert(p);
	*slot = p;
	p += *count * size;
	memset(p, 0, size);
	(*count)++;
	return p;
}

char *lab_strdup(const char *text)
{
	char *p = strdup(text);

	assert(p);
	return p;
}

char *lab_printf(const char *format, ...)
{
	va_list args;
	char *p = NULL;
	int n;

	va_start(args, format);
	n = vasprintf(&p, format, args);
	va_end(args);
	assert(n >= 0);
	return p;
}
