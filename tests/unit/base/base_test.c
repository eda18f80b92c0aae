#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/instant.h"
#include "base/ipaddr.h"
#include "base/ipc.h"
#include "base/privilege.h"
#include "base/prng.h"
#include "base/reader.h"
#include "base/writer.h"

static void reader_is_sticky(void **state)
{
	const uint8_t bytes[] = { 1, 2, 3 };
	struct reader r = reader_of(bytes, sizeof bytes);

	(void)state;
	assert_int_equal(reader_u16(&r), 0x0102);
	assert_int_equal(reader_u16(&r), 0);
	assert_true(r.bad);
	assert_int_equal(reader_u8(&r), 0); /* the byte that was left is not handed out any more */
	assert_int_equal(reader_left(&r), 0);
}

static void sub_reader_is_bounded(void **state)
{
	const uint8_t bytes[] = { 1, 2, 3, 4 };
	struct reader r = reader_of(bytes, sizeof bytes);
	struct reader sub = reader_sub(&r, 2);

	(void)state;
	assert_int_equal(reader_u32(&sub), 0);
	assert_true(sub.bad);
	assert_false(r.bad);
	assert_int_equal(reader_u16(&r), 0x0304);
	sub = reader_sub(&r, 1);
	assert_true(sub.bad && r.bad);
}

static void writer_refuses_what_does_not_fit(void **state)
{
	uint8_t out[3] = { 0 };
	struct writer w = writer_of(out, sizeof out);

	(void)state;
	writer_u16(&w, 0x0102);
	writer_u16(&w, 0x0304);
	assert_true(w.bad);
	assert_int_equal(writer_length(&w), 2);
	assert_int_equal(out[2], 0);
}

static void hosts(void **state)
{
	static const char *const no[] = { "0.0.0.0", "0.0.7.2", "127.0.0.1", "224.0.0.5", "239.255.255.255", "240.0.0.1",
					  "255.0.7.2", "255.255.255.255", "::", "::1", "ff02::1" };
	static const char *const yes[] = { "1.0.0.0", "10.0.0.255", "223.255.255.254", "fe80::1", "2001:db8::1" };
	struct ipaddr a;

	(void)state;
	for (size_t i = 0; i < sizeof no / sizeof no[0]; i++)
		assert_true(ipaddr_parse(no[i], &a) && !ipaddr_is_host(&a));
	for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++)
		assert_true(ipaddr_parse(yes[i], &a) && ipaddr_is_host(&a));
}

static void prefixes(void **state)
{
	struct ipprefix p, q;
	struct ipaddr a;
	char text[IPPREFIX_TEXT_MAX];
	uint8_t len;

	(void)state;
	assert_true(ipprefix_parse("10.1.2.3/23", &p));
	assert_string_equal(ipprefix_format(&p, text), "10.1.2.0/23");
	assert_true(ipaddr_parse("10.1.3.255", &a) && ipprefix_contains(&p, &a));
	assert_true(ipaddr_parse("10.1.4.0", &a) && !ipprefix_contains(&p, &a));
	assert_true(ipprefix_parse("2001:db8::/33", &q) && !ipprefix_covers(&p, &q));
	assert_false(ipprefix_parse("10.0.0.0/33", &q));
	assert_false(ipprefix_parse("10.0.0.0/", &q));
	assert_false(ipprefix_parse("10.0.0.0/+8", &q));
	assert_true(ipaddr_parse("255.255.254.0", &a) && netmask_to_len(&a, &len) && len == 23);
	assert_true(ipaddr_parse("255.0.255.0", &a) && !netmask_to_len(&a, &len));
	assert_true(ipaddr_parse("0.0.0.255", &a) && wildcard_to_len(&a, &len) && len == 24);
	assert_true(ipaddr_parse("0.0.0.0", &a) && netmask_to_len(&a, &len) && len == 0);
}

static void instants_saturate(void **state)
{
	(void)state;
	assert_true(instant_is_never(instant_add(INSTANT_NEVER, span_s(-5))));
	assert_true(instant_is_never(instant_add((struct instant){ INT64_MAX - 1 }, span_s(1))));
	assert_int_equal(instant_add((struct instant){ 5 }, span_ms(1)).us, 1005);
}

/* Reference vector of the SipHash paper, appendix A. */
static void siphash_vector(void **state)
{
	const struct siphash_key key = { 0x0706050403020100u, 0x0f0e0d0c0b0a0908u };
	uint8_t bytes[15];

	(void)state;
	for (uint8_t i = 0; i < sizeof bytes; i++)
		bytes[i] = i;
	assert_true(siphash(&key, bytes, sizeof bytes) == 0xa129ca6149be45e5u);
}

