--- reeve reopen-logs: the log process opens its files again, for logrotate.

local read_options = require "reeve.options"

local function log_service(host)
  for name, service in pairs(host.services) do
    if service.type == "log" then return name end
  end
end

return function(ctx, args)
  local given, words = read_options({}, args)
  if not given or #words > 0 then
    local wrong = given and ("unknown argument '%s'"):format(words[1]) or words
    ctx.err(("reeve: reopen-logs: %s; usage: reeve reopen-logs\n"):format(wrong))
    return 64
  end
  if not log_service(ctx.host) then
    ctx.err "reeve: reopen-logs: there is no log process: the log goes to the daemon's stderr; set log_path\n"
    return 69
  end
  ctx.order.reopen_logs { ticket = ctx.ticket() }
  return 0
end
