-- The simulator: each model against what can be computed by hand, what always holds, and that a run is the same again.
local T = require "reeve.test"
local combinators = require "reeve.combinators"
local report = require "reeve.sim.report"
local rng = require "reeve.rng"
local settings = require "reeve.sim.settings"
local simulate = require "reeve.simulate"
local trace = require "reeve.trace"
local traces = require "reeve.sim.traces"

local only = combinators.only

local function static(n) return only { function() return { at_least = n, at_most = n } end } end

-- A service with a policy instead of the built-ins, unless `policy` is false.
local function service(policy, set)
  local all = settings.defaults()
  assert(settings.add(all, set or {}))
  return { name = "svc", settings = all, policy = policy or nil }
end

local function run(t, policy, set, more)
  local options = { trace = t, services = { service(policy, set) }, seed = 1, policies = T.policy }
  for name, value in pairs(more or {}) do options[name] = value end
  local result = simulate.run(options)
  return result.services[1], result
end

-- A trace of records by hand; boots take no time unless the model says so.
local function world(duration, records, model)
  local all = { boot = 0, boot_spread = 0, leave = 0 }
  for name, value in pairs(model or {}) do all[name] = value end
  for i, record in ipairs(records) do records[i] = record end
  return assert(trace.of_list({ name = "hand", duration = duration, model = all }, records))
end

local function client(at, stay, more)
  local record = { at = at, kind = "client", stay = stay }
  for name, value in pairs(more or {}) do record[name] = value end
  return record
end

-- Clients of a Poisson process with exponential stays.
local function mm(rate, mean, duration)
  return assert(trace.new { name = "mm", duration = duration, model = { boot = 0, backlog = 1e6 },
    records = function(random)
      local t, record = 0, { kind = "client" }
      return function()
        t = t - math.log(1 - random()) / rate
        record.at, record.stay = t, -mean * math.log(1 - random())
        return t < duration and record or nil
      end
    end })
end

-- Everybody who came is somewhere.
local function balance(r)
  return r.served + r.left + r.refused + r.lost_crash + r.lost_ours + r.waiting + r.in_service + r.away
end

describe("one process and a queue, by hand", function()
  -- One process. A comes at 1.0 for 1 s, B at 1.5, C at 1.6 for 1 s each: B waits 0.5 s, C 1.4 s.
  local t = world(10, { client(1, 1), client(1.5, 1), client(1.6, 1) })
  t.target = 0.6
  local r = run(t, static(1))

  it("serves in the order of arrival", function()
    assert.equal(3, r.served)
    assert.equal(3, r.arrived)
    assert.equal(0, r.dropped)
  end)
  it("knows how long each has waited", function()
    assert.near(0.5, r.wait_p50, 1e-6)
    assert.near(1.4, r.wait_p99, 1e-6)
    assert.near(2 / 3, r.goodput, 1e-12)
  end)
  it("counts process-seconds, starts, and the seconds in which somebody waited too long", function()
    assert.near(10, r.process_seconds, 1e-6)
    assert.equal(1, r.starts)
    assert.equal(1, r.bad_seconds)
    assert.equal(1, r.most_processes)
  end)
  it("draws what it was at the end of each second", function()
    assert.same({ 0, 2, 1 }, { r.series.waiting[1], r.series.waiting[2], r.series.waiting[3] })
    assert.same({ 1, 1, 1, 0, 0 }, table.move(r.series.busy, 1, 5, 1, {}))
    assert.same({ 0, 0, 0, 1, 1 }, table.move(r.series.spare, 1, 5, 1, {}))
  end)
end)

