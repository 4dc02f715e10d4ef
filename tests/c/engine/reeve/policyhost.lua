-- Policies for tests/c/test_engine.c: counts turns, and runs into the hard deadline when clients wait.
local M = {}
M.__index = M

function M.new(opts) return setmetatable({ opts = opts, turns = 0, services = {},
  world = { services = {} } }, M) end

function M:define(plan) self.names = { plan.services[1].name } end

function M:restore(text)
  self.turns = tonumber(text)
  return true
end

function M:save() return tostring(self.turns) end

function M:quarantine(name, why) self.opts.order.quarantine { svc = 1, text = name .. ": " .. why } end

function M:next_wake() return self.wake end

function M:timer()
  self.wake = nil
  self.opts.order.stop { now = false }
end

function M.sample() end

-- What is left of the disk: /proc, or (`lost`) not even that.
local function only_proc(msg)
  local proc, us = require "reeve.proc", { pid = require "reeve.lock".pid(), cpu_ms = 0, cpu_at = 0 }
  assert(io == nil and not pcall(require, "reeve.not_there"), "the disk is still there")
  assert(not require "reeve.file".read "/etc/passwd", "a file outside /proc can be read")
  proc.sample({ us }, 1, 1, true)
  local found = us.rss and us.rss > 0 and us.private > 0 and us.cpu and proc.host().mem_total or false
  assert((found ~= false) == (msg.lost == 0), "/proc")
end

function M:report(name, msg)
  if name == "demand" then
    self.opts.mark "web/bad"
    self.opts.guard.call(20, function() return ("a"):rep(40):find((".-"):rep(12) .. "b") end)
  elseif name == "limit" then
    self.wake = self.opts.now() + 5
  elseif name == "fork_failed" then
    error "a bug in the engine"
  elseif name == "resync" then
    only_proc(msg)
  end
end

function M:turn()
  self.turns, self.unsaved = self.turns + 1, true
  self.opts.order.standing {
    svc = 1, at_least = self.turns, at_most = 4294967295, spare = 0, burst = 1, shrink_to = 0, on_demand = true,
    mode = 0, hold_until = 0, as_of = 0, throttle_first = 0, throttle_most = 0,
  }
end

return M
