-- The log pipes of the master and the process that reads them: nothing lost, doubled, merged or misattributed.
local reeve = require "reeve"

local function service(name, settings, options)
  return ([[service "%s" { executable = "@worker@ --hold %s", client_limit = 9, %s
    unix_listener "%s.sock" { mode = "0666" } }
  ]]):format(name, options or "", settings or "", name)
end

local LOG = [[log_path = "@dir@/logs/all",]]

--- A daemon whose log goes to @dir@/logs/all, in a directory that only root may write to, or everybody.
local function start(config, settings, mode)
  local d = reeve.start { config = config, settings = settings or LOG, prepare = function(daemon)
    reeve.shell(("mkdir -m %s %s/logs"):format(mode or "0777", daemon.dir))
  end }
  d.file = d.dir .. "/logs/all"
  d:wait_service("log", { idle = 1 })
  return d
end

local function wait_file(d, pattern, file)
  return reeve.wait_until(function() return (reeve.read(file or d.file) or ""):match(pattern) end, function()
    return ("'%s' in the log file:\n%s\nand on stderr:\n%s"):format(pattern,
      (reeve.read(file or d.file) or "(none)"):sub(-3000), d:log())
  end)
end

-- Stops it; what the log file had in the end.
local function text_after_stop(d)
  local keep = d.dir .. ".kept"
  reeve.shell(("ln %s %s"):format(d.file, keep))
  d:stop()
  local text = reeve.read(keep)
  os.remove(keep)
  return text
end

local function log_pid(d)
  return d:ps "log"[1].pid
end

