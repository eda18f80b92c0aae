/* `ip nat …` of the global mode. What the lines amount to: nat.h. */
#include <stdlib.h>

#include "config/commands.h"
#include "config/reading.h"

#define DYNAMIC_END " [vrf <word>] [match-in-vrf] [overload] [extended] [reversible] [oer]"
#define STATIC_END " [vrf <word>] [route-map <word>] [extendable] [no-alias] [no-payload] [match-in-vrf]"
#define PAYLOAD "payloads of protocols are left to the system's helpers"

/* "/24", which no other pattern takes. */
static void keep_network(struct reading *r, const struct match *m)
{
	const struct item *len = match_arg(m, 2);
	char *end;

	if (len && len->kind == ITEM_WORD &&
	    (len->text[0] != '/' || strtoul(len->text + 1, &end, 10) > 32 || *end || end == len->text + 1)) {
		reading_error(r, "write a mask, or its length as /24", "%s is no mask", len->text);
		return;
	}
	reading_block(r, m);
}

const struct command commands_nat[] = {
	{ "ip nat [inside] source (list|route-map) <word> interface <if>" DYNAMIC_END, HONOURED },
	{ "ip nat [inside] source (list|route-map) <word> pool <word>" DYNAMIC_END, HONOURED },
	{ "ip nat [inside] source static <ip> (<ip>|interface <if>)" STATIC_END, HONOURED },
	{ "ip nat [inside] source static (tcp|udp) <ip> <1-65535> (<ip>|interface <if>) <1-65535>" STATIC_END, HONOURED },
	{ "ip nat [inside] source static network <ip> <ip> (<mask>|<word>)" STATIC_END, HONOURED, NULL, keep_network },
	{ "ip nat pool <word> <ip> <ip> (netmask <mask>|prefix-length <1-32>) [type match-host] [add-route]", HONOURED, .keeping = KEYED },
	{ "ip nat pool <word> <ip> <ip> (netmask <mask>|prefix-length <1-32>) type rotary", TRAFFIC, "loads are not shared among hosts",
	  .keeping = KEYED },
	{ "ip nat translation (timeout|tcp-timeout|udp-timeout|dns-timeout|icmp-timeout|finrst-timeout|syn-timeout|pptp-timeout|"
	  "port-timeout|routemap-entry-timeout|arp-ping-timeout|max-entries) <*>", UNSUPPORTED, "times and numbers of translations are left to the system" },
	{ "ip nat log translations <*>", UNSUPPORTED, "translations are not logged" },
	{ "ip nat service <*>", UNSUPPORTED, PAYLOAD },
	{ "ip nat (settings|piggyback-support) <*>", UNSUPPORTED, "left to the system" },
	{ "ip nat outside <*>", TRAFFIC, "addresses outside are not translated" },
	{ "ip nat inside destination <*>", TRAFFIC, "loads are not shared among hosts" },
	{ "ip nat (portmap|switchover|sip-sbc|create|stateful) <*>", TRAFFIC, "this way of translation is not done" },
	{ NULL },
};
