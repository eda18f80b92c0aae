#include "charon.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ATTRIBUTE_HEAD = 4 };

static void on_installed(void *context, struct esp_sa *sa)
{
	struct rig *r = context;

	r->installed++;
	r->last = sa;
}

static void on_changed(void *context, struct esp_sa *sa)
{
	struct rig *r = context;

	r->changed++;
	r->last = sa;
}

static bool on_deleted(void *context, struct esp_sa *sa)
{
	struct rig *r = context;

	(void)sa;
	r->deleted++;
	return r->keeps_deleted;
}

static void on_limit(void *context, struct esp_sa *sa, enum esp_limit limit)
{
	struct rig *r = context;

	(void)sa;
	r->soft += limit == ESP_LIMIT_SOFT;
	r->hard += limit == ESP_LIMIT_HARD;
}

static void on_removed(void *context, struct esp_sa *sa)
{
	struct rig *r = context;

	(void)sa;
	r->removed++;
}

static void on_refused(void *context, const char *what, const char *name)
{
	struct rig *r = context;

	r->refused++;
	snprintf(r->refused_what, sizeof r->refused_what, "%s", what);
	snprintf(r->refused_name, sizeof r->refused_name, "%s", name);
}

static void start(struct rig *r)
{
	struct sa_table_layout layout = { .capacity = CAPACITY };
	struct xfrm_hooks hooks = {
		.context = r, .installed = on_installed, .changed = on_changed, .deleted = on_deleted,
		.limit = on_limit, .removed = on_removed, .refused = on_refused,
	};
	char reason[SA_TABLE_REASON_MAX];

	xfrm_server_layout(&layout);
	assert_int_equal(sa_table_open(&r->table, r->fd, &layout, r->crypto, reason), 0);
	assert_string_equal(reason, "");
	r->server = xfrm_server_new(r->table, &hooks, 42, r->clock);
	assert_non_null(r->server);
}

void rig_init(struct rig *r)
{
	memset(r, 0, sizeof *r);
	r->fd = memfd_create("sa", MFD_CLOEXEC);
	assert_true(r->fd >= 0);
	r->crypto = esp_crypto_new(ESP_PROVIDER_OPENSSL);
	assert_non_null(r->crypto);
	r->clock = (struct xfrm_clock){ { 1000000000 }, 1800000000 };
	r->seq = 200;
	r->pid = 4711;
	start(r);
}

void rig_done(struct rig *r)
{
	xfrm_server_free(r->server);
	sa_table_close(r->table);
	esp_crypto_free(r->crypto);
	close(r->fd);
}

void rig_restart(struct rig *r)
{
	xfrm_server_free(r->server);
	sa_table_close(r->table);
	start(r);
}

void rig_pass(struct rig *r, int64_t ms)
{
	r->clock.now = instant_add(r->clock.now, span_ms(ms));
	r->clock.unix_s = 1800000000 + (r->clock.now.us - 1000000000) / 1000000;
	xfrm_server_poll(r->server, r->clock);
}

struct ipaddr addr_of(const char *text)
{
	struct ipaddr a;

	assert_true(ipaddr_parse(text, &a));
	return a;
}

static uint16_t family_of(const char *text)
{
	return addr_of(text).family == IP_V6 ? AF_INET6 : AF_INET;
}

static xfrm_address_t xfrm_of(const char *text)
{
	struct ipaddr a = addr_of(text);
	xfrm_address_t out = { 0 };

	memcpy(&out, a.bytes, ip_family_octets(a.family));
	return out;
}

/* --- messages --- */

void say_begin(struct rig *r, uint16_t type, uint16_t flags, const void *head, size_t size)
{
	struct nlmsghdr h = {
		.nlmsg_len = (uint32_t)(NLMSG_HDRLEN + size), .nlmsg_type = type, .nlmsg_flags = flags,
		.nlmsg_seq = r->seq++, .nlmsg_pid = r->pid,
	};

	memset(r->sent, 0, sizeof r->sent);
	memcpy(r->sent, &h, sizeof h);
	if (size > 0)
		memcpy(r->sent + NLMSG_HDRLEN, head, size);
	r->sent_length = h.nlmsg_len;
}

