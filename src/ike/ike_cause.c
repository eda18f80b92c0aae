/* What strongSwan 5.9 and 6.0 write into their log, and what it means. The texts are matched by
 * their beginning or by a part; the first row that fits decides. */
#include "ike/ike_cause.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

struct pattern {
	const char *text; /* a part of the message; '^' and '$' bind it to the beginning and the end */
	enum ike_cause cause;
};

static const struct pattern patterns[] = {
	/* certificates (group CFG) */
	{ "^subject certificate invalid (valid", IKE_CAUSE_CERT_EXPIRED },
	{ "^issuer certificate invalid (valid", IKE_CAUSE_CERT_EXPIRED },
	{ "certificate invalid (valid from", IKE_CAUSE_CERT_EXPIRED },
	{ "^certificate was revoked", IKE_CAUSE_CERT_REVOKED },
	{ "^no issuer certificate found for", IKE_CAUSE_CERT_UNTRUSTED },
	{ "^  self-signed certificate", IKE_CAUSE_CERT_UNTRUSTED },
	{ "is not trusted", IKE_CAUSE_CERT_UNTRUSTED },
	{ "public key found for", IKE_CAUSE_CERT_UNTRUSTED },
	{ "^constraint check failed: peer not authenticated by CA", IKE_CAUSE_CERT_UNTRUSTED },
	{ "^constraint check failed: RULE_CRL_VALIDATION", IKE_CAUSE_CERT_REVOKED },
	{ "^constraint check failed: identity", IKE_CAUSE_IDENTITY },
	{ "peer certificate verification failed", IKE_CAUSE_CERT_UNTRUSTED },

	/* keys */
	{ "private key found for", IKE_CAUSE_NO_KEY },
	{ "^no shared key found for", IKE_CAUSE_NO_KEY },
	{ "shared keys for", IKE_CAUSE_AUTH_OF_PEER },  /* "tried 1 shared keys for A - B, but MAC mismatched" */
	{ "MAC mismatched", IKE_CAUSE_AUTH_OF_PEER },
	{ "^calculated HASH does not match", IKE_CAUSE_AUTH_OF_PEER },
	{ "^invalid HASH_V1 payload length", IKE_CAUSE_AUTH_OF_PEER },
	{ "^could not decrypt payloads", IKE_CAUSE_AUTH_OF_PEER }, /* main mode: a wrong key shows here */
	{ "signature validation failed", IKE_CAUSE_AUTH_OF_PEER },
	{ "^authentication of '", IKE_CAUSE_NONE },

	/* identities */
	{ "^IDir '", IKE_CAUSE_IDENTITY },
	{ "^received IDr ", IKE_CAUSE_IDENTITY },
	{ "^no matching peer config found", IKE_CAUSE_NO_CONFIG },
	{ "^no peer config found", IKE_CAUSE_NO_CONFIG },
	{ "^no IKE config found for", IKE_CAUSE_NO_CONFIG },
	{ "^no alternative config found", IKE_CAUSE_IDENTITY },

	/* what the peer says */
	{ "^received AUTHENTICATION_FAILED", IKE_CAUSE_AUTH_BY_PEER },
	{ "^parsed INFORMATIONAL request 2 [ N(AUTH_FAILED) ]", IKE_CAUSE_AUTH_BY_PEER }, /* after it was taken for good */
	{ "^received INVALID_HASH_INFORMATION", IKE_CAUSE_AUTH_BY_PEER },
	{ "^received INVALID_ID_INFORMATION", IKE_CAUSE_AUTH_BY_PEER },
	{ "^received AUTH_FAILED", IKE_CAUSE_AUTH_BY_PEER },
	{ "^received TS_UNACCEPTABLE", IKE_CAUSE_SELECTORS },
	{ "^received NO_PROPOSAL_CHOSEN notify, no CHILD_SA", IKE_CAUSE_ESP_PROPOSAL },
	{ "^received NO_PROPOSAL_CHOSEN", IKE_CAUSE_IKE_PROPOSAL },
	{ "^received INVALID_MAJOR_VERSION", IKE_CAUSE_UNSUPPORTED },
	{ "^received UNSUPPORTED_CRITICAL_PAYLOAD", IKE_CAUSE_UNSUPPORTED },
	{ "^received TEMPORARY_FAILURE", IKE_CAUSE_BUSY },
	{ "^received NO_ADDITIONAL_SAS", IKE_CAUSE_BUSY },
	{ "^received INVALID_KE_PAYLOAD", IKE_CAUSE_NONE }, /* asked again with the group that it wants */
	{ "error notify", IKE_CAUSE_REFUSED },
	{ "notify error", IKE_CAUSE_REFUSED },

	/* proposals and selectors */
	{ "^no matching proposal found, trying alternative", IKE_CAUSE_NONE },
	{ "^no matching proposal found", IKE_CAUSE_ESP_PROPOSAL },
	{ "^no acceptable proposal found", IKE_CAUSE_ESP_PROPOSAL },
	{ "^no acceptable traffic selectors", IKE_CAUSE_SELECTORS },
	{ "^no matching CHILD_SA config found", IKE_CAUSE_SELECTORS },
	{ "mode requested by responder is unacceptable", IKE_CAUSE_SELECTORS },
	{ "^no proposal found", IKE_CAUSE_IKE_PROPOSAL },
	{ "^received proposals unacceptable", IKE_CAUSE_IKE_PROPOSAL },
	{ "^remote host is behind NAT, but", IKE_CAUSE_UNSUPPORTED },

	/* the network */
	{ "^error writing to socket", IKE_CAUSE_BLOCKED },
	{ "^giving up after", IKE_CAUSE_DEAD },
	{ "^establishing IKE_SA failed, peer not responding", IKE_CAUSE_NO_ANSWER },
	{ "^peer not responding, trying again", IKE_CAUSE_NO_ANSWER },
	{ "^deleting half open IKE_SA", IKE_CAUSE_HALF_OPEN },
	/* IKEv2's second request, main mode's third message: the first that go from port 4500 */
	{ "of request with message ID 1$", IKE_CAUSE_NO_ANSWER_4500 },
	{ "of request message ID 0, seq 3$", IKE_CAUSE_NO_ANSWER_4500 },
	{ "^retransmit ", IKE_CAUSE_NO_ANSWER },
	{ "^sending retransmit ", IKE_CAUSE_NO_ANSWER },

	{ "half-open IKE_SA limit", IKE_CAUSE_BUSY },
	{ "^ignoring IKE_SA setup from", IKE_CAUSE_BUSY },
	{ NULL, IKE_CAUSE_NONE },
};

