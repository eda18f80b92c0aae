/*
 * Every well-formed message of the captures in ../shared/captures (or
 * $DMVPN_SHARED/captures) comes back from the codec byte for byte.
 * usage: recode_test PROJECT_ROOT
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/capture.h"

struct tally {
	const char *file;
	unsigned good, bad;
};

static void recode(void *context, const struct capture_message *m)
{
	struct tally *t = context;
	uint8_t out[NHRP_MESSAGE_MAX];
	size_t length;

	if (m->drop != NHRP_DROP_NONE || m->frame.kind != FRAME_NHRP)
		return;
	length = nhrp_encode(&m->message, out, sizeof out);
	if (length == m->frame.nhrp_len && memcmp(out, m->frame.nhrp, length) == 0) {
		t->good++;
		return;
	}
	t->bad++;
	fprintf(stderr, "%s: message %ju comes back changed\n", t->file, (uintmax_t)m->frame_number);
}

static int is_capture(const struct dirent *d)
{
	return strstr(d->d_name, ".pcap") != NULL;
}

int main(int argc, char **argv)
{
	const char *shared = getenv("DMVPN_SHARED");
	struct tally t = { .file = "" };
	struct dirent **names;
	char folder[3000];
	int count;

	if (argc != 2)
		return 2;
	if (shared)
		snprintf(folder, sizeof folder, "%s/captures", shared);
	else
		snprintf(folder, sizeof folder, "%s/../shared/captures", argv[1]);
	count = scandir(folder, &names, is_capture, alphasort);
	if (count <= 0) {
		printf("no captures in %s\n", folder);
		return 77;
	}
	for (int i = 0; i < count; i++) {
		char path[4000], error[CAPTURE_ERROR_MAX];
		struct capture_totals totals;

		snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
		t.file = names[i]->d_name;
		if (capture_read_file(path, recode, &t, &totals, error) < 0) {
			fprintf(stderr, "%s: %s\n", path, error);
			t.bad++;
		}
		free(names[i]);
	}
	free(names);
	printf("%u messages came back unchanged, %u did not\n", t.good, t.bad);
	return t.bad > 0 || t.good == 0;
}
