#include "ike/vici_message.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/reader.h"

enum element { SECTION_START = 1, SECTION_END, KEY_VALUE, LIST_START, LIST_ITEM, LIST_END };

/* ---- reading ---- */

/*
 * One allocation holds the message, its nodes and its texts: an element of n octets becomes at most
 * one node, and its texts need less room than the element and two NULs.
 */
struct parsing {
	struct reader in;
	struct vici_node *nodes;
	size_t count;
	char *text;
	unsigned depth;
	struct vici_node *open[VICI_DEPTH_MAX + 1];  /* sections and lists that are open; [0] is the root */
	struct vici_node **tail[VICI_DEPTH_MAX + 1]; /* where the next child goes */
};

/* Copies `length` octets of input; NULL when they are not there. */
static const char *take_text(struct parsing *p, size_t length)
{
	const uint8_t *from = reader_skip(&p->in, length);
	char *to = p->text;

	if (p->in.bad)
		return NULL;
	memcpy(to, from, length);
	to[length] = 0;
	p->text += length + 1;
	return to;
}

static struct vici_node *node_add(struct parsing *p, enum vici_kind kind)
{
	struct vici_node *n = &p->nodes[p->count++];

	*n = (struct vici_node){ .kind = kind, .name = "", .value = "" };
	*p->tail[p->depth] = n;
	/* vici_node's links are const for its readers; the parser owns the nodes. */
	p->tail[p->depth] = (struct vici_node **)(void *)&n->next;
	return n;
}

static bool open_node(struct parsing *p, enum vici_kind kind)
{
	const char *name = take_text(p, reader_u8(&p->in));
	struct vici_node *n;

	if (!name || p->depth == VICI_DEPTH_MAX || p->open[p->depth]->kind == VICI_LIST)
		return false;
	n = node_add(p, kind);
	n->name = name;
	p->depth++;
	p->open[p->depth] = n;
	p->tail[p->depth] = (struct vici_node **)(void *)&n->first;
	return true;
}

static bool close_node(struct parsing *p, enum vici_kind kind)
{
	if (!p->depth || p->open[p->depth]->kind != kind)
		return false;
	p->depth--;
	return true;
}

static bool add_value(struct parsing *p, struct vici_node *n)
{
	n->length = reader_u16(&p->in);
	n->value = take_text(p, n->length);
	return n->value != NULL;
}

static bool add_pair(struct parsing *p)
{
	const char *name;
	struct vici_node *n;

	if (p->open[p->depth]->kind != VICI_SECTION)
		return false;
	name = take_text(p, reader_u8(&p->in));
	if (!name)
		return false;
	n = node_add(p, VICI_VALUE);
	n->name = name;
	return add_value(p, n);
}

static bool add_item(struct parsing *p)
{
	return p->open[p->depth]->kind == VICI_LIST && add_value(p, node_add(p, VICI_ITEM));
}

static bool parse_element(struct parsing *p)
{
	switch (reader_u8(&p->in)) {
	case SECTION_START: return open_node(p, VICI_SECTION);
	case SECTION_END: return close_node(p, VICI_SECTION);
	case KEY_VALUE: return add_pair(p);
	case LIST_START: return open_node(p, VICI_LIST);
	case LIST_ITEM: return add_item(p);
	case LIST_END: return close_node(p, VICI_LIST);
	default: return false;
	}
}

static bool parse_all(struct parsing *p)
{
	while (reader_left(&p->in) > 0) {
		if (!parse_element(p))
			return false;
	}
	return !p->in.bad && p->depth == 0;
}

/* Nodes that the bytes can hold at most: the shortest one, an item of nothing, has 3 octets, an
 * open and a close together likewise. */
static size_t node_bound(size_t length)
{
	return 2 + length / 2;
}

struct vici_message *vici_message_parse(const void *bytes, size_t length)
{
	const size_t nodes = node_bound(length);
	struct parsing p = { .in = reader_of(bytes, length) };
	struct vici_message *m;

	if (length > VICI_PACKET_MAX) {
		errno = EPROTO;
		return NULL;
	}
	m = malloc(sizeof *m + nodes * sizeof *p.nodes + 2 * length + 2);
	if (!m) {
		errno = ENOMEM;
		return NULL;
	}
	p.nodes = (struct vici_node *)(void *)(m + 1);
	p.text = (char *)(p.nodes + nodes);
	p.nodes[p.count++] = (struct vici_node){ .kind = VICI_SECTION, .name = "", .value = "" };
	p.open[0] = &p.nodes[0];
	p.tail[0] = (struct vici_node **)(void *)&p.nodes[0].first;
	m->root = &p.nodes[0];
	if (!parse_all(&p)) {
		free(m);
		errno = EPROTO;
		return NULL;
	}
	return m;
}

void vici_message_free(struct vici_message *m)
{
	free(m);
}

const struct vici_node *vici_find(const struct vici_node *section, const char *name)
{
	if (!section || !name)
		return NULL;
	for (const struct vici_node *n = section->first; n; n = n->next) {
		if (!strcmp(n->name, name))
			return n;
	}
	return NULL;
}

