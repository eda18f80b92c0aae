/*
 * The protected path: two routers, A (192.0.2.21) and B (192.0.2.31), each a worker with tunnel 5
 * under protection 7, whose SAs are put into their tables by hand. What A sends is given to B.
 */
#include "fixture.h"

#include <sys/mman.h>
#include <unistd.h>

#include "esp/esp.h"
#include "forward/invalid_spi.h"
#include "forward/esp_rx.h"
#include "forward/esp_tx.h"
#include "forward/frame.h"
#include "forward/protect.h"
#include "wire/checksum.h"
#include "wire/gre.h"
#include "xfrm_say.h"

enum { TUNNEL = 5, PROTECTION = 7, ESP_RAW = 9, SESSION = 77, KEY = 300, PEER = 0x55, SPI_AB = 0xc1000001, SPI_BA = 0xc2000002,
       SPI_AB2 = 0xc1000011, SPI_BA2 = 0xc2000012, REMOTE_PORT = 4500 };

#define A_ADDR "192.0.2.21"
#define B_ADDR "192.0.2.31"

struct pair { struct fixture *a, *b; int fds[2]; };

static const uint8_t mac_b[6] = { 2, 0, 0, 0, 0, PEER };
static uint8_t sealed[FRAME_HEADROOM + FRAME_MAX];

static void router_make(struct fixture *f, int fd, const char *local, const char *remote)
{
	const struct endpoint here = nbma(local);
	struct forward_tunnel t = { .tunnel = TUNNEL, .raw_id = ESP_RAW, .local = here, .has_key = 1, .key = KEY, .ttl = 200,
				    .ip_mtu = 1400, .ipv6_mtu = 1400, .protection = PROTECTION, .set_df = 1,
				    .addr_count = 1, .addrs = { addr("10.5.0.1") } };
	const struct forward_session session = { SESSION, PROTECTION, here, nbma(remote) };
	char reason[SA_TABLE_REASON_MAX];

	memcpy(t.mac, own_mac, 6);
	assert_int_equal(protect_memory(f->w->protection, fd, 1, reason), 0);
	assert_non_null(raw_add(&f->tables.tunnels, ESP_RAW, &here, IPPROTO_ESP, -1, -1));
	assert_non_null(tap_add(&f->tables.tunnels, TUNNEL, -1, own_mac));
	assert_true(fwd_control_message(f->w, FORWARD_TUNNEL_SET, &t, sizeof t));
	assert_true(fwd_control_message(f->w, FORWARD_SESSION_SET, &session, sizeof session));
	peer_add(f, TUNNEL, PEER, remote);
}

/* As charon does it. */
static void sa_add(struct fixture *f, bool inbound, uint32_t spi, const char *local, const char *remote,
		   const struct esp_sa *like)
{
	struct protection *p = f->w->protection;
	struct xfrm_sa sa = { .from = addr(inbound ? remote : local), .to = addr(inbound ? local : remote), .spi = spi,
			      .suite = like->suite, .is_inbound = inbound, .is_tunnel = like->mode == ESP_TUNNEL,
			      .has_esn = like->esn, .from_port = like->udp ? REMOTE_PORT : 0,
			      .to_port = like->udp ? REMOTE_PORT : 0 };
	uint8_t request[XFRM_SAY_MAX], reply[XFRM_REPLY_MAX];
	size_t length;

	memset(sa.keys.cipher, (int)(spi & 0xff), like->suite.key_octets);
	memset(sa.keys.auth, 0x42, esp_auth_key_octets(like->suite.auth));
	length = xfrm_say_new(&sa, 1, request);
	length = xfrm_server_request(p->xfrm, protect_clock(p), request, length, reply);
	assert_int_equal(xfrm_said(reply, length), 0);
}

static void bind_sas(struct fixture *f, uint32_t in, uint32_t out)
{
	const struct forward_sa_bind m = { .session = SESSION, .spi_in = in, .spi_out = out, .is_initiator = 1 };

	assert_true(fwd_control_message(f->w, FORWARD_SA_BIND, &m, sizeof m));
}

static const struct esp_sa gcm_udp = { .suite = { ESP_AES_GCM, ESP_AUTH_NONE, 16, 16 }, .udp = 1 };

static void install(struct pair *p, const struct esp_sa *like)
{
	sa_add(p->a, false, SPI_AB, A_ADDR, B_ADDR, like);
	sa_add(p->a, true, SPI_BA, A_ADDR, B_ADDR, like);
	sa_add(p->b, true, SPI_AB, B_ADDR, A_ADDR, like);
	sa_add(p->b, false, SPI_BA, B_ADDR, A_ADDR, like);
	bind_sas(p->a, SPI_BA, SPI_AB);
	bind_sas(p->b, SPI_AB, SPI_BA);
}

