-- The verbs that change a running daemon: service, reload, stop, and what comes between them.
local lfs = require "lfs"
local reeve = require "reeve"
local socket = require "socket"

local function config(settings)
  return ([[service "s" { executable = "@worker@ --hold", client_limit = 1, process_limit = 8, %s
    inet_listener "s" { port = @port@, address = "127.0.0.1" }, unix_listener "s.sock" { mode = "0666" } }]]):format(
    settings or "process_min_avail = 2,")
end

local function ok(d, words)
  local code, text = d:reeve(words)
  assert(code == 0, ("reeve %s: %d: %s"):format(words, code, text))
  return text
end

local function file(d) return lfs.attributes(d.base .. "/s.sock") end

-- A process that drains holds the listener a moment longer than the daemon, until it has heard of it.
local function take_port(port)
  return reeve.wait_until(function()
    local s = assert(socket.tcp4())
    assert(s:setoption("reuseaddr", true))
    if s:bind("127.0.0.1", port) and s:listen(1) then return s end
    s:close()
  end, "port " .. port .. " to be free")
end

-- Runs the verb beside the test; returns a function that waits for its end: exit code, output.
local function beside(d, words)
  local out = os.tmpname()
  os.execute(("(unset LD_PRELOAD; %s/reeve -b %s %s >%s 2>&1; echo \"exit $?\" >>%s) &"):format(
    reeve.build, d.base, words, out, out))
  return function()
    local text
    reeve.wait_until(function()
      text = reeve.read(out)
      return text:find "exit %d+\n$"
    end, "the end of reeve " .. words)
    os.remove(out)
    return tonumber(text:match "exit (%d+)\n$"), text
  end
end

