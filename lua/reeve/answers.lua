--- answers: everything the world outside said while a config was loaded, so that a restarted engine
-- can load the same config again without asking.
--
-- Every look-up (file, glob, user, address, environment...) goes through `ask`. Recording, it asks and
-- keeps the answer; replaying, it gives the kept one, and a question that was never asked is an error.
-- The packed form is a list of records of string.pack: kind, argument, number of values, values.

local M = {}
M.__index = M

local HEAD = "reeve answers 1\n"

local write, read = {}, {}

function write.n() return "n" end
function write.b(v) return string.pack("<c1B", "b", v and 1 or 0) end
function write.i(v) return string.pack("<c1i8", "i", v) end
function write.s(v) return string.pack("<c1s4", "s", v) end

function write.l(list)
  local parts = { string.pack("<c1I4", "l", #list) }
  for i, text in ipairs(list) do parts[i + 1] = string.pack("<s4", text) end
  return table.concat(parts)
end

function read.n(_, at) return nil, at end

function read.b(text, at)
  local v, after = string.unpack("<B", text, at)
  return v == 1, after
end

function read.i(text, at) return string.unpack("<i8", text, at) end
function read.s(text, at) return string.unpack("<s4", text, at) end

function read.l(text, at)
  local n, after = string.unpack("<I4", text, at)
  local list = {}
  at = after
  for i = 1, n do list[i], at = string.unpack("<s4", text, at) end
  return list, at
end

local TAGS = { ["nil"] = "n", boolean = "b", string = "s", table = "l" }

local function tag_of(v)
  local tag = math.type(v) == "integer" and "i" or TAGS[type(v)]
  return tag or error("answers: a " .. type(v) .. " cannot be kept")
end

--- A recorder that asks the world.
function M.new() return setmetatable({ known = {}, order = {} }, M) end

local function copy(v) return type(v) == "table" and table.move(v, 1, #v, 1, {}) or v end

--- The answer to `kind` about `argument`: what f(argument) returns, now or when it was recorded.
---@param kind string
---@param argument string|integer|nil
---@param f fun(argument): ...
function M:ask(kind, argument, f)
  local key = kind .. "\0" .. tostring(argument or "")
  local answer = self.known[key]
  if not answer then
    if self.replays then error(("the bundle has no answer to %s '%s'"):format(kind, tostring(argument or "")), 0) end
    answer = table.pack(f(argument))
    self.known[key] = answer
    self.order[#self.order + 1] = key
  end
  local values = {}
  for i = 1, answer.n do values[i] = copy(answer[i]) end
  return table.unpack(values, 1, answer.n)
end

--- A function that asks: asking("user", names.user)(name).
function M:asking(kind, f)
  return function(argument) return self:ask(kind, argument, f) end
end

--- All answers as one text.
---@return string
function M:pack()
  local parts = { HEAD }
  for _, key in ipairs(self.order) do
    local answer = self.known[key]
    parts[#parts + 1] = string.pack("<s4B", key, answer.n)
    for i = 1, answer.n do
      local tag = tag_of(answer[i])
      parts[#parts + 1] = tag == "n" and "n" or write[tag](answer[i])
    end
  end
  return table.concat(parts)
end

--- A recorder that answers from a packed text, and asks nobody. Raises when the text is broken.
---@param text string
function M.unpack(text)
  assert(text:sub(1, #HEAD) == HEAD, "the bundle is not one of this version's")
  local self = M.new()
  self.replays = true
  local at = #HEAD + 1
  while at <= #text do
    local key, n
    key, n, at = string.unpack("<s4B", text, at)
    local answer = { n = n }
    for i = 1, n do
      local tag = text:sub(at, at)
      answer[i], at = read[tag](text, at + 1)
    end
    self.known[key] = answer
    self.order[#self.order + 1] = key
  end
  return self
end

return M
