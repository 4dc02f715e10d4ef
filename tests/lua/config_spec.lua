package.path = "tests/lua/?.lua;" .. package.path
local world = require "config_world"
local config = require "reeve.config"

local FULL = [[
settings {
  base_dir = "/run/test", libexec_dir = "libexec", protocols = "imap lmtp", listen = "127.0.0.1",
  default_process_limit = 40, default_client_limit = 300, default_idle_kill = "2min", default_login_user = "login",
  import_environment = "TZ LANG=C NOPE",
}
local common = { user = "web", idle_kill = "5min" }
service "imap" {
  use = { common }, idle_kill = "never",
  executable = "imap -D", protocol = "imap", service_count = 5,
  inet_listener "imap" { port = 143, address = "localhost" },
  { fifo_listener "imap/fifo" { mode = "0600", user = "root", group = "mail" }, false,
    { unix_listener "/run/other/imap" { mode = "0666" } } },
  inet_listener "off" { port = 0 }, unix_listener "off" { mode = 0 },
  env = { TZ = "CET", PORT = 8080 },
  extra_groups = { "mail", "#77" },
}
service "plain" { executable = { "/bin/echo", "a b" }, contract = "plain", chroot = "jail", stop_signal = "SIGINT",
  policy = breaker { fails = 5 } }
service "pop3" { executable = "/bin/echo", protocol = "pop3", inet_listener "x" { port = 143 } }
]]

local function by_name(plan)
  local found = {}
  for _, service in ipairs(plan.services) do found[service.name] = service end
  return found
end

