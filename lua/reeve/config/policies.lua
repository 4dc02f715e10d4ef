--- policies: the words that make policies: files of policies/ and what a config defines itself.

local M = {}

local function kind_of(value)
  return value == nil and "nothing" or "a " .. type(value)
end

-- The mistake is the config's, not that of the line of the policy that found it.
local function without_position(message) return (tostring(message):gsub("^[^\n]-%.lua:%d+: ", "")) end

-- Calls what makes a policy. -> what it gave | nil: it gave nothing or raised, which was said
local function make(script, at, constructor, ...)
  local good, value, sentence = pcall(constructor, ...) -- past the deadline the next line raises again
  if not good then
    script:problem(at, "call", nil, "policy", without_position(value))
  elseif value == nil then
    script:problem(at, "call", nil, "policy",
      ("policy '%s' gave nothing%s"):format(at.word, sentence and ": " .. tostring(sentence) or ""),
      "a policy file returns a function(options) that returns a policy")
  end
  return good and value or nil
end

--- A function that notes from which word a policy came.
local function policy_word(script, name, constructor)
  local function word(...)
    if script.closed then return constructor(...) end
    local at = script:here(name)
    local options = ...
    if options == script.poison then return script.poison end
    local value = make(script, at, constructor, ...)
    if value == nil then return script.poison end
    if type(value) == "function" or type(value) == "table" then
      script.made[value] = { word = name, options = options, at = at }
    end
    return value
  end
  script.constructors[word] = name
  return word
end

--- A policy word lacks its (): code, message, hint.
function M.bare(name)
  return "policy-word", ("policy '%s' lacks its ()"):format(name), ("write %s() or %s { … }"):format(name, name)
end

-- What was given to a combinator: is something among it that has been complained about, or is now?
local function is_spoilt(script, value, depth)
  if value == script.poison then return true end
  local bare = script.constructors[value]
  if bare then
    script:problem(script:here(bare), "call", nil, M.bare(bare))
    return true
  end
  local spoilt = false
  if type(value) == "table" and depth < 8 and not script.made[value] then
    for i = 1, rawlen(value) do spoilt = is_spoilt(script, rawget(value, i), depth + 1) or spoilt end
  end
  return spoilt
end

--- The word of a combinator: all, only, every, …
function M.combinator_word(script, name, combine)
  local function word(...)
    if script.closed then return combine(...) end
    local at, given, spoilt = script:here(name), table.pack(...), false
    for i = 1, given.n do spoilt = is_spoilt(script, given[i], 1) or spoilt end
    local value = not spoilt and make(script, at, combine, ...)
    return value or script.poison
  end
  script.constructors[word] = name
  return word
end

--- The word `policy "name" (function(options) … end)`.
function M.word(script, name, more)
  if name == script.poison then return function() end end
  local at = script:here("policy", name)
  local function refuse(sentence, hint)
    script:problem(at, "name", nil, "policy", sentence, hint)
    return function() end
  end
  if type(name) ~= "string" or not name:find("^[%a_][%w_]*$") or more ~= nil then
    return refuse("policy needs a name that is a Lua name", "write policy \"name\" (function(options) … end)")
  end
  if script.words[name] or M.is_shipped(script, name) or script.basic(name) ~= nil then
    return refuse(("'%s' is taken: a policy cannot have the name of a word"):format(name), "choose another name")
  end
  local record = { at = at, what = ("policy '%s' has no (function … end)"):format(name),
    hint = ("write policy \"%s\" (function(options) … end)"):format(name) }
  script.waiting[#script.waiting + 1] = record
  return function(constructor)
    record.done = true
    if constructor == script.poison then return end
    if type(constructor) ~= "function" then
      return refuse(("policy '%s' needs a function, not %s"):format(name, kind_of(constructor)), record.hint)
    end
    script.words[name] = policy_word(script, name, constructor)
  end
end

--- Whether policies/ has a file of this name.
function M.is_shipped(script, name)
  local policies = script.opts.policies
  if type(policies) == "function" then return policies(name) ~= nil end
  if type(policies) ~= "table" then return false end
  if policies[name] then return true end
  for _, known in ipairs(policies) do
    if known == name then return true end
  end
  return false
end

--- The word of a file of policies/, made when it is first used.
function M.shipped_word(script, name)
  local constructor, sentence
  local good, bug = pcall(function() constructor, sentence = script.opts.load_policy(name) end)
  if not good then sentence = tostring(bug) end
  if type(constructor) ~= "function" then
    local file, line = script:where()
    script:problem({ file = file, line = line, word = name }, "call", nil, "policy",
      ("policy '%s' cannot be loaded: %s"):format(name, tostring(sentence or "it does not return a function")))
    return script.poison
  end
  return policy_word(script, name, constructor)
end

return M
