/* Sessions and their SAs: who belongs to whom, which one sends, and what a restart finds. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sys/mman.h>
#include <unistd.h>

#include "esp/esp.h"
#include "forward/sa_session.h"

enum { FIRST = 5, OLD_IN = 0x1000, OLD_OUT = 0x2000, NEW_IN = 0x1001, NEW_OUT = 0x2001 };

struct scene {
	struct sa_sessions s;
	struct sa_table *table;
	struct esp_crypto *crypto;
	int fd;
	struct instant now;
	unsigned session_changes, sa_changes, removals;
	bool can_send;
};

static void session_changed(void *context, const struct sa_session *session)
{
	struct scene *c = context;

	c->session_changes++;
	c->can_send = sa_session_can_send(session);
}

static void sa_changed(void *context, const struct esp_sa *sa, enum esp_phase phase)
{
	struct scene *c = context;

	(void)sa;
	(void)phase;
	c->sa_changes++;
}

static void sa_remove(void *context, struct esp_sa *sa)
{
	struct scene *c = context;

	c->removals++;
	sa_session_gone(&c->s, sa, c->now);
	sa_table_remove(c->table, sa);
}

static void begin(struct scene *c)
{
	const struct sa_session_ways ways = { c, session_changed, sa_changed, sa_remove };
	const struct sa_table_layout layout = { .capacity = 64 };
	char reason[SA_TABLE_REASON_MAX];

	c->crypto = esp_crypto_new(ESP_PROVIDER_OPENSSL);
	assert_non_null(c->crypto);
	assert_int_equal(sa_table_open(&c->table, c->fd, &layout, c->crypto, reason), 0);
	assert_string_equal(reason, "");
	assert_int_equal(sa_sessions_init(&c->s, &ways), 0);
	sa_sessions_adopt(&c->s, c->table, c->now);
}

static void end(struct scene *c)
{
	sa_sessions_done(&c->s);
	sa_table_close(c->table);
	esp_crypto_free(c->crypto);
}

static int setup(void **state)
{
	struct scene *c = calloc(1, sizeof *c);

	c->fd = memfd_create("sas", 0);
	c->now = (struct instant){ 1000000000 };
	begin(c);
	*state = c;
	return 0;
}

static int teardown(void **state)
{
	struct scene *c = *state;

	end(c);
	close(c->fd);
	free(c);
	return 0;
}

/* Killed and started again, with what lies in the memory. */
static void restart(struct scene *c)
{
	end(c);
	begin(c);
}

static void wait_ms(struct scene *c, int64_t ms)
{
	c->now = instant_add(c->now, span_ms(ms));
	sa_sessions_tick(&c->s, c->now);
}

static struct sa_session *session_make(struct scene *c, uint32_t id, uint32_t remote)
{
	const struct forward_session conf = { .session = id, .protection = 3, .local.addr = ipaddr_v4(0xc0000201),
					      .remote.addr = ipaddr_v4(remote) };
	struct sa_session *s = sa_session_set(&c->s, &conf);

	assert_non_null(s);
	return s;
}

static struct esp_sa *sa_put(struct scene *c, bool inbound, uint32_t spi, uint32_t remote)
{
	struct esp_sa *sa = sa_table_take(c->table);

	assert_non_null(sa);
	sa->spi = spi;
	sa->inbound = inbound;
	sa->phase = ESP_PHASE_UNBOUND;
	sa->suite = (struct esp_suite){ ESP_AES_GCM, ESP_AUTH_NONE, 16, 16 };
	sa->keys.cipher[0] = (uint8_t)spi;
	sa->keys.cipher[1] = inbound;
	sa->keys.cipher[2] = (uint8_t)(remote == 0xc0000203);
	sa->replay.window = inbound ? 64 : 0;
	sa->udp = 1;
	sa->local_port = sa->remote_port = 4500;
	sa->local = ipaddr_v4(0xc0000201);
	sa->remote = ipaddr_v4(remote);
	sa->added_us = c->now.us;
	assert_int_equal(sa_table_publish(c->table, sa), 0);
	sa_session_installed(&c->s, sa, c->now);
	return sa;
}

