/* Crypto blocks: what they resolve to, and what is found wrong on which line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ike/ike_config.h"
#include "ike/ike_messages.h"
#include "ike/ike_resolve.h"

#define TUNNEL \
	"interface Tunnel0\n" \
	" ip address 10.0.0.1 255.255.255.0\n" \
	" ip nhrp network-id 1\n" \
	" tunnel source Gi0/0\n" \
	" tunnel mode gre multipoint\n" \
	" tunnel protection ipsec profile P\n" \
	"interface GigabitEthernet0/0\n" \
	" ip address 192.0.2.1 255.255.255.0\n"
#define SERVER "interface Tunnel0\n ip nhrp nhs 10.0.0.9 nbma 203.0.113.1\n"
#define KEYRING "crypto ikev2 keyring K\n peer ANY\n  address 0.0.0.0 0.0.0.0\n  pre-shared-key secret1\n"
#define PROFILE2 \
	"crypto ikev2 profile V2\n match identity remote any\n authentication local pre-share\n" \
	" authentication remote pre-share\n keyring local K\n"
#define IPSEC2 "crypto ipsec profile P\n set transform-set T\n set ikev2-profile V2\n"
#define GCM "crypto ipsec transform-set T esp-gcm 256\n mode transport\n"
#define POLICY1 "crypto isakmp policy 10\n encryption aes 256\n hash sha256\n authentication pre-share\n group 14\n"
#define KEY1 "crypto isakmp key secret1 address 0.0.0.0\n"
#define IPSEC1 "crypto ipsec profile P\n set transform-set T\n"

struct scene {
	struct config *c;
	struct ike_config *i;
	const struct ike_protection *p; /* of the first tunnel; NULL: none */
};

static struct scene scene_of(const char *text)
{
	struct scene s = { 0 };
	char error[256] = "";

	s.c = config_read_text("test.cfg", text, strlen(text), error, sizeof error);
	if (!s.c)
		fail_msg("%s", error);
	s.i = ike_config_new(s.c);
	s.p = config_find_tunnel(s.c, 0) ? ike_config_protection(s.i, s.c, config_find_tunnel(s.c, 0)) : NULL;
	return s;
}

static void scene_end(struct scene *s)
{
	ike_config_free(s->i);
	config_free(s->c);
}

static unsigned line_of(const struct scene *s, const char *text)
{
	for (size_t k = 0; k < s->c->line_count; k++) {
		if (strstr(s->c->lines[k].text, text))
			return s->c->lines[k].number;
	}
	return 0;
}

/* ---- findings ---- */

struct wrong { const char *text, *on_line, *says; enum ike_severity severity; };

