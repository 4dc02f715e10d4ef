-- The protocol of <base_dir>/master, with a fake host.
local doveadm = require "reeve.compat.doveadm"

local GREETING <const> = "VERSION\tmaster-client\t1\t0"

local function fake()
  local f = { sent = {}, orders = {}, closed = false }
  local service = {
    name = "imap", live = 2, draining = 1, avail = 1, waiting = 3, starts = 7, now = 100, throttled_until = 101.5,
    limited_at = 90, stopped = false, wall = { unix = 5000 }, settings = { process_limit = 2, client_limit = 10 },
    last_exits = { { ok = false, asked = false, at = 95 }, { ok = false, asked = false, at = 94.5 }, { ok = true,
      asked = false, at = 94 } },
    processes = { { pid = 4711, available = 9, served = 5, clients = 1, idle_for = 0, busy_for = 20, state = "busy" },
      { pid = 4712, available = 10, served = 0, clients = 0, idle_for = 30, busy_for = 0, state = "idle" } },
  }
  f.talk = doveadm.new {
    host = { services = { imap = service }, operator = function() end },
    plan = { services = { { name = "imap" } } },
    order = { service_do = function(o) f.orders[#f.orders + 1] = o end },
    send = function(_, text) f.sent[#f.sent + 1] = text end, close = function() f.closed = true end,
    role_of = function(peer) return peer.uid == 0 and "admin" or nil, "no" end,
    log = { info = function(...) f.said = string.format(...) end, warn = function() end },
    ask = function(_, answer) answer() end,
  }
  f.talk:connect(1, { uid = 0, pid = 1 })
  return f
end

describe("doveadm", function()
  it("greets at once and answers only who has greeted", function()
    local f = fake()
    assert.same({ "VERSION\tmaster-server\t1\t0\n" }, f.sent)
    f.talk:line(1, "SERVICE-STATUS")
    assert.is_true(f.closed)
  end)

  it("sends strangers away", function()
    local f = fake()
    f.talk:connect(2, { uid = 1000, pid = 1 })
    assert.is_true(f.closed)
    assert.equal(1, #f.sent)
  end)

  it("SERVICE-STATUS: thirteen fields, times as unix times", function()
    local f = fake()
    f.talk:line(1, GREETING)
    f.talk:line(1, "SERVICE-STATUS")
    assert.equal("imap\t3\t1\t2\t10\t2\t4995\t2\t4990\ty\tn\tn\t7\n\n", f.sent[2])
  end)

  it("PROCESS-STATUS: of all services or of some", function()
    local f = fake()
    f.talk:line(1, GREETING)
    f.talk:line(1, "PROCESS-STATUS")
    assert.equal("imap\t4711\t9\t6\t0\t4980\t0\nimap\t4712\t10\t0\t4970\t4970\t0\n\n", f.sent[2])
    f.talk:line(1, "PROCESS-STATUS\tpop3")
    assert.equal("\n", f.sent[3])
  end)

  it("STOP stops the named services, all or none", function()
    local f = fake()
    f.talk:line(1, GREETING)
    f.talk:line(1, "STOP\timap\tpop3")
    assert.same({ "-Unknown service: pop3\n", 0 }, { f.sent[2], #f.orders })
    f.talk:line(1, "STOP\timap")
    assert.same({ "+\n", 1 }, { f.sent[3], f.orders[1].svc })
    assert.equal("doveadm (pid 1, uid 0): stop imap", f.said)
  end)

  it("retired by a reload it answers whoever is here from what it knows, and refuses what it cannot do", function()
    local f = fake()
    f.talk.ask = function() end -- nobody answers an engine that is retired
    f.talk:line(1, GREETING)
    assert.is_true(f.talk:retired())
    f.talk:line(1, "PROCESS-STATUS\timap")
    assert.is_truthy(f.sent[2]:find("imap\t4711", 1, true))
    f.talk:line(1, "STOP\timap")
    assert.same({ "-The configuration has just been reloaded: try again\n", 0 }, { f.sent[3], #f.orders })
    assert.is_false(f.talk:closed(1))
  end)

  it("closes at an unknown command", function()
    local f = fake()
    f.talk:line(1, GREETING)
    f.talk:line(1, "FORMAT\tc:")
    assert.is_true(f.closed)
  end)
end)
