/*
 * sysctl: kernel settings of network devices that the daemon changes, remembered with their
 * former values so that they can be shown and put back.
 */
#ifndef DMVPN_KERNEL_SYSCTL_H
#define DMVPN_KERNEL_SYSCTL_H

#include <stddef.h>

enum { SYSCTL_PATH_MAX = 96, SYSCTL_VALUE_MAX = 32, SYSCTLS_MAX = 32 };

struct sysctl {
	char path[SYSCTL_PATH_MAX]; /* below /proc/sys, "net/ipv4/conf/Tunnel0/rp_filter" */
	char value[SYSCTL_VALUE_MAX];
	char before[SYSCTL_VALUE_MAX];
};

struct sysctl_set {
	size_t count;
	struct sysctl entries[SYSCTLS_MAX];
};

/* 0 or -errno; a setting that the kernel does not have is -ENOENT. */
int sysctl_read(const char *path, char *out, size_t size);
/* Writes a value and remembers the former one in the set. */
int sysctl_apply(struct sysctl_set *s, const char *path, const char *value);
/* Puts the former values back, newest first; devices that are gone are skipped. */
void sysctl_restore(struct sysctl_set *s);

#endif
