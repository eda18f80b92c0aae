/* Probes of paths: where they go, that their answers are taken out of the traffic, and the word that a peer is quiet. */
#include "fixture.h"

#include "forward/forward_msg.h"
#include "forward/gre_tx.h"
#include "forward/probe.h"
#include "wire/checksum.h"

static const uint8_t gre_key100[8] = { 0x20, 0, 0x08, 0x00, 0, 0, 0, 100 };

static bool say(struct fixture *f, uint16_t type, const void *payload, size_t length)
{
	return fwd_control_message(f->w, type, payload, length);
}

static struct forward_probe probe_to(const char *endpoint, const char *overlay)
{
	struct forward_probe m = { .tunnel = 0, .sequence = 99, .addr = addr(overlay) };

	m.nbma = nbma(endpoint);
	return m;
}

static void goes_straight(void **state)
{
	struct fixture *f = *state;
	/* no peer, and a relay lives: all the same it goes there and nowhere else */
	const struct forward_probe m = probe_to("203.0.113.50", "10.0.0.50");
	const struct ipaddr to = addr("203.0.113.50");
	struct ip_view ip;

	relays_are(f, 0, 1, (const uint64_t[]){ 0x11 });
	assert_true(say(f, FORWARD_PROBE_SEND, &m, sizeof m));
	assert_int_equal(f->packet_count, 1);
	assert_true(ipaddr_eq(&f->packets[0].p.to, &to));
	assert_int_equal(f->packets[0].p.tos, 0xc0);
	assert_int_equal(f->packets[0].p.ttl, 255);
	assert_memory_equal(f->packets[0].bytes, gre_key100, 8);
	assert_int_equal(ip_decode(f->packets[0].bytes + 8, f->packets[0].length - 8, &ip), IP_DROP_NONE);
	assert_true(ipaddr_eq(&ip.dst, &m.addr));
	assert_true(tunnel_owns(tunnel(f, 0), &ip.src));
	assert_int_equal(tunnel(f, 0)->counters.tx_packets, 0);
}

/* A hub probes very many: the probes of one turn leave together, with its end. */
static void waits_for_the_end_of_the_turn(void **state)
{
	struct fixture *f = *state;
	const struct forward_probe one = probe_to("192.0.2.11", "10.0.0.11"), two = probe_to("192.0.2.12", "10.0.0.12");

	assert_true(say(f, FORWARD_PROBE_SEND, &one, sizeof one));
	assert_true(say(f, FORWARD_PROBE_SEND, &two, sizeof two));
	assert_int_equal(f->packet_count, 2);
	assert_int_equal(f->flush_count, 0);
	gre_tx_nhrp_flush(f->w); /* as after what the control process has said */
	assert_int_equal(f->flush_count, 1);
}

/* A shortcut leads into another tunnel: by our own key the far end would drop it, and the path would look dead. */
static void goes_by_the_peers_key(void **state)
{
	static const uint8_t gre_key102[8] = { 0x20, 0, 0x08, 0x00, 0, 0, 0, 102 };
	struct fixture *f = *state;
	struct forward_peer peer = { .tunnel = 0, .peer = 0x12, .nbma = nbma("192.0.2.12"),
				     .key = { .given = 1, .present = 1, .key = 102 } };
	const struct forward_probe m = probe_to("192.0.2.12", "10.102.0.12");

	assert_true(say(f, FORWARD_PEER_SET, &peer, sizeof peer));
	assert_true(say(f, FORWARD_PROBE_SEND, &m, sizeof m));
	assert_int_equal(f->packet_count, 1);
	assert_memory_equal(f->packets[0].bytes, gre_key102, 8);
}

