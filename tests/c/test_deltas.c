/* links: engine/deltas */
/* deltas: what is put in comes out, of every type and to its extremes; what is the same costs nothing; what
 * is cut off is never taken for whole. */
#include "base/mem.h"
#include "engine/deltas.h"
#include "test.h"

#include <stdio.h>
#include <string.h>

#define FIELDS 4

static const char schema[] = "first n:i on:b text:s m:i\nempty\nlast on:b\n";

/* ---- the reading side, by docs/RECORDING.md */

struct reader {
	const unsigned char *at, *end;
	int64_t numbers[FIELDS]; /* the last record's */
	char text[600];
	size_t length;
	bool broken;
};

static uint64_t take_number(struct reader *r)
{
	uint64_t n = 0;

	for (unsigned shift = 0; r->at < r->end && shift < 64; shift += 7) {
		unsigned char byte = *r->at++;
		n |= (uint64_t)(byte & 127) << shift;
		if (byte < 128)
			return n;
	}
	r->broken = true;
	return 0;
}

static void take_text(struct reader *r)
{
	uint64_t len = take_number(r);

	if (len > (uint64_t)(r->end - r->at) || len > sizeof r->text) {
		r->broken = true;
		return;
	}
	memcpy(r->text, r->at, len);
	r->length = len;
	r->at += len;
}

/* A record of kind `first`. */
static void take_first(struct reader *r)
{
	uint64_t kind = take_number(r), changed = take_number(r);

	r->broken |= kind != 1 || changed >> FIELDS != 0;
	for (int i = 0; i < FIELDS && !r->broken; i++) {
		uint64_t n;
		if ((changed >> i & 1) == 0)
			continue;
		if (i == 1) {
			r->numbers[i] = !r->numbers[i];
		} else if (i == 2) {
			take_text(r);
		} else {
			n = take_number(r);
			r->numbers[i] = (int64_t)((uint64_t)r->numbers[i] + (n >> 1 ^ (0 - (n & 1))));
		}
	}
}

/* ---- records */

static char long_text[500];

static const struct {
	int64_t n;
	bool on;
	const char *text;
	size_t length;
	int64_t m;
} rows[] = {
	{0, false, "", 0, 0},
	{1, true, "a", 1, -1},
	{INT64_MAX, true, "a\0b\n", 4, INT64_MIN},
	{INT64_MIN, false, "a\0b\n", 4, INT64_MAX},
	{INT64_MAX, false, "a\0c\n", 4, INT64_MIN},
	{63, true, long_text, sizeof long_text, 64},
	{-64, true, long_text, sizeof long_text - 1, -65},
	{INT64_C(1) << 32, false, "", 0, -(INT64_C(1) << 53)},
	{0, false, "", 0, 0},
};

#define ROWS (sizeof rows / sizeof *rows)

static void define(struct deltas *d)
{
	struct err e;

	memset(long_text, 'x', sizeof long_text);
	assert_int_equal(deltas_define(d, schema, &e), 0);
}

static void put(struct deltas *d, size_t row, struct buf *out)
{
	const struct delta_value values[FIELDS] = {{.number = rows[row].n}, {.number = rows[row].on},
		{.text = rows[row].text, .length = rows[row].length}, {.number = rows[row].m}};

	deltas_put(d, 0, values, out);
}

static void assert_row(const struct reader *r, size_t row)
{
	assert_false(r->broken);
	assert_true(r->numbers[0] == rows[row].n);
	assert_true(r->numbers[1] == (rows[row].on ? 1 : 0));
	assert_true(r->numbers[3] == rows[row].m);
	assert_int_equal(r->length, rows[row].length);
	assert_memory_equal(r->text, rows[row].text, r->length);
}

static struct reader read_of(const struct buf *b, size_t len)
{
	return (struct reader){
		.at = (const unsigned char *)buf_text(b), .end = (const unsigned char *)buf_text(b) + len};
}

static void records_come_out_as_they_went_in(void **state)
{
	struct deltas d;
	struct buf out = {0};
	struct reader r;

	(void)state;
	define(&d);
	for (size_t i = 0; i < ROWS; i++)
		put(&d, i, &out);
	r = read_of(&out, out.used);
	for (size_t i = 0; i < ROWS; i++) {
		take_first(&r);
		assert_row(&r, i);
	}
	assert_true(r.at == r.end);
	buf_free(&out);
	deltas_free(&d);
}

/* From each row to each other one. */
static void every_difference_comes_out(void **state)
{
	struct deltas d;
	struct buf out = {0};

	(void)state;
	define(&d);
	for (size_t i = 0; i < ROWS * ROWS; i++) {
		struct reader r;
		out.used = 0;
		deltas_reset(&d);
		put(&d, i / ROWS, &out);
		put(&d, i % ROWS, &out);
		r = read_of(&out, out.used);
		take_first(&r);
		assert_row(&r, i / ROWS);
		take_first(&r);
		assert_row(&r, i % ROWS);
		assert_true(r.at == r.end);
	}
	buf_free(&out);
	deltas_free(&d);
}

