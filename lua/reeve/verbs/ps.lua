--- reeve ps [SERVICE] [--json]: the processes of a running instance.

local print = require "reeve.print"
local read_options = require "reeve.options"
local view = require "reeve.view"

local function wrong(ctx, sentence)
  ctx.err(("reeve: ps: %s\n"):format(sentence))
  return 64
end

return function(ctx, args)
  local given, words = read_options({ ["--json"] = true }, args)
  if not given then return wrong(ctx, words .. "; usage: reeve ps [SERVICE] [--json]") end
  if #words > 1 then return wrong(ctx, "one service at most; usage: reeve ps [SERVICE] [--json]") end
  if words[1] and not view.definition(ctx, words[1]) then return wrong(ctx, view.unknown(ctx, words[1])) end
  local list = {}
  for _, name in ipairs(words[1] and words or view.names(ctx)) do
    for _, p in ipairs(view.processes(ctx, name)) do list[#list + 1] = p end
  end
  if ctx.json or given.json then
    ctx.out(print.json(list) .. "\n")
  elseif #list == 0 then
    ctx.out("no processes\n")
  else
    ctx.out(print.listing(view.PROCESS, list, { width = ctx.width, color = ctx.color }))
  end
  return 0
end
