#include "config/frr_template.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"

static void write_item(FILE *out, const struct item *item)
{
	char kernel[16];

	if (!item)
		return;
	if (item->kind == ITEM_IF && config_ifname(item->text, NULL, kernel))
		fputs(kernel, out);
	else
		fputs(item->text, out);
}

static void write_prefix(FILE *out, const struct item *addr, uint8_t len)
{
	char text[IPPREFIX_TEXT_MAX];
	struct ipprefix p;

	if (!addr)
		return;
	p = ipprefix_make(&addr->addr, len);
	fputs(ipprefix_format(&p, text), out);
}

static uint8_t classful_len(const struct ipaddr *a)
{
	if (ipaddr_is_unspecified(a))
		return 0;
	return a->bytes[0] < 128 ? 8 : a->bytes[0] < 192 ? 16 : 24;
}

static void write_all(FILE *out, const struct match *m)
{
	for (size_t i = 0; i < m->count; i++) {
		if (i)
			fputc(' ', out);
		write_item(out, &m->items[i]);
	}
}

/* $…: answers what follows it in the template. */
static const char *write_argument(FILE *out, const struct match *m, const char *t, unsigned eigrp_as)
{
	const struct item *first, *second;

	if (*t == 'A') {
		fprintf(out, "%u", eigrp_as);
		return t + 1;
	}
	if (*t == 's') {
		for (size_t i = 0; i < m->count; i++) {
			if (m->items[i].kind == ITEM_SECRET)
				write_item(out, &m->items[i]);
		}
		return t + 1;
	}
	if (*t == 'c') {
		first = match_arg(m, (size_t)(t[1] - '1'));
		if (first)
			write_prefix(out, first, classful_len(&first->addr));
		return t + 2;
	}
	first = match_arg(m, (size_t)(t[0] - '1'));
	if ((t[1] == '/' || t[1] == '~') && isdigit((unsigned char)t[2])) {
		second = match_arg(m, (size_t)(t[2] - '1'));
		write_prefix(out, first, second ? second->len : 32);
		return t + 3;
	}
	write_item(out, first);
	return t + 1;
}

static void write_values(FILE *out, const struct match *m, const char *keyword, size_t count)
{
	for (size_t i = 0; i < m->count; i++) {
		if (m->items[i].kind != ITEM_KEYWORD || strcmp(m->items[i].text, keyword))
			continue;
		fprintf(out, " %s", keyword);
		for (size_t k = i + 1; k < m->count && k <= i + count; k++) {
			fputc(' ', out);
			write_item(out, &m->items[k]);
		}
		return;
	}
}

/* {…}: likewise. */
static const char *write_option(FILE *out, const struct match *m, const char *t)
{
	const size_t length = strcspn(t, "}");
	char keyword[32];
	const char *name = keyword;

	snprintf(keyword, sizeof keyword, "%.*s", (int)length, t);
	if (!strcmp(keyword, "1")) {
		if (match_arg(m, 0)) {
			fputc(' ', out);
			write_item(out, match_arg(m, 0));
		}
	} else if (*name == '?') {
		write_values(out, m, name + 1, 0);
	} else if (*name == '5') {
		write_values(out, m, name + 1, 5);
	} else {
		write_values(out, m, name, 1);
	}
	return t + length + 1;
}

void frr_template_write(FILE *out, const struct match *m, const char *t, unsigned eigrp_as)
{
	if (*t == '@')
		t++;
	if (m->sign != SIGN_SET)
		fputs("no ", out);
	if (!strcmp(t, "=")) {
		write_all(out, m);
		return;
	}
	while (*t) {
		if (*t == '$') {
			t = write_argument(out, m, t + 1, eigrp_as);
		} else if (*t == '%') {
			const size_t n = (size_t)(t[1] - '0');

			write_item(out, n < m->count ? &m->items[n] : NULL);
			t += 2;
		} else if (*t == '{') {
			t = write_option(out, m, t + 1);
		} else {
			fputc(*t++, out);
		}
	}
}
