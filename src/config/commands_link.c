/* Lines of any interface that concern the link below it, queues, or other programs, with the reason why they
 * do nothing here. */
#include "config/commands.h"
#include "config/reading.h"

#define HARDWARE "the hardware is set up by the system"
#define QOS "quality of service is left to the system"
#define SWITCHING "switching is left to the system"
#define DHCP "DHCP is left to other programs"
#define PPP "PPP is left to other programs"
#define NEIGHBOURS "neighbour discovery of the link layer is left to the system"

const struct command commands_link[] = {
	{ "service-policy <*>", NO_EFFECT, QOS },
	{ "qos (pre-classify|trust|marking|cos) [<*>]", NO_EFFECT, QOS },
	{ "mls qos (trust|cos|vlan-based|dscp-mutation) [<*>]", NO_EFFECT, QOS },
	{ "auto qos (trust|voip|video|classify) [<*>]", NO_EFFECT, QOS },
	{ "plim <*>", NO_EFFECT, QOS },
	{ "fair-queue [<*>]", NO_EFFECT, QOS },
	{ "no-fair-queue", NO_EFFECT, QOS },
	{ "random-detect [<*>]", NO_EFFECT, QOS },
	{ "(priority-group|custom-queue-list) <1-16>", NO_EFFECT, QOS },
	{ "priority-queue <*>", NO_EFFECT, QOS },
	{ "srr-queue <*>", NO_EFFECT, QOS },
	{ "max-reserved-bandwidth <*>", NO_EFFECT, QOS },
	{ "rate-limit <*>", NO_EFFECT, QOS },
	{ "traffic-shape <*>", NO_EFFECT, QOS },
	{ "hold-queue <*>", NO_EFFECT, QOS },
	{ "(tx-ring-limit|tx-queue-limit) <*>", NO_EFFECT, QOS },
	{ "trust device <word>", NO_EFFECT, QOS },
	{ "ip rsvp (bandwidth|signalling|resource-provider) [<*>]", NO_EFFECT, QOS },
	{ "storm-control <*>", NO_EFFECT, SWITCHING },

	{ "load-interval <*>", NO_EFFECT, "counters are not averaged" },
	{ "carrier-delay [<*>]", NO_EFFECT, HARDWARE },
	{ "negotiation (auto|forced)", NO_EFFECT, HARDWARE },
	{ "(duplex|speed|media-type|clockrate|mac-address|mdix|fec|flowcontrol) <*>", NO_EFFECT, HARDWARE },
	{ "clock (rate|source) <*>", NO_EFFECT, HARDWARE },
	{ "serial restart-delay <*>", NO_EFFECT, HARDWARE },
	{ "(framing|linecode|cablelength|crc|invert|loopback|physical-layer|pulse-time|dce-terminal-timing-enable) [<*>]",
	  NO_EFFECT, HARDWARE },
	{ "power inline <*>", NO_EFFECT, HARDWARE },
	{ "lacp (rate|port-priority|max-bundle|min-bundle|fast-switchover) [<*>]", NO_EFFECT, HARDWARE },
	{ "udld port [<*>]", NO_EFFECT, HARDWARE },
	{ "macro (apply|description|trace) <*>", NO_EFFECT, HARDWARE },
	{ "(xcvr|lte|cellular|cell|dsl|operating) <*>", NO_EFFECT, HARDWARE },
	{ "keepalive [<*>]", NO_EFFECT, HARDWARE },
	{ "mop (enabled|sysid)", NO_EFFECT, "there is no such protocol here" },
	{ "arp timeout <*>", NO_EFFECT, "left to the system" },
	{ "logging event <*>", NO_EFFECT, "the log is set up by the system" },
	{ "snmp (trap|ifindex) <*>", NO_EFFECT, "SNMP is left to other programs" },
	{ "cdp (enable|tlv|log) [<*>]", NO_EFFECT, NEIGHBOURS },
	{ "lldp (transmit|receive|tlv-select|med-tlv-select) [<*>]", NO_EFFECT, NEIGHBOURS },
	{ "ntp (broadcast|disable|multicast) [<*>]", NO_EFFECT, "the time is kept by the system" },
	{ "dampening [<*>]", UNSUPPORTED, "flapping links are not held down" },
	{ "backup load <*>", UNSUPPORTED, "a backup stands in for a line that is lost, not for a busy one" },

	{ "switchport [<*>]", UNSUPPORTED, SWITCHING },
	{ "spanning-tree (bpduguard|bpdufilter|cost|guard|link-type|port-priority) [<*>]", NO_EFFECT, SWITCHING },
	{ "spanning-tree portfast [(trunk|disable|edge|network)] [trunk]", NO_EFFECT, SWITCHING },
	{ "spanning-tree vlan <word> (cost|port-priority) <*>", NO_EFFECT, SWITCHING },
	{ "channel-group <*>", UNSUPPORTED, "link bundles are left to the system" },
	{ "(channel-protocol|port-channel (min-links|standalone-disable|load-defer)) [<*>]", NO_EFFECT, "link bundles are left to the system" },
	{ "bridge-group <*>", TRAFFIC, SWITCHING },
	{ "(xconnect|vlan-range|service instance) <*>", TRAFFIC, SWITCHING },
	{ "dot1x (pae|timeout|max-req|max-reauth-req|port-control|authenticator|supplicant|credentials) [<*>]", NO_EFFECT, SWITCHING },
	{ "authentication (port-control|host-mode|order|priority|event|periodic|timer|violation|open|control-direction) [<*>]",
	  NO_EFFECT, SWITCHING },
	{ "(access-session|mab) [<*>]", NO_EFFECT, SWITCHING },
	{ "device-tracking [attach-policy <word>]", NO_EFFECT, SWITCHING },
	{ "ip arp inspection <*>", NO_EFFECT, SWITCHING },
	{ "ip dhcp (client|relay source-interface|relay information trusted|snooping trust|snooping limit) [<*>]", UNSUPPORTED, DHCP },
	{ "ipv6 dhcp (server|client|relay) <*>", UNSUPPORTED, DHCP },

	{ "(ppp|dialer|pppoe|async|l2tp|peer) <*>", UNSUPPORTED, PPP },
	{ "(dialer-group|pppoe-client) <*>", UNSUPPORTED, PPP },
	{ "frame-relay (map|interface-dlci|lmi-type|intf-type|class|traffic-shaping|inverse-arp|ip) [<*>]", TRAFFIC,
	  "the interface is taken as an Ethernet" },
	{ "(atm|pvc) <*>", TRAFFIC, "the interface is taken as an Ethernet" },
	{ NULL },
};
