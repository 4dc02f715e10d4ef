/* api_certificate: reeve.certificate, whether a certificate and its key, authorities or a list of ciphers are
 * good. The parsing is done by `reeve-tls check`, a process without privileges that gets the files as
 * descriptors: root parses no ASN.1. Gone after lock-down: nothing can be started then. */
#include "base/clock.h"
#include "engine/api.h"

#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 10000

static const char *const verdicts[] = {"good", "bad", "not now"}; /* by the exit code: src/tls/check.h */

/* reeve-tls beside ourselves. */
static int program(char *path, size_t room)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	char *slash;

	if (n < 0)
		return -1;
	self[n] = '\0';
	slash = strrchr(self, '/');
	return slash != NULL && snprintf(path, room, "%.*s/reeve-tls", (int)(slash - self), self) < (int)room
		       ? 0
		       : -1;
}

/* What is to be looked at: a word, files, which become descriptors 3 and 4, and a text. */
struct question {
	const char *what, *text;
	const char *paths[2];
	int fds[2]; /* above those of the program, so that none is overwritten before it is duplicated */
};

static pid_t start(const struct question *q, int out)
{
	char path[PATH_MAX];
	char *const argv[] = {(char *)(uintptr_t) "reeve-tls", (char *)(uintptr_t) "check",
		(char *)(uintptr_t)q->what, (char *)(uintptr_t)q->text, NULL};
	char *const envp[] = {NULL};
	posix_spawn_file_actions_t actions;
	pid_t pid = -1;

	(void)posix_spawn_file_actions_init(&actions);
	(void)posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	for (int i = 0; i < 2 && q->fds[i] >= 0; i++)
		(void)posix_spawn_file_actions_adddup2(&actions, q->fds[i], 3 + i);
	if (program(path, sizeof path) < 0 || posix_spawn(&pid, path, &actions, NULL, argv, envp) != 0)
		pid = -1;
	(void)posix_spawn_file_actions_destroy(&actions);
	return pid;
}

/* The engine's timers interrupt the waiting. */
static bool is_readable(int fd, uint64_t deadline)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	uint64_t now;
	int n = -1;

	while (n < 0 && (now = clock_ms()) < deadline) {
		n = poll(&ready, 1, (int)(deadline - now));
		if (n < 0 && errno != EINTR)
			break;
	}
	return n == 1;
}

/* What it says until its end; one that hangs is killed. */
static void listen_to(int fd, pid_t pid, char *text, size_t room)
{
	uint64_t deadline = clock_ms() + PATIENCE_MS;
	size_t used = 0;
	ssize_t n = 1;

	while (n != 0 && used + 1 < room && is_readable(fd, deadline)) {
		n = read(fd, text + used, room - used - 1);
		if (n < 0 && errno != EINTR)
			break;
		used += n > 0 ? (size_t)n : 0;
	}
	if (n != 0)
		(void)kill(pid, SIGKILL);
	text[used] = '\0';
	text[strcspn(text, "\n")] = '\0';
}

static int judge(lua_State *L, const struct question *q)
{
	char text[512];
	int ends[2], status = -1;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return api_refuse(L, "pipe: %s", strerror(errno));
	pid = start(q, ends[1]);
	(void)close(ends[1]);
	if (pid > 0) {
		listen_to(ends[0], pid, text, sizeof text);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	(void)close(ends[0]);
	if (pid < 0 || !WIFEXITED(status) || WEXITSTATUS(status) >= (int)(sizeof verdicts / sizeof *verdicts))
		return api_refuse(L, "reeve-tls, which stands beside reeve-engine, could not check it");
	lua_pushstring(L, verdicts[WEXITSTATUS(status)]);
	lua_pushstring(L, text);
	return 2;
}

static int open_file(const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), high;

	if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))) {
		(void)close(fd);
		errno = EINVAL;
		return -1;
	}
	high = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 10) : -1;
	if (fd >= 0)
		(void)close(fd);
	return high;
}

/* "unreadable" is not the same as bad: who checks a config need not be able to read root's keys. */
static int refuse_file(lua_State *L, const char *path)
{
	lua_pushstring(L, errno == EACCES && geteuid() != 0 ? "unreadable" : "bad");
	lua_pushfstring(L, "%s: %s", path, errno == EINVAL ? "not a regular file" : strerror(errno));
	return 2;
}

static int ask(lua_State *L, struct question *q)
{
	int results = 0;

	q->fds[0] = q->fds[1] = -1;
	for (int i = 0; i < 2 && q->paths[i] != NULL && results == 0; i++) {
		q->fds[i] = open_file(q->paths[i]);
		if (q->fds[i] < 0)
			results = refuse_file(L, q->paths[i]);
	}
	if (results == 0)
		results = judge(L, q);
	for (int i = 0; i < 2; i++)
		if (q->fds[i] >= 0)
			(void)close(q->fds[i]);
	return results;
}

/* Each -> "good" | "bad" | "not now" | "unreadable", sentence | nil, sentence */

/* pair(certificate path, key path) */
static int certificate_pair(lua_State *L)
{
	return ask(L, &(struct question){.what = "pair", .paths = {api_text(L, 1), api_text(L, 2)}});
}

/* authorities(path) */
static int certificate_authorities(lua_State *L)
{
	return ask(L, &(struct question){.what = "authorities", .paths = {api_text(L, 1)}});
}

/* ciphers(list) */
static int certificate_ciphers(lua_State *L)
{
	return ask(L, &(struct question){.what = "ciphers", .text = api_text(L, 1)});
}

int luaopen_reeve_certificate(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{"pair", certificate_pair},
		{"authorities", certificate_authorities},
		{"ciphers", certificate_ciphers},
		{NULL, NULL},
	};

	luaL_newlib(L, functions);
	return 1;
}
