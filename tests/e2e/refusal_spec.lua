-- Starts that must not succeed: the exit code, the sentence, and that nothing was touched.
local reeve = require "reeve"
local socket = require "socket"

local GOOD = [[service "s" { executable = "@worker@ --hold",
  inet_listener "s" { port = @port@, address = "127.0.0.1" } }]]

describe("a start is refused", function()
  after_each(reeve.clean)

  it("with 73 and the holder's pid when another instance has the base_dir", function()
    local d = reeve.start { config = GOOD }
    local c = d:clients(1)[1]
    local code, text = reeve.shell(reeve.build .. "/reeve run -c " .. d.config_path)
    assert.equal(73, code)
    assert.truthy(text:find(tostring(d:status().master_pid), 1, true), text)
    assert.truthy(text:find(d.base, 1, true), text)
    assert.equal(tostring(c.pid), c:ask "pid")
    d:stop()
  end)

  it("with 71 and the address when a port is taken, and nothing else is bound", function()
    local taken = assert(socket.bind("127.0.0.1", 0))
    local _, port = taken:getsockname()
    local code, text, d = reeve.refused { config = GOOD .. ([[service "t" { executable = "@worker@",
      unix_listener "t.sock" {}, inet_listener "t" { port = %d, address = "127.0.0.1" } }]]):format(port) }
    assert.equal(71, code)
    assert.truthy(text:find("127.0.0.1:" .. port, 1, true), text)
    assert.truthy(text:lower():find("in use", 1, true), text)
    d:assert_nothing_left()
    taken:close()
  end)

  it("with 78 and every error of the config, and nothing is bound", function()
    local code, text, d = reeve.refused { config = GOOD .. [[

      service "a" { executable = "@worker@", cleint_limit = 2 }
      service "b" { executable = "@worker@", idle_kill = 60 }
      service "c" { executable = "@worker@", process_limit = 1, process_min_avail = 2 }]] }
    assert.equal(78, code)
    for _, part in ipairs { "unknown setting 'cleint_limit'", "did you mean 'client_limit'?", "idle_kill", "60 what?",
      "process_min_avail", "3 errors", d.config_path .. ":" } do
      assert.truthy(text:find(part, 1, true), part .. " is not in:\n" .. text)
    end
    d:assert_nothing_left()
  end)

  it("with 78 and the position for a syntax error", function()
    local code, text, d = reeve.refused { config = [[service "a" { executable = "x" ]] }
    assert.equal(78, code)
    assert.truthy(text:find(reeve.literal(d.config_path) .. ":%d+"), text)
    d:assert_nothing_left()
  end)

  it("with 78 for an unknown user, by name", function()
    local code, text, d = reeve.refused { config = [[service "a" { executable = "@worker@", user = "no-such-user" }]] }
    assert.equal(78, code)
    assert.truthy(text:find("no-such-user", 1, true), text)
    d:assert_nothing_left()
  end)

  it("with 78 for a missing program, by path", function()
    local code, text, d = reeve.refused { config = [[service "a" { executable = "@dir@/no-such-program -x" }]] }
    assert.equal(78, code)
    assert.truthy(text:find(d.dir .. "/no-such-program", 1, true), text)
    d:assert_nothing_left()
  end)

  it("with 66 when there is no config file", function()
    local code, text = reeve.shell(reeve.build .. "/reeve run -c /nonexistent/reeve.lua")
    assert.equal(66, code)
    assert.truthy(text:find("/nonexistent/reeve.lua", 1, true), text)
  end)
end)

describe("a verb without a daemon", function()
  it("leaves with 69 and says where it looked", function()
    local code, text = reeve.shell(reeve.build .. "/reeve -b /nonexistent/base status")
    assert.equal(69, code)
    assert.truthy(text:find("/nonexistent/base", 1, true), text)
  end)
end)
