/*
 * config: a router's configuration in IOS-style text, read into plain values.
 *
 * The text is the truth: every line of the file is kept with what became of it, and
 * config_print() writes the whole model back (print -> parse -> print is a fixed point).
 * Blocks that only FRR or strongSwan understand are kept as lines (struct config_block)
 * and rendered from there. Names, numbers and lists have no limits but memory; everything
 * is owned by struct config and freed with it.
 *
 * Times are seconds, sizes bytes, as IOS writes them, and the field names say so.
 */
#ifndef DMVPN_CONFIG_CONFIG_H
#define DMVPN_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/ipaddr.h"

enum { CONFIG_FILE_MAX = 16 * 1024 * 1024 /* bytes of a file that are read; more is refused */ };

/* What became of a line. */
enum config_state {
	CONFIG_BLANK,         /* empty, a comment, a separator */
	CONFIG_HONOURED,
	CONFIG_NO_EFFECT,     /* known, and without effect here */
	CONFIG_NOT_SUPPORTED, /* unknown, or known and not done; reason says which */
	CONFIG_ERROR,         /* known, but wrong or contradictory; the file cannot be run */
};

struct config_line {
	const char *file; /* name as given by the caller */
	unsigned number;  /* from 1 */
	char *text;       /* as in the file, without line end, valid UTF-8 with bad bytes replaced and
			   * secrets masked: it may be shown */
	enum config_state state;
	bool changes_traffic; /* NOT_SUPPORTED: forwarding or security would differ without it */
	char *reason;         /* why NO_EFFECT or NOT_SUPPORTED or ERROR; NULL otherwise */
	char *remedy;         /* what to write instead; NULL when there is none */
	char *practice, *practice_remedy; /* works as written, and should not be so; NULL: nothing to say */
};

/*
 * A line as it was understood: in full words, with "no " in front where it takes something back.
 * Not masked: it may hold secrets.
 */
struct config_said {
	char *text;
	unsigned line;
};

/* An address, a host name to be resolved, or nothing. */
struct config_host {
	struct ipaddr addr; /* IP_NONE when name is set or nothing was given */
	char *name;
};

struct config_map {
	struct ipprefix proto; /* overlay address (host prefix) or prefix */
	struct config_host nbma;
};

struct config_nhs {
	struct ipaddr addr;      /* overlay address; IP_NONE for `nhs dynamic` */
	struct config_host nbma; /* from `nbma …`; else from a map of the same address (may be none) */
	bool multicast;
	uint8_t priority; /* 0 best */
	uint8_t cluster;  /* 0..10 */
};

struct config_cluster {
	uint8_t cluster;
	uint8_t max_connections;
};

/*
 * `ip nhrp identity KIND NAME address A.B.C.D [MASK]`: whoever IKE authenticated by this name may
 * register addresses of the prefix, and nobody else may.
 */
struct config_nhrp_identity {
	char *kind; /* "fqdn", "email", "address", "key-id" or "dn" */
	char *name;
	struct ipprefix overlay;
};

/* `ip nhrp redirect partner A.B.C.D nbma HOST`: what is routed there leads on into the partner hub's tunnel. */
struct config_partner {
	struct ipaddr next_hop; /* the partner's address on the link between the hubs */
	struct config_host nbma;
};

/* `ip nhrp map group NAME service-policy output POLICY`: what each client of that group is sent at most. */
struct config_group_map {
	char *group;
	uint64_t rate_bps;     /* bits a second on the wire, never 0 */
	uint32_t burst_octets; /* that go at once after a pause */
};

/* `ip nhrp group NAME identity KIND NAME`: whoever IKE authenticated by this name belongs to that group, whatever he says. */
struct config_group_identity {
	char *group;
	struct config_nhrp_identity identity; /* without an address */
};

/* Groups of spokes, of either family's lines. */
struct config_groups {
	char *own; /* that we belong to, `ip nhrp group NAME`; NULL: none */
	size_t map_count;
	struct config_group_map *maps;
	size_t identity_count;
	struct config_group_identity *identities;
};

void config_groups_done(struct config_groups *g); /* what it owns; not g itself */

