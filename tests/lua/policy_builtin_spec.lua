-- The built-in policies, each against a hand-written account of the original's behaviour, in virtual time.
local T = require "reeve.test"
local combinators = require "reeve.combinators"

local only = combinators.only

describe("min_avail", function()
  it("keeps two ready and lets idle ones go after five minutes", function()
    local s = T.service { process_limit = 8, process_min_avail = 2, idle_kill = "5min" }
    assert.equal(2, s.live)
    s:connect(6); s:finish(6)
    s:advance "4min"; assert.equal(8, s.live)
    s:advance "6min"; assert.equal(2, s.live)
  end)

  it("replaces a process that was taken, at once and only up to process_limit", function()
    local s = T.service { process_limit = 4, process_min_avail = 2 }
    s:connect(1); assert.same({ 3, 2 }, { s.live, s.avail })
    s:connect(2); assert.same({ 4, 1 }, { s.live, s.avail })
  end)

  it("counts processes that are still starting", function()
    local s = T.service { process_limit = 9, process_min_avail = 3, boot = "2s" }
    assert.same({ 3, 3, 3 }, { s.live, s.starting, s.avail })
    s:advance(1); assert.equal(3, s.live)
  end)

  it("replaces a crashed process", function()
    local s = T.service { process_min_avail = 3 }
    s:crash(2); assert.equal(3, s.live)
  end)

  it("starts nothing where nothing is set", function()
    assert.equal(0, T.service({}).live)
  end)

  it("runs a startup service until it has ended well once, also over a restart of the engine", function()
    local s = T.service { type = "startup", service_count = 1 }
    assert.equal(1, s.live)
    s:crash(1); assert.equal(1, s.live)
    s:connect(1); s:finish(1); assert.equal(0, s.live)
    assert.equal(2, s.counters.starts)
    s:restart_engine(); s:advance(1); assert.equal(0, s.live)
    s:operator "restart"; assert.equal(1, s.live)
  end)

  it("means what the file says: a replaced one that votes spare = 7 gives 7", function()
    local seven = function() return function() return { spare = 7 } end end
    assert.equal(7, T.service({ process_min_avail = 2, policies = { min_avail = seven } }).live)
  end)
end)

describe("on_demand", function()
  it("starts one process for each waiting client", function()
    local s = T.service { process_limit = 8, boot = "1s" }
    s:connect(5); assert.same({ 5, 5 }, { s.live, s.waiting })
    s:connect(1); assert.equal(6, s.live)
    s:advance(1); assert.same({ 6, 0 }, { s.busy, s.waiting })
  end)

  it("lets the ninth client of eight processes wait until one leaves", function()
    local s = T.service { process_limit = 8 }
    s:connect(9); assert.same({ 8, 1 }, { s.live, s.waiting })
    s:finish(1); assert.same({ 8, 0 }, { s.busy, s.waiting })
  end)

  it("counts the room of a process for many clients", function()
    local s = T.service { client_limit = 10, boot = "1s" }
    s:connect(25); assert.equal(3, s.live)
  end)

  it("starts only the first process of a contract without status", function()
    local s = T.service { contract = "plain" }
    s:connect(5); assert.equal(1, s.live)
    s:advance(100); assert.equal(1, s.live)
  end)

  it("replaces a process whose service_count is used up", function()
    local s = T.service { service_count = 2 }
    s:connect(1); s:finish(1); assert.equal(1, s.idle)
    s:connect(1); s:finish(1); assert.equal(0, s.live)
    s:connect(1); assert.equal(1, s.busy)
    assert.same({ 3, 0 }, { s.counters.arrivals, s.counters.crashes })
  end)
end)

