-- contract "systemd": what a socket-activated program finds, and what Reeve makes of what it says by sd_notify. The
-- program is notifier.py, which uses nothing of ours.
local reeve = require "reeve"

local HERE = require "lfs".currentdir() .. "/tests/e2e"

local SERVICE = [[service "s" { executable = { "/usr/bin/python3", "@dir@/notifier.py", %s }, contract = "systemd",
  process_limit = %d, %s inet_listener "web" { port = @port@, address = "127.0.0.1" } }
%s]]

-- Starts the service: what it says at its start (Lua strings), more settings, process_limit (1), more config.
local function start(says, settings, limit, more)
  return reeve.start { config = SERVICE:format(says or "", limit or 1, settings or "", more or ""),
    prepare = function(d) assert(reeve.shell(("cp %s/notifier.py %s/"):format(HERE, d.dir)) == 0) end }
end

local function process(d) return d:ps "s"[1] end

local function wait_process(d, facts)
  return reeve.wait_until(function()
    local p = process(d) or {}
    for name, value in pairs(facts) do
      if p[name] ~= value then return nil end
    end
    return p
  end, function() return require "dkjson".encode(facts) .. " of " .. require "dkjson".encode(d:ps "s") end)
end

describe("contract systemd", function()
  after_each(reeve.clean)

  it("gives listeners from fd 3 that block, their names, and the child's own pid", function()
    local d = start(nil, 'unix_listener "a:b" { },')
    local c = d:clients(1, "a:b")[1]
    assert.equal("2 a_b:web True", c:ask "listen")
    assert.equal("True", c:ask "blocks")
    assert.equal("nil", c:ask "env GENERATION")
    d:stop()
  end)

  it("starts the first process for a client, knows no clients, and counts it from start to exit", function()
    local d = start()
    assert.equal(0, d:service "s".live)
    local c = d:clients(1)[1]
    local s = d:wait_service("s", { live = 1, avail = 1 })
    assert.same({}, { s.clients, s.idle, s.busy })
    assert.equal("up", process(d).state)
    c:say "exit 0"
    d:wait_service("s", { live = 0, exits = 1, crashes = 0 })
    d:stop()
  end)

  it("starts it again when it was killed, and keeps its listener meanwhile", function()
    local d = start(nil, "process_min_avail = 1,")
    local inode = reeve.listening_inode(d:port())
    local first = d:clients(1)[1]
    reeve.kill("KILL", first.pid)
    local second = d:clients(1)[1]
    assert.not_equal(first.pid, second.pid)
    assert.equal(inode, reeve.listening_inode(d:port()))
    d:stop()
  end)

  it("never runs more than process_limit", function()
    local d = start(nil, "process_min_avail = 2,", 2)
    d:wait_service("s", { live = 2 })
    d:clients(2)
    assert.equal(2, d:service "s".live)
    d:stop()
  end)

  it("service.ready: notify is READY=1, and until then the process is starting", function()
    local d = start(nil, 'process_min_avail = 1, ready = "notify",')
    local c = d:clients(1)[1]
    assert.equal("starting", process(d).state)
    assert.equal(0, d:service "s".avail)
    c:ask "notify READY=1"
    wait_process(d, { state = "up" })
    assert.equal(1, d:service "s".avail)
    d:stop()
  end)

  it("kills what is not ready within start_timeout, and says so", function()
    local d = start(nil, 'process_min_avail = 1, ready = "notify", start_timeout = "100ms",')
    d:wait_log "was not ready within start_timeout %(ready = \"notify\"%)"
    d:wait_service("s", { live = 0 })
    d:stop()
  end)

  it("gives a slow process the time that it asks for", function()
    local d = start('"EXTEND_TIMEOUT_USEC=600000000"', 'process_min_avail = 1, ready = "notify", start_timeout = "5s",')
    local c = d:clients(1)[1]
    local since = process(d).id
    reeve.wait_until(function() return process(d).age > 6 end)
    assert.equal("starting", process(d).state)
    c:ask "notify READY=1"
    assert.equal(since, wait_process(d, { state = "up" }).id)
    d:stop()
  end)

  it("shows STATUS in ps, as text that cannot hurt", function()
    local d = start()
    local c = d:clients(1)[1]
    c:ask [[notify STATUS=half\x1b[31m way \xc3\xa9\xff]]
    wait_process(d, { status = "half?[31m way é?" })
    d:stop()
  end)

  it("takes STOPPING for the begin of the end and starts the next one", function()
    local d = start(nil, 'process_min_avail = 1, stop_timeout = "5s",', 2) -- it says so and stays
    local c = d:clients(1)[1]
    c:ask "notify STOPPING=1"
    d:wait_service("s", { draining = 1, live = 1 })
    d:stop()
  end)

  it("says in the log what a process says that it failed of", function()
    local d = start()
    local c = d:clients(1)[1]
    c:ask "notify ERRNO=2"
    d:wait_log "says that it failed: No such file or directory"
    for _ = 1, 3 do c:ask "notify ERRNO=5" end -- the log is not its to fill
    c:ask "notify STATUS=done"
    wait_process(d, { status = "done" })
    assert.falsy(d:log():find("Input/output error", 1, true))
    d:stop()
  end)

  it("shows a reload that does not end, and no other", function()
    local d = start(nil, 'start_timeout = "100ms",')
    local c = d:clients(1)[1]
    c:ask [[notify RELOADING=1\nMONOTONIC_USEC=5]]
    d:wait_log "said RELOADING=1 and has not said READY=1 since"
    d:stop()
  end)

  it("follows a process into the background, and no stranger", function()
    local d = start(nil, "process_min_avail = 1,")
    local c = d:clients(1)[1]
    local stranger = d:status().engine_pid
    c:ask("notify MAINPID=" .. stranger)
    d:wait_log("named process " .. stranger .. " as its main process, which is not of this service")
    local child = tonumber(c:ask "background":match "child (%d+)")
    d:wait_log("process " .. c.pid .. " goes on as process " .. child)
    assert.same({ child, 1 }, { process(d).pid, d:service "s".starts })
    reeve.kill("KILL", child)
    d:wait_service("s", { starts = 2, crashes = 1 })
    d:stop()
  end)

  it("service.watchdog: who does not feed it gets SIGABRT and is replaced", function()
    local d = start('"READY=1"', 'process_min_avail = 1, watchdog = "20s", kill_after = "100ms",')
    local c = d:clients(1)[1]
    assert.equal("20000000 True", c:ask "feed")
    c:ask "notify WATCHDOG_USEC=1000" -- from here on every millisecond: it cannot keep up
    d:wait_log "sent no WATCHDOG=1 for 1 ms %(watchdog%); it is replaced"
    d:wait_service("s", { starts = 2 })
    local again = d:clients(1)[1]
    again:ask "deaf"
    again:ask "notify WATCHDOG=trigger"
    d:wait_log "did not end 100 ms after SIGABRT and is killed"
    d:wait_service("s", { starts = 3 })
    d:stop()
  end)

  it("service.fd_store: descriptors that a process leaves are there for the next, by name", function()
    local d = start(nil, "process_min_avail = 1, fd_store = 2,")
    local c = d:clients(1)[1]
    c:ask "store first one"
    c:ask "store second two"
    c:ask "store third three"
    d:wait_log "stores more descriptors than fd_store %(2%) allows"
    c:say "exit 0"
    c = d:clients(1)[1]
    assert.equal("3 web \n4 first one\n5 second two", c:ask "stored")
    assert.equal("3 web:first:second True", c:ask "listen")
    c:ask [[notify FDSTOREREMOVE=1\nFDNAME=first]]
    c:say "exit 0"
    c = d:clients(1)[1]
    assert.equal("3 web \n4 second two", c:ask "stored")
    d:reeve "service stop s --wait"
    d:reeve "service start s"
    assert.equal("3 web ", d:clients(1)[1]:ask "stored")
    d:stop()
  end)

  it("answers a BARRIER, and closes every descriptor that it does not keep", function()
    local d = start()
    local c = d:clients(1)[1]
    for _, text in ipairs { "BARRIER=1", "", "READY=1", [[FDSTORE=1\nFDNAME=x]], [[\x00\x01\xff]], "NO=SUCH" } do
      assert.equal("closed", c:ask("pipe " .. text), text)
    end
    d:stop()
  end)

  it("drops what is too long and goes on", function()
    local d = start()
    local c = d:clients(1)[1]
    c:ask "long 5000"
    d:wait_log "is ignored: it is too long"
    c:ask "long 300"
    wait_process(d, { status = ("x"):rep(255) })
    d:stop()
  end)

  it("does not hear other users", function()
    local d = start(nil, 'user = "nobody", process_min_avail = 1,')
    local c = d:clients(1)[1]
    local name = c:ask "env NOTIFY_SOCKET"
    local code, text = reeve.shell(([[setpriv --reuid=games --clear-groups /usr/bin/python3 -c '
import socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.sendto(b"STATUS=forged", "\0" + "%s"[1:])']]):format(name))
    assert.equal(0, code, text)
    d:wait_log "is ignored: it is not of the service's user"
    c:ask "notify STATUS=true"
    wait_process(d, { status = "true" })
    d:stop()
  end)
end)
