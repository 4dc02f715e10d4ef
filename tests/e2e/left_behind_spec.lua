-- Sessions, and who is left behind: processes of programs that know nothing of Reeve make processes of their own.
local reeve = require "reeve"
local rules = require "rules"

-- The session of a process: field 6 of its stat.
local function session(pid)
  return tonumber(reeve.read("/proc/" .. pid .. "/stat"):match "%) %S+ %S+ %S+ (%S+)")
end

local function number_in(path)
  return reeve.wait_until(function() return tonumber((reeve.read(path) or ""):match "^(%d+)\n") end, path)
end

-- A process with a child that would outlive it.
local FATHER = [[service "s" { executable = { "/bin/sh", "-c", "sleep infinity & echo $! >@dir@/new; %s" },
  contract = "%s", user = "root", process_limit = 1, process_min_avail = 1, %s }]]

describe("who is left behind", function()
  after_each(reeve.clean)

  for _, contract in ipairs { "plain", "systemd" } do
    it("by a process of contract " .. contract .. " is killed with it, so that the next one finds its places free",
      function()
      local d = reeve.start { config = FATHER:format("mv @dir@/new @dir@/child.$$; wait", contract, "") }
      d:wait_service("s", { live = 1 })
      local father = d:ps "s"[1].pid
      local child = number_in(d.dir .. "/child." .. father)
      assert.equal(father, session(child))
      reeve.kill("KILL", father)
      reeve.wait_gone(child)
      d:wait_log("service s: process " .. father .. " has left processes behind; they are killed")
      local second = reeve.wait_until(function()
        local p = d:ps "s"[1]
        return p and p.pid ~= father and p.pid
      end, "the next process")
      child = number_in(d.dir .. "/child." .. second)
      d:stop() -- stop_signal is the father's alone
      reeve.wait_gone(child)
    end)
  end

  it("for the life in the background that a pid file names is no orphan", function()
    local config = FATHER:format("mv @dir@/new @dir@/child", "plain", 'ready = "pidfile:@dir@/child",')
    local d = reeve.start { config = config }
    d:wait_log "goes on as process"
    local child = number_in(d.dir .. "/child")
    assert.equal(child, d:ps "s"[1].pid)
    assert.is_true(reeve.is_alive(child))
    d:stop()
  end)

  it("by a process of contract inetd is its own business", function()
    local d = reeve.start { config = [[service "s" { contract = "inetd", user = "root",
      executable = { "/bin/sh", "-c", "sleep infinity <&- >&- 2>&- & echo $!" },
      inet_listener "s" { port = @port@, address = "127.0.0.1" } }]] }
    local child = tonumber((d:connect().socket:receive "*l"))
    d:wait_service("s", { exits = 1, live = 0 })
    assert.is_true(reeve.is_alive(child))
    reeve.kill("KILL", child)
    d:stop()
  end)
end)

describe("a process", function()
  after_each(reeve.clean)

  it("child.session: leads one with contracts plain, systemd and inetd: ^C at the daemon's terminal is not for it",
    function()
    local function leads(contract, listener, start)
      local d = reeve.start { config = ([[service "s" { contract = "%s", %s %s }]]):format(
        contract, start and 'executable = "/bin/sleep infinity", process_min_avail = 1,' or 'executable = "/bin/cat",',
        listener or "") }
      local client = listener and d:connect()
      d:wait_service("s", { live = 1 })
      local pid = d:ps "s"[1].pid
      assert.equal(pid, session(pid))
      if client then client:close() end
      d:stop()
    end
    leads("plain", nil, true)
    leads("systemd", nil, true)
    leads("inetd", 'inet_listener "s" { port = @port@, address = "127.0.0.1" },')
    local d, c = rules.served()
    assert.equal(session(d:status().master_pid), session(c.pid))
    d:stop()
  end)
end)
