/* What charon says from its start to its end, message by message, with the lengths captured of 5.9.8. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "charon.h"

#define HERE "10.77.0.1"
#define THERE "10.77.0.2"
enum { OUT_SPI = 0xc1234567, NEW_OUT_SPI = 0xc7654321 };

static struct wanted inbound_of(uint32_t spi)
{
	return (struct wanted){ .type = XFRM_MSG_UPDSA, .source = THERE, .destination = HERE, .spi = spi, .key = 1,
				.source_port = 4500, .destination_port = 4500, .soft_s = 3421, .hard_s = 3960,
				.replay_window = 32 };
}

static struct wanted outbound_of(uint32_t spi)
{
	return (struct wanted){ .type = XFRM_MSG_NEWSA, .source = HERE, .destination = THERE, .spi = spi, .key = 2,
				.source_port = 4500, .destination_port = 4500, .soft_s = 3421, .hard_s = 3960 };
}

/* charon --> server: the pair of a CHILD_SA and its policies. Returns the inbound SPI. */
static uint32_t initiate(struct rig *r)
{
	uint32_t spi = ask_spi(r, HERE, THERE, 0xc0000000, 0xcfffffff);
	struct wanted in = inbound_of(spi), out = outbound_of(OUT_SPI);

	assert_in_range(spi, 0xc0000000, 0xcfffffff);
	assert_int_equal(add_sa(r, &in), 0);
	assert_int_equal(r->sent_length, 364);
	assert_int_equal(add_sa(r, &out), 0);
	assert_int_equal(r->sent_length, 364);
	assert_int_equal(add_policy(r, XFRM_MSG_NEWPOLICY, THERE, HERE, XFRM_POLICY_IN, 366975, 0), 0);
	assert_int_equal(add_policy(r, XFRM_MSG_NEWPOLICY, HERE, THERE, XFRM_POLICY_OUT, 366975, OUT_SPI), 0);
	return spi;
}

static void start_asks_for_thresholds(void **state)
{
	struct rig r;
	uint32_t flags = ~0u;
	const uint8_t *v4, *v6;
	size_t length;

	(void)state;
	rig_init(&r);
	say_begin(&r, XFRM_MSG_GETSPDINFO, NLM_F_REQUEST, &flags, sizeof flags);
	assert_int_equal(r.sent_length, 20);
	say(&r);
	assert_int_equal(reply_type(&r), XFRM_MSG_NEWSPDINFO);
	v4 = reply_attribute(&r, 4, XFRMA_SPD_IPV4_HTHRESH, &length);
	assert_true(v4 && length == 2 && v4[0] == 32 && v4[1] == 32);
	v6 = reply_attribute(&r, 4, XFRMA_SPD_IPV6_HTHRESH, &length);
	assert_true(v6 && length == 2 && v6[0] == 128 && v6[1] == 128);
	say_begin(&r, XFRM_MSG_NEWSPDINFO, NLM_F_REQUEST | NLM_F_ACK, &flags, sizeof flags);
	assert_int_equal(say_for_ack(&r), 0);
	rig_done(&r);
}

static void a_pair_is_installed(void **state)
{
	struct rig r;
	struct esp_sa *in, *out;
	uint32_t spi;

	(void)state;
	rig_init(&r);
	spi = initiate(&r);
	in = inbound_sa(&r, spi);
	out = outbound_sa(&r, OUT_SPI, THERE);
	assert_non_null(in);
	assert_non_null(out);
	assert_int_equal(r.installed, 2);
	assert_int_equal(in->phase, ESP_PHASE_UNBOUND);
	assert_int_equal(in->replay.window, 32);
	assert_int_equal(in->udp, 1);
	assert_int_equal(in->local_port, 4500);
	assert_int_equal(in->reqid, 1);
	assert_int_equal(in->suite.cipher, ESP_AES_GCM);
	assert_int_equal(in->suite.key_octets, 16);
	assert_int_equal(in->suite.icv_octets, 16);
	assert_int_equal(in->keys.cipher[15], 1);
	assert_int_equal(in->keys.salt[3], 1);
	assert_int_equal(in->hard.deadline_us, r.clock.now.us + INT64_C(3960000000));
	assert_int_equal(in->soft.deadline_us, r.clock.now.us + INT64_C(3421000000));
	assert_int_equal(out->keys.cipher[0], 2);
	assert_int_equal(out->inbound, 0);
	assert_int_equal(out->sequence, 0);
	assert_int_equal(xfrm_server_policy_count(r.server), 2);
	rig_done(&r);
}

