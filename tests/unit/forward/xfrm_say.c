#include "xfrm_say.h"

#include <arpa/inet.h>
#include <assert.h>
#include <linux/netlink.h>
#include <linux/udp.h>
#include <linux/xfrm.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

struct message {
	uint8_t *bytes;
	size_t length;
};

static void *put(struct message *m, size_t octets)
{
	void *at = m->bytes + m->length;

	assert(m->length + NLMSG_ALIGN(octets) <= XFRM_SAY_MAX);
	memset(at, 0, NLMSG_ALIGN(octets));
	m->length += NLMSG_ALIGN(octets);
	return at;
}

static void *attribute(struct message *m, uint16_t type, size_t octets)
{
	struct nlattr *a = put(m, sizeof *a + octets);

	a->nla_type = type;
	a->nla_len = (uint16_t)(sizeof *a + octets);
	return a + 1;
}

static void head(struct message *m, uint16_t type, uint32_t seq)
{
	struct nlmsghdr *h = put(m, sizeof *h);

	h->nlmsg_type = type;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	h->nlmsg_seq = seq;
}

static size_t done(struct message *m)
{
	const uint32_t length = (uint32_t)m->length;

	memcpy(m->bytes, &length, sizeof length);
	return m->length;
}

static void address(xfrm_address_t *out, const struct ipaddr *a)
{
	memcpy(out, a->bytes, sizeof a->bytes);
}

static uint16_t family(const struct ipaddr *a)
{
	return a->family == IP_V4 ? AF_INET : AF_INET6;
}

static void aead(struct message *m, const struct xfrm_sa *sa)
{
	const size_t octets = (size_t)sa->suite.key_octets + ESP_SALT;
	struct xfrm_algo_aead *a = attribute(m, XFRMA_ALG_AEAD, sizeof *a + octets);

	snprintf(a->alg_name, sizeof a->alg_name, "rfc4106(gcm(aes))");
	a->alg_key_len = (unsigned)(8 * octets);
	a->alg_icv_len = 8u * sa->suite.icv_octets;
	memcpy(a->alg_key, sa->keys.cipher, sa->suite.key_octets);
	memcpy(a->alg_key + sa->suite.key_octets, sa->keys.salt, ESP_SALT);
}

static void cipher_and_hmac(struct message *m, const struct xfrm_sa *sa)
{
	const size_t auth_octets = esp_auth_key_octets(sa->suite.auth);
	struct xfrm_algo *c = attribute(m, XFRMA_ALG_CRYPT, sizeof *c + sa->suite.key_octets);
	struct xfrm_algo_auth *a;

	snprintf(c->alg_name, sizeof c->alg_name, "%s", sa->suite.cipher == ESP_3DES_CBC ? "cbc(des3_ede)" : "cbc(aes)");
	c->alg_key_len = 8u * sa->suite.key_octets;
	memcpy(c->alg_key, sa->keys.cipher, sa->suite.key_octets);
	a = attribute(m, XFRMA_ALG_AUTH_TRUNC, sizeof *a + auth_octets);
	snprintf(a->alg_name, sizeof a->alg_name, "%s", sa->suite.auth == ESP_HMAC_SHA1 ? "hmac(sha1)" : "hmac(sha256)");
	a->alg_key_len = (unsigned)(8 * auth_octets);
	a->alg_trunc_len = 8u * sa->suite.icv_octets;
	memcpy(a->alg_key, sa->keys.auth, auth_octets);
}

static void encapsulation(struct message *m, const struct xfrm_sa *sa)
{
	struct xfrm_encap_tmpl *e = attribute(m, XFRMA_ENCAP, sizeof *e);

	e->encap_type = UDP_ENCAP_ESPINUDP;
	e->encap_sport = htons(sa->from_port);
	e->encap_dport = htons(sa->to_port);
}

static void extended(struct message *m, const struct xfrm_sa *sa)
{
	const unsigned words = sa->is_inbound ? XFRM_SAY_WINDOW / 32 : 1;
	struct xfrm_replay_state_esn *r = attribute(m, XFRMA_REPLAY_ESN_VAL, sizeof *r + 4 * words);

	r->bmp_len = words;
	r->replay_window = sa->is_inbound ? XFRM_SAY_WINDOW : 1;
}

size_t xfrm_say_new(const struct xfrm_sa *sa, uint32_t seq, uint8_t out[XFRM_SAY_MAX])
{
	struct message m = { out, 0 };
	struct xfrm_usersa_info *info;

	head(&m, XFRM_MSG_NEWSA, seq);
	info = put(&m, sizeof *info);
	address(&info->id.daddr, &sa->to);
	address(&info->saddr, &sa->from);
	info->id.spi = htonl(sa->spi);
	info->id.proto = IPPROTO_ESP;
	info->family = family(&sa->to);
	info->mode = sa->is_tunnel ? XFRM_MODE_TUNNEL : XFRM_MODE_TRANSPORT;
	info->replay_window = sa->is_inbound && !sa->has_esn ? 32 : 0;
	info->flags = sa->has_esn ? XFRM_STATE_ESN : 0;
	info->reqid = 1;
	memset(&info->lft, 0xff, offsetof(struct xfrm_lifetime_cfg, soft_add_expires_seconds));
	if (sa->suite.cipher == ESP_AES_GCM)
		aead(&m, sa);
	else
		cipher_and_hmac(&m, sa);
	if (sa->from_port)
		encapsulation(&m, sa);
	if (sa->has_esn)
		extended(&m, sa);
	return done(&m);
}

size_t xfrm_say_delete(const struct xfrm_sa *sa, uint32_t seq, uint8_t out[XFRM_SAY_MAX])
{
	struct message m = { out, 0 };
	struct xfrm_usersa_id *id;

	head(&m, XFRM_MSG_DELSA, seq);
	id = put(&m, sizeof *id);
	address(&id->daddr, &sa->to);
	id->spi = htonl(sa->spi);
	id->family = family(&sa->to);
	id->proto = IPPROTO_ESP;
	address(attribute(&m, XFRMA_SRCADDR, sizeof(xfrm_address_t)), &sa->from);
	return done(&m);
}

int xfrm_said(const uint8_t *reply, size_t length)
{
	struct nlmsghdr h;
	int error;

	if (length < sizeof h + sizeof error)
		return 1;
	memcpy(&h, reply, sizeof h);
	memcpy(&error, reply + sizeof h, sizeof error);
	return h.nlmsg_type == NLMSG_ERROR ? error : 1;
}
