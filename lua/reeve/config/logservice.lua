--- logservice: the service of type log that a config gets when it says something about the log, or becomes a daemon,
-- and defines none.

local service = require "reeve.config.service"

local M = {}

local ASKS = { "log_path", "info_log_path", "debug_log_path", "log_timestamp", "log_format", "syslog_facility" }
local LAST_SPARE, FIRST_SPARE = 65519, 61184 -- the policy engine looks for an unused uid from the other end

--- Whose processes it has: reeve-log where that user exists, else a uid that nobody has.
local function user(plan)
  if plan.uid ~= 0 then return nil end
  if plan:user "reeve-log" then return "reeve-log" end
  local used = plan.names.uid_used
  for spare = LAST_SPARE, FIRST_SPARE, -1 do
    if not used or not used(spare) then return "#" .. spare end
  end
end

local function is_wanted(plan, services)
  for _, one in ipairs(services) do
    if one.settings.type == "log" then return nil end
  end
  for _, name in ipairs(ASKS) do
    local value = plan.values[name]
    if value and value.canonical ~= plan.schema:default("global", name) then return value.reading.at, value.key end
  end
  if plan.opts.daemon then return { file = plan.opts.file, line = 1, column = 1 }, "--daemon" end
end

local function free_name(services)
  local taken = {}
  for _, one in ipairs(services) do taken[one.name] = true end
  return taken.log and "reeve-log" or "log"
end

--- Adds it to the services, when it is wanted.
---@param plan table of effective.lua
---@param services table[]
function M.add(plan, services)
  local at, reason = is_wanted(plan, services)
  if not at then return end
  local name, uid = free_name(services), user(plan)
  local made = service.resolve(plan, { name = name, at = at, options = {
    executable = { plan:beside "reeve-log" }, type = "log", user = uid, group = uid, client_limit = 100,
    description = "made because of " .. reason } })
  if not made then return end
  table.insert(made.listeners, { kind = "unix", name = "log-errors", path = plan.base_dir .. "/log-errors",
    mode = 384, uid = -1, gid = -1 })
  table.insert(services, made)
end

return M
