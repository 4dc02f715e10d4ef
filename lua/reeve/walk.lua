--- Walks through a recording in the order in which things happened, and tells a visitor:
--
--   v:generation(g)                 a config came into force (block G: config, base_dir, lua_dir, bundle, schema)
--   v:state(taken, block)           the state of the whole host (block S) where nothing before it can be gone on from
--   v:checkpoint(taken, block)      the same in the midst of things
--   v:input(name, fields)           a report, an operator's act, the wall clock, ...
--   v:turn(kind, now, decision, block, cut)  policies were asked (kind: turn or timer); decision: what came of it, or
--                                   nil; cut: the engine died in this turn, or it is the last, so that nobody knows
--   v:saved(decision, block)        the sum of what policies keep
--   v:lost(block)                   something is missing here: the recording could not be written, or is damaged
--
-- Each is optional. A visitor that returns false ends the walk. Walks return how many blocks they met, or nil and a
-- sentence.
local recording = require "reeve.recording"

local walk = {}

local Walk = {}
Walk.__index = Walk

local function tell(self, name, ...)
  local f = self.visitor[name]
  if f and f(self.visitor, ...) == false then self.over = true end
end

-- The turn that was met waits for its decision, which is the next block.
local function finish_turn(self, decision, cut)
  local turn = self.waiting
  if not turn then return end
  self.waiting = nil
  tell(self, "turn", turn.kind, turn.now, decision, turn.block, cut)
end

local on = {}

-- Whether it begins something new or goes on, says the state behind it.
function on.G(self, block)
  local content, sentence = recording.content(block)
  if not content or type(content.schema) ~= "string" or type(content.bundle) ~= "string" then
    error({ sentence or "a block of the recording has no config" }, 0)
  end
  self.config = content
end

local function take_config(self)
  local config = self.config
  if not config then return end
  self.config = nil
  self.decoder = recording.decoder(config.schema)
  tell(self, "generation", config)
end

function on.S(self, block)
  local taken, sentence = recording.content(block)
  if not taken then error({ sentence }, 0) end
  local continues = self.began and taken.follows == self.count
  finish_turn(self, nil, not continues)
  take_config(self)
  if self.began and taken.follows and not continues then tell(self, "lost", block) end
  tell(self, continues and "checkpoint" or "state", taken, block)
  self.began, self.count = true, 0
end

function on.I(self, block)
  finish_turn(self)
  if not self.began or not self.decoder then return end
  if block.flags & recording.GAP ~= 0 then tell(self, "lost", block) end
  local records, sentence = self.decoder:read(block)
  if not records then error({ sentence }, 0) end
  for i, record in ipairs(records) do
    local name, fields = record[1], record[2]
    if i == #records and (name == "turn" or name == "timer") then
      self.waiting = { kind = name, now = fields.now, block = block }
    else
      tell(self, "input", name, fields)
    end
  end
end

function on.D(self, block)
  if not self.began then return end
  local decision, sentence = recording.content(block)
  if not decision then error({ sentence }, 0) end
  if decision.state then
    finish_turn(self)
    return tell(self, "saved", decision, block)
  end
  finish_turn(self, decision)
end

-- Where to begin: the last state that was written before `since` (ms of wall time).
local function beginning(rec, since)
  local found
  for block in rec:blocks() do
    if block.kind == "S" and (not found or block.wall <= since) then found = block end
    if block.wall > since and found then break end
  end
  return found
end

local function count(self, block)
  if block.kind == "I" or block.kind == "D" then self.count = self.count + 1 end
end

local function run(self, rec, begin)
  local going = false
  for block in rec:blocks() do
    if block.segment.sequence == begin.segment.sequence and block.number == begin.number then going = true end
    local step = on[block.kind]
    if step and (going or block.kind == "G") then
      step(self, block)
      count(self, block)
      self.blocks, self.last = self.blocks + 1, block
    end
    if self.over then return end
  end
  finish_turn(self, nil, true)
end

--- Walks through an open recording, beginning with the last state before `since` (ms of wall time; nil: the first).
function walk.through(rec, since, visitor)
  local begin = beginning(rec, since or math.mininteger)
  if not begin then return nil, rec.path .. ": there is no state of policies in it to begin with" end
  local self = setmetatable({ visitor = visitor, count = 0, blocks = 0 }, Walk)
  local ok, why = xpcall(run, function(e) return type(e) == "table" and e or debug.traceback(e) end, self, rec, begin)
  if not ok then return nil, ("%s: %s"):format(rec.path, type(why) == "table" and why[1] or why) end
  if rec.damage and not self.over then return nil, rec.damage end
  return self.blocks
end

return walk
