--- Recording: what the policy host is told goes into the ring file before policies are asked, what they decided behind
-- it (docs/RECORDING.md). It is the host's `tap`; whatever goes wrong with the file costs the recording, never a turn.
--
--   rec = record.new{ recorder = reeve.recorder, schema = text, log, unix = function() -> ms,
--                     generation = function() -> text (block G), state = reeve.state }
--   order = rec:watch(order); host.tap = rec; rec:begin(host); rec:take_file(fd, size)
local decisions = require "reeve.decisions"
local snapshot = require "reeve.snapshot"
local state = require "reeve.state"

local record = {}
local Record = {}
Record.__index = Record

local RESET <const>, GAP <const> = 1, 2 -- flags of a block
local WAITING_MOST <const> = 4 << 20    -- bytes kept while another engine has the file, or of one turn
local AGAIN_MS <const> = 10000
local SHOT_MOST <const> = 8 << 20       -- what reeve.state reads back
local OWN = { turn = "now:i", timer = "now:i", at = "now:i", wall = "unix:i sec:i wday:i zone:s",
  sample = "process:i rss:i private:i known:b cpu:i has_cpu:b" } -- cpu: the bits of a float
local NOT_KEPT = { begin = true, turn = true }

--- The schema: a line for each report that policies may learn something of, and our own. `types` is wire.types.
function record.schema(reports, types)
  local lines, names = {}, {}
  for name in pairs(reports) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    local words = { name }
    for i, field in ipairs(reports[name]) do words[#words + 1] = field .. ":" .. types[name]:sub(i, i) end
    if not OWN[name] and not types[name]:find "f" then lines[#lines + 1] = table.concat(words, " ") end
  end
  for _, name in ipairs { "turn", "timer", "at", "wall", "sample" } do lines[#lines + 1] = name .. " " .. OWN[name] end
  return table.concat(lines, "\n") .. "\n"
end

--- See above.
function record.new(options)
  local self = setmetatable({ log = options.log, schema = options.schema, unix = options.unix,
    generation = options.generation, sum = options.recorder.sum,
    ring = options.recorder.ring(), deltas = options.recorder.deltas(options.schema),
    decisions = decisions.new(), kinds = {}, queue = {}, queued = 0, flags = RESET, on = false }, Record)
  for line in options.schema:gmatch "[^\n]+" do self.kinds[line:match "^%S+"] = true end
  return self
end

--- The doors of orders, with an eye on them.
function Record:watch(order) return self.decisions:watch(order) end

---- blocks

-- Nothing is written any more; tried again after a while.
local function stop(self, why)
  if not self.told then self.log.error("the recording stops: %s; it goes on when it can", why) end
  self.told, self.on, self.again = true, false, self.unix() + AGAIN_MS
  self.deltas:reset()
  self.queue, self.queued, self.flags = {}, 0, RESET | GAP
end

local function append(self, block)
  local ok, why, too_long = self.ring:append(table.unpack(block))
  if ok then
    if block[1] == "I" or block[1] == "D" then self.wrote = self.wrote + 1 end
    return true
  end
  if not too_long then
    stop(self, why)
    return false
  end
  self.deltas:reset() -- one turn is lost; a new segment begins behind it
  self.flags, self.turn_over = RESET | GAP, true
  return false
end

-- The file is another engine's until that has ended.
local function lock(self)
  if self.ready then return true end
  local got, why = self.ring:attach(self.fd, self.size)
  if got == nil then
    stop(self, why)
    return false
  end
  if got then
    self.ready, self.fd = true, nil
    if why then self.log.info("the recording begins afresh, with %d bytes", self.size) end
  end
  return got
end

-- So many bytes fit in the segment, or the next one is begun.
local function make_room(self, bytes)
  if bytes < (self.ring:room()) then return true end
  local ok, why = self.ring:next(self.unix())
  if not ok then stop(self, why) end
  return ok
end

local function send_queue(self)
  if not make_room(self, self.queued + 65536) then return end
  local queue = self.queue
  self.queue, self.queued = {}, 0
  for _, block in ipairs(queue) do
    if not append(self, block) then return end
  end
end

local function write(self, kind, flags, bytes, wall)
  local block = { kind, flags, wall or self.unix(), bytes }
  if lock(self) then
    if #self.queue > 0 then send_queue(self) end
    if self.on then append(self, block) end
    return
  end
  if not self.on then return end
  self.queue[#self.queue + 1], self.queued = block, self.queued + #bytes
  if self.queued > WAITING_MOST then stop(self, "another engine does not let the file go") end
end

---- where a replay may begin: the config (G) and the state of everything (S)

local function write_beginning(self, host, continues)
  local text = self.generation()
  local taken = snapshot.take(host)
  if continues then taken.follows = self.wrote end
  self.wrote = 0
  local shot = assert(state.encode(taken, "the state"))
  local _, segment = self.ring:room()
  local most = math.min(SHOT_MOST, segment // 2)
  if self.ready and #text + #shot > most then
    self.log.error("nothing is recorded: the config and the state of all services take %d bytes; this recording has "
      .. "room for %d: give record a larger size (up to 128M helps)", #text + #shot, most)
    self.on, self.hopeless = false, true
    return
  end
  if self.ready and not make_room(self, #text + #shot + 65536) then return end
  local _, _, known = self.ring:room()
  if known ~= self.sum(text) then write(self, "G", 0, text) end
  self.deltas:reset()
  self.flags = RESET
  write(self, "S", 0, shot)
  decisions.begin(host)
end

local function start(self, host)
  self.on, self.wall, self.began = true, nil, (self.began or 0) + 1
  self.decisions:take(0) -- what was decided before is in the state
  if not lock(self) and not self.on then return end
  write_beginning(self, host, false)
  if self.on and self.told then
    self.log.info "the recording goes on"
    self.told = false
  end
end

--- The policies have begun: what is recorded from now on starts with this.
function Record:begin(host)
  self.host = host
  if self.fd or self.ready then start(self, host) end
end

--- The file has come: before begin, or any time later. Takes the fd.
function Record:take_file(fd, size)
  self.ring:close()
  self.fd, self.size, self.ready, self.hopeless = fd, size, false, false
  if self.host then start(self, self.host) end
end

--- No more is recorded: the file is another engine's.
function Record:close()
  self.on, self.ready, self.hopeless = false, false, true
  self.ring:close()
end

-- The segment is nearly full, or a turn did not fit: the next one begins with everything that a replay needs.
local function turn_over(self, host)
  local whole = not self.turn_over
  self.turn_over = false
  local ok, why = self.ring:next(self.unix())
  if not ok then return stop(self, why) end
  write_beginning(self, host, whole)
end

---- what the host is told

local function kept(self, waiting)
  if waiting <= WAITING_MOST then return end
  self.deltas:reset()
  self.flags, self.turn_over = RESET | GAP, true
end

function Record:report(name, msg)
  if self.on and self.kinds[name] and not NOT_KEPT[name] then kept(self, self.deltas:add(name, msg)) end
end

--- What comes from elsewhere than the master: a plain list, its first item says what it is.
function Record:note(...)
  if not self.on then return end
  local text, sentence = state.encode({ ... }, "what was told")
  if text then kept(self, self.deltas:note(text)) else self.log.error("not recorded: %s", sentence) end
end

local function bits(cpu) return (("<i8"):unpack(("<d"):pack(cpu))) end

-- Of a process: only what has changed since it was last told.
local function note_sample(self, id, sample)
  if sample.private == sample.noted_private and sample.rss == sample.noted_rss and sample.cpu == sample.noted_cpu
    and sample.noted_by == self.began then return end
  sample.noted_private, sample.noted_rss, sample.noted_cpu = sample.private, sample.rss, sample.cpu
  sample.noted_by = self.began
  kept(self, self.deltas:add("sample", { process = id, rss = sample.rss or 0, private = sample.private or 0,
    known = sample.private ~= nil, cpu = bits(sample.cpu or 0), has_cpu = sample.cpu ~= nil }))
end

--- What was read of processes and of the machine.
function Record:sample(world, samples, machine)
  if not self.on then return end
  for _, service in ipairs(world.services) do
    local ids = {}
    for id in next, service.processes do
      if samples[id] then ids[#ids + 1] = id end
    end
    table.sort(ids)
    for _, id in ipairs(ids) do note_sample(self, id, samples[id]) end
  end
  self:note("sampled", machine or false)
end

--- It is `now` for everybody, without a turn.
function Record:at(now)
  if self.on then kept(self, self.deltas:add("at", { now = now })) end
end

local function note_wall(self, wall)
  local last = self.wall
  if last and last.unix == wall.unix and last.sec == wall.sec and last.zone == wall.zone then return end
  self.wall = wall
  self.deltas:add("wall", wall)
end

--- A turn begins: `kind` is turn or timer. On disk before anybody is asked, so that what ends the engine is there.
function Record:turn(kind, now, wall)
  self.decisions:turn()
  self.turned_at = self.unix()
  if not self.on then return end
  note_wall(self, wall)
  self.deltas:add(kind, { now = now })
  local flags = self.flags
  self.flags = 0
  write(self, "I", flags, self.deltas:take(), self.turned_at)
end

---- what was decided

function Record:asking() self.decisions:asking() end
function Record:voted(entry, part) self.decisions:voted(entry, part) end
function Record:broke(...) self.decisions:broke(...) end

-- How often it is looked whether the file can be written again.
local function try_again(self, host)
  if self.again and not self.hopeless and (self.fd or self.ready) and self.unix() >= self.again then
    self.again = nil
    start(self, host)
  end
end

--- A turn has ended.
function Record:decided(host, now)
  local decision = self.decisions:take(now)
  if self.on_decision then self.on_decision(decision) end
  if not self.on then return try_again(self, host) end
  if decision then write(self, "D", 0, assert(state.encode(decision, "the decision"))) end
  if not self.on or not self.ready then return end
  local room, segment = self.ring:room()
  if self.turn_over or room < math.max(65536, segment // 32) then turn_over(self, host) end
end

--- What policies keep was saved: only its sum is recorded.
function Record:saved(text, now)
  local sum = self.sum(text)
  if not self.on or sum == self.last_sum then return end
  self.last_sum = sum
  write(self, "D", 0, assert(state.encode { now = now, state = sum }))
end

return record
