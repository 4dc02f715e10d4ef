--- A trace (reeve.trace) out of a recording: what came from outside - clients and how long they stayed, crashes, boot
-- times, failing starts, memory, operators, the rest of the machine - without anything that we did about it. With it
-- the simulator answers "what would another policy have done".
--
-- What a recording cannot tell is in docs/RECORDING.md: above all how clients who waited or were dropped would have
-- behaved otherwise, and how fast processes would have been among more or fewer others.
local trace = require "reeve.trace"
local walk = require "reeve.walk"

local recordedtrace = {}
local Visitor = {}
Visitor.__index = Visitor

local CLIENT_LIMIT_ONE <const> = 1

---- clients: when they came, and how long the k-th that was taken stayed

local function seconds(self, now) return math.max(0, (now - self.start) / 1000) end

-- Whoever has come by now: taken, waiting or dropped. Who waits is counted at another moment than who was taken, so for
-- a while one client may be in neither count, or in both.
local function count_clients(self, msg)
  local total = msg.arrivals + msg.waiting + msg.dropped
  local news = total - (self.total or total)
  self.total_at_last = total
  for _ = 1, news do self.came[#self.came + 1] = seconds(self, msg.now) end
  if not self.total or total > self.total then self.total = total end
end

-- Those who were in both counts, when it is known how many have come.
local function settle_clients(self)
  for _ = 1, (self.total or 0) - (self.total_at_last or self.total or 0) do table.remove(self.came) end
  self.total, self.total_at_last = nil, nil
end

local function end_stay(self, p, now, n)
  local each = math.max(0, now - p.busy_since) / 1000 / math.max(n, 1)
  for i = 1, math.max(n, 1) do
    self.stays[#self.stays + 1] = { at = seconds(self, p.busy_since) + (i - 1) * each, stay = each }
  end
  p.busy_since = nil
end

-- With one client at a time a busy process is a client's stay; several short ones between two reports share it.
local function follow_single(self, p, msg, busy)
  local served = msg.served - p.served
  if p.busy_since and (not busy or served > 0) then end_stay(self, p, busy and msg.since or msg.since, served) end
  if not p.busy_since and not busy and served > 0 then
    p.busy_since = p.at
    end_stay(self, p, msg.now, served)
  end
  if busy and not p.busy_since then p.busy_since = msg.since end
end

-- With many, Little's law: the time that clients spent in processes, over how many were served.
local function follow_many(self, now)
  self.area = self.area + self.clients * (now - self.area_at)
  self.area_at = now
end

---- the rest of what comes from outside

local function add(self, now, record)
  record.at = seconds(self, now)
  self.records[#self.records + 1] = record
end

local function learn_boot(self, msg)
  local boot = math.max(0, msg.since - msg.born) / 1000
  local mean = self.boot and self.boot * 0.8 + boot * 0.2 or boot
  if not self.boot or math.abs(mean - self.told_boot) > 0.1 * self.told_boot + 0.001 then
    add(self, msg.now, { kind = "model", boot = mean })
    self.told_boot = mean
  end
  self.boot = mean
end

-- The share of starts that fail, of the last twenty.
local function learn_start(self, now, failed)
  table.insert(self.starts, failed and 1 or 0)
  if #self.starts > 20 then table.remove(self.starts, 1) end
  local sum = 0
  for _, one in ipairs(self.starts) do sum = sum + one end
  local share = sum / #self.starts
  if math.abs(share - self.start_failure) >= 0.1 or share == 0 and self.start_failure > 0 then
    add(self, now, { kind = "model", start_failure = share })
    self.start_failure = share
  end
end

-- Private bytes against clients served: the straight line through all samples.
local function learn_memory(self, p, private)
  local m, x, y = self.memory, p.served, private
  m.n, m.x, m.y, m.xx, m.xy = m.n + 1, m.x + x, m.y + y, m.xx + x * x, m.xy + x * y
end

local function memory_model(m, model)
  if m.n == 0 then return end
  local spread = m.n * m.xx - m.x * m.x
  local leak = spread > 0 and math.max(0, (m.n * m.xy - m.x * m.y) / spread) or 0
  model.leak, model.memory = leak, math.max(0, (m.y - leak * m.x) / m.n)
end

---- the walk

local BUSY <const>, DRAINING <const> = 2, 4 -- enum pool_state

local function new_process(msg) return { served = msg.served, clients = msg.clients, at = msg.now } end

local on = {}

function on.pool(self, msg)
  count_clients(self, msg)
  if self.renewed and msg.generation ~= self.renewed then add(self, msg.now, { kind = "reload" }) end
  self.renewed = msg.generation
end

function on.process(self, msg)
  local p = self.processes[msg.process]
  if not p then
    p = new_process(msg)
    self.processes[msg.process] = p
  end
  if msg.ready and not p.ready then
    p.ready = true
    learn_boot(self, msg)
    learn_start(self, msg.now, false)
  end
  follow_many(self, msg.now)
  self.clients, self.served = self.clients + msg.clients - p.clients, self.served + msg.served - p.served
  local busy = msg.state == BUSY or msg.state == DRAINING and msg.clients > 0
  if self.single then follow_single(self, p, msg, busy) end
  p.served, p.clients, p.at = msg.served, msg.clients, msg.now
end

function on.exit(self, msg)
  local p = self.processes[msg.process]
  self.processes[msg.process] = nil
  if p then
    follow_many(self, msg.now)
    self.clients, self.served = self.clients - p.clients, self.served + math.max(0, msg.served - p.served)
    if self.single and p.busy_since then end_stay(self, p, msg.now, 1) end
  end
  if msg.ok or msg.asked then return end
  if msg.stage == 0 then
    learn_start(self, msg.now, true)
  else
    add(self, msg.now, { kind = "crash", n = 1 })
  end
end

local function machine(self, now, host)
  if not host then return end
  self.mem_total = host.mem_total or self.mem_total
  local used = host.mem_total and host.mem_avail and host.mem_total - host.mem_avail
  for _, sample in pairs(self.samples) do used = used and used - sample end
  add(self, now, { kind = "host", used = used and math.max(0, used), psi_full = host.psi_full, psi_cpu = host.psi_cpu,
    load = host.load })
end

local function operator(self, now, service, verb, fields)
  if service ~= self.name or verb == "drain" then return end
  local record = { kind = "operator", verb = verb, at_least = fields.at_least, at_most = fields.at_most }
  if fields["until"] then record["until"] = math.max(0, fields["until"] - self.start / 1000) end
  add(self, now, record)
end

local function find_service(self, taken)
  for i, service in ipairs(taken.services) do
    if not self.name or service.name == self.name then return i, service end
  end
  local names = {}
  for i, service in ipairs(taken.services) do names[i] = service.name end
  error({ ("the recording has no service '%s' (there are: %s)"):format(self.name or "?", table.concat(names, " ")) }, 0)
end

local function service_of(self)
  local loaded, sentence = require "reeve.replay".load(self.config)
  if not loaded then error({ sentence }, 0) end
  for _, service in ipairs(loaded.plan.services) do
    if service.name == self.name then return service end
  end
end

-- Who is served as it begins has come then, and stays for as long as he will.
local function begin(self, taken, service)
  self.start, self.now, self.area_at = taken.world.now, taken.world.now, taken.world.now
  for id, p in pairs(service.processes) do
    self.processes[id] = { served = p.served, clients = p.clients, at = self.start, ready = p.ready,
      busy_since = self.single and p.state == "busy" and self.start or nil }
    self.clients = self.clients + p.clients
  end
  local n = service.n
  if service.own.counted then self.total = n.arrivals + n.waiting + n.dropped end
  for _ = 1, self.clients + n.waiting do self.came[#self.came + 1] = 0 end
end

function Visitor:generation(config) self.config = self.config or config end

function Visitor:state(taken, block)
  self.wall = self.wall or block.wall
  local number, service = find_service(self, taken)
  self.name, self.number = service.name, number
  self.settings = self.settings or service_of(self).settings
  self.single = math.tointeger(tonumber(self.settings.client_limit)) == CLIENT_LIMIT_ONE
  settle_clients(self)
  if not self.start then return begin(self, taken, service) end
  for id in pairs(self.processes) do -- another engine: processes that went unseen are gone
    if not service.processes[id] then self.processes[id] = nil end
  end
end

local function note(self, fields)
  if fields[1] == "operator" then return operator(self, self.now, fields[2], fields[3], fields[4] or {}) end
  if fields[1] == "override" then return operator(self, self.now, fields[2], "scale", fields[3] or {}) end
  if fields[1] == "sampled" then machine(self, self.now, fields[2]) end
end

function Visitor:input(name, fields)
  if fields.now then self.now = math.max(self.now, fields.now) end
  if name == "note" then return note(self, fields) end
  if name == "sample" then
    local p = self.processes[fields.process]
    if p and fields.known then learn_memory(self, p, fields.private) end
    self.samples[fields.process] = fields.known and fields.rss or nil
    return
  end
  if fields.svc == self.number and on[name] then on[name](self, fields) end
end

function Visitor:turn(_, now) self.now = math.max(self.now, now) end

---- putting it together

local function mean_stay(self)
  follow_many(self, self.now)
  return self.served > 0 and self.area / 1000 / self.served or 0
end

-- The k-th who came stays as long as the k-th who was taken; who was never seen being served, as long as the mean.
local function clients(self)
  settle_clients(self)
  for _, p in pairs(self.processes) do
    if p.busy_since then end_stay(self, p, self.now, 1) end
  end
  table.sort(self.stays, function(a, b) return a.at < b.at end)
  local mean = 0
  for _, one in ipairs(self.stays) do mean = mean + one.stay / #self.stays end
  if not self.single then mean = mean_stay(self) end
  for i, at in ipairs(self.came) do
    self.records[#self.records + 1] = { at = at, kind = "client", stay = self.stays[i] and self.stays[i].stay or mean }
  end
end

local RANK = { model = 1, host = 2, reload = 3, operator = 4, client = 5, crash = 6 }

local function in_order(records)
  for i, record in ipairs(records) do record.place = i end
  table.sort(records, function(a, b)
    if a.at ~= b.at then return a.at < b.at end
    if a.kind ~= b.kind then return RANK[a.kind] < RANK[b.kind] end
    return a.place < b.place
  end)
  for _, record in ipairs(records) do record.place = nil end
  return records
end

-- The wall clock of the recording, by the time of the trace.
local function wall_of(self)
  local began = self.wall // 1000
  return function(now)
    local unix = began + now // 1000
    local day = os.date("*t", unix)
    return { unix = unix, sec = day.hour * 3600 + day.min * 60 + day.sec, wday = (day.wday + 5) % 7 + 1,
      zone = os.date("%Z", unix) }
  end
end

--- Of one service (by name; nil: the first) since a moment (ms of wall time; nil: from the beginning) -> a trace, and
-- { service = function() -> the service as it was defined, with policies of its own each time, wall } | nil, sentence.
function recordedtrace.of(rec, since, name)
  local self = setmetatable({ name = name, processes = {}, samples = {}, came = {}, stays = {}, records = {},
    starts = {}, start_failure = 0, clients = 0, served = 0, area = 0,
    memory = { n = 0, x = 0, y = 0, xx = 0, xy = 0 } }, Visitor)
  local blocks, sentence = walk.through(rec, since, self)
  if not blocks then return nil, sentence end
  if self.now <= self.start then return nil, rec.path .. ": no time passes in this recording" end
  clients(self)
  local model = { mem_total = self.mem_total, boot = self.boot, boot_spread = 0 }
  memory_model(self.memory, model)
  local made, why = trace.of_list({ name = rec.path, duration = seconds(self, self.now) + 0.001, settings = {},
    model = model }, in_order(self.records))
  if not made then return nil, why end
  return made, { service = function() return service_of(self) end, wall = wall_of(self) }
end

return recordedtrace
