--- The whole of a policy host as a plain table, taken between two turns, and back: where a replay begins. Everything
-- that a service, a process, a policy of a service or the world keeps is copied, but what is made of other things
-- (views, settings, functions); a field that somebody adds is taken along.
local frozen = require "reeve.frozen"

local snapshot = {}

-- What is not state: made at definition, or of state.
local NOT_OF_SERVICE = { world = true, settings = true, settings_view = true, view = true, sorted = true,
  unsorted = true, random = true, processes = true, last_exits = true, reports = true, name = true, number = true }
local NOT_OF_PROCESS = { service = true, view = true }
local OF_WORLD = { "now", "generation", "running", "resynced" }
local OF_ENTRY = { "vote", "shots", "quarantined", "unsafe", "broken", "restored_quarantine", "changed", "sent", "wake",
  "spoke" }
local OF_PART = { "vote", "since", "failures", "failure", "fresh", "dead", "complained" }

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

local function pick(from, names)
  local taken = {}
  for _, name in ipairs(names) do taken[name] = copy(from[name]) end
  return taken
end

local function take_service(s)
  local taken = copy(s, NOT_OF_SERVICE)
  taken.processes, taken.last_exits = {}, {}
  for id, p in next, s.processes do taken.processes[id] = copy(p, NOT_OF_PROCESS) end
  for i, event in ipairs(s.last_exits) do taken.last_exits[i] = copy(event) end
  return taken
end

local function take_entry(entry)
  local taken = pick(entry, OF_ENTRY)
  taken.parts, taken.stores = {}, {}
  for _, part in ipairs(entry.parts) do
    local kept = pick(part, OF_PART)
    kept.random = part.random.state
    taken.parts[part.path] = kept
    taken.stores[part.store.path] = copy(part.store.st)
  end
  return taken
end

--- Of a host, between two turns: a table for reeve.state.
function snapshot.take(host)
  local world = host.world
  local taken = { world = pick(world, OF_WORLD), machine = copy(world.machine), services = {}, entries = {}, dirty = {},
    notices = copy(host.notices), stirred = host.stirred, running = host.running }
  for i, s in ipairs(world.services) do taken.services[i] = take_service(s) end
  for i, s in ipairs(world.dirty) do taken.dirty[i] = s.number end
  for i, entry in ipairs(host.entries) do taken.entries[i] = take_entry(entry) end
  return taken
end

---- and back

local function put(into, names, kept)
  for _, name in ipairs(names) do into[name] = back(kept[name]) end
end

local function refill(t, kept)
  for key in next, t do t[key] = nil end
  for key, value in next, kept do t[key] = back(value) end
end

local function put_service(s, kept)
  for key, value in next, kept do
    if key == "n" then
      refill(s.n, value) -- the view holds this very table
    elseif not NOT_OF_SERVICE[key] then
      s[key] = back(value)
    end
  end
  s.processes, s.last_exits, s.unsorted = {}, {}, true
  for id, p in next, kept.processes do
    s.processes[id] = back(p)
    s.processes[id].service = s
  end
  for i, event in ipairs(kept.last_exits) do s.last_exits[i] = frozen.view(back(event), "an exit") end
end

local function put_entry(entry, kept)
  put(entry, OF_ENTRY, kept)
  entry.service.standing = entry.vote
  for _, part in ipairs(entry.parts) do
    local mine = kept.parts[part.path]
    if not mine then return nil, ("the policies of service %s are not those of the recording"):format(entry.name) end
    put(part, OF_PART, mine)
    part.random.state = mine.random
    if kept.stores[part.store.path] then part.store.st = back(kept.stores[part.store.path]) end
    kept.stores[part.store.path] = nil -- the parts of one table share it
  end
  entry.text, entry.asked = nil, true
  return true
end

--- Puts a host that was just defined with the same plan into the state that was taken. nil and a sentence when it
-- does not fit.
function snapshot.restore(host, taken)
  local world = host.world
  if type(taken) ~= "table" or type(taken.services) ~= "table" or #taken.services ~= #world.services or
    #taken.entries ~= #host.entries then
    return nil, "the recording's state is not that of its config"
  end
  for _, name in ipairs(OF_WORLD) do world[name] = taken.world[name] end
  world.wall = nil
  refill(world.machine, taken.machine)
  for i, s in ipairs(world.services) do put_service(s, taken.services[i]) end
  world.dirty = {}
  for i, number in ipairs(taken.dirty) do world.dirty[i] = world.services[number] end
  host.notices, host.stirred, host.running = back(taken.notices), taken.stirred, taken.running
  for i, entry in ipairs(host.entries) do
    local good, sentence = put_entry(entry, taken.entries[i])
    if not good then return nil, sentence end
  end
  return true
end


return snapshot
