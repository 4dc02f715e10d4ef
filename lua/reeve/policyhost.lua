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
-- the parts whose wake came due, and to all after a start. Inside: the policies of a service are an entry
-- (reeve.entries), which is asked (reeve.asking) and settled (reeve.standing).
local asking = require "reeve.asking"
local between = require "reeve.between"
local combinators = require "reeve.combinators"
local entries = require "reeve.entries"
local facts = require "reeve.facts"
local reasons = require "reeve.reasons"
local saved = require "reeve.policystate"
local standing = require "reeve.standing"
local suggest = require "reeve.suggest"

local policyhost = {}
local Host = {}
Host.__index = Host

--- What every service has unless its policy is `only {...}`.
policyhost.BUILT_INS = entries.BUILT_INS

-- What a host tells its `tap`, when nobody listens.
local function nothing() end
local NOBODY = setmetatable({}, { __index = function() return nothing end })

-- Parts that failed their way into quarantine leave others to begin: a second round asks those.
-- Where nobody was asked nothing can have changed.
local function run(host, entry)
  local changed = entry.changed or not entry.sent
  entry.changed = nil
  asking.all(host, entry)
  if entry.changed then
    entry.changed, changed = nil, true
    asking.all(host, entry)
  end
  if changed or entry.was_asked then standing.settle(host, entry) end
  host.unsaved = host.unsaved or changed or entry.asked
  entry.was_asked = false
end

--- See above for the fields of `options`.
function policyhost.new(options)
  local host = setmetatable({ order = options.order, guard = options.guard, log = options.log, mark = options.mark,
    spec = options.spec, seed = options.seed or 0, entries = {}, by_name = {}, notices = {}, running = false,
    read_wall = options.wall, tap = NOBODY }, Host)
  local policies = options.policies or {}
  host.find_policy = type(policies) == "function" and policies or function(name)
    if policies[name] then return policies[name] end
    return nil, ("there is no policy '%s'%s"):format(name, suggest.hint(name, policies))
  end
  local function wall(now) return host.wall or host.read_wall and host.read_wall(now) end
  host.world = facts.new { seed = host.seed, wall = options.wall and wall, now = options.now and options.now() or 0 }
  host.services = host.world.views
  combinators.log = function(text) options.log.info("%s", text) end
  return host
end

--- Takes the services of a plan (config.load). A policy that is none is logged and leaves the built-ins.
function Host:define(plan)
  self.world:define(plan, self.spec)
  for number, service in ipairs(self.world.services) do
    local entry = entries.new(self, service, plan.services[number].policy)
    self.entries[number], self.by_name[entry.name] = entry, entry
  end
  self.between = between.new(self, plan.policy)
end

--- One report of the master (wire.def); the ones that are no facts are ignored.
function Host:report(name, msg)
  self.tap:report(name, msg)
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

--- What was read of processes and of the machine (World:sample in reeve.facts). Policies are asked in the next turn,
-- which is at once.
function Host:sample(samples, machine)
  self.tap:sample(self.world, samples, machine)
  self.world:sample(samples, machine)
end

--- It is `now` for whoever looks, and no turn.
function Host:at(now)
  self.tap:at(now)
  self.world:at(now)
end

