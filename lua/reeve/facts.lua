--- Facts: what the master reported, mirrored, as policies read it.
--
-- A *world* holds the services of one plan. `world:report(name, msg)` takes a report of wire.def in O(1);
-- `facts.events(service)` hands out what happened since the last turn, coalesced and in the fixed order of one
-- turn; `service.view` is the read-only `s` of a policy. Times inside are integer milliseconds of the master's
-- clock; policies see seconds.
local frozen = require "reeve.frozen"
local process = require "reeve.process"
local rng = require "reeve.rng"
local suggest = require "reeve.suggest"
local windows = require "reeve.windows"

local facts = {}
local World = {}
World.__index = World

local GAUGES = { "live", "idle", "busy", "avail", "waiting", "clients", "draining" }
local COUNTERS = { "arrivals", "starts", "start_failures", "exits", "crashes", "served", "dropped" }
local STAGES = { [0] = "startup", "serving", "draining" }
local LAST_EXITS = 5
local RESYNC_MS = 1000
local SAMPLES = 64 -- the weight of a new sample in a running mean is 1/64, after the first 64

local function set(list)
  local names = {}
  for _, name in ipairs(list) do names[name] = true end
  return names
end

local IS_GAUGE, IS_COUNTER = set(GAUGES), set(COUNTERS)

-- Without status messages nobody knows how many clients a process has.
local NEEDS_STATUS = set { "idle", "busy", "clients", "served", "arrivals" }

---- settings, in the units of people

local TO_PEOPLE = {
  duration = function(ms) return ms % 1000 == 0 and ms // 1000 or ms / 1000 end,
  flag = function(n) return n ~= 0 end,
}
for kind in ("count size mode user group"):gmatch "%a+" do TO_PEOPLE[kind] = function(n) return n end end

local function setting_value(row, canonical)
  local number = TO_PEOPLE[row.type]
  if not number then return canonical end
  if type(canonical) == "boolean" then return canonical end
  local n = math.tointeger(tonumber(canonical))
  if not n then return nil end
  return n == math.maxinteger and math.huge or number(n)
end

-- Every setting of a service: what the plan says (it is effective), else the row's default.
local function settings_of(definition, spec)
  local values, names = {}, {}
  for _, row in ipairs(spec.settings) do
    if row.scope == "service" then
      names[row.name] = true
      local canonical = definition.settings[row.name]
      if canonical == nil and row.default ~= "" then canonical = spec.parse("service", row.name, row.default) end
      if canonical ~= nil then values[row.name] = setting_value(row, canonical) end
    end
  end
  return values, frozen.view(values, "s.settings", names)
end

---- running means (boot time, time of a client)

local function mean_new() return { n = 0, mean = 0, square = 0 } end

local function mean_add(m, x)
  m.n = math.min(m.n + 1, SAMPLES)
  local weight = 1 / m.n
  m.mean = m.mean + (x - m.mean) * weight
  m.square = m.square + (x * x - m.square) * weight
end

local function mean_of(m) if m.n > 0 then return m.mean end end

local function cv2_of(m)
  if m.n < 2 or m.mean <= 0 then return nil end
  return math.max(0, m.square / (m.mean * m.mean) - 1)
end

---- what a policy reads of a service

