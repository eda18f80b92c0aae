#include "daemon/ipsec_kernel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "daemon/counters.h"
#include "daemon/datapath_kernel.h"
#include "daemon/ipsec_state.h"
#include "daemon/kernel_sas.h"
#include "kernel/esp.h"
#include "kernel/sa_dump.h"

struct ipsec_kernel {
	struct daemon *daemon;
	struct netlink netlink; /* of XFRM */
	int watch_fd;
	uv_poll_t watch;
	struct kernel_sas sas;
	size_t adopted_count;
	struct endpoint *adopted; /* local ends that were looked at */
};

/* ---- the kernel, as kernel_sas asks it ---- */

static bool exists(void *arg, const struct ipaddr *dst, uint32_t spi)
{
	return esp_sa_exists(&((struct ipsec_kernel *)arg)->netlink, dst, spi);
}

static void del(void *arg, const struct ipaddr *dst, uint32_t spi)
{
	(void)esp_sa_del(&((struct ipsec_kernel *)arg)->netlink, dst, spi); /* gone already is as good */
}

/* ---- what the sessions hear ---- */

static void can_send(void *arg, uint32_t session, bool can_send)
{
	const struct ipsec_kernel *k = arg;

	sessions_can_send(k->daemon->ipsec->sessions, daemon_now(), session, can_send);
	datapath_kernel_sessions_changed(k->daemon->kernel);
}

static void gone(void *arg, uint32_t session, uint32_t spi, bool inbound)
{
	const struct ipsec_kernel *k = arg;

	sessions_sa_gone(k->daemon->ipsec->sessions, daemon_now(), session, spi, inbound);
}

static void seen(void *arg, const struct ipaddr *dst, uint32_t spi, bool exists)
{
	kernel_sas_seen(&((struct ipsec_kernel *)arg)->sas, dst, spi, exists);
}

static void watch_ready(uv_poll_t *poll, int status, int events)
{
	struct ipsec_kernel *k = poll->data;
	const int rc = esp_watch_read(k->watch_fd, seen, k);

	(void)status;
	(void)events;
	if (rc == -ENOBUFS)
		kernel_sas_ask(&k->sas);
	else if (rc < 0)
		daemon_log(k->daemon, TRACE_ERROR, "XFRM", "error=\"%s\"", strerror(-rc));
	ipsec_run(k->daemon);
}

/* ---- what they ask for ---- */

/* The policies of two such peers are the same, so packets for one would go to the other. */
static void refuse(const struct ipsec_kernel *k, const struct session_action *a)
{
	struct ipsec *x = k->daemon->ipsec;
	struct session_view v;

	sessions_cause(x->sessions, daemon_now(), &a->key, IKE_CAUSE_SAME_ADDRESS, ike_cause_text(IKE_CAUSE_SAME_ADDRESS));
	if (!sessions_view(x->sessions, a->session - 1, &v) || v.session != a->session || v.ike_id == 0)
		return;
	daemon_log(k->daemon, TRACE_WARNING, "IKE_REFUSED", "claims=%.100s reason=\"%s\" remedy=\"%s\"", v.identity,
		   ike_cause_text(IKE_CAUSE_SAME_ADDRESS), ike_cause_remedy(IKE_CAUSE_SAME_ADDRESS));
	charon_terminate(x->charon, v.ike_id, true);
}

void ipsec_kernel_do(struct ipsec_kernel *k, const struct session_action *a)
{
	if (a->type == SESSION_DO_FORWARD_DEL)
		kernel_sas_forget(&k->sas, a->session);
	else if (a->type == SESSION_DO_REVOKE)
		kernel_sas_revoke(&k->sas, a);
	else if (a->type == SESSION_DO_BIND && a->key.remote.site != 0)
		refuse(k, a);
	else if (a->type == SESSION_DO_BIND)
		kernel_sas_bind(&k->sas, a);
}

/* ---- what the kernel has ---- */

struct found {
	size_t count;
	struct kernel_sa *list;
};

static void note(void *arg, const struct kernel_sa *sa)
{
	struct found *f = arg;

	if (sa->reqid != IPSEC_KERNEL_REQID)
		return; /* somebody else's */
	f->list = alloc_array(f->list, f->count + 1, sizeof *f->list);
	f->list[f->count++] = *sa;
}

static struct found find_all(struct ipsec_kernel *k)
{
	struct found f = { 0 };
	const int rc = kernel_sa_dump(&k->netlink, note, &f);

	if (rc < 0)
		daemon_log(k->daemon, TRACE_ERROR, "XFRM", "error=\"SAs cannot be listed: %s\"", strerror(-rc));
	return f;
}

