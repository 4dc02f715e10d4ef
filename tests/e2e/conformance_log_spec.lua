-- One test for each setting of the log and of contract dovecot's environment, named after it.
local reeve = require "reeve"
local unix = require "socket.unix"

local A = [[service "a" { executable = "@worker@ --hold", %s unix_listener "a.sock" { mode = "0666" } }]]

local function start(settings, of_service, more)
  return reeve.start { settings = settings, config = A:format(of_service or "") .. (more or ""),
    prepare = function(d) reeve.shell(("mkdir -m 0777 %s/logs"):format(d.dir)) end }
end

local function wait_file(d, name, pattern)
  local path = d.dir .. "/logs/" .. name
  return reeve.wait_until(function() return (reeve.read(path) or ""):match(pattern) end, function()
    return ("'%s' in %s: %s; stderr: %s"):format(pattern, path, tostring(reeve.read(path)), d:log())
  end, 5)
end

local function ask(d, line)
  return assert(d:connect "a.sock"):ask(line)
end

--- What a process was given: /proc/PID/environ as a table.
local function environ(pid)
  local env = {}
  for name, value in reeve.read("/proc/" .. pid .. "/environ"):gmatch "([^=%z]+)=([^%z]*)" do env[name] = value end
  return env
end

local function log_env(d)
  d:wait_service("log", { idle = 1 })
  return environ(d:ps "log"[1].pid)
end

--- A daemon whose log goes to a datagram socket of ours; returns what comes.
local function to_syslog(settings)
  local inbox = assert(unix.dgram())
  local path = ("/tmp/reeve-syslog.%d.%d"):format(os.time(), math.random(1e9))
  assert(inbox:bind(path))
  inbox:settimeout(5)
  reeve.shell("chmod 0666 " .. path)
  local d = start(('log_path = "syslog:%s", %s'):format(path, settings))
  ask(d, "warn for syslog")
  local line = assert(inbox:receive())
  inbox:close()
  os.remove(path)
  return d, line
end

describe("the log:", function()
  after_each(reeve.clean)

  it("global.log_path: a file that warnings and errors go to", function()
    local d = start [[log_path = "@dir@/logs/all",]]
    ask(d, "warn to the file")
    wait_file(d, "all", "warning a%[%d+%]: to the file\n")
    d:stop()
  end)

  it("global.info_log_path: a file that informational lines go to", function()
    local d = start [[log_path = "@dir@/logs/all", info_log_path = "@dir@/logs/info",]]
    d:wait_service("log", { idle = 1 })
    reeve.kill("HUP", d:status().master_pid)
    wait_file(d, "info", "info reeved%[%d+%]: reloading")
    d:stop()
  end)

  it("global.debug_log_path: a file that debug lines go to", function()
    local d = start [[log_path = "@dir@/logs/all", debug_log_path = "@dir@/logs/debug",]]
    ask(d, "debug to the file")
    wait_file(d, "debug", "debug a%[%d+%]: to the file\n")
    d:stop()
  end)

  it("global.log_timestamp: the format of the time of a line", function()
    local d = start [[log_path = "@dir@/logs/all", log_timestamp = "year %Y:",]]
    ask(d, "warn with it")
    wait_file(d, "all", "^year 2%d%d%d: [^\n]*warning a%[")
    d:stop()
  end)

  it("global.log_format: json is one object a line", function()
    local d = start [[log_path = "@dir@/logs/all", log_format = "json",]]
    ask(d, "warn in json")
    local line = wait_file(d, "all", "([^\n]*in json[^\n]*)\n")
    local object = assert(require "dkjson".decode(line))
    assert.same({ "a", "warning" }, { object.service, object.level })
    d:stop()
  end)

  it("global.syslog_facility: the facility of lines for syslog", function()
    local d, line = to_syslog [[syslog_facility = "local3",]]
    assert.equal(19, tonumber(line:match "^<(%d+)>") // 8)
    d:stop()
  end)

  it("global.instance_name: names the instance in syslog", function()
    local d, line = to_syslog [[instance_name = "second-one",]]
    assert.truthy(line:find("second-one", 1, true), line)
    d:stop()
  end)

  it("service.log_rate: more lines a second are counted, not written", function()
    local d = start([[log_path = "@dir@/logs/all",]], "log_rate = 10,")
    ask(d, "lines 200")
    wait_file(d, "all", "service a: %d+ lines were dropped: more than 10 a second")
    d:stop()
  end)

  it("service.log_overflow: drop does not make a process wait for a log that cannot be written", function()
    local d = start([[log_path = "/dev/full",]], [[log_overflow = "drop",]])
    assert.truthy(ask(d, "lines 60000"))
    d:stop()
  end)
end)

describe("contract dovecot:", function()
  after_each(reeve.clean)
  local DOVECOT = [[contract = "dovecot", user = "root",]]

  it("global.log_debug: LOG_DEBUG of its processes", function()
    local d = start([[log_debug = "category=auth",]], DOVECOT)
    assert.equal("category=auth", ask(d, "env LOG_DEBUG"))
    d:stop()
  end)

  it("global.stats_writer_socket_path: STATS_WRITER_SOCKET_PATH of its processes", function()
    local d = start([[stats_writer_socket_path = "numbers",]], DOVECOT)
    assert.equal(d.base .. "/numbers", ask(d, "env STATS_WRITER_SOCKET_PATH"))
    d:stop()
  end)

  it("global.verbose_proctitle: VERBOSE_PROCTITLE of its log process", function()
    local d = start([[verbose_proctitle = true,]], nil, ([[service "log" { executable = "%s/reeve-log",
      type = "log", contract = "dovecot", user = "root" }]]):format(reeve.build))
    assert.equal("1", log_env(d).VERBOSE_PROCTITLE)
    d:stop()
  end)
end)
