--- script: evaluates the files of a config and remembers what they said, with places.
-- The words of the language are in words.lua; what was said is judged in judge.lua. Mistakes are
-- collected and evaluation goes on; a Lua error ends only the file it is in.

local names = require "reeve.config.names"
local places = require "reeve.config.places"
local syntax = require "reeve.config.syntax"

local M = {}
local Script = {}
Script.__index = Script

local DEADLINE_MS = 5000
local JUDGE_MS = 20000
local DEEPEST = 32

--- A new evaluation. `opts` are those of config.load, `problems` a collection.
function M.new(opts, problems)
  return setmetatable({
    opts = opts,
    problems = problems,
    texts = {},     -- file -> its text
    maps = {},      -- file -> position map, made when needed
    files = {},     -- the files in the order of reading
    stack = {},     -- files being evaluated
    settings = {},  -- calls of settings {}: { options, at }
    services = {},  -- { name, options, at }
    listeners = setmetatable({}, { __mode = "k" }), -- value -> { kind, name, options, at, used }
    waiting = {},   -- words that still lack an argument: { at, what, done }
    unfinished = {}, -- function -> its record in waiting
    constructors = {}, -- function of a policy word -> its name
    made = setmetatable({}, { __mode = "k" }), -- policy value -> { word, options, at }
    calls = {},     -- how often a call at a place was seen
    ends = {},      -- "file:line" where an error ended a file
    closed = false, -- loading is over
  }, Script)
end

