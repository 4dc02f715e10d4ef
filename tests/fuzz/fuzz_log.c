/* links: log/; fuzz_log: what a service writes. The first byte chooses where reads end. Splitting must not
 * depend on that and must use up every byte; what comes out must be one line of valid UTF-8 without control
 * characters. */
#include "base/buf.h"
#include "log/escape.h"
#include "log/line.h"
#include "log/record.h"
#include "log/speaker.h"
#include "log/split.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MOST 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds)
{
	if (!holds)
		abort();
}

static void check_clean(const struct buf *b)
{
	struct buf again = {NULL, 0, 0};

	for (size_t i = 0; i < b->used; i++)
		require((unsigned char)b->data[i] >= 0x20 && b->data[i] != 0x7f);
	escape_text(&again, buf_text(b), b->used);
	require(again.used == b->used && (again.used == 0 || memcmp(again.data, b->data, again.used) == 0));
	buf_free(&again);
}

static void take_line(const char *text, size_t len, struct speakers *all)
{
	struct record r = {.level = LEVEL_ERROR, .service = "web"};
	struct buf clean = {NULL, 0, 0}, form = {NULL, 0, 0};
	struct line l;

	line_parse(text, len, LEVEL_INFO, &l);
	require(l.text >= text && l.text + l.len == text + len);
	require(l.level >= LEVEL_DEBUG && l.level < LEVEL_END && l.pid >= 0);
	if (l.option)
		speaker_option(all, l.pid, l.text, l.len);
	r.prefix = l.prefix;
	r.prefix_len = l.prefix_len;
	r.text = l.text;
	r.len = l.len;
	record_clean(&r, &clean);
	check_clean(&clean);
	record_json(&r, buf_text(&clean), clean.used, &form);
	require(memchr(form.data, '\n', form.used) == form.data + form.used - 1);
	buf_free(&clean);
	buf_free(&form);
}

/* Every piece as one text. `step`: how many bytes more there are at each look. */
static void split_all(const char *data, size_t len, size_t step, struct buf *out, struct speakers *all)
{
	struct split s = {{0}, 0, false, false};
	size_t at = 0, seen = step < len ? step : len;
	struct split_piece p;

	split_name(&s, "web");
	while (at < len) {
		split_next(&s, data + at, seen - at, MOST, seen == len, &p);
		require(p.what != SPLIT_NAME && (p.what != SPLIT_MORE || seen < len));
		if (p.what == SPLIT_MORE) {
			seen = seen + step < len ? seen + step : len;
			continue;
		}
		require(p.taken > 0 && p.taken <= seen - at && p.len <= MOST);
		if (p.what == SPLIT_LINE) {
			buf_print(out, "%d%d%zu:", p.continues, p.cut, p.len);
			buf_add(out, p.text, p.len);
			take_line(p.text, p.len, all);
		}
		at += p.taken;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf whole = {NULL, 0, 0}, parts = {NULL, 0, 0};
	struct speakers all;
	char *copy;

	if (size < 2)
		return 0;
	copy = malloc(size - 1); /* exactly so long, for the sanitizer */
	require(copy != NULL);
	memcpy(copy, data + 1, size - 1);
	speakers_init(&all);
	split_all(copy, size - 1, size, &whole, &all);
	split_all(copy, size - 1, 1 + data[0] % 80, &parts, &all);
	require(whole.used == parts.used &&
		(whole.used == 0 || memcmp(whole.data, parts.data, whole.used) == 0));
	speakers_free(&all);
	buf_free(&whole);
	buf_free(&parts);
	free(copy);
	return 0;
}
