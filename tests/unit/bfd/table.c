/* Prints the table of docs/bfd.md: sessions -> interval -> detection. With a file: does it stand there? */
#include <stdio.h>
#include <string.h>

#include "bfd/budget.h"

enum { MULTIPLIER = 3, ASKED_MS = 50 };

static void row(char *out, size_t size, size_t sessions)
{
	struct span interval = bfd_budget(sessions, BFD_PACKETS_PER_S);

	if (interval.us < span_ms(ASKED_MS).us)
		interval = span_ms(ASKED_MS);
	snprintf(out, size, "| %zu | %lld ms | %lld ms | %.0f |\n", sessions, (long long)(interval.us / 1000),
		 (long long)(MULTIPLIER * interval.us / 1000), bfd_packet_rate(sessions, interval));
}

static int stands_in(const char *path, const char *line)
{
	FILE *f = fopen(path, "r");
	char buffer[512];
	int found = 0;

	while (f && !found && fgets(buffer, sizeof buffer, f))
		found = !strcmp(buffer, line);
	if (f)
		fclose(f);
	return found;
}

int main(int argc, char **argv)
{
	static const size_t sessions[] = { 10, 100, 500, 1000, 1500, 2000, 3000, 5000, 10000 };
	int missing = 0;

	for (size_t i = 0; i < sizeof sessions / sizeof *sessions; i++) {
		char line[128];

		row(line, sizeof line, sessions[i]);
		fputs(line, stdout);
		if (argc > 1 && !stands_in(argv[1], line))
			missing++;
	}
	if (missing)
		fprintf(stderr, "%d of these lines are not in %s\n", missing, argv[1]);
	return missing != 0;
}
