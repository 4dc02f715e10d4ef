-- Policies in the running daemon: what replaces, adds to, or withholds the built-in ones.
local reeve = require "reeve"

local LISTENER = [[inet_listener "s" { port = @port@, address = "127.0.0.1" }]]

describe("a policy", function()
  after_each(reeve.clean)

  it("file of ours in place of min_avail decides what min_avail means", function()
    local d = reeve.start {
      env = { REEVE_LUA_DIR = "@dir@/lua" },
      prepare = function(d)
        assert(reeve.shell(("cp -r lua policies %s/"):format(d.dir)) == 0)
        reeve.write(d.dir .. "/policies/min_avail.lua", [[
          return function()
            return function() return { spare = 7, why = "seven" } end
          end]])
      end,
      config = [[service "s" { executable = "@worker@ --hold", client_limit = 1, process_limit = 20,
        ]] .. LISTENER .. "}",
    }
    d:wait_service("s", { avail = 7, live = 7 })
    d:clients(1)
    d:wait_service("s", { avail = 7, live = 8 })
    d:stop()
  end)

  it("only {} starts nothing, not even on demand", function()
    local d = reeve.start { config = [[
      service "s" { executable = "@worker@ --hold", process_limit = 5, policy = only {}, ]] .. LISTENER .. [[ }
      service "t" { executable = "@worker@ --hold", inet_listener "t" { port = @port2@, address = "127.0.0.1" } }]] }
    local c = assert(d:connect())
    c:say "pid"
    assert.truthy(d:clients(1, 2)[1].pid)
    d:wait_service("s", { waiting = 1 })
    assert.equal(0, d:service "s".starts)
    assert.is_true(c:is_waiting())
    d:stop()
  end)

  it("hook min_avail follows the clock", function()
    local before = os.time()
    local d = reeve.start { config = ([[local later
      service "s" { executable = "@worker@ --hold", client_limit = 1, process_limit = 9,
      policy = { min_avail = function(s)
        later = later or s.wall.unix + 2
        return s.wall.unix >= later and 3 or 1
      end }, %s }]]):format(LISTENER) }
    d:wait_service("s", { avail = 3, live = 3 })
    assert.is_true(os.time() >= before + 2)
    assert.truthy(select(2, d:reeve "why s --since 1h"):find "spare unknown %-> 1.*spare 1 %-> 3")
    d:stop()
  end)

  it("hook idle_kill lets exactly those go that it names", function()
    local d = reeve.start { config = [[service "s" { executable = "@worker@ --hold", client_limit = 1,
      process_limit = 9, idle_kill = "never",
      policy = { idle_kill = function(s, p) return p.served >= 1 end }, ]] .. LISTENER .. "}" }
    local clients = d:clients(3)
    clients[1]:ask "bye"
    reeve.wait_gone(clients[1].pid)
    assert.is_true(reeve.is_alive(clients[2].pid) and reeve.is_alive(clients[3].pid))
    d:stop()
  end)

  it("at_most is a ceiling until it is withdrawn", function()
    local d = reeve.start { config = [[service "s" { executable = "@worker@ --hold", client_limit = 1,
      process_limit = 9,
      policy = function(s) return { at_most = s.clients >= 2 and 9 or 1 } end, ]] .. LISTENER .. "}" }
    d:clients(1)
    local second = assert(d:connect())
    second:say "pid"
    d:wait_service("s", { live = 1, waiting = 1 })
    assert.is_true(second:is_waiting())
    d:stop()
  end)

  it("that fails is named, its last vote stands, and the built-ins go on", function()
    local d = reeve.start { config = [[service "s" { executable = "@worker@ --hold", client_limit = 1,
      process_limit = 9, process_min_avail = 1,
      policy = { demand = function() local t = nil; return t.x end, spawn = function() local t = nil; return t.x end,
        exit = function() local t = nil; return t.x end } , ]] .. LISTENER .. "}" }
    assert.truthy(d:clients(2)[2].pid)
    d:wait_log(reeve.literal(d.config_path) .. ":%d+[^\n]*nil value")
    d:wait_service("s", { avail = 1, clients = 2 })
    d:stop()
  end)
end)
