-- Run it with `busted` in the directory above: a day passes in a blink, in virtual time.
local T = require "reeve.test"
local rush = require "policies.rush"

local function service(options)
  return T.service { client_limit = 10, process_limit = 8, process_min_avail = 1, idle_kill = "30s",
    policy = rush(options or {}) }
end

describe("rush", function()
  it("leaves a quiet service alone", function()
    local s = service()
    for _ = 1, 10 do
      s:connect(1)
      s:finish(1)
      s:advance(10)
    end
    assert.equal(1, s.live)
  end)

  it("keeps four ready while clients come fast, and lets them go again", function()
    local s = service()
    for _ = 1, 10 do
      s:connect(5)
      s:finish(5)
      s:advance(1)
    end
    assert.equal(4, s.live)
    s:advance "5min"
    assert.equal(1, s.live)
  end)

  it("breaks no rule, whatever happens", function()
    T.fuzz(rush { above = 1, spare = 6 }, { worlds = 20 })
  end)
end)
