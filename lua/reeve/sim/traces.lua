--- The built-in traces: six worlds in which policies have been seen to fail, and a whole day.
--
-- Where many processes must start at once the target is two boots long (else only those who were there already count).
-- Arrivals are a Poisson process with a rate that changes (thinned), stays are log-normal or exponential. Each says in
-- `about` what it is for; docs/SIMULATOR.md has them in a table.
local trace = require "reeve.trace"

local traces = {}

local log, exp, cos, sqrt, pi = math.log, math.exp, math.cos, math.sqrt, math.pi

---- stays

local function exponential(mean)
  return function(random) return -mean * log(1 - random()) end
end

-- By mean and coefficient of variation (Box-Muller).
local function lognormal(mean, cv)
  local sigma = sqrt(log(1 + cv * cv))
  local mu = log(mean) - sigma * sigma / 2
  return function(random)
    return exp(mu + sigma * sqrt(-2 * log(1 - random())) * cos(2 * pi * random()))
  end
end

---- arrivals

-- Clients at rate(t) a second, never above `peak`; fill(client, random) sets the rest of the record.
local function clients(random, duration, peak, rate, fill)
  local t, client = 0, { kind = "client" }
  return function()
    repeat
      t = t - log(1 - random()) / peak
      if t >= duration then return nil end
    until random() * peak < rate(t)
    client.at = t
    fill(client, random)
    return client
  end
end

local function steady(t, rate, stay)
  t.records = function(random)
    return clients(random, t.duration, t.peak or rate, type(rate) == "function" and rate or function()
      return rate
    end, function(client, r) client.stay = stay(r) end)
  end
  return t
end

-- The records of a list, by time, among those of `next_client`: its table is filled again only when the next record
-- after it is asked for.
local function merged(next_client, list)
  local i, client, given = 1, nil, true
  return function()
    if given then client, given = next_client(), false end
    local other = list[i]
    if other and (not client or other.at <= client.at) then
      i = i + 1
      return other
    end
    given = true
    return client
  end
end

---- the worlds

local MAKERS = {}

function MAKERS.storm()
  return steady({ about = "login storm after an outage: 20/s, at 60 s 420/s that decay within a minute",
    duration = 600, peak = 420, target = 0.5, settings = { process_limit = 200 },
    model = { boot = 0.25, backlog = 511, patience = 10, retries = 5, retry_delay = 5 } },
    function(t) return t >= 60 and t < 120 and 20 + 400 * exp((60 - t) / 20) or 20 end, lognormal(0.15, 1.5))
end

local function sine(t, period) return 40 + 36 * math.sin(2 * pi * (t / period - 0.25)) end

function MAKERS.diurnal()
  return steady({ about = "a day in an hour: 4/s to 76/s and back", duration = 3600, peak = 76,
    settings = { process_limit = 100 }, model = { boot = 1, patience = 30 } },
    function(t) return sine(t, 3600) end, lognormal(0.25, 1))
end

function MAKERS.day()
  return steady({ about = "a whole day of 3.5 million clients: 4/s at midnight, 76/s at noon", duration = 86400,
    peak = 76, settings = { process_limit = 100 }, model = { boot = 1, patience = 30 } },
    function(t) return sine(t, 86400) end, lognormal(0.25, 1))
end

function MAKERS.flash()
  return steady({ about = "flash crowd: 10/s, then 200/s for two minutes", duration = 600, peak = 200, target = 2,
    settings = { process_limit = 100 }, model = { boot = 1, patience = 15, retries = 3, retry_delay = 3 } },
    function(t) return t > 200 and t < 320 and 200 or 10 end, exponential(0.2))
end

function MAKERS.slow()
  local good, held = exponential(0.1), 60
  return { about = "slow clients: 30/s good ones, and from 200 s to 500 s 5/s more that hold a process for a minute",
    duration = 900, settings = { process_limit = 100 }, model = { boot = 0.3, patience = 30 },
    records = function(random)
      local function rate(t) return t > 200 and t < 500 and 35 or 30 end
      return clients(random, 900, 35, rate, function(client, r)
        local at = client.at
        client.hostile = at > 200 and at < 500 and r() < 5 / 35 or nil
        client.stay = client.hostile and held or good(r)
      end)
    end }
end

function MAKERS.leak()
  return steady({ about = "a leak: 100 MB a process and 0.8 MB more for each client, 6 GB in all", duration = 900,
    settings = { process_limit = 40 },
    model = { boot = 2, patience = 30, memory = 100e6, leak = 0.8e6, mem_total = 6e9 } }, 60, exponential(0.2))
end

function MAKERS.crash()
  local stay = exponential(0.2)
  return { about = "crash loop: from 200 s to 380 s every start fails and one client in twenty kills his process",
    duration = 600, settings = { process_limit = 50 }, model = { boot = 0.5, patience = 30 },
    records = function(random)
      local steadily = clients(random, 600, 30, function() return 30 end, function(client, r)
        client.stay = stay(r)
      end)
      return merged(steadily, { { at = 200, kind = "model", start_failure = 1, crash = 0.05 },
        { at = 380, kind = "model", start_failure = 0, crash = 0 } })
    end }
end

--- The names, in the order in which tables have them.
traces.NAMES = { "storm", "diurnal", "flash", "slow", "leak", "crash", "day" }

--- The six that policies are compared by.
traces.SIX = { "storm", "diurnal", "flash", "slow", "leak", "crash" }

--- What a trace is for.
function traces.about(name) return MAKERS[name]().about end

--- The built-in trace of that name, or nil.
function traces.get(name)
  local maker = MAKERS[name]
  if not maker then return nil end
  local t = maker()
  t.name = name
  return assert(trace.new(t))
end

return traces
