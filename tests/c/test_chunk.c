/* links: cli/chunk; chunk: what goes on in the next line, and what is whole or wrong. */
#include "cli/chunk.h"
#include "test.h"

static const char *const open_texts[] = {
	"for i = 1, 3 do",
	"if x then\nprint(x)",
	"x = {",
	"1 +",
	"f(1,",
	"function f()",
	"x =",
	"= services.web.processes[",
	"s = [[a long string",
	"--[[ a comment",
	"local t = { a = 1,\n  b = 2,",
	"services.web:policy {",
};

static const char *const whole_texts[] = {
	"",
	"   ",
	"1 + 2",
	"= 4",
	"x = 5",
	"services",
	"for i = 1, 3 do print(i) end",
	"x y", /* wrong, but no line more mends it */
	"for x = do",
	"'a short string",
	"services[\"im",
	"end",
	"help services",
	"help services.web:restart",
	"watch services.web.busy",
	":json",
	":set timeout 5s (",
	"?",
	"-- a comment",
	"\x1bLua",
	"while true do end",
};

static void open_ones_are_seen(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof open_texts / sizeof open_texts[0]; i++)
		if (!chunk_is_open(open_texts[i]))
			fail_msg("not open: %s", open_texts[i]);
}

static void whole_ones_too(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof whole_texts / sizeof whole_texts[0]; i++)
		if (chunk_is_open(whole_texts[i]))
			fail_msg("open: %s", whole_texts[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(open_ones_are_seen),
		cmocka_unit_test(whole_ones_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