static void prng_repeats_and_stays_below(void **state)
{
	struct prng a, b;

	(void)state;
	prng_init(&a, 7);
	prng_init(&b, 7);
	for (int i = 0; i < 1000; i++) {
		const uint64_t v = prng_below(&a, 10);

		assert_true(v < 10 && v == prng_below(&b, 10));
	}
}

static void ipc_carries_and_refuses(void **state)
{
	static struct ipc_message m;
	const uint8_t junk[20] = "junk";
	int fds[2], pipe_fds[2];

	(void)state;
	assert_int_equal(ipc_pair(fds), 0);
	assert_int_equal(pipe(pipe_fds), 0);
	assert_int_equal(ipc_receive(fds[1], &m), -EAGAIN);
	assert_int_equal(ipc_send(fds[0], 7, "abc", 3, pipe_fds, 2), 0);
	assert_int_equal(ipc_receive(fds[1], &m), 1);
	assert_int_equal(m.type, 7);
	assert_int_equal(m.length, 3);
	assert_int_equal(m.fd_count, 2);
	assert_memory_equal(m.payload, "abc", 3);
	assert_int_equal(write(m.fds[1], "x", 1), 1);
	close(m.fds[0]);
	close(m.fds[1]);
	assert_int_equal(send(fds[0], junk, sizeof junk, 0), sizeof junk);
	assert_int_equal(ipc_receive(fds[1], &m), -EPROTO);
	close(fds[0]);
	assert_int_equal(ipc_receive(fds[1], &m), 0);
	close(fds[1]);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
}

static void ipc_batch_arrives_one_by_one(void **state)
{
	static struct ipc_message m;
	static struct ipc_batch b;
	static const char text[] = "0123456789";
	int fds[2], others[2];

	(void)state;
	assert_int_equal(ipc_pair(fds), 0);
	assert_int_equal(ipc_pair(others), 0);
	assert_int_equal(ipc_batch_send(&b, fds[0]), 0);
	assert_int_equal(ipc_receive(fds[1], &m), -EAGAIN);
	for (uint16_t i = 0; i < 10; i++)
		assert_true(ipc_batch_add(&b, i, text, i));
	assert_false(ipc_batch_add(&b, 10, b.datagram, IPC_PAYLOAD_MAX));
	assert_int_equal(ipc_batch_send(&b, fds[0]), 0);
	for (uint16_t i = 0; i < 10; i++) {
		assert_int_equal(ipc_receive(fds[1], &m), 1);
		assert_int_equal(m.type, i);
		assert_int_equal(m.length, i);
		assert_int_equal((uintptr_t)m.payload % 8, 0);
		assert_memory_equal(m.payload, text, i);
		assert_int_equal(ipc_more(&m), i < 9);
	}
	assert_int_equal(ipc_receive(fds[1], &m), -EAGAIN);
	/* What is left of one socket's datagram is not given out as another's. */
	assert_true(ipc_batch_add(&b, 1, NULL, 0) && ipc_batch_add(&b, 2, NULL, 0));
	assert_int_equal(ipc_batch_send(&b, fds[0]), 0);
	assert_int_equal(ipc_receive(fds[1], &m), 1);
	assert_int_equal(ipc_receive(others[1], &m), -EAGAIN);
	/* A message that is not whole spoils the datagram. */
	assert_true(ipc_batch_add(&b, 1, NULL, 0) && ipc_batch_add(&b, 2, text, 8));
	b.length--;
	assert_int_equal(ipc_batch_send(&b, fds[0]), 0);
	assert_int_equal(ipc_receive(fds[1], &m), -EPROTO);
	for (int i = 0; i < 2; i++) {
		close(fds[i]);
		close(others[i]);
	}
}

/* What the new process has for a nice value, + 100. */
static int nice_after_hurry(int from, int to)
{
	const pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		setpriority(PRIO_PROCESS, 0, from);
		if (privilege_hurry(to))
			_exit(0);
		_exit(100 + getpriority(PRIO_PROCESS, 0));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void hurries_and_never_slows(void **state)
{
	(void)state;
	assert_int_equal(nice_after_hurry(19, 19), 119);
	assert_int_equal(nice_after_hurry(18, 19), 118);
	if (geteuid() != 0)
		skip(); /* only root may go faster */
	assert_int_equal(nice_after_hurry(19, 18), 118);
	assert_int_equal(nice_after_hurry(0, -10), 90);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reader_is_sticky),
		cmocka_unit_test(sub_reader_is_bounded),
		cmocka_unit_test(writer_refuses_what_does_not_fit),
		cmocka_unit_test(hosts),
		cmocka_unit_test(prefixes),
		cmocka_unit_test(instants_saturate),
		cmocka_unit_test(siphash_vector),
		cmocka_unit_test(prng_repeats_and_stays_below),
		cmocka_unit_test(ipc_carries_and_refuses),
		cmocka_unit_test(ipc_batch_arrives_one_by_one),
		cmocka_unit_test(hurries_and_never_slows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
