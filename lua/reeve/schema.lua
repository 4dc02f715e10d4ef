--- schema: one value of the config against a row of the settings table (reeve.spec).
-- Numbers, words and bounds are the table's; what is decided here is which Lua values may stand for
-- a setting, and what to say about the others.

local M = {}
local Schema = {}
Schema.__index = Schema

local function quote(text)
  return '"' .. text:gsub("%c", "?") .. '"'
end

local function article(value)
  local kind = type(value)
  if kind == "string" then return "the text " .. quote(value) end
  if kind == "number" then return "the number " .. tostring(value) end
  if kind == "boolean" then return tostring(value) end
  return "a " .. kind
end

local function refuse_control(text)
  if text:find("%c") then return nil, quote(text) .. " has a control character" end
  return text
end

--- A list of words from "a b" or { "a", "b" }. -> list | nil, sentence, the key in it that is wrong
local function words_of(value, of_what)
  local list = {}
  if type(value) == "string" then
    if not refuse_control(value) then return refuse_control(value) end
    for word in value:gmatch "%S+" do list[#list + 1] = word end
    return list
  end
  if type(value) ~= "table" then
    return nil, ("%s is not a list of %s; write \"a b\" or { \"a\", \"b\" }"):format(article(value), of_what)
  end
  for key in next, value do
    if math.type(key) ~= "integer" or key < 1 or key > rawlen(value) then
      return nil, ("a list of %s has no keys, but here is '%s'"):format(of_what, tostring(key)), key
    end
  end
  for i = 1, rawlen(value) do
    local word = rawget(value, i)
    if type(word) ~= "string" then
      return nil, ("%s is not one of a list of %s; write it in quotes"):format(article(word), of_what), i
    end
    if word == "" or word:find("%s") or word:find("%c") then
      return nil, ("%s in a list of %s is not one word"):format(quote(word), of_what), i
    end
    list[i] = word
  end
  return list
end

local function whole(value)
  local n = math.tointeger(value)
  if not n then return nil, ("%s is not a whole number"):format(tostring(value)) end
  return n
end

--- Lua kinds by the type of the setting: function(schema, row, value) -> canonical | nil, sentence[, list]
local CHECKS = {}

function CHECKS.count(self, row, value)
  if type(value) == "number" then
    local n, sentence = whole(value)
    if not n then return nil, sentence end
    return self.spec.parse(row.scope, row.name, tostring(n))
  end
  if value == "unlimited" then return self.spec.parse(row.scope, row.name, value) end
  if type(value) == "string" and value:find("^%d+$") then
    return nil, ("\"%s\" is a text; write the number without quotes: %s"):format(value, value)
  end
  return nil, ("%s is not a whole number from 0 up"):format(article(value))
end

function CHECKS.integer(self, row, value)
  if type(value) ~= "number" then return nil, ("%s is not a whole number"):format(article(value)) end
  local n, sentence = whole(value)
  if not n then return nil, sentence end
  return self.spec.parse(row.scope, row.name, tostring(n))
end

local function with_unit(example)
  return function(self, row, value)
    if math.tointeger(value) then value = tostring(math.tointeger(value)) end
    if type(value) ~= "string" then
      return nil, ("%s is not a %s; write a text such as %s"):format(article(value), row.type, example)
    end
    return self.spec.parse(row.scope, row.name, value)
  end
end

CHECKS.duration = with_unit '"60s"'
CHECKS.size = with_unit '"256M"'

function CHECKS.mode(self, row, value)
  if value == 0 then value = "0" end
  if math.type(value) == "integer" then
    local digits = tostring(value)
    local meant = digits:find("^[0-7][0-7][0-7][0-7]?$") and ("%04d"):format(value) or "0600"
    return nil, ("a mode is a text such as \"%s\": Lua reads the number 0%s as decimal %s"):format(meant,
      digits, digits)
  end
  if type(value) ~= "string" then
    return nil, ("%s is not a mode; write a text such as \"0660\""):format(article(value))
  end
  return self.spec.parse(row.scope, row.name, value)
end

function CHECKS.flag(_, _, value)
  if type(value) == "boolean" then return value and "1" or "0" end
  return nil, ("%s is neither true nor false%s"):format(article(value),
    (value == "true" or value == "false") and "; write it without quotes" or "")
end

local function name_or_id(kind)
  return function(_, _, value)
    if type(value) == "number" then
      return nil, ("the number %s is refused, so that nobody becomes %s 0 by accident; write a name or \"#%s\"")
        :format(tostring(value), kind == "user" and "uid" or "gid", tostring(value))
    end
    if type(value) ~= "string" then
      return nil, ("%s is not a %s; write a name or \"#1000\""):format(article(value), kind)
    end
    if value == "" or value:find("[%s%c]") or (value:find("^#") and not value:find("^#%d+$")) then
      return nil, ("%s is not a %s; write a name or \"#1000\""):format(quote(value), kind)
    end
    if #value > 11 and value:find("^#") or (tonumber(value:match("^#(%d+)$")) or 0) > 4294967294 then
      return nil, ("\"%s\" is not an id; the largest is \"#4294967294\""):format(value)
    end
    return value
  end
end

CHECKS.user = name_or_id "user"
CHECKS.group = name_or_id "group"

function CHECKS.text(_, _, value)
  if type(value) ~= "string" then return nil, ("%s is not a text; write it in quotes"):format(article(value)) end
  return refuse_control(value)
end

function CHECKS.path(_, _, value)
  if type(value) ~= "string" then return nil, ("%s is not a path; write it in quotes"):format(article(value)) end
  return refuse_control(value)
end

function CHECKS.choice(self, row, value)
  if type(value) == "boolean" then -- a choice may have true and false beside words
    for _, word in ipairs(row.words) do
      if word == tostring(value) then return word end
    end
  end
  if type(value) ~= "string" then
    return nil, ("%s is none of \"%s\""):format(article(value), table.concat(row.words, '", "'))
  end
  return self.spec.parse(row.scope, row.name, value)
end

function CHECKS.words(_, row, value)
  local list, sentence, item = words_of(value, row.name == "listen" and "addresses" or "words")
  if not list then return nil, sentence, nil, item end
  return table.concat(list, " "), nil, list
end

function CHECKS.groups(_, _, value)
  local list, sentence, item = words_of(value, "groups")
  if not list then return nil, sentence, nil, item end
  for i, word in ipairs(list) do
    local good, why = CHECKS.group(nil, nil, word)
    if not good then return nil, why, nil, type(value) == "table" and i or nil end
  end
  return table.concat(list, " "), nil, list
end

function CHECKS.command(_, _, value)
  local list = {}
  if type(value) == "string" then
    if value:find("%c") then return refuse_control(value) end
    for word in value:gmatch "%S+" do list[#list + 1] = word end
  elseif type(value) == "table" then
    for key, word in next, value do
      if math.type(key) ~= "integer" or key < 1 or key > rawlen(value) then
        return nil, ("a command is a list without keys, but here is '%s'"):format(tostring(key)), nil, key
      end
      if type(word) ~= "string" then
        return nil, ("%s in a command is not a text; write it in quotes"):format(article(word)), nil, key
      end
      if word:find("\0", 1, true) then return nil, "a word of a command has a NUL byte", nil, key end
      list[key] = word
    end
  else
    local write = "write \"program argument\" or { \"program\", \"argument\" }"
    return nil, ("%s is not a command; %s"):format(article(value), write)
  end
  if #list == 0 or list[1] == "" then return nil, "the command is empty; write the path of the program" end
  return table.concat(list, " "), nil, list
end

-- What the limits of setrlimit(2) count; a row that is parsed the same way stands for its kind.
local LIMITS = { nofile = "service_count", nproc = "service_count", sigpending = "service_count",
  cpu = "start_timeout" }

local function limit_of(self, row, name, value)
  if value == "unlimited" then return "-1" end
  local like = LIMITS[name] or "vsz_limit"
  local canonical, sentence = self:check(row.scope, like, value)
  if not canonical then return nil, sentence end
  if like ~= "start_timeout" then return canonical end
  if canonical:sub(-3) ~= "000" then return nil, ("%s is not whole seconds"):format(article(value)) end
  return canonical:sub(1, -4)
end

function CHECKS.limits(self, row, value)
  if type(value) ~= "table" then
    return nil, ("%s is not a table of limits; write { nofile = 4096 }"):format(article(value))
  end
  local list = {}
  for _, name in ipairs(row.words) do
    local limit = rawget(value, name)
    if limit ~= nil then
      local canonical, sentence = limit_of(self, row, name, limit)
      if not canonical then return nil, ("%s: %s"):format(name, sentence), nil, name end
      list[#list + 1] = name .. "=" .. canonical
    end
  end
  local known = {}
  for _, name in ipairs(row.words) do known[name] = true end
  for name in next, value do
    if not known[name] then
      return nil, ("there is no limit '%s'; there are %s"):format(tostring(name), table.concat(row.words, ", ")), nil,
        name
    end
  end
  return table.concat(list, " "), nil, list
end

function CHECKS.map(_, row, value)
  if type(value) ~= "table" then
    return nil, ("%s is not a table of names and texts; write { NAME = \"value\" }"):format(article(value))
  end
  local list = {}
  for name, text in next, value do
    if type(name) ~= "string" or not name:find("^[%a_][%w_]*$") then
      return nil, ("'%s' is not a name for %s; write { NAME = \"value\" }"):format(tostring(name), row.name), nil, name
    end
    if math.type(text) == "integer" then text = tostring(text) end
    if type(text) ~= "string" then
      return nil, ("%s of '%s' is not a text; write it in quotes"):format(article(text), name), nil, name
    end
    if text:find("\0", 1, true) then
      return nil, ("the text of '%s' has a NUL byte"):format(name), nil, name
    end
    list[#list + 1] = name .. "=" .. text
  end
  table.sort(list)
  return table.concat(list, "\n"), nil, list
end

function CHECKS.policy(_, _, value)
  if type(value) == "function" or type(value) == "table" then return value end
  return nil, ("%s is not a policy; write a function, a table of hooks, a policy's name with () or a list"):format(
    article(value))
end

function CHECKS.table(_, _, value)
  if type(value) == "table" or type(value) == "boolean" then return value end
  return nil, ("%s is not a table"):format(article(value))
end

-- Settings whose form is not the one of their type: by name, as CHECKS.
local FORMS = {}

local RECORD_LEAST <const> = 8 << 20 -- smaller, and one reading of the state of a busy daemon fills it

-- record = { size = "64M" }, or false
function FORMS.record(self, row, value)
  if value == false then return "0" end
  if value == true then value = row.default end
  if type(value) == "table" then
    for name in next, value do
      if name ~= "size" then
        return nil, ("there is no '%s' of a recording; write record = { size = \"64M\" }"):format(tostring(name)), nil,
          name
      end
    end
    value = rawget(value, "size") or row.default
  end
  local canonical, sentence = CHECKS.size(self, row, value)
  if canonical and canonical ~= "0" and tonumber(canonical) < RECORD_LEAST then
    return nil, ("%s is too small for a recording; the least is \"8M\", and false turns it off"):format(article(value))
  end
  return canonical, sentence
end

--- "a|b" as a list
local function split(words)
  local list = {}
  for word in (words .. "|"):gmatch "(.-)|" do list[#list + 1] = word end
  return list
end

--- The checker over one settings table.
---@param spec table the module reeve.spec, or one like it
---@return table schema { rows = scope -> name -> row, order = scope -> list of rows }; `words` of a row is a list
function M.new(spec)
  local self = setmetatable({ spec = spec, rows = {}, order = {} }, Schema)
  for _, given in ipairs(spec.settings) do
    local row = setmetatable({ words = given.words and split(given.words) }, { __index = given })
    local scope = row.scope
    self.rows[scope] = self.rows[scope] or {}
    self.order[scope] = self.order[scope] or {}
    self.rows[scope][row.name] = row
    table.insert(self.order[scope], row)
  end
  self.rows.fifo_listener, self.order.fifo_listener = self.rows.unix_listener, self.order.unix_listener
  return self
end

--- The row of a setting, or nil.
function Schema:row(scope, name)
  return self.rows[scope][name]
end

--- Is this the row that `make mutants` has taken out of this build? What a config says about it is then as if it
-- were not written. Never true in any other build.
function Schema:is_mutant(scope, name)
  return self.spec.mutant ~= nil and self.spec.mutant == self:row(scope, name).scope .. "." .. name
end

--- Checks one value as a config writes it.
-- -> canonical text (users and groups: still the name; policy: the value), nil, list (of words,
-- groups, command, map: its items) | nil, a sentence about the value alone, nil, the key that is
-- wrong (of a table)
function Schema:check(scope, name, value)
  local row = assert(self.rows[scope][name], "no such setting")
  return (scope == "global" and FORMS[name] or CHECKS[row.type])(self, row, value)
end

--- The default of a setting in canonical form; "" where it is unset.
function Schema:default(scope, name)
  local row = assert(self.rows[scope][name], "no such setting")
  local numeric = row.type ~= "user" and row.type ~= "group" and row.default ~= ""
  if numeric then
    local canonical = assert(self.spec.parse(scope, name, row.default))
    return canonical
  end
  return row.default
end

local default_schema

--- Schema:check over the module reeve.spec.
function M.check(scope, name, value)
  default_schema = default_schema or M.new(require "reeve.spec")
  return default_schema:check(scope, name, value)
end

return M
