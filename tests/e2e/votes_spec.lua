-- Each field of a vote through the real master, what policies remember, and what an operator votes.
local reeve = require "reeve"
local rules = require "rules"

-- A daemon with the service "s" on @port@: one client a process, at most nine, nobody leaves by himself.
local function start(policy, settings)
  return reeve.start { config = ([[service "s" { executable = "@worker@ --hold", client_limit = 1, process_limit = 9,
    idle_kill = "never", %s policy = %s,
    inet_listener "s" { port = @port@, address = "127.0.0.1" } }]]):format(settings or "", policy) }
end

-- A client whose connection the master has, and that nobody serves.
local function waiting_client(d)
  local c = assert(d:connect())
  c:say "pid"
  return c
end

describe("a vote", function()
  after_each(reeve.clean)

  it("at_least, spare and at_most: floors and the ceiling", function()
    local d = start [[function(s)
      return s.clients > 0 and { at_least = 2, at_most = 2 } or { at_least = 3, spare = 4 }
    end]]
    d:wait_service("s", { live = 4, avail = 4 })
    d:clients(1)
    d:wait_service("s", { live = 2, busy = 1 })
    d:stop()
  end)

  it("on_demand and burst: so many at once, and none with burst = 0", function()
    local d = start [[only { function(s) return { on_demand = true, burst = s.waiting >= 3 and 5 or 0 } end }]]
    local list = { waiting_client(d), waiting_client(d) }
    d:wait_service("s", { waiting = 2, starts = 0 })
    list[3] = waiting_client(d)
    for _, c in ipairs(list) do assert.truthy(tonumber(c:answer())) end
    assert.equal(3, d:service "s".starts)
    d:stop()
  end)

  it("shrink_to: the longest idle ones beyond it go", function()
    local d = start [[function(s)
      return { at_least = s.clients == 0 and 4 or 2, shrink_to = s.clients > 0 and 2 or nil }
    end]]
    d:wait_service("s", { idle = 4 })
    local c = d:clients(1)[1]
    d:wait_service("s", { live = 2, busy = 1, idle = 1 })
    assert.truthy(c:ask "pid")
    d:stop()
  end)

  it("hold: nobody is started before it is over", function()
    local d = start [[function(s, ev, st)
      st.till = st.till or s.now + 1.5
      if ev.kind == "spawn" then log.info("spawned %s", s.now >= st.till and "after" or "before") end
      return { hold = st.till }
    end]]
    assert.truthy(tonumber(waiting_client(d):answer()))
    assert.equal("after", d:wait_log "spawned (%l+)")
    d:stop()
  end)

  it("throttle: the first delay after a failed start", function()
    local d = reeve.start { config = [[service "s" { executable = "@worker@ --exit-early 1", process_min_avail = 1,
      policy = function() return { throttle = { first = 7 } } end }]] }
    d:wait_log "service s: its processes fail at the start; the next try is in [67]%.%d+ s"
    d:stop()
  end)

  it("retire: false lets a process finish its client, a deadline ends it", function()
    local d = start [[function(s)
      local retire = {}
      for _, p in ipairs(s.processes) do
        if p.state == "busy" and s.clients >= 2 then retire[p.id] = p.id % 2 == 0 and s.now + 0.2 end
      end
      return { retire = retire }
    end]]
    local clients = d:clients(2)
    reeve.wait_until(function() return not reeve.is_alive(clients[1].pid) or not reeve.is_alive(clients[2].pid) end,
      "the end of the one with a deadline")
    d:wait_service("s", { draining = 1, live = 0, clients = 1 })
    d:stop()
  end)

  it("kill: at once", function()
    local d = start [[function(s)
      local kill = {}
      for _, p in ipairs(s.processes) do kill[p.id] = s.clients >= 2 and p.clients > 0 or nil end
      return { kill = kill }
    end]]
    local first = d:clients(1)[1]
    local second = waiting_client(d)
    reeve.wait_gone(first.pid)
    assert.is_nil((first:answer()))
    second:answer()
    d:wait_service("s", { clients = 0 })
    assert.is_nil(d:log():find("killed by signal 9", 1, true)) -- it was asked for: no failure
    d:stop()
  end)

  it("service.mode_signal: tells living processes of another mode; new ones find it in REEVE_MODE", function()
    local d = start([[function(s) return { mode = s.clients >= 2 and "stress" or "normal" } end]],
      'mode_signal = "USR1",')
    local first = d:clients(1)[1]
    assert.equal("normal", rules.proc(first.pid).env.REEVE_MODE)
    assert.matches("signals 0", first:ask "told")
    d:clients(1)
    reeve.wait_until(function() return first:ask "told":find "signals 1" end, "mode_signal")
    local third = d:clients(1)[1]
    assert.equal("stress", rules.proc(third.pid).env.REEVE_MODE)
    assert.matches("signals 0", third:ask "told")
    d:stop()
  end)

  it("mode: shed closes waiting clients at once, and counts them", function()
    local d = start([[only { function() return { at_least = 1, mode = "shed" } end }]])
    d:wait_service("s", { idle = 1 })
    local first = d:clients(1)[1]
    for _ = 1, 2 do assert.is_nil((waiting_client(d):answer())) end
    d:wait_service("s", { dropped = 2, waiting = 0, live = 1 })
    assert.equal(first.pid, tonumber(first:ask "pid"))
    d:stop()
  end)

  it("wake: the policy is asked again by then, and only then", function()
    local d = start [[{ on = { "start", "tick" }, run = function(s, ev, st)
      st.n = (st.n or 0) + 1
      return { at_least = st.n, wake = st.n < 4 and s.now + 0.1 or nil }
    end }]]
    d:wait_service("s", { live = 4 })
    d:stop()
  end)
end)

