/* Protection: transforms, keys, identities, and the arithmetic of packet sizes. */
#include "folder.h"

static void two_ends(void **state)
{
	(void)state;
	at_spoke(" tunnel protection ipsec profile P\n", "", RULE_PROTECTION_MISMATCH, "interface Tunnel0");
	at_spoke("esp-aes 256 esp-sha256-hmac", "esp-aes esp-sha256-hmac", RULE_PROTECTION_MISMATCH, "transform-set TS");
	at_spoke(" set transform-set TS\n", " set transform-set TS\n set pfs group14\n", RULE_PROTECTION_MISMATCH, "set pfs");
	at_spoke("group 14", "group 5", RULE_PROTECTION_MISMATCH, "crypto isakmp policy");
	at_spoke("isakmp key example", "isakmp key another", RULE_PROTECTION_MISMATCH, "crypto isakmp key");
	/* Transport and tunnel mode come to terms; one set of two is enough. */
	fine_at_spoke(" mode transport\n", " mode tunnel\n");
	fine_at_spoke("crypto ipsec profile P\n set transform-set TS\n",
		      "crypto ipsec transform-set OLD esp-3des esp-md5-hmac\n mode transport\ncrypto ipsec profile P\n set transform-set OLD TS\n");
}

static void keys(void **state)
{
	char *hub = with(HUB, "example address 0.0.0.0", "example address 198.51.100.10"), *spoke = with(SPOKE("10"), "address 0.0.0.0", "address 192.0.2.2");
	struct folder f;

	(void)state;
	folder_of(&f, hub, SPOKE("10"));
	assert_found(&f, RULE_IKE_PEER_NOT_COVERED, "hub.cfg", "crypto isakmp key");
	assert_non_null(strstr(found(&f, RULE_IKE_PEER_NOT_COVERED)->text, "spoke18"));
	folder_done(&f);
	folder_of(&f, HUB, spoke);
	assert_found(&f, RULE_IKE_IDENTITY_HUB_ONLY, "spoke10.cfg", "crypto isakmp key");
	assert_null(found(&f, RULE_IKE_PEER_NOT_COVERED));
	folder_done(&f);
	free(hub);
	free(spoke);
	/* A network that has all of them in it. */
	fine_at_spoke("example address 0.0.0.0\n", "example address 192.0.2.0 255.255.255.0\ncrypto isakmp key example address 198.51.100.0 255.255.255.0\n");
}

#define IKE2(match, id) \
	"crypto ikev2 keyring K\n peer ALL\n  address 0.0.0.0 0.0.0.0\n  pre-shared-key example\n" \
	"crypto ikev2 profile I\n match identity remote " match "\n identity local fqdn " id "\n authentication local pre-share\n" \
	" authentication remote pre-share\n keyring local K\ncrypto ipsec profile P\n set ikev2-profile I\n"

static void version2(struct folder *f, const char *match)
{
	char *spoke, *own;

	*f = (struct folder){ 0 };
	spoke = with(HUB, "crypto ipsec profile P\n", IKE2("fqdn domain example.com", "hub.example.com"));
	folder_add(f, "hub.cfg", spoke);
	free(spoke);
	own = with(SPOKE("10"), "crypto ipsec profile P\n", IKE2("MATCH", "s10.example.com"));
	spoke = with(own, "MATCH", match);
	folder_add(f, "spoke10.cfg", spoke);
	free(own);
	free(spoke);
	spoke = with(SPOKE("18"), "crypto ipsec profile P\n", IKE2("any", "s18.example.com"));
	folder_add(f, "spoke18.cfg", spoke);
	free(spoke);
	folder_judge(f);
}

static void identities(void **state)
{
	struct folder f;

	(void)state;
	version2(&f, "fqdn domain example.com");
	assert_silent(&f);
	folder_done(&f);
	version2(&f, "fqdn hub.example.com");
	assert_found(&f, RULE_IKE_IDENTITY_HUB_ONLY, "spoke10.cfg", "match identity");
	folder_done(&f);
	version2(&f, "fqdn domain example.net");
	assert_found(&f, RULE_IKE_PEER_NOT_COVERED, "spoke10.cfg", "match identity");
	folder_done(&f);
}

/*
 * AES-256 and SHA-256 in transport mode, with a key: outer 20 + ESP 8 + IV 16 + (8 of GRE + inner + 2)
 * to whole blocks of 16 + ICV 16. 1430 makes 1500, 1431 makes 1516.
 */
static void sizes(void **state)
{
	(void)state;
	for (unsigned larger = 0; larger < 2; larger++) {
		char *texts[3] = { with(HUB, "ip mtu 1400", larger ? "ip mtu 1431" : "ip mtu 1430"), with(SPOKE("10"), "ip mtu 1400", larger ? "ip mtu 1431" : "ip mtu 1430"),
				   with(SPOKE("18"), "ip mtu 1400", larger ? "ip mtu 1431" : "ip mtu 1430") };
		struct folder f = { 0 };

		for (size_t i = 0; i < 3; i++) {
			folder_add(&f, i ? i == 1 ? "a" : "b" : "hub.cfg", texts[i]);
			free(texts[i]);
		}
		folder_judge(&f);
		if (larger)
			assert_found(&f, RULE_MTU_TOO_LARGE, "a", "ip mtu 1431");
		else
			assert_silent(&f);
		folder_done(&f);
	}
	at_spoke("ip mtu 1400", "ip mtu 1380", RULE_MTU_MISMATCH, "ip mtu 1380");
	at_spoke(" ip tcp adjust-mss 1360\n", "", RULE_MSS_MISSING, "interface Tunnel0");
	at_spoke("adjust-mss 1360", "adjust-mss 1380", RULE_MSS_TOO_LARGE, "ip tcp adjust-mss");
	fine_at_spoke("10.60.10.1 255.255.255.0\ninterface Tunnel0\n ip address 10.0.0.10 255.255.255.0\n ip mtu 1400\n ip tcp adjust-mss 1360\n",
		      "10.60.10.1 255.255.255.0\n ip tcp adjust-mss 1360\ninterface Tunnel0\n ip address 10.0.0.10 255.255.255.0\n ip mtu 1400\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(two_ends), cmocka_unit_test(keys), cmocka_unit_test(identities), cmocka_unit_test(sizes) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