describe("a log process", function()
  after_each(reeve.clean)

  it("log.lines: those of each service are written with its name and pid, and the master's own", function()
    local one = "process_limit = 1,"
    local d = start(service("a", one) .. service("b", one) .. service("c", [[contract = "reeve",]] .. one))
    for _, name in ipairs { "a", "b", "c" } do
      local client = assert(d:connect(name .. ".sock"))
      local pid = client:ask "pid"
      d:wait_service(name, { live = 1 }) -- and the master has said whose lines are plain
      client:ask("warn said with a header by " .. name)
      client:ask("log said plainly by " .. name)
      wait_file(d, ("%%d+%%-%%d+%%-%%d+T%%S+ warning %s%%[%s%%]: said with a header by %s\n"):format(name, pid, name))
      wait_file(d, ("error %s%%[%s%%]: said plainly by %s\n"):format(name, pid, name))
    end
    reeve.kill("HUP", d:status().master_pid)
    wait_file(d, "info reeved%[%d+%]: generation 2 is in force")
    d:stop()
  end)

  it("log.levels: what a program says that knows none is an info, unless it marks a line as systemd's do",
    function()
    local d = start([[service "p" { executable = { "/bin/sh", "-c",
      "echo quiet; echo '<3>loud' >&2; exec sleep infinity" },
      contract = "plain", process_limit = 1, process_min_avail = 1 } ]])
    wait_file(d, "info p[^:]*: quiet\n")
    wait_file(d, "error p[^:]*: loud\n")
    d:stop()
  end)

  it("log.end: it says how a process ended behind that process's own lines", function()
    local d = start(service "a")
    local client = assert(d:connect "a.sock")
    local pid = client:ask "pid"
    client:ask "lines 300"
    client:say "exit 89"
    local text = wait_file(d, ".*fatal a%[" .. pid .. "%]: master: process " .. pid .. " ended with status 89[^\n]*\n")
    assert.truthy(text:find("line 300 of", 1, true))
    d:stop()
  end)

  it("log.kill: killed again and again it loses, doubles and merges nothing that it had not read", function()
    local d = start(service "a" .. service "b")
    local a, b = assert(d:connect "a.sock"), assert(d:connect "b.sock")
    for round = 1, 5 do
      reeve.kill("STOP", log_pid(d))
      a:ask("warn a round " .. round)
      b:ask("warn b round " .. round)
      local old = log_pid(d)
      reeve.kill("KILL", old)
      reeve.wait_until(function()
        local p = d:ps "log"[1]
        return p and p.pid ~= old and p.state == "idle"
      end, "another log process")
    end
    wait_file(d, "a round 5")
    wait_file(d, "b round 5")
    local text, n = reeve.read(d.file), 0
    for name, who, round in text:gmatch "warning (%a)%[%d+%]: (%a) round (%d)\n" do
      assert.equal(name, who)
      n = n + 1
      assert.is_true(tonumber(round) <= 5)
    end
    assert.equal(10, n, text)
    d:stop()
  end)

  it("log.restart: under a flood of lines it loses, doubles, reorders and merges none", function()
    local d = start(service "a" .. service "b")
    local clients, N = { a = assert(d:connect "a.sock"), b = assert(d:connect "b.sock") }, 40000
    for _, c in pairs(clients) do c:say("lines " .. N) end
    local restarts, seen = 0, log_pid(d)
    while restarts < 4 do
      reeve.kill("TERM", seen)
      seen = reeve.wait_until(function()
        local p = d:ps "log"[1]
        return p and p.pid ~= seen and p.state == "idle" and p.pid
      end, "another log process")
      restarts = restarts + 1
    end
    for _, c in pairs(clients) do assert(c:answer()) end
    for name in pairs(clients) do wait_file(d, name .. "%[%d+%]: line " .. N .. " of") end
    local last = { a = 0, b = 0 }
    for line in io.lines(d.file) do
      local name, n = line:match "warning (%a)%[%d+%]: line (%d+) of a flood that must come out whole$"
      if name then
        assert.equal(last[name] + 1, tonumber(n), line)
        last[name] = tonumber(n)
      else
        assert.is_nil(line:find("flood", 1, true), line)
      end
    end
    assert.same({ a = N, b = N }, last)
    d:stop()
  end)

  for _, how in ipairs { "reopen-logs", "SIGUSR1" } do
    it("log.reopen: it opens its file again by " .. how .. " after a move", function()
      local d = start(service "a")
      local client = assert(d:connect "a.sock")
      client:ask "warn before"
      wait_file(d, "before")
      assert(os.rename(d.file, d.file .. ".1"))
      if how == "SIGUSR1" then
        reeve.kill("USR1", d:status().master_pid)
      else
        local code, text = d:reeve "reopen-logs"
        assert.equal(0, code, text)
      end
      reeve.wait_until(function() return reeve.read(d.file) end, "the new file")
      client:ask "warn behind"
      wait_file(d, "behind")
      assert.truthy(reeve.read(d.file .. ".1"):find("before", 1, true))
      assert.is_nil(reeve.read(d.file .. ".1"):find("behind", 1, true))
      d:stop()
    end)
  end

  it("log.files: one that may not open its file gets it from the master, at the start and after a move", function()
    local d = start(service "a", nil, "0700")
    local client = assert(d:connect "a.sock")
    client:ask "warn before"
    wait_file(d, "before")
    assert.equal(0, d:service "log".start_failures)
    assert(os.rename(d.file, d.file .. ".1"))
    assert.equal(0, (d:reeve "reopen-logs"))
    reeve.wait_until(function() return reeve.read(d.file) end, "the new file")
    client:ask "warn behind"
    wait_file(d, "behind")
    d:stop()
  end)

  it("log.reload: it is replaced for a new service or setting; lines before and after are there", function()
    local d = start(service "a")
    local a = assert(d:connect "a.sock")
    a:ask "warn before"
    local old = log_pid(d)
    d:configure(service "a" .. service "b")
    assert.equal(0, (d:reeve "reload"))
    local b = assert(d:connect "b.sock")
    b:ask "warn from the new one"
    a:ask "warn after"
    wait_file(d, "b%[%d+%]: from the new one")
    wait_file(d, "a%[%d+%]: before.*a%[%d+%]: after")
    reeve.wait_gone(old)
    old = log_pid(d)
    assert.equal(0, (d:reeve "reload"))
    assert.equal(old, log_pid(d)) -- nothing has changed
    d:configure(service "a" .. service "b", LOG .. [[log_format = "json",]])
    assert.equal(0, (d:reeve "reload"))
    reeve.wait_gone(old) -- until then it may still take a line
    a:ask "warn in json"
    assert.truthy(wait_file(d, "[^\n]*in json[^\n]*"):find '^{.*service":"a"')
    d:stop()
  end)

  it("log.reload: it gets no more lines when a reload takes log_path away: they go to stderr", function()
    local d = start(service "a")
    local a = assert(d:connect "a.sock")
    local pid, old = a:ask "pid", log_pid(d)
    d:configure(service "a", " ")
    assert.equal(0, (d:reeve "reload"))
    a:ask "warn of an old process"
    wait_file(d, "of an old process")
    local new = reeve.wait_until(function() -- the old one takes clients until it hears of the reload
      local c = assert(d:connect "a.sock")
      return c:ask "pid" ~= pid and c
    end, "a new process")
    new:ask "log of a new process"
    d:wait_log "of a new process"
    for _, c in ipairs(d.open) do c:close() end
    reeve.wait_gone(old)
    d:stop()
  end)

  it("log.rate: limits a service by log_rate, and counts", function()
    local d = start(service("a", [[log_rate = 50,]]))
    assert(d:connect "a.sock"):ask "lines 1000"
    local refused = tonumber((wait_file(d, "service a: (%d+) lines were dropped")))
    local _, written = reeve.read(d.file):gsub("of a flood", "")
    assert.equal(1000, written + refused)
    assert.is_true(written <= 500, written .. " lines passed")
    d:stop()
  end)

  it("log.levels: it writes by level, with the time as wished", function()
    local d = start(service "a", LOG .. [[info_log_path = "@dir@/logs/info", log_timestamp = "at %Y: ",]])
    reeve.kill("HUP", d:status().master_pid)
    wait_file(d, "^at %d%d%d%d: info reeved[^\n]*reloading", d.dir .. "/logs/info")
    assert(d:connect "a.sock"):ask "warn of this level"
    wait_file(d, "at %d%d%d%d: warning a%[")
    assert.is_nil(reeve.read(d.file):find("reloading", 1, true))
    d:stop()
  end)

  it("log.overflow: one that cannot write makes a service wait; with log_overflow = \"drop\" it does not", function()
    local config, N = service("drops", [[log_overflow = "drop",]]) .. service "waits", 60000
    local d = start(config, [[log_path = "/dev/full",]])
    local drops, waits = assert(d:connect "drops.sock"), assert(d:connect "waits.sock")
    waits:say("lines " .. N)
    drops:say("lines " .. N)
    assert(drops:answer(), "a service with log_overflow = drop waits")
    assert.is_true(waits:is_waiting())
    d:configure(config, LOG)
    assert.equal(0, (d:reeve "reload"))
    assert(waits:answer(), "a service still waits")
    wait_file(d, "waits%[%d+%]: line " .. N .. " of")
    d:stop()
  end)

  it("log.syslog: a datagram in RFC 5424 with facility, severity, service, pid and instance", function()
    local inbox, path = assert(require "socket.unix".dgram()), ("/tmp/reeve-syslog.%d"):format(math.random(1e9))
    assert(inbox:bind(path))
    inbox:settimeout(60)
    reeve.shell("chmod 0666 " .. path)
    local d = reeve.start { config = service "a",
      settings = ([[log_path = "syslog:%s", syslog_facility = "local3", instance_name = "second",]]):format(path) }
    local a = assert(d:connect "a.sock")
    a:ask "warn for syslog"
    local line = assert(inbox:receive())
    inbox:close()
    os.remove(path)
    assert.truthy(line:find(("^<%d>1 %%S+ %%S+ a %s .*second.*for syslog$"):format(19 * 8 + 4, a:ask "pid")), line)
    d:stop()
  end)

  it("log.stop: it ends last: what others say while they end is in the file", function()
    local d = start(service("a", nil))
    local a = assert(d:connect "a.sock")
    a:ask "lines 5000"
    local text = text_after_stop(d)
    assert.truthy(text:find("line 5000 of", 1, true))
    assert.truthy(text:find("info reeved%[%d+%]: stopping"))
  end)

  it("log.reopen: it says so when there is none to reopen", function()
    local d = reeve.start { config = service "a" }
    local code, text = d:reeve "reopen-logs"
    assert.equal(69, code)
    assert.truthy(text:find("log_path", 1, true), text)
    d:stop()
  end)
end)

