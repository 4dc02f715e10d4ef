/* links: log/; log's parts: splitting, lines, escapes, rate, forms, queue, sinks, ring, settings. */
#include "base/fd.h"
#include "base/mem.h"
#include "log/errors.h"
#include "log/escape.h"
#include "log/line.h"
#include "log/pipe.h"
#include "log/rate.h"
#include "log/settings.h"
#include "log/sink.h"
#include "log/speaker.h"
#include "log/split.h"
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* ---- splitting */

static const char stream[] =
	"plain\n"
	"\xfe\x03\xff\x02\x0a\0\0\0web-serv: after a handshake\n" /* its length is an LF */
	"\0with\0NULs\0\n"
	"\n"
	"\001\00412 headed\n"
	"\xfe\x03\xff\x02\x06\0\0\0chat: forged\n"
	"in \xfe\x03\xff\x02\x0a\0\0\0web-serv: the middle\n"
	"0123456789012345678901234567890123456789 is above the bound of this test\n"
	"no end";

#define MOST 24

static void print_piece(struct buf *out, const struct split_piece *p)
{
	static const char *const names[] = {"more", "line", "name", "frame"};

	buf_print(out, "%s%s%s|", p->continues ? "+" : "", names[p->what], p->cut ? "+" : "");
	if (p->what == SPLIT_LINE || p->what == SPLIT_NAME)
		buf_add(out, p->text, p->len);
	buf_print(out, "\n");
}

/* What comes out when the pipe holds `step` more bytes at each look, the first time `first`. */
static void split_all(struct buf *out, const char *name, size_t first, size_t step)
{
	struct split s = {{0}, 0, false, false};
	size_t at = 0, seen = first, len = sizeof stream - 1;
	struct split_piece p;

	if (name != NULL)
		split_name(&s, name);
	for (;;) {
		split_next(&s, stream + at, seen - at, MOST, seen == len, &p);
		if (p.what == SPLIT_MORE && seen == len)
			break;
		if (p.what == SPLIT_MORE) {
			seen = seen + step < len ? seen + step : len;
			continue;
		}
		print_piece(out, &p);
		at += p.taken;
		if (p.what == SPLIT_NAME)
			split_name(&s, "web-serv");
	}
	assert_int_equal(at, len);
}

static void a_stream_is_split_alike_wherever_the_reads_end(void **state)
{
	struct buf whole = {NULL, 0, 0};

	(void)state;
	split_all(&whole, "web-serv", sizeof stream - 1, 1);
	for (size_t first = 0; first < sizeof stream; first++) {
		for (size_t step = 1; step < sizeof stream; step = step * 3 + 1) {
			struct buf parts = {NULL, 0, 0};
			split_all(&parts, "web-serv", first, step);
			assert_int_equal(parts.used, whole.used);
			assert_memory_equal(parts.data, whole.data, whole.used);
			buf_free(&parts);
		}
	}
	assert_non_null(memmem(whole.data, whole.used, "line|plain\nframe|\nline|after a", 29));
	assert_non_null(memmem(whole.data, whole.used, "line|\0with\0NULs\0\nline|\n", 22));
	assert_non_null(memmem(whole.data, whole.used, "chat: forged\n", 13));
	assert_non_null(memmem(whole.data, whole.used, "line+|012345678901234567890123\n+line+|", 37));
	assert_non_null(memmem(whole.data, whole.used, "line|no end\n", 12));
	buf_free(&whole);
}

static void only_the_first_bytes_can_name_a_pipe(void **state)
{
	static const char first[] = "\xfe\x03\xff\x02\x05\0\0\0web: x\n";
	struct split s = {{0}, 0, false, false};
	struct split_piece p;

	(void)state;
	for (size_t n = 0; n < 13; n++) {
		split_next(&s, first, n, MOST, false, &p);
		assert_int_equal(p.what, SPLIT_MORE);
	}
	split_next(&s, first, 13, MOST, false, &p);
	assert_int_equal(p.what, SPLIT_NAME);
	assert_int_equal(p.taken, 13);
	assert_memory_equal(p.text, "web: ", 5);
	split_next(&s, first, sizeof first - 1, MOST, false, &p); /* again, and nobody took the name */
	assert_int_equal(p.what, SPLIT_LINE);
}

