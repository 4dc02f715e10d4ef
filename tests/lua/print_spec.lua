package.path = "lua/?.lua;" .. package.path

local print = require "reeve.print"

describe("print.value", function()
  local cases = {
    { "integers stay integers", 3, "3" },
    { "floats stay floats", 3.0, "3.0" },
    { "the largest integer is exact", math.maxinteger, "9223372036854775807" },
    { "texts are quoted, control bytes escaped", "a\n\"\27\\", '"a\\n\\"\\x1b\\\\"' },
    { "bytes that are no UTF-8 are escaped", "\xff\xc3", '"\\xff\\xc3"' },
    { "a function has no address", io.write, "function" },
    { "keys are sorted, numbers first", { b = 1, a = 2, [3] = 3, ["x y"] = 4 },
      '{ [3] = 3, a = 2, b = 1, ["x y"] = 4 }' },
    { "a keyword is no plain key", { ["end"] = 1 }, '{ ["end"] = 1 }' },
    { "a list has no keys", { 1, "x", true }, '{ 1, "x", true }' },
    { "an empty table", {}, "{}" },
    { "depth ends at three", { { { { 1 } } } }, "{ { { {…} } } }" },
  }
  for _, case in ipairs(cases) do
    it(case[1], function() assert.equal(case[3], print.value(case[2])) end)
  end

  it("shows 40 items and says how many more there are", function()
    local t = {}
    for i = 1, 152 do t[i] = i end
    local text = print.value(t)
    assert.truthy(text:find("40, ... 112 more }", 1, true) or text:find("40,\n  ... 112 more\n}", 1, true))
    assert.falsy(text:find("41", 1, true))
  end)

  it("ends at a cycle", function()
    local t = { n = 1 }
    t.self = t
    assert.equal("{ n = 1, self = <cycle> }", print.value(t))
  end)

  it("breaks what is wider than the terminal", function()
    assert.equal('{\n  a = "0123456789",\n  b = {\n    c = "0123456789",\n    d = 1\n  }\n}',
      print.value({ a = "0123456789", b = { c = "0123456789", d = 1 } }, { width = 20 }))
  end)

  it("runs no metamethod of what it prints", function()
    local function bad() error "a metamethod ran" end
    local t = setmetatable({ 1 }, { __index = bad, __len = bad, __pairs = bad, __tostring = bad, __name = "x" })
    assert.equal("{ 1 }", print.value(t))
    assert.equal("[1]", print.json(t))
  end)
end)

describe("print.json", function()
  local cases = {
    { "nil is null", nil, "null" },
    { "integers are exact", { math.maxinteger, math.mininteger }, "[9223372036854775807,-9223372036854775808]" },
    { "what JSON cannot say is null", { 0 / 0, math.huge }, "[null,null]" },
    { "keys are sorted", { z = 1, a = { c = 1, b = 2 } }, '{"a":{"b":2,"c":1},"z":1}' },
    { "a table with holes is an object", { [1] = "a", [3] = "b" }, '{"1":"a","3":"b"}' },
    { "texts are escaped", { 'a"\n\1' }, '["a\\"\\n\\u0001"]' },
    { "bytes that are no UTF-8 become characters", "\xff", '"ÿ"' },
    { "functions are named by their kind", { io.write }, '["function"]' },
    { "an empty list", {}, "[]" },
  }
  for _, case in ipairs(cases) do
    it(case[1], function() assert.equal(case[3], print.json(case[2])) end)
  end

  it("keeps the order of a record and names what is missing", function()
    local r = print.record({ "z", "a", "m" }, { a = 1, z = 2 })
    assert.equal('{"z":2,"a":1,"m":null}', print.json(r))
    assert.equal('[{"z":2,"a":1,"m":null}]', print.json { r })
  end)

  it("ends at a cycle and at great depth", function()
    local t = {}
    t.t = t
    assert.equal('{"t":"<cycle>"}', print.json(t))
    local deep = {}
    for _ = 1, 100 do deep = { deep } end
    assert.truthy(print.json(deep):find("…", 1, true))
  end)
end)

describe("print.table", function()
  local columns = { "name", "live", "why" }
  local rows = { { "web", 12, "ok" }, { "imap-login", 4, nil } }

  it("puts numbers to the right and nil as -", function()
    assert.equal("name        live  why\nweb           12  ok\nimap-login     4  -\n", print.table(columns, rows))
  end)

  it("cuts lines to the width", function()
    for text in print.table(columns, rows, { width = 16 }):gmatch "[^\n]+" do
      assert.truthy(utf8.len(text) <= 16, text)
    end
    assert.truthy(print.table(columns, rows, { width = 16 }):find("…", 1, true))
  end)

  it("leaves out what can be spared before it cuts", function()
    local function at(width)
      return print.table({ "name", "live", "starts", "state" }, { { "web", 12, 3, "throttled 2 s" } },
        { width = width, spare = { "starts", "nothing", "live" } })
    end
    assert.equal("name  live  starts  state\nweb     12       3  throttled 2 s\n", at(0))
    assert.equal(at(0), at(33))
    assert.equal("name  live  state\nweb     12  throttled 2 s\n", at(32))
    assert.equal("name  state\nweb   throttled 2 s\n", at(24))
    assert.equal("name  state\nweb   throt…\n", at(12))
  end)

  it("keeps 24 columns of the last one, however long it is", function()
    local text = print.table({ "a", "b", "state" }, { { 1, 2, ("x"):rep(90) } }, { width = 30, spare = { "b" } })
    assert.equal("a  b  state\n1  2  " .. ("x"):rep(23) .. "…\n", text)
  end)

  it("has colour only when asked", function()
    assert.falsy(print.table(columns, rows):find("\27", 1, true))
    assert.truthy(print.table(columns, rows, { color = true }):find("^\27%[1mname"))
  end)

  it("lets no control byte of a value through", function()
    assert.equal("a\n\\x1b[2Jx y\n", print.table({ "a" }, { { "\27[2Jx\ny" } }))
  end)
end)

describe("print.result", function()
  it("prints a list of records as a table", function()
    assert.equal("busy  name\n   3  web\n   0  chat\n",
      print.result { { name = "web", busy = 3 }, { name = "chat", busy = 0 } })
  end)
  it("prints other lists as values", function()
    assert.equal("{ 1, 2 }\n", print.result { 1, 2 })
    assert.equal("{ { a = 1 }, { b = 1 } }\n", print.result { { a = 1 }, { b = 1 } })
  end)
  it("prints a text as it is", function() assert.equal("a\tb\\x1b\n", print.result "a\tb\27") end)
end)
