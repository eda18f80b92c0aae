/* Interface names: the ways people write them, IOS's spelling and the kernel's. */
#include "config/ifname.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/config.h"

/* least: letters that must be given, where fewer would take a name of this system. */
static const struct { const char *type, *kernel; size_t least; } types[] = {
	{ "Tunnel", "Tunnel" }, { "GigabitEthernet", "Gi" }, { "FastEthernet", "Fa" },
	{ "Ethernet", "Et" }, { "Loopback", "Lo" }, { "Serial", "Se" }, { "Vlan", "Vl" },
	{ "TenGigabitEthernet", "Te" }, { "TwoGigabitEthernet", "Tw" },
	{ "TwentyFiveGigE", "Twe" }, { "FortyGigabitEthernet", "Fo" }, { "HundredGigE", "Hu" },
	{ "Port-channel", "Po" }, { "Null", "Null" }, { "Dialer", "Di" }, { "BVI", "BV" }, { "BDI", "BD" },
	{ "ATM", "AT" }, { "Cellular", "Ce" }, { "Multilink", "Mu" }, { "Async", "As" },
	{ "Virtual-Template", "Vt" }, { "VirtualPortGroup", "VPG" }, { "Virtual-Access", "Vi" },
	{ "nve", "nve" }, { "Embedded-Service-Engine", "ES", 3 }, { "Wlan-GigabitEthernet", "Wl", 5 },
	{ "Service-Engine", "SE", 3 }, { "AppGigabitEthernet", "Ap" },
};

/* "Gig" is a beginning of one type; "t" of several and means the first that stands above. */
static int type_index(const char *text, size_t length)
{
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		if (length >= types[i].least && !strncasecmp(types[i].type, text, length))
			return (int)i;
	}
	return -1;
}

/* What follows the type: 0, 0/0, 0/0/1.100, 0/0:15 */
static bool is_position(const char *text)
{
	if (!isdigit((unsigned char)*text))
		return false;
	for (const char *p = text; *p; p++) {
		if (!isdigit((unsigned char)*p) && (!strchr("/.:", *p) || !isdigit((unsigned char)p[1])))
			return false;
	}
	return true;
}

/* A name of this system ("eth0", "enp3s0", "br-lan"): kept as it is. */
static bool is_system_name(const char *text)
{
	const size_t length = strlen(text);

	if (!length || length > 15)
		return false;
	for (const char *p = text; *p; p++) {
		if (!isalnum((unsigned char)*p) && !strchr("-_.@", *p))
			return false;
	}
	return true;
}

bool config_ifname(const char *text, char **ios, char kernel[16])
{
	char spelled[64], name[64];
	const size_t letters = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-");
	const int type = letters ? type_index(text, letters) : -1;
	const char *position = text + letters;

	/* "eth0" is this system's name; "eth0/0" and "Ethernet0" are a router's. */
	const bool linux_eth = letters == 3 && !strncmp(text, "eth", 3) && !strchr(position, '/');

	if (type >= 0 && is_position(position) && strlen(position) < 32 && !linux_eth) {
		snprintf(spelled, sizeof spelled, "%s%s", types[type].type, position);
		snprintf(name, sizeof name, "%s%s", types[type].kernel, position);
		for (char *p = name; *p; p++) {
			if (*p == '/' || *p == ':')
				*p = '-';
		}
	} else {
		if (!is_system_name(text))
			return false;
		snprintf(spelled, sizeof spelled, "%s", text);
		snprintf(name, sizeof name, "%s", text);
	}
	if (strlen(name) > 15)
		return false;
	strcpy(kernel, name);
	if (ios)
		*ios = strdup(spelled);
	return true;
}

const char *ifname_ios(const char *kernel, char out[64])
{
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		const size_t length = strlen(types[i].kernel);
		char back[16];

		if (strncmp(kernel, types[i].kernel, length) || !isdigit((unsigned char)kernel[length]))
			continue;
		snprintf(out, 64, "%s%s", types[i].type, kernel + length);
		for (char *p = out + strlen(types[i].type); *p; p++) {
			if (*p == '-')
				*p = '/';
		}
		/* A name of this system may look like one of ours: only the way back decides. */
		if (config_ifname(out, NULL, back) && !strcmp(back, kernel))
			return out;
	}
	snprintf(out, 64, "%s", kernel);
	return out;
}