static void cbc_with_extended_sequence_numbers(void **state)
{
	struct rig r;
	struct esp_sa *sa;
	struct wanted in, out;
	size_t length;
	uint32_t spi;

	(void)state;
	rig_init(&r);
	spi = ask_spi(&r, HERE, THERE, 0xc0000000, 0xcfffffff);
	in = inbound_of(spi);
	in.is_cbc_esn = true;
	in.esn_window = 128;
	in.replay_window = 0;
	assert_int_equal(add_sa(&r, &in), 0);
	assert_int_equal(r.sent_length, 524);
	sa = inbound_sa(&r, spi);
	assert_int_equal(sa->esn, 1);
	assert_int_equal(sa->replay.window, 128);
	assert_int_equal(sa->suite.cipher, ESP_AES_CBC);
	assert_int_equal(sa->suite.auth, ESP_HMAC_SHA256);
	assert_int_equal(sa->suite.icv_octets, 16);
	out = outbound_of(OUT_SPI);
	out.is_cbc_esn = true;
	out.esn_window = 1;
	assert_int_equal(add_sa(&r, &out), 0);
	assert_int_equal(r.sent_length, 512);

	/* A window with holes comes back as the kernel's ring. */
	esp_replay_take(&sa->replay, UINT64_C(0x100000001));
	esp_replay_take(&sa->replay, UINT64_C(0x100000003));
	assert_int_equal(get_state(&r, spi, HERE), 0);
	assert_int_equal(r.reply_length, 64 + 4 + 40 + 36);
	{
		const uint8_t *bytes = reply_attribute(&r, 48, XFRMA_REPLAY_ESN_VAL, &length);
		uint32_t words[10];

		assert_int_equal(length, 40);
		memcpy(words, bytes, sizeof words);
		assert_int_equal(words[0], 4);   /* bmp_len */
		assert_int_equal(words[2], 3);   /* seq */
		assert_int_equal(words[4], 1);   /* seq_hi */
		assert_int_equal(words[5], 128);
		assert_int_equal(words[6], 0x5); /* bits (1 - 1) and (3 - 1) */
	}
	rig_done(&r);
}

/* charon --> server: rekey; the old outbound SA goes at once, the old inbound one later. */
static void rekeyed(void **state)
{
	struct rig r;
	uint32_t old, fresh;
	struct wanted in, out;

	(void)state;
	rig_init(&r);
	old = initiate(&r);
	fresh = ask_spi(&r, HERE, THERE, 0xc0000000, 0xcfffffff);
	assert_int_not_equal(fresh, old);
	in = inbound_of(fresh);
	in.key = 3;
	out = outbound_of(NEW_OUT_SPI);
	out.key = 4;
	assert_int_equal(add_sa(&r, &in), 0);
	assert_int_equal(add_sa(&r, &out), 0);
	assert_int_equal(add_policy(&r, XFRM_MSG_UPDPOLICY, THERE, HERE, XFRM_POLICY_IN, 366975, 0), 0);
	assert_int_equal(add_policy(&r, XFRM_MSG_UPDPOLICY, HERE, THERE, XFRM_POLICY_OUT, 366975, NEW_OUT_SPI), 0);
	assert_int_equal(xfrm_server_policy_count(r.server), 2);
	assert_int_equal(del_sa(&r, OUT_SPI, THERE), 0);
	assert_null(outbound_sa(&r, OUT_SPI, THERE));
	assert_int_equal(get_sa(&r, old, HERE), 0);
	assert_int_equal(r.reply_length, 364);
	assert_int_equal(del_sa(&r, old, HERE), 0);
	assert_int_equal(sa_table_count(r.table), 2);
	rig_done(&r);
}

static void initiate_second(struct rig *r)
{
	struct wanted in = inbound_of(ask_spi(r, HERE, THERE, 0xc0000000, 0xcfffffff));

	in.key = 9;
	in.source_port = 1024;
	assert_int_equal(add_sa(r, &in), 0);
}

