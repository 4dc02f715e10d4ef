--- tables: table functions and metatables in the sandbox. Lua's own loop in C over whatever length a
-- metamethod claims, where no deadline reaches; these take the table's own length and bound it.

local type, error = type, error
local table, setmetatable = table, setmetatable
local metatable_of = debug.getmetatable

local M = {}

local UNPACK_MAX = 8192
local SORT_MAX = 65536

local function check(t, who)
  if type(t) ~= "table" then
    error(("bad argument #1 to '%s' (table expected, got %s)"):format(who, type(t)), 3)
  end
  local meta = metatable_of(t)
  if meta and rawget(meta, "__len") ~= nil then
    error(("%s: the table has a length of its own making (__len)"):format(who), 3)
  end
end

function M.insert(t, ...)
  check(t, "insert")
  return table.insert(t, ...)
end

function M.remove(t, ...)
  check(t, "remove")
  return table.remove(t, ...)
end

-- Lua's own order of long texts would keep a sort in C for minutes, where no deadline reaches.
local function less(a, b) return a < b end

function M.sort(t, before)
  check(t, "sort")
  if rawlen(t) > SORT_MAX then error(("sort: more than %d elements"):format(SORT_MAX), 2) end
  return table.sort(t, before or less)
end

function M.concat(t, ...)
  check(t, "concat")
  return table.concat(t, ...)
end

function M.unpack(t, i, j)
  check(t, "unpack")
  local first, final = i or 1, j or rawlen(t)
  if type(first) == "number" and type(final) == "number" and final - first >= UNPACK_MAX then
    error(("unpack: more than %d values"):format(UNPACK_MAX), 2)
  end
  return table.unpack(t, first, final)
end

M.pack = table.pack

-- metamethods that run where no deadline reaches, or when the collector likes
local REFUSED = {
  __gc = "it would run at a time that nobody can tell",
  __mode = "what it holds would depend on the collector",
}

--- As Lua's setmetatable, without __gc and __mode.
function M.setmetatable(t, meta)
  if type(meta) == "table" then
    for name, why in next, REFUSED do
      if rawget(meta, name) ~= nil then error(("setmetatable: no %s here: %s"):format(name, why), 2) end
    end
  end
  return setmetatable(t, meta)
end

--- As Lua's getmetatable, of tables alone.
function M.getmetatable(v)
  if type(v) ~= "table" then return nil end
  return getmetatable(v)
end

--- A read-only view of `t`.
function M.readonly(t, name)
  return setmetatable({}, {
    __index = t,
    __newindex = function(_, k) error(("%s is read-only: '%s' cannot be set"):format(name, M.text(k)), 2) end,
    __pairs = function() return M.pairs(t) end,
    __len = function() return #t end,
    __metatable = false,
  })
end

function M.text(k) return type(k) == "string" and k or type(k) end
M.pairs = require "reeve.sandbox.order".pairs

return M
