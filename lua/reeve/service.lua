--- One service as policies see it: the mirror of what was reported, its sums over processes, and the read-only `s`.
-- Times inside are integer milliseconds of the master's clock; policies see seconds.
local events = require "reeve.events"
local frozen = require "reeve.frozen"
local mean = require "reeve.mean"
local process = require "reeve.process"
local rng = require "reeve.rng"
local suggest = require "reeve.suggest"
local windows = require "reeve.windows"

local service = {}

--- Whose histories are kept, as lists of names.
service.GAUGES = { "live", "idle", "busy", "avail", "waiting", "clients", "draining" }
service.COUNTERS = { "arrivals", "starts", "start_failures", "exits", "crashes", "served", "dropped" }

local function set(list)
  local names = {}
  for _, name in ipairs(list) do names[name] = true end
  return names
end

--- Whether it is known who has how many clients (1-architecture §4): not of a program that knows nothing of us.
---@param settings table contract and wait, canonical or as people read them
function service.knows_clients(settings)
  local contract, wait = settings.contract, settings.wait
  if contract == "inetd" then return not (wait == true or wait == "1") end
  return contract == "reeve" or contract == "dovecot"
end

local IS_GAUGE, IS_COUNTER = set(service.GAUGES), set(service.COUNTERS)

-- Without status messages nobody knows how many clients a process has.
local NEEDS_STATUS = set { "idle", "busy", "clients", "served", "arrivals" }

---- settings, in the units of people

local TO_PEOPLE = {
  duration = function(ms) return ms % 1000 == 0 and ms // 1000 or ms / 1000 end,
  flag = function(n) return n ~= 0 end,
}
for kind in ("count integer size mode user group"):gmatch "%a+" do TO_PEOPLE[kind] = function(n) return n end end

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

---- what a policy reads of a service

