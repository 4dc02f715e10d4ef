--- Standing orders: the votes of a service met, and what came of them sent when it changed.
local entries = require "reeve.entries"
local vote = require "reeve.vote"

local standing = {}

local SOONEST_WAKE <const> = 10 -- ms: a policy that is always due does not keep the engine busy

local function override_vote(entry, now)
  local o = entry.service.override
  if o and o["until"] and o["until"] * 1000 <= now then
    entry.service.override = nil
  elseif o then
    return { at_least = o.at_least, at_most = o.at_most, wake = o["until"], why = { "set by an operator" } }
  end
end

-- f(name, vote) for everybody whose vote counts now.
local function each_vote(host, entry, f)
  local override = override_vote(entry, host.world.now)
  if override then f("operator", override) end
  if entry.unsafe and (not entry.only or entry.quarantined) then f("safety", entries.safety_vote(entry)) end
  for _, part in ipairs(host.between and host.between.parts or {}) do
    local v = part.vote and part.vote[entry.name]
    if v then f(part.path, v) end
  end
  for _, part in ipairs(entry.parts) do
    if part.vote and entries.is_active(entry, part) then f(part.path, part.vote) end
  end
end

--- Everybody whose vote counts now: a list of { name, vote }.
function standing.voters(host, entry)
  local list = {}
  each_vote(host, entry, function(name, v) list[#list + 1] = { name = name, vote = v } end)
  return list
end

local function meet_all(host, entry)
  local met = {}
  each_vote(host, entry, function(_, v) vote.join(met, v) end)
  return met
end

local function same(a, b)
  if not b then return false end
  for name, value in next, a do
    if b[name] ~= value then return false end
  end
  return true
end

local function send_standing(host, entry)
  local order = vote.standing(entry.vote, host.world.now / 1000)
  order.svc = entry.number
  if same(order, entry.sent) then return end
  entry.sent = order
  host.order.standing(order)
end

local function in_order(ids)
  local list = {}
  for id in next, ids or {} do list[#list + 1] = id end
  table.sort(list)
  return list
end

-- A process that has gone meanwhile, or that already drains by then, needs no order.
local function send_shots(host, entry)
  local met = {}
  for _, shot in ipairs(entry.shots) do vote.join(met, shot) end
  entry.shots = {}
  local processes = entry.service.processes
  for _, id in ipairs(in_order(met.kill)) do
    if processes[id] and not processes[id].killed then
      processes[id].killed = true
      host.order.kill { process = id }
    end
  end
  for _, id in ipairs(in_order(met.retire)) do
    local p = processes[id]
    local deadline = met.retire[id] and math.max(1, math.ceil(met.retire[id] * 1000 - 1e-6)) or math.maxinteger
    if p and not p.killed and (p.retire_by or (p.state == "draining" and 0) or math.huge) > deadline then
      p.retire_by = deadline
      host.order.retire { process = id, deadline = deadline ~= math.maxinteger and deadline or 0 }
    end
  end
end

--- Meets the votes of a service and sends what changed; says when it wants to be woken (entry.wake, ms).
function standing.settle(host, entry)
  entry.vote = meet_all(host, entry)
  entry.service.standing = entry.vote
  entry.text = nil
  send_standing(host, entry)
  if #entry.shots > 0 then send_shots(host, entry) end
  local wake = entry.vote.wake
  entry.wake = wake and math.max(math.ceil(wake * 1000 - 1e-6), host.world.now + SOONEST_WAKE) or nil
end

return standing