static const struct wrong wrongs[] = {
	{ TUNNEL KEYRING PROFILE2 GCM "crypto ipsec profile P\n set transform-set NONE\n set ikev2-profile V2\n",
	  "set transform-set NONE", "no transform-set NONE", IKE_ERROR },
	{ TUNNEL GCM "crypto ipsec profile P\n set transform-set T\n set ikev2-profile V9\n", "set ikev2-profile V9",
	  "no crypto ikev2 profile V9", IKE_ERROR },
	{ TUNNEL POLICY1 KEY1 GCM "crypto ipsec profile P\n set transform-set T\n set isakmp-profile I9\n",
	  "set isakmp-profile I9", "no crypto isakmp profile I9", IKE_ERROR },
	{ TUNNEL PROFILE2 GCM IPSEC2, "keyring local K", "no crypto ikev2 keyring K", IKE_ERROR },
	{ TUNNEL KEYRING PROFILE2 GCM IPSEC2 "crypto ikev2 policy X\n proposal NONE\n", "proposal NONE",
	  "no crypto ikev2 proposal NONE", IKE_ERROR },
	{ TUNNEL KEYRING PROFILE2 GCM IPSEC2 "crypto ikev2 proposal A\n encryption aes-cbc-256\n integrity sha256\n group 14\n",
	  "crypto ikev2 proposal A", "it is not used", IKE_PRACTICE },
	{ TUNNEL KEYRING PROFILE2 GCM IPSEC2 "crypto ikev2 proposal A\n encryption aes-cbc-256\n group 14\ncrypto ikev2 policy X\n proposal A\n",
	  "crypto ikev2 proposal A", "has no integrity", IKE_ERROR },
	{ TUNNEL KEYRING PROFILE2 GCM IPSEC2 "crypto ikev2 proposal A\n encryption aes-gcm-256\n group 19\ncrypto ikev2 policy X\n proposal A\n",
	  "crypto ikev2 proposal A", "has no prf", IKE_ERROR },
	{ TUNNEL KEYRING "crypto ikev2 profile V2\n match identity remote any\n authentication remote pre-share\n keyring local K\n"
	  GCM IPSEC2, "crypto ikev2 profile V2", "how the local end authenticates", IKE_ERROR },
	{ TUNNEL KEYRING "crypto ikev2 profile V2\n authentication local pre-share\n authentication remote pre-share\n keyring local K\n"
	  GCM IPSEC2, "crypto ikev2 profile V2", "matches no remote identity", IKE_ERROR },
	{ TUNNEL PROFILE2 "crypto ikev2 keyring K\n peer A\n  address 192.0.2.9\n" GCM IPSEC2, "crypto ikev2 profile V2",
	  "no pre-shared key", IKE_ERROR },
	{ TUNNEL KEYRING PROFILE2 " match fvrf OTHER\n" GCM IPSEC2, "match fvrf OTHER", "for VRF OTHER", IKE_ERROR },
	{ TUNNEL KEYRING PROFILE2 " match address local 198.51.100.1\n" GCM IPSEC2, "match address local", "another local address",
	  IKE_ERROR },
	{ TUNNEL KEYRING PROFILE2 " pki trustpoint NONE\n" GCM IPSEC2, "pki trustpoint NONE", "no trustpoint NONE", IKE_ERROR },
	{ TUNNEL KEYRING PROFILE2 GCM IPSEC2 " set isakmp-profile I\n", "set isakmp-profile I", "both versions", IKE_PRACTICE },
	{ TUNNEL KEYRING PROFILE2 GCM IPSEC2 " set pfs group2\n", "set pfs group2", "group 2 is weak", IKE_PRACTICE },
	{ TUNNEL POLICY1 GCM IPSEC1, "crypto ipsec profile P", "no pre-shared key", IKE_ERROR },
	{ TUNNEL KEY1 GCM IPSEC1, "crypto ipsec profile P", "no crypto isakmp policy", IKE_PRACTICE },
	{ TUNNEL KEY1 GCM IPSEC1 "crypto isakmp policy 1\n encryption aes\n group 14\n", "crypto ipsec profile P",
	  "no policy that uses it", IKE_ERROR },
	{ TUNNEL KEY1 GCM IPSEC1 "crypto isakmp policy 1\n authentication pre-share\n", "crypto isakmp policy 1", "DES is weak", IKE_PRACTICE },
	{ TUNNEL KEY1 POLICY1 IPSEC1 "crypto ipsec transform-set T esp-3des esp-md5-hmac\n", "crypto ipsec transform-set T",
	  "esp-md5-hmac is weak", IKE_PRACTICE },
	{ TUNNEL KEY1 POLICY1 IPSEC1 "crypto ipsec transform-set T ah-sha-hmac\n", "crypto ipsec transform-set T", "ah-sha-hmac is not done",
	  IKE_ERROR },
	{ TUNNEL KEY1 POLICY1 IPSEC1 "crypto ipsec transform-set T esp-aes\n", "crypto ipsec transform-set T", "lacks integrity", IKE_ERROR },
	{ TUNNEL KEY1 POLICY1 IPSEC1 "crypto ipsec transform-set T esp-null esp-sha-hmac\n", "crypto ipsec transform-set T",
	  "esp-null is not done", IKE_ERROR },
	{ TUNNEL KEY1 POLICY1 "crypto ipsec profile P\n set transform-set T U\ncrypto ipsec transform-set U esp-aes esp-sha-hmac\n" GCM,
	  "crypto ipsec transform-set U", "another mode", IKE_PRACTICE },
	{ TUNNEL KEY1 POLICY1 GCM IPSEC1 "crypto isakmp key other address 192.0.2.9\n", "crypto ipsec profile P", "speak for any", IKE_PRACTICE },
	{ TUNNEL KEY1 POLICY1 GCM IPSEC1 " set security-association replay disable\n", "crypto ipsec profile P", "replay protection is off",
	  IKE_PRACTICE },
	{ TUNNEL POLICY1 GCM "crypto isakmp profile I\n keyring NONE\n match identity address 0.0.0.0\n"
	  "crypto ipsec profile P\n set transform-set T\n set isakmp-profile I\n", "keyring NONE", "no crypto keyring NONE", IKE_ERROR },
	{ TUNNEL POLICY1 KEY1 GCM "crypto isakmp profile I\n match identity address 0.0.0.0\n local-address Gi0/9\n"
	  "crypto ipsec profile P\n set transform-set T\n set isakmp-profile I\n", "local-address Gi0/9", "another local address", IKE_ERROR },
	{ TUNNEL GCM IPSEC2 "crypto pki trustpoint CA\n ca-file ca.pem\ncrypto ikev2 profile V2\n match identity remote any\n"
	  " authentication local rsa-sig\n authentication remote rsa-sig\n pki trustpoint CA\n", "crypto pki trustpoint CA",
	  "no certificate to authenticate with", IKE_ERROR },
	{ TUNNEL GCM IPSEC2 "crypto pki trustpoint SELF\n enrollment selfsigned\ncrypto ikev2 profile V2\n match identity remote any\n"
	  " authentication local rsa-sig\n authentication remote rsa-sig\n", "crypto ipsec profile P", "no certificate to authenticate with", IKE_ERROR },
	{ TUNNEL GCM IPSEC2 "crypto pki certificate map M 10\n issuer-name co acme\ncrypto pki trustpoint CA\n ca-file a\n"
	  " certificate-file b\n key-file c\ncrypto ikev2 profile V2\n match certificate M\n authentication local rsa-sig\n"
	  " authentication remote rsa-sig\n", "issuer-name co acme", "only subject-name", IKE_ERROR },
	{ TUNNEL "interface Tunnel0\n ip nhrp identity certificate\n" KEY1 POLICY1 GCM IPSEC1, "interface Tunnel0", "nobody can register", IKE_PRACTICE },
	{ TUNNEL " ip address dhcp\n" SERVER KEYRING PROFILE2 GCM IPSEC2, "interface Tunnel0", "an address that may change", IKE_PRACTICE },
	{ TUNNEL " ip address 192.168.1.2 255.255.255.0\n" SERVER KEYRING PROFILE2 GCM IPSEC2, "interface Tunnel0", "behind a NAT",
	  IKE_PRACTICE },
};

