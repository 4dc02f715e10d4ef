-- The annotations for editors name all that a policy sees and says, and nothing else.
local combinators = require "reeve.combinators"
local events = require "reeve.events"
local parts = require "reeve.parts"
local policywords = require "reeve.policywords"
local process = require "reeve.process"
local service = require "reeve.service"
local vote = require "reeve.vote"

local META = {}
for line in io.lines "lua/reeve/meta/reeve.lua" do META[#META + 1] = line end

local function set(list)
  local names = {}
  for _, name in ipairs(list) do names[name] = true end
  return names
end

-- The fields of a class, and its methods.
local function fields_of(class)
  local names, inside = {}, false
  for _, line in ipairs(META) do
    local field = line:match "^%-%-%-@field ([%w_]+)"
    if line:find("^%-%-%-@class " .. class:gsub("%.", "%%.") .. "$") then
      inside = true
    elseif inside and field then
      names[field] = true
    elseif not line:find "^%-%-%-" then
      inside = false
    end
    local method = line:match "^function Facts:(%w+)"
    if class == "reeve.Facts" and method then names[method] = true end
  end
  return names
end

describe("the annotations", function()
  it("name every fact of a service and of a process", function()
    assert.same(service.FIELDS, fields_of "reeve.Facts")
    assert.same(process.FIELDS, fields_of "reeve.Process")
  end)

  it("name every field of a vote", function()
    local names = {}
    for name in pairs(vote.FIELDS) do names[name] = true end
    assert.same(names, fields_of "reeve.Vote")
  end)

  it("name every hook and every kind of event", function()
    assert.same(parts.WORDS, fields_of "reeve.Hooks")
    local kinds = {}
    for _, line in ipairs(META) do
      local kind = line:match '^%-%-%-| "([%w_]+)"'
      if kind then kinds[kind] = true end
    end
    assert.same(events.KINDS, kinds)
  end)

  it("have a function for every combinator", function()
    local functions = {}
    for _, line in ipairs(META) do
      local name = line:match "^function ([%w_]+)%("
      if name then functions[name] = true end
    end
    for name in pairs(combinators.WORDS) do assert.is_true(functions[name], name) end
  end)

  -- A policy file as the host loads it, but that the rows of its options are kept.
  local function rows_of(name)
    local rows
    local function options(...)
      rows = select(3, ...)
      return policywords.options(...)
    end
    local function word(_, known) return _G[known] or function() end end
    local env = setmetatable({ options = options }, { __index = word })
    pcall(assert(loadfile("policies/" .. name .. ".lua", "t", env))(), {})
    return rows
  end

  it("have a function for each shipped policy, and its options with their defaults", function()
    local text, policies, checked = table.concat(META, "\n"), io.popen "ls policies", 0
    for file in policies:lines() do
      local name = file:match "^(.*)%.lua$"
      assert.truthy(text:find("\nfunction " .. name .. "(", 1, true),
        ("lua/reeve/meta/reeve.lua has no `function %s(options) end` for policies/%s"):format(name, file))
      local class = ("_" .. name):gsub("_(%l)", string.upper) .. "Options"
      for option, row in pairs(rows_of(name) or {}) do
        local line = text:match("@class reeve%." .. class .. "\n(.-)\n\n"):match("@field " .. option .. "%? ([^\n]*)")
        assert.truthy(line, class .. "." .. option)
        local default = row[1] and ("(default %g)"):format(row[1]) or ""
        assert.truthy(line:find(default, 1, true), class .. "." .. option .. ": " .. default)
        checked = checked + 1
      end
    end
    policies:close()
    assert.is_true(checked > 60)
  end)

  it("name the gauges and counters of windows", function()
    local text = table.concat(META, "\n")
    for what, names in pairs { Gauge = service.GAUGES, Counter = service.COUNTERS } do
      local found = {}
      local line = text:match("@alias reeve%." .. what .. " ([^\n]*)")
      for name in line:gmatch '"([%w_]+)"' do found[#found + 1] = name end
      assert.same(set(names), set(found))
    end
  end)
end)
