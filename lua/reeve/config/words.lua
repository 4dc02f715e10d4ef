--- words: the words of the config language. Each notes what was said in the script (script.lua);
-- nothing is judged here but what would else be lost: an argument of the wrong kind.

local names = require "reeve.config.names"
local policies = require "reeve.config.policies"

local M = {}

--- What `unset` is: the setting has its default.
M.unset = setmetatable({}, { __name = "unset", __tostring = function() return "unset" end })

local COMBINATORS = { "all", "only", "every", "settle", "when", "shadow", "canary" }

local function kind_of(value)
  return value == nil and "nothing" or "a " .. type(value)
end

--- word "name" -> function that wants {…}; until it gets it, the word is unfinished.
local function wants_table(script, word, name, finish)
  local at = script:here(word, name)
  local record = { at = at, what = ("%s '%s' has no { … }"):format(word, name),
    hint = ("write %s \"%s\" { … }"):format(word, name) }
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
  local text = type(name) == "string"
  if text and more == nil and name ~= "" and not name:find("%c") then return name end
  local at, sentence = script:here(word, text and name or nil), "%s needs a name, not " .. kind_of(name)
  if text then sentence = "%s has an empty name or one with control characters" end
  if text and more ~= nil then sentence = "%s takes its name and its settings one after the other" end
  script:problem(at, "call", nil, "argument", sentence:format(word), write)
  script:adopt(name)
  script:adopt(more)
end

local WORDS = { policy = policies.word }

function WORDS.settings(script, options)
  local at = script:here "settings"
  if options == script.poison then return end
  if type(options) ~= "table" then
    return script:problem(at, "call", nil, "argument", ("settings needs { … }, not %s"):format(kind_of(options)),
      "write settings { … }")
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
    return script:problem(at, "call", nil, "argument",
      ("include needs a path, not %s"):format(pattern == "" and "an empty text" or kind_of(pattern)),
      "write include \"conf.d/*.lua\"")
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
    script:problem(at, "call", nil, "argument", "require needs a name such as \"site.web\"",
      "it stands for site/web.lua beside the config")
    return script.poison
  end
  local known = script.modules[name]
  if known ~= nil then return known end
  local path = script:beside(script.opts.file, name:gsub("%.", "/") .. ".lua")
  if names.ABSENT[name] and not script.opts.read(path) then
    script:problem(at, "name", nil, "require", ("'%s' is not there in a config"):format(name), names.ABSENT[name])
    return script.poison
  end
  local good, value = script:include(path, at, "require")
  if not good then value = script.poison elseif value == nil then value = true end
  script.modules[name] = value
  return value
end

function WORDS.getenv(script, name, default)
  if name == script.poison then return script.poison end
  if type(name) ~= "string" then
    script:problem(script:here "getenv", "call", nil, "argument", ("getenv needs a name, not %s"):format(kind_of(name)),
      "write getenv(\"NAME\", default)")
    return script.poison
  end
  local value = script.opts.names and script.opts.names.getenv and script.opts.names.getenv(name)
  if value ~= nil then return value end
  if default ~= nil then return default end
  script:problem(script:here("getenv", name), "name", nil, "getenv",
    ("the environment has no '%s', and there is no default"):format(name),
    ("write getenv(\"%s\", default)"):format(name))
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
    if f then words[name] = policies.combinator_word(script, name, f) end
  end
  if script.opts.log then words.log = script.opts.log end
  return words
end

--- Gives the script its words and its environment. opts.env(words) makes the sandbox's part.
function M.install(script)
  script.poison = names.poison(script)
  script.all_listeners, script.modules, script.unknowns = {}, {}, {}
  script.words = bind(script)
  script.basic = basic_of(script.opts.env(script.words))
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
      if not policies.is_shipped(script, name) then return names.unknown(script, name) end
      script.words[name] = policies.shipped_word(script, name)
      return script.words[name]
    end,
    __newindex = function(_, name, value)
      if script.closed then error(("'%s' is global; write local %s"):format(tostring(name), tostring(name)), 2) end
      script.globals[name] = value
      if type(name) == "string" then names.assigned(script, name) end
    end,
  })
end

return M
