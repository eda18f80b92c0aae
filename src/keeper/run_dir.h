/*
 * run_dir: the daemon's folder of run-time files: one lock, one control socket, pid files.
 * Functions answer 0 or -errno, and those that can fail for a reason the operator can mend
 * have said so on stderr.
 */
#ifndef DMVPN_KEEPER_RUN_DIR_H
#define DMVPN_KEEPER_RUN_DIR_H

#include <sys/types.h>

/* Makes the folder and the folders above it. */
int run_dir_create(const char *path);
/* *fd holds the lock until it is closed; -EWOULDBLOCK: another daemon has it. */
int run_dir_lock(const char *path, int *fd);
/* One daemon a network namespace: rules, tables and settings made there have one owner.
 * -EADDRINUSE: another has it. */
int run_dir_lock_namespace(int *fd);
/* A listening unix stream socket `name`, mode 0600; a stale one is replaced, so the lock
 * must be held. */
int run_dir_listen(const char *path, const char *name, int *fd);
int run_dir_write_pid(const char *path, const char *name, pid_t pid);
void run_dir_unlink(const char *path, const char *name);

#endif
