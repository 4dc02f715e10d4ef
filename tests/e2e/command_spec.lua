-- The verbs of `reeve` that look, and the files they make.
local json = require "dkjson"
local reeve = require "reeve"

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
    assert.truthy(text:find(("last log lines\n  %%d%%d%%d%%d%%-%%d%%d%%-%%d%%d [%%d:]+ warning%%[%s%%]: line 3\n"):format(
      pid)), text)
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
