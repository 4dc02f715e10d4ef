-- What `type` and contract "dovecot" change: descriptors, environment, words of the master.
local reeve = require "reeve"
local socket = require "socket"

local function service(name, settings, options)
  return ([[service "%s" { executable = "@worker@ --hold %s", vsz_limit = 0, %s,
    unix_listener "%s.sock" { mode = "0666" } }
  ]]):format(name, options or "", settings, name)
end

local function fds_of(client)
  local fds = {}
  for fd, is in client:ask "fds":gmatch "(%d+) ([^\n]+)" do fds[tonumber(fd)] = is:match "^%a+:" or is end
  return fds
end

local function environment_of(client)
  local env = {}
  for name, value in client:ask "env":gmatch "([%w_]+)=([^\n]*)" do env[name] = value end
  return env
end

local function told(client)
  local signals, offset = client:ask "told":match "signals (%d+)\noffset (%-?%d+)"
  return tonumber(signals), tonumber(offset)
end

--- Waits until reading the descriptor again and again has given all of these lines.
local function wait_read(client, fd, ...)
  local seen = ""
  for _, line in ipairs { ... } do
    reeve.wait_until(function()
      seen = seen .. client:ask("read " .. fd) .. "\n"
      return seen:find(line, 1, true)
    end, function() return ("'%s' on fd %d; read: %s"):format(line, fd, seen) end)
  end
  return seen
end

describe("a process gets the descriptors of its type:", function()
  after_each(reeve.clean)

  it("type.descriptors: of ordinary, worker, login, config, anvil, startup and plain", function()
    local d = reeve.start { config = service("plain-one", [[contract = "plain"]], "")
      .. service("ordinary", [[type = ""]]) .. service("work", [[type = "worker"]])
      .. service("log-in", [[type = "login", client_limit = 2]]) .. service("conf", [[type = "config"]])
      .. service("anvil", [[type = "anvil"]], "--pipes 2")
      .. service("once", [[type = "startup"]]) }
    local expected = {
      ordinary = { [3] = "pipe:" }, work = { [3] = "pipe:" }, once = { [3] = "pipe:" },
      ["log-in"] = { [3] = "pipe:", [4] = "/memfd:reeve-login (deleted)" },
      conf = { [3] = "/dev/null" },
      anvil = { [3] = "/dev/null", [4] = "socket:", [7] = "pipe:", [8] = "pipe:", [9] = "socket:" },
    }
    for name, more in pairs(expected) do
      local wanted = { [0] = "/dev/null", "/dev/null", [5] = "pipe:", [6] = "pipe:", [7] = "socket:" }
      for fd, is in pairs(more) do wanted[fd] = is end
      local fds = fds_of(assert(d:connect(name .. ".sock")))
      fds[2] = nil -- the log of the test
      assert.same(wanted, fds, name)
    end
    d:stop()
  end)
end)

describe("type login", function()
  after_each(reeve.clean)

  it("type.login: it is told when all of its processes are full and when they are not, at most every 2 s", function()
    local d = reeve.start { config = service("login", [[type = "login", client_limit = 2, process_limit = 1]]) }
    local first = assert(d:connect "login.sock")
    local n, offset = told(first)
    assert.same({ 0, 0 }, { n, offset })
    local at = socket.gettime()
    local second = assert(d:connect "login.sock")
    reeve.wait_until(function() return select(2, told(first)) == 1 end, "the offset of a full service")
    reeve.wait_until(function() return told(first) == 1 end, "the signal of a full service")
    second:ask "bye"
    reeve.wait_until(function() return select(2, told(first)) == 0 end, "the offset of a service with room")
    reeve.wait_until(function() return told(first) == 2 end, "the signal of a service with room")
    assert.is_true(socket.gettime() - at > 1.5, "the second signal came too early")
    d:stop()
  end)

  it("type.login: it is told when a client waits at process_limit, and its clients are not dropped", function()
    local d = reeve.start { config = service("login", [[type = "login", client_limit = 1, process_limit = 1]]) }
    local first = assert(d:connect "login.sock")
    assert.truthy(first:ask "pid")
    local waits = assert(d:connect "login.sock")
    d:wait_log "login[^\n]*raise"
    assert.equal(1, select(2, told(first)))
    first:ask "bye"
    assert.truthy(waits:ask "pid")
    d:stop()
  end)
end)

