/*
 * charon_files: the files of our own charon in the run-time folder: its configuration, which
 * includes nothing of the system's, its VICI socket and its pid.
 */
#ifndef DMVPN_IKE_CHARON_FILES_H
#define DMVPN_IKE_CHARON_FILES_H

#include <stdint.h>
#include <sys/types.h>

/* File names inside the run-time folder. */
#define CHARON_CONF_NAME "strongswan.conf"
#define CHARON_VICI_NAME "charon.vici"
#define CHARON_PID_NAME "charon.pid"

struct charon_settings {
	uint32_t nat_keepalive_s; /* 0: charon's own 20 s */
	uint32_t ike_sa_limit;    /* 0: no limit */
	uint32_t half_open_limit; /* 0: no limit */
	int log_level;            /* -1 (nothing) … 2; never higher, keys would be shown */
};

/* Each writes its file anew, mode 0600, whole or not at all. 0 or -errno. */
int charon_files_write_conf(const char *run_dir, const struct charon_settings *s);
int charon_files_write_pid(const char *run_dir, pid_t pid);
/* Removes pid and VICI socket; the configuration stays for whoever looks for a fault. */
void charon_files_clean(const char *run_dir);

#endif
