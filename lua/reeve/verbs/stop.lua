--- reeve stop [--now]: end a running instance. The client returns when the master is gone; here it
-- is told who is still there.

local progress = require "reeve.progress"
local usage = require "reeve.usage"

local NAMED <const> = 8

-- The first services of a list that may have hundreds.
local function first_of(text)
  local list = {}
  for one in text:gmatch "[^,]+" do list[#list + 1] = one:match "^%s*(.*)$" end
  if #list <= NAMED then return text end
  return ("%s and %d other services"):format(table.concat(list, ", ", 1, NAMED), #list - NAMED)
end

return function(ctx, args)
  local given, code = usage.read(ctx, "stop", { ["--now"] = true }, args, 0)
  if not given then return code end
  ctx.order.stop { now = given.now == true }
  ctx.err "stopping\n" -- also tells the client that it was heard
  local show, most = progress.new(ctx), 0
  return ctx.wait("stopping", function(msg)
    local text = ("%d processes still there"):format(msg.alive)
    if msg.text ~= "" then text = "still there: " .. first_of(msg.text) end
    most = math.max(most, msg.alive)
    show(msg.alive > 0 and text or nil, most - msg.alive, most)
    return nil -- the end is the end of the daemon
  end)
end
