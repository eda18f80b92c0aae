#include "daemon/keeper_client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ANSWER_TIMEOUT_MS = 5000 };

void keeper_client_init(struct keeper_client *k, int fd)
{
	*k = (struct keeper_client){ .fd = fd };
	k->last = &k->first;
}

static struct ipc_message *take_pending(struct keeper_client *k)
{
	struct keeper_pending *p = k->first;
	struct ipc_message *m;

	if (!p)
		return NULL;
	k->first = p->next;
	if (!k->first)
		k->last = &k->first;
	m = p->message;
	free(p);
	return m;
}

static struct ipc_message *receive(struct keeper_client *k, int timeout_ms, int *error)
{
	struct ipc_message *m = calloc(1, sizeof *m);
	struct pollfd p = { .fd = k->fd, .events = POLLIN };
	int rc;

	*error = m ? 0 : -ENOMEM;
	if (!m)
		return NULL;
	if (timeout_ms > 0)
		poll(&p, 1, timeout_ms);
	rc = ipc_receive(k->fd, m);
	if (rc == 1)
		return m;
	free(m);
	*error = rc == 0 ? -EPIPE : rc == -EAGAIN ? 0 : rc;
	return NULL;
}

struct ipc_message *keeper_client_next(struct keeper_client *k, int timeout_ms, int *error)
{
	struct ipc_message *m = take_pending(k);

	*error = 0;
	return m ? m : receive(k, timeout_ms, error);
}

static int keep_pending(struct keeper_client *k, struct ipc_message *m)
{
	struct keeper_pending *p = malloc(sizeof *p);

	if (!p)
		return -ENOMEM;
	*p = (struct keeper_pending){ .message = m };
	*k->last = p;
	k->last = &p->next;
	return 0;
}

static int take_result(struct ipc_message *m, char *text, int *fd)
{
	const struct keeper_result *r = (const void *)m->payload;
	int error = r->error;

	if (text)
		snprintf(text, KEEPER_TEXT, "%.*s", (int)sizeof r->text - 1, r->text);
	if (fd && error == 0)
		*fd = m->fd_count > 0 ? m->fds[0] : -1;
	free(m);
	return fd && error == 0 && *fd < 0 ? -EBADF : error;
}

static int wait_result(struct keeper_client *k, uint32_t seq, char *text, int *fd)
{
	for (;;) {
		int error;
		struct ipc_message *m = receive(k, ANSWER_TIMEOUT_MS, &error);
		const struct keeper_result *r;

		if (!m)
			return error ? error : -ETIMEDOUT;
		r = (const void *)m->payload;
		if (m->type == KEEPER_RESULT && m->length == sizeof *r && r->seq == seq)
			return take_result(m, text, fd);
		if (m->type == KEEPER_RESULT) /* of a request given up */
			free(m);
		else if ((error = keep_pending(k, m)) < 0)
			return error;
	}
}

/* The payload starts with its seq. */
static int ask(struct keeper_client *k, uint16_t type, void *payload, size_t length, char *text, int *fd)
{
	uint32_t seq = ++k->seq;
	int rc;

	if (text)
		text[0] = '\0';
	memcpy(payload, &seq, sizeof seq);
	rc = ipc_send(k->fd, type, payload, length, NULL, 0);
	if (rc == 0)
		rc = wait_result(k, seq, text, fd);
	if (rc < 0 && text && text[0] == '\0')
		snprintf(text, KEEPER_TEXT, "%s", strerror(-rc));
	return rc;
}

int keeper_open_config(struct keeper_client *k, int *fd, char text[KEEPER_TEXT])
{
	struct keeper_request r = { 0 };

	return ask(k, KEEPER_CONFIG_OPEN, &r, sizeof r, text, fd);
}

int keeper_open_file(struct keeper_client *k, const char *path, int *fd, char text[KEEPER_TEXT])
{
	struct keeper_file f = { 0 };

	if (strlen(path) >= sizeof f.path) {
		snprintf(text, KEEPER_TEXT, "the path is too long");
		return -ENAMETOOLONG;
	}
	memcpy(f.path, path, strlen(path) + 1);
	return ask(k, KEEPER_FILE_OPEN, &f, sizeof f, text, fd);
}

int keeper_open_tap(struct keeper_client *k, struct keeper_tap tap, char text[KEEPER_TEXT])
{
	return ask(k, KEEPER_TAP_OPEN, &tap, sizeof tap, text, NULL);
}

int keeper_close_tap(struct keeper_client *k, struct keeper_tap tap)
{
	return ask(k, KEEPER_TAP_CLOSE, &tap, sizeof tap, NULL, NULL);
}

int keeper_open_raw(struct keeper_client *k, struct keeper_raw raw, char text[KEEPER_TEXT])
{
	return ask(k, KEEPER_RAW_OPEN, &raw, sizeof raw, text, NULL);
}

int keeper_close_raw(struct keeper_client *k, uint32_t id)
{
	struct keeper_raw raw = { .id = id };

	return ask(k, KEEPER_RAW_CLOSE, &raw, sizeof raw, NULL, NULL);
}

int keeper_start_ike(struct keeper_client *k, struct keeper_ike ike, char text[KEEPER_TEXT])
{
	return ask(k, KEEPER_IKE_START, &ike, sizeof ike, text, NULL);
}

int keeper_restart_ike(struct keeper_client *k, char text[KEEPER_TEXT])
{
	struct keeper_request r = { 0 };

	return ask(k, KEEPER_IKE_RESTART, &r, sizeof r, text, NULL);
}

static void say(struct keeper_client *k, uint16_t type, const void *payload, size_t length)
{
	/* A keeper that cannot be told is gone, which its socket's end will show. */
	(void)ipc_send(k->fd, type, payload, length, NULL, 0);
}

void keeper_say_ready(struct keeper_client *k)
{
	struct keeper_request r = { ++k->seq };

	say(k, KEEPER_READY, &r, sizeof r);
}

void keeper_say_bfd_wanted(struct keeper_client *k)
{
	struct keeper_request r = { ++k->seq };

	say(k, KEEPER_BFD_WANTED, &r, sizeof r);
}

void keeper_say_stopped(struct keeper_client *k)
{
	struct keeper_request r = { ++k->seq };

	say(k, KEEPER_STOPPED, &r, sizeof r);
}

void keeper_say_fail(struct keeper_client *k, int exit_code)
{
	struct keeper_fail f = { exit_code };

	say(k, KEEPER_FAIL, &f, sizeof f);
}
