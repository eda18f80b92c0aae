/* dmvpn decode: the NHRP messages of captures, one a line or as JSON. */
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cmd/cmd.h"
#include "wire/capture.h"
#include "wire/nhrp_json.h"
#include "wire/nhrp_text.h"

enum { TIME_TEXT_MAX = 40 };

struct decode {
	bool json, show_secrets;
	uint64_t messages, malformed;
	bool unreadable;
	json_t *list; /* messages of the present file */
};

static const char usage[] =
	"usage: dmvpn decode [--json] [--show-secrets] FILE.pcap...\n"
	"\n"
	"Prints the NHRP messages of captures (pcap or pcapng; \"-\" is standard input), one a line:\n"
	"frame, time (UTC), outer addresses, GRE key, message. What is wrong with a message is named.\n"
	"\n"
	"  --json          one JSON document instead (docs/schema/decode.json)\n"
	"  --show-secrets  do not mask authentication strings\n"
	"\n"
	"Exit code: 0 all messages are well-formed, 1 some are not, 2 a file cannot be read.\n";

static const char *time_text(const struct capture_message *m, char separator, char out[TIME_TEXT_MAX])
{
	const time_t seconds = (time_t)m->time_s;
	char day[16], clock[16];
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) || !strftime(day, sizeof day, "%Y-%m-%d", &tm) ||
	    !strftime(clock, sizeof clock, "%H:%M:%S", &tm)) {
		snprintf(out, TIME_TEXT_MAX, "%" PRId64 ".%06" PRIu32, m->time_s, m->time_us);
		return out;
	}
	snprintf(out, TIME_TEXT_MAX, "%s%c%s.%06" PRIu32, day, separator, clock, m->time_us);
	return out;
}

/* Whether enough was read before the fault to be worth showing. */
static bool message_is_shown(const struct capture_message *m)
{
	return m->frame.kind == FRAME_NHRP && m->message.nbma_family != IP_NONE &&
	       m->message.proto_family != IP_NONE && m->drop != NHRP_DROP_TYPE &&
	       m->drop != NHRP_DROP_VERSION && m->drop != NHRP_DROP_SIZE && m->message.type != 0;
}

static void print_error(const struct capture_message *m)
{
	if (m->frame.kind == FRAME_BROKEN)
		printf(" MALFORMED: %s;", m->frame.problem);
	else if (m->drop != NHRP_DROP_NONE)
		printf(" MALFORMED at octet %zu: %s;", m->fault, nhrp_drop_text(m->drop));
}

static void print_line(const struct decode *d, const struct capture_message *m)
{
	char when[TIME_TEXT_MAX], src[IPADDR_TEXT_MAX], dst[IPADDR_TEXT_MAX];

	printf("%5" PRIu64 " %s", m->frame_number, time_text(m, ' ', when));
	if (m->frame.carrier != FRAME_IN_LINK)
		printf(" %s > %s", ipaddr_format(&m->frame.src, src), ipaddr_format(&m->frame.dst, dst));
	if (m->frame.has_key)
		printf(" key %" PRIu32, m->frame.key);
	if (m->frame.carrier == FRAME_IN_IP)
		fputs(" without GRE", stdout);
	if (m->frame.kind == FRAME_NHRP && m->frame.problem)
		printf(" (%s)", m->frame.problem);
	putchar(':');
	print_error(m);
	putchar(' ');
	if (message_is_shown(m))
		nhrp_text_print(stdout, &m->message, d->show_secrets);
	else
		printf("%zu octets of NHRP", m->frame.nhrp_len);
	putchar('\n');
}

static json_t *error_json(const struct capture_message *m)
{
	if (m->frame.kind == FRAME_BROKEN)
		return json_pack("{s:s, s:s, s:n}", "drop", "GRE", "text", m->frame.problem, "offset");
	if (m->drop == NHRP_DROP_NONE)
		return json_null();
	return json_pack("{s:s, s:s, s:I}", "drop", nhrp_drop_name(m->drop), "text", nhrp_drop_text(m->drop),
			 "offset", (json_int_t)m->fault);
}

static json_t *outer_json(const struct frame *f)
{
	static const char *const carriers[] = {
		[FRAME_IN_LINK] = "link", [FRAME_IN_IP] = "ip", [FRAME_IN_GRE] = "gre",
	};
	const bool noted = f->kind == FRAME_NHRP && f->problem;

	return json_pack("{s:s, s:o, s:o, s:i, s:i, s:o, s:o}", "carrier", carriers[f->carrier],
			 "source", nhrp_json_addr(&f->src), "destination", nhrp_json_addr(&f->dst),
			 "ttl", f->ttl, "dscp", f->dscp,
			 "key", f->has_key ? json_integer(f->key) : json_null(),
			 "note", noted ? json_string(f->problem) : json_null());
}

