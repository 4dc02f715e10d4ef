-- reeve import dovecot: what doveconf prints becomes a config, and what does not is said.
local doveconf = require "reeve.compat.doveconf"
local import = require "reeve.compat.import"

local PRINTED <const> = [[
# 2.3.19.1 (9b53102964): /etc/dovecot/dovecot.conf
base_dir = /run/dovecot
default_idle_kill = 1 mins
default_vsz_limit = 256 M
import_environment = TZ NOTIFY_SOCKET LANG=C
listen = 127.0.0.1, ::1
log_timestamp = "%b %d "
protocols = " imap lmtp"
shutdown_clients = no
ssl = required
passdb {
  args = /etc/users
  driver = passwd-file
}
service imap-login {
  chroot = login
  client_limit = 0
  drop_priv_before_exec = no
  executable = imap-login -D
  extra_groups =
  idle_kill = 4294967295 secs
  inet_listener imap {
    address = 10.0.0.1, 10.0.0.2
    haproxy = yes
    port = 143
    reuse_port = no
    ssl = no
  }
  inet_listener {
    port = 0
  }
  process_limit = 500
  protocol = imap
  service_count = 1
  type = login
  user = $default_login_user
  vsz_limit = 18446744073709551615 B
}
service odd {
  executable = odd
  idle_kill = 10 fortnights
  shoe_size = 44
  sub {
    a = b
  }
  unix_listener login/odd {
    group = $default_internal_group
    mode = 0666
    user =
  }
  unix_listener off {
    mode = 00
  }
  user =
  vsz_limit = 512 M
}
service gone {
  executable = gone
}
service none {
  executable =
}
]]

local function imported(options)
  options = options or { file = "/etc/dovecot/dovecot.conf", probe = function(path)
    return path:find "gone" and "missing" or "ok"
  end }
  return import.config(assert(doveconf.parse(PRINTED)), options)
end

local function has(text, part)
  assert(text:find(part, 1, true), ("'%s' is not in:\n%s"):format(part, text))
end

describe("import dovecot", function()
  it("reads blocks in blocks, quoted values and comments", function()
    local tree = assert(doveconf.parse(PRINTED))
    assert.equal("%b %d ", tree.values.log_timestamp)
    assert.equal("passdb", tree.blocks[1].kind)
    assert.equal("imap-login", tree.blocks[2].title)
    assert.same({ "imap", "" }, { tree.blocks[2].blocks[1].title, tree.blocks[2].blocks[2].title })
  end)

  it("names the line that it does not understand, and a block without an end", function()
    assert.same({ nil, "line 2 of what doveconf printed is not understood: what?" }, { doveconf.parse "a = b\nwhat?" })
    assert.same({ nil, "what doveconf printed ends inside a block" }, { doveconf.parse "service a {\n" })
  end)

  it("carries over what the master uses, in Reeve's words", function()
    local text = imported()
    has(text, 'base_dir = "/run/dovecot",')
    has(text, 'default_idle_kill = "60s",')
    has(text, 'default_vsz_limit = "256M",')
    has(text, 'listen = { "127.0.0.1", "::1" },')
    has(text, 'log_timestamp = "%b %d ",')
    has(text, 'protocols = { "imap", "lmtp" },')
    has(text, 'ssl = "required",')
    has(text, 'import_environment = { "TZ", "LANG=C" },')
    has(text, "shutdown_clients = false,")
    has(text, 'stop_timeout = "never",')
    has(text, "doveadm = true,")
    assert.is_nil(text:find("passwd-file", 1, true))
  end)

  it("carries over services and their listeners", function()
    local text = imported()
    has(text, 'executable = "imap-login -D",')
    has(text, 'idle_kill = "never",')
    has(text, "process_limit = 500,")
    has(text, 'inet_listener "imap" { address = { "10.0.0.1", "10.0.0.2" }, port = 143, haproxy = true },')
    has(text, 'inet_listener "unnamed" { name = "", port = 0 },')
    has(text, 'user = "$default_login_user",')
    has(text, 'user = "root",')
    has(text, 'vsz_limit = "512M",')
    has(text, 'unix_listener "login/odd" { mode = "0666", group = "$default_internal_group" },')
    has(text, 'unix_listener "off" { mode = "0" },')
    assert.is_nil(text:find("client_limit", 1, true)) -- 0 is the default
  end)

  it("says what it cannot carry over, line by line and in its place", function()
    local text, notes = imported()
    assert.same({
      "service odd: idle_kill: '10 fortnights' is not a time",
      "service odd: the block sub {}",
      "service odd: the setting shoe_size = 44",
      "service gone: /usr/lib/dovecot/gone is not there, or cannot be run",
    }, notes)
    for _, sentence in ipairs(notes) do has(text, "-- not carried over: " .. sentence) end
    has(text, '-- service "none": dovecot.conf gives it no executable, so there is none\n') -- nothing is lost by that
  end)

  it("marks what differs from Dovecot's defaults, and says what a service is there for", function()
    local defaults = assert(doveconf.parse [[
default_idle_kill = 1 mins
protocols = imap pop3
service imap-login {
  chroot = login
  client_limit = 0
  executable = imap-login
  idle_kill = 0
  inet_listener imap {
    address =
    haproxy = no
    port = 143
  }
  process_limit = 0
  service_count = 0
  user = dovenull
  vsz_limit = 512 M
}
]])
    local text = imported { file = "f", defaults = defaults }
    for _, line in ipairs {
      'protocols = { "imap", "lmtp" }, -- dovecot.conf; default { "imap", "pop3" }\n',
      'default_idle_kill = "60s",\n',
      '-- greets IMAP clients until they have logged in, and relays TLS\nservice "imap-login" {\n',
      'chroot = "login",\n',
      'executable = "imap-login -D", -- dovecot.conf; default "imap-login"\n',
      'process_limit = 500, -- dovecot.conf; default default_process_limit\n',
      'idle_kill = "never", -- dovecot.conf; default default_idle_kill\n',
      'service_count = 1, -- dovecot.conf; default 0\n',
      '-- vsz_limit: default_vsz_limit in dovecot.conf; default "512M"\n',
      'port = 143, haproxy = true }, -- dovecot.conf; default address none, haproxy no\n',
      'inet_listener "unnamed" { name = "", port = 0 }, -- dovecot.conf\n',
      '-- of dovecot.conf alone\nservice "odd" {\n',
    } do has(text, line) end
  end)

  it("says what to do with a key that wants a password, unless dovecot.conf has it", function()
    local function about(key)
      local _, notes = import.config(assert(doveconf.parse "ssl = yes\n"), { file = "f", key = key })
      return notes
    end
    local notes = about { path = "/etc/key.pem", is_encrypted = true, password = "" }
    has(notes[1], "ssl_key: /etc/key.pem is encrypted, and nobody asks for its password as `dovecot -p` does")
    has(notes[1], "openssl pkey -in /etc/key.pem")
    assert.same({}, about { path = "/etc/key.pem", is_encrypted = true, password = "secret" })
    assert.same({}, about { path = "/etc/key.pem", is_encrypted = false, password = "" })
  end)

  it("names users and groups that are not on this system", function()
    local tree = assert(doveconf.parse "service a {\n executable = a\n user = nobodyhere\n group = root\n}\n")
    local _, notes = import.config(tree, { file = "f", names = {
      user = function() return nil end, group = function() return 0 end } })
    assert.same({ "service a: there is no user 'nobodyhere' on this system: make it, or the config stays in error" },
      notes)
  end)
end)
