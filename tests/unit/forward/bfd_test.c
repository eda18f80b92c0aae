/* BFD sessions on tunnels: what leaves for whom, what is taken out of the tunnel's traffic, and SYNC. */
#include "fixture.h"

#include <sys/mman.h>
#include <unistd.h>

#include "bfd/bfd.h"
#include "forward/bfd_front.h"
#include "wire/gre.h"
#include "wire/udp.h"

static const uint8_t gre_key100[8] = { 0x20, 0, 0x08, 0x00, 0, 0, 0, 100 };

static struct forward_bfd session(void)
{
	return (struct forward_bfd){ .link = BFD_LINK_TUNNEL | 0, .local = addr("10.0.0.1"), .remote = addr("10.0.0.11"),
				     .nbma = nbma("192.0.2.11"), .desired_min_tx_us = 50000, .required_min_rx_us = 50000,
				     .multiplier = 3 };
}

static int setup(void **state)
{
	const int error = fixture_setup(state);
	struct fixture *f = error ? NULL : *state;

	return f ? bfd_front_start(f->w, 7) : -1;
}

static void set(struct fixture *f, const struct forward_bfd *m)
{
	assert_true(fwd_control_message(f->w, FORWARD_BFD_SET, m, sizeof *m));
	bfd_front_run(f->w);
}

/* The BFD packet of the n-th packet kept, whose outer and inner headers must be right. */
static struct bfd_packet sent(const struct fixture *f, size_t n)
{
	const struct kept_packet *k = &f->packets[n];
	const struct ipaddr to = addr("192.0.2.11"), local = addr("10.0.0.1"), remote = addr("10.0.0.11");
	struct gre_header gre;
	struct bfd_packet p;
	struct udp_view udp;
	struct ip_view ip;
	const uint8_t *inner;

	assert_true(ipaddr_eq(&k->p.to, &to));
	assert_int_equal(k->p.tos, 0xc0);
	assert_int_equal(gre_decode(k->bytes, k->length, &gre), GRE_DROP_NONE);
	assert_int_equal(gre.key, 100);
	inner = k->bytes + gre.header_len;
	assert_int_equal(ip_decode(inner, k->length - gre.header_len, &ip), IP_DROP_NONE);
	assert_true(ipaddr_eq(&ip.src, &local) && ipaddr_eq(&ip.dst, &remote));
	assert_int_equal(ip.ttl, 255);
	assert_int_equal(ip.dscp, 48);
	assert_true(udp_decode(inner, &ip, &udp));
	assert_int_equal(udp.destination, 3784);
	assert_true(udp.source >= 49152);
	assert_int_equal(bfd_packet_decode(udp.payload, udp.length, &p), BFD_PACKET_DROP_NONE);
	return p;
}

/* From the session's far end, by that way, with that TTL. */
static void hear(struct fixture *f, const struct bfd_packet *p, const char *from, uint8_t ttl)
{
	const struct udp_head head = { .from = addr("10.0.0.11"), .to = addr("10.0.0.1"), .source = 50000,
				       .destination = BFD_PORT, .ttl = ttl };
	uint8_t bytes[BFD_PACKET_OCTETS], inner[128];

	bfd_packet_encode(p, bytes);
	receive(f, from, 0, gre_key100, 8, inner, udp_encode(&head, bytes, sizeof bytes, inner));
}

static struct bfd_packet answer(const struct bfd_packet *to, enum bfd_state state)
{
	return (struct bfd_packet){ .state = (uint8_t)state, .multiplier = 3, .my_discriminator = 99,
				    .your_discriminator = state == BFD_DOWN ? 0 : to->my_discriminator,
				    .desired_min_tx_us = 50000, .required_min_rx_us = 50000 };
}

static const struct forward_bfd_state *told(const struct fixture *f)
{
	const struct kept_message *m = &f->messages[f->message_count - 1];

	assert_true(f->message_count > 0);
	assert_int_equal(m->type, FORWARD_BFD_STATE);
	return (const void *)m->bytes;
}

/* Nothing is late. */
static void pass_us(struct fixture *f, int64_t us)
{
	const struct instant end = instant_add(f->w->now, span_us(us));

	while (!instant_before(end, bfd_front_deadline(f->w))) {
		f->w->now = bfd_front_deadline(f->w);
		bfd_front_run(f->w);
	}
	f->w->now = end;
}

