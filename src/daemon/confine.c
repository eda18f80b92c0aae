#include "daemon/confine.h"

#include <sys/syscall.h>

#include "base/seccomp.h"

/* Not here: anything that changes who we are, mounts, modules, keys, other processes' memory or
 * descriptors, BPF, io_uring. execve is, for nft; no_new_privs and the empty bounding set hold for it too. */
static const int calls[] = {
	/* files: state, sysctls, what libc looks up for names and users */
	SYS_openat, SYS_read, SYS_readv, SYS_pread64, SYS_write, SYS_writev, SYS_close, SYS_lseek, SYS_fsync, SYS_fdatasync,
	SYS_ftruncate, SYS_newfstatat, SYS_fstat, SYS_statx, SYS_faccessat, SYS_faccessat2, SYS_renameat, SYS_renameat2,
	SYS_unlinkat, SYS_mkdirat, SYS_readlinkat, SYS_getdents64, SYS_fcntl, SYS_ioctl, SYS_dup, SYS_dup3, SYS_pipe2,
	SYS_memfd_create, SYS_flock, SYS_umask, SYS_getcwd,
	/* sockets: keeper, forwarder, charon, control socket, netlink, DNS */
	SYS_socket, SYS_socketpair, SYS_bind, SYS_listen, SYS_accept4, SYS_connect, SYS_shutdown, SYS_getsockname,
	SYS_getpeername, SYS_getsockopt, SYS_setsockopt, SYS_sendto, SYS_recvfrom, SYS_sendmsg, SYS_recvmsg, SYS_sendmmsg,
	SYS_recvmmsg,
	/* the loop */
	SYS_epoll_create1, SYS_epoll_ctl, SYS_epoll_pwait, SYS_ppoll, SYS_pselect6, SYS_eventfd2, SYS_futex,
	SYS_clock_gettime, SYS_clock_getres, SYS_clock_nanosleep, SYS_nanosleep, SYS_gettimeofday, SYS_restart_syscall,
	SYS_sched_yield, SYS_sched_getaffinity,
	/* memory */
	SYS_mmap, SYS_munmap, SYS_mprotect, SYS_mremap, SYS_madvise, SYS_brk,
	/* processes and threads */
	SYS_clone, SYS_clone3, SYS_execve, SYS_wait4, SYS_exit, SYS_exit_group, SYS_getpid, SYS_getppid, SYS_gettid,
	SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid, SYS_tgkill, SYS_kill, SYS_prctl, SYS_prlimit64, SYS_uname,
	SYS_sysinfo, SYS_getrandom, SYS_set_robust_list, SYS_set_tid_address, SYS_rseq, SYS_rt_sigaction,
	SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_sigaltstack, SYS_capget,
#ifdef __x86_64__
	/* what newer architectures have only in their *at forms */
	SYS_access, SYS_rename, SYS_unlink, SYS_mkdir, SYS_readlink, SYS_poll, SYS_epoll_wait, SYS_select, SYS_dup2,
	SYS_vfork, SYS_arch_prctl, SYS_stat, SYS_lstat, SYS_open, SYS_pipe, SYS_time,
#endif
};

int confine(void)
{
	_Static_assert(sizeof calls / sizeof calls[0] <= SECCOMP_CALLS_MAX, "too many calls");
	return seccomp_allow_programs(calls, sizeof calls / sizeof calls[0]);
}
