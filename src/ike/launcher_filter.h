/*
 * launcher_filter: the seccomp filter that charon is started under.
 */
#ifndef DMVPN_IKE_LAUNCHER_FILTER_H
#define DMVPN_IKE_LAUNCHER_FILTER_H

#include <stdint.h>

struct seccomp_data;

enum filter_call { FILTER_CALL_OTHER, FILTER_CALL_BIND, FILTER_CALL_UDP_ENCAP };

/*
 * Puts the calling process under the filter, for good and for what it executes. *listener
 * is where its notifications arrive; it is close-on-exec. -ENOSYS or -EINVAL: the
 * kernel has no user notification; -EBUSY: another supervisor watches us already.
 */
int launcher_filter_install(int *listener);

/* Which of the caught calls a notification is about. */
enum filter_call launcher_filter_call(const struct seccomp_data *data);

#endif
