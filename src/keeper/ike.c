#include "keeper/ike.h"

#include <errno.h>
#include <linux/netlink.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "ike/charon_files.h"
#include "keeper/keeper_state.h"
#include "keeper/nat_port.h"
#include "keeper/run_dir.h"

static const struct span vici_pause = { 20 * 1000 };
/* A charon that dies is noticed at once. This is about one that lives: the operator hears of it early, but a
 * starved machine gets its time. */
static const struct span vici_late = { 10 * 1000 * 1000 };
static const struct span vici_patience = { 60 * 1000 * 1000 };
/* Shorter than it takes the next charon to have SAs: those must not be called orphans. */
static const struct span message_read = { 100 * 1000 };

static const uint8_t families[IKE_FAMILIES] = { IP_V4, IP_V6 };

/* ---- what is held ---- */

void ike_init(struct ike *i)
{
	*i = (struct ike){ .sa_memory = -1, .udp = { -1, -1 }, .inject = { -1, -1 }, .vici_at = INSTANT_NEVER,
			   .vici_late_at = INSTANT_NEVER, .vici_until = INSTANT_NEVER, .taken_at = INSTANT_NEVER };
}

static int family_open(struct ike *i, size_t n)
{
	const bool is_v6 = families[n] == IP_V6;
	int error = i->settings.kernel ? nat_port_hold(is_v6, &i->udp[n]) : nat_port_open(is_v6, &i->udp[n]);

	if (!error && !i->settings.kernel)
		error = nat_port_inject_open(is_v6, &i->inject[n]);
	return is_v6 && (error == -EAFNOSUPPORT || error == -EADDRNOTAVAIL) ? 0 : error;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void xfrms_close(struct ike *i)
{
	while (i->xfrm_count)
		close(i->xfrms[--i->xfrm_count].fd);
}

void ike_done(struct ike *i)
{
	for (size_t n = 0; n < IKE_FAMILIES; n++) {
		close_fd(&i->udp[n]);
		close_fd(&i->inject[n]);
	}
	close_fd(&i->sa_memory);
	xfrms_close(i);
}

int ike_open(struct ike *i, char *text, size_t size)
{
	const char *what = "make the memory of the security associations";
	int error = i->settings.kernel ? 0 : held_memory_make("dmvpn-sa", &i->sa_memory);

	for (size_t n = 0; n < IKE_FAMILIES && !error; n++) {
		what = families[n] == IP_V6 ? "open UDP port 4500 over IPv6" : "open UDP port 4500";
		error = family_open(i, n);
	}
	if (!error)
		return 0;
	snprintf(text, size, "cannot %s: %s%s", what, strerror(-error),
		 error == -EADDRINUSE ? "; another IKE daemon runs here: stop it (systemctl disable --now strongswan)" : "");
	ike_done(i);
	return error;
}

/* ---- the forwarder ---- */

static void give_family(struct keeper *k, size_t n)
{
	const struct keeper_udp udp = { .family = families[n] };

	if (k->ike.udp[n] >= 0)
		keeper_send(&k->forwarder, KEEPER_GIVE_UDP, &udp, sizeof udp, &k->ike.udp[n], 1);
	if (k->ike.inject[n] >= 0)
		keeper_send(&k->forwarder, KEEPER_GIVE_INJECT, &udp, sizeof udp, &k->ike.inject[n], 1);
}

static void give_xfrm(struct keeper *k, const struct ike_xfrm *x)
{
	keeper_send(&k->forwarder, KEEPER_GIVE_XFRM, &x->xfrm, sizeof x->xfrm, &x->fd, 1);
}

void ike_give_all(struct keeper *k)
{
	if (k->ike.sa_memory < 0)
		return;
	keeper_send(&k->forwarder, KEEPER_GIVE_SA_MEMORY, NULL, 0, &k->ike.sa_memory, 1);
	for (size_t n = 0; n < IKE_FAMILIES; n++)
		give_family(k, n);
	if (k->ike.take_due)
		keeper_send(&k->forwarder, KEEPER_TAKE_XFRM, NULL, 0, NULL, 0);
	k->ike.take_due = false;
	for (size_t n = 0; n < k->ike.xfrm_count; n++)
		give_xfrm(k, &k->ike.xfrms[n]);
}

/* What was sent to it a moment ago it may not have read. */
void ike_forwarder_died(struct keeper *k)
{
	const struct instant read_by = instant_add(k->ike.taken_at, message_read);

	if (!instant_is_never(k->ike.taken_at) && instant_before(keeper_now(), read_by))
		k->ike.take_due = true;
}

/* ---- the launcher ---- */

/* Takes the one descriptor that came with k->message. */
static int xfrm_take(struct keeper *k, int fd)
{
	struct ike *i = &k->ike;
	struct ike_xfrm *x = &i->xfrms[i->xfrm_count];

	if (i->xfrm_count == IKE_XFRM_MAX)
		return -ENOSPC;
	memcpy(&x->xfrm, k->message.payload, sizeof x->xfrm);
	x->fd = fd;
	i->xfrm_count++;
	give_xfrm(k, x);
	return 0;
}

void ike_message(struct keeper *k)
{
	const struct ipc_message *m = &k->message;

	if (m->type == KEEPER_XFRM && m->length == sizeof(struct keeper_xfrm) && m->fd_count == 1 &&
	    xfrm_take(k, m->fds[0]) == 0)
		return;
	for (size_t n = 0; n < m->fd_count; n++)
		close(m->fds[n]);
	keeper_say("charon's launcher sent message %u, which cannot be taken: killed", m->type);
	kill(k->launcher.pid, SIGKILL);
}

void ike_launcher_started(struct keeper *k)
{
	const struct instant now = keeper_now();

	/* A charon on its way out must not be taken for the one to come. */
	run_dir_unlink(k->options->run_dir, CHARON_VICI_NAME);
	keeper_send(&k->launcher, KEEPER_IKE_START, &k->ike.settings, sizeof k->ike.settings, NULL, 0);
	k->ike.vici_at = instant_add(now, vici_pause);
	k->ike.vici_late_at = instant_add(now, vici_late);
	k->ike.vici_until = instant_add(now, vici_patience);
}

void ike_launcher_died(struct keeper *k)
{
	if (k->ike.xfrm_count) {
		keeper_send(&k->forwarder, KEEPER_TAKE_XFRM, NULL, 0, NULL, 0);
		k->ike.taken_at = keeper_now();
		k->ike.take_due = !child_running(&k->forwarder);
	}
	xfrms_close(&k->ike);
	k->ike.vici_at = k->ike.vici_late_at = k->ike.vici_until = INSTANT_NEVER;
}

/* ---- VICI ---- */

static int vici_connect(const struct keeper *k)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	const int length = snprintf(addr.sun_path, sizeof addr.sun_path, "%s/" CHARON_VICI_NAME, k->options->run_dir);
	int error, fd;

	if (length < 0 || (size_t)length >= sizeof addr.sun_path)
		return -ENAMETOOLONG;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&addr, sizeof addr) == 0) {
		(void)chmod(addr.sun_path, 0600); /* charon made it for a group too, which is root's anyway */
		return fd;
	}
	error = -errno;
	close(fd);
	return error;
}

