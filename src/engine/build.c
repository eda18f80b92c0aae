#include "engine/build.h"

#include <string.h>

#include "engine/output.h"

enum {
	/* As Cisco IOS writes it, without and with a GRE key. A hint that nobody clamps to; the
	 * familiar number keeps captures comparable. */
	MTU_HINT = 17916,
	MTU_HINT_KEY = 17912,
};

static uint16_t build_mtu(const struct overlay *o)
{
	return o->tunnel->settings.has_key ? MTU_HINT_KEY : MTU_HINT;
}

uint8_t cie_host_len(const struct overlay *o, uint8_t prefix_len)
{
	const uint8_t bits = ip_family_bits(o->family);

	return prefix_len == 0 || prefix_len > bits ? bits : prefix_len;
}

struct nhrp_cie build_cie(const struct overlay *o, uint8_t prefix_len, uint16_t holding_s,
			  const struct ipaddr *nbma, const struct ipaddr *proto)
{
	return (struct nhrp_cie){
		.prefix_len = prefix_len,
		.mtu_bytes = build_mtu(o),
		.holding_s = holding_s,
		.nbma = nbma ? *nbma : IPADDR_NONE,
		.proto = proto ? *proto : IPADDR_NONE,
	};
}

void build_start(const struct overlay *o, struct nhrp_message *m, enum nhrp_type type)
{
	memset(m, 0, sizeof *m);
	m->type = (uint8_t)type;
	m->hop_count = NHRP_HOP_COUNT;
	m->nbma_family = o->tunnel->settings.transport;
	m->proto_family = o->family;
	m->src_nbma = o->tunnel->local.addr;
	m->src_proto = o->addr;
}

static void fill_authentication(const struct overlay *o, struct nhrp_extension *x)
{
	x->is_cies = false;
	x->cie_count = 0;
	x->value = o->authentication;
	x->length = o->authentication_len;
}

/* Ours in the place where one stands already, else at the end; none when we have none. */
void build_authentication(const struct overlay *o, struct nhrp_message *m)
{
	struct nhrp_extension *x = NULL;

	for (size_t i = 0; i < m->extension_count; i++) {
		if (m->extensions[i].type != NHRP_EXT_AUTHENTICATION)
			continue;
		if (!x && o->authentication_len) {
			x = &m->extensions[i];
			continue;
		}
		memmove(&m->extensions[i], &m->extensions[i + 1],
			(size_t)(m->extension_count - i - 1) * sizeof m->extensions[0]);
		m->extension_count--;
		i--;
	}
	if (!o->authentication_len)
		return;
	if (!x)
		x = nhrp_extension_add(m, NHRP_EXT_AUTHENTICATION);
	if (x)
		fill_authentication(o, x);
}

struct nhrp_extension *build_request_extensions(const struct overlay *o, struct nhrp_message *m)
{
	nhrp_extension_add(m, NHRP_EXT_RESPONDER);
	nhrp_extension_add(m, NHRP_EXT_FORWARD_TRANSIT);
	nhrp_extension_add(m, NHRP_EXT_REVERSE_TRANSIT);
	build_authentication(o, m);
	return nhrp_extension_add(m, NHRP_EXT_NAT);
}

static void fill_responder(const struct overlay *o, struct nhrp_extension *x, uint8_t prefix_len)
{
	x->is_cies = true;
	x->cie_count = 1;
	x->cies[0] = build_cie(o, prefix_len, o->cfg->holdtime_s, &o->tunnel->local.addr, &o->addr);
}

void build_reply_extensions(const struct overlay *o, struct nhrp_message *reply,
			    const struct nhrp_message *request, uint8_t responder_prefix_len)
{
	reply->has_extensions = request->has_extensions;
	reply->extension_count = request->extension_count;
	memcpy(reply->extensions, request->extensions,
	       request->extension_count * sizeof request->extensions[0]);
	for (size_t i = 0; i < reply->extension_count; i++) {
		struct nhrp_extension *const x = &reply->extensions[i];

		if (x->type == NHRP_EXT_RESPONDER)
			fill_responder(o, x, responder_prefix_len);
		else if (x->type == NHRP_EXT_REVERSE_TRANSIT && x->is_cies)
			x->cie_count = 0;
	}
	build_authentication(o, reply);
}

/* ---- out */

static const enum engine_counter sent_counters[] = {
	[NHRP_RESOLUTION_REQUEST] = ENGINE_COUNT_RESOLUTION_REQUEST_SENT,
	[NHRP_RESOLUTION_REPLY] = ENGINE_COUNT_RESOLUTION_REPLY_SENT,
	[NHRP_REGISTRATION_REQUEST] = ENGINE_COUNT_REGISTRATION_REQUEST_SENT,
	[NHRP_REGISTRATION_REPLY] = ENGINE_COUNT_REGISTRATION_REPLY_SENT,
	[NHRP_PURGE_REQUEST] = ENGINE_COUNT_PURGE_REQUEST_SENT,
	[NHRP_PURGE_REPLY] = ENGINE_COUNT_PURGE_REPLY_SENT,
	[NHRP_ERROR_INDICATION] = ENGINE_COUNT_ERROR_SENT,
	[NHRP_TRAFFIC_INDICATION] = ENGINE_COUNT_TRAFFIC_INDICATION_SENT,
};

static bool within_max_send(struct overlay *o)
{
	return bucket_take(&o->sends, overlay_engine(o)->now, o->cfg->max_send_packets, span_s(o->cfg->max_send_s));
}

bool message_send(struct overlay *as, const struct nhrp_message *m, const struct endpoint *to)
{
	struct engine *const e = overlay_engine(as);
	const struct peer *const p = peer_by_nbma(as->tunnel, to);
	uint8_t bytes[NHRP_MESSAGE_MAX];
	size_t length;

	if (!as->tunnel->up || ipaddr_is_none(&to->addr)) {
		count(e, ENGINE_COUNT_DROP_NO_ROUTE);
		return false;
	}
	if (!within_max_send(as)) {
		count(e, ENGINE_COUNT_DROP_RATE);
		return false;
	}
	length = nhrp_encode(m, bytes, sizeof bytes);
	if (length == 0) {
		count(e, ENGINE_COUNT_DROP_TOO_BIG);
		return false;
	}
	if (m->type < sizeof sent_counters / sizeof sent_counters[0])
		count(e, sent_counters[m->type]);
	output_send(e, as->tunnel->settings.number, to, p ? p->id : PEER_NONE, bytes, length);
	return true;
}