static void usage_is_honest(void **state)
{
	struct rig r;
	struct xfrm_usersa_info info;
	struct xfrm_userpolicy_info policy;
	struct esp_sa *sa;
	uint32_t spi;
	uint64_t added;

	(void)state;
	rig_init(&r);
	spi = initiate(&r);
	added = (uint64_t)r.clock.unix_s;
	rig_pass(&r, 10000);
	assert_int_equal(get_sa(&r, spi, HERE), 0);
	memcpy(&info, reply_body(&r), sizeof info);
	assert_int_equal(info.curlft.use_time, 0);
	assert_int_equal(info.curlft.add_time, added);
	sa = inbound_sa(&r, spi);
	sa->packets = 42;
	sa->bytes = 4242;
	sa->used_us = r.clock.now.us - 3000000;
	assert_int_equal(get_sa(&r, spi, HERE), 0);
	assert_int_equal(r.reply_length, 364 + 12); /* and when it was used last */
	memcpy(&info, reply_body(&r), sizeof info);
	assert_int_equal(info.curlft.packets, 42);
	assert_int_equal(info.curlft.bytes, 4242);
	assert_int_equal(info.curlft.use_time, (uint64_t)r.clock.unix_s - 3);
	assert_int_equal(get_policy(&r, THERE, HERE, XFRM_POLICY_IN), 0);
	assert_int_equal(r.sent_length, 80);
	assert_int_equal(r.reply_length, 252);
	memcpy(&policy, reply_body(&r), sizeof policy);
	assert_int_equal(policy.curlft.use_time, (uint64_t)r.clock.unix_s - 3);
	assert_int_equal(policy.priority, 366975);
	assert_int_equal(get_policy(&r, HERE, THERE, XFRM_POLICY_OUT), 0);
	memcpy(&policy, reply_body(&r), sizeof policy);
	assert_int_equal(policy.curlft.use_time, 0);
	/* A second pair under the same policy, silent: charon shall ask whether its peer lives. */
	initiate_second(&r);
	assert_int_equal(get_policy(&r, THERE, HERE, XFRM_POLICY_IN), 0);
	memcpy(&policy, reply_body(&r), sizeof policy);
	assert_int_equal(policy.curlft.use_time, 0);
	assert_int_equal(policy.curlft.packets, 42);
	rig_done(&r);
}

static void terminated(void **state)
{
	struct rig r;
	uint32_t spi;

	(void)state;
	rig_init(&r);
	spi = initiate(&r);
	assert_int_equal(del_policy(&r, HERE, THERE, XFRM_POLICY_OUT), 0);
	assert_int_equal(del_policy(&r, THERE, HERE, XFRM_POLICY_IN), 0);
	assert_int_equal(del_sa(&r, spi, HERE), 0);
	assert_int_equal(del_sa(&r, OUT_SPI, THERE), 0);
	assert_int_equal(sa_table_count(r.table), 0);
	assert_int_equal(xfrm_server_policy_count(r.server), 0);
	assert_int_equal(r.removed, 2);
	rig_done(&r);
}

/* A trap: the out policy without an SPI; a packet wakes charon, once in a second. */
static void acquired(void **state)
{
	struct rig r;
	struct ipaddr here = addr_of(HERE), there = addr_of(THERE), other = addr_of("10.77.0.3");
	uint8_t bytes[XFRM_EVENT_MAX];
	struct xfrm_user_acquire acquire;
	uint32_t groups;

	(void)state;
	rig_init(&r);
	assert_int_equal(add_policy(&r, XFRM_MSG_NEWPOLICY, THERE, HERE, XFRM_POLICY_IN, 366976, 0), 0);
	assert_int_equal(add_policy(&r, XFRM_MSG_NEWPOLICY, HERE, THERE, XFRM_POLICY_OUT, 366976, 0), 0);
	assert_false(xfrm_server_acquire(r.server, r.clock, &here, &other));
	assert_true(xfrm_server_acquire(r.server, r.clock, &here, &there));
	assert_true(xfrm_server_acquire(r.server, r.clock, &here, &there));
	assert_int_equal(take_event(&r, bytes, &groups), 364);
	assert_int_equal(groups, 0x1);
	memcpy(&acquire, bytes + NLMSG_HDRLEN, sizeof acquire);
	assert_int_equal(acquire.sel.proto, 47);
	assert_int_equal(ntohl(acquire.sel.daddr.a4), 0x0a4d0002);
	assert_int_equal(take_event(&r, bytes, &groups), 0);
	rig_pass(&r, 1000);
	assert_true(xfrm_server_acquire(r.server, r.clock, &here, &there));
	assert_int_equal(take_event(&r, bytes, &groups), 364);
	/* Up: the policy names the SA, and is no trap any more. */
	assert_int_equal(add_policy(&r, XFRM_MSG_UPDPOLICY, HERE, THERE, XFRM_POLICY_OUT, 366975, OUT_SPI), 0);
	assert_false(xfrm_server_acquire(r.server, r.clock, &here, &there));
	rig_done(&r);
}

