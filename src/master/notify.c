/* notify: sd_notify's lines by a table. Nothing fails. */
#include "master/notify.h"

#include "base/utf8.h"

#include <stdbool.h>
#include <string.h>

struct text {
	const char *at;
	size_t len;
};

static bool is(struct text t, const char *word)
{
	return t.len == strlen(word) && memcmp(t.at, word, t.len) == 0;
}

/* Decimal digits alone, from `least` to `most`; else nothing changes. */
static bool take_number(struct text t, int64_t least, int64_t most, int64_t *out)
{
	int64_t n = 0;

	for (size_t i = 0; i < t.len; i++)
		if (t.at[i] < '0' || t.at[i] > '9' || __builtin_mul_overflow(n, 10, &n) ||
			__builtin_add_overflow(n, t.at[i] - '0', &n))
			return false;
	if (t.len == 0 || n < least || n > most)
		return false;
	*out = n;
	return true;
}

/* The length of the character at the text's begin, 0: there is none that can be shown. */
static size_t shown(struct text t)
{
	size_t n = utf8_length(t.at, t.len);

	return n > 0 && !utf8_is_control(t.at, n) ? n : 0;
}

/* For people: what is no character becomes '?', and the end is cut between two. */
static bool take_status(struct text t, struct notice *out)
{
	size_t used = 0;

	while (t.len > 0) {
		size_t n = shown(t), step = n > 0 ? n : 1;
		if (used + step >= NOTIFY_TEXT)
			break;
		if (n > 0)
			memcpy(out->status + used, t.at, n);
		else
			out->status[used] = '?';
		used += step;
		t.at += step;
		t.len -= step;
	}
	out->status[used] = '\0';
	return true;
}

/* A name that can stand between the colons of LISTEN_FDNAMES. */
static bool take_name(struct text t, struct notice *out)
{
	if (t.len == 0 || t.len >= NOTIFY_NAME)
		return false;
	for (size_t i = 0; i < t.len; i++)
		if (t.at[i] <= ' ' || t.at[i] > '~' || t.at[i] == ':')
			return false;
	memcpy(out->fd_name, t.at, t.len);
	out->fd_name[t.len] = '\0';
	return true;
}

static bool take_errno(struct text t, struct notice *out)
{
	return take_number(t, 1, 4095, &out->error);
}

static bool take_pid(struct text t, struct notice *out)
{
	return take_number(t, 2, INT32_MAX, &out->main_pid);
}

static bool take_watchdog_usec(struct text t, struct notice *out)
{
	return take_number(t, 0, INT64_MAX, &out->watchdog_usec);
}

static bool take_extend(struct text t, struct notice *out)
{
	return take_number(t, 1, INT64_MAX, &out->extend_usec);
}

static bool take_monotonic(struct text t, struct notice *out)
{
	return take_number(t, 0, INT64_MAX, &out->monotonic_usec);
}

static const struct key {
	const char *name;
	uint32_t said;
	const char *value; /* it must be this one; NULL: take */
	bool (*take)(struct text value, struct notice *out);
} keys[] = {
	{"READY", NOTIFY_READY, "1", NULL},
	{"RELOADING", NOTIFY_RELOADING, "1", NULL},
	{"STOPPING", NOTIFY_STOPPING, "1", NULL},
	{"WATCHDOG", NOTIFY_WATCHDOG, "1", NULL},
	{"WATCHDOG", NOTIFY_TRIGGER, "trigger", NULL},
	{"FDSTORE", NOTIFY_FDSTORE, "1", NULL},
	{"FDSTOREREMOVE", NOTIFY_FDSTOREREMOVE, "1", NULL},
	{"FDPOLL", NOTIFY_NO_POLL, "0", NULL},
	{"BARRIER", NOTIFY_BARRIER, "1", NULL},
	{"STATUS", NOTIFY_STATUS, NULL, take_status},
	{"ERRNO", NOTIFY_ERRNO, NULL, take_errno},
	{"MAINPID", NOTIFY_MAINPID, NULL, take_pid},
	{"WATCHDOG_USEC", NOTIFY_WATCHDOG_USEC, NULL, take_watchdog_usec},
	{"EXTEND_TIMEOUT_USEC", NOTIFY_EXTEND, NULL, take_extend},
	{"FDNAME", NOTIFY_FDNAME, NULL, take_name},
	{"MONOTONIC_USEC", NOTIFY_MONOTONIC, NULL, take_monotonic},
};

static void take_line(struct text line, struct notice *out)
{
	const char *equals = memchr(line.at, '=', line.len);
	struct text name, value;

	if (equals == NULL)
		return;
	name = (struct text){line.at, (size_t)(equals - line.at)};
	value = (struct text){equals + 1, line.len - name.len - 1};
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		const struct key *k = &keys[i];
		if (is(name, k->name) && (k->value != NULL ? is(value, k->value) : k->take(value, out)))
			out->said |= k->said;
	}
}

void notify_parse(const char *bytes, size_t len, struct notice *out)
{
	memset(out, 0, sizeof *out);
	len = strnlen(bytes, len);
	while (len > 0) {
		const char *end = memchr(bytes, '\n', len);
		size_t n = end != NULL ? (size_t)(end - bytes) : len;
		take_line((struct text){bytes, n}, out);
		bytes += end != NULL ? n + 1 : n;
		len -= end != NULL ? n + 1 : n;
	}
}
