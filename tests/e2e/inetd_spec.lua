-- contract "inetd": a process for each connection, or one for the listener; both with unmodified programs.
local reeve = require "reeve"

local SERVICE = [[service "s" { executable = { "/bin/sh", "-c", %q }, contract = "inetd", %s
  inet_listener "s" { port = @port@, address = { %s } } }]]

-- Says who it is and what it sees, then does what its client says until that leaves.
local PROGRAM = 'echo "$$ $REMOTE_ADDR $REMOTE_PORT $LOCAL_ADDR $LOCAL_PORT"; echo >&2 "here is $$"; '
  .. 'while read line; do eval "$line"; echo .; done'

local function start(settings, addresses)
  return reeve.start { config = SERVICE:format(PROGRAM, settings or "", addresses or '"127.0.0.1"') }
end

-- A client that has been answered: its first line.
local function greeted(d, where)
  local c = assert(d:connect(where))
  c.socket:settimeout(30)
  c.line = assert(c.socket:receive "*l")
  c.pid = tonumber(c.line:match "^%d+")
  return c
end

describe("contract inetd", function()
  after_each(reeve.clean)

  it("gives each connection a process, its addresses, and stderr to the log", function()
    local d = start(nil, '"127.0.0.1", "::1"')
    local c, six = greeted(d), greeted(d, "[::1]")
    local _, port = c.socket:getsockname()
    assert.equal(("%d 127.0.0.1 %s 127.0.0.1 %d"):format(c.pid, port, d:port()), c.line)
    assert.truthy(six.line:find(("^%d+ ::1 %%d+ ::1 %d$"):format(six.pid, d:port())))
    d:wait_log("here is " .. c.pid)
    local s = d:wait_service("s", { live = 2, busy = 2, idle = 0, avail = 0, clients = 2 })
    assert.equal(2, s.starts)
    d:stop()
  end)

  it("serves a unix socket, whose clients have no address", function()
    local d = reeve.start { config = ([[service "s" { executable = { "/bin/sh", "-c", %q }, contract = "inetd",
      unix_listener "s.sock" { mode = "0666" } }]]):format(PROGRAM) }
    local c = greeted(d, "s.sock")
    assert.equal(c.pid .. "    ", c.line)
    d:stop()
  end)

  it("a client that leaves ends its process, whatever the status; only a signal is a crash", function()
    local d = start()
    greeted(d):say "exit 7"
    d:wait_service("s", { live = 0, exits = 1, crashes = 0 })
    reeve.kill("KILL", greeted(d).pid)
    d:wait_service("s", { live = 0, exits = 2, crashes = 1 })
    assert.truthy(greeted(d).pid)
    d:stop()
  end)

  it("lets clients wait at process_limit until somebody leaves", function()
    local d = start "process_limit = 2,"
    local a, b = greeted(d), greeted(d)
    local third = assert(d:connect())
    d:wait_log "process_limit %(2%) is reached and 1 clients wait"
    assert.same({ 2, 1 }, { d:service "s".live, d:service "s".waiting })
    assert.is_true(third:is_waiting())
    a:say "exit 0"
    third.socket:settimeout(30)
    assert.truthy(third.socket:receive "*l")
    assert.truthy(b:ask "echo hello" == "hello")
    d:stop()
  end)

  it("starts as many processes as clients come, a hundred at once", function()
    local d = start "process_limit = 100,"
    local list = {}
    for i = 1, 100 do list[i] = assert(d:connect()) end
    for _, c in ipairs(list) do
      c.socket:settimeout(30)
      assert.truthy(c.socket:receive "*l")
    end
    d:wait_service("s", { live = 100, clients = 100 })
    d:stop()
  end)

  it("service.per_source_limit: further connections of one source are closed, those of others are not", function()
    local d = start("per_source_limit = 2,", '"127.0.0.1", "::1"')
    local a = greeted(d)
    greeted(d)
    local third = assert(d:connect())
    third.socket:settimeout(30)
    local line, why = third.socket:receive "*l"
    assert.same({ false, "closed" }, { line or false, why })
    d:wait_log "127.0.0.1 has 2 connections %(per_source_limit%)"
    assert.truthy(greeted(d, "[::1]").pid)
    d:wait_service("s", { dropped = 1, live = 3 })
    a:say "exit 0"
    d:wait_service("s", { live = 2 })
    assert.truthy(greeted(d).pid)
    d:stop()
  end)

  it("does not blame process_limit for those whom per_source_limit closes", function()
    local d = start("per_source_limit = 2, process_limit = 3,")
    local master = d:status().master_pid
    reeve.kill("STOP", master) -- so that all six wait when it looks
    for _ = 1, 6 do assert(d:connect()) end
    reeve.kill("CONT", master)
    d:wait_service("s", { dropped = 4, live = 2, busy = 2 })
    d:wait_log "127.0.0.1 has 2 connections %(per_source_limit%)"
    assert.falsy(d:log():find("is reached", 1, true))
    d:stop()
  end)

  it("finishes its clients at a reload that changes it, and gives new ones the new program", function()
    local d = start()
    local old = greeted(d)
    d:configure(SERVICE:format("echo new; read line", "", '"127.0.0.1"'))
    assert.equal(0, (d:reeve "reload"))
    assert.equal("new", greeted(d).line)
    assert.equal("hello", old:ask "echo hello")
    d:stop()
  end)

  it("throttles a program that is not there, and keeps the clients", function()
    local d = reeve.start { config = [[service "s" { executable = "@dir@/late", contract = "inetd", user = "root",
      inet_listener "s" { port = @port@, address = "127.0.0.1" } }]],
      prepare = function(d) reeve.shell("cp /bin/true " .. d.dir .. "/late") end }
    reeve.shell("rm " .. d.dir .. "/late")
    assert(d:connect())
    d:wait_log "exec .*/late: No such file"
    d:wait_log "its processes fail at the start"
    d:stop()
  end)

  it("service.wait: true gives one process the listener, which is there again when it ends", function()
    local program = [[
import os, socket
with socket.socket(fileno=0) as s:
  for _ in range(2):
    c, _ = s.accept()
    c.sendall(b'%d\n' % os.getpid())
    c.close()
]]
    local d = reeve.start { config = [[service "s" { executable = { "/usr/bin/python3", "@dir@/two.py" },
      contract = "inetd", wait = true, inet_listener "s" { port = @port@, address = "127.0.0.1" } }]],
      prepare = function(d) reeve.write(d.dir .. "/two.py", program) end }
    local pids = {}
    for i = 1, 4 do pids[i] = greeted(d).pid end
    assert.equal(pids[1], pids[2])
    assert.equal(pids[3], pids[4])
    assert.not_equal(pids[1], pids[3])
    local s = d:service "s"
    assert.same({}, { s.clients, s.busy, s.idle })
    d:stop()
  end)
end)

describe("reeve check of contract inetd", function()
  local rules = require "rules"

  local function check(text)
    return rules.check(([[service "s" { executable = "/bin/cat", contract = "inetd", %s }]]):format(text))
  end

  it("wants a listener that can be accepted on, and one alone to be waited on", function()
    assert.truthy(check "":refuses '"inetd" needs a listener')
    assert.truthy(check [[fifo_listener "f" {}]]:refuses "nobody can be accepted on fifo_listener 'f'")
    assert.truthy(check [[wait = true, inet_listener "a" { port = 2000, address = { "127.0.0.1", "::1" } }]]
      :refuses "true needs exactly one listener, there are 2")
  end)

  it("warns of what has no effect", function()
    local listener = [[, inet_listener "a" { port = 2000 }]]
    for name, value in pairs { process_min_avail = 1, client_limit = 3, service_count = 4, idle_kill = '"1s"' } do
      assert.truthy(check(name .. " = " .. value .. listener):warns(name .. " of service 's' has no effect"), name)
    end
  end)
end)