static void what_is_the_same_costs_two_bytes(void **state)
{
	struct deltas d;
	struct buf out = {0};

	(void)state;
	define(&d);
	put(&d, 5, &out);
	out.used = 0;
	put(&d, 5, &out);
	assert_int_equal(out.used, 2);
	assert_memory_equal(out.data, "\1\0", 2);
	buf_free(&out);
	deltas_free(&d);
}

static void after_a_reset_records_stand_for_themselves(void **state)
{
	struct deltas d;
	struct buf first = {0}, again = {0};

	(void)state;
	define(&d);
	put(&d, 2, &first);
	deltas_reset(&d);
	put(&d, 2, &again);
	assert_int_equal(again.used, first.used);
	assert_memory_equal(again.data, first.data, first.used);
	buf_free(&first);
	buf_free(&again);
	deltas_free(&d);
}

static void a_record_that_is_cut_off_is_never_whole(void **state)
{
	struct deltas d;
	struct buf out = {0};

	(void)state;
	define(&d);
	for (size_t i = 1; i < ROWS; i++) {
		out.used = 0;
		deltas_reset(&d);
		put(&d, i, &out);
		for (size_t len = 0; len < out.used; len++) {
			struct reader r = read_of(&out, len);
			take_first(&r);
			assert_true(r.broken);
		}
	}
	buf_free(&out);
	deltas_free(&d);
}

static void kinds_have_numbers_and_notes_are_texts(void **state)
{
	static const char expected[] = "\2\0\3\1\3\0\0\3a\0b";
	struct deltas d;
	struct buf out = {0};

	(void)state;
	define(&d);
	assert_int_equal(deltas_find(&d, "first"), 0);
	assert_int_equal(deltas_find(&d, "last"), 2);
	assert_int_equal(deltas_find(&d, "las"), -1);
	deltas_put(&d, 1, NULL, &out);
	deltas_put(&d, 2, &(struct delta_value){.number = 1}, &out);
	deltas_put(&d, 2, &(struct delta_value){.number = 1}, &out);
	deltas_note("a\0b", 3, &out);
	assert_int_equal(out.used, sizeof expected - 1);
	assert_memory_equal(out.data, expected, out.used);
	buf_free(&out);
	deltas_free(&d);
}

/* ---- schemas */

static void assert_refused(const char *text, const char *why)
{
	struct deltas d;
	struct err e;

	assert_int_equal(deltas_define(&d, text, &e), -1);
	assert_non_null(strstr(e.text, why));
	deltas_free(&d);
}

/* `n` times `word` behind `begin`; the caller frees it. */
static char *many(const char *begin, const char *word, size_t n)
{
	struct buf b = {0};
	char *text;

	buf_print(&b, "%s", begin);
	for (size_t i = 0; i < n; i++)
		buf_print(&b, "%s", word);
	text = mem_text(buf_text(&b));
	buf_free(&b);
	return text;
}

static void a_schema_that_is_none_is_refused(void **state)
{
	static const char *const words[] = {"plain", "n:", "n:x", "n:ii", ":"};
	char text[40], *wide = many("k", " n:i", DELTAS_FIELDS_MOST + 1),
		       *tall = many("", "k n:i\n", DELTAS_KINDS_MOST + 1);

	(void)state;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		(void)snprintf(text, sizeof text, "k a:i %s b:s", words[i]);
		assert_refused(text, "of 'k' is no field");
	}
	assert_refused(wide, "one too many");
	assert_refused(tall, "more than 60 kinds");
	free(wide);
	free(tall);
}

static void the_largest_schema_is_taken(void **state)
{
	char *text = many("k", " n:s", DELTAS_FIELDS_MOST);
	struct deltas d;
	struct buf out = {0};
	struct delta_value values[DELTAS_FIELDS_MOST];
	struct err e;

	(void)state;
	assert_int_equal(deltas_define(&d, text, &e), 0);
	for (size_t i = 0; i < DELTAS_FIELDS_MOST; i++)
		values[i] = (struct delta_value){0, "v", 1};
	deltas_put(&d, 0, values, &out);
	assert_int_equal(out.used, 1 + 5 + 2 * DELTAS_FIELDS_MOST); /* 32 bits are five times seven */
	buf_free(&out);
	deltas_free(&d);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_come_out_as_they_went_in),
		cmocka_unit_test(every_difference_comes_out),
		cmocka_unit_test(what_is_the_same_costs_two_bytes),
		cmocka_unit_test(after_a_reset_records_stand_for_themselves),
		cmocka_unit_test(a_record_that_is_cut_off_is_never_whole),
		cmocka_unit_test(kinds_have_numbers_and_notes_are_texts),
		cmocka_unit_test(a_schema_that_is_none_is_refused),
		cmocka_unit_test(the_largest_schema_is_taken),
	};

	return cmocka_run_group_tests_name("deltas", tests, NULL, NULL);
}