describe("idle_kill", function()
  -- five idle processes at t = 0, and nobody to keep them
  local function five(options)
    options.idle_kill = options.idle_kill or "60s"
    local s = T.service(options)
    s:connect(5); s:finish(5)
    return s
  end

  it("kills in number what was idle all the interval long", function()
    local s = five { process_min_avail = 0 }
    s:advance(61); assert.equal(5, s.live) -- in the first interval there was a second without idle ones
    for _ = 1, 5 do
      s:advance(10)
      s:connect(2); s:finish(2) -- two of five are needed each 10 s
    end
    s:advance(10); assert.equal(2, s.live) -- the low water was 3
  end)

  it("keeps process_min_avail", function()
    local s = five { process_min_avail = 2 }
    s:advance "10min"; assert.equal(2, s.live)
  end)

  it("never lets go in a pool that breathes faster than the interval", function()
    local s = five {}
    for _ = 1, 40 do
      s:connect(5); s:finish(5)
      s:advance(20)
    end
    assert.equal(5, s.live)
    assert.equal(5, s.counters.starts)
  end)

  it("does nothing for never, and nothing to a contract without status", function()
    local s = five { idle_kill = "never" }
    s:advance "1d"; assert.equal(5, s.live)
    local plain = T.service { contract = "plain", process_min_avail = 2 }
    plain:advance "1h"; assert.equal(2, plain.live)
  end)

  it("begins the interval again after a restart of the engine: its history is empty", function()
    local s = five {}
    s:advance(110); s:restart_engine()
    s:advance(20); assert.equal(5, s.live)
    s:advance(60); assert.equal(0, s.live)
  end)

  it("takes an interval longer than the histories", function()
    local s = five { idle_kill = "25min" }
    s:advance "26min"; s:connect(4); s:finish(4)
    s:advance "23min"; assert.equal(5, s.live)
    s:advance "2min"; assert.equal(4, s.live) -- one was idle all of the second interval
  end)

  it("in the style of 2.3 each process goes when it has been idle for the interval", function()
    local s = five { policies = { idle_kill = function() return T.policy "idle_kill" { style = "2.3" } end } }
    s:advance(30); s:connect(2); s:finish(2)
    s:advance(29); assert.equal(5, s.live)
    s:advance(1); assert.equal(2, s.live)
    s:advance(29); assert.equal(2, s.live)
    s:advance(1); assert.equal(0, s.live)
  end)

  it("refuses another style", function()
    assert.has_error(function() T.policy "idle_kill" { style = "2.2" } end)
  end)
end)

describe("throttle", function()
  it("waits 2 s, then 4, doubling to 60, and begins again after a good end", function()
    local s = T.service { process_min_avail = 1, process_limit = 5 }
    s:fail_start(); s:crash(1)
    local delays = {}
    for i = 1, 7 do
      delays[i] = s.throttled
      s:advance(s.throttled)
    end
    assert.same({ 2, 4, 8, 16, 32, 60, 60 }, delays)
    s:fail_start(0); s:advance(60); assert.equal(1, s.live)
    s:stop(); s:start()
    s:connect(1); s:finish(1); s:advance "5min"
    s:connect(3); s:finish(3); s:advance "5min" -- idle ones were let go: an end with status 0
    s:fail_start(1); s:crash(s.live); assert.equal(2, s.throttled)
  end)

  it("takes its two delays from the policy", function()
    local quick = function() return T.policy "throttle" { first = 0.5, most = 1 } end
    local s = T.service { process_min_avail = 1, policies = { throttle = quick } }
    s:fail_start(); s:crash(1); assert.equal(0.5, s.throttled)
    s:advance(0.5); assert.equal(1, s.throttled)
    s:advance(1); assert.equal(1, s.throttled)
  end)

  it("is for a failed fork too", function()
    local s = T.service {}
    s:fail_fork(1); s:connect(1); assert.same({ 0, 2 }, { s.live, s.throttled })
    s:advance(2); assert.equal(1, s.busy)
  end)

  it("does not stop a service whose clients crash their own sessions", function()
    local s = T.service {}
    s:connect(1); s:finish(1); s:advance(60)
    for _ = 1, 30 do
      s:connect(1); s:crash(1)
    end
    s:connect(1); assert.equal(1, s.busy)
  end)
end)

