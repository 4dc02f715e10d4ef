--- What happened to a service and its policies have not been told: coalesced, and handed out in the fixed order of
-- one turn. A service with news is `dirty` in its world until the turn ends. What nobody would hear is never made:
-- service.hears(kind), when there is one, says whether a policy asks for it.
local frozen = require "reeve.frozen"

local events = {}

-- The order inside one turn (2-policy, determinism); what happened to processes by id.
local ORDER = { "start", "reload", "stop", "exit", "start_failed", "fork_failed", "spawn", "ready", "status", "demand",
  "limit", "sample", "pressure", "tick", "operator" }
local BY_ID = { exit = true, spawn = true, ready = true }

local function by_id(a, b) return a.id < b.id end

--- Names of all event kinds, as a set.
events.KINDS = {}
for _, kind in ipairs(ORDER) do events.KINDS[kind] = true end

--- The service has news for the end of this turn.
function events.mark(service)
  local world = service.world
  if not service.dirty then
    service.dirty = true
    world.dirty[#world.dirty + 1] = service
  end
end

--- Whether anybody wants to be told. Beginnings and ticks are the host's own.
function events.is_heard(service, kind) return not service.hears or service.hears(kind) end

--- One more event of its kind.
function events.queue(service, kind, event)
  local list = service.queue[kind]
  if not list then
    list = {}
    service.queue[kind] = list
  end
  event.kind = kind
  list[#list + 1] = event
  events.mark(service)
end

--- The one event of its kind: it replaces an earlier one.
function events.once(service, kind, event)
  event.kind = kind
  service.queue[kind] = { event }
  events.mark(service)
end

local STATUS = { frozen.view({ kind = "status" }, "an event") }

--- What happened to a service since it was last asked: a list of read-only events in the fixed order. Queued
-- events are gone after that.
function events.take(service)
  local queued, list = service.queue, {}
  local status = service.changed and events.is_heard(service, "status")
  service.changed = false
  if next(queued) == nil then return status and { STATUS[1] } or list end
  if status then queued.status = STATUS end
  service.queue = {}
  for _, kind in ipairs(ORDER) do
    local same = queued[kind]
    if same then
      if BY_ID[kind] then table.sort(same, by_id) end
      for _, event in ipairs(same) do
        list[#list + 1] = event == STATUS[1] and event or frozen.view(event, "an event")
      end
    end
  end
  return list
end

return events