void say_attribute(struct rig *r, uint16_t type, const void *bytes, size_t size)
{
	struct nlattr a = { .nla_len = (uint16_t)(ATTRIBUTE_HEAD + size), .nla_type = type };
	size_t at = NLMSG_ALIGN(r->sent_length);
	uint32_t length = (uint32_t)(at + ATTRIBUTE_HEAD + size);

	assert_true(length <= sizeof r->sent);
	memcpy(r->sent + at, &a, sizeof a);
	memcpy(r->sent + at + ATTRIBUTE_HEAD, bytes, size);
	r->sent_length = length;
	memcpy(r->sent, &length, sizeof length);
}

void say_again(struct rig *r)
{
	memset(r->reply, 0, sizeof r->reply);
	r->reply_length = xfrm_server_request(r->server, r->clock, r->sent, r->sent_length, r->reply);
	assert_true(r->reply_length < XFRM_REPLY_MAX);
}

void say(struct rig *r)
{
	say_again(r);
}

static int error_of(const struct rig *r)
{
	struct nlmsgerr e;
	struct nlmsghdr sent;

	assert_int_equal(reply_type(r), NLMSG_ERROR);
	assert_int_equal(r->reply_length, 36);
	memcpy(&e, r->reply + NLMSG_HDRLEN, sizeof e);
	memcpy(&sent, r->sent, sizeof sent);
	assert_int_equal(e.msg.nlmsg_seq, sent.nlmsg_seq);
	return e.error;
}

int say_for_ack(struct rig *r)
{
	say(r);
	return error_of(r);
}

/* Data is 0, an ack is its error. */
static int say_for_data(struct rig *r, uint16_t type)
{
	say(r);
	if (reply_type(r) == NLMSG_ERROR)
		return error_of(r);
	assert_int_equal(reply_type(r), type);
	assert_int_equal(reply_length(r), r->reply_length);
	return 0;
}

uint16_t reply_type(const struct rig *r)
{
	struct nlmsghdr h, sent;

	assert_true(r->reply_length >= sizeof h);
	memcpy(&h, r->reply, sizeof h);
	memcpy(&sent, r->sent, sizeof sent);
	assert_int_equal(h.nlmsg_seq, sent.nlmsg_seq);
	return h.nlmsg_type;
}

uint32_t reply_length(const struct rig *r)
{
	struct nlmsghdr h;

	memcpy(&h, r->reply, sizeof h);
	return h.nlmsg_len;
}

const uint8_t *reply_body(const struct rig *r)
{
	return r->reply + NLMSG_HDRLEN;
}

const uint8_t *reply_attribute(const struct rig *r, size_t head, uint16_t type, size_t *length)
{
	size_t at = NLMSG_HDRLEN + NLMSG_ALIGN(head);

	while (at + ATTRIBUTE_HEAD <= r->reply_length) {
		struct nlattr a;

		memcpy(&a, r->reply + at, sizeof a);
		assert_true(a.nla_len >= ATTRIBUTE_HEAD && at + a.nla_len <= r->reply_length);
		if (a.nla_type == type) {
			*length = a.nla_len - ATTRIBUTE_HEAD;
			return r->reply + at + ATTRIBUTE_HEAD;
		}
		at += ((size_t)(a.nla_len + 3u) & ~(size_t)3);
	}
	return NULL;
}

/* --- charon's sentences --- */

uint32_t ask_spi(struct rig *r, const char *local, const char *remote, uint32_t min, uint32_t max)
{
	struct xfrm_userspi_info ask = { .min = min, .max = max };
	struct xfrm_usersa_info got;

	ask.info.saddr = xfrm_of(remote);
	ask.info.id.daddr = xfrm_of(local);
	ask.info.id.proto = IPPROTO_ESP;
	ask.info.mode = XFRM_MODE_TUNNEL;
	ask.info.family = family_of(local);
	say_begin(r, XFRM_MSG_ALLOCSPI, NLM_F_REQUEST, &ask, sizeof ask);
	assert_int_equal(r->sent_length, 248);
	if (say_for_data(r, XFRM_MSG_NEWSA) != 0)
		return 0;
	assert_int_equal(r->reply_length, 240);
	memcpy(&got, reply_body(r), sizeof got);
	return ntohl(got.id.spi);
}