-- `kind`: what made it, turn or timer. The wall clock is read once for all of it.
local function turn(self, kind, now)
  self.wall = self.read_wall and self.read_wall(now)
  self.world.wall = nil
  self.tap:turn(kind, now, self.wall)
  local news = self.world:turn(now)
  if self.between then between.turn(self, self.between, #news > 0) end
  for _, service in ipairs(news) do run(self, self.entries[service.number]) end
  for _, entry in ipairs(self.entries) do
    if entry.changed then run(self, entry) end
  end
  self.stirred = nil
  send_notices(self)
  if self.mark then self.mark("") end
  self.tap:decided(self, now)
end

--- The end of a batch: everybody with news is asked, what changed is sent.
function Host:turn(now) turn(self, "turn", now) end

--- The timer that next_wake asked for.
function Host:timer(now)
  for _, entry in ipairs(self.entries) do
    if entry.wake and entry.wake <= now then
      entry.wake, entry.changed = nil, true
      facts.tell(entry.service, "tick")
    end
  end
  turn(self, "timer", now)
end

--- When host:timer is to be called, in ms of the master's clock; 0: not at all. After host:operator, override,
-- quarantine or lift that is at once.
function Host:next_wake()
  if self.running and (#self.world.dirty > 0 or self.stirred) then return math.max(1, self.world.now) end
  local soonest = self.running and self.between and self.between.due or 0
  for _, entry in ipairs(self.entries) do
    if entry.wake and (soonest == 0 or entry.wake < soonest) then soonest = entry.wake end
  end
  return soonest
end

-- "web" or "web/own.1": the service's entry, and the part if one is named.
local function find(host, name)
  if host.by_name[name] then return host.by_name[name] end
  for _, entry in ipairs(host.entries) do
    if name:sub(1, #entry.name + 1) == entry.name .. "/" then
      local part = entries.part(entry, name:sub(#entry.name + 2))
      if part then return entry, part end
    end
  end
end

--- Takes policies out: `name` is a service, or SERVICE/POLICY as the mark says it. Of a service its own policies go
-- and the built-ins alone decide; a built-in goes alone, and its last good vote stands. Lifted by a reload or a
-- reset. Returns whether there is such a service.
function Host:quarantine(name, why)
  local entry, part = find(self, name)
  if not entry then
    part = between.find(self.between, name)
    if part then between.quarantine(self, part, why) end
    return part ~= nil
  end
  if part and part.built_in then
    part.dead, entry.unsafe = why, true
  else
    if entry.quarantined then return true end
    entry.quarantined, entry.culprit = why, part and part.path
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
  between.lift(self.between)
  entry.quarantined, entry.culprit, entry.unsafe = nil, nil, entry.broken
  for _, part in ipairs(entry.parts) do part.failures, part.dead, part.failure, part.complained = 0, nil, nil, nil end
  entry.changed, entry.text, self.stirred = true, nil, true
  return true
end

local function tell_operator(entry, verb, fields)
  local event = { verb = verb }
  for key, value in pairs(fields or {}) do event[key] = value end
  facts.tell(entry.service, "operator", event)
end

--- An operator did something to a service: verb is start, stop, restart, drain, reset or scale. Asked in the next
-- turn. `reset` lifts a quarantine too.
function Host:operator(name, verb, fields)
  local entry = self.by_name[name]
  if not entry then return false end
  self.tap:note("operator", name, verb, fields or {})
  if verb == "reset" then self:lift(name) end
  tell_operator(entry, verb, fields)
  return true
end

--- What an operator sets by hand, as a vote that stands next to the others: { at_least, at_most, until (seconds of
-- s.now) }, each optional; nil takes it back. Counts from the next turn on.
function Host:override(name, bounds)
  local entry = self.by_name[name]
  if not entry then return false end
  self.tap:note("override", name, bounds or false)
  entry.service.override = bounds and { at_least = bounds.at_least, at_most = bounds.at_most,
    ["until"] = bounds["until"] } or nil
  entry.changed, self.urgent = true, true
  tell_operator(entry, "scale", bounds)
  return true
end

--- What policies keep, as a text for the memfd. host.unsaved: there is something new; host.urgent: and somebody was
-- told that it is kept.
function Host:save()
  self.unsaved, self.urgent = nil, nil
  return saved.save(self)
end

--- Another policy of its own for a service, at once and until the next reload or start of an engine; nil: the
-- config's again. Returns true, or nil and a sentence: then nothing has changed.
function Host:replace(name, policy)
  local entry = self.by_name[name]
  if not entry then return nil, ("there is no service '%s'"):format(name) end
  local done, sentence = entries.replace(self, entry, policy)
  if done then self.stirred = true end
  return done, sentence
end

--- Takes back what save wrote, before `begin` or after it. Returns true, or nil and a sentence (then nothing is
-- taken and every policy starts afresh).
function Host:restore(text) return saved.restore(self, text) end

--- Why a service is as it is, or nil: see reeve.reasons.
function Host:why(name)
  local entry = self.by_name[name]
  return entry and reasons.of(self, entry)
end

--- The text of a policy file -> its constructor, or nil and a sentence. The chunk is text (never bytecode), sees only
-- `env`, and runs once through `call` (guard.call; a plain pcall without) to give its function(options) -> policy.
function policyhost.load(text, name, env, call)
  local chunk, sentence = load(text, "@" .. (name:find("%.lua$") and name or "policies/" .. name .. ".lua"), "t", env)
  if not chunk then return nil, sentence end
  local ok, constructor
  if call then ok, constructor = call(entries.DEADLINE, chunk) else ok, constructor = pcall(chunk) end
  if not ok then return nil, tostring(constructor) end
  if type(constructor) ~= "function" then
    return nil, ("policy %s returns a %s: a policy file is `return function(options) ... end`"):format(name,
      type(constructor))
  end
  return constructor
end

return policyhost
