#include "hub.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/xfrm.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "forward/forward_msg.h"
#include "keeper/device.h"
#include "keeper/keeper_msg.h"
#include "keeper/nat_port.h"
#include "xfrm_say.h"

enum { TUNNEL = 0, RAW_ID = 5, PROTECTION = 1, SPI_OUT_FIRST = 0x10000000, MTU = 1400, PATIENCE_MS = 20000 };

static const uint8_t tap_mac[6] = { 0x06, 0, 0, 0, 0, 1 };
static const struct esp_suite suite = { ESP_AES_GCM, ESP_AUTH_NONE, 16, 16 };

static struct ipaddr addr4(uint32_t value)
{
	value = htonl(value);
	return ipaddr_from_bytes(IP_V4, (const uint8_t *)&value);
}

static struct ipaddr hub_address(void)
{
	struct ipaddr a;

	ipaddr_parse(NET_HUB_ADDRESS, &a);
	return a;
}

struct ipaddr hub_peer_address(uint32_t pair)
{
	return addr4((pair % 2 ? 0x64410000u : 0x64400000u) + pair / 2);
}

struct ipaddr hub_lan_address(uint32_t pair)
{
	return addr4((pair % 2 ? 0x0a020000u : 0x0a010000u) + pair / 2);
}

static struct ipaddr overlay_address(uint32_t pair)
{
	return addr4(0xac100002u + pair);
}

uint32_t hub_pair_of(uint32_t spi)
{
	return spi - SPI_OUT_FIRST;
}

static struct esp_keys keys_of(uint32_t pair, bool to_hub)
{
	const uint32_t words[2] = { pair + 1, to_hub };
	struct esp_keys k = { 0 };

	memcpy(k.cipher, words, sizeof words);
	return k;
}

void hub_peer_sa(const struct hub *h, uint32_t pair, bool to_hub, struct esp_sa *out)
{
	*out = (struct esp_sa){ .spi = to_hub ? h->spi_in[pair] : SPI_OUT_FIRST + pair, .inbound = !to_hub,
				.phase = ESP_PHASE_LIVE, .suite = suite, .soft = ESP_LIFE_NEVER, .hard = ESP_LIFE_NEVER,
				.keys = keys_of(pair, to_hub) };
}

/* ---- the keeper ---- */

static void give(struct hub *h, uint16_t type, const void *payload, size_t length, const int *fds, size_t count)
{
	const int error = ipc_send(h->keeper_fd, type, payload, length, fds, count);

	if (error)
		bench_die("the forwarder does not listen: %s", strerror(-error));
}

static void give_all(struct hub *h, int control)
{
	struct keeper_tap tap = { .tunnel = TUNNEL, .name = "Tunnel0" };
	const struct keeper_raw raw = { .protocol = IPPROTO_ESP, .id = RAW_ID, .local = { .addr = hub_address() } };
	const struct keeper_udp udp = { .family = IP_V4 };
	const struct keeper_xfrm xfrm = { .groups = 0 };

	memcpy(tap.mac, tap_mac, sizeof tap.mac);
	give(h, KEEPER_GIVE_TAP, &tap, sizeof tap, &h->tap_fd, 1);
	give(h, KEEPER_GIVE_RAW, &raw, sizeof raw, h->raw_fds, 2);
	give(h, KEEPER_GIVE_SA_MEMORY, NULL, 0, &h->memory_fd, 1);
	give(h, KEEPER_GIVE_UDP, &udp, sizeof udp, &h->udp_fd, 1);
	give(h, KEEPER_GIVE_INJECT, &udp, sizeof udp, &h->inject_fd, 1);
	give(h, KEEPER_GIVE_XFRM, &xfrm, sizeof xfrm, &h->charon_fd, 1);
	give(h, KEEPER_CONTROL, NULL, 0, &control, 1);
}

static _Noreturn void forwarder_exec(const struct hub *h, int fd)
{
	dup2(fd, KEEPER_FD);
	if (fd == KEEPER_FD)
		fcntl(fd, F_SETFD, 0);
	execl(h->forwarder, h->forwarder, (char *)NULL);
	_exit(127);
}

static void forwarder_start(struct hub *h)
{
	int keeper[2], control[2];

	if (ipc_pair(keeper) || ipc_pair(control))
		bench_die("no sockets");
	net_enter(h->net->hub);
	h->pid = fork();
	if (h->pid == 0)
		forwarder_exec(h, keeper[1]);
	if (h->pid < 0)
		bench_die("cannot start %s", h->forwarder);
	close(keeper[1]);
	h->keeper_fd = keeper[0];
	h->control_fd = control[0];
	give_all(h, control[1]);
	close(control[1]);
}

