-- The real console, typed at in a real terminal (tmux), and fed from a script.
local lfs = require "lfs"
local reeve = require "reeve"
local terminal = require "terminal"

local CONFIG = [[
service "web" { executable = "@worker@ --hold", process_min_avail = 2, process_limit = 9,
  unix_listener "web.sock" { mode = "0666" } }
service "imap-login" { executable = "@worker@ --hold", process_min_avail = 1 }
]]

local function start(settings)
  return reeve.start { config = CONFIG, settings = settings }
end

-- A console in a terminal of that size; `as`: a command in front of it.
local function open(d, columns, lines, as)
  local command = ("%s env XDG_STATE_HOME=%s/state %s/reeve -b %s console"):format(as or "", d.dir,
    as and d.dir or reeve.build, d.base)
  local t = terminal.open(command, columns or 100, lines or 40)
  t:wait "reeve>"
  return t
end

local function line(t, text)
  t:type(text)
  t:key "Enter"
end

local function leave(t)
  t:key "C-d"
  t:wait "exit 0"
  t:close()
end

-- What `reeve console` does with a script: exit code, output.
local function script(d, text, words)
  reeve.write(d.dir .. "/script", text)
  return d:reeve(("console %s <%s/script"):format(words or "", d.dir))
end

local function clean()
  terminal.clean()
  reeve.clean()
end

