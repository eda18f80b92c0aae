/*
 * Our messages beside those that Cisco routers were seen to send (reference, 2.10): with the
 * same addresses, request id, secret and hold time, byte for byte, except where a comment
 * says what we write differently and why.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "scene.h"

static size_t from_hex(const char *text, uint8_t *out)
{
	size_t n = 0;

	for (; text[0] && text[1]; text += 2) {
		const char byte[] = { text[0], text[1], 0 };

		out[n++] = (uint8_t)strtoul(byte, NULL, 16);
	}
	return n;
}

static void same_as(const struct rig *r, unsigned type, const char *hex)
{
	uint8_t expected[NHRP_MESSAGE_MAX];
	const size_t length = from_hex(hex, expected);

	assert_int_equal(r->sent_length[type], length);
	assert_memory_equal(r->sent[type], expected, length);
}

/* As above, but the checksum follows from what the test itself has patched in `hex`. */
static void same_as_with_mtu(const struct rig *r, unsigned type, const char *hex, uint16_t theirs)
{
	static struct nhrp_message m;
	uint8_t bytes[NHRP_MESSAGE_MAX], expected[NHRP_MESSAGE_MAX];
	const size_t length = from_hex(hex, bytes);
	size_t n;

	assert_int_equal(nhrp_decode(bytes, length, &m, NULL), NHRP_DROP_NONE);
	for (size_t i = 0; i < m.cie_count; i++)
		if (m.cies[i].mtu_bytes == theirs)
			m.cies[i].mtu_bytes = 17912;
	for (size_t i = 0; i < m.extension_count; i++)
		for (size_t j = 0; m.extensions[i].is_cies && j < m.extensions[i].cie_count; j++)
			if (m.extensions[i].cies[j].mtu_bytes == theirs)
				m.extensions[i].cies[j].mtu_bytes = 17912;
	n = nhrp_encode(&m, expected, sizeof expected);
	assert_int_equal(r->sent_length[type], n);
	assert_memory_equal(r->sent[type], expected, n);
}

static struct node *cisco_like(struct rig *r, const char *name, const char *nbma, const char *overlay,
			       const char *secret)
{
	struct node *const n = node_new(r, name, nbma, overlay);

	n->tunnel.has_key = true;
	n->nhrp->holdtime_s = 7200;
	n->nhrp->registration_timeout_s = 2400;
	n->nhrp->authentication = (char *)(uintptr_t)secret;
	return n;
}

/* Vectors A1 and A2. */
static void registration(void **state)
{
	struct rig *const r = rig_new();
	struct node *const spoke = cisco_like(r, "spoke", "169.254.100.1", "155.1.0.1/24", "NHRPAUTH");
	struct node *const hub = cisco_like(r, "hub", "169.254.100.5", "155.1.0.5/24", "NHRPAUTH");

	(void)state;
	node_add_nhs(spoke, "155.1.0.5", "169.254.100.5");
	node_start(hub);
	node_start(spoke);
	rig_run(r, 1);
	same_as(r, NHRP_REGISTRATION_REQUEST,
		"000108000000000000ff006c197b0034010304000404800200000001a9fe6401"
		"9b0100019b0100050020000045f81c2000000000800300008004000080050000"
		"8007000c000000014e48525041555448000900140020000045f8000004000400"
		"a9fe64059b01000580000000");
	same_as(r, NHRP_REGISTRATION_REPLY,
		"000108000000000000ff0080060f0034010404000404800200000001a9fe6401"
		"9b0100019b0100050020000045f81c2000000000800300140020000045f81c20"
		"04000400a9fe64059b01000580040000800500008007000c000000014e485250"
		"41555448000900140020000045f8000004000400a9fe64059b01000580000000");
	rig_free(r);
}