local function processes_view(service)
  if service.unsorted then
    local list = {}
    for _, p in next, service.processes do list[#list + 1] = p end
    table.sort(list, function(a, b) return a.id < b.id end)
    for i, p in ipairs(list) do list[i] = process.view(p) end
    service.unsorted, service.sorted = false, frozen.view(list, "s.processes")
  end
  return service.sorted
end

local function private_mean(service)
  local sum, n = 0, 0
  for _, p in next, service.processes do
    if p.private then sum, n = sum + p.private, n + 1 end
  end
  if n > 0 then return sum / n end
end

-- With many clients in a process their times are not seen one by one: Little's law gives the mean.
local function service_mean(service)
  if not service.reports then return nil end
  if service.client_time.n > 0 then return mean_of(service.client_time) end
  local now, clients = service.world.now, service.gauges.clients
  local rate = clients and windows.rate(service.rates.served, 60, now) or 0
  if rate > 0 then return windows.avg(clients, 60, now) / rate end
end

local GETTERS = {
  now = function(service) return service.world.now / 1000 end,
  wall = function(service) return service.world:wall_view() end,
  settings = function(service) return service.settings_view end,
  processes = processes_view,
  wait_oldest = function(service)
    return service.waiting_since and (service.world.now - service.waiting_since) / 1000 or 0
  end,
  service_mean = service_mean,
  service_cv2 = function(service) return cv2_of(service.client_time) end,
  boot_mean = function(service) return mean_of(service.boot_time) end,
  private_mean = private_mean,
  old = function(service) return service.n.live - (service.by_generation[service.n.generation] or 0) end,
  services = function(service) return service.world.services_view end,
  host = function(service) return service.world.host_view end,
  override = function(service) return service.override and frozen.view(service.override, "s.override") end,
  standing = function(service) return frozen.view(service.standing, "s.standing") end,
  hold_ms = function(service)
    local hold = math.max(service.throttled_until, math.ceil((service.standing.hold or 0) * 1000))
    return math.max(0, hold - service.world.now)
  end,
  throttled_until = function(service) return service.throttled_until / 1000 end,
  last_exits = function(service) return frozen.view(service.last_exits, "s.last_exits") end,
}

local FIELDS = set { "name", "type", "contract", "generation", "stopped", "last_failure", "live", "starting", "idle",
  "busy", "leaving", "avail", "draining", "clients", "waiting", "arrivals", "starts", "start_failures", "exits",
  "crashes", "served", "dropped", "avg", "min", "max", "rate", "rand" }
for name in pairs(GETTERS) do FIELDS[name] = true end

local function check_window(seconds)
  if type(seconds) ~= "number" or not (seconds > 0 and seconds <= windows.KEPT) then
    error(("a window of %s seconds: from above 0 to %d are kept"):format(tostring(seconds), windows.KEPT), 3)
  end
end

local function check_name(what, name, names)
  if names[name] then return end
  local all = {}
  for known in pairs(names) do all[#all + 1] = known end
  table.sort(all)
  error(("there is no %s '%s'%s (there are: %s)"):format(what, tostring(name), suggest.hint(name, names),
    table.concat(all, " ")), 3)
end

local function gauge_method(service, read)
  return function(_, name, seconds)
    check_name("gauge", name, IS_GAUGE)
    check_window(seconds)
    local history = service.gauges[name]
    if not history or NEEDS_STATUS[name] and not service.reports then return nil end
    return read(history, seconds, service.world.now)
  end
end

local function rate_method(service)
  return function(_, name, seconds)
    check_name("counter", name, IS_COUNTER)
    check_window(seconds)
    if not service.counted or NEEDS_STATUS[name] and not service.reports then return nil end
    return windows.rate(service.rates[name], seconds, service.world.now)
  end
end

local function rand_method(service)
  return function()
    if not service.random then service.random = { state = rng.seed(service.world.seed, service.name) } end
    return rng.next(service.random)
  end
end

local function view_of(service)
  local n, reports = service.n, service.reports
  local fixed = { avg = gauge_method(service, windows.avg), min = gauge_method(service, windows.min),
    max = gauge_method(service, windows.max), rate = rate_method(service), rand = rand_method(service) }
  return setmetatable({}, frozen.class("a service", function(_, key)
    local value = n[key]
    if value ~= nil then
      if not reports and NEEDS_STATUS[key] then return nil end
      return value
    end
    local getter = GETTERS[key]
    if getter then return getter(service) end
    return fixed[key]
  end, FIELDS))
end

---- services

local function service_new(world, definition, number, spec)
  local settings, settings_view = settings_of(definition, spec)
  local service = { world = world, number = number, name = definition.name, settings = settings,
    settings_view = settings_view, reports = settings.contract ~= "plain", processes = {}, sorted = nil,
    unsorted = true, gauges = {}, rates = {}, boot_time = mean_new(), client_time = mean_new(), last_exits = {},
    queue = {}, standing = {}, throttled_until = 0, by_generation = {} }
  -- n: everything that is read as it stands
  local n = { name = definition.name, type = settings.type or "", contract = settings.contract, generation = 0,
    stopped = false, live = 0, starting = 0, idle = 0, busy = 0, leaving = 0, avail = 0, draining = 0, clients = 0,
    waiting = 0 }
  for _, name in ipairs(COUNTERS) do n[name], service.rates[name] = 0, windows.counter(world.now) end
  service.n, service.view = n, nil
  service.view = view_of(service)
  return service
end

local function mark(world, service)
  if not service.dirty then
    service.dirty = true
    world.dirty[#world.dirty + 1] = service
  end
end

local function queue(service, kind, event)
  local list = service.queue[kind]
  if not list then
    list = {}
    service.queue[kind] = list
  end
  event.kind = kind
  list[#list + 1] = event
  mark(service.world, service)
end

local function once(service, kind, event)
  event.kind = kind
  service.queue[kind] = { event }
  mark(service.world, service)
end

local function set_waiting(service, waiting, now)
  service.n.waiting = waiting
  if waiting == 0 then
    service.waiting_since = nil
  elseif not service.waiting_since then
    service.waiting_since = now
  end
  mark(service.world, service)
end

local COUNTS_AS_LIVE = set { "starting", "idle", "busy", "leaving" }
local CAN_TAKE = set { "starting", "idle", "busy" }

-- Adds (sign 1) or takes away (-1) what a process contributes to the sums.
local function contribute(n, p, sign)
  local state = p.state
  n[state] = n[state] + sign
  if COUNTS_AS_LIVE[state] then n.live = n.live + sign end
  if p.available > 0 and CAN_TAKE[state] then n.avail = n.avail + sign end
  n.clients = n.clients + sign * p.clients
end

-- Live processes of each generation, for s.old.
local function census(service, p, sign)
  if not COUNTS_AS_LIVE[p.state] then return end
  local by = service.by_generation
  local count = (by[p.generation] or 0) + sign
  by[p.generation] = count > 0 and count or nil
end

local function drop(service, p)
  contribute(service.n, p, -1)
  census(service, p, -1)
  service.processes[p.id], service.unsorted = nil, true
  mark(service.world, service)
end

-- How long a client was served: where a process has one client at a time, that is how long it was busy.
local function learn_client_time(service, p, since)
  if p.state == "busy" and service.settings.client_limit == 1 and since > p.since then
    mean_add(service.client_time, (since - p.since) / 1000)
  end
end

local function take(p, msg, state)
  p.state, p.since, p.available, p.clients, p.served = state, msg.since, msg.available, msg.clients, msg.served
  p.generation, p.pid, p.ready, p.stale = msg.generation, msg.pid, msg.ready, nil
end

---- the reports

local on = {}

function on.begin(world, msg)
  world.now, world.generation = msg.now, msg.generation
  for _, service in ipairs(world.services) do once(service, msg.resumed and "reload" or "start", {}) end
end

function on.pool(_, msg, service)
  local n = service.n
  for _, name in ipairs(COUNTERS) do
    local more = msg[name] - n[name]
    if more > 0 and service.counted then windows.add(service.rates[name], more, msg.now) end
    n[name] = msg[name]
  end
  service.counted = true -- the first report only says where the counters stand
  n.generation = msg.generation
  service.throttled_until = msg.throttled_until
  if msg.stopped ~= n.stopped then once(service, msg.stopped and "stop" or "start", {}) end
  n.stopped = msg.stopped
  set_waiting(service, msg.waiting, msg.now)
  service.changed = true
end

function on.process(world, msg, service)
  local state = process.STATES[msg.state]
  local p = service.processes[msg.process]
  if p then
    contribute(service.n, p, -1)
    census(service, p, -1)
    if state == "idle" then learn_client_time(service, p, msg.since) end
  else
    p = process.new(service, msg)
    service.processes[p.id], service.unsorted = p, true
    if world.running then queue(service, "spawn", { id = p.id }) end
  end
  if msg.ready and not p.ready then
    if msg.served == 0 then mean_add(service.boot_time, math.max(0, msg.since - msg.born) / 1000) end
    if world.running then queue(service, "ready", { id = p.id }) end
  end
  take(p, msg, state)
  contribute(service.n, p, 1)
  census(service, p, 1)
  service.changed = true
  mark(world, service)
end

function on.demand(_, msg, service)
  set_waiting(service, msg.waiting, msg.now)
  once(service, "demand", { waiting = msg.waiting })
end

function on.limit(_, msg, service)
  set_waiting(service, msg.waiting, msg.now)
  once(service, "limit", { waiting = msg.waiting })
end

function on.exit(_, msg, service)
  local p = service.processes[msg.process]
  local event = { id = msg.process, ok = msg.ok, asked = msg.asked, stage = STAGES[msg.stage], code = msg.code,
    signal = msg.signal, age = msg.age / 1000, served = msg.served, clients_lost = msg.clients_lost,
    text = msg.text, generation = p and p.generation or service.n.generation, at = msg.now / 1000 }
  if p then
    if msg.ok then learn_client_time(service, p, msg.now) end
    drop(service, p)
  end
  table.insert(service.last_exits, 1, frozen.view(event, "an exit"))
  service.last_exits[LAST_EXITS + 1] = nil
  if not msg.ok and not msg.asked then service.n.last_failure = msg.text end
  queue(service, "exit", event)
end

function on.start_failed(_, msg, service)
  service.n.last_failure = msg.text
  queue(service, "start_failed", { step = msg.step, errno = msg.error, text = msg.text })
end

function on.fork_failed(_, msg, service) queue(service, "fork_failed", { errno = msg.error }) end

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
        drop(service, p)
        service.changed = true
      end
    end
  end
end

local function remember(service, now)
  local n, gauges = service.n, service.gauges
  for i = 1, #GAUGES do
    local name = GAUGES[i]
    local history = gauges[name]
    if history then windows.set(history, n[name], now) else gauges[name] = windows.gauge(n[name], now) end
  end
end

---- the world

--- { seed = integer, wall = function(now_ms) -> {unix, sec, wday, zone}, now = ms } -> world.
function facts.new(options)
  local world = setmetatable({ now = options.now or 0, seed = options.seed or 0, read_wall = options.wall,
    services = {}, by_name = {}, views = {}, dirty = {}, running = false, generation = 0, machine = {} }, World)
  world.services_view = frozen.view(world.views, "s.services")
  world.host_view = frozen.view(world.machine, "s.host",
    set { "mem_total", "mem_avail", "psi_full", "psi_cpu", "load", "ncpu" })
  return world
end

--- The services of a plan, in the plan's order: their numbers on the wire. `spec` is the module reeve.spec.
function World:define(plan, spec)
  for number, definition in ipairs(plan.services) do
    local service = service_new(self, definition, number, spec)
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
    remember(service, self.now)
  end
  return dirty
end

-- The order inside one turn (2-policy, determinism); what happened to processes by id.
local ORDER = { "start", "reload", "stop", "exit", "start_failed", "fork_failed", "spawn", "ready", "status", "demand",
  "limit", "sample", "pressure", "tick", "operator" }
local BY_ID = set { "exit", "spawn", "ready" }

local function by_id(a, b) return a.id < b.id end

--- Queues an event from elsewhere than the master: tick, operator, sample, pressure.
function facts.tell(service, kind, event)
  if kind == "tick" then once(service, kind, event or {}) else queue(service, kind, event or {}) end
end

--- What happened to a service since it was last asked: a list of read-only events in the fixed order. Queued
-- events are gone after that.
function facts.events(service)
  local queued, list = service.queue, {}
  if service.changed then
    queued.status, service.changed = { { kind = "status" } }, false
  end
  if next(queued) == nil then return list end
  service.queue = {}
  for _, kind in ipairs(ORDER) do
    local events = queued[kind]
    if events then
      if BY_ID[kind] then table.sort(events, by_id) end
      for _, event in ipairs(events) do list[#list + 1] = frozen.view(event, "an event") end
    end
  end
  return list
end

--- Memory and cpu of processes: { [id] = {rss, private, cpu} }; and of the machine: the fields of s.host.
function World:sample(samples, machine)
  for name, value in pairs(machine or {}) do self.machine[name] = value end
  for _, service in ipairs(self.services) do
    local seen = false
    for id, p in next, service.processes do
      local sample = samples[id]
      if sample then p.rss, p.private, p.cpu, seen = sample.rss, sample.private, sample.cpu, true end
    end
    if seen then once(service, "sample", {}) end
  end
end

--- The wall clock of this turn, read once.
function World:wall_view()
  if not self.wall then
    local wall = self.read_wall and self.read_wall(self.now) or { unix = 0, sec = 0, wday = 1, zone = "UTC" }
    self.wall = frozen.view(wall, "s.wall", set { "unix", "sec", "wday", "zone" })
  end
  return self.wall
end

--- Names of all event kinds, as a set.
facts.EVENTS = set(ORDER)

return facts
