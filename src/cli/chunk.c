/* chunk: what the compiler says about the end of a text. */
#include "cli/chunk.h"

#include "base/buf.h"

#include <lauxlib.h>
#include <string.h>

/* A short string cannot go on in the next line, so that one is an error at once. */
static bool wants_more(const char *error)
{
	static const char end[] = "near <eof>";
	size_t n = strlen(error), m = sizeof end - 1;

	return n >= m && strcmp(error + n - m, end) == 0 && strstr(error, "unfinished string") == NULL;
}

/* 0: it compiles, 1: it is open, -1: it is wrong */
static int try_to_read(lua_State *L, const char *text, size_t n)
{
	int how = luaL_loadbufferx(L, text, n, "=console", "t") == LUA_OK ? 0 : -1;

	if (how < 0 && lua_type(L, -1) == LUA_TSTRING && wants_more(lua_tostring(L, -1)))
		how = 1;
	lua_pop(L, 1);
	return how;
}

/* The engine reads "return nil, " in front, so a leading = is no part of it here either. */
static const char *without_sign(const char *text)
{
	text += strspn(text, " \t\r\n");
	return *text == '=' ? text + 1 : text;
}

static bool is_command(const char *text)
{
	static const char *const words[] = {"help ", "watch "};

	text += strspn(text, " \t");
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strncmp(text, words[i], strlen(words[i])) == 0)
			return true;
	return *text == ':' || *text == '?';
}

bool chunk_is_open(const char *text)
{
	struct buf expression = {0};
	lua_State *L;
	bool open;

	text = without_sign(text);
	if (is_command(text) || text[strspn(text, " \t\r\n")] == '\0')
		return false;
	L = luaL_newstate();
	if (L == NULL)
		return false; /* the engine will say what is wrong with it */
	buf_print(&expression, "return nil, %s", text);
	open = try_to_read(L, expression.data, expression.used) != 0;
	if (open) {
		int as_expression = try_to_read(L, expression.data, expression.used);
		int as_statement = try_to_read(L, text, strlen(text));
		open = as_statement != 0 && (as_expression == 1 || as_statement == 1);
	}
	lua_close(L);
	buf_free(&expression);
	return open;
}
