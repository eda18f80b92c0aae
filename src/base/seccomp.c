#include "base/seccomp.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#define ARCHITECTURE 0
#endif

enum {
	HEAD = 4,          /* look at the architecture, load the call's number */
	PROTECTION = 2,    /* index of the argument of mmap and mprotect */
	REQUEST = 1,       /* of ioctl */
	PER_CALL = 2,
	PER_MEMORY_CALL = 5,
	TAIL = 1,
};

struct filter {
	size_t count;
	struct sock_filter code[HEAD + 1 + PER_MEMORY_CALL * SECCOMP_CALLS_MAX + TAIL];
};

static void add(struct filter *f, struct sock_filter instruction)
{
	f->code[f->count++] = instruction;
}

static void load(struct filter *f, size_t offset)
{
	add(f, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

static void answer(struct filter *f, uint32_t action)
{
	add(f, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

/* Little endian: the lower half of an argument stands first. */
static void memory_call(struct filter *f, int call)
{
	add(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, PER_MEMORY_CALL - 1));
	load(f, offsetof(struct seccomp_data, args[PROTECTION]));
	add(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1));
	answer(f, SECCOMP_RET_ERRNO | EPERM);
	answer(f, SECCOMP_RET_ALLOW);
}

static void plain_call(struct filter *f, int call)
{
	add(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, PER_CALL - 1));
	answer(f, SECCOMP_RET_ALLOW);
}

/* Another request may follow: what does not match goes on to it. */
static void request_call(struct filter *f, uint32_t request)
{
	add(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, PER_MEMORY_CALL - 1));
	load(f, offsetof(struct seccomp_data, args[REQUEST]));
	add(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, request, 0, 1));
	answer(f, SECCOMP_RET_ALLOW);
	load(f, offsetof(struct seccomp_data, nr));
}

struct wanted {
	const int *calls;
	size_t count;
	const uint32_t *requests;
	size_t request_count;
	bool programs;
};

static int install(const struct wanted *w)
{
	struct filter f = { 0 };
	struct sock_fprog program;

	if (ARCHITECTURE == 0)
		return -ENOSYS;
	if (w->count > SECCOMP_CALLS_MAX || w->request_count > SECCOMP_CALLS_MAX - w->count)
		return -E2BIG;
	load(&f, offsetof(struct seccomp_data, arch));
	add(&f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0));
	answer(&f, SECCOMP_RET_KILL_PROCESS);
	load(&f, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < w->count; i++) {
		if (!w->programs && (w->calls[i] == SYS_mmap || w->calls[i] == SYS_mprotect))
			memory_call(&f, w->calls[i]);
		else
			plain_call(&f, w->calls[i]);
	}
	for (size_t i = 0; i < w->request_count; i++)
		request_call(&f, w->requests[i]);
	/* The x32 table shares the architecture's number; none of its calls is named. */
	answer(&f, SECCOMP_RET_ERRNO | EPERM);
	program = (struct sock_fprog){ (unsigned short)f.count, f.code };
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0 ? -errno : 0;
}

int seccomp_allow(const int *calls, size_t count)
{
	return install(&(struct wanted){ .calls = calls, .count = count });
}

int seccomp_allow_ioctls(const int *calls, size_t count, const uint32_t *requests, size_t request_count)
{
	return install(&(struct wanted){ .calls = calls, .count = count, .requests = requests,
					 .request_count = request_count });
}

int seccomp_allow_programs(const int *calls, size_t count)
{
	return install(&(struct wanted){ .calls = calls, .count = count, .programs = true });
}
