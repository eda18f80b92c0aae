/*
 * Requests under way form a list in the order in which they were sent, which is the order in
 * which charon answers them. Only the oldest one's time runs: those behind it wait for it,
 * and a long list is no sign of a charon that hangs.
 */
#include "ike/vici.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/reader.h"

enum packet {
	PACKET_REQUEST, PACKET_RESPONSE, PACKET_COMMAND_UNKNOWN, PACKET_REGISTER, PACKET_UNREGISTER,
	PACKET_CONFIRMED, PACKET_EVENT_UNKNOWN, PACKET_EVENT,
};

enum {
	HEADER = 4,              /* octets of the length before a packet */
	READ_AT_LEAST = 16384,   /* octets of room for one read */
	NAME_MAX_OCTETS = 255,
	REGISTER_TIMEOUT_S = 10, /* for answers that nobody called for */
};

struct request {
	struct request *next;
	bool is_register;
	char *stream;
	struct span timeout;
	vici_reply *reply;
	void *context;
};

/* An event asked for; those of streams only for the connection. */
struct subscription {
	struct subscription *next;
	char *name;
	bool for_good;
	bool sent; /* over this connection */
};

struct vici_client {
	int fd;
	unsigned connection; /* counts connections: a callback may close the one that is being read */
	vici_event *on_event;
	void *context;
	struct request *first, **last;
	struct instant oldest_since; /* when the oldest request began to be the oldest */
	struct instant now;          /* of the call under way */
	struct subscription *subscriptions;
	uint8_t *in, *out;
	size_t in_length, in_capacity, out_length, out_capacity, out_sent;
};

struct vici_client *vici_client_new(vici_event *on_event, void *context)
{
	struct vici_client *c = alloc_zero(1, sizeof *c);

	c->fd = -1;
	c->on_event = on_event;
	c->context = context;
	c->last = &c->first;
	return c;
}

/* ---- the list of requests ---- */

static void request_free(struct request *q)
{
	free(q->stream);
	free(q);
}

static struct request *request_take(struct vici_client *c)
{
	struct request *q = c->first;

	if (!q)
		return NULL;
	c->first = q->next;
	if (!c->first)
		c->last = &c->first;
	c->oldest_since = c->now;
	return q;
}

static void request_add(struct vici_client *c, struct request *q)
{
	if (!c->first)
		c->oldest_since = c->now;
	*c->last = q;
	c->last = &q->next;
}

static void request_answer(struct request *q, enum vici_outcome outcome, const struct vici_message *m)
{
	if (q->reply)
		q->reply(q->context, outcome, m);
	request_free(q);
}

/* ---- output ---- */

static void wipe_output(struct vici_client *c)
{
	if (c->out)
		explicit_bzero(c->out, c->out_length);
	c->out_length = c->out_sent = 0;
}

/* Not realloc: what it would leave behind may be a secret. */
static void output_room(struct vici_client *c, size_t length)
{
	size_t capacity = c->out_capacity ? c->out_capacity : 4096;
	uint8_t *bytes;

	if (c->out_length + length <= c->out_capacity)
		return;
	while (capacity < c->out_length + length)
		capacity *= 2;
	bytes = alloc_array(NULL, capacity, 1);
	if (c->out_length)
		memcpy(bytes, c->out, c->out_length);
	if (c->out)
		explicit_bzero(c->out, c->out_length);
	free(c->out);
	c->out = bytes;
	c->out_capacity = capacity;
}

static void output_u8(struct vici_client *c, size_t value)
{
	c->out[c->out_length++] = (uint8_t)value;
}

static void output_packet(struct vici_client *c, enum packet type, const char *name, const struct vici_writer *message)
{
	const size_t name_length = strlen(name), length = message ? message->length : 0;
	const size_t whole = 2 + name_length + length;

	output_room(c, HEADER + whole);
	for (int shift = 24; shift >= 0; shift -= 8)
		output_u8(c, whole >> shift & UINT8_MAX);
	output_u8(c, type);
	output_u8(c, name_length);
	memcpy(c->out + c->out_length, name, name_length);
	c->out_length += name_length;
	if (length)
		memcpy(c->out + c->out_length, message->bytes, length);
	c->out_length += length;
}

/* ---- connecting and closing ---- */

static void send_register(struct vici_client *c, struct subscription *s)
{
	struct request *q = alloc_zero(1, sizeof *q);

	q->is_register = true;
	q->timeout = span_s(REGISTER_TIMEOUT_S);
	output_packet(c, PACKET_REGISTER, s->name, NULL);
	request_add(c, q);
	s->sent = true;
}

