/* links: cli/frame; fuzz_cli_frame: any bytes as what a daemon sends to the command. However they come in,
 * the same frames come out, each payload followed by a NUL. */
#include "cli/frame.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct sum {
	unsigned frames;
	uint32_t hash;
	int broken;
};

static struct sum read_all(const char *bytes, size_t size, size_t step)
{
	struct frame_reader r;
	struct sum sum = {0};

	frame_reader_init(&r);
	for (size_t at = 0; at < size && !sum.broken; at += step) {
		size_t n = size - at < step ? size - at : step;
		struct frame f;
		struct err e;
		int got;
		memcpy(frame_room(&r, n), bytes + at, n);
		frame_added(&r, n);
		while ((got = frame_next(&r, &f, &e)) > 0) {
			sum.frames++;
			if (f.payload[f.length] != '\0' || f.length > FRAME_PAYLOAD_MAX)
				abort();
			for (size_t i = 0; i < f.length; i++)
				sum.hash = (sum.hash ^ (unsigned char)f.payload[i]) * 16777619U;
		}
		sum.broken = got < 0;
	}
	frame_reader_free(&r);
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data;
	struct sum whole = read_all(bytes, size, size + 1), slow = read_all(bytes, size, 1);

	if (whole.frames != slow.frames || whole.hash != slow.hash || whole.broken != slow.broken)
		abort();
	return 0;
}
