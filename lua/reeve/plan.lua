--- plan: a plan of reeve.config as the master is told it, one order an item.

local spec = require "reeve.spec"

local M = {}

local FIRST_SPARE, LAST_SPARE = 61184, 65519 -- uids that systemd leaves to nobody in particular

local NOT_SENT = { policy = true, table = true, command = true, map = true }

--- Whether the master is told of a setting (a row of reeve.spec): not what only Lua reads or what has an order of its
-- own.
function M.is_sent(row) return not NOT_SENT[row.type] end

local function flag(v) return v == true or v == 1 or v == "1" end

local function whole(v, otherwise)
  if v == nil then return otherwise end
  return math.tointeger(tonumber(v)) or error(("the plan has '%s' where a number is wanted"):format(tostring(v)))
end

-- The canonical settings of a scope, in the order of spec.def.
local function each_setting(scope, values, f)
  for _, row in ipairs(spec.settings) do
    local value = values[row.name]
    if row.scope == scope and value ~= nil and M.is_sent(row) then f(row.name, tostring(value)) end
  end
end

local function environment(env)
  if not env or #env > 0 then return env or {} end
  local list = {}
  for name, value in pairs(env) do list[#list + 1] = name .. "=" .. value end
  table.sort(list)
  return list
end

local function send_listener(order, svc, l)
  if l.kind == "inet" then
    return order.inet_listener {
      svc = svc, name = l.name or "", address = l.address, port = whole(l.port), ssl = flag(l.ssl),
      haproxy = flag(l.haproxy), reuse_port = flag(l.reuse_port),
    }
  end
  order.path_listener {
    svc = svc, fifo = l.kind == "fifo", path = l.path, mode = whole(l.mode), uid = whole(l.uid, -1),
    gid = whole(l.gid, -1),
  }
end

local function send_service(order, svc, service)
  order.service { svc = svc, name = service.name }
  each_setting("service", service.settings, function(name, value)
    order.setting { svc = svc, name = name, value = value }
  end)
  for _, word in ipairs(service.argv) do order.argument { svc = svc, value = word } end
  for _, entry in ipairs(environment(service.env)) do order.environment { svc = svc, value = entry } end
  for _, file in ipairs(service.open_files or {}) do
    order.open_file { svc = svc, name = file.name, path = file.path }
  end
  for _, listener in ipairs(service.listeners) do send_listener(order, svc, listener) end
end

--- Sends everything but plan_end. Services are numbered as they stand in the plan.
---@param plan table
---@param order table of reeve.wire
function M.send(plan, order)
  each_setting("global", plan.globals, function(name, value) order.global { name = name, value = value } end)
  local control = plan.control
  if control then order.control_socket { mode = control.mode, uid = control.uid, gid = control.gid } end
  for svc, service in ipairs(plan.services) do send_service(order, svc, service) end
end

--- Who the engine becomes: engine_user, or where that does not exist, a uid that nobody has. Not
-- started by root it stays who it is: -1.
---@param plan table
---@param names table
---@return integer uid
---@return integer gid
function M.engine_ids(plan, names)
  if names.uid() ~= 0 then return -1, -1 end
  local uid = whole(plan.globals.engine_user, -1)
  if uid > 0 then return uid, names.gid_of(uid) or uid end
  for spare = FIRST_SPARE, LAST_SPARE do
    if not names.uid_used(spare) then return spare, spare end
  end
  error("every uid from 61184 to 65519 is used: create a user for engine_user", 0)
end

return M
