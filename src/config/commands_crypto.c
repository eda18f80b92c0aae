/* crypto …: kept as blocks; src/ike makes connections and secrets for strongSwan of them. What is
 * HONOURED here is used there; what it finds wrong comes back by config_judge_line(). */
#include <string.h>

#include "config/commands.h"
#include "config/reading.h"

#define ENCRYPTED "write the key in clear: encrypted ones are not read"
#define PKI "certificates and keys are files: ca.crt, router.crt and router.key beside this one, or what ca-file, certificate-file and key-file of the trustpoint name"
#define LIMITS "strongSwan bounds the load of IKE by itself"
#define NO_MAP "only tunnel protection is done, not crypto maps"
#define NO_GDOI "group keys (GETVPN) are not done"
#define NO_CLIENT "remote access clients are not served"
#define DF_BIT "path MTU discovery is settled by tunnel path-mtu-discovery"
#define INSIDE_VRF "the VRF inside is the tunnel interface's"
#define NO_AAA "lists of a AAA server are not asked"

/* The certificate itself follows, unless it is kept elsewhere: "nvram:IOS-Self-Sig#1.cer". */
static void open_certificate(struct reading *r, const struct match *m)
{
	if (m->sign != SIGN_SET)
		return;
	reading_raw(r, r->indent, m->canonical);
	if (!strchr(m->canonical, ':'))
		r->until = reading_keep(r, "quit");
}