static void add_json(struct decode *d, const struct capture_message *m)
{
	char when[TIME_TEXT_MAX];
	json_t *message = message_is_shown(m) ? nhrp_json(&m->message, d->show_secrets) : json_null();

	json_array_append_new(d->list,
			      json_pack("{s:I, s:s, s:o, s:I, s:o, s:o}",
					"frame", (json_int_t)m->frame_number, "time_utc", time_text(m, 'T', when),
					"outer", outer_json(&m->frame),
					"octets", (json_int_t)m->frame.nhrp_len,
					"error", error_json(m), "message", message));
}

static void take(void *context, const struct capture_message *m)
{
	struct decode *d = context;

	if (d->json)
		add_json(d, m);
	else
		print_line(d, m);
}

/* File names need not be UTF-8, JSON must be. */
static json_t *name_json(const char *name)
{
	json_t *text = json_string(name);

	return text ? text : json_string("(not UTF-8)");
}

static json_t *file_json(struct decode *d, const char *path, const struct capture_totals *t, const char *error)
{
	json_t *messages = d->list;

	d->list = NULL;
	return json_pack("{s:o, s:s, s:I, s:I, s:I, s:o, s:o}", "file", name_json(path), "link_type", t->link,
			 "frames", (json_int_t)t->frames, "esp_frames", (json_int_t)t->esp,
			 "later_fragments", (json_int_t)t->fragments,
			 "error", error ? json_string(error) : json_null(), "messages", messages);
}

/* What was in the file besides readable messages, so that silence is never mistaken. */
static void print_rest(const char *path, const struct capture_totals *t)
{
	if (t->esp > 0)
		fprintf(stderr, "%s: %" PRIu64 " frames of ESP: what is in them is encrypted\n", path, t->esp);
	if (t->fragments > 0)
		fprintf(stderr, "%s: %" PRIu64 " later fragments of GRE or NHRP were not read\n", path,
			t->fragments);
	if (t->messages == 0)
		fprintf(stderr, "%s: no NHRP in %" PRIu64 " frames\n", path, t->frames);
}

static json_t *decode_file(struct decode *d, const char *path)
{
	char error[CAPTURE_ERROR_MAX];
	struct capture_totals t;
	bool failed;

	if (d->json)
		d->list = json_array();
	failed = capture_read_file(path, take, d, &t, error) < 0;
	d->messages += t.messages;
	d->malformed += t.malformed;
	d->unreadable |= failed;
	if (failed)
		fprintf(stderr, "%s: %s\n", path, error);
	if (d->json)
		return file_json(d, path, &t, failed ? error : NULL);
	if (!failed)
		print_rest(path, &t);
	return NULL;
}

static void decode_files(struct decode *d, char **paths)
{
	json_t *files = d->json ? json_array() : NULL;
	json_t *all;

	for (; *paths; paths++) {
		json_t *file = decode_file(d, *paths);

		if (file)
			json_array_append_new(files, file);
	}
	if (!d->json)
		return;
	all = json_pack("{s:i, s:I, s:I, s:o}", "schema", 1, "messages", (json_int_t)d->messages,
			"malformed", (json_int_t)d->malformed, "files", files);
	json_dumpf(all, stdout, JSON_INDENT(1));
	putchar('\n');
	json_decref(all);
}

int cmd_decode(int argc, char **argv)
{
	enum { JSON = 1, SECRETS, HELP };
	static const struct option options[] = {
		{ "json", no_argument, NULL, JSON },
		{ "show-secrets", no_argument, NULL, SECRETS },
		{ "help", no_argument, NULL, HELP },
		{ NULL, 0, NULL, 0 },
	};
	struct decode d = { .json = false };
	int option;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (option) {
		case JSON:
			d.json = true;
			break;
		case SECRETS:
			d.show_secrets = true;
			break;
		case HELP:
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	if (optind == argc) {
		fputs(usage, stderr);
		return 2;
	}
	decode_files(&d, argv + optind);
	if (fflush(stdout) != 0) {
		perror("dmvpn decode: standard output");
		return 2;
	}
	return d.unreadable ? 2 : d.malformed > 0 ? 1 : 0;
}