static void say_aead(struct rig *r, const struct wanted *w)
{
	union { struct xfrm_algo_aead head; uint8_t room[sizeof(struct xfrm_algo_aead) + 32]; } a = { .head = {
		.alg_key_len = 160, .alg_icv_len = 128 } };

	snprintf(a.head.alg_name, sizeof a.head.alg_name, "%s", w->aead ? w->aead : "rfc4106(gcm(aes))");
	memset(a.head.alg_key, w->key, 32);
	say_attribute(r, XFRMA_ALG_AEAD, &a, sizeof a.head + 20);
}

static void say_crypt_auth(struct rig *r, const struct wanted *w)
{
	union { struct xfrm_algo head; uint8_t room[sizeof(struct xfrm_algo) + 32]; } c = { .head = { .alg_key_len = 256 } };
	union { struct xfrm_algo_auth head; uint8_t room[sizeof(struct xfrm_algo_auth) + 32]; } a = { .head = {
		.alg_key_len = 256, .alg_trunc_len = 128 } };

	snprintf(c.head.alg_name, sizeof c.head.alg_name, "%s", w->crypt ? w->crypt : "aes");
	snprintf(a.head.alg_name, sizeof a.head.alg_name, "%s", w->auth ? w->auth : "hmac(sha256)");
	memset(c.head.alg_key, w->key, 32);
	memset(a.head.alg_key, w->key + 1, 32);
	say_attribute(r, XFRMA_ALG_CRYPT, &c, sizeof c.head + 32);
	say_attribute(r, XFRMA_ALG_AUTH_TRUNC, &a, sizeof a.head + 32);
}

static void say_replay(struct rig *r, const struct wanted *w)
{
	uint32_t window[6 + 64] = { (w->esn_window + 31) / 32, 0, 0, 0, 0, w->esn_window };

	if (w->replay_wide)
		say_attribute(r, XFRMA_REPLAY_ESN_VAL, w->replay_wide, w->replay_wide_length);
	else if (w->esn_window)
		say_attribute(r, XFRMA_REPLAY_ESN_VAL, window, 24 + 4 * window[0]);
	if (w->replay)
		say_attribute(r, XFRMA_REPLAY_VAL, w->replay, sizeof *w->replay);
	if (w->current)
		say_attribute(r, XFRMA_LTIME_VAL, w->current, sizeof *w->current);
}

static uint64_t or_never(uint64_t v)
{
	return v ? v : XFRM_INF;
}

int add_sa(struct rig *r, const struct wanted *w)
{
	struct xfrm_usersa_info info = { .reqid = 1, .mode = XFRM_MODE_TRANSPORT, .replay_window = w->replay_window };
	struct xfrm_encap_tmpl encap = {
		.encap_type = 2, .encap_sport = htons(w->source_port), .encap_dport = htons(w->destination_port),
	};

	info.id.daddr = xfrm_of(w->destination);
	info.id.spi = htonl(w->spi);
	info.id.proto = IPPROTO_ESP;
	info.saddr = xfrm_of(w->source);
	info.family = info.sel.family = family_of(w->source);
	info.sel.daddr = info.id.daddr;
	info.sel.saddr = info.saddr;
	info.sel.prefixlen_d = info.sel.prefixlen_s = 32;
	info.lft.soft_add_expires_seconds = w->soft_s;
	info.lft.hard_add_expires_seconds = w->hard_s;
	info.lft.soft_byte_limit = or_never(w->soft_bytes);
	info.lft.hard_byte_limit = or_never(w->hard_bytes);
	info.lft.soft_packet_limit = or_never(w->soft_packets);
	info.lft.hard_packet_limit = or_never(w->hard_packets);
	if (w->is_cbc_esn)
		info.flags = XFRM_STATE_ESN;
	say_begin(r, w->type, NLM_F_REQUEST | NLM_F_ACK, &info, sizeof info);
	if (w->is_cbc_esn || w->crypt)
		say_crypt_auth(r, w);
	else
		say_aead(r, w);
	if (w->source_port)
		say_attribute(r, XFRMA_ENCAP, &encap, sizeof encap);
	say_replay(r, w);
	return say_for_ack(r);
}

