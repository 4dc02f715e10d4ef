--- The one table of what a console knows: for `help`, for completion, and for the specs that hold lua/reeve/meta to it.
--
-- A row is { name, signature, meaning, class = the class of its value }. `signature` of a field is its type. A class is
-- a list of rows; `methods` are written after a colon.

local M = {}

local FACTS = {
  { "name", "string", "its name in the config" },
  { "type", "string", "\"\" is an ordinary service; startup, login, worker, log, config, anvil" },
  { "contract", "string", "how a process learns its sockets and reports" },
  { "generation", "integer", "raised by each restart and each reload that renews it" },
  { "stopped", "boolean", "by an operator" },
  { "live", "integer", "processes that are starting, idle or busy" },
  { "starting", "integer", "processes that have not reported yet" },
  { "idle", "integer", "processes without a client" },
  { "busy", "integer", "processes with clients" },
  { "leaving", "integer", "idle processes that were asked to go" },
  { "avail", "integer", "processes that can take another client" },
  { "draining", "integer", "processes that finish their clients and take no others" },
  { "old", "integer", "live processes of earlier generations" },
  { "clients", "integer?", "clients that are connected" },
  { "waiting", "integer", "clients in the queues of the listeners" },
  { "wait_oldest", "number", "seconds since the queues were empty" },
  { "arrivals", "integer", "clients that came, ever" },
  { "served", "integer?", "clients that were served, ever" },
  { "starts", "integer", "processes that were started, ever" },
  { "start_failures", "integer", "starts that failed, ever" },
  { "exits", "integer", "processes that ended, ever" },
  { "crashes", "integer", "processes that ended badly, ever" },
  { "dropped", "integer", "waiting clients that were let go, ever" },
  { "waits_for", "string?", "the service (after, requires) that it waits for" },
  { "limited_at", "number?", "when process_limit last held waiting clients up, on the clock of now" },
  { "last_failure", "string?", "the last thing that went wrong, in words" },
  { "last_exits", "exit[]", "the last five exits, newest first", class = "exit", list = true },
  { "throttled_until", "number", "no start before this time of now, after failed starts" },
  { "hold_ms", "integer", "how long no process will be started" },
  { "boot_mean", "number?", "seconds from start to ready, on average" },
  { "service_mean", "number?", "seconds a client stays, on average" },
  { "service_cv2", "number?", "how much that varies: variance / mean squared" },
  { "private_mean", "number?", "memory of a process that is its own, bytes, on average" },
  { "settings", "table", "the settings in force", class = "settings" },
  { "processes", "process[]", "its processes, by id", class = "process", list = true },
  { "standing", "table", "the votes of all policies, met", class = "vote" },
  { "override", "table?", "what an operator has set by hand", class = "override" },
  { "services", "table", "the other services", class = "services" },
  { "host", "table", "the machine", class = "host" },
  { "now", "number", "seconds, of a clock that only goes forward" },
  { "wall", "table", "the time of day", class = "wall" },
}

local WINDOWS = {
  { "avg", "avg(gauge, seconds)", "average of live idle busy avail waiting clients draining over a window" },
  { "min", "min(gauge, seconds)", "the least of a window" },
  { "max", "max(gauge, seconds)", "the most of a window" },
  { "rate", "rate(counter, seconds)",
    "per second: arrivals starts start_failures exits crashes served dropped" },
  { "series", "series(gauge, step, n)", "the most in each of the last n steps of so many seconds, oldest first" },
  { "rand", "rand()", "a number from 0 to 1, the same in a replay" },
}

local ACTIONS = {
  { "start", "start()", "listen again and keep the pool going" },
  { "stop", "stop()", "close the listeners; processes finish their clients" },
  { "restart", "restart()", "replace the processes, new ones first" },
  { "drain", "drain()", "the present processes finish their clients and go" },
  { "reset", "reset()", "forget throttle, breaker and quarantine" },
  { "scale", "scale(least, most, time)", "so many processes: scale(4, 12, \"2h\"); scale(): the policies decide" },
  { "policy", "policy(p)", "another policy until the next reload, nil: the config's (role admin)" },
}