describe("process_limit", function()
  after_each(reeve.clean)

  it("type.process_limit: clients waiting are warned of and how to help; after 10 s dropped and counted", function()
    local d = reeve.start { config = service("s", [[client_limit = 1, process_limit = 2]]) }
    local inside = d:clients(2, "s.sock")
    local at = socket.gettime()
    local one, two = assert(d:connect "s.sock"), assert(d:connect "s.sock")
    d:wait_log "warning[^\n]*s: process_limit %(2%)[^\n]*raise"
    assert.is_true(one:is_waiting() and two:is_waiting())
    assert.is_nil((one:answer()))
    assert.is_true(socket.gettime() - at > 9, "dropped before 10 s")
    assert.is_nil((two:answer()))
    assert.is_nil((assert(d:connect "s.sock"):answer()))
    assert.equal(3, d:service "s".dropped)
    inside[1]:ask "bye"
    reeve.wait_until(function()
      local c = d:connect "s.sock"
      local pid = c and c:ask "pid"
      return pid
    end, "a process with room to take clients again")
    d:stop()
  end)

  it("type.worker: one that is free again within 500 ms is not worth a word", function()
    local d = reeve.start { config = service("w", [[type = "worker", client_limit = 1, process_limit = 1]])
      .. service("s", [[client_limit = 1, process_limit = 1]]) }
    local w, s = d:clients(1, "w.sock")[1], d:clients(1, "s.sock")[1]
    local next_s = assert(d:connect "s.sock")
    local took, said
    d:wait_log "warning[^\n]*service s: "
    repeat -- until we were in time
      local next_w, at = assert(d:connect "w.sock"), socket.gettime()
      d:wait_service("w", { waiting = 1 })
      w:ask "bye"
      took = socket.gettime() - at
      assert.truthy(next_w:ask "pid")
      said = d:log():match "warning[^\n]*service w: "
      w = next_w
    until took < 0.5 or said
    assert.is_true(took >= 0.5 or not said, d:log())
    assert(d:connect "w.sock")
    d:wait_log "warning[^\n]*service w: "
    s:ask "bye"
    assert.truthy(next_s:ask "pid")
    d:stop()
  end)
end)

