#include "daemon/state.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { REQUEST_BLOCK = 4096, PEER_ID_BITS = 40, PEER_IDS_PER_S_BITS = 8 };

static int write_and_sync(int fd, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t n = write(fd, bytes, length);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			bytes += n;
			length -= (size_t)n;
		}
	}
	return fsync(fd) < 0 ? -errno : 0;
}

int state_write_file(const char *path, const void *bytes, size_t length)
{
	char fresh[320];
	int fd, rc;

	if ((size_t)snprintf(fresh, sizeof fresh, "%s.new", path) >= sizeof fresh)
		return -ENAMETOOLONG;
	fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	rc = write_and_sync(fd, bytes, length);
	close(fd);
	if (rc == 0 && rename(fresh, path) < 0)
		rc = -errno;
	if (rc < 0)
		unlink(fresh);
	return rc;
}

/* The wall clock gives ids that no earlier life has used, even when the file was lost: 256
 * a second for as long as 32 bits of seconds last. */
static uint64_t peer_id_by_clock(void)
{
	return ((uint64_t)time(NULL) << PEER_IDS_PER_S_BITS & ((UINT64_C(1) << PEER_ID_BITS) - 1)) | 1;
}

static void read_saved(struct state *s)
{
	char text[256];
	uint64_t peer_id;
	uint32_t request_id;
	int fd = open(s->path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return;
	n = read(fd, text, sizeof text - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	if (sscanf(text, "dmvpn-state 1\npeer-id %" SCNu64 "\nrequest-id %" SCNu32 "\nend\n", &peer_id,
		   &request_id) != 2 || !strstr(text, "\nend\n"))
		return;
	if (peer_id > s->peer_id && peer_id >> PEER_ID_BITS == 0)
		s->peer_id = peer_id;
	s->request_id = request_id;
}

static int save(struct state *s)
{
	char text[128];
	int n;

	s->request_reserved = s->request_id + REQUEST_BLOCK;
	n = snprintf(text, sizeof text, "dmvpn-state 1\npeer-id %" PRIu64 "\nrequest-id %" PRIu32 "\nend\n",
		     s->peer_id, s->request_reserved);
	return state_write_file(s->path, text, (size_t)n);
}

int state_load(struct state *s, const char *folder, const char *file)
{
	*s = (struct state){ .peer_id = peer_id_by_clock(), .request_id = (uint32_t)time(NULL) };
	if ((size_t)snprintf(s->path, sizeof s->path, "%s/%s", folder, file) >= sizeof s->path)
		return -ENAMETOOLONG;
	read_saved(s);
	return save(s);
}

int state_note_request(struct state *s, uint32_t used)
{
	/* By difference, so that wrapping at 32 bits is no special case. */
	if ((int32_t)(s->request_reserved - used) > REQUEST_BLOCK / 2)
		return 0;
	s->request_id = used + 1;
	return save(s);
}
