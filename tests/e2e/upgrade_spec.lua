-- `reeve upgrade`: the running daemon becomes the programs on disk. Nobody who is connected, waits, drains or is
-- throttled may notice; a program that will not do changes nothing.
local lfs = require "lfs"
local reeve = require "reeve"

local function service(name, settings, options)
  return ([[service "%s" { executable = "@worker@ --hold %s", client_limit = 1, process_limit = 4, %s }
  ]]):format(name, options or "", settings or "")
end

local TCP <const> = [[inet_listener "tcp" { port = @port@, address = "127.0.0.1" },]]
local S <const> = service("s", TCP .. [[unix_listener "s.sock" { mode = "0666" },]])

local function fds(pid)
  local list = {}
  for name in lfs.dir("/proc/" .. pid .. "/fd") do
    if name:find "^%d+$" then list[#list + 1] = tonumber(name) end
  end
  return list
end

-- Those of the master that a service would inherit.
local function open_to_services(pid)
  local list = {}
  for _, fd in ipairs(fds(pid)) do
    local flags = (reeve.read(("/proc/%d/fdinfo/%d"):format(pid, fd)) or ""):match "flags:%s*(%d+)"
    if fd > 2 and flags and tonumber(flags, 8) & tonumber("2000000", 8) == 0 then list[#list + 1] = fd end
  end
  return list
end

local function upgrade(d)
  local code, text = d:reeve "upgrade"
  assert(code == 0, text)
  return text
end

local function refused(d, pattern)
  local code, text = d:reeve "upgrade"
  assert.equal(2, code, text)
  assert.truthy(text:find(pattern), text)
  return text
end

-- Puts another program in the place of one of the daemon's own; by rename, as packages do.
local function install(d, name, text)
  reeve.write(d.bin .. "/new", text)
  assert(reeve.shell(("chmod 755 %s/new && mv %s/new %s/%s"):format(d.bin, d.bin, d.bin, name)) == 0)
end

-- The next version of all of them: the same with another number, which is returned, and the present one.
local function install_next(d)
  local now = reeve.shell_line(d.bin .. "/reeved --version"):match "^reeved (%S+)$"
  local next_one = now:sub(1, -2) .. (now:sub(-1) == "9" and "8" or "9")
  for _, name in ipairs { "reeved", "reeve-engine", "reeve-log" } do
    local text, n = reeve.read(d.bin .. "/" .. name):gsub(reeve.literal(now), next_one)
    assert(name == "reeve-log" or n > 0)
    install(d, name, text)
  end
  return next_one, now
end

local function starts(d)
  local of = {}
  for _, s in ipairs(d:status().services) do of[s.name] = s.starts end
  return of
end

describe("an upgrade", function()
  after_each(reeve.clean)

  it("leaves clients, processes and sockets alone, and runs the new version of everything", function()
    local d = reeve.start { config = S, own_programs = true }
    local before, master = d:status(), d:status().master_pid
    local clients, idle = d:clients(2), d:clients(1, "s.sock")[1]
    local inode, file = reeve.listening_inode(d:port()), lfs.attributes(d.base .. "/s.sock", "ino")
    d:wait_service("s", { busy = 3 })
    local new, old = install_next(d)
    assert.truthy(upgrade(d):find(("reeve %s goes on from %s with 3 processes\n"):format(new, old), 1, true))
    for _, c in ipairs(clients) do assert.equal(tostring(c.pid), c:ask "pid") end
    assert.equal(tostring(idle.pid), idle:ask "pid")
    local after = d:wait_service("s", { busy = 3, starts = 3, clients = 3 })
    assert.equal(0, after.exits)
    assert.equal(master, d:status().master_pid)
    assert.not_equal(before.engine_pid, d:status().engine_pid)
    assert.equal(before.generation, d:status().generation)
    assert.truthy(select(2, d:reeve "status"):find(("reeve %s, generation 1"):format(new), 1, true))
    assert.equal(inode, reeve.listening_inode(d:port()))
    assert.equal(file, lfs.attributes(d.base .. "/s.sock", "ino"))
    clients[3] = d:clients(1)[1]
    clients[1]:ask "bye"
    d:wait_service("s", { busy = 3, idle = 1 })
    d:stop()
  end)

  it("keeps watching the processes: how they end, what they may take, when they are due", function()
    local d = reeve.start { config = service("s", TCP .. [[stop_timeout = "4s",]])
      .. service("deaf", [[unix_listener "deaf.sock" { mode = "0666" }, stop_timeout = "8s", kill_after = "1s",]],
        "--ignore-dead --ignore-term") }
    local clients, deaf = d:clients(3), d:clients(1, "deaf.sock")[1]
    assert.equal(0, (d:reeve "service drain deaf"))
    d:wait_service("deaf", { draining = 1 })
    upgrade(d)
    clients[1]:say "exit 7"
    d:wait_log(("process %d ended with status 7"):format(clients[1].pid))
    reeve.kill("ABRT", clients[2].pid)
    d:wait_log(("process %d was ended by signal 6"):format(clients[2].pid))
    d:wait_service("s", { exits = 2, crashes = 2, busy = 1 })
    d:wait_log(("process %d did not end 1000 ms after SIGTERM and is killed"):format(deaf.pid))
    d:wait_service("deaf", { draining = 0, exits = 1 })
    clients[3]:ask "bye"
    d:wait_service("s", { busy = 0 })
    d:stop()
  end)

  it("serves those who waited, and lets nobody in who had no place", function()
    local d = reeve.start { config = service("s", TCP .. "process_limit = 2,"):gsub("process_limit = 4,", "") }
    local clients = d:clients(2)
    local waiting = assert(d:connect())
    waiting:say "pid"
    d:wait_service("s", { waiting = 1 })
    upgrade(d)
    d:wait_service("s", { waiting = 1, live = 2 })
    assert.is_true(waiting:is_waiting())
    clients[1]:ask "bye"
    assert.truthy(waiting:answer())
    d:wait_service("s", { waiting = 0, busy = 2 })
    d:stop()
  end)

  it("keeps a throttle, an operator's word, what is stopped, and every counter", function()
    local d = reeve.start { config = service("bad",
        "process_min_avail = 1, policy = function() return { throttle = { first = 900 } } end,", "--exit-early 3")
      .. service("off", TCP) .. service("more", [[unix_listener "m.sock" { mode = "0666" },]]) }
    assert.equal(0, (d:reeve "service scale more 3..4"))
    assert.equal(0, (d:reeve "service stop off"))
    d:wait_service("more", { live = 3 })
    local bad = reeve.wait_until(function()
      local s = d:service "bad"
      return s.start_failures >= 1 and s.hold_ms and s.hold_ms > 100000 and s
    end, "the throttle")
    upgrade(d)
    local same = d:service "bad"
    assert.equal(bad.starts, same.starts)
    assert.equal(bad.start_failures, same.start_failures)
    assert.is_true(same.hold_ms > 100000)
    assert.equal(3, d:service "more".live)
    assert.truthy(select(2, d:reeve "why more"):find("operator", 1, true))
    assert.is_nil(d:connect())
    assert.equal(0, (d:reeve "service start off"))
    assert.truthy(d:clients(1)[1])
    d:stop()
  end)

  it("goes on writing the lines of old processes under their names, and its own", function()
    local d = reeve.start { config = service("a", [[unix_listener "a.sock" { mode = "0666" },]])
      .. service("b", [[unix_listener "b.sock" { mode = "0666" },]]), settings = [[log_path = "@dir@/all",]] }
    d:wait_service("log", { idle = 1 })
    local a, b = d:clients(1, "a.sock")[1], d:clients(1, "b.sock")[1]
    a:ask "log before"
    local log = d:ps "log"[1].pid
    upgrade(d)
    a:ask "log after"
    b:ask "warn with a header"
    reeve.wait_until(function()
      local text = reeve.read(d.dir .. "/all") or ""
      return text:find(("a%%[%d%%]: before\n.*a%%[%d%%]: after\n"):format(a.pid, a.pid))
        and text:find(("warning b%%[%d%%]: with a header\n"):format(b.pid))
        and text:find "info reeved%[%d+%]: Reeve %S+ goes on from %S+: 3 processes of 3 services\n"
    end, function() return "the lines in " .. (reeve.read(d.dir .. "/all") or "(none)") end)
    d:wait_service("log", { idle = 1, live = 1 })
    assert.not_equal(log, d:ps "log"[1].pid)
    d:stop()
  end)

  it("twenty times under load is not noticed, and leaves no descriptor behind", function()
    local d = reeve.start { config = [[service "echo" { executable = "@worker@ --hold", client_limit = 50,
      process_limit = 12, process_min_avail = 2, idle_kill = "1h", unix_listener "echo.sock" { mode = "0666" },
      inet_listener "tcp" { port = @port@, address = { "127.0.0.1", "::1" } } } ]] }
    local master, inode = d:status().master_pid, reeve.listening_inode(d:port())
    local leaks = open_to_services(master) -- what our own caller has left open
    local stop_load = d:load("echo.sock", { stay = 10, rate = 100 })
    local processes, files = d:ps "echo", nil
    for _ = 1, 20 do
      upgrade(d)
      files = files or #fds(master)
    end
    local same = d:ps "echo"
    for i, p in ipairs(processes) do assert.equal(p.pid, same[i].pid) end
    reeve.assert_no_loss(stop_load(), 30000)
    assert.equal(inode, reeve.listening_inode(d:port()))
    assert.equal(master, d:status().master_pid)
    assert.is_true(#fds(master) <= files + 3 * (starts(d).echo - #processes))
    assert.same(leaks, open_to_services(master))
    d:stop()
  end)

  it("a hundred times, with reloads, restarts and killed engines between, costs nobody anything #slow", function()
    local d = reeve.start { config = [[service "echo" { executable = "@worker@ --hold", client_limit = 50,
      process_limit = 20, process_min_avail = 3, unix_listener "echo.sock" { mode = "0666" },
      inet_listener "tcp" { port = @port@, address = { "127.0.0.1", "::1" } } } ]] }
    local master = d:status().master_pid
    local leaks, stop_load = open_to_services(master), d:load("echo.sock", { stay = 20, rate = 200 })
    for i = 1, 100 do
      if i % 10 == 3 then assert.equal(0, (d:reeve "reload")) end
      if i % 10 == 5 then assert.equal(0, (d:reeve "service restart echo")) end
      if i % 10 == 7 then reeve.kill("KILL", d:status().engine_pid) end
      if i % 10 == 9 then reeve.kill("USR2", master) end -- two at a time: the second is refused, or comes after it
      local code, text
      reeve.wait_until(function()
        code, text = d:reeve "upgrade"
        return i % 10 ~= 9 or not text:find "an upgrade is under way already"
      end)
      assert.equal(0, code, text)
    end
    reeve.assert_no_loss(stop_load(), 30000)
    assert.equal(master, d:status().master_pid)
    assert.same(leaks, open_to_services(master))
    assert.is_true(#fds(master) < 120, #fds(master) .. " descriptors")
    d:stop()
  end)

  it("is refused by a program that fails, crashes, or is of another build; the old one goes on", function()
    local d = reeve.start { config = S, own_programs = true }
    local c, engine = d:clients(1)[1], d:status().engine_pid
    local good = reeve.read(d.bin .. "/reeved")
    install(d, "reeved", "#!/bin/sh\necho no such thing >&2\nexit 3\n")
    refused(d, "reeve: upgrade: [^\n]*/bin/reeved, when it was tried: no such thing %(status 3%); reeve %S+ goes on\n")
    install(d, "reeved", "#!/bin/sh\nkill -SEGV $$\n")
    refused(d, "was ended by signal 11 %(Segmentation fault%)")
    install(d, "reeved", "no program")
    refused(d, "cannot be run: exec [^\n]*: Exec format error")
    os.remove(d.bin .. "/reeved")
    refused(d, "No such file or directory")
    install(d, "reeved", good)
    assert(reeve.shell(("chmod 777 %s/reeved"):format(d.bin)) == 0)
    refused(d, "can be written by others %(owner 0, mode 0777%)")
    assert(reeve.shell(("chmod 755 %s/reeved; chmod 777 %s"):format(d.bin, d.bin)) == 0)
    refused(d, "can be replaced by others %(mode 0777")
    assert(reeve.shell(("chmod 755 %s"):format(d.bin)) == 0)
    install(d, "reeved", "#!/bin/sh\nexit 0\n")
    refused(d, "it said nothing %(status 0%)")
    install(d, "reeved", good)
    local its_engine = reeve.read(d.bin .. "/reeve-engine")
    install(d, "reeve-engine", "#!/bin/sh\necho 0123456789abcdef\n")
    refused(d, "reeve%-engine is of another build")
    install(d, "reeve-engine", its_engine)
    assert.equal(engine, d:status().engine_pid)
    assert.equal(tostring(c.pid), c:ask "pid")
    local json = select(2, d:json "upgrade")
    assert.truthy(json:find '"ok":true' and json:find '"processes":1', json)
    assert.equal(tostring(c.pid), c:ask "pid")
    d:stop()
  end)

  it("goes back when the program cannot be executed after all", function()
    local d = reeve.start { config = S, own_programs = true }
    local c, master, engine = d:clients(1)[1], d:status().master_pid, d:status().engine_pid
    local leaks = open_to_services(master)
    -- it takes its own interpreter away when it is tried
    assert(reeve.shell(("cp /bin/sh %s/sh"):format(d.bin)) == 0)
    install(d, "reeved", ("#!%s/sh\nrm %s/sh\necho can go on as reeved 7 >&2\n"):format(d.bin, d.bin))
    refused(d, "reeve: upgrade: [^\n]*/bin/reeved cannot be run: No such file or directory; reeve %S+ goes on\n")
    assert.not_equal(engine, d:status().engine_pid)
    assert.same(leaks, open_to_services(master))
    assert.equal(tostring(c.pid), c:ask "pid")
    assert.truthy(d:clients(1)[1])
    reeve.kill("HUP", master) -- signals are heard again
    d:wait_log "generation 2 is in force"
    d:stop()
  end)

  it("by a program that hangs is given up after 10 s #slow", function()
    local d = reeve.start { config = S, own_programs = true }
    local c = d:clients(1)[1]
    install(d, "reeved", "#!/bin/sh\nexec sleep infinity\n")
    refused(d, "did not end within 10 s when it was tried")
    assert.equal(tostring(c.pid), c:ask "pid")
    d:stop()
  end)

  it("works while the engine is dead or stands still: the master is signalled", function()
    local d = reeve.start { config = S, settings = [[engine_timeout = "1h",]] }
    local c, engine = d:clients(1)[1], d:status().engine_pid
    reeve.kill("STOP", engine)
    local code, text = d:reeve "upgrade"
    assert.equal(0, code, text)
    assert.truthy(text:find("sent SIGUSR2 to the master", 1, true), text)
    d:wait_log "Reeve %S+ goes on from %S+: 1 processes of 1 services"
    reeve.wait_until(function() return (d:try_status() or { engine_pid = engine }).engine_pid ~= engine end, "engine")
    local master, next_engine = d:status().master_pid, d:status().engine_pid
    reeve.kill("KILL", next_engine)
    reeve.kill("USR2", master)
    d:wait_log "goes on from .*goes on from "
    assert.equal(tostring(c.pid), c:ask "pid")
    d:wait_service("s", { busy = 1, starts = 1 })
    d:stop()
  end)

  it("is followed by a reload and by a stop as at any time", function()
    local d = reeve.start { config = S }
    local c = d:clients(1)[1]
    reeve.kill("USR2", d:status().master_pid)
    reeve.kill("HUP", d:status().master_pid) -- at once: it waits for the end of the upgrade
    d:wait_log "goes on from .*generation 2 is in force"
    d:configure(S .. service("t", [[unix_listener "t.sock" { mode = "0666" },]]))
    upgrade(d)
    local code, text = d:reeve "reload"
    assert.equal(0, code, text)
    assert.truthy(text:find("keep   s\nstart  t\n", 1, true), text)
    assert.equal(tostring(c.pid), c:ask "pid")
    assert.truthy(d:clients(1, "t.sock")[1])
    upgrade(d)
    assert.equal(0, d:stop())
  end)

  it("keeps the config in force, whatever the file says by now", function()
    local d = reeve.start { config = S }
    reeve.write(d.config_path, "service {")
    upgrade(d)
    assert.equal(1, d:status().generation)
    assert.truthy(d:clients(1)[1])
    assert.equal(2, (d:reeve "reload"))
    d:stop()
  end)

  it("keeps what a program of systemd's has said and stored, and its accepted and inherited kin", function()
    local here = lfs.currentdir() .. "/tests/e2e"
    local d = reeve.start { config = [[
      service "sd" { executable = { "/usr/bin/python3", "@dir@/notifier.py", "READY=1\nSTATUS=at work" },
        contract = "systemd", ready = "notify", fd_store = 4, process_limit = 1,
        inet_listener "web" { port = @port@, address = "127.0.0.1" } }
      service "cat" { executable = { "/bin/cat" }, contract = "inetd", process_limit = 3,
        inet_listener "cat" { port = @port2@, address = "127.0.0.1" } }
      service "pipe" { executable = "@worker@", fifo_listener "in" { mode = "0666" } }]],
      prepare = function(d) assert(reeve.shell(("cp %s/notifier.py %s/"):format(here, d.dir)) == 0) end }
    local c, cat = d:clients(1)[1], assert(d:connect(2))
    c:ask "store one two"
    cat:say "."
    cat:answer()
    d:wait_service("cat", { live = 1 })
    upgrade(d)
    local p = d:ps "sd"[1]
    assert.same({ "up", "at work", c.pid }, { p.state, p.status, p.pid })
    cat:say "still here\n."
    assert.equal("still here", cat:answer())
    c:ask "notify STATUS=later"
    reeve.wait_until(function() return d:ps "sd"[1].status == "later" end, "its status")
    c:say "exit 0"
    d:wait_service("sd", { exits = 1, live = 0 })
    local again = d:clients(1)[1]
    assert.truthy(again:ask "listen":find("one", 1, true))
    d:stop()
  end)

  it("needs an admin and a daemon", function()
    local d = reeve.start { config = S, settings = [[control = { operators = "#61003" },]] }
    assert(reeve.shell(("cp %s/reeve %s/reeve"):format(reeve.build, d.dir)) == 0)
    local code, text = reeve.shell(("setpriv --reuid=61003 --regid=61003 --clear-groups %s/reeve -b %s upgrade")
      :format(d.dir, d.base))
    assert.equal(77, code, text)
    assert.truthy(text:find("upgrade needs the role admin; yours is operator", 1, true), text)
    code = reeve.shell(("%s/reeve -b %s/nowhere upgrade"):format(reeve.build, d.dir))
    assert.equal(69, code)
    d:stop()
  end)
end)
