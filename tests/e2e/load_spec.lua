-- What reloads, engines that die and services that move cost clients under load: nothing.
local lfs = require "lfs"
local reeve = require "reeve"

local function service(name, listeners, settings)
  return ([[service "%s" { executable = "@worker@ --hold", client_limit = 50, process_limit = 12,
    process_min_avail = 2, %s %s }
  ]]):format(name, settings or "", listeners)
end

local TCP = [[inet_listener "tcp" { port = @port@, address = { "127.0.0.1", "::1" } },]]
local UNIX = [[unix_listener "echo.sock" { mode = "0666" },]]
local ALL = TCP .. UNIX
local CONFIG = service("echo", ALL)

local function inode(d)
  return lfs.attributes(d.base .. "/echo.sock", "ino")
end

local function pids(d, name)
  local list = {}
  for _, p in ipairs(d:ps(name)) do list[#list + 1] = p.pid end
  table.sort(list)
  return table.concat(list, " ")
end

local function reload(d, config)
  if config then d:configure(config) end
  local code, text = d:reeve "reload"
  assert(code == 0, text)
  return text
end

local function fds(pid)
  local n = 0
  for _ in lfs.dir("/proc/" .. pid .. "/fd") do n = n + 1 end
  return n
end

local function rss(pid)
  return tonumber(reeve.read("/proc/" .. pid .. "/status"):match "VmRSS:%s*(%d+)")
end

describe("under load nobody notices", function()
  after_each(reeve.clean)

  it("a reload that changes nothing, one that changes limits, one that is refused", function()
    local d = reeve.start { config = CONFIG }
    local stop_load = d:load "echo.sock"
    local before, socket, tcp = pids(d, "echo"), inode(d), reeve.listening_inode(d:port())
    assert.truthy(reload(d):find("keep", 1, true))
    assert.equal(before, pids(d, "echo"))
    local text = reload(d, service("echo", ALL, [[stop_timeout = "50s", kill_after = "3s",]]))
    assert.truthy(text:find "live%s+echo %(.*stop_timeout", text)
    text = reload(d, service("echo", ALL, [[process_limit = 20,]]):gsub("process_limit = 12,", ""))
    assert.truthy(text:find "resize%s+echo %(process_limit", text)
    assert.equal(before, pids(d, "echo"))
    local generation = d:status().generation
    d:configure(service("echo", ALL, "clientlimit = 3,"))
    local code, sentence = d:reeve "reload"
    assert.equal(2, code, sentence)
    assert.truthy(sentence:find "reeve.lua:%d+:%d+", sentence)
    assert.equal(generation, d:status().generation)
    assert.equal(before, pids(d, "echo"))
    assert.equal(socket, inode(d))
    assert.equal(tcp, reeve.listening_inode(d:port()))
    reeve.assert_no_loss(stop_load())
    d:stop()
  end)

  it("a reload that replaces the processes: new ones are up before old ones retire", function()
    local d = reeve.start { config = CONFIG }
    local stop_load = d:load "echo.sock"
    local socket, tcp = inode(d), reeve.listening_inode(d:port())
    d:wait_service("echo", { clients = { 200 } })
    assert.truthy(reload(d, service("echo", ALL, [[env = { A = "b" },]])):find "renew%s+echo %(env")
    d:wait_service("echo", { draining = { 4 }, clients = { 200 } }) -- the 200 who stay finish where they are
    assert.equal(socket, inode(d))
    assert.equal(tcp, reeve.listening_inode(d:port()))
    reeve.assert_no_loss(stop_load())
    d:wait_service("echo", { draining = 0, crashes = 0 })
    d:stop()
  end)

  it("an engine that is killed, and one that is stopped", function()
    local d = reeve.start { settings = [[engine_timeout = "2s",]], config = CONFIG }
    local stop_load = d:load "echo.sock"
    local first = d:status().engine_pid
    reeve.kill("KILL", first)
    local second = reeve.wait_until(function()
      local s = d:try_status()
      return s and s.engine_pid ~= first and s.engine_pid
    end, "another engine")
    reeve.kill("STOP", second)
    reeve.wait_gone(second)
    local before = pids(d, "echo")
    reload(d)
    assert.equal(before, pids(d, "echo"))
    reeve.assert_no_loss(stop_load())
    d:stop()
  end)

  it("a log process that is killed again and again", function()
    local d = reeve.start { settings = [[log_path = "@dir@/lines",]], config = CONFIG }
    local stop_load = d:load "echo.sock"
    local last
    for n = 1, 5 do
      local pid = reeve.wait_until(function()
        local p = d:ps "log"[1]
        return p and p.pid ~= last and p.state == "idle" and p.pid
      end, "log process " .. n)
      reeve.kill("KILL", pid)
      last = pid
    end
    reeve.assert_no_loss(stop_load())
    d:wait_service("echo", { crashes = 0 })
    d:wait_service("log", { crashes = 5, live = 1 })
    d:stop()
  end)

  it("listeners that move from one service to another and back", function()
    local d = reeve.start { config = CONFIG .. service("other", "") }
    local stop_load = d:load "echo.sock"
    local socket, tcp = inode(d), reeve.listening_inode(d:port())
    reload(d, service("other", ALL) .. service("echo", ""))
    reeve.wait_until(function() return d:service "other".clients > 0 end, "clients at the other service")
    assert.equal(socket, inode(d))
    reload(d, service("echo", ALL) .. service("other", ""))
    d:wait_service("other", { draining = 0, clients = 0 })
    assert.equal(socket, inode(d))
    assert.equal(tcp, reeve.listening_inode(d:port()))
    reeve.assert_no_loss(stop_load())
    d:stop()
  end)

  it("a service that goes and gives its listeners to a new one", function()
    local d = reeve.start { config = CONFIG }
    local stop_load = d:load "echo.sock"
    local old, socket = d:ps "echo", inode(d)
    local text = reload(d, service("fresh", ALL))
    assert.truthy(text:find "stop%s+echo" and text:find "start%s+fresh", text)
    reeve.wait_until(function() return d:service "fresh".clients > 0 end, "clients at the new service")
    assert.equal(socket, inode(d))
    for _, p in ipairs(old) do assert.is_true(reeve.is_alive(p.pid) or p.clients == 0) end
    reeve.assert_no_loss(stop_load())
    for _, p in ipairs(old) do reeve.wait_gone(p.pid) end
    d:stop()
  end)

  it("service restart and drain", function()
    local d = reeve.start { config = CONFIG }
    local stop_load = d:load "echo.sock"
    local code, text = d:reeve "service restart echo"
    assert.equal(0, code, text)
    code, text = d:reeve "service drain echo"
    assert.equal(0, code, text)
    d:wait_service("echo", { avail = { 2 } })
    reeve.assert_no_loss(stop_load())
    d:stop()
  end)
end)

describe("many reloads", function()
  after_each(reeve.clean)

  local function reload_often(n)
    local d = reeve.start { config = CONFIG .. service("still", "") }
    local master = d:status().master_pid
    local function round(i)
      reload(d, CONFIG .. service("still", "", ([[description = "%d",]]):format(i)))
    end
    for i = 1, 10 do round(i) end
    local function settle() -- the retired engine goes within 2 s
      d:wait_service("echo", { clients = 0, live = 2, idle = 2 }, 90)
      local status = d:status()
      reeve.wait_until(function()
        local children = reeve.read(("/proc/%d/task/%d/children"):format(status.master_pid, status.master_pid))
        return select(2, children:gsub("%d+", "")) == 1 + 4
      end, "the retired engine to go")
    end
    settle()
    local still, fds_before, rss_before = pids(d, "still"), fds(master), rss(master)
    local stop_load = d:load("echo.sock", { stay = 20, rate = 50, seconds = 600 })
    for i = 1, n do round(i) end
    reeve.assert_no_loss(stop_load())
    settle()
    assert.equal(still, pids(d, "still"))
    assert.equal(fds_before, fds(master))
    if not os.getenv "SAN" then -- whose allocator keeps what was freed
      assert.is_true(rss(master) - rss_before <= 512, ("RSS grew from %d to %d KiB"):format(rss_before, rss(master)))
    end
    d:stop()
  end

  it("leave fds and memory of the master where they were (50)", function() reload_often(50) end)
  it("leave fds and memory of the master where they were (1000) #slow", function() reload_often(1000) end)
end)