static struct xfrm_usersa_id sa_id(uint32_t spi, const char *destination)
{
	struct xfrm_usersa_id id = { .spi = htonl(spi), .proto = IPPROTO_ESP, .family = family_of(destination) };

	id.daddr = xfrm_of(destination);
	return id;
}

int del_sa(struct rig *r, uint32_t spi, const char *destination)
{
	struct xfrm_usersa_id id = sa_id(spi, destination);

	say_begin(r, XFRM_MSG_DELSA, NLM_F_REQUEST | NLM_F_ACK, &id, sizeof id);
	assert_int_equal(r->sent_length, 40);
	return say_for_ack(r);
}

int get_sa(struct rig *r, uint32_t spi, const char *destination)
{
	struct xfrm_usersa_id id = sa_id(spi, destination);

	say_begin(r, XFRM_MSG_GETSA, NLM_F_REQUEST, &id, sizeof id);
	return say_for_data(r, XFRM_MSG_NEWSA);
}

int get_state(struct rig *r, uint32_t spi, const char *destination)
{
	struct xfrm_aevent_id id = { .sa_id = sa_id(spi, destination), .flags = XFRM_AE_RVAL };

	say_begin(r, XFRM_MSG_GETAE, NLM_F_REQUEST, &id, sizeof id);
	assert_int_equal(r->sent_length, 64);
	return say_for_data(r, XFRM_MSG_NEWAE);
}

static struct xfrm_selector gre_between(const char *source, const char *destination)
{
	struct xfrm_selector sel = { .family = family_of(source), .prefixlen_d = 32, .prefixlen_s = 32, .proto = 47 };

	sel.daddr = xfrm_of(destination);
	sel.saddr = xfrm_of(source);
	return sel;
}

int add_policy(struct rig *r, uint16_t type, const char *source, const char *destination, uint8_t dir,
	       uint32_t priority, uint32_t spi)
{
	struct xfrm_userpolicy_info info = { .sel = gre_between(source, destination), .priority = priority, .dir = dir };
	struct xfrm_user_tmpl tmpl = { .reqid = 1, .family = info.sel.family, .aalgos = ~0u, .ealgos = ~0u, .calgos = ~0u };

	tmpl.id.proto = IPPROTO_ESP;
	tmpl.id.spi = htonl(spi);
	say_begin(r, type, NLM_F_REQUEST | NLM_F_ACK, &info, sizeof info);
	say_attribute(r, XFRMA_TMPL, &tmpl, sizeof tmpl);
	assert_int_equal(r->sent_length, 252);
	return say_for_ack(r);
}

static struct xfrm_userpolicy_id policy_id(const char *source, const char *destination, uint8_t dir)
{
	return (struct xfrm_userpolicy_id){ .sel = gre_between(source, destination), .dir = dir };
}

int del_policy(struct rig *r, const char *source, const char *destination, uint8_t dir)
{
	struct xfrm_userpolicy_id id = policy_id(source, destination, dir);

	say_begin(r, XFRM_MSG_DELPOLICY, NLM_F_REQUEST | NLM_F_ACK, &id, sizeof id);
	assert_int_equal(r->sent_length, 80);
	return say_for_ack(r);
}

int get_policy(struct rig *r, const char *source, const char *destination, uint8_t dir)
{
	struct xfrm_userpolicy_id id = policy_id(source, destination, dir);

	say_begin(r, XFRM_MSG_GETPOLICY, NLM_F_REQUEST, &id, sizeof id);
	return say_for_data(r, XFRM_MSG_NEWPOLICY);
}

size_t take_event(struct rig *r, uint8_t bytes[XFRM_EVENT_MAX], uint32_t *groups)
{
	uint32_t length;
	size_t got = xfrm_server_event(r->server, r->clock, bytes, groups);

	if (got == 0)
		return 0;
	memcpy(&length, bytes, sizeof length);
	assert_int_equal(length, got);
	xfrm_server_event_sent(r->server);
	return got;
}

struct esp_sa *inbound_sa(const struct rig *r, uint32_t spi)
{
	return sa_table_inbound(r->table, spi);
}

struct esp_sa *outbound_sa(const struct rig *r, uint32_t spi, const char *remote)
{
	struct ipaddr a = addr_of(remote);

	return sa_table_outbound(r->table, spi, &a);
}
