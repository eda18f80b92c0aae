/*
 * host_settings: kernel settings of the whole machine, which a device's own cannot override.
 * Their former values are kept in a file until a clean stop has put them back, so that a
 * control process that died does not take its own value for the owner's.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/daemon_state.h"

static const struct {
	const char *path, *value;
	bool with_vrf_devices; /* else always */
} settings[] = {
	/* The kernel sends ICMP redirects when either the device's or this setting allows it: a hub
	 * that relays between spokes would tell each packet's sender so. */
	{ "net/ipv4/conf/all/send_redirects", "0", false },
	/* IKE, and ESP in UDP, listen on sockets that are in no VRF. */
	{ "net/ipv4/udp_l3mdev_accept", "1", true },
};

enum { SETTINGS = sizeof settings / sizeof settings[0] };

static void file_path(const struct daemon *d, char path[320])
{
	snprintf(path, 320, "%s.settings", d->state.path);
}

static void recall_one(struct daemon *d, const char *path, const char *before)
{
	for (size_t i = 0; i < d->host_settings.count; i++) {
		if (strcmp(d->host_settings.entries[i].path, path) == 0)
			snprintf(d->host_settings.entries[i].before, SYSCTL_VALUE_MAX, "%s", before);
	}
}

static void recall(struct daemon *d, const char *path)
{
	FILE *f = fopen(path, "re");
	char setting[SYSCTL_PATH_MAX], before[SYSCTL_VALUE_MAX];

	if (!f)
		return;
	if (fscanf(f, "dmvpn-settings 1%1[\n]", before) == 1) {
		while (fscanf(f, "%95s %31s", setting, before) == 2)
			recall_one(d, setting, before);
	}
	fclose(f);
}

static void keep(struct daemon *d, const char *path)
{
	char text[64 + SETTINGS * (SYSCTL_PATH_MAX + SYSCTL_VALUE_MAX)];
	int n = snprintf(text, sizeof text, "dmvpn-settings 1\n"), rc;

	for (size_t i = 0; i < d->host_settings.count; i++)
		n += snprintf(text + n, sizeof text - (size_t)n, "%s %s\n", d->host_settings.entries[i].path,
			      d->host_settings.entries[i].before);
	n += snprintf(text + n, sizeof text - (size_t)n, "end\n");
	rc = state_write_file(path, text, (size_t)n);
	if (rc < 0)
		daemon_log(d, TRACE_WARNING, "STATE_WRITE", "file=%s error=\"%s\"", path, strerror(-rc));
}

void host_settings_apply(struct daemon *d)
{
	char path[320];

	for (size_t i = 0; i < SETTINGS; i++) {
		const int rc = settings[i].with_vrf_devices && !(d->kernel && d->vrfs.possible)
				       ? 0 : sysctl_apply(&d->host_settings, settings[i].path, settings[i].value);

		if (rc < 0)
			daemon_log(d, TRACE_WARNING, "HOST_SETTING", "setting=%s error=\"%s\"", settings[i].path, strerror(-rc));
	}
	file_path(d, path);
	recall(d, path);
	keep(d, path);
}

void host_settings_restore(struct daemon *d)
{
	char path[320];

	sysctl_restore(&d->host_settings);
	file_path(d, path);
	unlink(path);
}
