#include "keeper/held.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

static struct held_tap *tap_find(struct held *h, uint32_t tunnel)
{
	for (size_t i = 0; i < h->tap_count; i++)
		if (h->taps[i].tap.tunnel == tunnel)
			return &h->taps[i];
	return NULL;
}

static struct held_raw *raw_find(struct held *h, uint32_t id)
{
	for (size_t i = 0; i < h->raw_count; i++)
		if (h->raws[i].raw.id == id)
			return &h->raws[i];
	return NULL;
}

int held_tap_open(struct held *h, const struct keeper_tap *tap, const struct held_tap **out,
		  bool *is_new, char text[DEVICE_TEXT_MAX])
{
	struct held_tap *held = tap_find(h, tap->tunnel);
	int error;

	*is_new = !held;
	*out = held;
	if (held) {
		if (strncmp(held->tap.name, tap->name, sizeof tap->name) == 0)
			return 0;
		snprintf(text, DEVICE_TEXT_MAX, "tunnel %u has device %s already", tap->tunnel, held->tap.name);
		return -EEXIST;
	}
	if (h->tap_count == HELD_TAPS_MAX) {
		snprintf(text, DEVICE_TEXT_MAX, "more than %d tunnels", HELD_TAPS_MAX);
		return -ENOSPC;
	}
	held = &h->taps[h->tap_count];
	error = device_tap_open(tap, &held->fd, text);
	if (error)
		return error;
	held->tap = *tap;
	h->tap_count++;
	*out = held;
	return 0;
}

static int raw_open(struct held *h, const struct keeper_raw *raw, const struct held_raw **out,
		    char text[DEVICE_TEXT_MAX])
{
	struct held_raw *held = &h->raws[h->raw_count];
	int error;

	if (h->raw_count == HELD_RAWS_MAX) {
		snprintf(text, DEVICE_TEXT_MAX, "more than %d raw sockets", HELD_RAWS_MAX);
		return -ENOSPC;
	}
	error = device_raw_open(raw, held->fds, text);
	if (error)
		return error;
	held->raw = *raw;
	h->raw_count++;
	*out = held;
	return 0;
}

int held_raw_open(struct held *h, const struct keeper_raw *raw, const struct held_raw **out,
		  bool *is_new, char text[DEVICE_TEXT_MAX])
{
	const struct held_raw *held = raw_find(h, raw->id);

	*is_new = !held;
	*out = held;
	if (!memchr(raw->device, 0, sizeof raw->device)) {
		snprintf(text, DEVICE_TEXT_MAX, "bad device name");
		return -EINVAL;
	}
	if (raw->protocol != IPPROTO_GRE && raw->protocol != IPPROTO_ESP) {
		snprintf(text, DEVICE_TEXT_MAX, "no raw sockets of protocol %u", raw->protocol);
		return -EPROTONOSUPPORT;
	}
	if (!held)
		return raw_open(h, raw, out, text);
	if (endpoint_eq(&held->raw.local, &raw->local) && held->raw.protocol == raw->protocol &&
	    strcmp(held->raw.device, raw->device) == 0)
		return 0;
	snprintf(text, DEVICE_TEXT_MAX, "raw socket %u is open on another address or protocol", raw->id);
	return -EEXIST;
}

int held_tap_close(struct held *h, uint32_t tunnel)
{
	struct held_tap *held = tap_find(h, tunnel);

	if (!held)
		return -ENOENT;
	close(held->fd);
	h->tap_count--;
	memmove(held, held + 1, (size_t)(h->taps + h->tap_count - held) * sizeof *held);
	return 0;
}

int held_raw_close(struct held *h, uint32_t id)
{
	struct held_raw *held = raw_find(h, id);

	if (!held)
		return -ENOENT;
	close(held->fds[0]);
	close(held->fds[1]);
	h->raw_count--;
	memmove(held, held + 1, (size_t)(h->raws + h->raw_count - held) * sizeof *held);
	return 0;
}

void held_done(struct held *h)
{
	while (h->tap_count)
		held_tap_close(h, h->taps[h->tap_count - 1].tap.tunnel);
	while (h->raw_count)
		held_raw_close(h, h->raws[h->raw_count - 1].raw.id);
}

int held_memory_make(const char *name, int *fd)
{
	*fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
	if (*fd < 0 && errno == EINVAL) /* kernels before 6.3 */
		*fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return *fd < 0 ? -errno : 0;
}
