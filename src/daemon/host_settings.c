/*
 * host_settings: kernel settings of the whole machine, which a device's own cannot override.
 * Their former values are kept in a file until a clean stop has put them back, so that a
 * control process that died does not take its own value for the owner's.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/daemon_state.h"

/* The kernel sends ICMP redirects when either the device's or this setting allows it: a hub
 * that relays between spokes would tell each packet's sender so. */
static const char setting[] = "net/ipv4/conf/all/send_redirects";

static void file_path(const struct daemon *d, char path[320])
{
	snprintf(path, 320, "%s.settings", d->state.path);
}

static void recall(struct daemon *d, const char *path)
{
	FILE *f = fopen(path, "re");
	char before[SYSCTL_VALUE_MAX];

	if (!f)
		return;
	if (fscanf(f, "dmvpn-settings 1 net/ipv4/conf/all/send_redirects %31s end", before) == 1)
		snprintf(d->host_settings.entries[0].before, SYSCTL_VALUE_MAX, "%s", before);
	fclose(f);
}

void host_settings_apply(struct daemon *d)
{
	char path[320], text[128];
	int rc = sysctl_apply(&d->host_settings, setting, "0"), n;

	if (rc < 0) {
		daemon_log(d, TRACE_WARNING, "HOST_SETTING", "setting=%s error=\"%s\"", setting, strerror(-rc));
		return;
	}
	file_path(d, path);
	recall(d, path);
	n = snprintf(text, sizeof text, "dmvpn-settings 1\n%s %s\nend\n", setting, d->host_settings.entries[0].before);
	rc = state_write_file(path, text, (size_t)n);
	if (rc < 0)
		daemon_log(d, TRACE_WARNING, "STATE_WRITE", "file=%s error=\"%s\"", path, strerror(-rc));
}

void host_settings_restore(struct daemon *d)
{
	char path[320];

	sysctl_restore(&d->host_settings);
	file_path(d, path);
	unlink(path);
}
