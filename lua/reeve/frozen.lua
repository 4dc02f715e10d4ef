--- Read-only views of tables, for what policies may see and must not change.
local suggest = require "reeve.suggest"

local frozen = {}

local function by_name(a, b)
  if type(a) == type(b) then return a < b end
  return type(a) == "number"
end

-- pairs() over a view: numbers first, then names, each in order.
local function iterate(read, names)
  local keys, i = {}, 0
  for key in next, names do keys[#keys + 1] = key end
  table.sort(keys, by_name)
  local function step()
    i = i + 1
    local key = keys[i]
    if key == nil then return nil end
    local value = read(key)
    if value == nil then return step() end
    return key, value
  end
  return step
end

local refusals = {} -- what -> __newindex, shared by all views of that name

local function refuse(what)
  refusals[what] = refusals[what] or function(_, key)
    error(("field '%s' of %s cannot be set: facts are read-only"):format(tostring(key), what), 2)
  end
  return refusals[what]
end

--- A metatable for views. `read(view, key)` gives the value of a key; `names` (a set) the keys there can be;
-- `what` says in errors what it is ("a process"). Reading another key is an error with a suggestion.
function frozen.class(what, read, names)
  return {
    __index = function(view, key)
      local value = read(view, key)
      if value == nil and names[key] == nil then
        error(("%s has no field '%s'%s"):format(what, tostring(key), suggest.hint(key, names)), 2)
      end
      return value
    end,
    __newindex = refuse(what),
    __pairs = function(view) return iterate(function(key) return read(view, key) end, names) end,
    __metatable = false,
  }
end

--- A read-only view of the table `t`. With `names` (a set), a key outside it is an error; without, nil.
function frozen.view(t, what, names)
  local meta
  if names then
    meta = frozen.class(what, function(_, key) return t[key] end, names)
  else
    meta = { __index = t, __newindex = refuse(what), __metatable = false }
    function meta.__pairs() return iterate(function(key) return t[key] end, t) end
  end
  function meta.__len() return #t end
  return setmetatable({}, meta)
end

return frozen
