-- Programs that know nothing of Reeve: when they are ready, whether they are alive, and who waits for whom.
local reeve = require "reeve"
local rules = require "rules"

local function sh(script) return ("{ \"/bin/sh\", \"-c\", %q }"):format(script) end

local function plain(name, script, settings)
  return ('service "%s" { executable = %s, contract = "plain", process_limit = 1, process_min_avail = 1, %s }\n')
    :format(name, sh(script), settings or "")
end

local function process(d, name) return d:ps(name)[1] or {} end

local function wait_state(d, name, state)
  return reeve.wait_until(function()
    local p = process(d, name)
    return p.state == state and p
  end, function() return name .. " to be " .. state .. "; its log:\n" .. d:log() end)
end

-- Somebody at the gate (a fifo that is read) goes on.
local function open_gate(d) reeve.write(d.dir .. "/gate", "\n") end

local function make_gate(d)
  assert(reeve.shell(("mkfifo -m 666 %s/gate && chmod 777 %s"):format(d.dir, d.dir)) == 0)
end

local LISTEN = [[
import os, signal, socket, sys, threading
def gate(): open(sys.argv[2]).read()
def serve(s):
    try:
        while True: s.accept()[0].close()
    except OSError: pass
gate()
at = sys.argv[1]
s = socket.socket(socket.AF_UNIX if at[0] == "/" else socket.AF_INET)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(at if at[0] == "/" else ("127.0.0.1", int(at)))
s.listen(9)
threading.Thread(target=serve, args=(s,), daemon=True).start()
gate()
s.shutdown(socket.SHUT_RDWR)
s.close()
signal.pause()
]]

-- A program that listens at `at` from one gate to the next, and has the settings.
local function listener(at, settings)
  return reeve.start { config = ([[service "s" {
    executable = { "/usr/bin/python3", "@dir@/listen.py", "%s", "@dir@/gate" }, contract = "plain",
    process_limit = 1, process_min_avail = 1, %s }]]):format(at, settings),
    prepare = function(d)
      make_gate(d)
      reeve.write(d.dir .. "/listen.py", LISTEN)
    end }
end