describe("a model", function()
  it("of the backlog: who finds it full is dropped, and comes again as often as he may", function()
    local list = { client(1, 100), client(2, 1), client(3, 1) }
    local r = run(world(60, list, { backlog = 1, retries = 2, retry_delay = 4 }), static(1))
    assert.equal(3, r.dropped) -- the third client, three times
    assert.equal(1, r.refused)
    assert.equal(1, r.waiting)
    assert.equal(1, r.in_service)
    assert.equal(r.arrived, balance(r))
  end)

  it("of coming again: the wait counts from the first attempt", function()
    local r = run(world(60, { client(1, 3), client(2, 1), client(2, 1) },
      { backlog = 1, retries = 1, retry_delay = 10 }), static(1))
    assert.equal(3, r.served)
    assert.is_true(r.wait_p99 >= 5 and r.wait_p99 <= 15, r.wait_p99)
  end)

  it("of patience: who has waited so long leaves", function()
    local list = { client(1, 20), client(2, 1), client(2, 1, { patience = 30 }) }
    local r = run(world(60, list, { patience = 5 }), static(1))
    assert.equal(1, r.left)
    assert.equal(2, r.served)
    assert.near(19, r.wait_p99, 1e-6)
  end)

  it("of booting: within the spread, and slower when many boot at once", function()
    local alone = run(world(60, { client(0, 1) }, { boot = 2, boot_spread = 0.25 }), static(1))
    assert.is_true(alone.wait_p99 >= 1.5 and alone.wait_p99 <= 2.5)
    local crowd = {}
    for i = 1, 8 do crowd[i] = client(0, 50) end
    local r = run(world(60, crowd, { boot = 1, cpus = 2 }), static(8))
    assert.near(4, r.wait_p99, 1e-6) -- the eighth boots beside seven others on two processors
    assert.near(1.5, r.wait_p50, 1e-6 + 0.5)
  end)

  it("of failing starts: all, none, and a share of them", function()
    local none = run(world(600, {}, { boot = 1, start_failure = 0 }), static(1))
    assert.equal(0, none.start_failures)
    local all = run(world(600, {}, { boot = 1, start_failure = 1 }), static(1))
    assert.equal(all.starts, all.start_failures + (all.starts - all.exits))
    assert.is_true(all.starts >= 10 and all.starts <= 14, all.starts) -- 2, 4, 8 ... 60 s: the master's throttle
  end)

  it("of crashes: a share of the clients takes his process with him", function()
    local list = {}
    for i = 1, 1000 do list[i] = client(i, 0.1) end
    local r = run(world(1100, list, { crash = 0.1 }), static(1))
    assert.is_true(r.lost_crash > 70 and r.lost_crash < 130, r.lost_crash) -- 3 sigma
    assert.equal(r.lost_crash, r.crashes)
    assert.equal(r.arrived, balance(r))
    local poison = run(world(20, { client(1, 1), client(5, 1, { crash = true }), client(9, 1) }), static(1))
    assert.equal(1, poison.lost_crash)
    assert.equal(2, poison.served)
  end)

  it("of memory: what each client leaves adds up, and what is over the machine's is measured", function()
    local list = {}
    for i = 1, 10 do list[i] = client(i, 0.5) end
    local r = run(world(20, list, { memory = 1000, leak = 100, mem_total = 1450 }), static(1))
    assert.near(2000, r.memory_most, 1e-6)
    assert.near(14.5, r.memory_over, 1e-6) -- the fifth client has gone at 5.5 s
    local own = run(world(20, { client(1, 1, { leak = 5000 }) }, { memory = 1000 }), static(1))
    assert.near(6000, own.memory_most, 1e-6)
  end)

  it("of hostile clients: they take places, but nobody's goodput counts them", function()
    local r = run(world(30, { client(1, 10, { hostile = true }), client(2, 1) }), static(1))
    assert.equal(0, r.goodput)
    assert.near(9, r.wait_p99, 1e-6)
    assert.equal(1, r.hostile)
    assert.equal(2, r.served)
  end)

  it("of several clients in a process: each gets a place in the emptiest", function()
    local list = {}
    for i = 1, 6 do list[i] = client(1, 5) end
    local r = run(world(20, list), static(2), { client_limit = 3 })
    assert.equal(6, r.served)
    assert.equal(0, r.wait_p99)
    local seventh = run(world(20, { client(1, 5), client(1, 5), client(1, 5), client(2, 1) }), static(1),
      { client_limit = 3 })
    assert.near(4, seventh.wait_p99, 1e-6)
  end)

  it("of service_count: a process goes after so many clients, and another comes", function()
    local list = {}
    for i = 1, 9 do list[i] = client(i, 0.1) end
    local r = run(world(20, list), static(1), { service_count = 3 })
    assert.equal(4, r.starts)
    assert.equal(9, r.served)
    assert.equal(0, r.lost_ours)
  end)
end)

