#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "kernel/tool.h"
#include "kernel/trigger.h"

enum { RATE_WINDOW_S = 60 };

static void write_rule(FILE *f, const struct trigger_tunnel *in, const struct trigger_tunnel *out, size_t number)
{
	const unsigned every_s = in->timeout_s ? in->timeout_s : 1;
	const unsigned a_minute = every_s < RATE_WINDOW_S ? RATE_WINDOW_S / every_s : 1;

	fprintf(f,
		"-A dmvpn -i %s -o %s -m hashlimit --hashlimit-upto %u/minute --hashlimit-burst 1 "
		"--hashlimit-mode srcip,dstip --hashlimit-name dmvpn%zu "
		"-j NFLOG --nflog-group %d --nflog-size %d --nflog-threshold 1\n",
		in->name, out->name, a_minute, number, TRIGGER_GROUP, TRIGGER_SNAP_BYTES);
}

static char *rules(const struct trigger_tunnel *t, size_t count)
{
	char *text = NULL;
	size_t size = 0, number = 0;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	fputs("*filter\n:dmvpn - [0:0]\n-A FORWARD -j dmvpn\n", f);
	for (size_t in = 0; in < count; in++)
		for (size_t out = 0; out < count; out++)
			if (t[in].domain == t[out].domain)
				write_rule(f, &t[in], &t[out], number++);
	fputs("COMMIT\n", f);
	return fclose(f) == 0 ? text : NULL;
}

static int install(const char *tool, const char *text, size_t count, char *error, size_t error_size)
{
	char *const argv[] = { (char *)(uintptr_t)tool, "--noflush", NULL };

	/* Fails when there is nothing to remove, and then changes nothing. */
	(void)tool_run(argv, "*filter\n-D FORWARD -j dmvpn\n-F dmvpn\n-X dmvpn\nCOMMIT\n", error, error_size);
	return count > 0 ? tool_run(argv, text, error, error_size) : 0;
}

int trigger_legacy_install(const struct trigger_tunnel *tunnels, size_t count, char *error, size_t error_size)
{
	char *text = rules(tunnels, count);
	int rc = -ENOMEM;

	if (!text)
		return rc;
	/* The lock file of iptables belongs to root, which this process is no longer. */
	setenv("XTABLES_LOCKFILE", "/dev/null", 0);
	rc = install("iptables-legacy-restore", text, count, error, error_size);
	if (rc == 0)
		rc = install("ip6tables-legacy-restore", text, count, error, error_size);
	free(text);
	return rc;
}
