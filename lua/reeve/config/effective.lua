--- effective: from what a config says to the plan: every default resolved, every name a number,
-- every path absolute, and the rules between settings.

local judge = require "reeve.config.judge"
local listeners = require "reeve.config.listeners"

local M = {}
local Plan = {}
Plan.__index = Plan

local UNLIMITED = math.maxinteger
local LEAST_VSZ = 1 << 20
local NOT_SENT = { map = true, policy = true, table = true } -- types that are not settings of the wire

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

--- The id of a user or group setting of a reading: -1 unset, nil wrong (the problem has been added).
function Plan:id(reading, name)
  local value = reading.values[name]
  if value == nil or value and value.canonical == "" then return -1 end
  if not value then return nil end
  local kind = self.schema:row(reading.scope, name).type
  local id = self[kind](self, value.canonical)
  if id then return id end
  reading:problem("value", { value.key }, "unknown-" .. kind, ("%s of %s: there is no %s '%s' on this system"):format(value.key,
    reading.what, kind, value.canonical), kind == "user" and ("make it (useradd --system %s) or name another"):format(value.canonical) or nil)
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
      if type(written) == "string" then variables[name] = written end
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
      value.reading:problem("value", { value.key }, "path", ("base_dir '%s' is not an absolute path"):format(base), "write it from / on")
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

local function resolve_globals(self, plan)
  for _, row in ipairs(self.schema.order.global) do
    if row.type == "user" or row.type == "group" then
      plan.globals[row.name] = global_id(self, row)
    elseif not NOT_SENT[row.type] then
      plan.globals[row.name] = self:text(row.name)
    end
    local value = self.values[row.name]
    if value then plan.origin[row.name] = judge.origin(value) end
  end
  plan.globals.base_dir = self.base_dir
  plan.globals.libexec_dir = self.libexec_dir
  plan.engine_user = self:text "engine_user"
  plan.policy = self.values.policy and self.values.policy.canonical or nil
  local vsz = self.values.default_vsz_limit
  local bytes = self:number "default_vsz_limit"
  if vsz and bytes > 0 and bytes < LEAST_VSZ then
    vsz.reading:problem("value", { vsz.key }, "too-small", "default_vsz_limit below 1M lets no program start", "write \"256M\", or 0 for no limit")
  end
  if bytes == UNLIMITED then plan.globals.default_vsz_limit = "0" end
end

--- ---- services

local Service = {}
Service.__index = Service

function Service:problem(name, code, message, hint, severity)
  local value = self.values[name]
  if value then return value.reading:problem("value", { value.key }, code, message, hint, severity) end
  self.plan.script:problem(self.said.at, "call", nil, code, message, hint, severity)
end

function Service:text(name)
  local value = self.values[name]
  return value and value.canonical or self.plan.schema:default("service", name)
end

function Service:number(name)
  return math.tointeger(tonumber(self:text(name))) or 0
end

function Service:wrote(name)
  return self.values[name] ~= nil
end

--- Each: setting -> function(service, out) that puts what is not simply text or default.
local RESOLVE = {}

function RESOLVE.process_limit(self)
  local n = self:number "process_limit"
  return n > 0 and n or self.plan:number "default_process_limit"
end

function RESOLVE.service_count(self)
  local n = self:number "service_count"
  return n ~= UNLIMITED and n or 0
end

function RESOLVE.client_limit(self)
  local n, count = self:number "client_limit", RESOLVE.service_count(self)
  if n == 0 then n = self.plan:number "default_client_limit" end
  return count > 0 and math.min(n, count) or n
end

function RESOLVE.idle_kill(self)
  local n = self:number "idle_kill"
  return n > 0 and n or self.plan:number "default_idle_kill"
end

function RESOLVE.vsz_limit(self)
  local n
  if self:wrote "vsz_limit" then
    n = self:number "vsz_limit"
  else
    n = self:text "contract" ~= "plain" and self.plan:number "default_vsz_limit" or 0
  end
  return n ~= UNLIMITED and n or 0
end

function RESOLVE.stop_signal(self)
  return (self:text("stop_signal"):gsub("^SIG", ""))
end

function RESOLVE.chroot(self)
  local path = self:text "chroot"
  return path ~= "" and self.plan:absolute(path) or ""
end

