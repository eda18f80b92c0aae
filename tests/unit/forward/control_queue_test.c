/* A control process that reads late is told everything that does not come again, in order. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/ipc.h"
#include "forward/control_queue.h"
#include "forward/forward_msg.h"

enum { MESSAGES = 800000 };

static struct ipc_message message;

static void late_reader_misses_nothing(void **state)
{
	struct control_queue q;
	uint32_t expected = 0;
	int fds[2], got;

	(void)state;
	control_queue_init(&q);
	assert_int_equal(ipc_pair(fds), 0);
	for (uint32_t i = 0; i < MESSAGES; i++)
		assert_true(control_queue_send(&q, fds[0], FORWARD_SA_HELD, &i, sizeof i));
	assert_false(control_queue_empty(&q));
	assert_false(control_queue_send(&q, fds[0], FORWARD_MISS, "again", 5));
	while (expected < MESSAGES) {
		uint32_t number;

		control_queue_flush(&q, fds[0]);
		while ((got = ipc_receive(fds[1], &message)) == 1) {
			assert_int_equal(message.type, FORWARD_SA_HELD);
			memcpy(&number, message.payload, sizeof number);
			assert_int_equal(number, expected++);
		}
		assert_int_equal(got, -EAGAIN);
	}
	assert_true(control_queue_empty(&q));
	assert_int_equal(q.octets, 0);
	assert_true(control_queue_send(&q, fds[0], FORWARD_MISS, "again", 5));
	close(fds[0]);
	close(fds[1]);
}

static void a_dead_reader_costs_no_more_than_the_limit(void **state)
{
	static uint8_t payload[IPC_PAYLOAD_MAX];
	struct control_queue q;
	size_t taken = 0;
	int fds[2];

	(void)state;
	control_queue_init(&q);
	assert_int_equal(ipc_pair(fds), 0);
	while (control_queue_send(&q, fds[0], FORWARD_SA_HELD, payload, sizeof payload))
		taken++;
	assert_true(q.octets <= CONTROL_QUEUE_OCTETS);
	assert_true(taken >= CONTROL_QUEUE_OCTETS / sizeof payload);
	control_queue_clear(&q);
	assert_true(control_queue_empty(&q));
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(late_reader_misses_nothing),
		cmocka_unit_test(a_dead_reader_costs_no_more_than_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