describe("service", function()
  after_each(reeve.clean)

  it("stop and start answer when it is done; a start that cannot bind says why", function()
    local d = reeve.start { config = config() }
    d:wait_service("s", { idle = 2 })
    for _ = 1, 5 do
      ok(d, "service stop s")
      assert.is_nil(file(d))
      take_port(d:port()):close()
      ok(d, "service start s")
      assert.truthy(d:clients(1)[1].pid)
    end
    ok(d, "service stop s")
    local other = take_port(d:port())
    local code, text = d:reeve "service start s"
    assert.equal(71, code)
    assert.truthy(text:find("inet_listener s (127.0.0.1:" .. d:port() .. "): cannot bind", 1, true), text)
    assert.is_nil(file(d))
    other:close()
    ok(d, "service restart s")
    assert.truthy(d:clients(1, "s.sock")[1].pid)
    d:stop()
  end)

  it("that was stopped stays so when the daemon is reloaded, until its start", function()
    local d = reeve.start { config = config() }
    ok(d, "service stop s")
    d:configure(config "process_min_avail = 3,")
    assert.truthy(ok(d, "reload"):find "s %(process_min_avail%), stopped")
    take_port(d:port()):close()
    assert.is_nil(file(d))
    d:wait_service("s", { live = 0 })
    ok(d, "service start s")
    d:wait_service("s", { idle = 3 })
    d:stop()
  end)

  it("restart returns when new processes are ready; with --wait when the old ones are gone", function()
    local d = reeve.start { config = config() }
    local c = d:clients(1)[1]
    ok(d, "service restart s")
    for _, p in ipairs(d:ps "s") do
      assert.is_true(p.pid == c.pid or p.generation == 2 and p.state == "idle")
    end
    local wait = beside(d, "service restart s --wait")
    reeve.wait_until(function()
      for _, p in ipairs(d:ps "s") do
        if p.generation == 3 and p.state == "idle" then return true end
      end
    end, "the third generation")
    assert.is_true(reeve.is_alive(c.pid))
    c:ask "bye"
    local code, text = wait()
    assert.equal(0, code, text)
    assert.is_false(reeve.is_alive(c.pid))
    d:stop()
  end)

  it("stop --wait returns when the last client has gone", function()
    local d = reeve.start { config = config() }
    local c = d:clients(1)[1]
    local wait = beside(d, "service stop s --wait")
    d:wait_service("s", { idle = 0, draining = 1 })
    assert.equal(tostring(c.pid), c:ask "pid")
    c:ask "bye"
    assert.equal(0, (wait()))
    assert.equal(0, #d:ps "s")
    d:stop()
  end)
end)

describe("a reload", function()
  after_each(reeve.clean)

  it("gives a listener that is kept its new owner and mode, and says so", function()
    local d = reeve.start { config = config() }
    local before = file(d)
    d:configure((config():gsub("0666", "0640")))
    assert.truthy(ok(d, "reload"):find "live%s+s %(owner or mode of a listener%)")
    local after = file(d)
    assert.equal(before.ino, after.ino)
    assert.equal("rw-r-----", after.permissions)
    d:stop()
  end)

  it("makes a socket anew whose file somebody removed, and processes that listen there", function()
    local d = reeve.start { config = config() }
    os.remove(d.base .. "/s.sock")
    assert.truthy(ok(d, "reload"):find "renew%s+s %(the file of a listener was removed%)")
    assert.truthy(assert(d:connect "s.sock"):ask "pid")
    d:stop()
  end)

  it("counts the clients of old processes by the client_limit they were started with", function()
    local d = reeve.start { config = config "process_min_avail = 1,":gsub("client_limit = 1,", "client_limit = 4,") }
    local old = d:clients(2)
    d:configure((config "process_min_avail = 1,":gsub("client_limit = 1,", "client_limit = 9,")))
    ok(d, "reload")
    d:wait_service("s", { draining = 1, clients = 2, client_limit = 9 })
    for _, c in ipairs(old) do c:ask "bye" end
    d:wait_service("s", { draining = 0, clients = 0, crashes = 0 })
    assert.is_nil(d:log():find "says it can take")
    d:stop()
  end)

  it("of two at once is done by both who ask", function()
    local d = reeve.start { config = config() }
    for _ = 1, 5 do
      local first, second = beside(d, "reload"), beside(d, "status")
      local code, text = first()
      assert.equal(0, code, text)
      code, text = second()
      assert.equal(0, code, text)
    end
    d:stop()
  end)

  it("comes once a second in a storm of SIGHUP, and the last change counts", function()
    local d = reeve.start { config = config() }
    local master, generation = d:status().master_pid, d:status().generation
    local began = socket.gettime()
    for i = 1, 300 do
      if i == 300 then d:configure(config "process_min_avail = 4,") end
      reeve.kill("HUP", master)
    end
    d:wait_service("s", { idle = 4 })
    local reloads, seconds = d:status().generation - generation, socket.gettime() - began
    assert.is_true(reloads >= 1 and reloads <= seconds + 1, ("%d reloads in %.1f s"):format(reloads, seconds))
    d:stop()
  end)

  it("works while the engine is away", function()
    local d = reeve.start { config = config() }
    local s = d:status()
    reeve.kill("STOP", s.engine_pid)
    d:configure(config "process_min_avail = 3,")
    reeve.kill("HUP", s.master_pid)
    d:wait_service("s", { idle = 3 })
    reeve.wait_gone(s.engine_pid)
    reeve.kill("KILL", d:status().engine_pid)
    d:configure(config "process_min_avail = 4,")
    reeve.kill("HUP", s.master_pid)
    d:wait_service("s", { idle = 4 })
    assert.equal(2 + 4, #d:processes()) -- no engine was forgotten
    d:stop()
  end)

  it("that was begun does not hinder a stop", function()
    local d = reeve.start { config = config() }
    local master = d:status().master_pid
    reeve.kill("HUP", master)
    reeve.kill("TERM", master)
    reeve.wait_until(function() return d:exit_code() end, "the end")
    assert.equal(0, d:exit_code())
    d:assert_nothing_left()
  end)
end)

describe("plan", function()
  after_each(reeve.clean)

  it("says what a reload would change, and changes nothing", function()
    local d = reeve.start { config = config() .. [[service "gone" { executable = "@worker@ --hold" }]] }
    local before, generation = d:ps "s", d:status().generation
    assert.truthy(ok(d, "plan"):find "keep%s+s\n")
    d:configure(config "process_min_avail = 3, env = { A = \"b\" }," .. [[service "new" {
      executable = "@worker@ --hold", unix_listener "new.sock" {} }]])
    local text = ok(d, "plan")
    for _, line in ipairs { "renew%s+s %(process_min_avail, env%)", "stop%s+gone", "start%s+new" } do
      assert.truthy(text:find(line), text)
    end
    assert.is_nil(lfs.attributes(d.base .. "/new.sock"))
    assert.equal(generation, d:status().generation)
    for i, p in ipairs(d:ps "s") do assert.equal(before[i].pid, p.pid) end
    assert.equal(text .. ("generation %d is in force\n"):format(generation + 1), ok(d, "reload"))
    d:configure "service 1"
    local code, sentence = d:reeve "plan"
    assert.equal(2, code, sentence)
    assert.truthy(sentence:find "reeve.lua:%d+")
    assert.is_nil(d:log():find "reload refused")
    d:stop()
  end)
end)

describe("a stop", function()
  after_each(reeve.clean)

  it("says who is still there, and the second SIGTERM ends them", function()
    local d = reeve.start { config = config() }
    local c, master = d:clients(1)[1], d:status().master_pid
    local wait = beside(d, "stop")
    d:wait_log "still there: s 1"
    assert.equal(tostring(c.pid), c:ask "pid")
    reeve.kill("TERM", master)
    local code, text = wait()
    assert.equal(0, code, text)
    assert.truthy(text:find("still there: s 1", 1, true), text)
    reeve.wait_until(function() return d:exit_code() end, "the end")
    assert.equal(0, d:exit_code())
    d:assert_nothing_left()
  end)

  it("while it starts leaves nothing and is no error", function()
    for wait_ms = 0, 45, 5 do
      local code, text, d = reeve.refused { config = config(),
        wrap = ("timeout --foreground -s TERM 0.0%02d"):format(wait_ms + 1) }
      assert.equal(124, code, text) -- that of timeout(1), which says nothing else
      d:assert_nothing_left()
      d:destroy()
    end
  end)
end)
