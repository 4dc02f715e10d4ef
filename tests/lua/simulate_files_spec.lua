-- What the verb simulate reads and writes: trace files, policies as words of a command line, the plot.
local candidates = require "reeve.sim.candidates"
local csv = require "reeve.sim.csv"
local plot = require "reeve.sim.plot"
local read_options = require "reeve.options"
local report = require "reeve.sim.report"
local settings = require "reeve.sim.settings"
local T = require "reeve.test"

local function file_of(text)
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
  finally(function() os.remove(path) end)
  return path
end

local function records_of(t)
  local list, read = {}, t.records()
  for record in read do
    local copy = {}
    for name, value in pairs(record) do copy[name] = value end
    list[#list + 1] = copy
  end
  return list
end

describe("a trace file", function()
  it("has a head, columns and records", function()
    local t = assert(csv.read(file_of [[
#duration 20
#target 0.5
#model boot=2 patience=10
#settings process_limit=7 idle_kill=5min
# a comment

at,kind,stay,crash,verb,at_least,service
0.5,,0.25,,,,
1,client,1,true,,,web
2,operator,,,scale,3,
3,reload
]]))
    assert.equal(20, t.duration)
    assert.equal(0.5, t.target)
    assert.equal(2, t.model.boot)
    assert.equal(511, t.model.backlog)
    assert.same({ process_limit = "7", idle_kill = "5min" }, t.settings)
    assert.same({ { at = 0.5, kind = "client", stay = 0.25 },
      { at = 1, kind = "client", stay = 1, crash = true, service = "web" },
      { at = 2, kind = "operator", verb = "scale", at_least = 3 }, { at = 3, kind = "reload" } }, records_of(t))
  end)

  it("may be played again and again, ends with its last record, and may have CRLF", function()
    local t = assert(csv.read(file_of "at,stay\r\n0.5,1\r\n7.2,1\r\n"))
    assert.equal(8, t.duration)
    assert.equal(2, #records_of(t))
    assert.equal(2, #records_of(t))
  end)

  local WRONG = {
    { "at,stay\n1,2\nx,2\n", ":3: at = x: a number is wanted" },
    { "at,stay\n1,2\n2\n", ":3: a client needs stay, in seconds" },
    { "at,stay\n2,2\n1,2\n", ":3: at = 1 after 2: times must not fall" },
    { "at,stay\n1,2,3\n", ":2: 3 cells for 2 columns" },
    { "at,stays\n1,2\n", ":1: there is no column 'stays'; did you mean 'stay'?" },
    { "stay\n1\n", ":1: a column 'at' is wanted" },
    { "at,stay,at\n1\n", ":1: column 'at' stands twice" },
    { "at,stay\n1,-2\n", ":2: stay = -2 in a record of kind client: a number from 0 up is wanted" },
    { "at,stay,crash\n1,2,maybe\n", ":2: crash = maybe: true or false is wanted" },
    { "at,kind\n1,clients\n", ":2: there is no record of kind 'clients'; did you mean 'client'?" },
    { "#duration long\nat,stay\n1,2\n", ":1: #duration long: seconds are wanted" },
    { "#model boots=1\nat,stay\n1,2\n", ":1: a model has no field 'boots'; did you mean 'boot'?" },
    { "#model boot=fast\nat,stay\n1,2\n", ":1: boot = fast: a number from 0 up is wanted" },
    { "#settings process_limit\nat,stay\n1,2\n", ":1: 'process_limit': name=value is wanted" },
    { "a\27[2Jb\n1\n", ":1: there is no column 'a\\x1b[2Jb'" },
    { "at,stay\n", ": there is no record in it" },
    { "", ": there is no record in it" },
  }
  for _, case in ipairs(WRONG) do
    it("is refused with its line: " .. case[2], function()
      local path = file_of(case[1])
      local t, sentence = csv.read(path)
      assert.is_nil(t)
      assert.equal(path .. case[2], sentence)
    end)
  end

  it("tells all mistakes at once, up to twenty", function()
    local path = file_of("at,stay\n" .. ("x,1\n"):rep(30))
    local _, sentence = csv.read(path)
    local _, lines = sentence:gsub("[^\n]+", "")
    assert.equal(20, lines)
    assert.equal(path .. ":21: at = x: a number is wanted", sentence:match "[^\n]*$")
  end)

  it("that is not there is a sentence", function()
    assert.same({ nil, "trace /: Is a directory" }, { csv.read "/" })
    local _, sentence = csv.read "/nowhere/x.csv"
    assert.equal("trace /nowhere/x.csv: No such file or directory", sentence)
  end)
end)

describe("a candidate", function()
  local function load_policy(name)
    local file = io.open("policies/" .. name .. ".lua")
    if not file then return nil, ("there is no policy '%s'"):format(name) end
    file:close()
    return T.policy(name)
  end
  local doors = { load_policy = load_policy,
    read = function(path)
      local file, why = io.open(path)
      if not file then return nil, why end
      local text = file:read "a"
      file:close()
      return text
    end,
    env = function(words)
      return setmetatable({}, { __index = function(_, name)
        local word = words[name]
        if word ~= nil then return word end
        return _G[name]
      end })
    end }

  it("is split off at commas that stand in no brackets and quotes", function()
    assert.same({ "a", "b { x = 1, y = { 2, 3 } }", "c(1, ',')", 'd { "a,b" }' },
      candidates.split 'a, b { x = 1, y = { 2, 3 } },c(1, \',\') , d { "a,b" }')
  end)

  it("is a name, an expression, a file, settings, or none", function()
    local list = assert(candidates.list("hung, hung { after = 3 }, policies/hung.lua, none, small = service { "
      .. "process_min_avail = 8, policy = only { fpm_static { max_children = 2 } } }", doors))
    local titles = {}
    for i, one in ipairs(list) do titles[i] = one.title end
    assert.same({ "hung", "hung { after = 3 }", "hung", "none", "small" }, titles)
    assert.equal("table", type(list[1].make()))
    assert.is_nil(list[4].make())
    assert.same({ process_min_avail = 8 }, list[5].settings)
    assert.is_true(list[5].make().only)
    assert.are_not.equal(list[2].make(), list[2].make()) -- a fresh one each time
  end)

  local WRONG = {
    { "hungs", "there is no policy 'hungs'" },
    { "hung {", "expected" },
    { "hung { after = -1 }", "hung: after = %-1: a number of at least 0.001 is needed" },
    { "policies/none_such.lua", "policy policies/none_such.lua: .*No such file" },
    { "", "a policy is wanted between commas" },
    { "nil + 1", "arithmetic on a nil value" },
  }
  for _, case in ipairs(WRONG) do
    it("is refused: " .. case[2], function()
      local one, sentence = candidates.parse(case[1], doors)
      assert.is_nil(one)
      assert.matches(case[2], sentence)
    end)
  end
end)

describe("settings without a config", function()
  it("are the defaults of a pool, and what is said", function()
    local all = settings.defaults()
    assert.equal("1", tostring(all.client_limit))
    assert(settings.add(all, { process_limit = 7, idle_kill = "5min" }))
    assert.equal("300000", tostring(all.idle_kill))
    assert.same({ nil, "unknown setting 'process_limits'; did you mean 'process_limit'?" },
      { settings.add(all, { process_limits = 1 }) })
    assert.same({ nil, "process_limit = many: " }, { nil, select(2, settings.add(all, { process_limit = "many" }))
      :match "^process_limit = many: " })
  end)
end)

describe("an option that may stand several times", function()
  it("is a list", function()
    assert.same({ set = { "a=1", "b=2" } }, (read_options({ ["--set"] = { "set" } }, { "--set", "a=1", "--set=b=2" })))
  end)
end)

describe("the plot", function()
  local function column(title, waiting)
    local r = report.new("svc", 100)
    for _, name in ipairs(report.SERIES) do
      for i = 1, 100 do r.series[name][i] = name == "waiting" and waiting or i % 7 end
    end
    return { title = title, report = r, note = "a note" }
  end
  local text = plot.svg("storm & <more>", "seed 1", 100, { column("one", 40), column("two", 4) })

  it("is well-formed XML: every element is closed, every text escaped", function()
    local open = {}
    for close, name, selfclosed in text:gmatch "<(/?)(%a+)[^>]-(/?)>" do
      if close == "/" then
        assert.equal(table.remove(open), name)
      elseif selfclosed == "" then
        open[#open + 1] = name
      end
    end
    assert.same({}, open)
    assert.is_truthy(text:find("storm &amp; &lt;more&gt;", 1, true))
    assert.is_nil(text:find "nan" or text:find "inf")
  end)

  it("has every curve for every candidate, a legend, axes and their names", function()
    local _, areas = text:gsub("<polygon", "")
    local _, lines = text:gsub("<polyline", "")
    local _, drops = text:gsub("<path", "")
    assert.same({ 7, 8, 2 }, { areas, lines, drops }) -- 3 areas each and the strip; 4 lines each; drops each
    for _, word in ipairs { "one", "two", "a note", "live processes", "busy", "spare", "floor", "clients waiting",
      "dropped", "clients coming", "seconds", "processes", "clients/s" } do
      assert.is_truthy(text:find(">" .. word .. "<", 1, true), word)
    end
  end)

  it("has the same axis for all, so that they can be compared", function()
    local _, forties = text:gsub(">40</text>", "")
    assert.equal(3, forties) -- of the time axis and of both panels of waiting clients
  end)
end)