const struct command commands_crypto[] = {
	{ "crypto isakmp policy <1-65535>", HONOURED, NULL, NULL, MODE_ISAKMP_POLICY },
	{ "crypto isakmp key [0] <secret> address <ip> [<mask>] [no-xauth]", HONOURED },
	{ "crypto isakmp key [0] <secret> address ipv6 (<prefix6>|<ip6>)", HONOURED },
	{ "crypto isakmp key [0] <secret> hostname <word>", HONOURED },
	{ "crypto isakmp key <6-7> <secret> <*>", TRAFFIC, ENCRYPTED },
	{ "crypto isakmp keepalive <10-3600> [<2-60>] [(periodic|on-demand)]", HONOURED, .keeping = SINGLE },
	{ "crypto isakmp nat keepalive <5-3600>", HONOURED, .keeping = SINGLE },
	{ "crypto isakmp identity (address|hostname|dn)", HONOURED, .keeping = SINGLE },
	{ "crypto isakmp invalid-spi-recovery", NO_EFFECT, "strongSwan answers unknown SPIs itself" },
	{ "crypto isakmp aggressive-mode disable", NO_EFFECT, "aggressive mode is never used" },
	{ "crypto isakmp (enable|fragmentation) [<*>]", NO_EFFECT, "strongSwan does so anyway" },
	{ "crypto isakmp profile <word>", HONOURED, NULL, NULL, MODE_ISAKMP_PROFILE },
	{ "crypto isakmp nat-traversal [<*>]", NO_EFFECT, "NAT is always looked for" },
	{ "crypto isakmp default policy", NO_EFFECT, "the file's own policies are used" },
	{ "crypto isakmp diagnose <*>", NO_EFFECT, "the log is set up by the system" },
	{ "crypto isakmp peer <*>", TRAFFIC, "aggressive mode is not used", NULL, MODE_UNSUPPORTED },
	{ "crypto isakmp client <*>", TRAFFIC, NO_CLIENT, NULL, MODE_UNSUPPORTED },
	{ "crypto isakmp <1-2> <*>", TRAFFIC, "not known" },
	{ "crypto keyring <word> [vrf <word>]", HONOURED, NULL, NULL, MODE_KEYRING },
	{ "crypto ipsec transform-set <word> <*>", HONOURED, NULL, NULL, MODE_TRANSFORM_SET, KEYED },
	{ "crypto ipsec profile <word>", HONOURED, NULL, NULL, MODE_IPSEC_PROFILE },
	{ "crypto ipsec security-association replay (disable|window-size <64-1024>)", HONOURED, .keeping = SINGLE },
	{ "crypto ipsec security-association lifetime seconds <10-2592000>", HONOURED, .keeping = SINGLE },
	{ "crypto ipsec security-association lifetime kilobytes (<1-4294967295>|disable)", HONOURED, .keeping = SINGLE },
	{ "crypto ipsec security-association idle-time <*>", HONOURED, .keeping = SINGLE },
	{ "crypto ipsec security-association (multi-sn|dummy|replay-checking) [<*>]", UNSUPPORTED, "left to strongSwan" },
	{ "crypto ipsec df-bit (clear|set|copy)", NO_EFFECT, DF_BIT },
	{ "crypto ipsec fragmentation before-encryption", NO_EFFECT, "packets are cut before they are encrypted" },
	{ "crypto ipsec fragmentation after-encryption", UNSUPPORTED, "packets are cut before they are encrypted" },
	{ "crypto ipsec nat-transparency udp-encapsulation", HONOURED, .keeping = TOGGLE },
	{ "crypto ipsec nat-transparency spi-matching", UNSUPPORTED, "behind NAT, ESP goes in UDP" },
	{ "crypto ipsec client <*>", TRAFFIC, NO_CLIENT, NULL, MODE_UNSUPPORTED },
	{ "crypto ipsec optional [<*>]", TRAFFIC, "traffic is protected or dropped" },
	{ "crypto ikev2 proposal <word>", HONOURED, NULL, NULL, MODE_IKEV2_PROPOSAL },
	{ "crypto ikev2 policy <word>", HONOURED, NULL, NULL, MODE_IKEV2_POLICY },
	{ "crypto ikev2 keyring <word>", HONOURED, NULL, NULL, MODE_IKEV2_KEYRING },
	{ "crypto ikev2 profile <word>", HONOURED, NULL, NULL, MODE_IKEV2_PROFILE },
	{ "crypto ikev2 dpd <10-3600> <2-60> (on-demand|periodic)", HONOURED, .keeping = SINGLE },
	{ "crypto ikev2 nat keepalive <5-3600>", HONOURED, .keeping = SINGLE },
	{ "crypto ikev2 fragmentation", NO_EFFECT, "long IKE messages are always cut" },
	{ "crypto ikev2 fragmentation mtu <68-1500>", NO_EFFECT, "IKE fragments fit into 1280 octets" },
	{ "crypto ikev2 cookie-challenge <*>", NO_EFFECT, LIMITS },
	{ "crypto ikev2 limit max-in-negotation-sa <1-40000> [(incoming|outgoing)]", HONOURED, .keeping = SINGLE },
	{ "crypto ikev2 limit max-sa <1-40000>", HONOURED, .keeping = SINGLE },
	{ "crypto ikev2 (limit|window|http-url|certificate-cache|redirect|name-mangler|diagnose|disconnect-revoked-peers) [<*>]",
	  NO_EFFECT, LIMITS },
	{ "crypto ikev2 authorization <*>", TRAFFIC, NO_AAA, NULL, MODE_UNSUPPORTED },
	{ "crypto ikev2 client <*>", TRAFFIC, NO_CLIENT, NULL, MODE_UNSUPPORTED },
	{ "crypto call admission limit ike in-negotiation-sa <0-99999>", HONOURED, .keeping = SINGLE },
	{ "crypto call admission limit ike sa <0-99999>", HONOURED, .keeping = SINGLE },
	{ "crypto call admission <*>", NO_EFFECT, LIMITS },
	{ "crypto logging <*>", NO_EFFECT, "the log is set up by the system" },
	{ "crypto (vpn|ssl|sslvpn) <*>", UNSUPPORTED, NO_CLIENT, NULL, MODE_UNSUPPORTED },
	{ "crypto (engine|mib|xauth|provisioning) <*>", NO_EFFECT, "the hardware is set up by the system" },
	{ "crypto key (generate|zeroize|export|import|encrypt|storage) <*>", NO_EFFECT, "an operation, not a setting" },
	{ "crypto key pubkey-chain rsa", UNSUPPORTED, PKI, NULL, MODE_UNSUPPORTED },
	{ "crypto pki trustpoint <word>", HONOURED, NULL, NULL, MODE_TRUSTPOINT },
	{ "crypto ca trustpoint <word>", HONOURED, NULL, NULL, MODE_TRUSTPOINT },
	{ "crypto (pki|ca) certificate chain <word>", NO_EFFECT, PKI, NULL, MODE_CERT_CHAIN },
	{ "crypto pki certificate map <word> <1-65535>", HONOURED, NULL, NULL, MODE_CERT_MAP },
	{ "crypto pki certificate <*>", NO_EFFECT, PKI },
	{ "crypto pki server <word>", UNSUPPORTED, "no certificates are issued", NULL, MODE_UNSUPPORTED },
	{ "crypto (pki|ca) (authenticate|enroll|import|export|token|profile) <*>", NO_EFFECT, PKI },
	{ "crypto gdoi <*>", TRAFFIC, NO_GDOI, NULL, MODE_UNSUPPORTED },
	{ "crypto gkm <*>", TRAFFIC, NO_GDOI, NULL, MODE_UNSUPPORTED },
	{ "crypto map <*>", TRAFFIC, NO_MAP, NULL, MODE_UNSUPPORTED },
	{ "crypto dynamic-map <*>", TRAFFIC, NO_MAP, NULL, MODE_UNSUPPORTED },
	{ NULL },
};

