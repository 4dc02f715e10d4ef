-- What settings { } promises: a test for each row of the table, named `global.SETTING: rule`.
local lfs = require "lfs"
local reeve = require "reeve"
local rules = require "rules"
local socket = require "socket"

local SAN = os.getenv "SAN" -- no address space limits under AddressSanitizer

describe("settings", function()
  after_each(reeve.clean)

  it("global.base_dir: relative listeners, the control socket and the lock stand below it", function()
    local c = rules.check [[service "s" { executable = "@worker@", unix_listener "a/s.sock" {} }]]
    assert.equal(c.dir .. "/run/a/s.sock", c.plan.services[1].listeners[1].path)
    local d = rules.start(nil, nil, [[service "t" { executable = "@worker@", unix_listener "a/s.sock" {} }]])
    assert.equal("socket", lfs.attributes(d.base .. "/a/s.sock", "mode"))
    assert.equal("socket", lfs.attributes(d.base .. "/control", "mode"))
    assert.equal("file", lfs.attributes(d.base .. "/reeve.lock", "mode"))
    d:stop()
  end)

  it("global.libexec_dir: a relative executable is looked for there", function()
    local d = reeve.start { settings = [[libexec_dir = "@dir@",]], config = [[service "s" {
      executable = "worker --hold", inet_listener "s" { port = @port@, address = "127.0.0.1" } }]] }
    assert.truthy(rules.proc(d:clients(1)[1].pid).cmdline:find(d.dir .. "/worker\0--hold", 1, true))
    d:stop()
  end)

  it("global.protocols: a service whose protocol it lists is enabled, every other one is left out", function()
    local c = rules.check([[service "a" { executable = "@worker@", protocol = "imap" }
      service "b" { executable = "@worker@", protocol = "pop3" }
      service "c" { executable = "@worker@" }]], 'protocols = "imap lmtp",')
    local names = {}
    for i, s in ipairs(c.plan.services) do names[i] = s.name end
    assert.same({ "a", "c" }, names)
  end)

  it("global.listen: an inet_listener without address is bound there and nowhere else", function()
    local d = reeve.start { settings = [[listen = "127.0.0.2",]], config = [[service "s" {
      executable = "@worker@ --hold", inet_listener "s" { port = @port@ } }]] }
    assert.is_nil((d:connect()))
    local s = socket.tcp4()
    assert.truthy(s:connect("127.0.0.2", d:port()))
    s:close()
    d:stop()
  end)

  it("global.listen: * is all of IPv4 and :: all of IPv6, and both is the default", function()
    local d = reeve.start { config = [[service "s" { executable = "@worker@ --hold", client_limit = 9,
      inet_listener "s" { port = @port@ } }]] }
    assert.equal(assert(d:connect()):ask "pid", assert(d:connect "[::1]"):ask "pid")
    d:stop()
    d = reeve.start { config = [[service "s" { executable = "@worker@ --hold",
      inet_listener "s" { port = @port@, address = "*" } }]] }
    assert.is_nil((d:connect "[::1]"))
    assert.truthy(assert(d:connect()):ask "pid")
    d:stop()
  end)

  it("global.default_client_limit: is the client_limit of a service that sets none", function()
    local d, _, p = rules.served("client_limit = 0,", "default_client_limit = 7,")
    assert.equal("7", p.env.CLIENT_LIMIT)
    d:stop()
  end)

  it("global.default_process_limit: is the process_limit of a service that sets none", function()
    local d, _, p = rules.served("process_limit = 0,", "default_process_limit = 9,")
    assert.equal("9", p.env.PROCESS_LIMIT)
    assert.equal(9, d:service "s".process_limit)
    d:stop()
  end)

  it("global.default_idle_kill: is the idle_kill of a service that sets none", function()
    local d, _, p = rules.served("idle_kill = 0,", 'default_idle_kill = "90s",')
    assert.equal("90", p.env.IDLE_KILL)
    d:stop()
  end)

  it("global.default_vsz_limit: is the address space of a service that sets none", function()
    if SAN then return end
    local d, _, p = rules.served(nil, 'default_vsz_limit = "96M",')
    assert.same({ "100663296", "100663296" }, p.limits["Max address space"])
    d:stop()
  end)

  it("global.default_internal_user: runs the services that name no user", function()
    local d, _, p = rules.served(nil, 'default_internal_user = "daemon",')
    assert.equal(rules.all(rules.id("-u", "daemon")), p.Uid)
    d:stop()
  end)

  it("global.default_login_user: runs the services of type login that name no user", function()
    local c = rules.check([[service "l" { executable = "@worker@", type = "login" }
      service "s" { executable = "@worker@" }]], 'default_login_user = "daemon",')
    assert.equal(tonumber(rules.id("-u", "daemon")), c.plan.services[1].settings.user)
    assert.equal(tonumber(rules.id("-u", "nobody")), c.plan.services[2].settings.user)
  end)

  it("global.default_internal_group: is what $default_internal_group stands for", function()
    local d, _, p = rules.served('group = "$default_internal_group",', 'default_internal_group = "mail",')
    assert.equal(rules.all(rules.gid "mail"), p.Gid)
    d:stop()
  end)

  it("global.import_environment: NAME is inherited, NAME=value is set, and nothing else is", function()
    local d = reeve.start { env = { FROM_US = "here", NOT_NAMED = "x" }, config = rules.BASE:format("", ""),
      settings = 'import_environment = "FROM_US NOT_SET LANG=C",' }
    local env = rules.proc(d:clients(1)[1].pid).env
    assert.same({ "here", "C" }, { env.FROM_US, env.LANG })
    assert.is_nil(env.NOT_NAMED or env.NOT_SET or env.TZ)
    d:stop()
  end)

  it("global.engine_user: runs the policy engine", function()
    local d = rules.start(nil, 'engine_user = "daemon",')
    assert.equal(rules.all(rules.id("-u", "daemon")), rules.proc(d:status().engine_pid).Uid)
    d:stop()
  end)

  it("global.engine_timeout: an engine that does not answer for this long is replaced", function()
    local d = rules.start(nil, 'engine_timeout = "300ms",')
    reeve.kill("STOP", d:status().engine_pid)
    d:wait_log "has not answered"
    d:stop()
  end)

  it("global.stop_timeout: clients have this long when the daemon stops", function()
    local d, c = rules.served(nil, 'stop_timeout = "100ms",')
    reeve.kill("TERM", d:status().master_pid)
    reeve.wait_until(function() return d:exit_code() end, "the end of the daemon")
    assert.is_nil((c:ask "pid"))
  end)

  it("global.shutdown_clients: false lets processes serve their clients to the end after the daemon", function()
    local d, c = rules.served("process_min_avail = 2, client_limit = 1,", "shutdown_clients = false,")
    reeve.kill("TERM", d:status().master_pid)
    reeve.wait_until(function() return d:exit_code() end, "the end of the daemon")
    assert.equal(0, d:exit_code())
    assert.equal(tostring(c.pid), c:ask "pid")
    assert.same({ c.pid }, d:processes())
    c:ask "bye"
    reeve.wait_gone(c.pid)
    d:destroy()
  end)

  it("global.fork_budget: so many processes start in a second, over all services", function()
    local d = rules.start("process_min_avail = 3,", "fork_budget = 1,")
    d:wait_service("s", { live = 3 })
    local list = d:ps "s"
    assert.is_true(list[1].age - list[3].age > 1, "they started together")
    d:stop()
  end)

  it("global.control: is mode and owner of the control socket, and who may talk to the daemon (roles_spec)", function()
    local d = rules.start(nil, 'control = { mode = "0660" },')
    assert.equal("rw-rw----", lfs.attributes(d.base .. "/control", "permissions"))
    d:stop()
  end)

  it("global.ssl: false removes each inet_listener with ssl = true; the others are told by SSL", function()
    local tls = [[service "t" { executable = "@worker@ --hold", inet_listener "t" { port = @port2@, ssl = true,
      address = "127.0.0.1" }, inet_listener "u" { port = @port3@, address = "127.0.0.1" } }]]
    for said, told in pairs { ["false"] = "no", ["true"] = "yes", ['"required"'] = "required" } do
      local d, c = rules.served(nil, "ssl = " .. said .. ",", tls)
      assert.equal(told, c:ask "env SSL")
      assert.equal(said ~= "false", d:connect(2) ~= nil)
      assert.truthy(assert(d:connect(3)):ask "pid")
      d:stop()
    end
  end)

  it("global.auth_worker_max_count: a process_limit of auth-worker that is not above it is warned of", function()
    local config = [[service "auth-worker" { executable = "@worker@", process_limit = 20 }]]
    assert.falsy(rules.check(config, "auth_worker_max_count = 19,"):warns "auth_worker_max_count")
    assert.truthy(rules.check(config, "auth_worker_max_count = 20,"):warns "auth_worker_max_count 20")
    assert.truthy(rules.check(config):warns "auth_worker_max_count 30")
  end)
end)