static void pair_put(struct scene *c, uint32_t in, uint32_t out)
{
	sa_put(c, true, in, 0xc0000202);
	sa_put(c, false, out, 0xc0000202);
}

static int bind_pair(struct scene *c, uint32_t in, uint32_t out, bool initiator)
{
	const struct forward_sa_bind m = { .session = FIRST, .spi_in = in, .spi_out = out, .is_initiator = initiator };

	return sa_session_bind(&c->s, &m, c->now);
}

static uint32_t sends(const struct scene *c)
{
	const struct sa_session *s = sa_session_find(&c->s, FIRST);

	return s && s->out ? s->out->spi : 0;
}

static void heard(struct scene *c, uint32_t spi)
{
	struct esp_sa *sa = sa_table_inbound(c->table, spi);

	assert_non_null(sa);
	sa->used_us = c->now.us;
	sa->packets = 1;
	sa_session_heard(&c->s, sa, c->now);
}

static bool charon_deletes(struct scene *c, bool inbound, uint32_t spi)
{
	const struct ipaddr remote = ipaddr_v4(0xc0000202);
	struct esp_sa *sa = inbound ? sa_table_inbound(c->table, spi) : sa_table_outbound(c->table, spi, &remote);

	assert_non_null(sa);
	if (sa_session_deleted(&c->s, sa, c->now)) {
		sa->phase = ESP_PHASE_ORPHAN;
		return true;
	}
	sa_session_gone(&c->s, sa, c->now);
	sa_table_remove(c->table, sa);
	return false;
}

static void found_by_its_ends(void **state)
{
	struct scene *c = *state;
	struct sa_session *s = session_make(c, FIRST, 0xc0000202), *other;
	struct endpoint remote = s->conf.remote;
	struct forward_session moved;

	other = session_make(c, 6, 0xc0000203);
	assert_ptr_equal(sa_session_at(&c->s, 3, &s->conf.local, &s->conf.remote), s);
	assert_ptr_equal(sa_session_at(&c->s, 3, &s->conf.local, &other->conf.remote), other);
	assert_null(sa_session_at(&c->s, 4, &s->conf.local, &s->conf.remote));
	remote.site = 1;
	assert_null(sa_session_at(&c->s, 3, &s->conf.local, &remote));
	moved = s->conf;
	moved.remote.site = 1;
	assert_ptr_equal(sa_session_set(&c->s, &moved), s);
	assert_ptr_equal(sa_session_at(&c->s, 3, &s->conf.local, &remote), s);
	for (uint32_t i = 0; i < 1000; i++)
		session_make(c, 100 + i, 0x0a000000 + i);
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(sa_session_find(&c->s, 100 + i)->conf.session, 100 + i);
	assert_ptr_equal(sa_session_at(&c->s, 3, &s->conf.local, &remote), s);
}

static void bound_before_or_after(void **state)
{
	struct scene *c = *state;

	assert_int_equal(bind_pair(c, OLD_IN, OLD_OUT, true), -ENOENT);
	session_make(c, FIRST, 0xc0000202);
	assert_int_equal(bind_pair(c, 0, 0, true), -EINVAL);
	assert_int_equal(bind_pair(c, OLD_IN, OLD_OUT, true), 0); /* named first, installed later */
	assert_int_equal(sends(c), 0);
	pair_put(c, OLD_IN, OLD_OUT);
	assert_int_equal(sends(c), OLD_OUT);
	assert_true(c->can_send);
	assert_int_equal(sa_table_inbound(c->table, OLD_IN)->phase, ESP_PHASE_LIVE);
	pair_put(c, NEW_IN, NEW_OUT); /* the other way round */
	assert_int_equal(sa_table_inbound(c->table, NEW_IN)->session, 0);
	assert_int_equal(bind_pair(c, NEW_IN, NEW_OUT, true), 0);
	assert_int_equal(sends(c), NEW_OUT);
	assert_int_equal(sa_table_inbound(c->table, NEW_IN)->session, FIRST);
	assert_int_equal(bind_pair(c, NEW_IN, NEW_OUT, true), 0);
	assert_int_equal(c->s.pair_count, 2);
}

