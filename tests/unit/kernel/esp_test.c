/* What the kernel's IPsec is told and says, byte by byte; no kernel is asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <linux/xfrm.h>
#include <netinet/in.h>

#include "kernel/esp.h"

static const uint8_t local_bytes[] = { 192, 0, 2, 1 };

static void check_selector(const struct xfrm_selector *s, enum esp_way way)
{
	static const xfrm_address_t any;
	const xfrm_address_t *near = way == ESP_OUT ? &s->saddr : &s->daddr, *far = way == ESP_OUT ? &s->daddr : &s->saddr;

	assert_memory_equal(near, local_bytes, sizeof local_bytes);
	assert_memory_equal(far, &any, sizeof any);
	assert_int_equal(way == ESP_OUT ? s->prefixlen_s : s->prefixlen_d, 32);
	assert_int_equal(way == ESP_OUT ? s->prefixlen_d : s->prefixlen_s, 0);
	assert_int_equal(s->family, AF_INET);
	assert_int_equal(s->proto, IPPROTO_GRE);
	assert_int_equal(s->sport_mask | s->dport_mask | s->ifindex, 0);
}

static void check_block(const struct ipaddr *local, enum esp_way way, int dir)
{
	struct netlink_request r;
	const struct xfrm_userpolicy_info *p;
	const struct xfrm_userpolicy_id *id;

	esp_block_request(&r, local, way, true);
	p = mnl_nlmsg_get_payload(r.head);
	assert_int_equal(r.head->nlmsg_type, XFRM_MSG_UPDPOLICY);
	assert_int_equal(mnl_nlmsg_get_payload_len(r.head), sizeof *p); /* no template: nothing may take it */
	check_selector(&p->sel, way);
	assert_int_equal(p->action, XFRM_POLICY_BLOCK);
	assert_int_equal(p->dir, dir);
	assert_true(p->priority > 1000000); /* charon's go before */
	assert_true(p->lft.hard_byte_limit == XFRM_INF && p->lft.hard_packet_limit == XFRM_INF);
	assert_int_equal(p->lft.hard_add_expires_seconds | p->lft.hard_use_expires_seconds, 0);
	esp_block_request(&r, local, way, false);
	id = mnl_nlmsg_get_payload(r.head);
	assert_int_equal(r.head->nlmsg_type, XFRM_MSG_DELPOLICY);
	check_selector(&id->sel, way);
	assert_int_equal(id->dir, dir);
}

static void test_a_block_is_for_gre_of_an_address_in_both_directions(void **state)
{
	const struct ipaddr local = ipaddr_v4(0xc0000201);

	(void)state;
	check_block(&local, ESP_OUT, XFRM_POLICY_OUT);
	check_block(&local, ESP_IN, XFRM_POLICY_IN);
}

static void test_a_block_over_ipv6(void **state)
{
	struct netlink_request r;
	const struct xfrm_userpolicy_info *p;
	struct ipaddr local;

	(void)state;
	assert_true(ipaddr_parse("2001:db8::1", &local));
	esp_block_request(&r, &local, ESP_IN, true);
	p = mnl_nlmsg_get_payload(r.head);
	assert_int_equal(p->sel.family, AF_INET6);
	assert_int_equal(p->sel.prefixlen_d, 128);
	assert_memory_equal(&p->sel.daddr, local.bytes, 16);
}

/* ---- what comes and goes ---- */

static char heard[128];

static void hear(void *arg, const struct ipaddr *dst, uint32_t spi, bool exists)
{
	char text[IPADDR_TEXT_MAX];

	assert_ptr_equal(arg, heard);
	snprintf(heard + strlen(heard), sizeof heard - strlen(heard), "%s %x %s;", ipaddr_format(dst, text), spi,
		 exists ? "there" : "gone");
}

static void tell(uint16_t type, const void *payload, size_t length, const char *expected)
{
	uint8_t buffer[1024] __attribute__((aligned(8)));
	struct nlmsghdr *m = mnl_nlmsg_put_header(buffer);

	m->nlmsg_type = type;
	memcpy(mnl_nlmsg_put_extra_header(m, length), payload, length);
	heard[0] = '\0';
	esp_watch_message(m, hear, heard);
	assert_string_equal(heard, expected);
}

static void test_sas_that_come_and_go(void **state)
{
	struct xfrm_usersa_info sa = { .family = AF_INET, .id = { .spi = htonl(0xc0ffee), .proto = IPPROTO_ESP } };
	struct xfrm_usersa_id id = { .family = AF_INET, .spi = htonl(0xc0ffee), .proto = IPPROTO_ESP };
	struct xfrm_user_expire e = { .hard = 1 };

	(void)state;
	memcpy(&sa.id.daddr, local_bytes, sizeof local_bytes);
	memcpy(&id.daddr, local_bytes, sizeof local_bytes);
	e.state = sa;
	tell(XFRM_MSG_NEWSA, &sa, sizeof sa, "192.0.2.1 c0ffee there;");
	tell(XFRM_MSG_UPDSA, &sa, sizeof sa, "192.0.2.1 c0ffee there;");
	tell(XFRM_MSG_DELSA, &id, sizeof id, "192.0.2.1 c0ffee gone;");
	tell(XFRM_MSG_EXPIRE, &e, sizeof e, "192.0.2.1 c0ffee gone;");
	e.hard = 0; /* charon shall make another */
	tell(XFRM_MSG_EXPIRE, &e, sizeof e, "");
	tell(XFRM_MSG_DELSA, &id, sizeof id - 4, "");
	tell(XFRM_MSG_NEWPOLICY, &sa, sizeof sa, "");
	id.proto = IPPROTO_AH;
	tell(XFRM_MSG_DELSA, &id, sizeof id, "");
	sa.family = AF_UNIX;
	tell(XFRM_MSG_NEWSA, &sa, sizeof sa, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_block_is_for_gre_of_an_address_in_both_directions),
		cmocka_unit_test(test_a_block_over_ipv6),
		cmocka_unit_test(test_sas_that_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
