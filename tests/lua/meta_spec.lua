-- The declarations for editors name what there is.
local api = require "reeve.api"

local CLASSES = { Facts = "service", Process = "process", Exit = "exit", Host = "host", Wall = "wall",
  Override = "override", Vote = "vote" }
local METHODS = { avg = true, min = true, max = true, rate = true, rand = true }

local function read(path)
  local f = assert(io.open(path))
  local text = f:read "a"
  f:close()
  return text
end

describe("lua/reeve/meta/policy.lua", function()
  local text = read "lua/reeve/meta/policy.lua"

  it("has no field that reeve.api does not know", function()
    local n = 0
    for class, fields in text:gmatch "%-%-%-@class reeve%.(%u%l+)\n(.-)\n\n" do
      for field in (CLASSES[class] and fields or ""):gmatch "%-%-%-@field ([%w_]+)" do
        n = n + 1
        assert(api.find(CLASSES[class], field) or METHODS[field], class .. " has no " .. field)
      end
    end
    assert.is_true(n > 80)
  end)

  it("declares policies that are shipped", function()
    local n = 0
    for name in text:gmatch "\nfunction ([%w_]+)%(options%)" do
      n = n + 1
      assert(io.open("policies/" .. name .. ".lua"), "no policy " .. name):close()
    end
    assert.is_true(n >= 11)
  end)
end)
