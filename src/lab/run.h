/*
 * run: other programs, started with an argument vector inside a network namespace.
 *
 * A namespace is named as under /run/netns; NULL stands for the caller's own. No shell is
 * ever involved, so names out of a configuration stay single words.
 */
#ifndef DMVPN_LAB_RUN_H
#define DMVPN_LAB_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Moves the calling process into the namespace. 0 or -errno. */
int netns_enter(const char *netns);

/* Runs to the end, with `input` (may be NULL) on stdin. *output, when asked for, is what it
 * wrote on stdout and stderr (malloc'd, the caller frees it). The exit code, 128 + signal,
 * or -errno. */
int run_wait(const char *netns, char *const argv[], const char *input, char **output);

/* Starts a program that stays, in a session of its own and with that much added to our nice value, output appended to the log file.
 * Its pid, or -errno. */
pid_t run_start(const char *netns, char *const argv[], int nice_by, const char *log);

/* Writes `value` to each NULL-terminated list entry "path=value" below /proc/sys, inside
 * the namespace; entries that this kernel does not have are passed over. 0 or -errno. */
int run_sysctls(const char *netns, const char *const *settings);

/* A process is known by pid and start time, since pids come again. */
uint64_t process_start(pid_t pid); /* 0: there is none, or it is a zombie */
bool process_alive(pid_t pid, uint64_t start);
/* The process and all its descendants, parents first; at most max are written. */
size_t process_tree(pid_t root, pid_t *pids, size_t max);
/* Processes inside the namespace, but the caller. */
size_t process_in_netns(const char *netns, pid_t *pids, size_t max);
/* The first word of the process's command line, without its folder; "" when gone. */
void process_name(pid_t pid, char out[64]);
/* SIGKILL to all, first to last, then waits until they are gone (at most two seconds). */
void process_kill(const pid_t *pids, size_t count);

#endif
