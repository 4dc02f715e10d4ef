--- The policy host: asks policies about facts, meets their standing votes, and sends what came of it.
--
--   host = policyhost.new{order, guard, log, now, wall, spec, policies, seed, mark}
--     order     order.standing{...}, order.retire, order.kill, order.quarantine (reeve.wire)
--     guard     guard.call(ms, f, ...) -> true, results | false, message, kind, traceback
--     log       log.error(format, ...), log.warn, log.info
--     policies  name -> constructor | nil, sentence: a function, or a table; asked for the built-ins
--     wall      wall(now_ms) -> {unix, sec, wday, zone}; spec: reeve.spec; seed: of s:rand()
--     now       now() -> ms, when the host is made; mark(text), optional: what is running, for the next engine
--
-- host:define(plan) once; host:report for each report; host:turn at the end of each batch; host:timer when
-- host:next_wake() (ms, 0: none) has come. Every policy of a service has a standing vote: nil leaves it, a table
-- replaces it whole, {} withdraws it; retire and kill act once. The meet goes out as order `standing` when it
-- changed. A part is asked at the events it has a hook for, all of a service together in each turn; a tick goes to
-- the parts whose wake came due, and to all after a start.
local combinators = require "reeve.combinators"
local facts = require "reeve.facts"
local frozen = require "reeve.frozen"
local parts = require "reeve.parts"
local rng = require "reeve.rng"
local saved = require "reeve.policystate"
local suggest = require "reeve.suggest"
local vote = require "reeve.vote"

local policyhost = {}
local Host = {}
Host.__index = Host

--- What every service has unless its policy is `only {...}`.
policyhost.BUILT_INS = { "min_avail", "on_demand", "idle_kill", "throttle", "rolling" }

local DEADLINE <const> = 20     -- ms for one policy
local FAILURES_MOST <const> = 3 -- in a row
local LOG_EVERY <const> = 60000 -- ms between two lines about one policy
local SOONEST_WAKE <const> = 10 -- ms: a policy that is always due does not keep the engine busy

---- policies of a service

-- The parts of one built-in. One that cannot be loaded leaves nil, and the service its safety vote.
local function built_in(host, name)
  local constructor, sentence = host.find_policy(name)
  if not constructor then return nil, sentence end
  local ok, policy = host.guard.call(DEADLINE, constructor, {})
  if not ok then return nil, policy end
  return parts.compile(policy, "built-in/" .. name)
end

local function built_ins(host, entry)
  local list = {}
  for _, name in ipairs(policyhost.BUILT_INS) do
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

-- A service of which nobody can say how it starts is kept going by what its settings say.
local function safety_vote(entry)
  return { spare = entry.service.settings.process_min_avail or 0, on_demand = true,
    why = { "a built-in policy is broken" } }
end

local function is_active(entry, part)
  if part.dead then return true end -- its last good vote stands
  if part.built_in then return not entry.only or entry.quarantined ~= nil end
  return entry.quarantined == nil
end