/* Who is in another tunnel is no neighbour of the kernel's: what he asks is answered here, and goes where it came from. */
static void a_guest_is_answered(void **state)
{
	struct fixture *f = *state;
	const struct forward_probe m = probe_to("192.0.2.12", "10.0.0.12");
	const struct ipaddr to = addr("192.0.2.12"), guest = addr("10.102.0.12");
	uint8_t asked[128], *const source = asked + 12;
	struct ip_view ip;
	uint16_t sum;
	size_t length;

	assert_true(say(f, FORWARD_PROBE_SEND, &m, sizeof m));
	length = probe_answer_of(f, asked);
	asked[20] = 8;
	receive(f, "192.0.2.12", 0, gre_key100, 8, asked, length); /* a neighbour: the kernel's business */
	assert_int_equal(f->frame_count, 1);
	memcpy(source, guest.bytes, 4);
	asked[10] = asked[11] = 0;
	sum = checksum(asked, 20);
	asked[10] = (uint8_t)(sum >> 8);
	asked[11] = (uint8_t)sum;
	receive(f, "192.0.2.99", 0, gre_key100, 8, asked, length); /* a stranger */
	assert_int_equal(f->frame_count, 2);
	assert_int_equal(f->packet_count, 1);
	receive(f, "192.0.2.12", 0, gre_key100, 8, asked, length);
	assert_int_equal(f->frame_count, 2);
	assert_int_equal(f->packet_count, 2);
	assert_true(ipaddr_eq(&f->packets[1].p.to, &to));
	assert_int_equal(ip_decode(f->packets[1].bytes + 8, f->packets[1].length - 8, &ip), IP_DROP_NONE); /* its sum is right */
	assert_true(ipaddr_eq(&ip.dst, &guest));
	assert_true(tunnel_owns(tunnel(f, 0), &ip.src));
	assert_int_equal(ip.ttl, 255);
	assert_int_equal(f->packets[1].bytes[8 + 20], 0);
	assert_int_equal(checksum(f->packets[1].bytes + 8 + 20, length - 20), 0);
	asked[20] = 13; /* not an echo */
	receive(f, "192.0.2.12", 0, gre_key100, 8, asked, length);
	assert_int_equal(f->frame_count, 3);
	asked[20] = 8;
	asked[8]--; /* from somebody behind the peer */
	asked[10] = asked[11] = 0;
	sum = checksum(asked, 20);
	asked[10] = (uint8_t)(sum >> 8);
	asked[11] = (uint8_t)sum;
	receive(f, "192.0.2.12", 0, gre_key100, 8, asked, length);
	assert_int_equal(f->frame_count, 4);
	assert_int_equal(f->packet_count, 2);
}

static void answer_is_told_and_kept_from_the_tap(void **state)
{
	struct fixture *f = *state;
	const struct forward_probe m = probe_to("192.0.2.12", "10.0.0.12");
	const struct forward_probe *told = (const void *)f->messages[0].bytes;
	uint8_t inner[128];
	size_t length;

	f->w->now = (struct instant){ 5000000 };
	assert_true(say(f, FORWARD_PROBE_SEND, &m, sizeof m));
	f->w->now.us += 12345;
	length = probe_answer_of(f, inner);
	receive(f, "192.0.2.12", 0, gre_key100, 8, inner, length);
	assert_int_equal(f->frame_count, 0);
	assert_int_equal(f->message_count, 1);
	assert_int_equal(f->messages[0].type, FORWARD_PROBED);
	assert_int_equal(told->sequence, 99);
	assert_int_equal(told->rtt_us, 12345);
	assert_true(endpoint_eq(&told->nbma, &m.nbma));
	assert_true(ipaddr_eq(&told->addr, &m.addr));
	assert_int_equal(peer_find(&f->tables.peers, 0, 0x12)->received_at.us, 5012345);
}

