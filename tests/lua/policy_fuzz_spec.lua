-- No policy of the library, alone or in any pair, breaks what no policy may break (reeve.fuzz), in a few random
-- worlds; `make fuzz-policies` plays 100000.
local T = require "reeve.test"
local library = dofile "tests/lua/library.lua"

describe("the library in random worlds", function()
  it("is played whole", function() assert.same(library.files(), library.names()) end)

  local names = library.names()
  for i, a in ipairs(names) do
    it(a .. " keeps the invariants, alone and with each of the others", function()
      library.play(a, nil, 1, 1)
      for j = i + 1, #names do library.play(a, names[j], 1, 1) end
    end)
  end
end)

describe("what a random world looks at", function()
  local function failure_of(policy, options)
    options.worlds = options.worlds or 60
    local ok, failure = pcall(T.fuzz, policy, options)
    assert.is_false(ok)
    return failure
  end

  it("sees a process that is ended with its clients though no vote names it", function()
    local world = require "reeve.world"
    local new = world.new
    finally(function() world.new = new end)
    function world.new(options) -- a master that kills by itself
      local w = new(options)
      w:at(1000, function()
        for _, svc in ipairs(w.services) do
          for id in pairs(svc.processes) do w.host.order.kill { process = id } end
        end
      end)
      return w
    end
    assert.matches("was ended with %d clients, and nobody had told it to",
      failure_of(nil, { process_limit = 3 }))
  end)

  it("lets those end that a vote kills, or retires at its deadline", function()
    local function busy_ones(s, what)
      local ids = {}
      for _, p in ipairs(s.processes) do if p.state == "busy" then ids[p.id] = what end end
      return ids
    end
    assert.is_true(T.fuzz({ tick = function(s) return { kill = busy_ones(s, true), wake = s.now + 3 } end },
      { worlds = 60, process_limit = 3 }))
    assert.is_true(T.fuzz({ tick = function(s) return { retire = busy_ones(s, s.now + 2), wake = s.now + 3 } end },
      { worlds = 60, process_limit = 3 }))
  end)

  it("names the service of a deed where there are several", function()
    local function bad(s) return s.services.other.live > 2 and error "too many others" or {} end
    local failure = failure_of(nil, { between = bad, peers = { other = {} } })
    assert.matches("too many others", failure)
    assert.matches("after: .*other:connect%(%d+%)", failure)
  end)
end)