local function entry_new(host, service, policy)
  local entry = { service = service, name = service.name, number = service.number, vote = {}, shots = {} }
  entry.only = type(policy) == "table" and policy.only == true
  local list = built_ins(host, entry)
  local mine = own(host, entry, policy)
  entry.parts = table.move(mine, 1, #mine, #list + 1, list)
  for _, part in ipairs(entry.parts) do
    part.name = ("%s/%s"):format(entry.name, part.path)
    part.random = { state = rng.seed(host.seed, entry.name, part.path) }
    part.failures, part.fresh = 0, true
  end
  return entry
end

---- asking

local function complain(host, entry, part, message, kind)
  if part.complained and host.world.now - part.complained < LOG_EVERY then return end
  part.complained = host.world.now
  local what = kind == "deadline" and ("took longer than %d ms: %s"):format(DEADLINE, message) or message
  host.log.error("service %s: policy %s: %s", entry.name, part.path, what)
end

local function failed(host, entry, part, message, kind)
  message = type(message) == "string" and message or "(the error is a " .. type(message) .. ")"
  part.failures, part.failure = part.failures + 1, message
  complain(host, entry, part, message, kind)
  if part.failures >= FAILURES_MOST then host:quarantine(part.name, message) end
end

local function file(entry, part, checked, now)
  entry.shots[#entry.shots + 1] = { retire = checked.retire, kill = checked.kill }
  checked.retire, checked.kill = nil, nil
  local n = entry.service.n
  part.vote = vote.stamp(checked, now / 1000, part.vote, n.live - n.leaving)
  part.since, entry.spoke = now, true
end

local function ask(host, entry, part, event)
  local service, now = entry.service, host.world.now
  service.random = part.random
  if host.mark then host.mark(part.name) end
  local ok, answer, kind = host.guard.call(DEADLINE, part.run, service.view, event, part.store.st)
  entry.asked = true
  if not ok then return failed(host, entry, part, answer, kind) end
  if answer ~= nil then
    local checked, sentence = vote.check(answer)
    if not checked then return failed(host, entry, part, sentence) end
    file(entry, part, checked, now)
  end
  part.failures = 0
end

local function is_due(part, now)
  local wake = part.vote and part.vote.wake
  if not wake or wake * 1000 > now + 0.5 then return false end
  part.vote.wake = nil
  return true
end

local BEGINNINGS = { start = true, reload = true }

-- The events of this turn; after a beginning a tick follows.
local function events_of(entry)
  local events, begins = facts.events(entry.service), false
  for _, event in ipairs(events) do begins = begins or BEGINNINGS[event.kind] end
  if begins then
    facts.tell(entry.service, "tick")
    events[#events + 1] = facts.events(entry.service)[1]
  end
  return events, begins
end

local START, TICK = frozen.view({ kind = "start" }, "an event"), frozen.view({ kind = "tick" }, "an event")

-- A part that has never been asked begins with `start` and a tick, whatever the service is told.
local function wake_up(host, entry, part)
  part.fresh = false
  if not part.on or part.on.start then ask(host, entry, part, START) end
  if not part.on or part.on.tick then ask(host, entry, part, TICK) end
end

local function hears(host, part, event, begins)
  if part.on and not part.on[event.kind] then return false end
  return event.kind ~= "tick" or begins or is_due(part, host.world.now)
end

local function ask_all(host, entry)
  local events, begins = events_of(entry)
  for _, part in ipairs(entry.parts) do part.waking = part.fresh and not part.dead and is_active(entry, part) end
  for _, part in ipairs(entry.parts) do
    if part.waking then wake_up(host, entry, part) end
  end
  for _, event in ipairs(events) do
    for _, part in ipairs(entry.parts) do
      local beginning = part.waking and (BEGINNINGS[event.kind] or event.kind == "tick")
      if not part.dead and not beginning and is_active(entry, part) and hears(host, part, event, begins) then
        ask(host, entry, part, event)
      end
    end
  end
end

---- sending

local function override_vote(entry, now)
  local o = entry.service.override
  if not o then return {} end
  if o["until"] and o["until"] * 1000 <= now then
    entry.service.override = nil
    return {}
  end
  return { at_least = o.at_least, at_most = o.at_most, wake = o["until"], why = { "set by an operator" } }
end

local function meet_all(host, entry)
  local met = override_vote(entry, host.world.now)
  if entry.unsafe and (not entry.only or entry.quarantined) then met = vote.meet(met, safety_vote(entry)) end
  for _, part in ipairs(entry.parts) do
    if part.vote and is_active(entry, part) then met = vote.meet(met, part.vote) end
  end
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
  local standing = vote.standing(entry.vote, host.world.now / 1000)
  standing.svc = entry.number
  if same(standing, entry.sent) then return end
  entry.sent = standing
  host.order.standing(standing)
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
  for _, shot in ipairs(entry.shots) do met = vote.meet(met, shot) end
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

local function settle(host, entry)
  entry.vote = meet_all(host, entry)
  entry.service.standing = entry.vote
  entry.spoke, entry.text = false, nil
  send_standing(host, entry)
  if #entry.shots > 0 then send_shots(host, entry) end
  local wake = entry.vote.wake
  entry.wake = wake and math.max(math.ceil(wake * 1000 - 1e-6), host.world.now + SOONEST_WAKE) or nil
end

-- Parts that failed their way into quarantine leave others to begin: a second round asks those.
local function run(host, entry)
  ask_all(host, entry)
  if entry.changed then
    entry.changed = nil
    ask_all(host, entry)
  end
  settle(host, entry)
end

---- the doors

--- See above for the fields of `options`.
function policyhost.new(options)
  local host = setmetatable({ order = options.order, guard = options.guard, log = options.log, mark = options.mark,
    spec = options.spec, seed = options.seed or 0, entries = {}, by_name = {}, notices = {}, running = false }, Host)
  local policies = options.policies or {}
  host.find_policy = type(policies) == "function" and policies or function(name)
    if policies[name] then return policies[name] end
    return nil, ("there is no policy '%s'%s"):format(name, suggest.hint(name, policies))
  end
  host.world = facts.new { seed = host.seed, wall = options.wall, now = options.now and options.now() or 0 }
  host.services = host.world.views
  combinators.log = function(text) options.log.info("%s", text) end
  return host
end

--- Takes the services of a plan (config.load). A policy that is none is logged and leaves the built-ins.
function Host:define(plan)
  self.world:define(plan, self.spec)
  for number, service in ipairs(self.world.services) do
    local entry = entry_new(self, service, plan.services[number].policy)
    self.entries[number], self.by_name[entry.name] = entry, entry
  end
end

--- One report of the master (wire.def); the ones that are no facts are ignored.
function Host:report(name, msg)
  self.world:report(name, msg)
  if name == "begin" then
    self.running = true
    saved.begin(self, msg)
    for _, entry in ipairs(self.entries) do entry.sent = nil end
  end
end

local function send_notices(host)
  if not host.running then return end
  for _, notice in ipairs(host.notices) do host.order.quarantine(notice) end
  host.notices = {}
end

--- The end of a batch: everybody with news is asked, what changed is sent.
function Host:turn(now)
  for _, service in ipairs(self.world:turn(now)) do run(self, self.entries[service.number]) end
  for _, entry in ipairs(self.entries) do
    if entry.changed then
      entry.changed = nil
      run(self, entry)
    end
  end
  self.stirred = nil
  send_notices(self)
  if self.mark then self.mark("") end
end

--- The timer that next_wake asked for.
function Host:timer(now)
  for _, entry in ipairs(self.entries) do
    if entry.wake and entry.wake <= now then
      entry.wake = nil
      facts.tell(entry.service, "tick")
    end
  end
  self:turn(now)
end

--- When host:timer is to be called, in ms of the master's clock; 0: not at all. After host:operator, override,
-- quarantine or lift that is at once.
function Host:next_wake()
  if self.running and (#self.world.dirty > 0 or self.stirred) then return math.max(1, self.world.now) end
  local soonest = 0
  for _, entry in ipairs(self.entries) do
    if entry.wake and (soonest == 0 or entry.wake < soonest) then soonest = entry.wake end
  end
  return soonest
end

local function part_of(entry, path)
  for _, part in ipairs(entry.parts) do
    if part.path == path then return part end
  end
end

-- "web" or "web/own.1": the service's entry, and the part if one is named.
local function find(host, name)
  if host.by_name[name] then return host.by_name[name] end
  for _, entry in ipairs(host.entries) do
    if name:sub(1, #entry.name + 1) == entry.name .. "/" then
      local part = part_of(entry, name:sub(#entry.name + 2))
      if part then return entry, part end
    end
  end
end

--- Takes policies out: `name` is a service, or SERVICE/POLICY as the mark says it. Of a service its own policies go
-- and the built-ins alone decide; a built-in goes alone, and its last good vote stands. Lifted by a reload or a
-- reset. Returns whether there is such a service.
function Host:quarantine(name, why)
  local entry, part = find(self, name)
  if not entry then return false end
  if part and part.built_in then
    part.dead, entry.unsafe = why, true
  else
    if entry.quarantined then return true end
    entry.quarantined = why
  end
  entry.changed, entry.text, self.stirred = true, nil, true
  local text = ("policy %s is taken out: %s"):format(part and part.path or "own", why)
  self.notices[#self.notices + 1] = { svc = entry.number, text = text }
  return true
end

--- Ends a quarantine: every policy counts and is asked again.
function Host:lift(name)
  local entry = self.by_name[name]
  if not entry then return false end
  entry.quarantined, entry.unsafe = nil, entry.broken
  for _, part in ipairs(entry.parts) do part.failures, part.dead, part.failure, part.complained = 0, nil, nil, nil end
  entry.changed, entry.text, self.stirred = true, nil, true
  return true
end

--- An operator did something to a service: verb is start, stop, restart, drain, reset or scale. Asked in the next
-- turn. `reset` lifts a quarantine too.
function Host:operator(name, verb, fields)
  local entry = self.by_name[name]
  if not entry then return false end
  if verb == "reset" then self:lift(name) end
  local event = { verb = verb }
  for key, value in pairs(fields or {}) do event[key] = value end
  facts.tell(entry.service, "operator", event)
  return true
end

--- What an operator sets by hand, as a vote that stands next to the others: { at_least, at_most, until (seconds of
-- s.now) }, each optional; nil takes it back. Counts from the next turn on.
function Host:override(name, bounds)
  local entry = self.by_name[name]
  if not entry then return false end
  entry.service.override = bounds and { at_least = bounds.at_least, at_most = bounds.at_most,
    ["until"] = bounds["until"] } or nil
  entry.changed = true
  return self:operator(name, "scale", bounds)
end

--- What policies keep, as a text for the memfd.
function Host:save() return saved.save(self) end

--- Takes back what save wrote, before `begin` or after it. Returns true, or nil and a sentence (then nothing is
-- taken and every policy starts afresh).
function Host:restore(text) return saved.restore(self, text) end

local function state_of(entry, part)
  if part.dead then return "quarantined" end
  if not part.built_in and entry.quarantined then return "quarantined" end
  if not is_active(entry, part) then return "replaced" end
  return part.failures > 0 and "failing" or "active"
end

local function decided(entry)
  local by = {}
  for name, value in next, entry.vote do
    for _, part in ipairs(entry.parts) do
      if part.vote and is_active(entry, part) and part.vote[name] == value and type(value) ~= "table" then
        by[name] = by[name] or {}
        table.insert(by[name], part.path)
      end
    end
  end
  return by
end

--- Why a service is as it is, or nil: { standing = the order in force, vote = the meet, quarantined = why or nil,
-- decided = { field = { policies } }, policies = { { name, state, why, vote, since (s), failure } } }. States:
-- active, failing, quarantined, replaced (a built-in where `only` rules).
function Host:why(name)
  local entry = self.by_name[name]
  if not entry then return nil end
  local list = {}
  for _, part in ipairs(entry.parts) do
    local v = part.vote
    list[#list + 1] = { name = part.path, state = state_of(entry, part), vote = v, failure = part.dead or part.failure,
      why = v and v.why and table.concat(v.why, "; ") or nil, since = part.since and part.since / 1000 }
  end
  return { standing = entry.sent, vote = entry.vote, quarantined = entry.quarantined, decided = decided(entry),
    policies = list }
end

--- The text of a policy file -> its constructor, or nil and a sentence. The chunk is text (never bytecode), sees only
-- `env`, and runs once through `call` (guard.call; a plain pcall without) to give its function(options) -> policy.
function policyhost.load(text, name, env, call)
  local chunk, sentence = load(text, "@" .. (name:find("%.lua$") and name or "policies/" .. name .. ".lua"), "t", env)
  if not chunk then return nil, sentence end
  local ok, constructor
  if call then ok, constructor = call(DEADLINE, chunk) else ok, constructor = pcall(chunk) end
  if not ok then return nil, tostring(constructor) end
  if type(constructor) ~= "function" then
    return nil, ("policy %s returns a %s: a policy file is `return function(options) ... end`"):format(name,
      type(constructor))
  end
  return constructor
end

return policyhost
