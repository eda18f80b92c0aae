/* forwarder: what dmvpn-fwd tells. */
#include <errno.h>
#include <string.h>

#include "daemon/daemon_state.h"

static struct foreign_key key_of(const struct forward_key *k)
{
	return (struct foreign_key){ .given = k->given, .present = k->present, .key = k->key };
}

static void peer_held(struct daemon *d, const struct forward_peer *p)
{
	struct event ev = { .type = EVENT_PEER_KNOWN, .tunnel = p->tunnel };

	/* Later than at start it tells nothing new: the engine has given out the ids itself. */
	if (d->phase != DAEMON_STARTING || !d->engine)
		return;
	ev.peer_known.peer = p->peer;
	ev.peer_known.nbma = p->nbma;
	ev.peer_known.key = key_of(&p->key);
	ev.peer_known.shape = (struct shape){ .rate_bps = p->shape.rate_bps, .burst_octets = p->shape.burst_octets };
	daemon_feed(d, &ev);
}

void forwarder_nhrp(struct daemon *d, const struct forward_nhrp *m)
{
	struct event ev = { .type = EVENT_PACKET, .tunnel = m->tunnel };

	if (m->length > sizeof m->bytes)
		return;
	if (!ipsec_sender(d, m, &ev))
		return;
	ev.packet.from = m->endpoint;
	ev.packet.key = key_of(&m->key);
	ev.packet.bytes = m->bytes;
	ev.packet.length = m->length;
	daemon_feed(d, &ev);
}

static void miss(struct daemon *d, const struct forward_miss *m)
{
	struct event ev = { .type = EVENT_MISS, .tunnel = m->tunnel };

	ev.miss.addr = m->addr;
	daemon_feed(d, &ev);
}

static void stranger(struct daemon *d, const struct forward_stranger *m)
{
	struct event ev = { .type = EVENT_STRANGER, .tunnel = m->tunnel };

	ev.stranger.from = m->from;
	ev.stranger.addr = m->addr;
	daemon_feed(d, &ev);
}

static void usage(struct daemon *d, const struct forward_usage *m)
{
	struct event ev = { .type = EVENT_USAGE, .tunnel = m->tunnel };

	ev.usage.peer = m->peer;
	ev.usage.addr = m->addr;
	ev.usage.idle = span_us(m->idle_us);
	daemon_feed(d, &ev);
}

static void probed(struct daemon *d, const struct forward_probe *m)
{
	struct event ev = { .type = EVENT_PROBED, .tunnel = m->tunnel };

	ev.probed.nbma = m->nbma;
	ev.probed.sequence = m->sequence;
	ev.probed.rtt = span_us(m->rtt_us);
	daemon_feed(d, &ev);
}

static void quiet(struct daemon *d, const struct forward_peer *m)
{
	struct event ev = { .type = EVENT_QUIET, .tunnel = m->tunnel };

	ev.quiet.nbma = m->nbma;
	daemon_feed(d, &ev);
}

static void held_end(struct daemon *d)
{
	d->forward_held_end = true;
	datapath_user_sync(d->user);
	ipsec_sync(d);
	bfd_link_sync(d);
	fall_over_sync(d);
	/* Right after a start of this process the engine has to learn first; see settle. */
	if (!d->adopted && d->phase == DAEMON_RUNNING)
		datapath_user_settle(d->user);
}

static void doubt(struct daemon *d, const struct forward_doubt *m)
{
	struct event ev = { .type = EVENT_DOUBT, .tunnel = m->tunnel };

	ev.quiet.nbma = m->nbma;
	daemon_feed(d, &ev);
}

static bool is(const struct ipc_message *m, unsigned type, size_t size)
{
	return m->type == type && m->length == size;
}

void forwarder_received(void *daemon, const struct ipc_message *m)
{
	struct daemon *d = daemon;
	const void *p = m ? m->payload : NULL;

	if (!m) {
		d->forward_held_end = false;
		datapath_user_lost(d->user);
		ipsec_forwarder_lost(d);
		daemon_log(d, TRACE_WARNING, "FORWARDER_LOST", "reason=\"the forwarder has ended; the keeper starts it again\"");
	} else if (ipsec_forwarder(d, m) || bfd_link_message(d, m)) {
		return;
	} else if (m->type == FORWARD_HELD_END) {
		held_end(d);
	} else if (m->type == FORWARD_PEER_HELD) {
		for (size_t i = 0; i < m->length / sizeof(struct forward_peer); i++)
			peer_held(d, (const struct forward_peer *)p + i);
	} else if (m->type == FORWARD_NHRP_RECEIVED && m->length >= offsetof(struct forward_nhrp, bytes) &&
		   ((const struct forward_nhrp *)p)->length <= m->length - offsetof(struct forward_nhrp, bytes)) {
		forwarder_nhrp(d, p);
	} else if (is(m, FORWARD_MISS, sizeof(struct forward_miss))) {
		miss(d, p);
	} else if (is(m, FORWARD_STRANGER, sizeof(struct forward_stranger))) {
		stranger(d, p);
	} else if (is(m, FORWARD_PROBED, sizeof(struct forward_probe))) {
		probed(d, p);
	} else if (is(m, FORWARD_QUIET, sizeof(struct forward_peer))) {
		quiet(d, p);
	} else if (is(m, FORWARD_DOUBT, sizeof(struct forward_doubt))) {
		doubt(d, p);
	} else if (is(m, FORWARD_BFDD, sizeof(struct forward_bfdd))) {
		fall_over_bfdd(d, p);
	} else if (is(m, FORWARD_USAGE, sizeof(struct forward_usage))) {
		usage(d, p);
	} else {
		counters_take(d, m);
	}
}
