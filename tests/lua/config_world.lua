--- config_world: a world for tests of the config: files, names and a sandbox that are tables.

package.path = "lua/?.lua;" .. package.path
package.cpath = "build/lua/?.so;" .. package.cpath

local M = {}

local USERS = { root = { 0, 0 }, nobody = { 65534, 65534 }, web = { 990, 991 }, login = { 992, 993 },
  reeve = { 61, 61 } }
local GROUPS = { root = 0, nogroup = 65534, web = 991, mail = 8 }
local PROGRAMS = { ["/bin/echo"] = "ok", ["/srv/web"] = "ok", ["/etc/passwd"] = "not executable",
  ["/srv/none"] = "missing" }
local BASE = { "assert", "error", "ipairs", "next", "pairs", "pcall", "select", "setmetatable", "string", "table",
  "math",
  "tonumber", "tostring", "type" }

M.names = {
  user = function(name) if USERS[name] then return USERS[name][1], USERS[name][2] end end,
  group = function(name) return GROUPS[name] end,
  addresses = function(host)
    if host == "localhost" then return { "127.0.0.1", "::1" } end
    if host:find "^[%d.:]+$" then return { host } end
    return nil, "Name or service not known"
  end,
  ncpu = function() return 4 end,
  getenv = function(name) return ({ HOME_PORT = "8080", TZ = "UTC",
    CREDENTIALS_DIRECTORY = "/run/credentials" })[name] end,
}

function M.env()
  local env = {}
  for _, name in ipairs(BASE) do env[name] = _G[name] end
  return env
end

--- A guard that counts instructions: what reeve.guard does by time, without a clock.
M.guard = {
  call = function(_, f, ...)
    local expired = false
    local function too_long()
      expired = true
      debug.sethook(function() -- sticky, as reeve.guard's
        if debug.getinfo(2, "f").func ~= M.guard.call then error("deadline of 5000 ms exceeded", 2) end
      end, "l")
      error("deadline of 5000 ms exceeded", 2)
    end
    local outer = debug.gethook()
    if not outer then debug.sethook(too_long, "", 2000000) end
    local results = table.pack(xpcall(f, function(message)
      return { message, debug.traceback("", 2) }
    end, ...))
    if not outer then debug.sethook() end
    if results[1] then return table.unpack(results, 1, results.n) end
    local message = tostring(results[2][1])
    return false, message, expired and "deadline" or "runtime", results[2][2]
  end,
}

local POLICIES = {
  breaker = function(options) return { exit = function() return options end } end,
  hours = function() return function() return {} end end,
}

M.combinators = require "reeve.combinators"

--- The doors of config.load for a main file /etc/reeve/reeve.lua with this text. `files`: more files.
function M.opts(text, files)
  local all = { ["/etc/reeve/reeve.lua"] = text }
  for path, more in pairs(files or {}) do all[path] = more end
  return {
    file = "/etc/reeve/reeve.lua",
    read = function(path)
      if all[path] then return all[path] end
      return nil, "No such file or directory"
    end,
    glob = function(pattern)
      local list, as = {}, "^" .. pattern:gsub("[%.%-%+]", "%%%0"):gsub("%*", "[^/]*") .. "$"
      for path in pairs(all) do
        if path:find(as) then list[#list + 1] = path end
      end
      return list
    end,
    names = M.names, env = M.env, guard = M.guard, combinators = M.combinators,
    probe = function(path) return PROGRAMS[path] end,
    policies = { "breaker", "hours" },
    load_policy = function(name) return POLICIES[name] end,
  }
end

--- config.load of a text. `more`: other opts.
function M.load(text, files, more)
  local opts = M.opts(text, files)
  for name, value in pairs(more or {}) do opts[name] = value end
  return require "reeve.config".load(opts)
end

--- A service with these lines in it, the first at line 2.
function M.service(lines)
  return 'service "web" {\n' .. lines .. "\n}\n"
end

return M
