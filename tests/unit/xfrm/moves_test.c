/*
 * A NAT moves the peer: MAPPING, and charon deletes and adds both SAs again with their keys. No
 * IV may come twice, no packet be taken twice, and the session stays.
 */
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
enum { OUT_SPI = 0xc1234567 };

struct pair {
	struct wanted in, out;
};

static struct pair install(struct rig *r)
{
	struct pair p = {
		.in = { .type = XFRM_MSG_UPDSA, .source = THERE, .destination = HERE, .key = 1, .source_port = 4500,
			.destination_port = 4500, .soft_s = 3000, .hard_s = 3600, .replay_window = 32 },
		.out = { .type = XFRM_MSG_NEWSA, .source = HERE, .destination = THERE, .spi = OUT_SPI, .key = 2,
			 .source_port = 4500, .destination_port = 4500, .soft_s = 3000, .hard_s = 3600 },
	};

	p.in.spi = ask_spi(r, HERE, THERE, 0xc0000000, 0xcfffffff);
	assert_int_equal(add_sa(r, &p.in), 0);
	assert_int_equal(add_sa(r, &p.out), 0);
	p.in.type = XFRM_MSG_NEWSA;
	return p;
}

static void bind_pair(struct rig *r, const struct pair *p)
{
	struct esp_sa *in = inbound_sa(r, p->in.spi), *out = outbound_sa(r, OUT_SPI, THERE);

	in->session = out->session = 5;
	in->phase = out->phase = ESP_PHASE_LIVE;
	out->is_initiator = 1;
}

static void charon_is_told_once(void **state)
{
	struct rig r;
	struct pair p;
	struct ipaddr there = addr_of(THERE);
	uint8_t bytes[XFRM_EVENT_MAX];
	struct xfrm_user_mapping m;
	uint32_t groups;

	(void)state;
	rig_init(&r);
	p = install(&r);
	xfrm_server_moved(r.server, r.clock, inbound_sa(&r, p.in.spi), &there, 4500);
	assert_int_equal(take_event(&r, bytes, &groups), 0);
	xfrm_server_moved(r.server, r.clock, inbound_sa(&r, p.in.spi), &there, 1024);
	xfrm_server_moved(r.server, r.clock, inbound_sa(&r, p.in.spi), &there, 1024);
	assert_int_equal(take_event(&r, bytes, &groups), 80);
	assert_int_equal(groups, 0x80);
	memcpy(&m, bytes + NLMSG_HDRLEN, sizeof m);
	assert_int_equal(ntohl(m.id.spi), p.in.spi);
	assert_int_equal(m.reqid, 1);
	assert_int_equal(ntohs(m.old_sport), 4500);
	assert_int_equal(ntohs(m.new_sport), 1024);
	assert_int_equal(take_event(&r, bytes, &groups), 0);
	rig_done(&r);
}

/* charon --> server: GETSA, GETAE, DELSA, NEWSA of one SA, as it does for each. */
static void move(struct rig *r, struct wanted *w, struct xfrm_replay_state *replay, struct xfrm_lifetime_cur *current)
{
	const uint8_t *bytes;
	size_t length;

	assert_int_equal(get_sa(r, w->spi, w->destination), 0);
	assert_int_equal(get_state(r, w->spi, w->destination), 0);
	assert_int_equal(r->reply_length, 116);
	bytes = reply_attribute(r, 48, XFRMA_REPLAY_VAL, &length);
	assert_int_equal(length, sizeof *replay);
	memcpy(replay, bytes, sizeof *replay);
	bytes = reply_attribute(r, 48, XFRMA_LTIME_VAL, &length);
	assert_int_equal(length, sizeof *current);
	memcpy(current, bytes, sizeof *current);
	w->replay = replay;
	w->current = current;
}

