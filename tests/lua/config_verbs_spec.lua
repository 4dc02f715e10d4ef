package.path = "tests/lua/?.lua;" .. package.path
local world = require "config_world"

--- Runs a verb on a config. -> exit code, out, err
local function run(verb, text, ...)
  local out, err, opts = {}, {}, world.opts(text)
  opts.spec = require "reeve.spec"
  local ctx = {
    out = function(s) out[#out + 1] = s end, err = function(s) err[#err + 1] = s end,
    here = opts, spec = opts.spec, width = 80,
  }
  local code = require("reeve.verbs." .. verb)(ctx, { ... })
  return code, table.concat(out), table.concat(err)
end

local GOOD = 'service "web" { executable = "/srv/web" }\n'
local WARNED = 'service "web" { executable = "/srv/web", unix_listener "/run/reeve/w" {} }\n'

describe("reeve check", function()
  it("says that a config is good", function()
    assert.same({ 0, "/etc/reeve/reeve.lua is good: 1 service\n", "" }, { run("check", GOOD) })
  end)

  it("prints warnings and is content", function()
    local code, _, err = run("check", WARNED, "--format", "line")
    assert.equal(0, code)
    assert.equal("/etc/reeve/reeve.lua:1:56: warning: unix_listener '/run/reeve/w': '/run/reeve/w' begins "
      .. "with base_dir, where relative paths start anyway; write \"w\"\n", err)
  end)

  it("ends with 2 and the number of errors", function()
    local code, out, err = run("check", "usr = 1")
    assert.equal(2, code)
    assert.equal("", out)
    assert.truthy(err:find("\n1 error\n", 1, true))
  end)

  it("speaks JSON on stdout", function()
    local code, out = run("check", "usr = 1", "--format=json")
    assert.equal(2, code)
    assert.equal("global", require "dkjson".decode(out)[1].code)
  end)

  it("ends with 66 without a file, 64 with wrong options", function()
    assert.equal(66, (run("check", GOOD, "-c", "/nope")))
    local code, _, err = run("check", GOOD, "--fromat", "json")
    assert.same({ 64, "reeve: check: unknown option '--fromat'; did you mean '--format'?\n"
      .. "usage: reeve check [-c FILE] [--format text|json|line]\n" }, { code, err })
    assert.equal(64, (run("check", GOOD, "--format", "xml")))
    assert.equal(64, (run("check", GOOD, "-c")))
  end)

  it("does not depend on who asks", function()
    local opts = world.opts 'service "w" { executable = "/srv/web", user = "web" }'
    opts.uid = 1000
    local ctx = { out = function() end, err = function() end, here = opts }
    assert.equal(0, require "reeve.verbs.check"(ctx, {}))
  end)
end)

describe("reeve config", function()
  it("prints a config that can be loaded, and its origins", function()
    local code, out = run("config", GOOD, "--changed", "--origin")
    assert.equal(0, code)
    assert.equal('settings {\n}\n\nservice "web" {\n  executable = { "/srv/web" }, -- /etc/reeve/reeve.lua:1:17\n}\n',
      out)
    assert(world.load((select(2, run("config", GOOD)))))
  end)

  it("prints JSON", function()
    local _, out = run("config", GOOD, "--json")
    assert.same({ "/srv/web" }, { table.unpack(require "dkjson".decode(out).services[1].argv) })
  end)

  it("shows the errors of a broken one", function()
    assert.equal(2, (run("config", "usr = 1")))
    assert.equal(66, (run("config", GOOD, "-c", "/nope")))
    assert.equal(64, (run("config", GOOD, "--json", "--lua")))
  end)
end)

describe("reeve settings", function()
  it("explains one", function()
    assert.same({ 0, [[
idle_kill in service "name" { }
  An idle surplus of processes goes after this long; 0: default_idle_kill;
  "never"
  type      a duration ("60s", "5min", "1h")
  default   0
  bounds    from 0 up
  a change  replaces the processes
]], "" }, { run("settings", "", "idle_kill") })
  end)

  it("lists all of the table", function()
    local _, out = run("settings", "")
    for _, row in ipairs(require "reeve.spec".settings) do assert.truthy(out:find("\n  " .. row.name .. " ", 1,
      true)) end
    for line in out:gmatch "[^\n]+" do assert.is_true(#line <= 80, line) end
  end)

  it("finds a setting by the name of Dovecot 2.4, and knows other programs", function()
    assert.truthy(select(2, run("settings", "", "restart_request_count")):find("^service_count in"))
    assert.same({ 64, "", "reeve: settings: there is no setting 'ExecStart'; Reeve calls this 'executable'\n" },
      { run("settings", "", "ExecStart") })
    assert.same({ 64, "", "reeve: settings: there is no setting 'idle_kil'; did you mean 'idle_kill'?\n" },
      { run("settings", "", "idle_kil") })
  end)

  it("is JSON for programs", function()
    local _, out = run("settings", "", "contract", "--json")
    assert.same({ "reeve", "dovecot", "systemd" }, { table.unpack(require "dkjson".decode(out)[1].words, 1, 3) })
  end)
end)
