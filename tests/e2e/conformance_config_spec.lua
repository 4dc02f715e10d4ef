-- What the config's language promises, named `config.WORD: rule`: each is evaluated by the real program.
local rules = require "rules"

local function settings_of(text, globals)
  local c = rules.check(text, globals)
  assert(c.plan, c.text)
  return c.plan.services[1].settings, c.plan.services[1], c
end

describe("the config", function()
  it("config.aliases: the names of Dovecot 2.4 are accepted", function()
    local s = settings_of([[service "s" { executable = "@worker@", service_process_limit = 7,
      restart_request_count = 8, idle_kill_interval = "9s", service_client_limit = 3, service_vsz_limit = "64M" }]],
      'default_idle_kill_interval = "2min",')
    assert.same({ 7, 8, 9000, 3, 64 << 20 },
      { s.process_limit, s.service_count, s.idle_kill, s.client_limit, s.vsz_limit })
    assert.truthy(rules.check [[service "s" { executable = "@worker@", service_count = 1,
      restart_request_count = 1 }]]:refuses "are the same setting")
  end)

  it("config.aliases: the listeners' names of Dovecot 2.4 are accepted", function()
    local _, service = settings_of [[service "s" { executable = "@worker@",
      inet_listener "a" { inet_listener_port = 80, listen = "127.0.0.1" },
      unix_listener "b" { unix_listener_mode = "0660", unix_listener_path = "c" },
      fifo_listener "d" { fifo_listener_mode = "0622" } }]]
    local l = service.listeners
    assert.same({ 432, 402, 80, "127.0.0.1" }, { l[1].mode, l[2].mode, l[3].port, l[3].address })
    assert.truthy(l[1].path:find "/run/c$")
  end)

  it("config.use: takes settings where the service writes none; the first table that has one wins", function()
    local s = settings_of [[local a, b = { process_limit = 3 }, { process_limit = 4, client_limit = 5 }
      service "s" { use = { a, b }, executable = "@worker@", client_limit = 6 }]]
    assert.same({ 3, 6 }, { s.process_limit, s.client_limit })
  end)

  it("config.unset: means the default", function()
    local s = settings_of([[service "s" { executable = "@worker@", process_limit = unset, chroot = unset }]],
      "default_process_limit = 12,")
    assert.equal(12, s.process_limit)
  end)

  it("config.variables: $default_internal_user and its kin stand for values inside texts", function()
    local s, _, c = settings_of([[service "s" { executable = "@worker@ $base_dir/x", user = "$default_login_user",
      group = "$default_internal_group" }]], 'default_login_user = "games", default_internal_group = "mail",')
    assert.same({ tonumber(rules.id("-u", "games")), tonumber(rules.gid "mail") }, { s.user, s.group })
    assert.equal(c.dir .. "/run/x", c.plan.services[1].argv[2])
  end)

  it("config.lists: are written as words or as tables", function()
    local a, b = rules.check(nil or "", 'protocols = "a b", listen = "*",'),
      rules.check("", 'protocols = { "a", "b" }, listen = { "*" },')
    assert.same(a.plan.settings.protocols, b.plan.settings.protocols)
    assert.same({ "a", "b" }, b.plan.settings.protocols)
  end)

  it("config.listeners: may be nested in lists, and false among them is skipped", function()
    local _, service = settings_of [[service "s" { executable = "@worker@", false,
      { unix_listener "a" {}, { unix_listener "b" {}, false } } }]]
    assert.equal(2, #service.listeners)
  end)

  it("config.listeners: one path or address is one listener's alone", function()
    assert.truthy(rules.check [[service "s" { executable = "@worker@", unix_listener "a" {} }
      service "t" { executable = "@worker@", unix_listener "a" {} }]]:refuses "already taken")
  end)

  it("config.values: 0 means the default, unlimited or off where the documentation says so", function()
    local s = settings_of([[service "s" { executable = "@worker@", client_limit = 0, process_limit = 0, idle_kill = 0,
      service_count = 0, vsz_limit = 0 }]],
      'default_client_limit = 11, default_process_limit = 12, default_idle_kill = "13s",')
    assert.same({ 11, 12, 13000, 0, 0 }, { s.client_limit, s.process_limit, s.idle_kill, s.service_count, s.vsz_limit })
  end)

  it("config.values: never and 4294967295s are the same", function()
    local a = settings_of [[service "s" { executable = "@worker@", idle_kill = "never" }]]
    local b = settings_of [[service "s" { executable = "@worker@", idle_kill = "4294967295s" }]]
    assert.equal(math.maxinteger, a.idle_kill)
    assert.equal(a.idle_kill, b.idle_kill)
  end)

  it("config.limits: process_min_avail above process_limit is refused", function()
    assert.truthy(rules.check [[service "s" { executable = "@worker@", process_limit = 2, process_min_avail = 3 }]]
      :refuses "process_min_avail of service 's': 3 is above process_limit 2")
  end)

  it("config.limits: a vsz_limit below 1M is refused", function()
    assert.truthy(rules.check [[service "s" { executable = "@worker@", vsz_limit = "512K" }]]:refuses "below 1M")
  end)

  it("config.user: unset it is nobody's; root only by writing root", function()
    local s = settings_of [[service "s" { executable = "@worker@" }]]
    assert.equal(tonumber(rules.id("-u", "nobody")), s.user)
    assert.equal(0, settings_of [[service "s" { executable = "@worker@", user = "root" }]].user)
  end)

  it("config.user: no service may run as the engine's user", function()
    assert.truthy(rules.check([[service "s" { executable = "@worker@", user = "games" }]], 'engine_user = "games",')
      :refuses "no service may run as the engine's user")
  end)

  it("config.cpus: gives the number of processors, to size pools by", function()
    local s = settings_of [[service "s" { executable = "@worker@", process_limit = cpus() + 1 }]]
    assert.is_true(s.process_limit >= 2)
  end)

  it("config.advice: a service_count that shrinks the pool is warned of", function()
    local text = [[service "s" { executable = "@worker@", service_count = 100, process_limit = 4,
      process_min_avail = %d }]]
    assert.truthy(rules.check(text:format(4)):warns "processes that have served their count")
    assert.falsy(rules.check(text:format(3)):warns "served their count")
  end)

  it("config.advice: sockets of config, dict, ipc and auth-master that are open to others are warned of", function()
    local text = [[service "%s" { executable = "@worker@", unix_listener "%s" { mode = "%s" } }]]
    for _, row in ipairs { { "dict", "dict" }, { "dict-async", "dict-async" }, { "ipc", "ipc" },
      { "auth", "auth-master" } } do
      assert.truthy(rules.check(text:format(row[1], row[2], "0666")):warns "is open to everybody", row[1])
      assert.falsy(rules.check(text:format(row[1], row[2], "0660")):warns "is open to everybody", row[1])
    end
    assert.falsy(rules.check(text:format("auth", "auth-client", "0666")):warns "is open to everybody")
  end)

  it("config.advice: log and anvil want process_limit 1, anvil no idle_kill, config a closed socket", function()
    local text = [[service "s" { executable = "@worker@", type = "%s", %s }]]
    assert.truthy(rules.check(text:format("log", "process_limit = 2")):warns "process_limit 2 of type log is not used")
    assert.truthy(rules.check(text:format("anvil", "process_limit = 3")):warns
      "process_limit 3 of type anvil is not used")
    assert.falsy(rules.check(text:format("anvil", "process_limit = 1")):warns "service 's'")
    assert.truthy(rules.check(text:format("anvil", 'process_limit = 1, idle_kill = "5s"')):warns
      "loses what it knows")
    assert.falsy(rules.check(text:format("anvil", 'process_limit = 1, idle_kill = "never"')):warns
      "loses what it knows")
    assert.truthy(rules.check(text:format("config", 'unix_listener "config" { mode = "0666" }')):warns
      "with its secrets")
  end)
end)
