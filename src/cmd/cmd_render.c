/* dmvpn render: what other programs, or a router, need of one file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "config/render_frr.h"
#include "config/render_nhrpd.h"
#include "ike/render_swanctl.h"
#include "kernel/nat.h"
#include "kernel/transit.h"

static int usage(FILE *out)
{
	fputs("usage: dmvpn render frr|nhrpd|nft|ios FILE\n"
	      "       dmvpn render frr --eigrp bgp FILE OTHER…\n"
	      "       dmvpn render swanctl [--secrets] FILE\n"
	      "  frr   the routing, for FRR's vtysh -b (frr.conf)\n"
	      "        with --eigrp bgp EIGRP's intent in BGP's words, as labs carry it where eigrpd falls short; the\n"
	      "        other files are those of its neighbours. A Cisco router's EIGRP does not understand it\n"
	      "  nhrpd  its tunnels, where FRR's nhrpd is to serve them: lines to add to frr.conf\n"
	      "  nft   the rules that dmvpnd sets itself: address translation, MSS, reports for shortcuts\n"
	      "  swanctl  the protection of its tunnels, for strongSwan's swanctl --load-all; pre-shared\n"
	      "           keys are left out unless --secrets is given\n"
	      "  ios   the file in full words as a Cisco router takes it; what it would not understand\n"
	      "        stands there as comments, and is named on stderr\n"
	      "Exit code: 0, or 2 for usage or an unreadable file.\n", out);
	return out == stdout ? 0 : 2;
}

static int render_ios(const struct config *c)
{
	char *text = config_print_ios(c, stderr);

	if (!text) {
		fputs("dmvpn render: out of memory\n", stderr);
		return 2;
	}
	fputs(text, stdout);
	free(text);
	return 0;
}

static int render_frr(const struct config *c)
{
	const struct frr_options options = { .stock = false };
	const int result = config_render_frr(c, &options, stdout);

	if (result < 0) {
		fprintf(stderr, "dmvpn render: %s\n", strerror(-result));
		return 2;
	}
	return 0;
}

/* FILE and those around it: the first is rendered. */
static int render_eigrp(size_t count, char **files)
{
	struct config **all = calloc(count, sizeof *all);
	struct eigrp_neighbours neighbours = { 0 };
	const struct frr_options options = { .eigrp = &neighbours };
	char error[512] = "";
	int result = all ? 0 : 2;

	for (size_t i = 0; result == 0 && i < count; i++) {
		all[i] = config_read_file(files[i], error, sizeof error);
		result = all[i] ? 0 : 2;
	}
	if (result == 0 && (eigrp_neighbours_find(count, (const struct config *const *)all, 0, &neighbours) < 0 ||
			    config_render_frr(all[0], &options, stdout) < 0))
		result = 2;
	if (result)
		fprintf(stderr, "dmvpn render: %s\n", error[0] ? error : "cannot be written");
	eigrp_neighbours_done(&neighbours);
	for (size_t i = 0; all && i < count; i++)
		config_free(all[i]);
	free(all);
	return result;
}

static int render_nhrpd(const struct config *c)
{
	int result = config_nhrpd_routes(c, stdout);

	if (result == 0)
		result = config_render_nhrpd(c, stdout);
	if (result < 0) {
		fprintf(stderr, "dmvpn render: %s\n", strerror(-result));
		return 2;
	}
	return 0;
}

static int render_swanctl(const struct config *c, bool with_secrets)
{
	struct ike_config *i = ike_config_new(c);
	const int error = ike_render_swanctl(i, c, with_secrets, stdout);
	const size_t wrong = ike_config_errors(i);

	ike_config_free(i);
	if (wrong)
		fprintf(stderr, "dmvpn render: %zu errors in the crypto blocks: see dmvpn check\n", wrong);
	if (error)
		fprintf(stderr, "dmvpn render: %s\n", strerror(-error));
	return error ? 2 : wrong ? 1 : 0;
}

/* The forwarder does the MSS of its tunnels, and the kernel that of its own: with "auto" who does is not known. */
static int render_nft(const struct config *c)
{
	struct transit_interface interfaces[TRANSIT_INTERFACES_MAX];
	const size_t count = transit_of_config(c, c->datapath != DATAPATH_USER, interfaces);
	struct nat *n = nat_new(c);
	char *transit = transit_ruleset(interfaces, count), *nat = n ? nat_ruleset(c, n) : NULL;

	if (transit && nat)
		printf("%s%s", transit, nat);
	else
		fputs("dmvpn render: out of memory\n", stderr);
	free(transit);
	free(nat);
	nat_free(n);
	return transit && nat ? 0 : 2;
}

static int render(const char *what, bool with_secrets, const struct config *c)
{
	return !strcmp(what, "frr")	? render_frr(c)
	       : !strcmp(what, "nhrpd")	? render_nhrpd(c)
	       : !strcmp(what, "nft")	? render_nft(c)
	       : !strcmp(what, "ios")	? render_ios(c)
					: render_swanctl(c, with_secrets);
}

int cmd_render(int argc, char **argv)
{
	const bool with_secrets = argc == 4 && !strcmp(argv[2], "--secrets");
	char error[512] = "";
	struct config *c;
	int result;

	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")))
		return usage(stdout);
	if (argc > 4 && !strcmp(argv[1], "frr") && !strcmp(argv[2], "--eigrp") && !strcmp(argv[3], "bgp"))
		return render_eigrp((size_t)argc - 4, argv + 4);
	if (argc != 3 + with_secrets || (with_secrets && strcmp(argv[1], "swanctl")) ||
	    (strcmp(argv[1], "frr") && strcmp(argv[1], "nhrpd") && strcmp(argv[1], "nft") && strcmp(argv[1], "ios") && strcmp(argv[1], "swanctl")))
		return usage(stderr);
	c = config_read_file(argv[argc - 1], error, sizeof error);
	if (!c) {
		fprintf(stderr, "dmvpn render: %s\n", error);
		return 2;
	}
	result = render(argv[1], with_secrets, c);
	config_free(c);
	return result;
}
