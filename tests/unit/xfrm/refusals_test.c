/* What is refused, and with which error; bytes that are no message. */
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

static struct wanted outbound(void)
{
	return (struct wanted){ .type = XFRM_MSG_NEWSA, .source = HERE, .destination = THERE, .spi = 0xc1000001, .key = 7,
				.source_port = 4500, .destination_port = 4500 };
}

static void twice_and_never(void **state)
{
	struct rig r;
	struct wanted w = outbound();

	(void)state;
	rig_init(&r);
	assert_int_equal(del_sa(&r, w.spi, THERE), -ESRCH);
	assert_int_equal(get_sa(&r, w.spi, THERE), -ESRCH);
	assert_int_equal(get_state(&r, w.spi, THERE), -ESRCH);
	w.type = XFRM_MSG_UPDSA;
	assert_int_equal(add_sa(&r, &w), -ESRCH);
	w.type = XFRM_MSG_NEWSA; /* what charon then does */
	assert_int_equal(add_sa(&r, &w), 0);
	assert_int_equal(add_sa(&r, &w), -EEXIST);
	w.type = XFRM_MSG_UPDSA;
	assert_int_equal(add_sa(&r, &w), 0);
	assert_int_equal(r.changed, 0);
	w.hard_s = 77;
	w.destination_port = 1024;
	assert_int_equal(add_sa(&r, &w), 0);
	assert_int_equal(r.changed, 1);
	assert_int_equal(outbound_sa(&r, w.spi, THERE)->hard.deadline_us, r.clock.now.us + 77000000);
	assert_int_equal(outbound_sa(&r, w.spi, THERE)->remote_port, 1024);
	w.key = 8;
	assert_int_equal(add_sa(&r, &w), -EEXIST);

	assert_int_equal(get_policy(&r, HERE, THERE, XFRM_POLICY_OUT), -ENOENT);
	assert_int_equal(del_policy(&r, HERE, THERE, XFRM_POLICY_OUT), -ENOENT);
	assert_int_equal(add_policy(&r, XFRM_MSG_NEWPOLICY, HERE, THERE, XFRM_POLICY_OUT, 1, 0), 0);
	assert_int_equal(add_policy(&r, XFRM_MSG_NEWPOLICY, HERE, THERE, XFRM_POLICY_OUT, 1, 0), -EEXIST);
	assert_int_equal(add_policy(&r, XFRM_MSG_UPDPOLICY, HERE, THERE, XFRM_POLICY_OUT, 1, 0), 0);
	assert_int_equal(add_policy(&r, XFRM_MSG_NEWPOLICY, HERE, THERE, XFRM_POLICY_MASK, 1, 0), -EINVAL);
	assert_int_equal(xfrm_server_counters(r.server).refused, 10);
	rig_done(&r);
}

static void unknown_algorithms_are_named(void **state)
{
	struct rig r;
	struct wanted w = outbound();

	(void)state;
	rig_init(&r);
	w.aead = "rfc7539esp(chacha20,poly1305)";
	assert_int_equal(add_sa(&r, &w), -ENOSYS);
	assert_string_equal(r.refused_what, "AEAD algorithm");
	assert_string_equal(r.refused_name, "rfc7539esp(chacha20,poly1305)");
	w.aead = NULL;
	w.crypt = "serpent";
	assert_int_equal(add_sa(&r, &w), -ENOSYS);
	assert_string_equal(r.refused_name, "serpent");
	w.crypt = "cbc(aes)";
	w.auth = "xcbc(aes)";
	assert_int_equal(add_sa(&r, &w), -ENOSYS);
	assert_string_equal(r.refused_what, "integrity algorithm");
	w.auth = "hmac(sha384)"; /* its key has 48 octets, not 32 */
	assert_int_equal(add_sa(&r, &w), -EINVAL);
	w.auth = "sha256";
	assert_int_equal(add_sa(&r, &w), 0);
	assert_int_equal(r.refused, 3);
	rig_done(&r);
}

static void say_sa(struct rig *r, struct xfrm_usersa_info *info)
{
	enum { KEY = 20 };
	union { struct xfrm_algo_aead head; uint8_t room[sizeof(struct xfrm_algo_aead) + KEY]; } a = { .head = {
		.alg_key_len = 160, .alg_icv_len = 128 } };

	memset(a.head.alg_key, 0, KEY);
	strcpy(a.head.alg_name, "rfc4106(gcm(aes))");
	info->id.daddr.a4 = htonl(0x0a4d0002);
	info->saddr.a4 = htonl(0x0a4d0001);
	info->id.spi = htonl(0xc1000001);
	say_begin(r, XFRM_MSG_NEWSA, NLM_F_REQUEST | NLM_F_ACK, info, sizeof *info);
	say_attribute(r, XFRMA_ALG_AEAD, &a, sizeof a.head + KEY);
}

