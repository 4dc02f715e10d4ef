--- What recording costs: processor time of the engine's Lua for 5000 events a second in 50 turns, with the recording
-- and without. Prints the difference as a share of a core, and how much of the file a second takes. Run by
--
--   build/reeve-engine here --script tests/bench/recording.lua     (part of `make bench`)
local guard = require "reeve.guard"
local policyhost = require "reeve.policyhost"
local record = require "reeve.record"
local recorder = require "reeve.recorder"
local spec = require "reeve.spec"
local state = require "reeve.state"
local wire = require "reeve.wire"

local PER_TURN <const>, TURNS <const>, PROCESSES <const> = 100, 500, 200 -- ten seconds

local function load_policy(name)
  local file = assert(io.open("policies/" .. name .. ".lua"))
  local text = file:read "a"
  file:close()
  return assert(policyhost.load(text, name, setmetatable({}, { __index = _G })))
end

local function settings()
  local values = {}
  for _, row in ipairs(spec.settings) do
    if row.scope == "service" and row.default ~= "" then
      values[row.name] = spec.parse("service", row.name, row.default)
    end
  end
  values.client_limit, values.process_limit, values.process_min_avail = "1", "1000", "16"
  return values
end

local QUIET = setmetatable({}, { __index = function() return function() end end })

-- A ring that counts what it is given, over /dev/null: the page cache's work is not the engine's.
local function counting_ring()
  local out, ring = assert(io.open("/dev/null", "w")), { bytes = 0 }
  function ring.append(_, _, _, _, bytes)
    ring.bytes = ring.bytes + #bytes + 24
    out:write(bytes)
    out:flush()
    return true
  end
  function ring.attach() return true, false end
  function ring.next() return true end
  function ring.close() end
  function ring.room() return 1 << 30, 1 << 30, 0 end
  return ring
end

local function new_host(ring)
  local rec
  if ring then
    rec = record.new { recorder = { sum = recorder.sum, deltas = recorder.deltas, ring = function() return ring end },
      schema = record.schema(wire.report, wire.types), log = QUIET, unix = require "reeve.time".unix,
      generation = function() return state.encode {} end }
  end
  local host = policyhost.new { order = rec and rec:watch(QUIET) or QUIET, guard = guard, log = QUIET, spec = spec,
    policies = load_policy, wall = require "reeve.time".wall, mark = function() end }
  host:define { services = { { name = "s", settings = settings() } } }
  host:report("begin", { generation = 1, now = 1000, master_pid = 1, resumed = false })
  if rec then
    rec:begin(host)
    host.tap = rec
    rec:take_file(99, 1 << 30)
  end
  return host
end

local function run(host)
  local served, began = 0, os.clock()
  for turn = 1, TURNS do
    local now = 1000 + turn * 20
    for i = 1, PER_TURN do
      local id = (turn * PER_TURN + i) % PROCESSES + 1
      served = served + 1
      host:report("process", { process = id, svc = 1, pid = 5000 + id, generation = 1, state = 1 + i % 2, now = now,
        born = 900 + id, since = now - i % 17, available = i % 2, clients = 1 - i % 2, served = served // PROCESSES,
        ready = true })
    end
    host:report("pool", { svc = 1, now = now, generation = 1, waiting = 0, arrivals = served, served = served,
      starts = PROCESSES, start_failures = 0, exits = 0, crashes = 0, dropped = 0, throttled_until = 0,
      stopped = false })
    host:turn(now)
  end
  return os.clock() - began
end

local best, plain = math.huge, math.huge
local ring
for _ = 1, 5 do
  plain = math.min(plain, run(new_host()))
  ring = counting_ring()
  best = math.min(best, run(new_host(ring)))
end
local seconds = TURNS / 50
print(("recording 5000 events a second: %.2f %% of a core (%.2f us an event); without it the same takes %.1f %%")
  :format((best - plain) / seconds * 100, (best - plain) / (seconds * 5000) * 1e6, plain / seconds * 100))
print(("the file grows by %.0f KB a second: %.1f bytes an event"):format(ring.bytes / seconds / 1000,
  ring.bytes / (seconds * 5000)))
return 0