--- Who runs the processes: uid, gid, shown names.
local function resolve_user(self)
  local plan = self.plan
  if plan.uid ~= 0 and not self:wrote "user" then return plan.uid, plan.opts.gid or -1 end
  local fallback = self:text "type" == "login" and "default_login_user" or "default_internal_user"
  local value = self.values.user
  if value == false then return nil end
  local name = value and value.canonical or plan:text(fallback)
  local uid, gid = plan:user(name)
  if not uid then
    if value then
      plan:id(value.reading, "user")
    elseif plan.values[fallback] == nil then
      self:problem("user", "unknown-user", ("%s: there is no user '%s' (%s) on this system"):format(self.what, name, fallback),
        "write user = \"…\"")
    end
    return nil
  end
  return uid, gid, name
end

local function resolve_group(self, primary, user_name)
  if self.values.group == false then return nil end
  if self:wrote "group" then
    local value = self.values.group
    return self.plan:id(value.reading, "group"), value.canonical
  end
  if primary == nil and user_name then
    self:problem("user", "unknown-group", ("%s: user '%s' has no primary group known here"):format(self.what, user_name), "write group = \"…\"")
  end
  return primary
end

function RESOLVE.extra_groups(self)
  local value, ids = self.values.extra_groups, {}
  for _, name in ipairs(value and value.list or {}) do
    local gid = self.plan:group(name)
    if not gid then
      self:problem("extra_groups", "unknown-group", ("extra_groups of %s: there is no group '%s' on this system"):format(self.what, name))
    end
    ids[#ids + 1] = gid and tostring(gid) or nil
  end
  return table.concat(ids, ",")
end

local function resolve_ids(self, out)
  local uid, primary, name = resolve_user(self)
  local gid, group_name = resolve_group(self, primary, name)
  out.settings.user, out.settings.group = tostring(uid or -1), tostring(gid or -1)
  out.shown.user, out.shown.group = name, group_name
  local engine = tonumber(self.plan.result.globals.engine_user) or -1
  if uid and uid > 0 and uid == engine and self.plan.uid == 0 then
    self:problem("user", "engine-user", ("user of %s: no service may run as the engine's user '%s'"):format(self.what,
      self.plan.result.engine_user), "name another user, or another engine_user")
  end
  return uid, gid
end

local function check_not_root(self, uid, gid)
  local plan = self.plan
  if plan.uid == 0 then return end
  local function refuse(name, what)
    self:problem(name, "needs-root", ("%s of %s: %s"):format(name, self.what, what), "start Reeve as root, or leave it out")
  end
  if self.values.user and uid and uid ~= plan.uid then refuse("user", "only root can run a process as another user") end
  if self.values.group and gid and gid ~= (plan.opts.gid or gid) then refuse("group", "only root can change the group of a process") end
  if self.values.chroot and self:text "chroot" ~= "" then refuse("chroot", "only root can enter a chroot") end
  if self.values.extra_groups and self:text "extra_groups" ~= "" then refuse("extra_groups", "only root can set groups") end
end

local PROBES = {
  missing = { "does not exist", "missing-program" },
  ["not executable"] = { "is not executable", "not-executable" },
}

local function resolve_command(self, out)
  local value = self.values.executable
  if value == nil then
    return self.plan.script:problem(self.said.at, "call", nil, "missing", ("%s has no executable"):format(self.what),
      "write executable = \"/path/of/the/program\"")
  end
  if not value then return end
  local argv = { table.unpack(value.list) }
  local chroot = RESOLVE.chroot(self)
  argv[1] = self.plan:absolute(argv[1], chroot ~= "" and "" or self.plan.libexec_dir)
  out.argv = argv
  out.settings.executable = table.concat(argv, " ")
  local probe = self.plan.opts.probe
  local verdict = PROBES[probe and probe(chroot .. argv[1])]
  if verdict then
    self:problem("executable", verdict[2], ("executable of %s: '%s' %s"):format(self.what, chroot .. argv[1], verdict[1]),
      chroot ~= "" and "it is looked for inside the chroot" or nil)
  end
end

--- What processes inherit, then what the service sets: "NAME=value", each name once.
local function resolve_env(self, out)
  local list, at = {}, {}
  local function put(name, text)
    if not at[name] then
      list[#list + 1] = name
      at[name] = #list
    end
    list[at[name]] = text
  end
  local getenv = self.plan.names.getenv
  for word in self.plan:text("import_environment"):gmatch "%S+" do
    local name = word:match "^([^=]+)="
    local inherited = not name and getenv and getenv(word)
    if name then put(name, word) elseif inherited then put(word, word .. "=" .. inherited) end
  end
  out.own_env = self.values.env and self.values.env.list or {}
  for _, text in ipairs(out.own_env) do put(text:match "^([^=]+)=", text) end
  out.env = list
end

local function check_rules(self, out)
  local least, most = self:number "process_min_avail", tonumber(out.settings.process_limit)
  if least > most and self.values.process_min_avail then
    local from = (self:number "process_limit" == 0) and " (default_process_limit)" or ""
    self:problem("process_min_avail", "min-above-limit", ("process_min_avail of %s: %d is above process_limit %d%s"):format(
      self.what, least, most, from), "raise process_limit or lower process_min_avail")
  end
  local vsz = tonumber(out.settings.vsz_limit)
  if self.values.vsz_limit and vsz > 0 and vsz < LEAST_VSZ then
    self:problem("vsz_limit", "too-small", ("vsz_limit of %s: below 1M no program can start"):format(self.what),
      "write \"256M\", or 0 for no limit")
  end
  local drop = self.values.drop_priv_before_exec
  if drop and drop.canonical == "1" and self.values.chroot and out.settings.chroot ~= "" then
    self:problem("drop_priv_before_exec", "drop-with-chroot",
      ("drop_priv_before_exec of %s: true cannot be written together with chroot"):format(self.what), "remove one of them")
  end
end

local function is_enabled(self)
  local protocol = self:text "protocol"
  return protocol == "" or self.plan.protocols[protocol] == true
end

local function resolve_service(plan, said)
  local what = ("service '%s'"):format(said.name)
  local reading = judge.read(plan.script, "service", what, said, plan.variables)
  local self = setmetatable({ plan = plan, said = said, what = what, values = reading.values }, Service)
  local place = plan.script:place(said.at, "call")
  local out = { name = said.name, settings = {}, origin = {}, shown = {}, argv = {}, env = {},
    at = { file = place.file, line = place.line, column = place.column } }
  for _, row in ipairs(plan.schema.order.service) do
    local resolve = RESOLVE[row.name]
    if resolve then
      out.settings[row.name] = tostring(resolve(self))
    elseif not NOT_SENT[row.type] then
      out.settings[row.name] = self:text(row.name)
    end
    local value = self.values[row.name]
    if value then out.origin[row.name] = judge.origin(value) end
  end
  check_not_root(self, resolve_ids(self, out))
  resolve_command(self, out)
  resolve_env(self, out)
  check_rules(self, out)
  out.policy = self.values.policy and self.values.policy.canonical or nil
  out.shown.extra_groups = self.values.extra_groups and self.values.extra_groups.canonical or nil
  local enabled = is_enabled(self)
  listeners.resolve(plan, out, reading.listeners, enabled)
  return enabled and out or nil
end

local function check_service_name(plan, said)
  if said.name:find("^[%w_][%w_.@:+-]*$") and #said.name <= 64 then return end
  plan.script:problem(said.at, "name", nil, "name", ("service '%s': a name has letters, digits and _ . @ : + -, at most 64"):format(said.name))
end

local function resolve_services(plan, result)
  local seen = {}
  for _, said in ipairs(plan.script.services) do
    local first = seen[said.name]
    if first then
      plan.script:problem(said.at, "call", nil, "duplicate-service", ("service '%s' is already defined at %s"):format(said.name,
        plan.script:cite(first.at, "call")))
    else
      seen[said.name] = said
      check_service_name(plan, said)
    end
    local service = resolve_service(plan, said)
    if service and not first then table.insert(result.services, service) end
  end
end

--- Listeners that no service took.
local function check_lost(plan)
  for _, record in ipairs(plan.script.all_listeners) do
    if not record.used then
      plan.script:problem(record.at, "call", nil, "lost-listener", ("%s '%s' stands in no service"):format(record.word, record.name),
        "write it between the { } of its service")
    end
  end
end

--- Makes the plan of what the script said; mistakes are added to the problems.
---@return table plan { globals, services, policy, origin, engine_user, made }
function M.plan(script, opts)
  local self = setmetatable({ script = script, schema = script.schema, opts = opts, names = opts.names or {},
    uid = opts.uid or 0, users = {}, claims = {}, variables = {}, values = {} }, Plan)
  local result = { globals = {}, services = {}, origin = {}, made = script.made }
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
  resolve_services(self, result)
  check_lost(self)
  return result
end

return M