describe("readiness", function()
  after_each(reeve.clean)

  it("of a plain program is its start, and nobody knows its clients", function()
    local d = reeve.start { config = plain("s", "exec sleep infinity") }
    local s = d:wait_service("s", { live = 1, avail = 1 })
    assert.same({}, { s.clients, s.busy, s.idle })
    assert.equal("up", process(d, "s").state)
    d:stop()
  end)

  it("service.ready: fd is a newline on NOTIFY_FD", function()
    local script = "echo $NOTIFY_FD >fd; read go <gate; eval \"echo half >&$NOTIFY_FD\"; exec sleep infinity"
    local d = reeve.start { config = plain("s", script, 'working_directory = "@dir@", ready = "fd",'),
      prepare = make_gate }
    wait_state(d, "s", "starting")
    assert.equal("3\n", reeve.wait_until(function()
      local text = reeve.read(d.dir .. "/fd")
      return text ~= "" and text
    end))
    open_gate(d)
    wait_state(d, "s", "up")
    d:stop()
  end)

  for what, at in pairs { tcp = "@port@", unix = "@dir@/own.sock" } do
    it("service.ready: " .. what .. " is an answer at that place", function()
      local host = reeve.shell "getent ahostsv4 localhost" == 0 and "localhost" or "127.0.0.1"
      local place = what == "tcp" and "tcp:" .. host .. ":@port@" or "unix:@dir@/own.sock"
      local d = listener(at, ('ready = "%s", user = "root",'):format(place))
      wait_state(d, "s", "starting")
      open_gate(d)
      wait_state(d, "s", "up")
      d:stop()
    end)
  end

  it("service.ready: pidfile follows a daemon into the background", function()
    local script = "sleep infinity & echo $! >s.pid.new; mv s.pid.new s.pid"
    local d = reeve.start { config = plain("s", script, 'working_directory = "@dir@", ready = "pidfile:@dir@/s.pid",'),
      prepare = make_gate }
    local p = wait_state(d, "s", "up")
    local pid = tonumber(reeve.read(d.dir .. "/s.pid"))
    assert.equal(pid, p.pid)
    d:wait_log("goes on as process " .. pid)
    reeve.kill("KILL", pid)
    reeve.wait_until(function() return process(d, "s").pid ~= pid and process(d, "s").state == "up" end)
    assert.equal(1, d:service "s".crashes)
    d:stop()
  end)

  it("takes an end before it for a failed start", function()
    local d = reeve.start { config = plain("s", "exit 0", 'ready = "fd",') }
    d:wait_log "its processes fail at the start; the next try is in"
    assert.is_true(d:service "s".start_failures >= 1)
    d:stop()
  end)

  it("takes an end at once for a failed start, so that no loop eats the machine", function()
    local d = reeve.start { config = plain("s", "exit 0") }
    d:wait_log "its processes fail at the start"
    assert.is_true(d:service "s".starts < 5)
    d:stop()
  end)

  it("is refused where it cannot be", function()
    local function check(text) return rules.check(('service "s" { executable = "/bin/cat", %s }'):format(text)) end
    assert.truthy(check 'contract = "plain", ready = "tcp"':refuses "names no place")
    assert.truthy(check 'contract = "plain", ready = "soon"':refuses "'soon' is no place")
    assert.truthy(check 'contract = "plain", ready = "status"':refuses "has no status messages")
    assert.truthy(check 'contract = "plain", ready = "tcp:127.0.0.1:0"':refuses "no port from 1 to 65535")
    assert.truthy(check 'ready = "notify"':refuses "reports by its status messages")
    assert.truthy(check [[contract = "systemd", ready = "unix:s.sock", unix_listener "s.sock" {}]]
      :refuses "is a listener of the service itself")
    assert.truthy(check 'watchdog = "1s"':warns "watchdog of service 's' has no effect")
    assert.truthy(check 'contract = "plain", idle_kill = "1s"':warns "idle_kill of service 's' has no effect")
  end)
end)

describe("liveness", function()
  after_each(reeve.clean)

  local READY = 'ready = "tcp:127.0.0.1:@port@", '

  it("service.alive: a process whose place does not answer is replaced", function()
    local d = listener("@port@", READY .. 'alive = "tcp:127.0.0.1:@port@", alive_every = "50ms",')
    open_gate(d)
    local p = wait_state(d, "s", "up")
    open_gate(d)
    d:wait_log("process " .. p.pid .. " did not answer at tcp:127.0.0.1:%d+ 3 times in a row %(alive%); it is replaced")
    reeve.wait_gone(p.pid)
    open_gate(d)
    assert.not_equal(p.pid, wait_state(d, "s", "up").pid)
    d:stop()
  end)

  it("service.alive_every: is how often, and how long it may take", function()
    local d = listener("@port@", READY .. 'alive = "tcp:127.0.0.1:@port2@", alive_every = "1h",')
    open_gate(d)
    local p = wait_state(d, "s", "up")
    local config = reeve.read(d.config_path):gsub("^settings %b{}", "")
    d:configure((config:gsub('alive_every = "1h"', 'alive_every = "20ms"')))
    assert.equal(0, (d:reeve "reload"))
    assert.falsy(d:log():find "did not answer")
    d:wait_service("s", { live = 1 })
    reeve.kill("KILL", p.pid) -- the next one is asked as the new config says
    reeve.wait_gone(p.pid) -- and alone stands at the gate
    open_gate(d)
    d:wait_log "did not answer at" -- the default would take ten seconds, more than a mutant has
    d:stop()
  end)
end)

