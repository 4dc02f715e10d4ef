-- Workers on libreeve, in Lua: PROXY headers, the notice that all are full, late privileges, opened files, passed
-- connections.
local reeve = require "reeve"
local rules = require "rules"
local socket = require "socket"

local PRELOAD = os.getenv "PRELOAD" and ('LD_PRELOAD = "%s",'):format(os.getenv "PRELOAD") or ""
local ENV = ('env = { LUA_CPATH = "%s/lua/?.so;;", ASAN_OPTIONS = "detect_leaks=0:verify_asan_link_order=0", %s },')
  :format(reeve.build, PRELOAD)

-- Writes NAME.lua (text) for each, executable, into the daemon's directory.
local function scripts(texts)
  return function(d)
    for name, text in pairs(texts) do
      reeve.write(d.dir .. "/" .. name .. ".lua", '#!/usr/bin/lua5.4\nlocal worker = require "reeve.worker"\n' .. text)
      assert(reeve.shell(("chmod 755 %s/%s.lua"):format(d.dir, name)) == 0)
    end
  end
end

local function start(config, settings, texts)
  return reeve.start { config = config:gsub("@env@", (ENV:gsub("%%", "%%%%"))), settings = settings,
    prepare = scripts(texts) }
end

local function connect(port)
  local s = assert(socket.connect("127.0.0.1", port))
  s:settimeout(60)
  return s
end

-- All that comes until the end.
local function say(port, text)
  local s = connect(port)
  s:send(text)
  local all, _, part = s:receive "*a"
  s:close()
  return all or part
end

local WHO = [[
for client in worker.clients() do
  local p = client:proxy()
  client:send(("%s %s:%d %s:%d %s %s\n"):format(p.is_local and "local" or "proxied", p.source or "-", p.source_port,
    p.destination or "-", p.destination_port, p.ssl and p.ssl_version or "plain", p.authority or "-"))
  client:send("line " .. (client:line() or "none") .. "\n")
end
]]

local BEHIND_PROXY = [[service "who" { executable = "@dir@/who.lua", client_limit = 1, @env@
  inet_listener "who" { port = @port@, address = "127.0.0.1", haproxy = true } }]]

describe("a listener with haproxy = true", function()
  after_each(reeve.clean)

  it("global.haproxy_trusted_networks: may send PROXY headers, which libreeve reads; others are closed", function()
    local d = start(BEHIND_PROXY, 'haproxy_trusted_networks = "192.0.2.0/24 127.0.0.0/8",', { who = WHO })
    assert.equal("proxied 192.0.2.7:1000 198.51.100.1:143 plain -\nline hello\n",
      say(d:port(), "PROXY TCP4 192.0.2.7 198.51.100.1 1000 143\r\nhello\n"))
    assert.equal("local -:0 -:0 plain -\nline PROXY TCP4\n", say(d:port(), "PROXY UNKNOWN\r\nPROXY TCP4\n"))
    assert.equal("", say(d:port(), "EHLO example.org\r\n"))
    d:wait_log "does not begin with a PROXY header"
    d:stop()
    d = start(BEHIND_PROXY, 'haproxy_trusted_networks = "192.0.2.0/24",', { who = WHO })
    assert.equal("", say(d:port(), "PROXY UNKNOWN\r\nhello\n"))
    d:wait_log "listener 'who': 127.0.0.1: not in haproxy_trusted_networks"
    d:stop()
  end)

  it("global.haproxy_timeout: is how long a header may take; a byte at a time is no way around it", function()
    local d = start(BEHIND_PROXY, 'haproxy_trusted_networks = "127.0.0.1", haproxy_timeout = "100ms",', { who = WHO })
    local s = connect(d:port())
    s:send "PROXY TCP4 192.0"
    d:wait_log "no whole PROXY header within haproxy_timeout"
    assert.is_nil(s:receive(1))
    s:close()
    d:stop()
    d = start(BEHIND_PROXY, 'haproxy_trusted_networks = "127.0.0.1", haproxy_timeout = "10min",', { who = WHO })
    s = connect(d:port())
    for c in ("PROXY TCP4 192.0.2.7 198.51.100.1 1 2\r\nhello\n"):gmatch "." do s:send(c) end
    assert.truthy(s:receive "*l":find "^proxied 192.0.2.7:1 ")
    assert.equal("600000", rules.proc(d:ps "who"[1].pid).env.HAPROXY_TIMEOUT)
    assert.equal("line hello", s:receive "*l")
    s:close()
    d:stop()
  end)

  it("takes real haproxy's headers, versions 1 and 2 with checksum and SSL fields", function()
    local d = start(BEHIND_PROXY, 'haproxy_trusted_networks = "127.0.0.1",', { who = WHO })
    local one, two = reeve.free_port(), reeve.free_port()
    reeve.write(d.dir .. "/haproxy.cfg", ([[
defaults
  mode tcp
  timeout connect 30s
  timeout client 60s
  timeout server 60s
listen one
  bind 127.0.0.1:%d
  server s 127.0.0.1:%d send-proxy
listen two
  bind 127.0.0.1:%d
  server s 127.0.0.1:%d send-proxy-v2 proxy-v2-options ssl,cert-cn,crc32c,unique-id
]]):format(one, d:port(), two, d:port()))
    local pid = reeve.shell_line(("haproxy -f %s/haproxy.cfg -q >%s/haproxy.log 2>&1 & echo $!"):format(d.dir, d.dir))
    for _, port in ipairs { one, two } do
      reeve.wait_until(function() return reeve.listening_inode(port) end, "haproxy to listen")
      local s = connect(port)
      local _, my = s:getsockname()
      s:send "hello\n"
      assert.equal(("proxied 127.0.0.1:%d 127.0.0.1:%d plain -"):format(my, port), s:receive "*l")
      assert.equal("line hello", s:receive "*l")
      s:close()
    end
    reeve.kill("TERM", pid)
    reeve.wait_gone(pid)
    d:stop()
  end)

  it("is warned about when nobody is trusted, and refused a network that is none", function()
    local text = [[service "s" { executable = "@worker@", inet_listener "a" { port = 80, haproxy = true } }]]
    assert.truthy(rules.check(text):warns "haproxy_trusted_networks is empty")
    assert.falsy(rules.check(text, 'haproxy_trusted_networks = "10.0.0.0/8 ::1",'):warns "haproxy_trusted_networks")
    for _, word in ipairs { "10.0.0.0/33", "localhost", "10.0.0", "::1/129", "10.0.0.0/8/8" } do
      assert.truthy(rules.check(text, ('haproxy_trusted_networks = "%s",'):format(word)):refuses "is no network")
    end
  end)
end)

