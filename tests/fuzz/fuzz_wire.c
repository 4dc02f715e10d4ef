/* fuzz_wire: any bytes as a frame. First as they are, then with the sums put right, so that the inside of
 * messages is reached; what is read must be written back as the same bytes. */
#include "wire/wire.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void sum_up(unsigned char *at, uint32_t n)
{
	uint32_t h = UINT32_C(2166136261);

	memset(at + 8, 0, 4);
	for (uint32_t i = 0; i < n; i++)
		h = (h ^ at[i]) * UINT32_C(16777619);
	memcpy(at + 8, &h, 4);
}

/* Picks a row for each message by its first byte and gives it a sum. */
static void mend(unsigned char *frame, size_t size)
{
	for (size_t at = 0; size - at >= 12;) {
		uint32_t kind = (uint32_t)wire_table[frame[at] % wire_rows].kind, length;
		memcpy(&length, frame + at + 4, 4);
		length = 12 + length % 512;
		if (length > size - at)
			length = (uint32_t)(size - at);
		memcpy(frame + at, &kind, 4);
		memcpy(frame + at + 4, &length, 4);
		sum_up(frame + at, length);
		at += length;
	}
}

static void check_written_back(
	const struct wire_info *info, const union wire_any *msg, const unsigned char *in, size_t n)
{
	static unsigned char out[WIRE_FRAME_MAX];
	size_t at = 0;

	if (wire_put(out, sizeof out, &at, info, msg) != 0 || at != n || memcmp(out, in, n) != 0)
		abort();
}

static void read_all(const unsigned char *frame, size_t size, int fd)
{
	size_t at = 0;

	while (at < size) {
		union wire_any msg;
		struct err e;
		size_t from = at;
		const struct wire_info *info = wire_get(frame, size, &at, &fd, &msg, &e);
		if (info == NULL)
			return;
		if (at <= from || at > size)
			abort();
		check_written_back(info, &msg, frame + from, at - from);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char *copy =
		malloc(size > 0 ? size : 1); /* of the exact size, so that one byte more is seen */

	if (copy == NULL)
		return 0;
	memcpy(copy, data, size);
	read_all(copy, size, -1);
	mend(copy, size);
	read_all(copy, size, size % 2 ? 1000 : -1);
	free(copy);
	return 0;
}
