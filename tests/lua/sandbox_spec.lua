-- What user code can reach, what it cannot, and how hostile code ends in the real engine.

local sandbox = require "reeve.sandbox"

local build = os.getenv "BUILD" or "build"
local GOLDEN = "tests/lua/sandbox.golden"

-- Every name that can be reached from an environment, with its type.
local function reachable(env)
  local found, seen = {}, {}
  local function walk(t, path)
    if seen[t] then return end
    seen[t] = true
    for k, v in next, t do
      local name = path .. tostring(k)
      found[#found + 1] = name .. " " .. type(v)
      if type(v) == "table" then walk(v, name .. ".") end
    end
    local meta = debug.getmetatable(t)
    local index = meta and rawget(meta, "__index")
    if type(index) == "table" then walk(index, path) end
  end
  walk(env, "")
  table.sort(found)
  return found
end

local function listing()
  local lines = {}
  for _, which in ipairs { "config", "policy" } do
    for _, name in ipairs(reachable(sandbox[which .. "_env"]())) do lines[#lines + 1] = which .. " " .. name end
  end
  return table.concat(lines, "\n") .. "\n"
end

local function run(env, code, ...)
  local f = assert(load(code, "=user", "t", env))
  return f(...)
end

local function message(env, code)
  local ok, wrong = pcall(run, env, code)
  assert.is_false(ok)
  return wrong
end

describe("the sandbox", function()
  local env
  before_each(function() env = sandbox.policy_env() end)

  it("gives exactly the names of the golden file", function()
    local file = assert(io.open(GOLDEN))
    local golden = file:read "a"
    file:close()
    assert.equal(golden, listing())
  end)

  it("gives the console what policies have", function()
    local console = sandbox.console_env { services = {} }
    for _, line in ipairs(reachable(env)) do
      local name = line:match "^[%w_]+"
      assert.is_not_nil(console[name], name)
    end
    assert.is_table(console.services)
  end)

  it("keeps a console's globals in its session", function()
    local one, two = sandbox.console_env(), sandbox.console_env()
    run(one, "answer = 42")
    assert.equal(42, run(one, "return answer"))
    assert.matches("unknown name 'answer'", message(two, "return answer"))
    assert.matches("^user:1: unknown name", message(two, "return answer"))
  end)

  it("names the line of an unknown name and of a forgotten local", function()
    assert.matches("^user:2: unknown name 'dovenull': a string needs quotes", message(env, "\nlocal u = dovenull"))
    assert.matches("^user:3: 'x' is not local: write 'local x = ...'", message(env, "\n\nx = 1"))
  end)

  it("lets the config's words answer for unknown names and assignments", function()
    local set = {}
    local words = setmetatable({ service = 1 }, {
      __index = function(_, k) return k == "late" and "here" or nil end,
      __newindex = function(_, k, v) set[k] = v end,
    })
    local config = sandbox.config_env(words)
    assert.equal("here", run(config, "return late"))
    run(config, "base_dir = '/run'")
    assert.equal("/run", set.base_dir)
    assert.matches("unknown name 'early'", message(config, "return early"))
  end)

  it("walks tables in a fixed order", function()
    local t = { 3, 2, 1, b = 1, a = 2, [true] = 3, [false] = 4, [-1] = 5, [2.5] = 6 }
    local seen = {}
    for k in env.pairs(t) do seen[#seen + 1] = tostring(k) end
    assert.same({ "-1", "1", "2", "2.5", "3", "a", "b", "false", "true" }, seen)
    local again, k = {}, nil
    repeat
      k = env.next(t, k)
      again[#again + 1] = k ~= nil and tostring(k) or nil
    until k == nil
    assert.same(seen, again)
  end)

  it("walks on when fields are cleared meanwhile", function()
    local t, n = {}, 0
    for i = 1, 50 do t["k" .. i] = i end
    for k in env.pairs(t) do t[k], n = nil, n + 1 end
    assert.equal(50, n)
    assert.is_nil(env.next(t))
  end)

  it("refuses to walk keys that have no order", function()
    assert.matches("pairs: a key that is a table has no fixed order", message(env, "pairs { [{}] = 1 }"))
    assert.matches("table expected, got nil", message(env, "pairs(nil)"))
  end)

  it("prints no addresses", function()
    assert.matches("^table#%d+$", run(env, "return tostring({})"))
    assert.matches("^x function#%d+$", run(env, "return string.format('x %s', print)"))
    assert.equal("100%p 1", run(env, "return string.format('100%%p %d', 1)"))
    assert.matches("address", message(env, "return string.format('%-10p', {})"))
  end)

  it("finds plain text alone in policies, and says so", function()
    assert.equal(2, run(env, "return (string.find('a.b', '.', 1, true))"))
    assert.matches("plain text", message(env, "return string.find('a.b', '.')"))
    assert.equal(2, run(env, "return (string.find('abc', 'b'))"))
  end)

  it("stops time in a config", function()
    local config = sandbox.config_env({}, 86400)
    assert.equal(86400, run(config, "return os.time()"))
    assert.equal("1970", run(config, "return os.date('!%Y')"))
  end)

  it("has libraries that cannot be changed", function()
    assert.matches("string is read%-only: 'format' cannot be set", message(env, "string.format = nil"))
    assert.matches("math has no 'random' here", message(env, "return math.random()"))
    assert.equal(false, run(env, "return getmetatable(string)"))
  end)
end)

-- The cases of hostile.lua, each in an engine of its own.
describe("hostile code", function()
  local cases = assert(loadfile "tests/lua/hostile.lua")()

  -- How it ends stands on standard output. An engine that is ended speaks on the other one, where the log may tell of
  -- a flood, too.
  local function ending(name, ends)
    local pipe = assert(io.popen(("%s/reeve-engine here --script tests/lua/hostile.lua '%s' %s"):format(
      build, name, ends == "hard" and "2>&1" or "")))
    local said = pipe:read "a"
    local _, _, code = pipe:close()
    return said:gsub("\n$", ""), code
  end

  for _, case in ipairs(cases) do
    local name, where, ends, _, words = table.unpack(case)
    it(("'%s' in a %s ends %s"):format(name, where, ends), function()
      local said, code = ending(name, ends)
      if ends == "hard" then
        assert.equal(75, code)
        assert.is_truthy(said:find("\n  user:1", 1, true), said)
        return
      end
      assert.equal(0, code)
      assert.equal(ends, said:match "^%a+")
      if words then assert.is_truthy(said:find(words, 1, true), said) end
    end)
  end
end)
