/*
 * request_sa: ALLOCSPI, NEWSA, UPDSA, DELSA, GETSA, GETAE, NEWAE, FLUSHSA.
 *
 * Errors are the kernel's: EEXIST for an SA that is there, ESRCH for one that is not (charon then adds
 * what it wanted to update), ENOSYS and EOPNOTSUPP for what we do not have.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <string.h>

#include "xfrm/server_state.h"

enum { SPI_MIN = 256, SPI_TRIES = 1024 };

/* --- SPIs --- */

/* One of the wanted range that no inbound SA has; 0: none was found. */
static uint32_t choose_spi(struct xfrm_server *s, uint32_t min, uint32_t max)
{
	uint64_t span = (uint64_t)max - min + 1, start = prng_below(&s->prng, span);

	for (unsigned i = 0; i < SPI_TRIES; i++) {
		uint64_t at = span <= SPI_TRIES ? (start + i) % span : prng_below(&s->prng, span);

		if (!sa_table_inbound(s->table, min + (uint32_t)at))
			return min + (uint32_t)at;
	}
	return 0;
}

static int put_allocated(struct netlink_writer *out, const struct xfrm_request *q, const struct esp_sa *sa)
{
	struct xfrm_usersa_info info = sa_message_info(sa, q->clock);

	netlink_begin(out, XFRM_MSG_NEWSA, 0, q->message.seq, q->message.pid);
	netlink_put(out, &info, sizeof info);
	return netlink_end(out) ? XFRM_ANSWERED : -EMSGSIZE;
}

static int make_larval(struct xfrm_server *s, const struct xfrm_request *q, const struct xfrm_userspi_info *asked,
		       struct esp_sa **out)
{
	struct algorithm_refusal refusal = { 0 };
	struct ipaddr daddr, saddr;
	uint32_t spi, min = asked->min < SPI_MIN ? SPI_MIN : asked->min;
	struct xfrm_owner *owner;
	int error = sa_message_identity(&asked->info, &spi, &daddr, &saddr, &refusal);

	server_refused(s, &refusal);
	if (error)
		return error;
	if (min > asked->max)
		return -EINVAL;
	*out = sa_table_take(s->table);
	if (!*out)
		return -ENOBUFS;
	owner = xfrm_owner(*out);
	(*out)->spi = choose_spi(s, min, asked->max);
	(*out)->inbound = 1;
	(*out)->phase = ESP_PHASE_LARVAL;
	(*out)->local = daddr;
	(*out)->remote = saddr;
	(*out)->reqid = asked->info.reqid;
	(*out)->mode = asked->info.mode == XFRM_MODE_TUNNEL ? ESP_TUNNEL : ESP_TRANSPORT;
	(*out)->added_us = q->clock.now.us;
	owner->request_seq = q->message.seq;
	owner->request_pid = q->message.pid;
	owner->seq = asked->info.seq;
	owner->gone_us = instant_add(q->clock.now, span_s(LARVAL_S)).us;
	error = (*out)->spi ? sa_table_publish(s->table, *out) : -ENOENT;
	if (error)
		sa_table_give_back(s->table, *out);
	return error;
}

/* What the same request has made before. */
static struct esp_sa *made_before(const struct xfrm_server *s, const struct xfrm_request *q)
{
	struct esp_sa *sa = NULL;

	while ((sa = sa_table_next(s->table, sa)) != NULL) {
		const struct xfrm_owner *owner = xfrm_owner_of(sa);

		if (sa->phase == ESP_PHASE_LARVAL && owner->request_seq == q->message.seq &&
		    owner->request_pid == q->message.pid)
			return sa;
	}
	return NULL;
}

int request_sa_alloc(struct xfrm_server *s, const struct xfrm_request *q, struct netlink_writer *out)
{
	struct xfrm_userspi_info asked;
	struct esp_sa *sa = NULL;
	int error;

	if (!netlink_head(&q->message, &asked, sizeof asked))
		return -EINVAL;
	if (q->is_repeated)
		sa = made_before(s, q);
	if (!sa) {
		error = make_larval(s, q, &asked, &sa);
		if (error)
			return error;
		limits_arm(s, sa, q->clock.now);
	}
	return put_allocated(out, q, sa);
}

/* --- adding --- */

static bool is_own_address(const struct xfrm_server *s, const struct ipaddr *addr)
{
	struct esp_sa *sa = NULL;

	if (s->hooks.is_local)
		return s->hooks.is_local(s->hooks.context, addr);
	while ((sa = sa_table_next(s->table, sa)) != NULL)
		if (ipaddr_eq(&sa->local, addr))
			return true;
	return false;
}

