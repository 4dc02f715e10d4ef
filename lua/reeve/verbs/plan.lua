--- reeve plan: what a reload would change, without doing it. Prints a line a service, or every error.
-- With -c FILE the command asks for --basis, what is in force, and compares by itself (reeve.verbs.planfile): root
-- reads no file that a client names.

local difference = require "reeve.difference"
local read_options = require "reeve.options"
local reloading = require "reeve.reloading"
local view = require "reeve.view"

local plan = reloading.verb("plan", true, function(text) return text .. "\n" end)

return function(ctx, args)
  local given, words = read_options({ ["--basis"] = true, ["--json"] = true }, args)
  if not given or not given.basis or words[1] then return plan(ctx, args) end
  local function stopped(name) return view.fact(ctx.host.services[name], "stopped") end
  ctx.out(difference.pack(ctx.plan, ctx.started, stopped, ctx.about().generation))
  return 0
end
