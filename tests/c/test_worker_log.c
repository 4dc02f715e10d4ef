/* links: worker/log */
/* Log lines, read from a real pipe on fd 2. */
#include "worker/reeve.h"

/* cmocka.h needs the others before it */
/* clang-format off */
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
/* clang-format on */

static struct reeve_service service;

/* log.c asks one thing of a worker: whether it is alone. */
const struct reeve_service *reeve_service(const struct reeve_worker *worker)
{
	assert_ptr_equal(worker, &service);
	return &service;
}

static const struct reeve_worker *the_worker(void)
{
	return (const struct reeve_worker *)(const void *)&service;
}

/* What `reeve_log(worker, level, "%s", text)` leaves in the log pipe. A child does it, so that our own
 * fd 2 stays, and so that a full pipe would be seen as a hang. */
static size_t logged(const struct reeve_worker *worker, enum reeve_level level, const char *text, char *out,
	size_t room, pid_t *pid)
{
	size_t used = 0;
	ssize_t n;
	int fds[2], status;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	*pid = fork();
	if (*pid == 0) {
		if (dup2(fds[1], STDERR_FILENO) < 0 ||
			fcntl(STDERR_FILENO, F_SETFL, O_WRONLY | O_NONBLOCK) < 0)
			_exit(1);
		reeve_log(worker, level, "%s", text);
		_exit(0);
	}
	(void)close(fds[1]);
	while ((n = read(fds[0], out + used, room - used - 1)) > 0)
		used += (size_t)n;
	out[used] = '\0';
	(void)close(fds[0]);
	assert_int_equal(waitpid(*pid, &status, 0), *pid);
	assert_int_equal(status, 0);
	return used;
}

/* `text` must come out as these lines (the second may be NULL), each with its header. */
static void check(const char *text, const char *first, const char *second)
{
	char out[1024], want[1024];
	pid_t pid;
	int n;

	(void)logged(the_worker(), REEVE_WARNING, text, out, sizeof out, &pid);
	n = snprintf(want, sizeof want, "\001\003%d %s\n", (int)pid, first);
	if (second != NULL)
		(void)snprintf(want + n, sizeof want - (size_t)n, "\001\003%d %s\n", (int)pid, second);
	assert_string_equal(out, want);
}

static void a_line_has_level_and_pid(void **state)
{
	(void)state;
	check("disk is nearly full", "disk is nearly full", NULL);
	check("100% of %s", "100% of %s", NULL);
}

static void a_line_break_makes_two_lines(void **state)
{
	(void)state;
	check("one\ntwo", "one", "two");
	check("\none\n\ntwo\n", "one", "two");
}

static void nothing_is_no_line(void **state)
{
	char out[64];
	pid_t pid;

	(void)state;
	assert_int_equal(logged(the_worker(), REEVE_INFO, "", out, sizeof out, &pid), 0);
}

static void without_reeve_a_line_is_plain(void **state)
{
	char out[64];
	pid_t pid;

	(void)state;
	(void)logged(NULL, REEVE_FATAL, "no", out, sizeof out, &pid);
	assert_string_equal(out, "fatal: no\n");
	service.alone = true;
	(void)logged(the_worker(), REEVE_DEBUG, "yes", out, sizeof out, &pid);
	service.alone = false;
	assert_string_equal(out, "debug: yes\n");
}

/* 300000 bytes, more than a pipe holds: also waits for room. */
static void a_long_text_becomes_lines_that_are_written_at_once(void **state)
{
	enum { CHARS = 100000 };
	char *text = malloc(CHARS * 3 + 1), *out = malloc(CHARS * 4), *joined = malloc(CHARS * 3 + 1),
	     header[32];
	size_t used = 0, lines = 0;
	pid_t pid;

	(void)state;
	for (size_t i = 0; i < CHARS; i++)
		memcpy(text + i * 3, "\xe2\x82\xac", 3); /* the euro sign */
	text[CHARS * 3] = '\0';
	(void)logged(the_worker(), REEVE_ERROR, text, out, CHARS * 4, &pid);
	(void)snprintf(header, sizeof header, "\001\004%d ", (int)pid);
	for (char *line = strtok(out, "\n"); line != NULL; line = strtok(NULL, "\n"), lines++) {
		size_t len = strlen(line) - strlen(header);

		assert_memory_equal(line, header, strlen(header));
		assert_true(strlen(line) + 1 <= PIPE_BUF);
		assert_int_equal(len % 3, 0); /* no character is torn */
		memcpy(joined + used, line + strlen(header), len);
		used += len;
	}
	assert_int_equal(used, CHARS * 3);
	assert_memory_equal(joined, text, used);
	assert_true(lines <= CHARS * 3 / (PIPE_BUF - 40) + 1);
	free(text);
	free(out);
	free(joined);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_has_level_and_pid),
		cmocka_unit_test(a_line_break_makes_two_lines),
		cmocka_unit_test(nothing_is_no_line),
		cmocka_unit_test(without_reeve_a_line_is_plain),
		cmocka_unit_test(a_long_text_becomes_lines_that_are_written_at_once),
	};

	(void)alarm(200);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
