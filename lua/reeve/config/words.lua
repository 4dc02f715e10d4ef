--- words: the words of the config language. Each notes what was said in the script (script.lua);
-- nothing is judged here but what would else be lost: an argument of the wrong kind.

local suggest = require "reeve.suggest"
local synonyms = require "reeve.config.synonyms"

local M = {}

--- What `unset` is: the setting has its default.
M.unset = setmetatable({}, { __name = "unset", __tostring = function() return "unset" end })

local COMBINATORS = { "all", "only", "every", "settle", "when", "shadow", "canary" }

--- Names of other places for which there is something better to say than "needs quotes".
local ABSENT = {
  os = "write getenv(NAME, default) for an environment variable",
  io = "write include \"FILE\" or credential(NAME)",
  debug = "there is no way to it from a config",
  package = "write require \"name\" for a file name.lua below the config's directory",
  load = "write include \"FILE\" or require \"name\"",
  dofile = "write include \"FILE\"",
  loadfile = "write include \"FILE\"",
  loadstring = "write include \"FILE\" or require \"name\"",
  coroutine = "a config runs from top to bottom",
  collectgarbage = "there is no way to it from a config",
}
local MEANT = {
  yes = "write true", on = "write true", True = "write true", TRUE = "write true",
  no = "write false", off = "write false", False = "write false", FALSE = "write false",
  null = "write unset for the default", None = "write unset for the default", default = "write unset",
  unlimited = "write \"unlimited\"", never = "write \"never\"",
}

--- The value of a name that is not known. It can be called, indexed and joined, so that the rest of
-- the file is still read and all its mistakes are told at once.
local function make_poison(script)
  local poison, uses = {}, 0
  local function use()
    uses = uses + 1
    if uses > 10000 then script:halt() end -- a loop over something that is not there
    return poison
  end
  local meta = {
    __name = "unknown", __tostring = function() return "unknown" end,
    __index = function(_, key) if math.type(key) ~= "integer" then return use() end end,
    __newindex = function() end,
    __call = function(_, ...)
      for _, value in ipairs { ... } do script:adopt(value) end
      return use()
    end,
    __len = function() return 0 end,
    __pairs = function() return next, {}, nil end,
    __lt = function() use() return false end,
    __le = function() use() return false end,
  }
  for _, name in ipairs { "add", "sub", "mul", "div", "mod", "pow", "unm", "idiv", "band", "bor", "bxor", "shl", "shr",
    "bnot", "concat" } do
    meta["__" .. name] = use
  end
  return setmetatable(poison, meta)
end

--- Whether a value is, or directly contains, something that has been complained about.
function M.is_poisoned(script, value)
  if value == script.poison then return true end
  if type(value) ~= "table" then return false end
  for _, item in next, value do
    if item == script.poison then return true end
  end
  return false
end

local function kind_of(value)
  return value == nil and "nothing" or "a " .. type(value)
end