static void foreign_properties(void **state)
{
	struct rig r;
	struct xfrm_usersa_info info = { .family = 2, .id = { .proto = 51 } };
	struct xfrm_mark mark = { 1, 1 };
	struct xfrm_encap_tmpl encap = { .encap_type = 7, .encap_sport = 1, .encap_dport = 1 };
	uint32_t unknown = 5;

	(void)state;
	rig_init(&r);
	say_sa(&r, &info);
	assert_int_equal(say_for_ack(&r), -EPROTONOSUPPORT); /* AH */
	assert_string_equal(r.refused_name, "51");
	info.id.proto = 50;
	info.family = 7;
	say_sa(&r, &info);
	assert_int_equal(say_for_ack(&r), -EAFNOSUPPORT);
	info.family = 2;
	info.mode = XFRM_MODE_BEET;
	say_sa(&r, &info);
	assert_int_equal(say_for_ack(&r), -EOPNOTSUPP);
	info.mode = XFRM_MODE_TRANSPORT;
	info.flags = XFRM_STATE_ESN; /* without its window */
	say_sa(&r, &info);
	assert_int_equal(say_for_ack(&r), -EINVAL);
	info.flags = 0;
	say_sa(&r, &info);
	say_attribute(&r, XFRMA_MARK, &mark, sizeof mark);
	assert_int_equal(say_for_ack(&r), -EOPNOTSUPP);
	say_sa(&r, &info);
	say_attribute(&r, XFRMA_ENCAP, &encap, sizeof encap);
	assert_int_equal(say_for_ack(&r), -EOPNOTSUPP);
	encap.encap_type = 2;
	say_sa(&r, &info);
	say_attribute(&r, XFRMA_ENCAP, &encap, 4);
	assert_int_equal(say_for_ack(&r), -EINVAL);
	assert_int_equal(sa_table_count(r.table), 0);
	/* What it does not know it does not mind. */
	say_sa(&r, &info);
	say_attribute(&r, 60, &unknown, sizeof unknown);
	say_attribute(&r, 300, &unknown, sizeof unknown);
	assert_int_equal(say_for_ack(&r), 0);
	rig_done(&r);
}

static void windows_are_checked(void **state)
{
	struct rig r;
	struct wanted w = outbound();
	uint32_t wide[6 + 2] = { 2, 0, 0, 0, 0, 64 };

	(void)state;
	rig_init(&r);
	w.replay_wide = wide;
	w.replay_wide_length = 20;
	assert_int_equal(add_sa(&r, &w), -EINVAL);
	w.replay_wide_length = 28; /* half of its bits */
	assert_int_equal(add_sa(&r, &w), -EINVAL);
	w.replay_wide_length = 32;
	wide[5] = 65;
	assert_int_equal(add_sa(&r, &w), -EINVAL);
	wide[0] = UINT32_MAX;
	assert_int_equal(add_sa(&r, &w), -EINVAL);
	wide[0] = 2;
	wide[5] = 64;
	assert_int_equal(add_sa(&r, &w), 0);
	rig_done(&r);
}

static void spis_run_out(void **state)
{
	struct rig r;
	bool seen[8] = { false };

	(void)state;
	rig_init(&r);
	for (unsigned i = 0; i < 8; i++) {
		uint32_t spi = ask_spi(&r, HERE, THERE, 0x1000, 0x1007);

		assert_in_range(spi, 0x1000, 0x1007);
		assert_false(seen[spi - 0x1000]);
		seen[spi - 0x1000] = true;
	}
	assert_int_equal(ask_spi(&r, HERE, THERE, 0x1000, 0x1007), 0);
	assert_int_equal(ask_spi(&r, HERE, THERE, 9, 8), 0);
	assert_int_equal(ask_spi(&r, HERE, THERE, 0, 255), 0); /* reserved */
	assert_int_equal(ask_spi(&r, HERE, THERE, 0, 256), 256);
	rig_done(&r);
}

