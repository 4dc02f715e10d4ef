--- reeve upgrade: the programs on disk take the place of those that run. When all goes well this engine leaves before
-- there is an answer: the command asks the next one, with the same id, which tells how it went.

local print = require "reeve.print"
local progress = require "reeve.progress"
local usage = require "reeve.usage"

local RESULT <const> = { "ok", "from", "to", "processes", "text" }
local PARTING <const> = "reeved becomes the program on disk; `reeve status` shows its version\n"

local function tell(ctx, msg)
  if ctx.json then
    ctx.out(print.json(print.record(RESULT, { ok = msg.ok, from = msg.from, to = msg.to, processes = msg.processes,
      text = msg.text })) .. "\n")
  elseif msg.ok then
    ctx.out(("reeve %s goes on from %s with %d processes\n"):format(msg.to, msg.from, msg.processes))
  else
    ctx.err(("reeve: upgrade: %s; reeve %s goes on\n"):format(msg.text, msg.to))
  end
  return msg.ok and 0 or 2
end

return function(ctx, args)
  local given, code = usage.read(ctx, "upgrade", { ["--json"] = true, ["--id"] = "id" }, args, 0)
  if not given then return code end
  ctx.json = ctx.json or given.json
  local ticket, show = ctx.ticket(), progress.new(ctx)
  if (ctx.progress or 0) > 0 then show("the programs on disk are tried and take over", 0, 1) end
  if not given.id then ctx.applied(PARTING) end -- nobody could ask again how it went
  ctx.order.upgrade { ticket = ticket, id = given.id or "" }
  return ctx.wait(ticket, function(msg)
    show()
    return tell(ctx, msg)
  end)
end