/* The `ip nhrp …` (or `ipv6 nhrp …`) lines of one tunnel. */
struct config_nhrp {
	bool enabled; /* network-id was given */
	uint32_t network_id;
	char *authentication; /* NULL or 1..8 octets */
	uint16_t holdtime_s;             /* default 600 */
	uint16_t registration_timeout_s; /* default holdtime_s / 3, at least 1 */
	bool no_unique;
	bool shortcut;       /* by default on from version 15.7 on, on a multipoint tunnel */
	bool shortcut_given; /* the file says it, one way or the other; else it is the default */
	bool redirect;
	uint16_t redirect_timeout_s; /* default 2: least time between indications of one pair */
	size_t partner_count;
	struct config_partner *partners;
	bool server_only;
	uint32_t max_send_packets; /* default 10000 … */
	uint16_t max_send_s;       /* … per 10 s */
	bool map_multicast_dynamic; /* default as shortcut's; in a file without a version line on beside EIGRP, OSPF or RIP */
	bool map_multicast_dynamic_given;
	size_t map_count;
	struct config_map *maps;
	size_t map_multicast_count;
	struct config_host *map_multicast; /* static NBMA addresses */
	size_t nhs_count;
	struct config_nhs *nhs;
	size_t cluster_count;
	struct config_cluster *clusters;
	uint16_t nhs_fallback_s; /* 0: at once */
	bool nhs_standby_cold;   /* no IPsec session with an NHS that is not needed for now */
	uint16_t probe_interval_ms; /* of the paths to NHSs and direct peers; default 250, 0: no probes */
	bool probe_given;           /* the file says it; else it is the default */
	size_t summary_map_count;
	struct ipprefix *summary_maps;
	size_t identity_count;
	struct config_nhrp_identity *identities;
	bool identity_certificate; /* `ip nhrp identity certificate`: others than these need one that names the address */
};

/* `bfd interval …`, or the interval of `bfd template …`; multiplier 0: none. */
struct config_bfd {
	uint16_t min_tx_ms, min_rx_ms;
	uint8_t multiplier;
};

enum { WARM_EVERY_S = 120, WARM_DELAY_S = 60 }; /* `nhrp warm`, unless said */

enum config_tunnel_mode { TUNNEL_GRE_P2P, TUNNEL_GRE_MULTIPOINT };

struct config_address {
	struct ipaddr addr;
	uint8_t prefix_len;
	bool secondary;
	bool link_local; /* `ipv6 address … link-local` */
};

/* `ip ospf …` of an interface; absent values are 0 or NULL. */
struct config_if_ospf {
	char *network; /* "broadcast", "point-to-point", "point-to-multipoint", "non-broadcast" */
	uint16_t cost;
	bool has_priority;
	uint8_t priority;
	uint16_t hello_s, dead_s;
	bool has_area;
	uint32_t process;
	char *area;
	bool mtu_ignore;
	bool bfd, no_bfd; /* `ospf bfd`, `ospf bfd disable` */
	bool ospfv3;      /* said as `ospfv3 …`, for a process `router ospfv3` */
};

struct config_tunnel {
	enum config_tunnel_mode mode;
	enum ip_family transport; /* of the outer header: IP_V4, or IP_V6 for `… ipv6` */
	char *source_interface;   /* kernel name (config_ifname); or NULL */
	struct ipaddr source;     /* when given as an address */
	struct config_host destination;
	bool has_key;
	uint32_t key;
	uint32_t vrf;             /* `tunnel vrf`: index into config.vrfs, 0 = global */
	uint8_t ttl;              /* default 255 */
	bool path_mtu_discovery;
	char *protection_profile; /* NULL: unprotected */
	bool protection_shared;
	bool if_state_nhrp;
	bool has_route_hold;
	uint16_t route_hold_s;    /* when has_route_hold; see config_route_hold_s() */
	bool fall_over_bgp, fall_over_bfd; /* `nhrp fall-over …`: what routing is told of dead paths; default on */
	bool fall_over_relay;     /* and what is for a dead server goes to a living one meanwhile; default on */
	char *warm_behind;        /* `nhrp warm TUNNEL`, kernel name: this one rests while that one is usable; NULL */
	uint16_t warm_every_s;    /* between two probes at rest, … */
	uint32_t warm_delay_s;    /* … and how long the other has to be usable again before this one rests */
	bool no_bfd;              /* `no nhrp bfd`: `bfd interval` is for routing protocols only */
	struct config_bfd bfd;    /* NHRP watches its peers by it, unless told not to */
	struct config_nhrp nhrp4; /* `ip nhrp …` */
	struct config_nhrp nhrp6; /* `ipv6 nhrp …` */
	struct config_groups groups;
};

