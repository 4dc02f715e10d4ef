/* text: durations, sizes, counts, modes. Wrong text is somebody's mistake: -1 and a sentence. */
#include "base/text.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEVER_S INT64_C(4294967295) /* so many seconds are "never" in the documentation */

struct unit {
	const char *name;
	int64_t factor;
};

/* largest first: printing takes the first that divides */
static const struct unit durations[] = {
	{"d", 86400000},
	{"h", 3600000},
	{"min", 60000},
	{"s", 1000},
	{"ms", 1},
	{NULL, 0},
};

/* the long forms people know from other programs; read, never printed */
static const struct unit more_durations[] = {
	{"days", 86400000},
	{"day", 86400000},
	{"hours", 3600000},
	{"hour", 3600000},
	{"mins", 60000},
	{"minutes", 60000},
	{"minute", 60000},
	{"secs", 1000},
	{"sec", 1000},
	{"seconds", 1000},
	{"second", 1000},
	{"msecs", 1},
	{NULL, 0},
};

static const struct unit sizes[] = {
	{"T", INT64_C(1) << 40},
	{"G", INT64_C(1) << 30},
	{"M", INT64_C(1) << 20},
	{"K", INT64_C(1) << 10},
	{"B", 1},
	{NULL, 0},
};

static int64_t factor_of(const struct unit *units, const char *name, size_t len)
{
	for (; units->name != NULL; units++)
		if (strlen(units->name) == len && strncmp(units->name, name, len) == 0)
			return units->factor;
	return 0;
}

/* Reads decimal digits at *at. -1: none, or too many. */
static int digits(const char **at, int64_t *n)
{
	const char *p = *at;
	int64_t sum = 0;

	if (!isdigit((unsigned char)*p))
		return -1;
	for (; isdigit((unsigned char)*p); p++)
		if (__builtin_mul_overflow(sum, 10, &sum) || __builtin_add_overflow(sum, *p - '0', &sum))
			return -1;
	*at = p;
	*n = sum;
	return 0;
}

static size_t word_length(const char *p)
{
	size_t n = 0;

	while (isalpha((unsigned char)p[n]))
		n++;
	return n;
}

static int wrong_duration(const char *text, struct err *e)
{
	const char *p = text;
	int64_t n;

	if (digits(&p, &n) == 0 && *p == '\0')
		return err_set(e, "'%s' has no unit: %s what? Write \"%ss\", \"%smin\" or \"%sh\"", text,
			text, text, text, text);
	if (digits(&p, &n) == 0 || (p != text && strcmp(p, "m") == 0))
		return err_set(e, "'%s' is not clear: 'm' could be minutes or months; write \"%.*smin\"",
			text, (int)(p - text), text);
	return err_set(e,
		"'%s' is not a duration; write \"500ms\", \"60s\", \"5min\", \"1h\", \"1d\" or \"never\"",
		text);
}

int text_duration(const char *text, int64_t *ms, struct err *e)
{
	const char *p = text;
	int64_t sum = 0;

	*ms = 0;
	if (strcmp(text, "0") == 0)
		return 0;
	if (strcmp(text, "never") == 0 || strcmp(text, "4294967295s") == 0 || strcmp(text, "infinite") == 0) {
		*ms = TEXT_UNLIMITED;
		return 0;
	}
	do {
		int64_t n, factor;
		size_t len;
		while (p != text && *p == ' ')
			p++;
		if (digits(&p, &n) < 0)
			return wrong_duration(text, e);
		while (*p == ' ')
			p++;
		len = word_length(p);
		factor = factor_of(durations, p, len);
		if (factor == 0)
			factor = factor_of(more_durations, p, len);
		if (factor == 0)
			return wrong_duration(text, e);
		if (__builtin_mul_overflow(n, factor, &n) || __builtin_add_overflow(sum, n, &sum))
			return err_set(e, "'%s' is longer than Reeve can count; write \"never\"", text);
		p += len;
	} while (*p != '\0');
	*ms = sum;
	return 0;
}

int text_size(const char *text, int64_t *bytes, struct err *e)
{
	const char *p = text;
	int64_t factor, n = 0;
	size_t len;
	char meant[32];

	*bytes = 0;
	if (strcmp(text, "0") == 0)
		return 0;
	if (strcmp(text, "unlimited") == 0) {
		*bytes = TEXT_UNLIMITED;
		return 0;
	}
	if (digits(&p, &n) < 0)
		return err_set(
			e, "'%s' is not a size; write \"64K\", \"256M\", \"1G\" or \"unlimited\"", text);
	len = word_length(p);
	factor = p[len] == '\0' ? factor_of(sizes, p, len) : 0;
	if (*p == '\0' && n >= 1 << 20 && n % (1 << 20) == 0) { /* somebody counted the bytes */
		text_print_size(meant, sizeof meant, n);
		return err_set(e, "'%s' has no unit: write \"%s\"", text, meant);
	}
	if (*p == '\0')
		return err_set(e, "'%s' has no unit: write \"%sM\" (or K, G; powers of 1024)", text, text);
	if (factor == 0 && len == 2 && p[1] == 'B' && p[2] == '\0' && factor_of(sizes, p, 1) != 0)
		return err_set(e, "'%s' is not clear: 1000 or 1024? Write \"%.*s%c\" (powers of 1024)", text,
			(int)(p - text), text, *p);
	if (factor == 0)
		return err_set(
			e, "'%s' is not a size; write \"64K\", \"256M\", \"1G\" or \"unlimited\"", text);
	if (__builtin_mul_overflow(n, factor, bytes))
		return err_set(e, "'%s' is more than Reeve can count; write \"unlimited\"", text);
	return 0;
}

