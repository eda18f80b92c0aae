/* The table of SAs: filling, looking, handing over, and what a process leaves that is killed. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "fixture.h"

#include "base/prng.h"
#include "esp/sa_table_state.h"
#include "esp/transform.h"

enum { CAPACITY = 8, SECOND = 16 };
static const struct sa_table_layout layout = { CAPACITY, SECOND, 4, 1 };

struct world {
	struct esp_crypto *crypto;
	int fd;
	struct sa_table *t;
};

static struct sa_table *table_open(struct world *w, const char *expected_reason)
{
	char reason[SA_TABLE_REASON_MAX];

	assert_int_equal(sa_table_open(&w->t, w->fd, &layout, w->crypto, reason), 0);
	assert_string_equal(reason, expected_reason);
	return w->t;
}

static struct world world_make(void)
{
	struct world w = { esp_crypto_new(ESP_PROVIDER_BEST), memfd_create("sa", MFD_CLOEXEC), NULL };

	assert_non_null(w.crypto);
	assert_true(w.fd >= 0);
	table_open(&w, "");
	return w;
}

static void world_free(struct world *w)
{
	sa_table_close(w->t);
	esp_crypto_free(w->crypto);
	close(w->fd);
}

/* The next process. */
static struct sa_table *restart(struct world *w, const char *expected_reason)
{
	sa_table_close(w->t);
	return table_open(w, expected_reason);
}

/* Only its SPI and first octet of key tell it from others. */
static struct esp_sa sample(bool inbound, uint32_t spi, uint8_t key)
{
	struct esp_sa sa = sa_make(&suites[0], inbound);

	sa.spi = spi;
	sa.keys.cipher[0] = key;
	sa.local = ipaddr_v4(0xc0000201);
	sa.remote = ipaddr_v4(0xc0000202);
	return sa;
}

static int add(struct sa_table *t, const struct esp_sa *made, struct esp_sa **out)
{
	struct esp_sa *sa = sa_table_take(t);
	int error;

	assert_non_null(sa);
	*sa = *made;
	error = sa_table_publish(t, sa);
	if (error)
		sa_table_give_back(t, sa);
	else if (out)
		*out = sa;
	return error;
}

static void test_look_up(void **state)
{
	struct world w = world_make();
	const struct esp_sa in = sample(true, 0xc0000001, 1), out = sample(false, 0xc0000001, 2);
	struct esp_sa elsewhere = sample(false, 0xc0000001, 3), *a, *b, *c;

	(void)state;
	elsewhere.remote = ipaddr_v4(0xc0000203);
	assert_int_equal(add(w.t, &in, &a), 0);
	assert_int_equal(add(w.t, &out, &b), 0);
	assert_int_equal(add(w.t, &elsewhere, &c), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(sa_table_count(w.t), 3);
		assert_ptr_equal(sa_table_inbound(w.t, in.spi), sa_table_at(w.t, 0));
		assert_ptr_equal(sa_table_outbound(w.t, out.spi, &out.remote), sa_table_at(w.t, 1));
		assert_ptr_equal(sa_table_outbound(w.t, out.spi, &elsewhere.remote), sa_table_at(w.t, 2));
		assert_null(sa_table_outbound(w.t, out.spi, &out.local));
		assert_null(sa_table_inbound(w.t, in.spi + 1));
		assert_null(sa_table_at(w.t, 3));
		assert_ptr_equal(sa_table_next(w.t, NULL), sa_table_at(w.t, 0));
		assert_ptr_equal(sa_table_next(w.t, sa_table_at(w.t, 0)), sa_table_at(w.t, 1));
		assert_null(sa_table_next(w.t, sa_table_at(w.t, 2)));
		assert_true(sa_table_at(w.t, 1)->order < sa_table_at(w.t, 2)->order);
		restart(&w, "");
	}
	sa_table_remove(w.t, sa_table_at(w.t, 1));
	assert_null(sa_table_outbound(w.t, out.spi, &out.remote));
	assert_ptr_equal(sa_table_next(w.t, sa_table_at(w.t, 0)), sa_table_at(w.t, 2));
	world_free(&w);
}

