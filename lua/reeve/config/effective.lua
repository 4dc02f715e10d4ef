--- effective: from what a config says to the plan: every default resolved, every name a number,
-- every path absolute, and the rules between settings.

local capacity = require "reeve.config.capacity"
local control = require "reeve.config.control"
local judge = require "reeve.config.judge"
local logservice = require "reeve.config.logservice"
local networks = require "reeve.config.networks"
local relays = require "reeve.config.relays"
local sequence = require "reeve.config.sequence"
local service = require "reeve.config.service"

local M = {}
local Plan = {}
Plan.__index = Plan

local UNLIMITED = math.maxinteger

--- ---- names

--- A user's ids: uid, gid | nil. "#1000" is itself; its group only where the system knows it.
function Plan:user(name)
  local known = self.users[name]
  if not known then
    local uid, gid = nil, nil
    if self.names.user then uid, gid = self.names.user(name) end
    known = { uid or math.tointeger(tonumber(name:match "^#(%d+)$")), gid }
    self.users[name] = known
  end
  return known[1], known[2]
end

function Plan:group(name)
  local id = math.tointeger(tonumber(name:match "^#(%d+)$"))
  return id or self.names.group and self.names.group(name) or nil
end

local function id_hint(name)
  if name:find "^%d+$" then return ("write \"#%s\" for the id"):format(name) end
  if name:find "^%$" then return ("there are $%s"):format(table.concat(judge.VARIABLES, ", $")) end
  return "make it or name another"
end

--- The id of a user or group setting of a reading: -1 unset, nil wrong (the problem has been added).
function Plan:id(reading, name)
  local value = reading.values[name]
  if value == nil or value and value.canonical == "" then return -1 end
  if not value then return nil end
  local kind = self.schema:row(reading.scope, name).type
  local id = self[kind](self, value.canonical)
  if id then return id end
  reading:problem("value", { value.key }, "unknown-" .. kind,
    ("%s of %s: there is no %s '%s' on this system"):format(value.key,
    reading.what, kind, value.canonical), id_hint(value.canonical))
end

--- ---- settings { }

--- The values of all settings {} together. A key that stands in two of them is an error.
local function read_settings(self)
  local merged = {}
  for _, said in ipairs(self.script.settings) do
    local reading = judge.read(self.script, "global", "settings", said, self.variables)
    for _, name in ipairs(judge.sorted_keys(reading.values)) do
      local value, first = reading.values[name], merged[name]
      if first ~= nil and value then
        local cited = first and judge.origin(first)
        reading:problem("key", { value.key }, "written-twice", ("'%s' is already set%s"):format(value.key,
          cited and (" at %s:%d:%d"):format(cited.file, cited.line, cited.column) or ""), "remove one of them")
      elseif first == nil then
        merged[name] = value
      end
    end
  end
  return merged
end

--- What "$base_dir" and the like stand for: read first, because other settings may use them.
local function read_variables(self)
  local variables = {}
  for _, name in ipairs(judge.VARIABLES) do
    local row = self.schema:row("global", name)
    variables[name] = row and row.default or nil
    for _, said in ipairs(self.script.settings) do
      local written = rawget(said.options, name)
      if type(written) == "string" and not self.schema:is_mutant("global", name) then variables[name] = written end
    end
  end
  if self.opts.base_dir then variables.base_dir = self.opts.base_dir end
  if variables.default_internal_group == "" then
    local _, gid = self:user(variables.default_internal_user)
    variables.default_internal_group = gid and "#" .. gid or nil
  end
  return variables
end

local function check_base_dir(self)
  local base = self.opts.base_dir or self:text("base_dir")
  if base:sub(1, 1) ~= "/" then
    local value = self.values.base_dir
    if value then
      value.reading:problem("value", { value.key }, "path", ("base_dir '%s' is not an absolute path"):format(base),
        "write it from / on")
    end
    base = "/" .. base
  end
  self.base_dir = #base > 1 and base:gsub("/+$", "") or base
end

--- A global text, or its default.
function Plan:text(name)
  local value = self.values[name]
  return value and value.canonical or self.schema:default("global", name)
end

function Plan:number(name)
  return math.tointeger(tonumber(self:text(name))) or 0
end

--- A relative path from base_dir (or from `start`).
function Plan:absolute(path, start)
  if path:sub(1, 1) == "/" then return path end
  return ((start or self.base_dir) .. "/" .. path):gsub("/+", "/")
end

--- The path of a program that stands beside reeve-engine.
function Plan:beside(name)
  local real = self.opts.real
  local engine = real and real "/proc/self/exe"
  local directory = engine and engine:match "^(.*)/[^/]*$"
  return (directory or self.libexec_dir) .. "/" .. name
