/*
 * ike_defaults: what IOS does where its configuration says nothing, and where from it is known.
 * "show" means the output of that command on a router without such a line, as published.
 */
#ifndef DMVPN_IKE_IKE_DEFAULTS_H
#define DMVPN_IKE_IKE_DEFAULTS_H

enum {
	/* show crypto ipsec security-association lifetime: 4608000 kilobytes/3600 seconds. The volume
	 * is taken only when it is written: at several gigabits it would mean new keys every few
	 * seconds, and neither IKE version lets the far end depend on it. */
	DEFAULT_CHILD_LIFE_S = 3600,
	/* show crypto isakmp policy, show crypto ikev2 profile: 86400 seconds. */
	DEFAULT_IKE_LIFE_S = 86400,
	/* IOS has 64 packets. A larger window protects just as well and bears more reordering. */
	DEFAULT_REPLAY_WINDOW = 1024,
	/* crypto isakmp keepalive SECONDS [RETRY]: retries every 2 s unless given, five of them. */
	DEFAULT_KEEPALIVE_RETRY_S = 2,
	KEEPALIVE_RETRIES = 5,
	/* IOS asks nothing unless told to. A dead peer's SA would then stay until it expires, and
	 * its return is noticed by the peer only: ours asks when nothing was heard for so long. */
	OWN_DPD_S = 30,
	OWN_DPD_TIMEOUT_S = 150,
};

/* A parameter that a `crypto isakmp policy` does not name (show crypto isakmp policy, "Default
 * protection suite"): DES, SHA-1, RSA signatures, group 1. */
#define DEFAULT_ISAKMP_ENCRYPTION "des"
#define DEFAULT_ISAKMP_HASH "sha"
#define DEFAULT_ISAKMP_AUTHENTICATION "rsa-sig"
#define DEFAULT_ISAKMP_GROUP "1"

/* Without any policy: show crypto isakmp policy, priorities 65507 to 65514: AES-128 with group 5
 * before 3DES with group 2, SHA-1 before MD5, each with RSA signatures and with shared keys. */
#define DEFAULT_ISAKMP_PROPOSALS "aes128-sha1-modp1536,aes128-md5-modp1536,3des-sha1-modp1024,3des-md5-modp1024"

/* show crypto ikev2 proposal default, up to IOS XE 16 … */
#define DEFAULT_IKEV2_ENCRYPTION "aes-cbc-256 aes-cbc-192 aes-cbc-128"
#define DEFAULT_IKEV2_INTEGRITY "sha512 sha384 sha256 sha1 md5"
#define DEFAULT_IKEV2_GROUP "5 2"
/* … and from IOS XE 17 on. */
#define DEFAULT_IKEV2_ENCRYPTION_17 "aes-cbc-256"
#define DEFAULT_IKEV2_INTEGRITY_17 "sha512 sha384"
#define DEFAULT_IKEV2_GROUP_17 "19 14 21 5"

/* show crypto ipsec transform-set default: esp-aes esp-sha-hmac, transport. */
#define DEFAULT_TRANSFORM_SET "esp-aes esp-sha-hmac"

#endif