static void test_refused(void **state)
{
	struct world w = world_make();
	struct esp_sa in = sample(true, 0xc0000001, 1), out = sample(false, 0xc0000009, 2), bad;

	(void)state;
	assert_int_equal(add(w.t, &in, NULL), 0);
	assert_int_equal(add(w.t, &out, NULL), 0);
	in.keys.cipher[1] = 77;
	assert_int_equal(add(w.t, &in, NULL), -EEXIST);
	/* The same key twice would use every IV twice, wherever it sends to. */
	out.remote = ipaddr_v4(0x01020304);
	assert_int_equal(add(w.t, &out, NULL), -EEXIST);
	out.keys.cipher[1] = 77;
	assert_int_equal(add(w.t, &out, NULL), 0);
	bad = sample(true, 255, 3);
	assert_int_equal(add(w.t, &bad, NULL), -EINVAL);
	bad = sample(true, 256, 3);
	bad.replay.window = ESP_REPLAY_MAX + 1;
	assert_int_equal(add(w.t, &bad, NULL), -EINVAL);
	bad.replay.window = ESP_REPLAY_MAX;
	bad.suite.key_octets = 15;
	assert_int_equal(add(w.t, &bad, NULL), -EINVAL);
	assert_int_equal(sa_table_count(w.t), 3);
	world_free(&w);
}

static void test_larval(void **state)
{
	struct world w = world_make();
	struct esp_sa seed = { .spi = 0xc0000001, .inbound = 1, .phase = ESP_PHASE_LARVAL }, filled, *sa;

	(void)state;
	assert_int_equal(add(w.t, &seed, &sa), 0);
	assert_null(sa_table_key(w.t, sa));
	restart(&w, "");
	sa = sa_table_inbound(w.t, seed.spi);
	assert_non_null(sa);
	assert_int_equal(sa->phase, ESP_PHASE_LARVAL);
	filled = sample(true, seed.spi, 1);
	filled.phase = ESP_PHASE_UNBOUND;
	filled.suite.key_octets = 1;
	assert_int_equal(sa_table_grow_up(w.t, sa, &filled), -EINVAL);
	assert_int_equal(sa->phase, ESP_PHASE_LARVAL);
	filled.suite.key_octets = 16;
	assert_int_equal(sa_table_grow_up(w.t, sa, &filled), 0);
	assert_int_equal(sa->phase, ESP_PHASE_UNBOUND);
	assert_non_null(sa_table_key(w.t, sa));
	assert_int_equal(sa_table_count(w.t), 1);
	/* One that never grew up leaves nothing behind. */
	seed.spi++;
	assert_int_equal(add(w.t, &seed, &sa), 0);
	sa_table_remove(w.t, sa);
	assert_int_equal(add(w.t, &seed, &sa), 0);
	assert_int_equal(sa_table_index(w.t, sa), 1);
	world_free(&w);
}

/* A key that comes back, in this process or the next one, goes on where it was. */
static void test_key_comes_back(void **state)
{
	for (int later = 0; later < 2; later++) {
		struct world w = world_make();
		struct esp_sa out = sample(false, 0xc0000001, 1), in = sample(true, 0xc0000002, 2), *a = NULL, *b = NULL;
		static const uint8_t wiped[sizeof out.keys];

		(void)state;
		assert_int_equal(add(w.t, &out, &a), 0);
		assert_int_equal(add(w.t, &in, &b), 0);
		a->sequence = 1000;
		esp_replay_take(&b->replay, 500);
		sa_table_remove(w.t, a);
		sa_table_remove(w.t, b);
		assert_memory_equal(&a->keys, wiped, sizeof wiped);
		if (later)
			restart(&w, "");
		out.remote = ipaddr_v4(0x01020304); /* the peer moved */
		out.sequence = 7;
		assert_int_equal(add(w.t, &out, &a), 0);
		assert_int_equal(add(w.t, &in, &b), 0);
		assert_int_equal(a->sequence, 1000 + later * SA_TABLE_MARGIN);
		assert_false(esp_replay_fresh(&b->replay, 500));
		assert_true(esp_replay_fresh(&b->replay, 499));
		sa_table_remove(w.t, a);
		out.keys.cipher[5] ^= 1;
		assert_int_equal(add(w.t, &out, &a), 0);
		assert_int_equal(a->sequence, 7);
		world_free(&w);
	}
}

