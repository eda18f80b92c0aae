#include "lab/lab_conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/config.h"
#include "lab/memory.h"

static const struct {
	const char *word;
	enum lab_conf_kind kind;
	size_t least, most; /* words after it */
	const char *form;
} kinds[] = {
	{ "nat", LAB_CONF_NAT, 1, SIZE_MAX, "nat ROUTER [INTERFACE] [ROUTER [INTERFACE]]..." },
	{ "loss", LAB_CONF_LOSS, 2, 3, "loss ROUTER [INTERFACE] PERCENT" },
	{ "host", LAB_CONF_HOST, 4, 4, "host NAME ROUTER INTERFACE ADDRESS" },
	{ "certificates", LAB_CONF_CERTIFICATES, 0, 0, "certificates" },
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

void lab_conf_complain(const struct lab_conf *conf, unsigned line, char *error, size_t size,
		       const char *remedy, const char *reason, ...)
{
	char text[512];
	va_list args;

	va_start(args, reason);
	vsnprintf(text, sizeof(text), reason, args);
	va_end(args);
	snprintf(error, size, "%s:%u: %s; %s", conf->file, line, text, remedy);
}

static void drop_words(struct lab_conf_line *l)
{
	for (size_t i = 0; i < l->word_count; i++)
		free(l->words[i]);
	free(l->words);
}

void lab_conf_free(struct lab_conf *conf)
{
	if (!conf)
		return;
	for (size_t i = 0; i < conf->line_count; i++)
		drop_words(&conf->lines[i]);
	free(conf->lines);
	free(conf->file);
	free(conf);
}

/* Outside of comments: such words may stand in a message, and in a namespace's name. */
static bool is_plain(const char *line)
{
	for (; *line; line++)
		if ((*line < ' ' && *line != '\t') || *line > '~')
			return false;
	return true;
}

/* Takes the words of a line whose keyword is cut off already. */
static bool take_words(struct lab_conf *conf, const char *keyword, char *rest, unsigned number,
		       char *error, size_t size)
{
	struct lab_conf_line *l;
	char *word, remedy[128];
	size_t kind = 0;

	while (kind < KINDS && strcmp(kinds[kind].word, keyword) != 0)
		kind++;
	if (kind == KINDS) {
		lab_conf_complain(conf, number, error, size, "a line begins with nat, loss, host, certificates or #",
				  "\"%.40s\" is not known here", keyword);
		return false;
	}
	l = lab_append(&conf->lines, &conf->line_count, sizeof(*l));
	l->kind = kinds[kind].kind;
	l->number = number;
	while ((word = strsep(&rest, " \t")))
		if (*word)
			*(char **)lab_append(&l->words, &l->word_count, sizeof(char *)) = lab_strdup(word);
	if (l->word_count >= kinds[kind].least && l->word_count <= kinds[kind].most)
		return true;
	snprintf(remedy, sizeof(remedy), "the form is %s", kinds[kind].form);
	lab_conf_complain(conf, number, error, size, remedy, "too %s words after %s",
			  l->word_count < kinds[kind].least ? "few" : "many", keyword);
	return false;
}

static bool take_line(struct lab_conf *conf, char *line, unsigned number, char *error, size_t size)
{
	char *keyword;

	line[strcspn(line, "#\r")] = 0;
	if (!is_plain(line)) {
		lab_conf_complain(conf, number, error, size, "only comments may have it",
				  "a character that is not plain ASCII");
		return false;
	}
	line += strspn(line, " \t");
	keyword = strsep(&line, " \t");
	return !*keyword || take_words(conf, keyword, line, number, error, size);
}

struct lab_conf *lab_conf_parse(const char *file, const char *text, size_t length, char *error, size_t size)
{
	struct lab_conf *conf = lab_calloc(1, sizeof(*conf));
	char *copy = lab_calloc(length + 1, 1), *at = copy, *line;
	bool good = true;

	conf->file = lab_strdup(file);
	memcpy(copy, text, length);
	if (memchr(text, 0, length)) {
		lab_conf_complain(conf, 1, error, size, "write it as plain text", "NUL bytes in the file");
		good = false;
	}
	for (unsigned number = 1; good && (line = strsep(&at, "\n")); number++)
		good = take_line(conf, line, number, error, size);
	free(copy);
	if (good)
		return conf;
	lab_conf_free(conf);
	return NULL;
}

int lab_conf_read(const char *file, struct lab_conf **conf, char *error, size_t size)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	size_t length;
	char *text;

	*conf = NULL;
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0) {
		snprintf(error, size, "%s: %s", file, strerror(errno));
		return 2;
	}
	text = config_read_bytes(fd, file, &length, error, size);
	close(fd);
	if (!text)
		return 2;
	*conf = lab_conf_parse(file, text, length, error, size);
	free(text);
	return *conf ? 0 : 1;
}
