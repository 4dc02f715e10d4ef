--- judge: the settings of one constructor against the settings table. Every mistake is added to the
-- problems; what is good comes back as values.
-- A value is { canonical, list, at, path, given } where `given` is what the config wrote; `false`
-- stands for a setting that was written and is wrong (nothing more is said about it).

local names = require "reeve.config.names"
local parts = require "reeve.parts"
local places = require "reeve.config.places"
local policies = require "reeve.config.policies"
local suggest = require "reeve.suggest"
local synonyms = require "reeve.config.synonyms"
local words = require "reeve.config.words"

local M = {}

local VARIABLES = { "base_dir", "default_internal_user", "default_login_user", "default_internal_group" }
M.VARIABLES = VARIABLES

local function expand_text(text, variables)
  return (text:gsub("%$([%a_][%w_]*)", function(name) return variables[name] end))
end

--- "$base_dir" and the like in a text, or in the texts of a table.
local function expand(value, variables)
  if type(value) == "string" then return expand_text(value, variables) end
  if type(value) ~= "table" or getmetatable(value) ~= nil then return value end
  local copy = {}
  for key, item in next, value do copy[key] = type(item) == "string" and expand_text(item, variables) or item end
  return copy
end

--- Keys in a fixed order: numbers, then texts, then the rest by kind.
local function sorted_keys(t)
  local keys = {}
  for key in next, t do keys[#keys + 1] = key end
  local function rank(key) return math.type(key) and 1 or type(key) == "string" and 2 or 3 end
  table.sort(keys, function(a, b)
    if rank(a) ~= rank(b) then return rank(a) < rank(b) end
    if rank(a) == 3 then return tostring(a) < tostring(b) end
    return a < b
  end)
  return keys
end

--- One reading of one constructor. `what` is how people call it ("service 'web'").
local Reading = {}
Reading.__index = Reading

function Reading:problem(part, path, code, message, hint, severity)
  if self.used then
    local field = places.field(self.used, path)
    local map = self.used_map
    local place = field and (part == "value" and map:span(field.value, field.last) or map:span(field.at))
    if place then
      place.file = self.at.file
      return self.script:problem_at(place, code, message, hint, severity)
    end
  end
  self.script:problem(self.at, self.used_path and "value" or part, self.used_path or path, code, message, hint,
    severity)
end

local LISTENERS = { inet_listener = "{ port = 80 }", unix_listener = "{ mode = \"0660\" }",
  fifo_listener = "{ mode = \"0660\" }" }

function Reading:unknown(key)
  local rows = self.script.schema.rows
  if LISTENERS[key] then
    return self:problem("key", { key }, "misplaced", ("%s in %s has no name"):format(key, self.what),
      ("write %s \"name\" %s"):format(key, LISTENERS[key]))
  end
  local hint = synonyms.hint(self.scope, key, function(name)
    return rows[self.scope][name] or rows.global[name] or rows.service[name]
  end)
  local meant = not hint and self.script.schema.spec.suggest(self.scope, key)
  if meant then hint = ("did you mean '%s'?"):format(meant) end
  if not hint and self.scope ~= "global" and rows.global[key] then hint = "it belongs in settings { }" end
  if not hint and self.scope ~= "service" and rows.service[key] then hint = "it belongs in the service" end
  self:problem("key", { key }, "unknown-setting", ("unknown setting '%s' in %s"):format(key, self.what), hint)
end

local FLAGS = { yes = "true", on = "true", ["1"] = "true", no = "false", off = "false", ["0"] = "false" }

local function policy_hint(script, value)
  if type(value) ~= "string" or not policies.is_shipped(script, value) then return nil end
  return ("write %s()"):format(value)
end

local function word_hint(script, row, value)
  if row.type == "policy" then return policy_hint(script, value) end
  if row.type == "flag" and FLAGS[tostring(value)] then return "write " .. FLAGS[tostring(value)] end
  if row.type ~= "choice" or type(value) ~= "string" then return nil end
  local meant = suggest.nearest(value, row.words)
  return meant and meant ~= "" and ("did you mean \"%s\"?"):format(meant) or nil
end

--- What is wrong with the kind of value before the table of settings is asked. -> true: said
function Reading:is_misplaced(key, value)
  local script = self.script
  if script.unfinished[value] then return true end
  if script.listeners[value] then
    script.listeners[value].used = true
    self:problem("key", { key }, "misplaced", ("a listener stands in %s without a name before it"):format(self.what),
      ("remove '%s ='"):format(key))
    return true
  end
  local constructor = script.constructors[value]
  if constructor then
    self:problem("value", { key }, policies.bare(constructor))
    return true
  end
  return false
end

--- In lists of policies each part is looked at.
function Reading:has_bare_policy(key, value, depth)
  if type(value) ~= "table" or depth > 8 or self.script.made[value] then return false end
  for i = 1, rawlen(value) do
    local part = rawget(value, i)
    local name = self.script.constructors[part]
    if name then
      self:problem("value", { key, i }, policies.bare(name))
      return true
    end
    if part == self.script.poison or self:has_bare_policy(key, part, depth + 1) then return true end
  end
  return false
end

--- What the policy host would refuse. -> true: said
function Reading:is_no_policy(key, value)
  if type(value) ~= "table" then return false end -- the table of settings says it
  local good, sentence, item = parts.compile(value, "of " .. self.what, self.scope == "global")
  if good then return false end
  local path = not self.script.made[value] and { key, item } or { key }
  local part = type(item) == "string" and not parts.WORDS[item] and "key" or "value"
  self:problem(part, path, "policy", sentence, policy_hint(self.script, value[item]))
  return true
end

function Reading:setting(key, value)
  local script, schema = self.script, self.script.schema
  local name = key
  if not schema:row(self.scope, name) then
    name = synonyms.alias(self.scope, key, function(other) return schema:row(self.scope, other) end)
  end
  if not name then
    if not self:is_misplaced(key, value) then self:unknown(key) end
    return
  end
  if value == words.unset or schema:is_mutant(self.scope, name) then return end
  if self.values[name] ~= nil then
    if not self.used_path then
      self:problem("key", { key }, "written-twice", ("'%s' and '%s' are the same setting in %s"):format(key,
        self.values[name] and self.values[name].path[1] or name, self.what), "remove one of them")
    end
    return
  end
  self.values[name] = false
  if names.is_poisoned(script, value) or self:is_misplaced(key, value) then return end
  local row = schema:row(self.scope, name)
  if row.type == "policy" and self:has_bare_policy(key, value, 1) then return end
  if row.type == "policy" and self:is_no_policy(key, value) then return end
  local given = row.type ~= "policy" and expand(value, self.variables) or value
  local canonical, sentence, list, item = schema:check(self.scope, name, given)
  if canonical == nil then
    local path = item ~= nil and { key, item } or { key }
    return self:problem("value", path, "value", ("%s of %s: %s"):format(key, self.what, sentence),
      word_hint(script, row, given))
  end
  self.values[name] = { canonical = canonical, list = list, given = given, key = key, path = { key }, reading = self }
end

local NAMELESS = { string = "write setting = \"value\"", boolean = "write setting = value, with one =" }

--- A value without a key: a listener, a list of them, or a mistake.
function Reading:item(value, path)
  local script = self.script
  local record = script.listeners[value]
  if value == false or value == script.poison or script.unfinished[value] then return end
  if record and self.listeners and not self.used_path then
    if record.used then
      return self:problem("value", path, "listener-twice",
        ("%s '%s' stands in two places"):format(record.word, record.name), "write it once")
    end
    record.used = true
    table.insert(self.listeners, record)
    return
  end
  if self.listeners and not self.used_path and type(value) == "table" and not script.made[value] and not record
    and #path < 16 then
    for _, key in ipairs(sorted_keys(value)) do
      if math.type(key) ~= "integer" then
        return self:problem("value", path, "misplaced",
          ("a table without a name in %s has the key '%s'"):format(self.what,
          tostring(key)), "settings stand in the service itself, or in use = { … }")
      end
      local deeper = { table.unpack(path) }
      deeper[#deeper + 1] = key
      self:item(rawget(value, key), deeper)
    end
    return
  end
  script:adopt(value)
  if record then
    return self:problem("value", path, "misplaced", ("a listener stands without a name in %s"):format(self.what),
      "listeners stand in a service")
  end
  local hint = NAMELESS[type(value)] or "write setting = value"
  self:problem("value", path, "misplaced", ("a %s stands without a name in %s"):format(
    type(value) == "string" and "text" or type(value), self.what), hint)
end

--- Reads the keys of `options` into the values.
function Reading:read(options)
  for _, key in ipairs(sorted_keys(options)) do
    local value = rawget(options, key)
    if math.type(key) == "integer" then
      self:item(value, { key })
    elseif type(key) ~= "string" then
      self:problem("call", nil, "value",
        ("%s has a key that is a %s, not the name of a setting"):format(self.what, type(key)))
    elseif key ~= "use" or self.scope ~= "service" then
      self:setting(key, value)
    end
  end
end

--- `use = { common, … }`: settings where the service itself writes none; the first that has one wins.
function Reading:read_used(options)
  local list = rawget(options, "use")
  if list == nil or list == self.script.poison or list == words.unset then return end
  if type(list) ~= "table" then
    return self:problem("value", { "use" }, "value", ("use of %s is not a list of tables"):format(self.what),
      "write use = { common }")
  end
  if rawget(list, 1) == nil then list = { list } end
  local map, site = self.script:map(self.at.file), self.script:site(self.at)
  for i = 1, rawlen(list) do
    local common = rawget(list, i)
    if type(common) == "table" and common ~= self.script.poison then
      local inner = setmetatable({ values = {}, used_path = { "use", i }, used_map = map,
        used = places.used(map, site, i, self.at.line) }, { __index = self })
      inner:read(common)
      for name, value in next, inner.values do
        if self.values[name] == nil then self.values[name] = value end
      end
    elseif common ~= self.script.poison then
      self:problem("value", { "use", i }, "value",
        ("use of %s has something that is not a table of settings"):format(self.what))
    end
  end
end

--- Where a value was written: { file, line, column }.
function M.origin(value)
  local reading = value.reading
  if reading.used then
    local field = places.field(reading.used, value.path)
    if field then return { file = reading.at.file, line = field.at.line, column = field.at.column } end
  end
  local place = reading.script:place(reading.at, "key", reading.used_path or value.path)
  return { file = place.file, line = place.line, column = place.column }
end

--- Reads a constructor. -> reading { values = name -> value | false, listeners = records }
---@param script table
---@param scope string
---@param what string
---@param said table { options, at }
---@param variables table what $NAME stands for
function M.read(script, scope, what, said, variables)
  local self = setmetatable({ script = script, scope = scope, what = what, at = said.at, values = {},
    variables = variables, listeners = scope == "service" and {} or nil }, Reading)
  self:read(said.options)
  if scope == "service" then self:read_used(said.options) end
  return self
end

M.sorted_keys = sorted_keys

return M
