--- Happenings: what `reeve events` shows, made of what a policy host is told and decides. Live it is a tap of the host
-- (reeve.taps); of a recording it hears the same from reeve.walk.
--
-- An event is { at = ms of wall time, kind, service, ... }. Kinds and fields: begin {generation}, stop, start; spawn,
-- ready {id, pid, generation}; exit {id, pid, ok, asked, stage, code, signal, age, served, clients_lost, text};
-- start_failed {step, errno, text}; fork_failed {errno}; demand, limit {waiting}; operator {verb, ...}; vote {policy,
-- vote}; standing {standing}; retire {id, deadline}; kill {id}; quarantine {text}; failure {policy, text}.
-- own = true: we did it; otherwise it came from outside.
local happenings = {}
local Happenings = {}
Happenings.__index = Happenings

local MOST <const> = 10000 -- events of one turn; more are counted

local STAGES = { [0] = "startup", "serving", "draining" }

--- { wanted = function() -> whether anybody listens, unix = function() -> ms, name_of = function(svc) -> service name,
-- process = function(svc, id) -> {pid, generation, ready} or nil, as before the report, stopped = function(svc) }.
function happenings.new(options)
  local self = setmetatable({ list = {}, dropped = 0 }, Happenings)
  for name, value in pairs(options) do self[name] = value end
  return self
end

local function add(self, kind, svc, event)
  if #self.list >= MOST then
    self.dropped = self.dropped + 1
    return
  end
  event.kind, event.service = kind, type(svc) == "string" and svc or self.name_of(svc)
  self.list[#self.list + 1] = event
end

---- reports

local on = {}

function on.begin(self, msg)
  add(self, "begin", "*", { generation = msg.generation, resumed = msg.resumed })
end

function on.pool(self, msg)
  local before = self.stopped(msg.svc)
  if before ~= nil and before ~= msg.stopped then add(self, msg.stopped and "stop" or "start", msg.svc, {}) end
end

function on.process(self, msg)
  local p = self.process(msg.svc, msg.process)
  if not p then
    add(self, "spawn", msg.svc, { id = msg.process, pid = msg.pid, generation = msg.generation, own = true })
  end
  if msg.ready and not (p and p.ready) then
    add(self, "ready", msg.svc, { id = msg.process, pid = msg.pid, generation = msg.generation })
  end
end

function on.exit(self, msg)
  local p = self.process(msg.svc, msg.process)
  add(self, "exit", msg.svc, { id = msg.process, pid = p and p.pid, ok = msg.ok, asked = msg.asked,
    stage = STAGES[msg.stage], code = msg.code, signal = msg.signal, age = msg.age / 1000, served = msg.served,
    clients_lost = msg.clients_lost, text = msg.text, own = msg.asked or nil })
end

function on.start_failed(self, msg)
  add(self, "start_failed", msg.svc, { step = msg.step, errno = msg.error, text = msg.text })
end

function on.fork_failed(self, msg) add(self, "fork_failed", msg.svc, { errno = msg.error }) end
function on.demand(self, msg) add(self, "demand", msg.svc, { waiting = msg.waiting }) end
function on.limit(self, msg) add(self, "limit", msg.svc, { waiting = msg.waiting }) end

---- as a tap

function Happenings:report(name, msg)
  if on[name] and self.wanted() then on[name](self, msg) end
end

function Happenings:note(what, service, verb, fields)
  if not self.wanted() then return end
  if what == "override" then verb, fields = "scale", verb or {} end
  if what ~= "operator" and what ~= "override" then return end
  local event = {}
  for name, value in pairs(fields or {}) do event[name] = value end
  event.verb = verb
  add(self, "operator", service, event)
end

local function of_order(self, name, fields)
  if name == "standing" then
    local standing = {}
    for field, value in pairs(fields) do
      if field ~= "svc" then standing[field] = value end
    end
    return add(self, name, fields.svc, { standing = standing, own = true })
  end
  if name == "quarantine" then return add(self, name, fields.svc, { text = fields.text, own = true }) end
  add(self, name, self.service_of(fields.process), { id = fields.process, deadline = fields.deadline, own = true })
end

--- What was decided (reeve.decisions), or nil.
function Happenings:decision(decision)
  if not decision or not self.wanted() then return end
  for _, vote in ipairs(decision.votes or {}) do
    add(self, "vote", vote[1], { policy = vote[2], vote = vote[3], own = true })
  end
  for _, order in ipairs(decision.orders or {}) do of_order(self, order[1], order[2]) end
  for _, failure in ipairs(decision.failures or {}) do
    add(self, "failure", failure.service, { policy = failure.policy, text = failure.message, own = true })
  end
end

--- Hands out what happened, as of `at` (ms of wall time).
function Happenings:deliver(at, f)
  local list, dropped = self.list, self.dropped
  if #list == 0 then return end
  self.list, self.dropped = {}, 0
  for _, event in ipairs(list) do
    event.at = at
    f(event)
  end
  if dropped > 0 then f { at = at, kind = "dropped", service = "*", n = dropped } end
end

return happenings