const struct command commands_isakmp_policy[] = {
	{ "encryption aes [(128|192|256)]", HONOURED, .keeping = SINGLE },
	{ "encryption (des|3des)", HONOURED, .keeping = SINGLE },
	{ "hash (md5|sha|sha256|sha384|sha512)", HONOURED, .keeping = SINGLE },
	{ "authentication (pre-share|rsa-sig|rsa-encr|ecdsa-sig)", HONOURED, .keeping = SINGLE },
	{ "group <1-31>", HONOURED, .keeping = SINGLE },
	{ "lifetime <60-86400>", HONOURED, .keeping = SINGLE },
	{ NULL },
};

const struct command commands_keyring[] = {
	{ "pre-shared-key address <ip> [<mask>] key [0] <secret>", HONOURED },
	{ "pre-shared-key address ipv6 (<prefix6>|<ip6>) key [0] <secret>", HONOURED },
	{ "pre-shared-key hostname <word> key [0] <secret>", HONOURED },
	{ "pre-shared-key address <ip> [<mask>] key <6-7> <secret>", TRAFFIC, ENCRYPTED },
	{ "local-address (<ip>|<if>) [<word>]", HONOURED, .keeping = SINGLE },
	{ "rsa-pubkey <*>", TRAFFIC, PKI, NULL, MODE_UNSUPPORTED },
	{ "description <text>", HONOURED, .keeping = SINGLE },
	{ NULL },
};

const struct command commands_isakmp_profile[] = {
	{ "description <text>", HONOURED, .keeping = SINGLE },
	{ "keyring <word>", HONOURED, .keeping = SINGLE },
	{ "match identity address <ip> [<mask>] [<word>]", HONOURED },
	{ "match identity address <ip> <word>", HONOURED },
	{ "match identity address ipv6 (<prefix6>|<ip6>)", HONOURED },
	{ "match identity host [domain] <word>", HONOURED },
	{ "match identity user [domain] <word>", HONOURED },
	{ "match identity user-fqdn <word>", TRAFFIC, "write match identity user" },
	{ "xauth", NO_EFFECT, NO_CLIENT },
	{ "match identity group <word>", TRAFFIC, NO_CLIENT },
	{ "match certificate <word>", HONOURED },
	{ "local-address (<ip>|<if>) [<word>]", HONOURED, .keeping = SINGLE },
	{ "vrf <word>", NO_EFFECT, INSIDE_VRF },
	{ "self-identity (address|fqdn|user-fqdn) [<word>]", HONOURED, .keeping = SINGLE },
	{ "ca trust-point <word>", HONOURED, .keeping = SINGLE },
	{ "keepalive <10-3600> retry <2-60>", HONOURED, .keeping = SINGLE },
	{ "initiate mode aggressive", TRAFFIC, "aggressive mode is not used" },
	{ "isakmp authorization list <word>", UNSUPPORTED, NO_AAA },
	{ "client <*>", TRAFFIC, NO_CLIENT },
	{ "virtual-template <*>", TRAFFIC, NO_CLIENT },
	{ "accounting <*>", UNSUPPORTED, NO_AAA },
	{ "qos-group <*>", NO_EFFECT, "quality of service is left to the system" },
	{ NULL },
};

const struct command commands_transform_set[] = {
	{ "mode (transport|tunnel) [require]", HONOURED, .keeping = SINGLE },
	{ NULL },
};

