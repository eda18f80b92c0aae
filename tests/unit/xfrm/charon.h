/*
 * charon: says to an XFRM server what charon says, octet for octet, and looks at the answers.
 */
#ifndef TEST_XFRM_CHARON_H
#define TEST_XFRM_CHARON_H

#include <linux/netlink.h>
#include <linux/xfrm.h>

#include "xfrm/server.h"

enum { CAPACITY = 64 };

/* A table, a server over it, and what it told. */
struct rig {
	int fd;
	struct sa_table *table;
	struct esp_crypto *crypto;
	struct xfrm_server *server;
	struct xfrm_clock clock;
	uint32_t seq, pid;

	unsigned installed, changed, deleted, soft, hard, removed, refused;
	bool keeps_deleted; /* the answer to `deleted` */
	struct esp_sa *last;
	char refused_what[64], refused_name[96];

	uint8_t reply[XFRM_REPLY_MAX];
	size_t reply_length;
	uint8_t sent[XFRM_REPLY_MAX]; /* the last request */
	size_t sent_length;
};

/* What an SA is to be like. */
struct wanted {
	uint16_t type;            /* XFRM_MSG_NEWSA or UPDSA */
	const char *source, *destination;
	uint32_t spi;
	uint8_t key;              /* every octet of it */
	uint16_t source_port, destination_port; /* 0: not in UDP */
	uint64_t soft_s, hard_s, soft_bytes, hard_bytes, soft_packets, hard_packets;
	uint8_t replay_window;
	bool is_cbc_esn;          /* AES-CBC-256, SHA256-128, ESN */
	uint32_t esn_window;
	const struct xfrm_replay_state *replay;
	const void *replay_wide;  /* whole attribute */
	size_t replay_wide_length;
	const struct xfrm_lifetime_cur *current;
	const char *aead, *crypt, *auth; /* other algorithms' names; key of 32 octets each */
};

void rig_init(struct rig *r);
void rig_done(struct rig *r);
/* The process dies and another one takes up the table. */
void rig_restart(struct rig *r);
void rig_pass(struct rig *r, int64_t ms); /* time goes by; polls */

/* Messages under construction in r->sent. */
void say_begin(struct rig *r, uint16_t type, uint16_t flags, const void *head, size_t size);
void say_attribute(struct rig *r, uint16_t type, const void *bytes, size_t size);
void say(struct rig *r);        /* sends it: r->reply */
void say_again(struct rig *r);  /* the same octets once more */
int say_for_ack(struct rig *r); /* sends it, expects a bare ack and returns its error */

/* charon's own sentences. An ack's error is returned as 0 or -errno. */
uint32_t ask_spi(struct rig *r, const char *local, const char *remote, uint32_t min, uint32_t max);
int add_sa(struct rig *r, const struct wanted *w);
int del_sa(struct rig *r, uint32_t spi, const char *destination);
int get_sa(struct rig *r, uint32_t spi, const char *destination);
int get_state(struct rig *r, uint32_t spi, const char *destination);
int add_policy(struct rig *r, uint16_t type, const char *source, const char *destination, uint8_t dir,
	       uint32_t priority, uint32_t spi);
int del_policy(struct rig *r, const char *source, const char *destination, uint8_t dir);
int get_policy(struct rig *r, const char *source, const char *destination, uint8_t dir);

/* The answer's type, length and body. */
uint16_t reply_type(const struct rig *r);
uint32_t reply_length(const struct rig *r);
const uint8_t *reply_body(const struct rig *r);
/* An attribute of the answer behind `head` octets; NULL: not there. */
const uint8_t *reply_attribute(const struct rig *r, size_t head, uint16_t type, size_t *length);

/* Takes the next event; its length, 0: none. */
size_t take_event(struct rig *r, uint8_t bytes[XFRM_EVENT_MAX], uint32_t *groups);

struct ipaddr addr_of(const char *text);
struct esp_sa *inbound_sa(const struct rig *r, uint32_t spi);
struct esp_sa *outbound_sa(const struct rig *r, uint32_t spi, const char *remote);

#endif
