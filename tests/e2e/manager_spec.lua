-- Reeve under a service manager: what it says by sd_notify, the sockets it takes over, and that none of it reaches
-- others.
local reeve = require "reeve"
local rules = require "rules"
local unix = require "socket.unix"

local HERE = require "lfs".currentdir() .. "/tests/e2e"

-- A datagram socket that remembers what it was told.
local function manager()
  local path = os.tmpname()
  os.remove(path)
  local s = assert(unix.dgram())
  assert(s:bind(path))
  s:settimeout(0)
  local m = { path = path, heard = {} }
  function m.listen()
    while true do
      local text = s:receive()
      if not text then break end
      m.heard[#m.heard + 1] = text
    end
    return table.concat(m.heard, "\n")
  end
  function m.wait(pattern, from)
    return reeve.wait_until(function()
      local text = m.listen()
      return text:match(pattern, from)
    end, function() return pattern .. " to be said; heard:\n" .. m.listen() end)
  end
  function m.close()
    s:close()
    os.remove(path)
  end
  return m
end

local function start(m, options)
  options.env = options.env or {}
  options.env.NOTIFY_SOCKET = m.path
  return reeve.start(options)
end

local GATE = [[service "slow" { executable = { "/bin/sh", "-c",
  "read go <@dir@/gate; eval \"echo >&$NOTIFY_FD\"; exec sleep infinity" }, contract = "plain",
  process_limit = 1, process_min_avail = 1, ready = "fd" }
]]

describe("under a service manager, Reeve", function()
  local m
  before_each(function() m = manager() end)
  after_each(function()
    reeve.clean()
    m.close()
  end)

  it("says READY=1 when every process_min_avail is up, what it waits for till then, and STOPPING=1", function()
    local d = start(m, { config = GATE, prepare = function(d) reeve.shell("mkfifo -m 666 " .. d.dir .. "/gate") end })
    m.wait "STATUS=waiting for slow: 0 of 1 processes are up"
    assert.falsy(m.listen():find("READY=1", 1, true))
    reeve.write(d.dir .. "/gate", "\n")
    m.wait "READY=1\nSTATUS=1 processes of 1 services, 0 throttled"
    d:stop()
    m.wait "STOPPING=1\nSTATUS=stopping, 1 processes are still there"
  end)

  it("says RELOADING=1 with the time, and READY=1 when it went well and when it did not", function()
    local d = start(m, { config = rules.BASE:format("", "") })
    m.wait "READY=1"
    reeve.kill("HUP", d:status().master_pid)
    assert.is_true(tonumber(m.wait "RELOADING=1\nMONOTONIC_USEC=(%d+).*\nREADY=1") > 0)
    local n = #m.listen()
    reeve.write(d.config_path, "service {")
    assert.equal(2, (d:reeve "reload"))
    m.wait("RELOADING=1.*\nREADY=1", n)
    d:stop()
  end)

  it("says RELOADING=1 and READY=1 around an upgrade, and stays its main process", function()
    local d = start(m, { config = rules.BASE:format("", "") })
    m.wait "READY=1"
    local n, master = #m.listen(), d:status().master_pid
    assert.equal(0, (d:reeve "upgrade"))
    m.wait("RELOADING=1\nMONOTONIC_USEC=%d+.*\nREADY=1", n)
    assert.equal(master, d:status().master_pid)
    d:stop()
    m.wait("STOPPING=1", n)
  end)

  it("feeds the watchdog only while the engine answers", function()
    local d = start(m, { config = rules.BASE:format("", ""), settings = 'engine_timeout = "1h",',
      env = { WATCHDOG_USEC = "2000000" } })
    m.wait "WATCHDOG=1.*WATCHDOG=1"
    local engine = d:status().engine_pid
    reeve.kill("STOP", engine)
    -- one answer may have been on its way; then the services go on and nothing is said
    assert.truthy(d:clients(1)[1].pid)
    m.listen()
    local n = #m.heard
    local since = os.time()
    reeve.wait_until(function() return os.time() - since >= 4 end)
    m.listen()
    local fed = 0
    for i = n + 1, #m.heard do fed = fed + (m.heard[i]:find "WATCHDOG=1" and 1 or 0) end
    assert.is_true(fed <= 1, fed .. " times")
    reeve.kill("CONT", engine)
    n = #m.listen()
    m.wait("WATCHDOG=1", n)
    d:stop()
  end)

  it("lets nothing of it reach engine and services", function()
    local d = start(m, { env = { WATCHDOG_USEC = "2000000", LISTEN_FDS = "1", LISTEN_PID = "1", LISTEN_FDNAMES = "x" },
      settings = 'import_environment = "TZ NOTIFY_SOCKET LISTEN_FDS LISTEN_PID WATCHDOG_USEC",',
      config = rules.BASE:format("", "") })
    local c = d:clients(1)[1]
    for _, pid in ipairs { c.pid, d:status().engine_pid } do
      local env = rules.proc(pid).env
      for _, name in ipairs { "NOTIFY_SOCKET", "WATCHDOG_USEC", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES" } do
        assert.is_nil(env[name], name)
      end
    end
    d:stop()
  end)

  it("takes its sockets over by address or name, and leaves them as they are", function()
    local port, other = reeve.free_port(), reeve.free_port()
    local path = os.tmpname()
    os.remove(path)
    local d = start(m, { wrap = ("%s/activate.py any=%d web=%d path=%s spare=%d --"):format(HERE, port, other, path,
      reeve.free_port()), config = ([[service "s" { executable = "@worker@ --hold", client_limit = 9,
        inet_listener "s" { port = %d, address = "127.0.0.1" },
        inet_listener "web" { port = @port@, address = "127.0.0.1" },
        unix_listener "%s" { mode = "0600" } }]]):format(port, path) })
    d.ports[2], d.ports[3] = port, other
    local inode = reeve.listening_inode(port)
    local a, b = d:clients(1, 2)[1], d:clients(1, 3)[1]
    assert.equal(a.pid, b.pid)
    assert.is_nil((d:connect(1)), "the named socket takes the place of the configured address")
    local fds = a:ask "fds"
    assert.equal(inode, fds:match("socket:%[(" .. inode .. ")%]"))
    d:wait_log "name 'spare'%) that no listener has"
    for _, between in ipairs { "status", "upgrade" } do
      assert.equal(0, (d:reeve(between)))
      assert.equal(0, (d:reeve "service stop s"))
      assert.equal(inode, reeve.listening_inode(port))
      assert.equal(0, (d:reeve "service start s"))
      assert.truthy(d:clients(1, 2)[1].pid)
    end
    for _, c in ipairs(d.open) do c:close() end
    d:reeve "stop"
    reeve.wait_until(function() return d:exit_code() end)
    assert.equal("socket", require "lfs".attributes(path, "mode"))
    os.remove(path)
  end)
end)
