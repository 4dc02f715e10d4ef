--- order: pairs and next in a fixed order. Lua's own differs from run to run, and a policy that is
-- replayed must see the same. Numbers come first, ascending; then strings by their bytes; then false
-- and true. Tables, functions and userdata have no order: as keys they are refused.

local next, type, sort, rawlen = next, type, table.sort, rawlen
local metatable_of = debug.getmetatable

local M = {}

local RANK = { number = 1, string = 2, boolean = 3 }

local function before(a, b)
  local x, y = type(a), type(b)
  if x ~= y then return RANK[x] < RANK[y] end
  if x == "boolean" then return not a and b end
  return a < b
end

-- The keys in order and how many; a plain list needs no sorting.
local function keys_of(t, who)
  local keys, n = {}, 0
  for k in next, t do
    if not RANK[type(k)] then
      error(("%s: a key that is a %s has no fixed order"):format(who, type(k)), 3)
    end
    n = n + 1
    keys[n] = k
  end
  if rawlen(t) == n then
    for i = 1, n do keys[i] = i end
  else
    sort(keys, before)
  end
  return keys, n
end

local function check(t, who)
  if type(t) ~= "table" then
    error(("bad argument #1 to '%s' (table expected, got %s)"):format(who, t == nil and "nil" or type(t)), 3)
  end
end

--- As Lua's pairs, in the order above. __pairs is heeded. Fields set to nil meanwhile are skipped.
function M.pairs(t)
  local meta = metatable_of(t)
  local own = meta and rawget(meta, "__pairs")
  if own then
    local f, s, k = own(t)
    return f, s, k
  end
  check(t, "pairs")
  local keys, n = keys_of(t, "pairs")
  local i = 0
  return function()
    while i < n do
      i = i + 1
      local k = keys[i]
      local v = rawget(t, k)
      if v ~= nil then return k, v end
    end
  end, t, nil
end

-- Orders of the tables that are being walked through with next; made anew at next(t).
local walks = setmetatable({}, { __mode = "k" })

local function walk_of(t, k)
  local walk = walks[t]
  if k == nil or not walk then
    local keys, n = keys_of(t, "next")
    local at = {}
    for i = 1, n do at[keys[i]] = i end
    walk = { keys = keys, n = n, at = at }
    walks[t] = walk
  end
  return walk
end

--- As Lua's next, in the order above. Fields added during a walk are not seen by it.
function M.next(t, k)
  check(t, "next")
  if k == nil and next(t) == nil then return nil end
  local walk = walk_of(t, k)
  local i = k == nil and 0 or walk.at[k]
  if not i then error("invalid key to 'next'", 2) end
  while i < walk.n do
    i = i + 1
    local v = rawget(t, walk.keys[i])
    if v ~= nil then return walk.keys[i], v end
  end
  walks[t] = nil
  return nil
end

return M
