/* Contradictions that only the whole file shows, as errors on the line that is wrong. */
#include <string.h>

#include "config/reading.h"

void reading_check(struct reading *r)
{
	(void)r;
}