static void a_handshake_with_a_strange_name_is_text(void **state)
{
	static const char *const strange[] = {"\xfe\x03\xff\x02\x03\0\0\0a\nb\n",
		"\xfe\x03\xff\x02\0\0\0\0\n", "\xfe\x03\xff\x02\xff\xff\xff\xff\n"};
	static const size_t len[] = {12, 9, 9};
	struct split_piece p;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct split s = {{0}, 0, false, false};
		split_next(&s, strange[i], len[i], MOST, false, &p);
		assert_int_equal(p.what, SPLIT_LINE);
	}
}

static void ten_megabytes_without_an_end_lose_nothing(void **state)
{
	size_t len = 10 << 20, at = 0, pieces = 0;
	char *line = malloc(len + 1);
	struct split s = {{0}, 0, false, false};
	struct split_piece p;

	(void)state;
	assert_non_null(line);
	for (size_t i = 0; i < len; i++)
		line[i] = "\xe2\x82\xac"[i % 3]; /* euro signs */
	line[len] = '\n';
	split_name(&s, "web");
	while (at <= len) {
		split_next(&s, line + at, len + 1 - at, SPLIT_LINE_MOST, false, &p);
		assert_int_equal(p.what, SPLIT_LINE);
		assert_int_equal(p.continues, at > 0);
		assert_ptr_equal(p.text, line + at);
		assert_true(p.len <= SPLIT_LINE_MOST);
		assert_int_equal(at % 3, 0); /* never within a character */
		assert_int_equal(p.taken, p.len + !p.cut);
		at += p.taken;
		pieces++;
	}
	assert_int_equal(at, len + 1);
	assert_false(p.cut);
	assert_true(pieces >= len / SPLIT_LINE_MOST);
	free(line);
}

/* ---- lines */

