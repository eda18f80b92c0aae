#include "forward/esp_tx.h"

#include <netinet/in.h>
#include <string.h>

#include "esp/esp.h"
#include "forward/frame.h"
#include "forward/mtu.h"
#include "forward/protect.h"
#include "wire/ip.h"

enum { UDP_HEADER = 8, NEXT_IPV4 = 4, NEXT_IPV6 = 41, INNER_TTL = 64 };

/* What is sealed, and what ESP's next header says of it. */
struct plain {
	uint8_t *bytes;
	size_t length;
	uint8_t next_header;
};

static size_t inner_header(const struct esp_sa *sa)
{
	if (sa->mode != ESP_TUNNEL)
		return 0;
	return sa->local.family == IP_V6 ? IP6_HEADER : IP4_HEADER_MIN;
}

/* Tunnel mode: the GRE packet gets the IP header that it would have had in clear (RFC 4303
 * 3.1.2). There is no room before it in general, so it is copied. */
static bool tunnel_mode_wrap(struct worker *w, const struct sa_session *session, const struct underlay_packet *p,
			     struct plain *out)
{
	const struct ip_head head = { .from = session->conf.local.addr, .to = session->conf.remote.addr,
				      .protocol = IP_PROTO_GRE, .ttl = INNER_TTL, .tos = p->tos, .dont_fragment = p->df };
	uint8_t *at = w->protection->scratch;
	const size_t header = inner_header(session->out);

	if (header + p->length + ESP_TRAILER_ROOM > sizeof w->protection->scratch)
		return false;
	ip_encode(&head, p->length, at);
	memcpy(at + header, p->bytes, p->length);
	*out = (struct plain){ at, header + p->length, header == IP6_HEADER ? NEXT_IPV6 : NEXT_IPV4 };
	return true;
}

static struct esp_path path_of(const struct sa_session *session, const struct underlay_packet *p)
{
	const struct esp_sa *sa = session->out;

	return (struct esp_path){ .local = sa->local, .remote = sa->udp ? session->path->to : sa->remote,
				  .remote_port = session->path->to_port, .udp = sa->udp, .raw = p->tunnel->raw,
				  .tos = p->tos, .ttl = p->ttl, .df = p->df, .session = session->conf.session };
}

static void sealed_not(struct worker *w, struct sa_session *session)
{
	struct protection *protection = w->protection;

	w->io.esp_undo(w->io.context);
	worker_drop(w, FORWARD_DROP_ESP_EXPIRED);
	xfrm_server_limit(protection->xfrm, protect_clock(protection), session->out);
	sa_session_settle(&protection->sessions, session, w->now);
}

bool esp_tx_gre(struct worker *w, struct sa_session *session, const struct underlay_packet *p)
{
	struct plain plain = { (uint8_t *)(uintptr_t)p->bytes, p->length, IP_PROTO_GRE };
	struct esp_path path;
	uint8_t *room;
	size_t sealed;

	if (!sa_session_can_send(session)) {
		worker_drop(w, FORWARD_DROP_NO_SA);
		return false;
	}
	if (session->out->mode == ESP_TUNNEL && !tunnel_mode_wrap(w, session, p, &plain)) {
		worker_drop(w, FORWARD_DROP_PROTECTION);
		return false;
	}
	path = path_of(session, p);
	sealed = esp_sealed_octets(&session->out->suite, plain.length);
	room = w->io.esp_room(w->io.context, &path, sealed);
	if (!room) {
		worker_drop(w, FORWARD_DROP_SEND_ERROR);
		return false;
	}
	if (esp_seal(session->out, session->key, w->now, plain.next_header, plain.bytes, plain.length, room, sealed) !=
	    ESP_OK) {
		sealed_not(w, session);
		return false;
	}
	return true;
}

static size_t outer_octets(const struct sa_session *session)
{
	const struct esp_sa *sa = session->out;
	const size_t ip = session->conf.local.addr.family == IP_V6 ? IP6_HEADER : IP4_HEADER_MIN;

	return ip + (sa && sa->udp ? UDP_HEADER : 0);
}

size_t esp_tx_octets(const struct sa_session *session, size_t gre)
{
	const struct esp_sa *sa = session->out;

	return outer_octets(session) + (sa ? esp_sealed_octets(&sa->suite, inner_header(sa) + gre) : gre);
}

uint32_t esp_tx_room(const struct sa_session *session, uint32_t path_mtu)
{
	const struct esp_sa *sa = session ? session->out : NULL;
	size_t outer, room;

	if (!sa)
		return UINT32_MAX;
	outer = outer_octets(session);
	if (path_mtu <= outer)
		return 0;
	room = esp_plain_max(&sa->suite, path_mtu - outer);
	return room > inner_header(sa) ? (uint32_t)(room - inner_header(sa)) : 0;
}

void esp_tx_learn(struct worker *w, uint32_t id, uint32_t path_mtu)
{
	struct sa_session *session = sa_session_find(&w->protection->sessions, id);

	if (!session || path_mtu < ESP_OVERHEAD_MAX || path_mtu > UINT16_MAX)
		return;
	session->path_mtu = (uint16_t)path_mtu;
	session->path_mtu_until = instant_add(w->now, span_s(PATH_MTU_LIFE_S));
}
