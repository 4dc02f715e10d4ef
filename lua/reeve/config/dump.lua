--- dump: a plan as a config that gives the same plan when it is loaded again, or as JSON.

local json = require "dkjson"
local literals = require "reeve.literal"
local schema = require "reeve.schema"

local M = {}

local list, quoted = literals.list, literals.quoted

--- A Lua value of options (of a policy word) as text; nil when it cannot be written.
local function literal(value, depth)
  if type(value) == "string" then return quoted(value) end
  if type(value) == "number" or type(value) == "boolean" then
    return math.type(value) == "float" and ("%.17g"):format(value) or tostring(value)
  end
  if type(value) ~= "table" or depth > 8 then return nil end
  local parts = {}
  for i = 1, rawlen(value) do parts[i] = literal(rawget(value, i), depth + 1) or "nil" end
  local keys = {}
  for key in next, value do
    if type(key) == "string" then keys[#keys + 1] = key end
  end
  table.sort(keys)
  for _, key in ipairs(keys) do
    local text = literal(value[key], depth + 1)
    if not text then return nil end
    parts[#parts + 1] = key:find "^[%a_][%w_]*$" and ("%s = %s"):format(key,
      text) or ("[%s] = %s"):format(quoted(key), text)
  end
  return #parts > 0 and "{ " .. table.concat(parts, ", ") .. " }" or "{ }"
end

local NAMES = { user = true, group = true }
local BARE = { count = true, flag = true, integer = true }
local LISTS = { words = true, groups = true }

local function split(text)
  local words = {}
  for word in text:gmatch "%S+" do words[#words + 1] = word end
  return words
end

-- A limit of rlimits: bytes and seconds need their unit.
local COUNTS = { nofile = true, nproc = true, sigpending = true }

local function limit_text(name, n)
  if n == "-1" then return '"unlimited"' end
  if COUNTS[name] or n == "0" then return n end
  return quoted(n .. (name == "cpu" and "s" or "B"))
end

--- A canonical value as a config writes it.
local function written(spec, row, canonical)
  if LISTS[row.type] then return list(split(canonical)) end
  if NAMES[row.type] then return quoted(canonical) end
  local text = spec.print(row.scope, row.name, canonical)
  if row.type == "limits" then
    return "{ " .. text:gsub("(%w+)=(%S+)", function(name, n) return name .. " = " .. limit_text(name, n) end)
      :gsub(" (%w+ =)", ", %1") .. " }"
  end
  if row.type == "choice" and (text == "true" or text == "false") then return text end
  if BARE[row.type] and text ~= "unlimited" then return text end
  return quoted(text)
end

--- Where a policy came from: `breaker { fails = 5 }`, or a comment.
local function policy_text(plan, value)
  local made = plan.made[value]
  if made then
    if made.options == nil then return made.word .. "()" end
    local options = literal(made.options, 1)
    if options then return ("%s%s"):format(made.word, options:sub(1, 1) == "{" and " " .. options
      or "(" .. options .. ")") end
  end
  if type(value) == "table" and rawlen(value) > 0 then
    local parts = {}
    for i = 1, rawlen(value) do
      parts[i] = policy_text(plan, rawget(value, i))
      if parts[i]:find "^%-%-" then return parts[i] end
    end
    return (rawget(value, "only") and "only " or "") .. "{ " .. table.concat(parts, ", ") .. " }"
  end
  local info = type(value) == "function" and debug.getinfo(value, "S")
  return ("--[[ policy: %s ]]"):format(info and info.source:gsub("^@", "") .. ":" .. info.linedefined
    or "a table of hooks")
end

local Printer = {}
Printer.__index = Printer

function Printer:put(indent, text, origin)
  local mark = ""
  if self.options.origin then
    mark = origin and (" -- %s:%d:%d"):format(origin.file, origin.line, origin.column) or " -- default"
  end
  self.lines[#self.lines + 1] = ("  "):rep(indent) .. text .. mark
end

--- A line without an origin of its own.
function Printer:frame(indent, text)
  self.lines[#self.lines + 1] = ("  "):rep(indent) .. text
end

function Printer:policy(value, origin)
  if value == nil then return end
  local text = policy_text(self.plan, value)
  if text:find "^%-%-" then return self:put(1, text, origin) end
  self:put(1, ("policy = %s,"):format(text), origin)
end

function Printer:is_hidden(name, origin)
  return self.options.changed and not origin[name]
end

--- What is no text in plan.globals.
local GLOBAL = {}

function GLOBAL.control(plan) return plan.said_control and literal(plan.said_control, 1) end

function Printer:globals()
  local plan = self.plan
  self:frame(0, "settings {")
  for _, row in ipairs(self.schema.order.global) do
    local value = plan.shown[row.name] or plan.globals[row.name]
    local text = value and value ~= "" and written(self.spec, row, value) or GLOBAL[row.name] and GLOBAL[row.name](plan)
    if text and not self:is_hidden(row.name, plan.origin) then
      self:put(1, ("%s = %s,"):format(row.name, text), plan.origin[row.name])
    end
  end
  self:policy(plan.policy, plan.origin.policy)
  self:frame(0, "}")
end

--- What a service writes for a row: text, or nil when there is nothing to write.
local SERVICE = {}

function SERVICE.executable(_, service) return list(service.argv) end

function SERVICE.env(_, service)
  if #service.own_env == 0 then return nil end
  local parts = {}
  for i, text in ipairs(service.own_env) do
    local name, value = text:match "^([^=]+)=(.*)$"
    parts[i] = ("%s = %s"):format(name, quoted(value))
  end
  return "{ " .. table.concat(parts, ", ") .. " }"
end

function SERVICE.open_files(_, service)
  local parts = {}
  for i, file in ipairs(service.open_files) do parts[i] = ("%s = %s"):format(file.name, quoted(file.path)) end
  return #parts > 0 and "{ " .. table.concat(parts, ", ") .. " }" or nil
end

function SERVICE.user(_, service)
  local name = service.shown.user or "#" .. service.settings.user
  return name ~= "#-1" and quoted(name) or nil
end

function SERVICE.group(_, service)
  local name = service.shown.group or "#" .. service.settings.group
  return name ~= "#-1" and quoted(name) or nil
end

function SERVICE.privileged_group(_, service)
  return service.settings.privileged_group ~= "-1" and quoted("#" .. service.settings.privileged_group) or nil
end

function SERVICE.extra_groups(_, service)
  return service.shown.extra_groups and list(split(service.shown.extra_groups)) or nil
end

function SERVICE.drop_priv_before_exec(_, service) -- true is the default, and is refused beside chroot
  return service.settings.drop_priv_before_exec == "0" and "false" or nil
end

function SERVICE.policy() return nil end

local function service_text(self, row, service)
  local special = SERVICE[row.name]
  if special then return special(self, service) end
  local value = service.settings[row.name]
  if value == nil or value == "" then return nil end
  return written(self.spec, row, value)
end

local function under(base, path)
  return path:sub(1, #base + 1) == base .. "/" and path:sub(#base + 2) or path
end

local LISTENERS = {}

function LISTENERS.inet(_, l)
  local flags = ""
  for _, flag in ipairs { "ssl", "haproxy", "reuse_port" } do
    if l[flag] then flags = flags .. (", %s = true"):format(flag) end
  end
  return ("inet_listener %s { address = %s, port = %d%s }"):format(quoted(l.name), quoted(l.address), l.port, flags)
end

local function path_listener(self, l)
  local ids = ""
  if l.uid ~= -1 then ids = ids .. (", user = \"#%d\""):format(l.uid) end
  if l.gid ~= -1 then ids = ids .. (", group = \"#%d\""):format(l.gid) end
  local path = under(self.plan.globals.base_dir, l.path)
  local moved = path ~= l.name and (", path = %s"):format(quoted(path)) or ""
  return ("%s_listener %s { mode = \"%04o\"%s%s }"):format(l.kind, quoted(l.name), l.mode, ids, moved)
end

LISTENERS.unix, LISTENERS.fifo = path_listener, path_listener

function Printer:service(service)
  self:frame(0, ("service %s {"):format(quoted(service.name)))
  for _, row in ipairs(self.schema.order.service) do
    local text = not self:is_hidden(row.name, service.origin) and service_text(self, row, service)
    if text then self:put(1, ("%s = %s,"):format(row.name, text), service.origin[row.name]) end
  end
  for _, listener in ipairs(service.listeners) do
    self:put(1, LISTENERS[listener.kind](self, listener) .. ",", service.at)
  end
  self:policy(service.policy, service.origin.policy)
  self:frame(0, "}")
end

--- The plan as a config. options: origin (each line says where it was written), changed (only what
-- was written). Policies that are functions or hooks become comments that name their place.
---@return string
function M.lua(plan, spec, options)
  local self = setmetatable({ plan = plan, spec = spec, schema = schema.new(spec), options = options or {},
    lines = {} }, Printer)
  self:globals()
  for _, service in ipairs(plan.services) do
    self:frame(0, "")
    self:service(service)
  end
  return table.concat(self.lines, "\n") .. "\n"
end

--- ---- JSON

local function json_value(row, canonical)
  if row.type == "flag" then return canonical == "1" end
  if row.type == "words" or row.type == "groups" then
    return setmetatable(split((canonical:gsub(",", " "))), { __jsontype = "array" })
  end
  return math.tointeger(tonumber(canonical)) or canonical
end

local TEXTS = { text = true, path = true, choice = true, command = true }

local function json_settings(rows, values, origin, options)
  local out, order = {}, {}
  for _, row in ipairs(rows) do
    local value = values[row.name]
    if value ~= nil and not (options.changed and not origin[row.name]) then
      local shown = TEXTS[row.type] and value or json_value(row, value)
      if options.origin then shown = { value = shown, origin = origin[row.name] or json.null } end
      out[row.name] = shown
      order[#order + 1] = row.name
    end
  end
  return setmetatable(out, { __jsonorder = order, __jsontype = "object" })
end

local function array(items)
  return setmetatable(items, { __jsontype = "array" })
end

local LISTENER_ORDER = { "kind", "name", "address", "port", "ssl", "haproxy", "reuse_port", "path", "mode", "uid",
  "gid" }

local function json_service(self, service, options)
  local listeners = {}
  for i, listener in ipairs(service.listeners) do
    local copy = {}
    for name, value in next, listener do copy[name] = value end
    listeners[i] = setmetatable(copy, { __jsonorder = LISTENER_ORDER })
  end
  return setmetatable({
    name = service.name, argv = array { table.unpack(service.argv) }, env = array { table.unpack(service.env) },
    settings = json_settings(self.order.service, service.settings, service.origin,
      options), listeners = array(listeners),
    policy = service.policy ~= nil and policy_text(self.plan, service.policy) or nil, at = service.at,
  }, { __jsonorder = { "name", "settings", "argv", "env", "listeners", "policy", "at" } })
end

--- The plan as JSON: { settings, control, policy, services = [{ name, settings, argv, env, listeners, policy,
-- at }] }. Durations are milliseconds, sizes bytes, users and groups ids, modes and counts numbers;
-- 9223372036854775807 is "never" and "unlimited". With options.origin a setting is { value, origin }.
---@return string
function M.json(plan, spec, options)
  options = options or {}
  local self = { plan = plan, order = schema.new(spec).order }
  local services = {}
  for i, service in ipairs(plan.services) do services[i] = json_service(self, service, options) end
  return json.encode(setmetatable({
    control = plan.control, settings = json_settings(self.order.global, plan.globals, plan.origin, options),
    policy = plan.policy ~= nil and policy_text(plan, plan.policy) or nil,
    services = array(services),
  }, { __jsonorder = { "settings", "control", "policy", "services" } }), { indent = true }) .. "\n"
end

return M
