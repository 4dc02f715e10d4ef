-- The sizing policies of other managers, each against a hand-written account of what the original does.
local T = require "reeve.test"
local only = require "reeve.combinators".only

local function pool(name, options, settings)
  settings = settings or {}
  settings.policy = only { T.policy(name)(options) }
  return T.service(settings)
end

-- How the pool changes from second to second.
local function changes(s, seconds, each)
  local list, before = {}, s.live
  for i = 1, seconds do
    if each then each(i) end
    s:advance(1)
    list[i], before = s.live - before, s.live
  end
  return list
end

describe("apache_prefork", function()
  it("doubles its starts each second whatever is missing: 1 2 4 8 16 32 32", function()
    local s = pool("apache_prefork", { min_spare = 120, max_spare = 200, start_servers = 120 },
      { process_limit = 400, boot = "100ms" })
    s:advance(0.5); s:connect(120)
    assert.same({ 1, 2, 4, 8, 16, 32, 32 }, changes(s, 7))
  end)

  it("starts the rate and not what is missing, then one goes each second above max_spare", function()
    local s = pool("apache_prefork", { min_spare = 3, max_spare = 4, start_servers = 3 })
    s:advance(0.5); s:connect(3) -- idle 0: 1, 2 (idle 3: calm)
    assert.same({ 1, 2, 0, 0 }, changes(s, 4))
    s:finish(3) -- six idle, four may stay; the second after an end is passed over
    assert.same({ -1, 0, -1, 0, 0 }, changes(s, 5))
  end)

  it("does nothing in a second in which a process ended, and replaces it only when too few are idle", function()
    local s = pool("apache_prefork", { min_spare = 2, max_spare = 5, start_servers = 4 })
    s:advance(1.5); s:crash(1); assert.equal(3, s.live)
    assert.same({ 0, 0, 0 }, changes(s, 3))
    s:crash(2)
    assert.same({ 0, 1, 0 }, changes(s, 3))
  end)

  it("counts starting ones as idle, so a slow boot brings no more starts", function()
    local s = pool("apache_prefork", { min_spare = 2, max_spare = 5, start_servers = 2 }, { boot = "10s" })
    assert.same({ 0, 0, 0 }, changes(s, 3))
  end)

  it("does not double for ten seconds after a graceful restart", function()
    local s = pool("apache_prefork", { min_spare = 50, max_spare = 90, start_servers = 50 }, { process_limit = 200 })
    s:advance(0.5); s:renew(); s:advance(1)
    s:connect(50)
    assert.same({ 1, 1, 1 }, changes(s, 3))
  end)

  it("stops at max_workers", function()
    local s = pool("apache_prefork", { min_spare = 5, max_spare = 9, start_servers = 5, max_workers = 7 })
    s:advance(0.5); s:connect(20); s:advance(9)
    assert.same({ 7, 7, 13 }, { s.live, s.busy, s.waiting })
  end)
end)

describe("uwsgi_spare", function()
  it("adds a step when nobody was idle for three seconds", function()
    local s = pool("uwsgi_spare", { cheaper = 2, step = 2, overload = 3 }, { process_limit = 9 })
    s:advance(0.5); s:connect(9)
    assert.same({ 0, 0, 2, 0, 0, 2, 0, 0, 2, 0, 0, 1 }, changes(s, 12))
  end)

  it("lets one go at every third second with more than one idle, down to cheaper; one spare stays", function()
    local s = pool("uwsgi_spare", { cheaper = 1, initial = 5 })
    s:advance(0.5)
    assert.same({ 0, 0, -1, 0, 0, -1, 0, 0, -1, 0, 0, -1, 0, 0, 0 }, changes(s, 15))
    s = pool("uwsgi_spare", { cheaper = 1, initial = 5 })
    s:advance(0.5); s:connect(4)
    assert.same({ 0, 0, 0, 0, 0, 0, 0 }, changes(s, 7))
  end)

  it("remembers the debt of a busy worker, and replaces one that dies", function()
    local s = pool("uwsgi_spare", { cheaper = 1, initial = 3 })
    s:advance(0.5); s:connect(1) -- two idle
    s:advance(3); assert.equal(2, s.live)
    s:crash(1); assert.equal(2, s.live)
  end)
end)