/* ---- the control process ---- */

static bool waits(int fd, short what)
{
	struct pollfd p = { .fd = fd, .events = what };

	return poll(&p, 1, PATIENCE_MS) == 1 && !(p.revents & POLLERR);
}

/* The next message of the forwarder; false: there is none now. */
static bool hear(struct hub *h)
{
	const int got = ipc_receive(h->control_fd, &h->message);

	if (got == -EAGAIN)
		return false;
	if (got != 1)
		bench_die("the forwarder is gone");
	if (h->message.type == FORWARD_SA_HELD)
		h->held += h->message.length / (uint32_t)sizeof(struct forward_sa_state);
	return true;
}

static void hear_until(struct hub *h, uint16_t type)
{
	for (;;) {
		if (hear(h)) {
			if (h->message.type == type)
				return;
		} else if (!waits(h->control_fd, POLLIN)) {
			bench_die("the forwarder does not answer");
		}
	}
}

static void tell(struct hub *h, uint16_t type, const void *payload, size_t length)
{
	int error;

	/* What it reports is heard meanwhile: it leaves out what there is no room for. */
	while (hear(h))
		;
	while ((error = ipc_send(h->control_fd, type, payload, length, NULL, 0)) == -EAGAIN)
		if (!waits(h->control_fd, POLLOUT))
			bench_die("the forwarder is stuck");
	if (error)
		bench_die("the forwarder does not listen: %s", strerror(-error));
}

static void tunnel_tell(struct hub *h)
{
	struct forward_tunnel t = { .tunnel = TUNNEL, .raw_id = RAW_ID, .local = { .addr = hub_address() }, .has_key = 1,
				    .key = HUB_GRE_KEY, .ttl = 255, .ip_mtu = MTU, .ipv6_mtu = MTU,
				    .protection = PROTECTION, .addr_count = 1, .addrs = { addr4(0xac100001u) } };

	memcpy(t.mac, tap_mac, sizeof t.mac);
	tell(h, FORWARD_TUNNEL_SET, &t, sizeof t);
}

static void pair_tell(struct hub *h, uint32_t pair)
{
	const struct endpoint local = { .addr = hub_address() }, remote = { .addr = hub_peer_address(pair) };
	const struct forward_session session = { pair + 1, PROTECTION, local, remote };
	const struct forward_sa_bind bind = { pair + 1, h->spi_in[pair], SPI_OUT_FIRST + pair, 1 };
	const struct forward_peer peer = { .tunnel = TUNNEL, .peer = pair + 1, .nbma = remote };

	tell(h, FORWARD_SESSION_SET, &session, sizeof session);
	tell(h, FORWARD_SA_BIND, &bind, sizeof bind);
	tell(h, FORWARD_PEER_SET, &peer, sizeof peer);
}

/* ---- charon ---- */

static void ask(struct hub *h, const uint8_t *request, size_t length, uint8_t reply[4096], size_t *got)
{
	ssize_t octets;

	if (send(h->xfrm_fd, request, length, MSG_NOSIGNAL) < 0 || !waits(h->xfrm_fd, POLLIN))
		bench_die("the XFRM server does not answer");
	octets = recv(h->xfrm_fd, reply, 4096, 0);
	if (octets < (ssize_t)sizeof(struct nlmsghdr))
		bench_die("the XFRM server is gone");
	*got = (size_t)octets;
}

static void ask_for_ack(struct hub *h, const uint8_t *request, size_t length)
{
	uint8_t reply[4096];
	size_t got;

	ask(h, request, length, reply, &got);
	if (xfrm_said(reply, got) != 0)
		bench_die("the XFRM server refuses: %s", strerror(-xfrm_said(reply, got)));
}

static uint32_t spi_ask(struct hub *h, const struct ipaddr *peer)
{
	const struct ipaddr local = hub_address();
	struct { struct nlmsghdr head; struct xfrm_userspi_info ask; } m = {
		.head = { .nlmsg_len = sizeof m, .nlmsg_type = XFRM_MSG_ALLOCSPI, .nlmsg_flags = NLM_F_REQUEST,
			  .nlmsg_seq = ++h->seq },
		.ask = { .min = 0xc0000000, .max = 0xcfffffff,
			 .info = { .family = AF_INET, .mode = XFRM_MODE_TUNNEL, .id = { .proto = IPPROTO_ESP } } },
	};
	struct xfrm_usersa_info info;
	uint8_t reply[4096];
	struct nlmsghdr head;
	size_t got;

	memcpy(&m.ask.info.saddr, peer->bytes, 4);
	memcpy(&m.ask.info.id.daddr, local.bytes, 4);
	ask(h, (const uint8_t *)&m, sizeof m, reply, &got);
	memcpy(&head, reply, sizeof head);
	if (head.nlmsg_type != XFRM_MSG_NEWSA || got < sizeof head + sizeof info)
		bench_die("no SPI");
	memcpy(&info, reply + sizeof head, sizeof info);
	return ntohl(info.id.spi);
}

