-- conf/dovecot_storm.lua in virtual time.
local T = require "reeve.test"

local storm = dofile "conf/dovecot_storm.lua"

describe("dovecot_storm", function()
  local function service()
    return T.service { process_limit = 100, client_limit = 1, idle_kill = "30s", policy = storm.login { rate = 4,
      spare = 10, calm = 60 } }
  end

  it("does nothing while clients come as they always do", function()
    local s = service()
    for _ = 1, 10 do
      s:connect(1)
      s:finish(1)
      s:advance(2)
    end
    assert.is_true(s.live <= 2, s.live)
  end)

  it("keeps spare processes ready in a storm, and lets them go when it is over", function()
    local s = service()
    for _ = 1, 8 do
      s:connect(6)
      s:advance(1)
    end
    assert.is_true(s.avail >= 10, s.avail)
    s:finish(48)
    s:advance(50)
    assert.is_true(s.avail >= 10, s.avail)
    s:advance "10min"
    assert.equal(0, s.live)
  end)

  it("never goes above process_limit", function()
    local s = T.service { process_limit = 8, client_limit = 1, policy = storm.login { rate = 1, spare = 50 } }
    for _ = 1, 8 do
      s:connect(2)
      s:advance(1)
    end
    assert.equal(8, s.live)
  end)
end)
