/*
 * privilege: giving up root for good, once a process holds the descriptors it needs.
 */
#ifndef DMVPN_BASE_PRIVILEGE_H
#define DMVPN_BASE_PRIVILEGE_H

#include <stdint.h>

#define PRIVILEGE_CAP(number) (UINT64_C(1) << (number)) /* number: CAP_… of linux/capability.h */

/*
 * Becomes user `dmvpn`, or `nobody` where there is none, keeping only the capabilities in
 * `keep` (permitted, effective, inheritable and ambient, so that programs started later have
 * them too); 0 keeps none. Sets no_new_privs, empties the bounding set down to `keep`, and
 * makes the process undumpable. A process that is not root only gets the last three.
 * 0 or -errno; after an error the process must not go on.
 */
int privilege_drop(uint64_t keep);

/*
 * Lowers the nice value of this process, and so of programs started later, to nice_value; one that is lower
 * already stays. Before privilege_drop(). 0 or -errno (-EACCES, -EPERM: not permitted, the process may go on).
 */
int privilege_hurry(int nice_value);

#endif
