/* spec: settings by table. Wrong values are -1 and a sentence. */
#include "spec/spec.h"

#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* what the columns of spec.def stand for here */
typedef struct spec_global_settings spec_struct_global;
typedef struct spec_service_settings spec_struct_service;
typedef struct spec_inet_settings spec_struct_inet;
typedef struct spec_path_settings spec_struct_path;
#define ANY                                \
	{                                  \
		INT64_MIN, INT64_MAX, NULL \
	}
#define FROM(least, most)         \
	{                         \
		least, most, NULL \
	}
#define ONE_OF(words)       \
	{                   \
		0, 0, words \
	}

const struct spec_row spec_settings[] = {
#define SET(scope, type, name, fallback, bounds, change, help)                      \
	{SPEC_##scope, SPEC_T_##type, #name, fallback, bounds, SPEC_##change, help, \
		offsetof(spec_struct_##scope, name)},
#include "spec/spec.def"
#undef SET
};
const size_t spec_settings_n = sizeof spec_settings / sizeof spec_settings[0];

static const char *const scope_names[] = {"global", "service", "inet_listener", "unix_listener"};

static const char *const change_names[] = {"same", "live", "resize", "renew", "restart"};

static const struct {
	const char *name;
	int is_number;
	int (*parse)(const char *text, int64_t *n, struct err *e); /* NULL: a text */
	void (*print)(char *out, size_t room, int64_t n);
} types[] = {
	[SPEC_T_count] = {"count", 1, text_count, text_print_count},
	[SPEC_T_integer] = {"integer", 1, text_integer, text_print_integer},
	[SPEC_T_duration] = {"duration", 1, text_duration, text_print_duration},
	[SPEC_T_size] = {"size", 1, text_size, text_print_size},
	[SPEC_T_mode] = {"mode", 1, text_mode, text_print_mode},
	[SPEC_T_flag] = {"flag", 1, NULL, NULL},
	[SPEC_T_user] = {"user", 1, NULL, NULL},
	[SPEC_T_group] = {"group", 1, NULL, NULL},
	[SPEC_T_text] = {"text", 0, NULL, NULL},
	[SPEC_T_path] = {"path", 0, NULL, NULL},
	[SPEC_T_command] = {"command", 0, NULL, NULL},
	[SPEC_T_words] = {"words", 0, NULL, NULL},
	[SPEC_T_choice] = {"choice", 0, NULL, NULL},
	[SPEC_T_groups] = {"groups", 0, NULL, NULL},
	[SPEC_T_limits] = {"limits", 0, NULL, NULL},
	[SPEC_T_map] = {"map", 0, NULL, NULL},
	[SPEC_T_policy] = {"policy", 0, NULL, NULL},
	[SPEC_T_table] = {"table", 0, NULL, NULL},
};

const struct spec_row *spec_find(enum spec_scope scope, const char *name)
{
	for (size_t i = 0; i < spec_settings_n; i++)
		if (spec_settings[i].scope == scope && strcmp(spec_settings[i].name, name) == 0)
			return &spec_settings[i];
	return NULL;
}

const char *spec_suggest(enum spec_scope scope, const char *name)
{
	const char *names[128];
	size_t n = 0;

	for (size_t i = 0; i < spec_settings_n && n < 128; i++)
		if (spec_settings[i].scope == scope)
			names[n++] = spec_settings[i].name;
	return text_suggest(name, names, n);
}

const char *spec_type_name(enum spec_type type)
{
	return types[type].name;
}

const char *spec_scope_name(enum spec_scope scope)
{
	return scope_names[scope];
}

const char *spec_change_name(enum spec_change change)
{
	return change_names[change];
}

int spec_is_number(enum spec_type type)
{
	return types[type].is_number;
}

static int is_one_of(const char *words, const char *text)
{
	size_t n = strlen(text);

	for (const char *p = words;; p++) {
		const char *end = strchrnul(p, '|');
		if ((size_t)(end - p) == n && strncmp(p, text, n) == 0)
			return 1;
		if (*end == '\0')
			return 0;
		p = end;
	}
}

static int refuse_word(const struct spec_row *row, const char *text, struct err *e)
{
	char list[256];
	size_t n = 0;

	for (const char *p = row->bounds.words; n + 4 < sizeof list;) {
		const char *end = strchrnul(p, '|');
		n += (size_t)snprintf(
			list + n, sizeof list - n, "%s\"%.*s\"", n > 0 ? ", " : "", (int)(end - p), p);
		if (*end == '\0')
			break;
		p = end + 1;
	}
	return err_set(e, "'%s' is none of %s", text, list);
}

static int check_bounds(const struct spec_row *row, int64_t n, struct err *e)
{
	char value[64], bound[64];
	void (*print)(char *, size_t, int64_t) = types[row->type].print;

	if (n >= row->bounds.least && n <= row->bounds.most)
		return 0;
	if (print == NULL)
		print = text_print_count;
	print(value, sizeof value, n);
	if (n < row->bounds.least) {
		print(bound, sizeof bound, row->bounds.least);
		return err_set(e, "'%s' is too small; the least is \"%s\"", value, bound);
	}
	print(bound, sizeof bound, row->bounds.most);
	return err_set(e, "'%s' is too large; the most is \"%s\"", value, bound);
}

int spec_parse(const struct spec_row *row, const char *text, struct spec_value *value, struct err *e)
{
	value->number = 0;
	value->text = text;
	if (row->type == SPEC_T_choice)
		return is_one_of(row->bounds.words, text) ? 0 : refuse_word(row, text, e);
	if (row->type == SPEC_T_flag) {
		value->number = strcmp(text, "true") == 0;
		return value->number || strcmp(text, "false") == 0
			       ? 0
			       : err_set(e, "'%s' is neither true nor false", text);
	}
	if (types[row->type].parse == NULL)
		return 0;
	if (types[row->type].parse(text, &value->number, e) < 0)
		return -1;
	return check_bounds(row, value->number, e);
}

void spec_print(const struct spec_row *row, const struct spec_value *value, char *out, size_t room)
{
	if (types[row->type].print != NULL)
		types[row->type].print(out, room, value->number);
	else if (row->type == SPEC_T_flag)
		(void)snprintf(out, room, "%s", value->number ? "true" : "false");
	else if (types[row->type].is_number)
		(void)snprintf(out, room, "#%" PRId64, value->number);
	else
		(void)snprintf(out, room, "%s", value->text != NULL ? value->text : "");
}

static void put(const struct spec_row *row, void *settings, const struct spec_value *value)
{
	char *at = (char *)settings + row->offset;

	if (types[row->type].is_number) {
		memcpy(at, &value->number, sizeof value->number);
		return;
	}
	mem_free(at);
	{
		char *copy = mem_text(value->text);
		memcpy(at, &copy, sizeof copy);
	}
}

static size_t size_of(enum spec_scope scope)
{
	static const size_t sizes[] = {
		[SPEC_global] = sizeof(struct spec_global_settings),
		[SPEC_service] = sizeof(struct spec_service_settings),
		[SPEC_inet] = sizeof(struct spec_inet_settings),
		[SPEC_path] = sizeof(struct spec_path_settings),
	};
	return sizes[scope];
}

void spec_defaults(enum spec_scope scope, void *settings)
{
	memset(settings, 0, size_of(scope));
	for (size_t i = 0; i < spec_settings_n; i++) {
		const struct spec_row *row = &spec_settings[i];
		struct spec_value value = {-1, row->fallback};
		if (row->scope != scope)
			continue;
		if (row->type != SPEC_T_user && row->type != SPEC_T_group && row->fallback[0] != '\0') {
			int good = spec_parse(row, row->fallback, &value, NULL) == 0;
			assert(good);
			(void)good;
		}
		put(row, settings, &value);
	}
}

void spec_free(enum spec_scope scope, void *settings)
{
	for (size_t i = 0; i < spec_settings_n; i++)
		if (spec_settings[i].scope == scope && !types[spec_settings[i].type].is_number)
			mem_free((char *)settings + spec_settings[i].offset);
}

static int number(const char *text, int64_t *n)
{
	char *end;

	if (*text != '-' && (*text < '0' || *text > '9'))
		return -1;
	errno = 0; /* out of range must not become "unlimited" */
	*n = strtoll(text, &end, 10);
	return *end == '\0' && end != text && errno == 0 ? 0 : -1;
}

int spec_store(const struct spec_row *row, void *settings, const char *canonical, struct err *e)
{
	struct spec_value value = {0, canonical};
	int is_id = row->type == SPEC_T_user || row->type == SPEC_T_group;

	if (!types[row->type].is_number) {
		if (row->type == SPEC_T_choice && !is_one_of(row->bounds.words, canonical)) {
			(void)refuse_word(row, canonical, e);
			return err_prefix(e, "%s", row->name);
		}
		put(row, settings, &value);
		return 0;
	}
	if (number(canonical, &value.number) < 0)
		return err_set(e, "%s: '%s' is not a whole number", row->name, canonical);
	if (is_id && (value.number < -1 || value.number >= UINT32_MAX))
		return err_set(e, "%s: '%s' is not an id", row->name, canonical);
	if (row->type == SPEC_T_flag && (value.number < 0 || value.number > 1))
		return err_set(e, "%s: '%s' is neither 0 nor 1", row->name, canonical);
	if (!is_id && check_bounds(row, value.number, e) < 0)
		return err_prefix(e, "%s", row->name);
	put(row, settings, &value);
	return 0;
}

static int is_same(const struct spec_row *row, const void *a, const void *b)
{
	const char *x = (const char *)a + row->offset, *y = (const char *)b + row->offset;
	const char *s, *t;

	if (types[row->type].is_number)
		return memcmp(x, y, sizeof(int64_t)) == 0;
	memcpy(&s, x, sizeof s);
	memcpy(&t, y, sizeof t);
	return strcmp(s, t) == 0;
}

enum spec_change spec_diff(enum spec_scope scope, const void *old, const void *new,
	void (*changed)(const struct spec_row *row, void *arg), void *arg)
{
	enum spec_change most = SPEC_SAME;

	for (size_t i = 0; i < spec_settings_n; i++) {
		const struct spec_row *row = &spec_settings[i];
		if (row->scope != scope || is_same(row, old, new))
			continue;
		if (row->on_change > most)
			most = row->on_change;
		if (changed != NULL)
			changed(row, arg);
	}
	return most;
}