void ike_control_started(struct keeper *k)
{
	if (child_running(&k->launcher) && k->phase != KEEPER_ENDED)
		k->ike.vici_at = keeper_now();
}

static void vici_wait(struct keeper *k, struct instant now, int error)
{
	k->ike.vici_at = instant_add(now, vici_pause);
	if (instant_before(now, k->ike.vici_late_at))
		return;
	k->ike.vici_late_at = INSTANT_NEVER;
	keeper_say("charon does not listen in %s yet (%s); if AppArmor confines it, see packaging/apparmor/README",
		   k->options->run_dir, strerror(-error));
}

void ike_deadline(struct keeper *k)
{
	struct ike *i = &k->ike;
	const struct instant now = keeper_now();
	int fd;

	if (instant_before(now, i->vici_at))
		return;
	i->vici_at = INSTANT_NEVER;
	if (k->control.fd < 0)
		return; /* the next control process asks again */
	fd = vici_connect(k);
	if (fd >= 0) {
		i->vici_late_at = i->vici_until = INSTANT_NEVER;
		keeper_send(&k->control, KEEPER_VICI, NULL, 0, &fd, 1);
		close(fd);
	} else if (instant_before(now, i->vici_until)) {
		vici_wait(k, now, fd);
	} else {
		keeper_say("charon does not listen in %s (%s): killed", k->options->run_dir, strerror(-fd));
		kill(k->launcher.pid, SIGKILL);
	}
}

/* ---- what the control process asks ---- */

/* charon opens such a socket before the launcher gives it another. */
static int xfrm_check(void)
{
	const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_XFRM);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static int charon_check(const struct keeper *k, char *text, size_t size)
{
	int error;

	if (access(k->charon_path, X_OK) < 0) {
		error = -errno;
		snprintf(text, size, "IPsec needs strongSwan's charon, and %s %s", k->charon_path,
			 error == -ENOENT ? "is missing: install the Debian package charon-systemd" : "cannot be run");
		return error;
	}
	error = xfrm_check();
	if (error)
		snprintf(text, size, "charon cannot run on a kernel without NETLINK_XFRM (CONFIG_XFRM_USER): %s",
			 strerror(-error));
	return error;
}

int ike_start(struct keeper *k, const struct keeper_ike *settings, char *text, size_t size)
{
	int error;

	k->ike.settings = *settings;
	if (k->ike.is_started)
		return 0;
	error = charon_check(k, text, size);
	if (!error)
		error = ike_open(&k->ike, text, size);
	if (error)
		return error;
	k->ike.is_started = true;
	ike_give_all(k);
	k->launcher.restart_at = keeper_now();
	return 0;
}

int ike_restart(struct keeper *k, char *text, size_t size)
{
	if (!k->ike.is_started) {
		snprintf(text, size, "charon was never started");
		return -ESRCH;
	}
	if (child_running(&k->launcher)) {
		keeper_say("charon does not answer: killed");
		kill(k->launcher.pid, SIGKILL); /* charon dies with it */
	}
	return 0;
}
