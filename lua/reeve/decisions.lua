--- What was decided in a turn: votes that are other than before, orders, and failures that no replay can repeat. The
-- same here collects for the recording and for its replay, so that the two can be compared.
--
-- A decision is { now = ms, votes = { { service, policy, vote }, ... }, orders = { { name, fields }, ... }, failures }.
-- When a policy wants to be asked again (wake) and since when a shrink_to stands (as_of) are no part of its vote here:
-- ticks are recorded as they come, and as_of is in the standing order.
local state = require "reeve.state"

local decisions = {}
local Decisions = {}
Decisions.__index = Decisions

local NOT_COMPARED = { wake = true, as_of = true }

function decisions.new()
  return setmetatable({ heard = {}, orders = {}, failures = {}, asked = 0 }, Decisions)
end

local function same_value(a, b)
  if a == b then return true end
  if type(a) ~= "table" or type(b) ~= "table" then return false end
  for key, value in next, a do
    if b[key] ~= value then return false end
  end
  for key in next, b do
    if a[key] == nil then return false end
  end
  return true
end

local function same_vote(a, b)
  for name, value in next, a do
    if not NOT_COMPARED[name] and not same_value(value, b[name]) then return false end
  end
  for name in next, b do
    if not NOT_COMPARED[name] and a[name] == nil then return false end
  end
  return true
end

local function plain_vote(v)
  local copy = {}
  for name, value in next, v do
    if not NOT_COMPARED[name] then copy[name] = value end
  end
  return copy
end

--- The votes as they stand are known: only what is other than these is a decision.
function decisions.begin(host)
  for _, entry in ipairs(host.entries) do
    for _, part in ipairs(entry.parts) do part.noted = part.vote end
  end
end

local KEPT = { standing = true, retire = true, kill = true, quarantine = true }

--- The doors of `order` (reeve.wire), with an eye on what goes through.
function Decisions:watch(order)
  local watched = setmetatable({}, { __index = order })
  for name in pairs(KEPT) do
    watched[name] = function(fields)
      self.orders[#self.orders + 1] = { name, fields }
      return order[name](fields)
    end
  end
  return watched
end

--- A turn begins.
function Decisions:turn() self.asked = 0 end

--- A part is about to be asked.
function Decisions:asking() self.asked = self.asked + 1 end

--- A part has voted.
function Decisions:voted(entry, part)
  self.heard[#self.heard + 1] = { entry, part }
end

--- A part ran into its deadline, or out of memory: with its st as that left it.
function Decisions:broke(entry, part, message, kind)
  self.failures[#self.failures + 1] = { call = self.asked, service = entry.name, policy = part.path,
    message = tostring(message), kind = kind, st = state.encode(part.store.st) }
end

local function changed_votes(heard)
  local votes, last = {}, {}
  for _, pair in ipairs(heard) do
    local entry, part = pair[1], pair[2]
    if part.noted ~= part.vote and not (part.noted and same_vote(part.noted, part.vote)) then
      if last[part] then votes[last[part]] = false end
      votes[#votes + 1] = { entry.name, part.path, plain_vote(part.vote) }
      last[part] = #votes
    end
    part.noted = part.vote
  end
  local list = {}
  for _, vote in ipairs(votes) do
    if vote then list[#list + 1] = vote end
  end
  return list
end

--- What this turn has brought, or nil: nothing.
function Decisions:take(now)
  local heard, orders, failures = self.heard, self.orders, self.failures
  if #heard == 0 and #orders == 0 and #failures == 0 then return nil end
  self.heard, self.orders, self.failures = {}, {}, {}
  local votes = changed_votes(heard)
  if #votes == 0 and #orders == 0 and #failures == 0 then return nil end
  return { now = now, votes = votes, orders = orders, failures = #failures > 0 and failures or nil }
end

--- A vote or an order in one line, fields by name.
function decisions.text(fields)
  local words, names = {}, {}
  for name in pairs(fields) do names[#names + 1] = name end
  table.sort(names, function(a, b) return tostring(a) < tostring(b) end)
  for _, name in ipairs(names) do
    local value = fields[name]
    if type(value) == "table" then
      value = #value > 0 and ("%q"):format(table.concat(value, "; ")) or "{" .. decisions.text(value) .. "}"
    elseif math.type(value) == "float" then
      value = ("%.3f"):format(value)
    end
    words[#words + 1] = ("%s=%s"):format(name, tostring(value))
  end
  return table.concat(words, " ")
end

--- The lines of the decision log: `SECONDS SERVICE vote POLICY FIELDS`, `SECONDS SERVICE standing FIELDS`, ...
-- `name_of(order fields)` says which service an order is about.
function decisions.lines(decision, name_of)
  local lines = {}
  local function add(format, ...) lines[#lines + 1] = ("%.3f " .. format):format(decision.now / 1000, ...) end
  for _, vote in ipairs(decision.votes or {}) do
    add("%s vote %s %s", vote[1], vote[2], decisions.text(vote[3]))
  end
  for _, order in ipairs(decision.orders or {}) do
    local fields = {}
    for name, value in pairs(order[2]) do
      if name ~= "svc" then fields[name] = value end
    end
    add("%s %s %s", name_of(order[2]), order[1], decisions.text(fields))
  end
  for _, failure in ipairs(decision.failures or {}) do
    add("%s failure %s %s", failure.service, failure.policy, failure.message)
  end
  if decision.state then add("* state %016x", decision.state) end
  return lines
end

return decisions