/* Vectors A4, A5 and A6: our MTU hint is that of newer images (17912 instead of 1514). */
static void resolution(void **state)
{
	struct rig *const r = rig_new();
	struct node *const spoke = cisco_like(r, "spoke", "192.168.200.3", "10.255.255.3/24", "secret");
	struct node *const hub = cisco_like(r, "hub", "192.168.200.1", "10.255.255.1/24", "secret");
	struct node *const other = cisco_like(r, "other", "192.168.200.2", "10.255.255.2/24", "secret");

	(void)state;
	spoke->options.request_id_first = 4;
	node_add_nhs(spoke, "10.255.255.1", "192.168.200.1");
	node_add_nhs(other, "10.255.255.1", "192.168.200.1");
	node_start(hub);
	node_start(other);
	node_start(spoke);
	rig_run(r, 1);
	node_miss(spoke, "10.255.255.2");
	same_as_with_mtu(r, NHRP_RESOLUTION_REQUEST,
		"000108000000000000ff0056aa370034010104000404c80200000005c0a8c803"
		"0affff030affff020000000005ea1c2000000000800300008004000080050000"
		"8007000a000000017365637265740009000080000000", 1514);
	rig_run_ms(r, 6);
	same_as_with_mtu(r, NHRP_RESOLUTION_REQUEST,
		"000108000000000000fe006aed5a0034010104000404c80200000005c0a8c803"
		"0affff030affff020000000005ea1c2000000000800300008004001400000000"
		"05ea1c2004000400c0a8c8010affff01800500008007000a0000000173656372"
		"65740009000080000000", 1514);
	rig_run(r, 1);
	same_as_with_mtu(r, NHRP_RESOLUTION_REPLY,
		"000108000000000000ff0086659b003c010204000404f80200000005c0a8c803"
		"0affff030affff020020000005ea1c2004000400c0a8c8020affff0280030014"
		"0000000005ea1c2004000400c0a8c8020affff02800400140000000005ea1c20"
		"04000400c0a8c8010affff01800500008007000a000000017365637265740009"
		"000080000000", 1514);
	rig_free(r);
}

/* Vector A3, but with 100 octets of the packet (Cisco: 28, the draft: 64). */
static void indication(void **state)
{
	static struct nhrp_message ours, theirs;
	uint8_t bytes[NHRP_MESSAGE_MAX];
	struct rig *const r = rig_new();
	struct node *const hub = cisco_like(r, "hub", "192.168.200.1", "10.255.255.1/24", "secret");
	const size_t length = from_hex(
		"000108000000000000ff0062d9d00044010804000404000000000000c0a8c801"
		"0affff010affff034500006400050000ff01a78f0affff030affff020800325b"
		"0001000080040000800500008007000a00000001736563726574000900008000"
		"0000", bytes);

	(void)state;
	hub->nhrp->redirect = true;
	hub->maps4[0] = (struct config_map){ .proto = prefix_of("10.255.255.3"), .nbma = { .addr = addr_of("192.168.200.3") } };
	hub->nhrp->map_count = 1;
	node_start(hub);
	node_hairpin(hub, "10.255.255.3", "10.255.255.2", PEER_NONE);
	assert_int_equal(nhrp_decode(bytes, length, &theirs, NULL), NHRP_DROP_NONE);
	assert_int_equal(nhrp_decode(r->sent[8], r->sent_length[8], &ours, NULL), NHRP_DROP_NONE);
	assert_int_equal(ours.payload_len, 100);
	assert_true(ours.hop_count == theirs.hop_count && ours.flags == theirs.flags && ours.code == theirs.code);
	assert_true(ipaddr_eq(&ours.src_nbma, &theirs.src_nbma) && ipaddr_eq(&ours.src_proto, &theirs.src_proto) &&
		    ipaddr_eq(&ours.dst_proto, &theirs.dst_proto));
	assert_int_equal(ours.extension_count, theirs.extension_count);
	for (size_t i = 0; i < ours.extension_count; i++) {
		assert_int_equal(ours.extensions[i].type, theirs.extensions[i].type);
		assert_int_equal(ours.extensions[i].compulsory, theirs.extensions[i].compulsory);
		assert_int_equal(ours.extensions[i].length, theirs.extensions[i].length);
	}
	rig_free(r);
}

/* 28 octets of the packet are enough. */
static void their_indication_is_understood(void **state)
{
	uint8_t bytes[NHRP_MESSAGE_MAX];
	struct rig *const r = rig_new();
	struct node *const spoke = cisco_like(r, "spoke", "192.168.200.3", "10.255.255.3/24", "secret");
	struct node *const hub = cisco_like(r, "hub", "192.168.200.1", "10.255.255.1/24", "secret");
	const size_t length = from_hex(
		"000108000000000000ff0062d9d00044010804000404000000000000c0a8c801"
		"0affff010affff034500006400050000ff01a78f0affff030affff020800325b"
		"0001000080040000800500008007000a00000001736563726574000900008000"
		"0000", bytes);

	(void)state;
	node_add_nhs(spoke, "10.255.255.1", "192.168.200.1");
	node_start(hub);
	node_start(spoke);
	rig_run(r, 1);
	rig_skip(r);
	node_receive_bytes(spoke, "192.168.200.1", bytes, length);
	rig_expect(r, "spoke --> hub: Resolution Request 10.255.255.2 hop 255");
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registration),
		cmocka_unit_test(resolution),
		cmocka_unit_test(indication),
		cmocka_unit_test(their_indication_is_understood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
