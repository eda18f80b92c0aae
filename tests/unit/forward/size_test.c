/* What is too big: ICMP answers, path MTU, DF; and the MSS of TCP. */
#include "fixture.h"

#include "forward/frame.h"
#include "forward/mss.h"
#include "forward/mtu.h"
#include "wire/checksum.h"

static const uint8_t mac_11[6] = { 2, 0, 0, 0, 0, 0x11 };
static uint8_t payload[4096], inner[8192];

static void df_over_ip_mtu(void **state)
{
	struct fixture *f = *state;
	const size_t length = ipv4_make(inner, "172.16.0.1", "172.16.1.1", 17, 0, true, payload, 1381);
	const uint8_t *packet = f->frames[0].bytes + 14;
	const struct ipaddr from = addr("172.16.1.1"), to = addr("172.16.0.1");

	transmit(f, 0, mac_11, ETHERTYPE_IPV4, inner, length);
	assert_int_equal(f->packet_count, 0);
	assert_int_equal(f->w->drops[FORWARD_DROP_TOO_BIG], 1);
	assert_int_equal(f->frame_count, 1);
	assert_memory_equal(f->frames[0].bytes, own_mac, 6);
	assert_int_equal(f->frames[0].length, 14 + 20 + 8 + 548);
	assert_int_equal(packet[9], 1);
	assert_memory_equal(packet + 12, from.bytes, 4);
	assert_memory_equal(packet + 16, to.bytes, 4);
	assert_int_equal(checksum(packet, 20), 0);
	assert_int_equal(packet[20], 3);
	assert_int_equal(packet[21], 4);
	assert_int_equal(get_u16(packet + 26), 1400);
	assert_int_equal(checksum(packet + 20, f->frames[0].length - 34), 0);
	assert_memory_equal(packet + 28, inner, 548);
}

static void exactly_ip_mtu_passes(void **state)
{
	struct fixture *f = *state;

	transmit(f, 0, mac_11, ETHERTYPE_IPV4, inner, ipv4_make(inner, "172.16.0.1", "172.16.1.1", 17, 0, true, payload, 1380));
	assert_int_equal(f->packet_count, 1);
	assert_false(f->packets[0].p.df); /* no path-mtu-discovery: DF is not copied */
	/* Without DF a larger one is left to the underlay's fragmentation. */
	transmit(f, 0, mac_11, ETHERTYPE_IPV4, inner, ipv4_make(inner, "172.16.0.1", "172.16.1.1", 17, 0, false, payload, 1500));
	assert_int_equal(f->packet_count, 2);
	assert_int_equal(dropped(f), 0);
}

static void ipv6_over_mtu(void **state)
{
	struct fixture *f = *state;
	const size_t length = ipv6_make(inner, "2001:db8::1", "2001:db8::2", 17, 0, payload, 1361);
	const uint8_t *packet = f->frames[0].bytes + 14;
	const struct ipaddr from = addr("2001:db8::2");

	transmit(f, 0, mac_11, ETHERTYPE_IPV6, inner, length);
	assert_int_equal(f->packet_count, 0);
	assert_int_equal(f->frames[0].length, 14 + 1280);
	assert_memory_equal(packet + 8, from.bytes, 16);
	assert_int_equal(packet[40], 2);
	assert_int_equal(packet[46] << 8 | packet[47], 1400);
	assert_int_equal(transport_sum(packet, 1280), 0);
}

static void errors_are_not_answered(void **state)
{
	struct fixture *f = *state;

	payload[0] = 3; /* unreachable */
	transmit(f, 0, mac_11, ETHERTYPE_IPV4, inner, ipv4_make(inner, "172.16.0.1", "172.16.1.1", 1, 0, true, payload, 1400));
	payload[0] = 1;
	transmit(f, 0, mac_11, ETHERTYPE_IPV6, inner, ipv6_make(inner, "2001:db8::1", "2001:db8::2", 58, 0, payload, 1400));
	assert_int_equal(f->w->drops[FORWARD_DROP_TOO_BIG], 2);
	assert_int_equal(f->frame_count, 0);
	payload[0] = 128; /* echo request */
	transmit(f, 0, mac_11, ETHERTYPE_IPV6, inner, ipv6_make(inner, "2001:db8::1", "2001:db8::2", 58, 0, payload, 1400));
	assert_int_equal(f->frame_count, 1);
	payload[0] = 0;
}