struct config_interface {
	char *ios_name; /* canonical IOS spelling: "GigabitEthernet0/0", "Tunnel0", "eth0" */
	char name[16];  /* the kernel's: "Gi0-0", "Tunnel0", "eth0" */
	unsigned line;
	const char *file;
	char *description;
	bool shutdown;
	uint32_t vrf; /* `vrf forwarding` / `ip vrf forwarding` */
	bool dhcp;    /* `ip address dhcp` */
	size_t address_count;
	struct config_address *addresses;
	bool ipv6_enable;
	uint16_t mtu;   /* `mtu N` in bytes; 0: default */
	uint16_t dot1q; /* VLAN of a sub-interface; 0: none */
	bool dot1q_native; /* the same, untagged on the wire */
	uint32_t bandwidth_kbps; /* 0: default */
	uint32_t delay_tens_us;
	uint16_t ip_mtu, ipv6_mtu; /* bytes; 0: default (1476 on a tunnel less key and so on) */
	uint16_t adjust_mss, adjust_mss6; /* bytes; 0: off */
	char *backup; /* `backup interface`, kernel name: it is down while this one is up; NULL */
	uint32_t backup_up_delay_s, backup_down_delay_s; /* `backup delay`; BACKUP_NEVER */
	struct config_if_ospf ospf, ospf6;
	bool is_tunnel;
	uint32_t tunnel_number;
	struct config_tunnel *tunnel; /* when is_tunnel */
	/* All other sub-commands (canonical words), for FRR or to be printed again: "ip split-horizon eigrp 100",
	 * "no ip next-hop-self eigrp 1", "bfd interval …", "ip nat inside", "service-policy output P" … */
	size_t extra_count;
	char **extras;
	/* Every line below it that was understood, whatever became of it, in the order of the file. */
	size_t said_count;
	struct config_said *said;
};

enum { CONFIG_NO_BLOCK = UINT32_MAX };

struct config_vrf {
	char *name; /* vrfs[0] is the global table, name "" */
	bool defined; /* by vrf definition or ip vrf; else only used */
	bool old_style; /* by ip vrf: its interfaces say `ip vrf forwarding` */
	unsigned line;  /* of its definition; 0: none */
	uint32_t definition; /* its block; CONFIG_NO_BLOCK */
	char device[16]; /* the kernel's VRF device, where there is one: the name as far as it can be */
};

struct config_route {
	uint32_t vrf;
	struct ipprefix dst;
	struct ipaddr gateway;  /* IP_NONE: interface route */
	bool dhcp;              /* the gateway is the one that the interface's DHCP client has set */
	char *interface;        /* kernel name, NULL: none; "Null0" for a discard route */
	uint8_t distance;       /* default 1 */
	uint32_t tag;
	uint32_t track;         /* 0: none */
	bool permanent;         /* stays when its interface goes down, as written */
	char *name;             /* `name …`; NULL */
	unsigned line;
	const char *file;
};

/*
 * A top-level line and what stands below it, for other programs or only to be printed again: `router bgp
 * 65000` and its lines, a route-map, a prefix-list, a crypto block, `ip nat …`, `line vty 0 4`. Words are
 * expanded to their full spelling; inside of blocks that nothing here looks into lines are kept as they stand,
 * and lines that say "no" to what is on elsewhere keep it ("no ip http server").
 */
