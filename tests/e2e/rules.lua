--- What the conformance specs share: a daemon with one service, and what the kernel says about a process.
local reeve = require "reeve"

local M = {}

M.BASE = [[service "s" { executable = "@worker@ --hold", %s
  inet_listener "s" { port = @port@, address = "127.0.0.1" } }
%s]]

--- Starts a daemon with the service "s" on @port@: more of its settings, more of settings {}, more config.
function M.start(settings, globals, more)
  return reeve.start { config = M.BASE:format(settings or "", more or ""), settings = globals }
end

--- The same, one client that stays, and what the kernel says about the process that serves it.
function M.served(settings, globals, more)
  local d = M.start(settings, globals, more)
  local c = d:clients(1)[1]
  return d, c, M.proc(c.pid)
end

local function environment_of(pid)
  local env = {}
  for entry in reeve.read("/proc/" .. pid .. "/environ"):gmatch "[^%z]+" do
    local name, value = entry:match "^([^=]+)=(.*)$"
    if name then env[name] = value end -- what is not NAME=value a process has cut up by itself
  end
  return env
end

local function link(path)
  local _, text = reeve.shell("readlink " .. path)
  return (text:gsub("\n$", ""))
end

local function limits_of(pid)
  local limits = {}
  for name, soft, hard in reeve.read("/proc/" .. pid .. "/limits"):gmatch "(M[%w%s]-)%s%s+(%S+)%s+(%S+)[^\n]*\n" do
    limits[name] = { soft, hard }
  end
  return limits
end

--- Of /proc/PID: the fields of status as texts, env, limits = { name = { soft, hard } }, cwd, root, cmdline, nice, oom.
function M.proc(pid)
  local p = { pid = pid, env = environment_of(pid), limits = limits_of(pid) }
  for name, value in reeve.read("/proc/" .. pid .. "/status"):gmatch "(%w+):[ \t]*([^\n]*)" do p[name] = value end
  p.cwd, p.root = link("/proc/" .. pid .. "/cwd"), link("/proc/" .. pid .. "/root")
  p.cmdline = reeve.read("/proc/" .. pid .. "/cmdline")
  local fields = {}
  for word in reeve.read("/proc/" .. pid .. "/stat"):match "%) (.*)":gmatch "%S+" do fields[#fields + 1] = word end
  p.nice = tonumber(fields[17])
  p.oom = tonumber(reeve.read("/proc/" .. pid .. "/oom_score_adj"))
  return p
end

--- What an id is, as the system's tools say: M.id("-u", "nobody") -> "65534"
function M.id(what, name)
  local _, text = reeve.shell(("id %s %s"):format(what, name))
  return text:match "%d+"
end

function M.gid(group)
  local _, text = reeve.shell("getent group " .. group)
  return text:match "^[^:]*:[^:]*:(%d+)"
end

--- Four times the same id, as Uid and Gid of /proc/PID/status have it.
function M.all(id)
  return ("%s\t%s\t%s\t%s"):format(id, id, id, id)
end

local Check = {}
Check.__index = Check

--- Evaluates a config without running it: { code, text } with `reeve check`, and d:plan() of `reeve config --json`.
function M.check(config, settings)
  local _, dir = reeve.shell "mktemp -d /tmp/reeve-e2e.XXXXXX"
  dir = dir:match "%S+"
  local text = ('settings { base_dir = "%s/run", %s }\n%s'):format(dir, settings or "", config)
  text = text:gsub("@worker@", reeve.build .. "/tests/e2e-worker"):gsub("@dir@", dir)
  reeve.write(dir .. "/reeve.lua", text)
  local self = setmetatable({ dir = dir }, Check)
  self.code, self.text = reeve.shell(("%s/reeve check -c %s/reeve.lua"):format(reeve.build, dir))
  local _, plan = reeve.shell(("%s/reeve config --json -c %s/reeve.lua 2>/dev/null"):format(reeve.build, dir))
  self.plan = require "dkjson".decode(plan)
  reeve.shell("rm -rf " .. dir)
  return self
end

--- Whether it was taken with a warning, or refused, with this in the text.
function Check:warns(part)
  assert(self.code == 0, "it was refused:\n" .. self.text)
  return self.text:find("warning: ", 1, true) and self.text:find(part, 1, true)
end

function Check:refuses(part)
  assert(self.code ~= 0, "it was taken:\n" .. self.text)
  return self.text:find(part, 1, true) or error("not in:\n" .. self.text, 2)
end

return M