describe("uwsgi_backlog", function()
  it("adds a step for each second with a long queue, takes one away for each with a short one", function()
    local s = pool("uwsgi_backlog", { cheaper = 2, step = 2, overload = 3 }, { process_limit = 50 })
    s:advance(0.5); s:connect(12) -- two are served, ten wait: 2, 2, 2 until four wait; 2 until two wait
    assert.same({ 2, 2, 2, 2, 0 }, changes(s, 5, function(i) assert.equal(12 - 2 * i, s.waiting) end))
    s:finish(10) -- nine were wanted while all were busy; now each second one fewer
    assert.same({ -2, -1, -1 }, changes(s, 3))
    s:advance(60); assert.equal(2, s.live)
  end)

  it("neither grows nor shrinks at exactly overload", function()
    local s = pool("uwsgi_backlog", { cheaper = 1, initial = 2, overload = 3 })
    s:advance(0.5); s:connect(5); assert.equal(3, s.waiting)
    assert.same({ 0, 0, 0 }, changes(s, 3))
  end)
end)

describe("uwsgi_busyness", function()
  local function busyness(options, settings) return pool("uwsgi_busyness", options, settings) end

  it("adds a step after each window above max", function()
    local s = busyness({ cheaper = 2, overload = 4, step = 3 })
    s:connect(2)
    assert.same({ 0, 0, 0, 3, 0, 0, 0, 0 }, changes(s, 8)) -- 2 of 5 are then not above half
  end)

  it("lets one go when the pool was quiet for overload times multiplier, and waits as long again", function()
    local s = busyness({ cheaper = 1, initial = 4, overload = 2, multiplier = 5 })
    local went = {}
    for i = 1, 40 do
      local before = s.live
      s:advance(1)
      if s.live < before then went[#went + 1] = i end
    end
    assert.equal(3, #went)
    assert.is_true(went[1] >= 10 and went[1] <= 12, went[1])
    assert.is_true(went[2] - went[1] >= 10 and went[2] - went[1] <= 12, went[2] - went[1])
    assert.is_true(went[3] - went[2] < went[2] - went[1], "two goings in a row make it less patient")
  end)

  it("is made patient by flapping: growth soon after a going raises the multiplier", function()
    local function seconds_to_go(s)
      for i = 1, 200 do
        local before = s.live
        s:advance(1)
        if s.live < before then return i end
      end
    end
    local s = busyness({ cheaper = 1, initial = 2, overload = 2, multiplier = 5, penalty = 10 })
    local first = seconds_to_go(s)
    s:connect(1); s:advance(4); assert.is_true(s.live >= 2) -- it grew again
    s:finish(1)
    local second = seconds_to_go(s)
    assert.is_true(second > first + 10, ("%d then %d"):format(first, second))
  end)

  it("adds one in each second with more than backlog_alert waiting", function()
    local s = busyness({ cheaper = 1, overload = 100, backlog_alert = 5 })
    s:advance(0.5); s:connect(10)
    assert.same({ 1, 1, 1, 1, 0 }, changes(s, 5))
  end)

  it("adds one when somebody has waited for backlog_nonzero seconds", function()
    local s = busyness({ cheaper = 1, overload = 200, backlog_nonzero = 10 })
    s:advance(0.5); s:connect(2); s:advance(9); assert.equal(1, s.live)
    s:advance(2); assert.equal(2, s.live)
  end)

  it("stays as it is between min and max", function()
    local s = busyness({ cheaper = 2, initial = 10, overload = 2, multiplier = 2 })
    s:connect(4)
    s:advance(300); assert.equal(10, s.live)
  end)

  it("refuses a min that is not below max", function()
    assert.has_error(function() T.policy "uwsgi_busyness" { min = 60 } end,
      "uwsgi_busyness: min (60) must be below max (50)")
  end)
end)

describe("knative", function()
  local function knative(options, settings) return pool("knative", options, settings) end

  it("has as many processes as the mean concurrency of a minute needs at 70 %", function()
    local s = knative({}, { client_limit = 10, process_limit = 50 })
    s:connect(1); assert.equal(1, s.live)
    s:connect(6); s:advance(180) -- 7 clients at 7 per process: one
    assert.equal(1, s.live)
    s:connect(1); s:advance(120) -- 8: two
    assert.equal(2, s.live)
  end)

  it("panics when six seconds want twice what is ready, and does not shrink until a quiet minute is over", function()
    local s = knative({ target = 1 }, { client_limit = 100, process_limit = 50 })
    s:connect(1); s:advance(120); assert.equal(1, s.live)
    s:connect(39); s:advance(8)
    local peak = s.live
    assert.is_true(peak >= 30, peak)
    s:finish(39); s:advance(40); assert.equal(peak, s.live)
    s:advance(200); assert.equal(1, s.live)
  end)

  it("begins in panic at the size it finds", function()
    local s = knative({ target = 1 }, { client_limit = 100, process_limit = 50 })
    s:connect(20); s:advance(100)
    local live = s.live
    s:restart_engine(); s:advance(4); assert.equal(live, s.live)
  end)

  it("goes to zero half a minute after the last client, and back to one at once", function()
    local s = knative({ stable = 10, target = 1 })
    s:connect(1); assert.equal(1, s.live)
    s:finish(1); s:advance(30); assert.equal(1, s.live)
    s:advance(90); assert.equal(0, s.live)
    s:connect(1); assert.equal(1, s.live)
  end)

  it("keeps the highest of scale_down_delay, then halves", function()
    local s = knative({ target = 1, stable = 10, scale_down_delay = 300 }, { client_limit = 100, process_limit = 50 })
    s:connect(20); s:advance(60)
    local live = s.live
    s:finish(20); s:advance(240); assert.equal(live, s.live)
    s:advance(240); assert.equal(live // 2, s.live)
    s:advance "1h"; assert.equal(0, s.live)
  end)
end)

describe("erlang", function()
  -- stay seconds each, `rate` a second, for a while: what the policy then says it needs
  local function needs(rate, stay, options, settings)
    settings = settings or {}
    settings.process_limit, settings.policy = 300, only { require "reeve.combinators".all {
      T.policy "on_demand" {}, T.policy "erlang" (options) } }
    local s = T.service(settings)
    local period = 1 / rate
    local busy = math.floor(rate * stay + 0.5)
    for i = 1, math.floor(200 * rate) do
      s:connect(1)
      if i > busy then s:finish(1) end
      s:advance(period)
    end
    return s.standing.at_least, s
  end

  it("picks the tabulated number of servers (Erlang C, equal lengths of stay)", function()
    -- a = 8, 1 s each, no spread: C(c, 8)/2·e^(-(c - 8)·0.2) is 0.0140 for 13 and 0.0059 for 14; with the one that
    -- has just come a = 9
    local n = needs(8, 1, { target = 0.2 })
    assert.is_true(n == 14 or n == 15, n)
    n = needs(8, 1, { target = 2 }) -- 0.0442 for 9, 0.0037 for 10
    assert.is_true(n == 10 or n == 11, n)
  end)

  it("needs fewer for a lazier target", function()
    assert.is_true(needs(8, 1, { target = 2 }) < needs(8, 1, { target = 0.1 }))
  end)

  it("counts many clients of one process", function()
    local one, many = needs(8, 1, {}), needs(8, 1, {}, { client_limit = 4 })
    assert.is_true(many <= math.ceil(one / 2), ("%d and %d"):format(one, many))
  end)

  it("says nothing without a load, and its settled form lets the pool shrink", function()
    local combinators = require "reeve.combinators"
    local s = T.service { policy = only { T.policy "on_demand" {}, combinators.settle(60, T.policy "erlang" {}) } }
    assert.equal(0, s.live)
    s:connect(9); s:advance(1); s:finish(9)
    assert.is_true(s.live >= 9)
    s:advance(300); assert.equal(0, s.live)
  end)
end)

describe("options of the library", function()
  for _, case in ipairs {
    { "uwsgi_spare", { cheaper = 0 }, "uwsgi_spare: cheaper = 0: a whole number of at least 1 is needed" },
    { "uwsgi_backlog", { step = 1.5 }, "uwsgi_backlog: step = 1.5: a whole number of at least 1 is needed" },
    { "knative", { stable = 9000 }, "knative: stable = 9000: a number from 6 to 600 is needed" },
    { "erlang", { misss = 1 }, "erlang: there is no option 'misss'; did you mean 'miss'?" },
    { "breaker", { ratio = "half" }, "breaker: ratio = half: a number from 0 to 1 is needed" },
    { "memory", { soft = "25MB" }, 'memory: soft = 25MB: bytes, or a text such as "250M" of at least 1 is needed' },
    { "apache_prefork", "fast", "apache_prefork: the options are a table, not fast" },
    { "hybrid", { target = 1 }, "hybrid: there is no option 'target': settle, erlang, breaker and memory are" },
    { "hung", { -1 }, "hung: after = -1: a number of at least 0.001 is needed" },
  } do
    it(("%s says what is wrong: %s"):format(case[1], case[3]), function()
      assert.has_error(function() T.policy(case[1])(case[2]) end, case[3])
    end)
  end
end)
