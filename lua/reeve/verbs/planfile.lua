--- reeve plan -c FILE: what a reload with that file would change of the running instance, which has said on stdin
-- what is in force. The file is read with the rights of who asks.
-- Exit: 0; 2 the file has errors, or what cannot change while the daemon runs; 66 no file.

local config = require "reeve.config"
local difference = require "reeve.difference"
local here = require "reeve.config.here"
local reloading = require "reeve.reloading"
local usage = require "reeve.usage"

return function(ctx, args)
  local options, words = here.options({ ["--json"] = true }, args)
  if not options or words[1] then
    return usage.wrong(ctx, "plan", options and ("unknown argument '%s'"):format(words[1]) or words)
  end
  local basis = difference.unpack(io.stdin:read "a")
  if not basis then
    usage.say(ctx, "plan", "the running instance is of another version; `reeve plan` compares its own config")
    return 76
  end
  local plan, problems = here.load(ctx, options, basis.started)
  local notes = config.format(problems, "text", not plan and "" or nil)
  local wrong = plan and difference.forbidden(ctx.spec, basis, plan)
  if wrong then notes = ("%s cannot change while the daemon runs; stop it and start it again\n"):format(wrong) end
  local answer = { ok = plan ~= nil and not wrong, generation = basis.generation, text = notes }
  if answer.ok then
    if not ctx.json then ctx.err(notes) end
    answer.text = difference.text(difference.of(ctx.spec, basis, plan))
  end
  local code = reloading.tell(ctx, answer, function(text) return text .. "\n" end)
  return not plan and here.is_missing(problems) and 66 or code
end
