--- Facts: what the master reported, mirrored, as policies read it.
--
-- A *world* holds the services of one plan (reeve.service). `world:report(name, msg)` takes a report of wire.def in
-- O(1); `facts.events(service)` hands out what happened since the last turn (reeve.events); `service.view` is the
-- read-only `s` of a policy.
local events = require "reeve.events"
local frozen = require "reeve.frozen"
local mean = require "reeve.mean"
local process = require "reeve.process"
local services = require "reeve.service"
local windows = require "reeve.windows"

local facts = {}
local World = {}
World.__index = World

local STAGES = { [0] = "startup", "serving", "draining" }
local LAST_EXITS <const> = 5
local RESYNC_MS <const> = 1000
local PRESSURE_PERCENT <const>, PRESSURE_LEFT <const> = 10, 0.08 -- of 10 s; of the memory

local function take(p, msg, state)
  p.state, p.since, p.available, p.clients, p.served = state, msg.since, msg.available, msg.clients, msg.served
  p.generation, p.pid, p.ready, p.stale = msg.generation, msg.pid, msg.ready, nil
end

---- the reports

local on = {}

function on.begin(world, msg)
  world.now, world.generation = msg.now, msg.generation
  for _, service in ipairs(world.services) do events.once(service, msg.resumed and "reload" or "start", {}) end
end

function on.pool(_, msg, service)
  local n = service.n
  for _, name in ipairs(services.COUNTERS) do
    local more = msg[name] - n[name]
    if more > 0 and service.counted then windows.add(service.rates[name], more, msg.now) end
    n[name] = msg[name]
  end
  service.counted = true -- the first report only says where the counters stand
  n.generation = msg.generation
  service.throttled_until = msg.throttled_until
  if msg.stopped ~= n.stopped then events.once(service, msg.stopped and "stop" or "start", {}) end
  n.stopped = msg.stopped
  services.set_waiting(service, msg.waiting, msg.now)
  service.changed = true
end

function on.process(world, msg, service)
  local state = process.STATES[msg.state]
  local p = service.processes[msg.process]
  if p then
    services.count(service, p, -1)
    if state == "idle" then services.learn_client_time(service, p, msg.since) end
  else
    p = process.new(service, msg)
    service.processes[p.id], service.unsorted = p, true
    if world.running and events.is_heard(service, "spawn") then events.queue(service, "spawn", { id = p.id }) end
  end
  if msg.ready and not p.ready then
    if msg.served == 0 then mean.add(service.boot_time, math.max(0, msg.since - msg.born) / 1000) end
    if world.running and events.is_heard(service, "ready") then events.queue(service, "ready", { id = p.id }) end
  end
  take(p, msg, state)
  services.count(service, p, 1)
  service.changed = true
  events.mark(service)
end

function on.said(_, msg, service)
  local p = service.processes[msg.process]
  if p then p.status = msg.text end
end

function on.awaits(_, msg, service) service.n.waits_for = msg.text ~= "" and msg.text or nil end

function on.demand(_, msg, service)
  services.set_waiting(service, msg.waiting, msg.now)
  events.once(service, "demand", { waiting = msg.waiting })
end

function on.limit(_, msg, service)
  service.limited_at = msg.now
  services.set_waiting(service, msg.waiting, msg.now)
  events.once(service, "limit", { waiting = msg.waiting })
end

function on.exit(_, msg, service)
  local p = service.processes[msg.process]
  local event = { id = msg.process, ok = msg.ok, asked = msg.asked, stage = STAGES[msg.stage], code = msg.code,
    signal = msg.signal, age = msg.age / 1000, served = msg.served, clients_lost = msg.clients_lost,
    text = msg.text, generation = p and p.generation or service.n.generation, at = msg.now / 1000 }
  if p then
    if msg.ok then services.learn_client_time(service, p, msg.now) end
    services.drop(service, p)
  end
  table.insert(service.last_exits, 1, event)
  service.last_exits[LAST_EXITS + 1] = nil
  if not msg.ok and not msg.asked then service.n.last_failure = msg.text end
  if events.is_heard(service, "exit") then events.queue(service, "exit", event) end
end

function on.start_failed(_, msg, service)
  service.n.last_failure = msg.text
  events.queue(service, "start_failed", { step = msg.step, errno = msg.error, text = msg.text })
end

function on.fork_failed(_, msg, service) events.queue(service, "fork_failed", { errno = msg.error }) end

-- Every gauge follows, in one frame or more; a process that is not among them a second later has gone unseen.
function on.resync(world, msg)
  world.resynced = msg.now
  for _, service in ipairs(world.services) do
    for _, p in next, service.processes do p.stale = true end
  end