static void the_table_fills(void **state)
{
	struct rig r;
	struct wanted w = outbound();

	(void)state;
	rig_init(&r);
	for (unsigned i = 0; i < CAPACITY; i++, w.spi++, w.key++)
		assert_int_equal(add_sa(&r, &w), 0);
	assert_int_equal(add_sa(&r, &w), -ENOBUFS);
	assert_int_equal(ask_spi(&r, HERE, THERE, 0x1000, 0x1007), 0);
	assert_int_equal(del_sa(&r, 0xc1000001, THERE), 0);
	assert_int_equal(add_sa(&r, &w), 0);
	rig_done(&r);
}

static void unknown_messages(void **state)
{
	struct rig r;
	uint32_t body = 0;

	(void)state;
	rig_init(&r);
	say_begin(&r, XFRM_MSG_MIGRATE, NLM_F_REQUEST | NLM_F_ACK, &body, sizeof body);
	assert_int_equal(say_for_ack(&r), -EOPNOTSUPP);
	say_begin(&r, 200, NLM_F_REQUEST, &body, sizeof body);
	assert_int_equal(say_for_ack(&r), -EOPNOTSUPP);
	say_begin(&r, NLMSG_NOOP, NLM_F_REQUEST | NLM_F_ACK, NULL, 0);
	assert_int_equal(say_for_ack(&r), 0);
	say_begin(&r, XFRM_MSG_NEWSA, 0, NULL, 0); /* no request */
	say(&r);
	assert_int_equal(r.reply_length, 0);
	rig_done(&r);
}

/* Every message cut at every octet, its length told honestly or not. */
static void cut_short(void **state)
{
	struct rig r;
	struct wanted w = outbound();
	uint8_t whole[XFRM_REPLY_MAX];
	size_t length;

	(void)state;
	rig_init(&r);
	assert_int_equal(add_sa(&r, &w), 0);
	assert_int_equal(del_sa(&r, w.spi, THERE), 0);
	assert_int_equal(add_sa(&r, &w), 0);
	length = r.sent_length;
	memcpy(whole, r.sent, length);
	assert_int_equal(del_sa(&r, w.spi, THERE), 0);
	for (size_t n = 0; n < length; n++) {
		uint32_t said = (uint32_t)n;

		memcpy(r.sent, whole, length);
		r.reply_length = xfrm_server_request(r.server, r.clock, r.sent, n, r.reply);
		assert_int_equal(r.reply_length, 0);
		memcpy(r.sent, &said, sizeof said);
		r.reply_length = xfrm_server_request(r.server, r.clock, r.sent, n, r.reply);
		if (n < NLMSG_HDRLEN + sizeof(struct xfrm_usersa_info) + 96) {
			assert_int_equal(sa_table_count(r.table), 0);
			assert_int_equal(r.reply_length, n < 16 ? 0 : 36);
		} else if (sa_table_count(r.table)) {
			assert_int_equal(del_sa(&r, w.spi, THERE), 0);
		}
	}
	assert_true(xfrm_server_counters(r.server).malformed > 200);
	rig_done(&r);
}

/* An attribute's length that cannot be. */
static void nested_lengths(void **state)
{
	struct rig r;
	struct xfrm_usersa_info info = { .family = 2, .id = { .proto = 50 } };
	const uint16_t wrong[] = { 0, 3, 200, 0xffff };

	(void)state;
	rig_init(&r);
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		say_sa(&r, &info);
		memcpy(r.sent + NLMSG_HDRLEN + sizeof info, &wrong[i], sizeof wrong[i]);
		assert_int_equal(say_for_ack(&r), -EINVAL);
	}
	/* The key's length beyond the attribute's. */
	say_sa(&r, &info);
	memcpy(r.sent + NLMSG_HDRLEN + sizeof info + 4 + 64, &(uint32_t){ 168 }, 4);
	assert_int_equal(say_for_ack(&r), -EINVAL);
	/* A name without an end. */
	say_sa(&r, &info);
	memset(r.sent + NLMSG_HDRLEN + sizeof info + 4, 'a', 64);
	assert_int_equal(say_for_ack(&r), -EINVAL);
	assert_int_equal(sa_table_count(r.table), 0);
	rig_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(twice_and_never), cmocka_unit_test(unknown_algorithms_are_named),
		cmocka_unit_test(foreign_properties), cmocka_unit_test(windows_are_checked),
		cmocka_unit_test(spis_run_out), cmocka_unit_test(the_table_fills), cmocka_unit_test(unknown_messages),
		cmocka_unit_test(cut_short), cmocka_unit_test(nested_lengths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
