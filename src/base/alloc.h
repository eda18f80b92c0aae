/*
 * alloc: memory that is there or the process is not. For small bookkeeping whose loss would
 * break a promise (a deadline, a queued effect); what others can make us allocate is
 * bounded by counted tables before it comes here.
 */
#ifndef DMVPN_BASE_ALLOC_H
#define DMVPN_BASE_ALLOC_H

#include <stddef.h>

void *alloc_zero(size_t count, size_t size);                 /* zeroed; count may be 0 */
void *alloc_array(void *old, size_t count, size_t size);     /* as reallocarray */
char *alloc_text(const char *text);                          /* a copy; NULL gives NULL */

#endif
