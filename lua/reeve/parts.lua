--- Policies as users write them -> parts as the host asks them.
--
-- A policy is a function (s, ev, st) -> vote; a list of policies; or a table of hooks by the name of an event.
-- Beside hooks a table may have
--
--   min_avail = function(s) -> n            votes spare = n, asked at every event and each second
--   idle_kill = function(s, p) -> boolean   asked for each idle process once a second: true, it may go
--   run, on, version, migrate, name         run is a function, asked at the events that `on` lists (none: all);
--                                           version and migrate(old st, its version) -> st: a change of st's shape
--   only = true                             instead of the built-ins (what `only {...}` returns)
--   global = true                           decides between services: belongs in settings { policy = ... }
--   only_while = "waiting"                  asked only while that fact is above 0 (or true), and in the one turn that
--                                           finds it back at 0: what has nothing to do costs nothing
--
-- A *part* is { path, run, on = set of event kinds or nil for all, only_while, store }. Every hook and every item of a
-- list is a part with a standing vote of its own; the hooks of one table share a *store* { path, version, migrate,
-- st }.
local facts = require "reeve.facts"
local suggest = require "reeve.suggest"

local FACTS = require "reeve.service".FIELDS
local VOTE = require "reeve.vote".FIELDS

local parts = {}

local WORDS = { min_avail = true, idle_kill = true, run = true, on = true, version = true, migrate = true, name = true,
  only = true, only_while = true, global = true }

local TYPES = { on = "table", version = "number", name = "string", only = "boolean",
  only_while = "string", global = "boolean" } -- the others are functions

local ALL_WORDS = {}
for name in pairs(WORDS) do ALL_WORDS[name] = true end
for name in pairs(facts.EVENTS) do ALL_WORDS[name] = true end

--- Every key that a table of hooks can have, as a set.
parts.WORDS = ALL_WORDS

local function next_second(s) return math.floor(s.now) + 1 end

-- min_avail = function(s) -> n
local function ask_min_avail(f)
  return function(s)
    local n = f(s)
    if n == nil then return { wake = next_second(s) } end
    return { spare = n, wake = next_second(s) }
  end
end