static void sa_say(struct hub *h, const struct xfrm_sa *sa)
{
	uint8_t request[XFRM_SAY_MAX];
	const size_t length = xfrm_say_new(sa, ++h->seq, request);

	/* The inbound one has its SPI already. */
	if (sa->is_inbound)
		((struct nlmsghdr *)(void *)request)->nlmsg_type = XFRM_MSG_UPDSA;
	ask_for_ack(h, request, length);
}

/* Without the padding that the compiler adds. */
enum {
	POLICY_OCTETS = sizeof(struct nlmsghdr) + sizeof(struct xfrm_userpolicy_info) + sizeof(struct nlattr) +
			sizeof(struct xfrm_user_tmpl),
};

static void policy_say(struct hub *h, const struct ipaddr *from, const struct ipaddr *to, uint8_t dir, uint32_t spi)
{
	struct {
		struct nlmsghdr head;
		struct xfrm_userpolicy_info info;
		struct nlattr attribute;
		struct xfrm_user_tmpl tmpl;
	} m = {
		.head = { .nlmsg_len = POLICY_OCTETS, .nlmsg_type = XFRM_MSG_NEWPOLICY, .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
			  .nlmsg_seq = ++h->seq },
		.info = { .dir = dir, .priority = 366975,
			  .sel = { .family = AF_INET, .prefixlen_d = 32, .prefixlen_s = 32, .proto = IPPROTO_GRE } },
		.attribute = { .nla_len = sizeof m.attribute + sizeof m.tmpl, .nla_type = XFRMA_TMPL },
		.tmpl = { .reqid = 1, .family = AF_INET, .aalgos = ~0u, .ealgos = ~0u, .calgos = ~0u,
			  .id = { .proto = IPPROTO_ESP, .spi = htonl(spi) } },
	};

	memcpy(&m.info.sel.saddr, from->bytes, 4);
	memcpy(&m.info.sel.daddr, to->bytes, 4);
	ask_for_ack(h, (const uint8_t *)&m, POLICY_OCTETS);
}

/* charon's own order. */
static void pair_install(struct hub *h, uint32_t pair)
{
	const struct ipaddr local = hub_address(), remote = hub_peer_address(pair);
	struct xfrm_sa in = { .from = remote, .to = local, .from_port = HUB_PORT, .to_port = HUB_PORT, .suite = suite,
			      .keys = keys_of(pair, true), .is_inbound = true };
	struct xfrm_sa out = { .from = local, .to = remote, .from_port = HUB_PORT, .to_port = HUB_PORT, .suite = suite,
			       .keys = keys_of(pair, false), .spi = SPI_OUT_FIRST + pair };

	h->spi_in[pair] = in.spi = spi_ask(h, &remote);
	sa_say(h, &in);
	sa_say(h, &out);
	policy_say(h, &remote, &local, XFRM_POLICY_IN, 0);
	policy_say(h, &local, &remote, XFRM_POLICY_OUT, out.spi);
}

/* ---- life ---- */

