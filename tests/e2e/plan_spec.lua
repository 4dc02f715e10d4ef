-- `reeve plan -c FILE` compares a file with the running instance by itself: what it says is what the master says once
-- that file is the daemon's.
local json = require "dkjson"
local reeve = require "reeve"

local function service(name, settings, rest)
  return ([[service "%s" { executable = "@worker@ --hold", client_limit = 9, %s
    unix_listener "%s.sock" { mode = "0666" }, %s }
  ]]):format(name, settings or "", name, rest or "")
end

-- What is in force, and what the file says instead; each is one plan.
local BASE <const> = service "a" .. service("b", "env = { A = \"1\" },") .. service "gone"
  .. [[service "an" { executable = "@worker@ --hold", type = "anvil", client_limit = 9 }]]

local CHANGES <const> = {
  ["nothing"] = BASE,
  ["a service more and one less"] = service "a" .. service "new",
  ["limits"] = service("a", "process_limit = 3, idle_kill = \"5s\", process_min_avail = 1,") .. service "b",
  ["what the program gets"] = service("a", "env = { A = \"2\" },") .. service("b", "env = { A = \"1\", B = \"2\" },"),
  ["the program"] = [[service "a" { executable = "@worker@ --hold --more", client_limit = 9,
    unix_listener "a.sock" { mode = "0666" } }]],
  ["the mode of a listener"] = [[service "a" { executable = "@worker@ --hold", client_limit = 9,
    unix_listener "a.sock" { mode = "0600" } }]],
  ["another listener"] = service("a", nil, [[inet_listener "x" { port = @port@, address = "127.0.0.1" }]]),
  ["a file to open"] = service("a", "open_files = { conf = \"@dir@/worker\" },"),
  ["an anvil, softly and hard"] = [[service "an" { executable = "@worker@ --hold", type = "anvil", client_limit = 9,
    env = { A = "1" } }]],
  ["an anvil with another program"] = [[service "an" { executable = "@worker@ --hold -x", type = "anvil",
    client_limit = 9 }]],
  ["several at once"] = service("a", "rlimits = { nofile = 99 }, policy = hybrid(),", [[unix_listener "z" {}]])
    .. service("b", "description = \"x\",") .. service "c",
}

describe("plan -c FILE", function()
  after_each(reeve.clean)

  it("says what `reeve plan` says of the same file, and changes nothing", function()
    local d = reeve.start { config = BASE }
    local other, generation = d.dir .. "/other.lua", d:status().generation
    assert.equal(0, (d:reeve "service stop b"))
    for what, config in pairs(CHANGES) do
      d:configure(config)
      local code, text = d:reeve "plan --json"
      assert.equal(0, code, what .. ": " .. text)
      reeve.shell(("mv %s %s"):format(d.config_path, other))
      d:configure "this is no config"
      assert.same({ 0, text }, { d:reeve("plan --json -c " .. other) }, what)
      local answer, lines = json.decode(text), {}
      for i, c in ipairs(answer.changes) do
        lines[i] = ("%-6s %s%s%s"):format(c.change, c.service, #c.because > 0 and " (" .. table.concat(c.because, ", ")
          .. ")" or "", c.stopped and ", stopped" or "")
      end
      assert.equal(answer.text, table.concat(lines, "\n"), what)
    end
    assert.equal(generation, d:status().generation)
    assert.equal(0, (d:reeve "service start b"))
    d:stop()
  end)

  it("compares with the daemon's own environment and -b, wherever -c stands", function()
    local d = reeve.start { config = service "a", settings = [[import_environment = "NIGHT",]], env = { NIGHT = "1" } }
    d.env = "NIGHT=2"
    assert.same({ 0, "keep   a\n" }, { d:reeve("-c " .. d.config_path .. " plan") })
    d:configure(service "a", [[import_environment = "NIGHT=2",]])
    assert.same({ 0, "renew  a (env)\n" }, { d:reeve("plan --config=" .. d.config_path) })
    d:stop()
  end)

  it("says every error of the file, that there is none, and what cannot change", function()
    local d = reeve.start { config = service "a" }
    local other = d.dir .. "/other.lua"
    local function of(text, words)
      reeve.write(other, text)
      return d:reeve(("plan -c %s %s"):format(other, words or ""))
    end
    local code, text = of "service(1)\nfoo = 2\n"
    assert.equal(2, code, text)
    assert.truthy(text:find("other.lua:1:1: error:", 1, true) and text:find("other.lua:2:1: error:", 1, true), text)
    local as_json
    code, as_json = of("service(1)\nfoo = 2\n", "--json")
    assert.same({ 2, false, (text:gsub("\n$", "")) }, { code, json.decode(as_json).ok, json.decode(as_json).text })
    code, text = of "settings { base_dir = \"/run/other\" }"
    assert.equal(2, code, text)
    assert.truthy(text:find("base_dir cannot change while the daemon runs", 1, true), text)
    code, text = d:reeve "plan -c /nowhere/reeve.lua"
    assert.equal(66, code, text)
    assert.truthy(text:find("/nowhere/reeve.lua", 1, true), text)
    code, text = of("", "--josn")
    assert.equal(64, code, text)
    assert.truthy(text:find("did you mean '--json'", 1, true), text)
    code, text = d:reeve("reload -c " .. other)
    assert.equal(64, code, text)
    assert.truthy(text:find("`reeve plan -c " .. other .. "` compares another", 1, true), text)
    d:stop()
    code, text = reeve.shell(("%s/reeve -b %s plan -c %s"):format(reeve.build, d.dir, other))
    assert.equal(69, code, text)
  end)

  it("reads the file with the rights of who asks", function()
    local d = reeve.start { config = service "a",
      settings = [[control = { operators = "nobody", observers = "daemon" },]] }
    local other = d.dir .. "/other.lua"
    local function as(user)
      return reeve.shell(("setpriv --reuid %s --regid nogroup --clear-groups %s/reeve -b %s plan -c %s"):format(user,
        reeve.build, d.base, other))
    end
    reeve.write(other, "local secret = 1 1")
    assert.equal(0, (reeve.shell("chmod 0600 " .. other)))
    local code, text = as "nobody"
    assert.equal(66, code, text)
    assert.is_nil(text:find("secret", 1, true))
    code, text = as "daemon"
    assert.equal(77, code, text)
    d:stop()
  end)
end)
