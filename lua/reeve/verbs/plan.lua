--- reeve plan: what a reload would change, without doing it. Prints a line a service, or every error.

local print = require "reeve.print"
local read_options = require "reeve.options"

local RESULT = { "ok", "generation", "text" }

local function told(ctx, msg)
  local text = (msg.text or ""):gsub("\n*$", "")
  if ctx.json then
    ctx.out(print.json(print.record(RESULT, { ok = msg.ok, generation = msg.generation, text = text })) .. "\n")
  elseif msg.ok then
    ctx.out(text .. "\n")
  else
    ctx.err(text .. "\n")
  end
  return msg.ok and 0 or 2
end

return function(ctx, args)
  local given, words = read_options({ ["--json"] = true }, args)
  if not given or #words > 0 then
    local wrong = given and ("unknown argument '%s'"):format(words[1]) or words
    ctx.err(("reeve: plan: %s; usage: reeve plan [--json]\n"):format(wrong))
    return 64
  end
  ctx.json = ctx.json or given.json
  local ticket = ctx.ticket()
  ctx.order.reload { ticket = ticket, dry = true }
  return ctx.wait(ticket, function(msg) return told(ctx, msg) end)
end