static void test_margin(void **state)
{
	struct world w = world_make();
	struct esp_sa out = sample(false, 0xc0000001, 1), *a = NULL, *b = NULL, *c = NULL;
	uint8_t plain[4 + ESP_TRAILER_ROOM] = { 0 }, packet[64];

	(void)state;
	assert_int_equal(add(w.t, &out, &a), 0);
	a->sequence = 7;
	out = sample(false, 0xc0000002, 2);
	assert_int_equal(add(w.t, &out, &b), 0);
	b->sequence = UINT32_MAX - 5;
	out = sample(false, 0xc0000003, 3);
	out.esn = 1;
	assert_int_equal(add(w.t, &out, &c), 0);
	c->sequence = UINT32_MAX - 5;
	restart(&w, "");
	assert_int_equal(sa_table_at(w.t, 0)->sequence, 7 + SA_TABLE_MARGIN);
	b = sa_table_at(w.t, 1);
	assert_int_equal(esp_seal(b, sa_table_key(w.t, b), NOW, 4, plain, 4, packet, sizeof packet), ESP_DROP_EXPIRED);
	assert_int_equal(sa_table_at(w.t, 2)->sequence, UINT64_C(0xffffffff) - 5 + SA_TABLE_MARGIN);
	world_free(&w);
}

/* Full; then tombstones make room, the oldest first. */
static void test_full(void **state)
{
	struct world w = world_make();
	struct esp_sa sa;

	(void)state;
	for (uint32_t i = 0; i < CAPACITY; i++) {
		sa = sample(true, 0xc0000001 + i, (uint8_t)i);
		assert_int_equal(add(w.t, &sa, NULL), 0);
	}
	assert_null(sa_table_take(w.t));
	sa_table_remove(w.t, sa_table_at(w.t, 5));
	sa_table_remove(w.t, sa_table_at(w.t, 2));
	sa = sample(true, 0xc0000100, 1);
	assert_int_equal(add(w.t, &sa, NULL), 0);
	assert_int_equal(sa_table_at(w.t, 5)->spi, 0xc0000100);
	sa.spi++;
	assert_int_equal(add(w.t, &sa, NULL), 0);
	assert_int_equal(sa_table_at(w.t, 2)->spi, 0xc0000101);
	assert_null(sa_table_take(w.t));
	world_free(&w);
}

static void test_second(void **state)
{
	struct world w = world_make();

	(void)state;
	assert_int_equal(sa_table_second_high(w.t), 0);
	sa_table_second_raise(w.t, 2);
	memset(sa_table_second(w.t, 1), 0x77, SECOND);
	assert_null(sa_table_second(w.t, 4));
	restart(&w, "");
	assert_int_equal(sa_table_second_high(w.t), 2);
	assert_int_equal(((uint8_t *)sa_table_second(w.t, 1))[SECOND - 1], 0x77);
	assert_int_equal(((uint8_t *)sa_table_second(w.t, 0))[0], 0);
	world_free(&w);
}

static void damage(void (*spoil)(struct sa_table *t), const char *reason)
{
	struct world w = world_make();
	const struct esp_sa in = sample(true, 0xc0000001, 1), out = sample(false, 0xc0000002, 2);

	assert_int_equal(add(w.t, &in, NULL), 0);
	assert_int_equal(add(w.t, &out, NULL), 0);
	spoil(w.t);
	restart(&w, reason);
	assert_int_equal(sa_table_count(w.t), 0);
	/* Empty, and of use. */
	assert_int_equal(add(w.t, &in, NULL), 0);
	restart(&w, "");
	assert_int_equal(sa_table_count(w.t), 1);
	world_free(&w);
}

static void spoil_magic(struct sa_table *t) { t->header->magic ^= 1; }
static void spoil_version(struct sa_table *t) { t->header->version++; }
static void spoil_layout(struct sa_table *t) { t->header->layout.second_version++; }
static void spoil_high(struct sa_table *t) { t->header->high = CAPACITY + 1; }
static void spoil_state(struct sa_table *t) { sa_table_at(t, 1)->state = 3; }
static void spoil_suite(struct sa_table *t) { sa_table_at(t, 1)->suite.icv_octets = 17; }
static void spoil_window(struct sa_table *t) { sa_table_at(t, 0)->replay.window = 1 << 30; }
static void spoil_twice(struct sa_table *t) { *sa_table_at(t, 1) = *sa_table_at(t, 0); }
static void spoil_address(struct sa_table *t) { sa_table_at(t, 0)->remote.family = 5; }

