--- reeve eval [--json] EXPR...: evaluate Lua in the engine of a running instance.

local read_options = require "reeve.options"

return function(ctx, args)
  local given, chunks = read_options({ ["--json"] = true }, args)
  if not given or #chunks == 0 then
    ctx.err(("reeve: eval: %s; usage: reeve eval [--json] EXPR...\n"):format(given and "nothing to evaluate" or chunks))
    return 64
  end
  ctx.json = ctx.json or given.json
  local function from(i)
    if not chunks[i] then return 0 end
    return ctx.evaluate(chunks[i], function() return from(i + 1) end)
  end
  return from(1)
end
