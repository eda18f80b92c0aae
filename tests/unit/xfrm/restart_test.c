/* Who dies: the forwarder (everything is in the table), charon (its SAs go on as orphans), both. */
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

static struct wanted inbound_of(uint32_t spi)
{
	return (struct wanted){ .type = XFRM_MSG_UPDSA, .source = THERE, .destination = HERE, .spi = spi, .key = 1,
				.source_port = 4500, .destination_port = 4500, .soft_s = 100, .hard_s = 200,
				.replay_window = 32 };
}

static struct wanted outbound(void)
{
	return (struct wanted){ .type = XFRM_MSG_NEWSA, .source = HERE, .destination = THERE, .spi = OUT_SPI, .key = 2,
				.source_port = 4500, .destination_port = 4500, .soft_s = 100, .hard_s = 200 };
}

/* After each message the forwarder is killed and another takes its place; charon does not notice. */
static void forwarder_dies_between(void **state)
{
	struct rig r;
	struct wanted in, out = outbound();
	struct xfrm_userpolicy_info policy;
	uint32_t spi;

	(void)state;
	rig_init(&r);
	spi = ask_spi(&r, HERE, THERE, 0xc0000000, 0xcfffffff);
	rig_restart(&r);
	in = inbound_of(spi);
	assert_int_equal(add_sa(&r, &in), 0);
	inbound_sa(&r, spi)->used_us = r.clock.now.us;
	rig_restart(&r);
	assert_int_equal(add_sa(&r, &out), 0);
	rig_restart(&r);
	assert_int_equal(add_policy(&r, XFRM_MSG_NEWPOLICY, THERE, HERE, XFRM_POLICY_IN, 366975, 0), 0);
	rig_restart(&r);
	assert_int_equal(add_policy(&r, XFRM_MSG_NEWPOLICY, HERE, THERE, XFRM_POLICY_OUT, 366975, OUT_SPI), 0);
	rig_restart(&r);
	assert_int_equal(xfrm_server_policy_count(r.server), 2);
	assert_int_equal(get_policy(&r, THERE, HERE, XFRM_POLICY_IN), 0);
	memcpy(&policy, reply_body(&r), sizeof policy);
	assert_int_equal(policy.curlft.use_time, (uint64_t)r.clock.unix_s);
	assert_int_equal(get_sa(&r, spi, HERE), 0);
	assert_int_equal(inbound_sa(&r, spi)->soft.deadline_us, r.clock.now.us + 100000000);
	rig_pass(&r, 100000);
	assert_int_equal(r.soft, 2);
	rig_restart(&r); /* with both EXPIREs unsaid: they are said again */
	rig_pass(&r, 1);
	assert_int_equal(r.soft, 4);
	assert_int_equal(del_policy(&r, HERE, THERE, XFRM_POLICY_OUT), 0);
	rig_restart(&r);
	assert_int_equal(xfrm_server_policy_count(r.server), 1);
	rig_done(&r);
}

