-- What the machine can do to a daemon: no files, no processes, everybody killed, an engine that stands still; and all
-- of it at once, under load.
local lfs = require "lfs"
local reeve = require "reeve"
local socket = require "socket"

local NOBODY = "setpriv --reuid=65534 --regid=65534 --clear-groups"

local function config(settings)
  return ([[service "s" { executable = "@worker@ --hold", client_limit = 1, process_limit = 8, %s
    inet_listener "s" { port = @port@, address = "127.0.0.1" }, unix_listener "s.sock" { mode = "0666" } }]]):format(
    settings or "")
end

local function fds(pid)
  local n = 0
  for _ in lfs.dir("/proc/" .. pid .. "/fd") do n = n + 1 end
  return n - 2 -- "." and ".."
end

-- Processor time a process has used, in seconds.
local function cpu(pid)
  local fields = reeve.read("/proc/" .. pid .. "/stat"):match "%) (.*)"
  local user, system = fields:match "^%S+ %S+ %S+ %S+ %S+ %S+ %S+ %S+ %S+ %S+ %S+ (%d+) (%d+)"
  return (tonumber(user) + tonumber(system)) / 100
end

local function limit(pid, what, as)
  local code, text = reeve.shell(("%s prlimit --pid %d --%s"):format(as or "", pid, what))
  assert(code == 0, text)
end

-- Seconds until the client gets its answer.
local function served_in(c)
  local began = socket.gettime()
  assert.truthy(c:answer())
  return socket.gettime() - began
end

-- A client that comes while no process can be started waits, costs nothing, and is served soon after the shortage.
local function shortage(d, master, starve, feed, said)
  local before = fds(master)
  local first = d:clients(1)[1]
  starve()
  local waiting = assert(d:connect())
  waiting:say "pid"
  d:wait_log(said)
  local used, began = cpu(master), socket.gettime()
  reeve.wait_until(function() return socket.gettime() - began > 1.2 end)
  assert.is_true((cpu(master) - used) / (socket.gettime() - began) < 0.25, "the master spins")
  assert.is_true(waiting:is_waiting())
  assert.truthy(first:ask "pid")
  feed()
  local seconds = served_in(waiting)
  assert.is_true(seconds < 20, ("it took %.2f s after the shortage"):format(seconds))
  first:ask "bye"
  waiting:ask "bye"
  d:wait_service("s", { start_failures = 0, crashes = 0, busy = 0 })
  assert.is_true(fds(master) <= before + 2 * 3, "the master has more files than two processes need")
end

describe("a shortage", function()
  after_each(reeve.clean)

  for _, spare in ipairs { 0, 2, 4 } do
    it(("of files in the master (%d left) is over when it is over"):format(spare), function()
      local d = reeve.start { config = config() }
      local master = d:status().master_pid
      shortage(d, master, function()
        d:wait_service("s", { busy = 1 })
        limit(master, ("nofile=%d:"):format(fds(master) + spare))
      end, function() limit(master, "nofile=4096:") end, "no process can be started: [^\n]*: Too many open files")
      d:stop()
    end)
  end

  it("of processes is over when it is over", function()
    local d = reeve.start { config = config(), wrap = NOBODY,
      prepare = function(d) assert(reeve.shell("chown 65534 " .. d.base) == 0) end }
    local master = d:status().master_pid
    local most = reeve.read("/proc/" .. master .. "/limits"):match "Max processes%s+(%w+)"
    shortage(d, master, function() limit(master, "nproc=1:", NOBODY) end,
      function() limit(master, ("nproc=%s:"):format(most), NOBODY) end,
      "no process can be started: fork: Resource temporarily unavailable")
    d:stop()
  end)
end)

describe("kill -9 of everybody", function()
  after_each(reeve.clean)

  it("leaves stale sockets and a stale lock, which the next start takes over", function()
    local d = reeve.start { config = config "process_min_avail = 2," }
    d:wait_service("s", { idle = 2 })
    for _ = 1, 3 do
      reeve.shell("kill -9 " .. table.concat(d:processes(), " "))
      reeve.wait_until(function() return #d:processes() == 0 end, "their end")
      assert.truthy(lfs.attributes(d.base .. "/s.sock"))
      assert.truthy(lfs.attributes(d.base .. "/reeve.lock"))
      d:launch()
      d:wait_service("s", { idle = 2 })
      assert.truthy(d:clients(1, "s.sock")[1].pid)
    end
    d:stop()
  end)
end)

local LOADED = [[service "s" { executable = "@worker@ --hold", client_limit = 50, process_limit = 40,
  process_min_avail = 2, stop_timeout = "10min", %s
  inet_listener "tcp" { port = @port@, address = { "127.0.0.1", "::1" } }, unix_listener "s.sock" { mode = "0666" } }]]

describe("under load", function()
  after_each(reeve.clean)

  it("an engine that stands still for a minute costs nobody anything #slow", function()
    local d = reeve.start { settings = [[engine_timeout = "1h",]], config = LOADED:format "" }
    local stop_load, engine = d:load("s.sock", { seconds = 90 }), d:status().engine_pid
    reeve.kill("STOP", engine)
    local began = socket.gettime()
    reeve.wait_until(function() return socket.gettime() - began > 62 end, "a minute", 70)
    reeve.kill("CONT", engine)
    d:wait_service("s", { crashes = 0 })
    reeve.assert_no_loss(stop_load())
    d:stop()
  end)

  it("a minute of reloads, restarts, killed and stopped engines costs nobody anything #slow", function()
    local d = reeve.start { settings = [[engine_timeout = "1s",]], config = LOADED:format "" }
    local master = d:status().master_pid
    local stop_load = d:load("s.sock", { seconds = 120, stay = 100 })
    local before, deeds, began, n = fds(master), {}, socket.gettime(), 0
    local seed = tonumber(os.getenv "SEED") or os.time()
    math.randomseed(seed)
    local function engine() return (d:try_status() or {}).engine_pid end
    deeds[1] = function() d:reeve "reload" end
    deeds[2] = function()
      n = n + 1
      d:configure(LOADED:format(([[description = "%d", kill_after = "%ds",]]):format(n, n % 7 + 1)))
      reeve.kill("HUP", master)
    end
    deeds[3] = function()
      local pid = engine()
      if pid then reeve.shell("kill -9 " .. pid) end
    end
    deeds[4] = function()
      local pid = engine()
      if pid then reeve.shell("kill -STOP " .. pid) end
    end
    deeds[5] = function()
      d:configure "service 1"
      local code, text = d:reeve "reload"
      assert(code ~= 0 or text:find "sent SIGHUP", text) -- without an engine the log tells the result
      d:configure(LOADED:format "")
    end
    local rolled = 0
    deeds[6] = function()
      if rolled >= 3 then return end -- each leaves its old processes with those who stay
      rolled = rolled + 1
      d:reeve "service restart s"
    end
    reeve.wait_until(function()
      deeds[math.random(#deeds)]()
      return socket.gettime() - began > 60
    end, "a minute", 120)
    local seen = stop_load()
    local ok, why = pcall(reeve.assert_no_loss, seen)
    assert(ok, ("SEED=%d: %s"):format(seed, tostring(why)))
    d:wait_service("s", { clients = 0, draining = 0, crashes = 0 })
    reeve.wait_until(function() return fds(master) <= before end, function()
      return ("SEED=%d: the files of the master: %d, now %d"):format(seed, before, fds(master))
    end, 90)
    d:stop()
  end)
end)
