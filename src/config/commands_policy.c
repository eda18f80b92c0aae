/* Lists and maps that routing refers to: route-map, access-list, key chain, BFD template. */
#include <string.h>

#include "config/commands.h"
#include "config/reading.h"

/* "+10", in one word. */
static void set_metric_step(struct reading *r, const struct match *m)
{
	const struct item *step = match_arg(m, 0);

	if (step && ((step->text[0] != '+' && step->text[0] != '-') || !step->text[1] ||
		     strspn(step->text + 1, "0123456789") != strlen(step->text + 1) || strlen(step->text) > 11))
		reading_error(r, "write a number, or +N or -N", "%s is no metric", step->text);
	else
		reading_block_line(r, m);
}

const struct command commands_route_map[] = {
	{ "description <text>", HONOURED, .keeping = SINGLE, .frr = "=" },
	{ "match ip address <word>", HONOURED, .frr = "=" },
	{ "match ip address prefix-list <word>", HONOURED, .frr = "=" },
	{ "match ip address <word> <*>", TRAFFIC, "FRR takes one list in a line; write one entry for each" },
	{ "match ip address prefix-list <word> <*>", TRAFFIC, "FRR takes one list in a line; write one entry for each" },
	{ "match ip next-hop [prefix-list] <word>", HONOURED, .frr = "=" },
	{ "match ip route-source [prefix-list] <word>", HONOURED, .frr = "=" },
	{ "match ipv6 address [prefix-list] <word>", HONOURED, .frr = "=" },
	{ "match ipv6 next-hop prefix-list <word>", HONOURED, .frr = "=" },
	{ "match tag <1-4294967295>", HONOURED, .frr = "=" },
	{ "match tag <1-4294967295> <*>", TRAFFIC, "FRR takes one tag in a line; write one entry for each" },
	{ "match interface <if>", HONOURED, .frr = "=" },
	{ "match metric <0-4294967295>", HONOURED, .frr = "=" },
	{ "match as-path <word>", HONOURED, .frr = "=" },
	{ "match community <word> [exact-match]", HONOURED, .frr = "=" },
	{ "match local-preference <0-4294967295>", HONOURED, .frr = "=" },
	{ "match source-protocol (bgp|ospf|eigrp|rip|static|connected)", HONOURED, .frr = "=" },
	{ "match source-protocol (bgp|ospf|eigrp) <1-65535>", HONOURED, .frr = "match source-protocol %2" },
	{ "match <*>", TRAFFIC, "FRR does not match on this" },
	{ "set tag <1-4294967295>", HONOURED, .keeping = SINGLE, .frr = "=" },
	{ "set (automatic-tag|distance|lisp|aigp-metric) [<*>]", TRAFFIC, "FRR does not set this" },
	{ "set metric-type (internal|external)", TRAFFIC, "FRR sets type-1 or type-2", .keeping = SINGLE },
	{ "set metric <0-4294967295>", HONOURED, .keeping = SINGLE, .frr = "=" },
	{ "set metric (+|-) <0-4294967295>", HONOURED, .keeping = SINGLE, .frr = "set metric %2$1" },
	{ "set metric <word>", HONOURED, NULL, set_metric_step, .keeping = SINGLE, .frr = "=" },
	{ "set metric <1-4294967295> <0-4294967295> <0-255> <1-255> <1-65535>", TRAFFIC, "FRR's maps set one metric", .keeping = SINGLE },
	{ "set metric-type (type-1|type-2)", HONOURED, .keeping = SINGLE, .frr = "=" },
	{ "set local-preference <0-4294967295>", HONOURED, .keeping = SINGLE, .frr = "=" },
	{ "set weight <0-4294967295>", HONOURED, .keeping = SINGLE, .frr = "=" },
	{ "set origin (igp|egp|incomplete)", HONOURED, .keeping = SINGLE, .frr = "=" },
	{ "set community <*>", HONOURED, .keeping = SINGLE, .frr = "=" },
	{ "set comm-list <word> delete", HONOURED, .keeping = SINGLE, .frr = "=" },
	{ "set as-path (tag|replace) [<*>]", TRAFFIC, "FRR prepends to paths, and nothing else" },
	{ "set as-path prepend <*>", HONOURED, .keeping = SINGLE, .frr = "=" },
	{ "set ip next-hop <ip>", HONOURED, .keeping = SINGLE, .frr = "=" },
	{ "set ip next-hop (peer-address|unchanged)", HONOURED, .keeping = SINGLE, .frr = "=" },
	{ "set ip next-hop self", HONOURED, .keeping = SINGLE, .frr = "set ip next-hop peer-address" },
	{ "set ipv6 next-hop <ip6>", HONOURED, .keeping = SINGLE, .frr = "set ipv6 next-hop global $1" },
	{ "set ip df <0-1>", TRAFFIC, "policy routing is not done" },
	{ "set (interface|default|vrf|global|traffic-index|level|dampening|extcommunity|ip|ipv6) <*>", TRAFFIC,
	  "policy routing is not done, and FRR does not set this" },
	{ "continue [<1-65535>]", HONOURED, .keeping = SINGLE, .frr = "continue{1}" },
	{ NULL },
};

const struct command commands_acl[] = {
	{ "[<1-2147483647>] (permit|deny) <*>", HONOURED },
	{ "[sequence] <1-2147483647> (permit|deny) <*>", HONOURED },
	{ "(permit|deny) <*>", HONOURED },
	{ "[<1-2147483647>] remark <text>", NO_EFFECT, "a comment" },
	{ "[<1-2147483647>] dynamic <*>", TRAFFIC, "lists that open by themselves are not done" },
	{ "[<1-2147483647>] evaluate <*>", TRAFFIC, "reflexive lists are not done" },
	{ NULL },
};

const struct command commands_key_chain[] = {
	{ "key <0-2147483647>", HONOURED, NULL, NULL, MODE_KEY, .frr = "=" },
	{ "description <text>", NO_EFFECT, "a comment" },
	{ NULL },
};

const struct command commands_key[] = {
	{ "key-string [0] <secret>", HONOURED, .keeping = SINGLE, .frr = "key-string $s" },
	{ "key-string <1-9> <secret>", TRAFFIC, "write the key in clear: encrypted ones are not read", .keeping = SINGLE },
	{ "(accept-lifetime|send-lifetime) <*>", HONOURED, .frr = "=" },
	{ "send-id <*>", UNSUPPORTED, "keys are told apart by their number" },
	{ "recv-id <*>", UNSUPPORTED, "keys are told apart by their number" },
	{ "include-tcp-options", NO_EFFECT, "left to FRR" },
	{ "cryptographic-algorithm md5", HONOURED, .keeping = SINGLE, .frr = "=" },
	{ "cryptographic-algorithm (hmac-sha-1|hmac-sha-256|hmac-sha-384|hmac-sha-512)", HONOURED, .keeping = SINGLE, .frr = "=" },
	{ NULL },
};

const struct command commands_bfd_template[] = {
	{ "interval min-tx <50-9999> min-rx <50-9999> multiplier <3-50>", HONOURED, .keeping = SINGLE, .frr = "" },
	{ "interval both <50-9999> multiplier <3-50>", HONOURED, .keeping = SINGLE, .frr = "" },
	{ "interval microseconds <*>", TRAFFIC, "write the interval in milliseconds" },
	{ "echo", NO_EFFECT, "echo mode is not used" },
	{ "authentication <*>", TRAFFIC, "BFD is not authenticated; protect the tunnel" },
	{ "dampening <*>", UNSUPPORTED, "flapping sessions are not held down" },
	{ NULL },
};
