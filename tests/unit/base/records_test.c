/* A table of records is found again as it was left, whatever the process before was doing when it died. */
#include <setjmp.h>
#include <stdarg.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/records.h"

struct record {
	char name[13];
	uint32_t a, b;
};

static const struct records_layout layout = { .size = sizeof(struct record), .capacity = 4, .version = 1 };

static struct records *opened(int fd, const struct records_layout *l, bool expect_adopted)
{
	struct records *r = NULL;
	bool adopted;

	assert_int_equal(records_open(&r, fd, l, &adopted), 0);
	assert_int_equal(adopted, expect_adopted);
	return r;
}

static int memory(void)
{
	const int fd = memfd_create("records", MFD_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void records_outlive_their_process(void **state)
{
	const int fd = memory();
	struct records *r = opened(fd, &layout, false);
	struct record x = { "one", 1, 1 };
	const struct record *found;
	uint32_t one, two, at = 0;

	(void)state;
	one = records_put(r, RECORDS_NONE, &x);
	x = (struct record){ "two", 2, 2 };
	two = records_put(r, RECORDS_NONE, &x);
	x = (struct record){ "two", 3, 3 };
	assert_int_equal(records_put(r, two, &x), two);
	records_drop(r, one);
	records_close(r);

	r = opened(fd, &layout, true);
	assert_int_equal(records_count(r), 1);
	found = records_from(r, &at);
	assert_non_null(found);
	assert_true(at == two && found->a == 3 && strcmp(found->name, "two") == 0);
	at++;
	assert_null(records_from(r, &at));
	assert_int_equal(records_put(r, RECORDS_NONE, &x), one);
	records_close(r);
	close(fd);
}

static void a_full_table_takes_no_more(void **state)
{
	const int fd = memory();
	struct records *r = opened(fd, &layout, false);
	const struct record x = { "x", 0, 0 };

	(void)state;
	for (uint32_t i = 0; i < layout.capacity; i++)
		assert_int_equal(records_put(r, RECORDS_NONE, &x), i);
	assert_true(records_put(r, RECORDS_NONE, &x) == RECORDS_NONE);
	records_drop(r, 2);
	records_drop(r, 2);
	records_drop(r, RECORDS_NONE);
	assert_int_equal(records_put(r, RECORDS_NONE, &x), 2);
	assert_true(records_put(r, RECORDS_NONE, &x) == RECORDS_NONE);
	records_close(r);
	close(fd);
}

static void another_layout_starts_anew(void **state)
{
	const int fd = memory();
	struct records_layout other = layout;
	const struct record x = { "x", 0, 0 };
	struct records *r = opened(fd, &layout, false);
	uint32_t at = 0;

	(void)state;
	records_put(r, RECORDS_NONE, &x);
	records_close(r);
	other.version++;
	r = opened(fd, &other, false);
	assert_null(records_from(r, &at));
	records_close(r);
	/* Rubbish of the right size. */
	assert_int_equal(pwrite(fd, "rubbish!", 8, 0), 8);
	r = opened(fd, &other, false);
	assert_int_equal(records_count(r), 0);
	records_close(r);
	close(fd);
}

/* Writes for ever what must fit together; is killed at whatever instruction it is. */
static void scribble(int fd)
{
	struct records *r = opened(fd, &layout, true);
	struct record x = { "x", 0, 0 };

	for (;; x.a++) {
		x.b = x.a;
		records_put(r, 0, &x);
	}
}

static void no_record_is_torn(void **state)
{
	const int fd = memory();
	struct records *r = opened(fd, &layout, false);
	const struct record x = { "x", 0, 0 };

	(void)state;
	assert_int_equal(records_put(r, RECORDS_NONE, &x), 0);
	records_close(r);
	for (int i = 0; i < 20; i++) {
		const pid_t pid = fork();
		const struct record *found;
		uint32_t at = 0;

		if (pid == 0)
			scribble(fd);
		usleep(2000);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		r = opened(fd, &layout, true);
		found = records_from(r, &at);
		assert_true(found && found->a == found->b && strcmp(found->name, "x") == 0);
		records_close(r);
	}
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_outlive_their_process),
		cmocka_unit_test(a_full_table_takes_no_more),
		cmocka_unit_test(another_layout_starts_anew),
		cmocka_unit_test(no_record_is_torn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
