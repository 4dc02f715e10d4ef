--- reeve events, live: everything that happens from now on, for as long as somebody reads.
local eventline = require "reeve.eventline"
local usage = require "reeve.usage"

local KNOWN = { ["--follow"] = true, ["--json"] = true, ["--mark"] = true }

local function wrong(ctx, code, sentence)
  usage.say(ctx, "events", sentence)
  return code
end

return function(ctx, args)
  local options, words = usage.read(ctx, "events", KNOWN, args)
  if not options then return words end
  local filter, sentence = eventline.filter(words[1] and table.concat(words, " "), ctx.guard, ctx.sandbox)
  if not filter then return wrong(ctx, 1, sentence) end
  local from = ctx.unix()
  if options.mark then ctx.out(("%d"):format(from)) end -- the recording is read up to here
  local line = options.json and eventline.json or eventline.text
  return ctx.wait("event", function(ev)
    if ev.at <= from then return end
    local wanted, why = filter(ev)
    if wanted == nil then return wrong(ctx, 1, why) end
    if wanted then ctx.stream(line(ev) .. "\n") end
  end)
end
