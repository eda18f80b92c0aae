#include "daemon/certificate_query.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/* charon remembers 32 of peers, beside what its connections name. Some of them may be made up. */
enum { KEPT_MAX = 48, KEPT_BYTES_MAX = 256 * 1024 };

struct kept {
	size_t count, bytes;
	struct certificate_bytes list[KEPT_MAX];
};

struct query {
	struct charon *charon;
	const struct certificate_query_calls *calls;
	void *arg;
	uint32_t session, protection;
	char *identity;
	bool found;
	struct certificate best;
	enum certificate_fault why;
	struct kept strangers;  /* not believed as long as nothing leads from them to an anchor … */
	struct kept between;    /* … which these may do */
};

static void keep(struct kept *k, const struct vici_node *data)
{
	uint8_t *copy;

	if (k->count == KEPT_MAX || data->length > KEPT_BYTES_MAX - k->bytes || data->length == 0)
		return;
	copy = alloc_array(NULL, data->length, 1);
	memcpy(copy, data->value, data->length);
	k->list[k->count++] = (struct certificate_bytes){ copy, data->length };
	k->bytes += data->length;
}

static void kept_done(struct kept *k)
{
	for (size_t i = 0; i < k->count; i++)
		free((void *)k->list[i].bytes);
}

static void finish(struct query *q)
{
	q->calls->done(q->arg, q->session, q->identity, q->found ? &q->best : NULL, q->found ? CERTIFICATE_NONE : q->why);
	kept_done(&q->strangers);
	kept_done(&q->between);
	free(q->identity);
	free(q);
}

static enum certificate_fault judge(struct query *q, const struct certificate_bytes *der)
{
	const struct certificate_anchors *a = q->calls->anchors(q->arg, q->protection);
	struct certificate one;
	const enum certificate_fault fault = certificate_read(a, q->identity, der, q->between.list, q->between.count, &one);

	if (fault == CERTIFICATE_NONE && (!q->found || one.issued_s > q->best.issued_s)) {
		q->best = one;
		q->found = true;
	}
	/* What is wrong with a stranger's says least. */
	if (q->why == CERTIFICATE_NONE || !certificate_fault_proven(q->why))
		q->why = fault;
	return fault;
}

static const struct vici_node *data_of(const struct vici_message *m)
{
	const struct vici_node *data = vici_find(m->root, "data");

	return data && data->kind == VICI_VALUE ? data : NULL;
}

static void authorities_listed(void *context, enum vici_outcome outcome, const struct vici_message *m)
{
	struct query *q = context;

	if (outcome == VICI_PART) {
		if (data_of(m))
			keep(&q->between, data_of(m));
		return;
	}
	for (size_t i = 0; outcome == VICI_REPLY && i < q->strangers.count; i++)
		judge(q, &q->strangers.list[i]);
	finish(q);
}

static void list(struct query *q, const char *flag, const char *subject, vici_reply *reply)
{
	struct vici_writer w = { 0 };

	vici_put(&w, "type", "X509");
	vici_put(&w, "flag", flag);
	if (subject)
		vici_put(&w, "subject", subject);
	charon_ask(q->charon, "list-certs", &w, "list-cert", reply, q);
	vici_writer_done(&w);
}

static void listed(void *context, enum vici_outcome outcome, const struct vici_message *m)
{
	struct query *q = context;
	const struct vici_node *data = outcome == VICI_PART ? data_of(m) : NULL;

	if (data) {
		const struct certificate_bytes der = { (const uint8_t *)data->value, data->length };

		if (judge(q, &der) == CERTIFICATE_UNTRUSTED)
			keep(&q->strangers, data);
	}
	if (outcome == VICI_PART)
		return;
	if (outcome == VICI_REPLY && !q->found && q->strangers.count > 0)
		list(q, "CA", NULL, authorities_listed);
	else
		finish(q);
}

void certificate_query(struct charon *c, const struct certificate_query_calls *calls, void *arg, uint32_t session,
		       uint32_t protection, const char *identity)
{
	struct query *q = alloc_zero(1, sizeof *q);

	q->charon = c;
	q->calls = calls;
	q->arg = arg;
	q->session = session;
	q->protection = protection;
	q->identity = alloc_text(identity);
	list(q, "NONE", identity, listed);
}