/* Both of two peers may have chosen the same SPI for what we send. */
static void equal_outbound_spis(void **state)
{
	struct scene *c = *state;
	const struct forward_sa_bind other = { .session = 6, .spi_in = 0x3000, .spi_out = OLD_OUT, .is_initiator = 1 };

	session_make(c, FIRST, 0xc0000202);
	session_make(c, 6, 0xc0000203);
	pair_put(c, OLD_IN, OLD_OUT);
	sa_put(c, true, 0x3000, 0xc0000203);
	sa_put(c, false, OLD_OUT, 0xc0000203);
	assert_int_equal(sa_session_bind(&c->s, &other, c->now), 0);
	assert_int_equal(bind_pair(c, OLD_IN, OLD_OUT, true), 0);
	assert_true(ipaddr_to_v4(&sa_session_find(&c->s, 6)->out->remote) == 0xc0000203);
	assert_true(ipaddr_to_v4(&sa_session_find(&c->s, FIRST)->out->remote) == 0xc0000202);
}

static void responder_waits(void **state)
{
	struct scene *c = *state;

	session_make(c, FIRST, 0xc0000202);
	pair_put(c, OLD_IN, OLD_OUT);
	bind_pair(c, OLD_IN, OLD_OUT, false);
	assert_int_equal(sends(c), 0); /* though there is no other: the peer may refuse it yet */
	wait_ms(c, SA_PREFER_MS - 1);
	assert_int_equal(sends(c), 0);
	wait_ms(c, 1);
	assert_int_equal(sends(c), OLD_OUT);
	wait_ms(c, 5000);
	pair_put(c, NEW_IN, NEW_OUT);
	bind_pair(c, NEW_IN, NEW_OUT, false);
	assert_int_equal(sends(c), OLD_OUT);
	wait_ms(c, SA_PREFER_MS - 1);
	assert_int_equal(sends(c), OLD_OUT);
	wait_ms(c, 1);
	assert_int_equal(sends(c), NEW_OUT);
}

static void responder_hears(void **state)
{
	struct scene *c = *state;

	session_make(c, FIRST, 0xc0000202);
	pair_put(c, OLD_IN, OLD_OUT);
	bind_pair(c, OLD_IN, OLD_OUT, false);
	wait_ms(c, 5000);
	pair_put(c, NEW_IN, NEW_OUT);
	bind_pair(c, NEW_IN, NEW_OUT, false);
	heard(c, NEW_IN);
	assert_int_equal(sends(c), NEW_OUT);
}

/* His last word was lost: what he does not have yet is no way to him. */
static void responder_waits_while_the_old_is_used(void **state)
{
	struct scene *c = *state;

	session_make(c, FIRST, 0xc0000202);
	pair_put(c, OLD_IN, OLD_OUT);
	bind_pair(c, OLD_IN, OLD_OUT, false);
	heard(c, OLD_IN);
	wait_ms(c, 5000);
	pair_put(c, NEW_IN, NEW_OUT);
	bind_pair(c, NEW_IN, NEW_OUT, false);
	for (int i = 0; i < 5; i++) {
		wait_ms(c, SA_PREFER_MS - 2);
		sa_table_inbound(c->table, OLD_IN)->used_us = c->now.us;
		wait_ms(c, 1);
		assert_int_equal(sends(c), OLD_OUT);
	}
	wait_ms(c, SA_PREFER_MS - 2);
	assert_int_equal(sends(c), OLD_OUT);
	wait_ms(c, 1);
	assert_int_equal(sends(c), NEW_OUT);
}

static void initiator_sends_at_once(void **state)
{
	struct scene *c = *state;

	session_make(c, FIRST, 0xc0000202);
	pair_put(c, OLD_IN, OLD_OUT);
	bind_pair(c, OLD_IN, OLD_OUT, true);
	pair_put(c, NEW_IN, NEW_OUT);
	wait_ms(c, 1);
	bind_pair(c, NEW_IN, NEW_OUT, true);
	assert_int_equal(sends(c), NEW_OUT);
}

