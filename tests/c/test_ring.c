/* links: engine/ring; wrap: pwrite pwritev */
/* ring: blocks are found again by the next engine, a torn one ends the segment, the oldest segment goes
 * first, and a disk that fails changes nothing. */
#include "engine/ring.h"
#include "test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#define SIZE RING_LEAST

/* ---- a disk that fails when it is told to */

static struct {
	int error;  /* of each write from now on; 0: none */
	size_t cut; /* the next write takes only so much; SIZE_MAX: all */
	int calls;
} disk = {0, SIZE_MAX, 0};

ssize_t __wrap_pwrite(int fd, const void *bytes, size_t len, off_t at);
ssize_t __wrap_pwritev(int fd, const struct iovec *parts, int n, off_t at);
ssize_t __real_pwrite(int fd, const void *bytes, size_t len, off_t at);

/* Bytes that are written, -1: errno. */
static ssize_t allowed(size_t len)
{
	size_t cut = disk.cut;

	disk.calls++;
	if (cut != SIZE_MAX) {
		disk.cut = SIZE_MAX;
		return (ssize_t)(cut < len ? cut : len);
	}
	if (disk.error != 0) {
		errno = disk.error;
		return -1;
	}
	return (ssize_t)len;
}

ssize_t __wrap_pwrite(int fd, const void *bytes, size_t len, off_t at)
{
	ssize_t n = allowed(len);

	return n > 0 ? __real_pwrite(fd, bytes, (size_t)n, at) : n;
}

ssize_t __wrap_pwritev(int fd, const struct iovec *parts, int n, off_t at)
{
	size_t len = 0, done = 0;
	ssize_t most;

	for (int i = 0; i < n; i++)
		len += parts[i].iov_len;
	most = allowed(len);
	for (int i = 0; i < n && most > 0 && done < (size_t)most; i++) {
		size_t left = (size_t)most - done, part = parts[i].iov_len;
		ssize_t got =
			__real_pwrite(fd, parts[i].iov_base, part < left ? part : left, at + (off_t)done);
		assert_true(got >= 0);
		done += (size_t)got;
	}
	return most;
}

/* ---- a file, and one engine after the other */

static int file = -1;

static int set_up(void **state)
{
	(void)state;
	disk.error = 0;
	disk.cut = SIZE_MAX;
	file = memfd_create("test-ring", MFD_CLOEXEC);
	return file < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
	(void)state;
	return close(file);
}

/* An open file of its own, as each engine has one: locks are by open file. */
static int open_again(void)
{
	char path[40];
	FILE *f;
	int fd;

	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", file);
	f = fopen(path, "r+");
	assert_non_null(f);
	fd = dup(fileno(f));
	assert_int_equal(fclose(f), 0);
	assert_true(fd >= 0);
	return fd;
}

static void attach(struct ring *r)
{
	struct err e;

	assert_int_equal(ring_attach(r, open_again(), SIZE, &e), 1);
}

static void append(struct ring *r, const char *text)
{
	assert_int_equal(ring_append(r, 'I', 0, 1000, text, strlen(text)), 0);
}

/* A new ring with blocks in its first segment. */
static void begin(struct ring *r, int blocks)
{
	attach(r);
	assert_int_equal(ring_next(r, 1), 0);
	for (int i = 0; i < blocks; i++)
		append(r, "a block");
}

/* The next engine finds the end where this one stands. */
static void assert_found_again(struct ring *r)
{
	struct ring was = *r, next;

	ring_close(r);
	attach(&next);
	assert_int_equal(next.segment, was.segment);
	assert_int_equal(next.sequence, was.sequence);
	assert_int_equal(next.at, was.at);
	assert_int_equal(next.block, was.block);
	assert_int_equal(next.generation, was.generation);
	*r = next;
}

static void flip(uint64_t at)
{
	unsigned char byte;

	assert_int_equal(pread(file, &byte, 1, (off_t)at), 1);
	byte ^= 1;
	assert_int_equal(__real_pwrite(file, &byte, 1, (off_t)at), 1);
}

/* ---- what is found */

static void a_new_file_is_fresh_and_takes_no_block_before_a_segment(void **state)
{
	struct ring r;

	(void)state;
	attach(&r);
	assert_true(r.fresh);
	assert_int_equal(r.sequence, 0);
	assert_int_equal(ring_append(&r, 'I', 0, 1, "x", 1), -1);
	assert_int_equal(errno, EFBIG);
	assert_int_equal(ring_next(&r, 1), 0);
	assert_int_equal(r.segment, 0);
	append(&r, "x");
	ring_close(&r);
	attach(&r);
	assert_false(r.fresh);
	ring_close(&r);
}

