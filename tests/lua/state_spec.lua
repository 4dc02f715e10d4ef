local state = require "reeve.state"

describe("state", function()
  it("brings every plain value back, floats and integers apart", function()
    local value = { 1, 2.0, "three", { true, [-4] = false, ["a key\0with\nall"] = "}{;", [0.5] = -0.1 },
      big = math.maxinteger, small = math.mininteger, huge = math.huge, low = -math.huge, empty = {}, [true] = "yes" }
    local back = assert(state.decode(assert(state.encode(value))))
    assert.same(value, back)
    assert.equal("float", math.type(back[2]))
    assert.equal("integer", math.type(back[1]))
    local nan = state.decode(state.encode { 0 / 0 })[1]
    assert.is_true(nan ~= nan)
  end)

  it("writes the same text however the table was filled", function()
    local a, b = {}, {}
    for i = 1, 50 do a["k" .. i] = i end
    for i = 50, 1, -1 do b["k" .. i] = i end
    assert.equal(state.encode(a), state.encode(b))
  end)

  it("names the place of what cannot be kept", function()
    local loop = {}
    loop.me = loop
    local function refused(value) return select(2, state.encode(value)) end
    assert.equal("st.queue[3] is a function: only nil, booleans, numbers, strings and tables of these are kept",
      refused { queue = { 1, 2, print } })
    assert.equal('st["a b"].p is an object, not a plain table', refused { ["a b"] = { p = setmetatable({}, {}) } })
    assert.equal("st has a key that is a table", refused { [{}] = 1 })
    assert.matches("^st%.me%.me.* contains itself$", refused(loop))
  end)

  it("refuses every text that was cut or damaged, without an error", function()
    local text = assert(state.encode { a = 1, b = { 2.5, "hello", false }, c = "x" })
    for i = 0, #text - 1 do
      local value, sentence = state.decode(text:sub(1, i))
      assert.is_nil(value)
      assert.matches("broken", sentence)
    end
    local good = 0
    for i = 1, #text do
      for _, byte in ipairs { "}", "{", "z", "9", "\0" } do
        local value, sentence = state.decode(text:sub(1, i - 1) .. byte .. text:sub(i + 1))
        assert.is_true(value ~= nil or type(sentence) == "string")
        if value then good = good + 1 end
      end
    end
    assert.is_true(good > 0) -- a changed digit or letter is still a value: the memfd has the checksum
    assert.is_nil((state.decode(text .. "t")))
    assert.is_nil((state.decode(("{i1;"):rep(100000))))
  end)
end)
