-- The policies that guard a pool: memory, breaker; and hybrid, which puts them together with the sizing ones.
local T = require "reeve.test"
local only = require "reeve.combinators".only

local MB <const> = 1 << 20

describe("memory", function()
  local function pool(options, settings)
    settings = settings or {}
    settings.policy, settings.idle_kill = T.policy "memory"(options), "never"
    settings.process_min_avail = settings.process_min_avail or 4
    return T.service(settings)
  end
  local function sampled(s, seconds, size, machine)
    for _ = 1, seconds do
      s:sample(size, machine)
      s:advance(1)
    end
  end

  it("replaces the fattest idle one, one at a time, each with its own limit", function()
    local s = pool({ soft = "100M" }, { boot = "2s" })
    s:advance(3)
    local gone = {}
    for _ = 1, 60 do
      local exits = s.counters.exits
      sampled(s, 1, function(p) return p.id <= 4 and (110 + 10 * p.id) * MB or 50 * MB end)
      if s.counters.exits > exits then gone[#gone + 1] = s.counters.exits - exits end
    end
    assert.same({ 1, 1, 1, 1 }, gone)
    assert.same({ 4, 0 }, { s.live, s.lost })
  end)

  it("takes those above the hard limit although they are busy, after a grace", function()
    local s = pool { soft = "100M", hard = "150M", grace = 30 }
    s:connect(2)
    sampled(s, 10, function(p) return p.id == 1 and 160 * MB or 90 * MB end)
    assert.equal(1, s.draining)
    s:advance(40); assert.same({ 0, 1 }, { s.draining, s.lost })
  end)

  it("without a limit takes what has grown to 2.5 times the smallest", function()
    local s = pool {}
    sampled(s, 12, function(p) return p.id == 1 and 240 * MB or 100 * MB end)
    assert.equal(0, s.counters.exits)
    sampled(s, 12, function(p) return p.id == 1 and 301 * MB or 100 * MB end)
    assert.equal(1, s.counters.exits)
  end)

  -- 20 processes that grow by 2 MB a second each, in a machine that has `left` MB more than its reserve
  local function growing(left)
    local s = pool({}, { process_min_avail = 20, boot = "1s" })
    s:advance(2)
    local function size(p) return 100 * MB + math.floor(2 * MB * p.age) end
    sampled(s, 8, size, { mem_total = 1000 * MB, mem_avail = (80 + left) * MB, psi_full = 0 })
    return s, size
  end

  it("when memory will be short in 40 s lets those a quarter above the smallest go, a tenth at a time", function()
    local s, size = growing(3000)
    sampled(s, 30, size) -- 40 MB/s: short in 75 s
    assert.equal(0, s.counters.exits)
    s, size = growing(1200) -- short in 30 s
    local most, before = 0, s.counters.exits
    for _ = 1, 40 do
      sampled(s, 1, size)
      most, before = math.max(most, s.counters.exits - before), s.counters.exits
    end
    assert.equal(2, most)
    assert.is_true(before >= 10, before)
  end)

  it("then takes busy ones too, and lets them finish", function()
    local s, size = growing(100)
    s:connect(20); sampled(s, 40, size)
    assert.is_true(s.draining >= 1 and s.draining <= s.live // 10 and s.lost == 0, s.draining)
    s:advance "10min"
    assert.same({ 20, 0 }, { s.serving, s.lost })
  end)

  it("lets those alone that have grown long ago, though memory is short", function()
    local s = pool({}, { process_min_avail = 8 })
    s:advance "2h"
    sampled(s, 60, function(p) return p.id == 1 and 100 * MB or 200 * MB end,
      { mem_total = 1000 * MB, mem_avail = 100 * MB, psi_full = 0 })
    assert.equal(0, s.counters.exits)
  end)

  it("does nothing while nothing is known", function()
    local s = pool { soft = 1 }
    s:advance(60)
    assert.same({ 4, 0 }, { s.live, s.counters.exits })
  end)

  it("sheds idle ones under pressure, and only when both signals are there", function()
    local function fine() return 10 * MB end
    local s = pool({ cooldown = 15 }, { process_min_avail = 0 })
    s:connect(8); s:finish(8)
    sampled(s, 20, fine, { psi_full = 60, mem_avail = 900, mem_total = 1000 })
    sampled(s, 20, fine, { psi_full = 1, mem_avail = 10, mem_total = 1000 })
    assert.equal(8, s.live)
    sampled(s, 7, fine, { psi_full = 60, mem_avail = 10, mem_total = 1000 })
    assert.equal(4, s.live)
    sampled(s, 30, fine, { psi_full = 60, mem_avail = 10, mem_total = 1000 })
    assert.is_true(s.live <= 2, s.live)
    sampled(s, 30, fine, { psi_full = 0, mem_avail = 900, mem_total = 1000 })
    s:connect(8); assert.equal(8, s.busy)
  end)

  it("does not grow the pool under pressure", function()
    local s = pool({}, { process_min_avail = 0 })
    s:connect(2)
    sampled(s, 7, function() return MB end, { psi_full = 60, mem_avail = 10, mem_total = 1000 })
    s:connect(5)
    assert.same({ 2, 5 }, { s.live, s.waiting })
  end)
end)

describe("breaker", function()
  local function pool(options, settings)
    settings = settings or {}
    settings.policies = { throttle = function() return {} end } -- the master's own first delays stay
    settings.policy = T.policy "breaker"(options)
    return T.service(settings)
  end

  it("opens when crashes outnumber the clients served, and sends one process to see", function()
    local s = pool({ fails = 3, base = 4, bake = 5 }, { process_min_avail = 3 })
    s:advance(1); s:crash(3)
    assert.matches("^open for", s.facts.name and s.host:why("test").policies[#s.host:why("test").policies].why)
    local live = s.live
    s:crash(s.live); assert.equal(0, s.live) -- nobody is started while it is open
    s:advance(2); assert.equal(0, s.live)
    s:advance(4); assert.equal(1, s.live) -- 4 s, ± a quarter
    s:advance(3); assert.equal(1, s.live)
    s:advance(5); assert.equal(live, s.live)
  end)

  it("stays closed when clients crash only their own sessions", function()
    local s = pool({ fails = 3 }, { process_min_avail = 3 })
    for _ = 1, 60 do
      s:connect(5); s:finish(4); s:crash(1); s:advance(1)
      assert.is_true(s.live >= 3)
    end
    assert.equal(60, s.counters.crashes)
  end)

  it("opens for longer each time its canary dies, and every delay ends", function()
    local s = pool({ fails = 2, base = 2, max = 16, bake = 20 }, { process_min_avail = 2 })
    s:advance(1); s:crash(2)
    local gaps = {}
    for i = 1, 5 do
      s:crash(s.live)
      local began = s.now
      while s.live == 0 do s:advance(0.25) end
      gaps[i] = s.now - began
      assert.equal(1, s.live)
      s:advance(0.5)
    end
    for i, want in ipairs { 2, 4, 8, 16, 16 } do
      assert.is_true(gaps[i] >= want * 0.75 - 0.3 and gaps[i] <= want * 1.25 + 0.3, ("gap %d: %g"):format(i, gaps[i]))
    end
  end)

  it("proves a new generation by one process before the pool grows further", function()
    local s = pool({ bake = 10, bake_served = 3 }, { process_min_avail = 4 })
    s:advance(1); s:connect(2); assert.equal(6, s.live)
    s:renew(); s:restart_engine(); s:advance(2) -- as a reload does
    s:connect(9); assert.is_true(s.live <= 7, s.live)
    s:advance(30); assert.is_true(s.live >= 11, s.live)
  end)

  it("opens when the first process of a new generation dies", function()
    local s = pool({ base = 30 }, { process_min_avail = 2 })
    s:advance(1); s:fail_start(1); s:renew(); s:restart_engine(); s:advance(1)
    s:crash(s.live); assert.equal(0, s.live)
    s:advance(10); assert.equal(0, s.live)
    s:advance(40); assert.is_true(s.live >= 1)
  end)

  it("forgets its delay after a quiet while, and at an operator's reset at once", function()
    local s = pool({ fails = 2, base = 2, bake = 1, forgive = 100 }, { process_min_avail = 2 })
    local function trip()
      s:advance(1); s:crash(2)
      s:crash(s.live)
      local began = s.now
      while s.live == 0 do s:advance(0.25) end
      local gap = s.now - began
      s:advance(40) -- bake, and the window of crashes
      return gap
    end
    local first, second = trip(), trip()
    assert.is_true(second > first, ("%g then %g"):format(first, second))
    s:advance(120)
    assert.is_true(trip() <= 2.8)
    s:crash(2); s:operator "reset"; s:advance(0.1); assert.equal(2, s.live)
  end)

  it("never holds starts for more than a minute ahead", function()
    local s = pool({ fails = 1, base = 3000, max = 3600 }, { process_min_avail = 1 })
    s:advance(1); s:crash(1); s:crash(1) -- the first one is replaced before the policy has heard of it
    assert.is_true(s.standing.hold_until <= s.world.now + 60000)
    s:advance(600); assert.equal(0, s.live) -- but it says so again
  end)
end)

describe("hybrid", function()
  it("keeps the spare ones, follows the load, and settles a minute later", function()
    local s = T.service { process_min_avail = 3, idle_kill = "never", policy = T.policy "hybrid" {} }
    assert.equal(3, s.live)
    s:connect(20); s:advance(0.1); assert.is_true(s.live >= 23, s.live) -- bursts
    s:finish(20); s:advance(30); assert.is_true(s.live >= 20)
    s:advance(240); assert.is_true(s.live >= 3 and s.live <= 6, s.live)
  end)

  it("can stand alone", function()
    local s = T.service { process_min_avail = 2, policy = only { T.policy "hybrid" {}, T.policy "on_demand" {} } }
    s:connect(9); s:advance(0.1); assert.equal(9, s.busy)
    s:finish(9); s:advance(600); assert.equal(2, s.live)
  end)
end)