static int setup(void **state)
{
	struct pair *p = calloc(1, sizeof *p);

	assert_int_equal(fixture_setup((void **)&p->a), 0);
	assert_int_equal(fixture_setup((void **)&p->b), 0);
	p->fds[0] = memfd_create("a", 0);
	p->fds[1] = memfd_create("b", 0);
	router_make(p->a, p->fds[0], A_ADDR, B_ADDR);
	router_make(p->b, p->fds[1], B_ADDR, A_ADDR);
	fixture_forget(p->a);
	fixture_forget(p->b);
	*state = p;
	return 0;
}

static int setup_up(void **state)
{
	struct pair *p;

	setup(state);
	p = *state;
	install(p, &gcm_udp);
	fixture_forget(p->a);
	fixture_forget(p->b);
	return 0;
}

static int teardown(void **state)
{
	struct pair *p = *state;
	void *a = p->a, *b = p->b;

	fixture_teardown(&a);
	fixture_teardown(&b);
	close(p->fds[0]);
	close(p->fds[1]);
	free(p);
	return 0;
}

static size_t datagram(uint8_t *out, uint8_t tos, size_t payload)
{
	static uint8_t bytes[2000];

	return ipv4_make(out, "172.16.1.1", "172.16.0.1", 17, tos, true, bytes, payload);
}

static void a_sends(struct pair *p, const uint8_t *inner, size_t length)
{
	transmit(p->a, TUNNEL, mac_b, ETHERTYPE_IPV4, inner, length);
}

static void a_sends_one(struct pair *p)
{
	uint8_t inner[128];

	a_sends(p, inner, datagram(inner, 0, 20));
}

static struct esp_arrival from_a(const struct kept_esp *k, uint8_t tos)
{
	return (struct esp_arrival){ .from = addr(A_ADDR), .to = addr(B_ADDR), .from_port = k->path.udp ? REMOTE_PORT : 0,
				     .tos = tos, .udp = k->path.udp };
}

/* Gives B what A sent as its `index`th, as it is or as `change` has made it. */
static void give(struct fixture *f, const struct esp_arrival *a, const uint8_t *bytes, size_t length)
{
	uint8_t *at = sealed + FRAME_HEADROOM;

	memmove(at, bytes, length);
	esp_rx_datagram(f->w, a, 2, at, length);
}

static void to_b(struct pair *p, size_t index, uint8_t tos)
{
	const struct kept_esp *k = &p->a->esps[index];
	const struct esp_arrival a = from_a(k, tos);

	if (k->path.udp) {
		give(p->b, &a, k->bytes, k->length);
	} else {
		memcpy(sealed + FRAME_HEADROOM, k->bytes, k->length);
		esp_rx_packet(p->b->w, &a, sealed + FRAME_HEADROOM, k->length);
	}
}

static void a_to_b(void **state)
{
	static const uint8_t header[14] = { 6, 1, 2, 3, 4, 5, 2, 0, 0, 0, 0, PEER, 8, 0 };
	struct pair *p = *state;
	const struct kept_esp *k = &p->a->esps[0];
	const struct ipaddr far = addr(B_ADDR), near = addr(A_ADDR);
	uint8_t inner[128];
	const size_t length = datagram(inner, 0xb9, 20);

	a_sends(p, inner, length);
	assert_int_equal(p->a->esp_count, 1);
	assert_int_equal(p->a->packet_count, 0); /* nothing in clear */
	assert_int_equal(k->length, esp_sealed_octets(&gcm_udp.suite, 8 + length));
	assert_true(k->path.udp && ipaddr_eq(&k->path.remote, &far) && ipaddr_eq(&k->path.local, &near));
	assert_int_equal(k->path.remote_port, REMOTE_PORT);
	assert_int_equal(k->path.tos, 0xb9);
	assert_int_equal(k->path.ttl, 200);
	assert_true(k->path.df);
	assert_int_equal(k->path.session, SESSION);
	assert_int_equal(esp_packet_spi(k->bytes, k->length), SPI_AB);
	to_b(p, 0, 0xb9);
	assert_int_equal(p->b->frame_count, 1);
	assert_int_equal(p->b->frames[0].tunnel, TUNNEL);
	assert_int_equal(p->b->frames[0].length, 14 + length);
	assert_memory_equal(p->b->frames[0].bytes, header, 14);
	assert_memory_equal(p->b->frames[0].bytes + 14, inner, length);
	assert_int_equal(dropped(p->a) + dropped(p->b), 0);
}

static const struct esp_sa variants[] = {
	{ .suite = { ESP_AES_GCM, ESP_AUTH_NONE, 32, 16 }, .udp = 1, .esn = 1 },
	{ .suite = { ESP_AES_CBC, ESP_HMAC_SHA256, 32, 16 }, .udp = 1 },
	{ .suite = { ESP_AES_GCM, ESP_AUTH_NONE, 16, 16 } },
	{ .suite = { ESP_3DES_CBC, ESP_HMAC_SHA1, 24, 12 } },
	{ .suite = { ESP_AES_GCM, ESP_AUTH_NONE, 16, 16 }, .udp = 1, .mode = ESP_TUNNEL },
	{ .suite = { ESP_AES_CBC, ESP_HMAC_SHA1, 16, 12 }, .mode = ESP_TUNNEL },
};

