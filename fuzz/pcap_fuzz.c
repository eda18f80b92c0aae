/* Any bytes as a capture file, through libpcap and all that `dmvpn decode` does with it. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "wire/capture.h"
#include "wire/nhrp_json.h"
#include "wire/nhrp_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	uint64_t messages;
	FILE *out;
};

static void show(void *context, const struct capture_message *m)
{
	struct seen *s = context;

	s->messages++;
	nhrp_text_print(s->out, &m->message, true);
	json_decref(nhrp_json(&m->message, true));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char error[CAPTURE_ERROR_MAX];
	struct capture_totals totals;
	struct seen s = { .out = fopen("/dev/null", "w") };
	FILE *stream = size > 0 ? fmemopen((void *)(uintptr_t)data, size, "rb") : NULL;

	if (stream && s.out) {
		(void)capture_read_stream(stream, show, &s, &totals, error);
		assert(s.messages == totals.messages && totals.malformed <= totals.messages);
		assert(totals.messages + totals.esp + totals.fragments <= totals.frames);
	} else if (stream) {
		fclose(stream);
	}
	if (s.out)
		fclose(s.out);
	return 0;
}
