-- reeve.trace: what a trace may say, and the sentences about what it may not.
local trace = require "reeve.trace"

local function nothing() return function() end end

local function minimal(more)
  local t = { duration = 10, records = nothing }
  for name, value in pairs(more or {}) do t[name] = value end
  return t
end

describe("a trace", function()
  it("gets the defaults of the model", function()
    local t = assert(trace.new(minimal { model = { boot = 2 } }))
    assert.equal(2, t.model.boot)
    assert.equal(trace.MODEL.backlog, t.model.backlog)
    assert.equal(0.2, t.target)
  end)

  local WRONG = {
    { { duration = 0 }, "duration = 0: a trace lasts a number of seconds above 0" },
    { { records = false }, "a trace needs records = function(random) -> next" },
    { { model = { boots = 1 } }, "a model has no field 'boots'; did you mean 'boot'?" },
    { { model = { boot = -1 } }, "boot = -1: a number from 0 up is wanted" },
    { { model = { boot = 0 / 0 } }, ("boot = %s: a number from 0 up is wanted"):format(0 / 0) },
    { { model = { crash = 2 } }, "crash = 2 is a share: from 0 to 1" },
    { { model = { mem_total = 0 } }, "mem_total = 0 must be above 0" },
  }
  for _, case in ipairs(WRONG) do
    it("refuses: " .. case[2], function()
      local made, sentence = trace.new(minimal(case[1]))
      assert.is_nil(made)
      assert.equal(case[2], sentence)
    end)
  end

  it("plays a list in its order, once for each run", function()
    local t = assert(trace.of_list({ duration = 5 }, { { at = 1, kind = "reload" }, { at = 2, kind = "crash" } }))
    for _ = 1, 2 do
      local next_record = t.records()
      assert.equal("reload", next_record().kind)
      assert.equal("crash", next_record().kind)
      assert.is_nil(next_record())
    end
  end)
end)

describe("a record", function()
  local GOOD = {
    { at = 0, kind = "client", stay = 0.1 }, { at = 1, kind = "client", stay = 0, crash = true, service = "imap" },
    { at = 1, kind = "model", boot = 3, crash = 0.05 }, { at = 2, kind = "operator", verb = "scale", at_least = 3 },
    { at = 2, kind = "host", used = 1e9, psi_full = 12 }, { at = 2, kind = "crash", n = 2 },
    { at = 3, kind = "reload" },
  }
  it("may be of each kind", function()
    local seen = {}
    for _, record in ipairs(GOOD) do
      assert(trace.check_record(record))
      seen[record.kind] = true
    end
    for kind in pairs(trace.KINDS) do assert.is_true(seen[kind], kind) end
  end)

  local BAD = {
    { { at = 1, kind = "clients", stay = 1 }, "there is no record of kind 'clients'; did you mean 'client'?" },
    { { kind = "reload" }, "at = nil: seconds from the start of the trace are wanted" },
    { { at = -1, kind = "reload" }, "at = -1: seconds from the start of the trace are wanted" },
    { { at = 1, kind = "client" }, "a client needs stay, in seconds" },
    { { at = 1, kind = "client", stay = "x" }, "stay = x in a record of kind client must be a number" },
    { { at = 1, kind = "client", stay = -2 }, "stay = -2 in a record of kind client: a number from 0 up is wanted" },
    { { at = 1, kind = "client", stay = 1, leaks = 2 },
      "a record of kind client has no field 'leaks'; did you mean 'leak'?" },
    { { at = 1, kind = "operator" }, "an operator's record needs a verb" },
  }
  for _, case in ipairs(BAD) do
    it("is refused: " .. case[2], function()
      local good, sentence = trace.check_record(case[1])
      assert.is_nil(good)
      assert.equal(case[2], sentence)
    end)
  end
end)
