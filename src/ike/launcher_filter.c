#include "ike/launcher_filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define OWN_ARCH AUDIT_ARCH_X86_64
#define OTHER_ABI 0x40000000u /* x32 shares the architecture's number */
#elif defined(__aarch64__)
#define OWN_ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define OWN_ARCH AUDIT_ARCH_RISCV64
#elif defined(__arm__)
#define OWN_ARCH AUDIT_ARCH_ARM
#else
#error "src/ike/launcher_filter.c: name this machine's AUDIT_ARCH_…"
#endif
#ifndef OTHER_ABI
#define OTHER_ABI 0xffffffffu
#endif

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "src/ike/launcher_filter.c: the low half of an argument is expected first"
#endif
#define ARGUMENT(n) (offsetof(struct seccomp_data, args) + (n) * 8)

/* System calls of another architecture's table would pass unseen: the process is killed. */
static const struct sock_filter program[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OWN_ARCH, 1, 0),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, OTHER_ABI, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_bind, 5, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_setsockopt, 0, 5),
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ARGUMENT(1)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 3),
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ARGUMENT(2)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, UDP_ENCAP, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

static long install(void)
{
	const struct sock_fprog filter = { sizeof program / sizeof *program,
					   (struct sock_filter *)(uintptr_t)program };

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &filter);
}

int launcher_filter_install(int *listener)
{
	long fd = install();

	/* Without sys_admin only a process that can gain no privileges may filter itself. Not
	 * by default: it narrows which confinement (AppArmor) can follow. */
	if (fd < 0 && errno == EACCES && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		fd = install();
	if (fd < 0)
		return -errno;
	*listener = (int)fd;
	return 0;
}

enum filter_call launcher_filter_call(const struct seccomp_data *data)
{
	if (data->arch != OWN_ARCH)
		return FILTER_CALL_OTHER;
	if (data->nr == SYS_bind)
		return FILTER_CALL_BIND;
	if (data->nr == SYS_setsockopt && data->args[1] == IPPROTO_UDP && data->args[2] == UDP_ENCAP)
		return FILTER_CALL_UDP_ENCAP;
	return FILTER_CALL_OTHER;
}
