--- One process as policies see it: the mirror of report `process`, and the read-only view of it.
local frozen = require "reeve.frozen"
local rng = require "reeve.rng"

local process = {}

--- Names of enum pool_state (src/pool/pool.h), by number.
process.STATES = { [0] = "starting", "idle", "busy", "leaving", "draining" }

-- What a policy may read of a process. Nil where nobody knows: memory before the first sample, clients of a
-- contract without status.
local NAMES = {}
for _, name in ipairs { "id", "pid", "generation", "state", "age", "idle_for", "busy_for", "clients", "served",
  "available", "rss", "private", "cpu", "jitter", "status" } do
  NAMES[name] = true
end

--- The fields of a process, as a set.
process.FIELDS = NAMES

local function for_how_long(p, state) return p.state == state and (p.service.world.now - p.since) / 1000 or 0 end

local GETTERS = {
  age = function(p) return (p.service.world.now - p.born) / 1000 end,
  idle_for = function(p) if p.service.reports then return for_how_long(p, "idle") end end,
  busy_for = function(p) if p.service.reports then return for_how_long(p, "busy") end end,
  clients = function(p) if p.service.reports then return p.clients end end,
  served = function(p) if p.service.reports then return p.served end end,
  jitter = function(p) return rng.once(rng.seed(p.service.world.seed, p.service.name, p.id)) end,
}

local of = setmetatable({}, { __mode = "k" }) -- view -> process

local class = frozen.class("a process", function(view, key)
  local p, getter = of[view], GETTERS[key]
  if getter then return getter(p) end
  return NAMES[key] and p[key] or nil
end, NAMES)

--- A process from its first report.
function process.new(service, msg)
  local p = { service = service, id = msg.process, pid = msg.pid, generation = msg.generation, born = msg.born }
  return p
end

--- The read-only view; one for the life of the process.
function process.view(p)
  local view = p.view
  if not view then
    view = setmetatable({}, class)
    of[view], p.view = p, view
  end
  return view
end

--- The record behind a view; for trusted code.
function process.of(view) return of[view] end

return process