const struct vici_node *vici_section(const struct vici_node *section, const char *name)
{
	const struct vici_node *n = vici_find(section, name);

	return n && n->kind == VICI_SECTION ? n : NULL;
}

const char *vici_text(const struct vici_node *section, const char *key)
{
	const struct vici_node *n = vici_find(section, key);

	return n && n->kind == VICI_VALUE ? n->value : NULL;
}

static uint64_t number_of(const char *text, int base, uint64_t otherwise)
{
	char *end;
	uint64_t value;

	if (!text || !*text || strchr(" +-\t", *text))
		return otherwise;
	errno = 0;
	value = strtoull(text, &end, base);
	return *end || errno ? otherwise : value;
}

uint64_t vici_number(const struct vici_node *section, const char *key, uint64_t otherwise)
{
	return number_of(vici_text(section, key), 10, otherwise);
}

uint64_t vici_hex(const struct vici_node *section, const char *key, uint64_t otherwise)
{
	return number_of(vici_text(section, key), 16, otherwise);
}

bool vici_yes(const struct vici_node *section, const char *key)
{
	const char *text = vici_text(section, key);

	return text && !strcmp(text, "yes");
}

static void print_node(FILE *out, const struct vici_node *n, const char *path)
{
	char *deeper;

	if (asprintf(&deeper, "%s%s%s", path, *path && *n->name ? "." : "", n->name) < 0)
		return;
	if (n->kind == VICI_VALUE || n->kind == VICI_ITEM)
		fprintf(out, "%s %s %s\n", deeper, n->kind == VICI_ITEM ? "+=" : "=", n->value);
	for (const struct vici_node *child = n->first; child; child = child->next)
		print_node(out, child, deeper);
	free(deeper);
}

char *vici_message_text(const struct vici_message *m)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		return NULL;
	print_node(out, m->root, "");
	fclose(out);
	return text;
}

/* ---- writing ---- */

static bool make_room(struct vici_writer *w, size_t length)
{
	size_t capacity = w->capacity ? w->capacity : 256;
	uint8_t *bytes;

	if (w->bad || length > VICI_PACKET_MAX - w->length) {
		w->bad = true;
		return false;
	}
	if (w->length + length <= w->capacity)
		return true;
	while (capacity < w->length + length)
		capacity *= 2;
	/* Not realloc: what it would leave behind may be a secret. */
	bytes = malloc(capacity);
	if (!bytes) {
		w->bad = true;
		return false;
	}
	if (w->length)
		memcpy(bytes, w->bytes, w->length);
	if (w->bytes)
		explicit_bzero(w->bytes, w->length);
	free(w->bytes);
	w->bytes = bytes;
	w->capacity = capacity;
	return true;
}

static void put_octets(struct vici_writer *w, const void *from, size_t length)
{
	if (!make_room(w, length))
		return;
	if (length)
		memcpy(w->bytes + w->length, from, length);
	w->length += length;
}

static void put_u8(struct vici_writer *w, unsigned value)
{
	const uint8_t octet = (uint8_t)value;

	put_octets(w, &octet, 1);
}

static void put_name(struct vici_writer *w, enum element type, const char *name)
{
	const size_t length = strlen(name);

	if (length > UINT8_MAX)
		w->bad = true;
	put_u8(w, type);
	put_u8(w, (unsigned)length & UINT8_MAX);
	put_octets(w, name, length);
}

static void put_value(struct vici_writer *w, const void *value, size_t length)
{
	if (length > UINT16_MAX)
		w->bad = true;
	put_u8(w, (unsigned)(length >> 8) & UINT8_MAX);
	put_u8(w, (unsigned)length & UINT8_MAX);
	put_octets(w, value, length);
}

void vici_writer_done(struct vici_writer *w)
{
	if (w->bytes)
		explicit_bzero(w->bytes, w->length);
	free(w->bytes);
	*w = (struct vici_writer){ 0 };
}

void vici_begin(struct vici_writer *w, const char *section)
{
	put_name(w, SECTION_START, section);
	w->depth++;
}

void vici_end(struct vici_writer *w)
{
	put_u8(w, SECTION_END);
	w->depth--;
}

void vici_put_bytes(struct vici_writer *w, const char *key, const void *value, size_t length)
{
	put_name(w, KEY_VALUE, key);
	put_value(w, value, length);
}

void vici_put(struct vici_writer *w, const char *key, const char *value)
{
	vici_put_bytes(w, key, value, strlen(value));
}

void vici_putf(struct vici_writer *w, const char *key, const char *format, ...)
{
	char *text;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (length < 0) {
		w->bad = true;
		return;
	}
	vici_put_bytes(w, key, text, (size_t)length);
	free(text);
}

void vici_list_begin(struct vici_writer *w, const char *name)
{
	put_name(w, LIST_START, name);
}

void vici_item(struct vici_writer *w, const char *value)
{
	put_u8(w, LIST_ITEM);
	put_value(w, value, strlen(value));
}

void vici_list_end(struct vici_writer *w)
{
	put_u8(w, LIST_END);
}