const struct command commands_ipsec_profile[] = {
	{ "description <text>", HONOURED, .keeping = SINGLE },
	{ "set transform-set <*>", HONOURED, .keeping = SINGLE },
	{ "set ikev2-profile <word>", HONOURED, .keeping = SINGLE },
	{ "set isakmp-profile <word>", HONOURED, .keeping = SINGLE },
	{ "set pfs [(group1|group2|group5|group14|group15|group16|group19|group20|group21|group24)]", HONOURED, .keeping = SINGLE },
	{ "set security-association lifetime seconds <10-2592000>", HONOURED, .keeping = SINGLE },
	{ "set security-association lifetime kilobytes (<1-4294967295>|disable)", HONOURED, .keeping = SINGLE },
	{ "set security-association lifetime days <1-30>", HONOURED, .keeping = SINGLE },
	{ "set security-association idle-time <60-86400> [default]", HONOURED, .keeping = SINGLE },
	{ "set security-association replay (disable|window-size <64-1024>)", HONOURED, .keeping = SINGLE },
	{ "set security-association dfbit (clear|set|copy)", NO_EFFECT, DF_BIT },
	{ "set security-association <*>", UNSUPPORTED, "left to strongSwan" },
	{ "set (identity|mixed-mode|security-policy|reverse-route) [<*>]", TRAFFIC, "the protected traffic is the tunnel's GRE" },
	{ "responder-only", HONOURED, .keeping = SINGLE },
	{ "(reverse-route|dialer) [<*>]", TRAFFIC, "the protected traffic is the tunnel's GRE" },
	{ "redundancy <word> [stateful]", TRAFFIC, "the protected traffic is the tunnel's GRE" },
	{ NULL },
};

const struct command commands_ikev2_proposal[] = {
	{ "encryption <*>", HONOURED, .keeping = SINGLE },
	{ "integrity (md5|sha1|sha256|sha384|sha512) [<*>]", HONOURED, .keeping = SINGLE },
	{ "prf <*>", HONOURED, .keeping = SINGLE },
	{ "group <*>", HONOURED, .keeping = SINGLE },
	{ NULL },
};

const struct command commands_ikev2_policy[] = {
	{ "proposal <word>", HONOURED },
	{ "match fvrf (any|<word>)", HONOURED, .keeping = SINGLE },
	{ "match address local (<ip>|<ip6>)", HONOURED },
	{ "description <text>", HONOURED, .keeping = SINGLE },
	{ NULL },
};

const struct command commands_ikev2_keyring[] = {
	{ "peer <word>", HONOURED, NULL, NULL, MODE_IKEV2_PEER },
	{ "aaa attribute list <word>", TRAFFIC, NO_AAA },
	{ NULL },
};

const struct command commands_ikev2_peer[] = {
	{ "description <text>", HONOURED, .keeping = SINGLE },
	{ "address <ip> [<mask>]", HONOURED },
	{ "address (<prefix6>|<ip6>)", HONOURED },
	{ "hostname <word>", HONOURED, .keeping = SINGLE },
	{ "identity (address|fqdn|email|key-id) [domain] <word>", HONOURED, .keeping = SINGLE },
	{ "pre-shared-key [(local|remote)] [0] <secret>", HONOURED },
	{ "pre-shared-key [(local|remote)] hex <secret>", HONOURED },
	{ "pre-shared-key [(local|remote)] <6-7> <secret>", TRAFFIC, ENCRYPTED },
	{ NULL },
};