static void close_with(struct vici_client *c, enum vici_outcome first)
{
	enum vici_outcome outcome = first;
	struct request *q;

	if (c->fd < 0)
		return;
	close(c->fd);
	c->fd = -1;
	c->connection++;
	c->in_length = 0;
	wipe_output(c);
	for (struct subscription *s = c->subscriptions; s; s = s->next)
		s->sent = false;
	/* What a callback calls for from here on finds no connection and does not join the list. */
	while ((q = request_take(c))) {
		request_answer(q, outcome, NULL);
		outcome = VICI_LOST;
	}
}

void vici_client_close(struct vici_client *c)
{
	close_with(c, VICI_LOST);
}

void vici_client_connect(struct vici_client *c, int fd, struct instant now)
{
	const int flags = fcntl(fd, F_GETFL);

	vici_client_close(c);
	c->now = now;
	if (flags >= 0)
		fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	c->fd = fd;
	for (struct subscription *s = c->subscriptions; s; s = s->next) {
		if (s->for_good)
			send_register(c, s);
	}
}

void vici_client_free(struct vici_client *c)
{
	struct request *q;

	if (!c)
		return;
	while ((q = request_take(c)))
		request_free(q);
	if (c->fd >= 0)
		close(c->fd);
	while (c->subscriptions) {
		struct subscription *s = c->subscriptions;

		c->subscriptions = s->next;
		free(s->name);
		free(s);
	}
	wipe_output(c);
	free(c->in);
	free(c->out);
	free(c);
}

bool vici_client_connected(const struct vici_client *c)
{
	return c->fd >= 0;
}

int vici_client_fd(const struct vici_client *c)
{
	return c->fd;
}

bool vici_client_wants_write(const struct vici_client *c)
{
	return c->fd >= 0 && c->out_sent < c->out_length;
}

/* ---- asking ---- */

static struct subscription *subscription(struct vici_client *c, const char *name)
{
	struct subscription *s = c->subscriptions;

	while (s && strcmp(s->name, name))
		s = s->next;
	if (s)
		return s;
	s = alloc_zero(1, sizeof *s);
	s->name = alloc_text(name);
	s->next = c->subscriptions;
	c->subscriptions = s;
	return s;
}

void vici_client_subscribe(struct vici_client *c, const char *event, struct instant now)
{
	struct subscription *s = subscription(c, event);

	c->now = now;
	s->for_good = true;
	if (c->fd >= 0 && !s->sent)
		send_register(c, s);
}

static void ask(struct vici_client *c, const char *command, const struct vici_writer *message, const char *stream,
		struct request *q)
{
	/* charon sends the parts of a stream only to who asked for the command, so staying
	 * registered does no harm. */
	if (stream && !subscription(c, stream)->sent)
		send_register(c, subscription(c, stream));
	q->stream = alloc_text(stream);
	output_packet(c, PACKET_REQUEST, command, message);
	request_add(c, q);
}

void vici_client_call(struct vici_client *c, struct instant now, const char *command, struct vici_writer *message,
		      const char *stream, struct span timeout, vici_reply *reply, void *context)
{
	struct request *q = alloc_zero(1, sizeof *q);
	const bool bad = (message && (message->bad || message->depth)) || strlen(command) > NAME_MAX_OCTETS;

	q->timeout = timeout;
	q->reply = reply;
	q->context = context;
	if (c->fd < 0 || bad) {
		request_answer(q, bad ? VICI_UNKNOWN : VICI_LOST, NULL);
	} else {
		c->now = now;
		ask(c, command, message, stream, q);
	}
	if (message)
		vici_writer_done(message);
}

/* ---- answers ---- */

static int take_response(struct vici_client *c, struct reader *r)
{
	struct vici_message *m;

	if (!c->first || c->first->is_register)
		return -EPROTO;
	m = vici_message_parse(r->at, reader_left(r));
	if (!m)
		return -errno;
	request_answer(request_take(c), VICI_REPLY, m);
	vici_message_free(m);
	return 0;
}

static int take_confirmation(struct vici_client *c)
{
	if (!c->first || !c->first->is_register)
		return -EPROTO;
	request_free(request_take(c));
	return 0;
}

static int take_unknown(struct vici_client *c)
{
	if (!c->first || c->first->is_register)
		return -EPROTO;
	request_answer(request_take(c), VICI_UNKNOWN, NULL);
	return 0;
}

