/* plane_keep: what of the plane outlives the process: bfdd's sessions, what bfdd was told of them and on which
 * connection, and the verdicts about them. */
#include "bfd/plane_own.h"

#include <string.h>

/* What of a tie, and of the verdict about it, outlives the process. */
struct tie_record {
	int kind;
	struct bfd_key key;
	struct bfd_plane_session wish;
	bool renewed, told_up, has_bfd, orphaned;
	enum plane_verdict verdict;
};

_Static_assert(sizeof(struct tie_record) <= BFD_RECORD_OCTETS, "a record has room for a tie");

void plane_tie_keep(const struct plane *p, struct tie *t)
{
	union { struct tie_record r; uint8_t octets[BFD_RECORD_OCTETS]; } u = { .octets = { 0 } };
	const struct verdict *v = plane_verdict_about(p, t);

	if (!p->records)
		return;
	u.r = (struct tie_record){ .kind = BFD_RECORD_TIE, .key = t->key, .wish = t->wish, .renewed = t->renewed,
				   .told_up = t->told_up, .has_bfd = t->has_bfd, .orphaned = v && v->orphaned,
				   .verdict = v ? v->is : PLANE_NO_VERDICT };
	t->record = records_put(p->records, t->record, &u);
}

struct connection_record {
	int kind;
	uint32_t connection;
};

void plane_connection_keep(struct plane *p, uint32_t connection)
{
	union { struct connection_record r; uint8_t octets[BFD_RECORD_OCTETS]; } u = { .octets = { 0 } };

	p->connection = connection;
	if (!p->records)
		return;
	u.r = (struct connection_record){ .kind = BFD_RECORD_CONNECTION, .connection = connection };
	p->connection_record = records_put(p->records, p->connection_record, &u);
}

static void tie_restore(struct plane *p, const struct tie_record *r, uint32_t record)
{
	struct tie *t = NULL;

	if (r->wish.discriminator != 0 && !ipaddr_is_none(&r->key.remote) && memchr(r->wish.ifname, 0, sizeof r->wish.ifname) &&
	    !plane_tie_find(p, r->wish.discriminator))
		t = plane_tie_new(p, &r->wish, &r->key);
	if (!t) {
		records_drop(p->records, record);
		return;
	}
	t->record = record;
	t->renewed = r->renewed;
	t->told_up = r->told_up;
	t->has_bfd = r->has_bfd;
	(void)bfd_get_status(p->bfd, &t->key, &t->status);
	if (t->on_tunnel && r->verdict != PLANE_NO_VERDICT && r->verdict <= PLANE_DEAD)
		plane_verdict_put(p, t->tunnel, &t->key.remote, r->verdict, r->orphaned);
}

static void record_restore(struct plane *p, const void *record, uint32_t index)
{
	struct connection_record c;
	struct tie_record t;

	memcpy(&c, record, sizeof c);
	memcpy(&t, record, sizeof t);
	if (t.kind == BFD_RECORD_TIE) {
		tie_restore(p, &t, index);
	} else if (c.kind == BFD_RECORD_CONNECTION) {
		p->connection = c.connection;
		p->connection_record = index;
	}
}

void plane_restore(struct plane *p, struct instant now, struct records *r)
{
	const void *at;

	p->records = r;
	for (uint32_t i = 0; (at = records_from(r, &i)); i++)
		record_restore(p, at, i);
	if (p->by_id.count == 0)
		return;
	p->unsettled = true;
	p->expiry = instant_add(now, span_s(PLANE_LINGER_S));
}