/* The same words mean IKE in group IKE and ESP in group CHD or in a CHILD_SA's exchange. */
static enum ike_cause by_group(enum ike_cause cause, const char *group, const char *msg)
{
	if (cause == IKE_CAUSE_ESP_PROPOSAL && !strncmp(msg, "no matching proposal", 20) && group && !strcmp(group, "CFG"))
		return IKE_CAUSE_IKE_PROPOSAL;
	return cause;
}

static bool fits(const char *pattern, const char *msg)
{
	const bool bound = *pattern == '^';
	const char *text = pattern + bound, *found;
	const size_t length = strlen(text), end = length > 0 && text[length - 1] == '$';
	char part[64];

	if (!end)
		return bound ? !strncmp(msg, text, length) : strstr(msg, text) != NULL;
	snprintf(part, sizeof part, "%.*s", (int)length - 1, text);
	found = strstr(msg, part);
	return found && (!bound || found == msg) && found[length - 1] == '\0';
}

enum ike_cause ike_cause_of_log(const char *group, const char *msg)
{
	for (const struct pattern *p = patterns; msg && p->text; p++) {
		if (fits(p->text, msg))
			return by_group(p->cause, group, msg);
	}
	return IKE_CAUSE_NONE;
}

bool ike_log_ends_attempt(const char *msg)
{
	return fits("^establishing IKE_SA failed", msg);
}

