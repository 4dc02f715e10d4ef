-- The shipped policies beside the built-ins, each against what the original does.
local T = require "reeve.test"
local only = require "reeve.combinators".only

local function at(hour, wday)
  return function(now)
    local seconds = math.floor(hour * 3600) + now // 1000
    return { unix = seconds, sec = seconds % 86400, wday = (wday - 1 + seconds // 86400) % 7 + 1, zone = "CET" }
  end
end

describe("hours", function()
  local office = { { days = "12345", from = 8, to = 18, floor = 5 }, { days = "1", from = 9, to = 10, floor = 7 } }
  local function live(hour, wday, rules)
    return T.service({ wall = at(hour, wday), policy = T.policy "hours" (rules or office) }).live
  end

  it("holds a floor by day and hour, the highest of all", function()
    assert.same({ 0, 5, 7, 5, 0, 0, 0 },
      { live(7, 1), live(8, 1), live(9.5, 1), live(9.5, 2), live(18, 1), live(12, 6), live(12, 7) })
  end)

  it("raises it two minutes early", function()
    local s = T.service { wall = at(8 - 0.05, 1), policy = T.policy "hours" (office) } -- three minutes to eight
    assert.equal(0, s.live)
    s:advance(59); assert.equal(0, s.live)
    s:advance(1); assert.equal(5, s.live)
  end)

  it("goes over midnight, from the evening before to the morning after", function()
    local night = { { days = "5", from = 22, to = 6, floor = 3 }, lead = 0 }
    assert.same({ 0, 3, 3, 0, 0 }, { live(21, 5, night), live(23, 5, night), live(5, 6, night), live(6, 6, night),
      live(5, 5, night) })
    local midnight = { { days = "6", from = 0, to = 1, floor = 3 }, lead = 600 }
    assert.same({ 3, 0 }, { live(23.9, 5, midnight), live(23.9, 6, midnight) })
  end)

  it("never holds the pool down, and lets it shrink after hours", function()
    local s = T.service { wall = at(17, 1), policy = T.policy "hours" (office), idle_kill = "60s" }
    s:connect(9); assert.equal(9, s.busy)
    s:finish(9); s:advance(600); assert.equal(5, s.live)
    s:advance "1h"; assert.equal(0, s.live)
  end)

  it("says which rule is wrong", function()
    assert.has_error(function() T.policy "hours" { { from = 8, to = 18 } } end, "hours: rule 1 needs floor, a number")
    assert.has_error(function() T.policy "hours" { { from = 8, to = 25, floor = 1 } } end,
      "hours: rule 1: from 8 to 25 are not hours of a day")
    for _, case in ipairs {
      { { { from = 8, to = 9, floor = 1, days = "mo" } }, 'rule 1: days = "mo": digits from 1 (Monday) to 7, such as '
        .. '"12345"' },
      { { { from = 8, to = 9, flor = 1 } }, "rule 1: there is no 'flor'" },
      { { { from = 8, to = 9, floor = 0 / 0 } }, "rule 1: floor = -nan is no number of processes" },
      { { from = 8, to = 18, floor = 3 }, "floor belongs in a rule: hours { { floor = ... } }" },
      { { lead = "x", { from = 8, to = 9, floor = 1 } }, "lead = x: a number that is not below 0 is needed" },
      { { laed = 5 }, "there is no option 'laed'; did you mean 'lead'?" },
      { { 8, 18 }, "rule 1 is no table such as { from = 8, to = 18, floor = 20 }" },
      { 5, "write hours { { from = 8, to = 18, floor = 20 } }" },
    } do
      local _, failure = pcall(T.policy "hours", case[1])
      assert.equal("hours: " .. case[2], (failure:gsub("= nan", "= -nan")))
    end
  end)
end)

describe("fpm_static", function()
  it("has max_children, whatever happens", function()
    local s = T.service { process_limit = 20, policy = only { T.policy "fpm_static" { max_children = 6 } } }
    assert.equal(6, s.live)
    s:connect(30); assert.same({ 6, 24 }, { s.busy, s.waiting })
    s:crash(2); assert.equal(6, s.live)
    s:finish(6); s:advance "1d"; assert.equal(6, s.live)
  end)
end)

describe("fpm_dynamic", function()
  it("doubles its starts each second: 1 2 4 8 16 32 32", function()
    local s = T.service { process_limit = 400, boot = "100ms",
      policy = only { T.policy "fpm_dynamic" { min_spare = 120, max_spare = 200, start_servers = 120 } } }
    s:advance(0.5); s:connect(120)
    local grown, before = {}, s.live
    for i = 1, 7 do
      s:advance(1)
      grown[i], before = s.live - before, s.live
    end
    assert.same({ 1, 2, 4, 8, 16, 32, 32 }, grown)
  end)

  it("lets one go each second above max_spare", function()
    local s = T.service { policy = only { T.policy "fpm_dynamic" { min_spare = 2, max_spare = 4 } } }
    assert.equal(3, s.live)
    for _ = 1, 30 do
      s:advance(1)
      s:connect(1)
    end
    assert.is_true(s.idle >= 1 and s.idle <= 4)
    s:finish(s.serving)
    local live = s.live
    s:advance(1); assert.equal(live - 1, s.live)
    s:advance(3); assert.equal(live - 4, s.live)
    s:advance(60); assert.equal(4, s.live)
  end)

  it("replaces a child that ends, and stops at max_children", function()
    local s = T.service { policy = only { T.policy "fpm_dynamic" { min_spare = 2, max_spare = 4, max_children = 5 } } }
    s:crash(1); assert.equal(3, s.live)
    for _ = 1, 10 do
      s:connect(2)
      s:advance(1)
    end
    assert.equal(5, s.live)
  end)

  it("refuses numbers that contradict each other", function()
    assert.has_error(function() T.policy "fpm_dynamic" { min_spare = 5, max_spare = 4 } end,
      "fpm_dynamic: 1 <= min_spare (5) <= start_servers (4) <= max_spare (4) does not hold")
  end)
end)

describe("fpm_ondemand", function()
  it("starts for each client, and lets one go each second after ten idle ones", function()
    local s = T.service { process_min_avail = 3, policy = only { T.policy "fpm_ondemand" {} } }
    assert.equal(0, s.live)
    s:connect(4); assert.equal(4, s.live)
    s:finish(4); s:advance(9); assert.equal(4, s.live)
    s:advance(1); assert.equal(3, s.live)
    s:advance(3); assert.equal(0, s.live)
  end)

  it("looks at the one that was started first alone", function()
    local s = T.service { policy = only { T.policy "fpm_ondemand" { process_idle_timeout = 5 } } }
    s:connect(3); s:finish(3)
    for _ = 1, 30 do
      s:advance(1)
      s:connect(1); s:finish(1) -- always the first
    end
    assert.equal(3, s.live)
  end)
end)

describe("max_requests", function()
  it("replaces the worn out one at a time, spread by jitter", function()
    local s = T.service { process_min_avail = 3, idle_kill = "never", boot = "2s",
      policy = T.policy "max_requests" { n = 10, jitter = 0.5 } }
    s:advance(3)
    local last = {}
    for i = 1, 400 do
      local before = s.counters.exits
      s:connect(3); s:finish(3); s:advance(0.7)
      assert.is_true(s.counters.exits - before <= 1)
      if s.counters.exits > before then last[#last + 1] = i end
    end
    assert.is_true(#last >= 10, #last)
    for i = 2, #last do assert.is_true(last[i] - last[i - 1] >= 3) end -- its heir boots for 2 s
    assert.equal(0, s.lost)
  end)
end)

describe("hung", function()
  it("kills what is busy for too long and nothing else", function()
    local s = T.service { policy = T.policy "hung" { after = 60 } }
    s:connect(2); s:advance(30); s:connect(1); s:advance(29)
    assert.equal(3, s.busy)
    s:advance(2); assert.same({ 1, 2 }, { s.busy, s.lost })
  end)

  it("only when clients wait, if it is told so", function()
    local s = T.service { process_limit = 2, policy = T.policy "hung" { after = 60, backlog = 3 } }
    s:connect(2); s:advance(500); assert.equal(2, s.busy)
    s:connect(2); s:advance(5); assert.equal(0, s.lost)
    s:connect(1); s:advance(1); assert.equal(2, s.lost)
  end)
end)
