package.path = "lua/?.lua;tests/docs/?.lua;" .. package.path

local defs = require "defs"
local usage = require "reeve.usage"

local function said(verb, known, args, most)
  local text = ""
  local options, code = usage.read({ err = function(t) text = text .. t end }, verb, known, args, most)
  return options, code, text
end

describe("usage", function()
  it("of each verb in Lua is what verbs.def says", function()
    local wanted = {}
    for _, verb in ipairs(defs.verbs()) do
      if verb.where ~= "OWN" then wanted[verb.name] = verb.usage end
    end
    assert.same(wanted, usage.OF)
  end)

  it("is said behind the sentence about a wrong word", function()
    assert.same({ nil, 64, "reeve: ps: unknown option '--jsn'; did you mean '--json'?\n"
      .. "usage: reeve ps [SERVICE] [--json]\n" }, { said("ps", { ["--json"] = true }, { "--jsn" }, 1) })
    assert.same({ nil, 64, "reeve: reopen-logs: unknown argument 'x'\nusage: reeve reopen-logs\n" },
      { said("reopen-logs", {}, { "x" }, 0) })
    assert.same({ nil, 64, "reeve: ps: unknown option '-j'\nusage: reeve ps [SERVICE] [--json]\n" },
      { said("ps", { ["--json"] = true }, { "-j" }, 1) })
  end)

  it("gives the options and the words", function()
    assert.same({ { json = true }, { "web" }, "" }, { said("ps", { ["--json"] = true }, { "web", "--json" }, 1) })
    assert.same({ {}, { "-1", "x", "y" }, "" }, { said("eval", {}, { "-1", "x", "y" }) })
  end)
end)
