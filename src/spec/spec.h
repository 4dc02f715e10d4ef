/* spec: the settings as data. The settings are in spec.def.
 *
 * A value has two written forms. The *user's* form is what stands in a config ("60s", "0660",
 * true); spec_parse reads it. The *canonical* form is what the wire carries: whole numbers in
 * decimal (milliseconds, bytes, ids, mode bits; flags 0 or 1), texts as they are; spec_store reads
 * it and checks the bounds again, because the master trusts nobody. */
#ifndef REEVE_SPEC_SPEC_H
#define REEVE_SPEC_SPEC_H

#include "base/err.h"
#include "base/text.h"

#include <stddef.h>
#include <stdint.h>

typedef int64_t spec_count, spec_integer, spec_duration, spec_size, spec_mode, spec_flag, spec_user,
	spec_group;
typedef char *spec_text, *spec_path, *spec_command, *spec_words, *spec_choice, *spec_groups, *spec_limits,
	*spec_map, *spec_policy, *spec_table; /* owned by the struct */

/* struct spec_global, spec_service, spec_inet, spec_path_listener: a member for each row */
#define SPEC_MEMBER(type, name, ...)  spec_##type name;
#define SPEC_NOTHING(type, name, ...) /* a row of another scope */
#define SET(scope, ...)               SET_##scope(__VA_ARGS__)

#define SET_global  SPEC_MEMBER
#define SET_service SPEC_NOTHING
#define SET_inet    SPEC_NOTHING
#define SET_path    SPEC_NOTHING
struct spec_global_settings {
#include "spec/spec.def"
};
#undef SET_global
#undef SET_service
#define SET_global  SPEC_NOTHING
#define SET_service SPEC_MEMBER
struct spec_service_settings {
#include "spec/spec.def"
};
#undef SET_service
#undef SET_inet
#define SET_service SPEC_NOTHING
#define SET_inet    SPEC_MEMBER
struct spec_inet_settings {
#include "spec/spec.def"
};
#undef SET_inet
#undef SET_path
#define SET_inet SPEC_NOTHING
#define SET_path SPEC_MEMBER
struct spec_path_settings {
#include "spec/spec.def"
};
#undef SET_global
#undef SET_service
#undef SET_inet
#undef SET_path
#undef SET

enum spec_scope {
	SPEC_global,
	SPEC_service,
	SPEC_inet,
	SPEC_path,
	SPEC_SCOPES,
};

/* number kinds stand before text kinds: spec_is_number */
enum spec_type {
	SPEC_T_count,
	SPEC_T_integer,  /* may be negative */
	SPEC_T_duration, /* ms */
	SPEC_T_size,     /* bytes */
	SPEC_T_mode,
	SPEC_T_flag,
	SPEC_T_user,  /* canonical: uid, -1 unset; the user's form is a name or "#1000" */
	SPEC_T_group, /* likewise */
	SPEC_T_text,
	SPEC_T_path,
	SPEC_T_command,
	SPEC_T_words,
	SPEC_T_choice,
	SPEC_T_groups, /* canonical: gids with commas */
	SPEC_T_limits, /* canonical: "core=0 nofile=1024", the names those of its bounds; "unlimited" is -1 */
	SPEC_T_map,
	SPEC_T_policy,
	SPEC_T_table,
};

/* what a reload has to do; each includes the ones before */
enum spec_change {
	SPEC_SAME,
	SPEC_LIVE,
	SPEC_RESIZE,
	SPEC_RENEW,
	SPEC_RESTART,
};

struct spec_bounds {
	int64_t least, most;
	const char *words; /* "a|b" of a choice, else NULL */
};

struct spec_row {
	enum spec_scope scope;
	enum spec_type type;
	const char *name;
	const char *fallback; /* the default, in the user's form */
	struct spec_bounds bounds;
	enum spec_change on_change;
	const char *help;
	size_t offset; /* in the struct of its scope */
};

struct spec_value {
	int64_t number;   /* of a number kind */
	const char *text; /* of a text kind; borrowed from what was parsed */
};

extern const struct spec_row spec_settings[];
extern const size_t spec_settings_n;

/* NULL: no such setting */
const struct spec_row *spec_find(enum spec_scope scope, const char *name);

/* The setting of this scope that was probably meant, or NULL. */
const char *spec_suggest(enum spec_scope scope, const char *name);

/* "count", "service" ... */
const char *spec_type_name(enum spec_type type);
const char *spec_scope_name(enum spec_scope scope);
const char *spec_change_name(enum spec_change change);

int spec_is_number(enum spec_type type);

/* The user's form, with the bounds checked. -1: a sentence about the value, without the name. */
int spec_parse(
	const struct spec_row *row, const char *text, struct spec_value *value, struct err *e) MUST_USE;

/* The user's form of a value: spec_parse reads it back. */
void spec_print(const struct spec_row *row, const struct spec_value *value, char *out, size_t room);

/* A struct spec_<scope>_settings with every default in it. Users and groups are -1. */
void spec_defaults(enum spec_scope scope, void *settings);
void spec_free(enum spec_scope scope, void *settings);

/* Puts a canonical value into the struct. -1: it does not fit the row; the sentence names setting
 * and value. */
int spec_store(const struct spec_row *row, void *settings, const char *canonical, struct err *e) MUST_USE;

/* The strongest change between two structs of a scope. `changed` (may be NULL) is called for each
 * row that differs. */
enum spec_change spec_diff(enum spec_scope scope, const void *old, const void *new,
	void (*changed)(const struct spec_row *row, void *arg), void *arg);

#endif
