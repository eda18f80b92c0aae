#include "forward/esp_rx.h"

#include <netinet/in.h>
#include <string.h>

#include "esp/esp.h"
#include "forward/gre_rx.h"
#include "forward/hash.h"
#include "forward/ike_hand.h"
#include "forward/invalid_spi.h"
#include "forward/protect.h"
#include "wire/ip.h"

enum { LOOPBACK = 1, NEXT_IPV4 = 4, NEXT_IPV6 = 41, NEXT_NONE = 59 };

static const enum forward_drop esp_drops[] = {
	[ESP_DROP_SHORT] = FORWARD_DROP_ESP_SHORT,
	[ESP_DROP_SPI] = FORWARD_DROP_ESP_SPI,
	[ESP_DROP_REPLAY] = FORWARD_DROP_ESP_REPLAY,
	[ESP_DROP_ICV] = FORWARD_DROP_ESP_ICV,
	[ESP_DROP_PADDING] = FORWARD_DROP_ESP_PADDING,
	[ESP_DROP_EXPIRED] = FORWARD_DROP_ESP_EXPIRED,
};

/* RFC 4301 5.2: what comes out must be what the SA is for. */
static bool ends_right(const struct sa_session *session, const struct esp_sa *sa, const struct ip_view *ip)
{
	const struct sa_binding *b = sa_binding(sa);
	const struct forward_session *c = &session->conf;

	return (ipaddr_eq(&ip->dst, &c->local.addr) || ipaddr_eq(&ip->dst, &sa->local)) &&
	       (ipaddr_eq(&ip->src, &c->remote.addr) || ipaddr_eq(&ip->src, &sa->remote) || ipaddr_eq(&ip->src, &b->to));
}

/* What is in a tunnel mode packet: GRE between the very ends of the session. */
static bool tunnel_mode_open(const struct sa_session *session, const struct esp_sa *sa, struct esp_plain *plain)
{
	struct ip_view ip;
	const unsigned version = plain->next_header == NEXT_IPV4 ? 4 : plain->next_header == NEXT_IPV6 ? 6 : 0;

	if (ip_decode(plain->bytes, plain->length, &ip) != IP_DROP_NONE || ip.version != version ||
	    ip.protocol != IP_PROTO_GRE || ip.fragment_offset || ip.more_fragments)
		return false;
	if (!ends_right(session, sa, &ip))
		return false;
	plain->bytes += ip.header_len;
	plain->length = ip.total_len - ip.header_len;
	plain->next_header = IP_PROTO_GRE;
	return true;
}

/* RFC 3948 has no rule for a peer whose NAT gives it another port; IKE (RFC 7296 2.23) says:
 * follow what is authenticated and newer than all before. */
static void follow(struct worker *w, struct sa_session *session, struct esp_sa *sa, const struct esp_arrival *a,
		   uint32_t sequence)
{
	struct protection *p = w->protection;
	const struct sa_binding *b = sa_binding(sa);

	if (!a->udp || (uint32_t)sa->replay.highest != sequence)
		return;
	if (b->to_port != a->from_port || !ipaddr_eq(&b->to, &a->from))
		sa_session_moved(&p->sessions, session, &a->from, a->from_port);
	if (sa->phase != ESP_PHASE_ORPHAN && (sa->remote_port != a->from_port || !ipaddr_eq(&sa->remote, &a->from)))
		xfrm_server_moved(p->xfrm, protect_clock(p), sa, &a->from, a->from_port);
}

static uint32_t sequence_of(const uint8_t *packet)
{
	return (uint32_t)packet[4] << 24 | (uint32_t)packet[5] << 16 | (uint32_t)packet[6] << 8 | packet[7];
}

/* The SA's session has no tunnel's socket (any more). */
static const struct raw *session_raw(const struct worker *w, struct sa_session *session)
{
	if (session->raw_epoch != w->tables->tunnels.raw_epoch + 1) {
		session->raw = raw_find_local(&w->tables->tunnels, &session->conf.local, IPPROTO_ESP);
		session->raw_epoch = w->tables->tunnels.raw_epoch + 1;
	}
	return session->raw;
}

