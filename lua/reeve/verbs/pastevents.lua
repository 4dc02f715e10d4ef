--- reeve events --since T: what is in the recording, up to now (or to $REEVE_UNTIL, from where the engine goes on).
local eventline = require "reeve.eventline"
local here = require "reeve.recorded"
local past = require "reeve.past"
local usage = require "reeve.usage"

local KNOWN = { ["--follow"] = true, ["--json"] = true, ["--since"] = "since" }

return function(ctx, args)
  local options, words = usage.read(ctx, "events", KNOWN, args)
  if not options then return words end
  local since, why = here.moment(ctx.spec, options.since)
  if not since then return select(2, here.fail(ctx, 64, why)) end
  local filter, sentence = eventline.filter(words[1] and table.concat(words, " "), ctx.here.guard,
    require "reeve.sandbox")
  if not filter then return select(2, here.fail(ctx, 1, sentence)) end
  local rec, code = here.open(ctx)
  if not rec then return code end
  local line, failure = options.json and eventline.json or eventline.text, nil
  local good, broken = past.events(rec, { since = since, til = math.tointeger(tonumber(os.getenv "REEVE_UNTIL")) },
    function(ev)
      local wanted, trouble = filter(ev)
      if wanted then ctx.out(line(ev) .. "\n") end
      failure = wanted == nil and trouble or nil
      return failure == nil
    end)
  rec:close()
  if failure then return select(2, here.fail(ctx, 1, failure)) end
  if not good then return select(2, here.fail(ctx, 65, broken)) end
  return 0
end
