-- The verbs of `reeve` that look, and the files they make.
local json = require "dkjson"
local lfs = require "lfs"
local reeve = require "reeve"
local terminal = require "terminal"

local function service(name, settings)
  return ([[service "%s" { executable = "@worker@ --hold", client_limit = 9, %s
    unix_listener "%s.sock" { mode = "0666" } }
  ]]):format(name, settings or "", name)
end

local LOG = [[log_path = "@dir@/logs/all",]]

local function start(config, settings)
  return reeve.start { config = config, settings = settings or LOG, prepare = function(d)
    reeve.shell(("mkdir -m 0777 %s/logs"):format(d.dir))
  end }
end

local function wait_output(d, words, pattern)
  local text
  return reeve.wait_until(function()
    text = select(2, d:reeve(words))
    return text:match(pattern) and text
  end, function() return ("'%s' in the output of reeve %s:\n%s"):format(pattern, words, text) end)
end

describe("status NAME", function()
  after_each(reeve.clean)

  it("has the last ten lines of the service, also when the log process and the engine were replaced", function()
    local d = start(service "a" .. service "b")
    d:wait_service("log", { idle = 1 })
    local client = assert(d:connect "a.sock")
    local pid = client:ask "pid"
    for i = 1, 12 do client:ask("warn line " .. i) end
    local text = wait_output(d, "status a", "line 12\n")
    local third = "last log lines\n  %d+%-%d%d%-%d%d [%d:]+ warning%[" .. pid .. "%]: line 3\n"
    assert.truthy(text:find(third), text)
    assert.is_nil(text:find("line 2\n", 1, true))
    assert.is_nil(select(2, d:reeve "status b"):find("line 12", 1, true))
    reeve.kill("KILL", d:ps "log"[1].pid)
    reeve.kill("KILL", d:status().engine_pid)
    client:ask "warn tab\there, and \1 too"
    wait_output(d, "status a", "line 12\n[^\n]*: tab\\x09here, and \\x01 too\n")
    local s = d:json("status a").services[1]
    assert.equal(10, #s.log)
    assert.same({ "warning", tonumber(pid), "line 12" }, { s.log[9].level, s.log[9].pid, s.log[9].text })
    assert.equal("9", s.settings.client_limit)
    d:stop()
  end)

  it("says why there are none, and how processes ended", function()
    local d = reeve.start { config = service("a", "process_limit = 3,") }
    assert.truthy(select(2, d:reeve "status a"):find("not kept: the log goes to the daemon's stderr", 1, true))
    for i = 1, 7 do
      assert(d:connect "a.sock"):say "exit 3"
      d:wait_service("a", { exits = i })
    end
    local exits = d:json("status a").services[1].last_exits
    assert.equal(5, #exits)
    assert.equal(3, exits[1].code)
    d:stop()
  end)
end)

describe("config --running", function()
  after_each(reeve.clean)

  it("is what is in force, whatever the file says by now", function()
    local d = reeve.start { config = service("a", "process_limit = 3,") }
    d:configure(service("a", "process_limit = 4,"))
    local _, text = d:reeve "config --running --changed"
    assert.truthy(text:find("process_limit = 3", 1, true), text)
    assert.truthy(select(2, d:reeve("config -c " .. d.config_path)):find("process_limit = 4", 1, true))
    assert.equal(3, d:json("config --running").services[1].settings.process_limit)
    d:stop()
  end)
end)

describe("security", function()
  after_each(reeve.clean)

  it("scores each service by what it may still do", function()
    local d = reeve.start { config = service "a"
      .. service("b", [[no_new_privs = true, rlimits = { core = 0, nproc = 9 },]]) }
    local list = d:json "security"
    assert.equal("a", list[1].service)
    assert.is_true(list[1].exposure > list[2].exposure)
    local _, text = d:reeve "security a"
    assert.truthy(text:find("no_new_privs = true", 1, true), text)
    assert.truthy(text:find("everybody on this machine may connect to a.sock", 1, true), text)
    assert.equal(64, (d:reeve "security nope"))
    d:stop()
  end)
end)

describe("init", function()
  after_each(reeve.clean)

  it("writes a config that runs and a policy whose spec passes, and touches nothing that is there", function()
    local d = reeve.start { config = service "a" }
    local dir = d.dir .. "/first"
    local code, text = d:reeve("init " .. dir)
    assert.equal(0, code, text)
    assert.truthy(text:find("reeve check -c " .. dir .. "/reeve.lua", 1, true), text)
    assert.equal(0, (d:reeve("check -c " .. dir .. "/reeve.lua")))
    local preload = os.getenv "PRELOAD" and "LD_PRELOAD=" .. os.getenv "PRELOAD" or ""
    local passed, said = reeve.shell(("cd %s && env -u LUA_PATH -u LUA_CPATH %s busted && luacheck -q ."):format(dir,
      preload))
    assert.equal(0, passed, said)
    assert.truthy(said:find("3 successes / 0 failures / 0 errors", 1, true), said)
    assert.truthy(json.decode(reeve.read(dir .. "/.luarc.json"))["workspace.library"][1]:find "/reeve/meta$")
    reeve.write(dir .. "/reeve.lua", "-- mine\n")
    code, text = d:reeve("init " .. dir)
    assert.equal(73, code)
    assert.truthy(text:find("reeve.lua is there already: nothing was written", 1, true), text)
    assert.equal("-- mine\n", reeve.read(dir .. "/reeve.lua"))
    d:stop()
  end)
end)

describe("run --daemon", function()
  after_each(reeve.clean)

  -- A daemon's directory without a daemon.
  local function place(settings, config)
    local d = start(config or service "a", settings)
    assert.equal(0, (d:reeve "stop"))
    reeve.wait_until(function() return d:exit_code() end, "the end of the daemon")
    return d
  end

  local function ended(d)
    for _, client in ipairs(d.open) do client:close() end
    assert.equal(0, (d:reeve "stop"))
    d:assert_nothing_left()
    d:destroy()
  end

  it("returns when the instance runs, with its log in log_path, the engine's and the policies' too", function()
    local d = place(LOG, service("a", [[policy = { ready = function(s) log.info("%s speaks", s.name) end },]]))
    local code, text = reeve.shell(("%s/reeve run --daemon -c %s"):format(reeve.build, d.config_path))
    assert.equal(0, code, text)
    local pid = tonumber(text:match "reeved runs %(pid (%d+)%)\n")
    assert.equal(pid, d:status().master_pid)
    for fd = 0, 2 do assert.equal("/dev/null", reeve.shell_line(("readlink /proc/%d/fd/%d"):format(pid, fd))) end
    assert(d:connect "a.sock"):ask "pid"
    reeve.wait_until(function()
      local log = reeve.read(d.dir .. "/logs/all") or ""
      return log:find "info reeve%-engine%[%d+%]: .*a speaks"
    end, function() return "lines of the engine in:\n" .. (reeve.read(d.dir .. "/logs/all") or "") end)
    reeve.kill("KILL", d:ps "log"[1].pid)
    reeve.kill("HUP", pid)
    reeve.wait_until(function() return (reeve.read(d.dir .. "/logs/all")):find "generation 2 is in force" end,
      "the reload in the log")
    ended(d)
  end)

  it("goes on in its log after an upgrade", function()
    local d = place(LOG)
    local code, text = reeve.shell(("%s/reeve run --daemon -c %s"):format(reeve.build, d.config_path))
    assert.equal(0, code, text)
    code, text = d:reeve "upgrade"
    assert.equal(0, code, text)
    d:status()
    reeve.wait_until(function()
      local log = reeve.read(d.dir .. "/logs/all") or ""
      return log:find "reeved%[%d+%]: Reeve %S+ goes on from.*reeve%-engine%[%d+%]: control 1:"
    end, function() return "the lines after the upgrade in:\n" .. (reeve.read(d.dir .. "/logs/all") or "") end)
    ended(d)
  end)

  it("logs to syslog without log_path", function()
    local d = place ""
    assert.equal(0, (reeve.shell(("%s/reeve run --daemon -c %s"):format(reeve.build, d.config_path))))
    local environ = reeve.read(("/proc/%d/environ"):format(d:ps "log"[1].pid))
    assert.truthy(environ:find "LOG_NAMES=")
    assert.is_nil(environ:find "%zLOG_PATH=") -- which is syslog for reeve-log
    ended(d)
  end)

  it("fails with the sentence and the exit code when the instance does not come up", function()
    local d = place(LOG)
    reeve.write(d.config_path, "service 'x' { exec = 1 }")
    local code, text = reeve.shell(("%s/reeve run --daemon -c %s"):format(reeve.build, d.config_path))
    assert.equal(78, code)
    assert.truthy(text:find("Reeve calls this 'executable'", 1, true), text)
    d:configure(service "a", [[log_path = "/nonexistent/log",]])
    code, text = reeve.shell(("%s/reeve run --daemon -c %s"):format(reeve.build, d.config_path))
    assert.equal(78, code)
    assert.truthy(text:find("a daemon that cannot log is not started", 1, true), text)
    assert.equal(64, (reeve.shell(("%s/reeve run --daemon nonsense -c %s"):format(reeve.build, d.config_path))))
    d:destroy()
  end)
end)

describe("progress", function()
  after_each(function()
    terminal.clean()
    reeve.clean()
  end)

  it("is a bar on a terminal and a line for each change elsewhere", function()
    local d = reeve.start { config = service("a", "process_min_avail = 1,") }
    local held = d:clients(2, "a.sock")
    local t = terminal.open(("%s/reeve -b %s service drain a --wait"):format(reeve.build, d.base), 100, 24)
    t:wait "%[%-+%] 0%% a: 1 processes with 2 clients are still there"
    held[1]:say "exit 0"
    t:wait "the processes that service 'a' had are gone"
    t:wait_not "still there"
    t:wait "exit 0"
    t:close()
    assert.equal(0, (d:reeve "service restart a"))
    d:stop()
  end)
end)

describe("what the command prints", function()
  after_each(reeve.clean)

  it("is an error where it cannot be written", function()
    local d = start(service "a")
    for _, words in ipairs { "status", "eval 1", "settings", "help", "check -c " .. d.config_path } do
      assert.same({ 74, "reeve: cannot write: No space left on device\n" },
        { d:reeve(words .. " >/dev/full") }, words)
    end
    d:stop()
  end)

  it("finds an instance whose base_dir was removed, which takes nothing from the next one there", function()
    local d = start(service "a", "")
    local pid = d:status().master_pid
    assert.equal(0, (reeve.shell("rm -r " .. d.base)))
    local _, text = reeve.shell(reeve.build .. "/reeve -b /nonexistent status")
    assert.truthy(text:find(("  pid %d (it has no base_dir yet, or somebody removed it)\n"):format(pid), 1, true), text)
    assert.equal(0, (reeve.shell(("%s/reeve run -c %s --daemon"):format(reeve.build, d.config_path))))
    reeve.kill("TERM", pid)
    reeve.wait_until(function() return d:exit_code() end, "the end of the first")
    assert.truthy(d:lock_is_held())
    assert.equal(0, (d:reeve "stop"))
    assert.is_nil(lfs.attributes(d.base .. "/reeve.lock"))
  end)
end)
