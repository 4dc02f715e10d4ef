-- The pool of a service: how many processes there are, and when.
local reeve = require "reeve"
local socket = require "socket"

local function service(settings)
  return ([[service "s" { executable = "@worker@ --hold", client_limit = 1, %s,
    inet_listener "s" { port = @port@, address = "127.0.0.1" } }]]):format(settings)
end

describe("a pool", function()
  after_each(reeve.clean)

  it("keeps process_min_avail able to take clients", function()
    local d = reeve.start { config = service "process_limit = 10, process_min_avail = 3" }
    d:wait_service("s", { live = 3, avail = 3, idle = 3 })
    local clients = d:clients(2)
    d:wait_service("s", { live = 5, avail = 3, busy = 2, clients = 2 })
    clients[1]:ask "bye"
    d:wait_service("s", { live = 5, avail = 4, busy = 1, clients = 1 })
    assert.equal(0, d:stop())
  end)

  it("starts again what was killed", function()
    local d = reeve.start { config = service "process_limit = 10, process_min_avail = 2" }
    d:wait_service("s", { idle = 2 })
    local old = d:ps "s"
    reeve.kill("KILL", old[1].pid)
    d:wait_service("s", { idle = 2, crashes = 1, exits = 1 })
    local new = d:ps "s"
    assert.equal(old[2].pid, new[1].pid)
    assert.is_true(new[2].id > old[2].id)
    d:stop()
  end)

  it("starts nothing before the first client, and one for it", function()
    local d = reeve.start { config = service "process_limit = 10" }
    assert.equal(0, d:service "s".live)
    local c = d:connect()
    local pid = tonumber(c:ask "pid")
    d:wait_service("s", { live = 1, busy = 1, starts = 1 })
    local list = d:ps "s"
    assert.equal(1, #list)
    assert.equal(pid, list[1].pid)
    assert.equal("busy", list[1].state)
    d:stop()
  end)

  it("serves twenty clients that come at once, each by its own process", function()
    local d = reeve.start { config = service "process_limit = 20" }
    local clients, pids, n = {}, {}, 0
    for i = 1, 20 do
      clients[i] = assert(d:connect())
      clients[i]:say "pid"
    end
    for _, c in ipairs(clients) do pids[assert(c:answer())] = true end
    for _ in pairs(pids) do n = n + 1 end
    assert.equal(20, n)
    assert.equal(20, d:service "s".live)
    d:stop()
  end)

  it("lets the third client wait when process_limit is 2, until one leaves", function()
    local d = reeve.start { config = service "process_limit = 2" }
    local clients = d:clients(2)
    local third = assert(d:connect())
    third:say "pid"
    d:wait_service("s", { live = 2, waiting = 1 })
    assert.is_true(third:is_waiting())
    clients[1]:ask "bye"
    assert.equal(clients[1].pid, tonumber(third:answer()))
    assert.equal(2, d:service "s".live)
    assert.equal(2, d:service "s".starts)
    d:stop()
  end)

  it("grows older while nothing happens", function()
    local d = reeve.start { config = service "process_limit = 2, process_min_avail = 1" }
    d:wait_service("s", { idle = 1 })
    local before = d:ps "s"[1]
    reeve.wait_until(function()
      local now = d:ps "s"[1]
      return now.age >= before.age + 0.3 and now.idle_for >= before.idle_for + 0.3
    end, "age and idle_for to go on")
    d:stop()
  end)

  it("lets an idle surplus go after idle_kill, never below process_min_avail", function()
    local d = reeve.start { config = service [[process_limit = 10, process_min_avail = 1, idle_kill = "1s"]] }
    local clients = d:clients(4)
    d:wait_service("s", { clients = 4, busy = 4 })
    local began = socket.gettime()
    for _, c in ipairs(clients) do c:ask "bye" end
    d:wait_service("s", { clients = 0, live = 1, idle = 1 })
    assert.is_true(socket.gettime() - began >= 0.5, "they went too early")
    local s = d:service "s"
    assert.equal(0, s.crashes)
    assert.equal(s.starts - 1, s.exits)
    d:stop()
  end)

  it("keeps a process that ignores being asked, and says so once", function()
    local config = service [[process_limit = 10, idle_kill = "1s"]]:gsub("%-%-hold", "--hold --ignore-sigint")
    local d = reeve.start { config = config }
    local c = d:connect()
    local pid = tonumber(c:ask "pid")
    c:ask "bye"
    d:wait_log(pid .. "[^\n]*ignor") -- it has ten seconds to answer
    d:wait_service("s", { busy = 1, avail = 0 })
    assert.is_true(reeve.is_alive(pid))
    d:stop()
  end)

  it("replaces a process whose service_count is used up", function()
    local d = reeve.start { config = service "process_limit = 2, process_min_avail = 1, service_count = 2" }
    local seen = {}
    for _ = 1, 6 do -- two processes have room for four: one at least must be replaced
      local c = assert(d:connect())
      local pid = c:ask "pid"
      seen[pid] = (seen[pid] or 0) + 1
      c:ask "bye"
    end
    for pid, n in pairs(seen) do assert.is_true(n <= 2, "process " .. pid .. " served " .. n) end
    reeve.wait_until(function() return d:service "s".exits >= 1 end, "the end of a used-up process")
    local s = d:wait_service("s", { clients = 0, crashes = 0, start_failures = 0 })
    assert.is_true(s.avail >= 1)
    d:stop()
  end)

  it("waits 2 s after a failed start, then 4 s", function()
    local config = service "process_limit = 10, process_min_avail = 1":gsub("%-%-hold", "--exit-early 7")
    local d = reeve.start { config = config }
    d:wait_service("s", { start_failures = { 3 } })
    local at = {} -- as the log has it: what is seen from here may be late
    for h, m, sec in d:log():gmatch "T(%d%d):(%d%d):([%d.]+)[^\n]*service s: process" do
      at[#at + 1] = h * 3600 + m * 60 + sec
    end
    assert.is_true((at[2] - at[1]) % 86400 >= 1.99, "first delay " .. at[2] - at[1])
    assert.is_true((at[3] - at[2]) % 86400 >= 3.99, "second delay " .. at[3] - at[2])
    for _, seconds in ipairs { 2, 4, 8 } do -- a millisecond may have gone by
      local text = "the next try is in " .. seconds .. "%.000 s"
      assert.is_truthy(d:log():find(text) or d:log():find((text:gsub("%d%%.000", seconds - 1 .. "%%.9"))), d:log())
    end
    d:stop()
  end)

  it("is started again at once by service reset", function()
    local config = service [[process_min_avail = 1, policy = function() return { throttle = { first = 900 } } end]]
      :gsub("%-%-hold", "--exit-early 7")
    local d = reeve.start { config = config }
    d:wait_log "the next try is in [89][09][09]%.%d+ s"
    assert.equal(0, (d:reeve "service reset s"))
    d:wait_service("s", { start_failures = { 2 } })
    d:stop()
  end)

  it("kills a process that never reports, and says what to write", function()
    local config = service [[process_limit = 1, process_min_avail = 1, start_timeout = "500ms"]]
    local d = reeve.start { config = config:gsub("%-%-hold", "--no-status") }
    d:wait_log "never reported[^\n]*if it does not speak Reeve's contract write contract = \"plain\""
    d:wait_service("s", { start_failures = { 1 } })
    d:stop()
  end)
end)

describe("many clients in one process", function()
  after_each(reeve.clean)

  it("fill it before another is started", function()
    local d = reeve.start { config = [[service "m" { executable = "@worker@ --hold", client_limit = 5,
      process_limit = 4, inet_listener "m" { port = @port@, address = "127.0.0.1" } }]] }
    local clients = d:clients(5)
    for _, c in ipairs(clients) do assert.equal(clients[1].pid, c.pid) end
    d:wait_service("m", { clients = 5, avail = 0, live = 1 })
    local sixth = d:clients(1)[1]
    assert.is_true(sixth.pid ~= clients[1].pid)
    d:wait_service("m", { clients = 6, live = 2, avail = 1 })
    d:stop()
  end)
end)
