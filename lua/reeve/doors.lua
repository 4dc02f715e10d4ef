--- The doors of reeve.config.load: what a config may ask of the world outside. Every answer goes through `answers`,
-- which keeps it, or gives the one that was kept: for an engine that is restarted, and for a replay.

-- The engine's modules are not there under a plain Lua (reeve.test), where nobody is asked either: only answers that
-- were kept are given.
local function optional(name)
  local ok, module = pcall(require, name)
  return ok and module or setmetatable({}, { __index = function(_, what)
    return function() error(("%s.%s is only in the engine"):format(name, what), 0) end
  end })
end

local function plain_call(_, f, ...)
  local result = table.pack(pcall(f, ...))
  if result[1] then return table.unpack(result, 1, result.n) end
  return false, result[2], "runtime", ""
end

local has_guard, guard = pcall(require, "reeve.guard")
if not has_guard then guard = { call = plain_call } end

local sandbox = require "reeve.sandbox"

local M = {}

local LOOKUPS = { "user", "group", "addresses", "ncpu", "getenv", "uid", "gid", "uid_used", "gid_of" }
local LOAD_MS = 1000 -- of a policy's file

-- The text of a policy file -> its constructor | nil, sentence. `load`: that of another one.
local function compile(name, text, load)
  local function call(_, f) return guard.call(LOAD_MS, f) end
  local words = require "reeve.policywords".new(load)
  return require "reeve.policyhost".load(text, name, sandbox.policy_env(words), call)
end

-- load_policy(name) -> constructor | nil, sentence. Each file is loaded once, and never after lock-down.
local function policy_loader(policies, constructors)
  local function load(name)
    if constructors[name] then return constructors[name] end
    local text = policies(name)
    if not text then return nil, ("there is no policy '%s'"):format(name) end
    local constructor, why = compile(name, text, load)
    constructors[name] = constructor
    return constructor, why
  end
  return load
end

-- "WHAT\0…": a question of the recorder has one argument.
local function check_certificate(words)
  local what, first, second = words:match "^(.-)%z([^%z]*)%z?(.*)$"
  return require "reeve.certificate"[what](first, second)
end

--- The doors over a recorder of answers; the policies lie beside `lua_dir`. `constructors` are those loaded so far.
function M.new(answers, lua_dir)
  local file, names = optional "reeve.file", optional "reeve.names"
  local lookups, constructors = {}, {}
  for _, name in ipairs(LOOKUPS) do lookups[name] = answers:asking(name, names[name]) end
  local read, now = answers:asking("read", file.read), answers:ask("time", nil, names.time)
  local directory = lua_dir .. "/../policies"
  local function policies(name)
    if not name:find "^[%a_][%w_]*$" then return nil end
    return (read(directory .. "/" .. name .. ".lua"))
  end
  return {
    read = read, glob = answers:asking("glob", file.glob), real = answers:asking("real", file.real),
    probe = answers:asking("probe", file.probe), certificate = answers:asking("certificate", check_certificate),
    names = lookups, spec = require "reeve.spec", guard = guard,
    uid = lookups.uid(), gid = lookups.gid(), policies = policies, constructors = constructors,
    load_policy = policy_loader(policies, constructors),
    env = function(words) return sandbox.config_env(words, now) end,
    policy_names = function()
      local list = {}
      for _, path in ipairs(answers:ask("glob", directory .. "/*.lua", file.glob)) do
        list[#list + 1] = path:match "([%a_][%w_]*)%.lua$"
      end
      return list
    end,
  }
end

--- Loads the other policies too, which must be there before the disk is gone: the built-in ones for the host, all for
-- the console. One that is broken is for whoever uses it to tell. Returns the constructors of all policies by name.
function M.built_ins(doors)
  for _, name in ipairs(require "reeve.policyhost".BUILT_INS or {}) do doors.load_policy(name) end
  for _, name in ipairs(doors.policy_names()) do doors.load_policy(name) end
  return doors.constructors
end

--- constructors[name], for a host.
function M.finder(constructors)
  return function(name) return constructors[name], ("there is no policy '%s', or it is broken"):format(name) end
end

return M
