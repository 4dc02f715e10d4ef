-- hostile: what people may write, and how it ends. One case a process:
--     reeve-engine here --script tests/lua/hostile.lua NAME
-- prints "fine", "refused: message", "soft" or "memory"; a case that must be ended with the whole
-- process leaves with 75 and says on stderr where. Without a name: returns the cases.

local cases = {
  -- name, environment, how it ends, the code, [what the message has to say]
  { "while true", "policy", "soft", "while true do end" },
  { "for to 1e12", "policy", "soft", "for i = 1, 1e12 do end" },
  { "goto for ever", "policy", "soft", "::again:: goto again" },
  { "pcall in a loop", "policy", "soft", "while true do pcall(function() while true do end end) end" },
  { "pcall recursion", "policy", "soft", "local function f() pcall(f) while true do pcall(f) end end f()" },
  { "pcall as the last word", "policy", "soft", "pcall(function() while true do end end) return 'got away'" },
  { "try in a loop", "policy", "soft", "while true do try(function() while true do end end) end" },
  { "xpcall with a handler", "policy", "refused",
    "xpcall(function() while true do end end, function() while true do end end)", "unknown name 'xpcall'" },
  { "a metamethod that loops", "policy", "soft",
    "local t = setmetatable({}, { __index = function() while true do end end }) return t.x" },
  { "__tostring that loops", "policy", "soft",
    "return tostring(setmetatable({}, { __tostring = function() while true do end end }))" },
  { "error object with __tostring", "policy", "refused",
    "error(setmetatable({}, { __tostring = function() while true do end end }))", "error object is a table" },
  { "__close that loops", "policy", "soft",
    "do local x <close> = setmetatable({}, { __close = function() while true do end end }) end" },
  { "__gc that loops", "policy", "refused", "setmetatable({}, { __gc = function() while true do end end })", "__gc" },
  { "__gc behind its back", "policy", "fine",
    "local m = {} setmetatable({}, m) m.__gc = function() while true do end end for i = 1, 1e5 do local t = {} end" },
  { "weak tables", "policy", "refused", "setmetatable({}, { __mode = 'k' })", "__mode" },
  { "rep of a gigabyte", "policy", "refused", "return ('x'):rep(1 << 30)", "longer than 65536" },
  { "rep in a loop", "policy", "soft", "for i = 1, 1e12 do local s = ('x'):rep(60000) end" },
  { "rep of nothing", "policy", "fine", "return (''):rep(1 << 40)" },
  { "pathological find", "policy", "refused", "return ('a'):rep(40):find(('.-'):rep(12) .. 'b')", "plain text" },
  { "pathological find in a config", "config", "hard", "local x = ('a'):rep(40):find(('.-'):rep(12) .. 'b')" },
  { "stars in a config", "config", "hard", "local x = ('a'):rep(3000):find(('a*'):rep(8) .. 'b')" },
  { "gsub in a config", "config", "hard", "local x = ('a'):rep(20000):gsub('.-.-b', 'x')" },
  { "gsub in a policy", "policy", "refused", "return ('a'):rep(20000):gsub('.-b', 'x')", "no 'gsub'" },
  { "concat through metamethods", "policy", "refused",
    "return table.concat(setmetatable({}, { __index = function() return '' end, __len = function() return 1e9 end }))",
    "__len" },
  { "concat of what __index makes", "policy", "soft",
    "return table.concat(setmetatable({}, { __index = function() return '' end }), '', 1, 1 << 40)" },
  { "insert into a long nothing", "policy", "refused",
    "table.insert(setmetatable({}, { __len = function() return 1 << 40 end }), 1, 'x')", "__len" },
  { "sort of many", "policy", "refused", "local t = {} for i = 1, 1e5 do t[i] = i % 7 end table.sort(t)", "65536" },
  { "sort with a looping order", "policy", "soft",
    "table.sort({ 3, 2, 1 }, function() while true do end end)" },
  { "sort of long texts that are nearly alike", "policy", "soft",
    "local s = 'x' for i = 1, 20 do s = s .. s end local a, b, t = s .. 'a', s .. 'b', {} "
    .. "for i = 1, 60000 do t[i] = i % 2 == 0 and a or b end table.sort(t)" },
  { "find of a long text", "policy", "refused",
    "local s = ('x'):rep(65536) for i = 1, 5 do s = s .. s end return s:find(s:sub(1, #s // 2) .. 'y', 1, true)",
    "too much" },
  { "table.move", "policy", "refused", "table.move({}, 1, 1 << 40, 2)", "no 'move'" },
  { "unpack of many", "policy", "refused", "return select('#', table.unpack({}, 1, 1e7))", "8192" },
  { "wide formats", "policy", "soft", "for i = 1, 1e12 do local s = ('%99.99f'):format(1e308) end" },
  { "addresses in formats", "policy", "refused", "return ('%p'):format({})", "address" },
  { "coroutines", "policy", "refused", "coroutine.wrap(function() while true do end end)()", "unknown name" },
  { "debug.sethook", "policy", "refused", "debug.sethook()", "unknown name" },
  { "collectgarbage", "policy", "refused", "while true do collectgarbage() end", "unknown name" },
  { "os.exit", "policy", "refused", "os.exit(7)", "unknown name 'os'" },
  { "os.exit in a config", "config", "refused", "os.exit(7)", "no 'exit'" },
  { "load", "policy", "refused", "return load('return 1')", "unknown name" },
  { "string.dump", "policy", "refused", "return string.dump(print)", "no 'dump'" },
  { "dump as a method", "policy", "refused", "return (''):dump()", "no 'dump'" },
  { "the metatable of strings", "policy", "fine", "assert(getmetatable('') == nil)" },
  { "writing into a library", "policy", "refused", "string.format = nil", "read-only" },
  { "writing a global", "policy", "refused", "answer = 42", "local answer" },
  { "the metatable of a library", "policy", "refused", "setmetatable(string, {})", "protected" },
  { "the metatable of the environment", "policy", "refused", "setmetatable(_ENV, {})", "protected" },
  { "nested parentheses", "policy", "refused", "return " .. ("("):rep(1000) .. "1" .. (")"):rep(1000), "" },
  { "deep recursion", "policy", "memory", "local function f() return 1 + f() end return f()" },
  { "doubling a string", "policy", "memory", "local s = 'x' while true do s = s .. s end" },
  { "a table without end", "policy", "memory", "local t = {} for i = 1, 1e12 do t[i] = { i } end" },
  { "catching memory errors", "policy", "soft",
    "while true do pcall(function() local s = 'x' while true do s = s .. s end end) end" },
  { "comparing long strings", "policy", "soft",
    "local s = 'x' for i = 1, 20 do s = s .. s end local a, b = s .. 'a', s .. 'b' while true do local x = a < b end" },
  { "pairs for ever", "policy", "soft", "local t = { 1, 2, 3 } while true do for k in pairs(t) do end end" },
  { "a log flood", "policy", "soft", "while true do log.debug('x') end" },
}

local wanted = ...
if not wanted then return cases end

local guard = require "reeve.guard"
local sandbox = require "reeve.sandbox"

local SOFT_MS = { soft = 60, hard = 60 }

local function run(_, where, ends, code)
  sandbox.seal_strings { "@" .. package.path:match "^(.-)%?" }
  local env = where == "config" and sandbox.config_env() or sandbox.policy_env()
  if where == "policy" then sandbox.config_is_read() end
  local f, wrong = load(code, "=user", "t", env)
  if not f then return "refused: " .. wrong end
  local ok, message, kind = guard.call(SOFT_MS[ends] or 5000, f)
  if ok then return "fine" end
  if kind == "runtime" then return "refused: " .. message end
  return kind == "deadline" and "soft" or kind
end

for _, case in ipairs(cases) do
  if case[1] == wanted then
    io.stdout:write(run(table.unpack(case)), "\n")
    return 0
  end
end
io.stderr:write("hostile: no case ", wanted, "\n")
return 64