/* The peer thinks better of it at once: nothing was ever sent by it. */
static void responder_is_refused(void **state)
{
	struct scene *c = *state;

	session_make(c, FIRST, 0xc0000202);
	pair_put(c, OLD_IN, OLD_OUT);
	bind_pair(c, OLD_IN, OLD_OUT, false);
	wait_ms(c, 10);
	charon_deletes(c, false, OLD_OUT);
	assert_int_equal(sends(c), 0);
	wait_ms(c, SA_PREFER_MS);
	assert_int_equal(sends(c), 0);
	assert_int_equal(c->session_changes, 0);
}

static void deletion_is_lazy(void **state)
{
	struct scene *c = *state;

	session_make(c, FIRST, 0xc0000202);
	pair_put(c, OLD_IN, OLD_OUT);
	bind_pair(c, OLD_IN, OLD_OUT, true);
	assert_true(charon_deletes(c, true, OLD_IN)); /* the peer may not have heard of it yet */
	assert_true(charon_deletes(c, false, OLD_OUT));
	assert_int_equal(sends(c), OLD_OUT);
	wait_ms(c, 1000);
	pair_put(c, NEW_IN, NEW_OUT);
	assert_int_equal(sends(c), OLD_OUT);
	bind_pair(c, NEW_IN, NEW_OUT, false); /* not heard yet, but better than a deleted one */
	assert_int_equal(sends(c), NEW_OUT);
	wait_ms(c, 1);
	assert_int_equal(sa_table_count(c->table), 3); /* the old one that sent is gone by now */
	assert_true(c->can_send);
	wait_ms(c, SA_LATE_MS - 1002);
	assert_non_null(sa_table_inbound(c->table, OLD_IN));
	wait_ms(c, 1);
	assert_null(sa_table_inbound(c->table, OLD_IN));
}

static void deletion_ends(void **state)
{
	struct scene *c = *state;

	session_make(c, FIRST, 0xc0000202);
	pair_put(c, OLD_IN, OLD_OUT);
	bind_pair(c, OLD_IN, OLD_OUT, true);
	assert_true(charon_deletes(c, false, OLD_OUT));
	wait_ms(c, SA_LINGER_MS - 1);
	assert_int_equal(sends(c), OLD_OUT);
	wait_ms(c, 1);
	assert_int_equal(sends(c), 0);
	assert_false(c->can_send);
	assert_int_equal(sa_table_count(c->table), 1);
	/* One that does not send is not kept. */
	pair_put(c, NEW_IN, NEW_OUT);
	bind_pair(c, NEW_IN, NEW_OUT, true);
	pair_put(c, NEW_IN + 1, NEW_OUT + 1);
	bind_pair(c, NEW_IN + 1, NEW_OUT + 1, true);
	assert_false(charon_deletes(c, false, NEW_OUT));
}

static void revocation_is_not_lazy(void **state)
{
	struct scene *c = *state;
	const struct forward_sa_bind named = { .session = FIRST, .spi_in = OLD_IN, .spi_out = OLD_OUT };
	const struct forward_sa_bind stray = { .spi_in = NEW_IN, .spi_out = NEW_OUT };

	session_make(c, FIRST, 0xc0000202);
	pair_put(c, OLD_IN, OLD_OUT);
	bind_pair(c, OLD_IN, OLD_OUT, true);
	pair_put(c, NEW_IN, NEW_OUT);
	sa_session_revoke(&c->s, &stray, c->now); /* bound to nothing */
	assert_int_equal(sa_table_count(c->table), 2);
	assert_int_equal(sends(c), OLD_OUT);
	sa_session_revoke(&c->s, &named, c->now);
	assert_int_equal(sa_table_count(c->table), 0);
	assert_int_equal(sends(c), 0);
	assert_false(c->can_send);
	pair_put(c, OLD_IN, OLD_OUT);
	bind_pair(c, OLD_IN, OLD_OUT, true);
	sa_session_remove(&c->s, sa_session_find(&c->s, FIRST));
	assert_int_equal(sa_table_count(c->table), 0);
	assert_null(sa_session_find(&c->s, FIRST));
}

