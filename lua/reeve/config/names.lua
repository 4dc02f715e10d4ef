--- names: what becomes of names that nobody defined: bare words and assigned globals.

local suggest = require "reeve.suggest"
local synonyms = require "reeve.config.synonyms"

local M = {}

--- Names of other places for which there is something better to say than "needs quotes".
M.ABSENT = {
  os = "write getenv(NAME, default) for an environment variable",
  io = "write include \"FILE\" or credential(NAME)",
  debug = "there is no way to it from a config",
  package = "write require \"name\" for a file name.lua below the config's directory",
  load = "write include \"FILE\" or require \"name\"",
  dofile = "write include \"FILE\"",
  loadfile = "write include \"FILE\"",
  loadstring = "write include \"FILE\" or require \"name\"",
  coroutine = "a config runs from top to bottom",
  collectgarbage = "there is no way to it from a config",
  _G = "write local NAME = …",
}
local MEANT = {
  yes = "write true", on = "write true", True = "write true", TRUE = "write true",
  no = "write false", off = "write false", False = "write false", FALSE = "write false",
  null = "write unset for the default", None = "write unset for the default", default = "write unset",
  unlimited = "write \"unlimited\"", never = "write \"never\"",
}

--- The value of a name that is not known. It can be called, indexed and joined, so that the rest of
-- the file is still read and all its mistakes are told at once.
function M.poison(script)
  local poison, uses = {}, 0
  local function use()
    uses = uses + 1
    if uses > 10000 then script:halt() end -- a loop over something that is not there
    return poison
  end
  local meta = {
    __name = "unknown", __tostring = function() return "unknown" end,
    __index = function(_, key) if math.type(key) ~= "integer" then return use() end end,
    __newindex = function() end,
    __call = function(_, ...)
      for _, value in ipairs { ... } do script:adopt(value) end
      return use()
    end,
    __len = function() return 0 end,
    __pairs = function() return next, {}, nil end,
    __lt = function() use() return false end,
    __le = function() use() return false end,
  }
  for _, name in ipairs { "add", "sub", "mul", "div", "mod", "pow", "unm", "idiv", "band", "bor", "bxor", "shl", "shr",
    "bnot", "concat" } do
    meta["__" .. name] = use
  end
  return setmetatable(poison, meta)
end

--- Whether a value is, or directly contains, something that has been complained about.
function M.is_poisoned(script, value)
  if value == script.poison then return true end
  if type(value) ~= "table" then return false end
  for _, item in next, value do
    if item == script.poison then return true end
  end
  return false
end

local CALLS = { ["("] = true, ["{"] = true, string = true, ["."] = true, [":"] = true }

local function unknown_hint(script, name, after)
  if M.ABSENT[name] then return ("'%s' is not there in a config"):format(name), M.ABSENT[name] end
  local meant = suggest.nearest(name, script.words)
  if after and after.kind == "==" and (script.schema.rows.service[name] or script.schema.rows.global[name]) then
    return ("'%s' is compared, not set"):format(name), ("write %s = …, with one ="):format(name)
  end
  if after and CALLS[after.kind] then
    return ("unknown word '%s'"):format(name), meant and ("did you mean '%s'?"):format(meant)
  end
  if MEANT[name] then return ("unknown name '%s'"):format(name), MEANT[name] end
  return ("unknown name '%s': a string needs quotes"):format(name), ("write \"%s\"%s"):format(name,
    meant and (", or did you mean '%s'?"):format(meant) or "")
end

--- A name that nobody defined was read.
function M.unknown(script, name)
  local file, line = script:where()
  local map = script:map(file)
  local id = ("%s\0%d\0%s"):format(file, line, name)
  script.unknowns[id] = (script.unknowns[id] or 0) + 1
  local nth = script.unknowns[id]
  local function is_use(_, before, after)
    return not (before and (before.kind == "." or before.kind == ":")) and not (after and after.kind == "=")
  end
  local token, i = map:token("name", name, line, nth, is_use)
  if not token and nth > 1 then return script.poison end -- a loop came by again
  local after = i and map.tokens[i + 1]
  local message, hint = unknown_hint(script, name, after)
  local place = token and map:span(token) or map:line_place(line)
  place.file = file
  script:problem_at(place, "unknown-name", message, hint)
  return script.poison
end

local STATEMENTS = { settings = "settings { … }", service = "service \"name\" { … }",
  include = "include \"conf.d/*.lua\"", inet_listener = "inet_listener \"name\" { … }",
  unix_listener = "unix_listener \"name\" { … }", fifo_listener = "fifo_listener \"name\" { … }" }

local function belongs(script, name, is_function)
  local rows = script.schema.rows
  if STATEMENTS[name] and not is_function then
    return ("'%s' is a word, not a variable"):format(name), ("write %s, without ="):format(STATEMENTS[name])
  end
  if rows.global[name] or synonyms.aliases.global[name] then
    return ("'%s' belongs in settings { }"):format(name), ("write settings { %s = … }"):format(name)
  end
  if rows.service[name] or synonyms.aliases.service[name] then
    return ("'%s' belongs in a service"):format(name), ("write service \"name\" { %s = … }"):format(name)
  end
  return ("'%s' is assigned without local"):format(name),
    ("write local %s%s"):format(is_function and "function " or "", name)
end

--- A global was assigned. Lua says only where the statement ends.
function M.assigned(script, name)
  local file, line = script:where()
  local map = script:map(file)
  local found, is_function
  for i, token in ipairs(map.tokens) do
    if token.line > line then break end
    local after, before = map.tokens[i + 1], map.tokens[i - 1]
    local defines = before and before.kind == "keyword" and before.value == "function"
    if token.kind == "name" and token.value == name and (defines or after
      and (after.kind == "=" or after.kind == ",")) then
      found, is_function = token, defines
    end
  end
  local place = found and map:span(found) or map:line_place(line)
  place.file = file
  local message, hint = belongs(script, name, is_function)
  script:problem_at(place, "global", message, hint)
end

return M
