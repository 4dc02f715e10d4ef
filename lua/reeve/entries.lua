--- The policies of one service as the host asks them: the built-in ones and its own, each a list of parts
-- (reeve.parts), and which of them count.
local facts = require "reeve.facts"
local parts = require "reeve.parts"
local rng = require "reeve.rng"
local vote = require "reeve.vote"

local entries = {}

--- What every service has unless its policy is `only {...}`.
entries.BUILT_INS = { "min_avail", "on_demand", "idle_kill", "throttle", "rolling" }

--- ms for one call of a policy.
entries.DEADLINE = 20

-- The parts of one built-in. One that cannot be loaded leaves nil, and the service its safety vote.
local function built_in(host, name)
  local constructor, sentence = host.find_policy(name)
  if not constructor then return nil, sentence end
  local ok, policy = host.guard.call(entries.DEADLINE, constructor, {})
  if not ok then return nil, policy end
  return parts.compile(policy, "built-in/" .. name)
end

local function built_ins(host, entry)
  local list = {}
  for _, name in ipairs(entries.BUILT_INS) do
    local made, sentence = built_in(host, name)
    if made then
      table.move(made, 1, #made, #list + 1, list)
    else
      entry.unsafe, entry.broken = true, true
      host.log.error("service %s: built-in policy %s: %s", entry.name, name, tostring(sentence))
    end
  end
  for _, part in ipairs(list) do part.built_in = true end
  return list
end

local function own(host, entry, policy)
  if policy == nil then return {} end
  local made, sentence = parts.compile(policy, "own")
  if made then return made end
  host.log.error("service %s: %s; the built-in policies decide", entry.name, sentence)
  entry.quarantined = sentence
  return {}
end

--- A service of which nobody can say how it starts is kept going by what its settings say.
function entries.safety_vote(entry)
  return { spare = entry.service.settings.process_min_avail or 0, on_demand = true,
    why = { "a built-in policy is broken" } }
end

--- Whether a part counts now.
function entries.is_active(entry, part)
  if part.dead then return true end -- its last good vote stands
  if part.built_in then return not entry.only or entry.quarantined ~= nil end
  return entry.quarantined == nil
end

local function begin_parts(host, entry, list)
  for _, part in ipairs(list) do
    part.name = ("%s/%s"):format(entry.name, part.path)
    part.random = { state = rng.seed(host.seed, entry.name, part.path) }
    part.failures, part.fresh = 0, true
  end
end

--- Whether the fact of a part's only_while is above 0, or true.
function entries.gate_holds(entry, part)
  local value = entry.service.view[part.only_while]
  return value == true or type(value) == "number" and value > 0
end

-- The parts that hear each kind of event; `always`: one of them does whatever its only_while says.
local function ears_of(list)
  local ears = {}
  for kind in next, facts.EVENTS do
    local hearers = { always = false }
    for _, part in ipairs(list) do
      if not part.on or part.on[kind] then
        hearers[#hearers + 1] = part
        hearers.always = hearers.always or not part.only_while
      end
    end
    ears[kind] = hearers
  end
  return ears
end

-- Whether an event of this kind would reach anybody: else it need not be made.
local function is_heard(entry, kind)
  local hearers = entry.ears[kind]
  if hearers.always then return true end
  for _, part in ipairs(hearers) do
    if part.open or entries.gate_holds(entry, part) then return true end
  end
  return false
end

--- The entry of a service (reeve.service) whose own policy is `policy`, or nil.
function entries.new(host, service, policy)
  local entry = { service = service, name = service.name, number = service.number, vote = {}, shots = {},
    configured = policy, view = service.view, check = vote.check }
  entry.only = type(policy) == "table" and rawget(policy, "only") == true
  local list = built_ins(host, entry)
  local mine = own(host, entry, policy)
  entry.parts = table.move(mine, 1, #mine, #list + 1, list)
  begin_parts(host, entry, entry.parts)
  entry.ears = ears_of(entry.parts)
  service.hears = function(kind) return is_heard(entry, kind) end
  return entry
end

--- Other parts for its own: of `policy` ("console" in their path), or nil: of the config's. Returns true, or nil and
-- a sentence.
function entries.replace(host, entry, policy)
  local chosen = policy or entry.configured or {}
  local mine, sentence = parts.compile(chosen, policy and "console" or "own")
  if not mine then return nil, sentence end
  begin_parts(host, entry, mine)
  local list = {}
  for _, part in ipairs(entry.parts) do
    if part.built_in then list[#list + 1] = part end
  end
  entry.only = type(chosen) == "table" and rawget(chosen, "only") == true
  entry.parts = table.move(mine, 1, #mine, #list + 1, list)
  entry.ears = ears_of(entry.parts)
  entry.quarantined, entry.culprit, entry.changed, entry.text = nil, nil, true, nil
  entry.all_begun = nil -- the new ones have not
  return true
end

--- The part with that path, or nil.
function entries.part(entry, path)
  for _, part in ipairs(entry.parts) do
    if part.path == path then return part end
  end
end

return entries
