--- Policies under test: a fake service in virtual time.
--
--   local T = require "reeve.test"
--   local s = T.service { process_limit = 8, process_min_avail = 2, idle_kill = "5min", policy = my_policy }
--   s:connect(6); s:finish(6); s:advance "4min"
--   assert.equal(8, s.live)
--
-- Settings are those of a service, written as in a config; without them: client_limit 1, process_limit 100,
-- idle_kill 60s, and boot = 0 (how long a process takes to come up). Pool, facts and policy host are the production
-- ones. Fields: now (s), live, starting, idle, busy, leaving, draining, avail, clients, serving, waiting, throttled
-- (s), lost (clients); s.facts is what policies see, s.standing the order in force, s.log what was logged.
local policyhost = require "reeve.policyhost"
local settings = require "reeve.sim.settings"
local spec = require "reeve.spec"
local world = require "reeve.world"

local T = {}
local Subject = {}

local OWN = { policy = true, boot = true, leave = true, name = true, seed = true, wall = true, policies = true,
  gauges_first = true, between = true, peers = true, tap = true }
local function settings_of(options)
  local all, said = settings.defaults(), {}
  for name, value in pairs(options) do
    if not OWN[name] then said[name] = value end
  end
  local good, sentence = settings.add(all, said)
  if not good then error(sentence, 3) end
  return all
end

-- A duration in the config's form, or a number of seconds, to ms.
local function ms_of(duration)
  if type(duration) == "number" then return math.floor(duration * 1000 + 0.5) end
  local good, sentence = spec.parse("service", "stop_timeout", duration)
  if not good then error(sentence, 3) end
  return math.tointeger(tonumber(good))
end

--- A guard without a deadline: an error is told as the real one tells it.
T.guard = {
  call = function(_, f, ...)
    local result = table.pack(pcall(f, ...))
    if result[1] then return table.unpack(result, 1, result.n) end
    return false, result[2], "runtime", ""
  end,
}

local function directory_of_policies()
  local lua_dir = os.getenv "REEVE_LUA_DIR"
  if lua_dir then return lua_dir .. "/../policies" end
  return debug.getinfo(1, "S").source:sub(2):gsub("[^/]*$", "") .. "../../policies"
end

local loaded = {}
local known -- the names of the shipped policies

local function is_shipped(name)
  if not known then
    known = {}
    for file in io.popen(("ls '%s'"):format(directory_of_policies())):lines() do
      known[file:match "^(.*)%.lua$" or file] = true
    end
  end
  return known[name]
end

local policy_words = require "reeve.policywords".new(function(name)
  return is_shipped(name) and T.policy(name) or nil
end)

--- The words that a policy file sees here: Lua's own, the combinators and the shipped policies.
T.env = setmetatable({}, { __index = function(env, name)
  local word = _G[name]
  if word == nil then word = policy_words[name] end
  env[name] = word -- looked for once
  return word
end })

--- The constructor of a shipped policy: T.policy "hours" { ... }.
function T.policy(name)
  if not loaded[name] then
    local path = ("%s/%s.lua"):format(directory_of_policies(), name)
    local file = assert(io.open(path))
    local text = file:read "a"
    file:close()
    loaded[name] = assert(policyhost.load(text, path, T.env))
  end
  return loaded[name]
end