static void every_way(void **state)
{
	for (size_t i = 0; i < sizeof variants / sizeof *variants; i++) {
		struct pair *p;
		uint8_t inner[2000];
		size_t length;

		setup(state);
		p = *state;
		install(p, &variants[i]);
		for (size_t n = 0; n < 1300; n += 321) {
			fixture_forget(p->a);
			fixture_forget(p->b);
			length = datagram(inner, 0x28, n);
			a_sends(p, inner, length);
			assert_int_equal(p->a->esp_count, 1);
			assert_int_equal(p->a->esps[0].path.udp, variants[i].udp);
			to_b(p, 0, 0);
			assert_int_equal(p->b->frame_count, 1);
			assert_memory_equal(p->b->frames[0].bytes + 14, inner, length);
		}
		assert_int_equal(dropped(p->a) + dropped(p->b), 0);
		teardown(state);
	}
}

static void nothing_goes_without_an_sa(void **state)
{
	struct pair *p = *state;
	struct forward_nhrp nhrp = { .tunnel = TUNNEL, .length = 8, .endpoint = nbma(B_ADDR) };

	a_sends_one(p);
	assert_true(fwd_control_message(p->a->w, FORWARD_NHRP_SEND, &nhrp, sizeof nhrp));
	assert_int_equal(p->a->packet_count + p->a->esp_count, 0);
	assert_int_equal(p->a->w->drops[FORWARD_DROP_NO_SA], 2);
	assert_int_equal(tunnel(p->a, TUNNEL)->counters.tx_packets + tunnel(p->a, TUNNEL)->counters.tx_nhrp, 0);
}

static void multicast_goes_only_to_sessions(void **state)
{
	static const uint8_t group[6] = { 1, 0, 0x5e, 0, 0, 5 };
	struct pair *p = *state;
	const struct forward_peer up = { .tunnel = TUNNEL, .peer = PEER, .nbma = nbma(B_ADDR) };
	const struct forward_peer down = { .tunnel = TUNNEL, .peer = 0x56, .nbma = nbma("192.0.2.12") };
	uint8_t inner[64];

	peer_add(p->a, TUNNEL, 0x56, "192.0.2.12");
	assert_true(fwd_control_message(p->a->w, FORWARD_MULTICAST_SET, &up, sizeof up));
	assert_true(fwd_control_message(p->a->w, FORWARD_MULTICAST_SET, &down, sizeof down));
	transmit(p->a, TUNNEL, group, ETHERTYPE_IPV4, inner, ipv4_make(inner, "10.5.0.1", "224.0.0.5", 89, 0xc0, false, "x", 1));
	assert_int_equal(p->a->esp_count, 1);
	assert_int_equal(p->a->packet_count, 0);
	assert_int_equal(p->a->w->drops[FORWARD_DROP_NO_SA], 1);
}

/* A peer whose session is not up yet: through the relay that can send, protected. */
static void relay_until_it_is_up(void **state)
{
	struct pair *p = *state;
	const uint64_t relays[] = { 0x57, PEER }; /* the first lives, but has no SA */
	static const uint8_t mac_c[6] = { 2, 0, 0, 0, 0, 0x56 };
	const struct ipaddr hub = addr(B_ADDR);
	uint8_t inner[64];

	peer_add(p->a, TUNNEL, 0x56, "192.0.2.12");
	peer_add(p->a, TUNNEL, 0x57, "192.0.2.13");
	relays_are(p->a, TUNNEL, 2, relays);
	transmit(p->a, TUNNEL, mac_c, ETHERTYPE_IPV4, inner, datagram(inner, 0, 9));
	assert_int_equal(p->a->esp_count, 1);
	assert_true(ipaddr_eq(&p->a->esps[0].path.remote, &hub));
	assert_int_equal(tunnel(p->a, TUNNEL)->counters.relay_fallback, 1);
	assert_int_equal(dropped(p->a), 0);
}

static void nhrp_carries_its_session(void **state)
{
	struct pair *p = *state;
	struct forward_nhrp m = { .tunnel = TUNNEL, .length = 40, .endpoint = nbma(B_ADDR), .bytes = "nhrp" };
	const struct forward_nhrp *got = (const void *)p->b->messages[p->b->message_count].bytes;

	assert_true(fwd_control_message(p->a->w, FORWARD_NHRP_SEND, &m, sizeof m));
	assert_int_equal(p->a->esps[0].path.tos, 0xc0);
	assert_int_equal(p->a->esps[0].path.ttl, 255);
	assert_false(p->a->esps[0].path.df);
	to_b(p, 0, 0);
	for (size_t i = 0; i < p->b->message_count; i++)
		if (p->b->messages[i].type == FORWARD_NHRP_RECEIVED)
			got = (const void *)p->b->messages[i].bytes;
	assert_int_equal(got->tunnel, TUNNEL);
	assert_int_equal(got->length, 40);
	assert_int_equal(got->session, SESSION);
	m.endpoint = nbma(A_ADDR);
	assert_true(endpoint_eq(&got->endpoint, &m.endpoint));
}