describe("a record", function()
  it("crash: the busy process dies, and its client with it", function()
    local r = run(world(20, { client(1, 10), { at = 5, kind = "crash", n = 1 } }), static(2))
    assert.equal(1, r.lost_crash)
    assert.equal(3, r.starts)
    assert.equal(0, r.served)
  end)

  it("model: what starts later boots as it says", function()
    local list = { { at = 5, kind = "model", boot = 7 }, { at = 10, kind = "crash" }, client(11, 1) }
    local r = run(world(60, list), static(1))
    assert.near(6, r.wait_p99, 1e-6)
  end)

  it("reload: processes of a new generation replace the old, by the built-in policy", function()
    local r = run(world(120, { { at = 50, kind = "reload" } }, { boot = 0.5 }), false, { process_min_avail = 4 })
    assert.equal(8, r.starts)
    assert.equal(4, r.retired)
  end)

  it("operator: scale is a vote, stop ends the starts", function()
    local r = run(world(60, { { at = 5, kind = "operator", verb = "scale", at_least = 5 } }), static(0))
    assert.equal(0, r.starts) -- at_most = 0 is a ceiling
    local up = run(world(60, { { at = 5, kind = "operator", verb = "scale", at_least = 5 } }), false)
    assert.equal(5, up.starts)
    local stopped = run(world(60, { { at = 5, kind = "operator", verb = "stop" }, client(6, 1) }), false)
    assert.equal(0, stopped.starts)
    assert.equal(1, stopped.waiting)
  end)

  it("host: policies see what other tenants use", function()
    local seen = {}
    run(world(10, { { at = 4, kind = "host", used = 15.5e9 } }, { mem_total = 16e9 }), only { function(s)
      seen[math.floor(s.now)] = { s.host.mem_avail, s.host.psi_full }
      return { at_least = 0, wake = s.now + 1 }
    end })
    assert.same({ 16e9, 0 }, seen[3])
    assert.same({ 0.5e9, 40 }, seen[6])
  end)

  it("that is none is an error with the trace's name", function()
    assert.has_error(function() run(world(10, { { at = 1, kind = "reloads" } }), static(1)) end,
      "trace hand: there is no record of kind 'reloads'; did you mean 'reload'?")
    assert.has_error(function() run(world(10, { client(2, 1), client(1, 1) }), static(1)) end,
      "trace hand: a record at 1 after one at 2: times must not fall")
    assert.has_error(function() run(world(10, { client(2) }), static(1)) end,
      "trace hand: a client at 2 with stay = nil: seconds are wanted")
  end)
end)

describe("what the master does about it", function()
  it("at process_limit: ten seconds of patience, then those who wait are dropped", function()
    local r = run(world(60, { client(1, 50), client(2, 1) }), false, { process_limit = 1 })
    assert.equal(1, r.dropped)
    assert.equal(1, r.refused)
  end)

  it("in mode shed: who waits is closed at once", function()
    local r = run(world(60, { client(1, 50), client(20, 1) }), only { function()
      return { at_least = 1, mode = "shed" }
    end })
    assert.equal(1, r.dropped)
  end)

  it("a retired process finishes its client, and is killed at its deadline", function()
    local function retire_at(t, patience)
      return only { function(s, _, st)
        local v = { at_least = 1, wake = s.now + 1 }
        if s.now >= t and not st.done then
          for _, p in ipairs(s.processes) do v.retire, st.done = { [p.id] = patience and s.now + patience }, true end
        end
        return v
      end }
    end
    local kind = run(world(60, { client(1, 20) }), retire_at(5, nil))
    assert.equal(1, kind.served)
    assert.equal(0, kind.lost_ours)
    local stern = run(world(60, { client(1, 20) }), retire_at(5, 3))
    assert.equal(1, stern.lost_ours)
    assert.equal(0, stern.served)
  end)

  it("reports at most every 20 ms after a burst, and less than once for each client", function()
    local r, result = run(mm(2000, 0.001, 10), static(20))
    assert.is_true(r.arrived > 19000)
    assert.is_true(result.turns < 10 * 50 + 200, result.turns)
  end)
end)

