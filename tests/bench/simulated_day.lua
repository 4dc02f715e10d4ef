-- simulated_day: how long a simulated day of 3.5 million clients takes, with the built-in policies and with the
-- recommended set for busy pools.
--
--   make simulated-day
local answers = require "reeve.answers"
local candidates = require "reeve.sim.candidates"
local compare = require "reeve.sim.compare"
local guard = require "reeve.guard"
local sandbox = require "reeve.sandbox"
local traces = require "reeve.sim.traces"

local doors = require "reeve.doors".new(answers.new(), "lua")
local made = { read = doors.read, load_policy = doors.load_policy, env = sandbox.policy_env }

local SETS = { "service { process_min_avail = 8 }", "service { process_min_avail = 8, policy = hybrid {} }" }

for _, text in ipairs(SETS) do
  local candidate = assert(candidates.parse(text, made))
  local before, wall = os.clock(), os.time()
  local column = compare.run { trace = traces.get "day", candidates = { candidate }, seeds = { 1 },
    policies = doors.load_policy, guard = guard }[1]
  local seconds, r = os.clock() - before, column.report
  print(("%s\n  %.0f s of processor time (%d s by the clock) for %d clients: %.1f us each; goodput %.3f %%, %d turns")
    :format(text, seconds, os.time() - wall, r.arrived, seconds / r.arrived * 1e6, r.goodput * 100, column.turns))
end
return 0