describe("type anvil", function()
  after_each(reeve.clean)
  local config = service("anvil", [[type = "anvil"]], "--pipes 2") .. service("s", [[client_limit = 4]])

  it("type.anvil: it reads what services write, and who was killed", function()
    local d = reeve.start { config = config }
    local anvil, s = assert(d:connect "anvil.sock"), assert(d:connect "s.sock")
    wait_read(anvil, 7, "VERSION\tanvil\t1\t0\n")
    local pid = s:ask "pid"
    s:ask(("write 3 CONNECT\t%s\tweb/1"):format(pid))
    local seen = wait_read(anvil, 8, "CONNECT\t" .. pid .. "\tweb/1\n")
    assert.equal(1, (seen:find("VERSION\tanvil\t1\t0\n", 1, true)))
    s:say "crash"
    wait_read(anvil, 7, "KILL\t" .. pid .. "\n")
    d:stop()
  end)

  it("type.anvil: it goes on over an upgrade of the daemon", function()
    local d = reeve.start { config = config }
    local anvil, s = assert(d:connect "anvil.sock"), assert(d:connect "s.sock")
    local pid = s:ask "pid"
    wait_read(anvil, 7, "VERSION\tanvil\t1\t0\n")
    local code, text = d:reeve "upgrade"
    assert.equal(0, code, text)
    s:ask "write 3 CONNECT"
    wait_read(anvil, 8, "CONNECT")
    s:say "crash"
    wait_read(anvil, 7, "KILL\t" .. pid .. "\n")
    d:wait_service("anvil", { starts = 1 })
    d:stop()
  end)

  it("type.anvil: it is started again at once, is told so, and nobody is stopped by its absence", function()
    local d = reeve.start { config = config }
    local anvil, s = assert(d:connect "anvil.sock"), assert(d:connect "s.sock")
    assert.is_nil(environment_of(anvil).ANVIL_RESTARTED)
    local pid = tonumber((anvil:ask "pid"))
    assert.equal(0, (d:reeve "service stop anvil"))
    reeve.wait_gone(pid)
    for i = 1, 1500 do -- more than a pipe holds
      assert(s:ask(("write 3 %d %s"):format(i, ("x"):rep(100))), "the answer to line " .. i)
    end
    assert.equal(0, (d:reeve "service start anvil"))
    local again = reeve.wait_until(function() return d:connect "anvil.sock" end, "the anvil to listen again")
    assert.equal("1", environment_of(again).ANVIL_RESTARTED)
    s:ask "write 3 after"
    local seen = wait_read(again, 8, "after\n")
    assert.truthy(seen:find "VERSION\tanvil\t1\t0\n.*after")
    d:stop()
  end)

  it("type.anvil: it survives a reload that changes numbers of it", function()
    local d = reeve.start { config = config }
    local pid = assert(d:connect "anvil.sock"):ask "pid"
    d:configure(service("anvil", [[type = "anvil", client_limit = 77]], "--pipes 2")
      .. service("s", [[client_limit = 9]]))
    assert.equal(0, (d:reeve "reload"))
    assert.equal(pid, assert(d:connect "anvil.sock"):ask "pid")
    assert.is_true(reeve.is_alive(tonumber(pid)))
    d:stop()
  end)
end)

describe("type config", function()
  after_each(reeve.clean)

  it("type.config: its first unix listener is given to the others as CONFIG_FILE", function()
    local d = reeve.start { config = service("conf", [[type = "config"]]) .. service("s", [[client_limit = 4]])
      .. service("own", [[env = { CONFIG_FILE = "/etc/own" }]]) }
    assert.equal(d.base .. "/conf.sock", environment_of(assert(d:connect "s.sock")).CONFIG_FILE)
    assert.equal("/etc/own", environment_of(assert(d:connect "own.sock")).CONFIG_FILE)
    assert.is_nil(environment_of(assert(d:connect "conf.sock")).CONFIG_FILE)
    d:stop()
  end)
end)

describe("type startup", function()
  after_each(reeve.clean)

  it("type.startup: it may end with 0 without a status", function()
    local d = reeve.start { config = [[service "job" { type = "startup", executable = "@worker@ --exit-early 0" }]] }
    d:wait_service("job", { starts = 1, exits = 1, live = 0, crashes = 0, start_failures = 0 })
    assert.is_nil(d:log():find("the next try", 1, true))
    d:stop()
  end)
end)

describe("the end of a process is explained:", function()
  after_each(reeve.clean)
  local ends = {
    { "exit 80", "status 80 %(cannot open its log%)" }, { "exit 83", "status 83 %(out of memory; " },
    { "exit 84", "status 84 %(exec failed%)" }, { "exit 89", "status 89 %(fatal failure%)" },
    { "exit 3", "status 3\n" }, { "crash", "signal 6 %(Aborted%)[^\n]*core" },
  }
  it("type.end: a process's status, its signal, the core and vsz_limit are explained", function()
    local san = os.getenv "SAN" -- a sanitizer needs all of the address space
    local d = reeve.start { config = ([[service "s" { executable = "@worker@ --hold", client_limit = 1,
      vsz_limit = %s, unix_listener "s.sock" {} }]]):format(san and "0" or '"900M"') }
    for _, one in ipairs(ends) do
      local c = assert(d:connect "s.sock")
      local pid = c:ask "pid"
      c:say(one[1])
      d:wait_log("service s: process " .. pid .. "[^\n]*" .. one[2])
    end
    if not san then assert.truthy(d:log():find("it is 900M", 1, true)) end
    d:stop()
  end)
end)

