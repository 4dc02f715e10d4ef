--- Verifying a recording: everything that the policies were told is told to the same policies again, in virtual time,
-- and every vote and order must be the same.
--
--   result | nil, sentence = replay.verify(recording, { since = ms, plan = {plan, constructors} , log, live_log,
--                                                       other = {service, policy}, guard })
--   result = { decisions = n, turns = n, from, to (ms of wall time), lost = how often something is missing,
--              difference = nil | { wall, now, what, service, recorded, replayed, facts } }
local answers = require "reeve.answers"
local decisions = require "reeve.decisions"
local openings = require "reeve.doors"
local policyhost = require "reeve.policyhost"
local recording = require "reeve.recording"
local sandbox = require "reeve.sandbox"
local snapshot = require "reeve.snapshot"
local state = require "reeve.state"
local walk = require "reeve.walk"

local replay = {}
local Visitor = {}
Visitor.__index = Visitor

local DEADLINE <const> = 10000 -- ms: a policy is not slower here for being watched

local function load(generation)
  local config = require "reeve.config"
  local world = answers.unpack(generation.bundle)
  sandbox.config_is_unread()
  local doors = openings.new(world, generation.lua_dir)
  doors.file, doors.base_dir = generation.config, generation.base_dir
  local plan, problems = config.load(doors)
  if not plan then return nil, config.format(problems, "text", "the config of the recording cannot be loaded") end
  local constructors = openings.built_ins(doors)
  sandbox.config_is_read()
  return { plan = plan, constructors = constructors }
end

--- The plan and policies of a block G, loaded as they were then; nothing on this machine is asked. nil and a sentence
-- when this Reeve asks what the one that recorded did not.
function replay.load(generation)
  local ok, loaded, sentence = pcall(load, generation)
  if ok then return loaded, sentence end
  return nil, ("the config in it, of Reeve %s, cannot be loaded by this one: %s; -c CONFIG takes another"):format(
    tostring(generation.version), tostring(loaded))
end

---- the host

-- Failures that were recorded happen again, at the same call; others are as they come.
local function guard_of(self)
  local guard = self.options.guard or require "reeve.guard"
  return setmetatable({
    call = function(_, f, ...)
      local failure = self.failures[self.tap.decisions.asked]
      if failure and self.tap.part then
        if failure.st then self.tap.part.store.st = state.decode(failure.st) end
        return false, failure.message, failure.kind
      end
      return guard.call(DEADLINE, f, ...)
    end,
  }, { __index = guard })
end

local Tap = {}
Tap.__index = Tap
function Tap:turn() self.decisions:turn() end
function Tap:asking(_, part)
  self.decisions:asking()
  self.part = part
end
function Tap:voted(...) self.decisions:voted(...) end
function Tap:broke(...) self.decisions:broke(...) end
function Tap:decided()
  self.part = nil
end
for _, name in ipairs { "report", "note", "at", "sample" } do Tap[name] = function() end end

local silent = setmetatable({}, { __index = function() return function() end end })

local function new_host(self)
  self.tap = setmetatable({ decisions = decisions.new() }, Tap)
  self.wall, self.failures, self.samples = nil, {}, {}
  local order = self.tap.decisions:watch(silent)
  self.host = policyhost.new { order = order, guard = guard_of(self), log = self.options.say or silent,
    spec = require "reeve.spec", now = function() return 0 end, wall = function() return self.wall end,
    policies = openings.finder(self.loaded.constructors), seed = self.config.generation }
  self.host:define(self.loaded.plan)
  self.host.tap = self.tap
end

---- the walk

function Visitor:generation(config)
  local before = self.config
  self.config = config
  if before and before.bundle == config.bundle and before.generation == config.generation then return end
  self.host = nil
  if self.options.plan then
    self.loaded = self.options.plan
    return
  end
  local loaded, sentence = replay.load(config)
  if not loaded then error({ sentence }, 0) end
  self.loaded = loaded
  local other = self.options.other
  for _, service in ipairs(other and loaded.plan.services or {}) do
    if service.name == other.service then service.policy = other.policy end
  end
end

function Visitor:state(taken, block)
  new_host(self)
  local good, sentence = snapshot.restore(self.host, taken)
  if not good then error({ sentence }, 0) end
  decisions.begin(self.host)
  self.from = self.from or block.wall
end

local NOTES = {
  operator = function(host, name, verb, fields) host:operator(name, verb, fields) end,
  override = function(host, name, bounds) host:override(name, bounds or nil) end,
}

-- Of processes of which nothing new was recorded the old is true.
local function take_sample(self, fields)
  self.samples[fields.process] = { rss = fields.known and fields.rss or nil, private = fields.known and fields.private
    or nil, cpu = fields.has_cpu and (("<d"):unpack(("<i8"):pack(fields.cpu))) or nil }
