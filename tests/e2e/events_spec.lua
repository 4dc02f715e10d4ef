-- reeve events: what happens as it happens, what has happened, and how the two meet.
local json = require "dkjson"
local reeve = require "reeve"

local CONFIG = [[service "s" { executable = "@worker@ --hold", client_limit = 1, process_min_avail = 1,
  inet_listener "s" { port = @port@, address = "127.0.0.1" } }]]

-- Runs `reeve events WORDS` beside the test; returns what it has written so far, and a function that ends it.
local function follow(d, words)
  local out = os.tmpname()
  local _, pid = reeve.shell(("%s/reeve -b %s events %s >%s 2>%s.err & echo $!"):format(reeve.build, d.base, words, out,
    out))
  pid = pid:match "%d+"
  return function() return reeve.read(out) .. (reeve.read(out .. ".err") or "") end, function()
    reeve.kill("INT", pid)
    reeve.wait_gone(pid)
    os.remove(out)
    os.remove(out .. ".err")
  end, pid
end

local function wait_for(said, pattern)
  return reeve.wait_until(function() return said():match(pattern) end, function()
    return ("'%s' in:\n%s"):format(pattern, said())
  end)
end

-- A process with a client dies. (One that had not reported yet would have failed at its start, and throttle the pool.)
local function crash(d)
  local c = d:clients(1)[1]
  reeve.wait_until(function()
    for _, p in ipairs(d:ps "s") do
      if p.pid == tonumber(c.pid) and p.state == "busy" then return true end
    end
  end, "the process to have reported")
  reeve.kill("KILL", c.pid)
  return c.pid
end

-- Processes die until each follower has heard of one: it is there from then on.
local function wait_connected(d, said, pattern)
  reeve.wait_until(function()
    crash(d)
    return said():find(pattern)
  end, function() return ("'%s' in:\n%s"):format(pattern, said()) end)
end

describe("reeve events", function()
  after_each(reeve.clean)

  it("shows what happens, filtered, in words or JSON, and goes on after a reload and with another engine", function()
    local d = reeve.start { config = CONFIG }
    local said, stop = follow(d, [[--json 'ev.service == "s" and ev.kind == "exit"']])
    local all, stop_all = follow(d, "")
    wait_connected(d, all, "s spawn process %d+ %(pid %d+%)\n")
    wait_connected(d, said, '"kind":"exit"')
    local function crash_is_told()
      local pid = crash(d)
      wait_for(said, ('"text":"process %d was ended by signal 9'):format(pid))
      wait_for(all, ("s exit process %d was ended by signal 9"):format(pid))
    end
    crash_is_told()
    for line in said():gmatch "[^\n]+" do
      local ev = assert(json.decode(line))
      assert.equal("exit", ev.kind)
      assert.truthy(ev.at and ev.text and ev.stage and ev.clients_lost)
    end
    assert.equal(0, (d:reeve "reload"))
    local before = { #said(), #all() } -- they come back by themselves, a moment later than we do
    wait_connected(d, function() return said():sub(before[1] + 1) end, '"kind":"exit"')
    wait_connected(d, function() return all():sub(before[2] + 1) end, "was ended by")
    crash_is_told()
    local old = d:status().engine_pid
    reeve.kill("KILL", old)
    reeve.wait_until(function()
      local s = d:try_status()
      return s and s.engine_pid ~= old
    end, "another engine")
    local seen = #all()
    wait_connected(d, function() return all():sub(seen + 1) end, "was ended by")
    stop()
    stop_all()
    d:stop()
  end)

  it("shows what has happened, and goes on from there without a gap and without a repetition", function()
    local d = reeve.start { config = CONFIG }
    d:clients(2)
    d:wait_service("s", { busy = 2, idle = 1 })
    local said, stop = follow(d, [[--since 1h --follow --json 'ev.kind == "spawn"']])
    wait_for(said, '"id":3')
    for _ = 1, 5 do d:clients(1) end
    d:wait_service("s", { busy = 7, idle = 1 })
    wait_for(said, '"id":8')
    local n = 0
    for line in said():gmatch "[^\n]+" do
      n = n + 1
      assert.equal(n, json.decode(line).id)
    end
    assert.equal(8, n)
    assert.equal(0, (d:reeve "reload")) -- and goes on with nothing in between
    wait_connected(d, said, '"id":1%d')
    for line in said():gmatch "[^\n]+" do assert.equal("spawn", json.decode(line).kind) end
    stop()
    local code, text = d:reeve "events --since 1h 'ev.kind == \"vote\" and ev.policy == \"built-in/min_avail\"'"
    assert.equal(0, code)
    assert.truthy(text:find "^[%d-]+ [%d:.]+ s vote built%-in/min_avail spare=1 why=", text)
    d:stop()
  end)

  it("says what is wrong with the expression, and where there is no recording", function()
    local d = reeve.start { config = CONFIG, settings = "record = false," }
    local code, text = d:reeve "events 'ev.kind ='"
    assert.equal(1, code)
    assert.truthy(text:find("EXPR:1: .*near"), text)
    local said, stop = follow(d, "'ev.kind.no.such'")
    wait_connected(d, said, "EXPR:1: a string has no 'no' here")
    pcall(stop)
    code, text = d:reeve "events --since 1h"
    assert.equal(66, code, text)
    code, text = d:reeve "events --since yesterday"
    assert.equal(64, code)
    assert.truthy(text:find("'yesterday' is no time: write 3h (ago)", 1, true), text)
    d:stop()
  end)

  it("does not hold up the engine for a reader that does not read, and says what that one has missed", function()
    local d = reeve.start { config = (CONFIG:gsub("process_min_avail = 1,", [[process_min_avail = 1,
      policy = function(s, ev, st)
      local lines = {}
      st.n = (st.n or 0) + 1
      for i = 1, 50 do lines[i] = ("%%d of turn %%d %%s"):format(i, st.n, ("x"):rep(150)) end
      lines[51] = "0 turns " .. st.n
      return { wake = s.now + 0.01, why = lines }
    end,]])) }
    local function turns()
      for _, policy in ipairs(d:service "s".policies) do
        if policy.name == "own" and policy.why then return tonumber(policy.why:match "0 turns (%d+)") end
      end
      return 0
    end
    local said, _, pid = follow(d, "--json")
    wait_for(said, "of turn")
    reeve.kill("STOP", pid)
    local began = turns()
    reeve.wait_until(function() return turns() > began + 300 end, "300 turns of some 8 KB") -- the engine goes on
    reeve.kill("CONT", pid)
    assert.is_true(tonumber(wait_for(said, "%((%d+) outputs were dropped")) > 0)
    reeve.kill("INT", pid)
    reeve.wait_gone(pid)
    d:stop()
  end)
end)
