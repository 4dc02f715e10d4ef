-- `reeve why` and `reeve service scale` over a real policy host in virtual time, to the letter.
local T = require "reeve.test"
local combinators = require "reeve.combinators"
local json = require "dkjson"
local service_verb = require "reeve.verbs.service"
local spec = require "reeve.spec"
local why_verb = require "reeve.verbs.why"

local function call(s, verb, ...)
  local out, err = {}, {}
  local ctx = { host = s.host, plan = { services = { { name = "test", settings = {} } } }, spec = spec, width = 0,
    color = false, out = function(text) out[#out + 1] = text end, err = function(text) err[#err + 1] = text end }
  local code = verb(ctx, { ... })
  s:advance(0.001)
  return table.concat(out), table.concat(err), code
end

local function why(s, ...) return call(s, why_verb, "test", ...) end
local function scale(s, ...) return call(s, service_verb, "scale", "test", ...) end

local function three(f) return f.now >= 100 and { at_least = 3, why = "more by day" } or { at_least = 1 } end

local function busy_pool()
  local s = T.service { process_limit = 20, process_min_avail = 2, policy = {
    combinators.every(10, three), { demand = function() error("boom", 0) end } } }
  s:connect(1); s:advance "5min"
  return s
end

describe("why", function()
  it("shows each policy with its vote, since when and why, then whose vote decided each bound", function()
    local s = busy_pool()
    scale(s, "4..12", "--for", "2h")
    s:advance(30)
    assert.equal([[
test: 4 live, 0 clients wait

votes
policy              vote                   since  why
built-in/min_avail  spare=2                5 min  process_min_avail = 2
built-in/on_demand  on_demand=true         5 min  -
built-in/idle_kill  nothing                5 min  -
built-in/throttle   throttle=2s..60s       5 min  -
built-in/rolling    -                      -      -
own.1(every)        at_least=3             3 min  more by day
own.2.demand        -                      -      -
operator            at_least=4 at_most=12  -      set by an operator, for 119 min more

standing order
bound      value    decided by
at_least   4        operator
at_most    12       operator
spare      2        built-in/min_avail
on_demand  yes      built-in/on_demand
throttle   2s..60s  built-in/throttle
]], (why(s)))
  end)

  it("shows who fails, who is replaced, and what holds a service back", function()
    local s = T.service { process_limit = 1, policy = combinators.only {
      function() return { on_demand = true } end, { demand = function() error("boom", 0) end } } }
    s:connect(2)
    local text = why(s)
    assert.matches("\nbuilt%-in/min_avail  %-  +%-      replaced\n", text)
    assert.matches("\nown.2.demand  +%- +%-      failing: boom\n", text)
    assert.matches("\nheld back\n  process_limit = 1 is reached\n$", text)
    s:fail_start(1); s:crash(1); s:stop()
    text = why(s)
    assert.matches("\nown.1  +on_demand=true +0 s +quarantined: with own.2.demand\n", text)
    assert.matches("\nown.2.demand  +%- +%- +quarantined: boom\n", text)
    assert.matches("  it is stopped, until `reeve service start test`\n", text)
    assert.matches("  its own policies are taken out, until a reload or `reeve service reset test`\n", text)
  end)

  it("says in JSON the same, with exact numbers", function()
    local s = busy_pool()
    scale(s, "5")
    local r = json.decode((why(s, "--json")))
    assert.same({ "test", 5, 0, 20, 0, false }, { r.service, r.live, r.waiting, r.process_limit, r.throttled_for,
      r.stopped })
    assert.same({ at_least = 5, at_most = 5 }, r.override)
    assert.same({ at_least = 5, at_most = 5, spare = 2, on_demand = true, throttle = { first = 2, most = 60 } },
      r.standing)
    assert.same({ at_least = { "operator" }, at_most = { "operator" }, spare = { "built-in/min_avail" },
      on_demand = { "built-in/on_demand" }, throttle = { "built-in/throttle" } }, r.decided)
    assert.same({ name = "own.1(every)", state = "active", vote = { at_least = 3 }, why = "more by day",
      unchanged_for = 200 }, r.policies[6])
  end)

  it("keeps the time of the last change over a new engine, and a repeated vote is none", function()
    local s = busy_pool()
    s:restart_engine(); s:advance(100)
    assert.equal(300, json.decode((why(s, "--json"))).policies[6].unchanged_for)
  end)

  it("refuses what is no service", function()
    local s = busy_pool()
    local _, err, code = call(s, why_verb, "tset")
    assert.same({ "reeve: why: no service 'tset'; did you mean 'test'?\n", 64 }, { err, code })
    assert.equal(64, (select(3, call(s, why_verb))))
  end)
end)

describe("scale", function()
  it("is a vote that survives a new engine and a reload, until its time is over", function()
    local s = T.service { process_limit = 20 }
    assert.same({ "service 'test' has 4 to 12 processes, for 2h\n", "", 0 }, { scale(s, "4..12", "--for", "2h") })
    assert.same({ 4, 12 }, { s.live, s.standing.at_most })
    s:restart_engine(); s:restart_engine(true); s:advance "119min"
    assert.same({ 4, 12, 4 }, { s.live, s.standing.at_most, s.facts.override.at_least })
    s:advance "2min"
    assert.is_nil(s.facts.override)
    assert.is_true(s.standing.at_most > 20)
    s:advance "3min"
    assert.equal(0, s.live)
  end)

  it("auto takes it back", function()
    local s = T.service { process_limit = 20, process_min_avail = 1 }
    scale(s, "6..")
    assert.equal(6, s.live)
    assert.equal("service 'test': its policies alone decide again\n", (scale(s, "auto")))
    assert.same({ 0, 1 }, { s.standing.at_least, s.standing.spare })
    scale(s, "..0")
    assert.equal(0, s.standing.at_most)
  end)

  for _, case in ipairs {
    { { "30" }, "process_limit is 20, and no vote can pass it: change it in the config and reload" },
    { { "3..2" }, "3..2: the floor is above the ceiling" },
    { { ".." }, "'..' is no range of processes, such as 4..12" },
    { { "-1" }, "'-1' is no range of processes, such as 4..12" },
    { { "3", "--for", "2" }, "--for: '2' has no unit: 2 what? Write \"2s\", \"2min\" or \"2h\"" },
    { { "auto", "--for", "2h" }, "auto is for good: --for goes with a range" },
  } do
    it("refuses " .. table.concat(case[1], " "), function()
      local s = T.service { process_limit = 20 }
      local out, err, code = scale(s, table.unpack(case[1]))
      assert.same({ "", "reeve: service: " .. case[2] .. "\n", 64 }, { out, err, code })
      assert.is_nil(s.facts.override)
    end)
  end
end)