end

--- Ids of the users and groups that settings name or that are the defaults.
local function global_id(self, row)
  local value = self.values[row.name]
  if value == false then return "-1" end
  local name = value and value.canonical or row.default
  if name == "" then
    local _, gid = self:user(self:text "default_internal_user")
    return tostring(gid or -1)
  end
  local id = self[row.type](self, name)
  if id then return tostring(id) end
  if value and row.name ~= "engine_user" then self:id(value.reading, row.name) end
  return "-1"
end

-- What outlives the daemon must not lie in /run, which a reboot empties.
local function state_dir(self)
  local written = self:text "state_dir"
  if written ~= "" then return self:absolute(written) end
  return self.base_dir == "/run/reeve" and "/var/lib/reeve" or self.base_dir .. "/state"
end

local function resolve_globals(self, plan)
  for _, row in ipairs(self.schema.order.global) do
    if row.type == "user" or row.type == "group" then
      plan.globals[row.name] = global_id(self, row)
      plan.shown[row.name] = self:text(row.name)
    elseif not service.NOT_SENT[row.type] then
      plan.globals[row.name] = self:text(row.name)
    end
    local value = self.values[row.name]
    if value then plan.origin[row.name] = judge.origin(value) end
  end
  plan.globals.base_dir = self.base_dir
  plan.globals.libexec_dir = self.libexec_dir
  plan.globals.state_dir = state_dir(self)
  plan.engine_user = plan.shown.engine_user
  plan.said_control = self.values.control and self.values.control.canonical or nil
  plan.policy = self.values.policy and self.values.policy.canonical or nil
  local vsz = self.values.default_vsz_limit
  local bytes = self:number "default_vsz_limit"
  if vsz and bytes > 0 and bytes < service.LEAST_VSZ then
    vsz.reading:problem("value", { vsz.key }, "too-small", "default_vsz_limit below 1M lets no program start",
      "write \"256M\", or 0 for no limit")
  end
  if bytes == UNLIMITED then plan.globals.default_vsz_limit = "0" end
end

--- ---- services

local function check_service_name(plan, said)
  if said.name:find("^[%w_][%w_.@:+-]*$") and #said.name <= 64 then return end
  plan.script:problem(said.at, "name", nil, "name",
    ("service '%s': a name has letters, digits and _ . @ : + -, at most 64"):format(said.name))
end

local function resolve_services(plan, result)
  local seen = {}
  for _, said in ipairs(plan.script.services) do
    local first = seen[said.name]
    if first then
      plan.script:problem(said.at, "call", nil, "duplicate-service",
        ("service '%s' is already defined at %s"):format(said.name,
        plan.script:cite(first.at, "call")))
    else
      seen[said.name] = said
      check_service_name(plan, said)
    end
    if not relays.is_about_relay(plan, said) then
      local resolved = service.resolve(plan, said)
      if resolved and not first then table.insert(result.services, resolved) end
    end
  end
end

--- Listeners that no service took.
local function check_lost(plan)
  for _, record in ipairs(plan.script.all_listeners) do
    if not record.used then
      plan.script:problem(record.at, "call", nil, "lost-listener",
        ("%s '%s' stands in no service"):format(record.word, record.name),
        "write it between the { } of its service")
    end
  end
end

--- Makes the plan of what the script said; mistakes are added to the problems.
---@return table plan { globals, control, services, policy, origin, engine_user, made }
function M.plan(script, opts)
  local self = setmetatable({ script = script, schema = script.schema, opts = opts, names = opts.names or {},
    uid = opts.uid or 0, users = {}, claims = {}, told = {}, about_relays = {}, variables = {}, values = {} }, Plan)
  local result = { globals = {}, services = {}, origin = {}, shown = {}, made = script.made }
  self.result = result
  self.variables = read_variables(self)
  self.values = read_settings(self)
  check_base_dir(self)
  self.variables.base_dir = self.base_dir
  local libexec = self:text "libexec_dir"
  self.libexec_dir = libexec ~= "" and self:absolute(libexec) or self.base_dir
  self.listen, self.protocols = {}, {}
  for word in self:text("listen"):gmatch "%S+" do table.insert(self.listen, word) end
  for word in self:text("protocols"):gmatch "%S+" do self.protocols[word] = true end
  resolve_globals(self, result)
  result.control = control.resolve(self, self.values.control)
  resolve_services(self, result)
  logservice.add(self, result.services)
  relays.add(self, result.services)
  networks.check(self, result.services)
  capacity.check(self, result.services)
  sequence.check(self, result.services)
  check_lost(self)
  return result
end

return M