describe("rolling", function()
  -- generations of the live processes, "old/new"
  local function mix(s)
    local old, new = 0, 0
    for _, p in ipairs(s.facts.processes) do
      if p.state ~= "draining" then
        if p.generation < s.generation then old = old + 1 else new = new + 1 end
      end
    end
    return ("%d/%d"):format(old, new)
  end

  it("has the new ones up before the old ones go, a quarter at a time", function()
    local s = T.service { process_min_avail = 8, boot = "1s" }
    s:advance(2); s:renew()
    local seen = {}
    for i = 1, 5 do
      seen[i] = mix(s)
      s:advance(1)
    end
    assert.same({ "8/2", "6/4", "4/6", "2/8", "0/8" }, seen)
    assert.equal(8, s.live)
    s:advance(60); assert.same({ 8, 16 }, { s.live, s.counters.starts })
  end)

  it("never has fewer ready than at the beginning", function()
    local s = T.service { process_min_avail = 8, boot = "1s" }
    s:advance(2)
    s.world.checks[1] = function() assert.is_true(s.idle + s.busy >= 8) end
    s:renew(); s:advance(30)
    assert.equal("0/8", mix(s))
  end)

  it("waits for the clients of the old ones", function()
    local s = T.service { process_min_avail = 2 }
    s:connect(4); s:renew(); s:advance(20)
    assert.same({ "0/6", 4, 4 }, { mix(s), s.draining, s.clients })
    s:finish(4); assert.same({ 0, 6, 0 }, { s.draining, s.live, s.lost })
  end)

  it("replaces nobody who has had his last client, but for one that shows that the new ones start", function()
    local s = T.service { service_count = 1, process_limit = 50 }
    s:connect(20); s:renew(); s:advance(20)
    assert.same({ "0/1", 20, 20 }, { mix(s), s.draining, s.counters.starts - 1 })
    s:finish(20); assert.same({ 0, 1, 0 }, { s.draining, s.live, s.lost })
  end)

  it("leaves who has had his last client alone while the new ones fail", function()
    local s = T.service { service_count = 1, process_limit = 50, stop_timeout = "5s" }
    s:connect(20); s:fail_start(); s:renew(); s:advance(60)
    assert.same({ "20/0", 0, 20 }, { mix(s), s.lost, s.clients })
  end)

  it("lets a batch go first where process_limit leaves no room", function()
    local s = T.service { process_min_avail = 4, process_limit = 4, boot = "1s" }
    s:advance(2); s:renew()
    local seen = {}
    for i = 1, 5 do
      seen[i] = mix(s)
      s:advance(1)
    end
    assert.same({ "3/1", "2/2", "1/3", "0/4", "0/4" }, seen)
  end)

  it("replaces the only process of a service for one", function()
    local s = T.service { process_min_avail = 1, process_limit = 1, boot = "1s" }
    s:advance(2); s:renew(); s:advance(5)
    assert.equal("0/1", mix(s))
  end)

  it("stops when the new ones fail, and goes on when one comes up", function()
    local s = T.service { process_min_avail = 8 }
    s:fail_start(); s:renew(); s:advance(30)
    assert.equal("8/0", mix(s))
    assert.matches("rolling stopped", s.facts.standing.why[2] or s.facts.standing.why[1])
    local starts = s.counters.starts
    s:advance(600); assert.equal(starts, s.counters.starts)
    s:fail_start(0); s:connect(1); s:advance(30)
    assert.same({ "0/8", 1 }, { mix(s), s.draining })
  end)

  it("gives the clients of old processes stop_timeout and no more", function()
    local s = T.service { process_min_avail = 1, stop_timeout = "10s" }
    s:connect(1); s:renew(); s:advance(9); assert.equal(1, s.draining)
    s:advance(2); assert.same({ 0, 1 }, { s.draining, s.lost })
  end)
end)

describe("only", function()
  it("starts nothing when it is empty", function()
    local s = T.service { process_min_avail = 4, policy = only {} }
    s:connect(5); s:advance "1h"
    assert.same({ 0, 5 }, { s.live, s.waiting })
  end)

  it("leaves everything to what stands in it", function()
    local s = T.service { process_min_avail = 4, policy = only { function() return { at_least = 1 } end } }
    assert.equal(1, s.live)
    s:connect(5); s:advance "1h"; assert.equal(1, s.live)
  end)
end)
