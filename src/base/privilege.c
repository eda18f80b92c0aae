#include "base/privilege.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

enum { CAPABILITIES_MAX = 64, NOBODY = 65534 };

static int capabilities_set(uint64_t keep)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	const struct __user_cap_data_struct data[2] = {
		{ (uint32_t)keep, (uint32_t)keep, (uint32_t)keep },
		{ (uint32_t)(keep >> 32), (uint32_t)(keep >> 32), (uint32_t)(keep >> 32) },
	};

	return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

static int bounding_set_empty(uint64_t keep)
{
	for (unsigned long cap = 0; cap < CAPABILITIES_MAX; cap++) {
		if (keep & PRIVILEGE_CAP(cap))
			continue;
		/* EINVAL: past the last capability that this kernel knows. */
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return errno == EINVAL ? 0 : -errno;
	}
	return 0;
}

static int ambient_raise(uint64_t keep)
{
	for (unsigned long cap = 0; cap < CAPABILITIES_MAX; cap++)
		if ((keep & PRIVILEGE_CAP(cap)) && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
			return -errno;
	return 0;
}

static int user_change(void)
{
	const struct passwd *user = getpwnam("dmvpn");
	uid_t uid;
	gid_t gid;

	if (!user)
		user = getpwnam("nobody");
	uid = user ? user->pw_uid : NOBODY;
	gid = user ? user->pw_gid : NOBODY;
	if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
		return -errno;
	return 0;
}

int privilege_drop(uint64_t keep)
{
	int error = 0;

	if (geteuid() == 0) {
		error = bounding_set_empty(keep);
		if (!error && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
			error = -errno;
		if (!error)
			error = user_change();
		if (!error)
			error = capabilities_set(keep);
		if (!error)
			error = ambient_raise(keep);
	}
	if (!error && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		error = -errno;
	if (!error && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		error = -errno;
	return error;
}

int privilege_hurry(int nice_value)
{
	if (getpriority(PRIO_PROCESS, 0) <= nice_value)
		return 0;
	return setpriority(PRIO_PROCESS, 0, nice_value) < 0 ? -errno : 0;
}