static void plain_receive(struct worker *w, struct sa_session *session, const struct esp_sa *sa,
			  const struct esp_arrival *a, struct esp_plain *plain)
{
	const struct raw *raw = session_raw(w, session);

	if (plain->next_header == NEXT_NONE)
		return; /* a dummy packet hides that there is no traffic (RFC 4303 2.6) */
	if (sa->mode == ESP_TUNNEL && !tunnel_mode_open(session, sa, plain)) {
		worker_drop(w, FORWARD_DROP_PROTECTION);
		return;
	}
	if (plain->next_header != IP_PROTO_GRE) {
		worker_drop(w, FORWARD_DROP_ESP_PADDING);
		return;
	}
	if (!raw) {
		worker_drop(w, FORWARD_DROP_NO_TUNNEL);
		return;
	}
	gre_rx_protected(w, raw, session, a->tos, plain->bytes, plain->length);
}

static void sa_receive(struct worker *w, struct sa_session *session, struct esp_sa *sa, const struct esp_arrival *a,
		       uint8_t *packet, size_t length)
{
	struct protection *p = w->protection;
	const bool first = sa->used_us == 0;
	struct esp_plain plain;
	const enum esp_drop drop = esp_open(sa, sa_table_key(p->table, sa), w->now, packet, length, &plain);

	if (drop != ESP_OK) {
		worker_drop(w, esp_drops[drop]);
		if (drop == ESP_DROP_EXPIRED)
			xfrm_server_limit(p->xfrm, protect_clock(p), sa);
		return;
	}
	if (first)
		sa_session_heard(&p->sessions, sa, w->now);
	follow(w, session, sa, a, sequence_of(packet));
	plain_receive(w, session, sa, a, &plain);
}

static void wait_for_it(struct worker *w, uint32_t spi, const struct esp_arrival *a, const uint8_t *packet,
			size_t length)
{
	if (!hold_add(&w->protection->hold, w->now, spi, a, packet, length))
		worker_drop(w, FORWARD_DROP_ESP_UNBOUND);
}

/* ---- SAs that one end has forgotten ---- */

static bool is_within(const struct worker *w, struct instant since)
{
	return since.us != 0 && instant_since(w->now, since).us < span_ms(UNKNOWN_MS).us;
}

static bool may_tell_unknown(struct worker *w, const struct esp_arrival *a)
{
	struct protection *p = w->protection;
	const size_t at = hash_ipaddr(a->from_port, &a->from) % UNKNOWN_SLOTS;
	struct unknown_slot *slot = &p->unknown[at];

	if (ipaddr_eq(&slot->to, &a->from) && slot->port == a->from_port && is_within(w, slot->told))
		return false;
	if (!is_within(w, p->unknown_since)) {
		p->unknown_since = w->now;
		p->unknown_told = 0;
	}
	if (p->unknown_told >= UNKNOWN_MAX)
		return false;
	p->unknown_told++;
	*slot = (struct unknown_slot){ a->from, a->from_port, w->now };
	return true;
}

static bool is_protected_here(const struct worker *w, const struct ipaddr *local)
{
	const struct raw *raw;

	TAILQ_FOREACH(raw, &w->tables->tunnels.raws, order)
		if (raw->protocol == IPPROTO_ESP && ipaddr_eq(&raw->local.addr, local))
			return true;
	return false;
}

/* After a restart without memory: the peer need not wait until it checks for itself whether we live. */
static void unknown_tell(struct worker *w, const struct esp_arrival *a, uint32_t spi)
{
	const struct esp_path path = { .local = a->to, .remote = a->from, .remote_port = a->from_port, .udp = true };
	uint8_t *room;

	if (!a->udp || !is_protected_here(w, &a->to) || !may_tell_unknown(w, a))
		return;
	room = w->io.esp_room(w->io.context, &path, INVALID_SPI_OCTETS);
	if (room)
		invalid_spi_write(room, spi);
}

