/*
 * protected_io: the sockets of protected packets: UDP 4500 of either family (udp_io.h), the
 * raw sockets of IP protocol 50 (through kernel_io's queue), and those that hand IKE to charon.
 */
#ifndef DMVPN_FORWARD_PROTECTED_IO_H
#define DMVPN_FORWARD_PROTECTED_IO_H

#include "forward/tunnel_table.h"
#include "forward/udp_io.h"
#include "forward/worker.h"

enum { PROTECTED_FAMILIES = 2, ESP_ARENA = 1024 * 1024 };

struct nat_port {
	enum source source;
	struct udp_socket socket; /* fd -1: not handed over */
	int inject_fd;            /* likewise */
};

struct protected_io {
	struct worker *worker;
	struct nat_port ports[PROTECTED_FAMILIES];
	struct udp_sender *sender;
	struct udp_receiver *receiver;
	bool last_was_udp;        /* which kind esp_undo() takes back */
	size_t arena_used;        /* of packets not in UDP, until the next flush */
	uint8_t arena[ESP_ARENA];
};

int protected_io_init(struct protected_io *io); /* 0 or -ENOMEM */
void protected_io_done(struct protected_io *io);

/* NULL: no such family. */
struct nat_port *protected_io_port(struct protected_io *io, uint8_t family);

/* Room in the arena; NULL: flush first. */
uint8_t *protected_io_arena(struct protected_io *io, size_t length);
uint8_t *protected_io_udp_room(struct protected_io *io, const struct esp_path *path, size_t length);
bool protected_io_ike_hand(struct protected_io *io, const struct ipaddr *to, const uint8_t *packet, size_t length);
void protected_io_flush(struct protected_io *io);

/* Takes what has come to that port; the caller flushes the whole io. false: nothing was there. */
bool protected_io_udp_receive(struct protected_io *io, struct nat_port *port);

#endif
