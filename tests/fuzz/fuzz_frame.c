/* links: engine/frame engine/interrupt; fuzz_frame: any bytes as the stream of a client, for the reader of
 * frames and for the look at them while a chunk runs. However the bytes come in, the same frames come out,
 * and no `cancel` is seen that is none. */
#include "engine/deadline.h"
#include "engine/frame.h"
#include "engine/interrupt.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* nothing runs here */
void deadline_cancel(bool insist)
{
	(void)insist;
}

static bool is_cancel(const struct frame *f, uint32_t id)
{
	uint64_t n = 0;

	if (strcmp(f->verb, "cancel") != 0 || f->length == 0)
		return false;
	for (size_t i = 0; i < f->length; i++) {
		if (f->payload[i] < '0' || f->payload[i] > '9' || n > UINT32_MAX)
			return false;
		n = n * 10 + (uint64_t)(f->payload[i] - '0');
	}
	return n == id;
}

struct sum {
	unsigned frames, cancels;
	uint32_t hash;
	bool broken;
};

static struct sum read_all(const char *bytes, size_t size, size_t step, uint32_t id)
{
	struct frame_reader r = {0};
	struct sum sum = {0};

	for (size_t at = 0; at < size && !sum.broken; at += step) {
		size_t n = size - at < step ? size - at : step, room;
		struct frame f;
		struct err e;
		int got;
		memcpy(frame_room(&r, n, &room), bytes + at, n);
		frame_fed(&r, n);
		while ((got = frame_next(&r, &f, &e)) > 0) {
			sum.frames++;
			sum.cancels += is_cancel(&f, id);
			for (size_t i = 0; i < f.length; i++)
				sum.hash = (sum.hash ^ (unsigned char)f.payload[i]) * 16777619U;
		}
		sum.broken = got < 0;
	}
	frame_free(&r);
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t id = size > 0 ? data[0] % 4 : 0;
	const char *bytes = (const char *)data + (size > 0);
	size_t n = size > 0 ? size - 1 : 0;
	struct sum whole = read_all(bytes, n, n + 1, id), slow = read_all(bytes, n, 1, id);

	if (whole.frames != slow.frames || whole.hash != slow.hash || whole.broken != slow.broken)
		abort();
	if (!whole.broken && interrupt_count(bytes, n, id) != whole.cancels)
		abort();
	return 0;
}
