/*
 * Every well-formed message of the captures in ../shared/captures (or
 * $DMVPN_SHARED/captures) comes back from the codec byte for byte, and the golden messages
 * are what stands in those captures.
 * usage: recode_test PROJECT_ROOT
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "golden.h"
#include "wire/capture.h"

struct tally {
	const char *file;
	unsigned good, bad, golden;
};

static void compare_goldens(struct tally *t, const struct capture_message *m)
{
	for (size_t i = 0; i < GOLDEN_COUNT; i++) {
		const struct golden *const g = &goldens[i];

		if (!g->capture || strcmp(g->capture, t->file) != 0 || g->packet != m->frame_number)
			continue;
		t->golden++;
		if (g->length == m->frame.nhrp_len && memcmp(g->bytes, m->frame.nhrp, g->length) == 0)
			continue;
		t->bad++;
		fprintf(stderr, "%s: message %u is not %s\n", t->file, g->packet, g->name);
	}
}

static unsigned goldens_of_captures(void)
{
	unsigned n = 0;

	for (size_t i = 0; i < GOLDEN_COUNT; i++)
		n += goldens[i].capture != NULL;
	return n;
}

static void recode(void *context, const struct capture_message *m)
{
	struct tally *t = context;
	uint8_t out[NHRP_MESSAGE_MAX];
	size_t length;

	if (m->drop != NHRP_DROP_NONE || m->frame.kind != FRAME_NHRP)
		return;
	compare_goldens(t, m);
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
	printf("%u messages came back unchanged, %u of %u golden ones found, %u faults\n", t.good, t.golden,
	       goldens_of_captures(), t.bad);
	return t.bad > 0 || t.good == 0 || t.golden != goldens_of_captures();
}
