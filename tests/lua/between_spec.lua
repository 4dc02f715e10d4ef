-- Policies between services, and budget: weighted max-min shares with reserves.
local T = require "reeve.test"
local policyhost = require "reeve.policyhost"
local rng = require "reeve.rng"
local spec = require "reeve.spec"
local world = require "reeve.world"

local function settings(more)
  local values = {}
  for _, row in ipairs(spec.settings) do
    if row.scope == "service" and row.type ~= "policy" and row.default ~= "" then
      values[row.name] = assert(spec.parse("service", row.name, row.default))
    end
  end
  values.client_limit, values.process_limit, values.idle_kill = "1", "100", "60000"
  for name, value in pairs(more or {}) do values[name] = tostring(value) end
  return values
end

-- services: { name = settings }; policy: of settings {}. w.NAME is a service of reeve.world.
local function fleet(services, policy)
  local w = { log = {}, orders = 0 }
  local log = setmetatable({}, { __index = function(_, level)
    return function(format, ...) w.log[#w.log + 1] = level .. ": " .. format:format(...) end
  end })
  local names = {}
  for name in pairs(services) do names[#names + 1] = name end
  table.sort(names)
  w.world = world.new { policy = policy, host = function(order)
    return policyhost.new { order = order, guard = T.guard, log = log, spec = spec, seed = 1,
      now = function() return w.world.now end, policies = T.policy, mark = function(text) w.mark = text end }
  end }
  for _, name in ipairs(names) do w[name] = w.world:service { name = name, settings = settings(services[name]) } end
  function w.begin(resumed, text)
    w.world:begin(resumed, text)
    w.host = w.world.host
  end
  function w.advance(seconds) w.world:run_until(w.world.now + math.floor(seconds * 1000)) end
  w.begin()
  return w
end

local function live(w, ...)
  local list = {}
  for i, name in ipairs { ... } do list[i] = w[name].pool:live() end
  return list
end

local function budget(options) return T.policy "budget" (options) end

describe("a policy between services", function()
  it("sees all of them, and its votes meet theirs", function()
    local seen
    local w = fleet({ a = {}, b = { process_min_avail = 3 } }, function(s)
      seen = { s.services.a.name, s.services.b.live, s.now, s.rand() < 1 }
      return { a = { at_least = 2, why = "because" }, b = { at_most = 1 } }
    end)
    w.advance(1)
    assert.same({ "a", 1, 0.1, true }, seen)
    assert.same({ 2, 1 }, live(w, "a", "b"))
    local why = w.host:why "a"
    assert.same({ "settings" }, why.decided.at_least)
    assert.same({ "settings", "because", "active" }, { why.policies[#why.policies].name,
      why.policies[#why.policies].why, why.policies[#why.policies].state })
  end)

  it("is asked at the start, each second, and soon after something has changed", function()
    local heard = {}
    local w = fleet({ a = {} }, function(s, ev) heard[#heard + 1] = ("%s %.2f"):format(ev.kind, s.now) end)
    w.advance(2.15)
    assert.same({ "start 0.00", "tick 0.00", "status 0.10", "tick 1.10", "tick 2.10" }, heard)
    w.a:connect(1)
    w.advance(0.04)
    assert.equal("tick 2.10", heard[#heard]) -- ten times a second at most
    w.advance(0.1)
    assert.same({ 6, "status 2.20" }, { #heard, heard[6] })
  end)

  it("nil leaves its votes, {} withdraws them", function()
    local answer = { a = { at_least = 2 } }
    local w = fleet({ a = { idle_kill = 1000 } }, function() return answer end)
    assert.same({ 2 }, live(w, "a"))
    answer = nil
    w.advance(10); assert.same({ 2 }, live(w, "a"))
    answer = {}
    w.advance(10); assert.same({ 0 }, live(w, "a"))
  end)

  it("that fails three times is taken out, loses its votes, and comes back with a reset", function()
    local broken = false
    local w = fleet({ web = { process_min_avail = 4 } }, function()
      if broken then return { wbe = {} } end
      return { web = { at_most = 1 } }
    end)
    assert.same({ 1 }, live(w, "web"))
    broken = true
    w.advance(5)
    assert.same({ 4 }, live(w, "web"))
    assert.same({ "error: policy settings: there is no service 'wbe'; did you mean 'web'?",
      "error: policy settings is taken out until the next reload or `reeve service reset NAME`: "
        .. "there is no service 'wbe'; did you mean 'web'?" }, w.log)
    broken = false
    w.host:operator("web", "reset")
    w.advance(2)
    assert.same({ 1 }, { w.web.standing.at_most })
  end)

  it("that killed the engine is taken out by its mark", function()
    local w = fleet({ web = {} }, function() return { web = { at_least = 2 } } end)
    assert.is_true(w.host:quarantine("settings/settings", "it was running"))
    w.advance(1)
    assert.equal(0, w.web.standing.at_least)
  end)

  it("keeps its st over a new engine", function()
    local w = fleet({ a = {} }, function(_, ev, st)
      st.n = (st.n or 0) + (ev.kind == "start" and 1 or 0)
      return { a = { at_least = st.n } }
    end)
    assert.same({ 1 }, live(w, "a"))
    w.begin(true, w.host:save())
    assert.same({ 2 }, live(w, "a"))
  end)

  it("is refused in a service", function()
    local s = T.service { policy = budget { processes = 5 } }
    assert.equal("error: service test: policy own(budget) decides between services: write it in settings "
      .. "{ policy = ... }; the built-in policies decide", s.log[1])
  end)
end)

describe("the wrong side", function()
  local combinators = require "reeve.combinators"
  local parts = require "reeve.parts"

  it("is told by every combinator that is given what decides between services", function()
    local b = budget { processes = 5 }
    for usage, wrap in pairs {
      ["every(seconds, policy): the policy"] = function() combinators.every(5, b) end,
      ["settle(seconds, policy): the policy"] = function() combinators.settle(5, { b }) end,
      ["when(predicate, policy): the policy"] = function() combinators.when(function() end, b) end,
      ["shadow(policy): the policy"] = function() combinators.shadow { {}, { b } } end,
      ["canary(new, old, share): the old one"] = function() combinators.canary({}, b, 0.5) end,
    } do
      assert.has_error(wrap, usage .. " decides between services, and combinators know one service: in "
        .. "settings { policy = ... } it stands alone or in a list")
    end
  end)

  it("is told of what is about one service and stands between them", function()
    local one = "policy x decides about one service: write it there (what decides between services is a function, or "
      .. "a table that says global = true)"
    for _, policy in ipairs { T.policy "hung" { 5 }, { min_avail = function() end }, combinators.settle(9, {}) } do
      local made, sentence = parts.compile(policy, "x", true)
      assert.same({ nil, one }, { made, (sentence:gsub("%(%a+%) decides", " decides")) })
    end
    assert.same({ nil, "policy x: only { } stands in a service; between services there is nothing that it replaces" },
      { parts.compile(combinators.only { budget { processes = 5 } }, "x", true) })
    assert.equal(2, #assert(parts.compile({ budget { processes = 5 }, function() end }, "x", true)))
  end)
end)

describe("what combinators say of wrong arguments", function()
  local combinators = require "reeve.combinators"
  it("names the form, the place and what stood there", function()
    local kinds = " must be a function, a table of hooks or a list of policies, not "
    for wanted, call in pairs {
      ["settle(seconds, policy): a table is not a number of seconds"] = function() combinators.settle({}, 60) end,
      ['every(seconds, policy): "5s" is not a number of seconds'] = function() combinators.every("5s", {}) end,
      ["every(seconds, policy): -1 is not a number of seconds"] = function() combinators.every(-1, {}) end,
      ["every(seconds, policy): nothing is not a number of seconds"] = function() combinators.every() end,
      ["settle(seconds, policy): the policy" .. kinds .. "nothing"] = function() combinators.settle(60) end,
      ["canary(new, old, share): the old one" .. kinds .. "a number"] = function() combinators.canary({}, 0.1) end,
      ["shadow(policy): policy shadow: there is no hook 'exti'; did you mean 'exit'?"] = function()
        combinators.shadow { exti = function() end }
      end,
    } do
      assert.has_error(call, wanted)
    end
  end)
end)

describe("fair shares", function()
  local fair = require "reeve.fair"
  local function low(i) return i.a end
  local function high(i) return i.b end

  -- The same, one by one: the next always to the one who has least for his weight.
  local function one_by_one(list, total)
    for _, i in ipairs(list) do i.other, total = i.a, total - i.a * i.price end
    while true do
      local least
      for _, i in ipairs(list) do
        local fits = i.other + 1 <= i.b and i.price <= total
        if fits and (not least or (i.other + 1) / i.weight < (least.other + 1) / least.weight) then least = i end
      end
      if not least then return end
      least.other, total = least.other + 1, total - least.price
    end
  end

  it("are as if given out one by one, within one that does not divide, in 2000 random cases", function()
    local random = { state = rng.seed("fair", 1) }
    local function draw(n) return math.floor(rng.next(random) * n) end
    for _ = 1, 2000 do
      local list, total = {}, draw(100)
      for i = 1, 1 + draw(6) do
        local a = draw(8)
        list[i] = { a = a, b = a + draw(30), weight = 0.5 + draw(8) / 2, price = 1 }
      end
      fair(list, total, low, high)
      one_by_one(list, total)
      local sum, most, need = 0, 0, 0
      for _, i in ipairs(list) do
        assert.is_true(i.share >= i.a and i.share <= i.b and math.abs(i.share - i.other) <= 1,
          ("%g for %g..%g by weight %g, one by one %g"):format(i.share, i.a, i.b, i.weight, i.other))
        sum, most, need = sum + i.share, most + i.b, need + i.a
      end
      assert.equal(math.max(need, math.min(total, most)), sum)
    end
  end)

  it("are paid at each one's price", function()
    local list = { { a = 0, b = 100, weight = 1, price = 4 }, { a = 0, b = 100, weight = 1, price = 1 } }
    fair(list, 100, low, high)
    assert.same({ 20, 20 }, { list[1].share, list[2].share })
  end)
end)

describe("budget", function()
  it("lets everybody have what he needs while all fit", function()
    local w = fleet({ a = {}, b = {}, c = {} }, budget { processes = 60 })
    w.a:connect(30); w.b:connect(10)
    w.advance(3)
    assert.same({ 30, 10, 0 }, live(w, "a", "b", "c"))
  end)

  it("cuts those that need most, in proportion to their weights, until all fit", function()
    local w = fleet({ a = {}, b = {}, c = {} }, budget { processes = 60, weight = { a = 2 } })
    w.a:connect(90); w.b:connect(90); w.c:connect(6)
    w.advance(3)
    assert.same({ 36, 18, 6 }, live(w, "a", "b", "c"))
    assert.same({ "settings(budget)" }, w.host:why "a".decided.at_most)
  end)

  it("keeps a reserve free", function()
    local w = fleet({ imap = {}, web = {} }, budget { processes = 30, reserve = { imap = 20 } })
    w.web:connect(90)
    w.advance(3)
    assert.same({ 0, 10 }, live(w, "imap", "web"))
    w.imap:connect(20)
    w.advance(3)
    assert.same({ 20, 10 }, live(w, "imap", "web"))
  end)

  it("ends no client: who has too many shrinks as his clients leave, and the other grows into that", function()
    local w = fleet({ a = {}, b = {} }, budget { processes = 40 })
    w.a:connect(40)
    w.advance(3)
    assert.same({ 40, 0 }, live(w, "a", "b"))
    w.b:connect(90); w.a:connect(50)
    w.advance(3)
    assert.same({ 20, 0 }, live(w, "a", "b"))
    assert.equal(20, w.a.pool:count "draining")
    for gone = 1, 20 do
      w.a:finish(1) -- of the first, which is told to go
      w.advance(1)
      assert.same({ 20, gone, 20 - gone }, { w.a.pool:live(), w.b.pool:live(), w.a.pool:count "draining" })
    end
    assert.same({ 40, 0, 0 }, { w.a:serving() + w.b:serving(), w.a.lost, w.b.lost })
  end)

  it("lets nobody go whose share nobody wants", function()
    local w = fleet({ a = {}, b = {} }, budget { processes = 40 })
    w.a:connect(35); w.b:connect(5)
    w.advance(30)
    assert.same({ 35, 5, 0 }, { w.a.pool:live(), w.b.pool:live(), w.a.retired + w.b.retired })
  end)

  it("counts memory by what processes have for themselves", function()
    local w = fleet({ big = {}, small = {} }, budget { mem = "1G" })
    local function weigh()
      local samples = {}
      for name, size in pairs { big = 64, small = 16 } do
        for id in pairs(w[name].processes) do samples[id] = { rss = size << 21, private = size << 20 } end
      end
      w.host:sample(samples)
    end
    w.big:connect(1); w.small:connect(1); weigh()
    w.advance(2)
    w.big:connect(90); w.small:connect(90)
    for _ = 1, 5 do
      w.advance(1)
      weigh()
    end
    local n = live(w, "big", "small")
    assert.is_true(n[1] * 64 + n[2] * 16 <= 1024 and n[1] * 64 + n[2] * 16 > 1024 - 64, n[1] .. " " .. n[2])
    assert.is_true(math.abs(n[1] - n[2]) <= 1) -- shares are of processes; memory is what they are paid with
  end)

  it("never gives away more than there is, never a reserve, in 100 random fleets", function()
    local random = { state = rng.seed("budget", 1) }
    local function draw(n) return math.floor(rng.next(random) * n) end
    for _ = 1, 100 do
      local total, names = 10 + draw(60), { "a", "b", "c", "d" }
      local reserve, weight, services = {}, {}, {}
      for _, name in ipairs(names) do
        reserve[name], weight[name] = draw(total // 4 + 1), 0.5 + draw(6) / 2
        services[name] = { process_limit = 1 + draw(50), process_min_avail = 0 }
      end
      local w = fleet(services, budget { processes = total, reserve = reserve, weight = weight })
      for _ = 1, 6 do
        local name = names[1 + draw(4)]
        if draw(3) > 0 then w[name]:connect(draw(60)) end
        if w[name]:serving() > 0 then w[name]:finish(1 + draw(w[name]:serving())) end
        w.advance(1 + draw(3))
        local sum, ceilings = 0, 0
        for _, n in ipairs(names) do
          local draining = w[n].pool:count "draining"
          sum = sum + w[n].pool:live() + draining
          ceilings = ceilings + math.max(w[n].pool:live(), w[n].standing.at_most) + draining
        end
        local text = ("%d live, %d allowed, %d there"):format(sum, ceilings, total)
        assert.is_true(sum <= total and ceilings <= total, text)
      end
      w.advance(3)
      for _, n in ipairs(names) do
        assert.is_true(w[n].standing.at_most + w[n].pool:count "draining" >= reserve[n])
      end
    end
  end)

  it("says what is wrong with its options", function()
    for options, sentence in pairs {
      [{}] = "budget: say processes, mem, or both",
      [{ processes = 5, wieght = {} }] = "budget: there is no option 'wieght'; did you mean 'weight'?",
      [{ processes = 5, weight = { a = 0 } }] = "budget: weight of a = 0: a number of at least 0.001 is needed",
      [{ processes = 5, reserve = { a = "x" } }] = "budget: reserve of a = x: a number that is not below 0 is needed",
      [{ processes = 5, reserve = 3 }] = "budget: reserve is a table such as { imap = 1 }, not 3",
      [{ processes = 5, reserve = { a = 3, b = 3 } }] = "budget: the reserves are more than all processes",
    } do
      assert.has_error(function() budget(options) end, sentence)
    end
  end)
end)