/* charon had no answer and asks again: what was done is not done twice, and is no error. */
static void asked_again(void **state)
{
	struct rig r;
	struct wanted in, out = outbound();
	struct nlmsghdr unanswered;
	uint32_t spi;

	(void)state;
	rig_init(&r);
	spi = ask_spi(&r, HERE, THERE, 0xc0000000, 0xcfffffff);
	rig_restart(&r);
	say_again(&r);
	assert_int_equal(r.reply_length, 240);
	assert_memory_equal(r.reply + NLMSG_HDRLEN + 72, &(uint32_t){ htonl(spi) }, 4);
	assert_int_equal(sa_table_count(r.table), 1);
	in = inbound_of(spi);
	assert_int_equal(add_sa(&r, &in), 0);
	rig_restart(&r);
	say_again(&r);
	assert_int_equal(reply_type(&r), NLMSG_ERROR);
	memcpy(&unanswered, r.reply, sizeof unanswered);
	assert_memory_equal(r.reply + NLMSG_HDRLEN, &(int){ 0 }, sizeof(int));
	assert_int_equal(add_sa(&r, &out), 0);
	say_again(&r);
	assert_memory_equal(r.reply + NLMSG_HDRLEN, &(int){ 0 }, sizeof(int));
	assert_int_equal(r.installed, 2);
	assert_int_equal(add_policy(&r, XFRM_MSG_NEWPOLICY, HERE, THERE, XFRM_POLICY_OUT, 366975, OUT_SPI), 0);
	rig_restart(&r);
	say_again(&r);
	assert_memory_equal(r.reply + NLMSG_HDRLEN, &(int){ 0 }, sizeof(int));
	assert_int_equal(del_policy(&r, HERE, THERE, XFRM_POLICY_OUT), 0);
	say_again(&r);
	assert_memory_equal(r.reply + NLMSG_HDRLEN, &(int){ 0 }, sizeof(int));
	assert_int_equal(del_sa(&r, OUT_SPI, THERE), 0);
	rig_restart(&r);
	say_again(&r);
	assert_memory_equal(r.reply + NLMSG_HDRLEN, &(int){ 0 }, sizeof(int));
	assert_int_equal(xfrm_server_counters(r.server).repeated, 1);
	/* A new request for the same is an error as ever. */
	assert_int_equal(del_sa(&r, OUT_SPI, THERE), -ESRCH);
	rig_done(&r);
}

/* Killed after the deed, before the record of it: the record says "under way". */
static void killed_in_the_middle(void **state)
{
	struct rig r;
	struct wanted out = outbound();
	uint32_t *is_done;

	(void)state;
	rig_init(&r);
	is_done = (uint32_t *)sa_table_second(r.table, 0) + 4;
	assert_int_equal(add_sa(&r, &out), 0);
	assert_int_equal(*is_done, 1);
	*is_done = 0;
	rig_restart(&r);
	say_again(&r);
	assert_memory_equal(r.reply + NLMSG_HDRLEN, &(int){ 0 }, sizeof(int));
	assert_int_equal(sa_table_count(r.table), 1);
	assert_int_equal(add_policy(&r, XFRM_MSG_NEWPOLICY, HERE, THERE, XFRM_POLICY_OUT, 1, 0), 0);
	is_done = (uint32_t *)sa_table_second(r.table, 0) + 4;
	*is_done = 0;
	say_again(&r);
	assert_memory_equal(r.reply + NLMSG_HDRLEN, &(int){ 0 }, sizeof(int));
	assert_int_equal(xfrm_server_policy_count(r.server), 1);
	assert_int_equal(del_sa(&r, OUT_SPI, THERE), 0);
	*is_done = 0;
	say_again(&r);
	assert_memory_equal(r.reply + NLMSG_HDRLEN, &(int){ 0 }, sizeof(int));
	rig_done(&r);
}

/* A changed policy of which both versions are there: the newer one counts. */
static void killed_between_two_policies(void **state)
{
	struct rig r;
	struct xfrm_userpolicy_info info;
	uint32_t *first;

	(void)state;
	rig_init(&r);
	assert_int_equal(add_policy(&r, XFRM_MSG_NEWPOLICY, HERE, THERE, XFRM_POLICY_OUT, 1, 0), 0);
	assert_int_equal(add_policy(&r, XFRM_MSG_UPDPOLICY, HERE, THERE, XFRM_POLICY_OUT, 2, 0), 0);
	first = sa_table_second(r.table, 1);
	assert_int_equal(*first, 0);
	*first = 1;
	rig_restart(&r);
	assert_int_equal(xfrm_server_policy_count(r.server), 1);
	assert_int_equal(get_policy(&r, HERE, THERE, XFRM_POLICY_OUT), 0);
	memcpy(&info, reply_body(&r), sizeof info);
	assert_int_equal(info.priority, 2);
	rig_done(&r);
}

