local vote = require "reeve.vote"

local function random_vote(rnd)
  local function maybe(f) if rnd() < 0.5 then return f() end end
  local function n() return math.floor(rnd() * 12) end
  local function some_ids(value)
    local t = {}
    for _ = 1, n() // 4 do t[n()] = value() end
    return t
  end
  local v = assert(vote.check {
    at_least = maybe(n), spare = maybe(n), at_most = maybe(n), burst = maybe(n), shrink_to = maybe(n),
    on_demand = maybe(function() return rnd() < 0.5 end),
    hold = maybe(n), wake = maybe(n),
    throttle = maybe(function() return { first = n() + 1, most = rnd() < 0.5 and n() + 1 or nil } end),
    retire = maybe(function()
      return some_ids(function() if rnd() < 0.3 then return false end return n() + 0.5 end)
    end),
    kill = maybe(function() return some_ids(function() return true end) end),
    mode = maybe(function() return ({ "normal", "stress", "shed" })[math.floor(rnd() * 3) + 1] end),
    why = maybe(function() return ({ "a", "b", "c", "d" })[math.floor(rnd() * 4) + 1] end),
  })
  if v.shrink_to then v.as_of = n() end
  return v
end

local function lcg(seed)
  return function()
    seed = (seed * 6364136223846793005 + 1442695040888963407)
    return (seed >> 11) / 2.0 ^ 53
  end
end

describe("meet", function()
  it("is commutative, associative and idempotent over 6000 random triples", function()
    local rnd = lcg(7)
    for _ = 1, 6000 do
      local a, b, c = random_vote(rnd), random_vote(rnd), random_vote(rnd)
      assert.same(vote.meet(a, b), vote.meet(b, a))
      assert.same(a, vote.meet(a, a))
      assert.same(vote.meet(vote.meet(a, b), c), vote.meet(a, vote.meet(b, c)))
      assert.same(a, vote.meet(a, {}))
    end
  end)

  it("leaves its arguments alone", function()
    local a, b = assert(vote.check { why = "x", retire = { [1] = 2.5 } }), assert(vote.check { why = "a", retire = {} })
    vote.meet(a, b)
    assert.same({ why = { "x" }, retire = { [1] = 2.5 } }, a)
    assert.same({ why = { "a" }, retire = {} }, b)
  end)

  it("takes the tightest of each field", function()
    local a = assert(vote.check { at_least = 2, spare = 1, at_most = 9, burst = 4, hold = 5, wake = 7, shrink_to = 3,
      mode = "stress", on_demand = false, retire = { [4] = false, [5] = 9.5 }, throttle = { first = 2 } })
    local b = assert(vote.check { at_least = 1, spare = 3, at_most = 8, burst = 6, hold = 6, wake = 3, shrink_to = 5,
      mode = "normal", on_demand = true, retire = { [4] = 8.5, [5] = 3.5 }, throttle = { first = 1, most = 9 } })
    assert.same({ at_least = 2, spare = 3, at_most = 8, burst = 4, hold = 6, wake = 3, shrink_to = 5, mode = "stress",
      on_demand = true, retire = { [4] = 8.5, [5] = 3.5 }, throttle = { first = 2, most = 9 } }, vote.meet(a, b))
  end)

  it("keeps the age of the shrink_to that wins, and the younger of two equal ones", function()
    assert.equal(10, vote.meet({ shrink_to = 5, as_of = 10 }, { shrink_to = 3, as_of = 90 }).as_of)
    assert.equal(90, vote.meet({ shrink_to = 5, as_of = 10 }, { shrink_to = 5, as_of = 90 }).as_of)
  end)
end)

