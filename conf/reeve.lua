-- The config that `make run` starts: three services on this machine's loopback.
--
-- A config is Lua: what you need twice you name once, what you need forty times you write in a loop. Check
-- it with `reeve check -c FILE`, see what a change would do with `reeve plan`, apply it with `reeve reload`.
-- `reeve settings` explains every setting, `reeve settings NAME` one.
--
-- Things to try while it runs:
--   curl http://127.0.0.1:8080/            a pool of long-lived processes answers
--   curl telnet://127.0.0.1:8081           this connection has a process of its own, which says your lines back
--   curl telnet://127.0.0.1:8082           in two terminals: both talk to the same process
--   reeve status; reeve ps                 what runs, and who has clients

local http_port = tonumber(getenv("REEVE_HTTP_PORT", "8080"))
local echo_port = tonumber(getenv("REEVE_ECHO_PORT", "8081"))
local chat_port = tonumber(getenv("REEVE_CHAT_PORT", "8082"))

-- Where the programs are. `make run` names build/examples; the user "nobody" must be able to reach it.
local libexec = getenv("REEVE_LIBEXEC", "/usr/local/libexec/reeve")

settings {
  -- Sockets, the lock and the control socket are below this directory. Relative paths start here.
  base_dir = getenv("REEVE_BASE_DIR", "/run/reeve"),

  -- A relative `executable` is looked for here.
  libexec_dir = libexec,

  -- Where inet_listeners listen that name no address. The default is every address, { "*", "::" }.
  listen = { "127.0.0.1" },

  -- Defaults for services that write nothing else. 0 in a service means: this.
  default_process_limit = 20,
  default_idle_kill = "60s",
  default_vsz_limit = "256M",

  -- Services run as this user unless they name one. Root only by writing user = "root".
  default_internal_user = "nobody",
}

-- Many clients to a process, and processes that stay: the usual shape of a busy server.
service "http" {
  description = "HTTP greetings from a pool",
  executable = "http-pool",

  client_limit = 200,      -- one process has up to 200 connections at a time,
  process_limit = 4,       -- and there are at most four processes: 800 connections
  process_min_avail = 2,   -- two that could take more are always there
  service_count = 100000,  -- after so many connections a process makes way for a fresh one
  idle_kill = "5min",      -- a surplus of idle processes goes after this long

  inet_listener "http" { port = http_port },
}

-- One process, one connection: a crash, a leak or a hang costs exactly one client. Written in Lua.
service "echo" {
  description = "Says back each line, one process for each connection",
  executable = { "echo" }, -- a list, or a text that is split at blanks: never a shell

  client_limit = 1,        -- one client at a time,
  service_count = 1,       -- and one in all: then the process ends
  process_min_avail = 2,   -- two wait ready, so that nobody waits for a start
  process_limit = 20,

  -- Processes start with an empty environment and what is written here.
  env = { LUA_CPATH = libexec .. "/../lua/?.so;;" },

  inet_listener "echo" { port = echo_port },
  unix_listener "echo" { mode = "0666" }, -- <base_dir>/echo; an octal number is a text
}

-- One process for all: clients that must meet. It starts with the first client and goes when it was empty
-- for a minute.
service "chat" {
  description = "A chat room",
  executable = "chat",

  client_limit = 500,
  process_limit = 1,
  idle_kill = "1min",

  inet_listener "chat" { port = chat_port },
}

-- A service's `policy` decides how many processes it has; what is written above are policies already. Yours
-- are added: here, more ready processes during office hours.
--
--   service "echo" {
--     …
--     policy = {
--       min_avail = function(s) return s.wall.sec > 8 * 3600 and 10 or 2 end,
--     },
--   }
--
-- More services from other files: include "conf.d/*.lua"