static void come_up(struct fixture *f)
{
	const struct forward_bfd s = session();
	struct bfd_packet p;

	set(f, &s);
	assert_int_equal(told(f)->state, BFD_DOWN);
	assert_int_equal(f->packet_count, 1);
	p = sent(f, 0);
	fixture_forget(f);
	p = answer(&p, BFD_INIT);
	hear(f, &p, "192.0.2.11", 255);
	assert_int_equal(told(f)->state, BFD_UP);
	assert_int_equal(sent(f, 0).state, BFD_UP);
	assert_int_equal(f->frame_count, 0);
	fixture_forget(f);
}

static void comes_up_and_is_lost(void **state)
{
	struct fixture *f = *state;

	come_up(f);
	pass_us(f, 101000);
	assert_int_equal(f->message_count, 1);
	assert_int_equal(f->messages[0].type, FORWARD_BFD_LATE);
	pass_us(f, 50000);
	assert_int_equal(told(f)->state, BFD_DOWN);
	assert_int_equal(told(f)->diag, BFD_DIAG_TIMEOUT);
	assert_int_equal(told(f)->failures, 1);
}

/* Dead relays, live relays: a session is about one peer. */
static void no_relay_carries_it(void **state)
{
	const uint64_t relay = 0x12;
	struct fixture *f = *state;
	const struct forward_bfd s = session();

	relays_are(f, 0, 1, &relay);
	set(f, &s);
	sent(f, 0); /* looks where it goes */
	assert_int_equal(tunnel(f, 0)->counters.relay_fallback, 0);
}

static void foreign_packets_are_refused(void **state)
{
	struct fixture *f = *state;
	struct bfd_packet p;

	come_up(f);
	p = answer(&(struct bfd_packet){ 0 }, BFD_DOWN);
	hear(f, &p, "192.0.2.11", 254); /* from further away */
	hear(f, &p, "192.0.2.12", 255); /* from another endpoint */
	assert_int_equal(f->w->drops[FORWARD_DROP_BFD], 2);
	assert_int_equal(f->frame_count + f->message_count, 0);
}

/* Another daemon's session between the same addresses, and whoever has none, find the kernel as before. */
static void others_are_left_alone(void **state)
{
	struct fixture *f = *state;
	struct bfd_packet p = answer(&(struct bfd_packet){ 0 }, BFD_DOWN);
	uint8_t inner[64];

	hear(f, &p, "192.0.2.11", 255);
	assert_int_equal(f->frame_count, 1);
	come_up(f);
	p.my_discriminator = 1234;
	hear(f, &p, "192.0.2.11", 255);
	assert_int_equal(f->frame_count, 1);
	receive(f, "192.0.2.11", 0, gre_key100, 8, inner, ipv4_make(inner, "10.0.0.11", "10.0.0.1", 17, 0, false, "abc", 3));
	assert_int_equal(f->frame_count, 2);
	assert_int_equal(f->message_count, 0);
}

static void sync_begin(struct fixture *f)
{
	const struct forward_tunnel same = tunnel(f, 0)->conf;

	assert_true(fwd_control_message(f->w, FORWARD_SYNC_BEGIN, NULL, 0));
	assert_true(fwd_control_message(f->w, FORWARD_TUNNEL_SET, &same, sizeof same));
}

/* Killed, and started again 30 ms later on the same memory. */
static void restart(struct fixture *f, int memory)
{
	bfd_front_stop(f->w);
	f->w->now.us += 30000;
	f->w->tables->generation = 0;
	assert_int_equal(bfd_front_start(f->w, 8), 0);
	assert_int_equal(bfd_front_restore(f->w, memory), 0);
	bfd_front_run(f->w);
	fixture_forget(f);
}

