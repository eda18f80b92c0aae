#include "esp/sa_table.h"

#include <assert.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "esp/sa_table_state.h"
#include "esp/transform.h"

static size_t memory_length(const struct sa_table_layout *l)
{
	const size_t octets = SA_TABLE_HEADER + (size_t)l->capacity * ESP_SA_OCTETS +
			      (size_t)l->second_capacity * l->second_size;

	return (octets + 4095) / 4096 * 4096;
}

/* --- opening --- */

static int memory_map(struct sa_table *t, int fd)
{
	void *at = mmap(NULL, t->length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		return -errno;
	t->header = at;
	/* Keys lie here: neither in a core dump nor, where the limits allow it, in swap. Only pages
	 * that are used count. */
	(void)madvise(at, t->length, MADV_DONTDUMP);
	(void)mlock2(at, t->length, MLOCK_ONFAULT);
	return 0;
}

static int memory_empty(struct sa_table *t, int fd, const struct sa_table_layout *layout)
{
	struct sa_table_header *h = t->header;

	if (ftruncate(fd, 0) < 0 || ftruncate(fd, (off_t)t->length) < 0)
		return -errno;
	h->version = SA_TABLE_VERSION;
	h->length = t->length;
	h->slot_size = ESP_SA_OCTETS;
	h->layout = *layout;
	sa_table_in_order();
	h->magic = SA_TABLE_MAGIC;
	return 0;
}

static bool header_fits(const struct sa_table *t, const struct sa_table_layout *layout, char *reason)
{
	const struct sa_table_header *h = t->header;
	const char *fault = NULL;

	if (h->magic != SA_TABLE_MAGIC)
		fault = "no table of SAs";
	else if (h->version != SA_TABLE_VERSION)
		fault = "of another version";
	else if (h->length != t->length || h->slot_size != ESP_SA_OCTETS ||
		 memcmp(&h->layout, layout, sizeof *layout) != 0)
		fault = "of another layout";
	if (fault)
		snprintf(reason, SA_TABLE_REASON_MAX, "header: %s", fault);
	return !fault;
}

/* The first page is all zeros: nobody came as far as to write a header. */
static bool is_untouched(const struct sa_table *t)
{
	return t->header->magic == 0 && t->header->version == 0 && t->header->high == 0;
}

static int table_fill(struct sa_table *t, int fd, const struct sa_table_layout *layout, off_t size, char *reason)
{
	int error = -EBADMSG;

	if (size != 0 && size != (off_t)t->length)
		snprintf(reason, SA_TABLE_REASON_MAX, "memory of another size");
	else if (size != 0 && !is_untouched(t) && header_fits(t, layout, reason)) {
		error = sa_index_init(t);
		if (!error)
			error = sa_table_adopt(t, reason);
		if (error != -EBADMSG)
			return error;
		sa_index_done(t);
	}
	error = memory_empty(t, fd, layout);
	return error ? error : sa_index_init(t);
}

int sa_table_open(struct sa_table **out, int fd, const struct sa_table_layout *layout, struct esp_crypto *crypto,
		  char reason[SA_TABLE_REASON_MAX])
{
	struct sa_table *t = calloc(1, sizeof *t);
	struct stat st;
	int error;

	assert(layout->capacity > 0 && layout->second_size % 8 == 0);
	reason[0] = 0;
	if (!t)
		return -ENOMEM;
	t->crypto = crypto;
	t->length = memory_length(layout);
	error = fstat(fd, &st) < 0 ? -errno : memory_map(t, fd);
	if (!error)
		error = table_fill(t, fd, layout, st.st_size, reason);
	if (error)
		sa_table_close(t);
	else
		*out = t;
	return error;
}

void sa_table_close(struct sa_table *t)
{
	if (!t)
		return;
	if (t->header) {
		sa_index_done(t);
		munmap(t->header, t->length);
	}
	free(t);
}

/* --- keys and tombstones --- */

int sa_table_key_set(struct sa_table *t, uint32_t index, const struct esp_sa *sa)
{
	struct esp_key *k = sa_index_key(t, index);
	const int error = esp_key_init(k, t->crypto, &sa->suite, &sa->keys);

	if (!error)
		t->key_octets += t->key_room + esp_key_octets(k);
	return error;
}

static void key_drop(struct sa_table *t, uint32_t index)
{
	struct esp_key *k = sa_index_key(t, index);

	if (!k->transform)
		return;
	t->key_octets -= t->key_room + esp_key_octets(k);
	esp_key_done(k);
}

static void slot_free(struct sa_table *t, uint32_t index)
{
	struct esp_sa *sa = sa_table_slot(t, index);

	sa_index_unlink(t, index);
	sa->state = ESP_SLOT_FREE;
	sa_table_in_order();
	OPENSSL_cleanse(sa, ESP_SA_OCTETS);
	sa_index_mark(t, index, false);
}

static void tomb_oldest_free(struct sa_table *t)
{
	slot_free(t, t->tombs[t->tomb_first]);
	t->tomb_first = (t->tomb_first + 1) % SA_TABLE_TOMBS_MAX;
	t->tomb_count--;
}

void sa_table_tomb_add(struct sa_table *t, uint32_t index)
{
	if (t->tomb_count == SA_TABLE_TOMBS_MAX)
		tomb_oldest_free(t);
	t->tombs[(t->tomb_first + t->tomb_count++) % SA_TABLE_TOMBS_MAX] = index;
}

/* --- filling --- */

struct esp_sa *sa_table_take(struct sa_table *t)
{
	uint32_t index = sa_index_lowest_free(t);
	struct esp_sa *sa;

	if (index == t->header->layout.capacity && t->tomb_count > 0) {
		tomb_oldest_free(t);
		index = sa_index_lowest_free(t);
	}
	if (index == t->header->layout.capacity)
		return NULL;
	sa = sa_table_slot(t, index);
	memset(sa, 0, ESP_SA_OCTETS);
	sa->soft = sa->hard = ESP_LIFE_NEVER;
	if (t->header->high <= index)
		t->header->high = index + 1;
	sa_index_mark(t, index, true);
	return sa;
}

void sa_table_give_back(struct sa_table *t, struct esp_sa *sa)
{
	assert(sa->state == ESP_SLOT_FREE);
	OPENSSL_cleanse(sa, ESP_SA_OCTETS);
	sa_index_mark(t, sa_table_index(t, sa), false);
}

static void digest_make(struct esp_sa *sa)
{
	uint8_t bytes[sizeof sa->suite + sizeof sa->keys];

	memcpy(bytes, &sa->suite, sizeof sa->suite);
	memcpy(bytes + sizeof sa->suite, &sa->keys, sizeof sa->keys);
	SHA256(bytes, sizeof bytes, sa->key_digest);
	OPENSSL_cleanse(bytes, sizeof bytes);
}

static bool is_same_key(const struct esp_sa *a, const struct esp_sa *b)
{
	return memcmp(a->key_digest, b->key_digest, sizeof a->key_digest) == 0;
}

/* Is there another living SA that it would collide with? Two that send with one key would use the
 * same IVs: that is never allowed, whatever their addresses. */
static bool is_taken(const struct sa_table *t, const struct esp_sa *sa, const struct esp_sa *itself)
{
	const struct esp_sa *at = NULL;

	while ((at = sa_index_find(t, sa->inbound, sa->spi, at))) {
		if (at == itself || at->state != ESP_SLOT_USED)
			continue;
		if (sa->inbound || ipaddr_eq(&at->remote, &sa->remote) || is_same_key(at, sa))
			return true;
	}
	return false;
}

/* A key that comes back goes on where it was: no IV is used twice, no packet taken twice. */
static void history_inherit(const struct sa_table *t, struct esp_sa *sa)
{
	const struct esp_sa *at = NULL;

	while ((at = sa_index_find(t, sa->inbound, sa->spi, at))) {
		if (at->state != ESP_SLOT_TOMB || !is_same_key(at, sa))
			continue;
		if (sa->sequence < at->sequence)
			sa->sequence = at->sequence;
		if (sa->replay.highest <= at->replay.highest) {
			sa->replay.highest = at->replay.highest;
			memcpy(sa->replay.seen, at->replay.seen, sizeof sa->replay.seen);
		}
	}
}

static bool is_valid(const struct esp_sa *sa)
{
	if (sa->spi < 256 || sa->inbound > 1 || sa->phase > ESP_PHASE_GONE)
		return false;
	if (sa->phase == ESP_PHASE_LARVAL)
		return true;
	return esp_suite_valid(&sa->suite) && sa->replay.window <= ESP_REPLAY_MAX && sa->mode <= ESP_TUNNEL &&
	       sa->esn <= 1 && sa->udp <= 1;
}

/* Everything but linking and publishing. `itself`: the slot that it is for. */
static int prepare(struct sa_table *t, struct esp_sa *sa, const struct esp_sa *itself)
{
	if (!is_valid(sa))
		return -EINVAL;
	if (sa->phase != ESP_PHASE_LARVAL)
		digest_make(sa);
	if (is_taken(t, sa, itself))
		return -EEXIST;
	if (sa->phase == ESP_PHASE_LARVAL)
		return 0;
	history_inherit(t, sa);
	sa->order = ++t->header->order;
	return sa_table_key_set(t, sa_table_index(t, itself), sa);
}

int sa_table_publish(struct sa_table *t, struct esp_sa *sa)
{
	int error;

	assert(sa->state == ESP_SLOT_FREE);
	error = prepare(t, sa, sa);
	if (error)
		return error;
	sa_table_in_order();
	sa->state = ESP_SLOT_USED;
	sa_index_link(t, sa_table_index(t, sa));
	t->count++;
	return 0;
}

int sa_table_grow_up(struct sa_table *t, struct esp_sa *larval, const struct esp_sa *filled)
{
	struct esp_sa copy = *filled;
	int error;

	assert(larval->state == ESP_SLOT_USED && larval->phase == ESP_PHASE_LARVAL);
	assert(filled->phase != ESP_PHASE_LARVAL);
	assert(filled->spi == larval->spi && filled->inbound == larval->inbound);
	error = prepare(t, &copy, larval);
	if (!error) {
		const uint8_t phase = copy.phase;

		copy.state = ESP_SLOT_USED;
		copy.phase = ESP_PHASE_LARVAL;
		*larval = copy;
		sa_table_in_order();
		larval->phase = phase;
	}
	OPENSSL_cleanse(&copy, sizeof copy);
	return error;
}

void sa_table_remove(struct sa_table *t, struct esp_sa *sa)
{
	const uint32_t index = sa_table_index(t, sa);

	assert(sa->state == ESP_SLOT_USED);
	t->count--;
	key_drop(t, index);
	if (sa->phase == ESP_PHASE_LARVAL) {
		slot_free(t, index);
		return;
	}
	sa->state = ESP_SLOT_TOMB;
	sa_table_in_order();
	OPENSSL_cleanse(&sa->keys, sizeof sa->keys);
	sa_table_tomb_add(t, index);
}

/* --- looking --- */

struct esp_sa *sa_table_inbound(const struct sa_table *t, uint32_t spi)
{
	struct esp_sa *sa = NULL;

	while ((sa = sa_index_find(t, true, spi, sa))) {
		if (sa->state == ESP_SLOT_USED)
			return sa;
	}
	return NULL;
}

struct esp_sa *sa_table_outbound(const struct sa_table *t, uint32_t spi, const struct ipaddr *remote)
{
	struct esp_sa *sa = NULL;

	while ((sa = sa_index_find(t, false, spi, sa))) {
		if (sa->state == ESP_SLOT_USED && ipaddr_eq(&sa->remote, remote))
			return sa;
	}
	return NULL;
}

struct esp_sa *sa_table_next(const struct sa_table *t, const struct esp_sa *sa)
{
	const uint32_t capacity = t->header->layout.capacity;
	uint32_t index = sa ? sa_table_index(t, sa) + 1 : 0;

	for (index = sa_index_next_taken(t, index); index < capacity; index = sa_index_next_taken(t, index + 1)) {
		if (sa_table_slot(t, index)->state == ESP_SLOT_USED)
			return sa_table_slot(t, index);
	}
	return NULL;
}

struct esp_key *sa_table_key(const struct sa_table *t, const struct esp_sa *sa)
{
	struct esp_key *k = sa_index_key(t, sa_table_index(t, sa));

	return k->transform ? k : NULL;
}

uint32_t sa_table_index(const struct sa_table *t, const struct esp_sa *sa)
{
	const size_t offset = (size_t)((const uint8_t *)sa - (const uint8_t *)sa_table_slot(t, 0));

	assert(offset % ESP_SA_OCTETS == 0 && offset / ESP_SA_OCTETS < t->header->layout.capacity);
	return (uint32_t)(offset / ESP_SA_OCTETS);
}

struct esp_sa *sa_table_at(const struct sa_table *t, uint32_t index)
{
	if (index >= t->header->high || sa_table_slot(t, index)->state != ESP_SLOT_USED)
		return NULL;
	return sa_table_slot(t, index);
}

uint32_t sa_table_count(const struct sa_table *t)
{
	return t->count;
}

uint32_t sa_table_capacity(const struct sa_table *t)
{
	return t->header->layout.capacity;
}

size_t sa_table_private_octets(const struct sa_table *t)
{
	const size_t capacity = t->header->layout.capacity;

	return sizeof *t + t->buckets * sizeof *t->heads + capacity * sizeof *t->links + capacity / 8 + t->key_octets;
}

/* --- the second region --- */

void *sa_table_second(const struct sa_table *t, uint32_t index)
{
	const struct sa_table_layout *l = &t->header->layout;

	if (index >= l->second_capacity)
		return NULL;
	return (uint8_t *)sa_table_slot(t, l->capacity) + (size_t)index * l->second_size;
}

uint32_t sa_table_second_high(const struct sa_table *t)
{
	return t->header->second_high;
}

void sa_table_second_raise(struct sa_table *t, uint32_t high)
{
	assert(high <= t->header->layout.second_capacity);
	if (high > t->header->second_high)
		t->header->second_high = high;
}
