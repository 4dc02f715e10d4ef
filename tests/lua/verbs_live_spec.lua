package.path = "lua/?.lua;tests/lua/?.lua;" .. package.path

local fake = require "fake_control"
local json = require "dkjson"

local function usage_cases(w, cases)
  for _, case in ipairs(cases) do
    local _, err, code = w:say(table.unpack(case[1]))
    assert.equal(case[2], err)
    assert.equal(64, code)
  end
  assert.same({}, w.orders)
end

describe("status", function()
  it("prints a line a service", function()
    local out, err, code = fake.new():say "status"
    assert.equal([[
reeve 0.1.0, generation 3, master 11, engine 12
name  live  limit  idle  busy  avail  draining  clients  waiting  starts  crashes  state
web      3     50     1     2      1         0        7        0      12        2  policy breaker quarantined
job      1      1     -     -      1         0        -        -       4        0  throttled 3.5 s: exec job: ENOENT
]], out)
    assert.equal("", err)
    assert.equal(0, code)
  end)

  it("says when a service is stopped or full", function()
    local w = fake.new()
    w.facts.job.stopped = true
    w.facts.web.waiting, w.facts.web.live = 5, 50
    w.facts.web.generation = 3
    w.host.why = function() return { policies = {} } end
    local out = w:say "status"
    assert.truthy(out:find("at process_limit, clients wait\n", 1, true))
    assert.truthy(out:find("stopped\n", 1, true))
  end)

  it("cuts to the width the client has, and colours only when asked", function()
    local w = fake.new()
    w.control:connect(1, { uid = 0 })
    w.control:frame(1, "hello", 0, "proto=1\nwidth=60\ncolor=0\n")
    for text in w:say("status"):gmatch "[^\n]+" do assert.truthy(utf8.len(text) <= 60, text) end
    w.control:frame(1, "hello", 0, "proto=1\nwidth=60\ncolor=1\n")
    assert.truthy(w:say("status"):find("\27[31m", 1, true))
  end)

  it("has the documented JSON, in order, nulls named", function()
    local out, _, code = fake.new():say("status", "--json")
    assert.equal(0, code)
    assert.equal('{"generation":3,"master_pid":11,"engine_pid":12,"degraded":false,"services":['
      .. '{"name":"web","type":"","contract":"reeve","live":3,"starting":0,"idle":1,"busy":2,"avail":1,"draining":0,'
      .. '"clients":7,"waiting":0,"process_limit":50,"client_limit":4,"starts":12,"exits":9,"start_failures":1,'
      .. '"crashes":2,"dropped":0,"hold_ms":0,"last_failure":null,"waits_for":null,"policies":['
      .. '{"name":"min_avail","state":"active","why":"keep 2 ready"},'
      .. '{"name":"breaker","state":"quarantined","why":"conf.lua:3: boom"}]},'
      .. '{"name":"job","type":"startup","contract":"plain","live":1,"starting":0,"idle":null,"busy":null,"avail":1,'
      .. '"draining":0,"clients":null,"waiting":null,"process_limit":1,"client_limit":1,"starts":4,"exits":3,'
      .. '"start_failures":3,"crashes":0,"dropped":0,"hold_ms":3500,'
      .. '"last_failure":"exec job: ENOENT","waits_for":null,"policies":['
      .. '{"name":"throttle","state":"active","why":null}]}]}\n', out)
    assert.equal(2, #json.decode(out).services)
  end)

  it("takes --json from hello too", function()
    local w = fake.new()
    w.control:connect(1, { uid = 0 })
    w.control:frame(1, "hello", 0, "json=1\n")
    assert.truthy(w:say("status"):find '^{"generation":3')
  end)

  it("shows one service in full", function()
    local out, _, code = fake.new():say("status", "web")
    assert.equal(0, code)
    assert.equal([[
web: the site

settings in force
  client_limit           4
  description            the site
  idle_kill              60s
  process_limit          50
  inet_listener          127.0.0.1 port 8080 (http)
  unix_listener          /run/x/web.sock (web.sock)

pool
  type                   ""
  contract               reeve
  live                   3
  starting               0
  idle                   1
  busy                   2
  avail                  1
  draining               0
  clients                7
  waiting                0
  process_limit          50
  client_limit           4
  starts                 12
  exits                  9
  start_failures         1
  crashes                2
  dropped                0
  hold_ms                0
  state                  policy breaker quarantined

policies
name       state        why
min_avail  active       keep 2 ready
breaker    quarantined  conf.lua:3: boom

last exits
id  ok     asked  stage    code  signal   age  served  clients_lost  text
 5  false  false  serving     0      11  12.5       3             1  killed by SIGSEGV

last log lines
  not kept: the log goes to the daemon's stderr; with log_path set its last lines stand here
]], out)
  end)

  it("shows what the log process left, and takes it for foreign", function()
    local left = "1700000000.250000\terror\t107\tboom \27[31m\1tred\n1700000001.000000\tinfo\t0\tfine\n"
      .. "no line\nx\ty\tz\tw\n"
    local w = fake.new { tail = function(name) return name == "web" and left or nil end }
    local at = os.date("%F %T", 1700000000)
    local out = w:say("status", "web")
    assert.truthy(out:find(("last log lines\n  %s error[107]: boom \\x1b[31m\tred\n"):format(at), 1, true), out)
    local one = json.decode((w:say("status", "web", "--json"))).services[1]
    assert.same({ time = 1700000000.25, level = "error", pid = 107, text = "boom \\x1b[31m\tred" }, one.log[1])
    assert.equal("60s", one.settings.idle_kill)
    assert.equal(11, one.last_exits[1].signal)
    assert.is_nil(json.decode((w:say("status", "job", "--json"))).services[1].log)
  end)

  it("says what is wrong with its words", function()
    usage_cases(fake.new(), {
      { { "status", "wbe" }, "reeve: status: no service 'wbe'; did you mean 'web'?\n" },
      { { "status", "zzz" }, "reeve: status: no service 'zzz'; there are: web, job\n" },
      { { "status", "--jsn" },
        "reeve: status: unknown option '--jsn'; did you mean '--json'?\n"
        .. "usage: reeve status [NAME] [--json] [--names]\n" },
      { { "status", "web", "job" }, "reeve: status: unknown argument 'job'\n"
        .. "usage: reeve status [NAME] [--json] [--names]\n" },
    })
  end)
end)

describe("ps", function()
  it("prints a line a process", function()
    local out, _, code = fake.new():say "ps"
    assert.equal(0, code)
    assert.equal([[
service  id  pid  generation  state  clients  served   age  idle_for  busy_for   rss  private  cpu  status
web       7  107           3  busy         4      90  61.2         -       3.5  3.9M    1000K  50%       -
web       9  109           3  idle         0      12  30.0       2.0         -     -        -    -       -
]], out)
  end)

  it("has the documented JSON", function()
    local out = fake.new():say("ps", "web", "--json")
    assert.equal('[{"service":"web","id":7,"pid":107,"generation":3,"state":"busy","clients":4,"served":90,"age":61.25,'
      .. '"idle_for":null,"busy_for":3.5,"rss":4096000,"private":1024000,"cpu":0.5,"status":null},'
      .. '{"service":"web","id":9,"pid":109,"generation":3,"state":"idle","clients":0,"served":12,"age":30.0,'
      .. '"idle_for":2.0,"busy_for":null,"rss":null,"private":null,"cpu":null,"status":null}]\n', out)
    assert.equal("[]\n", (fake.new():say("ps", "job", "--json")))
    assert.equal("no processes\n", (fake.new():say("ps", "job")))
  end)

  it("says what is wrong with its words", function()
    usage_cases(fake.new(), {
      { { "ps", "wb" }, "reeve: ps: no service 'wb'; did you mean 'web'?\n" },
      { { "ps", "-x", "y" }, "reeve: ps: unknown option '-x'\nusage: reeve ps [SERVICE] [--json]\n" },
    })
  end)
end)

describe("service", function()
  for verb, number in pairs { start = 0, stop = 1, drain = 3, reset = 4 } do
    it(verb .. " sends the order and says what it means", function()
      local w = fake.new()
      assert.is_nil(select(3, w:say("service", verb, "job")))
      assert.same({ { order = "service_do", svc = 2, verb = number, ticket = 1 } }, w.orders)
      assert.same({ verb .. " job" }, w.operated)
      w.control:service_done { ticket = 1, ok = true, text = "" }
      local out, _, code = w:answer()
      assert.truthy(out:find("'job'", 1, true))
      assert.equal(0, code)
    end)
  end

  it("says why the master could not do it", function()
    local w = fake.new()
    w:say("service", "start", "web")
    w.control:service_done { ticket = 1, ok = false, text = "inet_listener http: cannot bind: in use" }
    local out, err, code = w:answer()
    assert.equal("reeve: service 'web': inet_listener http: cannot bind: in use\n", err)
    assert.equal("", out)
    assert.equal(71, code)
  end)

  it("stop and drain with --wait end when the processes of now are gone", function()
    for _, verb in ipairs { "stop", "drain" } do
      local w = fake.new()
      w:say("service", verb, "web", "--wait")
      w.control:service_done { ticket = 1, ok = true, text = "" }
      w.control:turn(1)
      assert.is_nil(select(3, w:answer()))
      w.facts.web.processes = { fake.process { id = 12, pid = 112, generation = 3, state = "idle" } }
      w.control:turn(2)
      local out, _, code = w:answer()
      assert.truthy(out:find("'web'", 1, true))
      assert.equal(0, code)
    end
  end)

  it("restart ends with 75 when the policy that replaces processes was taken out", function()
    local w = fake.new()
    w:say("service", "restart", "web")
    w.control:service_done { ticket = 1, ok = true, text = "" }
    w.facts.web.generation = 4
    w.host.why = function()
      return { policies = { { name = "built-in/rolling", state = "quarantined", failure = "it was running" } } }
    end
    w.control:turn(1)
    local _, err, code = w:answer()
    assert.truthy(err:find("`reeve service reset web`", 1, true), err)
    assert.equal(75, code)
  end)

  it("restart ends with 75 when nobody was there to be replaced, because starts fail", function()
    local w = fake.new()
    w:say("service", "restart", "job")
    w.control:service_done { ticket = 1, ok = true, text = "" }
    w.facts.job.generation, w.facts.job.live = 4, 0
    w.control:turn(1)
    local out, err, code = w:answer()
    assert.same({ "", "reeve: service 'job' has no process: its starts fail (exec job: ENOENT); "
      .. "`reeve service reset job` tries at once\n", 75 }, { out, err, code })
  end)

  it("scale says when process_limit is below the ceiling", function()
    local w = fake.new()
    w.control.host.override = function() end
    local out = w:say("service", "scale", "web", "4..60")
    assert.equal("service 'web' has 4 to 60 processes (process_limit is 50), "
      .. "until `reeve service scale web auto`\n", out)
  end)

  it("restart --wait waits for the old ones that drain, too", function()
    local w = fake.new()
    w:say("service", "restart", "web", "--wait")
    w.control:service_done { ticket = 1, ok = true, text = "" }
    w.facts.web.generation = 4
    w.facts.web.processes = { fake.process { id = 7, pid = 107, generation = 3, state = "draining" } }
    w.control:turn(1)
    assert.is_nil(select(3, w:answer()))
    w.facts.web.processes = {}
    w.control:turn(2)
    assert.equal(0, select(3, w:answer()))
  end)

  it("agrees with enum service_verb of wire.h", function()
    local f = assert(io.open "src/wire/wire.h")
    local body = f:read("a"):match "enum service_verb {(.-)}"
    f:close()
    local at, verbs = 0, require("reeve.operate").VERBS
    for name in body:gmatch "SERVICE_(%u+)," do
      assert.equal(name ~= "VERBS" and at or nil, verbs[name:lower()])
      at = at + 1
    end
    assert.equal(6, at)
  end)

  it("restart waits until the new generation is up and the old one gone", function()
    local w = fake.new()
    local web = w.facts.web
    assert.is_nil(select(3, w:say("service", "restart", "web")))
    assert.same({ { order = "service_do", svc = 1, verb = 2, ticket = 1 } }, w.orders)
    w.control:service_done { ticket = 1, ok = true, text = "" }
    w.control:turn(1)
    assert.is_nil(select(3, w:answer())) -- the master has not raised the generation yet
    web.generation = 4
    w.control:turn(2)
    assert.is_nil(select(3, w:answer())) -- both processes are old
    web.processes = {
      fake.process { id = 7, pid = 107, generation = 3, state = "draining" },
      fake.process { id = 11, pid = 111, generation = 4, state = "starting" },
    }
    w.control:turn(3)
    assert.is_nil(select(3, w:answer()))
    web.processes[2] = fake.process { id = 11, pid = 111, generation = 4, state = "idle" }
    w.control:turn(4)
    local out, _, code = w:answer()
    assert.equal("service 'web' is restarted: generation 4\n", out)
    assert.equal(0, code)
  end)

  it("restart ends with 75 when the new processes fail", function()
    local w = fake.new()
    local web = w.facts.web
    w:say("service", "restart", "web")
    w.control:service_done { ticket = 1, ok = true, text = "" }
    web.generation, web.start_failures, web.last_failure = 4, 2, "exit status 1"
    w.control:turn(1)
    local _, err, code = w:answer()
    assert.equal("reeve: new processes of service 'web' fail (exit status 1); 2 of the old ones stay\n", err)
    assert.equal(75, code)
  end)

  it("says what is wrong with its words", function()
    local usage = "\nusage: reeve service " .. require "reeve.usage".OF.service .. "\n"
    usage_cases(fake.new(), {
      { { "service" }, "reeve: service: what, and to which service?" .. usage },
      { { "service", "stpo", "web" }, "reeve: service: unknown 'stpo'; did you mean 'stop'?" .. usage },
      { { "service", "stop" }, "reeve: service: stop takes one name" .. usage },
      { { "service", "stop", "web", "job" }, "reeve: service: stop takes one name" .. usage },
      { { "service", "scale", "web" }, "reeve: service: scale takes a name and a range, or auto" .. usage },
      { { "service", "scale", "web", "2", "--wait" },
        "reeve: service: --wait goes with stop, restart and drain" .. usage },
      { { "service", "stop", "web", "--for", "2h" }, "reeve: service: --for goes with scale" .. usage },
      { { "service", "stop", "webb" }, "reeve: service: no service 'webb'; did you mean 'web'?\n" },
      { { "service", "stop", "--now", "web" }, "reeve: service: unknown option '--now'" .. usage },
    })
  end)
end)

describe("reload", function()
  local w
  before_each(function()
    w = fake.new()
    assert.is_nil(select(3, w:say "reload"))
    assert.equal("reload", w.orders[1].order)
  end)

  it("prints what was changed", function()
    w.control:reload_done { ticket = w.orders[1].ticket, ok = true, generation = 4, text = "web: renew\njob: same\n" }
    local out, err, code = w:answer()
    assert.equal("web: renew\njob: same\ngeneration 4 is in force\n", out)
    assert.equal("", err)
    assert.equal(0, code)
  end)

  it("prints every error and ends with 2", function()
    local text = "a:1:1: error: x\n1 error\n"
    w.control:reload_done { ticket = w.orders[1].ticket, ok = false, generation = 3, text = text }
    local out, err, code = w:answer()
    assert.equal("", out)
    assert.equal("a:1:1: error: x\n1 error\n", err)
    assert.equal(2, code)
  end)

  it("takes no other's answer", function()
    w.control:reload_done { ticket = 0, ok = true, generation = 4, text = "" }
    assert.is_nil(select(3, w:answer()))
  end)

  it("has JSON", function()
    w.control:frame(1, "verb", 2, "reload\0--json")
    w.control:reload_done { ticket = w.orders[2].ticket, ok = false, generation = 3, text = "bad" }
    local out, _, code = w:answer(2)
    assert.equal('{"ok":false,"generation":3,"changes":[],"text":"bad"}\n', out)
    assert.equal(2, code)
  end)
end)

describe("stop", function()
  it("tells who is still there and never says done: the end is the end of the daemon", function()
    local w = fake.new()
    w:say "stop"
    assert.same({ { order = "stop", now = false } }, w.orders)
    w.control:stopping { alive = 3, text = "web: 3 finish their clients" }
    w.control:stopping { alive = 3, text = "web: 3 finish their clients" }
    w.control:stopping { alive = 1, text = "" }
    w.control:stopping { alive = 0, text = "" }
    local _, err, code = w:answer()
    assert.equal("stopping\nstill there: web: 3 finish their clients\n1 processes still there\n", err)
    assert.is_nil(code)
  end)

  it("names the first of many who are still there", function()
    local w, list = fake.new(), {}
    w:say "stop"
    for i = 1, 100 do list[i] = ("svc%d 3"):format(i) end
    w.control:stopping { alive = 300, text = table.concat(list, ", ") }
    local _, err = w:answer()
    assert.equal("stopping\nstill there: svc1 3, svc2 3, svc3 3, svc4 3, svc5 3, svc6 3, svc7 3, svc8 3 and 92 other "
      .. "services\n", err)
  end)

  it("is one line that changes on a terminal", function()
    local w = fake.new()
    w.control:connect(1, { uid = 0 })
    w.control:frame(1, "hello", 0, "proto=1\nwidth=0\nprogress=60\ncolor=0\n")
    w:say "stop"
    w.control:stopping { alive = 2, text = "web 2" }
    w.control:stopping { alive = 1, text = "web 1" }
    w.control:stopping { alive = 0, text = "" }
    assert.equal("stopping\n\r\27[K[------------------------] 0% still there: web 2"
      .. "\r\27[K[############------------] 50% still there: web 1\r\27[K", (select(2, w:answer())))
  end)

  it("--now asks for it", function()
    local w = fake.new()
    w:say("stop", "--now")
    assert.same({ { order = "stop", now = true } }, w.orders)
    usage_cases(fake.new(), { { { "stop", "web" },
      "reeve: stop: unknown argument 'web'\nusage: reeve stop [--now]\n" } })
  end)
end)

describe("eval", function()
  local w
  before_each(function() w = fake.new() end)

  local cases = {
    { "an expression", { "1 + 2" }, "3\n", "", 0 },
    { "an expression after =", { "= 4" }, "4\n", "", 0 },
    { "a statement", { "x = 5" }, "", "", 0 },
    { "every result, nil too", { "nil, 3, nil" }, "nil\n3\nnil\n", "", 0 },
    { "several expressions share their globals", { "x = 5", "x * 2" }, "10\n", "", 0 },
    { "the last result", { "6", "_ + 1" }, "6\n7\n", "", 0 },
    { "a fact", { "services.web.busy" }, "2\n", "", 0 },
    { "a window of a fact", { "services.web:rate('served', 8)" }, "2.0\n", "", 0 },
    { "print", { "print('a', 1, {b = 2})" }, "a\t1\t{ b = 2 }\n", "", 0 },
    { "JSON, a line a result", { "--json", "1, {b = 1, a = 2}" }, '1\n{"a":2,"b":1}\n', "", 0 },
    { "a chunk that looks like an option", { "--", "--json" }, "", "", 0 },
    { "a runtime error", { "error('no', 0)" }, "", "error: no\n", 1 },
    { "an unknown fact", { "services.web.bsy" }, "", nil, 1 },
    { "an error after output", { "1", "error('no', 0)", "2" }, "1\n", "error: no\n", 1 },
    { "an incomplete expression", { "1 +" }, "", "error: console:1: unexpected symbol near <eof>\n", 1 },
    { "a broken statement", { "for x" }, "", "error: console:1: '=' or 'in' expected near <eof>\n", 1 },
    { "bytecode", { "\27Lua" }, "", nil, 1 },
    { "the deadline", { "deadline()" }, "", nil, 75 },
    { "nothing", {}, "", "reeve: eval: nothing to evaluate\nusage: reeve eval [--json] EXPR...\n", 64 },
    { "too long a chunk", { ("x"):rep(70000) }, "",
      "error: the chunk has 70000 bytes; at most 65536 are taken\n", 1 },
  }
  for _, case in ipairs(cases) do
    it("evaluates " .. case[1], function()
      local out, err, code = w:say("eval", table.unpack(case[2]))
      assert.equal(case[3], out)
      if case[4] then assert.equal(case[4], err) else assert.truthy(err:find "^error: ") end
      assert.equal(case[5], code)
    end)
  end

  it("prints a service as its record", function()
    local out = w:say("eval", "--json", "services.job")
    assert.equal("startup", json.decode(out).type)
    assert.truthy(w:say("eval", "services.web"):find 'name = "web"')
  end)

  it("prints all services as a table", function()
    assert.equal([[
name  live  starting  idle  busy  avail  draining  clients  waiting  process_limit  starts  crashes  hold_ms
web      3         0     1     2      1         0        7        0             50      12        2        0
job      1         0     -     -      1         0        -        -              1       4        0     3500
]], (w:say("eval", "services")))
    assert.equal("web", json.decode((w:say("eval", "--json", "services"))).web.name)
  end)

  it("says where an error is, also for a lone call", function()
    local _, err = w:say("eval", "error('x')")
    assert.equal("error: console:1: x\n", err)
    for chunk, sentence in pairs {
      ["\nx = services.web:stop(1)"] = "console:2: stop of web: it takes no arguments",
      ["services.web:scale(9, 4)"] = "console:1: scale of web: it takes a floor and a ceiling, whole numbers or nil, "
        .. "and perhaps a time: scale(4, 12, \"2h\")",
      ["\nx = services.web.livee"] = "console:2: unknown field 'livee' of service",
      ["services.wbe"] = "console:1: there is no service 'wbe'; did you mean 'web'?",
      ["services.web.live = 3"] = "console:1: services.web is read-only",
    } do
      assert.equal("error: " .. sentence .. "\n", (select(2, w:say("eval", chunk))))
    end
  end)

  it("prints facts inside facts", function()
    assert.equal("{ client_limit = 4, process_limit = 50 }\n", (w:say("eval", "services.web.settings")))
    local out = w:say("eval", "--json", "services.web.processes[1].served, services.web.settings")
    assert.equal('90\n{"client_limit":4,"process_limit":50}\n', out)
    assert.equal([[
id  pid  generation  state   age  busy_for  clients  served      rss  private  cpu  idle_for
]], (w:say("eval", "services.web.processes"):gsub("\n.*", "\n")))
  end)

  it("prints under the deadline of the chunk", function()
    local chunk = "setmetatable({}, { __pairs = function() deadline() end })"
    assert.equal(75, select(3, w:say("eval", chunk)))
    assert.equal(75, select(3, w:say("eval", "--json", chunk)))
  end)

  it("takes eval frames, which keep the session's globals", function()
    w.control:connect(1, { uid = 0 })
    w.control:frame(1, "eval", 1, "y = 20")
    w.control:frame(1, "eval", 2, "y + 1")
    assert.equal("21\n", (w:answer(2)))
    w.control:connect(2, { uid = 0 })
    w.control:frame(2, "eval", 3, "y")
    assert.equal("nil\n", (w:answer(3)))
  end)

  it("sends actions when the chunk went well, and writes them to the log", function()
    local out, _, code = w:say("eval", "services.web:stop(), services.job:reset()")
    assert.equal("queued: stop web\nqueued: reset job\n", out)
    assert.is_nil(code) -- one after the other, as the master says that they are done
    assert.same({ { order = "service_do", svc = 1, verb = 1, ticket = 1 } }, w.orders)
    w.control:service_done { ticket = 1, ok = true, text = "" }
    assert.same({ order = "service_do", svc = 2, verb = 4, ticket = 2 }, w.orders[2])
    w.control:service_done { ticket = 2, ok = true, text = "" }
    out, _, code = w:answer()
    assert.equal("queued: stop web\nqueued: reset job\ndone: stop web\ndone: reset job\n", out)
    assert.equal(0, code)
    assert.equal("info control 1 (uid 0, pid 99): done: reset job", w.log[#w.log])
  end)

  it("does not go on behind an action that fails", function()
    w:say("eval", "services.web:start(), services.job:reset()", "print 'on'")
    w.control:service_done { ticket = 1, ok = false, text = "port 80 is taken" }
    local _, err, code = w:answer()
    assert.equal("error: start web: port 80 is taken\n", err)
    assert.equal(71, code)
    assert.equal(1, #w.orders)
  end)

  it("asks the new engine only where nothing was done yet", function()
    w:say("eval", "services.web:stop(), services.job:reset()")
    w.frames = {}
    w.control:retired { generation = 4 }
    assert.equal("again 1 0\n", w.frames[1].bytes)
    w = fake.new()
    w:say("eval", "services.web:stop(), services.job:reset()")
    w.control:service_done { ticket = 1, ok = true, text = "" }
    w.control:retired { generation = 4 }
    assert.equal(75, select(3, w:answer()))
  end)

  it("refuses an observer's action with 77, a stop of an admin's policy too", function()
    w = fake.new { role_of = function() return "observer" end }
    assert.equal("2\n", (w:say("eval", "services.web.busy")))
    local _, err, code = w:say("eval", "services.web:stop()")
    assert.truthy(err:find("stop needs the role operator; yours is observer", 1, true), err)
    assert.equal(77, code)
    w = fake.new { role_of = function() return "operator" end }
    assert.equal(77, select(3, w:say("eval", "services.web:policy(nil)")))
    assert.same({}, w.orders)
    assert.same({}, w.operated)
  end)

  it("gives an admin another policy for a service", function()
    local out, _, code = w:say("eval", "services.web:policy { spare = 3 }")
    assert.equal("queued: policy of web: changed\ndone: policy of web: changed\n", out)
    assert.equal(0, code)
    assert.same({ "policy web" }, w.operated)
    assert.equal(1, select(3, w:say("eval", "services.web:policy(5)")))
  end)

  it("sends none when it failed, nor later", function()
    assert.equal(1, select(3, w:say("eval", "services.web:stop() error('x')")))
    assert.equal(0, select(3, w:say("eval", "1")))
    assert.same({}, w.orders)
    assert.same({}, w.operated)
  end)

  it("refuses to write facts", function()
    assert.equal(1, select(3, w:say("eval", "services.web.busy = 1")))
  end)
end)