describe("the console", function()
  after_each(clean)

  it("evaluates what is typed, over several lines, and cuts tables to the terminal", function()
    local d = start()
    local t = open(d, 80, 24)
    t:wait "generation 1, 2 services, role admin"
    line(t, "services")
    t:wait "imap%-login +1 .*…"
    line(t, "for n, s in pairs(services) do")
    t:wait ">>"
    line(t, "print(n .. ' has ' .. s.live)")
    line(t, "end")
    t:wait "\nimap%-login has 1"
    line(t, "6 * 7, nil, 'x'")
    t:wait "\n42\nnil\nx\n"
    line(t, "_ + 1")
    t:wait "\n43\n"
    t:resize(200, 50)
    line(t, "services.web.processes")
    t:wait "clients +served +available"
    line(t, "services")
    t:wait "crashes +hold_ms *\n"
    leave(t)
    d:stop()
  end)

  it("completes with signatures, and helps", function()
    local d = start()
    local t = open(d)
    t:type "serv"
    t:key "Tab"
    t:wait "reeve> services"
    t:type '["im'
    t:key "Tab"
    t:wait 'services%["imap%-login"%]'
    t:type ":re"
    t:key "Tab"
    t:wait ":res"
    t:key "Tab"
    t:wait "restart +restart%(%)"
    t:wait "reset +reset%(%)"
    t:key "C-c"
    t:type "services.web.bus"
    t:key "Tab"
    t:wait "reeve> services%.web%.busy"
    t:key "Enter"
    t:wait "\n0\n"
    line(t, "help services.web:restart")
    t:wait "replace the processes, new ones first"
    line(t, "help")
    t:wait "watch EXPR"
    leave(t)
    d:stop()
  end)

  it("cancels what the engine computes with ^C; another session is not disturbed", function()
    local d = start()
    local t, other = open(d), open(d)
    line(t, "mine = 'of this session'")
    line(t, "print 'it spins' while true do end")
    t:wait "\nit spins"
    t:key "C-c"
    t:wait "cancelled"
    line(other, "'the other says ' .. services.web.live")
    other:wait "\nthe other says 2"
    line(other, "mine")
    other:wait "unknown name 'mine'"
    line(t, "mine")
    t:wait "\nof this session"
    line(t, "pcall(function() print 'and again' while true do end end)")
    t:wait "\nand again"
    t:key "C-c"
    t:wait "cancelled.*cancelled"
    leave(t)
    leave(other)
    d:stop()
  end)

  it("goes on with another engine when the one that evaluates is killed; leaving needs none", function()
    local d = start 'engine_timeout = "300s",'
    local t, engine = open(d), d:status().engine_pid
    line(t, ":csv")
    line(t, "print 'it spins' while true do end")
    t:wait "\nit spins"
    reeve.kill("KILL", engine)
    t:wait "the policy engine went away"
    line(t, "{ { a = 1, b = 'x,y' } }")
    t:wait "connected to another engine"
    t:wait '\na,b\n1,"x,y"' -- the format was kept
    engine = d:status().engine_pid
    reeve.kill("STOP", engine)
    reeve.wait_until(function() -- a ^C that comes before the line was read takes it away: then it is typed again
      local screen = t:screen()
      if screen:find "\nreeve>%s*$" then line(t, "services.web.live") else t:key "C-c" end
      return screen:find "once more leaves this"
    end, "the second ^C to be told of")
    reeve.wait_until(function()
      t:key "C-c"
      return t:screen():find "once more leaves this.*\nreeve>%s*$"
    end, "the prompt")
    leave(t)
    reeve.kill("CONT", engine)
    d:stop()
  end)

  it("tells when there is no daemon, and works again when there is one", function()
    local d = start()
    local t = open(d)
    assert.equal(0, (d:reeve "stop"))
    reeve.wait_until(function() return d:exit_code() end, "the daemon to end")
    line(t, "services.web.live")
    t:wait "no daemon at"
    d:launch()
    reeve.wait_until(function() return d:try_status() end, "the daemon to answer")
    line(t, "1 + 1")
    t:wait "\n2\n"
    leave(t)
    d:stop()
  end)

  it("asks before it destroys, and prints actions when dry", function()
    local d = start()
    local t = open(d)
    line(t, ":dry on")
    t:wait "reeve%(dry%)>"
    line(t, "services.web:stop()")
    t:wait "dry, not done:\n +stop web"
    line(t, ":dry off")
    line(t, "services.web:stop()")
    t:wait "Do this%? %[y/N%]"
    line(t, "n")
    t:wait "nothing was done"
    assert.is_false(d:status().services[1].state == "stopped")
    line(t, "services.web:stop(), services['imap-login']:restart()")
    t:wait "y/N.*y/N"
    line(t, "y")
    t:wait "done: stop web"
    t:wait "done: restart imap%-login"
    d:wait_service("web", { live = 0 })
    line(t, ":service start web")
    t:wait "service 'web' is started"
    d:wait_service("web", { live = 2 })
    leave(t)
    d:stop()
  end)

  it("refuses what the role may not, and a role that was given up does not come back", function()
    local d = start 'control = { observers = "#61003" },'
    assert(reeve.shell(("cp %s/reeve %s/reeve && install -d -o 61003 %s/state"):format(reeve.build, d.dir, d.dir)) == 0)
    local t = open(d, 100, 40, "setpriv --reuid=61003 --regid=61003 --clear-groups")
    t:wait "role observer"
    line(t, "services.web:stop()")
    t:wait "stop needs the role operator; yours is observer"
    line(t, ":reload")
    t:wait "reload needs the role operator; yours is observer"
    line(t, ":role admin")
    t:wait "cannot be taken: yours is observer"
    leave(t)
    t = open(d)
    line(t, ":role observer")
    line(t, "services.web:stop()")
    t:wait "stop needs the role operator; yours is observer"
    line(t, ":role admin")
    t:wait "cannot be taken: yours is observer"
    leave(t)
    d:stop()
  end)

  it("keeps its history for its owner, without lines that begin with a blank", function()
    local d = start()
    local t = open(d)
    line(t, "'first'")
    t:wait "\nfirst"
    line(t, " 'secret'")
    t:wait "\nsecret"
    leave(t)
    local path = d.dir .. "/state/reeve/history"
    assert.equal("'first'\n", reeve.read(path))
    assert.equal("rw-------", lfs.attributes(path, "permissions"))
    t = open(d)
    t:key "Up"
    t:wait "reeve> 'first'"
    t:key "C-c"
    leave(t)
    d:stop()
  end)

  it("watches an expression, and events, until ^C", function()
    local d = start()
    local t = open(d)
    line(t, "watch services.web.live every 100ms")
    t:wait "%d%d:%d%d:%d%d +2"
    assert.equal(0, (d:reeve "service stop web"))
    t:wait "%d%d:%d%d:%d%d +0"
    t:key "C-c"
    line(t, "'on'")
    t:wait "\non\n"
    line(t, ":events --follow")
    reeve.wait_until(function()
      assert.equal(0, (d:reeve "service restart web"))
      return t:screen():find "web ready process"
    end, "events on the screen")
    t:key "C-c"
    line(t, "'still on'")
    t:wait "\nstill on\n"
    leave(t)
    d:stop()
  end)
end)