static const struct ike_finding *finding(const struct scene *s, const struct wrong *w)
{
	for (size_t k = 0; k < s->i->finding_count; k++) {
		const struct ike_finding *f = &s->i->findings[k];

		if (f->line == line_of(s, w->on_line) && f->severity == w->severity && strstr(f->text, w->says))
			return f;
	}
	return NULL;
}

static void test_what_is_wrong_is_found(void **state)
{
	(void)state;
	for (size_t k = 0; k < sizeof wrongs / sizeof wrongs[0]; k++) {
		struct scene s = scene_of(wrongs[k].text);
		const struct ike_finding *f = finding(&s, &wrongs[k]);

		for (size_t l = 0; !f && l < s.i->finding_count; l++)
			print_message("%u: %s\n", s.i->findings[l].line, s.i->findings[l].text);
		if (!f)
			fail_msg("not found: %s", wrongs[k].says);
		assert_non_null(f->remedy);
		assert_int_equal(ike_config_judge(s.i, s.c), 0);
		assert_true(wrongs[k].severity == IKE_PRACTICE ? config_practice_count(s.c) > 0 : config_blocking_count(s.c) > 0);
		scene_end(&s);
	}
}

static void test_what_is_right_is_quiet(void **state)
{
	static const char *const texts[] = { TUNNEL KEYRING PROFILE2 GCM IPSEC2 "version 17.3\ncrypto ikev2 proposal default\n group 19\n",
					     TUNNEL POLICY1 KEY1 GCM IPSEC1 };

	(void)state;
	for (size_t k = 0; k < 2; k++) {
		struct scene s = scene_of(texts[k]);

		assert_int_equal(config_blocking_count(s.c), 0);
		if (s.i->finding_count)
			fail_msg("%u: %s", s.i->findings[0].line, s.i->findings[0].text);
		scene_end(&s);
	}
}

