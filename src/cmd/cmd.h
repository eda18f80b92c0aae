/*
 * cmd: the subcommands of the tool `dmvpn`. Each is one function in src/cmd/cmd_NAME.c that
 * gets its own name as argv[0] and answers with the exit code: 0 ok, 1 a promise not held or
 * errors found, 2 usage or environment, 130 after Ctrl-C and cleanup.
 */
#ifndef DMVPN_CMD_CMD_H
#define DMVPN_CMD_CMD_H

#define DMVPN_VERSION "0.1.0"

int cmd_check(int argc, char **argv);
int cmd_clear(int argc, char **argv);
int cmd_decode(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_lab(int argc, char **argv);
int cmd_plan(int argc, char **argv);
int cmd_reload(int argc, char **argv);
int cmd_render(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_sim(int argc, char **argv);

#endif
