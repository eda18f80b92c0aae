#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "kernel/tool.h"
#include "kernel/transit.h"
#include "kernel/trigger.h"

enum { RATE_WINDOW_S = 60 };

/* These know the VRF's device only: what comes in by another of its members is told apart by who reads the report. */
static const char *comes_in_by(const struct transit_interface *i)
{
	return i->vrf[0] ? i->vrf : i->name;
}

static void write_rule(FILE *f, const struct transit_interface *in, const struct transit_interface *out, size_t number)
{
	const unsigned every_s = in->timeout_s ? in->timeout_s : 1;
	const unsigned a_minute = every_s < RATE_WINDOW_S ? RATE_WINDOW_S / every_s : 1;

	fprintf(f,
		"-A dmvpn -i %s -o %s -m hashlimit --hashlimit-upto %u/minute --hashlimit-burst 1 "
		"--hashlimit-mode srcip,dstip --hashlimit-name dmvpn%zu "
		"-j NFLOG --nflog-group %d --nflog-size %d --nflog-threshold 1\n",
		comes_in_by(in), out->name, a_minute, number, TRIGGER_GROUP, TRIGGER_SNAP_BYTES);
}

static void write_mss(FILE *f, const struct transit_interface *i, uint16_t mss)
{
	for (const char *side = "io"; mss && *side; side++)
		fprintf(f, "-A dmvpn -%c %s -p tcp --tcp-flags SYN SYN -m tcpmss --mss %u:65535 -j TCPMSS --set-mss %u\n",
			*side, *side == 'i' ? comes_in_by(i) : i->name, mss + 1u, mss);
}

enum change { ADD, REPLACE, REMOVE };

/* Replacing and removing fail as a whole when there is nothing yet. */
static char *rules(const struct transit_interface *t, size_t count, enum ip_family family, enum change change)
{
	char *text = NULL;
	size_t size = 0, number = 0;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	fputs("*filter\n:dmvpn - [0:0]\n", f);
	if (change != ADD)
		fputs("-D FORWARD -j dmvpn\n", f);
	fputs(change == REMOVE ? "-X dmvpn\n" : "-A FORWARD -j dmvpn\n", f);
	for (size_t in = 0; in < count; in++) {
		for (size_t out = 0; out < count; out++)
			if (t[in].redirect && t[out].redirect && t[in].domain == t[out].domain)
				write_rule(f, &t[in], &t[out], number++);
		write_mss(f, &t[in], family == IP_V4 ? t[in].mss4 : t[in].mss6);
	}
	fputs("COMMIT\n", f);
	return fclose(f) == 0 ? text : NULL;
}

static int run(enum ip_family family, const struct transit_interface *t, size_t count, enum change change, char *error,
	       size_t error_size)
{
	char *const argv[] = { family == IP_V4 ? "iptables-legacy-restore" : "ip6tables-legacy-restore", "--noflush", NULL };
	char *text = rules(t, count, family, change);
	int rc = text ? tool_run(argv, text, error, error_size) : -ENOMEM;

	free(text);
	return rc;
}

static int install(enum ip_family family, const struct transit_interface *t, size_t count, char *error, size_t error_size)
{
	if (count == 0) {
		(void)run(family, t, 0, REMOVE, error, error_size);
		return 0;
	}
	if (run(family, t, count, REPLACE, error, error_size) == 0)
		return 0;
	return run(family, t, count, ADD, error, error_size);
}

int transit_legacy_install(const struct transit_interface *interfaces, size_t count, char *error, size_t error_size)
{
	int rc;

	/* The lock file of iptables belongs to root, which this process is no longer. */
	setenv("XTABLES_LOCKFILE", "/dev/null", 0);
	rc = install(IP_V4, interfaces, count, error, error_size);
	return rc < 0 ? rc : install(IP_V6, interfaces, count, error, error_size);
}