describe("the effective plan", function()
  local plan, warnings = world.load(FULL)
  local services = by_name(assert(plan, config.format(warnings)))

  it("has no warnings here", function() assert.same({}, warnings) end)

  it("resolves defaults", function()
    local s = services.imap.settings
    assert.equal("40", s.process_limit)
    assert.equal("5", s.client_limit) -- clamped to service_count
    assert.equal("5", s.service_count)
    assert.equal(tostring(math.maxinteger), s.idle_kill)
    assert.equal(tostring(256 << 20), s.vsz_limit)
    assert.equal("1", s.drop_priv_before_exec)
    s = services.plain.settings
    assert.equal("300", s.client_limit)
    assert.equal("120000", s.idle_kill)
    assert.equal("0", s.vsz_limit)
    assert.equal("INT", s.stop_signal)
    assert.equal("/run/test/jail", s.chroot)
  end)

  it("resolves users and groups to numbers", function()
    local s = services.imap.settings
    assert.same({ "990", "991", "8,77" }, { s.user, s.group, s.extra_groups })
    s = services.plain.settings
    assert.same({ "65534", "65534" }, { s.user, s.group })
    assert.same({ "65534", "992", "65534", "61" },
      { plan.globals.default_internal_user, plan.globals.default_login_user,
      plan.globals.default_internal_group, plan.globals.engine_user })
  end)

  it("splits commands and starts them from libexec_dir, or inside the chroot", function()
    assert.same({ "/run/test/libexec/imap", "-D" }, services.imap.argv)
    assert.same({ "/bin/echo", "a b" }, services.plain.argv)
  end)

  it("puts the imported environment before the service's own", function()
    assert.same({ "SSL=yes", "TZ=CET", "LANG=C", "PORT=8080" }, services.imap.env)
    assert.same({ "TZ=UTC", "LANG=C" }, services.plain.env)
  end)

  it("has listeners in the order of their fds, resolved, without those that are off", function()
    assert.same({
      { kind = "unix", name = "/run/other/imap", path = "/run/other/imap", mode = 438, uid = -1, gid = -1 },
      { kind = "fifo", name = "imap/fifo", path = "/run/test/imap/fifo", mode = 384, uid = 0, gid = 8 },
      { kind = "inet", name = "imap", address = "127.0.0.1", port = 143, ssl = false, haproxy = false,
        reuse_port = false },
      { kind = "inet", name = "imap", address = "::1", port = 143, ssl = false, haproxy = false, reuse_port = false },
    }, services.imap.listeners)
  end)

  it("leaves out what no protocol enables", function()
    assert.is_nil(services.pop3)
    assert.equal(2, #plan.services)
  end)

  it("remembers from which word a policy came, and where things stand", function()
    local made = plan.made[services.plain.policy]
    assert.equal("breaker", made.word)
    assert.same({ fails = 5 }, made.options)
    assert.same({ file = "/etc/reeve/reeve.lua", line = 9, column = 3 }, services.imap.origin.executable)
    assert.same({ file = "/etc/reeve/reeve.lua", line = 6, column = 18 }, services.imap.origin.user)
    assert.same({ file = "/etc/reeve/reeve.lua", line = 7, column = 1 }, services.imap.at)
    assert.same({ file = "/etc/reeve/reeve.lua", line = 3, column = 3 }, plan.origin.default_process_limit)
  end)

  it("gives login processes the login user", function()
    -- type login is not in the table of settings yet: a table that has it
    local spec = require "reeve.spec"
    local rows = {}
    for i, row in ipairs(spec.settings) do
      rows[i] = row.name == "type" and setmetatable({ words = "|startup|login" }, { __index = row }) or row
    end
    local other = setmetatable({ settings = rows, parse = function(scope, name, text)
      if name == "type" then return text end
      return spec.parse(scope, name, text)
    end }, { __index = spec })
    local found = assert(world.load('settings { default_login_user = "login" }\n'
      .. 'service "l" { executable = "/bin/echo", type = "login" }', nil, { spec = other }))
    assert.equal("992", found.services[1].settings.user)
  end)
end)

describe("values", function()
  local function setting(name, text)
    local plan, problems = world.load(('service "s" { executable = "/bin/echo", %s = %s }'):format(name, text))
    return plan and plan.services[1].settings[name] or problems[1].message
  end

  for _, row in ipairs {
    { "idle_kill", '"500ms"', "500" }, { "idle_kill", '"1min 30s"', "90000" }, { "idle_kill", '"1d"', "86400000" },
    { "idle_kill", '"4294967295s"', tostring(math.maxinteger) }, { "idle_kill", "0", "60000" },
    { "idle_kill", "unset", "60000" }, { "vsz_limit", '"1G"', tostring(1 << 30) }, { "vsz_limit", "0", "0" },
    { "vsz_limit", '"unlimited"', "0" }, { "vsz_limit", "unset", tostring(256 << 20) }, { "client_limit", "1e3",
      "1000" },
    { "client_limit", "cpus() * 2", "8" }, { "process_limit", "tonumber(getenv('NOPE', '3'))", "3" },
    { "service_count", '"unlimited"', "0" }, { "user", '"#1000"', "1000" }, { "description", '"$base_dir/x $HOME"',
      "/run/reeve/x $HOME" },
    { "group", '"$default_internal_group"', "65534" }, { "start_timeout", '"2min"', "120000" },
  } do
    it(("%s = %s"):format(row[1], row[2]), function()
      if row[1] == "user" then
        local plan = assert(world.load('service "s" { executable = "/bin/echo", user = "#1000", group = "web" }'))
        return assert.same({ "1000", "991" }, { plan.services[1].settings.user, plan.services[1].settings.group })
      end
      assert.equal(row[3], setting(row[1], row[2]))
    end)
  end

  for _, row in ipairs {
    { '{ nofile = 64, core = 0, stack = "8M" }', "core=0 nofile=64 stack=8388608" },
    { '{ cpu = "1min", nproc = "unlimited" }', "cpu=60 nproc=-1" }, { "{ }", "" },
    { "{ nofile = -1 }", "rlimits of service 's': nofile: '-1' is not a whole number from 0 up" },
    { "{ core = 5 }", "rlimits of service 's': core: '5' has no unit: write \"5M\" (or K, G; powers of 1024)" },
    { '{ cpu = "1500ms" }', "rlimits of service 's': cpu: the text \"1500ms\" is not whole seconds" },
    { "{ as = 5 }", "rlimits of service 's': there is no limit 'as'; there are core, cpu, fsize, memlock, msgqueue, "
      .. "nofile, nproc, sigpending, stack" },
    { '"nofile=5"', "rlimits of service 's': the text \"nofile=5\" is not a table of limits; write { nofile = 4096 }" },
  } do
    it("rlimits = " .. row[1], function() assert.equal(row[2], setting("rlimits", row[1])) end)
  end

  for _, row in ipairs {
    { "nice", "-5", "-5" }, { "nice", "20", "nice of service 's': '20' is too large; the most is \"19\"" },
    { "oom_score_adj", '"5"', "oom_score_adj of service 's': the text \"5\" is not a whole number" },
    { "umask", '"0022"', "18" }, { "every", '"1d"', "86400000" },
    { "working_directory", '"x"', "/run/reeve/x" }, { "no_new_privs", "true", "1" },
  } do
    it(("%s = %s"):format(row[1], row[2]), function() assert.equal(row[3], setting(row[1], row[2])) end)
  end

  it("ssl is false, true or a word", function()
    for said, canonical in pairs { ["false"] = "false", ["true"] = "true", ['"required"'] = "required" } do
      assert.equal(canonical, assert(world.load("settings { ssl = " .. said .. " }")).globals.ssl)
    end
    local _, problems = world.load 'settings { ssl = "yes" }'
    assert.equal("ssl of settings: 'yes' is none of \"false\", \"true\", \"required\"", problems[1].message)
  end)

  it("takes the names of Dovecot 2.4", function()
    local plan = assert(world.load([[
service "s" { executable = "/bin/echo", service_process_limit = 7, restart_request_count = 8,
  idle_kill_interval = "9s" }
settings { default_idle_kill_interval = "10s" }
]]))
    local s = plan.services[1].settings
    assert.same({ "7", "8", "9000" }, { s.process_limit, s.service_count, s.idle_kill })
    assert.equal("10000", plan.globals.default_idle_kill)
  end)

  it("reads credentials through the same door as files", function()
    local plan = assert(world.load('service "s" { executable = "/bin/echo", description = credential "key" }',
      { ["/run/credentials/key"] = "secret\n" }))
    assert.equal("secret", plan.services[1].settings.description)
  end)
end)

describe("a mistake", function()
  for _, row in ipairs(require "config_mistakes") do
    it("is told exactly: " .. row[1], function()
      local plan, problems = world.load(row[2])
      assert.is_nil(plan)
      assert.equal(row[3], config.format(problems, "text"))
    end)
  end

  it("does not hide the others", function()
    local _, problems = world.load([[
service "a" { executable = "/srv/web", usr = 1, idle_kill = 5, user = wbe }
service "a" { executable = "/srv/none", inet_listener "x" { prot = 80 } }
count = 1
]])
    local text = config.format(problems, "line", "generation 41 stays in force")
    assert.equal([[
/etc/reeve/reeve.lua:1:40: error: unknown setting 'usr' in service 'a'; did you mean 'user'?
/etc/reeve/reeve.lua:1:61: error: idle_kill of service 'a': '5' has no unit: 5 what? Write "5s", "5min" or "5h"
/etc/reeve/reeve.lua:1:71: error: unknown name 'wbe': a string needs quotes; write "wbe"
/etc/reeve/reeve.lua:2:1: error: service 'a' is already defined at /etc/reeve/reeve.lua:1:1
/etc/reeve/reeve.lua:2:28: error: executable of service 'a': '/srv/none' does not exist
/etc/reeve/reeve.lua:2:41: error: inet_listener 'x' has no port; write port = 80, or port = 0 to disable it
/etc/reeve/reeve.lua:2:61: error: unknown setting 'prot' in inet_listener 'x'; did you mean 'port'?
/etc/reeve/reeve.lua:3:1: error: 'count' is assigned without local; write local count
8 errors; generation 41 stays in force
]], text)
  end)

  it("is a record for programs", function()
    local _, problems = world.load 'service "a" { executable = "/srv/web", usr = 1 }'
    assert.same({ { file = "/etc/reeve/reeve.lua", line = 1, column = 40, severity = "error", code = "unknown-setting",
      message = "unknown setting 'usr' in service 'a'", hint = "did you mean 'user'?" } },
      (require "dkjson".decode(config.format(problems, "json"))))
    assert.equal("[]\n", config.format({}, "json"))
  end)

  it("in an included file is shown there, and the other files are still read", function()
    local _, problems = world.load('include "conf.d/*.lua"\nusr = 1\n', {
      ["/etc/reeve/conf.d/20.lua"] = 'service "b" { executable = "/srv/web", foo = 1 }',
      ["/etc/reeve/conf.d/10.lua"] = "service (",
      ["/etc/reeve/conf.d/.swp.lua"] = "(((",
    })
    assert.equal([[
/etc/reeve/reeve.lua:2:1: error: 'usr' is assigned without local; write local usr
/etc/reeve/conf.d/10.lua:1:9: error: the file ends in the middle of a statement
/etc/reeve/conf.d/20.lua:1:40: error: unknown setting 'foo' in service 'b'
]], config.format(problems, "line"))
  end)

  it("that never ends is shown in the included file it is in", function()
    local _, problems = world.load('include "a.lua"\nusr = 1',
      { ["/etc/reeve/a.lua"] = "local n\nwhile true do\n  n = 1\nend" })
    assert.equal(1, #problems)
    assert.same({ "/etc/reeve/a.lua", 3, "deadline" }, { problems[1].file, problems[1].line, problems[1].code })
  end)

  it("of files that include each other names the chain", function()
    local _, problems = world.load('include "a.lua"',
      { ["/etc/reeve/a.lua"] = 'include "b.lua"', ["/etc/reeve/b.lua"] = 'include "./a.lua"' })
    assert.equal("/etc/reeve/b.lua:1:9: error: include goes in a circle: "
      .. "/etc/reeve/a.lua -> /etc/reeve/b.lua -> /etc/reeve/a.lua\n", config.format(problems, "line"))
  end)

  it("of a missing main file has its own code", function()
    local plan, problems = config.load(setmetatable({ file = "/nope", read = function() return nil,
      "No such file or directory" end },
      { __index = world.opts "" }))
    assert.is_nil(plan)
    assert.equal("no-file", problems[1].code)
    assert.equal("/nope:1:1: error: cannot read the config: No such file or directory\n", config.format(problems))
  end)
end)

describe("the language", function()
  it("includes sorted files, each with its own locals", function()
    local plan = assert(world.load('local x = 1\ninclude "conf.d/*.lua"', {
      ["/etc/reeve/conf.d/2.lua"] = 'service "two" { executable = "/bin/echo" }',
      ["/etc/reeve/conf.d/1.lua"] = 'local x = "one"\nservice(x) { executable = "/bin/echo" }',
    }))
    assert.same({ "one", "two" }, { plan.services[1].name, plan.services[2].name })
  end)

  it("requires own modules below the config directory, once", function()
    local plan = assert(world.load([[
local site = require "site.web"
assert(site == require "site.web")
service "w" { executable = site.program }
]], { ["/etc/reeve/site/web.lua"] = 'return { program = "/srv/web" }' }))
    assert.same({ "/srv/web" }, plan.services[1].argv)
    local _, problems = world.load 'local s = require "nope"\nservice(s.name) { executable = s.program, usr = 1 }'
    assert.equal(1, #problems)
    assert.equal("require", problems[1].code)
  end)

  it("defines policies, and keeps its words from them when it is loaded", function()
    local plan = assert(world.load([[
policy "mine" (function(options) return { exit = function() return service, options.n end } end)
service "w" { executable = "/bin/echo", policy = { mine { n = 3 }, only { breaker() } } }
]]))
    local list = plan.services[1].policy
    assert.equal("mine", plan.made[list[1]].word)
    local word, n = list[1].exit()
    assert.equal(3, n)
    assert.has_error(function() word "x" end, "'service' is a word of the config; a policy cannot use it")
    assert.is_true(list[2].only)
  end)

  it("knows dynamic names and helpers, and marks their fields exactly", function()
    local _, problems = world.load [[
for _, n in ipairs { "blue", "green" } do
  service("web-" .. n) { executable = "/bin/echo",
    usr = n }
end
]]
    assert.equal("/etc/reeve/reeve.lua:3:5: error: unknown setting 'usr' in service 'web-blue' (and 1 more); "
      .. "did you mean 'user'?\n", config.format(problems, "line"))
  end)

  it("leaves keys that are computed to Lua", function()
    local plan, problems = world.load [[
local k, limit = "user", "client_"
service "web" { executable = "/bin/echo", [k] = "web", [limit .. "limit"] = 3,
  env = { [k] = "1", ["a]"] = nil, [3] = nil },
  [ ({ "group" })[1] ] = "mail", }
]]
    assert.is_nil(plan)
    local nil_value = " in service 'web' has no value: it is nil; write unset for the default\n"
    assert.equal("/etc/reeve/reeve.lua:3:31: error: 'a]'" .. nil_value
      .. "/etc/reeve/reeve.lua:3:42: error: '3'" .. nil_value, config.format(problems, "line"))
  end)

  it("refuses what only root can do when it is not root", function()
    local _, problems = world.load([[
service "a" { executable = "/bin/echo" }
service "b" { executable = "/bin/echo", user = "web" }
service "c" { executable = "/bin/echo", chroot = "x" }
]], nil, { uid = 1000, gid = 1000 })
    assert.same({ 2, 48, "user of service 'b': only root can run a process as another user" },
      { problems[1].line, problems[1].column, problems[1].message })
    assert.same({ 3, 50, "chroot of service 'c': only root can enter a chroot" },
      { problems[2].line, problems[2].column, problems[2].message })
    assert.equal(2, #problems)
    local plan = assert(world.load('service "a" { executable = "/bin/echo" }', nil, { uid = 1000, gid = 1000 }))
    assert.same({ "1000", "1000" }, { plan.services[1].settings.user, plan.services[1].settings.group })
  end)

  it("takes base_dir from the command line first", function()
    local plan = assert(world.load('service "s" { executable = "$base_dir/x", unix_listener "l" {} }\n'
      .. 'settings { base_dir = "/run/a" }',
      nil, { base_dir = "/run/b" }))
    assert.equal("/run/b", plan.globals.base_dir)
    assert.equal("/run/b/x", plan.services[1].argv[1])
    assert.equal("/run/b/l", plan.services[1].listeners[1].path)
  end)

  it("warns of a budget that names a service that is not there", function()
    local plan, warnings = world.load('settings { policy = { budget { processes = 9, reserve = { wbe = 1 }, '
      .. 'weight = { web = 2, other = 3 } } } }\nservice "web" { executable = "/bin/echo" }', nil,
      { policies = { "budget" }, load_policy = require "reeve.test".policy })
    local said = {}
    for i, one in ipairs(warnings) do said[i] = one.severity .. ": " .. one.message end
    assert.same({ "warning: budget: reserve of 'wbe': there is no such service; did you mean 'web'?",
      "warning: budget: weight of 'other': there is no such service" }, said)
    assert.is_table(plan.policy)
  end)

  it("warns of a path that repeats base_dir, and works", function()
    local plan, warnings = world.load 'service "s" { executable = "/bin/echo", unix_listener "/run/reeve/l" {} }'
    assert.equal("/run/reeve/l", plan.services[1].listeners[1].path)
    assert.equal("warning", warnings[1].severity)
  end)
end)

describe("the dump", function()
  local dump = require "reeve.config.dump"
  local spec = require "reeve.spec"

  local function comparable(plan)
    local services = {}
    for i, s in ipairs(plan.services) do
      services[i] = { s.name, s.settings, s.argv, s.env, s.listeners, s.policy and plan.made[s.policy].word }
    end
    return { plan.globals, services }
  end

  it("gives the same plan when it is loaded again", function()
    local plan = assert(world.load(FULL))
    local text = dump.lua(plan, spec)
    local again, problems = world.load(text)
    assert(again, config.format(problems) .. text)
    assert.same({}, problems)
    assert.same(comparable(plan), comparable(again))
    assert.equal(text, dump.lua(again, spec))
  end)

  it("says where values were written, or shows only those", function()
    local plan = assert(world.load 'service "s" {\n  executable = "/bin/echo",\n}')
    assert.truthy(dump.lua(plan, spec,
      { origin = true }):find('executable = { "/bin/echo" }, -- /etc/reeve/reeve.lua:2:3', 1, true))
    assert.equal('settings {\n}\n\nservice "s" {\n  executable = { "/bin/echo" },\n}\n',
      dump.lua(plan, spec, { changed = true }))
  end)

  it("is exact JSON", function()
    local plan = assert(world.load(FULL))
    local shown = assert(require "dkjson".decode(dump.json(plan, spec)))
    assert.equal(math.maxinteger, shown.services[1].settings.idle_kill)
    assert.equal(true, shown.services[1].settings.drop_priv_before_exec)
    assert.same({ 8, 77 },
      { tonumber(shown.services[1].settings.extra_groups[1]), tonumber(shown.services[1].settings.extra_groups[2]) })
    assert.equal("breaker { fails = 5 }", shown.services[2].policy)
  end)
end)

describe("whatever is written", function()
  local lexer = require "reeve.config.lexer"

  --- The text with one token left out, doubled or swapped with the next.
  local function mutate(text, random)
    local tokens = lexer.tokens(text)
    local i = random(#tokens)
    local a, b = tokens[i], tokens[i % #tokens + 1]
    local token = text:sub(a.from, a.to)
    local how = random(4)
    if how == 1 then return text:sub(1, a.from - 1) .. text:sub(a.to + 1) end
    if how == 2 then return text:sub(1, a.to) .. " " .. token .. text:sub(a.to + 1) end
    if how == 3 then return text:sub(1, a.from - 1) .. text:sub(b.from, b.to) .. text:sub(a.to + 1) end
    return text:sub(1, a.from - 1) .. text:sub(a.from + 1)
  end

  it("ends in a plan or in problems with places in the text, never in a Lua error", function()
    local seed = 20240613
    local function random(n)
      seed = (seed * 1103515245 + 12345) & 0x7fffffff
      return (seed >> 8) % n + 1
    end
    local good, bad = 0, 0
    for round = 1, 2000 do
      local text = mutate(FULL, random)
      if round % 3 == 0 then text = mutate(text, random) end
      local ran, plan, problems = pcall(world.load, text)
      assert(ran, tostring(plan) .. "\n" .. text)
      assert.is_true(plan ~= nil or #problems > 0)
      local starts = lexer.line_starts(text)
      for _, p in ipairs(problems) do
        local last = (starts[p.line + 1] or #text + 2) - starts[p.line]
        assert(p.line >= 1 and p.line <= #starts and p.column >= 1 and p.column <= last + 1,
          ("%d:%d %s\n%s"):format(p.line, p.column, p.message, text))
      end
      assert.is_string(config.format(problems, "text"))
      if plan then good = good + 1 else bad = bad + 1 end
    end
    assert.is_true(good > 10 and bad > 1000)
  end)
end)
