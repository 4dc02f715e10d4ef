--- Completion for the console: what may stand at the end of a line, with signatures.
--
-- The answer has a line for each: how many bytes of the text the word replaces, the word, its signature, with tabs
-- between them.

local api = require "reeve.api"
local events = require "reeve.events"
local path = require "reeve.path"
local roles = require "reeve.roles"
local view = require "reeve.view"

local M = {}

local MOST = 200
local DEADLINE_MS = 50
local LIBRARIES = { "log", "math", "string", "table", "utf8" }
local PLAIN = "^[%a_][%w_]*$"

-- The globals that chunks of the session have made.
local function own_globals(evaluator)
  local meta = debug.getmetatable(evaluator.env)
  local own = meta and rawget(meta, "__newindex")
  return type(own) == "table" and own or {}
end

--- What reeve.path asks of a session.
function M.doors(evaluator)
  local doors = {}
  function doors.is_service(name) return evaluator.host.services[name] ~= nil end
  function doors.place(value)
    if type(value) ~= "table" then return nil end
    if evaluator.objects[value] then return { class = "service" } end
    if value == evaluator.services then return { class = "services" } end
    return debug.getmetatable(value) == nil and { value = value } or nil
  end
  function doors.global(name)
    if name == "services" then return { class = "services" } end
    for _, library in ipairs(LIBRARIES) do
      if name == library then return { library = library } end
    end
    return doors.place(rawget(own_globals(evaluator), name))
  end
  return doors
end

local List = {}
List.__index = List

-- One more candidate, if it begins with what is there. `cut`: bytes of the text that it replaces.
function List:add(cut, typed, word, signature)
  if word:sub(1, #typed) ~= typed or self.seen[word] or #self.words >= MOST then return end
  self.seen[word] = true
  self.words[#self.words + 1] = { cut = cut, word = word, signature = signature or "" }
end

function List:rows(rows, typed, may)
  for _, row in ipairs(rows) do
    if may == nil or may(row[1]) then self:add(#typed, typed, row[1], row[2] ~= row[1] and row[2] or "") end
  end
end

local function sorted(set)
  local names = {}
  for name in next, set do
    if type(name) == "string" then names[#names + 1] = name end
  end
  table.sort(names)
  return names
end

local function quoted(name) return name:find '["\\]' and ("%q"):format(name) or '"' .. name .. '"' end

-- services.imap-lo: what is no Lua name is written in brackets.
local function add_services(list, evaluator, typed)
  for _, name in ipairs(view.names(evaluator)) do
    if name:sub(1, #typed) == typed then
      if name:find(PLAIN) then
        list:add(#typed, typed, name, "service")
      else
        list:add(#typed + 1, "", "[" .. quoted(name) .. "]", "service")
      end
    end
  end
end

local function in_brackets(list, evaluator, at, place)
  if not place or place.class ~= "services" then return end
  for _, name in ipairs(view.names(evaluator)) do
    list:add(#at.word, at.word, name .. at.quote .. "]", "service")
  end
end

local function fields(list, evaluator, at, place)
  if not place or place.list then return end
  if place.class == "services" then return add_services(list, evaluator, at.word) end
  if place.class then return list:rows(api.CLASSES[place.class] or {}, at.word) end
  if place.library then
    for name in pairs(evaluator.env[place.library]) do list:add(#at.word, at.word, name, "function") end
    return
  end
  for _, name in ipairs(sorted(place.value)) do
    if name:find(PLAIN) then list:add(#at.word, at.word, name, type(rawget(place.value, name))) end
  end
end

local ACTION = {}
for _, row in ipairs(api.ACTIONS) do ACTION[row[1]] = true end

local function methods(list, evaluator, at, place)
  local actions = require "reeve.actions"
  for _, rows in ipairs(place and api.METHODS[place.class] or {}) do
    list:rows(rows, at.word, function(name)
      return not ACTION[name] or roles.may(evaluator.who.role, actions.row(name).role)
    end)
  end
end

local function globals(list, evaluator, at, text)
  if at.word == text then
    for _, row in ipairs(api.COMMANDS) do
      if row[1]:find "^%a" then list:add(#at.word, at.word, row[1], row[2]) end
    end
  end
  if text:find "{[^{}]*$" then -- in the table of a policy or a vote
    list:rows(api.CLASSES.vote, at.word)
    for _, name in ipairs(sorted(events.KINDS)) do list:add(#at.word, at.word, name, "function(s, ev, st) -> vote") end
  end
  list:rows(api.GLOBALS, at.word)
  for _, name in ipairs(sorted(own_globals(evaluator))) do list:add(#at.word, at.word, name, "of this session") end
  list:rows(api.LUA, at.word)
  for _, name in ipairs(sorted(evaluator.api)) do list:add(#at.word, at.word, name, name .. "(…): a policy") end
end

local KINDS = { first = globals, ["."] = fields, [":"] = methods, ["["] = in_brackets }

-- :js, :dry o, :st
local VALUES = { [":dry "] = { "on", "off" }, [":set "] = { "timeout" }, [":role "] = { "observer", "operator" } }

local function commands(list, verbs, text)
  for head, words in pairs(VALUES) do
    if text:sub(1, #head) == head then
      for _, word in ipairs(words) do list:add(#text - #head, text:sub(#head + 1), word) end
      return
    end
  end
  for _, row in ipairs(api.COMMANDS) do list:add(#text, text, row[1], row[2]) end
  for _, name in ipairs(sorted(verbs)) do list:add(#text, text, ":" .. name, "as reeve " .. name) end
end

--- What may stand at the end of `text`: a list of { cut, word, signature }.
function M.words(evaluator, verbs, text)
  local list = setmetatable({ words = {}, seen = {} }, List)
  if text:find "^:" then
    commands(list, verbs, text)
    return list.words
  end
  local line = text:gsub("^%s*watch%s+", ""):gsub("^%s*help%s+", "")
  local at = path.read(line)
  if at then
    local place = path.follow(at.steps, M.doors(evaluator))
    if at.kind == "first" then globals(list, evaluator, at, line) else KINDS[at.kind](list, evaluator, at, place) end
  end
  return list.words
end

--- The payload of frame `words`.
function M.answer(evaluator, verbs, guard, text)
  local ok, words = guard.call(DEADLINE_MS, M.words, evaluator, verbs, text)
  local lines = {}
  for i, w in ipairs(ok and words or {}) do
    lines[i] = ("%d\t%s\t%s\n"):format(w.cut, (w.word:gsub("[\t\n]", "?")), (w.signature:gsub("[\t\n]", " ")))
  end
  return table.concat(lines)
end

return M
