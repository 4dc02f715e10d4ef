/* deltas: the writing side. The reader is lua/reeve/recording.lua. */
#include "engine/deltas.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static void put_number(struct buf *out, uint64_t n)
{
	unsigned char bytes[10];
	size_t used = 0;

	for (; n >= 128; n >>= 7)
		bytes[used++] = (unsigned char)(n | 128);
	bytes[used++] = (unsigned char)n;
	buf_add(out, bytes, used);
}

/* Small numbers of either sign become small ones. */
static uint64_t zigzag(uint64_t difference)
{
	return (difference << 1) ^ (0 - (difference >> 63));
}

/* ---- the schema */

static int add_field(struct delta_kind *kind, const char *word, struct err *e)
{
	static const char types[] = "ibs";
	const char *colon = strchr(word, ':'), *type;
	struct delta_field *f = &kind->fields[kind->fields_n];

	if (kind->fields_n == DELTAS_FIELDS_MOST || colon == NULL || colon[1] == '\0' || colon[2] != '\0' ||
		(type = strchr(types, colon[1])) == NULL)
		return err_set(e, "schema: '%s' of '%s' is no field, or one too many", word, kind->name);
	f->name = mem_text(word);
	f->name[colon - word] = '\0';
	f->type = (enum delta_type)(type - types);
	kind->fields_n++;
	return 0;
}

static int add_kind(struct deltas *d, char *line, struct err *e)
{
	char *rest = NULL, *word = strtok_r(line, " ", &rest);
	struct delta_kind *kind = &d->kinds[d->kinds_n];

	if (word == NULL)
		return 0;
	if (d->kinds_n == DELTAS_KINDS_MOST)
		return err_set(e, "schema: more than %d kinds", DELTAS_KINDS_MOST);
	kind->name = mem_text(word);
	d->kinds_n++;
	while ((word = strtok_r(NULL, " ", &rest)) != NULL)
		if (add_field(kind, word, e) < 0)
			return -1;
	return 0;
}

int deltas_define(struct deltas *d, const char *schema, struct err *e)
{
	char *text = mem_text(schema), *rest = NULL;
	int bad = 0;

	memset(d, 0, sizeof *d);
	for (char *line = strtok_r(text, "\n", &rest); line != NULL && bad == 0;
		line = strtok_r(NULL, "\n", &rest))
		bad = add_kind(d, line, e);
	free(text);
	return bad;
}

void deltas_free(struct deltas *d)
{
	for (size_t k = 0; k < d->kinds_n; k++) {
		mem_free(&d->kinds[k].name);
		for (size_t i = 0; i < d->kinds[k].fields_n; i++) {
			mem_free(&d->kinds[k].fields[i].name);
			buf_free(&d->kinds[k].fields[i].text);
		}
	}
	d->kinds_n = 0;
}

void deltas_reset(struct deltas *d)
{
	for (size_t k = 0; k < d->kinds_n; k++)
		for (size_t i = 0; i < d->kinds[k].fields_n; i++) {
			d->kinds[k].fields[i].number = 0;
			d->kinds[k].fields[i].text.used = 0;
		}
}

int deltas_find(const struct deltas *d, const char *name)
{
	for (size_t k = 0; k < d->kinds_n; k++)
		if (strcmp(d->kinds[k].name, name) == 0)
			return (int)k;
	return -1;
}

/* ---- records */

static bool differs(const struct delta_field *f, const struct delta_value *value)
{
	if (f->type != DELTA_TEXT)
		return f->number != value->number;
	return f->text.used != value->length ||
	       (value->length > 0 && memcmp(f->text.data, value->text, value->length) != 0);
}

static void put_field(struct delta_field *f, const struct delta_value *value, struct buf *out)
{
	if (f->type == DELTA_INTEGER)
		put_number(out, zigzag((uint64_t)value->number - (uint64_t)f->number));
	f->number = value->number;
	if (f->type != DELTA_TEXT)
		return; /* a flag that differs is the other one */
	put_number(out, value->length);
	buf_add(out, value->text, value->length);
	f->text.used = 0;
	buf_add(&f->text, value->text, value->length);
}

void deltas_put(struct deltas *d, size_t kind, const struct delta_value *values, struct buf *out)
{
	struct delta_kind *k = &d->kinds[kind];
	uint64_t changed = 0;

	for (size_t i = 0; i < k->fields_n; i++)
		if (differs(&k->fields[i], &values[i]))
			changed |= UINT64_C(1) << i;
	put_number(out, kind + 1);
	put_number(out, changed);
	for (size_t i = 0; i < k->fields_n; i++)
		if ((changed >> i & 1) != 0)
			put_field(&k->fields[i], &values[i], out);
}

void deltas_note(const char *text, size_t len, struct buf *out)
{
	put_number(out, 0);
	put_number(out, len);
	buf_add(out, text, len);
}