/* Nothing is asked of blocks that no running tunnel uses. */
static void test_unused_is_not_looked_at(void **state)
{
	struct scene s = scene_of(IPSEC2 "interface Tunnel0\n shutdown\n tunnel protection ipsec profile P\n");

	(void)state;
	assert_int_equal(s.i->protection_count, 0);
	assert_int_equal(s.i->finding_count, 0);
	scene_end(&s);
}

/* ---- defaults ---- */

static void test_hidden_defaults(void **state)
{
	struct scene s = scene_of(TUNNEL KEYRING PROFILE2 "crypto ipsec profile P\n set ikev2-profile V2\n");

	(void)state;
	assert_int_equal(s.p->version, 2);
	assert_string_equal(s.p->ike_proposals,
		"aes256-aes192-aes128-sha512-sha384-sha256-sha1-md5-prfsha512-prfsha384-prfsha256-prfsha1-prfmd5-modp1536-modp1024");
	assert_string_equal(s.p->esp_proposals, "aes128-sha1");
	assert_false(s.p->tunnel_mode);
	assert_int_equal(s.p->ike_life.seconds, 86400);
	assert_int_equal(s.p->child_life.seconds, 3600);
	assert_int_equal(s.p->child_life.kilobytes, 0);
	assert_int_equal(s.p->dpd_delay_s, 0);
	assert_true(s.p->force_encap);
	assert_int_equal(s.p->local_id.kind, IKE_ID_ANY);
	scene_end(&s);
	s = scene_of("version 17.3\n" TUNNEL KEYRING PROFILE2 "crypto ipsec profile P\n set ikev2-profile V2\n");
	assert_string_equal(s.p->ike_proposals, "aes256-sha512-sha384-prfsha512-prfsha384-ecp256-modp2048-ecp521-modp1536");
	scene_end(&s);
	s = scene_of(TUNNEL KEY1 GCM IPSEC1);
	assert_int_equal(s.p->version, 1);
	assert_string_equal(s.p->ike_proposals, "aes128-sha1-modp1536,aes128-md5-modp1536,3des-sha1-modp1024,3des-md5-modp1024");
	assert_string_equal(s.p->esp_proposals, "aes256gcm16");
	scene_end(&s);
}

/* IOS has a profile "default" without a line of configuration. */
static void test_default_profile(void **state)
{
	struct scene s = scene_of("interface Tunnel0\n ip address 10.0.0.1 255.255.255.0\n ip nhrp network-id 1\n tunnel source Gi0/0\n"
				  " tunnel mode gre multipoint\n tunnel protection ipsec profile default\n" KEYRING
				  "crypto ikev2 profile default\n match identity remote any\n authentication local pre-share\n"
				  " authentication remote pre-share\n keyring local K\n");

	(void)state;
	assert_int_equal(config_blocking_count(s.c), 0);
	assert_int_equal(ike_config_errors(s.i), 0);
	assert_non_null(s.p);
	assert_string_equal(s.p->esp_proposals, "aes128-sha1");
	scene_end(&s);
}

/* Without an IKEv2 profile of its name it is IKEv1's, as on routers that have policies and keys only. */
static void test_default_profile_of_v1(void **state)
{
	struct scene s = scene_of("interface Tunnel0\n ip address 10.0.0.1 255.255.255.0\n ip nhrp network-id 1\n tunnel source Gi0/0\n"
				  " tunnel mode gre multipoint\n tunnel protection ipsec profile default\n" POLICY1 KEY1);

	(void)state;
	assert_int_equal(config_blocking_count(s.c), 0);
	assert_int_equal(ike_config_errors(s.i), 0);
	assert_non_null(s.p);
	assert_int_equal(s.p->version, 1);
	assert_false(s.p->tunnel_mode);
	scene_end(&s);
}