static void a_header_is_read_and_a_wrong_one_is_text(void **state)
{
	static const struct {
		const char *line;
		bool header, option, own;
		enum level level;
		int pid;
		const char *prefix, *text;
	} rows[] = {
		{"\001\00412 text", true, false, false, LEVEL_ERROR, 12, NULL, "text"},
		{"\001\0011 ", true, false, false, LEVEL_DEBUG, 1, NULL, ""},
		{"\001\20412 own: text", true, false, true, LEVEL_ERROR, 12, NULL, "own: text"},
		{"\001\304712 5 own: text", true, false, true, LEVEL_ERROR, 712, "own: ", "text"},
		{"\001\304712 500 own: text", false, false, false, LEVEL_ERROR, 0, NULL,
			"\001\304712 500 own: text"},
		{"\001\0107 ip=::1", true, true, false, LEVEL_DEBUG, 7, NULL, "ip=::1"},
		{"\001\0077 level 7", false, false, false, LEVEL_ERROR, 0, NULL, "\001\0077 level 7"},
		{"\001\004x text", false, false, false, LEVEL_ERROR, 0, NULL, "\001\004x text"},
		{"\001\0049999999999 text", false, false, false, LEVEL_ERROR, 0, NULL,
			"\001\0049999999999 text"},
		{"\001", false, false, false, LEVEL_ERROR, 0, NULL, "\001"},
		{"<6>quiet", false, false, false, LEVEL_INFO, 0, NULL, "quiet"},
		{"<0>loud", false, false, false, LEVEL_PANIC, 0, NULL, "loud"},
		{"<8>no", false, false, false, LEVEL_ERROR, 0, NULL, "<8>no"},
		{"", false, false, false, LEVEL_ERROR, 0, NULL, ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct line l;
		line_parse(rows[i].line, strlen(rows[i].line), LEVEL_ERROR, &l);
		assert_int_equal(l.header, rows[i].header);
		assert_int_equal(l.option, rows[i].option);
		assert_int_equal(l.has_own, rows[i].own);
		assert_int_equal(l.level, rows[i].level);
		assert_int_equal(l.pid, rows[i].pid);
		assert_int_equal(l.prefix != NULL, rows[i].prefix != NULL);
		if (l.prefix != NULL)
			assert_memory_equal(l.prefix, rows[i].prefix, l.prefix_len);
		assert_int_equal(l.len, strlen(rows[i].text));
		assert_memory_equal(l.text, rows[i].text, l.len);
	}
}

static void what_a_service_writes_comes_out_harmless(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{"plain \\ \"text\"", "plain \\ \"text\""},
		{"tab\t esc\x1b[31m del\x7f cr\r", "tab\\x09 esc\\x1b[31m del\\x7f cr\\x0d"},
		{"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"},
		{"c1 \xc2\x9b", "c1 \\xc2\\x9b"},
		{"\xc3(", "\\xc3("},
		{"\xc0\xaf \xe0\x80\x80 \xed\xa0\x80 \xf5",
			"\\xc0\\xaf \\xe0\\x80\\x80 \\xed\\xa0\\x80 \\xf5"},
		{"cut \xe2\x82", "cut \\xe2\\x82"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct buf out = {NULL, 0, 0};
		escape_text(&out, rows[i].in, strlen(rows[i].in));
		assert_string_equal(buf_text(&out), rows[i].out);
		buf_free(&out);
	}
}

/* ---- rate */

static void a_rate_counts_exactly_what_it_refuses(void **state)
{
	struct rate r = {.most = 10};
	unsigned passed = 0;
	uint64_t now = 5000;

	(void)state;
	for (int i = 0; i < 100; i++)
		passed += rate_take(&r, now + (uint64_t)i);
	assert_int_equal(passed, 10);
	assert_int_equal(rate_told(&r, now + 999), 0); /* not yet */
	assert_int_equal(rate_told(&r, now + 1000), 90);
	assert_int_equal(rate_told(&r, now + 1001), 0);
	assert_true(rate_take(&r, now + 1002));
	r.most = 0;
	for (int i = 0; i < 100; i++)
		assert_true(rate_take(&r, now));
}

/* ---- forms */

static struct record sample(void)
{
	struct record r = {.at = {1700000000, 7000}, .level = LEVEL_ERROR, .service = "web", .pid = 12};

	r.prefix = "joe: ";
	r.prefix_len = 5;
	r.text = "say \"hi\"\n\xff";
	r.len = 10;
	return r;
}

static void a_line_has_time_level_service_pid_and_text(void **state)
{
	struct record r = sample();
	struct buf clean = {NULL, 0, 0}, out = {NULL, 0, 0};

	(void)state;
	record_clean(&r, &clean);
	assert_string_equal(clean.data, "joe: say \"hi\"\\x0a\\xff");
	record_text(&r, clean.data, clean.used, NULL, &out);
	r.pid = 0;
	record_text(&r, clean.data, clean.used, "%Y ", &out);
	assert_string_equal(out.data,
		"2023-11-14T22:13:20.000007+00:00 error web[12]: joe: say \"hi\"\\x0a\\xff\n"
		"2023 error web: joe: say \"hi\"\\x0a\\xff\n");
	buf_drop(&out, out.used);
	record_json(&r, clean.data, clean.used, &out);
	assert_string_equal(out.data,
		"{\"time\":\"2023-11-14T22:13:20.000007+00:00\",\"level\":\"error\",\"service\":\"web\","
		"\"text\":\"joe: say \\\"hi\\\"\\\\x0a\\\\xff\"}\n");
	buf_drop(&clean, clean.used);
	r.continues = r.cut = true;
	record_clean(&r, &clean);
	assert_string_equal(clean.data, "[continued] say \"hi\"\\x0a\\xff [more follows]");
	buf_free(&out);
	buf_free(&clean);
}

/* ---- queue */

static void a_queue_gives_back_every_byte_however_it_is_written(void **state)
{
	struct queue q = {{NULL, 0, 0}, 0, 0, 0};
	struct buf in = {NULL, 0, 0}, out = {NULL, 0, 0};
	uint64_t seed = test_seed();

	(void)state;
	for (int i = 0; i < 20000; i++) {
		char text[40];
		struct iovec io[5];
		size_t left, written = 0;
		int n = snprintf(
			text, sizeof text, "%d%.*s\n", i, (int)test_below(&seed, 20), "xxxxxxxxxxxxxxxxxxxx");
		queue_add(&q, text, (size_t)n);
		buf_add(&in, text, (size_t)n);
		if (test_below(&seed, 3) == 0)
			continue;
		left = test_below(&seed, 100);
		n = queue_peek(&q, io, 5);
		for (int k = 0; k < n && left > 0; k++) {
			size_t part = io[k].iov_len < left ? io[k].iov_len : left;
			buf_add(&out, io[k].iov_base, part);
			left -= part;
			written += part;
		}
		queue_written(&q, written);
	}
	while (q.count > 0) {
		struct iovec io;
		assert_int_equal(queue_peek(&q, &io, 1), 1);
		buf_add(&out, io.iov_base, io.iov_len);
		queue_written(&q, io.iov_len);
	}
	assert_int_equal(queue_size(&q), 0);
	assert_int_equal(in.used, out.used);
	assert_memory_equal(in.data, out.data, in.used);
	queue_free(&q);
	buf_free(&in);
	buf_free(&out);
}

/* ---- sinks */

static char dir[64];

static int make_dir(void **state)
{
	(void)state;
	(void)setenv("TZ", "UTC", 1);
	(void)strcpy(dir, "/tmp/test_log.XXXXXX");
	return mkdtemp(dir) == NULL;
}

static int remove_dir(void **state)
{
	char command[100];

	(void)state;
	(void)snprintf(command, sizeof command, "rm -rf %s", dir);
	return system(command) != 0;
}

static const char *in_dir(const char *name)
{
	static char path[4][100];
	static int n;

	n = (n + 1) % 4;
	(void)snprintf(path[n], sizeof path[n], "%s/%s", dir, name);
	return path[n];
}

static void assert_file(const char *path, const char *expected)
{
	char text[4096] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, text, sizeof text - 1);

	assert_true(n >= 0);
	(void)close(fd);
	assert_string_equal(text, expected);
}