M.CLASSES = {
  service = FACTS,
  process = {
    { "id", "integer", "never used twice" }, { "pid", "integer", "of the kernel" },
    { "generation", "integer", "of the service when it was started" },
    { "state", "string", "starting, idle, busy, leaving or draining" }, { "age", "number", "seconds" },
    { "idle_for", "number?", "seconds" }, { "busy_for", "number?", "seconds" },
    { "clients", "integer?", "it has now" }, { "served", "integer?", "clients, ever" },
    { "available", "integer", "clients it can still take" }, { "rss", "integer?", "memory, bytes" },
    { "private", "integer?", "memory that is its own, bytes" }, { "cpu", "number?", "share of one cpu" },
    { "status", "string?", "what it says of itself: STATUS= of sd_notify" },
    { "jitter", "number", "from 0 to 1, always the same for this process" },
  },
  exit = {
    { "id", "integer", "of the process" }, { "ok", "boolean", "status 0" }, { "asked", "boolean", "by us" },
    { "stage", "string", "startup, serving or draining" }, { "code", "integer", "exit status" },
    { "signal", "integer", "that killed it; 0: none" }, { "age", "number", "seconds it lived" },
    { "served", "integer", "clients" }, { "clients_lost", "integer", "that it had at its end" },
    { "text", "string", "all that in words" }, { "generation", "integer", "of the process" },
    { "at", "number", "when, on the clock of now" },
  },
  host = {
    { "mem_total", "integer?", "bytes" }, { "mem_avail", "integer?", "bytes" },
    { "psi_full", "number?", "pressure on memory" }, { "psi_cpu", "number?", "pressure on the cpus" },
    { "load", "number?", "of one minute" }, { "ncpu", "integer?", "cpus" },
  },
  wall = {
    { "unix", "integer", "seconds since 1970" }, { "sec", "integer", "seconds since local midnight" },
    { "wday", "integer", "1 is Monday" }, { "zone", "string", "of the time" },
  },
  override = {
    { "at_least", "integer?", "floor" }, { "at_most", "integer?", "ceiling" },
    { "until", "number?", "when it ends, on the clock of now" },
  },
  vote = {
    { "at_least", "integer?", "floor on live processes" },
    { "spare", "integer?", "floor on processes that can take a client" },
    { "at_most", "integer?", "ceiling on live processes" },
    { "on_demand", "boolean?", "start one process per waiting client" },
    { "shrink_to", "integer?", "idle processes beyond this may go" },
    { "burst", "integer?", "most starts in one step" },
    { "hold", "number?", "no start before this time" },
    { "throttle", "table?", "{ first, most }: delays after failed starts" },
    { "retire", "table?", "{ [id] = deadline or false }: take no more clients, finish, end" },
    { "kill", "table?", "{ [id] = true }: now" },
    { "mode", "string?", "normal, stress or shed" },
    { "wake", "number?", "ask again at this time" },
    { "why", "string?", "for people" },
  },
}

--- Why a policy is asked: ev.kind, the hook of that name.
M.EVENTS = {
  { "start", "", "the service begins; a tick follows" },
  { "stop", "", "an operator stopped it" },
  { "reload", "", "a new config, or a new engine; a tick follows" },
  { "spawn", "id", "a process was started" },
  { "ready", "id", "it has come up" },
  { "status", "", "something has changed; once a turn" },
  { "demand", "waiting", "a client waits and nobody is available" },
  { "limit", "waiting", "process_limit is reached and clients wait" },
  { "exit", "id, ok, asked, stage, code, signal, age, served, clients_lost, text, generation, at",
    "a process has gone" },
  { "start_failed", "text, step, errno", "a process failed before exec" },
  { "fork_failed", "errno", "the kernel gave no process" },
  { "sample", "", "memory of the processes was read: each second (cpu: every 5 s)" },
  { "pressure", "short, psi_full, mem_avail", "memory of the machine got short, or is no longer" },
  { "tick", "", "the wake of a vote came due" },
  { "operator", "verb; with scale at_least, at_most, until", "somebody did something by hand" },
}