static void clear_packets_are_refused(void **state)
{
	static const uint8_t gre[8] = { 0x20, 0, 0x08, 0, 0, 0, KEY >> 8, KEY & 0xff };
	struct pair *p = *state;
	uint8_t inner[128], *at = sealed + FRAME_HEADROOM;
	const size_t length = datagram(inner, 0, 20);
	const struct ipaddr from = addr(A_ADDR);
	const struct raw *esp = raw_find(&p->b->tables.tunnels, ESP_RAW);

	receive(p->b, A_ADDR, 0, gre, sizeof gre, inner, length); /* to the socket for clear GRE */
	assert_int_equal(p->b->w->drops[FORWARD_DROP_NO_TUNNEL], 1);
	memcpy(at, gre, sizeof gre);
	memcpy(at + sizeof gre, inner, length);
	gre_rx_packet(p->b->w, esp, &from, 0, at, sizeof gre + length); /* were it to come by ESP's */
	assert_int_equal(p->b->w->drops[FORWARD_DROP_PROTECTION], 1);
	assert_int_equal(p->b->frame_count, 0);
}

/* The key of an unprotected tunnel, and that of one with another profile. */
static void another_tunnels_key(void **state)
{
	struct pair *p = *state;
	struct forward_tunnel other = tunnel(p->b, TUNNEL)->conf;

	other.protection = PROTECTION + 1;
	assert_true(fwd_control_message(p->b->w, FORWARD_TUNNEL_SET, &other, sizeof other));
	a_sends_one(p);
	to_b(p, 0, 0);
	assert_int_equal(p->b->w->drops[FORWARD_DROP_PROTECTION], 1);
	other.protection = PROTECTION;
	other.key++;
	assert_true(fwd_control_message(p->b->w, FORWARD_TUNNEL_SET, &other, sizeof other));
	a_sends_one(p);
	to_b(p, 1, 0);
	assert_int_equal(p->b->w->drops[FORWARD_DROP_NO_TUNNEL], 1);
	assert_int_equal(p->b->frame_count, 0);
}

static void seal_for_b(struct pair *p, uint8_t next_header, uint8_t *plain, size_t length)
{
	struct protection *a = p->a->w->protection;
	const struct ipaddr far = addr(B_ADDR);
	struct esp_sa *sa = sa_table_outbound(a->table, SPI_AB, &far);
	const size_t octets = esp_sealed_octets(&sa->suite, length);
	struct kept_esp *k = &p->a->esps[0];

	assert_int_equal(esp_seal(sa, sa_table_key(a->table, sa), p->a->w->now, next_header, plain, length, k->bytes,
				  octets), ESP_OK);
	k->length = octets;
	k->path.udp = sa->udp;
}

static void hostile_packets(void **state)
{
	struct pair *p = *state;
	const struct kept_esp *k = &p->a->esps[0];
	struct esp_arrival a;
	uint8_t bytes[256], plain[256] = { 0 };

	a_sends_one(p);
	a = from_a(k, 0);
	memcpy(bytes, k->bytes, k->length);
	for (size_t cut = 1; cut < 8; cut++)
		give(p->b, &a, bytes, cut);
	assert_int_equal(p->b->w->drops[FORWARD_DROP_ESP_SHORT], 7);
	for (size_t cut = 8; cut < k->length; cut++)
		give(p->b, &a, bytes, cut);
	assert_int_equal(p->b->w->drops[FORWARD_DROP_ESP_SHORT] + p->b->w->drops[FORWARD_DROP_ESP_ICV], k->length - 1);
	bytes[0] ^= 1;
	give(p->b, &a, bytes, k->length);
	assert_int_equal(p->b->w->drops[FORWARD_DROP_ESP_SPI], 1);
	bytes[0] ^= 1;
	a.udp = false; /* the SA is for UDP */
	memcpy(sealed + FRAME_HEADROOM, bytes, k->length);
	esp_rx_packet(p->b->w, &a, sealed + FRAME_HEADROOM, k->length);
	assert_int_equal(p->b->w->drops[FORWARD_DROP_ESP_SPI], 2);
	a.udp = true;
	assert_int_equal(p->b->frame_count, 0);
	give(p->b, &a, bytes, k->length);
	assert_int_equal(p->b->frame_count, 1); /* none of that has hurt */
	give(p->b, &a, bytes, k->length);
	assert_int_equal(p->b->w->drops[FORWARD_DROP_ESP_REPLAY], 1);
	seal_for_b(p, 59, plain, 40); /* a dummy packet is no error */
	to_b(p, 0, 0);
	seal_for_b(p, 6, plain, 40);
	to_b(p, 0, 0);
	assert_int_equal(p->b->w->drops[FORWARD_DROP_ESP_PADDING], 1);
	seal_for_b(p, 47, plain, 3);
	to_b(p, 0, 0);
	assert_int_equal(p->b->w->drops[FORWARD_DROP_GRE_SHORT], 1);
	assert_int_equal(p->b->frame_count, 1);
}

