#include "ike/charon_files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

/*
 * What charon loads, the preferred provider of an algorithm first. Old peers' algorithms
 * (3DES, MD5, MODP 768 and 1024) come with openssl, des, md5 and gmp. Nothing that runs
 * scripts, fetches by itself, or reads another program's configuration.
 */
static const char plugins[] =
	"openssl random nonce drbg aes des sha1 sha2 md5 hmac kdf gcm cmac xcbc ctr ccm chapoly fips-prf mgf1 "
	"gmp curve25519 pem pkcs1 pkcs7 pkcs8 pkcs12 x509 pubkey sshkey revocation constraints "
	"kernel-netlink socket-default vici counters";

static void write_general(FILE *f, const char *run_dir, const struct charon_settings *s)
{
	fprintf(f, "\tload_modular = no\n\tload = %s\n", plugins);
	fprintf(f, "\tport = 500\n\tport_nat_t = 4500\n");
	fprintf(f, "\tinstall_routes = no\n\tinstall_virtual_ip = no\n\tprocess_route = no\n");
	fprintf(f, "\tkeep_alive = %us\n", s->nat_keepalive_s ? s->nat_keepalive_s : 20);
	/* Sends again every second and gives up after ten or eleven; the retry is ours, at once. So who
	 * comes back hears of us within a second, however long he was away. */
	fprintf(f, "\tretransmit_timeout = 1.0\n\tretransmit_base = 1.0\n\tretransmit_tries = 10\n\tretransmit_jitter = 10\n");
	/* What is begun anew while there is an IKE_SA is so because that one is doubted. */
	fprintf(f, "\treuse_ikesa = no\n");
	fprintf(f, "\tmake_before_break = yes\n\tmultiple_authentication = yes\n\taccept_private_algs = no\n");
	fprintf(f, "\tsend_vendor_id = no\n\tcisco_unity = no\n\tfollow_redirects = no\n");
	/* Thousands of peers at once, many of them behind one address (NAT). */
	fprintf(f, "\tthreads = 32\n\tikesa_table_size = 4096\n\tikesa_table_segments = 16\n");
	fprintf(f, "\thalf_open_timeout = 15\n\tcookie_threshold = 100\n\tblock_threshold = 0\n");
	fprintf(f, "\tinit_limit_half_open = %u\n", s->half_open_limit);
	fprintf(f, "\tikesa_limit = %u\n", s->ike_sa_limit);
	fprintf(f, "\tplugins {\n\t\tvici {\n\t\t\tsocket = unix://%s/" CHARON_VICI_NAME "\n\t\t}\n", run_dir);
	/* A request that is not answered would hold up a thread for ever (timeout 0). Routes
	 * change all the time under a routing protocol and are no reason to move IKE_SAs. */
	fprintf(f, "\t\tkernel-netlink {\n\t\t\ttimeout = 2000\n\t\t\tretries = 1\n\t\t\troam_events = no\n\t\t}\n\t}\n");
}

static void write_log(FILE *f, int level)
{
	if (level < -1 || level > 2)
		level = 0;
	fprintf(f, "\tjournal {\n\t\tdefault = -1\n\t}\n\tsyslog {\n\t\tdaemon {\n\t\t\tdefault = -1\n\t\t}\n"
		   "\t\tauth {\n\t\t\tdefault = -1\n\t\t}\n\t}\n");
	fprintf(f, "\tfilelog {\n\t\tstderr {\n\t\t\tflush_line = yes\n\t\t\tdefault = %d\n", level);
	/* Who comes and goes is the control process's to tell. */
	if (level <= 0)
		fprintf(f, "\t\t\tike = -1\n\t\t\tchd = -1\n");
	fprintf(f, "\t\t}\n\t}\n");
}

static int path_of(char *out, size_t size, const char *run_dir, const char *name, const char *suffix)
{
	const int length = snprintf(out, size, "%s/%s%s", run_dir, name, suffix);

	return length < 0 || (size_t)length >= size ? -ENAMETOOLONG : 0;
}

static FILE *file_begin(const char *run_dir, const char *name, int *error)
{
	char path[PATH_MAX];
	FILE *f;
	int fd;

	*error = path_of(path, sizeof path, run_dir, name, ".new");
	if (*error)
		return NULL;
	(void)unlink(path); /* so that its mode is ours */
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	f = fd < 0 ? NULL : fdopen(fd, "w");
	if (!f) {
		*error = -errno;
		if (fd >= 0)
			close(fd);
	}
	return f;
}

static int file_end(FILE *f, const char *run_dir, const char *name)
{
	char path[PATH_MAX], temporary[PATH_MAX];

	if (fclose(f) != 0)
		return -errno;
	if (path_of(path, sizeof path, run_dir, name, "") || path_of(temporary, sizeof temporary, run_dir, name, ".new"))
		return -ENAMETOOLONG;
	return rename(temporary, path) < 0 ? -errno : 0;
}

int charon_files_write_conf(const char *run_dir, const struct charon_settings *s)
{
	int error;
	FILE *f = file_begin(run_dir, CHARON_CONF_NAME, &error);

	if (!f)
		return error;
	fprintf(f, "# Written by dmvpnd at every start of charon; changes are lost.\n");
	/* charon-systemd looks up its own section and falls back to this one. */
	fprintf(f, "charon {\n");
	write_general(f, run_dir, s);
	write_log(f, s->log_level);
	fprintf(f, "}\ncharon-systemd {\n\tload = %s\n\tjournal {\n\t\tdefault = -1\n\t}\n}\n", plugins);
	return file_end(f, run_dir, CHARON_CONF_NAME);
}

int charon_files_write_pid(const char *run_dir, pid_t pid)
{
	int error;
	FILE *f = file_begin(run_dir, CHARON_PID_NAME, &error);

	if (!f)
		return error;
	fprintf(f, "%d\n", (int)pid);
	return file_end(f, run_dir, CHARON_PID_NAME);
}

void charon_files_clean(const char *run_dir)
{
	static const char *const names[] = { CHARON_PID_NAME, CHARON_VICI_NAME };
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (path_of(path, sizeof path, run_dir, names[i], "") == 0)
			(void)unlink(path);
	}
}
