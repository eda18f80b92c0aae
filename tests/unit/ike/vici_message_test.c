/* The body of a VICI packet: written, read back, cut short, malformed. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ike/vici_message.h"

static struct vici_writer sample(void)
{
	struct vici_writer w = { 0 };

	vici_put(&w, "key1", "value1");
	vici_begin(&w, "section1");
	vici_begin(&w, "sub-section");
	vici_putf(&w, "number", "%u", 42u);
	vici_end(&w);
	vici_list_begin(&w, "list1");
	vici_item(&w, "item1");
	vici_item(&w, "");
	vici_list_end(&w);
	vici_end(&w);
	vici_put(&w, "spi", "c0ffee01");
	vici_put(&w, "up", "yes");
	return w;
}

static void test_what_is_written_is_read(void **state)
{
	struct vici_writer w = sample();
	struct vici_message *m = vici_message_parse(w.bytes, w.length);
	const struct vici_node *section, *item;

	(void)state;
	assert_false(w.bad);
	assert_non_null(m);
	section = vici_section(m->root, "section1");
	assert_non_null(section);
	assert_string_equal(vici_text(m->root, "key1"), "value1");
	assert_int_equal(vici_number(vici_section(section, "sub-section"), "number", 0), 42);
	assert_int_equal(vici_hex(m->root, "spi", 0), 0xc0ffee01);
	assert_int_equal(vici_number(m->root, "spi", 7), 7);
	assert_true(vici_yes(m->root, "up"));
	assert_false(vici_yes(m->root, "down"));
	assert_null(vici_text(m->root, "section1"));
	assert_null(vici_section(m->root, "key1"));
	item = vici_find(section, "list1")->first;
	assert_string_equal(item->value, "item1");
	assert_int_equal(item->next->length, 0);
	assert_null(item->next->next);
	vici_message_free(m);
	vici_writer_done(&w);
}

/* The example of the protocol's own description, octet for octet. */
static void test_the_octets(void **state)
{
	static const uint8_t octets[] = {
		1, 8, 's', 'e', 'c', 't', 'i', 'o', 'n', '1',
		3, 4, 'k', 'e', 'y', '2', 0, 6, 'v', 'a', 'l', 'u', 'e', '2',
		4, 5, 'l', 'i', 's', 't', '1', 5, 0, 5, 'i', 't', 'e', 'm', '1', 6, 2,
	};
	struct vici_writer w = { 0 };

	(void)state;
	vici_begin(&w, "section1");
	vici_put(&w, "key2", "value2");
	vici_list_begin(&w, "list1");
	vici_item(&w, "item1");
	vici_list_end(&w);
	vici_end(&w);
	assert_int_equal(w.length, sizeof octets);
	assert_memory_equal(w.bytes, octets, sizeof octets);
	vici_writer_done(&w);
}

/* A message cut anywhere inside an element, or inside a section, is none. */
static void test_every_cut(void **state)
{
	struct vici_writer w = { 0 };

	(void)state;
	vici_begin(&w, "section1");
	vici_put(&w, "key", "value");
	vici_list_begin(&w, "list");
	vici_item(&w, "item");
	vici_list_end(&w);
	vici_end(&w);
	for (size_t cut = 1; cut < w.length; cut++) {
		uint8_t *part = malloc(cut); /* exactly so long, for the address sanitizer */
		struct vici_message *m;

		memcpy(part, w.bytes, cut);
		m = vici_message_parse(part, cut);
		assert_null(m);
		assert_int_equal(errno, EPROTO);
		free(part);
	}
	vici_writer_done(&w);
}

static void refuse(const char *octets, size_t length)
{
	struct vici_message *m = vici_message_parse(octets, length);

	assert_null(m);
	assert_int_equal(errno, EPROTO);
}

static void test_malformed(void **state)
{
	char deep[4 * (VICI_DEPTH_MAX + 1)];
	struct vici_message *m;

	(void)state;
	refuse("\2", 1);                          /* an end without a beginning */
	refuse("\6", 1);
	refuse("\1\1a\6", 4);                     /* closed as something else */
	refuse("\5\0\1x", 4);                     /* an item outside a list */
	refuse("\4\1a\3\1b\0\0\6", 8);            /* a pair inside a list */
	refuse("\4\1a\1\1b\2\6", 8);              /* a section inside a list */
	refuse("\7", 1);
	refuse("\0", 1);
	for (unsigned i = 0; i <= VICI_DEPTH_MAX; i++) {
		memcpy(deep + 3 * i, "\1\1a", 3);
		deep[3 * (VICI_DEPTH_MAX + 1) + i] = 2;
	}
	refuse(deep, sizeof deep);
	/* One level less is fine: the refusal above is about the depth. */
	m = vici_message_parse(deep + 3, sizeof deep - 4);
	assert_non_null(m);
	vici_message_free(m);
}

static void test_too_long(void **state)
{
	struct vici_writer w = { 0 };
	char *text = malloc(70000);

	(void)state;
	memset(text, 'a', 69999);
	text[69999] = 0;
	vici_put(&w, "key", text);
	assert_true(w.bad);
	vici_writer_done(&w);
	text[300] = 0;
	vici_begin(&w, text);
	assert_true(w.bad);
	vici_writer_done(&w);
	free(text);
}

static void test_empty(void **state)
{
	struct vici_message *m = vici_message_parse("", 0);
	char *text;

	(void)state;
	assert_non_null(m);
	assert_null(m->root->first);
	text = vici_message_text(m);
	assert_string_equal(text, "");
	free(text);
	vici_message_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_written_is_read),
		cmocka_unit_test(test_the_octets),
		cmocka_unit_test(test_every_cut),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