static void tunnel_mode_ends(void **state)
{
	static const struct esp_sa like = { .suite = { ESP_AES_GCM, ESP_AUTH_NONE, 16, 16 }, .udp = 1, .mode = ESP_TUNNEL };
	struct pair *p;
	uint8_t packet[256], gre[40 + ESP_TRAILER_ROOM] = { 0 };
	size_t length;

	setup(state);
	p = *state;
	install(p, &like);
	length = ipv4_make(packet, "203.0.113.9", B_ADDR, 47, 0, false, gre, 40); /* not the peer */
	seal_for_b(p, 4, packet, length);
	to_b(p, 0, 0);
	length = ipv4_make(packet, A_ADDR, "10.0.0.1", 47, 0, false, gre, 40); /* not us */
	seal_for_b(p, 4, packet, length);
	to_b(p, 0, 0);
	length = ipv4_make(packet, A_ADDR, B_ADDR, 17, 0, false, gre, 40); /* not GRE */
	seal_for_b(p, 4, packet, length);
	to_b(p, 0, 0);
	length = ipv4_make(packet, A_ADDR, B_ADDR, 47, 0, false, gre, 40); /* IPv4 said to be IPv6 */
	seal_for_b(p, 41, packet, length);
	to_b(p, 0, 0);
	seal_for_b(p, 47, gre, 40); /* transport mode */
	to_b(p, 0, 0);
	assert_int_equal(p->b->w->drops[FORWARD_DROP_PROTECTION], 5);
	assert_int_equal(p->b->frame_count, 0);
	teardown(state);
}

/* RFC 6040: a mark on the outer header of ESP reaches the inner packet. */
static void congestion(void **state)
{
	struct pair *p = *state;
	uint8_t inner[128];

	a_sends(p, inner, datagram(inner, 0x02, 20));
	assert_int_equal(p->a->esps[0].path.tos, 0x02);
	to_b(p, 0, 0x03);
	assert_int_equal(p->b->frames[0].bytes[14 + 1] & 3, 3);
	a_sends_one(p);
	to_b(p, 1, 0x03);
	assert_int_equal(p->b->w->drops[FORWARD_DROP_ECN], 1);
}

static void held_until_bound(void **state)
{
	struct pair *p = *state;

	sa_add(p->a, false, SPI_AB, A_ADDR, B_ADDR, &gcm_udp);
	bind_sas(p->a, 0, SPI_AB);
	sa_add(p->b, true, SPI_AB, B_ADDR, A_ADDR, &gcm_udp);
	for (int i = 0; i < 3; i++)
		a_sends_one(p);
	for (size_t i = 0; i < 3; i++)
		to_b(p, i, 0);
	assert_int_equal(p->b->frame_count, 0);
	assert_int_equal(dropped(p->b), 0);
	bind_sas(p->b, SPI_AB, 0);
	assert_int_equal(p->b->frame_count, 3);
	assert_int_equal(p->b->w->protection->hold.packets, 0);
}

static void held_until_keyed(void **state)
{
	struct pair *p = *state;
	struct protection *b = p->b->w->protection;
	struct esp_sa *larval = sa_table_take(b->table);

	larval->spi = SPI_AB;
	larval->inbound = 1;
	larval->local = addr(B_ADDR);
	larval->remote = addr(A_ADDR);
	assert_int_equal(sa_table_publish(b->table, larval), 0);
	sa_add(p->a, false, SPI_AB, A_ADDR, B_ADDR, &gcm_udp);
	bind_sas(p->a, 0, SPI_AB);
	bind_sas(p->b, SPI_AB, 0);
	a_sends_one(p);
	to_b(p, 0, 0);
	assert_int_equal(p->b->frame_count, 0);
	sa_table_remove(b->table, larval);
	sa_add(p->b, true, SPI_AB, B_ADDR, A_ADDR, &gcm_udp);
	protect_replay(p->b->w);
	assert_int_equal(p->b->frame_count, 1);
}

