/* folder: which files of a folder are routers' configurations. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"

enum { LOOK_AT = 16384 };

static bool ends_with(const char *name, const char *const *ends)
{
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot && ends[i]; i++) {
		if (!strcasecmp(dot, ends[i]))
			return true;
	}
	return false;
}

/* A line of its own that prose does not have: so the notes beside the configurations stay out. */
static bool looks_like_one(const char *text)
{
	static const char *const heads[] = { "interface ", "hostname ", "set interfaces ", NULL };

	for (const char *line = text; line; line = strpbrk(line, "\r\n")) {
		line += *line == '\n' || *line == '\r';
		for (size_t i = 0; heads[i]; i++) {
			const char *name = line + strlen(heads[i]);

			if (!strncmp(line, heads[i], strlen(heads[i])) && strcspn(name, " \r\n") > 0 && strcspn(name, "\r\n") < 40)
				return true;
		}
	}
	return false;
}

static bool is_one_inside(int folder, const char *name)
{
	const int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char text[LOOK_AT + 1];
	struct stat st;
	ssize_t got = -1;

	if (fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode))
		got = read(fd, text, LOOK_AT);
	if (fd >= 0)
		close(fd);
	if (got <= 0)
		return false;
	text[got] = 0;
	return looks_like_one(text);
}

/* By its name; what may be anything by what is in it: notes.txt, and "R1-confg" as routers save themselves. */
static bool is_one(int folder, const char *name)
{
	static const char *const always[] = { ".cfg", ".conf", ".boot", NULL }, *const maybe[] = { ".txt", ".ios", ".config", NULL };

	if (*name == '.' || !strcmp(name, "lab.conf"))
		return false;
	if (ends_with(name, always))
		return true;
	return (!strchr(name, '.') || ends_with(name, maybe)) && is_one_inside(folder, name);
}

static bool add(struct config_folder *f, const char *folder, const char *name)
{
	char **grown = reallocarray(f->paths, f->count + 1, sizeof *f->paths);

	if (!grown)
		return false;
	f->paths = grown;
	if (asprintf(&f->paths[f->count], "%s/%s", folder, name) < 0)
		return false;
	f->count++;
	return true;
}

static bool take(struct config_folder *f, const char *path, int fd, struct dirent **names, int count)
{
	bool good = true;

	for (int i = 0; i < count; i++) {
		good = good && (!is_one(fd, names[i]->d_name) || add(f, path, names[i]->d_name));
		free(names[i]);
	}
	free(names);
	return good;
}

bool config_folder_read(const char *path, struct config_folder *f, char *error, size_t error_size)
{
	const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent **names;
	const int count = fd < 0 ? -1 : scandirat(fd, ".", &names, NULL, versionsort);
	const int why = errno;
	bool good;

	*f = (struct config_folder){ 0 };
	good = count >= 0 && take(f, path, fd, names, count);
	if (fd >= 0)
		close(fd);
	if (good && f->count)
		return true;
	config_folder_done(f);
	snprintf(error, error_size, "%s: %s", path, count < 0 ? strerror(why) : !good ? "out of memory" :
		 "no configuration in it (*.cfg, *.conf, *.boot, or text with interfaces in *.txt, *.ios, *.config and files without a suffix)");
	return false;
}

void config_folder_done(struct config_folder *f)
{
	for (size_t i = 0; i < f->count; i++)
		free(f->paths[i]);
	free(f->paths);
	*f = (struct config_folder){ 0 };
}