static void adopt(struct ipsec_kernel *k, uint32_t protection, const struct endpoint *local, const struct kernel_sa *sa)
{
	const bool inbound = ipaddr_eq(&sa->dst, &local->addr);
	const struct session_key key = { .protection = protection, .local = *local,
					 .remote = { .addr = inbound ? sa->src : sa->dst, .vrf = local->vrf } };
	struct sessions *s = k->daemon->ipsec->sessions;
	const uint32_t session = sessions_found(s, daemon_now(), &key, inbound ? sa->src_port : sa->dst_port);

	sessions_held_sa(s, daemon_now(), session, sa->spi, inbound);
	kernel_sas_held(&k->sas, session, &key, sa->spi, inbound);
}

static bool is_adopted(struct ipsec_kernel *k, const struct endpoint *local)
{
	for (size_t i = 0; i < k->adopted_count; i++)
		if (endpoint_eq(&k->adopted[i], local))
			return true;
	k->adopted = alloc_array(k->adopted, k->adopted_count + 1, sizeof *k->adopted);
	k->adopted[k->adopted_count++] = *local;
	return false;
}

void ipsec_kernel_adopt(struct ipsec_kernel *k, uint32_t protection, const struct endpoint *local)
{
	struct found f;

	if (protection == 0 || is_adopted(k, local))
		return;
	f = find_all(k);
	for (size_t i = 0; i < f.count; i++)
		if (ipaddr_eq(&f.list[i].src, &local->addr) || ipaddr_eq(&f.list[i].dst, &local->addr))
			adopt(k, protection, local, &f.list[i]);
	free(f.list);
}

static struct forward_sa_state describe(const struct ipsec_kernel *k, const struct kernel_sa *sa)
{
	struct forward_sa_state out = { .spi = sa->spi, .udp = sa->udp, .esn = sa->esn, .packets = sa->packets, .bytes = sa->bytes,
					.replay_window = sa->replay_window, .replay_drops = sa->replay_drops,
					.icv_drops = sa->icv_drops, .age_s = time(NULL) - sa->added_s, .hard_s = INT64_MAX };
	bool inbound;

	if (sa->hard_s)
		out.hard_s = sa->hard_s - out.age_s;
	out.session = kernel_sas_session(&k->sas, &sa->src, &sa->dst, &inbound);
	out.inbound = inbound;
	out.phase = sessions_is_orphan(k->daemon->ipsec->sessions, out.session, sa->spi, inbound) ? FORWARD_SA_ORPHAN : FORWARD_SA_LIVE;
	memcpy(out.suite, sa->suite, sizeof out.suite);
	return out;
}

/* Of several the kernel sends by the newest; of those of the same second that is the first of a dump. */
static void mark_sending(struct counters *c, uint32_t session)
{
	struct forward_sa_state *best = NULL;

	for (size_t i = 0; i < c->sa_count; i++) {
		struct forward_sa_state *s = &c->sas[i];

		if (s->session == session && !s->inbound && (!best || s->age_s < best->age_s))
			best = s;
	}
	if (best)
		best->sending = true;
}

void ipsec_kernel_count(struct ipsec_kernel *k, struct counters *c)
{
	struct found f = find_all(k);

	c->sas = alloc_array(c->sas, f.count + 1, sizeof *c->sas);
	c->sa_count = 0;
	for (size_t i = 0; i < f.count; i++) {
		c->sas[c->sa_count] = describe(k, &f.list[i]);
		c->sa_count += c->sas[c->sa_count].session != 0;
	}
	for (size_t i = 0; i < c->sa_count; i++)
		mark_sending(c, c->sas[i].session);
	free(f.list);
}

struct ipsec_kernel *ipsec_kernel_new(struct daemon *d)
{
	static const struct kernel_sas_calls calls = { exists, del, can_send, gone };
	struct ipsec_kernel *k = calloc(1, sizeof *k);
	int rc;

	if (!k)
		return NULL;
	k->daemon = d;
	kernel_sas_init(&k->sas, &calls, k);
	rc = netlink_init(&k->netlink, NETLINK_XFRM);
	if (rc == 0)
		rc = k->watch_fd = esp_watch_open();
	if (rc >= 0)
		rc = uv_poll_init(&d->loop, &k->watch, k->watch_fd);
	if (rc < 0) {
		errno = -rc;
		netlink_done(&k->netlink);
		free(k);
		return NULL;
	}
	k->watch.data = k;
	uv_poll_start(&k->watch, UV_READABLE, watch_ready);
	return k;
}
