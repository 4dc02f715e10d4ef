-- Every config of examples/policies is good, runs, and no policy of it fails.
local lfs = require "lfs"
local reeve = require "reeve"

local DIR = lfs.currentdir() .. "/examples/policies/"

local function names_in(dir)
  local names = {}
  for file in lfs.dir(dir) do
    local name = file:match "^(.*)%.lua$"
    if name and name ~= "common" then names[#names + 1] = name end
  end
  table.sort(names)
  return names
end

-- The example with settings of this test in place of common.lua.
local function start(name)
  local text = reeve.read(DIR .. name .. ".lua"):gsub('include "common.lua"\n', "")
  return reeve.start { config = text:gsub('tonumber%(getenv%("REEVE_PORT", "8083"%)%)', "@port@"),
    settings = ('libexec_dir = "%s/examples", listen = { "127.0.0.1" },'):format(reeve.build) }
end

describe("examples/policies", function()
  after_each(reeve.clean)

  it("has one for each file of policies/", function()
    assert.same(names_in(lfs.currentdir() .. "/policies"), names_in(DIR))
  end)

  for _, name in ipairs(names_in(DIR)) do
    it(name .. " is good, greets, and no policy fails", function()
      local code, text = reeve.shell(("REEVE_LIBEXEC=%s/examples %s/reeve check -c %s%s.lua"):format(reeve.build,
        reeve.build, DIR, name))
      assert.equal(0, code, text)
      local d = start(name)
      assert.equal("hello from here", assert(d:connect()).socket:receive "*l")
      for _, service in ipairs(d:status().services) do
        for _, policy in ipairs(service.policies) do
          assert.is_true(policy.state == "active" or policy.state == "replaced", policy.name .. " is " .. policy.state)
        end
      end
      assert.equal(0, d:stop())
    end)
  end
end)