describe("budget", function()
  after_each(reeve.clean)

  it("global.policy: decides between services; budget shares processes out and keeps a reserve", function()
    local d = reeve.start { settings = "policy = budget { processes = 5, reserve = { t = 2 } },", config = [[
      service "s" { executable = "@worker@ --hold", client_limit = 1, inet_listener "s" { port = @port@,
        address = "127.0.0.1" } }
      service "t" { executable = "@worker@ --hold", client_limit = 1, inet_listener "t" { port = @port2@,
        address = "127.0.0.1" } }]] }
    local served, waiting = d:clients(3), {}
    for i = 1, 2 do waiting[i] = waiting_client(d) end
    d:wait_service("s", { waiting = 2, live = 3 })
    d:clients(2, 2)
    d:wait_service("t", { live = 2 })
    assert.same({ "settings(budget)" }, d:json "why s".decided.at_most)
    served[1]:ask "bye"
    reeve.wait_until(function() return not (waiting[1]:is_waiting() and waiting[2]:is_waiting()) end, "the next client")
    assert.equal(3, d:service "s".live)
    d:stop()
  end)
end)

describe("what a policy remembers", function()
  after_each(reeve.clean)

  local COUNTER = [[{ version = %d, %s run = function(s, ev, st)
    if ev.kind == "spawn" then st.n = (st.n or 0) + 1 end
    return { why = "st.n is " .. tostring(st.n) .. " of version %d" }
  end }]]

  local function wait_why(d, text)
    reeve.wait_until(function() return select(2, d:reeve "why s"):find(text, 1, true) end,
      function() return text .. " in:\n" .. select(2, d:reeve "why s") end)
  end

  it("st goes through a killed engine, a reload, and migrate for another version", function()
    local d = start(COUNTER:format(1, "", 1))
    d:clients(2)
    wait_why(d, "st.n is 2 of version 1")
    assert.equal(0, (d:reeve "service scale s auto")) -- what an operator says is written down at once, and st with it
    local engine = d:status().engine_pid
    reeve.kill("KILL", engine)
    reeve.wait_until(function()
      local s = d:try_status()
      return s and s.engine_pid ~= engine
    end, "another engine")
    d:clients(1)
    wait_why(d, "st.n is 3 of version 1")
    local config = reeve.read(d.config_path)
    local changed = COUNTER:format(2, "migrate = function(old, v) return { n = old.n * 100 + v } end,", 2)
    local first, last = config:find(COUNTER:format(1, "", 1), 1, true)
    reeve.write(d.config_path, config:sub(1, first - 1) .. changed .. config:sub(last + 1))
    assert.equal(0, (d:reeve "reload"))
    wait_why(d, "st.n is 301 of version 2")
    d:stop()
  end)

  it("a quarantine is lifted by reset", function()
    local d = start [[{ spawn = function() error "on purpose" end }]]
    d:clients(3)
    wait_why(d, "quarantined: ")
    assert.matches("own.spawn +%- +%- +quarantined: [^\n]*on purpose", select(2, d:reeve "why s"))
    assert.equal(0, (d:reeve "service reset s"))
    assert.is_nil(select(2, d:reeve "why s"):find("quarantined", 1, true))
    d:stop()
  end)
end)

describe("the operator's vote", function()
  after_each(reeve.clean)

  it("survives a killed engine and a reload, is shown by why, and is taken back by auto", function()
    local d = start "{}"
    assert.same({ 0, "service 's' has 3 to 5 processes, for 2h\n" }, { d:reeve "service scale s 3..5 --for 2h" })
    d:wait_service("s", { live = 3 })
    local engine = d:status().engine_pid
    reeve.kill("KILL", engine)
    reeve.wait_until(function()
      local s = d:try_status()
      return s and s.engine_pid ~= engine
    end, "another engine")
    assert.equal(0, (d:reeve "reload"))
    local why = d:json "why s"
    assert.same({ 3, 5 }, { why.override.at_least, why.override.at_most })
    assert.is_true(why.override.ends_in <= 7200)
    assert.same({ "operator" }, why.decided.at_most)
    assert.same({ 3, 5 }, { why.standing.at_least, why.standing.at_most })
    assert.equal(0, (d:reeve "service scale s auto"))
    assert.is_nil(d:json "why s".standing.at_most)
    d:stop()
  end)
end)

describe("memory", function()
  after_each(reeve.clean)

  it("of each process is in ps, and of the machine in the facts", function()
    local d = reeve.start { config = [[
      service "fat" { executable = "@worker@ --fat 40", process_min_avail = 1, vsz_limit = 0 }
      service "thin" { executable = "@worker@", process_min_avail = 1, vsz_limit = 0 }]] }
    local fat, thin
    reeve.wait_until(function()
      fat, thin = d:ps "fat"[1], d:ps "thin"[1]
      return fat and thin and fat.private and thin.private and fat.private > 30 << 20
    end, "memory in ps")
    assert.is_true(fat.rss >= fat.private and thin.rss >= thin.private)
    assert.is_true(fat.private - thin.private > 20 << 20, fat.private .. " " .. thin.private)
    local _, text = d:reeve "eval 'services.fat.private_mean, services.fat.host.mem_total, services.fat.host.ncpu'"
    local mean, total, ncpu = text:match "([%d.]+)%s+([%d.]+)%s+([%d.]+)"
    assert.is_true(tonumber(mean) > 30 << 20 and tonumber(total) > 30 << 20 and tonumber(ncpu) >= 1, text)
    d:stop()
  end)
end)
