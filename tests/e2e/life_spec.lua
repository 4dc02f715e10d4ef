-- Reload, stop, and the ends of master and services.
local reeve = require "reeve"

local function config(options, settings)
  return ([[service "s" { executable = "@worker@ --hold %s", client_limit = 1, process_limit = 8, %s
    inet_listener "s" { port = @port@, address = "127.0.0.1" }, unix_listener "s.sock" { mode = "0666" } }]]):format(
    options or "", settings or "")
end

local function inode_of_path(d)
  return require "lfs".attributes(d.base .. "/s.sock", "ino")
end

describe("a reload", function()
  after_each(reeve.clean)

  it("keeps connections, processes and listeners when only numbers change", function()
    local d = reeve.start { config = config() }
    local c = d:clients(1)[1]
    local generation, inode, path = d:status().generation, reeve.listening_inode(d:port()), inode_of_path(d)
    d:configure(config("", "process_min_avail = 3,"))
    local code, text = d:reeve "reload"
    assert.equal(0, code, text)
    assert.truthy(text:find("process_min_avail", 1, true), text)
    d:wait_service("s", { avail = 3, live = 4 })
    assert.is_true(d:status().generation > generation)
    assert.equal(inode, reeve.listening_inode(d:port()))
    assert.equal(path, inode_of_path(d))
    assert.equal(tostring(c.pid), c:ask "pid")
    d:stop()
  end)

  it("replaces processes when the program changes; old connections end by themselves", function()
    local d = reeve.start { config = config("", "process_min_avail = 1,") }
    local old = d:clients(1)[1]
    local inode, path = reeve.listening_inode(d:port()), inode_of_path(d)
    d:configure(config("--greet", "process_min_avail = 1,"))
    assert.equal(0, (d:reeve "reload"))
    reeve.wait_until(function()
      local c = assert(d:connect())
      c.socket:settimeout(0.5)
      local hello = c.socket:receive "*l"
      c:close()
      return hello and hello:find "^hello"
    end, "a process of the new generation")
    assert.equal(inode, reeve.listening_inode(d:port()))
    assert.equal(path, inode_of_path(d))
    assert.equal(tostring(old.pid), old:ask "pid")
    d:wait_service("s", { draining = 1 })
    old:ask "bye"
    reeve.wait_gone(old.pid)
    d:wait_service("s", { draining = 0, crashes = 0 })
    d:stop()
  end)

  it("opens new listeners and closes those that are gone", function()
    local d = reeve.start { config = config() }
    d:configure [[service "s" { executable = "@worker@ --hold", client_limit = 1, process_limit = 8,
      inet_listener "s2" { port = @port2@, address = "127.0.0.1" } }]]
    assert.equal(0, (d:reeve "reload"))
    assert.truthy(d:clients(1, 2)[1].pid)
    assert.is_nil(d:connect())
    assert.is_nil(inode_of_path(d))
    d:stop()
  end)

  it("of a broken config says every error, leaves with 2 and changes nothing", function()
    local d = reeve.start { config = config("", "process_min_avail = 2,") }
    d:wait_service("s", { idle = 2 })
    local before, engine, c = d:ps "s", d:status().engine_pid, d:clients(1)[1]
    local generation = d:status().generation
    d:configure [[service "s" { executable = "@worker@", clientlimit = 1 } service "t" { }]]
    local code, text = d:reeve "reload"
    assert.equal(2, code, text)
    assert.truthy(text:find("clientlimit", 1, true), text)
    assert.truthy(text:find("executable", 1, true), text)
    local after = d:ps "s"
    for i, p in ipairs(before) do assert.equal(p.pid, after[i].pid) end
    assert.equal(generation, d:status().generation)
    assert.equal(engine, d:status().engine_pid)
    assert.equal(tostring(c.pid), c:ask "pid")
    d:stop()
  end)

  it("whose new listener cannot be opened changes nothing", function()
    local taken = assert(require "socket".bind("127.0.0.1", 0))
    local _, port = taken:getsockname()
    local d = reeve.start { config = config() }
    local generation, c = d:status().generation, d:clients(1)[1]
    d:configure(config() .. ([[service "t" { executable = "@worker@", unix_listener "t.sock" {},
      inet_listener "t" { port = %d, address = "127.0.0.1" } }]]):format(port))
    local code, text = d:reeve "reload"
    assert.equal(2, code, text)
    assert.truthy(text:find(tostring(port), 1, true), text)
    assert.equal(generation, d:status().generation)
    assert.is_nil(require "lfs".attributes(d.base .. "/t.sock"))
    assert.equal(tostring(c.pid), c:ask "pid")
    taken:close()
    d:stop()
  end)

  it("with another base_dir is refused with a sentence", function()
    local d = reeve.start { config = config() }
    reeve.write(d.config_path, (reeve.read(d.config_path):gsub("/run\"", "/elsewhere\"")))
    local code, text = d:reeve "reload"
    assert.equal(2, code, text)
    assert.truthy(text:find("base_dir", 1, true), text)
    d:stop()
  end)

  it("comes by SIGHUP, too", function()
    local d = reeve.start { config = config() }
    d:configure(config("", "process_min_avail = 2,"))
    reeve.kill("HUP", d:status().master_pid)
    d:wait_service("s", { avail = 2 })
    d:stop()
  end)
end)

