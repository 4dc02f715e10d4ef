--- service: one service of the plan, with its defaults resolved and the rules between its settings.

local advice = require "reeve.config.advice"
local contracts = require "reeve.config.contracts"
local identity = require "reeve.config.identity"
local judge = require "reeve.config.judge"
local listeners = require "reeve.config.listeners"

local M = {}

M.NOT_SENT = { map = true, policy = true, table = true } -- types that are not settings of the wire
M.LEAST_VSZ = 1 << 20

local UNLIMITED = math.maxinteger

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

local ONE_PROCESS = { log = true, anvil = true } -- they read pipes of which there is one each

function RESOLVE.process_limit(self)
  if ONE_PROCESS[self:text "type"] then return 1 end
  local n = self:number "process_limit"
  return n > 0 and n or self.plan:number "default_process_limit"
end

function RESOLVE.service_count(self)
  local n = self:number "service_count"
  return n ~= UNLIMITED and n or 0
end

function RESOLVE.client_limit(self)
  if contracts.accepts(self) then return 1 end -- each connection has a process of its own
  local n, count = self:number "client_limit", RESOLVE.service_count(self)
  if n == 0 then n = self.plan:number "default_client_limit" end
  return count > 0 and math.min(n, count) or n
end

function RESOLVE.idle_kill(self)
  local n = self:number "idle_kill"
  if n == 0 and ONE_PROCESS[self:text "type"] then return UNLIMITED end -- what it knows would be lost
  return n > 0 and n or self.plan:number "default_idle_kill"
end

function RESOLVE.vsz_limit(self)
  local n
  if self:wrote "vsz_limit" then
    n = self:number "vsz_limit"
  else
    n = contracts.reports(self:text "contract") and self.plan:number "default_vsz_limit" or 0
  end
  return n ~= UNLIMITED and n or 0
end

--- Dovecot's binaries give up their privileges by themselves; nobody else runs as root by accident.
function RESOLVE.drop_priv_before_exec(self)
  if self:wrote "drop_priv_before_exec" then return self:text "drop_priv_before_exec" end
  return self:text "contract" == "dovecot" and "0" or "1"
end

function RESOLVE.ready(self) return contracts.ready(self) end

function RESOLVE.alive(self) return contracts.alive(self) end

function RESOLVE.stop_signal(self)
  return (self:text("stop_signal"):gsub("^SIG", ""))
end

--- Is the program started inside the chroot? Dovecot's enter it by themselves, later.
local function root_of(self)
  return self:text "contract" ~= "dovecot" and RESOLVE.chroot(self) or ""
end

function RESOLVE.working_directory(self)
  local path = self:text "working_directory"
  if path == "" then return "" end
  return self.plan:absolute(path, root_of(self) ~= "" and "" or nil)
end

function RESOLVE.privileged_group(self)
  local value = self.values.privileged_group
  return value and self.plan:id(value.reading, "privileged_group") or -1
end

function RESOLVE.chroot(self)
  local path = self:text "chroot"
  return path ~= "" and self.plan:absolute(path) or ""
end

RESOLVE.extra_groups = identity.extra_groups

