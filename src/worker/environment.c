/* environment: reads the contract's variables. -1 and a sentence for each value that cannot be. */
#include "worker/environment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The numbers among the variables. `fallback` is for those that may be missing. */
static const struct number {
	const char *name;
	size_t offset;
	uint32_t least;
	bool needed;
	uint32_t fallback;
} numbers[] = {
	{"GENERATION", offsetof(struct reeve_service, id), 0, true, 0},
	{"CLIENT_LIMIT", offsetof(struct reeve_service, client_limit), 1, true, 0},
	{"SERVICE_COUNT", offsetof(struct reeve_service, service_count), 0, false, 0},
	{"PROCESS_LIMIT", offsetof(struct reeve_service, process_limit), 0, false, 0},
	{"PROCESS_MIN_AVAIL", offsetof(struct reeve_service, process_min_avail), 0, false, 0},
	{"IDLE_KILL", offsetof(struct reeve_service, idle_kill_secs), 0, false, REEVE_NEVER},
};

static const struct flag {
	const char *word;
	size_t offset;
} flags[] = {
	{"ssl", offsetof(struct reeve_listener, ssl)},
	{"haproxy", offsetof(struct reeve_listener, haproxy)},
};

#define N_OF(table) (sizeof(table) / sizeof *(table))

int error_set(struct reeve_error *e, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (e != NULL)
		(void)vsnprintf(e->text, sizeof e->text, format, args);
	va_end(args);
	return -1;
}

static int parse_number(
	const char *name, uint32_t least, uint32_t most, uint32_t *number, struct reeve_error *e)
{
	const char *text = getenv(name);
	unsigned long long value;
	char *end;

	if (text == NULL)
		return error_set(
			e, "%s is not set: whoever starts this worker must set it (reeve-worker(3))", name);
	errno = 0;
	value = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || value < least || value > most)
		return error_set(
			e, "%s is '%.60s': it must be a whole number from %u to %u", name, text, least, most);
	*number = (uint32_t)value;
	return 0;
}

static int read_numbers(struct reeve_service *service, struct reeve_error *e)
{
	for (size_t i = 0; i < N_OF(numbers); i++) {
		const struct number *n = &numbers[i];
		uint32_t *field = (uint32_t *)(void *)((char *)service + n->offset);

		*field = n->fallback;
		if ((n->needed || getenv(n->name) != NULL) &&
			parse_number(n->name, n->least, UINT32_MAX, field, e) < 0)
			return -1;
	}
	return 0;
}

/* The byte that \001 and `code` stand for; -1: none. */
static int unescape(char code)
{
	static const char codes[] = "01trn", bytes[] = "\0\001\t\r\n";
	const char *at = code != '\0' ? strchr(codes, code) : NULL;

	return at != NULL ? (unsigned char)bytes[at - codes] : -1;
}

/* A NUL byte ends the name for C, as it would anywhere. */
static char *unescaped(const char *text, size_t len)
{
	char *copy = calloc(len + 1, 1), *to = copy;

	for (size_t i = 0; copy != NULL && i < len; i++) {
		int byte = (unsigned char)text[i];

		if (byte == '\001' && (byte = ++i < len ? unescape(text[i]) : -1) < 0) {
			free(copy);
			return NULL;
		}
		*to++ = (char)byte;
	}
	return copy;
}

static void set_flag(struct reeve_listener *listener, const char *word, size_t len)
{
	for (size_t i = 0; i < N_OF(flags); i++)
		if (strlen(flags[i].word) == len && memcmp(flags[i].word, word, len) == 0)
			*(bool *)((char *)listener + flags[i].offset) = true;
}

int environment_listener(struct reeve_listener *listener, const char *settings)
{
	size_t len = strcspn(settings, "\t");

	listener->name = unescaped(settings, len);
	if (listener->name == NULL)
		return -1;
	for (const char *at = settings + len; *at != '\0'; at += len) {
		at++;
		len = strcspn(at, "\t");
		set_flag(listener, at, len);
	}
	return 0;
}

static int read_listener(struct reeve_listener *listener, size_t i, struct reeve_error *e)
{
	char name[40];
	const char *settings;

	(void)snprintf(name, sizeof name, "SOCKET%zu_SETTINGS", i);
	settings = getenv(name);
	listener->fd = FIRST_LISTENER_FD + (int)i;
	if (settings == NULL)
		return error_set(
			e, "%s is not set, though SOCKET_COUNT says that there are more sockets", name);
	if (environment_listener(listener, settings) < 0)
		return error_set(e,
			"%s is '%.60s': it must be a name, escaped with bytes 001, and words, separated "
			"by tabs",
			name, settings);
	return 0;
}

static int read_listeners(struct reeve_service *service, struct reeve_error *e)
{
	struct reeve_listener *listeners;
	uint32_t n = 0;

	if (parse_number("SOCKET_COUNT", 0, MOST_LISTENERS, &n, e) < 0)
		return -1;
	listeners = calloc((size_t)n + 1, sizeof *listeners);
	if (listeners == NULL)
		return error_set(e, "no memory for %u listeners", n);
	service->listeners = listeners;
	for (service->n_listeners = 0; service->n_listeners < n; service->n_listeners++)
		if (read_listener(&listeners[service->n_listeners], service->n_listeners, e) < 0)
			return -1;
	return 0;
}

bool environment_present(void)
{
	return getenv("GENERATION") != NULL;
}

int environment_read(struct reeve_service *service, struct reeve_error *e)
{
	const char *name = getenv("SERVICE_NAME");

	*service = (struct reeve_service){0};
	if (name == NULL || name[0] == '\0')
		return error_set(e,
			"SERVICE_NAME is not set: whoever starts this worker must set it (reeve-worker(3))");
	service->name = strdup(name);
	(void)error_set(e, "no memory for the service's name");
	if (service->name != NULL && read_numbers(service, e) == 0 && read_listeners(service, e) == 0)
		return 0;
	environment_free(service);
	return -1;
}

int reeve_file(const char *name)
{
	char variable[100];
	uint32_t fd = 0;

	(void)snprintf(variable, sizeof variable, "REEVE_FILE_%.64s", name);
	if (getenv(variable) == NULL || parse_number(variable, FIRST_LISTENER_FD, INT32_MAX, &fd, NULL) < 0)
		return -1;
	return fcntl((int)fd, F_SETFD, FD_CLOEXEC) == 0 ? (int)fd : -1;
}

/* What we allocated ourselves is const only for the world outside. */
static void drop(const void *ours)
{
	free((void *)(uintptr_t)ours);
}

void environment_free(struct reeve_service *service)
{
	for (size_t i = 0; i < service->n_listeners; i++)
		drop(service->listeners[i].name);
	drop(service->listeners);
	drop(service->name);
	*service = (struct reeve_service){0};
}
