/* reeve-engine: the policy engine. Runs lua/reeve/engine.lua, as the servant of reeved (serve) or as
 * a plain program for verbs that need no running instance (here). Wrong use ends with a sentence. */
#include "base/fd.h"
#include "base/mem.h"
#include "base/say.h"
#include "engine/api.h"
#include "engine/deadline.h"
#include "engine/engine.h"
#include "engine/interrupt.h"
#include "wire/wire.h"

#include <errno.h>
#include <inttypes.h>
#include <lauxlib.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#pragma weak luaopen_reeve_pool

static const char usage[] =
	"usage: reeve-engine serve --config FILE [--base-dir DIR]   (started by reeved, its link on fd 3)\n"
	"       reeve-engine here VERB [ARGUMENT...]                (one of lua/reeve/verbs)\n"
	"       reeve-engine here --script FILE [ARGUMENT...]       (for tests: a Lua file with our "
	"modules)\n"
	"       reeve-engine build                                  (prints which reeved it can serve)\n";

struct options {
	const char *mode, *config, *base_dir, *verb, *script;
	bool daemon;
	char **args;
	int n_args;
	char lua_dir[PATH_MAX];
};

static const struct {
	const char *name;
	lua_CFunction open;
} modules[] = {
	{"reeve.certificate", luaopen_reeve_certificate},
	{"reeve.file", luaopen_reeve_file},
	{"reeve.guard", luaopen_reeve_guard},
	{"reeve.lock", luaopen_reeve_lock},
	{"reeve.log", luaopen_reeve_log},
	{"reeve.memory", luaopen_reeve_memory},
	{"reeve.names", luaopen_reeve_names},
	{"reeve.pool", luaopen_reeve_pool},
	{"reeve.recorder", luaopen_reeve_recorder},
	{"reeve.proc", luaopen_reeve_proc},
	{"reeve.sim", luaopen_reeve_sim},
	{"reeve.socket", luaopen_reeve_socket},
	{"reeve.spec", luaopen_reeve_spec},
	{"reeve.time", luaopen_reeve_time},
	{"reeve.wire", luaopen_reeve_wire},
};

static _Noreturn void wrong_use(const char *sentence, const char *what)
{
	fprintf(stderr, "reeve-engine: %s %s\n%s", sentence, what, usage);
	exit(EX_USAGE);
}

static void parse_serve(struct options *o, int argc, char **argv)
{
	static const char *const names[] = {"--config", "--base-dir"};
	const char **const places[] = {&o->config, &o->base_dir};

	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--daemon") == 0) {
			o->daemon = true;
			continue;
		}
		size_t which = strcmp(argv[i], names[0]) == 0 ? 0 : strcmp(argv[i], names[1]) == 0 ? 1 : 2;
		if (which == 2)
			wrong_use("serve does not know", argv[i]);
		if (i + 1 == argc)
			wrong_use("a value is missing behind", argv[i]);
		*places[which] = argv[++i];
	}
	if (o->config == NULL)
		wrong_use("serve needs", "--config FILE");
}

static void parse_here(struct options *o, int argc, char **argv)
{
	if (argc > 0 && strcmp(argv[0], "--script") == 0) {
		argc--;
		argv++;
		o->script = argc > 0 ? argv[0] : NULL;
	} else {
		o->verb = argc > 0 ? argv[0] : NULL;
	}
	if (argc == 0)
		wrong_use("here needs", "a verb");
	o->args = argv + 1;
	o->n_args = argc - 1;
}

/* reeved asks before it becomes one of another build. */
static _Noreturn void say_build(void)
{
	printf("%016" PRIx64 "\n", wire_hash());
	exit(fflush(stdout) == 0 ? EX_OK : EX_IOERR);
}

static void parse(struct options *o, int argc, char **argv)
{
	memset(o, 0, sizeof *o);
	if (argc < 2)
		wrong_use("it was not said", "what to do");
	o->mode = argv[1];
	if (strcmp(o->mode, "serve") == 0)
		parse_serve(o, argc - 2, argv + 2);
	else if (strcmp(o->mode, "here") == 0)
		parse_here(o, argc - 2, argv + 2);
	else if (strcmp(o->mode, "build") == 0)
		say_build();
	else
		wrong_use("it has no mode", o->mode);
}

static int has_engine(const char *dir, char *real)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof path, "%s/reeve/engine.lua", dir) >= (int)sizeof path ||
		access(path, R_OK) < 0)
		return 0;
	return realpath(dir, real) != NULL;
}

/* lua/ beside the directory of the binary, or where `make install` puts it below any prefix. */
static int find_beside(struct options *o, const char *self)
{
	static const char *const places[] = {"/../lua", "/../../share/reeve/lua"};
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		(void)snprintf(path, sizeof path, "%s%s", self, places[i]);
		if (has_engine(path, o->lua_dir))
			return 1;
	}
	return 0;
}

/* REEVE_LUA_DIR, else beside the binary, else below the prefix. */
static void find_lua(struct options *o)
{
	char self[PATH_MAX - 32];
	const char *given = getenv("REEVE_LUA_DIR");
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	char *slash;

	if (given != NULL && given[0] != '\0') {
		if (!has_engine(given, o->lua_dir))
			die(EX_NOINPUT, "REEVE_LUA_DIR is %s, but there is no reeve/engine.lua below it",
				given);
		return;
	}
	self[n > 0 ? n : 0] = '\0';
	slash = strrchr(self, '/');
	if (slash != NULL) {
		*slash = '\0';
		if (find_beside(o, self))
			return;
	}
	if (!has_engine(REEVE_PREFIX "/share/reeve/lua", o->lua_dir))
		die(EX_NOINPUT, "reeve/engine.lua is neither in %s/../lua nor in %s: set REEVE_LUA_DIR", self,
			REEVE_PREFIX "/share/reeve/lua");
}

