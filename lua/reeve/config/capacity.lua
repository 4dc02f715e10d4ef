--- capacity: what the services of a plan can take together, and rules between services. Dovecot's warnings, with
-- what to change.

local contracts = require "reeve.config.contracts"
local suggest = require "reeve.suggest"

local M = {}

local SINGLE = { log = true, config = true, anvil = true }

local function number(service, name)
  return tonumber(service.settings[name]) or 0
end

--- Adds a problem where the service wrote the setting, else where the service stands.
local function problem(plan, service, name, code, message, hint, severity)
  local value = service.written and service.written[name]
  if value then return value.reading:problem("value", { value.key }, code, message, hint, severity) end
  plan.script:problem(service.said_at, "call", nil, code, message, hint, severity)
end

--- More than one log, config or anvil.
local function check_single(plan, services)
  local first = {}
  for _, service in ipairs(services) do
    local kind = service.settings.type
    if SINGLE[kind] and first[kind] then
      problem(plan, service, "type", "second-" .. kind,
        ("service '%s': there is already a service of type %s, '%s'"):format(service.name, kind, first[kind].name),
        "there is at most one of it; remove one")
    elseif SINGLE[kind] then
      first[kind] = service
    end
  end
end

--- What reads others' pipes, or is asked by all, must be there for them.
local function check_kind(plan, service)
  local kind, contract = service.settings.type, service.settings.contract
  if SINGLE[kind] and not contracts.reports(contract) then
    problem(plan, service, "contract", "type-contract",
      ("service '%s': type %s needs contract \"reeve\" or \"dovecot\""):format(service.name, kind),
      ("with \"%s\" it would not get its descriptors"):format(contract))
  end
  if kind ~= "config" then return end
  for _, listener in ipairs(service.listeners) do
    if listener.kind == "unix" then return end
  end
  problem(plan, service, "type", "config-listener",
    ("service '%s' of type config has no unix_listener"):format(service.name),
    "add unix_listener \"config\" { }: its path is the CONFIG_FILE of the others")
end

--- How many processes may ask auth at a time: those of protocols that keep on asking.
local function auth_load(services)
  local sum = 0
  for _, service in ipairs(services) do
    if service.settings.protocol ~= "" and service.name ~= "imap-hibernate"
      and (number(service, "service_count") ~= 1 or service.settings.type == "login") then
      sum = sum + number(service, "process_limit")
    end
  end
  return sum
end

local function anvil_load(services)
  local sum = 2
  for _, service in ipairs(services) do
    if service.settings.type == "login" or service.name == "auth" then sum = sum + number(service, "process_limit") end
  end
  return sum
end

local function check_load(plan, service, load, who)
  local limit = number(service, "client_limit")
  if limit >= load then return end
  problem(plan, service, "client_limit", "capacity",
    ("service '%s': client_limit %d is lower than %s under the highest load (%d)"):format(service.name, limit, who,
      load),
    ("raise client_limit to %d, or lower the process_limit of those that ask it"):format(load), "warning")
end

--- The soft limit of open files that processes get: of /proc/self/limits, or nil.
local function open_files(plan)
  local read = plan.opts.read
  local text = read and read "/proc/self/limits"
  return text and tonumber(text:match "Max open files%s+(%d+)")
end

local function check_files(plan, services)
  local most
  for _, service in ipairs(services) do
    local n = contracts.reports(service.settings.contract) and number(service, "client_limit") or 0
    if n > (most and number(most, "client_limit") or 0) then most = service end
  end
  local limit = most and open_files(plan)
  if not limit or limit >= number(most, "client_limit") then return end
  problem(plan, most, "client_limit", "open-files",
    ("the limit of open files (%d) is lower than client_limit %d of service '%s' needs"):format(limit,
    number(most, "client_limit"), most.name),
    ("raise it before the start: ulimit -n %d, or LimitNOFILE=%d"):format(number(most, "client_limit") + 64,
    number(most, "client_limit") + 64), "warning")
end

-- The names in a table of a budget, in order, that no service has.
local function strangers(named, names)
  local list = {}
  for name in pairs(type(named) == "table" and named or {}) do
    if type(name) == "string" and not names[name] then list[#list + 1] = name end
  end
  table.sort(list)
  return list
end

--- Who has a reserve or a weight in a budget, and is no service (or one that is not enabled).
local function check_budgets(plan, policy, names)
  local made = type(policy) == "table" and plan.script.made[policy]
  if made and made.word == "budget" then
    for _, option in ipairs { "reserve", "weight" } do
      for _, name in ipairs(strangers(made.options[option], names)) do
        plan.script:problem(made.at, "call", nil, "budget", ("budget: %s of '%s': there is no such service%s")
          :format(option, name, suggest.hint(name, names)), nil, "warning")
      end
    end
  elseif type(policy) == "table" then
    for i = 1, rawlen(policy) do check_budgets(plan, rawget(policy, i), names) end
  end
end

--- Looks at all services together.
---@param plan table of effective.lua
---@param services table[]
function M.check(plan, services)
  check_single(plan, services)
  for _, service in ipairs(services) do
    check_kind(plan, service)
    if service.name == "auth" then check_load(plan, service, auth_load(services), "what its clients need") end
    if service.settings.type == "anvil" then
      check_load(plan, service, anvil_load(services), "the login and auth processes need")
    end
  end
  check_files(plan, services)
  local names = {}
  for _, service in ipairs(services) do names[service.name] = true end
  check_budgets(plan, plan.result.policy, names)
end

return M
