/* api_recorder: reeve.recorder, for lua/reeve/record.lua: deltas(schema) and ring(). Wrong arguments raise.
 */
#include "engine/api.h"
#include "engine/deltas.h"
#include "engine/ring.h"

#include <errno.h>
#include <lauxlib.h>
#include <string.h>

#define DELTAS "reeve.recorder.deltas"
#define RING   "reeve.recorder.ring"

struct pending {
	struct deltas deltas;
	struct buf bytes;
};

/* ---- deltas(schema): what a turn has brought, until take() */

static int deltas_new(lua_State *L)
{
	const char *schema = luaL_checkstring(L, 1);
	struct pending *p = lua_newuserdatauv(L, sizeof *p, 0);
	struct err e;

	memset(p, 0, sizeof *p);
	luaL_setmetatable(L, DELTAS);
	if (deltas_define(&p->deltas, schema, &e) < 0)
		return luaL_error(L, "%s", e.text);
	return 1;
}

static int deltas_collect(lua_State *L)
{
	struct pending *p = luaL_checkudata(L, 1, DELTAS);

	deltas_free(&p->deltas);
	buf_free(&p->bytes);
	return 0;
}

/* The value at the top; a text stays alive in the message's table. */
static void take_value(
	lua_State *L, const struct delta_kind *kind, const struct delta_field *f, struct delta_value *v)
{
	int whole = 1;

	if (f->type == DELTA_TEXT) {
		v->text = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &v->length) : NULL;
		whole = v->text != NULL;
	} else if (f->type == DELTA_FLAG) {
		v->number = lua_toboolean(L, -1);
	} else {
		v->number = lua_tointegerx(L, -1, &whole);
	}
	if (!whole)
		(void)luaL_error(L, "record %s: %s is a %s", kind->name, f->name, luaL_typename(L, -1));
}

/* add(name, msg): one more record; returns how many bytes wait */
static int deltas_add(lua_State *L)
{
	struct pending *p = luaL_checkudata(L, 1, DELTAS);
	int kind = deltas_find(&p->deltas, luaL_checkstring(L, 2));
	struct delta_value values[DELTAS_FIELDS_MOST];
	const struct delta_kind *k;

	luaL_argcheck(L, kind >= 0, 2, "the schema has no such kind");
	luaL_checktype(L, 3, LUA_TTABLE);
	k = &p->deltas.kinds[kind];
	for (size_t i = 0; i < k->fields_n; i++) {
		values[i] = (struct delta_value){0, "", 0};
		(void)lua_getfield(L, 3, k->fields[i].name);
		take_value(L, k, &k->fields[i], &values[i]);
		lua_pop(L, 1);
	}
	deltas_put(&p->deltas, (size_t)kind, values, &p->bytes);
	lua_pushinteger(L, (lua_Integer)p->bytes.used);
	return 1;
}

/* note(text): a record that is a text; returns how many bytes wait */
static int deltas_add_note(lua_State *L)
{
	struct pending *p = luaL_checkudata(L, 1, DELTAS);
	size_t len;
	const char *text = luaL_checklstring(L, 2, &len);

	deltas_note(text, len, &p->bytes);
	lua_pushinteger(L, (lua_Integer)p->bytes.used);
	return 1;
}

/* take() -> the bytes that waited */
static int deltas_take(lua_State *L)
{
	struct pending *p = luaL_checkudata(L, 1, DELTAS);

	lua_pushlstring(L, buf_text(&p->bytes), p->bytes.used);
	if (p->bytes.room > 65536)
		buf_free(&p->bytes); /* a burst is over */
	p->bytes.used = 0;
	return 1;
}

/* reset(): what waited is dropped; the next records stand for themselves */
static int deltas_forget(lua_State *L)
{
	struct pending *p = luaL_checkudata(L, 1, DELTAS);

	deltas_reset(&p->deltas);
	p->bytes.used = 0;
	return 0;
}

/* ---- ring() */

