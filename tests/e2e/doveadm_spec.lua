-- What doveadm finds in place of Dovecot's master, and what a reload is to programs that read dovecot.conf. The
-- programs are the test worker; Dovecot's own are in dovecot_spec.lua.
local reeve = require "reeve"

local SERVICES <const> = [[
  service "s" { executable = "@worker@ --hold", contract = "dovecot", user = "root", client_limit = 1,
    process_limit = 3, unix_listener "s.sock" { mode = "0600" }, inet_listener "s" { port = @port@,
    address = "127.0.0.1" } }
  service "one" { executable = "@worker@ --hold", contract = "dovecot", user = "root", client_limit = 5,
    process_limit = 1, unix_listener "one.sock" { mode = "0600" } }
  service "other" { executable = "@worker@ --hold", unix_listener "other.sock" { mode = "0600" } }
]]

local function start(more)
  return reeve.start { settings = "doveadm = true,", config = SERVICES .. (more or "") }
end

-- A session of doveadm: greets, asks, and returns what came up to an empty line or to one line of + or -.
local function ask(d, request)
  local c = assert(d:connect "master")
  c.socket:settimeout(30)
  assert.equal("VERSION\tmaster-server\t1\t0", c.socket:receive "*l")
  c.socket:send("VERSION\tmaster-client\t1\t0\n" .. request .. "\n")
  local lines = {}
  repeat
    local line = c.socket:receive "*l"
    lines[#lines + 1] = line ~= "" and line or nil
  until not line or line == "" or line:find "^[+-]"
  c:close()
  return lines
end

local function fields(line)
  local list = {}
  for word in (line .. "\t"):gmatch "([^\t]*)\t" do list[#list + 1] = word end
  return list
end

local function service_line(d, name)
  for _, line in ipairs(ask(d, "SERVICE-STATUS")) do
    local f = fields(line)
    if f[1] == name then return f end
  end
end

local function reload(d)
  local code, text = d:reeve "reload"
  assert(code == 0, text)
  return text
end

describe("doveadm", function()
  after_each(reeve.clean)

  it("global.doveadm: makes base_dir/master and master.pid; without it there is neither", function()
    local d = start()
    assert.equal(tostring(d:status().master_pid), (reeve.read(d.base .. "/master.pid"):gsub("\n", "")))
    assert.is_table(service_line(d, "s"))
    d:stop()
    assert.is_nil(reeve.read(d.base .. "/master.pid"))
    d = reeve.start { config = SERVICES }
    assert.is_nil(reeve.read(d.base .. "/master.pid"))
    assert.is_nil(d:connect "master")
    d:stop()
  end)

  it("doveadm.status: SERVICE-STATUS and PROCESS-STATUS have the numbers of the pools", function()
    local d = start()
    local c = d:clients(1, "s.sock")[1]
    d:wait_service("s", { busy = 1 })
    assert.same({ "s", "1", "0", "3", "1", "0", "0", "0", "0", "n", "y", "n", "1" }, service_line(d, "s"))
    local lines = ask(d, "PROCESS-STATUS\ts")
    assert.equal(1, #lines)
    assert.same({ "s", tostring(c.pid), "0", "1" }, { table.unpack(fields(lines[1]), 1, 4) })
    assert.same({}, ask(d, "PROCESS-STATUS\tother"))
    d:stop()
  end)

  it("doveadm.stop: STOP stops services; an unknown one is named and nothing is stopped", function()
    local d = start()
    assert.same({ "-Unknown service: nobody" }, ask(d, "STOP\ts\tnobody"))
    assert.equal("n", service_line(d, "s")[12])
    assert.same({ "+" }, ask(d, "STOP\ts"))
    reeve.wait_until(function() return service_line(d, "s")[12] == "y" end, "s to be stopped")
    assert.is_nil(d:connect "s.sock")
    d:stop()
  end)

  it("doveadm.strangers: who does not speak the protocol is sent away, and others are answered", function()
    local d = start()
    for _, nonsense in ipairs { "GET / HTTP/1.0\n", "VERSION\tmaster-client\t1\t0\nFORMAT\tc:\n", ("x"):rep(5000) } do
      local c = assert(d:connect "master")
      c.socket:settimeout(30)
      assert(c.socket:receive "*l")
      c.socket:send(nonsense)
      local line, why = c.socket:receive "*l"
      assert.is_nil(line)
      assert.is_truthy(why == "closed")
      c:close()
    end
    assert.is_table(service_line(d, "s"))
    d:stop()
  end)

  it("doveadm.reload: renews what reads dovecot.conf, and keeps the rest", function()
    local d = start()
    d:clients(1, "other.sock")
    assert.is_truthy(d:json "plan")
    local _, plan = d:reeve "plan"
    assert.is_truthy(plan:find("renew  s (dovecot.conf is read again)", 1, true), plan)
    assert.is_truthy(plan:find("keep   other", 1, true), plan)
    local text = reload(d)
    assert.is_truthy(text:find("renew  s", 1, true), text)
    assert.is_truthy(text:find("keep   other", 1, true), text)
    d:stop()
  end)

  it("doveadm.retired: who connected before a reload is answered after it", function()
    local d = start()
    local answered = 0
    for _ = 1, 10 do -- the old engine waits two seconds for them, which a busy machine may pass over
      local c = assert(d:connect "master")
      c.socket:settimeout(30)
      assert(c.socket:receive "*l")
      reload(d)
      c.socket:send "VERSION\tmaster-client\t1\t0\nPROCESS-STATUS\tother\n"
      if c.socket:receive "*l" == "" then answered = answered + 1 end
      c:close()
    end
    assert.is_truthy(answered > 0)
    d:stop()
  end)

  it("doveadm.hurry: a service of one process takes clients however often it is renewed under clients that stay",
    function()
      local d = start()
      local held = {}
      for round = 1, 4 do
        held[round] = d:clients(1, "one.sock")[1]
        assert.is_number(held[round].pid, "round " .. round)
        reload(d)
      end
      assert.is_number(d:clients(1, "one.sock")[1].pid)
      d:stop()
    end)

  -- A daemon whose plan has a config service, with a list of instances in its state_dir.
  local function start_listed(list)
    return reeve.start {
      config = SERVICES .. [[ service "config" { executable = "@worker@ --hold", contract = "dovecot", type = "config",
        user = "root", env = { CONFIG_FILE = "@dir@/here.conf" }, unix_listener "config" { mode = "0600" } } ]],
      settings = 'doveadm = true, instance_name = "mail", state_dir = "@dir@/lib",',
      prepare = function(d)
        reeve.shell_line("mkdir -m 755 " .. d.dir .. "/lib")
        reeve.write(d.dir .. "/here.conf", "protocols = imap\n")
        if list then reeve.write(d.dir .. "/lib/instances", (list:gsub("@base@", d.base))) end
      end }
  end

  local OTHERS <const> = "1700000000\tmail\t/run/other\t/etc/other.conf\n"

  it("doveadm.instances: enters itself in state_dir/instances beside others, and links the configuration", function()
    local d = start_listed()
    local function list() return reeve.read(d.dir .. "/lib/instances") end
    local line = "^(%d+)\tmail\t" .. reeve.literal(d.base .. "\t" .. d.dir .. "/here.conf") .. "\n$"
    assert.is_truthy(math.tointeger(list():match(line)), list())
    assert.equal(d.dir .. "/here.conf", reeve.shell_line(("readlink %s/dovecot.conf"):format(d.base)))
    reeve.write(d.dir .. "/lib/instances", OTHERS:gsub("mail", "theirs") .. "1\tmail\t" .. d.base .. "\t/old\nodd\n")
    reload(d)
    local theirs, ours = list():match "^([^\n]+\n)(.*)$"
    assert.equal(OTHERS:gsub("mail", "theirs"), theirs)
    assert.is_truthy(ours:find(line), ours)
    assert.is_nil(reeve.read(d.dir .. "/lib/instances.lock"))
    d:stop()
  end)

  it("doveadm.conf: a dovecot.conf that Dovecot refuses is none to reload, and named at a start", function()
    local d = start_listed()
    reeve.write(d.dir .. "/here.conf", "protocols = imap\nshoe_size = 44\n")
    local code, text = d:reeve "reload"
    assert.equal(2, code)
    assert.is_truthy(text:find(d.dir .. "/here.conf:2:1: error: Unknown setting: shoe_size", 1, true), text)
    assert.is_truthy(text:find("generation 1 stays in force", 1, true), text)
    code, text = reeve.shell(("%s/reeve check -c %s"):format(reeve.build, d.config_path))
    assert.equal(0, code)
    assert.is_truthy(text:find("here.conf:2:1: warning: Unknown setting: shoe_size", 1, true), text)
    reeve.write(d.dir .. "/here.conf", "protocols = imap\n")
    reload(d)
    d:stop()
  end)

  it("doveadm.instances: a name that is another's is not taken, and both are told apart", function()
    local d = start_listed(OTHERS)
    d:wait_log "another instance is called 'mail' already"
    local list = reeve.read(d.dir .. "/lib/instances")
    assert.is_truthy(list:find("^" .. reeve.literal(OTHERS) .. "%d+\t\t" .. reeve.literal(d.base)), list)
    d:stop()
  end)

  it("doveadm.instances: what is not root's alone, or locked, stays as it is; the daemon runs", function()
    local d = start_listed(OTHERS)
    local path = d.dir .. "/lib/instances"
    reeve.write(path, OTHERS)
    reeve.shell_line("chmod 666 " .. path)
    reload(d)
    d:wait_log "`doveadm instance list` does not show this instance"
    assert.equal(OTHERS, reeve.read(path))
    reeve.shell_line(("chmod 644 %s && touch %s.lock"):format(path, path))
    reload(d)
    d:wait_log "instances: File exists"
    assert.equal(OTHERS, reeve.read(path))
    reeve.shell_line(("touch -d '2 minutes ago' %s.lock"):format(path))
    reload(d)
    assert.is_truthy(reeve.read(path):find(d.base, 1, true))
    d:stop()
  end)
end)
