--- reeve security [SERVICE] [--json]: what each service may still do, scored from 0 (tight) to 10.

local exposure = require "reeve.exposure"
local print = require "reeve.print"
local usage = require "reeve.usage"
local view = require "reeve.view"

local SERVICE = { "service", "exposure", "verdict", "findings" }
local COLUMNS = { "service", "exposure", "verdict", "first of all" }

local function record(ctx, name)
  local found, score = exposure.of(view.definition(ctx, name), ctx.plan.services, ctx.spec)
  local findings = {}
  for i, f in ipairs(found) do findings[i] = print.record(exposure.FINDING, f) end
  return print.record(SERVICE, { service = name, exposure = score, verdict = exposure.verdict(score),
    findings = findings })
end

local function overview(ctx, list)
  local rows = {}
  for i, r in ipairs(list) do
    local worst = r.findings[1]
    rows[i] = { r.service, r.exposure, r.verdict, worst and worst.exposed and worst.text or "-" }
  end
  ctx.out(print.table(COLUMNS, rows, { width = ctx.width, color = ctx.color,
    row_style = function(i) return list[i].verdict == "exposed" and "31" or nil end }))
end

local function in_full(ctx, r)
  ctx.out(print.style(("%s: %.1f of 10, %s"):format(r.service, r.exposure, r.verdict), "1", ctx.color) .. "\n")
  for _, f in ipairs(r.findings) do
    local line = ("  %s %.1f  %s"):format(f.exposed and "-" or "+", f.weight, print.plain(f.text))
    ctx.out(print.style(line, f.exposed and "31" or "0", ctx.color) .. "\n")
    if f.exposed and f.hint ~= print.null then ctx.out(("          %s\n"):format(f.hint)) end
  end
end

return function(ctx, args)
  local given, words = usage.read(ctx, "security", { ["--json"] = true }, args, 1)
  if not given then return words end
  if words[1] and not view.definition(ctx, words[1]) then
    return usage.say(ctx, "security", view.unknown(ctx, words[1]))
  end
  local list = {}
  for i, name in ipairs(words[1] and words or view.names(ctx)) do list[i] = record(ctx, name) end
  if ctx.json or given.json then
    ctx.out(print.json(list) .. "\n")
  elseif words[1] then
    in_full(ctx, list[1])
  else
    overview(ctx, list)
  end
  return 0
end
