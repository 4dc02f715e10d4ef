-- Facts: the mirror of reports, its windows, and what policies may do with it.
local T = require "reeve.test"
local facts = require "reeve.facts"
local rng = require "reeve.rng"
local spec = require "reeve.spec"
local windows = require "reeve.windows"

-- A world of one service, fed by hand.
local function world_of(settings)
  local all = { process_limit = "8", client_limit = "1", idle_kill = "60000", contract = "reeve" }
  for name, value in pairs(settings or {}) do all[name] = value end
  local function wall(now) return { unix = now // 1000, sec = 3, wday = 2, zone = "UTC" } end
  local world = facts.new { seed = 7, wall = wall }
  world:define({ services = { { name = "web", settings = all }, { name = "other", settings = all } } }, spec)
  world:report("begin", { generation = 1, now = 1000, master_pid = 1, resumed = false })
  return world, world.views.web
end

local function process(world, id, state, now, more)
  local msg = { process = id, svc = 1, pid = 100 + id, generation = 1, state = state, now = now, born = 1000,
    since = now, available = state < 2 and 1 or 0, clients = state == 2 and 1 or 0, served = 0, ready = state > 0 }
  for name, value in pairs(more or {}) do msg[name] = value end
  world:report("process", msg)
end

local function pool(world, now, more)
  local msg = { svc = 1, now = now, generation = 1, waiting = 0, arrivals = 0, served = 0, starts = 0,
    start_failures = 0, exits = 0, crashes = 0, dropped = 0, throttled_until = 0, stopped = false }
  for name, value in pairs(more or {}) do msg[name] = value end
  world:report("pool", msg)
end

local function exit(world, id, now, more)
  local msg = { process = id, svc = 1, now = now, ok = true, asked = false, stage = 1, code = 0, signal = 0,
    age = 500, served = 3, clients_lost = 0, text = "ended" }
  for name, value in pairs(more or {}) do msg[name] = value end
  world:report("exit", msg)
end

local function kinds(world)
  local list = {}
  for _, event in ipairs(facts.events(world.services[1])) do list[#list + 1] = event.kind .. (event.id or "") end
  return list
end

describe("the mirror", function()
  it("counts by state, and a process that goes leaves nothing behind", function()
    local world, s = world_of()
    for id, state in ipairs { 0, 1, 1, 2, 2, 2, 3, 4 } do process(world, id, state, 2000) end
    assert.same({ 7, 1, 2, 3, 1, 1, 3 }, { s.live, s.starting, s.idle, s.busy, s.leaving, s.draining, s.avail })
    process(world, 2, 2, 2100)
    assert.same({ 1, 4, 2, 4 }, { s.idle, s.busy, s.avail, s.clients })
    for id = 1, 8 do exit(world, id, 2200) end
    assert.same({ 0, 0, 0, 0, 0, 0, 0, 0 },
      { s.live, s.starting, s.idle, s.busy, s.leaving, s.draining, s.avail, s.clients })
    assert.equal(0, #s.processes)
  end)

  it("takes the exit of a process it never saw, and reports about nobody", function()
    local world, s = world_of()
    exit(world, 99, 2000)
    world:report("pool", { svc = 40, now = 2000 })
    world:report("nonsense", { now = 2000 })
    assert.equal(0, s.live)
    assert.same({ "start", "exit99" }, kinds(world))
  end)

  it("is the pool, in 200 random worlds of each order of reports", function()
    assert.is_true(T.fuzz(nil, { worlds = 200, deeds = 15, process_limit = 7, process_min_avail = 2, fuzz_seed = 5 }))
  end)

  it("lists processes by id, with ages of this moment", function()
    local world, s = world_of()
    process(world, 12, 1, 2000)
    process(world, 4, 2, 3000)
    world:turn(5000)
    assert.equal(2, #s.processes)
    local four, twelve = s.processes[1], s.processes[2]
    assert.same({ 4, 104, 1, "busy", 4.0, 0, 2.0, 1 }, { four.id, four.pid, four.generation, four.state, four.age,
      four.idle_for, four.busy_for, four.clients })
    assert.same({ 12, "idle", 3.0, 0 }, { twelve.id, twelve.state, twelve.idle_for, twelve.busy_for })
    assert.is_nil(four.rss)
    assert.equal(four.jitter, rng.once(rng.seed(7, "web", 4)))
  end)

  it("knows how long clients have waited since the queue was last empty", function()
    local world, s = world_of()
    pool(world, 2000, { waiting = 3 })
    pool(world, 4000, { waiting = 1 })
    world:turn(5000)
    assert.same({ 1, 3.0 }, { s.waiting, s.wait_oldest })
    pool(world, 5500); assert.equal(0, s.wait_oldest)
  end)

  it("drops after a resync what was not told again", function()
    local world, s = world_of()
    process(world, 1, 1, 2000); process(world, 2, 1, 2000); world:turn(2000)
    world:report("resync", { lost = 5, now = 3000 })
    process(world, 2, 2, 3000); world:turn(3000)
    assert.equal(2, s.live)
    world:turn(4000)
    assert.same({ 1, 1, 0 }, { s.live, s.busy, s.idle })
  end)

  it("hands out events in the fixed order, status once", function()
    local world = world_of()
    world:turn(1000); kinds(world)
    process(world, 9, 1, 2000); process(world, 3, 1, 2000); process(world, 3, 2, 2001)
    world:report("demand", { svc = 1, now = 2002, waiting = 1 })
    exit(world, 9, 2003); exit(world, 3, 2003)
    facts.tell(world.services[1], "operator", { verb = "reset" })
    assert.same({ "exit3", "exit9", "spawn3", "spawn9", "ready3", "ready9", "status", "demand", "operator" },
      kinds(world))
    assert.same({}, kinds(world))
  end)

  it("are not made for kinds that nobody hears", function()
    local world = world_of()
    local service = world.services[1]
    world:turn(1000)
    facts.events(service)
    service.hears = function(kind) return kind == "exit" end
    process(world, 1, 1, 2000)
    exit(world, 1, 2001)
    world:turn(2001)
    assert.same({ "exit1" }, kinds(world))
  end)

  it("says start and stop when the service is stopped and started", function()
    local world = world_of()
    pool(world, 1500); kinds(world)
    pool(world, 2000, { stopped = true }); assert.same({ "stop", "status" }, kinds(world))
    pool(world, 3000); assert.same({ "start", "status" }, kinds(world))
  end)

  it("has nothing to say about clients of a contract without status", function()
    local world, s = world_of { contract = "plain" }
    process(world, 1, 1, 2000); pool(world, 2000, { served = 4 }); world:turn(9000)
    assert.same({ 1, 1 }, { s.live, s.avail })
    for _, name in ipairs { "clients", "served", "busy", "idle", "service_mean" } do assert.is_nil(s[name], name) end
    for _, name in ipairs { "clients", "served", "busy_for", "idle_for" } do
      assert.is_nil(s.processes[1][name], name)
    end
    assert.is_nil(s:avg("busy", 5)); assert.is_nil(s:rate("served", 5))
    assert.equal(1, s:min("live", 5))
  end)

  it("learns how long booting and serving take", function()
    local world, s = world_of()
    assert.is_nil(s.boot_mean); assert.is_nil(s.service_mean)
    process(world, 1, 0, 1000); process(world, 1, 1, 1400)
    assert.equal(0.4, s.boot_mean)
    for i = 0, 9 do
      process(world, 1, 2, 2000 + i * 1000)
      process(world, 1, 1, 2000 + i * 1000 + (i % 2 == 0 and 100 or 300))
    end
    assert.is_true(math.abs(s.service_mean - 0.2) < 1e-9)
    assert.is_true(math.abs(s.service_cv2 - 0.25) < 1e-9)
  end)

  it("takes the mean of many clients in one process from Little's law", function()
    local world, s = world_of { client_limit = "10" }
    pool(world, 1000); process(world, 1, 2, 1000, { available = 6, clients = 4 }); world:turn(1000)
    for i = 1, 60 do
      pool(world, 1000 + i * 1000, { served = i * 2 })
      world:turn(1000 + i * 1000)
    end
    assert.is_true(math.abs(s.service_mean - 2) < 0.1, s.service_mean) -- 4 at a time, 2 a second
  end)
end)

describe("settings", function()
  it("are in the units of people", function()
    local _, s = world_of { idle_kill = "90500", process_min_avail = "3", vsz_limit = "268435456",
      stop_timeout = tostring(math.maxinteger) }
    local set = s.settings
    assert.same({ 90.5, 3, 268435456, math.huge, true, "reeve", 30 },
      { set.idle_kill, set.process_min_avail, set.vsz_limit, set.stop_timeout, set.drop_priv_before_exec, set.contract,
        set.start_timeout })
    assert.equal("integer", math.type(set.start_timeout))
  end)
end)

describe("what a policy cannot do", function()
  local world, s = world_of()
  process(world, 1, 1, 2000)
  for what, case in pairs {
    ["set a fact"] = { function() s.live = 3 end, "field 'live' of a service cannot be set: facts are read%-only" },
    ["misspell a fact"] = { function() return s.liv end, "a service has no field 'liv'; did you mean 'live'%?" },
    ["set a process"] = { function() s.processes[1].state = "busy" end, "field 'state' of a process cannot be set" },
    ["misspell a field"] = { function() return s.processes[1].idle_fro end, "did you mean 'idle_for'%?" },
    ["change the list"] = { function() s.processes[1] = nil end, "field '1' of s.processes cannot be set" },
    ["set a setting"] = { function() s.settings.process_limit = 99 end, "'process_limit' of s.settings cannot be set" },
    ["misspell a setting"] = { function() return s.settings.proces_limit end, "did you mean 'process_limit'%?" },
    ["turn the clock"] = { function() s.wall.sec = 0 end, "'sec' of s.wall cannot be set" },
    ["invent a gauge"] = { function() local x = s:avg("idel", 5) return x end,
      "there is no gauge 'idel'; did you mean 'idle'%?" },
    ["take a gauge for a counter"] = { function() local x = s:rate("idle", 5) return x end,
      "there is no counter 'idle'" },
    ["look too far back"] = { function() local x = s:avg("idle", 601) return x end,
      "a window of 601 seconds: from above 0 to 600" },
    ["look at nan"] = { function() local x = s:min("idle", 0 / 0) return x end, "a window of %-?nan seconds" },
    ["add a peer"] = { function() s.services.web = nil end, "field 'web' of s.services cannot be set" },
    ["reach the metatable"] = { function() getmetatable(s).__index = nil end, "attempt to index a boolean value" },
  } do
    it(what, function()
      local ok, message = pcall(case[1])
      assert.is_false(ok)
      assert.matches(case[2], message)
      assert.matches("facts_spec%.lua:%d+:", message)
    end)
  end

  it("see peers, the wall clock, and its own fields in order", function()
    assert.equal("other", s.services.other.name)
    assert.is_nil(s.services.nobody)
    assert.equal("UTC", s.wall.zone)
    local names = {}
    for name in pairs(s) do names[#names + 1] = name end
    local sorted = table.move(names, 1, #names, 1, {})
    table.sort(sorted)
    assert.same(sorted, names)
    assert.is_true(#names > 20)
  end)
end)

describe("windows", function()
  -- every change kept, and the window read from it second by second
  local function model()
    local m = { changes = {} }
    function m.set(value, at) m.changes[#m.changes + 1] = { at, value } end
    function m.read(from, to)
      local least, most, area = math.huge, -math.huge, 0
      for i, change in ipairs(m.changes) do
        local stop = m.changes[i + 1] and m.changes[i + 1][1] or to
        local a, b = math.max(change[1], from), math.min(stop, to)
        if b > a or (b == a and not m.changes[i + 1]) then
          least, most, area = math.min(least, change[2]), math.max(most, change[2]), area + change[2] * (b - a)
        end
      end
      return least, most, to > from and area / (to - from) or nil
    end
    return m
  end

  it("gives the most of each step, for a picture", function()
    local g = windows.gauge(2, 5000)
    windows.set(g, 7, 6500)
    windows.set(g, 1, 6900)
    windows.set(g, 3, 9000)
    assert.same({ 0, 2, 7, 1, 1, 3 }, windows.series(g, 1, 6, 9999))
    assert.same({ 0, 2, 7, 3, 3, 3 }, windows.series(g, 3, 6, 17000))
  end)

  it("agree with a list of every change, over 300 random histories", function()
    local random = { state = 42 }
    local function draw(n) return math.floor(rng.next(random) * n) end
    for _ = 1, 300 do
      local m, now = model(), draw(5000)
      local born = now
      local g = windows.gauge(draw(10), now)
      m.set(g.value, now)
      for _ = 1, draw(60) do
        now = now + (draw(4) == 0 and draw(400000) or 1 + draw(1500))
        local value = draw(10)
        windows.set(g, value, now); m.set(value, now)
      end
      now = now + draw(3000)
      local seconds = 1 + draw(600)
      local from = math.max((now // 1000 - seconds) * 1000, born)
      local least, most, mean = m.read(from, now)
      -- a value that lasted no time at all may be in the buckets
      assert.is_true(windows.min(g, seconds, now) <= least)
      assert.is_true(windows.max(g, seconds, now) >= most)
      if mean then assert.is_true(math.abs(windows.avg(g, seconds, now) - mean) < 1e-6) end
    end
  end)

  it("forget what is older than ten minutes", function()
    local g = windows.gauge(9, 0)
    for second = 1, 5000 do windows.set(g, second % 2, second * 1000) end
    local kept = 0
    for _ in pairs(g.sec) do kept = kept + 1 end
    assert.is_true(kept <= 603, kept)
    assert.equal(1, windows.max(g, 600, 5000000))
  end)

  it("give rates per second", function()
    local c = windows.counter(0)
    for i = 0, 99 do windows.add(c, 2, i * 100) end
    assert.equal(20, windows.rate(c, 5, 10000))
    assert.equal(0, windows.rate(c, 5, 60000))
    assert.equal(4, windows.rate((function()
      local d = windows.counter(1000)
      windows.add(d, 4, 1100)
      return d
    end)(), 60, 1200))
  end)
end)

describe("speed", function()
  it("takes a report in some microseconds", function()
    local world = world_of { client_limit = "10" }
    for id = 1, 200 do process(world, id, 1, 1000) end
    local msgs = {}
    for i = 1, 20000 do
      msgs[i] = { process = 1 + i % 200, svc = 1, pid = 5, generation = 1, state = 1 + i % 2, now = 1000 + i, born = 1,
        since = 900 + i, available = i % 10, clients = 10 - i % 10, served = i, ready = true }
    end
    local before = os.clock()
    for i = 1, #msgs do
      world:report("process", msgs[i])
      if i % 10 == 0 then world:turn(1000 + i) end
    end
    local each = (os.clock() - before) / #msgs * 1e6
    assert.is_true(each < 200, ("%.2f us"):format(each)) -- a quiet machine needs one or two
  end)
end)

describe("memory", function()
  local GIB <const> = 1024 ^ 3

  local function heard(world)
    world:turn(world.now)
    return table.concat(kinds(world), " ")
  end

  it("of processes is told with event sample, and private_mean is theirs", function()
    local world, s = world_of()
    process(world, 1, 1, 1500); process(world, 2, 1, 1500); process(world, 3, 1, 1500)
    heard(world)
    assert.is_nil(s.private_mean)
    assert.is_nil(s.processes[1].rss)
    world:sample { [1] = { rss = 30, private = 10, cpu = 0.5 }, [2] = { rss = 50, private = 40 }, [3] = {} }
    assert.equal("sample", heard(world))
    assert.same({ 30, 10, 0.5 }, { s.processes[1].rss, s.processes[1].private, s.processes[1].cpu })
    assert.is_nil(s.processes[2].cpu)
    assert.is_nil(s.processes[3].rss)
    assert.equal(25, s.private_mean)
  end)

  it("of the machine is told with event pressure when it gets short and when it no longer is", function()
    local world, s = world_of()
    heard(world)
    world:sample({}, { mem_total = 8 * GIB, mem_avail = 4 * GIB, psi_full = 9.9, psi_cpu = 80, load = 3, ncpu = 2 })
    assert.equal("", heard(world))
    assert.same({ 8 * GIB, 9.9, 80, 2 }, { s.host.mem_total, s.host.psi_full, s.host.psi_cpu, s.host.ncpu })
    world:sample({}, { psi_full = 10 })
    world:turn(world.now)
    local event = facts.events(world.services[1])[1]
    assert.same({ "pressure", true, 10 }, { event.kind, event.short, event.psi_full })
    world:sample({}, { psi_full = 12 })
    assert.equal("", heard(world))
    world:sample({}, { psi_full = 0 })
    assert.equal("pressure", heard(world))
    world:sample({}, { mem_avail = 0.6 * GIB })
    assert.equal("pressure", heard(world))
  end)
end)
