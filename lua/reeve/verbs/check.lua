--- reeve check: evaluates and validates a config; needs no root and changes nothing.
-- Exit: 0 good (warnings are printed), 2 errors, 64 wrong usage, 66 no file.

local config = require "reeve.config"
local doveconf = require "reeve.compat.doveconf"
local here = require "reeve.config.here"
local usage = require "reeve.usage"

local OPTIONS = { ["--format"] = "format", ["--json"] = true }
local FORMATS = { text = true, json = true, line = true }

return function(ctx, args)
  local options, words = here.options(OPTIONS, args)
  if not options then return usage.wrong(ctx, "check", words) end
  if words[1] then return usage.wrong(ctx, "check", ("unknown argument '%s'; write -c FILE"):format(words[1])) end
  local format = options.json and "json" or options.format or "text"
  if not FORMATS[format] then
    return usage.wrong(ctx, "check", ("--format %s: write text, json or line"):format(format))
  end
  local plan, problems = here.load(ctx, options)
  if plan and ctx.here.uid == 0 then -- others may not read what dovecot.conf includes
    problems[#problems + 1] = doveconf.complaint(plan, "warning")
  end
  if format == "json" then
    ctx.out(config.format(problems, "json"))
  else
    ctx.err(config.format(problems, format, #problems > 0 and format == "text" and "" or nil))
  end
  if not plan then return here.is_missing(problems) and 66 or 2 end
  if format == "text" then
    local n = #plan.services
    ctx.out(("%s is good: %d service%s\n"):format(options.file, n, n == 1 and "" or "s"))
  end
  return 0
end