static void held_within_bounds(void **state)
{
	struct pair *p = *state;

	sa_add(p->a, false, SPI_AB, A_ADDR, B_ADDR, &gcm_udp);
	bind_sas(p->a, 0, SPI_AB);
	sa_add(p->b, true, SPI_AB, B_ADDR, A_ADDR, &gcm_udp);
	for (size_t i = 0; i < HOLD_PER_SPI + 5; i++) {
		fixture_forget(p->a);
		a_sends_one(p);
		to_b(p, 0, 0);
	}
	assert_int_equal(p->b->w->drops[FORWARD_DROP_ESP_UNBOUND], 5);
	p->b->w->now = instant_add(p->b->w->now, span_ms(HOLD_MS));
	assert_false(instant_before(p->b->w->now, protect_deadline(p->b->w->protection)));
	protect_tick(p->b->w);
	assert_int_equal(p->b->w->drops[FORWARD_DROP_ESP_UNBOUND], HOLD_PER_SPI + 5);
	assert_int_equal(p->b->w->protection->hold.octets, 0);
}

static struct sa_session *session_of(struct fixture *f)
{
	return sa_session_find(&f->w->protection->sessions, SESSION);
}

/* B hears A from elsewhere: follows what is new and authentic, and nothing else. */
static void follows_its_nat(void **state)
{
	struct pair *p = *state;
	const struct ipaddr there = addr("203.0.113.50");
	struct esp_arrival a;
	uint8_t bytes[256], inner[64];
	size_t length;

	a_sends_one(p);
	a_sends_one(p);
	a = from_a(&p->a->esps[0], 0);
	a.from = there;
	a.from_port = 1024;
	length = p->a->esps[1].length;
	memcpy(bytes, p->a->esps[1].bytes, length);
	bytes[length - 1] ^= 1; /* forged */
	give(p->b, &a, bytes, length);
	assert_int_equal(session_of(p->b)->path->to_port, REMOTE_PORT);
	to_b(p, 1, 0);
	give(p->b, &a, p->a->esps[0].bytes, p->a->esps[0].length); /* authentic, late */
	assert_int_equal(p->b->frame_count, 2);
	assert_int_equal(session_of(p->b)->path->to_port, REMOTE_PORT);
	a_sends_one(p);
	give(p->b, &a, p->a->esps[2].bytes, p->a->esps[2].length);
	assert_int_equal(session_of(p->b)->path->to_port, 1024);
	assert_true(ipaddr_eq(&session_of(p->b)->path->to, &there));
	transmit(p->b, TUNNEL, mac_b, ETHERTYPE_IPV4, inner, datagram(inner, 0, 4));
	assert_true(ipaddr_eq(&p->b->esps[0].path.remote, &there));
	assert_int_equal(p->b->esps[0].path.remote_port, 1024);
	assert_int_equal(p->b->messages[p->b->message_count - 1].type, FORWARD_SA_STATE);
}

static void path_mtu(void **state)
{
	struct pair *p = *state;
	const uint32_t mtu = 1200;
	uint8_t inner[1600];
	size_t fits;

	esp_tx_learn(p->a->w, SESSION, mtu);
	fits = esp_plain_max(&gcm_udp.suite, mtu - 28) - 8;
	a_sends(p, inner, datagram(inner, 0, fits - 20));
	assert_int_equal(p->a->esp_count, 1);
	assert_true(p->a->esps[0].length + 28 <= mtu && p->a->esps[0].length + 28 > mtu - 4);
	a_sends(p, inner, datagram(inner, 0, fits - 20 + 1));
	assert_int_equal(p->a->esp_count, 1);
	assert_int_equal(p->a->w->drops[FORWARD_DROP_TOO_BIG], 1);
	assert_int_equal(p->a->frame_count, 1); /* ICMP: fragmentation needed */
	assert_int_equal(p->a->frames[0].bytes[14 + 20], 3);
	assert_int_equal(get_u16(p->a->frames[0].bytes + 14 + 26), fits);
}

static void ike_is_handed_on(void **state)
{
	static const uint8_t ike[12] = { 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8 }, keepalive[1] = { 0xff };
	struct pair *p = *state;
	const struct ipaddr to = addr(B_ADDR), from = addr("203.0.113.9");
	const struct esp_arrival a = { .from = from, .to = to, .from_port = 61000, .udp = true };

	give(p->b, &a, keepalive, 1);
	assert_int_equal(dropped(p->b), 0);
	give(p->b, &a, ike, sizeof ike);
	assert_int_equal(p->b->ike_count, 1);
	assert_true(ipaddr_eq(&p->b->ike_to, &to));
	assert_int_equal(p->b->ike_length, 20 + 8 + sizeof ike);
	assert_memory_equal(p->b->ike + 12, from.bytes, 4);
	assert_memory_equal(p->b->ike + 16, to.bytes, 4);
	assert_int_equal(get_u16(p->b->ike + 20), 61000);
	assert_int_equal(get_u16(p->b->ike + 22), 4500);
	assert_int_equal(transport_sum(p->b->ike, p->b->ike_length), 0);
	assert_memory_equal(p->b->ike + 28, ike, sizeof ike);
	memcpy(sealed + FRAME_HEADROOM, ike, sizeof ike);
	esp_rx_datagram(p->b->w, &a, 1, sealed + FRAME_HEADROOM, sizeof ike); /* over loopback: never again */
	assert_int_equal(p->b->ike_count, 1);
	p->b->no_charon = true;
	give(p->b, &a, ike, sizeof ike);
	assert_int_equal(p->b->w->drops[FORWARD_DROP_IKE_NOT_HANDED], 2);
}