static void devices_open(struct hub *h)
{
	struct keeper_tap tap = { .tunnel = TUNNEL, .name = "Tunnel0" };
	const struct keeper_raw raw = { .protocol = IPPROTO_ESP, .id = RAW_ID, .local = { .addr = hub_address() } };
	char text[DEVICE_TEXT_MAX];
	int fds[2];

	memcpy(tap.mac, tap_mac, sizeof tap.mac);
	net_enter(h->net->hub);
	h->memory_fd = memfd_create("sa", MFD_CLOEXEC);
	if (device_tap_open(&tap, &h->tap_fd, text) || device_raw_open(&raw, h->raw_fds, text))
		bench_die("%s", text);
	if (h->memory_fd < 0 || nat_port_open(false, &h->udp_fd) || nat_port_inject_open(false, &h->inject_fd) ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		bench_die("cannot open what a keeper opens: %s", strerror(errno));
	h->xfrm_fd = fds[0];
	h->charon_fd = fds[1];
	net_run(h->net->hub, "ip link set Tunnel0 mtu %d up && ip address add 172.16.0.1/12 dev Tunnel0", MTU);
}

void hub_open(struct hub *h, const struct net *net, const char *forwarder)
{
	*h = (struct hub){ .net = net, .forwarder = forwarder, .address = hub_address() };
	h->spi_in = calloc(HUB_PAIRS_MAX, sizeof *h->spi_in);
	if (!h->spi_in)
		bench_die("no memory");
	devices_open(h);
	forwarder_start(h);
	hear_until(h, FORWARD_HELD_END);
	tell(h, FORWARD_SYNC_BEGIN, NULL, 0);
	tunnel_tell(h);
	tell(h, FORWARD_SYNC_END, NULL, 0);
}

void hub_close(struct hub *h)
{
	hub_kill(h);
	close(h->tap_fd);
	close(h->raw_fds[0]);
	close(h->raw_fds[1]);
	close(h->udp_fd);
	close(h->inject_fd);
	close(h->memory_fd);
	close(h->charon_fd);
	close(h->xfrm_fd);
	free(h->spi_in);
}

/* It answers in order, so it has done what came before. */
static void counters_hear(struct hub *h)
{
	tell(h, FORWARD_COUNTERS_GET, NULL, 0);
	hear_until(h, FORWARD_COUNTERS_END);
}

void hub_pairs_add(struct hub *h, uint32_t pairs)
{
	for (; h->pairs < pairs; h->pairs++) {
		pair_install(h, h->pairs);
		pair_tell(h, h->pairs);
	}
	counters_hear(h);
}

static FILE *ip_batch(const struct hub *h)
{
	FILE *f;

	net_enter(h->net->hub);
	f = popen("ip -batch -", "w");
	if (!f)
		bench_die("cannot start ip");
	return f;
}

void hub_routes_add(struct hub *h)
{
	FILE *f = ip_batch(h);
	char via[IPADDR_TEXT_MAX], lan[IPADDR_TEXT_MAX];

	for (; h->routed < h->pairs; h->routed++) {
		const struct ipaddr overlay = overlay_address(h->routed), net = hub_lan_address(h->routed);
		const uint32_t id = h->routed + 1;

		ipaddr_format(&overlay, via);
		fprintf(f, "neigh replace %s lladdr 02:00:%02x:%02x:%02x:%02x dev Tunnel0 nud permanent\n", via, id >> 24,
			id >> 16 & 255, id >> 8 & 255, id & 255);
		if (h->routed % 2)
			fprintf(f, "route add %s/32 via %s dev Tunnel0\n", ipaddr_format(&net, lan), via);
	}
	if (pclose(f) != 0)
		bench_die("no routes to the peers");
}

void hub_kill(struct hub *h)
{
	if (h->pid <= 0)
		return;
	kill(h->pid, SIGKILL);
	waitpid(h->pid, NULL, 0);
	h->pid = 0;
	close(h->keeper_fd);
	close(h->control_fd);
}

void hub_start_again(struct hub *h)
{
	h->held = 0;
	forwarder_start(h);
	hear_until(h, FORWARD_HELD_END);
	tell(h, FORWARD_SYNC_BEGIN, NULL, 0);
	tunnel_tell(h);
	for (uint32_t i = 0; i < h->pairs; i++)
		pair_tell(h, i);
	tell(h, FORWARD_SYNC_END, NULL, 0);
	counters_hear(h);
}

/* ---- figures ---- */

static FILE *process_file(const struct hub *h, const char *name)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/%s", (int)h->pid, name);
	f = fopen(path, "r");
	if (!f)
		bench_die("cannot read %s", path);
	return f;
}

uint64_t hub_cpu_ns(const struct hub *h)
{
	unsigned long long ns = 0;
	FILE *f = process_file(h, "schedstat");

	if (fscanf(f, "%llu", &ns) != 1)
		bench_die("no schedstat");
	fclose(f);
	return ns;
}

uint64_t hub_memory_octets(const struct hub *h)
{
	FILE *f = process_file(h, "smaps_rollup");
	unsigned long long kib = 0;
	char line[256];

	while (fgets(line, sizeof line, f) && sscanf(line, "Pss: %llu kB", &kib) != 1)
		;
	fclose(f);
	return kib * 1024;
}

void hub_drops_tell(struct hub *h)
{
	static const char *const names[] = {
#define NAME(name, text) #name,
		FORWARD_DROPS(NAME)
#undef NAME
	};
	const struct forward_drop_counters *c;

	counters_hear(h);
	c = (const void *)h->message.payload;
	for (uint32_t i = 0; i < c->count && i < FORWARD_DROP_COUNT; i++)
		/* Its own kernel's housekeeping is none of the traffic. */
		if (c->drops[i] && i != FORWARD_DROP_LOCAL_LINK && i != FORWARD_DROP_NO_TUNNEL)
			fprintf(stderr, "dmvpn-fwd dropped %llu: %s\n", (unsigned long long)c->drops[i], names[i]);
}
