/*
 * Who sent an NHRP message, as IPsec authenticated him, and where `ip nhrp identity certificate` asks
 * for it what his certificate names. What certificates are verified with is the trustpoints' files, read
 * when the first is looked at and again after a reload.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "daemon/certificate_query.h"
#include "daemon/certificates.h"
#include "daemon/charon_report.h"
#include "daemon/ipsec_state.h"

enum { PEM_MAX = 1024 * 1024 };

/* What peers of a protection are verified with. */
struct trust {
	struct trust *next;
	uint32_t protection;
	struct certificate_anchors *anchors; /* NULL: cannot be read */
};

struct claimants {
	struct certificates *certificates;
	struct trust *trusts;
};

/* ---- what is believed ---- */

struct pem {
	size_t length;
	char bytes[PEM_MAX];
};

/* Mostly everybody may read it; a file for root alone is the keeper's to open. */
static int open_file(struct daemon *d, const char *path)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	return fd >= 0 ? fd : ipsec_open_file(d, path);
}

static void read_file(struct daemon *d, const char *path, struct pem *out)
{
	const int fd = open_file(d, path);
	ssize_t got = fd >= 0 ? 1 : 0;

	while (got > 0 && out->length < sizeof out->bytes) {
		got = read(fd, out->bytes + out->length, sizeof out->bytes - out->length);
		if (got > 0)
			out->length += (size_t)got;
	}
	if (got < 0)
		daemon_log(d, TRACE_ERROR, "IKE_FILE", "file=%s error=\"%s\"", path, strerror(errno));
	if (fd >= 0)
		close(fd);
}

static struct certificate_anchors *read_anchors(struct daemon *d, const struct ike_protection *p)
{
	const struct ike_config *i = d->ipsec->config;
	struct pem *all = alloc_zero(1, sizeof *all);
	struct certificate_anchors *a;

	for (size_t k = 0; k < i->trustpoint_count; k++) {
		const struct ike_trustpoint *t = &i->trustpoints[k];

		if (t->ca_file && (!p->verify_trustpoint || strcmp(t->name, p->verify_trustpoint) == 0))
			read_file(d, t->ca_file, all);
	}
	a = certificate_anchors_new(all->bytes, all->length);
	free(all);
	return a;
}

static const struct certificate_anchors *anchors_of(void *daemon, uint32_t protection)
{
	struct daemon *d = daemon;
	const struct ike_protection *p = protection_of(d->ipsec->config, protection);
	struct trust *t = d->ipsec->claimants->trusts;

	while (t && t->protection != protection)
		t = t->next;
	if (t || !p)
		return t ? t->anchors : NULL;
	t = alloc_zero(1, sizeof *t);
	t->protection = protection;
	t->anchors = read_anchors(d, p);
	t->next = d->ipsec->claimants->trusts;
	d->ipsec->claimants->trusts = t;
	return t->anchors;
}

static void forget_trusts(struct claimants *c)
{
	for (struct trust *t = c->trusts, *next; t; t = next) {
		next = t->next;
		certificate_anchors_free(t->anchors);
		free(t);
	}
	c->trusts = NULL;
}

/* ---- asking ---- */

static bool view_of(const struct daemon *d, uint32_t session, struct session_view *v)
{
	return session != 0 && sessions_view(d->ipsec->sessions, session - 1, v) && v->session == session;
}

static void answered(void *daemon, uint32_t session, const char *identity, const struct certificate *found,
		     enum certificate_fault why)
{
	struct daemon *d = daemon;

	certificates_answer(d->ipsec->claimants->certificates, daemon_now(), session, identity, found, why);
}

static void ask(void *daemon, uint32_t session)
{
	static const struct certificate_query_calls calls = { anchors_of, answered };
	struct daemon *d = daemon;
	const struct ike_protection *p;
	struct session_view v;

	p = view_of(d, session, &v) ? protection_of(d->ipsec->config, v.key.protection) : NULL;
	if (p && p->remote_auth == IKE_PUBKEY)
		certificate_query(d->ipsec->charon, &calls, d, session, v.key.protection, v.identity);
	else
		answered(d, session, p ? v.identity : "", NULL, p ? CERTIFICATE_BY_KEY : CERTIFICATE_NONE);
}

static bool again(void *daemon, uint32_t session)
{
	struct daemon *d = daemon;
	const bool begun = sessions_prove(d->ipsec->sessions, daemon_now(), session);

	ipsec_run(d);
	return begun;
}

static void refused(void *daemon, uint32_t session, enum certificate_fault why)
{
	struct daemon *d = daemon;
	char peer[IPADDR_TEXT_MAX];
	struct session_view v;

	if (view_of(d, session, &v))
		daemon_log(d, TRACE_WARNING, "NHRP_CERTIFICATE", "peer=%s identity=%.100s reason=\"%s\"",
			   ipaddr_format(&v.key.remote.addr, peer), v.identity, certificate_fault_text(why));
}

static void take(void *daemon, const struct forward_nhrp *m)
{
	forwarder_nhrp(daemon, m);
}

static const char *identity_of(void *daemon, uint32_t session)
{
	return sessions_identity(((struct daemon *)daemon)->ipsec->sessions, session);
}

/* ---- senders ---- */

static bool wants_certificates(const struct daemon *d, uint32_t tunnel)
{
	const struct config_interface *i = config_find_tunnel(d->config, tunnel);

	return i && i->tunnel && (i->tunnel->nhrp4.identity_certificate || i->tunnel->nhrp6.identity_certificate);
}

static bool certified(struct daemon *d, const struct forward_nhrp *m, struct event *ev)
{
	struct certificates_peer p = { .session = m->session, .identity = ev->packet.identity };
	struct session_view v;

	if (!wants_certificates(d, m->tunnel))
		return true;
	if (view_of(d, m->session, &v)) {
		p.ike_id = v.ike_id;
		p.ike_spi = v.ike_spi;
	}
	return certificates_of(d->ipsec->claimants->certificates, daemon_now(), &p, m, &ev->packet.certified,
			       &ev->packet.certified_count);
}

bool ipsec_sender(struct daemon *d, const struct forward_nhrp *m, struct event *ev)
{
	const struct sessions *s = d->ipsec->sessions;

	if (sessions_covers(s, m->tunnel) != (m->session != 0))
		return false;
	if (m->session == 0)
		return true;
	ev->packet.identity = sessions_identity(s, m->session);
	return ev->packet.identity && certified(d, m, ev);
}

/* ---- start and change ---- */

void claimants_start(struct daemon *d)
{
	static const struct certificates_calls calls = { ask, take, again, refused, identity_of };
	struct claimants *c = alloc_zero(1, sizeof *c);

	c->certificates = certificates_new(&calls, d);
	d->ipsec->claimants = c;
}

void claimants_forget(struct daemon *d)
{
	forget_trusts(d->ipsec->claimants);
	certificates_forget(d->ipsec->claimants->certificates);
}

struct certificates *claimants_certificates(const struct daemon *d)
{
	return d->ipsec->claimants->certificates;
}