--- word "name" -> function that wants {…}; until it gets it, the word is unfinished.
local function wants_table(script, word, name, finish)
  local at = script:here(word, name)
  local record = { at = at, what = ("%s '%s' has no { … }"):format(word, name), hint = "write " .. word .. (" \"%s\" { … }"):format(name) }
  script.waiting[#script.waiting + 1] = record
  local function take(options)
    record.done = true
    if options == script.poison then return script.poison end
    if type(options) ~= "table" then
      script:problem(at, "call", nil, "argument", ("%s '%s' needs { … }, not %s"):format(word, name, kind_of(options)),
        record.hint)
      return script.poison
    end
    return finish(options, at)
  end
  script.unfinished[take] = record
  return take
end

--- The name of a word's call when it is one; else says what is wrong.
local function good_name(script, word, name, more)
  if name == script.poison then return nil end
  local write = ("write %s \"name\" { … }"):format(word)
  if type(name) == "string" and more == nil then
    if name ~= "" and not name:find("%c") then return name end
    script:problem(script:here(word, name), "name", nil, "name", ("%s has an empty name or one with control characters"):format(word), write)
  elseif type(name) == "string" then
    script:problem(script:here(word, name), "call", nil, "argument", ("%s takes its name and its settings one after the other"):format(word), write)
  else
    script:problem(script:here(word), "call", nil, "argument", ("%s needs a name, not %s"):format(word, kind_of(name)), write)
  end
  script:adopt(name)
  script:adopt(more)
end

local WORDS = {}

function WORDS.settings(script, options)
  local at = script:here "settings"
  if options == script.poison then return end
  if type(options) ~= "table" then
    return script:problem(at, "call", nil, "argument", ("settings needs { … }, not %s"):format(kind_of(options)), "write settings { … }")
  end
  table.insert(script.settings, { options = options, at = at })
end

function WORDS.service(script, name, more)
  name = good_name(script, "service", name, more)
  if not name then return script.poison end
  return wants_table(script, "service", name, function(options, at)
    table.insert(script.services, { name = name, options = options, at = at })
  end)
end

local function listener_word(word, kind)
  WORDS[word] = function(script, name, more)
    name = good_name(script, word, name, more)
    if not name then return script.poison end
    return wants_table(script, word, name, function(options, at)
      local value = {}
      local record = { word = word, kind = kind, name = name, options = options, at = at }
      script.listeners[value] = record
      table.insert(script.all_listeners, record)
      return value
    end)
  end
end

listener_word("inet_listener", "inet")
listener_word("unix_listener", "unix")
listener_word("fifo_listener", "fifo")

function WORDS.include(script, pattern)
  if pattern == script.poison then return end
  local at = script:here("include", pattern)
  if type(pattern) ~= "string" or pattern == "" then
    return script:problem(at, "call", nil, "argument", ("include needs a path, not %s"):format(kind_of(pattern)), "write include \"conf.d/*.lua\"")
  end
  local path = script:beside(at.file, pattern)
  if not pattern:find("[*?[]") then
    script:include(path, at, "include")
    return
  end
  local found = script.opts.glob and script.opts.glob(path) or {}
  local list = {}
  for _, file in ipairs(found) do
    if not file:match("[^/]*$"):find("^%.") then list[#list + 1] = file end
  end
  table.sort(list)
  for _, file in ipairs(list) do script:include(file, at, "include") end
end

function WORDS.require(script, name)
  if name == script.poison then return script.poison end
  local at = script:here("require", name)
  if type(name) ~= "string" or not name:find("^[%w_-]+[%w_.-]*$") or name:find("..", 1, true) then
    script:problem(at, "call", nil, "argument", "require needs a name such as \"site.web\"", "it stands for site/web.lua beside the config")
    return script.poison
  end
  local known = script.modules[name]
  if known ~= nil then return known end
  local path = script:beside(script.opts.file, name:gsub("%.", "/") .. ".lua")
  local good, value = script:include(path, at, "require")
  if not good then value = script.poison elseif value == nil then value = true end
  script.modules[name] = value
  return value
end

function WORDS.getenv(script, name, default)
  if name == script.poison then return script.poison end
  if type(name) ~= "string" then
    script:problem(script:here "getenv", "call", nil, "argument", ("getenv needs a name, not %s"):format(kind_of(name)), "write getenv(\"NAME\", default)")
    return script.poison
  end
  local value = script.opts.names and script.opts.names.getenv and script.opts.names.getenv(name)
  if value ~= nil then return value end
  if default ~= nil then return default end
  script:problem(script:here("getenv", name), "name", nil, "getenv",
    ("the environment has no '%s', and there is no default"):format(name), ("write getenv(\"%s\", default)"):format(name))
  return script.poison
end

function WORDS.cpus(script)
  local n = script.opts.names and script.opts.names.ncpu and script.opts.names.ncpu()
  return math.tointeger(n) or 1
end

function WORDS.credential(script, name)
  if name == script.poison then return script.poison end
  local at = script:here("credential", name)
  local function refuse(sentence, hint)
    script:problem(at, "name", nil, "credential", sentence, hint)
    return script.poison
  end
  if type(name) ~= "string" or name == "" or name:find("/", 1, true) or name:find("^%.") then
    return refuse("credential needs the name of a file in $CREDENTIALS_DIRECTORY", "write credential(\"NAME\")")
  end
  local getenv = script.opts.names and script.opts.names.getenv
  local where = getenv and getenv "CREDENTIALS_DIRECTORY"
  if not where then
    return refuse(("there is no credential '%s': CREDENTIALS_DIRECTORY is not set"):format(name),
      "systemd sets it for LoadCredential=; by hand: CREDENTIALS_DIRECTORY=DIR")
  end
  local text, sentence = script.opts.read(where .. "/" .. name)
  if not text then return refuse(("cannot read credential '%s': %s"):format(name, sentence or "no such file")) end
  return (text:gsub("\n$", ""))
end

--- A function that notes from which word a policy came.
local function policy_word(script, name, constructor)
  local function word(...)
    if script.closed then return constructor(...) end
    local at = script:here(name)
    local options = ...
    if options == script.poison then return script.poison end
    local value, sentence = constructor(...)
    if value == nil then
      script:problem(at, "call", nil, "policy", ("policy '%s' gave nothing%s"):format(name, sentence and ": " .. tostring(sentence) or ""),
        "a policy file returns a function(options) that returns a policy")
      return script.poison
    end
    if type(value) == "function" or type(value) == "table" then
      script.made[value] = { word = name, options = options, at = at }
    end
    return value
  end
  script.constructors[word] = name
  return word
end

function WORDS.policy(script, name, more)
  if name == script.poison then return function() end end
  local at = script:here("policy", name)
  local function refuse(sentence, hint)
    script:problem(at, "name", nil, "policy", sentence, hint)
    return function() end
  end
  if type(name) ~= "string" or not name:find("^[%a_][%w_]*$") or more ~= nil then
    return refuse("policy needs a name that is a Lua name", "write policy \"name\" (function(options) … end)")
  end
  if script.words[name] or script:shipped(name) or script.basic(name) ~= nil then
    return refuse(("'%s' is taken: a policy cannot have the name of a word"):format(name), "choose another name")
  end
  local record = { at = at, what = ("policy '%s' has no (function … end)"):format(name), hint = ("write policy \"%s\" (function(options) … end)"):format(name) }
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
local function shipped(script, name)
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
local function shipped_word(script, name)
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

local function unknown_hint(script, name, called)
  if ABSENT[name] then return ("'%s' is not there in a config"):format(name), ABSENT[name] end
  local list = {}
  for word in next, script.words do list[#list + 1] = word end
  local near = suggest(name, list)
  if called then
    local hint = near and ("did you mean '%s'?"):format(near)
    return ("unknown word '%s'"):format(name), hint
  end
  if MEANT[name] then return ("unknown name '%s'"):format(name), MEANT[name] end
  return ("unknown name '%s': a string needs quotes"):format(name), ("write \"%s\"%s"):format(name,
    near and (", or did you mean '%s'?"):format(near) or "")
end

local CALLS = { ["("] = true, ["{"] = true, string = true, ["."] = true, [":"] = true }

--- A name that nobody defined was read.
local function unknown(script, name)
  local file, line = script:where()
  local map = script:map(file)
  local id = ("%s\0%d\0%s"):format(file, line, name)
  script.unknowns[id] = (script.unknowns[id] or 0) + 1
  local nth = script.unknowns[id]
  local function is_use(_, before, after)
    return not (before and (before.kind == "." or before.kind == ":")) and not (after and after.kind == "=")
  end
  local token, i = map:token("name", name, line, nth, is_use)
  if not token and nth > 1 then return script.poison end -- a loop came by again
  local after = i and map.tokens[i + 1]
  local message, hint = unknown_hint(script, name, after and CALLS[after.kind])
  local place = token and map:span(token) or map:line_place(line)
  place.file = file
  script:problem_at(place, "unknown-name", message, hint)
  return script.poison
end

local function belongs(script, name)
  local rows = script.schema.rows
  if rows.global[name] or synonyms.aliases.global[name] then return ("'%s' belongs in settings { }"):format(name), "write settings { " .. name .. " = … }" end
  if rows.service[name] or synonyms.aliases.service[name] then return ("'%s' belongs in a service"):format(name), "write service \"name\" { " .. name .. " = … }" end
  return ("a name of its own needs local: local %s"):format(name), "write local " .. name
end

--- A global was assigned. Lua says only where the statement ends.
local function assigned(script, name)
  local file, line = script:where()
  local map = script:map(file)
  local found
  for i, token in ipairs(map.tokens) do
    if token.line > line then break end
    local after, before = map.tokens[i + 1], map.tokens[i - 1]
    if token.kind == "name" and token.value == name and ((after and (after.kind == "=" or after.kind == ","))
      or (before and before.kind == "keyword" and before.value == "function")) then
      found = token
    end
  end
  local place = found and map:span(found) or map:line_place(line)
  place.file = file
  local message, hint = belongs(script, name)
  script:problem_at(place, "global", message, hint)
end

--- What the sandbox itself offers under a name, or nil.
local function basic_of(base)
  return function(name)
    local good, value = pcall(function() return base[name] end)
    if good then return value end
  end
end

local function bind(script)
  local words = { unset = M.unset }
  for name, f in next, WORDS do
    words[name] = function(...)
      if script.closed then error(("'%s' is a word of the config; a policy cannot use it"):format(name), 2) end
      return f(script, ...)
    end
  end
  for _, name in ipairs(COMBINATORS) do
    local f = script.opts.combinators and script.opts.combinators[name]
    if f then
      words[name] = f
      script.constructors[f] = name
    end
  end
  if script.opts.log then words.log = script.opts.log end
  return words
end

--- Gives the script its words and its environment. opts.env(words) makes the sandbox's part.
function M.install(script)
  script.poison = make_poison(script)
  script.all_listeners, script.modules, script.unknowns = {}, {}, {}
  script.words = bind(script)
  script.basic = basic_of(script.opts.env(script.words))
  script.shipped = shipped
  script.globals = {}
  script.env = setmetatable({}, {
    __metatable = false,
    __index = function(_, name)
      if script.globals[name] ~= nil then return script.globals[name] end
      if script.words[name] ~= nil then return script.words[name] end
      local value = script.basic(name)
      if value ~= nil then return name == "_G" and script.env or value end
      if type(name) ~= "string" then return nil end
      if script.closed then error(("unknown name '%s'"):format(name), 2) end
      if not shipped(script, name) then return unknown(script, name) end
      script.words[name] = shipped_word(script, name)
      return script.words[name]
    end,
    __newindex = function(_, name, value)
      if script.closed then error(("'%s' is global; write local %s"):format(tostring(name), tostring(name)), 2) end
      script.globals[name] = value
      if type(name) == "string" then assigned(script, name) end
    end,
  })
end

return M
