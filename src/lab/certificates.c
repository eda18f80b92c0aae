#include "lab/certificates.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lab/lab_conf.h"
#include "lab/memory.h"
#include "lab/programs.h"
#include "lab/run.h"

enum { LIFE_DAYS = 30, OVERLAYS_MAX = 16 };

bool certificates_wanted(const struct lab *lab)
{
	for (size_t i = 0; lab->conf && i < lab->conf->line_count; i++)
		if (lab->conf->lines[i].kind == LAB_CONF_CERTIFICATES)
			return true;
	return false;
}

static char *path_of(const struct lab *lab, const char *folder, const char *file)
{
	return lab_printf("%s/.pki/%s%s%s", lab->run_dir, folder, *folder && *file ? "/" : "", file);
}

void certificates_config_file(const struct lab *lab, size_t router, char out[PATH_MAX])
{
	if (!certificates_wanted(lab)) {
		snprintf(out, PATH_MAX, "%s", lab->files[router]);
		return;
	}
	char *path = path_of(lab, lab->plan->routers[router].name, "router.cfg");

	snprintf(out, PATH_MAX, "%s", path);
	free(path);
}

/* Keys are for root alone. */
static int write_file(const char *path, const char *text)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	const size_t length = strlen(text);

	if (fd < 0)
		return -errno;
	const ssize_t n = write(fd, text, length);
	const int r = n < 0 ? -errno : (size_t)n != length ? -EIO : 0;

	close(fd);
	return r;
}

/* What pki writes goes to the file. */
static int pki(const char *path, char *const argv[], char *error, size_t size)
{
	char *output = NULL;
	int r = run_wait(NULL, argv, NULL, &output);
	const char *pem = output ? strstr(output, "-----BEGIN") : NULL; /* after what plugins complain of */

	if (r == -ENOENT || r == 127) {
		snprintf(error, size, "pki is missing: apt-get install strongswan-pki");
	} else if (r != 0 || !pem) {
		snprintf(error, size, "pki %s: %.200s", argv[1], output ? output : "failed");
	} else if ((r = write_file(path, pem)) < 0) {
		snprintf(error, size, "%s: %s", path, strerror(-r));
	} else {
		free(output);
		return 0;
	}
	free(output);
	return 2;
}

static int make_key(const char *path, char *error, size_t size)
{
	char *argv[] = { "pki", "--gen", "--type", "ecdsa", "--size", "256", "--outform", "pem", NULL };

	return pki(path, argv, error, size);
}

static int make_authority(const char *key, const char *certificate, char *error, size_t size)
{
	char days[12];
	char *argv[] = { "pki", "--self", "--ca", "--in", (char *)key, "--type", "ecdsa", "--dn", "CN=lab CA",
			 "--lifetime", days, "--outform", "pem", NULL };

	snprintf(days, sizeof(days), "%d", LIFE_DAYS);
	return pki(certificate, argv, error, size);
}

/* The router's overlay addresses, which `ip nhrp identity certificate` looks for. */
struct overlays {
	size_t count;
	char text[OVERLAYS_MAX][IPADDR_TEXT_MAX];
};

static void list_overlays(const struct config *c, struct overlays *out)
{
	out->count = 0;
	for (size_t i = 0; i < c->interface_count; i++) {
		const struct config_interface *t = &c->interfaces[i];

		for (size_t k = 0; t->is_tunnel && k < t->address_count && out->count < OVERLAYS_MAX; k++)
			ipaddr_format(&t->addresses[k].addr, out->text[out->count++]);
	}
}

static int issue(const char *ca_key, const char *ca, const char *key, const char *certificate,
		 const struct lab_router *router, char *error, size_t size)
{
	char days[12], subject[80];
	char *argv[18 + 2 * OVERLAYS_MAX + 1] = {
		"pki", "--issue", "--cacert", (char *)ca, "--cakey", (char *)ca_key, "--in", (char *)key, "--type", "priv",
		"--dn", subject, "--lifetime", days, "--outform", "pem", "--san", (char *)router->name };
	struct overlays overlays;

	list_overlays(router->config, &overlays);
	for (size_t i = 0; i < overlays.count; i++) {
		argv[18 + 2 * i] = "--san";
		argv[18 + 2 * i + 1] = overlays.text[i];
	}
	snprintf(days, sizeof(days), "%d", LIFE_DAYS);
	snprintf(subject, sizeof(subject), "CN=%.60s", router->name);
	return pki(certificate, argv, error, size);
}

static int make_folder(const char *path, char *error, size_t size)
{
	if (mkdir(path, 0700) == 0 || errno == EEXIST)
		return 0;
	snprintf(error, size, "%s: %s", path, strerror(errno));
	return 2;
}

static int link_file(const char *target, const char *path, bool is_symbolic, char *error, size_t size)
{
	if ((is_symbolic ? symlink(target, path) : link(target, path)) == 0 || errno == EEXIST)
		return 0;
	snprintf(error, size, "%s: %s", path, strerror(errno));
	return 2;
}

static int make_router(const struct lab *lab, size_t router, const char *ca_key, const char *ca, char *error,
		       size_t size)
{
	const char *name = lab->plan->routers[router].name;
	char *folder = path_of(lab, name, ""), *key = path_of(lab, name, "router.key");
	char *certificate = path_of(lab, name, "router.crt"), *own_ca = path_of(lab, name, "ca.crt");
	char *config = path_of(lab, name, "router.cfg"), *original = realpath(lab->files[router], NULL);
	int r = make_folder(folder, error, size);

	if (r == 0)
		r = make_key(key, error, size);
	if (r == 0)
		r = issue(ca_key, ca, key, certificate, &lab->plan->routers[router], error, size);
	if (r == 0)
		r = link_file(ca, own_ca, false, error, size);
	if (r == 0 && !original) {
		snprintf(error, size, "%s: %s", lab->files[router], strerror(errno));
		r = 2;
	}
	if (r == 0)
		r = link_file(original, config, true, error, size);
	free(folder);
	free(key);
	free(certificate);
	free(own_ca);
	free(config);
	free(original);
	return r;
}

int certificates_make(const struct lab *lab, char *error, size_t size)
{
	if (!certificates_wanted(lab))
		return 0;
	char *folder = path_of(lab, "", ""), *key = path_of(lab, "", "ca.key"), *ca = path_of(lab, "", "ca.crt");
	int r = make_folder(folder, error, size);

	if (r == 0)
		r = make_key(key, error, size);
	if (r == 0)
		r = make_authority(key, ca, error, size);
	for (size_t i = 0; i < lab->plan->router_count && r == 0; i++)
		if (programs_has_dmvpnd(lab, i))
			r = make_router(lab, i, key, ca, error, size);
	free(folder);
	free(key);
	free(ca);
	return r;
}