local LOGIN = [[
local waiting = {}
worker.loop {
  open = function(client)
    waiting[#waiting + 1] = client
    client:send("+OK " .. worker.pid() .. "\n")
  end,
  data = function(client, text)
    if text:find "^login" then
      for i, one in ipairs(waiting) do if one == client then table.remove(waiting, i) end end
      client:send "logged in\n"
    else
      client:send(text)
    end
  end,
  close = function(client)
    for i, one in ipairs(waiting) do if one == client then table.remove(waiting, i) end end
  end,
  full = function()
    local oldest = table.remove(waiting, 1)
    if oldest then
      oldest:send "-ERR queue full\n"
      oldest:close()
    end
  end,
}
]]

describe("a login service whose processes are all full", function()
  after_each(reeve.clean)

  it("drops its oldest client that has not logged in, in a process that has one, for the next", function()
    local d = start([[service "login" { executable = "@dir@/login.lua", type = "login", client_limit = 2,
      process_limit = 2,
      user = "root", @env@ inet_listener "login" { port = @port@, address = "127.0.0.1" } }]], "", { login = LOGIN })
    local pids, open = {}, {}
    local function come()
      local s = connect(d:port())
      local pid = s:receive "*l":match "^%+OK (%d+)"
      pids[pid] = (pids[pid] or 0) + 1
      open[#open + 1] = { s = s, pid = pid }
      return s, pid
    end
    for _ = 1, 4 do come() end
    local first = open[1].pid
    for i = 1, 3 do -- only the last one of the four has not logged in
      open[i].s:send "login x\n"
      assert.equal("logged in", open[i].s:receive "*l")
    end
    d:wait_service("login", { live = 2, avail = 0, clients = 4 })
    local fresh = connect(d:port())
    assert.equal("-ERR queue full", open[4].s:receive "*l")
    assert.is_nil(open[4].s:receive(1))
    assert.truthy(fresh:receive "*l":find "^%+OK")
    for i = 1, 3 do -- nobody who had logged in was touched
      open[i].s:send "still?\n"
      assert.equal("still?", open[i].s:receive "*l")
    end
    assert.truthy(first)
    for _, one in ipairs(open) do one.s:close() end
    fresh:close()
    d:stop()
  end)
end)

describe("a worker that starts as root", function()
  after_each(reeve.clean)

  it("gives up its privileges when it has opened what it needs, and cannot take them back", function()
    local d = start([[service "s" { executable = "@dir@/late.lua", user = "games", extra_groups = "mail",
      client_limit = 1,
      drop_priv_before_exec = false, @env@ inet_listener "s" { port = @port@, address = "127.0.0.1" } }]], "",
        { late = [[
      local shadow = assert(io.open "/etc/shadow")
      worker.drop_privileges()
      for client in worker.clients() do
        client:send(shadow:read "l" and "open\n" or "closed\n")
        client:send(io.open "/etc/shadow" and "root\n" or "not root\n")
        for line in io.lines "/proc/self/status" do
          if line:find "^[UG]id" or line:find "^Groups" then client:send(line .. "\n") end
        end
        client:send((os.getenv "RESTRICT_SETUID" or "none") .. "\n")
      end]] })
    local text = say(d:port(), "")
    local uid, gid, mail = rules.id("-u", "games"), rules.id("-g", "games"), rules.gid "mail"
    assert.truthy(text:find("^open\nnot root\n"))
    assert.truthy(text:find("Uid:\t" .. rules.all(uid), 1, true))
    assert.truthy(text:find("Gid:\t" .. rules.all(gid), 1, true))
    local groups = {}
    for id in text:match "Groups:([^\n]*)":gmatch "%d+" do groups[id] = true end
    assert.same({ [gid] = true, [mail] = true }, groups)
    d:stop()
  end)

  it("service.open_files: is given what only root may read; a reload after a change brings the new text", function()
    local config = [[service "s" { executable = "@dir@/key.lua", user = "nobody", client_limit = 1,
      process_min_avail = 1,
      open_files = { KEY = "@dir@/key" }, @env@ inet_listener "s" { port = @port@, address = "127.0.0.1" } }]]
    config = config:gsub("@env@", (ENV:gsub("%%", "%%%%")))
    local d = reeve.start { config = config, prepare = function(new)
      scripts { key = [[
        local text = worker.file "KEY"
        for client in worker.clients() do
          local _, why = worker.file "OTHER"
          client:send(("%s|%s|%s\n"):format(text, io.open(os.getenv "KEY_PATH" or "/etc/shadow") and "readable"
            or "not", why))
        end]] }(new)
      reeve.write(new.dir .. "/key", "first")
      reeve.shell(("chmod 600 %s/key"):format(new.dir))
    end }
    assert.equal("first|not|open_files of the service has no 'OTHER'\n", say(d:port(), ""))
    local kept, said = d:reeve "reload"
    assert.equal(0, kept)
    assert.truthy(said:find "keep   s\n")
    reeve.write(d.dir .. "/key.new", "second")
    reeve.shell(("chmod 600 %s/key.new && mv %s/key.new %s/key"):format(d.dir, d.dir, d.dir))
    local code, text = d:reeve "reload"
    assert.equal(0, code)
    assert.truthy(text:find "renew  s %(open_files%)")
    reeve.wait_until(function() -- there may be more than one that has the old text
      for _, one in ipairs(d:ps "s") do
        if one.generation == 1 then return false end
      end
      return true
    end, "the end of the old processes")
    assert.equal("second", say(d:port(), ""):match "^[^|]*")
    os.remove(d.dir .. "/key")
    code, text = d:reeve "reload"
    assert.equal(2, code)
    assert.truthy(text:find("'" .. d.dir .. "/key' does not exist", 1, true))
    assert.equal("second", say(d:port(), ""):match "^[^|]*")
    reeve.kill("KILL", d:status().engine_pid) -- what is gone from the disk is no reason to lose the engine
    reeve.wait_until(function()
      local s = d:try_status()
      return s and not s.degraded
    end, "another engine")
    assert.equal("second", say(d:port(), ""):match "^[^|]*")
    d:stop()
  end)
end)

local FRONT = [[
for client in worker.clients() do
  client:send "name? "
  local name = client:line()
  local good, why = worker.send_fd(%q, client, name or "", 30)
  if not good then client:send("no: " .. why .. "\n") end
end
]]

local BACK = [[
for client in worker.clients() do
  local name, why = client:receive_fd(30)
  if name == "root" then
    client:answer "root may not come in"
  elseif name and client:answer() then
    client:send("welcome " .. name .. " from " .. worker.pid() .. "\n")
    for line in client.line, client do client:send("you said " .. line .. "\n") end
  else
    worker.log("warning", "nothing was passed: " .. tostring(why))
  end
end
]]

describe("a connection that a login service passes on", function()
  after_each(reeve.clean)

  local function pair()
    return reeve.start { config = ([[
      service "login" { executable = "@dir@/front.lua", type = "login", client_limit = 1, process_limit = 5,
        user = "root", @env@
        inet_listener "login" { port = @port@, address = "127.0.0.1" } }
      service "session" { executable = "@dir@/back.lua", client_limit = 1, process_limit = 2, @env@
        unix_listener "session" { mode = "0666" } }]]):gsub("@env@", (ENV:gsub("%%", "%%%%"))),
      prepare = function(d) scripts { front = FRONT:format(d.base .. "/session"), back = BACK }(d) end }
  end

  it("is served by the session, which is counted and limited as any; the login process is free again", function()
    local d = pair()
    local s = connect(d:port())
    s:send "alice\n"
    assert.truthy(s:receive "*l":find "^name%? welcome alice from %d+")
    d:wait_service("login", { clients = 0, live = 1 })
    d:wait_service("session", { clients = 1, busy = 1 })
    s:send "hello\n"
    assert.equal("you said hello", s:receive "*l")
    local refused = say(d:port(), "root\n")
    assert.equal("name? no: root may not come in\n", refused)
    s:send "still here\n"
    assert.equal("you said still here", s:receive "*l")
    s:close()
    d:wait_service("session", { clients = 0 })
    d:stop()
  end)

  it("is told to the client when nobody takes it", function()
    local d = pair()
    assert(select(1, d:reeve "service stop session") == 0)
    assert.truthy(say(d:port(), "alice\n"):find "no: .*/session: No such file or directory")
    d:stop()
  end)
end)
