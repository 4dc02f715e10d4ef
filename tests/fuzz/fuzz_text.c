/* fuzz_text: any text as a value. What is taken must be printed as a text that means the same. */
#include "base/say.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct {
	int (*parse)(const char *, int64_t *, struct err *);
	void (*print)(char *, size_t, int64_t);
} kinds[] = {
	{text_duration, text_print_duration},
	{text_size, text_print_size},
	{text_count, text_print_count},
	{text_mode, text_print_mode},
};

static void check(size_t kind, const char *text)
{
	int64_t n = -1, back = -1;
	struct err e = {""};
	char out[64];

	if (kinds[kind].parse(text, &n, &e) != 0) {
		if (e.text[0] == '\0')
			abort();
		return;
	}
	kinds[kind].print(out, sizeof out, n);
	if (n < 0 || kinds[kind].parse(out, &back, &e) != 0 || back != n)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"client_limit", "process_limit", "port", "idle_kill"};
	char *text = malloc(size + 1);

	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	for (size_t kind = 0; kind < 4; kind++)
		check(kind, text);
	(void)text_suggest(text, names, 4);
	free(text);
	return 0;
}
