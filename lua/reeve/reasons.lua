--- Why a service is as it is: every policy with its vote, the standing order, and whose vote decided each bound.
local entries = require "reeve.entries"
local standing = require "reeve.standing"

local reasons = {}

--- How the failure of a policy begins that was taken out with another one; the rest is the name of that.
reasons.WITH = "with "

-- active, failing, quarantined, or replaced (a built-in where `only` rules).
local function state_of(entry, part)
  if part.dead then return "quarantined" end
  if not part.built_in and entry.quarantined then return "quarantined" end
  if not entries.is_active(entry, part) then return "replaced" end
  return part.failures > 0 and "failing" or "active"
end

local function is_decisive(value, met, field)
  if type(met) ~= "table" then return value == met end
  if type(value) ~= "table" then return false end
  if field ~= "throttle" then return true end
  return value.first ~= nil and value.first == met.first or value.most ~= nil and value.most == met.most
end

-- Each bound of the meet with the names of those whose vote it is.
local function decided(voters, met)
  local by = {}
  for field, value in next, met do
    for _, voter in ipairs(voters) do
      if is_decisive(voter.vote[field], value, field) then
        by[field] = by[field] or {}
        table.insert(by[field], voter.name)
      end
    end
  end
  return by
end

local function text_of(v) return v and v.why and #v.why > 0 and table.concat(v.why, "; ") or nil end

local function seconds(ms) return ms and ms / 1000 end

-- The policies of a service are taken out together; only one of them has failed.
local function failure_of(entry, part)
  if part.built_in or part.dead or not entry.quarantined then return part.dead or part.failure end
  if not entry.culprit or entry.culprit == part.path then return entry.quarantined end
  return reasons.WITH .. entry.culprit
end

local function policies(host, entry)
  local list = {}
  for i, part in ipairs(entry.parts) do
    list[i] = { name = part.path, state = state_of(entry, part), vote = part.vote, why = text_of(part.vote),
      failure = failure_of(entry, part), since = seconds(part.since) }
  end
  for _, part in ipairs(host.between and host.between.parts or {}) do
    local v, state = part.vote and part.vote[entry.name], part.failures > 0 and "failing" or "active"
    list[#list + 1] = { name = part.path, state = part.dead and "quarantined" or state, vote = v, why = text_of(v),
      failure = part.dead or part.failure, since = seconds(part.changed[entry.name]) }
  end
  return list
end

--- { standing = the order in force, vote = the meet, quarantined = why or nil, culprit = the name of the policy that
-- failed, decided = { field = { names } }, override = what an operator set or nil, policies = { { name, state, why,
-- vote, since (s: when its bounds changed), failure } } }. Policies between services stand behind the service's own.
-- Names beside the policies': operator, and safety (the vote of a service of which a built-in policy is broken).
function reasons.of(host, entry)
  local voters = standing.voters(host, entry)
  return { standing = entry.sent, vote = entry.vote, quarantined = entry.quarantined, culprit = entry.culprit,
    decided = decided(voters, entry.vote), override = entry.service.override, policies = policies(host, entry) }
end

return reasons
