/*
 * Any bytes as charon's requests, against a table with living SAs and policies; the clock goes on, the
 * server is started anew, SAs move and end between them.
 *
 * Input: chunks of a control octet, a length (two octets, big-endian) and as many octets of a datagram.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "xfrm/server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CAPACITY = 32 };

struct world {
	int fd;
	struct esp_crypto *crypto;
	struct sa_table *table;
	struct xfrm_server *server;
	struct xfrm_clock clock;
	uint8_t keeps;
};

static bool on_deleted(void *context, struct esp_sa *sa)
{
	struct world *w = context;

	assert(sa->state == ESP_SLOT_USED);
	return w->keeps;
}

static void on_refused(void *context, const char *what, const char *name)
{
	(void)context;
	assert(what[0] && strlen(name) < 100);
}

static void start(struct world *w)
{
	struct sa_table_layout layout = { .capacity = CAPACITY };
	struct xfrm_hooks hooks = { .context = w, .deleted = on_deleted, .refused = on_refused };
	char reason[SA_TABLE_REASON_MAX];

	xfrm_server_layout(&layout);
	if (sa_table_open(&w->table, w->fd, &layout, w->crypto, reason) < 0)
		abort();
	assert(reason[0] == 0); /* what we leave is never damaged */
	w->server = xfrm_server_new(w->table, &hooks, 1, w->clock);
	if (!w->server)
		abort();
}

static void stop(struct world *w)
{
	xfrm_server_free(w->server);
	sa_table_close(w->table);
}

/* Every answer is whole messages, and short enough for charon. */
static void check_reply(const uint8_t *reply, size_t length)
{
	assert(length < XFRM_REPLY_MAX);
	while (length > 0) {
		uint32_t one;

		assert(length >= 16);
		memcpy(&one, reply, sizeof one);
		assert(one >= 16 && one % 4 == 0 && one <= length);
		reply += one;
		length -= one;
	}
}

static void request(struct world *w, const uint8_t *bytes, size_t length)
{
	static uint8_t reply[XFRM_REPLY_MAX];
	uint8_t *copy = malloc(length ? length : 1); /* so that the sanitizer sees its end */
	size_t got, rounds = 0;

	memcpy(copy, bytes, length);
	got = xfrm_server_request(w->server, w->clock, copy, length, reply);
	for (; got > 0; got = xfrm_server_more(w->server, w->clock, reply)) {
		check_reply(reply, got);
		assert(rounds++ < CAPACITY + 64);
	}
	free(copy);
}

static void drain(struct world *w)
{
	uint8_t event[XFRM_EVENT_MAX];
	uint32_t groups;
	size_t length;

	while ((length = xfrm_server_event(w->server, w->clock, event, &groups)) > 0) {
		check_reply(event, length);
		xfrm_server_event_sent(w->server);
	}
}

/* What the forwarder does meanwhile. */
static void meddle(struct world *w, uint8_t how)
{
	struct esp_sa *sa = NULL;

	for (uint8_t i = 0; i <= (how & 3); i++)
		sa = sa_table_next(w->table, sa);
	if (sa && (how & 4) && sa->phase != ESP_PHASE_LARVAL) {
		sa->packets += 1000;
		sa->bytes += 1000000;
		if (!sa->inbound)
			sa->sequence += 1000;
		sa->used_us = w->clock.now.us;
		xfrm_server_limit(w->server, w->clock, sa);
	} else if (sa && (how & 8) && sa->inbound) {
		xfrm_server_moved(w->server, w->clock, sa, &sa->remote, how);
	} else if (sa && (how & 16)) {
		xfrm_server_remove(w->server, sa);
	} else if (how & 32) {
		xfrm_server_orphan_all(w->server, w->clock);
	} else if (how & 64) {
		stop(w);
		start(w);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world w = { .fd = memfd_create("sa", MFD_CLOEXEC), .crypto = esp_crypto_new(ESP_PROVIDER_OPENSSL),
			   .clock = { { 1000000000 }, 1800000000 } };

	if (w.fd < 0 || !w.crypto)
		abort();
	start(&w);
	while (size >= 3) {
		const uint8_t how = data[0];
		size_t length = (size_t)data[1] << 8 | data[2];

		if (length > size - 3)
			length = size - 3;
		w.keeps = how >> 7;
		meddle(&w, how);
		request(&w, data + 3, length);
		w.clock.now = instant_add(w.clock.now, span_ms(how * 100));
		w.clock.unix_s += how / 10;
		xfrm_server_poll(w.server, w.clock);
		drain(&w);
		data += 3 + length;
		size -= 3 + length;
	}
	stop(&w);
	esp_crypto_free(w.crypto);
	close(w.fd);
	return 0;
}