static void orphan_all(struct scene *c)
{
	struct esp_sa *sa = NULL;

	while ((sa = sa_table_next(c->table, sa)))
		sa->phase = ESP_PHASE_ORPHAN;
}

static void orphans_until_replaced(void **state)
{
	struct scene *c = *state;

	session_make(c, FIRST, 0xc0000202);
	pair_put(c, OLD_IN, OLD_OUT);
	bind_pair(c, OLD_IN, OLD_OUT, true);
	orphan_all(c);
	wait_ms(c, 60000);
	assert_int_equal(sends(c), OLD_OUT);
	pair_put(c, NEW_IN, NEW_OUT);
	bind_pair(c, NEW_IN, NEW_OUT, false);
	assert_int_equal(sends(c), OLD_OUT);
	heard(c, NEW_IN);
	assert_int_equal(sends(c), NEW_OUT);
	assert_non_null(sa_table_inbound(c->table, OLD_IN)); /* what is on its way is still taken */
	assert_int_equal(sa_table_count(c->table), 3);
	wait_ms(c, SA_LINGER_MS);
	assert_int_equal(sa_table_count(c->table), 2);
	assert_null(sa_table_inbound(c->table, OLD_IN));
}

static void ends_at_its_hard_limit(void **state)
{
	struct scene *c = *state;

	session_make(c, FIRST, 0xc0000202);
	pair_put(c, OLD_IN, OLD_OUT);
	bind_pair(c, OLD_IN, OLD_OUT, true);
	sa_session_find(&c->s, FIRST)->out->hard.deadline_us = c->now.us + 3000000;
	sa_session_settle(&c->s, sa_session_find(&c->s, FIRST), c->now);
	wait_ms(c, 2999);
	assert_int_equal(sends(c), OLD_OUT);
	assert_true(c->can_send);
	wait_ms(c, 1);
	assert_int_equal(sends(c), 0);
	assert_false(c->can_send);
}

/* charon deletes and adds an SA under its SPI when a NAT has moved: nobody binds it again. */
static void comes_back_bound(void **state)
{
	struct scene *c = *state;

	session_make(c, FIRST, 0xc0000202);
	pair_put(c, OLD_IN, OLD_OUT);
	bind_pair(c, OLD_IN, OLD_OUT, true);
	assert_true(charon_deletes(c, true, OLD_IN));
	sa_remove(c, sa_table_inbound(c->table, OLD_IN)); /* makes room for its next life */
	sa_put(c, true, OLD_IN, 0xc6336401);
	assert_int_equal(sa_table_inbound(c->table, OLD_IN)->session, FIRST);
	assert_true(charon_deletes(c, false, OLD_OUT));
	sa_remove(c, sa_session_find(&c->s, FIRST)->out);
	sa_put(c, false, OLD_OUT, 0xc6336401);
	wait_ms(c, SA_LINGER_MS + SA_PAIR_MEMORY_MS);
	assert_int_equal(sends(c), OLD_OUT);
	assert_int_equal(ipaddr_to_v4(&sa_session_find(&c->s, FIRST)->out->remote), 0xc6336401);
	assert_non_null(sa_table_inbound(c->table, OLD_IN));
}

static void pairs_are_forgotten(void **state)
{
	struct scene *c = *state;

	session_make(c, FIRST, 0xc0000202);
	bind_pair(c, OLD_IN, OLD_OUT, true);
	wait_ms(c, SA_PAIR_MEMORY_MS - 1);
	assert_int_equal(c->s.pair_count, 1);
	wait_ms(c, 1);
	assert_int_equal(c->s.pair_count, 0);
	pair_put(c, OLD_IN, OLD_OUT);
	assert_int_equal(sends(c), 0);
}

