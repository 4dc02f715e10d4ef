--- Reading a recording (docs/RECORDING.md): the ring file of an instance, running or dead, or a stretch of one. A file
-- is foreign bytes: whatever they are, the answer is records or a sentence.
local state = require "reeve.state"

local recording = {}
local Recording = {}
Recording.__index = Recording

local HEAD <const>, SEGMENT_HEAD <const>, BLOCK_HEAD <const> = 4096, 40, 24
local TITLE = "reeve recording "
local VERSION <const> = 1
local SEGMENT_MAGIC, BLOCK_MAGIC <const> = "RSegment", 0x4b42
local BLOCK_MOST <const> = 1 << 30
recording.RESET, recording.GAP = 1, 2

local MULTIPLY <const> = 0x9E3779B97F4A7C15

--- The sum of a text, begun from `seed`: as src/engine/ring.c has it.
function recording.sum(seed, text)
  local h, n = seed, #text // 8 * 8
  for at = 1, n, 8 do
    h = (h ~ ("<i8"):unpack(text, at)) * MULTIPLY
    h = h ~ (h >> 32)
  end
  if n < #text then
    h = (h ~ ("<i8"):unpack(text:sub(n + 1) .. ("\0"):rep(8 - (#text - n)))) * MULTIPLY
    h = h ~ (h >> 32)
  end
  return h
end

local function fold(h) return (h * MULTIPLY) >> 32 end

---- opening

local function read_at(file, at, length)
  if not file:seek("set", at) then return nil end
  local bytes = length > 0 and file:read(length) or ""
  return bytes and #bytes == length and bytes or nil
end

local function segment_head(file, at)
  local bytes = read_at(file, at, SEGMENT_HEAD)
  if not bytes or bytes:sub(1, 8) ~= SEGMENT_MAGIC then return nil end
  local sequence, wall, _, sum = ("<i8i8i8i8"):unpack(bytes, 9)
  if recording.sum(0, bytes:sub(1, 32)) ~= sum or sequence <= 0 then return nil end
  return { at = at, sequence = sequence, wall = wall }
end

-- The slots of a ring, oldest first.
local function ring_segments(self, size, n)
  local length = (size - HEAD) // n & ~4095
  for i = 0, n - 1 do
    local segment = segment_head(self.file, HEAD + i * length)
    if segment then
      segment.stop = segment.at + length
      table.insert(self.segments, segment)
    end
  end
  table.sort(self.segments, function(a, b) return a.sequence < b.sequence end)
end

local function refuse(path, format, ...) return nil, ("%s: " .. format):format(path, ...) end

local function read_title(self, path)
  local page = self.file:read(HEAD) or ""
  local version = page:match("^" .. TITLE .. "(%d+)\n")
  if not version then return refuse(path, "this is no recording of Reeve's") end
  if tonumber(version) ~= VERSION then
    return refuse(path, "a recording of version %s; this Reeve reads version %d", version, VERSION)
  end
  if #page < HEAD then return refuse(path, "the recording is cut off in its head") end
  if page:find("\nstretch\n", 1, true) then
    self.stretch, self.title = true, page
    return true
  end
  local size, n = page:match "\nsize=(%d+)\nsegments=(%d+)\n"
  size, n = math.tointeger(tonumber(size)), math.tointeger(tonumber(n))
  if not size or not n or n < 1 or n > 64 or size < HEAD + n * 8192 then
    return refuse(path, "the head of the recording is damaged")
  end
  ring_segments(self, size, n)
  return true
end

--- A recording, or nil and a sentence. `open` (default io.open) opens it.
function recording.open(path, open)
  local file, why = (open or io.open)(path, "rb")
  if not file then
    local hint = why and why:find "Permission denied" and "; it is for root and the daemon's user" or ""
    return nil, (why or path .. ": cannot be opened") .. hint
  end
  local self = setmetatable({ path = path, file = file, segments = {} }, Recording)
  local ok, good, sentence = pcall(read_title, self, path)
  if not ok or not good then
    file:close()
    return nil, ok and sentence or ("%s: %s"):format(path, tostring(good))
  end
  if not self.stretch and #self.segments == 0 then
    file:close()
    return refuse(path, "nothing has been recorded yet")
  end
  return self
end

--- Whether there is a recording by that name, of whatever version.
function recording.is_one(path)
  local file = io.open(path, "rb")
  local title = file and file:read(#TITLE)
  if file then file:close() end
  return title == TITLE
end

function Recording:close() self.file:close() end

---- blocks

-- The block at `at`: whole, or nil.
local function block_at(self, segment, at, stop)
  local head = read_at(self.file, at, BLOCK_HEAD)
  if not head then return nil end
  local magic, kind, flags, length, number, sum, wall = ("<I2BBI4I4I4i8"):unpack(head)
  if magic ~= BLOCK_MAGIC or length > BLOCK_MOST or stop and at + BLOCK_HEAD + length > stop then return nil end
  local bytes = read_at(self.file, at + BLOCK_HEAD, length)
  if not bytes then return nil end
  local bare = head:sub(1, 12) .. "\0\0\0\0" .. head:sub(17)
  if fold(recording.sum(recording.sum(segment.sequence, bare), bytes)) ~= sum then return nil end
  return { kind = string.char(kind), flags = flags, number = number, wall = wall, bytes = bytes, head = head,
    segment = segment, next = at + BLOCK_HEAD + length }
end

local function blocks_of_ring(self)
  for _, segment in ipairs(self.segments) do
    local at, number = segment.at + SEGMENT_HEAD, 1
    while true do
      local block = block_at(self, segment, at, segment.stop)
      if not block or block.number ~= number then break end -- the end, or what a crash left of a block
      coroutine.yield(block)
      at, number = block.next, number + 1
    end
  end
end

-- A stretch was written in one go: what is not whole in it is damage.
local function blocks_of_stretch(self)
  local size, at, segment = self.file:seek "end", HEAD, nil
  while at < size do
    local next_segment = segment_head(self.file, at)
    if next_segment then
      segment, at = next_segment, at + SEGMENT_HEAD
    else
      local block = segment and block_at(self, segment, at)
      if not block then
        self.damage = ("%s: damaged or cut off at byte %d of %d"):format(self.path, at, size)
        return
      end
      coroutine.yield(block)
      at = block.next
    end
  end
end

--- Its blocks, in the order they were written: { kind, flags, number, wall (ms), bytes, segment }. Behind the last,
-- self.damage is a sentence if there should have been more.
function Recording:blocks()
  return coroutine.wrap(self.stretch and blocks_of_stretch or blocks_of_ring), self
end

---- records of a block of kind I

local decoder = {}
decoder.__index = decoder

--- A reader of records by the schema of block G.
function recording.decoder(schema)
  local self = setmetatable({ kinds = {} }, decoder)
  for line in schema:gmatch "[^\n]+" do
    local kind = { name = line:match "^%S+", fields = {} }
    for name, type in line:gmatch "(%S+):([ibs])" do kind.fields[#kind.fields + 1] = { name = name, type = type } end
    self.kinds[#self.kinds + 1] = kind
  end
  self:reset()
  return self
end

local FIRST = { i = 0, b = false, s = "" }

function decoder:reset()
  for _, kind in ipairs(self.kinds) do
    kind.last = {}
    for i, field in ipairs(kind.fields) do kind.last[i] = FIRST[field.type] end
  end
end

local function broken() error({ "a block of the recording is broken inside" }, 0) end

local function number_at(bytes, at)
  local n, shift = 0, 0
  while true do
    local byte = bytes:byte(at)
    if not byte or shift > 63 then broken() end
    n, at = n | (byte & 127) << shift, at + 1
    if byte < 128 then return n, at end
    shift = shift + 7
  end
end

local function text_at(bytes, at)
  local length, from = number_at(bytes, at)
  if length < 0 or from + length - 1 > #bytes then broken() end
  return bytes:sub(from, from + length - 1), from + length
end

local READ = {
  i = function(last, bytes, at)
    local n, after = number_at(bytes, at)
    return last + (n >> 1 ~ -(n & 1)), after
  end,
  b = function(last, _, at) return not last, at end,
  s = function(_, bytes, at) return text_at(bytes, at) end,
}

local function record_at(self, bytes, at)
  local which
  which, at = number_at(bytes, at)
  if which == 0 then
    local text
    text, at = text_at(bytes, at)
    local value, sentence = state.decode(text)
    if type(value) ~= "table" then error({ sentence or "a note of the recording is no list" }, 0) end
    return "note", value, at
  end
  local kind = self.kinds[which] or broken()
  local msg, last, changed = {}, kind.last
  changed, at = number_at(bytes, at)
  for i, field in ipairs(kind.fields) do
    if changed >> (i - 1) & 1 == 1 then last[i], at = READ[field.type](last[i], bytes, at) end
    msg[field.name] = last[i]
  end
  return kind.name, msg, at
end

--- The records of a block: a list of { name, fields }; name "note" for those that are lists. nil and a sentence when
-- it is broken inside.
function decoder:read(block)
  if block.flags & recording.RESET ~= 0 then self:reset() end
  local list, at, bytes = {}, 1, block.bytes
  local ok, why = pcall(function()
    while at <= #bytes do
      local name, msg
      name, msg, at = record_at(self, bytes, at)
      list[#list + 1] = { name, msg }
    end
  end)
  if not ok then return nil, type(why) == "table" and why[1] or tostring(why) end
  return list
end

--- The content of a block G, S or D: a table, or nil and a sentence.
function recording.content(block)
  local value, sentence = state.decode(block.bytes)
  if type(value) ~= "table" then return nil, sentence or "a block of the recording is no table" end
  return value
end

---- a stretch

local function title() return (TITLE .. VERSION .. "\nstretch\n"):sub(1, HEAD) end

local function last_beginning(self, since)
  local found, first
  for block in self:blocks() do
    if block.kind == "S" then
      first = first or block
      if block.wall <= since then found = block end
    end
    if block.wall > since and found then break end
  end
  return found or first
end

--- Writes what was recorded from `since` (ms of wall time) on into `out`, beginning where a replay can begin. Returns
-- how many blocks, and the wall time of the first and last | nil, sentence.
function Recording:copy(out, since)
  local begin = last_beginning(self, since)
  if not begin then return nil, self.path .. ": there is no place in it where a replay could begin" end
  local head = title()
  local ok, why = out:write(head, ("\0"):rep(HEAD - #head))
  local n, last, segment, config, going = 0, begin, nil, nil, false
  local function put(block)
    if not ok then return end
    if block.segment ~= segment then
      segment = block.segment
      ok, why = out:write(SEGMENT_MAGIC, self:segment_bytes(segment))
    end
    if ok then ok, why = out:write(block.head, block.bytes) end
    n, last = n + 1, block
  end
  for block in self:blocks() do
    if going then
      put(block)
    elseif block.kind == "G" then
      config = block
    elseif block.segment.sequence == begin.segment.sequence and block.number == begin.number then
      going = true
      put(config or block)
      if config then put(block) end
    end
  end
  if not ok then return nil, tostring(why) end
  return n, begin.wall, last.wall
end

function Recording:segment_bytes(segment)
  return (read_at(self.file, segment.at, SEGMENT_HEAD) or ""):sub(9)
end

return recording