static void the_forwarder_is_killed(void **state)
{
	struct fixture *f = *state;
	const struct forward_bfd s = session();
	const int memory = memfd_create("bfd", MFD_CLOEXEC);
	struct bfd_packet before;

	assert_int_equal(bfd_front_restore(f->w, memory), 0);
	come_up(f);
	f->w->now.us += 50000;
	bfd_front_run(f->w);
	before = sent(f, 0);
	restart(f, memory);
	sync_begin(f);
	set(f, &s);
	assert_int_equal(told(f)->state, BFD_UP);
	fixture_forget(f);
	assert_true(fwd_control_message(f->w, FORWARD_SYNC_END, NULL, 0));
	assert_int_equal(sent(f, 0).state, BFD_UP); /* at once: its far end has waited */
	assert_int_equal(sent(f, 0).my_discriminator, before.my_discriminator);
	assert_int_equal(sent(f, 0).your_discriminator, before.your_discriminator);
	/* What nobody names any more ends there too. */
	restart(f, memory);
	sync_begin(f);
	assert_true(fwd_control_message(f->w, FORWARD_SYNC_END, NULL, 0));
	assert_int_equal(sent(f, 0).state, BFD_ADMIN_DOWN);
	close(memory);
}

static void the_control_process_comes_and_goes(void **state)
{
	struct fixture *f = *state;
	const struct forward_bfd s = session();

	come_up(f);
	sync_begin(f);
	set(f, &s);
	assert_int_equal(told(f)->state, BFD_UP); /* it hears how things stand */
	assert_true(fwd_control_message(f->w, FORWARD_SYNC_END, NULL, 0));
	assert_int_equal(bfd_count(f->w->bfd.bfd), 1);
	fixture_forget(f);
	sync_begin(f);
	assert_int_equal(f->packet_count, 0);
	assert_true(fwd_control_message(f->w, FORWARD_SYNC_END, NULL, 0)); /* not named: the far end is told */
	assert_int_equal(sent(f, 0).state, BFD_ADMIN_DOWN);
}

/* A state that the control process was too slow to take is told again. */
static void nothing_is_lost_on_a_slow_reader(void **state)
{
	struct fixture *f = *state;

	come_up(f);
	f->no_control = true;
	pass_us(f, 151000);
	assert_int_equal(f->message_count, 0);
	f->no_control = false;
	bfd_front_run(f->w);
	assert_int_equal(f->message_count, 2);
	assert_int_equal(f->messages[0].type, FORWARD_BFD_STATE);
	assert_int_equal(((const struct forward_bfd_state *)(const void *)f->messages[0].bytes)->state, BFD_DOWN);
	assert_int_equal(f->messages[1].type, FORWARD_BFD_END);
}

static void a_tunnel_takes_its_sessions_along(void **state)
{
	struct fixture *f = *state;
	const struct forward_tunnel gone = { .tunnel = 0 };

	come_up(f);
	assert_true(fwd_control_message(f->w, FORWARD_TUNNEL_DEL, &gone, sizeof gone));
	assert_int_equal(bfd_count(f->w->bfd.bfd), 0);
	f->w->now.us += 1000000;
	bfd_front_run(f->w);
	assert_int_equal(f->packet_count, 0);
}

static void unusable_messages(void **state)
{
	struct fixture *f = *state;
	struct forward_bfd s = session();

	s.multiplier = 0;
	assert_false(fwd_control_message(f->w, FORWARD_BFD_SET, &s, sizeof s));
	s = session();
	s.remote = addr("fd00::9");
	assert_false(fwd_control_message(f->w, FORWARD_BFD_SET, &s, sizeof s));
	s.remote = IPADDR_NONE;
	assert_false(fwd_control_message(f->w, FORWARD_BFD_DEL, &s, sizeof s));
	assert_false(fwd_control_message(f->w, FORWARD_BFD_SET, &s, sizeof s - 1));
	/* An endpoint of the other family: there is no way. */
	s = session();
	s.nbma = nbma("2001:db8::1");
	set(f, &s);
	assert_int_equal(f->packet_count, 0);
	assert_int_equal(f->w->drops[FORWARD_DROP_BFD_NO_WAY], 1);
}

/* An OSPF packet of that type to all routers. */
static void ospf(struct fixture *f, const char *from, uint8_t type)
{
	const uint8_t header[24] = { 2, type, 0, 24 };
	uint8_t inner[128];

	receive(f, from, 0xc0, gre_key100, 8, inner, ipv4_make(inner, "10.0.0.12", "224.0.0.5", 89, 0xc0, false, header, sizeof header));
}

/* What has become of one from the other server; true: it got through. */
static bool is_let_through(struct fixture *f, const char *from, uint8_t type)
{
	const uint64_t hushed = f->w->drops[FORWARD_DROP_HUSHED];
	const size_t frames = f->frame_count;

	ospf(f, from, type);
	assert_int_equal(f->frame_count - frames + f->w->drops[FORWARD_DROP_HUSHED] - hushed, 1);
	return f->frame_count > frames;
}