end

local function forget_stale(world)
  world.resynced = nil
  for _, service in ipairs(world.services) do
    for _, p in next, service.processes do
      if p.stale then
        services.drop(service, p)
        service.changed = true
      end
    end
  end
end

---- the world

local HOST = { mem_total = true, mem_avail = true, psi_full = true, psi_cpu = true, load = true, ncpu = true }
local WALL = { unix = true, sec = true, wday = true, zone = true }

--- { seed = integer, wall = function(now_ms) -> {unix, sec, wday, zone}, now = ms } -> world.
function facts.new(options)
  local world = setmetatable({ now = options.now or 0, seed = options.seed or 0, read_wall = options.wall,
    services = {}, by_name = {}, views = {}, dirty = {}, running = false, generation = 0, machine = {},
    short = false }, World)
  world.services_view = frozen.view(world.views, "s.services")
  world.host_view = frozen.view(world.machine, "s.host", HOST)
  return world
end

--- The services of a plan, in the plan's order: their numbers on the wire. `spec` is the module reeve.spec.
function World:define(plan, spec)
  for number, definition in ipairs(plan.services) do
    local service = services.new(self, definition, number, spec)
    self.services[number], self.by_name[service.name] = service, service
    self.views[service.name] = service.view
  end
end

--- It is `now` (ms), so that ages are those of this moment.
function World:at(now)
  if now > self.now then self.now, self.wall = now, nil end
end

--- Takes a report. Unknown names and numbers of services that are not there are ignored (nil).
-- Returns the service it was about.
function World:report(name, msg)
  local take_report = on[name]
  if not take_report then return nil end
  if msg.now then self:at(msg.now) end
  local service = msg.svc and self.services[msg.svc]
  if msg.svc and not service then return nil end
  take_report(self, msg, service)
  return service
end

--- Ends a batch: the gauges of changed services go into their histories. Returns the services with something to
-- tell (a list in the order of their numbers); it is empty again for the next batch.
function World:turn(now)
  self:at(now)
  if self.resynced and self.now >= self.resynced + RESYNC_MS then forget_stale(self) end
  self.running = true
  local dirty = self.dirty
  self.dirty = {}
  if #dirty > 1 then table.sort(dirty, function(a, b) return a.number < b.number end) end
  for _, service in ipairs(dirty) do
    service.dirty = false
    services.remember(service, self.now)
  end
  return dirty
end

--- Queues an event from elsewhere than the master: tick, operator, sample, pressure.
function facts.tell(service, kind, event)
  if kind == "tick" then events.once(service, kind, event or {}) else events.queue(service, kind, event or {}) end
end

--- What happened to a service since it was last asked: a list of read-only events in the fixed order. Queued
-- events are gone after that.
facts.events = events.take

-- Whether memory is short: next to none is left, or for a part of the time all stood still for want of it.
local function is_short(machine)
  local total, avail = machine.mem_total, machine.mem_avail
  return (machine.psi_full or 0) >= PRESSURE_PERCENT or total and avail and avail < total * PRESSURE_LEFT or false
end

-- Event `pressure` when memory gets short, and when it no longer is.
local function watch_pressure(world)
  local short, machine = is_short(world.machine), world.machine
  if short == world.short then return end
  world.short = short
  for _, service in ipairs(world.services) do
    if events.is_heard(service, "pressure") then
      events.once(service, "pressure", { short = short, psi_full = machine.psi_full, mem_avail = machine.mem_avail })
    end
  end
end

--- Memory and cpu of processes: { [id] = {rss, private, cpu} }; and of the machine: the fields of s.host.
function World:sample(samples, machine)
  for name, value in pairs(machine or {}) do self.machine[name] = value end
  for _, service in ipairs(self.services) do
    local sum, n = 0, 0
    for id, p in next, service.processes do
      local sample = samples[id]
      if sample and sample.private then
        p.rss, p.private, p.cpu = sample.rss, sample.private, sample.cpu
        sum, n = sum + sample.private, n + 1
      end
    end
    service.private_mean = n > 0 and sum / n or nil
    if n > 0 and events.is_heard(service, "sample") then events.once(service, "sample", {}) end
  end
  watch_pressure(self)
end

--- The wall clock of this turn, read once.
function World:wall_view()
  if not self.wall then
    local wall = self.read_wall and self.read_wall(self.now) or { unix = 0, sec = 0, wday = 1, zone = "UTC" }
    self.wall = frozen.view(wall, "s.wall", WALL)
  end
  return self.wall
end

--- Names of all event kinds, as a set.
facts.EVENTS = events.KINDS

return facts