describe("a stop", function()
  after_each(reeve.clean)

  it("leaves no process, no socket and no lock behind", function()
    local d = reeve.start { config = config("", "process_min_avail = 3,") }
    d:wait_service("s", { idle = 3 })
    assert.equal(0, d:stop())
  end)

  it("lets a client finish within stop_timeout, then ends its process", function()
    local d = reeve.start { settings = [[stop_timeout = "1s",]], config = config() }
    local c = d:clients(1)[1]
    local code, text = d:reeve "stop"
    assert.equal(0, code, text)
    assert.is_nil(c:ask "pid")
    reeve.wait_until(function() return d:exit_code() end, "the end")
    assert.equal(0, d:exit_code())
    d:assert_nothing_left()
  end)

  it("waits for a client that leaves in time", function()
    local d = reeve.start { settings = [[stop_timeout = "30s",]], config = config() }
    local c = d:clients(1)[1]
    reeve.kill("TERM", d:status().master_pid)
    reeve.wait_until(function()
      local other = d:connect()
      if not other then return true end
      other:close()
    end, "the listener to close")
    assert.equal(tostring(c.pid), c:ask "pid")
    c:ask "bye"
    reeve.wait_until(function() return d:exit_code() end, "the end")
    assert.equal(0, d:exit_code())
    d:assert_nothing_left()
  end)

  it("kills what ignores everything", function()
    local d = reeve.start {
      settings = [[stop_timeout = "300ms",]],
      config = config("--ignore-term --ignore-sigint --ignore-dead",
        [[process_min_avail = 1, stop_timeout = "300ms", kill_after = "300ms",]]),
    }
    d:wait_service("s", { idle = 1 })
    d:stop()
  end)

  it("--now does not wait for clients", function()
    local d = reeve.start { config = config() }
    local c = d:clients(1)[1]
    assert.equal(0, (d:reeve "stop --now"))
    assert.is_nil(c:ask "pid")
    reeve.wait_until(function() return d:exit_code() end, "the end")
    d:assert_nothing_left()
  end)

  it("of a service closes its listeners; its start opens them", function()
    local d = reeve.start { config = config("", "process_min_avail = 1,") }
    d:wait_service("s", { idle = 1 })
    assert.equal(0, (d:reeve "service stop s"))
    d:wait_service("s", { live = 0 })
    assert.is_nil((d:connect()))
    assert.is_nil(inode_of_path(d))
    assert.equal(0, (d:reeve "service start s"))
    assert.truthy(d:clients(1)[1].pid)
    d:stop()
  end)
end)

describe("kill -9 of the master", function()
  after_each(reeve.clean)

  it("makes idle workers and the engine leave; a busy one finishes its client", function()
    local d = reeve.start { config = config("", "process_min_avail = 2,") }
    d:wait_service("s", { idle = 2 })
    local c = d:clients(1)[1]
    d:wait_service("s", { busy = 1, idle = 2 })
    local status = d:status()
    local idle = {}
    for _, p in ipairs(d:ps "s") do
      if p.state == "idle" then idle[#idle + 1] = p.pid end
    end
    reeve.kill("KILL", status.master_pid)
    for _, pid in ipairs(idle) do reeve.wait_gone(pid) end
    reeve.wait_gone(status.engine_pid)
    assert.equal(tostring(c.pid), c:ask "pid")
    c:ask "bye"
    reeve.wait_gone(c.pid)
    reeve.wait_until(function() return #d:processes() == 0 end, "the last ones to leave")
  end)

  it("does not keep the next start from working", function()
    local d = reeve.start { config = config("", "process_min_avail = 1,") }
    d:wait_service("s", { idle = 1 })
    reeve.kill("KILL", d:status().master_pid)
    reeve.wait_until(function() return #d:processes() == 0 end, "everybody to leave")
    d:launch()
    d:wait_service("s", { idle = 1 })
    assert.truthy(assert(d:connect "s.sock"):ask "pid")
    d:stop()
  end)
end)