struct config_block_line {
	unsigned depth; /* 1: directly below the head (address-family lines), 2: inside those */
	char *text;
	unsigned line;
	unsigned mode;   /* enum config_mode of the table that this line belongs to (grammar.h) */
	uint32_t parent; /* index of the sub-block's head line; UINT32_MAX directly below the head */
	bool opens;      /* heads a sub-block */
};

struct config_block {
	char *head; /* "router bgp 65000", "crypto isakmp policy 10", "ip prefix-list X seq 5 permit …" */
	const char *file;
	unsigned line;
	size_t line_count;
	struct config_block_line *lines;
};

/* `ip sla N` with `icmp-echo …`: an echo that is asked for again and again. What is no such operation is not here. */
struct config_sla {
	uint32_t number;
	struct ipaddr target;
	char *source_interface; /* kernel name; the echo leaves by it. NULL: wherever routing leads */
	struct ipaddr source;   /* `source-ip`; IP_NONE: the interface's */
	uint32_t vrf;
	uint32_t frequency_ms;  /* default 60000 */
	uint32_t timeout_ms;    /* default 5000 */
	uint32_t threshold_ms;  /* default 5000: what takes longer is late */
	bool scheduled;         /* `ip sla schedule N …`: it runs */
	unsigned line;
};

enum config_track_kind {
	TRACK_REACHABILITY,  /* the operation is answered */
	TRACK_IN_TIME,       /* `state`: within its threshold */
	TRACK_LINE_PROTOCOL, /* the interface is up and has carrier */
	TRACK_IP_ROUTING,    /* and an address */
	TRACK_ALL, TRACK_ANY,/* `list boolean and`, `or` */
};

struct config_track_object {
	uint32_t track;
	bool negated;
};

/* `track N …`: something that is up or down, and that routes hang on. */
struct config_track {
	uint32_t number;
	enum config_track_kind kind;
	uint32_t sla;      /* of the first two */
	char *interface;   /* of the next two; kernel name */
	size_t object_count; /* of a list */
	struct config_track_object *objects;
	uint16_t up_delay_s, down_delay_s; /* `delay up`, `delay down`: so long a change must last */
	unsigned line;
};

enum { BACKUP_NEVER = UINT32_MAX };

enum config_datapath { DATAPATH_AUTO, DATAPATH_KERNEL, DATAPATH_USER };

struct config {
	char *name; /* of the file, as given */
	const char *language; /* that the file is written in: "IOS", "VyOS", "FRR" or "OpenNHRP" */
	char *hostname; /* NULL when not given */
	char *version;  /* `version 15.4`; NULL */
	enum config_datapath datapath;
	bool ip_routing6; /* `ipv6 unicast-routing` */
	size_t vrf_count;
	struct config_vrf *vrfs;
	size_t interface_count;
	struct config_interface *interfaces; /* in the order of the file */
	size_t route_count;
	struct config_route *routes;
	size_t block_count;
	struct config_block *blocks;
	/* What blocks of `ip sla` and `track` say, in the order of the file. */
	size_t sla_count, track_count;
	struct config_sla *slas;
	struct config_track *tracks;
	/* Top-level lines that are understood and not supported (`ip nat …`), in the order of the file. */
	size_t said_count;
	struct config_said *said;
	size_t line_count;
	struct config_line *lines;
};

/*
 * Reads a file, or text held by the caller. Both answer NULL only when nothing can be
 * parsed at all (unreadable, empty, too big, binary, out of memory) and then say why in
 * error[] ("hub1.cfg: is not text: …"). Otherwise the config is whole and the caller looks
 * at config_error_count() and at the lines.
 */
struct config *config_read_file(const char *path, char *error, size_t error_size);
struct config *config_read_text(const char *name, const char *text, size_t length,
				char *error, size_t error_size);
/* The configurations in a folder, in the order of their names. */
struct config_folder {
	size_t count;
	char **paths;
};
/* false: it cannot be read, or there are none; error[] says which. */
bool config_folder_read(const char *path, struct config_folder *f, char *error, size_t error_size);
void config_folder_done(struct config_folder *f);
/* What config_print() wrote is in our language, whatever else the lines that nobody knows look like. */
struct config *config_read_printed(const char *name, const char *text, size_t length,
				   char *error, size_t error_size);