static void test_damaged(void **state)
{
	(void)state;
	damage(spoil_magic, "header: no table of SAs");
	damage(spoil_version, "header: of another version");
	damage(spoil_layout, "header: of another layout");
	damage(spoil_high, "header: more slots in use than there are");
	damage(spoil_state, "slot 1: impossible state");
	damage(spoil_suite, "slot 1: impossible suite");
	damage(spoil_window, "slot 0: impossible replay window");
	damage(spoil_twice, "slot 1: impossible SPI that is there twice");
	damage(spoil_address, "slot 0: impossible address");
}

/* Whatever was written over it: refused or taken, but never a crash. */
static void test_any_damage(void **state)
{
	struct world w = world_make();
	char reason[SA_TABLE_REASON_MAX];
	struct prng p;

	(void)state;
	prng_init(&p, 1);
	for (int i = 0; i < 2000; i++) {
		const size_t length = w.t->length, count = 1 + prng_below(&p, 40);
		const struct esp_sa in = sample(true, 0xc0000000u + (uint32_t)i, 1);

		(void)add(w.t, &in, NULL);
		for (size_t n = 0; n < count; n++) {
			const size_t at = prng_below(&p, 4) ? SA_TABLE_HEADER + prng_below(&p, CAPACITY * ESP_SA_OCTETS)
							   : prng_below(&p, sizeof(struct sa_table_header));

			((uint8_t *)w.t->header)[at] = (uint8_t)prng_next(&p);
		}
		munmap(w.t->header, length);
		w.t->header = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, w.fd, 0);
		/* The private side knew it as it was: forget it without a look at the memory. */
		for (uint32_t n = 0; n < CAPACITY; n++)
			esp_key_done(sa_index_key(w.t, n));
		munmap(w.t->keys, CAPACITY * w.t->key_room);
		free(w.t->heads);
		free(w.t->links);
		free(w.t->taken);
		munmap(w.t->header, length);
		free(w.t);
		assert_int_equal(sa_table_open(&w.t, w.fd, &layout, w.crypto, reason), 0);
		if (i % 50 == 0) {
			struct esp_sa *sa;

			while ((sa = sa_table_next(w.t, NULL)))
				sa_table_remove(w.t, sa);
		}
	}
	world_free(&w);
}

