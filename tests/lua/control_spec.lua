package.path = "lua/?.lua;tests/lua/?.lua;" .. package.path

local control = require "reeve.control"
local fake = require "fake_control"

local function verbs_def()
  local names = {}
  for line in io.lines "src/cli/verbs.def" do
    local name, where = line:match "^VERB%(([%l-]+), (%u+)"
    if name and where ~= "OWN" and where ~= "HERE" then names[#names + 1] = name end
  end
  return names
end

describe("control", function()
  local w
  before_each(function() w = fake.new() end)

  it("knows every LIVE verb of verbs.def and no other", function()
    local known, wanted = {}, verbs_def()
    for name in pairs(control.VERBS) do known[#known + 1] = name end
    table.sort(known)
    table.sort(wanted)
    assert.equal(table.concat(wanted, " "), table.concat(known, " "),
      "the LIVE rows of src/cli/verbs.def, and VERBS (who may do it) of lua/reeve/control.lua")
    assert.is_true(#wanted >= 8)
  end)

  it("loads every verb before lock-down", function()
    control.preload()
    for name in pairs(control.VERBS) do assert.equal("function", type(package.loaded["reeve.verbs." .. name])) end
  end)

  it("answers hello with version, generation, role and services", function()
    w.control:connect(4, { uid = 0, gid = 0, pid = 1 })
    w.control:frame(4, "hello", 0, "proto=1\nwidth=100\ncolor=1\njson=0\n")
    assert.equal("hello 0 55\nversion=0.1.0\ngeneration=3\nrole=admin\nservices=web job\n", w.frames[1].bytes)
    assert.equal(4, w.frames[1].session)
    assert.equal(100, w.control.sessions[4].width)
    assert.is_true(w.control.sessions[4].color)
  end)

  it("refuses another protocol with a sentence", function()
    w.control:connect(1, { uid = 0 })
    w.control:frame(1, "hello", 0, "proto=2\n")
    local _, err, code = w:answer(0)
    assert.equal("reeve: this daemon speaks protocol 1, not 2\n", err)
    assert.equal(76, code)
  end)

  it("refuses a stranger with 77 and closes", function()
    w.control:connect(1, { uid = 1000, pid = 5 })
    w.control:frame(1, "verb", 1, "stop")
    local _, err, code = w:answer()
    assert.equal("reeve: uid 1000 may not talk to this daemon: it is neither root nor named in "
      .. "settings { control = … }\n", err)
    assert.equal(77, code)
    assert.same({ 1 }, w.closed)
    assert.same({}, w.orders)
  end)

  it("does not let strangers who only sit there take all the room", function()
    for n = 1, 10 do w.control:connect(n, { uid = 1000 }) end
    assert.same({ 1, 2 }, w.closed)
  end)

  it("refuses a verb above the role with 77", function()
    w = fake.new { role_of = function() return "observer" end }
    local _, err, code = w:say "stop"
    assert.equal("reeve: stop needs the role operator; yours is observer\n", err)
    assert.equal(77, code)
    assert.same({}, w.orders)
    assert.equal(0, select(3, w:say "ps"))
  end)

  it("answers an unknown verb and an unknown frame with 64", function()
    local _, err, code = w:say("frobnicate\27")
    assert.equal("reeve: this daemon knows no verb 'frobnicate\\x1b'\n", err)
    assert.equal(64, code)
    w.frames = {}
    w.control:frame(1, "frobnicate", 1, "")
    assert.equal(64, select(3, w:answer()))
  end)

  it("survives a bug in a verb: 70, the sentence, a line in the log", function()
    local kept = package.loaded["reeve.verbs.ps"]
    package.loaded["reeve.verbs.ps"] = function() error "boom" end
    local _, err, code = w:say "ps"
    package.loaded["reeve.verbs.ps"] = kept
    assert.truthy(err:find "^reeve: ps: .*boom\n$")
    assert.equal(70, code)
    assert.truthy(w.log[#w.log]:find "^error control: a bug in the verb ps: .*boom")
  end)

  it("answers 70 when a verb forgets its exit code", function()
    local kept = package.loaded["reeve.verbs.ps"]
    package.loaded["reeve.verbs.ps"] = function() return "x" end
    local _, _, code = w:say "ps"
    package.loaded["reeve.verbs.ps"] = kept
    assert.equal(70, code)
  end)

  it("bounds the output of a verb", function()
    local kept = package.loaded["reeve.verbs.ps"]
    package.loaded["reeve.verbs.ps"] = function(ctx) while true do ctx.out(("x"):rep(100000)) end end
    local out, err, code = w:say "ps"
    package.loaded["reeve.verbs.ps"] = kept
    assert.truthy(#out <= 3 * 1024 * 1024)
    assert.equal("reeve: ps: more than 3 MiB of output: ask for less\n", err)
    assert.equal(70, code)
    for _, f in ipairs(w.frames) do assert.truthy(#f.bytes <= 65536 + 64) end
  end)

  it("writes who did what, for verbs that change something", function()
    w:say("service", "stop", "web")
    assert.equal("info control 1 (uid 0, pid 99): service stop web", w.log[#w.log])
    local n = #w.log
    w:say "status"
    assert.equal(n, #w.log)
  end)

  it("bounds the verbs that wait in one session", function()
    w.control:connect(1, { uid = 0 })
    for id = 1, 17 do w.control:frame(1, "verb", id, "reload") end
    assert.equal(75, select(3, w:answer(17)))
    assert.equal(16, #w.orders)
    w.frames = {}
    w.control:frame(1, "verb", 3, "reload")
    local _, err, code = w:answer(3)
    assert.equal(64, code)
    assert.truthy(err:find("in use", 1, true))
  end)

  it("ends a waiting verb on cancel with 130, once", function()
    w:say "reload"
    w.control:frame(1, "cancel", 2, "1")
    assert.equal(130, select(3, w:answer()))
    w.control:reload_done { ticket = w.orders[1].ticket, ok = true, generation = 4, text = "" }
    w.control:frame(1, "cancel", 3, "1")
    assert.equal(130, select(3, w:answer()))
  end)

  it("forgets the verbs of a client that left", function()
    w:say "reload"
    w.control:closed(1)
    w.frames = {}
    w.control:reload_done { ticket = w.orders[1].ticket, ok = true, generation = 4, text = "" }
    w.control:frame(1, "verb", 1, "status")
    assert.same({}, w.frames)
  end)

  it("answers each of two waiting reloads by its own ticket", function()
    w:say "reload"
    w.control:frame(1, "verb", 2, "reload")
    w.control:reload_done { ticket = w.orders[2].ticket, ok = false, generation = 3, text = "x.lua:1:1: error: no" }
    assert.is_nil(select(3, w:answer(1)))
    assert.equal(2, select(3, w:answer(2)))
    w.frames = {}
    w.control:retired { generation = 4 }
    assert.equal("again 1 0\n", w.frames[1].bytes)
    assert.is_nil(w.frames[2])
  end)

  it("sends on to the new engine what was not begun, and says what goes on without it", function()
    w:say "status"
    w.facts.web.generation = 3
    w.control.order = setmetatable({}, { __index = function() return function() end end }) -- no `synced` comes
    w.frames = {}
    w.control:frame(1, "verb", 5, "status")
    w.control:retired { generation = 4 }
    assert.equal("again 5 0\n", w.frames[1].bytes)
    w = fake.new()
    w:say("service", "restart", "web")
    w.control:service_done { ticket = w.orders[1].ticket, ok = true, text = "" }
    w.control:retired { generation = 4 }
    local _, err, code = w:answer()
    assert.truthy(err:find("goes on", 1, true), err)
    assert.equal(75, code)
  end)

  it("sends an upgrade with an id on to the next engine, and tells others that this one leaves", function()
    w:say("upgrade", "--id=7.1")
    assert.same({ "7.1", "upgrade" }, { w.orders[1].id, w.orders[1].order })
    w.frames = {}
    w.control:retired { generation = 3 }
    assert.equal("again 1 0\n", w.frames[1].bytes)
    w = fake.new()
    w:say "upgrade"
    assert.equal("", w.orders[1].id)
    w.control:retired { generation = 3 }
    local out, _, code = w:answer()
    assert.truthy(out:find("reeved becomes the program on disk", 1, true), out)
    assert.equal(0, code)
  end)

  it("refuses the reloads that wait when the daemon ends", function()
    w:say "reload"
    w.control:stopping { alive = 0, text = "" }
    w.control:retired { generation = 3 }
    local _, err, code = w:answer()
    assert.equal("the daemon is ending\n", err)
    assert.equal(2, code)
  end)
end)