static void put(struct sink *s, const char *text)
{
	struct record r = {.level = LEVEL_INFO, .service = "web", .text = text, .len = strlen(text)};

	r.pid = 5;
	s->timestamp = "T";
	s->instance = "reeve";
	sink_put(s, &r, text, strlen(text));
}

static void a_file_that_ends_in_half_a_line_gets_its_end(void **state)
{
	const char *path = in_dir("half");
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	struct sink s;

	(void)state;
	assert_int_equal(write(fd, "half", 4), 4);
	(void)close(fd);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(sink_init(&s, path, NULL), 0);
		assert_int_equal(sink_open(&s, NULL), 0);
		put(&s, "whole");
		assert_true(sink_flush(&s, 1));
		sink_close(&s);
	}
	assert_file(path, "half\nT info web[5]: whole\nT info web[5]: whole\n");
}

static void a_file_that_was_moved_is_noticed_and_made_again(void **state)
{
	const char *path = in_dir("moved"), *old = in_dir("moved.1");
	struct sink s;

	(void)state;
	assert_int_equal(sink_init(&s, path, NULL), 0);
	assert_int_equal(sink_open(&s, NULL), 0);
	put(&s, "one");
	assert_true(sink_flush(&s, 1));
	assert_false(sink_moved(&s, 5000));
	assert_int_equal(rename(path, old), 0);
	assert_false(sink_moved(&s, 5999)); /* once a second */
	assert_true(sink_moved(&s, 6000));
	put(&s, "two");
	assert_int_equal(sink_reopen(&s, NULL), 0);
	assert_true(sink_flush(&s, 1));
	assert_false(sink_moved(&s, 9000));
	assert_file(old, "T info web[5]: one\n");
	assert_file(path, "T info web[5]: two\n");
	sink_close(&s);
}