static void bound_elsewhere(void **state)
{
	struct scene *c = *state;
	const struct forward_sa_bind other = { .session = 6, .spi_in = OLD_IN, .spi_out = OLD_OUT, .is_initiator = 1 };

	session_make(c, FIRST, 0xc0000202);
	session_make(c, 6, 0xc0000202);
	pair_put(c, OLD_IN, OLD_OUT);
	bind_pair(c, OLD_IN, OLD_OUT, true);
	assert_int_equal(sa_session_bind(&c->s, &other, c->now), 0);
	assert_int_equal(sends(c), 0);
	assert_int_equal(sa_session_find(&c->s, 6)->out->spi, OLD_OUT);
	assert_int_equal(sa_table_inbound(c->table, OLD_IN)->session, 6);
}

static void moved_with_its_nat(void **state)
{
	struct scene *c = *state;
	const struct ipaddr to = ipaddr_v4(0xc6336407);
	struct sa_session *s = session_make(c, FIRST, 0xc0000202);

	pair_put(c, OLD_IN, OLD_OUT);
	bind_pair(c, OLD_IN, OLD_OUT, true);
	assert_int_equal(s->path->to_port, 4500);
	sa_session_moved(&c->s, s, &to, 1024);
	assert_int_equal(s->path->to_port, 1024);
	assert_true(ipaddr_eq(&s->path->to, &to));
	restart(c);
	s = sa_session_find(&c->s, FIRST);
	assert_int_equal(s->path->to_port, 1024);
	assert_true(ipaddr_eq(&s->path->to, &to));
}

/* A restart finds session, pairs, the sender, and what was doomed to go. */
static void restart_goes_on(void **state)
{
	struct scene *c = *state;
	const struct sa_session *s;

	session_make(c, FIRST, 0xc0000202);
	pair_put(c, OLD_IN, OLD_OUT);
	bind_pair(c, OLD_IN, OLD_OUT, true);
	wait_ms(c, 2000);
	pair_put(c, NEW_IN, NEW_OUT);
	bind_pair(c, NEW_IN, NEW_OUT, false);
	c->session_changes = 0;
	restart(c);
	s = sa_session_find(&c->s, FIRST);
	assert_non_null(s);
	assert_int_equal(s->conf.protection, 3);
	assert_int_equal(ipaddr_to_v4(&s->conf.remote.addr), 0xc0000202);
	assert_ptr_equal(sa_session_at(&c->s, 3, &s->conf.local, &s->conf.remote), s);
	assert_int_equal(c->s.pair_count, 2);
	assert_int_equal(sends(c), OLD_OUT);
	assert_non_null(s->key);
	assert_true(s->out->sequence >= SA_TABLE_MARGIN);
	wait_ms(c, SA_PREFER_MS);
	assert_int_equal(sends(c), NEW_OUT);
	assert_false(charon_deletes(c, false, OLD_OUT));
	assert_true(charon_deletes(c, false, NEW_OUT));
	restart(c);
	assert_int_equal(sends(c), NEW_OUT);
	wait_ms(c, SA_LINGER_MS);
	assert_int_equal(sends(c), 0);
}

/* Killed between the two stores of a binding: the SA belongs to nobody, and can be bound. */
static void torn_binding(void **state)
{
	struct scene *c = *state;

	session_make(c, FIRST, 0xc0000202);
	pair_put(c, OLD_IN, OLD_OUT);
	sa_table_inbound(c->table, OLD_IN)->session = FIRST; /* without a binding */
	restart(c);
	assert_int_equal(sa_table_inbound(c->table, OLD_IN)->session, 0);
	session_make(c, FIRST, 0xc0000202);
	assert_int_equal(bind_pair(c, OLD_IN, OLD_OUT, true), 0);
	assert_int_equal(sends(c), OLD_OUT);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(found_by_its_ends), T(bound_before_or_after), T(equal_outbound_spis), T(responder_waits),
		T(responder_hears), T(responder_waits_while_the_old_is_used), T(responder_is_refused), T(initiator_sends_at_once), T(deletion_is_lazy), T(deletion_ends),
		T(revocation_is_not_lazy), T(orphans_until_replaced), T(ends_at_its_hard_limit), T(comes_back_bound),
		T(pairs_are_forgotten), T(bound_elsewhere), T(moved_with_its_nat), T(restart_goes_on), T(torn_binding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
