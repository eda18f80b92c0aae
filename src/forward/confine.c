#include "forward/confine.h"

#include <errno.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "base/seccomp.h"

/* Sanitizers make calls of their own, of which nobody has a list. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

static const int calls[] = {
	/* Packets, messages and their descriptors. No socket() and no open(): they come from the keeper. */
	SYS_epoll_pwait, SYS_epoll_ctl, SYS_read, SYS_write, SYS_writev,
	SYS_recvmsg, SYS_recvmmsg, SYS_recvfrom, SYS_sendmsg, SYS_sendmmsg,
	SYS_sendto, SYS_setsockopt, SYS_getsockopt, SYS_ppoll, SYS_shutdown, SYS_close,
#ifdef SYS_epoll_wait
	SYS_epoll_wait, SYS_poll,
#endif
	/* Memory, that of security associations included. */
	SYS_mmap, SYS_munmap, SYS_mremap, SYS_mprotect, SYS_madvise, SYS_brk,
	SYS_ftruncate, SYS_fallocate, SYS_fstat, SYS_futex,
#ifdef SYS_newfstatat
	SYS_newfstatat,
#endif
	/* Time, where it is not read without a call; randomness; the end. */
	SYS_clock_gettime, SYS_clock_nanosleep, SYS_getrandom, SYS_getpid, SYS_gettid,
	SYS_rt_sigreturn, SYS_rt_sigprocmask, SYS_rt_sigaction, SYS_tgkill,
	SYS_restart_syscall, SYS_exit, SYS_exit_group,
};

static const uint32_t requests[] = { TUNSETOFFLOAD };

int confine(void)
{
	const size_t count = sizeof calls / sizeof *calls, request_count = sizeof requests / sizeof *requests;
	const int error = SANITIZED ? 0 : seccomp_allow_ioctls(calls, count, requests, request_count);

	/* An architecture without a list, or a kernel without filters, still has no privilege to lose. */
	return error == -ENOSYS || error == -EINVAL ? 0 : error;
}