local function longest_idle(s)
  local idle = {}
  for _, p in ipairs(s.processes) do
    if p.state == "idle" and p.idle_for then idle[#idle + 1] = p end
  end
  table.sort(idle, function(a, b)
    if a.idle_for ~= b.idle_for then return a.idle_for > b.idle_for end
    return a.id < b.id
  end)
  return idle
end

-- Those that may go and are the longest idle are the master's to pick: a permission to shrink. One that may go
-- though a longer idle one may not is named, but never below the floors in force.
local function ask_idle_kill(f)
  return function(s)
    local vote, picked, first = { wake = next_second(s) }, {}, 0
    local idle = longest_idle(s)
    for i, p in ipairs(idle) do
      if f(s, p) then
        if first == i - 1 then first = i else picked[#picked + 1] = p end
      end
    end
    local staying = s.live - s.leaving
    if first > 0 then vote.shrink_to = staying - first end
    local floors = s.standing
    local room = math.min(staying - (floors.at_least or 0), s.avail - (floors.spare or 0)) - first
    for i = 1, math.min(#picked, room) do
      vote.retire = vote.retire or {}
      vote.retire[picked[i].id] = false
    end
    return vote
  end
end

local compile

local function set(list)
  local names = {}
  for _, name in ipairs(list) do names[name] = true end
  return names
end

local function new_store(path, policy)
  return { path = path, version = policy.version or 1, migrate = policy.migrate, st = {},
    only_while = policy.only_while }
end

local function add(out, path, store, run, on)
  out[#out + 1] = { path = path, store = store, run = run, on = on, only_while = store.only_while }
end

local function check_word(path, name, value)
  if type(name) ~= "string" then return ("policy %s has a key that is a %s"):format(path, type(name)) end
  if VOTE[name] then
    return ("policy %s: '%s' is a field of a vote, which a policy returns: write function(s) return { %s = … } end")
      :format(path, name, name)
  end
  if not ALL_WORDS[name] then
    return ("policy %s: there is no hook '%s'%s"):format(path, name, suggest.hint(name, ALL_WORDS))
  end
  local wanted = TYPES[name] or "function"
  if type(value) ~= wanted then
    return ("policy %s: %s must be a %s, not a %s"):format(path, name, wanted, type(value))
  end
end

-- What a table itself has: its metamethods would run where nobody guards them.
local function plain(t)
  local copy = {}
  for key, value in next, t do copy[key] = value end
  return copy
end

local function check_table(policy, path)
  for name, value in next, policy do
    if math.type(name) ~= "integer" then
      local wrong = check_word(path, name, value)
      if wrong then return wrong, name end
    end
  end
  if policy.only_while and not FACTS[policy.only_while] then
    return ("policy %s: there is no fact '%s'%s"):format(path, policy.only_while,
      suggest.hint(policy.only_while, FACTS)), "only_while"
  end
  for _, kind in ipairs(plain(policy.on or {})) do
    if not facts.EVENTS[kind] then
      local name = type(kind) == "string" and kind or "a " .. type(kind)
      return ("policy %s: there is no event '%s'%s"):format(path, name, suggest.hint(name, facts.EVENTS)), "on"
    end
  end
end

local function hooks_in_order(policy)
  local names = {}
  for name in next, policy do
    if type(name) == "string" and facts.EVENTS[name] then names[#names + 1] = name end
  end
  table.sort(names)
  return names
end

local BELONGS <const> = "policy %s decides between services: write it in settings { policy = ... }"
local OF_ONE <const> = "policy %s decides about one service: write it there (what decides between services is a "
  .. "function, or a table that says global = true)"
local ONLY <const> = "policy %s: only { } stands in a service; between services there is nothing that it replaces"

-- What stands on the wrong side: of one service, or between all of them.
local function misplaced(policy, path, of_all)
  if not of_all then return policy.global and BELONGS:format(path) or nil end
  if policy.only then return ONLY:format(path) end
  if policy.global then return nil end
  for name in next, policy do
    if type(name) == "string" and name ~= "name" then return OF_ONE:format(path) end
  end
end

local function compile_table(policy, path, out, of_all)
  local wrong, key = check_table(policy, path)
  wrong = wrong or misplaced(policy, path, of_all)
  if wrong then return nil, wrong, key end
  local store = new_store(path, policy)
  if policy.run then add(out, path, store, policy.run, policy.on and set(plain(policy.on))) end
  if policy.min_avail then add(out, path .. ".min_avail", store, ask_min_avail(policy.min_avail)) end
  if policy.idle_kill then
    add(out, path .. ".idle_kill", store, ask_idle_kill(policy.idle_kill), { tick = true })
  end
  for _, name in ipairs(hooks_in_order(policy)) do
    add(out, path .. "." .. name, store, policy[name], { [name] = true })
  end
  for i, item in ipairs(policy) do
    local ok, sentence = compile(item, ("%s.%d"):format(path, i), out, of_all)
    if not ok then return nil, sentence, i end
  end
  return true
end

function compile(policy, path, out, of_all)
  if policy == false then return true end
  if type(policy) == "function" then
    add(out, path, new_store(path, {}), policy)
    return true
  end
  if type(policy) == "table" then
    policy = plain(policy)
    if type(policy.name) == "string" then path = ("%s(%s)"):format(path, policy.name:sub(1, 40)) end
    return compile_table(policy, path, out, of_all)
  end
  return nil, ("policy %s must be a function, a table of hooks or a list of policies, not %s"):format(path,
    policy == nil and "nothing" or "a " .. type(policy))
end

--- Whether a policy, or one in a list of them, decides between services.
function parts.is_global(policy)
  if type(policy) ~= "table" then return false end
  local found = rawget(policy, "global") == true
  for i = 1, rawlen(policy) do found = found or parts.is_global(rawget(policy, i)) end
  return found
end

--- The parts of a policy, or nil, a sentence and the key in it that is wrong (nil: all of it is). `path` names it in
-- messages and in saved state; of_all: it decides between services.
function parts.compile(policy, path, of_all)
  local out = {}
  local ok, sentence, key = compile(policy, path, out, of_all)
  if not ok then return nil, sentence, key end
  return out
end

return parts
