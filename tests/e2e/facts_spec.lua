-- What policies see is what is: facts of a running daemon against what its clients did.
local json = require "dkjson"
local reeve = require "reeve"

-- Values of expressions in the live engine.
local function ask(d, ...)
  local values = {}
  for i, text in ipairs { ... } do
    local code, out = d:reeve("eval --json '" .. text .. "'")
    assert(code == 0, out)
    values[i] = json.decode(out)
  end
  return table.unpack(values)
end

describe("facts", function()
  after_each(reeve.clean)

  it("of waiting clients come from the queues of inet and unix listeners", function()
    local d = reeve.start { config = [[service "s" { executable = "@worker@ --hold", client_limit = 1,
      process_limit = 1, inet_listener "s" { port = @port@, address = "127.0.0.1" },
      unix_listener "s.sock" { mode = "0666" } }]] }
    assert.equal(0, ask(d, "services.s.wait_oldest"))
    local first = d:clients(1)[1]
    for i, where in ipairs { 1, "s.sock", 1, "s.sock", "s.sock" } do
      assert(d:connect(where)):say "pid"
      d:wait_service("s", { waiting = i })
    end
    local one, other = ask(d, "services.s.wait_oldest", "services.s.wait_oldest")
    assert.is_true(one > 0 and other >= one)
    assert.equal(5, ask(d, [[services.s:max("waiting", 600)]]))
    first:ask "bye"
    d:wait_service("s", { waiting = 4, busy = 1 })
    assert.is_true(ask(d, "services.s.wait_oldest") >= one) -- the queue was never empty
    d:stop()
  end)

  it("of times are learnt from clients and starts", function()
    local d = reeve.start { config = [[service "s" { executable = "@worker@ --hold", client_limit = 1,
      inet_listener "s" { port = @port@, address = "127.0.0.1" } }
      service "t" { executable = "@worker@" }]] }
    assert.same({}, { ask(d, "services.s.service_mean", "services.s.boot_mean") }) -- nobody was there
    local clients = d:clients(3)
    d:wait_service("s", { busy = 3 })
    local busy_for = ask(d, "services.s.processes[1].busy_for")
    for _, c in ipairs(clients) do c:ask "bye" end
    d:wait_service("s", { busy = 0, idle = 3 })
    local mean, cv2, boot = ask(d, "services.s.service_mean", "services.s.service_cv2", "services.s.boot_mean")
    local age = ask(d, "services.s.processes[1].age")
    assert.is_true(mean > 0 and mean <= age and mean + 0.1 >= busy_for / 3, ("%g of %g"):format(mean, age))
    assert.is_true(cv2 >= 0)
    assert.is_true(boot >= 0 and boot <= age, tostring(boot))
    local avg, most, least = ask(d, [[services.s:avg("busy", 60)]], [[services.s:max("busy", 60)]],
      [[services.s:min("idle", 60)]])
    assert.is_true(avg > 0 and avg < 3 and most == 3 and least == 0)
    assert.is_true(ask(d, [[services.s:rate("starts", 600)]]) > 0)
    assert.equal("t", ask(d, "services.s.services.t.name"))
    d:stop()
  end)

  it("of what is not known are nil", function()
    local d = reeve.start { config = [[service "p" { executable = "/bin/sleep infinity", contract = "plain",
      process_min_avail = 2 }]] }
    d:wait_service("p", { live = 2 })
    assert.same({ 2, 2 }, { ask(d, "services.p.live", "services.p.avail") })
    for _, fact in ipairs { "clients", "busy", "idle", "served", "service_mean", "processes[1].idle_for",
      "processes[1].served" } do
      assert.is_nil((ask(d, "services.p." .. fact)), fact)
    end
    assert.is_true(ask(d, "services.p.processes[1].age") >= 0)
    d:stop()
  end)
end)
