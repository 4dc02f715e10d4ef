--- sandbox: the environments that user code runs in: configs, policies, the console.
--
-- What they may reach is listed here and in tests/lua/sandbox.golden, and nothing else is. Globals are
-- strict (an unknown name is an error, and so is an assignment that forgot `local`), libraries are
-- read-only, and nothing in here differs from one run to the next. Time limits and memory limits are
-- reeve.guard's; without it (tests under a plain Lua) the same environments work, unlimited.

local order = require "reeve.sandbox.order"
local tables = require "reeve.sandbox.tables"
local text = require "reeve.sandbox.text"

local function optional(name)
  local ok, module = pcall(require, name)
  return ok and module or nil
end

local guard, logger, clock = optional "reeve.guard", optional "reeve.log", optional "reeve.time"
local suggests = optional "reeve.suggest"

local M = {}

-- The nearest of a list of names, or nil.
local function suggest(word, names)
  return suggests and suggests.nearest(word, names)
end

local reading = true -- a config is being read; later its functions are policies

-- ---- log: at most so much in a second, so that a loop cannot fill a disk

local LOG_MAX = 65536
local second, left, dropped = -1, LOG_MAX, 0

local function may_log(size)
  local now = clock and clock.now() // 1000 or 0
  if now ~= second then
    if dropped > 0 then logger.warn("%d lines of policies were dropped: more than 64 KiB in a second", dropped) end
    second, left, dropped = now, LOG_MAX, 0
  end
  left = left - size
  if left < 0 then dropped = dropped + 1 end
  return left >= 0
end

local function logs(level)
  return function(format, ...)
    local line = select("#", ...) > 0 and text.format(format, ...) or text.tostring(format)
    if logger and may_log(#line) then logger[level]("%s", line) end
  end
end

local function prints(level)
  local put = logs(level)
  return function(...)
    local words = table.pack(...)
    for i = 1, words.n do words[i] = text.tostring(words[i]) end
    put("%s", table.concat(words, "\t", 1, words.n))
  end
end

-- ---- what there is

-- Answers names that `functions` does not have, with an error at `level`.
local function strict(name, functions, level)
  return setmetatable(functions, {
    __index = function(_, k)
      local names = {}
      for known in order.pairs(functions) do names[#names + 1] = known end
      local near = suggest(tables.text(k), names)
      error(("%s has no '%s' here%s"):format(name, tables.text(k),
        near and ("; did you mean '%s'?"):format(near) or ""), level)
    end,
    __metatable = false,
  })
end

local function library(name, functions) return tables.readonly(strict(name, functions, 2), name) end

local function without(lib, ...)
  local copy = {}
  for k, v in pairs(lib) do copy[k] = v end
  for _, name in ipairs { ... } do copy[name] = nil end
  return copy
end

-- math without chance, and without what only some builds of Lua still have
local MATH = without(math, "random", "randomseed", "atan2", "cosh", "sinh", "tanh", "pow", "frexp", "ldexp", "log10")

-- The same for everyone; `strings` are the string functions.
local function base(strings)
  return {
    _VERSION = _VERSION,
    assert = assert, error = error, ipairs = ipairs, next = order.next, pairs = order.pairs,
    select = select, tonumber = tonumber, tostring = text.tostring, type = type,
    rawequal = rawequal, rawget = rawget, rawlen = rawlen,
    pcall = guard and guard.pcall or pcall,
    try = guard and guard.try or function(f, ...) return xpcall(f, debug.traceback, ...) end,
    setmetatable = tables.setmetatable, getmetatable = tables.getmetatable,
    print = prints "info", warn = prints "warn",
    math = library("math", without(MATH)),
    string = library("string", strings),
    table = library("table", {
      concat = tables.concat, insert = tables.insert, pack = tables.pack, remove = tables.remove,
      sort = tables.sort, unpack = tables.unpack,
    }),
    utf8 = library("utf8", without(utf8)),
    log = library("log", { debug = logs "debug", info = logs "info", warn = logs "warn", error = logs "error" }),
  }
end

-- os.time and os.date that stand still
local function frozen_clock(now)
  return library("os", {
    time = function(t) return t == nil and now or os.time(t) end,
    date = function(format, t) return os.date(format or "%c", t or now) end,
  })
end

-- ---- environments

local function unknown_name(names, words, k, level)
  local known = {}
  for _, from in ipairs { names, words } do
    for name in next, from do
      if type(name) == "string" then known[#known + 1] = name end
    end
  end
  table.sort(known)
  local near = suggest(tables.text(k), known)
  error(("unknown name '%s': %s"):format(tables.text(k),
    near and ("did you mean '%s'?"):format(near) or "a string needs quotes"), level)
end

-- `words` win over `names`; they may have __index (asked for unknown names) and __newindex (told of
-- assignments) of their own. `level`: whose mistake an unknown name is.
local function environment(names, words, level)
  local meta = debug.getmetatable(words)
  local assign = meta and rawget(meta, "__newindex")
  for k, v in next, words do names[k] = v end
  setmetatable(names, {
    __index = function(_, k)
      local v = words[k]
      if v == nil then unknown_name(names, words, k, level or 3) end
      return v
    end,
  })
  return setmetatable({}, {
    __index = names,
    __newindex = function(_, k, v)
      if assign then
        words[k] = v
      else
        error(("'%s' is not local: write 'local %s = ...'"):format(tables.text(k), tables.text(k)), 2)
      end
    end,
    __metatable = false,
  })
end

--- The environment of config files. `words` are the config's own (service, settings...); a metatable
-- of theirs may answer unknown names (__index) and assignments (__newindex). `now` (seconds) is what
-- os.time() says, always.
---@param words table|nil
---@param now integer|nil
---@return table
function M.config_env(words, now)
  local names = base(text.config_strings(function() return reading end))
  names.os = frozen_clock(now or 0)
  return environment(names, words or {})
end

--- The environment of policy files. `words`: what the host adds (combinators...).
---@param words table|nil
---@return table
function M.policy_env(words) return environment(base(text.policy_strings()), words or {}) end

--- The environment of one console session: policy_env, `api`, and globals of its own that last as
-- long as it does. Evaluating text is the host's (there is no load in here).
---@param api table|nil
---@return table
function M.console_env(api)
  local shared, own = environment(base(text.policy_strings()), api or {}, 4), {}
  return setmetatable({}, {
    __index = function(_, k)
      local v = own[k]
      if v == nil then return shared[k] end
      return v
    end,
    __newindex = own,
    __pairs = function() return order.pairs(own) end,
    __metatable = false,
  })
end

--- The config is read: from now on functions written in it are policies, and have no patterns.
function M.config_is_read()
  reading = false
  if M.sources then guard.strings(strict("a string", text.policy_strings(), 3), M.sources) end
end

--- Another config is about to be read, with patterns: for a replay, which meets several.
function M.config_is_unread()
  reading = true
  if M.sources then M.seal_strings(M.sources) end
end

--- Gives ("text"):method() of user code the sandbox's functions. `sources`: how the sources of our own
-- chunks begin ("@/usr/share/reeve/lua/"); those keep Lua's.
---@param sources string[]
function M.seal_strings(sources)
  M.sources = sources
  guard.strings(strict("a string", text.config_strings(function() return reading end), 3), sources)
end

return M