static void the_next_engine_goes_on_behind_the_last_block(void **state)
{
	static const char texts[][12] = {"", "1", "12345678", "123456789"};
	struct ring r;

	(void)state;
	begin(&r, 0);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		append(&r, texts[i]);
		assert_found_again(&r);
	}
	assert_int_equal(r.generation, 0);
	assert_int_equal(ring_append(&r, 'G', 1, 7, "config", 6), 0);
	assert_int_equal(r.generation, ring_sum(0, "config", 6));
	assert_found_again(&r);
	ring_close(&r);
}

static void one_engine_has_it_at_a_time(void **state)
{
	struct ring r, other;
	struct err e;
	int fd;

	(void)state;
	begin(&r, 1);
	fd = open_again();
	assert_int_equal(ring_attach(&other, fd, SIZE, &e), 0);
	assert_found_again(&r); /* which gave it up in between */
	ring_close(&r);
	assert_int_equal(ring_attach(&other, fd, SIZE, &e), 1);
	ring_close(&other);
}

static void a_strangers_file_is_left_alone(void **state)
{
	static const char text[] = "minutes of the meeting\n";
	char now[sizeof text] = "";
	struct ring r;
	struct err e;
	int fd = open_again();

	(void)state;
	assert_int_equal(__real_pwrite(file, text, sizeof text, 0), sizeof text);
	assert_int_equal(ring_attach(&r, fd, SIZE, &e), -1);
	assert_non_null(strstr(e.text, "is no recording of Reeve's; move it away"));
	assert_int_equal(pread(file, now, sizeof now, 0), sizeof now);
	assert_string_equal(now, text);
	assert_int_equal(ring_attach(&r, fd, SIZE - 1, &e), -1);
	assert_non_null(strstr(e.text, "too small"));
	close(fd);
}

static void another_size_begins_afresh(void **state)
{
	struct ring r;
	struct err e;

	(void)state;
	begin(&r, 3);
	ring_close(&r);
	assert_int_equal(ring_attach(&r, open_again(), 2 * SIZE, &e), 1);
	assert_true(r.fresh);
	assert_int_equal(r.sequence, 0);
	ring_close(&r);
}

/* ---- damage */

/* Each bit of the last block that counts, and each of the one before: what stands behind is lost with it. */
static void a_block_with_a_wrong_byte_ends_the_segment(void **state)
{
	const uint64_t size = RING_BLOCK_HEAD + sizeof "a block" - 1;
	struct ring r, found;

	(void)state;
	begin(&r, 3);
	ring_close(&r);
	for (uint64_t i = 0; i < 2 * size; i++) {
		uint64_t at = RING_HEAD + RING_SEGMENT_HEAD + size + i;
		flip(at);
		attach(&found);
		assert_int_equal(found.block, i < size ? 2 : 3);
		assert_int_equal(found.at, RING_SEGMENT_HEAD + (i < size ? size : 2 * size));
		ring_close(&found);
		flip(at);
	}
	attach(&found);
	assert_int_equal(found.block, 4);
	ring_close(&found);
}

static void a_torn_block_is_written_over(void **state)
{
	const size_t whole = RING_BLOCK_HEAD + 20;
	struct ring r;

	(void)state;
	begin(&r, 1);
	for (size_t cut = 0; cut < whole; cut++) {
		uint32_t block = r.block;
		disk.cut = cut; /* and then the disk is full for good */
		disk.error = ENOSPC;
		assert_int_equal(ring_append(&r, 'I', 0, 5, "twenty bytes of text", 20), -1);
		disk.error = 0;
		disk.cut = SIZE_MAX;
		assert_int_equal(r.block, block);
		assert_found_again(&r);
	}
	append(&r, "goes on");
	assert_int_equal(r.block, 3);
	assert_found_again(&r);
	ring_close(&r);
}

static void a_segment_with_a_wrong_head_was_never_written(void **state)
{
	struct ring r, found;

	(void)state;
	begin(&r, 1);
	assert_int_equal(ring_next(&r, 2), 0);
	append(&r, "in the second");
	for (uint64_t i = 0; i < RING_SEGMENT_HEAD; i++) {
		uint64_t at = RING_HEAD + r.segment_size + i;
		flip(at);
		ring_close(&r);
		attach(&found);
		assert_int_equal(found.sequence, 1);
		assert_int_equal(found.segment, 0);
		assert_int_equal(found.block, 2);
		flip(at);
		r = found;
	}
	ring_close(&r);
	attach(&found);
	assert_int_equal(found.sequence, 2);
	assert_int_equal(found.block, 2);
	ring_close(&found);
}

/* ---- a disk that fails */

static void an_error_changes_nothing(void **state)
{
	static const int errors[] = {ENOSPC, EIO, EDQUOT};
	struct ring r, was;

	(void)state;
	begin(&r, 2);
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
		was = r;
		disk.error = errors[i];
		assert_int_equal(ring_append(&r, 'G', 0, 5, "lost", 4), -1);
		assert_int_equal(errno, errors[i]);
		assert_int_equal(ring_next(&r, 5), -1);
		assert_int_equal(errno, errors[i]);
		assert_memory_equal(&r, &was, sizeof r);
		disk.error = 0;
		append(&r, "there is room again");
		assert_found_again(&r);
	}
	ring_close(&r);
}

