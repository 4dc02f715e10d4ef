-- The policy host: standing votes, order of events, failures, quarantine, what is kept.
local T = require "reeve.test"
local combinators = require "reeve.combinators"
local policyhost = require "reeve.policyhost"
local vote = require "reeve.vote"

local only = combinators.only

local function errors(s)
  local n = 0
  for _, line in ipairs(s.log) do
    if line:find "^error" then n = n + 1 end
  end
  return n
end

local function why_of(s, path)
  for _, p in ipairs(s:why().policies) do
    if p.name == path then return p end
  end
end

describe("a hook", function()
  it("min_avail is followed over time", function()
    local t0
    local s = T.service { policy = { min_avail = function(f)
      t0 = t0 or f.now
      return f.now - t0 > 2 and 6 or 2
    end } }
    assert.equal(2, s.live)
    s:advance(2); assert.equal(2, s.live)
    s:advance(1); assert.equal(6, s.live)
  end)

  it("min_avail is a floor next to process_min_avail", function()
    assert.equal(5, T.service({ process_min_avail = 5, policy = { min_avail = function() return 2 end } }).live)
  end)

  it("idle_kill lets go exactly those it names, longest idle first, never below the floors", function()
    local s = T.service { process_min_avail = 1, idle_kill = "never",
      policy = { idle_kill = function(_, p) return p.idle_for > 300 end } }
    s:connect(5); s:advance(10); s:finish(3); s:advance(100); s:finish(2)
    assert.equal(6, s.live)
    s:advance(190); assert.equal(6, s.live) -- one idle for 300 s, three for 290, two for 190
    s:advance(2); assert.equal(5, s.live)
    s:advance(10); assert.equal(2, s.live)
    s:advance(100); assert.equal(1, s.live)
    s:advance "1h"; assert.equal(1, s.live)
  end)

  it("idle_kill can name one that is not the longest idle", function()
    local s = T.service { idle_kill = "never", policy = { idle_kill = function(_, p) return p.id == 2 end } }
    s:connect(3); s:finish(3)
    s:advance(2)
    local ids = {}
    for _, p in ipairs(s.facts.processes) do ids[#ids + 1] = p.id end
    assert.same({ 1, 3 }, ids)
  end)

  it("of a built-in idle_kill never blocks or hurries it", function()
    local s = T.service { idle_kill = "never", policy = { idle_kill = function() return false end } }
    s:connect(3); s:finish(3); s:advance "1h"
    assert.equal(3, s.live)
  end)

  it("exit hears each exit once, with its reason", function()
    local heard = {}
    local s = T.service { process_min_avail = 1, policy = { exit = function(_, ev) heard[#heard + 1] = ev end } }
    s:connect(1); s:crash(1)
    assert.equal(1, #heard)
    assert.same({ "exit", false, false, "serving", 11, 1 },
      { heard[1].kind, heard[1].ok, heard[1].asked, heard[1].stage, heard[1].signal, heard[1].clients_lost })
  end)

  it("of a table with only_while is asked while that fact is above 0, and in the turn that finds it at 0", function()
    local heard = {}
    local s = T.service { process_limit = 1, process_min_avail = 1, policy = { only_while = "waiting",
      run = function(f, ev) heard[#heard + 1] = ev.kind .. f.waiting end } }
    assert.same({ "start0", "tick0" }, heard)
    s:connect(); s:finish()
    assert.same({ "start0", "tick0" }, heard) -- nobody had to wait
    s:connect(2)
    assert.equal("limit1", heard[#heard])
    s:finish()
    assert.equal("status0", heard[#heard])
    local n = #heard
    s:finish(); s:advance "10min"
    assert.equal(n, #heard)
  end)

  it("of a table with an only_while that is no fact is refused with a suggestion", function()
    local s = T.service { policy = { only_while = "wating", run = function() end } }
    assert.equal(1, errors(s))
    assert.matches("there is no fact 'wating'; did you mean 'waiting'?", s.log[1], 1, true)
  end)

  it("that does not exist is an error with a suggestion, and the built-ins decide", function()
    local s = T.service { process_min_avail = 2, policy = { min_avial = function() return 9 end } }
    assert.equal(2, s.live)
    assert.equal("error: service test: policy own: there is no hook 'min_avial'; did you mean 'min_avail'?; "
      .. "the built-in policies decide", s.log[1])
  end)
end)

describe("standing votes", function()
  it("nil leaves, a table replaces whole, {} withdraws", function()
    local answer = { at_least = 3, spare = 2 }
    local s = T.service { policy = only { { operator = function() return answer end } } }
    s:operator "scale"; assert.equal(3, s.live)
    answer = nil
    s:operator "scale"; assert.equal(3, s.standing.at_least)
    answer = { at_least = 1 }
    s:operator "scale"; assert.same({ 1, 0 }, { s.standing.at_least, s.standing.spare })
    answer = {}
    s:operator "scale"; assert.equal(0, s.standing.at_least)
  end)

  it("are each hook's own", function()
    local s = T.service { policy = only { {
      start = function() return { at_least = 2 } end,
      operator = function() return { at_least = 4 } end,
      tick = function() return {} end,
    } } }
    assert.equal(2, s.live)
    s:operator "scale"; assert.equal(4, s.live)
  end)

  it("are sent only when the meet changed", function()
    local s = T.service { process_min_avail = 2, policy = function() return { at_least = 1, why = "always" } end }
    local before = s.orders
    s:connect(1); s:finish(1); s:connect(1); s:finish(1); s:advance(30)
    assert.equal(before, s.orders)
  end)

  it("move as_of with a new opinion and not at each turn", function()
    local s = T.service { idle_kill = "never", policy = function() return { shrink_to = 4 } end }
    s:connect(4)
    local as_of, orders = s.standing.as_of, s.orders
    s:advance(5); s:finish(1); s:connect(1)
    assert.same({ as_of, orders }, { s.standing.as_of, s.orders })
    s:connect(2); s:advance(5); s:finish(6)
    assert.is_true(s.standing.as_of > as_of)
  end)

  it("act once when they retire or kill", function()
    local s = T.service { process_min_avail = 2, policy = { operator = function(f)
      return { retire = { [f.processes[1].id] = false }, kill = { [f.processes[2].id] = true } }
    end } }
    s:operator "scale"
    assert.same({ 2, 4 }, { s.live, s.counters.starts })
    s:advance "1h"; assert.equal(4, s.counters.starts)
  end)

  it("of an operator stand next to the others until their time is over", function()
    local s = T.service { process_min_avail = 2 }
    s:override { at_least = 6, at_most = 8, ["until"] = s.now + 60 }
    assert.equal(6, s.live)
    s:connect(20); assert.equal(8, s.live)
    s:restart_engine(true); assert.equal(8, s.live)
    s:advance(61); assert.equal(21 + 1, s.live)
    assert.is_nil(s.facts.override)
  end)
end)

describe("one turn", function()
  it("asks in the fixed order: exits by id, ready, status, demand, tick, operator", function()
    local kinds = {}
    local s = T.service { process_limit = 4, policy = function(_, ev)
      kinds[#kinds + 1] = ev.kind .. (ev.id or "")
      return { wake = 30 }
    end }
    s:connect(4); s:advance(29.999)
    kinds = {}
    s.service:crash(3); s.service:connect(9); s.world.now = 30000
    s.world.host:operator("test", "scale")
    for _ = 1, 1 do
      for _, e in ipairs(s.service.events) do s.host:report(e[1], e[2]) end
      s.service.events = {}
      s.host:report("demand", { svc = 1, now = 30000, waiting = 9 })
      s.host:timer(30000)
    end
    assert.same({ "exit1", "exit2", "exit3", "demand", "tick", "operator" }, kinds)
  end)

  it("begins with start and a tick", function()
    local kinds = {}
    T.service { policy = function(_, ev) kinds[#kinds + 1] = ev.kind end }
    assert.same({ "start", "tick", "status" }, kinds)
  end)

  it("wakes a policy when it said, and another policy not", function()
    local ticks, others = {}, 0
    local s = T.service { policy = {
      { tick = function(f) ticks[#ticks + 1] = f.now return { wake = f.now + 2.5 } end },
      { tick = function() others = others + 1 end },
    } }
    s:advance(8)
    assert.same({ 0.0, 2.5, 5.0, 7.5 }, ticks)
    assert.equal(1, others)
  end)

  it("is not kept busy by a policy that is always due", function()
    local n = 0
    local s = T.service { policy = { tick = function(f) n = n + 1 return { wake = f.now } end } }
    s:advance(1)
    assert.is_true(n > 50 and n <= 101, n)
  end)
end)

describe("a failing policy", function()
  it("has its last good vote stand, and is in the log with file and line once a minute", function()
    local broken = false
    local s = T.service { policy = { operator = function(f)
      if broken then return f.nonsense.x end
      return { at_least = 3 }
    end } }
    s:operator "scale"
    broken = true
    s:operator "scale"; s:operator "scale"
    assert.same({ 3, 1 }, { s.live, errors(s) })
    assert.matches("^error: service test: policy own%.operator: .*policy_host_spec%.lua:%d+: "
      .. "a service has no field 'nonsense'", s.log[1])
    assert.equal("failing", why_of(s, "own.operator").state)
  end)

  it("in the metamethods of a vote is its policy's", function()
    local reasons = setmetatable({}, { __index = function() error "mine" end })
    local s = T.service { process_min_avail = 1, policy = { start = function() return { why = reasons } end,
      tick = function(f) return { spare = 3, wake = f.now + 1 } end } }
    assert.matches("own.start: .*mine", s.log[1])
    assert.equal(3, s.live)
  end)

  it("is quarantined at the third failure in a row, and the built-ins alone decide", function()
    local s = T.service { process_min_avail = 2, policy = {
      { start = function() return { at_least = 9 } end },
      { operator = function() error "boom" end },
    } }
    assert.equal(9, s.live)
    s:operator "scale"; s:operator "scale"; assert.equal(9, s.standing.at_least)
    s:operator "scale"
    assert.same({ 0, 2 }, { s.standing.at_least, s.standing.spare })
    assert.equal(1, #s.quarantined)
    assert.matches("own.*boom", s.quarantined[1])
    local function told()
      return { why_of(s, "own.1.start").failure, (why_of(s, "own.2.operator").failure:match "boom$") }
    end
    assert.equal("quarantined", why_of(s, "own.1.start").state)
    assert.same({ "with own.2.operator", "boom" }, told()) -- all own ones go together, one has failed
    s:restart_engine()
    assert.same({ "with own.2.operator", "boom" }, told())
    assert.equal("active", why_of(s, "built-in/min_avail").state)
  end)

  it("is forgiven after a success in between", function()
    local n = 0
    local s = T.service { policy = { operator = function()
      n = n + 1
      if n % 3 ~= 0 then error "boom" end
      return {}
    end } }
    for _ = 1, 12 do s:operator "scale" end
    assert.same({}, s.quarantined)
  end)

  it("fails with a vote that is none, too", function()
    local s = T.service { policy = { operator = function() return { at_lest = 2 } end } }
    for _ = 1, 3 do s:operator "scale" end
    assert.matches("unknown field 'at_lest' in a vote; did you mean 'at_least'%?", s.log[1])
    assert.equal(1, #s.quarantined)
  end)

  it("comes back with a reset or a reload, not with a new engine", function()
    local function quarantined()
      local s = T.service { policy = { start = function() return { at_least = 5 } end,
        exit = function() error "boom" end } }
      for _ = 1, 3 do s:crash(1) end
      assert.equal(0, s.standing.at_least)
      return s
    end
    local s = quarantined()
    s:operator "reset"; assert.equal(5, s.standing.at_least)
    s = quarantined()
    s:restart_engine(); assert.equal(0, s.standing.at_least)
    s:restart_engine(true); assert.equal(5, s.standing.at_least)
  end)

  it("that was `only` gives way to the built-ins", function()
    local s = T.service { process_min_avail = 3, policy = only { { exit = function() error "boom" end,
      start = function() return { at_least = 1 } end } } }
    assert.equal(1, s.live)
    for _ = 1, 3 do s:crash(1) end
    assert.equal(3, s.live)
  end)

  it("that killed the engine is taken out at once", function()
    local s = T.service { policy = { start = function() return { at_least = 5 } end } }
    s.world.make_host = (function(make)
      return function(order)
        local host = make(order)
        local begin = host.report
        function host.report(self, name, msg)
          begin(self, name, msg)
          if name == "begin" then self:quarantine("test/own.start", "it was running when the engine died") end
        end
        return host
      end
    end)(s.world.make_host)
    s:restart_engine()
    assert.equal(0, s.standing.at_least)
    assert.same({ "policy own.start is taken out: it was running when the engine died" }, s.quarantined)
    s.world.make_host = nil
  end)

  it("is named in the mark while it runs, and nobody afterwards", function()
    local seen, s
    s = T.service { policy = { operator = function() seen = s.mark end } }
    s:operator "scale"
    assert.same({ "test/own.operator", "" }, { seen, s.mark })
  end)

  it("among the built-ins leaves what the settings say", function()
    local s = T.service { process_min_avail = 2, policies = {
      min_avail = function() error "broken" end } }
    assert.equal(2, s.live)
    s:connect(4); assert.equal(4 + 2, s.live)
    assert.matches("built%-in policy min_avail: .*broken", s.log[1])
  end)

  it("that is a built-in goes alone", function()
    local s = T.service { process_min_avail = 2, policy = { start = function() return { at_least = 4 } end },
      policies = { throttle = function() return { exit = function() error "boom" end } end } }
    for _ = 1, 3 do s:crash(1) end
    assert.same({ 4, 4 }, { s.live, s.standing.at_least })
    assert.equal("quarantined", why_of(s, "built-in/throttle.exit").state)
  end)
end)

describe("what is kept", function()
  local function counting()
    return { operator = function(_, _, st)
      st.n = (st.n or 0) + 1
      return { at_least = st.n }
    end }
  end

  it("st and votes come back with a new engine and over a reload", function()
    local s = T.service { policy = { counting() } }
    s:operator "scale"; s:operator "scale"; assert.equal(2, s.standing.at_least)
    s:restart_engine(); assert.equal(2, s.standing.at_least)
    s:operator "scale"; assert.equal(3, s.standing.at_least)
    s:restart_engine(true, { counting() }); s:operator "scale"; assert.equal(4, s.standing.at_least)
  end)

  it("a new policy of a reload begins with start, the others with reload", function()
    local heard = {}
    local function hear(name)
      return { name = name, run = function(_, ev)
        if ev.kind == "start" or ev.kind == "reload" then heard[#heard + 1] = name .. ":" .. ev.kind end
      end }
    end
    local s = T.service { policy = { hear "a" } }
    s:restart_engine(true, { hear "a", hear "b" })
    table.sort(heard)
    assert.same({ "a:reload", "a:start", "b:start" }, heard)
  end)

  it("s:rand goes on where it was, and depends on seed, service and position alone", function()
    local function draws(restart, seed)
      local drawn = {}
      local function draw(s) drawn[#drawn + 1] = s:rand() end
      local s = T.service { seed = seed, policy = { { operator = draw } } }
      s:operator "scale"; s:operator "scale"
      if restart then s:restart_engine() end
      s:operator "scale"
      return drawn
    end
    assert.same(draws(false), draws(true))
    assert.not_same(draws(false), draws(false, 2))
    for _, x in ipairs(draws(false)) do assert.is_true(x >= 0 and x < 1) end
  end)

  it("an st of an older version goes through migrate", function()
    local s = T.service { policy = { { run = function(_, _, st) st.count = 7 end } } }
    local seen
    s:restart_engine(true, { { version = 2, migrate = function(old, v) return { n = old.count, was = v } end,
      run = function(_, _, st) seen = st end } })
    assert.same({ n = 7, was = 1 }, seen)
    s:restart_engine(true, { { version = 3, run = function(_, _, st) seen = st end } })
    assert.same({}, seen)
  end)

  it("an st that cannot be kept is said once, with its place", function()
    local s = T.service { policy = { { operator = function(f, _, st) st.bad = { f } end } } }
    s:operator "scale"
    s.host:save(); s.host:save(); s:operator "scale"; s.host:save()
    assert.equal(1, errors(s))
    assert.matches("own%.1: its state is not kept: st%.bad%[1%] is an object", s.log[#s.log])
  end)

  it("is the same text for the same state, and a damaged one is refused", function()
    local s = T.service { process_min_avail = 2, policy = { counting() } }
    s:operator "scale"
    local text = s.host:save()
    assert.equal(text, s.host:save())
    assert.is_nil((s.host:restore(text:sub(1, -2))))
    assert.is_nil((s.host:restore "t"))
  end)
end)

describe("load", function()
  it("gives the constructor of a file, or a sentence", function()
    local make = assert(policyhost.load("return function(o) return o.x end", "mine", {}))
    assert.equal(5, make { x = 5 })
    assert.matches("^policies/mine%.lua:1: ", select(2, policyhost.load("return function(", "mine", {})))
    assert.matches("^policies/mine%.lua:2: ", select(2, policyhost.load("\nnowhere()", "mine", {})))
    assert.equal("policy mine returns a table: a policy file is `return function(options) ... end`",
      select(2, policyhost.load("return {}", "mine", {})))
    local bytecode = string.dump(function() end)
    assert.matches("attempt to load a binary chunk", select(2, policyhost.load(bytecode, "mine", {})))
  end)
end)

describe("combinators", function()
  it("every asks only that often, and its votes stand in between", function()
    local asked = {}
    local s = T.service { policy = combinators.every(5, function(f)
      asked[#asked + 1] = f.now
      return { at_least = 3 }
    end) }
    s:connect(1); s:finish(1); s:advance(12)
    assert.same({ 0.0, 5.0, 10.0 }, asked)
    assert.equal(3, s.live)
  end)

  it("settle keeps the highest floor of the window", function()
    local want = 6
    local s = T.service { idle_kill = "never",
      policy = combinators.settle(60, function() return { at_least = want } end) }
    assert.equal(6, s.live)
    s:advance(100); want = 2; s:connect(1); s:finish(1)
    s:advance(30); want = 4; s:connect(1); s:finish(1); want = 2; s:connect(1); s:finish(1)
    s:advance(29); assert.equal(6, s.live)
    s:advance(2); assert.equal(4, s.live)
    s:advance(30); assert.equal(2, s.live)
  end)

  it("when counts only while the predicate holds", function()
    local s = T.service { policy = combinators.when(function(f) return f.now % 20 >= 10 end,
      { start = function() return { at_least = 4 } end }) }
    assert.equal(0, s.standing.at_least)
    s:advance(11); assert.equal(4, s.standing.at_least)
    s:advance(10); assert.equal(0, s.standing.at_least)
  end)

  it("shadow runs and shows, and does not count", function()
    local s = T.service { policy = combinators.shadow { start = function() return { at_least = 4, spare = 2 } end } }
    assert.equal(0, s.live)
    assert.equal("shadow votes at_least=4 spare=2", why_of(s, "own(shadow)").why)
    assert.equal("info: service test: shadow votes at_least=4 spare=2", s.log[1])
  end)

  it("canary lets the new one count in its share of slots of a minute, and logs both", function()
    local function hold(n) return function() return { at_least = n, shrink_to = n } end end
    local s = T.service { idle_kill = "1s", policy = combinators.canary(hold(5), hold(2), 0.25) }
    local seen = {}
    s:advance(30)
    for minute = 1, 8 do
      seen[minute] = s.live
      if minute < 8 then s:advance(60) end
    end
    assert.same({ 2, 2, 2, 5, 2, 2, 2, 5 }, seen)
    assert.equal("info: service test: canary: new votes at_least=5 shrink_to=5, old votes at_least=2 shrink_to=2; "
      .. "the old one counts", s.log[1])
    assert.matches("the new one counts$", s.log[2])
    assert.equal("canary: the new one counts", why_of(s, "own(canary)").why)
    assert.has_error(function() combinators.canary(print, print, 2) end)
  end)

  it("canary drops what the one that does not count wants to retire", function()
    local function retire(f)
      local ids = {}
      for _, p in ipairs(f.processes) do ids[p.id] = false end
      return { retire = ids }
    end
    local s = T.service { process_min_avail = 2, policy = combinators.canary({ tick = retire }, function() end, 0) }
    s:connect(2); s:advance(10)
    assert.equal(0, s.service.retired)
  end)

  it("keep what only_while says of what is inside", function()
    local heard = 0
    local s = T.service { process_min_avail = 1, process_limit = 1, policy = combinators.all {
      combinators.shadow { only_while = "waiting", run = function() heard = heard + 1 end } } }
    local before = heard
    s:connect(1); s:finish(1)
    assert.equal(before, heard)
    s:connect(2)
    assert.is_true(heard > before)
  end)

  it("keep what is inside over a restart", function()
    local s = T.service { policy = combinators.when(function() return true end,
      { { operator = function(_, _, st) st.n = (st.n or 0) + 1 return { at_least = st.n } end } }) }
    s:operator "scale"; s:restart_engine(); s:operator "scale"
    assert.equal(2, s.standing.at_least)
  end)

  it("refuse nonsense where it is written", function()
    assert.has_error(function() combinators.every(-1, {}) end)
    assert.has_error(function() combinators.settle("60s", {}) end)
    assert.has_error(function() combinators.when({}, {}) end)
    assert.has_error(function() combinators.shadow { min_avial = print } end)
  end)

  it("give nothing to a meet when they say nothing", function()
    assert.same({}, vote.check {})
  end)
end)

describe("a policy that is replaced at run time", function()
  it("begins, and hears what only it has hooks for", function()
    local heard = {}
    local function hear(who)
      return function(_, ev) heard[#heard + 1] = who .. " " .. ev.kind end
    end
    local s = T.service { process_min_avail = 1, policy = { start = hear "old", limit = hear "old" } }
    assert.same({ "old start" }, heard)
    assert.is_true(s.host:replace("test", { start = hear "new", exit = hear "new" }))
    s:advance(1)
    assert.same({ "old start", "new start" }, heard)
    s:connect(1); s:crash(1); s:advance(1)
    assert.same({ "old start", "new start", "new exit" }, heard)
  end)

  it("counts at once, and the config's counts again when it is taken back", function()
    local s = T.service { policy = function() return { at_least = 2 } end }
    assert.equal(2, s.live)
    assert.is_true(s.host:replace("test", function() return { at_least = 5 } end))
    s:advance(1); assert.equal(5, s.live)
    assert.is_true(s.host:replace("test", nil))
    s:advance(1); assert.equal(2, s.standing.at_least)
  end)

  it("changes nothing when it is none", function()
    local s = T.service { policy = function() return { at_least = 2 } end }
    local done, sentence = s.host:replace("test", 7)
    assert.is_nil(done)
    assert.is_string(sentence)
    s:advance(1); assert.equal(2, s.standing.at_least)
  end)
end)
