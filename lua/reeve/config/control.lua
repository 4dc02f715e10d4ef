--- control: settings { control = { … } }: who may talk to the daemon, and the file of its socket.

local judge = require "reeve.config.judge"
local suggest = require "reeve.suggest"

local M = {}

local LISTS = { "admins", "operators", "observers" }
local SINGLE = { "mode", "user", "group" }
local KNOWN = {}
for _, names in ipairs { LISTS, SINGLE } do
  for _, name in ipairs(names) do KNOWN[name] = true end
end

local Control = {}
Control.__index = Control

function Control:wrong(key, sentence, hint)
  self.reading:problem("value", key ~= nil and { self.key, key } or { self.key }, "value",
    ("%s%s of %s: %s"):format(self.key, key ~= nil and "." .. tostring(key) or "", self.reading.what, sentence), hint)
end

function Control:unknown(key)
  local meant = type(key) == "string" and suggest.nearest(key, KNOWN)
  self:wrong(key, ("there is no '%s'; there are mode, user, group, admins, operators, observers"):format(tostring(key)),
    meant and ("did you mean '%s'?"):format(meant) or nil)
end

-- One of mode, user, group, checked as that of a unix_listener; nil: not written, or wrong.
function Control:single(name)
  local value = self.given[name]
  if value == nil then return nil end
  local canonical, sentence = self.plan.schema:check("unix_listener", name, value)
  if canonical == nil then self:wrong(name, sentence) end
  return canonical
end

function Control:id(name, kind, text)
  local id = self.plan[kind](self.plan, text)
  if not id then
    self:wrong(name, ("there is no %s '%s' on this system"):format(kind, text), "make it or name another")
  end
  return id
end

-- The ids behind "ann @wheel": { users = {uid}, groups = {gid} }
function Control:people(name)
  local people, value = { users = {}, groups = {} }, self.given[name]
  if value == nil then return people end
  local words, sentence, list = self.plan.schema:check("global", "protocols", value)
  if not words then
    self:wrong(name, (sentence:gsub("a list of words", "a list of users and @groups")))
    return people
  end
  for _, word in ipairs(list) do
    local group = word:match "^@(.+)$"
    local id = self:id(name, group and "group" or "user", group or word)
    if id then table.insert(group and people.groups or people.users, id) end
  end
  return people
end

-- Unset, the mode lets those in who are named: what they may do is decided by who they are, not by the file.
local function mode_of(self, result)
  local mode = self:single "mode"
  if mode then return math.tointeger(tonumber(mode)) end
  for _, name in ipairs(LISTS) do
    if #result[name].users + #result[name].groups > 0 then return 438 end -- 0666
  end
  return self.given.group ~= nil and 432 or 384 -- 0660, 0600
end

--- What `control` says, in numbers: { mode, uid, gid (-1: unchanged), admins, operators, observers = { users = {uid},
-- groups = {gid} } }. Mistakes are added to the problems.
---@param plan table of effective.lua
---@param value table|false|nil what judge read
function M.resolve(plan, value)
  local given = value and value.canonical or {}
  local self = setmetatable({ plan = plan, given = given }, Control)
  if value then self.key, self.reading = value.key, value.reading end
  if given == true or given == false then
    self:wrong(nil, "true and false say nothing here", "write control = { operators = \"ann @wheel\" }")
    self.given = {}
  end
  for _, key in ipairs(judge.sorted_keys(self.given)) do
    if not KNOWN[key] then self:unknown(key) end
  end
  local user, group = self:single "user", self:single "group"
  local result = { uid = user and self:id("user", "user", user) or -1,
    gid = group and self:id("group", "group", group) or -1 }
  for _, name in ipairs(LISTS) do result[name] = self:people(name) end
  result.mode = mode_of(self, result)
  return result
end

return M