static void test_another_size(void **state)
{
	struct world w = world_make();

	(void)state;
	assert_int_equal(ftruncate(w.fd, 100), 0);
	munmap(w.t->header, w.t->length);
	w.t->header = mmap(NULL, w.t->length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	restart(&w, "memory of another size");
	/* Emptied, but killed before the header was written. */
	memset(w.t->header, 0, sizeof *w.t->header);
	restart(&w, "");
	world_free(&w);
}

/* --- killed at every instruction --- */

/* What the other process lets the world see; between tables it is what must never come again. */
struct witness {
	uint8_t packet[256];       /* the one being written */
	volatile uint32_t sent;    /* its sequence number, once whole */
	volatile uint32_t opened;  /* one that was delivered */
};

/* A life of SAs: larval, grown up, used, removed, the same key again, used. */
static void life_run(struct sa_table *t, struct witness *seen)
{
	const struct esp_sa seed = { .spi = 0xc0000001, .inbound = 1, .phase = ESP_PHASE_LARVAL };
	const struct esp_sa out = sample(false, 0xc0000002, 1);
	struct esp_sa in = sample(true, 0xc0000001, 1), *a, *b;
	uint8_t plain[16 + ESP_TRAILER_ROOM] = { 0 };
	struct esp_plain got;

	(void)add(t, &seed, &b);
	(void)sa_table_grow_up(t, b, &in);
	for (int round = 0; round < 2; round++) {
		(void)add(t, &out, &a);
		for (int i = 0; i < 2; i++) {
			(void)esp_seal(a, sa_table_key(t, a), NOW, 47, plain, 16, seen->packet, sizeof seen->packet);
			seen->sent = (uint32_t)a->sequence;
			*(uint32_t *)(void *)seen->packet = htobe32(in.spi);
			/* Not what was authenticated: the window is moved by hand. */
			if (esp_replay_fresh(&b->replay, a->sequence * 100)) {
				esp_replay_take(&b->replay, a->sequence * 100);
				seen->opened = (uint32_t)a->sequence * 100;
			}
		}
		(void)esp_open(b, sa_table_key(t, b), NOW, seen->packet, 40, &got);
		sa_table_remove(t, a);
	}
	sa_table_remove(t, b);
}

/* Adopts a copy of the memory as it is, and asks whether the next process could do any harm. */
static void check_copy(struct world *other, const void *memory, size_t length, const struct witness *seen)
{
	struct esp_sa out = sample(false, 0xc0000002, 1), in = sample(true, 0xc0000001, 1), *a, *b;
	char reason[SA_TABLE_REASON_MAX];

	assert_int_equal(pwrite(other->fd, memory, length, 0), length);
	assert_int_equal(sa_table_open(&other->t, other->fd, &layout, other->crypto, reason), 0);
	assert_string_equal(reason, "");
	a = sa_table_outbound(other->t, out.spi, &out.remote);
	if (!a)
		assert_int_equal(add(other->t, &out, &a), 0);
	assert_true(a->sequence >= seen->sent);
	if (seen->packet[0])
		assert_true(a->sequence >= be32toh(*(const uint32_t *)(const void *)(seen->packet + 4)));
	b = sa_table_inbound(other->t, in.spi);
	if (b && b->phase == ESP_PHASE_LARVAL)
		sa_table_remove(other->t, b);
	if (!b || b->state != ESP_SLOT_USED)
		assert_int_equal(add(other->t, &in, &b), 0);
	assert_memory_equal(&a->keys, &out.keys, sizeof out.keys);
	assert_memory_equal(&b->keys, &in.keys, sizeof in.keys);
	if (seen->opened)
		assert_false(esp_replay_fresh(&b->replay, seen->opened));
	sa_table_close(other->t);
	other->t = NULL;
}

static void child_run(struct world *w, struct witness *seen)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
		_exit(77);
	raise(SIGSTOP);
	life_run(w->t, seen);
	raise(SIGSTOP);
	_exit(0);
}

static void test_killed_anywhere(void **state)
{
	struct world w = world_make(), copy = world_make();
	struct witness *seen = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const size_t length = w.t->length;
	uint8_t *before = calloc(1, length);
	size_t steps = 0, changes = 0;
	pid_t child;
	int status;

	(void)state;
	sa_table_close(copy.t);
	copy.t = NULL;
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		child_run(&w, seen);
	assert_int_equal(waitpid(child, &status, 0), child);
	if (!WIFSTOPPED(status)) {
		print_message("ptrace is not allowed here\n");
		skip();
	}
	assert_int_equal(ptrace(PTRACE_SINGLESTEP, child, NULL, NULL), 0);
	while (waitpid(child, &status, 0) == child && WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP) {
		steps++;
		if (memcmp(before, w.t->header, length) != 0) {
			memcpy(before, w.t->header, length);
			check_copy(&copy, before, length, seen);
			changes++;
		}
		ptrace(PTRACE_SINGLESTEP, child, NULL, NULL);
	}
	assert_true(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	print_message("%zu instructions, memory changed by %zu\n", steps, changes);
	assert_true(changes > 50); /* how many stores a memcpy is hangs on the processor: 97 were seen where it has wide ones */
	assert_true(seen->sent == 4 && seen->opened == 400);
	free(before);
	munmap(seen, 4096);
	world_free(&w);
	world_free(&copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_look_up),	   cmocka_unit_test(test_refused),
		cmocka_unit_test(test_larval),	   cmocka_unit_test(test_key_comes_back),
		cmocka_unit_test(test_margin),	   cmocka_unit_test(test_full),
		cmocka_unit_test(test_second),	   cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_any_damage), cmocka_unit_test(test_another_size),
		cmocka_unit_test(test_killed_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