/* As a Cisco router prints it: the files have the names that all have. One that names some is asked for the rest. */
static void test_trustpoint_without_files(void **state)
{
	struct scene s = scene_of(TUNNEL GCM IPSEC2 "crypto pki trustpoint SELF\n enrollment selfsigned\n rsakeypair SELF\n"
				  "crypto pki trustpoint CA\n enrollment url http://192.0.2.7:80\n revocation-check none\n rsakeypair CA\n"
				  "crypto pki certificate chain SELF\n certificate self-signed 01 nvram:Self#1.cer\n"
				  "crypto pki certificate chain CA\n certificate 0A\n  30820201 3082016A\n  quit\n certificate ca 01\n  30820201\n  quit\n"
				  "crypto ikev2 profile V2\n match identity remote any\n authentication local rsa-sig\n authentication remote rsa-sig\n");
	const struct ike_trustpoint *t;

	(void)state;
	assert_int_equal(config_blocking_count(s.c), 0);
	assert_int_equal(ike_config_errors(s.i), 0);
	assert_string_equal(s.p->trustpoint, "CA");
	t = ike_trustpoint(s.i, "CA");
	assert_non_null(strstr(t->ca_file, "/ca.crt"));
	assert_non_null(strstr(t->certificate_file, "/router.crt"));
	assert_non_null(strstr(t->key_file, "/router.key"));
	assert_null(ike_trustpoint(s.i, "SELF")->certificate_file);
	scene_end(&s);
}

/* ---- settings ---- */

static void test_settings(void **state)
{
	struct scene s = scene_of(TUNNEL POLICY1 " lifetime 1000\ncrypto isakmp policy 5\n encryption 3des\n authentication pre-share\n"
		" group 2\n lifetime 2000\n" KEY1
		"crypto isakmp keepalive 10 3 periodic\ncrypto isakmp nat keepalive 30\n"
		"crypto ipsec security-association lifetime seconds 7200\ncrypto ipsec security-association replay window-size 512\n"
		"no crypto ipsec nat-transparency udp-encapsulation\ncrypto call admission limit ike in-negotiation-sa 40\n"
		"crypto call admission limit ike sa 50\n"
		"crypto ipsec transform-set T esp-aes 192 esp-sha256-hmac\ncrypto ipsec transform-set U esp-3des esp-sha-hmac\n"
		"crypto ipsec profile P\n set transform-set T U\n set pfs group14\n set security-association lifetime kilobytes 1000\n"
		" set security-association idle-time 120\n responder-only\n");

	(void)state;
	assert_int_equal(ike_config_errors(s.i), 0);
	/* Policy 5 before policy 10, whatever their order in the file. */
	assert_string_equal(s.p->ike_proposals, "3des-sha1-modp1024,aes256-sha256-modp2048");
	assert_string_equal(s.p->esp_proposals, "aes192-sha256-modp2048,3des-sha1-modp2048");
	assert_int_equal(s.p->ike_life.seconds, 2000);
	assert_int_equal(s.p->child_life.seconds, 7200);
	assert_int_equal(s.p->child_life.kilobytes, 1000);
	assert_int_equal(s.p->idle_s, 120);
	assert_int_equal(s.p->replay_window, 512);
	assert_int_equal(s.p->dpd_delay_s, 10);
	assert_int_equal(s.p->dpd_timeout_s, 25);
	assert_int_equal(s.p->nat_keepalive_s, 30);
	assert_true(s.p->tunnel_mode);
	assert_true(s.p->pfs);
	assert_true(s.p->responder_only);
	assert_false(s.p->force_encap);
	assert_int_equal(s.i->half_open_limit, 40);
	assert_int_equal(s.i->ike_sa_limit, 50);
	scene_end(&s);
}

static void test_policy_by_vrf_and_address(void **state)
{
	struct scene s = scene_of("vrf definition F\n" TUNNEL KEYRING PROFILE2 " match fvrf any\n" GCM IPSEC2
		"interface Tunnel0\n tunnel vrf F\n"
		"crypto ikev2 proposal A\n encryption aes-cbc-128\n integrity sha256\n group 14\n"
		"crypto ikev2 proposal B\n encryption aes-cbc-192\n integrity sha256\n group 14\n"
		"crypto ikev2 proposal C\n encryption aes-cbc-256\n integrity sha256\n group 14\n"
		"crypto ikev2 policy GLOBAL\n proposal A\ncrypto ikev2 policy ANY\n match fvrf any\n proposal B\n"
		"crypto ikev2 policy MINE\n match fvrf F\n proposal C\n");

	(void)state;
	assert_string_equal(s.p->ike_proposals, "aes256-sha256-prfsha256-modp2048");
	scene_end(&s);
}

