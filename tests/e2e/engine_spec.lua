-- The rule of the house: the master does its whole job with the engine dead, stopped, looping or out of memory.
local reeve = require "reeve"
local socket = require "socket"

local LISTENER = [[inet_listener "s" { port = @port@, address = "127.0.0.1" }]]

local function service(settings)
  return ([[service "s" { executable = "@worker@ --hold", client_limit = 1, process_limit = 9, %s %s }]]):format(
    settings, LISTENER)
end

-- Waits until the service's own policy is taken out.
local function wait_quarantine(d)
  reeve.wait_until(function()
    for _, policy in ipairs(d:service "s".policies) do
      if policy.state == "quarantined" then return true end
    end
  end, function() return "a quarantined policy; the log:\n" .. d:log() end)
end

local function wait_new_engine(d, old, seconds)
  return reeve.wait_until(function()
    local s = d:try_status()
    return s and s.engine_pid ~= old and s
  end, "another engine than " .. old, seconds)
end

describe("the engine", function()
  after_each(reeve.clean)

  it("killed, is back soon; no connection and no process is lost", function()
    local d = reeve.start { config = service "process_min_avail = 2," }
    local clients = d:clients(2)
    d:wait_service("s", { busy = 2, idle = 2 })
    local before, status = d:ps "s", d:status()
    local now, took = status, math.huge
    for _ = 1, 3 do -- the best of three: a machine may be busy with others for a moment. A quiet one needs 0.1 s
      local began = socket.gettime()
      reeve.kill("KILL", now.engine_pid)
      now = wait_new_engine(d, now.engine_pid)
      took = math.min(took, socket.gettime() - began)
    end
    assert.is_true(took < 10, "it took " .. took .. " s")
    assert.equal(status.master_pid, now.master_pid)
    assert.equal(status.generation, now.generation)
    for i, p in ipairs(d:ps "s") do
      assert.equal(before[i].pid, p.pid)
      assert.equal(before[i].state, p.state)
      assert.equal(before[i].id, p.id)
    end
    for _, c in ipairs(clients) do assert.equal(tostring(c.pid), c:ask "pid") end
    assert.equal(0, d:service "s".crashes)
    d:stop()
  end)

  it("killed, leaves the standing orders at work", function()
    local d = reeve.start { config = service "process_min_avail = 2," }
    d:wait_service("s", { idle = 2 })
    local engine = d:status().engine_pid
    for _ = 1, 3 do -- also when it dies again and again
      reeve.kill("KILL", engine)
      local c = d:clients(3)
      for _, one in ipairs(c) do one:close() end
      engine = wait_new_engine(d, engine).engine_pid
    end
    d:wait_service("s", { clients = 0 })
    assert.is_true(d:service "s".avail >= 2)
    d:stop()
  end)

  it("killed, keeps what its policies remember", function()
    local d = reeve.start { config = service [[policy = function(s, ev, st)
      st.most = math.max(st.most or 0, s.clients)
      return { at_least = st.most, why = "most=" .. st.most }
    end,]] }
    local clients = d:clients(3)
    d:wait_service("s", { clients = 3 }) -- a peak of some milliseconds may go unseen
    for _, c in ipairs(clients) do c:ask "bye" end
    d:wait_service("s", { clients = 0, live = 3 })
    assert.equal(0, (d:reeve "service scale s auto")) -- what is remembered is saved with it; otherwise a moment later
    local engine = d:status().engine_pid
    reeve.kill("KILL", engine)
    wait_new_engine(d, engine)
    for _, p in ipairs(d:ps "s") do reeve.kill("KILL", p.pid) end
    d:wait_service("s", { live = 3, idle = 3, exits = 3 })
    d:stop()
  end)

  it("killed while the config on disk is broken, works on with the config in force", function()
    local d = reeve.start { config = service "process_min_avail = 1," }
    local c = d:clients(1)[1]
    local status = d:status()
    reeve.write(d.config_path, "this is { not a config")
    reeve.kill("KILL", status.engine_pid)
    local now = wait_new_engine(d, status.engine_pid)
    assert.equal(status.generation, now.generation)
    d:wait_service("s", { busy = 1, avail = 1 })
    assert.equal(tostring(c.pid), c:ask "pid")
    assert.truthy(d:clients(1)[1].pid)
    d:stop()
  end)

  it("stopped by a signal, is replaced after engine_timeout", function()
    local d = reeve.start { settings = [[engine_timeout = "500ms",]], config = service "process_min_avail = 1," }
    local c = d:clients(1)[1]
    local engine = d:status().engine_pid
    reeve.kill("STOP", engine)
    assert.truthy(d:clients(2)[2].pid) -- served while it stands still
    wait_new_engine(d, engine)
    reeve.wait_gone(engine)
    assert.equal(tostring(c.pid), c:ask "pid")
    d:stop()
  end)

  it("survives an endless loop in a hook; the policy is taken out and the built-ins go on", function()
    local d = reeve.start { config = service [[process_min_avail = 2,
      policy = { demand = function() while true do end end, spawn = function() while true do end end },]] }
    local clients = d:clients(4)
    d:wait_service("s", { clients = 4, avail = 2 })
    wait_quarantine(d)
    assert.truthy(d:log():find("deadline", 1, true))
    for _, c in ipairs(clients) do assert.equal(tostring(c.pid), c:ask "pid") end
    d:stop()
  end)

  it("survives a hook that catches its own interruption", function()
    local d = reeve.start { config = service [[process_min_avail = 1, policy = { spawn = function()
      while true do pcall(function() while true do end end) end
    end },]] }
    assert.truthy(d:clients(2)[2].pid)
    d:wait_service("s", { clients = 2, avail = 1 })
    d:stop()
  end)

  it("survives a hook that eats memory", function()
    local d = reeve.start { config = service [[process_min_avail = 1, policy = { spawn = function()
      local all = {}
      for i = 1, 1e9 do all[i] = ("x"):rep(60000) .. i end
    end },]] }
    assert.truthy(d:clients(2)[2].pid)
    wait_quarantine(d)
    assert.truthy(d:log():find "memory" or d:log():find "deadline") -- whichever bound it meets first
    d:wait_service("s", { clients = 2, avail = 1 })
    d:stop()
  end)

  it("away for a minute, has what only restricts withdrawn #slow", function()
    local d = reeve.start { settings = [[engine_timeout = "1h",]],
      config = service [[policy = function() return { at_most = 1 } end,]] }
    d:clients(1)
    local second = assert(d:connect())
    second:say "pid"
    d:wait_service("s", { live = 1, waiting = 1 })
    reeve.kill("STOP", d:status().engine_pid)
    local began = socket.gettime()
    assert.truthy(second:answer(80))
    assert.is_true(socket.gettime() - began > 50, "it was withdrawn too early")
    d:destroy()
  end)
end)
