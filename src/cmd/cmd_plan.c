/* dmvpn plan: from wishes to a design, its figures, its picture and its routers' files. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "cmd/cmd.h"
#include "design/plan_figure.h"
#include "design/plan_json.h"

enum { EXIT_DONE = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2 };

struct request {
	const char *folder, *svg, *from;
	bool json;
};

static int usage(FILE *out)
{
	fputs("usage: dmvpn plan [--json] [--out DIR] [--svg FILE] spokes=N [WISH=VALUE ...]\n"
	      "       dmvpn plan [--json] [--svg FILE] --from DIR\n"
	      "Says which design suits, why, and what it will do; decides what is not said.\n"
	      "  --out DIR    write the routers' files there; DIR must be empty, or not be there yet\n"
	      "  --svg FILE   draw it\n"
	      "  --json       one JSON object\n"
	      "  --from DIR   which design the routers' files there are, and what would be better\n"
	      "Wishes, and what is decided when nothing is said:\n", out);
	plan_wish_help(out);
	fputs("Exit code: 0, 1 when a wish cannot be had (with the reason), 2 usage or unwritable.\n", out);
	return out == stdout ? EXIT_DONE : EXIT_USAGE;
}

/* ---- secrets ---- */

/* Letters and digits that no generator knows but the kernel's. */
static bool make_secret(char *out, size_t length)
{
	static const char letters[] = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";
	const size_t count = sizeof letters - 1;

	for (size_t i = 0; i < length;) {
		uint8_t byte;

		if (getrandom(&byte, 1, 0) != 1)
			return false;
		if (byte < 256 / count * count)
			out[i++] = letters[byte % count];
	}
	out[length] = '\0';
	return true;
}

/* ---- files ---- */

/* A new file that only its owner reads; NULL with the reason said. */
static FILE *create(const char *path)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");

	if (!f)
		fprintf(stderr, "dmvpn plan: %s: %s\n", path, strerror(errno));
	return f;
}

static bool finish(FILE *f, const char *path)
{
	const bool bad = ferror(f) != 0;

	if (fclose(f) == 0 && !bad)
		return true;
	fprintf(stderr, "dmvpn plan: %s: %s\n", path, strerror(errno));
	return false;
}

static bool write_router(const struct plan *p, const struct plan_secrets *s, const char *folder, enum plan_role role, unsigned number)
{
	char path[4096];
	FILE *f;

	if (role == PLAN_CORE)
		snprintf(path, sizeof path, "%s/core.cfg", folder);
	else
		snprintf(path, sizeof path, "%s/%s%u.cfg", folder, role == PLAN_HUB ? "hub" : "spoke", number);
	f = create(path);
	if (!f)
		return false;
	plan_write_config(p, s, role, number, f);
	return finish(f, path);
}

/* The lab has to be told who makes the certificates. */
static bool write_lab_conf(const struct plan *p, const char *folder)
{
	char path[4096];
	FILE *f;

	if (p->is.protection != PLAN_CERTIFICATES)
		return true;
	snprintf(path, sizeof path, "%s/lab.conf", folder);
	f = create(path);
	if (!f)
		return false;
	fputs("# The lab plays the certification authority: ca.crt, router.crt and router.key of each router.\ncertificates\n", f);
	return finish(f, path);
}

static bool is_empty(const char *folder)
{
	DIR *d = opendir(folder);
	bool empty = true;
	struct dirent *e;

	if (!d) {
		fprintf(stderr, "dmvpn plan: %s: %s\n", folder, strerror(errno));
		return false;
	}
	while ((e = readdir(d)))
		empty &= !strcmp(e->d_name, ".") || !strcmp(e->d_name, "..");
	closedir(d);
	if (!empty)
		fprintf(stderr, "dmvpn plan: %s: not empty; files are not overwritten\n", folder);
	return empty;
}

static bool write_files(const struct plan *p, const char *folder)
{
	struct plan_secrets s;
	bool ok;

	if (mkdir(folder, 0755) < 0 && errno != EEXIST) {
		fprintf(stderr, "dmvpn plan: %s: %s\n", folder, strerror(errno));
		return false;
	}
	if (!is_empty(folder))
		return false;
	if (!make_secret(s.pre_shared_key, sizeof s.pre_shared_key - 1) || !make_secret(s.nhrp_authentication, sizeof s.nhrp_authentication - 1)) {
		fprintf(stderr, "dmvpn plan: no random numbers: %s\n", strerror(errno));
		return false;
	}
	ok = write_lab_conf(p, folder);
	for (unsigned i = 1; ok && i <= p->is.hubs; i++)
		ok = write_router(p, &s, folder, PLAN_HUB, i);
	for (unsigned i = 1; ok && i <= p->is.spokes; i++)
		ok = write_router(p, &s, folder, PLAN_SPOKE, i);
	if (ok && p->core.count)
		ok = write_router(p, &s, folder, PLAN_CORE, 0);
	explicit_bzero(&s, sizeof s);
	return ok;
}

static bool write_svg(const struct plan_figure *figure, const char *path)
{
	FILE *f = fopen(path, "we");

	if (!f) {
		fprintf(stderr, "dmvpn plan: %s: %s\n", path, strerror(errno));
		return false;
	}
	plan_figure_svg(figure, f);
	return finish(f, path);
}

