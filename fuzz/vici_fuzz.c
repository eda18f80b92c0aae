/* Fuzz target: what charon's end of a VICI connection sends: packets, and messages by themselves. */
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ike/vici.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_reply(void *context, enum vici_outcome outcome, const struct vici_message *m)
{
	(void)context;
	if (m && outcome != VICI_LOST)
		free(vici_message_text(m));
}

static void on_event(void *context, const char *name, const struct vici_message *m)
{
	(void)context;
	(void)name;
	free(vici_message_text(m));
}

/* The first octet says how many of each request are under way. */
static void feed_client(const uint8_t *data, size_t size)
{
	struct vici_client *c = vici_client_new(on_event, NULL);
	const unsigned requests = size ? data[0] % 8 : 0;
	int fds[2];

	if (!size || socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0) {
		vici_client_free(c);
		return;
	}
	vici_client_connect(c, fds[0], INSTANT_ZERO);
	if (requests & 1)
		vici_client_subscribe(c, "log", INSTANT_ZERO);
	if (requests & 2)
		vici_client_call(c, INSTANT_ZERO, "version", NULL, NULL, span_s(1), on_reply, NULL);
	if (requests & 4)
		vici_client_call(c, INSTANT_ZERO, "list-sas", NULL, "list-sa", span_s(1), on_reply, NULL);
	vici_client_writable(c);
	if (size < 65536 && write(fds[1], data + 1, size - 1) == (ssize_t)size - 1)
		vici_client_readable(c, INSTANT_ZERO);
	close(fds[1]);
	vici_client_free(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vici_message *m = vici_message_parse(data, size);

	if (m)
		free(vici_message_text(m));
	vici_message_free(m);
	feed_client(data, size);
	return 0;
}