static bool is_inbound(const struct xfrm_server *s, uint32_t spi, const struct ipaddr *daddr)
{
	const struct esp_sa *sa = sa_table_inbound(s->table, spi);
	const struct xfrm_recent *r;

	if (sa && ipaddr_eq(&sa->local, daddr))
		return true;
	r = server_recent(s, spi, true);
	if (r && ipaddr_eq(&r->local, daddr))
		return true;
	return is_own_address(s, daddr);
}

/* Those that charon has forgotten make room for what it adds under their name or with their key. */
static bool make_room(struct xfrm_server *s, const struct esp_sa *filled)
{
	struct esp_sa *sa = NULL;
	bool found = false;

	while ((sa = sa_table_next(s->table, sa)) != NULL) {
		bool is_rival = sa->spi == filled->spi && sa->inbound == filled->inbound &&
				xfrm_owner(sa)->forgotten &&
				(sa->inbound || ipaddr_eq(&sa->remote, &filled->remote) ||
				 memcmp(&sa->keys, &filled->keys, sizeof sa->keys) == 0);

		if (is_rival) {
			server_drop(s, sa);
			found = true;
		}
	}
	return found;
}

static int add(struct xfrm_server *s, const struct esp_sa *filled, struct xfrm_clock clock)
{
	struct esp_sa *sa = sa_table_take(s->table);
	int error;

	if (!sa)
		return -ENOBUFS;
	memcpy(sa, filled, sizeof *sa);
	error = sa_table_publish(s->table, sa);
	if (error) {
		sa_table_give_back(s->table, sa);
		return error;
	}
	server_installed(s, sa, clock);
	return 0;
}

static int add_or_replace(struct xfrm_server *s, const struct esp_sa *filled, struct xfrm_clock clock)
{
	int error = add(s, filled, clock);

	if (error == -EEXIST && make_room(s, filled))
		error = add(s, filled, clock);
	return error;
}

static int grow_up(struct xfrm_server *s, struct esp_sa *larval, const struct esp_sa *filled, struct xfrm_clock clock)
{
	int error = sa_table_grow_up(s->table, larval, filled);

	if (!error)
		server_installed(s, larval, clock);
	return error;
}

/* UPDSA of an SA that has keys already: the same again, or new limits or ports. */
static int update(struct xfrm_server *s, struct esp_sa *sa, const struct esp_sa *filled, struct xfrm_clock clock)
{
	if (sa_message_equal(sa, filled))
		return 0;
	if (memcmp(&sa->suite, &filled->suite, sizeof sa->suite) != 0 ||
	    memcmp(&sa->keys, &filled->keys, sizeof sa->keys) != 0)
		return -EEXIST;
	sa_message_update(sa, filled);
	limits_arm(s, sa, clock.now);
	if (s->hooks.changed)
		s->hooks.changed(s->hooks.context, sa);
	return 0;
}

static int place(struct xfrm_server *s, const struct xfrm_request *q, const struct esp_sa *filled)
{
	const struct ipaddr *daddr = filled->inbound ? &filled->local : &filled->remote;
	struct esp_sa *known = server_find(s, filled->spi, daddr);

	if (known && known->phase == ESP_PHASE_LARVAL)
		return grow_up(s, known, filled, q->clock);
	if (q->message.type == XFRM_MSG_UPDSA)
		return known ? update(s, known, filled, q->clock) : -ESRCH;
	if (known)
		return q->is_repeated && sa_message_equal(known, filled) ? 0 : -EEXIST;
	return add_or_replace(s, filled, q->clock);
}

int request_sa_add(struct xfrm_server *s, const struct xfrm_request *q, struct netlink_writer *out)
{
	struct xfrm_usersa_info info;
	struct netlink_attributes attributes;
	struct algorithm_refusal refusal = { 0 };
	struct esp_sa filled = { 0 };
	struct ipaddr daddr, saddr;
	uint32_t spi;
	int error;

	(void)out;
	if (!netlink_head(&q->message, &info, sizeof info) ||
	    !netlink_attributes(&q->message, sizeof info, &attributes))
		return -EINVAL;
	error = sa_message_identity(&info, &spi, &daddr, &saddr, &refusal);
	if (!error) {
		filled.inbound = is_inbound(s, spi, &daddr);
		error = sa_message_read(&filled, &info, &attributes, q->clock, &refusal);
	}
	if (!error)
		error = place(s, q, &filled);
	server_refused(s, &refusal);
	explicit_bzero(&filled, sizeof filled);
	explicit_bzero(&info, sizeof info);
	return error;
}

/* --- the rest --- */

/* The SA that a message names. 0, -ESRCH or -EINVAL. */
static int named(const struct xfrm_server *s, const struct xfrm_usersa_id *id, struct esp_sa **out)
{
	struct ipaddr daddr;

	if (!sa_message_address(id->family, &id->daddr, &daddr))
		return -EINVAL;
	*out = id->proto == IPPROTO_ESP ? server_find(s, ntohl(id->spi), &daddr) : NULL;
	return *out ? 0 : -ESRCH;
}