describe("Dovecot's log process", function()
  after_each(reeve.clean)
  local DOVECOT = "/usr/lib/dovecot/log"

  it("log.dovecot: serves our services: it learns their names before each start", function()
    if not reeve.read(DOVECOT) then return pending "dovecot-core is not installed" end
    local d = reeve.start { settings = LOG,
      prepare = function(daemon) reeve.shell("mkdir " .. daemon.dir .. "/logs") end,
      config = service "a" .. service "b" .. ([[service "log" { executable = "%s", type = "log", contract = "dovecot",
        user = "root" }]]):format(DOVECOT) }
    d.file = d.dir .. "/logs/all"
    d:wait_service("log", { idle = 1 })
    local a, b = assert(d:connect "a.sock"), assert(d:connect "b.sock")
    a:ask "warn before"
    b:ask "warn before"
    wait_file(d, "a: Warning: before")
    wait_file(d, "b: Warning: before")
    local old = log_pid(d)
    reeve.kill("STOP", old)
    a:ask "warn meanwhile"
    reeve.kill("KILL", old)
    wait_file(d, "a: Warning: meanwhile")
    b:ask "warn after"
    wait_file(d, "b: Warning: after")
    local pid = a:ask "pid"
    a:say "exit 89"
    wait_file(d, "a: Fatal: master: process " .. pid)
    assert.is_nil(text_after_stop(d):find("Shutting down", 1, true)) -- it ends with its pipes, as under its own master
  end)
end)