local PROBES = {
  missing = { "does not exist", "missing-program" },
  ["not a file"] = { "is not a file", "not-executable" },
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
  local chroot = root_of(self)
  argv[1] = self.plan:absolute(argv[1], chroot ~= "" and "" or self.plan.libexec_dir)
  out.argv = argv
  out.settings.executable = table.concat(argv, " ")
  local probe = self.plan.opts.probe
  local verdict = PROBES[probe and probe(chroot .. argv[1])]
  if verdict then
    self:problem("executable", verdict[2],
      ("executable of %s: '%s' %s"):format(self.what, chroot .. argv[1], verdict[1]),
      chroot ~= "" and "it is looked for inside the chroot" or nil)
  end
end

-- How the global ssl is told to processes: those that do STARTTLS must know it, with or without an ssl listener.
local SSL = { ["false"] = "no", ["true"] = "yes", required = "required" }

local function reads_proxy(out)
  for _, listener in ipairs(out.listeners) do
    if listener.haproxy then return true end
  end
end

--- Files that the master opens: { name, path } in the order of their names.
local function resolve_files(self, out)
  local value = self.values.open_files
  out.open_files = {}
  for _, text in ipairs(value and value.list or {}) do
    local name, path = text:match "^([^=]+)=(.*)$"
    path = self.plan:absolute(path)
    table.insert(out.open_files, { name = name, path = path })
    if not self.said.listeners and self.plan.opts.probe and self.plan.opts.probe(path) == "missing" then
      value.reading:problem("value", { value.key, name }, "missing-file",
        ("open_files of %s: '%s' does not exist"):format(self.what, path))
    end
  end
  if value and self:text "contract" ~= "reeve" then
    self:problem("open_files", "no-effect", ("open_files of %s has no effect with contract \"%s\""):format(self.what,
      self:text "contract"), "it is for contract \"reeve\"", "warning")
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
  local contract = self:text "contract" -- Dovecot's programs have it in their own configuration
  if contract == "reeve" then put("SSL", "SSL=" .. SSL[self.plan:text "ssl"]) end
  if contract == "reeve" and reads_proxy(out) then
    put("HAPROXY_TRUSTED_NETWORKS", "HAPROXY_TRUSTED_NETWORKS=" .. self.plan:text "haproxy_trusted_networks")
    put("HAPROXY_TIMEOUT", "HAPROXY_TIMEOUT=" .. self.plan:text "haproxy_timeout")
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
    self:problem("process_min_avail", "min-above-limit",
      ("process_min_avail of %s: %d is above process_limit %d%s"):format(
      self.what, least, most, from), "raise process_limit or lower process_min_avail")
  end
  local vsz = tonumber(out.settings.vsz_limit)
  if self.values.vsz_limit and vsz > 0 and vsz < M.LEAST_VSZ then
    self:problem("vsz_limit", "too-small", ("vsz_limit of %s: below 1M no program can start"):format(self.what),
      "write \"256M\", or 0 for no limit")
  end
  if self.values.privileged_group and out.settings.drop_priv_before_exec == "1" then
    self:problem("privileged_group", "privileged-group",
      ("privileged_group of %s has no effect: privileges are dropped before the program runs"):format(self.what),
      "write drop_priv_before_exec = false for a program that drops them itself, or use extra_groups", "warning")
  end
  if self:text "type" ~= "startup" and self:number "every" ~= UNLIMITED then
    self:problem("every", "no-effect", ("every of %s has no effect: its type is not startup"):format(self.what),
      "write type = \"startup\"", "warning")
  end
  local drop = self.values.drop_priv_before_exec
  if drop and drop.canonical == "1" and self.values.chroot and out.settings.chroot ~= "" then
    self:problem("drop_priv_before_exec", "drop-with-chroot",
      ("drop_priv_before_exec of %s: true cannot be written together with chroot"):format(self.what),
      "remove one of them")
  end
end

local function is_enabled(self)
  local protocol = self:text "protocol"
  return protocol == "" or self.plan.protocols[protocol] == true
end

--- Reads what a config said about a service; `made`: what Reeve writes where the config does not.
local function read(plan, what, said)
  local reading = said.reading or judge.read(plan.script, "service", what, said, plan.variables)
  if not said.made then return reading end
  local made = judge.read(plan.script, "service", what, { at = said.at, options = said.made }, plan.variables)
  for name, value in next, made.values do
    if reading.values[name] == nil then reading.values[name] = value end
  end
  return reading
end

--- What a config said about a service, resolved: the plan's service, or nil when its protocol is not
-- enabled. Mistakes are added to the problems.
---@param plan table of effective.lua
---@param said table { name, options, at, reading | nil: its options, read before, made | nil: options under them }
function M.resolve(plan, said)
  local what = ("service '%s'"):format(said.name)
  local reading = read(plan, what, said)
  local self = setmetatable({ plan = plan, said = said, what = what, values = reading.values }, Service)
  local place = plan.script:place(said.at, "call")
  local out = { name = said.name, settings = {}, origin = {}, shown = {}, argv = {}, env = {}, said_at = said.at,
    written = reading.values,
    at = { file = place.file, line = place.line, column = place.column } }
  for _, row in ipairs(plan.schema.order.service) do
    local resolve = RESOLVE[row.name]
    if resolve then
      out.settings[row.name] = tostring(resolve(self))
    elseif not M.NOT_SENT[row.type] then
      out.settings[row.name] = self:text(row.name)
    end
    local value = self.values[row.name]
    if value then out.origin[row.name] = judge.origin(value) end
  end
  identity.resolve(self, out)
  resolve_command(self, out)
  check_rules(self, out)
  out.policy = self.values.policy and self.values.policy.canonical or nil
  out.shown.extra_groups = self.values.extra_groups and self.values.extra_groups.canonical or nil
  local enabled = is_enabled(self)
  listeners.resolve(plan, out, reading.listeners, enabled)
  table.move(said.listeners or {}, 1, #(said.listeners or {}), #out.listeners + 1, out.listeners)
  resolve_files(self, out)
  resolve_env(self, out)
  contracts.check(self, out, enabled)
  if enabled then advice.give(plan, said, out, reading) end
  return enabled and out or nil
end

return M
