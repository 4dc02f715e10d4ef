--- The whole of a policy host as a plain table, taken between two turns, and back: where a replay begins. Everything
-- that a service, a process, a policy of a service or the world keeps is copied, but what is made of other things
-- (views, settings, functions); a field that somebody adds is taken along.

local snapshot = {}

local function set(names)
  local is = {}
  for name in names:gmatch "%S+" do is[name] = true end
  return is
end

-- What is not state: made at definition, or of state, or kept apart.
local NOT_OF_SERVICE = set "world settings settings_view view sorted unsorted random processes n reports name number"
local NOT_OF_PROCESS = set "service view"
local NOT_OF_WORLD = set "services by_name views dirty machine read_wall services_view host_view wall seed"
local NOT_OF_ENTRY = set "service name number parts ears only text asked view random"
local NOT_OF_PART = set "path run on only_while store name random built_in noted waking"

---- rows of whole numbers, such as histories, packed

local PACKED <const> = "#integers"
local LEAST_PACKED <const> = 16
local FORMATS = { { "b", 0x7f }, { "h", 0x7fff }, { "i4", 0x7fffffff }, { "i8", math.maxinteger } }

-- first key, how many, the largest value | nil: no row of integers
local function row_of(t)
  local n, first, last, most = 0, math.maxinteger, math.mininteger, 0
  for key, value in next, t do
    if math.type(key) ~= "integer" or math.type(value) ~= "integer" then return nil end
    n = n + 1
    if key < first then first = key end
    if key > last then last = key end
    if value > most then most = value elseif -value > most then most = -value end
  end
  if n >= LEAST_PACKED and last - first + 1 == n and most >= 0 then return first, n, most end
end

local PIECE <const> = 100

local function pack(t, first, n, most)
  local format = 1
  while FORMATS[format][2] < most do format = format + 1 end
  local one, pieces = FORMATS[format][1], {}
  for from = first, first + n - 1, PIECE do
    local to = math.min(from + PIECE, first + n) - 1
    pieces[#pieces + 1] = ("<" .. one:rep(to - from + 1)):pack(table.unpack(t, from, to))
  end
  return { [PACKED] = one, first = first, bytes = table.concat(pieces) }
end

local function unpack_row(t)
  local one, at, row = "<" .. t[PACKED], 1, {}
  local i = t.first
  while at <= #t.bytes do
    row[i], at = one:unpack(t.bytes, at)
    i = i + 1
  end
  return row
end

local function copy(value, skip)
  if type(value) ~= "table" then return value end
  local first, n, most = row_of(value)
  if first then return pack(value, first, n, most) end
  local made = {}
  for key, item in pairs(value) do -- pairs: a frozen view shows what it has
    local kind = type(item)
    if kind ~= "function" and kind ~= "userdata" and not (skip and skip[key]) then made[key] = copy(item) end
  end
  return made
end

local function back(value)
  if type(value) ~= "table" then return value end
  if value[PACKED] then return unpack_row(value) end
  local made = {}
  for key, item in next, value do made[key] = back(item) end
  return made
end

---- taking

local function take_service(s)
  local taken = { name = s.name, own = copy(s, NOT_OF_SERVICE), n = copy(s.n), processes = {} }
  for id, p in next, s.processes do taken.processes[id] = copy(p, NOT_OF_PROCESS) end
  return taken
end

local function take_entry(entry)
  local taken = { own = copy(entry, NOT_OF_ENTRY), parts = {}, stores = {} }
  for _, part in ipairs(entry.parts) do
    taken.parts[part.path] = { own = copy(part, NOT_OF_PART), random = part.random.state }
    taken.stores[part.store.path] = copy(part.store.st)
  end
  return taken
end

--- Of a host, between two turns: a table for reeve.state.
function snapshot.take(host)
  local world = host.world
  local taken = { world = copy(world, NOT_OF_WORLD), machine = copy(world.machine), services = {}, entries = {},
    dirty = {}, notices = copy(host.notices), stirred = host.stirred, running = host.running }
  for i, s in ipairs(world.services) do taken.services[i] = take_service(s) end
  for i, s in ipairs(world.dirty) do taken.dirty[i] = s.number end
  for i, entry in ipairs(host.entries) do taken.entries[i] = take_entry(entry) end
  taken.between = host.between and take_entry(host.between)
  return taken
end

---- and back

-- Everything of `t` that is state becomes what was kept; what the views hold stays the very table.
local function put(t, kept, skip)
  for key, value in next, t do
    if not skip[key] and kept[key] == nil and type(value) ~= "function" then t[key] = nil end
  end
  for key, value in next, kept do t[key] = back(value) end
end

local NOTHING = {}

local function put_service(s, kept)
  put(s, kept.own, NOT_OF_SERVICE)
  put(s.n, kept.n, NOTHING)
  s.processes, s.unsorted = {}, true
  for id, p in next, kept.processes do
    s.processes[id] = back(p)
    s.processes[id].service = s
  end
end

-- A part that was not there then, of another config, begins afresh.
local function put_part(part, kept, stores)
  if not kept then return end
  put(part, kept.own, NOT_OF_PART)
  part.random.state = kept.random
  if stores[part.store.path] then part.store.st = back(stores[part.store.path]) end
  stores[part.store.path] = nil -- the parts of one table share it
end

local function put_entry(entry, kept)
  put(entry, kept.own, NOT_OF_ENTRY)
  for _, part in ipairs(entry.parts) do put_part(part, kept.parts[part.path], kept.stores) end
  entry.text, entry.asked = nil, true
  if entry.service then entry.service.standing = entry.vote end
end

local function fits(host, taken)
  return type(taken) == "table" and type(taken.services) == "table" and type(taken.entries) == "table" and
    #taken.services == #host.world.services and #taken.entries == #host.entries
end

local function put_all(host, taken)
  local world = host.world
  put(world, taken.world, NOT_OF_WORLD)
  world.wall = nil
  put(world.machine, taken.machine, NOTHING)
  for i, s in ipairs(world.services) do put_service(s, taken.services[i]) end
  world.dirty = {}
  for i, number in ipairs(taken.dirty) do world.dirty[i] = world.services[number] end
  host.notices, host.stirred, host.running = back(taken.notices), taken.stirred, taken.running
  for i, entry in ipairs(host.entries) do put_entry(entry, taken.entries[i]) end
  if host.between and taken.between then put_entry(host.between, taken.between) end
end

--- Puts a host that was just defined with the same plan into the state that was taken. nil and a sentence when it
-- does not fit.
function snapshot.restore(host, taken)
  if not fits(host, taken) then return nil, "the recording's state is not that of its config" end
  local ok, why = pcall(put_all, host, taken)
  if not ok then return nil, "the recording's state is broken: " .. tostring(why) end
  return true
end

return snapshot
