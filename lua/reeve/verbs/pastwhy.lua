--- reeve why SERVICE --since T: how the present numbers came about: each change of the standing order with the votes
-- that made it, and what happened to the service, out of the recording.
local eventline = require "reeve.eventline"
local here = require "reeve.recorded"
local past = require "reeve.past"
local usage = require "reeve.usage"
local vote = require "reeve.vote"

local KNOWN = { ["--json"] = true, ["--since"] = "since" }

-- The bounds of a standing order, and the field of a vote that each is of.
local OF_VOTE = { at_least = "at_least", at_most = "at_most", spare = "spare", burst = "burst", shrink_to = "shrink_to",
  on_demand = "on_demand", mode = "mode", hold_until = "hold", throttle_first = "throttle", throttle_most = "throttle" }
local BOUNDS = { "at_least", "at_most", "spare", "shrink_to", "burst", "on_demand", "hold_until", "mode",
  "throttle_first", "throttle_most" }

-- What a service's people want to see beside votes.
local SHOWN = { exit = function(ev) return not ev.ok and not ev.asked end, start_failed = true, fork_failed = true,
  limit = true, begin = true, stop = true, start = true, retire = true, kill = true,
  quarantine = true, failure = true }

local function shown_value(name, value)
  if value == vote.NO_LIMIT then return "no limit" end
  if name == "hold_until" and value == 0 then return "none" end
  return tostring(value)
end

local function same(name, bound, wanted)
  if wanted == nil then return false end
  if name == "hold_until" or name:find "^throttle" then return true end
  if name == "mode" then return vote.MODES[wanted] == bound end
  return wanted == bound
end

-- Who votes what a bound is now; "nobody" when it is withdrawn.
local function by_whom(self, name, bound)
  local names = {}
  for policy, v in pairs(self.votes) do
    if same(name, bound, v[OF_VOTE[name]]) then
      names[#names + 1] = v.why and ("%s: %s"):format(policy, table.concat(v.why, "; ")) or policy
    end
  end
  table.sort(names)
  return #names > 0 and "by " .. table.concat(names, ", ") or "nobody wants it"
end

local function changes(self, standing)
  local list, before = {}, self.standing
  for _, name in ipairs(BOUNDS) do
    local old, new = before and before[name], standing[name]
    if new ~= nil and old ~= new and not (old == nil and (new == 0 or not new or new == vote.NO_LIMIT)) then
      list[#list + 1] = { bound = name, from = old, to = new, by = by_whom(self, name, new) }
    end
  end
  self.standing = standing
  return list
end

local function tell(self, ev, change)
  if self.json then
    self.list[#self.list + 1] = change and { at = ev.at, bound = change.bound, from = change.from, to = change.to,
      by = change.by } or ev
  elseif change then
    local from = change.from ~= nil and shown_value(change.bound, change.from) or "unknown"
    self.out(("%s  %s %s -> %s, %s\n"):format(here.clock(ev.at), change.bound, from,
      shown_value(change.bound, change.to), change.by))
  else
    self.out(eventline.text(ev) .. "\n")
  end
  self.told = self.told + 1
end

local on = {}

function on.vote(self, ev) self.votes[ev.policy] = ev.vote end

-- What an operator set stands as a vote beside the others.
function on.operator(self, ev)
  if ev.verb == "scale" then self.votes.operator = { at_least = ev.at_least, at_most = ev.at_most } end
  tell(self, ev)
end

function on.standing(self, ev)
  for _, change in ipairs(changes(self, ev.standing)) do tell(self, ev, change) end
end

local function each(self, ev)
  if ev.service ~= self.name and ev.service ~= "*" then return end
  if on[ev.kind] then return on[ev.kind](self, ev) end
  local shown = SHOWN[ev.kind]
  if shown == true or shown and shown(ev) then tell(self, ev) end
end

-- The votes and the standing order with which it begins.
local function take_state(self, taken)
  for i, service in ipairs(taken.services) do
    if service.name == self.name then
      self.known = true
      self.standing = taken.entries[i].own.sent
      for path, part in pairs(taken.entries[i].parts) do self.votes[path] = part.own.vote end
    end
  end
end

local function finish(self, ctx, since)
  if self.json then
    ctx.out(require("reeve.print").json { service = self.name, since = since, changes = self.list } .. "\n")
  elseif self.told == 0 then
    ctx.out(("nothing has changed since %s\n"):format(here.clock(since)))
  end
  return 0
end

return function(ctx, args)
  local options, words = usage.read(ctx, "why", KNOWN, args)
  if not options then return words end
  if #words ~= 1 then return usage.wrong(ctx, "why", "it takes the name of one service") end
  local since, why = here.moment(ctx.spec, options.since)
  if not since then return select(2, here.fail(ctx, 64, why)) end
  local rec, code = here.open(ctx)
  if not rec then return code end
  local self = { name = words[1], votes = {}, list = {}, told = 0, json = options.json, out = ctx.out }
  if not self.json then ctx.out(("\nsince %s:\n"):format(here.clock(since))) end
  local good, broken = past.events(rec, { since = since, on_state = function(taken) take_state(self, taken) end },
    function(ev) each(self, ev) end)
  rec:close()
  if not good then return select(2, here.fail(ctx, 65, broken)) end
  if not self.known then
    return select(2, here.fail(ctx, 64, ("the recording knows no service '%s'"):format(self.name)))
  end
  return finish(self, ctx, since)
end
