--- A master in virtual time: services over reeve.pool (the master's own code), reports as the master sends them,
-- a policy host that is the production one. No clock, no chance but the seed: the core of reeve.test and of a
-- simulator.
--
--   w = world.new{ host = function(order) -> policy host, boot = ms, leave = ms, gauges_first = bool,
--                 policy = that of settings {} }
--   svc = w:service{ name, settings = {name = canonical}, policy }, ...; w:begin()
--   w.watch_end(process, how), w.checks: for whoever wants to see every end, and to look after every turn
--   w:at(ms, f) plans something; w:run_until(ms) lets time pass; w:settle() lets the instant finish
--
-- Whoever uses it changes services through connect, finish, crash, ...; what it sees afterwards has settled: every
-- process that boots in no time has booted and every policy was asked.
local pool = require "reeve.pool"
local knows_clients = require "reeve.service".knows_clients

local world = {}
local World = {}
World.__index = World
local Service = {}
Service.__index = Service

local STATES = { starting = 0, idle = 1, busy = 2, leaving = 3, draining = 4 }
local STAGES = { startup = 0, serving = 1, draining = 2 }
local ROUNDS_MOST <const> = 10000 -- in one instant: more is a policy and a pool that chase each other

---- planned things: a heap by time, then by order of planning

local function earlier(a, b)
  if a.time ~= b.time then return a.time < b.time end
  return a.seq < b.seq
end

local function push(heap, item)
  local i = #heap + 1
  heap[i] = item
  while i > 1 and earlier(heap[i], heap[i // 2]) do
    heap[i], heap[i // 2] = heap[i // 2], heap[i]
    i = i // 2
  end
end

local function pop(heap)
  local top, last = heap[1], #heap
  heap[1] = heap[last]
  heap[last] = nil
  local i = 1
  while true do
    local least = i
    for child = 2 * i, 2 * i + 1 do
      if heap[child] and earlier(heap[child], heap[least]) then least = child end
    end
    if least == i then return top end
    heap[i], heap[least] = heap[least], heap[i]
    i = least
  end
end

--- Calls f at `time` (ms), or at once when that has passed.
function World:at(time, f)
  self.seq = self.seq + 1
  push(self.planned, { time = math.max(time, self.now), seq = self.seq, run = f })
end

---- processes

local function tell(svc, name, msg)
  msg.svc, msg.now = svc.number, svc.world.now
  svc.events[#svc.events + 1] = { name, msg }
  svc.world.news = true
end

local function touch(svc, p)
  if p then svc.dirty[p.id] = p end
  svc.world.news = true
end

local function exit_text(how)
  if how.signal then return "killed by signal " .. how.signal end
  return how.ok and "ended" or "exited with status " .. (how.code or 1)
end

-- A process ends: how = { ok, asked, stage, code, signal }.
local function gone(svc, p, how)
  local w, known = svc.world, svc.pool:process(p.id)
  if w.watch_end then w.watch_end(p, how) end
  svc.pool:gone(p.id, { ok = how.ok, asked = how.asked, age = w.now - p.born }, w.now)
  svc.processes[p.id], svc.dirty[p.id], p.dead = nil, nil, true
  w.by_id[p.id] = nil
  local stage = how.stage or not known.reported and "startup" or known.state == "draining" and "draining" or "serving"
  tell(svc, "exit", { process = p.id, ok = how.ok or false, asked = how.asked or false, stage = STAGES[stage],
    code = how.ok and 0 or how.signal and 0 or how.code or 1, signal = how.signal or 0, age = w.now - p.born,
    served = p.taken - p.clients, clients_lost = p.clients, text = exit_text(how) })
  svc.lost = svc.lost + (how.ok and 0 or p.clients)
end

local function room(svc, p)
  local free = svc.client_limit - p.clients
  if svc.service_count > 0 then free = math.min(free, svc.service_count - p.taken) end
  return math.max(free, 0)
end

local function report_status(svc, p)
  svc.pool:status(p.id, room(svc, p), svc.world.now)
  touch(svc, p)
end

local function booted(svc, p)
  if p.dead then return end
  if svc.failing > 0 then
    svc.failing = svc.failing - 1
    return gone(svc, p, { code = 1, stage = "startup" })
  end
  p.ready = true
  if svc.reports then svc.pool:status(p.id, room(svc, p), svc.world.now) else svc.pool:up(p.id, svc.world.now) end
  touch(svc, p)
end

local function start(svc)
  local w = svc.world
  if svc.fork_failing > 0 then
    svc.fork_failing = svc.fork_failing - 1
    svc.pool:start_failed(w.now)
    return tell(svc, "fork_failed", { error = 11 })
  end
  w.last_id = w.last_id + 1
  local p = { id = w.last_id, pid = 1000 + w.last_id, generation = svc.generation, born = w.now, clients = 0,
    taken = 0 }
  svc.processes[p.id], w.by_id[p.id] = p, svc
  svc.pool:started(p.id, w.now)
  touch(svc, p)
  w:at(w.now + svc.boot, function() booted(svc, p) end)
end

local function in_order(svc)
  local list = {}
  for _, p in pairs(svc.processes) do list[#list + 1] = p end
  table.sort(list, function(a, b) return a.id < b.id end)
  return list
end

local CAN_TAKE = { idle = true, busy = true }

-- Waiting clients go to the processes that have room, lowest id first.
local function accept(svc)
  if svc.waiting == 0 or not svc.reports or svc.pool:available() == 0 then return end
  for _, p in ipairs(in_order(svc)) do
    while svc.waiting > 0 and p.ready and room(svc, p) > 0 and CAN_TAKE[svc.pool:process(p.id).state] do
      svc.waiting, p.clients, p.taken = svc.waiting - 1, p.clients + 1, p.taken + 1
      report_status(svc, p)
    end
  end
end

local function ask_to_go(svc, n)
  local w = svc.world
  for _ = 1, n do
    local id = svc.pool:victim()
    assert(id and svc.pool:process(id).state == "idle", "the pool asks a process that is not idle")
    local p = svc.processes[id]
    svc.pool:asked(id, w.now)
    touch(svc, p)
    w:at(w.now + w.leave, function() if not p.dead then gone(svc, p, { ok = true, asked = true }) end end)
  end
end

local function carry_out(svc, a)
  assert(a.start == 0 or a.ask == 0, "the pool starts and shrinks in one step")
  for _ = 1, a.start do start(svc) end
  if a.start > 0 then
    local live, standing = svc.pool:live(), svc.standing
    assert(live <= svc.process_limit, "more processes than process_limit")
    assert(not standing or live <= standing.at_most, "a start above at_most")
    assert(not standing or standing.hold_until <= svc.world.now, "a start before hold")
  end
  ask_to_go(svc, a.ask)
end

local function notice(svc, a)
  local demand = svc.waiting > 0 and svc.pool:available() == 0
  if demand and not svc.said_demand then tell(svc, "demand", { waiting = svc.waiting }) end
  local limit = svc.waiting > 0 and a.brake == "process_limit"
  if limit and not svc.said_limit then tell(svc, "limit", { waiting = svc.waiting }) end
  svc.said_demand, svc.said_limit = demand, limit
end

-- Steps until the pool has nothing more to do; a burst goes on in the next millisecond.
local function step(svc)
  local w = svc.world
  if svc.not_before and w.now < svc.not_before then return end
  for _ = 1, ROUNDS_MOST do
    local a = svc.pool:step(svc.waiting, w.now)
    notice(svc, a)
    carry_out(svc, a)
    if a.wake > 0 and svc.wake ~= a.wake then
      svc.wake = a.wake
      w:at(a.wake, function() w.stirred = true end)
    end
    if a.brake == "burst" then svc.not_before = w.now + 1 end
    if a.start == 0 and a.ask == 0 or a.brake == "burst" then return end
  end
  error("the pool never comes to rest")
end

---- reports, as the master sends them: gauges that changed, events, then turn

local function send_processes(svc)
  local host, now = svc.world.host, svc.world.now
  for _, p in ipairs(in_order(svc)) do
    if svc.dirty[p.id] then
      local known = svc.pool:process(p.id)
      host:report("process", { process = p.id, svc = svc.number, pid = p.pid, generation = p.generation,
        state = STATES[known.state], now = now, born = p.born, since = known.since, available = known.available,
        clients = known.clients, served = known.served, ready = p.ready or false })
    end
  end
  svc.dirty = {}
end

local function send_pool(svc)
  local c = svc.pool:counters()
  svc.world.host:report("pool", { svc = svc.number, now = svc.world.now, generation = svc.generation,
    waiting = svc.waiting, arrivals = c.arrivals, served = c.served, starts = c.starts,
    start_failures = c.start_failures, exits = c.exits, crashes = c.crashes, dropped = svc.dropped,
    throttled_until = c.throttled_until, stopped = svc.stopped })
end

local function send_events(svc)
  local events = svc.events
  svc.events = {}
  for _, event in ipairs(events) do svc.world.host:report(event[1], event[2]) end
end

local function flush(w)
  w.news = false
  for _, svc in ipairs(w.services) do
    if not w.gauges_first then send_events(svc) end
    send_processes(svc)
    send_pool(svc)
    if w.gauges_first then send_events(svc) end
  end
  w.host:report("turn", { now = w.now })
  w.host:turn(w.now)
  for _, check in ipairs(w.checks) do check(w) end
end

--- Lets everything of this instant happen.
function World:settle()
  for _ = 1, ROUNDS_MOST do
    self.stirred = false
    while self.planned[1] and self.planned[1].time <= self.now do pop(self.planned).run() end
    for _, svc in ipairs(self.services) do
      accept(svc)
      step(svc)
    end
    if self.news then
      flush(self)
    elseif not (self.planned[1] and self.planned[1].time <= self.now) and not self.stirred then
      return
    end
  end
  error("policies and pool chase each other at " .. self.now .. " ms")
end

local function next_time(w)
  local planned, wake = w.planned[1] and w.planned[1].time, w.host:next_wake()
  if wake == 0 then return planned, false end
  if planned and planned < wake then return planned, false end
  return math.max(wake, w.now), true
end

--- Lets time pass up to and with `time` (ms).
function World:run_until(time)
  self:settle()
  while true do
    local at, is_host = next_time(self)
    if not at or at > time then break end
    self.now = at
    if is_host then self.host:timer(at) end
    self:settle()
  end
  self.now = math.max(self.now, time)
  self:settle()
end

---- orders of the host

local function service_of(w, id) return w.by_id[id], w.by_id[id] and w.by_id[id].processes[id] end

local function orders(w)
  local order = {}
  function order.standing(msg)
    local svc = w.services[msg.svc]
    svc.pool:standing(msg, w.now)
    svc.standing, svc.orders = msg, svc.orders + 1
    w.stirred = true
  end
  function order.retire(msg)
    local svc, p = service_of(w, msg.process)
    if not p then return end
    svc.retired = svc.retired + 1
    svc.pool:drain(p.id, w.now)
    touch(svc, p)
    if p.clients == 0 then return gone(svc, p, { ok = true, asked = true, stage = "draining" }) end
    p.draining = true
    if msg.deadline > 0 then
      w:at(msg.deadline, function() if not p.dead then gone(svc, p, { asked = true, signal = 15 }) end end)
    end
  end
  function order.kill(msg)
    local svc, p = service_of(w, msg.process)
    if p then gone(svc, p, { asked = true, signal = 9 }) end
  end
  function order.quarantine(msg) w.quarantined[#w.quarantined + 1] = msg.text end
  return order
end

---- what the world does to a service

--- n clients connect.
function Service:connect(n)
  self.waiting = self.waiting + n
  self.world.news = true
end

-- A client of the process is done.
local function finish_one(svc, p)
  p.clients = p.clients - 1
  local used_up = svc.service_count > 0 and p.taken >= svc.service_count
  if p.clients == 0 and (p.draining or used_up) then
    return gone(svc, p, { ok = true, asked = p.draining or false })
  end
  report_status(svc, p)
end

--- How many clients are being served. (The pool's count is higher near the end of a service_count: it takes a
-- process's lost capacity for clients.)
function Service:serving()
  local n = 0
  for _, p in pairs(self.processes) do n = n + p.clients end
  return n
end

--- n clients are done, of the processes with the lowest ids first. Raises when fewer are being served.
function Service:finish(n)
  local left = n
  for _, p in ipairs(in_order(self)) do
    while left > 0 and p.clients > 0 and not p.dead do
      finish_one(self, p)
      left = left - 1
    end
  end
  if left > 0 then error(("finish(%d): only %d clients are being served"):format(n, n - left), 3) end
end

--- n processes die by a signal; those with clients first. Raises when there are fewer.
function Service:crash(n, signal)
  local list = in_order(self)
  table.sort(list, function(a, b)
    if (a.clients > 0) ~= (b.clients > 0) then return a.clients > 0 end
    return a.id < b.id
  end)
  if n > #list then error(("crash(%d): there are only %d processes"):format(n, #list), 3) end
  for i = 1, n do gone(self, list[i], { signal = signal or 11 }) end
end

--- New processes get a new generation; the old ones are the policies' business.
function Service:renew()
  self.generation = self.generation + 1
  self.world.news = true
end

--- The service is stopped, or started again.
function Service:stop(stopped)
  self.stopped = stopped
  self.pool:limits { stopped = stopped }
  self.world.news = true
end

--- A service of the world; before begin.
function World:service(definition)
  local settings = definition.settings
  local function number(name) return math.tointeger(tonumber(settings[name])) end
  local svc = setmetatable({ world = self, number = #self.services + 1, name = definition.name, generation = 1,
    definition = definition, process_limit = number "process_limit", client_limit = number "client_limit",
    service_count = number "service_count", reports = knows_clients(settings), boot = self.boot, processes = {},
    events = {}, dirty = {}, waiting = 0, dropped = 0, failing = 0, fork_failing = 0, lost = 0, orders = 0,
    retired = 0, stopped = false }, Service)
  svc.pool = pool.new { process_limit = svc.process_limit, client_limit = svc.client_limit,
    service_count = svc.service_count, reports = svc.reports, once = settings.type == "startup" }
  self.services[svc.number] = svc
  return svc
end

--- The plan is in force: a host is made and told everything, as after the start of an engine. Again, with
-- resumed: a new engine takes over (`restore` is the text that the last one saved).
function World:begin(resumed, restore)
  local plan = { services = {}, policy = self.policy }
  for i, svc in ipairs(self.services) do plan.services[i] = svc.definition end
  self.host = self.make_host(orders(self))
  self.host:define(plan)
  if restore then assert(self.host:restore(restore)) end
  self.host:report("begin", { generation = self.generation, now = self.now, master_pid = 1,
    resumed = resumed or false })
  for _, svc in ipairs(self.services) do
    for id, p in pairs(svc.processes) do svc.dirty[id] = p end
  end
  self.news = true
  self:settle()
end

--- See the top of the file.
function world.new(options)
  return setmetatable({ make_host = options.host, policy = options.policy, now = options.now or 0, seq = 0,
    planned = {}, services = {},
    by_id = {}, last_id = 0, boot = options.boot or 0, leave = options.leave or 0, generation = 1, checks = {},
    gauges_first = options.gauges_first or false, quarantined = {} }, World)
end

return world
