/*
 * seccomp: a list of the system calls that a process may make from here on.
 */
#ifndef DMVPN_BASE_SECCOMP_H
#define DMVPN_BASE_SECCOMP_H

#include <stddef.h>
#include <stdint.h>

enum { SECCOMP_CALLS_MAX = 140 };

/*
 * From now on this thread, and all that it starts, can make only the `count` system calls
 * named (numbers of sys/syscall.h); any other fails with EPERM and does nothing. mmap and
 * mprotect, where named, never give memory that can be executed. Calls of a foreign
 * architecture's table end the process. Needs no_new_privs. 0 or -errno; -ENOSYS where this
 * machine's architecture is not known here.
 */
int seccomp_allow(const int *calls, size_t count);
/* The same, and ioctl with those requests only. */
int seccomp_allow_ioctls(const int *calls, size_t count, const uint32_t *requests, size_t request_count);
/* The same for a process that starts programs: memory may be executed, which their loader needs. */
int seccomp_allow_programs(const int *calls, size_t count);

#endif