static void path_mtu_is_learnt_and_forgotten(void **state)
{
	struct fixture *f = *state;
	struct forward_tunnel conf = tunnel(f, 0)->conf;
	struct underlay_packet refused;
	size_t length;

	conf.set_df = 1;
	assert_true(fwd_control_message(f->w, FORWARD_TUNNEL_SET, &conf, sizeof conf));
	length = ipv4_make(inner, "172.16.0.1", "172.16.1.1", 17, 0, true, payload, 1300);
	transmit(f, 0, mac_11, ETHERTYPE_IPV4, inner, length);
	assert_true(f->packets[0].p.df);
	transmit(f, 0, mac_11, ETHERTYPE_IPV4, inner, ipv4_make(inner, "172.16.0.1", "172.16.1.1", 17, 0, false, payload, 1300));
	assert_false(f->packets[1].p.df); /* as the inner packet says */

	refused = f->packets[0].p;
	refused.bytes = f->packets[0].bytes;
	refused.inner = refused.bytes + 8;
	mtu_learn(f->w, &refused, 1228);
	assert_int_equal(f->frame_count, 1);
	assert_int_equal(get_u16(f->frames[0].bytes + 14 + 26), 1228 - 20 - 8);

	length = ipv4_make(inner, "172.16.0.1", "172.16.1.1", 17, 0, true, payload, 1181);
	transmit(f, 0, mac_11, ETHERTYPE_IPV4, inner, length);
	assert_int_equal(f->packet_count, 2); /* one octet too many */
	assert_int_equal(f->frame_count, 2);
	transmit(f, 0, mac_11, ETHERTYPE_IPV4, inner, ipv4_make(inner, "172.16.0.1", "172.16.1.1", 17, 0, true, payload, 1180));
	assert_int_equal(f->packet_count, 3);
	/* IPv6 of 1280 octets must pass, in outer fragments; larger ones are told 1280. */
	transmit(f, 0, mac_11, ETHERTYPE_IPV6, inner, ipv6_make(inner, "2001:db8::1", "2001:db8::2", 17, 0, payload, 1240));
	assert_int_equal(f->packet_count, 4);
	assert_false(f->packets[3].p.df);
	transmit(f, 0, mac_11, ETHERTYPE_IPV6, inner, ipv6_make(inner, "2001:db8::1", "2001:db8::2", 17, 0, payload, 1241));
	assert_int_equal(get_u16(f->frames[2].bytes + 14 + 46), 1280);

	f->w->now = instant_add(f->w->now, span_s(PATH_MTU_LIFE_S));
	transmit(f, 0, mac_11, ETHERTYPE_IPV4, inner, ipv4_make(inner, "172.16.0.1", "172.16.1.1", 17, 0, true, payload, 1300));
	assert_int_equal(f->packet_count, 5);
}

/* A SYN with the options given; its checksum is right. */
static size_t syn_make(uint8_t *out, bool v6, const uint8_t *options, size_t length)
{
	uint8_t tcp[60] = { 0x12, 0x34, 0, 80 };
	size_t whole;

	tcp[12] = (uint8_t)((20 + length) / 4 << 4);
	tcp[13] = 0x02;
	memcpy(tcp + 20, options, length);
	whole = v6 ? ipv6_make(out, "2001:db8::1", "2001:db8::2", 6, 0, tcp, 20 + length) :
		     ipv4_make(out, "172.16.0.1", "172.16.1.1", 6, 0, true, tcp, 20 + length);
	put_u16(out + (v6 ? 40 : 20) + 16, transport_sum(out, whole));
	assert_int_equal(transport_sum(out, whole), 0);
	return whole;
}

static void clamp_is(const uint8_t *options, size_t length, bool v6, uint16_t limit, bool changes, size_t at, uint16_t mss)
{
	uint8_t packet[128];
	struct ip_view ip;
	const size_t whole = syn_make(packet, v6, options, length);

	assert_int_equal(ip_decode(packet, whole, &ip), IP_DROP_NONE);
	assert_int_equal(mss_clamp(packet, &ip, limit), changes);
	assert_int_equal(transport_sum(packet, whole), 0);
	if (at)
		assert_int_equal(get_u16(packet + (v6 ? 40 : 20) + 20 + at), mss);
}

