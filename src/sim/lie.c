#include "sim/lie.h"

#include "sim/session.h"

static const struct router *victim(const struct world *w, const struct router *r)
{
	const size_t hubs = w->scenario->hubs;

	return &w->routers[hubs + (world_index(w, r) - hubs + 1) % w->scenario->spokes];
}

static void send_forged(struct world *w, struct router *r, const struct underlay_message *m, const struct nhrp_message *forged)
{
	uint8_t bytes[NHRP_MESSAGE_MAX];
	struct underlay_message other = *m;

	other.bytes = bytes;
	other.length = nhrp_encode(forged, bytes, sizeof bytes);
	if (other.length == 0)
		world_fail(w, r, "cannot even lie");
	world_note(w, r, "lies: %s", nhrp_type_name(forged->type));
	session_send(w, r, &other);
}

/* "I am the other one", and "the other one is gone". */
static void claim_address(struct world *w, struct router *r, const struct underlay_message *m, const struct nhrp_message *own)
{
	struct nhrp_message forged = *own;

	forged.src_proto = design_addr(w, victim(w, r), m->tunnel);
	forged.request_id ^= 1u << 30;
	send_forged(w, r, m, &forged);
	forged.type = NHRP_PURGE_REQUEST;
	forged.flags = NHRP_FLAG_PURGE_NO_REPLY;
	forged.cies[0].proto = forged.src_proto;
	forged.cies[0].prefix_len = ip_family_bits((enum ip_family)forged.src_proto.family);
	send_forged(w, r, m, &forged);
}

void lie_instead(struct world *w, struct router *r, struct underlay_message *m, uint8_t out[NHRP_MESSAGE_MAX])
{
	static struct nhrp_message own;

	if (nhrp_decode(m->bytes, m->length, &own, NULL) != NHRP_DROP_NONE || own.cie_count == 0)
		return;
	if (own.type == NHRP_REGISTRATION_REQUEST)
		claim_address(w, r, m, &own);
	if (own.type != NHRP_RESOLUTION_REPLY)
		return;
	own.cies[0].prefix_len = design_summary(w, false).len;
	m->length = nhrp_encode(&own, out, NHRP_MESSAGE_MAX);
	m->bytes = out;
	world_note(w, r, "lies: all networks are its own");
}
