--- reeve reopen-logs: the log process opens its files again, for logrotate.

local usage = require "reeve.usage"

local function log_service(host)
  for name, service in pairs(host.services) do
    if service.type == "log" then return name end
  end
end

return function(ctx, args)
  local given, code = usage.read(ctx, "reopen-logs", {}, args, 0)
  if not given then return code end
  if not log_service(ctx.host) then
    ctx.err "reeve: reopen-logs: there is no log process: the log goes to the daemon's stderr; set log_path\n"
    return 69
  end
  ctx.order.reopen_logs { ticket = ctx.ticket() }
  return 0
end
