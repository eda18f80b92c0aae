/* Runs a fuzz target over every file of the folder given: the kept corpus as a test. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *path)
{
	struct stat st;
	uint8_t *bytes;
	size_t got;
	FILE *f = fopen(path, "rb");

	if (!f || fstat(fileno(f), &st) < 0) {
		perror(path);
		if (f)
			fclose(f);
		return 1;
	}
	/* Exactly as long as the input, as libFuzzer has it: one octet read beyond it is seen. */
	bytes = malloc(st.st_size ? (size_t)st.st_size : 1);
	got = bytes ? fread(bytes, 1, (size_t)st.st_size, f) : 0;
	fclose(f);
	if (!bytes || got != (size_t)st.st_size) {
		free(bytes);
		fprintf(stderr, "%s: short read\n", path);
		return 1;
	}
	LLVMFuzzerTestOneInput(bytes, got);
	free(bytes);
	return 0;
}

int main(int argc, char **argv)
{
	struct dirent **names;
	int count, failed = 0, ran = 0;

	if (argc != 2) {
		fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
		return 2;
	}
	count = scandir(argv[1], &names, NULL, alphasort);
	if (count < 0) {
		perror(argv[1]);
		return 1;
	}
	for (int i = 0; i < count; i++) {
		char path[4096];

		if (names[i]->d_name[0] != '.') {
			snprintf(path, sizeof path, "%s/%s", argv[1], names[i]->d_name);
			failed |= replay(path);
			ran++;
		}
		free(names[i]);
	}
	free(names);
	printf("%d inputs replayed\n", ran);
	return failed || ran == 0;
}
