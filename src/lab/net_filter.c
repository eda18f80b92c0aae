#include "lab/net_filter.h"

#include <stdlib.h>
#include <string.h>

#include "lab/memory.h"
#include "lab/run.h"

/* Everything leaves with the box's address. From outside comes only what was asked for, and
 * ping: the rest is dropped before it could leave a trace that stands in the way of a packet
 * which a member sends to the same place a moment later. */
static const char nat_rules[] =
	"table ip lab {\n"
	"	chain translate {\n"
	"		type nat hook postrouting priority srcnat\n"
	"		oifname \"" LAB_NAT_OUTSIDE "\" masquerade\n"
	"	}\n"
	"	chain own {\n"
	"		type filter hook input priority filter\n"
	"		iifname \"" LAB_NAT_OUTSIDE "\" ct state new icmp type != echo-request drop\n"
	"		iifname \"" LAB_NAT_OUTSIDE "\" ct state new meta l4proto != icmp drop\n"
	"	}\n"
	"	chain through {\n"
	"		type filter hook forward priority filter\n"
	"		iifname \"" LAB_NAT_OUTSIDE "\" ct state new drop\n"
	"	}\n"
	"}\n";

static char *loss_rules(const struct lab *lab, enum lab_node node, size_t index)
{
	char *rules = lab_strdup(""), *all;

	for (size_t i = 0; i < lab->plan->loss_count; i++) {
		const struct lab_loss *l = &lab->plan->losses[i];
		const struct lab_port *p = lab_segment_way_out(&lab->plan->segments[l->segment]);

		if (p->node != node || p->index != index)
			continue;
		all = lab_printf("%s\t\tiifname \"%s\" numgen random mod 10000 < %u counter drop\n"
				 "\t\toifname \"%s\" numgen random mod 10000 < %u counter drop\n",
				 rules, p->ifname, l->hundredths, p->ifname, l->hundredths);
		free(rules);
		rules = all;
	}
	all = *rules ? lab_printf("table inet lab_loss {\n\tchain through {\n"
				  "\t\ttype filter hook forward priority filter + 10\n%s\t}\n}\n", rules) :
		       lab_strdup("");
	free(rules);
	return all;
}

static int apply(const struct lab *lab, enum lab_node node, size_t index, char *error, size_t size)
{
	char *argv[] = { "nft", "-f", "-", NULL }, *loss = loss_rules(lab, node, index), *output = NULL, netns[128];
	char *rules = lab_printf("%s%s", node == NODE_NAT ? nat_rules : "", loss);
	int r = 0;

	lab_netns(lab, node, index, netns);
	if (*rules)
		r = run_wait(netns, argv, rules, &output);
	if (r != 0)
		snprintf(error, size, "%s: this kernel's nftables cannot %s: nft: %.200s", netns,
			 node == NODE_NAT ? "translate addresses (masquerade, conntrack)" : "lose packets (numgen)",
			 output ? output : strerror(-r));
	free(output);
	free(rules);
	free(loss);
	return r == 0 ? 0 : 2;
}

int net_filters(const struct lab *lab, char *error, size_t size)
{
	int r = lab->plan->internet ? apply(lab, NODE_INTERNET, 0, error, size) : 0;

	for (size_t i = 0; i < lab->plan->nat_count && r == 0; i++)
		r = apply(lab, NODE_NAT, i, error, size);
	return r;
}
