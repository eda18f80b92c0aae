/* dmvpn show: a running daemon's tables, as Cisco prints them or as JSON. */
#include <stdio.h>
#include <string.h>

#include "cmd/ask.h"
#include "cmd/cmd.h"

static const char usage[] =
	"usage: dmvpn show [--socket PATH | --router NAME] [--json] WHAT\n"
	"\n"
	"  dmvpn     peers: state, up time, attributes\n"
	"  nhrp      NHRP entries\n"
	"  nhs       next-hop servers and the registrations with them\n"
	"  tunnels   tunnel interfaces and what was set on them\n"
	"  ipsec     IPsec sessions, their security associations, and why one is not up\n"
	"  bfd       BFD sessions (also: bfd neighbors)\n"
	"  track     what is watched of uplinks, and the routes that hang on it\n"
	"  sla       the echoes that watch them (also: ip sla statistics)\n"
	"  events    the latest events\n"
	"  counters  messages, drops, packets and bytes, who relayed for whom\n"
	"\n"
	"Without --socket and --router: the daemon of /run/dmvpn.\n"
	"Exit code: 0, or 2 for usage or when no daemon answers.\n";

int cmd_show(int argc, char **argv)
{
	static const char *const subjects[] = { "dmvpn", "nhrp", "nhs", "tunnels", "events", "counters", "ipsec", "bfd", "track", "sla" };
	struct ask_options o;
	char request[64];

	argc = ask_take_options(argc, argv, &o);
	if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		fputs(usage, stdout);
		return 0;
	}
	if (argc == 3 && strcmp(argv[1], "bfd") == 0 && strncmp(argv[2], "neighbor", 8) == 0)
		argc = 2;
	if (argc == 4 && strcmp(argv[1], "ip") == 0 && strcmp(argv[2], "sla") == 0 && strncmp(argv[3], "stat", 4) == 0)
		argv++, argc = 2; /* "sla" is the subject */
	if (argc != 2) {
		if (argc >= 0)
			fputs(usage, stderr);
		return 2;
	}
	for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++) {
		if (strcmp(argv[1], subjects[i]) != 0)
			continue;
		snprintf(request, sizeof request, "show %s%s", subjects[i], o.json ? " json" : "");
		return ask_daemon("show", &o, request);
	}
	fputs(usage, stderr);
	return 2;
}