static void a_full_disk_keeps_lines_until_it_has_room(void **state)
{
	const char *path = in_dir("full");
	struct sink s;

	(void)state;
	assert_int_equal(symlink("/dev/full", path), 0);
	assert_int_equal(sink_init(&s, path, NULL), 0);
	assert_int_equal(sink_open(&s, NULL), 0);
	put(&s, "one");
	put(&s, "two");
	assert_false(sink_flush(&s, 77));
	assert_int_equal(s.error, ENOSPC);
	assert_int_equal(s.stuck_ms, 77);
	assert_int_equal(s.queue.count, 2);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(sink_reopen(&s, NULL), 0);
	assert_true(sink_flush(&s, 78));
	assert_file(path, "T info web[5]: one\nT info web[5]: two\n");
	sink_close(&s);
}

static void a_file_that_may_not_be_opened_is_the_one_that_was_passed(void **state)
{
	const char *path = in_dir("passed");
	struct sink s;
	struct err e;

	(void)state;
	assert_int_equal(sink_init(&s, in_dir("missing/passed"), &e), 0);
	assert_int_equal(sink_open(&s, &e), -1);
	assert_non_null(strstr(e.text, "missing/passed': No such file"));
	s.given = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(sink_open(&s, &e), 0);
	put(&s, "mine");
	assert_true(sink_flush(&s, 1));
	assert_file(path, "T info web[5]: mine\n");
	assert_int_equal(sink_reopen(&s, &e), -1);
	sink_close(&s);
	assert_int_equal(sink_init(&s, "relative.log", &e), -1);
	assert_non_null(strstr(e.text, "'relative.log' is not a place for log lines"));
}

static int datagrams(const char *path)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	(void)snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	return fd;
}

static void syslog_gets_rfc_5424_and_may_come_later(void **state)
{
	char word[120], got[400] = "", expected[400];
	struct sink s;
	int fd;

	(void)state;
	(void)snprintf(word, sizeof word, "syslog:%s", in_dir("dev-log"));
	assert_int_equal(sink_init(&s, word, NULL), 0);
	assert_int_equal(sink_open(&s, NULL), 0);
	s.facility = 3;
	put(&s, "hello");
	assert_false(sink_flush(&s, 1));
	assert_int_equal(s.error, ENOENT);
	fd = datagrams(in_dir("dev-log"));
	assert_true(sink_flush(&s, 1));
	assert_true(recv(fd, got, sizeof got - 1, 0) > 0);
	(void)snprintf(expected, sizeof expected,
		"<30>1 1970-01-01T00:00:00.000000+00:00 %s web 5 - [origin software=\"reeve\"] hello",
		s.host);
	assert_string_equal(got, expected);
	(void)close(fd);
	put(&s, "the daemon is restarted");
	assert_false(sink_flush(&s, 1));
	assert_int_equal(unlink(in_dir("dev-log")), 0);
	fd = datagrams(in_dir("dev-log"));
	assert_true(sink_flush(&s, 1));
	assert_true(recv(fd, got, sizeof got - 1, 0) > 0);
	assert_non_null(strstr(got, "is restarted"));
	(void)close(fd);
	sink_close(&s);
}