describe("sequence", function()
  after_each(reeve.clean)

  local STAYS <const> = "exec sleep infinity"
  local SLOW <const> = [[
import os, signal, sys
def leave(*_):
  open(sys.argv[1]).read()
  os._exit(0)
signal.signal(signal.SIGTERM, leave)
os.write(int(os.environ["NOTIFY_FD"]), b"\n")
while True: signal.pause()
]]
  local GATE = "read go <@dir@/gate; eval \"echo >&$NOTIFY_FD\"; exec sleep infinity"

  it("service.after: starts when the others are up, and says what it waits for", function()
    local d = reeve.start { config = plain("web", "exec sleep infinity", 'after = { "db" },')
      .. plain("db", GATE, 'ready = "fd",'), prepare = make_gate }
    d:wait_log "service web: waits for db before it starts"
    wait_state(d, "db", "starting")
    assert.equal("db", d:service "web".waits_for)
    assert.equal(0, d:service "web".starts)
    local _, why = d:reeve "why web"
    assert.truthy(why:find("it starts when db is up (after, requires)", 1, true), why)
    local _, status = d:reeve "status"
    assert.truthy(status:find("waits for db", 1, true), status)
    open_gate(d)
    d:wait_service("web", { live = 1 })
    assert.is_nil(d:service "web".waits_for)
    d:stop()
  end)

  it("waits for a job to have ended well", function()
    local d = reeve.start { config = plain("web", "exec sleep infinity", 'after = "job",')
      .. ([[service "job" { executable = %s, contract = "plain", type = "startup" }]]):format(
        sh "read go <@dir@/gate"), prepare = make_gate }
    d:wait_service("job", { live = 1 })
    assert.equal(0, d:service "web".starts)
    open_gate(d)
    d:wait_service("web", { live = 1 })
    d:stop()
  end)

  it("is turned round at the stop", function()
    local d = reeve.start { config = plain("db", STAYS) .. plain("cache", STAYS, 'after = "db",')
      .. plain("web", "exec /usr/bin/python3 @dir@/slow.py @dir@/gate", 'after = "cache", ready = "fd",'),
      prepare = function(d)
        make_gate(d)
        reeve.write(d.dir .. "/slow.py", SLOW)
      end }
    for _, name in ipairs { "db", "cache", "web" } do wait_state(d, name, "up") end
    local db, web = process(d, "db").pid, process(d, "web").pid
    reeve.kill("TERM", d:status().master_pid)
    d:wait_log "still there: .*web 1"
    assert.is_true(reeve.is_alive(db) and reeve.is_alive(web))
    open_gate(d)
    reeve.wait_until(function()
      if not reeve.is_alive(db) then assert(not reeve.is_alive(web), "db ended before web") end
      return d:exit_code()
    end)
    d:assert_nothing_left()
  end)

  it("service.requires: stops and starts with it", function()
    local d = reeve.start { config = plain("db", STAYS) .. plain("web", STAYS, 'requires = "db",')
      .. plain("top", STAYS, 'requires = "web",') }
    for _, name in ipairs { "db", "web", "top" } do d:wait_service(name, { live = 1 }) end
    assert.equal(0, (d:reeve "service stop db"))
    for _, name in ipairs { "db", "web", "top" } do d:wait_service(name, { live = 0 }) end
    d:wait_log "service web: stops because it requires db"
    assert.equal(0, (d:reeve "service start db"))
    for _, name in ipairs { "db", "web", "top" } do d:wait_service(name, { live = 1 }) end
    assert.equal(0, (d:reeve "service stop db"))
    d:wait_service("db", { live = 0 })
    assert.equal(0, (d:reeve "service start top"))
    for _, name in ipairs { "db", "web", "top" } do d:wait_service(name, { live = 1 }) end
    d:stop()
  end)

  it("finds who waits for himself, and for nobody", function()
    local c = rules.check(plain("a", "x", 'after = "b",') .. plain("b", "x", 'requires = "c",')
      .. plain("c", "x", 'after = "a",'))
    assert.truthy(c:refuses "waits for itself: a after b after c after a")
    assert.truthy(rules.check(plain("a", "x", 'after = "bee",') .. plain("beer", "x")):refuses
      "after of service 'a': there is no service 'bee'; did you mean 'beer'?")
  end)
end)
