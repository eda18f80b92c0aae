#include "kernel/sa_dump.h"

#include <arpa/inet.h>
#include <linux/xfrm.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

enum { SALT_BITS = 32 /* counted as a part of an AEAD's key */ };

static const struct {
	const char *kernel, *name;
} algorithms[] = {
	{ "rfc4106(gcm(aes))", "AES-GCM" }, { "rfc4543(gcm(aes))", "AES-GMAC" }, { "cbc(aes)", "AES-CBC" },
	{ "cbc(des3_ede)", "3DES-CBC" }, { "ecb(cipher_null)", "NULL" }, { "hmac(md5)", "MD5" }, { "hmac(sha1)", "SHA1" },
	{ "hmac(sha256)", "SHA2-256" }, { "hmac(sha384)", "SHA2-384" }, { "hmac(sha512)", "SHA2-512" },
};

static const char *name_of(const char *kernel)
{
	for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++)
		if (strcmp(kernel, algorithms[i].kernel) == 0)
			return algorithms[i].name;
	return kernel;
}

/* What stands at the head of an algorithm's attribute, before the key. */
struct algorithm {
	char name[64];
	unsigned key_bits, icv_bits;
};

static bool read_algorithm(const struct nlattr *a, struct algorithm *out)
{
	return mnl_attr_get_payload_len(a) >= sizeof *out && memcpy(out, mnl_attr_get_payload(a), sizeof *out) &&
	       memchr(out->name, '\0', sizeof out->name);
}

/* The same of one without integrity, which has no length of it. */
static bool read_cipher(const struct nlattr *a, struct algorithm *out)
{
	const size_t size = sizeof out->name + sizeof out->key_bits;

	*out = (struct algorithm){ .icv_bits = 0 };
	return mnl_attr_get_payload_len(a) >= size && memcpy(out, mnl_attr_get_payload(a), size) &&
	       memchr(out->name, '\0', sizeof out->name);
}

struct suite {
	struct algorithm aead, cipher, auth;
};

/* Of a name that nobody here knows the beginning is shown. */
static void write_suite(const struct suite *s, char out[KERNEL_SUITE_MAX])
{
	char text[2 * sizeof s->auth.name + 32];

	if (s->aead.name[0])
		snprintf(text, sizeof text, "%s-%u-%u", name_of(s->aead.name), s->aead.icv_bits / 8,
			 s->aead.key_bits > SALT_BITS ? s->aead.key_bits - SALT_BITS : 0);
	else if (s->cipher.key_bits)
		snprintf(text, sizeof text, "%s-%u/%s-%u", name_of(s->cipher.name), s->cipher.key_bits,
			 name_of(s->auth.name), s->auth.icv_bits);
	else
		snprintf(text, sizeof text, "%s/%s-%u", name_of(s->cipher.name), name_of(s->auth.name), s->auth.icv_bits);
	snprintf(out, KERNEL_SUITE_MAX, "%.*s", KERNEL_SUITE_MAX - 1, text);
}

static void read_window(const struct nlattr *a, struct kernel_sa *out)
{
	struct xfrm_replay_state_esn r;

	if (mnl_attr_get_payload_len(a) < sizeof r)
		return;
	memcpy(&r, mnl_attr_get_payload(a), sizeof r);
	out->replay_window = r.replay_window;
}

static void read_ports(const struct nlattr *a, struct kernel_sa *out)
{
	struct xfrm_encap_tmpl t;

	if (mnl_attr_get_payload_len(a) < sizeof t)
		return;
	memcpy(&t, mnl_attr_get_payload(a), sizeof t);
	out->udp = true;
	out->src_port = ntohs(t.encap_sport);
	out->dst_port = ntohs(t.encap_dport);
}

static void read_attributes(const struct nlmsghdr *m, struct kernel_sa *out)
{
	const struct nlattr *a;
	struct suite s = { .aead.icv_bits = 0 };

	NETLINK_EACH_ATTR(a, m, sizeof(struct xfrm_usersa_info)) {
		const uint16_t type = mnl_attr_get_type(a);
		struct algorithm got;

		if (type == XFRMA_ALG_AEAD && read_algorithm(a, &got))
			s.aead = got;
		else if (type == XFRMA_ALG_AUTH_TRUNC && read_algorithm(a, &got))
			s.auth = got;
		else if (type == XFRMA_ALG_CRYPT && read_cipher(a, &got))
			s.cipher = got;
		else if (type == XFRMA_REPLAY_ESN_VAL)
			read_window(a, out);
		else if (type == XFRMA_ENCAP)
			read_ports(a, out);
	}
	write_suite(&s, out->suite);
}

static struct ipaddr address(const xfrm_address_t *a, uint16_t af)
{
	return ipaddr_from_bytes(ip_family_from_af(af), (const uint8_t *)a);
}

bool kernel_sa_read(const struct nlmsghdr *m, struct kernel_sa *out)
{
	const struct xfrm_usersa_info *sa = mnl_nlmsg_get_payload(m);

	if (m->nlmsg_type != XFRM_MSG_NEWSA || mnl_nlmsg_get_payload_len(m) < sizeof *sa || sa->id.proto != IPPROTO_ESP)
		return false;
	*out = (struct kernel_sa){
		.src = address(&sa->saddr, sa->family), .dst = address(&sa->id.daddr, sa->family), .spi = ntohl(sa->id.spi),
		.reqid = sa->reqid, .esn = sa->flags & XFRM_STATE_ESN, .packets = sa->curlft.packets, .bytes = sa->curlft.bytes,
		.replay_window = sa->replay_window, .replay_drops = sa->stats.replay, .icv_drops = sa->stats.integrity_failed,
		.added_s = (int64_t)sa->curlft.add_time, .hard_s = (int64_t)sa->lft.hard_add_expires_seconds,
	};
	if (ipaddr_is_none(&out->src) || ipaddr_is_none(&out->dst))
		return false;
	read_attributes(m, out);
	return true;
}

struct walk {
	kernel_sa_each each;
	void *arg;
};

static int one(const struct nlmsghdr *m, void *arg)
{
	const struct walk *w = arg;
	struct kernel_sa sa;

	if (kernel_sa_read(m, &sa))
		w->each(w->arg, &sa);
	return MNL_CB_OK;
}

int kernel_sa_dump(struct netlink *n, kernel_sa_each each, void *arg)
{
	struct netlink_request r;
	struct walk w = { each, arg };

	netlink_begin(&r, XFRM_MSG_GETSA, 0, 0);
	return netlink_dump(n, &r, one, &w);
}