static void a_disk_that_is_full_at_the_begin_is_said(void **state)
{
	struct ring r;
	struct err e;
	int fd = open_again();

	(void)state;
	disk.error = ENOSPC;
	assert_int_equal(ring_attach(&r, fd, SIZE, &e), -1);
	assert_non_null(strstr(e.text, "cannot be written: No space left on device"));
	assert_int_equal(r.fd, -1);
	disk.error = 0;
	assert_int_equal(ring_attach(&r, fd, SIZE, &e), 1);
	assert_true(r.fresh);
	ring_close(&r);
}

/* Cut anywhere, in the head or in the text: the rest is written behind it. */
static void a_short_write_goes_on(void **state)
{
	struct ring r;

	(void)state;
	begin(&r, 0);
	for (size_t cut = 0; cut < RING_BLOCK_HEAD + 10; cut++) {
		disk.cut = cut;
		disk.calls = 0;
		append(&r, "ten bytes!");
		assert_true(disk.calls >= 2);
		assert_int_equal(r.block, cut + 2);
		assert_found_again(&r);
	}
	disk.cut = 5;
	assert_int_equal(ring_next(&r, 9), 0);
	assert_found_again(&r);
	ring_close(&r);
}

/* ---- all the way round */

static void what_does_not_fit_is_refused_and_what_fits_is_taken_to_the_last_byte(void **state)
{
	struct ring r;
	size_t room;
	char *bytes;

	(void)state;
	begin(&r, 0);
	room = (size_t)ring_room(&r);
	assert_int_equal(room, r.segment_size - RING_SEGMENT_HEAD - RING_BLOCK_HEAD);
	bytes = calloc(1, room + 1);
	assert_non_null(bytes);
	assert_int_equal(ring_append(&r, 'I', 0, 5, bytes, room + 1), -1);
	assert_int_equal(errno, EFBIG);
	assert_int_equal(r.block, 1);
	assert_int_equal(ring_append(&r, 'I', 0, 5, bytes, room), 0);
	assert_int_equal(ring_room(&r), 0);
	assert_found_again(&r);
	assert_int_equal(ring_append(&r, 'I', 0, 5, "", 0), -1);
	assert_int_equal(errno, EFBIG);
	free(bytes);
	ring_close(&r);
}

static void segments_are_taken_in_turn_and_the_oldest_is_written_over(void **state)
{
	struct ring r;

	(void)state;
	begin(&r, 5);
	for (uint64_t sequence = 2; sequence <= 2 * RING_SEGMENTS + 1; sequence++) {
		assert_int_equal(ring_next(&r, sequence), 0);
		assert_int_equal(r.sequence, sequence);
		assert_int_equal(r.segment, (sequence - 1) % RING_SEGMENTS);
		assert_found_again(&r); /* and no block of the round before counts */
		assert_int_equal(r.block, 1);
		append(&r, "a block");
		assert_found_again(&r);
	}
	ring_close(&r);
}

static void a_sum_depends_on_every_byte_and_on_its_seed(void **state)
{
	unsigned char bytes[19] = {0};
	uint64_t bare = ring_sum(1, bytes, sizeof bytes);

	(void)state;
	assert_int_equal(ring_sum(7, bytes, 0), 7);
	assert_true(ring_sum(2, bytes, sizeof bytes) != bare);
	for (size_t i = 0; i < sizeof bytes; i++) {
		bytes[i] = 1;
		assert_true(ring_sum(1, bytes, sizeof bytes) != bare);
		bytes[i] = 0;
	}
	assert_true(ring_sum(ring_sum(1, bytes, 16), bytes + 16, 3) == bare); /* pieces of eights */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		T(a_new_file_is_fresh_and_takes_no_block_before_a_segment),
		T(the_next_engine_goes_on_behind_the_last_block),
		T(one_engine_has_it_at_a_time),
		T(a_strangers_file_is_left_alone),
		T(another_size_begins_afresh),
		T(a_block_with_a_wrong_byte_ends_the_segment),
		T(a_torn_block_is_written_over),
		T(a_segment_with_a_wrong_head_was_never_written),
		T(an_error_changes_nothing),
		T(a_disk_that_is_full_at_the_begin_is_said),
		T(a_short_write_goes_on),
		T(what_does_not_fit_is_refused_and_what_fits_is_taken_to_the_last_byte),
		T(segments_are_taken_in_turn_and_the_oldest_is_written_over),
		T(a_sum_depends_on_every_byte_and_on_its_seed),
#undef T
	};

	return cmocka_run_group_tests_name("ring", tests, NULL, NULL);
}