static const struct { const char *word, *text, *remedy; } causes[IKE_CAUSE_COUNT] = {
	[IKE_CAUSE_NONE] = { "none", "no cause known", "look at charon's log" },
	[IKE_CAUSE_ENDED] = { "ended", "the peer has ended it", "look at the peer's log; it is tried again" },
	[IKE_CAUSE_RECONFIGURED] = { "reconfigured", "the configuration has changed", "wait: it is tried again" },
	[IKE_CAUSE_NO_CHILD] = { "no-child", "IKE is up, but no IPsec SA was agreed on", "look at the peer's log" },
	[IKE_CAUSE_DEAD] = { "dead", "the peer does not answer any more",
		"see that the peer runs and that UDP 500 and 4500 pass in both directions" },
	[IKE_CAUSE_HALF_OPEN] = { "half-open", "the peer began IKE on UDP 500, and nothing came on UDP 4500",
		"see that UDP 4500 passes in both directions; else the peer's log says why it gave up" },
	[IKE_CAUSE_NO_ANSWER_4500] = { "no-answer-4500", "the peer answers IKE on UDP 500, but not on UDP 4500",
		"see that UDP 4500 passes in both directions" },
	[IKE_CAUSE_REFUSED] = { "refused", "the peer refuses the session", "look at the peer's log" },
	[IKE_CAUSE_NO_ANSWER] = { "no-answer", "the peer does not answer IKE",
		"see that UDP 500 and 4500 pass in both directions and that the peer runs" },
	[IKE_CAUSE_BLOCKED] = { "blocked", "this machine cannot send IKE to the peer",
		"see the route to the peer and this machine's firewall (UDP 500 and 4500)" },
	[IKE_CAUSE_BUSY] = { "busy", "too many IKE negotiations at once", "wait; or raise crypto call admission limit" },
	[IKE_CAUSE_UNSUPPORTED] = { "unsupported", "the peer does not speak this version of IKE",
		"use ikev2-profile or isakmp-profile on both ends alike" },
	[IKE_CAUSE_SELECTORS] = { "selectors", "the peers do not agree on what is protected or on the mode",
		"give the transform sets of both ends the same mode, and both tunnels GRE over the same addresses" },
	[IKE_CAUSE_IKE_PROPOSAL] = { "ike-proposal", "no proposal chosen for IKE",
		"make crypto ikev2 proposal (or isakmp policy) of both ends share a line" },
	[IKE_CAUSE_ESP_PROPOSAL] = { "esp-proposal", "no proposal chosen for ESP",
		"make crypto ipsec transform-set and set pfs of both ends agree" },
	[IKE_CAUSE_NO_CONFIG] = { "no-profile", "no profile here fits the peer",
		"add the peer to match identity remote, and see match fvrf and match address local; or the peer expects another identity of this router" },
	[IKE_CAUSE_IDENTITY] = { "identity", "the peer has another identity than is expected",
		"compare the peer's identity local with match identity remote here" },
	[IKE_CAUSE_NO_KEY] = { "no-key", "there is no key here for this peer",
		"add the peer to the keyring, or the key-file to the trustpoint" },
	[IKE_CAUSE_AUTH_BY_PEER] = { "auth-by-peer", "authentication failed: the peer does not accept us",
		"compare the pre-shared keys; see whether the peer expects another identity of this router" },
	[IKE_CAUSE_AUTH_OF_PEER] = { "auth-of-peer", "authentication failed: the peer's key is not the one here",
		"compare the pre-shared keys of both ends" },
	[IKE_CAUSE_CERT_UNTRUSTED] = { "certificate-untrusted", "the peer's certificate is not trusted",
		"see that ca-file holds the CA of the peer" },
	[IKE_CAUSE_CERT_EXPIRED] = { "certificate-expired", "a certificate is expired, or not valid yet",
		"renew it, or set the clock" },
	[IKE_CAUSE_CERT_REVOKED] = { "certificate-revoked", "the peer's certificate is revoked", "give the peer a new one" },
	[IKE_CAUSE_SAME_ADDRESS] = { "same-address", "another peer has its address (NAT), and the kernel's IPsec cannot tell them apart",
		"use datapath user on this router, or give the peers addresses of their own" },
};

const char *ike_cause_text(enum ike_cause cause)
{
	return causes[cause].text;
}

const char *ike_cause_word(enum ike_cause cause)
{
	return causes[cause].word;
}

const char *ike_cause_remedy(enum ike_cause cause)
{
	return causes[cause].remedy;
}