static void mss(void **state)
{
	static const uint8_t plain[] = { 2, 4, 0x05, 0xb4 };           /* 1460 */
	static const uint8_t odd[] = { 1, 2, 4, 0x05, 0xb4, 1, 1, 0 }; /* at an odd offset */
	static const uint8_t late[] = { 3, 3, 7, 4, 2, 2, 4, 0xff, 0xff, 0, 0, 0 };
	static const uint8_t none[] = { 3, 3, 7, 0 };
	static const uint8_t ended[] = { 0, 2, 4, 0xff, 0xff, 0, 0, 0 };
	static const uint8_t zero_length[] = { 3, 0, 2, 4 };
	static const uint8_t overlong[] = { 3, 9, 2, 4 };
	static const uint8_t short_mss[] = { 1, 1, 2, 4 };

	(void)state;
	clamp_is(plain, sizeof plain, false, 1360, true, 2, 1360);
	clamp_is(plain, sizeof plain, true, 1340, true, 2, 1340);
	clamp_is(plain, sizeof plain, false, 1460, false, 2, 1460);
	clamp_is(plain, sizeof plain, false, 0, false, 2, 1460);
	clamp_is(odd, sizeof odd, false, 1360, true, 3, 1360);
	clamp_is(odd, sizeof odd, true, 1000, true, 3, 1000);
	clamp_is(late, sizeof late, false, 1360, true, 7, 1360);
	clamp_is(none, sizeof none, false, 1360, false, 0, 0);
	clamp_is(ended, sizeof ended, false, 1360, false, 0, 0);
	clamp_is(zero_length, sizeof zero_length, false, 1360, false, 0, 0);
	clamp_is(overlong, sizeof overlong, false, 1360, false, 0, 0);
	clamp_is(short_mss, sizeof short_mss, false, 1360, false, 0, 0);
}

static void mss_both_ways(void **state)
{
	static const uint8_t options[] = { 2, 4, 0x05, 0xb4 };
	static const uint8_t gre[8] = { 0x20, 0, 0x08, 0x00, 0, 0, 0, 100 };
	struct fixture *f = *state;
	struct forward_tunnel conf = tunnel(f, 0)->conf;
	size_t length;

	conf.mss4 = 1360;
	assert_true(fwd_control_message(f->w, FORWARD_TUNNEL_SET, &conf, sizeof conf));
	length = syn_make(inner, false, options, 4);
	transmit(f, 0, mac_11, ETHERTYPE_IPV4, inner, length);
	assert_int_equal(get_u16(f->packets[0].bytes + 8 + 20 + 20 + 2), 1360);
	receive(f, "192.0.2.11", 0, gre, 8, inner, length);
	assert_int_equal(get_u16(f->frames[0].bytes + 14 + 20 + 20 + 2), 1360);
	assert_int_equal(transport_sum(f->frames[0].bytes + 14, length), 0);
}

/* Segments that are no SYN, fragments, and cut headers are left alone. */
static void mss_leaves_alone(void **state)
{
	static const uint8_t options[] = { 2, 4, 0x05, 0xb4 };
	uint8_t packet[64], copy[64];
	struct ip_view ip;

	(void)state;
	memset(packet, 0, sizeof packet);
	syn_make(packet, false, options, 4);
	packet[20 + 13] = 0x10; /* ACK */
	memcpy(copy, packet, sizeof copy);
	assert_int_equal(ip_decode(packet, 44, &ip), IP_DROP_NONE);
	assert_false(mss_clamp(packet, &ip, 500));
	packet[20 + 13] = copy[20 + 13] = 0x02;
	ip.fragment_offset = 8;
	assert_false(mss_clamp(packet, &ip, 500));
	ip.fragment_offset = 0;
	for (uint32_t cut = 20; cut < 44; cut++) {
		ip.total_len = cut;
		assert_false(mss_clamp(packet, &ip, 500));
	}
	assert_memory_equal(packet, copy, sizeof copy);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(df_over_ip_mtu), T(exactly_ip_mtu_passes), T(ipv6_over_mtu), T(errors_are_not_answered),
		T(path_mtu_is_learnt_and_forgotten), T(mss), T(mss_both_ways), T(mss_leaves_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
