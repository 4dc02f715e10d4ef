--- Policies between services (settings { policy = ... }): asked about all services at once, they give each of them a
-- vote, { [name] = vote }, that meets the service's own.
--
-- Such a policy is asked with `start`, then with `tick` at least once a second, and with `status` when something has
-- changed, at most ten times a second. Its `s` has now, wall, host, services and rand. The group of them looks like
-- the entry of a service (reeve.entries) to whoever asks; a part's vote is the table of all its votes.
local asking = require "reeve.asking"
local frozen = require "reeve.frozen"
local parts = require "reeve.parts"
local rng = require "reeve.rng"
local suggest = require "reeve.suggest"
local vote = require "reeve.vote"

local between = {}

local EVERY <const>, SOONEST <const> = 1000, 100 -- ms

local NAMES = { now = true, wall = true, host = true, services = true, rand = true }

local function view_of(world, group)
  local function rand() return rng.next(group.random) end
  local read = {
    now = function() return world.now / 1000 end,
    wall = function() return world:wall_view() end,
    host = function() return world.host_view end,
    services = function() return world.services_view end,
    rand = function() return rand end,
  }
  return setmetatable({}, frozen.class("the services", function(_, key) return read[key] and read[key]() end, NAMES))
end

-- { [name] = vote } in canonical form, or nil and a sentence.
local function checker(host)
  return function(answer)
    if type(answer) ~= "table" then return nil, "a policy between services returns { [name of a service] = vote }" end
    local votes = {}
    for name, v in next, answer do
      if not host.by_name[name] then
        return nil, ("there is no service '%s'%s"):format(tostring(name), suggest.hint(name, host.by_name))
      end
      local checked, sentence = vote.check(v)
      if not checked then return nil, ("service '%s': %s"):format(name, sentence) end
      votes[name] = checked
    end
    return votes
  end
end

-- A vote of a service takes the place of the one before: whether that changes anything.
local function file_one(entry, old, new, now)
  if not new then return old ~= nil end
  local n, acts = entry.service.n, new.retire ~= nil or new.kill ~= nil
  if acts then entry.shots[#entry.shots + 1] = { retire = new.retire, kill = new.kill } end
  new.retire, new.kill, new.wake = nil, nil, nil
  vote.stamp(new, now / 1000, old, n.live - n.leaving)
  return acts or not vote.agree(old, new)
end

local function file(host, group, part, votes)
  local before = part.vote or {}
  for _, entry in ipairs(host.entries) do
    local name = entry.name
    if file_one(entry, before[name], votes[name], host.world.now) then
      entry.changed, part.changed[name] = true, host.world.now
    end
  end
  part.vote = votes
  host.tap:voted(group, part)
end

--- The policies between the services of a host, or nil: the config has none, or one that is none (which is logged).
function between.new(host, policy)
  if policy == nil then return nil end
  local list, sentence = parts.compile(policy, "settings", true)
  if not list then
    host.log.error("%s; nothing is decided between services", sentence)
    return nil
  end
  local group = { name = "settings", parts = list, due = 0, soonest = 0, begins = true, check = checker(host),
    file = file }
  for _, part in ipairs(list) do
    part.name, part.changed, part.failures = "settings/" .. part.path, {}, 0
    part.random = { state = rng.seed(host.seed, "settings", part.path) }
  end
  group.view = view_of(host.world, group)
  return group
end

--- Takes a policy out, until a reload or the reset of a service: its votes no longer count.
function between.quarantine(host, part, why)
  part.dead, part.vote = why, nil
  host.log.error("policy %s is taken out until the next reload or `reeve service reset NAME`: %s", part.path, why)
  for _, entry in ipairs(host.entries) do entry.changed = true end
  host.stirred = true
end

--- Every policy counts again.
function between.lift(group)
  for _, part in ipairs(group and group.parts or {}) do
    part.dead, part.failures, part.failure, part.complained = nil, 0, nil, nil
  end
end

local function ask_all(host, group, kind)
  local event = frozen.view({ kind = kind }, "an event")
  for _, part in ipairs(group.parts) do
    if not part.dead and (not part.on or part.on[kind]) then asking.ask(host, group, part, event) end
  end
  host.unsaved = true
end

--- The end of a batch; `news`: something has changed.
function between.turn(host, group, news)
  local now = host.world.now
  if group.begins then
    group.begins = nil
    ask_all(host, group, "start")
    ask_all(host, group, "tick")
  elseif (news or group.news) and now >= group.soonest then
    ask_all(host, group, "status")
  elseif now >= group.due then
    ask_all(host, group, "tick")
  else
    if news then group.news, group.due = true, math.min(group.due, group.soonest) end
    return
  end
  group.soonest, group.due, group.news = now + SOONEST, now + EVERY, nil
end

--- The part of that name (as in host:mark), or nil.
function between.find(group, name)
  for _, part in ipairs(group and group.parts or {}) do
    if part.name == name then return part end
  end
end

return between