describe("check", function()
  it("rounds floors up and ceilings down, with a guard for floats that are whole but for noise", function()
    assert.same({ at_least = 3, spare = 3, shrink_to = 3, at_most = 2, burst = 2 },
      vote.check { at_least = 2.1, spare = 2.1, shrink_to = 2.1, at_most = 2.9, burst = 2.9 })
    assert.same({ at_least = 2, at_most = 3 }, vote.check { at_least = 2 + 1e-12, at_most = 3 - 1e-12 })
    assert.equal("integer", math.type(vote.check({ at_least = 2.0 }).at_least))
  end)

  it("takes no bound for infinite, and nothing below zero", function()
    assert.same({ at_most = vote.NO_LIMIT, at_least = 0 }, vote.check { at_most = math.huge, at_least = -3 })
  end)

  local nan = 0 / 0
  for _, case in ipairs {
    { "a number", 5, "a vote must be a table or nil, not 5" },
    { "a list", { 5 }, "a vote has fields by name, such as { at_least = 2 }; this one has [1]" },
    { "nan", { at_least = nan }, "at_least = nan must be a number of processes" },
    { "nan in a time", { hold = nan }, "hold = nan must be a time in seconds, such as s.now + 5" },
    { "an endless hold", { hold = math.huge }, "hold = inf must be a time in seconds, such as s.now + 5" },
    { "a text", { spare = "4" }, 'spare = "4" must be a number of processes' },
    { "a misspelt field", { at_lest = 2 }, "unknown field 'at_lest' in a vote; did you mean 'at_least'?" },
    { "an unheard-of field", { zebra = 2 }, "unknown field 'zebra' in a vote" },
    { "a hidden field", { as_of = 2 }, "unknown field 'as_of' in a vote" },
    { "a list of victims", { kill = { 12, 14 } }, "kill is a plain list of ids: write { [p.id] = true }" },
    { "a list to retire", { retire = { 12, 14 } }, "retire is a plain list of ids: write { [p.id] = s.now + 60 }" },
    { "a bad deadline", { retire = { [7] = true } },
      "retire has true for process 7: a deadline is a time in seconds, or false for none" },
    { "a deadline of nan", { retire = { [7] = nan } },
      "retire has nan for process 7: a deadline is a time in seconds, or false for none" },
    { "a kill that is no kill", { kill = { [7] = false } }, "kill has false for process 7: it must be true" },
    { "a name as an id", { kill = { web = true } },
      'kill has the key "web", which is no process id: write { [p.id] = true }' },
    { "a mode", { mode = "panic" }, 'mode = "panic" must be "normal", "stress" or "shed"' },
    { "on_demand", { on_demand = 1 }, "on_demand = 1 must be true or false" },
    { "throttle", { throttle = 2 }, "throttle = 2 must be a table { first = seconds, most = seconds }" },
    { "throttle fields", { throttle = { min = 2 } },
      "throttle has an unknown field 'min': it takes first and most, in seconds" },
    { "why", { why = 5 }, "why = 5 must be a text" },
  } do
    it("refuses " .. case[1] .. " with a sentence", function()
      local v, sentence = vote.check(case[2])
      assert.is_nil(v)
      assert.equal(case[3], (sentence:gsub("%-nan", "nan")))
    end)
  end

  it("takes process 1 with a deadline for what it is", function()
    assert.same({ retire = { [1] = 60.0 } }, vote.check { retire = { [1] = 60.0 } })
    assert.same({ retire = { [1] = false } }, vote.check { retire = { [1] = false } })
  end)
end)

describe("standing", function()
  it("has every field of the order, in milliseconds and whole numbers", function()
    assert.same({ at_least = 0, at_most = 4294967295, spare = 0, burst = 4294967295, shrink_to = 4294967295,
      on_demand = false, mode = 0, hold_until = 0, as_of = 0, throttle_first = 0, throttle_most = 0 },
      vote.standing({}, 5))
    local v = vote.stamp(assert(vote.check { at_least = 2, at_most = 3, spare = 1, burst = 4, shrink_to = 1,
      on_demand = true, mode = "shed", hold = 5.25, throttle = { first = 2, most = 60 } }), 4.5)
    assert.same({ at_least = 2, at_most = 3, spare = 1, burst = 4, shrink_to = 1, on_demand = true, mode = 2,
      hold_until = 5250, as_of = 4500, throttle_first = 2000, throttle_most = 60000 }, vote.standing(v, 9))
    for name, value in pairs(vote.standing(v, 9)) do
      assert.is_true(type(value) == "boolean" or math.type(value) == "integer", name)
    end
  end)

  it("clips a hold to a minute ahead of the time it was voted", function()
    assert.equal(65000, vote.standing(vote.stamp({ hold = 1e9 }, 5), 5).hold_until)
  end)

  it("moves as_of with a new opinion, not with a repeated one that has nothing to shrink", function()
    local first = vote.stamp({ shrink_to = 4 }, 10)
    assert.equal(10, vote.stamp({ shrink_to = 4 }, 20, first, 4).as_of)
    assert.equal(20, vote.stamp({ shrink_to = 4 }, 20, first, 5).as_of)
    assert.equal(20, vote.stamp({ shrink_to = 3 }, 20, first, 3).as_of)
  end)
end)