/* ---- what is said ---- */

static void print_json(json_t *j)
{
	json_dumpf(j, stdout, JSON_INDENT(1));
	putchar('\n');
	json_decref(j);
}

static void print_refusals(const struct plan_refusals *r)
{
	for (size_t i = 0; i < r->count; i++)
		fprintf(stderr, "dmvpn plan: %s: %s; %s\n", r->at[i].wish, r->at[i].reason ? r->at[i].reason : "", r->at[i].remedy);
}

static void print_written(const struct plan *p, const char *folder)
{
	printf("\nWritten to %s: %u files.\n", folder, p->is.hubs + p->is.spokes + p->core.count);
	if (p->is.protection == PLAN_SHARED_KEY)
		puts("Their IKE key and NHRP string were made at random just now; nobody else has them, so keep the files to yourself.");
	else if (p->is.protection == PLAN_CERTIFICATES)
		puts("Their NHRP string was made at random just now. Each router needs ca.crt, router.crt and router.key of your own authority.");
	puts("The uplinks' addresses stand in for those that the providers give (192.0.2.0/24, 203.0.113.0/24, 198.18.0.0/15).");
	if (p->core.count)
		puts("core.cfg stands in for the data centre's own router: what the hubs need of it.");
}

static int answer(const struct request *q, const struct plan *p)
{
	struct plan_figure figure;

	plan_figure_of(&figure, p);
	if ((q->folder && !write_files(p, q->folder)) || (q->svg && !write_svg(&figure, q->svg)))
		return EXIT_USAGE;
	if (q->json) {
		print_json(plan_json(p));
		return EXIT_DONE;
	}
	plan_write_text(p, stdout);
	if (q->folder)
		print_written(p, q->folder);
	return EXIT_DONE;
}

static int refuse(const struct request *q, struct plan_refusals *r)
{
	if (q->json)
		print_json(plan_refusals_json(r));
	else
		print_refusals(r);
	plan_refusals_done(r);
	return EXIT_REFUSED;
}

/* ---- a network that exists ---- */

struct files {
	size_t count;
	struct config **configs;
};

static bool read_file(struct files *f, const char *path)
{
	char error[512] = "";
	struct config *c = config_read_file(path, error, sizeof error);

	if (c)
		f->configs[f->count++] = c;
	else
		fprintf(stderr, "dmvpn plan: %s\n", error);
	return c != NULL;
}

static bool read_folder(struct files *f, const char *folder)
{
	struct config_folder names;
	char error[512];
	bool ok = true;

	if (!config_folder_read(folder, &names, error, sizeof error)) {
		fprintf(stderr, "dmvpn plan: %s\n", error);
		return false;
	}
	f->configs = alloc_zero(names.count, sizeof(struct config *));
	for (size_t i = 0; ok && i < names.count; i++)
		ok = read_file(f, names.paths[i]);
	config_folder_done(&names);
	return ok;
}

static int answer_found(const struct request *q, const struct found *f)
{
	struct plan_figure figure;

	found_figure(&figure, f);
	if (q->svg && !write_svg(&figure, q->svg))
		return EXIT_USAGE;
	if (q->json)
		print_json(plan_found_json(f, q->from));
	else
		found_text(f, q->from, stdout);
	return EXIT_DONE;
}

static int plan_from(const struct request *q)
{
	struct files files = { 0 };
	int result = EXIT_USAGE;

	if (read_folder(&files, q->from)) {
		struct design *d = design_new((const struct config *const *)files.configs, files.count);
		struct found *f;

		design_judge(d);
		f = found_new(d);
		result = answer_found(q, f);
		found_free(f);
		design_free(d);
	}
	for (size_t i = 0; i < files.count; i++)
		config_free(files.configs[i]);
	free(files.configs);
	return result;
}

/* Takes the options out of the words; answers how many words are left, or -1. */
static int take_options(struct request *q, int argc, char **argv)
{
	int left = 0;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--json"))
			q->json = true;
		else if (!strcmp(argv[i], "--out") && i + 1 < argc)
			q->folder = argv[++i];
		else if (!strcmp(argv[i], "--svg") && i + 1 < argc)
			q->svg = argv[++i];
		else if (!strcmp(argv[i], "--from") && i + 1 < argc)
			q->from = argv[++i];
		else if (argv[i][0] == '-')
			return -1;
		else
			argv[left++] = argv[i];
	}
	return left;
}

int cmd_plan(int argc, char **argv)
{
	struct plan_refusals refused = { 0 };
	struct plan_wish wish = { 0 };
	struct request q = { 0 };
	struct plan *p;
	int words, result;

	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")))
		return usage(stdout);
	words = take_options(&q, argc, argv);
	if (q.from && words == 0 && !q.folder)
		return plan_from(&q);
	if (words <= 0 || q.from)
		return usage(stderr);
	if (!plan_wish_parse(&wish, &refused, (size_t)words, argv))
		return refuse(&q, &refused);
	p = plan_new(&wish, &refused);
	if (!p)
		return refuse(&q, &refused);
	result = answer(&q, p);
	plan_free(p);
	return result;
}