local function processes_view(s)
  if s.unsorted then
    local list = {}
    for _, p in next, s.processes do list[#list + 1] = p end
    table.sort(list, function(a, b) return a.id < b.id end)
    for i, p in ipairs(list) do list[i] = process.view(p) end
    s.unsorted, s.sorted = false, frozen.view(list, "s.processes")
  end
  return s.sorted
end

-- With many clients in a process their times are not seen one by one: Little's law gives the mean.
local function service_mean(s)
  if not s.reports then return nil end
  if s.client_time.n > 0 then return mean.of(s.client_time) end
  local now, clients = s.world.now, s.gauges.clients
  local rate = clients and windows.rate(s.rates.served, 60, now) or 0
  if rate > 0 then return windows.avg(clients, 60, now) / rate end
end

local GETTERS = {
  now = function(s) return s.world.now / 1000 end,
  wall = function(s) return s.world:wall_view() end,
  settings = function(s) return s.settings_view end,
  processes = processes_view,
  wait_oldest = function(s)
    return s.waiting_since and (s.world.now - s.waiting_since) / 1000 or 0
  end,
  service_mean = service_mean,
  service_cv2 = function(s) return mean.cv2(s.client_time) end,
  boot_mean = function(s) return mean.of(s.boot_time) end,
  private_mean = function(s) return s.private_mean end,
  old = function(s) return s.n.live - (s.by_generation[s.n.generation] or 0) end,
  services = function(s) return s.world.services_view end,
  host = function(s) return s.world.host_view end,
  override = function(s) return s.override and frozen.view(s.override, "s.override") end,
  standing = function(s) return frozen.view(s.standing, "s.standing") end,
  hold_ms = function(s)
    local hold = math.max(s.throttled_until, math.ceil((s.standing.hold or 0) * 1000))
    return math.max(0, hold - s.world.now)
  end,
  limited_at = function(s) return s.limited_at and s.limited_at / 1000 end,
  throttled_until = function(s) return s.throttled_until / 1000 end,
  last_exits = function(s)
    local list = {}
    for i, exit in ipairs(s.last_exits) do list[i] = frozen.view(exit, "an exit") end
    return frozen.view(list, "s.last_exits")
  end,
}

local FIELDS = set { "name", "type", "contract", "generation", "stopped", "last_failure", "live", "starting", "idle",
  "busy", "leaving", "avail", "draining", "clients", "waiting", "arrivals", "starts", "start_failures", "exits",
  "crashes", "served", "dropped", "waits_for", "avg", "min", "max", "rate", "rand" }
for name in pairs(GETTERS) do FIELDS[name] = true end
FIELDS.series = true
service.FIELDS = FIELDS

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

local function gauge_method(s, read)
  return function(_, name, seconds)
    check_name("gauge", name, IS_GAUGE)
    check_window(seconds)
    local history = s.gauges[name]
    if not history or NEEDS_STATUS[name] and not s.reports then return nil end
    return read(history, seconds, s.world.now)
  end
end

local function rate_method(s)
  return function(_, name, seconds)
    check_name("counter", name, IS_COUNTER)
    check_window(seconds)
    if not s.counted or NEEDS_STATUS[name] and not s.reports then return nil end
    return windows.rate(s.rates[name], seconds, s.world.now)
  end
end

-- s:series(gauge, step, n): the most in each of the last n steps, oldest first, for pictures
local function series_method(s)
  return function(_, name, step, n)
    check_name("gauge", name, IS_GAUGE)
    check_window(step * n)
    local history = s.gauges[name]
    if not history or NEEDS_STATUS[name] and not s.reports then return nil end
    return windows.series(history, step, n, s.world.now)
  end
end

local function rand_method(s)
  return function()
    if not s.random then s.random = { state = rng.seed(s.world.seed, s.name) } end
    return rng.next(s.random)
  end
end

local function view_of(s)
  local n, reports = s.n, s.reports
  local fixed = { avg = gauge_method(s, windows.avg), min = gauge_method(s, windows.min),
    max = gauge_method(s, windows.max), rate = rate_method(s), rand = rand_method(s) }
  fixed.series = series_method(s)
  return setmetatable({}, frozen.class("a service", function(_, key)
    local value = n[key]
    if value ~= nil then
      if not reports and NEEDS_STATUS[key] then return nil end
      return value
    end
    local getter = GETTERS[key]
    if getter then return getter(s) end
    return fixed[key]
  end, FIELDS))
end

---- the record

--- A service of a plan, before its first report; `number` is its number on the wire, `spec` the module reeve.spec.
function service.new(world, definition, number, spec)
  local settings, settings_view = settings_of(definition, spec)
  local s = { world = world, number = number, name = definition.name, settings = settings,
    settings_view = settings_view, reports = service.knows_clients(settings), processes = {}, sorted = nil,
    unsorted = true, gauges = {}, rates = {}, boot_time = mean.new(), client_time = mean.new(), last_exits = {},
    queue = {}, standing = {}, throttled_until = 0, by_generation = {} }
  -- n: everything that is read as it stands
  s.n = { name = definition.name, type = settings.type or "", contract = settings.contract, generation = 0,
    stopped = false, live = 0, starting = 0, idle = 0, busy = 0, leaving = 0, avail = 0, draining = 0, clients = 0,
    waiting = 0 }
  for _, name in ipairs(service.COUNTERS) do s.n[name], s.rates[name] = 0, windows.counter(world.now) end
  s.view = view_of(s)
  return s
end

local COUNTS_AS_LIVE = set { "starting", "idle", "busy", "leaving" }
local CAN_TAKE = set { "starting", "idle", "busy" }

-- Live processes of each generation, for s.old.
local function census(s, p, sign)
  if not COUNTS_AS_LIVE[p.state] then return end
  local by = s.by_generation
  local count = (by[p.generation] or 0) + sign
  by[p.generation] = count > 0 and count or nil
end

--- Adds (sign 1) or takes away (-1) what a process contributes to the sums.
function service.count(s, p, sign)
  local n, state = s.n, p.state
  n[state] = n[state] + sign
  if COUNTS_AS_LIVE[state] then n.live = n.live + sign end
  if p.available > 0 and CAN_TAKE[state] then n.avail = n.avail + sign end
  n.clients = n.clients + sign * p.clients
  census(s, p, sign)
end

--- A process is no more.
function service.drop(s, p)
  service.count(s, p, -1)
  s.processes[p.id], s.unsorted = nil, true
  events.mark(s)
end

--- So many clients wait, since `now` if nobody waited before.
function service.set_waiting(s, waiting, now)
  s.n.waiting = waiting
  if waiting == 0 then
    s.waiting_since = nil
  elseif not s.waiting_since then
    s.waiting_since = now
  end
  events.mark(s)
end

--- How long a client was served: where a process has one client at a time, that is how long it was busy.
function service.learn_client_time(s, p, since)
  if p.state == "busy" and s.settings.client_limit == 1 and since > p.since then
    mean.add(s.client_time, (since - p.since) / 1000)
  end
end

--- The gauges go into their histories.
function service.remember(s, now)
  local n, gauges = s.n, s.gauges
  for i = 1, #service.GAUGES do
    local name = service.GAUGES[i]
    local history = gauges[name]
    if history then windows.set(history, n[name], now) else gauges[name] = windows.gauge(n[name], now) end
  end
end

return service
