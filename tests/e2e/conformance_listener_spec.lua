-- What the listeners promise: a test for each row of the table, named `inet_listener.SETTING: rule` or
-- `unix_listener.SETTING: rule` (fifo_listener has the same settings).
local lfs = require "lfs"
local reeve = require "reeve"
local rules = require "rules"
local socket = require "socket"

local function start(listeners, settings)
  return reeve.start { settings = settings,
    config = ([[service "s" { executable = "@worker@ --hold", client_limit = 9, %s }]]):format(listeners) }
end

local function permissions(d, path)
  return lfs.attributes(d.base .. "/" .. path, "permissions")
end

describe("an inet_listener", function()
  after_each(reeve.clean)

  it("inet_listener.name: is told to the process; unset, it is the section's name", function()
    local d = start [[inet_listener "a" { port = @port@, address = "127.0.0.1", name = "web" },
      inet_listener "b" { port = @port2@, address = "127.0.0.1" }]]
    local c = d:clients(1)[1]
    assert.same({ "web", "b" }, { c:ask "env SOCKET0_SETTINGS", c:ask "env SOCKET1_SETTINGS" })
    d:stop()
  end)

  it("inet_listener.address: a list of addresses and host names; each address has its own socket", function()
    local d = start [[inet_listener "a" { port = @port@, address = { "127.0.0.1", "::1" } }]]
    assert.truthy(assert(d:connect()):ask "pid")
    local six = assert(d:connect "[::1]")
    assert.equal("2", six:ask "env SOCKET_COUNT")
    local other = socket.tcp4()
    assert.is_nil((other:connect("127.0.0.2", d:port())))
    d:stop()
  end)

  it("inet_listener.address: a host name is every address it has; an unknown one is refused by name", function()
    local c = rules.check [[service "s" { executable = "@worker@", inet_listener "a" { port = 80,
      address = "localhost" } }]]
    local _, known = reeve.shell "getent ahosts localhost" -- what this machine says of it
    local expected, found = {}, {}
    for address in known:gmatch "([%x:.]+)%s+STREAM" do expected[address] = true end
    if next(expected) then
      for _, l in ipairs(c.plan.services[1].listeners) do found[l.address] = true end
      assert.same(expected, found)
    else
      assert.truthy(c:refuses "localhost")
    end
    assert.truthy(rules.check [[service "s" { executable = "@worker@", inet_listener "a" { port = 80,
      address = "no-such-host.invalid" } }]]:refuses "no-such-host.invalid")
  end)

  it("inet_listener.address: is a text of words as the documentation writes it", function()
    local c = rules.check [[service "s" { executable = "@worker@", inet_listener "a" { port = 80,
      address = "127.0.0.1 ::" } }]]
    assert.same({ "127.0.0.1", "::" }, { c.plan.services[1].listeners[1].address,
      c.plan.services[1].listeners[2].address })
  end)

  it("inet_listener.port: where clients come; 0 disables the listener", function()
    local d = start [[inet_listener "a" { port = @port@, address = "127.0.0.1" }, inet_listener "off" { port = 0 }]]
    assert.equal("1", d:clients(1)[1]:ask "env SOCKET_COUNT")
    d:stop()
  end)

  it("inet_listener.ssl: is told to the process as a word of its socket", function()
    local d = start [[inet_listener "a" { port = @port@, address = "127.0.0.1", ssl = true }]]
    assert.equal("a\tssl", d:clients(1)[1]:ask "env SOCKET0_SETTINGS")
    d:stop()
  end)

  it("inet_listener.haproxy: is told to the process as a word of its socket", function()
    local d = start [[inet_listener "a" { port = @port@, address = "127.0.0.1", ssl = true, haproxy = true }]]
    assert.equal("a\tssl\thaproxy", d:clients(1)[1]:ask "env SOCKET0_SETTINGS")
    d:stop()
  end)

  it("inet_listener.reuse_port: sets SO_REUSEPORT, so that another of this user may bind the same port", function()
    for said, may in pairs { ["true"] = true, ["false"] = false } do
      local d = start(([[inet_listener "a" { port = @port@, address = "127.0.0.1", reuse_port = %s }]]):format(said))
      local s = socket.tcp4()
      assert(s:setoption("reuseport", true))
      assert.equal(may, s:bind("127.0.0.1", d:port()) ~= nil)
      s:close()
      d:stop()
    end
  end)
end)

describe("a unix_listener", function()
  after_each(reeve.clean)

  it("unix_listener.path: below base_dir; unset, it is the section's name", function()
    local d = start [[unix_listener "a" { path = "sub/other.sock", mode = "0666" }, unix_listener "b.sock" {}]]
    assert.truthy(assert(d:connect "sub/other.sock"):ask "pid")
    assert.truthy(permissions(d, "b.sock"))
    assert.is_nil(permissions(d, "a"))
    d:stop()
  end)

  it("unix_listener.user: owns the file; root where none is set", function()
    local d = start [[unix_listener "a" { user = "games" }, fifo_listener "f" { user = "games" }, unix_listener "b" {}]]
    local games = tonumber(rules.id("-u", "games"))
    for file, uid in pairs { a = games, f = games, b = 0 } do
      assert.equal(uid, lfs.attributes(d.base .. "/" .. file, "uid"))
    end
    d:stop()
  end)

  it("unix_listener.group: is the file's group; root's where none is set", function()
    local d = start [[unix_listener "a" { group = "mail" }, fifo_listener "f" { group = "mail" }, unix_listener "b" {}]]
    local mail = tonumber(rules.gid "mail")
    for file, gid in pairs { a = mail, f = mail, b = 0 } do
      assert.equal(gid, lfs.attributes(d.base .. "/" .. file, "gid"))
    end
    d:stop()
  end)

  it("unix_listener.mode: is the file's mode, 0700 where none is set; 0 disables the listener", function()
    local d = start [[unix_listener "a" { mode = "0664" }, fifo_listener "f" { mode = "0620" }, unix_listener "b" {},
      unix_listener "off" { mode = 0 }, fifo_listener "off2" { mode = "0" }]]
    assert.same({ "rw-rw-r--", "rw--w----", "rwx------" },
      { permissions(d, "a"), permissions(d, "f"), permissions(d, "b") })
    assert.is_nil(permissions(d, "off") or permissions(d, "off2"))
    d:stop()
  end)

  it("unix_listener.mode: a number is refused, because Lua reads it as decimal", function()
    assert.truthy(rules.check [[service "s" { executable = "@worker@", unix_listener "a" { mode = 0660 } }]]
      :refuses "Lua reads the number 0660 as decimal 660")
  end)
end)