static void journald_gets_fields_and_a_memfd_for_what_is_too_long(void **state)
{
	char word[120], got[1000] = "", *large = malloc(100001);
	int fd, passed = -1, small = 4608, before;
	struct stat st;
	struct sink s;

	(void)state;
	assert_non_null(large);
	fd = datagrams(in_dir("journal"));
	(void)snprintf(word, sizeof word, "journald:%s", in_dir("journal"));
	assert_int_equal(sink_init(&s, word, NULL), 0);
	s.facility = 3;
	put(&s, "hello");
	assert_true(sink_flush(&s, 1));
	assert_true(recv(fd, got, sizeof got - 1, 0) > 0);
	assert_string_equal(got,
		"PRIORITY=6\nSYSLOG_FACILITY=3\nSYSLOG_IDENTIFIER=web\nSYSLOG_PID=5\nREEVE_PID=5\n"
		"REEVE_SERVICE=web\nREEVE_INSTANCE=reeve\nMESSAGE=hello\n");
	before = (int)strlen(got) - 5;
	memset(large, 'x', 100000);
	large[100000] = '\0';
	assert_int_equal(setsockopt(s.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
	put(&s, large);
	assert_true(sink_flush(&s, 1));
	assert_int_equal(fd_receive(fd, got, sizeof got, &passed), 0);
	assert_true(passed >= 0);
	assert_int_equal(fstat(passed, &st), 0);
	assert_int_equal(st.st_size, before + 100000);
	assert_true((fcntl(passed, F_GET_SEALS) & F_SEAL_WRITE) != 0);
	(void)close(passed);
	(void)close(fd);
	sink_close(&s);
	free(large);
}

/* ---- what is remembered */

static void the_ring_keeps_the_last_thousand_warnings(void **state)
{
	static struct errors all;
	struct buf out = {NULL, 0, 0};
	char text[40];

	(void)state;
	for (int i = 0; i < 2500; i++) {
		struct record r = {.level = i % 2 ? LEVEL_WARNING : LEVEL_INFO, .service = "web"};
		r.at.tv_sec = i;
		r.pid = 7;
		(void)snprintf(text, sizeof text, "tab\t%d", i);
		errors_add(&all, &r, text, strlen(text));
	}
	errors_print(&all, &out);
	assert_memory_equal(out.data, "warning\t501\tweb[7]: \ttab\001t501\n", 30);
	assert_string_equal(out.data + out.used - 32, "warning\t2499\tweb[7]: \ttab\001t2499\n");
	errors_free(&all);
	buf_free(&out);
}

static void processes_are_forgotten_by_name_and_by_number(void **state)
{
	struct speakers all;

	(void)state;
	speakers_init(&all);
	for (int pid = 1; pid <= SPEAKERS_MOST + 100; pid++)
		speaker_option(&all, pid, "prefix=me: ", 11);
	assert_int_equal(all.oldest.count, SPEAKERS_MOST);
	assert_null(speaker_find(&all, 100));
	assert_memory_equal(speaker_find(&all, 101)->prefix, "me: ", 4);
	speaker_option(&all, 101, "ip=2001:db8::1", 14);
	speaker_option(&all, 101, "what=is this", 12);
	assert_string_equal(speaker_find(&all, 101)->ip, "2001:db8::1");
	speaker_forget(&all, 101);
	assert_null(speaker_find(&all, 101));
	speaker_forget(&all, 101);
	speakers_free(&all);
}

static void a_line_without_a_level_has_that_of_its_pipe(void **state)
{
	struct line l;

	(void)state;
	line_parse("plain", 5, LEVEL_INFO, &l);
	assert_int_equal(l.level, LEVEL_INFO);
	line_parse("<3>marked", 9, LEVEL_INFO, &l);
	assert_int_equal(l.level, LEVEL_ERROR);
	line_parse("\001\0043 header", 10, LEVEL_INFO, &l);
	assert_int_equal(l.level, LEVEL_ERROR);
	line_parse("\001\0077 broken", 10, LEVEL_INFO, &l);
	assert_int_equal(l.level, LEVEL_INFO);
}

/* ---- settings */

static void set_environment(const char *const *pairs)
{
	(void)clearenv();
	(void)setenv("TZ", "UTC", 1);
	for (; pairs[0] != NULL; pairs += 2)
		(void)setenv(pairs[0], pairs[1], 1);
}

static void the_environment_is_read(void **state)
{
	static const char *const good[] = {"SOCKET_COUNT", "4", "SOCKET3_SETTINGS", "log-errors", "LOG_PATH",
		"/x", "INFO_LOG_PATH", "journald", "LOG_NAMES", "7=reeved\t8=my web\t9=chat", "LOG_RATES",
		"8=100", "LOG_OVERFLOWS", "9=drop", "LOG_PIDS", "8=4711", "LOG_LEVELS", "8=info",
		"GENERATION", "3", "LOG_PATH_FD", "11", NULL};
	struct settings s;
	struct err e;

	(void)state;
	set_environment(good);
	assert_int_equal(settings_read(&s, &e), 0);
	assert_int_equal(s.sockets_n, 4);
	assert_true(s.sockets[3].listener && !s.sockets[2].listener);
	assert_string_equal(s.sockets[1].name, "my web");
	assert_int_equal(s.sockets[1].rate, 100);
	assert_int_equal(s.sockets[1].pid, 4711);
	assert_int_equal(s.sockets[1].bare, LEVEL_INFO);
	assert_int_equal(s.sockets[2].bare, LEVEL_ERROR);
	assert_true(s.sockets[2].drop && !s.sockets[1].drop);
	assert_string_equal(s.path[PATH_ERROR], "/x");
	assert_string_equal(s.path[PATH_DEBUG], "journald");
	assert_int_equal(s.path_fd[PATH_ERROR], 11);
	assert_int_equal(s.path_fd[PATH_INFO], -1);
	assert_true(s.reports && s.generation == 3 && s.available == 1);
	settings_free(&s);
}

static void a_wrong_environment_is_named(void **state)
{
	static const struct {
		const char *pair[7], *sentence;
	} rows[] = {
		{{NULL}, "no SOCKET_COUNT: this program is started by reeved"},
		{{"SOCKET_COUNT", "many", NULL}, "SOCKET_COUNT: 'many' is not a number"},
		{{"SOCKET_COUNT", "1", "LOG_NAMES", "8=web", NULL},
			"LOG_NAMES: descriptor 8 is not among the 1 from 7 on"},
		{{"SOCKET_COUNT", "1", "LOG_NAMES", "web", NULL}, "LOG_NAMES: 'web' is not FD=VALUE"},
		{{"SOCKET_COUNT", "1", "LOG_NAMES", "7=a\nb", NULL}, "not printable"},
		{{"SOCKET_COUNT", "1", "LOG_RATES", "7=fast", NULL},
			"LOG_RATES: a rate: 'fast' is not a number"},
		{{"SOCKET_COUNT", "1", "LOG_OVERFLOW", "spill", NULL},
			"'spill' is neither \"block\" nor \"drop\""},
		{{"SOCKET_COUNT", "1", "LOG_LEVELS", "7=loud", NULL}, "LOG_LEVELS: 'loud' is no level"},
		{{"SOCKET_COUNT", "1", "LOG_FORMAT", "xml", NULL}, "LOG_FORMAT: 'xml' is neither"},
		{{"SOCKET_COUNT", "1", "SYSLOG_FACILITY", "post", NULL}, "SYSLOG_FACILITY: 'post' is none"},
		{{"SOCKET_COUNT", "1", "RESTRICT_CHROOT", "/x", NULL}, "remove `chroot`"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct settings s;
		struct err e = {""};
		set_environment(rows[i].pair);
		assert_int_equal(settings_read(&s, &e), -1);
		if (strstr(e.text, rows[i].sentence) == NULL)
			fail_msg("'%s' has no '%s'", e.text, rows[i].sentence);
	}
}

/* ---- a pipe */

static void add_line(void *arg, struct pipe *p, const struct line *line, const struct split_piece *piece)
{
	(void)p, (void)piece;
	buf_add(arg, line->text, line->len);
	buf_add(arg, "|", 1);
}

static void half_a_line_stays_in_the_pipe(void **state)
{
	struct buf out = {NULL, 0, 0};
	struct pipe p, next;
	struct err e;
	int pair[2];

	(void)state;
	assert_int_equal(fd_pipe(pair, 0), 0);
	assert_int_equal(pipe_open(&p, pair[0], "web", &e), 0);
	assert_int_equal(write(pair[1], "one\ntwo\nthr", 11), 11);
	assert_int_equal(pipe_step(&p, SIZE_MAX, 1, add_line, &out), PIPE_MORE);
	assert_string_equal(out.data, "one|");
	assert_int_equal(pipe_step(&p, SIZE_MAX, SIZE_MAX, add_line, &out), PIPE_MORE);
	assert_int_equal(pipe_step(&p, SIZE_MAX, SIZE_MAX, add_line, &out), PIPE_EMPTY);
	assert_int_equal(pipe_holds(&p), 3);
	assert_int_equal(pipe_open(&next, pair[0], "web", &e), 0); /* as after our death */
	assert_int_equal(write(pair[1], "ee\nend", 6), 6);
	assert_int_equal(pipe_step(&next, SIZE_MAX, SIZE_MAX, add_line, &out), PIPE_MORE);
	assert_int_equal(pipe_step(&next, SIZE_MAX, SIZE_MAX, add_line, &out), PIPE_EMPTY);
	(void)close(pair[1]);
	assert_int_equal(pipe_step(&next, SIZE_MAX, SIZE_MAX, add_line, &out), PIPE_MORE);
	assert_int_equal(pipe_step(&next, SIZE_MAX, SIZE_MAX, add_line, &out), PIPE_CLOSED);
	assert_string_equal(out.data, "one|two|three|end|");
	pipe_close(&next);
	buf_free(&out);
	assert_int_equal(pipe_open(&p, open("/dev/null", O_RDWR), "x", &e), -1);
	assert_non_null(strstr(e.text, "is not a pipe"));
}

/* Whatever sizes the writes had, a full pipe without an LF must be read on, or its writer waits for ever. */
static void a_full_pipe_is_always_read_on(void **state)
{
	static const size_t sizes[] = {1, 2049, 4095, 4097, 3000, 70000};
	static const char zeros[70000];

	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct buf out = {NULL, 0, 0};
		struct pipe p;
		struct err e;
		int pair[2];
		assert_int_equal(fd_pipe(pair, 1), 0);
		assert_int_equal(write(pair[1], "odd\n", 4), 4);
		while (write(pair[1], zeros, sizes[i]) > 0) {
		}
		assert_int_equal(pipe_open(&p, pair[0], "web", &e), 0);
		assert_int_equal(pipe_step(&p, SIZE_MAX, 1, add_line, &out), PIPE_MORE);
		while (write(pair[1], zeros, sizes[i]) > 0) {
		}
		assert_int_equal(pipe_step(&p, SIZE_MAX, SIZE_MAX, add_line, &out), PIPE_MORE);
		assert_true(write(pair[1], zeros, 1) > 0);
		(void)close(pair[1]);
		pipe_close(&p);
		buf_free(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stream_is_split_alike_wherever_the_reads_end),
		cmocka_unit_test(only_the_first_bytes_can_name_a_pipe),
		cmocka_unit_test(a_handshake_with_a_strange_name_is_text),
		cmocka_unit_test(ten_megabytes_without_an_end_lose_nothing),
		cmocka_unit_test(a_header_is_read_and_a_wrong_one_is_text),
		cmocka_unit_test(what_a_service_writes_comes_out_harmless),
		cmocka_unit_test(a_rate_counts_exactly_what_it_refuses),
		cmocka_unit_test(a_line_has_time_level_service_pid_and_text),
		cmocka_unit_test(a_queue_gives_back_every_byte_however_it_is_written),
		cmocka_unit_test(a_file_that_ends_in_half_a_line_gets_its_end),
		cmocka_unit_test(a_file_that_was_moved_is_noticed_and_made_again),
		cmocka_unit_test(a_full_disk_keeps_lines_until_it_has_room),
		cmocka_unit_test(a_file_that_may_not_be_opened_is_the_one_that_was_passed),
		cmocka_unit_test(syslog_gets_rfc_5424_and_may_come_later),
		cmocka_unit_test(journald_gets_fields_and_a_memfd_for_what_is_too_long),
		cmocka_unit_test(the_ring_keeps_the_last_thousand_warnings),
		cmocka_unit_test(processes_are_forgotten_by_name_and_by_number),
		cmocka_unit_test(half_a_line_stays_in_the_pipe),
		cmocka_unit_test(a_full_pipe_is_always_read_on),
		cmocka_unit_test(a_line_without_a_level_has_that_of_its_pipe),
		cmocka_unit_test(the_environment_is_read),
		cmocka_unit_test(a_wrong_environment_is_named),
	};

	return cmocka_run_group_tests_name("log", tests, make_dir, remove_dir);
}
