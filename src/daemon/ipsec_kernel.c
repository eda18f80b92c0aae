#include "daemon/ipsec_kernel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/datapath_kernel.h"
#include "daemon/ipsec_state.h"
#include "daemon/kernel_sas.h"
#include "kernel/esp.h"

struct ipsec_kernel {
	struct daemon *daemon;
	struct netlink netlink; /* of XFRM */
	int watch_fd;
	uv_poll_t watch;
	struct kernel_sas sas;
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
