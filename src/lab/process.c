/* process: who is alive, who descends from whom, and the end of exactly those. */
#include "lab/run.h"

#include <ctype.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct stat_line {
	char state;
	pid_t parent;
	uint64_t start;
};

static bool read_stat(pid_t pid, struct stat_line *s)
{
	char path[64], text[1024], *p;
	unsigned long long start;
	FILE *f;
	bool ok;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	ok = fgets(text, sizeof(text), f);
	fclose(f);
	/* The name in brackets may hold anything; the fields go on after the last one. */
	p = ok ? strrchr(text, ')') : NULL;
	if (!p || sscanf(p + 1, " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
			 &s->state, &s->parent, &start) != 3)
		return false;
	s->start = start;
	return true;
}

uint64_t process_start(pid_t pid)
{
	struct stat_line s;

	waitpid(pid, NULL, WNOHANG); /* when it is a child of ours that has ended */
	if (pid <= 0 || !read_stat(pid, &s) || s.state == 'Z' || s.state == 'X')
		return 0;
	return s.start;
}

bool process_alive(pid_t pid, uint64_t start)
{
	uint64_t now = process_start(pid);

	return now && now == start;
}

static pid_t next_pid(DIR *d)
{
	for (struct dirent *e; (e = readdir(d));)
		if (isdigit((unsigned char)e->d_name[0]))
			return (pid_t)atoi(e->d_name);
	return 0;
}

static bool is_in(pid_t pid, const pid_t *pids, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

size_t process_tree(pid_t root, pid_t *pids, size_t max)
{
	size_t count = 0, before;

	if (max == 0 || !process_start(root))
		return 0;
	pids[count++] = root;
	do {
		DIR *d = opendir("/proc");
		struct stat_line s;

		before = count;
		if (!d)
			break;
		for (pid_t pid; (pid = next_pid(d));)
			if (count < max && !is_in(pid, pids, count) && read_stat(pid, &s) &&
			    is_in(s.parent, pids, count))
				pids[count++] = pid;
		closedir(d);
	} while (count > before);
	return count;
}

size_t process_in_netns(const char *netns, pid_t *pids, size_t max)
{
	char path[128];
	struct stat ns, of;
	size_t count = 0;
	DIR *d;

	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	if (stat(path, &ns) < 0)
		return 0;
	d = opendir("/proc");
	if (!d)
		return 0;
	for (pid_t pid; (pid = next_pid(d));) {
		snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
		if (count < max && pid != getpid() && stat(path, &of) == 0 && of.st_ino == ns.st_ino &&
		    of.st_dev == ns.st_dev)
			pids[count++] = pid;
	}
	closedir(d);
	return count;
}

void process_name(pid_t pid, char out[64])
{
	char path[64], text[256];
	const char *slash;
	size_t n = 0;
	FILE *f;

	out[0] = 0;
	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return;
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = 0;
	slash = strrchr(text, '/');
	snprintf(out, 64, "%.63s", slash ? slash + 1 : text);
}

void process_kill(const pid_t *pids, size_t count)
{
	struct timespec pause = { .tv_nsec = 5000000 };

	for (size_t i = 0; i < count; i++)
		if (pids[i] > 1)
			kill(pids[i], SIGKILL);
	for (int tries = 0; tries < 400; tries++) {
		bool alive = false;

		for (size_t i = 0; i < count; i++)
			alive |= process_start(pids[i]) != 0;
		if (!alive)
			return;
		nanosleep(&pause, NULL);
	}
}
