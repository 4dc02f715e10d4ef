-- What the settings of the log promise: a test for each row of the table, named after it. What reeve-log makes of
-- its environment in full is in tests/c/test_log.c and test_log_run.c.
local reeve = require "reeve"
local rules = require "rules"

-- A daemon with log settings, a client that stays, and the process that writes the log.
local function start(settings, more)
  local d = rules.start("vsz_limit = 0, " .. (more or ""), settings)
  d:wait_service("log", { live = 1 })
  return d, d:clients(1)[1], rules.proc(d:ps "log"[1].pid)
end

local function wait_file(d, name, pattern)
  return reeve.wait_until(function() return (reeve.read(d.dir .. "/" .. name) or ""):match(pattern) end, function()
    return ("'%s' in %s:\n%s"):format(pattern, name, reeve.read(d.dir .. "/" .. name) or "(no such file)")
  end)
end

local INFO, DEBUG, ERROR = "\1\2", "\1\1", "\1\4" -- how a line in the internal format begins

describe("the log", function()
  after_each(reeve.clean)

  it("global.log_path: errors and warnings of services go there, with the name of the service", function()
    local d, c = start 'log_path = "@dir@/errors",'
    c:ask("log " .. ERROR .. c.pid .. " oh no")
    wait_file(d, "errors", ("s%%[%d%%]: oh no"):format(c.pid))
    d:stop()
  end)

  it("global.info_log_path: informational lines go there and not to log_path", function()
    local d, c = start 'log_path = "@dir@/errors", info_log_path = "@dir@/infos",'
    c:ask("log " .. INFO .. c.pid .. " by the way")
    c:ask("log " .. ERROR .. c.pid .. " oh no")
    wait_file(d, "infos", "by the way")
    wait_file(d, "errors", "oh no")
    assert.is_nil(reeve.read(d.dir .. "/errors"):find "by the way")
    d:stop()
  end)

  it("global.debug_log_path: debug lines go there", function()
    local d, c = start 'info_log_path = "@dir@/infos", debug_log_path = "@dir@/debugs",'
    c:ask("log " .. DEBUG .. c.pid .. " tiny thing")
    wait_file(d, "debugs", "tiny thing")
    d:stop()
  end)

  it("global.log_timestamp: is what stands in front of the lines of files", function()
    local d, c = start 'log_path = "@dir@/errors", log_timestamp = "<%Y> ",'
    c:ask "log plain"
    wait_file(d, "errors", "<" .. os.date "%Y" .. "> [^\n]*plain")
    d:stop()
  end)

  it("global.log_format: json makes an object of each line", function()
    local d, c = start 'log_path = "@dir@/errors", log_format = "json",'
    c:ask("log " .. ERROR .. c.pid .. " oh no")
    local line = wait_file(d, "errors", "(%b{})\n")
    assert.equal("s", require "dkjson".decode(line).service)
    d:stop()
  end)

  it("global.syslog_facility: is told to the process that writes to syslog", function()
    local d, _, p = start 'log_path = "@dir@/errors", syslog_facility = "mail",'
    assert.equal("mail", p.env.SYSLOG_FACILITY)
    d:stop()
  end)

  it("global.instance_name: is told to the log, and is in the titles of contract dovecot", function()
    local d = rules.start('contract = "dovecot", vsz_limit = 0,', 'instance_name = "two", log_path = "@dir@/log2",')
    local p = rules.proc(d:clients(1)[1].pid)
    assert.truthy(p.cmdline:find("dovecot-two/worker\0", 1, true), p.cmdline)
    assert.equal("two", rules.proc(d:ps "log"[1].pid).env.INSTANCE_NAME)
    d:stop()
  end)

  it("global.log_debug: is LOG_DEBUG of contract dovecot", function()
    local d, c = rules.served('contract = "dovecot",', 'log_debug = "event=x",')
    assert.equal("event=x", c:ask "env LOG_DEBUG")
    d:stop()
  end)

  it("global.verbose_proctitle: is told to a log process of contract dovecot", function()
    local d = rules.start(nil, "verbose_proctitle = true,", [[service "l" { executable = "@worker@", type = "log",
      contract = "dovecot", user = "nobody", drop_priv_before_exec = true }]])
    d:wait_service("l", { live = 1 })
    assert.equal("1", rules.proc(d:ps "l"[1].pid).env.VERBOSE_PROCTITLE)
    reeve.kill("KILL", d:status().master_pid) -- it reads nobody's lines, so a stop would wait for it
  end)

  it("global.stats_writer_socket_path: is told to contract dovecot, below base_dir", function()
    local d, c = rules.served('contract = "dovecot",', 'stats_writer_socket_path = "st",')
    assert.equal(d.base .. "/st", c:ask "env STATS_WRITER_SOCKET_PATH")
    d:stop()
  end)

  it("service.log_rate: so many lines a second are written; the rest is counted, and the count is logged", function()
    local d, c = start('log_path = "@dir@/errors",', "log_rate = 5,")
    for i = 1, 40 do c:say("log line " .. i) end
    for _ = 1, 40 do c:answer() end
    wait_file(d, "errors", "%(log_rate%)")
    local _, written = reeve.read(d.dir .. "/errors"):gsub("line %d+\n", "")
    assert.is_true(written >= 5 and written <= 35, written .. " lines were written")
    d:stop()
  end)

  it("service.log_overflow: drop is told to the log for the pipe of this service", function()
    local d, _, p = start('log_path = "@dir@/errors",', 'log_overflow = "drop",')
    -- reeve-log has cut its lists at = and TAB by now
    local told = reeve.read("/proc/" .. p.pid .. "/environ"):gsub("[%z\t]", "=")
    local number = told:match "LOG_NAMES=.-=(%d+)=s="
    assert.truthy(told:find("=LOG_OVERFLOWS=" .. number .. "=drop=", 1, true), told)
    d:stop()
  end)
end)