/* Wrong in one octet, too short, from another address, to another, of another tunnel: traffic. */
static void what_is_no_answer_is_traffic(void **state)
{
	struct fixture *f = *state;
	const struct forward_probe m = probe_to("192.0.2.12", "10.0.0.12");
	uint8_t good[128], inner[128];
	size_t length, frames = 0;

	assert_true(say(f, FORWARD_PROBE_SEND, &m, sizeof m));
	length = probe_answer_of(f, good);
	for (size_t i = 12; i < length; i++) {
		if (i >= 22 && i < 28)
			continue;
		memcpy(inner, good, length);
		inner[i] ^= 0x40;
		inner[10] = inner[11] = 0;
		inner[10] = (uint8_t)(checksum(inner, 20) >> 8);
		inner[11] = (uint8_t)(checksum(inner, 20) + (inner[10] << 8));
		receive(f, "192.0.2.12", 0, gre_key100, 8, inner, length);
		assert_int_equal(f->frame_count, ++frames);
	}
	assert_int_equal(f->message_count, 0);
	receive(f, "192.0.2.12", 0, gre_key100, 8, good, length - 1);
	assert_int_equal(f->frame_count, frames);
	assert_int_equal(f->message_count, 0);
	receive(f, "192.0.2.12", 0, gre_key100, 8, good, length);
	assert_int_equal(f->message_count, 1);
}

static void what_cannot_be_sent_is_dropped(void **state)
{
	struct fixture *f = *state;
	struct forward_probe m = probe_to("192.0.2.12", "10.0.0.12");

	m.tunnel = 77;
	assert_true(say(f, FORWARD_PROBE_SEND, &m, sizeof m));
	m = probe_to("2001:db8::12", "10.0.0.12");
	assert_true(say(f, FORWARD_PROBE_SEND, &m, sizeof m));
	m = probe_to("192.0.2.12", "fe80::12"); /* no link-local address of our own */
	assert_true(say(f, FORWARD_PROBE_SEND, &m, sizeof m));
	assert_int_equal(f->packet_count, 0);
	assert_int_equal(dropped(f), 3);
	assert_false(say(f, FORWARD_PROBE_SEND, &m, sizeof m - 1));
}

static void a_quiet_peer_is_told(void **state)
{
	static const uint8_t mac_12[6] = { 2, 0, 0, 0, 0, 0x12 };
	struct fixture *f = *state;
	const struct forward_peer *told = (const void *)f->messages[0].bytes;
	uint8_t inner[64];
	const size_t length = ipv4_make(inner, "172.16.0.1", "172.16.1.1", 17, 0, false, "x", 1);
	uint8_t back[64];
	const size_t back_length = ipv4_make(back, "172.16.1.1", "172.16.0.1", 17, 0, false, "x", 1);

	f->w->now = (struct instant){ 5000000 };
	transmit(f, 0, mac_12, ETHERTYPE_IPV4, inner, length);
	transmit(f, 0, mac_12, ETHERTYPE_IPV4, inner, length);
	assert_int_equal(f->message_count, 1); /* once in 300 ms */
	assert_int_equal(f->messages[0].type, FORWARD_QUIET);
	assert_int_equal(told->peer, 0x12);
	f->w->now.us += 300000;
	transmit(f, 0, mac_12, ETHERTYPE_IPV4, inner, length);
	assert_int_equal(f->message_count, 2);
	receive(f, "192.0.2.12", 0, gre_key100, 8, back, back_length);
	for (int i = 0; i < 10; i++) { /* a conversation */
		f->w->now.us += 200000;
		transmit(f, 0, mac_12, ETHERTYPE_IPV4, inner, length);
		receive(f, "192.0.2.12", 0, gre_key100, 8, back, back_length);
	}
	assert_int_equal(f->message_count, 2);
	relays_are(f, 0, 1, (const uint64_t[]){ 0x12 });
	f->w->now.us += 1000000;
	transmit(f, 0, mac_12, ETHERTYPE_IPV4, inner, length);
	assert_int_equal(f->message_count, 2);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(goes_straight), T(waits_for_the_end_of_the_turn), T(goes_by_the_peers_key), T(a_guest_is_answered), T(answer_is_told_and_kept_from_the_tap), T(what_is_no_answer_is_traffic),
		T(what_cannot_be_sent_is_dropped), T(a_quiet_peer_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