/* B has restarted without its memory: it says so, once a second, and A's control process hears of it. */
static void forgotten_by_the_peer(void **state)
{
	const struct ipaddr a = addr(A_ADDR), b = addr(B_ADDR);
	const struct esp_arrival back = { .from = b, .to = a, .from_port = 4500, .udp = true };
	const struct forward_session_state *doubt;
	struct pair *p = *state;
	struct kept_esp hint;

	xfrm_server_orphan_all(p->b->w->protection->xfrm, protect_clock(p->b->w->protection));
	sa_session_remove(&p->b->w->protection->sessions, session_of(p->b));
	a_sends_one(p);
	to_b(p, 0, 0);
	to_b(p, 0, 0);
	assert_int_equal(p->b->w->drops[FORWARD_DROP_ESP_SPI], 2);
	assert_int_equal(p->b->esp_count, 1); /* told once */
	hint = p->b->esps[0];
	assert_int_equal(hint.length, INVALID_SPI_OCTETS);
	assert_true(ipaddr_eq(&hint.path.remote, &a) && ipaddr_eq(&hint.path.local, &b) && hint.path.udp);
	assert_int_equal(hint.path.remote_port, REMOTE_PORT);
	p->b->w->now = instant_add(p->b->w->now, span_s(1));
	to_b(p, 0, 0);
	assert_int_equal(p->b->esp_count, 2);

	fixture_forget(p->a);
	give(p->a, &back, hint.bytes, hint.length);
	give(p->a, &back, hint.bytes, hint.length);
	assert_int_equal(p->a->message_count, 1);
	assert_int_equal(p->a->messages[0].type, FORWARD_SESSION_DOUBT);
	doubt = (const void *)p->a->messages[0].bytes;
	assert_int_equal(doubt->session, SESSION);
	assert_int_equal(p->a->ike_count, 0);
	assert_true(sa_session_can_send(session_of(p->a))); /* it is but a hint */

	p->a->w->now = instant_add(p->a->w->now, span_s(1));
	hint.bytes[INVALID_SPI_OCTETS - 1] ^= 1; /* of another SPI than ours */
	give(p->a, &back, hint.bytes, hint.length);
	assert_int_equal(p->a->message_count, 1);
	hint.bytes[4 + 18] = 35; /* not INFORMATIONAL: that is charon's */
	give(p->a, &back, hint.bytes, hint.length);
	assert_int_equal(p->a->ike_count, 1);
}

static void no_way_out(void **state)
{
	struct pair *p = *state;

	p->a->no_way_out = true;
	a_sends_one(p);
	assert_int_equal(p->a->w->drops[FORWARD_DROP_SEND_ERROR], 1);
	p->a->no_way_out = false;
	session_of(p->a)->out->hard.packets = session_of(p->a)->out->packets;
	a_sends_one(p);
	assert_int_equal(p->a->esp_count, 0);
	assert_int_equal(p->a->w->drops[FORWARD_DROP_ESP_EXPIRED], 1);
	a_sends_one(p);
	assert_int_equal(p->a->w->drops[FORWARD_DROP_NO_SA], 1);
}

static void told_to_control(void **state)
{
	struct pair *p = *state;
	const struct forward_session *held;
	const struct forward_sa_state *sas;

	a_sends_one(p);
	fixture_forget(p->a);
	fwd_control_greet(p->a->w);
	assert_int_equal(p->a->messages[p->a->message_count - 3].type, FORWARD_SESSION_HELD);
	held = (const void *)p->a->messages[p->a->message_count - 3].bytes;
	assert_int_equal(held->session, SESSION);
	assert_int_equal(p->a->messages[p->a->message_count - 2].type, FORWARD_SA_HELD);
	assert_int_equal(p->a->messages[p->a->message_count - 2].length, 2 * sizeof *sas);
	assert_int_equal(p->a->messages[p->a->message_count - 1].type, FORWARD_HELD_END);
	fixture_forget(p->a);
	assert_true(fwd_control_message(p->a->w, FORWARD_COUNTERS_GET, NULL, 0));
	sas = (const void *)p->a->messages[p->a->message_count - 2].bytes;
	assert_int_equal(p->a->messages[p->a->message_count - 2].type, FORWARD_SA_STATE);
	sas += sas[0].inbound;
	assert_int_equal(sas->spi, SPI_AB);
	assert_true(sas->sending && !sas->inbound && sas->udp);
	assert_int_equal(sas->phase, FORWARD_SA_LIVE);
	assert_int_equal(sas->packets, 1);
	assert_int_equal(sas->key_bits, 128);
	assert_string_equal(sas->suite, "AES-GCM-16-128");
}

