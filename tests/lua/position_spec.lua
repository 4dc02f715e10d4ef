package.path = "lua/?.lua;" .. package.path
local position = require "reeve.position"

--- "line:column:text" of a place
local function shown(map, place)
  return place and ("%d:%d:%s"):format(place.line, place.column,
    map:line(place.line):sub(place.column, place.column + place.length - 1))
end

local function key_and_value(map, site, ...)
  local field = position.field(site, { ... })
  if not field then return nil end
  return shown(map, map:span(field.at)), shown(map, map:span(field.value, field.last))
end

local TEXT = [==[
-- service "a" { user = "comment" }
local s = [[ service "a" { user = "string" } ]]
local t = 'service "a" {' .. "\"}{"
service "a" { user = "one", group = 'two'; ["chroot"] = "/x", [1] = 5 }
--[=[ service "a" { ]] } ]=]
service("b") {
  policy = function(s)
    if s.idle < 1 then return { user = 1, 2; 3 } end
    for i = 1, 3 do local x = { a = i } end
    repeat local y = function() end until true
    while false do end
  end,
  env = { A = "x",
    B = { C = "deep" } },
  unix_listener "sock" { mode = "0600" },
  idle_kill = "1" .. "s",
  long = [[
two lines]], after = 1,
}
for _, n in ipairs { "x", "y" } do
  service("web-" .. n) { user = n }
end
local common = { user = "web" }
settings { listen = "*" } settings { listen = "::" }
]==]

describe("position", function()
  local map = position.read(TEXT)

  it("finds fields of a table in one line, not those in comments and strings", function()
    local a = map:site("service", "a", 4)
    assert.same({ "4:15:user", '4:22:"one"' }, { key_and_value(map, a, "user") })
    assert.same({ "4:29:group", "4:37:'two'" }, { key_and_value(map, a, "group") })
    assert.same({ "4:44:[", '4:57:"/x"' }, { key_and_value(map, a, "chroot") })
    assert.same({ "4:63:[", "4:69:5" }, { key_and_value(map, a, 1) })
    assert.is_nil(map:site("service", "a", 1))
    assert.is_nil(map:site("service", "a", 2))
  end)

  it("passes over functions with all their ends", function()
    local b = map:site("service", "b", 6)
    assert.same({ "13:3:env", '13:9:{ A = "x",' }, { key_and_value(map, b, "env") })
    assert.same({ "14:11:C", '14:15:"deep"' }, { key_and_value(map, b, "env", "B", "C") })
    assert.is_nil(key_and_value(map, b, "user"))
    assert.same({ "16:3:idle_kill", '16:15:"1" .. "s"' }, { key_and_value(map, b, "idle_kill") })
    assert.same({ "18:14:after", "18:22:1" }, { key_and_value(map, b, "after") })
  end)

  it("finds a listener by its own call", function()
    local sock = map:site("unix_listener", "sock", 15)
    assert.same({ "15:26:mode", '15:33:"0600"' }, { key_and_value(map, sock, "mode") })
  end)

  it("finds a constructor whose name is computed", function()
    local made = map:site("service", "web-y", 21)
    assert.same({ "21:26:user", "21:33:n" }, { key_and_value(map, made, "user") })
    assert.is_nil(map:site("service", "web-y", 20))
  end)

  it("tells several calls in a line apart", function()
    assert.same({ "24:12:listen", '24:21:"*"' }, { key_and_value(map, map:site("settings", nil, 24, 1), "listen") })
    assert.same({ "24:38:listen", '24:47:"::"' }, { key_and_value(map, map:site("settings", nil, 24, 2), "listen") })
  end)

  it("finds what was assigned to a name", function()
    assert.same({ "23:18:user", '23:25:"web"' }, { key_and_value(map, map:assigned("common", 24), "user") })
  end)

  it("finds a call over several lines from any of them", function()
    local other = position.read('service\n"x"\n{\n user = 1 }')
    for line = 1, 3 do
      assert.same({ "4:2:user", "4:9:1" }, { key_and_value(other, other:site("service", "x", line), "user") })
    end
  end)

  it("reads texts that end too early", function()
    for _, text in ipairs { "", "{", 'service "a" {', '"', "[[", "--[[", "a = {[", "'\\", "({)}",
      "{ a = function( }" } do
      local found = position.read(text)
      assert.is_table(found:line_place(1))
      assert.is_string(found:line(99))
    end
  end)

  it("reads a long text completely", function()
    local big = position.read(TEXT:rep(100))
    assert.equal(100 * #map.tokens, #big.tokens)
  end)
end)
