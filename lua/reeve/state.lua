--- Plain values to text and back: how the `st` of policies survives the engine.
--
-- Plain means nil, booleans, numbers, strings, and tables of these with booleans, numbers or strings as keys.
-- The text is the same for the same value (keys are sorted), numbers come back bit by bit, and decode trusts
-- nothing: a text that encode did not write is refused with a sentence.
--
--   n  t  f                     nil, true, false
--   i-12;  d0x1.8p+1;           an integer, a float
--   s5:hello                    a string and its length
--   {<key><value>...}           a table
local state = {}

local DEEPEST = 32
local LONGEST = 8 * 1024 * 1024

local RANK = { boolean = 1, number = 2, string = 3 }

local function before(a, b)
  local x, y = RANK[type(a)], RANK[type(b)]
  if x ~= y then return x < y end
  if x == 1 then return not a and b end
  return a < b
end

local function place(path, key)
  if type(key) == "string" and key:match "^[%a_][%w_]*$" then return path .. "." .. key end
  return ("%s[%s]"):format(path, type(key) == "string" and ("%q"):format(key) or tostring(key))
end

-- A table as the error: what a sentence is, and what a bug of ours.
local function refuse(format, ...) error({ format:format(...) }, 0) end

local write

local function write_number(n)
  if math.type(n) == "integer" then return ("i%d;"):format(n) end
  if n ~= n then return "dnan;" end
  if n == math.huge then return "dinf;" end
  if n == -math.huge then return "d-inf;" end
  return ("d%a;"):format(n)
end

local function write_table(t, out, path, depth)
  if depth > DEEPEST then refuse("%s is nested deeper than %d tables, or contains itself", path, DEEPEST) end
  if getmetatable(t) ~= nil then refuse("%s is an object, not a plain table", path) end
  local keys = {}
  for key in next, t do
    if not RANK[type(key)] then refuse("%s has a key that is a %s", path, type(key)) end
    keys[#keys + 1] = key
  end
  table.sort(keys, before)
  out[#out + 1] = "{"
  for _, key in ipairs(keys) do
    write(key, out, path, depth)
    write(t[key], out, place(path, key), depth)
  end
  out[#out + 1] = "}"
end

local WRITERS = {
  ["nil"] = function() return "n" end,
  boolean = function(b) return b and "t" or "f" end,
  number = write_number,
  string = function(s) return ("s%d:%s"):format(#s, s) end,
}

function write(value, out, path, depth)
  local writer = WRITERS[type(value)]
  if writer then
    out[#out + 1] = writer(value)
  elseif type(value) == "table" then
    write_table(value, out, path, depth + 1)
  else
    refuse("%s is a %s: only nil, booleans, numbers, strings and tables of these are kept", path, type(value))
  end
end

--- The text of a plain value, or nil and a sentence that names the place (`st.queue[3] is a function: ...`).
-- `path` is what the value is called in that sentence; "st" unless told.
function state.encode(value, path)
  local out = {}
  local ok, failure = pcall(write, value, out, path or "st", 0)
  if not ok then return nil, type(failure) == "table" and failure[1] or tostring(failure) end
  return table.concat(out)
end

local read

local function broken(at, what) refuse("saved state is broken at byte %d: %s", at, what) end

local function read_table(text, at, depth)
  if depth > DEEPEST then broken(at, "nested too deep") end
  local t = {}
  while text:byte(at) ~= 125 do -- }
    local key, middle = read(text, at, depth)
    if not RANK[type(key)] or key ~= key then broken(at, "no good key") end
    t[key], at = read(text, middle, depth)
  end
  return t, at + 1
end

local SPECIAL = { nan = 0 / 0, inf = math.huge, ["-inf"] = -math.huge }

local READERS = {
  n = function(_, at) return nil, at end,
  t = function(_, at) return true, at end,
  f = function(_, at) return false, at end,
  i = function(text, at)
    local digits, stop = text:match("^(%-?%d+);()", at)
    local n = digits and math.tointeger(tonumber(digits))
    if not n then broken(at, "no integer") end
    return n, stop
  end,
  d = function(text, at)
    local digits, stop = text:match("^([%w%.%+%-]+);()", at)
    local n = digits and (SPECIAL[digits] or tonumber(digits))
    if not n then broken(at, "no float") end
    return n + 0.0, stop
  end,
  s = function(text, at)
    local length, start = text:match("^(%d+):()", at)
    length = tonumber(length)
    if not length or start + length - 1 > #text then broken(at, "no string") end
    return text:sub(start, start + length - 1), start + length
  end,
  ["{"] = read_table,
}

function read(text, at, depth)
  local reader = READERS[text:sub(at, at)]
  if not reader then broken(at, at > #text and "it ends early" or "an unknown mark") end
  return reader(text, at + 1, depth + 1)
end

--- The value of a text that encode wrote, or nil and a sentence.
function state.decode(text)
  if type(text) ~= "string" or #text > LONGEST then return nil, "saved state is no text, or longer than 8 MiB" end
  local ok, value, stop = pcall(read, text, 1, 0)
  if not ok then return nil, type(value) == "table" and value[1] or tostring(value) end
  if stop ~= #text + 1 then return nil, ("saved state is broken at byte %d: something follows"):format(stop) end
  return value
end

return state
