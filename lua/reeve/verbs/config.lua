--- reeve config: prints the effective config, as a config that can be loaded again or as JSON; with --running (then
-- it runs in the engine) that of the running instance.
-- Exit: 0; 2 errors in the config, 64 wrong usage, 66 no file.

local config = require "reeve.config"
local dump = require "reeve.config.dump"
local here = require "reeve.config.here"
local usage = require "reeve.usage"

local OPTIONS = { ["--json"] = true, ["--lua"] = true, ["--origin"] = true, ["--changed"] = true, ["--running"] = true }

-- The plan in force, or that of the file, or nil and an exit code.
local function plan_of(ctx, options)
  if options.running then return ctx.plan end
  local plan, problems = here.load(ctx, options)
  ctx.err(config.format(problems, "text", not plan and "" or nil))
  return plan, not plan and (here.is_missing(problems) and 66 or 2) or nil
end

return function(ctx, args)
  local options, words = here.options(OPTIONS, args)
  if not options then return usage.wrong(ctx, "config", words) end
  if words[1] then return usage.wrong(ctx, "config", ("unknown argument '%s'; write -c FILE"):format(words[1])) end
  if options.json and options.lua then return usage.wrong(ctx, "config", "--json and --lua exclude each other") end
  local plan, code = plan_of(ctx, options)
  if not plan then return code end
  local show = (options.json or ctx.json) and dump.json or dump.lua
  ctx.out(show(plan, ctx.spec, { origin = options.origin, changed = options.changed }))
  return 0
end
