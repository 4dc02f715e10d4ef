--- One trace under several candidates and several seeds: the columns of a table and of a picture.
local report = require "reeve.sim.report"
local settings = require "reeve.sim.settings"
local simulate = require "reeve.simulate"

local compare = {}

-- The service of one run: the base's settings, then the trace's, the candidate's, and what was set by hand.
local function service_of(options, candidate)
  local all = {}
  for name, value in pairs(options.service and options.service.settings or settings.defaults()) do all[name] = value end
  for _, more in ipairs { options.service and {} or options.trace.settings, candidate.settings, options.set or {} } do
    local good, sentence = settings.add(all, more)
    if not good then return nil, sentence end
  end
  return { name = options.service and options.service.name or "service", settings = all, policy = candidate.make() }
end

--- Whether every candidate's settings are good. -> true | nil, sentence
function compare.check(options)
  for _, candidate in ipairs(options.candidates) do
    local service, sentence = service_of(options, candidate)
    if not service then return nil, sentence end
  end
  return true
end

local function one(options, candidate, seed, progress)
  local decisions = options.decisions
  if decisions then decisions(("# %s, seed %d"):format(candidate.title, seed)) end
  return simulate.run { trace = options.trace, services = { assert(service_of(options, candidate)) }, seed = seed,
    policy = options.policy, policies = options.policies, wall = options.wall, decisions = decisions,
    progress = progress, log = options.log, guard = options.guard }
end

--- options: trace, candidates (reeve.sim.candidates), seeds (a list), set = { setting = value } over all others,
-- service = a service of a plan to begin with; policy (between services), policies, wall, guard, log and decisions
-- (see reeve.simulate); progress(share of all, title, seed).
-- -> columns: a list of { title, report (the medians), reports (by seed), turns }
function compare.run(options)
  local columns, done, all = {}, 0, #options.candidates * #options.seeds
  for i, candidate in ipairs(options.candidates) do
    local reports, turns = {}, 0
    for k, seed in ipairs(options.seeds) do
      local progress = options.progress and function(share)
        options.progress((done + share) / all, candidate.title, seed)
      end
      local result = one(options, candidate, seed, progress)
      reports[k], done, turns = result.services[1], done + 1, turns + result.turns
    end
    columns[i] = { title = candidate.title, report = report.median(reports), reports = reports, turns = turns }
  end
  return columns
end

return compare