static struct request *streaming(struct vici_client *c, const char *name)
{
	struct request *q = c->first;

	while (q && (!q->stream || strcmp(q->stream, name)))
		q = q->next;
	return q;
}

static int take_event(struct vici_client *c, struct reader *r)
{
	const size_t length = reader_u8(r);
	const uint8_t *bytes = reader_skip(r, length);
	struct vici_message *m;
	struct request *q;
	char name[NAME_MAX_OCTETS + 1] = "";

	if (r->bad)
		return -EPROTO;
	memcpy(name, bytes, length);
	m = vici_message_parse(r->at, reader_left(r));
	if (!m)
		return -errno;
	q = streaming(c, name);
	if (q == c->first)
		c->oldest_since = c->now; /* a sign of life */
	if (q && q->reply)
		q->reply(q->context, VICI_PART, m);
	else if (!q && c->on_event)
		c->on_event(c->context, name, m);
	vici_message_free(m);
	return 0;
}

static int take_packet(struct vici_client *c, const uint8_t *bytes, size_t length)
{
	struct reader r = reader_of(bytes, length);

	switch ((enum packet)reader_u8(&r)) {
	case PACKET_RESPONSE:
		return take_response(c, &r);
	case PACKET_COMMAND_UNKNOWN:
		return take_unknown(c);
	case PACKET_CONFIRMED:
	case PACKET_EVENT_UNKNOWN: /* an older charon: that event will never come */
		return take_confirmation(c);
	case PACKET_EVENT:
		return take_event(c, &r);
	case PACKET_REQUEST:
	case PACKET_REGISTER:
	case PACKET_UNREGISTER:
		break;
	}
	return -EPROTO;
}

/* Octets of the packet that the input begins with, with its header: 0 when the header itself is not
 * there yet, SIZE_MAX when it is nonsense. */
static size_t packet_length(const struct vici_client *c)
{
	struct reader r;
	uint32_t length;

	if (c->in_length < HEADER)
		return 0;
	r = reader_of(c->in, HEADER);
	length = reader_u32(&r);
	return !length || length > VICI_PACKET_MAX ? SIZE_MAX : HEADER + (size_t)length;
}

static int take_packets(struct vici_client *c)
{
	const unsigned connection = c->connection;
	size_t whole;
	int error = 0;

	while (!error && (whole = packet_length(c)) != 0) {
		if (whole == SIZE_MAX)
			return -EPROTO;
		if (whole > c->in_length)
			return 0;
		error = take_packet(c, c->in + HEADER, whole - HEADER);
		if (c->connection != connection)
			return -ECONNRESET;
		c->in_length -= whole;
		memmove(c->in, c->in + whole, c->in_length);
	}
	return error;
}

static void input_room(struct vici_client *c)
{
	size_t wanted = packet_length(c);

	if (wanted < c->in_length + READ_AT_LEAST || wanted == SIZE_MAX)
		wanted = c->in_length + READ_AT_LEAST;
	if (wanted <= c->in_capacity)
		return;
	c->in = alloc_array(c->in, wanted, 1);
	c->in_capacity = wanted;
}

int vici_client_readable(struct vici_client *c, struct instant now)
{
	int error = 0;

	c->now = now;
	while (!error && c->fd >= 0) {
		ssize_t got;

		input_room(c);
		got = recv(c->fd, c->in + c->in_length, c->in_capacity - c->in_length, MSG_DONTWAIT);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return 0;
		if (got <= 0) {
			error = got ? -errno : -ECONNRESET;
			break;
		}
		c->in_length += (size_t)got;
		error = take_packets(c);
	}
	vici_client_close(c);
	return error ? error : -ENOTCONN;
}

int vici_client_writable(struct vici_client *c)
{
	while (vici_client_wants_write(c)) {
		const ssize_t sent = send(c->fd, c->out + c->out_sent, c->out_length - c->out_sent,
					  MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return 0;
		if (sent < 0) {
			const int error = -errno;

			vici_client_close(c);
			return error;
		}
		c->out_sent += (size_t)sent;
	}
	wipe_output(c);
	return 0;
}

struct instant vici_client_deadline(const struct vici_client *c)
{
	return c->fd >= 0 && c->first ? instant_add(c->oldest_since, c->first->timeout) : INSTANT_NEVER;
}

void vici_client_expire(struct vici_client *c, struct instant now)
{
	const struct instant deadline = vici_client_deadline(c);

	c->now = now;
	if (!instant_is_never(deadline) && !instant_before(now, deadline))
		close_with(c, VICI_TIMEOUT);
}
