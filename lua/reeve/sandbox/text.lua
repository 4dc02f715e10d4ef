--- text: strings in the sandbox. No addresses (they differ from run to run), no bytecode, no results
-- of unbounded size; patterns only while a config is read, because matching cannot be stopped.

local type, error, select = type, error, select
local string = string
local find = string.find

local M = {}

local REP_MAX = 65536
local FIND_MAX = 1 << 28 -- bytes that are compared at worst: some tens of ms
local MAGIC = "[%^%$%(%)%%%.%[%]%*%+%-%?]"

local numbers, last = setmetatable({}, { __mode = "k" }), 0

-- 1 for the first thing that is printed, 2 for the second...
local function number_of(v)
  if not numbers[v] then
    last = last + 1
    numbers[v] = last
  end
  return numbers[v]
end

--- As Lua's tostring (__tostring is heeded), but `table#3` instead of an address.
function M.tostring(...)
  if select("#", ...) == 0 then error("bad argument #1 to 'tostring' (value expected)", 2) end
  local v = ...
  local kind = type(v)
  if kind ~= "table" and kind ~= "function" and kind ~= "userdata" then return tostring(v) end
  local meta = debug.getmetatable(v)
  local own = meta and rawget(meta, "__tostring")
  if not own then return kind .. "#" .. number_of(v) end
  local text = own(v)
  if type(text) ~= "string" then error("'__tostring' must return a string", 2) end
  return text
end

local function has_address(spec)
  return find(spec, "p", 1, true) and find(string.gsub(spec, "%%%%", ""), "%%[-+ #0]*%d*%.?%d*p")
end

--- As string.format, without %p.
function M.format(spec, ...)
  if type(spec) == "string" and has_address(spec) then
    error("bad argument #1 to 'format' (%p prints an address; it differs from run to run)", 2)
  end
  local args = table.pack(...)
  for i = 1, args.n do
    local kind = type(args[i])
    if kind == "table" or kind == "function" or kind == "userdata" then args[i] = M.tostring(args[i]) end
  end
  return string.format(spec, table.unpack(args, 1, args.n))
end

--- As string.rep, for results of at most 64 KiB.
function M.rep(s, n, sep)
  local size = #s + (sep and #sep or 0)
  if size == 0 then return "" end -- Lua counts the repetitions all the same
  if type(n) == "number" and n > 0 and size * n > REP_MAX then
    error(("bad argument #2 to 'rep' (the result would be longer than %d bytes)"):format(REP_MAX), 2)
  end
  return string.rep(s, n, sep)
end

-- Lua compares at every byte: long texts that are nearly alike take minutes, where no deadline reaches.
local function check_size(s, what)
  if type(s) == "string" and type(what) == "string" and #s * #what > FIND_MAX then
    error(("find: %d bytes are too much to look for in %d"):format(#what, #s), 3)
  end
end

local function plain_find(s, what, init, plain)
  check_size(s, what)
  if not plain and type(what) == "string" and find(what, MAGIC) then
    error("find: policies search for plain text, not for patterns: write find(text, what, 1, true)", 2)
  end
  return find(s, what, init, true)
end

local BOTH = { "byte", "char", "len", "lower", "reverse", "sub", "upper" }
local PATTERNS = { "gmatch", "gsub", "match" }

local function common()
  local lib = { format = M.format, rep = M.rep }
  for _, name in ipairs(BOTH) do lib[name] = string[name] end
  return lib
end

--- The string functions of policies and the console.
function M.policy_strings()
  local lib = common()
  lib.find = plain_find
  return lib
end

--- The string functions of a config: with patterns as long as `reading()` holds, because a function
-- written in a config may be a policy that runs later.
function M.config_strings(reading)
  local lib = common()
  lib.find = function(s, what, init, plain)
    return (reading() and find or plain_find)(s, what, init, plain)
  end
  for _, name in ipairs(PATTERNS) do
    local f = string[name]
    lib[name] = function(...)
      if not reading() then error(name .. ": policies have no patterns; string.find finds plain text", 2) end
      return f(...)
    end
  end
  return lib
end

return M
