--- reeve ps [SERVICE] [--json]: the processes of a running instance.

local print = require "reeve.print"
local usage = require "reeve.usage"
local view = require "reeve.view"

local SPARE = { "private", "generation", "served", "status", "busy_for", "idle_for" } -- on a narrow terminal

local function is(v) return v ~= nil and v ~= print.null end

-- As people read it: sizes with a unit, cpu in percent of one processor.
local function shown(list)
  local rows = {}
  for i, r in ipairs(list) do
    local row = {}
    for _, field in ipairs(view.PROCESS) do row[field] = rawget(r, field) end
    if is(row.rss) then row.rss, row.private = print.size(row.rss), print.size(row.private) end
    if is(row.cpu) then row.cpu = ("%.0f%%"):format(row.cpu * 100) end
    rows[i] = row
  end
  return rows
end

return function(ctx, args)
  local given, words = usage.read(ctx, "ps", { ["--json"] = true }, args, 1)
  if not given then return words end
  if words[1] and not view.definition(ctx, words[1]) then
    return usage.say(ctx, "ps", view.unknown(ctx, words[1]))
  end
  local list = {}
  for _, name in ipairs(words[1] and words or view.names(ctx)) do
    for _, p in ipairs(view.processes(ctx, name)) do list[#list + 1] = p end
  end
  if ctx.json or given.json then
    ctx.out(print.json(list) .. "\n")
  elseif #list == 0 then
    ctx.out("no processes\n")
  else
    ctx.out(print.listing(view.PROCESS, shown(list), { width = ctx.width, color = ctx.color,
      spare = SPARE }))
  end
  return 0
end