-- Monday 00:00 at the beginning of time.
local function monday(now)
  local seconds = now // 1000
  return { unix = seconds, sec = seconds % 86400, wday = seconds // 86400 % 7 + 1, zone = "UTC" }
end

local function logger(lines)
  local function write(level)
    return function(format, ...) lines[#lines + 1] = ("%s: %s"):format(level, format:format(...)) end
  end
  return { debug = write "debug", info = write "info", warn = write "warning", error = write "error" }
end

local function host_maker(subject, options)
  local replaced = options.policies or {}
  return function(order)
    local host = policyhost.new { order = order, guard = T.guard, log = logger(subject.log), spec = spec,
      seed = options.seed or 1, wall = options.wall or monday, now = function() return subject.world.now end,
      mark = function(text) subject.mark = text end,
      policies = function(name) return replaced[name] or T.policy(name) end }
    if options.tap then
      host.tap, options.tap.host = options.tap, host
    end
    return host
  end
end

-- The other services of the world, each with methods and fields of its own.
local function add_peers(subject, options)
  local names = {}
  for name in pairs(options.peers or {}) do names[#names + 1] = name end
  table.sort(names)
  subject.peers = {}
  for _, name in ipairs(names) do
    local settings_of_it = options.peers[name]
    subject.peers[name] = setmetatable({ log = subject.log, world = subject.world, service = subject.world:service {
      name = name, settings = settings_of(settings_of_it), policy = settings_of_it.policy } }, Subject)
  end
end

--- A service with its first processes up. Options: settings, and policy, boot, leave (how long an idle process takes
-- to go), seed, wall (function(now ms) -> wall), policies ({ name = constructor }: other built-ins), name; and for
-- what is decided between services: peers = { NAME = settings, policy }, which
-- are s.peers.NAME, and between = the policy.
function T.service(options)
  local subject = { log = {}, options = options }
  subject.world = world.new { host = host_maker(subject, options), gauges_first = options.gauges_first,
    boot = options.boot and ms_of(options.boot), leave = options.leave and ms_of(options.leave),
    policy = options.between }
  subject.service = subject.world:service { name = options.name or "test", settings = settings_of(options),
    policy = options.policy }
  add_peers(subject, options)
  subject.world:begin()
  return setmetatable(subject, Subject)
end

---- reading

local GETTERS = {
  now = function(s) return s.world.now / 1000 end,
  live = function(s) return s.service.pool:live() end,
  avail = function(s) return s.service.pool:available() end,
  clients = function(s) return s.service.pool:clients() end,
  serving = function(s) return s.service:serving() end,
  waiting = function(s) return s.service.waiting end,
  lost = function(s) return s.service.lost end,
  standing = function(s) return s.service.standing end,
  orders = function(s) return s.service.orders end,
  generation = function(s) return s.service.generation end,
  facts = function(s) return s.world.host.services[s.service.name] end,
  host = function(s) return s.world.host end,
  quarantined = function(s) return s.world.quarantined end,
  throttled = function(s) return math.max(0, s.service.pool:counters().throttled_until - s.world.now) / 1000 end,
  counters = function(s) return s.service.pool:counters() end,
}
for _, state in ipairs { "starting", "idle", "busy", "leaving", "draining" } do
  GETTERS[state] = function(s) return s.service.pool:count(state) end
end

local methods = {}

function Subject.__index(s, key)
  if GETTERS[key] then return GETTERS[key](s) end
  return methods[key]
end

---- doing

local function settled(f)
  return function(s, ...)
    f(s, ...)
    s.world:settle()
    return s
  end
end

--- n clients connect (1 without a number).
methods.connect = settled(function(s, n) s.service:connect(n or 1) end)
--- n clients are done.
methods.finish = settled(function(s, n) s.service:finish(n or 1) end)
--- n processes die by a signal; the ones with clients first.
methods.crash = settled(function(s, n) s.service:crash(n or 1) end)
--- The next n starts fail before the first status; without n all do, 0 ends it.
methods.fail_start = settled(function(s, n) s.service.failing = n or math.maxinteger end)
--- The next n forks fail.
methods.fail_fork = settled(function(s, n) s.service.fork_failing = n or math.maxinteger end)
--- A reload gave the service new processes to come: s.generation is one higher.
methods.renew = settled(function(s) s.service:renew() end)
methods.stop = settled(function(s) s.service:stop(true) end)
methods.start = settled(function(s) s.service:stop(false) end)

--- An operator's verb: start, stop, restart, drain, reset or scale.
methods.operator = settled(function(s, verb, fields)
  if verb == "reset" or verb == "start" or verb == "restart" then s.service.pool:reset() end
  s.world.host:operator(s.service.name, verb, fields)
  s.world.news = true
end)

--- A round of samples: private(p) -> bytes, of every process; `machine`: fields of s.host.
methods.sample = settled(function(s, private, machine)
  local samples = {}
  for _, p in ipairs(s.facts.processes) do
    local n = private(p)
    samples[p.id] = { rss = n, private = n, cpu = 0 }
  end
  s.world.host:sample(samples, machine)
  s.world.news = true
end)

--- What `reeve service scale` sets: { at_least, at_most, until }, or nil.
methods.override = settled(function(s, bounds)
  s.world.host:override(s.service.name, bounds)
  s.world.news = true
end)

--- Time passes: "4min", or a number of seconds.
function methods.advance(s, duration)
  s.world:run_until(s.world.now + ms_of(duration))
  return s
end

--- The engine dies and a new one takes over with what the last one saved. `reload`: with a new generation of the
-- plan, and `policy` instead of the old one if there is one.
function methods.restart_engine(s, reload, policy)
  local text = s.world.host:save()
  if reload then s.world.generation = s.world.generation + 1 end
  if policy then s.service.definition.policy = policy end
  s.world:begin(true, text)
  return s
end

--- host:why of the service.
function methods.why(s) return s.world.host:why(s.service.name) end

---- recordings and traces

--- A recording (a ring file of state_dir, or what `reeve record` wrote) against its own policies; with `service` and
-- `policy` in the options that service has this policy in place of its own one. `since`: ms of wall time. Returns
-- { decisions, turns, lost, difference = nil | { service, policy, recorded, replayed, facts, ... } }.
function T.replay(path, options)
  options = options or {}
  local rec, sentence = require "reeve.recording".open(path)
  if not rec then error(sentence, 2) end
  local other = options.service and { service = options.service, policy = options.policy }
  local result, why = require "reeve.replay".verify(rec, { since = options.since, guard = T.guard, other = other })
  rec:close()
  if not result then error(why, 2) end
  return result
end

local function trace_of(name, service)
  if type(name) == "table" then return name end
  local recording = require "reeve.recording"
  local found, sentence = require "reeve.sim.traces".get(name), nil
  if not found and recording.is_one(name) then
    local rec = assert(recording.open(name))
    found, sentence = require "reeve.recordedtrace".of(rec, nil, service)
    rec:close()
  elseif not found then
    found, sentence = require "reeve.sim.csv".read(name)
  end
  return found or error(sentence, 3)
end

--- A trace (storm, diurnal, ..., a CSV file, a recording, or a trace of reeve.trace) played against a policy, as
-- `reeve simulate` does it. Options: settings of the service, policy, seed, and `service`: whose of a recording.
-- Returns the report: goodput, wait_p99, process_seconds, starts, dropped, ...
function T.trace(name, options)
  options = options or {}
  local found, all, own = trace_of(name, options.service), settings.defaults(), {}
  for key, value in pairs(options) do
    if not OWN[key] and key ~= "service" then own[key] = value end
  end
  assert(settings.add(all, found.settings))
  assert(settings.add(all, own))
  local result = require "reeve.simulate".run { trace = found, seed = options.seed or 1, policies = T.policy,
    services = { { name = "test", settings = all, policy = options.policy } } }
  return result.services[1]
end

--- Random events against what no policy may break: reeve.fuzz says what that is. Returns true, or raises with the
-- shortest script that still breaks it. `options`: those of T.service, and worlds = 100, deeds = 25, fuzz_seed = 1.
function T.fuzz(policy, options) return require "reeve.fuzz"(T, policy, options or {}) end

return T
