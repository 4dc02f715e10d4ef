-- `reeve top` on a real terminal.
local reeve = require "reeve"
local terminal = require "terminal"

local CONFIG = [[
service "web" { executable = "@worker@ --hold", client_limit = 2, process_limit = 9, process_min_avail = 2,
  unix_listener "web.sock" { mode = "0666" } }
service "chat" { executable = "@worker@ --hold", client_limit = 9, process_limit = 1,
  unix_listener "chat.sock" { mode = "0666" } }
service "broken" { executable = "/bin/false", process_limit = 1, process_min_avail = 1, unix_listener "b.sock" {} }
]]

local function top(d, columns, lines, env)
  return terminal.open(("%s/reeve -b %s top"):format(reeve.build, d.base), columns, lines, env)
end

-- the lines of services on the screen, by name in their order
local function services(t)
  local names = {}
  for name in t:screen():gmatch "\n(%l+) +%d+/%d+ " do names[#names + 1] = name end
  return table.concat(names, " ")
end

local function wait_services(t, wanted)
  reeve.wait_until(function() return services(t) == wanted end, function()
    return ("services '%s' on the screen:\n%s"):format(wanted, t:screen())
  end)
end

describe("top", function()
  after_each(function()
    terminal.clean()
    reeve.clean()
  end)

  it("shows the pools on 80x24, live, and does what its keys say", function()
    local d = reeve.start { config = CONFIG }
    local t = top(d, 80, 24, { NO_COLOR = "1" })
    t:wait "NAME +PROCS BUSY IDLE CLIENTS WAIT +RSS CPU%% +ST/S 15s/step STATE"
    wait_services(t, "broken chat web")
    for line in t:screen():gmatch "[^\n]*" do assert.is_true(utf8.len(line) <= 80, line) end
    assert.is_nil(t:screen(true):find "\27%[[%d;]*3[0-7]m")
    d:clients(3, "web.sock")
    t:wait "\nweb +3/9 +%d +%d +3 +0 "
    t:wait "\nweb [^\n]+█ +ok"
    t:key "> > > >" -- clients
    wait_services(t, "web broken chat")
    t:type "r"
    wait_services(t, "chat broken web")
    t:type "/we"
    wait_services(t, "web")
    t:wait "services with: we_"
    t:key "Enter"
    t:wait "filter: we"
    t:key "Enter"
    local pid = t:wait "ID +PID STATE[^\n]+\n +%d+ +(%d+) +%l+ "
    assert.equal(tonumber(pid), d:ps("web")[1].pid)
    t:key "Escape"
    wait_services(t, "chat broken web")
    t:type "?"
    t:wait "sort by another column"
    t:type "?"
    t:key "Up Up"
    t:type "R"
    t:wait "restart service chat%? y or n"
    t:type "n"
    t:wait_not "y or n"
    assert.equal(1, d:status().generation)
    t:key "Down Down"
    t:type "R"
    t:wait "restart service web%? y or n"
    t:type "y"
    t:wait "service 'web' is restarted: generation 2"
    t:type "d"
    t:wait "drain service web%? y or n"
    t:type "y"
    t:wait "the processes of service 'web' finish their clients and go"
    t:type "q"
    t:wait "exit 0"
    t:close()
    d:stop()
  end)

  it("uses 200x50 and colour, follows a resize, and waits for a daemon that is gone", function()
    local d = reeve.start { config = CONFIG }
    local t = top(d, 200, 50)
    t:wait "CLIENTS, 15 s a step +STATE"
    t:wait "\nbroken [^\n]+throttled [%d.]+ s"
    assert.truthy(t:screen(true):find "\27%[[%d;]*31m")
    t:resize(80, 24)
    t:wait "15s/step STATE\n"
    t:resize(200, 50)
    t:wait "CLIENTS, 15 s a step +STATE"
    reeve.kill("KILL", d:status().master_pid)
    t:wait "no daemon: what is shown is of before; waiting for it"
    wait_services(t, "broken chat web")
    reeve.wait_until(function() return d:exit_code() end, "the end of the daemon")
    for _, left in ipairs(d:processes()) do
      local line = reeve.read("/proc/" .. left .. "/cmdline") or ""
      if line:find(d.dir .. "/worker", 1, true) then reeve.kill("KILL", left) end
    end
    d:launch()
    t:wait_not "no daemon"
    t:key "C-c"
    t:wait "exit 0"
    t:close()
    d:stop()
  end)

  it("is a table without a terminal, and says so when there is no daemon", function()
    local d = reeve.start { config = CONFIG }
    local code, text = d:reeve "top | cat"
    assert.equal(0, code)
    assert.truthy(text:find("^name +live +limit +busy +idle +clients +waiting +rss +cpu +starts/s +state\nweb "), text)
    assert.equal(64, (d:reeve "top nonsense"))
    d:stop()
    assert.truthy(select(2, reeve.shell(reeve.build .. "/reeve -b /nonexistent top")):find "running instances:")
  end)

  it("pages through many services and many processes", function()
    local config = { [[service "aa" { executable = "/bin/sleep infinity", contract = "plain", process_limit = 30,
      process_min_avail = 30 }]] }
    for i = 1, 30 do
      config[i + 1] = ([[service "s%02d" { executable = "@worker@ --hold", process_limit = 1000 }]]):format(i)
    end
    local d = reeve.start { config = table.concat(config, "\n"), settings = 'engine_timeout = "10min",' }
    local t = top(d, 80, 24, { NO_COLOR = "1" })
    t:wait "\naa +30/30 "
    t:wait "\ns01 +0/1000 "
    t:key "End"
    t:wait "\ns30 +0/1000 [^\n]*\n"
    t:key "PPage PPage"
    t:wait "\naa +30/30 "
    t:key "Enter"
    local ids = d:ps "aa"
    t:wait(("\n +%d +%d +up "):format(ids[1].id, ids[1].pid))
    t:key "NPage"
    t:wait(("\n +%d +%d +up "):format(ids[30].id, ids[30].pid))
    assert.is_nil(t:screen():find(("\n +%d +%d +up "):format(ids[1].id, ids[1].pid)))
    t:key "Home"
    t:wait(("\n +%d +%d +up "):format(ids[1].id, ids[1].pid))
    t:type "q"
    reeve.kill("STOP", d:status().engine_pid)
    t = top(d, 80, 24)
    t:wait "waiting for the first answer"
    t:wait "the engine does not answer: what is shown is of before; waiting for it"
    t:close()
    d:destroy()
  end)
end)