static void test_one_protection_for_one_source(void **state)
{
	struct scene s = scene_of(TUNNEL POLICY1 KEY1 GCM IPSEC1
		"interface Tunnel1\n ip address 10.0.1.1 255.255.255.0\n ip nhrp network-id 2\n tunnel source 192.0.2.1\n"
		" tunnel key 1\n tunnel mode gre multipoint\n tunnel protection ipsec profile P shared\n"
		"interface Tunnel2\n ip address 10.0.2.1 255.255.255.0\n ip nhrp network-id 3\n tunnel source 192.0.2.2\n"
		" tunnel mode gre multipoint\n tunnel protection ipsec profile P\n");

	(void)state;
	assert_int_equal(s.i->protection_count, 2);
	assert_ptr_equal(s.p, ike_config_protection(s.i, s.c, config_find_tunnel(s.c, 1)));
	assert_ptr_not_equal(s.p, ike_config_protection(s.i, s.c, config_find_tunnel(s.c, 2)));
	assert_string_equal(s.i->protections[1].name, "P-2");
	scene_end(&s);
}

static void test_secrets(void **state)
{
	struct scene s = scene_of(TUNNEL PROFILE2 GCM IPSEC2 "crypto ikev2 keyring K\n peer A\n  address 192.0.2.9\n  pre-shared-key local one\n"
		"  pre-shared-key remote 0 two\n peer B\n  identity fqdn b.example\n  pre-shared-key hex 00ff10\n peer C\n"
		"  address 198.51.100.0 255.255.255.0\n  pre-shared-key 0\n");
	const struct ike_secret *k = s.i->secrets;

	(void)state;
	assert_int_equal(s.i->secret_count, 4);
	assert_true(k[0].local_only && !k[0].remote_only && k[0].length == 3 && !memcmp(k[0].bytes, "one", 3));
	assert_true(k[1].remote_only && k[1].length == 3 && !memcmp(k[1].bytes, "two", 3));
	assert_string_equal(k[1].remote.text, "192.0.2.9");
	assert_true(k[2].length == 3 && !memcmp(k[2].bytes, "\0\377\20", 3));
	assert_string_equal(k[2].remote.text, "fqdn:b.example");
	assert_string_equal(k[3].remote.text, "198.51.100.0/24");
	assert_true(k[3].length == 1 && k[3].bytes[0] == '0');
	scene_end(&s);
}

static void test_keyrings_of_vrfs(void **state)
{
	static const char *const tail = POLICY1 KEY1 GCM IPSEC1
		"crypto keyring R vrf F\n pre-shared-key address 0.0.0.0 0.0.0.0 key inF\ncrypto keyring G\n"
		" pre-shared-key hostname peer.example key inG\n";
	char text[2048];
	struct scene s;

	(void)state;
	snprintf(text, sizeof text, "vrf definition F\n" TUNNEL "interface Tunnel0\n tunnel vrf F\n%s", tail);
	s = scene_of(text);
	assert_int_equal(s.i->secret_count, 1);
	assert_memory_equal(s.i->secrets[0].bytes, "inF", 3);
	scene_end(&s);
	snprintf(text, sizeof text, TUNNEL "%s", tail);
	s = scene_of(text);
	assert_int_equal(s.i->secret_count, 2);
	assert_memory_equal(s.i->secrets[0].bytes, "secret1", 7);
	assert_string_equal(s.i->secrets[1].remote.text, "fqdn:peer.example");
	scene_end(&s);
}

/* ---- who is welcome ---- */

static void test_accepts(void **state)
{
	struct scene s = scene_of(TUNNEL KEYRING "crypto ikev2 profile V2\n match identity remote address 192.0.2.0 255.255.255.0\n"
		" match identity remote fqdn hub.example\n match identity remote fqdn domain spokes.example\n"
		" match identity remote email domain acme.example\n match identity remote key-id seven\n match certificate M\n"
		" authentication local pre-share\n authentication remote pre-share\n keyring local K\n" GCM IPSEC2
		"crypto pki certificate map M 10\n subject-name co ou = dmvpn\n subject-name nc cn = evil\n"
		"crypto pki certificate map M 20\n subject-name eq cn=one, o=Acme\n");
	static const char *const welcome[] = { "192.0.2.77", "hub.example", "HUB.example", "a.spokes.example", "x@acme.example", "seven",
					       "O=Acme, OU=DMVPN, CN=spoke", "CN=one, O=ACME" };
	static const char *const strangers[] = { "198.51.100.1", "hub.example.org", "spokes.example", "aspokes.example",
						 "x@acme.example.org", "eight", "O=Acme, OU=other, CN=spoke", "OU=dmvpn, CN=evil",
						 "CN=one, O=Acme, C=CH", "", "CN=a.spokes.example", "CN=x@acme.example" };

	(void)state;
	for (size_t k = 0; k < sizeof welcome / sizeof welcome[0]; k++) {
		if (!ike_protection_accepts(s.p, welcome[k]))
			fail_msg("not welcome: %s", welcome[k]);
	}
	for (size_t k = 0; k < sizeof strangers / sizeof strangers[0]; k++) {
		if (ike_protection_accepts(s.p, strangers[k]))
			fail_msg("welcome: %s", strangers[k]);
	}
	scene_end(&s);
}