int text_count(const char *text, int64_t *n, struct err *e)
{
	const char *p = text;

	if (strcmp(text, "unlimited") == 0) {
		*n = TEXT_UNLIMITED;
		return 0;
	}
	if (digits(&p, n) < 0 || *p != '\0')
		return err_set(e, "'%s' is not a whole number from 0 up", text);
	return 0;
}

int text_integer(const char *text, int64_t *n, struct err *e)
{
	const char *p = text + (*text == '-');

	if (digits(&p, n) < 0 || *p != '\0')
		return err_set(e, "'%s' is not a whole number", text);
	if (*text == '-')
		*n = -*n;
	return 0;
}

int text_mode(const char *text, int64_t *mode, struct err *e)
{
	int64_t sum = 0;

	*mode = 0;
	if (strcmp(text, "0") == 0)
		return 0;
	for (const char *p = text; *p != '\0'; p++) {
		if (*p < '0' || *p > '7' || sum > 0777)
			return err_set(
				e, "'%s' is not a file mode; write four octal digits such as \"0660\"", text);
		sum = sum * 8 + (*p - '0');
	}
	if (text[0] != '0' && text[0] != '\0')
		return err_set(e, "'%s' lacks the leading 0 of an octal mode; write \"0%s\"", text, text);
	if (text[0] == '\0' || sum > 07777)
		return err_set(e, "'%s' is not a file mode; write four octal digits such as \"0660\"", text);
	*mode = sum;
	return 0;
}

static void print_unit(char *out, size_t room, int64_t n, const struct unit *units)
{
	for (; units->factor > 1; units++)
		if (n % units->factor == 0)
			break;
	(void)snprintf(out, room, "%" PRId64 "%s", n / units->factor, units->name);
}

void text_print_duration(char *out, size_t room, int64_t ms)
{
	if (ms == TEXT_UNLIMITED)
		(void)snprintf(out, room, "never");
	else if (ms == 0)
		(void)snprintf(out, room, "0");
	else if (ms == NEVER_S * 1000) /* its short form means never */
		(void)snprintf(out, room, "%" PRId64 "ms", ms);
	else
		print_unit(out, room, ms, durations);
}

void text_print_size(char *out, size_t room, int64_t bytes)
{
	if (bytes == TEXT_UNLIMITED)
		(void)snprintf(out, room, "unlimited");
	else if (bytes == 0)
		(void)snprintf(out, room, "0");
	else
		print_unit(out, room, bytes, sizes);
}

void text_print_integer(char *out, size_t room, int64_t n)
{
	(void)snprintf(out, room, "%" PRId64, n);
}

void text_print_count(char *out, size_t room, int64_t n)
{
	if (n == TEXT_UNLIMITED)
		(void)snprintf(out, room, "unlimited");
	else
		(void)snprintf(out, room, "%" PRId64, n);
}

void text_print_mode(char *out, size_t room, int64_t mode)
{
	(void)snprintf(out, room, mode == 0 ? "0" : "0%03" PRIo64, (uint64_t)mode);
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static bool same_letter(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* distance of words of at most 63 bytes; longer ones are far from everything */
static size_t distance(const char *a, const char *b)
{
	size_t rows[3][64], la = strlen(a), lb = strlen(b);

	if (la > 63 || lb > 63)
		return SIZE_MAX;
	for (size_t j = 0; j <= lb; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t *now = rows[i % 3], *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
		now[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			size_t change = !same_letter(a[i - 1], b[j - 1]);
			now[j] = least(least(last[j] + 1, now[j - 1] + 1), last[j - 1] + change);
			if (i > 1 && j > 1 && same_letter(a[i - 1], b[j - 2]) &&
				same_letter(a[i - 2], b[j - 1]))
				now[j] = least(now[j], before[j - 2] + 1);
		}
	}
	return rows[la % 3][lb];
}

const char *text_suggest(const char *word, const char *const *names, size_t n)
{
	size_t far = strlen(word) / 3 > 1 ? strlen(word) / 3 : 1;
	const char *best = NULL;

	for (size_t i = 0; i < n; i++) {
		size_t d = distance(word, names[i]);
		if (d < far + 1) {
			best = names[i];
			far = d > 0 ? d - 1 : 0;
			if (d == 0)
				break;
		}
	}
	return best;
}