/*
 * The bytes behind a descriptor, which may be one that does not block: at most
 * CONFIG_FILE_MAX of them, and a pipe that stays silent for a second is given up. malloc'd;
 * NULL with error[] set.
 */
char *config_read_bytes(int fd, const char *name, size_t *length, char *error, size_t error_size);
void config_free(struct config *c); /* NULL is fine */

/*
 * What others find wrong with a line, after reading: an error, which forbids running the
 * file, or bad practice. A line keeps its first error and its first practice. remedy may be NULL.
 * false: out of memory. A line that is not there (0) is fine and says nothing.
 */
bool config_judge_line(struct config *c, unsigned number, bool is_error, const char *text, const char *remedy);

size_t config_count(const struct config *c, enum config_state state);
size_t config_practice_count(const struct config *c);
/* Lines that forbid running the file: ERROR, and NOT_SUPPORTED that would change traffic. */
size_t config_blocking_count(const struct config *c);

const struct config_interface *config_find_interface(const struct config *c, const char *name);
const struct config_sla *config_find_sla(const struct config *c, uint32_t number);
const struct config_track *config_find_track(const struct config *c, uint32_t number);
/* The route hangs on a track that is watched here: dmvpnd sets it and takes it away, and nobody else does. */
bool config_route_tracked(const struct config *c, const struct config_route *route);
const struct config_interface *config_find_tunnel(const struct config *c, uint32_t number);

/*
 * `nhrp route-hold`: seconds that routes of this tunnel outlast their withdrawal when a next hop server died; 0: not.
 * Unless said it is on where OSPF elects a designated router, whose death leaves routers without routes.
 */
uint16_t config_route_hold_s(const struct config_interface *tunnel);
/* The same of shortcuts whose covering route is withdrawn, whatever the reason; unless said it is on everywhere. */
uint16_t config_shortcut_hold_s(const struct config_interface *tunnel);

/* Seconds between two refreshes of a registration while the tunnel rests: as rare as `every` and the hold time allow. */
uint16_t config_warm_registration_s(uint16_t every_s, const struct config_nhrp *n);

/* Packets of the two look the same: mode, source and key, and the destination of point-to-point ones. */
bool config_tunnels_alike(const struct config_tunnel *a, const struct config_tunnel *b);

enum { CONFIG_NO_VRF = UINT32_MAX };

/* The VRF that a line names behind "vrf" (`router ospf 1 vrf RED`, `address-family ipv4 vrf RED`). 0: it names none;
 * CONFIG_NO_VRF: one that is not defined. */
uint32_t config_vrf_in(const struct config *c, const char *text);
/* A route target that one VRF imports for the family ("ipv4", "ipv6") is exported by the other. */
bool config_vrf_imports(const struct config *c, uint32_t vrf, uint32_t from, const char *family);
/* FRR is to run a routing protocol in it, for which the kernel needs a VRF device. */
bool config_vrf_is_routed(const struct config *c, uint32_t vrf);

/* The route names an interface of another VRF: dmvpnd sets it, whatever routes there. */
bool config_route_crosses(const struct config *c, const struct config_route *route);
/* It is dmvpnd that sets the route, and not FRR: it is in a VRF, leads into another, hangs on a track or on a lease. */
bool config_route_ours(const struct config *c, const struct config_route *route);

/* A routing block refers to this access list; others are not needed by anything here. */
bool config_access_list_used(const struct config *c, const char *name);

/* "gi0/0" -> ios "GigabitEthernet0/0" (may be NULL) and kernel "Gi0-0". Names that are no
 * IOS type ("eth0") stay. false when the result does not fit the kernel's 15 characters. */
bool config_ifname(const char *text, char **ios, char kernel[16]);

/* The whole model as clean text; malloc'd, NULL when out of memory. */
char *config_print(const struct config *c);
/*
 * The same for a Cisco router: what only this project understands stands there as comments ("! dmvpn: …").
 * What the router is not told, or may not take, is said to notes, a line each.
 */
char *config_print_ios(const struct config *c, FILE *notes);

#endif
