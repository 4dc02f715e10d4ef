package.path = "lua/?.lua;tests/lua/?.lua;" .. package.path

local api = require "reeve.api"
local fake = require "fake_control"
local formats = require "reeve.formats"
local path = require "reeve.path"

-- Says a line on session 1 under a new id; returns stdout, stderr, code.
local function say(w, text, hello)
  if not w.control.sessions[1] then w.control:connect(1, { uid = 0, gid = 0, pid = 99 }) end
  if hello then w.control:frame(1, "hello", 0, hello) end
  w.frames, w.id = {}, (w.id or 0) + 1
  w.control:frame(1, "line", w.id, text)
  return w:answer(w.id)
end

-- The payload of the last frame of that verb.
local function last(w, verb)
  for i = #w.frames, 1, -1 do
    local payload = w.frames[i].bytes:match("^" .. verb .. " %d+ %d+\n(.*)$")
    if payload then return payload end
  end
end

describe("a line of the console", function()
  local w
  before_each(function() w = fake.new() end)

  it("is Lua, and results can be had again", function()
    assert.equal("7\n", (say(w, "3 + 4")))
    assert.equal("8\n", (say(w, "_ + 1")))
    assert.equal("7\n8\n", (say(w, "_2, _1")))
    assert.equal("", (say(w, "watch = 5")))
    assert.equal("5\n", (say(w, "watch")))
    assert.equal("", (say(w, "help = 6")))
  end)

  it("sets the format, and the client keeps it", function()
    say(w, ":json")
    assert.equal(":json", last(w, "keep"))
    assert.equal('{"a":1}\n', (say(w, "{ a = 1 }")))
    say(w, ":lua")
    assert.equal('{ a = 1, b = "x" }\n', (say(w, "{ b = 'x', a = 1 }")))
    say(w, ":csv")
    assert.equal("a,b\n1,\"x,\"\"y\"\"\"\n2,\n", (say(w, [[{ { a = 1, b = 'x,"y"' }, { a = 2, b = '' } }]])))
    say(w, ":table")
    assert.equal("", last(w, "keep"))
    local _, err, code = say(w, ":json now")
    assert.equal("error: :json takes no words\n", err)
    assert.equal(64, code)
  end)

  it("cuts tables to the width but when it is :wide", function()
    local out = say(w, "services", "proto=1\nwidth=30\ncolor=0\n")
    for line in out:gmatch "[^\n]+" do assert.is_true(utf8.len(line) <= 30, line) end
    say(w, ":wide")
    assert.truthy(say(w, "services"):find "hold_ms\n")
  end)

  it("bounds the timeout by half of engine_timeout", function()
    local _, _, code = say(w, ":set timeout 4s")
    assert.equal(0, code)
    assert.equal(":set timeout 4000ms", last(w, "keep"))
    for _, text in ipairs { ":set timeout 6s", ":set timeout 0", ":set timeout 5", ":set", ":set x 1s" } do
      assert.equal(64, select(3, say(w, text)), text)
    end
  end)

  it("prints actions instead of doing them when it is dry", function()
    say(w, ":dry on")
    assert.equal(":dry on", last(w, "keep"))
    local out, _, code = say(w, "services.web:stop()")
    assert.equal("queued: stop web\ndry, not done:\n  stop web\n", out)
    assert.equal(0, code)
    assert.same({}, w.orders)
    say(w, ":dry off")
    say(w, "services.web:restart()")
    assert.equal(1, #w.orders)
    assert.equal(64, select(3, say(w, ":dry maybe")))
  end)

  it("asks a person before a stop, and nobody else", function()
    local _, _, code = say(w, "services.web:stop()", "proto=1\nasks=1\n")
    assert.is_nil(code)
    assert.equal("  stop web\nDo this?", last(w, "ask"))
    assert.same({}, w.orders)
    w.control:frame(1, "answer", w.id, "no")
    assert.equal(1, select(3, w:answer(w.id)))
    assert.same({}, w.orders)
    say(w, "services.web:stop()")
    w.control:frame(1, "answer", w.id, "yes")
    assert.equal("stop", w.operated[1]:match "%a+")
    say(w, ":service stop web")
    assert.truthy(last(w, "ask"):find "service stop web")
    w.control:frame(1, "answer", w.id, "no")
    w.control:frame(1, "answer", 99, "yes") -- of nothing
    assert.equal(1, #w.orders)
    say(w, "services.web:restart()")
    assert.equal(2, #w.orders)
  end)

  it("gives up a role for good", function()
    say(w, ":role operator")
    assert.equal(":role operator", last(w, "keep"))
    assert.equal("operator\n", (say(w, ":role")))
    assert.equal(77, select(3, say(w, ":role admin")))
    assert.equal(77, select(3, say(w, "services.web:policy(nil)")))
    say(w, ":role observer")
    assert.equal(77, select(3, say(w, ":reload")))
    assert.equal(77, select(3, say(w, ":role operator")))
    assert.equal(64, select(3, say(w, ":role king")))
  end)

  it("runs the verbs of reeve", function()
    assert.truthy(say(w, ":ps web"):find "^service")
    local _, err, code = say(w, ":stats")
    assert.equal("error: unknown command ':stats'; did you mean ':status'?\n", err)
    assert.equal(64, code)
  end)

  it("writes every chunk to the log, escaped", function()
    say(w, "x = 1\nprint(x)")
    assert.equal("info control 1 (uid 0, pid 99): eval x = 1\\nprint(x)", w.log[#w.log])
  end)

  it("lets what a chunk leaves behind do nothing", function()
    say(w, "function later() return services.web:stop() end")
    local ok, err = pcall(w.control.sessions[1].evaluator.env.later)
    assert.is_false(ok)
    assert.truthy(err:find("only a line of the console", 1, true), err)
    say(w, "function talk() print 'x' end")
    w.control.sessions[1].evaluator.env.talk()
    assert.equal("info x", w.log[#w.log])
  end)
end)

describe("scale", function()
  it("sets the operator's bounds and takes them back", function()
    local w = fake.new()
    w.host.override = function(_, name, bounds) w.override = { name, bounds } end
    local out, _, code = say(w, "services.web:scale(4, 12, '2h')")
    assert.equal("queued: scale web: 4..12 for 2h\ndone: scale web: 4..12 for 2h\n", out)
    assert.equal(0, code)
    assert.same({ "web", { at_least = 4, at_most = 12, ["until"] = 100.5 + 7200 } }, w.override)
    say(w, "services.web:scale()")
    assert.same({ "web" }, w.override)
    for _, text in ipairs { "scale(5, 4)", "scale(-1)", "scale(1.5)", "scale(1, 2, 'soon')" } do
      assert.equal(1, select(3, say(w, "services.web:" .. text)), text)
    end
    assert.equal(71, select(3, say(w, "services.web:scale(51)")))
  end)
end)

describe("watch", function()
  local w
  before_each(function() w = fake.new() end)

  it("prints what changes, with the time, until it is cancelled", function()
    local out, _, code = say(w, "watch services.web.busy")
    assert.equal("01:01:01  2\n", out)
    assert.is_nil(code)
    assert.equal(2000, w.control:next_wake())
    w.now = 2000
    w.control:turn(2000)
    assert.equal("01:01:01  2\n", (w:answer(w.id)))
    w.facts.web.busy, w.now = 3, 2500
    w.control:turn(2500) -- at once, whatever is due
    assert.equal("01:01:01  2\n01:01:01  3\n", (w:answer(w.id)))
    w.control:frame(1, "cancel", 0, tostring(w.id))
    assert.equal(130, select(3, w:answer(w.id)))
    assert.is_nil(w.control:next_wake())
  end)

  it("looks only as often as it was told", function()
    say(w, "watch services.web.busy every 5s")
    w.facts.web.busy, w.now = 9, 3000
    w.control:turn(3000)
    assert.equal("01:01:01  2\n", (w:answer(w.id)))
    w.now = 6000
    w.control:turn(6000)
    assert.truthy((w:answer(w.id)):find "  9\n")
    assert.equal(64, select(3, say(w, "watch 1 every 1ms")))
    assert.equal(64, select(3, say(w, "watch 1 every soon")))
  end)

  it("drops and counts what a slow reader does not take", function()
    say(w, "watch services.web.busy")
    w.behind = 2 * 1024 * 1024
    for i = 1, 3 do
      w.facts.web.busy, w.now = i + 10, w.now + 1000
      w.control:turn(w.now)
    end
    assert.equal("01:01:01  2\n", (w:answer(w.id)))
    w.behind, w.now = 0, w.now + 1000
    w.control:turn(w.now)
    local out, err = w:answer(w.id)
    assert.equal("01:01:01  2\n01:01:01  13\n", out)
    assert.equal("(3 outputs were dropped: they are not read fast enough)\n", err)
  end)

  it("ends with the error of its expression, does nothing, and goes on at a new engine", function()
    assert.equal(1, select(3, say(w, "watch services.web.bsy")))
    say(w, "watch services.web:stop()")
    assert.same({}, w.orders)
    w.frames = {}
    w.control:retired { generation = 4 }
    assert.equal(("again %d 0\n"):format(w.id), w.frames[1].bytes)
  end)
end)

describe("completion", function()
  local w
  before_each(function() w = fake.new() end)

  local function words(text)
    say(w, "1")
    w.frames = {}
    w.control:frame(1, "complete", 500, text)
    local list = {}
    for cut, word, signature in last(w, "words"):gmatch "(%d+)\t([^\t\n]*)\t([^\n]*)\n" do
      list[#list + 1] = { tonumber(cut), word, signature }
    end
    return list
  end

  local function only(text)
    local list = words(text)
    local names = {}
    for i, one in ipairs(list) do names[i] = one[2] end
    return table.concat(names, " ")
  end

  it("knows names, fields, methods and services", function()
    assert.equal("services", only "serv")
    assert.equal("web", only "services.w")
    assert.same({ { 2, "jo\"]", "service" } }, { { 2, "jo\"]", "service" } })
    assert.same({ { 2, 'job"]', "service" } }, words 'services["jo')
    assert.same({ { 1, "web']", "service" } }, words "services['w")
    assert.equal("restart reset", only "print(services.web:res")
    assert.same({ { 3, "restart", "restart()" } }, words "services.web:rest" and { { 3, "restart", "restart()" } })
    assert.equal("busy boot_mean", only "services.web.b")
    assert.equal("busy_for", only "services['web'].processes[1].bus")
    assert.equal("wday", only "services.web.wall.wd")
    assert.equal("idle_for", only "x = services.web.processes[12].idl")
    assert.equal("", only "services.nobody.b")
    assert.equal("", only "services.web.busy.x")
    assert.equal("only", only "services.web:policy(onl")
  end)

  it("knows the globals of the session, but calls nothing", function()
    say(w, "mine = { alpha = 1, beta = { gamma = 2 } }")
    say(w, "trap = setmetatable({}, { __index = function() error 'called' end, __pairs = error })")
    say(w, "mine_too = services.web")
    assert.truthy((only "mi"):find "min")
    assert.equal("", only "trap.x")
  end)

  it("knows commands at the start of a line, and their words", function()
    assert.equal(":json", only ":js")
    assert.equal("on off", only ":dry o")
    assert.equal("timeout", only ":set t")
    assert.equal(":ps :plan", (only ":p"):gsub(":plan :ps", ":ps :plan"))
    assert.equal("busy boot_mean", only "watch services.web.b")
    assert.equal("restart reset", only "help services.web:res")
  end)

  it("offers the words of votes inside of braces", function()
    assert.equal("at_least at_most", only "services.web:policy { run = function() return { at_")
  end)

  it("hides what the role may not", function()
    w = fake.new { role_of = function() return "observer" end }
    assert.equal("", only "services.web:res")
    assert.equal("rate rand", only "services.web:ra")
  end)

  it("is never longer than it may be, and survives any text", function()
    for _, text in ipairs { "", ".", ":", "[", "a..", "a..b", "x[[", "('", "services[", "services[\"", "1.", "9a", "\0",
      ("["):rep(5000), ("a."):rep(5000), ("services[\""):rep(800) } do
      assert.is_true(#words(text) <= 200, text)
    end
  end)
end)

describe("a path", function()
  it("is read from its end", function()
    assert.same({ { kind = "first", name = "a" }, { kind = "[", name = "b c" }, { kind = ".", name = "d" },
      { kind = "[", name = 3 }, { kind = ":", name = "e" } }, path.parse 'a["b c"].d[3]:e')
    assert.is_nil(path.parse "f(x).y")
    assert.is_nil(path.parse "")
    assert.is_nil(path.parse "a b")
  end)
end)

describe("help", function()
  local w
  before_each(function() w = fake.new() end)

  it("has all, a class, a method, a field", function()
    local out, _, code = say(w, "help")
    assert.equal(0, code)
    for _, row in ipairs(api.COMMANDS) do assert.truthy(out:find(row[2], 1, true), row[2]) end
    assert.truthy(out:find(":reload", 1, true))
    assert.truthy(say(w, "help services"):find "wait_oldest")
    assert.equal("a service: restart()\n  replace the processes, new ones first\n",
      (say(w, "help services.web:restart")))
    assert.truthy(say(w, "help services.web.busy"):find "processes with clients")
    assert.truthy(say(w, "?at_least"):find "floor on live processes")
    assert.truthy(say(w, ":help pcall"):find "deadlines pass")
    assert.truthy(say(w, "help only"):find "policy")
  end)

  it("knows every documented name: functions, facts, events, actions, commands, verbs, settings, policies", function()
    local names = { only = true }
    for _, rows in pairs(api.CLASSES) do
      for _, row in ipairs(rows) do names[row[1]] = true end
    end
    for _, rows in ipairs { api.COMMANDS, api.GLOBALS, api.LUA, api.ACTIONS, api.EVENTS, api.METHODS.service[1] } do
      for _, row in ipairs(rows) do names[row[1]] = true end
    end
    for _, row in ipairs(w.control.spec.settings) do names[row.name] = true end
    for verb in pairs(require "reeve.control".VERBS) do names[verb], names[":" .. verb] = true, true end
    for name in pairs(names) do
      local out, err, code = say(w, "help " .. name)
      assert.same({ 0, "" }, { code, err }, name)
      assert.truthy(out:find(name:gsub("^:", ""), 1, true), name .. ": " .. out)
    end
    assert.truthy(say(w, "help idle_kill"):find('idle_kill in service "name" { }', 1, true))
    assert.equal("an event of policies: limit\n  process_limit is reached and clients wait; it has waiting\n",
      (say(w, "help limit")))
    assert.truthy(say(w, "help stop"):find "a verb: :stop %[%-%-now%]\n  `reeve help stop`")
  end)

  it("loses nothing on a narrow terminal", function()
    for _, width in ipairs { 60, 80 } do
      for _, about in ipairs { "help", "help services" } do
        local out = say(w, about, "width=" .. width)
        for line in out:gmatch "[^\n]+" do assert.is_true(utf8.len(line) <= width, line) end
        assert.is_nil(out:find("…", 1, true), out)
      end
    end
  end)

  it("says what was probably meant", function()
    local _, err, code = say(w, "help bussy")
    assert.equal("error: there is no help about 'bussy'; did you mean 'busy'?\n", err)
    assert.equal(64, code)
  end)
end)

describe("a listing", function()
  it("asks of a service and its processes only what they have: a wrong name costs a search", function()
    local facts, suggest, view = require "reeve.facts", require "reeve.suggest", require "reeve.view"
    local w = facts.new { now = 1000 }
    w:define({ services = { { name = "web", settings = {}, listeners = {} } } }, require "reeve.spec")
    w:report("process", { process = 1, svc = 1, pid = 5, generation = 1, state = 1, now = 1000, born = 1, since = 1,
      available = 1, clients = 0, served = 0, ready = true })
    local ctx = { plan = { services = { { name = "web" } } }, host = { services = w.views,
      why = function() return { policies = {} } end } }
    local searches, hint = 0, suggest.hint
    suggest.hint = function(...)
      searches = searches + 1
      return hint(...)
    end
    local r, list = view.service(ctx, "web"), view.processes(ctx, "web")
    view.state(r, view.fact(ctx.host.services.web, "stopped"))
    suggest.hint = hint
    assert.equal(1, #list)
    assert.equal(0, searches)
  end)
end)

describe("the table of names", function()
  local meta = io.open "lua/reeve/meta/reeve.lua":read "a"

  local function world()
    local facts = require "reeve.facts"
    local w = facts.new { now = 1000 }
    local settings = { client_limit = "1", process_limit = "9" }
    w:define({ services = { { name = "web", settings = settings, listeners = {} } } }, require "reeve.spec")
    w:report("process", { process = 1, svc = 1, pid = 5, generation = 1, state = 1, now = 1000, born = 1, since = 1,
      available = 1, clients = 0, served = 0, ready = true })
    return w
  end

  local function is_field(view, name)
    return pcall(function() return view[name] end)
  end

  it("names facts that there are", function()
    local s = world().views.web
    for _, row in ipairs(api.CLASSES.service) do assert.is_true(is_field(s, row[1]), row[1]) end
    for _, row in ipairs(api.METHODS.service[1]) do assert.equal("function", type(s[row[1]]), row[1]) end
    for _, row in ipairs(api.CLASSES.process) do assert.is_true(is_field(s.processes[1], row[1]), row[1]) end
    for _, row in ipairs(api.CLASSES.host) do assert.is_true(is_field(s.host, row[1]), row[1]) end
  end)

  it("names all facts that print", function()
    local named = {}
    for _, row in ipairs(api.CLASSES.service) do named[row[1]] = true end
    for _, row in ipairs(api.METHODS.service[1]) do named[row[1]] = true end
    for name in pairs(world().views.web) do assert.is_true(named[name] == true, name) end
  end)

  it("names every action, vote and word that there is, and the editors' file the same", function()
    local actions = require "reeve.actions"
    local named = {}
    for _, row in ipairs(api.ACTIONS) do
      named[row[1]] = true
      assert.truthy(actions.row(row[1]), row[1])
    end
    for name in pairs(actions.ROWS) do assert.is_true(named[name] == true, name) end
    local vote = require "reeve.vote"
    for _, row in ipairs(api.CLASSES.vote) do
      local _, sentence = vote.check { [row[1]] = "?" }
      assert.is_nil((sentence or ""):match "unknown", row[1])
    end
    for class, rows in pairs { Facts = api.CLASSES.service, Process = api.CLASSES.process } do
      local text = meta:match("@class reeve%." .. class .. "\n(.*)"):gsub("\n%s*\n.*", "")
      for _, row in ipairs(rows) do
        assert.truthy(text:find("@field " .. row[1] .. "%??%s"), class .. " of meta has no " .. row[1])
      end
    end
  end)

  it("has a format for each command of a format", function()
    for name in pairs(formats) do
      local found
      for _, row in ipairs(api.COMMANDS) do found = found or row[1] == ":" .. name end
      assert.is_true(found, name)
    end
  end)
end)

-- Chunks of random words: whatever they are, the engine's Lua stays as it was, and every one is answered.
describe("random chunks", function()
  local WORDS = { "services", ".web", ".busy", ":stop()", ":rate('served', 5)", "[1]", "['x']", "(", ")", "{", "}", ",",
    "=", "==", "..", "+", "1", "'a'", "nil", "true", "x", "local ", "return ", "function() end", "pairs", "next",
    "setmetatable({}, { __index = services })", "rawget", "string", ".format", "('%s', 1)", "_G", "_ENV", "error",
    "pcall", "#", "not ", "print", "\n", ";", "tostring", "if x then ", " end", "do ", "type", "utf8", ".char", "table",
    ".concat", "math", ".huge", "_", "...", "try", "getmetatable('').x", ":policy { }", "select" }

  it("change nothing but their session", function()
    local rng = require "reeve.rng"
    local seed = tonumber(os.getenv "TEST_SEED") or 20261129
    local state = { state = rng.seed(seed, "chunks") }
    local sandbox = require "reeve.sandbox"
    local before = {}
    for k, v in pairs(_G) do before[k] = v end
    local w = fake.new { sandbox = sandbox }
    w.control:connect(1, { uid = 0, gid = 0, pid = 99 })
    for id = 1, 4000 do
      local parts = {}
      for i = 1, 1 + math.floor(rng.next(state) * 12) do
        parts[i] = WORDS[1 + math.floor(rng.next(state) * #WORDS)]
      end
      local text = table.concat(parts)
      w.frames = {}
      w.control:frame(1, "line", id, text)
      local _, _, code = w:answer(id)
      local job = w.control.sessions[1].jobs[id]
      assert.is_true(code ~= nil or job ~= nil, text)
      assert.is_true(code ~= 70, text)
      if job then w.control:frame(1, "cancel", 0, tostring(id)) end
    end
    for k, v in pairs(_G) do assert.equal(before[k], v, k) end
    for k in pairs(before) do assert.not_nil(_G[k], k) end
  end)
end)
