-- reeve.test itself: the world keeps time, says what is wrong, and finds the shortest failure.
local T = require "reeve.test"
local pool = require "reeve.pool"

describe("min_avail", function()
  it("keeps two ready and lets idle ones go after five minutes", function()
    local s = T.service { process_limit = 8, process_min_avail = 2, idle_kill = "5min" }
    assert.equal(2, s.live)
    s:connect(6); s:finish(6)
    s:advance "4min"; assert.equal(8, s.live)
    s:advance "6min"; assert.equal(2, s.live)
  end)
end)

describe("a fake service", function()
  it("has virtual time", function()
    local s = T.service {}
    s:advance "1h"; s:advance(0.5)
    assert.equal(3600.5, s.now)
    assert.same({ 3600, 1 }, { s.facts.wall.sec, s.facts.wall.wday })
    s:advance "2d"; assert.equal(3, s.facts.wall.wday)
  end)

  it("boots processes in the time it is told", function()
    local s = T.service { process_min_avail = 3, boot = "1500ms" }
    s:connect(1); s:advance(1.499)
    assert.same({ 3, 1 }, { s.starting, s.waiting })
    s:advance(0.001)
    assert.same({ 2, 1, 1, 1.5 }, { s.idle, s.busy, s.starting, s.facts.boot_mean })
  end)

  it("lets no more be served than there are, and says so", function()
    local s = T.service {}
    s:connect(2)
    assert.has_error(function() s:finish(3) end)
    assert.has_error(function() s:crash(9) end)
  end)

  it("says what is wrong with a setting", function()
    local function message(options) return select(2, pcall(T.service, options)) end
    assert.matches("unknown setting 'proces_limit'; did you mean 'process_limit'%?", message { proces_limit = 5 })
    assert.matches("idle_kill = 1m: ", message { idle_kill = "1m" })
  end)

  it("keeps a burst to one step a millisecond", function()
    local s = T.service { process_min_avail = 10, policy = function() return { burst = 4 } end }
    assert.equal(4, s.live)
    s:advance(0.001); assert.equal(8, s.live)
    s:advance(0.001); assert.equal(10, s.live)
  end)

  it("holds starts until the time of the vote", function()
    local s = T.service { policy = { start = function(f) return { at_least = 3, hold = f.now + 20 } end } }
    s:advance(19.9); assert.equal(0, s.live)
    s:advance(0.1); assert.equal(3, s.live)
  end)

  it("clips a hold to a minute", function()
    local s = T.service { policy = { start = function(f) return { at_least = 3, hold = f.now + 900 } end } }
    s:advance(59); assert.equal(0, s.live)
    s:advance(1); assert.equal(3, s.live)
  end)

  it("shrinks to a ceiling, idle ones only", function()
    local most = 9
    local s = T.service { policy = { operator = function() return { at_most = most } end } }
    s:connect(6); s:finish(3)
    most = 2
    s:operator "scale"
    assert.same({ 3, 3, 0 }, { s.live, s.busy, s.lost })
    s:finish(3); assert.equal(2, s.live)
  end)

  it("ends what is retired with a deadline, at the deadline", function()
    local s = T.service { policy = { operator = function(f)
      return { retire = { [f.processes[1].id] = f.now + 5 } }
    end } }
    s:connect(1); s:operator "scale"
    assert.same({ 1, 0 }, { s.draining, s.lost })
    s:advance(5); assert.same({ 0, 1 }, { s.draining, s.lost })
  end)
end)

describe("the pool, from Lua", function()
  it("raises for what does not exist or does not fit", function()
    local p = pool.new { process_limit = 2 }
    p:started(1, 0)
    assert.has_error(function() p:started(1, 0) end, "process 1 is already in this pool")
    assert.has_error(function() p:up(2, 0) end, "no process 2 in this pool")
    assert.has_error(function() p:standing { at_least = -1 } end,
      "at_least = -1 is not a whole number from 0 to 4294967295")
    assert.has_error(function() p:limits { process_limit = 1.5 } end,
      "process_limit = 1.5 is not a whole number from 0 to 4294967295")
    assert.has_error(function() p:count "sleeping" end)
    assert.has_error(function() p.started({}, 1, 0) end)
    p:gone(1, { ok = true, age = 5 }, 5)
    assert.has_error(function() p:drain(1, 6) end, "no process 1 in this pool")
  end)

  it("is not woken each millisecond while a burst is held back", function()
    local p = pool.new { process_limit = 9 }
    p:standing { at_least = 8, burst = 2, hold_until = 5000 }
    assert.same({ start = 0, ask = 0, brake = "hold", wake = 5000 }, p:step(0, 1000))
    p:standing { at_least = 8, burst = 0 }
    assert.same({ start = 0, ask = 0, brake = "burst", wake = 0 }, p:step(0, 1000))
    p:standing { at_least = 8, burst = 2 }
    assert.same({ start = 2, ask = 0, brake = "burst", wake = 1001 }, p:step(0, 1000))
  end)

  it("survives the collector", function()
    local p = pool.new {}
    for id = 1, 2000 do
      p:started(id, id)
      if id % 100 == 0 then collectgarbage() end
    end
    for id = 1, 2000, 2 do p:gone(id, { ok = true, age = 1 }, 3000) end
    collectgarbage()
    assert.equal(1000, p:live())
  end)
end)

describe("fuzz", function()
  -- votes everything at random, on every event
  local function chaos(s)
    local function n() return math.floor(s:rand() * 9) end
    local function maybe(x) if s:rand() < 0.3 then return x end end
    local victims = {}
    for _, p in ipairs(s.processes) do
      if s:rand() < 0.05 then victims[p.id] = s:rand() < 0.5 and s.now + 3 end
    end
    if s:rand() < 0.3 then return nil end
    return { at_least = maybe(n()), spare = maybe(n()), at_most = maybe(n()), burst = maybe(1 + n()),
      shrink_to = maybe(n()), hold = maybe(s.now + s:rand() * 3), on_demand = maybe(s:rand() < 0.5),
      wake = s.now + 0.5 + s:rand() * 5, retire = maybe(victims), mode = maybe "stress" }
  end

  it("finds no way over the limits in 2000 worlds of random votes", function()
    assert.is_true(T.fuzz(chaos, { worlds = 1000, deeds = 10, process_limit = 6, process_min_avail = 1,
      boot = "300ms" }))
    assert.is_true(T.fuzz(chaos, { worlds = 700, deeds = 10, process_limit = 4, client_limit = 3, service_count = 5 }))
    assert.is_true(T.fuzz(chaos, { worlds = 300, deeds = 10, process_limit = 5, contract = "plain", leave = "200ms" }))
  end)

  it("finds none with the built-ins", function()
    assert.is_true(T.fuzz(nil, { worlds = 300, deeds = 15, process_limit = 6, process_min_avail = 2, boot = "500ms" }))
  end)

  it("gives the shortest script that fails", function()
    local ok, failure = pcall(T.fuzz, { exit = function(_, ev) if ev.signal == 11 then error "cannot bear it" end end },
      { worlds = 50 })
    assert.is_false(ok)
    assert.matches("cannot bear it", failure)
    local script = failure:match "after: (.*)"
    local deeds = select(2, script:gsub("%a+%(", ""))
    assert.is_true(deeds <= 3, script) -- somebody must connect, and a process must crash
    assert.matches("crash", script)
  end)
end)