describe("contract dovecot", function()
  after_each(reeve.clean)

  it("type.contract: dovecot leaves the ids to the program and tells it which", function()
    local d = reeve.start { config = service("s", [[contract = "dovecot", user = "nobody", extra_groups = "adm",
      chroot = "jail"]]), settings = [[log_debug = "category=x",]] }
    local c = assert(d:connect "s.sock")
    local env = environment_of(c)
    local _, uid = reeve.shell "id -u nobody"
    local _, gid = reeve.shell "id -g nobody"
    local _, adm = reeve.shell "getent group adm | cut -d: -f3"
    assert.truthy(c:ask "ids":find("uid 0 0", 1, true))
    local expected = { RESTRICT_SETUID = uid:match "%d+", RESTRICT_SETGID = gid:match "%d+",
      RESTRICT_SETEXTRAGROUPS = adm:match "%d+", RESTRICT_CHROOT = d.base .. "/jail", DOVECOT_CHILD_PROCESS = "1",
      LOG_DEBUG = "category=x", STATS_WRITER_SOCKET_PATH = "stats-writer", SERVICE_NAME = "s", CLIENT_LIMIT = "1000" }
    for name, value in pairs(expected) do assert.equal(value, env[name], name) end
    assert.truthy(env.DOVECOT_HOSTNAME and env.DOVECOT_HOSTDOMAIN and env.GENERATION)
    assert.is_nil(env.DOVECOT_VERSION)
    d:stop()
  end)
end)

describe("capacity", function()
  after_each(reeve.clean)

  local function check(config)
    local d = select(3, reeve.refused { config = "?" })
    d:configure(config)
    return reeve.shell(("%s/reeve check -c %s"):format(reeve.build, d.config_path))
  end

  it("type.capacity: of auth and anvil below the highest load is a warning with a place and a way out", function()
    local code, text = check(service("auth", [[client_limit = 5]])
      .. service("l", [[type = "login", process_limit = 20]])
      .. service("anvil", [[type = "anvil", client_limit = 3]]))
    assert.equal(0, code, text)
    assert.truthy(text:find "anvil'[^\n]*client_limit 3[^\n]*%(122%)", text)
    assert.truthy(text:find "reeve.lua:%d+:%d+: warning: service 'anvil'", text)
    assert.truthy(text:find("raise client_limit to 122", 1, true), text)
    assert.is_nil(text:find("service 'auth'", 1, true))
  end)

  it("type.capacity: of auth counts the protocols that keep asking", function()
    local code, text = check([[settings { protocols = "imap" }]] .. service("auth", [[client_limit = 5]])
      .. service("imap", [[protocol = "imap", process_limit = 30]])
      .. service("once", [[protocol = "imap", process_limit = 30, service_count = 1]]))
    assert.equal(0, code, text)
    assert.truthy(text:find "service 'auth'[^\n]*client_limit 5[^\n]*%(30%)", text)
  end)

  it("type.capacity: of open files below a client_limit is a warning", function()
    local code, text = check(service("s", [[client_limit = 1000000]]))
    assert.equal(0, code, text)
    assert.truthy(text:find("ulimit -n", 1, true), text)
  end)

  it("type.single: a second log, config or anvil is an error, and so is a config without a unix listener", function()
    local code, text = check(service("a", [[type = "anvil"]]) .. service("b", [[type = "anvil"]])
      .. [[service "c" { type = "config", executable = "@worker@" }]])
    assert.equal(2, code, text)
    assert.truthy(text:find("already a service of type anvil, 'a'", 1, true), text)
    assert.truthy(text:find("no unix_listener", 1, true), text)
  end)
end)
