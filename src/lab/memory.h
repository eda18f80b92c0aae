/*
 * memory: allocation for the lab runner, a short-lived tool: out of memory ends it.
 */
#ifndef DMVPN_LAB_MEMORY_H
#define DMVPN_LAB_MEMORY_H

#include <stddef.h>

void *lab_calloc(size_t count, size_t size);
/* Grows *array (of `size`-octet items) by one zeroed item and returns it; *count counts. */
void *lab_append(void *array, size_t *count, size_t size);
char *lab_strdup(const char *text);
char *lab_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
