--- reeve reload: read the config again. Prints what was changed, or every error.

local print = require "reeve.print"
local read_options = require "reeve.options"

local RESULT = { "ok", "generation", "text" }

local function told(ctx, msg)
  local text = (msg.text or ""):gsub("\n*$", "")
  if ctx.json then
    ctx.out(print.json(print.record(RESULT, { ok = msg.ok, generation = msg.generation, text = text })) .. "\n")
  elseif msg.ok then
    ctx.out((text ~= "" and text .. "\n" or "") .. ("generation %d is in force\n"):format(msg.generation))
  else
    ctx.err(text .. "\n")
  end
  return msg.ok and 0 or 2
end

return function(ctx, args)
  local given, words = read_options({ ["--json"] = true }, args)
  if not given or #words > 0 then
    local wrong = given and ("unknown argument '%s'"):format(words[1]) or words
    ctx.err(("reeve: reload: %s; usage: reeve reload [--json]\n"):format(wrong))
    return 64
  end
  ctx.json = ctx.json or given.json
  local ticket = ctx.ticket()
  ctx.order.reload { ticket = ticket, dry = false }
  return ctx.wait(ticket, function(msg) return told(ctx, msg) end)
end