/* The backup must not be heard to have taken over before the death is known here, too. */
static void hellos_wait_for_the_verdict(void **state)
{
	enum { HELLO = 1, UPDATE = 4 };
	const uint64_t servers[] = { 0x11, 0x12 };
	struct fixture *f = *state;
	struct bfd_packet p;

	come_up(f);
	relays_are(f, 0, 2, servers);
	assert_true(is_let_through(f, "192.0.2.12", HELLO));
	f->w->now.us += 101000;
	bfd_front_run(f->w); /* late */
	assert_false(is_let_through(f, "192.0.2.12", HELLO));
	assert_true(is_let_through(f, "192.0.2.12", UPDATE));
	assert_true(is_let_through(f, "192.0.2.11", HELLO)); /* who says so himself is heard */
	f->w->now.us += 50000;
	bfd_front_run(f->w); /* Down */
	f->w->now.us += 90000;
	assert_false(is_let_through(f, "192.0.2.12", HELLO));
	f->w->now.us += 11000;
	assert_true(is_let_through(f, "192.0.2.12", HELLO));
	/* False alarm. */
	fixture_forget(f);
	f->w->now.us += 2000000;
	bfd_front_run(f->w);
	p = sent(f, 0);
	p = answer(&p, BFD_INIT);
	hear(f, &p, "192.0.2.11", 255);
	f->w->now.us += 101000;
	bfd_front_run(f->w);
	assert_false(is_let_through(f, "192.0.2.12", HELLO));
	p.state = BFD_UP;
	hear(f, &p, "192.0.2.11", 255);
	assert_true(is_let_through(f, "192.0.2.12", HELLO));
}

/* The same where the far end speaks no BFD. */
static void hellos_wait_for_probes(void **state)
{
	enum { HELLO = 1 };
	const uint64_t servers[] = { 0x11, 0x12 };
	struct forward_probe m = { .tunnel = 0, .addr = addr("10.0.0.11"), .nbma = nbma("192.0.2.11") };
	struct fixture *f = *state;
	uint8_t inner[128];
	size_t length;

	relays_are(f, 0, 2, servers);
	for (m.sequence = 1; m.sequence <= 3; m.sequence++) {
		assert_true(is_let_through(f, "192.0.2.12", HELLO));
		assert_true(fwd_control_message(f->w, FORWARD_PROBE_SEND, &m, sizeof m));
		f->w->now.us += 30000;
	}
	assert_false(is_let_through(f, "192.0.2.12", HELLO));
	assert_true(is_let_through(f, "192.0.2.11", HELLO));
	f->w->now.us += 219000;
	assert_false(is_let_through(f, "192.0.2.12", HELLO));
	f->w->now.us += 2000;
	assert_true(is_let_through(f, "192.0.2.12", HELLO));
	/* False alarm: one is answered after all. */
	assert_true(fwd_control_message(f->w, FORWARD_PROBE_SEND, &m, sizeof m));
	assert_false(is_let_through(f, "192.0.2.12", HELLO));
	length = probe_answer_of(f, inner);
	receive(f, "192.0.2.11", 0, gre_key100, 8, inner, length);
	assert_true(is_let_through(f, "192.0.2.12", HELLO));
	assert_true(fwd_control_message(f->w, FORWARD_PROBE_SEND, &m, sizeof m));
	assert_true(is_let_through(f, "192.0.2.12", HELLO));
}

/* Among thousands of clients somebody is always late. */
static void clients_do_not_hush(void **state)
{
	struct fixture *f = *state;

	come_up(f);
	f->w->now.us += 101000;
	bfd_front_run(f->w);
	assert_int_equal(f->messages[0].type, FORWARD_BFD_LATE);
	assert_true(is_let_through(f, "192.0.2.12", 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(comes_up_and_is_lost, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(no_relay_carries_it, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(foreign_packets_are_refused, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(others_are_left_alone, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(the_control_process_comes_and_goes, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(the_forwarder_is_killed, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(nothing_is_lost_on_a_slow_reader, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(a_tunnel_takes_its_sessions_along, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(unusable_messages, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(hellos_wait_for_the_verdict, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(hellos_wait_for_probes, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(clients_do_not_hush, setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
