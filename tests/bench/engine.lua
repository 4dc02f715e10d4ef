--- What the engine's Lua costs: microseconds of processor time for each connection, when every connection has a process
-- of its own (a start, its first status, its end), and for reports of a pool that stays. Run by
--
--   build/reeve-engine here --script tests/bench/engine.lua        (part of `make bench`)
local guard = require "reeve.guard"
local policyhost = require "reeve.policyhost"
local words = require "reeve.policywords"
local spec = require "reeve.spec"

local PER_TURN <const> = 14 -- connections: 720 a second, 50 turns a second
local TURNS <const> = 2000

local function load_policy(name)
  local file = assert(io.open("policies/" .. name .. ".lua"))
  local text = file:read "a"
  file:close()
  return assert(policyhost.load(text, name, setmetatable(words.new(function() end), { __index = _G })))
end

local function settings()
  local values = {}
  for _, row in ipairs(spec.settings) do
    if row.scope == "service" and row.default ~= "" then
      values[row.name] = spec.parse("service", row.name, row.default)
    end
  end
  values.client_limit, values.process_limit, values.idle_kill, values.process_min_avail = "1", "1000", "60000", "16"
  return values
end

local function new_host(policy)
  local order = setmetatable({}, { __index = function() return function() end end })
  local log = setmetatable({}, { __index = function() return function(f, ...) print(f:format(...)) end end })
  local host = policyhost.new { order = order, guard = guard, log = log, spec = spec, policies = load_policy,
    mark = function() end }
  host:define { services = { { name = "s", settings = settings(), policy = policy } } }
  host:report("begin", { generation = 1, now = 1000, master_pid = 1, resumed = false })
  return host
end

local STARTING <const>, IDLE <const>, BUSY <const> = 0, 1, 2

local function process(host, id, state, now, ready)
  host:report("process", { process = id, svc = 1, pid = 1000 + id, generation = 1, state = state, now = now,
    born = now - 5, since = now, available = state == BUSY and 0 or 1, clients = state == BUSY and 1 or 0, served = 0,
    ready = ready })
end

local function pool(host, now, starts, exits)
  host:report("pool", { svc = 1, now = now, generation = 1, waiting = 0, arrivals = exits, served = exits,
    starts = starts, start_failures = 0, exits = exits, crashes = 0, dropped = 0, throttled_until = 0,
    stopped = false })
end

local function gone(host, id, now)
  host:report("exit", { process = id, svc = 1, now = now, ok = true, asked = false, stage = 1, code = 0, signal = 0,
    age = 20, served = 1, clients_lost = 0, text = "process ended" })
end

-- As the master sends it: exits in order, then each process in its latest state.
local function connections(host)
  local now, last = 1000, 0
  for _ = 1, TURNS do
    now = now + 20
    for _ = 1, PER_TURN do
      last = last + 1
      process(host, last, STARTING, now, false)
      if last > 16 then
        process(host, last - 16, BUSY, now, true)
        gone(host, last - 16, now)
      end
      process(host, last, IDLE, now, true)
    end
    pool(host, now, last, last - 16)
    host:turn(now)
  end
  return last
end

-- A pool that stays: clients come and go.
local function statuses(host)
  for id = 1, 300 do process(host, id, IDLE, 1000, true) end
  local now, n = 1000, 0
  for _ = 1, TURNS do
    now = now + 20
    for i = 1, PER_TURN do
      n = n + 1
      process(host, 1 + n % 300, i % 2 == 0 and BUSY or IDLE, now, true)
    end
    pool(host, now, 300, 0)
    host:turn(now)
  end
  return n
end

local function measure(what, play, policy)
  local best = math.huge
  for _ = 1, 5 do
    local host = new_host(policy)
    collectgarbage()
    local before = os.clock()
    local n = play(host)
    best = math.min(best, (os.clock() - before) / n)
  end
  print(("%-62s %7.2f us"):format(what, best * 1e6))
end

local function own(s, ev) return ev.kind == "exit" and { at_least = s.live > 20 and 2 or 1 } or nil end

measure("a connection with its own process, built-in policies", connections)
measure("a connection with its own process, and a function that hears all", connections, own)
measure("a status report of a pool of 300, built-in policies", statuses)
return 0
