#include "forward/protected_io.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "forward/esp_rx.h"
#include "forward/esp_tx.h"
#include "forward/sockaddr.h"

static void refused(void *context, const struct udp_path *path, size_t count, size_t length, int error,
		    uint32_t path_mtu)
{
	struct protected_io *io = context;

	(void)length;
	if (error == EMSGSIZE && path_mtu)
		esp_tx_learn(io->worker, (uint32_t)path->owner, path_mtu);
	io->worker->drops[error == EMSGSIZE ? FORWARD_DROP_TOO_BIG : FORWARD_DROP_SEND_ERROR] += count;
}

int protected_io_init(struct protected_io *io)
{
	for (size_t i = 0; i < PROTECTED_FAMILIES; i++)
		io->ports[i] = (struct nat_port){ .source = SOURCE_UDP, .inject_fd = -1,
						  .socket = { .fd = -1, .family = i ? IP_V6 : IP_V4 } };
	io->sender = udp_sender_new(refused, io);
	io->receiver = udp_receiver_new();
	return io->sender && io->receiver ? 0 : -ENOMEM;
}

static void descriptor_close(int fd)
{
	if (fd >= 0)
		close(fd);
}

void protected_io_done(struct protected_io *io)
{
	for (size_t i = 0; i < PROTECTED_FAMILIES; i++) {
		descriptor_close(io->ports[i].socket.fd);
		descriptor_close(io->ports[i].inject_fd);
	}
	udp_sender_free(io->sender);
	udp_receiver_free(io->receiver);
}

struct nat_port *protected_io_port(struct protected_io *io, uint8_t family)
{
	if (family == IP_V4)
		return &io->ports[0];
	return family == IP_V6 ? &io->ports[1] : NULL;
}

uint8_t *protected_io_arena(struct protected_io *io, size_t length)
{
	uint8_t *at = io->arena + io->arena_used;

	if (length > ESP_ARENA - io->arena_used)
		return NULL;
	io->arena_used += length;
	io->last_was_udp = false;
	return at;
}

uint8_t *protected_io_udp_room(struct protected_io *io, const struct esp_path *path, size_t length)
{
	struct nat_port *port = protected_io_port(io, path->local.family);
	const struct udp_path way = { .local = path->local, .remote = path->remote, .remote_port = path->remote_port,
				      .tos = path->tos, .ttl = path->ttl, .df = path->df, .owner = path->session };

	if (!port || port->socket.fd < 0 || path->remote.family != path->local.family || length > UDP_DATAGRAM_MAX)
		return NULL;
	io->last_was_udp = true;
	return udp_send_room(io->sender, &port->socket, &way, length);
}

bool protected_io_ike_hand(struct protected_io *io, const struct ipaddr *to, const uint8_t *packet, size_t length)
{
	const struct nat_port *port = protected_io_port(io, to->family);
	struct sockaddr_storage name;
	const socklen_t name_length = sockaddr_of(to, 0, &name);

	if (!port || port->inject_fd < 0)
		return false;
	return sendto(port->inject_fd, packet, length, MSG_DONTWAIT, (struct sockaddr *)&name, name_length) == (ssize_t)length;
}

void protected_io_flush(struct protected_io *io)
{
	udp_send_flush(io->sender);
	io->arena_used = 0;
}

static void arrival_receive(struct worker *w, const struct udp_arrival *a)
{
	const struct esp_arrival from = { .from = a->remote, .to = a->local, .from_port = a->remote_port,
					  .tos = a->tos, .udp = true };

	for (size_t at = 0; at < a->length; at += a->segment) {
		const size_t left = a->length - at;

		esp_rx_datagram(w, &from, a->ifindex, a->bytes + at, left < a->segment ? left : a->segment);
	}
}

bool protected_io_udp_receive(struct protected_io *io, struct nat_port *port)
{
	const struct udp_arrival *arrivals;
	const size_t count = udp_receive(io->receiver, &port->socket, &arrivals);

	for (size_t i = 0; i < count; i++)
		arrival_receive(io->worker, &arrivals[i]);
	return count;
}