/* Only of the SA that sends: of others, the peer may well be rid. */
static void unknown_heard(struct worker *w, const struct esp_arrival *a, uint32_t spi)
{
	const struct protection *p = w->protection;
	const struct esp_sa *sa = p->table ? sa_table_outbound(p->table, spi, &a->from) : NULL;
	struct sa_session *session = sa ? sa_session_of(&p->sessions, sa) : NULL;
	struct forward_session_state m = { .can_send = 1 };

	if (!session || session->out != sa || is_within(w, session->doubted))
		return;
	session->doubted = w->now;
	m.session = session->conf.session;
	w->io.control_send(w->io.context, FORWARD_SESSION_DOUBT, &m, sizeof m);
}

static void spi_unknown(struct worker *w, const struct esp_arrival *a, uint32_t spi)
{
	worker_drop(w, FORWARD_DROP_ESP_SPI);
	unknown_tell(w, a, spi);
}

void esp_rx_packet(struct worker *w, const struct esp_arrival *a, uint8_t *packet, size_t length)
{
	const struct protection *p = w->protection;
	const uint32_t spi = esp_packet_spi(packet, length);
	struct esp_sa *sa = p->table && spi ? sa_table_inbound(p->table, spi) : NULL;
	struct sa_session *session = sa ? sa_session_of(&p->sessions, sa) : NULL;

	if (!spi)
		worker_drop(w, FORWARD_DROP_ESP_SHORT);
	else if (!sa)
		spi_unknown(w, a, spi);
	else if (sa->phase == ESP_PHASE_LARVAL || !session)
		wait_for_it(w, spi, a, packet, length);
	else if (sa->udp != a->udp)
		worker_drop(w, FORWARD_DROP_ESP_SPI);
	else
		sa_receive(w, session, sa, a, packet, length);
}

static void ike_receive(struct worker *w, const struct esp_arrival *a, const uint8_t *datagram, size_t length)
{
	uint8_t *packet = w->protection->scratch;
	const size_t octets = ike_packet(packet, &a->from, a->from_port, &a->to, datagram, length);

	if (!octets || !w->io.ike_hand(w->io.context, &a->to, packet, octets))
		worker_drop(w, FORWARD_DROP_IKE_NOT_HANDED);
}

static void ike_arrived(struct worker *w, const struct esp_arrival *a, const uint8_t *datagram, size_t length)
{
	const uint32_t unknown = invalid_spi_read(datagram, length);

	if (unknown)
		unknown_heard(w, a, unknown); /* charon makes nothing of it */
	else
		ike_receive(w, a, datagram, length);
}

void esp_rx_datagram(struct worker *w, const struct esp_arrival *a, uint32_t ifindex, uint8_t *datagram,
		     size_t length)
{
	if (ike_is_keepalive(datagram, length))
		return;
	/* What comes over loopback is for charon, which is not there to hear it, or was handed on
	 * by us: never twice. */
	if (ifindex == LOOPBACK)
		worker_drop(w, ike_is_message(datagram, length) ? FORWARD_DROP_IKE_NOT_HANDED : FORWARD_DROP_ESP_SPI);
	else if (ike_is_message(datagram, length))
		ike_arrived(w, a, datagram, length);
	else
		esp_rx_packet(w, a, datagram, length);
}

void esp_rx_outer4(struct worker *w, uint8_t *packet, size_t length)
{
	struct esp_arrival a = { 0 };
	struct ip_view outer;

	if (ip_decode(packet, length, &outer) != IP_DROP_NONE || outer.version != 4 || outer.protocol != IPPROTO_ESP) {
		worker_drop(w, FORWARD_DROP_OUTER_FRAGMENT);
		return;
	}
	a.from = outer.src;
	a.to = outer.dst;
	a.tos = (uint8_t)(outer.dscp << 2 | outer.ecn);
	esp_rx_packet(w, &a, packet + outer.header_len, outer.total_len - outer.header_len);
}