static int ring_new(lua_State *L)
{
	struct ring *r = lua_newuserdatauv(L, sizeof *r, 0);

	memset(r, 0, sizeof *r);
	r->fd = -1;
	luaL_setmetatable(L, RING);
	return 1;
}

static struct ring *ring_of(lua_State *L)
{
	return luaL_checkudata(L, 1, RING);
}

/* attach(fd, size) -> true, whether the file begins afresh | false: another engine has it | nil, sentence */
static int attach(lua_State *L)
{
	struct ring *r = ring_of(L), found;
	int ours;
	struct err e;

	ours = ring_attach(&found, (int)luaL_checkinteger(L, 2), (uint64_t)luaL_checkinteger(L, 3), &e);
	if (ours < 0) {
		lua_pushnil(L);
		lua_pushstring(L, e.text);
		return 2;
	}
	if (ours > 0)
		*r = found;
	lua_pushboolean(L, ours);
	lua_pushboolean(L, ours > 0 && found.fresh);
	return 2;
}

/* nil, sentence, whether it only did not fit */
static int failed(lua_State *L)
{
	int error = errno;

	lua_pushnil(L);
	lua_pushstring(L, strerror(error));
	lua_pushboolean(L, error == EFBIG);
	return 3;
}

/* append(kind, flags, wall ms, bytes) -> true | nil, sentence, whether it did not fit in the segment */
static int append(lua_State *L)
{
	struct ring *r = ring_of(L);
	const char *kind = luaL_checkstring(L, 2);
	size_t len;
	const char *bytes = luaL_checklstring(L, 5, &len);

	if (ring_append(r, kind[0], (unsigned char)luaL_checkinteger(L, 3), (uint64_t)luaL_checkinteger(L, 4),
		    bytes, len) < 0)
		return failed(L);
	lua_pushboolean(L, 1);
	return 1;
}

/* next(wall ms) -> true | nil, sentence */
static int next(lua_State *L)
{
	if (ring_next(ring_of(L), (uint64_t)luaL_checkinteger(L, 2)) < 0)
		return failed(L);
	lua_pushboolean(L, 1);
	return 1;
}

/* room() -> bytes left in the segment, the size of one, sum of the last G in it (0: none) */
static int room(lua_State *L)
{
	const struct ring *r = ring_of(L);

	lua_pushinteger(L, (lua_Integer)ring_room(r));
	lua_pushinteger(L, (lua_Integer)r->segment_size);
	lua_pushinteger(L, (lua_Integer)r->generation);
	return 3;
}

static int close_ring(lua_State *L)
{
	ring_close(ring_of(L));
	return 0;
}

/* sum(text) -> as of a block's content */
static int sum(lua_State *L)
{
	size_t len;
	const char *text = luaL_checklstring(L, 1, &len);

	lua_pushinteger(L, (lua_Integer)ring_sum(0, text, len));
	return 1;
}

static void add_class(lua_State *L, const char *name, const luaL_Reg *methods, lua_CFunction collect)
{
	(void)luaL_newmetatable(L, name);
	lua_newtable(L);
	luaL_setfuncs(L, methods, 0);
	lua_setfield(L, -2, "__index");
	lua_pushcfunction(L, collect);
	lua_setfield(L, -2, "__gc");
	lua_pop(L, 1);
}

int luaopen_reeve_recorder(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{"deltas", deltas_new}, {"ring", ring_new}, {"sum", sum}, {NULL, NULL}};
	static const luaL_Reg of_deltas[] = {{"add", deltas_add}, {"note", deltas_add_note},
		{"take", deltas_take}, {"reset", deltas_forget}, {NULL, NULL}};
	static const luaL_Reg of_ring[] = {{"attach", attach}, {"append", append}, {"next", next},
		{"room", room}, {"close", close_ring}, {NULL, NULL}};

	add_class(L, DELTAS, of_deltas, deltas_collect);
	add_class(L, RING, of_ring, close_ring);
	luaL_newlib(L, functions);
	return 1;
}
