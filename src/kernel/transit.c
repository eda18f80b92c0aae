#include "kernel/transit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/tool.h"
#include "kernel/trigger.h"

/* Of a VRF's member the kernel's rules see the VRF's device, and beside that what it came by ("slave device"). */
static const char *comes_in_by(const struct transit_interface *i)
{
	return i->vrf[0] ? "meta sdifname" : "iifname";
}

/* The set's size bounds memory; when it is full the update fails, the rule does not match, and
 * nothing is logged: a redirect less, no harm. */
static void write_rule(FILE *f, const struct transit_interface *in, const char *family, const char *way)
{
	fprintf(f,
		"add rule inet dmvpn forward %s \"%s\" %s meta nfproto %s "
		"%s saddr . %s daddr != @seen%s "
		"add @seen%s { %s saddr . %s daddr timeout %us } "
		"log group %d snaplen %d queue-threshold 1\n",
		comes_in_by(in), in->name, way, strcmp(family, "ip") == 0 ? "ipv4" : "ipv6", family, family,
		family, family, family, family, in->timeout_s ? in->timeout_s : 1, TRIGGER_GROUP, TRIGGER_SNAP_BYTES);
}

static void write_partner_rules(FILE *f, const struct transit_interface *in, const char *family)
{
	const enum ip_family wanted = strcmp(family, "ip") == 0 ? IP_V4 : IP_V6;
	char way[IPADDR_TEXT_MAX + 32], addr[IPADDR_TEXT_MAX];

	for (size_t i = 0; i < in->partner_count; i++) {
		if (in->partners[i].family != wanted)
			continue;
		snprintf(way, sizeof way, "rt %s nexthop %s", family, ipaddr_format(&in->partners[i], addr));
		write_rule(f, in, family, way);
	}
}

/* One rule a pair of tunnels, and one for each partner. */
static void write_rules(FILE *f, const struct transit_interface *t, size_t count, const char *family)
{
	char way[32];

	for (size_t in = 0; in < count; in++) {
		for (size_t out = 0; out < count; out++) {
			snprintf(way, sizeof way, "oifname \"%s\"", t[out].name);
			if (t[in].redirect && t[out].redirect && t[in].domain == t[out].domain)
				write_rule(f, &t[in], family, way);
		}
		write_partner_rules(f, &t[in], family);
	}
}

/* Both directions of a connection pass the interface, each SYN one of them. */
static void write_mss(FILE *f, const struct transit_interface *i, const char *family, uint16_t mss)
{
	const char *const sides[] = { comes_in_by(i), "oifname" };

	for (size_t k = 0; mss && k < 2; k++)
		fprintf(f, "add rule inet dmvpn forward %s \"%s\" meta nfproto %s tcp flags & syn == syn "
			"tcp option maxseg size > %u tcp option maxseg size set %u\n", sides[k], i->name, family, mss, mss);
}

static void write_table(FILE *f, const struct transit_interface *interfaces, size_t count)
{
	fputs("add chain inet dmvpn forward { type filter hook forward priority filter + 10; policy accept; }\n"
	      "add set inet dmvpn seenip { type ipv4_addr . ipv4_addr; size 65535; flags dynamic,timeout; timeout 2s; }\n"
	      "add set inet dmvpn seenip6 { type ipv6_addr . ipv6_addr; size 65535; flags dynamic,timeout; timeout 2s; }\n",
	      f);
	write_rules(f, interfaces, count, "ip");
	write_rules(f, interfaces, count, "ip6");
	for (size_t i = 0; i < count; i++) {
		write_mss(f, &interfaces[i], "ipv4", interfaces[i].mss4);
		write_mss(f, &interfaces[i], "ipv6", interfaces[i].mss6);
	}
}

char *transit_ruleset(const struct transit_interface *interfaces, size_t count)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	/* Adding before deleting makes deleting succeed when there is no table. */
	fputs("add table inet dmvpn\ndelete table inet dmvpn\n", f);
	if (count > 0) {
		fputs("add table inet dmvpn\n", f);
		write_table(f, interfaces, count);
	}
	return fclose(f) == 0 ? text : NULL;
}

int transit_install(const struct transit_interface *interfaces, size_t count, char *error, size_t error_size)
{
	char *const argv[] = { "nft", "-f", "-", NULL };
	char *text = transit_ruleset(interfaces, count);
	int rc = text ? tool_run(argv, text, error, error_size) : -ENOMEM;

	free(text);
	/* A kernel may have nf_tables without any family, and the older tables instead. */
	if (rc < 0 && strstr(error, "not supported"))
		rc = transit_legacy_install(interfaces, count, error, error_size);
	return rc;
}