static void test_identity_lines(void **state)
{
	static const char text[] = "interface Tunnel0\n ip nhrp identity certificate\n ip nhrp identity fqdn spoke1.example address 10.0.0.11\n"
		" ip nhrp identity dn CN=spoke2,O=Acme address 10.0.0.12\n ip nhrp identity email a@b address 10.0.0.16 255.255.255.240\n"
		" ip nhrp identity address 192.0.2.9 address 10.0.0.13\n ipv6 nhrp identity key-id k address 2001:db8::/64\n"
		" ip nhrp identity fqdn gone.example address 10.0.0.1\n no ip nhrp identity fqdn gone.example address 10.0.0.1\n";
	struct scene s = scene_of(text), again;
	const struct config_nhrp *n = &config_find_tunnel(s.c, 0)->tunnel->nhrp4;
	char prefix[IPPREFIX_TEXT_MAX], *printed = config_print(s.c), *twice;

	(void)state;
	assert_int_equal(n->identity_count, 4);
	assert_true(n->identity_certificate);
	assert_false(config_find_tunnel(s.c, 0)->tunnel->nhrp6.identity_certificate);
	assert_non_null(strstr(printed, "\n ip nhrp identity certificate\n"));
	assert_true(ike_identity_matches(&n->identities[0], "Spoke1.example"));
	assert_false(ike_identity_matches(&n->identities[0], "CN=spoke1.example"));
	assert_true(ike_identity_matches(&n->identities[1], "CN=spoke2, O=Acme"));
	assert_false(ike_identity_matches(&n->identities[1], "CN=spoke2"));
	assert_string_equal(ipprefix_format(&n->identities[2].overlay, prefix), "10.0.0.16/28");
	assert_true(ike_identity_matches(&n->identities[3], "192.0.2.9"));
	assert_int_equal(config_find_tunnel(s.c, 0)->tunnel->nhrp6.identity_count, 1);
	again = scene_of(printed);
	twice = config_print(again.c);
	assert_string_equal(printed, twice);
	assert_non_null(strstr(twice, " ip nhrp identity email a@b address 10.0.0.16 255.255.255.240\n"));
	assert_non_null(strstr(twice, " ipv6 nhrp identity key-id k address 2001:db8::/64\n"));
	free(printed);
	free(twice);
	scene_end(&again);
	scene_end(&s);
}

/* ---- messages ---- */

static void test_connection_names(void **state)
{
	struct scene s = scene_of(TUNNEL POLICY1 KEY1 GCM IPSEC1);
	const struct ipaddr local = ipaddr_v4(0xc0000201), remote = ipaddr_v4(0xc0000209);
	struct vici_writer w = { 0 };
	char name[IKE_CONNECTION_NAME_MAX];
	struct ipaddr a, b;
	uint32_t number;
	uint16_t port;

	(void)state;
	ike_load_connection(&w, s.i, s.p, &local, &remote, 4501, name);
	assert_string_equal(name, "P@192.0.2.1>192.0.2.9%4501");
	assert_true(ike_connection_parse(s.i, name, &number, &a, &b, &port));
	assert_true(number == 1 && ipaddr_eq(&a, &local) && ipaddr_eq(&b, &remote) && port == 4501);
	assert_true(ike_connection_parse(s.i, "P@192.0.2.1", &number, &a, &b, &port) && ipaddr_is_none(&b));
	assert_false(ike_connection_parse(s.i, "Q@192.0.2.1", &number, &a, &b, &port));
	assert_false(ike_connection_parse(s.i, "P@", &number, &a, &b, &port));
	assert_false(ike_connection_parse(s.i, "P@192.0.2.1>192.0.2.9%0", &number, &a, &b, &port));
	assert_false(ike_connection_parse(s.i, "P@192.0.2.1>192.0.2.9%99999", &number, &a, &b, &port));
	assert_false(ike_connection_parse(s.i, "P", &number, &a, &b, &port));
	assert_false(ike_connection_parse(s.i, NULL, &number, &a, &b, &port));
	vici_writer_done(&w);
	scene_end(&s);
}

