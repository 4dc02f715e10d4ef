--- reeve record: copies a stretch out of a recording, of a running or a dead instance.
local here = require "reeve.recorded"
local usage = require "reeve.usage"

local KNOWN = { ["--from"] = "from", ["--since"] = "since", ["--last"] = "since" }

-- Beside FILE first, so that FILE is whole or not there.
local function copy(ctx, rec, path, since)
  local unfinished = path .. ".part"
  local out, why = io.open(unfinished, "wb")
  if not out then return here.fail(ctx, 73, why) end
  local n, first, last = rec:copy(out, since)
  local closed, trouble = out:close()
  if n and closed then closed, trouble = os.rename(unfinished, path) end
  if not n or not closed then
    os.remove(unfinished)
    return here.fail(ctx, n and 73 or 65, n and trouble or first)
  end
  return n, first, last
end

return function(ctx, args)
  local options, words = usage.read(ctx, "record", KNOWN, args, 1)
  if not options then return words end
  if #words == 0 then return usage.wrong(ctx, "record", "name the FILE that gets the copy") end
  local since, why = math.mininteger
  if options.since then
    since, why = here.moment(ctx.spec, options.since)
    if not since then return select(2, here.fail(ctx, 64, why)) end
  end
  local rec, code = here.open(ctx, options.from)
  if not rec then return code end
  local n, first, last = copy(ctx, rec, words[1], since)
  rec:close()
  if not n then return first end
  ctx.out(("%s: %s to %s, %d blocks\n"):format(words[1], here.clock(first), here.clock(last), n))
  return 0
end