--- The nearest frame that is config text: file, line.
function Script:where()
  for level = 3, 100 do
    local info = debug.getinfo(level, "Sl")
    if not info then break end
    local file = info.source:sub(1, 1) == "@" and info.source:sub(2)
    if file and self.texts[file] and info.currentline > 0 then return file, info.currentline end
  end
  return self.stack[#self.stack] or self.opts.file, 1
end

--- Where a word of the language is being called from.
---@return table at { file, line, word, name, nth }
function Script:here(word, name)
  local file, line = self:where()
  local id = ("%s\0%d\0%s\0%s"):format(file, line, word, tostring(name))
  self.calls[id] = (self.calls[id] or 0) + 1
  return { file = file, line = line, word = word, name = name, nth = self.calls[id] }
end

function Script:map(file)
  local map = self.maps[file]
  if not map then
    map = places.read(self.texts[file] or "")
    self.maps[file] = map
  end
  return map
end

--- The constructor that a call was given, or nil.
function Script:site(at)
  return at.word and self:map(at.file):site(at.word, at.name, at.line, at.nth)
end

--- The place of `part` ("call" | "name" | "key" | "value" | "brace") of what was said at `at`; key
-- and value of the field at the end of `path`. The nearest that is known.
---@return table place { file, line, column, length }
function Script:place(at, part, path)
  local place = places.place(self:map(at.file), self:site(at), at, part or "call", path or {})
  place.file = at.file
  return place
end

--- Adds a problem at a place.
function Script:problem_at(place, code, message, hint, severity)
  local source = self.texts[place.file] and self:map(place.file):line(place.line)
  self.problems:add {
    file = place.file, line = place.line, column = place.column, length = place.length, source = source,
    severity = severity, code = code, message = message, hint = hint,
  }
end

--- Adds a problem of what was said at `at`.
function Script:problem(at, part, path, code, message, hint, severity)
  self:problem_at(self:place(at, part, path), code, message, hint, severity)
end

--- "file:line:column" for people
function Script:cite(at, part, path)
  local place = self:place(at, part, path)
  return ("%s:%d:%d"):format(place.file, place.line, place.column)
end

--- A value was given to a word that does not take it: listeners in it are not lost, that was said.
function Script:adopt(value)
  local record = self.listeners[value]
  if record then record.used = true end
  local waiting = self.unfinished[value]
  if waiting then waiting.done = true end
  if type(value) ~= "table" or record or self.poison == value then return end
  for _, item in next, value do
    if self.listeners[item] or self.unfinished[item] then self:adopt(item) end
  end
end

--- Ends the file that is being evaluated, quietly: what was wrong has been said.
function Script:halt()
  self.halting = true
  error("evaluation stopped", 0)
end

--- Runs a chunk inside the guard's call (or, without a guard, without deadline). When the deadline
-- is over, every line after this xpcall raises again, up to the guard: what the handler has noted is
-- all that is left of the place.
function Script:inner(chunk)
  local function handler(message)
    self.caught = self.caught or { message = tostring(message), traceback = debug.traceback("", 2) }
  end
  local good, result = xpcall(chunk, handler)
  if good then return true, result end
  local caught = self.caught or { message = "not enough memory" } -- no handler is called then
  self.caught = nil
  return false, caught.message, "runtime", caught.traceback
end

--- Where "NAME:LINE:" first stands in a text: byte, line.
local function find_line(text, name)
  local from = 1
  while true do
    local at, stop = text:find(name .. ":", from, true)
    if not at then return nil end
    local line = text:match("^(%d+):", stop + 1)
    if line then return at, tonumber(line) end
    from = stop + 1
  end
end

--- The file and line that a message or a traceback names first.
local function named_place(self, text)
  local best
  for file in next, self.texts do
    local at, line = find_line(text, #file < 60 and file or file:sub(-50)) -- Lua cuts long names
    if at and (not best or at < best.at) then best = { at = at, file = file, line = line } end
  end
  return best
end

--- Message without the place that Lua put before it.
local function bare(message, place)
  if not place then return message end
  local _, stop = message:find((":%d:"):format(place.line), 1, true)
  return stop and message:sub(stop + 1):gsub("^%s+", "") or message
end

local KINDS = {}

function KINDS.deadline(self, file, message, traceback)
  local where = self.caught and self.caught.traceback or traceback
  local found = named_place(self, where or "") or named_place(self, message) or { file = file, line = 1 }
  local most = self.judging and JUDGE_MS or self.opts.deadline_ms or DEADLINE_MS
  return found, "deadline", ("the config takes too long: stopped after %d s while this line was running"):format(
    most // 1000), "look for a loop that does not end"
end

function KINDS.memory(self, file, message, traceback) -- Lua makes no traceback then
  local found = named_place(self, traceback or "") or named_place(self, message) or { file = file, line = 1 }
  return found, "memory", "the config needs too much memory",
    "look for what grows in a loop, or for a function that calls itself"
end

function KINDS.runtime(self, file, message, traceback)
  local found = named_place(self, message)
  local text = bare(message, found)
  found = found or named_place(self, traceback or "") or { file = file, line = 1 }
  local absent = names.ABSENT[text:match "^(%a+) has no '"]
  return found, "lua-error", text, absent or "the rest of this file was not evaluated"
end

--- Says what ended the evaluation of a file.
function Script:ended(file, message, kind, traceback)
  if self.halting then
    self.halting = false
    return
  end
  if self.dead then return end
  if message == "not enough memory" then kind = "memory" end
  local say = KINDS[kind] or KINDS.runtime
  local found, code, text, hint = say(self, file, tostring(message), traceback)
  self.dead = say ~= KINDS.runtime
  local place = self:map(found.file):line_place(found.line)
  place.file = found.file
  self.ends[("%s:%d"):format(place.file, place.line)] = true
  self:problem_at(place, code, text, hint)
end

--- Calls f, which looks at what was said: metamethods of the config's tables may run there. -> what it returned | nil
-- (the problem has been added). An error that is none of the config's is a bug, and raised.
function Script:judge(f)
  if not self.opts.guard then return f() end
  self.judging = true
  local good, result, kind, traceback = self.opts.guard.call(JUDGE_MS, f)
  if good then return result end
  local found = named_place(self, result) or named_place(self, traceback or "")
  if not found and kind == "runtime" then error(result .. "\n" .. (traceback or ""), 0) end
  self:ended(self.opts.file, result, kind, traceback)
end

--- Did an error end a file at this line?
function Script:was_ended_at(at)
  return self.ends[("%s:%d"):format(at.file, at.line)] == true
end

--- Compiles and runs a text. -> true, what it returned | false (the problem has been added)
function Script:run(file, text)
  text = text:gsub("^\239\187\191", ""):gsub("\r\n?", "\n") -- one kind of line end, or lines are counted in two ways
  self.problems:saw(file)
  self.files[#self.files + 1] = file
  self.texts[file], self.maps[file] = text, nil
  local chunk, message = load(text, "@" .. file, "t", self.env)
  if not chunk then
    local place, said, hint = syntax.translate(self:map(file), message)
    place.file = file
    self:problem_at(place, "syntax", said, hint)
    return false
  end
  table.insert(self.stack, file)
  local good, result, kind, traceback
  if #self.stack == 1 and self.opts.guard then
    good, result, kind, traceback = self.opts.guard.call(self.opts.deadline_ms or DEADLINE_MS, chunk)
  else
    good, result, kind, traceback = self:inner(chunk)
  end
  table.remove(self.stack)
  if good then return true, result end
  self:ended(file, result, kind, traceback)
  if self.dead then error("evaluation stopped", 0) end
  return false
end

--- "a/./b/../c" -> "a/c"
local function normal(path)
  local root, parts = path:sub(1, 1) == "/" and "/" or "", {}
  for part in path:gmatch "[^/]+" do
    if part == ".." and #parts > 0 and parts[#parts] ~= ".." then
      table.remove(parts)
    elseif part ~= "." then
      parts[#parts + 1] = part
    end
  end
  return root .. table.concat(parts, "/")
end

local function directory(file)
  return file:match "^(.*)/[^/]*$" or (file:sub(1, 1) == "/" and "" or ".")
end

--- A path that a file of the config names, from the directory of that file.
function Script.beside(_, file, path)
  if path:sub(1, 1) == "/" then return normal(path) end
  return normal(directory(file) .. "/" .. path)
end

--- Why a file cannot be read, without its name, which stands before it already.
local function reason(path, sentence)
  sentence = sentence or "no such file"
  return sentence:sub(1, #path + 2) == path .. ": " and sentence:sub(#path + 3) or sentence
end

--- Evaluates a file that was named at `at`. -> true, what it returned | false
function Script:include(path, at, code)
  for i, file in ipairs(self.stack) do
    if file == path then
      local chain = table.concat(self.stack, " -> ", i) .. " -> " .. path
      self:problem(at, "name", nil, code .. "-cycle", ("%s goes in a circle: %s"):format(code, chain))
      return false
    end
  end
  if #self.stack >= DEEPEST then
    self:problem(at, "name", nil, code .. "-depth", ("files include each other more than %d deep"):format(DEEPEST))
    return false
  end
  local text, sentence = self.opts.read(path)
  if not text then
    local hint = (sentence or ""):find("not a regular file", 1, true) and ("write \"%s/*.lua\" for all files in it")
    self:problem(at, "name", nil, code, ("cannot read '%s': %s"):format(path, reason(path, sentence)),
      hint and hint:format(at.name))
    return false
  end
  return self:run(path, text)
end

--- Evaluates the main file. -> false: there is none (the problem has been added)
function Script:main()
  local file = self.opts.file
  self.problems:saw(file)
  local text, sentence = self.opts.read(file)
  if not text then
    self.problems:add { file = file, line = 1, column = 1, code = "no-file",
      message = ("cannot read the config: %s"):format(reason(file, sentence)) }
    return false
  end
  local good, bug = pcall(self.run, self, file, text)
  if not good and not self.dead then error(bug, 0) end
  self.closed = true
  return true
end

return M