static bool connection_says(const struct scene *s, const char *words)
{
	const struct ipaddr local = ipaddr_v4(0xc0000201);
	char name[IKE_CONNECTION_NAME_MAX], *text;
	struct vici_writer w = { 0 };
	struct vici_message *m;
	bool says;

	ike_load_connection(&w, s->i, s->p, &local, &IPADDR_NONE, 0, name);
	m = vici_message_parse(w.bytes, w.length);
	assert_non_null(m);
	text = vici_message_text(m);
	says = strstr(text, words);
	free(text);
	vici_message_free(m);
	vici_writer_done(&w);
	return says;
}

static void test_connections_of_the_kernel(void **state)
{
	struct scene s = scene_of(TUNNEL POLICY1 KEY1 GCM IPSEC1);

	(void)state;
	assert_true(connection_says(&s, "encap = yes"));
	assert_false(connection_says(&s, "reqid"));
	ike_config_for_kernel(s.i, 17);
	assert_true(connection_says(&s, "encap = no"));
	assert_true(connection_says(&s, "reqid = 17"));
	scene_end(&s);
}

static void test_same(void **state)
{
	static const char base[] = TUNNEL POLICY1 KEY1 GCM IPSEC1;
	static const char *const changes[] = { " set pfs group14\n", "crypto isakmp keepalive 10\n", "crypto isakmp key other address 192.0.2.9\n",
					       " responder-only\n", "crypto isakmp policy 11\n authentication pre-share\n" };
	struct scene s = scene_of(base), t = scene_of(base);

	(void)state;
	assert_true(ike_protection_same(s.i, 1, t.i, 1));
	scene_end(&t);
	for (size_t k = 0; k < sizeof changes / sizeof changes[0]; k++) {
		char text[2048];

		snprintf(text, sizeof text, "%s%s", base, changes[k]);
		t = scene_of(text);
		assert_false(ike_protection_same(s.i, 1, t.i, 1));
		scene_end(&t);
	}
	assert_false(ike_protection_same(s.i, 1, s.i, 2));
	scene_end(&s);
}

/* No line that is shown holds a key. */
static void test_secrets_are_masked(void **state)
{
	struct scene s = scene_of("crypto isakmp key hidden1 address 192.0.2.1\ncrypto isakmp key 0 hidden2 hostname a.example\n"
		"crypto keyring R\n pre-shared-key address 0.0.0.0 0.0.0.0 key hidden3\n pre-shared-key hostname b key hidden4\n"
		"crypto ikev2 keyring K\n peer A\n  pre-shared-key hidden5\n  pre-shared-key local hidden6\n  pre-shared-key hex hidden7\n"
		"  pre-shared-key remote 0 hidden8\ncrypto ikev2 profile V\n authentication local pre-share key hidden9\n");

	(void)state;
	for (size_t k = 0; k < s.c->line_count; k++) {
		if (strstr(s.c->lines[k].text, "hidden") || (s.c->lines[k].reason && strstr(s.c->lines[k].reason, "hidden")))
			fail_msg("%s", s.c->lines[k].text);
	}
	scene_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_wrong_is_found), cmocka_unit_test(test_what_is_right_is_quiet),
		cmocka_unit_test(test_unused_is_not_looked_at), cmocka_unit_test(test_hidden_defaults),
		cmocka_unit_test(test_default_profile), cmocka_unit_test(test_default_profile_of_v1),
		cmocka_unit_test(test_trustpoint_without_files), cmocka_unit_test(test_settings),
		cmocka_unit_test(test_policy_by_vrf_and_address), cmocka_unit_test(test_one_protection_for_one_source),
		cmocka_unit_test(test_secrets), cmocka_unit_test(test_keyrings_of_vrfs), cmocka_unit_test(test_accepts),
		cmocka_unit_test(test_identity_lines), cmocka_unit_test(test_connection_names), cmocka_unit_test(test_connections_of_the_kernel),
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_secrets_are_masked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
