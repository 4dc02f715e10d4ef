--- reloading: what `reeve reload` and `reeve plan` share: ask the master, wait for its answer, say it.

local print = require "reeve.print"
local progress = require "reeve.progress"
local usage = require "reeve.usage"

local M = {}

M.RESULT = { "ok", "generation", "changes", "text" }
M.CHANGE = { "change", "service", "because", "stopped" }

-- The lines of the master as records: "renew  web (env, user), stopped".
local function changes_of(text)
  local list = {}
  for change, name, rest in text:gmatch "(%l+) +([^%s,(]+)([^\n]*)" do
    local because = {}
    for what in (rest:match "%((.*)%)" or ""):gmatch "[^,]+" do because[#because + 1] = what:match "^ *(.*)$" end
    list[#list + 1] = print.record(M.CHANGE, { change = change, service = name,
      because = setmetatable(because, { __jsontype = "array" }), stopped = rest:find ", stopped$" ~= nil })
  end
  return setmetatable(list, { __jsontype = "array" })
end

--- Says how it went: msg = { ok, generation, text } -> exit code
function M.tell(ctx, msg, good)
  local text = (msg.text or ""):gsub("\n*$", "")
  if ctx.json then
    local changes = changes_of(msg.ok and text or "")
    ctx.out(print.json(print.record(M.RESULT, { ok = msg.ok, generation = msg.generation, changes = changes,
      text = text })) .. "\n")
  elseif msg.ok then
    ctx.out(good(text, msg))
  else
    ctx.err(text .. "\n")
  end
  return msg.ok and 0 or 2
end

--- The verb: name for its errors, dry: change nothing; good(text, msg) makes what is said of a good answer from
-- the lines of what is changed.
---@param name string
---@param dry boolean
---@param good fun(text: string, msg: table): string
function M.verb(name, dry, good)
  return function(ctx, args)
    local given, code = usage.read(ctx, name, { ["--json"] = true }, args, 0)
    if not given then return code end
    ctx.json = ctx.json or given.json
    local ticket, show = ctx.ticket(), progress.new(ctx)
    if (ctx.progress or 0) > 0 then show("the new config is read and checked", 0, 1) end
    ctx.order.reload { ticket = ticket, dry = dry }
    return ctx.wait(ticket, function(msg)
      show()
      return M.tell(ctx, msg, good)
    end)
  end
end

return M
