/* The list of system calls holds: what is named works, all else is refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/seccomp.h"

static const uint32_t requests[] = { FIONREAD, FIONBIO };
static const int calls[] = { SYS_exit_group, SYS_write, SYS_mmap, SYS_munmap, SYS_futex, SYS_close };

/* The number of the first thing that is not as it should be. */
static int inside(void)
{
	void *plain;
	int number = 0;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    seccomp_allow_ioctls(calls, sizeof calls / sizeof *calls, requests, 2))
		return 1;
	if (socket(AF_UNIX, SOCK_STREAM, 0) >= 0 || errno != EPERM)
		return 2;
	if (syscall(SYS_getppid) != -1 || errno != EPERM)
		return 3;
	plain = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (plain == MAP_FAILED)
		return 4;
	if (mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
		return 5;
	if (ioctl(-1, FIONBIO, &number) != -1 || errno != EBADF || ioctl(-1, FIONREAD, &number) != -1 || errno != EBADF)
		return 6;
	if (ioctl(-1, TIOCSTI, &number) != -1 || errno != EPERM)
		return 7;
	return 0;
}

static void only_what_is_named(void **state)
{
	const pid_t pid = fork();
	int status;

	(void)state;
	/* Not by _exit(): a sanitizer has work to do before what does not return. */
	if (pid == 0)
		syscall(SYS_exit_group, inside());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void too_many(void **state)
{
	(void)state;
	assert_int_equal(seccomp_allow(calls, SECCOMP_CALLS_MAX + 1), -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(only_what_is_named), cmocka_unit_test(too_many) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