static void swept_with_its_sas(void **state)
{
	struct pair *p = *state;
	const struct forward_session session = session_of(p->a)->conf;
	const struct forward_tunnel t = tunnel(p->a, TUNNEL)->conf;

	assert_true(fwd_control_message(p->a->w, FORWARD_SYNC_BEGIN, NULL, 0));
	assert_true(fwd_control_message(p->a->w, FORWARD_SESSION_SET, &session, sizeof session));
	assert_true(fwd_control_message(p->a->w, FORWARD_TUNNEL_SET, &t, sizeof t));
	peer_add(p->a, TUNNEL, PEER, B_ADDR);
	assert_true(fwd_control_message(p->a->w, FORWARD_SYNC_END, NULL, 0));
	a_sends_one(p);
	assert_int_equal(p->a->esp_count, 1);
	assert_true(fwd_control_message(p->a->w, FORWARD_SYNC_BEGIN, NULL, 0));
	assert_true(fwd_control_message(p->a->w, FORWARD_TUNNEL_SET, &t, sizeof t));
	peer_add(p->a, TUNNEL, PEER, B_ADDR);
	a_sends_one(p);
	assert_int_equal(p->a->esp_count, 2);
	assert_true(fwd_control_message(p->a->w, FORWARD_SYNC_END, NULL, 0));
	a_sends_one(p);
	assert_int_equal(p->a->esp_count, 2);
	assert_int_equal(sa_table_count(p->a->w->protection->table), 0);
	assert_int_equal(p->a->w->drops[FORWARD_DROP_NO_SA], 1);
}

/* The forwarder dies: the next one has table, session, sender, and goes on counting. */
static void killed_and_resumed(void **state)
{
	struct pair *p = *state;
	const uint32_t before = SPI_AB;
	void *old = p->a, *new = NULL;
	const struct forward_tunnel t = tunnel(p->a, TUNNEL)->conf;
	const struct endpoint here = nbma(A_ADDR);
	char reason[SA_TABLE_REASON_MAX];

	a_sends_one(p);
	to_b(p, 0, 0);
	fixture_teardown(&old);
	fixture_setup(&new);
	p->a = new;
	assert_int_equal(protect_memory(p->a->w->protection, p->fds[0], 2, reason), 0);
	assert_non_null(session_of(p->a));
	assert_int_equal(session_of(p->a)->out->spi, before); /* before control says anything */
	assert_non_null(raw_add(&p->a->tables.tunnels, ESP_RAW, &here, IPPROTO_ESP, -1, -1));
	assert_non_null(tap_add(&p->a->tables.tunnels, TUNNEL, -1, own_mac));
	assert_true(fwd_control_message(p->a->w, FORWARD_TUNNEL_SET, &t, sizeof t));
	peer_add(p->a, TUNNEL, PEER, B_ADDR);
	a_sends_one(p);
	assert_true(session_of(p->a)->out->sequence > SA_TABLE_MARGIN);
	to_b(p, 0, 0);
	assert_int_equal(p->b->frame_count, 2);
	assert_int_equal(dropped(p->b), 0);
}

static uint8_t sender_at_b(struct pair *p)
{
	fixture_forget(p->a);
	fixture_forget(p->b);
	a_sends_one(p);
	to_b(p, 0, 0);
	assert_int_equal(p->b->frame_count, 1);
	return p->b->frames[0].bytes[11];
}

/* Who is at the session's end changes while it stays. */
static void peer_comes_and_goes(void **state)
{
	const struct forward_peer gone = { .tunnel = TUNNEL, .peer = PEER + 1 };
	struct pair *p = *state;

	assert_int_equal(sender_at_b(p), PEER);
	peer_add(p->b, TUNNEL, PEER + 1, A_ADDR); /* of two for one endpoint the later one */
	assert_int_equal(sender_at_b(p), PEER + 1);
	assert_true(fwd_control_message(p->b->w, FORWARD_PEER_DEL, &gone, sizeof gone));
	assert_int_equal(sender_at_b(p), PEER);
	peer_add(p->b, TUNNEL, PEER, "192.0.2.77");
	assert_int_equal(sender_at_b(p), 0); /* nobody's */
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup_up, teardown)
#define BARE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_to_b), cmocka_unit_test(every_way), BARE(nothing_goes_without_an_sa), T(multicast_goes_only_to_sessions),
		T(relay_until_it_is_up), T(nhrp_carries_its_session), T(clear_packets_are_refused), T(another_tunnels_key),
		T(hostile_packets), cmocka_unit_test(tunnel_mode_ends), T(congestion), BARE(held_until_bound),
		BARE(held_until_keyed), BARE(held_within_bounds), T(follows_its_nat), T(path_mtu), T(ike_is_handed_on),
		T(no_way_out), T(told_to_control), T(swept_with_its_sas), T(killed_and_resumed),
		T(peer_comes_and_goes), T(forgotten_by_the_peer),
		T(peer_comes_and_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