describe("a script on the console's input", function()
  after_each(clean)

  it("is read line by line; its exit code is that of the first line that fails", function()
    local d = start()
    local cases = {
      { "services.web.live\nfor i = 1, 2 do\n  print('i', i)\nend\n", 0, "2\ni\t1\ni\t2\n" },
      { "#!/usr/bin/reeve console\n\n-- a comment\n1\nquit\n2\n", 0, "1\n" },
      { "1\nerror('no', 0)\n2\n", 1, "1\nerror: no\nreeve: console: stopped at line 2\n" },
      { ":set timeout 50ms\nwhile true do end\n", 75,
        "error: console:1: deadline of 50 ms exceeded\nreeve: console: stopped at line 2\n" },
      { ":role observer\nservices.web:stop()\n", 77 },
      { ":jsn\n", 64, "error: unknown command ':jsn'; did you mean ':json'?\nreeve: console: stopped at line 1\n" },
      { ":json\n{ a = 1 }, nil\n", 0, '{"a":1}\nnull\n' },
      { ":lua\n{ a = { 1, 'x' } }\n", 0, '{ a = { 1, "x" } }\n' },
      { "if", 1, "error: console:1: unexpected symbol near <eof>\nreeve: console: stopped at line 1\n" },
      { ":set timeout 10min\n", 64 },
      { "services.web:reset()\n'after'", 0, "queued: reset web\ndone: reset web\nafter\n" },
    }
    for i, case in ipairs(cases) do
      local code, text = script(d, case[1])
      assert.equal(case[2], code, ("case %d: %s"):format(i, text))
      if case[3] then assert.equal(case[3], text, "case " .. i) end
    end
    local code, text = script(d, "services.web.live, 9007199254740993\n", "--json")
    assert.equal("2\n9007199254740993\n", text)
    assert.equal(0, code)
    d:stop()
    assert.equal(69, (reeve.shell(("echo 1 | %s/reeve -b /nowhere console"):format(reeve.build))))
  end)

  it("is told 70 when the engine goes away meanwhile", function()
    local d = start()
    local engine = d:status().engine_pid
    reeve.write(d.dir .. "/script", "print 'it spins' while true do end\n")
    os.execute(("{ unset LD_PRELOAD; %s/reeve -b %s console <%s/script >%s/out 2>&1; echo $? >%s/code; } &"):format(
      reeve.build, d.base, d.dir, d.dir, d.dir))
    reeve.wait_until(function() return (reeve.read(d.dir .. "/out") or ""):find "it spins" end, "the script to spin")
    reeve.kill("KILL", engine)
    reeve.wait_until(function() return reeve.read(d.dir .. "/code") == "70\n" end, function()
      return "exit code 70, not " .. (reeve.read(d.dir .. "/code") or "none")
    end)
    d:stop()
  end)
end)

describe("reeve eval", function()
  after_each(clean)

  it("ends with 130 on ^C, and with it the evaluation", function()
    local d = start()
    local run = "{ unset LD_PRELOAD; env --default-signal=INT %s/reeve -b %s eval "
      .. "\"print 'it spins' while true do end\" >%s/out 2>&1 & echo $! >%s/pid; wait $!; echo $? >%s/code; } &"
    os.execute(run:format(reeve.build, d.base, d.dir, d.dir, d.dir))
    reeve.wait_until(function() return (reeve.read(d.dir .. "/out") or ""):find "it spins" end, "it to spin")
    reeve.kill("INT", tonumber(reeve.read(d.dir .. "/pid")))
    reeve.wait_until(function() return reeve.read(d.dir .. "/code") == "130\n" end, "exit code 130")
    assert.equal(0, (d:reeve "eval 1"))
    assert.is_nil(d:log():find("another engine", 1, true))
    d:stop()
  end)
end)

describe("evaluations under load", function()
  after_each(clean)

  local LOAD = [[service "echo" { executable = "@worker@ --hold", client_limit = 50, process_limit = 12,
    process_min_avail = 2, inet_listener "tcp" { port = @port@, address = { "127.0.0.1", "::1" } },
    unix_listener "echo.sock" { mode = "0666" } }
    service "other" { executable = "@worker@ --hold", process_min_avail = 1 }]]

  it("that run into the deadline, flood, or are not read, cost no connection and no process", function()
    local d = reeve.start { config = LOAD }
    local stop_load = d:load "echo.sock"
    local code = d:reeve "eval 'while true do end'"
    assert.equal(75, code)
    local text
    code, text = d:reeve "eval 'while true do print((\"x\"):rep(60000)) end'"
    assert.equal(1, code)
    assert.truthy(text:find "more than 3 MiB of output")
    local slow = assert(d:connect "control")
    local chunk = "for _ = 1, 45 do print(('x'):rep(60000)) end"
    for id = 1, 4 do slow.socket:send(("eval %d %d\n%s"):format(id, #chunk, chunk)) end
    d:wait_log "session %d+ does not read what it asked for: closed"
    local engine, one = d:status().engine_pid, d:ps "other"[1]
    reeve.kill("KILL", one.pid)
    assert.equal(75, (d:reeve "eval 'while true do end'"))
    d:wait_service("other", { crashes = 1, idle = 1 })
    reeve.assert_no_loss(stop_load(), 60000)
    d:wait_service("echo", { crashes = 0 })
    assert.equal(engine, d:status().engine_pid)
    d:stop()
  end)
end)
