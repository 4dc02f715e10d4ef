--- reeve eval [--json] EXPR...: evaluate Lua in the engine of a running instance.

local read_options = require "reeve.options"

return function(ctx, args)
  local given, chunks = read_options({ ["--json"] = true }, args)
  if not given or #chunks == 0 then
    ctx.err(("reeve: eval: %s; usage: reeve eval [--json] EXPR...\n"):format(given and "nothing to evaluate" or chunks))
    return 64
  end
  ctx.json = ctx.json or given.json
  for _, chunk in ipairs(chunks) do
    local code = ctx.evaluate(chunk)
    if code ~= 0 then return code end
  end
  return 0
end
