/* request: the control process's requests and their answers. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "keeper/keeper_state.h"

static void answer(struct keeper *k, uint32_t seq, int error, const char *text, int fd)
{
	struct keeper_result result = { .seq = seq, .error = error };

	if (error)
		snprintf(result.text, sizeof result.text, "%s", text);
	keeper_send(&k->control, KEEPER_RESULT, &result, sizeof result, &fd, fd >= 0);
}

static void config_open(struct keeper *k, const struct keeper_request *request)
{
	char text[DEVICE_TEXT_MAX] = "";
	/* Neither a FIFO without a writer nor a terminal may hold the keeper up. */
	const int fd = open(k->options->config_path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	const int error = fd < 0 ? -errno : 0;

	if (error)
		snprintf(text, sizeof text, "cannot open %.150s: %s", k->options->config_path, strerror(-error));
	answer(k, request->seq, error, text, fd);
	if (fd >= 0)
		close(fd);
}

/* A descriptor of a regular file below `folder`, or -errno. */
static int open_below(const char *folder, const char *path)
{
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
				.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS };
	const int at = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat status;
	int fd;

	if (at < 0)
		return -errno;
	fd = (int)syscall(SYS_openat2, at, path, &how, sizeof how);
	if (fd < 0)
		fd = -errno;
	close(at);
	if (fd >= 0 && (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))) {
		close(fd);
		return -EINVAL;
	}
	return fd;
}

static void file_open(struct keeper *k, const struct keeper_file *file)
{
	char folder[PATH_MAX], text[DEVICE_TEXT_MAX] = "";
	int fd = -EINVAL;

	snprintf(folder, sizeof folder, "%s", k->options->config_path);
	if (memchr(file->path, 0, sizeof file->path))
		fd = open_below(dirname(folder), file->path);
	if (fd < 0)
		snprintf(text, sizeof text, "cannot open %.80s: %s", fd == -EINVAL ? "that" : file->path,
			 fd == -EXDEV ? "it is outside of the configuration's folder" :
			 fd == -EINVAL ? "it is no regular file" : strerror(-fd));
	answer(k, file->seq, fd < 0 ? fd : 0, text, fd < 0 ? -1 : fd);
	if (fd >= 0)
		close(fd);
}

static bool refused(struct keeper *k, uint32_t seq)
{
	if (!k->options->check_only)
		return false;
	answer(k, seq, -EPERM, "nothing is opened while only checking", -1);
	return true;
}

static void tap_open(struct keeper *k, const struct keeper_tap *tap)
{
	char text[DEVICE_TEXT_MAX] = "";
	const struct held_tap *held;
	bool is_new;
	int error;

	if (refused(k, tap->seq))
		return;
	error = held_tap_open(&k->held, tap, &held, &is_new, text);
	if (!error && is_new)
		keeper_send(&k->forwarder, KEEPER_GIVE_TAP, &held->tap, sizeof held->tap, &held->fd, 1);
	answer(k, tap->seq, error, text, -1);
}

static void tap_close(struct keeper *k, const struct keeper_tap *tap)
{
	const int error = held_tap_close(&k->held, tap->tunnel);

	if (!error)
		keeper_send(&k->forwarder, KEEPER_TAKE_TAP, tap, sizeof *tap, NULL, 0);
	answer(k, tap->seq, error, "no such TAP", -1);
}

static void raw_open(struct keeper *k, const struct keeper_raw *raw)
{
	char text[DEVICE_TEXT_MAX] = "";
	const struct held_raw *held;
	bool is_new;
	int error;

	if (refused(k, raw->seq))
		return;
	error = held_raw_open(&k->held, raw, &held, &is_new, text);
	if (!error && is_new)
		keeper_send(&k->forwarder, KEEPER_GIVE_RAW, &held->raw, sizeof held->raw, held->fds, 2);
	answer(k, raw->seq, error, text, -1);
}

static void raw_close(struct keeper *k, const struct keeper_raw *raw)
{
	const int error = held_raw_close(&k->held, raw->id);

	if (!error)
		keeper_send(&k->forwarder, KEEPER_TAKE_RAW, raw, sizeof *raw, NULL, 0);
	answer(k, raw->seq, error, "no such raw socket", -1);
}

static void ike_begin(struct keeper *k, const struct keeper_ike *settings)
{
	char text[DEVICE_TEXT_MAX] = "";

	if (!refused(k, settings->seq))
		answer(k, settings->seq, ike_start(k, settings, text, sizeof text), text, -1);
}

static void ike_begin_again(struct keeper *k, const struct keeper_request *request)
{
	char text[DEVICE_TEXT_MAX] = "";

	answer(k, request->seq, ike_restart(k, text, sizeof text), text, -1);
}

static void ready(struct keeper *k)
{
	if (k->options->check_only)
		keeper_end(k, 0);
	else if (k->phase == KEEPER_STARTING)
		k->phase = KEEPER_RUNNING;
}

static void fail(struct keeper *k, const struct keeper_fail *f)
{
	/* A reload that fails is not reported this way; a restarted control process that
	 * cannot start is. 0 would claim success. */
	keeper_end(k, f->exit_code == 1 ? 1 : 2);
}

static size_t payload_size(unsigned type)
{
	switch (type) {
	case KEEPER_CONFIG_OPEN:
	case KEEPER_READY:
	case KEEPER_STOPPED:
	case KEEPER_IKE_RESTART:
	case KEEPER_BFD_WANTED:
		return sizeof(struct keeper_request);
	case KEEPER_FILE_OPEN:
		return sizeof(struct keeper_file);
	case KEEPER_IKE_START:
		return sizeof(struct keeper_ike);
	case KEEPER_TAP_OPEN:
	case KEEPER_TAP_CLOSE:
		return sizeof(struct keeper_tap);
	case KEEPER_RAW_OPEN:
	case KEEPER_RAW_CLOSE:
		return sizeof(struct keeper_raw);
	case KEEPER_FAIL:
		return sizeof(struct keeper_fail);
	default:
		return SIZE_MAX;
	}
}

void keeper_request_handle(struct keeper *k)
{
	const struct ipc_message *m = &k->message;
	const void *payload = m->payload;

	if (m->length != payload_size(m->type)) {
		keeper_say("the control process sent message %u of %u bytes, which is none of ours", m->type, m->length);
		return;
	}
	switch (m->type) {
	case KEEPER_CONFIG_OPEN: config_open(k, payload); break;
	case KEEPER_FILE_OPEN: file_open(k, payload); break;
	case KEEPER_TAP_OPEN: tap_open(k, payload); break;
	case KEEPER_TAP_CLOSE: tap_close(k, payload); break;
	case KEEPER_RAW_OPEN: raw_open(k, payload); break;
	case KEEPER_RAW_CLOSE: raw_close(k, payload); break;
	case KEEPER_IKE_START: ike_begin(k, payload); break;
	case KEEPER_IKE_RESTART: ike_begin_again(k, payload); break;
	case KEEPER_BFD_WANTED: bfdd_sockets_wanted(k); break;
	case KEEPER_READY: ready(k); break;
	case KEEPER_FAIL: fail(k, payload); break;
	case KEEPER_STOPPED: keeper_end(k, k->exit_code); break;
	default: break; /* payload_size() has refused all others */
	}
}