static void dumped(void **state)
{
	struct rig r;
	uint32_t head = 0, seen = 0, datagrams = 0, type = 0;

	(void)state;
	rig_init(&r);
	for (uint32_t i = 0; i < 40; i++) {
		struct wanted out = outbound_of(OUT_SPI + i);

		out.key = (uint8_t)(i + 1);
		assert_int_equal(add_sa(&r, &out), 0);
	}
	say_begin(&r, XFRM_MSG_GETSA, NLM_F_REQUEST | NLM_F_DUMP, &head, 0);
	say(&r);
	while (r.reply_length > 0) {
		for (size_t at = 0; at < r.reply_length;) {
			struct nlmsghdr h;

			memcpy(&h, r.reply + at, sizeof h);
			assert_true(h.nlmsg_flags & NLM_F_MULTI);
			type = h.nlmsg_type;
			seen += type == XFRM_MSG_NEWSA;
			at += NLMSG_ALIGN(h.nlmsg_len);
		}
		datagrams++;
		r.reply_length = xfrm_server_more(r.server, r.clock, r.reply);
	}
	assert_int_equal(seen, 40);
	assert_int_equal(type, NLMSG_DONE);
	assert_true(datagrams > 1);
	rig_done(&r);
}

static void flushed(void **state)
{
	struct rig r;
	struct xfrm_usersa_flush flush = { .proto = 51 };

	(void)state;
	rig_init(&r);
	initiate(&r);
	say_begin(&r, XFRM_MSG_FLUSHSA, NLM_F_REQUEST | NLM_F_ACK, &flush, sizeof flush);
	assert_int_equal(say_for_ack(&r), 0);
	assert_int_equal(sa_table_count(r.table), 2);
	flush.proto = 50;
	say_begin(&r, XFRM_MSG_FLUSHSA, NLM_F_REQUEST | NLM_F_ACK, &flush, sizeof flush);
	assert_int_equal(say_for_ack(&r), 0);
	assert_int_equal(sa_table_count(r.table), 0);
	say_begin(&r, XFRM_MSG_FLUSHPOLICY, NLM_F_REQUEST | NLM_F_ACK, NULL, 0);
	assert_int_equal(say_for_ack(&r), 0);
	assert_int_equal(xfrm_server_policy_count(r.server), 0);
	rig_done(&r);
}

/* Several messages in one datagram are all answered. */
static void batched(void **state)
{
	struct rig r;
	struct nlmsghdr first;
	size_t one;

	(void)state;
	rig_init(&r);
	say_begin(&r, XFRM_MSG_FLUSHPOLICY, NLM_F_REQUEST | NLM_F_ACK, NULL, 0);
	one = r.sent_length;
	memcpy(&first, r.sent, sizeof first);
	first.nlmsg_seq++;
	memcpy(r.sent + one, &first, sizeof first);
	r.sent_length += one;
	r.reply_length = xfrm_server_request(r.server, r.clock, r.sent, r.sent_length, r.reply);
	assert_int_equal(r.reply_length, 72);
	rig_done(&r);
}

static void ipv6_too(void **state)
{
	struct rig r;
	struct wanted in, out;
	uint32_t spi;

	(void)state;
	rig_init(&r);
	spi = ask_spi(&r, "2001:db8::1", "2001:db8::2", 0xc0000000, 0xcfffffff);
	in = inbound_of(spi);
	in.source = "2001:db8::2";
	in.destination = "2001:db8::1";
	out = outbound_of(OUT_SPI);
	out.source = "2001:db8::1";
	out.destination = "2001:db8::2";
	assert_int_equal(add_sa(&r, &in), 0);
	assert_int_equal(add_sa(&r, &out), 0);
	assert_non_null(outbound_sa(&r, OUT_SPI, "2001:db8::2"));
	assert_int_equal(get_sa(&r, spi, "2001:db8::1"), 0);
	assert_int_equal(del_sa(&r, OUT_SPI, "2001:db8::2"), 0);
	rig_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(start_asks_for_thresholds), cmocka_unit_test(a_pair_is_installed),
		cmocka_unit_test(cbc_with_extended_sequence_numbers), cmocka_unit_test(rekeyed),
		cmocka_unit_test(usage_is_honest), cmocka_unit_test(terminated), cmocka_unit_test(acquired),
		cmocka_unit_test(dumped), cmocka_unit_test(flushed), cmocka_unit_test(batched),
		cmocka_unit_test(ipv6_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