static void goes_on(void **state, bool keeps_deleted)
{
	struct rig r;
	struct pair p;
	struct xfrm_replay_state replay;
	struct xfrm_lifetime_cur current;
	struct esp_sa *sa;

	(void)state;
	rig_init(&r);
	r.keeps_deleted = keeps_deleted;
	p = install(&r);
	bind_pair(&r, &p);
	sa = outbound_sa(&r, OUT_SPI, THERE);
	sa->sequence = 1000;
	sa->packets = 1000;
	sa->bytes = 99000;
	rig_pass(&r, 60000);
	sa->used_us = r.clock.now.us - 2000000;

	p.out.destination_port = 1024;
	move(&r, &p.out, &replay, &current);
	assert_int_equal(replay.oseq, 1000);
	sa->sequence = 1007; /* seven more were sent meanwhile */
	assert_int_equal(del_sa(&r, OUT_SPI, THERE), 0);
	assert_int_equal(get_sa(&r, OUT_SPI, THERE), -ESRCH);
	if (keeps_deleted) {
		assert_int_equal(sa->phase, ESP_PHASE_ORPHAN);
		sa->sequence = 1009; /* and two more */
	}
	assert_int_equal(add_sa(&r, &p.out), 0);
	assert_int_equal(r.sent_length, 416);
	sa = outbound_sa(&r, OUT_SPI, THERE);
	assert_int_equal(sa->sequence, keeps_deleted ? 1009 : 1007);
	assert_int_equal(sa->remote_port, 1024);
	assert_int_equal(sa->session, 5);
	assert_int_equal(sa->phase, ESP_PHASE_LIVE);
	assert_int_equal(sa->is_initiator, 1);
	assert_int_equal(sa->bytes, 99000);
	assert_int_equal(sa->added_us, r.clock.now.us - 60000000);
	assert_int_equal(sa->hard.deadline_us, r.clock.now.us + INT64_C(3540000000));
	assert_int_equal(sa_table_count(r.table), 2);

	sa = inbound_sa(&r, p.in.spi);
	esp_replay_take(&sa->replay, 70);
	esp_replay_take(&sa->replay, 68);
	p.in.source_port = 1024;
	move(&r, &p.in, &replay, &current);
	assert_int_equal(replay.seq, 70);
	assert_int_equal(replay.bitmap, 5);
	esp_replay_take(&sa->replay, 71);
	assert_int_equal(del_sa(&r, p.in.spi, HERE), 0);
	assert_int_equal(add_sa(&r, &p.in), 0); /* NEWSA, and yet inbound */
	sa = inbound_sa(&r, p.in.spi);
	assert_non_null(sa);
	assert_int_equal(sa->session, 5);
	assert_int_equal(sa->remote_port, 1024);
	assert_false(esp_replay_fresh(&sa->replay, 71));
	assert_false(esp_replay_fresh(&sa->replay, 68));
	assert_true(esp_replay_fresh(&sa->replay, 69));
	rig_done(&r);
}

static void goes_on_after_deletion(void **state)
{
	goes_on(state, false);
}

static void goes_on_while_kept(void **state)
{
	goes_on(state, true);
}

/* Moved to another address altogether: the kept one of the same key must not send on. */
static void to_another_address(void **state)
{
	struct rig r;
	struct pair p;
	struct xfrm_replay_state replay;
	struct xfrm_lifetime_cur current;

	(void)state;
	rig_init(&r);
	r.keeps_deleted = true;
	p = install(&r);
	bind_pair(&r, &p);
	outbound_sa(&r, OUT_SPI, THERE)->sequence = 50;
	move(&r, &p.out, &replay, &current);
	assert_int_equal(del_sa(&r, OUT_SPI, THERE), 0);
	p.out.destination = "10.77.0.9";
	assert_int_equal(add_sa(&r, &p.out), 0);
	assert_null(outbound_sa(&r, OUT_SPI, THERE));
	assert_int_equal(outbound_sa(&r, OUT_SPI, "10.77.0.9")->sequence, 50);
	assert_int_equal(outbound_sa(&r, OUT_SPI, "10.77.0.9")->session, 5);
	rig_done(&r);
}

/* Told lower numbers than were used, the server knows better. */
static void never_back(void **state)
{
	struct rig r;
	struct pair p;
	struct xfrm_replay_state low = { .oseq = 3 };
	struct xfrm_aevent_id id = { 0 };
	struct esp_sa *sa;

	(void)state;
	rig_init(&r);
	p = install(&r);
	outbound_sa(&r, OUT_SPI, THERE)->sequence = 500;
	id.sa_id.daddr.a4 = htonl(0x0a4d0002);
	id.sa_id.spi = htonl(OUT_SPI);
	id.sa_id.proto = 50;
	id.sa_id.family = 2;
	say_begin(&r, XFRM_MSG_NEWAE, NLM_F_REQUEST | NLM_F_ACK | NLM_F_REPLACE, &id, sizeof id);
	say_attribute(&r, XFRMA_REPLAY_VAL, &low, sizeof low);
	assert_int_equal(say_for_ack(&r), 0);
	assert_int_equal(outbound_sa(&r, OUT_SPI, THERE)->sequence, 500);
	low.oseq = 600;
	say_begin(&r, XFRM_MSG_NEWAE, NLM_F_REQUEST | NLM_F_ACK | NLM_F_REPLACE, &id, sizeof id);
	say_attribute(&r, XFRMA_REPLAY_VAL, &low, sizeof low);
	assert_int_equal(say_for_ack(&r), 0);
	assert_int_equal(outbound_sa(&r, OUT_SPI, THERE)->sequence, 600);

	low.oseq = 0;
	p.out.replay = &low;
	assert_int_equal(del_sa(&r, OUT_SPI, THERE), 0);
	assert_int_equal(add_sa(&r, &p.out), 0);
	sa = outbound_sa(&r, OUT_SPI, THERE);
	assert_int_equal(sa->sequence, 600);

	/* The same SPI with another key is another SA. */
	assert_int_equal(del_sa(&r, OUT_SPI, THERE), 0);
	p.out.key = 99;
	assert_int_equal(add_sa(&r, &p.out), 0);
	sa = outbound_sa(&r, OUT_SPI, THERE);
	assert_int_equal(sa->sequence, 0);
	assert_int_equal(sa->phase, ESP_PHASE_UNBOUND);
	rig_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(charon_is_told_once), cmocka_unit_test(goes_on_after_deletion),
		cmocka_unit_test(goes_on_while_kept), cmocka_unit_test(to_another_address), cmocka_unit_test(never_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