int request_sa_del(struct xfrm_server *s, const struct xfrm_request *q, struct netlink_writer *out)
{
	struct xfrm_usersa_id id;
	struct esp_sa *sa;
	int error;

	(void)out;
	if (!netlink_head(&q->message, &id, sizeof id))
		return -EINVAL;
	error = named(s, &id, &sa);
	if (error)
		return error == -ESRCH && q->is_repeated ? 0 : error;
	server_forget(s, sa);
	return 0;
}

static bool put_sa(struct netlink_writer *out, const struct esp_sa *sa, struct xfrm_clock clock, uint16_t flags,
		   uint32_t seq, uint32_t pid)
{
	struct xfrm_usersa_info info = sa_message_info(sa, clock);

	netlink_begin(out, XFRM_MSG_NEWSA, flags, seq, pid);
	netlink_put(out, &info, sizeof info);
	if (sa->phase != ESP_PHASE_LARVAL)
		sa_message_attributes(out, sa, clock);
	return netlink_end(out);
}

int request_sa_get(struct xfrm_server *s, const struct xfrm_request *q, struct netlink_writer *out)
{
	struct xfrm_usersa_id id;
	struct esp_sa *sa;
	int error;

	if (!netlink_head(&q->message, &id, sizeof id))
		return -EINVAL;
	error = named(s, &id, &sa);
	if (error)
		return error;
	return put_sa(out, sa, q->clock, 0, q->message.seq, q->message.pid) ? XFRM_ANSWERED : -EMSGSIZE;
}

bool request_sa_dump(struct xfrm_server *s, struct xfrm_clock clock, struct netlink_writer *out)
{
	const struct xfrm_dump *d = &s->dump;
	const struct esp_sa *sa;

	while ((sa = sa_table_next(s->table, d->sa)) != NULL) {
		if (!xfrm_owner_of(sa)->forgotten && !put_sa(out, sa, clock, NLM_F_MULTI, d->seq, d->pid))
			return false;
		s->dump.sa = sa;
	}
	return true;
}

int request_sa_get_state(struct xfrm_server *s, const struct xfrm_request *q, struct netlink_writer *out)
{
	struct xfrm_aevent_id id;
	struct xfrm_lifetime_cur current;
	struct esp_sa *sa;
	int error;

	if (!netlink_head(&q->message, &id, sizeof id))
		return -EINVAL;
	error = named(s, &id.sa_id, &sa);
	if (error)
		return error;
	id.saddr = sa_message_xfrm_address(sa->inbound ? &sa->remote : &sa->local);
	id.reqid = sa->reqid;
	id.flags = XFRM_AE_RVAL | XFRM_AE_LVAL;
	current = sa_message_current(sa, q->clock);
	netlink_begin(out, XFRM_MSG_NEWAE, 0, q->message.seq, q->message.pid);
	netlink_put(out, &id, sizeof id);
	sa_message_replay(out, sa);
	netlink_put_attribute(out, XFRMA_LTIME_VAL, &current, sizeof current);
	return netlink_end(out) ? XFRM_ANSWERED : -EMSGSIZE;
}

/* Sequence numbers only ever go up: one that went back would repeat an IV. */
int request_sa_set_state(struct xfrm_server *s, const struct xfrm_request *q, struct netlink_writer *out)
{
	struct netlink_attributes attributes;
	struct xfrm_aevent_id id;
	struct esp_sa *sa;
	int error;

	(void)out;
	if (!netlink_head(&q->message, &id, sizeof id) || !netlink_attributes(&q->message, sizeof id, &attributes) ||
	    !(q->message.flags & NLM_F_REPLACE))
		return -EINVAL;
	error = named(s, &id.sa_id, &sa);
	if (error)
		return error;
	if (sa->phase == ESP_PHASE_LARVAL)
		return -EINVAL;
	if (attributes.at[XFRMA_REPLAY_ESN_VAL].bytes && !xfrm_owner(sa)->wide)
		return -EINVAL;
	if (attributes.at[XFRMA_REPLAY_ESN_VAL].bytes || attributes.at[XFRMA_REPLAY_VAL].bytes)
		error = sa_message_read_replay(sa, &attributes);
	return error ? error : sa_message_read_current(sa, &attributes, q->clock);
}

int request_sa_flush(struct xfrm_server *s, const struct xfrm_request *q, struct netlink_writer *out)
{
	struct xfrm_usersa_flush flush;
	struct esp_sa *sa = NULL;

	(void)out;
	if (!netlink_head(&q->message, &flush, sizeof flush))
		return -EINVAL;
	if (flush.proto != IPPROTO_ESP && flush.proto != 0 && flush.proto != 255)
		return 0;
	while ((sa = sa_table_next(s->table, sa)) != NULL)
		if (!xfrm_owner(sa)->forgotten)
			server_forget(s, sa);
	return 0;
}