static void set_text(lua_State *L, const char *key, const char *text)
{
	lua_pushstring(L, text);
	lua_setfield(L, -2, key);
}

static int terminal_width(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return 80;
}

/* {mode, daemon, config, base_dir, verb, script, args, lua_dir, version, width, color, err_is_terminal} */
static int push_options(lua_State *L, void *arg)
{
	const struct options *o = arg;

	lua_createtable(L, 0, 11);
	set_text(L, "mode", o->mode);
	set_text(L, "config", o->config);
	set_text(L, "base_dir", o->base_dir);
	set_text(L, "verb", o->verb);
	set_text(L, "script", o->script);
	set_text(L, "lua_dir", o->lua_dir);
	set_text(L, "version", REEVE_VERSION);
	lua_pushinteger(L, terminal_width());
	lua_setfield(L, -2, "width");
	lua_pushboolean(L, isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL);
	lua_setfield(L, -2, "color");
	lua_pushboolean(L, isatty(STDERR_FILENO));
	lua_setfield(L, -2, "err_is_terminal");
	lua_pushboolean(L, o->daemon);
	lua_setfield(L, -2, "daemon");
	lua_createtable(L, o->n_args, 0);
	for (int i = 0; i < o->n_args; i++) {
		lua_pushstring(L, o->args[i]);
		lua_rawseti(L, -2, i + 1);
	}
	lua_setfield(L, -2, "args");
	return 1;
}

/* ctx: the options. Modules, path, and engine.lua itself; its table is kept. */
static int load_engine(lua_State *L)
{
	const struct options *o = lua_touserdata(L, 1);

	(void)luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
	for (size_t i = 0; i < sizeof modules / sizeof modules[0]; i++) {
		if (modules[i].open == NULL)
			continue;
		lua_pushcfunction(L, modules[i].open);
		lua_setfield(L, -2, modules[i].name);
	}
	vm_set_path(L, o->lua_dir);
	(void)lua_getglobal(L, "require");
	lua_pushliteral(L, "reeve.engine");
	lua_call(L, 1, 1);
	engine_keep(L);
	return 0;
}

/* To reeve-log, in the form of src/log/log.h. What does not fit into the pipe is lost: nobody waits here. */
static bool piped_line(void *arg, enum say_level level, const char *text)
{
	static const char types[] = {[SAY_DEBUG] = 1, [SAY_INFO] = 2, [SAY_WARNING] = 3, [SAY_ERROR] = 4};
	char line[4096];
	int n = snprintf(line, sizeof line, "\001%c%d %s\n", types[level], (int)getpid(), text);

	(void)arg;
	if (n >= (int)sizeof line) {
		n = (int)sizeof line;
		line[n - 1] = '\n';
	}
	(void)!write(STDERR_FILENO, line, (size_t)n);
	return true;
}

static void ignore_signals(void)
{
	static const int ignored[] = {SIGPIPE, SIGTERM, SIGINT, SIGHUP};
	sigset_t none;

	for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
		(void)signal(ignored[i], SIG_IGN);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static void open_link(struct engine *engine)
{
	int type = 0;
	socklen_t len = sizeof type;

	if (getsockopt(ENGINE_LINK_FD, SOL_SOCKET, SO_TYPE, &type, &len) < 0 || type != SOCK_SEQPACKET)
		die(EX_USAGE,
			"reeve-engine serve is started by reeved: fd 3 is not its link. You want: reeve run");
	outlink_init(&engine->out, ENGINE_LINK_FD);
	engine->out.patient = true;
	engine->in = mem_new(WIRE_FRAME_MAX, 1);
	engine->base = event_base_new();
	if (engine->base == NULL)
		die(EX_OSERR, "the event loop: %s", strerror(errno));
}

/* The exit code of main(), which is in the engine when the Lua side left. */
static int run(struct engine *engine, struct options *o)
{
	bool serves = strcmp(o->mode, "serve") == 0;
	size_t most = serves ? VM_GUARD_CAP + VM_HEAD_ROOM : SIZE_MAX / 2;

	deadline_init();
	interrupt_init();
	engine->L = vm_new(&engine->vm, VM_GUARD_CAP, most);
	if (engine->L == NULL)
		die(EX_OSERR, "Lua: out of memory");
	engine->vm.owner = serves ? engine : NULL;
	if (vm_enter(engine->L, load_engine, o) < 0)
		return EX_SOFTWARE;
	lua_pop(engine->L, 1);
	engine->exit_code = EX_OK;
	if (engine_call(engine, "main", push_options, o) < 0)
		return EX_SOFTWARE;
	return serves ? engine_run(engine) : engine->exit_code;
}

int main(int argc, char **argv)
{
	struct options options;
	struct engine engine;

	memset(&engine, 0, sizeof engine);
	engine.state.fd = -1;
	engine.tail = -1;
	say_as("reeve-engine");
	parse(&options, argc, argv);
	find_lua(&options);
	if (strcmp(options.mode, "serve") == 0) {
		if (options.daemon)
			say_through(piped_line, NULL);
		ignore_signals();
		open_link(&engine);
	} else {
		(void)signal(SIGPIPE, SIG_DFL);
	}
	return run(&engine, &options);
}
