#include "lab/overload.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "lab/programs.h"
#include "lab/run.h"

enum { PERIOD_MS = 100, LOOK_AGAIN_PERIODS = 10, END_WAIT_MS = 2000 };

static volatile sig_atomic_t ended;

static void on_term(int signal)
{
	(void)signal;
	ended = 1;
}

static void file_of(const struct lab *lab, size_t router, char out[PATH_MAX])
{
	snprintf(out, PATH_MAX, "%.3000s/%s/overload", lab->run_dir, lab->plan->routers[router].name);
}

static void signal_all(const pid_t *pids, size_t count, int signal)
{
	for (size_t i = 0; i < count; i++)
		kill(pids[i], signal);
}

static void sleep_ms(unsigned ms)
{
	struct timespec t = { .tv_nsec = ms * 1000000L };

	nanosleep(&t, NULL);
}

/* Programs may be started anew meanwhile: they are looked up again every second, while all run. */
static void helper(const struct lab *lab, size_t router, unsigned percent)
{
	pid_t pids[LAB_PROGRAMS_PIDS];
	unsigned stopped_ms = PERIOD_MS * percent / 100;
	size_t count = 0;

	signal(SIGTERM, on_term);
	signal(SIGINT, SIG_IGN);
	for (unsigned n = 0; !ended; n++) {
		if (n % LOOK_AGAIN_PERIODS == 0)
			count = programs_pids(lab, router, NULL, pids);
		signal_all(pids, count, SIGSTOP);
		sleep_ms(stopped_ms);
		signal_all(pids, count, SIGCONT);
		sleep_ms(PERIOD_MS - stopped_ms);
	}
	_exit(0);
}

static void note(const struct lab *lab, size_t router, pid_t pid)
{
	char path[PATH_MAX];
	FILE *f;

	file_of(lab, router, path);
	f = fopen(path, "we");
	if (!f)
		return;
	fprintf(f, "%d %llu\n", (int)pid, (unsigned long long)process_start(pid));
	fclose(f);
}

int overload_begin(const struct lab *lab, size_t router, unsigned percent, char *error, size_t size)
{
	pid_t runner = getpid(), pid;
	char netns[128];

	overload_end(lab, router);
	lab_netns(lab, NODE_ROUTER, router, netns);
	pid = fork();
	if (pid == 0) {
		/* With the lab that a test has put up; one put up by hand outlives this process. */
		if (lab->runner)
			prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (netns_enter(netns) < 0 || (lab->runner && getppid() != runner))
			_exit(1);
		setsid();
		for (int fd = 0; !lab->runner && fd < 3; fd++)
			close(fd); /* who waits for the tool's end waits for its output's end */
		helper(lab, router, percent);
	}
	if (pid < 0) {
		snprintf(error, size, "cannot start the overload: %s", strerror(errno));
		return 2;
	}
	note(lab, router, pid);
	return 0;
}

void overload_end(const struct lab *lab, size_t router)
{
	char path[PATH_MAX];
	pid_t pids[LAB_PROGRAMS_PIDS];
	unsigned long long start = 0;
	int pid = 0;
	FILE *f;

	file_of(lab, router, path);
	f = fopen(path, "re");
	if (!f)
		return;
	if (fscanf(f, "%d %llu", &pid, &start) == 2 && process_alive(pid, start)) {
		kill(pid, SIGTERM);
		for (int ms = 0; ms < END_WAIT_MS && process_alive(pid, start); ms += 5)
			sleep_ms(5);
	}
	fclose(f);
	unlink(path);
	signal_all(pids, programs_pids(lab, router, NULL, pids), SIGCONT);
}
