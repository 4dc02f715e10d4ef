/* numbers: the numbers of a C struct that Lua sets and reads by name, as rows of a table; and the struct
 * that two modules take, the standing order. */
#ifndef REEVE_ENGINE_NUMBERS_H
#define REEVE_ENGINE_NUMBERS_H

#include "pool/pool.h"

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

struct number {
	const char *name; /* NULL ends the table */
	size_t offset;
	size_t size; /* of the C member: 1, 4 or 8 */
	bool is_double;
};

#define NUMBER_AS(type, field, key)                                                          \
	{                                                                                    \
		key, offsetof(struct type, field), sizeof((struct type *)NULL)->field, false \
	}
#define NUMBER(type, field) NUMBER_AS(type, field, #field)
#define NUMBER_DOUBLE(type, field)                            \
	{                                                     \
#field, offsetof(struct type, field), 8, true \
	}

/* Takes the numbers that stand in the table at `index`; the others stay. One out of range raises. */
void numbers_take(lua_State *L, int index, void *base, const struct number *table);

/* Sets them all in the table at the top. */
void numbers_give(lua_State *L, const void *base, const struct number *table);

/* Sets *flag to the field of the table at `index`, if it is there. */
void flag_take(lua_State *L, int index, const char *name, bool *flag);

/* The standing order in the table at `index` (order `standing` of wire.def); what is not there is no opinion.
 */
void standing_take(lua_State *L, int index, struct standing *standing);

#endif
