--- reeve eval [--json] EXPR...: evaluate Lua in the engine of a running instance.

local usage = require "reeve.usage"

return function(ctx, args)
  local given, chunks = usage.read(ctx, "eval", { ["--json"] = true }, args)
  if not given then return chunks end
  if #chunks == 0 then return usage.wrong(ctx, "eval", "nothing to evaluate") end
  ctx.json = ctx.json or given.json
  local function from(i)
    if not chunks[i] then return 0 end
    return ctx.evaluate(chunks[i], function() return from(i + 1) end)
  end
  return from(1)
end