const struct command commands_ikev2_profile[] = {
	{ "description <text>", HONOURED, .keeping = SINGLE },
	{ "match fvrf (any|<word>)", HONOURED, .keeping = SINGLE },
	{ "match identity remote address <ip> [<mask>]", HONOURED },
	{ "match identity remote address (<prefix6>|<ip6>)", HONOURED },
	{ "match identity remote (fqdn|email) [domain] <word>", HONOURED },
	{ "match identity remote key-id <word>", HONOURED },
	{ "match identity remote any", HONOURED },
	{ "match address local (<ip>|<ip6>|interface <if>)", HONOURED },
	{ "match certificate <word>", HONOURED },
	{ "match vrf <word>", NO_EFFECT, INSIDE_VRF },
	{ "(ppk|config-mode|anyconnect|dynamic|tunnel) <*>", TRAFFIC, NO_CLIENT },
	{ "lifetime certificate", UNSUPPORTED, "sessions are renewed by the lifetime in seconds" },
	{ "identity local (address|fqdn|email|key-id) <word>", HONOURED, .keeping = SINGLE },
	{ "identity local dn", HONOURED, .keeping = SINGLE },
	{ "authentication (local|remote) (pre-share|rsa-sig|ecdsa-sig)", HONOURED },
	{ "authentication (local|remote) pre-share key [0] <secret>", HONOURED },
	{ "authentication (local|remote) pre-share key <6-7> <secret>", TRAFFIC, ENCRYPTED },
	{ "authentication (local|remote) (eap|anyconnect-eap) [<*>]", TRAFFIC, NO_CLIENT },
	{ "keyring local <word>", HONOURED, .keeping = SINGLE },
	{ "keyring aaa <*>", TRAFFIC, NO_AAA },
	{ "keyring <word>", TRAFFIC, "write keyring local NAME", .keeping = SINGLE },
	{ "pki trustpoint <word> [(sign|verify)]", HONOURED },
	{ "lifetime <120-86400>", HONOURED, .keeping = SINGLE },
	{ "dpd <10-3600> <2-60> (on-demand|periodic)", HONOURED, .keeping = SINGLE },
	{ "nat keepalive <5-3600>", HONOURED, .keeping = SINGLE },
	{ "nat force-encap", HONOURED, .keeping = SINGLE },
	{ "ivrf <word>", NO_EFFECT, INSIDE_VRF },
	{ "initial-contact force", NO_EFFECT, "strongSwan does so anyway" },
	{ "aaa authorization (group|user) <*>", TRAFFIC, NO_AAA },
	{ "aaa authentication (eap|anyconnect-eap) <*>", TRAFFIC, NO_AAA },
	{ "aaa accounting (psk|cert|eap) <*>", UNSUPPORTED, NO_AAA },
	{ "virtual-template <*>", TRAFFIC, NO_CLIENT },
	{ "config-exchange <*>", UNSUPPORTED, "configuration payloads are not used" },
	{ "(redirect|reconnect|accounting|shutdown) [<*>]", UNSUPPORTED, "left to strongSwan" },
	{ NULL },
};

const struct command commands_trustpoint[] = {
	{ "ca-file <word>", HONOURED, .keeping = SINGLE },
	{ "certificate-file <word>", HONOURED, .keeping = SINGLE },
	{ "key-file <word>", HONOURED, .keeping = SINGLE },
	{ "revocation-check <*>", HONOURED, .keeping = SINGLE },
	{ "enrollment <*>", NO_EFFECT, PKI },
	{ "subject-name <*>", NO_EFFECT, PKI },
	{ "subject-alt-name <*>", NO_EFFECT, PKI },
	{ "rsakeypair <*>", NO_EFFECT, PKI },
	{ "eckeypair <*>", NO_EFFECT, PKI },
	{ "fqdn <*>", NO_EFFECT, PKI },
	{ "ip-address [(<ip>|<if>)]", NO_EFFECT, PKI },
	{ "serial-number [<*>]", NO_EFFECT, PKI },
	{ "hash <*>", NO_EFFECT, PKI },
	{ "usage <*>", NO_EFFECT, PKI },
	{ "vrf <word>", NO_EFFECT, PKI },
	{ "source <*>", NO_EFFECT, PKI },
	{ "password [<0-7>] <secret>", NO_EFFECT, PKI },
	{ "fingerprint <*>", NO_EFFECT, PKI },
	{ "auto-enroll [<*>]", NO_EFFECT, PKI },
	{ "chain-validation [<*>]", NO_EFFECT, PKI },
	{ "storage <*>", NO_EFFECT, PKI },
	{ "issuer-name <*>", NO_EFFECT, PKI },
	{ "name <*>", NO_EFFECT, PKI },
	{ "regenerate", NO_EFFECT, PKI },
	{ "primary", NO_EFFECT, PKI },
	{ "(ocsp|crl|query|root) <*>", NO_EFFECT, PKI },
	{ "match certificate <*>", UNSUPPORTED, "certificates are matched by the IKE profile" },
	{ "authorization (username|list) <*>", NO_EFFECT, NO_AAA },
	{ NULL },
};

const struct command commands_cert_map[] = {
	{ "(subject-name|issuer-name|alt-subject-name|name|unstructured-subject-name) (co|eq|nc|ne) <text>", HONOURED },
	{ "(serial-number|valid-start|expires-on) <*>", HONOURED },
	{ NULL },
};

const struct command commands_cert_chain[] = {
	{ "certificate <*>", NO_EFFECT, PKI, open_certificate },
	{ NULL },
};