describe("waits of an M/M/c queue", function()
  -- P(wait) of Erlang's C formula, and the mean wait of those who wait: mean / (c - a).
  local function erlang_c(c, a)
    local b = 1
    for n = 1, c do b = a * b / (n + a * b) end
    return c * b / (c - a * (1 - b))
  end

  for _, case in ipairs { { c = 1, rate = 0.7 }, { c = 4, rate = 3 }, { c = 10, rate = 8 } } do
    it(("are Erlang's for c = %d, a = %g"):format(case.c, case.rate), function()
      local t, n, waited, p90 = mm(case.rate, 1, 2000), 4, 0, 0
      t.target = 0 -- so goodput is the share of those who did not wait at all
      for seed = 1, n do
        local r = run(t, static(case.c), nil, { seed = seed })
        waited, p90 = waited + (1 - r.goodput) / n, p90 + r.wait_p90 / n
      end
      local wait = erlang_c(case.c, case.rate)
      local expected = math.log(wait / 0.1) / (case.c - case.rate)
      assert.near(wait, waited, 0.03)
      assert.near(expected, p90, 0.15 * expected)
    end)
  end
end)

describe("a run", function()
  it("loses nobody: who came is served, dropped, lost, gone, waiting, in service or away", function()
    local policies = { static(3), static(40), false, only { T.policy "fpm_dynamic" { min_spare = 2, max_spare = 5 } },
      only { T.policy "fpm_ondemand" {} }, T.policy "max_requests" { n = 20 }, T.policy "hung" { after = 5 } }
    local random = { state = rng.seed "conservation" }
    for world_number = 1, 28 do
      local t = assert(traces.get(traces.SIX[1 + world_number % 6]))
      t.duration = 65
      for name, value in pairs { backlog = 5 + rng.next(random) * 50, retries = rng.next(random) * 3,
        patience = 1 + rng.next(random) * 20, crash = rng.next(random) * 0.02, boot = rng.next(random) } do
        t.model[name] = value
      end
      local set = { client_limit = 1 + world_number % 3, process_min_avail = world_number % 4,
        service_count = world_number % 5 == 0 and 7 or 0 }
      local r = run(t, policies[1 + world_number % #policies], set, { seed = world_number })
      assert.equal(r.arrived, balance(r), t.name)
      assert.is_true(r.served <= r.arrived and r.in_time <= r.arrived)
      assert.is_true(r.most_processes <= 200)
      assert.equal(0, r.failures)
    end
  end)

  local function log_of(name, seed)
    local lines = {}
    local t = traces.get(name)
    t.duration = 225
    run(t, { T.policy "max_requests" { n = 50 }, combinators.settle(30, { T.policy "min_avail" {} }) },
      { process_min_avail = 3, idle_kill = "20s" },
      { seed = seed, decisions = function(line) lines[#lines + 1] = line end })
    return table.concat(lines, "\n")
  end

  it("gives the same decision log again, byte for byte, and another one for another seed", function()
    for _, name in ipairs { "flash", "crash" } do
      local first = log_of(name, 7)
      assert.is_true(#first > 2000)
      assert.equal(first, log_of(name, 7))
      assert.are_not.equal(first, log_of(name, 8))
    end
  end)

  it("logs votes and orders with their time", function()
    local text = log_of("flash", 7)
    for _, pattern in ipairs { '^0%.000 svc vote built%-in/min_avail spare=3 why="process_min_avail = 3"',
      "\n0%.000 svc standing .*spare=3", "\n%d+%.%d%d%d svc retire .*process=%d+" } do
      assert.is_truthy(text:find(pattern), pattern)
    end
  end)

  it("costs a policy that fails its vote, and says so", function()
    local r = run(world(60, { client(1, 1) }), function() error "no" end)
    assert.equal(1, r.served) -- the built-ins go on
    assert.is_true(r.failures > 0)
    assert.matches("policy own is taken out: .*no", r.quarantined[1])
  end)

  it("does not depend on what another policy did: the same clients come and stay as long", function()
    local t = traces.get "storm"
    t.duration = 100
    local a, b = run(t, static(200)), run(t, static(60))
    assert.equal(a.arrived, b.arrived)
    assert.same(a.series.arrived, b.series.arrived)
  end)

  it("refuses a service whose processes do not say what they do", function()
    assert.has_error(function() run(world(10, {}), static(1), { contract = "plain" }) end,
      'service svc has contract = "plain": its processes do not say how many clients they have, so there is nothing to '
      .. "simulate")
  end)
end)

describe("several services", function()
  local list = {}
  for i = 1, 40 do
    list[i] = { at = i * 0.01, kind = "client", stay = 30, service = i % 2 == 0 and "a" or "b" }
  end
  list[41] = { at = 1, kind = "client", stay = 1, service = "elsewhere" }

  local function run_two(between)
    local a, b = service(false), service(false)
    a.name, b.name = "a", "b"
    return simulate.run { trace = world(60, list), services = { a, b }, policies = T.policy, policy = between }.services
  end

  it("each get the clients that are theirs", function()
    local two = run_two(nil)
    assert.same({ "a", 20, 20, "b", 20, 20 }, { two[1].name, two[1].arrived, two[1].starts, two[2].name,
      two[2].arrived, two[2].starts })
  end)

  it("share what a policy between them gives out", function()
    local two = run_two(T.policy "budget" { processes = 16 })
    assert.is_true(two[1].most_processes + two[2].most_processes <= 18,
      two[1].most_processes .. " and " .. two[2].most_processes)
    assert.is_true(two[1].most_processes >= 6 and two[2].most_processes >= 6)
    assert.equal(two[1].arrived, balance(two[1]))
  end)
end)

describe("a report", function()
  it("is, for a small fixed world, this table", function()
    local list = {}
    for i = 1, 20 do list[i] = client(i * 0.5, 0.4 + i % 3 * 0.6) end
    local r = run(world(20, list, { boot = 0.5, memory = 50e6 }), false, { process_limit = 3 })
    assert.equal([[
                           tiny
goodput                85.000 %
wait p50                      0
wait p99                 500 ms
wait p99.9               500 ms
process-seconds              57
starts                        3
most starts in 1 s            2
most processes                3
dropped                       0
lost by our kills             0
bad seconds                   2
most memory             0.15 GB
]], report.table({ r }, { "tiny" }))
  end)

  it("has the medians of several, field by field", function()
    local function one(n) return { name = "x", series = {}, quarantined = {}, starts = n } end
    local reports = { one(3), one(1), one(2) }
    for _, name in ipairs(report.FIELDS) do
      for _, r in ipairs(reports) do r[name] = r[name] or r.starts end
    end
    assert.equal(2, report.median(reports).starts)
    assert.equal(1.5, report.median({ reports[2], reports[3] }).goodput)
    assert.equal(3, report.median(reports).seeds)
  end)
end)

describe("the built-in traces", function()
  for _, name in ipairs(traces.NAMES) do
    it(name .. " are well formed, and the same for the same seed", function()
      local sums = {}
      for i = 1, 2 do
        local t, state = traces.get(name), { state = rng.seed("x") }
        local next_record, last, n, stay = t.records(function() return rng.next(state) end), 0, 0, 0
        for record in next_record do
          if n % 50 == 0 then assert(trace.check_record(record)) end
          assert.is_true(record.at >= last and record.at < t.duration)
          last, n, stay = record.at, n + 1, stay + (record.stay or 0)
          if n == 5000 then break end
        end
        sums[i] = n .. " " .. stay .. " " .. last
      end
      assert.equal(sums[1], sums[2])
    end)
  end
end)