local ORDERED <const> = { "process", "exit", "override", "vote", "host", "wall" }

--- The names of the fields of the class that a record of facts seems to be of, in their order; none: {}.
function M.order_of(record)
  for _, class in ipairs(ORDERED) do
    local names, known, n = {}, 0, 0
    for i, row in ipairs(M.CLASSES[class]) do
      names[i] = row[1]
      if record[row[1]] ~= nil then known = known + 1 end
    end
    for _ in next, record do n = n + 1 end
    if n > 0 and known == n then return names end
  end
  return {}
end

M.METHODS = { service = { WINDOWS, ACTIONS } }
M.ACTIONS = ACTIONS

--- Names that a chunk sees, besides Lua's and the policies'.
M.GLOBALS = {
  { "services", "table", "every service, by name: services.web.busy, services[\"imap-login\"]", class = "services" },
  { "print", "print(...)", "values, separated by tabs" },
  { "_", "any", "the last result; _1 to _9 are the last nine, newest first" },
}

--- Lua's own, as far as they are there.
M.LUA = {
  { "assert", "assert(v, message)", "v, or an error" },
  { "error", "error(message, level)", "raise an error" },
  { "getmetatable", "getmetatable(v)", "" },
  { "ipairs", "ipairs(list)", "for i, v in ipairs(list) do … end" },
  { "log", "table", "log.info(format, ...), also debug, warn and error: a line in the daemon's log" },
  { "math", "table", "Lua's, without chance" },
  { "next", "next(t, key)", "" },
  { "pairs", "pairs(t)", "for k, v in pairs(t) do … end, in a fixed order" },
  { "pcall", "pcall(f, ...)", "true and results, or false and the error; deadlines pass" },
  { "rawequal", "rawequal(a, b)", "" },
  { "rawget", "rawget(t, key)", "" },
  { "rawlen", "rawlen(v)", "" },
  { "select", "select(n, ...)", "" },
  { "setmetatable", "setmetatable(t, metatable)", "" },
  { "string", "table", "Lua's, without patterns" },
  { "table", "table", "Lua's, without move" },
  { "tonumber", "tonumber(v, base)", "" },
  { "tostring", "tostring(v)", "" },
  { "try", "try(f, ...)", "as pcall, with a traceback" },
  { "type", "type(v)", "" },
  { "utf8", "table", "Lua's" },
  { "warn", "warn(...)", "a warning in the daemon's log" },
}

--- Lines that are not Lua.
M.COMMANDS = {
  { "help", "help [NAME]", "this, or all about one name: help services.web:restart" },
  { "watch", "watch EXPR [every 2s]", "evaluate again and again, print what changes; ^C ends it" },
  { ":table", ":table", "lists of records as tables, cut to the terminal (the default)" },
  { ":wide", ":wide", "the same, not cut" },
  { ":json", ":json", "results as JSON, one a line" },
  { ":lua", ":lua", "results as Lua" },
  { ":csv", ":csv", "results as CSV" },
  { ":set", ":set timeout 5s", "how long a line may compute; at most half of engine_timeout" },
  { ":dry", ":dry on|off", "print actions instead of doing them" },
  { ":role", ":role observer", "give up a role for the rest of the session; it does not come back" },
  { ":quit", ":quit", "leave; so do quit, exit and ^D" },
}

--- The row of `name` in a class: a field, or after a colon a method. nil: none.
---@param method boolean|nil only methods, only fields, or (nil) both
function M.find(class, name, method)
  local lists = {}
  if method ~= true then lists[1] = M.CLASSES[class] end
  if method ~= false then
    for _, list in ipairs(M.METHODS[class] or {}) do lists[#lists + 1] = list end
  end
  for _, list in ipairs(lists) do
    for _, row in ipairs(list) do
      if row[1] == name then return row end
    end
  end
end

return M