static void charon_dies(void **state)
{
	struct rig r;
	struct wanted in, out = outbound();
	uint8_t bytes[XFRM_EVENT_MAX];
	struct esp_sa *sa;
	uint32_t spi, larval, groups;

	(void)state;
	rig_init(&r);
	spi = ask_spi(&r, HERE, THERE, 0xc0000000, 0xcfffffff);
	in = inbound_of(spi);
	assert_int_equal(add_sa(&r, &in), 0);
	assert_int_equal(add_sa(&r, &out), 0);
	assert_int_equal(add_policy(&r, XFRM_MSG_NEWPOLICY, HERE, THERE, XFRM_POLICY_OUT, 1, OUT_SPI), 0);
	larval = ask_spi(&r, HERE, THERE, 0xc0000000, 0xcfffffff);
	sa = outbound_sa(&r, OUT_SPI, THERE);
	sa->session = 9;
	sa->phase = ESP_PHASE_LIVE;
	sa->sequence = 20;
	xfrm_server_orphan_all(r.server, r.clock);
	assert_null(inbound_sa(&r, larval));
	assert_int_equal(xfrm_server_policy_count(r.server), 0);
	assert_int_equal(sa->phase, ESP_PHASE_ORPHAN);
	assert_int_equal(get_sa(&r, OUT_SPI, THERE), -ESRCH);
	/* Nobody claimed the inbound one. */
	rig_pass(&r, 9999);
	assert_non_null(inbound_sa(&r, spi));
	rig_pass(&r, 1);
	assert_null(inbound_sa(&r, spi));
	/* The other one lives to its hard end, of which nobody is told. */
	rig_pass(&r, 95000);
	assert_int_equal(r.soft, 1);
	rig_pass(&r, 94999);
	assert_non_null(outbound_sa(&r, OUT_SPI, THERE));
	rig_pass(&r, 1);
	assert_null(outbound_sa(&r, OUT_SPI, THERE));
	assert_int_equal(take_event(&r, bytes, &groups), 0);
	rig_done(&r);
}

/* The new charon is heard before anybody says that the old one is dead. */
static void charon_dies_unnoticed(void **state)
{
	struct rig r;
	struct wanted out = outbound();

	(void)state;
	rig_init(&r);
	assert_int_equal(add_sa(&r, &out), 0);
	outbound_sa(&r, OUT_SPI, THERE)->session = 3;
	rig_restart(&r);
	r.pid++;
	r.seq = 200;
	assert_int_equal(get_sa(&r, OUT_SPI, THERE), -ESRCH);
	assert_int_equal(outbound_sa(&r, OUT_SPI, THERE)->phase, ESP_PHASE_ORPHAN);
	/* It takes the name: the orphan makes room. */
	out.key = 77;
	assert_int_equal(add_sa(&r, &out), 0);
	assert_int_equal(sa_table_count(r.table), 1);
	assert_int_equal(outbound_sa(&r, OUT_SPI, THERE)->phase, ESP_PHASE_UNBOUND);
	rig_done(&r);
}

/* A deleted SA that the session's owner keeps is out of charon's sight until it is removed. */
static void kept_after_deletion(void **state)
{
	struct rig r;
	struct wanted out = outbound();
	struct esp_sa *sa;

	(void)state;
	rig_init(&r);
	r.keeps_deleted = true;
	assert_int_equal(add_sa(&r, &out), 0);
	sa = outbound_sa(&r, OUT_SPI, THERE);
	assert_int_equal(del_sa(&r, OUT_SPI, THERE), 0);
	assert_ptr_equal(outbound_sa(&r, OUT_SPI, THERE), sa);
	assert_int_equal(del_sa(&r, OUT_SPI, THERE), -ESRCH);
	assert_int_equal(r.removed, 0);
	xfrm_server_remove(r.server, sa);
	assert_int_equal(r.removed, 1);
	assert_null(outbound_sa(&r, OUT_SPI, THERE));
	rig_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forwarder_dies_between), cmocka_unit_test(asked_again),
		cmocka_unit_test(killed_in_the_middle), cmocka_unit_test(killed_between_two_policies),
		cmocka_unit_test(charon_dies), cmocka_unit_test(charon_dies_unnoticed),
		cmocka_unit_test(kept_after_deletion),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