end

function Visitor:input(name, fields)
  if name == "wall" then
    self.wall = fields
  elseif name == "at" then
    self.host:at(fields.now)
  elseif name == "sample" then
    take_sample(self, fields)
  elseif name == "note" and fields[1] == "sampled" then
    self.host:sample(self.samples, fields[2] or nil)
  elseif name == "note" then
    local act = NOTES[fields[1]]
    if act then act(self.host, table.unpack(fields, 2)) end
  else
    self.host:report(name, fields)
  end
end

function Visitor:lost() self.result.lost = self.result.lost + 1 end

local function service_of(self, fields)
  local service = fields.svc and self.host.world.services[fields.svc]
  for _, s in ipairs(service and {} or self.host.world.services) do
    if s.processes[fields.process] then return s.name end
  end
  return service and service.name or ("process %s"):format(fields.process or "?")
end

local function log(self, file, decision)
  if not file or not decision then return end
  for _, line in ipairs(decisions.lines(decision, function(fields) return service_of(self, fields) end)) do
    file:write(line, "\n")
  end
end

local FACTS = { "live", "starting", "idle", "busy", "leaving", "avail", "draining", "clients", "waiting", "generation" }

local function facts_of(self, name)
  local service, words = self.host.world.by_name[name], {}
  if not service then return nil end
  for _, fact in ipairs(FACTS) do words[#words + 1] = ("%s=%s"):format(fact, service.n[fact]) end
  return table.concat(words, " ")
end

-- The first vote or order that is not the same.
local function first_difference(recorded, replayed)
  for _, list in ipairs { "failures", "votes", "orders" } do
    local a, b = recorded and recorded[list] or {}, replayed and replayed[list] or {}
    for i = 1, math.max(#a, #b) do
      if not a[i] or not b[i] or state.encode(a[i]) ~= state.encode(b[i]) then return list, a[i], b[i] end
    end
  end
end

local KIND = { votes = "vote", orders = "order", failures = "failure" }

local function in_words(list, item)
  if not item then return "nothing" end
  if list == "votes" then return ("%s votes %s"):format(item[2], decisions.text(item[3])) end
  if list == "orders" then return ("%s %s"):format(item[1], decisions.text(item[2])) end
  return ("%s fails: %s"):format(item.policy, item.message)
end

local function note_difference(self, recorded, replayed, now, block)
  local list, a, b = first_difference(recorded, replayed)
  local one = a or b
  local service = list == "votes" and one[1] or list == "failures" and one.service or service_of(self, one[2])
  self.result.difference = { wall = block.wall, now = now, what = KIND[list], service = service,
    policy = list == "votes" and one[2] or nil, recorded = in_words(list, a), replayed = in_words(list, b),
    facts = facts_of(self, service) }
end

local function same(recorded, replayed)
  if not recorded or not replayed then return recorded == replayed end
  return state.encode(recorded) == state.encode(replayed)
end

local function count(decision)
  return decision and #decision.votes + #decision.orders or 0
end

local function has_failures(decision) return decision and decision.failures or {} end

function Visitor:turn(kind, now, recorded, block, cut)
  self.failures = {}
  for _, failure in ipairs(has_failures(recorded)) do self.failures[failure.call] = failure end
  self.host[kind](self.host, now)
  local replayed = self.tap.decisions:take(now)
  if cut and not recorded then return end -- what came of it was never written
  if block.wall < self.since then return end
  self.result.turns, self.result.to = self.result.turns + 1, block.wall
  self.result.decisions = self.result.decisions + count(recorded)
  log(self, self.options.log, replayed)
  log(self, self.options.live_log, recorded)
  if same(recorded, replayed) then return end
  note_difference(self, recorded, replayed, now, block)
  return false
end

function Visitor:saved(recorded, block)
  if self.options.plan then return end -- other policies keep other things
  local sum = recording.sum(0, self.host:save())
  if block.wall < self.since or sum == recorded.state then
    log(self, self.options.log, block.wall >= self.since and { now = recorded.now, state = sum } or nil)
    log(self, self.options.live_log, block.wall >= self.since and recorded or nil)
    return
  end
  self.result.difference = { wall = block.wall, now = recorded.now, what = "state", service = "*",
    recorded = ("what policies keep has the sum %016x"):format(recorded.state), replayed = ("%016x"):format(sum) }
  return false
end

--- See the top.
function replay.verify(rec, options)
  local self = setmetatable({ options = options, since = options.since or math.mininteger, failures = {},
    result = { decisions = 0, turns = 0, lost = 0 } }, Visitor)
  local blocks, sentence = walk.through(rec, options.since, self)
  if not blocks then return nil, sentence end
  self.result.from = math.max(self.from or 0, options.since or 0)
  return self.result
end

return replay
