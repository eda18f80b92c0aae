#include "control/server.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct client {
	struct client *next;
	struct control_server *server;
	uint64_t id;
	uv_pipe_t pipe;
	uv_timer_t timer;
	int handles; /* not yet closed */
	bool closing, asked;
	uv_write_t write;
	char *reply;
	size_t length;
	char line[CONTROL_LINE_MAX + 1];
};

struct control_server {
	uv_loop_t *loop;
	uv_pipe_t pipe;
	control_handle handle;
	void *arg;
	uint64_t last_id;
	size_t client_count;
	struct client *clients;
	bool closing, pipe_closed;
};

static void free_when_empty(struct control_server *s)
{
	if (s->closing && s->pipe_closed && !s->clients)
		free(s);
}

static void on_client_closed(uv_handle_t *h)
{
	struct client *c = h->data, **at;
	struct control_server *s = c->server;

	if (--c->handles > 0)
		return;
	at = &s->clients;
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	s->client_count--;
	free(c->reply);
	free(c);
	malloc_trim(0); /* an answer is made of everything that can be shown */
	free_when_empty(s);
}

static void close_client(struct client *c)
{
	if (c->closing)
		return;
	c->closing = true;
	uv_close((uv_handle_t *)&c->pipe, on_client_closed);
	uv_close((uv_handle_t *)&c->timer, on_client_closed);
}

static void on_timeout(uv_timer_t *t)
{
	close_client(t->data);
}

static void on_written(uv_write_t *w, int status)
{
	(void)status;
	close_client(w->data);
}

static void send_reply(struct client *c, char *reply, size_t length)
{
	uv_buf_t b = uv_buf_init(reply, (unsigned)length);

	c->reply = reply;
	c->write.data = c;
	if (uv_write(&c->write, (uv_stream_t *)&c->pipe, &b, 1, on_written) < 0)
		close_client(c);
}

static void reply_to(struct client *c, int exit_code, const char *text, size_t length)
{
	char head[32], *reply = malloc(length + sizeof head + 1);
	int n = exit_code ? snprintf(head, sizeof head, "error %d ", exit_code) : snprintf(head, sizeof head, "ok\n");

	if (!reply) {
		close_client(c);
		return;
	}
	memcpy(reply, head, (size_t)n);
	if (length > 0)
		memcpy(reply + n, text, length);
	length += (size_t)n;
	if (exit_code)
		reply[length++] = '\n';
	send_reply(c, reply, length);
}

void control_server_reply(struct control_server *s, uint64_t client, int exit_code, const char *text,
			  size_t length)
{
	for (struct client *c = s->clients; c; c = c->next) {
		if (c->id == client && !c->closing && !c->reply) {
			reply_to(c, exit_code, text, length);
			return;
		}
	}
}

static void take_line(struct client *c, size_t length)
{
	struct control_request r;
	const char *fault;

	c->asked = true;
	uv_read_stop((uv_stream_t *)&c->pipe);
	fault = control_request_parse(c->line, length, &r);
	if (fault)
		reply_to(c, 2, fault, strlen(fault));
	else
		c->server->handle(c->server->arg, c->id, &r);
}

static void on_room(uv_handle_t *h, size_t suggested, uv_buf_t *b)
{
	struct client *c = h->data;

	(void)suggested;
	*b = uv_buf_init(c->line + c->length, (unsigned)(sizeof c->line - c->length));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *b)
{
	struct client *c = stream->data;
	const char *end;

	(void)b;
	if (c->asked || n == 0)
		return;
	if (n < 0) {
		close_client(c);
		return;
	}
	c->length += (size_t)n;
	end = memchr(c->line, '\n', c->length);
	if (end)
		take_line(c, (size_t)(end - c->line));
	else if (c->length == sizeof c->line)
		take_line(c, c->length); /* is refused as too long */
}

/* Says so, as far as it can be said at once, and hangs up. */
static void turn_away(struct client *c)
{
	static char text[] = "error 2 the daemon serves too many clients at once; try again\n";
	uv_buf_t b = uv_buf_init(text, sizeof text - 1);

	(void)uv_try_write((uv_stream_t *)&c->pipe, &b, 1);
	close_client(c);
}

static void on_connection(uv_stream_t *listener, int status)
{
	struct control_server *s = listener->data;
	struct client *c = status < 0 ? NULL : calloc(1, sizeof *c);

	if (!c)
		return;
	c->server = s;
	c->id = ++s->last_id;
	c->handles = 2;
	c->next = s->clients;
	s->clients = c;
	s->client_count++;
	uv_pipe_init(s->loop, &c->pipe, 0);
	uv_timer_init(s->loop, &c->timer);
	c->pipe.data = c->timer.data = c;
	if (uv_accept(listener, (uv_stream_t *)&c->pipe) < 0) {
		close_client(c);
		return;
	}
	if (s->client_count > CONTROL_CLIENTS_MAX) {
		turn_away(c);
		return;
	}
	uv_timer_start(&c->timer, on_timeout, CONTROL_CLIENT_TIMEOUT_MS, 0);
	uv_read_start((uv_stream_t *)&c->pipe, on_room, on_read);
}

struct control_server *control_server_new(uv_loop_t *loop, int listen_fd, control_handle handle, void *arg,
					  int *error)
{
	struct control_server *s = calloc(1, sizeof *s);

	*error = s ? 0 : -ENOMEM;
	if (!s)
		return NULL;
	s->loop = loop;
	s->handle = handle;
	s->arg = arg;
	uv_pipe_init(loop, &s->pipe, 0);
	s->pipe.data = s;
	*error = uv_pipe_open(&s->pipe, listen_fd);
	if (*error == 0)
		*error = uv_listen((uv_stream_t *)&s->pipe, CONTROL_CLIENTS_MAX, on_connection);
	if (*error == 0)
		return s;
	control_server_close(s);
	return NULL;
}

static void on_server_closed(uv_handle_t *h)
{
	struct control_server *s = h->data;

	s->pipe_closed = true;
	free_when_empty(s);
}

void control_server_close(struct control_server *s)
{
	if (!s || s->closing)
		return;
	s->closing = true;
	for (struct client *c = s->clients; c; c = c->next)
		close_client(c);
	uv_close((uv_handle_t *)&s->pipe, on_server_closed);
}
